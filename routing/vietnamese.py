"""Normalising Vietnamese text: Unicode form, tone placement, accents."""

import re
import unicodedata

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_TONE_ON_FIRST_VOWEL = re.compile(rf"(o)([{_TONES}])([ae])(?!\w)|(?<!q)(u)([{_TONES}])(y)(?!\w)", re.IGNORECASE)


def _move_tone(match: re.Match[str]) -> str:
    first, tone, second = (part for part in match.groups() if part)
    return first + second + tone


def normalise(text: str) -> str:
    """Return text in NFC with tones where the newer spelling puts them: "hòa" and "hoà" become the same."""
    decomposed = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", _TONE_ON_FIRST_VOWEL.sub(_move_tone, decomposed))


def strip_accents(text: str) -> str:
    """Return text without accents, đ as d. NFC Vietnamese letters map one to one, so spans carry over."""
    decomposed = unicodedata.normalize("NFD", text)
    bare = "".join(mark for mark in decomposed if not unicodedata.combining(mark))
    return bare.replace("đ", "d").replace("Đ", "D")
