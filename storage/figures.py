"""The figures that officials are judged by; `docs/figures.md` defines each with formula and example."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any, Literal

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, cast, func, null, or_, select, true
from sqlalchemy.engine import RowMapping

from routing.workflow import OPEN_STATUSES, Status
from storage.database import Transaction
from storage.tables import case, event

COUNTED_KINDS = ("feedback", "suggestion", "question", "emergency")
"""Grievances and denunciations are legal procedures of their own and never count."""
ANSWERED_STATUSES = (Status.ANSWERED.value, Status.CLOSED.value)

GroupBy = Literal["unit", "domain"] | None
Key = str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How one unit, one domain, or everything asked about stands; all are numbers of cases."""

    received: int = 0
    answered: int = 0
    on_time: int = 0
    late: int = 0
    late_with_extension: int = 0
    on_track: int = 0
    at_risk: int = 0
    overdue: int = 0
    reopened: int = 0
    returned: int = 0
    rejected: int = 0
    rating_count: int = 0
    rating_sum: int = 0
    """The sum of the ratings, each from 1 to 5."""

    @property
    def open(self) -> int:
        """Cases on which somebody still owes something."""
        return self.on_track + self.at_risk + self.overdue

    @property
    def rating(self) -> float | None:
        """The mean of the ratings, None without any."""
        return self.rating_sum / self.rating_count if self.rating_count else None

    def __add__(self, other: "Figures") -> "Figures":
        return Figures(**{name: getattr(self, name) + getattr(other, name) for name in _NAMES})


_NAMES = tuple(field.name for field in fields(Figures))

_RECEIVED = and_(
    case.c.received_at >= bindparam("start"),
    case.c.received_at < bindparam("end"),
    # Its master is the case that is handled; nobody is measured by one incident twice.
    case.c.status != Status.MERGED,
)
_ANSWERED = and_(
    case.c.answered_at >= bindparam("start"),
    case.c.answered_at < bindparam("end"),
    case.c.status.in_(ANSWERED_STATUSES),
)
_OPEN = case.c.status.in_(sorted(OPEN_STATUSES))
_IN_TIME = and_(
    ~case.c.late_before, or_(case.c.answer_due_at.is_(None), case.c.answered_at <= case.c.answer_due_at)
)
_RUNNING = case.c.status != Status.WAITING_FOR_CITIZEN
_OVERDUE = and_(_RUNNING, func.coalesce(case.c.due_at < bindparam("now"), False))
_WARNED = and_(_RUNNING, func.coalesce(case.c.warn_at <= bindparam("now"), False))

# Three questions to the database, each answered from an index of its own.
_PARTS: tuple[tuple[ColumnElement[bool], Mapping[str, ColumnElement[bool]]], ...] = (
    (
        _RECEIVED,
        {
            "received": true(),
            "reopened": case.c.reopened_count > 0,
            "returned": case.c.returned_count > 0,
            "rejected": case.c.status == Status.REJECTED,
        },
    ),
    (
        _ANSWERED,
        {
            "answered": true(),
            "on_time": and_(_IN_TIME, ~case.c.extended),
            "late_with_extension": and_(_IN_TIME, case.c.extended),
            "late": ~_IN_TIME,
            "rating_count": case.c.rating.is_not(None),
        },
    ),
    (
        _OPEN,
        {
            "on_track": and_(~_OVERDUE, ~_WARNED),
            "at_risk": and_(~_OVERDUE, _WARNED),
            "overdue": _OVERDUE,
        },
    ),
)
_KEYS: Mapping[GroupBy, ColumnElement[Any]] = {
    None: null(),
    "unit": case.c.unit_code,
    "domain": case.c.domain,
}


@cache
def _statements(group_by: GroupBy, of_units: bool, of_domain: bool) -> tuple[Select[Any], ...]:
    conditions: list[ColumnElement[bool]] = [case.c.kind.in_(COUNTED_KINDS)]
    if of_units:
        conditions.append(case.c.unit_code.in_(bindparam("units", expanding=True)))
    if of_domain:
        conditions.append(case.c.domain == bindparam("domain"))
    statements = []
    for counted, figures_of_part in _PARTS:
        columns = [func.sum(cast(holds, Integer)).label(name) for name, holds in figures_of_part.items()]
        if counted is _ANSWERED:
            columns.append(func.sum(case.c.rating).label("rating_sum"))
        statement = select(_KEYS[group_by].label("key"), *columns).where(counted, *conditions)
        statements.append(statement.group_by(_KEYS[group_by]) if group_by else statement)
    return tuple(statements)


async def figures(
    transaction: Transaction,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    unit_codes: Collection[str] | None = None,
    domain: str | None = None,
    group_by: GroupBy = None,
) -> dict[Key, Figures]:
    """Return the figures of a period, from start until just before end, for each unit or each domain.

    Without `group_by` there is one entry, under None. By unit, None stands for cases that no unit has.
    Open cases are counted as of now, whenever they were received. `unit_codes` are exactly the units
    meant; whoever asks for a subtree names all of it.
    """
    row: dict[str, Any] = {"start": start, "end": end, "now": now}
    if unit_codes is not None:
        row["units"] = sorted(unit_codes)
    if domain is not None:
        row["domain"] = domain
    found: dict[Key, Figures] = {} if group_by else {None: Figures()}
    for statement in _statements(group_by, unit_codes is not None, domain is not None):
        for counted in await transaction.fetch(statement, row):
            key = counted["key"]
            part = {name: int(value or 0) for name, value in counted.items() if name != "key"}
            found[key] = found.get(key, Figures()) + Figures(**part)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class _Recounted:
    """What the events of one case say of it."""

    state: Mapping[str, Any]
    reopened: int
    returned: int
    late_before: bool
    """Whether an answer before the last reopening was late."""

    def at(self, name: str) -> datetime | None:
        """Return one of the times that the last event keeps."""
        written = self.state.get(name)
        return datetime.fromisoformat(written) if written else None


async def recount(
    transaction: Transaction,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    unit_codes: Collection[str] | None = None,
    domain: str | None = None,
    group_by: GroupBy = None,
) -> dict[Key, Figures]:
    """Return the same as `figures`, slowly and from the events alone, to prove that both agree."""
    found: dict[Key, Figures] = {} if group_by else {None: Figures()}
    for told in _cases_told(await transaction.fetch(_ALL_EVENTS)):
        if not _is_meant(told, unit_codes, domain):
            continue
        counted = _count(told, start, end, now)
        if counted != Figures():
            key = told.state.get({"unit": "unit_code", "domain": "domain"}[group_by]) if group_by else None
            found[key] = found.get(key, Figures()) + counted
    return found


_ALL_EVENTS = select(event.c.case_id, event.c.type, event.c.data).order_by(event.c.case_id, event.c.sequence)


def _cases_told(events: Sequence[RowMapping]) -> Iterator[_Recounted]:
    by_case: dict[int, list[RowMapping]] = {}
    for row in events:
        by_case.setdefault(row["case_id"], []).append(row)
    for rows in by_case.values():
        types = [row["type"] for row in rows]
        state = rows[-1]["data"]["state"]
        before = (row["data"]["state"] for row, after in pairwise(rows) if after["type"] == "reopened")
        yield _Recounted(
            state=state,
            reopened=types.count("reopened"),
            returned=types.count("returned"),
            late_before=any(map(_is_late, before)),
        )


def _is_late(state: Mapping[str, Any]) -> bool:
    answered_at, due_at = state.get("answered_at"), state.get("answer_due_at")
    return bool(
        answered_at and due_at and datetime.fromisoformat(answered_at) > datetime.fromisoformat(due_at)
    )


def _is_meant(told: _Recounted, unit_codes: Collection[str] | None, domain: str | None) -> bool:
    if told.state["kind"] not in COUNTED_KINDS or told.state["status"] == Status.MERGED:
        return False
    if unit_codes is not None and told.state.get("unit_code") not in unit_codes:
        return False
    return domain is None or told.state["domain"] == domain


def _count(told: _Recounted, start: datetime, end: datetime, now: datetime) -> Figures:
    received_at, status = told.at("received_at"), told.state["status"]
    counted = _count_answer(told, start, end) if status in ANSWERED_STATUSES else Figures()
    if status in OPEN_STATUSES:
        counted += Figures(**{_standing(told, now): 1})
    if received_at and start <= received_at < end:
        counted += Figures(
            received=1,
            reopened=int(told.reopened > 0),
            returned=int(told.returned > 0),
            rejected=int(status == Status.REJECTED),
        )
    return counted


def _count_answer(told: _Recounted, start: datetime, end: datetime) -> Figures:
    answered_at, due_at = told.at("answered_at"), told.at("answer_due_at")
    if answered_at is None or not start <= answered_at < end:
        return Figures()
    extended, rating = told.state.get("extended", False), told.state.get("rating")
    held = "late_with_extension" if extended else "on_time"
    in_time = not told.late_before and (due_at is None or answered_at <= due_at)
    result = held if in_time else "late"
    return Figures(answered=1, **{result: 1}, rating_count=int(rating is not None), rating_sum=rating or 0)


def _standing(told: _Recounted, now: datetime) -> str:
    due_at, warn_at = told.at("due_at"), told.at("warn_at")
    if told.state["status"] == Status.WAITING_FOR_CITIZEN:
        return "on_track"
    if due_at and due_at < now:
        return "overdue"
    return "at_risk" if warn_at and warn_at <= now else "on_track"
