"""Where units are told of directives outside of chat, as an operator sets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main

WARD = "phuong-khuong-dinh"


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    environment = {"LANGNGHE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/city.db"}

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(word) for word in words], environment=environment)
        return status, "".join(capsys.readouterr())

    assert run("init", "--province", "Hà Nội")[0] == 0
    return run


def test_contacts_are_set_shown_and_removed(shell: Any) -> None:
    assert shell("contacts") == (0, "No contacts yet.\n")
    status, said = shell(
        "contacts", "--unit", WARD, "--mail", "ubnd@hanoi.example.vn", "--phone", "0912 345 678"
    )
    assert (status, said) == (0, f"{WARD} (Phường Khương Đình): ubnd@hanoi.example.vn, +84912345678\n")
    assert json.loads(shell("contacts", "--json")[1]) == {
        WARD: {"mail": ["ubnd@hanoi.example.vn"], "phone": ["+84912345678"]}
    }
    assert shell("contacts", "--unit", WARD) == (0, "No contacts yet.\n")


def test_many_are_set_from_a_table(shell: Any, tmp_path: Path) -> None:
    table = tmp_path / "contacts.csv"
    table.write_text(
        f"unit,mail,phone\n{WARD},a@hanoi.example.vn b@hanoi.example.vn,\nso-xay-dung,,024-3825.4321\n",
        encoding="utf-8",
    )
    status, said = shell("contacts", "--file", table)
    assert status == 0
    assert f"{WARD} (Phường Khương Đình): a@hanoi.example.vn, b@hanoi.example.vn" in said
    assert "so-xay-dung (Sở Xây dựng): +842438254321" in said


def test_every_wrong_row_is_named_and_nothing_is_set(shell: Any, tmp_path: Path) -> None:
    table = tmp_path / "contacts.csv"
    table.write_text(f"unit,mail,phone\n{WARD},nobody,12\nphuong-khuong-din,,\n", encoding="utf-8")
    status, said = shell("contacts", "--file", table)
    assert status == 1
    assert "row 2: not a mail address: 'nobody'" in said
    assert "row 2: not a telephone number: '12'" in said
    assert f"row 3: there is no unit 'phuong-khuong-din'; nearest: {WARD}" in said
    assert shell("contacts") == (0, "No contacts yet.\n")
    table.write_text("code;mail\n", encoding="utf-8")
    assert "columns unit, mail, phone" in shell("contacts", "--file", table)[1]
    assert "--unit CODE" in shell("contacts", "--mail", "a@b.vn")[1]
