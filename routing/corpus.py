"""The text that the model learns from: written by hand, and composed from written parts with a seed.

A file in data/corpus holds `# situations` (clauses that are set into places, times and complaints; some in
brief) and `# messages` (whole messages as a citizen would send them), one to a line.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from routing.typing_habits import in_another_dialect, typed_in_a_hurry

CORPUS = Path(__file__).parent / "data" / "corpus"
_BLANK = re.compile(r"\{(\w)\}")
_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_FEWEST_WORDS = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One hand-written line: a situation to be composed, or a whole message. `key` groups its variants."""

    key: str
    label: str
    text: str
    is_situation: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One training text. Examples with the same `source` come from the same hand-written line."""

    text: str
    label: str
    source: str
    weight: float


def sources(family: str, *, folder: Path = CORPUS) -> list[Source]:
    """Return every hand-written line of a family of labels: "domains" or "kinds"."""
    return [source for path in sorted((folder / family).glob("*.txt")) for source in _read(path)]


def examples(written: list[Source], *, seed: int, compositions: int, dressed: int) -> list[Example]:
    """Return training texts: each situation some times, each message clean and some times dressed."""
    random = Random(seed)
    made: list[Example] = []
    for source in written:
        for text, weight in _variants(source, written, random, compositions, dressed):
            made.append(Example(text=text, label=source.label, source=source.key, weight=weight))
    return made


def _variants(
    source: Source, written: list[Source], random: Random, compositions: int, dressed: int
) -> Iterator[tuple[str, float]]:
    if source.is_situation:
        for _ in range(compositions):
            yield _dress(compose(source, written, random), random, 0.5), 1.0
        return
    yield fill(source.text, random), 2.0
    for _ in range(dressed):
        yield _dress(fill(_shorter(source.text, random), random), random, 0.8), 1.0


def _shorter(text: str, random: Random) -> str:
    """Return now and then only some neighbouring sentences: people also write half of what they mean."""
    sentences = _SENTENCE_END.split(text)
    if len(sentences) < 2 or random.random() < 0.6:
        return text
    size = random.randrange(1, len(sentences))
    start = random.randrange(len(sentences) - size + 1)
    part = " ".join(sentences[start : start + size])
    return part if len(part.split()) >= _FEWEST_WORDS else text


def _dress(text: str, random: Random, share: float) -> str:
    text = in_another_dialect(text, random=random, share=random.choice((0.0, 0.0, 0.3, 0.6)))
    return typed_in_a_hurry(text, random=random) if random.random() < share else text


def compose(source: Source, written: list[Source], random: Random) -> str:
    """Return one message around a situation: opening, place and time, what happens, the request."""
    parts = _parts()
    situation = fill(source.text, random)
    place, time = fill(random.choice(parts["place"]), random), random.choice(parts["time"])
    before = [place, time] if random.random() < 0.5 else [time, place]
    if random.random() < 0.25:
        before, situation = [situation, place, time], ""
    clause = " ".join((*before, situation))
    sentences = [f"{fill(random.choice(parts['opening']), random)} {clause}"]
    if random.random() < 0.15:
        sentences.append(f"{random.choice(parts['joiner'])} {_another(source, written, random)}")
    sentences.extend(random.choice(parts[name]) for name in ("consequence", "consequence", "request"))
    return _tidy(". ".join(sentence.strip() for sentence in dict.fromkeys(sentences) if sentence.strip()))


def _another(source: Source, written: list[Source], random: Random) -> str:
    other = random.choice(written)
    same_family = other.is_situation and other.label != source.label
    return fill(other.text, random) if same_family else ""


def loosely_worded(source: Source, random: Random) -> str:
    """Return a plain complaint that begins with a word of another kind: "Tôi tố cáo quán karaoke …"."""
    opening = random.choice(_parts()["loose_words"])
    return _dress(_tidy(f"{opening} {fill(source.text, random)}"), random, 0.4)


def briefly(source: Source, random: Random) -> str:
    """Return a situation as somebody in a hurry sends it: a few words, perhaps the place, nothing else."""
    pattern = random.choice(_parts()["brief"])
    return _dress(fill(pattern.replace("{x}", source.text.rstrip(" .!?")), random), random, 0.6)


def fill(text: str, random: Random) -> str:
    """Return the text with its blanks filled: {S} street, {W} ward, {D} district, {C} city, {n} number."""
    return _BLANK.sub(lambda blank: _filling(blank.group(1), random), text)


def _filling(blank: str, random: Random) -> str:
    parts = _parts()
    if blank in "ST":
        return random.choice(parts["streets"])
    if blank in "WXV":
        return f"{random.choice(parts['first_syllables'])} {random.choice(parts['second_syllables'])}"
    if blank == "D":
        return random.choice(parts["districts"])
    if blank == "C":
        return random.choice(parts["cities"])
    if blank == "k":
        return random.choice(parts["landmark_lead"])
    if blank == "P":
        return random.choice(("phường", "xã", "khu", "thôn", "phố")) + " " + _filling("W", random)
    return str(random.randrange(1, 30 if blank == "m" else 600))


def _tidy(text: str) -> str:
    compact = re.sub(r"\s+", " ", text).replace(" .", ".").replace(" ,", ",").replace("?.", "?").strip()
    return compact[:1].upper() + compact[1:]


def _read(path: Path) -> Iterator[Source]:
    is_situation = False
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if text.startswith("#"):
            is_situation = text.startswith("# situations")
        elif text:
            yield Source(key=f"{path.stem}:{number}", label=path.stem, text=text, is_situation=is_situation)


@cache
def _parts() -> dict[str, list[str]]:
    parts: dict[str, list[str]] = json.loads((CORPUS / "parts.json").read_text(encoding="utf-8"))
    return parts
