"""What is kept for a person until they write again, and what is known of when they wrote last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, false, func, select, update

from storage.chats import ChatKey
from storage.database import Transaction, either_of, halves
from storage.tables import chat, outbox

HELD = "held"
"""What stands in place of a price at a notice that was held, until it has gone out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """When somebody was last heard of in a chat."""

    channel: str
    chat: str
    person_id: int | None
    group: bool
    last_inbound_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """One notice that waits for its person to write."""

    id: int
    channel: str
    chat: str
    message: dict[str, Any]
    case_id: int | None
    created_at: datetime
    error: str | None
    """Why it waits: "knock:…" is the key of what was sent in its place."""


_HEARD_COLUMNS = (chat.c.channel, chat.c.chat, chat.c.person_id, chat.c.group, chat.c.last_inbound_at)
_HEARD = select(*_HEARD_COLUMNS).where(either_of(chat.c.channel, chat.c.chat))
_OTHERS = (
    select(*_HEARD_COLUMNS)
    .where(
        chat.c.person_id == bindparam("person"),
        chat.c.group == false(),
        chat.c.unreachable_at.is_(None),
        chat.c.moved_to.is_(None),
    )
    .order_by(chat.c.last_inbound_at.desc(), chat.c.channel, chat.c.chat)
)


async def heard(transaction: Transaction, addresses: Sequence[ChatKey]) -> dict[ChatKey, Heard]:
    """Return when somebody was last heard of in these chats; unknown ones are left out."""
    rows = await transaction.fetch(_HEARD, halves(addresses)) if addresses else []
    return {(row["channel"], row["chat"]): Heard(**row) for row in rows}


async def chats_of(transaction: Transaction, person_id: int) -> list[Heard]:
    """Return the private chats in which a person can be written to, the one used last first."""
    return [Heard(**row) for row in await transaction.fetch(_OTHERS, {"person": person_id})]


_FRESHEN = (
    update(chat)
    .where(
        chat.c.channel == bindparam("in_channel"),
        chat.c.chat == bindparam("user"),
        chat.c.group == false(),
        chat.c.last_inbound_at < bindparam("at"),
    )
    .values(last_inbound_at=bindparam("at"))
)


def note_in_group(transaction: Transaction, *, channel: str, user: str, at: datetime) -> None:
    """Count what a person wrote in a group as their last word in private too, as vendors do."""
    transaction.write(_FRESHEN, {"in_channel": channel, "user": user, "at": at})


_ROW = outbox.c.id == bindparam("row_id")
_HOLD = (
    update(outbox)
    .where(_ROW)
    .values(held_at=bindparam("at"), claimed_until=None, error=bindparam("why"), price=None)
)
_IS_HELD = (outbox.c.held_at.is_not(None), outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
_HELD_COLUMNS = [outbox.c[name] for name in Held.__slots__]
_HELD_FOR = (
    select(*_HELD_COLUMNS).where(either_of(outbox.c.channel, outbox.c.chat), *_IS_HELD).order_by(outbox.c.id)
)
_RELEASE = (
    update(outbox)
    .where(_ROW)
    .values(
        held_at=None,
        error=None,
        urgency=0,
        available_at=bindparam("at"),
        price=HELD,
        message=bindparam("now_reads"),
        case_id=bindparam("about"),
    )
)
_FOLD = (
    update(outbox)
    .where(_ROW)
    .values(held_at=None, sent_at=bindparam("at"), price="joined", message=bindparam("now_reads"), error=None)
)
_OUTDATED = update(outbox).where(_ROW).values(held_at=None, failed_at=bindparam("at"), error=bindparam("why"))
_READDRESS = (
    update(outbox)
    .where(_ROW)
    .values(channel=bindparam("to_channel"), chat=bindparam("to_chat"), claimed_until=None, held_at=None)
)
_RESERVE = (
    update(outbox)
    .where(_ROW)
    .values(price=bindparam("kind"), cost=func.coalesce(outbox.c.cost, 0) + bindparam("amount"))
)
_GIVE_BACK = update(outbox).where(_ROW).values(cost=outbox.c.cost - bindparam("amount"))
_CANCEL = (
    update(outbox)
    .where(
        outbox.c.dedupe_key == bindparam("key"),
        outbox.c.sent_at.is_(None),
        outbox.c.failed_at.is_(None),
        outbox.c.claimed_until.is_(None),
    )
    .values(failed_at=bindparam("at"), error="not needed any more: the person wrote")
)
_CASES = select(outbox.c.case_id, outbox.c.error).where(
    outbox.c.case_id.in_(bindparam("cases", expanding=True)), *_IS_HELD
)


def hold(transaction: Transaction, row_id: int, *, at: datetime, why: str) -> None:
    """Take a notice out of every line until its person writes again."""
    transaction.write(_HOLD, {"row_id": row_id, "at": at, "why": why})


async def held_for(transaction: Transaction, addresses: Sequence[ChatKey]) -> dict[ChatKey, list[Held]]:
    """Return what is held for these chats, oldest first; chats without any are left out."""
    found: dict[ChatKey, list[Held]] = {}
    for row in await transaction.fetch(_HELD_FOR, halves(addresses)) if addresses else []:
        found.setdefault((row["channel"], row["chat"]), []).append(Held(**row))
    return found


def release(
    transaction: Transaction, row_id: int, *, message: Mapping[str, Any], case_id: int | None, at: datetime
) -> None:
    """Put a held notice at the head of its chat's line, with what it says now."""
    row = {"row_id": row_id, "at": at, "now_reads": dict(message), "about": case_id}
    transaction.write(_RELEASE, row)


def fold(transaction: Transaction, row_id: int, *, message: Mapping[str, Any], at: datetime) -> None:
    """End a held notice whose words stand in another one now."""
    transaction.write(_FOLD, {"row_id": row_id, "at": at, "now_reads": dict(message)})


def outdate(transaction: Transaction, row_id: int, *, at: datetime) -> None:
    """End a held notice in whose place a newer one of its kind is shown."""
    transaction.write(_OUTDATED, {"row_id": row_id, "at": at, "why": "outdated: a newer one was shown"})


def send_elsewhere(transaction: Transaction, row_id: int, *, channel: str, chat: str) -> None:
    """Send a notice to another chat of its person."""
    transaction.write(_READDRESS, {"row_id": row_id, "to_channel": channel, "to_chat": chat})


def reserve(transaction: Transaction, row_id: int, *, kind: str, amount: int) -> None:
    """Note that a notice may cost so much (đồng), before it is handed to its channel."""
    transaction.write(_RESERVE, {"row_id": row_id, "kind": kind, "amount": amount})


def give_back(transaction: Transaction, row_id: int, *, amount: int) -> None:
    """Note that a try of a notice cost nothing after all."""
    transaction.write(_GIVE_BACK, {"row_id": row_id, "amount": amount})


def cancel(transaction: Transaction, key: str, *, at: datetime) -> None:
    """End what was to be sent in place of a held notice and has not gone out yet."""
    transaction.write(_CANCEL, {"key": key, "at": at})


async def not_reached(transaction: Transaction, case_ids: Sequence[int]) -> set[int]:
    """Return those of these cases of which something is held for a person."""
    rows = await transaction.fetch(_CASES, {"cases": sorted(set(case_ids))}) if case_ids else []
    return {row["case_id"] for row in rows}
