"""The organisation's workbook as a whole: read with all its faults, and written."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.workbook.grid import Fault, Grid, read_grids
from bot.workbook.sheets import sheets
from bot.workbook.tables import Tables, rows_of, tables_of
from bot.workbook.writing import write_organisation
from routing.organisation import BrokenOrganisation, City, Problem, from_document

OFFICIALS = "Officials"


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """What a workbook holds. city: None where its sheets do not describe one; then there are faults."""

    document: dict[str, Any]
    city: City | None
    officials: Grid
    faults: tuple[Fault, ...]


def read_book(path: Path) -> Book:
    """Return a workbook with every bad cell of it. Raises NoWorkbook and OSError."""
    grids = read_grids(path, sheets())
    tables = tables_of(grids)
    faults = [fault for grid in grids.values() for fault in grid.faults]
    city = None
    if not any(grid.broken for grid in grids.values()):
        try:
            city = from_document(tables.document)
        except BrokenOrganisation as broken:
            faults += _not_yet_noted(tables, broken.faults, faults)
    return Book(
        document=tables.document, city=city, officials=grids[OFFICIALS], faults=tuple(in_order(faults))
    )


def _not_yet_noted(tables: Tables, problems: Iterable[Problem], noted: Sequence[Fault]) -> Iterator[Fault]:
    """Yield what is wrong besides cells that could not be read, and besides what follows from those."""
    cells = {(fault.sheet, fault.row, fault.column) for fault in noted}
    rows = {(fault.sheet, fault.row) for fault in noted}
    for problem in problems:
        fault = tables.fault(problem)
        follows = not problem.column and (fault.sheet, fault.row) in rows
        if not follows and (fault.sheet, fault.row, fault.column) not in cells:
            yield fault


def in_order(faults: Iterable[Fault]) -> list[Fault]:
    """Return faults by sheet, row and column, each once."""
    order = {sheet.name: number for number, sheet in enumerate(sheets())}
    return sorted(set(faults), key=lambda fault: (order.get(fault.sheet, 99), fault))


def write_book(path: Path, document: dict[str, Any], officials: Sequence[dict[str, Any]]) -> None:
    """Write a document and its officials as a workbook. Raises CannotBeWritten and OSError."""
    write_organisation(path, {**rows_of(document), OFFICIALS: list(officials)})
