"""Partitions by time of the tables that grow for ever: made in advance, filled, detached (PostgreSQL).

`inbox` and `outbox` lie in a partition for each month, by id: when a month begins, the numbers move up to
yyyymm × 10^10, so an id tells its month. `event` lies in one for each year, by case: numbers of cases begin
with the time (`storage.identity`), so the whole chain of a case lies in one. No unique constraint reaches
across partitions; what must be there once has its hash in a small table of its own (`inbox_key`,
`outbox_key`), which a trigger fills, and which leaves out a row whose hash is there already. Why all this is
as it is: docs/decisions/0015-partitions.md.
"""
# ruff: noqa: S608 - names of tables are constants of this module, and can be no parameters

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from routing.deadline import LOCAL_TIME
from storage.database import Transaction
from storage.identity import first_id_at

if TYPE_CHECKING:
    from routing.organisation import City

IDS_OF_A_MONTH = 10**10
MONTHS_AHEAD, YEARS_AHEAD = 1, 2
"""How many partitions are kept ready. Each costs every claim a look, so there are few."""
DIVIDING_TAKES = timedelta(days=30)
"""The first partition of `event` does not end sooner, so no case is refused before there is a next one."""
KEYS_KEPT = {"inbox": timedelta(days=90), "outbox": timedelta(days=730)}
"""How long a message that comes, or is posted, once more is known to be the same."""
KEYS_AT_ONCE = 5000
LOCK_TIMEOUT, STATEMENT_TIMEOUT = "2s", "1h"
"""For one step of this module. Locks are short, or are given up; what takes long keeps nobody waiting."""
OLDER_PROGRAMS = "application_name = ''"
"""How connections of versions before this one are told (`storage.connections` gives ours a name)."""

_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(7209113)")
_NOT_NOW = frozenset({"55P03", "40P01", "57014"})
"""No lock, a deadlock, taking too long: the next tick tries again."""
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Divided:
    """A table in partitions: by which column, and which unique constraints became keys (name and columns)."""

    name: str
    column: str
    unique: tuple[tuple[str, str], ...] = ()
    key: str = ""
    """What of a row is there once, in SQL; its time stands in `at`."""
    at: str = ""
    asked: tuple[tuple[str, str], ...] = ()
    """Indexes in place of those of the constraints, where something is looked up by them."""

    @property
    def monthly(self) -> bool:
        """Whether it has a partition for each month; else for each year."""
        return self.column == "id"

    def period(self, now: datetime, ahead: int = 0) -> date:
        """Return the first day of the month or year that it is locally, or of a later one."""
        day = now.astimezone(LOCAL_TIME).date()
        if not self.monthly:
            return date(day.year + ahead, 1, 1)
        years, month = divmod(day.month - 1 + ahead, 12)
        return date(day.year + years, month + 1, 1)

    def first_id(self, period: date) -> int:
        """Return the smallest number of a month or year."""
        if self.monthly:
            return (period.year * 100 + period.month) * IDS_OF_A_MONTH
        return first_id_at(datetime(period.year, 1, 1, tzinfo=LOCAL_TIME))

    def partition(self, period: date) -> str:
        """Return the name of the partition of a month or year."""
        return f"{self.name}_{period:%Y%m}" if self.monthly else f"{self.name}_{period:%Y}"

    def next_of(self, period: date) -> date:
        """Return the first day of the month or year after it."""
        return self.period(datetime(period.year, period.month, 1, tzinfo=LOCAL_TIME), ahead=1)


INBOX = Divided(
    name="inbox",
    column="id",
    unique=(("uq_inbox_channel_external_id", "channel, external_id"),),
    key="channel || ' ' || external_id",
    at="received_at",
)
OUTBOX = Divided(
    name="outbox",
    column="id",
    unique=(("uq_outbox_dedupe_key", "dedupe_key"),),
    key="dedupe_key",
    at="created_at",
    asked=(("ix_outbox_dedupe_key", "(dedupe_key) WHERE dedupe_key IS NOT NULL"),),
)
EVENT = Divided(name="event", column="case_id")
DIVIDED = (INBOX, OUTBOX, EVENT)
_BY_NAME = {table.name: table for table in DIVIDED}

INSTEAD_OF_CONSTRAINTS = frozenset(name for table in DIVIDED for name, _ in table.unique)
"""Unique constraints of `storage.tables` that PostgreSQL has no more: their keys stand in tables."""
INSTEAD_OF_INDEXES = frozenset(name for table in DIVIDED for name, _ in table.asked)
"""Indexes that only PostgreSQL has: elsewhere the constraints have them."""
_OWN = re.compile(r"(inbox|outbox|event)_(first|rest|\d{4}|\d{6})|(inbox|outbox)_key")


def is_own_table(name: str) -> bool:
    """Tell whether a table is one of this module's: a partition, or a table of keys."""
    return bool(_OWN.fullmatch(name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Partition:
    """One partition as it stands: the numbers in it (None: no end on that side), its size, what is open."""

    table: str
    name: str
    first_id: int | None
    end_id: int | None
    rows: int
    """About so many, as PostgreSQL counted last."""
    size: int
    """Octets, indexes included."""

    @property
    def is_rest(self) -> bool:
        """Whether it takes what no other partition takes."""
        return self.first_id is None and self.end_id is None


class CannotDetach(Exception):
    """A partition stays where it is; the message says why."""


# --- keys ----------------------------------------------------------------------------------------------


def _hash(value: str) -> str:
    return f"substring(sha256(convert_to({value}, 'UTF8')) FROM 1 FOR 16)"


def make_keys(connection: Connection, table: Divided) -> None:
    """Make a table of keys and the trigger that fills it; for a table that is divided already or not yet."""
    name = f"{table.name}_key"
    new = re.sub(r"\b(channel|external_id|dedupe_key)\b", r"NEW.\1", table.key)
    _run(
        connection,
        f"CREATE TABLE {name} (key bytea NOT NULL CONSTRAINT pk_{name} PRIMARY KEY, at timestamptz NOT NULL)",
        f"COMMENT ON TABLE {name} IS 'What must be in {table.name} once, as hashes; old ones are pruned.'",
        f"CREATE INDEX ix_{name}_at ON {name} USING brin (at)",
        f"CREATE FUNCTION {name}_taken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        f"INSERT INTO {name} (key, at) VALUES ({_hash(new)}, NEW.{table.at}) ON CONFLICT DO NOTHING; "
        "IF NOT FOUND THEN RETURN NULL; END IF; RETURN NEW; END $$",
        _trigger(table),
    )


def drop_keys(connection: Connection, table: Divided) -> None:
    """Take away what `make_keys` made."""
    name = f"{table.name}_key"
    _run(
        connection,
        f"DROP TRIGGER {name}_taken ON {table.name}",
        f"DROP FUNCTION {name}_taken()",
        f"DROP TABLE {name}",
    )


def _trigger(table: Divided) -> str:
    name = f"{table.name}_key_taken"
    when = "WHEN (NEW.dedupe_key IS NOT NULL) " if table is OUTBOX else ""
    return f"CREATE TRIGGER {name} BEFORE INSERT ON {table.name} FOR EACH ROW {when}EXECUTE FUNCTION {name}()"


def _keep_keys(connection: Connection, table: Divided) -> None:
    """Write down the keys of rows from before the trigger; keeps nobody waiting."""
    if table.key:
        connection.exec_driver_sql(
            f"INSERT INTO {table.name}_key (key, at) SELECT {_hash(table.key)}, {table.at} "
            f"FROM {table.name} WHERE {table.key} IS NOT NULL ON CONFLICT DO NOTHING"
        )


def remember_keys(connection: Connection) -> None:
    """Write down the keys of all rows anew, where they came in past the triggers (from a backup)."""
    for table in DIVIDED:
        if table.key and _value(connection, f"SELECT to_regclass('{table.name}_key') IS NOT NULL"):
            _run(connection, f"TRUNCATE {table.name}_key")
            _keep_keys(connection, table)


def _prune_keys(connection: Connection, now: datetime) -> int:
    pruned = 0
    for name, kept in KEYS_KEPT.items():
        old = f"SELECT key FROM {name}_key WHERE at < :before LIMIT {KEYS_AT_ONCE}"
        statement = text(f"DELETE FROM {name}_key WHERE key = ANY (ARRAY({old}))")
        pruned += connection.execute(statement, {"before": now - kept}).rowcount
    return pruned


# --- dividing what was one table ------------------------------------------------------------------------


def divide_new(connection: Connection, now: datetime) -> bool:
    """Divide the tables of a database in which nothing has happened yet; False, and nothing, in any other."""
    if any(_value(connection, f"SELECT EXISTS (SELECT FROM {table.name})") for table in DIVIDED):
        return False
    for table in DIVIDED:
        while not _is_divided(connection, table):
            _divide_step(connection, table, now)
        while _make_next(connection, table, now):
            pass
    return True


def _divide_step(connection: Connection, table: Divided, now: datetime) -> None:
    """Do the next of three steps, each a transaction of its own where there is much in the table.

    First its keys are written down and new rows held to the first partition's numbers, then the old rows are
    shown to be within these, and then it becomes that partition; only the last locks it, for a moment.
    """
    # Not by today's end of the year: the table must not refuse cases while it waits to be divided.
    soon = now if table.monthly else now + DIVIDING_TAKES
    end = table.first_id(table.period(soon, ahead=1))
    held, is_shown = _held_to(connection, table)
    if held is not None and held != end:
        _run(connection, f"ALTER TABLE {table.name} DROP CONSTRAINT {table.name}_before")
        held = None
    if held is None:
        _keep_keys(connection, table)
        check = f"CHECK ({table.column} < {end}) NOT VALID"
        _run(connection, f"ALTER TABLE {table.name} ADD CONSTRAINT {table.name}_before {check}")
    elif not is_shown:
        _run(connection, f"ALTER TABLE {table.name} VALIDATE CONSTRAINT {table.name}_before")
    else:
        _become_first(connection, table, end)


def _held_to(connection: Connection, table: Divided) -> tuple[int | None, bool]:
    found = connection.execute(
        text(
            "SELECT pg_get_constraintdef(oid) AS check, convalidated FROM pg_constraint "
            "WHERE conname = :name AND conrelid = CAST(:table AS regclass)"
        ),
        {"name": f"{table.name}_before", "table": table.name},
    ).first()
    numbers = re.findall(r"\d+", found[0]) if found else []
    return (int(numbers[0]) if numbers else None), bool(found and found[1])


def _become_first(connection: Connection, table: Divided, end: int) -> None:
    """Put a divided table in a table's place, which becomes its first partition."""
    name, first = table.name, f"{table.name}_first"
    _run(connection, f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
    indexes, foreign = _indexes_of(connection, name), _foreign_keys_of(connection, name)
    comment = _value(connection, f"SELECT obj_description('{name}'::regclass)")
    triggers = _triggers_of(connection, name)
    for trigger in triggers:
        _run(connection, f"DROP TRIGGER {trigger} ON {name}")
    for constraint, _ in table.unique:
        _run(connection, f"ALTER TABLE {name} DROP CONSTRAINT {constraint}")
    for index in indexes:
        _run(connection, f"ALTER INDEX {index} RENAME TO {index}_first")
    _run(
        connection,
        f"ALTER TABLE {name} RENAME CONSTRAINT pk_{name} TO pk_{name}_first",
        f"ALTER TABLE {name} RENAME TO {first}",
        f"CREATE TABLE {name} (LIKE {first} INCLUDING DEFAULTS INCLUDING COMMENTS) "
        f"PARTITION BY RANGE ({table.column})",
        f"ALTER TABLE {name} ADD CONSTRAINT pk_{name} PRIMARY KEY ({_primary_key(table)})",
        *indexes.values(),
        *foreign,
        f"ALTER TABLE {name} ATTACH PARTITION {first} FOR VALUES FROM (MINVALUE) TO ({end})",
        f"ALTER TABLE {first} DROP CONSTRAINT {name}_before",
        *(f"CREATE INDEX {index} ON {name} {columns}" for index, columns in table.asked),
        *triggers.values(),
    )
    if table.monthly:
        _run(connection, f"ALTER SEQUENCE {name}_id_seq OWNED BY {name}.id")
    else:
        _run(connection, f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT")
    _comment(connection, name, comment)


def _primary_key(table: Divided) -> str:
    return "id" if table.monthly else "case_id, sequence"


def join_again(connection: Connection, table: Divided) -> None:
    """Make one table of all partitions again, as the version before had it; copies all rows under a lock."""
    name, whole = table.name, f"{table.name}_whole"
    if not _is_divided(connection, table):
        return
    _run(connection, f"LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE")
    indexes, foreign = _indexes_of(connection, name), _foreign_keys_of(connection, name)
    triggers = _triggers_of(connection, name)
    comment = _value(connection, f"SELECT obj_description('{name}'::regclass)")
    left_out = {index for index, _ in table.asked}
    _run(
        connection,
        f"CREATE TABLE {whole} (LIKE {name} INCLUDING DEFAULTS INCLUDING COMMENTS)",
        f"INSERT INTO {whole} SELECT * FROM {name}",
        *([f"ALTER SEQUENCE {name}_id_seq OWNED BY {whole}.id"] if table.monthly else []),
        f"DROP TABLE {name}",
        f"ALTER TABLE {whole} RENAME TO {name}",
        f"ALTER TABLE {name} ADD CONSTRAINT pk_{name} PRIMARY KEY ({_primary_key(table)})",
        *(f"ALTER TABLE {name} ADD CONSTRAINT {known} UNIQUE ({columns})" for known, columns in table.unique),
        *(definition for index, definition in indexes.items() if index not in left_out),
        *foreign,
        *triggers.values(),
    )
    _comment(connection, name, comment)


def _indexes_of(connection: Connection, name: str) -> dict[str, str]:
    """Return how the indexes of a table are made that belong to no constraint, on the table and all parts."""
    found = connection.execute(
        text(
            "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
            "WHERE indrelid = CAST(:table AS regclass) AND NOT EXISTS ("
            "SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u'))"
        ),
        {"table": name},
    )
    return {index: definition.replace(" ON ONLY ", " ON ") for index, definition in found}


def _foreign_keys_of(connection: Connection, name: str) -> list[str]:
    found = connection.execute(
        text(
            "SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE conrelid = CAST(:table AS regclass) AND contype = 'f' ORDER BY conname"
        ),
        {"table": name},
    )
    return [f"ALTER TABLE {name} ADD CONSTRAINT {known} {definition}" for known, definition in found]


def _triggers_of(connection: Connection, name: str) -> dict[str, str]:
    found = connection.execute(
        text(
            "SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE tgrelid = CAST(:table AS regclass) AND NOT tgisinternal ORDER BY tgname"
        ),
        {"table": name},
    )
    return {row[0]: row[1] for row in found}


def _comment(connection: Connection, name: str, comment: str | None) -> None:
    if comment:
        quoted = comment.replace("'", "''")
        _run(connection, f"COMMENT ON TABLE {name} IS '{quoted}'")


# --- as time goes by -------------------------------------------------------------------------------------


async def tick(transaction: Transaction, _city: "City", now: datetime) -> int:
    """See to the partitions, one step a transaction: make the next, move the numbers on, drop what is empty.

    Returns how many steps were done, 0 when nothing is left or a lock was not to be had. Nothing on SQLite.
    """
    if transaction.dialect != "postgresql":
        return 0
    await transaction.flush()
    return int(await transaction.connection.run_sync(_step, now))


def _step(connection: Connection, now: datetime) -> int:
    if not connection.execute(_ONE_AT_A_TIME).scalar_one():
        return 0
    try:
        with connection.begin_nested():
            _do_not_wait_long(connection)
            return int(_next_step(connection, now))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in _NOT_NOW:
            raise
        log.info("Partitions wait for a lock.", action="partitions_wait", error=error)
        return 0


def _next_step(connection: Connection, now: datetime) -> int:
    for table in DIVIDED:
        if not _is_divided(connection, table):
            if older := _older_programs(connection):
                log.info("Partitions wait for older programs.", action="partitions_wait", connections=older)
                return 0
            _divide_step(connection, table, now)
            if _is_divided(connection, table):
                log.info("A table lies in partitions now.", action="partitions_divided", table=table.name)
            return 1
    for table in DIVIDED:
        if made := _make_next(connection, table, now):
            log.info("A partition was made.", action="partition_made", partition=made)
            return 1
        if table.monthly and (first := _move_numbers(connection, table, now)):
            log.info("A month has begun.", action="partition_begun", table=table.name, first_id=first)
            return 1
        if table.monthly and (dropped := _drop_emptied(connection, table, now)):
            log.info("A month was taken away.", action="partition_dropped", partition=dropped)
            return 1
    return _prune_keys(connection, now)


def _older_programs(connection: Connection) -> int:
    """Count connections of programs that insert as only an undivided table lets them."""
    found: int = _value(
        connection,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        f"AND usename = current_user AND backend_type = 'client backend' AND {OLDER_PROGRAMS}",
    )
    return found


def _make_next(connection: Connection, table: Divided, now: datetime) -> str:
    """Make the first partition of those to come that is not there; return its name, empty for none."""
    ends = [part.end_id for part in _partitions_of(connection, table) if part.end_id is not None]
    for ahead in range((MONTHS_AHEAD if table.monthly else YEARS_AHEAD) + 1):
        period = table.period(now, ahead)
        if table.first_id(period) >= max(ends, default=0) and _make(connection, table, period):
            return table.partition(period)
    return ""


def _make(connection: Connection, table: Divided, period: date) -> bool:
    """Make a partition beside the table and attach it, which keeps nobody from reading or writing."""
    name, first, end = table.partition(period), table.first_id(period), table.first_id(table.next_of(period))
    in_rest = f"SELECT EXISTS (SELECT FROM {table.name}_rest WHERE case_id >= {first} AND case_id < {end})"
    if not table.monthly and _value(connection, in_rest):
        # They came before the clock did, and stay where they are.
        log.warning("A year's events lie in the rest.", action="partitions_rest", partition=name)
        return False
    _run(
        connection,
        f"CREATE TABLE {name} (LIKE {table.name} INCLUDING DEFAULTS INCLUDING COMMENTS INCLUDING INDEXES)",
        f"ALTER TABLE {table.name} ATTACH PARTITION {name} FOR VALUES FROM ({first}) TO ({end})",
    )
    return True


def _move_numbers(connection: Connection, table: Divided, now: datetime) -> int:
    """Move the numbers up to those of this month, never back, whatever a machine's clock says.

    Return its first, 0 when nothing is to be done. In the month in which a table was divided its numbers
    stay as small as they were.
    """
    first = table.first_id(table.period(now))
    room = _room_for(connection, table, first)
    if room is None or room.first_id is None or first <= _last_number(connection, table):
        return 0
    connection.execute(text(f"SELECT setval('{table.name}_id_seq', :first, false)"), {"first": first})
    return first


def _room_for(connection: Connection, table: Divided, number: int) -> Partition | None:
    for part in _partitions_of(connection, table):
        if (part.first_id or 0) <= number and (part.end_id is None or number < part.end_id):
            return part
    return None


_KEPT = {
    "inbox": "SELECT EXISTS (SELECT FROM {part})",
    "outbox": "SELECT EXISTS (SELECT FROM {part} WHERE chat <> '' OR sent_at IS NULL AND failed_at IS NULL)",
}
"""Whether a month still holds anything; messages that `storage.retention` emptied have their keys apart."""


def _drop_emptied(connection: Connection, table: Divided, now: datetime) -> str:
    """Take away the first month that is over and holds nothing any more; return its name, empty for none."""
    begun = table.first_id(table.period(now, -1))
    written = _room_for(connection, table, _last_number(connection, table))
    for part in _partitions_of(connection, table):
        if part == written or part.end_id is None or part.end_id > begun:
            continue
        if not _value(connection, _KEPT[table.name].format(part=part.name)):
            _run(
                connection,
                f"ALTER TABLE {table.name} DETACH PARTITION {part.name}",
                f"DROP TABLE {part.name}",
            )
            return part.name
    return ""


# --- looking and detaching -------------------------------------------------------------------------------


async def list_partitions(transaction: Transaction) -> list[Partition]:
    """Return every partition, those of one table in the order of their numbers; none on SQLite."""
    if transaction.dialect != "postgresql":
        return []
    return await transaction.connection.run_sync(
        lambda connection: [part for table in DIVIDED for part in _partitions_of(connection, table)]
    )


_PARTITIONS = text(
    "SELECT child.relname AS name, pg_get_expr(child.relpartbound, child.oid) AS bound, "
    "greatest(child.reltuples, 0)::bigint AS rows, pg_total_relation_size(child.oid) AS size "
    "FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid "
    "WHERE inhparent = CAST(:table AS regclass)"
)
_BOUND = re.compile(r"FROM \(('?\d+'?|MINVALUE)\) TO \(('?\d+'?|MAXVALUE)\)")


def _partitions_of(connection: Connection, table: Divided) -> list[Partition]:
    found = []
    for row in connection.execute(_PARTITIONS, {"table": table.name}).mappings():
        bounds = _BOUND.search(row["bound"])
        first, end = (_number(bounds[1]), _number(bounds[2])) if bounds else (None, None)
        sizes = {"rows": row["rows"], "size": row["size"]}
        found.append(Partition(table=table.name, name=row["name"], first_id=first, end_id=end, **sizes))
    return sorted(found, key=lambda part: (part.is_rest, part.first_id or 0))


def _number(bound: str) -> int | None:
    digits = bound.strip("'")
    return int(digits) if digits.isdigit() else None


async def detach(transaction: Transaction, name: str, *, now: datetime) -> Partition:
    """Detach a partition of a time that is over; it stays as a table of its own. Raises CannotDetach.

    It must hold nothing that is not finished: no message in line, no event of an open case.
    """
    await transaction.flush()
    return await transaction.connection.run_sync(_detach, name, now)


def _detach(connection: Connection, name: str, now: datetime) -> Partition:
    found = [part for table in DIVIDED for part in _partitions_of(connection, table) if part.name == name]
    if not found:
        raise CannotDetach(f"There is no partition {name}; `partitions list` shows them.")
    (part,) = found
    table = _BY_NAME[part.table]
    if part.is_rest or part.end_id is None or part.end_id > table.first_id(table.period(now)):
        raise CannotDetach(f"{name} is not over: what happens now may go there.")
    if table.monthly and _room_for(connection, table, _last_number(connection, table)) == part:
        raise CannotDetach(f"{name} is still written to; the clock has not moved the numbers on yet.")
    _do_not_wait_long(connection)
    _run(connection, f"LOCK TABLE {name} IN SHARE MODE")
    if unfinished := _unfinished(connection, table, part):
        raise CannotDetach(f"{name} holds {unfinished} that are not finished.")
    _run(connection, f"ALTER TABLE {table.name} DETACH PARTITION {name}")
    return part


def _last_number(connection: Connection, table: Divided) -> int:
    number: int = _value(connection, f"SELECT last_value FROM {table.name}_id_seq")
    return number


_OPEN = {
    "inbox": "SELECT count(*) FROM {part} WHERE finished_at IS NULL AND failed_at IS NULL",
    "outbox": "SELECT count(*) FROM {part} WHERE sent_at IS NULL AND failed_at IS NULL",
    "event": 'SELECT count(*) FROM "case" WHERE id < {end} AND id >= {first} '
    "AND status NOT IN ('closed', 'merged', 'rejected')",
}
_WORDS = {"inbox": "updates", "outbox": "messages", "event": "cases"}


def _unfinished(connection: Connection, table: Divided, part: Partition) -> str:
    question = _OPEN[table.name].format(part=part.name, first=part.first_id or 0, end=part.end_id)
    count = _value(connection, question)
    return f"{count} {_WORDS[table.name]}" if count else ""


# --- small parts -----------------------------------------------------------------------------------------


def _is_divided(connection: Connection, table: Divided) -> bool:
    kind = _value(connection, f"SELECT relkind::text FROM pg_class WHERE oid = '{table.name}'::regclass")
    return bool(kind == "p")


def _do_not_wait_long(connection: Connection) -> None:
    _run(
        connection,
        f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'",
        f"SET LOCAL statement_timeout = '{STATEMENT_TIMEOUT}'",
    )


def _run(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.exec_driver_sql(statement)


def _value(connection: Connection, question: str) -> Any:
    return connection.exec_driver_sql(question).scalar_one()
