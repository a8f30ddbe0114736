"""What corrections teach: whose word counts, how much, and what is kept back."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from routing.evaluation import BadRows
from routing.lessons import (
    CITIZEN_WEIGHT,
    FEWEST_FOR_TEST,
    MOST_A_DAY,
    MOST_OF_ONE,
    OFFICIAL_WEIGHT,
    Correction,
    Lesson,
    kept_back,
    lessons,
    read_examples,
    teaching_value,
)

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
LABELS = {"domain": {"waste", "noise", "other"}, "kind": {"feedback", "question"}}


def made(number: int = 0, **parts: Any) -> Correction:
    usual: dict[str, Any] = {
        "case_id": number,
        "text": f"text {number}",
        "field": "domain",
        "was": "other",
        "now": "waste",
        "actor_role": "dispatcher",
        "at": START + timedelta(minutes=number),
        "person_id": 1,
    }
    return Correction(**{**usual, **parts})


def taught(*corrections: Correction) -> list[tuple[str, str, float]]:
    return [(one.text, one.label, one.weight) for one in lessons(corrections, labels=LABELS)]


def test_an_officials_correction_weighs_as_much_as_a_written_line() -> None:
    assert taught(made()) == [("text 0", "waste", OFFICIAL_WEIGHT)]


def test_of_one_case_the_last_word_counts() -> None:
    first, last = made(now="noise"), made(now="waste", at=START + timedelta(days=1))
    assert taught(last, first) == [("text 0", "waste", OFFICIAL_WEIGHT)]


def test_an_official_is_not_overruled_by_a_citizen() -> None:
    official = made(now="noise")
    later = made(actor_role="citizen", at=START + timedelta(days=1))
    assert taught(official, later) == [("text 0", "noise", OFFICIAL_WEIGHT)]
    before = made(actor_role="citizen", at=START - timedelta(days=1))
    assert taught(before, made(now="noise", actor_role="officer")) == [("text 0", "noise", OFFICIAL_WEIGHT)]


def test_domain_and_kind_of_one_case_are_two_lessons() -> None:
    assert len(taught(made(), made(field="kind", now="question"))) == 2


def test_what_the_model_does_not_know_is_left_out() -> None:
    assert taught(made(now="fireworks"), made(1, field="ward", now="00364")) == []


def test_a_last_word_that_the_model_does_not_know_takes_the_one_before_back() -> None:
    later = made(now="fireworks", at=START + timedelta(days=1))
    assert taught(made(now="noise"), later) == []
    by_citizen = made(actor_role="citizen", now="fireworks", at=START + timedelta(days=1))
    assert taught(made(now="noise"), by_citizen) == [("text 0", "noise", OFFICIAL_WEIGHT)]


def test_citizens_count_half_and_only_where_three_of_them_agree() -> None:
    two = [made(number, actor_role="citizen", person_id=number) for number in range(2)]
    assert taught(*two) == []
    third = made(2, actor_role="citizen", person_id=2)
    assert [weight for _, _, weight in taught(*two, third)] == [CITIZEN_WEIGHT] * 3
    elsewhere = made(3, actor_role="citizen", person_id=3, now="noise")
    assert len(taught(*two, third, elsewhere)) == 3


def test_one_citizen_has_few_words_a_day_and_in_all() -> None:
    helpers = [made(900 + number, actor_role="citizen", person_id=number + 2) for number in range(2)]
    same_day = [made(number, actor_role="citizen") for number in range(50)]
    assert len(taught(*same_day, *helpers)) == MOST_A_DAY + 2
    every_day = [
        made(number, actor_role="citizen", at=START + timedelta(days=number)) for number in range(200)
    ]
    learned = taught(*every_day, *helpers)
    assert len(learned) == MOST_OF_ONE + 2
    assert "text 199" in {text for text, _, _ in learned}


def test_the_newest_fifth_is_kept_back_once_there_are_enough() -> None:
    many = [Lesson(text="a" * (1 + at), field="domain", label="waste") for at in range(FEWEST_FOR_TEST)]
    learned, test = kept_back(many)
    assert (learned, test) == (many[:24], many[24:])
    assert kept_back(many[:-1]) == (many[:-1], [])


def test_what_is_asked_is_not_taught() -> None:
    pasted = Lesson(text="Rác  NHIỀU quá", field="domain", label="waste")
    others = [Lesson(text=f"text {chr(97 + number)}", field="domain", label="waste") for number in range(30)]
    again = Lesson(text="rác nhiều quá!", field="domain", label="waste")
    learned, test = kept_back([pasted, *others, again])
    assert again in test
    assert pasted not in learned


def test_examples_are_read_and_every_bad_line_is_named() -> None:
    good = '{"text": "rác", "domain": "waste", "kind": "question"}'
    (row,) = read_examples(["", good], labels=LABELS, reserved=[])
    assert [(one.field, one.label) for one in row] == [("domain", "waste"), ("kind", "question")]
    with pytest.raises(BadRows) as bad:
        read_examples([good, "{", '{"text": "x", "domain": {}}'], labels=LABELS, reserved=["RÁC"])
    assert [problem.split(":")[0] for problem in bad.value.problems] == ["line 1", "line 2", "line 3"]
    with pytest.raises(BadRows, match="no examples"):
        read_examples([""], labels=LABELS, reserved=[])


@pytest.mark.parametrize(
    ("confidences", "value"),
    [([0.5, 0.5, 0.0], 1.0), ([0.9, 0.1], 0.2), ([1.0], 0.0), ([], 0.0), ([0.0], 0.0)],
)
def test_the_nearer_the_first_two_the_more_is_to_be_learned(confidences: list[float], value: float) -> None:
    assert teaching_value(confidences) == pytest.approx(value)
