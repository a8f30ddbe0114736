"""Wake-ups between processes."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text

from storage import messages, wakeups
from storage.database import Database
from storage.wakeups import Wakeups


class Listener:
    """Keeps what it hears."""

    def __init__(self, url: str) -> None:
        self.heard: asyncio.Queue[str] = asyncio.Queue()
        self.wakeups = Wakeups(url, self.heard.put_nowait)

    async def hears(self, *expected: str) -> None:
        async with asyncio.timeout(10):
            for what in expected:
                assert await self.heard.get() == what


@pytest.fixture
async def listener(postgresql_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Listener]:
    monkeypatch.setattr(wakeups, "FIRST_PAUSE", 0.01)
    listening = Listener(postgresql_url)
    await listening.wakeups.start()
    await listening.hears("inbox", "outbox")
    yield listening
    await listening.wakeups.close()


async def announce(database: Database, *boxes: str) -> None:
    async with database.begin() as transaction:
        for box in boxes:
            await messages.announce(transaction, box)


async def test_what_is_announced_is_heard_once_it_is_committed(
    postgresql: Database, listener: Listener
) -> None:
    async with postgresql.begin() as transaction:
        await messages.announce(transaction, "inbox")
        await asyncio.sleep(0.05)
        assert listener.heard.empty()
    await listener.hears("inbox")
    await announce(postgresql, "outbox", "chat:web:an")
    await listener.hears("outbox", "chat:web:an")


async def test_a_lost_connection_is_made_again(postgresql: Database, listener: Listener) -> None:
    kill = text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'")
    async with postgresql.begin() as transaction:
        await transaction.connection.execute(kill)
    await listener.hears("inbox", "outbox")
    await announce(postgresql, "chat:web:an")
    await listener.hears("chat:web:an")


async def test_a_listener_that_fails_does_not_deafen_the_rest(
    postgresql: Database, postgresql_url: str
) -> None:
    ready, done = asyncio.Event(), asyncio.Event()

    def fail(what: str) -> None:
        if what == "outbox":
            ready.set()
        if what == "chat:web:b":
            done.set()
        if what.startswith("chat"):
            raise RuntimeError(what)

    listening = Wakeups(postgresql_url, fail)
    await listening.start()
    async with asyncio.timeout(10):
        await ready.wait()
        await announce(postgresql, "chat:web:a", "chat:web:b")
        await done.wait()
    await listening.close()


async def test_a_database_that_is_away_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wakeups, "FIRST_PAUSE", 0.01)
    listening = Listener("postgresql://nobody@/nothing?host=/nonexistent")
    await listening.wakeups.start()
    await asyncio.sleep(0.1)
    await listening.wakeups.close()
    assert listening.heard.empty()


async def test_on_sqlite_there_is_nothing_to_hear(sqlite: Database, sqlite_url: str) -> None:
    listening = Listener(sqlite_url)
    await listening.wakeups.start()
    await announce(sqlite, "inbox")
    await listening.wakeups.close()
    assert listening.heard.empty()
