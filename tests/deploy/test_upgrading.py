"""Upgrading and rolling back (docs/upgrading.md), on a database that the program of before has lived in."""

import asyncio
import itertools
import json
import os
import shutil
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import BigInteger, Connection, LargeBinary, MetaData, func, inspect, select, text
from sqlalchemy.types import DateTime, Integer

from bot.app import lock_sqlite
from bot.archive import HEADER, Header, Writer, open_archive
from bot.restoring import Restored, Restoring
from bot.settings import Settings
from storage import (
    cases,
    copying,
    data_keys,
    folding,
    ledger,
    migrating,
    resealing,
    revision,
    seals,
    units,
)
from storage.database import Database
from storage.tables import person
from tests.city import CityHarness, PlainUnderstanding, Somebody
from tests.deploy import living
from tests.shell import Shell

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


async def made(url: str) -> None:
    """Make the database of the version before, with all that people had done by then."""
    await migrating.upgrade(url, BEFORE)
    head, rows = living.read(KEPT)
    assert head["step"] == BEFORE
    await on(url, inserted, await on(url, reflected), rows)


@pytest.fixture(scope="module")
def made_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a SQLite file to copy."""
    path = tmp_path_factory.mktemp("before") / "langnghe.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, made(f"sqlite:///{path}")).result()
    return path


@pytest.fixture
async def before(empty_url: str, made_file: Path) -> Version:
    """A fresh database of the version before."""
    if empty_url.startswith("sqlite"):
        shutil.copy(made_file, empty_url.removeprefix("sqlite:///"))
    else:
        await made(empty_url)
    tables = await on(empty_url, reflected)
    ended_at = datetime.fromisoformat(living.read(KEPT)[0]["ended_at"])
    return Version(empty_url, tables, ended_at, await on(empty_url, held, tables))


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


@pytest.mark.parametrize("empty_url", ["postgresql"], indirect=True)
async def test_a_city_goes_on_where_it_was_and_a_roll_back_keeps_that_day(
    before: Version, tmp_path: Path
) -> None:
    shape_before = await on(before.url, shape)
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
    await migrating.downgrade(before.url, BEFORE)
    assert await on(before.url, shape) == shape_before
    rows = await on(before.url, held, before.tables)
    for name in ("account", "unit", "template", "directive", "group_chat", "file", "event"):
        assert set(rows[name]) >= set(before.rows[name]), name
    assert len(rows["case"]) == len(before.rows["case"]) + 1
    assert [row for row in rows["case"] if "Nguyễn Trãi" in json.loads(row)["text"]]


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


# ── an archive of before ─────────────────────────────────────────────────────────────────────────


async def archived(url: str, step: str, path: Path) -> None:
    """Write an archive as a program at that step would have: of its tables and columns alone."""
    tables = await on(url, reflected)
    layouts = [
        copying.Layout(
            name=layout.name,
            columns=tuple(each for each in layout.columns if each[0] in tables.tables[layout.name].c),
        )
        for layout in copying.layouts()
        if layout.name in tables.tables
    ]
    database = Database(url)
    with Writer(path) as archive:
        async with database.read() as transaction:
            header = Header(
                revision=step,
                kind=transaction.dialect,
                taken_at="2026-11-22T00:00:00+00:00",
                city="Hà Nội",
                tables=tuple((layout.name, layout.columns) for layout in layouts),
                last_numbers={
                    name: number
                    for name, number in (await copying.last_numbers(transaction)).items()
                    if name in tables.tables
                },
            )
            archive.add(HEADER, header.as_json())
            for layout in layouts:
                writer = archive.add_rows(layout.name)
                async for rows in copying.rows_of(transaction, layout):
                    writer.write(rows)
                writer.close()
            events, latest = await ledger.count_events(transaction), await seals.latest(transaction)
        archive.finish(events=events, root=latest.root if latest else None, media=0)
    await database.close()


async def restored(settings: Settings, path: Path) -> Restored:
    archive = open_archive(path, lambda _: None)
    restoring = Restoring(settings, archive, now=datetime(2026, 11, 30, tzinfo=UTC))
    try:
        await restoring.prepare(force=False)
        return await restoring.run(set_aside=False, progress=lambda _: None)
    finally:
        await restoring.close()
        archive.close()


@pytest.mark.parametrize(
    ("step", "empty_url"), [("0011", "postgresql"), ("0012", "sqlite")], indirect=["empty_url"]
)
async def test_an_archive_of_before_comes_back_in_todays_tables(
    step: str, made_file: Path, empty_url: str, tmp_path: Path
) -> None:
    source = f"sqlite:///{shutil.copy(made_file, tmp_path / 'before.db')}"
    await migrating.upgrade(source, step)
    tables = await on(source, reflected)
    await archived(source, step, tmp_path / "city.tar")
    told = await restored(Settings(database_url=empty_url, media_dir=tmp_path), tmp_path / "city.tar")
    assert told.events > 0
    there = await on(empty_url, held, tables)
    assert {name: len(rows) for name, rows in there.items()} == {
        name: len(rows) for name, rows in (await on(source, held, tables)).items()
    }
    head, _ = living.read(KEPT)
    version = Version(empty_url, tables, datetime.fromisoformat(head["ended_at"]), there)
    city = await city_of(version, tmp_path)
    await city.settles()
    new = city.citizen("dung")
    await new.writes("Rác chất đống ở ngõ 3 phố Nguyễn Trãi, phường Thanh Xuân")
    await new.files()
    assert await ledger.verify(city.database) is None
    async with city.database.read() as transaction:
        assert await revision.current(transaction) == revision.newest()
        assert not await folding.differences(transaction)
    await city.database.close()


@pytest.mark.parametrize("empty_url", ["postgresql", "sqlite"], indirect=True)
async def test_an_archive_of_before_that_cannot_be_brought_up_leaves_no_row_behind(
    made_file: Path, empty_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = f"sqlite:///{shutil.copy(made_file, tmp_path / 'before.db')}"
    await migrating.upgrade(source, "0011")
    await archived(source, "0011", tmp_path / "city.tar")
    settings = Settings(database_url=empty_url, media_dir=tmp_path)
    upgrade = migrating.upgrade

    async def stop_on_the_way(url: str, step: str = "") -> None:
        await upgrade(url, step or "0012")
        if not step:
            raise TimeoutError("a lock was not to be had")

    with monkeypatch.context() as changed:
        changed.setattr(migrating, "upgrade", stop_on_the_way)
        with pytest.raises(TimeoutError):
            await restored(settings, tmp_path / "city.tar")
    left = await on(empty_url, held, await on(empty_url, reflected))
    assert not [rows for name, rows in left.items() if rows and not name.startswith("alembic")]
    assert (await restored(settings, tmp_path / "city.tar")).events > 0


# ── the command ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def shell(before: Version, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell beside the database of before; its contact data may be encrypted."""
    settings = {"LANGNGHE_DATABASE_URL": before.url, "LANGNGHE_DATA_KEY": "a key of the tests, long enough"}
    return Shell(capsys, settings)


def run(shell: Shell, *words: str) -> Any:
    """Run a command apart from the test's event loop; return what it answered."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(shell, *words).result()


async def numbers(version: Version) -> list[str]:
    """Return every telephone number as it is stored."""
    rows = await on(version.url, held, version.tables)
    return [json.loads(row)["phone"] for row in rows["person"] if json.loads(row)["phone"]]


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_tables_go_back_once_nothing_is_encrypted_any_more(
    before: Version, shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_keys, "KNOWN_AFTER", timedelta(0))
    monkeypatch.setattr(resealing, "SETTLED_AFTER", timedelta(0))
    assert run(shell, "tables", "--json").data == {"tables": BEFORE, "newest": revision.newest()}
    await migrating.upgrade(before.url)
    assert run(shell, "keys", "rotate").status == 0
    [sealed] = await numbers(before)
    assert sealed.startswith("s")
    refused = run(shell, "tables", "--back-to", BEFORE)
    assert refused.status == 1
    assert "python -m bot keys off" in refused.err
    assert run(shell, "keys", "off").status == 0
    assert await numbers(before) == ["0912345678"]
    assert run(shell, "tables", "--back-to", BEFORE).status == 0
    assert run(shell, "tables", "--json").data["tables"] == BEFORE
    rows = await on(before.url, held, before.tables)
    assert set(rows.pop("setting")) >= set(before.rows["setting"])
    assert rows == {name: kept for name, kept in before.rows.items() if name != "setting"}


async def test_tables_go_back_only_behind_nobodys_back(before: Version, shell: Shell) -> None:
    await migrating.upgrade(before.url)
    database = Database(before.url)
    lock = lock_sqlite(before.url)
    async with database.begin():
        refused = run(shell, "tables", "--back-to", BEFORE)
    await database.close()
    if lock is not None:
        os.close(lock)
    assert refused.status == 1
    assert "top" in refused.err
    assert run(shell, "tables", "--json").data["tables"] == revision.newest()


@pytest.mark.parametrize("empty_url", ["sqlite"], indirect=True)
async def test_a_version_that_nobody_knows_is_refused(before: Version, shell: Shell) -> None:
    for version in ("0099", "9", BEFORE, "head"):
        assert run(shell, "tables", "--back-to", version).status == 1
    assert run(shell, "tables", "--json").data["tables"] == BEFORE
