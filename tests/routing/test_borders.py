"""Which ward a position lies in by imported borders, and what a file of borders must be like."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routing.place import Borders, BrokenBorders, read_border_file, wards_of
from routing.places.borders import OUTLINE_EDGE
from routing.places.polyline import decode_ring, encode_ring

REAL_FILE = Path(__file__).parents[3] / "shared" / "data" / "wards_ha_noi.geojson"
WEST, EAST = [105.80, 20.98], [105.82, 20.98]
"""South-west corners of two squares of 0.02 degrees that touch: Khương Đình, and Phương Liệt east of it."""


def square(corner: list[float], side: float = 0.02) -> list[list[float]]:
    x, y = corner
    return [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]


def feature(corner: list[float] = WEST, **properties: Any) -> dict[str, Any]:
    geometry = {"type": "Polygon", "coordinates": [square(corner)]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": list(features)}


TWO = collection(feature(WEST, name="Phường Khương Đình"), feature(EAST, ten_xa="Phường Phương Liệt"))


def borders(document: dict[str, Any]) -> Borders:
    stored = read_border_file(document, province="ha-noi").as_dict()
    return Borders.from_dict(json.loads(json.dumps(stored)))


def names(found: Borders, latitude: float, longitude: float) -> list[str]:
    return [ward.name for ward in found.wards_at(latitude, longitude)]


def problems(*features: Any) -> list[str]:
    with pytest.raises(BrokenBorders) as broken:
        read_border_file(collection(*features), province="ha-noi")
    return list(broken.value.problems)


def test_a_position_well_inside_has_one_ward() -> None:
    assert names(borders(TWO), 20.99, 105.81) == ["Phường Khương Đình"]


def test_near_the_common_border_both_wards_are_possible_the_right_one_first() -> None:
    thirty_metres = 0.00029
    assert names(borders(TWO), 20.99, 105.82 - thirty_metres) == ["Phường Khương Đình", "Phường Phương Liệt"]
    assert names(borders(TWO), 20.99, 105.82 + thirty_metres) == ["Phường Phương Liệt", "Phường Khương Đình"]
    assert names(borders(TWO), 20.99, 105.82 - 2 * thirty_metres) == ["Phường Khương Đình"]


def test_far_from_all_borders_there_is_no_ward() -> None:
    assert names(borders(TWO), 21.1, 105.81) == []
    assert names(borders(TWO), 48.85, 2.35) == []
    assert names(borders(TWO), float("nan"), 105.81) == []


def test_a_hole_belongs_to_the_ward_inside_it() -> None:
    inner = square([105.808, 20.988], 0.004)
    around = feature(name="Phường Khương Đình")
    around["geometry"]["coordinates"].append(inner)
    within = feature(name="Phường Phương Liệt")
    within["geometry"] = {"type": "MultiPolygon", "coordinates": [[inner]]}
    assert names(borders(collection(around, within)), 20.99, 105.81) == ["Phường Phương Liệt"]


@pytest.mark.parametrize(
    "properties",
    [
        {"name": "Phường Khương Đình"},
        {"ten_xa": "Khương Đình", "loai": "Phường"},
        {"TEN_XA": "khuong dinh", "province": "TP Hà Nội"},
        {"ma_xa": "00364"},
        {"code": 364},
        {"Ward Code": "00364", "tinh": "Hà Nội"},
        {"name": "Phường Khương Đình", "code": "00001"},
    ],
)
def test_a_ward_is_known_by_the_usual_properties(properties: dict[str, Any]) -> None:
    assert list(read_border_file(collection(feature(**properties)), province="ha-noi").polygons) == ["00364"]


def test_wards_of_other_provinces_are_left_out_and_counted() -> None:
    elsewhere = feature(name="Phường Bến Thành", province="Hồ Chí Minh")
    found = read_border_file(collection(elsewhere, *TWO["features"]), province="ha-noi")
    assert (len(found.polygons), found.elsewhere) == (2, 1)
    with pytest.raises(BrokenBorders, match="no feature is a ward of the city"):
        read_border_file(collection(elsewhere), province="ha-noi")


def test_every_bad_feature_is_named_by_its_number_and_its_reason() -> None:
    line = feature(name="Phường Láng") | {"geometry": {"type": "LineString", "coordinates": []}}
    metres = feature([586000.0, 2321000.0], name="Phường Láng")
    swapped = feature([20.98, 105.80], name="Phường Láng")
    open_ring = feature(name="Phường Láng")
    open_ring["geometry"]["coordinates"][0].pop()
    assert problems(
        feature(name="Phường Khương Đình"),
        feature(name="Phường Xyzt"),
        feature(population=3),
        feature(name="Khương Đình"),
        line,
        metres,
        swapped,
        open_ring,
        feature(name="Phường Láng", province="Atlantis"),
        feature(code="99999"),
        "feature",
    ) == [
        "feature 2: no ward of the city is called 'Phường Xyzt'",
        "feature 3: neither a ward's name nor its code among its properties",
        "feature 4: Phường Khương Đình is already feature 1",
        "feature 5: its geometry is LineString, not a Polygon or MultiPolygon",
        "feature 6: the point 586000, 2.321e+06 is outside Viet Nam: degrees (EPSG:4326) are needed",
        "feature 7: the point 20.98, 105.8 is outside Viet Nam: longitude comes first",
        "feature 8: a ring is not closed",
        "feature 9: no province is called 'Atlantis'",
        "feature 10: no ward of the city has the code '99999'",
        "feature 11: no properties",
    ]


@pytest.mark.parametrize("document", [None, [], {}, {"features": []}, {"features": {}}, "text"])
def test_what_is_no_collection_is_refused(document: Any) -> None:
    with pytest.raises(BrokenBorders, match="not a GeoJSON FeatureCollection"):
        read_border_file(document, province="ha-noi")


def test_a_border_that_crosses_itself_is_named() -> None:
    bow = feature(name="Phường Khương Đình")
    bow["geometry"]["coordinates"] = [
        [[105.80, 20.98], [105.82, 21.00], [105.82, 20.98], [105.80, 21.00], [105.80, 20.98]]
    ]
    lopsided = feature(name="Phường Phương Liệt")
    lopsided["geometry"]["coordinates"] = [
        [[105.80, 20.98], [105.82, 21.00], [105.82, 20.98], [105.80, 20.985], [105.80, 20.98]]
    ]
    found = problems(bow, lopsided)
    assert found[0] == "feature 1: its border crosses itself: self-intersection at 105.81 20.99"
    assert found[1].startswith("feature 2: its border crosses itself: self-intersection at 105.80")


def test_a_knot_of_a_few_metres_is_undone() -> None:
    knotted = feature(name="Phường Khương Đình")
    knot = [[105.81, 20.98], [105.8101, 20.9801], [105.8101, 20.9799], [105.81, 20.9801]]
    ring = square(WEST)
    knotted["geometry"]["coordinates"] = [[ring[0], *knot, *ring[1:]]]
    assert names(borders(collection(knotted)), 20.99, 105.803) == ["Phường Khương Đình"]


def test_a_polygon_without_an_area_is_refused() -> None:
    flat = feature(name="Phường Khương Đình")
    flat["geometry"]["coordinates"] = [[[105.8, 21.0], [105.81, 21.0], [105.82, 21.0], [105.8, 21.0]]]
    assert problems(flat) == ["feature 1: a polygon has no area"]


@given(st.lists(st.tuples(st.floats(102, 118), st.floats(6, 23.6)), min_size=1, max_size=30))
def test_a_ring_comes_back_to_the_metre(ring: list[tuple[float, float]]) -> None:
    back = decode_ring(encode_ring(ring))
    assert len(back) == len(ring)
    assert all(
        abs(a - b) <= 0.51e-5
        for one, other in zip(ring, back, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_a_city_without_borders_never_loads_the_geometry_library() -> None:
    code = (
        "import sys, handlers.places, routing.place, routing.organisation;"
        "routing.place.wards_at(21.0, 105.8, province='ha-noi'); assert 'shapely' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


@pytest.mark.skipif(not REAL_FILE.exists(), reason="the file of real borders is not here")
def test_the_real_file_holds_every_ward_of_the_city() -> None:
    document = json.loads(REAL_FILE.read_text(encoding="utf-8"))
    found = read_border_file(document, province="ha-noi")
    assert set(found.polygons) == {ward.code for ward in wards_of("ha-noi")}
    asked = Borders.from_dict(found.as_dict())
    assert names(asked, 20.9885, 105.8105) == ["Phường Khương Đình"]


def test_outlines_for_drawing_lie_on_one_grid_with_north_on_top_and_neighbours_touching() -> None:
    outlines = borders(TWO).outlines
    (west,), (east,) = sorted(outlines.values())
    corners = [set(zip(ring[::2], ring[1::2], strict=True)) for ring in (west, east)]
    assert min(x for x, _ in corners[0]) == 0
    assert max(x for x, _ in corners[1]) == OUTLINE_EDGE
    assert min(y for _, y in corners[0]) == 0
    assert len(corners[0] & corners[1]) == 2


def test_what_is_smaller_than_a_step_of_the_grid_has_no_outline() -> None:
    far = feature([106.5, 21.5], name="Phường Khương Đình")
    outlines = borders(collection(far, feature(EAST, name="Phường Phương Liệt"))).outlines
    assert all(outlines.values())
    tiny = {"type": "Polygon", "coordinates": [square([105.0, 20.0], side=0.0002)]}
    small = {"type": "Feature", "properties": {"name": "Phường Láng"}, "geometry": tiny}
    assert [len(rings) for rings in borders(collection(far, small)).outlines.values()].count(0) == 1
