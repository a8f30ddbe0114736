"""The short form: each fault once or so, under a light load; `python -m tests.faults` is the long one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.faults.faults import FAULTS, fitting
from tests.faults.harness import Harness

SEED = 7
TOO_LONG = {"killed_while_starting", "database_locked_long", "vendor_down_long", "vendor_slow"}
"""What lasts longer than a suite should wait; the long form has it."""


@asynccontextmanager
async def open_harness(database_url: str, folder: Path) -> AsyncIterator[Harness]:
    harness = Harness(
        database_url=database_url, folder=folder, seed=SEED, plain=True, citizens=1, pace=0.25, pause=2.0
    )
    async with harness.running():
        yield harness


async def suffer_all(harness: Harness, names: list[str]) -> None:
    for name in names:
        await harness.load.until_filed(1)
        result = await harness.suffer(name, FAULTS[name].strike)
        assert result.broken == (), (name, result.broken, list(harness.program.log)[-5:])
    last = await harness.suffer("the end", lambda harness: harness.load.stop())
    assert last.broken == (), last.broken
    assert last.count.dead == ()
    assert last.count.cases >= len(names), "there was hardly any load"
    assert await harness.program.stop() == 0


async def test_no_fault_loses_anything_on_sqlite(sqlite_url: str, tmp_path: Path) -> None:
    names = [name for name in fitting("sqlite", own_server=False) if name not in TOO_LONG]
    async with open_harness(sqlite_url, tmp_path) as harness:
        await suffer_all(harness, names)


async def test_no_fault_of_the_database_loses_anything_on_postgresql(
    postgresql_url: str, tmp_path: Path
) -> None:
    names = ["connections_cut", "database_read_only", "second_process"]
    async with open_harness(postgresql_url, tmp_path) as harness:
        await suffer_all(harness, names)
