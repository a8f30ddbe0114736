"""Between the tables of an organisation's document and the rows of its workbook."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from bot.workbook.grid import Fault, Grid
from bot.workbook.sheets import meaning
from routing.deadline import WorkingCalendar
from routing.organisation import Problem, Procedure

FORMAT = 1
Row = dict[str, Any]
Document = dict[str, Any]

_GENERAL = ("province", "name", "tiers")
_VERSION = "version"
_PROCEDURE = tuple(each.name for each in fields(Procedure))
_SHEETS = {
    "units": "Units",
    "responsibilities": "Responsibilities",
    "domains": "Domains",
    "deadlines": "Deadlines",
    "calendar": "Calendar",
    "procedure": "Procedure",
    "document": "Procedure",
}
_ESCALATION = ("escalate_unit_hours", "escalate_chairman_hours")
_COLUMNS = {"escalate_hours": _ESCALATION[0]}
_NO_COUNTRY = "none"


# ── from the document to rows ────────────────────────────────────────────────────────────────────


def rows_of(document: Document) -> dict[str, list[Row]]:
    """Return the rows of each sheet for a document, all but those of the officials."""
    return {
        "Units": [_unit_row(row) for row in document["units"]],
        "Responsibilities": [_rule_row(row) for row in document["responsibilities"]],
        "Calendar": list(_calendar_rows(document["calendar"])),
        "Domains": [_domain_row(row) for row in document["domains"]],
        "Deadlines": [_deadline_row(row) for row in document["deadlines"]],
        "Procedure": list(_setting_rows(document)),
    }


def _unit_row(row: Row) -> Row:
    ward, district = row.get("former_ward") or (None, None)
    return {**row, "former_ward": ward, "former_district": district}


def _rule_row(row: Row) -> Row:
    return {"kind": "*", "area": "*", "road": "*", "hours": "*", **row}


def _domain_row(row: Row) -> Row:
    return {"needs_proof": False, "needs_approval": False, "restricted": False, **row}


def _deadline_row(row: Row) -> Row:
    unit, chairman = row["escalate_hours"]
    return {**row, "escalate_unit_hours": unit, "escalate_chairman_hours": chairman}


def _calendar_rows(calendar: Row) -> Iterator[Row]:
    for start, end in calendar["sessions"]:
        yield {"entry": "session", "from": start, "to": end}
    for weekday in calendar["weekdays"]:
        yield {"entry": "weekday", "value": weekday}
    yield {"entry": "national_holidays", "value": calendar.get("national_holidays") or _NO_COUNTRY}
    for entry, days in (("day_off", "days_off"), ("make_up_day", "make_up_days")):
        for day in calendar.get(days, ()):
            yield {"entry": entry, **(day if isinstance(day, dict) else {"date": day})}


def _setting_rows(document: Document) -> Iterator[Row]:
    values = {**{name: document[name] for name in _GENERAL}, **document.get("procedure", {})}
    if _VERSION in document:
        values[_VERSION] = document[_VERSION]
    for setting, value in values.items():
        yield {"setting": setting, "value": value, "meaning": meaning(setting)}


# ── from rows to the document ────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Tables:
    """A document read from sheets, and where each of its values stands in them."""

    document: Document
    grids: Mapping[str, Grid]
    settings: Mapping[str, int]

    def fault(self, problem: Problem) -> Fault:
        """Return the cell of a problem that was found in the document."""
        grid = self.grids[_SHEETS.get(problem.table, "Units")]
        # Some faults begin with the name of their column: "accept_hours must not exceed …".
        column = problem.column or problem.text.split(" ")[0].rstrip(":")
        if problem.table in ("procedure", "document"):
            row = self.settings.get(column)
            return grid.fault(problem.text, row=row, column="value" if row else "setting")
        column = _COLUMNS.get(column, column)
        row = None if problem.row is None else grid.rows[problem.row - 1][0]
        if problem.text.startswith("escalate_hours must be") and problem.row is not None:
            hours = grid.rows[problem.row - 1][1]
            column = next((each for each in _ESCALATION if not (hours.get(each) or 0) > 0), column)
            return grid.fault(f"{column} must be a positive number", row=row, column=column)
        return grid.fault(problem.sentence(lambda number: grid.rows[number - 1][0]), row=row, column=column)


def tables_of(grids: Mapping[str, Grid]) -> Tables:
    """Return the document of a workbook's sheets; what is wrong is noted in them."""
    settings, lines = _settings(grids["Procedure"])
    document = {
        "format": FORMAT,
        **{name: settings[name] for name in _GENERAL if name in settings},
        "units": [_unit(grids["Units"], number, row) for number, row in grids["Units"].rows],
        "domains": [_filled(row) for _, row in grids["Domains"].rows],
        "responsibilities": [_filled(row) for _, row in grids["Responsibilities"].rows],
        "calendar": _calendar(grids["Calendar"]),
        "deadlines": [_deadline(grids["Deadlines"], number, row) for number, row in grids["Deadlines"].rows],
        "procedure": {name: settings[name] for name in _PROCEDURE if name in settings},
    }
    if _VERSION in settings:
        document[_VERSION] = settings[_VERSION]
    return Tables(document=document, grids=grids, settings=lines)


def _filled(row: Mapping[str, Any]) -> Row:
    return {column: value for column, value in row.items() if value is not None}


def _unit(grid: Grid, number: int, row: Mapping[str, Any]) -> Row:
    found = _filled(row)
    ward, district = found.pop("former_ward", None), found.pop("former_district", None)
    if ward is not None and district is not None:
        found["former_ward"] = [ward, district]
    elif ward is not None or district is not None:
        missing = "former_ward" if ward is None else "former_district"
        grid.note(f"{missing} is missing: a former ward is known by both", row=number, column=missing)
    return found


def _deadline(grid: Grid, number: int, row: Mapping[str, Any]) -> Row:
    found = _filled(row)
    pair = [found.pop(column, None) for column in _ESCALATION]
    for column, value in zip(_ESCALATION, pair, strict=True):
        if value is None and column not in row:
            grid.note(f"{column} is missing", row=number, column=column)
    # A number stands in for what has been noted, so that the rest of the row is looked at.
    found["escalate_hours"] = [1 if value is None else value for value in pair]
    return found


def _settings(grid: Grid) -> tuple[Row, dict[str, int]]:
    """Return the values of the sheet Procedure by name, and the row of each."""
    found: Row = {}
    lines: dict[str, int] = {}
    for number, row in grid.rows:
        name = row.get("setting")
        if name not in (*_GENERAL, *_PROCEDURE, _VERSION):
            known = ", ".join((*_GENERAL, *_PROCEDURE))
            grid.note(f"setting {name!r} is none of {known}", row=number, column="setting")
        elif name in lines:
            grid.note(f"setting {name!r} is already in row {lines[name]}", row=number, column="setting")
        else:
            found[name], lines[name] = row.get("value"), number
    return found, lines


def _calendar(grid: Grid) -> Row:
    calendar: Row = {"sessions": [], "weekdays": [], "national_holidays": None}
    calendar |= {"days_off": [], "make_up_days": []}
    for number, row in grid.rows:
        entry = row.get("entry")
        if entry not in _ENTRIES:
            grid.note(f"entry {entry!r} is none of {', '.join(_ENTRIES)}", row=number, column="entry")
        elif wrong := _ENTRIES[entry](calendar, row):
            column, text = wrong
            # A cell that could not be read has been noted already.
            if column not in row or row[column] is not None:
                grid.note(f"{column} {text}", row=number, column=column)
    return calendar


def _session(calendar: Row, row: Mapping[str, Any]) -> tuple[str, str] | None:
    start, end = row.get("from"), row.get("to")
    if start is None or end is None:
        return ("from" if start is None else "to"), "is missing"
    if end <= start:
        return "to", f"{end} must be later than {start}"
    if calendar["sessions"] and start <= calendar["sessions"][-1][1]:
        return "from", f"{start} must be later than the end of the session before"
    calendar["sessions"].append([start, end])
    return None


def _weekday(calendar: Row, row: Mapping[str, Any]) -> tuple[str, str] | None:
    value = row.get("value")
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 7:
        return "value", f"{value!r} is not a number from 1 (Monday) to 7 (Sunday)"
    calendar["weekdays"].append(value)
    return None


def _holidays(calendar: Row, row: Mapping[str, Any]) -> tuple[str, str] | None:
    value = row.get("value")
    if value in (None, _NO_COUNTRY):
        return None
    try:
        WorkingCalendar(national_holidays=value).is_working_day(date(2026, 1, 1))
    except (NotImplementedError, TypeError, AttributeError):
        return "value", f"{value!r} is no country whose holidays are known, such as VN"
    calendar["national_holidays"] = value
    return None


def _day_off(calendar: Row, row: Mapping[str, Any]) -> tuple[str, str] | None:
    return _day(calendar["days_off"], row)


def _make_up_day(calendar: Row, row: Mapping[str, Any]) -> tuple[str, str] | None:
    return _day(calendar["make_up_days"], row)


def _day(days: list[Any], row: Mapping[str, Any]) -> tuple[str, str] | None:
    if row.get("date") is None:
        return "date", "is missing"
    reason = row.get("reason")
    days.append({"date": row["date"], "reason": reason} if reason else row["date"])
    return None


_ENTRIES = {
    "session": _session,
    "weekday": _weekday,
    "day_off": _day_off,
    "make_up_day": _make_up_day,
    "national_holidays": _holidays,
}
