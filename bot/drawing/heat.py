"""A table of units by domains, darker where there is more."""

from collections.abc import Mapping, Sequence
from typing import Any

from PIL import Image, ImageDraw

from bot.drawing.canvas import MARGIN, WIDTH, Canvas, font, measured, shortened, wrapped
from bot.drawing.numbers import briefly
from bot.drawing.palette import letters_on

_NAME = 330
_SIZE, _HEADING = 32, 28
_LONGEST = 300


def draw(canvas: Canvas, spec: Mapping[str, Any]) -> bool:
    """Draw the table; False when there is nothing to show."""
    rows, columns = spec["rows"], spec["columns"]
    if not rows or not columns:
        return False
    height = 62 if len(rows) <= 16 else 54
    name_width = min(_NAME, max(measured(row["name"], _SIZE) for row in rows) + 6)
    left = round(MARGIN + name_width + 14)
    width = min((WIDTH - MARGIN - left) / len(columns), 190)
    _headings(canvas, columns, left, width)
    largest = max(number for row in rows for number in row["numbers"] if number is not None)
    for row in rows:
        canvas.label(MARGIN, canvas.y, name_width, height, row["name"], _SIZE)
        for index, number in enumerate(row["numbers"]):
            _cell(canvas, (left + index * width, canvas.y, width, height), number, largest, spec["unit"])
        canvas.y += height
    return True


def _headings(canvas: Canvas, columns: Sequence[str], left: float, width: float) -> None:
    """Write the columns' names: upright where they are wide enough, else turned."""
    if all(measured(word, _HEADING) <= width - 8 for name in columns for word in name.split()):
        broken = [wrapped(name, _HEADING, width - 8, lines=3) for name in columns]
        deep = max(map(len, broken))
        for index, lines in enumerate(broken):
            for number, line in enumerate(lines):
                y = canvas.y + (deep - len(lines) + number + 0.5) * _HEADING * 1.2
                canvas.text(left + (index + 0.5) * width, y, line, _HEADING, anchor="mm")
        canvas.y += round(deep * _HEADING * 1.2) + 10
        return
    names = [shortened(name, _HEADING, _LONGEST) for name in columns]
    deep = round(max(measured(name, _HEADING) for name in names)) + 6
    for index, name in enumerate(names):
        _turned(canvas, name, left + (index + 0.5) * width, canvas.y + deep)
    canvas.y += deep + 10


def _turned(canvas: Canvas, words: str, x: float, bottom: float) -> None:
    """Write a line that is read from below."""
    high = round(_HEADING * 1.5)
    mask = Image.new("L", (round(measured(words, _HEADING)) + 4, high), 0)
    ImageDraw.Draw(mask).text((0, high / 2), words, fill=255, font=font(_HEADING), anchor="lm")
    mask = mask.transpose(Image.Transpose.ROTATE_90)
    at = (round(x - high / 2), round(bottom - mask.height))
    canvas.image.paste(canvas.palette.ink, at, mask)


def _cell(
    canvas: Canvas, box: tuple[float, float, float, float], number: float | None, largest: float, unit: str
) -> None:
    x, y, width, height = box
    ramp, palette = canvas.palette.ramp, canvas.palette
    share = (number or 0) / largest if largest else 0
    fill = ramp[min(int(share * len(ramp)), len(ramp) - 1)] if number else palette.background
    canvas.pen.rectangle((x + 2, y + 2, x + width - 3, y + height - 3), fill=fill, outline=palette.grid)
    words = "–" if number is None else briefly(number) + ("%" if unit == "%" else "")
    colour = letters_on(fill) if number else palette.muted
    size = _SIZE if measured(words, _SIZE, bold=bool(number)) <= width - 8 else 24
    canvas.text(x + width / 2, y + height / 2, words, size, colour, bold=bool(number), anchor="mm")
