"""`keys`: the keys that contact data is encrypted with in the database: shown, rotated, and taken away."""

import argparse
import asyncio
import json
import os
import sys
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, counted, opened
from bot.settings import sqlite_path

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.keyring import KeyWatch
    from storage.data_keys import StoredKey
    from storage.database import Database
    from storage.sealing import Keyring

_NOBODY = timedelta(0)


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    keys = commands.add_parser("keys", help="the keys that contact data is encrypted with in the database")
    actions = keys.add_subparsers(dest="action", required=True, metavar="ACTION")
    show = actions.add_parser("show", help="which keys there are and since when; never the keys themselves")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=run_show)
    rotate = actions.add_parser(
        "rotate", help="make a new key, encrypt everything with it, destroy the old; again after a stop"
    )
    rotate.set_defaults(run=run_rotate)
    off = actions.add_parser("off", help="decrypt everything, as before going back to an older version")
    off.set_defaults(run=run_off)


def run_show(arguments: argparse.Namespace) -> int:
    """Print the keys."""
    return asyncio.run(_show(arguments))


async def _show(arguments: argparse.Namespace) -> int:
    from storage import data_keys

    async with opened(arguments.settings) as database, database.read() as transaction:
        keys = await data_keys.list_keys(transaction)
    active = data_keys.active_key(keys, moment.now())
    shown = [_as_shown(key, active) for key in keys]
    if arguments.json:
        print(json.dumps(shown, indent=2))
    elif not shown:
        from bot.keyring import PLAIN

        print(f"{PLAIN[0].upper()}{PLAIN[1:]}.")
    else:
        print("\n".join(f"{key['id']:>3}  made {key['created_at']:16}  {key['state']}" for key in shown))
    return 0


def _as_shown(key: "StoredKey", active: int | None) -> dict[str, Any]:
    state = "old: being replaced"
    if not key.id:
        state = "finds telephone numbers again; it encrypts nothing and does not rotate"
    elif key.retired_at:
        state = f"not needed since {key.retired_at:%Y-%m-%d %H:%M}; to be destroyed"
    elif key.id == active:
        state = "encrypts"
    elif key.id > (active or 0):
        state = f"encrypts from {key.active_from:%Y-%m-%d %H:%M:%S} on"
    return {"id": key.id, "created_at": f"{key.created_at:%Y-%m-%d %H:%M}", "state": state}


def run_rotate(arguments: argparse.Namespace) -> int:
    """Rotate: whatever a run that was stopped has left is done, too."""
    return asyncio.run(_change(arguments, _begin_rotation))


def run_off(arguments: argparse.Namespace) -> int:
    """Decrypt everything."""
    return asyncio.run(_change(arguments, _begin_end))


async def _change(arguments: argparse.Namespace, begin: "Callable[..., Any]") -> int:
    from bot.data_key import DataKey
    from bot.keyring import KeyWatch

    settings = arguments.settings
    async with opened(settings) as database:
        key = DataKey(settings)
        alone = _lock(settings.database_url)
        try:
            pause = _NOBODY if alone is not None else None
            print(await begin(database, key, pause))
            await _work(database, KeyWatch(database, key), alone=alone is not None)
        finally:
            if alone is not None:
                os.close(alone)
    return 0


def _lock(database_url: str) -> int | None:
    """Hold the lock of a SQLite file; None where another program holds it, or may run (PostgreSQL)."""
    from bot.app import CannotStart, lock_sqlite

    if sqlite_path(database_url) is None:
        return None
    try:
        return lock_sqlite(database_url)
    except CannotStart:
        return None


async def _begin_rotation(database: "Database", key: Any, pause: timedelta | None) -> str:
    """Make a new key unless an earlier rotation is still to be finished; return what is done."""
    from bot.data_key import NOT_SET
    from bot.keyring import make_key
    from storage import data_keys
    from storage.sealing import INDEX_KEY

    if not key.is_there:
        raise Refused(NOT_SET)
    now = moment.now()
    active_from = now + (data_keys.KNOWN_AFTER if pause is None else pause)
    async with database.begin() as transaction:
        keys = await data_keys.list_keys(transaction)
        sealing = [each.id for each in keys if each.seals]
        if len(sealing) > 1:
            return f"Key {sealing[-1]} was made before; what is left of its rotation is done now."
        last = max((each.id for each in keys), default=INDEX_KEY)
        # A database in clear gets two: the first stands for what is not encrypted at all.
        new = [last + 1] if sealing else [last + 1, last + 2]
        for number in new if keys else [INDEX_KEY, *new]:
            await make_key(transaction, key, number, now=now, active_from=active_from)
    return f"Key {new[-1]} was made."


async def _begin_end(database: "Database", key: Any, pause: timedelta | None) -> str:
    from storage import data_keys

    now = moment.now()
    async with database.begin() as transaction:
        keys = await data_keys.list_keys(transaction)
        if not keys:
            raise Refused("contact data is not encrypted")
        for each in keys:
            await data_keys.retire(transaction, each.id, at=now)
    return f"{counted(len(keys) - 1, 'key')} encrypt nothing any more; everything is decrypted now."


async def _work(database: "Database", watch: "KeyWatch", *, alone: bool) -> None:
    """Do all that a rotation has to do, showing how far it is."""
    from tqdm import tqdm

    from storage import data_keys, resealing, scouring
    from storage.resealing import Walk

    ring = await watch.load()
    assert ring is not None
    settled = _NOBODY if alone else resealing.SETTLED_AFTER
    async with database.read() as transaction:
        rows = await resealing.count_rows(transaction)
        changed = max(key.retired_at or key.active_from for key in await data_keys.list_keys(transaction))
    await _wait(changed + settled - moment.now())
    await watch.load()
    with tqdm(total=2 * rows, unit=" rows", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:
        walk = Walk(looked_at=bar.update)
        kept = _NOBODY if alone else resealing.KEPT_AFTER
        while await _step(database, ring, walk, settled=settled, kept=kept):
            pass
    await scouring.scour(database)
    await watch.load()
    async with database.read() as transaction:
        keys = await data_keys.list_keys(transaction)
    old = [key.id for key in keys if key.id and key.retired_at]
    if len([key for key in keys if key.seals]) > 1:
        print("Not finished: some rows cannot be decrypted with any key; see the log.")
    elif old:
        told = counted(len(old), "old key is", "old keys are")
        print(f"Done. {told} destroyed by the running program in an hour, once nothing needs it for sure.")
    else:
        print("Done.")


async def _step(
    database: "Database", ring: "Keyring", walk: Any, *, settled: timedelta, kept: timedelta
) -> bool:
    from storage import resealing

    async with database.begin() as transaction:
        return await resealing.step(
            transaction, ring, walk, now=moment.now(), settled_after=settled, kept_after=kept
        )


async def _wait(pause: timedelta) -> None:
    """Wait until every running process knows the new key."""
    from tqdm import tqdm

    seconds = 1 + int(pause.total_seconds()) if pause > _NOBODY else 0
    shown = sys.stderr.isatty()
    told = "waiting until every program knows it"
    for _ in tqdm(range(seconds), desc=told, unit=" s", file=sys.stderr, disable=not shown):
        await asyncio.sleep(1)
