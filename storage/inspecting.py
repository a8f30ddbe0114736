"""Looking at everything, for those who check that it holds: what changed, what waits, one digest of all.

Nothing here is needed to run the city; the simulation asks it at each of its midnights.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from routing.workflow import OPEN_STATUSES
from storage.database import Transaction
from storage.tables import case, event, inbox, metadata, outbox, post

ROWS = 2000
"""Rows that are held in memory at once."""

_TOUCHED = (
    select(event.c.case_id).distinct().where(event.c.at >= bindparam("since")).order_by(event.c.case_id)
)
_RECORDS = select(
    case.c.id,
    case.c.code,
    case.c.status,
    case.c.text,
    case.c.domain,
    case.c.urgent,
    case.c.kind,
    case.c.unit_code,
    case.c.channel,
    case.c.chat,
    case.c.received_at,
    case.c.due_at,
).where(case.c.id.in_(bindparam("ids", expanding=True)))
_EVENTS = (
    select(event.c.case_id, event.c.sequence, event.c.type, event.c.at, event.c.data)
    .where(event.c.case_id.in_(bindparam("ids", expanding=True)))
    .order_by(event.c.case_id, event.c.sequence)
)
_OPEN = (
    select(case.c.id, case.c.code, case.c.status, case.c.unit_code, case.c.ward_code)
    .where(case.c.status.in_(sorted(OPEN_STATUSES)))
    .order_by(case.c.id)
)
_TYPES = select(event.c.type, func.count().label("events")).group_by(event.c.type).order_by(event.c.type)
_POSTS = (
    select(
        post.c.ended_reason.label("reason"),
        func.count().label("posts"),
        func.count(post.c.deputy_for).label("deputies"),
    )
    .group_by(post.c.ended_reason)
    .order_by(post.c.ended_reason)
)
_CASES = select(func.count().label("cases")).select_from(case)
_INBOX = (
    select(
        inbox.c.id, inbox.c.channel, inbox.c.chat, inbox.c.external_id, inbox.c.failed_at, inbox.c.finished_at
    )
    .where(inbox.c.id > bindparam("after"))
    .order_by(inbox.c.id)
)
_UNFINISHED = (
    select(inbox.c.id, inbox.c.chat, inbox.c.available_at)
    .where(inbox.c.finished_at.is_(None), inbox.c.failed_at.is_(None))
    .order_by(inbox.c.id)
)
_OUTBOX = (
    select(
        outbox.c.id,
        outbox.c.channel,
        outbox.c.chat,
        outbox.c.message,
        outbox.c.case_id,
        outbox.c.dedupe_key,
        outbox.c.created_at,
        outbox.c.available_at,
    )
    .where(outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
)
_SENT_AS = select(outbox.c.id, outbox.c.case_id, outbox.c.message).where(
    outbox.c.channel == bindparam("in_channel"),
    outbox.c.chat == bindparam("in_chat"),
    outbox.c.external_id == bindparam("message_id"),
)
_LAST_NOTICE = select(func.max(outbox.c.id).label("last"))
_SENT = select(outbox.c.external_id).where(
    outbox.c.sent_at >= bindparam("since"), outbox.c.id > bindparam("after")
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One case as it stands, with its events in order."""

    row: Mapping[str, Any]
    events: tuple[Mapping[str, Any], ...]


async def touched_since(transaction: Transaction, since: datetime) -> list[int]:
    """Return the ids of the cases to which anything happened since."""
    return [row["case_id"] for row in await transaction.fetch(_TOUCHED, {"since": since})]


async def records(transaction: Transaction, ids: Sequence[int]) -> list[Record]:
    """Return these cases with their events."""
    found: list[Record] = []
    for start in range(0, len(ids), ROWS // 10):
        some = list(ids[start : start + ROWS // 10])
        by_case: dict[int, list[Mapping[str, Any]]] = {each: [] for each in some}
        for row in await transaction.fetch(_EVENTS, {"ids": some}):
            by_case[row["case_id"]].append(row)
        rows = await transaction.fetch(_RECORDS, {"ids": some})
        found += [Record(row=row, events=tuple(by_case[row["id"]])) for row in rows]
    return sorted(found, key=lambda record: int(record.row["id"]))


async def open_cases(transaction: Transaction) -> Sequence[Mapping[str, Any]]:
    """Return id, code, status and unit of all open cases."""
    return await transaction.fetch(_OPEN)


async def count_cases(transaction: Transaction) -> int:
    """Count all cases."""
    row = await transaction.fetch_one(_CASES)
    return int(row["cases"]) if row else 0


async def count_events(transaction: Transaction) -> dict[str, int]:
    """Count the events of each type."""
    return {row["type"]: row["events"] for row in await transaction.fetch(_TYPES)}


async def count_posts(transaction: Transaction) -> dict[str, int]:
    """Count posts by why they ended ("held" for those that did not), and besides those of deputies."""
    rows = await transaction.fetch(_POSTS)
    counts = {row["reason"] or "held": int(row["posts"]) for row in rows}
    return {**counts, "deputies": sum(int(row["deputies"]) for row in rows)}


async def inbox_after(transaction: Transaction, after: int) -> Sequence[Mapping[str, Any]]:
    """Return the updates stored after this one, without their bodies."""
    return await transaction.fetch(_INBOX, {"after": after})


async def unfinished(transaction: Transaction) -> Sequence[Mapping[str, Any]]:
    """Return the updates that nobody has dealt with."""
    return await transaction.fetch(_UNFINISHED)


async def outbox_after(transaction: Transaction, after: int) -> Sequence[Mapping[str, Any]]:
    """Return the notices written after this one."""
    return await transaction.fetch(_OUTBOX, {"after": after})


async def sent_since(transaction: Transaction, since: datetime, *, after: int = 0) -> set[str]:
    """Return the channels' ids of what was recorded as sent since, among the notices after this one."""
    rows = await transaction.fetch(_SENT, {"since": since, "after": after})
    return {row["external_id"] for row in rows}


async def last_notice(transaction: Transaction) -> int:
    """Return the id of the notice that was written last, 0 for none."""
    row = await transaction.fetch_one(_LAST_NOTICE)
    return int(row["last"] or 0) if row else 0


async def notice_sent_as(
    transaction: Transaction, *, channel: str, chat: str, message_id: str
) -> Mapping[str, Any] | None:
    """Return id, case and message of the notice that was sent under this id."""
    where = {"in_channel": channel, "in_chat": chat, "message_id": message_id}
    return await transaction.fetch_one(_SENT_AS, where)


async def digest(transaction: Transaction) -> str:
    """Return the SHA-256 of every row of every table, in the order of tables and primary keys."""
    whole = hashlib.sha256()
    for table in sorted(metadata.tables.values(), key=lambda each: each.name):
        statement = select(table).order_by(*table.primary_key.columns)
        whole.update(f"{table.name}\n".encode())
        async for row in _rows(transaction, statement):
            whole.update(_written(row))
    return whole.hexdigest()


async def _rows(transaction: Transaction, statement: Select[Any]) -> AsyncIterator[Mapping[str, Any]]:
    start = 0
    while rows := await transaction.fetch(statement.limit(ROWS).offset(start)):
        for row in rows:
            yield row
        start += ROWS


def _written(row: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(row), sort_keys=True, default=_plain, ensure_ascii=False).encode() + b"\n"


def _plain(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)
