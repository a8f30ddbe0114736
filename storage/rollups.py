"""Figures by day, week and month."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from typing import Literal

from routing.deadline import LOCAL_TIME
from storage import figures
from storage.database import Transaction
from storage.figures import Figures, Moved

Step = Literal["day", "week", "month"]


async def series(
    transaction: Transaction,
    *,
    first: date,
    last: date,
    now: datetime,
    step: Step,
    unit_codes: Collection[str] | None = None,
    domains: Collection[str] | None = None,
    moved: Moved | None = None,
) -> dict[date, Figures]:
    """Return the figures of each day, week (from Monday) or month of a span of local days, both included.

    The key is the first day of each step, also where the span begins or ends within it; only days of the
    span are counted.
    """
    found: dict[date, Figures] = {}
    day = first
    while day <= last:
        after = _next(day, step)
        counted = await figures.figures(
            transaction,
            start=_midnight(day),
            end=_midnight(min(after, last + timedelta(days=1))),
            now=now,
            unit_codes=unit_codes,
            domain=domains,
            moved=moved,
            returns=False,
        )
        found[_start(day, step)] = counted[None]
        day = after
    return found


def _start(day: date, step: Step) -> date:
    if step == "month":
        return day.replace(day=1)
    return day - timedelta(days=day.weekday()) if step == "week" else day


def _next(day: date, step: Step) -> date:
    if step == "month":
        return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
    return _start(day, step) + timedelta(days=7 if step == "week" else 1)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_TIME)
