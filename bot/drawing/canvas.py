"""The sheet that pictures are drawn on: letters that fit, patterned areas, smooth lines, and the PNG."""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO
from itertools import pairwise
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bot.drawing.palette import Colour, Ink, Palette

WIDTH = 1080
"""A chat bubble shows it at about a third of this: letters of 33 are read as 11."""
MARGIN = 40
_HIGHEST = 2600
_SMOOTH = 2
"""Slanted lines and shapes are drawn this many times larger, then made smaller."""
_FONTS = Path(__file__).with_name("fonts")
_LETTERS = ((0x20, 0x7E), (0xA0, 0x17F), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x1EA0, 0x1EF9), (0x2010, 0x2015))
_SIGNS = frozenset("‘’“”•…‰₫€")


class Canvas:
    """A sheet as wide as a phone and as high as needed; `y` is where the next thing goes."""

    def __init__(self, palette: Palette, *, height: int = _HIGHEST) -> None:
        self.palette = palette
        self.image = Image.new("RGB", (WIDTH, min(height, _HIGHEST)), palette.background)
        self.pen = ImageDraw.Draw(self.image)
        self.y = 32

    def text(
        self,
        x: float,
        y: float,
        words: str,
        size: int,
        colour: Colour | None = None,
        *,
        bold: bool = False,
        anchor: str = "lm",
    ) -> None:
        """Write one line. anchor: l, m or r for left, middle or right, then m for the line's middle."""
        self.pen.text(
            (x, y), readable(words), fill=colour or self.palette.ink, font=font(size, bold), anchor=anchor
        )

    def paragraph(
        self, words: str, size: int, colour: Colour | None = None, *, bold: bool = False, lines: int = 3
    ) -> None:
        """Write a text over the whole width from `y` on, and go below it."""
        for line in wrapped(words, size, WIDTH - 2 * MARGIN, bold=bold, lines=lines):
            self.text(MARGIN, self.y + size * 0.65, line, size, colour, bold=bold)
            self.y += round(size * 1.3)

    def area(self, x: float, y: float, width: float, height: float, ink: Ink) -> None:
        """Fill a rectangle in its colour and pattern, with an edge."""
        left, top, right, bottom = round(x), round(y), round(x + width), round(y + height)
        if right <= left or bottom <= top:
            return
        strip = _strip(ink, bottom - top)
        for start in range(left, right, strip.width):
            piece = strip.crop((0, 0, min(strip.width, right - start), bottom - top))
            self.image.paste(piece, (start, top))
        self.pen.rectangle((left, top, right - 1, bottom - 1), outline=ink.edge, width=2)

    def number_in(self, x: float, y: float, width: float, height: float, words: str, ink: Ink) -> bool:
        """Write a number into an area, on a calm ground; return False where there is no room for it."""
        largest = min(30, round(height * 0.72))
        fitting = (each for each in (largest, 24) if measured(words, each, bold=True) + 9 <= width)
        size = next(fitting, None)
        if size is None:
            return False
        wide = measured(words, size, bold=True)
        middle, centre = x + width / 2, y + height / 2
        if ink.pattern:
            half = wide / 2 + 4
            self.pen.rectangle((middle - half, y + 4, middle + half, y + height - 5), fill=ink.fill)
        self.text(middle, centre, words, size, ink.letters, bold=True, anchor="mm")
        return True

    def label(
        self, x: float, y: float, width: float, height: float, words: str, size: int, *, bold: bool = False
    ) -> None:
        """Write a name into a cell: on one line, a little smaller, on two, or cut with dots."""
        wide = measured(words, size, bold=bold)
        fitting = int(size * min(1, width / wide)) if wide else size
        if fitting >= size * 0.8:
            self.text(x, y + height / 2, words, fitting, bold=bold)
            return
        smaller = min(round(height * 0.44), size)
        lines = wrapped(words, smaller, width, bold=bold, lines=2)
        for number, line in enumerate(lines):
            middle = y + height / 2 + (number - (len(lines) - 1) / 2) * smaller * 1.1
            self.text(x, middle, line, smaller, bold=bold)

    def smooth(self, x: int, y: int, width: int, height: int) -> "Layer":
        """Begin a layer of slanted lines and shapes; `Layer.close` puts it on the sheet."""
        return Layer(self, x, y, width, height)

    def png(self) -> bytes:
        """Return the sheet down to `y` as a PNG."""
        sheet = self.image.crop((0, 0, WIDTH, min(self.y + 28, self.image.height)))
        # 256 colours are all that these pictures need: half the time and a third of the bytes.
        few = sheet.quantize(256, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        encoded = BytesIO()
        few.save(encoded, "PNG", compress_level=4)
        return encoded.getvalue()


class Layer:
    """A part of the sheet in which everything is drawn smoothly, in coordinates of the part."""

    def __init__(self, canvas: Canvas, x: int, y: int, width: int, height: int) -> None:
        self._canvas, self._at = canvas, (x, y)
        size = (width * _SMOOTH, height * _SMOOTH)
        self._image = Image.new("RGB", size, canvas.palette.background)
        self._pen = ImageDraw.Draw(self._image)

    def line(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw through points."""
        self._pen.line(_larger(points), fill=colour, width=round(width * _SMOOTH), joint="curve")

    def dashes(self, points: Sequence[tuple[float, float]], colour: Colour, width: float) -> None:
        """Draw through points with gaps, the same all along."""
        for start, end in _dashes(points, dash=14, gap=10):
            self.line((start, end), colour, width)

    def dot(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Draw a filled circle."""
        box = _larger(((x - radius, y - radius), (x + radius, y + radius)))
        self._pen.ellipse(box, fill=colour)

    def shape(self, points: Sequence[tuple[float, float]], fill: Colour, edge: Colour, width: float) -> None:
        """Draw a filled polygon with an edge."""
        larger = _larger(points)
        self._pen.polygon(larger, fill=fill)
        self._pen.line([*larger, larger[0]], fill=edge, width=round(width * _SMOOTH), joint="curve")

    def close(self) -> None:
        """Put the layer on the sheet."""
        self._canvas.image.paste(self._image.reduce(_SMOOTH), self._at)


def _larger(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(x * _SMOOTH, y * _SMOOTH) for x, y in points]


def _dashes(
    points: Sequence[tuple[float, float]], *, dash: float, gap: float
) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    found, along = [], 0.0
    for (x0, y0), (x1, y1) in pairwise(points):
        length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
        done = 0.0
        while done < length:
            left = (dash - along) if along < dash else (dash + gap - along)
            step = min(left, length - done)
            if along < dash:
                start, end = done / length, (done + step) / length
                found.append(
                    (
                        (x0 + (x1 - x0) * start, y0 + (y1 - y0) * start),
                        (x0 + (x1 - x0) * end, y0 + (y1 - y0) * end),
                    )
                )
            done += step
            along = (along + step) % (dash + gap)
    return found


@lru_cache(maxsize=64)
def font(size: int, bold: bool = False) -> ImageFont.FreeTypeFont:
    """Return the letters of a size, in pixels."""
    path = _FONTS / ("NotoSans-Bold.ttf" if bold else "NotoSans-Regular.ttf")
    return ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=4096)
def measured(words: str, size: int, *, bold: bool = False) -> float:
    """Return how wide a line is."""
    return font(size, bold).getlength(readable(words))


@lru_cache(maxsize=4096)
def readable(words: str) -> str:
    """Return a text in composed letters, without signs that the font does not have."""
    return "".join(letter for letter in unicodedata.normalize("NFC", words) if is_drawn(letter))


def is_drawn(letter: str) -> bool:
    """Tell whether the shipped font has a letter."""
    return letter in _SIGNS or any(first <= ord(letter) <= last for first, last in _LETTERS)


def wrapped(words: str, size: int, width: float, *, bold: bool = False, lines: int = 3) -> list[str]:
    """Break a text into lines of about the same length; the last ends with dots where there is more."""
    found = _broken(words, size, width, bold)
    for part in (0.9, 0.8, 0.7, 0.6):
        narrower = _broken(words, size, width * part, bold)
        if len(narrower) > len(found) or any(measured(line, size, bold=bold) > width for line in narrower):
            break
        found = narrower
    if len(found) > lines:
        found = [*found[: lines - 1], " ".join(found[lines - 1 :])]
    return [shortened(line, size, width, bold=bold) for line in found]


def _broken(words: str, size: int, width: float, bold: bool) -> list[str]:
    found: list[str] = []
    for word in readable(words).split():
        longer = f"{found[-1]} {word}" if found else word
        if found and measured(longer, size, bold=bold) <= width:
            found[-1] = longer
        else:
            found.append(word)
    return found


def shortened(words: str, size: int, width: float, *, bold: bool = False) -> str:
    """Return a line as it is, or cut with dots so that it fits."""
    if measured(words, size, bold=bold) <= width:
        return words
    while words and measured(f"{words}…", size, bold=bold) > width:
        words = words[:-1].rstrip()
    return f"{words}…"


@lru_cache(maxsize=256)
def _strip(ink: Ink, height: int) -> Image.Image:
    """Return a long strip of a pattern, as high as a bar."""
    scale = 3
    width = 480
    strip = Image.new("RGB", (width * scale, height * scale), ink.fill)
    if not ink.pattern:
        return strip.reduce(scale)
    pen = ImageDraw.Draw(strip)
    _PATTERNS[ink.pattern](pen, width * scale, height * scale, scale, ink.edge)
    return strip.reduce(scale)


def _slanted(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour, way: int) -> None:
    step = 16 * scale
    for start in range(-height - height % step - step, width + height, step):
        ends = (start, height, start + height, 0) if way > 0 else (start, 0, start + height, height)
        pen.line(ends, fill=colour, width=2 * scale + 1)


def _rising(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour) -> None:
    _slanted(pen, width, height, scale, colour, 1)


def _falling(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour) -> None:
    _slanted(pen, width, height, scale, colour, -1)


def _cross(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour) -> None:
    _slanted(pen, width, height, scale, colour, 1)
    _slanted(pen, width, height, scale, colour, -1)


def _dots(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour) -> None:
    step, radius = 12 * scale, 2.4 * scale
    for row, y in enumerate(range(step // 2, height, step)):
        for x in range(step // 2 + (row % 2) * step // 2, width, step):
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)


def _level(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour) -> None:
    for y in range(9 * scale, height, 11 * scale):
        pen.line((0, y, width, y), fill=colour, width=2 * scale)


def _upright(pen: ImageDraw.ImageDraw, width: int, height: int, scale: int, colour: Colour) -> None:
    for x in range(6 * scale, width, 12 * scale):
        pen.line((x, 0, x, height), fill=colour, width=2 * scale)


_PATTERNS = {
    "cross": _cross,
    "falling": _falling,
    "rising": _rising,
    "dots": _dots,
    "level": _level,
    "upright": _upright,
}
