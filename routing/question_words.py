"""The words of a question about the figures: without accents, abbreviations written out, slips mended."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cache
from itertools import islice, pairwise
from pathlib import Path

from rapidfuzz import process
from rapidfuzz.distance import OSA

from routing.vietnamese import normalise, strip_accents

MOST_WORDS = 40
"""Nobody asks about figures in more words; a longer text is a story."""
MOST_LETTERS = 4_000
_DATA = Path(__file__).parent / "data" / "question_words.json"
_TOKEN = re.compile(r"\d+(?:[./]\d+)+|\d+|(?<=\d)\s*[-–]\s*(?=\d)|%|[^\W\d_]+")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_POLICE = re.compile(r"\bCA\b(?! [A-ZĐ]{2})")
"""Only in capitals: "ca phuong" is "the whole ward" as well."""
_QUARTER_OF = re.compile(r"\b(i{1,3}|iv)\s*/\s*(\d{4})\b")
_TODAY = re.compile(r"^nay\b(?! la)")
_HOW_MANY = re.compile(r"(?<!bao )\bnhiêu\b")
"""How the south says it; without accents it is "nhiều" as well."""
_TELEX_ENDS = re.compile(r"[sfrxj]$")
_TELEX_TWINS = (("aa", "a"), ("ee", "e"), ("oo", "o"), ("dd", "d"), ("w", ""), ("uow", "uo"))
_NUMBERS = {
    "mot": "1",
    "hai": "2",
    "ba": "3",
    "bon": "4",
    "tu": "4",
    "nam": "5",
    "sau": "6",
    "bay": "7",
    "tam": "8",
    "chin": "9",
    "muoi": "10",
    "muoi mot": "11",
    "muoi hai": "12",
    "gieng": "1",
    "chap": "12",
}
_NUMBER = "|".join(sorted(_NUMBERS, key=len, reverse=True))
_COUNTED = (
    r"(?:ngay|tuan|thang)(?! \d)|phuong|xa|quan(?! tam)|huyen|don vi|linh vuc"
    r"|so (?:cham|tre|nao|te|kem|tot|co|dung|nhanh)"
)
_BEFORE_COUNT = re.compile(
    r"(?<!thu )(?<!trong )(?<!ca )(?<!dau )(?<!cuoi )(?<!nua )(?<!moi )\b(?!tu )"
    rf"(?P<number>{_NUMBER}) (?=(?:{_COUNTED})\b)"
)
_AFTER_MONTH = re.compile(
    rf"(?<!theo )(?<!tung )(?<!moi )\b(?P<what>thang|quy|top) (?P<number>{_NUMBER})\b"
    r"(?! (?:ngay|ngoai|dau|thang|thu|tuan|quy|\d))"
)
_LEAST_MENDED = 3
_LONGEST_MENDED = 14


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """What the shipped lists of words hold."""

    abbreviations: dict[str, str]
    phrases: tuple[str, ...]
    domains: dict[str, tuple[str, ...]]
    units: dict[str, str]
    ordinary: tuple[str, ...]
    fillers: frozenset[str]
    passed: re.Pattern[str]
    words: frozenset[str]
    citizens: re.Pattern[str]
    asked_as: dict[str, str]
    times: dict[str, str]
    about_domain: str
    about_unit: str


@cache
def lexicon() -> Lexicon:
    """Return the shipped lists of words."""
    data = json.loads(_DATA.read_text(encoding="utf-8"))
    return Lexicon(
        abbreviations=data["abbreviations"],
        phrases=_listed(data["phrases"]),
        domains={id: _listed(phrases) for id, phrases in data["domains"].items()},
        units=data["units"],
        ordinary=_listed(data["ordinary"]),
        fillers=frozenset(data["fillers"].split()),
        passed=_any_of(_listed(data["passed"])),
        words=frozenset((*data["words"].split(), *re.findall(r"\w+", data["passed"]))),
        citizens=_any_of(_listed(data["citizens"])),
        asked_as=data["asked_as"],
        times=data["times"],
        about_domain=data["about_domain"],
        about_unit=data["about_unit"],
    )


def _listed(phrases: str) -> tuple[str, ...]:
    return tuple(phrase.strip() for phrase in phrases.split(";"))


def _any_of(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(patterns)})\b")


def is_too_long(text: str) -> bool:
    """Tell whether a text has more words, or letters, than a question."""
    if len(text) > MOST_LETTERS:
        return True
    return sum(1 for _ in islice(_TOKEN.finditer(text), MOST_WORDS + 1)) > MOST_WORDS


def plain(text: str) -> str:
    """Return the words and numbers of a text, in small letters without accents, one blank between them."""
    return " ".join(_tokens(text))


def _tokens(text: str) -> list[str]:
    visible = normalise(_INVISIBLE.sub("", text))
    written = _HOW_MANY.sub("bao nhiêu", _POLICE.sub("công an", visible).lower())
    bare = _QUARTER_OF.sub(r"\1 nam \2", strip_accents(written))
    return [found.group().strip() for found in _TOKEN.finditer(bare)]


class Vocabulary:
    """The words that questions are made of, for one city: its units and domains among them."""

    def __init__(self, phrases: Iterable[str], words: Iterable[str]) -> None:
        known = [phrase.split() for phrase in phrases]
        self._pairs = frozenset(pair for phrase in known for pair in pairwise(phrase))
        self.words = frozenset(word for phrase in known for word in phrase) | frozenset(words)
        self._by_length: dict[int, list[str]] = defaultdict(list)
        for word in sorted(self.words):
            self._by_length[len(word)].append(word)
        self._near: dict[str, tuple[str, ...]] = {}

    def canonical(self, text: str, numbered: Set[str] = frozenset()) -> str:
        """Return a text as it is read: abbreviations written out, slips of the hand mended.

        numbered: the numbered districts of the city ("quan 3"), where "q3" is not a quarter.
        """
        tokens = self._written_out(_tokens(text), numbered)
        return _TODAY.sub("hom nay", " ".join(self._mended(tokens)))

    def _written_out(self, tokens: list[str], numbered: Set[str]) -> list[str]:
        short = lexicon().abbreviations
        written: list[str] = []
        for at, token in enumerate(tokens):
            following = tokens[at + 1] if at + 1 < len(tokens) else ""
            if token == "q" and following in ("1", "2", "3", "4", "i", "ii", "iii", "iv"):
                written.append("quan" if f"quan {following}" in numbered else "quy")
            elif token == "t" and following.partition("/")[0] in ("1", "8", "9", "10", "11", "12"):
                written.append("thang")
            elif token == "t" and following in ("2", "3", "4", "5", "6", "7"):
                written.append("thu")
            elif token == "%":
                written += ["phan", "tram"]
            else:
                before = tokens[at - 1] if at else ""
                is_name = (before, token) in self._pairs or (token, following) in self._pairs
                written += [token] if is_name else short.get(token, token).split()
        return written

    def _mended(self, tokens: list[str]) -> list[str]:
        mended: list[str] = []
        for at, token in enumerate(tokens):
            following = tokens[at + 1] if at + 1 < len(tokens) else ""
            mended += self._mend(mended[-1] if mended else "", token, following)
        return mended

    def _mend(self, before: str, token: str, after: str) -> list[str]:
        if (
            token in self.words
            or not token.isascii()
            or not token.isalpha()
            or not _LEAST_MENDED <= len(token) <= _LONGEST_MENDED
        ):
            return [token]
        for typed in _untelexed(token):
            if typed in self.words:
                return [typed]
        return self._parted(token) or [self._nearest(before, token, after)]

    def _parted(self, token: str) -> list[str]:
        """Return two words that were typed as one, if they are known to stand together."""
        for at in range(2, len(token) - 1):
            if (token[:at], token[at:]) in self._pairs:
                return [token[:at], token[at:]]
        return []

    def _nearest(self, before: str, token: str, after: str) -> str:
        """Return the word one slip away that goes with its neighbours, else the only one, else the token."""
        near = self._one_slip(token)
        together = [word for word in near if (before, word) in self._pairs or (word, after) in self._pairs]
        if together:
            return together[0]
        return near[0] if len(near) == 1 and len(token) > _LEAST_MENDED else token

    def _one_slip(self, token: str) -> tuple[str, ...]:
        if token not in self._near:
            if len(self._near) > 5000:
                self._near.clear()
            of_length = (self._by_length.get(len(token) + more, ()) for more in (0, -1, 1))
            near = (process.extract(token, words, scorer=OSA.distance, score_cutoff=1) for words in of_length)
            self._near[token] = tuple(word for found in near for word, _, _ in found if len(word) > 1)
        return self._near[token]

    def guesses(self, canonical: str) -> Iterator[str]:
        """Yield the text with one phrase more in it that was a slip away from words as they were typed."""
        tokens = canonical.split()
        for phrase in lexicon().phrases:
            size = phrase.count(" ") + 1
            for at in range(len(tokens) - size + 1):
                window = tokens[at : at + size]
                typed = " ".join(window)
                if (
                    typed != phrase
                    and tuple(window[:2]) not in self._pairs
                    and OSA.distance(typed, phrase, score_cutoff=1) <= 1
                ):
                    yield " ".join([*tokens[:at], phrase, *tokens[at + size :]])


def _untelexed(token: str) -> Iterator[str]:
    """Yield what a word typed with the keys of Telex, and no input method, may be: "nafy" is "nay"."""
    bare = token
    for keys, letters in _TELEX_TWINS:
        bare = bare.replace(keys, letters)
    yield bare
    yield _TELEX_ENDS.sub("", bare)
    for at in range(1, len(bare) - 1):
        if bare[at] in "sfrxj":
            yield bare[:at] + bare[at + 1 :]


def with_numbers(text: str) -> str:
    """Return a text with the numbers before what is counted as digits: "ba phuong" is "3 phuong"."""
    counted = _BEFORE_COUNT.sub(lambda found: _NUMBERS[found["number"]] + " ", text)
    return _AFTER_MONTH.sub(lambda found: f"{found['what']} {_NUMBERS[found['number']]}", counted)
