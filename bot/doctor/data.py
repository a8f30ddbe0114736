"""Looks at the database, its tables, its keys, its partitions, the ledger, and the media beside it."""

import os
import stat
import time
from datetime import timedelta
from itertools import islice

from sqlalchemy.exc import DatabaseError

from bot.data_key import DataKey, WrongDataKey
from bot.doctor.finding import Finding, Place, look, ok, wrong
from bot.settings import sqlite_path
from handlers.media import MediaError, file_path, photo_path
from storage import copying, credentials, data_keys, partitions, revision, seals, soundness, standing

SLOW_SECONDS = 0.02
"""From here on the way to the database is long."""
BACKUP_OLD, BACKUP_LOST = timedelta(hours=36), timedelta(days=8)
MEDIA_LOOKED_AT = 200_000
"""So many of the newest photos and files are looked for on the disk."""
START = "start the program once (python -m bot serve): it brings the tables up to date"


RESTORE = "restore the last backup: python -m bot restore FILE"


async def database(place: Place) -> list[Finding]:
    """See whether the database answers, may be written to, and is whole."""
    try:
        return await _sound(place)
    except DatabaseError as error:
        return [wrong(f"the database is damaged: {error.orig}", RESTORE)]


async def _sound(place: Place) -> list[Finding]:
    begun = time.perf_counter()
    async with place.opened.read() as transaction:
        told = await soundness.version(transaction)
        took = time.perf_counter() - begun
        faults = await soundness.faults(transaction)
        standing = await soundness.standing(transaction)
    found = [ok(f"{told} at {place.where} answers in {took * 1000:.0f} ms")]
    if took > SLOW_SECONDS and place.opened.sqlite is False:
        found = [
            look(
                f"{told} answers in {took * 1000:.0f} ms", "put the program and the database into one network"
            )
        ]
    if faults:
        found.append(wrong(f"the database is damaged: {faults[0]}", RESTORE))
    if standing.read_only:
        found.append(
            wrong(
                "the database takes no writes (a standby, or read-only)",
                "LANGNGHE_DATABASE_URL: name the primary",
            )
        )
    if standing.connections_left is not None and standing.connections_left < 10:
        found.append(
            look(
                f"only {standing.connections_left} connections are left",
                "raise max_connections of PostgreSQL, or run fewer processes",
            )
        )
    if standing.asynchronous_standbys:
        found.append(
            look(
                f"{standing.asynchronous_standbys} standbys follow, none of them synchronously",
                "synchronous_standby_names of PostgreSQL: else a fail-over loses what was just acknowledged",
            )
        )
    return [*found, *_may_be_written(place)]


def _may_be_written(place: Place) -> list[Finding]:
    """See whether the files of SQLite may be written, and by nobody else."""
    path = sqlite_path(place.settings.database_url)
    if path is None:
        return []
    blocked = [each for each in (path, path.parent) if not os.access(each, os.W_OK)]
    if blocked:
        return [
            wrong(f"{blocked[0]} may not be written", f"chown it to whoever runs the program: {blocked[0]}")
        ]
    if stat.S_IMODE(path.stat().st_mode) & 0o007:
        return [look(f"everybody on this machine may read {path}", f"chmod o-rwx {path}")]
    return []


async def migrations(place: Place) -> Finding:
    """See whether the tables are those of this program."""
    async with place.opened.read() as transaction:
        step = await revision.current(transaction)
    if step == revision.newest():
        return ok(f"tables are at step {step}")
    if step is None:
        return wrong("there are no tables yet", 'python -m bot init --province "Hà Nội"')
    if revision.is_known(step):
        return wrong(f"tables are at step {step}, this program needs {revision.newest()}", START)
    return look(
        f"tables are at step {step}, newer than this program ({revision.newest()})",
        "install the newer program here too",
    )


async def data_key(place: Place) -> Finding:
    """See whether the key at hand opens what is encrypted."""
    key = DataKey(place.settings)
    async with place.opened.read() as transaction:
        wrapped = [each.wrapped for each in await data_keys.list_keys(transaction)]
        secrets = await credentials.all_secrets(transaction)
    for each in (*wrapped, *secrets.values()):
        try:
            key.open(each)
        except WrongDataKey:
            return wrong(
                "what is encrypted cannot be opened",
                "LANGNGHE_DATA_KEY: set it as it was (or bring back the file .key beside the database)",
            )
    if not wrapped:
        return look(
            "contact data is not encrypted", "LANGNGHE_DATA_KEY: set it, then python -m bot keys rotate"
        )
    return ok(f"the key opens all of {len(wrapped) + len(secrets)}")


async def partitions_ahead(place: Place) -> Finding:
    """See whether there is a partition for what comes next (PostgreSQL)."""
    if place.opened.sqlite:
        return ok("SQLite needs none")
    async with place.opened.read() as transaction:
        known = await partitions.list_partitions(transaction)
    for table in partitions.DIVIDED:
        ends = [part.end_id for part in known if part.table == table.name and part.end_id]
        if not ends:
            return look(
                f"{table.name} is not divided yet",
                "leave the clock running (serve --parts clock): it divides it step by step",
            )
        if max(ends) <= table.first_id(table.period(place.now, ahead=1)):
            return wrong(
                f"{table.name} has no partition after this {'month' if table.monthly else 'year'}",
                "leave the clock running (serve --parts clock), and see action=clock_failed in the log",
            )
    return ok(f"{len(known)} partitions, the next ones among them")


async def ledger(place: Place) -> Finding:
    """See whether every day that is over is sealed."""
    async with place.opened.read() as transaction:
        missing, latest = await seals.missing(transaction), await seals.latest(transaction)
    if missing is not None:
        return wrong(
            f"{missing.day} is over and has no seal",
            "leave the clock running (serve --parts clock), then python -m bot verify",
        )
    return ok(f"sealed until {latest.day}" if latest else "no day is over yet")


async def backups(place: Place) -> Finding:
    """See how old the last backup is."""
    async with place.opened.read() as transaction:
        at = await standing.backed_up_at(transaction)
    todo = "python -m bot backup FILE each night (by other means: then python -m bot backup --note-only)"
    if at is None:
        return look("no backup was ever noted", todo)
    told = f"the last backup is {_ago(place.now - at)} old"
    if place.now - at > BACKUP_LOST:
        return wrong(told, todo)
    return look(told, todo) if place.now - at > BACKUP_OLD else ok(told)


def _ago(age: timedelta) -> str:
    hours = age / timedelta(hours=1)
    return f"{hours:.0f} hours" if hours < 72 else f"{hours / 24:.0f} days"


async def media(place: Place) -> list[Finding]:
    """See whether the photos and files that rows name are there."""
    folder = place.settings.media_dir
    async with place.opened.read() as transaction:
        photos = sorted(await copying.keys_of(transaction, "photo"))
        files = sorted(await copying.keys_of(transaction, "file"))
    missing: list[str] = []
    for keys, path_of in ((photos, photo_path), (files, file_path)):
        for key in islice(keys, MEDIA_LOOKED_AT):
            try:
                path_of(key, folder)
            except MediaError:
                missing.append(key)
    if missing:
        return [
            wrong(
                f"{len(missing)} of {len(photos) + len(files)} photos and files are not in {folder}, "
                f"such as {missing[0]}",
                "LANGNGHE_MEDIA_DIR: name the folder that all share, or bring them back from a backup",
            )
        ]
    return [ok(f"all {len(photos) + len(files)} photos and files are in {folder}")]
