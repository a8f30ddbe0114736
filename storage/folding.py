"""Keeping figures ready: changes of cases are added to them in batches, and all can be counted anew."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import structlog
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    FromClause,
    Select,
    String,
    Subquery,
    Table,
    bindparam,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
)
from sqlalchemy import Date as DateType
from sqlalchemy import case as either
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from routing.organisation import City
from storage import counting, units
from storage.counting import STEP_NAMES
from storage.database import Transaction
from storage.rollups import ALL, NO_UNIT, TIERS, local, pivoted
from storage.tables import case, rollup, rollup_change, rollup_hours, rollup_open

VERSION = 1
"""Of what is counted: figures kept by another are counted anew. Raise it with any figure, step or span."""
_SETTING = "figures_kept"
AT_ONCE = 400
"""Changes that are added in one transaction: each is short, so nobody waits for it."""
_MANY = 20_000
"""Changes that wait after a load of many cases; then more are added at once."""
_MORE_AT_ONCE = 8_000

_KEYS = ("tier", "bucket", "unit_code", "domain")
_COUNTED = (*counting.OF_RECEIPT, *counting.OF_ANSWER)
_STANDING = ("open", "overdue", "troubled")
_ONE_AT_A_TIME = text("SELECT pg_try_advisory_xact_lock(7209102) AS alone")
_NOBODY_ELSE = text('LOCK TABLE "case", rollup_change IN SHARE ROW EXCLUSIVE MODE')

log = structlog.get_logger()

Where = Callable[[ColumnElement[Any]], Sequence[ColumnElement[bool]]]
"""Which rows are meant, given the moment that they count at."""


# ── what is counted, in every span and for every unit and domain ─────────────────────────────────


def _whole(_moment: ColumnElement[Any]) -> Sequence[ColumnElement[bool]]:
    return ()


def _taken(_moment: ColumnElement[Any]) -> Sequence[ColumnElement[bool]]:
    return (rollup_change.c.id.in_(bindparam("ids", expanding=True)),)


def _daily(dialect: str, of: FromClause, where: Where) -> Subquery:
    """Return what was received and answered by local day, unit and domain."""
    sides = (
        (of.c.received_at, counting.is_received(of), counting.of_receipt(of)),
        (of.c.answered_at, counting.is_answered(of), counting.of_answer(of)),
    )
    return union_all(
        *(
            _by_day(dialect, of, moment, _sums(of, counts, _COUNTED)).where(condition, *where(moment))
            for moment, condition, counts in sides
        )
    ).subquery()


def _by_day(
    dialect: str, of: FromClause, moment: ColumnElement[Any], columns: Iterable[ColumnElement[Any]]
) -> Select[Any]:
    day = local(dialect, moment).label("day")
    unit = func.coalesce(of.c.unit_code, NO_UNIT).label("unit_code")
    columns = tuple(columns)
    statement = select(day, unit, of.c.domain, *columns).where(counting.is_counted(of))
    return statement.group_by(*(literal_column(str(place)) for place in (1, 2, 3)))


def _sums(of: FromClause, counts: counting.Counts, names: Iterable[str]) -> list[ColumnElement[Any]]:
    sign = counting.sign_of(of)
    nought: ColumnElement[Any] = literal_column("0")
    return [(func.sum(sign * counts[name]) if name in counts else nought).label(name) for name in names]


def _daily_hours(dialect: str, of: FromClause, where: Where) -> Subquery:
    """Return how many answers took each step of hours, by local day, unit and domain."""
    answers = func.sum(counting.sign_of(of)).label("answers")
    statement = _by_day(dialect, of, of.c.answered_at, (counting.step(of).label("step"), answers))
    measured = (counting.is_answered(of), of.c.handled_hours.is_not(None))
    return statement.where(*measured, *where(of.c.answered_at)).group_by(literal_column("4")).subquery()


def _hourly(dialect: str, of: FromClause, where: Where) -> Subquery:
    """Return open cases by the local hour after which they are overdue, or at risk; and all, without one."""
    moments = {"overdue": counting.overdue_at(of), "troubled": counting.troubled_at(of)}
    unit = func.coalesce(of.c.unit_code, NO_UNIT).label("unit_code")
    sign = counting.sign_of(of)
    nought: ColumnElement[Any] = literal_column("0")

    def side(name: str) -> Select[Any]:
        moment = moments.get(name)
        hour: ColumnElement[Any] = (
            literal_column("'all'", String) if moment is None else local(dialect, moment, hour=True)
        )
        counts = ((func.sum(sign) if each == name else nought).label(each) for each in _STANDING)
        statement = select(hour.label("hour"), unit, of.c.domain, *counts)
        here = (counting.is_counted(of), counting.is_open(of), *where(of.c.received_at))
        there = () if moment is None else (moment.is_not(None),)
        return statement.where(*here, *there).group_by(*(literal_column(str(place)) for place in (1, 2, 3)))

    return union_all(*(side(name) for name in _STANDING)).subquery()


def _buckets(dialect: str, day: ColumnElement[str], level: ColumnElement[str]) -> ColumnElement[str]:
    """Return the span of a level that a local day lies in."""
    if dialect == "postgresql":
        week = func.to_char(func.date_trunc("week", cast(day, DateType)), "YYYY-MM-DD")
    else:
        week = func.date(day, "weekday 0", "-6 days")
    whole = {"w": week, "m": func.substr(day, 1, 7), "y": func.substr(day, 1, 4)}
    spans = ((level == literal_column(f"'{name}'"), span) for name, span in whole.items())
    return level.concat(either(*spans, else_=day))


def _open_buckets(hour: ColumnElement[str], level: ColumnElement[str]) -> ColumnElement[str]:
    lengths = {"m": 7, "d": 10}
    spans = (
        (level == literal_column(f"'{name}'"), level.concat(func.substr(hour, 1, length)))
        for name, length in lengths.items()
    )
    return either(
        (hour == literal_column("'all'"), literal_column("'a'", String)), *spans, else_=level.concat(hour)
    )


def _one_of(name: str, words: Iterable[str]) -> Subquery:
    """Return a table of a few words."""
    rows: Iterable[Select[Any]] = (select(literal_column(f"'{word}'", String).label(name)) for word in words)
    return union_all(*rows).subquery()


def _cells(
    parts: Subquery,
    levels: Iterable[str],
    bucket: Callable[[ColumnElement[str]], ColumnElement[str]],
    sums: Iterable[ColumnElement[Any]],
    keep: ColumnElement[bool] | None = None,
) -> Select[Any]:
    """Return what is kept, in the order of its keys, of parts by day or hour, unit and domain."""
    level, tier = _one_of("level", levels), _one_of("tier", TIERS)
    all_: ColumnElement[str] = literal_column(f"'{ALL}'")
    unit = either((tier.c.tier == literal_column("'domain'"), all_), else_=parts.c.unit_code)
    domain = either((tier.c.tier == literal_column("'unit'"), all_), else_=parts.c.domain)
    statement = select(
        tier.c.tier,
        bucket(level.c.level).label("bucket"),
        unit.label("unit_code"),
        domain.label("domain"),
        *sums,
    )
    places: list[ColumnElement[Any]] = [literal_column(str(place)) for place in range(1, 5)]
    every = parts.join(level, true()).join(tier, true())
    statement = statement.select_from(every).where(true() if keep is None else keep)
    return statement.group_by(*places).order_by(*places)


@dataclass(frozen=True, slots=True)
class _Kept:
    """One of the tables, and what belongs into it."""

    table: Table
    names: tuple[str, ...]
    cells: Callable[[str, FromClause, Where], Select[Any]]


def _count_cells(dialect: str, of: FromClause, where: Where) -> Select[Any]:
    daily = _daily(dialect, of, where)
    sums = (func.sum(daily.c[name]).label(name) for name in _COUNTED)
    return _cells(daily, "dwmy", lambda level: _buckets(dialect, daily.c.day, level), sums)


def _hour_cells(dialect: str, of: FromClause, where: Where) -> Select[Any]:
    daily = _daily_hours(dialect, of, where)
    sums = pivoted(daily.c.step, daily.c.answers)
    return _cells(daily, "dwmy", lambda level: _buckets(dialect, daily.c.day, level), sums)


def _open_cells(dialect: str, of: FromClause, where: Where) -> Select[Any]:
    hourly = _hourly(dialect, of, where)
    sums = (func.sum(hourly.c[name]).label(name) for name in _STANDING)
    # What is counted without an hour is counted once, not in each level.
    once = or_(hourly.c.hour != literal_column("'all'"), literal_column("level") == literal_column("'h'"))
    return _cells(hourly, "hdm", lambda level: _open_buckets(hourly.c.hour, level), sums, once)


_TABLES = (
    _Kept(rollup, _COUNTED, _count_cells),
    _Kept(rollup_hours, STEP_NAMES, _hour_cells),
    _Kept(rollup_open, _STANDING, _open_cells),
)


# ── adding ───────────────────────────────────────────────────────────────────────────────────────


@cache
def _additions(dialect: str) -> tuple[Insert, ...]:
    """Return the statements that add changes to what is kept."""
    return tuple(_adding(kept, kept.cells(dialect, rollup_change, _taken), dialect) for kept in _TABLES)


def _adding(kept: _Kept, cells: Select[Any], dialect: str) -> Insert:
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    added = make(kept.table).from_select([*_KEYS, *kept.names], cells)
    more = {name: kept.table.c[name] + added.excluded[name] for name in kept.names}
    found: Insert = added.on_conflict_do_update(index_elements=list(_KEYS), set_=more)
    return found


_WAITING = select(rollup_change.c.id).order_by(rollup_change.c.id).limit(bindparam("most"))
_BACKLOG = select((func.max(rollup_change.c.id) - func.min(rollup_change.c.id)).label("span"))
_DONE = delete(rollup_change).where(rollup_change.c.id.in_(bindparam("ids", expanding=True)))
_ANY = select(case.c.id).limit(1)
_EMPTY = delete(rollup_open).where(text("open = 0 AND overdue = 0 AND troubled = 0"))


async def tick(transaction: Transaction, _city: City, _now: datetime) -> int:
    """Do the clock's part: add some changes, return how many."""
    return await fold(transaction)


async def fold(transaction: Transaction, *, limit: int | None = None) -> int:
    """Add changes that wait to the figures kept ready; return how many that were, 0 when none is left.

    Exactly the changes that were seen are added and taken away: one that is written meanwhile waits. Of
    several processes one does it, the others do nothing.
    """
    if transaction.dialect == "postgresql":
        alone = await transaction.fetch_one(_ONE_AT_A_TIME)
        if not (alone and alone["alone"]):
            return 0
    if limit is None:
        backlog = await transaction.fetch_one(_BACKLOG)
        limit = _MORE_AT_ONCE if backlog and (backlog["span"] or 0) > _MANY else AT_ONCE
    ids = [row["id"] for row in await transaction.fetch(_WAITING, {"most": limit})]
    if ids:
        for statement in _additions(transaction.dialect):
            await transaction.execute(statement, {"ids": ids})
        await transaction.execute(_DONE, {"ids": ids})
        await transaction.execute(_EMPTY)
    return len(ids)


# ── counting anew ────────────────────────────────────────────────────────────────────────────────


async def follow(transaction: Transaction) -> None:
    """Count everything anew where figures were kept by another version of what is counted, or not at all."""
    if await units.get_setting(transaction, _SETTING) == VERSION:
        return
    if await transaction.fetch_one(_ANY):
        log.info("Figures are counted anew, a minute for some million cases.", action="figures_rebuilt")
    await rebuild(transaction)


async def rebuild(transaction: Transaction, *, told: Callable[[str], None] | None = None) -> None:
    """Count everything anew. Cases cannot be changed meanwhile. told: hears the name of each table first.

    With PostgreSQL this waits until transactions that changed cases are over.
    """
    if transaction.dialect == "postgresql":
        await transaction.execute(_NOBODY_ELSE)
    for kept in (*(each.table for each in _TABLES), rollup_change):
        await transaction.execute(delete(kept))
    for each in _TABLES:
        if told:
            told(each.table.name)
        cells = each.cells(transaction.dialect, case, _whole)
        names = [*_KEYS, *each.names]
        await transaction.execute(each.table.insert().from_select(names, cells))
    for statement in ("ANALYZE rollup", "ANALYZE rollup_hours", "ANALYZE rollup_open"):
        await transaction.execute(text(statement))
    await units.set_setting(transaction, _SETTING, VERSION)


# ── checking ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """Where a kept figure is not what the cases give."""

    table: str
    tier: str
    bucket: str
    unit_code: str
    domain: str

    def __str__(self) -> str:
        return f"{self.table} {self.bucket}: unit {self.unit_code or 'none'}, domain {self.domain}"


async def differences(transaction: Transaction, *, limit: int = 20) -> list[Difference]:
    """Compare every kept figure, with the changes that wait, to a count of the cases; name what differs."""
    await transaction.flush()
    found: list[Difference] = []
    for kept in _TABLES:
        rows = await transaction.fetch(_differing(kept, transaction.dialect), {"most": limit - len(found)})
        found += [Difference(table=kept.table.name, **row) for row in rows]
    return found


@cache
def _differing(kept: _Kept, dialect: str) -> Select[Any]:
    """Return the cells whose counts of cases, less those of changes, less those kept, are not nought."""
    shown = select(*(kept.table.c[name] for name in _KEYS), *(-kept.table.c[name] for name in kept.names))
    cells = [_plain(kept.cells(dialect, case, _whole), kept, 1)]
    cells.append(_plain(kept.cells(dialect, rollup_change, _whole), kept, -1))
    every: CompoundSelect[Any] = union_all(*cells, shown)
    of = every.subquery()
    keys = [of.c[name] for name in _KEYS]
    wrong = or_(*(func.sum(of.c[name]) != 0 for name in kept.names))
    return select(*keys).group_by(*keys).having(wrong).order_by(*keys).limit(bindparam("most"))


def _plain(cells: Select[Any], kept: _Kept, sign: int) -> Select[Any]:
    of = cells.order_by(None).subquery()
    numbers = (of.c[name] * literal_column(str(sign)) for name in kept.names)
    return select(
        *(of.c[name] for name in _KEYS), *(each.label(n) for each, n in zip(numbers, kept.names, strict=True))
    )
