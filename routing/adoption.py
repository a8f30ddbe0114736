"""Whether a new model may replace the old one: it must not be worse, overall and in any domain.

Both models answer the same texts, so only texts that one of them gets right and the other wrong tell them
apart: lost and gained. The new model is worse by a figure when it loses more than it gains and either this
is hardly chance (sign test, McNemar 1947, one-sided, p ≤ 0.05) or the net loss is above what the figure
tolerates. The tolerance keeps out what a small set cannot prove, and keeps noise from blocking for ever.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from routing.evaluation import Case
from routing.kind import EMERGENCY
from routing.lessons import Lesson
from routing.understanding import Reading

EVALUATION_FILE = Path(__file__).parent / "data" / "evaluation.jsonl"
CHANCE = 0.05
FEWEST_OF_DOMAIN = 15
"""Messages of a domain from which on it is judged by itself, as typed clean and in a hurry together."""
EVALUATION_SET, CORRECTIONS, SINCE_SHIPPED = "evaluation set", "newest corrections", "against the shipped one"
OWN_SET, OWN_SINCE_SHIPPED = "own evaluation file", "own evaluation file, against the shipped one"
EMERGENCIES_HEARD = 0.95
"""The recall of emergencies below which a new model may lose none."""

Read = Callable[[str], Reading]


@dataclass(frozen=True, kw_only=True, slots=True)
class Tolerance:
    """How many texts may be lost net: a share of the texts, but always so many."""

    share: float
    texts: int

    def of(self, count: int) -> int:
        """Return the net loss that is tolerated among so many texts."""
        return max(self.texts, int(self.share * count))


OVERALL = Tolerance(share=0.01, texts=1)
ONE_DOMAIN = Tolerance(share=0.1, texts=2)
ONE_TEXT = Tolerance(share=0.0, texts=1)
"""For emergencies, and only while nearly all are heard: each that is overheard may cost a life."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figure:
    """One figure of both models. old, new: texts that each got right; lost, gained: by the new one.

    at_least: the share that the new one must get right before any net loss is tolerated.
    """

    name: str
    measured_on: str
    of_domain: str | None
    count: int
    old: int
    new: int
    lost: int
    gained: int
    tolerated: int
    at_least: float = 0.0

    @property
    def chance(self) -> float:
        """The probability of losing so much against gaining so little if both were equally good."""
        differing = self.lost + self.gained
        ways = sum(math.comb(differing, lost) for lost in range(self.lost, differing + 1))
        return float(ways / 2**differing)

    @property
    def is_worse(self) -> bool:
        """Whether the new model is worse by this figure."""
        net = self.lost - self.gained
        too_few = self.new < self.at_least * self.count
        return net > 0 and (net > self.tolerated or too_few or self.chance <= CHANCE)

    def __str__(self) -> str:
        change = f"{self.old / self.count:.3f} → {self.new / self.count:.3f}"
        name = f"{self.name}: {self.of_domain}" if self.of_domain else self.name
        return (
            f"{name} ({self.measured_on}): {change}, {self.lost} lost and {self.gained} gained"
            f" of {self.count}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the figure as JSON-able data."""
        return {
            "name": self.name,
            "measured_on": self.measured_on,
            "of_domain": self.of_domain,
            "count": self.count,
            "old": round(self.old / self.count, 4),
            "new": round(self.new / self.count, 4),
            "lost": self.lost,
            "gained": self.gained,
            "tolerated": self.tolerated,
            "worse": self.is_worse,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """One text with the label that is right."""

    text: str
    field: str
    label: str


def compare(
    old: Read, new: Read, cases: Iterable[Case], test: Iterable[Lesson], *, measured_on: str = EVALUATION_SET
) -> list[Figure]:
    """Return the figures of two models on the evaluation set and on the corrections kept back."""
    cases, tested = list(cases), [_Asked(text=one.text, field=one.field, label=one.label) for one in test]
    clean = [_Asked(text=one.text, field="domain", label=one.domain) for one in cases if one.domain]
    messy = [
        _Asked(text=one.text_messy, field="domain", label=one.domain)
        for one in cases
        if one.domain and one.text_messy
    ]
    kind = [_Asked(text=one.text, field="kind", label=one.kind) for one in cases if one.kind]
    judge = _Judge(old, new)
    corrected = [one for one in tested if one.field == "domain"]
    return [
        *judge.overall("domain, clean", measured_on, clean),
        *judge.overall("domain, in a hurry", measured_on, messy),
        *judge.overall("kind", measured_on, kind),
        *judge.emergencies(measured_on, kind),
        *judge.by_domain(measured_on, [*clean, *messy], fewest=2 * FEWEST_OF_DOMAIN),
        *judge.overall("domain", CORRECTIONS, corrected),
        *judge.by_domain(CORRECTIONS, corrected, fewest=FEWEST_OF_DOMAIN),
        *judge.overall("kind", CORRECTIONS, [one for one in tested if one.field == "kind"]),
    ]


class _Judge:
    """Both models, each asked about a text once."""

    def __init__(self, old: Read, new: Read) -> None:
        self._old, self._new = old, new
        self._read: dict[str, tuple[Reading, Reading]] = {}

    def overall(self, name: str, measured_on: str, asked: Sequence[_Asked]) -> list[Figure]:
        """Return the figure of all texts; nothing without any."""
        return [self._figure(name, measured_on, asked, OVERALL)] if asked else []

    def by_domain(self, measured_on: str, asked: Sequence[_Asked], *, fewest: int) -> list[Figure]:
        """Return the figure of each domain with enough texts."""
        texts: dict[str, list[_Asked]] = {}
        for one in asked:
            texts.setdefault(one.label, []).append(one)
        return [
            self._figure("domain", measured_on, own, ONE_DOMAIN, domain)
            for domain, own in sorted(texts.items())
            if len(own) >= fewest
        ]

    def emergencies(self, measured_on: str, asked: Sequence[_Asked]) -> list[Figure]:
        """Return the recall of emergencies."""
        calls = [one for one in asked if one.label == EMERGENCY]
        if not calls:
            return []
        recall = self._figure("recall of emergency", measured_on, calls, ONE_TEXT)
        return [replace(recall, at_least=EMERGENCIES_HEARD)]

    def _figure(
        self,
        name: str,
        measured_on: str,
        asked: Sequence[_Asked],
        tolerance: Tolerance,
        domain: str | None = None,
    ) -> Figure:
        answers = [self._right(one) for one in asked]
        return Figure(
            name=name,
            measured_on=measured_on,
            of_domain=domain,
            count=len(answers),
            old=sum(old for old, _ in answers),
            new=sum(new for _, new in answers),
            lost=sum(old and not new for old, new in answers),
            gained=sum(new and not old for old, new in answers),
            tolerated=tolerance.of(len(answers)),
        )

    def _right(self, asked: _Asked) -> tuple[bool, bool]:
        if asked.text not in self._read:
            self._read[asked.text] = self._old(asked.text), self._new(asked.text)
        old, new = self._read[asked.text]
        if asked.field == "domain":
            return old.domain == asked.label, new.domain == asked.label
        return old.kind == asked.label, new.kind == asked.label


def worse(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures by which the new model is worse; it may be adopted when there are none."""
    return [figure for figure in figures if figure.is_worse]
