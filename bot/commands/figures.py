"""`stats` and `verify`: the figures, and the proof that nobody touched what they are made of."""

import argparse
import asyncio
import json
import sys
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from bot.commands.opening import Refused, city_of, nearest, opened

if TYPE_CHECKING:
    from routing.organisation import City


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    stats = commands.add_parser("stats", help="the same figures that leaders get in chat")
    stats.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    stats.add_argument("--from", dest="start", type=_date, metavar="DATE", help="first day, YYYY-MM-DD")
    stats.add_argument("--to", dest="end", type=_date, metavar="DATE", help="last day, included")
    stats.add_argument("--unit", metavar="CODE", help="this unit and what is below it")
    stats.add_argument("--domain", metavar="ID")
    stats.set_defaults(run=run_stats)
    verify = commands.add_parser("verify", help="check the ledger; status 1 if an event does not hold")
    verify.set_defaults(run=run_verify)


def _date(text: str) -> date:
    from routing.when import Period

    try:
        day = date.fromisoformat(text)
        return Period(first=day, last=day).first
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date: {text!r} (YYYY-MM-DD)") from None


def run_stats(arguments: argparse.Namespace) -> int:
    """Print the figures of a period, 30 days by default."""
    return asyncio.run(_stats(arguments))


async def _stats(arguments: argparse.Namespace) -> int:
    from handlers import statistics

    async with opened(arguments.settings) as database, database.read() as transaction:
        city = await city_of(transaction)
        _check(arguments, city)
        figures = await statistics.collect(
            transaction,
            city,
            start=arguments.start,
            end=arguments.end,
            unit=arguments.unit,
            domain=arguments.domain,
            now=datetime.now(UTC),
        )
    print(json.dumps(figures, ensure_ascii=False) if arguments.json else statistics.as_table(figures))
    return 0


def _check(arguments: argparse.Namespace, city: "City") -> None:
    if arguments.unit and arguments.unit not in city.units:
        raise Refused(f"--unit: no unit {arguments.unit!r}{nearest(arguments.unit, city.units)}")
    if arguments.domain and arguments.domain not in city.domains:
        raise Refused(f"--domain: no domain {arguments.domain!r} ({', '.join(city.domains)})")
    if arguments.start and arguments.end and arguments.start > arguments.end:
        raise Refused(f"--from: {arguments.start} lies after --to ({arguments.end})")


def run_verify(arguments: argparse.Namespace) -> int:
    """Walk the whole ledger."""
    return asyncio.run(_verify(arguments))


async def _verify(arguments: argparse.Namespace) -> int:
    from storage import ledger

    with tqdm(unit=" events", disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        async with opened(arguments.settings) as database, database.read() as transaction:
            broken = await ledger.verify(transaction, progress)
            count = await ledger.count_events(transaction)
    if broken is not None:
        raise Refused(f"The ledger does not hold: {broken}")
    print(f"The ledger holds: {count} events, each chained to the one before it in its case.")
    return 0
