"""The whole reading of one text: kind, domain, urgency, place, personal data, with reasons in plain words."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, Self

import numpy as np

from routing.domain import domains, lexicon
from routing.kind import EMERGENCY, FEEDBACK, KINDS, kinds
from routing.model import Floats, Model, Unsuitable, count_features
from routing.personal_data import PersonalData, find_personal_data, without
from routing.place import PlaceReading, read_place
from routing.problems import Problem, SpanReading, find_problems, place_from
from routing.urgency import urgency_reason
from routing.vietnamese import has_accents, normalise, strip_accents, words

MODEL_FILE = Path(__file__).parent / "data" / "model.npz"
_REASONS_FILE = Path(__file__).parent / "data" / "reasons.json"
LONGEST_TEXT = 20_000
_READ_CHARACTERS = 3_000
_SHOWN_CANDIDATES = 3
_SHOWN_WORDS = 3
_LEAST_TELLING = 0.2
"""The share of the most telling word's weight from which on a word is worth quoting."""
TRIAGE_BELOW = 0.5
"""A domain that is less sure is chosen by a person."""
_FEWEST_KNOWN = 0.25
# Chances are weighed before the likeliest kind is taken: an ordinary complaint must rarely be taken for
# another kind, and a call for help for an ordinary complaint. Set on the shipped evaluation set.
_KIND_WEIGHTS = {FEEDBACK: 1.2, EMERGENCY: 3.5}
_KIND_AT_LEAST = 0.4


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A domain that a text may be about; confidence is a probability."""

    domain: str
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What was understood of one text. `needs_triage` means a dispatcher should look at the domain."""

    text: str
    kind: str
    kind_confidence: float
    urgent: bool
    domain: str
    confidence: float
    candidates: tuple[Candidate, ...]
    needs_triage: bool
    place: PlaceReading
    reasons: tuple[str, ...]
    personal_data: tuple[PersonalData, ...]
    model_version: str
    problems: tuple[Problem, ...] = ()
    """The separate matters that the text tells of; none when it tells of one."""

    def as_dict(self) -> dict[str, object]:
        """Return the reading as JSON-able data: what `understand` prints, and the whole place besides."""
        ward = self.place.ward
        return {
            "text": self.text,
            "kind": self.kind,
            "kind_confidence": self.kind_confidence,
            "urgent": self.urgent,
            "domain": self.domain,
            "confidence": self.confidence,
            "candidates": [
                {"domain": candidate.domain, "confidence": candidate.confidence}
                for candidate in self.candidates
            ],
            "needs_triage": self.needs_triage,
            "province": self.place.province,
            "ward_named": self.place.ward_named,
            "ward": ward.name if ward else None,
            "ward_code": ward.code if ward else None,
            "place_candidates": [candidate.name for candidate in self.place.candidates],
            "street": self.place.street,
            "alley": self.place.alley,
            "house_number": self.place.house_number,
            "landmark": self.place.landmark,
            "reasons": list(self.reasons),
            "personal_data": [
                {"type": item.type, "span": [item.start, item.end]} for item in self.personal_data
            ],
            "model_version": self.model_version,
            "place": self.place.as_dict(),
            "problems": [problem.as_dict() for problem in self.problems],
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the reading that `as_dict` wrote, also after a round trip through JSON."""
        return cls(
            text=data["text"],
            kind=data["kind"],
            kind_confidence=data["kind_confidence"],
            urgent=data["urgent"],
            domain=data["domain"],
            confidence=data["confidence"],
            candidates=tuple(Candidate(**candidate) for candidate in data["candidates"]),
            needs_triage=data["needs_triage"],
            place=place_from(data["place"]),
            reasons=tuple(data["reasons"]),
            personal_data=tuple(
                PersonalData(type=item["type"], start=item["span"][0], end=item["span"][1])
                for item in data["personal_data"]
            ),
            model_version=data["model_version"],
            problems=tuple(Problem.from_dict(problem) for problem in data.get("problems", ())),
        )


class Understanding:
    """Reads texts. Loaded once, then only read from: several threads may share one."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lexicon = lexicon()
        self._domain_names = {domain.id: domain.name for domain in domains()}
        self._kind_names = {kind.id: kind.name for kind in kinds()}

    @classmethod
    def load(cls) -> Self:
        """Load the shipped model and the places."""
        understanding = cls(Model.load(MODEL_FILE))
        understanding.read("", province=None)
        return understanding

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Load a model as it was saved. Raises Unsuitable for one that this program cannot read with."""
        model = Model.load(BytesIO(content))
        _check_labels(model)
        understanding = cls(model)
        understanding.read("", province=None)
        return understanding

    @property
    def model_version(self) -> str:
        """The version of the model in use."""
        return self._model.version

    def read(self, text: str, *, province: str | None) -> Reading:
        """Return what a text says; `province` is the slug of where the writer lives, None for anywhere.

        Only the first 3,000 characters are analysed; the text is kept whole.
        """
        part = text[:_READ_CHARACTERS]
        personal = find_personal_data(text[:LONGEST_TEXT])
        tokens = words(without(part, personal))
        counts = count_features(tokens, self._lexicon)
        columns, values = self._model.vector(counts)
        scores = self._model.scores(columns, values)
        readable = self._readable(tokens)
        accented = has_accents(tokens)
        candidates = self._candidates(scores, accented) if readable else _NOTHING_READ
        kind, kind_confidence = self._kind(scores, accented) if readable else (FEEDBACK, 0.0)
        haste = urgency_reason(tokens)
        place = read_place(part, province=province)
        seen = _Seen(part, place)
        reasons = [
            self._domain_reason(candidates, counts, seen) if readable else _templates()["unreadable"],
            *self._kind_reasons(kind, haste, counts, seen),
            _place_reason(place),
            *_place_details(place),
        ]
        return Reading(
            text=text,
            kind=kind,
            kind_confidence=kind_confidence,
            urgent=haste is not None or kind == EMERGENCY,
            domain=candidates[0].domain,
            confidence=candidates[0].confidence,
            candidates=candidates,
            needs_triage=candidates[0].confidence < TRIAGE_BELOW or not readable,
            place=place,
            reasons=tuple(reasons),
            personal_data=personal,
            model_version=self._model.version,
            problems=self._problems(text, part, place, province) if readable else (),
        )

    def read_many(self, texts: Sequence[str], *, province: str | None) -> list[Reading]:
        """Return the readings of several texts, in their order."""
        return [self.read(text, province=province) for text in texts]

    def _problems(
        self, text: str, part: str, place: PlaceReading, province: str | None
    ) -> tuple[Problem, ...]:
        found = find_problems(
            part,
            place=place,
            read_span=self._read_span,
            read_place=lambda span: read_place(span, province=province),
        )
        return (*found[:-1], replace(found[-1], end=len(text))) if found else ()

    def _read_span(self, span: str) -> SpanReading:
        """Return what a part of a text is about, read alone."""
        tokens = words(span)
        counts = count_features(tokens, self._lexicon)
        scores = self._model.scores(*self._model.vector(counts))
        accented = has_accents(tokens)
        candidates = self._candidates(scores, accented)
        return SpanReading(
            kind=self._kind(scores, accented)[0],
            domains={each.domain: each.confidence for each in candidates},
            urgent=urgency_reason(tokens) is not None,
            reasons=(self._domain_reason(candidates, counts, _Seen(span, None)),),
        )

    def _readable(self, tokens: Sequence[str]) -> bool:
        vocabulary = self._model.vocabulary
        letters = [token for token in tokens if not token.isdigit()]
        known = sum("a:" + token in vocabulary or "s:" + token in vocabulary for token in letters)
        return known > 0 and known >= _FEWEST_KNOWN * len(letters)

    def _candidates(self, scores: Floats, accented: bool) -> tuple[Candidate, ...]:
        head = self._model.heads["domain"]
        chances = head.probabilities(scores, accented=accented)
        order = np.argsort(-chances, kind="stable")[:_SHOWN_CANDIDATES]
        return tuple(
            Candidate(domain=head.labels[at], confidence=round(float(chances[at]), 4)) for at in order
        )

    def _kind(self, scores: Floats, accented: bool) -> tuple[str, float]:
        """Return the kind and its chance. Doubt means feedback."""
        head = self._model.heads["kind"]
        chances = head.probabilities(scores, accented=accented)
        chances *= np.array([_KIND_WEIGHTS.get(label, 1.0) for label in head.labels], dtype=np.float32)
        chances /= chances.sum()
        best = int(np.argmax(chances))
        if chances[best] < _KIND_AT_LEAST:
            best = head.labels.index(FEEDBACK)
        return head.labels[best], round(float(chances[best]), 4)

    def _domain_reason(
        self, candidates: Sequence[Candidate], counts: Mapping[str, int], seen: "_Seen"
    ) -> str:
        templates = _templates()
        name = self._domain_names[candidates[0].domain]
        if candidates[0].confidence < TRIAGE_BELOW:
            return templates["domain_unsure"].format(
                name=name, second=self._domain_names[candidates[1].domain]
            )
        return templates["domain"].format(name=name) + self._because(
            "domain", candidates[0].domain, counts, seen
        )

    def _kind_reasons(
        self, kind: str, haste: str | None, counts: Mapping[str, int], seen: "_Seen"
    ) -> list[str]:
        """Return why a message is urgent, and why it is no ordinary complaint."""
        templates = _templates()
        because = "" if kind == FEEDBACK else self._because("kind", kind, counts, seen)
        urgent = [haste] if haste else [templates["emergency"] + because] if kind == EMERGENCY else []
        told = [templates["kind"].format(name=self._kind_names[kind]) + because] if kind != FEEDBACK else []
        return [*urgent, *told]

    def _because(self, head: str, label: str, counts: Mapping[str, int], seen: "_Seen") -> str:
        telling = self._telling_words(head, label, counts, seen)
        quoted = ", ".join(f'"{word}"' for word in telling)
        return _templates()["because"].format(words=quoted) if telling else "."

    def _telling_words(self, head: str, label: str, counts: Mapping[str, int], seen: "_Seen") -> list[str]:
        """Return the words and pairs of words of the text that spoke most for a label.

        Numbers, what stands for an abbreviation, and the names of places explain nothing to a reader.
        """
        block = "a:" if any(feature.startswith("a:") for feature in counts) else "s:"
        features = [
            feature
            for feature in counts
            if feature.startswith(block) and feature in self._model.vocabulary and seen.shows(feature[2:])
        ]
        if not features:
            return []
        columns = np.array([self._model.vocabulary[feature] for feature in features])
        own = self._model.heads[head]
        weights = self._model.weights[columns, own.first_column + own.labels.index(label)].astype(np.float32)
        strength = weights * self._model.importance[columns]
        least = max(0.0, _LEAST_TELLING * float(strength.max()))
        found: list[str] = []
        for at in np.argsort(-strength, kind="stable"):
            word = features[int(at)].removeprefix(block)
            if strength[at] <= least or len(found) == _SHOWN_WORDS:
                break
            if not any(word in longer or longer in word for longer in found):
                found.append(word)
        return found


class _Seen:
    """What of a text may be quoted back: words as they were typed, without those of its places."""

    def __init__(self, text: str, place: PlaceReading | None) -> None:
        typed = normalise(text).lower()
        self._typed = f" {' '.join(_LETTERS.findall(typed))} "
        self._bare = strip_accents(self._typed)
        named = _names_in(place) if place is not None else ""
        self._places = {*words(named), *words(strip_accents(named))} - _PLACE_WORDS

    def shows(self, words_of_feature: str) -> bool:
        """Tell whether these words stand in the text like this and belong to no name of a place."""
        parts = words_of_feature.split(" ")
        if len(parts) > 2 or any(part in self._places or not part.isalpha() for part in parts):
            return False
        whole = f" {words_of_feature} "
        return len(words_of_feature) > 1 and (whole in self._typed or whole in self._bare)


def _check_labels(model: Model) -> None:
    """Raise Unsuitable unless a model tells apart exactly the domains and kinds that there are now."""
    for name, known in {"domain": [domain.id for domain in domains()], "kind": list(KINDS)}.items():
        labels = set(model.heads[name].labels) if name in model.heads else set()
        if labels != set(known):
            differ = ", ".join(sorted(labels ^ set(known)))
            raise Unsuitable(f"its {name}s are not those of this program (they differ in {differ})")


def _names_in(place: PlaceReading) -> str:
    names = (place.ward_named, place.district, place.street, place.ward.name if place.ward else None)
    return " ".join(name for name in names if name)


_LETTERS = re.compile(r"[^\W\d_]+")
_PLACE_WORDS = frozenset(words("phường xã đường phố quận huyện thành phố ngõ hẻm chợ cầu trường bến"))
_NOTHING_READ = (Candidate(domain="other", confidence=0.0),)


@cache
def _templates() -> dict[str, str]:
    templates: dict[str, str] = json.loads(_REASONS_FILE.read_text(encoding="utf-8"))
    return templates


def _place_details(place: PlaceReading) -> list[str]:
    """Return in words what the place was read by; what goes without saying has no words."""
    former = {"former_name", "older_name"} & {*place.reasons}
    told = [reason for reason in place.reasons if reason != "divided_ward" or former]
    return [_templates()[f"place_{reason}"] for reason in told if f"place_{reason}" in _templates()]


def _place_reason(place: PlaceReading) -> str:
    templates = _templates()
    if place.ward is not None and place.ward_named is not None:
        return templates["ward"].format(ward=place.ward.name, named=place.ward_named)
    if place.ward_named is not None and place.candidates:
        names = ", ".join(ward.name for ward in place.candidates)
        return templates["wards"].format(named=place.ward_named, wards=names)
    return templates["no_ward"]
