"""Where somebody lives is masked; where the matter is stays."""

import pytest

from routing.home_address import find_home_addresses
from routing.personal_data import mask


def masked(text: str) -> str:
    """Return a text without house numbers of people."""
    return mask(text, find_home_addresses(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nhà tôi ở số 7 ngõ 12 phố Chợ bị mất nước", "Nhà tôi ở ••• phố Chợ bị mất nước"),
        ("tôi sống tại 15A ngách 3, rất ồn", "tôi sống tại •••, rất ồn"),
        ("Địa chỉ: số nhà 45/6 đường Láng", "Địa chỉ: ••• đường Láng"),
        ("Hộ ông ••• số 9 đổ trộm phế thải", "Hộ ông ••• ••• đổ trộm phế thải"),
        ("em ở phòng 1204 tòa A", "em ở ••• tòa A"),
    ],
)
def test_house_numbers_behind_who_lives_there_are_found(text: str, expected: str) -> None:
    assert masked(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Rác chất đống trước số 12 ngõ 45 Vũ Tông Phan",
        "Ổ gà ở ngõ 45, xe máy ngã nhiều lần",
        "Tôi ở đây 10 năm rồi",
        "Nhà tôi bị ngập 3 lần trong tuần",
    ],
)
def test_the_place_of_the_matter_stays(text: str) -> None:
    assert masked(text) == text
