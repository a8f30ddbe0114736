"""The main conversation on PostgreSQL: locks, claims and times as in a large city."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text

from routing.organisation import build_city, to_document
from storage import duplicates, ledger, units
from storage.database import Database
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
WAITING = text(
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
)
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
    assert "nhắn riêng" in large_city.channels["web"].shown["-200"][-1].text


async def test_the_problems_of_one_message_become_cases_of_one_transaction(large_city: CityHarness) -> None:
    an = large_city.citizen("an")
    await an.writes(f"{RUBBISH}.\nNgoài ra quán karaoke số 9 phường Thanh Xuân mở loa đến nửa đêm", photos=2)
    await an.presses("Gửi riêng 2 việc")
    await an.presses("Đồng ý và gửi cả 2 việc")
    first, second = await large_city.cases()
    assert (first.domain, second.domain) == ("waste", "noise")
    assert [len(await large_city.photos(case)) for case in (first, second)] == [2, 2]
    assert await ledger.verify(large_city.database) is None


@pytest.mark.parametrize(("verb", "told"), [("unsolved", "mở lại"), ("rate:4", "4 sao"), ("leave", "đã có trả lời")])
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
