"""Bringing a city back from an archive: all of it, checked, or nothing."""

import asyncio
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from bot.app import lock_sqlite
from bot.archive import KEY, Reader, sync_folder
from bot.data_key import DataKey, WrongDataKey
from bot.settings import Settings, sqlite_path, without_password
from storage import copying, credentials, data_keys, dead_letters, messages, migrating, revision, seals, units
from storage.copying import Layout
from storage.database import Database, Transaction

Progress = Callable[[int], None]


class Unfit(Exception):
    """The archive cannot be brought back here; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Restored:
    """What was brought back, and what its ledger gives."""

    city: str
    rows: int
    media: int
    events: int
    root: str | None
    waiting: int
    """Messages that waited to be sent when the archive was made."""
    set_aside: bool
    key_missing: bool
    """Whether something in it is encrypted with another key than the one that is here."""
    kept: Path | None = None
    """Where the file lies that was replaced."""


class Restoring:
    """Brings one archive back; `prepare`, `run`, `close`, in this order.

    On SQLite a new file is made beside the city's, checked, and put in its place, while nothing else may run
    on it. On PostgreSQL everything happens in one transaction.
    """

    def __init__(self, settings: Settings, archive: Reader, *, now: datetime) -> None:
        self._settings = settings
        self._archive = archive
        self._now = now
        self._target = sqlite_path(settings.database_url)
        self._lock: int | None = None
        self.replaced = ""
        """The name of the city that is there and will be replaced."""

    async def prepare(self, *, force: bool) -> None:
        """See whether the archive may come here; raises Unfit or CannotStart. Nothing is changed."""
        if not revision.is_known(step := self._archive.header.revision):
            raise Unfit(f"the backup was made by a newer program (step {step}): use that one")
        self._lock = lock_sqlite(self._settings.database_url)
        if self._target is not None and not self._target.exists():
            return
        database = Database(self._settings.database_url)
        try:
            async with database.read() as transaction:
                await self._look(transaction, force=force)
        except DBAPIError as error:
            raise Unfit(f"{self._where} cannot be opened ({error.orig})") from error
        except OSError as error:
            raise Unfit(f"{self._where} cannot be opened ({error})") from error
        finally:
            await database.close()

    async def _look(self, transaction: Transaction, *, force: bool) -> None:
        step = await revision.current(transaction)
        if step is None:
            return
        if await copying.is_empty(transaction):
            return
        city = await units.load_city(transaction)
        self.replaced = city.name if city else "something without a city"
        if not force:
            raise Unfit(f"{self._where} is not empty, it holds {self.replaced}; --force replaces it")
        if self._target is None:
            await self._look_further(transaction, step)

    async def _look_further(self, transaction: Transaction, step: str) -> None:
        # Rows of older tables are loaded before they are brought up, which is no longer all or nothing.
        if not step == self._archive.header.revision == revision.newest():
            raise Unfit(
                f"{self._where} is at step {step}, the backup at {self._archive.header.revision}: make an "
                "empty database and restore into that"
            )
        if others := await revision.others_connected(transaction):
            raise Unfit(f"{self._where} is in use by {others} other connections: stop every `serve` first")

    @property
    def _where(self) -> str:
        return f"LANGNGHE_DATABASE_URL: {without_password(self._settings.database_url)}"

    async def run(self, *, set_aside: bool, progress: Progress) -> Restored:
        """Bring everything back. Raises Unfit or OSError; then the database is as it was."""
        # First the media: rows that name what is not there would be worse than files that no row names.
        media = await asyncio.to_thread(self._put_media, progress)
        if self._target is None:
            url = self._settings.database_direct_url or self._settings.database_url
            return await self._fill(url, media, set_aside, progress)
        draft = self._target.with_name(f"{self._target.name}.restoring")
        _remove(draft)
        try:
            restored = await self._fill(f"sqlite:///{draft}", media, set_aside, progress)
            return await self._take_place(draft, restored)
        finally:
            _remove(draft)

    async def close(self) -> None:
        """Let others use the database again."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _put_media(self, progress: Progress) -> int:
        """Write photos and files where they belong; what is there already is the same."""
        folder = self._settings.media_dir
        for key in self._archive.media:
            path = folder / key[:2] / key
            data = self._archive.media_of(key)
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                _write_whole(path, data)
            progress(len(data))
        return len(self._archive.media)

    async def _fill(self, url: str, media: int, set_aside: bool, progress: Progress) -> Restored:
        header = self._archive.header
        if self._target is not None or not self.replaced:
            await _bring_to(url, header.revision)
        database = Database(url)
        try:
            return await self._load(database, media, set_aside, progress)
        finally:
            await database.close()

    async def _load(self, database: Database, media: int, set_aside: bool, progress: Progress) -> Restored:
        """Load and check in one transaction where the tables are today's; else bring them up in between."""
        header = self._archive.header
        async with database.begin() as transaction:
            today = header.revision == revision.newest()
            rows = await self._load_rows(transaction, progress)
            if today:
                restored = await self._check(transaction, rows, media, set_aside)
        if not today:
            restored = await self._check_later(database, rows, media, set_aside)
        await copying.take_stock(database)
        return restored

    async def _check_later(self, database: Database, rows: int, media: int, set_aside: bool) -> Restored:
        """Bring what an older program wrote to today's tables and check it; what does not hold goes."""
        try:
            await migrating.upgrade(database.url.render_as_string(hide_password=False))
            async with database.begin() as transaction:
                return await self._check(transaction, rows, media, set_aside)
        except BaseException:
            async with database.begin() as transaction:
                await copying.clear(transaction, await copying.tables_there(transaction))
            raise

    async def _load_rows(self, transaction: Transaction, progress: Progress) -> int:
        layouts = [Layout(name=name, columns=columns) for name, columns in self._archive.header.tables]
        total = 0
        async with copying.unguarded(transaction):
            await copying.clear(transaction, [layout.name for layout in layouts])
            for layout in layouts:
                rows = self._archive.rows_of(layout.name, progress)
                loaded = await copying.load(transaction, layout, rows)
                if loaded != self._archive.manifest["counts"][layout.name]:
                    raise Unfit(f"{layout.name}: {loaded} rows came, not as many as were written")
                total += loaded
        await copying.go_on_from(transaction, self._archive.header.last_numbers)
        return total

    async def _check(self, transaction: Transaction, rows: int, media: int, set_aside: bool) -> Restored:
        found = await seals.verify(transaction)
        if not found.holds:
            raise Unfit("the ledger does not hold: " + "; ".join(map(str, found.faults)))
        root = found.latest.root if found.latest else None
        if (found.events, root) != (self._archive.manifest["events"], self._archive.manifest["root"]):
            raise Unfit("the ledger is not the one that was written")
        return Restored(
            city=self._archive.header.city,
            rows=rows,
            media=media,
            events=found.events,
            root=root,
            waiting=await self._release(transaction, set_aside),
            set_aside=set_aside,
            key_missing=not await self._opens(transaction),
        )

    async def _release(self, transaction: Transaction, set_aside: bool) -> int:
        """Take back claims of programs that are no more; return how many messages waited to be sent."""
        await messages.release_claims(transaction)
        if set_aside:
            return await dead_letters.set_all_aside(transaction, at=self._now, why="restored from a backup")
        return await dead_letters.waiting(transaction)

    async def _opens(self, transaction: Transaction) -> bool:
        """Tell whether the key that will be here opens what is encrypted."""
        if self._target is not None and self._archive.has_key and not _key_beside(self._target).exists():
            return True
        key = DataKey(self._settings)
        wrapped = [each.wrapped for each in await data_keys.list_keys(transaction)]
        try:
            for sealed in (*wrapped, *(await credentials.all_secrets(transaction)).values()):
                key.open(sealed)
        except WrongDataKey:
            return False
        return True

    async def _take_place(self, draft: Path, restored: Restored) -> Restored:
        """Put the new file in the place of the old one, which is kept beside it."""
        assert self._target is not None
        if self._archive.has_key and not _key_beside(self._target).exists():
            _write_whole(_key_beside(self._target), self._archive.read(KEY))
        kept: Path | None = None
        if self._target.exists():
            await _settle(f"sqlite:///{self._target}")
            kept = self._target.with_name(f"{self._target.name}.before-{self._now:%Y%m%d-%H%M%S}")
            os.link(self._target, kept)
            _remove(self._target, also_itself=False)
        os.replace(draft, self._target)
        sync_folder(self._target.parent)
        return replace(restored, kept=kept)


async def _bring_to(url: str, step: str) -> None:
    """Bring an empty database to a step of the migrations, also back to it."""
    migrating.make_private(url)
    database = Database(url)
    try:
        async with database.begin() as transaction:
            at = await revision.current(transaction)
    finally:
        await database.close()
    if at is not None and at != step:
        await migrating.downgrade(url)
    await migrating.upgrade(url, step)


async def _settle(url: str) -> None:
    """Write what stands in SQLite's log into its file, so that the file alone is the database."""
    database = Database(url)
    try:
        async with database.begin() as transaction:
            await revision.current(transaction)
    finally:
        await database.close()


def _key_beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.key")


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there whole or not at all, readable for its owner alone."""
    draft = path.with_name(f".{path.name}.restoring")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    sync_folder(path.parent)


def _remove(path: Path, *, also_itself: bool = True) -> None:
    """Remove a SQLite file with its log, or its log alone."""
    for each in _files_of(path, also_itself):
        each.unlink(missing_ok=True)


def _files_of(path: Path, also_itself: bool) -> Iterator[Path]:
    if also_itself:
        yield path
    for ending in ("-wal", "-shm"):
        yield path.with_name(path.name + ending)
