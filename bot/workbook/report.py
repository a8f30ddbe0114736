"""A workbook of figures and the cases behind them, written a few rows at a time."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.table import Table, TableStyleInfo

from bot.workbook.writing import make_inert
from handlers import exports, texts
from handlers.exports import Contents, Export
from storage import units
from storage.database import Database

_MOMENT = "dd/mm/yyyy hh:mm"
_SHARE = "0.0%"
_HEADING_ROW = 3
_STYLE = TableStyleInfo(name="TableStyleMedium2", showRowStripes=True)
_FIRST_WIDTH = 34


class Reports:
    """Makes the workbooks that messages carry."""

    def __init__(
        self, database: Database, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._database = database
        self._now = now

    async def make(self, spec: dict[str, Any]) -> tuple[Path, str]:
        """Return the file of a workbook, which whoever takes it removes, and the name that it is sent under.

        Raises LookupError when there is no city, OSError when the disk refuses.
        """
        wanted = Export.from_dict(spec)
        number, name = tempfile.mkstemp(prefix="langnghe-", suffix=".xlsx")
        os.close(number)
        path = Path(name)
        try:
            return path, await self._fill(path, wanted)
        except BaseException:
            os.unlink(name)
            raise

    async def _fill(self, path: Path, wanted: Export) -> str:
        async with self._database.read() as transaction:
            city = await units.load_city(transaction, now=self._now())
            if city is None:
                raise LookupError("there is no city")
            made, found = await exports.contents(transaction, city, wanted)
            rows = exports.case_rows(transaction, city, wanted, found)
            await _write(path, made, rows)
        return made.name


async def _write(path: Path, made: Contents, cases: AsyncIterator[list[list[Any]]]) -> None:
    """Write both sheets. The rows wait in a file, not in memory, until the workbook is put together."""
    book = Workbook(write_only=True)
    figures = _begun(book, texts.export_figures_sheet(), made.heading, made.figure_headings)
    shares = {index for index, name in enumerate(exports.COLUMNS, start=1) if name == "satisfaction"}
    for row in made.figures:
        figures.append([_cell(figures, value, index in shares) for index, value in enumerate(row)])
    _finish(figures, "SoLieu", made.figure_headings, len(made.figures))
    sheet = _begun(book, texts.export_cases_sheet(), made.heading, made.case_headings)
    count = 0
    async for rows in cases:
        await asyncio.to_thread(_append, sheet, rows)
        count += len(rows)
    _finish(sheet, "HoSo", made.case_headings, count)
    await asyncio.to_thread(book.save, path)


def _begun(book: Workbook, title: str, heading: str, headings: Sequence[str]) -> Any:
    sheet: Any = book.create_sheet(title)
    sheet.freeze_panes = f"B{_HEADING_ROW + 1}"
    for index, _ in enumerate(headings, start=1):
        width = _FIRST_WIDTH if index == 1 else max(14, len(headings[index - 1]) + 4)
        sheet.column_dimensions[get_column_letter(index)].width = width
    top = _cell(sheet, heading)
    top.font = Font(bold=True, size=13)
    sheet.append([top])
    sheet.append([])
    sheet.append(list(headings))
    return sheet


def _append(sheet: Any, rows: Sequence[Sequence[Any]]) -> None:
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])


def _cell(sheet: Any, value: Any, share: bool = False) -> Any:
    if isinstance(value, str):
        value = ILLEGAL_CHARACTERS_RE.sub("", value)
    cell: Any = WriteOnlyCell(sheet, value=value)
    if isinstance(value, str):
        make_inert(cell, value)  # what people wrote is never a formula
    elif isinstance(value, datetime):
        cell.number_format = _MOMENT
    elif share:
        cell.number_format = _SHARE
    return cell


def _finish(sheet: Any, name: str, headings: Sequence[str], count: int) -> None:
    """Make the rows a table with filters; a table has at least one row."""
    if not count:
        sheet.append([None] * len(headings))
    last = _HEADING_ROW + max(count, 1)
    table: Any = Table(displayName=name, ref=f"A{_HEADING_ROW}:{get_column_letter(len(headings))}{last}")
    table.tableStyleInfo = _STYLE
    table._initialise_columns()
    for column, heading in zip(table.tableColumns, headings, strict=True):
        column.name = heading
    sheet.tables.add(table)  # `add_table` warns of columns that are not there, and they are
