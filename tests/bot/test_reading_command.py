"""`understand`, `evaluate` as a program would use them."""

import io
import json
import re
from pathlib import Path
from typing import Any

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


AT_EIGHT = ("--now", "2026-03-02T08:00:00+07:00")


def reasons(capsys: pytest.CaptureFixture[str]) -> tuple[dict[str, Any], str]:
    """Return what was printed of one text, and its reasons as one text."""
    said = json.loads(capsys.readouterr().out)
    return said, "\n".join(said["reasons"])


def test_the_reasons_tell_why_this_unit_and_why_then(capsys: pytest.CaptureFixture[str]) -> None:
    run("understand", "Rác chất đống ở phường Khương Đình không ai gom", *AT_EIGHT)
    said, why = reasons(capsys)
    assert re.search(r"Đơn vị: .*Khương Đình, theo quy tắc phân công số \d+ \(", why)
    due = re.search(
        r"Hạn trả lời (.+): (\d+) giờ làm việc của lĩnh vực Rác.*, tính từ 08:00 thứ Hai 2/3", why
    )
    assert due is not None
    assert due[1].endswith(f"{int(said['due_at'][8:10])}/{int(said['due_at'][5:7])}")


def test_a_unit_that_is_missing_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    run("understand", "Rác chất đống không ai gom", *AT_EIGHT)
    said, why = reasons(capsys)
    assert said["unit"] is None
    assert re.search(r"Chưa có đơn vị: quy tắc phân công số \d+ .*cần biết phường, xã", why)
    run("understand", "Rác chất đống không ai gom", "--province", "any")
    said, why = reasons(capsys)
    assert (said["unit"], said["due_at"]) == (None, None)
    assert "Chưa có đơn vị và hạn: chưa rõ tỉnh, thành phố." in why


def test_a_place_in_another_province_has_no_unit_in_the_citys_own_database(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "Rác chất đống ở phường Hải Châu, Đà Nẵng không ai gom"
    run("understand", text, *AT_EIGHT)
    assert reasons(capsys)[0]["unit"]["name"] == "Phường Hải Châu"

    run("init", "--province", "Hà Nội", database_url=sqlite_url)
    capsys.readouterr()
    run("understand", text, *AT_EIGHT, database_url=sqlite_url)
    said, why = reasons(capsys)
    assert (said["unit"], said["ward"]) == (None, "Phường Hải Châu")
    assert said["due_at"] is not None
    assert "Chưa có đơn vị: Phường Hải Châu (Đà Nẵng) không thuộc Hà Nội." in why

    file = tmp_path / "rows.jsonl"
    file.write_text(json.dumps({"text": text, "province": "Đà Nẵng"}), encoding="utf-8")
    run("understand", "--jsonl", str(file), database_url=sqlite_url)
    assert reasons(capsys)[0]["unit"]["name"] == "Phường Hải Châu"


def test_the_citys_own_parts_and_names_of_domains_are_told(
    sqlite_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run("init", "--province", "Hà Nội", database_url=sqlite_url)
    file = tmp_path / "city.json"
    run("org", "export", str(file), database_url=sqlite_url)
    city = json.loads(file.read_text(encoding="utf-8"))
    for domain in city["domains"]:
        if domain["id"] == "noise":
            domain["name"] = "Ồn ào"
    bulky = {"id": "bulky", "name": "Rác cồng kềnh", "parent": "waste", "keywords": ["sofa"]}
    city["domains"].append(bulky)
    city["deadlines"].append({**city["deadlines"][0], "domain": "bulky", "answer_hours": 4, "warn_hours": 1})
    file.write_text(json.dumps(city), encoding="utf-8")
    assert run("org", "import", str(file), database_url=sqlite_url) == 0, capsys.readouterr().err
    capsys.readouterr()

    run("understand", "Rác sofa vứt đầy phường Láng không ai gom", *AT_EIGHT, database_url=sqlite_url)
    said, why = reasons(capsys)
    assert said["domain"] == "waste"
    assert "thành phố xếp vào mục riêng là Rác cồng kềnh" in why
    assert "4 giờ làm việc của lĩnh vực Rác cồng kềnh" in why
    assert said["due_at"].startswith("2026-03-02")
    run("understand", "Quán karaoke hát ầm ĩ đến khuya ở phường Láng", database_url=sqlite_url)
    said, why = reasons(capsys)
    assert said["domain"] == "noise"
    assert "ở đây gọi là Ồn ào." in why


def test_an_unknown_province_is_answered_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("understand", "rác", "--province", "Hà Nôi Mới") == 1
    assert "Hà Nội" in capsys.readouterr().err


def test_standard_input_is_read_a_text_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    typed = "\ufeffmất nước\r\n\nđèn đường hư\n".encode()
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(typed + b"r\xe1c\nr\xc3\xa1c")))

    assert run("understand") == 1
    said = capsys.readouterr()
    read = [json.loads(line)["text"] for line in said.out.splitlines()]
    assert read == ["mất nước", "", "đèn đường hư", "rác"]
    assert said.err == "line 4: not UTF-8\n"


def test_evaluate_names_bad_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "labelled.jsonl"
    file.write_text(
        '{"text": "rác", "domain": "waste"}\n{"text": "rác", "domain": "nope"}\n', encoding="utf-8"
    )

    assert run("evaluate", str(file)) == 2
    assert "line 2" in capsys.readouterr().err


def test_bad_bytes_spoil_only_their_own_row(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As saved by a Windows editor, with a mark in front and one line in another encoding."""
    good = '{"text": "rác không ai gom", "domain": "waste"}'.encode()
    file = tmp_path / "rows.jsonl"
    file.write_bytes(
        b"\xef\xbb\xbf" + good + b'\r\n{"text": "r\xe1c"}\r\n{"text": "x", "provnce": "Hu\xc3\xaa"}\n' + good
    )

    assert run("understand", "--jsonl", str(file)) == 1
    said = capsys.readouterr()
    assert [json.loads(line)["domain"] for line in said.out.splitlines()] == ["waste", "waste"]
    bad = ["line 2: byte 12 is not UTF-8", "line 3: unknown key 'provnce'; did you mean 'province'?"]
    assert said.err.splitlines() == bad
    assert run("evaluate", str(file)) == 2
    assert capsys.readouterr().err.splitlines() == bad
    file.write_bytes(b"\xef\xbb\xbf" + good)
    assert run("evaluate", str(file), "--json") == 0


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
