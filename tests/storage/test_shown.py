"""What a chat was shown earlier: the last messages about a case, and the one that a channel's id names."""

from datetime import UTC, datetime

from storage import messages, shown
from storage.database import Database

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def send(database: Database, text: str, *, chat: str = "an", case_id: int | None = None) -> None:
    """Post a message and record that it went out; the channel knows it by its text."""
    async with database.begin() as transaction:
        messages.post_notice(
            transaction, channel="web", chat=chat, message={"text": text}, at=NOW, case_id=case_id
        )
        (notice,) = await messages.claim_notices(transaction, now=NOW, limit=1)
        messages.notice_sent(transaction, notice.id, at=NOW, message_id=f"id of {text}")


async def test_the_last_messages_about_a_case_come_latest_first(database: Database) -> None:
    for text, case_id in (("first", 7), ("of another", 8), ("second", 7), ("of none", None), ("third", 7)):
        await send(database, text, case_id=case_id)
    await send(database, "elsewhere", chat="binh", case_id=7)
    async with database.read() as transaction:
        found = await shown.last_about(transaction, channel="web", chat="an", case_id=7, limit=2)
    assert [message["text"] for message in found] == ["third", "second"]


async def test_what_is_not_sent_yet_was_not_shown(database: Database) -> None:
    async with database.begin() as transaction:
        messages.post_notice(
            transaction, channel="web", chat="an", message={"text": "waits"}, at=NOW, case_id=7
        )
    async with database.read() as transaction:
        assert await shown.last_about(transaction, channel="web", chat="an", case_id=7, limit=3) == []


async def test_a_message_is_found_by_the_channel_s_id_in_its_own_chat_only(database: Database) -> None:
    await send(database, "hello")
    async with database.read() as transaction:
        found = await shown.sent_as(transaction, channel="web", chat="an", message_id="id of hello")
        strange = await shown.sent_as(transaction, channel="web", chat="binh", message_id="id of hello")
    assert found is not None
    assert found["text"] == "hello"
    assert strange is None
