"""Lắng Nghe beside other bots: pairs alternate (ours, theirs, theirs, ours, …) under the same load.

Each bot runs in a fresh process on a fresh database, with one core to itself and the load on the other; a
PostgreSQL server uses both.
"""

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
from tqdm import tqdm

from benchmarks import slow_disk
from benchmarks.goals import Goal, Result, of_pairs
from benchmarks.load import WARDS
from benchmarks.machine import found_city, free_port, on_core, running, seat_chairs
from storage import migrating
from tests.postgres import PostgresServer

REFERENCE = "benchmarks.reference"
REFERENCE_ON_POSTGRESQL = "benchmarks.reference_postgresql"
AIOGRAM = "benchmarks.rival_aiogram"
TELEGRAM = "benchmarks.rival_telegram"
OURS = "benchmarks.ours"
SLOWER_BY = 2.0
"""Milliseconds that an fsync of an ordinary disk takes more than one of this machine."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bot:
    """Who takes part. database: "sqlite", "postgresql", or empty for a bot that keeps nothing."""

    module: str
    database: str = "sqlite"
    slow: bool = False
    """Whether its disk is an ordinary one."""
    read: bool = False
    """Whether texts are really understood."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """One comparison. a_second: the pace of the load, for figures that are times; 0 for as many as can be."""

    goal: Goal
    what: str
    ours: Bot
    theirs: Bot
    a_second: int = 0


def _rate(name: str, what: str, rival: str, aim: float, *, database: str = "sqlite") -> Contest:
    kept = "" if rival in (AIOGRAM, TELEGRAM) else database
    ours = Bot(module=OURS, database=database)
    return Contest(
        goal=Goal(name=name, aim=aim), what=what, ours=ours, theirs=Bot(module=rival, database=kept)
    )


def _time(name: str, what: str, rival: str, a_second: int, *, database: str = "sqlite") -> Contest:
    return Contest(
        goal=Goal(name=name, aim=2.0, most=True),
        what=what,
        ours=Bot(module=OURS, database=database),
        theirs=Bot(module=rival, database=database),
        a_second=a_second,
    )


def _ordinary_disk(what: str, database: str) -> Contest:
    kind = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[database]
    ours = Bot(module=OURS, database=database, slow=True)
    return Contest(
        goal=Goal(name=f"own rate of {what} with 2 ms more for each fsync / without, {kind}", aim=0.7),
        what=what,
        ours=ours,
        theirs=Bot(module=OURS, database=database),
    )


CONTESTS = (
    _rate("acknowledged / bare aiohttp, SQLite", "acknowledgements", REFERENCE, 0.8),
    _rate(
        "acknowledged / bare aiohttp, PostgreSQL",
        "acknowledgements",
        REFERENCE_ON_POSTGRESQL,
        0.8,
        database="postgresql",
    ),
    _rate("turns / durable reference, SQLite", "turns", REFERENCE, 0.6),
    _rate(
        "turns / durable reference, PostgreSQL batched",
        "turns",
        REFERENCE_ON_POSTGRESQL,
        0.6,
        database="postgresql",
    ),
    _rate("turns / aiogram in memory", "turns", AIOGRAM, 1.8),
    _rate("turns / python-telegram-bot without persistence", "turns", TELEGRAM, 2.5),
    Contest(
        goal=Goal(name="turns with real reading / aiogram in memory, reading too", aim=1.8),
        what="turns",
        ours=Bot(module=OURS, read=True),
        theirs=Bot(module=AIOGRAM, database="", read=True),
    ),
    _ordinary_disk("acknowledgements", "sqlite"),
    _ordinary_disk("turns", "sqlite"),
    _ordinary_disk("turns", "postgresql"),
    _time("p99 of acknowledgements at 500/s / reference, SQLite", "acknowledgements", REFERENCE, 500),
    _time("p99 of turns at 150/s / reference, SQLite", "turns", REFERENCE, 150),
    _time(
        "p99 of turns at 150/s / reference, PostgreSQL",
        "turns",
        REFERENCE_ON_POSTGRESQL,
        150,
        database="postgresql",
    ),
)


class Ground:
    """Where contests take place: a city to copy for each run, and servers that start when they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._template = folder / "template"
        self._template.mkdir()
        asyncio.run(found_city(f"sqlite:///{self._template}/bench.db"))
        self._server: PostgresServer | None = None
        self._slow: PostgresServer | None = None
        self._names = itertools.count(1)

    @contextlib.contextmanager
    def database(self, bot: Bot, folder: Path) -> Iterator[str]:
        """Lend what a bot keeps its data in: for ours a city, for others nothing yet."""
        if bot.database == "postgresql":
            with self._on_server(city=bot.module == OURS, slow=bot.slow) as url:
                yield url
        elif bot.module == OURS:
            shutil.copytree(self._template, folder / "city")
            yield f"sqlite:///{folder}/city/bench.db"
        else:
            yield f"{folder}/bench.db"

    @contextlib.contextmanager
    def _on_server(self, *, city: bool, slow: bool) -> Iterator[str]:
        loop = asyncio.new_event_loop()
        lent = self._running(slow).database(empty=not city)
        url = loop.run_until_complete(lent.__aenter__())
        try:
            if city:
                chairs = {ward: f"chair-{ward}" for ward in WARDS}
                loop.run_until_complete(seat_chairs(url, channel="web", chairs=chairs))
            yield url
        finally:
            loop.run_until_complete(lent.__aexit__(None, None, None))
            loop.close()

    def _running(self, slow: bool) -> PostgresServer:
        """Return the server; one with an ordinary disk is another one."""
        known = self._slow if slow else self._server
        if known is None:
            known = durable_server(self.folder / ("slow" if slow else "quick"), slow=slow)
            self._slow, self._server = (known, self._server) if slow else (self._slow, known)
        return known

    @contextlib.asynccontextmanager
    async def empty(self, kind: str) -> AsyncIterator[str]:
        """Lend a fresh database with its tables and nothing in them."""
        if kind == "postgresql":
            server = await asyncio.to_thread(self._running, False)
            async with server.database() as url:
                yield url
            return
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            url = f"sqlite:///{name}/bench.db"
            await migrating.upgrade(url)
            yield url

    def close(self) -> None:
        """Stop the servers."""
        for server in (self._server, self._slow):
            if server is not None:
                server.stop()

    def disk(self, bot: Bot) -> dict[str, str]:
        """Return what gives a bot's own files their disk."""
        slower = bot.slow and bot.database == "sqlite"
        return slow_disk.environment(self.folder, SLOWER_BY) if slower else {}


def durable_server(folder: Path, *, slow: bool = False) -> PostgresServer:
    """Start a server that keeps what it has promised, unlike that of the tests.

    With `slow` each flush takes as much longer as an fsync of an ordinary disk.
    """
    folder.mkdir(mode=0o755)
    server = PostgresServer(folder, session=os.getpid())
    server.start()
    asyncio.run(_keep_promises(server.url("postgres"), delay=int(SLOWER_BY * 1000) if slow else 0))
    return server


async def _keep_promises(url: str, *, delay: int) -> None:
    connection = await asyncpg.connect(url)
    wanted = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on", "autovacuum": "on"}
    for name, value in {**wanted, "commit_delay": delay, "commit_siblings": 0}.items():
        await connection.execute(f"ALTER SYSTEM SET {name} = '{value}'")
    await connection.execute("SELECT pg_reload_conf()")
    await connection.close()


def measure(contest: Contest, bot: Bot, ground: Ground, seconds: float) -> dict[str, float]:
    """Return what the load found of one bot: how many a second, and how long each took."""
    port, api_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=ground.folder) as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        database = stack.enter_context(ground.database(bot, folder)) if bot.database else ""
        command = _command(contest, bot, database, folder, port, api_port)
        stack.enter_context(running(command, folder / "log", environment=ground.disk(bot)))
        words = [sys.executable, "-m", "benchmarks.load", contest.what, "--seconds", str(seconds)]
        words += ["--url", f"http://127.0.0.1:{port}/telegram", "--api-port", str(api_port)]
        words += ["--a-second", str(contest.a_second)]
        done = subprocess.run([*on_core(1), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{done.stderr[-2000:]}\n{(folder / 'log').read_text()[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _command(contest: Contest, bot: Bot, database: str, folder: Path, port: int, api_port: int) -> list[str]:
    words = [sys.executable, "-m", bot.module, "--port", str(port)]
    words += ["--api-url", f"http://127.0.0.1:{api_port}"]
    if database:
        words += ["--database", database]
    if bot.module == OURS:
        words += ["--media", f"{folder}/media"]
    # At a pace the whole program answers: acknowledgements are no use when turns starve them.
    if contest.what == "acknowledgements" and not contest.a_second:
        words.append("--receive-only")
    return [*words, "--read"] if bot.read else words


def run(contest: Contest, ground: Ground, pairs: int, seconds: float) -> Result:
    """Return the median ratio of so many alternated pairs."""
    counted = "p99_ms" if contest.a_second else "per_second"
    found: dict[bool, list[float]] = {True: [], False: []}
    with tqdm(total=pairs * 2, desc=contest.goal.name, disable=not sys.stderr.isatty()) as bar:
        for pair in range(pairs):
            for ours in (True, False) if pair % 2 == 0 else (False, True):
                bot = contest.ours if ours else contest.theirs
                found[ours].append(measure(contest, bot, ground, seconds)[counted])
                bar.update()
    ratios = [our / their for our, their in zip(found[True], found[False], strict=True)]
    unit = "ms" if contest.a_second else "/s"
    ours_, theirs = statistics.median(found[True]), statistics.median(found[False])
    digits = 1 if contest.a_second else 0
    return of_pairs(ratios, f"{ours_:,.{digits}f} against {theirs:,.{digits}f} {unit}")
