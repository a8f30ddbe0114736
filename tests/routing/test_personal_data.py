"""What is masked before a text is shown to a group or to the public."""

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.personal_data import MASK, find_personal_data, mask


def found_in(text: str) -> list[tuple[str, str]]:
    return [(item.type, text[item.start : item.end]) for item in find_personal_data(text)]


@pytest.mark.parametrize(
    "number",
    [
        "0912345678",
        "0912 345 678",
        "0912.345.678",
        "+84912345678",
        "+84 912 345 678",
        "(+84)912345678",
        "02438251234",
    ],
)
def test_phone_numbers(number: str) -> None:
    assert found_in(f"Gọi em số {number} nhé") == [("phone", number)]


def test_identity_numbers() -> None:
    assert found_in("CCCD 001099012345 nhé") == [("identity_number", "001099012345")]
    assert found_in("cmnd số 123456789") == [("identity_number", "123456789")]
    assert found_in("mã hồ sơ 123456789") == []


def test_bank_accounts_need_a_word_that_says_so() -> None:
    assert found_in("chuyển vào stk 19031234567890 giùm") == [("bank_account", "19031234567890")]
    assert found_in("tài khoản ngân hàng 0071001234567") == [("bank_account", "0071001234567")]
    assert found_in("biên lai 19031234567890") == []


def test_electronic_mail() -> None:
    assert found_in("thư về ten.toi@example.vn.") == [("email", "ten.toi@example.vn")]


@pytest.mark.parametrize("plate", ["29A-123.45", "51F-12345", "59X3 12345", "30E1-234.56", "43A-1234"])
def test_vehicle_plates(plate: str) -> None:
    assert found_in(f"xe biển số {plate} chạy ẩu") == [("vehicle_plate", plate)]


def test_names_after_a_form_of_address() -> None:
    assert found_in("gặp ông Nguyễn Văn A ở cửa") == [("person_name", "Nguyễn Văn A")]
    assert found_in("Tôi tên là Trần Thị B, hỏi về rác") == [("person_name", "Trần Thị B")]
    assert found_in("gap ba tran thi b o cua") == [("person_name", "tran thi b")]
    assert found_in("Ký tên: Lê Thị C") == [("person_name", "Lê Thị C")]
    assert found_in("chủ nhà là ông Phạm Văn D xây lấn") == [("person_name", "Phạm Văn D")]
    assert found_in("vợ chồng Vũ Thị E cãi nhau") == [("person_name", "Vũ Thị E")]


@pytest.mark.parametrize(
    "text",
    [
        "chị Hai bán hàng rong",
        "đường Bà Triệu ngập",
        "chợ Bà Chiểu đông",
        "gặp ngã tư Nguyễn Trãi thì rẽ",
        "liên hệ phường Nguyễn Du nhiều lần",
        "phạt 1.200.000 đồng ngày 01/02/2025",
        "tổng đài 1900 1234 không ai nghe",
        "gọi 113 mà không được",
        "nhà 12/34/56 hẻm 7",
        "từ 7h30 đến 11h30, 120 m2, 3 tầng",
        "năm 2024 có 12 lần, 2025 có 30 lần",
    ],
)
def test_what_tells_nobody_apart_stays(text: str) -> None:
    assert found_in(text) == []


SENTENCES = [
    line
    for line in Path(__file__).with_name("names.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]


def names_found(text: str) -> list[tuple[int, int]]:
    return [(item.start, item.end) for item in find_personal_data(text) if item.type == "person_name"]


@pytest.mark.parametrize("sentence", [sentence for sentence in SENTENCES if "[" in sentence])
def test_names_of_private_persons_are_masked_whole(sentence: str) -> None:
    text = re.sub(r"[\[\]]", "", sentence)
    found = names_found(text)
    for order, match in enumerate(re.finditer(r"\[([^\]]*)\]", sentence)):
        start = match.start() - 2 * order
        assert any(first <= start and start + len(match[1]) <= end for first, end in found), match[1]
    assert len(found) == sentence.count("[")


@pytest.mark.parametrize("sentence", [sentence for sentence in SENTENCES if "[" not in sentence])
def test_streets_offices_and_kin_stay_readable(sentence: str) -> None:
    assert names_found(sentence) == []


def test_to_give_is_no_market_where_accents_are_typed() -> None:
    assert found_in("Đưa cho bà Nguyễn Thị Lan.") == [("person_name", "Nguyễn Thị Lan")]
    assert found_in("đến bà Lan hỏi thì biết") == [("person_name", "Lan")]
    assert found_in("Chợ Bà Lan lấn đường") == []
    assert found_in("dua cho ba Nguyen Thi Lan") == [("person_name", "Nguyen Thi Lan")]


def test_masking_leaves_the_rest_as_it_was() -> None:
    text = "Gọi 0912345678 hoặc viết a@example.vn nhé"
    assert mask(text, find_personal_data(text)) == f"Gọi {MASK} hoặc viết {MASK} nhé"
    assert mask(text, ()) == text


def test_spans_are_in_the_text_as_given() -> None:
    text = unicodedata.normalize("NFD", "Gặp bà Trần Thị B, số 0912345678")
    assert [kind for kind, _ in found_in(text)] == ["person_name", "phone"]
    masked = mask(text, find_personal_data(text))
    assert unicodedata.normalize("NFC", masked) == f"Gặp bà {MASK}, số {MASK}"


pieces = st.sampled_from(
    [
        "0912345678",
        "ông ",
        "Nguyễn ",
        "Văn ",
        "A",
        " stk ",
        "a@b.vn",
        "29A-123.45",
        " ",
        "+84",
        ".",
        "001099012345",
        "🙂",
    ]
)


@settings(deadline=None)
@given(st.lists(pieces, max_size=30).map("".join) | st.text(max_size=400))
def test_spans_are_ordered_and_never_overlap(text: str) -> None:
    found = find_personal_data(text)
    assert all(0 <= item.start < item.end <= len(text) for item in found)
    assert all(first.end <= second.start for first, second in pairwise(found))
    assert mask(text, found).count(MASK) >= len(found)


@settings(max_examples=30, deadline=None)
@given((pieces | st.text(min_size=1, max_size=8)).map(lambda part: (part * 20_000)[:20_000]))
def test_long_texts_are_read(text: str) -> None:
    mask(text, find_personal_data(text))
