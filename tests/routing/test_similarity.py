"""Two reports of one incident are told from two incidents, by pairs written for the purpose."""

from dataclasses import replace
from pathlib import Path

import pytest

from routing.place import read_place
from routing.similarity import (
    DAYS,
    THRESHOLD,
    Report,
    cell_of,
    cells_around,
    domains_alike,
    likeness,
    metres_between,
    most_alike,
    stored_words,
)

PAIRS = Path(__file__).parent / "duplicate_pairs.txt"


def pairs() -> list[tuple[bool, Report, Report]]:
    """Return the written pairs: whether both tell of one incident, and both reports."""
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    blocks = "\n".join(line for line in lines if not line.startswith("#")).strip().split("\n\n")
    found = []
    for block in blocks:
        label, one, other = block.splitlines()
        found.append((label.startswith("same "), report(one), report(other)))
    return found


def report(text: str, **more: float) -> Report:
    street = read_place(text, province="Hà Nội").street or ""
    return Report(words=stored_words(text), street=street, **more)  # type: ignore[arg-type]


def test_most_pairs_of_one_incident_are_found_and_few_others() -> None:
    found = [(same, likeness(one, other) >= THRESHOLD) for same, one, other in pairs()]
    offered = [same for same, alike in found if alike]
    precision = sum(offered) / len(offered)
    recall = sum(offered) / sum(same for same, _ in found)
    assert len(found) == 80
    assert (precision >= 0.9, recall >= 0.6) == (True, True)


def test_the_right_report_is_found_among_those_of_other_incidents() -> None:
    same = [(one, other) for is_same, one, other in pairs() if is_same]
    known = [other for _, other in same]
    found = [most_alike(one, known) for one, _ in same]
    right = sum(match is not None and match.position == place for place, match in enumerate(found))
    wrong = sum(match is not None and match.position != place for place, match in enumerate(found))
    assert right >= 0.6 * len(same)
    assert wrong <= 0.1 * (right + wrong)


@pytest.mark.parametrize("threshold", [0.2, THRESHOLD, 0.5])
def test_what_is_left_out_at_a_glance_could_not_have_been_the_answer(threshold: float) -> None:
    reports = [each for _, one, other in pairs() for each in (one, other)]
    placed = [replace(each, latitude=21.0, longitude=105.8, street="Giải Phóng") for each in reports[::3]]
    for one in (*reports, *placed):
        others = [each for each in (*reports, *placed) if each is not one]
        best = max((likeness(one, each) for each in others), default=0.0)
        found = most_alike(one, others, threshold=threshold)
        assert (found.likeness if found else None) == (best if best >= threshold else None)


def test_a_report_is_like_itself_typed_without_accents() -> None:
    one = report("Rác chất đống trước ngõ 12 Vũ Tông Phan cả tuần nay")
    assert likeness(one, report("rac chat dong truoc ngo 12 vu tong phan ca tuan nay")) > 0.9


def test_another_alley_is_another_incident_and_a_shared_one_counts() -> None:
    here = report("Đèn đường ngõ 68 Cầu Giấy không sáng")
    assert likeness(here, report("Ngõ 175 Cầu Giấy đèn đường tắt")) < THRESHOLD
    assert likeness(here, report("Ngõ 68 Cầu Giấy đèn đường tắt")) > THRESHOLD


def test_the_name_of_the_ward_tells_nothing() -> None:
    one = Report(words=stored_words("Rác ở phường Khương Đình"), ward="Phường Khương Đình")
    other = Report(words=stored_words("Ngập ở phường Khương Đình"), ward="Phường Khương Đình")
    assert likeness(one, other) < 0.1


def test_what_is_near_is_more_alike_and_what_is_far_less() -> None:
    text = "Cây đổ chắn hết lối đi"
    here = report(text, latitude=21.0, longitude=105.8)
    near = likeness(here, report(text, latitude=21.0005, longitude=105.8))
    far = likeness(here, report(text, latitude=21.02, longitude=105.8))
    assert near > likeness(here, report(text)) > far


@pytest.mark.parametrize("words", ["", "12 34", "\u200b"])
def test_a_text_without_words_is_like_nothing(words: str) -> None:
    empty = Report(words=stored_words(words))
    assert likeness(empty, empty) == 0
    assert most_alike(empty, [empty]) is None
    assert most_alike(empty, []) is None


def test_a_huge_text_is_kept_short() -> None:
    assert len(stored_words(" ".join(f"từ{chr(97 + n % 26)}" for n in range(20_000)))) < 5_000


def test_squares_hold_everything_within_300_metres() -> None:
    for latitude in (8.6, 16.0, 23.3):
        middle = Report(words="", latitude=latitude, longitude=105.0)
        for north, east in ((1, 0), (-1, 0), (0, 1), (0, -1), (0.7, 0.7), (-0.7, -0.7)):
            there = Report(
                words="", latitude=latitude + north * 300 / 111_320, longitude=105.0 + east * 300 / 111_320
            )
            metres = metres_between(middle, there)
            assert metres is not None
            assert metres <= 301
            assert cell_of(there.latitude, there.longitude) in cells_around(latitude, 105.0)
    assert cells_around(None, 105.0) == ()


def test_neighbouring_domains_are_neighbours_both_ways_and_private_ones_have_none() -> None:
    assert "drainage" in domains_alike("roads")
    assert "roads" in domains_alike("drainage")
    assert domains_alike("conduct") == domains_alike("public_service") == ()
    assert domains_alike("a domain of the city's own") == ("a domain of the city's own",)
    assert DAYS == 30
