"""How often codes are tried: counts of an hour, by chat, by person, and in the whole city."""

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, case, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction
from storage.tables import attempt

WINDOW = timedelta(hours=1)
"""A count begins with the first try and is over after so long."""
KEPT = timedelta(days=1)


def _add(dialect: Any) -> Any:
    insert = dialect.insert(attempt)
    over = attempt.c.since <= bindparam("old")
    return insert.on_conflict_do_update(
        index_elements=["what", "whose"],
        set_={
            "count": case((over, 1), else_=attempt.c.count + 1),
            "since": case((over, insert.excluded.since), else_=attempt.c.since),
        },
    )


_ADD = {"sqlite": _add(sqlite), "postgresql": _add(postgresql)}
_COUNT = select(attempt.c.count).where(
    attempt.c.what == bindparam("in_what"),
    attempt.c.whose == bindparam("in_whose"),
    attempt.c.since > bindparam("old"),
)
_FORGET = delete(attempt).where(attempt.c.since < bindparam("before"))


async def add(transaction: Transaction, what: str, whose: str, *, now: datetime) -> int:
    """Count one more; return how many there are in this hour. Two at once are counted one after the other."""
    row = {"what": what, "whose": _hash(whose), "since": now, "count": 1, "old": now - WINDOW}
    await transaction.execute(_ADD[transaction.dialect], row)
    await transaction.execute(_FORGET, {"before": now - KEPT})
    return await count(transaction, what, whose, now=now)


async def count(transaction: Transaction, what: str, whose: str, *, now: datetime) -> int:
    """Return how many there were in this hour."""
    asked = {"in_what": what, "in_whose": _hash(whose), "old": now - WINDOW}
    row = await transaction.fetch_one(_COUNT, asked)
    return int(row["count"]) if row else 0


def _hash(whose: str) -> str:
    return hashlib.sha256(f"attempt:{whose}".encode()).hexdigest()
