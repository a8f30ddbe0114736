"""Whom a milestone concerns: the unit, the level above, the chairman, as far as they can be reached."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from routing.escalation import Level, Matter, Milestone
from routing.organisation import City
from routing.workflow import Status
from storage import people
from storage.database import Transaction
from storage.people import Official
from storage.reminders import DueCase

ABOVE = "above"
"""What somebody is to a case that their own unit does not have."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Staff:
    """Who can be reached, looked up once for many cases."""

    at_unit: Mapping[str, Sequence[Official]]
    dispatchers: Sequence[Official]
    leaders: Sequence[Official]

    def chairs(self, unit_code: str) -> list[Official]:
        """Return the chairs of a unit."""
        return [official for official in self.at_unit[unit_code] if official.role == "chair"]


async def staff_for(
    transaction: Transaction, city: City, cases: Iterable[DueCase], *, now: datetime
) -> Staff:
    """Return whoever may have to hear of these cases; as many queries for one case as for many."""
    units = {code for case in cases for code in (case.unit_code, case.extension_unit) if code}
    above = {unit.code for code in units for unit in city.path(code)}
    at_unit: dict[str, list[Official]] = defaultdict(list)
    for official in await people.officials_of(transaction, sorted({*units, *above, city.root.code}), now=now):
        at_unit[official.unit_code].append(official)
    return Staff(
        at_unit=at_unit,
        dispatchers=await people.officials_by_role(transaction, "dispatcher", now=now),
        leaders=await people.officials_by_role(transaction, "leader", now=now),
    )


def concerned(city: City, staff: Staff, case: DueCase, milestone: Milestone) -> list[tuple[Official, str]]:
    """Return who must hear of a milestone, each with what they are to the case: a role, or "above".

    Nobody for whom the case is closed: of a restricted one the chairs above do not hear, leaders do.
    """
    if milestone.level == Level.UNIT:
        own = _own(city, staff, case, milestone.matter)
        return [(official, _part_of(case, official)) for official in own]
    if milestone.level == Level.DECIDER:
        return [(official, "chair") for official in _deciders(city, staff, case)]
    above = level_above(city, staff, case)
    if milestone.level == Level.ABOVE:
        return [(official, ABOVE) for official in above]
    told = {official.person_id for official in above} if _heard_above(case, milestone) else set()
    return [(official, ABOVE) for official in _chairman(city, staff, case) if official.person_id not in told]


def _heard_above(case: DueCase, milestone: Milestone) -> bool:
    """Tell whether the level above was told of the same; of lateness it may be that nobody was there."""
    if milestone.matter == Matter.OVERDUE:
        return case.escalated >= Level.ABOVE
    return milestone.matter != Matter.TRIAGE


def nobody_hears(
    city: City, staff: Staff, case: DueCase, milestone: Milestone, readers: Sequence[object]
) -> bool:
    """Tell whether a milestone reaches nobody at all; a chairman who heard as the level above knows of it."""
    return not readers and not (milestone.level == Level.CHAIRMAN and _chairman(city, staff, case))


def _part_of(case: DueCase, official: Official) -> str:
    stands_in = official.role != "dispatcher" and official.unit_code != case.unit_code
    return ABOVE if stands_in else official.role


def _own(city: City, staff: Staff, case: DueCase, matter: Matter) -> Sequence[Official]:
    """Return whoever took the case up, else everybody there; chairs too once something has gone wrong."""
    if case.unit_code is None or case.status == Status.TRIAGE:
        return staff.dispatchers
    there = staff.at_unit[case.unit_code]
    chairs = staff.chairs(case.unit_code)
    handling = [official for official in there if official.person_id == case.officer_id]
    if matter == Matter.UNACCEPTED:
        told: Sequence[Official] = [*handling, *chairs] or there
    elif not handling:
        told = there
    else:
        told = handling if matter == Matter.SOON else [*handling, *chairs]
    return told or staff.dispatchers or level_above(city, staff, case)


def _deciders(city: City, staff: Staff, case: DueCase) -> list[Official]:
    """Return whom an extension or a draft waits for."""
    told: list[Official] = []
    if case.extension and case.extension_unit:
        told += _granters(city, staff, case, case.extension["by"])
    if case.proposed and case.unit_code:
        told += staff.chairs(case.unit_code) or _chairs_above(city, staff, case)
    return told


def _granters(city: City, staff: Staff, case: DueCase, asked_by: int | None) -> list[Official]:
    """Return who decides on more time: chairs of the unit that it waits for, at the root else its leaders.

    Of a restricted case leaders alone; nobody decides what they ask for themselves.
    """
    closed = _is_restricted(city, case) or case.extension_unit in (None, case.unit_code)
    chairs = [] if closed else staff.chairs(case.extension_unit or "")
    for concerned in (chairs, staff.leaders):
        if others := [official for official in concerned if official.person_id != asked_by]:
            return others
    return []


def _chairs_above(city: City, staff: Staff, case: DueCase) -> list[Official]:
    """Return the chairs of the nearest unit above that has any, who approve where the unit has none."""
    if case.unit_code is None or _is_restricted(city, case):
        return []
    above = reversed(city.path(case.unit_code)[:-1])
    return next((chairs for unit in above if (chairs := staff.chairs(unit.code))), [])


def level_above(city: City, staff: Staff, case: DueCase) -> list[Official]:
    """Return the chairs of the nearest unit above that has any; right below the city, its leaders."""
    path = city.path(case.unit_code)[1:-1] if case.unit_code else ()
    if not _is_restricted(city, case):
        for unit in reversed(path):
            if chairs := staff.chairs(unit.code):
                return chairs
    return list(staff.leaders) or _city_chairs(city, staff, case)


def _chairman(city: City, staff: Staff, case: DueCase) -> list[Official]:
    return [*_city_chairs(city, staff, case), *staff.leaders]


def _city_chairs(city: City, staff: Staff, case: DueCase) -> list[Official]:
    return [] if _is_restricted(city, case) else staff.chairs(city.root.code)


def _is_restricted(city: City, case: DueCase) -> bool:
    domain = city.domains.get(case.domain)
    return domain is not None and domain.restricted
