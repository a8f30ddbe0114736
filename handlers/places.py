"""Where it is: the wards that somebody types, and those around a position."""

from collections.abc import Sequence

from handlers.channel import Location
from routing.organisation import City, slugify
from routing.place import Ward, find_wards, wards_at

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


def wards_around(city: City, location: Location) -> tuple[Ward, ...]:
    """Return the ward of a position, or up to three that it may be in; nothing outside the city."""
    found = wards_at(location.latitude, location.longitude, province=city.province)
    if found and found[0][1] >= SURE:
        return (found[0][0],)
    return _until_enough(found)


def _until_enough(found: Sequence[tuple[Ward, float]]) -> tuple[Ward, ...]:
    chosen: list[Ward] = []
    total = 0.0
    for ward, probability in found[:MOST_NEAR]:
        chosen.append(ward)
        total += probability
        if total >= ENOUGH:
            break
    return tuple(chosen)
