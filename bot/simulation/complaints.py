"""What simulated people write: composed from the corpus's written parts, hardly two alike."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from bot.simulation.weather import STORM_DOMAINS
from routing import corpus
from routing.typing_habits import typed_in_a_hurry

WORDS: dict[str, Any] = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
DOMAIN_WEIGHTS = {
    "waste": 5,
    "roads": 4,
    "public_order": 4,
    "noise": 3,
    "lighting": 3,
    "drainage": 3,
    "conduct": 0.4,
}
"""What is complained of more or less often than the rest, which counts 1."""
KINDS = {
    "question": 0.04,
    "suggestion": 0.03,
    "emergency": 0.012,
    "grievance": 0.006,
    "denunciation": 0.004,
    "abuse": 0.006,
    "smalltalk": 0.012,
}
"""Which share of messages is something else than feedback."""
HURRIED = 0.3
WHOLE_MESSAGES = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Complaint:
    """What somebody wants to say: the text, and what it is truly about."""

    text: str
    domain: str
    ward: str
    """The name of the ward in which it is; whoever asks is told this."""
    answer: str = ""
    """The words that answer it, where there are words for it alone."""


def words(kind: str, random: Random) -> str:
    """Return one of the sentences of a kind, with its blanks filled."""
    return _filled(random.choice(WORDS[kind]), random)


def _filled(text: str, random: Random, **known: str) -> str:
    blanks = {
        "house": str(random.randrange(2, 400)),
        "hour": str(random.randrange(7, 11)),
        "days": str(random.randrange(2, 10)),
        "count": str(random.randrange(2, 9)),
    }
    return text.format(**blanks, **known)


@cache
def _situations() -> dict[str, list[corpus.Source]]:
    found: dict[str, list[corpus.Source]] = {}
    for source in corpus.sources("domains"):
        found.setdefault(source.label, []).append(source)
    return found


@cache
def _messages_of_kind() -> dict[str, list[corpus.Source]]:
    found: dict[str, list[corpus.Source]] = {}
    for source in corpus.sources("kinds"):
        found.setdefault(source.label, []).append(source)
    return found


@cache
def _streets() -> tuple[str, ...]:
    path = Path(corpus.__file__).parent / "data" / "street_names.txt"
    return tuple(line.strip() for line in path.read_text(encoding="utf-8").splitlines() if line.strip())


class Composer:
    """Composes complaints of one city, from a seeded source of chance."""

    def __init__(self, random: Random, *, wards: tuple[str, ...], domains: tuple[str, ...]) -> None:
        self._random = random
        self._wards = wards
        self._domains = [domain for domain in sorted(_situations()) if domain in domains]
        self._weights = [DOMAIN_WEIGHTS.get(domain, 1.0) for domain in self._domains]

    def compose(self, *, storm: bool = False) -> Complaint:
        """Return what somebody complains of; of drainage, trees or electricity in a storm."""
        random = self._random
        domains = STORM_DOMAINS if storm else ()
        ward = random.choice(self._wards)
        kind = random.random()
        for name, share in KINDS.items():
            if (kind := kind - share) < 0 and not domains:
                return Complaint(text=self._of_kind(name, ward), domain="other", ward=ward)
        domain = random.choice(domains) if domains else random.choices(self._domains, self._weights)[0]
        source = random.choice(_situations()[domain])
        if source.is_situation or random.random() > WHOLE_MESSAGES:
            text = self._message(source, ward, storm)
        else:
            text = corpus.fill(source.text, random)
        return Complaint(text=text, domain=domain, ward=ward)

    def _of_kind(self, kind: str, ward: str) -> str:
        text = corpus.fill(self._random.choice(_messages_of_kind()[kind]).text, self._random)
        return f"{text} ({ward})" if kind in ("emergency", "question", "suggestion") else text

    def _message(self, source: corpus.Source, ward: str, storm: bool) -> str:
        random = self._random
        what = corpus.fill(source.text, random).rstrip(" .!")
        street = random.choice(_streets())
        where = _filled(random.choice(WORDS["places"]), random, street=street, ward=ward)
        when = random.choice(WORDS["storm_times" if storm else "times"])
        parts = [random.choice(WORDS["openings"]), when, what, where]
        if random.random() < 0.4:
            parts = [random.choice(WORDS["openings"]), where, when, what]
        sentence = " ".join(part for part in parts if part)
        text = f"{sentence}. {random.choice(WORDS['requests'])}".strip()
        text = text[:1].upper() + text[1:]
        return typed_in_a_hurry(text, random=random) if random.random() < HURRIED else text
