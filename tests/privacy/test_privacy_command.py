"""The operator's list of requests, with both legal clocks, and what is done about each."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import moment
from bot.__main__ import main
from routing.data_rights import clocks
from storage import erasures
from storage.database import Database
from tests.city import MONDAY_MORNING, CityHarness, open_hanoi
from tests.privacy.searching_everything import traces_left
from tests.privacy.test_erasing import NEEDLES, reporter, the_case

Shell = Callable[..., tuple[int, str]]


async def _lived(city_file: Path, folder: Path) -> str:
    """Let somebody report something and ask to be erased; return the code of their case."""
    async with open_hanoi(city_file, folder) as city:
        city.now = datetime.now(UTC)
        somebody = await reporter(city)
        await somebody.writes("/xoadulieu")
        await somebody.presses("Xóa dữ liệu của tôi")
        return (await the_case(city)).code


@pytest.fixture
def lived(city_file: Path, tmp_path: Path) -> str:
    """The code of the case of somebody who has asked to be erased."""
    return asyncio.run(_lived(city_file, tmp_path))


@pytest.fixture
def shell(
    lived: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Shell:
    """Runs a command on that city, an hour later."""
    monkeypatch.setattr(moment, "now", lambda: MONDAY_MORNING + timedelta(hours=1))
    environment = {
        "LANGNGHE_DATABASE_URL": f"sqlite:///{tmp_path}/city.db",
        "LANGNGHE_MEDIA_DIR": str(tmp_path / "media"),
    }

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(word) for word in words], environment=environment)
        return status, "".join(capsys.readouterr())

    return run


def left_over(folder: Path) -> list[str]:
    """Return what is left of the person."""

    async def search() -> list[str]:
        database = Database(f"sqlite:///{folder}/city.db")
        try:
            return await traces_left(database, folder / "media", NEEDLES)
        finally:
            await database.close()

    return asyncio.run(search())


def test_requests_are_listed_with_both_clocks_and_carried_out(shell: Shell, tmp_path: Path) -> None:
    status, said = shell("privacy", "list", "--json")
    [row] = json.loads(said)
    assert (status, row["kind"], row["late"]) == (0, "erase", False)
    assert row["answered_at"]
    assert 5 < row["working_days_to_do"] < 20
    number = row["request"]
    status, said = shell("privacy", "copy", number, "--out", tmp_path / "copy.docx")
    assert status == 0, said
    assert (tmp_path / "copy.docx").read_bytes().startswith(b"PK")
    assert (tmp_path / "copy.docx").stat().st_mode & 0o077 == 0
    (tmp_path / "copy.docx").unlink()
    status, said = shell("privacy", "copy", number, "--out", tmp_path / "nowhere/copy.docx")
    assert (status, "cannot be written" in said) == (1, True), said
    status, said = shell("privacy", "erase", number, "--note", "asked for at the desk")
    assert (status, "1 file" in said) == (0, True), said
    assert left_over(tmp_path) == []
    assert shell("privacy", "list") == (0, "No open requests.\n")
    assert shell("privacy", "erase", number)[0] == 1
    assert shell("verify")[0] == 0


def test_a_refusal_needs_a_reason_and_gives_it(shell: Shell, lived: str) -> None:
    [row] = json.loads(shell("privacy", "list", "--json")[1])
    status, said = shell("privacy", "refuse", row["request"])
    assert (status, "needs --note" in said) == (1, True)
    status, said = shell("privacy", "refuse", row["request"], "--note", "Hồ sơ đang được thanh tra")
    assert status == 0, said
    assert shell("privacy", "answer", row["request"])[0] == 1  # closed
    status, said = shell("privacy", "file", lived)
    assert (status, "Request 2 is open" in said) == (0, True), said
    assert "to answer within" in shell("privacy", "list")[1]
    assert shell("privacy", "answer", 2, "--others")[0] == 0
    [again] = json.loads(shell("privacy", "list", "--json")[1])
    assert again["working_days_to_do"] > row["working_days_to_do"]
    assert shell("privacy", "file", "HN-0000-0000")[0] == 1


async def test_administrators_hear_of_a_clock_before_it_runs_out(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin")
    somebody = await reporter(city)
    legal = clocks(city.city.calendar, city.now)
    async with city.database.begin() as transaction:
        erasures.add(
            transaction,
            person_id=(await the_case(city)).reporter_id,
            channel="office",
            at=city.now,
            kind=erasures.COPY,
            answer_due_at=legal.answer_due_at,
            due_at=legal.due_at,
        )
    await city.ticks()
    admin.does_not_see("privacy list")
    await city.passes(days=2)  # a Wednesday after a holiday
    await city.ticks()
    admin.sees("Yêu cầu xem dữ liệu số 1 sắp hết hạn", "phải trả lời", "privacy list")
    await city.ticks()
    admin.reads()
    await city.passes(days=2)
    await city.ticks()
    admin.sees("ĐÃ QUÁ HẠN")
    await admin.writes("/yeucaudulieu")
    admin.sees("Số 1: xem dữ liệu, CHƯA trả lời")
    await somebody.writes("/yeucaudulieu")
    somebody.sees("dành cho người vận hành")
