"""Two trees after a reorganisation: cases as units then had them, and under the units that took over."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from routing.organisation import City
from routing.organisation.changing import with_rows


def as_now(city: City) -> dict[str, str]:
    """Return under which of today's units the cases of former units count; what is not there stays.

    A key is a unit's code, or "unit/ward" for its cases in one ward (official code): a unit that was divided
    is followed by the part in which the ward lies now. Where the place does not tell, the cases stay with
    the former unit, and nothing is guessed.
    """
    moved: dict[str, str] = {}
    for code in city.units:
        whole = _follow(city, code, None)
        if whole != code:
            moved[code] = whole
        for ward in _wards_of_parts(city, whole):
            part = _follow(city, code, ward)
            if part != whole:
                moved[f"{code}/{ward}"] = part
    return moved


def before(city: City, changes: Iterable[Mapping[str, Mapping[str, Any] | None]]) -> City:
    """Return a city with its units where they were before some changes, the latest change first.

    changes: the rows of the units that each touched, as they were, None for new ones
    (`routing.organisation.changing.rows_before`). New units stay where they came: they may have cases.
    """
    was = city
    for rows in changes:
        was = with_rows(was, rows)
    return city if was is city else replace(was, units={**city.units, **was.units})


def directly_below(city: City, code: str) -> frozenset[str]:
    """Return the codes of the units directly below one, former ones too."""
    return frozenset(unit.code for unit in city.units.values() if unit.parent == code)


def counted_below(city: City, code: str, moved: Mapping[str, str]) -> dict[str, str]:
    """Return `moved` with every unit below one counted under that unit's child above it."""
    child_of = {below: child for child in directly_below(city, code) for below in city.subtree(child)}
    found = {below: child for below, child in child_of.items() if below != child}
    return found | {key: child_of.get(unit, unit) for key, unit in moved.items()}


def _follow(city: City, code: str, ward: str | None) -> str:
    """Return the unit that stands for one today, as far as it can be told."""
    passed: set[str] = set()
    while _is_former(city, code) and code not in passed:
        passed.add(code)
        successors = city.units[code].successors
        heirs = (
            successors if len(successors) == 1 else [each for each in successors if _holds(city, each, ward)]
        )
        if len(heirs) != 1:
            return code
        code = heirs[0]
    return code


def _is_former(city: City, code: str) -> bool:
    unit = city.units.get(code)
    return unit is not None and bool(unit.successors) and not city.is_valid(code)


def _holds(city: City, code: str, ward: str | None) -> bool:
    return ward is not None and ward in set(_wards(city, code))


def _wards(city: City, code: str) -> Iterator[str]:
    for below in city.subtree(code):
        ward = city.units[below].ward_code
        if ward is not None:
            yield ward


def _wards_of_parts(city: City, code: str) -> Iterator[str]:
    if _is_former(city, code):
        for part in city.units[code].successors:
            yield from _wards(city, part)
