"""Prepared reading: the same rows as SQLAlchemy's own, for every type, length of list and kind of query."""

from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Executable,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    bindparam,
    insert,
    literal,
    select,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import JSON

from storage.database import Database, Transaction
from storage.faults import is_away
from storage.prepared import prepare_read
from storage.sealing import Sealed
from storage.tables import UtcTime, metadata, person, setting

NOON = datetime(2026, 11, 23, 5, 0, 0, 123456, tzinfo=UTC)
ADD_PERSON = insert(person)
BY_IDS = (
    select(person.c.id, person.c.created_at)
    .where(person.c.id.in_(bindparam("ids", expanding=True)), person.c.name.in_(["Bà Tư", "Bà Năm"]))
    .order_by(person.c.id)
)
VALUES: dict[type[Any], Any] = {
    UtcTime: NOON,
    JSON: {"words": ["Lắng nghe", None, 1.5], "none": None},
    Boolean: True,
    LargeBinary: b"\x00\xff",
    Float: 21.0285,
    Date: date(2026, 11, 23),
    Integer: 7,
    BigInteger: 2**53 + 1,
    String: "Ngõ 1",
}


def _value(column: Column[Any]) -> Any:
    type_ = column.type.impl_instance if isinstance(column.type, Sealed) else column.type
    return next(value for kind, value in VALUES.items() if isinstance(type_, kind))


async def _usual(
    transaction: Transaction, statement: Executable, row: dict[str, Any]
) -> list[dict[str, Any]]:
    result = await transaction.connection.execute(statement, row)
    return [dict(each) for each in result.mappings()]


async def _prepared(
    transaction: Transaction, statement: Executable, row: dict[str, Any]
) -> list[dict[str, Any]]:
    """Read twice, since a query is prepared only when it comes again."""
    await transaction.fetch(statement, row)
    assert prepare_read(statement, row, transaction.connection.dialect) is not None
    return [dict(each) for each in await transaction.fetch(statement, row)]


@pytest.mark.parametrize("name", [table.name for table in metadata.sorted_tables])
async def test_a_row_of_every_table_comes_back_as_before(database: Database, name: str) -> None:
    columns = [Column(column.name, column.type) for column in metadata.tables[name].columns]
    # Without constraints one row may hold anything, and another nothing.
    copy = Table("copied", MetaData(), *columns)
    rows = [{column.name: _value(column) for column in columns}, dict.fromkeys(copy.columns.keys())]
    statement = select(copy)
    async with database.begin() as transaction:
        await transaction.connection.run_sync(copy.create)
        await transaction.connection.execute(insert(copy), rows)
        usual = await _usual(transaction, statement, {})
        found = await _prepared(transaction, statement, {})
    assert found == usual
    assert [[type(value) for value in row.values()] for row in found] == [
        [type(value) for value in row.values()] for row in usual
    ]
    assert found == rows


async def _add_people(transaction: Transaction) -> None:
    for number in range(1, 100):
        transaction.write(ADD_PERSON, {"id": number, "name": "Bà Tư", "created_at": NOON})
    await transaction.flush()


async def test_lists_of_any_length_are_found(database: Database) -> None:
    async with database.begin() as transaction:
        await _add_people(transaction)
        for length in [*range(99), *range(99)]:
            found = await transaction.fetch(BY_IDS, {"ids": list(range(1, length + 1))})
            assert [row["id"] for row in found] == list(range(1, length + 1))


async def test_lists_of_many_lengths_share_few_statements(database: Database) -> None:
    """Else a database would have to understand a new one for each number of chats that come together."""
    async with database.begin() as transaction:
        dialect = transaction.connection.dialect
        await _prepared(transaction, BY_IDS, {"ids": [1]})
        known = [prepare_read(BY_IDS, {"ids": list(range(length))}, dialect) for length in range(1, 65)]
    assert len({found.sql for found in known if found}) == 7


async def test_each_reading_has_its_own_parameters(database: Database) -> None:
    statement = (
        select(person.c.id).where(person.c.id.in_(bindparam("ids", expanding=True))).limit(bindparam("limit"))
    )
    async with database.begin() as transaction:
        await _add_people(transaction)
        await _prepared(transaction, statement, {"ids": [1, 2], "limit": 2})
        for ids, limit in [([3, 4], 2), ([5, 6], 1), ([7], 5)]:
            found = await transaction.fetch(statement, {"ids": ids, "limit": limit})
            assert {row["id"] for row in found} <= set(ids)
            assert len(found) == min(len(ids), limit)


async def test_a_parameter_that_is_asked_for_twice_counts_twice(database: Database) -> None:
    statement = select(person.c.id).where(
        (person.c.created_at >= bindparam("at")) & (person.c.created_at <= bindparam("at"))
    )
    async with database.begin() as transaction:
        await _add_people(transaction)
        assert len(await _prepared(transaction, statement, {"at": NOON})) == 99


async def test_a_missing_parameter_is_an_error_not_nothing(sqlite: Database) -> None:
    statement = select(person.c.id).where(person.c.id == bindparam("wanted"))
    async with sqlite.read() as transaction:
        await _prepared(transaction, statement, {"wanted": 1})
        with pytest.raises(KeyError):
            await transaction.fetch(statement, {})


UNCLEAR: dict[str, Executable] = {
    "words": text("SELECT name FROM person"),
    "words as a column": select(text("1 AS one"), person.c.name),
    "an option": select(person.c.name).execution_options(preserve_rowcount=True),
    "a part of the statement itself": select(person.c.name).where(
        person.c.id == bindparam("wanted", 1, literal_execute=True)
    ),
}


@pytest.mark.parametrize("shape", UNCLEAR)
async def test_what_cannot_be_prepared_is_read_the_usual_way(sqlite: Database, shape: str) -> None:
    async with sqlite.begin() as transaction:
        await _add_people(transaction)
        for _ in range(3):
            assert (await transaction.fetch(UNCLEAR[shape]))[0]["name"] == "Bà Tư"
        assert prepare_read(UNCLEAR[shape], {}, transaction.connection.dialect) is None


async def test_several_queries_in_one_are_prepared_too(database: Database) -> None:
    statement = union_all(select(person.c.name), select(literal("Bà Năm").label("name")))
    async with database.begin() as transaction:
        await _add_people(transaction)
        found = await _prepared(transaction, statement, {})
    assert {row["name"] for row in found} == {"Bà Tư", "Bà Năm"}


async def test_an_error_is_the_same_error(database: Database) -> None:
    """A table that goes away while the program runs is refused by the database, which is not away."""
    statement = select(setting.c.name)
    async with database.read() as transaction:
        await _prepared(transaction, statement, {})
    async with database.begin() as transaction:
        await transaction.connection.execute(text("DROP TABLE setting"))
    for _ in range(2):
        with pytest.raises(DBAPIError) as raised:
            await _read(database, statement)
        assert not is_away(raised.value)


async def _read(database: Database, statement: Executable) -> None:
    async with database.read() as transaction:
        await transaction.fetch(statement)


async def test_a_query_is_read_on_after_its_table_has_changed(database: Database) -> None:
    """Another process may migrate the tables; only one reading may notice it."""
    statement = select(setting)
    async with database.read() as transaction:
        await _prepared(transaction, statement, {})
    async with database.begin() as transaction:
        await transaction.connection.execute(text("ALTER TABLE setting RENAME COLUMN value TO former"))
        await transaction.connection.execute(text("ALTER TABLE setting ADD COLUMN value INTEGER"))
    with suppress(DBAPIError):
        await _read(database, statement)
    await _read(database, statement)
