"""A simulated time holds at each midnight, with and without faults, and a seed gives the same one again."""

import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from random import Random

import pytest

from bot.__main__ import main
from bot.simulation.weather import Weather
from bot.simulation.year import Plan, simulate
from routing.deadline import LOCAL_TIME, WorkingCalendar
from routing.understanding import Understanding

BEFORE_TET = datetime(2026, 2, 9, tzinfo=LOCAL_TIME)
SHORT = Plan(days=10, cases=60, seed=7, start=BEFORE_TET)
AGAIN = """
import asyncio, sys
from datetime import datetime
from bot.simulation.year import Plan, simulate
from routing.deadline import LOCAL_TIME
from routing.understanding import Understanding
from storage import migrating

async def work():
    await migrating.upgrade(sys.argv[1])
    plan = Plan(days=3, cases=25, seed=int(sys.argv[2]), faults=True)
    print((await simulate(sys.argv[1], Understanding.load(), plan, quiet=True)).digest)

asyncio.run(work())
"""


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


async def test_a_short_time_holds_at_every_midnight(sqlite_url: str, understanding: Understanding) -> None:
    report = await simulate(sqlite_url, understanding, SHORT, quiet=True)
    assert report.checks == SHORT.days + 1
    assert 0.7 * SHORT.cases < report.cases <= 1.2 * SHORT.cases
    assert report.events["received"] == report.cases
    assert {"assigned", "accepted", "answered"} <= report.events.keys()
    assert report.faults == {}


async def test_it_holds_with_faults_too(sqlite_url: str, understanding: Understanding) -> None:
    plan = Plan(days=6, cases=50, seed=11, faults=True)
    report = await simulate(sqlite_url, understanding, plan, quiet=True)
    assert {"two clocks at once", "channel away"} <= report.faults.keys()
    assert report.events["received"] == report.cases > 0


def digest_of(url: str, seed: int, hash_seed: str) -> str:
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", AGAIN, url, str(seed)],
        env={"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
    )
    return ran.stdout.strip().splitlines()[-1]


def test_the_same_seed_gives_the_same_time_to_the_byte(tmp_path: Path) -> None:
    urls = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "two", "other")]
    first, second = digest_of(urls[0], 7, "1"), digest_of(urls[1], 7, "2")
    assert first == second
    assert digest_of(urls[2], 8, "1") != first


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


def test_the_command_prints_what_a_program_can_read(capsys: pytest.CaptureFixture[str]) -> None:
    command = ["simulate", "--days", "1", "--cases", "4", "--seed", "3"]
    assert main([*command, "--json"], environment={}) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["days"] == 1
    assert len(told["digest"]) == 64
    assert main(command, environment={}) == 0
    assert told["digest"] in capsys.readouterr().out
