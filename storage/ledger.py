"""The ledger: what happened to each case, only ever appended, each event chained to the one before."""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import BindParameter, Select, Text, bindparam, cast, func, insert, select
from sqlalchemy.engine import Row

from routing.deadline import LOCAL_TIME
from storage.cases import Case
from storage.database import Database, Transaction
from storage.tables import case as case_table
from storage.tables import event

CASES_AT_ONCE = 1000
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
    """Where the ledger does not hold: the case, the event (None for the case's own record), and how.

    A fault of a day's seal has no case: case_id is 0. `day` is the local day of the event or the seal, where
    that can be told.
    """

    case_id: int
    code: str
    sequence: int | None
    fault: str
    """One of FAULTS."""
    day: date | None = None

    def __str__(self) -> str:
        where = f"event {self.sequence} of " if self.sequence else ""
        about = f"{where}case {self.code or self.case_id}" if self.case_id or self.code else "the seal"
        on = f" ({self.day})" if self.day else ""
        return f"{about}{on}: {FAULTS[self.fault]}"


FAULTS = {
    "changed": "its content does not match its hash",
    "removed": "it is missing",
    "text": "what the citizen wrote is not what was received",
    "answer": "the answer is not the one that was given",
    "inserted": "it does not belong to the chain",
    "back-dated": "it is older than the event before it",
    "head": "the case's record does not match its last event",
    "record": "what figures count of it was changed without an event",
    "changed since": "it is not the event that was sealed on that day: the case's chain was written anew",
    "removed since": "it was sealed on that day and is gone",
    "added since": "it was not there when that day was sealed",
    "moved": "it was sealed on that day and now stands on another",
    "seal changed": "it does not fit what it is said to hold, or the seal before it",
    "seal removed": "the day is over and has no seal",
    "other root": "it is not the one that was noted: what was sealed until that day was written anew",
}
"""Every way in which the ledger can fail to hold, in words."""

_FIRST_COUNTED = (
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
_SECOND_COUNTED = (
    *_FIRST_COUNTED,
    "extended_from",
    "handled_hours",
    "ward_code",
    "late_before",
    "returned_count",
    "reopened_count",
)
_THIRD_COUNTED = (*_SECOND_COUNTED, "paused_at")
COUNTED_COLUMNS = (*_THIRD_COUNTED, "people_count")
"""What figures count of a case; every event keeps them, so that figures can be recounted from events."""
STATE_VERSION = 4
_COUNTED = {1: _FIRST_COUNTED, 2: _SECOND_COUNTED, 3: _THIRD_COUNTED, STATE_VERSION: COUNTED_COLUMNS}
"""What each version of the state keeps; no number is written in the first."""

_INSERT = insert(event)
_canonical_form = json.JSONEncoder(
    sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":")
).encode
_EVENTS_OF = select(event).where(event.c.case_id == bindparam("row_id")).order_by(event.c.sequence)


ERASED = "erased"
"""The type of the event that says what was taken out of a case and of the events before it, and why.

Its data holds "events", by sequence the `left_hash` of what is left of each, and "text_hash", the hash of
what stands in the place of the words. Nothing else may differ from what was written: `verify` sees to it.
"""


def left_hash(fields: Mapping[str, Any]) -> str:
    """Return the hash of what is left of an event: of the same fields as `event_hash`, outside the chain."""
    names = ("case_id", "sequence", "type", "actor_id", "actor_role", "unit_code", "at", "data")
    return event_hash(ERASED, {name: fields[name] for name in names})


def event_hash(previous_hash: str, fields: Mapping[str, Any]) -> str:
    """Return the hash of an event: SHA-256 over its fields and the hash before it, as canonical JSON.

    Raises TypeError or ValueError for data that a database would not give back as it was (a key that is
    no string, a number that is not finite).
    """
    written = _canonical_form(_canonical({**fields, "previous_hash": previous_hash}))
    return hashlib.sha256(written.encode("ascii")).hexdigest()


def _whole(written: str) -> int | float:
    # PostgreSQL keeps 1e16 as a whole number, so a whole number is written as one everywhere.
    number = float(written)
    return int(number) if number.is_integer() else number


_read = json.JSONDecoder(parse_float=_whole).decode
"""Reads an event's data in the form in which it is hashed."""


_PLAIN = frozenset({str, int, bool, type(None)})
"""Types that stand for themselves; most values have one of them."""


def _canonical(value: Any) -> Any:
    if type(value) in _PLAIN:
        return value
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            raise TypeError("keys of an event's data must be strings")
        return {key: item if type(item) in _PLAIN else _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return int(value) if isinstance(value, float) and value.is_integer() else value


def text_hash(text: str) -> str:
    """Return the hash by which an event keeps what a citizen wrote, without the words: SHA-256 of UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()


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
    columns = {name: getattr(case, name) for name in COUNTED_COLUMNS}
    return {**_told(columns, COUNTED_COLUMNS), "version": STATE_VERSION}


def _told(columns: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: _plain(columns[name]) for name in names if columns[name]}


def _plain(value: Any) -> Any:
    return _canonical(value) if isinstance(value, datetime) else value


async def events_of(transaction: Transaction, case_id: int) -> list[Event]:
    """Return what happened to a case, in order."""
    return [Event(**row) for row in await transaction.fetch(_EVENTS_OF, {"row_id": case_id})]


_VIEWED = select(event.c.case_id).where(
    event.c.case_id.in_(bindparam("ids", expanding=True)),
    event.c.type == "viewed",
    event.c.actor_id == bindparam("in_actor"),
    event.c.at >= bindparam("since"),
)


async def viewed_since(
    transaction: Transaction, case_ids: Sequence[int], *, actor_id: int, since: datetime
) -> set[int]:
    """Return those of these cases of which the ledger says that this person looked at them since then."""
    row = {"ids": list(case_ids), "in_actor": actor_id, "since": since}
    return {found["case_id"] for found in await transaction.fetch(_VIEWED, row)} if case_ids else set()


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
        case_table.c.text,
        case_table.c.answer,
        *(case_table.c[name] for name in COUNTED_COLUMNS),
    )
    .where(case_table.c.id > bindparam("after"))
    .order_by(case_table.c.id)
    .limit(CASES_AT_ONCE)
)
# The raw columns: what is checked need not be turned into objects first.
_RAW = select(
    event.c.case_id,
    event.c.sequence,
    event.c.type,
    event.c.actor_id,
    event.c.actor_role,
    event.c.unit_code,
    event.c.at,
    cast(event.c.data, Text).label("data"),
    event.c.previous_hash,
    event.c.hash,
).order_by(event.c.case_id, event.c.sequence)
_EVENTS = _RAW.where(event.c.case_id > bindparam("after"), event.c.case_id <= bindparam("until"))
_SOME: BindParameter[int] = bindparam("ids", expanding=True)
_RAW_OF_SOME = _RAW.where(event.c.case_id.in_(_SOME))
_SOME_CASES = select(*_CASES.selected_columns).where(case_table.c.id.in_(_SOME)).order_by(case_table.c.id)
_LAST_ID = 2**63 - 1
"""Larger than every id, for events that belong to no case."""

Progress = Callable[[int, int], None]
Seen = Callable[[str, Sequence[Row[Any]]], None]
"""Hears a case's code and its events."""


async def verify(source: Database | Transaction, progress: Progress | None = None) -> Broken | None:
    """Return the first fault of the chains, in the order of cases, or None when all of them hold.

    Finds events that were changed, removed, inserted or back-dated, a case whose count or hash of events is
    not what its events give, one without events, and one whose counted columns, text or answer are not what
    its events say. `progress` hears (events checked, events in all). Chains that were made to fit are
    found by `storage.seals.verify`.
    """
    if isinstance(source, Database):
        async with source.read() as transaction:
            return await verify(transaction, progress)
    async for broken in faults(source, progress=progress):
        return broken
    return None


async def faults(
    transaction: Transaction, *, seen: Seen | None = None, progress: Progress | None = None
) -> AsyncIterator[Broken]:
    """Yield the first fault of each case. `seen` hears every case with its events, in order of their ids."""
    total, checked = await count_events(transaction), 0
    async for cases, events in _batches(transaction):
        for broken in _faults(cases, events, seen):
            yield broken
        checked += len(events)
        if progress:
            progress(checked, total)


async def verify_chains(transaction: Transaction, case_ids: Sequence[int]) -> Broken | None:
    """Check the events of some cases alone; return the first fault."""
    async for broken in faults_of(transaction, case_ids):
        return broken
    return None


async def faults_of(transaction: Transaction, case_ids: Sequence[int]) -> AsyncIterator[Broken]:
    """Yield the first fault of each of some cases."""
    for start in range(0, len(case_ids), CASES_AT_ONCE):
        ids = {"ids": list(case_ids[start : start + CASES_AT_ONCE])}
        cases = await transaction.fetch(_SOME_CASES, ids)
        for broken in _faults(cases, await _raw(transaction, _RAW_OF_SOME, ids), None):
            yield broken


async def _batches(
    transaction: Transaction,
) -> AsyncIterator[tuple[Sequence[Mapping[str, Any]], Sequence[Row[Any]]]]:
    """Yield cases with their events, a bounded number at a time, and at last events without a case."""
    after = -1
    while True:
        cases = await transaction.fetch(_CASES, {"after": after})
        until = cases[-1]["id"] if cases else _LAST_ID
        yield cases, await _raw(transaction, _EVENTS, {"after": after, "until": until})
        if not cases:
            return
        after = until


async def _raw(
    transaction: Transaction, statement: Select[Any], parameters: Mapping[str, Any]
) -> Sequence[Row[Any]]:
    await transaction.flush()
    found: Sequence[Row[Any]] = (await transaction.connection.execute(statement, dict(parameters))).all()
    return found


def _faults(
    cases: Sequence[Mapping[str, Any]], events: Sequence[Row[Any]], seen: Seen | None
) -> Iterator[Broken]:
    by_case: dict[int, list[Row[Any]]] = {}
    for row in events:
        by_case.setdefault(row.case_id, []).append(row)
    for record in cases:
        of_case = by_case.pop(record["id"], [])
        if seen:
            seen(record["code"], of_case)
        if fault := _case_fault(record, of_case):
            sequence, kind, day = fault
            yield Broken(case_id=record["id"], code=record["code"], sequence=sequence, fault=kind, day=day)
    for case_id, orphans in by_case.items():
        if seen:
            seen("", orphans)
        first = orphans[0]
        yield Broken(
            case_id=case_id, code="", sequence=first.sequence, fault="inserted", day=local_day(first.at)
        )


Fault = tuple[int | None, str, date | None]


def _case_fault(record: Mapping[str, Any], events: Sequence[Row[Any]]) -> Fault | None:
    head: str = ""
    head_at: datetime | None = None
    told: dict[str, Any] = {}
    answer: str | None = None
    erased = _erased(events)
    for expected, row in enumerate(events, start=1):
        data = _read(row.data)
        if (fault := _event_fault(row, data, expected, head, head_at)) and not (
            fault[1] == "changed" and _is_left(row, data, erased, head, head_at)
        ):
            return fault
        head, head_at = row.hash, row.at
        told = told or data
        if row.type in _GIVEN:
            answer = data.get(_GIVEN[row.type], record["answer"])
    last_day = local_day(head_at) if head_at else None
    if len(events) > record["event_count"]:
        return record["event_count"] + 1, "inserted", local_day(events[record["event_count"]].at)
    if not events or len(events) < record["event_count"]:
        # No case is stored without the event of its receipt.
        return len(events) + 1, "removed", last_day
    if (head, head_at) != (record["head_hash"], record["head_at"]):
        return None, "head", last_day
    told = {**told, "text_hash": erased.get("text_hash", told.get("text_hash", ""))}
    differs = _record_fault(record, told, answer, data)
    return (None, differs, last_day) if differs else None


def _erased(events: Sequence[Row[Any]]) -> dict[str, Any]:
    """Return what the events of a case say was taken out of it, the latest word on each event."""
    found: dict[str, Any] = {}
    for row in events:
        if row.type == ERASED:
            data = _read(row.data)
            left = {**found.get("events", {}), **data.get("events", {})}
            found = {**found, **data, "events": left}
    return found


def _is_left(
    row: Row[Any], data: Any, erased: Mapping[str, Any], head: str, head_at: datetime | None
) -> bool:
    """Tell whether an event is what a later one says was left of it, still in its place of the chain."""
    said = erased.get("events", {}).get(str(row.sequence))
    in_place = row.previous_hash == head and (head_at is None or row.at >= head_at)
    return (
        bool(said) and row.type != ERASED and in_place and said == left_hash({**row._mapping, "data": data})
    )


_GIVEN = {"answered": "text", "rejected": "reason"}
"""The events that give a case its answer, and under which name they keep it."""


def _record_fault(
    record: Mapping[str, Any], first: Mapping[str, Any], answer: str | None, last: Mapping[str, Any]
) -> str | None:
    """Tell how a case's own row disagrees with its first event, its last answer, and its last event."""
    state = dict(last["state"])
    counted = _COUNTED.get(state.pop("version", 1), COUNTED_COLUMNS)
    if state != _told(record, counted):
        return "record"
    # Earlier events do not keep the hash of what was written.
    if first.get("text_hash", "") not in ("", text_hash(record["text"])):
        return "text"
    return "answer" if answer != record["answer"] else None


def _event_fault(
    row: Row[Any], content: Any, expected: int, head: str, head_at: datetime | None
) -> Fault | None:
    case_id, sequence, type, actor_id, actor_role, unit_code, at, _, previous_hash, hash = tuple(row)
    if sequence != expected:
        return (expected, "removed", None) if sequence > expected else (sequence, "inserted", local_day(at))
    written = _canonical_form(
        {
            "case_id": case_id,
            "sequence": sequence,
            "type": type,
            "actor_id": actor_id,
            "actor_role": actor_role,
            "unit_code": unit_code,
            "at": at.isoformat(timespec="microseconds"),
            "data": content,
            "previous_hash": previous_hash,
        }
    )
    if hash != hashlib.sha256(written.encode("ascii")).hexdigest():
        return sequence, "changed", local_day(at)
    if previous_hash != head:
        return sequence, "inserted", local_day(at)
    return (sequence, "back-dated", local_day(at)) if head_at and at < head_at else None


def local_day(at: datetime) -> date:
    """Return the local day of a moment."""
    return at.astimezone(LOCAL_TIME).date()
