"""How a city stands, in a few numbers for whoever watches the machines: cheap, and about nobody."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, text

from routing.deadline import LOCAL_TIME
from storage import seals, units
from storage.counting import Tally
from storage.database import Transaction
from storage.rollups import Kept, buckets_of, read_open, read_period
from storage.tables import erasure, file, inbox, outbox, photo, post

BACKUP = "backup"
"""The setting that says when the last backup was made, and what was in it."""
RULES_CHECKED = "rules_checked"
"""The setting that says which version of the city was looked at on which day, and what was found."""
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


async def backed_up_at(transaction: Transaction) -> datetime | None:
    """Return when the last backup was made; None where none was noted."""
    noted = await units.get_setting(transaction, BACKUP)
    return datetime.fromisoformat(noted["at"]) if noted else None


async def broken_rules(transaction: Transaction) -> int | None:
    """Return how many faults of the rules lead nowhere; None before anybody has looked."""
    known = await units.get_setting(transaction, RULES_CHECKED)
    return None if known is None else int(known["broken"])


_LOST = {
    name: select(func.count().label("lost"))
    .select_from(table)
    .where(table.c.claimed_until < bindparam("before"), *conditions)
    for name, table, conditions in (
        ("inbox", inbox, (text("finished_at IS NULL AND failed_at IS NULL"),)),
        ("outbox", outbox, (text("sent_at IS NULL AND failed_at IS NULL AND held_at IS NULL"),)),
    )
}
_GROWN = [
    select(func.sum(table.c.size).label("size")).where(table.c.created_at >= bindparam("since"))
    for table in (photo, file)
]
_ROLES = (
    select(post.c.role)
    .distinct()
    .where(
        post.c.starts_at <= bindparam("now"), or_(post.c.ends_at.is_(None), post.c.ends_at > bindparam("now"))
    )
)


async def lost_claims(transaction: Transaction, *, before: datetime) -> int:
    """Return how many updates and messages were taken up, and neither finished nor taken up again since."""
    rows = [await transaction.fetch_one(query, {"before": before}) for query in _LOST.values()]
    return sum(int(row["lost"]) for row in rows if row)


async def media_since(transaction: Transaction, since: datetime) -> int:
    """Return how many octets of photos and files have come since then."""
    rows = [await transaction.fetch_one(query, {"since": since}) for query in _GROWN]
    return sum(int(row["size"] or 0) for row in rows if row)


async def roles_held(transaction: Transaction, *, now: datetime) -> set[str]:
    """Return the roles that somebody has now."""
    return {row["role"] for row in await transaction.fetch(_ROLES, {"now": now})}
