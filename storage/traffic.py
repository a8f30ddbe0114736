"""How much each channel takes and costs: counts by local day, and what a month has cost so far."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, bindparam, cast, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from routing.deadline import LOCAL_TIME
from storage.database import Transaction
from storage.holding import DROPPED
from storage.tables import outbox, traffic
from storage.units import get_setting, set_setting

BUDGET = "monthly_budget"
"""The setting that holds it, in đồng, as the running program was given it."""
_LOCK = "*"
"""In place of a channel: the row that whoever spends holds until it is written what was spent."""


@dataclass(slots=True)
class Tally:
    """What is to be counted when a transaction ends, so that each count is written once.

    Written last and in one order by everybody: two transactions never wait for each other.
    """

    _counts: dict[tuple[str, date, str], list[int]] = field(default_factory=dict)

    def add(self, channel: str, what: str, *, on: date, count: int = 1, cost: int = 0) -> None:
        """Count something of a local day; cost in đồng, negative for what is given back."""
        counted = self._counts.setdefault((channel, on, what), [0, 0])
        counted[0] += count
        counted[1] += cost

    def write(self, transaction: Transaction) -> None:
        """Add it to the stored counts."""
        for channel, on, what in sorted(self._counts):
            count, cost = self._counts[channel, on, what]
            if count or cost:
                row = {"channel": channel, "day": on, "what": what, "count": count, "cost": cost}
                transaction.write(_ADD[transaction.dialect], row)
        self._counts = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """So many messages of a channel, and what they cost, in đồng."""

    channel: str
    what: str
    count: int
    cost: int


def local_day(now: datetime) -> date:
    """Return the day that it is in the city."""
    return now.astimezone(LOCAL_TIME).date()


def month_of(day: date) -> tuple[date, date]:
    """Return the first and the last day of a month."""
    first = day.replace(day=1)
    return first, (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)


def _adding(dialect: Any) -> Insert:
    new = dialect.insert(traffic)
    added: Insert = new.on_conflict_do_update(
        index_elements=["channel", "day", "what"],
        set_={name: traffic.c[name] + new.excluded[name] for name in ("count", "cost")},
    )
    return added


_ADD = {"sqlite": _adding(sqlite), "postgresql": _adding(postgresql)}
_IN_TIME = traffic.c.day.between(bindparam("first"), bindparam("last"))


def _sum(column: ColumnElement[int]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(column), literal(0)), BigInteger)


_SPENT = select(_sum(traffic.c.cost).label("spent")).where(_IN_TIME)
_BETWEEN = (
    select(
        traffic.c.channel,
        traffic.c.what,
        _sum(traffic.c.count).label("count"),
        _sum(traffic.c.cost).label("cost"),
    )
    .where(_IN_TIME, traffic.c.channel != _LOCK)
    .group_by(traffic.c.channel, traffic.c.what)
    .order_by(traffic.c.channel, traffic.c.what)
)


async def spent(transaction: Transaction, day: date) -> int:
    """Return what was spent in a day's month, what is on its way included; in đồng."""
    first, last = month_of(day)
    found = await transaction.fetch_one(_SPENT, {"first": first, "last": last})
    return int(found["spent"]) if found else 0


async def lock_spending(transaction: Transaction, day: date) -> None:
    """Let nobody else spend in this month until the transaction ends: no two spend the same đồng."""
    row = {"channel": _LOCK, "day": month_of(day)[0], "what": "spending", "count": 0, "cost": 0}
    await transaction.execute(_ADD[transaction.dialect], row)


async def counts(transaction: Transaction, first: date, last: date) -> list[Count]:
    """Return what was counted on these days, both included, by channel."""
    rows = await transaction.fetch(_BETWEEN, {"first": first, "last": last})
    return [Count(**row) for row in rows]


_OPEN = (outbox.c.sent_at.is_(None), outbox.c.failed_at.is_(None))
_WAITING = (
    select(outbox.c.channel, func.count().label("count"))
    .where(*_OPEN, outbox.c.held_at.is_(None))
    .group_by(outbox.c.channel)
)
_HELD = (
    select(outbox.c.channel, func.count().label("count"))
    .where(*_OPEN, outbox.c.held_at.is_not(None))
    .group_by(outbox.c.channel)
)
_FAILED = (
    select(outbox.c.channel, func.count().label("count"))
    .where(
        outbox.c.failed_at >= bindparam("since"),
        outbox.c.failed_at < bindparam("until"),
        outbox.c.price.is_distinct_from(DROPPED),
    )
    .group_by(outbox.c.channel)
)


async def queues(transaction: Transaction, since: datetime, until: datetime) -> dict[str, dict[str, int]]:
    """Return for each channel what is "waiting" and "held" now, and what "failed" in this time."""
    found: dict[str, dict[str, int]] = {}
    times = {"since": since, "until": until}
    for name, statement, values in (
        ("waiting", _WAITING, None),
        ("held", _HELD, None),
        ("failed", _FAILED, times),
    ):
        for row in await transaction.fetch(statement, values):
            found.setdefault(row["channel"], {})[name] = row["count"]
    return found


async def keep_budget(transaction: Transaction, budget: int) -> None:
    """Store what messages may cost in a month, so that figures can tell it."""
    if await get_setting(transaction, BUDGET) != budget:
        await set_setting(transaction, BUDGET, budget)


async def budget_of(transaction: Transaction) -> int:
    """Return what messages may cost in a month, in đồng; 0 where nobody has said."""
    return int(await get_setting(transaction, BUDGET) or 0)
