"""What pictures of figures show: worst first, the rest summed up, and nothing that JSON cannot carry."""

import json
from dataclasses import replace
from typing import Any

import pytest

from handlers import charts
from routing.organisation import City, build_city
from routing.place import Borders, read_border_file


@pytest.fixture(scope="module")
def city() -> City:
    return build_city("ha-noi")


def carried(spec: charts.Spec | None) -> Any:
    """Return a specification as it comes out of the outbox."""
    assert spec is not None
    assert json.loads(json.dumps(spec)) == spec
    return spec


def names(spec: Any) -> list[str]:
    return [row["name"] for row in spec["rows"]]


def test_bars_stand_worst_first_and_leave_out_what_nobody_has() -> None:
    rows = [
        ("Phường Láng", {"overdue": 1, "late": 9, "on_time": 30, "median_hours": 4.2}),
        ("Phường Bồ Đề", {"overdue": 3, "late": 0, "on_time": 2, "median_hours": None}),
        ("Sở Xây dựng", {"overdue": 0, "late": 0, "on_time": 0}),
    ]
    spec = carried(charts.bars_by_unit("Bồ Đề quá hạn nhiều nhất", rows))
    assert names(spec) == ["P. Bồ Đề", "P. Láng"]
    assert [each["part"] for each in spec["parts"]] == ["overdue", "late", "on_time"]
    assert spec["rows"][1]["numbers"] == [1, 9, 30]


def test_rows_that_were_ranked_by_another_measure_keep_their_order() -> None:
    rows = [("Phường Láng", {"late": 1, "on_time": 0}), ("Phường Bồ Đề", {"late": 5, "on_time": 30})]
    assert names(charts.bars_by_unit("Láng đúng hạn 0%", rows, in_order=True)) == ["P. Láng", "P. Bồ Đề"]


def test_only_the_parts_asked_for_are_shown() -> None:
    rows = [("Phường Láng", {"overdue": 1, "late": 9, "on_time": 30})]
    spec = carried(charts.bars_by_unit("Đúng hạn và trễ", rows, parts=charts.ANSWERED))
    assert [each["part"] for each in spec["parts"]] == ["late", "on_time"]


def test_what_is_not_shown_of_a_whole_province_is_summed_up_in_one_row() -> None:
    rows = [(f"Phường {number}", {"overdue": number, "on_time": 2}) for number in range(1, 151)]
    spec = carried(charts.bars_by_unit("Quá hạn", rows, limit=30))
    assert names(spec)[:2] == ["P. 150", "P. 149"]
    assert spec["rows"][-1] == {
        "name": "120 đơn vị còn lại",
        "numbers": [sum(range(1, 121)), 240],
        "rest": True,
    }
    assert len(spec["rows"]) == 31


def test_a_rest_of_one_is_shown_itself() -> None:
    spec = charts.bars_by_unit("Quá hạn", [(f"P{n:02}", {"overdue": 1}) for n in range(21)], limit=20)
    assert names(spec)[-1] == "P20"


def test_no_more_rows_are_shown_than_a_phone_can_bear() -> None:
    assert len(charts.ranking("", [(str(n), float(n)) for n in range(150)], limit=1000)["rows"]) == 31


def test_a_ranking_stands_in_the_order_asked_for_and_missing_numbers_last() -> None:
    rows = [("Phường Láng", 91.5), ("Phường Bồ Đề", None), ("Sở Xây dựng", 40)]
    spec = carried(charts.ranking("Đúng hạn", rows, unit="%", order="asc", marked=["Sở Xây dựng"]))
    assert names(spec) == ["Sở Xây dựng", "P. Láng", "P. Bồ Đề"]
    assert [row["number"] for row in spec["rows"]] == [40.0, 91.5, None]
    assert spec["rows"][0]["marked"]
    assert names(charts.ranking("", rows)) == ["P. Láng", "Sở Xây dựng", "P. Bồ Đề"]


def test_a_trend_keeps_gaps_and_lays_the_period_before_under_it() -> None:
    spec = carried(charts.trend("Tăng", [("T9", 4), ("T10", None)], before=[("T7", 1), ("T8", 2), ("T9", 3)]))
    assert spec["points"] == [{"label": "T9", "number": 4}, {"label": "T10", "number": None}]
    assert spec["before"] == [1, 2]


def test_a_heat_table_puts_the_worst_row_and_column_first_and_leaves_out_empty_ones() -> None:
    cells: dict[tuple[str, str], float | None] = {
        ("Phường Láng", "Tiếng ồn"): 2,
        ("Phường Bồ Đề", "Rác thải, vệ sinh môi trường"): 7,
        ("Phường Bồ Đề", "Tiếng ồn"): None,
    }
    spec = carried(
        charts.heat(
            "Rác ở Bồ Đề",
            ["Phường Láng", "Phường Bồ Đề", "Phường Ba Đình"],
            ["Tiếng ồn", "Rác thải, vệ sinh môi trường", "Điện"],
            cells,
        )
    )
    assert spec["columns"] == ["Rác thải", "Tiếng ồn"]
    assert spec["rows"] == [
        {"name": "P. Bồ Đề", "numbers": [7, None]},
        {"name": "P. Láng", "numbers": [None, 2]},
    ]


def test_there_is_no_map_without_borders(city: City) -> None:
    assert charts.ward_map("Quá hạn", {}, city=city) is None


def test_a_map_shows_wards_with_borders_worst_first(city: City) -> None:
    ring = [[105.8, 20.98], [105.82, 20.98], [105.82, 21.0], [105.8, 21.0], [105.8, 20.98]]
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {"type": "Polygon", "coordinates": [[[x + step, y] for x, y in ring]]},
        }
        for name, step in (("Phường Khương Đình", 0.0), ("Phường Phương Liệt", 0.02))
    ]
    stored = read_border_file(
        {"type": "FeatureCollection", "features": features}, province="ha-noi"
    ).as_dict()
    with_borders = replace(city, borders=Borders.from_dict(stored))
    spec = carried(charts.ward_map("Quá hạn", {"phuong-phuong-liet": 5}, city=with_borders))
    assert [(ward["name"], ward["number"]) for ward in spec["wards"]] == [
        ("P. Phương Liệt", 5),
        ("P. Khương Đình", None),
    ]
    assert all(len(ring) >= 8 for ward in spec["wards"] for ring in ward["rings"])
