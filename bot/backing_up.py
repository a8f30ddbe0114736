"""Writing a running city to an archive: rows of one snapshot, then every photo and file that they name."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from bot.archive import HEADER, KEY, Header, Writer, media_in
from storage import copying, ledger, revision, seals, units
from storage.database import Database, Transaction
from storage.standing import BACKUP

_LOOK = 20
"""So many of the media that are named and missing are told of."""
Progress = Callable[[int], None]


class NotNow(Exception):
    """The database is in no state to be backed up; the message says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """What stands in an archive; `gone`: some of the media that rows name and that are not there."""

    size: int
    rows: int
    media: int
    events: int
    gone: tuple[str, ...]


async def back_up(
    database: Database,
    path: Path,
    *,
    media_dir: Path,
    key: bytes | None,
    now: datetime,
    progress: Progress = lambda _: None,
) -> Made:
    """Write an archive while the program goes on; note in the database that there is one.

    All rows are of one moment. Media are written before the rows that name them and never change, so what
    is copied afterwards holds all of them. Raises NotNow or OSError; then there is no archive.
    """
    with Writer(path) as archive:
        async with database.read() as transaction:
            header = await _header(transaction, now)
            archive.add(HEADER, header.as_json())
            rows = await _add_tables(archive, transaction, progress)
            events, root = await _ledger(transaction)
            named = await _named(transaction)
        media = _add_media(archive, media_dir, progress)
        if key is not None:
            archive.add(KEY, key)
        size = archive.finish(events=events, root=root, media=len(media))
    made = Made(
        size=size, rows=rows, media=len(media), events=events, gone=tuple(sorted(named - media))[:_LOOK]
    )
    await note(database, now=now, size=size, root=root)
    return made


async def note(database: Database, *, now: datetime, **told: Any) -> None:
    """Note that a backup was made, for `doctor` and for alarms."""
    async with database.begin() as transaction:
        await units.set_setting(transaction, BACKUP, {"at": now.isoformat(timespec="seconds"), **told})


async def _header(transaction: Transaction, now: datetime) -> Header:
    step, newest = await revision.current(transaction), revision.newest()
    if step != newest:
        raise NotNow(
            f"The database is at step {step}, this program at {newest}: make the backup with the program "
            "that uses it, or start this one first"
        )
    city = await units.load_city(transaction)
    if city is None:
        raise NotNow('There is no city yet. Run: python -m bot init --province "Hà Nội"')
    return Header(
        revision=newest,
        kind=transaction.dialect,
        taken_at=now.isoformat(timespec="seconds"),
        city=city.name,
        tables=tuple((layout.name, layout.columns) for layout in copying.layouts()),
        last_numbers=await copying.last_numbers(transaction),
    )


async def _add_tables(archive: Writer, transaction: Transaction, progress: Progress) -> int:
    total = 0
    for layout in copying.layouts():
        writer = archive.add_rows(layout.name)
        async for rows in copying.rows_of(transaction, layout):
            writer.write(rows)
            progress(len(rows))
        total += writer.close()
    return total


async def _ledger(transaction: Transaction) -> tuple[int, str | None]:
    latest = await seals.latest(transaction)
    return await ledger.count_events(transaction), latest.root if latest else None


async def _named(transaction: Transaction) -> set[str]:
    """Return the keys of all photos and files that rows know."""
    return set(await copying.keys_of(transaction, "photo")) | set(await copying.keys_of(transaction, "file"))


def _add_media(archive: Writer, folder: Path, progress: Progress) -> set[str]:
    added: set[str] = set()
    for name, path in media_in(folder):
        try:
            archive.add_file(name, path)
        except FileNotFoundError:
            continue  # it was erased meanwhile, with the rows that named it
        added.add(path.name)
        progress(1)
    return added
