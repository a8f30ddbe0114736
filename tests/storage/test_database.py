"""Transactions: buffered writes, what a reader sees, times, and how the databases are set up."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text

from storage.database import Database
from storage.units import get_setting, set_setting


async def test_what_is_written_is_there_after_the_transaction(database: Database) -> None:
    async with database.begin() as transaction:
        await set_setting(transaction, "motto", {"words": "Lắng nghe"})
    async with database.read() as transaction:
        assert await get_setting(transaction, "motto") == {"words": "Lắng nghe"}
