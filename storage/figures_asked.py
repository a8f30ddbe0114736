"""The cases behind a figure: those that it counts, a page at a time."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select

from routing.workflow import OPEN_STATUSES, Status
from storage.cases import Case
from storage.database import Transaction
from storage.figures import ANSWERED_STATUSES, COUNTED_KINDS, SATISFIED_FROM
from storage.tables import UtcTime
from storage.tables import case as case_table

NOBODY = [""]
"""No unit has an empty code."""

_RECEIVED = and_(
    case_table.c.received_at >= bindparam("start", type_=UtcTime),
    case_table.c.received_at < bindparam("end", type_=UtcTime),
    case_table.c.status != Status.MERGED,
)
_ANSWERED = and_(
    case_table.c.answered_at >= bindparam("start", type_=UtcTime),
    case_table.c.answered_at < bindparam("end", type_=UtcTime),
    case_table.c.status.in_(ANSWERED_STATUSES),
)
_OPEN = case_table.c.status.in_(sorted(OPEN_STATUSES))
_IN_TIME = and_(
    ~case_table.c.late_before,
    or_(case_table.c.answer_due_at.is_(None), case_table.c.answered_at <= case_table.c.answer_due_at),
)
_BY_EXTENSION = func.coalesce(case_table.c.answered_at > case_table.c.extended_from, False)
# A case that waits for its reporter is judged as of when its clock was stopped.
_JUDGED_AT = func.coalesce(case_table.c.paused_at, bindparam("now", type_=UtcTime))
_BY_RECEIPT = (case_table.c.received_at.desc(), case_table.c.id)
_BY_ANSWER = (case_table.c.answered_at.desc(), case_table.c.id)
_BY_DEADLINE = (case_table.c.due_at, case_table.c.id)

_BEHIND: dict[str, tuple[ColumnElement[bool], tuple[ColumnElement[Any], ...]]] = {
    "received": (_RECEIVED, _BY_RECEIPT),
    "people": (_RECEIVED, (case_table.c.people_count.desc(), case_table.c.id)),
    "reopened": (and_(_RECEIVED, case_table.c.reopened_count > 0), _BY_RECEIPT),
    "answered": (_ANSWERED, _BY_ANSWER),
    "late": (and_(_ANSWERED, ~_IN_TIME), _BY_ANSWER),
    "on_time_rate": (and_(_ANSWERED, or_(~_IN_TIME, _BY_EXTENSION)), _BY_ANSWER),
    "late_with_extension": (and_(_ANSWERED, _IN_TIME, _BY_EXTENSION), _BY_ANSWER),
    "median_hours": (
        and_(_ANSWERED, case_table.c.handled_hours.is_not(None)),
        (case_table.c.handled_hours.desc(), case_table.c.id),
    ),
    "satisfaction": (
        and_(_ANSWERED, case_table.c.rating < SATISFIED_FROM),
        (case_table.c.rating, case_table.c.id),
    ),
    "open": (_OPEN, _BY_DEADLINE),
    "overdue": (and_(_OPEN, case_table.c.due_at < _JUDGED_AT), _BY_DEADLINE),
    "at_risk": (
        and_(_OPEN, case_table.c.warn_at <= _JUDGED_AT, case_table.c.due_at >= _JUDGED_AT),
        _BY_DEADLINE,
    ),
}
"""For each figure: the cases behind it, what needs looking at first. Of shares, those that fell short."""


_OF_ANSWERS = frozenset(
    {"answered", "late", "on_time_rate", "late_with_extension", "median_hours", "satisfaction"}
)
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Behind:
    """Which cases are meant.

    units: None for all; parts: "unit/ward", besides them. hidden: the domains that the reader may not see.

    start and end matter to figures of a period only.
    """

    metric: str
    start: datetime
    end: datetime
    now: datetime
    units: Collection[str] | None = None
    parts: Collection[str] = ()
    domains: Collection[str] = ()
    hidden: Collection[str] = ()


@cache
def _statement(metric: str, of_units: bool, of_parts: bool, of_domains: bool, paged: bool) -> Select[Any]:
    """Return the query for a page; paged: from a place on, by time, instead of so many from the start."""
    condition, order = _BEHIND[metric]
    if paged:
        at = case_table.c.answered_at if metric in _OF_ANSWERS else case_table.c.received_at
        from_at: ColumnElement[Any] = bindparam("from_at", type_=UtcTime)
        condition = and_(condition, at >= from_at, or_(at > from_at, case_table.c.id > bindparam("from_id")))
        order = (at, case_table.c.id)
    statement = select(case_table).where(
        condition,
        case_table.c.kind.in_(COUNTED_KINDS),
        case_table.c.domain.not_in(bindparam("hidden", expanding=True)),
    )
    of_these: ColumnElement[bool] = case_table.c.unit_code.in_(bindparam("units", expanding=True))
    if of_parts:
        part = case_table.c.unit_code + "/" + case_table.c.ward_code
        of_these = or_(of_these, part.in_(bindparam("parts", expanding=True)))
    if of_units:
        statement = statement.where(of_these)
    if of_domains:
        statement = statement.where(case_table.c.domain.in_(bindparam("domains", expanding=True)))
    return statement.order_by(*order).limit(bindparam("most")).offset(bindparam("after"))


async def cases_behind(
    transaction: Transaction, behind: Behind, *, limit: int = 6, offset: int = 0
) -> list[Case]:
    """Return a page of the cases behind a figure."""
    statement, row = _asked(behind, limit, offset)
    return [Case(**found) for found in await transaction.fetch(statement, row)]


async def stream_cases_behind(
    transaction: Transaction, behind: Behind, *, most: int, at_once: int = 500
) -> AsyncIterator[list[Case]]:
    """Yield the cases behind a figure, oldest first, some at a time, so that never all of them are held."""
    at, after, left = _BEGINNING, 0, most
    while left > 0:
        statement, row = _asked(behind, min(at_once, left), 0, paged=True)
        found = await transaction.fetch(statement, {**row, "from_at": at, "from_id": after})
        page = [Case(**each) for each in found]
        if not page:
            return
        yield page
        left -= len(page)
        last = page[-1]
        at, after = (last.answered_at if behind.metric in _OF_ANSWERS else last.received_at) or at, last.id


_OVERDUE_CELLS = (
    select(case_table.c.unit_code, case_table.c.domain, func.count().label("count"))
    .where(
        _BEHIND["overdue"][0],
        case_table.c.kind.in_(COUNTED_KINDS),
        case_table.c.domain.not_in(bindparam("hidden", expanding=True)),
    )
    .group_by(case_table.c.unit_code, case_table.c.domain)
)


async def overdue_cells(
    transaction: Transaction, *, now: datetime, hidden: Collection[str]
) -> dict[tuple[str | None, str], int]:
    """Return how many cases are overdue, for each unit that has any and each domain."""
    found = await transaction.fetch(_OVERDUE_CELLS, {"now": now, "hidden": sorted(hidden) or NOBODY})
    return {(row["unit_code"], row["domain"]): row["count"] for row in found}


def _asked(
    behind: Behind, limit: int, offset: int, *, paged: bool = False
) -> tuple[Select[Any], dict[str, Any]]:
    row: dict[str, Any] = {
        "start": behind.start,
        "end": behind.end,
        "now": behind.now,
        "hidden": sorted(behind.hidden) or NOBODY,
        "most": limit,
        "after": offset,
    }
    if behind.units is not None:
        row["units"] = sorted(behind.units) or NOBODY
    if behind.domains:
        row["domains"] = sorted(behind.domains)
    if behind.parts:
        row["parts"] = sorted(behind.parts)
    of_units, of_parts = behind.units is not None, bool(behind.parts)
    return _statement(behind.metric, of_units, of_parts, bool(behind.domains), paged), row
