"""One message is read whole: what it is, what it is about, whether it is urgent, where, and why."""

import json
import threading
import unicodedata
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from routing.domain import domains
from routing.kind import KINDS
from routing.understanding import LONGEST_TEXT, Reading, Understanding

EVALUATION = Path(__file__).resolve().parents[2] / "routing" / "data" / "evaluation.jsonl"


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Ngõ nhà tôi ba hôm nay không có xe tới gom rác, túi rác chất thành đống", "waste"),
        ("Hàng xóm hát karaoke bằng loa kéo tới nửa đêm, cả xóm mất ngủ", "noise"),
        ("Đèn đường trước nhà số 9 tắt cả tuần, tối om", "lighting"),
        ("Nước máy đục ngầu, có cặn vàng, không nấu ăn được", "water_supply"),
        ("Trường thu tiền quỹ phụ huynh bắt buộc đầu năm", "education"),
        ("Công ty nợ lương công nhân ba tháng nay", "social"),
    ],
)
def test_a_plain_complaint_finds_its_domain_with_and_without_accents(
    understanding: Understanding, text: str, domain: str
) -> None:
    from routing.vietnamese import strip_accents

    assert understanding.read(text, province=None).domain == domain
    assert understanding.read(strip_accents(text).lower(), province=None).domain == domain


def test_a_ward_named_in_the_text_is_found_and_explained(understanding: Understanding) -> None:
    reading = understanding.read("Rác ứ đọng ở phường Khương Đình, không ai dọn", province="ha-noi")

    assert reading.place.ward is not None
    assert reading.place.ward.name == "Phường Khương Đình"
    assert any("Phường Khương Đình" in reason for reason in reading.reasons)
    assert any("Rác thải" in reason for reason in reading.reasons)


@pytest.mark.parametrize(
    "text", ["Cháy rồi, có người kẹt trong nhà, cứu với!", "chay nha roi cuu voi co nguoi ben trong"]
)
def test_an_emergency_is_an_emergency_and_urgent(understanding: Understanding, text: str) -> None:
    reading = understanding.read(text, province=None)

    assert reading.kind == "emergency"
    assert reading.urgent


@pytest.mark.parametrize(
    "text",
    [
        "Tôi tố cáo quán karaoke trước nhà ồn quá, đêm nào cũng hát",
        "Tuần trước cháy một nhà trong hẻm, xe cứu hoả không vào được vì ô tô đậu kín",
        "Làm ăn kiểu gì mà cống nghẹt cả tháng không ai thông hả mấy ông",
        "Nắp cống bị mất trước cổng trường, trẻ con dễ rơi xuống",
    ],
)
def test_strong_words_do_not_make_an_ordinary_complaint_something_else(
    understanding: Understanding, text: str
) -> None:
    assert understanding.read(text, province=None).kind == "feedback"


def test_danger_ahead_is_urgent_feedback_with_its_reason(understanding: Understanding) -> None:
    reading = understanding.read("Nắp cống bị mất trước cổng trường, trẻ con dễ rơi xuống", province=None)

    assert reading.urgent
    assert any(reason.startswith("Khẩn:") for reason in reading.reasons)


def test_a_nuisance_is_not_urgent(understanding: Understanding) -> None:
    assert not understanding.read("Loa phường mở lớn quá vào sáng sớm", province=None).urgent


@pytest.mark.parametrize("text", ["", "   ", "???", "🙂🙂", "qwrt zxcv plkj mnbv", "123 456"])
def test_what_cannot_be_read_goes_to_a_dispatcher(understanding: Understanding, text: str) -> None:
    reading = understanding.read(text, province=None)

    assert reading.domain == "other"
    assert reading.needs_triage


def test_personal_data_is_found_at_its_place(understanding: Understanding) -> None:
    text = "Rác không ai gom, gọi tôi số 0912345678"
    found = understanding.read(text, province=None).personal_data

    assert [(item.type, text[item.start : item.end]) for item in found] == [("phone", "0912345678")]


def test_a_reading_survives_json(understanding: Understanding) -> None:
    reading = understanding.read("Ngập ở phường Khương Đình, gọi 0912345678", province="ha-noi")

    assert Reading.from_dict(json.loads(json.dumps(reading.as_dict()))) == reading


def test_candidates_are_ordered_and_known(understanding: Understanding) -> None:
    reading = understanding.read("khói đốt rác bay vào nhà", province=None)
    known = {domain.id for domain in domains()}

    assert [each.confidence for each in reading.candidates] == sorted(
        (each.confidence for each in reading.candidates), reverse=True
    )
    assert {each.domain for each in reading.candidates} <= known
    assert reading.candidates[0].domain == reading.domain


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.text(max_size=400))
def test_anything_at_all_is_read(understanding: Understanding, text: str) -> None:
    reading = understanding.read(text, province="ha-noi")

    assert reading.text == text
    assert reading.kind in KINDS
    assert 0 <= reading.confidence <= 1


@pytest.mark.parametrize("unit", ["a", "rác ", "\u202e🔥", "x1.", "đ\u0301", "phường ", "\n", "0"])
def test_the_longest_text_is_read(understanding: Understanding, unit: str) -> None:
    text = (unit * LONGEST_TEXT)[:LONGEST_TEXT]

    assert understanding.read(text, province=None).text == text


def test_threads_share_one_understanding(understanding: Understanding) -> None:
    texts = ["mất nước cả ngày", "đèn đường hư", "rác đầy ngõ"] * 5
    expected = understanding.read_many(texts, province=None)
    results: list[list[Reading]] = []
    threads = [
        threading.Thread(target=lambda: results.append(understanding.read_many(texts, province=None)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert results == [expected] * 3


def test_mangled_messages_are_read(understanding: Understanding) -> None:
    """Real messages with characters lost, doubled, swapped for any other and cut anywhere, from a seed."""
    random = Random(20_251)
    lines = EVALUATION.read_text(encoding="utf-8").splitlines()
    for line in random.sample(lines, 150):
        text = _mangled(json.loads(line)["text"], random)
        reading = understanding.read(text, province=random.choice(("ha-noi", None)))

        assert reading.text == text
        assert reading.kind in KINDS
        assert 0 <= reading.confidence <= 1


def _mangled(text: str, random: Random) -> str:
    letters = list(unicodedata.normalize(random.choice(("NFC", "NFD", "NFKD")), text))
    for _ in range(random.randrange(1, 60)):
        at = random.randrange(len(letters))
        letters[at] = random.choice(("", letters[at] * 2, chr(random.randrange(0xD800)), "\u200b", "\u202e"))
    return "".join(letters)[random.randrange(20) :]
