"""Several processes on one PostgreSQL under load, one killed, then the database away: everything is counted.

The processes are the whole program as `serve` runs it, only that texts are read by a few words, which starts
sooner. Webhooks go to any of them. What is measured is printed (`pytest -s`), and no time is asserted.
"""
# ruff: noqa: T201

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from storage.tables import inbox
from tests.faults.harness import RECOVERS_WITHIN, Harness
from tests.faults.program import Program
from tests.faults.servers import PostgresOwn

SEED = 11
PROCESSES, KILLED = 3, 1
"""The one that is killed is the one that the vendor was told to call. Every start costs seconds."""


@pytest.fixture
async def server() -> AsyncIterator[PostgresOwn]:
    """A server of its own, that may be stopped."""
    own = PostgresOwn()
    try:
        await own.create()
        yield own
    finally:
        await own.remove()


@asynccontextmanager
async def many_machines(server: PostgresOwn, folder: Path) -> AsyncIterator[tuple[Harness, list[Program]]]:
    """Run the city in several processes; the vendor calls any of them."""
    harness = Harness(
        database_url=server.url,
        folder=folder,
        seed=SEED,
        plain=True,
        citizens=1,
        server=server,
        pace=0.25,
        pause=2.0,
    )
    async with harness.running():
        others = [harness.another() for _ in range(PROCESSES - 1)]
        try:
            await asyncio.gather(*(program.start() for program in others))
            programs = [harness.program, *others]
            harness.vendor.targets = [f"{program.url}/telegram" for program in programs]
            yield harness, programs
        finally:
            await asyncio.gather(*(program.kill() for program in others if program.process))


def some_killed(programs: list[Program]) -> Callable[[Harness], Awaitable[None]]:
    """Return the fault in which one process after the other is killed and started again."""

    async def strike(harness: Harness) -> None:
        for program in programs:
            await harness.load.until_filed(1)
            await program.kill()
            harness.kills += 1
            await program.spawn()
            await program.until_ready()

    return strike


def database_restarted(programs: list[Program]) -> Callable[[Harness], Awaitable[None]]:
    """Return the fault in which the database is away for a while; no process ends because of it."""

    async def strike(harness: Harness) -> None:
        assert harness.server is not None
        await harness.load.until_filed(1)
        await harness.server.stop()
        await harness.lasts(4, 8)
        await harness.server.start()
        await asyncio.gather(*(program.until_ready() for program in programs))

    return strike


async def test_several_processes_lose_nothing_and_do_nothing_twice(
    server: PostgresOwn, tmp_path: Path
) -> None:
    async with many_machines(server, tmp_path) as (harness, programs):
        for name, strike in (
            ("a process killed", some_killed(programs[:KILLED])),
            ("database restarted", database_restarted(programs)),
            ("the end", lambda harness: harness.load.stop()),
        ):
            result = await harness.suffer(name, strike)
            print(f"{name}: {result.recovery:.1f} s until all was worked off (at most {RECOVERS_WITHIN:.0f})")
            assert result.broken == (), (name, result.broken, [list(each.log)[-5:] for each in programs])
        assert result.count.dead == ()
        assert result.count.cases >= PROCESSES, "there was hardly any load"
        assert harness.kills == KILLED
        await kept_their_order(harness)
        assert await asyncio.gather(*(program.stop() for program in programs)) == [0] * PROCESSES
        counted = result.count
        print(f"{counted.acknowledged} acknowledged, {counted.cases} cases, {counted.sent} answers")


async def kept_their_order(harness: Harness) -> None:
    """Every chat's updates were dealt with in the order in which they came, each once."""
    query = select(inbox.c.chat, inbox.c.finished_at, inbox.c.external_id).order_by(inbox.c.chat, inbox.c.id)
    async with harness.database.read() as transaction:
        rows = await transaction.fetch(query)
    assert {row["external_id"] for row in rows} >= harness.vendor.acknowledged
    for chat, of_chat in itertools.groupby(rows, key=lambda row: row["chat"]):
        times = [row["finished_at"] for row in of_chat]
        assert None not in times, chat
        assert times == sorted(times), chat
