"""How well chances were foretold: each prediction by what was known then, and what became of the case."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.deadline import LOCAL_TIME, WorkingCalendar
from routing.risk import Handling, Pace, Tally, elapsed, learn, tally
from routing.workflow import FINISHED_STATUSES, Status

MORNING = time(8, 0)
"""When is foretold, on each working day."""
GONE = 0.8
"""The rule of thumb to be better than: with so much of its time gone a case will be late."""
TENTHS = 10
LEARN_EVERY = 7
"""Days between two times that the pace is learnt anew, as the clock does it."""
LEARN_FROM = timedelta(days=365)


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What held of a case from one of its events on."""

    at: datetime
    type: str
    status: str
    unit: str | None
    domain: str
    due_at: datetime | None
    answer_due_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """A case from its receipt, or from a reopening, until its answer or the next reopening."""

    began_at: datetime
    steps: tuple[Step, ...]

    def handling(self, now: datetime, calendar: WorkingCalendar) -> Handling | None:
        """Return how it was handled as far as it was known then; None where nobody owed an answer."""
        known = [step for step in self.steps if step.at <= now]
        if not known or known[-1].unit is None:
            return None
        last = known[-1]
        ended = _ended(known)
        due_at = ended.answer_due_at if ended else last.due_at
        if due_at is None or (ended is None and last.status in _OVER):
            return None
        paused_at, paused_hours = _pauses(known, calendar)
        accepted = next((step.at for step in known if step.status in _TAKEN_UP), None)
        given = max((step.at for step, before in _pairs(known) if step.unit != before), default=self.began_at)
        return Handling(
            unit=last.unit or "",
            domain=last.domain,
            began_at=self.began_at,
            given_at=max(given, self.began_at),
            due_at=due_at,
            accepted_at=accepted,
            paused_at=paused_at,
            paused_hours=paused_hours,
            ended_at=ended.at if ended else None,
        )

    def missed(self, until: datetime) -> bool | None:
        """Return whether its deadline was missed in the end; None where that cannot be told."""
        ended = _ended(self.steps)
        if ended is not None and ended.answer_due_at is not None:
            return ended.at > ended.answer_due_at
        last = self.steps[-1]
        if ended is not None or last.status in _OVER or last.due_at is None:
            return None
        waits = last.status == Status.WAITING_FOR_CITIZEN
        return True if not waits and last.due_at < until else None


_OVER = frozenset({*FINISHED_STATUSES, Status.MERGED.value})
_TAKEN_UP = frozenset({Status.IN_PROGRESS, Status.WAITING_FOR_CITIZEN, Status.ANSWERED})
_ENDS = frozenset({"answered", "rejected"})


def _ended(steps: Sequence[Step]) -> Step | None:
    return next((step for step in steps if step.type in _ENDS), None)


def _pairs(steps: Sequence[Step]) -> Iterator[tuple[Step, str | None]]:
    return zip(steps, [None, *(step.unit for step in steps)], strict=False)


def _pauses(steps: Sequence[Step], calendar: WorkingCalendar) -> tuple[datetime | None, float]:
    paused_at, hours = None, 0.0
    for step in steps:
        waits = step.status == Status.WAITING_FOR_CITIZEN
        if waits and paused_at is None:
            paused_at = step.at
        elif not waits and paused_at is not None:
            hours += calendar.working_hours_between(paused_at, step.at)
            paused_at = None
    return paused_at, hours


def rounds(received_at: datetime, steps: Sequence[Step]) -> list[Round]:
    """Return the rounds of a case, cut where it was reopened."""
    cuts = [0, *(number for number, step in enumerate(steps) if step.type == "reopened"), len(steps)]
    parts = [steps[first:last] for first, last in pairwise(cuts) if first < last]
    return [
        Round(began_at=part[0].at if number or part[0].type == "reopened" else received_at, steps=tuple(part))
        for number, part in enumerate(parts)
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Foretold:
    """One prediction: the share of its time gone, the chance of missing the deadline, and what became."""

    until: float
    chance: float
    colour: str
    base: float
    """The share that missed their deadlines, of those known by then."""
    missed: bool


def foretell(
    calendar: WorkingCalendar, every: Sequence[Round], *, first: date, last: date
) -> Iterator[Foretold]:
    """Foretell every open case that is not late yet on each working morning, by what was known then alone."""
    end = _morning(last + timedelta(days=1))
    pace, base = learn({}), 0.5
    for number in range((last - first).days + 1):
        day = first + timedelta(days=number)
        now = _morning(day)
        if number % LEARN_EVERY == 0:
            pace, base = _learnt(calendar, every, now)
        if calendar.is_working_day(day):
            yield from _of_day(calendar, every, pace, base, now, end)


def _of_day(
    calendar: WorkingCalendar,
    every: Sequence[Round],
    pace: Pace,
    base: float,
    now: datetime,
    end: datetime,
) -> Iterator[Foretold]:
    open_now = [
        (each, handling)
        for each in every
        if each.began_at <= now < _last_moment(each, end)
        and (handling := each.handling(now, calendar)) is not None
        and handling.ended_at is None
    ]
    there: dict[str, int] = {}
    for _, handling in open_now:
        there[handling.unit] = there.get(handling.unit, 0) + 1
    for each, handling in open_now:
        missed, seen = each.missed(end), elapsed(calendar, handling, now)
        if missed is None or seen.until >= 1:
            continue
        chance = pace.chance(
            handling.unit,
            handling.domain,
            seen.until,
            accepted=handling.accepted_at is not None,
            there=there[handling.unit],
        )
        colour = pace.colour(handling.unit, chance)
        yield Foretold(until=seen.until, chance=chance, colour=colour, base=base, missed=missed)


def _last_moment(each: Round, end: datetime) -> datetime:
    ended = _ended(each.steps)
    return ended.at if ended else end


def _learnt(calendar: WorkingCalendar, every: Sequence[Round], now: datetime) -> tuple[Pace, float]:
    """Return the pace and the share of deadlines missed, by what was known then."""
    since = now - LEARN_FROM
    by_unit: dict[str, list[Handling]] = {}
    over, missed = 0, 0
    for each in every:
        if each.began_at > now:
            continue
        handling = each.handling(now, calendar)
        if handling is None or (handling.ended_at or now) < since:
            continue
        by_unit.setdefault(handling.unit, []).append(handling)
        late = (handling.ended_at or now) > handling.due_at and handling.paused_at is None
        over += late or handling.ended_at is not None
        missed += late
    first = min((each.began_at for each in every), default=now)
    tallies: Mapping[str, Tally] = {
        unit: tally(calendar, handlings, since=max(since, first), now=now)
        for unit, handlings in by_unit.items()
    }
    return learn(tallies), (missed + 1) / (over + 2)


def _morning(day: date) -> datetime:
    return datetime.combine(day, MORNING, LOCAL_TIME)


# ── how well ─────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Tenth:
    """Predictions with about the same chance: how many, what was foretold on average, and what came."""

    predictions: int
    foretold: float
    came: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Score:
    """Brier scores (mean squares of error, Brier 1950; 0 is perfect) and what they were made of.

    base_rate: by the share of deadlines missed until then. best_constant: by the share among these very
    predictions, which nobody could know. rule: 1 once GONE of the time is gone, else 0. best_rule: the
    shares among these very predictions in place of 1 and 0.
    """

    predictions: int
    missed: float
    model: float
    base_rate: float
    best_constant: float
    rule: float
    best_rule: float
    colours: Mapping[str, Tenth] = field(default_factory=dict)
    tenths: Sequence[Tenth] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return all of it for a program to read."""
        return asdict(self)


def score(found: Sequence[Foretold]) -> Score | None:
    """Return how well it was foretold; None without any prediction."""
    if not found:
        return None
    chance = np.array([each.chance for each in found])
    missed = np.array([each.missed for each in found], dtype=float)
    gone = np.array([each.until >= GONE for each in found])
    best_rule = np.where(gone, _mean(missed[gone]), _mean(missed[~gone]))
    colours = np.array([each.colour for each in found])
    cut = np.minimum((chance * TENTHS).astype(int), TENTHS - 1)
    return Score(
        predictions=len(found),
        missed=_rounded(missed.mean()),
        model=_brier(chance, missed),
        base_rate=_brier(np.array([each.base for each in found]), missed),
        best_constant=_brier(np.full(len(found), missed.mean()), missed),
        rule=_brier(gone.astype(float), missed),
        best_rule=_brier(best_rule, missed),
        colours={
            name: _tenth(chance, missed, colours == name)
            for name in ("green", "orange", "red", "grey")
            if (colours == name).any()
        },
        tenths=tuple(_tenth(chance, missed, cut == number) for number in range(TENTHS)),
    )


def _brier(chance: NDArray[Any], missed: NDArray[Any]) -> float:
    return _rounded(((chance - missed) ** 2).mean())


def _tenth(chance: NDArray[Any], missed: NDArray[Any], meant: NDArray[np.bool_]) -> Tenth:
    return Tenth(
        predictions=int(meant.sum()),
        foretold=_rounded(_mean(chance[meant])),
        came=_rounded(_mean(missed[meant])),
    )


def _mean(values: NDArray[Any]) -> float:
    return float(values.mean()) if len(values) else 0.0


def _rounded(value: float) -> float:
    return round(float(value), 4)
