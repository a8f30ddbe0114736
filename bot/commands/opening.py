"""What commands share: the database opened or a clear refusal, and the city in it."""

import argparse
import asyncio
import difflib
import sys
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import date
from typing import TYPE_CHECKING, TypeVar

from bot import moment
from bot.settings import Settings, sqlite_path, without_password

if TYPE_CHECKING:
    from bot.keyring import KeyWatch
    from routing.organisation import City
    from routing.understanding import Understanding
    from storage.database import Database, Transaction

Item = TypeVar("Item")
NO_CITY = 'There is no city yet. Run: python -m bot init --province "Hà Nội"'


class Refused(Exception):
    """The command was not done; the message tells the operator what to do."""


class NoCity(Refused):
    """There is no city yet."""


def database_of(settings: Settings) -> "Database":
    """Return the database with as many connections as it may have; nothing is opened yet."""
    from storage.database import Database

    return Database(
        settings.database_url,
        pool_size=settings.database_connections,
        pooled=bool(settings.database_direct_url),
    )


@asynccontextmanager
async def opened(settings: Settings, *, create: bool = False) -> "AsyncIterator[Database]":
    """Open the database at its newest tables. Raises Refused when it does not answer.

    A SQLite file that is not there is made only on request; else it raises NoCity.
    """
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists() and not create:
        raise NoCity(NO_CITY)
    await prepare(settings)
    database = database_of(settings)
    try:
        await unlock(settings, database)
        yield database
    finally:
        await database.close()


async def unlock(settings: Settings, database: "Database") -> "KeyWatch":
    """Give a database the keys of contact data. Raises Refused where they cannot be opened."""
    from bot.keyring import CannotOpen, load_keys

    try:
        return await load_keys(settings, database)
    except CannotOpen as error:
        raise Refused(str(error)) from error


@asynccontextmanager
async def existing(settings: Settings) -> "AsyncIterator[Database]":
    """Open the database as it is, whatever program made its tables. Raises Refused when it does not answer.

    Raises NoCity for a SQLite file that is not there.
    """
    path = sqlite_path(settings.database_url)
    if path is not None and not path.exists():
        raise NoCity(NO_CITY)
    database = database_of(settings)
    try:
        with _refusing_what_is_away(settings):
            yield database
    finally:
        await database.close()


async def prepare(settings: Settings) -> None:
    """Bring the database to its newest tables. Raises Refused when it does not answer."""
    from storage import migrating

    with _refusing_what_is_away(settings):
        if path := sqlite_path(settings.database_url):
            path.parent.mkdir(parents=True, exist_ok=True)
        await migrating.upgrade(settings.database_direct_url or settings.database_url)


@contextmanager
def _refusing_what_is_away(settings: Settings) -> Iterator[None]:
    from sqlalchemy.exc import DBAPIError

    from storage.faults import is_away

    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        reason = error.orig if isinstance(error, DBAPIError) else error
        shown = without_password(settings.database_url)
        raise Refused(f"LANGNGHE_DATABASE_URL: {shown} cannot be opened ({reason})") from error


async def city_of(transaction: "Transaction") -> "City":
    """Return the database's city. Raises NoCity when there is none."""
    from storage import units

    city = await units.load_city(transaction, now=moment.now())
    if city is None:
        raise NoCity(NO_CITY)
    return city


async def load_city(settings: Settings) -> "City":
    """Return the city. Raises NoCity when there is none."""
    async with opened(settings) as database, database.read() as transaction:
        return await city_of(transaction)


def load_understanding(settings: Settings) -> "Understanding":
    """Return the reading in use: the shipped one where there is no database."""
    return asyncio.run(_load_understanding(settings))


async def _load_understanding(settings: Settings) -> "Understanding":
    from bot.model_in_use import load
    from routing.understanding import Understanding

    try:
        async with opened(settings) as database:
            found = await load(database)
    except NoCity:
        return Understanding.load()
    if found.refused:
        print(f"warning: {found.refused}", file=sys.stderr)
    return found.understanding


def nearest(given: str, known: Iterable[str]) -> str:
    """Return "; nearest: …" with the names that a mistaken one may have meant; empty for none."""
    near = difflib.get_close_matches(given, list(known), n=3, cutoff=0.5)
    return f"; nearest: {', '.join(near)}" if near else ""


def counted(number: int, one: str, many: str = "") -> str:
    """Return how many there are of something: "1 problem", "2 problems", "1 key is", "2 keys are"."""
    return f"{number} {one if number == 1 else many or one + 's'}"


def day_of(text: str) -> date:
    """Return the day of an option. Raises ArgumentTypeError, which says how days are written."""
    from routing.when import Period

    try:
        day = date.fromisoformat(text)
        return Period(first=day, last=day).first
    except ValueError:
        raise argparse.ArgumentTypeError(f"not a date: {text!r} (YYYY-MM-DD)") from None


def progress(items: Iterable[Item], unit: str) -> Iterator[Item]:
    """Return the items again, counted on standard error where a person is looking on."""
    from tqdm import tqdm

    return iter(tqdm(items, unit=f" {unit}", file=sys.stderr, disable=not sys.stderr.isatty()))
