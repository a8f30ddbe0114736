"""Rules after a change of the tree: what named a unit that is over names who took over from it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from routing.organisation.city import City, Responsibility, Unit
from routing.organisation.succession import Succession

_STEP = 10


def rewrite_rules(
    city: City, units: Mapping[str, Unit], successions: Iterable[Succession]
) -> tuple[tuple[Responsibility, ...], list[str]]:
    """Return a city's rules for its new tree, and what the office should look at.

    A rule of a unit that was split becomes one for each part that has wards or areas, and one for the rest.
    """
    after = replace(city, units=units, day=None)
    ordered = sorted(city.responsibilities, key=lambda rule: rule.position)
    groups = [(rule, [rule]) for rule in ordered]
    notes: list[str] = []
    for succession in successions:
        groups = [
            (original, [new for rule in group for new in _rewritten(after, rule, succession)])
            for original, group in groups
        ]
        notes += _widened(ordered, succession, city)
    kept, dropped = _without_repeated(groups)
    return _numbered(kept), [*notes, *dropped]


def _rewritten(city: City, rule: Responsibility, succession: Succession) -> Iterator[Responsibility]:
    for area, owner in _areas(city, rule.area, succession):
        yield from _with_units(city, replace(rule, area=area), succession, owner)


def _areas(city: City, area: str, succession: Succession) -> list[tuple[str, str | None]]:
    """Return what a rule's area is now, each with the unit that took that part over."""
    was = city.units[succession.was]
    if area == was.code:
        return [(unit, unit) for unit in succession.units]
    if was.ward_code is not None and area == f"ward:{was.ward_code}":
        return [(_area_of(city.units[unit]), unit) for unit in succession.units]
    return [(area, None)]


def _area_of(unit: Unit) -> str:
    return f"ward:{unit.ward_code}" if unit.ward_code is not None else unit.code


def _with_units(
    city: City, rule: Responsibility, succession: Succession, owner: str | None
) -> Iterator[Responsibility]:
    rule = replace(rule, supporting=_supporting(rule, succession, owner))
    if rule.unit != succession.was:
        yield rule
        return
    fallback = succession.shares[0].unit if succession.ends else succession.was
    if owner is None and len(succession.shares) > 1:
        yield from _by_place(city, rule, succession, fallback)
    else:
        yield _led_by(rule, owner or fallback)


def _by_place(
    city: City, rule: Responsibility, succession: Succession, fallback: str
) -> Iterator[Responsibility]:
    """Yield the rules for the places of the parts, then the one for all other places."""
    for share in succession.shares:
        places = [f"ward:{ward}" for ward in share.wards] + list(share.areas)
        if share.unit != fallback:
            yield from (
                _led_by(replace(rule, area=area), share.unit)
                for place in places
                if (area := _common(city, rule.area, place)) is not None
            )
    yield _led_by(rule, fallback)


def _led_by(rule: Responsibility, unit: str) -> Responsibility:
    return replace(rule, unit=unit, supporting=tuple(each for each in rule.supporting if each != unit))


def _common(city: City, area: str, other: str) -> str | None:
    """Return the smaller of two areas if it lies in the other, else None."""
    if _inside(city, other, area):
        return other
    return area if _inside(city, area, other) else None


def _inside(city: City, area: str, other: str) -> bool:
    if other in ("*", area):
        return True
    ward = city.ward_unit(area.removeprefix("ward:")) if area.startswith("ward:") else city.units.get(area)
    return ward is not None and city.is_within(ward.code, other)


def _supporting(rule: Responsibility, succession: Succession, owner: str | None) -> tuple[str, ...]:
    if succession.was not in rule.supporting:
        return rule.supporting
    heirs = (owner,) if owner else succession.units
    named = (heirs if each == succession.was else (each,) for each in rule.supporting)
    return tuple(dict.fromkeys(each for codes in named for each in codes if each != rule.unit))


def _widened(rules: Iterable[Responsibility], succession: Succession, city: City) -> Iterator[str]:
    """Yield a note for each rule that now holds in the whole of a unit which was there before."""
    was = city.units.get(succession.was)
    if was is None or not succession.ends:
        return
    for unit in succession.units:
        for rule in rules:
            if unit in city.units and rule.area in (was.code, f"ward:{was.ward_code}"):
                yield f"rule {rule.position} was for {was.code} and holds in the whole of {unit} now"


def _without_repeated(
    groups: Sequence[tuple[Responsibility, Sequence[Responsibility]]],
) -> tuple[list[list[Responsibility]], list[str]]:
    """Leave out rules that would never be reached since an earlier one has become the same."""
    first: dict[tuple[str, ...], tuple[Responsibility, bool]] = {}
    kept: list[list[Responsibility]] = []
    notes = []
    for original, group in groups:
        kept.append([])
        for rule in group:
            scope = (rule.domain, rule.kind, rule.area, rule.road, rule.hours)
            changed = rule != original
            earlier, earlier_changed = first.setdefault(scope, (rule, changed))
            if earlier is not rule and (changed or earlier_changed):
                if earlier.unit != rule.unit:
                    notes.append(
                        f"rule {rule.position} ({rule.domain} → {rule.unit}) is dropped: "
                        f"rule {earlier.position} (→ {earlier.unit}) comes first in {rule.area}"
                    )
                continue
            kept[-1].append(rule)
    return kept, notes


def _numbered(groups: Sequence[Sequence[Responsibility]]) -> tuple[Responsibility, ...]:
    """Give rules that came in between numbers of their own; all of them anew where there is no room."""
    rules = [rule for group in groups for rule in group]
    kept = [
        replace(rule, position=rule.position + number)
        for group in groups
        for number, rule in enumerate(group)
    ]
    if all(former.position < later.position for former, later in pairwise(kept)):
        return tuple(kept)
    return tuple(replace(rule, position=_STEP * number) for number, rule in enumerate(rules, start=1))
