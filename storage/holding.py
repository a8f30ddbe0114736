"""What is kept for a person until they write again, and what is known of when they wrote last."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, bindparam, case, exists, false, func, or_, select, update

from storage.chats import ChatKey
from storage.database import Transaction, either_of, halves
from storage.tables import chat, erasure, outbox

HELD = "held"
"""What stands in place of a price at a notice that was held, until it has gone out."""
DROPPED = "dropped"
"""What stands there at one that ended because nobody needed it any more: no failure of anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """When somebody was last heard of in a chat."""

    channel: str
    chat: str
    person_id: int | None
    group: bool
    last_inbound_at: datetime
    unreachable_at: datetime | None = None


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
    urgency: int = 1


_HEARD_COLUMNS = (
    chat.c.channel,
    chat.c.chat,
    chat.c.person_id,
    chat.c.group,
    chat.c.last_inbound_at,
    chat.c.unreachable_at,
)
_HEARD = select(*_HEARD_COLUMNS).where(either_of(chat.c.channel, chat.c.chat))
_HEARD_LOCKED = _HEARD.order_by(chat.c.channel, chat.c.chat).with_for_update()
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


async def heard(
    transaction: Transaction, addresses: Sequence[ChatKey], *, lock: bool = False
) -> dict[ChatKey, Heard]:
    """Return when somebody was last heard of in these chats; unknown ones are left out.

    lock: nobody's turn runs in them until the transaction ends (PostgreSQL), so that who writes while
    something is being held for them is not missed.
    """
    rows = await transaction.fetch(_HEARD_LOCKED if lock else _HEARD, halves(addresses)) if addresses else []
    return {(row["channel"], row["chat"]): Heard(**row) for row in rows}


async def chats_of(transaction: Transaction, person_id: int) -> list[Heard]:
    """Return the private chats in which a person can be written to, the one used last first."""
    return [Heard(**row) for row in await transaction.fetch(_OTHERS, {"person": person_id})]


_WITHDREW = exists().where(erasure.c.person_id == chat.c.person_id, erasure.c.done_at.is_(None))
_FRESHEN = (
    update(chat)
    .where(
        chat.c.channel == bindparam("in_channel"),
        chat.c.chat == bindparam("user"),
        chat.c.group == false(),
        chat.c.last_inbound_at < bindparam("at"),
    )
    .values(
        last_inbound_at=bindparam("at"),
        unreachable_at=case((_WITHDREW, chat.c.unreachable_at), else_=None),
    )
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
    select(*_HELD_COLUMNS, chat.c.person_id)
    .join(chat, and_(chat.c.channel == outbox.c.channel, chat.c.chat == outbox.c.chat))
    .where(chat.c.person_id.in_(bindparam("people", expanding=True)), chat.c.group == false(), *_IS_HELD)
    .order_by(outbox.c.id)
)
_HELD_AT = (
    select(*_HELD_COLUMNS).where(either_of(outbox.c.channel, outbox.c.chat), *_IS_HELD).order_by(outbox.c.id)
)
_RELEASE = (
    update(outbox)
    .where(_ROW, *_IS_HELD)
    .values(
        channel=bindparam("to_channel"),
        chat=bindparam("to_chat"),
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
    .where(_ROW, *_IS_HELD)
    .values(held_at=None, sent_at=bindparam("at"), price="joined", message=bindparam("now_reads"), error=None)
)
_DROP = (
    update(outbox)
    .where(_ROW, outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
    .values(
        held_at=None, claimed_until=None, failed_at=bindparam("at"), error=bindparam("why"), price=DROPPED
    )
)
_OPEN_OF_CHAT = select(outbox.c.id, outbox.c.case_id).where(
    outbox.c.channel == bindparam("in_channel"),
    outbox.c.chat == bindparam("in_chat"),
    outbox.c.sent_at.is_(None),
    outbox.c.failed_at.is_(None),
)
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
        or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until < bindparam("at")),
    )
    .values(
        failed_at=bindparam("at"),
        claimed_until=None,
        error="not needed any more: the person wrote",
        price=DROPPED,
    )
)
_CASES = select(outbox.c.case_id, outbox.c.error).where(
    outbox.c.case_id.in_(bindparam("cases", expanding=True)), *_IS_HELD
)


def hold(transaction: Transaction, row_id: int, *, at: datetime, why: str) -> None:
    """Take a notice out of every line until its person writes again."""
    transaction.write(_HOLD, {"row_id": row_id, "at": at, "why": why})


async def held_for(
    transaction: Transaction, people: Sequence[int], new: Mapping[ChatKey, int] | None = None
) -> dict[int, list[Held]]:
    """Return what is held for these people in all chats of theirs, oldest first; others are left out.

    new: chats that are not stored yet, with whose they are.
    """
    found: dict[int, list[Held]] = {}
    rows = await transaction.fetch(_HELD_FOR, {"people": sorted(set(people))}) if people else []
    for row in rows:
        found.setdefault(row["person_id"], []).append(_held(row))
    for row in await transaction.fetch(_HELD_AT, halves(new)) if new else ():
        person_id = (new or {}).get((row["channel"], row["chat"]))
        if person_id is not None and row["id"] not in {held.id for held in found.get(person_id, ())}:
            found.setdefault(person_id, []).append(_held(row))
    return found


def _held(row: Mapping[str, Any]) -> Held:
    return Held(**{column.name: row[column.name] for column in _HELD_COLUMNS})


def release(
    transaction: Transaction,
    row_id: int,
    *,
    to: ChatKey,
    message: Mapping[str, Any],
    case_id: int | None,
    at: datetime,
) -> None:
    """Put a held notice at the head of a chat's line, with what it says now."""
    row = {"row_id": row_id, "at": at, "now_reads": dict(message), "about": case_id}
    transaction.write(_RELEASE, {**row, "to_channel": to[0], "to_chat": to[1]})


def fold(transaction: Transaction, row_id: int, *, message: Mapping[str, Any], at: datetime) -> None:
    """End a held notice whose words stand in another one now."""
    transaction.write(_FOLD, {"row_id": row_id, "at": at, "now_reads": dict(message)})


def drop(transaction: Transaction, row_id: int, *, at: datetime, why: str) -> None:
    """End a notice that nobody needs any more."""
    transaction.write(_DROP, {"row_id": row_id, "at": at, "why": why})


async def drop_all(transaction: Transaction, *, channel: str, chat: str, at: datetime, why: str) -> set[int]:
    """End whatever waits or is held for a chat; return the cases that it was about."""
    rows = await transaction.fetch(_OPEN_OF_CHAT, {"in_channel": channel, "in_chat": chat})
    for row in rows:
        drop(transaction, row["id"], at=at, why=why)
    return {row["case_id"] for row in rows if row["case_id"] is not None}


async def move_all(
    transaction: Transaction, *, channel: str, chat: str, to: ChatKey | None, at: datetime, why: str
) -> None:
    """Send whatever waits or is held for a chat to another one; end it where there is none."""
    if to is None:
        await drop_all(transaction, channel=channel, chat=chat, at=at, why=why)
        return
    for row in await transaction.fetch(_OPEN_OF_CHAT, {"in_channel": channel, "in_chat": chat}):
        send_elsewhere(transaction, row["id"], channel=to[0], chat=to[1])


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
