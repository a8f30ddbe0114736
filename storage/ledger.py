"""The ledger: what happened to each case, only ever appended, each event chained to the one before."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.engine import RowMapping

from storage.cases import Case
from storage.database import Database, Transaction
from storage.tables import case as case_table
from storage.tables import event

CASES_AT_ONCE = 100
"""How many cases `verify` holds in memory."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Event:
    """One thing that happened to a case; `sequence` counts from 1 within the case."""

    case_id: int
    sequence: int
    type: str
    actor_id: int | None
    actor_role: str
    unit_code: str | None
    at: datetime
    data: dict[str, Any]
    previous_hash: str
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Broken:
    """Where the ledger does not hold: the case, the event (None for the case's own record), and how."""

    case_id: int
    code: str
    sequence: int | None
    fault: str
    """"changed", "removed", "inserted", "back-dated", "head" or "record"."""

    def __str__(self) -> str:
        where = f"event {self.sequence} of " if self.sequence else ""
        return f"{where}case {self.code or self.case_id}: {_FAULTS[self.fault]}"


_FAULTS = {
    "changed": "its content does not match its hash",
    "removed": "it is missing",
    "inserted": "it does not belong to the chain",
    "back-dated": "it is older than the event before it",
    "head": "the case's record does not match its last event",
    "record": "what figures count of it was changed without an event",
}

COUNTED_COLUMNS = (
    "kind",
    "domain",
    "status",
    "unit_code",
    "received_at",
    "due_at",
    "warn_at",
    "answered_at",
    "answer_due_at",
    "extended",
    "rating",
)
"""What figures count of a case; every event keeps them, so that figures can be recounted from events."""

_FIELDS = ("case_id", "sequence", "type", "actor_id", "actor_role", "unit_code", "at", "data")
_INSERT = insert(event)
_EVENTS_OF = select(event).where(event.c.case_id == bindparam("row_id")).order_by(event.c.sequence)


def event_hash(previous_hash: str, fields: Mapping[str, Any]) -> str:
    """Return the hash of an event: SHA-256 over its fields and the hash before it, as canonical JSON.

    Raises TypeError or ValueError for data that a database would not give back as it was (a key that is
    no string, a number that is not finite).
    """
    canonical = _canonical({**fields, "previous_hash": previous_hash})
    written = json.dumps(canonical, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys of an event's data must be strings")
        return {key: _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    # PostgreSQL keeps 1e16 as a whole number, so a whole number is written as one everywhere.
    return int(value) if isinstance(value, float) and value.is_integer() else value


def append_event(
    transaction: Transaction,
    case: Case,
    *,
    type: str,
    actor_id: int | None,
    actor_role: str,
    unit_code: str | None,
    at: datetime,
    data: Mapping[str, Any],
) -> None:
    """Write what happened to a case: change the case first, then append, then save it.

    The event keeps what `figures` count of the case from then on (data["state"]), and the case holds the
    head of its chain. An event is never older than the one before it, even when two machines' clocks
    disagree.
    """
    case.head_at = max(at, case.head_at or at)
    case.event_count += 1
    row = {
        "case_id": case.id,
        "sequence": case.event_count,
        "type": type,
        "actor_id": actor_id,
        "actor_role": actor_role,
        "unit_code": unit_code,
        "at": case.head_at,
        "data": {**data, "state": _state(case)},
    }
    previous_hash, case.head_hash = case.head_hash, event_hash(case.head_hash, row)
    transaction.write(_INSERT, {**row, "previous_hash": previous_hash, "hash": case.head_hash})


def _state(case: Case) -> dict[str, Any]:
    return _told({name: getattr(case, name) for name in COUNTED_COLUMNS})


def _told(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(columns[name]) for name in COUNTED_COLUMNS if columns[name]}


def _plain(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value


async def events_of(transaction: Transaction, case_id: int) -> list[Event]:
    """Return what happened to a case, in order."""
    return [Event(**row) for row in await transaction.fetch(_EVENTS_OF, {"row_id": case_id})]


async def count_events(transaction: Transaction) -> int:
    """Count all events of all cases."""
    counted = await transaction.fetch_one(_COUNT)
    return int(counted["events"]) if counted else 0


_COUNT = select(func.count().label("events")).select_from(event)
_CASES = (
    select(
        case_table.c.id,
        case_table.c.code,
        case_table.c.event_count,
        case_table.c.head_hash,
        case_table.c.head_at,
        *(case_table.c[name] for name in COUNTED_COLUMNS),
    )
    .where(case_table.c.id > bindparam("after"))
    .order_by(case_table.c.id)
    .limit(CASES_AT_ONCE)
)
_EVENTS = (
    select(event)
    .where(event.c.case_id > bindparam("after"), event.c.case_id <= bindparam("until"))
    .order_by(event.c.case_id, event.c.sequence)
)
_ONE_CASE = select(*_CASES.selected_columns).where(case_table.c.id == bindparam("row_id"))
_LAST_ID = 2**63 - 1
"""Larger than every id, for events that belong to no case."""

Progress = Callable[[int, int], None]


async def verify(source: Database | Transaction, progress: Progress | None = None) -> Broken | None:
    """Return the first fault of the ledger, in the order of cases, or None when all of it holds.

    Finds events that were changed, removed, inserted or back-dated, a case whose count or hash of events is
    not what its events give, and one whose counted columns are not what its last event says. `progress`
    hears (events checked, events in all).
    """
    if isinstance(source, Database):
        async with source.read() as transaction:
            return await verify(transaction, progress)
    total, checked = await count_events(source), 0
    async for cases, events in _batches(source):
        if broken := _first_fault(cases, events):
            return broken
        checked += len(events)
        if progress:
            progress(checked, total)
    return None


async def verify_chain(transaction: Transaction, case_id: int) -> Broken | None:
    """Check the events of one case alone."""
    cases = await transaction.fetch(_ONE_CASE, {"row_id": case_id})
    return _first_fault(cases, await transaction.fetch(_EVENTS_OF, {"row_id": case_id}))


async def _batches(
    transaction: Transaction,
) -> AsyncIterator[tuple[Sequence[RowMapping], Sequence[RowMapping]]]:
    """Yield cases with their events, a bounded number at a time, and at last events without a case."""
    after = -1
    while True:
        cases = await transaction.fetch(_CASES, {"after": after})
        until = cases[-1]["id"] if cases else _LAST_ID
        yield cases, await transaction.fetch(_EVENTS, {"after": after, "until": until})
        if not cases:
            return
        after = until


def _first_fault(cases: Sequence[RowMapping], events: Sequence[RowMapping]) -> Broken | None:
    by_case: dict[int, list[RowMapping]] = {}
    for row in events:
        by_case.setdefault(row["case_id"], []).append(row)
    for record in cases:
        fault = _case_fault(record, by_case.pop(record["id"], []))
        if fault:
            return Broken(case_id=record["id"], code=record["code"], sequence=fault[0], fault=fault[1])
    for case_id, orphans in by_case.items():
        return Broken(case_id=case_id, code="", sequence=orphans[0]["sequence"], fault="inserted")
    return None


def _case_fault(record: RowMapping, events: Sequence[RowMapping]) -> tuple[int | None, str] | None:
    head: str = ""
    head_at: datetime | None = None
    for expected, row in enumerate(events, start=1):
        fault = _event_fault(row, expected, head, head_at)
        if fault:
            return fault
        head, head_at = row["hash"], row["at"]
    if len(events) > record["event_count"]:
        return record["event_count"] + 1, "inserted"
    if len(events) < record["event_count"]:
        return len(events) + 1, "removed"
    if (head, head_at) != (record["head_hash"], record["head_at"]):
        return None, "head"
    return (None, "record") if events and events[-1]["data"]["state"] != _told(dict(record)) else None


def _event_fault(
    row: RowMapping, expected: int, head: str, head_at: datetime | None
) -> tuple[int, str] | None:
    sequence: int = row["sequence"]
    if sequence != expected:
        return (expected, "removed") if sequence > expected else (sequence, "inserted")
    if row["hash"] != event_hash(row["previous_hash"], {name: row[name] for name in _FIELDS}):
        return sequence, "changed"
    if row["previous_hash"] != head:
        return sequence, "inserted"
    if head_at and row["at"] < head_at:
        return sequence, "back-dated"
    return None
