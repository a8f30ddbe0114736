"""Working time and deadlines, by facts of the calendar and by properties that must always hold."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.deadline import (
    HOLIDAYS_FILE,
    LOCAL_TIME,
    DeadlineRule,
    Deadlines,
    Standing,
    WorkingCalendar,
    after_quiet_hours,
    deadlines,
    escalations,
    in_quiet_hours,
    listed_holidays,
    pause_extended,
    standing,
    warning_before,
)

USUAL = WorkingCalendar(
    holidays=frozenset({date(2026, 1, 2)}), make_up_days=frozenset({date(2026, 1, 10), date(2026, 8, 22)})
)
ODD = WorkingCalendar(
    sessions=((time(6, 45), time(9, 20)), (time(10, 0), time(10, 30)), (time(22, 0), time(23, 59))),
    weekdays=frozenset({1, 3, 6}),
    national_holidays=None,
    make_up_days=frozenset({date(2026, 2, 3), date(2026, 2, 5)}),
)
ROADS = DeadlineRule(accept_hours=8, answer_hours=168, warn_hours=24, escalate_hours=(24, 48))
SECURITY = DeadlineRule(accept_hours=2, answer_hours=16, warn_hours=4, escalate_hours=(8, 16))

calendars = st.sampled_from([USUAL, ODD])
twenty_years = st.timedeltas(timedelta(0), timedelta(days=7305))
moments = twenty_years.map(lambda passed: datetime(2010, 1, 1, tzinfo=UTC) + passed)
whole_minutes = moments.map(lambda at: at.replace(second=0, microsecond=0))
hours = st.floats(0, 400, allow_nan=False)


def local(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=LOCAL_TIME)


# --- the calendar, by facts ---


def test_the_shipped_holidays_are_those_of_the_library() -> None:
    shipped = json.loads(HOLIDAYS_FILE.read_text(encoding="utf-8"))
    assert shipped == {"VN": listed_holidays("VN")}, "run: python scripts/list_holidays.py"


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2025, 1, 27), False),  # Tết 2025
        (date(2025, 4, 26), True),  # worked for Friday 2/5/2025
        (date(2025, 5, 2), False),
        (date(2025, 9, 1), False),
        (date(2026, 1, 2), False),  # swapped with
        (date(2026, 1, 10), True),  # this Saturday
        (date(2026, 1, 17), False),
        (date(2026, 2, 16), False),  # Tết 2026
        (date(2026, 4, 27), False),  # Hùng Kings' day fell on Sunday
        (date(2026, 8, 22), True),  # worked for
        (date(2026, 8, 31), False),  # this Monday
        (date(2026, 9, 2), False),
        (date(2026, 9, 3), True),
        (date(2026, 11, 24), False),  # Vietnam Cultural Day, from 2026
        (date(2025, 11, 24), True),
        (date(2027, 5, 3), False),  # for Saturday 1/5/2027
        (date(2027, 11, 24), False),
    ],
)
def test_days_off_and_days_worked(day: date, works: bool) -> None:
    assert USUAL.is_working_day(day) is works


def test_a_make_up_day_announced_by_the_library_alone_is_worked() -> None:
    assert WorkingCalendar().is_working_day(date(2026, 8, 22))


def test_a_day_is_two_sessions_and_a_night_does_not_count() -> None:
    thursday_afternoon = local(2026, 11, 19, 16, 0)
    assert USUAL.add_working_hours(thursday_afternoon, 1) == local(2026, 11, 19, 17, 0)
    assert USUAL.add_working_hours(thursday_afternoon, 1.5) == local(2026, 11, 20, 8, 0)
    assert USUAL.add_working_hours(thursday_afternoon, 6) == local(2026, 11, 20, 14, 0)


def test_hours_that_start_on_a_weekend_start_on_monday() -> None:
    assert USUAL.add_working_hours(local(2026, 11, 21, 10, 0), 8) == local(2026, 11, 23, 17, 0)


def test_a_worked_saturday_counts_and_a_holiday_does_not() -> None:
    assert USUAL.add_working_hours(local(2026, 1, 9, 15, 0), 4) == local(2026, 1, 10, 9, 30)
    assert USUAL.add_working_hours(local(2026, 11, 23, 15, 0), 4) == local(2026, 11, 25, 9, 30)


def test_tet_is_skipped_as_a_whole() -> None:
    assert USUAL.working_hours_between(local(2026, 2, 13, 17), local(2026, 2, 23, 7, 30)) == 0


def test_what_comes_back_is_utc() -> None:
    assert USUAL.add_working_hours(local(2026, 11, 19, 16, 0), 1).tzinfo is UTC
    assert USUAL.next_working_moment(local(2026, 11, 19, 16, 0)).tzinfo is UTC


def test_the_latest_moment_with_hours_left_is_in_the_morning_not_the_evening_before() -> None:
    assert USUAL.subtract_working_hours(local(2026, 11, 20, 17), 8) == local(2026, 11, 20, 7, 30)


def test_a_legal_period_counts_calendar_days_and_ends_with_a_working_day() -> None:
    assert USUAL.add_calendar_days(local(2026, 11, 2, 9), 30) == local(2026, 12, 3)
    # The thirtieth day is Saturday 21/11: Monday 23/11 is the last.
    assert USUAL.add_calendar_days(local(2026, 10, 22, 9), 30) == local(2026, 11, 24)


def test_a_naive_moment_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        USUAL.add_working_hours(datetime(2026, 1, 1), 1)  # noqa: DTZ001


def test_negative_hours_and_years_beyond_the_calendar_are_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        USUAL.add_working_hours(local(2026, 1, 1), -1)
    with pytest.raises(ValueError, match="2100"):
        USUAL.add_working_hours(local(2100, 12, 30), 1000)
    with pytest.raises(ValueError, match="2000"):
        USUAL.subtract_working_hours(local(2000, 1, 5), 1000)


@pytest.mark.parametrize(
    "sessions",
    [(), ((time(11), time(7)),), ((time(7), time(12)), (time(11), time(17)))],
)
def test_impossible_sessions_are_refused(sessions: tuple[tuple[time, time], ...]) -> None:
    with pytest.raises(ValueError, match="session"):
        WorkingCalendar(sessions=sessions)


# --- the calendar, by properties ---


@given(calendars, moments, moments, hours)
def test_a_later_start_never_ends_earlier(
    calendar: WorkingCalendar, one: datetime, other: datetime, amount: float
) -> None:
    first, second = sorted((one, other))
    assert calendar.add_working_hours(first, amount) <= calendar.add_working_hours(second, amount)


@given(calendars, moments, hours, hours)
def test_more_hours_never_end_earlier(
    calendar: WorkingCalendar, start: datetime, one: float, other: float
) -> None:
    fewer, more = sorted((one, other))
    assert calendar.add_working_hours(start, fewer) <= calendar.add_working_hours(start, more)


@given(calendars, moments, st.integers(0, 20_000), st.integers(0, 20_000))
def test_two_amounts_one_after_the_other_are_their_sum(
    calendar: WorkingCalendar, start: datetime, one: int, other: int
) -> None:
    # 64 minutes are an exact binary fraction of an hour times 60: no rounding hides a mistake.
    first, second = one / 64, other / 64
    step_by_step = calendar.add_working_hours(calendar.add_working_hours(start, first), second)
    assert step_by_step == calendar.add_working_hours(start, first + second)


@given(calendars, moments, hours)
def test_it_never_ends_outside_working_time(
    calendar: WorkingCalendar, start: datetime, amount: float
) -> None:
    assert calendar.is_working_time(calendar.add_working_hours(start, amount))
    assert calendar.is_working_time(calendar.next_working_moment(start))


@given(calendars, moments, hours)
def test_hours_added_are_hours_between(calendar: WorkingCalendar, start: datetime, amount: float) -> None:
    end = calendar.add_working_hours(start, amount)
    assert calendar.working_hours_between(start, end) == pytest.approx(amount, abs=1e-8)
    assert calendar.working_hours_between(end, start) == pytest.approx(-amount, abs=1e-8)


@given(calendars, moments, st.integers(1, 20_000))
def test_subtracting_undoes_adding(calendar: WorkingCalendar, start: datetime, amount: int) -> None:
    end = calendar.add_working_hours(start, amount / 64)
    back = calendar.subtract_working_hours(end, amount / 64)
    assert calendar.working_hours_between(back, end) == amount / 64
    assert back >= start
    assert calendar.is_working_time(back)


def counted_minute_by_minute(calendar: WorkingCalendar, start: datetime, minutes: int) -> datetime:
    """Walk the clock a minute at a time: obviously right, and slow."""
    now = start.astimezone(LOCAL_TIME)
    while minutes:
        if calendar.is_working_day(now.date()) and any(
            begin <= now.time() < end for begin, end in calendar.sessions
        ):
            minutes -= 1
        now += timedelta(minutes=1)
    return now


@settings(max_examples=25, deadline=None)
@given(calendars, whole_minutes, st.integers(1, 1200))
def test_it_agrees_with_a_slow_count_over_twenty_years(
    calendar: WorkingCalendar, start: datetime, minutes: int
) -> None:
    slow = counted_minute_by_minute(calendar, start, minutes)
    assert calendar.add_working_hours(start, minutes / 60) == slow
    assert calendar.working_hours_between(start, slow) == pytest.approx(minutes / 60)


# --- deadlines ---


@dataclass(frozen=True)
class Town:
    calendar: WorkingCalendar


def test_the_example_of_the_documentation() -> None:
    """The one of docs/deadlines.md, line by line."""
    rule = DeadlineRule(accept_hours=4, answer_hours=24, warn_hours=8, escalate_hours=(16, 32))
    received_at = local(2026, 11, 20, 16, 15)
    found = deadlines(USUAL, rule, received_at=received_at)
    assert found == Deadlines(
        accept_due_at=local(2026, 11, 23, 10, 45),
        warn_at=local(2026, 11, 25, 16, 15),
        due_at=local(2026, 11, 26, 16, 15),
    )
    moved = pause_extended(
        USUAL,
        due_at=found.due_at,
        paused_at=local(2026, 11, 23, 14),
        resumed_at=local(2026, 11, 25, 8, 30),
    )
    assert moved == local(2026, 11, 27, 10, 45)
    assert escalations(USUAL, rule, due_at=moved) == (local(2026, 12, 1, 10, 45), local(2026, 12, 3, 10, 45))


def test_urgent_shortens_accepting_only() -> None:
    received_at = local(2026, 11, 19, 7, 30)
    calm = deadlines(USUAL, ROADS, received_at=received_at, urgent=False)
    urgent = deadlines(USUAL, ROADS, received_at=received_at, urgent=True)
    assert urgent.accept_due_at == local(2026, 11, 19, 11, 30)
    assert (urgent.due_at, urgent.warn_at) == (calm.due_at, calm.warn_at)


def test_urgent_never_lengthens() -> None:
    received_at = local(2026, 11, 19, 7, 30)
    assert deadlines(USUAL, SECURITY, received_at=received_at, urgent=True).accept_due_at == local(
        2026, 11, 19, 9, 30
    )


def test_a_city_is_as_good_as_its_calendar() -> None:
    received_at = local(2026, 11, 19, 7, 30)
    of_calendar = deadlines(USUAL, ROADS, received_at=received_at)
    assert deadlines(Town(calendar=USUAL), ROADS, received_at=received_at) == of_calendar


@given(moments)
def test_a_case_is_warned_of_before_it_is_due_and_after_it_came(received_at: datetime) -> None:
    found = deadlines(USUAL, ROADS, received_at=received_at)
    assert received_at < found.warn_at < found.due_at
    assert warning_before(USUAL, ROADS, due_at=found.due_at) == found.warn_at


@pytest.mark.parametrize(
    ("hours", "complaint"),
    [
        ({"accept_hours": 0}, "positive"),
        ({"accept_hours": float("nan")}, "positive"),
        ({"accept_hours": 200}, "accept_hours"),
        ({"warn_hours": 168}, "warn_hours"),
        ({"escalate_hours": (48, 24)}, "chairman"),
    ],
)
def test_a_contradictory_rule_is_refused(hours: dict[str, float], complaint: str) -> None:
    usual = {"accept_hours": 8, "answer_hours": 168, "warn_hours": 24, "escalate_hours": (24, 48)}
    with pytest.raises(ValueError, match=complaint):
        DeadlineRule(**(usual | hours))  # type: ignore[arg-type]


# --- pause ---


@given(moments, st.integers(1, 500), st.integers(0, 500))
def test_a_pause_leaves_as_many_hours_as_before(start: datetime, until_due: int, paused_for: int) -> None:
    due_at = USUAL.add_working_hours(start, until_due)
    resumed_at = start + timedelta(hours=paused_for)
    moved = pause_extended(USUAL, due_at=due_at, paused_at=start, resumed_at=resumed_at)
    assert moved >= due_at
    assert USUAL.working_hours_between(resumed_at, moved) == pytest.approx(until_due)


def test_a_question_asked_when_it_is_late_does_not_make_it_less_late() -> None:
    due_at = local(2026, 11, 19, 16)
    paused_at, resumed_at = local(2026, 11, 20, 9), local(2026, 11, 25, 9)
    assert pause_extended(USUAL, due_at=due_at, paused_at=paused_at, resumed_at=resumed_at) == due_at


# --- standing ---

DUE, WARN = local(2026, 11, 20, 16), local(2026, 11, 19, 16)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (WARN - timedelta(seconds=1), Standing.ON_TRACK),
        (WARN, Standing.AT_RISK),
        (DUE, Standing.AT_RISK),
        (DUE + timedelta(seconds=1), Standing.OVERDUE),
    ],
)
@pytest.mark.parametrize("status", ["assigned", "in_progress", "triage", "reopened"])
def test_open_cases(now: datetime, expected: Standing, status: str) -> None:
    assert standing(now, status=status, due_at=DUE, warn_at=WARN) == expected


def test_a_case_does_not_become_overdue_while_the_citizen_is_asked() -> None:
    now = DUE + timedelta(days=3)
    asked_in_time = standing(
        now, status="waiting_for_citizen", due_at=DUE, warn_at=WARN, paused_at=WARN - timedelta(hours=1)
    )
    asked_late = standing(
        now, status="waiting_for_citizen", due_at=DUE, warn_at=WARN, paused_at=DUE + timedelta(hours=1)
    )
    assert (asked_in_time, asked_late) == (Standing.ON_TRACK, Standing.OVERDUE)


@pytest.mark.parametrize(
    ("answered_at", "extended_from", "expected"),
    [
        (DUE, None, "on_time"),
        (DUE + timedelta(seconds=1), None, "late"),
        (DUE - timedelta(days=2), DUE - timedelta(days=1), "on_time"),
        (DUE, DUE - timedelta(days=1), "late_with_extension"),
        (DUE + timedelta(days=1), DUE - timedelta(days=1), "late"),
    ],
)
@pytest.mark.parametrize("status", ["answered", "closed", "rejected"])
def test_finished_cases_are_three_numbers(
    answered_at: datetime, extended_from: datetime | None, expected: str, status: str
) -> None:
    much_later = DUE + timedelta(days=300)
    found = standing(
        much_later,
        status=status,
        due_at=DUE,
        warn_at=WARN,
        answered_at=answered_at,
        due_before_extension_at=extended_from,
    )
    assert found == expected


def test_a_reopened_case_is_open_whatever_its_first_answer_was() -> None:
    now = DUE + timedelta(hours=1)
    assert standing(now, status="reopened", due_at=DUE, warn_at=WARN, answered_at=WARN) == "overdue"


def test_a_finished_case_must_say_when() -> None:
    with pytest.raises(ValueError, match="closed"):
        standing(DUE, status="closed", due_at=DUE, warn_at=WARN)


# --- day by day ---


def test_a_stretch_is_told_day_by_day_with_holidays_but_without_weekends() -> None:
    start, end = local(2026, 11, 20, 15, 0), local(2026, 11, 25, 9, 0)
    assert USUAL.worked_days(start, end) == [
        (date(2026, 11, 20), 2),
        (date(2026, 11, 23), 8),
        (date(2026, 11, 24), 0),
        (date(2026, 11, 25), 1.5),
    ]


@given(calendars, moments, st.timedeltas(timedelta(0), timedelta(days=60)))
def test_the_days_add_up(calendar: WorkingCalendar, start: datetime, length: timedelta) -> None:
    days = calendar.worked_days(start, start + length)
    assert sum(hours for _, hours in days) == pytest.approx(
        calendar.working_hours_between(start, start + length)
    )


# --- quiet hours ---


@pytest.mark.parametrize(
    ("at", "quiet"),
    [
        (local(2026, 11, 19, 20, 59), False),
        (local(2026, 11, 19, 21, 0), True),
        (local(2026, 11, 20, 0, 0), True),
        (local(2026, 11, 20, 6, 59), True),
        (local(2026, 11, 20, 7, 0), False),
    ],
)
def test_quiet_hours(at: datetime, quiet: bool) -> None:
    assert in_quiet_hours(at.astimezone(UTC)) is quiet


@given(moments)
def test_after_quiet_hours_is_the_first_moment_that_is_not_quiet(at: datetime) -> None:
    later = after_quiet_hours(at)
    assert not in_quiet_hours(later)
    if in_quiet_hours(at):
        assert in_quiet_hours(later - timedelta(seconds=1))
        assert timedelta(0) < later - at <= timedelta(hours=10)
    else:
        assert later == at
