"""Where it is: the wards that somebody types, and those around a position."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from handlers.channel import Location
from routing.organisation import City, slugify
from routing.place import Borders, Ward, find_wards, wards_at
from storage.borders import load_borders
from storage.database import Transaction

SURE = 0.9
"""At this probability 97 of 100 positions are in the ward that is thought."""
ENOUGH = 0.95
MOST_NEAR = 3


def wards_named(city: City, query: str) -> tuple[Ward, ...]:
    """Return the city's wards that a typed name may mean, best first."""
    wanted = slugify(query)
    if city.tiers == 2:
        found = find_wards(query, province=city.province)
        exact = tuple(ward for ward in found if wanted in (slugify(ward.name), _short(ward.name)))
        return exact or found
    return tuple(
        Ward(code=unit.code, name=unit.name, province=city.province)
        for unit in city.wards()
        if wanted and slugify(unit.name).endswith(wanted)
    )[:6]


def _short(name: str) -> str:
    """Return a ward's name as a code, without the word for its kind."""
    return slugify(name.partition(" ")[2])


async def with_borders(transaction: Transaction, city: City) -> City:
    """Return a city with the borders of its wards, if an operator imported any."""
    stored = await load_borders(transaction)
    return replace(city, borders=await asyncio.to_thread(Borders.from_dict, stored)) if stored else city


def wards_around(city: City, location: Location) -> tuple[Ward, ...]:
    """Return the ward of a position, or up to three that it may be in; nothing outside the city.

    The imported borders tell exactly; where there are none, a score tells, and how sure it is.
    """
    if city.borders and (exact := city.borders.wards_at(location.latitude, location.longitude)):
        return exact[:MOST_NEAR]
    found = wards_at(location.latitude, location.longitude, province=city.province)
    if city.borders:
        found = _without(found, city.borders.codes)
    if found and found[0][1] >= SURE:
        return (found[0][0],)
    return _until_enough(found)


def _without(found: Sequence[tuple[Ward, float]], codes: frozenset[str]) -> tuple[tuple[Ward, float], ...]:
    """Return the wards whose borders are not known, if any: the position lies outside the others."""
    left = [(ward, share) for ward, share in found if ward.code not in codes]
    total = sum(share for _, share in left)
    return tuple((ward, share / total) for ward, share in left) or tuple(found)


def _until_enough(found: Sequence[tuple[Ward, float]]) -> tuple[Ward, ...]:
    chosen: list[Ward] = []
    total = 0.0
    for ward, probability in found[:MOST_NEAR]:
        chosen.append(ward)
        total += probability
        if total >= ENOUGH:
            break
    return tuple(chosen)
