"""The wards' borders as an operator imports them, and which ward a position lies in by them.

shapely is imported when there are borders to look at: a city without them pays nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import cos, radians
from typing import TYPE_CHECKING, Any, Self

from routing.places.gazetteer import gazetteer, key_of, split_name
from routing.places.polyline import decode_ring, encode_ring
from routing.places.provinces import find_province
from routing.places.units import Ward
from routing.vietnamese import normalise, strip_accents

if TYPE_CHECKING:
    from shapely import Polygon as Polygonal
    from shapely import STRtree

NEAR_BORDER_METRES = 50.0
"""This close to a border a position may as well be on its other side: both wards are possible."""
OUTLINE_EDGE = 600
"""The longer side of the grid on which outlines for drawing lie."""
_METRES_PER_DEGREE = 111_195.0
_KNOTTED = 0.01
"""How much of its area a border may go around the wrong way: knots of a few metres are slips of the pen."""
_WEST, _SOUTH, _EAST, _NORTH = 102.0, 6.0, 118.0, 23.6
_CODE_NAMES = frozenset(
    ("code", "maxa", "maphuong", "wardcode", "communecode", "maphuongxa", "maxaphuong", "ma")
)
_NAME_NAMES = frozenset(
    ("name", "fullname", "namevi", "name3", "ward", "wardname", "commune", "communename", "ten", "tenxa")
).union(("tenphuong", "tenphuongxa", "tenxaphuong", "tendvhc"))
_KIND_NAMES = frozenset(("loai", "loaixa", "kind", "unittype", "wardtype", "capdvhc", "loaidvhc"))
_PROVINCE_NAMES = frozenset(
    ("province", "provincename", "tinh", "tentinh", "tinhthanh", "tentinhthanh", "name1")
)

Ring = list[tuple[float, float]]
Polygon = list[Ring]
"""Its outer ring first, then its holes; points are (longitude, latitude) in degrees."""


class BrokenBorders(Exception):
    """A file of borders cannot be taken over; `problems` name every bad feature by its number."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(self.problems))


class _Bad(Exception):
    """What is wrong with one feature."""


@dataclass(frozen=True, kw_only=True, slots=True)
class BorderFile:
    """What a GeoJSON file holds for one province: polygons by ward code, and how many are of elsewhere."""

    polygons: Mapping[str, Sequence[Polygon]]
    elsewhere: int

    def as_dict(self) -> dict[str, list[list[str]]]:
        """Return the polygons in compact JSON: each ring a polyline string, good to a metre."""
        return {
            code: [[encode_ring(ring) for ring in polygon] for polygon in polygons]
            for code, polygons in sorted(self.polygons.items())
        }


def read_border_file(document: Any, *, province: str) -> BorderFile:
    """Return the borders of a province's wards in a GeoJSON FeatureCollection. Raises BrokenBorders.

    A feature is one of today's wards, by its name or code under one of the usual property names; the name
    decides where both are given, because codes sit on swapped names in some sources.
    """
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not features:
        raise BrokenBorders(["not a GeoJSON FeatureCollection with features"])
    found: dict[str, list[Polygon]] = {}
    numbers: dict[str, int] = {}
    problems: list[str] = []
    elsewhere = 0
    for number, feature in enumerate(features, start=1):
        try:
            ward = _ward_of(feature, province)
            if ward is None:
                elsewhere += 1
            elif ward.code in found:
                raise _Bad(f"{ward.name} is already feature {numbers[ward.code]}")
            else:
                found[ward.code], numbers[ward.code] = _polygons_of(feature.get("geometry")), number
        except _Bad as bad:
            problems.append(f"feature {number}: {bad}")
    if not found and not problems:
        problems.append("no feature is a ward of the city")
    if problems:
        raise BrokenBorders(problems)
    return BorderFile(polygons=found, elsewhere=elsewhere)


def _ward_of(feature: Any, province: str) -> Ward | None:
    """Return the ward that a feature is, None for one of another province. Raises _Bad."""
    properties = feature.get("properties") if isinstance(feature, dict) else None
    if not isinstance(properties, dict):
        raise _Bad("no properties")
    place = _property(properties, _PROVINCE_NAMES)
    if place:
        home = find_province(place)
        if home is None:
            raise _Bad(f"no province is called {place!r}")
        if home.slug != province:
            return None
    name, code = _property(properties, _NAME_NAMES), _property(properties, _CODE_NAMES)
    if not name and not code:
        raise _Bad("neither a ward's name nor its code among its properties")
    wards = [ward for ward in gazetteer().wards if ward.province == province]
    named = _called(name, _property(properties, _KIND_NAMES), wards) if name else wards
    coded = [ward for ward in named if ward.code == code.zfill(5)] if code else []
    if len(named) == 1 or len(coded) == 1:
        return named[0] if len(named) == 1 else coded[0]
    if not name:
        raise _Bad(f"no ward of the city has the code {code!r}")
    raise _Bad(
        f"{len(named)} wards are called {name!r}" if named else f"no ward of the city is called {name!r}"
    )


def _property(properties: Mapping[str, Any], names: frozenset[str]) -> str:
    """Return the first property that has one of the names, whatever their case and punctuation."""
    for name, value in properties.items():
        plain = re.sub(r"[^a-z0-9]", "", strip_accents(str(name).lower()))
        if plain in names and isinstance(value, str | int) and str(value).strip():
            return str(value).strip()
    return ""


def _called(name: str, kind: str, wards: Sequence[Ward]) -> list[Ward]:
    """Return the wards that a name means: in full with its accents, else shorter, else without accents."""
    written, short = split_name(" ".join(normalise(name).split()))
    full = f"{written or kind} {short}".strip().casefold()
    forms: list[tuple[Callable[[str], str], str]] = [
        (str, full),
        (lambda name: split_name(name)[1], short.casefold()),
        (lambda name: key_of(split_name(name)[1]), key_of(short)),
    ]
    for form, wanted in forms:
        if found := [ward for ward in wards if form(normalise(ward.name)).casefold() == wanted]:
            return found
    return []


def _polygons_of(geometry: Any) -> list[Polygon]:
    """Return the polygons of a geometry, with knots in their borders undone. Raises _Bad."""
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise _Bad(f"its geometry is {kind or 'missing'}, not a Polygon or MultiPolygon")
    coordinates = geometry.get("coordinates")
    nested = [coordinates] if kind == "Polygon" else coordinates
    if not isinstance(nested, list) or not nested:
        raise _Bad("its geometry has no coordinates")
    polygons = [_polygon(polygon) for polygon in nested]
    return [part for polygon in polygons for part in _untangled(polygon)]


def _polygon(coordinates: Any) -> Polygon:
    if not isinstance(coordinates, list) or not coordinates:
        raise _Bad("a polygon has no rings")
    return [_ring(ring) for ring in coordinates]


def _ring(coordinates: Any) -> Ring:
    if not isinstance(coordinates, list) or len(coordinates) < 4:
        raise _Bad("a ring has fewer than four points")
    ring = [_point(point) for point in coordinates]
    if ring[0] != ring[-1]:
        raise _Bad("a ring is not closed")
    return ring


def _point(point: Any) -> tuple[float, float]:
    if not (
        isinstance(point, list) and len(point) >= 2 and all(isinstance(n, int | float) for n in point[:2])
    ):
        raise _Bad("a point is not [longitude, latitude]")
    longitude, latitude = float(point[0]), float(point[1])
    if _WEST <= longitude <= _EAST and _SOUTH <= latitude <= _NORTH:
        return longitude, latitude
    swapped = _WEST <= latitude <= _EAST and _SOUTH <= longitude <= _NORTH
    hint = "longitude comes first" if swapped else "degrees (EPSG:4326) are needed"
    raise _Bad(f"the point {longitude:g}, {latitude:g} is outside Viet Nam: {hint}")


def _untangled(polygon: Polygon) -> Iterator[Polygon]:
    """Yield a polygon, with small knots in its border undone.

    Raises _Bad for one without an area, and for one whose border crosses itself so that nobody can tell
    what lies inside.
    """
    import shapely

    drawn = shapely.Polygon(polygon[0], polygon[1:])
    shape = drawn if drawn.is_valid else shapely.make_valid(drawn)
    # What a crossing border goes around the other way counts against the area as drawn.
    if shape.area > 0 and abs(shape.area - drawn.area) > _KNOTTED * shape.area:
        raise _Bad(f"its border crosses itself: {_first_crossing(drawn)}")
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 0]
    parts += [
        inner for part in shapely.get_parts(shape) if part.geom_type == "MultiPolygon" for inner in part.geoms
    ]
    if not parts:
        raise _Bad("a polygon has no area")
    for part in parts:
        rings = (part.exterior, *part.interiors)
        yield [[(float(x), float(y)) for x, y in ring.coords] for ring in rings]


def _first_crossing(shape: "Polygonal") -> str:
    import shapely

    reason, _, point = shapely.is_valid_reason(shape).partition("[")
    return f"{reason.lower()} at {point.rstrip(']')}" if point else reason.lower()


class Borders:
    """The borders of a city's wards, ready to be asked. Built once, then only read."""

    def __init__(self, wards: Sequence[Ward], tree: "STRtree", latitude: float) -> None:
        self._wards = tuple(wards)
        self._tree = tree
        self._latitude = latitude
        self.codes = frozenset(ward.code for ward in wards)

    @classmethod
    def from_dict(cls, stored: Mapping[str, Sequence[Sequence[str]]]) -> Self:
        """Build what `BorderFile.as_dict` gave; wards that are no longer there are left out."""
        import shapely

        known = {ward.code: ward for ward in gazetteer().wards}
        decoded = {
            code: [[decode_ring(ring) for ring in polygon] for polygon in polygons]
            for code, polygons in stored.items()
            if code in known
        }
        latitudes = [latitude for polygons in decoded.values() for _, latitude in polygons[0][0][:1]]
        latitude = sum(latitudes) / len(latitudes) if latitudes else 0.0
        shapes = []
        for polygons in decoded.values():
            rings = [
                [[_metres(*point, latitude) for point in ring] for ring in polygon] for polygon in polygons
            ]
            shapes.append(shapely.MultiPolygon([(polygon[0], polygon[1:]) for polygon in rings]))
        shapely.prepare(shapes)
        return cls([known[code] for code in decoded], shapely.STRtree(shapes), latitude)

    def wards_at(self, latitude: float, longitude: float) -> tuple[Ward, ...]:
        """Return the wards of a position (degrees): the one it lies in, then those within 50 m of it.

        Empty when no ward is that near.
        """
        import shapely

        if not (_SOUTH <= latitude <= _NORTH and _WEST <= longitude <= _EAST):
            return ()
        point = shapely.Point(*_metres(longitude, latitude, self._latitude))
        rows = self._tree.query(point, predicate="dwithin", distance=NEAR_BORDER_METRES)
        if len(rows) < 2:
            return tuple(self._wards[row] for row in rows)
        ranked = sorted((float(self._tree.geometries[row].distance(point)), int(row)) for row in rows)
        return tuple(self._wards[row] for _, row in ranked)

    @cached_property
    def outlines(self) -> Mapping[str, list[list[int]]]:
        """Return the outer rings by ward code for drawing: [x, y, x, y, ...] on a grid, north on top.

        The city's longer side is OUTLINE_EDGE steps; what is smaller than a step is left out. Neighbours
        still touch, since the same points fall on the same steps.
        """
        import shapely

        if not self._wards:
            return {}
        west, south, east, north = shapely.total_bounds(self._tree.geometries)
        step = max(east - west, north - south) / OUTLINE_EDGE
        return {
            ward.code: [
                ring
                for polygon in shape.geoms
                if (ring := _on_grid(shapely.get_coordinates(polygon.exterior), west, north, step))
            ]
            for ward, shape in zip(self._wards, self._tree.geometries, strict=True)
        }


def _on_grid(points: Any, west: float, north: float, step: float) -> list[int]:
    """Return a ring on a grid without what repeats, flattened; empty when nothing of it is left."""
    import numpy

    steps = numpy.rint((points - (west, north)) / (step, -step)).astype(int)
    moves = numpy.diff(steps, axis=0, prepend=steps[:1] - 1).any(axis=1)
    ring: list[int] = steps[moves].ravel().tolist()
    return ring if len(ring) > 6 else []


def _metres(longitude: float, latitude: float, around: float) -> tuple[float, float]:
    """Return a point in metres on a plane, good to a few in a thousand within a city's reach."""
    east = longitude * cos(radians(around)) * _METRES_PER_DEGREE
    return east, latitude * _METRES_PER_DEGREE
