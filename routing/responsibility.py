"""Who must answer: ordered rules as data, the first that matches wins, and the answer names its rule."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from routing.kind import FEEDBACK
from routing.organisation import City, Responsibility, Unit
from routing.organisation.city import is_relative
from routing.place import FormerWard
from routing.vietnamese import normalise

DISPATCH_UNIT = "bo-phan-dieu-phoi"
"""The unit of the dispatchers: a rule that leads there leaves the choice of a unit to them."""

# "Kiệt", "thôn", "ấp" and "xóm" are also parts of street names (Lý Thường Kiệt, Ấp Bắc): only in front.
_ALLEY = re.compile(
    r"\b(ngõ|ngách|hẻm|ngach|hem)\b|\bngo\s+\d"
    r"|(^|[,;]|\d)\s*(đường\s+|duong\s+)?(kiệt|kiet)\s+\d|^k\d+(/|\b)"
    r"|(^|[,;])\s*(đường\s+)?(xóm|thôn|xom|thon|ấp\s+\d|ap\s+\d|liên thôn|làng|nội bộ)\b"
    r"|\d+[a-z]?/\d+",
    re.IGNORECASE,
)


def road_of(street: str | None) -> str | None:
    """Return "alley" for a lane (ngõ, ngách, hẻm, kiệt …, 12/34), "main" for another named street."""
    if street is None or not street.strip():
        return None
    return "alley" if _ALLEY.search(normalise(street)) else "main"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Who answers, by which rule, and why, for the record. Without a unit a dispatcher must decide.

    needs_place: the rule is known and only the ward is missing: worth asking the citizen for. supporting:
    the units that contribute, in the rule's order, never the one that answers. dispatched: by the rule
    itself a dispatcher decides, so that nothing is wrong with it.
    """

    unit: Unit | None
    rule: Responsibility | None
    reason: str
    needs_place: bool = False
    supporting: tuple[Unit, ...] = ()
    dispatched: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a case is, as units of the tree: the ward, or only the district, or neither."""

    ward: Unit | None = None
    district: Unit | None = None

    @property
    def unit(self) -> Unit | None:
        return self.ward or self.district


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """What rules ask about besides the domain and the place; hours is "working", "off" or not known."""

    kind: str
    road: str | None = None
    hours: str | None = None


def assign(
    city: City,
    *,
    domain: str,
    kind: str,
    ward_code: str | None,
    former: Sequence[FormerWard] = (),
    street: str | None,
    received_at: datetime | None = None,
) -> Assignment:
    """Return who answers for a case of this domain and kind at this place.

    ward_code: today's commune, which decides in two tiers. former: the former communes that are meant,
    which decide in three tiers; several that do not agree leave their common district, or nothing.
    received_at: decides between working time and outside; without it rules for either are for nobody. Of
    units that are over on the city's day, those that took over answer.
    """
    situation = Situation(kind=kind, road=road_of(street), hours=hours_of(city, received_at))
    return decide(city, domain=domain, place=_place(city, ward_code, former), situation=situation)


def assign_case(
    city: City,
    *,
    domain: str,
    kind: str,
    ward_code: str | None,
    former: Sequence[FormerWard] = (),
    street: str | None,
    received_at: datetime | None = None,
) -> Assignment:
    """Return who gets a case, as `assign`: what the rules leave to the dispatchers waits for one of them."""
    found = assign(
        city,
        domain=domain,
        kind=kind,
        ward_code=ward_code,
        former=former,
        street=street,
        received_at=received_at,
    )
    if found.unit is None or found.unit.code != DISPATCH_UNIT:
        return found
    return replace(found, unit=None, supporting=(), dispatched=True)


def hours_of(city: City, at: datetime | None) -> str | None:
    """Return "working" or "off" for a moment, as rules name it; None for none."""
    if at is None:
        return None
    return "working" if city.calendar.is_working_time(at) else "off"


def decide(city: City, *, domain: str, place: Place, situation: Situation) -> Assignment:
    """Return who answers at a place of the tree."""
    for rule in city.rules_for(domain):
        if matches(rule, situation) and (rule.area == "*" or lies_in(city, place, rule.area)):
            return apply(city, rule, domain=domain, place=place)
    return Assignment(unit=None, rule=None, reason=_no_rule(situation))


def _no_rule(situation: Situation) -> str:
    """Say for what there is no rule; the usual kind and the usual hours go without saying."""
    told = [f"road {situation.road or 'not known'}"]
    told += [f"kind {situation.kind}"] if situation.kind != FEEDBACK else []
    told += ["outside working time"] if situation.hours == "off" else []
    return f"no rule matches {', '.join(told)}"


def _place(city: City, ward_code: str | None, former: Sequence[FormerWard]) -> Place:
    if city.tiers == 2:
        return Place(ward=city.ward_unit(ward_code) if ward_code is not None else None)
    wards = {city.former_ward_unit(each.name, each.district) for each in former}
    districts = {city.district_unit(each.district) for each in former}
    return Place(
        ward=wards.pop() if len(wards) == 1 else None,
        district=districts.pop() if len(districts) == 1 else None,
    )


def matches(rule: Responsibility, situation: Situation) -> bool:
    """Tell whether a rule is for this kind, road and time; its domain and its area are asked elsewhere."""
    return (
        rule.kind in ("*", situation.kind)
        and rule.road in ("*", situation.road)
        and rule.hours in ("*", situation.hours)
    )


def lies_in(city: City, place: Place, area: str) -> bool:
    """Tell whether a place lies in the area of a rule that names one."""
    if area.startswith("ward:"):
        return place.ward is not None and f"ward:{place.ward.ward_code}" == area
    return place.unit is not None and city.is_within(place.unit.code, area)


def apply(city: City, rule: Responsibility, *, domain: str, place: Place) -> Assignment:
    """Return whom a rule that matches leads to, or why to nobody."""
    if is_relative(rule.unit) and place.unit is None:
        reason = f"{name_of(rule)} → {rule.unit}: the place is not known"
        return Assignment(unit=None, rule=rule, reason=reason, needs_place=True)
    unit = unit_named(city, rule.unit, place)
    hindrance = _hindrance(city, unit, domain=domain)
    if unit is None or hindrance:
        shown = rule.unit if unit is None or not is_relative(rule.unit) else f"{rule.unit} ({unit.kind})"
        return Assignment(unit=None, rule=rule, reason=f"{name_of(rule)} → {shown}, which {hindrance}")
    supporting = tuple(_supporting(city, rule, unit, domain=domain, place=place))
    told = f" with {', '.join(each.code for each in supporting)}" if supporting else ""
    reason = f"{name_of(rule)} → {unit.code}{told}"
    return Assignment(unit=unit, rule=rule, reason=reason, supporting=supporting)


def _hindrance(city: City, unit: Unit | None, *, domain: str) -> str:
    """Return why a unit cannot have a case; empty for no reason."""
    if unit is None:
        return "does not exist here"
    if not city.is_valid(unit.code):
        return "is over"
    if unit.kind == "ward" and is_restricted(city, domain):
        return "may not have restricted cases"
    return ""


def is_restricted(city: City, domain: str) -> bool:
    """Tell whether a domain is kept from the units that are complained about."""
    return domain in city.domains and city.domains[domain].restricted


def _supporting(city: City, rule: Responsibility, lead: Unit, *, domain: str, place: Place) -> Iterator[Unit]:
    """Yield each supporting unit that there is, once."""
    seen = {lead.code}
    for template in rule.supporting:
        unit = unit_named(city, template, place)
        if unit is None or unit.code in seen or _hindrance(city, unit, domain=domain):
            continue
        seen.add(unit.code)
        yield unit


def unit_named(city: City, template: str, place: Place) -> Unit | None:
    """Fill in "@ward" and "@district". Where only the district is known, it stands in for the ward.

    Of a unit that is over, the one that took over at this place; without any, the unit that is over.
    """
    district = place.district or (city.district_of(place.ward.code) if place.ward else None)
    for ward in (place.ward, district):
        code = template.replace("@ward", ward.code if ward else "@")
        code = code.replace("@district", district.code if district else "@")
        if code in city.units:
            heir = city.heir(code, place.ward.ward_code if place.ward else None)
            return city.units[heir or code]
    return None


def name_of(rule: Responsibility) -> str:
    """Return a rule's number and what it is limited to, as reasons name it."""
    scope = {
        "domain": rule.domain,
        "kind": rule.kind,
        "area": rule.area,
        "road": rule.road,
        "hours": rule.hours,
    }
    told = ", ".join(f"{key} {value}" for key, value in scope.items() if value != "*")
    return f"rule {rule.position} ({told or 'everything'})"


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedRule:
    """A rule as an assignment's reason names it: its number and what it is limited to (empty: everything)."""

    position: int
    limits: Mapping[str, str]


_REASON = re.compile(r"rule (\d+) \((.*?)\)")


def named_rule(reason: str) -> NamedRule | None:
    """Return the rule that an assignment's reason names, as it stood then; None when it names none."""
    found = _REASON.match(reason)
    if found is None:
        return None
    told = [part.partition(" ") for part in found[2].split(", ") if " " in part]
    return NamedRule(position=int(found[1]), limits={key: value for key, _, value in told})
