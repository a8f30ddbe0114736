"""Reading one row that people edit by hand: every wrong cell is noted, nothing is raised."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from routing.organisation.problem import Problem

Row = Mapping[str, Any]


@dataclass(kw_only=True, slots=True)
class Cells:
    """The cells of one row. What is wrong with one is noted, and a harmless value stands in for it."""

    table: str
    row_number: int | None = None
    row: Row
    problems: list[Problem]
    seen: set[str] = field(default_factory=set)

    def text(self, column: str, usual: str = "") -> str:
        """Return a text without spaces around it; it is missing when empty and there is no usual one."""
        value = self._value(column, usual)
        if isinstance(value, str) and value.strip():
            return value.strip()
        self._note_wrong(column, "must be a text")
        return usual

    def optional_text(self, column: str) -> str | None:
        """Return a text, or None for an empty cell."""
        return None if self._empty(column) else self.text(column)

    def choice(self, column: str, allowed: Collection[Any], usual: Any = None) -> Any:
        """Return a value that is one of those allowed."""
        value = self._value(column, usual)
        if any(value == each and type(value) is type(each) for each in allowed):
            return value
        self._note_wrong(column, f"{value!r} is none of {', '.join(str(each) for each in allowed)}")
        return usual

    def number(self, column: str, usual: float | None = None) -> float:
        """Return a number."""
        value = self._value(column, usual)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        self._note_wrong(column, f"{value!r} is not a number")
        return 1

    def whole_number(self, column: str) -> int:
        """Return a whole number."""
        value = self._value(column, None)
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        self._note_wrong(column, f"{value!r} is not a whole number")
        return 0

    def optional_whole_number(self, column: str) -> int | None:
        """Return a whole number, or None for an empty cell."""
        return None if self._empty(column) else self.whole_number(column)

    def two_numbers(self, column: str) -> tuple[float, float]:
        """Return a list of two numbers as a pair."""
        value = self._value(column, None)
        if isinstance(value, list) and [type(each) in (int, float) for each in value] == [True, True]:
            return value[0], value[1]
        self._note_wrong(column, f"{value!r} must be two numbers")
        return 1, 1

    def two_texts(self, column: str) -> tuple[str, str] | None:
        """Return a list of two texts as a pair, or None for an empty cell."""
        if self._empty(column):
            return None
        value = self.row[column]
        if isinstance(value, list) and [isinstance(each, str) for each in value] == [True, True]:
            return value[0], value[1]
        self._note_wrong(column, f"{value!r} must be two texts")
        return None

    def texts(self, column: str) -> tuple[str, ...]:
        """Return a list of texts without spaces around them, none for an empty cell."""
        if self._empty(column):
            return ()
        value = self.row[column]
        if isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value):
            return tuple(each.strip() for each in value)
        self._note_wrong(column, f"{value!r} must be a list of texts")
        return ()

    def day(self, column: str) -> date | None:
        """Return an ISO date, or None for an empty cell."""
        if self._empty(column):
            return None
        try:
            return date.fromisoformat(self.row[column])
        except (ValueError, TypeError):
            self._note_wrong(column, f"{self.row[column]!r} is not a date such as 2026-07-01")
            return None

    def note(self, problem: str, column: str = "") -> None:
        """Note what is wrong with a cell, or with the row as a whole."""
        self.problems.append(Problem(table=self.table, row=self.row_number, column=column, text=problem))

    def note_unknown_columns(self) -> None:
        """Note columns that nothing has read: a misspelt one would otherwise be lost in silence."""
        for column in self.row:
            if column not in self.seen:
                self.note(f"unknown column {column!r}", column)

    def _value(self, column: str, usual: object) -> Any:
        return usual if self._empty(column) else self.row[column]

    def _empty(self, column: str) -> bool:
        self.seen.add(column)
        return self.row.get(column) is None

    def _note_wrong(self, column: str, problem: str) -> None:
        missing = self.row.get(column) is None
        self.note(f"{column} is missing" if missing else f"{column} {problem}", column)
