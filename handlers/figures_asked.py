"""Answers to questions about the figures: what was asked, counted within what the asker may see."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from routing import trees, when
from routing.deadline import LOCAL_TIME, midnight
from routing.organisation import City
from routing.question import Question
from routing.when import Period
from storage import figures, rollups
from storage.database import Transaction
from storage.figures import Figures

USUAL_DAYS = 30
"""What an answer tells of where no time was named."""
BETTER_HIGH = frozenset({"on_time_rate", "satisfaction", "answered"})
"""Figures of which more is better; of all others less is. `received` and `people` are neither."""
OF_NOW = frozenset({"open", "at_risk", "overdue"})
"""Figures that speak of this moment, whatever the period."""
NO_COUNTS = frozenset({"on_time_rate", "satisfaction", "median_hours"})
"""Figures that are no number of cases or people."""
_FEWEST = 2
"""Units from which on there is something to compare."""
_NONE = "-"
"""No domain has this id."""
LEVELS = ("district", "ward", "department")


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One line of an answer: a unit, a domain or a time (its first day), with what was asked for.

    value: the figure; a share between 0 and 1, hours, or a number; None where there is nothing to count.
    previous: the same of the period before, where that was asked. of: how many cases the value is made of.
    """

    key: str | None
    value: float | None
    of: int
    figures: Figures
    previous: float | None = None
    before: Figures | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """An answer. units: what the figures are of, as codes; the whole city's root where nothing narrower.

    period: the days counted. previous: those that they are compared with. refused: the units that were asked
    about and are not the asker's to see. rows: the lines of a comparison or a course of time, in the order
    that was asked for; tied: lines left out that stand like the first. total: the figure of everything asked
    about. hidden: whether domains that the asker may not see here are left out.
    """

    question: Question
    units: tuple[str, ...]
    period: Period
    total: Row
    rows: tuple[Row, ...] = ()
    tied: tuple[Row, ...] = ()
    previous: Period | None = None
    refused: tuple[str, ...] = ()
    hidden: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Whose figures somebody may ask for: each of these units with all below; the city's total besides.

    hidden: the domains of which nothing may be told here.
    """

    units: tuple[str, ...]
    hidden: frozenset[str] = frozenset()

    def sees(self, city: City, code: str) -> bool:
        """Tell whether a unit lies within."""
        return any(city.is_within(code, unit) for unit in self.units)

    def sees_city(self, city: City) -> bool:
        """Tell whether everything lies within."""
        return city.root.code in self.units


async def answer(
    transaction: Transaction, city: City, question: Question, *, scope: Scope | None, now: datetime
) -> Answered:
    """Count what was asked. scope: None for everything.

    Whoever asks about units beyond their scope gets the city's total, with those units named as refused.
    A comparison of units is one of those within the scope. Work of former units counts under today's.
    """
    scope = scope or Scope(units=(city.root.code,))
    if question.metric in OF_NOW and question.group_by in ("day", "week", "month"):
        question = replace(question, group_by=None)  # how many were open then is not kept
    question, refused = _within(city, _without_hidden(city, question, scope), scope)
    units = question.units or (_own(city, scope) if not refused else (city.root.code,))
    period = question.period or when.last_days(_today(now), USUAL_DAYS)
    counting = _Counting(transaction=transaction, city=city, question=question, units=units, now=now)
    previous = None
    if (question.compare or question.about) and question.metric not in OF_NOW:
        previous = period_before(period, _today(now))
    total = await counting.total(period, previous)
    rows = _ordered(question, await counting.rows(period, previous))
    shown = rows[: question.limit]
    return Answered(
        question=question,
        units=units,
        period=period,
        total=total,
        rows=shown,
        tied=tuple(row for row in rows[len(shown) :] if shown and row.value == shown[0].value),
        previous=previous,
        refused=refused,
        hidden=bool(scope.hidden),
    )


def period_before(period: Period, today: date) -> Period | None:
    """Return what a period is compared with: the one before of its kind, or as many days just before it.

    Of a period that is not over as many days are compared as have passed. None before the first year.
    """
    try:
        whole = _whole_before(period)
    except ValueError:
        return None
    if not period.first <= today < period.last:
        return whole
    days = today - period.first
    return Period(first=whole.first, last=min(whole.first + days, whole.last))


def counted_until(period: Period, today: date) -> Period:
    """Return a period without the days that are to come."""
    return replace(period, last=today) if period.first <= today < period.last else period


def _whole_before(period: Period) -> Period:
    months = _months_of(period)
    if months:
        first = _months_earlier(period.first, months)
        return Period(first=first, last=period.first - timedelta(days=1))
    length = (period.last - period.first).days + 1
    return when.last_days(period.first - timedelta(days=1), length)


def _months_of(period: Period) -> int:
    """Return how many whole months a period is, 0 when it is none."""
    after = period.last + timedelta(days=1)
    if period.first.day != 1 or after.day != 1:
        return 0
    return (after.year - period.first.year) * 12 + after.month - period.first.month


def _months_earlier(day: date, months: int) -> date:
    number = day.year * 12 + day.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)


# ── who may see what ─────────────────────────────────────────────────────────────────────────────


def _within(city: City, question: Question, scope: Scope) -> tuple[Question, tuple[str, ...]]:
    """Return the question as far as the scope allows, and the units that it asked about beyond it."""
    refused = tuple(code for code in question.units if code != city.root.code and not scope.sees(city, code))
    if refused:
        return replace(question, units=(city.root.code,), group_by=None), refused
    if scope.sees_city(city):
        return question, ()
    whole = city.root.code in question.units
    if question.group_by == "unit" and not question.units:
        whole = len(_to_compare(city, question, scope.units)) < _FEWEST
    if whole and question.group_by is not None:
        return replace(question, units=(city.root.code,), group_by=None), (city.root.code,)
    return question, ()


def _without_hidden(city: City, question: Question, scope: Scope) -> Question:
    """Return the question about those domains alone of which something may be told."""
    if not scope.hidden:
        return question
    asked = question.domains or tuple(city.domains)
    return replace(question, domains=tuple(each for each in asked if each not in scope.hidden) or (_NONE,))


def _own(city: City, scope: Scope) -> tuple[str, ...]:
    return tuple(code for code in scope.units if code in city.units)


def _to_compare(city: City, question: Question, units: Sequence[str]) -> frozenset[str]:
    """Return the units that are compared within some units: those of a kind, or those right below.

    Several units of which none has any below are compared themselves.
    """
    found = frozenset[str]().union(*(_below(city, unit, question.level) for unit in units))
    if not found and question.level is None and len(units) >= _FEWEST:
        found = frozenset(units)
    return frozenset(code for code in found if city.is_valid(code))


def _below(city: City, unit: str, level: str | None) -> frozenset[str]:
    if level not in LEVELS:
        return trees.directly_below(city, unit)
    kinds = _kinds(city, level)
    return frozenset(code for code in city.subtree(unit) if city.units[code].kind in kinds)


def _kinds(city: City, level: str) -> frozenset[str]:
    """Return the kinds of unit that people mean; a district where there is none means a ward."""
    there = {unit.kind for unit in city.units.values() if city.is_valid(unit.code)}
    if level == "district" and "district" not in there:
        level = "ward"
    return frozenset({level, *(("office", "company") if level == "department" else ())})


# ── counting ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class _Counting:
    """Asks the database, for whatever units and however it is laid out."""

    transaction: Transaction
    city: City
    question: Question
    units: tuple[str, ...]
    now: datetime

    async def total(self, period: Period, previous: Period | None) -> Row:
        """Return the figure of everything that was asked about."""
        within, moved = self._one()
        now_and_before = [
            (await self._figures(each, within, moved, None)).get(None, Figures()) if each else None
            for each in (period, previous)
        ]
        return self._row(None, now_and_before[0] or Figures(), now_and_before[1])

    async def rows(self, period: Period, previous: Period | None) -> list[Row]:
        """Return a line for each unit, domain or time that was asked for."""
        by = self.question.group_by
        if by in ("day", "week", "month"):
            return await self._course(period)
        if by == "domain":
            return await self._compared(period, previous, *self._one(), "domain")
        if by == "unit" or len(self.units) > 1:
            return await self._compared(period, previous, *self._many(), "unit")
        return []

    async def _compared(
        self,
        period: Period,
        previous: Period | None,
        within: Collection[str] | None,
        moved: figures.Moved,
        by: figures.GroupBy,
    ) -> list[Row]:
        found = await self._figures(period, within, moved, by)
        before = await self._figures(previous, within, moved, by) if previous else {}
        keys = {*found, *before} if by == "domain" or within is None else {*within}
        return [
            self._row(key, found.get(key, Figures()), before.get(key, Figures()) if previous else None)
            for key in keys
            if key is not None
        ]

    async def _course(self, period: Period) -> list[Row]:
        within, moved = self._one()
        step = self.question.group_by
        assert step in ("day", "week", "month")
        shown = counted_until(period, _today(self.now))
        found = await rollups.series(
            self.transaction,
            first=shown.first,
            last=shown.last,
            now=self.now,
            step=step,
            unit_codes=within,
            domains=self.question.domains or None,
            moved=moved,
        )
        return [self._row(day.isoformat(), each, None) for day, each in sorted(found.items())]

    def _one(self) -> tuple[Collection[str] | None, dict[str, str]]:
        """Return the units asked about as one, and what counts under it."""
        if self.city.root.code in self.units:
            return None, {}
        # A unit below another one that was asked about counts with that one.
        under: dict[str, str] = {}
        for unit in self.units:
            under |= dict.fromkeys(self.city.subtree(unit), self.units[0])
        return {self.units[0]}, _moved(self.city, under)

    def _many(self) -> tuple[Collection[str], dict[str, str]]:
        """Return the units that are compared, and what counts under each."""
        if self.question.group_by != "unit" or (len(self.units) > 1 and not self.question.level):
            shown = frozenset(self.units)
        else:
            shown = _to_compare(self.city, self.question, self.units)
        under: dict[str, str] = {}
        for unit in sorted(shown, key=lambda code: -len(self.city.subtree(code))):
            under |= dict.fromkeys(self.city.subtree(unit), unit)
        return shown, _moved(self.city, under)

    async def _figures(
        self,
        period: Period,
        within: Collection[str] | None,
        moved: figures.Moved,
        by: figures.GroupBy,
    ) -> dict[str | None, Figures]:
        return await figures.figures(
            self.transaction,
            start=midnight(period.first),
            end=midnight(period.last + timedelta(days=1)),
            now=self.now,
            unit_codes=within,
            domain=self.question.domains or None,
            group_by=by,
            moved=moved,
            returns=False,
        )

    def _row(self, key: str | None, found: Figures, before: Figures | None) -> Row:
        metric = self.question.metric
        return Row(
            key=key,
            value=value_of(found, metric),
            of=basis_of(found, metric),
            figures=found,
            previous=value_of(before, metric) if before else None,
            before=before,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Counted:
    """Whose cases count under some units: all of these units, and of the parts ("unit/ward") the ward's."""

    units: frozenset[str]
    parts: frozenset[str]


def counted_under(city: City, units: Sequence[str]) -> Counted | None:
    """Return whose cases count under any of these units, as the figures count them; None for everybody's."""
    if city.root.code in units:
        return None
    wanted = {below for unit in units for below in city.subtree(unit)}
    followed = trees.as_now(city)
    keys = {key for key, unit in followed.items() if unit in wanted}
    gone = {key for key, unit in followed.items() if unit not in wanted}
    return Counted(
        units=frozenset({*wanted, *(key for key in keys if "/" not in key)} - gone),
        parts=frozenset(key for key in keys if "/" in key),
    )


def _moved(city: City, under: Mapping[str, str]) -> dict[str, str]:
    """Return under which of the units asked about each unit counts, former ones under their successors."""
    followed = {key: under.get(unit, unit) for key, unit in trees.as_now(city).items()}
    return {key: unit for key, unit in {**under, **followed}.items() if key != unit}


def value_of(found: Figures, metric: str) -> float | None:
    """Return a figure by the name that questions use."""
    if metric == "on_time_rate":
        return found.on_time / found.answered if found.answered else None
    value: float | None = getattr(found, metric)
    return value


def basis_of(found: Figures, metric: str) -> int:
    """Return how many cases a figure is made of: of a share, those it is a share of."""
    if metric in ("on_time_rate", "median_hours"):
        return found.answered
    if metric == "satisfaction":
        return found.rating_count
    return int(value_of(found, metric) or 0)


def _ordered(question: Question, rows: Iterable[Row]) -> tuple[Row, ...]:
    """Sort as was asked, worst first where nothing was said; what has nothing to count comes last."""
    if question.group_by in ("day", "week", "month"):
        return tuple(rows)
    ascending = (question.order or _worst(question.metric)) == "asc"
    counted = [row for row in rows if row.value is not None]
    counted.sort(key=lambda row: (row.value if ascending else -(row.value or 0), -row.of, row.key or ""))
    nothing = sorted((row for row in rows if row.value is None), key=lambda row: row.key or "")
    return (*counted, *nothing)


def _worst(metric: str) -> str:
    return "asc" if metric in BETTER_HIGH else "desc"


def _today(now: datetime) -> date:
    return now.astimezone(LOCAL_TIME).date()
