"""Which milestone a case has reached, and whom it concerns: the unit, the level above, the chairman.

Pure: the moments are stored with the case when its deadline is set, so that a change of the city's hours
never reaches back. `reminded_at` says until when passed milestones have been told; each is told once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any, Protocol

from routing.workflow import OPEN_STATUSES, Status

DECIDE_HOURS = 4
"""Working hours that a case may wait for a decision (triage, an extension, a draft) before it is recalled."""
TRIAGE_LEADER_HOURS = 8
"""Working hours after which the city's leaders hear that a case still waits for a dispatcher."""


A_MOMENT = timedelta(seconds=1)
"""By so much what a new unit and those above it hear lies after whatever was told until then."""


class Level(IntEnum):
    """Who is told of a milestone, from below; the number is what `escalated` counts."""

    DECIDER = 0
    """The chair that an extension or a draft waits for."""
    UNIT = 1
    """The unit that has the case; while none has it, the dispatchers."""
    ABOVE = 2
    CHAIRMAN = 3


class Matter(StrEnum):
    """What a milestone is about, the gravest first."""

    OVERDUE = "overdue"
    UNACCEPTED = "unaccepted"
    SOON = "soon"
    DECIDE = "decide"
    TRIAGE = "triage"
    SNOOZED = "snoozed"


GRAVEST_FIRST: tuple[Matter, ...] = tuple(Matter)


@dataclass(frozen=True, kw_only=True, slots=True)
class Milestone:
    """One moment at which somebody is told something about a case."""

    matter: Matter
    level: Level
    at: datetime


class Watched(Protocol):
    """What is asked of a case: the columns that tell how it stands and when whom to tell."""

    status: str
    unit_code: str | None
    assigned_at: datetime | None
    accepted_at: datetime | None
    paused_at: datetime | None
    extension: dict[str, Any] | None
    proposed: dict[str, Any] | None
    warn_at: datetime | None
    due_at: datetime | None
    leader_at: datetime | None
    chairman_at: datetime | None
    accept_due_at: datetime | None
    accept_leader_at: datetime | None
    accept_chairman_at: datetime | None
    decide_due_at: datetime | None
    snoozed_until: datetime | None
    reminded_at: datetime | None


def milestones(case: Watched) -> list[Milestone]:
    """Return all milestones of a case as it stands, the earliest first.

    While the citizen is asked there are none, unless it was late already: then those above still hear of it.
    """
    if case.status not in OPEN_STATUSES:
        return []
    found = [
        Milestone(matter=matter, level=level, at=at) for matter, level, at in _moments(case) if at is not None
    ]
    return sorted(found, key=lambda each: (each.at, each.level, each.matter))


def _moments(case: Watched) -> list[tuple[Matter, Level, datetime | None]]:
    late = [
        (Matter.OVERDUE, Level.ABOVE, case.leader_at),
        (Matter.OVERDUE, Level.CHAIRMAN, case.chairman_at),
    ]
    if case.paused_at is not None:
        return late if case.due_at is not None and case.paused_at >= case.due_at else []
    own = [
        (Matter.SOON, Level.UNIT, case.warn_at),
        (Matter.OVERDUE, Level.UNIT, _late_here(case)),
        (Matter.SNOOZED, Level.UNIT, case.snoozed_until),
    ]
    return [*own, *late, *_idle(case)]


def _late_here(case: Watched) -> datetime | None:
    """Return since when the unit has a late case: one that was handed on is late there from that moment."""
    if case.due_at is None or case.assigned_at is None or case.assigned_at < case.due_at:
        return case.due_at
    return case.assigned_at + A_MOMENT


def _idle(case: Watched) -> list[tuple[Matter, Level, datetime | None]]:
    """Return when to tell whom that nobody takes the case up, or decides what it waits for."""
    if case.status == Status.TRIAGE:
        return [
            (Matter.TRIAGE, Level.UNIT, case.decide_due_at),
            (Matter.TRIAGE, Level.CHAIRMAN, case.accept_leader_at),
        ]
    found: list[tuple[Matter, Level, datetime | None]] = []
    if case.extension or case.proposed:
        found.append((Matter.DECIDE, Level.DECIDER, case.decide_due_at))
    if case.accepted_at is None:
        found += [
            (Matter.UNACCEPTED, Level.UNIT, case.accept_due_at),
            (Matter.UNACCEPTED, Level.ABOVE, case.accept_leader_at),
            (Matter.UNACCEPTED, Level.CHAIRMAN, case.accept_chairman_at),
        ]
    return found


def next_check(case: Watched) -> datetime | None:
    """Return the first milestone that nobody was told of yet; None while nobody owes anything."""
    return next((each.at for each in milestones(case) if _is_new(case, each)), None)


def reached(case: Watched, now: datetime) -> list[Milestone]:
    """Return whom to tell what now: for each level the gravest milestone that has passed and is new.

    A unit that put its reminder off is left alone until then and told how the case stands at that moment;
    the levels above are told in any case.
    """
    passed = [each for each in milestones(case) if each.at <= now]
    fresh = [each for each in passed if _is_new(case, each)]
    return [
        _gravest(case, level, passed, fresh)
        for level in Level
        if any(each.level == level for each in fresh) and not _silenced(case, level, now)
    ]


def _gravest(
    case: Watched, level: Level, passed: Sequence[Milestone], fresh: Sequence[Milestone]
) -> Milestone:
    woken = any(each.matter == Matter.SNOOZED for each in fresh)
    told = passed if woken and level == Level.UNIT else fresh
    return min(
        (each for each in told if each.level == level), key=lambda each: GRAVEST_FIRST.index(each.matter)
    )


def _is_new(case: Watched, milestone: Milestone) -> bool:
    return case.reminded_at is None or milestone.at > case.reminded_at


def _silenced(case: Watched, level: Level, now: datetime) -> bool:
    return level == Level.UNIT and case.snoozed_until is not None and now < case.snoozed_until


def has_become_late(case: Watched, now: datetime) -> bool:
    """Tell whether the deadline has passed and nobody was told of that yet: the citizen must hear of it."""
    late = [each for each in milestones(case) if (each.matter, each.level) == (Matter.OVERDUE, Level.UNIT)]
    return any(each.at <= now and _is_new(case, each) for each in late)
