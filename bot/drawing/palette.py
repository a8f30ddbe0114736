"""Colours and patterns: told apart by colour-blind people, on light and on dark backgrounds.

The three lights differ in lightness as well as in hue, as in Okabe and Ito's set (https://jfly.uni-koeln.de/color/),
and every part of a bar has a pattern of its own besides.
"""

from dataclasses import dataclass
from typing import Literal

Colour = tuple[int, int, int]
Pattern = Literal["", "cross", "falling", "rising", "dots", "level", "upright"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ink:
    """How an area is filled: its colour, its edge and pattern in another one, and letters on it."""

    fill: Colour
    edge: Colour
    letters: Colour
    pattern: Pattern = ""


_LIKE = {"likely_late": "overdue", "uncertain": "at_risk", "likely_on_time": "on_track"}
"""What is foretold looks like what it may become; both never stand in one picture."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Palette:
    """The colours of a picture. `ramp` goes from few to many."""

    background: Colour
    ink: Colour
    muted: Colour
    grid: Colour
    empty: Colour
    line: Colour
    parts: dict[str, Ink]
    tones: dict[str, Ink]
    ramp: tuple[Colour, ...]

    def part(self, name: str) -> Ink:
        """Return how a part of a bar is filled; raises KeyError for one that is none."""
        return self.parts[_LIKE.get(name, name)]


def _colour(code: str) -> Colour:
    return int(code[0:2], 16), int(code[2:4], 16), int(code[4:6], 16)


def _ink(fill: str, edge: str, letters: str, pattern: Pattern = "") -> Ink:
    return Ink(fill=_colour(fill), edge=_colour(edge), letters=_colour(letters), pattern=pattern)


_WHITE, _BLACK = "FFFFFF", "16202A"
LIGHT = Palette(
    background=_colour("FFFFFF"),
    ink=_colour(_BLACK),
    muted=_colour("56626E"),
    grid=_colour("D5DBE1"),
    empty=_colour("E6EAEE"),
    line=_colour("0B62A8"),
    parts={
        "overdue": _ink("A3161F", "6B0A10", _WHITE, "cross"),
        "late": _ink("CC4020", "8E240E", _WHITE, "falling"),
        "late_with_extension": _ink("F2A83B", "9A5B00", _BLACK, "rising"),
        "at_risk": _ink("FFD980", "946B00", _BLACK, "dots"),
        "on_track": _ink("A9DEC8", "1F7A5A", _BLACK, "level"),
        "on_time": _ink("0A7D5A", "064F38", _WHITE),
        "unknown": _ink("98A3AD", "56616B", _BLACK, "upright"),
    },
    tones={
        "neutral": _ink("2B7BBA", "14507F", _WHITE),
        "bad": _ink("C2371F", "8A1F0C", _WHITE),
        "good": _ink("0A7D5A", "064F38", _WHITE),
    },
    ramp=tuple(map(_colour, ("FDEBD3", "F9C68B", "EF9049", "C4481C", "8C1D12"))),
)
DARK = Palette(
    background=_colour("17212B"),
    ink=_colour("F3F6F8"),
    muted=_colour("AAB6C1"),
    grid=_colour("34424F"),
    empty=_colour("2B3844"),
    line=_colour("6CB8F5"),
    parts={
        "overdue": _ink("C9252D", "FF9A94", _WHITE, "cross"),
        "late": _ink("EE6C4D", "7A1D0A", _BLACK, "falling"),
        "late_with_extension": _ink("F5B44F", "7D4A00", _BLACK, "rising"),
        "at_risk": _ink("FFE29A", "8A6500", _BLACK, "dots"),
        "on_track": _ink("A9DEC8", "17694C", _BLACK, "level"),
        "on_time": _ink("1C9A72", "8FE0C4", _BLACK),
        "unknown": _ink("8995A0", "4A5560", _BLACK, "upright"),
    },
    tones={
        "neutral": _ink("4C9BDB", "9CCBF2", _BLACK),
        "bad": _ink("EE6C4D", "FFB6A3", _BLACK),
        "good": _ink("1C9A72", "8FE0C4", _BLACK),
    },
    ramp=tuple(map(_colour, ("4A2A22", "8C3B1F", "DE6A35", "F4A15C", "FFD9A0"))),
)


def palette(dark: bool) -> Palette:
    """Return the colours for a background."""
    return DARK if dark else LIGHT


def letters_on(colour: Colour) -> Colour:
    """Return the colour of letters, nearly black or white, that is read best on a colour."""
    black, white = _colour(_BLACK), _colour(_WHITE)
    return max((black, white), key=lambda letters: contrast(letters, colour))


def contrast(one: Colour, other: Colour) -> float:
    """Return the contrast of two colours, 1 to 21 (https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        value / 255 / 12.92 if value / 255 <= 0.04045 else ((value / 255 + 0.055) / 1.055) ** 2.4
        for value in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
