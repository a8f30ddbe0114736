"""Migrations: up, down, together, and what they leave is what the tables say."""

import asyncio
from collections.abc import Callable

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from storage import migrating
from storage.database import Database
from storage.partitions import INSTEAD_OF_CONSTRAINTS, INSTEAD_OF_INDEXES, is_own_table
from storage.tables import metadata


async def on_connection(url: str, function: object) -> object:
    database = Database(url)
    try:
        async with database.begin() as transaction:
            return await transaction.connection.run_sync(function)  # type: ignore[arg-type]
    finally:
        await database.close()


def tables(connection: Connection) -> set[str]:
    """Return the tables, without partitions and what SQLite's full-text index is made of."""
    names = inspect(connection).get_table_names()
    return {name for name in names if not name.startswith("case_words") and not is_own_table(name)}


def default_differs(
    _context: object, _found: object, _meant: object, found: str | None, _default: object, meant: str | None
) -> bool | None:
    """Take an empty text for equal, which alembic does not on SQLite; leave the rest to alembic."""
    return False if (found, meant) == ("('')", "") else None


def is_compared(name: str | None, kind: str, _parents: object) -> bool:
    """Leave out the full-text index and what partitions are made of."""
    if (name or "").startswith(("case_words", "ix_case_search_words")):
        return False
    return not (kind == "table" and is_own_table(name or "")) and name not in INSTEAD_OF_INDEXES


def is_meant(connection: Connection) -> Callable[[object, str | None, str, bool, object], bool]:
    """Return what tells whether PostgreSQL has what the tables say: of some unique constraints only keys."""

    def answer(_thing: object, name: str | None, _kind: str, reflected: bool, _other: object) -> bool:
        if connection.dialect.name != "postgresql" or name not in INSTEAD_OF_CONSTRAINTS:
            return True
        return reflected  # where there is one nonetheless, it is a difference

    return answer


def differences(connection: Connection) -> list[object]:
    options = {
        "compare_type": True,
        "compare_server_default": default_differs,
        "include_name": is_compared,
        "include_object": is_meant(connection),
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def test_up_makes_every_table_and_down_leaves_none(empty_url: str) -> None:
    await migrating.upgrade(empty_url)
    assert await on_connection(empty_url, tables) == {*metadata.tables, "alembic_version"}
    await migrating.downgrade(empty_url)
    assert await on_connection(empty_url, tables) == {"alembic_version"}
    await migrating.upgrade(empty_url)
    assert await on_connection(empty_url, tables) == {*metadata.tables, "alembic_version"}


async def test_migrations_and_tables_agree(database_url: str) -> None:
    assert await on_connection(database_url, differences) == []


async def test_a_database_that_is_up_to_date_is_left_alone(database_url: str) -> None:
    await migrating.upgrade(database_url)
    assert await on_connection(database_url, differences) == []


async def test_processes_that_start_together_migrate_once(empty_url: str) -> None:
    await asyncio.gather(*(migrating.upgrade(empty_url) for _ in range(3)))
    assert await on_connection(empty_url, differences) == []


async def test_a_step_that_fails_leaves_nothing_behind(empty_url: str) -> None:
    def in_the_way(connection: Connection) -> None:
        connection.execute(text("CREATE TABLE event (id INTEGER)"))

    await on_connection(empty_url, in_the_way)
    with pytest.raises(DBAPIError, match="event"):
        await migrating.upgrade(empty_url)
    assert await on_connection(empty_url, tables) == {"event"}


_TRIGGERS = {"case_counted_added", "case_counted_removed", "case_counted_changed"}


async def test_every_change_of_a_case_is_noted_by_the_database(database_url: str) -> None:
    """A step that makes a table anew on SQLite would drop them."""

    def triggers(connection: Connection) -> set[str]:
        found = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "postgresql":
            found = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
        return set(connection.execute(text(found)).scalars())

    assert await on_connection(database_url, triggers) >= _TRIGGERS
    await migrating.downgrade(database_url, "0008")
    assert not await on_connection(database_url, triggers) & _TRIGGERS  # type: ignore[operator]
    await migrating.upgrade(database_url)
    assert await on_connection(database_url, triggers) >= _TRIGGERS
    assert await on_connection(database_url, differences) == []
