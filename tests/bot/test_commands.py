"""The command line, as an operator uses it on the first day and when something is wrong."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from handlers import texts
from storage import seals
from storage.tables import case as case_table
from storage.tables import event, rollup
from tests.city import CityHarness
from tests.shell import Shell, shell_of

ROOT = Path(__file__).parent.parent.parent
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
LONGEST_INIT = 10


@pytest.fixture
def nowhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on a machine where nothing has been set up yet."""
    return Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{tmp_path}/new/langnghe.db"})


@pytest.fixture
def shell(tmp_path: Path, city_file: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """A shell on a machine that serves Hà Nội."""
    return Shell(capsys, {"LANGNGHE_DATABASE_URL": f"sqlite:///{shutil.copy(city_file, tmp_path)}"})


@pytest.fixture
def document(shell: Shell, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """The city's organisation file, and what is in it."""
    path = tmp_path / "city.json"
    assert shell("org", "export", path).status == 0
    return path, json.loads(path.read_text(encoding="utf-8"))


# ── init ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_city_is_made_on_an_empty_database_and_repeating_it_changes_nothing(
    database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = Shell(capsys, {"LANGNGHE_DATABASE_URL": database_url})
    begun = time.monotonic()
    made = shell("init", "--province", "Hà Nội")
    assert time.monotonic() - begun < LONGEST_INIT
    assert made.status == 0
    assert "Hà Nội" in made.out
    again = shell("init", "--province", "ha noi")
    assert again.status == 0
    assert "nothing was changed" in again.out
    assert shell("org", "check").status == 0


def test_a_folder_for_the_database_is_made(nowhere: Shell) -> None:
    assert nowhere("init", "--province", "Huế").status == 0
    assert nowhere("stats").status == 0


@pytest.mark.parametrize("name", ["HN", "hà nội", "HANOI", "Thanh pho Ha Noi", "tp. Hà Nội"])
def test_names_are_tolerated(shell: Shell, name: str) -> None:
    answer = shell("init", "--province", name)
    assert answer.status == 0, answer.err
    assert "is already there; nothing was changed" in answer.out


@pytest.mark.parametrize("name", ["TP HCM", "sai gon", "Hồ Chí Minh"])
def test_another_province_is_refused_on_a_database_that_has_one(shell: Shell, name: str) -> None:
    answer = shell("init", "--province", name)
    assert answer.status == 1
    assert "already holds Hà Nội" in answer.err
    assert "LANGNGHE_DATABASE_URL" in answer.err


def test_an_unknown_province_lists_the_nearest(nowhere: Shell, tmp_path: Path) -> None:
    answer = nowhere("init", "--province", "Hà Nôm")
    assert answer.status == 1
    assert "Hà Nội" in answer.err
    assert not (tmp_path / "new").exists()


def test_the_former_tree_has_districts(nowhere: Shell, tmp_path: Path) -> None:
    begun = time.monotonic()
    assert nowhere("init", "--province", "Hà Nội", "--tiers", "3").status == 0
    assert time.monotonic() - begun < LONGEST_INIT
    assert nowhere("org", "export", tmp_path / "city.json").status == 0
    units = json.loads((tmp_path / "city.json").read_text(encoding="utf-8"))["units"]
    assert {"Quận Thanh Xuân", "Phường Khương Trung"} <= {unit["name"] for unit in units}
    answer = nowhere("init", "--province", "Hà Nội")
    assert answer.status == 1
    assert "3 tiers" in answer.err


def test_two_inits_at_once_make_one_city(postgresql_url: str) -> None:
    running = [process("init", "--province", "Hà Nội", database_url=postgresql_url) for _ in range(2)]
    said = [each.communicate(timeout=60) for each in running]
    assert [each.returncode for each in running] == [0, 0], said


# ── org ──────────────────────────────────────────────────────────────────────────────────────────


def test_an_office_corrects_its_file_and_brings_it_back(
    shell: Shell, document: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, content = document
    [ward] = [unit for unit in content["units"] if unit["code"] == "phuong-khuong-dinh"]
    ward["name"] = "Phường Khương Đình mới"
    path.write_text(json.dumps(content), encoding="utf-8")
    brought = shell("org", "import", path)
    assert brought.status == 0
    assert "0 new, 0 gone" in brought.out
    assert shell("org", "check").status == 0
    shell("org", "export", tmp_path / "again.json")
    assert json.loads((tmp_path / "again.json").read_text(encoding="utf-8")) == {**content, "version": 2}


def test_a_domain_that_reaches_nobody_is_found(shell: Shell, document: tuple[Path, dict[str, Any]]) -> None:
    path, content = document
    everything = content["responsibilities"]
    content["responsibilities"] = [rule for rule in everything if rule["domain"] not in ("waste", "*")]
    path.write_text(json.dumps(content), encoding="utf-8")
    assert shell("org", "import", path).status == 0
    checked = shell("org", "check", "--json")
    assert checked.status == 1
    assert any("waste" in problem for problem in checked.data)
    assert "problems." in shell("org", "check").out


def test_every_fault_of_a_file_is_named_by_its_row_and_nothing_is_changed(
    shell: Shell, document: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    path, content = document
    before = path.read_text(encoding="utf-8")
    content["units"][4]["parent"] = "nowhere"
    content["units"][7]["kind"] = "castle"
    content["responsibilities"][2]["domain"] = "dragons"
    path.write_text(json.dumps(content), encoding="utf-8")
    answer = shell("org", "import", path)
    assert answer.status == 1
    for row, word in (("units row 5", "nowhere"), ("units row 8", "castle"), ("row 3", "dragons")):
        assert any(row in line and word in line for line in answer.err.splitlines()), answer.err
    assert "nothing was changed" in answer.err
    refused = shell("org", "export", path)
    assert (refused.status, path.read_text(encoding="utf-8")) == (1, json.dumps(content))
    assert "is there already; name another file, or write over it with --force." in refused.err
    assert shell("org", "export", path, "--force").status == 0
    assert path.read_text(encoding="utf-8") == before


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"{", "not JSON"), (b"\xff\xfe\x00", "not JSON"), (b"[]", "must be an object"), (None, "No such file")],
)
def test_a_file_that_is_none_is_refused(
    shell: Shell, tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    path = tmp_path / "city.json"
    if content is not None:
        path.write_bytes(content)
    answer = shell("org", "import", path)
    assert answer.status == 1
    assert complaint in answer.err


def test_a_file_about_another_province_is_refused(shell: Shell, nowhere: Shell, tmp_path: Path) -> None:
    path = tmp_path / "hue.json"
    assert nowhere("init", "--province", "Huế").status == 0
    assert nowhere("org", "export", path).status == 0
    answer = shell("org", "import", path)
    assert answer.status == 1
    assert "Hà Nội" in answer.err


def test_a_folder_that_cannot_be_written_to_is_named(shell: Shell, tmp_path: Path) -> None:
    answer = shell("org", "export", tmp_path / "missing" / "city.json")
    assert answer.status == 1
    assert "city.json: No such file" in answer.err


# ── invite ───────────────────────────────────────────────────────────────────────────────────────


async def test_an_invitation_makes_an_official_once(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    shell = shell_of(city, capsys)
    made = await asyncio.to_thread(
        shell, "invite", "--unit", "phuong-khuong-dinh", "--role", "chair", "--json"
    )
    assert (made.data["unit"], made.data["role"]) == ("phuong-khuong-dinh", "chair")
    chair, other = city.citizen("chair"), city.citizen("other")
    await chair.writes(f"/start {made.data['code']}")
    chair.sees("Phường Khương Đình")
    await other.writes(f"/start {made.data['code']}")
    other.does_not_see("Phường Khương Đình")


def test_an_invitation_is_printed_as_it_is_to_be_sent(shell: Shell) -> None:
    answer = shell("invite", "--unit", "ha-noi", "--role", "admin")
    assert answer.status == 0
    assert re.match(r"/start \w{5}-\w{5}-\w{5}\n", answer.out)
    assert "7 days" in answer.out


def test_an_invitation_to_an_unknown_unit_suggests_some(shell: Shell) -> None:
    answer = shell("invite", "--unit", "phuong-khuong-din", "--role", "chair")
    assert answer.status == 1
    assert "nearest: phuong-khuong-dinh" in answer.err


def test_an_unknown_role_is_refused(shell: Shell) -> None:
    answer = shell("invite", "--unit", "ha-noi", "--role", "king")
    assert answer.status == 2
    assert "king" in answer.err


# ── stats, verify ────────────────────────────────────────────────────────────────────────────────


async def reported(city: CityHarness, count: int) -> None:
    """Let people file cases just now; the first of them is answered."""
    chair = await city.official("phuong-khuong-dinh", "chair")
    for number in range(count):
        citizen = city.citizen(f"c{number}")
        await citizen.writes(RUBBISH)
        await citizen.files()
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn sạch", photos=1)
    await chair.presses("Gửi câu trả lời")


async def test_figures_are_the_same_on_the_command_line_and_in_chat(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(city, 3)
    shell = shell_of(city, capsys)
    found = (await asyncio.to_thread(shell, "stats", "--json")).data
    assert (found["total"]["received"], found["total"]["answered"], found["total"]["open"]) == (3, 1, 2)
    leader = await city.official("ha-noi", "leader")
    await leader.writes("/thongke 30 ngày qua")
    summary = {name: value for name, value in found["total"].items() if name not in ("open", "satisfaction")}
    leader.sees(texts.figures_summary(**summary))


async def test_figures_have_their_keys_and_follow_unit_domain_and_days(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(city, 2)
    shell = shell_of(city, capsys)

    async def stats(*words: str) -> Any:
        return (await asyncio.to_thread(shell, "stats", "--json", *words)).data

    found = await stats()
    about = {"unit", "domain", "tree", "trees_differ", "from", "to", "as_of"}
    assert set(found) == {*about, "total", "by_unit", "by_domain"}
    assert found["total"]["rejected_late"] == 0
    assert [row["code"] for row in found["by_unit"]] == ["phuong-khuong-dinh"]
    assert [row["code"] for row in found["by_domain"]] == ["waste"]
    assert (await stats("--unit", "phuong-khuong-dinh"))["total"]["received"] == 2
    assert (await stats("--unit", "so-xay-dung"))["total"]["received"] == 0
    assert (await stats("--domain", "noise"))["total"]["received"] == 0
    assert (await stats("--from", "2020-01-01", "--to", "2020-01-31"))["total"]["received"] == 0
    table = await asyncio.to_thread(shell, "stats")
    assert "Phường Khương Đình" in table.out
    assert "overdue" in table.out


@pytest.mark.parametrize(
    ("words", "status", "complaint"),
    [
        (("--unit", "so-xay-dun"), 1, "nearest: so-xay-dung"),
        (("--domain", "dragons"), 1, "waste"),
        (("--from", "yesterday"), 2, "YYYY-MM-DD"),
        (("--to", "9999-12-31"), 2, "9999-12-31"),
        (("--from", "2026-02-02", "--to", "2026-02-01"), 1, "--from"),
    ],
)
def test_wrong_questions_are_refused(
    shell: Shell, words: tuple[str, ...], status: int, complaint: str
) -> None:
    answer = shell("stats", *words)
    assert answer.status == status
    assert complaint in answer.err


async def test_the_ledger_is_proved_until_somebody_touches_it(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(city, 2)
    shell = shell_of(city, capsys)
    answer = await asyncio.to_thread(shell, "verify")
    assert answer.status == 0
    assert re.match(r"The ledger holds: \d+ events", answer.out)
    first = (await city.cases())[0]
    for column, fault in (("text", "what the citizen wrote is not"), ("answer", "the answer is not the one")):
        written = update(case_table).where(case_table.c.id == first.id)
        async with city.database.begin() as transaction:
            await transaction.execute(written.values({column: "Không có gì"}))
        assert f"case {first.code}" in (told := await asyncio.to_thread(shell, "verify")).err
        assert fault in told.err
        async with city.database.begin() as transaction:
            await transaction.execute(written.values({column: getattr(first, column)}))
    async with city.database.begin() as transaction:
        touched = (event.c.case_id == first.id) & (event.c.sequence == 2)
        await transaction.execute(update(event).where(touched).values(actor_role="somebody"))
    answer = await asyncio.to_thread(shell, "verify")
    assert answer.status == 1
    assert f"event 2 of case {first.code}" in answer.err


async def test_a_noted_root_and_a_day_can_be_verified_alone(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(city, 2)
    shell = shell_of(city, capsys)
    assert "No day is sealed yet" in (await asyncio.to_thread(shell, "verify")).out
    await city.becomes(city.now + timedelta(days=1))
    later = city.citizen("later")
    await later.writes(RUBBISH)
    await later.files()
    async with city.database.begin() as transaction:
        sealed = (await seals.seal_days(transaction, now=city.now + timedelta(days=2)))[-1]
    day = sealed.day.isoformat()
    told = await asyncio.to_thread(shell, "verify", "--day", day)
    assert told.status == 0
    assert sealed.shown in told.out
    found = (await asyncio.to_thread(shell, "verify", "--root", sealed.shown, "--json")).data
    assert (found["holds"], found["root"], found["sealed_until"]) == (True, sealed.root, day)
    assert found["sealed_late"] == [day]
    assert f"Sealed late, more than a day after it could be: {day}." in told.out
    other = await asyncio.to_thread(shell, "verify", "--root", "0" * 16, "--day", day)
    assert other.status == 1
    assert f"the seal ({day})" in other.err
    assert (await asyncio.to_thread(shell, "verify", "--root", "12")).status == 1


async def test_figures_that_somebody_changed_are_named_and_counted_anew(
    city: CityHarness, capsys: pytest.CaptureFixture[str]
) -> None:
    await reported(city, 2)
    shell = shell_of(city, capsys)
    assert (await asyncio.to_thread(shell, "stats", "--rebuild")).status == 0
    assert "are what the cases give" in (await asyncio.to_thread(shell, "stats", "--check")).out
    async with city.database.begin() as transaction:
        await transaction.execute(update(rollup).where(rollup.c.tier == "unit").values(late=1))
    told = await asyncio.to_thread(shell, "stats", "--check")
    assert (told.status, "domain *" in told.err, "stats --rebuild" in told.err) == (1, True, True)
    proved = await asyncio.to_thread(shell, "verify", "--json")
    assert (proved.status, proved.data["holds"], bool(proved.data["figures"])) == (1, True, True)
    await asyncio.to_thread(shell, "stats", "--rebuild")
    assert (await asyncio.to_thread(shell, "verify", "--json")).data["figures"] == []


# ── before the first day, and wrong settings ─────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "words",
    [("stats",), ("verify",), ("org", "check"), ("invite", "--unit", "x", "--role", "chair")],
)
def test_without_a_city_one_is_told_what_to_run(nowhere: Shell, tmp_path: Path, words: tuple[str]) -> None:
    answer = nowhere(*words)
    assert answer.status == 1
    assert 'python -m bot init --province "Hà Nội"' in answer.err
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("words", [("stats",), ("init", "--province", "HN")])
def test_a_database_that_does_not_answer_is_named_without_its_password(
    nowhere: Shell, words: tuple[str]
) -> None:
    nowhere.environment["LANGNGHE_DATABASE_URL"] = "postgresql://bot:hunter2@127.0.0.1:1/city"
    answer = nowhere(*words)
    assert answer.status == 1
    assert answer.err.startswith("LANGNGHE_DATABASE_URL: postgresql://bot:***@127.0.0.1:1/city")
    assert "hunter2" not in answer.err


def test_wrong_settings_are_all_named_and_unknown_ones_warned_about(nowhere: Shell) -> None:
    nowhere.environment |= {"LANGNGHE_PORT": "x", "LANGNGHE_TELEGRAM_TOKEN": "y"}
    answer = nowhere("serve")
    assert answer.status == 2
    assert [line.split(":")[0] for line in answer.err.splitlines()] == [
        "LANGNGHE_PORT",
        "LANGNGHE_TELEGRAM_TOKEN",
    ]
    nowhere.environment = {"LANGNGHE_DATABASE_URl": nowhere.environment["LANGNGHE_DATABASE_URL"]}
    nowhere.environment["LANGNGHE_PROT"] = "80"
    answer = nowhere("stats")
    assert "warning: LANGNGHE_PROT is not a setting; did you mean LANGNGHE_PORT?" in answer.err


@pytest.mark.parametrize("words", [(), ("fly",), ("serve", "--parts", "web,wings"), ("org",)])
def test_an_unknown_command_shows_what_there_is(nowhere: Shell, words: tuple[str, ...]) -> None:
    answer = nowhere(*words)
    assert answer.status == 2
    assert "usage: python -m bot" in answer.err


# ── as a process ─────────────────────────────────────────────────────────────────────────────────


def process(*words: str, database_url: str) -> "subprocess.Popen[bytes]":
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "LANGNGHE_DATABASE_URL": database_url}
    return subprocess.Popen(
        [sys.executable, "-m", "bot", *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_the_program_reads_its_environment(shell: Shell) -> None:
    url = shell.environment["LANGNGHE_DATABASE_URL"]
    running = process("stats", "--json", database_url=url)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, err) == (0, b"")
    assert json.loads(out)["unit"]["code"] == "ha-noi"


def test_a_reader_that_goes_away_is_no_crash(shell: Shell) -> None:
    running = process("stats", database_url=shell.environment["LANGNGHE_DATABASE_URL"])
    assert running.stdout is not None
    running.stdout.close()
    assert running.stderr is not None
    assert b"Traceback" not in running.stderr.read()
    running.stderr.close()
    running.wait(timeout=60)
