"""How a city stands, in a few numbers for whoever watches the machines: cheap, and about nobody."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, text

from routing.deadline import LOCAL_TIME
from storage import seals
from storage.counting import Tally
from storage.database import Transaction
from storage.rollups import Kept, buckets_of, read_open, read_period
from storage.tables import erasure, outbox

DAYS = 30
"""Over how many local days answers are counted."""

_HELD = (
    select(func.count().label("held"))
    .select_from(outbox)
    .where(text("held_at IS NOT NULL AND sent_at IS NULL AND failed_at IS NULL"))
)
_REQUESTS = select(
    func.count().label("open"),
    func.count()
    .filter(
        or_(
            erasure.c.due_at < bindparam("now"),
            and_(erasure.c.answered_at.is_(None), erasure.c.answer_due_at < bindparam("now")),
        )
    )
    .label("late"),
).where(erasure.c.done_at.is_(None))


async def of_cases(transaction: Transaction, *, now: datetime) -> dict[str, int]:
    """Return how many cases are open and overdue, and how many answers of the last days were late or not."""
    today = now.astimezone(LOCAL_TIME).date()
    first = today - timedelta(days=DAYS - 1)
    asked = Kept(first=first, last=today, buckets=buckets_of(first, today))
    there = (await read_open(transaction, asked, now=now)).get("", Tally())
    answers = (await read_period(transaction, asked, hours=False)).get("", Tally())
    waiting = {name: there.counts.get(name, 0) for name in ("on_track", "at_risk", "overdue")}
    return {**waiting, **{name: answers.counts.get(name, 0) for name in ("on_time", "late")}}


async def held(transaction: Transaction) -> int:
    """Return how many messages wait until their reader writes again."""
    row = await transaction.fetch_one(_HELD)
    return int(row["held"]) if row else 0


async def requests(transaction: Transaction, *, now: datetime) -> dict[str, int]:
    """Return how many requests about one's own data are open, and of how many the time is up."""
    return {**(await transaction.fetch_one(_REQUESTS, {"now": now}) or {"open": 0, "late": 0})}


async def sealed_at(transaction: Transaction) -> datetime | None:
    """Return when the last day was sealed."""
    latest: Any = await seals.latest(transaction)
    return latest.sealed_at if latest else None
