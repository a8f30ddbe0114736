"""What figures count of a case, once for all: as it stands, and as it stood before a change and after it."""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    and_,
    cast,
    func,
    literal_column,
    or_,
)
from sqlalchemy import case as either

from routing.workflow import OPEN_STATUSES, Status
from storage.tables import HOUR_STEPS, IS_OPEN, case, rollup_change

COUNTED_KINDS = ("feedback", "suggestion", "question", "emergency")
"""Grievances and denunciations are legal procedures of their own and never count."""
ANSWERED_STATUSES = (Status.ANSWERED.value, Status.CLOSED.value)
SATISFIED_FROM = 4
"""The least rating, of 1 to 5, of somebody who is content."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How one unit, one domain, or everything asked about stands; numbers of cases, and hours."""

    received: int = 0
    people: int = 0
    """How many people stand behind those received: cases merged into one count with it."""
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
    rejected_late: int = 0
    rating_count: int = 0
    rating_sum: int = 0
    """The sum of the ratings, each from 1 to 5."""
    satisfied: int = 0
    median_hours: float | None = None
    """Working hours from receipt to answer that half of the answers took at most; None without answers."""
    p90_hours: float | None = None
    """The same for nine in ten."""

    @property
    def open(self) -> int:
        """Cases on which somebody still owes something."""
        return self.on_track + self.at_risk + self.overdue

    @property
    def rating(self) -> float | None:
        """The mean of the ratings, None without any."""
        return self.rating_sum / self.rating_count if self.rating_count else None

    @property
    def satisfaction(self) -> float | None:
        """The share of ratings of 4 and 5 among all ratings, None without any."""
        return self.satisfied / self.rating_count if self.rating_count else None


COUNTS = tuple(each.name for each in fields(Figures) if not each.name.endswith("_hours"))
OF_RECEIPT = ("received", "people", "reopened", "rejected", "rejected_late")
OF_ANSWER = (
    "answered",
    "on_time",
    "late",
    "late_with_extension",
    "rating_count",
    "rating_sum",
    "satisfied",
)
STEP_NAMES = tuple(f"step_{number:02}" for number in range(len(HOUR_STEPS)))
_SHARES = {"median_hours": (5, 10), "p90_hours": (9, 10)}
"""Each percentile as a fraction, so that its place among all is a matter of whole numbers."""
_DIGITS = 6
"""Of a percentile: less than those of hours would hide a difference, more would show the computer's."""


# ── adding up ────────────────────────────────────────────────────────────────────────────────────


def step_of(hours: float) -> int:
    """Return the number of the step in which hours are counted: the first that they do not exceed."""
    return min(bisect_left(HOUR_STEPS, hours), len(HOUR_STEPS) - 1)


@dataclass(slots=True)
class Tally:
    """Counts of one group, and how many of its answers took how many steps of hours."""

    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(COUNTS, 0))
    steps: list[int] = field(default_factory=lambda: [0] * len(HOUR_STEPS))

    def add(self, counted: Mapping[str, Any]) -> None:
        """Add counts by their names; whatever else is there is left alone."""
        for name in counted.keys() & self.counts.keys():
            self.counts[name] += int(counted[name] or 0)

    def add_steps(self, counted: Iterable[Any]) -> None:
        """Add how many answers took each step of hours."""
        self.steps = [number + int(more or 0) for number, more in zip(self.steps, counted, strict=True)]

    def plus(self, other: "Tally") -> "Tally":
        """Add another one to this, and return this."""
        self.add(other.counts)
        self.add_steps(other.steps)
        return self

    def __bool__(self) -> bool:
        return any(self.counts.values())

    def figures(self) -> Figures:
        """Return the figures of the group."""
        shares: dict[str, Any] = {name: _percentile(self.steps, *share) for name, share in _SHARES.items()}
        return Figures(**self.counts, **shares)


def _percentile(steps: Sequence[int], of: int, among: int) -> float | None:
    """Return the value at a place among all, counted from nought, between two in proportion."""
    count = sum(steps)
    if not count:
        return None
    place, rest = divmod((count - 1) * of, among)
    lower, upper = _at(steps, place), _at(steps, min(place + 1, count - 1))
    return round(lower + (upper - lower) * rest / among, _DIGITS)


def _at(steps: Sequence[int], place: int) -> float:
    for number, count in enumerate(steps):
        place -= count
        if place < 0:
            return HOUR_STEPS[number]
    raise IndexError(place)


def all_of(domain: str | Collection[str]) -> frozenset[str]:
    """Return the domains that are meant, where one may be named alone."""
    return frozenset([domain] if isinstance(domain, str) else domain)


# ── in SQL ───────────────────────────────────────────────────────────────────────────────────────

Counts = Mapping[str, ColumnElement[Any]]


def is_counted(of: FromClause) -> ColumnElement[bool]:
    """Return the condition that a case is of a kind that counts."""
    return of.c.kind.in_(COUNTED_KINDS)


def is_received(of: FromClause) -> ColumnElement[bool]:
    """Return the condition that its receipt counts: the master of a merged case stands for the incident."""
    return of.c.status != Status.MERGED.value


def is_answered(of: FromClause) -> ColumnElement[bool]:
    """Return the condition that its current answer counts."""
    return and_(of.c.answered_at.is_not(None), of.c.status.in_(ANSWERED_STATUSES))


def is_open(of: FromClause) -> ColumnElement[bool]:
    """Return the condition that somebody still owes something, in the words of the index of open cases."""
    if of is case:
        # A type would make SQLite compare it with 1, and then no index serves.
        return literal_column(f"({IS_OPEN})")
    return of.c.status.in_(sorted(OPEN_STATUSES))


def of_receipt(of: FromClause) -> Counts:
    """Return what counts of a case's receipt."""
    rejected = of.c.status == Status.REJECTED.value
    return {
        "received": literal_column("1", type_=Integer),
        "people": of.c.people_count,
        "reopened": _number(of.c.reopened_count > 0),
        "rejected": _number(rejected),
        "rejected_late": _number(and_(rejected, ~_in_time(of))),
    }


def of_answer(of: FromClause) -> Counts:
    """Return what counts of a case's current answer."""
    in_time = _in_time(of)
    by_extension = func.coalesce(of.c.answered_at > of.c.extended_from, False)
    return {
        "answered": literal_column("1", type_=Integer),
        "on_time": _number(and_(in_time, ~by_extension)),
        "late": _number(~in_time),
        "late_with_extension": _number(and_(in_time, by_extension)),
        "rating_count": _number(of.c.rating.is_not(None)),
        "rating_sum": func.coalesce(of.c.rating, 0),
        "satisfied": _number(func.coalesce(of.c.rating >= SATISFIED_FROM, False)),
    }


def step(of: FromClause) -> ColumnElement[int]:
    """Return the number of the step in which the hours of an answer count."""
    bounds = enumerate(HOUR_STEPS[:-1])
    return either(
        *((of.c.handled_hours <= literal_column(repr(bound)), literal_column(str(k))) for k, bound in bounds),
        else_=literal_column(str(len(HOUR_STEPS) - 1)),
    )


def overdue_at(of: FromClause) -> ColumnElement[datetime]:
    """Return the moment after which an open case is overdue; NULL where it never will be.

    A case that waits for its reporter stands as it stood when its clock was stopped.
    """
    holds = or_(of.c.paused_at.is_(None), of.c.due_at < of.c.paused_at)
    return either((holds, of.c.due_at))


def warned_at(of: FromClause) -> ColumnElement[datetime]:
    """Return the moment from which an open case is at risk, were it not overdue; NULL for never."""
    holds = or_(of.c.paused_at.is_(None), of.c.warn_at <= of.c.paused_at)
    return either((holds, of.c.warn_at))


def is_first_warned(of: FromClause) -> ColumnElement[bool]:
    """Return the condition that it is at risk before it is overdue, or never overdue."""
    warned, overdue = warned_at(of), overdue_at(of)
    return func.coalesce(or_(warned <= overdue, and_(warned.is_not(None), overdue.is_(None))), False)


def troubled_at(of: FromClause) -> ColumnElement[datetime]:
    """Return when an open case leaves its track: it is at risk from then on, or overdue after it."""
    return either((is_first_warned(of), warned_at(of)), else_=overdue_at(of))


def _in_time(of: FromClause) -> ColumnElement[bool]:
    return and_(~of.c.late_before, or_(of.c.answer_due_at.is_(None), of.c.answered_at <= of.c.answer_due_at))


def _number(holds: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(holds, Integer)


def sign_of(of: FromClause) -> ColumnElement[int]:
    """Return what a row counts: a case once; of a change, what was before it less, what is after it more."""
    return rollup_change.c.sign if of is rollup_change else literal_column("1", type_=Integer)
