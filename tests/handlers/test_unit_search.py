"""Finding the unit that an official means."""

from dataclasses import replace
from datetime import date, datetime

import pytest

from handlers import unit_search
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city
from storage.cases import Case

NOW = datetime(2026, 11, 23, 9, tzinfo=LOCAL_TIME)


@pytest.fixture(scope="module")
def city() -> City:
    return build_city("Hà Nội")


def a_case(*, domain: str = "waste", unit_code: str | None = "so-y-te", ward_code: str | None = None) -> Case:
    return Case(
        id=1,
        code="HN-2222-2222",
        kind="feedback",
        domain=domain,
        status="assigned",
        text="Rác",
        reporter_id=1,
        channel="web",
        chat="an",
        consent_at=NOW,
        consent_text="",
        received_at=NOW,
        unit_code=unit_code,
        ward_code=ward_code,
    )


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("Sở Xây dựng", "Sở Xây dựng"),
        ("so xay dung", "Sở Xây dựng"),
        ("xây dựng", "Sở Xây dựng"),
        ("sở xây dưng", "Sở Xây dựng"),
        ("Phường Khương Đình", "Phường Khương Đình"),
        ("khuong dinh", "Phường Khương Đình"),
        ("bảo hiểm xã hội", "Bảo hiểm xã hội"),
    ],
)
def test_a_typed_name_finds_its_unit_first(city: City, typed: str, name: str) -> None:
    assert unit_search.by_name(city, a_case(), typed, NOW)[0].name == name


@pytest.mark.parametrize("typed", ["", "   ", "...", "qwrtz xyz"])
def test_nonsense_finds_nothing(city: City, typed: str) -> None:
    assert unit_search.by_name(city, a_case(), typed, NOW) == []


def test_the_place_and_the_rules_come_first_and_the_present_unit_not_at_all(city: City) -> None:
    ward = city.units["phuong-khuong-dinh"]
    likely = unit_search.likely(city, a_case(ward_code=ward.ward_code), NOW)
    assert likely[0] == ward
    assert "so-y-te" not in {unit.code for unit in likely}
    assert len(likely) == unit_search.MOST


def test_a_unit_that_no_longer_exists_is_not_offered(city: City) -> None:
    gone = replace(city.units["so-xay-dung"], valid_to=date(2026, 11, 22))
    changed = replace(city, units={**city.units, "so-xay-dung": gone})
    assert all(unit.code != gone.code for unit in unit_search.by_name(changed, a_case(), "Sở Xây dựng", NOW))
    assert gone not in unit_search.likely(changed, a_case(domain="traffic"), NOW)


def test_former_wards_are_told_apart_by_their_district() -> None:
    city = build_city("Hà Nội", tiers=3)
    ward = next(unit for unit in city.wards())
    district = city.district_of(ward.code)
    assert district is not None
    assert unit_search.label(city, ward) == f"{ward.name}, {district.name}"
    assert unit_search.label(city, district) == district.name
