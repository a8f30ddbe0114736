"""What waits for its person to write: in no line, and first when they do."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from storage import chats, holding, messages
from storage.database import Database
from storage.messages import Notice
from storage.tables import outbox

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


async def post(database: Database, *told: str, case_id: int | None = None) -> None:
    async with database.begin() as transaction:
        for text in told:
            row: dict[str, Any] = {"channel": "vendor", "chat": "an", "message": {"text": text}, "at": NOON}
            messages.post_notice(transaction, case_id=case_id, **row)


async def claim(database: Database) -> list[Notice]:
    async with database.begin() as transaction:
        return await messages.claim_notices(transaction, now=NOON, limit=10)


async def hold_next(database: Database, why: str = "closed") -> Notice:
    [notice] = await claim(database)
    async with database.begin() as transaction:
        holding.hold(transaction, notice.id, at=NOON, why=why)
    return notice


async def test_what_is_held_lets_others_pass_and_comes_first_when_released(database: Database) -> None:
    await post(database, "một", case_id=7)
    held = await hold_next(database)
    await post(database, "hai")
    [other] = await claim(database)
    assert other.message == {"text": "hai"}
    async with database.begin() as transaction:
        messages.retry_notice(transaction, other.id, again_at=NOON, why=None)
        [waiting] = (await holding.held_for(transaction, [("vendor", "an")]))["vendor", "an"]
        assert (waiting.id, waiting.error) == (held.id, "closed")
        assert await holding.not_reached(transaction, [7, 8]) == {7}
        holding.release(transaction, held.id, message={"text": "một!"}, case_id=7, at=NOON)
    [first] = await claim(database)
    assert (first.message, first.price) == ({"text": "một!"}, holding.HELD)


async def test_what_was_joined_to_another_is_over(database: Database) -> None:
    await post(database, "một", case_id=7)
    held = await hold_next(database)
    async with database.begin() as transaction:
        holding.fold(transaction, held.id, message={"text": "một"}, at=NOON)
        assert await holding.held_for(transaction, [("vendor", "an")]) == {}
        assert await holding.not_reached(transaction, [7]) == set()
    assert await claim(database) == []


async def test_what_a_try_may_cost_is_noted_and_given_back(database: Database) -> None:
    await post(database, "một")
    [notice] = await claim(database)
    async with database.begin() as transaction:
        holding.reserve(transaction, notice.id, kind="paid", amount=70)
        holding.reserve(transaction, notice.id, kind="paid", amount=70)
        holding.give_back(transaction, notice.id, amount=70)
        [row] = await transaction.fetch(select(outbox.c.price, outbox.c.cost))
        assert dict(row) == {"price": "paid", "cost": 70}


async def test_a_group_freshens_only_a_private_chat_that_is_older(database: Database) -> None:
    later = NOON.replace(hour=9)
    async with database.begin() as transaction:
        for name in ("an", "nhóm"):
            chat = chats.Chat(channel="vendor", chat=name, group=name == "nhóm")
            chats.save_chat(transaction, chat, now=NOON)
        await transaction.flush()
        for user in ("an", "nhóm", "nobody"):
            holding.note_in_group(transaction, channel="vendor", user=user, at=later)
        holding.note_in_group(transaction, channel="vendor", user="an", at=NOON)
        found = await holding.heard(transaction, [("vendor", "an"), ("vendor", "nhóm")])
    assert {key[1]: each.last_inbound_at for key, each in found.items()} == {"an": later, "nhóm": NOON}
