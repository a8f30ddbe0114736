"""`backtest`: how well the chances of missing a deadline would have been foretold, by what was known then."""

import argparse
import asyncio
import json
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from bot.commands.opening import Refused, city_of, day_of, opened

if TYPE_CHECKING:
    from routing.foretelling import Round, Score, Tenth

DAYS = 365
LEAST_BEFORE = timedelta(days=30)
"""So much time must have passed since the first case before anything is foretold."""


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    backtest = commands.add_parser(
        "backtest", help="how well missed deadlines would have been foretold, by what was known then"
    )
    backtest.add_argument(
        "--from",
        dest="start",
        type=day_of,
        metavar="DATE",
        help="first morning; by default a year ago, or a month after the first case",
    )
    backtest.add_argument(
        "--to",
        dest="end",
        type=day_of,
        metavar="DATE",
        help="last morning; by default that of the last event",
    )
    backtest.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    backtest.set_defaults(run=run_backtest)


def run_backtest(arguments: argparse.Namespace) -> int:
    """Print the scores; nothing is changed."""
    return asyncio.run(_backtest(arguments))


async def _backtest(arguments: argparse.Namespace) -> int:
    from routing import foretelling
    from storage import looking_ahead

    async with opened(arguments.settings) as database, database.read() as transaction:
        city = await city_of(transaction)
        every: list[Round] = []
        latest = await looking_ahead.last_received(transaction)
        if latest is None:
            raise Refused("There is no case to look back on.")
        start = latest - timedelta(days=2 * DAYS)
        if arguments.start:
            start = min(start, datetime.combine(arguments.start, time(), UTC) - timedelta(days=DAYS))
        async for received_at, steps in looking_ahead.histories(transaction, start=start):
            every += foretelling.rounds(received_at, steps)
    first, last = _period(every, arguments.start, arguments.end)
    found = list(foretelling.foretell(city.calendar, every, first=first, last=last))
    score = foretelling.score(found)
    if score is None:
        raise Refused(f"No open case could be judged between {first} and {last}.")
    report = {"from": first.isoformat(), "to": last.isoformat(), **score.as_dict()}
    print(json.dumps(report) if arguments.json else shown(score, first, last))
    return 0


def _period(every: "list[Round]", start: date | None, end: date | None) -> tuple[date, date]:
    from routing.deadline import LOCAL_TIME

    if not every:
        raise Refused("There is no case to look back on.")
    began = min(each.began_at for each in every)
    latest = max(step.at for each in every for step in each.steps).astimezone(LOCAL_TIME).date()
    last = end or latest
    soonest = (began + LEAST_BEFORE).astimezone(LOCAL_TIME).date()
    first = start or max(soonest, last - timedelta(days=DAYS))
    if first > last:
        raise Refused(f"--from: {first} lies after {last}, the last morning")
    return first, last


def shown(score: "Score", first: date, last: date) -> str:
    """Return the scores as a table."""
    lines = [
        f"{first} to {last}: {score.predictions} predictions, {score.missed:.1%} missed their deadline.",
        "",
        "Brier score (0 is perfect)",
        f"  {'foretold':<48}{score.model:.4f}",
        f"  {'base rate known then':<48}{score.base_rate:.4f}",
        f"  {'the best constant, known afterwards':<48}{score.best_constant:.4f}",
        f"  {'late once 80 % of the time is gone':<48}{score.rule:.4f}",
        f"  {'the same with its own shares, known afterwards':<48}{score.best_rule:.4f}",
        "",
        f"{'':<12}{'predictions':>12}{'foretold':>10}{'came':>8}",
        *(_line(name, each) for name, each in score.colours.items()),
        "",
        *(_line(f"{number * 10}-{number * 10 + 10} %", each) for number, each in enumerate(score.tenths)),
    ]
    return "\n".join(lines)


def _line(name: str, each: "Tenth") -> str:
    return f"{name:<12}{each.predictions:>12}{each.foretold:>10.1%}{each.came:>8.1%}"
