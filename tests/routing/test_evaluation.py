"""The figures of `evaluate`, and its refusal of files that cannot be trusted."""

import io
import json
from pathlib import Path
from statistics import median

import pytest
from PIL import Image

from routing.evaluation import BadRows, calibration_error, evaluate, macro_f1, read_cases, report, share
from routing.evaluation.measures import coverage, sampled
from routing.evaluation.plotting import plot
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


@pytest.mark.parametrize("field", ["domain", "second_kind", "text_messy", "ward", "province_context"])
@pytest.mark.parametrize("value", [[], {}, 7, ["waste"]])
def test_a_label_that_is_no_text_is_named_like_any_bad_row(field: str, value: object) -> None:
    with pytest.raises(BadRows, match=f"line 1: .*{field}"):
        read_cases([json.dumps({"text": "rác đầy ngõ", "kind": "feedback", field: value})])


def test_bytes_that_are_no_text_spoil_only_their_own_row() -> None:
    lines = [
        b"\xef\xbb\xbf" + json.dumps({"text": "rác đầy ngõ", "domain": "waste"}).encode(),
        '{"text": "rác đầy ng\u1ecf", "domain": "waste"}'.encode("utf-16"),
        b'{"text": "r\xe1c", "domain": "waste"}',
        b'{"text": "\\ud83d", "domain": "waste"}',
        "{'text': 'rác'}".encode(),
        b"[" * 100_000,
    ]

    with pytest.raises(BadRows) as caught:
        read_cases(lines)

    assert list(caught.value.problems) == [
        "line 2: byte 1 is not UTF-8",
        "line 3: byte 12 is not UTF-8",
        "line 4: half a character (a lone surrogate)",
        "line 5: not JSON",
        "line 6: not JSON",
    ]
    assert len(read_cases([lines[0], b"", lines[0].removeprefix(b"\xef\xbb\xbf")])) == 2


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("kindd", "kind"),
        ("Kind", "kind"),
        ("knid", "kind"),
        ("domian", "domain"),
        ("text_mesy", "text_messy"),
    ],
)
def test_a_key_with_a_slip_of_the_finger_is_not_passed_over(key: str, meant: str) -> None:
    row = {"text": "rác đầy ngõ", "domain": "waste", key: "feedback"}

    with pytest.raises(BadRows, match=f"line 1: unknown key '{key}'; did you mean '{meant}'"):
        read_cases([json.dumps(row)])


def test_what_else_a_row_tells_is_left_alone() -> None:
    row = {"text": "rác đầy ngõ", "domain": "waste", "id": 7, "source": "phone", "received": "2026-03-02"}

    assert read_cases([json.dumps(row)])[0].domain == "waste"


def test_an_empty_file_is_refused() -> None:
    with pytest.raises(BadRows):
        read_cases([])


def test_a_share_comes_with_its_wilson_interval() -> None:
    assert share([True] * 8 + [False] * 2) == {"value": 0.8, "interval": [0.4902, 0.9433], "count": 10}
    assert share([]) is None


def test_macro_f1_weighs_labels_alike() -> None:
    assert macro_f1([("a", "a"), ("a", "a"), ("b", "a")]) == pytest.approx(0.4)


def test_calibration_error_is_the_gap_between_confidence_and_truth() -> None:
    assert calibration_error([(0.9, True), (0.9, False)]) == pytest.approx(0.4)


def test_a_figure_that_is_no_share_has_an_interval_around_it() -> None:
    found = sampled([1.0, 2.0, 3.0, 4.0, 5.0], median)

    assert found is not None
    assert found["value"] == 3
    assert found["interval"][0] < 3 < found["interval"][1]
    assert sampled([1.0, 2.0, 3.0, 4.0, 5.0], median) == found, "the same samples each time"


def test_coverage_begins_with_the_surest() -> None:
    curve = coverage([(0.9, True), (0.8, True), (0.3, False), (0.2, False)])

    assert curve[4] == {"covered": 0.5, "confidence_from": 0.8, "accuracy": 1.0}
    assert curve[-1] == {"covered": 1.0, "confidence_from": 0.2, "accuracy": 0.5}


def test_clean_and_hurried_text_are_measured_apart() -> None:
    row = {"text": "Rác chất đống không ai gom", "text_messy": "zzz", "domain": "waste", "kind": "feedback"}
    figures = evaluate(Understanding.load(), read_cases([json.dumps(row)]), home=None)

    assert figures["clean"]["accuracy"]["value"] == 1
    assert figures["messy"]["accuracy"]["value"] == 0
    assert figures["ward"] is None
    assert figures["typing"]["loss_in_a_hurry"]["value"] == 1
    assert "else read as other 1" in report(figures)


def test_a_message_that_holds_everything_needs_no_question() -> None:
    """The writer lives where the row says, so a ward's name that several provinces know is no question."""
    row = {
        "text": "Phường Hòa Xuân: rác chất đống trước cổng chợ, cả tuần xe gom không tới",
        "domain": "waste",
        "kind": "feedback",
        "ward": "Phường Hòa Xuân",
        "province_context": "Thành phố Đà Nẵng",
    }
    figures = evaluate(Understanding.load(), read_cases([json.dumps(row)]), home=None)

    assert figures["ward"]["needs_no_question"]["value"] == 1
    assert figures["ward"]["needs_no_question_and_is_right"]["value"] == 1


def test_the_picture_is_a_picture() -> None:
    rows = [
        {"text": "Rác chất đống không ai gom", "text_messy": "rac chat dong", "domain": "waste"},
        {"text": "Đèn đường tắt cả tuần", "domain": "lighting"},
    ]
    figures = evaluate(Understanding.load(), read_cases([json.dumps(row) for row in rows]), home=None)

    with Image.open(io.BytesIO(plot(figures))) as picture:
        assert picture.format == "PNG"
        assert picture.width > 1000


def test_a_file_of_kinds_alone_can_be_drawn() -> None:
    row = {"text": "xin chào", "kind": "smalltalk"}
    figures = evaluate(Understanding.load(), read_cases([json.dumps(row)]), home=None)

    assert plot(figures).startswith(b"\x89PNG")


@pytest.mark.skipif(not DEVELOPMENT.exists(), reason="development texts are not at hand")
def test_real_complaints_are_read_about_as_well_as_documented() -> None:
    cases = read_cases(DEVELOPMENT.read_text(encoding="utf-8").splitlines())
    figures = evaluate(Understanding.load(), cases, home=None)

    assert figures["clean"]["accuracy"]["value"] >= 0.75
    assert figures["clean"]["accuracy_with_second_label"]["value"] >= 0.87
    assert figures["messy"]["accuracy_with_second_label"]["value"] >= 0.84
    assert figures["kind"]["ordinary_taken_for_another"]["value"] <= 0.05
    assert figures["kind"]["ordinary_taken_for_emergency"]["value"] <= 0.02
