"""Connections and transactions: one writer on SQLite, a pool on PostgreSQL, the same code above."""

import json
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ClauseElement,
    ColumnElement,
    Connection,
    Executable,
    Table,
    and_,
    bindparam,
    event,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool
from sqlalchemy.sql.dml import Insert, UpdateBase
from sqlalchemy.sql.visitors import traverse

from storage import connections, sqlite_driver
from storage.prepared import Columns, Row, prepare_read, prepare_write, returning_bare_rows
from storage.sealing import Keyring, keyring_of
from storage.sqlite_writer import SqliteWriter
from storage.statements import Statements, StraightToSqlite, ThroughAlchemy
from storage.tables import metadata

_dump_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_PRAGMAS = (
    "busy_timeout=10000",
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "secure_delete=ON",
)
_TABLE_ORDER = {table.name: number for number, table in enumerate(metadata.sorted_tables)}
_known_reads: WeakKeyDictionary[Executable, frozenset[str] | None] = WeakKeyDictionary()
_known_changes: WeakKeyDictionary[Executable, frozenset[str] | None] = WeakKeyDictionary()


class Transaction:
    """One database transaction with a buffer of writes.

    `write` keeps rows back so that one statement carries many of them. `fetch` sends what is kept back for
    the tables it reads first, so a reader always sees every earlier write of the transaction.
    """

    def __init__(
        self, connection: AsyncConnection, statements: Statements | None = None, *, read_only: bool = False
    ) -> None:
        self.connection = connection
        self.dialect = connection.dialect.name
        self.read_only = read_only
        self._statements = statements or ThroughAlchemy(connection)
        self._inserts: dict[tuple[int, Columns], tuple[Insert, list[Row]]] = {}
        self._updates: list[tuple[UpdateBase, Columns, list[Row]]] = []
        self._touched: set[str] = set()

    @property
    def keyring(self) -> Keyring | None:
        """What contact data is sealed with; None where it is kept plain."""
        return keyring_of(self.connection.dialect)

    def write(self, statement: UpdateBase, row: Row) -> None:
        """Buffer one row for a statement that is a module constant: inserts by table order, then updates."""
        self._touched.add(_target(statement))
        # Rows that go out together must have the same columns: the first decides for all of them.
        columns = tuple(row)
        if isinstance(statement, Insert):
            self._inserts.setdefault((id(statement), columns), (statement, []))[1].append(row)
        else:
            self._rows_of(statement, columns).append(row)

    def _rows_of(self, statement: UpdateBase, columns: Columns) -> list[Row]:
        """Return where rows of a change are gathered: what touches other tables alone may go before it."""
        tables = _tables_of(statement)
        for known, names, rows in reversed(self._updates):
            if known is statement and names == columns:
                return rows
            others = _tables_of(known)
            if tables is None or others is None or not tables.isdisjoint(others):
                break
        self._updates.append((statement, columns, []))
        return self._updates[-1][2]

    async def flush(self) -> None:
        """Send every buffered write."""
        if not self._touched:
            return
        inserts, updates = list(self._inserts.values()), self._updates
        self._inserts, self._updates, self._touched = {}, [], set()
        inserts.sort(key=lambda item: _TABLE_ORDER[_target(item[0])])
        for statement, rows in [*inserts, *((statement, rows) for statement, _, rows in updates)]:
            prepared = prepare_write(statement, tuple(rows[0]), self.connection.dialect)
            await self._statements.write(prepared.sql, [prepared.values(row) for row in rows])

    async def fetch(self, statement: Executable, parameters: Row | None = None) -> Sequence[Row]:
        """Return all rows of a query, each a mapping by the names of its columns."""
        if self._touched and self._reads_touched(statement):
            await self.flush()
        return await self._read(statement, parameters)

    async def _read(self, statement: Executable, parameters: Row | None) -> Sequence[Row]:
        prepared = prepare_read(statement, parameters or {}, self.connection.dialect)
        if prepared is None:
            result = await self.connection.execute(statement, dict(parameters) if parameters else None)
            return cast(Sequence[Row], result.mappings().all())
        found = await self._statements.read(prepared.sql, prepared.values(parameters or {}))
        return prepared.mappings(found)

    async def fetch_stored(self, statement: Executable, parameters: Row | None = None) -> Sequence[Row]:
        """Return the rows of a query as they are stored, without what is kept back here, which stays so."""
        return await self._read(statement, parameters)

    def kept_back(self, table: Table) -> Sequence[Row] | None:
        """Return the rows to be inserted into a table; None if others of it are to be changed too."""
        if any(table.name in (_tables_of(statement) or [table.name]) for statement, _, _ in self._updates):
            return None
        return [row for statement, rows in self._inserts.values() if statement.table is table for row in rows]

    async def fetch_one(self, statement: Executable, parameters: Row | None = None) -> Row | None:
        """Return the first row of a query, or None."""
        rows = await self.fetch(statement, parameters)
        return rows[0] if rows else None

    async def execute(self, statement: Executable, rows: Row | Sequence[Row] | None = None) -> int:
        """Run a statement now, after all buffered writes; return how many rows it matched."""
        await self.flush()
        parameters = [dict(row) for row in rows] if isinstance(rows, Sequence) else dict(rows or {})
        result = await self.connection.execute(statement, parameters)
        return int(result.rowcount)

    def _reads_touched(self, statement: Executable) -> bool:
        read = _tables_read(statement)
        return read is None or not self._touched.isdisjoint(read)


def _tables_read(statement: Executable) -> frozenset[str] | None:
    """Return the names of the tables that a statement reads, None when that cannot be told."""
    try:
        return _known_reads[statement]
    except KeyError:
        found = _known_reads[statement] = _find_tables(statement)
        return found


def _tables_of(statement: UpdateBase) -> frozenset[str] | None:
    """Return the names of the tables that a change reads or writes, None when that cannot be told."""
    try:
        return _known_changes[statement]
    except KeyError:
        found = _find_tables(statement, unclear=[])
        found = _known_changes[statement] = found and found | {_target(statement)}
        return found


def _find_tables(statement: Executable, unclear: list[Any] | None = None) -> frozenset[str] | None:
    tables: set[str] = set()
    if unclear is None:
        unclear = [statement] if isinstance(statement, UpdateBase) else []
    visitors: dict[str, Callable[[Any], None]] = {
        "table": lambda table: tables.add(table.name),
        "textclause": unclear.append,
        "column": lambda column: unclear.append(column) if column.is_literal else None,
    }
    traverse(cast(ClauseElement, statement), {}, visitors)
    # Words of SQL may name any table; so may a table that is none of ours; what changes rows may need any.
    return frozenset(tables) if tables and not unclear and tables <= _TABLE_ORDER.keys() else None


def _target(statement: UpdateBase) -> str:
    return cast(Table, statement.table).name


class Database:
    """The city's database. `url` is a SQLAlchemy URL of SQLite or PostgreSQL; drivers are chosen here.

    With `expendable` a SQLite file may be lost when the machine stops, and its statements run in the thread
    of the event loop: for a program that does one thing after the other and can begin again (a simulation).
    pool_size and pooled: how many connections to PostgreSQL it may have, and whether they lead to PgBouncer.
    Raises ValueError for another kind of database.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = connections.POOL_SIZE,
        pooled: bool = False,
        expendable: bool = False,
    ) -> None:
        self._expendable = expendable
        self._pooled = pooled
        self.url = _with_driver(make_url(url))
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._writer = self._engine(pool_size=1 if self.sqlite else pool_size, writes=True)
        self._reader = self._engine(pool_size=4, writes=False) if self.sqlite else self._writer
        self._sqlite_writer = SqliteWriter(self._writer)

    def _engine(self, *, pool_size: int, writes: bool) -> AsyncEngine:
        engine = create_async_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            # Every transaction here ends with a commit or a rollback: another one is a crossing for nothing.
            pool_reset_on_return=None if self.sqlite else "rollback",
            json_serializer=_dump_json,
            hide_parameters=True,
            **(
                {"async_creator": self._connect_sqlite}
                if self.sqlite
                else connections.engine_options(pooled=self._pooled)
            ),
        )
        engine.dialect.execution_ctx_cls = returning_bare_rows(engine.dialect.execution_ctx_cls)
        if self.sqlite:
            engine.dialect.statement_compiler = sqlite_driver.HintingCompiler
            prepare = partial(_prepare_sqlite, writes=writes, expendable=self._expendable)
            event.listen(engine.sync_engine, "connect", prepare)
            if not writes:  # who writes begins and commits by itself
                event.listen(engine.sync_engine, "begin", _begin_reading)
        else:
            connections.replace_closed(engine.sync_engine)
        return engine

    @property
    def keyring(self) -> Keyring | None:
        """What contact data is sealed with; None where it is kept plain."""
        return keyring_of(self._writer.dialect)

    def seal_with(self, keyring: Keyring | None) -> None:
        """Seal contact data from now on, and open what is sealed; with None everything is kept plain."""
        for engine in (self._writer, self._reader):
            engine.dialect.keyring = keyring  # type: ignore[attr-defined]  # where our column types look

    @property
    def connections_in_use(self) -> int:
        """How many connections of this process are in use just now."""
        pools = {id(engine.pool): engine.pool for engine in (self._writer, self._reader)}
        return sum(pool.checkedout() for pool in pools.values() if isinstance(pool, AsyncAdaptedQueuePool))

    @property
    def is_pressed(self) -> bool:
        """Whether a transaction that goes first waits for the writer; never on PostgreSQL, which has many."""
        return self._sqlite_writer.first_waits

    async def _connect_sqlite(self) -> sqlite_driver.OneCrossingConnection:
        return await sqlite_driver.connect(self.url.database or ":memory:", inline=self._expendable)

    @asynccontextmanager
    async def begin(self, *, first: bool = False, short: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction that may write; commits at the end, rolls back on any exception.

        `short` is for those that somebody waits for and that wait for nothing but their own statements: they
        get SQLite's one writer before others, and those that wait for it together share a commit. `first` is
        for receipts, which are short, and for which turns leave the writer sooner.
        """
        if not self.sqlite:
            async with self._writer.begin() as connection:
                transaction = Transaction(connection)
                yield transaction
                await transaction.flush()
            return
        writer, short = self._sqlite_writer, short or first
        async with writer.short_turn(receipt=first) if short else writer.turn():
            straight = StraightToSqlite(writer.connection, writer.driver, here=short)
            transaction = Transaction(writer.connection, straight)
            yield transaction
            await transaction.flush()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Transaction]:
        """Open a transaction that only reads one consistent state."""
        async with self._reader.connect() as connection:
            if not self.sqlite:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            async with connection.begin():
                transaction = Transaction(connection, read_only=True)
                yield transaction
                # A write that was buffered here is a mistake; the database says so.
                await transaction.flush()

    async def close(self) -> None:
        """Close every connection."""
        await (self._sqlite_writer.close() if self.sqlite else self._writer.dispose())
        await self._reader.dispose()


def either_of(first: ColumnElement[str], second: ColumnElement[str]) -> ColumnElement[bool]:
    """Return the condition for `halves`: SQLite searches an index for it, but scans for a list of pairs.

    It also holds for pairs put together from two others; whoever reads the rows goes by their keys.
    """
    return and_(
        first.in_(bindparam("firsts", expanding=True)), second.in_(bindparam("seconds", expanding=True))
    )


def halves(pairs: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    """Return the parameters of `either_of` for these pairs."""
    known = set(pairs)
    return {"firsts": sorted({first for first, _ in known}), "seconds": sorted({last for _, last in known})}


def driver_arguments(url: str) -> dict[str, Any]:
    """Return what the driver's own `connect` takes, for a connection outside the pool."""
    full = _with_driver(make_url(url))
    _, arguments = full.get_dialect()().create_connect_args(full)
    return dict(arguments)


def is_sqlite(url: str) -> bool:
    """Tell whether a URL names a SQLite file; raises ValueError for another kind of database."""
    return _with_driver(make_url(url)).get_backend_name() == "sqlite"


def _with_driver(url: URL) -> URL:
    drivers = {
        "sqlite": "sqlite+aiosqlite",
        "postgresql": "postgresql+asyncpg",
        "postgres": "postgresql+asyncpg",
    }
    backend = url.drivername.split("+")[0]
    if backend not in drivers:
        raise ValueError(f"no such kind of database: {backend!r} (sqlite or postgresql)")
    return url.set(drivername=drivers[backend])


def _prepare_sqlite(connection: Any, _record: Any, *, writes: bool, expendable: bool = False) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    kept = ("synchronous=OFF",) if expendable else ()
    # Who writes waits for another process without a thread that waits.
    mode = ("query_only=OFF", "busy_timeout=0") if writes else ("query_only=ON",)
    for pragma in (*_PRAGMAS, *kept, *mode):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")
