"""The clock only ticks: two of them do no harm, and one broken job stops no other."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import clock
from bot.clock import JOBS, Clock
from handlers import alarms, closing, reminding
from routing.organisation import City, Procedure
from storage import folding, units
from storage.database import Database, Transaction
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


async def test_days_are_sealed_by_the_time_of_the_database_where_it_has_one(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of several machines one may run ahead; what it closes stays closed for all."""
    heard: dict[str, datetime] = {}

    def job(name: str) -> clock.Job:
        async def hear(_transaction: Transaction, _city: City, now: datetime) -> int:
            heard[name] = now
            return 0

        return hear

    for name in ("seal", "remind"):
        monkeypatch.setitem(JOBS, name, (job(name), 600))
    town.now = ahead = datetime.now(UTC) + timedelta(days=400)
    for name in ("seal", "remind"):
        await clock_of(town)[0].tick(name)
    assert heard["remind"] >= ahead
    assert (heard["seal"] >= ahead) == town.database.sqlite


def test_every_duty_of_the_city_has_its_job() -> None:
    duties = {reminding.remind, closing.stop_waiting, closing.close_silent, folding.tick}
    assert duties <= {job for job, _ in JOBS.values()}


async def test_work_is_done_in_batches_until_none_is_left_and_others_come_between(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, seen = 5, []

    async def job(transaction: Transaction, *_: object) -> int:
        nonlocal left
        seen.append(id(transaction))
        left -= 1
        return max(left, 0)

    turns = 0

    async def somebody_else() -> None:
        nonlocal turns
        while left > 0:
            turns += 1
            await asyncio.sleep(0)

    monkeypatch.setattr(clock, "JOBS", {"job": (job, 1)})
    other = asyncio.create_task(somebody_else())
    assert await clock.tick_all(town.database, town.now) == 4 + 3 + 2 + 1
    await other
    assert len(seen) == 5
    assert turns >= 5


async def test_a_job_that_never_ends_leaves_the_rest_to_its_next_tick(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def job(*_: object) -> int:
        return 1

    monkeypatch.setattr(clock, "JOBS", {"job": (job, 1)})
    monkeypatch.setattr(clock, "MOST_BATCHES", 3)
    assert await clock.tick_all(town.database, town.now) == 3


async def test_a_city_that_changes_is_taken_up_at_the_next_batch(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    async def job(_: Transaction, city: City, now: object) -> int:
        seen.append(city.procedure.close_after_days)
        return 0

    monkeypatch.setattr(clock, "JOBS", {"job": (job, 1)})
    ticker = clock.Ticker(town.database)
    await ticker.run("job", town.now)
    await town.changes(procedure=Procedure(close_after_days=20))
    await ticker.run("job", town.now)
    assert seen == [14, 20]


async def test_administrators_hear_once_a_day_of_a_job_that_fails(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin = await town.official("ha-noi", "admin")

    async def broken(*_: object) -> int:
        raise ValueError("a row that no batch gets past")

    monkeypatch.setattr(clock, "JOBS", {"close_silent": (broken, 1), "end_lapsed": (broken, 1)})
    running, _ = clock_of(town)
    for name in ("close_silent", "close_silent", "end_lapsed"):
        await running.tick(name)
    await town.settles()
    admin.sees("«close_silent»", "«end_lapsed»", "ValueError")
    assert len(admin.news) == 2
    admin.reads()
    await town.passes(days=1)
    await running.tick("close_silent")
    await town.settles()
    assert len(admin.news) == 1


async def test_others_write_while_the_rules_are_looked_at(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()
    written: list[object] = []

    async def write() -> None:
        async with town.database.begin() as transaction:
            await units.set_setting(transaction, "written", True)
            await transaction.flush()

    def look(_: City) -> list[object]:
        asyncio.run_coroutine_threadsafe(write(), loop).result(timeout=10)
        written.append("meanwhile")
        return []

    monkeypatch.setattr(alarms, "check_rules_of", look)
    running, ticked = clock_of(town)
    await running.tick(clock.CHECK_RULES)
    assert (written, ticked) == (["meanwhile"], ["ticked"])
