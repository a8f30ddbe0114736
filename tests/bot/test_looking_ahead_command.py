"""Looking back on what would have been foretold, on the command line."""

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from bot.__main__ import main
from bot.commands import looking_ahead
from bot.settings import Settings
from routing.deadline import WorkingCalendar
from routing.organisation import build_city, to_document
from storage import cases, ledger, units
from storage.database import Database
from storage.tables import unit
from tests.storage.samples import DAY, NOON, a_case, add_reporter


@pytest.fixture
def shell(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    environment = {"LANGNGHE_DATABASE_URL": f"sqlite+aiosqlite:///{tmp_path}/city.db"}

    def run(*words: object) -> tuple[int, str]:
        capsys.readouterr()
        status = main([str(word) for word in words], environment=environment)
        return status, "".join(capsys.readouterr())

    return run


async def live(path: Path, number: int) -> None:
    """Let one ward answer every other case late, two a working day."""
    database = Database(f"sqlite:///{path}")
    calendar = WorkingCalendar()
    async with database.begin() as transaction:
        await transaction.execute(unit.delete())
    reporter = await add_reporter(database)
    async with database.begin() as transaction:
        for each in range(number):
            began = calendar.add_working_hours(NOON - 300 * DAY, 4 * each)
            case = a_case(reporter, received_at=began, assigned_at=began)
            case.due_at = calendar.add_working_hours(began, 24)
            cases.add_case(transaction, case)
            for hours, type, status in ((0, "assigned", "assigned"), (10 + 20 * (each % 2), "answered", "")):
                at = calendar.add_working_hours(began, hours)
                case.status = status or "answered"
                if type == "answered":
                    case.answered_at, case.answer_due_at = at, case.due_at
                ledger.append_event(
                    transaction,
                    case,
                    type=type,
                    actor_id=None,
                    actor_role="system",
                    unit_code=None,
                    at=at,
                    data={},
                )
            cases.save_case(transaction, case)
    await database.close()


def test_without_a_past_it_says_so(shell: Any) -> None:
    shell("init", "--province", "Hà Nội")
    status, said = shell("backtest")
    assert (status, said.strip()) == (1, "There is no case to look back on.")


async def test_scores_are_told_as_a_table_and_as_json(
    tmp_path: Path, migrated_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command runs a loop of its own, so it is called as the program calls it inside this one."""
    path = Path(shutil.copy(migrated_file, tmp_path / "city.db"))
    await live(path, 240)
    database = Database(f"sqlite:///{path}")
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("Hà Nội")), now=NOON)
    await database.close()
    settings = Settings.model_validate({"database_url": f"sqlite:///{path}"})

    async def asked(**more: Any) -> str:
        arguments = {"settings": settings, "start": None, "end": None, "json": False, **more}
        assert await looking_ahead._backtest(argparse.Namespace(**arguments)) == 0
        return capsys.readouterr().out

    told = json.loads(await asked(json=True))
    assert told["predictions"] > 100
    assert 0 < told["model"] < told["rule"]
    assert len(told["tenths"]) == 10
    table = await asked()
    assert f"{told['predictions']} predictions" in table
    assert "90-100 %" in table
