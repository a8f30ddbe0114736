"""When a new model may replace the old one."""

from dataclasses import dataclass, replace
from typing import Any

import pytest

from routing.adoption import (
    EMERGENCIES_HEARD,
    ONE_DOMAIN,
    ONE_TEXT,
    OVERALL,
    Figure,
    Tolerance,
    compare,
    worse,
)
from routing.evaluation import Case, read_cases
from routing.lessons import Lesson


def figure(*, lost: int, gained: int, count: int = 600, tolerance: Tolerance = OVERALL) -> Figure:
    return Figure(
        name="domain, clean",
        measured_on="evaluation set",
        of_domain=None,
        count=count,
        old=count // 2,
        new=count // 2 - lost + gained,
        lost=lost,
        gained=gained,
        tolerated=tolerance.of(count),
    )


@pytest.mark.parametrize(
    ("lost", "gained", "is_worse"),
    [
        (0, 0, False),
        (9, 12, False),  # better
        (14, 10, False),  # 4 of 600 are no more than noise
        (22, 15, True),  # 7 are more than 1 in 100
        (5, 0, True),  # few, but hardly chance
        (4, 0, False),
    ],
)
def test_overall_one_text_in_a_hundred_may_be_lost_unless_it_is_hardly_chance(
    lost: int, gained: int, is_worse: bool
) -> None:
    assert figure(lost=lost, gained=gained).is_worse is is_worse


def test_a_single_text_never_blocks() -> None:
    assert not figure(lost=1, gained=0, count=20).is_worse


@pytest.mark.parametrize(
    ("old", "lost", "gained", "is_worse"),
    [
        (27, 1, 0, False),  # 26 of 27 are 96 of 100
        (27, 2, 0, True),
        (27, 3, 2, False),
        (26, 1, 0, True),  # 25 of 27 are too few to lose one
        (26, 1, 1, False),
        (20, 0, 0, False),
        (20, 0, 3, False),
    ],
)
def test_one_emergency_may_be_lost_while_nearly_all_are_heard(
    old: int, lost: int, gained: int, is_worse: bool
) -> None:
    recall = replace(
        figure(lost=lost, gained=gained, count=27, tolerance=ONE_TEXT),
        old=old,
        new=old - lost + gained,
        at_least=EMERGENCIES_HEARD,
    )
    assert recall.is_worse is is_worse


def test_a_set_with_few_emergencies_may_lose_none() -> None:
    hears = reader(**{f"t{number}": "waste" for number in range(19)})
    deaf = reader(**{f"t{number}": "waste" for number in range(18)})
    few = compare(hears, deaf, cases(19, kind="emergency"), [])
    assert names([one for one in few if one.name != "kind"]) == ["recall of emergency"]
    both = reader(**{f"t{number}": "waste" for number in range(20)})
    more = compare(both, hears, cases(20, kind="emergency"), [])
    assert names(more) == []


def test_a_domain_may_lose_one_text_in_ten() -> None:
    assert not figure(lost=3, gained=0, count=30, tolerance=ONE_DOMAIN).is_worse
    assert figure(lost=4, gained=0, count=30, tolerance=ONE_DOMAIN).is_worse


def test_chance_is_that_of_tossing_a_coin_for_each_text_that_tells_the_models_apart() -> None:
    assert figure(lost=5, gained=0).chance == pytest.approx(1 / 32)
    assert figure(lost=2, gained=1).chance == pytest.approx(0.5)
    assert figure(lost=0, gained=0).chance == 1


@dataclass(frozen=True)
class Answer:
    """All that is asked of a reading here."""

    domain: str
    kind: str


def reader(**answers: str) -> Any:
    """Return a model that reads everything as waste and feedback, but for some texts."""
    return lambda text: Answer(
        domain=answers.get(text, "waste"), kind="emergency" if text in answers else "feedback"
    )


def cases(count: int, *, start: str = "t", **parts: str) -> list[Case]:
    rows = (f'"text": "{start}{number}", "text_messy": "{start}m{number}"' for number in range(count))
    more = "".join(f', "{name}": "{value}"' for name, value in parts.items())
    return read_cases([f"{{{row}{more}}}" for row in rows])


def names(figures: list[Figure]) -> list[str]:
    return [f"{one.name}: {one.of_domain}" if one.of_domain else one.name for one in figures if one.is_worse]


def test_a_domain_that_suffers_is_named_although_the_whole_does_not() -> None:
    gained = {f"x{number}": "trees" for number in range(10)}
    new = reader(**gained, **{f"t{number}": "noise" for number in range(4)})
    both = [*cases(15, domain="waste"), *cases(15, start="x", domain="trees")]
    assert names(compare(reader(), new, both, [])) == ["domain: waste"]
    few = [*cases(14, domain="waste"), *cases(15, start="x", domain="trees")]
    assert names(compare(reader(), new, few, [])) == []


def test_an_emergency_that_is_not_heard_any_more_keeps_the_old_model() -> None:
    hears = reader(t0="waste")
    figures = compare(hears, reader(), cases(1, kind="emergency"), [])
    (why,) = worse(figures)
    assert str(why).startswith(
        "recall of emergency (evaluation set): 1.000 → 0.000, 1 lost and 0 gained of 1"
    )
    assert why.as_dict()["worse"] is True


def test_the_newest_corrections_count_too() -> None:
    test = [Lesson(text=f"t{number}", field="domain", label="waste") for number in range(30)]
    new = reader(t0="noise", t1="noise")
    figures = compare(reader(), new, [], test)
    assert names(figures) == ["domain"]
    assert [one.measured_on for one in figures] == ["newest corrections"] * 2
