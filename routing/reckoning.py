"""How a deadline adds up: every step that set or moved it, told from what each event left behind.

It is told from the moments that were stored, not worked out anew: whatever the city's hours are by now, the
steps end at the deadline that holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from routing.deadline import WorkingCalendar


class Why(StrEnum):
    """What set or moved a deadline."""

    RECEIVED = "received"
    REOPENED = "reopened"
    PAUSED = "paused"
    EXTENDED = "extended"
    SHORTENED = "shortened"


_WHYS = {"reopened": Why.REOPENED, "extended": Why.EXTENDED, "corrected": Why.SHORTENED}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What an event tells: its type, when it was, and the deadline from then on (None for none yet)."""

    type: str
    at: datetime
    due_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One step: why, when, the deadline after it, and the working hours it added (fewer than 0: took away).

    number: which of the events it was, from 0.
    """

    why: Why
    at: datetime
    due_at: datetime
    hours: float
    number: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Reckoning:
    """A deadline added up: from when it is counted, and the steps, which end at the deadline that holds."""

    began_at: datetime
    steps: tuple[Step, ...]

    @property
    def due_at(self) -> datetime:
        """The deadline that holds."""
        return self.steps[-1].due_at

    @property
    def hours(self) -> float:
        """All steps together, in working hours from when it is counted."""
        return sum(step.hours for step in self.steps)


def reckon(calendar: WorkingCalendar, received_at: datetime, events: Sequence[Told]) -> Reckoning | None:
    """Return how the deadline of a case came about; None while it has none.

    A reopened case is counted anew, from the moment of reopening.
    """
    began_at, steps = received_at, list[Step]()
    for number, event in enumerate(events):
        if event.due_at is None:
            continue
        if event.type == Why.REOPENED:
            began_at, steps = event.at, []
        before = steps[-1].due_at if steps else began_at
        if steps and event.due_at == before:
            continue
        steps.append(
            Step(
                why=_why(event, first=not steps),
                at=event.at,
                due_at=event.due_at,
                hours=calendar.working_hours_between(before, event.due_at),
                number=number,
            )
        )
    return Reckoning(began_at=began_at, steps=tuple(steps)) if steps else None


def _why(event: Told, *, first: bool) -> Why:
    if first and event.type != Why.REOPENED:
        return Why.RECEIVED
    return _WHYS.get(event.type, Why.PAUSED)


def together(steps: Iterable[Step], why: Why) -> float:
    """Return the working hours of all steps of one kind."""
    return sum(step.hours for step in steps if step.why == why)
