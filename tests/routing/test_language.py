"""What is surely not Vietnamese, and what is mere courtesy."""

import pytest

from routing.language import cries_for_help, is_courtesy, is_foreign


@pytest.mark.parametrize(
    "text",
    [
        "There is garbage on my street since last week, please help",
        "the light is broken",
        "길에 쓰레기가 너무 많아요",
        "街道上有很多垃圾",
        "Улица завалена мусором",
        "โปรดช่วย ถนนมีขยะ",
    ],
)
def test_other_languages_are_told(text: str) -> None:
    assert is_foreign(text)


@pytest.mark.parametrize(
    "text",
    [
        "Rác chất đống trước ngõ cả tuần nay",
        "rac chat dong truoc ngo ca tuan nay khong ai don",
        "duong nay bi ngap nuoc, xe may khong di duoc",
        "to can in giay to o dau",
        "wifi công cộng ở công viên is broken",
        "help",
        "alo 123 !!!",
        "",
        "😀😀",
    ],
)
def test_vietnamese_passes_with_and_without_accents(text: str) -> None:
    assert not is_foreign(text)


@pytest.mark.parametrize(
    "text", ["Cứu với, nhà cháy rồi!", "co nguoi duoi nuoc o ho", "em bị chồng đánh", "Tôi muốn tự tử"]
)
def test_cries_for_help_are_heard(text: str) -> None:
    assert cries_for_help(text)


@pytest.mark.parametrize(
    "text",
    [
        "xe dang chay ngoai duong",
        "cu di tu tu la toi",
        "khong dam chay xe qua",
        "Rác cháy âm ỉ cả ngày",
        "Cứu lấy hàng cây",
        "",
    ],
)
def test_everyday_words_are_no_cry_for_help(text: str) -> None:
    assert not cries_for_help(text)


@pytest.mark.parametrize("text", ["ok", "OK cảm ơn nhé", "cam on ban nhieu", "Vâng ạ", "dạ", "thanks"])
def test_courtesy_alone(text: str) -> None:
    assert is_courtesy(text)


@pytest.mark.parametrize("text", ["Cảm ơn, nhưng rác vẫn còn", "số nhà 15", "", "rác"])
def test_anything_more_than_courtesy(text: str) -> None:
    assert not is_courtesy(text)
