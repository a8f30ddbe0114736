"""How statements that are compiled already reach a database: through SQLAlchemy, or straight to SQLite."""

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NoReturn, Protocol, TypeVar, cast

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.prepared import BARE, BareRows
from storage.sqlite_driver import OneCrossingConnection

Values = tuple[Any, ...]
T = TypeVar("T")


class Statements(Protocol):
    """Runs SQL with the driver's own values. Raises SQLAlchemy's errors, whatever is in between."""

    async def read(self, sql: str, values: Values) -> BareRows:
        """Run a query and return its rows."""

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement for each of these rows."""


class ThroughAlchemy:
    """Statements that SQLAlchemy hands to the driver."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def read(self, sql: str, values: Values) -> BareRows:
        """Run a query and return its rows."""
        found: Any = await self._connection.exec_driver_sql(sql, values, execution_options=BARE)
        return cast(BareRows, found)

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement for each of these rows."""
        await self._connection.exec_driver_sql(sql, list(rows))


class StraightToSqlite:
    """Statements of one SQLite connection without SQLAlchemy, whose way to the driver costs more than they.

    With `here` they run in the thread of the event loop: for short ones, which cost less than a crossing.
    What listens to the connection's "before_cursor_execute" hears of them all the same.
    """

    def __init__(self, connection: AsyncConnection, driver: OneCrossingConnection, *, here: bool) -> None:
        self._connection = connection
        self._driver = driver
        self._here = here

    async def read(self, sql: str, values: Values) -> BareRows:
        """Run a query and return its rows."""
        return await self._run(sql, values, partial(_read, self._driver.raw, sql, values), many=False)

    async def write(self, sql: str, rows: Sequence[Values]) -> None:
        """Run a statement for each of these rows."""
        await self._run(sql, rows, partial(self._driver.raw.executemany, sql, rows), many=True)

    async def _run(self, sql: str, values: Any, work: Callable[[], T], *, many: bool) -> T:
        # The public name of `sync_connection` checks each time whether the connection is still there.
        sync = self._connection.sync_connection
        for hears in sync.dispatch.before_cursor_execute if sync else ():
            hears(sync, None, sql, values, None, many)
        try:
            if self._here and self._driver.is_idle:
                return work()
            return await self._driver.cross(work)
        except sqlite3.Error as error:
            raise_as_alchemy(error, sql)


def _read(raw: sqlite3.Connection, sql: str, values: Values) -> BareRows:
    cursor = raw.execute(sql, values)
    return BareRows(cursor.description, cursor.fetchall())


def raise_as_alchemy(error: sqlite3.Error, sql: str) -> NoReturn:
    """Raise what SQLAlchemy makes of a driver's error; without parameters, which may be personal."""
    raise DBAPIError.instance(sql, None, error, sqlite3.Error, hide_parameters=True) from error
