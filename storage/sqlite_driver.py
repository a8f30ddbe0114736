"""A SQLite connection that crosses to its thread once a statement, not once for each part of it.

Built on aiosqlite, for SQLAlchemy, whose adapter opens a cursor, executes, fetches and closes in four
crossings; each costs more than the statement itself.
"""

import sqlite3
from asyncio import Future
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Any, Self, TypeVar

import aiosqlite
from aiosqlite import core
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler

T = TypeVar("T")


class OneCrossingConnection(aiosqlite.Connection):
    """An aiosqlite connection whose cursors do all of their work in one go."""

    # Each is counted up by one thread alone: the first by the event loop's, the second by the connection's.
    _handed_over = 0
    _done = 0

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection itself, for its own thread, and for the event loop's while that one is idle."""
        return self._conn

    @property
    def is_idle(self) -> bool:
        """Whether the connection's thread has nothing to do."""
        return self._handed_over == self._done

    def cursor(self) -> "OneCrossingCursor":  # type: ignore[override]
        """Return a cursor; nothing happens until it executes."""
        return OneCrossingCursor(self)

    async def cross(self, work: Callable[[], T]) -> T:
        """Do some work in the connection's thread."""
        self._handed_over += 1
        done: T = await self._execute(partial(self._count, work))  # type: ignore[no-untyped-call]
        return done

    def _count(self, work: Callable[[], T]) -> T:
        try:
            return work()
        finally:
            self._done += 1


class OneCrossingCursor:
    """Executes, fetches every row and closes, all in the connection's thread."""

    arraysize = 1

    def __init__(self, connection: OneCrossingConnection) -> None:
        self._connection = connection
        self._rows: list[Any] = []
        self.description: Any = None
        self.rowcount = -1
        self.lastrowid: int | None = None

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Self:
        """Run one statement and keep its rows."""
        await self._connection.cross(partial(self._run, "execute", sql, parameters))
        return self

    async def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> Self:
        """Run one statement for many rows."""
        await self._connection.cross(partial(self._run, "executemany", sql, rows))
        return self

    def _run(self, verb: str, sql: str, parameters: Any) -> None:
        cursor = self._connection._conn.cursor()
        try:
            getattr(cursor, verb)(sql, parameters)
            self.description = cursor.description
            self._rows = cursor.fetchall() if cursor.description else []
            self.rowcount, self.lastrowid = cursor.rowcount, cursor.lastrowid
        finally:
            cursor.close()

    async def fetchall(self) -> list[Any]:
        """Return the rows, once."""
        rows, self._rows = self._rows, []
        return rows

    async def close(self) -> None:
        """Do nothing: the real cursor is closed already."""


class InlineConnection(OneCrossingConnection):
    """Works in the thread of whoever asks: nothing crosses, and everybody else waits."""

    async def _execute(self, fn: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        return fn(*args, **kwargs)


async def connect(database: str, *, inline: bool = False) -> OneCrossingConnection:
    """Open a SQLite file; `inline` for a program that does one thing after the other anyway."""
    kind = InlineConnection if inline else OneCrossingConnection
    connection = kind(lambda: sqlite3.connect(database, check_same_thread=False), 64)
    connection._thread = Thread(target=_work, args=(connection._tx,), daemon=True)
    await connection
    return connection


def _work(tasks: SimpleQueue[tuple[Future[Any] | None, Callable[[], Any]]]) -> None:
    """Do what a connection is asked for until it is told to stop; the library's own loop, with one care.

    Whoever asked may be gone with the event loop itself (a process that stops while a statement runs): then
    there is nobody to tell, and no error either.
    """
    result = None
    while result is not core._STOP_RUNNING_SENTINEL:
        future, work = tasks.get()
        try:
            result = work()
        except BaseException as error:
            _tell(future, core.set_exception, error)
        else:
            _tell(future, core.set_result, result)


def _tell(future: Future[Any] | None, how: Callable[[Future[Any], Any], None], what: Any) -> None:
    if future is not None:
        with suppress(RuntimeError):
            future.get_loop().call_soon_threadsafe(how, future, what)


class HintingCompiler(SQLiteCompiler):
    """Writes the hints of a statement ("INDEXED BY ..."): by itself SQLite may take another index."""

    def get_from_hint_text(self, table: Any, text: str | None) -> str | None:
        """Return what stands behind the name of a table."""
        return text
