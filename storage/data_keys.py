"""The keys of contact data as they are stored: encrypted themselves, with a key that stands elsewhere."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, literal_column, select, update
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction
from storage.messages import announce
from storage.sealing import INDEX_KEY
from storage.tables import data_key, inbox, person

WAKEUP = "keys"
"""What other processes are told when there is another key."""
KNOWN_AFTER = timedelta(minutes=1)
"""How long after it was made a key begins to seal: every running process has heard of it by then."""

_ALL = select(data_key).order_by(data_key.c.id)
_ADD = {
    "sqlite": sqlite.insert(data_key).on_conflict_do_nothing(index_elements=["id"]),
    "postgresql": postgresql.insert(data_key).on_conflict_do_nothing(index_elements=["id"]),
}
_ID = data_key.c.id == bindparam("key_id")
_REWRAP = (
    update(data_key)
    .where(_ID, data_key.c.wrapped == bindparam("was"))
    .values(wrapped=bindparam("new_wrapped"))
)
_RETIRE = update(data_key).where(_ID, data_key.c.retired_at.is_(None)).values(retired_at=bindparam("at"))
_DESTROY = delete(data_key).where(_ID)
_SOMEBODY = select(person.c.id).limit(literal_column("1"))
_SOMETHING = select(inbox.c.id).limit(literal_column("1"))


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredKey:
    """One data key, encrypted. The one with the id `INDEX_KEY` only finds numbers again."""

    id: int
    wrapped: bytes
    created_at: datetime
    active_from: datetime
    retired_at: datetime | None

    @property
    def seals(self) -> bool:
        """Whether it is of those that contact data is, or may still be, sealed with."""
        return self.id != INDEX_KEY and self.retired_at is None


def active_key(keys: list[StoredKey], now: datetime) -> int | None:
    """Return the id of the key that seals at this time: the newest that all processes know, None for none."""
    return max((key.id for key in keys if key.seals and key.active_from <= now), default=None)


async def list_keys(transaction: Transaction) -> list[StoredKey]:
    """Return all keys, oldest first."""
    return [StoredKey(**row) for row in await transaction.fetch(_ALL)]


async def is_new(transaction: Transaction) -> bool:
    """Tell whether nobody has ever used this database: everything in it can be sealed from the beginning."""
    return not await transaction.fetch(_SOMEBODY) and not await transaction.fetch(_SOMETHING)


async def add_key(
    transaction: Transaction, number: int, *, wrapped: bytes, now: datetime, active_from: datetime
) -> None:
    """Store a key, unless somebody else has stored one of this number; other processes are told."""
    row = {"id": number, "wrapped": wrapped, "created_at": now, "active_from": active_from}
    transaction.write(_ADD[transaction.dialect], row)
    await transaction.flush()
    await announce(transaction, WAKEUP)


async def rewrap(transaction: Transaction, key: StoredKey, wrapped: bytes) -> None:
    """Store the same key encrypted with another one, unless it was changed meanwhile."""
    row = {"key_id": key.id, "was": key.wrapped, "new_wrapped": wrapped}
    await transaction.execute(_REWRAP, row)


async def retire(transaction: Transaction, number: int, *, at: datetime) -> None:
    """Let a key seal nothing any more."""
    await transaction.execute(_RETIRE, {"key_id": number, "at": at})
    await announce(transaction, WAKEUP)


async def destroy(transaction: Transaction, number: int) -> None:
    """Delete a key that nothing is sealed with: what a stolen copy held with it stays closed for ever."""
    await transaction.execute(_DESTROY, {"key_id": number})
    await announce(transaction, WAKEUP)
