"""An evaluation as one picture: coverage against accuracy, confidence against truth, what is confused."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from routing.evaluation.measures import reliability

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"clean": "#1f6feb", "messy": "#d1642b"}
_NAMES = {"clean": "typed with care", "messy": "typed in a hurry"}


def plot(figures: Mapping[str, Any]) -> bytes:
    """Return the picture as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(16, 8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"Model {figures['model_version']}, {figures['cases']} cases")
    parts = figure.subplot_mosaic([["coverage", "table", "table"], ["reliability", "table", "table"]])
    _draw_coverage(parts["coverage"], figures)
    _draw_reliability(parts["reliability"], figures)
    _draw_confusion(parts["table"], figures)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=100)
    return file.getvalue()


def _draw_coverage(axes: "Axes", figures: Mapping[str, Any]) -> None:
    for name, colour in _COLOURS.items():
        if figures.get(name):
            curve = figures[name]["coverage"]
            covered, accuracy = [one["covered"] for one in curve], [one["accuracy"] for one in curve]
            axes.plot(covered, accuracy, color=colour, marker="o", label=_NAMES[name])
    axes.axhline(0.95, color="grey", linewidth=0.8, linestyle="--")
    axes.set(title="Right among the surest", xlabel="share of messages, surest first", ylabel="right domain")
    axes.set_ylim(top=1.01)
    axes.grid(alpha=0.3)
    if axes.get_lines()[1:]:
        axes.legend()


def _draw_reliability(axes: "Axes", figures: Mapping[str, Any]) -> None:
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8, linestyle="--")
    for name, colour in _COLOURS.items():
        if figures.get(name):
            bins = reliability([(confidence, right) for confidence, right in figures[name]["judged"]])
            confidence, right, weight = (np.array(column) for column in zip(*bins, strict=True))
            axes.scatter(confidence, right, s=20 + 400 * weight, color=colour, alpha=0.7)
    axes.set(title="Confidence and truth", xlabel="confidence", ylabel="share right")
    axes.grid(alpha=0.3)


def _draw_confusion(axes: "Axes", figures: Mapping[str, Any]) -> None:
    pairs = (figures.get("clean") or figures.get("kind") or {}).get("confusion", [])
    labels = sorted({one[side] for one in pairs for side in ("truth", "said")})
    table = _table(pairs, labels)
    shades = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(shades, cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(labels)), labels, rotation=60, ha="right", fontsize=8)
    axes.set_yticks(range(len(labels)), labels, fontsize=8)
    axes.set(title="What is read as what (rows: truth)", xlabel="read as")
    for row, column in zip(*np.nonzero(table), strict=True):
        colour = "white" if shades[row, column] > 0.6 else "black"
        axes.text(column, row, str(table[row, column]), ha="center", va="center", fontsize=8, color=colour)


def _table(
    pairs: Sequence[Mapping[str, Any]], labels: Sequence[str]
) -> "np.ndarray[Any, np.dtype[np.int64]]":
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for one in pairs:
        table[labels.index(one["truth"]), labels.index(one["said"])] = one["count"]
    return table
