"""Puts the parts together: the city, the vendor, the program, the load; and what a fault did to them."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import TypeVar

from routing.organisation import build_city, to_document
from storage import people, units
from storage.database import Database, Transaction
from storage.faults import is_away
from tests.faults import counting
from tests.faults.clock import SetClock
from tests.faults.counting import Count
from tests.faults.load import PAUSE_SECONDS, WARDS, Load, Report
from tests.faults.program import Program
from tests.faults.servers import PostgresOwn
from tests.faults.vendor import Vendor

Answer = TypeVar("Answer")

MONDAY_MORNING = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
"""Nine o'clock in the city: nothing waits for the morning, and the deadlines lie days ahead."""
LOOK_SECONDS = 0.2
DAY = timedelta(days=1)
PATIENCE = 150.0
RECOVERS_WITHIN = 30.0
"""So many seconds after a fault everything must be as it was."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """What came of one fault."""

    fault: str
    seconds: float
    """How long it lasted."""
    recovery: float
    """How long after it everything that had been acknowledged was worked off and a newcomer answered."""
    count: Count
    stuck: tuple[str, ...]

    @property
    def broken(self) -> tuple[str, ...]:
        """Everything that does not hold."""
        return (*self.count.broken, *self.stuck)


class Harness:
    """A running city under steady load."""

    def __init__(
        self,
        *,
        database_url: str,
        folder: Path,
        seed: int,
        plain: bool,
        citizens: int = 6,
        server: PostgresOwn | None = None,
        pace: float = 1.0,
        pause: float = PAUSE_SECONDS,
    ) -> None:
        """pace: how long faults last, 1 for as long as they say; pause: seconds between citizens, at most."""
        self.random = Random(f"faults {seed}")
        self.folder = folder
        self.server = server
        """The PostgreSQL server, where it may be stopped."""
        self.database_url = database_url
        self.database = Database(database_url)
        self.vendor = Vendor(Random(f"vendor {seed}"))
        self.load = Load(self.vendor, Random(f"load {seed}"), citizens=citizens, pause=pause)
        self.clock = SetClock(folder / "clock")
        # The officials begin the day before, or they would hold no post when the clock is set back.
        self.clock.jump(MONDAY_MORNING - DAY - datetime.now(UTC))
        self.kills = 0
        self._plain = plain
        self._pace = pace
        self._reports: list[Report] = []
        self.program: Program

    @property
    def sqlite(self) -> bool:
        """Whether the city is kept in a file."""
        return self.database.sqlite

    def drawn(self, least: float, most: float) -> float:
        """Return how many seconds something lasts, drawn from between these two."""
        return self._pace * self.random.uniform(least, most)

    async def lasts(self, least: float, most: float) -> None:
        """Let so many seconds pass."""
        await asyncio.sleep(self.drawn(least, most))

    def another(self) -> Program:
        """Return one more process of the same city, not started."""
        return Program(
            database_url=self.database_url,
            folder=self.folder,
            api_url=self.vendor.url,
            public_port=self.program.port,
            plain=self._plain,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Harness"]:
        """Found the city, start everything, and stop it in the end."""
        async with self.vendor:
            codes = await self._found_city()
            self.program = Program(
                database_url=self.database_url, folder=self.folder, api_url=self.vendor.url, plain=self._plain
            )
            await self.program.start()
            try:
                await self.load.seat(codes)
                self.clock.jump(DAY)
                self.load.start()
                yield self
            finally:
                await self.load.close()
                await self.program.kill()
                await self.database.close()

    async def _found_city(self) -> dict[str, str]:
        document = to_document(await asyncio.to_thread(build_city, "Hà Nội"))
        async with self.database.begin() as transaction:
            await units.save_city(transaction, document, now=self.clock.now())
            return {
                ward: await people.create_invitation(
                    transaction, unit_code=ward, role="chair", now=self.clock.now()
                )
                for ward in WARDS
            }

    async def kill(self) -> None:
        """SIGKILL the program."""
        await self.program.kill()
        self.kills += 1

    async def suffer(self, name: str, strike: Callable[["Harness"], Awaitable[None]]) -> Result:
        """Let a fault strike, wait until everything is as it was, and count."""
        began = time.monotonic()
        await strike(self)
        ended = time.monotonic()
        try:
            await self.recover()
        except TimeoutError:
            self.load.stuck.append(f"{name}: not everything was worked off after {PATIENCE:.0f} s")
        recovery = time.monotonic() - ended
        counted = await self.count()
        stuck, self.load.stuck = tuple(self.load.stuck), []
        return Result(fault=name, seconds=ended - began, recovery=recovery, count=counted, stuck=stuck)

    async def recover(self) -> None:
        """Wait until what was acknowledged is worked off and a newcomer is answered. Raises TimeoutError."""
        asked = asyncio.create_task(self.load.ask())
        # As they are now: what is acknowledged from here on need not be dealt with when it is counted.
        self._reports = [replace(report) for report in self.load.reports]
        async with asyncio.timeout(PATIENCE):
            until = await self._asked(counting.backlog)
            while not await self._asked(  # noqa: ASYNC110 - the database is asked, it does not tell
                lambda each: counting.is_worked_off(each, until, self.clock.now())
            ):
                await asyncio.sleep(LOOK_SECONDS)
            await asked

    async def _asked(self, question: Callable[[Transaction], Awaitable[Answer]]) -> Answer:
        """Ask the database, again and again while it is away."""
        while True:
            try:
                async with self.database.read() as transaction:
                    return await question(transaction)
            except Exception as error:
                if not is_away(error):
                    raise
                await asyncio.sleep(LOOK_SECONDS)

    async def count(self) -> Count:
        """Count what must hold now."""
        acknowledged = frozenset(self.vendor.acknowledged)
        async with self.database.read() as transaction:
            return await counting.count(
                transaction,
                vendor=self.vendor,
                acknowledged=acknowledged,
                reports=self._reports,
                since=MONDAY_MORNING,
                now=self.clock.now(),
            )
