"""Finding the unit that an official means: likely ones to offer, and typed names with slips."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from rapidfuzz import fuzz, process

from handlers import access
from routing.deadline import LOCAL_TIME
from routing.organisation import City, Unit, slugify
from storage.cases import Case

MOST = 6
"""How many units are offered at once."""
_CLOSE_ENOUGH = 75


def existing(city: City, now: datetime) -> list[Unit]:
    """Return the units that exist today, in the order of the tree."""
    today = now.astimezone(LOCAL_TIME).date()
    return [
        unit
        for unit in city.units.values()
        if (unit.valid_from is None or unit.valid_from <= today)
        and (unit.valid_to is None or today <= unit.valid_to)
    ]


def likely(city: City, case: Case, now: datetime) -> list[Unit]:
    """Return the units that a case may well belong to, best first, without the one that has it.

    The ward of the place, whoever the city's rules name for the domain, what lies below and above the
    present unit, then the departments. A restricted case has only the units of its rules.
    """
    allowed = {unit.code for unit in existing(city, now) if access.may_receive(city, unit.code, case)}
    found = dict.fromkeys(code for code in _guesses(city, case) if code in allowed and code != case.unit_code)
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
    allowed = [
        unit
        for unit in existing(city, now)
        if access.may_receive(city, unit.code, case) and unit.code != case.unit_code
    ]
    return named(allowed, query)


def named(units: Iterable[Unit], query: str) -> list[Unit]:
    """Return the units with a name like the typed one, best first: with or without accents and kind."""
    wanted = _plain(query)
    by_code = {unit.code: unit for unit in units}
    names = {code: _plain(unit.name) for code, unit in by_code.items()}
    if not wanted:
        return []
    exact = [code for code, name in names.items() if name == wanted]
    inside = [code for code, name in names.items() if f" {wanted} " in f" {name} "]
    near = process.extract(wanted, names, scorer=fuzz.WRatio, score_cutoff=_CLOSE_ENOUGH, limit=MOST)
    found = exact or sorted(inside, key=lambda code: len(names[code])) or [code for _, _, code in near]
    return [by_code[code] for code in found[:MOST]]


def _plain(name: str) -> str:
    return slugify(name).replace("-", " ")


def label(city: City, unit: Unit) -> str:
    """Return a unit's name as a choice; a former ward's with its district, since names repeat."""
    parent = city.units.get(unit.parent or "")
    return f"{unit.name}, {parent.name}" if parent and parent.kind == "district" else unit.name
