"""The clock only ticks: two of them do no harm, and one broken job stops no other."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bot import clock
from bot.clock import JOBS, Clock
from handlers import oversight
from storage.database import Database
from tests.city import CityHarness
from tests.machinery import found_city

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on each kind of database."""
    return await found_city(database, tmp_path)


def clock_of(town: CityHarness) -> tuple[Clock, list[str]]:
    """Return a clock and the list of its ticks that went well."""
    ticked: list[str] = []
    return Clock(town.database, ticked=lambda: ticked.append("ticked"), now=town.clock), ticked


async def test_two_clocks_that_tick_at_once_remind_once(town: CityHarness) -> None:
    chair = await town.official("phuong-khuong-dinh", "chair")
    an = town.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    case = await town.only_case()
    assert case.due_at is not None
    town.now = case.due_at + timedelta(minutes=1)
    for somebody in (chair, an):
        somebody.reads()
    clocks = [clock_of(town)[0] for _ in range(2)]
    await asyncio.gather(*(each.tick("remind") for each in clocks))
    await clocks[0].tick("remind")
    await town.settles()
    assert len(chair.news) == 1
    chair.sees(case.code)
    assert len(an.news) == 1


async def test_a_job_that_fails_stops_neither_the_others_nor_its_next_tick(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    broken = True

    async def remind(*_: object) -> None:
        if broken:
            raise ValueError("a rule that nobody thought of")
        done.append("remind")

    async def close(*_: object) -> None:
        done.append("close")

    monkeypatch.setattr(clock, "JOBS", {"remind": (remind, 1), "close": (close, 1)})
    running, ticked = clock_of(town)
    await running.tick("remind")
    await running.tick("close")
    assert (done, ticked) == (["close"], ["ticked"])
    broken = False
    await running.tick("remind")
    assert done == ["close", "remind"]


async def test_a_tick_without_a_city_does_nothing(database: Database) -> None:
    running = Clock(database, ticked=lambda: None)
    for name in JOBS:
        await running.tick(name)


async def test_a_clock_ticks_by_itself_until_it_is_closed(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = asyncio.Queue[str]()

    async def job(*_: object) -> None:
        ticks.put_nowait("tick")

    monkeypatch.setattr(clock, "JOBS", {"job": (job, 0.01)})
    running, _ = clock_of(town)
    running.start()
    async with asyncio.timeout(10):
        assert [await ticks.get() for _ in range(3)] == ["tick"] * 3
    running.close()
    await asyncio.sleep(0.1)
    while not ticks.empty():
        ticks.get_nowait()
    await asyncio.sleep(0.05)
    assert ticks.empty()


def test_every_duty_of_the_city_has_its_job() -> None:
    duties = {oversight.remind, oversight.close_silent, oversight.watch_triage}
    assert {job for job, _ in JOBS.values()} == duties
