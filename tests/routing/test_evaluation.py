"""The figures of `evaluate`, and its refusal of files that cannot be trusted."""

import json
from pathlib import Path

import pytest

from routing.evaluation import BadRows, calibration_error, evaluate, macro_f1, read_cases, report, share
from routing.understanding import Understanding

DEVELOPMENT = Path(__file__).resolve().parents[3] / "shared" / "data" / "complaints_dev.jsonl"


def test_every_bad_row_is_named() -> None:
    lines = [
        json.dumps({"text": "rác đầy ngõ", "domain": "waste"}),
        "{",
        json.dumps({"text": "rác", "domain": "rubbish"}),
        json.dumps({"text": " ", "domain": "waste"}),
        json.dumps({"text": "rác"}),
    ]

    with pytest.raises(BadRows) as caught:
        read_cases(lines)

    assert [problem.split(":")[0] for problem in caught.value.problems] == [
        "line 2",
        "line 3",
        "line 4",
        "line 5",
    ]


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(BadRows):
        read_cases([])


def test_a_share_comes_with_its_wilson_interval() -> None:
    assert share([True] * 8 + [False] * 2) == {"value": 0.8, "interval": [0.4902, 0.9433], "count": 10}
    assert share([]) is None


def test_macro_f1_weighs_labels_alike() -> None:
    assert macro_f1([("a", "a"), ("a", "a"), ("b", "a")]) == pytest.approx(0.4)


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    assert calibration_error([0.9, 0.9], [True, False]) == pytest.approx(0.4)


def test_clean_and_hurried_text_are_measured_apart() -> None:
    row = {"text": "Rác chất đống không ai gom", "text_messy": "zzz", "domain": "waste", "kind": "feedback"}
    figures = evaluate(Understanding.load(), read_cases([json.dumps(row)]), home=None)

    assert figures["clean"]["accuracy"]["value"] == 1
    assert figures["messy"]["accuracy"]["value"] == 0
    assert figures["ward"] is None
    assert "waste read as other" in report(figures)


@pytest.mark.skipif(not DEVELOPMENT.exists(), reason="development texts are not at hand")
def test_real_complaints_are_read_about_as_well_as_documented() -> None:
    cases = read_cases(DEVELOPMENT.read_text(encoding="utf-8").splitlines())
    figures = evaluate(Understanding.load(), cases, home=None)

    assert figures["clean"]["accuracy"]["value"] >= 0.75
    assert figures["clean"]["accuracy_with_second_label"]["value"] >= 0.87
    assert figures["messy"]["accuracy_with_second_label"]["value"] >= 0.84
    assert figures["kind"]["ordinary_taken_for_another"]["value"] <= 0.05
    assert figures["kind"]["ordinary_taken_for_emergency"]["value"] <= 0.02
