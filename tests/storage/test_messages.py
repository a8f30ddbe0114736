"""Inbox and outbox: order in each chat, albums, claims that never meet, retries, histories."""

import asyncio
import itertools
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from storage import messages
from storage.database import Database, Transaction
from storage.messages import Notice, Update
from storage.tables import inbox, outbox

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PATIENCE = 10 * SECOND


def update_of(
    chat: str, external_id: str, *, album: str = "", at: datetime = NOON, **more: Any
) -> dict[str, Any]:
    row = {"channel": "telegram", "external_id": external_id, "chat": chat, "body": external_id.encode()}
    return {**row, "album": album, "received_at": at, "available_at": at, **more}


async def receive(database: Database, *rows: dict[str, Any]) -> None:
    async with database.begin() as transaction:
        messages.store(transaction, rows)


async def claim(database: Database, *, at: datetime = NOON, limit: int = 10) -> list[list[Update]]:
    async with database.begin() as transaction:
        return await messages.claim_updates(transaction, now=at, limit=limit, album_patience=PATIENCE)


def bodies(claimed: Iterable[Sequence[Update]]) -> list[list[bytes]]:
    return [[update.body for update in updates] for updates in claimed]


async def finish(database: Database, claimed: list[list[Update]]) -> None:
    async with database.begin() as transaction:
        for update in itertools.chain(*claimed):
            messages.finish_update(transaction, update.id, at=NOON)


async def test_an_update_that_comes_twice_is_stored_once(database: Database) -> None:
    await receive(database, update_of("an", "1"), update_of("an", "1", body=b"again"))
    await receive(database, update_of("an", "1", body=b"once more"))
    assert bodies(await claim(database)) == [[b"1"]]
    async with database.read() as transaction:
        assert (await messages.queue_state(transaction, now=NOON)).inbox_waiting == 1


async def test_each_chat_is_taken_in_order_one_update_at_a_time(database: Database) -> None:
    await receive(database, update_of("an", "1"), update_of("bình", "2"), update_of("an", "3"))
    first = await claim(database)
    assert bodies(first) == [[b"1"], [b"2"]]
    assert await claim(database) == []
    await finish(database, first)
    assert bodies(await claim(database)) == [[b"3"]]


async def test_an_update_that_failed_holds_up_its_chat_and_no_other(database: Database) -> None:
    await receive(database, update_of("an", "1"), update_of("an", "2"))
    [[failed]] = await claim(database)
    async with database.begin() as transaction:
        messages.retry_update(transaction, failed.id, again_at=NOON + 5 * SECOND, why="hỏng")
    await receive(database, update_of("bình", "3"))
    assert bodies(await claim(database, at=NOON + SECOND)) == [[b"3"]]
    [[again]] = await claim(database, at=NOON + 5 * SECOND)
    assert (again.body, again.attempts) == (b"1", 1)


async def test_a_dead_letter_is_kept_and_lets_its_chat_go_on(database: Database) -> None:
    await receive(database, update_of("an", "1"), update_of("an", "2"))
    [[poison]] = await claim(database)
    async with database.begin() as transaction:
        messages.set_update_aside(transaction, poison.id, at=NOON, why="không đọc được")
    assert bodies(await claim(database)) == [[b"2"]]
    async with database.read() as transaction:
        state = await messages.queue_state(transaction, now=NOON)
    assert (state.inbox_dead, state.inbox_waiting) == (1, 1)


async def test_a_claim_that_nobody_kept_runs_out(database: Database) -> None:
    await receive(database, update_of("an", "1"))
    await claim(database)
    assert await claim(database, at=NOON + messages.CLAIM_TIME) == []
    assert bodies(await claim(database, at=NOON + messages.CLAIM_TIME + SECOND)) == [[b"1"]]


async def test_claims_of_a_process_that_is_no_more_are_given_back(sqlite: Database) -> None:
    await receive(sqlite, update_of("an", "1"))
    await claim(sqlite)
    async with sqlite.begin() as transaction:
        await messages.release_claims(transaction)
    assert bodies(await claim(sqlite)) == [[b"1"]]


async def test_the_parts_of_an_album_come_together(database: Database) -> None:
    parts = [update_of("an", name, album="bộ ảnh") for name in ("1", "2", "3")]
    await receive(database, *parts, update_of("an", "4"))
    claimed = await claim(database)
    assert bodies(claimed) == [[b"1", b"2", b"3"]]
    await finish(database, claimed)
    assert bodies(await claim(database)) == [[b"4"]]


async def test_an_album_waits_for_its_last_part_but_not_for_ever(database: Database) -> None:
    await receive(database, update_of("an", "1", album="a"))
    late = update_of("an", "2", album="a", at=NOON + SECOND, available_at=NOON + 20 * SECOND)
    await receive(database, late)
    assert await claim(database, at=NOON + 2 * SECOND) == []
    assert bodies(await claim(database, at=NOON + PATIENCE)) == [[b"1", b"2"]]


async def test_albums_of_two_chats_are_not_mixed(database: Database) -> None:
    await receive(database, update_of("an", "1", album="a"), update_of("bình", "2", album="a"))
    assert bodies(await claim(database)) == [[b"1"], [b"2"]]


async def test_a_row_that_commits_late_does_not_let_two_workers_into_one_chat(database: Database) -> None:
    await receive(database, update_of("an", "1"), update_of("an", "2"))
    [[first]] = await claim(database)
    async with database.begin() as transaction:
        # As if the first row had become visible only now, after the second was claimed.
        await transaction.execute(
            inbox.update().where(inbox.c.body == b"2").values(claimed_until=NOON + PATIENCE)
        )
        await transaction.execute(inbox.update().where(inbox.c.id == first.id).values(claimed_until=None))
    assert await claim(database) == []


async def test_two_transactions_never_claim_the_same_chat(postgresql: Database) -> None:
    await receive(postgresql, *(update_of(f"chat {number}", str(number)) for number in range(20)))
    async with postgresql.begin() as one, postgresql.begin() as other:
        first = await messages.claim_updates(one, now=NOON, limit=12, album_patience=PATIENCE)
        second = await messages.claim_updates(other, now=NOON, limit=20, album_patience=PATIENCE)
    chats = [updates[0].chat for updates in [*first, *second]]
    assert len(first) == 12
    assert len(second) == 8
    assert len(set(chats)) == 20


async def test_many_workers_keep_the_order_of_every_chat(postgresql: Database) -> None:
    chats, each = 12, 8
    rows = [update_of(f"chat {chat}", f"{chat}/{number}") for number in range(each) for chat in range(chats)]
    await receive(postgresql, *rows)
    done: list[str] = []
    busy: set[str] = set()

    async def work() -> None:
        while len(done) < chats * each:
            for [update] in await claim(postgresql, limit=3):
                assert update.chat not in busy
                busy.add(update.chat)
                await asyncio.sleep(0)
                done.append(update.body.decode())
                busy.remove(update.chat)
                await finish(postgresql, [[update]])

    await asyncio.gather(*(work() for _ in range(6)))
    assert len(done) == chats * each
    for chat in range(chats):
        assert [name for name in done if name.startswith(f"{chat}/")] == [f"{chat}/{n}" for n in range(each)]


async def post(database: Database, chat: str, *texts: str, **more: Any) -> None:
    async with database.begin() as transaction:
        for text in texts:
            row = {"channel": "telegram", "chat": chat, "message": {"text": text}, "at": NOON, **more}
            messages.post_notice(transaction, **row)


async def take(database: Database, *, at: datetime = NOON, limit: int = 10) -> list[Notice]:
    async with database.begin() as transaction:
        return await messages.claim_notices(transaction, now=at, limit=limit)


def texts(notices: Iterable[Any]) -> list[str]:
    return [notice.message["text"] for notice in notices]


async def sent(database: Database, notice: Notice, *, at: datetime = NOON) -> None:
    async with database.begin() as transaction:
        messages.notice_sent(transaction, notice.id, at=at, message_id=f"m{notice.id}")


async def send_all(database: Database, *, at: datetime) -> list[str]:
    """Send what is due, one after the other; return the texts in the order of sending."""
    order: list[str] = []
    while notices := await take(database, at=at, limit=1):
        order += texts(notices)
        await sent(database, notices[0], at=at + len(order) * SECOND)
    return order


async def test_notices_of_a_chat_go_out_in_order(database: Database) -> None:
    await post(database, "an", "một", "hai")
    await post(database, "bình", "ba")
    assert texts(await take(database)) == ["một", "ba"]
    assert await take(database) == []


async def test_of_one_dedupe_key_at_most_one_is_sent(database: Database) -> None:
    await post(database, "an", "nhắc việc", "nhắc việc", dedupe_key="remind:1")
    await post(database, "an", "nhắc việc", dedupe_key="remind:1")
    assert await send_all(database, at=NOON) == ["nhắc việc"]


async def test_a_notice_kept_for_the_morning_does_not_hold_up_the_evening(database: Database) -> None:
    morning = NOON + timedelta(hours=12)
    await post(database, "an", "nhắc việc", not_before=morning)
    await post(database, "an", "đã nhận")
    assert await send_all(database, at=NOON) == ["đã nhận"]
    await post(database, "an", "chào buổi sáng", at=morning)
    assert await send_all(database, at=morning) == ["nhắc việc", "chào buổi sáng"]


@pytest.mark.parametrize("counts", [True, False])
async def test_a_notice_that_failed_keeps_its_place(database: Database, counts: bool) -> None:
    await post(database, "an", "một", "hai")
    [first] = await take(database)
    async with database.begin() as transaction:
        messages.retry_notice(transaction, first.id, again_at=NOON + SECOND, why="bận", counts=counts)
    assert await take(database) == []
    [again] = await take(database, at=NOON + SECOND)
    assert (again.message["text"], again.attempts) == ("một", int(counts))


async def test_a_notice_set_aside_lets_the_next_go(database: Database) -> None:
    await post(database, "an", "một", "hai")
    [first] = await take(database)
    async with database.begin() as transaction:
        messages.set_notice_aside(transaction, first.id, at=NOON, why="bị chặn")
    assert texts(await take(database)) == ["hai"]
    async with database.read() as transaction:
        assert (await messages.queue_state(transaction, now=NOON)).outbox_dead == 1


async def oldest(database: Database, at: datetime) -> datetime | None:
    async with database.read() as transaction:
        return (await messages.queue_state(transaction, now=at)).outbox_oldest


async def test_what_is_kept_until_the_morning_is_not_old(database: Database) -> None:
    morning = NOON + timedelta(hours=10)
    await post(database, "an", "sáng mai", not_before=morning)
    assert await oldest(database, NOON + timedelta(hours=9)) is None
    assert await oldest(database, morning + SECOND) == morning


async def test_what_failed_is_as_old_as_it_is(database: Database) -> None:
    await post(database, "an", "một")
    [failed] = await take(database)
    async with database.begin() as transaction:
        messages.retry_notice(transaction, failed.id, again_at=NOON + timedelta(hours=1), why="bận")
    assert await oldest(database, NOON + SECOND) == NOON


async def test_what_waits_for_a_group_follows_it_to_its_new_id(database: Database) -> None:
    await post(database, "-1", "tin")
    async with database.begin() as transaction:
        await messages.readdress(transaction, channel="telegram", old="-1", new="-1001")
    assert [notice.chat for notice in await take(database)] == ["-1001"]


async def test_two_deliveries_never_take_the_same_chat(postgresql: Database) -> None:
    for number in range(10):
        await post(postgresql, f"chat {number}", "một", "hai")
    async with postgresql.begin() as one, postgresql.begin() as other:
        first = await messages.claim_notices(one, now=NOON, limit=6)
        second = await messages.claim_notices(other, now=NOON, limit=10)
    assert len({notice.chat for notice in [*first, *second]}) == 10
    assert set(texts([*first, *second])) == {"một"}


async def test_a_reply_finds_the_case_that_the_message_was_about(database: Database) -> None:
    await post(database, "an", "phiếu việc", case_id=7)
    [notice] = await take(database)
    await sent(database, notice)
    async with database.read() as transaction:
        asked = {"channel": "telegram", "chat": "an"}
        found = await messages.case_of_message(transaction, **asked, message_id=f"m{notice.id}")
        assert found == 7
        assert await messages.case_of_message(transaction, **asked, message_id="m0") is None


async def history(database: Database, **asked: Any) -> list[str]:
    async with database.read() as transaction:
        entries = await messages.chat_history(transaction, channel="telegram", chat="an", **asked)
    return [entry.body.decode() if entry.body else entry.message["text"] for entry in entries if entry]


async def test_a_history_holds_both_sides_in_order(database: Database) -> None:
    await receive(database, update_of("an", "hỏi"), update_of("bình", "chuyện khác"))
    await post(database, "an", "đáp", at=NOON)
    assert await history(database) == ["hỏi"]
    await send_all(database, at=NOON)
    await receive(database, update_of("an", "cảm ơn", at=NOON + 5 * SECOND))
    assert await history(database) == ["hỏi", "đáp", "cảm ơn"]
    assert await history(database, limit=2) == ["đáp", "cảm ơn"]
    assert await history(database, before=NOON + 5 * SECOND) == ["hỏi", "đáp"]


async def test_a_history_after_a_notice_holds_what_came_later(database: Database) -> None:
    await receive(database, update_of("an", "hỏi"))
    await post(database, "an", "kết quả buổi sáng", not_before=NOON + timedelta(hours=12))
    await post(database, "an", "đã nhận")
    [seen] = await take(database)
    assert await history(database) == ["hỏi", "đã nhận"]
    await sent(database, seen, at=NOON + SECOND)
    await receive(database, update_of("an", "còn nữa", at=NOON + 2 * SECOND))
    await send_all(database, at=NOON + timedelta(hours=12))
    assert await history(database, after=seen.id) == ["còn nữa", "kết quả buổi sáng"]
    async with database.read() as transaction:
        asked = {"channel": "telegram", "chat": "an"}
        assert texts(await messages.outbox_after(transaction, **asked, after_id=seen.id)) == [
            "kết quả buổi sáng"
        ]
        everything = await messages.outbox_after(transaction, **asked, after_id=0)
        assert texts(everything) == ["đã nhận", "kết quả buổi sáng"]
        assert texts(await messages.outbox_after(transaction, **asked, after_id=0, limit=1)) == ["đã nhận"]


async def test_what_is_being_sent_shows_and_what_failed_does_not(database: Database) -> None:
    await post(database, "an", "đang gửi")
    [notice] = await take(database)
    assert await history(database) == ["đang gửi"]
    async with database.begin() as transaction:
        messages.set_notice_aside(transaction, notice.id, at=NOON, why="hỏng")
    assert await history(database) == []


async def holds(transaction: Transaction, text: str, chat: str = "an") -> bool:
    return bool(await messages.entries_with(transaction, channel="telegram", chat=chat, text=text))


async def test_a_chat_holds_what_came_or_went_in_it_alone(database: Database) -> None:
    await receive(database, update_of("an", "1", body=b'{"photos":["\xc4\x91/abc.jpg"]}'))
    await post(database, "an", "ảnh def.jpg")
    async with database.read() as transaction:
        assert await holds(transaction, "abc.jpg")
        assert await holds(transaction, "def.jpg")
        assert not await holds(transaction, "abc_jpg")
        assert not await holds(transaction, "%")
        assert not await holds(transaction, "abc.jpg", chat="bình")
        [came] = await messages.entries_with(transaction, channel="telegram", chat="an", text="abc.jpg")
        [sent] = await messages.entries_with(transaction, channel="telegram", chat="an", text="def.jpg")
    assert (came.kind, came.body) == ("in", b'{"photos":["\xc4\x91/abc.jpg"]}')
    assert (sent.kind, sent.message) == ("out", {"text": "ảnh def.jpg"})


async def test_rows_of_both_boxes_count_up_for_ever(database: Database) -> None:
    await receive(database, update_of("an", "1"))
    await post(database, "an", "một")
    async with database.begin() as transaction:
        await transaction.execute(inbox.delete())
        await transaction.execute(outbox.delete())
    await receive(database, update_of("an", "2"))
    await post(database, "an", "hai")
    async with database.read() as transaction:
        for table in (inbox, outbox):
            assert [row["id"] for row in await transaction.fetch(select(table.c.id))] == [2]


@pytest.mark.parametrize("box", ["inbox", "outbox"])
async def test_a_claim_walks_along_the_line_and_sorts_nothing(sqlite: Database, box: str) -> None:
    heads = messages._INBOX_HEADS if box == "inbox" else messages._OUTBOX_HEADS
    async with sqlite.read() as transaction:
        compiled = heads.compile(transaction.connection.engine.sync_engine)
        words = str(compiled)
        plan = await transaction.connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {words}", tuple(0 for _ in compiled.positiontup or ())
        )
    steps = [row[-1] for row in plan]
    assert any(f" {box} USING INDEX ix_{box}_line" in step for step in steps)
    assert not any("TEMP B-TREE" in step for step in steps)


async def test_how_the_vendor_counted_a_message_is_kept(database: Database) -> None:
    await post(database, "an", "một", "hai")
    for price, cost in (("paid", 72), ("", 0)):
        [notice] = await take(database)
        async with database.begin() as transaction:
            messages.notice_sent(transaction, notice.id, at=NOON, message_id="m", price=price, cost=cost)
    async with database.read() as transaction:
        rows = await transaction.fetch(select(outbox.c.price, outbox.c.cost).order_by(outbox.c.id))
    assert [tuple(row.values()) for row in rows] == [("paid", 72), (None, None)]
