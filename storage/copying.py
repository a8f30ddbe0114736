"""Every row of a database as plain JSON values, from one snapshot into another database of either kind.

Values are taken as they are stored: what is encrypted stays so.
"""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Select,
    String,
    Table,
    Text,
    TypeDecorator,
    bindparam,
    cast,
    delete,
    func,
    insert,
    inspect,
    select,
    text,
    tuple_,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from storage import partitions
from storage.database import Database, Transaction
from storage.tables import UtcTime, metadata

Row = list[Any]
"""The values of a row as JSON knows them, in the order of the layout's columns."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_AT_ONCE = 1000
_FEWER_AT_ONCE = {"inbox": 100, "model": 1, "seal": 10, "case": 200}
"""Rows that are held in memory together, where they can be large."""
_OF_PEOPLE = ("case", "event", "inbox", "outbox", "person")
"""Tables in which something stands as soon as a city has lived."""

_PLAIN: Mapping[str, Mapping[str, TypeEngine[Any]]] = {
    "sqlite": {
        "time": BigInteger(),
        "date": String(),
        "json": Text(),
        "bool": Integer(),
        "bytes": LargeBinary(),
        "int": BigInteger(),
        "float": Float(),
        "text": Text(),
    },
    "postgresql": {
        "time": DateTime(timezone=True),
        "date": Date(),
        "json": Text(),
        "bool": Boolean(),
        "bytes": LargeBinary(),
        "int": BigInteger(),
        "float": Float(),
        "text": Text(),
    },
}
"""How each database hands values over when nobody makes anything of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """A table as an archive describes it: its columns with what they hold ("time", "json", "bytes" …)."""

    name: str
    columns: tuple[tuple[str, str], ...]

    @property
    def names(self) -> list[str]:
        """The names of the columns."""
        return [name for name, _ in self.columns]


def layouts() -> list[Layout]:
    """Return every table of this program; what others refer to comes before them."""
    return [
        Layout(name=table.name, columns=tuple((column.name, _kind(column)) for column in table.columns))
        for table in metadata.sorted_tables
    ]


def _kind(column: Column[Any]) -> str:
    type_: Any = column.type
    if isinstance(type_, UtcTime):
        return "time"
    while isinstance(type_, TypeDecorator):
        type_ = type_.impl_instance
    for kind, known in (
        ("json", JSON),
        ("bytes", LargeBinary),
        ("bool", Boolean),
        ("date", Date),
        ("int", Integer),
        ("float", Float),
        ("text", String),
    ):
        if isinstance(type_, known):
            return kind
    raise TypeError(f"{column}: {type_!r}")


# ── reading ──────────────────────────────────────────────────────────────────────────────────────


async def keys_of(transaction: Transaction, name: str) -> list[Any]:
    """Return the keys of all rows of a table whose key is one column."""
    [key] = metadata.tables[name].primary_key
    return list((await transaction.connection.execute(select(key))).scalars().all())


async def rows_of(transaction: Transaction, layout: Layout) -> AsyncIterator[list[Row]]:
    """Yield all rows of a table in the order of its key, some at a time."""
    first, others = _queries(layout, transaction.dialect)
    key = [layout.names.index(column.name) for column in metadata.tables[layout.name].primary_key]
    turn = _to_json(layout, transaction.dialect)
    found = (await transaction.connection.execute(first)).all()
    while found:
        yield [turn(row) for row in found]
        after = {f"after_{number}": found[-1][place] for number, place in enumerate(key)}
        found = (await transaction.connection.execute(others, after)).all()


def _queries(layout: Layout, dialect: str) -> tuple[Select[Any], Select[Any]]:
    """Return the query for the first rows of a table, and that for those after a key."""
    table, plain = metadata.tables[layout.name], _PLAIN[dialect]
    kinds = dict(layout.columns)
    keys = [type_coerce(column, plain[kinds[column.name]]) for column in table.primary_key]
    columns = [_as_stored(table.c[name], kind, dialect) for name, kind in layout.columns]
    first = select(*columns).order_by(*table.primary_key)
    first = first.limit(_FEWER_AT_ONCE.get(layout.name, _AT_ONCE))
    after = [bindparam(f"after_{number}", type_=key.type) for number, key in enumerate(keys)]
    if len(keys) == 1:
        return first, first.where(keys[0] > after[0])
    return first, first.where(tuple_(*keys) > tuple_(*after))


def _as_stored(column: Column[Any], kind: str, dialect: str) -> Any:
    if kind == "json":  # of which SQLite makes a number where it can
        return cast(type_coerce(column, JSON()), Text)
    return type_coerce(column, _PLAIN[dialect][kind])


Turn = Callable[[Any], Any]
_FROM_ANY: Mapping[str, Turn] = {"bytes": lambda value: base64.b64encode(value).decode("ascii")}
_FROM_POSTGRESQL: Mapping[str, Turn] = {
    **_FROM_ANY,
    "time": lambda value: (value - _EPOCH) // _MICROSECOND,
    "date": date.isoformat,
    "bool": int,
}
_TO_ANY: Mapping[str, Turn] = {"bytes": base64.b64decode}
_TO_POSTGRESQL: Mapping[str, Turn] = {
    **_TO_ANY,
    "time": lambda value: _EPOCH + timedelta(microseconds=value),
    "date": date.fromisoformat,
    "bool": bool,
}


def _to_json(layout: Layout, dialect: str) -> Callable[[Sequence[Any]], Row]:
    return _turning(layout, _FROM_POSTGRESQL if dialect == "postgresql" else _FROM_ANY)


def _from_json(layout: Layout, dialect: str) -> Callable[[Sequence[Any]], Row]:
    return _turning(layout, _TO_POSTGRESQL if dialect == "postgresql" else _TO_ANY)


def _turning(layout: Layout, turns: Mapping[str, Turn]) -> Callable[[Sequence[Any]], Row]:
    places = [(place, turns[kind]) for place, (_, kind) in enumerate(layout.columns) if kind in turns]

    def turned(row: Sequence[Any]) -> Row:
        values = list(row)
        for place, turn in places:
            if values[place] is not None:
                values[place] = turn(values[place])
        return values

    return turned


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


async def is_empty(transaction: Transaction) -> bool:
    """Tell whether nobody has used a database yet: there is no city in it, and nothing of anybody."""
    for name in _OF_PEOPLE:
        key = next(iter(metadata.tables[name].primary_key))
        if (await transaction.connection.execute(select(key).limit(1))).first():
            return False
    setting = metadata.tables["setting"]
    found = select(setting.c.name).where(setting.c.name == "organisation")
    return (await transaction.connection.execute(found)).first() is None


async def tables_there(transaction: Transaction) -> list[str]:
    """Return which of this program's tables there are, where migrations stopped on the way."""

    def names(connection: Connection) -> set[str]:
        return set(inspect(connection).get_table_names())

    found = await transaction.connection.run_sync(names)
    return [layout.name for layout in layouts() if layout.name in found]


async def clear(transaction: Transaction, names: Sequence[str]) -> None:
    """Take every row of these tables away; what others refer to comes before them."""
    if transaction.dialect == "postgresql":
        quoted = ", ".join(_quoted(transaction, name) for name in names)
        await transaction.connection.execute(text(f"TRUNCATE {quoted}"))
        return
    for name in reversed(names):
        await transaction.connection.execute(delete(metadata.tables[name]))


async def load(transaction: Transaction, layout: Layout, rows: Iterator[Row]) -> int:
    """Put rows into a table, as they were read; return how many those were. Call it within `unguarded`."""
    turn, counted = _from_json(layout, transaction.dialect), 0
    if transaction.dialect == "postgresql":
        return await _copy(transaction, layout, turn, rows)
    table = Table(
        layout.name,
        MetaData(),
        *(Column(name, _PLAIN["sqlite"][kind]) for name, kind in layout.columns),
    )
    statement = insert(table)
    for batch in _batches(rows, _FEWER_AT_ONCE.get(layout.name, _AT_ONCE)):
        values = [dict(zip(layout.names, turn(row), strict=True)) for row in batch]
        await transaction.connection.execute(statement, values)
        counted += len(batch)
    return counted


def _batches(rows: Iterator[Row], size: int) -> Iterator[list[Row]]:
    batch: list[Row] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


async def _copy(
    transaction: Transaction, layout: Layout, turn: Callable[[Sequence[Any]], Row], rows: Iterator[Row]
) -> int:
    """Put all rows into a table by one COPY, so that rows may refer to others of their table."""
    counted = 0

    async def records() -> AsyncIterator[tuple[Any, ...]]:
        nonlocal counted
        for row in rows:
            counted += 1
            yield tuple(turn(row))

    raw = await transaction.connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.copy_records_to_table(layout.name, records=records(), columns=layout.names)
    return counted


@asynccontextmanager
async def unguarded(transaction: Transaction) -> AsyncIterator[None]:
    """Let rows in as they are: no trigger counts, checks or refuses them again. For one's own transaction."""
    suspend = _suspend_on_postgresql if transaction.dialect == "postgresql" else _suspend_on_sqlite
    restore = await suspend(transaction)
    yield
    await restore()


_TRIGGERS = text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND sql IS NOT NULL")
_REBUILD_WORDS = text("INSERT INTO case_words (case_words) VALUES ('rebuild')")


async def _suspend_on_sqlite(transaction: Transaction) -> Callable[[], Awaitable[None]]:
    connection = transaction.connection
    await connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    triggers = (await connection.execute(_TRIGGERS)).all()
    for name, _ in triggers:
        await connection.execute(text(f"DROP TRIGGER {_quoted(transaction, name)}"))

    async def restore() -> None:
        for _, sql in triggers:
            await connection.exec_driver_sql(sql)
        await connection.execute(_REBUILD_WORDS)

    return restore


_TRIGGERED = text(
    "SELECT DISTINCT CAST(CAST(tgrelid AS regclass) AS text) FROM pg_trigger t "
    "JOIN pg_class c ON c.oid = tgrelid WHERE NOT tgisinternal "
    "AND c.relnamespace = CAST(current_schema() AS regnamespace)"
)


async def _suspend_on_postgresql(transaction: Transaction) -> Callable[[], Awaitable[None]]:
    connection = transaction.connection
    tables = (await connection.execute(_TRIGGERED)).scalars().all()
    for table in tables:
        await connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER USER"))

    async def restore() -> None:
        for table in tables:
            await connection.execute(text(f"ALTER TABLE {table} ENABLE TRIGGER USER"))
        await connection.run_sync(partitions.remember_keys)

    return restore


# ── automatic numbers ────────────────────────────────────────────────────────────────────────────


def _numbered() -> list[str]:
    """Return the tables whose ids the database counts itself."""
    return [table.name for table in metadata.sorted_tables if _counts_itself(table)]


def _counts_itself(table: Table) -> bool:
    key = table.autoincrement_column
    return key is not None and key.autoincrement is not False


async def last_numbers(transaction: Transaction) -> dict[str, int]:
    """Return the last number that was given in each table that counts by itself."""
    if transaction.dialect == "sqlite":
        found = await transaction.connection.execute(text("SELECT name, seq FROM sqlite_sequence"))
        given = {name: int(number) for name, number in found if name in metadata.tables}
        return {name: given.get(name, 0) for name in _numbered()}
    return {name: await _last_on_postgresql(transaction, name) for name in _numbered()}


async def _last_on_postgresql(transaction: Transaction, name: str) -> int:
    sequence = await _sequence_of(transaction, name)
    if sequence is None:
        return 0
    query = text(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
    return int((await transaction.connection.execute(query)).scalar_one())


async def _sequence_of(transaction: Transaction, name: str) -> str | None:
    query = text("SELECT pg_get_serial_sequence(:table, 'id')")
    row = {"table": _quoted(transaction, name)}
    found: str | None = (await transaction.connection.execute(query, row)).scalar_one()
    return found


async def go_on_from(transaction: Transaction, last: Mapping[str, int]) -> None:
    """Let each of these tables, which count by themselves, go on after these numbers; never back."""
    for name in [name for name in _numbered() if name in last]:
        table = metadata.tables[name]
        largest = await transaction.connection.execute(select(func.max(table.c.id)))
        number = max(largest.scalar_one() or 0, last[name])
        if transaction.dialect == "sqlite":
            await _go_on_in_sqlite(transaction, name, number)
        elif number > await _last_on_postgresql(transaction, name):
            sequence = await _sequence_of(transaction, name)
            query = text("SELECT setval(CAST(:sequence AS regclass), :number)")
            await transaction.connection.execute(query, {"sequence": sequence, "number": number})


async def _go_on_in_sqlite(transaction: Transaction, name: str, number: int) -> None:
    row = {"name": name, "number": number}
    for statement in (
        "DELETE FROM sqlite_sequence WHERE name = :name AND seq < :number",
        "INSERT INTO sqlite_sequence (name, seq) SELECT :name, :number "
        "WHERE :number > 0 AND NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :name)",
    ):
        await transaction.connection.execute(text(statement), row)


def _quoted(transaction: Transaction, name: str) -> str:
    return transaction.connection.dialect.identifier_preparer.quote(name)


# ── the database around it ───────────────────────────────────────────────────────────────────────


async def take_stock(database: Database) -> None:
    """Let the database count what it holds, so that it plans its queries by that."""
    async with database.begin() as transaction:
        await transaction.connection.execute(text("ANALYZE"))
