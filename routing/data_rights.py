"""How long the city has to answer somebody who asks about their own data, and to do what they ask.

Law on the protection of personal data 91/2025/QH15 and decree 356/2025: heard within 2 working days; stopped
or erased within 15 days, within 20 where others to whom the data went must do so, too.
"""

from dataclasses import dataclass
from datetime import datetime

from routing.deadline import WorkingCalendar

ANSWER_WORKING_DAYS = 2
DONE_DAYS = 15
DONE_DAYS_WITH_OTHERS = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """Until when the person must have heard of their request, and until when it must be done."""

    answer_due_at: datetime
    due_at: datetime


def clocks(calendar: WorkingCalendar, asked_at: datetime, *, others: bool = False) -> Clocks:
    """Return the legal clocks of a request. others: somebody else holds the data by our doing, too."""
    return Clocks(
        answer_due_at=calendar.add_working_hours(asked_at, ANSWER_WORKING_DAYS * calendar.hours_of_day),
        due_at=calendar.add_calendar_days(asked_at, DONE_DAYS_WITH_OTHERS if others else DONE_DAYS),
    )


def working_days_left(calendar: WorkingCalendar, now: datetime, due_at: datetime) -> float:
    """Return how many working days are left until then, negative once it has passed."""
    if now <= due_at:
        return calendar.working_hours_between(now, due_at) / calendar.hours_of_day
    return -calendar.working_hours_between(due_at, now) / calendar.hours_of_day
