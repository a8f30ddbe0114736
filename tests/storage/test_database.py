"""Transactions: buffered writes, what a reader sees, times, and how the databases are set up."""

import asyncio
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import (
    Executable,
    bindparam,
    event,
    exists,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.exc import DBAPIError, StatementError

from storage.database import Database, Transaction
from storage.tables import account, chat, person, setting
from storage.units import get_setting, set_setting

NOON = datetime(2026, 11, 23, 5, 0, 0, 123456, tzinfo=UTC)
ADD_PERSON = insert(person)
ADD_ACCOUNT = insert(account)
ADD_SETTING = insert(setting)
RENAME = update(person).where(person.c.name == "Bà Tư").values(name="Bà Năm")

BA_TU = {"id": 1, "name": "Bà Tư", "created_at": NOON}
ACCOUNT = {"channel": "web", "user": "tu", "person_id": 1}


async def test_what_is_written_is_there_after_the_transaction(database: Database) -> None:
    async with database.begin() as transaction:
        await set_setting(transaction, "motto", {"words": "Lắng nghe"})
    async with database.read() as transaction:
        assert await get_setting(transaction, "motto") == {"words": "Lắng nghe"}


async def test_an_exception_loses_everything_buffered_and_sent(database: Database) -> None:
    with pytest.raises(RuntimeError):
        await _write_and_fail(database)
    async with database.read() as transaction:
        assert await transaction.fetch(select(person)) == []
        assert await get_setting(transaction, "motto") is None


async def _write_and_fail(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD_PERSON, BA_TU)
        await transaction.flush()
        await set_setting(transaction, "motto", "sẽ mất")
        raise RuntimeError


async def test_rows_go_out_in_the_order_that_foreign_keys_need(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD_ACCOUNT, ACCOUNT)
        transaction.write(ADD_PERSON, BA_TU)
    async with database.read() as transaction:
        assert len(await transaction.fetch(select(account))) == 1


async def test_updates_find_the_rows_inserted_with_them(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(RENAME, {})
        transaction.write(ADD_PERSON, BA_TU)
    async with database.read() as transaction:
        assert (await transaction.fetch(select(person.c.name)))[0]["name"] == "Bà Năm"


CALL = update(person).where(person.c.id == bindparam("row_id")).values(name=bindparam("new"))
MOVE = update(account).where(account.c.person_id == bindparam("of")).values(user=bindparam("new"))
MOVE_NAMED = (
    update(account)
    .where(account.c.person_id.in_(select(person.c.id).where(person.c.name == bindparam("of"))))
    .values(user=bindparam("new"))
)


async def test_changes_of_two_tables_in_turns_go_out_together_and_each_row_keeps_its_order(
    database: Database,
) -> None:
    sent: list[str] = []

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        sent.append(statement.split()[0])

    async with database.begin() as transaction:
        transaction.write(ADD_PERSON, BA_TU)
        transaction.write(ADD_ACCOUNT, ACCOUNT)
        await transaction.flush()
        event.listen(database._writer.sync_engine, "before_cursor_execute", note)
        for number in range(3):
            transaction.write(CALL, {"row_id": 1, "new": f"name {number}"})
            transaction.write(MOVE, {"of": 1, "new": f"user {number}"})
        await transaction.flush()
        event.remove(database._writer.sync_engine, "before_cursor_execute", note)
    assert sent == ["UPDATE", "UPDATE"]
    async with database.read() as transaction:
        assert (await transaction.fetch(select(person.c.name)))[0]["name"] == "name 2"
        assert (await transaction.fetch(select(account.c.user)))[0]["user"] == "user 2"


async def test_a_change_that_reads_another_table_finds_it_as_it_was_written_before(
    database: Database,
) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD_PERSON, BA_TU)
        transaction.write(ADD_ACCOUNT, ACCOUNT)
        transaction.write(MOVE_NAMED, {"of": "Bà Tư", "new": "first"})
        transaction.write(CALL, {"row_id": 1, "new": "Bà Năm"})
        transaction.write(MOVE_NAMED, {"of": "Bà Tư", "new": "second"})
    async with database.read() as transaction:
        assert (await transaction.fetch(select(account.c.user)))[0]["user"] == "first"


async def test_rows_with_other_columns_keep_all_of_them(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD_PERSON, BA_TU)
        transaction.write(ADD_PERSON, {**BA_TU, "id": 2, "phone": "0900"})
    async with database.read() as transaction:
        phones = await transaction.fetch(select(person.c.phone).order_by(person.c.id))
    assert [row["phone"] for row in phones] == [None, "0900"]


ALIAS = person.alias("somebody")
COMMON = select(person.c.name).cte("common")
READS: dict[str, Executable] = {
    "table": select(person.c.name),
    "whole table": select(person),
    "count": select(func.count()).select_from(person),
    "alias": select(ALIAS.c.name),
    "join": select(person.c.name).join(account, account.c.person_id == person.c.id, isouter=True),
    "outer join from another table": select(func.count())
    .select_from(person.outerjoin(account))
    .where(person.c.id > 0),
    "subquery": select(select(person.c.name).subquery().c.name),
    "nested subquery": select(select(select(person.c.name).subquery().c.name).subquery().c.name),
    "common table": select(COMMON.c.name),
    "lateral": select(literal(1)).where(exists().where(person.c.id == 1)),
    "in a subquery": select(literal(1)).where(literal(1).in_(select(person.c.id))),
    "scalar": select(select(func.count(person.c.id)).scalar_subquery().label("people")),
    "union": union_all(select(person.c.name), select(setting.c.name)),
    "words": text("SELECT name FROM person"),
    "words inside": select(literal(1)).where(text("EXISTS (SELECT 1 FROM person)")),
    "words beside a table": select(setting.c.name, text("(SELECT 1 FROM person)")),
    "a word as a column": select(setting.c.name, literal_column("(SELECT 1 FROM person)")),
    "updating": update(person).values(name="X").returning(person.c.id),
}


@pytest.mark.parametrize("shape", READS)
async def test_a_read_sees_every_earlier_write_of_its_transaction(sqlite: Database, shape: str) -> None:
    async with sqlite.begin() as transaction:
        transaction.write(ADD_SETTING, {"name": "any", "value": 1})
        transaction.write(ADD_PERSON, BA_TU)
        await transaction.fetch(READS[shape])
        assert await _sent(transaction, person) == 1


async def _sent(transaction: Transaction, table: Any) -> int:
    """Count rows past the buffer."""
    result = await transaction.connection.execute(select(func.count()).select_from(table))
    return int(result.scalar_one())


async def test_a_read_of_other_tables_sends_nothing_first(sqlite: Database) -> None:
    statements: list[str] = []
    async with sqlite.begin() as transaction:
        event.listen(
            transaction.connection.sync_connection,
            "before_cursor_execute",
            lambda _connection, _cursor, statement, *_: statements.append(statement),
        )
        transaction.write(ADD_PERSON, BA_TU)
        await transaction.fetch(select(chat).join(account, account.c.person_id == chat.c.person_id))
        assert [statement[:6] for statement in statements] == ["SELECT"]


async def test_a_write_in_a_reading_transaction_is_refused(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await _write_while_reading(database)


async def _write_while_reading(database: Database) -> None:
    async with database.read() as transaction:
        transaction.write(ADD_PERSON, BA_TU)


async def test_a_reader_keeps_seeing_one_state(database: Database) -> None:
    async with database.read() as reader:
        before = await reader.fetch(select(person))
        async with database.begin() as writer:
            writer.write(ADD_PERSON, BA_TU)
        assert await reader.fetch(select(person)) == before
    async with database.read() as reader:
        assert len(await reader.fetch(select(person))) == 1


async def test_writers_of_one_process_wait_for_one_another(sqlite: Database) -> None:
    async def count_up() -> None:
        async with sqlite.begin() as transaction:
            counted = await get_setting(transaction, "count") or 0
            await asyncio.sleep(0)
            await set_setting(transaction, "count", counted + 1)

    await asyncio.gather(*(count_up() for _ in range(20)))
    async with sqlite.read() as transaction:
        assert await get_setting(transaction, "count") == 20


async def test_times_are_aware_utc_in_and_out(database: Database) -> None:
    in_vietnam = NOON.astimezone(timezone(timedelta(hours=7)))
    before_1970 = datetime(1945, 9, 2, 7, 0, tzinfo=UTC)
    async with database.begin() as transaction:
        transaction.write(ADD_PERSON, {**BA_TU, "created_at": in_vietnam})
        transaction.write(ADD_PERSON, {**BA_TU, "id": 2, "created_at": before_1970})
        rows = await transaction.fetch(select(person.c.created_at).order_by(person.c.id))
        later = await transaction.fetch(select(person.c.id).where(person.c.created_at >= in_vietnam))
    found = [row["created_at"] for row in rows]
    assert found == [NOON, before_1970]
    assert [moment.tzinfo for moment in found] == [UTC, UTC]
    assert [row["id"] for row in later] == [1]


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises((StatementError, ValueError), match="without a zone"):
        await _write_naive_time(database)


async def _write_naive_time(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD_PERSON, {**BA_TU, "created_at": datetime(2026, 1, 1)})  # noqa: DTZ001


@pytest.mark.parametrize(
    ("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)]
)
async def test_sqlite_commits_durably_and_checks_foreign_keys(
    sqlite: Database, pragma: str, value: object
) -> None:
    async with sqlite.begin() as transaction:
        assert (await transaction.connection.execute(text(f"PRAGMA {pragma}"))).scalar_one() == value


async def test_foreign_keys_hold(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await _write_account_of_nobody(database)


async def _write_account_of_nobody(database: Database) -> None:
    async with database.begin() as transaction:
        transaction.write(ADD_ACCOUNT, ACCOUNT)


@pytest.mark.parametrize("url", ["mysql://localhost/x", "oracle://x"])
def test_another_kind_of_database_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="no such kind of database"):
        Database(url)


@given(st.integers(-(10**16), 10**17))
def test_sqlite_keeps_a_time_to_the_microsecond(microseconds: int) -> None:
    from sqlalchemy.dialects.sqlite import dialect

    from storage.tables import UtcTime

    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    kept = UtcTime().process_bind_param(moment, dialect())
    assert UtcTime().process_result_value(kept, dialect()) == moment
