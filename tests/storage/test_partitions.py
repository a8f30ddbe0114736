"""Messages and events in partitions by time: made in advance, filled in turn, unique across all, detached."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import asyncpg
import pytest
from sqlalchemy import Connection, Executable, inspect, select, text

from routing.organisation import City
from storage import cases, ledger, messages, migrating, partitions
from storage.database import Database, Transaction, driver_arguments
from storage.partitions import DIVIDED, EVENT, INBOX, OUTBOX, CannotDetach, Divided
from storage.prepared import prepare_read, prepare_write
from storage.tables import event, inbox, outbox
from tests.postgres import PostgresServer
from tests.storage.samples import a_case, add_reporter

NOW = datetime.now(UTC)
"""Partitions begin with the month in which a database was made, and tests get theirs made today."""
PATIENCE = timedelta(seconds=10)
NOBODY = cast(City, None)


def after_months(count: int) -> datetime:
    """Return a moment in a month to come."""
    first = INBOX.period(NOW, ahead=count)
    return datetime(first.year, first.month, 10, 5, tzinfo=UTC)


async def tick(database: Database, at: datetime = NOW) -> int:
    """Let the clock do all that it finds; return how many steps that were."""
    steps = 0
    while True:
        async with database.begin() as transaction:
            done = await partitions.tick(transaction, NOBODY, at)
        if not done:
            return steps
        steps += done


def update_of(chat: str, external_id: str, at: datetime = NOW) -> dict[str, Any]:
    row = {"channel": "telegram", "external_id": external_id, "chat": chat, "body": external_id.encode()}
    return {**row, "received_at": at, "available_at": at}


async def receive(database: Database, *rows: dict[str, Any]) -> None:
    async with database.begin() as transaction:
        messages.store(transaction, rows)


async def post(database: Database, chat: str, *texts: str, key: str | None = None) -> None:
    async with database.begin() as transaction:
        for words in texts:
            messages.post_notice(
                transaction, channel="telegram", chat=chat, message={"text": words}, at=NOW, dedupe_key=key
            )


async def claim(database: Database, at: datetime) -> list[bytes]:
    async with database.begin() as transaction:
        found = await messages.claim_updates(transaction, now=at, limit=50, album_patience=PATIENCE)
        for row in (row for rows in found for row in rows):
            messages.finish_update(transaction, row.id, at=at)
        return [row.body for rows in found for row in rows]


async def fetch(database: Database, query: Executable) -> Sequence[Any]:
    async with database.read() as transaction:
        return await transaction.fetch(query)


async def names(database: Database) -> list[str]:
    async with database.read() as transaction:
        return [part.name for part in await partitions.list_partitions(transaction)]


def name_of(table: Divided, at: datetime, ahead: int = 0) -> str:
    return table.partition(table.period(at, ahead))


# ── a new database ───────────────────────────────────────────────────────────────────────────────


async def test_a_new_database_has_the_months_and_years_to_come(postgresql: Database) -> None:
    assert await names(postgresql) == [
        "inbox_first",
        name_of(INBOX, NOW, 1),
        "outbox_first",
        name_of(OUTBOX, NOW, 1),
        *["event_first", *sorted({name for name in await names(postgresql) if name.startswith("event_2")})],
        "event_rest",
    ]
    assert name_of(EVENT, NOW, 2) in await names(postgresql)
    assert await tick(postgresql) == 0


async def test_there_are_none_on_sqlite(sqlite: Database) -> None:
    assert await tick(sqlite) == 0
    assert await names(sqlite) == []


async def test_ids_tell_their_month_and_never_go_back(postgresql: Database) -> None:
    for months in (0, 1, 2):
        await tick(postgresql, after_months(months))
        await receive(postgresql, update_of("an", f"month {months}"))
        await post(postgresql, "an", f"tháng {months}")
        await tick(postgresql, NOW)  # by the clock of a machine that is behind
    for table in (inbox, outbox):
        ids = [row["id"] for row in await fetch(postgresql, select(table.c.id).order_by(table.c.id))]
        begins = [INBOX.first_id(INBOX.period(NOW, ahead)) for ahead in (1, 2)]
        assert ids == [1, *begins]
        assert max(ids) < 2**53


async def test_clocks_that_tick_together_make_each_partition_once(postgresql: Database) -> None:
    later = after_months(3)
    await asyncio.gather(*(tick(postgresql, later) for _ in range(4)))
    await tick(postgresql, later)
    found = await names(postgresql)
    assert len(found) == len(set(found))
    assert name_of(INBOX, later, 1) in found


async def test_what_came_in_one_month_is_the_same_in_the_next(postgresql: Database) -> None:
    await receive(postgresql, update_of("an", "1"))
    await post(postgresql, "an", "một lần", key="once")
    later = after_months(1)
    await tick(postgresql, later)
    await receive(postgresql, update_of("an", "1", later), update_of("an", "2", later))
    await post(postgresql, "an", "một lần", key="once")
    await post(postgresql, "an", "không khoá", "không khoá")
    bodies = await fetch(postgresql, select(inbox.c.body).order_by(inbox.c.id))
    assert [row["body"] for row in bodies] == [b"1", b"2"]
    shown = await fetch(postgresql, select(outbox.c.message).order_by(outbox.c.id))
    assert [row["message"]["text"] for row in shown] == ["một lần", "không khoá", "không khoá"]


async def test_two_processes_that_store_the_same_update_at_once_store_it_once(postgresql: Database) -> None:
    async with postgresql.begin() as one:
        messages.store(one, [update_of("an", "1")])
        await one.flush()
        other = asyncio.create_task(receive(postgresql, update_of("an", "1")))
        await asyncio.sleep(0.05)
        assert not other.done()
    await other
    assert len(await fetch(postgresql, select(inbox.c.id))) == 1


async def test_a_chat_keeps_its_order_from_one_month_to_the_next(postgresql: Database) -> None:
    later = after_months(1)
    await receive(postgresql, update_of("an", "1"), update_of("bình", "2"))
    await tick(postgresql, later)
    await receive(postgresql, update_of("an", "3"), update_of("bình", "4"))
    assert await claim(postgresql, later) == [b"1", b"2"]
    assert await claim(postgresql, later) == [b"3", b"4"]


async def test_old_keys_are_pruned_and_young_ones_kept(postgresql: Database) -> None:
    old, young = NOW - timedelta(days=91), NOW - timedelta(days=80)
    await receive(postgresql, update_of("an", "old", old), update_of("an", "young", young))
    assert await tick(postgresql) == 1
    assert len(await fetch(postgresql, text("SELECT key FROM inbox_key"))) == 1


# ── detaching ────────────────────────────────────────────────────────────────────────────────────


async def detach(database: Database, name: str, at: datetime = NOW) -> None:
    async with database.begin() as transaction:
        await partitions.detach(transaction, name, now=at)


async def test_a_month_that_is_over_and_done_is_detached_and_keeps_its_rows(postgresql: Database) -> None:
    later = after_months(1)
    await receive(postgresql, update_of("an", "1"))
    with pytest.raises(CannotDetach, match="not over"):
        await detach(postgresql, "inbox_first")
    with pytest.raises(CannotDetach, match="still written to"):
        await detach(postgresql, "inbox_first", later)
    await tick(postgresql, later)
    with pytest.raises(CannotDetach, match="1 updates that are not finished"):
        await detach(postgresql, "inbox_first", later)
    await claim(postgresql, later)
    await detach(postgresql, "inbox_first", later)
    assert await fetch(postgresql, select(inbox.c.id)) == []
    assert len(await fetch(postgresql, text("SELECT id FROM inbox_first"))) == 1
    with pytest.raises(CannotDetach, match="no partition inbox_first"):
        await detach(postgresql, "inbox_first", later)


async def test_a_month_of_which_nothing_was_kept_goes_away_by_itself(postgresql: Database) -> None:
    """Of messages that may be sent once, retention leaves empty rows; their keys stand apart."""
    await receive(postgresql, update_of("an", "1"))
    await post(postgresql, "an", "một lần", key="once")
    later = after_months(2)
    await tick(postgresql, later)
    assert {"inbox_first", "outbox_first"} <= set(await names(postgresql))
    async with postgresql.begin() as transaction:
        await transaction.execute(inbox.delete())
        await transaction.execute(outbox.update().values(chat="", message={"text": ""}, sent_at=NOW))
    await tick(postgresql, after_months(1))
    assert {"inbox_first", "outbox_first"} <= set(await names(postgresql))  # hardly over
    await tick(postgresql, later)
    assert not {"inbox_first", "outbox_first"} & set(await names(postgresql))
    await post(postgresql, "an", "một lần", key="once")
    assert await fetch(postgresql, select(outbox.c.id)) == []


async def test_a_year_with_open_cases_stays(postgresql: Database) -> None:
    await file_cases(postgresql, 1)
    later = datetime(NOW.year + 4, 2, 1, tzinfo=UTC)
    with pytest.raises(CannotDetach, match="1 cases that are not finished"):
        await detach(postgresql, "event_first", later)


async def file_cases(database: Database, count: int) -> list[int]:
    reporter = await add_reporter(database)
    stored = [a_case(reporter) for _ in range(count)]
    async with database.begin() as transaction:
        for case in stored:
            ledger.append_event(
                transaction,
                case,
                type="received",
                actor_id=reporter,
                actor_role="citizen",
                unit_code=case.unit_code,
                at=NOW,
                data={},
            )
            cases.add_case(transaction, case)
    return [case.id for case in stored]


# ── plans ────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def grown(postgresql: Database) -> Database:
    """A database that has messages of three months."""
    for months in (0, 1, 2):
        await tick(postgresql, after_months(months))
        await receive(postgresql, *(update_of(f"chat {n}", f"{months}/{n}") for n in range(40)))
        await post(postgresql, "chat 1", *(f"tin {n}" for n in range(40)))
    await file_cases(postgresql, 20)
    return postgresql


async def plan_of(transaction: Transaction, statement: Any, row: dict[str, Any]) -> str:
    """Return how PostgreSQL does it; tables of tests are so small that it has to be kept from reading all."""
    connection = transaction.connection
    await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    if isinstance(statement, Executable) and hasattr(statement, "is_select") and statement.is_select:
        prepare_read(statement, row, connection.dialect)
        prepared: Any = prepare_read(statement, row, connection.dialect)
    else:
        prepared = prepare_write(statement, tuple(row), connection.dialect)
    found = await connection.exec_driver_sql(f"EXPLAIN (COSTS OFF) {prepared.sql}", prepared.values(row))
    return "\n".join(line[0] for line in found)


BY_ID: dict[str, tuple[Any, dict[str, Any]]] = {
    "try an update again": (messages._RETRY_INBOX, {"again_at": NOW, "why": "hỏng"}),
    "finish an update": (messages._FINISH_INBOX, {"at": NOW}),
    "set a notice aside": (messages._FAIL_OUTBOX, {"at": NOW, "why": "hỏng"}),
    "give a notice back": (
        messages._RETRY_OUTBOX,
        {"counts": 1, "again_at": NOW, "why": None},
    ),
}


async def test_a_batch_is_claimed_in_the_partitions_of_its_rows(grown: Database) -> None:
    first = OUTBOX.first_id(OUTBOX.period(NOW, ahead=1))
    statement = messages._CLAIM_ALL[messages._CLAIM_OUTBOX]
    async with grown.begin() as transaction:
        plan = await plan_of(transaction, statement, {"ids": [first, first + 1], "until": NOW})
    parts = [name for name in await names(grown) if name.startswith("outbox_") and name in plan]
    assert parts == [name_of(OUTBOX, NOW, 1)], plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize("what", BY_ID)
async def test_what_asks_by_id_goes_to_one_partition(grown: Database, what: str) -> None:
    statement, row = BY_ID[what]
    table = INBOX if "update" in what else OUTBOX
    wanted = table.first_id(table.period(NOW, ahead=2))
    async with grown.begin() as transaction:
        plan = await plan_of(transaction, statement, {**row, "row_id": wanted})
    parts = [name for name in await names(grown) if name.startswith(f"{table.name}_") and name in plan]
    assert parts == [name_of(table, NOW, 2)], plan
    assert "Seq Scan" not in plan


async def test_the_history_of_a_case_lies_in_one_partition(grown: Database) -> None:
    async with grown.begin() as transaction:
        [case_id, *_] = [row["case_id"] for row in await transaction.fetch(select(event.c.case_id))]
        plan = await plan_of(transaction, ledger._EVENTS_OF, {"row_id": case_id})
    assert [name for name in await names(grown) if f" {name}" in plan] == ["event_first"], plan
    assert "Index Scan" in plan
    assert "Sort" not in plan


_CHAT = {"in_channel": "telegram", "in_chat": "chat 1"}
_PAST, _FUTURE = NOW - timedelta(days=900), NOW + timedelta(days=900)
ALONG_INDEXES: dict[str, tuple[Any, dict[str, Any]]] = {
    "claim updates": (messages._INBOX_HEADS, {"now": NOW, "limit": 10}),
    "claim notices": (messages._OUTBOX_HEADS, {"now": NOW, "limit": 10}),
    "claim notices of a channel": (
        messages._OUTBOX_HEADS_OF_CHANNEL,
        {"now": NOW, "limit": 10, "in_channel": "telegram", "most": 2},
    ),
    "what a chat was shown": (
        messages._OUT_BACKWARDS,
        {**_CHAT, "after": _PAST, "after_id": 0, "before": _FUTURE, "limit": 20},
    ),
    "what a chat wrote": (
        messages._IN_BACKWARDS,
        {**_CHAT, "shown_at": _PAST, "before": _FUTURE, "limit": 9},
    ),
    "the case of a message": (messages._CASE_OF_MESSAGE, {**_CHAT, "message_id": "1"}),
}


@pytest.mark.parametrize("what", ALONG_INDEXES)
async def test_no_partition_is_read_from_end_to_end(grown: Database, what: str) -> None:
    statement, row = ALONG_INDEXES[what]
    async with grown.begin() as transaction:
        plan = await plan_of(transaction, statement, row)
    assert "Seq Scan" not in plan, plan
    assert "Index Scan" in plan
    if what.startswith("claim"):
        assert "Sort" not in plan.replace("Sort Key", ""), plan


# ── a database that is in use ────────────────────────────────────────────────────────────────────

BEFORE = {
    "update": "INSERT INTO inbox (channel, external_id, chat, album, body, received_at, available_at) "
    "VALUES ('telegram', $1, 'an', '', $2, now(), now()) ON CONFLICT (channel, external_id) DO NOTHING",
    "notice": "INSERT INTO outbox (channel, chat, message, case_id, created_at, available_at, dedupe_key, "
    "urgency) VALUES ('telegram', 'an', '{}', NULL, now(), now(), $1, 1) "
    "ON CONFLICT (dedupe_key) DO NOTHING",
    "event": "INSERT INTO event (case_id, sequence, type, actor_id, actor_role, unit_code, at, data, "
    "previous_hash, hash) VALUES ($1, $2, 'noted', NULL, 'system', NULL, now(), '{}', '', '')",
    "finish": "UPDATE inbox SET finished_at = now(), claimed_until = NULL WHERE id = $1",
    "claim": "SELECT id, body FROM inbox WHERE finished_at IS NULL AND failed_at IS NULL "
    "ORDER BY id LIMIT 10 FOR UPDATE SKIP LOCKED",
}
"""Statements of the version before partitions, as it sends them."""


class Before:
    """A program of the version before, at work."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection
        self._count = 0

    async def work(self, case_id: int) -> None:
        """Receive, post, finish and append once; everything comes twice, as vendors do it."""
        self._count += 1
        for _ in range(2):
            async with self._connection.transaction():
                await self._connection.execute(BEFORE["update"], f"before {self._count}", b"{}")
                await self._connection.execute(BEFORE["notice"], f"before {self._count}")
        for row in await self._connection.fetch(BEFORE["claim"]):
            await self._connection.execute(BEFORE["finish"], row["id"])
        await self._connection.execute(BEFORE["event"], case_id, 100 + self._count)


@asynccontextmanager
async def program_before(url: str) -> AsyncIterator[Before]:
    connection = await asyncpg.connect(**driver_arguments(url))
    try:
        yield Before(connection)
    finally:
        await connection.close()


@pytest.fixture
async def used_url(postgres: PostgresServer) -> AsyncIterator[str]:
    """A database of the version before, with a case."""
    async with postgres.database(empty=True) as url:
        await migrating.upgrade(url, "0012")
        database = Database(url)
        await file_cases(database, 1)
        await database.close()
        yield url


async def test_the_version_before_goes_on_during_and_after_the_upgrade(used_url: str) -> None:
    database = Database(used_url)
    [case] = await fetch(database, select(event.c.case_id))
    async with program_before(used_url) as before:
        await before.work(case["case_id"])
        await asyncio.gather(migrating.upgrade(used_url), before.work(case["case_id"]))
        await before.work(case["case_id"])
        assert await tick(database) == 0  # as long as that program is connected
        await before.work(case["case_id"])
        # What it stored is known to the new program, and the other way round.
        await receive(database, update_of("an", "before 1"), update_of("an", "after"))
        await post(database, "an", "một", key="before 1")
    assert await tick(database) > len(DIVIDED)
    assert "inbox_first" in await names(database)
    await receive(database, update_of("an", "before 2"), update_of("an", "after"))
    await post(database, "an", "hai", key="before 2")
    came = await fetch(database, select(inbox.c.external_id).order_by(inbox.c.id))
    assert [row["external_id"] for row in came] == [*(f"before {n}" for n in (1, 2, 3, 4)), "after"]
    keys = await fetch(database, select(outbox.c.dedupe_key).order_by(outbox.c.id))
    assert [row["dedupe_key"] for row in keys] == [f"before {n}" for n in (1, 2, 3, 4)]
    assert len(await fetch(database, select(event.c.sequence))) == 5
    assert await tick(database) == 0
    await database.close()


async def test_the_way_back_keeps_every_row_and_serves_the_version_before(used_url: str) -> None:
    database = Database(used_url)
    [case] = await fetch(database, select(event.c.case_id))
    await migrating.upgrade(used_url)
    await receive(database, update_of("an", "1"))
    await tick(database)
    await tick(database, after_months(1))
    await receive(database, update_of("an", "2"))
    await post(database, "an", "một", key="một")
    await database.close()
    await migrating.downgrade(used_url, "0012")
    async with program_before(used_url) as before:
        await before.work(case["case_id"])
    came = await fetch(database, select(inbox.c.external_id).order_by(inbox.c.id))
    assert [row["external_id"] for row in came] == ["1", "2", "before 1"]
    async with database.begin() as transaction:
        tables = await transaction.connection.run_sync(tables_of)
    assert not [name for name in tables if partitions.is_own_table(name)]
    await database.close()
    await migrating.upgrade(used_url)


def tables_of(connection: Connection) -> list[str]:
    return inspect(connection).get_table_names()


async def test_a_table_that_somebody_holds_is_divided_later(used_url: str) -> None:
    await migrating.upgrade(used_url)
    database = Database(used_url)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(partitions, "LOCK_TIMEOUT", "20ms")
        async with database.begin() as busy:
            await busy.connection.exec_driver_sql("LOCK TABLE outbox IN ROW EXCLUSIVE MODE")
            await tick(database)
            assert "outbox_first" not in await names(database)
            await asyncio.wait_for(post(database, "an", "không phải chờ"), timeout=60)
    await tick(database)
    assert "outbox_first" in await names(database)
    await database.close()
