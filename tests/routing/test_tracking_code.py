import secrets
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.tracking_code import ALPHABET, code_prefix, new_code, parse_code

CODES = st.randoms(use_true_random=False).map(lambda source: new_code("HN", source.randrange))


def test_a_code_looks_like_the_documented_one() -> None:
    code = new_code("HN", secrets.randbelow)
    prefix, first, second = code.split("-")
    assert (prefix, len(first), len(second)) == ("HN", 4, 4)
    assert parse_code(code) == code


def test_no_character_can_be_taken_for_another() -> None:
    assert not set("01OILSZ") & set(ALPHABET)


def test_codes_that_follow_one_another_do_not_look_alike() -> None:
    codes = {new_code("HN", secrets.randbelow) for _ in range(2000)}
    assert len(codes) == 2000
    assert len({code[3:5] for code in codes}) > 500


@given(CODES)
def test_a_code_is_understood_however_it_is_typed(code: str) -> None:
    typed = [
        code.lower(),
        code.replace("-", ""),
        code.replace("-", " "),
        f"  {code.replace('-', ' – ')}. ",
        code.replace("5", "S").replace("2", "z"),
        "".join(chr(ord(letter) + 0xFEE0) if letter.isalnum() else letter for letter in code),
    ]
    assert {parse_code(text) for text in typed} == {code}


@given(CODES, st.integers(3, 11), st.sampled_from(ALPHABET))
def test_any_single_wrong_character_is_noticed(code: str, place: int, letter: str) -> None:
    wrong = code[:place] + letter + code[place + 1 :]
    if code[place] != "-" and wrong != code:
        assert parse_code(wrong) is None


@given(CODES)
def test_any_swap_of_two_characters_is_noticed(code: str) -> None:
    letters = code.replace("-", "")
    for left, right in combinations(range(2, len(letters)), 2):
        swapped = list(letters)
        swapped[left], swapped[right] = swapped[right], swapped[left]
        if letters[left] != letters[right]:
            assert parse_code("".join(swapped)) is None


@given(CODES)
def test_another_citys_prefix_does_not_make_it_a_code_of_that_city(code: str) -> None:
    assert parse_code(code.replace("HN-", "HP-")) is None


@pytest.mark.parametrize(
    "text", ["", "HN", "HN-", "7F3K-9Q2M", "xin chào", "XX-7F3K-9Q2M", "HN-7F3K-9Q2MM", "HN-ĐĐĐĐ-ÂÂÂÂ", "²³"]
)
def test_what_is_no_code_is_none(text: str) -> None:
    assert parse_code(text) is None


def test_known_prefixes() -> None:
    assert [code_prefix(slug) for slug in ("ha-noi", "ho-chi-minh", "da-nang", "hue")] == [
        "HN",
        "HCM",
        "DN",
        "HUE",
    ]


def test_a_prefix_of_no_province_is_refused() -> None:
    with pytest.raises(ValueError, match="XX"):
        new_code("XX", secrets.randbelow)
