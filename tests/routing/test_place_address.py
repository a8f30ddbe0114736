"""House number, alley, street and landmark of a place, as people write them."""

import json

import pytest

from routing.place import PlaceReading, read_place, street_name, street_without_house
from routing.problems import place_from


def place(text: str) -> PlaceReading:
    return read_place(text, province="ha-noi")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("số 12 ngõ 45 đường Nguyễn Trãi mất nước", "số 12 ngõ 45 đường Nguyễn Trãi"),
        ("Nhà tôi ở số nhà 12, ngách 5/3 ngõ 45 phố Khương Trung", "số 12 ngách 5/3 ngõ 45 phố Khương Trung"),
        ("hẻm 41/2 đường Nguyễn Văn Cừ tối om", "hẻm 41/2 đường Nguyễn Văn Cừ"),
        ("123/45/6 Lê Văn Sỹ p13 q3 ngập", "123/45/6 Lê Văn Sỹ"),
        ("K12/3 Trần Cao Vân nhiều ổ gà", "số 3 kiệt 12 Trần Cao Vân"),
        ("sn 8 ngo 20 pho Kim Nguu rac", "số 8 ngõ 20 phố Kim Ngưu"),
        ("ngõ 45 số nhà 12 phố Khương Trung", "số 12 ngõ 45 phố Khương Trung"),
        ("số 5B ngõ 10 Láng Hạ", "số 5B ngõ 10 Láng Hạ"),
        ("15 Lê Duẩn, phường Cửa Nam", "số 15 Lê Duẩn"),
        ("ngõ 12 ngập, ngõ 14 cũng ngập", "ngõ 12"),
        ("Xe đỗ kín phố Huế", "phố Huế"),
        ("Cột số 5 đường Láng hỏng", "đường Láng"),
        ("lúc 5 giờ đường Giải Phóng tắc", "đường Giải Phóng"),
        ("Tôi thấy 2 xe tải đỗ đường Giải Phóng", "đường Giải Phóng"),
        ("đường số 18D ngập", "Đường số 18D"),
        ("QL1A kẹt cứng", "Quốc lộ 1A"),
        ("Rác nhiều quá", None),
    ],
)
def test_an_address_is_read_as_it_is_written(text: str, address: str | None) -> None:
    assert place(text).address == address


@pytest.mark.parametrize(
    ("text", "landmark"),
    [
        ("đối diện trường tiểu học Thịnh Liệt có ổ gà", "đối diện trường tiểu học Thịnh Liệt"),
        ("Gần chợ Hôm, xe đỗ bừa", "Gần chợ Hôm"),
        ("Ngã tư Trần Phú - Lê Lợi hỏng đèn", "Ngã tư Trần Phú - Lê Lợi"),
        ("chung cư HH3 Linh Đàm thang máy hỏng", "chung cư HH3 Linh Đàm"),
        ("gan cho ba chieu co rac", "gan cho ba chieu"),
        ("đầu ngõ 165 Cầu Giấy gần cầu vượt Mai Dịch", "gần cầu vượt Mai Dịch"),
        ("trường tiểu học thu tiền sai", None),
        ("cầu mong lãnh đạo xem xét", None),
        ("hồ sơ nộp đã lâu", None),
        ("công an phường Láng", None),
    ],
)
def test_a_landmark_is_one_with_a_name(text: str, landmark: str | None) -> None:
    assert place(text).landmark == landmark


def test_a_place_comes_back_from_json_also_one_stored_before_these_parts() -> None:
    read = place("số 12 ngõ 45 đường Nguyễn Trãi gần chợ Hôm, phường Khương Đình")
    assert place_from(json.loads(json.dumps(read.as_dict()))) == read
    older = {
        name: part
        for name, part in read.as_dict().items()
        if name not in ("street_word", "alley", "house_number", "landmark")
    }
    assert place_from(older).address == "Nguyễn Trãi"


@pytest.mark.parametrize(
    ("address", "without_house", "name"),
    [
        ("số 12 ngõ 45 đường Nguyễn Trãi", "ngõ 45 đường Nguyễn Trãi", "Nguyễn Trãi"),
        ("123/45/6 Lê Văn Sỹ", "Lê Văn Sỹ", "Lê Văn Sỹ"),
        ("số 12 ngách 5/3 ngõ 45 phố Huế", "ngách 5/3 ngõ 45 phố Huế", "Huế"),
        ("ngõ 12", "ngõ 12", None),
        ("Đường số 18D", "Đường số 18D", "Đường số 18D"),
        ("Quốc lộ 1A", "Quốc lộ 1A", "Quốc lộ 1A"),
        (None, None, None),
    ],
)
def test_the_street_of_an_address_can_be_told_apart(
    address: str | None, without_house: str | None, name: str | None
) -> None:
    assert street_without_house(address) == without_house
    assert street_name(address) == name
