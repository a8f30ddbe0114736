"""Who wrote last in a channel, from the newest of what came in."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, func, select

from storage.database import Transaction
from storage.tables import inbox

LOOKED_THROUGH = 50_000
"""So many of the newest updates of all channels are looked through: their table has no index by time."""

_NEWEST_ID = select(func.max(inbox.c.id).label("newest"))
_RECENT = (
    select(inbox.c.chat, func.max(inbox.c.received_at).label("last_at"))
    .where(
        inbox.c.id > bindparam("after"),
        inbox.c.channel == bindparam("channel"),
        inbox.c.chat != "",
        inbox.c.received_at >= bindparam("since"),
    )
    .group_by(inbox.c.chat)
    .order_by(func.max(inbox.c.id).desc())
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recent:
    """A chat, and when something came in from it last."""

    chat: str
    last_at: datetime


async def recent_chats(
    transaction: Transaction, channel: str, *, since: datetime, limit: int
) -> list[Recent]:
    """Return the chats of a channel in which something came in since then, newest first."""
    [row] = await transaction.fetch(_NEWEST_ID, {})
    after = (row["newest"] or 0) - LOOKED_THROUGH
    rows = await transaction.fetch(
        _RECENT, {"after": after, "channel": channel, "since": since, "limit": limit}
    )
    return [Recent(chat=row["chat"], last_at=row["last_at"]) for row in rows]
