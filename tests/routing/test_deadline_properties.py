"""Working time against a slow walk, minute by minute over twenty years, for odd calendars too."""

from bisect import bisect_left
from datetime import date, datetime, time, timedelta
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.deadline import (
    LOCAL_TIME,
    DeadlineRule,
    WorkingCalendar,
    deadlines,
    extended,
    held_to,
    moved,
    pause_extended,
)

CALENDARS = {
    "usual": WorkingCalendar(
        holidays=frozenset({date(2026, 1, 2)}), make_up_days=frozenset({date(2026, 1, 10)})
    ),
    "Saturdays too": WorkingCalendar(weekdays=frozenset({1, 2, 3, 4, 5, 6})),
    "odd sessions": WorkingCalendar(
        sessions=((time(6, 45), time(9, 20)), (time(10, 0), time(10, 30)), (time(22, 0), time(23, 59))),
        weekdays=frozenset({1, 3, 6}),
        national_holidays=None,
    ),
    "made up for": WorkingCalendar(
        holidays=frozenset(date(2026, month, 5) for month in range(1, 13)),
        make_up_days=frozenset(date(2026, month, 15) for month in range(1, 13)),
        national_holidays=None,
    ),
}
FIRST, DAYS = date(2015, 1, 1), 7305
MIDNIGHT = datetime.combine(FIRST, time(), LOCAL_TIME)
MINUTES_A_DAY = 24 * 60

names = st.sampled_from(sorted(CALENDARS))
minutes = st.integers(0, (DAYS - 1000) * MINUTES_A_DAY)
amounts = st.integers(1, 60 * 400)


@cache
def worked_minutes(name: str) -> list[int]:
    """Walk twenty years a minute at a time; return the number of each minute in which somebody works."""
    calendar = CALENDARS[name]
    clocks = [time(*divmod(minute, 60)) for minute in range(MINUTES_A_DAY)]
    in_session = [any(start <= clock < end for start, end in calendar.sessions) for clock in clocks]
    worked = []
    for number in range(DAYS):
        if calendar.is_working_day(FIRST + timedelta(days=number)):
            midnight = number * MINUTES_A_DAY
            worked += [midnight + minute for minute in range(MINUTES_A_DAY) if in_session[minute]]
    return worked


def moment(minute: int) -> datetime:
    """Return the beginning of a minute of the twenty years."""
    return MIDNIGHT + timedelta(minutes=minute)


def slowly_added(name: str, start: int, amount: int) -> datetime:
    """Return the end of the last of so many worked minutes from a minute on."""
    worked = worked_minutes(name)
    return moment(worked[bisect_left(worked, start) + amount - 1] + 1)


def slowly_between(name: str, start: int, end: int) -> int:
    """Count the worked minutes from one minute to another."""
    worked = worked_minutes(name)
    return bisect_left(worked, end) - bisect_left(worked, start)


@settings(max_examples=400, deadline=None)
@given(names, minutes, amounts)
def test_adding_agrees_with_walking_minute_by_minute(name: str, start: int, amount: int) -> None:
    found = CALENDARS[name].add_working_hours(moment(start), amount / 60)
    assert found == slowly_added(name, start, amount)


@settings(max_examples=400, deadline=None)
@given(names, minutes, minutes)
def test_counting_agrees_with_walking_minute_by_minute(name: str, one: int, other: int) -> None:
    start, end = sorted((one, other))
    found = CALENDARS[name].working_hours_between(moment(start), moment(end))
    assert round(found * 60, 6) == slowly_between(name, start, end)


@settings(max_examples=200, deadline=None)
@given(names, minutes, amounts)
def test_taking_away_is_the_way_back(name: str, start: int, amount: int) -> None:
    calendar = CALENDARS[name]
    end = calendar.add_working_hours(moment(start), amount / 60)
    back = calendar.subtract_working_hours(end, amount / 60)
    assert calendar.is_working_time(back)
    assert slowly_between(name, start, round((back - MIDNIGHT) / timedelta(minutes=1))) == 0
    assert calendar.add_working_hours(back, amount / 60) == end


@given(names, minutes, minutes, amounts)
def test_a_later_start_never_ends_earlier(name: str, one: int, other: int, amount: int) -> None:
    calendar, (first, second) = CALENDARS[name], sorted((one, other))
    hours = amount / 60
    assert calendar.add_working_hours(moment(first), hours) <= calendar.add_working_hours(
        moment(second), hours
    )


@given(names, minutes, amounts, amounts)
def test_more_hours_end_later_and_two_amounts_are_their_sum(
    name: str, start: int, one: int, other: int
) -> None:
    calendar = CALENDARS[name]
    first = calendar.add_working_hours(moment(start), one / 64)
    both = calendar.add_working_hours(moment(start), (one + other) / 64)
    assert first < both
    assert calendar.add_working_hours(first, other / 64) == both


@given(names, minutes, amounts)
def test_it_ends_in_working_time(name: str, start: int, amount: int) -> None:
    calendar = CALENDARS[name]
    assert calendar.is_working_time(calendar.add_working_hours(moment(start), amount / 60))


@given(names, minutes, amounts, st.integers(0, 60 * 24 * 30))
def test_a_pause_moves_the_deadline_by_what_was_worked_in_it(
    name: str, start: int, amount: int, length: int
) -> None:
    calendar = CALENDARS[name]
    due_at = calendar.add_working_hours(moment(start), amount / 60)
    resumed_at = moment(start + length)
    after = pause_extended(calendar, due_at=due_at, paused_at=moment(start), resumed_at=resumed_at)
    left = calendar.working_hours_between(resumed_at, after)
    assert left == pytest.approx(amount / 60)


RULES = st.builds(
    lambda accept, more, warn, leader, further: DeadlineRule(
        accept_hours=accept,
        answer_hours=accept + more,
        warn_hours=min(warn, accept + more - 0.5),
        escalate_hours=(leader, leader + further),
    ),
    st.integers(1, 16),
    st.integers(1, 160),
    st.integers(1, 24),
    st.integers(1, 48),
    st.integers(0, 48),
)


@given(names, RULES, minutes, st.integers(0, 200))
def test_whom_to_tell_when_keeps_its_distance_from_a_deadline_that_moves(
    name: str, rule: DeadlineRule, start: int, hours: int
) -> None:
    calendar = CALENDARS[name]
    due_at = deadlines(calendar, rule, received_at=moment(start)).due_at
    held = held_to(calendar, rule, due_at=due_at)
    after = moved(calendar, held, due_at=extended(calendar, due_at=due_at, hours=hours))
    assert after == held_to(calendar, rule, due_at=after.due_at)
    assert moved(calendar, held, due_at=due_at) is held
    assert after.warn_at < after.due_at < after.leader_at <= after.chairman_at


@given(names, minutes, st.integers(1, 90))
def test_a_legal_period_ends_with_a_working_day_and_no_sooner_than_its_days(
    name: str, start: int, days: int
) -> None:
    calendar = CALENDARS[name]
    rule = DeadlineRule(
        accept_hours=4,
        answer_hours=24,
        warn_hours=8,
        escalate_hours=(16, 32),
        legal_days=days,
        legal_article="Điều 28 Luật Khiếu nại",
    )
    due_at = deadlines(calendar, rule, received_at=moment(start)).due_at.astimezone(LOCAL_TIME)
    last = (due_at - timedelta(seconds=1)).date()
    received_on = moment(start).date()
    assert due_at.time() == time()
    assert calendar.is_working_day(last)
    assert (last - received_on).days >= days
    # Between the last day of the period and the day it really ends lie days off alone.
    after = (
        (received_on + timedelta(days=days + number)) for number in range((last - received_on).days - days)
    )
    assert not any(calendar.is_working_day(day) for day in after)
