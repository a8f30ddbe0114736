"""Upgrading and rolling back (docs/upgrading.md), on a database that the program of before has lived in."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Connection, LargeBinary, MetaData, func, inspect, select, text
from sqlalchemy.types import DateTime, Integer

from storage import cases, folding, ledger, migrating, units
from storage.database import Database
from storage.tables import person
from tests.city import CityHarness, PlainUnderstanding, Somebody
from tests.deploy import living

BEFORE = "0011"
KEPT = Path(__file__).parent / "versions" / f"{BEFORE}.jsonl.gz"
SKIPPED = ("case_words", "alembic_version", "sqlite_")
"""What SQLite and alembic keep for themselves."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Rows = dict[str, list[str]]


@dataclass(frozen=True)
class Version:
    """A database as the program of before left it: where it is, its tables, when its life ended."""

    url: str
    tables: MetaData
    ended_at: datetime
    rows: Rows


async def on(url: str, function: Any, *arguments: Any) -> Any:
    """Do something with the bare connection of a database."""
    database = Database(url)
    try:
        async with database.begin() as transaction:
            return await transaction.connection.run_sync(function, *arguments)
    finally:
        await database.close()


def reflected(connection: Connection) -> MetaData:
    """Return the tables that a database has, whatever today's program thinks of them."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: not name.startswith(SKIPPED))
    return found


def inserted(connection: Connection, tables: MetaData, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Insert rows by the tables of that version; what triggers made of them on the way is dropped."""
    for name, row in rows:
        table = tables.tables[name]
        values = {column: as_stored(table.c[column].type, value) for column, value in row.items()}
        connection.execute(table.insert(), values)
    connection.execute(tables.tables["rollup_change"].delete())
    if connection.dialect.name == "postgresql":
        for name in ("inbox", "outbox"):
            newest = connection.execute(select(func.max(tables.tables[name].c.id))).scalar_one()
            connection.execute(
                text("SELECT setval(pg_get_serial_sequence(:t, 'id'), :n)"), {"t": name, "n": newest}
            )


def as_stored(kind: Any, value: Any) -> Any:
    if isinstance(kind, DateTime):
        return datetime.fromisoformat(value)
    if isinstance(kind, BigInteger | Integer) and isinstance(value, str):
        return (datetime.fromisoformat(value) - EPOCH) // timedelta(microseconds=1)
    if isinstance(kind, LargeBinary):
        return bytes.fromhex(value.removeprefix("\\x"))
    if str(kind) == "DATE":
        return datetime.fromisoformat(value).date()
    return value


def held(connection: Connection, tables: MetaData) -> Rows:
    """Return every row of those tables, in those columns alone."""
    found: Rows = {}
    for table in tables.sorted_tables:
        columns = [table.c[column.name] for column in table.c]
        rows = connection.execute(select(*columns)).mappings()
        found[table.name] = sorted(json.dumps(dict(row), default=str, sort_keys=True) for row in rows)
    return found


def shape(connection: Connection) -> dict[str, Any]:
    """Return what the database says of its own tables."""
    inspected = inspect(connection)
    return {
        name: (
            {
                column["name"]: (str(column["type"]), column["nullable"])
                for column in inspected.get_columns(name)
            },
            inspected.get_pk_constraint(name)["constrained_columns"],
            {index["name"]: index["column_names"] for index in inspected.get_indexes(name)},
            {each["name"]: each["column_names"] for each in inspected.get_unique_constraints(name)},
        )
        for name in inspected.get_table_names()
        if not name.startswith(SKIPPED)
    }


@pytest.fixture
async def before(empty_url: str) -> Version:
    """A database of the version before, with all that people had done by then."""
    await migrating.upgrade(empty_url, BEFORE)
    head, rows = living.read(KEPT)
    assert head["step"] == BEFORE
    tables = await on(empty_url, reflected)
    await on(empty_url, inserted, tables, rows)
    return Version(
        empty_url, tables, datetime.fromisoformat(head["ended_at"]), await on(empty_url, held, tables)
    )


async def city_of(version: Version, folder: Path) -> CityHarness:
    """Let today's program go on with a city of before."""
    database = Database(version.url)
    async with database.read() as transaction:
        city = await units.load_city(transaction, now=version.ended_at)
    assert city is not None
    harness = CityHarness(
        database=database,
        city=city,
        understanding=PlainUnderstanding(),
        media_dir=folder,
        now=version.ended_at,
    )
    # The channel of before has numbered its updates, too.
    harness.channel._numbers = itertools.count(100_000)
    return harness


def person_of_before(city: CityHarness, chat: str) -> Somebody:
    return Somebody(harness=city, chat=chat, name=chat, channel="web")


async def case_with(city: CityHarness, words: str) -> cases.Case:
    return next(case for case in await city.cases() if words in case.text)


async def test_what_was_kept_is_a_whole_life() -> None:
    _, rows = living.read(KEPT)
    kept = {name for name, _ in rows}
    assert kept >= {
        "setting", "inbox", "outbox", "person", "account", "chat", "unit", "post", "invitation", "case",
        "case_search", "part", "template", "event", "photo", "case_photo", "correction", "file", "group_chat",
        "group_member", "directive", "directive_event", "digest", "credential", "rollup", "traffic",
    }  # fmt: skip
    dead = [row for name, row in rows if name in ("inbox", "outbox") and "failed_at" in row]
    waiting = [row for name, row in rows if name == "inbox" and "finished_at" not in row and row not in dead]
    assert len(dead) >= 2
    assert waiting


async def test_a_city_goes_on_where_it_was(before: Version, tmp_path: Path) -> None:
    await migrating.upgrade(before.url)
    city = await city_of(before, tmp_path)
    await city.settles()
    binh, chair = person_of_before(city, "binh"), person_of_before(city, "chair Phường Khương Đình")
    assert "Chào bà con phường Khương Đình." in [shown.text for shown in binh.screen]
    case = await case_with(city, "Vũ Tông Phan")
    an = person_of_before(city, "an")
    await an.writes(f"/tracuu {case.code}")
    an.sees(case.code, "Phường Khương Đình")
    await chair.writes(f"/viec {case.code}")
    chair.sees(case.code, "Người dân mở lại")
    await binh.writes("/boso")
    assert not await city.rows(select(person.c.id).where(person.c.phone.is_not(None)))
    new = city.citizen("dung")
    await new.writes("Rác chất đống ở ngõ 3 phố Nguyễn Trãi, phường Thanh Xuân")
    await new.files()
    assert len(await city.cases()) == 4
    await city.ticks()
    assert await ledger.verify(city.database) is None
    async with city.database.read() as transaction:
        assert not await folding.differences(transaction)
    await city.database.close()


async def test_neither_an_upgrade_nor_a_roll_back_changes_a_row_or_a_table_of_before(before: Version) -> None:
    shape_before = await on(before.url, shape)
    await migrating.upgrade(before.url)
    assert await on(before.url, held, before.tables) == before.rows
    await migrating.downgrade(before.url, BEFORE)
    assert await on(before.url, shape) == shape_before
    assert await on(before.url, held, before.tables) == before.rows
    [row] = await on(before.url, stored_twice)
    assert row["id"] > max(json.loads(each)["id"] for each in before.rows["inbox"])
    await migrating.upgrade(before.url)
    assert set((await on(before.url, held, before.tables))["inbox"]) > set(before.rows["inbox"])


def stored_twice(connection: Connection) -> list[Mapping[str, Any]]:
    """Store an update twice as the program of before did; return the rows that were made."""
    at = datetime.now(UTC) if connection.dialect.name == "postgresql" else 1
    statement = text(
        "INSERT INTO inbox (channel, external_id, chat, body, received_at, available_at) "
        "VALUES ('web', 'after', 'an', :body, :at, :at) "
        "ON CONFLICT (channel, external_id) DO NOTHING RETURNING id"
    )
    values = {"body": b"{}", "at": at}
    return [row for _ in range(2) for row in connection.execute(statement, values).mappings()]


async def test_rolling_back_after_a_day_of_work_keeps_that_day(before: Version, tmp_path: Path) -> None:
    shape_before = await on(before.url, shape)
    await migrating.upgrade(before.url)
    city = await city_of(before, tmp_path)
    new = city.citizen("dung")
    await new.writes("Rác chất đống ở ngõ 3 phố Nguyễn Trãi, phường Thanh Xuân")
    await new.files()
    case = (await city.cases())[-1]
    await city.database.close()
    await migrating.downgrade(before.url, BEFORE)
    assert await on(before.url, shape) == shape_before
    rows = await on(before.url, held, before.tables)
    untouched = {
        "person",
        "account",
        "unit",
        "template",
        "part",
        "directive",
        "group_chat",
        "file",
        "event",
        "case",
    }
    for name in untouched:
        assert set(rows[name]) >= set(before.rows[name]), name
    assert [row for row in rows["case"] if case.code in row]
    assert [row for row in rows["inbox"] if "Nguyễn Trãi" in row or case.chat in row]
