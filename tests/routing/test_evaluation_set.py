"""The shipped evaluation set is sound, and the shipped model reads it about as well as documented."""

import json
from collections import Counter
from math import ceil
from pathlib import Path
from typing import Any

import pytest

from routing.corpus import sources
from routing.domain import domains
from routing.evaluation import evaluate, read_cases
from routing.kind import KINDS
from routing.understanding import Understanding
from routing.vietnamese import strip_accents, words

SHIPPED = Path(__file__).resolve().parents[2] / "routing" / "data" / "evaluation.jsonl"
SAME_WORDS = 0.6
FEW_WORDS = 10


def _rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in SHIPPED.read_text(encoding="utf-8").splitlines()]


def test_every_domain_and_kind_is_measured_on_enough_messages() -> None:
    cases = read_cases(SHIPPED.read_text(encoding="utf-8").splitlines())
    by_domain = Counter(case.domain for case in cases)
    by_kind = Counter(case.kind for case in cases)

    assert len(cases) >= 600
    assert all(by_domain[domain.id] >= 20 for domain in domains())
    assert all(by_kind[kind] >= 20 for kind in KINDS)
    assert all(case.text_messy for case in cases)


def _bare(text: str) -> str:
    return strip_accents(" ".join(words(text)))


def _learnt() -> list[str]:
    lines = (one.text for family in ("domains", "kinds") for one in sources(family))
    return [bare for line in lines if (bare := _bare(line))]


def _asked() -> list[tuple[str, str]]:
    """Return each message as it is asked, clean and in a hurry, with its id."""
    return [(row["id"], _bare(row[form])) for row in _rows() for form in ("text", "text_messy")]


def test_no_message_of_any_length_is_also_in_the_corpus() -> None:
    """A figure measured on text that was learnt says nothing."""
    learnt = set(_learnt())

    assert [number for number, text in _asked() if text in learnt] == []


def test_no_message_of_more_than_a_few_words_is_nearly_in_the_corpus() -> None:
    """Few words are shared by chance: "ok ad" and "ok c"."""
    learnt = [frozenset(text.split()) for text in _learnt()]
    lines_with: dict[str, set[int]] = {}
    for number, known in enumerate(learnt):
        for word in known:
            lines_with.setdefault(word, set()).add(number)
    for row, text in _asked():
        said = frozenset(text.split())
        if len(said) < FEW_WORDS:
            continue
        # A line that shares so much has one of the rarest words of the message: only those need a look.
        rarest = sorted(said, key=lambda word: len(lines_with.get(word, ())))
        looked_for = rarest[: len(said) - ceil(SAME_WORDS * len(said)) + 1]
        for number in set[int]().union(*(lines_with.get(word, ()) for word in looked_for)):
            known = learnt[number]
            assert len(said & known) / len(said | known) < SAME_WORDS, (row, sorted(known))


@pytest.fixture(scope="module")
def figures() -> dict[str, Any]:
    cases = read_cases(SHIPPED.read_text(encoding="utf-8").splitlines())
    return evaluate(Understanding.load(), cases, home=None)


def test_domains_are_read_about_as_well_as_documented(figures: dict[str, Any]) -> None:
    clean, messy = figures["clean"], figures["messy"]

    assert clean["accuracy"]["value"] >= 0.82
    assert messy["accuracy"]["value"] >= 0.79
    assert clean["among_first_two"]["value"] >= 0.92
    assert clean["accuracy"]["value"] - messy["accuracy"]["value"] <= 0.04
    assert clean["expected_calibration_error"]["value"] <= 0.08


def test_calls_for_help_are_heard_without_false_alarms(figures: dict[str, Any]) -> None:
    kind = figures["kind"]

    assert kind["accuracy"]["value"] >= 0.95
    assert kind["recall"]["emergency"]["value"] >= 0.92
    assert kind["ordinary_taken_for_emergency"]["value"] <= 0.01
    assert kind["ordinary_taken_for_another"]["value"] <= 0.03


def test_two_people_who_do_not_know_each_others_labels_agree(figures: dict[str, Any]) -> None:
    readers = figures["two_readers"]

    assert readers["domain"]["count"] >= 600
    assert readers["domain"]["value"] >= 0.9
    assert readers["domain_with_second_label"]["value"] >= 0.97
    assert readers["kind"]["value"] >= 0.95
