"""The domains of complaints, as data: what each covers and the words that speak for it."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from routing.kind import cues
from routing.model import Lexicon

_FILE = Path(__file__).parent / "data" / "domains.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """One domain: identifier, Vietnamese name, what it covers, keywords; restricted: never public."""

    id: str
    name: str
    covers: str
    keywords: tuple[str, ...]
    restricted: bool


@cache
def domains() -> tuple[Domain, ...]:
    """Return the shipped domains in their usual order."""
    return tuple(
        Domain(
            id=entry["id"],
            name=entry["name"],
            covers=entry["covers"],
            keywords=tuple(entry["keywords"]),
            restricted=entry.get("restricted", False),
        )
        for entry in json.loads(_FILE.read_text(encoding="utf-8"))
    )


@cache
def lexicon() -> Lexicon:
    """Return the keywords of the domains and the cues of the kinds as features of the model."""
    by_feature = {f"k:{domain.id}": domain.keywords for domain in domains()}
    by_feature |= {f"q:{kind}": phrases for kind, phrases in cues().items()}
    return Lexicon.of(by_feature)
