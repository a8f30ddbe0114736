"""A list of officials goes in, a workbook of one-time invitations comes out; each code works once in chat."""

import asyncio
import shutil
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest

from tests.city import CityHarness
from tests.shell import Shell, shell_of

WARD = "phuong-khuong-dinh"
HEADING = ["name", "unit", "role", "phone", "until"]
PEOPLE = [
    ["Chủ tịch phường Khương Đình", WARD, "chair", "0912 345 678", "31/12/2030"],
    ["Chuyên viên", "Phường Khương Đình", "officer", None, None],
    ["Điều phối", "ha-noi", "dispatcher", 912345678, None],
]


@pytest.fixture
def shell(tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on a machine that serves Hà Nội."""
    return Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{shutil.copy(city_file, tmp_path)}"})


def listed(path: Path, rows: list[list[object]], heading: list[str] = HEADING) -> Path:
    """Write a list as an office would."""
    book = openpyxl.Workbook()
    for row in (heading, *rows):
        book.worksheets[0].append(row)
    book.save(path)
    return path


def invitations(path: Path) -> list[dict[str, object]]:
    """Return the rows of a workbook of invitations."""
    page = openpyxl.load_workbook(path).worksheets[0]
    names = [str(cell.value) for cell in page[2]]
    return [dict(zip(names, row, strict=True)) for row in page.iter_rows(min_row=3, values_only=True)]


def test_each_person_gets_a_row_with_a_code_that_exists_nowhere_else(shell: Shell, tmp_path: Path) -> None:
    out = tmp_path / "out.xlsx"
    answer = shell("people", "import", listed(tmp_path / "list.xlsx", PEOPLE), "--out", out)
    assert answer.status == 0, answer.err
    assert "3 invitations" in answer.out
    rows = invitations(out)
    assert [(row["name"], row["unit"], row["role"]) for row in rows] == [
        ("Chủ tịch phường Khương Đình", WARD, "chair"),
        ("Chuyên viên", WARD, "officer"),
        ("Điều phối", "ha-noi", "dispatcher"),
    ]
    assert [row["phone"] for row in rows] == ["0912 345 678", None, "0912345678"]
    assert rows[0]["until"] == datetime(2030, 12, 31)  # noqa: DTZ001
    assert all(row["message"] == f"/start {row['code']}" for row in rows)
    assert len({row["code"] for row in rows}) == 3
    assert out.stat().st_mode & 0o777 == 0o600
    stored = "\n".join(shell.everything())
    for row in rows:
        assert str(row["code"]) not in stored + answer.out
        assert str(row["code"]).replace("-", "") not in stored
    assert [name for (name,) in shell.rows("SELECT name FROM invitation ORDER BY name")] == sorted(
        str(row["name"]) for row in rows
    )


async def test_each_code_makes_one_official_once(
    city: CityHarness, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = shell_of(city, capsys)
    out = tmp_path / "out.xlsx"
    words = ("people", "import", listed(tmp_path / "list.xlsx", PEOPLE), "--out", out)
    assert (await asyncio.to_thread(shell, *words)).status == 0
    for number, row in enumerate(invitations(out)):
        official, thief = city.citizen(f"official {number}"), city.citizen(f"thief {number}")
        await official.writes(str(row["message"]))
        official.sees(str(row["unit_name"]))
        await thief.writes(str(row["message"]))
        thief.does_not_see(str(row["unit_name"]))
    posts = shell.rows("SELECT unit_code, role, ends_at IS NULL FROM post ORDER BY role")
    assert posts == [(WARD, "chair", 0), ("ha-noi", "dispatcher", 1), (WARD, "officer", 1)]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_list_may_be_a_text_with_vietnamese_headings(shell: Shell, tmp_path: Path, delimiter: str) -> None:
    lines = [["Họ và tên", "Đơn vị", "Vai trò"], ["Chuyên viên", "Phường Khương Đình", "officer"]]
    text = "\n".join(delimiter.join(line) for line in lines)
    (tmp_path / "list.csv").write_text(text, encoding="utf-8-sig")
    answer = shell("people", "import", tmp_path / "list.csv", "--out", tmp_path / "out.xlsx")
    assert answer.status == 0, answer.err
    assert [row["unit"] for row in invitations(tmp_path / "out.xlsx")] == [WARD]


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ([None, WARD, "chair"], "Sheet!A5: name is missing"),
        (["A", None, "chair"], "Sheet!B5: unit is missing"),
        (
            ["A", "phuong-khuong-din", "chair"],
            "Sheet!B5: unit 'phuong-khuong-din' does not exist; nearest: phuong",
        ),
        (["A", WARD, "king"], "Sheet!C5: role 'king' is none of chair, officer"),
        (["A", WARD, None], "Sheet!C5: role is missing"),
        (["A", WARD, "chair", "gọi sau"], "Sheet!D5: phone 'gọi sau' is not a telephone number"),
        (["A", WARD, "chair", None, "mãi"], "Sheet!E5: until 'mãi' is not a date"),
        (["A", WARD, "chair", None, "31/12/2020"], "Sheet!E5: until 2020-12-31 is before"),
        (PEOPLE[1], "Sheet!A5: name 'Chuyên viên' is in row 3 already"),
    ],
)
def test_one_bad_cell_is_named_and_nobody_is_invited(
    shell: Shell, tmp_path: Path, row: list[object], complaint: str
) -> None:
    before = shell.everything()
    path = listed(tmp_path / "list.xlsx", [*PEOPLE, row])
    answer = shell("people", "import", path, "--out", tmp_path / "out.xlsx")
    assert answer.status == 1
    assert complaint in answer.err
    assert shell.everything() == before
    assert not (tmp_path / "out.xlsx").exists()


def test_a_name_that_several_units_have_is_not_guessed(shell: Shell, tmp_path: Path) -> None:
    assert shell("org", "export", tmp_path / "city.xlsx").status == 0
    book = openpyxl.load_workbook(tmp_path / "city.xlsx")
    for code in ("doi-mot", "doi-hai"):
        book["Units"].append([code, "Đội trật tự", "office", "ha-noi"])
    book.save(tmp_path / "city.xlsx")
    assert shell("org", "import", tmp_path / "city.xlsx").status == 0
    path = listed(tmp_path / "list.xlsx", [["A", "đội trật tự", "chair"]])
    answer = shell("people", "import", path, "--out", tmp_path / "out.xlsx")
    assert "is the name of several: give the code, one of doi-mot, doi-hai" in answer.err


def test_an_earlier_workbook_of_codes_is_not_written_over(shell: Shell, tmp_path: Path) -> None:
    path, out = listed(tmp_path / "list.xlsx", PEOPLE), tmp_path / "out.xlsx"
    assert shell("people", "import", path, "--out", out).status == 0
    before, codes = shell.everything(), invitations(out)
    answer = shell("people", "import", path, "--out", out)
    assert answer.status == 1
    assert "is there already" in answer.err
    assert (shell.everything(), invitations(out)) == (before, codes)


@pytest.mark.parametrize("name", ["out.csv", "missing/out.xlsx"])
def test_where_nothing_can_be_written_nobody_is_invited(shell: Shell, tmp_path: Path, name: str) -> None:
    before = shell.everything()
    path = listed(tmp_path / "list.xlsx", PEOPLE)
    answer = shell("people", "import", path, "--out", tmp_path / name)
    assert answer.status == 1
    assert "--out" in answer.err
    assert shell.everything() == before


def test_codes_that_were_not_stored_are_not_handed_out(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("storage.people.add_invitation", lambda *_, **__: 1 / 0)
    path, out = listed(tmp_path / "list.xlsx", PEOPLE), tmp_path / "out.xlsx"
    with pytest.raises(ZeroDivisionError):
        shell("people", "import", path, "--out", out)
    assert not out.exists()


@pytest.mark.parametrize("name", ["list.txt", "list.csv", "list.xlsx"])
def test_a_file_that_is_no_list_is_refused(shell: Shell, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"\xff\xfe\x00x")
    answer = shell("people", "import", tmp_path / name, "--out", tmp_path / "out.xlsx")
    assert answer.status == 1
    assert name in answer.err
    assert "Traceback" not in answer.err


@pytest.mark.parametrize(
    ("heading", "role"),
    [
        (["Họ và tên", "Mã đơn vị", "Tên đơn vị", "Vai trò"], "Chuyên viên"),
        (["ho va ten", "MA DON VI", "ten don vi", "vai tro"], "chuyen  vien"),
        (["name", "Đơn vị", "unit_name", "Vai trò"], "OFFICER"),
    ],
)
def test_headings_and_roles_may_be_in_the_words_that_the_other_sheets_use(
    shell: Shell, tmp_path: Path, heading: list[str], role: str
) -> None:
    rows: list[list[object]] = [["Chuyên viên phường", WARD, "Phường Khương Đình", role]]
    file, out = listed(tmp_path / "list.xlsx", rows, heading), tmp_path / "out.xlsx"
    answer = shell("people", "import", file, "--out", out)
    assert answer.status == 0, answer.err
    assert "1 invitation is in" in answer.out
    assert [(row["unit"], row["role"]) for row in invitations(out)] == [(WARD, "officer")]


def test_a_role_that_nobody_has_is_named_with_its_cell(shell: Shell, tmp_path: Path) -> None:
    file = listed(
        tmp_path / "list.xlsx", [["Chuyên viên", WARD, "Bảo vệ"]], ["Họ và tên", "Mã đơn vị", "Vai trò"]
    )
    answer = shell("people", "import", file, "--out", tmp_path / "out.xlsx")
    assert answer.status == 1
    assert "Sheet!C2: role 'Bảo vệ' is none of chair, officer, leader, dispatcher, admin" in answer.err
