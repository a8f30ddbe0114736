"""Wards named without the word for their kind: by their district, in brackets, behind a word for places."""

import pytest

from routing.place import read_place
from routing.vietnamese import strip_accents


def named(text: str, province: str | None) -> str | None:
    return read_place(text, province=province).ward_named


def offered(text: str, province: str) -> list[str]:
    reading = read_place(text, province=province)
    assert (reading.ward_named, reading.ward) == (None, None)
    return [ward.name for ward in reading.candidates]


BESIDE_THEIR_DISTRICT = [
    ("Xe ba gác đậu kín lối vào ở Định Công, Hoàng Mai", "ha-noi", "Phường Định Công"),
    ("Nhà tôi bên Tam Phú Thủ Đức cúp nước miết", "ho-chi-minh", "Phường Tam Phú"),
    ("kp 4 Bình Trị Đông Bình Tân khói bụi", "ho-chi-minh", "Phường Bình Trị Đông"),
    ("Khu Nại Hiên Đông Sơn Trà ngập", "da-nang", "Phường Nại Hiên Đông"),
    ("Hoà Khánh Nam, Liên Chiểu loa kẹo kéo cả đêm", "da-nang", "Phường Hòa Khánh Nam"),
    ("tổ 7 Xuân Phú Huế mất điện", "hue", "Phường Xuân Phú"),
    ("dọc sông Uy Nỗ, Đông Anh hôi thối", "ha-noi", "Xã Uy Nỗ"),
    ("hẻm 45 Tân Quy quận 7 tối om", "ho-chi-minh", "Phường Tân Quy"),
    ("Q.12 Thạnh Xuân nhiều ổ gà", "ho-chi-minh", "Phường Thạnh Xuân"),
    ("Khu Phương Liệt Thanh Xuân cúp nước", "ha-noi", "Phường Phương Liệt"),
    ("đốt rác sau chùa ở Trung Tự, Đống Đa", "ha-noi", "Phường Trung Tự"),
]


@pytest.mark.parametrize(("text", "province", "ward"), BESIDE_THEIR_DISTRICT)
def test_a_name_beside_its_district_is_a_ward(text: str, province: str, ward: str) -> None:
    assert named(text, province) == ward
    assert named(text.lower(), province) == ward
    assert named(strip_accents(text), province) == ward
    assert read_place(text, province=province).candidates


@pytest.mark.parametrize(("text", "province", "ward"), BESIDE_THEIR_DISTRICT[:5])
def test_the_pair_tells_the_province_when_nobody_else_does(text: str, province: str, ward: str) -> None:
    assert named(text, None) == ward


@pytest.mark.parametrize(
    "text",
    [
        "bên Dịch Vọng Hậu cúp nước từ tối",
        "Ngõ nhỏ (Dịch Vọng Hậu) không đèn",
        "Cống tràn ra sân. Dịch Vọng Hậu. Mong sửa sớm.",
        "cư dân Dịch Vọng Hậu kêu mãi",
        "tdp 12 Dịch Vọng Hậu nhiều chó thả rông",
        "sau nha toi dich vong hau co dong rac",
    ],
)
def test_a_name_behind_a_word_for_places_is_a_ward(text: str) -> None:
    assert named(text, "ha-noi") == "Phường Dịch Vọng Hậu"


@pytest.mark.parametrize(
    ("text", "wards"),
    [
        ("Đường Khương Đình, Thanh Xuân đọng nước", ["Phường Khương Đình", "Phường Phương Liệt"]),
        ("Chợ Đồng Xuân, Hoàn Kiếm cháy bảng điện", ["Phường Hoàn Kiếm", "Phường Ba Đình"]),
        ("Trường THCS Khương Đình, Thanh Xuân thu tiền", ["Phường Khương Đình", "Phường Phương Liệt"]),
        ("Bệnh viện Bạch Mai, Hai Bà Trưng chật chỗ", ["Phường Bạch Mai"]),
        ("công ty Thành Công, Ba Đình xả thải", ["Phường Giảng Võ", "Phường Ô Chợ Dừa"]),
        ("ngõ 28 Xuân La nhiều chó", ["Phường Xuân Đỉnh", "Phường Tây Hồ"]),
    ],
)
def test_a_street_or_landmark_offers_the_ward_of_its_name_and_names_none(text: str, wards: list[str]) -> None:
    assert set(wards) & set(offered(text, "ha-noi"))


@pytest.mark.parametrize(
    ("text", "province"),
    [
        ("đường Nguyễn Thị Minh Khai, Hai Bà Trưng ồn", "ha-noi"),
        ("ông Trần Phú Diễn ở quê", "ha-noi"),
        ("quán nhậu Bình An hát to", "ho-chi-minh"),
        ("khu vui chơi hỏng", "ha-noi"),
        ("đoàn kết thống nhất cao", "ha-noi"),
        ("quê Thái Bình", "ha-noi"),
        ("Khương Đình mất nước", "ha-noi"),
        ("xã có đường xấu lắm", "ha-noi"),
        ("XÃ CÓ ĐƯỜNG XẤU KHÔNG AI SỬA", "ha-noi"),
        ("Xã Có Đường Xấu quá", "ha-noi"),
        ("Phường Không Trả Lời Đơn", "ha-noi"),
        ("chính quyền dia phuong lang tranh", "ha-noi"),
        ("phuong lang co nhieu rac", "ha-noi"),
        ("tôi lên phường 3 lần rồi", "ho-chi-minh"),
        ("loa xã đọc tin lúc bốn giờ sáng", "ha-noi"),
        ("rot cuoc viec nay thuoc van hoa hay giao duc", "ha-noi"),
        ("gửi đơn ra phường 2 tháng chưa ai trả lời", "ho-chi-minh"),
    ],
)
def test_what_only_looks_like_a_ward_is_none(text: str, province: str) -> None:
    assert (named(text, province), read_place(text, province=province).ward) == (None, None)


@pytest.mark.parametrize(
    ("text", "province", "ward", "district"),
    [
        ("P12 QBT ngập", "ho-chi-minh", "Phường 12", "Quận Bình Thạnh"),
        ("phường 12 Q. Bình Thạnh cây đổ", "ho-chi-minh", "Phường 12", "Quận Bình Thạnh"),
        ("P.12, Q.BThạnh cây đổ", "ho-chi-minh", "Phường 12", "Quận Bình Thạnh"),
        ("f5 q8 mất nước", "ho-chi-minh", "Phường 5", "Quận 8"),
        ("p 15 q.gv loa kẹo kéo", "ho-chi-minh", "Phường 15", "Quận Gò Vấp"),
        ("p.4 mất điện", "ho-chi-minh", "Phường 4", None),
        ("phường 5 Cà Mau rác", "ca-mau", "Phường 5", "Thành phố Cà Mau"),
    ],
)
def test_numbers_of_wards(text: str, province: str, ward: str, district: str | None) -> None:
    reading = read_place(text, province=province)
    assert reading.ward_named == ward
    assert reading.candidates
    assert district is None or reading.district in (district, None)


@pytest.mark.parametrize(
    "text",
    [
        "phường Khương Trung, nay là Khương Đình, mất nước",
        "ở Khương Trung (nay là Khương Đình) mất nước",
        "phường Hạ Đình trước đây, bây giờ là phường Khương Đình",
        "phường Hạ Đình trước đây, nay thuộc phường Khương Đình",
        "phuong ha dinh cu gio la phuong khuong dinh",
    ],
)
def test_of_two_names_todays_is_told(text: str) -> None:
    reading = read_place(text, province="ha-noi")
    assert reading.ward_named == "Phường Khương Đình"
    assert reading.ward is not None
    assert reading.ward.name == "Phường Khương Đình"


@pytest.mark.parametrize(
    ("text", "province", "ward"),
    [
        ("ở nai hien dogn sơn trà", "da-nang", "Phường Nại Hiên Đông"),
        ("bụi quá ở linh trugn thủ đức", "ho-chi-minh", "Phường Linh Trung"),
        ("phườgn Khương Đình rác", "ha-noi", "Phường Khương Đình"),
        ("fường Khương Đình rác", "ha-noi", "Phường Khương Đình"),
        ("khu minh phuong thanh binh, hai chau", "da-nang", "Phường Thanh Bình"),
    ],
)
def test_a_slip_beside_the_district_is_forgiven(text: str, province: str, ward: str) -> None:
    assert named(text, province) == ward


@pytest.mark.parametrize(
    ("text", "province", "ward"),
    [
        ("phường Mỹ Đình II thiếu cây xanh", "ha-noi", "Phường Mỹ Đình II"),
        ("phường Hải Châu 1 quận Hải Châu", "da-nang", "Phường Hải Châu 1"),
        ("phường đổng quốc bình quận ngô quyền", "hai-phong", "Phường Đổng Quốc Bình"),
        ("xã Đặng Cương An Dương", "hai-phong", "Xã Đặng Cương"),
    ],
)
def test_wards_gone_before_2025_and_roman_numbers(text: str, province: str, ward: str) -> None:
    reading = read_place(text, province=province)
    assert reading.ward_named == ward
    assert reading.candidates
