"""Inbox and outbox: storing, claiming and finishing, always in batches."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    BigInteger,
    CompoundSelect,
    LargeBinary,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    case,
    cast,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage.database import Transaction, either_of, halves
from storage.holding import DROPPED
from storage.tables import UtcTime, inbox, outbox, shown_media
from storage.tables import case as case_table
from storage.tables import chat as chat_table

CLAIM_TIME = timedelta(seconds=24)
"""How long a claimed row belongs to the process that took it; then another may.

What a process that was killed had taken goes on within half a minute."""
MAKING_TIME = timedelta(minutes=3)
"""The same for a message whose workbook has to be made first."""

ANSWER, NEWS, TO_MANY = 0, 1, 2
"""How urgent a message is: somebody waits for it now, it is news, or many get the like. Lower goes first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Update:
    """One stored update of a chat, as the vendor sent it."""

    id: int
    channel: str
    chat: str
    album: str
    body: bytes
    received_at: datetime
    attempts: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """One message waiting in the outbox."""

    id: int
    channel: str
    chat: str
    message: dict[str, Any]
    case_id: int | None
    created_at: datetime
    attempts: int
    urgency: int = 1
    price: str | None = None
    cost: int | None = None
    """What tries of it may have cost so far, in đồng."""
    reserved: int = 0
    """How much of that is for the try that is under way."""
    reserved_on: date | None = None
    """The local day on which that counts."""
    number: str | None = None
    """The telephone number that its chat stands for, where that is one."""


def _insert_once(table: Any, *keys: str) -> dict[str, Insert]:
    """Return, for each database, an insert that leaves an existing row with the same keys alone.

    PostgreSQL is told no keys: it has no index of them across partitions (`storage.partitions`).
    """
    return {
        "sqlite": sqlite.insert(table).on_conflict_do_nothing(index_elements=keys),
        "postgresql": postgresql.insert(table).on_conflict_do_nothing(),
    }


_INSERT_INBOX = _insert_once(inbox, "channel", "external_id")
_INSERT_OUTBOX = insert(outbox)
_INSERT_OUTBOX_ONCE = _insert_once(outbox, "dedupe_key")
_SHOW = _insert_once(shown_media, "channel", "chat", "media_key")


def _inbox_open(table: Any) -> Any:
    return and_(table.c.finished_at.is_(None), table.c.failed_at.is_(None))


def _outbox_open(table: Any) -> Any:
    return and_(table.c.sent_at.is_(None), table.c.failed_at.is_(None), table.c.held_at.is_(None))


_INBOX_OPEN, _OUTBOX_OPEN = _inbox_open(inbox), _outbox_open(outbox)


InLine = Callable[[Any], Any]
"""Given a table, the condition that a row stands in its chat's line."""


def _heads(table: Any, in_line: InLine, columns: Sequence[Any], order: Sequence[str]) -> Select[Any]:
    """Return the query for the first row in line of each chat that is due and that nobody works on.

    It walks along the line from its beginning and asks of each row whether it is its chat's first, so it
    costs as much as it takes, however long the line is.
    """
    return (
        select(*columns)
        .where(
            in_line(table),
            table.c.available_at <= bindparam("now"),
            or_(table.c.claimed_until.is_(None), table.c.claimed_until < bindparam("now")),
            table.c.id == _first_of_chat(table, in_line, order),
            func.coalesce(_last_claim_of_chat(table, in_line) < bindparam("now"), true()),
        )
        .order_by(*(table.c[name] for name in order))
        .limit(bindparam("limit"))
        .with_for_update(skip_locked=True, of=table)
    )


def _first_of_chat(table: Any, in_line: InLine, order: Sequence[str]) -> Any:
    """Return the id of the row of the chat that stands first in line.

    A plain subquery and not NOT EXISTS, which PostgreSQL makes a join of; its plan is then hopeless whenever
    a full line meets statistics from a time when it was empty.
    """
    other = table.alias()
    first = select(other.c.id).where(*_same_chat(other, table), in_line(other))
    return first.order_by(*(other.c[name] for name in order)).limit(literal_column("1")).scalar_subquery()


def _last_claim_of_chat(table: Any, in_line: InLine) -> Any:
    """Return until when a row of the chat is claimed: one may be under way while another has overtaken it."""
    other = table.alias()
    claims = select(func.max(other.c.claimed_until))
    return claims.where(*_same_chat(other, table), in_line(other)).scalar_subquery()


def _same_chat(one: Any, other: Any) -> tuple[Any, Any]:
    return one.c.channel == other.c.channel, one.c.chat == other.c.chat


_INBOX_COLUMNS = [
    inbox.c.id,
    inbox.c.channel,
    inbox.c.chat,
    inbox.c.album,
    inbox.c.body,
    inbox.c.received_at,
    inbox.c.attempts,
]
_OUTBOX_COLUMNS = [
    outbox.c.id,
    outbox.c.channel,
    outbox.c.chat,
    outbox.c.message,
    outbox.c.case_id,
    outbox.c.created_at,
    outbox.c.attempts,
    outbox.c.urgency,
    outbox.c.price,
    outbox.c.cost,
]


def _outbox_in_line(table: Any) -> Any:
    # A notice for later joins the line only when it is due; one that failed keeps its place.
    is_due = or_(table.c.available_at <= bindparam("now"), table.c.error.is_not(None))
    return and_(_outbox_open(table), is_due)


_INBOX_HEADS = _heads(inbox, _inbox_open, _INBOX_COLUMNS, ["id"])
_OUTBOX_HEADS = _heads(outbox, _outbox_in_line, _OUTBOX_COLUMNS, ["urgency", "id"]).where(
    outbox.c.urgency >= literal_column("0")  # as `tables.IN_LINE` has it
)
_OUTBOX_HEADS_OF_CHANNEL = _OUTBOX_HEADS.where(
    outbox.c.channel == bindparam("in_channel"), outbox.c.urgency <= bindparam("most")
)


def _locking_chats(heads: Select[Any]) -> Select[Any]:
    """Return the query for those heads (PostgreSQL) whose chats no other process is claiming from just now.

    Of two processes one may see an answer that has overtaken what the other is just claiming, so locking
    the rows is not enough. The lock is the transaction's and is never waited for.
    """
    found = heads.cte("heads")
    chat = func.hashtextextended(found.c.channel + ":" + found.c.chat, literal_column("5"))
    return select(*found.c).where(func.pg_try_advisory_xact_lock(chat))


_CLAIMABLE = {"sqlite": _OUTBOX_HEADS, "postgresql": _locking_chats(_OUTBOX_HEADS)}
_CLAIMABLE_OF_CHANNEL = {
    "sqlite": _OUTBOX_HEADS_OF_CHANNEL,
    "postgresql": _locking_chats(_OUTBOX_HEADS_OF_CHANNEL),
}
_BUSY_CHATS = select(outbox.c.channel, outbox.c.chat).where(
    _OUTBOX_OPEN, either_of(outbox.c.channel, outbox.c.chat), outbox.c.claimed_until >= bindparam("now")
)
_ALBUM_PARTS = (
    select(*_INBOX_COLUMNS, inbox.c.available_at)
    .where(
        _INBOX_OPEN,
        either_of(inbox.c.channel, inbox.c.chat),
        inbox.c.album != "",
    )
    .order_by(inbox.c.id)
)
_CLAIM_INBOX = update(inbox).where(inbox.c.id == bindparam("row_id")).values(claimed_until=bindparam("until"))
_CLAIM_OUTBOX = (
    update(outbox).where(outbox.c.id == bindparam("row_id")).values(claimed_until=bindparam("until"))
)
_CLAIM_ALL = {
    one: update(table)
    .where(table.c.id == any_(bindparam("ids", type_=postgresql.ARRAY(BigInteger))))
    .values(claimed_until=bindparam("until"))
    for table, one in ((inbox, _CLAIM_INBOX), (outbox, _CLAIM_OUTBOX))
}
"""The same for all rows at once, which costs PostgreSQL as much as two of them."""
_HELD = (
    select(inbox.c.id)
    .where(inbox.c.id.in_(bindparam("ids", expanding=True)), _INBOX_OPEN)
    .order_by(inbox.c.id)
    .with_for_update()
)
_FINISH_INBOX = (
    update(inbox)
    .where(inbox.c.id == bindparam("row_id"))
    .values(finished_at=bindparam("at"), claimed_until=None)
)
_RETRY_INBOX = (
    update(inbox)
    .where(inbox.c.id == bindparam("row_id"))
    .values(
        attempts=inbox.c.attempts + 1,
        available_at=bindparam("again_at"),
        claimed_until=None,
        error=bindparam("why"),
    )
)
_POSTPONE_INBOX = (
    update(inbox)
    .where(inbox.c.id == bindparam("row_id"))
    .values(available_at=bindparam("again_at"), claimed_until=None)
)
_FAIL_INBOX = (
    update(inbox)
    .where(inbox.c.id == bindparam("row_id"))
    .values(
        attempts=inbox.c.attempts + 1, failed_at=bindparam("at"), claimed_until=None, error=bindparam("why")
    )
)
_SENT = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        sent_at=bindparam("at"),
        external_id=bindparam("message_id"),
        other_ids=bindparam("others"),
        price=bindparam("counted"),
        cost=bindparam("charged"),
        claimed_until=None,
        attempts=outbox.c.attempts + 1,
    )
)
_REPLACE_MESSAGE = (
    update(outbox).where(outbox.c.id == bindparam("row_id")).values(message=bindparam("now_reads"))
)
_RETRY_OUTBOX = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        attempts=outbox.c.attempts + bindparam("counts"),
        available_at=bindparam("again_at"),
        claimed_until=None,
        error=bindparam("why"),
    )
)
_FAIL_OUTBOX = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(
        attempts=outbox.c.attempts + 1, failed_at=bindparam("at"), claimed_until=None, error=bindparam("why")
    )
)


def store(transaction: Transaction, rows: Iterable[dict[str, Any]]) -> None:
    """Put raw updates into the inbox; one that is there already is left as it is."""
    for row in rows:
        transaction.write(_INSERT_INBOX[transaction.dialect], {"album": "", **row})


async def claim_updates(
    transaction: Transaction, *, now: datetime, limit: int, album_patience: timedelta
) -> list[list[Update]]:
    """Take the first due update of up to `limit` chats; the parts of an album come together.

    An album is left until its last part has been due, at most `album_patience` after its first.
    """
    heads = await transaction.fetch(_INBOX_HEADS, {"now": now, "limit": limit})
    albums = await _open_albums(transaction, heads)
    claimed: list[list[Update]] = []
    for head in heads:
        parts = albums.get((head["channel"], head["chat"], head["album"]), [head])
        if max(part.get("available_at", now) for part in parts) > now < head["received_at"] + album_patience:
            continue
        claimed.append([Update(**{name: part[name] for name in Update.__slots__}) for part in parts])
    _claim(transaction, _CLAIM_INBOX, (part.id for parts in claimed for part in parts), now + CLAIM_TIME)
    return claimed


async def _open_albums(
    transaction: Transaction, heads: Sequence[Any]
) -> dict[tuple[str, str, str], list[Any]]:
    keys = [(head["channel"], head["chat"], head["album"]) for head in heads if head["album"]]
    albums: dict[tuple[str, str, str], list[Any]] = {}
    if keys:
        for part in await transaction.fetch(
            _ALBUM_PARTS, halves((channel, chat) for channel, chat, _ in keys)
        ):
            albums.setdefault((part["channel"], part["chat"], part["album"]), []).append(part)
    return albums


def _claim(transaction: Transaction, statement: Any, ids: Iterable[int], until: datetime) -> None:
    if transaction.dialect == "postgresql":
        if taken := list(ids):
            transaction.write(_CLAIM_ALL[statement], {"ids": taken, "until": until})
        return
    for row_id in ids:
        transaction.write(statement, {"row_id": row_id, "until": until})


async def still_open(transaction: Transaction, ids: Sequence[int]) -> set[int]:
    """Return those of the claimed updates that nobody has finished meanwhile.

    They are locked until the transaction ends (PostgreSQL), so nobody else finishes them after this.
    """
    return {row["id"] for row in await transaction.fetch(_HELD, {"ids": list(ids)})}


def finish_update(transaction: Transaction, row_id: int, *, at: datetime) -> None:
    """Mark an update as dealt with."""
    transaction.write(_FINISH_INBOX, {"row_id": row_id, "at": at})


def retry_update(transaction: Transaction, row_id: int, *, again_at: datetime, why: str) -> None:
    """Give an update back after a failure, to be tried again later."""
    transaction.write(_RETRY_INBOX, {"row_id": row_id, "again_at": again_at, "why": why})


def postpone_update(transaction: Transaction, row_id: int, *, until: datetime) -> None:
    """Give an update back to be looked at later; what stands behind it in its chat waits as well."""
    transaction.write(_POSTPONE_INBOX, {"row_id": row_id, "again_at": until})


def set_update_aside(transaction: Transaction, row_id: int, *, at: datetime, why: str) -> None:
    """Make an update a dead letter: kept, no longer in anybody's way."""
    transaction.write(_FAIL_INBOX, {"row_id": row_id, "at": at, "why": why})


def post_notice(
    transaction: Transaction,
    *,
    channel: str,
    chat: str,
    message: dict[str, Any],
    at: datetime,
    case_id: int | None = None,
    not_before: datetime | None = None,
    dedupe_key: str | None = None,
    urgency: int = NEWS,
) -> None:
    """Put a message into the outbox; with a dedupe key at most one of that key is ever sent.

    urgency: `ANSWER`, `NEWS` or `TO_MANY`. In a chat too the more urgent goes first; what belongs in an
    order (an act and the message that needs it) has the same.
    """
    row = {
        "channel": channel,
        "chat": chat,
        "message": message,
        "case_id": case_id,
        "created_at": at,
        "available_at": not_before or at,
        "dedupe_key": dedupe_key,
        "urgency": urgency,
    }
    transaction.write(_INSERT_OUTBOX_ONCE[transaction.dialect] if dedupe_key else _INSERT_OUTBOX, row)


async def claim_notices(
    transaction: Transaction,
    *,
    now: datetime,
    limit: int,
    channel: str | None = None,
    most: int = TO_MANY,
) -> list[Notice]:
    """Take the first due notice of up to `limit` chats, the more urgent first, of one chat never two at once.

    channel: of this one alone, and only notices up to the urgency `most`; no other's line is walked then.
    """
    row: dict[str, Any] = {"now": now, "limit": limit}
    if channel is None:
        found = await transaction.fetch(_CLAIMABLE[transaction.dialect], row)
    else:
        row |= {"in_channel": channel, "most": most}
        found = await transaction.fetch(_CLAIMABLE_OF_CHANNEL[transaction.dialect], row)
    notices = await _not_busy(transaction, [Notice(**each) for each in found], now)
    slow = [notice.id for notice in notices if "export" in notice.message]
    quick = [notice.id for notice in notices if "export" not in notice.message]
    _claim(transaction, _CLAIM_OUTBOX, quick, now + CLAIM_TIME)
    _claim(transaction, _CLAIM_OUTBOX, slow, now + MAKING_TIME)
    for notice in notices:
        note_shown(transaction, channel=notice.channel, chat=notice.chat, message=notice.message)
    return notices


PAGES = frozenset({"web"})
"""The channels whose pictures and files are asked for here, and not from a vendor."""


def note_shown(transaction: Transaction, *, channel: str, chat: str, message: Mapping[str, Any]) -> None:
    """Let a chat of the web page open the pictures and files of a message that it is shown."""
    if channel in PAGES and ("photos" in message or "files" in message):
        media = (*message.get("photos", ()), *message.get("files", ()))
        show_media(transaction, channel=channel, chat=chat, keys=[each["media_key"] for each in media])


def show_media(transaction: Transaction, *, channel: str, chat: str, keys: Iterable[str]) -> None:
    """Let a chat open these pictures and files."""
    for key in filter(None, keys):
        row = {"channel": channel, "chat": chat, "media_key": key}
        transaction.write(_SHOW[transaction.dialect], row)


_IS_SHOWN = select(shown_media.c.media_key).where(
    shown_media.c.channel == bindparam("in_channel"),
    shown_media.c.chat == bindparam("in_chat"),
    shown_media.c.media_key == bindparam("key"),
)


async def is_shown(transaction: Transaction, *, channel: str, chat: str, media_key: str) -> bool:
    """Tell whether a chat was shown a picture or file."""
    row = {"in_channel": channel, "in_chat": chat, "key": media_key}
    return bool(await transaction.fetch(_IS_SHOWN, row))


_DUE = (
    select(outbox.c.id)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        _outbox_open(outbox),
        outbox.c.urgency >= literal_column("0"),
        outbox.c.available_at <= bindparam("now"),
    )
    .limit(1)
)


async def is_any_due(transaction: Transaction, channel: str, *, now: datetime) -> bool:
    """Tell whether a channel has something to send."""
    return bool(await transaction.fetch(_DUE, {"in_channel": channel, "now": now}))


async def _not_busy(transaction: Transaction, notices: list[Notice], now: datetime) -> list[Notice]:
    """Return those of chats from which no other process has claimed while their locks were being taken."""
    if not notices or transaction.dialect != "postgresql":
        return notices
    chats = halves((notice.channel, notice.chat) for notice in notices)
    busy = {
        (row["channel"], row["chat"]) for row in await transaction.fetch(_BUSY_CHATS, {**chats, "now": now})
    }
    return [notice for notice in notices if (notice.channel, notice.chat) not in busy]


def replace_message(transaction: Transaction, row_id: int, message: dict[str, Any]) -> None:
    """Put into the outbox what a message is now that its topic is known or its picture is drawn."""
    transaction.write(_REPLACE_MESSAGE, {"row_id": row_id, "now_reads": message})


def notice_sent(
    transaction: Transaction,
    row_id: int,
    *,
    at: datetime,
    message_id: str,
    other_ids: Sequence[str] = (),
    price: str = "",
    cost: int = 0,
) -> None:
    """Record that the channel took a message, under which id, and which ids its other parts have.

    price and cost: how the vendor counted it and what it charges, in đồng, where that is known.
    """
    others = f" {' '.join(other_ids)} " if other_ids else None
    counted = {"counted": price or None, "charged": cost if price else None}
    row = {"row_id": row_id, "at": at, "message_id": message_id, "others": others, **counted}
    transaction.write(_SENT, row)


def retry_notice(
    transaction: Transaction, row_id: int, *, again_at: datetime, why: str | None, counts: bool = True
) -> None:
    """Give a notice back to be sent later; `counts` says whether this was a try that failed.

    why: what failed, so that it keeps its place in its chat's line; None for one that lets others pass.
    """
    row = {"row_id": row_id, "again_at": again_at, "why": why, "counts": int(counts)}
    transaction.write(_RETRY_OUTBOX, row)


_WAITING_CASE = select(case_table.c.urgent, case_table.c.kind).where(case_table.c.id == bindparam("in_case"))
# Not of the inbox: receipts stand there too, and come without anybody's being awake.
_SPOKE = select(chat_table.c.chat).where(
    chat_table.c.channel == bindparam("in_channel"),
    chat_table.c.chat == bindparam("in_chat"),
    chat_table.c.last_inbound_at >= bindparam("since"),
)


async def can_wait(transaction: Transaction, notice: Notice, awake_since: datetime) -> bool:
    """Tell whether a notice may wait for the morning.

    It may if it is about a case that is neither urgent nor an emergency, and its chat has written nothing
    since then.
    """
    about = (
        await transaction.fetch_one(_WAITING_CASE, {"in_case": notice.case_id}) if notice.case_id else None
    )
    if about is None or about["urgent"] or about["kind"] == "emergency":
        return False
    where = {"in_channel": notice.channel, "in_chat": notice.chat, "since": awake_since}
    return not await transaction.fetch(_SPOKE, where)


def set_notice_aside(transaction: Transaction, row_id: int, *, at: datetime, why: str) -> None:
    """Make a notice a dead letter."""
    transaction.write(_FAIL_OUTBOX, {"row_id": row_id, "at": at, "why": why})


_READDRESS = (
    update(outbox)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("old"),
        outbox.c.sent_at.is_(None),
        outbox.c.failed_at.is_(None),  # what is held moves along
    )
    .values(chat=bindparam("new"))
)


async def readdress(transaction: Transaction, *, channel: str, old: str, new: str) -> None:
    """Send what still waits for a chat to its new id."""
    await transaction.execute(_READDRESS, {"in_channel": channel, "old": old, "new": new})


async def release_claims(transaction: Transaction) -> None:
    """Give back what a process that is no more had claimed (only where there is one process: SQLite)."""
    for table, is_open in ((inbox, _INBOX_OPEN), (outbox, _OUTBOX_OPEN)):
        await transaction.execute(
            update(table).where(is_open, table.c.claimed_until.is_not(None)).values(claimed_until=None)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class QueueState:
    """How the two queues stand: waiting rows, dead letters, and since when the oldest due row has waited."""

    inbox_waiting: int
    inbox_dead: int
    inbox_oldest: datetime | None
    outbox_waiting: int
    outbox_dead: int
    outbox_oldest: datetime | None


async def queue_state(transaction: Transaction, *, now: datetime) -> QueueState:
    """Count what waits and what was set aside.

    What is kept for later (until the morning) waits, but is not old: it counts from when it is due. What
    has failed counts from the beginning.
    """
    values: dict[str, Any] = {}
    for name, table, is_open, since in (
        ("inbox", inbox, _INBOX_OPEN, inbox.c.received_at),
        ("outbox", outbox, _OUTBOX_OPEN, outbox.c.created_at),
    ):
        due_since = case(
            (table.c.error.is_not(None), since), (table.c.available_at <= now, table.c.available_at)
        )
        oldest = func.min(due_since, type_=UtcTime).label("oldest")
        waiting = select(func.count().label("waiting"), oldest).select_from(table).where(is_open)
        dead = select(func.count().label("dead")).select_from(table).where(table.c.failed_at.is_not(None))
        if table is outbox:  # what nobody needed any more failed nobody
            dead = dead.where(outbox.c.price.is_distinct_from(DROPPED))
        else:  # nor did what an operator put away
            dead = dead.where(inbox.c.finished_at.is_(None))
        state = await transaction.fetch_one(waiting)
        failed = await transaction.fetch_one(dead)
        values |= {f"{name}_waiting": state["waiting"] if state else 0}
        values |= {
            f"{name}_oldest": state["oldest"] if state else None,
            f"{name}_dead": failed["dead"] if failed else 0,
        }
    return QueueState(**values)


_CASE_OF_MESSAGE = (
    select(outbox.c.case_id)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.external_id == bindparam("message_id"),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)


_CASE_OF_PART = (
    select(outbox.c.case_id)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.other_ids.like(bindparam("part"), escape="\\"),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)


async def case_of_message(
    transaction: Transaction, *, channel: str, chat: str, message_id: str
) -> int | None:
    """Return the case that a message sent to this chat is about; the id may be that of any of its parts."""
    where = {"in_channel": channel, "in_chat": chat}
    row = await transaction.fetch_one(_CASE_OF_MESSAGE, {**where, "message_id": message_id})
    if row is None:
        part = re.sub(r"([\\%_])", r"\\\1", message_id)
        row = await transaction.fetch_one(_CASE_OF_PART, {**where, "part": f"% {part} %"})
    return row["case_id"] if row else None


def _is_shown(of: Any) -> Any:
    """Return the condition that a row is something to see, and no part of it is still to be made."""
    return and_(*(of.c.message[part].as_string().is_(None) for part in ("act", "drawing", "export")))


def _shown_of_chat(of: Any, *conditions: Any) -> Select[Any]:
    """Return the query for what one chat was shown, a few steps down an index."""
    same_chat = of.c.channel == chat_table.c.channel, of.c.chat == chat_table.c.chat
    return select(of).where(*same_chat, of.c.failed_at.is_(None), _is_shown(of), *conditions)


def _latest(*columns: str) -> CompoundSelect[Any]:
    """Return the query for the last notices that a chat was shown, and for one that is just being sent."""
    one, other = outbox.alias(), outbox.alias()
    sent = _shown_of_chat(one, one.c.sent_at.is_not(None))
    sent = sent.with_only_columns(*(one.c[name] for name in columns)).correlate(chat_table)
    sent = sent.order_by(one.c.sent_at.desc(), one.c.id.desc()).limit(bindparam("limit"))
    sending = _shown_of_chat(other, _outbox_open(other), other.c.claimed_until.is_not(None))
    sending = sending.with_only_columns(*(other.c[name] for name in columns)).correlate(chat_table)
    recent = sent.subquery()
    return union_all(select(*recent.c), sending)


def _last_sent(dialect: str) -> Select[Any]:
    """Return the query for the last notices of many chats; SQLite knows no LATERAL, and needs none here."""
    if dialect == "postgresql":
        found: Any = _latest(*(column.name for column in _OUTBOX_COLUMNS), "sent_at").lateral()
        query = select(*(column for column in found.c if column.name != "sent_at"))
        query = query.select_from(chat_table.join(found, true()))
    else:
        found = outbox
        query = select(*_OUTBOX_COLUMNS).select_from(chat_table.join(outbox, outbox.c.id.in_(_latest("id"))))
    query = query.where(either_of(chat_table.c.channel, chat_table.c.chat))
    return query.order_by(found.c.sent_at.is_not(None), found.c.sent_at.desc(), found.c.id.desc())


_LAST_SENT = {dialect: _last_sent(dialect) for dialect in ("sqlite", "postgresql")}


async def last_sent(
    transaction: Transaction, addresses: Iterable[tuple[str, str]], *, limit: int
) -> dict[tuple[str, str], list[Notice]]:
    """Return what was shown last in each of these chats, latest first; chats without any are left out.

    What this transaction has written is not sent yet, so its writes are left in the buffer.
    """
    row = {**halves(addresses), "limit": limit}
    shown: dict[tuple[str, str], list[Notice]] = {}
    for notice in await transaction.fetch_stored(_LAST_SENT[transaction.dialect], row):
        shown.setdefault((notice["channel"], notice["chat"]), []).append(Notice(**notice))
    return {key: latest[:limit] for key, latest in shown.items()}


# The order in which notices went out; one that is just being sent comes after all that went out before.
_sent_order = func.coalesce(
    outbox.c.sent_at, outbox.c.failed_at, outbox.c.claimed_until, outbox.c.created_at, type_=UtcTime
)
_shown_at = func.coalesce(outbox.c.sent_at, outbox.c.created_at, type_=UtcTime)
_OUT_OF_CHAT = (
    outbox.c.channel == bindparam("in_channel"),
    outbox.c.chat == bindparam("in_chat"),
    or_(
        outbox.c.sent_at.is_not(None), and_(outbox.c.failed_at.is_(None), outbox.c.claimed_until.is_not(None))
    ),
    _is_shown(outbox),
    or_(
        _sent_order > bindparam("after"),
        and_(_sent_order == bindparam("after"), outbox.c.id > bindparam("after_id")),
    ),
)
_OUT = select(outbox.c.id, _shown_at.label("at"), outbox.c.message, _sent_order.label("order"))
_OUT_BACKWARDS = (
    _OUT.where(*_OUT_OF_CHAT, _shown_at < bindparam("before"))
    .order_by(_sent_order.desc(), outbox.c.id.desc())
    .limit(bindparam("limit"))
)
_OUT_FORWARDS = _OUT.where(*_OUT_OF_CHAT).order_by(_sent_order, outbox.c.id).limit(bindparam("limit"))
_CURSOR = select(_sent_order.label("after"), _shown_at.label("shown_at")).where(
    outbox.c.id == bindparam("after_id")
)
_IN_BACKWARDS = (
    select(inbox.c.id, inbox.c.received_at.label("at"), inbox.c.body)
    .where(
        inbox.c.channel == bindparam("in_channel"),
        inbox.c.chat == bindparam("in_chat"),
        inbox.c.received_at >= bindparam("shown_at"),
        inbox.c.received_at < bindparam("before"),
    )
    .order_by(inbox.c.id.desc())
    .limit(bindparam("limit"))
)
_FIRST_TIME, _LAST_TIME = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a chat: what came "in" (with its body) or went "out" (with its message)."""

    kind: Literal["in", "out"]
    id: int
    """The row's number in the inbox or in the outbox."""
    at: datetime
    body: bytes | None = None
    message: dict[str, Any] | None = None


async def chat_history(
    transaction: Transaction,
    *,
    channel: str,
    chat: str,
    after: int = 0,
    before: datetime | None = None,
    limit: int = 200,
) -> list[Entry]:
    """Return the last entries of a chat, oldest first: what came in, and what was sent or is being sent.

    `after` is the id of a notice: only what came in or went out after it. `before`: only what is older.
    """
    row = {"in_channel": channel, "in_chat": chat, "before": before or _LAST_TIME, "limit": limit}
    row |= await _cursor(transaction, after)
    ordered: list[tuple[datetime, Entry]] = []
    for found in await transaction.fetch(_IN_BACKWARDS, row):
        ordered.append((found["at"], Entry(kind="in", **found)))
    for found in await transaction.fetch(_OUT_BACKWARDS, row):
        ordered.append((found["order"], _entry_out(found)))
    ordered.sort(key=lambda item: (item[0], item[1].kind, item[1].id))
    return [entry for _, entry in ordered[-limit:]]


async def outbox_after(
    transaction: Transaction, *, channel: str, chat: str, after_id: int, limit: int = 100
) -> list[Entry]:
    """Return what was sent to a chat, or is being sent, after the notice `after_id` (0: from the start).

    In the order of sending, so a notice that was kept back until the morning is not missed.
    """
    row = {"in_channel": channel, "in_chat": chat, "limit": limit} | await _cursor(transaction, after_id)
    return [_entry_out(found) for found in await transaction.fetch(_OUT_FORWARDS, row)]


async def _cursor(transaction: Transaction, after_id: int) -> dict[str, Any]:
    found = await transaction.fetch_one(_CURSOR, {"after_id": after_id}) if after_id else None
    return {"after_id": after_id, **(found or {"after": _FIRST_TIME, "shown_at": _FIRST_TIME})}


def _entry_out(found: Mapping[str, Any]) -> Entry:
    return Entry(kind="out", id=found["id"], at=found["at"], message=found["message"])


_MOST_HELD = 50


def _holds(table: Any, content: Any, wanted: Any, place: Any, *shown: Any) -> Select[Any]:
    of_chat = (table.c.channel == bindparam("in_channel"), table.c.chat == bindparam("in_chat"))
    found = select(table.c.id, *shown).where(*of_chat, place(content, wanted) > 0)
    return found.order_by(table.c.id).limit(_MOST_HELD)


_PLACE = {"sqlite": func.instr, "postgresql": func.strpos}
_BINARY_PLACE = {
    "sqlite": func.instr,
    "postgresql": lambda content, wanted: func.position(wanted.op("IN")(content)),
}
_HOLDS_OUT = {
    name: _holds(
        outbox,
        cast(outbox.c.message, Text),
        bindparam("wanted", type_=Text),
        place,
        outbox.c.message,
        _shown_at.label("at"),
    )
    for name, place in _PLACE.items()
}
_HOLDS_IN = {
    name: _holds(
        inbox,
        inbox.c.body,
        bindparam("wanted", type_=LargeBinary),
        place,
        inbox.c.body,
        inbox.c.received_at.label("at"),
    )
    for name, place in _BINARY_PLACE.items()
}


async def entries_with(transaction: Transaction, *, channel: str, chat: str, text: str) -> list[Entry]:
    """Return the first entries that came from or go to a chat and have this (plain ASCII) text anywhere.

    What is sealed cannot be searched: only what was stored before there was a key, or without one.
    """
    row = {"in_channel": channel, "in_chat": chat}
    sent = await transaction.fetch(_HOLDS_OUT[transaction.dialect], {**row, "wanted": text})
    came = await transaction.fetch(_HOLDS_IN[transaction.dialect], {**row, "wanted": text.encode()})
    return [*(_entry_out(found) for found in sent), *(Entry(kind="in", **found) for found in came)]


_NOTIFY = text("SELECT pg_notify('langnghe', :box)")


async def announce(transaction: Transaction, box: str) -> None:
    """Wake other processes for "inbox" or "outbox" when this transaction commits (PostgreSQL)."""
    if transaction.dialect == "postgresql":
        await transaction.connection.execute(_NOTIFY, {"box": box})
