"""What a group of officials is for: which units and cases it concerns, and who may take part in it."""

from collections.abc import Iterable

from handlers import access
from routing.organisation import City
from storage.cases import Case
from storage.groups import Group
from storage.people import HeldPost, Person

SHOWN_KINDS = frozenset({"feedback", "suggestion", "question", "emergency"})
"""Complaints and denunciations are legal procedures of their own: never in a group."""
LEGAL_KINDS = frozenset({"grievance", "denunciation"})
"""What reads as one of these is not shown either, though it was sent as feedback."""
ROLES = ("leader", "chair")
"""Who is invited for a unit; a deputy holds the chair's role."""


def shows(city: City, group: Group, case: Case) -> bool:
    """Tell whether a group may see a case: one of its scope, of an ordinary kind, in no restricted domain."""
    if not may_be_shown(city, case):
        return False
    if group.purpose == "case":
        return case.id == group.case_id
    return case.unit_code is not None and reaches(city, group, case.unit_code)


def may_be_shown(city: City, case: Case) -> bool:
    """Tell whether a case may be shown to any group at all."""
    domain = city.domains.get(case.domain)
    restricted = case.domain == "conduct" or domain is None or domain.restricted
    legal = case.reading.get("kind") in LEGAL_KINDS
    return case.kind in SHOWN_KINDS and not legal and not restricted


def reaches(city: City, group: Group, unit_code: str) -> bool:
    """Tell whether a unit lies in a group's scope; also one that a unit of the scope took over from."""
    return any(unit_code in city.with_predecessors(code) for code in scope_of(city, group))


def scope_of(city: City, group: Group) -> tuple[str, ...]:
    """Return the units whose cases, with those of all below them, a group concerns.

    A group of all chairs concerns everything below the unit that made it; any other one the units in it.
    """
    units = [group.unit_code] if group.purpose == "chairs" else group.units
    return standing(city, units)


def standing(city: City, units: Iterable[str]) -> tuple[str, ...]:
    """Return the units that stand for these now: all who took over from one that is gone."""
    found: dict[str, None] = {}
    waiting = list(units)
    passed: set[str] = set()
    while waiting:
        code = waiting.pop(0)
        unit = city.units.get(code)
        if unit is None or code in passed:
            continue
        passed.add(code)
        if city.is_valid(code):
            found[code] = None
        else:
            waiting[:0] = unit.successors
    return tuple(found)


def answers_for(city: City, group: Group, held: Iterable[HeldPost]) -> bool:
    """Tell whether these posts of its maker are why a group is theirs still: they lead, or chair a unit in it
    or above it."""
    return any(counts(city, group, post) for post in held)


def counts(city: City, group: Group, post: HeldPost) -> bool:
    """Tell whether a post of whoever had a group made belongs to it."""
    if post.role != "chair":
        return post.role == "leader"
    units = standing(city, [group.unit_code, *group.units])
    return post.unit_code in units or city.is_within(group.unit_code, post.unit_code)


def takes_part(city: City, group: Group, person: Person) -> bool:
    """Tell whether a person may ask and do things in a group, as far as their own posts allow.

    Leaders may, those above its units, and whoever holds a post in its scope.
    """
    for post in person.posts:
        if post.role == "leader" or post.unit_code in (group.unit_code, *group.units):
            return True
        if post.role in access.REACHES["see"] and reaches(city, group, post.unit_code):
            return True
    return False
