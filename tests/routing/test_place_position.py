"""Which ward a position lies in, without polygons."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.place import wards_at
from routing.places.gazetteer import SHARES_FILE, gazetteer
from routing.places.shares import estimate_shares


def test_a_position_in_the_city_gives_wards_with_honest_shares() -> None:
    found = wards_at(20.9885, 105.8105, province="ha-noi")
    assert found[0][0].name == "Phường Khương Đình"
    shares = [share for _, share in found]
    assert shares == sorted(shares, reverse=True)
    assert 0.97 <= sum(shares) <= 1.0001
    assert all(ward.province == "ha-noi" for ward, _ in found)


def test_the_middle_of_a_city_is_known_without_a_province() -> None:
    assert wards_at(10.7769, 106.7009, province=None)[0][0].province == "ho-chi-minh"


@pytest.mark.parametrize(
    ("latitude", "longitude"),
    [(48.85, 2.35), (18.5, 107.5), (0.0, 0.0), (13.0, 112.0), (13.75, 100.5), (22.54, 114.06)],
    ids=["Paris", "gulf", "null island", "sea", "Bangkok", "Shenzhen"],
)
def test_outside_viet_nam_there_is_no_ward(latitude: float, longitude: float) -> None:
    assert wards_at(latitude, longitude, province=None) == ()


def test_another_province_is_outside() -> None:
    assert wards_at(10.7769, 106.7009, province="ha-noi") == ()


@given(st.floats(allow_nan=True), st.floats(allow_nan=True), st.sampled_from([None, "ha-noi", "nowhere"]))
def test_any_numbers_are_answered(latitude: float, longitude: float, province: str | None) -> None:
    assert all(0 < share <= 1 for _, share in wards_at(latitude, longitude, province=province))


@given(st.floats(8, 23.6), st.floats(102, 110))
def test_shares_never_exceed_one(latitude: float, longitude: float) -> None:
    assert sum(share for _, share in wards_at(latitude, longitude, province=None)) <= 1.0001


def test_the_shares_of_divided_wards_are_those_that_the_estimate_gives() -> None:
    places = gazetteer()
    for index in list(places.shares)[::150]:
        assert estimate_shares(index) == pytest.approx(places.shares[index], abs=0.001)


def test_every_share_belongs_to_a_divided_ward_of_the_data() -> None:
    places = gazetteer()
    rows = json.loads(SHARES_FILE.read_text(encoding="utf-8"))["wards"]
    assert len(rows) > 400
    for index, name, shares in rows:
        assert places.former[index].name == name
        assert len(shares) == len(places.successors[index])
        assert sum(shares) == pytest.approx(1, abs=0.01)
