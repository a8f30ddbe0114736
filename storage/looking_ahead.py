"""What looking ahead is learnt from: how cases were handled, how many people report what where, and rises."""

import json
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, distinct, exists, func, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from routing.foretelling import Step
from routing.risk import Handling
from routing.workflow import OPEN_STATUSES
from storage.cases import Case
from storage.database import Transaction
from storage.figures import COUNTED_KINDS
from storage.identity import new_id
from storage.tables import IS_OPEN, UtcTime, day_count, event, pace, rise
from storage.tables import case as case_table
from storage.tables import unit as unit_table

_HANDLING = (
    case_table.c.unit_code,
    case_table.c.domain,
    case_table.c.received_at,
    case_table.c.reopened_at,
    case_table.c.assigned_at,
    case_table.c.due_at,
    case_table.c.answer_due_at,
    case_table.c.accepted_at,
    case_table.c.paused_at,
    case_table.c.paused_hours,
    case_table.c.answered_at,
)
_COUNTED = case_table.c.kind.in_(COUNTED_KINDS)
_OPEN_AND_HELD = (
    case_table.c.unit_code.is_not(None),
    case_table.c.due_at.is_not(None),
    _COUNTED,
)
_OPEN_OF_CITY = select(case_table.c.id).where(text(IS_OPEN), *_OPEN_AND_HELD)
_OPEN_OF_UNITS = select(case_table.c.id).where(
    case_table.c.unit_code.in_(bindparam("units", expanding=True)),
    case_table.c.status.in_(sorted(OPEN_STATUSES)),
    *_OPEN_AND_HELD,
)
_BY_IDS = select(case_table.c.id, case_table.c.code, *_HANDLING).where(
    case_table.c.id.in_(bindparam("ids", expanding=True))
)
_AT_ONCE = 500
"""So many rows are read in one go: thousands of them would keep everything else waiting."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenCase:
    """An open case that some unit owes an answer, and how it is handled."""

    id: int
    code: str
    handling: Handling


async def open_cases(transaction: Transaction, units: Collection[str] | None) -> list[OpenCase]:
    """Return the open cases with a deadline, of these units or (None) of the whole city."""
    if units is None:
        found = await transaction.fetch(_OPEN_OF_CITY)
    else:
        found = await transaction.fetch(_OPEN_OF_UNITS, {"units": sorted(units)}) if units else []
    ids = sorted(row["id"] for row in found)
    cases: list[OpenCase] = []
    for start in range(0, len(ids), _AT_ONCE):
        rows = await transaction.fetch(_BY_IDS, {"ids": ids[start : start + _AT_ONCE]})
        cases += [OpenCase(id=row["id"], code=row["code"], handling=_handling(row)) for row in rows]
    return cases


def _handling(row: Mapping[str, Any]) -> Handling:
    ended_at = row["answered_at"]
    began_at = row["reopened_at"] or row["received_at"]
    due_at = (row["answer_due_at"] if ended_at else None) or row["due_at"]
    return Handling(
        unit=row["unit_code"],
        domain=row["domain"],
        began_at=began_at,
        given_at=max(row["assigned_at"] or began_at, began_at),
        due_at=due_at,
        accepted_at=row["accepted_at"],
        paused_at=None if ended_at else row["paused_at"],
        paused_hours=row["paused_hours"],
        ended_at=ended_at,
    )


# ── how quickly units answer ─────────────────────────────────────────────────────────────────────

_HAS_OPEN = exists().where(
    case_table.c.unit_code == unit_table.c.code, case_table.c.status.in_(sorted(OPEN_STATUSES))
)
_HAS_ANSWERED = exists().where(
    case_table.c.unit_code == unit_table.c.code,
    case_table.c.answered_at.is_not(None),
    case_table.c.answered_at >= bindparam("since", type_=UtcTime),
)
_TO_COUNT = (
    select(unit_table.c.code)
    .outerjoin(pace, pace.c.unit_code == unit_table.c.code)
    .where(
        or_(pace.c.counted_at.is_(None), pace.c.counted_at < bindparam("before", type_=UtcTime)),
        or_(_HAS_OPEN, _HAS_ANSWERED),
    )
    .order_by(unit_table.c.code)
    .limit(1)
)
_ENDED = (
    select(*_HANDLING)
    .where(
        case_table.c.unit_code == bindparam("unit"),
        case_table.c.answered_at.is_not(None),
        case_table.c.answered_at >= bindparam("since", type_=UtcTime),
        case_table.c.due_at.is_not(None),
        _COUNTED,
    )
    .order_by(case_table.c.answered_at.desc())
    .limit(bindparam("limit"))
)
_PACES = select(pace.c.unit_code, pace.c.counts).order_by(pace.c.unit_code)


def _upsert(table: Any, key: str, changes: Sequence[str]) -> dict[str, Any]:
    found = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        statement = dialect.insert(table)
        found[name] = statement.on_conflict_do_update(
            index_elements=[key], set_={column: statement.excluded[column] for column in changes}
        )
    return found


_SAVE_PACE = _upsert(pace, "unit_code", ["counts", "counted_at"])


async def unit_to_count(transaction: Transaction, *, since: datetime, before: datetime) -> str | None:
    """Return a unit with open cases, or answers since then, that was not counted since `before`."""
    row = await transaction.fetch_one(_TO_COUNT, {"since": since, "before": before})
    return row["code"] if row else None


async def handled(transaction: Transaction, unit: str, *, since: datetime, limit: int) -> list[Handling]:
    """Return what a unit has open and the latest that it answered since then, the latest first."""
    ended = await transaction.fetch(_ENDED, {"unit": unit, "since": since, "limit": limit})
    still_open = [each.handling for each in await open_cases(transaction, [unit])]
    return [*still_open, *map(_handling, ended)]


def save_counts(transaction: Transaction, unit: str, counts: Mapping[str, Any], *, at: datetime) -> None:
    """Keep what was counted of a unit."""
    row = {"unit_code": unit, "counts": json.dumps(counts, separators=(",", ":")), "counted_at": at}
    transaction.write(_SAVE_PACE[transaction.dialect], row)


async def all_counts(transaction: Transaction) -> dict[str, str]:
    """Return what was counted of each unit, as JSON still to be read."""
    return {row["unit_code"]: row["counts"] for row in await transaction.fetch(_PACES)}


# ── how many people report what where ────────────────────────────────────────────────────────────

_FIRST = select(func.min(case_table.c.received_at).label("at"))
_LAST = select(func.max(case_table.c.received_at).label("at"))
_OF_DAY = (
    select(
        case_table.c.ward_code,
        case_table.c.domain,
        func.count(distinct(case_table.c.reporter_id)).label("people"),
    )
    .where(
        case_table.c.received_at >= bindparam("start", type_=UtcTime),
        case_table.c.received_at < bindparam("end", type_=UtcTime),
        case_table.c.ward_code.is_not(None),
        _COUNTED,
    )
    .group_by(case_table.c.ward_code, case_table.c.domain)
    .order_by(case_table.c.ward_code, case_table.c.domain)
)
_SAVE_DAY = _upsert(day_count, "day", ["counts"])
_DAYS = select(day_count.c.day, day_count.c.counts).where(day_count.c.day >= bindparam("first"))
_FORGET_DAYS = delete(day_count).where(day_count.c.day < bindparam("first"))


async def first_received(transaction: Transaction) -> datetime | None:
    """Return when the first case was received; None without any."""
    row = await transaction.fetch_one(_FIRST)
    return row["at"] if row else None


async def last_received(transaction: Transaction) -> datetime | None:
    """Return when the last case was received; None without any."""
    row = await transaction.fetch_one(_LAST)
    return row["at"] if row else None


async def count_day(transaction: Transaction, day: date, *, start: datetime, end: datetime) -> None:
    """Count how many people reported what where on a day, from `start` until `end`, and keep it."""
    counts: dict[str, dict[str, int]] = {}
    for row in await transaction.fetch(_OF_DAY, {"start": start, "end": end}):
        counts.setdefault(row["ward_code"], {})[row["domain"]] = row["people"]
    written = json.dumps(counts, separators=(",", ":"))
    transaction.write(_SAVE_DAY[transaction.dialect], {"day": day, "counts": written})


async def days_counted(transaction: Transaction, first: date) -> dict[date, str]:
    """Return the counts of each day from `first` on, as JSON still to be read."""
    return {row["day"]: row["counts"] for row in await transaction.fetch(_DAYS, {"first": first})}


async def forget_days(transaction: Transaction, first: date) -> None:
    """Drop the counts of the days before `first`."""
    await transaction.execute(_FORGET_DAYS, {"first": first})


# ── what rises ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRise:
    """A rise that was told."""

    id: int
    unit_code: str
    domain: str
    first_day: date
    last_day: date
    people: int
    expected: float
    noticed_at: datetime
    ended_at: datetime | None = None


_ADD_RISE = {
    name: dialect.insert(rise).on_conflict_do_nothing()
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_RISE = select(rise).where(rise.c.id == bindparam("row_id"))
_LASTING = select(rise).where(text("ended_at IS NULL")).order_by(rise.c.id)
_LASTS = update(rise).where(rise.c.id == bindparam("row_id")).values(last_day=bindparam("in_last_day"))
_OVER = update(rise).where(rise.c.id == bindparam("row_id")).values(ended_at=bindparam("in_ended_at"))
_CASES_OF = (
    select(case_table)
    .where(
        case_table.c.received_at >= bindparam("start", type_=UtcTime),
        case_table.c.received_at < bindparam("end", type_=UtcTime),
        case_table.c.ward_code.in_(bindparam("wards", expanding=True)),
        case_table.c.domain == bindparam("in_domain"),
        _COUNTED,
    )
    .order_by(case_table.c.received_at.desc(), case_table.c.id.desc())
    .limit(bindparam("limit"))
)


def add_rise(transaction: Transaction, **columns: Any) -> int:
    """Keep a new rise; return its number. Where one of the same ward and domain lasts, nothing is kept."""
    row = {"id": new_id(), **columns}
    transaction.write(_ADD_RISE[transaction.dialect], row)
    return int(row["id"])


async def get_rise(transaction: Transaction, rise_id: int) -> KeptRise | None:
    """Return a rise by its number."""
    row = await transaction.fetch_one(_RISE, {"row_id": rise_id})
    return KeptRise(**row) if row else None


async def lasting_rises(transaction: Transaction) -> list[KeptRise]:
    """Return the rises that are not over."""
    return [KeptRise(**row) for row in await transaction.fetch(_LASTING)]


def note_lasting(transaction: Transaction, rise_id: int, *, last_day: date) -> None:
    """Note that a rise still lasted on a day."""
    transaction.write(_LASTS, {"row_id": rise_id, "in_last_day": last_day})


def note_over(transaction: Transaction, rise_id: int, *, at: datetime) -> None:
    """Note that a rise is over."""
    transaction.write(_OVER, {"row_id": rise_id, "in_ended_at": at})


async def cases_of_rise(
    transaction: Transaction,
    *,
    wards: Collection[str],
    domain: str,
    start: datetime,
    end: datetime,
    limit: int,
) -> list[Case]:
    """Return the cases of a domain received in some wards in a time, the latest first."""
    if not wards:
        return []
    asked = {"start": start, "end": end, "wards": sorted(wards), "in_domain": domain, "limit": limit}
    return [Case(**row) for row in await transaction.fetch(_CASES_OF, asked)]


# ── what became of cases, for looking back ───────────────────────────────────────────────────────

_PAGE = 500
_IDS = (
    select(case_table.c.id, case_table.c.received_at)
    .where(
        case_table.c.id > bindparam("after"),
        case_table.c.received_at >= bindparam("start", type_=UtcTime),
        _COUNTED,
    )
    .order_by(case_table.c.id)
    .limit(_PAGE)
)
_EVENTS = (
    select(event.c.case_id, event.c.type, event.c.at, event.c.data)
    .where(event.c.case_id.in_(bindparam("ids", expanding=True)))
    .order_by(event.c.case_id, event.c.sequence)
)


async def histories(
    transaction: Transaction, *, start: datetime
) -> AsyncIterator[tuple[datetime, list[Step]]]:
    """Yield when each case was received, from `start` on, and what held of it from each event on."""
    after = 0
    while cases := await transaction.fetch(_IDS, {"after": after, "start": start}):
        after = cases[-1]["id"]
        steps: dict[int, list[Step]] = {}
        for row in await transaction.fetch(_EVENTS, {"ids": [each["id"] for each in cases]}):
            steps.setdefault(row["case_id"], []).append(_step(row))
        for each in cases:
            if known := steps.get(each["id"]):
                yield each["received_at"], known


def _step(row: Mapping[str, Any]) -> Step:
    state = row["data"]["state"]
    return Step(
        at=row["at"],
        type=row["type"],
        status=state["status"],
        unit=state.get("unit_code"),
        domain=state["domain"],
        due_at=_moment(state.get("due_at")),
        answer_due_at=_moment(state.get("answer_due_at")),
    )


def _moment(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
