"""The faults, each a function that lets it happen and returns when it is over."""

import asyncio
import shutil
import sqlite3
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import timedelta

import asyncpg

from storage.database import driver_arguments
from tests.faults import vendor as troubles
from tests.faults.harness import Harness
from tests.faults.program import refused_second
from tests.faults.vendor import Trouble

Strike = Callable[[Harness], Awaitable[None]]

BOTH = frozenset({"sqlite", "postgresql"})
SQLITE, POSTGRESQL = frozenset({"sqlite"}), frozenset({"postgresql"})
LOCKED_TABLES = ("inbox", "outbox", '"case"', "event")


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One kind of fault."""

    strike: Strike
    databases: frozenset[str] = BOTH
    own_server: bool = False
    """Whether it needs a PostgreSQL server that it may stop."""


# ── the program ──────────────────────────────────────────────────────────────────────────────────


async def killed(harness: Harness) -> None:
    """SIGKILL at a random moment; started again at once."""
    await harness.lasts(0.3, 2.3)
    await harness.kill()
    await harness.program.spawn()


async def killed_while_starting(harness: Harness) -> None:
    """SIGKILL, and again while it is coming up."""
    await harness.kill()
    await harness.program.spawn()
    await harness.lasts(0, 4)
    await harness.kill()
    await harness.program.spawn()


async def second_process(harness: Harness) -> None:
    """Start another process of the same role: refused on SQLite, both work on PostgreSQL."""
    if harness.sqlite:
        said = await refused_second(harness.program)
        assert "in use by another running program" in said, said
        return
    other = harness.another()
    await other.start()
    harness.vendor.targets = [f"{each.url}/telegram" for each in (harness.program, other)]
    try:
        await harness.lasts(1, 2)
        await harness.kill()
        await harness.lasts(1, 2)
        await harness.program.start()
        await harness.lasts(1, 2)
    finally:
        harness.vendor.targets = []
        await other.stop()


# ── the database ─────────────────────────────────────────────────────────────────────────────────


async def database_locked(harness: Harness) -> None:
    """Hold the writer's lock, or lock the tables, for some seconds."""
    await _lock(harness, harness.drawn(2, 4))


async def database_locked_long(harness: Harness) -> None:
    """The same for longer than the program waits for a lock."""
    await _lock(harness, harness.drawn(12, 22))


async def _lock(harness: Harness, seconds: float) -> None:
    if harness.sqlite:
        await asyncio.to_thread(_hold_file, str(harness.database.url.database), seconds)
        return
    connection = await asyncpg.connect(**driver_arguments(harness.database_url))
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {', '.join(LOCKED_TABLES)} IN ACCESS EXCLUSIVE MODE")
            await asyncio.sleep(seconds)
    finally:
        await connection.close()


def _hold_file(path: str, seconds: float) -> None:
    with closing(sqlite3.connect(path, timeout=60, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        threading.Event().wait(seconds)
        connection.execute("ROLLBACK")


async def database_restarted(harness: Harness) -> None:
    """Stop the PostgreSQL server and start it again some seconds later."""
    await _restart(harness, "fast")


async def database_crashed(harness: Harness) -> None:
    """The same without a clean end: it comes back by its log."""
    await _restart(harness, "immediate")


async def _restart(harness: Harness, mode: str) -> None:
    assert harness.server is not None
    await harness.server.stop(mode)
    await harness.lasts(0, 4)
    await harness.server.start()


async def connections_cut(harness: Harness) -> None:
    """End every connection of the program, again and again, as a restart or a proxy does."""
    for _ in range(4):
        await _administer(harness, _CUT)
        await harness.lasts(0, 0.5)


_CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


async def database_read_only(harness: Harness) -> None:
    """The connections lead to a server that takes no writes, as after a fail-over."""
    await _administer(harness, "SET default_transaction_read_only = off", _read_only("on"), _CUT)
    await harness.lasts(3, 5)
    await _administer(harness, "SET default_transaction_read_only = off", _read_only("off"), _CUT)


def _read_only(setting: str) -> str:
    return (
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = "
        f"{setting}', current_database()); END $$"
    )


async def _administer(harness: Harness, *statements: str) -> None:
    connection = await asyncpg.connect(**driver_arguments(harness.database_url))
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def disk_full(harness: Harness) -> None:
    """No file of the program can be written any further (RLIMIT_FSIZE: EFBIG where a full disk says ENOSPC).

    On SQLite that is the log of the database and the media; with PostgreSQL the media alone.
    """
    harness.program.limit_files(0)
    try:
        await harness.lasts(3, 6)
    finally:
        harness.program.limit_files(None)


# ── the vendor ───────────────────────────────────────────────────────────────────────────────────


def _vendor_in(trouble: Trouble) -> Strike:
    async def strike(harness: Harness) -> None:
        harness.vendor.trouble = trouble
        try:
            await harness.lasts(3, 7)
        finally:
            harness.vendor.trouble = None

    strike.__doc__ = trouble.__doc__
    return strike


async def vendor_down(harness: Harness) -> None:
    """Nobody listens, and open connections are dropped."""
    harness.vendor.trouble = troubles.drops
    await harness.vendor.go_away()
    try:
        await harness.lasts(3, 7)
    finally:
        harness.vendor.trouble = None
        await harness.vendor.come_back()


async def vendor_down_long(harness: Harness) -> None:
    """The same for minutes: back-off must not make it longer than it was."""
    harness.vendor.trouble = troubles.drops
    try:
        await harness.lasts(80, 100)
    finally:
        harness.vendor.trouble = None


async def webhooks_disturbed(harness: Harness) -> None:
    """Updates overtake one another, and half of them come again."""
    harness.vendor.disturbing = True
    try:
        await harness.lasts(3, 5)
    finally:
        harness.vendor.disturbing = False


# ── the clock ────────────────────────────────────────────────────────────────────────────────────

_FORWARD = (timedelta(minutes=2), timedelta(hours=3), timedelta(hours=25))
_BACK = (timedelta(minutes=2), timedelta(hours=3), timedelta(hours=8))
"""Within the day: what is written into a day that is sealed, the ledger tells of, as it should."""


async def clock_forward(harness: Harness) -> None:
    """The clock jumps forward, and back to the right time some seconds later."""
    await _jump(harness, harness.random.choice(_FORWARD))


async def clock_back(harness: Harness) -> None:
    """The clock jumps back, and forward to the right time some seconds later."""
    await _jump(harness, -harness.random.choice(_BACK))


async def _jump(harness: Harness, by: timedelta) -> None:
    harness.clock.jump(by)
    try:
        await harness.lasts(3, 6)
    finally:
        harness.clock.jump(-by)


# ── media ────────────────────────────────────────────────────────────────────────────────────────


async def media_missing(harness: Harness) -> None:
    """The file of a photo is gone before the unit's card is sent; the unit answers the case all the same."""
    media = harness.folder / "media"

    def lose() -> None:
        for path in media.rglob("*.*"):
            path.unlink()

    await harness.load.file_with_photo(lose)


async def media_away(harness: Harness) -> None:
    """The folder of the media is not there for some seconds, as when a volume is not mounted."""
    media, aside = harness.folder / "media", harness.folder / "media-aside"
    media.rename(aside)
    try:
        await harness.lasts(3, 6)
    finally:
        if media.exists():
            shutil.rmtree(media)
        aside.rename(media)


FAULTS: Mapping[str, Fault] = {
    "killed": Fault(strike=killed),
    "killed_while_starting": Fault(strike=killed_while_starting),
    "second_process": Fault(strike=second_process),
    "database_locked": Fault(strike=database_locked),
    "database_locked_long": Fault(strike=database_locked_long),
    "database_restarted": Fault(strike=database_restarted, databases=POSTGRESQL, own_server=True),
    "database_crashed": Fault(strike=database_crashed, databases=POSTGRESQL, own_server=True),
    "connections_cut": Fault(strike=connections_cut, databases=POSTGRESQL),
    "database_read_only": Fault(strike=database_read_only, databases=POSTGRESQL),
    "disk_full": Fault(strike=disk_full),
    "vendor_down": Fault(strike=vendor_down),
    "vendor_down_long": Fault(strike=vendor_down_long),
    "vendor_slow": Fault(strike=_vendor_in(troubles.is_slow)),
    "vendor_429": Fault(strike=_vendor_in(troubles.asks_to_wait)),
    "vendor_500": Fault(strike=_vendor_in(troubles.fails)),
    "vendor_garbage": Fault(strike=_vendor_in(troubles.talks_garbage)),
    "vendor_half": Fault(strike=_vendor_in(troubles.breaks_off)),
    "webhooks_disturbed": Fault(strike=webhooks_disturbed),
    "clock_forward": Fault(strike=clock_forward),
    "clock_back": Fault(strike=clock_back),
    "media_missing": Fault(strike=media_missing),
    "media_away": Fault(strike=media_away),
}
"""Every fault by its name."""


def fitting(database: str, *, own_server: bool) -> list[str]:
    """Return the names of the faults that can happen to a kind of database."""
    return [
        name
        for name, fault in FAULTS.items()
        if database in fault.databases and (own_server or not fault.own_server)
    ]
