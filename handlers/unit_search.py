"""Finding the unit that an official means: likely ones to offer, and typed names with slips."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from rapidfuzz import fuzz, process

from handlers import access
from routing.deadline import LOCAL_TIME
from routing.organisation import City, Unit, slugify
from routing.responsibility import DISPATCH_UNIT
from storage.cases import Case

MOST = 6
"""How many units are offered at once."""
_CLOSE_ENOUGH = 75


def existing(city: City, now: datetime) -> list[Unit]:
    """Return the units that exist today, in the order of the tree."""
    today = now.astimezone(LOCAL_TIME).date()
    return [unit for unit in city.units.values() if unit.exists_on(today)]


def possible(city: City, case: Case, now: datetime) -> dict[str, Unit]:
    """Return the units of today, by their codes, that a case may be given to, without the one that has it."""
    return {
        unit.code: unit
        for unit in existing(city, now)
        if access.may_receive(city, unit.code, case) and unit.code != case.unit_code
    }


def likely(city: City, case: Case, now: datetime) -> list[Unit]:
    """Return the units that a case may well belong to, best first, without the one that has it.

    The ward of the place, whoever the city's rules name for the domain, what lies below and above the
    present unit, then the departments. A restricted case has only the units of its rules.
    """
    allowed = possible(city, case, now)
    allowed.pop(DISPATCH_UNIT, None)  # dispatchers choose, they do not answer
    found = dict.fromkeys(code for code in _guesses(city, case) if code in allowed)
    return [city.units[code] for code in list(found)[:MOST]]


def _guesses(city: City, case: Case) -> Iterator[str]:
    ward = city.ward_unit(case.ward_code) if case.ward_code else None
    if ward is not None:
        yield ward.code
    for rule in city.rules_for(case.domain):
        yield rule.unit.replace("@ward", ward.code) if ward is not None else rule.unit
    present = city.units.get(case.unit_code or "")
    if present is not None:
        yield from (unit.code for unit in city.children(present.code))
        if present.parent is not None and city.units[present.parent].kind != "city":
            yield present.parent
    yield from (unit.code for unit in city.units.values() if unit.kind == "department")


def by_name(city: City, case: Case, query: str, now: datetime) -> list[Unit]:
    """Return the units that a case may go to with a name like the typed one, best first."""
    return named(possible(city, case, now).values(), query, taken_over=names_taken_over(city))


def named(
    units: Iterable[Unit], query: str, *, taken_over: Mapping[str, Sequence[str]] = MappingProxyType({})
) -> list[Unit]:
    """Return the units with a name like the typed one, best first: with or without accents and kind.

    Former names count too, and for each unit the names `taken_over` from units that are over.
    """
    by_code = {unit.code: unit for unit in units}
    names = {
        f"{number} {code}": name
        for code, unit in by_code.items()
        for number, name in enumerate((unit.name, *unit.former_names, *taken_over.get(code, ())))
    }
    codes = (key.partition(" ")[2] for key in alike(names, query))
    return [by_code[code] for code in dict.fromkeys(codes)]


def names_taken_over(city: City) -> dict[str, list[str]]:
    """Return, for each unit, what the units were called whose work it has now."""
    found: dict[str, list[str]] = defaultdict(list)
    for unit in city.units.values():
        if not city.is_valid(unit.code):
            for heir in dict.fromkeys(city.heir(code) for code in unit.successors):
                found[heir or ""] += [unit.name, *unit.former_names]
    return found


def alike(names: Mapping[str, str], query: str) -> list[str]:
    """Return the keys of the names like the typed one, best first, a few: with slips and without accents."""
    wanted = _plain(query)
    plain = {key: _plain(name) for key, name in names.items()}
    if not wanted:
        return []
    exact = [key for key, name in plain.items() if name == wanted]
    inside = [key for key, name in plain.items() if f" {wanted} " in f" {name} "]
    near = process.extract(wanted, plain, scorer=fuzz.WRatio, score_cutoff=_CLOSE_ENOUGH, limit=MOST)
    found = exact or sorted(inside, key=lambda key: len(plain[key])) or [key for _, _, key in near]
    return found[:MOST]


def _plain(name: str) -> str:
    return slugify(name).replace("-", " ")


def label(city: City, unit: Unit) -> str:
    """Return a unit's name as a choice; a former ward's with its district, since names repeat."""
    parent = city.units.get(unit.parent or "")
    return f"{unit.name}, {parent.name}" if parent and parent.kind == "district" else unit.name
