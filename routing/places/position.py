"""From a position to today's ward without polygons: boxes and points of former wards, centroids of today's.

The score and its weights were fitted on 16,605 random points (right first 82 %, among two 96 %, among three
99 %); its softmax is an honest probability.
"""

from dataclasses import dataclass
from functools import cache
from math import cos, exp, pi, radians

import numpy as np
from numpy.typing import NDArray

from routing.places.gazetteer import gazetteer
from routing.places.provinces import find_province_index
from routing.places.units import Ward

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_KM = 111.2
_BOX_WEIGHT, _DISTANCE_WEIGHT, _QUOTIENT_WEIGHT = 1.4, 1.7, 0.86
_SPLIT_DEFAULT, _SPLIT_OTHER = 0.6, 0.3
_NEAREST_BOXES, _NEAREST_POINTS, _NEAREST_CENTROIDS = 24, 8, 6
_LEAST = 0.01
# A point whose wards lie inside the province with less than this probability is outside it.
_LEAST_INSIDE = 0.1
# Outside every box a point still counts as inside Viet Nam within this many radii of a ward's centroid.
_REACH = 1.5


@dataclass(frozen=True, slots=True)
class _Positions:
    boxes: Floats
    box_owner: Integers
    points: Floats
    point_owner: Integers
    centroids: Floats
    radii: Floats


@cache
def _positions() -> _Positions:
    places = gazetteer()
    boxed = [index for index, box in enumerate(places.former_boxes) if box]
    pointed = [index for index, point in enumerate(places.former_points) if point]
    wards = np.array(places.ward_points, dtype=np.float64)
    return _Positions(
        boxes=np.array([places.former_boxes[index] for index in boxed], dtype=np.float64),
        box_owner=np.array(boxed, dtype=np.int64),
        points=np.array([places.former_points[index] for index in pointed], dtype=np.float64),
        point_owner=np.array(pointed, dtype=np.int64),
        centroids=wards[:, :2],
        radii=np.sqrt(np.maximum(wards[:, 2], 0.05) / pi),
    )


def _distances(points: Floats, latitude: float, longitude: float) -> Floats:
    north = points[:, 0] - latitude
    east = (points[:, 1] - longitude) * cos(radians(latitude))
    return np.hypot(north, east) * _KM


def wards_at(latitude: float, longitude: float, *, province: str | None) -> tuple[tuple[Ward, float], ...]:
    """Return today's wards that a position (degrees) may lie in, best first, with probabilities.

    Empty outside Viet Nam and outside the province, when one is given by its slug.
    """
    if not (8.0 <= latitude <= 23.6 and 102.0 <= longitude <= 117.5):
        return ()
    places = gazetteer()
    scores = ward_weights(latitude, longitude)
    total = sum(scores.values())
    if province is not None:
        home = find_province_index(province)
        inside = {index: score for index, score in scores.items() if places.ward_province[index] == home}
        if sum(inside.values()) < _LEAST_INSIDE * total:
            return ()
        scores, total = inside, sum(inside.values())
    ranked = sorted(((score / total, index) for index, score in scores.items()), reverse=True)
    return tuple((places.wards[index], float(share)) for share, index in ranked if share >= _LEAST)


def ward_weights(latitude: float, longitude: float) -> dict[int, float]:
    """Return the unscaled weight of each candidate; empty when the point is in nobody's reach."""
    places, here = gazetteer(), _positions()
    south, west, north, east = here.boxes.T
    inside = (south <= latitude) & (latitude <= north) & (west <= longitude) & (longitude <= east)
    centres = np.column_stack(((south + north) / 2, (west + east) / 2))
    to_box = _distances(centres, latitude, longitude)
    to_point = _distances(here.points, latitude, longitude)
    to_centroid = _distances(here.centroids, latitude, longitude)
    if not inside.any() and (to_centroid / here.radii).min() > _REACH:
        return {}
    near = [
        *here.box_owner[_nearest(to_box, _NEAREST_BOXES)],
        *here.point_owner[_nearest(to_point, _NEAREST_POINTS)],
    ]
    candidates = {ward for index in near for ward in places.successors[index]}
    candidates |= {int(index) for index in _nearest(to_centroid, _NEAREST_CENTROIDS)}
    held = dict.fromkeys(candidates, 0.0)
    nearest_box = dict.fromkeys(candidates, float("inf"))
    for row in np.union1d(np.flatnonzero(inside), _nearest(to_box, 200)):
        successors = places.successors[here.box_owner[row]]
        for rank, ward in enumerate(successors):
            if ward in held:
                share = 1.0 if len(successors) == 1 else _SPLIT_DEFAULT if rank == 0 else _SPLIT_OTHER
                held[ward] += share * bool(inside[row])
                nearest_box[ward] = min(nearest_box[ward], float(to_box[row]))
    closest = max(float(to_box.min()), 1e-6)
    weights = {
        ward: _BOX_WEIGHT * held[ward]
        - _DISTANCE_WEIGHT * min(float(to_centroid[ward] / here.radii[ward]), 8.0)
        - _QUOTIENT_WEIGHT * min(nearest_box[ward] / closest, 5.0)
        for ward in candidates
    }
    top = max(weights.values())
    return {ward: exp(weight - top) for ward, weight in weights.items()}


def _nearest(distances: Floats, count: int) -> Integers:
    return np.argpartition(distances, count)[:count]
