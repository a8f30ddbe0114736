"""What lies before a unit: its open cases counted by how they stand, and each of these lists."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, select, union_all
from sqlalchemy import case as either

from routing.workflow import OPEN_STATUSES
from storage.cases import Case
from storage.database import Transaction
from storage.tables import UtcTime, person
from storage.tables import case as case_table

NOBODY = [""]
"""The units of somebody who has none: no unit has an empty code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many open cases some units have, and how many of them are in each list.

    today: came since the day began. mine: one person has them. decisions: a chair or leader has to decide
    something about them, also about cases of units below, which `open` does not count.
    """

    open: int = 0
    today: int = 0
    overdue: int = 0
    at_risk: int = 0
    unaccepted: int = 0
    mine: int = 0
    decisions: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Deciding:
    """What waits for somebody: units by code, each for one kind of decision.

    leading: extensions that wait for these, as a leader, of all domains. granting: the same as their chair.
    approving: drafts of the own units. standing_in: drafts of units below that have no chair of their own.
    hidden: the restricted domains, which chairs above the unit do not see.
    """

    leading: Collection[str] = ()
    granting: Collection[str] = ()
    approving: Collection[str] = ()
    standing_in: Collection[str] = ()
    hidden: Collection[str] = ()

    def __bool__(self) -> bool:
        return any((self.leading, self.granting, self.approving, self.standing_in))

    def parameters(self) -> dict[str, list[str]]:
        """Return the parameters of the queries for decisions."""
        return {name: sorted(codes) or NOBODY for name, codes in asdict(self).items()}


NOTHING = Deciding()
"""What waits for somebody who decides nothing."""

_OPEN = (
    case_table.c.unit_code.in_(bindparam("units", expanding=True)),
    case_table.c.status.in_(sorted(OPEN_STATUSES)),
)
# A case that waits for its reporter is judged as of when its clock was stopped.
_JUDGED_AT = func.coalesce(case_table.c.paused_at, bindparam("now", type_=UtcTime))
_FILTERS: dict[str, ColumnElement[bool]] = {
    "overdue": case_table.c.due_at < _JUDGED_AT,
    "at_risk": and_(case_table.c.warn_at <= _JUDGED_AT, case_table.c.due_at >= _JUDGED_AT),
    "unaccepted": case_table.c.accepted_at.is_(None),
    "mine": case_table.c.officer_id == bindparam("person_id"),
}
LISTS = (*_FILTERS, "decisions")
"""The lists that can be looked at, by the names of the fields of Counts."""

_COUNT = select(
    func.count().label("open"),
    func.count(either((case_table.c.assigned_at >= bindparam("today_from", type_=UtcTime), 1))).label(
        "today"
    ),
    *(func.count(either((condition, 1))).label(name) for name, condition in _FILTERS.items()),
).where(*_OPEN)

_SHOWN = case_table.c.domain.not_in(bindparam("hidden", expanding=True))
_DRAFTS = select(case_table.c.id).where(
    case_table.c.status.in_(sorted(OPEN_STATUSES)), case_table.c.proposed.is_not(None)
)
# An extension that waits is taken away when a case is finished; so only open ones are here.
_DECISIONS = union_all(
    select(case_table.c.id).where(
        case_table.c.extension_unit.is_not(None),
        case_table.c.extension_unit.in_(bindparam("leading", expanding=True)),
    ),
    select(case_table.c.id).where(
        case_table.c.extension_unit.is_not(None),
        case_table.c.extension_unit.in_(bindparam("granting", expanding=True)),
        case_table.c.extension_unit != case_table.c.unit_code,
        _SHOWN,
    ),
    _DRAFTS.where(case_table.c.unit_code.in_(bindparam("approving", expanding=True))),
    _DRAFTS.where(case_table.c.unit_code.in_(bindparam("standing_in", expanding=True)), _SHOWN),
).subquery()
_TO_DECIDE = case_table.c.id.in_(select(_DECISIONS.c.id))
_COUNT_DECISIONS = select(func.count().label("decisions")).select_from(case_table).where(_TO_DECIDE)


def _page(*conditions: ColumnElement[bool]) -> Select[Any]:
    return (
        select(case_table)
        .where(*conditions)
        .order_by(case_table.c.urgent.desc(), case_table.c.due_at.asc().nulls_last(), case_table.c.id)
        .limit(bindparam("limit"))
        .offset(bindparam("offset"))
    )


_PAGES = {name: _page(*_OPEN, condition) for name, condition in _FILTERS.items()}
_PAGES["decisions"] = _page(_TO_DECIDE)


async def count(
    transaction: Transaction,
    units: Collection[str],
    *,
    person_id: int,
    now: datetime,
    today_from: datetime,
    deciding: Deciding = NOTHING,
) -> Counts:
    """Count what lies before the officials of these units, and what waits for this person's decision."""
    found = await transaction.fetch_one(
        _COUNT,
        {"units": list(units) or NOBODY, "person_id": person_id, "now": now, "today_from": today_from},
    )
    counts = dict(found or {})
    if deciding:
        decisions = await transaction.fetch_one(_COUNT_DECISIONS, deciding.parameters())
        counts |= dict(decisions or {})
    return Counts(**counts)


async def page(
    transaction: Transaction,
    name: str,
    units: Collection[str],
    *,
    person_id: int,
    now: datetime,
    deciding: Deciding = NOTHING,
    limit: int,
    offset: int,
) -> list[Case]:
    """Return a page of one of LISTS: urgent cases first, then by when they are due."""
    parameters: dict[str, Any] = {"limit": limit, "offset": offset}
    if name == "decisions":
        parameters |= deciding.parameters()
    else:
        parameters["units"] = list(units) or NOBODY
    if name == "mine":
        parameters["person_id"] = person_id
    if name in ("overdue", "at_risk"):
        parameters["now"] = now
    return [Case(**row) for row in await transaction.fetch(_PAGES[name], parameters)]


_LOAD = (
    select(case_table.c.officer_id, func.count().label("cases"))
    .where(
        case_table.c.officer_id.in_(bindparam("people", expanding=True)),
        case_table.c.status.in_(sorted(OPEN_STATUSES)),
    )
    .group_by(case_table.c.officer_id)
)


async def open_cases_of_officers(transaction: Transaction, people: Collection[int]) -> dict[int, int]:
    """Count the open cases that each of these people has in hand; nobody without one is named."""
    rows = await transaction.fetch(_LOAD, {"people": list(people)}) if people else []
    return {row["officer_id"]: row["cases"] for row in rows}


_NAMES = select(person.c.id, person.c.name).where(person.c.id.in_(bindparam("people", expanding=True)))


async def names_of_officers(transaction: Transaction, listed: Collection[Case]) -> dict[int, str]:
    """Return the names of the people who have these cases in hand, by their numbers."""
    people = sorted({case.officer_id for case in listed if case.officer_id is not None})
    rows = await transaction.fetch(_NAMES, {"people": people}) if people else []
    return {row["id"]: row["name"] for row in rows}
