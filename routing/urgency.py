"""Danger to life or property now, or ahead if nobody comes: phrases that say so, each with its reason."""

import json
from functools import cache
from pathlib import Path

from routing.model import Lexicon, bare_words, phrases_in

_FILE = Path(__file__).parent / "data" / "urgency.json"


def urgency_reason(tokens: list[str]) -> str | None:
    """Return why the words of a text call for haste, or None."""
    return next((_reasons()[found] for found in phrases_in(bare_words(tokens), _lexicon())), None)


@cache
def _entries() -> tuple[dict[str, str | list[str]], ...]:
    return tuple(json.loads(_FILE.read_text(encoding="utf-8")))


@cache
def _reasons() -> dict[str, str]:
    return {str(entry["id"]): str(entry["reason"]) for entry in _entries()}


@cache
def _lexicon() -> Lexicon:
    return Lexicon.of({str(entry["id"]): list(entry["phrases"]) for entry in _entries()})
