"""One whole case on PostgreSQL, where rows are really locked and turns of several workers meet."""

import asyncio
from pathlib import Path

import pytest

from handlers.worker import TurnWorker
from routing.organisation import build_city, to_document
from storage import ledger, units
from storage.database import Database
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


@pytest.fixture
async def city(postgresql: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on PostgreSQL."""
    founded = build_city("Hà Nội")
    async with postgresql.begin() as transaction:
        await units.save_city(transaction, to_document(founded), now=MONDAY_MORNING)
    return CityHarness(
        database=postgresql,
        city=founded,
        understanding=PlainUnderstanding(),
        media_dir=tmp_path,
        now=MONDAY_MORNING,
    )


async def test_from_the_report_to_the_rating(city: CityHarness) -> None:
    officer, dispatcher = await city.official(WARD, "officer"), await city.official("ha-noi", "dispatcher")
    leader, an = await city.official("ha-noi", "leader"), city.citizen("an")
    await an.writes(RUBBISH, photos=1)
    await an.presses("Đồng ý và gửi")
    await officer.presses("Trả lại")
    await officer.presses("Sai lĩnh vực")
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Phường Khương Đình")
    await dispatcher.presses("Vẫn giao")
    await officer.presses("Hỏi người dân")
    await officer.writes("Ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await an.writes("Trước số 14.")
    await officer.writes("Đã dọn xong.", photos=1, reply_to=officer.last)
    await officer.presses("Gửi câu trả lời")
    an.sees("Đã dọn xong.")
    await an.presses("4 ★")
    await city.ticks()
    await leader.writes("/thongke")
    leader.sees("Nhận: 1", "đúng hạn: 1", "4,0/5")
    assert await ledger.verify(city.database) is None


async def test_two_workers_and_two_officials_make_one_acceptance(city: CityHarness) -> None:
    officials = [await city.official(WARD, "officer", name=f"Chuyên viên {number}") for number in range(6)]
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    for official in officials:
        official.reads()
        await city.receive(official.channel, official.message(button=f"accept:{case.code}"))
    workers = [
        TurnWorker(
            city.database,
            channels=city.channels,
            understanding=PlainUnderstanding(),
            media_dir=city.media_dir,
            committed=lambda: None,
            now=city.clock,
        )
        for _ in range(2)
    ]
    await asyncio.gather(*(worker.drain() for worker in workers))
    await city.settles()
    assert sum("Anh/chị đã nhận" in official.last.text for official in officials) == 1
    assert all(official.news for official in officials)
    assert [event.type for event in await city.events(case)].count("accepted") == 1
    assert await ledger.verify(city.database) is None
