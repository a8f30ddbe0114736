"""What a unit's answer tells: what was done, when and by whom, or only that something will be.

Vague answers without a picture are the known cause of discontent, so that whoever writes one is asked for
what is missing before the citizen reads it. Words and phrases are data (`data/answers.json`).
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from routing.vietnamese import has_accents, normalise, strip_accents

_FILE = Path(__file__).parent / "data" / "answers.json"
_WORD = re.compile(r"[^\W\d_]{2,}")
_ONLY_WITH_ACCENTS, _ONLY_WITHOUT = "_accented", "_bare"
_FEWEST_WORDS_OF_AN_ACT = 2


class Sense(StrEnum):
    """What an answer amounts to."""

    RESULT = "result"
    """It tells of something that was done."""
    PROMISE = "promise"
    """It tells of what will be done, or is being done."""
    VAGUE = "vague"
    """It tells neither: noted, passed on, handled according to the rules."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerReading:
    """What an answer tells; `missing` holds those of "what", "when" and "who" that it does not."""

    sense: Sense
    missing: tuple[str, ...]


_MOST_READ = 6_000
"""Characters that are read: more than an answer may have."""


def read_answer(text: str) -> AnswerReading:
    """Read an answer that was typed with or without accents."""
    text = text[:_MOST_READ]
    words = _words(with_accents=has_accents(normalise(text).lower().split()))
    plain = normalise(text).lower() if words.with_accents else strip_accents(text).lower()
    told, to_come = words.told_and_to_come(plain)
    subject = any(words.past.search(clause) or words.names_somebody(clause) for clause in told)
    done = any(words.tells_of_an_act(clause, subject=subject) for clause in told)
    missing = {
        "what": not done,
        "when": not any(words.when.search(clause) for clause in told),
        "who": not any(words.names_somebody(clause) for clause in told),
    }
    ahead = any(words.promises(clause) for clause in to_come)
    sense = Sense.RESULT if done else Sense.PROMISE if ahead else Sense.VAGUE
    return AnswerReading(sense=sense, missing=tuple(name for name, lacks in missing.items() if lacks))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Words:
    """The phrases of the data file as patterns, for text with accents or without."""

    with_accents: bool
    sentence_end: re.Pattern[str]
    clause_end: re.Pattern[str]
    past: re.Pattern[str]
    future: re.Pattern[str]
    not_future: re.Pattern[str]
    delegation: re.Pattern[str]
    not_delegation: re.Pattern[str]
    looking: re.Pattern[str]
    settling: re.Pattern[str]
    acts: re.Pattern[str]
    not_acts: re.Pattern[str]
    empty: re.Pattern[str]
    place: re.Pattern[str]
    who: re.Pattern[str]
    not_who_after: re.Pattern[str]
    when: re.Pattern[str]
    when_ahead: re.Pattern[str]
    before_future: re.Pattern[str]

    def told_and_to_come(self, text: str) -> tuple[list[str], list[str]]:
        """Return the clauses about what has happened, and those about what comes.

        What follows upon "will" in a sentence comes too, until something is said to be done.
        """
        told: list[str] = []
        to_come: list[str] = []
        for sentence in self.sentence_end.split(text):
            ahead = False
            for clause in map(str.strip, self.clause_end.split(sentence)):
                ahead = self._is_ahead(clause) or (ahead and self.before_future.search(clause) is None)
                (to_come if ahead else told).append(clause)
        return told, to_come

    def _is_ahead(self, clause: str) -> bool:
        """Tell whether a clause is about what comes: a word of the future before any of the past."""
        clause = self.not_future.sub(" ", clause)
        ahead, past = self.future.search(clause), self.before_future.search(clause)
        return ahead is not None and (past is None or ahead.start() < past.start())

    def promises(self, clause: str) -> bool:
        """Tell whether a clause about what comes names an act, or a matter or its settling and a time."""
        if self._acts_in(clause):
            return True
        settles = self.settling.search(clause) is not None
        content = self._content(clause, self.settling, self.when_ahead, self.future)
        timely = bool(self.when_ahead.search(clause) or self.when.search(clause))
        if timely or settles:
            return bool(content) or (timely and settles)
        return len(content) >= _FEWEST_WORDS_OF_AN_ACT and self.looking.search(clause) is None

    def tells_of_an_act(self, clause: str, *, subject: bool) -> bool:
        """Tell whether a clause says what was done: an act, or a settling with what was settled.

        subject: the answer says that something is past, or who acted, so that other words tell of it.
        """
        clause = self._own_part(clause)
        if self._acts_in(clause):
            return True
        if self.settling.search(clause):
            return bool(self._content(clause, self.settling))
        if not subject or self.looking.search(self.who.sub(" ", clause)):
            return False
        return len(self._content(clause)) >= _FEWEST_WORDS_OF_AN_ACT

    def _own_part(self, clause: str) -> str:
        """Return a clause up to where somebody else is asked to act."""
        found = self.delegation.search(self.not_delegation.sub(lambda hit: " " * len(hit[0]), clause))
        return clause[: found.start()] if found else clause

    def _acts_in(self, clause: str) -> bool:
        clause = self.who.sub(" ", self.not_acts.sub(" ", clause))
        return self.acts.search(clause) is not None

    def _content(self, clause: str, *besides: re.Pattern[str]) -> list[str]:
        """Return the words that are left when place, time, people and empty phrases are taken out."""
        for pattern in (self.when, self.place, self.who, self.looking, *besides, self.empty):
            clause = pattern.sub(" ", clause)
        return _WORD.findall(clause)

    def names_somebody(self, clause: str) -> bool:
        """Tell whether a clause names who did it, and not only where."""
        clause = self.when.sub(" ", clause)
        return any(
            self.not_who_after.search(clause[: found.start()]) is None for found in self.who.finditer(clause)
        )


@cache
def _words(*, with_accents: bool) -> _Words:
    data: dict[str, list[str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    besides = _ONLY_WITH_ACCENTS if with_accents else _ONLY_WITHOUT
    phrases = {
        name: [*map(normalise if with_accents else strip_accents, [*found, *data.get(name + besides, ())])]
        for name, found in data.items()
        if not name.endswith((_ONLY_WITH_ACCENTS, _ONLY_WITHOUT))
    }
    patterns = {name: _whole_words(found) for name, found in phrases.items() if name not in _UNBOUND}
    return _Words(
        with_accents=with_accents,
        sentence_end=re.compile("|".join(phrases["sentence_ends"])),
        clause_end=re.compile("|".join(phrases["clause_ends"])),
        not_who_after=re.compile(rf"\b(?:{'|'.join(phrases['not_who_after'])})\s+$"),
        **patterns,
    )


_UNBOUND = frozenset({"sentence_ends", "clause_ends", "not_who_after"})


def _whole_words(phrases: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern of these phrases that begins and ends between words; longer ones go first."""
    phrases = sorted(phrases, key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(phrases)})(?:(?<=\s)|(?!\w))")
