"""The one connection that writes to a SQLite file, and the short transactions that share a commit there.

What a commit costs is the wait for the disk. Whoever comes during one shares the next: receipts, turns and
what was sent go to the disk together, and each hears of it when it is there.
"""

import asyncio
import sqlite3
import time
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.sqlite_driver import OneCrossingConnection
from storage.statements import raise_as_alchemy
from storage.turnstile import Turnstile

MOST_TOGETHER = 8
"""How many transactions share a commit at most, so that the first does not wait long for the last."""
LOCKED_SECONDS = 10.0
"""How long to wait for another process that writes to the file."""
_PAUSE_SECONDS = 0.005


def _future() -> "asyncio.Future[Any]":
    return asyncio.get_running_loop().create_future()


@dataclass(eq=False, slots=True)
class _Member:
    """One of the transactions that share a commit."""

    may_begin: "asyncio.Future[None]" = field(default_factory=_future)
    ended: "asyncio.Future[BaseException | None]" = field(default_factory=_future)
    """Done when it has written all it wants; with what went wrong it is undone."""
    durable: "asyncio.Future[None]" = field(default_factory=_future)

    def fail(self, error: BaseException) -> None:
        """Tell whoever waits that nothing of it will be stored."""
        waits_for = self.durable if self.may_begin.done() else self.may_begin
        if not waits_for.done():
            waits_for.set_exception(error)
            waits_for.exception()  # whoever waited may be gone, and then nobody asks


class SqliteWriter:
    """Gives out the one connection that writes, to one at a time."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turnstile = Turnstile()
        self._receipts: deque[_Member] = deque()
        self._others: deque[_Member] = deque()
        self._gathering: asyncio.Task[None] | None = None
        """Commits together what waits and what comes meanwhile; None when who comes next has to begin it."""
        self._opened: tuple[AsyncConnection, OneCrossingConnection] | None = None

    @property
    def first_waits(self) -> bool:
        """Whether a receipt waits."""
        return any(not member.may_begin.done() for member in self._receipts)

    @property
    def connection(self) -> AsyncConnection:
        """What SQLAlchemy writes through, for whoever has the turn."""
        assert self._opened is not None
        return self._opened[0]

    @property
    def driver(self) -> OneCrossingConnection:
        """The same connection without SQLAlchemy."""
        assert self._opened is not None
        return self._opened[1]

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Hold the connection, with a transaction of one's own; what is short goes before."""
        async with self._turnstile.pass_through(first=False):
            try:
                await self._begin()
                yield
                await self._commit()
            except BaseException:
                await self._roll_back()
                raise

    @asynccontextmanager
    async def short_turn(self, *, receipt: bool) -> AsyncIterator[None]:
        """Hold the connection for a short time, with others that do; return when all of it is durable.

        Receipts come last of those that share a commit, so that it has all that arrived meanwhile.
        """
        member = _Member()
        (self._receipts if receipt else self._others).append(member)
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._do_together())
        try:
            await member.may_begin
            yield
        except BaseException as error:
            member.ended.set_result(error)
            raise
        member.ended.set_result(None)
        await member.durable

    async def close(self) -> None:
        """Close the connection when nobody holds it any more."""
        async with self._turnstile.pass_through(first=False):
            opened, self._opened = self._opened, None
            if opened:
                await opened[0].close()
            await self._engine.dispose()

    async def _do_together(self) -> None:
        """Let through who waits, one after the other, and commit what they did."""
        members: list[_Member] = []
        try:
            async with self._turnstile.pass_through(first=True):
                try:
                    await self._begin()
                    for member in self._coming():
                        await self._let_through(member, members)
                    self._gather_again()
                    await self._commit()
                except BaseException:
                    await self._roll_back()
                    raise
        except BaseException as error:
            for member in (*members, *self._coming()):
                member.fail(error)
            self._gather_again()
            if not isinstance(error, Exception):
                raise
        for member in members:
            if not member.durable.done():
                member.durable.set_result(None)

    def _coming(self) -> Iterator[_Member]:
        """Yield those who wait, and those who come while others have their turn."""
        for _ in range(MOST_TOGETHER):
            line = self._others or self._receipts
            if not line:
                return
            yield line.popleft()

    def _gather_again(self) -> None:
        """Leave who comes from now on to another commit."""
        if self._gathering is asyncio.current_task():
            waits = self._others or self._receipts
            self._gathering = asyncio.create_task(self._do_together()) if waits else None

    async def _let_through(self, member: _Member, members: list[_Member]) -> None:
        if member.may_begin.done():  # nobody waits for it any more
            return
        await self._execute("SAVEPOINT member")
        members.append(member)
        member.may_begin.set_result(None)
        error = await member.ended
        if error is not None:
            members.remove(member)
            await self.driver.cross(partial(_undo_member, self.driver.raw, error))
        await self._execute("RELEASE member")

    async def _begin(self) -> None:
        if self._opened is None:
            await self._open()
        until = time.monotonic() + LOCKED_SECONDS
        while True:
            try:
                await self._execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                    raise_as_alchemy(error, "BEGIN IMMEDIATE")
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _open(self) -> None:
        connection = await self._engine.connect()
        # SQLAlchemy's own transaction begins and ends nothing here, and lasts as long as the connection.
        await connection.begin()
        driver = (await connection.get_raw_connection()).driver_connection
        assert isinstance(driver, OneCrossingConnection)
        self._opened = connection, driver

    async def _execute(self, sql: str) -> None:
        """Run what takes no time, in its place behind what is under way."""
        work = partial(self.driver.raw.execute, sql)
        if self.driver.is_idle:
            work()
        else:
            await self.driver.cross(work)

    async def _commit(self) -> None:
        try:
            await self.driver.cross(self.driver.raw.commit)
        except sqlite3.Error as error:
            raise_as_alchemy(error, "COMMIT")

    async def _roll_back(self) -> None:
        if self._opened:
            await asyncio.shield(self.driver.cross(self.driver.raw.rollback))


def _undo_member(raw: sqlite3.Connection, error: BaseException) -> None:
    """Undo what one did; where SQLite has undone everything by itself, that holds for all."""
    if not raw.in_transaction:
        raise error
    raw.execute("ROLLBACK TO member")
