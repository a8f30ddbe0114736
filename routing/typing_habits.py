"""How people type in a hurry: the habits that training text is dressed in, all drawn from a seeded source."""

import json
import re
from functools import cache
from pathlib import Path
from random import Random

from routing.vietnamese import normalise, strip_accents

_DATA = Path(__file__).parent / "data" / "corpus" / "habits.json"
_PUNCTUATION = re.compile(r"[.,;:!?()\"“”…-]+")
_CONSONANT_SLIPS = (
    ("ch", "tr"),
    ("tr", "ch"),
    ("s", "x"),
    ("x", "s"),
    ("gi", "d"),
    ("d", "gi"),
    ("l", "n"),
    ("n", "l"),
)


def typed_in_a_hurry(text: str, *, random: Random) -> str:
    """Return the text as one of several hurried writers would type it."""
    habit = random.choice(_HABITS)
    return habit(text, random)


def in_another_dialect(text: str, *, random: Random, share: float = 0.4) -> str:
    """Return the text with some words exchanged for those of another region ("ngõ" → "hẻm")."""
    return _exchange(text, _tables()["dialect"], random, share)


def without_accents(text: str, random: Random) -> str:
    """Return the text without accents, often in lower case and with less punctuation."""
    return _careless(strip_accents(normalise(text)), random)


def with_lost_accents(text: str, random: Random) -> str:
    """Return the text with accents missing on some words, and slips of the finger."""
    loss = random.choice((0.2, 0.4, 0.6))
    typed = [
        _slip(strip_accents(word) if random.random() < loss else word, random)
        for word in normalise(text).split()
    ]
    return _careless(" ".join(typed), random)


def abbreviated(text: str, random: Random) -> str:
    """Return the text with everyday abbreviations and teen code."""
    return _careless(_exchange(text, _tables()["abbreviate"], random, 0.6), random)


def abbreviated_without_accents(text: str, random: Random) -> str:
    """Return the text abbreviated and without accents."""
    return without_accents(abbreviated(text, random), random)


def with_slips(text: str, random: Random) -> str:
    """Return the text with spelling slips only."""
    return " ".join(_slip(word, random) for word in text.split())


_HABITS = (
    without_accents,
    without_accents,
    with_lost_accents,
    abbreviated,
    abbreviated_without_accents,
    with_slips,
)


@cache
def _tables() -> dict[str, dict[str, list[str]]]:
    tables: dict[str, dict[str, list[str]]] = json.loads(_DATA.read_text(encoding="utf-8"))
    return {
        name: {
            normalise(word): choices
            for word, choices in sorted(table.items(), key=lambda pair: -len(pair[0]))
        }
        for name, table in tables.items()
    }


@cache
def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, words)) + r")(?!\w)", re.IGNORECASE)


def _exchange(text: str, table: dict[str, list[str]], random: Random, share: float) -> str:
    def choose(match: re.Match[str]) -> str:
        if random.random() > share:
            return match.group()
        return random.choice(table[match.group().lower()])

    return _pattern(tuple(table)).sub(choose, normalise(text))


def _careless(text: str, random: Random) -> str:
    if random.random() < 0.6:
        text = text.lower()
    if random.random() < 0.5:
        text = " ".join(_PUNCTUATION.sub(" ", text).split())
    return text


def _slip(word: str, random: Random) -> str:
    if len(word) < 3 or random.random() > 0.12:
        return word
    place = random.randrange(1, len(word) - 1)
    kind = random.randrange(4)
    if kind == 0:
        return word[:place] + word[place + 1 :]
    if kind == 1:
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    if kind == 2:
        return word[:place] + word[place] + word[place:]
    wrong, right = random.choice(_CONSONANT_SLIPS)
    return right + word[len(wrong) :] if word.startswith(wrong) else word
