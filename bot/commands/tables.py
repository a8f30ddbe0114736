"""`tables`: which version's tables the database has, and taking them back to those of an older program."""

import argparse
import asyncio
import json
import os
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, counted, existing, nearest, unlock
from bot.settings import Settings, sqlite_path

if TYPE_CHECKING:
    from storage.database import Database

_SEALING_SINCE = "0012"
"""Programs of before know nothing of encrypted contact data."""


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    tables = commands.add_parser(
        "tables", help="which version's tables the database has; back to those of an older program"
    )
    tables.add_argument(
        "--back-to", metavar="VERSION", help="such as 0011; every program must be stopped (docs/upgrading.md)"
    )
    tables.add_argument("--json", action="store_true", help="one JSON object instead of a sentence")
    tables.set_defaults(run=run_tables)


def run_tables(arguments: argparse.Namespace) -> int:
    """Show the version, or go back to one."""
    settings = arguments.settings
    if arguments.back_to:
        before = asyncio.run(_go_back(settings, arguments.back_to))
        told = {"tables": arguments.back_to, "before": before}
        said = (
            f"The tables are those of {arguments.back_to} again ({before} before). Start the program of that "
            "version now; any command of this one brings them up again."
        )
    else:
        from storage import revision

        found = asyncio.run(_current(settings))
        told = {"tables": found, "newest": revision.newest()}
        said = f"The tables are at {found}, {_compared(found)}."
    print(json.dumps(told) if arguments.json else said)
    return 0


def _compared(found: str | None) -> str:
    from storage import revision

    if found == revision.newest():
        return "the newest that this program knows"
    if revision.is_known(found):
        return f"older than this program's, {revision.newest()}: `serve` brings them up to date"
    return f"which this program does not know: it knows up to {revision.newest()}. Use a newer program"


async def _current(settings: Settings) -> str | None:
    from storage import revision

    async with existing(settings) as database, database.read() as transaction:
        return await revision.current(transaction)


async def _go_back(settings: Settings, wanted: str) -> str:
    from storage import migrating

    alone = _alone(settings)
    try:
        async with existing(settings) as database:
            found = await _may_go_back(database, wanted)
            if wanted < _SEALING_SINCE:
                await _destroy_old_keys(settings, database)
        await migrating.downgrade(settings.database_direct_url or settings.database_url, wanted)
    finally:
        if alone is not None:
            os.close(alone)
    return found


def _alone(settings: Settings) -> int | None:
    """Hold SQLite's lock. Raises Refused where a program runs."""
    from bot.app import CannotStart, lock_sqlite

    if sqlite_path(settings.database_url) is None:
        return None
    try:
        return lock_sqlite(settings.database_url)
    except CannotStart as error:
        raise Refused(f"{error} Stop it first.") from error


async def _may_go_back(database: "Database", wanted: str) -> str:
    """Return where the tables are now. Raises Refused where the older program could not go on with them."""
    from storage import data_keys, revision

    async with database.read() as transaction:
        found = await revision.current(transaction)
        if found is None or not revision.is_known(found):
            raise Refused(f"the tables are at {found}, which this program does not know")
        if not revision.is_known(wanted) or wanted >= found:
            raise Refused(f"{wanted} is no version before {found}{nearest(wanted, revision.before(found))}")
        others = await revision.others_connected(transaction)
        if others:
            raise Refused(f"stop every program first: {counted(others, 'connection')} to the database")
        keys = await data_keys.list_keys(transaction) if found >= _SEALING_SINCE else []
        if wanted < _SEALING_SINCE and any(key.seals for key in keys):
            raise Refused(
                f"contact data is encrypted, which {wanted} cannot read. "
                "Decrypt it first: python -m bot keys off"
            )
    return found


async def _destroy_old_keys(settings: Settings, database: "Database") -> None:
    """Destroy keys that seal nothing any more; nobody is left to keep them for."""
    from storage import data_keys, resealing

    async with database.read() as transaction:
        if not await data_keys.list_keys(transaction):
            return
    await unlock(settings, database)
    assert database.keyring is not None
    walk, more = resealing.Walk(), True
    while more:
        async with database.begin() as transaction:
            more = await resealing.step(
                transaction,
                database.keyring,
                walk,
                now=moment.now(),
                settled_after=timedelta(0),
                kept_after=timedelta(0),
            )
