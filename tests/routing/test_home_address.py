"""Where somebody lives is masked; where the matter is stays."""

import pytest

from routing.home_address import find_handles, find_home_addresses
from routing.personal_data import mask


def masked(text: str) -> str:
    """Return a text without house numbers and accounts of people."""
    without_homes = mask(text, find_home_addresses(text))
    return mask(without_homes, find_handles(without_homes))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Nhà tôi ở số 7 ngõ 12 phố Chợ bị mất nước", "Nhà tôi ở ••• phố Chợ bị mất nước"),
        ("tôi sống tại 15A ngách 3, rất ồn", "tôi sống tại •••, rất ồn"),
        ("Địa chỉ: số nhà 45/6 đường Láng", "Địa chỉ: ••• đường Láng"),
        ("Hộ ông ••• số 9 đổ trộm phế thải", "Hộ ông ••• ••• đổ trộm phế thải"),
        ("anh ••• nhà số 5 hay ồn", "anh ••• nhà ••• hay ồn"),
        ("em ở phòng 1204 tòa A", "em ở ••• tòa A"),
        ("nha toi o so 7 ngo 12 pho Cho bi mat nuoc", "nha toi o ••• pho Cho bi mat nuoc"),
        ("dia chi nha toi: 15 ngo 8, mat nuoc", "dia chi nha toi: •••, mat nuoc"),
        ("nhà toi o số 9 đường Láng", "nhà toi o ••• đường Láng"),
        ("Tôi ở nhà số 12 ngõ 5 phố Chợ", "Tôi ở nhà ••• phố Chợ"),
        ("tôi trú tại số 8 ngõ 20", "tôi trú tại •••"),
        ("Hiện sinh sống tại số 4 ngõ 6", "Hiện sinh sống tại •••"),
        ("Hộ đối diện, số nhà 12 ngõ 5, đổ rác", "Hộ đối diện, •••, đổ rác"),
        ("tôi tên Hải, ở số 10 phố Chợ", "tôi tên Hải, ở ••• phố Chợ"),
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
        "Có ở 3 chỗ trong ngõ",
        "Khu này dân cư trú 10 năm nay",
        "Gửi đồng chí @ ban quản lý, xem https://hanoi.gov.vn/a",
    ],
)
def test_the_place_of_the_matter_stays(text: str) -> None:
    assert masked(text) == text


@pytest.mark.parametrize(
    "account",
    ["@binh_hn.88", "t.me/binhhn", "https://www.facebook.com/binh.hn?id=1", "fb.com/b", "zalo.me/098"],
)
def test_accounts_on_other_networks_are_found(account: str) -> None:
    assert masked(f"liên hệ {account} nhé") == "liên hệ ••• nhé"
