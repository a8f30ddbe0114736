"""Reading sheets as rows of values, with every bad cell named; nothing is trusted about the file."""

import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import chain, islice
from pathlib import Path
from typing import Any

from openpyxl import load_workbook
from openpyxl.utils import column_index_from_string, get_column_letter

from bot.workbook import values
from bot.workbook.sheets import MOST_ROWS, Column, Sheet, plain

MOST_BYTES = 100_000_000
"""What a file may unpack to: several times the largest city's workbook."""
_LAST_ROW, _MOST_COLUMNS, _HEADING_ROWS = 1_048_576, 60, 10
_OLE = b"\xd0\xcf\x11\xe0"
_MERGED = re.compile(rb'<(?:\w+:)?mergeCell\s[^>]*?ref="([A-Z]+)(\d+)[^"]*"')

Row = Mapping[str, Any]
Line = tuple[int, Sequence[values.AnyCell]]


class NoWorkbook(Exception):
    """The file cannot be read as a workbook at all; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Fault:
    """A bad cell."""

    sheet: str
    row: int = 1
    column: int = 1
    text: str

    def __str__(self) -> str:
        return f"{self.sheet}!{get_column_letter(self.column)}{self.row}: {self.text}"


@dataclass(kw_only=True, slots=True)
class Grid:
    """A sheet's rows: the number of each, and its values by the names of their columns."""

    sheet: Sheet
    columns: dict[str, int] = field(default_factory=dict)
    heading: int = 1
    rows: list[tuple[int, Row]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    broken: bool = False
    """The sheet as a whole cannot be read: what its rows say of one another means nothing."""

    def note(self, text: str, *, row: int | None = None, column: str = "") -> None:
        """Note a bad cell; without a row that of the column's heading."""
        self.faults.append(self.fault(text, row=row, column=column))

    def fault(self, text: str, *, row: int | None = None, column: str = "") -> Fault:
        """Return a bad cell of this sheet; its first cell for a column that it does not have."""
        number = self.columns.get(column, 1)
        return Fault(sheet=self.sheet.name, row=row or self.heading, column=number, text=text)


def read_grids(path: Path, wanted: Sequence[Sheet]) -> dict[str, Grid]:
    """Return the wanted sheets of a workbook by name, with their faults; other sheets are left alone.

    Raises NoWorkbook for what is none, and OSError.
    """
    raw = _raw_sheets(path, [sheet.name for sheet in wanted])
    return {sheet.name: _grid(sheet, raw.get(sheet.name)) for sheet in wanted}


def read_first(path: Path, sheet: Sheet) -> Grid:
    """Return the first sheet of a workbook, whatever it is called, as this one. Raises as above."""
    for name, raw in _raw_sheets(path, None).items():
        return _grid(replace(sheet, name=name), raw)
    raise NoWorkbook("holds no sheet")


def read_table(lines: Iterable[Sequence[str]], sheet: Sheet) -> Grid:
    """Return a table of plain texts, as a CSV file holds it."""
    cells = ([values.PlainCell(text) for text in line] for line in lines)
    return _read(sheet, enumerate(cells, start=1))


def _look_before_opening(path: Path) -> None:
    """Refuse what is no workbook, is locked, or would fill the memory."""
    with path.open("rb") as file:
        start = file.read(4)
    if start == _OLE:
        raise NoWorkbook("has a password or is an old .xls file: save it as .xlsx without a password")
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(each.file_size for each in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError) as error:
        raise NoWorkbook("is not a workbook (.xlsx)") from error
    if size > MOST_BYTES:
        raise NoWorkbook(f"unpacks to {size // 1_000_000} MB; at most {MOST_BYTES // 1_000_000} are read")


@dataclass(frozen=True, kw_only=True, slots=True)
class _RawSheet:
    """What a sheet holds before anything is asked of it; merged: (column, row) of each first merged cell."""

    lines: list[Line]
    merged: list[tuple[int, int]]


def _raw_sheets(path: Path, names: Sequence[str] | None) -> dict[str, _RawSheet]:
    """Return the sheets of these names that there are; without names the first one."""
    _look_before_opening(path)
    # The library warns of what it leaves out (drop-down lists, colours) and fails on a damaged file with
    # whatever happened to be wrong first.
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with closing(load_workbook(path, read_only=True, keep_links=False)) as workbook:
                there = [each.title for each in workbook.worksheets]
                found = there[:1] if names is None else [name for name in names if name in there]
                return {name: _raw_sheet(workbook, name) for name in found}
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise NoWorkbook(f"is damaged and cannot be read ({type(error).__name__}: {error})") from error


def _raw_sheet(workbook: Any, name: str) -> _RawSheet:
    source = workbook[name]
    source.reset_dimensions()
    with workbook._archive.open(source._worksheet_path) as file:
        merged = [
            (column_index_from_string(letters.decode()), int(row))
            for letters, row in _MERGED.findall(file.read())
        ]
    # One row more than is allowed, so that there is a cell to name.
    lines = islice(_filled_lines(source), MOST_ROWS + _HEADING_ROWS + 1)
    return _RawSheet(lines=list(lines), merged=merged)


def _filled_lines(source: Any) -> Iterator[Line]:
    """Yield the rows that hold something: a file can name a cell of the very last row."""
    blank = None
    rows = source.iter_rows(max_row=_LAST_ROW, max_col=_MOST_COLUMNS)
    for number, row in enumerate(rows, start=1):
        # The library gives one and the same row for all that the file does not hold.
        if row is blank:
            continue
        if all(map(values.is_empty, row)):
            blank = row
        else:
            yield number, row


def _grid(sheet: Sheet, raw: _RawSheet | None) -> Grid:
    if raw is None:
        grid = Grid(sheet=sheet, broken=True)
        grid.note("the sheet is missing")
        return grid
    grid = _read(sheet, raw.lines)
    for column, row in raw.merged:
        if row >= grid.heading:
            text = "is merged with other cells: every cell must stand alone"
            grid.faults.append(Fault(sheet=sheet.name, row=row, column=column, text=text))
    return grid


def _read(sheet: Sheet, lines: Iterable[Line]) -> Grid:
    grid = Grid(sheet=sheet)
    rest = _read_heading(grid, iter(lines))
    if grid.broken:
        return grid
    by_number = {number: column for column in sheet.columns if (number := grid.columns.get(column.id))}
    for number, line in rest:
        if all(map(values.is_empty, line)):
            continue
        if len(grid.rows) == MOST_ROWS:
            grid.broken = True
            grid.note(f"there are more than {MOST_ROWS:,} rows", row=number)
            break
        grid.rows.append((number, _read_row(grid, by_number, number, line)))
    return grid


def _read_heading(grid: Grid, lines: Iterator[Line]) -> Iterator[Line]:
    """Find the row that names the columns, by their names or else by what people read; return what follows.

    Names that are missing, unknown or there twice are noted.
    """
    top = list(islice(lines, _HEADING_ROWS))
    identifiers = {each.id: each.id for each in grid.sheet.columns}
    either = _headings(grid.sheet) | identifiers
    for names in (identifiers, either):
        for place, (number, line) in enumerate(top):
            if len({names[name] for name in map(_name, line) if name in names}) >= 2:
                grid.heading = number
                _read_names(grid, [either.get(name, name) for name in map(_name, line)], set(identifiers))
                return chain(top[place + 1 :], lines)
    grid.broken = True
    known = ", ".join(each.id for each in grid.sheet.columns)
    grid.note(f"there is no row with the names of the columns: {known}")
    return iter(())


def _headings(sheet: Sheet) -> dict[str, str]:
    return {plain(name): each.id for each in sheet.columns for name in (each.heading, *each.also)}


def _name(cell: values.AnyCell) -> str:
    return plain(cell.value) if isinstance(cell.value, str) else ""


def _read_names(grid: Grid, found: Sequence[str], names: set[str]) -> None:
    for number, name in enumerate(found, start=1):
        at = Fault(sheet=grid.sheet.name, row=grid.heading, column=number, text=f"unknown column {name!r}")
        if name in grid.columns:
            text = f"the column {name!r} is there twice"
            grid.faults.append(Fault(sheet=at.sheet, row=at.row, column=at.column, text=text))
        elif name in names:
            grid.columns[name] = number
        elif name:
            grid.faults.append(at)
    for column in grid.sheet.columns:
        if column.id not in grid.columns and not column.optional and column.kind != "shown":
            grid.broken = True
            grid.note(f"the column {column.id!r} is missing")


def _read_row(
    grid: Grid, by_number: Mapping[int, Column], number: int, line: Sequence[values.AnyCell]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for position, cell in enumerate(line, start=1):
        column = by_number.get(position)
        if values.is_empty(cell) or (column is not None and column.kind == "shown"):
            continue
        if column is None:
            _note_outside(grid, number, position)
            continue
        try:
            value = values.read(cell, column.kind)
            row[column.id] = column.labels.get(plain(value), value) if column.labels else value
        except ValueError as error:
            grid.note(f"{column.id} {error}", row=number, column=column.id)
            row[column.id] = None
    return row


def _note_outside(grid: Grid, number: int, position: int) -> None:
    # Below an unknown heading the heading itself has been noted.
    if not any(fault.row == grid.heading and fault.column == position for fault in grid.faults):
        text = "stands outside the columns"
        grid.faults.append(Fault(sheet=grid.sheet.name, row=number, column=position, text=text))
