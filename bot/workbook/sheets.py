"""The sheets of the workbooks and their columns, as data: what an office sees and what the machine reads."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from routing.vietnamese import normalise, strip_accents

_FILE = Path(__file__).parent / "sheets.json"
MOST_ROWS = 40_000
"""Rows of one sheet that are read: every official of the largest city, and some more."""
HEADING_ROW, NAME_ROW, FIRST_ROW = 1, 2, 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Column:
    """One column. kind: "text", "date", "time", "moment", "number", "whole", "yes_no", "list" (texts with
    semicolons between them), "phone", "any", or "shown" for what is only for the eye and never read.

    choices: the values to choose from. labels: what else may stand for them, by their words without accents.
    source: the sheet whose first column holds them. also: other headings that the column may have.
    """

    id: str
    heading: str
    width: float
    kind: str = "text"
    note: str = ""
    choices: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    source: str = ""
    also: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Sheet:
    """One sheet: its tab, its Vietnamese title, the table of the document that it holds, its columns."""

    name: str
    title: str
    table: str
    columns: tuple[Column, ...]

    def letter(self, column: str) -> str:
        """Return the letter of a column in a workbook that was written here; raises StopIteration."""
        return next(chr(ord("A") + number) for number, each in enumerate(self.columns) if each.id == column)


@cache
def _data() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(_FILE.read_text(encoding="utf-8"))
    return found


def _sheet(entry: Mapping[str, Any]) -> Sheet:
    columns = tuple(
        Column(
            id=each["id"],
            heading=each["heading"],
            width=each["width"],
            kind=each.get("kind", "text"),
            note=each.get("note", ""),
            choices=tuple(each.get("choices", ())),
            labels=_labels(each.get("labels", "")),
            source=each.get("from", ""),
            also=tuple(each.get("also", ())),
            optional=each.get("optional", False),
        )
        for each in entry["columns"]
    )
    return Sheet(name=entry["name"], title=entry["title"], table=entry["table"], columns=columns)


@cache
def _labels(name: str) -> Mapping[str, str]:
    """Return what the labels of a list mean, by the words of each as people may type them."""
    listed: Mapping[str, list[str]] = _data()["labels"].get(name, {})
    return {plain(label): value for value, labels in listed.items() for label in labels}


def plain(text: str) -> str:
    """Return a heading or a label as it is compared: accents, case and spaces do not matter."""
    return " ".join(strip_accents(normalise(text)).casefold().split())


@cache
def sheets() -> tuple[Sheet, ...]:
    """Return the sheets of the organisation's workbook, in their order."""
    return tuple(map(_sheet, _data()["sheets"]))


@cache
def invitations_sheet() -> Sheet:
    """Return the sheet of one-time invitations."""
    return _sheet(_data()["invitations"])


@cache
def people_sheet() -> Sheet:
    """Return the sheet of a list of people who are to be invited."""
    return _sheet(_data()["people"])


def invitations_note() -> str:
    """Return what whoever hands invitations out must know."""
    return str(_data()["invitations"]["note"])


def guide() -> tuple[str, tuple[tuple[str, str], ...]]:
    """Return the name of the first sheet and its lines: what it is about, and how to edit it."""
    entry = _data()["guide"]
    return entry["name"], tuple((about, text) for about, text in entry["lines"])


def meaning(setting: str) -> str:
    """Return what a setting of the sheet Procedure means."""
    return str(_data()["settings"].get(setting, ""))


def yes_no() -> tuple[str, str]:
    """Return the words for yes and no."""
    return _data()["yes"], _data()["no"]
