"""What a chat was shown earlier: the messages whose buttons somebody may mean by what they type."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Select, bindparam, select

from storage.database import Transaction
from storage.tables import outbox

LOOKED_THROUGH = 500
"""How many of a chat's last messages are looked through: what is older is to be asked for anew."""

_LATELY = (
    select(outbox.c.id, outbox.c.case_id, outbox.c.message)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.sent_at.is_not(None),
    )
    .order_by(outbox.c.id.desc())
    .limit(LOOKED_THROUGH)
    .subquery()
)
_ABOUT: Select[Any] = (
    select(_LATELY.c.message).where(_LATELY.c.case_id == bindparam("case_id")).order_by(_LATELY.c.id.desc())
).limit(bindparam("limit"))
_SENT_AS: Select[Any] = (
    select(outbox.c.message)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.external_id == bindparam("message_id"),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)


async def last_about(
    transaction: Transaction, *, channel: str, chat: str, case_id: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Return the last messages that a chat was shown about a case, latest first."""
    where = {"in_channel": channel, "in_chat": chat, "case_id": case_id, "limit": limit}
    return [row["message"] for row in await transaction.fetch(_ABOUT, where)]


async def sent_as(
    transaction: Transaction, *, channel: str, chat: str, message_id: str
) -> Mapping[str, Any] | None:
    """Return the message that the channel knows by this id; None for none that the bot sent."""
    where = {"in_channel": channel, "in_chat": chat, "message_id": message_id}
    row = await transaction.fetch_one(_SENT_AS, where)
    found: Mapping[str, Any] | None = row["message"] if row else None
    return found
