"""`partitions`: the months and years that messages and events lie in (PostgreSQL), and detaching them."""

import argparse
import asyncio
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, opened

if TYPE_CHECKING:
    from storage.partitions import Partition


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    partitions = commands.add_parser("partitions", help="the months and years of messages and events")
    actions = partitions.add_subparsers(dest="action", required=True, metavar="ACTION")
    shown = actions.add_parser("list", help="every partition, about how many rows it has, and its size")
    shown.add_argument("--json", action="store_true", help="one JSON object a line instead of a table")
    shown.set_defaults(run=run_list)
    detach = actions.add_parser("detach", help="take one that is over out of its table; its rows are kept")
    detach.add_argument("name", metavar="NAME", help="as `partitions list` shows it")
    detach.add_argument("--yes", action="store_true", help="also events, which verify then misses")
    detach.set_defaults(run=run_detach)


def run_list(arguments: argparse.Namespace) -> int:
    """Print every partition."""
    found = asyncio.run(_list(arguments))
    if not found and not arguments.json:
        print("There are no partitions: SQLite has none, and PostgreSQL gets them from a running clock.")
    for part in found:
        print(json.dumps(asdict(part)) if arguments.json else _line(part))
    return 0


async def _list(arguments: argparse.Namespace) -> "list[Partition]":
    from storage import partitions

    async with opened(arguments.settings) as database, database.read() as transaction:
        return await partitions.list_partitions(transaction)


def _line(part: "Partition") -> str:
    return f"{part.name:<16} about {part.rows:>12,} rows {part.size / 2**20:>10,.1f} MiB"


def run_detach(arguments: argparse.Namespace) -> int:
    """Detach a partition; it stays in the database as a table of its own."""
    if arguments.name.startswith("event") and not arguments.yes:
        raise Refused(
            f"{arguments.name} holds events of the ledger. Detached, its cases lack their history, and "
            "verify says that their events are missing. Nothing was done; add --yes if that is meant."
        )
    asyncio.run(_detach(arguments))
    print(
        f"{arguments.name} is detached and holds its rows as a table of its own.\n"
        f"Keep it: pg_dump --table={arguments.name}. Then drop it: DROP TABLE {arguments.name};"
    )
    return 0


async def _detach(arguments: argparse.Namespace) -> None:
    from storage import partitions

    async with opened(arguments.settings) as database, database.begin() as transaction:
        if transaction.dialect == "sqlite":
            raise Refused("There are no partitions: SQLite has none.")
        try:
            await partitions.detach(transaction, arguments.name, now=moment.now())
        except partitions.CannotDetach as refused:
            raise Refused(str(refused)) from refused
