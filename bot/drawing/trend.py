"""A line over time, with the period before it as a dashed one."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.drawing.canvas import MARGIN, WIDTH, Canvas, Layer, measured
from bot.drawing.numbers import briefly, round_steps, told

_HEIGHT = 560
_ROOM = 56
"""Room above and below the line for its numbers."""
_SIZE = 30
Point = tuple[float, float]


def draw(canvas: Canvas, spec: Mapping[str, Any]) -> bool:
    """Draw the line; False when there is nothing to show."""
    numbers = [point["number"] for point in spec["points"]]
    before = spec["before"]
    known = [number for number in (*numbers, *before) if number is not None]
    if not any(number is not None for number in numbers):
        return False
    if before:
        _names(canvas, spec["names"])
    unit = spec["unit"]
    steps = round_steps(100 if unit == "%" and max(known) > 50 else max(known))
    plot = _Plot(canvas, steps, len(numbers), unit)
    layer = plot.layer
    for y in map(plot.height_of, steps):
        layer.line(((0, y), (plot.width, y)), canvas.palette.grid, 2)
    for run in plot.runs(before):
        layer.dashes(run, canvas.palette.muted, 4)
    for run in plot.runs(numbers):
        layer.line(run, canvas.palette.line, 7)
        for x, y in run:
            layer.dot(x, y, 9 if len(numbers) <= 31 else 5, canvas.palette.line)
    layer.close()
    plot.scale(steps)
    plot.numbers(numbers, before)
    plot.labels([point["label"] for point in spec["points"]])
    return True


def _names(canvas: Canvas, names: Sequence[str]) -> None:
    """Explain the two lines."""
    x, y = MARGIN, canvas.y + 22
    layer = canvas.smooth(x, canvas.y, WIDTH - 2 * MARGIN, 44)
    after = 80 + measured(names[0], _SIZE) + 50
    layer.line(((0, 22), (66, 22)), canvas.palette.line, 7)
    layer.dashes(((after, 22), (after + 66, 22)), canvas.palette.muted, 4)
    layer.close()
    canvas.text(x + 80, y, names[0], _SIZE, bold=True)
    canvas.text(x + after + 80, y, names[1], _SIZE, canvas.palette.muted)
    canvas.y += 58


class _Plot:
    """Where points stand on the sheet."""

    def __init__(self, canvas: Canvas, steps: Sequence[float], count: int, unit: str) -> None:
        self.canvas, self.count, self.unit = canvas, count, unit
        self.largest = steps[-1]
        widest = max(measured(self._tick(step), _SIZE) for step in steps)
        self.left = round(MARGIN + widest + 16)
        self.top = canvas.y
        self.width, self.height = WIDTH - MARGIN - self.left, _HEIGHT
        self.layer: Layer = canvas.smooth(self.left, self.top, self.width, self.height)

    def _tick(self, step: float) -> str:
        return briefly(step) + ("%" if self.unit == "%" else "")

    def height_of(self, number: float) -> float:
        """Return how far below the plot's top a number lies."""
        return self.height - _ROOM - (self.height - 2 * _ROOM) * number / self.largest

    def across(self, index: int) -> float:
        """Return how far right of the plot's left side a point lies."""
        room = 50
        return room + (self.width - 2 * room) * (index / (self.count - 1) if self.count > 1 else 0.5)

    def runs(self, numbers: Sequence[float | None]) -> list[list[Point]]:
        """Return the points that follow one another without a gap."""
        found: list[list[Point]] = [[]]
        for index, number in enumerate(numbers):
            if number is None:
                found.append([])
            else:
                found[-1].append((self.across(index), self.height_of(number)))
        return [run for run in found if run]

    def scale(self, steps: Sequence[float]) -> None:
        """Write the numbers at the side."""
        for step in steps:
            y = self.top + self.height_of(step)
            self.canvas.text(
                self.left - 12, y, self._tick(step), _SIZE, self.canvas.palette.muted, anchor="rm"
            )

    def numbers(self, numbers: Sequence[float | None], before: Sequence[float | None]) -> None:
        """Write the numbers at the points: all of a few, else the last and the highest."""
        known = {index: number for index, number in enumerate(numbers) if number is not None}
        highest = max(known, key=lambda index: (known[index], index))
        wanted = known if len(known) <= 8 else {index: known[index] for index in (highest, max(known))}
        edge = WIDTH - MARGIN
        for index, number in wanted.items():
            words = told(number, "%" if self.unit == "%" else "")
            half = measured(words, 34, bold=True) / 2
            x = min(max(self.left + self.across(index), self.left + half), edge - half)
            y = self.top + self.height_of(number) + (34 if self._below(index, numbers, before) else -36)
            self.canvas.text(x, y, words, 34, bold=True, anchor="mm")

    def _below(self, index: int, numbers: Sequence[float | None], before: Sequence[float | None]) -> bool:
        """Tell whether there is more room for a number below its point: in a dip, or under the other line."""
        here = numbers[index] or 0
        beside = (*numbers[max(index - 1, 0) : index], *numbers[index + 1 : index + 2])
        dip = bool(beside) and all(each is not None and each > here for each in beside)
        other = before[index] if index < len(before) else None
        crowded = other is not None and 0 < (other - here) / self.largest < 0.14
        return (dip or crowded) and here / self.largest > 0.02

    def labels(self, labels: Sequence[str]) -> None:
        """Write what the points are called, as many as fit."""
        widest = max(measured(label, _SIZE) for label in labels) + 24
        room = (self.width - 100) / max(self.count - 1, 1)
        every = max(1, -int(-widest // room)) if self.count > 1 else 1
        y = self.top + self.height - 4
        for index in range(self.count - 1, -1, -every):
            half = measured(labels[index], _SIZE) / 2
            x = min(self.left + self.across(index), WIDTH - 12 - half)
            self.canvas.text(x, y, labels[index], _SIZE, self.canvas.palette.muted, anchor="mm")
        if self.unit and self.unit != "%":
            self.canvas.text(self.left, self.top + 4, self.unit, _SIZE, self.canvas.palette.muted)
        self.canvas.y = y + 30
