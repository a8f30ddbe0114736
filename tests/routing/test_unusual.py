"""What rises in a ward: found soon when it does, hardly ever when nothing does, told with what is usual."""

from datetime import timedelta
from math import comb

import numpy as np
import pytest

from benchmarks.rises import CALENDAR, FIRST, a_city, told, until, with_burst
from routing import unusual
from routing.unusual import Counts


def test_a_year_without_anything_gives_next_to_no_alarm() -> None:
    """A whole city with its weeks, its Tết and its seasons: far fewer than one false alarm a week.

    Eight weeks with Tết among them; `benchmarks/rises.py` goes through whole years.
    """
    assert len(told(a_city(452), 396)) <= 2


@pytest.mark.parametrize(("more", "within"), [(10, 0), (5, 1), (3, 3)])
def test_a_burst_is_noticed_within_days(more: int, within: int) -> None:
    counts = a_city(240, seed=2)
    usual = counts.people[:230].mean(0)
    cell = int(np.argmin(abs(usual - 0.1)))
    found = told(with_burst(counts, cell, first=232, more=more), 232)
    mine = [(day, rise) for day, rise in found if (rise.unit, rise.domain) == counts.cells[cell]]
    assert len(mine) == 1, "it is told once, however long it lasts"
    day, rise = mine[0]
    assert day - 232 <= within
    assert rise.people >= unusual.LEAST_PEOPLE
    assert rise.expected < rise.people / 2
    assert rise.first_day == counts.day(day) - timedelta(days=rise.window - 1)
    assert [each.day for each in rise.days][-1] == counts.day(day)
    assert rise.days[-1].people == counts.people[day, cell] + more
    assert rise.days[-1].people > rise.days[-1].most >= rise.days[-1].usual


def test_what_the_whole_city_reports_is_no_wards_own_rise() -> None:
    """In a storm every ward reports the same, four times as often."""
    counts = a_city(240, seed=3)
    storm = counts.people.copy()
    drainage = [number for number, (_, domain) in enumerate(counts.cells) if domain == "d3"]
    storm[-1, drainage] = np.random.default_rng(3).poisson(4 * (counts.people[:, drainage].mean(0) + 0.05))
    assert storm[-1, drainage].sum() > 2 * counts.people[-1, drainage].sum()
    known = {(rise.unit, rise.domain) for rise in unusual.find(counts, CALENDAR) if rise.alarming}
    stormy = Counts(last_day=counts.last_day, cells=counts.cells, people=storm)
    risen = {(rise.unit, rise.domain) for rise in unusual.find(stormy, CALENDAR) if rise.alarming}
    assert len(risen - known) <= 1


def test_few_people_are_no_rise_however_rare_they_are() -> None:
    counts = a_city(120, seed=4, a_day=3.0)
    quiet = int(np.argmin(counts.people.sum(0)))
    assert told(with_burst(counts, quiet, first=119, more=unusual.LEAST_PEOPLE - 1), 119) == []
    assert told(with_burst(counts, quiet, first=119, more=unusual.LEAST_PEOPLE + 1), 119) != []


def test_it_is_over_when_it_is_usual_again() -> None:
    counts = a_city(260, seed=5)
    cell = int(np.argmin(abs(counts.people[:230].mean(0) - 0.2)))
    burst = with_burst(counts, cell, first=232, more=8, days=3)

    def lasts(day: int) -> bool:
        rises = unusual.find(until(burst, day), CALENDAR, lasting=[counts.cells[cell]])
        return counts.cells[cell] in [(rise.unit, rise.domain) for rise in rises]

    assert lasts(234)
    assert lasts(237)
    assert not lasts(250)


def test_a_young_city_has_nothing_unusual() -> None:
    counts = a_city(unusual.LEAST_DAYS + 6, seed=6)
    assert told(with_burst(counts, 0, first=30, more=50, days=1), 30) == []
    nothing = Counts(last_day=FIRST, cells=counts.cells, people=np.zeros((90, len(counts.cells))))
    assert unusual.find(nothing, CALENDAR) == []
    assert unusual.find(Counts(last_day=FIRST, cells=[], people=np.zeros((90, 0))), CALENDAR) == []


def test_counts_are_arranged_by_todays_units() -> None:
    """A former ward counts for who took over; what has no unit, or no known domain, counts nowhere."""
    today = FIRST + timedelta(days=2)
    rows = {
        FIRST: {"100": {"waste": 2}, "200": {"waste": 1, "conduct": 5}},
        today: {"200": {"waste": 4}, "999": {"waste": 7}},
        today + timedelta(days=1): {"100": {"waste": 9}},
    }
    counts = unusual.counts_of(rows, units={"100": "a", "200": "a"}, domains=["waste"], today=today)
    assert counts.cells == [("a", "waste")]
    assert counts.people[:, 0].tolist() == [3, 0, 4]
    assert counts.day(0) == FIRST


@pytest.mark.parametrize(("people", "expected", "size"), [(0, 2.0, 3.0), (5, 2.0, 3.0), (12, 1.5, 1.0)])
def test_the_tail_is_that_of_a_negative_binomial(people: int, expected: float, size: float) -> None:
    """By hand: the chance of n failures before the size-th success, for whole sizes."""
    share = size / (size + expected)
    below = sum(
        comb(number + int(size) - 1, number) * share**size * (1 - share) ** number for number in range(people)
    )
    assert unusual.tail(people, expected, size) == pytest.approx(1 - below, abs=1e-12)


def test_the_tail_of_a_sure_rate_is_that_of_poisson() -> None:
    assert unusual.tail(3, 1.0, 1e9) == pytest.approx(1 - 2.5 * np.exp(-1), abs=1e-6)
