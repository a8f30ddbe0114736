"""Which tables a database has: the step of the migrations that it is at, and those that are known here.

Says it without the library that takes the steps, which is megabytes that a running program need not hold.
"""

from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Integer, Select, column, inspect, select, table, text

from storage.database import Transaction

_TABLE = "alembic_version"
_RECORDED: Select[Any] = select(column("version_num")).select_from(table(_TABLE))
_OTHERS: Select[Any] = text(
    "SELECT count(*) AS others FROM pg_stat_activity WHERE datname = current_database() "
    "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
).columns(others=Integer)  # type: ignore[assignment]
_FOLDER = Path(__file__).resolve().parent.parent / "migrations" / "versions"


async def current(transaction: Transaction) -> str | None:
    """Return the step that a database is at; None for one without tables."""
    made = await transaction.connection.run_sync(lambda connection: inspect(connection).has_table(_TABLE))
    return await recorded(transaction) if made else None


def newest() -> str:
    """Return the newest step that this program knows."""
    return _steps()[-1]


def is_known(step: str | None) -> bool:
    """Tell whether this program knows a step; one of a newer program it does not."""
    return step in _steps()


def before(step: str) -> tuple[str, ...]:
    """Return the steps before another, oldest first."""
    return _steps()[: _steps().index(step)]


async def others_connected(transaction: Transaction) -> int:
    """Return how many other connections a PostgreSQL database has; of a SQLite file nobody knows."""
    if transaction.dialect != "postgresql":
        return 0
    found = await transaction.fetch_one(_OTHERS)
    return int(found["others"]) if found else 0


@cache
def _steps() -> tuple[str, ...]:
    """Return every known step, oldest first: the numbers that the files of the migrations begin with."""
    return tuple(sorted(file.name.split("_")[0] for file in _FOLDER.glob("[0-9]*_*.py")))


async def recorded(transaction: Transaction) -> str | None:
    """Return the step that a database says it is at, by one cheap query. Raises where it says nothing."""
    row = await transaction.fetch_one(_RECORDED)
    return row["version_num"] if row else None
