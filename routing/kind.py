"""What the writer of a message wants done: the kinds and their cues, as data."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "data" / "kinds.json"
FEEDBACK = "feedback"
EMERGENCY = "emergency"
KINDS = ("feedback", "suggestion", "question", "emergency", "grievance", "denunciation", "abuse", "smalltalk")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One kind: identifier, Vietnamese name and the phrases that hint at it."""

    id: str
    name: str
    cues: tuple[str, ...]


@cache
def kinds() -> tuple[Kind, ...]:
    """Return the shipped kinds."""
    entries = json.loads(_FILE.read_text(encoding="utf-8"))
    return tuple(Kind(id=entry["id"], name=entry["name"], cues=tuple(entry["cues"])) for entry in entries)


@cache
def cues() -> dict[str, tuple[str, ...]]:
    """Return the cues of each kind."""
    return {kind.id: kind.cues for kind in kinds()}
