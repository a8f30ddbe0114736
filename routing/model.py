"""A linear text model served as a sparse dot product: features of a text, weights, calibrated probabilities.

Words are seen twice, as typed and without accents, so that text typed without accents loses little; parts of
words bridge slips of the finger; keywords of the domains and cues of the kinds carry what an office knows.
"""

import hashlib
import json
import math
import struct
import tokenize
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from routing.vietnamese import has_accents, strip_accents, words

Floats = NDArray[np.float32]
_MOST_WORDS = 600
_HEAD_WORDS = 20
"""What a message begins with is mostly what it is about; what is mentioned in passing comes later."""
_BLOCK_WEIGHTS = {"a": 1.0, "s": 1.0, "h": 0.6, "c": 0.5, "k": 0.07, "q": 0.2}
_FEATURES = 1
"""To be raised whenever texts get other features or values: a model fits only those that it learned with."""
_PROBE = (
    "Cho hỏi: RÁC thải thải ở ngõ 15/2 Khương Đình 3 ngày nay, trẻ con ngã... k ai dọn, mùi hôi quá trời ạ!"
)
_BROKEN = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    RuntimeError,
    SyntaxError,
    tokenize.TokenError,  # numpy reads a header as Python's own words
    BadZipFile,
    zlib.error,
    struct.error,
)
"""What reading a file that is no model may raise: it is a zip of arrays, and any byte of it may be wrong."""


class Unsuitable(Exception):
    """A model cannot be used by this program; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lexicon:
    """Phrases without accents and the features they stand for, such as "rac thai" → ("k:waste",).

    longest: how many words the longest phrase has that begins with a word.
    """

    phrases: Mapping[str, tuple[str, ...]]
    longest: Mapping[str, int]

    @classmethod
    def of(cls, phrases_by_feature: Mapping[str, Iterable[str]]) -> "Lexicon":
        """Build from phrases as written with accents, grouped by feature."""
        found: dict[str, tuple[str, ...]] = {}
        longest: dict[str, int] = {}
        for feature, phrases in phrases_by_feature.items():
            for phrase in phrases:
                bare = bare_words(words(phrase))
                found[" ".join(bare)] = (*found.get(" ".join(bare), ()), feature)
                longest[bare[0]] = max(longest.get(bare[0], 0), len(bare))
        return cls(phrases=found, longest=longest)


def bare_words(tokens: Sequence[str]) -> list[str]:
    """Return words without accents."""
    return strip_accents(" ".join(tokens)).split(" ") if tokens else []


def count_features(tokens: Sequence[str], lexicon: Lexicon) -> Counter[str]:
    """Return the features of a text's words and how often each occurs. Only the first 600 words count."""
    typed = tokens[:_MOST_WORDS]
    bare = bare_words(typed)
    counts: Counter[str] = Counter()
    if has_accents(list(typed)):
        counts.update(["a:" + word for word in typed])
        counts.update([f"a:{one} {two}" for one, two in pairwise(typed)])
    counts.update(["s:" + word for word in bare])
    pairs = [f"{one} {two}" for one, two in pairwise(bare)]
    counts.update(["s:" + pair for pair in pairs])
    counts.update(["h:" + word for word in bare[:_HEAD_WORDS]])
    counts.update(["h:" + pair for pair in pairs[: _HEAD_WORDS - 1]])
    counts.update(_parts_of_words(" ".join(bare)))
    counts.update(phrases_in(bare, lexicon))
    return counts


def _parts_of_words(line: str) -> list[str]:
    padded = f" {line} "
    return ["c:" + padded[at : at + size] for size in (4, 5) for at in range(len(padded) - size + 1)]


def phrases_in(bare: Sequence[str], lexicon: Lexicon) -> Iterator[str]:
    """Yield the features of the phrases found in words without accents, in the order of the text."""
    known, longest = lexicon.phrases, lexicon.longest
    for at, word in enumerate(bare):
        for size in range(1, min(longest.get(word, 0), len(bare) - at) + 1):
            yield from known.get(" ".join(bare[at : at + size]), ())


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """One question the model answers: its labels, its bias and the temperatures of its confidence.

    Text without accents says less, so its confidence has a temperature of its own.
    """

    name: str
    labels: tuple[str, ...]
    bias: Floats
    temperature_accented: float
    temperature_bare: float
    first_column: int

    def probabilities(self, scores: Floats, *, accented: bool) -> Floats:
        """Return one probability a label from the scores of all heads."""
        own = scores[..., self.first_column : self.first_column + len(self.labels)] + self.bias
        return softmax(own / (self.temperature_accented if accented else self.temperature_bare))


@dataclass(frozen=True, kw_only=True, slots=True)
class Model:
    """Vocabulary, weights (features by labels of all heads) and heads. Loaded once, never changed."""

    version: str
    vocabulary: Mapping[str, int]
    importance: Floats
    weights: NDArray[np.float16]
    heads: Mapping[str, Head]

    def vector(self, counts: Mapping[str, int]) -> tuple[NDArray[np.int32], Floats]:
        """Return columns and values of a text, each block of features scaled to its own length."""
        return vector(counts, self.vocabulary, self.importance)

    def scores(self, columns: NDArray[np.int32], values: Floats) -> Floats:
        """Return the scores of every label of every head."""
        gathered: Floats = self.weights[columns].astype(np.float32)
        product: Floats = values @ gathered
        return product

    @classmethod
    def of(
        cls,
        *,
        vocabulary: Mapping[str, int],
        importance: Floats,
        weights: NDArray[np.float16],
        heads: Mapping[str, Head],
    ) -> Self:
        """Return a model whose version is drawn from all that it reads with: the same for the same model."""
        model = cls(version="", vocabulary=vocabulary, importance=importance, weights=weights, heads=heads)
        return replace(model, version=_identity(model._arrays()))

    def save(self, file: Path | BinaryIO) -> None:
        """Write the model as one compressed file without pickled objects."""
        np.savez_compressed(file, **self._arrays())  # type: ignore[arg-type]

    def _arrays(self) -> "dict[str, NDArray[np.generic]]":
        """Return all that the model is, as it is saved."""
        heads = list(self.heads.values())
        return {
            "format": np.array(feature_format()),
            "vocabulary": np.frombuffer("\n".join(self.vocabulary).encode(), dtype=np.uint8),
            "importance": self.importance.astype(np.float16),
            "weights": self.weights,
            "head_names": np.array([head.name for head in heads]),
            "labels": np.array([" ".join(head.labels) for head in heads]),
            "bias": np.concatenate([head.bias for head in heads]),
            "temperatures": np.array([[head.temperature_accented, head.temperature_bare] for head in heads]),
        }

    @classmethod
    def load(cls, file: Path | BinaryIO) -> Self:
        """Read what `save` wrote. Raises Unsuitable for a model of other features, and for what is none."""
        try:
            with np.load(file, allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
            _check_format(arrays)
            return cls._from(arrays)
        except _BROKEN as error:
            raise Unsuitable(
                f"it is not a model of this program ({error or type(error).__name__})"
            ) from error

    @classmethod
    def _from(cls, arrays: "Mapping[str, NDArray[np.generic]]") -> Self:
        features = arrays["vocabulary"].tobytes().decode().split("\n")
        model = cls.of(
            vocabulary={feature: column for column, feature in enumerate(features)},
            importance=arrays["importance"].astype(np.float32),
            weights=arrays["weights"].astype(np.float16, copy=False),
            heads=_heads(
                arrays["head_names"].astype(np.str_),
                arrays["labels"].astype(np.str_),
                arrays["bias"].astype(np.float32),
                arrays["temperatures"].astype(np.float64),
            ),
        )
        _check_shapes(model, features, bias=arrays["bias"])
        return model


@cache
def feature_format() -> str:
    """Return what a model must have been made for: changes with the features that texts get here."""
    phrases = Lexicon.of({"k:probe": ["rác thải", "mùi"], "q:probe": ["cho hỏi"]})
    seen = [
        sorted(count_features(words(text), phrases).items())
        for text in (_PROBE, strip_accents(_PROBE).lower())
    ]
    made_with = json.dumps([seen, _MOST_WORDS, _HEAD_WORDS, _BLOCK_WEIGHTS])
    return f"{_FEATURES}-{hashlib.sha256(made_with.encode()).hexdigest()[:8]}"


def _identity(arrays: "Mapping[str, NDArray[np.generic]]") -> str:
    digest = hashlib.sha256()
    for name, array in arrays.items():
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


def _check_format(arrays: "Mapping[str, NDArray[np.generic]]") -> None:
    """Raise Unsuitable unless a model was made for the features that texts get here."""
    made_for = str(arrays["format"]) if "format" in arrays else "none"
    if made_for != feature_format():
        raise Unsuitable(
            f"it was made for texts read in another way (format {made_for}, here {feature_format()});"
            " train again"
        )


def _check_shapes(model: Model, features: Sequence[str], *, bias: "NDArray[np.generic]") -> None:
    """Raise ValueError unless all the numbers of a model belong together and are numbers."""
    labels = sum(len(head.labels) for head in model.heads.values())
    if len(model.vocabulary) != len(features):
        raise ValueError("a feature is there twice")
    if model.importance.shape != (len(features),) or model.weights.shape != (len(features), labels):
        raise ValueError("its weights are not those of its features and labels")
    if bias.shape != (labels,):
        raise ValueError("its bias is not that of its labels")
    if not all(
        np.isfinite(each).all() for each in (model.importance, model.weights, model._arrays()["bias"])
    ):
        raise ValueError("it has weights that are no numbers")
    temperatures = [(head.temperature_accented, head.temperature_bare) for head in model.heads.values()]
    if not all(0 < each < math.inf for pair in temperatures for each in pair):
        raise ValueError("it has a temperature that is none")


def _heads(
    names: NDArray[np.str_], labels: NDArray[np.str_], bias: Floats, temperatures: NDArray[np.float64]
) -> dict[str, Head]:
    heads: dict[str, Head] = {}
    first_column = 0
    for name, joined, (accented, bare) in zip(names, labels, temperatures, strict=True):
        own = tuple(str(joined).split(" "))
        heads[str(name)] = Head(
            name=str(name),
            labels=own,
            bias=bias[first_column : first_column + len(own)],
            temperature_accented=float(accented),
            temperature_bare=float(bare),
            first_column=first_column,
        )
        first_column += len(own)
    return heads


def vector(
    counts: Mapping[str, int], vocabulary: Mapping[str, int], importance: Floats
) -> tuple[NDArray[np.int32], Floats]:
    """Return columns and values of the known features: damped count × importance, scaled block by block."""
    look_up = vocabulary.get
    known = [
        (feature[0], column, count)
        for feature, count in counts.items()
        if (column := look_up(feature)) is not None
    ]
    columns = np.array([column for _, column, _ in known], dtype=np.int32)
    damped = np.array(
        [1.0 if count == 1 else 1.0 + math.log(count) for _, _, count in known], dtype=np.float32
    )
    values: Floats = damped * importance[columns]
    blocks = np.array([block for block, _, _ in known])
    for block, weight in _BLOCK_WEIGHTS.items():
        inside = blocks == block
        length = float(np.sqrt(np.square(values[inside]).sum()))
        if length > 0:
            values[inside] *= weight / length
    return columns, values


def softmax(scores: Floats) -> Floats:
    """Return probabilities of scores along the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = raised / raised.sum(axis=-1, keepdims=True)
    return probabilities
