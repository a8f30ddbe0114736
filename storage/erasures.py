"""Wishes of people that what is held about them be erased."""

from datetime import datetime

from sqlalchemy import bindparam, insert, select

from storage.database import Transaction
from storage.tables import erasure

_INSERT = insert(erasure)
_OPEN_OF = select(erasure.c.id).where(
    erasure.c.person_id == bindparam("in_person"), erasure.c.done_at.is_(None)
)


def add(transaction: Transaction, *, person_id: int, channel: str, at: datetime) -> None:
    """Store a wish."""
    transaction.write(_INSERT, {"person_id": person_id, "channel": channel, "asked_at": at})


async def is_open(transaction: Transaction, person_id: int) -> bool:
    """Tell whether somebody's wish waits already."""
    return await transaction.fetch_one(_OPEN_OF, {"in_person": person_id}) is not None
