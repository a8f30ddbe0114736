"""Who must answer: ordered rules as data, the first that matches wins, and the answer names its rule."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from routing.organisation import City, Responsibility, Unit
from routing.organisation.city import is_relative
from routing.place import FormerWard
from routing.vietnamese import normalise

# "Kiệt", "thôn", "ấp" and "xóm" are also parts of street names (Lý Thường Kiệt, Ấp Bắc): only in front.
_ALLEY = re.compile(
    r"\b(ngõ|ngách|hẻm|ngach|hem)\b|\bngo\s+\d"
    r"|(^|[,;]|\d)\s*(đường\s+|duong\s+)?(kiệt|kiet)\s+\d|^k\d+(/|\b)"
    r"|(^|[,;])\s*(đường\s+)?(xóm|thôn|xom|thon|ấp\s+\d|ap\s+\d|liên thôn|làng|nội bộ)\b"
    r"|\d+[a-z]?/\d+",
    re.IGNORECASE,
)
_EXAMPLES = 5


def road_of(street: str | None) -> str | None:
    """Return "alley" for a lane (ngõ, ngách, hẻm, kiệt …, 12/34), "main" for another named street."""
    if street is None or not street.strip():
        return None
    return "alley" if _ALLEY.search(normalise(street)) else "main"


@dataclass(frozen=True, kw_only=True, slots=True)
class Assignment:
    """Who answers, by which rule, and why, for the record. Without a unit a dispatcher must decide.

    needs_place: the rule is known and only the ward is missing: worth asking the citizen for.
    """

    unit: Unit | None
    rule: Responsibility | None
    reason: str
    needs_place: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class _Place:
    """Where a case is, as units of the tree: the ward, or only the district, or neither."""

    ward: Unit | None = None
    district: Unit | None = None

    @property
    def unit(self) -> Unit | None:
        return self.ward or self.district


def assign(
    city: City,
    *,
    domain: str,
    kind: str,
    ward_code: str | None,
    former: Sequence[FormerWard] = (),
    street: str | None,
) -> Assignment:
    """Return who answers for a case of this domain and kind at this place.

    ward_code: today's commune, which decides in two tiers. former: the former communes that are meant,
    which decide in three tiers; several that do not agree leave their common district, or nothing.
    """
    place = _place(city, ward_code, former)
    return _decide(city, domain=domain, kind=kind, place=place, road=road_of(street))


def _decide(city: City, *, domain: str, kind: str, place: _Place, road: str | None) -> Assignment:
    for rule in city.rules_for(domain):
        if _matches(city, rule, kind=kind, place=place, road=road):
            return _apply(city, rule, place)
    return Assignment(unit=None, rule=None, reason=f"no rule matches road {road or 'not known'}")


def _place(city: City, ward_code: str | None, former: Sequence[FormerWard]) -> _Place:
    if city.tiers == 2:
        return _Place(ward=city.ward_unit(ward_code) if ward_code is not None else None)
    wards = {city.former_ward_unit(each.name, each.district) for each in former}
    districts = {city.district_unit(each.district) for each in former}
    return _Place(
        ward=wards.pop() if len(wards) == 1 else None,
        district=districts.pop() if len(districts) == 1 else None,
    )


def _matches(city: City, rule: Responsibility, *, kind: str, place: _Place, road: str | None) -> bool:
    return (
        rule.kind in ("*", kind)
        and (rule.road == "*" or rule.road == road)
        and (rule.area == "*" or _lies_in(city, place, rule.area))
    )


def _lies_in(city: City, place: _Place, area: str) -> bool:
    if area.startswith("ward:"):
        return place.ward is not None and f"ward:{place.ward.ward_code}" == area
    return place.unit is not None and city.is_within(place.unit.code, area)


def _apply(city: City, rule: Responsibility, place: _Place) -> Assignment:
    named = _named(rule)
    if is_relative(rule.unit) and place.unit is None:
        reason = f"{named} → {rule.unit}: the place is not known"
        return Assignment(unit=None, rule=rule, reason=reason, needs_place=True)
    unit = _unit_of(city, rule.unit, place)
    reason = f"{named} → {unit.code if unit else f'{rule.unit}, which does not exist here'}"
    return Assignment(unit=unit, rule=rule, reason=reason)


def _unit_of(city: City, template: str, place: _Place) -> Unit | None:
    """Fill in "@ward" and "@district". Where only the district is known, it stands in for the ward."""
    district = place.district or (city.district_of(place.ward.code) if place.ward else None)
    for ward in (place.ward, district):
        code = template.replace("@ward", ward.code if ward else "@")
        code = code.replace("@district", district.code if district else "@")
        if code in city.units:
            return city.units[code]
    return None


def _named(rule: Responsibility) -> str:
    scope = {"domain": rule.domain, "kind": rule.kind, "area": rule.area, "road": rule.road}
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """A fault in a city's rules, as a sentence. domain and wards say where somebody reaches nobody."""

    text: str
    domain: str | None = None
    wards: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


def check(city: City) -> list[Problem]:
    """Return what is wrong with a city's rules: broken rules, rules that never match, and holes.

    A hole is a (domain, ward) that reaches nobody; those of one domain with one cause are one problem.
    """
    return [*_broken_rules(city), *_unreachable_rules(city), *_holes(city)]


def _broken_rules(city: City) -> Iterator[Problem]:
    for rule in city.responsibilities:
        if rule.domain != "*" and rule.domain not in city.domains:
            yield Problem(text=f"{_named(rule)}: unknown domain {rule.domain!r}")
        if not is_relative(rule.unit) and rule.unit not in city.units:
            yield Problem(text=f"{_named(rule)}: unit {rule.unit!r} does not exist")
        if not _area_exists(city, rule.area):
            yield Problem(text=f"{_named(rule)}: area {rule.area!r} does not exist")


def _area_exists(city: City, area: str) -> bool:
    if area.startswith("ward:"):
        return city.ward_unit(area.removeprefix("ward:")) is not None
    return area == "*" or area in city.units


def _unreachable_rules(city: City) -> Iterator[Problem]:
    ordered = sorted(city.responsibilities, key=lambda rule: rule.position)
    for index, rule in enumerate(ordered):
        cover = next((earlier for earlier in ordered[:index] if _covers(city, earlier, rule)), None)
        if cover is not None:
            yield Problem(text=f"{_named(rule)} is never reached: {_named(cover)} comes first")


def _covers(city: City, earlier: Responsibility, later: Responsibility) -> bool:
    return (
        earlier.domain in ("*", later.domain)
        and earlier.kind in ("*", later.kind)
        and earlier.road in ("*", later.road)
        and _area_covers(city, earlier.area, later.area)
    )


def _area_covers(city: City, earlier: str, later: str) -> bool:
    if earlier in ("*", later):
        return True
    ward = city.ward_unit(later.removeprefix("ward:")) if later.startswith("ward:") else city.units.get(later)
    return ward is not None and city.is_within(ward.code, earlier)


def _holes(city: City) -> Iterator[Problem]:
    wards = len(city.wards())
    for (domain, why), codes in _wards_that_reach_nobody(city).items():
        some = ", ".join(codes[:_EXAMPLES]) + (", …" if len(codes) > _EXAMPLES else "")
        where = "every ward" if len(codes) == wards else f"{len(codes)} of {wards} wards ({some})"
        yield Problem(text=f"{domain} reaches nobody in {where}: {why}", domain=domain, wards=tuple(codes))


def _wards_that_reach_nobody(city: City) -> dict[tuple[str, str], list[str]]:
    """Return wards by domain and cause. Each is tried without a street, on a main road and in an alley."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for ward in city.wards():
        place = _Place(ward=ward, district=city.district_of(ward.code))
        for domain in city.domains:
            tried = (
                _decide(city, domain=domain, kind="feedback", place=place, road=road)
                for road in (None, "main", "alley")
            )
            nobody = next((each for each in tried if each.unit is None), None)
            if nobody is not None:
                found[domain, nobody.reason].append(ward.code)
    return found
