"""Finding a province by whatever a person calls it."""

from functools import cache

from rapidfuzz import fuzz, process

from routing.places.gazetteer import gazetteer, key_of
from routing.places.units import Province

_LEADING = ("thanhpho", "tinh", "tp")


@cache
def _province_keys() -> dict[str, int]:
    """Return every key a province is known by: names today and former, aliases, slugs."""
    places = gazetteer()
    keys = {key: names[0].province for key, names in places.province_names.items()}
    keys |= {key_of(province.slug): index for index, province in enumerate(places.provinces)}
    return keys


def find_province_index(name: str) -> int | None:
    """Return the index of the province that a name, abbreviation or slug means."""
    keys = _province_keys()
    key = key_of(name)
    for candidate in (key, *(key.removeprefix(word) for word in _LEADING if key.startswith(word))):
        if candidate in keys:
            return keys[candidate]
    return None


def find_province(name: str) -> Province | None:
    """Return today's province for a name, however typed; former provinces lead to today's."""
    index = find_province_index(name)
    return None if index is None else gazetteer().provinces[index]


def nearest_provinces(name: str, limit: int = 3) -> tuple[Province, ...]:
    """Return the provinces whose names look most like a name, best first."""
    places = gazetteer()
    keys = _province_keys()
    found = process.extract(
        key_of(name), [key for key in keys if len(key) > 2], scorer=fuzz.WRatio, limit=4 * limit
    )
    indexes = dict.fromkeys(keys[key] for key, _, _ in found)
    return tuple(places.provinces[index] for index in list(indexes)[:limit])


def provinces() -> tuple[Province, ...]:
    """Return today's 34 provinces and cities."""
    return gazetteer().provinces
