"""Whether two reports tell of the same incident: shared words by how rare they are, addresses, distance.

It only ever leads to a question; nothing is merged because of it. The threshold was chosen on written pairs
of reports (`tests/routing/duplicate_pairs.txt`); `docs/understanding.md` tells what it finds and misses.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from routing.vietnamese import normalise, strip_accents, words

_DATA = Path(__file__).parent / "data"
COUNTS_FILE = _DATA / "word_counts.json"
FEWEST_LINES = 3
"""A word that stands in fewer lines of the corpus counts as unknown: a name, most often."""

COMPARED_KINDS = ("emergency", "feedback", "suggestion")
"""Two questions are two people's; grievances and denunciations are nobody else's business."""
NEAR_METRES = 300
DAYS = 30
"""Older cases are not compared."""
THRESHOLD = 0.34
MOST_WORDS = 120
"""Words of a report that are compared: the rest of a very long one is left out."""

_SAME_STREET, _OTHER_STREET = 0.15, -0.05
_SAME_NUMBER, _OTHER_NUMBER, _OTHER_HOUSE = 0.15, -1.0, -0.3
"""Neighbours may give different house numbers for what lies between them."""
_VERY_NEAR_METRES, _VERY_NEAR, _NEAR, _FAR = 100, 0.15, 0.05, -0.15
_COMMON = 1.5
"""What is taken off the logarithm of a word's rarity: a word of every fifth report tells nothing."""

_CELL_DEGREES = 0.003
"""A square of the map, at least 300 m wide and high anywhere in Vietnam."""
_CELLS_IN_A_ROW = 200_000
_METRES_IN_A_DEGREE = 111_320

_PLACES = {
    "house": "so nha|nha so|sn|so",
    "alley": "ngo|hem|kiet",
    "branch": "ngach",
    "group": "to dan pho|to|tdp|xom|thon|khu pho|ap",
    "building": "toa nha|toa|block|lo|khu|chung cu|tap the",
    "pole": "cot den|tru den|cot dien|tru dien|cot|tru",
}
_NUMBER = r"\d{1,4}(?:/\d{1,4})*[a-z]?|[a-z]{1,2}\d{1,3}"
_NUMBERED = re.compile(
    "|".join(rf"\b(?P<{kind}>{names})(?:\s+so)?\s+(?:{_NUMBER})\b" for kind, names in _PLACES.items())
)
_LAST_NUMBER = re.compile(rf"(?:{_NUMBER})$")
_SIGN = "="
_ROUNDING = 1e-9
"""By how much sums of the same weights in another order may differ, and more."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """What is compared of one report. `words` come from `stored_words`, positions are degrees."""

    words: str
    ward: str = ""
    street: str = ""
    latitude: float | None = None
    longitude: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """The report that is most alike: its place in the list, and how alike it is (1.0: word for word)."""

    position: int
    likeness: float


# ── what is kept of a report ─────────────────────────────────────────────────────────────────────


def bare_words(text: str) -> list[str]:
    """Return the words of a text written out and without accents; numbers are left out."""
    return [strip_accents(word) for word in words(text) if not word[0].isdigit()]


@lru_cache(maxsize=512)  # asked for the same text when it is compared and when it is kept
def stored_words(text: str) -> str:
    """Return what is kept of a text to compare it by: its words, then its numbers like "alley=12"."""
    known = list(dict.fromkeys(bare_words(text)))[:MOST_WORDS]
    return " ".join([*known, *_numbers(text)])


def _numbers(text: str) -> list[str]:
    bare = strip_accents(normalise(text[:2000])).lower()
    found = []
    for match in _NUMBERED.finditer(bare):
        number = _LAST_NUMBER.search(match.group())
        if number and match.lastgroup:
            # "Ngõ 12/5" lies in alley 12, and most people there write only that.
            said = number.group().split("/")[0] if match.lastgroup == "alley" else number.group()
            found.append(f"{match.lastgroup}{_SIGN}{said}")
    return list(dict.fromkeys(found))


def cell_of(latitude: float | None, longitude: float | None) -> int | None:
    """Return the number of the square of the map that a position lies in; None without a position."""
    if latitude is None or longitude is None:
        return None
    row, column = math.floor(latitude / _CELL_DEGREES), math.floor(longitude / _CELL_DEGREES)
    return row * _CELLS_IN_A_ROW + column


def cells_around(latitude: float | None, longitude: float | None) -> tuple[int, ...]:
    """Return the squares that hold everything within 300 m of a position; none without one."""
    middle = cell_of(latitude, longitude)
    if middle is None:
        return ()
    return tuple(middle + rows * _CELLS_IN_A_ROW + columns for rows in (-1, 0, 1) for columns in (-1, 0, 1))


def domains_alike(domain: str) -> tuple[str, ...]:
    """Return the domains under which others may have reported the same; none where that is nobody's matter.

    A domain that a city has added stands alone.
    """
    table = _similar_domains()
    return () if domain in table["never"] else (domain, *table["neighbours"].get(domain, ()))


@cache
def _similar_domains() -> dict[str, dict[str, tuple[str, ...]]]:
    data = json.loads((_DATA / "similar_domains.json").read_text(encoding="utf-8"))
    neighbours: dict[str, tuple[str, ...]] = {}
    for one, other in data["neighbours"]:
        neighbours[one] = (*neighbours.get(one, ()), other)
        neighbours[other] = (*neighbours.get(other, ()), one)
    return {"neighbours": neighbours, "never": dict.fromkeys(data["never"], ())}


# ── comparing ────────────────────────────────────────────────────────────────────────────────────


def most_alike(report: Report, others: Sequence[Report], *, threshold: float = THRESHOLD) -> Match | None:
    """Return which of the others probably tells of the same incident, None for none."""
    best: Match | None = None
    for position in _worth_a_look(report, others, threshold):
        found = likeness(report, others[position])
        if found >= threshold and (best is None or found > best.likeness):
            best = Match(position=position, likeness=found)
    return best


def _worth_a_look(report: Report, others: Sequence[Report], threshold: float) -> Iterator[int]:
    """Yield the places of those that share a word that tells, and for which the threshold is in reach.

    Another number leaves out most of a street's reports. The cosine is at most the root of the shared part
    of the report's own length: quickly counted, and most reports of a ward share little.
    """
    told, street = _told(report), frozenset(_name_words(report.street))
    whole = {False: _length(told.words), True: _length(told.words - street)}
    for position, other in enumerate(others):
        told_too, on_street = _told(other), _street_bonus(report, other)
        needed = threshold - on_street - _distance_bonus(report, other) - _number_bonus(told, told_too)
        if needed > 1 + _ROUNDING:
            continue
        same_street, both = on_street > 0, told.words & told_too.words
        shared = _length(both - street if same_street else both)
        in_reach = shared + _ROUNDING >= whole[same_street] * max(0.0, needed) ** 2
        if in_reach and (shared > 0 or _length(both) > 0):
            yield position


def likeness(one: Report, other: Report) -> float:
    """Return how alike two reports are: the cosine of their words, and what their places say."""
    told, told_too = _told(one), _told(other)
    said, said_too = told.words, told_too.words
    if _street_bonus(one, other) > 0:
        street = frozenset(_name_words(one.street))
        said, said_too = said - street, said_too - street
    return _cosine(said, said_too) + _place_bonus(one, other) + _number_bonus(told, told_too)


@dataclass(frozen=True, slots=True)
class _Told:
    """A report's words without its ward's name, which everybody there writes, its numbers and their kinds."""

    words: frozenset[str]
    numbers: frozenset[str]
    kinds: frozenset[str]


@lru_cache(maxsize=2048)
def _split(stored: str, ward: str) -> _Told:
    parts = stored.split()
    numbers = frozenset(part for part in parts if _SIGN in part)
    words = frozenset(parts) - numbers - frozenset(_name_words(ward))
    return _Told(words, numbers, _kinds(numbers))


def _kinds(numbers: Iterable[str]) -> frozenset[str]:
    return frozenset([number.split(_SIGN)[0] for number in numbers])


def _told(report: Report) -> _Told:
    return _split(report.words, report.ward)


def _cosine(one: frozenset[str], other: frozenset[str]) -> float:
    together = _length(one & other)
    return together / math.sqrt(_length(one) * _length(other)) if together else 0.0


def _length(said: Iterable[str]) -> float:
    weights = _weights()
    unknown = weights[""]
    return sum([weights.get(word, unknown) for word in said])


@cache
def _weights() -> dict[str, float]:
    """Return the square of how much each word tells; under "" that of a word that is not known."""
    counted = json.loads(COUNTS_FILE.read_text(encoding="utf-8"))
    return {
        word: max(0.0, math.log(counted["lines"] / (lines + 5)) - _COMMON) ** 2
        for word, lines in {**counted["words"], "": 0}.items()
    }


@lru_cache(maxsize=4096)
def _name_words(name: str) -> tuple[str, ...]:
    return tuple(bare_words(name))


def _place_bonus(one: Report, other: Report) -> float:
    return _street_bonus(one, other) + _distance_bonus(one, other)


def _street_bonus(one: Report, other: Report) -> float:
    if not one.street or not other.street:
        return 0.0
    return _SAME_STREET if _name_words(one.street) == _name_words(other.street) else _OTHER_STREET


def _number_bonus(one: _Told, other: _Told) -> float:
    """Return what alleys, houses and the like say: one that differs weighs more than one that is shared."""
    kinds = one.kinds & other.kinds
    if not kinds:
        return 0.0
    shared = _kinds(one.numbers & other.numbers)
    if different := kinds - shared:
        return _OTHER_HOUSE if different == {"house"} else _OTHER_NUMBER
    return _SAME_NUMBER


def _distance_bonus(one: Report, other: Report) -> float:
    metres = metres_between(one, other)
    if metres is None:
        return 0.0
    if metres <= NEAR_METRES:
        return _VERY_NEAR if metres <= _VERY_NEAR_METRES else _NEAR
    return _FAR


def metres_between(one: Report, other: Report) -> float | None:
    """Return how far apart two reports were placed, None where one was not; exact enough within a city."""
    if one.latitude is None or one.longitude is None or other.latitude is None or other.longitude is None:
        return None
    north = (one.latitude - other.latitude) * _METRES_IN_A_DEGREE
    east = (one.longitude - other.longitude) * _METRES_IN_A_DEGREE * math.cos(math.radians(one.latitude))
    return math.hypot(north, east)
