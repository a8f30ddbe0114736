"""A model is known by its numbers, and a file that is none or was made for other features is refused."""

import struct
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from random import Random
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest

from routing import model as module
from routing.domain import domains
from routing.kind import KINDS
from routing.model import Head, Model, Unsuitable, feature_format
from routing.understanding import Understanding

DOMAINS = tuple(domain.id for domain in domains())
FEATURES = ("a:rác", "h:rac", "s:den", "s:rac")


def _head(name: str, labels: tuple[str, ...], first_column: int) -> Head:
    return Head(
        name=name,
        labels=labels,
        bias=np.linspace(-1, 1, len(labels), dtype=np.float32),
        temperature_accented=0.2,
        temperature_bare=0.3,
        first_column=first_column,
    )


def tiny() -> Model:
    """Return a model of four features that knows every domain and kind."""
    columns = len(DOMAINS) + len(KINDS)
    return Model.of(
        vocabulary={feature: column for column, feature in enumerate(FEATURES)},
        importance=np.array([1.5, 2.0, 1.0, 3.0], dtype=np.float32),
        weights=np.arange(len(FEATURES) * columns).reshape(len(FEATURES), columns).astype(np.float16),
        heads={
            "domain": _head("domain", DOMAINS, 0),
            "kind": _head("kind", KINDS, len(DOMAINS)),
        },
    )


def saved(made: Model) -> bytes:
    file = BytesIO()
    made.save(file)
    return file.getvalue()


def changed(**arrays: Any) -> bytes:
    """Return the tiny model's file with other arrays; None leaves one out."""
    with np.load(BytesIO(saved(tiny()))) as stored:
        kept = {name: stored[name] for name in stored.files} | arrays
    file = BytesIO()
    np.savez_compressed(file, **{name: array for name, array in kept.items() if array is not None})
    return file.getvalue()


def warmer(made: Model) -> Model:
    heads = {name: replace(head, temperature_bare=0.31) for name, head in made.heads.items()}
    return Model.of(vocabulary=made.vocabulary, importance=made.importance, weights=made.weights, heads=heads)


def heavier(made: Model) -> Model:
    weights = made.weights.copy()
    weights[-1, -1] += 1
    return Model.of(vocabulary=made.vocabulary, importance=made.importance, weights=weights, heads=made.heads)


def renamed(made: Model) -> Model:
    vocabulary = {feature.replace("den", "nuoc"): column for feature, column in made.vocabulary.items()}
    return Model.of(vocabulary=vocabulary, importance=made.importance, weights=made.weights, heads=made.heads)


def test_a_model_has_the_same_version_however_often_it_is_built_saved_and_loaded() -> None:
    loaded = Model.load(BytesIO(saved(tiny())))

    assert tiny().version == tiny().version == loaded.version
    assert saved(loaded) == saved(tiny())


@pytest.mark.parametrize("change", [warmer, heavier, renamed])
def test_models_that_read_differently_have_different_versions(change: Callable[[Model], Model]) -> None:
    assert change(tiny()).version != tiny().version


def test_a_saved_model_reads_as_before() -> None:
    reading = Understanding.from_bytes(saved(tiny())).read("rác", province=None)

    assert reading.model_version == tiny().version
    assert reading.domain == Understanding(tiny()).read("rác", province=None).domain


def test_a_model_made_for_other_features_is_refused_with_a_clear_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older = saved(tiny())
    monkeypatch.setattr(module, "_HEAD_WORDS", 12)
    feature_format.cache_clear()
    try:
        with pytest.raises(
            Unsuitable, match=r"texts read in another way \(format 1-\w+, here 1-\w+\); train"
        ):
            Understanding.from_bytes(older)
    finally:
        monkeypatch.undo()
        feature_format.cache_clear()
    assert Understanding.from_bytes(older).model_version == tiny().version


def test_a_model_that_does_not_say_what_it_was_made_for_is_refused() -> None:
    with pytest.raises(Unsuitable, match="format none"):
        Understanding.from_bytes(changed(format=None))


def headed(header: bytes) -> bytes:
    """Return a model in which an array has another header."""
    file = BytesIO(saved(tiny()))
    with ZipFile(file, "a") as stored:
        stored.writestr("more.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a model",
        b"PK\x03\x04",
        b"\x93NUMPY\x01\x00",
        saved(tiny())[:900],
        changed(weights=np.zeros((4, 3), dtype=np.float16)),
        changed(weights=None),
        changed(importance=np.zeros(3, dtype=np.float16)),
        changed(importance=np.array([1, 2, np.nan, 3], dtype=np.float16)),
        changed(bias=np.zeros(99, dtype=np.float32)),
        changed(bias=np.array("x")),
        changed(temperatures=np.zeros((2, 2))),
        changed(temperatures=np.ones((1, 2))),
        changed(vocabulary=np.frombuffer(b"s:rac\ns:rac\ns:den\na:x", dtype=np.uint8)),
        changed(vocabulary=np.frombuffer(b"\xff\xfe", dtype=np.uint8)),
        changed(head_names=np.array(["domain", "mood"])),
        headed(b"{'descr': (\n"),
    ],
)
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(Unsuitable):
        Understanding.from_bytes(content)


def test_a_damaged_file_is_refused_or_reads_as_before() -> None:
    """Some bytes of a zip file mean nothing; no other may go unnoticed, nor stop the program."""
    random = Random(7)
    whole = saved(tiny())
    for _ in range(400):
        damaged = bytearray(whole)
        damaged[random.randrange(len(whole))] ^= 1 << random.randrange(8)
        try:
            understanding = Understanding.from_bytes(bytes(damaged[: random.choice((None, 700))]))
        except Unsuitable:
            continue
        assert understanding.model_version == tiny().version
