"""`simulate`: a year of a small city on a virtual clock, with everything checked at each midnight."""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.commands.opening import Refused, prepare
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.simulation.year import Plan, Report

DAYS, CASES, SEED = 365, 20_000, 7


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    simulate = commands.add_parser(
        "simulate", help="live through a year of a simulated city and check what must always hold"
    )
    simulate.add_argument("--days", type=_positive, default=DAYS, help=f"how long, {DAYS} by default")
    simulate.add_argument(
        "--cases", type=_positive, default=CASES, help=f"how many reports are written, {CASES} by default"
    )
    simulate.add_argument(
        "--seed", type=int, default=SEED, help=f"the same seed gives the same year, {SEED} by default"
    )
    simulate.add_argument(
        "--faults", action="store_true", help="with crashes, repeated webhooks and channels that fail"
    )
    simulate.add_argument("--province", help="which city, a small one by default")
    simulate.add_argument(
        "--database", metavar="URL", help="an empty database to keep the year in; a temporary one by default"
    )
    simulate.add_argument("--json", action="store_true", help="print the report for a program to read")
    simulate.set_defaults(run=run_simulate)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number


def run_simulate(arguments: argparse.Namespace) -> int:
    """Simulate; exit status 1 names what did not hold, of which case, on which day."""
    from bot.simulation.watching import BrokenInvariant
    from bot.simulation.year import SMALL_CITY, NotEmpty, Plan, simulate
    from routing.organisation import UnknownProvince, build_city
    from routing.understanding import Understanding

    plan = Plan(
        days=arguments.days,
        cases=arguments.cases,
        seed=arguments.seed,
        faults=arguments.faults,
        province=arguments.province or SMALL_CITY,
    )
    try:
        build_city(plan.province)
    except UnknownProvince as error:
        raise Refused(str(error)) from error
    _only_grave_faults()
    with _settings_for(arguments) as settings:

        async def work() -> "Report":
            await prepare(settings)
            return await simulate(settings.database_url, Understanding.load(), plan)

        try:
            report = asyncio.run(work())
        except NotEmpty as error:
            raise Refused(str(error)) from error
        except BrokenInvariant as broken:
            print(f"does not hold: {broken}\nagain: {_command(plan)}", file=sys.stderr)
            return 1
    print(json.dumps(report.as_dict(), ensure_ascii=False) if arguments.json else shown(report, plan))
    return 0


def _command(plan: "Plan") -> str:
    """Return the command that lives through the same time again."""
    options = f"--days {plan.days} --cases {plan.cases} --seed {plan.seed}"
    faults = " --faults" if plan.faults else ""
    return f"python -m bot simulate {options}{faults} --province '{plan.province}'"


@contextmanager
def _settings_for(arguments: argparse.Namespace) -> Iterator[Settings]:
    """Yield settings for the given database, or for one that is removed afterwards."""
    settings: Settings = arguments.settings
    if arguments.database:
        yield _with_database(settings, arguments.database)
        return
    with tempfile.TemporaryDirectory(prefix="simulated-") as folder:
        yield _with_database(settings, f"sqlite:///{Path(folder) / 'city.db'}")


def _with_database(settings: Settings, url: str) -> Settings:
    try:
        return Settings.model_validate({**settings.model_dump(), "database_url": url})
    except ValueError as error:
        raise Refused(f"--database: {error}") from error


def _only_grave_faults() -> None:
    """Leave out what the program logs of each simulated fault."""
    import structlog

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def shown(report: "Report", plan: "Plan") -> str:
    """Return the closing report in words."""
    rate = report.as_dict()["turns_per_second"]
    lines = [
        f"{report.days} simulated days, seed {plan.seed}{', with faults' if plan.faults else ''}: "
        "everything that must always hold held at every midnight.",
        f"{report.reports} reports, {report.cases} cases, {report.turns} turns, {report.messages} messages.",
        "",
        *_table("event", report.events),
        "",
        *_table("post", report.posts),
        *(["", *_table("fault", report.faults)] if report.faults else []),
        "",
        f"{'unit':<44}{'received':>9}{'answered':>9}{'on time':>9}{'extended':>9}{'late':>6}{'open':>6}",
        *(_figures_line(unit, counted) for unit, counted in report.figures.items()),
        "",
        f"{report.seconds} s, {report.cpu_seconds} s of processor time, {rate} turns/s.",
        f"Digest: {report.digest}",
    ]
    return "\n".join(lines)


def _table(name: str, counts: dict[str, int]) -> list[str]:
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [f"{name:<32}{'number':>8}", *(f"{kind:<32}{number:>8}" for kind, number in ordered)]


def _figures_line(unit: str, counted: dict[str, Any]) -> str:
    waiting = counted["on_track"] + counted["at_risk"] + counted["overdue"]
    numbers = (counted["received"], counted["answered"], counted["on_time"], counted["late_with_extension"])
    shown = "".join(f"{number:>9}" for number in numbers)
    return f"{unit or '(no unit)':<44}{shown}{counted['late']:>6}{waiting:>6}"
