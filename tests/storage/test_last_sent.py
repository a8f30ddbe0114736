"""Looking back into a chat: what was shown last, and how it stands, without a lock."""

from datetime import UTC, datetime, timedelta

from storage import chats, messages
from storage.database import Database

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


async def test_what_was_sent_last_comes_first_and_what_waits_is_left_out(database: Database) -> None:
    async with database.begin() as transaction:
        chats.save_chat(transaction, chats.Chat(channel="web", chat="an"), now=NOW)
        for text, later in (("one", 0), ("two", 0), ("tomorrow", 24)):
            messages.post_notice(
                transaction,
                channel="web",
                chat="an",
                message={"text": text},
                at=NOW,
                not_before=NOW + timedelta(hours=later),
            )
    for _ in range(2):
        async with database.begin() as transaction:
            (notice,) = await messages.claim_notices(transaction, now=NOW, limit=10)
            messages.notice_sent(transaction, notice.id, at=NOW, message_id=f"m{notice.id}")
    async with database.read() as transaction:
        found = await messages.last_sent(transaction, [("web", "an"), ("web", "binh")], limit=3)
        assert {key: [notice.message["text"] for notice in shown] for key, shown in found.items()} == {
            ("web", "an"): ["two", "one"]
        }
        found = await messages.last_sent(transaction, [("web", "an")], limit=1)
        assert [notice.message["text"] for notice in found["web", "an"]] == ["two"]


async def test_looking_back_leaves_the_writes_of_the_transaction_in_the_buffer(database: Database) -> None:
    async with database.begin() as transaction:
        chats.save_chat(transaction, chats.Chat(channel="web", chat="an"), now=NOW)
        await transaction.flush()
        messages.post_notice(transaction, channel="web", chat="an", message={"text": "now"}, at=NOW)
        assert await messages.last_sent(transaction, [("web", "an")], limit=3) == {}


async def test_a_peek_finds_step_and_draft_of_known_chats(database: Database) -> None:
    async with database.begin() as transaction:
        chat = chats.Chat(channel="web", chat="an", step="draft", draft={"text": "Rác"})
        chats.save_chat(transaction, chat, now=NOW)
    async with database.read() as transaction:
        found = await chats.peek_chats(transaction, [("web", "an"), ("web", "binh")])
        assert {key: (chat.step, chat.draft) for key, chat in found.items()} == {
            ("web", "an"): ("draft", {"text": "Rác"})
        }
        assert await chats.peek_chats(transaction, []) == {}
