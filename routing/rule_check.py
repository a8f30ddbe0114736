"""What is wrong with a city's rules: broken ones, those that never match, and places that reach nobody."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

from routing.kind import FEEDBACK, KINDS
from routing.organisation import City, Responsibility, Unit
from routing.organisation.city import is_relative
from routing.responsibility import (
    Assignment,
    Place,
    Situation,
    apply,
    decide,
    lies_in,
    matches,
    name_of,
    unit_named,
)

_EXAMPLES = 5
_ROADS = (None, "main", "alley")
_HOURS = ("working", "off")
_FILED = tuple(kind for kind in KINDS if kind not in ("abuse", "smalltalk"))
_ANYTHING = "*"
"""Stands for every domain that a city does not have: only rules for all domains speak of it."""


class Fault(StrEnum):
    """What kind of fault a rule or a place has."""

    DOMAIN = "unknown_domain"
    UNIT = "unknown_unit"
    ENDED = "ended_unit"
    AREA = "unknown_area"
    UNREACHED = "never_reached"
    SUPPORTING = "supporting"
    HOLE = "hole"


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A fault in a city's rules, as a sentence.

    position: the rule's. domain and wards (codes of units) say where somebody reaches nobody.
    """

    text: str
    fault: Fault
    position: int | None = None
    domain: str | None = None
    wards: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text

    @property
    def leads_nowhere(self) -> bool:
        """Whether a case may meet this and find nobody; the others are only untidy."""
        return self.fault not in (Fault.UNREACHED, Fault.SUPPORTING)


@dataclass(frozen=True, kw_only=True, slots=True)
class RuleCheck:
    """What is wrong with a city's rules, and the codes of the units that they lead to."""

    problems: tuple[Problem, ...]
    led_to: frozenset[str]


def check(city: City) -> list[Problem]:
    """Return what is wrong with a city's rules, as of its day.

    A hole is a (domain, ward) that reaches nobody; those of one domain with one cause are one problem.
    """
    return list(check_rules(city).problems)


def check_rules(city: City) -> RuleCheck:
    """Return what is wrong with a city's rules, and whom they lead to anywhere."""
    broken = list(_broken_rules(city))
    groups = _places_by_areas(city)
    sound = {rule.position for rule in city.responsibilities} - {
        each.position for each in broken if each.fault in (Fault.DOMAIN, Fault.AREA)
    }
    unreached = [each for each in _unreached_rules(city, list(groups)) if each.position in sound]
    found = _assignments(city, groups)
    supporting = list(_supporting_problems(city))
    holes = list(_holes(found, wards=len(city.wards())))
    led_to = frozenset(each.unit.code for _, _, each in found if each.unit is not None)
    return RuleCheck(problems=(*broken, *supporting, *unreached, *holes), led_to=led_to)


# ── single rules ─────────────────────────────────────────────────────────────────────────────────


def _broken_rules(city: City) -> Iterator[Problem]:
    spoken_of = {_ANYTHING, *city.domains, *(each.parent for each in city.domains.values() if each.parent)}
    for rule in _ordered(city):
        if rule.domain not in spoken_of:
            yield _problem(rule, Fault.DOMAIN, f"unknown domain {rule.domain!r}")
        if not is_relative(rule.unit):
            yield from _unit_problems(city, rule, rule.unit, Fault.UNIT)
        if not _area_exists(city, rule.area):
            yield _problem(rule, Fault.AREA, f"area {rule.area!r} does not exist")


def _ordered(city: City) -> list[Responsibility]:
    return sorted(city.responsibilities, key=lambda rule: rule.position)


def _problem(rule: Responsibility, fault: Fault, what: str) -> Problem:
    return Problem(text=f"{name_of(rule)}: {what}", fault=fault, position=rule.position)


def _unit_problems(city: City, rule: Responsibility, code: str, fault: Fault) -> Iterator[Problem]:
    word = "supporting unit" if fault == Fault.SUPPORTING else "unit"
    if code not in city.units:
        yield _problem(rule, fault, f"{word} {code!r} does not exist")
    elif city.heir(code) is None:
        ended = Fault.SUPPORTING if fault == Fault.SUPPORTING else Fault.ENDED
        yield _problem(rule, ended, f"{word} {code!r} is over and nobody took over from it")


def _area_exists(city: City, area: str) -> bool:
    if area.startswith("ward:"):
        return city.ward_unit(area.removeprefix("ward:")) is not None
    return area == "*" or area in city.units


def _supporting_problems(city: City) -> Iterator[Problem]:
    for rule in _ordered(city):
        for template in rule.supporting:
            if template == rule.unit:
                yield _problem(
                    rule, Fault.SUPPORTING, f"supporting unit {template!r} is the one that answers"
                )
            elif not is_relative(template):
                yield from _unit_problems(city, rule, template, Fault.SUPPORTING)
            elif missing := _wards_without(city, template):
                what = f"supporting unit {template!r} does not exist in {_some(missing)}"
                yield _problem(rule, Fault.SUPPORTING, what)


def _wards_without(city: City, template: str) -> list[str]:
    return [ward.code for ward in city.wards() if unit_named(city, template, _at(city, ward)) is None]


def _some(codes: Sequence[str]) -> str:
    more = ", …" if len(codes) > _EXAMPLES else ""
    return f"{len(codes)} wards ({', '.join(codes[:_EXAMPLES])}{more})"


# ── rules that never match ───────────────────────────────────────────────────────────────────────

Areas = frozenset[str]
"""The areas that rules name and a place lies in: all that rules can tell of a place."""


def _at(city: City, ward: Unit) -> Place:
    return Place(ward=ward, district=city.district_of(ward.code))


def _places_by_areas(city: City) -> dict[Areas, list[Place]]:
    """Return every place that a case may have, by the areas that rules name; places alike come together."""
    named = {rule.area for rule in city.responsibilities} - {"*"}
    groups: dict[Areas, list[Place]] = defaultdict(list)
    groups[frozenset()].append(Place())
    for unit in city.units.values():
        if unit.kind in ("ward", "district") and city.is_valid(unit.code):
            place = _at(city, unit) if unit.kind == "ward" else Place(district=unit)
            groups[frozenset(area for area in named if lies_in(city, place, area))].append(place)
    return groups


def _kinds(city: City, possible: Sequence[str]) -> list[str]:
    """Return the kinds between which rules tell, and one for all others; the usual one first."""
    named = {rule.kind for rule in city.responsibilities}
    others = [kind for kind in possible if kind not in named]
    return sorted({*(kind for kind in possible if kind in named), *others[:1]}, key=_usual_first)


def _usual_first(kind: str) -> tuple[bool, str]:
    return kind != FEEDBACK, kind


def _situations(kinds: Iterable[str]) -> list[Situation]:
    return [
        Situation(kind=kind, road=road, hours=hours) for kind, hours, road in product(kinds, _HOURS, _ROADS)
    ]


class _Way:
    """The rules that match the same situations, in order: which of them is first in which place.

    Rules tell of a place only whether it lies in their area, so the first of each area is all that counts.
    """

    def __init__(self, rules: Sequence[Responsibility]) -> None:
        self.rules = rules
        self._heads: dict[str, int] = {}
        for number, rule in enumerate(rules):
            self._heads.setdefault(rule.area, number)

    def first(self, areas: Areas) -> Responsibility | None:
        """Return the rule that comes first where these areas meet."""
        heads = [self._heads[area] for area in ("*", *areas) if area in self._heads]
        return self.rules[min(heads)] if heads else None


def _ways_of(
    city: City, domain: str, situations: Iterable[Situation]
) -> dict[tuple[int, ...], tuple[_Way, Situation]]:
    """Return each way, by which rules of the city it has, with the first of its situations."""
    rules = city.rules_for(domain)
    found: dict[tuple[int, ...], tuple[_Way, Situation]] = {}
    for situation in situations:
        matching = [rule for rule in rules if matches(rule, situation)]
        found.setdefault(tuple(map(id, matching)), (_Way(matching), situation))
    return found


def _unreached_rules(city: City, areas: Sequence[Areas]) -> Iterator[Problem]:
    """Yield each rule that is first for nothing at all: every combination is tried."""
    situations = _situations(_kinds(city, KINDS))
    every = [_ways_of(city, domain, situations) for domain in (*city.domains, _ANYTHING)]
    ways = [way for way, _ in {rules: way for found in every for rules, way in found.items()}.values()]
    first = {rule.position for way, place in product(ways, areas) if (rule := way.first(place)) is not None}
    unreached = [rule for rule in _ordered(city) if rule.position not in first]
    before = _come_before(ways, areas, {rule.position for rule in unreached})
    for rule in unreached:
        what = f"{name_of(rule)} is never reached: {_taken_by(before[rule.position])}"
        yield Problem(text=what, fault=Fault.UNREACHED, position=rule.position)


def _come_before(
    ways: Iterable[_Way], areas: Iterable[Areas], positions: set[int]
) -> dict[int, dict[int, Responsibility]]:
    """Return which rules come first where these would match."""
    before: dict[int, dict[int, Responsibility]] = defaultdict(dict)
    for way, place in product(ways, areas if positions else ()):
        head = way.first(place)
        for rule in way.rules if head is not None else ():
            if rule.position in positions and rule.area in ("*", *place) and head is not None:
                before[rule.position][head.position] = head
    return before


def _taken_by(before: Mapping[int, Responsibility]) -> str:
    names = [name_of(rule) for _, rule in sorted(before.items())]
    if not names:
        return "there is nothing that it speaks of"
    more = f" and {len(names) - _EXAMPLES} more" if len(names) > _EXAMPLES else ""
    return f"{', '.join(names[:_EXAMPLES])}{more} come{'s' if len(names) == 1 else ''} first"


# ── places that reach nobody ─────────────────────────────────────────────────────────────────────

Found = tuple[str, Unit, Assignment]
"""A domain, a ward, and to whom that leads."""


def _assignments(city: City, groups: Mapping[Areas, Sequence[Place]]) -> list[Found]:
    """Return for each domain and ward every assignment that there can be there.

    Tried in each kind that becomes a case, in working time and outside, without a street, on a main road
    and in an alley. Places alike are led by the same rules, so these are looked for once a group.
    """
    situations = _situations(_kinds(city, _FILED))
    found: list[Found] = []
    for domain in city.domains:
        ways = list(_ways_of(city, domain, situations).values())
        for areas, places in groups.items():
            wards = [(place, place.ward) for place in places if place.ward is not None]
            led = _led_by(ways, areas)
            found += [(domain, ward, _led(city, domain, place, *by)) for place, ward in wards for by in led]
    return found


def _led_by(
    ways: Iterable[tuple[_Way, Situation]], areas: Areas
) -> list[tuple[Responsibility | None, Situation]]:
    """Return each rule that is first for some situation there, and None where none is."""
    found: dict[int | None, tuple[Responsibility | None, Situation]] = {}
    for way, situation in ways:
        rule = way.first(areas)
        found.setdefault(rule.position if rule else None, (rule, situation))
    return list(found.values())


def _led(
    city: City, domain: str, place: Place, rule: Responsibility | None, situation: Situation
) -> Assignment:
    if rule is None:
        return decide(city, domain=domain, place=place, situation=situation)
    return apply(city, rule, domain=domain, place=place)


def _holes(found: Iterable[Found], *, wards: int) -> Iterator[Problem]:
    for (domain, why), (position, codes) in _wards_that_reach_nobody(found).items():
        some = ", ".join(codes[:_EXAMPLES]) + (", …" if len(codes) > _EXAMPLES else "")
        where = "every ward" if len(codes) == wards else f"{len(codes)} of {wards} wards ({some})"
        yield Problem(
            text=f"{domain} reaches nobody in {where}: {why}",
            fault=Fault.HOLE,
            position=position,
            domain=domain,
            wards=tuple(codes),
        )


def _wards_that_reach_nobody(
    found: Iterable[Found],
) -> dict[tuple[str, str], tuple[int | None, list[str]]]:
    """Return wards by domain and cause, with the cause's rule; one cause for a domain and ward is enough."""
    holes: dict[tuple[str, str], tuple[int | None, list[str]]] = {}
    told: set[tuple[str, str]] = set()
    for domain, ward, each in found:
        if each.unit is not None or (domain, ward.code) in told:
            continue
        told.add((domain, ward.code))
        position = each.rule.position if each.rule else None
        holes.setdefault((domain, each.reason), (position, []))[1].append(ward.code)
    return holes
