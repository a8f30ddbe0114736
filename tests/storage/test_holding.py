"""What waits for its person to write: in no line, and first when they do."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select

from storage import chats, erasures, holding, messages, people, traffic
from storage.database import Database
from storage.messages import Notice
from storage.tables import outbox

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
DAY = timedelta(days=1)


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
        [waiting] = (await holding.held_for(transaction, [], {("vendor", "an"): 5}))[5]
        assert (waiting.id, waiting.error) == (held.id, "closed")
        assert await holding.not_reached(transaction, [7, 8]) == {7}
        holding.release(
            transaction, held.id, to=("vendor", "an"), message={"text": "một!"}, case_id=7, at=NOON
        )
    [first] = await claim(database)
    assert (first.message, first.price) == ({"text": "một!"}, holding.HELD)


async def test_what_was_joined_to_another_is_over(database: Database) -> None:
    await post(database, "một", case_id=7)
    held = await hold_next(database)
    async with database.begin() as transaction:
        holding.fold(transaction, held.id, message={"text": "một"}, at=NOON)
        assert await holding.held_for(transaction, [], {("vendor", "an"): 5}) == {}
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


async def test_what_is_held_for_a_person_is_found_from_any_of_their_chats(database: Database) -> None:
    await post(database, "một", case_id=7)
    held = await hold_next(database)
    async with database.begin() as transaction:
        person = people.add_person(transaction, channel="vendor", user="an", name="An", now=NOON)
        for name, whose in (("an", person.id), ("binh", None)):
            chat = chats.Chat(channel="vendor", chat=name, person_id=whose)
            chats.save_chat(transaction, chat, now=NOON)
        await transaction.flush()
        found = await holding.held_for(transaction, [person.id, person.id + 1])
        assert [each.id for each in found.pop(person.id)] == [held.id]
        assert not found
        # Put together from two others, this pair of halves names the same row.
        pairs = {("vendor", "binh"): 8, ("web", "an"): 9}
        assert await holding.held_for(transaction, [], pairs) == {}
        where: dict[str, Any] = {"to": ("web", "nhà"), "message": {"text": "một"}, "case_id": 7, "at": NOON}
        holding.release(transaction, held.id, **where)
        holding.release(transaction, held.id, **{**where, "to": ("web", "khác")})
    [moved] = await claim(database)
    assert (moved.channel, moved.chat) == ("web", "nhà"), "released once only"


async def test_what_nobody_needs_any_more_is_no_dead_letter(database: Database) -> None:
    await post(database, "một", "hai", case_id=7)
    held = await hold_next(database)
    async with database.begin() as transaction:
        row: dict[str, Any] = {"channel": "sms", "chat": "+84", "message": {"text": "tin"}, "at": NOON}
        messages.post_notice(transaction, dedupe_key="knock:sms:7:answered:0:", **row)
        holding.drop(transaction, held.id, at=NOON, why="outdated")
        holding.cancel(transaction, "knock:sms:7:answered:0:", at=NOON)
        about = await holding.drop_all(transaction, channel="vendor", chat="an", at=NOON, why="withdrew")
        assert about == {7}
    async with database.read() as transaction:
        state = await messages.queue_state(transaction, now=NOON)
        assert (state.outbox_waiting, state.outbox_dead) == (0, 0)
        assert await traffic.queues(transaction, NOON - DAY, NOON + DAY) == {}


async def test_a_claim_that_has_run_out_keeps_no_short_message_alive(database: Database) -> None:
    async with database.begin() as transaction:
        row: dict[str, Any] = {"channel": "sms", "chat": "+84", "message": {"text": "tin"}, "at": NOON}
        messages.post_notice(transaction, dedupe_key="knock:sms:7:answered:0:", **row)
    assert len(await claim(database)) == 1
    async with database.begin() as transaction:
        holding.cancel(transaction, "knock:sms:7:answered:0:", at=NOON + DAY)
    async with database.begin() as transaction:
        assert not await messages.claim_notices(transaction, now=NOON + DAY, limit=10)


async def test_a_word_in_a_group_makes_reachable_unless_its_writer_withdrew(database: Database) -> None:
    async with database.begin() as transaction:
        for name in ("an", "binh"):
            person = people.add_person(transaction, channel="vendor", user=name, name=name, now=NOON)
            chat = chats.Chat(channel="vendor", chat=name, person_id=person.id)
            chats.save_chat(transaction, chat, now=NOON)
            await transaction.flush()
            chats.mark_unreachable(transaction, "vendor", name, at=NOON)
            if name == "binh":
                erasures.add(transaction, person_id=person.id, channel="vendor", at=NOON)
            holding.note_in_group(transaction, channel="vendor", user=name, at=NOON + DAY)
        found = await holding.heard(transaction, [("vendor", "an"), ("vendor", "binh")])
    reached = {key[1]: each.unreachable_at is None for key, each in found.items()}
    assert reached == {"an": True, "binh": False}
