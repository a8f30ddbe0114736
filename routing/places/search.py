"""Looking up the ward that a person typed when asked for it, and listing the wards of a province."""

from functools import lru_cache

from rapidfuzz import fuzz, process

from routing.places.gazetteer import Name, gazetteer
from routing.places.mentions import match_names, unit_word
from routing.places.provinces import find_province_index
from routing.places.reading import read_place
from routing.places.units import FormerWard, Ward
from routing.places.words import split_words

_MOST_WORDS = 12
_LEAST_SIMILARITY = 70.0


def find_wards(query: str, *, province: str | None, limit: int = 6) -> tuple[Ward, ...]:
    """Return today's wards for what a person typed when asked for the ward, best first.

    Slips, missing accents, former names and beginnings of names are tolerated; wards outside the province,
    when one is given by its slug, are left out.
    """
    home = find_province_index(province) if province else None
    words = split_words(query, _MOST_WORDS)
    if not words:
        return ()
    places = gazetteer()
    read = read_place(query[: words[-1].end], province=province)
    if read.ward_named and read.district:
        found = [
            ward for ward in read.candidates if home is None or ward.province == places.provinces[home].slug
        ]
        if found:
            return tuple(found[:limit])
    word, start = unit_word(words)
    indexes = _wards_of_names(_longest_names(query, start), word, home)
    if not indexes:
        key = "".join(part.key for part in words[start:])
        indexes = _wards_of_names(_similar_names(key, home), word, home)
    return tuple(places.wards[index] for index in indexes[:limit])


def _longest_names(query: str, start: int) -> list[Name]:
    """Return the names that take the most words of a query, wherever in it they begin."""
    words = split_words(query, _MOST_WORDS)
    names = gazetteer().names
    found = [(m.end - at, m.unit) for at in range(start, len(words)) for m in match_names(words, at, names)]
    longest = max((length for length, _ in found), default=0)
    enough = longest >= 2 or start + longest == len(words)
    return [name for length, name in found if length == longest] if enough else []


def _similar_names(key: str, home: int | None) -> list[Name]:
    if len(key) < 3:
        return []
    keys = _keys_in(home)
    begun = [known for known in keys if known.startswith(key)][:8]
    close = process.extract(key, keys, scorer=fuzz.ratio, score_cutoff=_LEAST_SIMILARITY, limit=8)
    names = gazetteer().names
    return [
        name for known in dict.fromkeys([*begun, *(found for found, _, _ in close)]) for name in names[known]
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
    inside.sort(key=lambda name: bool(word) and name.word != word)
    return list(dict.fromkeys(index for name in inside for index in places.today(name)))


def wards_of(province_slug: str) -> tuple[Ward, ...]:
    """Return today's wards of a province."""
    return tuple(ward for ward in gazetteer().wards if ward.province == province_slug)


def former_wards_of(province_slug: str) -> tuple[FormerWard, ...]:
    """Return the wards, with their districts, that a province of today had until 30 June 2025."""
    return tuple(ward for ward in gazetteer().former if ward.province == province_slug and ward.name)
