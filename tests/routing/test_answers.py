"""What an answer tells: measured on answers that were written for it, and on others that never shaped it."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from routing.answers import AnswerReading, Sense, read_answer
from routing.vietnamese import strip_accents

SAMPLES = Path(__file__).parent / "answers.txt"
HELD_OUT = Path(__file__).parent / "answers_held_out.txt"
PARTS = ("what", "when", "who")
GOOD_ENOUGH = {False: 0.9, True: 0.85}
"""Of text with accents, and of the same without: "don" may be "dọn" or "đơn"."""


def written(file: Path) -> list[tuple[frozenset[str], str]]:
    """Return each answer with what a reader finds in it."""
    lines = (line.partition(" :: ") for line in file.read_text(encoding="utf-8").splitlines())
    return [(frozenset(told.split()), text.replace("⏎", "\n")) for told, mark, text in lines if mark]


def flags(told: frozenset[str]) -> frozenset[str]:
    """Return what the writer should be told: no result, a promise, or what is missing from a result."""
    if "what" not in told:
        return frozenset({"promise" if "promise" in told else "vague"})
    return frozenset(f"no {part}" for part in PARTS if part not in told)


def raised(reading: AnswerReading) -> frozenset[str]:
    if reading.sense != Sense.RESULT:
        return frozenset({str(reading.sense)})
    return frozenset(f"no {part}" for part in reading.missing)


def measured(file: Path, *, bare: bool = False) -> Iterator[tuple[str, float, float, int]]:
    """Yield each flag with precision, recall and how often it is right to raise it."""
    right, wrong, missed = Counter[str](), Counter[str](), Counter[str]()
    for told, text in written(file):
        expected, found = flags(told), raised(read_answer(strip_accents(text) if bare else text))
        right.update(expected & found)
        wrong.update(found - expected)
        missed.update(expected - found)
    for flag in sorted({*right, *wrong, *missed}):
        precision = right[flag] / max(1, right[flag] + wrong[flag])
        yield flag, precision, right[flag] / max(1, right[flag] + missed[flag]), right[flag] + missed[flag]


@pytest.mark.parametrize("bare", [False, True], ids=["as written", "without accents"])
@pytest.mark.parametrize("file", [SAMPLES, HELD_OUT], ids=["samples", "held out"])
def test_what_an_answer_lacks_is_seen(file: Path, bare: bool) -> None:
    assert len(written(file)) >= 55
    rows = list(measured(file, bare=bare))
    for flag, precision, recall, count in rows:
        print(f"{flag:8} precision {precision:.3f} recall {recall:.3f} of {count}")  # noqa: T201
    of_all = sum(row[3] for row in rows)
    assert sum(precision * count for _, precision, _, count in rows) / of_all >= GOOD_ENOUGH[bare]
    assert sum(recall * count for _, _, recall, count in rows) / of_all >= GOOD_ENOUGH[bare]


@pytest.mark.parametrize("text", ["", " ", "…", "😀", ".", "25/11", "đã", "x" * 4000, "sẽ " * 1000])
def test_whatever_is_typed_is_read(text: str) -> None:
    assert read_answer(text).sense != Sense.RESULT


def test_a_place_is_not_who_did_it_and_an_address_no_date() -> None:
    assert read_answer("Đã dọn rác trước cổng công ty may, số nhà 12/5.").missing == ("when", "who")
