"""Dead letters: updates and messages that were set aside; tried again in order, or put away for good."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Select, and_, bindparam, func, literal, null, select, update

from storage import messages, units
from storage.database import Transaction
from storage.holding import DROPPED
from storage.tables import case, inbox, outbox

Box = Literal["inbox", "outbox"]
BOXES: tuple[Box, ...] = ("inbox", "outbox")
REVEALED = "dead_letters_revealed"
"""The setting that says who looked into which dead letter when."""
_MOST_NOTED = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class DeadLetter:
    """One of them, without what it says and whose it is."""

    box: Box
    id: int
    channel: str
    since: datetime
    """When it came (inbox) or was written (outbox)."""
    failed_at: datetime
    attempts: int
    error: str | None
    """What went wrong, in the words of whatever failed: it may name people."""
    case_code: str | None
    act: bool
    """Whether it asks a channel to do something with a group; that is not done a second time."""

    @property
    def name(self) -> str:
        """How commands call it: "inbox:12"."""
        return f"{self.box}:{self.id}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Content:
    """Whose a dead letter is, and what it says: the vendor's update, or the message as JSON."""

    chat: str
    body: bytes


IS_DEAD: Mapping[str, Any] = {
    "inbox": and_(inbox.c.failed_at.is_not(None), inbox.c.finished_at.is_(None)),
    "outbox": and_(outbox.c.failed_at.is_not(None), outbox.c.price.is_distinct_from(DROPPED)),
}
"""What was set aside and not put away since: of the inbox that is finished too, of the outbox dropped."""

_COMMON = ("id", "channel", "failed_at", "attempts", "error")
_LIST: Mapping[str, Select[Any]] = {
    "inbox": select(
        *(inbox.c[name] for name in _COMMON),
        inbox.c.received_at.label("since"),
        null().label("case_code"),
        literal(0).label("act"),
    )
    .where(IS_DEAD["inbox"])
    .order_by(inbox.c.id),
    "outbox": select(
        *(outbox.c[name] for name in _COMMON),
        outbox.c.created_at.label("since"),
        case.c.code.label("case_code"),
        outbox.c.message["act"].as_string().is_not(None).label("act"),
    )
    .join_from(outbox, case, case.c.id == outbox.c.case_id, isouter=True)
    .where(IS_DEAD["outbox"])
    .order_by(outbox.c.id),
}
_SOME = {
    "inbox": _LIST["inbox"].where(inbox.c.id.in_(bindparam("ids", expanding=True))),
    "outbox": _LIST["outbox"].where(outbox.c.id.in_(bindparam("ids", expanding=True))),
}
_CONTENT = {
    "inbox": select(inbox.c.chat, inbox.c.body).where(inbox.c.id == bindparam("row_id")),
    "outbox": select(outbox.c.chat, outbox.c.message).where(outbox.c.id == bindparam("row_id")),
}
_AGAIN = {
    "inbox": update(inbox)
    .where(inbox.c.id == bindparam("row_id"), IS_DEAD["inbox"])
    .values(failed_at=None, claimed_until=None, attempts=0, available_at=bindparam("at")),
    "outbox": update(outbox)
    .where(outbox.c.id == bindparam("row_id"), IS_DEAD["outbox"])
    .values(
        failed_at=None, claimed_until=None, held_at=None, attempts=0, available_at=bindparam("at"), error=None
    ),
}
_PUT_AWAY = {
    "inbox": update(inbox)
    .where(inbox.c.id == bindparam("row_id"), IS_DEAD["inbox"])
    .values(finished_at=bindparam("at"), error=bindparam("why")),
    "outbox": update(outbox)
    .where(outbox.c.id == bindparam("row_id"), IS_DEAD["outbox"])
    .values(price=DROPPED, error=bindparam("why")),
}


async def listed(
    transaction: Transaction, boxes: Sequence[Box] = BOXES, *, ids: Sequence[int] | None = None
) -> list[DeadLetter]:
    """Return the dead letters of these boxes, or those of them with these ids, in the order of their ids."""
    found: list[DeadLetter] = []
    for box in boxes:
        rows = await (
            transaction.fetch(_LIST[box])
            if ids is None
            else transaction.fetch(_SOME[box], {"ids": sorted(set(ids))})
        )
        found += [DeadLetter(**{**row, "box": box, "act": bool(row["act"])}) for row in rows]
    return found


async def content_of(transaction: Transaction, letter: DeadLetter) -> Content | None:
    """Return whose a dead letter is and what it says; None for one that is gone."""
    row = await transaction.fetch_one(_CONTENT[letter.box], {"row_id": letter.id})
    if row is None:
        return None
    body = row["body"] if letter.box == "inbox" else json.dumps(row["message"], ensure_ascii=False).encode()
    return Content(chat=row["chat"], body=body)


async def try_again(transaction: Transaction, letters: Sequence[DeadLetter], *, at: datetime) -> int:
    """Put dead letters back in line, each in its old place: of one chat the older goes first.

    Return how many there were; what somebody else put back or away meanwhile stays as it is.
    """
    done = 0
    for letter in letters:
        done += await transaction.execute(_AGAIN[letter.box], {"row_id": letter.id, "at": at})
    for box in {letter.box for letter in letters}:
        await messages.announce(transaction, box)
    return done


async def put_away(transaction: Transaction, letters: Sequence[DeadLetter], *, at: datetime, why: str) -> int:
    """Mark dead letters as needed by nobody, with the reason; they are kept. Return how many there were."""
    done = 0
    for letter in letters:
        told = f"dropped: {why} (was: {letter.error or 'unknown'})"
        done += await transaction.execute(_PUT_AWAY[letter.box], {"row_id": letter.id, "at": at, "why": told})
    return done


async def note_revealed(transaction: Transaction, letter: DeadLetter, *, by: str, at: datetime) -> None:
    """Write down that somebody looked at what a dead letter says."""
    noted = await units.get_setting(transaction, REVEALED) or []
    noted.append({"at": at.isoformat(timespec="seconds"), "letter": letter.name, "by": by})
    await units.set_setting(transaction, REVEALED, noted[-_MOST_NOTED:])


async def revealed(transaction: Transaction) -> list[dict[str, str]]:
    """Return who looked into which dead letter when, oldest first."""
    return list(await units.get_setting(transaction, REVEALED) or [])


_WAITING = (outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None), outbox.c.held_at.is_(None))
_COUNT_WAITING = select(func.count()).select_from(outbox).where(*_WAITING)
_SET_ALL_ASIDE = (
    update(outbox)
    .where(*_WAITING)
    .values(failed_at=bindparam("at"), error=bindparam("why"), claimed_until=None)
)


async def waiting(transaction: Transaction) -> int:
    """Return how many messages wait to be sent."""
    return int((await transaction.connection.execute(_COUNT_WAITING)).scalar_one())


async def set_all_aside(transaction: Transaction, *, at: datetime, why: str) -> int:
    """Make dead letters of all messages that wait to be sent; return how many there were."""
    return await transaction.execute(_SET_ALL_ASIDE, {"at": at, "why": why})
