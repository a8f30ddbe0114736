"""Orders in ordinary words: what is one and what is not, whom it means and until when."""

from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from routing.deadline import LOCAL_TIME
from routing.instruction import Instruction, read_instruction
from routing.organisation import City, build_city
from routing.vietnamese import strip_accents

HERE = Path(__file__).parent
MONDAY = datetime(2026, 11, 23, 9, 0, tzinfo=LOCAL_TIME)
"""Tuesday, 24 November, is a day off."""
ORDERS = [
    tuple(line.split("\t"))
    for line in (HERE / "instructions.tsv").read_text(encoding="utf-8").splitlines()
    if not line.startswith("#")
]
REMARKS = (HERE / "no_instructions.txt").read_text(encoding="utf-8").splitlines()
HOW = {
    "as written": str,
    "without accents": strip_accents,
    "in a hurry": lambda text: strip_accents(text).lower(),
}
_DOUBTS = {"past": "past", "no_such_day": "none", "how_long": "long"}


@cache
def hanoi() -> City:
    """The city that the orders are given in."""
    return build_city("Hà Nội")


def read(text: str) -> Instruction | None:
    """Read an order on Monday morning."""
    return read_instruction(text, hanoi(), now=MONDAY)


def told(text: str) -> tuple[str, str, str] | None:
    """Return kind, unit and time as the labels write them."""
    order = read(text)
    if order is None:
        return None
    unit = order.unit_code or "|".join(order.units) or ("@ward" if order.of_place else "")
    unit = unit or ("?" if order.doubt == "unknown_unit" else "-")
    if order.doubt in _DOUBTS:
        return order.kind, unit, _DOUBTS[order.doubt]
    if order.more_hours:
        return order.kind, unit, f"+{order.more_hours:g}"
    due = f"{order.due_at.astimezone(LOCAL_TIME):%d/%m %H:%M}" if order.due_at else "-"
    return order.kind, unit, due


def test_there_are_enough_labelled_sentences() -> None:
    assert len(ORDERS) >= 150
    assert len(REMARKS) >= 60


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize(("text", "kind", "unit", "due"), ORDERS)
def test_an_order_is_read(text: str, kind: str, unit: str, due: str, how: str) -> None:
    assert told(HOW[how](text)) == (kind, unit, due)


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("text", REMARKS)
def test_a_remark_is_no_order(text: str, how: str) -> None:
    assert read(HOW[how](text)) is None


def test_a_shared_name_leaves_a_doubt_with_all_who_may_be_meant() -> None:
    order = read("giao phường Láng và Sở Xây dựng xử lý trước thứ Sáu")
    assert order is not None
    assert (order.doubt, order.unit_code) == ("several_units", None)
    assert order.units == ("phuong-lang", "so-xay-dung")


def test_an_unknown_unit_is_named_in_the_words_that_were_typed() -> None:
    order = read("giao phường Gotham xử lý")
    assert order is not None
    assert (order.doubt, order.doubtful) == ("unknown_unit", "phường Gotham")


def test_a_number_is_no_department() -> None:
    order = read("yêu cầu dọn rác ở số 5 ngõ 12")
    assert order is not None
    assert order.unit_code is None


def test_nonsense_is_no_order() -> None:
    for text in ("", " ", "@", "giao", "???", "yêu cầu", "\n\n", "a" * 5000, "12/5"):
        assert read(text) is None, text


@pytest.mark.parametrize(
    "words", ["chao", "the thi", "can phai", "chao gio", "anh", "@", "chao the thi can phai"]
)
def test_politeness_without_end_is_read_to_its_end(words: str) -> None:
    """Words that can be read in two ways must not be tried in all the ways that they can together."""
    assert read(f"{words} " * 400 + "xin") is None
