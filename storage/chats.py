"""Conversations: where each chat stands, whose it is, and whether it can be reached."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, false, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage import groups
from storage.database import Transaction, either_of, halves
from storage.tables import chat as chat_table

ChatKey = tuple[str, str]
"""Channel and chat id."""


@dataclass(slots=True, kw_only=True)
class Chat:
    """One conversation. Handlers change `step` and `draft`; `new` says that it is not stored yet."""

    channel: str
    chat: str
    person_id: int | None = None
    group: bool = False
    step: str = ""
    draft: dict[str, Any] = field(default_factory=dict)
    new: bool = False
    staff_since: datetime | None = None
    """When somebody of the city wrote here by hand last, unless the bot was told to go on since."""
    heard_at: datetime | None = field(default=None, compare=False)
    """When the person wrote here last, as far as this is stored."""


_COLUMNS = (
    chat_table.c.channel,
    chat_table.c.chat,
    chat_table.c.person_id,
    chat_table.c.group,
    chat_table.c.step,
    chat_table.c.draft,
    chat_table.c.staff_since,
    chat_table.c.last_inbound_at.label("heard_at"),
)
_LOAD = (
    select(*_COLUMNS, chat_table.c.moved_to)
    .where(either_of(chat_table.c.channel, chat_table.c.chat))
    .order_by(chat_table.c.channel, chat_table.c.chat)
)
_LOAD_LOCKED = _LOAD.with_for_update()


def _upsert(dialect: Any) -> Insert:
    insert = dialect.insert(chat_table)
    kept = ("person_id", "group", "step", "draft", "last_inbound_at")
    changes = {name: insert.excluded[name] for name in kept}
    statement: Insert = insert.on_conflict_do_update(
        index_elements=["channel", "chat"], set_={**changes, "unreachable_at": None}
    )
    return statement


_SAVE = {"sqlite": _upsert(sqlite), "postgresql": _upsert(postgresql)}
_OF_CHAT = (chat_table.c.channel == bindparam("in_channel"), chat_table.c.chat == bindparam("old"))
_UNREACHABLE = update(chat_table).where(*_OF_CHAT).values(unreachable_at=bindparam("at"))
_MOVED = update(chat_table).where(*_OF_CHAT).values(moved_to=bindparam("new"), step="", draft={})
_REACHABLE = (
    select(chat_table.c.person_id, chat_table.c.channel, chat_table.c.chat, chat_table.c.last_inbound_at)
    .where(
        chat_table.c.person_id.in_(bindparam("person_ids", expanding=True)),
        chat_table.c.group == false(),
        chat_table.c.unreachable_at.is_(None),
        chat_table.c.moved_to.is_(None),
    )
    .order_by(chat_table.c.last_inbound_at, chat_table.c.channel, chat_table.c.chat)
)


async def load_chats(transaction: Transaction, addresses: Sequence[ChatKey]) -> dict[ChatKey, Chat]:
    """Return the chat of every address, locked until a transaction that may write ends (PostgreSQL).

    An address that is not stored gets a new chat; one that has moved gets the chat that it moved to. Rows
    are locked in the order of their addresses, so two transactions never wait for each other.
    """
    found: dict[ChatKey, Chat] = {}
    moved: dict[ChatKey, ChatKey] = {}
    missing = sorted(set(addresses))
    statement = _LOAD if transaction.read_only else _LOAD_LOCKED
    while missing:
        for row in await transaction.fetch(statement, halves(missing)):
            key = (row["channel"], row["chat"])
            found[key] = _from_row(row)
            if row["moved_to"]:
                moved[key] = (row["channel"], row["moved_to"])
        missing = sorted(set(moved.values()) - found.keys() - set(missing))
    chats: dict[ChatKey, Chat] = {}
    for address in addresses:
        last = _last_address(address, moved)
        chats[address] = found.setdefault(last, Chat(channel=last[0], chat=last[1], new=True))
    return chats


_PEEK = select(*_COLUMNS).where(either_of(chat_table.c.channel, chat_table.c.chat))


async def peek_chats(transaction: Transaction, addresses: Sequence[ChatKey]) -> dict[ChatKey, Chat]:
    """Return the stored chats of these addresses without locking them; an unknown one is left out."""
    rows = await transaction.fetch(_PEEK, halves(addresses)) if addresses else []
    return {(row["channel"], row["chat"]): _from_row(row) for row in rows}


async def are_others(transaction: Transaction, owners: Mapping[ChatKey, int]) -> frozenset[ChatKey]:
    """Return which of these chats belong to somebody else than they did: their owners have signed out."""
    known = await peek_chats(transaction, [*owners])
    return frozenset(key for key, chat in known.items() if chat.person_id not in (None, owners[key]))


def _last_address(address: ChatKey, moved: dict[ChatKey, ChatKey]) -> ChatKey:
    seen = {address}
    while (following := moved.get(address)) and following not in seen:
        address = following
        seen.add(address)
    return address


def _from_row(row: Any) -> Chat:
    return Chat(**{column.name: row[column.name] for column in _COLUMNS})


def save_chat(
    transaction: Transaction, chat: Chat, *, now: datetime, heard_at: datetime | None = None
) -> None:
    """Store where the conversation stands; somebody just wrote in it, so it can be reached again.

    heard_at: when they wrote, where that is not just now.
    """
    row = {
        "channel": chat.channel,
        "chat": chat.chat,
        "person_id": chat.person_id,
        "group": chat.group,
        "step": chat.step,
        "draft": chat.draft,
        "created_at": now,
        "last_inbound_at": heard_at or now,
    }
    transaction.write(_SAVE[transaction.dialect], row)
    chat.new = False


_OF_PERSON = (
    select(*_COLUMNS)
    .where(chat_table.c.person_id == bindparam("person"), chat_table.c.group == false())
    .order_by(chat_table.c.channel, chat_table.c.chat)
    .with_for_update()
)
_FORGET = (
    update(chat_table)
    .where(chat_table.c.channel == bindparam("in_channel"), chat_table.c.chat == bindparam("old"))
    .values(step="", draft={})
)


async def lock_chats_of(transaction: Transaction, person_id: int) -> list[Chat]:
    """Return a person's private chats, kept from other transactions: no turn of theirs runs meanwhile."""
    return [_from_row(row) for row in await transaction.fetch(_OF_PERSON, {"person": person_id})]


async def drop_draft(transaction: Transaction, chat: Chat) -> None:
    """Forget what is under way in a chat, without a word from whoever writes there."""
    await transaction.execute(_FORGET, {"in_channel": chat.channel, "old": chat.chat})


def _staff(dialect: Any) -> Insert:
    insert = dialect.insert(chat_table)
    statement: Insert = insert.on_conflict_do_update(
        index_elements=["channel", "chat"], set_={"staff_since": insert.excluded.staff_since}
    )
    return statement


_STAFF = {"sqlite": _staff(sqlite), "postgresql": _staff(postgresql)}
_NEVER = datetime(1970, 1, 1, tzinfo=UTC)


def note_staff(transaction: Transaction, chat: Chat, *, since: datetime | None, now: datetime) -> None:
    """Record since when somebody answers here by hand; None: the bot goes on. Nobody wrote to the bot."""
    row: dict[str, Any] = {
        "channel": chat.channel,
        "chat": chat.chat,
        "person_id": chat.person_id,
        "group": False,
        "draft": {},
        "created_at": now,
        "last_inbound_at": _NEVER,
        "staff_since": since,
    }
    transaction.write(_STAFF[transaction.dialect], row)
    chat.staff_since = since


def mark_unreachable(transaction: Transaction, channel: str, chat: str, *, at: datetime) -> None:
    """Record that the channel says nobody can be reached in this chat (until somebody writes in it)."""
    transaction.write(_UNREACHABLE, {"in_channel": channel, "old": chat, "at": at})


async def move_chat(transaction: Transaction, *, channel: str, old: str, new: str, at: datetime) -> None:
    """Carry a conversation over to a new id, because a group became a supergroup.

    Later lookups of the old id find the new chat. Doing it again changes nothing.
    """
    chat = (await load_chats(transaction, [(channel, old)]))[(channel, old)]
    if chat.chat != old or old == new:
        return
    if chat.new:
        save_chat(transaction, chat, now=at)
    chat.chat = new
    save_chat(transaction, chat, now=at)
    await groups.move_group(transaction, channel=channel, old=old, new=new)
    await transaction.execute(_MOVED, {"in_channel": channel, "old": old, "new": new})


_PEOPLE_IN = (
    select(chat_table.c.chat)
    .where(
        chat_table.c.channel == bindparam("in_channel"),
        chat_table.c.group == false(),
        chat_table.c.moved_to.is_(None),
    )
    .order_by(chat_table.c.last_inbound_at.desc(), chat_table.c.chat)
)


async def people_in(transaction: Transaction, channel: str) -> list[str]:
    """Return every private chat of a channel, those that were written in last first."""
    return [row["chat"] for row in await transaction.fetch(_PEOPLE_IN, {"in_channel": channel})]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reachable:
    """A private chat in which somebody can be reached, and when they wrote there last."""

    channel: str
    chat: str
    last_inbound_at: datetime


async def reachable(transaction: Transaction, person_ids: Sequence[int]) -> dict[int, Reachable]:
    """Return the private chat that each person used last and can be reached in."""
    rows = await transaction.fetch(_REACHABLE, {"person_ids": sorted(set(person_ids))})
    return {
        row["person_id"]: Reachable(
            channel=row["channel"], chat=row["chat"], last_inbound_at=row["last_inbound_at"]
        )
        for row in rows
    }


async def addresses_of(transaction: Transaction, person_ids: Sequence[int]) -> dict[int, ChatKey]:
    """Return the address of the private chat that each person used last and can be reached in."""
    found = await reachable(transaction, person_ids)
    return {person_id: (known.channel, known.chat) for person_id, known in found.items()}
