"""Figures kept ready, by day, week, month and year: how they are read, with the changes not added yet."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    String,
    and_,
    bindparam,
    cast,
    func,
    literal,
    literal_column,
    select,
    text,
    type_coerce,
    union_all,
)
from sqlalchemy import case as either

from routing.deadline import LOCAL_TIME, midnight
from storage import counting, scanning
from storage.counting import STEP_NAMES, Figures, Tally
from storage.database import Transaction
from storage.scanning import Scan
from storage.tables import UtcTime, case, rollup, rollup_change, rollup_hours, rollup_open

Step = Literal["day", "week", "month"]
Group = Literal["unit", "domain", "bucket"] | None
Key = str | None
Moved = Mapping[str, str]
"""Under which unit a unit's cases are counted; a key is a unit's code, or "unit/ward" for one ward alone."""

ALL = "*"
NO_UNIT = ""
TIERS = ("both", "unit", "domain")
_DAY = timedelta(days=1)


# ── spans of time ────────────────────────────────────────────────────────────────────────────────


def buckets_of(first: date, last: date) -> list[str]:
    """Return few kept spans that make up these local days, both included: years, months, weeks, days."""
    begin, end = _first_of_month(first), _first_of_month(last + _DAY, before=True)
    if begin >= end:
        return list(_weeks_and_days(first, last))
    before, after = _weeks_and_days(first, begin - _DAY), _weeks_and_days(end, last)
    return [*before, *_years_and_months(begin, end), *after]


def _first_of_month(day: date, *, before: bool = False) -> date:
    """Return the first day of a month on or after a day, or on or before it."""
    first = day.replace(day=1)
    return first if before or first == day else _next_month(first)


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)


def _years_and_months(begin: date, end: date) -> Iterator[str]:
    while begin < end:
        if begin.month == 1 and begin.replace(year=begin.year + 1) <= end:
            yield f"y{begin.year:04}"
            begin = begin.replace(year=begin.year + 1)
        else:
            yield f"m{begin.year:04}-{begin.month:02}"
            begin = _next_month(begin)


def _weeks_and_days(first: date, last: date) -> Iterator[str]:
    while first <= last:
        is_week = first.weekday() == 0 and first + 6 * _DAY <= last
        yield f"{'w' if is_week else 'd'}{first}"
        first += 7 * _DAY if is_week else _DAY


# ── in SQL ───────────────────────────────────────────────────────────────────────────────────────


def local(dialect: str, moment: ColumnElement[Any], *, hour: bool = False) -> ColumnElement[str]:
    """Return the local day of a time, or its hour, as text in SQL; Viet Nam is seven hours ahead of UTC."""
    if dialect == "postgresql":
        there = moment.op("AT TIME ZONE")(text("'UTC'")) + text("interval '7 hours'")
        return func.to_char(there, 'YYYY-MM-DD"T"HH24' if hour else "YYYY-MM-DD", type_=String)
    seconds = type_coerce(moment, BigInteger) // 1_000_000 + 7 * 3600
    return func.strftime("%Y-%m-%dT%H" if hour else "%Y-%m-%d", seconds, "unixepoch", type_=String)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """Which statement a question needs; the same form is built once."""

    dialect: str
    group: Group
    units: bool
    domains: bool

    @property
    def tier(self) -> str:
        """The fewest rows that can answer it."""
        if self.group == "unit":
            return "both" if self.domains else "unit"
        if not self.units:
            return "domain"
        return "both" if self.domains or self.group == "domain" else "unit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """What is asked of the figures kept ready. units: as they have the cases, "" for none; None for all."""

    first: date
    last: date
    buckets: Sequence[str] = ()
    group: Group = None
    units: Collection[str] | None = None
    domains: Collection[str] | None = None


async def read_period(transaction: Transaction, asked: Kept, *, hours: bool = True) -> dict[str, Tally]:
    """Return what was received and answered in whole local days, by unit, domain or bucket, else under "".

    Changes that are not added yet count under the bucket of their day, whatever buckets were asked for.
    """
    await transaction.flush()
    found: dict[str, Tally] = {}
    form, row = _form(transaction, asked), _row(asked)
    for counted in await transaction.fetch(_counts(form), row):
        found.setdefault(counted["key"], Tally()).add(counted)
    for counted in await transaction.fetch(_steps(form), row) if hours else ():
        found.setdefault(counted["key"], Tally()).add_steps(counted[name] for name in STEP_NAMES)
    return found


async def read_open(transaction: Transaction, asked: Kept, *, now: datetime) -> dict[str, Tally]:
    """Return what is open, and how it stands now, by unit or domain, else under ""."""
    await transaction.flush()
    hour = now.replace(minute=0, second=0, microsecond=0)
    there = hour.astimezone(LOCAL_TIME)
    spans = {
        "before_year": f"y{there:%Y}",
        "from_month": f"m{there:%Y}",
        "before_month": f"m{there:%Y-%m}",
        "from_day": f"d{there:%Y-%m}",
        "before_day": f"d{there:%Y-%m-%d}",
        "from_hour": f"h{there:%Y-%m-%d}",
        "before_hour": f"h{there:%Y-%m-%dT%H}",
    }
    found: dict[str, Tally] = {}
    row = {**_row(asked), **spans, "hour": hour, "now": now}
    for counted in await transaction.fetch(_standing(_form(transaction, asked)), row):
        troubled, overdue, known = (int(counted[name] or 0) for name in ("troubled", "overdue", "open"))
        standing = {"on_track": known - troubled, "at_risk": troubled - overdue, "overdue": overdue}
        found.setdefault(counted["key"], Tally()).add(standing)
    return found


def _form(transaction: Transaction, asked: Kept) -> _Form:
    return _Form(
        dialect=transaction.dialect,
        group=asked.group,
        units=asked.units is not None,
        domains=asked.domains is not None,
    )


def _row(asked: Kept) -> dict[str, Any]:
    row: dict[str, Any] = {"start": midnight(asked.first), "end": midnight(asked.last + _DAY)}
    lists = {"buckets": asked.buckets or ("",), "units": asked.units, "domains": asked.domains}
    return row | {name: _padded(given) for name, given in lists.items() if given is not None}


def _padded(given: Iterable[str]) -> list[str]:
    """Return a list that is as long as one of a few lengths: a statement is prepared for each."""
    values = sorted(given)
    length = 1 << max(len(values) - 1, 0).bit_length()
    return values + values[-1:] * (length - len(values))


def _within(form: _Form, of: FromClause, unit: ColumnElement[str]) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if form.units:
        conditions.append(unit.in_(bindparam("units", expanding=True)))
    if form.domains:
        conditions.append(of.c.domain.in_(bindparam("domains", expanding=True)))
    return conditions


def _key(
    form: _Form, of: FromClause, unit: ColumnElement[str], bucket: ColumnElement[str]
) -> ColumnElement[str]:
    keys: dict[Group, ColumnElement[str]] = {
        None: literal_column("''"),
        "unit": unit,
        "domain": of.c.domain,
        "bucket": bucket,
    }
    return keys[form.group].label("key")


def _cells(form: _Form, of: FromClause, *columns: ColumnElement[Any]) -> Select[Any]:
    """Return the sums of kept figures for a question."""
    statement = select(_key(form, of, of.c.unit_code, of.c.bucket), *columns)
    tier = of.c.tier == literal_column(f"'{form.tier}'")
    return _grouped(form, statement.where(tier, *_within(form, of, of.c.unit_code)))


def _grouped(form: _Form, statement: Select[Any]) -> Select[Any]:
    # Sums of nothing would be a row of their own.
    return statement.group_by(literal_column("1")) if form.group else statement.having(func.count() > 0)


def _changes(
    form: _Form, of: FromClause, moment: ColumnElement[Any], columns: Iterable[ColumnElement[Any]]
) -> Select[Any]:
    """Return the sums over changes, or over cases, for a question."""
    unit = func.coalesce(of.c.unit_code, NO_UNIT)
    key = _key(form, of, unit, literal("d").concat(local(form.dialect, moment)))
    statement = select(key, *columns).where(counting.is_counted(of), *_within(form, of, unit))
    return _grouped(form, statement)


def _summed(of: FromClause, counts: counting.Counts, names: Iterable[str]) -> list[ColumnElement[Any]]:
    """Return a sum for each name, nought for what is not counted here."""
    sign = counting.sign_of(of)
    nought: ColumnElement[Any] = literal_column("0")
    return [(func.sum(sign * counts[name]) if name in counts else nought).label(name) for name in names]


_COUNTED = (*counting.OF_RECEIPT, *counting.OF_ANSWER)


@cache
def _counts(form: _Form) -> CompoundSelect[Any]:
    of, here = rollup_change, _between
    return union_all(
        _kept_sums(form, rollup, _COUNTED),
        _changes(form, of, of.c.received_at, _summed(of, counting.of_receipt(of), _COUNTED)).where(
            counting.is_received(of), here(of.c.received_at)
        ),
        _changes(form, of, of.c.answered_at, _summed(of, counting.of_answer(of), _COUNTED)).where(
            counting.is_answered(of), here(of.c.answered_at)
        ),
    )


def _kept_sums(form: _Form, of: FromClause, names: Iterable[str]) -> Select[Any]:
    sums = (func.sum(of.c[name]).label(name) for name in names)
    return _cells(form, of, *sums).where(of.c.bucket.in_(bindparam("buckets", expanding=True)))


def _between(moment: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(moment >= bindparam("start", type_=UtcTime), moment < bindparam("end", type_=UtcTime))


@cache
def _steps(form: _Form) -> CompoundSelect[Any]:
    of = rollup_change
    unit = func.coalesce(of.c.unit_code, NO_UNIT)
    key = _key(form, of, unit, literal("d").concat(local(form.dialect, of.c.answered_at)))
    # The step is worked out once for each change, and not once for each column.
    stepped = (
        select(key, counting.step(of).label("step"), func.sum(of.c.sign).label("answers"))
        .where(counting.is_counted(of), counting.is_answered(of), _between(of.c.answered_at))
        .where(of.c.handled_hours.is_not(None), *_within(form, of, unit))
        .group_by(literal_column("1"), literal_column("2"))
        .subquery()
    )
    turned = select(stepped.c.key, *pivoted(stepped.c.step, stepped.c.answers)).group_by(stepped.c.key)
    return union_all(_kept_sums(form, rollup_hours, STEP_NAMES), turned)


def pivoted(step: ColumnElement[int], answers: ColumnElement[int]) -> list[ColumnElement[Any]]:
    """Return a sum for each step of hours."""
    return [
        func.sum(either((step == literal_column(str(number)), answers), else_=literal_column("0"))).label(
            name
        )
        for number, name in enumerate(STEP_NAMES)
    ]


_STANDING = ("open", "overdue", "troubled")


@cache
def _standing(form: _Form) -> CompoundSelect[Any]:
    """What is open at all; what left its track until this hour; changes of both; and what did so since."""
    of = rollup_open
    nought: ColumnElement[Any] = literal_column("0")
    sums = {name: func.sum(of.c[name]).label(name) for name in _STANDING}
    known = _cells(form, of, sums["open"], nought.label("overdue"), nought.label("troubled"))
    spans: tuple[tuple[ColumnElement[str], ColumnElement[str]], ...] = (
        (literal("y"), bindparam("before_year")),
        (bindparam("from_month"), bindparam("before_month")),
        (bindparam("from_day"), bindparam("before_day")),
        (bindparam("from_hour"), bindparam("before_hour")),
    )
    before = _cells(form, of, nought.label("open"), sums["overdue"], sums["troubled"])
    if form.units and form.tier == "both":
        before = before.with_hint(of, "INDEXED BY ix_rollup_open_unit", "sqlite")
    return union_all(
        known.where(of.c.bucket == literal("a")),
        *(before.where(of.c.bucket >= start, of.c.bucket < end) for start, end in spans),
        _open_changes(form),
        *_this_hour(form),
    )


def _open_changes(form: _Form) -> Select[Any]:
    of, hour = rollup_change, bindparam("hour", type_=UtcTime)
    overdue = cast(func.coalesce(counting.overdue_at(of) < hour, False), Integer)
    troubled = cast(func.coalesce(counting.troubled_at(of) < hour, False), Integer)
    counts = {"open": literal_column("1", type_=Integer), "overdue": overdue, "troubled": troubled}
    statement = _changes(form, of, of.c.received_at, _summed(of, counts, _STANDING))
    return statement.where(counting.is_open(of))


def _this_hour(form: _Form) -> Iterator[Select[Any]]:
    """What became overdue, or at risk, since the hour began; each found by an index of its own."""
    hour, now = bindparam("hour", type_=UtcTime), bindparam("now", type_=UtcTime)
    holds = func.coalesce(counting.overdue_at(case).is_not(None), False)
    due = {
        "overdue": cast(holds, Integer),
        "troubled": cast(and_(holds, ~counting.is_first_warned(case)), Integer),
    }
    warned = {"troubled": cast(counting.is_first_warned(case), Integer)}
    for counts, moment, until in (
        (due, case.c.due_at, case.c.due_at < now),
        (warned, case.c.warn_at, case.c.warn_at <= now),
    ):
        statement = _changes(form, case, case.c.received_at, _summed(case, counts, _STANDING))
        index = f"INDEXED BY ix_case_open_{moment.name}"
        yield statement.where(counting.is_open(case), moment >= hour, until).with_hint(case, index, "sqlite")


# ── units that are counted under others ──────────────────────────────────────────────────────────


def told_by_ward(moved: Moved) -> frozenset[str]:
    """Return the units whose cases count under several others, by where they lie."""
    return frozenset(key.partition("/")[0] for key in moved if "/" in key)


def having(unit_codes: Collection[str], moved: Moved) -> frozenset[str]:
    """Return the units whose cases may count under these."""
    wanted = frozenset(unit_codes)
    return wanted | {key.partition("/")[0] for key, under in moved.items() if under in wanted}


def counted_as_wholes(unit_codes: Collection[str], moved: Moved) -> frozenset[str]:
    """Return the units all of whose cases count under these."""
    by_ward, wanted = told_by_ward(moved), frozenset(unit_codes)
    units = having(unit_codes, moved) - by_ward
    return frozenset(unit for unit in units if moved.get(unit, unit) in wanted)


# ── a course of time ─────────────────────────────────────────────────────────────────────────────


async def series(
    transaction: Transaction,
    *,
    first: date,
    last: date,
    now: datetime,
    step: Step,
    unit_codes: Collection[str] | None = None,
    domains: Collection[str] | None = None,
    moved: Moved | None = None,
) -> dict[date, Figures]:
    """Return the figures of each day, week (from Monday) or month of a span of local days, both included.

    The key is the first day of each step, also where the span begins or ends within it; only days of the
    span are counted. What is open is so now and on no day, and `returned` is not looked for: both are nought.
    """
    tallies = {_start(day, step): Tally() for day, _ in _steps_of(first, last, step)}
    spans = {bucket: day for day, until in _steps_of(first, last, step) for bucket in buckets_of(day, until)}
    asked = Kept(
        first=first,
        last=last,
        buckets=tuple(spans),
        group="bucket",
        units=None if unit_codes is None else counted_as_wholes(unit_codes, moved or {}),
        domains=domains,
    )
    for bucket, counted in (await read_period(transaction, asked)).items():
        day = spans[bucket] if bucket in spans else date.fromisoformat(bucket[1:])
        tallies[_start(day, step)].plus(counted)
    if unit_codes is not None and (by_ward := having(unit_codes, moved or {}) & told_by_ward(moved or {})):
        scan = _scan_of(first, last, now, by_ward, unit_codes, domains, moved or {})
        for day, until in _steps_of(first, last, step):
            of_step = replace(scan, start=midnight(day), end=midnight(until + _DAY))
            counted_there = await scanning.scan_period(transaction, of_step)
            tallies[_start(day, step)].plus(counted_there.get(None, Tally()))
    return {day: tally.figures() for day, tally in tallies.items()}


def _scan_of(
    first: date,
    last: date,
    now: datetime,
    has: Collection[str],
    counted_under: Collection[str],
    domains: Collection[str] | None,
    moved: Moved,
) -> Scan:
    return Scan(
        start=midnight(first),
        end=midnight(last + _DAY),
        now=now,
        has=has,
        counted_under=counted_under,
        domains=domains,
        moved=moved,
    )


def _steps_of(first: date, last: date, step: Step) -> Iterator[tuple[date, date]]:
    """Yield the first and the last day of each step within a span."""
    while first <= last:
        after = _after(first, step)
        yield first, min(after - _DAY, last)
        first = after


def _start(day: date, step: Step) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _after(day: date, step: Step) -> date:
    start = _start(day, step)
    return _next_month(start) if step == "month" else start + (7 * _DAY if step == "week" else _DAY)
