"""Bars by unit: traffic lights stacked, or one number for each."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.drawing.canvas import MARGIN, WIDTH, Canvas, measured, shortened
from bot.drawing.numbers import told
from bot.drawing.palette import Ink

_MOST_NAME = 400
_GAP = 18
_LEGEND = 30
_ROW_HEIGHTS = ((6, 88), (12, 70), (21, 58))
_LOWEST = 52


def draw_parts(canvas: Canvas, spec: Mapping[str, Any]) -> bool:
    """Draw stacked bars; False when there is nothing to show."""
    rows, parts = spec["rows"], spec["parts"]
    if not rows:
        return False
    inks = [canvas.palette.part(part["part"]) for part in parts]
    _legend(canvas, [(ink, part["label"]) for ink, part in zip(inks, parts, strict=True)])
    place = _Place(rows, ["".join(_share(row["numbers"])) for row in rows if not row.get("rest")])
    largest = max((sum(row["numbers"]) for row in rows if not row.get("rest")), default=0)
    for row in rows:
        place.name(canvas, row)
        if row.get("rest"):
            _chips(canvas, place, inks, row["numbers"])
        else:
            _stack(canvas, place, inks, row["numbers"], largest)
        canvas.y += place.height
    return True


class _Place:
    """Where names and bars stand, for all rows alike."""

    def __init__(self, rows: Sequence[Mapping[str, Any]], ends: Sequence[str]) -> None:
        self.height = next((height for most, height in _ROW_HEIGHTS if len(rows) <= most), _LOWEST)
        self.size = min(36, round(self.height * 0.6))
        widest = max(measured(row["name"], self.size) for row in rows)
        self.name_width = min(widest + 4, _MOST_NAME)
        self.left = round(MARGIN + self.name_width + _GAP)
        self.end_width = max(measured(end, self.size, bold=True) for end in ends) + 14
        self.right = WIDTH - MARGIN - self.end_width

    @property
    def bar(self) -> tuple[int, int]:
        """How far below a row's top its bar begins, and how thick it is."""
        inset = round(self.height * 0.13)
        return inset, self.height - 2 * inset

    def name(self, canvas: Canvas, row: Mapping[str, Any]) -> None:
        """Write a row's name."""
        name, size = row["name"], self.size
        if row.get("rest"):
            size = round(size * 0.9)
            canvas.text(
                MARGIN,
                canvas.y + self.height / 2,
                shortened(name, size, self.name_width),
                size,
                canvas.palette.muted,
            )
        else:
            canvas.label(
                MARGIN, canvas.y, self.name_width, self.height, name, size, bold=bool(row.get("marked"))
            )


def _legend(canvas: Canvas, entries: Sequence[tuple[Ink, str]]) -> None:
    """Explain the colours, as many on a line as fit."""
    x, box = float(MARGIN), 34
    for ink, label in entries:
        wide = box + 12 + measured(label, _LEGEND) + 34
        if x > MARGIN and x + wide - 34 > WIDTH - MARGIN:
            x = MARGIN
            canvas.y += 48
        canvas.area(x, canvas.y + 4, box, box, ink)
        canvas.text(x + box + 12, canvas.y + 4 + box / 2, label, _LEGEND)
        x += wide
    canvas.y += 62


def _share(numbers: Sequence[int]) -> tuple[str, str]:
    """Return what stands behind a bar: how many of the worst part, and of how many."""
    return (told(numbers[0]), f"/{told(sum(numbers))}") if len(numbers) > 1 else (told(numbers[0]), "")


def _stack(
    canvas: Canvas, place: _Place, inks: Sequence[Ink], numbers: Sequence[int], largest: float
) -> None:
    inset, thick = place.bar
    x, scale = float(place.left), (place.right - place.left) / largest
    for ink, number in zip(inks, numbers, strict=True):
        if number:
            width = max(number * scale, 3)
            canvas.area(x, canvas.y + inset, width, thick, ink)
            if len(inks) > 1:
                canvas.number_in(x, canvas.y + inset, width, thick, told(number), ink)
            x += width
    worst, whole = _share(numbers)
    middle = canvas.y + place.height / 2
    canvas.text(x + 10, middle, worst, place.size, bold=True)
    x += 10 + measured(worst, place.size, bold=True)
    canvas.text(x, middle, whole, place.size, canvas.palette.muted)


def _chips(canvas: Canvas, place: _Place, inks: Sequence[Ink], numbers: Sequence[int]) -> None:
    """Show what many units have together as numbers: a bar would dwarf those of single units."""
    x, side, middle = float(place.left), round(place.height * 0.44), canvas.y + place.height / 2
    size = round(place.size * 0.9)
    for ink, number in zip(inks, numbers, strict=True):
        if number:
            canvas.area(x, middle - side / 2, side, side, ink)
            canvas.text(x + side + 8, middle, told(number), size, canvas.palette.muted)
            x += side + 8 + measured(told(number), size) + 26


def draw_ranking(canvas: Canvas, spec: Mapping[str, Any]) -> bool:
    """Draw one bar for each unit; False when there is nothing to show."""
    rows, unit = spec["rows"], spec["unit"]
    numbers = [row["number"] for row in rows if row["number"] is not None]
    if not numbers:
        return False
    average = spec.get("average")
    ends = ["" if row.get("rest") else _end(row["number"], spec) for row in rows]
    place = _Place(rows, ends)
    largest = 100 if unit == "%" else max(*numbers, average or 0, 0) or 1
    scale = (place.right - place.left) / largest
    if average is not None:
        _average_label(
            canvas, place.left + average * scale, f"{spec['average_label']}: {told(average, unit)}"
        )
    top = canvas.y
    ink = canvas.palette.tones[spec["tone"]]
    for row in rows:
        place.name(canvas, row)
        if row["number"] is not None:
            _bar(canvas, place, ink, row["number"] * scale)
        canvas.y += place.height
    if average is not None:
        _average_line(canvas, place.left + average * scale, top)
    for index, (row, end) in enumerate(zip(rows, ends, strict=True)):
        _number_behind(canvas, place, top + index * place.height, row["number"], scale, end)
    return True


def _end(number: float | None, spec: Mapping[str, Any]) -> str:
    return str(spec["missing"]) if number is None else told(number, spec["unit"])


def _bar(canvas: Canvas, place: _Place, ink: Ink, width: float) -> None:
    inset, thick = place.bar
    canvas.area(place.left, canvas.y + inset, max(width, 3), thick, ink)


def _number_behind(
    canvas: Canvas, place: _Place, top: float, number: float | None, scale: float, words: str
) -> None:
    """Write what stands behind a bar, over the line of the average where that passes there."""
    known = number is not None
    x, middle = place.left + (max((number or 0) * scale, 3) + 10 if known else 0), top + place.height / 2
    wide, half = measured(words, place.size, bold=known), place.size * 0.55
    if words:
        box = (x - 4, middle - half, x + wide + 4, middle + half)
        canvas.pen.rectangle(box, fill=canvas.palette.background)
    colour = canvas.palette.ink if known else canvas.palette.muted
    canvas.text(x, middle, words, place.size, colour, bold=known)


def _average_label(canvas: Canvas, x: float, words: str) -> None:
    half = measured(words, _LEGEND) / 2
    canvas.text(min(max(x, MARGIN + half), WIDTH - MARGIN - half), canvas.y + 18, words, _LEGEND, anchor="mm")
    canvas.y += 44


def _average_line(canvas: Canvas, x: float, top: int) -> None:
    for y in range(top - 4, canvas.y, 18):
        canvas.pen.line((x, y, x, min(y + 10, canvas.y)), fill=canvas.palette.ink, width=4)
