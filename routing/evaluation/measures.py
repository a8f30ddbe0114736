"""Figures of right and wrong: shares, F1, calibration, coverage, each with its 95 % interval.

Shares have Wilson's interval; figures that are no shares have one from 400 samples drawn with replacement,
always the same ones.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, TypeVar

BINS = 10
_SAMPLES = 400
_SEED = 20250701
_Z = 1.96
Item = TypeVar("Item")


def share(hits: Sequence[bool]) -> dict[str, Any] | None:
    """Return the share of hits with its 95 % Wilson interval; None without cases."""
    count = len(hits)
    if not count:
        return None
    observed = sum(hits) / count
    middle = (observed + _Z * _Z / (2 * count)) / (1 + _Z * _Z / count)
    spread = math.sqrt(observed * (1 - observed) / count + _Z * _Z / (4 * count * count))
    half = _Z * spread / (1 + _Z * _Z / count)
    interval = [round(max(0.0, middle - half), 4), round(min(1.0, middle + half), 4)]
    return {"value": round(observed, 4), "interval": interval, "count": count}


def sampled(items: Sequence[Item], figure: Callable[[Sequence[Item]], float]) -> dict[str, Any] | None:
    """Return a figure of the items with its 95 % interval over samples of them; None without items."""
    if not items:
        return None
    random = Random(_SEED)
    values = sorted(figure(random.choices(items, k=len(items))) for _ in range(_SAMPLES))
    interval = [round(values[int(at * (_SAMPLES - 1))], 4) for at in (0.025, 0.975)]
    return {"value": round(figure(items), 4), "interval": interval, "count": len(items)}


def macro_f1(pairs: Sequence[tuple[str, str]]) -> float:
    """Return the mean F1 over the labels that occur in truth, from pairs (truth, said)."""
    scores = f1_by_label(pairs)
    return sum(scores.values()) / len(scores)


def f1_by_label(pairs: Sequence[tuple[str, str]]) -> dict[str, float]:
    """Return the F1 of each label that occurs in truth, from pairs (truth, said)."""
    truth, said = Counter(pair[0] for pair in pairs), Counter(pair[1] for pair in pairs)
    both = Counter(true for true, guess in pairs if true == guess)
    return {label: 2 * both[label] / (truth[label] + said[label]) for label in truth}


def calibration_error(judged: Sequence[tuple[float, bool]]) -> float:
    """Return the expected calibration error of (confidence, right) over ten equal bins of confidence."""
    return sum(abs(confidence - right) * weight for confidence, right, weight in reliability(judged))


def reliability(judged: Sequence[tuple[float, bool]]) -> list[tuple[float, float, float]]:
    """Return for each bin of confidence its mean confidence, its share of right ones, and its weight."""
    bins: dict[int, list[tuple[float, bool]]] = {}
    for confidence, right in judged:
        bins.setdefault(min(int(confidence * BINS), BINS - 1), []).append((confidence, right))
    return [
        (
            sum(confidence for confidence, _ in inside) / len(inside),
            sum(right for _, right in inside) / len(inside),
            len(inside) / len(judged),
        )
        for _, inside in sorted(bins.items())
    ]


def coverage(judged: Sequence[tuple[float, bool]]) -> list[dict[str, float]]:
    """Return, for the surest 10 % to 100 % of the answers, their least confidence and how many are right."""
    surest = sorted(judged, key=lambda one: -one[0])
    curve = []
    for tenth in range(1, 11):
        taken = surest[: math.ceil(len(surest) * tenth / 10)]
        right = sum(hit for _, hit in taken) / len(taken)
        curve.append(
            {"covered": tenth / 10, "confidence_from": round(taken[-1][0], 4), "accuracy": round(right, 4)}
        )
    return curve
