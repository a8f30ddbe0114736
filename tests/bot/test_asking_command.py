"""`ask`: questions about the figures from the command line, as another program would put them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

NOW = "2026-11-25T08:00+07:00"
CONTRACT = {
    *("understood", "metric", "period", "units", "domains", "group_by", "order", "limit", "compare"),
    *("rows", "total"),
}


def run(*arguments: str, database_url: str = "sqlite:///no/city/here.db") -> int:
    return main(("ask", *arguments), environment={"LANGNGHE_DATABASE_URL": database_url})


def answers(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_one_question_without_a_database(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("tuần này quận nào trễ nhiều nhất?", "--now", NOW, "--json") == 0
    (answer,) = answers(capsys)
    assert answer.keys() == CONTRACT
    assert answer["metric"] == "late"
    assert answer["period"] == {"from": "2026-11-23", "to": "2026-11-25"}
    assert (answer["group_by"], answer["order"], answer["limit"]) == ("unit", "desc", 1)
    assert (answer["rows"], answer["total"]) == ([], None)


def test_what_is_no_question_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("xin chào", "--json") == 0
    (answer,) = answers(capsys)
    assert answer.keys() == CONTRACT
    assert not answer["understood"]
    assert answer["metric"] is None


def test_a_terminal_gets_one_line_to_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("hôm qua phường Láng nhận bao nhiêu phản ánh", "--now", NOW) == 0
    line = capsys.readouterr().out
    assert "received" in line
    assert "2026-11-24" in line
    assert "Phường Láng" in line


def test_lines_may_tell_who_asks_when_and_what_was_asked_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        {"text": "còn phường Láng?", "before": "tháng này phường Bồ Đề trễ bao nhiêu vụ", "now": NOW},
        {"text": "thế tháng trước", "before": ["Sở Y tế trễ bao nhiêu vụ", "còn Sở Xây dựng"], "now": NOW},
        {"text": "bao nhiêu vụ quá hạn", "as": "chair:phuong-lang"},
    ]
    file = tmp_path / "questions.jsonl"
    file.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")

    assert run("--jsonl", str(file), "--json") == 0
    first, second, third = answers(capsys)
    assert (first["metric"], first["units"]) == ("late", ["Phường Láng"])
    assert first["period"]["from"] == "2026-11-01"
    assert (second["units"], second["period"]["from"]) == (["Sở Xây dựng"], "2026-10-01")
    assert third["metric"] == "overdue"


def test_bad_lines_are_named_and_the_others_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (
        b'{"text": "bao nhi\xc3\xaau v\xe1\xbb\xa5 qu\xc3\xa1 h\xe1\xba\xa1n"}\n[]\n'
        b'{"text": "a", "now": "x"}\n{"text": "a", "as": "king:x"}\n{"text": "a", "before": [1]}\n'
    )
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(lines)))
    assert run("--jsonl", "-", "--json") == 1
    output = capsys.readouterr()
    assert [json.loads(line)["metric"] for line in output.out.splitlines()] == ["overdue"]
    assert [line.partition(":")[0] for line in output.err.splitlines()] == [f"line {n}" for n in range(2, 6)]


def test_an_unknown_asker_is_refused_with_the_nearest_unit(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("bao nhiêu vụ quá hạn", "--as", "chair:phuong-lan") == 1
    assert "phuong-lang" in capsys.readouterr().err


def test_with_a_city_the_figures_are_counted(sqlite_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"LANGNGHE_DATABASE_URL": sqlite_url}
    assert main(("init", "--province", "Hà Nội"), environment=environment) == 0
    capsys.readouterr()
    assert run("tháng này bao nhiêu vụ trễ hạn", "--now", NOW, "--json", database_url=sqlite_url) == 0
    (answer,) = answers(capsys)
    assert answer["total"]["value"] == 0


def test_a_chair_gets_the_citys_total_and_is_told_which_unit_is_refused(
    sqlite_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    environment = {"LANGNGHE_DATABASE_URL": sqlite_url}
    assert main(("init", "--province", "Hà Nội"), environment=environment) == 0
    capsys.readouterr()
    asked = ("phường Láng tháng này nhận bao nhiêu phản ánh", "--now", NOW, "--as", "chair:phuong-bo-de")
    assert run(*asked, "--json", database_url=sqlite_url) == 0
    (answer,) = answers(capsys)
    assert answer.keys() == CONTRACT | {"refused"}
    assert (answer["refused"], answer["rows"]) == (["Phường Láng"], [])
    assert run(*asked, database_url=sqlite_url) == 0
    said = capsys.readouterr().out
    assert "Phường Láng không thuộc phạm vi" in said
    assert "Thành phố Hà Nội" in said
