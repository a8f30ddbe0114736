"""Deadlines as somebody would work them out by hand: day by day, session by session, from a case's events.

Shares no arithmetic with `routing/deadline.py`, only the facts: which days are worked, from when to when.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from routing.deadline import LOCAL_TIME, DeadlineRule, WorkingCalendar
from routing.organisation import City
from routing.workflow import Status

_WAITS = Status.WAITING_FOR_CITIZEN.value
_GIVEN = frozenset({"assigned", "handed_over", "returned", "reorganised", "reopened"})


def later(calendar: WorkingCalendar, start: datetime, hours: float) -> datetime:
    """Return when so many working hours have passed."""
    left = timedelta(hours=hours)
    if not left:
        return start
    for begins, ends in _sessions(calendar, start):
        begins = max(begins, start)
        if begins < ends:
            if left <= ends - begins:
                return begins + left
            left -= ends - begins
    raise AssertionError("the sessions never end")


def worked(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Return the working time from one moment to another."""
    found = timedelta()
    for begins, ends in _sessions(calendar, start):
        if begins >= end:
            break
        found += max(timedelta(), min(ends, end) - max(begins, start))
    return found


def _sessions(calendar: WorkingCalendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    day = start.astimezone(LOCAL_TIME).date()
    while True:
        if calendar.is_working_day(day):
            for begins, ends in calendar.sessions:
                yield (
                    datetime.combine(day, begins, tzinfo=LOCAL_TIME),
                    datetime.combine(day, ends, tzinfo=LOCAL_TIME),
                )
        day += timedelta(days=1)


def answer_due(calendar: WorkingCalendar, rule: DeadlineRule, received_at: datetime) -> datetime:
    """Return when the answer to something received then is due."""
    if rule.legal_days is None:
        return later(calendar, received_at, rule.answer_hours)
    last: date = received_at.astimezone(LOCAL_TIME).date() + timedelta(days=rule.legal_days)
    while not calendar.is_working_day(last):
        last += timedelta(days=1)
    return datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=LOCAL_TIME)


def wrong_deadline(city: City, received_at: datetime, events: Sequence[Mapping[str, Any]]) -> str:
    """Return what is wrong with the deadline that a case's events tell of, empty for nothing."""
    due: datetime | None = None
    calendar = city.calendar
    paused_at: datetime | None = None
    for position, event in enumerate(events):
        data = event["data"]
        told = _told(data)
        rule = city.deadline_rule(data["state"]["domain"])
        before, after = data.get("from"), data.get("to")
        if before == _WAITS and after != _WAITS and paused_at is not None:
            due = _resumed(calendar, due, paused_at, event["at"])
            paused_at = None
        if after == _WAITS and before != _WAITS:
            paused_at = event["at"]
        if event["type"] == "reopened":
            due = answer_due(calendar, rule, event["at"])
        elif event["type"] in _GIVEN and due is None and data["state"].get("unit_code"):
            due = answer_due(calendar, rule, received_at)
        elif event["type"] == "extended" and due is not None:
            due = later(calendar, due, data["hours"])
        elif event["type"] == "corrected" and due is not None:
            due = min(due, _as_if(city, rule, received_at, events[:position]))
        elif event["type"] == "joined" and told is not None and (due is None or told < due):
            due = told  # the earlier promise to somebody else, whose own events are checked
        elif event["type"] == "unmerged" and due is None and told == answer_due(calendar, rule, event["at"]):
            due = told  # who had joined of their own will is counted from now
        if due != told:
            return f"event {event['sequence']} ({event['type']}): due {_shown(told)}, by hand {_shown(due)}"
    return ""


def _resumed(
    calendar: WorkingCalendar, due: datetime | None, paused_at: datetime, at: datetime
) -> datetime | None:
    if due is None or paused_at >= due:
        return due
    return later(calendar, due, worked(calendar, paused_at, at) / timedelta(hours=1))


def _as_if(
    city: City, rule: DeadlineRule, received_at: datetime, events: Sequence[Mapping[str, Any]]
) -> datetime:
    """Return the deadline if a domain's hours had held from the beginning."""
    due = answer_due(city.calendar, rule, received_at)
    paused_at: datetime | None = None
    for event in events:
        before, after = event["data"].get("from"), event["data"].get("to")
        if event["type"] == "reopened":
            due = answer_due(city.calendar, rule, event["at"])
        elif after == _WAITS and before != _WAITS:
            paused_at = event["at"]
        elif before == _WAITS and after != _WAITS and paused_at is not None:
            due = _resumed(city.calendar, due, paused_at, event["at"]) or due
            paused_at = None
        elif event["type"] == "extended":
            due = later(city.calendar, due, event["data"]["hours"])
    return due


def _told(data: Mapping[str, Any]) -> datetime | None:
    written = data["state"].get("due_at")
    return datetime.fromisoformat(written) if written else None


def _shown(at: datetime | None) -> str:
    return at.astimezone(LOCAL_TIME).isoformat(" ", "minutes") if at else "none"
