"""Units named in a sentence: the names are worked out once, and a text is compared only so often."""

from dataclasses import replace
from datetime import date
from functools import cache

import pytest

from routing import unit_mentions
from routing.organisation import City, build_city
from routing.unit_mentions import MOST_SLIPS, find_units, nearest_units

WARD = "phuong-khuong-dinh"


@cache
def hanoi() -> City:
    return build_city("Hà Nội")


def codes(text: str, city: City) -> list[tuple[str, ...]]:
    """Return what each mention of a text means."""
    return [mention.units for mention in find_units(text, city)]


def test_names_are_worked_out_once_for_a_tree(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[City] = []
    collected = unit_mentions._collected

    def counted(city: City) -> unit_mentions._Names:
        asked.append(city)
        return collected(city)

    monkeypatch.setattr(unit_mentions, "_collected", counted)
    day = date(2031, 1, 1)
    for _ in range(5):
        assert codes("giao P. Khương Đình xử lý", hanoi().on(day)) == [(WARD,)]
    assert len(asked) == 1


def test_a_tree_that_has_changed_has_its_new_names() -> None:
    city = hanoi()
    assert codes("giao phường Sông Mới xử lý", city) == [()]
    renamed = replace(city.units[WARD], name="Phường Sông Mới")
    changed = replace(city, units={**city.units, WARD: renamed})
    assert codes("giao phường Sông Mới xử lý", changed) == [(WARD,)]
    assert codes("giao phường Sông Mới xử lý", city) == [()]


def test_names_of_many_trees_are_not_kept() -> None:
    for number in range(20):
        find_units(
            "phường Khương Đình", replace(hanoi(), units=dict(hanoi().units), day=date(2032, 1, 1 + number))
        )
    assert len(unit_mentions._kept) <= 4


def test_a_long_text_is_compared_only_so_often(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[str] = []
    closest = unit_mentions._closest

    def counted(typed: str, names: dict[str, tuple[str, ...]]) -> tuple[str, float, int] | None:
        compared.extend([typed] * bool(names))
        return closest(typed, names)

    monkeypatch.setattr(unit_mentions, "_closest", counted)
    found = find_units("phường Abx Dyz xử lý " * 60, hanoi())
    assert [mention.units for mention in found] == [()] * 60
    assert len(compared) <= 5 * MOST_SLIPS


def test_a_slip_is_still_read() -> None:
    assert codes("giao phường Khưong Đinh và phường Bồ Dề xử lý", hanoi()) == [(WARD,), ("phuong-bo-de",)]


def test_a_former_district_is_no_unit_but_its_wards_are_known() -> None:
    text = "giao quận Thanh Xuân xử lý"
    assert codes(text, hanoi()) == [()]
    assert nearest_units("quận Thanh Xuân", hanoi())[0] == "phuong-thanh-xuan"


def test_a_name_that_only_begins_like_a_units_is_none() -> None:
    for name in ("phường Thanh Xuân Nam", "phường thanh xuân nam", "phuong thanh xuan nam"):
        assert codes(f"giao {name} xử lý", hanoi()) == [()], name
