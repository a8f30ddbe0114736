"""`python -m benchmarks.positions FILE`: positions against the borders of a GeoJSON file, and their time.

Random points inside the borders are asked for twice: exactly, by those borders, and by the score that stands
in for them where an operator has imported none. Prints how often each is right, how many buttons it shows,
and microseconds a position.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from handlers.channel import Location
from handlers.places import wards_around
from routing.organisation import build_city
from routing.place import Borders, Ward, find_province, read_border_file

Point = tuple[float, float]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path, help="GeoJSON with the borders of a province's wards")
    parser.add_argument("--province", default="Hà Nội")
    parser.add_argument("--points", type=int, default=4000)
    arguments = parser.parse_args()
    province = find_province(arguments.province)
    if province is None:
        parser.error(f"no province is called {arguments.province!r}")
    document = json.loads(arguments.file.read_text(encoding="utf-8"))
    stored = read_border_file(document, province=province.slug).as_dict()
    borders = Borders.from_dict(stored)
    city = build_city(province.slug)
    inside = draw_points(borders, document, arguments.points)
    print(f"{len(inside)} points in {len(stored)} wards; {len(json.dumps(stored)):,} bytes stored")
    show("exactly", inside, lambda point: borders.wards_at(*point))
    show(
        "by score", inside, lambda point: wards_around(city, Location(latitude=point[0], longitude=point[1]))
    )


def draw_points(borders: Borders, document: dict[str, Any], count: int) -> list[tuple[Point, Ward]]:
    """Return points that lie in exactly one ward, and the ward; those near a border are among them."""
    corners = [corner for feature in document["features"] for corner in corners_of(feature["geometry"])]
    west, south = min(x for x, _ in corners), min(y for _, y in corners)
    east, north = max(x for x, _ in corners), max(y for _, y in corners)
    drawn = random.Random(1)
    found: list[tuple[Point, Ward]] = []
    while len(found) < count:
        point = (drawn.uniform(south, north), drawn.uniform(west, east))
        if wards := borders.wards_at(*point):
            found.append((point, wards[0]))
    return found


def corners_of(geometry: dict[str, Any]) -> list[list[float]]:
    """Return the outer points of a geometry."""
    parts = [geometry["coordinates"]] if geometry["type"] == "Polygon" else geometry["coordinates"]
    return [point for part in parts for point in part[0]]


def show(name: str, points: Sequence[tuple[Point, Ward]], ask: Callable[[Point], tuple[Ward, ...]]) -> None:
    """Print how often the ward that is taken is right, how often it is among those shown, and the time."""
    started = time.perf_counter()
    answers = [ask(point) for point, _ in points]
    seconds = time.perf_counter() - started
    taken = [(answer, ward) for answer, (_, ward) in zip(answers, points, strict=True) if len(answer) == 1]
    asked = [(answer, ward) for answer, (_, ward) in zip(answers, points, strict=True) if len(answer) > 1]
    print(f"{name}: {seconds / len(points) * 1e6:.0f} microseconds a position")
    print(f"  taken without a question {len(taken) / len(points):.3f}, right {share(taken):.4f}")
    if asked:
        shown = sum(len(answer) for answer, _ in asked) / len(asked)
        part = len(asked) / len(points)
        print(f"  asked {part:.3f}, {shown:.1f} buttons, right among them {share(asked):.4f}")
    print(f"  no ward {sum(not answer for answer in answers) / len(points):.4f}")


def share(answers: Sequence[tuple[tuple[Ward, ...], Ward]]) -> float:
    """Return how many answers hold the right ward."""
    return sum(ward in answer for answer, ward in answers) / len(answers) if answers else 0.0


if __name__ == "__main__":
    main()
