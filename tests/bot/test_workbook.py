"""The organisation's workbook, as an office gets it, edits it, breaks it and brings it back."""

import shutil
import sqlite3
import struct
import zipfile
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from bot.workbook.book import read_book, write_book
from bot.workbook.sheets import FIRST_ROW, NAME_ROW, meaning, sheets
from routing.deadline import DeadlineRule, WorkingCalendar
from routing.organisation import (
    City,
    Domain,
    Procedure,
    Responsibility,
    Unit,
    build_city,
    from_document,
    to_document,
)
from tests.shell import Answer, Shell

SHEETS = ["Units", "Responsibilities", "Officials", "Calendar", "Domains", "Deadlines", "Procedure"]
WARD = "phuong-khuong-dinh"


@pytest.fixture
def shell(tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on a machine that serves Hà Nội."""
    return Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{shutil.copy(city_file, tmp_path)}"})


class Office:
    """Somebody with a workbook of the city open."""

    def __init__(self, shell: Shell, path: Path) -> None:
        self.shell, self.path = shell, path
        self.book: Workbook = openpyxl.load_workbook(path)

    @classmethod
    def exporting(cls, shell: Shell, path: Path) -> "Office":
        """Export the workbook anew and open it."""
        path.unlink(missing_ok=True)
        assert shell("org", "export", path).status == 0
        return cls(shell, path)

    def column(self, sheet: str, name: str) -> int:
        """Return the number of a column."""
        [found] = [cell.column for cell in self.book[sheet][NAME_ROW] if cell.value == name]
        return int(found)

    def row(self, sheet: str, key: object) -> int:
        """Return the row whose first cell holds a value."""
        page: Worksheet = self.book[sheet]
        [found] = [row for row in range(FIRST_ROW, page.max_row + 1) if page.cell(row, 1).value == key]
        return found

    def put(self, sheet: str, key: object, column: str, value: object) -> str:
        """Change one cell of the row of a key; return where it is, as a person would say it."""
        cell = self.book[sheet].cell(self.row(sheet, key), self.column(sheet, column))
        cell.value = value
        return f"{sheet}!{cell.coordinate}"

    def add(self, sheet: str, **values: object) -> int:
        """Add a row; return its number."""
        page = self.book[sheet]
        row: int = page.max_row + 1
        for name, value in values.items():
            page.cell(row, self.column(sheet, name), value)
        return row

    def brings(self, *words: str) -> Answer:
        """Save and import."""
        self.book.save(self.path)
        return self.shell("org", "import", self.path, *words)


@pytest.fixture
def office(shell: Shell, tmp_path: Path) -> Office:
    """An office with Hà Nội's workbook."""
    return Office.exporting(shell, tmp_path / "city.xlsx")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hà Nội's workbook, to copy."""
    path = tmp_path_factory.mktemp("exported") / "city.xlsx"
    write_book(path, to_document(build_city("Hà Nội")), [])
    return path


@pytest.fixture
def office_without_people(shell: Shell, exported: Path, tmp_path: Path) -> Office:
    """An office with a copy of the workbook that a city without officials gets: quicker than an export."""
    return Office(shell, Path(shutil.copy(exported, tmp_path / "city.xlsx")))


# ── what an office gets ──────────────────────────────────────────────────────────────────────────


def test_the_workbook_has_a_guide_and_a_sheet_for_each_part(office: Office) -> None:
    assert office.book.sheetnames == ["Hướng dẫn", *SHEETS]
    guide = "\n".join(str(cell.value) for row in office.book.worksheets[0].rows for cell in row)
    for sheet in SHEETS:
        assert sheet in guide
    for sheet in sheets():
        page = office.book[sheet.name]
        assert [cell.value for cell in page[1]] == [column.heading for column in sheet.columns]
        assert [cell.value for cell in page[2]] == [column.id for column in sheet.columns]
        assert page.freeze_panes.endswith("3")
        assert all(page.column_dimensions[cell.column_letter].width >= 10 for cell in page[2])


def test_what_can_be_chosen_is_offered_as_a_list(office: Office) -> None:
    listed = {
        (sheet, str(choice.sqref).split(":")[0]): choice.formula1
        for sheet in SHEETS
        for choice in office.book[sheet].data_validations.dataValidation
        if choice.type == "list"
    }
    assert "ward" in listed["Units", "C3"]
    assert "chair" in listed["Officials", "C3"]
    assert "có" in listed["Domains", "C3"]
    assert listed["Deadlines", "A3"].startswith("Domains!")


def test_dates_and_times_are_real_ones(office: Office) -> None:
    office.put("Units", WARD, "valid_from", datetime(2025, 7, 1))  # noqa: DTZ001
    assert office.brings().status == 0
    again = Office.exporting(office.shell, office.path)
    cell = again.book["Units"].cell(again.row("Units", WARD), again.column("Units", "valid_from"))
    assert (cell.value, cell.number_format) == (datetime(2025, 7, 1), "dd/mm/yyyy")  # noqa: DTZ001
    assert again.book["Calendar"].cell(3, again.column("Calendar", "from")).value == time(7, 30)


def test_every_setting_of_the_procedure_is_explained(office: Office) -> None:
    page = office.book["Procedure"]
    for row in range(FIRST_ROW, page.max_row + 1):
        assert page.cell(row, 3).value == meaning(page.cell(row, 1).value) != ""


def test_only_the_owner_may_read_it(office: Office) -> None:
    assert office.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("action", ["export", "import"])
def test_another_kind_of_file_is_refused_with_both_that_are_known(
    shell: Shell, tmp_path: Path, action: str
) -> None:
    answer = shell("org", action, tmp_path / "city.ods")
    assert answer.status == 1
    assert "must end in .xlsx or .json" in answer.err


# ── what it brings back ──────────────────────────────────────────────────────────────────────────


def test_bringing_it_back_unchanged_changes_nothing(office: Office) -> None:
    before = office.shell.everything()
    for words in ((), ("--yes",), ("--dry-run",)):
        answer = office.shell("org", "import", office.path, *words)
        assert answer.status == 0, answer.err
        assert "Nothing changes." in answer.out
    assert office.shell.everything() == before


def test_every_kind_of_change_is_shown_and_adopted(office: Office, tmp_path: Path) -> None:
    office.put("Units", WARD, "name", "Phường Khương Đình mới")
    office.put("Units", WARD, "former_names", "Phường Khương Đình; Phường Hạ Đình")
    office.add("Units", code="doi-trat-tu", name="Đội trật tự", kind="office", parent=WARD)
    office.add(
        "Responsibilities", position=5, domain="noise", hours="off", unit="doi-trat-tu", supporting="@ward"
    )
    office.put("Deadlines", "waste", "accept_hours", 3)
    office.put("Domains", "waste", "needs_approval", "có")
    office.add("Calendar", entry="day_off", date=date(2026, 12, 24), reason="Nghỉ bù")
    office.put("Procedure", "reopenings", "value", 3)
    answer = office.brings()
    assert answer.status == 0, answer.err
    for line in (
        f"~ units {WARD}: name Phường Khương Đình -> Phường Khương Đình mới, "
        "former_names (none) -> Phường Khương Đình; Phường Hạ Đình",
        "+ units doi-trat-tu:",
        "+ responsibilities 5:",
        "~ domains waste: needs_approval False -> True",
        "~ deadlines waste: accept_hours 4 -> 3",
        "+ calendar day off 2026-12-24",
        "~ procedure reopenings: value 2 -> 3",
        "271 units: 1 new, 0 gone.",
        "Adopted.",
    ):
        assert line in answer.out
    assert office.shell("org", "export", tmp_path / "again.xlsx").status == 0
    found = read_book(tmp_path / "again.xlsx").city
    assert found is not None
    assert found.units[WARD].former_names == ("Phường Khương Đình", "Phường Hạ Đình")
    [rule] = [rule for rule in found.responsibilities if rule.position == 5]
    assert (rule.hours, rule.unit, rule.supporting) == ("off", "doi-trat-tu", ("@ward",))
    assert (found.domains["waste"].needs_approval, found.procedure.reopenings) == (True, 3)
    again = Office.exporting(office.shell, tmp_path / "again.xlsx").book["Calendar"]
    assert "Nghỉ bù" in [cell.value for row in again.rows for cell in row]


def test_a_dry_run_only_shows(office: Office) -> None:
    before = office.shell.everything()
    office.put("Units", WARD, "name", "Phường mới")
    answer = office.brings("--dry-run")
    assert answer.status == 0
    assert "Phường mới" in answer.out
    assert office.shell.everything() == before


@pytest.mark.parametrize(("typed", "adopted"), [("y", True), ("", False), ("n", False)])
def test_on_a_terminal_somebody_is_asked(
    office: Office, monkeypatch: pytest.MonkeyPatch, typed: str, adopted: bool
) -> None:
    office.put("Units", WARD, "name", "Phường mới")
    asked: list[str] = []
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda question: asked.append(question) or typed)
    answer = office.brings()
    assert asked == ["Adopt? [y/N] "]
    assert answer.status == 0
    [(name,)] = office.shell.rows("SELECT name FROM unit WHERE code = 'phuong-khuong-dinh'")
    assert (name == "Phường mới") is adopted


def test_a_workbook_founds_a_city_where_there_is_none(
    office: Office, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{tmp_path}/new/city.db"})
    assert nowhere("org", "import", office.path).status == 0
    assert len(nowhere.rows("SELECT code FROM unit")) == 270


def test_what_the_rules_leave_open_is_warned_of(office: Office) -> None:
    page = office.book["Responsibilities"]
    kept = [
        row for row in range(FIRST_ROW, page.max_row + 1) if page.cell(row, 2).value not in ("waste", "*")
    ]
    rows = [[cell.value for cell in page[row]] for row in kept]
    page.delete_rows(FIRST_ROW, page.max_row)
    for row in rows:
        page.append(row)
    answer = office.brings()
    assert answer.status == 0
    assert "waste" in answer.err
    assert "warning:" in answer.err


def test_it_is_warned_of_before_anything_is_adopted_and_in_a_dry_run(office: Office) -> None:
    day_off, holiday, monday = date(2027, 3, 6), date(2027, 9, 2), date(2027, 3, 1)
    office.put("Units", "phuong-lang", "name", "Phường Khương Đình")
    office.add("Calendar", entry="day_off", date=day_off)
    office.add("Calendar", entry="day_off", date=holiday)
    office.add("Calendar", entry="make_up_day", date=monday)
    rule = office.row("Responsibilities", 200)
    office.book["Responsibilities"].cell(rule, office.column("Responsibilities", "unit")).value = "cong-an"
    office.add(
        "Units", code="cong-an", name="Công an", kind="office", parent="ha-noi", valid_to=date(2026, 1, 1)
    )
    before = office.shell.everything()
    answer = office.brings("--dry-run")
    assert answer.status == 0, answer.err
    assert "warning: rule 200" in answer.err
    assert "warning: phuong-lang and phuong-khuong-dinh have one name" in answer.err.replace(
        "phuong-khuong-dinh and phuong-lang", "phuong-lang and phuong-khuong-dinh"
    )
    for day in (day_off, holiday):
        assert f"warning: day off {day}: nobody works on that day anyway" in answer.err
    assert f"warning: make-up day {monday}: is a working day anyway" in answer.err
    assert office.shell.everything() == before


# ── units that go ────────────────────────────────────────────────────────────────────────────────


def without(office: Office, code: str) -> None:
    """Take a unit out, and what lies below it."""
    page = office.book["Units"]
    for row in range(page.max_row, FIRST_ROW - 1, -1):
        if code in (page.cell(row, 1).value, page.cell(row, 4).value):
            page.delete_rows(row)


def test_a_unit_that_has_people_is_not_taken_away_by_a_workbook(office: Office) -> None:
    holds_a_post(office.shell, WARD, "chair", "Chủ tịch phường Khương Đình")
    before = office.shell.everything()
    without(office, WARD)
    answer = office.brings("--yes")
    assert answer.status == 1
    assert f"{WARD}: has 0 open cases and 1 post" in answer.err
    assert "org change" in answer.err
    assert office.shell.everything() == before
    assert "2 gone" in office.brings("--yes", "--force").out


def test_a_unit_that_nobody_needs_may_go(office: Office) -> None:
    without(office, WARD)
    answer = office.brings()
    assert answer.status == 0, answer.err
    assert f"- units {WARD}:" in answer.out
    assert "0 new, 2 gone" in answer.out


def test_what_was_changed_meanwhile_is_not_overwritten(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.put("Units", WARD, "name", "Phường mới")

    def meanwhile(question: str) -> str:
        other = Office.exporting(office.shell, office.path.with_name("other.xlsx"))
        other.put("Procedure", "reopenings", "value", 1)
        monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
        assert other.brings().status == 0
        return "y"

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", meanwhile)
    answer = office.brings()
    assert answer.status == 1
    assert "changed meanwhile" in answer.err


# ── bad workbooks ────────────────────────────────────────────────────────────────────────────────


def removed(sheet: str) -> Callable[[Office], str]:
    def breaks(office: Office) -> str:
        del office.book[sheet]
        return f"{sheet}!A1: the sheet is missing"

    return breaks


def changed(sheet: str, key: object, column: str, value: object, reason: str) -> Callable[[Office], str]:
    return lambda office: f"{office.put(sheet, key, column, value)}: {reason}"


def added(sheet: str, column: str, reason: str, **values: object) -> Callable[[Office], str]:
    def breaks(office: Office) -> str:
        row = office.add(sheet, **values)
        letter = openpyxl.utils.get_column_letter(office.column(sheet, column))
        return f"{sheet}!{letter}{row}: {reason}"

    return breaks


def column_removed(office: Office) -> str:
    office.book["Units"].delete_cols(office.column("Units", "valid_to"))
    return "Units!A2: the column 'valid_to' is missing"


def column_renamed(office: Office) -> str:
    office.book["Units"]["B2"] = "nmae"
    return "Units!B2: unknown column 'nmae'"


def column_twice(office: Office) -> str:
    office.book["Units"]["D2"] = "kind"
    return "Units!D2: the column 'kind' is there twice"


def no_heading(office: Office) -> str:
    office.book["Units"].delete_rows(1, 2)
    return "Units!A1: there is no row with the names of the columns"


def duplicate(office: Office) -> str:
    first = office.row("Units", WARD)
    row = office.add("Units", code=WARD, name="Phường B", kind="ward", parent="ha-noi")
    return f"Units!A{row}: code '{WARD}' is already in row {first}"


def circle(office: Office) -> str:
    first = office.add("Units", code="phong-a", name="Phòng A", kind="office", parent="phong-b")
    office.add("Units", code="phong-b", name="Phòng B", kind="office", parent="phong-a")
    return f"Units!D{first}: 'phong-a' lies below itself"


def merged(office: Office) -> str:
    office.book["Units"].merge_cells("B10:B12")
    return "Units!B10: is merged with other cells"


def outside(office: Office) -> str:
    office.book["Units"]["N9"] = "ghi chú"
    return "Units!N9: stands outside the columns"


def no_session(office: Office) -> str:
    page = office.book["Calendar"]
    page.delete_rows(FIRST_ROW, 2)
    return "Calendar!A2: there is no session"


NEW = {"code": "phong-moi", "name": "Phòng mới", "kind": "office", "parent": "ha-noi"}
RULE = {"position": 999, "domain": "waste", "unit": "ha-noi"}
FAULTS = {
    **{f"no {sheet}": removed(sheet) for sheet in SHEETS},
    "column removed": column_removed,
    "column renamed": column_renamed,
    "column twice": column_twice,
    "no heading": no_heading,
    "duplicate code": duplicate,
    "circle": circle,
    "parent": changed("Units", WARD, "parent", "nowhere", "parent 'nowhere' does not exist"),
    "second root": changed("Units", WARD, "parent", None, "parent is missing: only 'ha-noi' has none"),
    "kind": changed("Units", WARD, "kind", "castle", "kind 'castle' is none of city, district, ward"),
    "name missing": changed("Units", WARD, "name", None, "name is missing"),
    "code": added("Units", "code", "code 'Phòng mới' may hold a-z", **NEW | {"code": "Phòng mới"}),
    "ends early": added(
        "Units",
        "valid_to",
        "valid_to 2025-12-31 is before valid_from 2026-01-01",
        **NEW,
        valid_from=date(2026, 1, 1),
        valid_to=date(2025, 12, 31),
    ),
    "no date": added(
        "Units", "valid_from", "valid_from '31/2/2026' is not a date", **NEW, valid_from="31/2/2026"
    ),
    "date with time": added(
        "Units",
        "valid_from",
        "valid_from 2026-01-01 10:00:00 is not a date",
        **NEW,
        valid_from=datetime(2026, 1, 1, 10),  # noqa: DTZ001
    ),
    "ward code as a number": changed("Units", WARD, "ward_code", 367, "ward_code 367 must be a text"),
    "ward twice": added(
        "Units", "ward_code", "ward_code '00367' is already in row", **NEW, ward_code="00367"
    ),
    "successor": added(
        "Units", "successors", "successor 'nobody' does not exist", **NEW, successors="nobody"
    ),
    "half a former ward": added(
        "Units", "former_district", "former_district is missing", **NEW, former_ward="Xã A"
    ),
    "formula": changed("Units", WARD, "name", '=A1&"x"', "name holds a formula"),
    "error": changed("Units", WARD, "parent", "#REF!", "parent holds the error #REF!"),
    "merged": merged,
    "outside": outside,
    "unknown domain": added(
        "Responsibilities", "domain", "unknown domain 'dragons'", **RULE | {"domain": "dragons"}
    ),
    "unknown unit": added(
        "Responsibilities", "unit", "unit 'nobody' does not exist", **RULE | {"unit": "nobody"}
    ),
    "unknown area": added(
        "Responsibilities", "area", "area 'nowhere' does not exist", **RULE, area="nowhere"
    ),
    "rule kind": added("Responsibilities", "kind", "kind 'anger' is none of", **RULE, kind="anger"),
    "rule hours": added("Responsibilities", "hours", "hours 'night' is none of", **RULE, hours="night"),
    "supporting": added(
        "Responsibilities",
        "supporting",
        "supporting unit 'nobody' does not exist",
        **RULE,
        supporting="@ward; nobody",
    ),
    "position": added(
        "Responsibilities", "position", "position 'x' is not a number", **RULE | {"position": "x"}
    ),
    "position twice": added(
        "Responsibilities", "position", "position 10 is already in row", **RULE | {"position": 10}
    ),
    "text in a number": changed(
        "Deadlines", "waste", "answer_hours", "nhanh", "answer_hours 'nhanh' is not a number"
    ),
    "no hours": changed(
        "Deadlines", "waste", "escalate_chairman_hours", None, "escalate_chairman_hours is missing"
    ),
    "hours below nothing": changed(
        "Deadlines", "waste", "accept_hours", -4, "accept_hours must be a positive number"
    ),
    "chairman's hours": changed(
        "Deadlines",
        "waste",
        "escalate_chairman_hours",
        0,
        "escalate_chairman_hours must be a positive number",
    ),
    "hours upside down": changed("Deadlines", "waste", "warn_hours", 900, "warn_hours must be less"),
    "hours for nothing": changed("Deadlines", "waste", "domain", "dragons", "unknown domain 'dragons'"),
    "law without article": changed(
        "Deadlines", "waste", "legal_days", 10, "legal_days must be 1 or more, with"
    ),
    "yes or no": changed(
        "Domains", "waste", "needs_proof", "maybe", "needs_proof 'maybe' is none of có, không"
    ),
    "domain twice": added("Domains", "id", "id 'waste' is already in row", id="waste", name="Rác"),
    "domain's parent": added(
        "Domains", "parent", "parent 'dragons' is none of", id="x", name="X", parent="dragons"
    ),
    "entry": added("Calendar", "entry", "entry 'feast' is none of session", entry="feast"),
    "no day": added("Calendar", "date", "date is missing", entry="day_off"),
    "session": added(
        "Calendar", "to", "to 07:00 must be later", **{"entry": "session", "from": time(8), "to": time(7)}
    ),
    "sessions overlap": added(
        "Calendar",
        "from",
        "from 16:00 must be later",
        **{"entry": "session", "from": time(16), "to": time(18)},
    ),
    "no time": added(
        "Calendar", "from", "from 'sáng' is not a time", **{"entry": "session", "from": "sáng", "to": time(9)}
    ),
    "weekday": added("Calendar", "value", "value 8 is not a number from 1", entry="weekday", value=8),
    "holidays": added(
        "Calendar", "value", "value 'Atlantis' is no country", entry="national_holidays", value="Atlantis"
    ),
    "setting": added("Procedure", "setting", "setting 'speed' is none of province", setting="speed", value=1),
    "setting's value": changed(
        "Procedure", "reopenings", "value", "nhiều", "reopenings 'nhiều' is not a whole number"
    ),
    "days of silence": changed(
        "Procedure", "close_after_days", "value", 0, "close_after_days must be 1 or more"
    ),
    "province": changed(
        "Procedure", "province", "value", "da-nang", "province 'da-nang' is not that of the units"
    ),
    "no session": no_session,
    "tiers": changed("Procedure", "tiers", "value", 4, "tiers 4 is none of 2, 3"),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_bad_cell_is_named_with_its_sheet_and_reason_and_nothing_is_changed(
    office_without_people: Office, fault: Callable[[Office], str]
) -> None:
    office = office_without_people
    before = office.shell.everything()
    complaint = fault(office)
    answer = office.brings("--yes")
    assert answer.status == 1, answer.out
    assert any(line.startswith(complaint) for line in answer.err.splitlines()), (complaint, answer.err)
    assert "nothing was changed" in answer.err
    assert "Traceback" not in answer.err
    assert office.shell.everything() == before


def test_all_bad_cells_are_named_at_once_in_the_order_of_the_sheets(office: Office) -> None:
    names = ("kind", "parent", "unknown domain", "text in a number", "entry", "setting", "formula", "merged")
    complaints = [FAULTS[name](office) for name in names]
    answer = office.brings()
    lines = answer.err.splitlines()
    assert all(any(line.startswith(complaint) for line in lines) for complaint in complaints), answer.err
    told = [line.split("!")[0] for line in lines[:-1]]
    assert told == sorted(told, key=SHEETS.index)


def test_a_bad_cell_is_named_once(office: Office) -> None:
    complaint = FAULTS["text in a number"](office)
    answer = office.brings()
    assert answer.err.splitlines() == [complaint, "1 problem; nothing was changed."]


def test_empty_rows_and_blanks_are_no_fault(office: Office) -> None:
    page = office.book["Units"]
    page.cell(page.max_row + 2000, 2).number_format = "@"
    page.cell(page.max_row + 1, 2, "   ")
    page.insert_rows(8, amount=3)
    answer = office.brings()
    assert answer.status == 0, answer.err
    assert "Nothing changes." in answer.out


def test_the_names_of_columns_may_be_those_that_people_read(office: Office) -> None:
    for sheet in SHEETS:
        office.book[sheet].delete_rows(NAME_ROW)
    answer = office.brings()
    assert answer.status == 0, answer.err
    assert "Nothing changes." in answer.out


def with_rows(path: Path, rows: range) -> None:
    """Put units straight into the first sheet after the guide: quicker than cell by cell."""
    cell = '<c r="{column}{row}" t="inlineStr"><is><t>{value}</t></is></c>'
    values = {"A": "phong-{row}", "B": "Phòng {row}", "C": "office", "D": "ha-noi"}
    cells = "".join(
        cell.replace("{column}", column).replace("{value}", value) for column, value in values.items()
    )
    added = "".join(f'<row r="{row}">{cells}</row>'.replace("{row}", str(row)) for row in rows)
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            if name == "xl/worksheets/sheet2.xml":
                data = data.replace(b"</sheetData>", f"{added}</sheetData>".encode())
            archive.writestr(name, data)


def test_fifty_thousand_rows_are_answered(office: Office) -> None:
    before = office.shell.everything()
    with_rows(office.path, range(office.book["Units"].max_row + 1, 50_001))
    answer = office.shell("org", "import", office.path, "--yes")
    assert answer.status == 1
    assert "Units!A40003: there are more than 40,000 rows" in answer.err
    assert office.shell.everything() == before


def test_a_city_of_many_units_is_read(office: Office) -> None:
    for number in range(5_000):
        office.book["Units"].append([f"phong-{number}", f"Phòng {number}", "office", "ha-noi"])
    answer = office.brings()
    assert answer.status == 0, answer.err
    assert "5270 units: 5000 new" in answer.out


# ── files that are none ──────────────────────────────────────────────────────────────────────────


def locked(path: Path) -> str:
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))
    return "has a password or is an old .xls file"


def plain_text(path: Path) -> str:
    path.write_text("code;name\n", encoding="utf-8")
    return "is not a workbook"


def empty(path: Path) -> str:
    path.write_bytes(b"")
    return "is not a workbook"


def absent(path: Path) -> str:
    path.unlink()
    return "No such file"


def another_archive(path: Path) -> str:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("letter.txt", "xin chào")
    return "is damaged"


def cut(path: Path) -> str:
    path.write_bytes(path.read_bytes()[:4000])
    return "is not a workbook"


def bomb(path: Path) -> str:
    with zipfile.ZipFile(path, "a", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/big.xml", bytes(120_000_000))
    return "at most 100 are read"


def lying_bomb(path: Path) -> str:
    """An archive that says of its largest part that it is small."""
    with zipfile.ZipFile(path, "w", compression=zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", b" " * 3_000_000)
    data = bytearray(path.read_bytes())
    size = struct.pack("<I", 3_000_000)
    while size in data:
        place = data.index(size)
        data[place : place + 4] = struct.pack("<I", 100)
    path.write_bytes(bytes(data))
    return "is damaged"


def no_xml(path: Path) -> str:
    parts = {}
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name, b"<worksheet" if name.endswith("sheet2.xml") else data)
    return "is damaged"


@pytest.mark.parametrize(
    "spoil", [locked, plain_text, empty, absent, another_archive, cut, bomb, lying_bomb, no_xml]
)
def test_a_file_that_is_no_workbook_is_refused_in_one_line(
    office: Office, spoil: Callable[[Path], str]
) -> None:
    before = office.shell.everything()
    complaint = spoil(office.path)
    answer = office.shell("org", "import", office.path, "--yes")
    assert answer.status == 1
    assert complaint in answer.err
    assert len(answer.err.splitlines()) == 1
    assert office.shell.everything() == before


# ── there and back ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("province", "tiers"), [("Hà Nội", 3), ("Hải Phòng", 2), ("Cà Mau", 2)])
def test_a_whole_province_comes_back_as_it_was(tmp_path: Path, province: str, tiers: int) -> None:
    city = build_city(province, tiers=tiers)
    write_book(tmp_path / "city.xlsx", to_document(city), [])
    book = read_book(tmp_path / "city.xlsx")
    assert book.faults == ()
    assert book.city == city


names = st.text(
    st.characters(min_codepoint=32, exclude_categories=("Cs", "Cc", "Cn")), min_size=1, max_size=30
).filter(lambda text: text == text.strip() and "x005F_" not in text)
days = st.none() | st.dates(date(1832, 1, 1), date(2099, 1, 1))
lists = st.lists(names, max_size=3).map(tuple)
hours = st.integers(1, 900) | st.integers(1, 900).map(lambda quarters: quarters / 4)


@st.composite
def units(draw: st.DrawFn, number: int) -> Unit:
    first, last = sorted((draw(days), draw(days)), key=lambda day: day or date.min)
    if first is None:
        first, last = last, None
    return Unit(
        code=f"don-vi-{number}",
        name=draw(names),
        kind=draw(st.sampled_from(["district", "ward", "department", "company", "office"])),
        parent="hue" if number == 0 else draw(st.sampled_from(["hue", f"don-vi-{number - 1}"])),
        ward_code=draw(st.none() | st.just(f"{number:05}")),
        former_ward=draw(st.none() | st.tuples(names, st.just(f"Quận {number}"))),
        valid_from=first,
        valid_to=last,
        former_names=draw(lists),
        successors=("hue",) if last else (),
    )


@st.composite
def rules(draw: st.DrawFn, position: int) -> Responsibility:
    return Responsibility(
        domain=draw(st.sampled_from(["*", "waste", "other"])),
        kind=draw(st.sampled_from(["*", "feedback", "question"])),
        area=draw(st.sampled_from(["*", "hue"])),
        road=draw(st.sampled_from(["*", "main", "alley"])),
        hours=draw(st.sampled_from(["*", "working", "off"])),
        unit=draw(st.sampled_from(["hue", "@ward", "cong-an-@ward"])),
        supporting=draw(st.sampled_from([(), ("@ward",), ("hue", "@district")])),
        position=position,
    )


@st.composite
def deadline_rules(draw: st.DrawFn) -> DeadlineRule:
    answer, (first, second) = draw(st.integers(2, 900)), sorted((draw(hours), draw(hours)))
    return DeadlineRule(
        accept_hours=draw(st.integers(1, answer)),
        answer_hours=answer,
        warn_hours=draw(st.integers(1, 2 * answer - 1)) / 2,
        escalate_hours=(first, second),
        urgent_accept_hours=draw(hours),
        **draw(
            st.just({})
            | st.builds(
                lambda days, law: {"legal_days": days, "legal_article": law}, st.integers(1, 60), names
            )
        ),
    )


@st.composite
def cities(draw: st.DrawFn) -> City:
    count = draw(st.integers(0, 4))
    tree = [
        Unit(code="hue", name="Huế", kind="city", parent=None),
        *(draw(units(each)) for each in range(count)),
    ]
    part = Domain(
        id="bulky", name=draw(names), parent="waste", keywords=draw(lists), needs_proof=draw(st.booleans())
    )
    flags = st.booleans()
    return City(
        province="hue",
        name=draw(names),
        tiers=draw(st.sampled_from([2, 3])),
        units={unit.code: unit for unit in tree},
        responsibilities=tuple(draw(rules(each)) for each in range(draw(st.integers(0, 4)))),
        calendar=WorkingCalendar(
            sessions=draw(
                st.sampled_from([((time(7, 30), time(11)),), ((time(6), time(9)), (time(12), time(17, 5)))])
            ),
            weekdays=draw(st.frozensets(st.integers(1, 7), min_size=1)),
            holidays=draw(st.frozensets(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=3)),
            make_up_days=draw(st.frozensets(st.dates(date(2020, 1, 1), date(2030, 1, 1)), max_size=3)),
            national_holidays=draw(st.sampled_from(["VN", None])),
        ),
        deadlines={domain: draw(deadline_rules()) for domain in ("other", "waste")},
        domains={
            "other": Domain(id="other", name=draw(names), needs_approval=draw(flags)),
            "waste": Domain(id="waste", name=draw(names), restricted=draw(flags), needs_proof=draw(flags)),
            "bulky": part,
        },
        procedure=Procedure(extensions=draw(st.integers(0, 9)), reply_days=draw(st.integers(1, 90))),
    )


@given(cities())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_city_comes_back_as_it_was(tmp_path_factory: pytest.TempPathFactory, city: City) -> None:
    usual = from_document(to_document(city))
    path = tmp_path_factory.mktemp("city") / "city.xlsx"
    write_book(path, to_document(city), [])
    book = read_book(path)
    assert [str(fault) for fault in book.faults] == []
    assert book.city == usual == city


@pytest.mark.parametrize(
    "name", ['=HYPERLINK("x")', "+84", "@ward", "-1", "Phường 'A' \"B\"; C", "a\nb", "00012", "TRUE"]
)
def test_a_name_stays_a_text_whatever_it_looks_like(tmp_path: Path, name: str) -> None:
    city = build_city("Huế")
    unit = replace(city.root, name=name, former_names=(name, "Huế"))
    named = replace(city, units={**city.units, unit.code: unit})
    write_book(tmp_path / "city.xlsx", to_document(named), [])
    book = read_book(tmp_path / "city.xlsx")
    assert book.city is not None
    assert (book.city.root.name, book.city.root.former_names) == (name, (name, "Huế"))


def test_what_no_workbook_can_hold_is_said(shell: Shell, tmp_path: Path) -> None:
    assert shell("org", "export", tmp_path / "city.json").status == 0
    text = (
        (tmp_path / "city.json")
        .read_text(encoding="utf-8")
        .replace('"Phường Khương Đình"', '"Phường\\u0001"')
    )
    (tmp_path / "city.json").write_text(text, encoding="utf-8")
    assert shell("org", "import", tmp_path / "city.json").status == 0
    answer = shell("org", "export", tmp_path / "city.xlsx")
    assert answer.status == 1
    assert "the JSON file (.json) can hold it" in answer.err
    assert not (tmp_path / "city.xlsx").exists()


# ── officials ────────────────────────────────────────────────────────────────────────────────────


def holds_a_post(shell: Shell, unit: str, role: str, name: str) -> str:
    """Store somebody with a post; return the post's number as the workbook names it."""
    import asyncio
    from datetime import UTC

    from storage import people
    from storage.database import Database

    async def store() -> int:
        database = Database(shell.environment["LANGNGHE_DATABASE_URL"])
        now = datetime(2026, 1, 5, tzinfo=UTC)
        async with database.begin() as transaction:
            person = people.add_person(transaction, channel="web", user=name, name=name, now=now)
            post = people.add_post(transaction, person_id=person.id, unit_code=unit, role=role, now=now)
        await database.close()
        return post.id

    return str(asyncio.run(store()))


CHAIR = "Chủ tịch phường Khương Đình"


@pytest.fixture
def post(shell: Shell) -> str:
    """The number of a chair's post."""
    return holds_a_post(shell, WARD, "chair", CHAIR)


def test_the_workbook_names_who_holds_which_post_and_nothing_secret(post: str, office: Office) -> None:
    [row] = [[cell.value for cell in row] for row in office.book["Officials"].iter_rows(min_row=FIRST_ROW)]
    assert row[:5] == [post, CHAIR, "chair", WARD, "Phường Khương Đình"]
    assert row[5] == datetime(2026, 1, 5)  # noqa: DTZ001
    assert row[6:] == [None, None]
    with closing(zipfile.ZipFile(office.path)) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist())
    assert b"web:" not in everything


def test_a_post_gets_an_end_and_a_name_is_put_right(post: str, office: Office) -> None:
    office.put("Officials", post, "until", date(2030, 12, 31))
    office.put("Officials", post, "name", "Chủ tịch mới")
    answer = office.brings()
    assert answer.status == 0, answer.err
    told = f"~ officials chair of {WARD}: name {CHAIR} -> Chủ tịch mới, until (none) -> 2030-12-31"
    assert told in answer.out
    again = Office.exporting(office.shell, office.path)
    assert again.book["Officials"].cell(FIRST_ROW, 7).value == datetime(2030, 12, 31)  # noqa: DTZ001
    assert "Nothing changes." in again.brings().out


def test_a_post_whose_end_is_past_ends_now_and_not_before(post: str, office: Office) -> None:
    office.put("Officials", post, "until", date(2026, 1, 31))
    before = office.shell.rows("SELECT starts_at FROM post")
    assert office.brings().status == 0
    [(ends_at,)] = office.shell.rows("SELECT ends_at FROM post")
    assert ends_at > datetime(2026, 2, 2).timestamp() * 1_000_000  # noqa: DTZ001
    assert office.shell.rows("SELECT starts_at FROM post") == before
    assert Office.exporting(office.shell, office.path).book["Officials"].max_row == NAME_ROW


def test_a_row_that_is_taken_out_takes_no_post_away(post: str, office: Office) -> None:
    office.book["Officials"].delete_rows(FIRST_ROW)
    answer = office.brings()
    assert "1 post is not in the file and stays as it is." in answer.out
    assert office.shell.rows("SELECT ends_at FROM post") == [(None,)]


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("role", "leader", "role was chair"),
        ("unit", "ha-noi", f"unit was {WARD}"),
        ("since", date(2026, 2, 2), "since was 2026-01-05"),
        ("until", date(2025, 2, 2), "until 2025-02-02 is before 2026-01-05"),
        ("until", "sớm", "until 'sớm' is not a date"),
        ("post", "12", "post '12' is not held any more or never was"),
    ],
)
def test_what_cannot_be_changed_of_an_official_is_named(
    post: str, office: Office, column: str, value: object, reason: str
) -> None:
    before = office.shell.everything()
    where = office.put("Officials", post, column, value)
    answer = office.brings()
    assert answer.status == 1
    assert f"{where}: {reason}" in answer.err
    assert office.shell.everything() == before


def test_a_new_row_needs_somewhere_to_write_its_invitation(post: str, office: Office, tmp_path: Path) -> None:
    row = office.add("Officials", name="Chuyên viên", role="officer", unit=WARD)
    answer = office.brings()
    assert f"Officials!A{row}: post is empty: --out" in answer.err
    answer = office.brings("--out", tmp_path / "invitations.xlsx")
    assert answer.status == 0, answer.err
    assert "1 invitation is" in answer.out
    assert [role for (role,) in office.shell.rows("SELECT role FROM invitation")] == ["officer"]
    assert (
        openpyxl.load_workbook(tmp_path / "invitations.xlsx").worksheets[0].cell(3, 1).value == "Chuyên viên"
    )


def test_a_deputys_row_keeps_its_end(shell: Shell, tmp_path: Path) -> None:
    post = holds_a_post(shell, WARD, "chair", CHAIR)
    ends_at = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp()) * 1_000_000
    with closing(sqlite3.connect(shell.database)) as connection:
        connection.execute("UPDATE post SET deputy_for = 5, ends_at = ?", [ends_at])
        connection.commit()
    office = Office.exporting(shell, tmp_path / "deputy.xlsx")
    cell = office.put("Officials", post, "until", None)
    answer = office.brings()
    assert answer.status == 1
    assert f"{cell}: until was 2030-01-01: whoever stands in" in answer.err


@pytest.mark.parametrize("suffix", [".xlsx", ".json"])
def test_a_file_from_before_another_change_is_refused(shell: Shell, tmp_path: Path, suffix: str) -> None:
    old, new = tmp_path / f"old{suffix}", tmp_path / "new.xlsx"
    assert shell("org", "export", old).status == 0
    office = Office.exporting(shell, new)
    office.put("Units", WARD, "name", "Phường Mới")
    assert office.brings().status == 0
    answer = shell("org", "import", old)
    assert answer.status == 1
    assert "was exported at version 1, the organisation is at version 2" in answer.err
    assert shell("org", "import", old, "--force").status == 0
