"""Leaders' figures among very many cases, and what keeping them ready costs whoever files."""

import argparse
import asyncio
import statistics
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

from benchmarks import figures
from benchmarks.contests import Ground
from benchmarks.goals import Goal, Result, of_pairs
from storage.database import Database
from tests.histories import Stage, live_all

REPEATS = 15
FILED = 400
"""Cases filed in each run of upkeep, each with some seven events."""
WRITERS = 4
"""Processes that file at once on PostgreSQL are imitated by so many connections."""


def _slowest(database: str) -> Callable[[Ground, argparse.Namespace], Result]:
    def measure(ground: Ground, given: argparse.Namespace) -> Result:
        return asyncio.run(_ask_everything(ground, database, given.many_cases))

    return measure


async def _ask_everything(ground: Ground, kind: str, count: int) -> Result:
    """Ask every kind of figure; return the median of the slowest."""
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(ground.empty(kind))
        city = await figures.load(url, count)
        database = Database(url)
        found = {}
        for name, ask in figures.questions(city).items():
            times = []
            for _ in range(REPEATS + 2):
                async with database.read() as transaction:
                    started = time.perf_counter()
                    await ask(transaction)
                    times.append((time.perf_counter() - started) * 1000)
            found[name] = statistics.median(times[2:])
        await database.close()
    slowest = max(found, key=lambda name: found[name])
    note = f"slowest: {slowest}; 30 days {found['30 days']:.1f}, all time {found['all time']:.1f} ms"
    return Result(
        value=found[slowest],
        lowest=min(found.values()),
        highest=found[slowest],
        note=f"{count:,} cases; {note}",
    )


def _upkeep(kind: str, *, hot: bool) -> Callable[[Ground, argparse.Namespace], Result]:
    def measure(ground: Ground, given: argparse.Namespace) -> Result:
        return asyncio.run(_file_both_ways(ground, kind, hot=hot, pairs=given.pairs))

    return measure


async def _file_both_ways(ground: Ground, kind: str, *, hot: bool, pairs: int) -> Result:
    """File with and without the triggers in turn; return the ratio of the rates."""
    ratios = []
    for pair in range(pairs):
        seconds: dict[bool, float] = {}
        for noted in (True, False) if pair % 2 else (False, True):
            async with ground.empty(kind) as url:
                seconds[noted] = await _file(url, noted=noted, hot=hot)
        ratios.append(seconds[False] / seconds[True])
    return of_pairs(ratios)


async def _file(url: str, *, noted: bool, hot: bool) -> float:
    database = Database(url)
    stage: Stage = await figures.stage_of(database, noted=noted)
    writers = 1 if database.sqlite else WRITERS
    if hot:
        stage = replace(stage, units=stage.units[:1], wards=stage.wards[:1], days=1)
    started = time.perf_counter()
    share = FILED // writers
    work: list[Any] = [
        live_all(database, stage, seed=7 + writer, count=share, first=writer * share)
        for writer in range(writers)
    ]
    folding = asyncio.create_task(_keep_folding(database)) if noted else None
    await asyncio.gather(*work)
    took = time.perf_counter() - started
    if folding:
        folding.cancel()
        await asyncio.gather(folding, return_exceptions=True)
    await database.close()
    return took


async def _keep_folding(database: Database) -> None:
    """Add what was noted to the figures every second, as the clock does meanwhile."""
    while True:
        await asyncio.sleep(1)
        await figures.fold_all(database)


FIGURES = (
    (
        Goal(name="slowest of leaders' figures at 10 M cases, SQLite", aim=50, most=True, unit="ms"),
        _slowest("sqlite"),
    ),
    (
        Goal(name="slowest of leaders' figures at 10 M cases, PostgreSQL", aim=50, most=True, unit="ms"),
        _slowest("postgresql"),
    ),
    (Goal(name="filing with upkeep of figures / without, SQLite", aim=0.9), _upkeep("sqlite", hot=False)),
    (
        Goal(name="filing with upkeep of figures / without, PostgreSQL, one hot cell", aim=0.7),
        _upkeep("postgresql", hot=True),
    ),
)
