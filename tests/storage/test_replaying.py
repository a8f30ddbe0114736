"""Past cases come back in order of receipt, in batches, with as little as rules need."""

from datetime import timedelta

from storage import cases, replaying
from storage.database import Database
from tests.storage.samples import DAY, HOUR, NOON, a_case, add_reporter


async def stored(database: Database, count: int) -> list[str]:
    """Store cases one hour apart, the last two in the same moment; return their codes."""
    reporter = await add_reporter(database)
    codes = []
    async with database.begin() as transaction:
        for number in range(count):
            case = a_case(
                reporter,
                received_at=NOON + min(number, count - 2) * HOUR,
                reading={"former": [{"name": "Phường Láng", "district": "Quận Đống Đa", "province": ""}]},
            )
            cases.add_case(transaction, case)
            codes.append(case.code)
    return codes


async def test_every_case_comes_once_whatever_the_batch(database: Database) -> None:
    codes = await stored(database, 11)
    async with database.read() as transaction:
        assert await replaying.count_since(transaction, NOON) == 11
        assert await replaying.count_since(transaction, NOON + 2 * HOUR) == 9
        for batch in (1, 2, 10, 11, 100):
            found = [
                case.code
                async for some in replaying.cases_since(
                    transaction, NOON, text=False, former=False, batch=batch
                )
                for case in some
            ]
            assert found == codes
        later = [
            case.code
            async for some in replaying.cases_since(
                transaction, NOON + timedelta(minutes=90), text=False, former=False
            )
            for case in some
        ]
        assert later == codes[2:]
        assert [
            some async for some in replaying.cases_since(transaction, NOON + DAY, text=True, former=True)
        ] == []


async def test_words_and_former_wards_come_only_where_they_are_asked_for(database: Database) -> None:
    await stored(database, 2)
    async with database.read() as transaction:
        for text, former in ((False, False), (True, True)):
            (some,) = [
                each async for each in replaying.cases_since(transaction, NOON, text=text, former=former)
            ]
            assert bool(some[0].text) is text
            assert [each.name for each in some[0].former] == (["Phường Láng"] if former else [])
