"""Bringing a database to the tables that this program needs, step by step, while others go on using it."""

import asyncio
import os
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import structlog
from sqlalchemy import Connection, make_url
from sqlalchemy.exc import DBAPIError

from storage import folding
from storage.database import Database
from storage.revision import current, newest

if TYPE_CHECKING:
    from alembic.config import Config

LOCK_TIMEOUT, STATEMENT_TIMEOUT = "5s", "15min"
"""How long a step waits for a lock, with all who come later behind it, and how long a statement may take."""
TRIES, FIRST_PAUSE, LONGEST_PAUSE = 8, 0.5, 8.0
"""How often a step is tried that does not get its locks, with how many seconds between; doubled each time."""

_FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_ONE_AT_A_TIME = (
    "SET LOCAL lock_timeout = 0",
    "SET LOCAL statement_timeout = 0",
    "SELECT pg_advisory_xact_lock(7209101)",
    f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'",
    f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'",
)
"""Processes that start together wait for one another as long as it takes, and for nobody else."""
_NO_LOCK = frozenset({"55P03", "40P01"})
log = structlog.get_logger()


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to a revision, the newest by default; nothing happens when it is there.

    On PostgreSQL every step of a database that is in use has a transaction of its own, so that locks are held
    for one step at most; a step that gets a lock too late is undone and tried again. Everywhere else all
    steps run in one transaction. Raises what the last try raised.
    """
    make_private(url)
    if revision == "head" and await _is_newest(url):
        return  # as at nearly every start, without the library that takes steps
    await _run(url, "upgrade", revision)


def make_private(url: str) -> None:
    """Make a SQLite file that is not there, for its owner alone; what lies beside it follows it."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database and parsed.database != ":memory:":
        with suppress(FileExistsError):
            os.close(os.open(parsed.database, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


async def _is_newest(url: str) -> bool:
    database = Database(url, pool_size=1)
    try:
        async with database.begin() as transaction:
            if await current(transaction) != newest():
                return False
            await folding.follow(transaction)
            return True
    finally:
        await database.close()


async def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to a revision; "base" leaves no table."""
    await _run(url, "downgrade", revision)


async def _run(url: str, step: str, revision: str) -> None:
    database = Database(url, pool_size=1)
    try:
        while await _take_step(database, step, revision):
            pass
    finally:
        await database.close()


async def _take_step(database: Database, step: str, revision: str) -> bool:
    """Take a step, more than once where a lock is not to be had; tell whether there may be another."""
    pause = FIRST_PAUSE
    for tries_left in reversed(range(TRIES)):
        try:
            async with database.begin() as transaction:
                more = await transaction.connection.run_sync(_migrate, step, revision)
                if not more and (step, revision) == ("upgrade", "head"):
                    await folding.follow(transaction)
                return more
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _NO_LOCK or not tries_left:
                raise
            log.warning(
                "A migration waits for a lock and is tried again.", action="migration_waits", seconds=pause
            )
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
    raise AssertionError("the last try returns or raises")


def _migrate(connection: Connection, step: str, revision: str) -> bool:
    """Do what is to be done in one transaction; tell whether there may be more."""
    from alembic import command
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    if connection.dialect.name == "postgresql":
        for statement in _ONE_AT_A_TIME:
            connection.exec_driver_sql(statement)
    config = configuration(connection)
    steps = [script.revision for script in ScriptDirectory.from_config(config).walk_revisions()]
    found = MigrationContext.configure(connection).get_current_revision()
    target = {"head": steps[0], "base": None}.get(revision, revision)
    if step == "upgrade" and found == target:
        return False
    if connection.dialect.name != "postgresql" or found is None or found not in steps:
        # Nobody uses what is not there yet; and alembic says best what it does not know.
        getattr(command, step)(config, revision)
        return False
    if not _lies_ahead(steps, found, target, step):
        return False
    getattr(command, step)(config, "+1" if step == "upgrade" else "-1")
    return MigrationContext.configure(connection).get_current_revision() != target


def _lies_ahead(steps: list[str], found: str, target: str | None, step: str) -> bool:
    """Tell whether a step up or down leads from one to the other; `steps` are the newest first."""
    places = {name: place for place, name in enumerate(reversed(steps))}
    there = -1 if target is None else places.get(target, len(steps))
    return there > places[found] if step == "upgrade" else there < places[found]


def configuration(connection: Connection) -> "Config":
    """Return alembic's configuration for an open connection."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
