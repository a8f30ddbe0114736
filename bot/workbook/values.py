"""One cell: from what the workbook holds to a plain value of a document, and back."""

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Protocol

from bot.workbook.sheets import yes_no

_LOCAL_DATE = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})")
_TIME = re.compile(r"(\d{1,2})(?::|h)(\d{2})(?::00)?")
_FIRST_REAL_DATE = date(1900, 3, 1)
"""Workbooks count days from 1900 and take that year for a leap year: earlier dates are written as texts."""
MOST_LETTERS = 32_767
"""What a cell can hold; the library would cut the rest off in silence."""


class AnyCell(Protocol):
    """What is read of a cell. data_type: "f" for a formula, "e" for an error."""

    @property
    def value(self) -> Any:
        """What the cell holds."""

    @property
    def data_type(self) -> str:
        """What kind of value that is."""


@dataclass(frozen=True, slots=True)
class PlainCell:
    """A cell of a file that knows texts only."""

    value: Any
    data_type: str = "s"


def is_empty(cell: AnyCell) -> bool:
    """Tell whether a cell holds nothing but blanks."""
    value = cell.value
    return value is None or (isinstance(value, str) and not value.strip())


def read(cell: AnyCell, kind: str) -> Any:
    """Return the value of a cell that is not empty. Raises ValueError with what is wrong with it."""
    if cell.data_type == "f":
        raise ValueError("holds a formula: put the value itself there")
    if cell.data_type == "e":
        raise ValueError(f"holds the error {cell.value}")
    value = cell.value.strip() if isinstance(cell.value, str) else cell.value
    return _READERS[kind](value)


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    shown = _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
    raise ValueError(f"{shown} must be a text: give the cell the format Text and type it again")


def _phone(value: Any) -> str:
    """Return a telephone number; workbooks take the first 0 away from what looks like a number."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        digits = str(int(value))
        value = f"0{digits}" if len(digits) == 9 else digits
    found = _text(value)
    if not re.fullmatch(r"\+?[\d .()-]{6,24}", found):
        raise ValueError(f"{found!r} is not a telephone number")
    return found


def _number(value: Any) -> float:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value) if float(value).is_integer() else float(value)
    raise ValueError(f"{_shown(value)} is not a number")


def _whole(value: Any) -> int:
    found = _number(value)
    if isinstance(found, int):
        return found
    raise ValueError(f"{found} is not a whole number")


def _date(value: Any) -> str:
    """Return an ISO date. A text may be one too, or day, month and year in the Vietnamese order."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):
        try:
            if local := _LOCAL_DATE.fullmatch(value):
                day, month, year = map(int, local.groups())
                return date(year, month, day).isoformat()
            return date.fromisoformat(value).isoformat()
        except ValueError:
            pass
    raise ValueError(f"{_shown(value)} is not a date such as 31/12/2026")


def _time(value: Any) -> str:
    if isinstance(value, datetime):
        value = value.time()
    if isinstance(value, timedelta) and timedelta() <= value < timedelta(days=1):
        value = (datetime(2000, 1, 1, tzinfo=UTC) + value).time()
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, str) and (found := _TIME.fullmatch(value)):
        hours, minutes = map(int, found.groups())
        if hours < 24 and minutes < 60:
            return f"{hours:02}:{minutes:02}"
    raise ValueError(f"{_shown(value)} is not a time of day such as 07:30")


def _yes_no(value: Any) -> bool:
    yes, no = yes_no()
    if isinstance(value, bool):
        return value
    word = value.casefold() if isinstance(value, str) else ""
    if word in (yes, "yes", "true", "x"):
        return True
    if word in (no, "no", "false"):
        return False
    raise ValueError(f"{_shown(value)} is none of {yes}, {no}")


def _list(value: Any) -> list[str]:
    """Return the texts of a cell: between semicolons, or each on a line of its own."""
    lines = io.StringIO(_text(value))
    try:
        rows = list(csv.reader(lines, delimiter=";", skipinitialspace=True, strict=True))
    except csv.Error as error:
        raise ValueError(f"{_shown(value)} is not a list with semicolons between its texts") from error
    return [each.strip() for row in rows for each in row if each.strip()]


def _any(value: Any) -> Any:
    return _number(value) if isinstance(value, float) else value


def _shown(value: Any) -> str:
    return repr(value) if isinstance(value, str) else str(value)


_READERS: Mapping[str, Callable[[Any], Any]] = {
    "text": _text,
    "phone": _phone,
    "number": _number,
    "whole": _whole,
    "date": _date,
    "time": _time,
    "yes_no": _yes_no,
    "list": _list,
    "any": _any,
}


def written(value: Any, kind: str) -> Any:
    """Return what a cell is to hold for a plain value of a document. Raises ValueError when it cannot."""
    if value is None or value == []:
        return None
    if kind == "list":
        value = joined(value)
    if kind == "yes_no":
        return yes_no()[0] if value else yes_no()[1]
    if kind == "date":
        day = date.fromisoformat(value)
        return day if day >= _FIRST_REAL_DATE else value
    if kind == "time":
        return time.fromisoformat(value)
    if isinstance(value, str) and len(value) > MOST_LETTERS:
        raise ValueError(f"{value[:40]!r}… has more than {MOST_LETTERS:,} letters")
    return value


def joined(texts: Sequence[str]) -> str:
    """Return texts as one, with semicolons between them; what holds one itself stands in quotes."""
    return "; ".join(map(_quoted, texts))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if re.search(r'[;"\r\n]', text) else text
