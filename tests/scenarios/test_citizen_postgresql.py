"""The main conversation on PostgreSQL: locks, claims and times as in a large city."""

import asyncio
import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import text

from handlers import merging
from handlers.progress import Actor
from handlers.turn import Turn
from routing.organisation import build_city, to_document
from storage import duplicates, ledger, units
from storage.chats import Chat
from storage.database import Database
from storage.identity import new_id
from storage.people import Person
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
WAITING = text(
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
BY_DISPATCHER = Actor(person_id=None, role="dispatcher")
KEPT_AT_ONCE = text('SELECT 1 FROM "case" WHERE id = :joined FOR UPDATE NOWAIT')


@pytest.fixture
async def large_city(postgresql: Database, tmp_path: Path) -> CityHarness:
    hanoi = build_city("Hà Nội")
    async with postgresql.begin() as transaction:
        await units.save_city(transaction, to_document(hanoi), now=MONDAY_MORNING)
    return CityHarness(
        database=postgresql,
        city=hanoi,
        understanding=PlainUnderstanding(),
        media_dir=tmp_path,
        now=MONDAY_MORNING,
    )


async def test_from_the_report_to_the_reopened_case(large_city: CityHarness) -> None:
    chair = await large_city.official("phuong-khuong-dinh", "chair")
    an = large_city.citizen("an")
    await an.writes(RUBBISH, photos=2)
    await an.presses("Đồng ý và gửi")
    await chair.presses("Hỏi người dân")
    await chair.writes("Rác để trước số nhà nào ạ?")
    await chair.presses("Gửi câu hỏi")
    await large_city.passes(hours=1)
    await an.writes("Trước số nhà 15")
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn sạch", photos=1)
    await chair.presses("Gửi câu trả lời")
    an.sees("Đã dọn sạch", "[5 ★]")
    await an.presses("1 ★")
    await an.writes("Vẫn còn rác", photos=1)
    await an.writes("/cuatoi")
    case = await large_city.only_case()
    an.sees(case.code, "Mở lại")
    assert len(await large_city.photos(case)) == 3
    assert await ledger.verify(large_city.database) is None


async def test_a_group_that_moves_is_followed(large_city: CityHarness) -> None:
    an = large_city.somebody_in_group("-100", "an")
    await an.sends(joined=True)
    await an.sends(moved_to="-200")
    await an.writes("/cuatoi")
    assert "nhắn riêng" in large_city.channel.shown["-200"][-1].text


async def test_the_problems_of_one_message_become_cases_of_one_transaction(large_city: CityHarness) -> None:
    an = large_city.citizen("an")
    await an.writes(f"{RUBBISH}.\nNgoài ra quán karaoke số 9 phường Thanh Xuân mở loa đến nửa đêm", photos=2)
    await an.presses("Gửi riêng 2 việc")
    await an.presses("Đồng ý và gửi cả 2 việc")
    first, second = await large_city.cases()
    assert (first.domain, second.domain) == ("waste", "noise")
    assert [len(await large_city.photos(case)) for case in (first, second)] == [2, 2]
    assert await ledger.verify(large_city.database) is None


@pytest.mark.parametrize(
    ("verb", "told"), [("unsolved", "mở lại"), ("rate:4", "4 sao"), ("leave", "đã có trả lời")]
)
async def test_whoever_joined_waits_for_the_master_before_keeping_their_own_case(
    large_city: CityHarness, verb: str, told: str
) -> None:
    chair = await large_city.official("phuong-khuong-dinh", "chair")
    an, binh = large_city.citizen("an"), large_city.citizen("bình")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await binh.writes(RUBBISH)
    await binh.presses("Đồng ý và gửi")
    await binh.presses("Đúng, cùng vụ việc")
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn sạch", photos=1)
    await chair.presses("Gửi câu trả lời")
    master, joined = await large_city.cases()
    async with large_city.database.begin() as merging:
        await duplicates.lock_in_order(merging, [master.id])
        pressing = asyncio.create_task(binh.replays(f"own:{joined.code}:{verb}"))
        await somebody_waits(large_city)
        await merging.execute(KEPT_AT_ONCE, {"joined": joined.id})
    await pressing
    binh.sees(told)


async def somebody_waits(city: CityHarness) -> None:
    """Return when a turn waits for a row that another transaction keeps."""
    async with asyncio.timeout(20):
        while not await city.rows(WAITING):  # noqa: ASYNC110 - it is the database that is asked
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("first", ["join", "merge"])
async def test_whoever_joins_while_the_master_is_merged_ends_up_with_the_one_that_is_handled(
    large_city: CityHarness, first: str
) -> None:
    """Two transactions at once: one more joins B while B is merged into A. No chain is left behind."""
    people = [large_city.citizen(name) for name in ("an", "bình", "chi")]
    for somebody in people[:2]:
        await somebody.writes(RUBBISH)
        await somebody.files()
        await large_city.passes(minutes=5)
    older, younger = await large_city.cases()
    joined = dataclasses.replace(
        younger, id=new_id(), code="HN-2345-6789", event_count=0, head_hash="", head_at=None
    )
    turn = Turn(
        transaction=None,  # type: ignore[arg-type]
        city=large_city.city,
        now=large_city.now,
        message=people[2].message(),
        chat=Chat(channel="web", chat="chi", person_id=younger.reporter_id),
        person=Person(id=younger.reporter_id, name="Chi"),
        reading=None,
    )

    async def join(begun: asyncio.Event, go_on: asyncio.Event) -> None:
        async with large_city.database.begin() as turn.transaction:
            if first == "merge":
                begun.set()
            master = await merging.open_master(turn.transaction, younger.code)
            if first == "join":
                begun.set()
                await go_on.wait()
            if master is not None:
                await merging.join(turn, joined, master)

    async def merge(begun: asyncio.Event, go_on: asyncio.Event) -> None:
        async with large_city.database.begin() as transaction:
            one, other = await merging.lock_both(transaction, older, younger)
            if first == "merge":
                begun.set()
                await go_on.wait()
            await merging.merge(
                transaction, large_city.city, other, one, actor=BY_DISPATCHER, now=large_city.now
            )

    begun, go_on = asyncio.Event(), asyncio.Event()
    one_of, other_of = (join, merge) if first == "join" else (merge, join)
    running = asyncio.create_task(one_of(begun, go_on))
    await begun.wait()
    waiting = asyncio.create_task(other_of(asyncio.Event(), asyncio.Event()))
    await somebody_waits(large_city)
    go_on.set()
    await asyncio.gather(running, waiting)
    for case in (await large_city.cases())[1:]:
        assert (case.status, case.master_id) == ("merged", older.id)
    assert await ledger.verify(large_city.database) is None
