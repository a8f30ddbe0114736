"""Telling a database that is away from one that refuses what it was asked."""

import asyncpg
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError


def is_away(error: BaseException) -> bool:
    """Tell whether the database itself failed (away, full, locked), whatever it was asked to do."""
    if isinstance(error, DBAPIError):
        # SQLite calls a statement that cannot be run an operational error too.
        refused = getattr(error.orig, "sqlite_errorname", "") == "SQLITE_ERROR"
        return (isinstance(error, OperationalError) and not refused) or error.connection_invalidated
    # What the driver raises bare was raised while connecting.
    return isinstance(error, OSError | TimeoutError | asyncpg.PostgresError)
