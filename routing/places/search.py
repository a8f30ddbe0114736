"""Looking up what a person typed when asked for a province or a ward."""

from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from routing.places.gazetteer import Name, gazetteer, key_of
from routing.places.mentions import match_names, unit_word
from routing.places.units import FormerWard, Province, Ward
from routing.places.words import split_words

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


def find_wards(query: str, *, province: str | None, limit: int = 6) -> tuple[Ward, ...]:
    """Return today's wards for what a person typed when asked for the ward, best first; slips are tolerated."""
    places = gazetteer()
    words = split_words(query)[:12]
    if not words:
        return ()
    home = find_province_index(province) if province else None
    word, start = unit_word(words)
    exact = [match.unit for match in match_names(words, start, places.names) if match.end == len(words)]
    found = _wards_of_names(exact, word, home)
    if start and not found:
        found = _wards_of_names([m.unit for m in match_names(words, 0, places.names)], "", home)
    if not found:
        key = "".join(word.key for word in words[start:])
        found = _wards_of_names(_similar_names(key, home), word, home)
    return tuple(places.wards[index] for index in found[:limit])


def _similar_names(key: str, home: int | None) -> list[Name]:
    if len(key) < 3:
        return []
    places = gazetteer()
    close = process.extract(key, _keys_in(home), scorer=fuzz.ratio, score_cutoff=70, limit=8)
    begun = [known for known in _keys_in(home) if known.startswith(key)][:8]
    return [
        name
        for known in dict.fromkeys([*begun, *(known for known, _, _ in close)])
        for name in places.names[known]
    ]


@lru_cache(maxsize=64)
def _keys_in(home: int | None) -> tuple[str, ...]:
    places = gazetteer()
    return tuple(
        key
        for key, names in places.names.items()
        if not key.isdecimal() and (home is None or any(places.province_of(name) == home for name in names))
    )


def _wards_of_names(names: list[Name], word: str, home: int | None) -> list[int]:
    """Return today's wards of names inside the province, names of the kind typed and of today first."""
    places = gazetteer()
    inside = [name for name in names if home is None or places.province_of(name) == home]
    inside.sort(key=lambda name: (bool(word) and name.word != word, name.kind != "present"))
    return list(dict.fromkeys(index for name in inside for index in places.today(name)))


def provinces() -> tuple[Province, ...]:
    """Return today's 34 provinces and cities."""
    return gazetteer().provinces


def wards_of(province_slug: str) -> tuple[Ward, ...]:
    """Return today's wards of a province."""
    return tuple(ward for ward in gazetteer().wards if ward.province == province_slug)


def former_wards_of(province_slug: str) -> tuple[FormerWard, ...]:
    """Return the wards, with their districts, that a province of today had until 30 June 2025."""
    return tuple(ward for ward in gazetteer().former if ward.province == province_slug and ward.name)
