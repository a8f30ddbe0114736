"""Past cases as rules see them, to try other rules on; batch by batch, nothing is written."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal, null, or_, select

from routing.place import FormerWard
from routing.rehearsal import PastCase
from storage.database import Transaction
from storage.tables import case

BATCH = 5000
_SINCE = case.c.received_at >= bindparam("since")
_AFTER = or_(
    case.c.received_at > bindparam("last_at"),
    (case.c.received_at == bindparam("last_at")) & (case.c.id > bindparam("last_id")),
)
_COLUMNS = (
    case.c.id,
    case.c.code,
    case.c.kind,
    case.c.domain,
    case.c.ward_code,
    case.c.street,
    case.c.urgent,
    case.c.received_at,
)
_COUNT = select(func.count().label("cases")).select_from(case).where(_SINCE)


def _batch(*, text: bool, former: bool) -> Any:
    """Return the query of a batch; long columns only where rules need them."""
    words = case.c.text if text else literal("").label("text")
    reading = case.c.reading if former else null().label("reading")
    return (
        select(*_COLUMNS, words, reading)
        # The first condition alone is what the index serves.
        .where(case.c.received_at >= bindparam("last_at"), _AFTER)
        .order_by(case.c.received_at, case.c.id)
        .limit(bindparam("limit"))
    )


_BATCHES = {
    (text, former): _batch(text=text, former=former) for text in (False, True) for former in (False, True)
}


async def count_since(transaction: Transaction, since: datetime) -> int:
    """Count the cases received from a moment on."""
    row = await transaction.fetch_one(_COUNT, {"since": since})
    return int(row["cases"]) if row else 0


async def cases_since(
    transaction: Transaction, since: datetime, *, text: bool, former: bool, batch: int = BATCH
) -> AsyncIterator[list[PastCase]]:
    """Yield the cases received from a moment on, in order of receipt, some thousands at a time.

    text: with their words, which other parts of domains are told apart by. former: with the former wards
    that are meant, which decide in three tiers.
    """
    last_at, last_id = since, -1
    while True:
        parameters = {"last_at": last_at, "last_id": last_id, "limit": batch}
        rows = await transaction.fetch(_BATCHES[text, former], parameters)
        if rows:
            last_at, last_id = rows[-1]["received_at"], rows[-1]["id"]
            yield [_past(row) for row in rows]
        if len(rows) < batch:
            return


def _past(row: Any) -> PastCase:
    reading = row["reading"] or {}
    read = reading.get("former", reading.get("place", {}).get("former", ()))
    return PastCase(
        code=row["code"],
        kind=row["kind"],
        domain=row["domain"],
        ward_code=row["ward_code"],
        street=row["street"],
        urgent=row["urgent"],
        received_at=row["received_at"],
        text=row["text"],
        former=tuple(FormerWard(**each) for each in read),
    )
