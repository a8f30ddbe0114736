"""Writing workbooks: headings that people read, names that the machine reads, lists to choose from."""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.utils.exceptions import IllegalCharacterError
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from bot.workbook import sheets, values
from bot.workbook.sheets import FIRST_ROW, HEADING_ROW, MOST_ROWS, NAME_ROW, Column, Sheet

Row = Mapping[str, Any]
Show = Callable[[Iterable[Row]], Iterable[Row]]

_FORMATS = {
    "date": "dd/mm/yyyy",
    "time": "hh:mm",
    "moment": "dd/mm/yyyy hh:mm",
    "number": "General",
    "whole": "0",
    "any": "General",
}
_TEXT = "@"
_BEGINS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LAST = FIRST_ROW + MOST_ROWS - 1
_HEADING = PatternFill("solid", fgColor="DCE6F1")
_NAME = PatternFill("solid", fgColor="F3F6FA")
_LINE = Border(bottom=Side(style="thin", color="B8C4D4"))


class CannotBeWritten(Exception):
    """A value that no workbook can hold; the message names it."""


def write_organisation(path: Path, rows: Mapping[str, Sequence[Row]]) -> None:
    """Write the organisation's workbook: the guide, then each sheet with its rows.

    Only its owner may read the file. Raises CannotBeWritten and OSError.
    """
    book = Workbook()
    _write_guide(book)
    for sheet in sheets.sheets():
        _write_sheet(book, sheet, rows[sheet.name])
    _save(book, path)


def write_invitations(path: Path, rows: Iterable[Row]) -> None:
    """Write a workbook of one-time invitations, which only its owner may read. Raises as above."""
    book = Workbook()
    del book[book.sheetnames[0]]
    sheet = sheets.invitations_sheet()
    _write_sheet(book, sheet, rows)
    if (footer := book[sheet.name].oddFooter) is not None and footer.left is not None:
        footer.left.text = sheets.invitations_note()
    _save(book, path)


def _save(book: Workbook, path: Path) -> None:
    # The file is private from its first byte, and takes the place of another only when it is whole.
    partial = path.with_name(f".{path.name}.part")
    try:
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            os.fchmod(file.fileno(), 0o600)
            book.save(file)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _write_guide(book: Workbook) -> None:
    page = book.worksheets[0]
    page.title, lines = sheets.guide()
    page.column_dimensions["A"].width, page.column_dimensions["B"].width = 26, 110
    page.sheet_view.showGridLines = False
    for number, (about, text) in enumerate(lines, start=1):
        _put(page, number, 1, about).font = Font(bold=True, size=14 if number == 1 else 11)
        _put(page, number, 2, text).alignment = Alignment(wrap_text=True, vertical="top")
        page.cell(number, 1).alignment = Alignment(wrap_text=True, vertical="top")


def _write_sheet(book: Workbook, sheet: Sheet, rows: Iterable[Row]) -> None:
    page = book.create_sheet(sheet.name)
    page.freeze_panes = f"{'C' if len(sheet.columns) > 6 else 'B'}{FIRST_ROW}"
    _write_headings(page, sheet)
    last = NAME_ROW
    for last, row in enumerate(rows, start=FIRST_ROW):
        _write_row(page, sheet, last, row)
    page.auto_filter.ref = f"A{NAME_ROW}:{get_column_letter(len(sheet.columns))}{max(last, FIRST_ROW)}"


def _write_headings(page: Worksheet, sheet: Sheet) -> None:
    for number, column in enumerate(sheet.columns, start=1):
        letter = get_column_letter(number)
        heading, name = page.cell(HEADING_ROW, number, column.heading), page.cell(NAME_ROW, number, column.id)
        heading.font, heading.fill = Font(bold=True), _HEADING
        heading.alignment = Alignment(wrap_text=True, vertical="center")
        name.font, name.fill, name.border = Font(size=9, color="5B6B7F"), _NAME, _LINE
        page.column_dimensions[letter].width = column.width
        page.column_dimensions[letter].number_format = _FORMATS.get(column.kind, _TEXT)
        if (choice := _choice(column)) is not None:
            choice.add(f"{letter}{FIRST_ROW}:{letter}{_LAST}")
            page.add_data_validation(choice)
    page.row_dimensions[HEADING_ROW].height = 32


def _choice(column: Column) -> DataValidation | None:
    """Return the list to choose from, or the hint that shows when a cell of the column is selected."""
    choices = sheets.yes_no() if column.kind == "yes_no" else column.choices
    if not (choices or column.source or column.note):
        return None
    choice = DataValidation(type=None, allow_blank=True)
    if choices:
        choice.type, choice.formula1, choice.showErrorMessage = "list", f'"{",".join(choices)}"', True
    elif column.source:
        choice.type, choice.formula1 = "list", f"{column.source}!$A${FIRST_ROW}:$A${_LAST}"
    choice.promptTitle, choice.prompt = column.heading[:32], column.note or None
    choice.showInputMessage = bool(column.note)
    return choice


def _write_row(page: Worksheet, sheet: Sheet, number: int, row: Row) -> None:
    for position, column in enumerate(sheet.columns, start=1):
        try:
            value = values.written(row.get(column.id), column.kind)
            if value is not None:
                cell = _put(page, number, position, value)
                cell.number_format = _FORMATS.get(column.kind, _TEXT)
        except (IllegalCharacterError, ValueError) as error:
            text = f"{sheet.name}, {column.id}: {error}"
            raise CannotBeWritten(f"{text}; the JSON file (.json) can hold it") from error


def _put(page: Worksheet, row: int, column: int, value: Any) -> Any:
    cell = page.cell(row, column, value)
    # What begins with "=" would be taken for a formula, and a name must never be one.
    if isinstance(value, str):
        make_inert(cell, value)
    return cell


def make_inert(cell: Any, value: str) -> None:
    """Let a text be a text for ever: also once somebody edits its cell, which would make a formula of it."""
    cell.data_type = "s"
    if value.startswith(_BEGINS_FORMULA):
        cell.quotePrefix = True
