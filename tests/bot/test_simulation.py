"""A simulated time holds at each midnight, with and without faults, and a seed gives the same one again."""

import asyncio
import json
import subprocess
import sys
from argparse import Namespace
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from bot.__main__ import main
from bot.commands.simulation import shown
from bot.simulation.weather import Weather
from bot.simulation.year import Plan, Report, simulate
from routing.deadline import LOCAL_TIME, WorkingCalendar
from routing.understanding import Understanding
from storage import migrating

IN_MARCH = datetime(2026, 3, 2, tzinfo=LOCAL_TIME)
SHORT = Plan(days=9, cases=100, seed=8, start=IN_MARCH)
TINY = Namespace(days=1, cases=3, seed=3)
OFTEN = {"received", "assigned", "accepted", "answered", "citizen_asked", "extension_requested"}
NOW_AND_THEN = {
    "handed_over",
    "returned",
    "citizen_replied",
    "support_asked",
    "extended",
    "answer_proposed",
    "snoozed",
    "reopened",
    "reorganised",
}
"""Of these a time so short may lack one or two: which, the seed and every change of the program decide."""
AGAIN = """
import asyncio, sys
from bot.simulation.year import Plan, simulate
from routing.understanding import Understanding
from storage import migrating

async def work():
    await migrating.upgrade(sys.argv[1])
    days, cases, seed = map(int, sys.argv[2:])
    plan = Plan(days=days, cases=cases, seed=seed)
    print((await simulate(sys.argv[1], Understanding.load(), plan, quiet=True)).digest)

asyncio.run(work())
"""


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


@pytest.fixture(scope="module")
def report(understanding: Understanding, tmp_path_factory: pytest.TempPathFactory) -> Report:
    """Live through the short time once, for all that is asked of it."""
    return asyncio.run(_live(SHORT, understanding, tmp_path_factory.mktemp("simulated") / "short.db"))


async def _live(plan: Plan, understanding: Understanding, path: Path) -> Report:
    await migrating.upgrade(f"sqlite:///{path}")
    return await simulate(f"sqlite:///{path}", understanding, plan, quiet=True)


def test_a_short_time_holds_at_every_midnight(report: Report) -> None:
    assert report.checks == SHORT.days + 1
    assert 0.7 * SHORT.cases < report.cases <= 1.2 * SHORT.cases
    assert report.events["received"] == report.cases
    assert report.faults == {}


def test_everything_that_matters_happens_in_it(report: Report) -> None:
    assert report.events.keys() >= OFTEN
    assert len(NOW_AND_THEN - report.events.keys()) <= 2, report.events
    assert report.posts["deputies"] > 0
    assert report.posts["ended"] > 0
    assert report.posts["reorganised"] > 0


def test_the_report_names_events_posts_and_units(report: Report) -> None:
    text = shown(report, SHORT)
    assert f"{report.cases} cases" in text
    assert all(kind in text for kind in report.events)
    assert "deputies" in text
    assert "so-xay-dung" in text
    assert report.digest in text


async def test_it_holds_with_faults_too(understanding: Understanding, tmp_path: Path) -> None:
    plan = Plan(days=2, cases=24, seed=11, faults=True)
    report = await _live(plan, understanding, tmp_path / "faults.db")
    assert "two clocks at once" in report.faults
    assert len(report.faults) >= 3
    assert report.events["received"] == report.cases > 0


def test_the_same_seed_gives_the_same_time_to_the_byte(
    understanding: Understanding, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In this process by the command, and in another one with other hashes."""
    numbers = [str(each) for each in (TINY.days, TINY.cases, TINY.seed)]
    root = Path(__file__).parents[2]
    url = f"sqlite:///{tmp_path / 'other.db'}"
    ran = subprocess.run(
        [sys.executable, "-c", AGAIN, url, *numbers],
        env={"PYTHONHASHSEED": "2", "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    command = ["simulate", "--days", numbers[0], "--cases", numbers[1], "--seed", numbers[2], "--json"]
    assert main(command, environment={}) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["days"] == TINY.days
    assert ran.stdout.strip().splitlines()[-1] == told["digest"]
    assert len(told["digest"]) == 64
    another = asyncio.run(
        _live(Plan(days=1, cases=3, seed=TINY.seed + 1), understanding, tmp_path / "another.db")
    )
    assert another.digest != told["digest"]


def test_tet_is_quiet_and_storms_are_not() -> None:
    calendar = WorkingCalendar()
    start, end = datetime(2026, 1, 1, tzinfo=LOCAL_TIME), datetime(2026, 4, 1, tzinfo=LOCAL_TIME)
    weather = Weather(calendar, start=start, end=end, random=Random(1))
    assert weather.is_tet(datetime(2026, 2, 17, tzinfo=LOCAL_TIME).date())
    assert not weather.is_tet(datetime(2026, 3, 3, tzinfo=LOCAL_TIME).date())
    moments = weather.moments(6000, Random(2))
    assert moments == sorted(moments)
    storm = weather.storms[0]
    length = (storm.ends_at - storm.begins_at).total_seconds()
    usual = len(moments) * length / (end - start).total_seconds()
    assert sum(storm.rages(at) for at in moments) > 1.5 * usual


def test_a_database_with_a_city_is_refused(
    sqlite_url: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    environment = {"LANGNGHE_DATABASE_URL": sqlite_url}
    assert main(["init", "--province", "Lai Châu"], environment=environment) == 0
    command = ["simulate", "--days", "1", "--cases", "1", "--database", sqlite_url]
    assert main(command, environment={}) == 1
    assert "holds a city already" in capsys.readouterr().err
    assert main([*command[:-1], "mysql://x"], environment={}) == 1
    assert "--database" in capsys.readouterr().err


def test_a_province_that_is_none_is_refused_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["simulate", "--province", "Ha Noy"], environment={}) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("no province is called 'Ha Noy'; did you mean Hà Nội")
