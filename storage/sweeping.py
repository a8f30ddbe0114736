"""Sweeping inbox and outbox for somebody who is erased: a few rows at a time, however many there are."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Delete, Select, bindparam, delete, or_, select, update

from routing.traces import Scrubber
from storage import erasing
from storage.chats import ChatKey
from storage.database import Transaction
from storage.erasing import ANYWHERE, WITH_CODE, Known, Words
from storage.tables import chat, inbox, outbox, post, setting
from storage.units import get_setting, set_setting

ROWS = 1000
"""Rows that one transaction looks at."""
AGAIN = 2000
"""How many of the newest rows are looked at once more at the end: ids are not given in order of commits."""
_KEPT = ("buttons", "topic", "replace", "reply_to")
"""What stays of a message about the person's case: what can be pressed, and where."""

_BOXES: Mapping[str, Select[Any]] = {
    "outbox": select(outbox.c.id, outbox.c.channel, outbox.c.chat, outbox.c.message, outbox.c.case_id).where(
        outbox.c.id > bindparam("after")
    ),
    "inbox": select(inbox.c.id, inbox.c.channel, inbox.c.chat, inbox.c.external_id, inbox.c.body).where(
        inbox.c.id > bindparam("after"), or_(inbox.c.finished_at.is_not(None), inbox.c.failed_at.is_not(None))
    ),
}
_SWEPT = {
    name: query.order_by(query.selected_columns["id"]).limit(bindparam("limit"))
    for name, query in _BOXES.items()
}
_DELETE: Mapping[str, Delete] = {
    "outbox": delete(outbox).where(outbox.c.id == bindparam("row_id")),
    "inbox": delete(inbox).where(inbox.c.id == bindparam("row_id")),
}
_REWRITE = update(outbox).where(outbox.c.id == bindparam("row_id")).values(message=bindparam("left"))
_UNFINISHED = (
    select(inbox.c.id)
    .where(
        inbox.c.channel == bindparam("in_channel"),
        inbox.c.chat == bindparam("in_chat"),
        inbox.c.finished_at.is_(None),
        inbox.c.failed_at.is_(None),
    )
    .limit(1)
)
_OFFICIAL_CHATS = (
    select(chat.c.channel, chat.c.chat).distinct().join(post, post.c.person_id == chat.c.person_id)
)
_FORGET_PLACE = delete(setting).where(setting.c.name == bindparam("in_name"))
_GROUPS = select(chat.c.channel, chat.c.chat).where(chat.c.group)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Broom:
    """What is looked for: in chats of officials names count as well, elsewhere others may be called so."""

    known: Known
    words: Words
    watched: frozenset[ChatKey]
    about_case: Scrubber
    of_officials: Scrubber
    of_others: Scrubber


async def is_busy(transaction: Transaction, known: Known) -> bool:
    """Tell whether something that the person sent is still to be dealt with: they are erased after it."""
    for channel, name in sorted(known.chats):
        if await transaction.fetch_one(_UNFINISHED, {"in_channel": channel, "in_chat": name}):
            return True
    return False


async def sweep(transaction: Transaction, known: Known, *, words: Words) -> bool:
    """Look through some more of both boxes; return whether that was all of them.

    What comes from or goes to the person is deleted; what speaks of them to others is told without them.
    """
    name = f"sweeping:{known.ids[0]}"
    at: dict[str, int] = await get_setting(transaction, name) or {"outbox": 0, "inbox": 0}
    broom = await _broom(transaction, known, words)
    done = True
    for box in _SWEPT:
        found = await transaction.fetch(_SWEPT[box], {"after": at[box], "limit": ROWS})
        await _sweep(transaction, box, found, broom)
        at = {**at, box: found[-1]["id"] if found else at[box]}
        done = done and len(found) < ROWS
    await set_setting(transaction, name, at)
    return done


async def sweep_last(transaction: Transaction, known: Known, *, words: Words) -> None:
    """Look once more at the newest rows of both boxes, and forget how far the sweeping had come."""
    name = f"sweeping:{known.ids[0]}"
    at: dict[str, int] = await get_setting(transaction, name) or {"outbox": 0, "inbox": 0}
    broom = await _broom(transaction, known, words)
    for box, query in _SWEPT.items():
        after = max(0, at[box] - AGAIN)
        while found := await transaction.fetch(query, {"after": after, "limit": ROWS}):
            await _sweep(transaction, box, found, broom)
            after = found[-1]["id"]
    transaction.write(_FORGET_PLACE, {"in_name": name})


async def _broom(transaction: Transaction, known: Known, words: Words) -> _Broom:
    watched = [*await transaction.fetch(_OFFICIAL_CHATS), *await transaction.fetch(_GROUPS)]
    traces = known.traces
    without_name = replace(traces, names=())
    return _Broom(
        known=known,
        words=words,
        watched=frozenset((row["channel"], row["chat"]) for row in watched),
        about_case=Scrubber(
            replace(traces, places=()), mark=words.mark, run=WITH_CODE, strict=True, quotes=True
        ),
        of_officials=Scrubber(traces, mark=words.mark, run=ANYWHERE),
        of_others=Scrubber(without_name, mark=words.mark, run=ANYWHERE),
    )


async def _sweep(
    transaction: Transaction, box: str, rows: Sequence[Mapping[str, Any]], broom: _Broom
) -> None:
    for row in rows:
        if _is_own(row, broom.known) or (box == "inbox" and _speaks_of(row, broom)):
            transaction.write(_DELETE[box], {"row_id": row["id"]})
        elif box == "outbox" and (left := _left_of(row, broom)) != row["message"]:
            transaction.write(_REWRITE, {"row_id": row["id"], "left": left})
    await transaction.flush()


def _is_own(row: Mapping[str, Any], known: Known) -> bool:
    """Tell whether a row is of the person's own chats; of an official's only what they sent themselves."""
    if row["channel"] == "sms":
        return _is_number(row["chat"], known)
    own = (row["channel"], row["chat"]) in known.chats
    return own and (not known.serves or "body" in row)


def _is_number(address: str, known: Known) -> bool:
    digits = re.sub(r"\D", "", address)[-9:]
    numbers = {re.sub(r"\D", "", number)[-9:] for number in known.traces.numbers}
    return address in {f"person:{number}" for number in known.ids} or (len(digits) == 9 and digits in numbers)


def _left_of(row: Mapping[str, Any], broom: _Broom) -> Any:
    message = row["message"]
    if row["case_id"] in broom.known.case_ids and "act" not in message:
        kept = {name: message[name] for name in _KEPT if name in message}
        return {**broom.about_case.scrub_all(kept), "text": broom.words.message}
    return _scrubber(row, message, broom).scrub_all(message)


def _speaks_of(row: Mapping[str, Any], broom: _Broom) -> bool:
    if any(name in row["external_id"] for name in broom.known.traces.ids if len(name) > len("12345678")):
        return True
    raw = bytes(row["body"]).decode("utf-8", "replace")
    try:
        told = list(_strings(json.loads(raw)))
    except ValueError:
        told = []
    scrubber = _scrubber(row, told, broom)
    return any(map(scrubber.finds, [raw, *told]))


def _scrubber(row: Mapping[str, Any], told: Any, broom: _Broom) -> Scrubber:
    if erasing.mentions(told, broom.known.codes):
        return broom.about_case
    watched = (row["channel"], row["chat"]) in broom.watched - broom.known.chats
    return broom.of_officials if watched else broom.of_others


def _strings(value: Any) -> Sequence[str]:
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [each for part in parts for each in _strings(part)]
