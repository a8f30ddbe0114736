"""A map of the wards, darker where there is more."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from bot.drawing.canvas import MARGIN, WIDTH, Canvas, measured, shortened
from bot.drawing.numbers import told
from bot.drawing.palette import Colour, Palette, letters_on

_MOST_HEIGHT = 1000
_LISTED, _NUMBERED = 5, 12
_SIZE, _NUMBER = 34, 30
Ring = list[tuple[float, float]]
Box = tuple[float, float, float, float]


def draw(canvas: Canvas, spec: Mapping[str, Any]) -> bool:
    """Draw the map, its legend and the worst wards by name; False when there is nothing to show."""
    wards, unit = spec["wards"], spec["unit"]
    if not any(ward["rings"] for ward in wards) or all(ward["number"] is None for ward in wards):
        return False
    limits = limits_of([ward["number"] or 0 for ward in wards])
    _legend(canvas, limits, spec)
    place = _Place([ring for ward in wards for ring in ward["rings"]])
    layer = canvas.smooth(MARGIN, canvas.y, WIDTH - 2 * MARGIN, place.height)
    for ward in reversed(wards):
        fill = _fill(canvas, ward["number"], limits)
        for ring in ward["rings"]:
            layer.shape(place.on_sheet(ring), fill, canvas.palette.muted, 1.5)
    layer.close()
    _numbers(canvas, place, wards, limits)
    canvas.y += place.height + 22
    _list(canvas, [ward for ward in wards[:_LISTED] if ward["number"]], unit)
    return True


class _Place:
    """Where the grid of the outlines lies on the sheet."""

    def __init__(self, rings: Sequence[Sequence[int]]) -> None:
        xs = [x for ring in rings for x in ring[::2]]
        ys = [y for ring in rings for y in ring[1::2]]
        self.west, self.north = min(xs), min(ys)
        width, height = max(max(xs) - self.west, 1), max(max(ys) - self.north, 1)
        room = WIDTH - 2 * MARGIN - 8
        self.scale = min(room / width, _MOST_HEIGHT / height)
        self.height = round(height * self.scale) + 8
        self.inset = (room - width * self.scale) / 2 + 4

    def on_sheet(self, ring: Sequence[int]) -> Ring:
        """Return a ring in pixels of the map."""
        return [
            (self.inset + (x - self.west) * self.scale, 4 + (y - self.north) * self.scale)
            for x, y in zip(ring[::2], ring[1::2], strict=True)
        ]


def limits_of(numbers: Sequence[float]) -> list[float]:
    """Return the first number of each shade but the first, which is above nothing: fifths of the wards."""
    above = sorted(number for number in numbers if number > 0)
    if not above:
        return []
    candidates = [above[0], *(above[len(above) * part // 5] for part in range(1, 5))]
    return sorted(set(candidates))


def _fill(canvas: Canvas, number: float | None, limits: Sequence[float]) -> Colour:
    if number is None:
        return canvas.palette.empty
    shade = sum(number >= limit for limit in limits)
    return shades_of(canvas.palette, limits)[shade]


def shades_of(palette: Palette, limits: Sequence[float]) -> list[Colour]:
    """Return as many colours as there are limits and one for nothing, spread over the ramp."""
    ramp, count = palette.ramp, len(limits)
    last = len(ramp) - 1
    picked = [ramp[round(number * last / (count - 1)) if count > 1 else last] for number in range(count)]
    return [palette.background, *picked]


def _legend(canvas: Canvas, limits: Sequence[float], spec: Mapping[str, Any]) -> None:
    entries = [(canvas.palette.background, "0")]
    for index, (limit, colour) in enumerate(zip(limits, shades_of(canvas.palette, limits)[1:], strict=True)):
        upper = limits[index + 1] if index + 1 < len(limits) else None
        entries.append((colour, _range(limit, upper, spec["unit"])))
    if any(ward["number"] is None for ward in spec["wards"]):
        entries.append((canvas.palette.empty, spec["missing"]))
    x = float(MARGIN)
    for colour, label in entries:
        wide = 44 + measured(label, 30) + 28
        if x + wide - 28 > WIDTH - MARGIN:
            x = MARGIN
            canvas.y += 46
        canvas.pen.rectangle(
            (x, canvas.y + 4, x + 34, canvas.y + 38), fill=colour, outline=canvas.palette.muted
        )
        canvas.text(x + 44, canvas.y + 21, label, 30)
        x += wide
    canvas.y += 62


def _range(first: float, upper: float | None, unit: str) -> str:
    if upper is None:
        return f"{told(first, unit)}+"
    last = upper - 1 if float(first).is_integer() and float(upper).is_integer() and unit != "%" else upper
    return told(first, unit) if last == first else f"{told(first)}–{told(last, unit)}"


def _numbers(
    canvas: Canvas, place: _Place, wards: Sequence[Mapping[str, Any]], limits: Sequence[float]
) -> None:
    """Write the worst wards' numbers on them, as long as they do not cover one another."""
    taken: list[Box] = []
    for ward in wards[:_NUMBERED]:
        if not ward["number"] or not ward["rings"]:
            continue
        x, y = _middle(place.on_sheet(max(ward["rings"], key=len)))
        x, y = x + MARGIN, y + canvas.y
        words = told(ward["number"])
        half = measured(words, _NUMBER, bold=True) / 2 + 4
        box = (x - half, y - 17, x + half, y + 17)
        if any(box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken):
            continue
        taken.append(box)
        fill = _fill(canvas, ward["number"], limits)
        canvas.pen.rounded_rectangle(box, radius=8, fill=fill, outline=letters_on(fill))
        canvas.text(x, y, words, _NUMBER, letters_on(fill), bold=True, anchor="mm")


def _middle(ring: Ring) -> tuple[float, float]:
    """Return the middle of a ring's area."""
    area = x = y = 0.0
    for (x0, y0), (x1, y1) in pairwise(ring):
        cross = x0 * y1 - x1 * y0
        area, x, y = area + cross, x + (x0 + x1) * cross, y + (y0 + y1) * cross
    return (x / (3 * area), y / (3 * area)) if area else ring[0]


def _list(canvas: Canvas, wards: Sequence[Mapping[str, Any]], unit: str) -> None:
    """Name the worst wards: places too small to see on the map are often those."""
    for number, ward in enumerate(wards, start=1):
        end = told(ward["number"], unit)
        room = WIDTH - 2 * MARGIN - measured(end, _SIZE, bold=True) - 30
        canvas.text(MARGIN, canvas.y + 24, shortened(f"{number}. {ward['name']}", _SIZE, room), _SIZE)
        canvas.text(WIDTH - MARGIN, canvas.y + 24, end, _SIZE, bold=True, anchor="rm")
        canvas.y += 50
