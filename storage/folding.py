"""Keeping figures ready: changes of cases are added to them in batches, and all can be counted anew."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

import structlog
from sqlalchemy import (
    ColumnElement,
    Date,
    FromClause,
    FunctionElement,
    Label,
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
from sqlalchemy import case as either
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage import counting, units
from storage.counting import STEP_NAMES
from storage.database import Transaction
from storage.rollups import ALL, NO_UNIT, TIERS, local, pivoted
from storage.tables import case, rollup, rollup_change, rollup_hours, rollup_open

if TYPE_CHECKING:
    from routing.organisation import City

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
            _parts(of, local(dialect, moment), _sums(of, counts, _COUNTED)).where(condition, *where(moment))
            for moment, condition, counts in sides
        )
    ).subquery()


def _daily_hours(dialect: str, of: FromClause, where: Where) -> Subquery:
    """Return how many answers took each step of hours, by local day, unit and domain."""
    answers = func.sum(counting.sign_of(of)).label("answers")
    columns = (answers, counting.step(of).label("step"))
    steps = (
        _parts(of, local(dialect, of.c.answered_at), columns)
        .where(counting.is_answered(of), of.c.handled_hours.is_not(None), *where(of.c.answered_at))
        # The fifth column, so that the step of an answer is worked out once and not for each column below.
        .group_by(literal_column("5"))
        .subquery()
    )
    keys = (steps.c.at, steps.c.unit_code, steps.c.domain)
    return select(*keys, *pivoted(steps.c.step, steps.c.answers)).group_by(*keys).subquery()


def _hourly(dialect: str, of: FromClause, where: Where) -> Subquery:
    """Return open cases by the local hour after which they are overdue, or at risk; and all, without one."""
    moments = {"overdue": counting.overdue_at(of), "troubled": counting.troubled_at(of)}
    one: counting.Counts = dict.fromkeys(_STANDING, literal_column("1"))
    sides = []
    for name in _STANDING:
        moment = moments.get(name)
        hour = _ALL_OPEN if moment is None else local(dialect, moment, hour=True)
        side = _parts(of, hour, _sums(of, {name: one[name]}, _STANDING))
        side = side.where(counting.is_open(of), *where(of.c.received_at))
        sides.append(side if moment is None else side.where(moment.is_not(None)))
    return union_all(*sides).subquery()


_ALL_OPEN = literal_column("'all'", String)


def _parts(of: FromClause, at: ColumnElement[str], columns: Iterable[Label[Any]]) -> Select[Any]:
    unit = func.coalesce(of.c.unit_code, NO_UNIT).label("unit_code")
    columns = tuple(columns)
    statement = select(at.label("at"), unit, of.c.domain, *columns).where(counting.is_counted(of))
    # Most changes leave most of this as it was: nothing is added where all comes to nought.
    differs = (column.element != 0 for column in columns if isinstance(column.element, FunctionElement))
    return statement.group_by(*_places(3)).having(or_(*differs))


def _sums(of: FromClause, counts: counting.Counts, names: Iterable[str]) -> list[Label[Any]]:
    sign = counting.sign_of(of)
    nought: ColumnElement[Any] = literal_column("0")
    return [(func.sum(sign * counts[name]) if name in counts else nought).label(name) for name in names]


def _places(count: int) -> list[ColumnElement[Any]]:
    return [literal_column(str(place)) for place in range(1, count + 1)]


def _day_bucket(dialect: str, day: ColumnElement[str], level: ColumnElement[str]) -> ColumnElement[str]:
    """Return the span of a level that a local day lies in."""
    if dialect == "postgresql":
        week = func.to_char(func.date_trunc("week", cast(day, Date)), "YYYY-MM-DD")
    else:
        week = func.date(day, "weekday 0", "-6 days")
    whole = {"w": week, "m": func.substr(day, 1, 7), "y": func.substr(day, 1, 4)}
    spans = ((level == literal_column(f"'{name}'"), span) for name, span in whole.items())
    return level.concat(either(*spans, else_=day))


def _hour_bucket(_dialect: str, hour: ColumnElement[str], level: ColumnElement[str]) -> ColumnElement[str]:
    """Return the span of a level that a local hour lies in."""
    spans = (
        (hour == _ALL_OPEN, literal_column("'a'", String)),
        (level == literal_column("'y'"), level.concat(func.substr(hour, 1, 4))),
        (level == literal_column("'m'"), level.concat(func.substr(hour, 1, 7))),
        (level == literal_column("'d'"), level.concat(func.substr(hour, 1, 10))),
    )
    return either(*spans, else_=level.concat(hour))


@dataclass(frozen=True, slots=True)
class _Kept:
    """One of the tables: its numbers, what belongs into it, and the kinds of span, the shortest first."""

    table: Table
    names: tuple[str, ...]
    parts: Callable[[str, FromClause, Where], Subquery]
    bucket: Callable[[str, ColumnElement[str], ColumnElement[str]], ColumnElement[str]]
    levels: str

    @property
    def shortest(self) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
        """The rows that all others are sums of."""
        bucket = self.table.c.bucket
        is_short = or_(bucket.like(f"{self.levels[0]}%"), bucket == literal_column("'a'"))
        return self.table.c.tier == _BOTH, is_short


_BOTH = literal_column("'both'", String)
_TABLES = (
    _Kept(rollup, _COUNTED, _daily, _day_bucket, "dwmy"),
    _Kept(rollup_hours, STEP_NAMES, _daily_hours, _day_bucket, "dwmy"),
    _Kept(rollup_open, _STANDING, _hourly, _hour_bucket, "hdmy"),
)


def _cells(dialect: str, kept: _Kept, parts: Subquery, levels: str, tiers: Sequence[str]) -> Select[Any]:
    """Return what is kept of parts by day or hour, unit and domain, in the order of its keys."""
    level, tier = _one_of("level", levels), _one_of("tier", tiers)
    statement = select(
        tier.c.tier,
        kept.bucket(dialect, parts.c.at, level.c.level).label("bucket"),
        *_of_tier(tier.c.tier, parts),
        *(func.sum(parts.c[name]).label(name) for name in kept.names),
    )
    statement = statement.select_from(parts.join(level, true()).join(tier, true()))
    # What is counted without an hour is counted once, and not in each level.
    statement = statement.where(or_(parts.c.at != _ALL_OPEN, level.c.level == literal_column("'h'")))
    return statement.group_by(*_places(4)).order_by(*_places(4))


def _of_tier(tier: ColumnElement[str], of: FromClause) -> tuple[ColumnElement[str], ColumnElement[str]]:
    """Return unit and domain, or what stands for all of them."""
    every = literal_column(f"'{ALL}'", String)
    unit = either((tier == literal_column("'domain'"), every), else_=of.c.unit_code)
    domain = either((tier == literal_column("'unit'"), every), else_=of.c.domain)
    return unit.label("unit_code"), domain.label("domain")


def _one_of(name: str, words: Iterable[str]) -> Subquery:
    """Return a table of a few words."""
    rows: Iterable[Select[Any]] = (select(literal_column(f"'{word}'", String).label(name)) for word in words)
    return union_all(*rows).subquery()


def _longer(dialect: str, kept: _Kept) -> Select[Any]:
    """Return the longer spans as sums of the shortest that are kept."""
    of = kept.table
    numbers = (of.c[name] for name in kept.names)
    parts = select(func.substr(of.c.bucket, 2).label("at"), of.c.unit_code, of.c.domain, *numbers)
    here = of.c.bucket.like(f"{kept.levels[0]}%")
    return _cells(dialect, kept, parts.where(of.c.tier == _BOTH, here).subquery(), kept.levels[1:], TIERS[:1])


def _wider(kept: _Kept) -> Select[Any]:
    """Return the sums over all units, and over all domains, of what is kept of both."""
    of, tier = kept.table, _one_of("tier", TIERS[1:])
    sums = (func.sum(of.c[name]).label(name) for name in kept.names)
    statement = select(tier.c.tier, of.c.bucket, *_of_tier(tier.c.tier, of), *sums)
    return statement.select_from(of.join(tier, of.c.tier == _BOTH)).group_by(*_places(4))


# ── adding ───────────────────────────────────────────────────────────────────────────────────────


@cache
def _additions(dialect: str) -> tuple[Insert, ...]:
    """Return the statements that add changes to what is kept."""
    return tuple(_adding(dialect, kept) for kept in _TABLES)


def _adding(dialect: str, kept: _Kept) -> Insert:
    make: Any = postgresql.insert if dialect == "postgresql" else sqlite.insert
    cells = _cells(dialect, kept, kept.parts(dialect, rollup_change, _taken), kept.levels, TIERS)
    added = make(kept.table).from_select([*_KEYS, *kept.names], cells)
    more = {name: kept.table.c[name] + added.excluded[name] for name in kept.names}
    found: Insert = added.on_conflict_do_update(index_elements=list(_KEYS), set_=more)
    return found


_WAITING = select(rollup_change.c.id).order_by(rollup_change.c.id).limit(bindparam("most"))
_BACKLOG = select((func.max(rollup_change.c.id) - func.min(rollup_change.c.id)).label("span"))
_DONE = delete(rollup_change).where(rollup_change.c.id.in_(bindparam("ids", expanding=True)))
_ANY = select(case.c.id).limit(1)
_EMPTY = delete(rollup_open).where(text("open = 0 AND overdue = 0 AND troubled = 0"))


async def tick(transaction: Transaction, _city: "City", _now: datetime) -> int:
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
        for cells in _from_cases(transaction.dialect, each):
            await transaction.execute(each.table.insert().from_select([*_KEYS, *each.names], cells))
    for statement in ("ANALYZE rollup", "ANALYZE rollup_hours", "ANALYZE rollup_open"):
        await transaction.execute(text(statement))
    await units.set_setting(transaction, _SETTING, VERSION)


def _from_cases(dialect: str, kept: _Kept) -> tuple[Select[Any], ...]:
    """Return what is kept, each step from the one before: sums of sums are much quicker."""
    short = _cells(dialect, kept, kept.parts(dialect, case, _whole), kept.levels[0], TIERS[:1])
    return short, _longer(dialect, kept), _wider(kept)


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
        for statement in _differing(transaction.dialect, kept):
            rows = await transaction.fetch(statement, {"most": limit - len(found)})
            found += [Difference(table=kept.table.name, **row) for row in rows]
    return found


@cache
def _differing(dialect: str, kept: _Kept) -> tuple[Select[Any], ...]:
    """Return the cells that are not what they are made of, the shortest spans first."""
    table, level = kept.table, kept.levels[0]
    short, longer, wider = _from_cases(dialect, kept)
    waiting = _cells(dialect, kept, kept.parts(dialect, rollup_change, _whole), level, TIERS[:1])
    is_both, is_short = kept.shortest
    return (
        _unlike(kept, (short, 1), (waiting, -1), (_shown(kept).where(is_both, is_short), -1)),
        _unlike(kept, (longer, 1), (_shown(kept).where(is_both, ~is_short), -1)),
        _unlike(kept, (wider, 1), (_shown(kept).where(table.c.tier != _BOTH), -1)),
    )


def _shown(kept: _Kept) -> Select[Any]:
    return select(*(kept.table.c[name] for name in (*_KEYS, *kept.names)))


def _unlike(kept: _Kept, *signed: tuple[Select[Any], int]) -> Select[Any]:
    """Return the keys under which numbers, with their signs, do not come to nought."""
    parts: list[tuple[Subquery, ColumnElement[Any]]] = [
        (cells.order_by(None).subquery(), literal_column(str(sign))) for cells, sign in signed
    ]
    of = union_all(
        *(
            select(
                *(part.c[name] for name in _KEYS), *((part.c[name] * sign).label(name) for name in kept.names)
            )
            for part, sign in parts
        )
    ).subquery()
    keys = [of.c[name] for name in _KEYS]
    wrong = or_(*(func.sum(of.c[name]) != 0 for name in kept.names))
    return select(*keys).group_by(*keys).having(wrong).order_by(*keys).limit(bindparam("most"))
