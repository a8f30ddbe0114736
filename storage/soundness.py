"""Whether the database itself is sound: what it is, whether it is whole, and what it still takes."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from storage.database import Transaction

_CONNECTIONS_LEFT = text(
    "SELECT CAST(current_setting('max_connections') AS integer) "
    "- CAST(current_setting('superuser_reserved_connections') AS integer) - count(*) "
    "FROM pg_stat_activity WHERE backend_type = 'client backend'"
)
_STANDBYS = text(
    "SELECT count(*) FILTER (WHERE sync_state = 'async') AS behind, "
    "count(*) FILTER (WHERE sync_state <> 'async') AS together FROM pg_stat_replication"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """What a database takes: writes, further connections (None: no limit), and who follows it how."""

    read_only: bool
    connections_left: int | None = None
    asynchronous_standbys: int = 0
    """Standbys, where none of them is synchronous."""


async def version(transaction: Transaction) -> str:
    """Return which database it is."""
    if transaction.dialect == "sqlite":
        return f"SQLite {await _one(transaction, 'SELECT sqlite_version()')}"
    return f"PostgreSQL {str(await _one(transaction, 'SHOW server_version')).split()[0]}"


async def faults(transaction: Transaction) -> list[str]:
    """Return what is damaged, as SQLite finds it; PostgreSQL says so itself when it reads."""
    if transaction.dialect != "sqlite":
        return []
    found = (await transaction.connection.execute(text("PRAGMA quick_check(5)"))).scalars().all()
    return [str(fault) for fault in found if fault != "ok"]


async def standing(transaction: Transaction) -> Standing:
    """Return what the database takes; of SQLite its files tell."""
    if transaction.dialect == "sqlite":
        return Standing(read_only=False)
    behind, together = (await transaction.connection.execute(_STANDBYS)).one()
    return Standing(
        read_only=bool(await _one(transaction, "SELECT pg_is_in_recovery()"))
        or await _one(transaction, "SHOW default_transaction_read_only") == "on",
        connections_left=int((await transaction.connection.execute(_CONNECTIONS_LEFT)).scalar_one()),
        asynchronous_standbys=0 if together else int(behind),
    )


async def now_of(transaction: Transaction) -> datetime | None:
    """Return what time it is for the database; None for SQLite, which has no clock of its own."""
    if transaction.dialect == "sqlite":
        return None
    found: datetime = await _one(transaction, "SELECT clock_timestamp()")
    return found.astimezone(UTC)


async def size(transaction: Transaction) -> int:
    """Return how many octets the database has."""
    if transaction.dialect == "sqlite":
        pages = await _one(transaction, "PRAGMA page_count")
        return int(pages) * int(await _one(transaction, "PRAGMA page_size"))
    return int(await _one(transaction, "SELECT pg_database_size(current_database())"))


async def _one(transaction: Transaction, query: str) -> Any:
    return (await transaction.connection.execute(text(query))).scalar_one()
