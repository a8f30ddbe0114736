"""From a chart's specification (`handlers/charts.py`) to a PNG."""

from collections.abc import Callable, Mapping
from typing import Any

from bot.drawing import bars, heat, trend, ward_map
from bot.drawing.canvas import Canvas
from bot.drawing.palette import palette

TITLE, SUBTITLE, NOTE = 46, 32, 28
_KINDS: dict[str, Callable[[Canvas, Mapping[str, Any]], bool]] = {
    "bars": bars.draw_parts,
    "ranking": bars.draw_ranking,
    "trend": trend.draw,
    "heat": heat.draw,
    "map": ward_map.draw,
}


def paint(spec: Mapping[str, Any]) -> bytes:
    """Return the picture as a PNG, 1080 pixels wide. Raises KeyError, TypeError or ValueError."""
    canvas = Canvas(palette(bool(spec.get("dark"))))
    muted = canvas.palette.muted
    canvas.paragraph(spec["title"], TITLE, bold=True)
    if spec.get("subtitle"):
        canvas.paragraph(spec["subtitle"], SUBTITLE, muted, lines=2)
    canvas.y += 18
    if not _KINDS[spec["kind"]](canvas, spec):
        canvas.y += 60
        canvas.paragraph(spec["nothing"], 36, muted)
        canvas.y += 60
    if spec.get("note"):
        canvas.y += 18
        canvas.paragraph(spec["note"], NOTE, muted)
    return canvas.png()
