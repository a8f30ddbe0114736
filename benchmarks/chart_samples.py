"""Pictures with invented figures: those of `docs/charts.md`, and those at the edge of what can be drawn.

`python -m benchmarks.chart_samples FOLDER` draws the first ones, `--edges` the others.
"""

import argparse
import json
import random
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.drawing.painting import paint
from handlers import charts
from routing.organisation import City, build_city
from routing.place import Borders, read_border_file

DOMAINS = (
    "Rác thải, vệ sinh môi trường",
    "Tiếng ồn",
    "Đường sá, vỉa hè, cầu",
    "Trật tự đô thị",
    "Thoát nước, ngập",
    "Chiếu sáng công cộng",
    "Xây dựng",
    "Cây xanh, công viên",
    "Cấp nước",
    "Giao thông",
)

SLOW = {
    "Phường Văn Miếu – Quốc Tử Giám": 41.5,
    "Phường Láng": 38,
    "Phường Bồ Đề": 33.2,
    "Phường Hoàng Mai": 27,
    "Phường Từ Liêm": 26.4,
}


def invented(count: int, *, scale: int = 30, seed: int = 7) -> list[tuple[str, dict[str, int]]]:
    """Return rows of so many wards and departments, with figures from a seed."""
    chance = random.Random(seed)
    units = [unit.name for unit in city().units.values() if unit.kind in ("ward", "department")]
    chance.shuffle(units)
    return [(name, _counts(chance, scale)) for name in (units * 2)[:count]]


def _counts(chance: random.Random, scale: int) -> dict[str, int]:
    bad = chance.random() ** 2
    return {
        "overdue": int(bad * scale * 0.5 * chance.random()),
        "late": int(bad * scale * 0.8 * chance.random()),
        "late_with_extension": int(bad * scale * 0.3 * chance.random()),
        "at_risk": int(scale * 0.3 * chance.random()),
        "on_track": int(scale * 0.8 * chance.random()),
        "on_time": int(scale * (0.6 + chance.random())),
    }


def city() -> City:
    """Return a city without borders."""
    return build_city("ha-noi")


def chequered() -> City:
    """Return the city with invented borders: its wards as cells of a crooked board."""
    founded = build_city("ha-noi")
    chance = random.Random(3)
    corners = {
        (x, y): (
            105.3 + (x + chance.uniform(-0.3, 0.3)) * 0.05,
            20.6 + (y + chance.uniform(-0.3, 0.3)) * 0.06,
        )
        for x in range(13)
        for y in range(12)
    }
    cells = [(x, y) for y in range(11) for x in range(12) if (x - 5.5) ** 2 + (y - 5) ** 2 < 43]
    features = [
        {
            "type": "Feature",
            "properties": {"name": ward.name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [
                    [corners[x + dx, y + dy] for dx, dy in ((0, 0), (1, 0), (1, 1), (0, 1), (0, 0))]
                ],
            },
        }
        for ward, (x, y) in zip(founded.wards(), cells, strict=False)
    ]
    document = json.loads(json.dumps({"type": "FeatureCollection", "features": features}))
    borders = Borders.from_dict(read_border_file(document, province="ha-noi").as_dict())
    return replace(founded, borders=borders)


def samples() -> dict[str, charts.Spec]:
    """Return the pictures of the documentation by name."""
    chance = random.Random(11)
    rows, few = invented(20), invented(9, seed=2)
    weeks = [f"{day}" for day in ("7/9", "14/9", "21/9", "28/9", "5/10", "12/10", "19/10", "26/10")]
    now, before = [34, 29, 31, 40, 44, 52, 49, 63], [30, 33, 28, 35, 31, 36, 38, 33]
    wards = [name for name, _ in invented(14, seed=5) if not name.startswith("Sở")]
    cells: dict[tuple[str, str], float | None] = {
        (ward, domain): int(chance.random() ** 4 * 40) or None for ward in wards for domain in DOMAINS
    }
    board = chequered()
    overdue: dict[str, float | None] = {
        ward.code: int(chance.random() ** 5 * 40) for ward in board.wards() if chance.random() > 0.05
    }
    top = max(board.wards(), key=lambda ward: overdue.get(ward.code) or 0)
    drawn_map = charts.ward_map(
        f"{top.name} có nhiều việc quá hạn nhất", overdue, city=board, subtitle="Đang mở, đến 17:00 hôm nay"
    )
    assert drawn_map is not None
    return {
        "bars": charts.bars_by_unit(
            f"{_worst(rows)} còn nhiều việc quá hạn nhất",
            rows,
            subtitle="Tuần này, 23–29/11",
            parts=("overdue", "late", "late_with_extension", "on_time"),
        ),
        "bars_open": charts.bars_by_unit(
            f"{sum(row['overdue'] for _, row in few)} việc quá hạn, nhiều nhất ở {_worst(few)}",
            few,
            subtitle="Việc đang mở, đến 17:00 hôm nay",
            parts=charts.OPEN,
        ),
        "ranking": charts.ranking(
            "5 phường chậm nhất về đèn đường",
            list(SLOW.items()),
            unit="giờ",
            subtitle="Thời gian xử lý, nửa số việc xong trong, quý 3",
            average=14.5,
            tone="bad",
        ),
        "trend": charts.trend(
            "Rác thải tăng gần gấp đôi trong tháng 10",
            list(zip(weeks, now, strict=True)),
            before=[(week, number) for week, number in zip(weeks, before, strict=True)],
            subtitle="Phản ánh mỗi tuần, Phường Bồ Đề",
        ),
        "heat": charts.heat(
            "Việc quá hạn theo phường, xã và lĩnh vực",
            wards,
            DOMAINS,
            cells,
            subtitle="30 ngày qua",
        ),
        "map": drawn_map,
    }


def _worst(rows: list[tuple[str, dict[str, int]]]) -> str:
    """Return the name of the unit that the picture puts on top."""
    return max(sorted(rows), key=lambda row: [row[1][part] for part in ("overdue", "late")])[0]


def edges() -> dict[str, charts.Spec]:
    """Return pictures at the edge: nothing, one row, a whole province, huge numbers, no figures."""
    long = "Phường Văn Miếu – Quốc Tử Giám và các khu vực lân cận thuộc địa bàn quản lý mới"
    return {
        "none": charts.bars_by_unit("Tuần này không có việc nào", []),
        "one": charts.bars_by_unit("Một đơn vị", [("Sở Nông nghiệp và Môi trường", {"late": 1})]),
        "province": charts.bars_by_unit("Cả thành phố", invented(150), limit=30, subtitle="Tuần này"),
        "huge": charts.bars_by_unit("Số rất lớn", invented(8, scale=3_000_000)),
        "skewed": charts.bars_by_unit(
            "Một đơn vị át cả", [("Sở Xây dựng", {"overdue": 900, "on_time": 12000}), *invented(7)]
        ),
        "grey": charts.bars_by_unit(
            "Chưa đủ số liệu", [(name, {"unknown": row["on_time"]}) for name, row in invented(6)]
        ),
        "outlook": charts.bars_by_unit(
            "12 việc khó kịp hạn",
            [
                (
                    name,
                    {
                        "likely_late": row["overdue"],
                        "uncertain": row["at_risk"],
                        "likely_on_time": row["on_track"],
                        "unknown": row["late"],
                    },
                )
                for name, row in invented(12)
            ],
        ),
        "long": charts.ranking(long, [(long, 12.5), ("Sở Nông nghiệp và Môi trường", None)], unit="giờ"),
        "ranking150": charts.ranking(
            "Tỉ lệ đúng hạn thấp nhất",
            [(n, 100.0 * r["on_time"] / (sum(r.values()) or 1)) for n, r in invented(150)],
            unit="%",
            order="asc",
            average=64.2,
            marked=("Phường Bồ Đề",),
            limit=30,
        ),
        "trend_one": charts.trend("Một điểm", [("23/11", 5)]),
        "trend_gaps": charts.trend(
            "Có ngày không có số liệu",
            [(f"{day}/11", None if day % 7 == 0 else day * 977 % 130) for day in range(1, 31)],
        ),
        "trend_zero": charts.trend("Không có gì", [("T9", 0), ("T10", 0)], before=[("T8", 0)]),
        "trend_rate": charts.trend(
            "Đúng hạn giảm",
            [("T8", 91.5), ("T9", 88), ("T10", 71.25)],
            unit="%",
            before=[("", 90), ("", 90.5), ("", 93)],
        ),
        "heat_few": charts.heat(
            "Hai lĩnh vực",
            ["Phường Láng"],
            DOMAINS[:2],
            {("Phường Láng", DOMAINS[0]): 12345, ("Phường Láng", DOMAINS[1]): 2},
        ),
        "decomposed": charts.ranking(
            "Chữ tách dấu: Phường Thượng Cát 🙂", [("Phu\u031bo\u031b\u0300ng Đô\u0301ng Đa", 3)]
        ),
    }


def draw(specs: Mapping[str, Any], folder: Path) -> None:
    """Draw each on light and on dark."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, spec in specs.items():
        folder.joinpath(f"{name}.png").write_bytes(paint(spec))
        folder.joinpath(f"{name}_dark.png").write_bytes(paint({**spec, "dark": True}))


def main() -> None:
    """Draw the samples."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--edges", action="store_true")
    arguments = parser.parse_args()
    draw(edges() if arguments.edges else samples(), arguments.folder)


if __name__ == "__main__":
    main()
