"""Wishes of people that what is held about them be erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, insert, select

from storage.database import Transaction
from storage.tables import erasure

_INSERT = insert(erasure)
_OPEN_OF = select(erasure.c.id).where(
    erasure.c.person_id == bindparam("in_person"), erasure.c.done_at.is_(None)
)
_OPEN = (
    select(erasure.c.id, erasure.c.person_id, erasure.c.channel, erasure.c.asked_at)
    .where(erasure.c.done_at.is_(None))
    .order_by(erasure.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erasure:
    """One wish that nobody has carried out yet."""

    id: int
    person_id: int
    channel: str
    asked_at: datetime


def add(transaction: Transaction, *, person_id: int, channel: str, at: datetime) -> None:
    """Store a wish."""
    transaction.write(_INSERT, {"person_id": person_id, "channel": channel, "asked_at": at})


async def is_open(transaction: Transaction, person_id: int) -> bool:
    """Tell whether somebody's wish waits already."""
    return await transaction.fetch_one(_OPEN_OF, {"in_person": person_id}) is not None


async def open_ones(transaction: Transaction) -> Sequence[Erasure]:
    """Return every wish that waits, oldest first."""
    return [Erasure(**row) for row in await transaction.fetch(_OPEN)]
