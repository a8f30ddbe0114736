"""Telling a database that is away from one that refuses what it was asked."""

from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

_AWAY = ("08", "25006", "53", "55P03", "57P", "58")
"""What PostgreSQL says of itself, and not of what it was asked: a connection that broke, a server that takes
no writes after a fail-over, one that is full, a lock that was not to be had in time, a shut-down, a disk."""

_CONFLICT = ("40001", "40P01")
"""A transaction that others were in the way of, and a deadlock that was ended at its cost."""


def is_conflict(error: BaseException) -> bool:
    """Tell whether a transaction only met others: the same may go through when it is done again at once."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) in _CONFLICT


def is_away(error: BaseException) -> bool:
    """Tell whether the database itself failed (away, full, locked), whatever it was asked to do."""
    if isinstance(error, DBAPIError):
        if str(getattr(error.orig, "sqlstate", None) or "").startswith(_AWAY):
            return True
        # SQLite calls a statement that cannot be run an operational error too.
        refused = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
        return (isinstance(error, OperationalError) and not refused) or error.connection_invalidated
    # What the driver raises bare was raised while connecting.
    return isinstance(error, OSError | TimeoutError) or (is_driver(error) and hasattr(error, "sqlstate"))


def is_driver(error: BaseException) -> bool:
    """Tell whether PostgreSQL's driver raised an error: by name, since SQLite does without the driver."""
    return type(error).__module__.partition(".")[0] == "asyncpg"
