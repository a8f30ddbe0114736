"""What a look finds, and what it may look at."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from bot.settings import Settings, without_password
from storage.database import Database

OK, LOOK, WRONG, SKIPPED = "OK", "look", "wrong", "skipped"
"""All is well; somebody should look at it; something does not work; it could not be looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """How one thing stands; for what is not OK, `todo` says what to do in one line. Never a secret."""

    level: str
    told: str
    todo: str = ""


def ok(told: str) -> Finding:
    """Return that all is well."""
    return Finding(level=OK, told=told)


def look(told: str, todo: str) -> Finding:
    """Return what somebody should look at."""
    return Finding(level=LOOK, told=told, todo=todo)


def wrong(told: str, todo: str) -> Finding:
    """Return what does not work."""
    return Finding(level=WRONG, told=told, todo=todo)


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """What is looked at: the settings, and the database opened as it is, without making tables or keys."""

    settings: Settings
    now: datetime
    database: Database | None = field(default=None, repr=False)
    """None where it does not answer."""

    @property
    def opened(self) -> Database:
        """The database, for looks that are only taken while it answers."""
        assert self.database is not None
        return self.database

    @property
    def where(self) -> str:
        """The address of the database, as it may be shown."""
        return without_password(self.settings.database_url)

    @property
    def public_url(self) -> str:
        """The public address without its last stroke; empty where there is none."""
        return str(self.settings.public_url or "").rstrip("/")


Look = Callable[[Place], Awaitable[Finding | Iterable[Finding]]]
