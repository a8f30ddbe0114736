"""The pictures themselves: right in size, legible, told apart by colour-blind people, whatever they show."""

import unicodedata
from io import BytesIO
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from numpy.typing import NDArray
from PIL import Image

import bot.drawing
from benchmarks.chart_samples import edges, samples
from bot.drawing import ward_map
from bot.drawing.canvas import WIDTH, measured, readable, wrapped
from bot.drawing.numbers import briefly, round_steps, told
from bot.drawing.painting import paint
from bot.drawing.palette import DARK, LIGHT, Colour, Palette, contrast, letters_on
from handlers import charts, texts
from routing.organisation import build_city

FONTS = sorted(Path(bot.drawing.__file__).parent.joinpath("fonts").glob("*.ttf"))
VOWELS = "aăâeêioôơuưy"
TONES = "\u0300\u0301\u0303\u0309\u0323"
LETTERS = {unicodedata.normalize("NFC", letter + tone) for letter in VOWELS for tone in ("", *TONES)} | {"đ"}
SPECS = {**samples(), **edges()}
PALETTES = {"light": LIGHT, "dark": DARK}
# What colour-blind people see, in linear RGB (Machado, Oliveira and Fernandes 2009, severity 1,
# https://doi.org/10.1109/TVCG.2009.113).
BLINDNESS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
}
TRIPLES = [charts.ANSWERED, charts.OPEN, charts.OUTLOOK]


def picture(spec: Any, **more: Any) -> Image.Image:
    return Image.open(BytesIO(paint({**spec, **more})), formats=["PNG"])


def seen(colour: Colour, blindness: str) -> NDArray[Any]:
    """Return a colour as somebody sees it, in the CIE's L*a*b*, where distance is difference."""
    part = np.array(colour) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.array(BLINDNESS[blindness]) @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ linear / [0.9505, 1, 1.089], 0.008856))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", SPECS)
def test_every_picture_is_a_png_as_wide_as_a_phone_and_small_enough_to_send(name: str, dark: bool) -> None:
    png = paint({**SPECS[name], "dark": dark})
    drawn = Image.open(BytesIO(png), formats=["PNG"])
    assert drawn.width == WIDTH
    assert 150 < drawn.height < 2400
    assert len(png) < 200_000
    corner = drawn.convert("RGB").getpixel((3, 3))
    assert max(abs(a - b) for a, b in zip(corner, PALETTES["dark" if dark else "light"].background)) <= 8  # type: ignore[arg-type]  # noqa: B905


@pytest.mark.parametrize("name", SPECS)
def test_nothing_is_cut_off_at_the_sides(name: str) -> None:
    """What is drawn beyond the sheet is lost: a margin of the background tells that there is none."""
    drawn = np.asarray(picture(SPECS[name]).convert("L")).astype(int)
    for side in (drawn[:, :10], drawn[:, -10:], drawn[-10:, :]):
        assert side.min() >= 240


def test_a_whole_province_is_no_higher_than_what_a_phone_can_show() -> None:
    rows = [(f"Phường {number}", {"overdue": number, "on_time": 5}) for number in range(1, 151)]
    assert picture(charts.bars_by_unit("Cả thành phố", rows)).height < 1.6 * WIDTH


def test_nothing_to_show_is_said() -> None:
    for spec in (
        charts.bars_by_unit("Không có gì", []),
        charts.ranking("Không có gì", [("Phường Láng", None)]),
        charts.trend("Không có gì", [("T9", None)]),
        charts.trend("Không có gì", []),
        charts.heat("Không có gì", ["Phường Láng"], ["Điện"], {}),
    ):
        with_words, without = picture(spec), picture(spec, nothing="")
        assert with_words.height > without.height


def test_the_worst_colour_stands_at_the_left_of_the_bars_and_its_length_tells_its_number() -> None:
    rows = [("A", {"overdue": 30, "on_time": 10}), ("B", {"overdue": 15, "on_time": 5})]
    drawn = np.asarray(picture(charts.bars_by_unit("Dài gấp đôi", rows)).convert("RGB")).astype(int)
    green = np.abs(drawn - LIGHT.parts["on_time"].fill).max(axis=2) < 12
    wide = sorted({int(count) for count in green[green.shape[0] // 2 :].sum(axis=1) if count > 60})
    assert wide[-1] >= 1.9 * wide[0]


@pytest.mark.parametrize("path", FONTS, ids=lambda path: path.stem)
def test_the_shipped_font_has_every_letter_that_is_let_through(path: Path) -> None:
    drawn = set(TTFont(path).getBestCmap())
    let_through = {code for code in range(0x20, 0x2500) if readable(chr(code)) == chr(code)}
    assert let_through <= drawn
    assert {ord(letter) for letter in LETTERS | {letter.upper() for letter in LETTERS}} <= let_through
    assert {ord(sign) for sign in "0123456789.,%/–…+-:()«»"} <= let_through


def test_letters_apart_from_their_marks_are_drawn_as_one_and_signs_without_letters_are_left_out() -> None:
    whole = "Phường Thượng Cát, Ủy ban, đường Nguyễn Trãi"
    apart = unicodedata.normalize("NFD", whole)
    assert apart != whole
    assert readable(apart) == whole
    assert measured(apart, 30) == measured(whole, 30)
    assert readable("Nóng 🔥 quá\u200b") == "Nóng  quá"
    spec = charts.ranking(whole, [(whole, 1)])
    assert paint(charts.ranking(apart, [(apart, 1)])) == paint(spec)


def test_every_name_of_the_city_fits_its_column_without_being_cut() -> None:
    names = [unit.name for unit in build_city("ha-noi").units.values() if unit.kind != "office"]
    for name in names:
        lines = wrapped(texts.chart_unit(name=name), 25, 400, lines=2)
        assert len(lines) <= 2
        assert not any(line.endswith("…") for line in lines), name


def test_lines_are_of_about_the_same_length() -> None:
    assert wrapped("Phường Lĩnh Nam còn nhiều việc quá hạn nhất", 46, 1000, bold=True) != []
    *first, last = wrapped("Phường Lĩnh Nam còn nhiều việc quá hạn nhất", 46, 1000, bold=True)
    assert first
    assert measured(last, 46, bold=True) > 0.5 * measured(first[0], 46, bold=True)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
@pytest.mark.parametrize("blindness", BLINDNESS)
@pytest.mark.parametrize("lights", TRIPLES, ids=["answered", "open", "outlook"])
def test_colour_blind_people_tell_the_lights_apart(
    lights: tuple[str, ...], blindness: str, palette: Palette
) -> None:
    for one, other in combinations(lights, 2):
        apart = np.linalg.norm(
            seen(palette.part(one).fill, blindness) - seen(palette.part(other).fill, blindness)
        )
        assert apart >= 15, (one, other, apart)


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_every_part_has_a_pattern_of_its_own(palette: Palette) -> None:
    patterns = [ink.pattern for ink in palette.parts.values()]
    assert len(set(patterns)) == len(patterns) == 7
    assert len({palette.part(part).pattern for part in charts.OUTLOOK}) == len(charts.OUTLOOK)
    assert {palette.part(part) for part in charts.PARTS} == set(palette.parts.values())


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
def test_everything_stands_out_from_what_it_stands_on(palette: Palette) -> None:
    for letters in (palette.ink, palette.muted):
        assert contrast(letters, palette.background) >= 4.5
    for name, ink in (*palette.parts.items(), *palette.tones.items()):
        assert contrast(ink.letters, ink.fill) >= 4.5, name
        area = max(contrast(ink.fill, palette.background), contrast(ink.edge, palette.background))
        assert area >= 3, name
    assert contrast(palette.line, palette.background) >= 3
    for shade in palette.ramp:
        assert contrast(letters_on(shade), shade) >= 4.5


@pytest.mark.parametrize("palette", PALETTES.values(), ids=PALETTES)
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_shades_go_one_way_for_everybody(blindness: str, palette: Palette) -> None:
    lightness = [seen(shade, blindness)[0] for shade in palette.ramp]
    steps = np.diff(lightness) * (1 if palette is DARK else -1)
    assert (steps > 6).all()


def test_each_range_of_a_map_has_a_shade_of_its_own() -> None:
    for highest in (1, 2, 3, 4, 5, 60):
        limits = ward_map.limits_of([number % (highest + 1) for number in range(200)])
        shades = ward_map.shades_of(LIGHT, limits)
        assert len(set(shades)) == len(shades) == len(limits) + 1
        assert shades[-1] == LIGHT.ramp[-1]


def test_numbers_are_written_as_in_viet_nam() -> None:
    assert told(1234) == "1.234"
    assert told(12.5) == "12,5"
    assert told(12.0) == "12"
    assert told(82.46, "%") == "82,5%"
    assert told(3, "giờ") == "3 giờ"
    assert told(1234567.8) == "1.234.568"
    assert [briefly(number) for number in (950, 9999, 12345, 4_500_000)] == ["950", "9.999", "12,3k", "4,5tr"]


def test_scales_go_up_in_round_steps_and_whole_numbers_in_whole_ones() -> None:
    assert round_steps(63) == [0, 20, 40, 60, 80]
    assert round_steps(3) == [0, 1, 2, 3]
    assert round_steps(1) == [0, 1]
    assert round_steps(0) == [0, 1]
    assert round_steps(0.4)[-1] >= 0.4
    assert len(round_steps(7_216_031)) <= 6
