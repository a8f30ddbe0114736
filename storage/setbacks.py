"""The clock was set back: what was to wait a moment, by a clock that ran ahead, must not wait for hours.

A machine whose clock was wrong for a while leaves rows behind that are due, or claimed, at times that now lie
far ahead. They are found by what cannot be: received or written later than now, or claimed for longer than
anything is. Deadlines and events stay as they are: nobody can tell what they should have been.
"""

from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update

from routing.deadline import after_quiet_hours, in_quiet_hours
from routing.organisation import City
from storage import units
from storage.database import Transaction
from storage.messages import CLAIM_TIME, MAKING_TIME
from storage.tables import inbox, outbox

_SEEN = "clock_seen"
"""The setting that holds the latest time that was seen."""
SLACK = timedelta(seconds=20)
"""So far the clocks of several machines may differ, and a clock be set back unnoticed: it catches up soon."""
LONGEST_PAUSE = timedelta(hours=1)
"""No try of anything is put off for longer, unless a vendor asks for it."""

_INBOX_OPEN = inbox.c.finished_at.is_(None), inbox.c.failed_at.is_(None)
_OUTBOX_OPEN = outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None), outbox.c.held_at.is_(None)
_AHEAD_IN = (
    select(inbox.c.id)
    .where(
        *_INBOX_OPEN,
        (inbox.c.received_at > bindparam("latest")) | (inbox.c.claimed_until > bindparam("latest_claim")),
    )
    .limit(1)
)
_AHEAD_OUT = (
    select(outbox.c.id)
    .where(
        *_OUTBOX_OPEN,
        (outbox.c.created_at > bindparam("latest")) | (outbox.c.claimed_until > bindparam("latest_making")),
    )
    .limit(1)
)
_FREE_IN = (
    update(inbox)
    .where(*_INBOX_OPEN, inbox.c.claimed_until > bindparam("latest_claim"))
    .values(claimed_until=None)
)
_FREE_OUT = (
    update(outbox)
    .where(*_OUTBOX_OPEN, outbox.c.claimed_until > bindparam("latest_making"))
    .values(claimed_until=None)
)
_DUE_IN = update(inbox).where(*_INBOX_OPEN, inbox.c.available_at > bindparam("latest"))
_DUE_IN = _DUE_IN.values(available_at=bindparam("now"))
_WRITTEN_AHEAD = *_OUTBOX_OPEN, outbox.c.created_at > bindparam("latest")
_DUE_OUT = (
    update(outbox)
    .where(*_WRITTEN_AHEAD, outbox.c.available_at <= outbox.c.created_at)
    .values(available_at=bindparam("now"), created_at=bindparam("now"))
)
_LATER_OUT = (
    update(outbox)
    .where(*_WRITTEN_AHEAD, outbox.c.available_at > outbox.c.created_at)
    .values(available_at=bindparam("morning"), created_at=bindparam("now"))
)
_AGAIN_OUT = (
    update(outbox)
    .where(*_OUTBOX_OPEN, outbox.c.error.is_not(None), outbox.c.available_at > bindparam("latest_try"))
    .values(available_at=bindparam("now"))
)


async def follow(transaction: Transaction, city: City, now: datetime) -> int:
    """Notice whether the clock was set back, and make due what would wait too long; a job of the clock."""
    row = {
        "now": now,
        "morning": after_quiet_hours(now) if in_quiet_hours(now) else now,
        "latest": now + SLACK,
        "latest_claim": now + CLAIM_TIME + SLACK,
        "latest_making": now + MAKING_TIME + SLACK,
        "latest_try": now + LONGEST_PAUSE + SLACK,
    }
    if not await _is_set_back(transaction, row, now):
        return 0
    changes = (_FREE_IN, _FREE_OUT, _DUE_IN, _DUE_OUT, _LATER_OUT, _AGAIN_OUT)
    return sum([await transaction.execute(change, _only(change, row)) for change in changes])


async def _is_set_back(transaction: Transaction, row: dict[str, datetime], now: datetime) -> bool:
    seen = await units.get_setting(transaction, _SEEN)
    await units.set_setting(transaction, _SEEN, now.isoformat())
    if seen and datetime.fromisoformat(seen) > now + SLACK:
        return True
    for question in (_AHEAD_IN, _AHEAD_OUT):
        if await transaction.fetch(question, _only(question, row)):
            return True
    return False


def _only(statement: object, row: dict[str, datetime]) -> dict[str, datetime]:
    """Return those of the parameters that a statement has."""
    return {name: value for name, value in row.items() if name in statement.compile().params}  # type: ignore[attr-defined]
