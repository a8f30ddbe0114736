"""`stats` and `verify`: the figures, and the proof that nobody touched what they are made of."""

import argparse
import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, city_of, counted, day_of, nearest, opened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from routing.organisation import City
    from storage.folding import Difference
    from storage.seals import Verified


_DAYS_SHOWN = 10
"""How many days are named at most that were sealed late."""


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    stats = commands.add_parser("stats", help="the same figures that leaders get in chat")
    stats.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    stats.add_argument("--from", dest="start", type=day_of, metavar="DATE", help="first day, YYYY-MM-DD")
    stats.add_argument("--to", dest="end", type=day_of, metavar="DATE", help="last day, included")
    stats.add_argument("--unit", metavar="CODE", help="this unit and what is below it")
    stats.add_argument("--domain", metavar="ID")
    stats.add_argument(
        "--tree",
        choices=("then", "now"),
        default="then",
        help="the work of units that are over: with them (then), or with their successors (now)",
    )
    stats.add_argument(
        "--check",
        action="store_true",
        help="compare the figures kept ready to a count; status 1 if one differs",
    )
    stats.add_argument("--rebuild", action="store_true", help="count the figures kept ready anew")
    stats.add_argument(
        "--channels", action="store_true", help="what each channel took and cost in this month, alone"
    )
    stats.set_defaults(run=run_stats)
    verify = commands.add_parser("verify", help="check the ledger; status 1 if an event does not hold")
    verify.add_argument("--day", type=day_of, metavar="DATE", help="this day alone; with --root, its seal")
    verify.add_argument("--root", metavar="HEX", help="the root of a seal as it was noted elsewhere")
    verify.add_argument("--json", action="store_true", help="one JSON object instead of sentences")
    verify.set_defaults(run=run_verify)


def run_stats(arguments: argparse.Namespace) -> int:
    """Print the figures of a period, 30 days by default; or see to those that are kept ready."""
    if arguments.channels:
        return asyncio.run(_channels(arguments))
    if arguments.rebuild:
        return asyncio.run(_rebuild(arguments))
    return asyncio.run(_check_kept(arguments) if arguments.check else _stats(arguments))


async def _channels(arguments: argparse.Namespace) -> int:
    from handlers import channel_figures

    others = ("start", "end", "unit", "domain", "check", "rebuild")
    if given := [name for name in others if getattr(arguments, name)]:
        names = {"start": "from", "end": "to"}
        raise Refused(f"--channels: takes no --{names.get(given[0], given[0])}; it shows this month")
    async with opened(arguments.settings) as database, database.read() as transaction:
        found = await channel_figures.collect(
            transaction, now=moment.now(), budget=arguments.settings.monthly_budget
        )
    print(json.dumps(found, ensure_ascii=False) if arguments.json else channel_figures.as_table(found))
    return 0


async def _rebuild(arguments: argparse.Namespace) -> int:
    from storage import folding

    async with opened(arguments.settings) as database, database.begin() as transaction:
        await folding.rebuild(
            transaction, told=lambda table: print(f"Counting {table} anew.", file=sys.stderr)
        )
    print("The figures kept ready are counted anew.")
    return 0


async def _check_kept(arguments: argparse.Namespace) -> int:
    from storage import folding

    async with opened(arguments.settings) as database, database.read() as transaction:
        found = await folding.differences(transaction)
    _refuse_other_figures(found)
    print("The figures kept ready are what the cases give.")
    return 0


def _refuse_other_figures(found: "Sequence[Difference]") -> None:
    if found:
        shown = "\n".join(map(str, found))
        raise Refused(
            f"Figures kept ready are not what the cases give:\n{shown}\n"
            "Run: python -m bot stats --rebuild (and tell the developers what had happened)"
        )


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
            now=moment.now(),
            tree=arguments.tree,
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
    """Check every chain and every seal, or those of a day."""
    from routing.deadline import LOCAL_TIME

    today = moment.now().astimezone(LOCAL_TIME).date()
    if arguments.day is not None and arguments.day > today:
        raise Refused(f"--day: {arguments.day} is still to come; today is {today}")
    return asyncio.run(_verify(arguments))


async def _verify(arguments: argparse.Namespace) -> int:
    from tqdm import tqdm

    from storage import folding, seals

    with tqdm(unit=" events", disable=not sys.stderr.isatty()) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        async with opened(arguments.settings) as database, database.read() as transaction:
            try:
                found = await seals.verify(
                    transaction, day=arguments.day, root=arguments.root, progress=progress
                )
            except ValueError as error:
                raise Refused(f"--root: {error}") from error
            # One day alone is checked to know something soon.
            kept = [] if arguments.day else await folding.differences(transaction)
    if arguments.json:
        print(json.dumps({**_as_row(found), "figures": [*map(str, kept)]}, ensure_ascii=False))
        return 0 if found.holds and not kept else 1
    if not found.holds:
        raise Refused("The ledger does not hold: " + "\n".join(map(str, found.faults)))
    print(
        f"The ledger holds: {counted(found.events, 'event')}, each chained to the one before it in its case."
    )
    print(_about_seal(found))
    if found.sealed_late:
        print(_about_late(found))
    _refuse_other_figures(kept)
    return 0


def _about_seal(found: "Verified") -> str:
    if found.latest is None:
        return "No day is sealed yet: `serve` seals each day an hour after midnight."
    return f"Sealed until {found.latest.day}, every day chained to the one before: {found.latest.shown}"


def _about_late(found: "Verified") -> str:
    days = ", ".join(each.day.isoformat() for each in found.sealed_late[:_DAYS_SHOWN])
    more = len(found.sealed_late) - _DAYS_SHOWN
    and_more = f" and {more} more" if more > 0 else ""
    return (
        f"Sealed late, more than a day after it could be: {days}{and_more}. What was written anew before "
        "would fit these seals: compare a root that was noted at the time (--root HEX --day DATE)."
    )


def _as_row(found: "Verified") -> dict[str, Any]:
    sealed = found.latest
    return {
        "holds": found.holds,
        "events": found.events,
        "sealed_until": sealed.day.isoformat() if sealed else None,
        "root": sealed.root if sealed else None,
        "sealed_late": [each.day.isoformat() for each in found.sealed_late],
        "faults": [
            {**asdict(fault), "day": fault.day.isoformat() if fault.day else None, "text": str(fault)}
            for fault in found.faults
        ],
    }
