"""Normalising Vietnamese text: Unicode form, tone placement, accents, words and habits of typing."""

import json
import re
import unicodedata
from functools import cache
from pathlib import Path

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONE_ON_FIRST_VOWEL = re.compile(
    rf"(o)([{_TONES}])([ae])(?!\w)|(?<!q)(u)([{_TONES}])(y)(?!\w)", re.IGNORECASE
)
_INVISIBLE = re.compile(
    "[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"
)
_WORD = re.compile(r"\d+(?:[.,:/]\d+)*|[^\W\d_]+")
_DATA = Path(__file__).parent / "data"
_LETTERS_FROM_MARKS = str.maketrans("đĐ", "dD")
_LONGEST_WORD = 30


def _move_tone(match: re.Match[str]) -> str:
    first, tone, second = (part for part in match.groups() if part)
    return first + second + tone


def normalise(text: str) -> str:
    """Return text in NFC with tones where the newer spelling puts them: "hòa" and "hoà" become the same."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _TONE_ON_FIRST_VOWEL.sub(_move_tone, decomposed))


def strip_accents(text: str) -> str:
    """Return text without accents, đ as d. NFC Vietnamese letters map one to one, so spans carry over."""
    return text if text.isascii() else text.translate(_BARE)


class _BareLetters(dict[int, str]):
    """Each letter without its accents, worked out when it is first met: text has few different ones."""

    def __missing__(self, letter: int) -> str:
        decomposed = unicodedata.normalize("NFD", chr(letter))
        bare = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
        found = self[letter] = bare.translate(_LETTERS_FROM_MARKS)
        return found


_BARE = _BareLetters()


def words(text: str) -> list[str]:
    """Return the lower-case words of a text, abbreviations and teen code written out ("ko" → "không").

    Numbers become "0", or "00" from three digits on; invisible and control characters are dropped.
    """
    cleaned = normalise(_INVISIBLE.sub("", text)).lower()
    found: list[str] = []
    for match in _WORD.finditer(cleaned):
        found.extend(_written_out(match.group()))
    return found


def has_accents(tokens: list[str]) -> bool:
    """Tell whether a text was typed with accents: at least a quarter of its words carry one."""
    marked = sum(not token.isascii() for token in tokens)
    return marked * 4 >= len(tokens)


def _written_out(word: str) -> tuple[str, ...]:
    if word[0].isdigit():
        return ("0" if len(word) < 3 else "00",)
    return _abbreviations().get(word) or (word[:_LONGEST_WORD],)


@cache
def _abbreviations() -> dict[str, tuple[str, ...]]:
    table: dict[str, str] = json.loads((_DATA / "abbreviations.json").read_text(encoding="utf-8"))
    return {short: tuple(normalise(long).split()) for short, long in table.items()}
