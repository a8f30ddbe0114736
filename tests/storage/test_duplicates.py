"""What a report is compared with, and who was merged into what, on both databases."""

import asyncio
from typing import Any

import pytest

from routing.similarity import DAYS
from routing.workflow import OPEN_STATUSES
from storage import cases, duplicates, ledger
from storage.cases import Case
from storage.database import Database
from storage.tables import IS_OPEN
from tests.storage.samples import DAY, NOON, SECOND, a_case, add_reporter

HERE = {"latitude": 21.0, "longitude": 105.8}
WARD = {"ward_code": "00364", "ward_name": "Phường Khương Đình"}


async def add(database: Database, *added: Case) -> None:
    async with database.begin() as transaction:
        for case in added:
            cases.add_case(transaction, case)


async def found(database: Database, **asked: Any) -> list[str]:
    row = {"domains": ["waste", "pollution"], "ward_code": "00364", "now": NOON + DAY, **asked}
    async with database.read() as transaction:
        return [each.code for each in await duplicates.candidates(transaction, **row)]


async def test_open_cases_of_the_ward_are_compared_the_latest_first(database: Database) -> None:
    reporter = await add_reporter(database)
    first = a_case(reporter, **WARD)
    later = a_case(reporter, received_at=NOON + SECOND, domain="pollution", status="triage", **WARD)
    await add(database, first, later)
    assert await found(database) == [later.code, first.code]
    assert await found(database, domains=["noise"]) == []
    assert await found(database, ward_code="00367") == []
    assert await found(database, ward_code=None) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "answered"},
        {"status": "merged"},
        {"kind": "grievance"},
        {"kind": "question"},
        {"received_at": NOON - DAYS * DAY},
    ],
)
async def test_others_are_not_compared(database: Database, changes: dict[str, Any]) -> None:
    case = a_case(await add_reporter(database), **{**WARD, **HERE, **changes})
    await add(database, case)
    assert await found(database, **HERE) == []


async def test_what_lies_near_is_compared_whatever_its_ward(database: Database) -> None:
    reporter = await add_reporter(database)
    near = a_case(reporter, ward_code="00367", latitude=21.002, longitude=105.8)
    far = a_case(reporter, ward_code="00367", latitude=21.02, longitude=105.8)
    both_ways = a_case(reporter, **WARD, **HERE)
    await add(database, near, far, both_ways)
    assert set(await found(database, **HERE)) == {near.code, both_ways.code}
    assert set(await found(database, ward_code=None, **HERE)) == {near.code, both_ways.code}


async def test_a_case_of_before_is_compared_by_its_text(database: Database) -> None:
    case = a_case(await add_reporter(database), text="Rác ở ngõ 12", **WARD)
    await add(database, case)
    async with database.begin() as transaction:
        await transaction.execute(cases.case_table.update().values(words=None))
    async with database.read() as transaction:
        (candidate,) = await duplicates.candidates(
            transaction, domains=["waste"], ward_code="00364", now=NOON + DAY
        )
    assert candidate.report.words == "rac o ngo alley=12"


async def test_only_so_many_are_compared(database: Database) -> None:
    reporter = await add_reporter(database)
    many = [a_case(reporter, received_at=NOON + n * SECOND, **WARD) for n in range(duplicates.MOST + 5)]
    await add(database, *many)
    assert await found(database) == [case.code for case in reversed(many[5:])]


async def test_people_are_counted_once_each(database: Database) -> None:
    reporter = await add_reporter(database)
    master = a_case(reporter)
    again = a_case(reporter, status="merged", master_id=master.id)
    await add(database, master, again)
    async with database.begin() as transaction:
        assert await duplicates.count_people(transaction, master) == 1
        assert [case.id for case in await duplicates.merged_into(transaction, [master.id])] == [again.id]
        assert await duplicates.master_of(transaction, again) == master
        assert await duplicates.master_of(transaction, master) is None
        assert await duplicates.merged_into(transaction, []) == []


async def test_two_who_lock_the_same_cases_never_wait_in_a_ring(postgresql: Database) -> None:
    reporter = await add_reporter(postgresql)
    one, other = a_case(reporter), a_case(reporter)
    await add(postgresql, one, other)

    async def lock(*case_ids: int) -> None:
        async with postgresql.begin() as transaction:
            await duplicates.lock_in_order(transaction, case_ids)
            await asyncio.sleep(0.01)

    async with asyncio.timeout(20):
        await asyncio.gather(
            *(lock(one.id, other.id) for _ in range(4)), *(lock(other.id, one.id) for _ in range(4))
        )


async def test_whoever_is_told_is_read_without_the_long_columns(database: Database) -> None:
    reporter = await add_reporter(database)
    master = a_case(reporter)
    later = a_case(reporter, status="merged", master_id=master.id, received_at=NOON + SECOND)
    sooner = a_case(reporter, status="merged", master_id=master.id)
    await add(database, master, later, sooner)
    async with database.begin() as transaction:
        told = await duplicates.joined_to(transaction, [master.id])
        assert [(each.code, each.master_id) for each in told] == [
            (sooner.code, master.id),
            (later.code, master.id),
        ]
        assert await duplicates.joined_to(transaction, []) == []
        locked = await duplicates.lock_in_order(transaction, [later.id, master.id])
        assert list(locked) == [master.id, later.id]


async def test_words_that_came_later_are_found_for_each_case(database: Database) -> None:
    case = a_case(await add_reporter(database))
    await add(database, case)
    async with database.begin() as transaction:
        for number, text in enumerate(("Thêm hai bao", "", "Vẫn còn")):
            ledger.append_event(
                transaction,
                case,
                type="added",
                actor_id=None,
                actor_role="citizen",
                unit_code=None,
                at=NOON + number * SECOND,
                data={"text": text},
            )
        said = await duplicates.later_words(transaction, [case.id])
        assert said == {case.id: [(NOON, "Thêm hai bao"), (NOON + 2 * SECOND, "Vẫn còn")]}
        assert await duplicates.later_words(transaction, []) == {}


def test_the_words_of_the_partial_index_name_the_open_statuses() -> None:
    listed = ", ".join(f"'{status}'" for status in sorted(OPEN_STATUSES))
    assert f"status IN ({listed})" == IS_OPEN
