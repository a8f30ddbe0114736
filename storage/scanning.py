"""Figures counted from the cases themselves: parts of days, and units that are told apart by ward."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB

from storage import counting
from storage.counting import Tally
from storage.database import Transaction
from storage.tables import Json, UtcTime, case, event

Key = str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Scan:
    """What is to be counted, from start until just before end.

    has: the units whose cases are meant, None for all. counted_under: the units after `moved`, None for all.
    """

    start: datetime
    end: datetime
    now: datetime
    group_by: str | None = None
    has: Collection[str] | None = None
    counted_under: Collection[str] | None = None
    domains: Collection[str] | None = None
    moved: Mapping[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """Which statement a question needs; the same form is built once."""

    dialect: str
    group_by: str | None
    has: bool
    counted_under: bool
    domains: bool
    moved: bool


async def scan_period(transaction: Transaction, asked: Scan) -> dict[Key, Tally]:
    """Count what was received and answered in a period."""
    found: dict[Key, Tally] = {}
    form, row = _form(transaction, asked), _row(asked)
    for statement in (_received(form), _answered(form)):
        for counted in await transaction.fetch(statement, row):
            found.setdefault(counted["key"], Tally()).add(counted)
    for counted in await transaction.fetch(_hours(form), row):
        found[counted["key"]].steps[counted["step"]] += counted["answers"]
    return found


async def scan_open(transaction: Transaction, asked: Scan) -> dict[Key, Tally]:
    """Count what is open now."""
    return await _scan(transaction, _open(_form(transaction, asked)), asked)


async def scan_returns(transaction: Transaction, asked: Scan) -> dict[Key, Tally]:
    """Count what was received in a period and returned, under the units that returned it."""
    return await _scan(transaction, _returned(_form(transaction, asked)), asked)


async def _scan(transaction: Transaction, statement: Select[Any], asked: Scan) -> dict[Key, Tally]:
    found: dict[Key, Tally] = {}
    for counted in await transaction.fetch(statement, _row(asked)):
        found.setdefault(counted["key"], Tally()).add(counted)
    return found


def _form(transaction: Transaction, asked: Scan) -> _Form:
    return _Form(
        dialect=transaction.dialect,
        group_by=asked.group_by,
        has=asked.has is not None,
        counted_under=asked.counted_under is not None,
        domains=asked.domains is not None,
        moved=bool(asked.moved),
    )


def _row(asked: Scan) -> dict[str, Any]:
    row: dict[str, Any] = {"start": asked.start, "end": asked.end, "now": asked.now}
    lists = {"has": asked.has, "counted_under": asked.counted_under, "domains": asked.domains}
    row |= {name: sorted(given) for name, given in lists.items() if given is not None}
    return {**row, "moved": dict(asked.moved)} if asked.moved else row


# ── the statements ───────────────────────────────────────────────────────────────────────────────


@cache
def _received(form: _Form) -> Select[Any]:
    within = and_(counting.is_received(case), *_between(case.c.received_at))
    return _summed(form, counting.of_receipt(case), within)


@cache
def _answered(form: _Form) -> Select[Any]:
    within = and_(counting.is_answered(case), *_between(case.c.answered_at))
    return _summed(form, counting.of_answer(case), within)


@cache
def _hours(form: _Form) -> Select[Any]:
    key, source, conditions = _asked(form, case, case.c.unit_code)
    within = and_(counting.is_answered(case), *_between(case.c.answered_at))
    measured = case.c.handled_hours.is_not(None)
    step, answers = counting.step(case).label("step"), func.count().label("answers")
    statement = (
        select(key.label("key"), step, answers).select_from(source).where(within, measured, *conditions)
    )
    return statement.group_by(literal_column("1"), literal_column("2"))


@cache
def _open(form: _Form) -> Select[Any]:
    now = bindparam("now", type_=UtcTime)
    overdue = func.coalesce(counting.overdue_at(case) < now, False)
    warned = func.coalesce(counting.warned_at(case) <= now, False)
    counts = {
        "on_track": cast(and_(~overdue, ~warned), Integer),
        "at_risk": cast(and_(~overdue, warned), Integer),
        "overdue": cast(overdue, Integer),
    }
    return _summed(form, counts, counting.is_open(case))


@cache
def _returned(form: _Form) -> Select[Any]:
    """Count the cases that were returned under the units that returned them."""
    returns = case.join(event, event.c.case_id == case.c.id)
    key, source, conditions = _asked(form, returns, event.c.unit_code)
    counted = func.count(case.c.id.distinct()).label("returned")
    returned = and_(
        counting.is_received(case),
        *_between(case.c.received_at),
        # The literal number lets the partial index serve a prepared statement too.
        case.c.returned_count > literal_column("0"),
        event.c.type == "returned",
    )
    statement = select(key.label("key"), counted).select_from(source).where(returned, *conditions)
    return statement if form.group_by is None else statement.group_by(key)


def _between(moment: ColumnElement[Any]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= bindparam("start", type_=UtcTime), moment < bindparam("end", type_=UtcTime)


def _summed(form: _Form, counts: counting.Counts, within: ColumnElement[bool]) -> Select[Any]:
    key, source, conditions = _asked(form, case, case.c.unit_code)
    sums = (func.sum(value).label(name) for name, value in counts.items())
    statement = select(key.label("key"), *sums).select_from(source).where(within, *conditions)
    return statement if form.group_by is None else statement.group_by(key)


def _asked(
    form: _Form, source: FromClause, has: ColumnElement[Any]
) -> tuple[ColumnElement[Any], FromClause, list[ColumnElement[bool]]]:
    """Return the key of the groups, what is read, and the conditions. has: the unit that is meant."""
    unit_code: ColumnElement[Any] = has
    if form.moved:
        source, unit_code = _units_moved(form.dialect, source, has)
    conditions: list[ColumnElement[bool]] = [counting.is_counted(case)]
    if form.has:
        conditions.append(has.in_(bindparam("has", expanding=True)))
    if form.counted_under:
        conditions.append(unit_code.in_(bindparam("counted_under", expanding=True)))
    if form.domains:
        conditions.append(case.c.domain.in_(bindparam("domains", expanding=True)))
    key = {None: null(), "unit": unit_code, "domain": case.c.domain}[form.group_by]
    return key, source, conditions


def _units_moved(
    dialect: str, source: FromClause, has: ColumnElement[Any]
) -> tuple[FromClause, ColumnElement[Any]]:
    """Return cases joined with the units that they are counted under, and the code of that unit."""
    given = bindparam("moved", type_=Json)
    each = func.jsonb_each_text(cast(given, JSONB)) if dialect == "postgresql" else func.json_each(given)
    rows = each.table_valued("key", "value")
    moved = select(rows.c.key, rows.c.value).cte("moved").prefix_with("MATERIALIZED")
    whole, ward = moved.alias("whole"), moved.alias("of_ward")
    source = source.outerjoin(whole, whole.c.key == has).outerjoin(
        ward, ward.c.key == has + "/" + case.c.ward_code
    )
    return source, func.coalesce(ward.c.value, whole.c.value, has)
