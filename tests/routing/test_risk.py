"""The chance of missing a deadline: it grows with time, load and slowness; little known is said so."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing import foretelling, risk
from routing.deadline import LOCAL_TIME, WorkingCalendar
from routing.foretelling import Foretold, Step
from routing.risk import Colour, Handling, Pace, Tally

MONDAY = datetime(2026, 6, 1, 7, 30, tzinfo=LOCAL_TIME)
CALENDAR = WorkingCalendar()
QUICK, SLOW, UNKNOWN = "phuong-nhanh", "phuong-cham", "phuong-moi"
YEAR = timedelta(days=365)


def after(hours: float, start: datetime = MONDAY) -> datetime:
    """Return when so many working hours have passed."""
    return CALENDAR.add_working_hours(start, hours)


def a_case(hours: float | None, *, unit: str = QUICK, domain: str = "waste", at: float = 0) -> Handling:
    """Return a case with 40 working hours to answer, answered after so many or (None) still open."""
    began = after(at)
    return Handling(
        unit=unit,
        domain=domain,
        began_at=began,
        given_at=began,
        due_at=after(40, began),
        accepted_at=None if hours is None else after(min(hours, 2), began),
        ended_at=None if hours is None else after(hours, began),
    )


def some_cases(number: int, mean: float, *, unit: str, seed: int = 1) -> list[Handling]:
    """Return cases answered after so many working hours on average, a new one every third hour."""
    random = Random(f"{seed} {unit}")
    return [a_case(random.expovariate(1 / mean), unit=unit, at=3 * each) for each in range(number)]


def learnt(cases: Sequence[Handling], now: datetime | None = None) -> Pace:
    """Return what is learnt from cases."""
    now = now or max((each.ended_at or each.began_at for each in cases), default=MONDAY)
    by_unit: dict[str, list[Handling]] = {}
    for each in cases:
        by_unit.setdefault(each.unit, []).append(each)
    tallies = {unit: risk.tally(CALENDAR, found, since=MONDAY, now=now) for unit, found in by_unit.items()}
    return risk.learn(tallies)


@pytest.fixture(scope="module")
def pace() -> Pace:
    """A quick and a slow unit with a hundred cases each."""
    return learnt([*some_cases(100, 10, unit=QUICK), *some_cases(100, 45, unit=SLOW)])


@given(first=st.floats(0, 0.999), second=st.floats(0, 0.999))
def test_the_chance_grows_as_time_goes_by(pace: Pace, first: float, second: float) -> None:
    """Within the time in which nothing changes but the time: as long as it was taken up."""
    earlier, later = sorted((first, second))
    if int(earlier * risk.ZONES) == int(later * risk.ZONES):
        assert pace.chance(QUICK, "waste", earlier) <= pace.chance(QUICK, "waste", later)


@pytest.fixture(scope="module")
def busy() -> Pace:
    """A unit that took longer the more it had, beside a usual one."""
    return learnt([*some_cases(60, 10, unit=QUICK), *_worse_when_busy()])


@given(gone=st.floats(0, 1.5), fewer=st.integers(0, 200), more=st.integers(0, 200))
def test_more_open_cases_never_make_it_better(busy: Pace, gone: float, fewer: int, more: int) -> None:
    fewer, more = sorted((fewer, more))
    lower = busy.chance(QUICK, "waste", gone, there=fewer)
    assert 0 <= lower <= busy.chance(QUICK, "waste", gone, there=more) <= 1


def _worse_when_busy() -> list[Handling]:
    """Return the cases of a unit that takes as long as it has cases: now few come, now many at once."""
    found = []
    for week in range(60):
        number = 1 if week % 2 else 12
        for place in range(number):
            found.append(a_case(3.0 + 4.0 * place, unit=SLOW, at=80 * week + place / 100))
    return found


def test_load_slows_where_it_did() -> None:
    busy = learnt(_worse_when_busy())
    assert busy.slowing > 0
    assert busy.chance(SLOW, "waste", 0.5, there=40) > busy.chance(SLOW, "waste", 0.5, there=1)


def test_a_slow_unit_is_likelier_to_be_late_than_a_quick_one(pace: Pace) -> None:
    at_first = {unit: pace.chance(unit, "waste", 0.0) for unit in (QUICK, SLOW, UNKNOWN)}
    assert at_first[QUICK] < 0.1 < 0.25 < at_first[SLOW] < 0.6
    assert at_first[QUICK] < at_first[UNKNOWN] < at_first[SLOW], "nothing known: as in the city"


def test_the_chance_is_that_with_which_it_comes(pace: Pace) -> None:
    """Of a unit that takes 45 hours on average about exp(-40/45) are late, and half way exp(-20/45)."""
    assert pace.chance(SLOW, "waste", 0.0) == pytest.approx(0.41, abs=0.1)
    assert pace.chance(SLOW, "waste", 0.5) == pytest.approx(0.64, abs=0.12)


def test_the_deadline_itself_decides(pace: Pace) -> None:
    late, waits = a_case(None), a_case(None)
    assert pace.chance(QUICK, "waste", risk.gone(CALENDAR, late, after(40.01))) == 1.0
    assert risk.gone(CALENDAR, waits, after(40)) == 1.0
    assert risk.gone(CALENDAR, waits, after(20)) == 0.5


def test_the_clock_stands_still_while_the_citizen_is_asked() -> None:
    began = a_case(None)
    waits = Handling(
        unit=QUICK,
        domain="waste",
        began_at=began.began_at,
        given_at=began.began_at,
        due_at=after(48),
        paused_at=after(28),
        paused_hours=8,
    )
    assert risk.gone(CALENDAR, waits, after(500)) == pytest.approx(0.5)


def test_what_stays_open_counts_as_slow() -> None:
    """Forty cases that nobody answers say as much as forty answers."""
    answered = some_cases(60, 10, unit=QUICK)
    left = [a_case(None, at=180 + each) for each in range(40)]
    now = after(219.0)
    assert learnt([*answered, *left], now).chance(QUICK, "waste", 0.0) > 1.5 * learnt(answered).chance(
        QUICK, "waste", 0.0
    )


def test_what_a_former_unit_did_with_the_time_is_not_held_against_the_next() -> None:
    """A case that came with most of its time gone says nothing of how quick its unit is at first."""
    handed = [
        Handling(
            unit=QUICK,
            domain="waste",
            began_at=after(3 * each),
            given_at=after(3 * each + 30),
            due_at=after(3 * each + 40),
            ended_at=after(3 * each + 35),
        )
        for each in range(30)
    ]
    tally = risk.tally(CALENDAR, handed, since=MONDAY, now=after(500))
    spent = tally.domains["waste"][0]
    assert spent[: int(0.75 * risk.BINS)].sum() == pytest.approx(0)
    assert spent.sum() == pytest.approx(30 * 5 / 40)


def test_a_unit_of_which_little_is_known_is_grey(pace: Pace) -> None:
    assert pace.colour(QUICK, 0.1) == Colour.GREEN
    assert pace.colour(QUICK, 0.3) == Colour.ORANGE
    assert pace.colour(QUICK, 0.9) == Colour.RED
    assert pace.colour(UNKNOWN, 0.9) == Colour.GREY
    few = learnt([*some_cases(120, 10, unit=QUICK), *some_cases(risk.LEAST_OF_UNIT - 1, 10, unit=UNKNOWN)])
    assert few.colour(UNKNOWN, 0.9) == Colour.GREY
    enough = learnt([*some_cases(120, 10, unit=QUICK), *some_cases(risk.LEAST_OF_UNIT, 10, unit=UNKNOWN)])
    assert enough.colour(UNKNOWN, 0.9) == Colour.RED


def test_in_a_young_city_everything_is_grey() -> None:
    assert learnt([]).colour(QUICK, 0.9) == Colour.GREY
    assert learnt(some_cases(risk.LEAST_OF_CITY - 1, 10, unit=QUICK)).colour(QUICK, 0.9) == Colour.GREY
    assert learnt(some_cases(risk.LEAST_OF_CITY, 10, unit=QUICK)).colour(QUICK, 0.9) == Colour.RED


def test_what_is_kept_as_data_says_the_same(pace: Pace) -> None:
    kept = Pace.from_dict(pace.as_dict())
    for unit in (QUICK, SLOW, UNKNOWN):
        for gone in (0.0, 0.33, 0.8):
            said = pace.chance(unit, "waste", gone, accepted=False, there=9)
            assert kept.chance(unit, "waste", gone, accepted=False, there=9) == pytest.approx(said, abs=1e-3)
    tally = risk.tally(CALENDAR, some_cases(20, 10, unit=QUICK), since=MONDAY, now=after(100))
    again = Tally.from_dict(tally.as_dict())
    assert again.domains["waste"] == pytest.approx(tally.domains["waste"], abs=1e-3)
    assert again.known == tally.known


def test_nothing_at_all_can_be_counted() -> None:
    tally = risk.tally(CALENDAR, [], since=MONDAY, now=after(1))
    assert (tally.known, tally.usual, tally.domains) == (0, 0.0, {})
    assert risk.learn({QUICK: tally}) == risk.NOTHING_KNOWN


# ── looking back ─────────────────────────────────────────────────────────────────────────────────


def steps_of(hours: float | None, *, unit: str, at: float, allowed: float = 40) -> list[Step]:
    """Return the events of a case that was answered after so many working hours, or never."""
    began = after(at)
    due = after(allowed, began)

    def step(type: str, when: datetime, status: str, answer_due: datetime | None = None) -> Step:
        return Step(
            at=when,
            type=type,
            status=status,
            unit=unit,
            domain="waste",
            due_at=due,
            answer_due_at=answer_due,
        )

    steps = [step("received", began, "received"), step("assigned", began, "assigned")]
    steps.append(step("accepted", after(1, began), "in_progress"))
    if hours is not None:
        steps.append(step("answered", after(max(hours, 1), began), "answered", due))
    return steps


def test_what_is_foretold_knows_nothing_of_what_comes() -> None:
    """The same past foretells the same, whatever became of the cases afterwards."""
    past = [steps_of(each % 50, unit=QUICK, at=3 * each) for each in range(100)]
    asked = after(400).date()

    def foretold(hours: float) -> list[Foretold]:
        last = steps_of(hours, unit=QUICK, at=390)
        every = [each for steps in [*past, last] for each in foretelling.rounds(steps[0].at, steps)]
        return list(foretelling.foretell(CALENDAR, every, first=asked, last=asked + timedelta(days=30)))

    soon, late = foretold(12.0), foretold(300.0)
    assert [each.chance for each in soon] == [each.chance for each in late[: len(soon)]]
    assert (soon[-1].missed, late[-1].missed) == (False, True)


def test_a_reopened_case_is_judged_anew() -> None:
    first, second = steps_of(5, unit=QUICK, at=0), steps_of(None, unit=QUICK, at=100)
    again = [first[0], *first[1:], *(_renamed(second[0], "reopened"), *second[1:])]
    found = foretelling.rounds(first[0].at, again)
    assert [each.began_at for each in found] == [after(0), after(100)]
    assert [each.missed(after(200)) for each in found] == [False, True]


def _renamed(step: Step, type: str) -> Step:
    return Step(
        at=step.at,
        type=type,
        status=step.status,
        unit=step.unit,
        domain=step.domain,
        due_at=step.due_at,
        answer_due_at=None,
    )


def test_who_tells_the_units_apart_scores_better_than_who_does_not() -> None:
    """One unit is always late and one never: better than the base rate and than going by the time gone."""
    steps = [
        steps_of(55 if each % 2 else 20, unit=SLOW if each % 2 else QUICK, at=4 * each) for each in range(240)
    ]
    every = [each for case in steps for each in foretelling.rounds(case[0].at, case)]
    first, last = after(400).date(), after(900).date()
    score = foretelling.score(list(foretelling.foretell(CALENDAR, every, first=first, last=last)))
    assert score is not None
    assert score.model < 0.6 * min(score.base_rate, score.best_constant, score.rule, score.best_rule)
    assert sum(tenth.predictions for tenth in score.tenths) == score.predictions


def test_without_predictions_there_is_no_score() -> None:
    assert foretelling.score([]) is None
