"""When people complain: their days and weeks, sudden storms, and Tết, when hardly anybody does."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from routing.deadline import LOCAL_TIME, WorkingCalendar

HOURS = (2, 1, 1, 1, 2, 5, 14, 30, 40, 34, 30, 26, 20, 20, 26, 28, 28, 30, 34, 36, 36, 28, 14, 6)
"""How many write in each hour of a day, beside one another: mornings and evenings most."""
WEEKDAYS = {1: 1.1, 2: 1.0, 3: 1.0, 4: 1.0, 5: 1.0, 6: 0.7, 7: 0.55}
TET_SHARE = 0.15
TET_DAYS = 5
"""A row of days off so long in January or February is Tết."""
STORM_STRENGTH = 6.0
DAYS_TO_A_STORM = 18
STORM_DOMAINS = ("drainage", "trees", "electricity")


@dataclass(frozen=True, kw_only=True, slots=True)
class Storm:
    """Some hours in which far more is reported, of drainage, trees and electricity."""

    begins_at: datetime
    ends_at: datetime

    def rages(self, at: datetime) -> bool:
        """Tell whether it does at a time."""
        return self.begins_at <= at < self.ends_at


class Weather:
    """What the days of a simulated time are like."""

    def __init__(self, calendar: WorkingCalendar, *, start: datetime, end: datetime, random: Random) -> None:
        self._calendar = calendar
        self.storms = _storms(start, end, random)
        self._hours = [
            start + timedelta(hours=hour) for hour in range(int((end - start).total_seconds() // 3600))
        ]
        self._weights = [self._weight(hour) for hour in self._hours]

    def is_tet(self, day: date) -> bool:
        """Tell whether a local day belongs to the long holidays of the new year."""
        if day.month > 2 or self._calendar.is_working_day(day):
            return False
        first = last = day
        while not self._calendar.is_working_day(first - timedelta(days=1)):
            first -= timedelta(days=1)
        while not self._calendar.is_working_day(last + timedelta(days=1)):
            last += timedelta(days=1)
        return (last - first).days + 1 >= TET_DAYS

    def storm_at(self, at: datetime) -> Storm | None:
        """Return the storm that rages, None for none."""
        return next((storm for storm in self.storms if storm.rages(at)), None)

    def moments(self, number: int, random: Random) -> list[datetime]:
        """Return when so many people write, in order."""
        if not self._hours:
            return []
        hours = random.choices(self._hours, self._weights, k=number)
        return sorted(hour + timedelta(minutes=random.randrange(60)) for hour in hours)

    def _weight(self, at: datetime) -> float:
        local = at.astimezone(LOCAL_TIME)
        weight = HOURS[local.hour] * WEEKDAYS[local.isoweekday()]
        weight *= TET_SHARE if self.is_tet(local.date()) else 1
        return weight * (STORM_STRENGTH if self.storm_at(at) else 1)


def _storms(start: datetime, end: datetime, random: Random) -> Sequence[Storm]:
    """Return storms, most of them in autumn; even a short time has one."""
    number = max(1, (end - start).days // DAYS_TO_A_STORM)
    days = [start + timedelta(days=day) for day in range(max(1, (end - start).days))]
    weights = [4 if day.astimezone(LOCAL_TIME).month in (9, 10, 11) else 1 for day in days]
    chosen = sorted(random.choices(days, weights, k=number))
    storms = []
    for day in chosen:
        begins_at = day + timedelta(hours=random.randrange(5, 18))
        storms.append(
            Storm(begins_at=begins_at, ends_at=begins_at + timedelta(hours=random.randrange(4, 14)))
        )
    return storms
