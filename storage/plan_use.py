"""How much a channel is used, where the vendor's plan counts people, messages and groups."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import bindparam, func, select

from storage.database import Transaction
from storage.tables import chat, traffic


@dataclass(frozen=True, kw_only=True, slots=True)
class Use:
    """Chats with people and with groups that can be written to, and messages sent since a day."""

    people: int
    groups: int
    messages: int


_CHATS = (
    select(chat.c.group, func.count().label("number"))
    .where(chat.c.channel == bindparam("channel"), chat.c.unreachable_at.is_(None))
    .group_by(chat.c.group)
)
_SENT = select(func.coalesce(func.sum(traffic.c.count), 0).label("number")).where(
    traffic.c.channel == bindparam("channel"),
    traffic.c.what == "sent",
    traffic.c.day >= bindparam("since"),
)


async def used(transaction: Transaction, channel: str, *, since: date) -> Use:
    """Count a channel's chats, and its messages since a local day. For channels of few chats only."""
    rows = await transaction.fetch(_CHATS, {"channel": channel})
    chats = {bool(row["group"]): int(row["number"]) for row in rows}
    (sent,) = await transaction.fetch(_SENT, {"channel": channel, "since": since})
    return Use(people=chats.get(False, 0), groups=chats.get(True, 0), messages=int(sent["number"]))
