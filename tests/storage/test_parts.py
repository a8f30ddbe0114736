"""Parts of supporting units: stored, listed by when they are due, dropped, reminded of once."""

from sqlalchemy import select

from storage import cases, parts
from storage.database import Database
from storage.parts import Part
from storage.tables import part as part_table
from tests.storage.samples import HOUR, NOON, a_case, add_reporter

UNIT, OTHER = "phuong-cau-giay", "ha-noi"


async def keep(database: Database, *wanted: Part) -> None:
    reporter_id = await add_reporter(database)
    async with database.begin() as transaction:
        for case_id in sorted({part.case_id for part in wanted}):
            cases.add_case(transaction, a_case(reporter_id, id=case_id, code=f"HN-2222-{case_id:04d}"))
        for part in wanted:
            parts.add_part(transaction, part)


def a_part(number: int, *, case_id: int = 1, unit: str = UNIT, hours: int = 1) -> Part:
    due_at = NOON + hours * HOUR
    return Part(id=number, case_id=case_id, unit_code=unit, task="Cho mượn xe", asked_at=NOON, due_at=due_at)


async def test_what_is_kept_comes_back_as_it_was(database: Database) -> None:
    part = a_part(7)
    await keep(database, part)
    async with database.begin() as transaction:
        assert await parts.get_part(transaction, 7, lock=True) == part
        part.status, part.answer, part.answered_at = parts.DONE, "Xong", NOON + HOUR
        parts.save_part(transaction, part)
        assert await parts.parts_of(transaction, 1) == [part]
        assert await parts.get_part(transaction, 8) is None


async def test_open_parts_of_units_are_listed_by_when_they_are_due(database: Database) -> None:
    await keep(database, a_part(1, hours=5), a_part(2, hours=2), a_part(3, unit=OTHER), a_part(4, case_id=2))
    async with database.begin() as transaction:
        listed = await parts.open_parts_of_units(transaction, [UNIT], limit=2)
        assert [each.id for each in listed] == [4, 2]
        assert listed[0].code == "HN-2222-0002"
        rest = await parts.open_parts_of_units(transaction, [UNIT], limit=2, offset=2)
        assert [each.id for each in rest] == [1]
        assert await parts.count_open_parts_of_units(transaction, [UNIT, OTHER]) == 4


async def test_a_finished_case_leaves_no_open_part(database: Database) -> None:
    await keep(database, a_part(1), a_part(2, case_id=2))
    async with database.begin() as transaction:
        done = await parts.get_part(transaction, 1)
        assert done is not None
        parts.drop_parts(transaction, 2, NOON)
        assert await parts.count_open_parts_of_units(transaction, [UNIT]) == 1
        statuses = await transaction.fetch(select(part_table.c.status).order_by(part_table.c.id))
        assert [row["status"] for row in statuses] == [parts.OPEN, parts.DROPPED]


async def test_each_part_is_reminded_of_once(database: Database) -> None:
    await keep(database, a_part(1), a_part(2, hours=3))
    async with database.begin() as transaction:
        due = await parts.parts_due(transaction, now=NOON + 2 * HOUR, limit=10)
        assert [each.id for each in due] == [1]
        parts.mark_reminded(transaction, due, NOON + 2 * HOUR)
        assert await parts.parts_due(transaction, now=NOON + 2 * HOUR, limit=10) == []
        assert [each.id for each in await parts.parts_due(transaction, now=NOON + 4 * HOUR, limit=10)] == [2]
