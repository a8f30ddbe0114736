"""Receipts: what a channel tells of a message after it took it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal_column, select, text, update

from storage.database import Transaction, either_of, halves
from storage.tables import UtcTime, outbox

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Receipt:
    """What a channel tells of a message of a chat: that it arrived, or that it was seen."""

    channel: str
    chat: str
    message_id: str
    seen: bool


_SENT_AS = select(
    outbox.c.id,
    outbox.c.channel,
    outbox.c.chat,
    outbox.c.external_id,
    outbox.c.delivered_at,
    outbox.c.seen_at,
).where(
    either_of(outbox.c.channel, outbox.c.chat),
    outbox.c.external_id.in_(bindparam("ids", expanding=True)),
    outbox.c.sent_at.is_not(None),
)
# A message of several parts is known by the id of the first; newest first, since receipts come soon.
_PARTS_LOOKED_THROUGH = 200
_SENT_IN_PARTS = (
    select(
        outbox.c.id,
        outbox.c.channel,
        outbox.c.chat,
        outbox.c.other_ids,
        outbox.c.delivered_at,
        outbox.c.seen_at,
    )
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.sent_at.is_not(None),
        outbox.c.other_ids.is_not(None),
    )
    .order_by(outbox.c.sent_at.desc(), outbox.c.id.desc())
    .limit(literal_column(str(_PARTS_LOOKED_THROUGH)))
)
_NOTED = (
    update(outbox)
    .where(outbox.c.id == _ID)
    .values(
        delivered_at=func.coalesce(outbox.c.delivered_at, bindparam("at", type_=UtcTime)),
        seen_at=func.coalesce(outbox.c.seen_at, bindparam("seen", type_=UtcTime)),
    )
)


async def note_receipts(
    transaction: Transaction, told: Sequence[Receipt], *, at: datetime
) -> tuple[list[tuple[str, str]], list[Receipt]]:
    """Note receipts at their messages, and return what was new and which name a message that is not known.

    New is a channel and "arrived" or "seen". What was seen has arrived; what is told again changes nothing.
    """
    if not told:
        return [], []
    values = {
        **halves((each.channel, each.chat) for each in told),
        "ids": sorted({each.message_id for each in told}),
    }
    rows = {
        (row["channel"], row["chat"], row["external_id"]): dict(row)
        for row in await transaction.fetch(_SENT_AS, values)
    }
    await _find_parts(transaction, told, rows)
    new: list[tuple[str, str]] = []
    unknown: list[Receipt] = []
    for each in told:
        row = rows.get((each.channel, each.chat, each.message_id))
        if row is None:
            unknown.append(each)
            continue
        what = [name for name, is_new in _news(row, each) if is_new]
        if what:
            transaction.write(_NOTED, {"row_id": row["id"], "at": at, "seen": at if each.seen else None})
            row["delivered_at"] = at
            row["seen_at"] = row["seen_at"] or (at if each.seen else None)
            new += [(each.channel, name) for name in what]
    return new, unknown


async def _find_parts(
    transaction: Transaction, told: Sequence[Receipt], rows: dict[tuple[str, str, str], dict[str, Any]]
) -> None:
    """Add to the messages found those of which a receipt names another part than the first."""
    chats = {
        (each.channel, each.chat) for each in told if (each.channel, each.chat, each.message_id) not in rows
    }
    by_id = {row["id"]: row for row in rows.values()}
    for channel, chat in sorted(chats):
        for found in await transaction.fetch(_SENT_IN_PARTS, {"in_channel": channel, "in_chat": chat}):
            row = by_id.setdefault(found["id"], dict(found))  # one row, by whichever id it is named
            for part in found["other_ids"].split():
                rows.setdefault((channel, chat, part), row)


_IN_FLIGHT = (
    select(outbox.c.channel, outbox.c.chat)
    .distinct()
    .where(
        either_of(outbox.c.channel, outbox.c.chat),
        outbox.c.sent_at.is_(None),
        outbox.c.failed_at.is_(None),
        outbox.c.held_at.is_(None),
        outbox.c.claimed_until >= bindparam("at"),
    )
)


async def in_flight(
    transaction: Transaction, addresses: Sequence[tuple[str, str]], *, at: datetime
) -> set[tuple[str, str]]:
    """Return those of these chats to which something is just being sent."""
    rows = await transaction.fetch(_IN_FLIGHT, {**halves(addresses), "at": at}) if addresses else []
    return {(row["channel"], row["chat"]) for row in rows}


def _news(row: dict[str, Any], told: Receipt) -> tuple[tuple[str, bool], tuple[str, bool]]:
    return (
        ("arrived", row["delivered_at"] is None),
        ("seen", told.seen and row["seen_at"] is None),
    )
