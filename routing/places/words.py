"""Text as words with their positions, and how well a typed syllable agrees with a name's."""

import json
import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from routing.vietnamese import normalise, strip_accents

WORDS_FILE = Path(__file__).resolve().parent.parent / "data" / "place_words.json"
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_INVISIBLE = "\u00ad\u200b-\u200f\u2060\ufeff"
_WORD = re.compile(rf"[^\W\d_]+(?:[\u0300-\u036f{_INVISIBLE}]+[^\W\d_]*)*|\d+")
_DROPPED = re.compile(rf"[{_INVISIBLE}]")
_LINK = re.compile(r"[ \t\u00a0]*(?:[-–'’][ \t\u00a0]*)?")
_LONGEST = 24


def word_list(name: str, *, keys: bool = True) -> frozenset[str]:
    """Return one of the lists of syllables of data/place_words.json, as keys or as they are spelled there."""
    lists = json.loads(WORDS_FILE.read_text(encoding="utf-8"))
    return frozenset(syllable_key(word) if keys else word for word in lists[name].split())


def spellings(name: str) -> dict[str, list[str]]:
    """Return one of the lists of data/place_words.json by key, as the words are spelled."""
    found: dict[str, list[str]] = {}
    for word in word_list(name, keys=False):
        found.setdefault(syllable_key(strip_accents(word)), []).append(word)
    return found


class Word(NamedTuple):
    """A syllable or number: `key` without accents, `lower` normalised, span in the text as it was given.

    `linked` tells that only blanks, a hyphen or an apostrophe stand between it and the word before;
    `touching` that nothing does.
    """

    key: str
    lower: str
    start: int
    end: int
    capital: bool
    linked: bool
    touching: bool


@lru_cache(maxsize=20_000)
def _forms(raw: str) -> tuple[str, str]:
    if raw.isascii():
        lower = raw.lower()
        return syllable_key(lower), lower
    lower = normalise(_DROPPED.sub("", raw).lower())
    return syllable_key(strip_accents(lower)), lower


def syllable_key(bare: str) -> str:
    """Return the key of a bare syllable: "02" as "2", "my" as "mi", "dak" as "dac"."""
    if bare.isdecimal():
        return bare.lstrip("0") or "0"
    if len(bare) > 1:
        if bare[-1] == "y" and (bare[-2] not in "aeou" or bare == "quy"):
            return bare[:-1] + "i"
        if bare[-1] == "k":
            return bare[:-1] + "c"
    return bare


def split_words(text: str, limit: int | None = None) -> list[Word]:
    """Return the words of a text in order, at most `limit`; words too long for a name keep an empty key."""
    words: list[Word] = []
    new = tuple.__new__  # half the time of Word(…)
    before = 0
    for match in islice(_WORD.finditer(text), limit):
        start, end = match.span()
        raw = match.group()
        key, lower = _forms(raw) if end - start <= _LONGEST else ("", "")
        touching = start == before
        blank = start - before == 1 and text[before] == " "
        linked = touching or blank or _linked(text, before, start)
        words.append(new(Word, (key, lower, start, end, raw[0].isupper(), linked, touching)))
        before = end
    if words:
        words[0] = words[0]._replace(linked=False, touching=False)
    return words


def split_forms(text: str) -> tuple[list[str], list[str], list[int], list[int]]:
    """Return keys and small letters of the words of a text, and where each begins and ends.

    Cheaper than `split_words`.
    """
    raws, starts, ends = [], [], []
    for match in _WORD.finditer(text):
        raws.append(match.group())
        starts.append(match.start())
        ends.append(match.end())
    forms = {raw: _forms(raw) if len(raw) <= _LONGEST else ("", "") for raw in set(raws)}
    return [forms[raw][0] for raw in raws], [forms[raw][1] for raw in raws], starts, ends


def are_linked(text: str, before: int, start: int) -> bool:
    """Tell whether only blanks, a hyphen or an apostrophe stand between two words."""
    return _linked(text, before, start)


def _linked(text: str, before: int, start: int) -> bool:
    gap = text[before : min(start, before + 8)]
    return gap in ("", " ") or _LINK.fullmatch(gap) is not None


@lru_cache(maxsize=20_000)
def _marks(lower: str) -> tuple[tuple[str, ...], str]:
    shapes: list[str] = []
    tone = ""
    for character in unicodedata.normalize("NFD", lower):
        if character in _TONES:
            tone = character
        elif unicodedata.combining(character):
            if shapes:
                shapes[-1] += character
        else:
            shapes.append("đ" if character == "đ" else "")
    return tuple(shapes), tone


@lru_cache(maxsize=50_000)
def agreement(typed: str, name: str) -> float:
    """Return how well a typed syllable agrees with a name's of the same key.

    1 the same, 0.8 typed without accents, 0.6 with some of them, −1 with others.
    """
    if typed == name:
        return 1.0
    typed_shapes, typed_tone = _marks(typed)
    shapes, tone = _marks(name)
    if not typed_tone and not any(typed_shapes):
        return 0.8
    part = typed_tone in ("", tone) and len(typed_shapes) == len(shapes)
    part = part and all(ours in ("", theirs) for ours, theirs in zip(typed_shapes, shapes, strict=False))
    return 0.6 if part else -1.0


def is_capitalised(words: Sequence[Word]) -> bool:
    """Tell whether capital letters mark names here: some words have them, and not nearly all."""
    capitals = sum(word.capital for word in words)
    return 1 < capitals <= 0.7 * len(words)
