"""Requests of people about what is held about them: to see it, to have it erased."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, bindparam, func, insert, select, update

from storage.database import Transaction
from storage.tables import UtcTime, erasure
from storage.units import get_setting, set_setting

ERASE, WITHDRAW, COPY = "erase", "withdraw", "copy"
"""What is asked for: asked in the chat, asked through the vendor, or a copy of everything."""
DONE, REFUSED, TAKEN_BACK = "done", "refused", "withdrawn"
DEFAULT_HOURS = 24
"""How long a request to erase can be taken back."""
_HOURS = "erase_after_hours"


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request with its two clocks: `answer_due_at` until it is answered, `due_at` until it is done."""

    id: int
    person_id: int
    channel: str
    kind: str
    asked_at: datetime
    answer_due_at: datetime | None
    answered_at: datetime | None
    due_at: datetime | None
    done_at: datetime | None
    outcome: str | None
    note: str | None


_COLUMNS = [erasure.c[name] for name in Request.__slots__]
_ALL = select(*_COLUMNS)
_INSERT = insert(erasure)
_GET = _ALL.where(erasure.c.id == bindparam("row_id"))
_GET_LOCKED = _GET.with_for_update()
_OPEN_OF = _ALL.where(erasure.c.person_id == bindparam("in_person"), erasure.c.done_at.is_(None)).order_by(
    erasure.c.id
)
_OPEN = _ALL.where(erasure.c.done_at.is_(None)).order_by(erasure.c.due_at, erasure.c.id)
_ALL_OF = _ALL.where(erasure.c.person_id.in_(bindparam("ids", expanding=True))).order_by(erasure.c.id)
_DUE = (
    _ALL.where(erasure.c.done_at.is_(None), erasure.c.asked_at <= bindparam("before"))
    .order_by(erasure.c.due_at, erasure.c.id)
    .with_for_update(skip_locked=True)
)
_LAST_COPY = select(func.max(erasure.c.asked_at).label("at")).where(
    erasure.c.person_id == bindparam("in_person"), erasure.c.kind == COPY
)
_CHANGE = update(erasure).where(erasure.c.id == bindparam("row_id"), erasure.c.done_at.is_(None))
_AT = bindparam("at", type_=UtcTime())
_DUE_AT = bindparam("new_due_at", type_=UtcTime())
_NOTE = bindparam("new_note", type_=Text())
_ANSWER = _CHANGE.values(
    answered_at=func.coalesce(erasure.c.answered_at, _AT),
    note=func.coalesce(_NOTE, erasure.c.note),
    due_at=func.coalesce(_DUE_AT, erasure.c.due_at),
)
_FINISH = _CHANGE.values(
    done_at=_AT,
    answered_at=func.coalesce(erasure.c.answered_at, _AT),
    outcome=bindparam("new_outcome"),
    note=func.coalesce(_NOTE, erasure.c.note),
)


def add(
    transaction: Transaction,
    *,
    person_id: int,
    channel: str,
    at: datetime,
    kind: str = ERASE,
    answer_due_at: datetime | None = None,
    due_at: datetime | None = None,
    answered_at: datetime | None = None,
    done_at: datetime | None = None,
) -> None:
    """Store a request; one that is done already has its outcome."""
    row = {"person_id": person_id, "channel": channel, "kind": kind, "asked_at": at}
    clocks = {"answer_due_at": answer_due_at, "due_at": due_at}
    became = {"answered_at": answered_at, "done_at": done_at, "outcome": DONE if done_at else None}
    transaction.write(_INSERT, {**row, **clocks, **became})


async def is_open(transaction: Transaction, person_id: int) -> bool:
    """Tell whether a request of somebody's waits already."""
    return await open_of(transaction, person_id) is not None


async def open_of(transaction: Transaction, person_id: int) -> Request | None:
    """Return somebody's request that waits."""
    row = await transaction.fetch_one(_OPEN_OF, {"in_person": person_id})
    return Request(**row) if row else None


async def get(transaction: Transaction, request_id: int, *, lock: bool = False) -> Request | None:
    """Return a request by its number."""
    row = await transaction.fetch_one(_GET_LOCKED if lock else _GET, {"row_id": request_id})
    return Request(**row) if row else None


async def open_requests(transaction: Transaction) -> list[Request]:
    """Return what is still to be done, the one that is due first before the others."""
    return [Request(**row) for row in await transaction.fetch(_OPEN)]


async def of_people(transaction: Transaction, person_ids: list[int]) -> list[Request]:
    """Return everything that these people ever asked for."""
    return [Request(**row) for row in await transaction.fetch(_ALL_OF, {"ids": person_ids})]


async def due_to_erase(transaction: Transaction, *, asked_before: datetime) -> list[Request]:
    """Return requests that nobody took back in time, kept from other clocks."""
    rows = await transaction.fetch(_DUE, {"before": asked_before})
    return [found for found in (Request(**row) for row in rows) if found.kind != COPY]


async def last_copy(transaction: Transaction, person_id: int) -> datetime | None:
    """Return when somebody last asked for a copy of what is held about them."""
    row = await transaction.fetch_one(_LAST_COPY, {"in_person": person_id})
    found: datetime | None = row["at"] if row else None
    return found


async def answer(
    transaction: Transaction,
    request_id: int,
    *,
    at: datetime,
    note: str | None = None,
    due_at: datetime | None = None,
) -> None:
    """Note that the person has heard of their request; due_at: where more time is lawful."""
    row: dict[str, Any] = {"row_id": request_id, "at": at, "new_note": note, "new_due_at": due_at}
    await transaction.execute(_ANSWER, row)


async def finish(
    transaction: Transaction, request_id: int, *, at: datetime, outcome: str, note: str | None = None
) -> bool:
    """Close a request; False where it was closed before."""
    row = {"row_id": request_id, "at": at, "new_outcome": outcome, "new_note": note}
    return await transaction.execute(_FINISH, row) > 0


async def keep_hours(transaction: Transaction, hours: int) -> None:
    """Store for how many hours a request to erase can be taken back."""
    if await get_setting(transaction, _HOURS) != hours:
        await set_setting(transaction, _HOURS, hours)


async def hours_to_take_back(transaction: Transaction) -> int:
    """Return for how many hours a request to erase can be taken back."""
    kept = await get_setting(transaction, _HOURS)
    return DEFAULT_HOURS if kept is None else int(kept)
