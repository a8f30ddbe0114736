"""`understand`, `evaluate` as a program would use them."""

import io
import json
from pathlib import Path

import pytest

from bot.__main__ import main


def run(*arguments: str, database_url: str = "sqlite:///no/city/here.db") -> int:
    return main(arguments, environment={"LANGNGHE_DATABASE_URL": database_url})


def test_a_text_becomes_one_json_object_with_the_whole_contract(capsys: pytest.CaptureFixture[str]) -> None:
    status = run("understand", "Rác ở phường Khương Đình không ai gom", "--now", "2026-03-02T08:00:00+07:00")
    said = json.loads(capsys.readouterr().out)

    assert status == 0
    assert said["domain"] == "waste"
    assert said["ward"] == "Phường Khương Đình"
    assert said["unit"]["name"].endswith("Khương Đình")
    assert said["due_at"] > "2026-03-02"
    assert {
        "urgent",
        "needs_triage",
        "candidates",
        "place_candidates",
        "reasons",
        "personal_data",
    } <= said.keys()


def test_json_lines_are_read_in_order_and_bad_ones_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "texts.jsonl"
    file.write_text(
        '{"text": "mất nước"}\n[]\n{"text": "đèn đường hư", "province": "Huế"}\n', encoding="utf-8"
    )

    status = run("understand", "--jsonl", str(file))
    output = capsys.readouterr()

    assert status == 1
    assert [json.loads(line)["domain"] for line in output.out.splitlines()] == ["water_supply", "lighting"]
    assert "line 2" in output.err


def test_a_file_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("understand", "--jsonl", str(tmp_path / "none.jsonl")) == 1
    assert "none.jsonl" in capsys.readouterr().err


def test_texts_are_read_in_the_city_that_the_program_serves(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With its own units: whatever the office has changed in them holds here too."""
    assert run("init", "--province", "Đà Nẵng", database_url=sqlite_url) == 0
    file = tmp_path / "city.json"
    assert run("org", "export", str(file), database_url=sqlite_url) == 0
    city = json.loads(file.read_text(encoding="utf-8"))
    for unit in city["units"]:
        unit["name"] = f"{unit['name']} (mới)"
    file.write_text(json.dumps(city), encoding="utf-8")
    assert run("org", "import", str(file), database_url=sqlite_url) == 0
    capsys.readouterr()
    assert run("understand", "Rác ở phường Hải Châu không ai gom", database_url=sqlite_url) == 0
    read = json.loads(capsys.readouterr().out)
    assert (read["province"], read["unit"]["name"]) == ("Thành phố Đà Nẵng", "Phường Hải Châu (mới)")


def test_an_unknown_province_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("understand", "rác", "--province", "Hà Nôi Mới") == 1
    assert "Hà Nội" in capsys.readouterr().err


def test_standard_input_is_read_a_text_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("mất nước\nđèn đường hư\n"))

    assert run("understand") == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_evaluate_names_bad_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(
        '{"text": "rác", "domain": "waste"}\n{"text": "rác", "domain": "nope"}\n', encoding="utf-8"
    )

    assert run("evaluate", str(file)) == 1
    assert "line 2" in capsys.readouterr().err


def test_evaluate_prints_figures_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text('{"text": "rác chất đống không ai gom", "domain": "waste"}\n', encoding="utf-8")

    assert run("evaluate", str(file), "--json") == 0
    assert json.loads(capsys.readouterr().out)["clean"]["accuracy"]["value"] == 1


def test_evaluate_draws_a_picture_and_says_what_it_cost(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, picture = tmp_path / "labelled.jsonl", tmp_path / "figures.png"
    file.write_text('{"text": "rác chất đống không ai gom", "domain": "waste"}\n', encoding="utf-8")

    assert run("evaluate", str(file), "--json", "--plot", str(picture)) == 0
    machine = json.loads(capsys.readouterr().out)["machine"]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert machine["data_mb"] <= 25
    assert set(machine) == {"load_seconds", "milliseconds_p50", "per_second", "memory_mb", "data_mb"}


def test_a_picture_that_cannot_be_written_is_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text('{"text": "rác chất đống không ai gom", "domain": "waste"}\n', encoding="utf-8")

    assert run("evaluate", str(file), "--plot", str(tmp_path / "nowhere" / "figures.png")) == 1
    assert "--plot" in capsys.readouterr().err
