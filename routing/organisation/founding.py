"""Building a city from its name: every ward, the usual departments, rules, calendar and hours."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from routing.deadline import DeadlineRule
from routing.organisation.city import City, Domain, Responsibility, Unit, slugify
from routing.organisation.reading import read_calendar
from routing.place import Province, find_province, nearest_provinces, wards_of

_DATA = Path(__file__).resolve().parent.parent / "data"


class OrganisationError(Exception):
    """A city cannot be built."""


class UnknownProvince(OrganisationError):
    """No province has this name."""

    def __init__(self, name: str, nearest: Iterable[str]) -> None:
        self.name, self.nearest = name, tuple(nearest)
        hint = f"; did you mean {', '.join(self.nearest)}?" if self.nearest else ""
        super().__init__(f"no province is called {name!r}{hint}")


def build_city(province: str, *, tiers: int = 2) -> City:
    """Return a city with the usual units and rules, by any tolerated name of its province.

    Two tiers: today's communes. Three tiers: districts and communes until 30 June 2025, within the former
    province of the same name. Raises UnknownProvince, whose message lists the nearest names, and ValueError
    for another number of tiers.
    """
    if tiers not in (2, 3):
        raise ValueError("a city has 2 tiers (today) or 3 (until 30 June 2025)")
    found = find_province(province)
    if found is None:
        raise UnknownProvince(province, (each.short for each in nearest_provinces(province)))
    places = list(_present_units(found) if tiers == 2 else _former_units(found))
    root = Unit(code=found.slug, name=found.name, kind="city", parent=None)
    units = (root, *_departments(found), *places, *_police(places))
    return City(
        province=found.slug,
        name=found.short,
        tiers=tiers,
        units={unit.code: unit for unit in units},
        responsibilities=_responsibilities(found, tiers),
        calendar=read_calendar(_load("calendar")),
        deadlines=default_deadlines(),
        domains=default_domains(),
    )


def default_domains() -> dict[str, Domain]:
    """Return the shipped domains by id."""
    needs_proof = frozenset(_load("departments")["needs_proof"])
    return {
        entry["id"]: Domain(
            id=entry["id"],
            name=entry["name"],
            needs_proof=entry["id"] in needs_proof,
            restricted=entry.get("restricted", False),
        )
        for entry in _load("domains")
    }


def default_deadlines() -> dict[str, DeadlineRule]:
    """Return the shipped hours by domain."""
    data = _load("deadlines")
    return {
        domain: DeadlineRule(
            **{**hours, "escalate_hours": tuple(hours["escalate_hours"])},
            urgent_accept_hours=data["urgent_accept_hours"],
        )
        for domain, hours in data["domains"].items()
    }


def _load(name: str) -> Any:
    return json.loads((_DATA / f"{name}.json").read_text(encoding="utf-8"))


def _level(province: Province) -> dict[str, str]:
    is_city = province.name.startswith("Thành phố")
    return {
        "level": "thanh-pho" if is_city else "tinh",
        "level_name": "thành phố" if is_city else "tỉnh",
    }


def _departments(province: Province) -> Iterator[Unit]:
    level = _level(province)
    for entry in _load("departments")["units"]:
        if province.slug in entry.get("only_in", (province.slug,)):
            yield Unit(
                code=entry["code"].format(**level),
                name=entry["name"].format(**level),
                kind=entry["kind"],
                parent=entry.get("parent", province.slug),
            )


def _responsibilities(province: Province, tiers: int) -> tuple[Responsibility, ...]:
    rules = _load("departments")["responsibilities"][str(tiers)]
    return tuple(
        Responsibility(**{**rule, "unit": rule["unit"].format(**_level(province))}, position=10 * number)
        for number, rule in enumerate(rules, start=1)
    )


def _present_units(province: Province) -> Iterator[Unit]:
    wards = wards_of(province.slug)
    repeated = _repeated(ward.name for ward in wards)
    for ward in wards:
        slug = slugify(ward.name)
        yield Unit(
            code=f"{slug}-{ward.code}" if slug in repeated else slug,
            name=ward.name,
            kind="ward",
            parent=province.slug,
            ward_code=ward.code,
        )


def _former_units(province: Province) -> Iterator[Unit]:
    districts = _former_tree(province)
    repeated = _repeated(ward for wards in districts.values() for ward in wards)
    for district, wards in districts.items():
        code = slugify(district)
        yield Unit(code=code, name=district, kind="district", parent=province.slug)
        again = _repeated(wards)
        for number, ward in enumerate(wards, start=1):
            slug = slugify(ward)
            suffix = f"-{code}" if slug in repeated else ""
            suffix += f"-{number}" if slug in again else ""
            yield Unit(code=slug + suffix, name=ward, kind="ward", parent=code, former_ward=(ward, district))


def _police(places: Iterable[Unit]) -> Iterator[Unit]:
    for ward in places:
        if ward.kind == "ward":
            yield Unit(
                code=f"cong-an-{ward.code}",
                name=f"Công an {ward.name[0].lower()}{ward.name[1:]}",
                kind="office",
                parent=ward.code,
            )


def _repeated(names: Iterable[str]) -> frozenset[str]:
    return frozenset(slug for slug, count in Counter(map(slugify, names)).items() if count > 1)


@cache
def _former_tables() -> Mapping[str, Any]:
    tables = _load("places")
    return {name: tables[name] for name in ("former_provinces", "districts", "former_wards")}


def _former_tree(province: Province) -> dict[str, list[str]]:
    """Return the wards of each district of the former province of the same name, in the order of the data.

    Today's province may be made of three former ones, in which names of districts repeat.
    """
    tables = _former_tables()
    same_name = {
        number
        for number, (name, today) in enumerate(tables["former_provinces"])
        if slugify(name).removeprefix("thanh-pho-").removeprefix("tinh-") == slugify(province.short)
    }
    tree: dict[str, list[str]] = {}
    names = {}
    for number, (name, former) in enumerate(tables["districts"]):
        if former in same_name:
            names[number], tree[name] = name, []
    for ward, district, *_ in tables["former_wards"]:
        if district in names and ward:
            tree[names[district]].append(ward)
    return tree
