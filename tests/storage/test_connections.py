"""Connections to PostgreSQL: their limits, room on a full server, several hosts, and what a pooler needs."""

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import connections
from storage.database import Database, driver_arguments
from storage.wakeups import Wakeups
from tests.postgres import PostgresServer

PROCESSES = 50
ROOM = 100
"""What `max_connections` is where nobody has set it; the server of the tests has more."""


async def setting(database: Database, name: str) -> str:
    async with database.begin() as transaction:
        found = await transaction.connection.exec_driver_sql(f"SELECT current_setting('{name}')")
        return str(found.scalar_one())


async def test_a_connection_says_whose_it_is_and_has_limits(postgresql: Database) -> None:
    assert await setting(postgresql, "application_name") == "langnghe"
    assert await setting(postgresql, "statement_timeout") == "10min"
    assert await setting(postgresql, "lock_timeout") == "30s"
    assert await setting(postgresql, "idle_in_transaction_session_timeout") == "5min"
    assert await setting(postgresql, "idle_session_timeout") == "20s"


@pytest.fixture
async def small_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database that takes as many connections of a program as a server that nobody has set up."""
    async with postgres.database() as url:
        superuser = await asyncpg.connect(**driver_arguments(url))
        await superuser.execute("DROP ROLE IF EXISTS program")
        await superuser.execute(f"CREATE ROLE program LOGIN CONNECTION LIMIT {ROOM}")
        await superuser.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO program")
        yield url.replace("postgres@", "program@")
        await superuser.execute("DROP OWNED BY program")
        await superuser.execute("DROP ROLE program")
        await superuser.close()


async def test_fifty_processes_have_room_on_one_server(
    small_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_PAUSE", 0.02)
    processes = [Database(small_url) for _ in range(PROCESSES)]
    heard: list[str] = []
    listening = [Wakeups(small_url, heard.append) for _ in processes]

    async def announce(database: Database) -> None:
        async with database.begin() as transaction:
            await transaction.connection.execute(text("SELECT pg_notify('langnghe', 'chat:web:an')"))
            await asyncio.sleep(0.02)

    async def work(database: Database) -> None:
        await asyncio.gather(*(announce(database) for _ in range(3)))
        # As if it had been idle for so long that the server closed what it did not need.
        await database.close()

    async with asyncio.timeout(120):
        await asyncio.gather(*(each.start() for each in listening))
        with structlog.testing.capture_logs() as logs:
            await asyncio.gather(*(work(database) for database in processes))
    for each in listening:
        await each.close()
    assert heard.count("chat:web:an") > 0
    assert {line["action"] for line in logs} <= {"database_full"}


async def test_whoever_finds_no_room_waits_for_some_and_says_so(
    small_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "FIRST_PAUSE", 0.02)
    superuser = await asyncpg.connect(**driver_arguments(small_url.replace("program@", "postgres@")))
    await superuser.execute("ALTER ROLE program CONNECTION LIMIT 1")
    one, other = Database(small_url), Database(small_url)
    with structlog.testing.capture_logs() as logs:
        async with one.begin():
            waiting = asyncio.create_task(setting(other, "application_name"))
            while not logs:  # noqa: ASYNC110 - the log is asked, it does not tell
                await asyncio.sleep(0.01)
            assert not waiting.done()
        await one.close()
        assert await asyncio.wait_for(waiting, timeout=60) == "langnghe"
    assert {line["action"] for line in logs} == {"database_full"}
    assert "LANGNGHE_DATABASE_CONNECTIONS" in logs[0]["event"]
    await other.close()
    await superuser.close()


async def test_a_server_that_stays_full_is_an_error_in_the_end(
    small_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "PATIENCE_SECONDS", 0.0)
    superuser = await asyncpg.connect(**driver_arguments(small_url.replace("program@", "postgres@")))
    await superuser.execute("ALTER ROLE program CONNECTION LIMIT 0")
    database = Database(small_url)
    with pytest.raises((asyncpg.TooManyConnectionsError, DBAPIError)):
        await setting(database, "application_name")
    await database.close()
    await superuser.close()


async def test_a_connection_that_the_server_has_closed_is_replaced(postgresql: Database) -> None:
    async with postgresql.begin() as transaction:
        first = await transaction.connection.exec_driver_sql("SELECT pg_backend_pid()")
        number = first.scalar_one()
    superuser = await asyncpg.connect(**driver_arguments(str(postgresql.url)))
    await superuser.execute("SELECT pg_terminate_backend($1, 5000)", number)
    await superuser.close()
    assert await setting(postgresql, "application_name") == "langnghe"


async def test_what_was_idle_too_long_is_not_used_any_more(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server may close it at the very moment in which a statement is sent."""
    monkeypatch.setattr(connections, "CLOSING_SECONDS", float(connections.IDLE_SECONDS))
    database = Database(postgresql_url)
    numbers = set()
    for _ in range(3):
        async with database.begin() as transaction:
            found = await transaction.connection.exec_driver_sql("SELECT pg_backend_pid()")
            numbers.add(found.scalar_one())
    assert len(numbers) == 3
    await database.close()


# ── several hosts ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def two_hosts(postgresql_url: str) -> str:
    """A URL of two servers of which only the second is there, and must be the primary."""
    path, folder = postgresql_url.split("?host=")
    return f"{path}?host=/nonexistent:5432&host={folder}:5432&target_session_attrs=read-write"


async def test_of_several_hosts_the_one_that_takes_writes_is_used(two_hosts: str) -> None:
    database = Database(two_hosts)
    assert await setting(database, "application_name") == "langnghe"
    await database.close()


async def test_listening_finds_it_too(two_hosts: str) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listening = Wakeups(two_hosts, heard.put_nowait)
    await listening.start()
    assert await asyncio.wait_for(heard.get(), timeout=60) == "inbox"
    await listening.close()


async def test_where_no_host_takes_writes_nothing_is_opened(postgres: PostgresServer) -> None:
    async with postgres.database(empty=True) as url:
        owner = await asyncpg.connect(**driver_arguments(url))
        name = url.split("@/")[1].split("?")[0]
        await owner.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        await owner.close()
        database = Database(f"{url}&target_session_attrs=read-write")
        with pytest.raises((asyncpg.TargetServerAttributeNotMatched, DBAPIError)):
            await setting(database, "application_name")
        await database.close()


# ── a pooler ─────────────────────────────────────────────────────────────────────────────────────


async def test_through_a_pooler_nothing_of_a_session_is_counted_on(postgresql_url: str) -> None:
    database = Database(postgresql_url, pooled=True, pool_size=1)
    assert await setting(database, "application_name") == "langnghe"
    assert await setting(database, "statement_timeout") == "0"
    async with database.begin() as transaction:
        for _ in range(2):
            await transaction.connection.execute(text("SELECT 1 + :one"), {"one": 1})
        left = await transaction.connection.exec_driver_sql(
            "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'SELECT 1 +%'"
        )
        assert left.scalar_one() == 0
    await database.close()
