"""`python -m benchmarks.rises`: how many rises are told where nothing rises, and how soon one is noticed.

A city of 126 wards and 12 domains in which nothing but chance, the week, the days off, Tết and the seasons
move what people report, day after day through whole years; then the same city with bursts in single places.
"""

import argparse
from collections.abc import Sequence
from datetime import date, timedelta
from statistics import median

import numpy as np
from tqdm import tqdm

from routing import unusual
from routing.deadline import WorkingCalendar
from routing.unusual import Cell, Counts, Rise

CALENDAR = WorkingCalendar()
FIRST = date(2025, 1, 6)
WEEK = (1.1, 1.0, 1.0, 1.0, 1.0, 0.7, 0.55)
WARDS, DOMAINS = 126, 12
A_DAY = (22.0, 160.0, 1100.0)
USUAL = (0.02, 0.1, 0.3, 1.0)
MORE = (2, 3, 5, 10)
BURSTS = 24


def a_city(
    days: int, *, seed: int = 1, a_day: float = 160.0, wards: int = WARDS, domains: int = DOMAINS
) -> Counts:
    """Return what a city reports where nothing but chance, the week, Tết and the season move anything."""
    random = np.random.default_rng(seed)
    sizes = np.outer(random.lognormal(0, 0.6, wards), random.lognormal(0, 0.7, domains))
    rates = sizes * random.lognormal(0, 0.4, sizes.shape)
    rates *= a_day / rates.sum()
    dates = [FIRST + timedelta(days=each) for each in range(days)]
    of_day = np.array([WEEK[day.weekday()] * _holiday(day) for day in dates])
    turn = np.array([day.timetuple().tm_yday / 365 for day in dates])[:, None]
    season = 1 + 0.5 * np.sin(2 * np.pi * (turn + np.linspace(0, 1, domains)))
    people = random.poisson(of_day[:, None, None] * season[:, None, :] * rates)
    cells = [(f"phuong-{ward}", f"d{domain}") for ward in range(wards) for domain in range(domains)]
    return Counts(last_day=dates[-1], cells=cells, people=people.reshape(days, -1).astype(float))


def _holiday(day: date) -> float:
    return 0.3 if day.isoweekday() < 6 and not CALENDAR.is_working_day(day) else 1.0


def until(counts: Counts, day: int) -> Counts:
    """Return what was known when a day ended."""
    return Counts(last_day=counts.day(day), cells=counts.cells, people=counts.people[: day + 1])


def told(counts: Counts, first: int) -> list[tuple[int, Rise]]:
    """Return what would have been told, day by day: each rise once, and again only after it was over."""
    lasting: Sequence[Cell] = []
    found = []
    for day in range(first, len(counts.people)):
        rises = unusual.find(until(counts, day), CALENDAR, lasting=lasting)
        found += [(day, each) for each in rises if each.alarming and (each.unit, each.domain) not in lasting]
        lasting = [(each.unit, each.domain) for each in rises]
    return found


def with_burst(counts: Counts, cell: int, *, first: int, more: int, days: int = 7) -> Counts:
    """Return the same city with so many more people a day in one place."""
    people = counts.people.copy()
    people[first : first + days, cell] += more
    return Counts(last_day=counts.last_day, cells=counts.cells, people=people)


def false_alarms(seed: int, a_day: float) -> int:
    """Return how many rises are told in 52 weeks in which nothing rises, after a year of history."""
    return len(told(a_city(2 * 364, seed=seed, a_day=a_day), 364))


def delays(counts: Counts, usual: float, more: int) -> list[int | None]:
    """Return after how many days bursts are noticed (0: on the same day), None for never."""
    random = np.random.default_rng(7)
    mean = counts.people[:364].mean(0)
    found: list[int | None] = []
    for cell in np.argsort(abs(mean - usual))[:BURSTS]:
        first = int(random.integers(380, len(counts.people) - 8))
        burst = with_burst(counts, int(cell), first=first, more=more)
        days = (day for day in range(first, first + 7) if _noticed(burst, day, int(cell)))
        day = next(days, None)
        found.append(None if day is None else day - first)
    return found


def _noticed(counts: Counts, day: int, cell: int) -> bool:
    rises = unusual.find(until(counts, day), CALENDAR)
    return counts.cells[cell] in [(rise.unit, rise.domain) for rise in rises if rise.alarming]


def main() -> None:
    """Print both."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--years", type=int, default=3, help="how many years for each size of city")
    years = parser.parse_args().years
    for a_day in A_DAY:
        alarms = [false_alarms(seed, a_day) for seed in tqdm(range(years), leave=False)]
        print(f"{a_day:6.0f} reports a day: {sum(alarms) / years / 52:.3f} false alarms a week ({alarms})")
    counts = a_city(500, seed=5)
    for usual in USUAL:
        for more in MORE:
            found = delays(counts, usual, more)
            seen = [each for each in found if each is not None]
            told_after = f"after {median(seen):.0f} days" if seen else "never"
            print(
                f"usual {usual} a day, {more} more: {len(seen)} of {len(found)}, {told_after} at the median"
            )


if __name__ == "__main__":
    main()
