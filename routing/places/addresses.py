"""What a text says beside the street: house number, alley, and the landmark that people steer by."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from routing.places.mentions import Mention
from routing.places.words import Word, agreement, is_capitalised, syllable_key, word_list
from routing.vietnamese import strip_accents

_MOST_ALLEYS = 3
_MOST_NAME = 6
_SMALL_NAME = 3
_ALLEY_WORDS = {"ngo": "ngõ", "ngach": "ngách", "hem": "hẻm", "kiet": "kiệt", "hxh": "hẻm"}
_HOUSE_CUES = frozenset(("so", "sn", "nha"))
_STREET_WORDS = frozenset(("duong", "pho", "dg", "ngo", "ngach", "hem", "kiet"))
# "đường số 12", "căn số 3", "cột số 7": no house's number.
_NOT_HOUSE = frozenset(
    ("duong", "pho", "cot", "tuyen", "xe", "khoa", "lo", "tram", "cau", "thang", "bien", "tang")
)
_NUMBER = re.compile(r"\d{1,4}[a-zđ]?(?:\s?[/-]\s?\d{1,4}[a-zđ]?){0,4}(?![\w%])", re.IGNORECASE)
_LANE = re.compile(r"[kK](\d{1,4})/(\d{1,4}[a-zA-Z]?)(?!\w)")
_STOP = word_list("no_street_name")


class Address(NamedTuple):
    """A house number ("12", "12/3A") and the alleys it lies in ("ngách 12 ngõ 45"), as far as written."""

    house_number: str | None
    alley: str | None


class _Part(NamedTuple):
    shown: str
    start: int
    end: int


def find_address(text: str, words: Sequence[Word], street: int | None) -> Address:
    """Return the house number and the alley of the street at a word, or of the first alley of the text."""
    if street is not None and (lane := _lane(text, words[max(street - 1, 0)])):
        return lane
    alleys = _alleys(text, words, street)
    begin = alleys[0].start if alleys else street
    house = _house(text, words, begin) if begin is not None else None
    if house is None and alleys:
        house = _house_behind(text, words, alleys[-1].end, street)
    return Address(house, " ".join(part.shown for part in alleys) or None)


def _lane(text: str, word: Word) -> Address | None:
    """Return house and alley of "K12/3 Trần Cao Vân", as people of Đà Nẵng write it."""
    match = _LANE.match(text, word.start)
    return Address(match[2], f"kiệt {match[1]}") if match else None


def _alleys(text: str, words: Sequence[Word], street: int | None) -> list[_Part]:
    """Return the alleys in the order of the text: those that lead up to the street, else the first ones."""
    found: list[_Part] = []
    for position in range(len(words) - 1):
        part = _alley(text, words, position)
        if part is None:
            continue
        if found and part.start > found[-1].end:
            if street is None or found[-1].end + 3 >= street:
                break
            found = []
        found = [*found, part][-_MOST_ALLEYS:]
    if street is not None and found and not found[0].start - 1 <= street <= found[-1].end + 3:
        return [] if found[0].start > street + 8 else found
    return found


def _alley(text: str, words: Sequence[Word], position: int) -> _Part | None:
    """Return "ngõ 45" when it is written at a word."""
    shown = _ALLEY_WORDS.get(words[position].key)
    if shown is None or (agreement(words[position].lower, shown) < 0 and words[position].key != "hxh"):
        return None
    after = position + 1
    if words[after].key == "so" and after + 1 < len(words):
        after += 1
    number = _number_at(text, words[after])
    if number is None or not words[after].linked:
        return None
    return _Part(f"{shown} {number}", position, _word_after(words, after, len(number)))


def _number_at(text: str, word: Word) -> str | None:
    match = _NUMBER.match(text, word.start) if word.key.isdecimal() else None
    return re.sub(r"\s", "", match.group()) if match else None


def _word_after(words: Sequence[Word], position: int, length: int) -> int:
    """Return the first word behind a number that begins at a word and is so many characters long."""
    end = position + 1
    while end < len(words) and words[end].start < words[position].start + length:
        end += 1
    return end


def _house(text: str, words: Sequence[Word], begin: int) -> str | None:
    """Return the house number that leads up to an alley or a street, or that begins where it is found."""
    if words[begin].key.isdecimal() and begin > 0 and words[begin].linked:
        return _number_at(text, words[begin]) if words[begin - 1].key not in _NOT_HOUSE else None
    if words[begin].key.isdecimal():
        return _number_at(text, words[begin])
    for first in range(begin - 1, max(begin - 7, -1), -1):
        word = words[first]
        number = _number_at(text, word)
        if number is None or (first and _is_inside_number(text, word)):
            continue
        end = _word_after(words, first, len(number))
        gap = text[words[end - 1].end : words[begin].start] if end <= begin else None
        if end != begin or gap is None or gap.strip(" ,"):
            return None
        before = words[first - 1].key if first and word.linked else ""
        wanted = before in _HOUSE_CUES or "/" in number or before == ""
        preceded = words[first - 2].key if first > 1 and before == "so" else before
        return number if wanted and preceded not in _NOT_HOUSE else None
    return None


def _is_inside_number(text: str, word: Word) -> bool:
    return word.touching or text[max(word.start - 1, 0)] in "/-"


def _house_behind(text: str, words: Sequence[Word], position: int, street: int | None) -> str | None:
    """Return the house number of "ngõ 45 số nhà 12"."""
    if position + 1 >= len(words) or not words[position].linked or words[position].key not in _HOUSE_CUES:
        return None
    after = position + 1 + (words[position + 1].key in _HOUSE_CUES)
    return _number_at(text, words[after]) if after < len(words) else None


class _Phrase(NamedTuple):
    syllables: tuple[str, ...]
    keys: tuple[str, ...]


def _phrases(name: str) -> dict[str, list[_Phrase]]:
    """Return the phrases of a list by their first syllable's key, longest first."""
    found: dict[str, list[_Phrase]] = {}
    for phrase in word_list(name, keys=False):
        syllables = tuple(phrase.split("_"))
        keys = tuple(syllable_key(strip_accents(syllable)) for syllable in syllables)
        found.setdefault(keys[0], []).append(_Phrase(syllables, keys))
    return {
        key: sorted(phrases, key=lambda phrase: (-len(phrase.keys), phrase)) for key, phrases in found.items()
    }


_THINGS = _phrases("landmark_things")
_CUES = _phrases("landmark_cues")
_JUNCTIONS = frozenset(("nga", "giao"))


def find_landmark(text: str, words: Sequence[Word], mentions: Sequence[Mention]) -> str | None:
    """Return the first landmark with a name of its own, and how it lies from there: "gần chợ Hôm"."""
    units = {mention.start for mention in mentions if mention.level != "bare"}
    capitalised = is_capitalised(words)
    for position in range(len(words)):
        thing = _phrase_at(words, position, _THINGS) if words[position].key in _THINGS else ()
        if not thing:
            continue
        start = _cue_before(words, position)
        if start == position and not _may_stand_alone(words, position, capitalised):
            continue
        after = position + len(thing)
        end = _name_end(text, words, after, units, capitalised)
        if end == after:
            continue
        return " ".join(text[words[start].start : words[end - 1].end].split())
    return None


def _may_stand_alone(words: Sequence[Word], position: int, capitalised: bool) -> bool:
    """Tell whether a landmark needs no "gần" before it: its name has capitals, and it is no name's part."""
    inside = position > 0 and words[position].linked
    return capitalised and not (inside and words[position].capital)


def _phrase_at(words: Sequence[Word], position: int, phrases: dict[str, list[_Phrase]]) -> tuple[str, ...]:
    for phrase in phrases.get(words[position].key, ()):
        typed = words[position : position + len(phrase.keys)]
        if tuple([word.key for word in typed]) == phrase.keys and all(
            agreement(word.lower, wanted) > 0 for word, wanted in zip(typed, phrase.syllables, strict=True)
        ):
            return phrase.syllables
    return ()


def _cue_before(words: Sequence[Word], position: int) -> int:
    """Return where the words that say how a landmark lies begin: "đối diện", "gần"."""
    for length in (2, 1):
        start = position - length
        if start >= 0 and words[position].linked and len(_phrase_at(words, start, _CUES)) == length:
            return start
    return position


def _name_end(text: str, words: Sequence[Word], after: int, units: set[int], capitalised: bool) -> int:
    """Return the word behind a landmark's name: capitals, else a few words that may be a name."""
    end = after
    while end < min(after + 2 * _MOST_NAME, len(words)) and end not in units:
        word = words[end]
        gap = text[words[end - 1].end : word.start]
        if not word.linked or (gap.strip(" -–'’\u00a0") != ""):
            break
        named = word.capital or word.key.isdecimal() if capitalised else word.key not in _STOP
        if not named or (not capitalised and end - after >= _SMALL_NAME):
            break
        end += 1
    return end


_HOUSE = re.compile(r"^(?:số\s+)?\d[\w/]*\s+")
_ALLEY = re.compile(r"^(?:(?:ngõ|ngách|hẻm|kiệt)\s+\d[\w/-]*(?:\s+|$))+")
_WORD = re.compile(r"^(?:đường|phố)\s+")


def street_without_house(address: str | None) -> str | None:
    """Return an address as `PlaceReading.address` shows it without its house number: for strangers' eyes."""
    return _HOUSE.sub("", address) or None if address else None


def street_name(address: str | None) -> str | None:
    """Return the bare name of the street of an address as `PlaceReading.address` shows it, if it has one."""
    return _WORD.sub("", _ALLEY.sub("", street_without_house(address) or "")) or None
