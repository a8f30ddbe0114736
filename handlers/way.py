"""The way of a case from unit to unit, as its events tell it: whom it passed, who gave it away and why."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers import cards, texts
from routing.organisation import City
from storage.cases import Case
from storage.ledger import Event

_GIVING = frozenset({"assigned", "handed_over", "returned", "reopened", "reorganised"})
"""Events that may change which unit has a case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Leaving:
    """A unit that gave a case away: when, and why where that was said."""

    unit_code: str
    at: datetime
    reason: str


def units_passed(events: Iterable[Event]) -> list[str]:
    """Return the codes of the units that a case has been with, in order, the present one last."""
    passed: list[str] = []
    for event in events:
        code = event.data.get("state", {}).get("unit_code")
        if code and passed[-1:] != [code]:
            passed.append(code)
    return passed


def returns(events: Iterable[Event]) -> list[Leaving]:
    """Return who gave the case back, in order."""
    return [
        Leaving(unit_code=event.unit_code, at=event.at, reason=event.data.get("reason", ""))
        for event in events
        if event.type == "returned" and event.unit_code
    ]


def hand_overs(events: Iterable[Event]) -> list[Leaving]:
    """Return who handed the case to another unit, in order."""
    return [
        Leaving(unit_code=event.data["was"], at=event.at, reason=event.data.get("note", ""))
        for event in events
        if event.type == "handed_over" and event.data.get("was")
    ]


def left_before(events: Sequence[Event], unit_code: str) -> Leaving | None:
    """Return how a unit last gave this case away, None where it never had it or never did."""
    left = [each for each in (*hand_overs(events), *returns(events)) if each.unit_code == unit_code]
    return max(left, key=lambda each: each.at, default=None)


def returned_by(events: Iterable[Event], unit_code: str) -> Leaving | None:
    """Return how a unit last gave this case back, None where it never did."""
    own = [each for each in returns(events) if each.unit_code == unit_code]
    return own[-1] if own else None


def goes_back_to(events: Sequence[Event], case: Case) -> str | None:
    """Return the unit that handed the case to the one that has it, for the first return; else None."""
    if case.returned_count:
        return None
    last = next((event for event in reversed(events) if event.type in _GIVING), None)
    if last is None or last.type != "handed_over" or last.data.get("unit") != case.unit_code:
        return None
    return last.data.get("was")


def told(city: City, case: Case, events: Sequence[Event]) -> str:
    """Say on a card which units a case came through; empty for one that has been nowhere else."""
    passed = units_passed(events)
    passed = passed[:-1] if passed[-1:] == [case.unit_code] else passed
    return texts.passed_through(units=[cards.unit_name(city, code) for code in passed]) if passed else ""


def returns_told(city: City, events: Iterable[Event]) -> list[str]:
    """Say who gave a case back, when and why, a line for each."""
    return [
        texts.return_line(unit=cards.unit_name(city, each.unit_code), at=each.at, reason=each.reason)
        for each in returns(events)
    ]
