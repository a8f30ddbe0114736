"""Working time and deadlines: date arithmetic that a city office could check by hand.

All moments are aware and come back in UTC; working time is counted in the city's local time. How much
working time has passed since the first day of the calendar is a number that only grows; adding hours means
looking for the moment at which that number is so much larger. Everything else follows from it.

`docs/deadlines.md` tells the rules with an example computed by hand.
"""

import json
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from enum import StrEnum
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from routing.workflow import FINISHED_STATUSES, Status

# Viet Nam has kept one offset since 1975, so the calendar does not need the system's time zone files.
LOCAL_TIME = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")

FIRST_YEAR, LAST_YEAR = 2000, 2100
HOLIDAYS_FILE = Path(__file__).parent / "data" / "national_holidays.json"
QUIET_FROM, QUIET_UNTIL = time(21, 0), time(7, 0)

_MICROSECOND = timedelta(microseconds=1)
_HOUR = timedelta(hours=1) // _MICROSECOND

Session = tuple[time, time]
USUAL_SESSIONS: tuple[Session, ...] = ((time(7, 30), time(11, 30)), (time(13, 0), time(17, 0)))
MONDAY_TO_FRIDAY = frozenset({1, 2, 3, 4, 5})


@cache
def _national_holidays(country: str) -> tuple[frozenset[date], frozenset[date]]:
    """Return the public holidays and the weekend days worked instead of a swapped one."""
    shipped = json.loads(HOLIDAYS_FILE.read_text(encoding="utf-8"))
    days = shipped.get(country) or listed_holidays(country)
    return _dates(days["off"]), _dates(days["worked"])


def _dates(written: Iterable[str]) -> frozenset[date]:
    return frozenset(map(date.fromisoformat, written))


def listed_holidays(country: str) -> dict[str, list[str]]:
    """Return a country's days "off" and weekend days "worked" by the library `holidays`, in order.

    Those of Viet Nam are shipped as a file (`scripts/list_holidays.py`): the library loads 300 countries.
    """
    import holidays

    found = holidays.country_holidays(country, years=range(FIRST_YEAR, LAST_YEAR + 1))
    return {
        "off": [day.isoformat() for day in sorted(found)],
        "worked": [day.isoformat() for day in sorted(found.weekend_workdays)],
    }


@dataclass(frozen=True, kw_only=True, slots=True)
class WorkingCalendar:
    """When a city's offices work.

    sessions: parts of a working day, local, in order. weekdays: ISO numbers, Monday is 1.
    holidays: days off besides the national ones. make_up_days: days worked although the weekday or a
    holiday says otherwise; they win. national_holidays: a country code of the library `holidays`, or None.
    Raises ValueError when the sessions are empty, reversed or overlap.
    """

    sessions: tuple[Session, ...] = USUAL_SESSIONS
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    holidays: frozenset[date] = frozenset()
    make_up_days: frozenset[date] = frozenset()
    national_holidays: str | None = "VN"
    _days: list[int] = field(init=False, repr=False, compare=False, default_factory=list)

    def __post_init__(self) -> None:
        moments = [moment for session in self.sessions for moment in session]
        if not moments:
            raise ValueError("there is no session: name the parts of a working day, such as 07:30 to 11:30")
        if any(later <= earlier for earlier, later in pairwise(moments)):
            raise ValueError("working sessions must be given in order and must not overlap")
        if not self.weekdays or not self.weekdays <= frozenset(range(1, 8)):
            raise ValueError("weekdays are numbers from 1 (Monday) to 7 (Sunday), at least one")

    @property
    def hours_of_day(self) -> float:
        """The working hours of a full day."""
        return _length(self.sessions) / _HOUR

    def is_working_day(self, day: date) -> bool:
        """Tell whether offices work on this local day."""
        national_off, national_make_up = self._national()
        if day in self.make_up_days:
            return True
        if day in self.holidays or day in national_off:
            return False
        return day.isoweekday() in self.weekdays or day in national_make_up

    def is_working_time(self, at: datetime) -> bool:
        """Tell whether this moment lies in a session; the first and the last moment belong to it."""
        local = _local(at)
        return self.is_working_day(local.date()) and any(
            start <= local.time() <= end for start, end in self.sessions
        )

    def add_working_hours(self, start: datetime, hours: float) -> datetime:
        """Return the earliest moment by which so many working hours have passed since start.

        No hours at all: start itself in working time, otherwise the next beginning of work.
        Raises ValueError for negative hours and outside the years of the calendar.
        """
        amount = _microseconds(hours)
        if amount == 0:
            return self.next_working_moment(start)
        return self._end_at(self._passed(start) + amount)

    def subtract_working_hours(self, end: datetime, hours: float) -> datetime:
        """Return the latest moment from which so many working hours are left until end."""
        amount = _microseconds(hours)
        return end.astimezone(UTC) if amount == 0 else self._begin_at(self._passed(end) - amount)

    def working_hours_between(self, start: datetime, end: datetime) -> float:
        """Return the working hours from start to end, negative when end comes first."""
        return (self._passed(end) - self._passed(start)) / _HOUR

    def worked_days(self, start: datetime, end: datetime) -> list[tuple[date, float]]:
        """Return the local days from start to end with their working hours, which add up.

        A day off that falls on a working weekday is there too, with no hours; a usual day off is not.
        """
        first, last = _local(start).toordinal(), _local(end).toordinal()
        days = [date.fromordinal(ordinal) for ordinal in range(first, last + 1)]
        worked = [(day, self._hours_of(day, start, end)) for day in days]
        return [
            (day, hours)
            for day, hours in worked
            if hours > 0 or (day.isoweekday() in self.weekdays and not self.is_working_day(day))
        ]

    def _hours_of(self, day: date, start: datetime, end: datetime) -> float:
        midnight = _utc(day, timedelta())
        return self.working_hours_between(max(start, midnight), min(end, midnight + timedelta(days=1)))

    def next_working_moment(self, at: datetime) -> datetime:
        """Return at itself when it lies in working time, otherwise the next beginning of work."""
        return at.astimezone(UTC) if self.is_working_time(at) else self._begin_at(self._passed(at))

    def add_calendar_days(self, start: datetime, days: int) -> datetime:
        """Return the end of a period of calendar days, as legal periods are counted.

        The day of the event is not counted; the period ends with its last day (24:00), or with the next
        working day when the last day is a day off (Civil Code 91/2015/QH13, articles 147 and 148).
        """
        last = _local(start).date() + timedelta(days=days)
        while not self.is_working_day(last):
            last += timedelta(days=1)
        return _utc(last + timedelta(days=1), timedelta())

    def _national(self) -> tuple[frozenset[date], frozenset[date]]:
        if self.national_holidays is None:
            return frozenset(), frozenset()
        return _national_holidays(self.national_holidays)

    def _working_days(self) -> list[int]:
        """Return the ordinals of all working days, worked out at first use and kept."""
        if not self._days:
            first, last = date(FIRST_YEAR, 1, 1).toordinal(), date(LAST_YEAR, 12, 31).toordinal()
            # A slice is replaced in one step, so two threads that come first together do no harm.
            self._days[:] = [
                ordinal
                for ordinal in range(first, last + 1)
                if self.is_working_day(date.fromordinal(ordinal))
            ]
        return self._days

    def _passed(self, at: datetime) -> int:
        """Return the working time from the first day of the calendar until at, in microseconds."""
        local, days = _local(at), self._working_days()
        ordinal = local.toordinal()
        index = bisect_left(days, ordinal)
        spans = _spans(self.sessions)
        passed = index * _length(self.sessions)
        if index < len(days) and days[index] == ordinal:
            clock = _since_midnight(local.time())
            passed += sum(max(0, min(clock, end) - start) for start, end in spans)
        return passed

    def _end_at(self, passed: int) -> datetime:
        """Return the earliest moment with so much work behind it: a session's end, not a beginning."""
        day, rest = divmod(passed - 1, _length(self.sessions))
        return self._moment(day, rest, end=True)

    def _begin_at(self, passed: int) -> datetime:
        """Return the latest moment with so much work behind it: a session's beginning, not an end."""
        day, rest = divmod(passed, _length(self.sessions))
        return self._moment(day, rest, end=False)

    def _moment(self, day: int, rest: int, *, end: bool) -> datetime:
        days = self._working_days()
        if not 0 <= day < len(days):
            raise ValueError(f"the working calendar covers {FIRST_YEAR} to {LAST_YEAR} only")
        for start, finish in _spans(self.sessions):
            if rest < finish - start:
                since_midnight = start + rest + int(end)
                return _utc(date.fromordinal(days[day]), since_midnight * _MICROSECOND)
            rest -= finish - start
        raise AssertionError("a working day is exactly as long as its sessions")


class HasCalendar(Protocol):
    """Anything that keeps a working calendar, such as a city."""

    @property
    def calendar(self) -> WorkingCalendar: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadlineRule:
    """The hours that a city allows for a domain, all of them working hours.

    accept_hours, answer_hours: from receipt. warn_hours: before the answer is due. escalate_hours: past
    due, to the unit's leader and to the chairman. legal_days: calendar days to answer in place of
    answer_hours, where a law sets the period; legal_article names it. Raises ValueError
    when they contradict one another.
    """

    accept_hours: float
    answer_hours: float
    warn_hours: float
    escalate_hours: tuple[float, float]
    urgent_accept_hours: float = 4
    legal_days: int | None = None
    legal_article: str = ""

    def __post_init__(self) -> None:
        if self.legal_days is not None and (self.legal_days < 1 or not self.legal_article):
            raise ValueError("legal_days must be 1 or more, with the legal_article that sets them")
        for name in ("accept_hours", "answer_hours", "warn_hours", "urgent_accept_hours"):
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be a positive number")
        if not all(0 < each < float("inf") for each in self.escalate_hours):
            raise ValueError("escalate_hours must be positive numbers")
        if self.accept_hours > self.answer_hours:
            raise ValueError("accept_hours must not exceed answer_hours")
        if self.warn_hours >= self.answer_hours:
            raise ValueError("warn_hours must be less than answer_hours")
        if self.escalate_hours[0] > self.escalate_hours[1]:
            raise ValueError("escalate_hours: the chairman cannot be told before the unit's leader")


@dataclass(frozen=True, kw_only=True, slots=True)
class Deadlines:
    """The moments stored with a case: accept and answer by then, warn from then on."""

    accept_due_at: datetime
    due_at: datetime
    warn_at: datetime


def deadlines(
    city_or_calendar: HasCalendar | WorkingCalendar,
    rule: DeadlineRule,
    *,
    received_at: datetime,
    urgent: bool = False,
) -> Deadlines:
    """Return the deadlines of a case received then. Urgent shortens the time to accept, never the answer.

    Where a law sets the period to answer, its calendar days are counted in place of the city's hours.
    """
    calendar = _calendar(city_or_calendar)
    accept_hours = min(rule.accept_hours, rule.urgent_accept_hours) if urgent else rule.accept_hours
    due_at = _answer_due(calendar, rule, received_at)
    return Deadlines(
        accept_due_at=calendar.add_working_hours(received_at, accept_hours),
        due_at=due_at,
        warn_at=warning_before(calendar, rule, due_at=due_at),
    )


def _answer_due(calendar: WorkingCalendar, rule: DeadlineRule, received_at: datetime) -> datetime:
    if rule.legal_days is not None:
        return calendar.add_calendar_days(received_at, rule.legal_days)
    return calendar.add_working_hours(received_at, rule.answer_hours)


def warning_before(
    city_or_calendar: HasCalendar | WorkingCalendar, rule: DeadlineRule, *, due_at: datetime
) -> datetime:
    """Return when to warn of a deadline; of use when it was moved by an extension or a pause."""
    return _calendar(city_or_calendar).subtract_working_hours(due_at, rule.warn_hours)


def escalations(
    city_or_calendar: HasCalendar | WorkingCalendar, rule: DeadlineRule, *, due_at: datetime
) -> tuple[datetime, datetime]:
    """Return when an overdue case is told to the unit's leader and to the chairman."""
    calendar = _calendar(city_or_calendar)
    leader, chairman = rule.escalate_hours
    return calendar.add_working_hours(due_at, leader), calendar.add_working_hours(due_at, chairman)


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """What a case is held to once it has a deadline: when to warn of it and when to tell those above."""

    due_at: datetime
    warn_at: datetime
    leader_at: datetime
    chairman_at: datetime


def held_to(city_or_calendar: HasCalendar | WorkingCalendar, rule: DeadlineRule, *, due_at: datetime) -> Held:
    """Return what a case is held to from a new deadline on, by the city's hours of today."""
    leader_at, chairman_at = escalations(city_or_calendar, rule, due_at=due_at)
    return Held(
        due_at=due_at,
        warn_at=warning_before(city_or_calendar, rule, due_at=due_at),
        leader_at=leader_at,
        chairman_at=chairman_at,
    )


def moved(city_or_calendar: HasCalendar | WorkingCalendar, held: Held, *, due_at: datetime) -> Held:
    """Return what a case is held to after a pause or an extension moved its deadline.

    The warning and those above keep their distance in working hours, whatever the city's hours are by now.
    """
    if due_at == held.due_at:
        return held
    calendar = _calendar(city_or_calendar)
    before, leader, chairman = (
        calendar.working_hours_between(*pair)
        for pair in (
            (held.warn_at, held.due_at),
            (held.due_at, held.leader_at),
            (held.due_at, held.chairman_at),
        )
    )
    return Held(
        due_at=due_at,
        warn_at=calendar.subtract_working_hours(due_at, before),
        leader_at=calendar.add_working_hours(due_at, leader),
        chairman_at=calendar.add_working_hours(due_at, chairman),
    )


def extended(city_or_calendar: HasCalendar | WorkingCalendar, *, due_at: datetime, hours: float) -> datetime:
    """Return the deadline after an extension: so many working hours from the one that held before."""
    return _calendar(city_or_calendar).add_working_hours(due_at, hours)


def pause_extended(
    city_or_calendar: HasCalendar | WorkingCalendar,
    *,
    due_at: datetime,
    paused_at: datetime,
    resumed_at: datetime,
) -> datetime:
    """Return the deadline after the clock stood still, moved by the working time of the pause.

    A question asked after the deadline changes nothing: late stays late.
    """
    if paused_at >= due_at or resumed_at <= paused_at:
        return due_at
    calendar = _calendar(city_or_calendar)
    return calendar.add_working_hours(due_at, calendar.working_hours_between(paused_at, resumed_at))


class Standing(StrEnum):
    """How a case stands with its deadline: three for finished work, three for open work, never blended."""

    ON_TIME = "on_time"
    LATE = "late"
    LATE_WITH_EXTENSION = "late_with_extension"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    OVERDUE = "overdue"


def standing(
    now: datetime,
    *,
    status: Status | str,
    due_at: datetime,
    warn_at: datetime,
    answered_at: datetime | None = None,
    due_before_extension_at: datetime | None = None,
    paused_at: datetime | None = None,
) -> Standing:
    """Return how a case stands.

    due_at counts pauses and a granted extension; due_before_extension_at counts the pauses alone and is
    given when an extension was granted. answered_at: when the work was done, also by refusing the case.
    paused_at: since when the citizen is asked; an open case is judged as of then. A reopened case is open.
    Raises ValueError for a finished status without answered_at.
    """
    if Status(status) not in FINISHED_STATUSES:
        return _standing_of_open(now if paused_at is None else min(now, paused_at), due_at, warn_at)
    if answered_at is None:
        raise ValueError(f"a case that is {status} must say when it was answered")
    return _standing_of_finished(answered_at, due_at, due_before_extension_at or due_at)


def _standing_of_open(now: datetime, due_at: datetime, warn_at: datetime) -> Standing:
    if now > due_at:
        return Standing.OVERDUE
    return Standing.AT_RISK if now >= warn_at else Standing.ON_TRACK


def _standing_of_finished(answered_at: datetime, due_at: datetime, first_due_at: datetime) -> Standing:
    if answered_at <= min(first_due_at, due_at):
        return Standing.ON_TIME
    return Standing.LATE_WITH_EXTENSION if answered_at <= due_at else Standing.LATE


def midnight(day: date) -> datetime:
    """Return the moment at which a local day begins."""
    return datetime.combine(day, time(), LOCAL_TIME).astimezone(UTC)


def in_quiet_hours(at: datetime) -> bool:
    """Tell whether people are left alone: from 21:00 until 07:00 local time."""
    now = _local(at).time()
    return now >= QUIET_FROM or now < QUIET_UNTIL


def after_quiet_hours(at: datetime) -> datetime:
    """Return at itself, or the end of the quiet hours that it falls into."""
    local = _local(at)
    if not in_quiet_hours(at):
        return at.astimezone(UTC)
    morning = local.date() + timedelta(days=1 if local.time() >= QUIET_FROM else 0)
    return _utc(morning, _since_midnight(QUIET_UNTIL) * _MICROSECOND)


def is_time_to_remind(city_or_calendar: HasCalendar | WorkingCalendar, at: datetime) -> bool:
    """Tell whether officials may be reminded: on a day that the city works, and not at night."""
    return not in_quiet_hours(at) and _calendar(city_or_calendar).is_working_day(_local(at).date())


def _calendar(city_or_calendar: HasCalendar | WorkingCalendar) -> WorkingCalendar:
    return city_or_calendar if isinstance(city_or_calendar, WorkingCalendar) else city_or_calendar.calendar


def _local(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a moment must carry its time zone")
    return at.astimezone(LOCAL_TIME)


def _utc(day: date, since_midnight: timedelta) -> datetime:
    return (datetime.combine(day, time(), LOCAL_TIME) + since_midnight).astimezone(UTC)


def _since_midnight(moment: time) -> int:
    seconds = (moment.hour * 60 + moment.minute) * 60 + moment.second
    return seconds * 1_000_000 + moment.microsecond


@cache
def _spans(sessions: tuple[tuple[time, time], ...]) -> tuple[tuple[int, int], ...]:
    """Return the sessions of a day in microseconds since midnight."""
    return tuple((_since_midnight(start), _since_midnight(end)) for start, end in sessions)


@cache
def _length(sessions: tuple[tuple[time, time], ...]) -> int:
    """Return the working time of a day in microseconds."""
    return sum(end - start for start, end in _spans(sessions))


def _microseconds(hours: float) -> int:
    if hours < 0:
        raise ValueError("hours must not be negative")
    return round(hours * _HOUR)
