"""A clock that ran ahead and was set back: nothing waits for hours that was to wait for a moment."""

from datetime import UTC, datetime, timedelta

from routing.organisation import build_city
from storage import messages, setbacks
from storage.database import Database

NINE = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)
CITY = build_city("Huế")


def update(number: int, at: datetime) -> dict[str, object]:
    return {
        "channel": "web",
        "external_id": str(number),
        "chat": f"c{number}",
        "body": b"{}",
        "received_at": at,
        "available_at": at,
    }


async def claimed(database: Database, at: datetime) -> list[int]:
    async with database.begin() as transaction:
        found = await messages.claim_updates(transaction, now=at, limit=10, album_patience=timedelta())
    return [part.id for parts in found for part in parts]


async def notices(database: Database, at: datetime) -> list[str]:
    async with database.begin() as transaction:
        return [each.chat for each in await messages.claim_notices(transaction, now=at, limit=10)]


async def follow(database: Database, at: datetime) -> int:
    async with database.begin() as transaction:
        return await setbacks.follow(transaction, CITY, at)


async def test_what_came_while_the_clock_ran_ahead_is_dealt_with_at_once(database: Database) -> None:
    async with database.begin() as transaction:
        messages.store(transaction, [update(1, NINE + DAY), update(2, NINE + DAY)])
        messages.post_notice(transaction, channel="web", chat="c9", message={"text": "x"}, at=NINE + DAY)
    assert len(await claimed(database, NINE + DAY)) == 2
    assert await notices(database, NINE + DAY) == ["c9"]
    assert await claimed(database, NINE) == []
    assert await follow(database, NINE) > 0
    assert len(await claimed(database, NINE)) == 2
    assert await notices(database, NINE) == ["c9"]


async def test_what_was_put_off_for_a_second_is_not_put_off_for_a_day(database: Database) -> None:
    async with database.begin() as transaction:
        messages.store(transaction, [update(1, NINE)])
        messages.post_notice(transaction, channel="web", chat="c9", message={"text": "x"}, at=NINE)
    [update_id] = await claimed(database, NINE)
    assert await notices(database, NINE) == ["c9"]
    later = NINE + DAY + timedelta(seconds=2)
    async with database.begin() as transaction:
        messages.retry_update(transaction, update_id, again_at=later, why="once more")
        messages.retry_notice(transaction, 1, again_at=later, why="away")
    assert await follow(database, NINE + DAY) == 0
    assert await claimed(database, NINE + timedelta(minutes=1)) == []
    assert await follow(database, NINE + timedelta(minutes=1)) == 2
    assert await claimed(database, NINE + timedelta(minutes=1)) == [update_id]
    assert await notices(database, NINE + timedelta(minutes=1)) == ["c9"]


async def test_what_waits_for_the_morning_goes_on_waiting(database: Database) -> None:
    async with database.begin() as transaction:
        messages.post_notice(
            transaction, channel="web", chat="c9", message={"text": "x"}, at=NINE, not_before=NINE + DAY
        )
    assert await follow(database, NINE) == 0
    assert await follow(database, NINE + timedelta(seconds=10)) == 0
    assert await notices(database, NINE + timedelta(hours=1)) == []
    assert await notices(database, NINE + DAY) == ["c9"]
