"""Building the model from the corpus. The only place that needs scikit-learn, and only while training."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from routing.corpus import CORPUS, Example, Source, briefly, examples, loosely_worded, sources
from routing.domain import domains, lexicon
from routing.kind import EMERGENCY, FEEDBACK, KINDS
from routing.lessons import Lesson
from routing.model import Floats, Head, Model, count_features, softmax, vector
from routing.vietnamese import has_accents, words

SEED = 20250701
_FOLDS = 3
_FEWEST_SOURCES = 3
_FEW_WORDS, _BRIEF_VARIANTS = 6, 3
_FEWEST_LINES = 5
_RARITY = 1.5
# How closely each head follows its texts: there are fewer of the kinds, so theirs must be read more broadly.
_CLOSENESS = {"domain": 0.3, "kind": 0.1}
Report = Callable[[str], None]
Follow = Callable[[Iterable[Example]], Iterable[Example]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Trained:
    """A new model and what held-out lines of the corpus say about it (0–1)."""

    model: Model
    example_count: int
    held_out_accuracy: dict[str, float]


class BadCorpus(Exception):
    """The corpus has no line for some labels; the message names them."""


def train(
    *, folder: Path = CORPUS, taught: Sequence[Lesson] = (), follow: Follow = lambda made: made
) -> Trained:
    """Build a model from a corpus and from lessons. The same corpus and lessons give the same model.

    Raises BadCorpus.
    """
    ordinary = sources("domains", folder=folder)
    domain_examples = [*_domain_examples(ordinary), *_lessons_in("domain", taught)]
    kind_examples = [*_kind_examples(ordinary, folder), *_lessons_in("kind", taught)]
    labels = {"domain": tuple(domain.id for domain in domains()), "kind": KINDS}
    _check(labels["domain"], domain_examples)
    _check(labels["kind"], kind_examples)
    made = [*domain_examples, *kind_examples]
    vocabulary, importance, rows = _features(made, follow)
    split = len(domain_examples)
    domain = _fit("domain", labels["domain"], domain_examples, rows[:split])
    kind = _fit("kind", labels["kind"], kind_examples, rows[split:])
    return _assemble(vocabulary, importance, [domain, kind], made)


def _features(  # type: ignore[no-untyped-def]
    made: Sequence[Example], follow: Follow
):
    """Return the vocabulary, how much each feature tells, and the texts as rows of features."""
    known = lexicon()
    # Texts share most of their features: one string for each feature saves a gigabyte.
    shared: dict[str, str] = {}
    counted = [
        Counter({shared.setdefault(feature, feature): times for feature, times in counts.items()})
        for counts in (count_features(words(example.text), known) for example in follow(made))
    ]
    vocabulary, importance = _vocabulary(made, counted)
    return vocabulary, importance, _rows(counted, vocabulary, importance)


def _check(labels: Sequence[str], made: Sequence[Example]) -> None:
    """Refuse labels without enough lines to hold some of them out."""
    lines = Counter(label for label, _ in {(example.label, example.source) for example in made})
    few = [label for label in labels if lines[label] < _FEWEST_LINES]
    if few:
        raise BadCorpus(f"fewer than {_FEWEST_LINES} lines for {', '.join(few)}")


def _lessons_in(field: str, taught: Sequence[Lesson]) -> list[Example]:
    return [
        Example(text=lesson.text, label=lesson.label, source=f"lesson:{number}", weight=lesson.weight)
        for number, lesson in enumerate(taught)
        if lesson.field == field
    ]


def _domain_examples(ordinary: list[Source]) -> list[Example]:
    return examples(ordinary, seed=SEED, compositions=3, dressed=3)


def _kind_examples(ordinary: list[Source], folder: Path) -> list[Example]:
    """Kinds have their own texts; ordinary complaints of every domain are the bulk of feedback."""
    complaints = examples(ordinary, seed=SEED + 1, compositions=1, dressed=1)
    own = examples(sources("kinds", folder=folder), seed=SEED + 2, compositions=4, dressed=4)
    as_feedback = [
        Example(text=one.text, label=FEEDBACK, source=one.source, weight=0.5) for one in complaints
    ]
    calls = sources("kinds", folder=folder)
    return [*own, *as_feedback, *_loosely_worded(ordinary), *_brief(ordinary), *_brief(calls)]


def _brief(written: Sequence[Source]) -> list[Example]:
    """Return complaints and calls for help of a few words, which the whole messages hardly hold."""
    random = Random(SEED + 4)
    few = [source for source in written if len(source.text.split()) <= _FEW_WORDS and _is_plain(source)]
    return [
        Example(
            text=briefly(source, random),
            label=source.label if source.label in KINDS else FEEDBACK,
            source=source.key,
            weight=1.0,
        )
        for source in few
        for _ in range(_BRIEF_VARIANTS)
    ]


def _is_plain(source: Source) -> bool:
    """Tell whether a line is surely a complaint or a call for help: what officials do may be more."""
    if source.label in KINDS:
        return source.label in (FEEDBACK, EMERGENCY)
    return source.is_situation and source.label != "conduct"


def _loosely_worded(ordinary: Sequence[Source]) -> list[Example]:
    random = Random(SEED + 3)
    told = [source for source in ordinary if source.is_situation and source.label != "conduct"]
    return [
        Example(text=loosely_worded(source, random), label=FEEDBACK, source=source.key, weight=1.0)
        for source in random.sample(told, len(told) // 4)
    ]


def _vocabulary(made: Sequence[Example], counted: Sequence[Counter[str]]) -> tuple[dict[str, int], Floats]:
    """Return the features of at least three hand-written lines, and how much each tells: rare ones more.

    Lines count, not texts: the variants of one line would make its words look common. Raising the usual
    inverse frequency to more than 1 pays: what all complaints share drowns what tells them apart.
    """
    seen: dict[str, set[str]] = {}
    for example, counts in zip(made, counted, strict=True):
        for feature in counts:
            seen.setdefault(feature, set()).add(example.source)
    kept = sorted(feature for feature, lines in seen.items() if len(lines) >= _FEWEST_SOURCES)
    total = 1 + len({example.source for example in made})
    inverse = [(1.0 + np.log(total / (1 + len(seen[feature])))) ** _RARITY for feature in kept]
    importance: Floats = np.array(inverse, dtype=np.float16).astype(np.float32)
    return {feature: column for column, feature in enumerate(kept)}, importance


def _rows(counted: Sequence[Counter[str]], vocabulary: dict[str, int], importance: Floats):  # type: ignore[no-untyped-def]
    from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

    vectors = [vector(counts, vocabulary, importance) for counts in counted]
    starts = np.cumsum([0, *(len(columns) for columns, _ in vectors)])
    columns = np.concatenate([columns for columns, _ in vectors])
    values = np.concatenate([values for _, values in vectors])
    return csr_matrix((values, columns, starts), shape=(len(vectors), len(vocabulary)))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Fitted:
    name: str
    labels: tuple[str, ...]
    weights: Floats
    bias: Floats
    temperature_accented: float
    temperature_bare: float
    held_out_accuracy: float


def _fit(name: str, labels: tuple[str, ...], made: Sequence[Example], rows) -> _Fitted:  # type: ignore[no-untyped-def]
    targets = np.array([labels.index(example.label) for example in made])
    weights = np.array([example.weight for example in made])
    held_out = _held_out_scores(name, made, rows, targets, weights, len(labels))
    coefficients, bias = _separate(name, rows, targets, weights)
    accented = np.array([has_accents(words(example.text)) for example in made])
    return _Fitted(
        name=name,
        labels=labels,
        weights=coefficients,
        bias=bias,
        temperature_accented=_temperature(held_out[accented], targets[accented]),
        temperature_bare=_temperature(held_out[~accented], targets[~accented]),
        held_out_accuracy=float((held_out.argmax(axis=1) == targets).mean()),
    )


def _separate(  # type: ignore[no-untyped-def]
    name: str, rows, targets: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[Floats, Floats]:
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=_CLOSENESS[name], tol=1e-3, class_weight="balanced", random_state=SEED)
    machine.fit(rows, targets, sample_weight=weights)
    return machine.coef_.T.astype(np.float32), machine.intercept_.astype(np.float32)


def _held_out_scores(name, made, rows, targets, weights, size) -> Floats:  # type: ignore[no-untyped-def]
    """Score each text by a model that saw no other text of the same hand-written line."""
    folds = _fold_of_source(made)
    scores = np.zeros((len(made), size), dtype=np.float32)
    for fold in range(_FOLDS):
        outside, inside = np.flatnonzero(folds == fold), np.flatnonzero(folds != fold)
        coefficients, bias = _separate(name, rows[inside], targets[inside], weights[inside])
        scores[outside] = rows[outside] @ coefficients + bias
    return scores


def _fold_of_source(made: Sequence[Example]) -> NDArray[np.int64]:
    """Deal the lines of each file to the folds in turn, so that every label is in all of them."""
    random = Random(SEED)
    fold: dict[str, int] = {}
    for _, of_one_file in groupby(
        sorted({example.source for example in made}), lambda key: key.split(":")[0]
    ):
        keys = list(of_one_file)
        random.shuffle(keys)
        fold.update({key: number % _FOLDS for number, key in enumerate(keys)})
    return np.array([fold[example.source] for example in made])


def _temperature(scores: Floats, targets: NDArray[np.int64]) -> float:
    candidates = np.geomspace(0.05, 2.0, 60)
    return float(min(candidates, key=lambda temperature: _loss(scores, targets, temperature)))


def _loss(scores: Floats, targets: NDArray[np.int64], temperature: float) -> float:
    chosen = softmax(scores / np.float32(temperature))[np.arange(len(targets)), targets]
    return float(-np.log(np.maximum(chosen, 1e-9)).mean())


def _assemble(
    vocabulary: dict[str, int], importance: Floats, fitted: Sequence[_Fitted], made: Sequence[Example]
) -> Trained:
    heads: dict[str, Head] = {}
    first_column = 0
    for one in fitted:
        heads[one.name] = Head(
            name=one.name,
            labels=one.labels,
            bias=one.bias,
            temperature_accented=one.temperature_accented,
            temperature_bare=one.temperature_bare,
            first_column=first_column,
        )
        first_column += len(one.labels)
    model = Model.of(
        vocabulary=vocabulary,
        importance=importance,
        weights=np.concatenate([one.weights for one in fitted], axis=1).astype(np.float16),
        heads=heads,
    )
    accuracy = {one.name: one.held_out_accuracy for one in fitted}
    return Trained(model=model, example_count=len(made), held_out_accuracy=accuracy)
