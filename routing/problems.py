"""Several problems in one message: which parts of a text tell of a matter, and a place, of their own.

The structure of a text suggests where another matter may begin (`segments`), and the reading of both sides
decides. A cause, a consequence, a comparison or a wish is no other matter: in doubt a message is one, because
an idle offer to take it apart annoys.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Self

from routing.kind import EMERGENCY
from routing.model import bare_words
from routing.place import FormerWard, PlaceReading, Ward
from routing.segments import Segment, Turning, enumerated, lists, segments
from routing.vietnamese import strip_accents, words

MOST_PROBLEMS = 5
_MOST_READ = 400
"""Characters of a part that are read: it is about what it begins with."""
_MOST_PARTS = 8
"""Parts that are read: what comes after these goes with the last matter."""
_FEWEST_WORDS = {Turning.SENTENCE: 8, Turning.PARAGRAPH: 4, Turning.PHRASE: 4, Turning.LIST: 4}
_NO_MATTER = frozenset({"smalltalk", "abuse"})
_SURE_OF_A_MATTER = 0.9
"""Of a few words the domain says more than the kind does."""
_FEWEST_IF_SURE, _SURE_OF_FEW_WORDS = 2, 0.97
_SUPPLIES = frozenset({"electricity", "water_supply", "telecom"})
_EMPTY = (
    "a da vang oi nhe nha kinh gui xin chao cam on toi em anh chi ban minh rat mong nho giup som tran trong"
    " thua ong ba quy co quan phan anh"
)
_EMPTY_WORDS = frozenset(_EMPTY.split())
# How sure both sides must be, and how unlikely each must be what the other is. Set on the shipped corpus.
_SURE = {Turning.SENTENCE: 0.9, Turning.PARAGRAPH: 0.7, Turning.PHRASE: 0.45, Turning.LIST: 0.4}
_ALIKE = {Turning.SENTENCE: 0.1, Turning.PARAGRAPH: 0.1, Turning.PHRASE: 0.25, Turning.LIST: 0.3}


@dataclass(frozen=True, kw_only=True, slots=True)
class SpanReading:
    """What a part of a text is about, read alone: kind, domains with their chances, haste, and why."""

    kind: str
    domains: Mapping[str, float]
    """Likeliest first."""
    urgent: bool = False
    reasons: tuple[str, ...] = ()

    @property
    def domain(self) -> str:
        """The likeliest domain."""
        return next(iter(self.domains))

    @property
    def confidence(self) -> float:
        """The chance of the likeliest domain."""
        return self.domains[self.domain]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One matter of a message: its span in the text as it was sent, and what was understood of it alone.

    `domains` are the possible ones with their chances, likeliest first. `place` is its own where the span
    names one, otherwise the message's ward.
    """

    start: int
    end: int
    domain: str
    confidence: float
    kind: str
    place: PlaceReading
    domains: Mapping[str, float]
    urgent: bool
    reasons: tuple[str, ...]
    more: int = 0
    """Matters beyond the most that are told apart: the last one holds them besides its own."""

    def as_dict(self) -> dict[str, Any]:
        """Return the parts in JSON."""
        ward = self.place.ward
        return {
            "span": [self.start, self.end],
            "domain": self.domain,
            "confidence": self.confidence,
            "kind": self.kind,
            "ward": ward.name if ward else None,
            "ward_code": ward.code if ward else None,
            "street": self.place.street,
            "place": self.place.as_dict(),
            "domains": dict(self.domains),
            "urgent": self.urgent,
            "reasons": list(self.reasons),
            "more": self.more,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the problem that `as_dict` wrote, also after a round trip through JSON."""
        start, end = data["span"]
        return cls(
            start=start,
            end=end,
            domain=data["domain"],
            confidence=data["confidence"],
            kind=data["kind"],
            place=place_from(data["place"]),
            domains=data["domains"],
            urgent=data["urgent"],
            reasons=tuple(data["reasons"]),
            more=data.get("more", 0),
        )


def content_words(text: str) -> list[str]:
    """Return the words that tell of something, without accents: no greeting, no form of address."""
    return [word for word in bare_words(words(text)) if word not in _EMPTY_WORDS and not word.isdecimal()]


def advertises(text: str) -> bool:
    """Tell whether a text offers goods, work or money."""
    bare = f" {' '.join(bare_words(words(text)))} "
    return any(f" {strip_accents(offer)} " in bare for offer in lists()["offers"])


ReadSpan = Callable[[str], SpanReading]
ReadPlace = Callable[[str], PlaceReading]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Matter:
    """Neighbouring segments that tell of one matter; `reading` is None while none of them tells of any."""

    start: int
    end: int
    reading: SpanReading | None
    more: int = 0


def find_problems(
    text: str, *, place: PlaceReading, read_span: ReadSpan, read_place: ReadPlace
) -> tuple[Problem, ...]:
    """Return the separate matters of a text in their order, at most five; nothing when it is one matter.

    `place` is the whole text's. The spans cover the text without a gap: a greeting and a closing line belong
    to their neighbour. A text without any sign of a second matter is not read again.
    """
    parts = segments(text)
    matters = _Sorter(text, read_span, read_place).matters(parts) if len(parts) > 1 else []
    if len(matters) > 1:
        return tuple(_problem(text, matter, place, read_place) for matter in matters)
    named = _enumerated(text, read_span)
    return tuple(_problem(text, matter, place, read_place, shares_address=True) for matter in named)


def _enumerated(text: str, read_span: ReadSpan) -> list[_Matter]:
    """Return the matters of a mere enumeration, each of a sure domain of its own; else nothing."""
    spans = enumerated(text)
    found: list[_Matter] = []
    for start, end in spans:
        reading = read_span(text[start:end])
        earlier = {each.reading.domain for each in found if each.reading}
        if reading.confidence < _SURE_OF_A_MATTER or reading.domain in earlier:
            return []
        found.append(_Matter(start=start, end=end, reading=reading))
    if len(found) == 2 and _one_cause(found[0], found[1]):
        return []
    return _covering(text, found)


def _one_cause(one: _Matter, other: _Matter) -> bool:
    """Tell whether two matters named together are often one; two supplies that fail are two."""
    assert one.reading is not None
    assert other.reading is not None
    domains = {one.reading.domain, other.reading.domain}
    return not domains <= _SUPPLIES and _often_one(one.reading.domain, other.reading.domain)


def _covering(text: str, found: Sequence[_Matter]) -> list[_Matter]:
    """Return matters that cover a text without a gap; the last one takes what is beyond the fifth."""
    kept, beyond = found[:MOST_PROBLEMS], len(found[MOST_PROBLEMS:])
    starts = [0, *(each.start for each in kept[1:])]
    ends = [*starts[1:], len(text)]
    matters = (
        [replace(each, start=start, end=end) for each, start, end in zip(kept, starts, ends, strict=True)]
        if kept
        else []
    )
    return [*matters[:-1], replace(matters[-1], more=beyond)] if matters else []


class _Sorter:
    """Joins the segments of one text to the matters that they tell of."""

    def __init__(self, text: str, read_span: ReadSpan, read_place: ReadPlace) -> None:
        self._text = text
        self._read_span, self._read_place = read_span, read_place
        self._places: dict[str, PlaceReading] = {}

    def matters(self, parts: Sequence[Segment]) -> list[_Matter]:
        """Return the matters in order; the last one takes what is beyond the fifth."""
        found = [_Matter(start=parts[0].start, end=parts[0].end, reading=self._reading(parts[0]))]
        for part in parts[1:_MOST_PARTS]:
            reading, last = self._reading(part), found[-1]
            apart = self._apart(last, part, reading)
            if apart and len(found) < MOST_PROBLEMS:
                found.append(_Matter(start=part.start, end=part.end, reading=reading))
            else:
                more = last.more + apart
                found[-1] = replace(last, end=part.end, reading=last.reading or reading, more=more)
        return [*found[:-1], replace(found[-1], end=parts[-1].end)]

    def _reading(self, part: Segment) -> SpanReading | None:
        """Return what a segment tells; None when it tells of no matter, or goes on about the last."""
        if part.goes_on or part.introduces:
            return None
        turning = part.turning if part.start else Turning.LIST
        content = sum(word not in _EMPTY_WORDS for word in part.words)
        if content < (_FEWEST_IF_SURE if turning > Turning.PARAGRAPH else _FEWEST_WORDS[turning]):
            return None
        reading = self._read_span(self._text[part.start : min(part.end, part.start + _MOST_READ)])
        if reading.kind == EMERGENCY and turning > Turning.SENTENCE:
            return reading
        if content < _FEWEST_WORDS[turning] and reading.confidence < _SURE_OF_FEW_WORDS:
            return None
        no_matter = reading.kind in _NO_MATTER and reading.confidence < _SURE_OF_A_MATTER
        return None if no_matter or reading.confidence < _SURE[turning] else reading

    def _apart(self, last: _Matter, part: Segment, reading: SpanReading | None) -> bool:
        """Tell whether a segment tells of another matter than the one before it."""
        before, turning = last.reading, part.turning
        if before is None or reading is None:
            return False
        if turning > Turning.SENTENCE and (before.kind == EMERGENCY) != (reading.kind == EMERGENCY):
            return True
        if min(before.confidence, reading.confidence) < _SURE[turning]:
            return False
        if before.domain == reading.domain:
            return turning > Turning.SENTENCE and self._elsewhere(last, part)
        if turning < Turning.PHRASE and _often_one(before.domain, reading.domain):
            return turning > Turning.SENTENCE and self._elsewhere(last, part)
        likeness = max(before.domains.get(reading.domain, 0.0), reading.domains.get(before.domain, 0.0))
        return likeness <= _ALIKE[turning]

    def _elsewhere(self, last: _Matter, part: Segment) -> bool:
        """Tell whether both sides name a ward, or a street, and not the same one."""
        one, other = self._place(last.start, last.end), self._place(part.start, part.end)
        if one.ward_named and other.ward_named:
            return one.ward_named != other.ward_named
        return bool(one.street and other.street) and one.street != other.street

    def _place(self, start: int, end: int) -> PlaceReading:
        span = self._text[start : min(end, start + _MOST_READ)]
        if span not in self._places:
            self._places[span] = self._read_place(span)
        return self._places[span]


def _often_one(domain: str, other: str) -> bool:
    """Tell whether one domain is often the cause of the other: then a new sentence proves nothing."""
    return "other" in (domain, other) or frozenset((domain, other)) in _related()


@cache
def _related() -> frozenset[frozenset[str]]:
    return frozenset(frozenset(pair.split(" ")) for pair in lists()["related"])


def _problem(
    text: str,
    matter: _Matter,
    whole: PlaceReading,
    read_place: ReadPlace,
    *,
    shares_address: bool = False,
) -> Problem:
    assert matter.reading is not None
    span = text[matter.start : min(matter.end, matter.start + _MOST_READ)]
    own = read_place(span)
    shares = shares_address and not (own.ward_named or own.district or own.street)
    return Problem(
        start=matter.start,
        end=matter.end,
        domain=matter.reading.domain,
        confidence=matter.reading.confidence,
        kind=matter.reading.kind,
        domains=matter.reading.domains,
        urgent=matter.reading.urgent,
        reasons=matter.reading.reasons,
        more=matter.more,
        place=whole if shares else _own_place(own, whole, matter.start),
    )


def _own_place(own: PlaceReading, whole: PlaceReading, start: int) -> PlaceReading:
    """Return the place of a matter: what its words name, and of the message's what they leave open."""
    if own.ward_named or own.district:
        return replace(own, span=(own.span[0] + start, own.span[1] + start) if own.span else None)
    return replace(
        whole,
        street=own.street,
        street_word=own.street_word,
        alley=own.alley,
        house_number=own.house_number,
        landmark=own.landmark,
    )


def place_from(data: Mapping[str, Any]) -> PlaceReading:
    """Return the reading of a place from its JSON; readings of earlier versions lack parts of the address."""
    return PlaceReading(
        province=data["province"],
        ward_named=data["ward_named"],
        district=data["district"],
        ward=Ward(**data["ward"]) if data["ward"] else None,
        candidates=tuple(Ward(**ward) for ward in data["candidates"]),
        former=tuple(FormerWard(**ward) for ward in data["former"]),
        street=data["street"],
        span=tuple(data["span"]) if data["span"] else None,
        reasons=tuple(data["reasons"]),
        street_word=data.get("street_word"),
        alley=data.get("alley"),
        house_number=data.get("house_number"),
        landmark=data.get("landmark"),
    )
