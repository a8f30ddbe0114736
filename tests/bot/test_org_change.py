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
