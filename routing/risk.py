"""The chance that an open case misses its deadline, from how long such cases have taken.

The time of a case is the share of its working hours that is gone: 0 at its receipt, 1 at its deadline, and
it stands still while the citizen is asked. How quickly cases are answered at each share is a rate (a hazard)
for each twentieth, counted over all cases that were open then, those that are still open included
(Kaplan and Meier, 1958). A domain has rates of its own, drawn towards the city's; a unit has a factor on
them, and so has a unit in a domain: each is drawn towards what it would be without knowing anything of it,
the more so the less is known (gamma-Poisson shrinkage). A unit that has more open cases than usual, and a
case that nobody has taken up, are slower by factors that are counted too. `docs/looking-ahead.md` tells
how well it foretells.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from routing.deadline import WorkingCalendar

BINS = 20
"""Into how many equal parts the time to a deadline is cut."""
ZONES = 4
"""In how many parts of that time it is counted whether a case had been taken up when they began."""
GREEN_BELOW, RED_FROM = 0.2, 0.5
"""A case with a chance below the first is expected to make its deadline, from the second on to miss it."""
LEAST_OF_UNIT, LEAST_OF_CITY = 10, 100
"""With fewer cases that were answered or missed their deadline nothing is foretold."""
LOADS = (0.7, 1.0, 1.4, 2.0)
"""Between which loads (open cases, where a unit's usual number is 1) the effect of load is counted."""
MOST_LOAD = 4.0
_SLOWING = tuple(step / 20 for step in range(21))
_ROUNDS = 3
_OF_CITY, _OF_DOMAIN, _OF_RATE, _OF_UNIT, _OF_BOTH, _OF_STAGE = 2.0, 20.0, 3.0, 3.0, 10.0, 20.0
"""As how many answers each guess counts against what was counted."""
_EDGES = np.linspace(0, 1, BINS + 1)

Floats = NDArray[np.float64]


class Colour(StrEnum):
    """What is to be expected of an open case."""

    GREEN = "green"
    ORANGE = "orange"
    RED = "red"
    GREY = "grey"
    """Too little is known."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Handling:
    """How a case was handled, or is being, by the unit that had it last: from receipt or reopening.

    given_at: since when the unit has had it. paused_hours: working hours of the pauses that are over.
    ended_at: when it was answered or refused, None while it is open.
    """

    unit: str
    domain: str
    began_at: datetime
    given_at: datetime
    due_at: datetime
    accepted_at: datetime | None = None
    paused_at: datetime | None = None
    paused_hours: float = 0.0
    ended_at: datetime | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Elapsed:
    """Where a case stands on the way to its deadline; 0 is its receipt and 1 the deadline.

    since: when its unit got it. until: when it was answered, or now. accepted: when it was taken up, None
    for not yet.
    """

    since: float
    until: float
    accepted: float | None


def gone(calendar: WorkingCalendar, handling: Handling, now: datetime) -> float:
    """Return which share of its time a case has used by now, or had when it ended; 1 or more is too late."""
    ends = handling.ended_at or handling.paused_at or now
    if ends > handling.due_at:
        return max(_used(calendar, handling, ends) / _allotted(calendar, handling), 1.0 + 1e-9)
    return min(_used(calendar, handling, ends) / _allotted(calendar, handling), 1.0)


def _used(calendar: WorkingCalendar, handling: Handling, ends: datetime) -> float:
    return max(calendar.working_hours_between(handling.began_at, ends) - handling.paused_hours, 0.0)


def _allotted(calendar: WorkingCalendar, handling: Handling) -> float:
    hours = calendar.working_hours_between(handling.began_at, handling.due_at)
    # A deadline that a law counts in calendar days may leave no working hour at all.
    return max(hours - handling.paused_hours, 0.01)


def elapsed(calendar: WorkingCalendar, handling: Handling, now: datetime) -> Elapsed:
    """Return where a case stands, or stood when it ended."""
    allotted, until = _allotted(calendar, handling), gone(calendar, handling, now)

    def share(at: datetime) -> float:
        hours = calendar.working_hours_between(handling.began_at, at)
        return min(max(hours / allotted, 0.0), until)

    taken = handling.accepted_at
    return Elapsed(
        since=share(handling.given_at) if handling.given_at > handling.began_at else 0.0,
        until=until,
        accepted=None if taken is None else share(taken),
    )


# ── what one unit has done ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Tally:
    """What is counted of a unit: time spent and answers given, by the share of the time that was gone.

    domains: by domain, time and answers in each of BINS. loads: the same by how many cases were open beside.
    stages: the same by whether the case had been taken up and the zone that this is told of, and only what
    came after. usual: open cases, on average. known: cases that were answered or missed their deadline.
    """

    domains: Mapping[str, Floats]
    loads: Floats
    stages: Floats
    usual: float
    known: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as data that JSON can hold."""
        return {
            "domains": {name: _listed(counts) for name, counts in sorted(self.domains.items())},
            "loads": _listed(self.loads),
            "stages": _listed(self.stages),
            "usual": round(self.usual, 3),
            "known": self.known,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Tally":
        """Return what `as_dict` made."""
        return cls(
            domains={name: np.array(counts) for name, counts in data["domains"].items()},
            loads=np.array(data["loads"]),
            stages=np.array(data["stages"]),
            usual=data["usual"],
            known=data["known"],
        )


def _listed(counts: Floats) -> Any:
    return np.round(counts, 3).tolist()


def tally(
    calendar: WorkingCalendar, handlings: Sequence[Handling], *, since: datetime, now: datetime
) -> Tally:
    """Count what a unit did from one moment to another. handlings: all that were open at any time between.

    What a case went through before `since` is not counted, so that those that took long weigh no more.
    """
    seen = [elapsed(calendar, each, now) for each in handlings]
    before = [_before(calendar, each, since) for each in handlings]
    entered = np.array([max(each.since, cut) for each, cut in zip(seen, before, strict=True)])
    until = np.array([each.until for each in seen])
    answered = np.array([each.ended_at is not None for each in handlings], dtype=bool) & (until <= 1)
    counts = _counts(entered, until, answered)
    domains = [each.domain for each in handlings]
    loads, usual = _loads(handlings, since, now)
    return Tally(
        domains={name: counts[:, np.array([each == name for each in domains])].sum(1) for name in {*domains}},
        loads=_by_class(counts, np.searchsorted(LOADS, loads), len(LOADS) + 1),
        stages=_stages(seen, entered, until, answered),
        usual=usual,
        known=int((answered | (until > 1)).sum()),
    )


def _before(calendar: WorkingCalendar, handling: Handling, since: datetime) -> float:
    """Return which share of a case's time was gone at a moment; 0 where it was not there."""
    if since <= handling.began_at:
        return 0.0
    return calendar.working_hours_between(handling.began_at, since) / _allotted(calendar, handling)


def _counts(entered: Floats, until: Floats, answered: NDArray[np.bool_]) -> Floats:
    """Return time and answers of each case in each bin, an array of (2, cases, BINS)."""
    spent = np.minimum(until[:, None], _EDGES[1:]) - np.maximum(entered[:, None], _EDGES[:-1])
    answers = np.zeros_like(spent)
    where = np.flatnonzero(answered & (until >= entered))
    answers[where, np.minimum((until[where] * BINS).astype(int), BINS - 1)] = 1
    return np.stack([np.maximum(spent, 0), answers])


def _by_class(counts: Floats, classes: NDArray[np.intp], number: int) -> Floats:
    return np.stack([counts[:, classes == each].sum(1) for each in range(number)])


def _stages(seen: Sequence[Elapsed], entered: Floats, until: Floats, answered: NDArray[np.bool_]) -> Floats:
    """Count what came after the beginning of each zone, apart for what had been taken up by then."""
    taken = np.array([np.inf if each.accepted is None else each.accepted for each in seen])
    found = np.zeros((2, ZONES, 2, BINS))
    for zone in range(ZONES):
        begins = zone / ZONES
        open_then = (entered <= begins) & (until > begins)
        after = _counts(np.full_like(until, begins), until, answered & open_then)
        for accepted in (0, 1):
            meant = open_then & ((taken <= begins) == bool(accepted))
            found[accepted, zone] = after[:, meant].sum(1)
    return found


def _loads(handlings: Sequence[Handling], since: datetime, now: datetime) -> tuple[Floats, float]:
    """Return how many cases were open when each came, where the usual number is 1, and that number."""
    begins = np.array([max(each.given_at, since).timestamp() for each in handlings])
    ends = np.array([(each.ended_at or now).timestamp() for each in handlings])
    length = max((now - since).total_seconds(), 1.0)
    usual = float(np.maximum(ends - begins, 0).sum() / length) if len(begins) else 0.0
    there = np.searchsorted(np.sort(begins), begins) - np.searchsorted(np.sort(ends), begins)
    return _load(there, usual), usual


def _load(there: Any, usual: float) -> Any:
    """Return open cases beside the usual number; one more of each tells of small numbers little."""
    return np.minimum((there + 1.0) / (usual + 1.0), MOST_LOAD)


# ── what is to be expected ───────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitPace:
    """How quick a unit is: its factor on the rates, in all and by domain; 1 is usual, more is quicker."""

    factor: float
    usual: float
    known: int
    domains: Mapping[str, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pace:
    """How quickly the cases of a city are answered.

    rates: by domain, "" for any other, answers to be expected in each bin. slowing: the power by which load
    slows. stages: factors by whether a case was taken up, and zone. known: cases that this was learnt from.
    """

    rates: Mapping[str, Floats]
    units: Mapping[str, UnitPace]
    slowing: float
    stages: Floats
    known: int

    def chance(
        self, unit: str, domain: str, until: float, *, accepted: bool = True, there: int | None = None
    ) -> float:
        """Return the chance that a case is not answered by its deadline.

        until: the share of its time that is gone. there: open cases of its unit now, None for its usual
        number.
        """
        if until >= 1:
            return 1.0
        known = self.units.get(unit)
        factor = known.domains.get(domain, known.factor) if known else 1.0
        if known and there is not None:
            factor *= float(_load(there, known.usual)) ** -self.slowing
        factor *= float(self.stages[int(accepted), int(until * ZONES)])
        expected = self.rates.get(domain, self.rates[""])
        first = int(until * BINS)
        rest = float(expected[first + 1 :].sum()) + float(expected[first]) * (first + 1 - until * BINS)
        return float(np.exp(-factor * rest))

    def colour(self, unit: str, chance: float) -> Colour:
        """Return what a chance means for a case of a unit."""
        known = self.units.get(unit)
        if self.known < LEAST_OF_CITY or known is None or known.known < LEAST_OF_UNIT:
            return Colour.GREY
        if chance < GREEN_BELOW:
            return Colour.GREEN
        return Colour.RED if chance >= RED_FROM else Colour.ORANGE

    def as_dict(self) -> dict[str, Any]:
        """Return it as data that JSON can hold."""
        return {
            "rates": {name: np.round(rates, 5).tolist() for name, rates in sorted(self.rates.items())},
            "units": {
                code: [
                    round(unit.factor, 4),
                    round(unit.usual, 3),
                    unit.known,
                    {name: round(factor, 4) for name, factor in sorted(unit.domains.items())},
                ]
                for code, unit in sorted(self.units.items())
            },
            "slowing": self.slowing,
            "stages": np.round(self.stages, 4).tolist(),
            "known": self.known,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Pace":
        """Return what `as_dict` made."""
        return cls(
            rates={name: np.array(rates) for name, rates in data["rates"].items()},
            units={
                code: UnitPace(factor=factor, usual=usual, known=known, domains=domains)
                for code, (factor, usual, known, domains) in data["units"].items()
            },
            slowing=data["slowing"],
            stages=np.array(data["stages"]),
            known=data["known"],
        )


NOTHING_KNOWN = Pace(
    rates={"": np.full(BINS, 2.0 / BINS)}, units={}, slowing=0.0, stages=np.ones((2, ZONES)), known=0
)
"""What is to be expected where nothing was counted yet: every case is grey."""


def learn(tallies: Mapping[str, Tally]) -> Pace:
    """Return the pace of a city from what each of its units did."""
    tallies = {code: each for code, each in sorted(tallies.items()) if each.known}
    known = sum(each.known for each in tallies.values())
    if not known:
        return NOTHING_KNOWN
    units = dict.fromkeys(tallies, 1.0)
    rates: dict[str, Floats] = {}
    for _ in range(_ROUNDS):
        rates = _rates(tallies, units)
        units = {code: _factor(*_sums(each, rates), _OF_UNIT) for code, each in tallies.items()}
    return Pace(
        rates={name: each / BINS for name, each in rates.items()},
        units={
            code: UnitPace(
                factor=units[code],
                usual=each.usual,
                known=each.known,
                domains=_in_domains(each, rates, units[code]),
            )
            for code, each in tallies.items()
        },
        slowing=_slowing(tallies, units, rates[""]),
        stages=_stage_factors(tallies, units, rates[""]),
        known=known,
    )


def _rates(tallies: Mapping[str, Tally], units: Mapping[str, float]) -> dict[str, Floats]:
    """Return answers per unit of time in each bin, by domain; time counts as much as the unit is quick."""
    spent: dict[str, Floats] = {}
    answers: dict[str, Floats] = {}
    for code, each in tallies.items():
        for name, counts in each.domains.items():
            spent[name] = spent.get(name, np.zeros(BINS)) + counts[0] * units[code]
            answers[name] = answers.get(name, np.zeros(BINS)) + counts[1]
    all_spent, all_answers = np.sum([*spent.values()], axis=0), np.sum([*answers.values()], axis=0)
    usual = (all_answers.sum() + 1) / (all_spent.sum() + 0.5)
    city = (all_answers + _OF_CITY) / (all_spent + _OF_CITY / usual)
    found = {"": city}
    for name, counted in answers.items():
        guess = city * _factor(counted.sum(), (spent[name] * city).sum(), _OF_DOMAIN)
        found[name] = (counted + _OF_RATE) / (spent[name] + _OF_RATE / guess)
    return found


def _sums(each: Tally, rates: Mapping[str, Floats]) -> tuple[float, float]:
    """Return how many answers a unit gave, and how many the rates let expect."""
    counted = [(counts[1].sum(), (counts[0] * rates[name]).sum()) for name, counts in each.domains.items()]
    return float(sum(given for given, _ in counted)), float(sum(due for _, due in counted))


def _factor(answers: float, expected: float, guess: float) -> float:
    return float((answers + guess) / (expected + guess))


def _in_domains(each: Tally, rates: Mapping[str, Floats], factor: float) -> dict[str, float]:
    return {
        name: factor * _factor(counts[1].sum(), factor * float((counts[0] * rates[name]).sum()), _OF_BOTH)
        for name, counts in each.domains.items()
    }


def _slowing(tallies: Mapping[str, Tally], units: Mapping[str, float], city: Floats) -> float:
    """Return the power of load by which answers become rarer that fits best; never below 0."""
    spent = sum(np.asarray((each.loads[:, 0] * city).sum(1) * units[code]) for code, each in tallies.items())
    answers = sum(np.asarray(each.loads[:, 1].sum(1)) for each in tallies.values())
    edges = np.array([LOADS[0] / 1.4, *LOADS, LOADS[-1] * 1.4])
    loads = np.sqrt(edges[:-1] * edges[1:])
    best, best_fit = 0.0, -np.inf
    for power in _SLOWING:
        expected = np.asarray(spent) * loads**-power
        # What load does to all cases alike is in the rates already.
        expected = expected * (np.sum(answers) / max(expected.sum(), 1e-9)) + 1e-9
        fit = float((np.asarray(answers) * np.log(expected)).sum())
        if fit > best_fit + 0.5:
            best, best_fit = power, fit
    return best


def _stage_factors(tallies: Mapping[str, Tally], units: Mapping[str, float], city: Floats) -> Floats:
    """Return by what those that were taken up, and those that were not, are quicker from each zone on."""
    spent = sum(
        np.asarray((each.stages[:, :, 0] * city).sum(2) * units[code]) for code, each in tallies.items()
    )
    answers = sum(np.asarray(each.stages[:, :, 1].sum(2)) for each in tallies.values())
    return np.asarray((answers + _OF_STAGE) / (np.asarray(spent) + _OF_STAGE), dtype=np.float64)
