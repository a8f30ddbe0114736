"""Several problems in one message: found where there are some, and hardly ever where there are none."""

import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from routing.corpus import fill, sources
from routing.place import read_place
from routing.problems import MOST_PROBLEMS, SpanReading, find_problems
from routing.segments import Turning, segments
from routing.understanding import Reading, Understanding
from routing.vietnamese import strip_accents

MESSAGES = Path(__file__).parent / "problems.txt"
LEAST_PRECISION, LEAST_RECALL = 0.95, 0.8
MOST_SPLIT = 0.015
"""Of whole messages of the corpus, which tell of one matter each."""


@dataclass(frozen=True, kw_only=True)
class Labelled:
    parts: tuple[str, ...]
    domains: tuple[str, ...]

    @property
    def text(self) -> str:
        return "".join(self.parts)


def labelled() -> Iterator[Labelled]:
    for line in MESSAGES.read_text(encoding="utf-8").splitlines():
        if " :: " in line and not line.startswith("#"):
            domains, _, text = line.partition(" :: ")
            parts = text.replace("⏎", "\n").split("‖")
            yield Labelled(parts=tuple(parts), domains=tuple(domains.split()))


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


def read(understanding: Understanding, text: str) -> Reading:
    return understanding.read(text, province="ha-noi")


# ── how well ─────────────────────────────────────────────────────────────────────────────────────


def test_an_offer_is_rarely_idle_and_most_problems_are_found(understanding: Understanding) -> None:
    seen = [(message, read(understanding, message.text).problems) for message in labelled()]
    offered = [(message, found) for message, found in seen if found]
    several = [(message, found) for message, found in seen if len(message.parts) > 1]
    right = sum(len(message.parts) > 1 for message, _ in offered)
    assert right / len(offered) >= LEAST_PRECISION, [m.text for m, _ in offered if len(m.parts) == 1]
    assert right / len(several) >= LEAST_RECALL, [m.text for m, found in several if not found]


def test_the_cuts_are_where_a_reader_makes_them(understanding: Understanding) -> None:
    seen = [(message, read(understanding, message.text).problems) for message in labelled()]
    cut = [(message, found) for message, found in seen if len(found) == len(message.parts) > 1]
    same = [
        [message.text[each.start : each.end].strip() for each in found]
        == [part.strip() for part in message.parts]
        for message, found in cut
    ]
    domains = [tuple(each.domain for each in found) == message.domains for message, found in cut]
    assert sum(same) >= 0.9 * len(cut)
    assert sum(domains) >= 0.8 * len(cut)


def test_messages_of_one_matter_are_left_whole(understanding: Understanding) -> None:
    random = Random(3)
    whole = [fill(each.text, random) for each in sources("domains") if not each.is_situation]
    sample = random.sample(whole, 1_000)
    split = [text for text in sample if read(understanding, text).problems]
    assert len(split) <= MOST_SPLIT * len(sample), split


def test_one_sentence_a_line_is_no_list_of_problems(understanding: Understanding) -> None:
    random = Random(4)
    whole = [fill(each.text, random) for each in sources("domains") if not each.is_situation]
    sample = [text.replace(". ", ".\n") for text in random.sample(whole, 500)]
    assert sum(bool(read(understanding, text).problems) for text in sample) <= 2 * MOST_SPLIT * len(sample)


# ── single readings ──────────────────────────────────────────────────────────────────────────────

TWO = "Rác ở đầu ngõ 20 ba ngày chưa ai thu gom. Ngoài ra quán karaoke số 9 hát đến nửa đêm."


def spans(understanding: Understanding, text: str) -> list[tuple[str, str]]:
    return [(each.domain, text[each.start : each.end].strip()) for each in read(understanding, text).problems]


def test_the_spans_count_in_the_text_as_it_was_typed(understanding: Understanding) -> None:
    for text in (TWO, unicodedata.normalize("NFD", TWO), strip_accents(TWO), "\u200b👋 " + TWO, TWO.upper()):
        first, second = read(understanding, text).problems
        assert (first.start, second.end) == (0, len(text))
        assert first.end == second.start
        assert strip_accents(text[second.start :]).lower().startswith("ngoai ra")


def test_what_looks_like_a_phrase_with_other_accents_is_none(understanding: Understanding) -> None:
    assert not spans(understanding, TWO.replace("Ngoài ra", "Chiều nào cháu cũng dắt ngoại ra công viên, mà"))


def test_greeting_and_closing_belong_to_their_neighbours(understanding: Understanding) -> None:
    text = f"Kính gửi anh chị. {TWO} Xin cảm ơn."
    (_, first), (_, second) = spans(understanding, text)
    assert first.startswith("Kính gửi")
    assert second.endswith("Xin cảm ơn.")


def test_each_problem_has_its_own_place_or_else_the_ward_of_all(understanding: Understanding) -> None:
    text = (
        "Phường Khương Đình có hai việc:\n1. Rác ở đầu ngõ 120 Vũ Tông Phan ba ngày chưa ai thu gom.\n"
        "2. Đèn đường ở phường Định Công tắt cả tháng, tối không thấy gì."
    )
    first, second = read(understanding, text).problems
    assert [each.place.ward_named for each in (first, second)] == ["Phường Khương Đình", "Phường Định Công"]
    assert "Định Công" in text[slice(*(second.place.span or (0, 0)))]


def test_a_street_of_one_problem_is_not_lent_to_another(understanding: Understanding) -> None:
    text = (
        "1. Rác ở 120 đường Vũ Tông Phan, phường Khương Đình ba ngày chưa ai thu gom.\n"
        "2. Đèn đường hỏng cả tháng nay, tối không thấy gì."
    )
    first, second = read(understanding, text).problems
    assert "Vũ Tông Phan" in (first.place.street or "")
    assert second.place.street is None
    assert second.place.ward == first.place.ward


def test_the_same_trouble_in_two_wards_is_two_problems(understanding: Understanding) -> None:
    text = "1. Rác chất đống ở chợ phường Khương Đình.\n2. Rác chất đống ở chợ phường Định Công."
    assert [domain for domain, _ in spans(understanding, text)] == ["waste", "waste"]
    assert not spans(understanding, text.replace("Định Công", "Khương Đình"))


def test_there_are_at_most_five(understanding: Understanding) -> None:
    matters = [
        "Rác ba ngày chưa ai thu gom",
        "Đèn đường tắt cả tháng",
        "Quán karaoke hát đến nửa đêm",
        "Mất điện mỗi tối mấy tiếng liền",
        "Nước máy đục ngầu mấy hôm nay",
        "Cây xanh mục gốc sắp đổ",
        "Mặt đường đầy ổ gà sâu",
    ]
    text = "\n".join(f"{number}. {matter}" for number, matter in enumerate(matters, start=1))
    found = read(understanding, text).problems
    assert len(found) == MOST_PROBLEMS
    assert found[-1].end == len(text)
    assert [each.more for each in found] == [0, 0, 0, 0, 2]


@pytest.mark.parametrize(
    ("text", "domains"),
    [
        (
            "Rác đầy ngõ 5. Ngoài ra đèn đường hỏng ba hôm nay ở ngõ 7. "
            "Còn quán karaoke số 5 hát đến 1h sáng.",
            ["waste", "lighting", "noise"],
        ),
        (
            "Rác chất đống ở phường Khương Đình; đèn đường hỏng ở phường Thanh Xuân; "
            "ngập nước ở phường Hoàng Mai",
            ["waste", "lighting", "drainage"],
        ),
        (
            "Ngõ 12: rác chất đống, đèn hỏng, cống tắc, chó thả rông",
            ["waste", "lighting", "drainage", "other"],
        ),
        ("Vừa mất điện vừa mất nước", ["electricity", "water_supply"]),
    ],
)
def test_three_joined_by_phrases_and_mere_enumerations(
    understanding: Understanding, text: str, domains: list[str]
) -> None:
    assert [domain for domain, _ in spans(understanding, text)] == domains


@pytest.mark.parametrize(
    "text",
    [
        "Rác bốc mùi hôi thối, rác chất đống, ruồi nhặng bay đầy",
        "Công trường vừa ồn ào suốt đêm vừa bụi mù mịt",
        "Mất nước ba ngày rồi. Còn tôi phải đi mua từng can nước về nấu cơm.",
        "Mất nước ba ngày rồi. Con nhỏ khóc cả đêm vì không được tắm.",
    ],
)
def test_what_only_looks_like_an_enumeration_is_one_matter(understanding: Understanding, text: str) -> None:
    assert spans(understanding, text) == []


def test_an_enumeration_shares_the_address_at_its_head(understanding: Understanding) -> None:
    text = "Ngõ 12 đường Vũ Tông Phan, phường Khương Đình: rác chất đống, đèn hỏng, cống tắc"
    found = read(understanding, text).problems
    assert {each.place.ward and each.place.ward.name for each in found} == {"Phường Khương Đình"}
    assert all("Vũ Tông Phan" in (each.place.street or "") for each in found)


def test_an_emergency_is_a_problem_of_its_own(understanding: Understanding) -> None:
    text = "Cháy to ở ngõ 5 phường Khương Đình có người kẹt! Ngoài ra rác đầy ngõ"
    first, second = read(understanding, text).problems
    assert (first.kind, second.kind, second.domain) == ("emergency", "feedback", "waste")
    assert first.domain != "waste"


def test_a_reading_with_problems_survives_json(understanding: Understanding) -> None:
    reading = read(understanding, TWO)
    assert Reading.from_dict(json.loads(json.dumps(reading.as_dict()))) == reading
    old = reading.as_dict()
    del old["problems"]
    assert Reading.from_dict(old).problems == ()


def test_problems_are_told_with_span_domain_and_place(understanding: Understanding) -> None:
    told = read(understanding, TWO).as_dict()["problems"]
    assert isinstance(told, list)
    assert {"span", "domain", "confidence", "kind", "ward", "ward_code", "street"} <= set(told[0])


# ── structure ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("text", "turning"),
    [
        ("Việc này. Ngoài ra còn việc kia", Turning.PHRASE),
        ("viec nay\nngoai ra con viec kia", Turning.PHRASE),
        ("Việc này. Rác thì năm ngày mới gom", Turning.SENTENCE),
        ("Việc này\n\nViệc kia", Turning.PARAGRAPH),
        ("1. Việc này\n2. Việc kia", Turning.LIST),
        ("gồm: 1/ việc này; 2/ việc kia", Turning.LIST),
        ("Thứ nhất, việc này. Thứ hai, việc kia", Turning.LIST),
        ("- việc này\n- việc kia", Turning.LIST),
    ],
)
def test_a_turn_is_seen(text: str, turning: Turning) -> None:
    assert segments(text)[-1].turning == turning


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Thứ hai tuần trước mất nước. Thứ ba lại mất",
        "Ở P. Khương Đình, Q. Thanh Xuân",
        "Ngày 3/9 tôi nộp hồ sơ. Đến nay chưa có",
        "Nhà tôi ở tổ 2. Tôi muốn hỏi việc này",
        "Nhà nào cũng phải ngắt điện. Ai cũng lo",
    ],
)
def test_no_turn_is_seen(text: str) -> None:
    assert len(segments(text)) == 1


def test_wishes_after_a_list_sign_go_on_about_the_same() -> None:
    text = "Rác nhiều quá. Tôi đề nghị:\n1. Dọn sạch trong tuần\n2. Xử phạt người đổ"
    assert [segment.goes_on for segment in segments(text)[1:]] == [True, True]


def test_a_text_without_a_turn_is_not_read_again() -> None:
    def never(span: str) -> SpanReading:
        raise AssertionError(span)

    text = "Rác ở đầu ngõ ba ngày chưa ai thu gom, hôi lắm. Mong dọn giúp."
    place = read_place(text, province=None)
    assert find_problems(text, place=place, read_span=never, read_place=lambda _: place) == ()


@pytest.mark.parametrize(
    "text", ["1. " * 7_000, "\n\n" * 10_000, "ngoài ra " * 2_500, "- a\n" * 5_000, ", còn " * 3_000]
)
def test_odd_texts_are_cut_into_few(text: str) -> None:
    parts = segments(text)
    assert len(parts) <= 17
    assert (parts[0].start, parts[-1].end) == (0, len(text))


def test_whatever_is_typed_the_spans_cover_the_text_once(understanding: Understanding) -> None:
    random = Random(9)
    messages = [message.text for message in labelled()]
    odd = [
        "\n",
        "\n\n",
        "1. ",
        "- ",
        "\u0301",
        "\u200b",
        "İ",
        "ﬁ",
        "각",
        "👪",
        "ngoài ra",
        " thì ",
        ":",
        "; ",
        "\x00",
    ]
    for _ in range(400):
        text = random.choice(messages) + random.choice(messages)
        for _ in range(random.randrange(12)):
            at = random.randrange(len(text))
            text = text[:at] + random.choice(odd) + text[at + random.randrange(3) :]
        found = read(understanding, text).problems
        edges = [each.start for each in found] + [len(text)] if found else []
        assert edges == sorted(set(edges))
        assert [each.end for each in found] == edges[1:]
        assert len(found) != 1
        assert all(each.end - each.start > 0 for each in found)
