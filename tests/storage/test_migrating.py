"""Migrations: up, down, together, and what they leave is what the tables say."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
import structlog
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, event, inspect, text
from sqlalchemy.exc import DBAPIError

from storage import migrating
from storage.database import Database, driver_arguments
from storage.partitions import INSTEAD_OF_CONSTRAINTS, INSTEAD_OF_INDEXES, is_own_table
from storage.tables import metadata
from tests.postgres import PostgresServer


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


async def hold_tables(connection: "asyncpg.Connection[Any]") -> None:
    """Do as a program does that reads a table and then thinks for long."""
    await connection.execute("BEGIN; SELECT * FROM erasure; SELECT * FROM inbox")


async def test_a_step_that_gets_no_lock_lets_others_pass_and_is_tried_again(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "FIRST_PAUSE", 0.05)
    monkeypatch.setattr(
        migrating, "_ONE_AT_A_TIME", (*migrating._ONE_AT_A_TIME, "SET LOCAL lock_timeout = '50ms'")
    )
    async with postgres.database(empty=True) as url:
        await migrating.upgrade(url, "0011")
        busy = await asyncpg.connect(**driver_arguments(url))
        await hold_tables(busy)
        with structlog.testing.capture_logs() as logs:
            upgrading = asyncio.create_task(migrating.upgrade(url))
            while not any(line["action"] == "migration_waits" for line in logs):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            other = await asyncpg.connect(**driver_arguments(url))
            assert await asyncio.wait_for(other.fetch("SELECT * FROM erasure"), timeout=20) == []
            await other.close()
            assert not upgrading.done()
            await busy.execute("COMMIT")
            await upgrading
        await busy.close()
        assert await on_connection(url, tables) == {*metadata.tables, "alembic_version"}


async def test_a_step_that_never_gets_its_lock_is_given_up_and_leaves_the_last_one(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrating, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(migrating, "TRIES", 2)
    monkeypatch.setattr(
        migrating, "_ONE_AT_A_TIME", (*migrating._ONE_AT_A_TIME, "SET LOCAL lock_timeout = '20ms'")
    )
    async with postgres.database(empty=True) as url:
        await migrating.upgrade(url, "0011")
        busy = await asyncpg.connect(**driver_arguments(url))
        await hold_tables(busy)
        with pytest.raises(DBAPIError, match="lock timeout"):
            await migrating.upgrade(url)
        await busy.close()
        assert await on_connection(url, step_of) == "0011"
        await migrating.upgrade(url)


def step_of(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


async def test_every_step_has_its_limits(postgres: PostgresServer) -> None:
    shown: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if "CREATE TABLE data_key" in statement:
            limits = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
            shown.extend(connection.exec_driver_sql(limits).one())

    event.listen(Engine, "before_cursor_execute", note)
    try:
        async with postgres.database(empty=True) as url:
            await migrating.upgrade(url)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert shown == [migrating.LOCK_TIMEOUT, migrating.STATEMENT_TIMEOUT]


async def test_a_database_of_a_newer_program_is_refused(postgresql_url: str) -> None:
    def pretend(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await on_connection(postgresql_url, pretend)
    with pytest.raises(CommandError, match="9999"):
        await migrating.upgrade(postgresql_url)
