"""What a leader asks about the figures: the metric, whose, of which time, and how it is laid out."""

from dataclasses import dataclass
from typing import Literal

from routing.when import Period

METRICS = (
    "received",
    "answered",
    "on_time_rate",
    "late",
    "late_with_extension",
    "open",
    "at_risk",
    "overdue",
    "reopened",
    "satisfaction",
    "median_hours",
    "people",
)
GroupBy = Literal["unit", "domain", "day", "week", "month"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A question about the figures as it was understood.

    understood: False where the text is no such question; everything else then says nothing. metric: one of
    METRICS. period: None where no time was named. units: codes of the units named, domains: ids. level: the
    kind of unit that is meant where units are compared ("ward", "district", "department"; None for those
    right below). about: "why" asks why a unit's figure changed, "hot" what is rising or most reported now.
    """

    understood: bool
    metric: str = "received"
    period: Period | None = None
    units: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    group_by: GroupBy | None = None
    level: str | None = None
    order: Literal["desc", "asc"] | None = None
    limit: int | None = None
    compare: Literal["previous"] | None = None
    about: Literal["why", "hot"] | None = None
