"""Where a text may turn to another matter: its lists, phrases such as "ngoài ra", and telling sentences.

Only the structure is read here; whether both sides tell of different matters is for `problems` to decide.
"""

import json
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum
from functools import cache, lru_cache
from pathlib import Path

from routing.vietnamese import normalise, strip_accents

_FILE = Path(__file__).parent / "data" / "problems.json"
_MOST_SEGMENTS = 12
_MOST_SENTENCES = 12
_MOST_CHARACTERS = 2_000
"""What comes later is no matter of its own: the model does not read further either."""
_FIRST_WORDS = 12
"""Characters that may stand before a phrase in its clause: "em xin phản ánh thêm"."""

_SENTENCE_END = re.compile(r"(?<![.!?…;])[.!?…;]+[)\"”]?\s+|\n\s*")
_ABBREVIATED = re.compile(
    r"(?:\b(?:p|q|tp|tx|tt|x|h|f|kp|ngo|so|duong|ts|gs|bs|ths|dc)|[\s(][^\W\d]|^\w|[\n.;:,]\s*\d)$"
)
_CLAUSE = re.compile(r", ?(?=(?:con|dong thoi|them nua|ngoai ra) )")
_TOPIC = re.compile(r"(?:\w+ ){1,6}?(?P<sign>thi|cung)\b")
_QUANTIFIED = re.compile(r"\b(?:nao|ai|gi|dau) cung\b")
_NUMBERED = re.compile(r"(?:^|(?<=[\n:;.,?!(]))[ \t]*\(?(?P<number>\d{1,2}|[a-e]) ?[.)/:\-](?![\d/])[ \t]*")
_ORDINAL = re.compile(
    r"\b(?:(?:viec|van de|vu|chuyen|y|diem|muc|dieu) (?:thu )?(?P<counted>nhat|hai|ba|tu|nam|mot|[1-5])"
    r"|thu (?P<ranked>nhat|hai|ba|tu|nam)|(?P<named>mot|hai|ba|bon|nam) la)\b[ ,:]*"
)
_ORDER = {"nhat": 1, "mot": 1, "hai": 2, "ba": 3, "tu": 4, "bon": 4, "nam": 5}
_BULLET = re.compile(r"^[ \t]*(?:[-–—•*+▪●◦✅👉➡]|=>)[ \t]*(?=\S)", re.MULTILINE)
_HEADING = re.compile(r"(?:^|(?<=[\n.;]))[ \t]*ve [^.:;\n]{3,40}:", re.MULTILINE)
_WORD = re.compile(r"\w+")
_BESIDES = re.compile(
    r"con (?!(?:co|lai|nua|khong|chua|nhieu|rat|bi|thi|gi|neu|khi|dang|toi|em|minh|nguoi|ai|phai|moi|hon"
    r"|phuong|xa|cac|ca|day|ben)\b)"
)
_CHILD_OR_ROAD = re.compile(
    r"con (?:duong|ngo|hem|be|cho|meo|song|kenh|muong|pho|lon|ga|trau|chau|gai|trai|cai|so|dau|oto|xe)\b"
)
_NAMES_WARD = re.compile(r"\b(?:phuong|xa|p\.) ?(\w+(?: \w+)?)")
_BOTH = re.compile(r"\bvua (?=(\w+(?: \w+){1,5}?) (vua) (\w+(?: \w+){1,5}))")
_SHORTEST_CLAUSE, _LONGEST_CLAUSE, _FEWEST_CLAUSES, _MOST_CLAUSES = 2, 7, 3, 8
_LEAST_ENUMERATED = 0.4
"""How much of a text a mere enumeration must be: a story holds many commas."""
_DATED = re.compile(r"(?:ngay|sang|chieu|toi|hom|thang|luc|den) (?:ngay |hom )?(?:\d|qua|nay|kia|sau)")


class Turning(IntEnum):
    """How plainly a text turns to something else.

    By a sentence, after a blank line (messages that are read together are joined by one), by a phrase that
    says so, as the next item of a list.
    """

    SENTENCE = 0
    PARAGRAPH = 1
    PHRASE = 2
    LIST = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A part of a text that may tell of another matter than the part before it.

    `start` and `end` count in the text as it was given. `words` are its words without accents after a list
    sign or phrase; `introduces` tells that it only announces what follows; `goes_on` that it is a wish, a
    consequence or a date about what was said before.
    """

    start: int
    end: int
    turning: Turning
    words: tuple[str, ...]
    introduces: bool
    goes_on: bool


def segments(text: str) -> list[Segment]:
    """Return a text cut wherever another matter may begin; one segment when nothing suggests any."""
    written = _Written(text[:_MOST_CHARACTERS])
    turnings = _turnings(written)
    cuts = sorted(turnings)[:_MOST_SEGMENTS]
    found = [
        _segment(written, start, end, turnings.get(start, Turning.SENTENCE))
        for start, end in zip([0, *cuts], [*cuts, len(written.bare)], strict=True)
    ]
    return [*found[:-1], replace(found[-1], end=len(text))]


class _Written:
    """A text in small letters without accents, and how each part of that was typed."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.bare, self._positions = _without_accents(text)
        self.accented = any(letter.isalpha() and not letter.isascii() for letter in text)

    def position(self, at: int) -> int:
        """Return where a letter stands in the text as it was given."""
        return self._positions[at]

    def typed(self, start: int, end: int) -> str:
        """Return how a part was typed, in small letters."""
        return normalise(self._text[self._positions[start] : self._positions[end]]).lower()


def _without_accents(text: str) -> tuple[str, Sequence[int]]:
    stripped = strip_accents(text).lower()
    if len(stripped) == len(text) and unicodedata.is_normalized("NFC", text):
        return stripped, range(len(text) + 1)
    letters, positions = [], []
    for at, letter in enumerate(text):
        plain = _plain(letter)
        if plain:
            letters.append(plain)
            positions.append(at)
    return "".join(letters), [*positions, len(text)]


@lru_cache(maxsize=5_000)
def _plain(letter: str) -> str:
    return strip_accents(letter).lower()[:1]


class _Phrases:
    """Phrases found also without accents, but not where the accents typed make other words of them."""

    def __init__(self, phrases: Sequence[str]) -> None:
        self._accented: dict[str, list[list[str]]] = {}
        for phrase in phrases:
            self._accented.setdefault(strip_accents(phrase), []).append(normalise(phrase).split(" "))
        longest_first = sorted(self._accented, key=len, reverse=True)
        self._pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")

    def found(self, written: _Written) -> Iterator[re.Match[str]]:
        """Yield the phrases of a text."""
        return (match for match in self._pattern.finditer(written.bare) if self._meant(match, written))

    def begins(self, written: _Written, at: int) -> int:
        """Return the end of a phrase that begins here; `at` when none does."""
        match = self._pattern.match(written.bare, at)
        return match.end() if match and self._meant(match, written) else at

    def _meant(self, match: re.Match[str], written: _Written) -> bool:
        typed = written.typed(match.start(), match.end()).split(" ")
        bare = match.group().split(" ")
        return any(
            all(word in (accented, plain) for word, accented, plain in zip(typed, phrase, bare, strict=False))
            for phrase in self._accented[match.group()]
        )


@cache
def _phrases(name: str) -> _Phrases:
    return _Phrases(lists()[name])


@cache
def lists() -> Mapping[str, list[str]]:
    """Return the lists of data/problems.json."""
    found: dict[str, list[str]] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def _turnings(written: _Written) -> dict[int, Turning]:
    """Return the places where another matter may begin."""
    found: dict[int, Turning] = {}
    items = _list_items(written.bare)
    starts = _clause_starts(written.bare)
    for at in starts:
        if _phrases("phrases_at_start").begins(written, at) > at or _begins_besides(written, at):
            found[at] = Turning.PHRASE
        elif not items and written.bare[max(0, at - 2) : at] == "\n\n":
            found[at] = Turning.PARAGRAPH
        elif not items and len(starts) <= _MOST_SENTENCES and _takes_a_topic(written, at):
            found[at] = Turning.SENTENCE
    for match in _phrases("phrases").found(written):
        found[_start_of_clause(match.start(), starts)] = Turning.PHRASE
    found.update(dict.fromkeys(items, Turning.LIST))
    found.pop(0, None)
    return found


def _begins_besides(written: _Written, at: int) -> bool:
    """Tell whether words begin with "còn" that turns to something else; "con" may be another word."""
    if not _BESIDES.match(written.bare, at):
        return False
    if written.bare[:at].rstrip().endswith(","):
        return False
    if written.accented:
        return written.typed(at, at + 3) == "còn"
    return not _CHILD_OR_ROAD.match(written.bare, at)


def _clause_starts(bare: str) -> list[int]:
    """Return where sentences begin, and clauses after a comma that begin like another matter."""
    starts = {0}
    for end in _SENTENCE_END.finditer(bare):
        before = bare[max(0, end.start() - 8) : end.start()]
        if "\n" in end.group() or not _ABBREVIATED.search(before):
            starts.add(end.end())
    starts.update(match.end() for match in _CLAUSE.finditer(bare))
    return sorted(start for start in starts if start < len(bare))


def _start_of_clause(at: int, starts: Sequence[int]) -> int:
    """Return the beginning of the clause when a phrase stands among its first words, else the phrase's."""
    start = starts[bisect_right(starts, at) - 1]
    return start if at - start <= _FIRST_WORDS else at


def _takes_a_topic(written: _Written, at: int) -> bool:
    """Tell whether a sentence takes up a topic: "rác thì …", "đèn ngõ 7 cũng …", or a line of its own."""
    if _phrases("goes_on").begins(written, at) > at:
        return False
    if written.bare[at - 1 : at] == "\n":
        return True
    topic = _TOPIC.match(written.bare, at)
    if topic is None or _QUANTIFIED.search(topic.group()):
        return False
    return written.typed(topic.start("sign"), topic.end()) in ("thì", "thi", "cũng", "cung")


def _list_items(bare: str) -> list[int]:
    """Return where the items of a list begin; nothing when there are fewer than two."""
    kinds = (
        _counted(_numbers(bare)),
        _counted(_ordinals(bare)),
        [match.start() for match in _BULLET.finditer(bare)],
        [match.start() for match in _HEADING.finditer(bare)],
    )
    return next((items for items in kinds if len(items) > 1), []) or _wards_in_turn(bare)


def _wards_in_turn(bare: str) -> list[int]:
    """Return where the clauses between semicolons begin, when they name different wards."""
    starts = [0, *(match.end() for match in re.finditer(r";\s*", bare))]
    ends = [*starts[1:], len(bare)]
    found = [
        (start, named.group(1))
        for start, end in zip(starts, ends, strict=True)
        if (named := _NAMES_WARD.search(bare, start, end))
    ]
    several = len({name for _, name in found}) > 1
    return [start for start, _ in found] if several else []


def _counted(numbers: Iterator[tuple[int, int]]) -> list[int]:
    """Return the places of 1, 2, 3 … as far as they follow one another."""
    found: list[int] = []
    for number, at in numbers:
        if number == len(found) + 1:
            found.append(at)
    return found


def _numbers(bare: str) -> Iterator[tuple[int, int]]:
    for match in _NUMBERED.finditer(bare):
        sign = match["number"]
        yield (int(sign) if sign.isdecimal() else ord(sign) - ord("a") + 1), match.start()


def _ordinals(bare: str) -> Iterator[tuple[int, int]]:
    for match in _ORDINAL.finditer(bare):
        sign = match["counted"] or match["ranked"] or match["named"]
        yield (int(sign) if sign.isdecimal() else _ORDER[sign]), match.start()


def _segment(written: _Written, start: int, end: int, turning: Turning) -> Segment:
    first = _after_sign(written, start)
    return Segment(
        start=written.position(start),
        end=written.position(end),
        turning=turning,
        words=tuple(_WORD.findall(written.bare, first, end)),
        introduces=written.bare[start:end].rstrip().endswith(":"),
        goes_on=start > 0 and _goes_on(written, first),
    )


def _after_sign(written: _Written, start: int) -> int:
    """Return where a segment's own words begin, after the sign of a list or a phrase."""
    for sign in (_NUMBERED, _BULLET, _ORDINAL):
        if match := sign.match(written.bare, start):
            start = match.end()
    for name in ("phrases", "phrases_at_start"):
        start = _next_word(written, _phrases(name).begins(written, start))
    return start


def _next_word(written: _Written, at: int) -> int:
    match = _WORD.search(written.bare, at)
    return match.start() if match else len(written.bare)


def _goes_on(written: _Written, at: int) -> bool:
    """Tell whether words are a consequence, a wish or a date."""
    if _phrases("consequences").begins(written, at) > at or _DATED.match(written.bare, at):
        return True
    while (after := _phrases("wishing").begins(written, at)) > at:
        at = _next_word(written, after)
    return _phrases("wishes").begins(written, at) > at


def enumerated(text: str) -> list[tuple[int, int]]:
    """Return the spans of an enumeration of few words each: "đèn hỏng, cống tắc, chó thả rông".

    Only one that makes up much of its text; nothing where there is none. "vừa … vừa …" is one of two.
    """
    written = _Written(text[:_MOST_CHARACTERS])
    spans = _both(written) or _clauses(written.bare)
    if not spans or spans[-1][1] - spans[0][0] < _LEAST_ENUMERATED * len(written.bare.strip()):
        return []
    return [(written.position(start), written.position(end)) for start, end in spans]


def _both(written: _Written) -> list[tuple[int, int]]:
    match = _BOTH.search(written.bare)
    if match is None or written.typed(match.start(), match.start() + 3) not in ("vừa", "vua"):
        return []
    return [match.span(1), match.span(3)]


def _clauses(bare: str) -> list[tuple[int, int]]:
    """Return the clauses of the first sentence that is nothing but short ones, after its heading."""
    ends = [match.start() for match in _SENTENCE_END.finditer(bare)]
    for start, end in zip([0, *ends], [*ends, len(bare)], strict=True):
        first = bare.find(":", start, end) + 1 or start
        stops = [at for at in range(first, end) if bare[at] in ",;"]
        if _FEWEST_CLAUSES - 1 <= len(stops) < _MOST_CLAUSES:
            spans = list(zip([first, *(at + 1 for at in stops)], [*stops, end], strict=True))
            if all(_is_short(bare[one:other]) for one, other in spans):
                return spans
    return []


def _is_short(clause: str) -> bool:
    return _SHORTEST_CLAUSE <= len(_WORD.findall(clause)) <= _LONGEST_CLAUSE
