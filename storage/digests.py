"""Which digest each chat gets and when, and the chats whose next one is due."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import bindparam, delete, exists, select
from sqlalchemy.dialects import postgresql, sqlite

from storage.database import Transaction
from storage.tables import chat as chat_table
from storage.tables import digest, group_chat, post

DAILY_MINUTE = 7 * 60 + 30
"""07:30, of the local day."""
PARTS = ("new", "red", "solved", "seal", "picture")


@dataclass(frozen=True, kw_only=True, slots=True)
class Digest:
    """The digest of one chat: of a person's own, or of a group.

    minute: of the local day. next_at: when the next one is due, None while it is off. sent_until: the last
    day on which it was sent.
    """

    channel: str
    chat: str
    person_id: int | None
    group_id: int | None
    daily: bool = True
    weekly: bool = True
    minute: int = DAILY_MINUTE
    parts: tuple[str, ...] = PARTS
    sent_until: date | None = None
    next_at: datetime | None = None


_MUTABLE = ("person_id", "group_id", "daily", "weekly", "minute", "parts", "sent_until", "next_at")
_SAVE = {
    name: dialect.insert(digest).on_conflict_do_update(
        index_elements=["channel", "chat"],
        set_={each: dialect.insert(digest).excluded[each] for each in _MUTABLE},
    )
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_GET = select(digest).where(
    digest.c.channel == bindparam("of_channel"), digest.c.chat == bindparam("of_chat")
)
_DUE = (
    select(digest)
    .where(digest.c.next_at.is_not(None), digest.c.next_at <= bindparam("now"))
    .order_by(digest.c.next_at, digest.c.channel, digest.c.chat)
    .limit(bindparam("most"))
)
_DUE_LOCKED = _DUE.with_for_update(skip_locked=True)
_REMOVE = delete(digest).where(
    digest.c.channel == bindparam("of_channel"), digest.c.chat == bindparam("of_chat")
)
_LEADERS = (
    select(chat_table.c.channel, chat_table.c.chat, chat_table.c.person_id)
    .distinct()
    .join(post, post.c.person_id == chat_table.c.person_id)
    .where(
        post.c.role == "leader",
        post.c.starts_at <= bindparam("now"),
        (post.c.ends_at.is_(None)) | (post.c.ends_at > bindparam("now")),
        ~chat_table.c.group,
        chat_table.c.unreachable_at.is_(None),
        ~exists().where(digest.c.person_id == chat_table.c.person_id),
    )
    .order_by(chat_table.c.person_id, chat_table.c.channel, chat_table.c.chat)
)
_GROUPS = (
    select(group_chat.c.id, group_chat.c.channel, group_chat.c.chat)
    .where(
        group_chat.c.status == "active",
        group_chat.c.purpose != "case",
        group_chat.c.chat.is_not(None),
        ~exists().where(digest.c.channel == group_chat.c.channel, digest.c.chat == group_chat.c.chat),
    )
    .order_by(group_chat.c.id)
)


def save(transaction: Transaction, setting: Digest) -> None:
    """Store the digest of a chat."""
    row = {name: getattr(setting, name) for name in ("channel", "chat", *_MUTABLE)}
    transaction.write(_SAVE[transaction.dialect], {**row, "parts": list(setting.parts)})


async def get(transaction: Transaction, channel: str, chat: str) -> Digest | None:
    """Return the digest of a chat."""
    row = await transaction.fetch_one(_GET, {"of_channel": channel, "of_chat": chat})
    return _read(row) if row is not None else None


async def due(transaction: Transaction, *, now: datetime, limit: int) -> list[Digest]:
    """Return digests that are due, the longest due first; another clock leaves them alone meanwhile."""
    statement = _DUE_LOCKED if transaction.dialect == "postgresql" else _DUE
    return [_read(row) for row in await transaction.fetch(statement, {"now": now, "most": limit})]


def remove(transaction: Transaction, setting: Digest) -> None:
    """Forget the digest of a chat."""
    transaction.write(_REMOVE, {"of_channel": setting.channel, "of_chat": setting.chat})


async def without(transaction: Transaction, *, now: datetime) -> Sequence[Digest]:
    """Return the digests that leaders and groups are to get who never had any: the usual ones, not stored.

    A leader with several chats gets it in the first; groups of a single case get none.
    """
    leaders: dict[int, Digest] = {}
    for row in await transaction.fetch(_LEADERS, {"now": now}):
        found = Digest(channel=row["channel"], chat=row["chat"], person_id=row["person_id"], group_id=None)
        leaders.setdefault(row["person_id"], found)
    groups = [
        Digest(channel=row["channel"], chat=row["chat"], person_id=None, group_id=row["id"])
        for row in await transaction.fetch(_GROUPS, {})
    ]
    return [*leaders.values(), *groups]


def _read(row: Any) -> Digest:
    found = Digest(**row)
    return replace(found, parts=tuple(found.parts))
