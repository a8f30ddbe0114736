"""Filling templates: fields by name with or without accents, gaps by hand, unknown ones named."""

import pytest

from handlers import filling

VALUES = {"code": "HN-7F3K-9Q2M", "place": "ngõ 12", "street": "", "unit": "Phường Khương Đình"}


@pytest.mark.parametrize("typed", ["{nơi}", "{noi}", "{NƠI}", "{ nơi }", "{Nơi}"])
def test_a_field_is_known_however_it_is_typed(typed: str) -> None:
    assert filling.fill(f"tại {typed}.", VALUES) == "tại ngõ 12."
    assert filling.with_accents(typed) == "{nơi}"


@pytest.mark.parametrize("typed", ["{đơn vị}", "{don vi}", "{đơn_vị}", "{don_vi}"])
def test_a_field_of_two_words(typed: str) -> None:
    assert filling.fill(typed, VALUES) == "Phường Khương Đình"
    assert filling.unknown_fields(typed) == []


def test_what_is_not_known_of_a_case_is_a_gap() -> None:
    assert filling.fill("đường {đường}, hạn {hạn}", VALUES) == "đường …, hạn …"


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{tên}", ["{tên}"]),
        ("{người dân}", ["{người dân}"]),
        ("{}", ["{}"]),
        ("{{nơi}}", ["{", "}"]),
        ("{nơi", ["{"]),
        ("nơi}", ["}"]),
        ("không có gì", []),
    ],
)
def test_unknown_fields_are_named(text: str, unknown: list[str]) -> None:
    assert filling.unknown_fields(text) == unknown


@pytest.mark.parametrize("typed", ["...", "……", "_____", "… …", "......"])
def test_rows_of_dots_are_one_gap(typed: str) -> None:
    assert filling.tidy(f" lúc {typed} ") == "lúc …"


def test_gaps_are_completed_one_after_the_other() -> None:
    text = filling.completed("Ngày …, … đã dọn.", "25/11.")
    assert text == "Ngày 25/11, … đã dọn."
    assert filling.gap_in(text) == "Ngày 25/11, … đã dọn."
    assert filling.completed(text, "tổ môi trường") == "Ngày 25/11, tổ môi trường đã dọn."
    assert filling.gap_in("Ngày 25/11") == ""


def test_the_whole_typed_again_takes_its_place() -> None:
    whole = "Hôm nay tổ vệ sinh đã dọn sạch rác lúc 9h."
    assert filling.completed("Hôm nay … đã dọn sạch rác lúc ….", whole) == whole


def test_a_gap_is_shown_with_a_few_words_around_it() -> None:
    text = "một hai ba bốn năm sáu bảy tám chín mười … một hai ba bốn năm sáu bảy tám chín mười\ndòng khác"
    shown = filling.gap_in(text)
    assert shown.startswith(("sáu", "năm"))
    assert "…" in shown
    assert "dòng khác" not in shown
    assert len(shown) < 70
