"""What gives a person away in words: their name, numbers and accounts, and what they wrote themselves."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from routing.personal_data import find_personal_data
from routing.vietnamese import strip_accents

SHORTEST_ID = 5
"""Characters; what a shorter id looks like stands in many words."""
SHORTEST_SPAN = 6
_WORD = re.compile(r"[\w\u0300-\u036f]+")
_DIGIT = re.compile(r"\d")
_FEWEST_DIGITS = 8
_ASKED_FOR = re.compile(r"(?:«|/ ?t[iì]m\s)([^«»\n]{2,80})", re.IGNORECASE)
"""What somebody searched for, as they typed it and as they were answered."""
_QUOTED = re.compile(r"«([^»]*)»")
Span = tuple[int, int]


@dataclass(frozen=True, kw_only=True, slots=True)
class Traces:
    """What is known of somebody. numbers: telephone numbers; ids: accounts and chats, as channels name them.

    texts: what they wrote. places: streets and wards, which may stay where they are.
    """

    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


class Scrubber:
    """Takes somebody's traces out of texts and puts `mark` in their place.

    run: so many words in a row are the person's own (all of them, where they wrote fewer). strict: names of
    one word count, too, and what looks like personal data in the person's own words. quotes: what stands in
    «…» goes as a whole, since an excerpt without its best known words still tells the rest.
    """

    def __init__(
        self, traces: Traces, *, mark: str, run: int, strict: bool = False, quotes: bool = False
    ) -> None:
        self._mark = mark
        self._quotes = quotes
        self._run = run
        self._literal = _literals(traces, strict=strict)
        self._known = {frozenset(_bare(known)) for known in (*traces.names, *traces.texts)}
        self._sources = [words for text in traces.texts for words in _sources(text, traces.places)]
        self._starts: dict[tuple[str, ...], list[tuple[int, int]]] = {}
        self._lengths: set[int] = set()
        for number, words in enumerate(self._sources):
            self._index(number, words)

    def _index(self, number: int, words: Sequence[str]) -> None:
        length = min(self._run, len(words))
        if length < 2:
            return
        self._lengths.add(length)
        for start in range(len(words) - length + 1):
            self._starts.setdefault(tuple(words[start : start + length]), []).append((number, start))

    def finds(self, text: str) -> bool:
        """Tell whether a text holds a trace."""
        return next(self._spans(text), None) is not None

    def scrub(self, text: str) -> str:
        """Return a text without the traces; the same text where it holds none."""
        parts, end = [], 0
        spans = _joined(self._spans(text))
        for start, stop in _joined(_in_whole_quotes(text, spans) if self._quotes else spans):
            parts += [text[end:start], self._mark]
            end = stop
        return "".join([*parts, text[end:]]) if parts else text

    def scrub_all(self, value: Any) -> Any:
        """Return a JSON value with every string in it scrubbed, names of fields aside."""
        if isinstance(value, str):
            return self.scrub(value)
        if isinstance(value, Mapping):
            return {name: self.scrub_all(part) for name, part in value.items()}
        return [self.scrub_all(part) for part in value] if isinstance(value, list | tuple) else value

    def _spans(self, text: str) -> Iterator[Span]:
        if self._literal is not None:
            yield from (found.span() for found in self._literal.finditer(text))
        if self._known:
            yield from self._searches(text)
        if self._starts:
            yield from self._runs(text)

    def _searches(self, text: str) -> Iterator[Span]:
        """Yield what was searched for in words of the person's, with accents or without."""
        for found in _ASKED_FOR.finditer(text):
            asked = set(_bare(found[1]))
            if asked and any(asked <= known for known in self._known):
                yield found.span(1)

    def _runs(self, text: str) -> Iterator[Span]:
        found = list(_WORD.finditer(text))
        words = [_plain(match[0]) for match in found]
        for start in range(len(words)):
            longest = max(
                (
                    self._matched(words, start, known)
                    for length in self._lengths
                    for known in self._starts.get(tuple(words[start : start + length]), ())
                ),
                default=0,
            )
            if longest:
                yield found[start].start(), found[start + longest - 1].end()

    def _matched(self, words: Sequence[str], start: int, known: tuple[int, int]) -> int:
        """Return how many words from `start` on are those of a source, a cut last one among them."""
        number, at = known
        source = self._sources[number]
        count = 0
        for word, own in zip(words[start:], source[at:], strict=False):
            if word != own:
                return count + own.startswith(word)
            count += 1
        return count


def _literals(traces: Traces, *, strict: bool) -> re.Pattern[str] | None:
    spans = {span for text in traces.texts for span in _personal(text)} if strict else set()
    names = [name for name in traces.names if len(name.split()) > 1 or (strict and len(name) > 1)]
    ids = [each for each in traces.ids if len(each) >= SHORTEST_ID]
    parts = [
        *(r"\s+".join(map(re.escape, literal.split())) for literal in sorted({*names, *ids, *spans})),
        *filter(None, map(_number, traces.numbers)),
    ]
    if not parts:
        return None
    return re.compile(
        rf"(?<![\w])(?:{'|'.join(sorted(parts, key=len, reverse=True))})(?![\w])", re.IGNORECASE
    )


def _personal(text: str) -> Iterator[str]:
    for item in find_personal_data(text):
        if item.type != "vehicle_plate" and item.end - item.start >= SHORTEST_SPAN:
            yield text[item.start : item.end]


def _number(written: str) -> str:
    """Return the pattern of a telephone number however it is grouped, with 0, 84 or +84 before it."""
    digits = "".join(_DIGIT.findall(written)).removeprefix("84").lstrip("0")
    if len(digits) < _FEWEST_DIGITS:
        return ""
    gap = r"[ .\-()]{0,4}"  # with no end, a text of blanks alone would be read again from each of them
    return rf"(?:\+?84|0)?{gap}" + gap.join(digits)


def _sources(text: str, places: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of a text between the places that it names."""
    named = sorted({place for place in places if place}, key=len, reverse=True)
    pieces = re.split("|".join(map(re.escape, named)), text, flags=re.IGNORECASE) if named else [text]
    for piece in pieces:
        if words := [_plain(word) for word in _WORD.findall(piece)]:
            yield words


def _plain(word: str) -> str:
    return unicodedata.normalize("NFC", word).casefold()


def _bare(text: str) -> list[str]:
    return _WORD.findall(strip_accents(text).casefold())


def _in_whole_quotes(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Yield spans, those that touch a quotation as wide as it is."""
    quoted = [found.span(1) for found in _QUOTED.finditer(text)]
    for span in spans:
        yield span
        yield from (quote for quote in quoted if span[0] < quote[1] and quote[0] < span[1])


def _joined(spans: Iterable[Span]) -> list[Span]:
    """Return spans in order, those that touch or overlap made one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(end, found[-1][1]))
        else:
            found.append((start, end))
    return found
