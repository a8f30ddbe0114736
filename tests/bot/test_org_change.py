"""`org change` and `org show`: looked at, refused, carried out today, planned for later, cancelled."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from routing.deadline import LOCAL_TIME

RENAME = {"rename": "phuong-lang", "name": "Phường Láng Hạ"}


@pytest.fixture
def environment(sqlite_url: str) -> dict[str, str]:
    found = {"LANGNGHE_DATABASE_URL": sqlite_url}
    assert main(["init", "--province", "Hà Nội"], environment=found) == 0
    return found


def today() -> date:
    return datetime.now(LOCAL_TIME).date()


def written(folder: Path, *changes: dict[str, Any], on: date) -> str:
    file = folder / "change.json"
    file.write_text(json.dumps({"on": on.isoformat(), "changes": changes}), encoding="utf-8")
    return str(file)


def test_a_change_is_shown_first_and_then_carried_out(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, RENAME, on=today())
    assert main(["org", "change", file, "--dry-run"], environment=environment) == 0
    assert "phuong-lang: Phường Láng → Phường Láng Hạ" in capsys.readouterr().out
    assert main(["org", "change", file, "--yes"], environment=environment) == 0
    assert "done" in capsys.readouterr().out
    assert main(["org", "show", "--unit", "phuong-lang"], environment=environment) == 0
    assert "Phường Láng Hạ [phuong-lang] (formerly Phường Láng)" in capsys.readouterr().out
    assert main(["org", "show", "--unit", "phuong-lang", "--on", "2026-01-01"], environment=environment) == 0
    assert capsys.readouterr().out.startswith("Phường Láng [phuong-lang]\n")


def test_a_change_to_come_is_kept_and_can_be_dropped(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, RENAME, on=today() + timedelta(days=2))
    assert main(["org", "change", file, "--yes"], environment=environment) == 0
    capsys.readouterr()
    assert main(["org", "change", "--list", "--json"], environment=environment) == 0
    (planned,) = json.loads(capsys.readouterr().out)
    assert planned["state"] == "planned"
    assert main(["org", "change", file, "--yes"], environment=environment) == 1
    assert "is the name that it has" in capsys.readouterr().err
    assert main(["org", "change", "--cancel", str(planned["id"])], environment=environment) == 0
    assert main(["org", "change", "--cancel", str(planned["id"])], environment=environment) == 1


def test_every_fault_of_a_file_is_named_and_nothing_is_changed(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written(tmp_path, {"rename": "phuong-lng", "name": "X"}, {"end": "ha-noi"}, on=today())
    assert main(["org", "change", file, "--yes"], environment=environment) == 1
    told = capsys.readouterr().err
    assert "changes row 1: rename: unit 'phuong-lng' does not exist; nearest: phuong-lang" in told
    assert "changes row 2: end: 'ha-noi' is the city itself" in told
    past = written(tmp_path, RENAME, on=today() - timedelta(days=1))
    assert main(["org", "change", past, "--yes"], environment=environment) == 1
    assert "nothing is edited backwards" in capsys.readouterr().err
    (tmp_path / "bad.json").write_text("{", encoding="utf-8")
    assert main(["org", "change", str(tmp_path / "bad.json")], environment=environment) == 1
    assert main(["org", "change"], environment=environment) == 1


def test_what_is_over_or_to_come_is_shown_on_request(
    environment: dict[str, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown(*words: str) -> str:
        capsys.readouterr()
        main(["org", "show", *words], environment=environment)
        return "".join(capsys.readouterr())

    over = written(tmp_path, {"end": "so-noi-vu", "successor": "so-y-te"}, on=today())
    assert main(["org", "change", over, "--yes"], environment=environment) == 0, capsys.readouterr().err
    assert "[so-y-te]" in shown()
    assert "[so-noi-vu]" not in shown()
    assert f"[so-noi-vu]: until {today()} → so-y-te" in shown("--all")
    assert f"[so-noi-vu]: until {today()}" in shown("--unit", "so-noi-vu")

    day = today() + timedelta(days=3)
    new = {"code": "so-suc-khoe", "name": "Sở Sức khỏe"}
    planned = written(tmp_path, {"merge": ["so-y-te"], "into": new}, on=day)
    assert main(["org", "change", planned, "--yes"], environment=environment) == 0, capsys.readouterr().err
    told = shown("--unit", "so-suc-khoe")
    assert f"--unit: so-suc-khoe begins on {day}; to see it: --unit so-suc-khoe --on {day}" in told
    assert shown("--unit", "so-suc-khoe", "--on", str(day)).startswith("Sở Sức khỏe [so-suc-khoe]")
    assert "no unit 'so-la'" in shown("--unit", "so-la")


def test_days_are_written_in_one_way(environment: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    deputy = ["people", "deputy", "--post", "1", "--person", "1", "--until", "x"]
    for words, given in ((["org", "show", "--on", "24/11/2026"], "24/11/2026"), (deputy, "x")):
        with pytest.raises(SystemExit):
            main(words, environment=environment)
        assert f"not a date: {given!r} (YYYY-MM-DD)" in capsys.readouterr().err
    day = today() + timedelta(days=1)
    assert main(["verify", "--day", str(day)], environment=environment) == 1
    assert f"--day: {day} is still to come; today is {today()}" in capsys.readouterr().err
