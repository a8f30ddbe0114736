"""`backup` and `restore`: a whole city, photos included, in one file and back."""

import argparse
import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, counted, existing
from bot.settings import sqlite_path, without_password

if TYPE_CHECKING:
    from bot.archive import Reader
    from bot.restoring import Restored
    from bot.settings import Settings

Progress = Callable[[int], None]


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    backup = commands.add_parser("backup", help="write the whole city, photos included, to one file")
    backup.add_argument("file", type=Path, nargs="?", help="the file to write, such as city-2026-11-23.tar")
    backup.add_argument("--force", action="store_true", help="write over a file that is there")
    backup.add_argument("--with-key", action="store_true", help="put the key of what is encrypted into it")
    backup.add_argument(
        "--note-only", action="store_true", help="note that a backup was just made by other means"
    )
    backup.set_defaults(run=run_backup)
    restore = commands.add_parser("restore", help="bring a city back from such a file, and check all of it")
    restore.add_argument("file", type=Path, help="what `backup` wrote")
    restore.add_argument("--force", action="store_true", help="also in place of a city that is there")
    restore.add_argument("--yes", action="store_true", help="do not ask before that")
    restore.add_argument(
        "--set-aside",
        action="store_true",
        help="set aside what waited to be sent, so that nothing goes out a second time",
    )
    restore.set_defaults(run=run_restore)


def run_backup(arguments: argparse.Namespace) -> int:
    """Write an archive of the running city."""
    if arguments.note_only:
        if arguments.file:
            raise Refused("--note-only: takes no file; it notes a backup that was made by other means")
        asyncio.run(_note(arguments.settings))
        print("Noted: a backup was made now.")
        return 0
    if arguments.file is None:
        raise Refused("backup: needs the file to write, such as city-2026-11-23.tar")
    path = Path(arguments.file)
    if path.exists() and not arguments.force:
        raise Refused(f"{path}: is there already; --force writes over it")
    asyncio.run(_backup(arguments, path))
    return 0


async def _note(settings: "Settings") -> None:
    from bot.backing_up import note

    async with existing(settings) as database:
        await note(database, now=moment.now())


async def _backup(arguments: argparse.Namespace, path: Path) -> None:
    from bot.backing_up import NotNow, back_up

    settings = arguments.settings
    try:
        async with existing(settings) as database:
            with _bar("rows and files") as progress, _naming_files(path):
                made = await back_up(
                    database,
                    path,
                    media_dir=settings.media_dir,
                    key=_key_of(settings) if arguments.with_key else None,
                    now=moment.now(),
                    progress=progress,
                )
    except NotNow as error:
        raise Refused(str(error)) from error
    print(
        f"{path}: {made.size / 1e6:.1f} MB, {counted(made.rows, 'row')}, "
        f"{counted(made.media, 'photo or file', 'photos and files')}, {counted(made.events, 'event')} "
        "of the ledger."
    )
    for key in made.gone:
        print(f"warning: {key}: a row names it, and it is not in {settings.media_dir}", file=sys.stderr)
    _say_where_the_key_is(arguments)


@contextmanager
def _naming_files(path: Path) -> Iterator[None]:
    """Refuse what the disk refuses, before it is taken for a database that is away."""
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        where = path if error.filename is None or ".partial" in str(error.filename) else error.filename
        raise Refused(f"{where}: {error.strerror or error}; nothing was written") from error


def _key_of(settings: "Settings") -> bytes:
    path = _key_file(settings)
    if path is None or not path.exists():
        raise Refused("--with-key: there is no key file; what LANGNGHE_DATA_KEY holds goes into no archive")
    return path.read_bytes()


def _key_file(settings: "Settings") -> Path | None:
    database = sqlite_path(settings.database_url)
    return database.with_name(f"{database.name}.key") if database else None


def _say_where_the_key_is(arguments: argparse.Namespace) -> None:
    settings, path = arguments.settings, _key_file(arguments.settings)
    if arguments.with_key:
        print(
            "THE KEY IS IN IT: whoever has this file can read everything. Keep it where only you can.",
            file=sys.stderr,
        )
        return
    if settings.data_key.get_secret_value():
        where = "the value of LANGNGHE_DATA_KEY"
    elif path is not None and path.exists():
        where = f"{path} (or use --with-key)"
    else:
        return
    print(
        f"THE KEY IS NOT IN IT. Keep a copy of {where} elsewhere: without it the telephone numbers, messages "
        "and tokens in this file cannot be read by anybody, ever.",
        file=sys.stderr,
    )


def run_restore(arguments: argparse.Namespace) -> int:
    """Bring a city back, all of it or nothing, and check it."""
    from bot.app import CannotStart
    from bot.archive import BrokenArchive, open_archive

    path = Path(arguments.file)
    try:
        with _bar("bytes checked", scaled=True) as progress:
            archive = open_archive(path, progress)
    except BrokenArchive as error:
        raise Refused(f"{path}: {error}; nothing was changed") from error
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; nothing was changed") from error
    try:
        restored = asyncio.run(_restore(arguments, archive))
    except CannotStart as error:
        raise Refused(f"{error} Stop it first; nothing was changed.") from error
    finally:
        archive.close()
    _tell(arguments.settings, archive, restored)
    return 0


async def _restore(arguments: argparse.Namespace, archive: "Reader") -> "Restored":
    from bot.restoring import Restoring, Unfit

    settings = arguments.settings
    restoring = Restoring(settings, archive, now=moment.now())
    try:
        await restoring.prepare(force=arguments.force)
        if restoring.replaced and not arguments.yes:
            _ask(settings, restoring.replaced)
        with _bar("bytes", scaled=True) as progress:
            return await restoring.run(set_aside=arguments.set_aside, progress=progress)
    except Unfit as error:
        raise Refused(f"{error}; nothing was changed") from error
    except OSError as error:
        raise Refused(f"{error.filename}: {error.strerror}; the city that was there still is") from error
    finally:
        await restoring.close()


def _ask(settings: "Settings", city: str) -> None:
    """Ask whether a city may be replaced; raises Refused unless somebody types its name."""
    where = without_password(settings.database_url)
    if not sys.stdin.isatty():
        raise Refused(f"{where} holds {city}: --yes is needed to replace it; nothing was changed")
    print(f"{where} holds {city}. All of it will be replaced by the backup.", file=sys.stderr)
    if input(f"Type {city} to go on: ").strip() != city:
        raise Refused("Nothing was changed.")


def _tell(settings: "Settings", archive: "Reader", restored: "Restored") -> None:
    print(
        f"{restored.city}, as it was on {archive.header.taken_at}: {counted(restored.rows, 'row')}, "
        f"{counted(restored.media, 'photo or file', 'photos and files')}."
    )
    print(
        f"The ledger holds: {counted(restored.events, 'event')}. Root: {restored.root or 'no day sealed yet'}"
    )
    if restored.kept is not None:
        print(f"What was there before: {restored.kept}")
    if restored.waiting:
        print(
            f"{counted(restored.waiting, 'message')} "
            + ("set aside: python -m bot dead list" if restored.set_aside else "waited then and will be sent")
        )
    if restored.key_missing:
        print(
            "warning: what is encrypted cannot be read: set LANGNGHE_DATA_KEY as it was, or bring back the "
            "key file beside the database (on PostgreSQL set LANGNGHE_DATA_KEY to what that file holds)",
            file=sys.stderr,
        )
    if sqlite_path(settings.database_url) is None:
        print("Compare the root to one that was noted elsewhere: python -m bot verify --root HEX")


@contextmanager
def _bar(unit: str, *, scaled: bool = False) -> Iterator[Progress]:
    from tqdm import tqdm

    with tqdm(
        unit=f" {unit}" if not scaled else "B",
        unit_scale=scaled,
        file=sys.stderr,
        disable=not sys.stderr.isatty(),
    ) as bar:

        def more(number: int) -> None:
            bar.update(number)

        yield more
