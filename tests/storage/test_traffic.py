"""Counts of channels: added up by local day, and a month's spending that two processes share."""

import asyncio
from datetime import UTC, date, datetime

from storage import traffic
from storage.database import Database
from storage.traffic import Tally

DAY = date(2026, 11, 23)


async def count(database: Database, channel: str, what: str, *, on: date = DAY, cost: int = 0) -> None:
    async with database.begin() as transaction:
        tally = Tally()
        tally.add(channel, what, on=on, cost=cost)
        tally.write(transaction)


async def test_counts_of_a_day_add_up(database: Database) -> None:
    for _ in range(3):
        await count(database, "vendor", "sent")
    await count(database, "vendor", "paid", cost=72)
    await count(database, "vendor", "paid", cost=-72)
    async with database.read() as transaction:
        found = await traffic.counts(transaction, DAY, DAY)
        assert [(each.what, each.count, each.cost) for each in found] == [("paid", 2, 0), ("sent", 3, 0)]


async def test_a_month_has_its_own_spending(database: Database) -> None:
    await count(database, "vendor", "paid", cost=100)
    await count(database, "sms", "paid", cost=800, on=date(2026, 11, 30))
    await count(database, "sms", "paid", cost=5, on=date(2026, 12, 1))
    async with database.read() as transaction:
        assert await traffic.spent(transaction, DAY) == 900
        assert await traffic.spent(transaction, date(2026, 12, 31)) == 5


def test_a_local_day_begins_at_local_midnight() -> None:
    assert traffic.local_day(datetime(2026, 11, 30, 17, 0, tzinfo=UTC)) == date(2026, 12, 1)
    assert traffic.month_of(date(2026, 2, 10)) == (date(2026, 2, 1), date(2026, 2, 28))


async def test_two_who_spend_at_once_see_what_the_other_spent(postgresql: Database) -> None:
    async def spend() -> int:
        async with postgresql.begin() as transaction:
            await traffic.lock_spending(transaction, DAY)
            before = await traffic.spent(transaction, DAY)
            await asyncio.sleep(0.02)
            tally = Tally()
            tally.add("vendor", "paid", on=DAY, cost=10)
            tally.write(transaction)
            return before

    assert sorted(await asyncio.gather(*(spend() for _ in range(5)))) == [0, 10, 20, 30, 40]


async def test_the_budget_is_kept_for_figures(database: Database) -> None:
    async with database.begin() as transaction:
        assert await traffic.budget_of(transaction) == 0
        await traffic.keep_budget(transaction, 2_000_000)
    async with database.read() as transaction:
        assert await traffic.budget_of(transaction) == 2_000_000
