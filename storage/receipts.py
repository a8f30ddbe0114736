"""Receipts: what a channel tells of a message after it took it."""

from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, text, update

from storage.database import Transaction
from storage.tables import outbox

_WITH_RECEIPTS = text("channel IN ('mail', 'sms')")  # what the index asks, word for word
_ID: Any = bindparam("row_id")
_FIND = select(outbox.c.id).where(
    _WITH_RECEIPTS,
    outbox.c.channel == bindparam("channel"),
    outbox.c.external_id == bindparam("message_id"),
    outbox.c.delivered_at.is_(None),
    outbox.c.failed_at.is_(None),
)
_KNOWN = select(outbox.c.id).where(
    _WITH_RECEIPTS,
    outbox.c.channel == bindparam("channel"),
    outbox.c.external_id == bindparam("message_id"),
)
_BEING_SENT = (
    select(outbox.c.id)
    .where(
        outbox.c.channel == bindparam("channel"),
        outbox.c.sent_at.is_(None),
        outbox.c.failed_at.is_(None),
        outbox.c.claimed_until >= bindparam("at"),
    )
    .limit(1)
)
_ARRIVED = update(outbox).where(outbox.c.id == _ID).values(delivered_at=bindparam("at"))
_LOST = update(outbox).where(outbox.c.id == _ID).values(failed_at=bindparam("at"), error=bindparam("why"))


async def note_receipt(
    transaction: Transaction, *, channel: str, message_id: str, arrived: bool, why: str, at: datetime
) -> int | None:
    """Note whether a message arrived; return its outbox id, None when it is unknown or was noted before.

    One that did not arrive is a dead letter; why: what the channel said of it.
    """
    row = await transaction.fetch_one(_FIND, {"channel": channel, "message_id": message_id})
    if row is None:
        return None
    if arrived:
        transaction.write(_ARRIVED, {"row_id": row["id"], "at": at})
    else:
        transaction.write(_LOST, {"row_id": row["id"], "at": at, "why": f"did not arrive: {why}"[:500]})
    return int(row["id"])


async def may_come_later(transaction: Transaction, *, channel: str, message_id: str, at: datetime) -> bool:
    """Tell whether an unknown id may be that of a message that is just being sent."""
    if await transaction.fetch_one(_KNOWN, {"channel": channel, "message_id": message_id}):
        return False
    return await transaction.fetch_one(_BEING_SENT, {"channel": channel, "at": at}) is not None
