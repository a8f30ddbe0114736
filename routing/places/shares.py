"""How much of a former ward that was divided lies in each of today's: an estimate, since nobody publishes it.

Points of the former ward's box, those near its middle counting more, are each given to today's wards by the
score for positions (`position.py`); a ward's share is the mean over the points.
"""

from math import exp

from routing.places.gazetteer import gazetteer
from routing.places.position import ward_weights

_STEPS = 13
# A ward fills its box as an ellipse does, more or less: beyond this no point of the box counts.
_FARTHEST = 1.3


def estimate_shares(former: int) -> tuple[float, ...] | None:
    """Return the share of each successor of a former ward, by its index; None for one without a box.

    Takes about 0.1 s: `scripts/estimate_shares.py` writes the shares down once.
    """
    places = gazetteer()
    box, wards = places.former_boxes[former], places.successors[former]
    if box is None:
        return None
    south, west, north, east = box
    steps = [2 * step / (_STEPS - 1) - 1 for step in range(_STEPS)]
    sums = dict.fromkeys(wards, 0.0)
    for up, across in ((up, across) for up in steps for across in steps):
        far = up * up + across * across
        if far > _FARTHEST:
            continue
        latitude = (south + north + up * (north - south)) / 2
        weights = ward_weights(latitude, (west + east + across * (east - west)) / 2)
        total = sum(weights.get(ward, 0.0) for ward in wards)
        for ward in wards if total else ():
            sums[ward] += exp(-far) * weights.get(ward, 0.0) / total
    whole = sum(sums.values())
    return tuple(sums[ward] / whole for ward in wards) if whole else None
