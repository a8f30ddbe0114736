"""Bringing a database to the tables that this program needs, step by step, all or nothing."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from storage import folding
from storage.database import Database

_FOLDER = Path(__file__).resolve().parent.parent / "migrations"
_ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7209101)")
_DO_NOT_WAIT_LONG = text("SET LOCAL lock_timeout = '10s'")


async def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database up to a revision, the newest by default; nothing happens when it is there.

    Every step runs in one transaction. Processes that start together wait for one another.
    """
    await _run(url, "upgrade", revision)


async def downgrade(url: str, revision: str = "base") -> None:
    """Take the database back to a revision; "base" leaves no table."""
    await _run(url, "downgrade", revision)


async def _run(url: str, step: str, revision: str) -> None:
    database = Database(url)
    try:
        async with database.begin() as transaction:
            await transaction.connection.run_sync(_migrate, step, revision)
            if (step, revision) == ("upgrade", "head"):
                await folding.follow(transaction)
    finally:
        await database.close()


def _migrate(connection: Connection, step: str, revision: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_AT_A_TIME)
        connection.execute(_DO_NOT_WAIT_LONG)
    config = configuration(connection)
    scripts = ScriptDirectory.from_config(config)
    found = MigrationContext.configure(connection).get_current_revision()
    if step == "upgrade" and revision == "head" and found == scripts.get_current_head():
        return
    getattr(command, step)(config, revision)


def configuration(connection: Connection) -> Config:
    """Return alembic's configuration for an open connection."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config
