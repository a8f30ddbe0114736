"""Short transactions that share a commit on SQLite: each is durable or undone for itself; none is lost."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import DBAPIError

from storage import sqlite_writer
from storage.database import Database, Transaction
from storage.tables import setting

ADD = insert(setting)


@pytest.fixture
def sqlite(database: Database) -> Database:
    if not database.sqlite:
        pytest.skip("PostgreSQL has many writers")
    return database


class Members:
    """Short transactions that wait until they are told to go on."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.order: list[str] = []
        self.done: list[str] = []

    async def join(self, name: str, *, first: bool = False, fails: bool = False) -> "asyncio.Task[None]":
        async def take_part() -> None:
            async with self.database.begin(first=first, short=True) as transaction:
                self.order.append(name)
                transaction.write(ADD, {"name": name, "value": name})
                await transaction.flush()
                await asyncio.sleep(0)
                if fails:
                    raise RuntimeError(name)
            self.done.append(name)

        task = asyncio.create_task(take_part())
        await asyncio.sleep(0)
        return task

    async def stored(self) -> set[str]:
        async with self.database.read() as transaction:
            return {row["name"] for row in await transaction.fetch(select(setting.c.name))}


def count_commits(database: Database) -> list[str]:
    """Return a list that grows with each commit of whoever writes."""
    commits: list[str] = []
    writer = database._sqlite_writer
    usual = writer._commit

    async def commit() -> None:
        commits.append("commit")
        await usual()

    writer._commit = commit  # type: ignore[method-assign]
    return commits


async def test_who_waits_together_shares_a_commit_and_receipts_come_last(sqlite: Database) -> None:
    members, commits = Members(sqlite), count_commits(sqlite)
    async with sqlite.begin():
        tasks = [await members.join("receipts", first=True)]
        tasks += [await members.join("turns"), await members.join("delivery")]
    await asyncio.gather(*tasks)
    assert members.order == ["turns", "delivery", "receipts"]
    assert commits == ["commit", "commit"], "its own, and one for all three"
    assert {"turns", "delivery", "receipts"} <= await members.stored()


async def test_one_that_fails_is_undone_alone(sqlite: Database) -> None:
    members = Members(sqlite)
    async with sqlite.begin():
        tasks = [
            await members.join("one"),
            await members.join("two", fails=True),
            await members.join("three"),
        ]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), RuntimeError, type(None)]
    assert await members.stored() >= {"one", "three"}
    assert "two" not in await members.stored()


async def test_nobody_hears_that_it_is_done_before_it_is_durable(sqlite: Database) -> None:
    members, told = Members(sqlite), asyncio.Event()
    usual = sqlite._sqlite_writer._commit

    async def commit() -> None:
        await told.wait()
        await usual()

    sqlite._sqlite_writer._commit = commit  # type: ignore[method-assign]
    tasks = [await members.join("one"), await members.join("two")]
    await asyncio.sleep(0.05)
    assert members.order == ["one", "two"]
    assert members.done == []
    assert await members.stored() & {"one", "two"} == set()
    told.set()
    await asyncio.gather(*tasks)
    assert members.done == ["one", "two"]


async def test_a_commit_that_fails_fails_all_of_them_and_the_next_goes_on(sqlite: Database) -> None:
    members, usual = Members(sqlite), sqlite._sqlite_writer._commit

    async def fail() -> None:
        sqlite._sqlite_writer._commit = usual  # type: ignore[method-assign]
        raise RuntimeError("the disk is full")

    sqlite._sqlite_writer._commit = fail  # type: ignore[method-assign]
    tasks = [await members.join("one"), await members.join("two")]
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["the disk is full"] * 2
    await (await members.join("three"))
    assert await members.stored() & {"one", "two", "three"} == {"three"}


@pytest.mark.parametrize("begun", [False, True])
async def test_one_that_is_cancelled_holds_up_nobody(sqlite: Database, begun: bool) -> None:
    members = Members(sqlite)
    async with sqlite.begin():
        leaving, staying = await members.join("leaving"), await members.join("staying")
        if not begun:
            leaving.cancel()
    if begun:
        leaving.cancel()
    await staying
    assert "staying" in await members.stored()
    assert "leaving" not in await members.stored()


async def test_many_one_after_the_other_are_all_there(sqlite: Database) -> None:
    members = Members(sqlite)
    names = [f"{number}" for number in range(50)]
    await asyncio.gather(
        *[await members.join(name, first=number % 3 == 0) for number, name in enumerate(names)]
    )
    assert set(names) <= await members.stored()
    assert not sqlite.is_pressed


async def test_a_file_that_another_process_writes_to_is_waited_for(
    sqlite: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = Members(sqlite)
    other = sqlite3.connect(str(sqlite.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    task = await members.join("one")
    await asyncio.sleep(0.05)
    assert members.order == []
    other.execute("COMMIT")
    await task
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(sqlite_writer, "LOCKED_SECONDS", 0.0)
    with pytest.raises(DBAPIError, match="locked"):
        await (await members.join("two"))
    other.close()
    await (await members.join("three"))
    assert await members.stored() & {"one", "two", "three"} == {"one", "three"}


async def test_what_listens_to_the_connection_hears_of_every_statement(sqlite: Database) -> None:
    heard: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        heard.append(statement.split()[0])

    event.listen(sqlite._writer.sync_engine, "before_cursor_execute", note)
    await _read_and_write(sqlite)
    assert heard == ["SELECT", "INSERT"]


async def _read_and_write(database: Database) -> None:
    statement = select(setting.c.name)
    async with database.read() as transaction:  # the first reading only learns how
        await transaction.fetch(statement)
    async with database.begin(short=True) as transaction:
        await transaction.fetch(statement)
        transaction.write(ADD, {"name": "heard", "value": 1})


async def test_rows_that_are_kept_back_can_be_seen_without_sending_them(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD, {"name": "kept", "value": 1})
        assert await _stored(transaction) & {"kept"} == set()
        assert [row["name"] for row in transaction.kept_back(setting) or ()] == ["kept"]
        await transaction.flush()
        assert transaction.kept_back(setting) == []
        transaction.write(setting.update().where(setting.c.name == "kept").values(value=2), {})
        assert transaction.kept_back(setting) is None


async def _stored(transaction: Transaction) -> set[str]:
    return {row["name"] for row in await transaction.fetch_stored(select(setting.c.name))}
