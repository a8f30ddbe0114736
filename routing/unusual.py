"""What rises in a ward beyond what its own history explains.

How many people report a domain in a ward is compared, over 1, 3 and 7 days, with what is usual there: the
ward's own rate (of recent months more than of older ones, and drawn towards its share of the city while it
has little history), times what the day of the week or a day off makes of it, times how the whole city's
reports of that domain have moved lately and moved at this time a year ago. What the city as a whole reports
more of in the very same days, as in a storm, is no ward's own rise.

The threshold follows from how many false alarms a week a city is to bear, shared out over all wards, domains,
windows and days (Bonferroni), and the tail is that of a negative binomial: Poisson counts with a rate that is
known only as well as the history tells, and that varies as much as it did. `docs/looking-ahead.md` tells how
many false alarms that gave, and how soon a rise is noticed.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from routing.deadline import WorkingCalendar

WINDOWS = (1, 3, 7)
"""Over how many days reports are added up, today included."""
FALSE_ALARMS_A_WEEK = 0.5
"""How many rises a week are told at most that are nothing but chance, in a whole city."""
LEAST_PEOPLE = 5
"""Fewer people than that are no rise, however few are usual."""
LASTS = 0.01
"""A rise that was told lasts while what is counted has a smaller chance than this."""
LEAST_DAYS = 28
"""With a shorter history nothing is told."""
HISTORY_DAYS = 730
SHOWN_DAYS = 28
HALF_LIFE = 120.0
"""Days after which a day of the history counts half."""
YEAR = 364
"""Whole weeks, so that the days of the week stay the same."""
_RECENT = 28
_WINDOW = max(WINDOWS)
_DAY_OFF = 0
_CLASSES = 8
_OF_CELL, _OF_CLASS, _OF_LEVEL, _OF_SEASON, _OF_CITY = 2.0, 50.0, 20.0, 60.0, 10.0
"""As how many reports each guess counts against what was counted."""
_SHOWN_RANGE = 0.975

Floats = NDArray[np.float64]
Cell = tuple[str, str]
"""A ward's unit and a domain."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Counts:
    """How many people reported what where: an array of (days, cells), the last day is today."""

    last_day: date
    cells: Sequence[Cell]
    people: Floats

    def day(self, index: int) -> date:
        """Return the day of a row."""
        return self.last_day - timedelta(days=len(self.people) - 1 - index)


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One day of a ward and a domain: who reported, what is usual, and how many are still nothing unusual."""

    day: date
    people: int
    usual: float
    most: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Rise:
    """A rise: in so many days until today so many people reported where `expected` are usual.

    chance: of as many or more. days: the last weeks. alarming: whether it is rare enough to be told.
    """

    unit: str
    domain: str
    window: int
    people: int
    expected: float
    chance: float
    alarming: bool
    days: tuple[Day, ...]

    @property
    def first_day(self) -> date:
        """The first day of what was counted."""
        return self.days[-self.window].day


def counts_of(
    rows: Mapping[date, Mapping[str, Mapping[str, int]]],
    *,
    units: Mapping[str, str],
    domains: Sequence[str],
    today: date,
) -> Counts:
    """Arrange daily counts (by ward's code and domain) by today's units; what lies nowhere is left out.

    units: the unit of each ward's code; former wards count for who took over from them.
    """
    names = sorted({*units.values()})
    cells = [(unit, domain) for unit in names for domain in domains]
    place = {cell: number for number, cell in enumerate(cells)}
    first = max(min(rows, default=today), today - timedelta(days=HISTORY_DAYS))
    people = np.zeros(((today - first).days + 1, len(cells)))
    for day, by_ward in rows.items():
        if not first <= day <= today:
            continue
        row = people[(day - first).days]
        for ward, by_domain in by_ward.items():
            for domain, number in by_domain.items():
                if (index := place.get((units.get(ward, ""), domain))) is not None:
                    row[index] += number
    return Counts(last_day=today, cells=cells, people=people)


def find(
    counts: Counts,
    calendar: WorkingCalendar,
    *,
    lasting: Sequence[Cell] = (),
    false_alarms: float = FALSE_ALARMS_A_WEEK,
) -> list[Rise]:
    """Return what is unusual now, the rarest first: what is to be told, and of `lasting` what still is."""
    if len(counts.people) < LEAST_DAYS + _WINDOW or not counts.people[:-_WINDOW].any():
        return []
    usual = _usual(counts, calendar)
    limit = false_alarms / (7 * len(WINDOWS) * len(counts.cells))
    known = set(lasting)
    found: dict[int, Rise] = {}
    for window in WINDOWS:
        people = counts.people[-window:].sum(0)
        expected = usual.expected(counts, window)
        for index in map(int, np.flatnonzero((people > expected) & (people >= 1))):
            wanted = counts.cells[index] in known
            if people[index] < LEAST_PEOPLE and not wanted:
                continue
            number = int(people[index])
            chance = tail(number, float(expected[index]), float(usual.size[index]))
            alarming = chance < limit and number >= LEAST_PEOPLE
            best = found.get(index)
            if (alarming or (wanted and chance < LASTS)) and (best is None or chance < best.chance):
                found[index] = Rise(
                    unit=counts.cells[index][0],
                    domain=counts.cells[index][1],
                    window=window,
                    people=number,
                    expected=round(float(expected[index]), 2),
                    chance=chance,
                    alarming=alarming,
                    days=tuple(_days(counts, usual, index)),
                )
    return sorted(found.values(), key=lambda rise: (rise.chance, rise.unit, rise.domain))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Usual:
    """What is usual: by day and cell without what the city as a whole does in these days, and how surely."""

    daily: Floats
    size: Floats
    domains: NDArray[np.intp]

    def expected(self, counts: Counts, window: int) -> Floats:
        """Return how many are to be expected over the last days, when the rest of the city is as it is."""
        expected = self.daily[-window:].sum(0)
        people = counts.people[-window:].sum(0)
        others = _by_domain(people, self.domains) - people
        usual = _by_domain(expected, self.domains) - expected
        risen = (others + _OF_CITY) / (usual + _OF_CITY)
        return np.asarray(expected * np.maximum(risen, 1.0), dtype=np.float64)


def _by_domain(values: Floats, domains: NDArray[np.intp]) -> Floats:
    """Return for each cell the sum over all cells of its domain."""
    return np.asarray(np.bincount(domains, values)[domains], dtype=np.float64)


def _usual(counts: Counts, calendar: WorkingCalendar) -> _Usual:
    names = sorted({domain for _, domain in counts.cells})
    domains = np.array([names.index(domain) for _, domain in counts.cells])
    before = len(counts.people) - _WINDOW
    past = counts.people[:before]
    city = np.stack([past[:, domains == number].sum(1) for number in range(len(names))], axis=1)
    classes = np.array([_class_of(counts.day(index), calendar) for index in range(len(counts.people))])
    factors = _day_factors(city, classes[:before])[classes]
    weights = 0.5 ** (np.arange(before, 0, -1) / HALF_LIFE)
    seen = weights @ factors[:before]
    rates, size = _rates(weights @ past, seen[domains], domains, counts.cells)
    moved = _level(city, factors[:before], weights @ city / seen) * _season(city, factors[:before])
    spread = _spread(past, factors[:before, domains] * rates, domains)
    return _Usual(
        daily=factors[:, domains] * rates * moved[domains],
        size=1 / (1 / size + spread[domains]),
        domains=domains,
    )


def _class_of(day: date, calendar: WorkingCalendar) -> int:
    """Return the day's place in the week, 1 to 7, or that of a day off that is no usual one, as at Tết."""
    off = day.isoweekday() in calendar.weekdays and not calendar.is_working_day(day)
    return _DAY_OFF if off else day.isoweekday()


def _day_factors(city: Floats, classes: NDArray[np.intp]) -> Floats:
    """Return what each kind of day makes of the mean, by (kind, domain), drawn towards all domains."""
    mean = city.mean(0)
    everything = np.empty((_CLASSES, 1))
    found = np.empty((_CLASSES, city.shape[1]))
    for kind in range(_CLASSES):
        meant = classes == kind
        usual = mean * meant.sum()
        counted = city[meant].sum(0)
        everything[kind] = (counted.sum() + _OF_CLASS) / (usual.sum() + _OF_CLASS)
        found[kind] = (counted + _OF_CLASS * everything[kind]) / (usual + _OF_CLASS)
    return found


def _rates(
    people: Floats, seen: Floats, domains: NDArray[np.intp], cells: Sequence[Cell]
) -> tuple[Floats, Floats]:
    """Return what each cell has on a usual day, and as how many reports that counts."""
    names = sorted({unit for unit, _ in cells})
    units = np.array([names.index(unit) for unit, _ in cells])
    of_unit = np.asarray(np.bincount(units, people)[units])
    guess = of_unit * _by_domain(people, domains) / max(people.sum(), 1e-9) / seen
    guess = np.maximum(guess, 1e-6)
    return (people + _OF_CELL) / (seen + _OF_CELL / guess), people + _OF_CELL


def _level(city: Floats, factors: Floats, rates: Floats) -> Floats:
    """Return how much more or less of each domain the city has had in the last weeks."""
    recent = (rates * factors[-_RECENT:]).sum(0)
    return np.asarray((city[-_RECENT:].sum(0) + _OF_LEVEL) / (recent + _OF_LEVEL))


def _season(city: Floats, factors: Floats) -> Floats:
    """Return how each domain moved a year ago from the weeks before to these days; 1 without such a past."""
    then = len(city) + _WINDOW - YEAR
    if then - _WINDOW - _RECENT < 0:
        return np.ones(city.shape[1])
    weeks, days = slice(then - _WINDOW - _RECENT, then - _WINDOW), slice(then - _WINDOW, then)
    rates = (city[weeks].sum(0) + 1) / (factors[weeks].sum(0) + 1)
    expected = rates * factors[days].sum(0)
    return np.asarray((city[days].sum(0) + _OF_SEASON) / (expected + _OF_SEASON))


def _spread(past: Floats, expected: Floats, domains: NDArray[np.intp]) -> Floats:
    """Return by how much a week's counts vary more than chance makes them, by domain (a share, squared)."""
    weeks = len(past) // 7
    counted = past[len(past) - weeks * 7 :].reshape(weeks, 7, -1).sum(1)
    mean = expected[len(past) - weeks * 7 :].reshape(weeks, 7, -1).sum(1)
    # How the whole city moves is followed already; what is left is each ward's own.
    by_week = np.stack([np.bincount(domains, each) for each in counted])
    usual = np.stack([np.bincount(domains, each) for each in mean])
    mean = mean * ((by_week + 1) / (usual + 1))[:, domains]
    more = np.bincount(domains, ((counted - mean) ** 2 - mean).sum(0))
    squares = np.bincount(domains, (mean**2).sum(0))
    return np.clip(more / np.maximum(squares, 1e-9), 0.0, 1.0)


def tail(people: int, expected: float, size: float) -> float:
    """Return the chance of so many or more under a negative binomial of this mean and size."""
    return max(0.0, 1.0 - math.fsum(_chances(people, expected, size)))


def _chances(below: int, expected: float, size: float) -> Iterator[float]:
    """Return the chances of 0, 1, 2 ... of a negative binomial, up to one below a number."""
    log_of_none = -size * math.log1p(expected / size)
    share = math.log(expected / (size + expected))
    for number in range(below):
        more = math.lgamma(number + size) - math.lgamma(size) - math.lgamma(number + 1)
        yield math.exp(log_of_none + more + number * share)


def _most(expected: float, size: float) -> int:
    """Return how many are still nothing unusual on one day."""
    number, reached = 0, 0.0
    for chance in _chances(10_000, max(expected, 1e-9), size):
        reached += chance
        if reached >= _SHOWN_RANGE:
            break
        number += 1
    return number


def _days(counts: Counts, usual: _Usual, index: int) -> Iterator[Day]:
    length = len(counts.people)
    for row in range(max(0, length - SHOWN_DAYS), length):
        expected = float(usual.daily[row, index])
        yield Day(
            day=counts.day(row),
            people=int(counts.people[row, index]),
            usual=round(expected, 2),
            most=_most(expected, float(usual.size[index])),
        )
