"""What a leader's question about the figures is read as."""

import json
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.organisation import City, Domain, build_city
from routing.question import METRICS, Question, as_row, nearest, read_question
from routing.vietnamese import strip_accents
from routing.when import Period

TODAY = date(2026, 11, 25)  # a Wednesday
WRITTEN = Path(__file__).parent / "questions.jsonl"
HELD_OUT = Path(__file__).parent / "questions_held_out.jsonl"
TOLD_APART_BY_ACCENTS = {"bữa nay có nhiêu phản ánh rồi"}


@cache
def city(tiers: int = 2) -> City:
    return build_city("ha-noi", tiers=tiers)


def rows(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def read(text: str, *before: str, tiers: int = 2) -> Question:
    question: Question | None = None
    for each in (*before, text):
        question = read_question(each, city=city(tiers), today=TODAY, before=question)
    assert question is not None
    return question


def read_row(row: dict[str, Any], text: str) -> dict[str, Any]:
    before = row.get("before", [])
    earlier = [before] if isinstance(before, str) else before
    tiers = row.get("tiers", 2)
    found = as_row(read(text, *earlier, tiers=tiers), city(tiers))
    return found if row["expected"]["understood"] else {"understood": found["understood"]}


@pytest.mark.parametrize("row", [*rows(WRITTEN), *rows(HELD_OUT)], ids=lambda row: row["text"])
def test_questions_are_read_as_they_are_meant(row: dict[str, Any]) -> None:
    assert read_row(row, row["text"]) == row["expected"]


@pytest.mark.parametrize("row", [*rows(WRITTEN), *rows(HELD_OUT)], ids=lambda row: row["text"])
def test_accents_and_capitals_make_no_difference(row: dict[str, Any]) -> None:
    if row["text"] not in TOLD_APART_BY_ACCENTS:
        assert read_row(row, strip_accents(row["text"]).lower()) == row["expected"]


def test_there_are_enough_questions_half_of_them_without_accents() -> None:
    texts = [row["text"] for row in (*rows(WRITTEN), *rows(HELD_OUT))]
    assert len(set(texts)) >= 400
    assert sum(text.isascii() for text in texts) >= len(texts) // 2
    asked = {row["expected"].get("metric") for row in rows(WRITTEN)}
    assert asked >= set(METRICS)


@given(st.text(max_size=300))
def test_any_text_is_read_and_answered_with_questions_that_are_understood(text: str) -> None:
    read(text)
    assert all(read(each).understood for each in nearest(text, city=city()))


_WORDS = ("top nào", "nhất", "so với", "@u", "31/2", "tháng 13", "quý", "phường", "5", "bao nhiêu", "vụ trễ")


@given(st.lists(st.sampled_from(_WORDS)))
def test_words_of_questions_in_any_order_are_read(tokens: list[str]) -> None:
    text = " ".join(tokens)
    assert as_row(read(text, "tuần này phường nào trễ nhiều nhất"), city())["metric"] in (None, *METRICS)


def test_why_and_what_is_hot_are_told_apart() -> None:
    assert read("vì sao Sở Xây dựng tụt").about == "why"
    assert read("ý kiến nào đang nóng").about == "hot"
    assert read("còn Sở Y tế?", "vì sao Sở Xây dựng tụt") == replace(
        read("vì sao Sở Xây dựng tụt"), units=("so-y-te",)
    )


@pytest.mark.parametrize(
    ("text", "tiers", "level"),
    [
        ("phường nào trễ nhiều nhất", 3, "ward"),
        ("quận nào trễ nhiều nhất", 3, "district"),
        ("quận nào trễ nhiều nhất", 2, "ward"),
        ("sở nào trễ nhiều nhất", 2, "department"),
        ("đơn vị nào trễ nhiều nhất", 2, None),
    ],
)
def test_the_kind_of_unit_that_is_compared(text: str, tiers: int, level: str | None) -> None:
    assert read(text, tiers=tiers).level == level


def test_the_whole_city_is_named_and_takes_the_place_of_a_unit() -> None:
    asked = read("toàn thành phố thì sao", "phường Láng tháng này trễ bao nhiêu vụ")
    assert asked.units == ("ha-noi",)
    assert asked.period == Period(first=date(2026, 11, 1), last=date(2026, 11, 30))


def test_a_chain_of_questions_keeps_what_was_asked() -> None:
    asked = read(
        "còn phường Láng?", "tháng trước Bồ Đề xử lý rác mất bao lâu", "thế tháng này", "đèn đường thì sao"
    )
    assert asked.metric == "median_hours"
    assert asked.units == ("phuong-lang",)
    assert asked.domains == ("lighting",)
    assert asked.period == Period(first=date(2026, 11, 1), last=date(2026, 11, 30))


def test_a_question_that_stands_alone_takes_nothing_from_the_one_before() -> None:
    asked = read("hôm qua có bao nhiêu phản ánh", "phường Láng tháng này trễ bao nhiêu vụ về rác")
    assert (asked.units, asked.domains, asked.metric) == ((), (), "received")


def test_a_question_about_part_of_what_was_asked_keeps_whose_and_when() -> None:
    whole = "tháng này phường Láng nhận bao nhiêu phản ánh về rác"
    part = read("trong đó bao nhiêu vụ quá hạn", whole)
    assert part == replace(read(whole), metric="overdue")


def test_the_other_end_of_a_list_is_as_long() -> None:
    asked = read("còn nhanh nhất?", "top 3 sở chậm nhất quý này")
    assert (asked.order, asked.limit, asked.metric) == ("asc", 3, "median_hours")


@pytest.mark.parametrize("word", ["trùng lặp", "nghiêm trọng", "khẩn cấp", "ẩn danh", "qua zalo"])
def test_a_word_that_nobody_expected_is_a_doubt(word: str) -> None:
    assert read("tháng này có bao nhiêu phản ánh về rác").understood
    assert not read(f"tháng này có bao nhiêu phản ánh {word} về rác").understood


def test_what_is_no_question_is_not_mended_into_one() -> None:
    assert not read("ho so nay mo lai giup anh").understood


def test_people_of_a_ward_are_not_a_commune_of_their_name() -> None:
    assert read("bao nhiêu dân phường Láng gửi phản ánh").units == ("phuong-lang",)
    assert read("Đan Phượng trễ bao nhiêu vụ").units == ("xa-dan-phuong",)


def test_nothing_is_taken_from_what_was_not_understood() -> None:
    assert not read("còn phường Láng?", "xin chào").understood


def test_former_districts_stand_for_the_wards_of_today() -> None:
    asked = read("quận Hoàng Mai tháng này trễ bao nhiêu vụ")
    assert {"phuong-hoang-mai", "phuong-dinh-cong", "phuong-yen-so"} <= set(asked.units)


def test_a_former_ward_is_known_by_its_name() -> None:
    assert "phuong-khuong-dinh" in read("phường Khương Trung trễ bao nhiêu vụ").units


def test_a_name_that_several_wards_share_is_a_doubt_until_the_district_is_told() -> None:
    wards: dict[str, list[str]] = {}
    for unit in city(3).units.values():
        if unit.kind == "ward":
            wards.setdefault(unit.name, []).append(unit.code)
    name, codes = next((name, codes) for name, codes in wards.items() if len(codes) == 2)
    district = city(3).district_of(codes[0])
    assert district is not None
    assert not read(f"{name} trễ bao nhiêu vụ", tiers=3).understood
    assert read(f"{name}, {district.name} trễ bao nhiêu vụ", tiers=3).units == (codes[0],)


def test_every_unit_is_known_by_its_name() -> None:
    for unit in city().units.values():
        asked = read(f"Tháng này {unit.name} trễ bao nhiêu vụ?")
        assert asked.units == (unit.code,), unit.name


def test_a_domain_of_the_citys_own_is_known_by_its_keywords() -> None:
    own = Domain(id="drones", name="Máy bay không người lái", parent="noise", keywords=("flycam", "drone"))
    known = replace(city(), domains={**city().domains, "drones": own})
    asked = read_question("bao nhiêu phản ánh về flycam", city=known, today=TODAY)
    assert asked.domains == ("drones",)
