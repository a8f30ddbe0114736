"""What is acknowledged is durable; what arrives together is stored together; nothing is stored twice."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError, OperationalError

from handlers.channel import Envelope
from handlers.receipt import ALBUM_PAUSE, Receiver
from storage.database import Database, Transaction
from storage.tables import inbox
from tests.machinery import WatchedDatabase

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
AWAY = OperationalError("INSERT", {}, Exception("the disk is full"))
FULL = IntegrityError("INSERT", {}, Exception("refused"))
UNSTORABLE = "\ud800"
"""Half a character: no database takes it."""


class Desk:
    """A receiver, and how often it said that there is something to do."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.woken = 0
        self.receiver = Receiver(database, stored=self._wake, now=lambda: NOON)

    def _wake(self) -> None:
        self.woken += 1

    def takes(self, *ids: str, chat: str = "an", album: str = "") -> list["asyncio.Task[None]"]:
        """Hand in updates, all at once."""
        return [
            asyncio.create_task(
                self.receiver.receive(
                    "telegram", Envelope(external_id=each, chat=chat, album=album), each.encode()
                )
            )
            for each in ids
        ]

    async def stored(self) -> list[str]:
        """Return what another connection finds in the inbox, in order."""
        async with self.database.read() as transaction:
            rows = await transaction.fetch(select(inbox.c.external_id).order_by(inbox.c.id))
        return [row["external_id"] for row in rows]


@pytest.fixture
def desk(watched: WatchedDatabase) -> Desk:
    return Desk(watched)


async def begin(tasks: Iterable["asyncio.Task[None]"]) -> None:
    """Let tasks run until they wait for the database."""
    await asyncio.wait(tasks, timeout=0.05)


async def test_what_is_acknowledged_is_there_for_everybody(desk: Desk) -> None:
    await asyncio.gather(*desk.takes("1"))
    assert await desk.stored() == ["1"]
    assert desk.woken == 1


async def test_nothing_is_acknowledged_before_the_commit(desk: Desk, watched: WatchedDatabase) -> None:
    watched.gate.clear()
    [receipt] = desk.takes("1")
    await begin([receipt])
    assert not receipt.done()
    assert await desk.stored() == []
    assert desk.woken == 0
    watched.gate.set()
    await receipt
    assert await desk.stored() == ["1"]


async def test_what_arrives_while_a_commit_runs_shares_the_next(desk: Desk, watched: WatchedDatabase) -> None:
    watched.gate.clear()
    first = desk.takes("first")
    await begin(first)
    others = desk.takes(*(f"{number}" for number in range(50)))
    await begin(others)
    watched.gate.set()
    await asyncio.gather(*first, *others)
    assert watched.commits == 2
    assert await desk.stored() == ["first", *(f"{number}" for number in range(50))]


async def test_a_repeated_update_is_acknowledged_and_stored_once(desk: Desk) -> None:
    await asyncio.gather(*desk.takes("1", "1", "2"))
    await asyncio.gather(*desk.takes("1"))
    assert await desk.stored() == ["1", "2"]


async def test_a_database_that_is_away_refuses_everybody_at_once(
    desk: Desk, watched: WatchedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = 0
    begin_watched = watched.begin

    def begin_counted(*, first: bool) -> object:
        nonlocal tries
        tries += 1
        return begin_watched(first=first)

    monkeypatch.setattr(watched, "begin", begin_counted)
    watched.fault = AWAY
    refused = await asyncio.gather(*desk.takes("1", "2", "3"), return_exceptions=True)
    assert refused == [AWAY, AWAY, AWAY]
    assert tries == 1
    assert desk.woken == 0
    watched.fault = None
    await asyncio.gather(*desk.takes("1", "2", "3"))
    assert await desk.stored() == ["1", "2", "3"]


async def test_one_update_that_cannot_be_stored_does_not_refuse_its_neighbours(desk: Desk) -> None:
    good, bad, last = await asyncio.gather(
        *desk.takes("1"), *desk.takes("2", chat=UNSTORABLE), *desk.takes("3"), return_exceptions=True
    )
    assert (good, last) == (None, None)
    assert isinstance(bad, Exception)
    assert await desk.stored() == ["1", "3"]


async def test_what_came_later_in_a_chat_is_never_stored_before_what_was_refused(
    desk: Desk, watched: WatchedDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    together, faults = watched.begin, iter([FULL, FULL])

    @asynccontextmanager
    async def begin_failing_twice(*, first: bool) -> AsyncIterator[Transaction]:
        async with together(first=first) as transaction:
            yield transaction
            if fault := next(faults, None):
                raise fault

    monkeypatch.setattr(watched, "begin", begin_failing_twice)
    told = await asyncio.gather(*desk.takes("1", "2"), *desk.takes("3", chat="bình"), return_exceptions=True)
    assert told == [FULL, FULL, None], "all three together, then the first alone: the disk has room again"
    await asyncio.gather(*desk.takes("1", "2"))
    assert await desk.stored() == ["3", "1", "2"]


async def test_a_sender_who_hangs_up_does_not_stop_the_others(desk: Desk, watched: WatchedDatabase) -> None:
    watched.gate.clear()
    leaving, staying = desk.takes("1", "2")
    await begin([leaving, staying])
    leaving.cancel()
    watched.gate.set()
    await staying
    assert await desk.stored() == ["1", "2"]


async def test_closing_waits_for_what_was_handed_in(desk: Desk, watched: WatchedDatabase) -> None:
    watched.gate.clear()
    [receipt] = desk.takes("1")
    await begin([receipt])
    closing = asyncio.create_task(desk.receiver.close())
    await begin([closing])
    assert not closing.done()
    watched.gate.set()
    await closing
    assert await desk.stored() == ["1"]
    await receipt


async def test_the_parts_of_an_album_wait_for_one_another(desk: Desk, watched: WatchedDatabase) -> None:
    await asyncio.gather(*desk.takes("1"), *desk.takes("2", album="holiday"))
    async with watched.read() as transaction:
        rows = await transaction.fetch(select(inbox.c.available_at).order_by(inbox.c.id))
    assert [row["available_at"] - NOON for row in rows] == [NOON - NOON, ALBUM_PAUSE]


async def test_receipts_get_the_writer_before_turns_that_came_earlier(
    desk: Desk, watched: WatchedDatabase
) -> None:
    if not watched.sqlite:
        pytest.skip("PostgreSQL has many writers")
    seen: list[list[str]] = []

    async def turns() -> None:
        async with watched.begin():
            seen.append(await desk.stored())

    async with watched.begin():
        waiting = asyncio.create_task(turns())
        await begin([waiting])
        receipts = desk.takes("1")
        await begin(receipts)
        assert watched.is_pressed
    await asyncio.gather(waiting, *receipts)
    assert seen == [["1"]]
