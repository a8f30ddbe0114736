"""A simulated year, from an empty database to the closing report."""

import asyncio
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tqdm import tqdm

from bot.simulation.faults import MAIN, Faults, FragileDatabase
from bot.simulation.life import Life
from bot.simulation.merger import plan_merger
from bot.simulation.town import Town
from bot.simulation.turnover import Turnover
from bot.simulation.watching import Watch
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, from_document, to_document
from routing.understanding import Understanding
from storage import cases, figures, identity, inspecting, units
from storage.database import Database

FIRST_DAY = datetime(2026, 1, 1, tzinfo=LOCAL_TIME)
"""Always the same, so that the same seed gives the same year whenever it is run."""
SMALL_CITY = "Huế"
APPROVED = frozenset({"construction", "health_food", "social"})
"""Domains in which the chair approves what an officer answers."""
PICTURES = 12
SIMULATED = "simulated"
"""The setting that marks a database as a simulated city's."""


class NotEmpty(Exception):
    """The database holds a city already; a simulation needs one of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What to simulate."""

    days: int = 365
    cases: int = 20_000
    seed: int = 7
    faults: bool = False
    province: str = SMALL_CITY
    start: datetime = FIRST_DAY


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What a simulated time came to."""

    days: int
    reports: int
    """Messages in which somebody reported something."""
    cases: int
    turns: int
    messages: int
    checks: int
    events: dict[str, int]
    posts: dict[str, int]
    """Posts by why they ended, those that are held, and those of deputies."""
    figures: dict[str, dict[str, Any]]
    """By unit; "" for cases that no unit has."""
    faults: dict[str, int]
    seconds: float
    cpu_seconds: float
    rows_digest: str
    """SHA-256 over all rows of all tables."""
    messages_digest: str
    """SHA-256 over all messages in the order in which they reached people."""

    @property
    def digest(self) -> str:
        """One digest of both."""
        return f"{self.rows_digest[:32]}{self.messages_digest[:32]}"

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for a program to read."""
        rate = round(self.turns / self.seconds, 1) if self.seconds else 0.0
        return {**asdict(self), "digest": self.digest, "turns_per_second": rate}


class _Chance:
    """Numbers drawn from the seed, and the simulated time."""

    def __init__(self, seed: int, clock: Callable[[], datetime]) -> None:
        self._random = Random(f"numbers {seed}")
        self._clock = clock

    def milliseconds(self) -> int:
        return round(self._clock().timestamp() * 1000)

    def below(self, limit: int) -> int:
        return self._random.randrange(limit)


async def simulate(
    database_url: str, understanding: Understanding, plan: Plan, *, quiet: bool | None = None
) -> Report:
    """Live through the planned time in a migrated database. Raises NotEmpty and BrokenInvariant."""
    database = FragileDatabase(database_url, expendable=True)
    task = asyncio.current_task()
    if task is not None:
        task.set_name(MAIN)
    try:
        return await _simulate(database, understanding, plan, quiet=quiet)
    finally:
        database.faults = None
        await database.close()


async def _simulate(
    database: FragileDatabase, understanding: Understanding, plan: Plan, *, quiet: bool | None
) -> Report:
    began, cpu_began = time.perf_counter(), _cpu_seconds()
    end = plan.start + timedelta(days=plan.days)
    city = await found_city(database, plan)
    faults = Faults(plan.seed) if plan.faults else None
    life = Life(database, understanding, city=city, seed=plan.seed, start=plan.start, end=end, faults=faults)
    with identity.drawn_from(_Chance(plan.seed, life.clock)):
        photos = await _add_photos(database, plan.start)
        town = Town(life=life, city=city, cases=plan.cases, photos=photos)
        await town.settle(database)
        random = Random(f"changes {plan.seed}")
        Turnover(life=life, town=town, random=random).plan()
        await plan_merger(life, town, random)
        database.faults = faults
        watch = Watch(database, life, town)
        await _live(life, watch, quiet=not sys.stderr.isatty() if quiet is None else quiet)
        database.faults = None
        await watch.midnight(whole=True)
    async with database.read() as transaction:
        by_unit = await figures.figures(transaction, start=plan.start, end=end, now=end, group_by="unit")
        return Report(
            days=plan.days,
            reports=plan.cases,
            cases=await inspecting.count_cases(transaction),
            turns=life.said,
            messages=life.told.messages,
            checks=watch.checks,
            events=await inspecting.count_events(transaction),
            posts=await inspecting.count_posts(transaction),
            figures={
                unit or "": asdict(by_unit[unit]) for unit in sorted(by_unit, key=lambda key: key or "")
            },
            faults=faults.counts if faults else {},
            rows_digest=await inspecting.digest(transaction),
            messages_digest=life.told.digest.hexdigest(),
            seconds=round(time.perf_counter() - began, 1),
            cpu_seconds=round(_cpu_seconds() - cpu_began, 1),
        )


async def _add_photos(database: Database, at: datetime) -> list[str]:
    """Record some pictures that people send; nobody looks at them, so there are no files."""
    keys = [f"{identity.new_token(16)}.jpg" for _ in range(PICTURES)]
    async with database.begin() as transaction:
        for key in keys:
            cases.add_photo(transaction, media_key=key, mime="image/jpeg", size=1, width=1, height=1, at=at)
    return keys


async def _live(life: Life, watch: Watch, *, quiet: bool) -> None:
    minutes = int((life.end - life.start).total_seconds() // 60)
    with tqdm(total=minutes, unit=" min", disable=quiet, file=sys.stderr) as bar:

        def passed(some: int) -> None:
            bar.set_description(f"{life.now.astimezone(LOCAL_TIME):%d/%m/%Y}", refresh=False)
            bar.update(some)

        await life.run(watch.midnight, passed)


async def found_city(database: Database, plan: Plan) -> City:
    """Found the city in an empty database. Raises NotEmpty, also for a simulated city that is there."""
    document = to_document(build_city(plan.province))
    for row in document["domains"]:
        row["needs_approval"] = row["id"] in APPROVED
    city = from_document(document)
    async with database.begin() as transaction:
        if await units.city_version(transaction):
            raise NotEmpty(NotEmpty.__doc__)
        await units.save_city(transaction, document, now=plan.start)
        await units.set_setting(transaction, SIMULATED, {"seed": plan.seed})
    return city


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
