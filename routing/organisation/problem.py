"""What is wrong with a document, and where: for a person who has to find the cell."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One fault. `row` counts from 1; without it the fault is that of the table, or of one of its columns.

    first: the earlier row that holds the same value, where that is the fault.
    """

    table: str = ""
    row: int | None = None
    column: str = ""
    text: str
    first: int | None = None

    def sentence(self, row_shown: Callable[[int], int] = int) -> str:
        """Return what is wrong. `row_shown` tells what a row is called where the reader sees it."""
        return self.text if self.first is None else f"{self.text} is already in row {row_shown(self.first)}"

    def __str__(self) -> str:
        where = self.table if self.row is None else f"{self.table} row {self.row}"
        return f"{where}: {self.sentence()}" if where else self.sentence()
