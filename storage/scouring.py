"""Overwriting what was deleted: SQLite leaves it in its index of words and beside its file for a while.

Pages are overwritten as rows are deleted (`PRAGMA secure_delete`). PostgreSQL does so when it vacuums, by
itself; its old log segments go with the backups that hold them (`docs/privacy.md`).
"""

import sqlite3

from sqlalchemy import text

from storage.database import Database, Transaction
from storage.units import get_setting, set_setting

_WANTED = "scouring"
_PAGES = 500
"""Pages of the index that one transaction puts together anew."""
_MERGE = text("INSERT INTO case_words (case_words, rank) VALUES ('merge', :pages)")
_CHANGES = text("SELECT total_changes() AS changes")
_MOST_STEPS = 10_000


async def ask(transaction: Transaction) -> None:
    """Note that something was erased whose remains are to be overwritten."""
    await set_setting(transaction, _WANTED, True)


async def scour(database: Database) -> bool:
    """Overwrite the remains where that was asked for; return whether it was."""
    async with database.read() as transaction:
        if not await get_setting(transaction, _WANTED):
            return False
    if database.sqlite:
        await _merge(database)
    async with database.begin() as transaction:
        await set_setting(transaction, _WANTED, False)
    if database.sqlite and database.url.database:
        _empty_log(database.url.database)
    return True


async def _merge(database: Database) -> None:
    """Write the index of words anew, a part at a time: until then it holds the words of what was deleted."""
    pages = -_PAGES
    for _ in range(_MOST_STEPS):
        async with database.begin() as transaction:
            before = await _changes(transaction)
            await transaction.execute(_MERGE, {"pages": pages})
            if await _changes(transaction) - before < 2:
                return
        pages = _PAGES


async def _changes(transaction: Transaction) -> int:
    row = await transaction.fetch_one(_CHANGES)
    return int(row["changes"]) if row else 0


def _empty_log(path: str) -> None:
    """Bring everything from the write-ahead log into the file; what a reader still needs, goes later."""
    connection = sqlite3.connect(path, timeout=1)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
