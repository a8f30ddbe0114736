"""Which ward a message means: names of today and of before, however they are typed."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.place import (
    FormerWard,
    PlaceReading,
    find_province,
    find_wards,
    former_wards_of,
    nearest_provinces,
    provinces,
    read_place,
    wards_of,
)
from routing.vietnamese import strip_accents


def ward_of(text: str, province: str | None = "ha-noi") -> str | None:
    ward = read_place(text, province=province).ward
    return ward.name if ward else None


def candidates_of(text: str, province: str | None) -> list[str]:
    return [ward.name for ward in read_place(text, province=province).candidates]


def test_a_ward_of_today_is_found_with_its_official_code() -> None:
    reading = read_place("Rác ùn ứ ở phường Khương Đình ba hôm nay.", province="ha-noi")
    assert reading.ward_named == "Phường Khương Đình"
    assert reading.ward is not None
    assert (reading.ward.code, reading.ward.province) == ("00364", "ha-noi")
    assert reading.province == "Thành phố Hà Nội"
    assert reading.span == (11, 29)


def test_a_former_ward_leads_to_todays_and_is_told() -> None:
    reading = read_place("Xe tải đậu kín đường ở phường 14 quận 8", province="ho-chi-minh")
    assert (reading.ward_named, reading.district) == ("Phường 14", "Quận 8")
    assert reading.ward is not None
    assert reading.ward.name == "Phường Phú Định"
    assert [ward.name for ward in reading.former] == ["Phường 14"]


def test_a_ward_divided_among_several_offers_them_and_decides_nothing() -> None:
    reading = read_place("Mất nước ở phường Khương Trung cũ", province="ha-noi")
    assert reading.ward is None
    assert {ward.name for ward in reading.candidates} == {"Phường Khương Đình", "Phường Phương Liệt"}
    assert "divided_ward" in reading.reasons


def test_a_ward_gone_before_2025_is_still_known() -> None:
    assert ward_of("hẻm nhỏ p.13 q.bình thạnh ngập", "ho-chi-minh") is not None
    assert read_place("phường 12 quận 11 kẹt xe", province="ho-chi-minh").ward_named == "Phường 12"


@pytest.mark.parametrize(
    "typed",
    [
        "phường Khương Đình",
        "phuong khuong dinh",
        "Phường khương đình",
        "P. Khương Đình",
        "P.Khương Đình",
        "p khuong dinh",
        "PHƯỜNG KHƯƠNG ĐÌNH",
        "phường Khuơng Đinh",
        unicodedata.normalize("NFD", "phường Khương Đình"),
        "ph\u200bường Khương Đình",
    ],
)
def test_typing_habits_do_not_matter(typed: str) -> None:
    assert ward_of(f"Đèn hỏng ở {typed} nha") == "Phường Khương Đình"


@pytest.mark.parametrize(
    "typed", ["P14 Q8", "p.14 q.8", "p14, q8", "F14 Q8", "phuong 14 quan 8", "Phường 14, Quận 08"]
)
def test_numbered_wards_and_districts(typed: str) -> None:
    reading = read_place(f"{typed} ngập nặng", province="ho-chi-minh")
    assert (reading.ward_named, reading.district) == ("Phường 14", "Quận 8")


@pytest.mark.parametrize(
    "typed", ["xã Hoà Sơn, huyện Hoà Vang", "xã Hòa Sơn, H. Hòa Vang", "xa hoa son h hoa vang"]
)
def test_tone_placement_and_short_district_words(typed: str) -> None:
    reading = read_place(f"Lò gạch ở {typed} xả khói", province="da-nang")
    assert (reading.ward_named, reading.district) == ("Xã Hòa Sơn", "Huyện Hòa Vang")


@pytest.mark.parametrize(
    "text",
    [
        "Phường Khương Trung (nay là phường Khương Đình) thiếu đèn",
        "phường Khương Đình (trước đây là phường Khương Trung) thiếu đèn",
        "phường Khương Trung cũ, nay thuộc phường Khương Đình thiếu đèn",
        "phuong khuong trung nay la phuong khuong dinh thieu den",
    ],
)
def test_two_names_of_one_place_give_todays(text: str) -> None:
    reading = read_place(text, province="ha-noi")
    assert reading.ward_named == "Phường Khương Đình"
    assert reading.ward is not None
    assert reading.ward.name == "Phường Khương Đình"


@pytest.mark.parametrize(
    "text",
    [
        "Phường Khương Đình cả tuần nay. Đèn ở phường Hạ Đình cũng hỏng",
        "phường Khương Đình mấy hôm nay, bên phường Hạ Đình cũng vậy",
        "phuong khuong dinh ca thang nay phuong ha dinh cung vay",
        "phường Khương Đình sáng giờ phường Hạ Đình cũng mất nước",
    ],
)
def test_this_week_is_no_word_for_a_new_name(text: str) -> None:
    reading = read_place(text, province="ha-noi")
    assert reading.ward_named == "Phường Khương Đình"
    assert "now_and_before" not in reading.reasons


@pytest.mark.parametrize(
    "text",
    [
        "phường Hạ Đình (nay phường Khương Đình) mất điện",
        "phường Hạ Đình nay phường Khương Đình mất điện",
        "phường Hạ Đình trước đây nay phường Khương Đình mất điện",
        "phường Hạ Đình đã sáp nhập vào phường Khương Đình",
        "phường Hạ Đình bây giờ là phường Khương Đình",
        "phường Hạ Đình, nay đổi thành phường Khương Đình",
    ],
)
def test_ways_to_say_that_a_name_is_todays(text: str) -> None:
    reading = read_place(text, province="ha-noi")
    assert (reading.ward_named, "now_and_before" in reading.reasons) == ("Phường Khương Đình", True)


def test_a_former_ward_that_lies_nearly_all_in_one_of_todays_is_taken_for_it() -> None:
    reading = read_place("Xã Kim Chung, huyện Hoài Đức mất nước", province="ha-noi")
    assert reading.ward is not None
    assert reading.ward.name == "Xã Hoài Đức"
    assert [ward.name for ward in reading.candidates] == ["Xã Hoài Đức", "Phường Tây Tựu"]
    assert "divided_ward" in reading.reasons


def test_the_rest_of_a_divided_ward_is_asked_about_the_likeliest_first() -> None:
    reading = read_place("Xã Hòa Liên, huyện Hòa Vang mất nước", province="da-nang")
    assert reading.ward is None
    assert [ward.name for ward in reading.candidates] == ["Phường Hải Vân", "Phường Liên Chiểu"]


def test_the_longest_name_wins() -> None:
    assert (
        read_place("phường Bình Hưng Hòa A quận Bình Tân", province=None).ward_named
        == "Phường Bình Hưng Hòa A"
    )
    assert (
        read_place("phường Bình Hưng Hòa quận Bình Tân", province=None).ward_named == "Phường Bình Hưng Hòa"
    )


@pytest.mark.parametrize(
    "text",
    [
        "Đường Khương Đình ngập sâu",
        "Chợ Đồng Xuân lấn chiếm vỉa hè",
        "Trường tiểu học Khương Đình thu nhiều khoản",
        "Bệnh viện Bạch Mai quá tải",
        "Phố Kim Liên mất điện",
        "Chính quyền địa phương Hòa Bình làm ngơ",
        "Phương tiện qua lại đông",
        "Xã hội bây giờ lạ thật",
        "Quan tâm đến dân một chút",
        "Phường tôi rác nhiều lắm",
        "Ông Nguyễn Hòa Bình đã trình bày",
        "Chờ 20p 5 người mới được vào",
        "xa qua di khong noi",
        "Hợp tác xã dịch vụ chậm trả lời",
    ],
)
def test_no_ward_where_none_is_named(text: str) -> None:
    reading = read_place(text, province="ha-noi")
    assert (reading.ward_named, reading.ward) == (None, None)


def test_a_bare_name_counts_only_where_the_context_leaves_no_doubt() -> None:
    assert ward_of("Khương Đình, Thanh Xuân, Hà Nội mất nước", None) == "Phường Khương Đình"
    assert ward_of("toi o khuong dinh, den duong hong") == "Phường Khương Đình"
    assert ward_of("Khương Đình mất nước") is None


def test_a_district_alone_names_no_ward_but_few_wards_are_offered() -> None:
    reading = read_place("Quận 1 ngập quá trời", province="ho-chi-minh")
    assert (reading.ward_named, reading.district) == (None, "Quận 1")
    assert "Phường Bến Thành" in [ward.name for ward in reading.candidates]
    assert read_place("Huyện Bình Chánh ngập", province="ho-chi-minh").candidates == ()


def test_a_district_given_by_initials_is_told_by_its_ward() -> None:
    assert read_place("hẻm 5 p17 q.bt mất điện", province="ho-chi-minh").district == "Quận Bình Thạnh"


def test_a_district_gone_in_2021_is_context() -> None:
    reading = read_place("P. Phước Long A, Q.9 nhiều ổ gà", province="ho-chi-minh")
    assert (reading.ward_named, reading.district) == ("Phường Phước Long A", "Quận 9")
    assert reading.ward is not None


def test_the_province_in_the_text_beats_the_given_one() -> None:
    reading = read_place("xã Quảng Hưng, huyện Quảng Trạch, tỉnh Quảng Bình", province="ha-noi")
    assert reading.province == "Tỉnh Quảng Bình"
    assert reading.ward is not None
    assert reading.ward.province == "quang-tri"


def test_a_province_is_called_as_the_text_calls_it() -> None:
    assert read_place("xã Dầu Giây, tỉnh Đồng Nai", province=None).province == "Tỉnh Đồng Nai"
    assert read_place("xã Dầu Giây, Đồng Nai", province=None).province == "Thành phố Đồng Nai"


def test_a_dish_or_a_home_town_is_no_province() -> None:
    assert read_place("Quán bún bò Huế lấn vỉa hè", province="da-nang").province == "Thành phố Đà Nẵng"
    assert (
        read_place("Quê ở Nghệ An, trọ tại phường Định Công", province="ha-noi").province
        == "Thành phố Hà Nội"
    )


def test_a_name_shared_by_many_wards_gives_candidates_only() -> None:
    reading = read_place("xã Tân Thành mất điện", province=None)
    assert reading.ward is None
    assert len(reading.candidates) > 5


def test_a_slip_in_the_name_is_forgiven_inside_the_district() -> None:
    assert candidates_of("xã Hoàa Sonn, huyện Hòa Vang", "da-nang")


def test_a_name_that_goes_on_is_not_its_beginning() -> None:
    assert read_place("xã Bình Hoà Tây Ninh", province=None).ward_named == "Xã Bình Hoà"
    assert ward_of("xã Thuận Hỏa có rác", "quang-tri") is None


@pytest.mark.parametrize("province", [None, "ho-chi-minh", "ha-noi"])
@pytest.mark.parametrize(
    "text",
    [
        "mong phường cho xe tới hốt rác",
        "nho xa cho nguoi di don",
        "di hoc xa 8 cay so",
        "tiền xã thu không có biên lai",
        "yêu cầu giấy tờ quá nhiều lần",
        "quan van ban nhu khong",
        "ở trọ số 9, 2 thanh niên la hét",
    ],
)
def test_everyday_words_in_small_letters_are_no_places(text: str, province: str | None) -> None:
    reading = read_place(text, province=province)
    assert (reading.ward_named, reading.district, reading.street) == (None, None, None)


def test_a_ward_nobody_knows_keeps_its_name() -> None:
    reading = read_place("Phường Xyzt Abcd có rác", province="ha-noi")
    assert (reading.ward_named, reading.ward, reading.reasons[0]) == (
        "Phường Xyzt Abcd",
        None,
        "unknown_ward",
    )


def test_without_a_province_the_reading_says_so() -> None:
    assert read_place("Đường hư quá", province=None).province is None


@pytest.mark.parametrize(
    ("text", "street"),
    [
        ("Ổ gà trên đường Lê Văn Lương, phường Thanh Xuân", "Lê Văn Lương"),
        ("hẻm 41/2 đường Nguyễn Văn Cừ tối om", "Nguyễn Văn Cừ"),
        ("duong nguyen chi thanh ngap", "Nguyễn Chí Thanh"),
        ("Trước nhà số 7 Lê Lợi có hố", "Lê Lợi"),
        ("QL1A đoạn qua xã", "Quốc lộ 1A"),
        ("tỉnh lộ 10 kẹt xe", "Tỉnh lộ 10"),
        ("đường số 18D ngập", "Đường số 18D"),
        ("đường D2 thiếu đèn", "Đường D2"),
        ("hẻm 15 cmt8 p11 q3", "Cách Mạng Tháng Tám"),
        ("Ngã tư Trần Phú - Lê Lợi hỏng đèn", "Trần Phú"),
        ("Đường bê tông hỏng nặng", None),
        ("đường xuống cấp trầm trọng", None),
        ("duong day dien dut", None),
        ("khu phố 5 nhiều rác", None),
        ("Thành phố Huế mưa to", None),
    ],
)
def test_the_street_is_told_without_the_house_number(text: str, street: str | None) -> None:
    assert read_place(text, province=None).street == street


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("Hà Nội", "ha-noi"),
        ("ha noi", "ha-noi"),
        ("HN", "ha-noi"),
        ("TP HCM", "ho-chi-minh"),
        ("tphcm", "ho-chi-minh"),
        ("SG", "ho-chi-minh"),
        ("TP. Hồ Chí Minh", "ho-chi-minh"),
        ("thành phố hồ chí minh", "ho-chi-minh"),
        ("da-nang", "da-nang"),
        ("Thừa Thiên Huế", "hue"),
        ("tỉnh Quảng Nam", "da-nang"),
        ("Bình Dương", "ho-chi-minh"),
        ("Bà Rịa - Vũng Tàu", "ho-chi-minh"),
    ],
)
def test_a_province_is_found_however_it_is_called(typed: str, slug: str) -> None:
    province = find_province(typed)
    assert province is not None
    assert province.slug == slug


def test_an_unknown_province_has_near_ones() -> None:
    assert find_province("Hà Lội") is None
    assert nearest_provinces("Hà Lội")[0].slug == "ha-noi"
    assert len(nearest_provinces("")) == 3


def test_the_map_of_today_is_whole() -> None:
    assert len(provinces()) == 34
    counts = {slug: len(wards_of(slug)) for slug in ("ha-noi", "ho-chi-minh", "da-nang", "hue")}
    assert counts == {"ha-noi": 126, "ho-chi-minh": 168, "da-nang": 94, "hue": 40}
    assert sum(len(wards_of(province.slug)) for province in provinces()) == 3321
    assert len({ward.code for province in provinces() for ward in wards_of(province.slug)}) == 3321
    assert all(len(ward.code) == 5 and ward.name == " ".join(ward.name.split()) for ward in wards_of("hue"))


def test_the_map_of_before_has_its_districts() -> None:
    former = former_wards_of("ha-noi")
    assert len(former) == 526
    assert len({ward.district for ward in former}) == 30


@pytest.mark.parametrize(
    "typed",
    [
        "khuong dinh",
        "p. khương đình",
        "Phường Khương Đình",
        "khuong dinhh",
        "phuong khuong din",
        "ở khương đình ạ",
    ],
)
def test_a_typed_ward_is_found(typed: str) -> None:
    assert find_wards(typed, province="ha-noi")[0].name == "Phường Khương Đình"


@pytest.mark.parametrize(
    ("text", "ward"),
    [
        ("rác ở phường láng", "Phường Láng"),
        ("mất nước cả phường bưởi", "Phường Tây Hồ"),
        ("phường vận động dân đổ rác đúng giờ", None),
        ("xã cho xe rác đến muộn", None),
        ("phường cầu cứu mãi", None),
    ],
)
def test_one_syllable_in_small_letters_needs_all_its_accents(text: str, ward: str | None) -> None:
    found = read_place(text, province="ha-noi").ward
    assert (found.name if found else None) == ward


def test_a_ward_may_follow_a_district_typed_without_accents() -> None:
    reading = read_place("quan Dong Da phuong Trung Liet rac ngap duong", province="ha-noi")
    assert reading.ward_named == "Phường Trung Liệt"


def test_typed_wards_stay_in_the_province() -> None:
    assert find_wards("P14 Q8", province="ho-chi-minh")[0].name == "Phường Phú Định"
    assert all(ward.province == "hue" for ward in find_wards("tan thanh", province="hue"))
    assert find_wards("qwxz", province="hue") == ()
    assert find_wards("", province=None) == ()
    assert len(find_wards("tan", province=None, limit=3)) <= 3


def check(text: str, reading: PlaceReading) -> None:
    if reading.span is not None:
        start, end = reading.span
        assert 0 <= start < end <= len(text)
        assert reading.ward_named
    if reading.ward is not None:
        assert reading.ward in reading.candidates


PIECES = (
    "phường xã p. q. quận 8 14 tp tỉnh Hà Nội huế Tân Thành Khương Đình đường ngõ 5/3 , ( ) nay là cũ ở tại"
    " - . ' ’ thị trấn hcm xa phuong \u200b e\u0301 🏙"
)


def pieces() -> st.SearchStrategy[str]:
    return st.sampled_from(re.split(" ", PIECES))


@settings(deadline=None)
@given(
    st.lists(pieces(), max_size=40).map(" ".join) | st.text(max_size=300),
    st.sampled_from([None, "ha-noi", "hue"]),
)
def test_any_text_can_be_read(text: str, province: str | None) -> None:
    check(text, read_place(text, province=province))


@settings(max_examples=30, deadline=None)
@given(st.text(min_size=1, max_size=12).map(lambda part: (part * 20_000)[:20_000]))
def test_long_texts_can_be_read(text: str) -> None:
    check(text, read_place(text, province="ha-noi"))
    find_wards(text, province=None)
    find_province(text)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(former_wards_of("ho-chi-minh")), st.booleans(), st.booleans())
def test_every_former_ward_with_its_district_leads_somewhere(
    former: FormerWard, bare: bool, short: bool
) -> None:
    name, district = former.name, former.district
    if short:
        name = name.replace("Phường ", "P.").replace("Thị trấn ", "TT.").replace("Xã ", "X.")
        district = district.replace("Quận ", "Q.").replace("Huyện ", "H.").replace("Thành phố ", "TP.")
    text = f"Rác nhiều ở {name}, {district}"
    reading = read_place(strip_accents(text) if bare else text, province="ho-chi-minh")
    assert reading.district == former.district
    assert reading.candidates
    assert former in reading.former
