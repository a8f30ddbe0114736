"""Cases: kept whole, listed in order, found when a milestone has passed."""

import asyncio
from dataclasses import fields
from typing import Any

import pytest

from storage import cases, reminders
from storage.cases import Case
from storage.database import Database
from storage.tables import case as case_table
from tests.storage.samples import DAY, HOUR, NOON, a_case, add_reporter


async def add(database: Database, *added: Case) -> None:
    async with database.begin() as transaction:
        for case in added:
            cases.add_case(transaction, case)


async def save(database: Database, case: Case, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(case, name, value)
    async with database.begin() as transaction:
        cases.save_case(transaction, case)


async def get(database: Database, code: str) -> Case | None:
    async with database.read() as transaction:
        return await cases.get_case(transaction, code)


def test_a_case_has_an_attribute_for_each_column() -> None:
    assert [field.name for field in fields(Case)] == [column.name for column in case_table.columns]


async def test_a_case_comes_back_as_it_was_stored(database: Database) -> None:
    case = a_case(
        await add_reporter(database),
        latitude=20.9935,
        longitude=105.8123,
        reading={"domain": "waste", "candidates": [["waste", 0.91]]},
        anonymous=True,
        urgent=True,
        text="Rác chất đống 3 ngày rồi 😷\nKhông ai dọn!",
    )
    await add(database, case)
    assert await get(database, case.code) == case
    async with database.begin() as transaction:
        assert await cases.get_case_by_id(transaction, case.id, lock=True) == case
        assert await cases.get_case(transaction, "HN-0") is None


async def test_a_saved_case_changes_but_never_what_the_citizen_said(database: Database) -> None:
    case = a_case(await add_reporter(database))
    await add(database, case)
    await save(database, case, status="answered", answer="Đã thu gom.", answered_at=NOON + HOUR, text="khác")
    found = await get(database, case.code)
    assert found is not None
    assert (found.status, found.answer, found.answered_at) == ("answered", "Đã thu gom.", NOON + HOUR)
    assert found.text == "Rác chưa được thu gom."


async def test_two_officials_at_once_do_not_overwrite_each_other(postgresql: Database) -> None:
    case = a_case(await add_reporter(postgresql))
    await add(postgresql, case)

    async def return_it() -> None:
        async with postgresql.begin() as transaction:
            found = await cases.get_case(transaction, case.code, lock=True)
            assert found is not None
            found.returned_count += 1
            cases.save_case(transaction, found)

    await asyncio.gather(*(return_it() for _ in range(10)))
    found = await get(postgresql, case.code)
    assert found is not None
    assert found.returned_count == 10


async def test_a_reporter_sees_the_latest_cases_first(database: Database) -> None:
    reporter = await add_reporter(database)
    await add(
        database, *(a_case(reporter, code=f"HN-{day}", received_at=NOON + day * DAY) for day in range(4))
    )
    async with database.read() as transaction:
        found = await cases.cases_of_reporter(transaction, reporter, limit=3)
        assert await cases.cases_of_reporter(transaction, 5) == []
    assert [case.code for case in found] == ["HN-3", "HN-2", "HN-1"]


async def test_open_cases_come_urgent_first_then_by_when_they_are_due(database: Database) -> None:
    reporter = await add_reporter(database)
    await add(
        database,
        a_case(reporter, code="later", due_at=NOON + 2 * DAY),
        a_case(reporter, code="undated", due_at=None),
        a_case(reporter, code="soon", due_at=NOON + DAY, status="waiting_for_citizen"),
        a_case(reporter, code="urgent", due_at=NOON + 9 * DAY, urgent=True, status="in_progress"),
        a_case(reporter, code="done", status="answered"),
        a_case(reporter, code="elsewhere", unit_code="phuong-cau-giay"),
    )
    async with database.read() as transaction:
        units = ["phuong-khuong-dinh", "ha-noi"]
        found = await cases.open_cases_of_units(transaction, units)
        assert [case.code for case in found] == ["urgent", "soon", "later", "undated"]
        page = await cases.open_cases_of_units(transaction, units, limit=2, offset=1)
        assert [case.code for case in page] == ["soon", "later"]
        assert await cases.count_open_cases_of_units(transaction, units) == 4
        assert await cases.count_open_cases_of_units(transaction, []) == 0


async def test_triage_shows_emergencies_first_then_the_oldest(database: Database) -> None:
    reporter = await add_reporter(database)
    waiting = {"status": "triage", "unit_code": None}
    await add(
        database,
        a_case(reporter, code="new", received_at=NOON + HOUR, **waiting),
        a_case(reporter, code="old", **waiting),
        a_case(reporter, code="urgent", received_at=NOON + 2 * HOUR, urgent=True, **waiting),
        a_case(reporter, code="emergency", received_at=NOON + 3 * HOUR, kind="emergency", **waiting),
        a_case(reporter, code="assigned"),
    )
    async with database.read() as transaction:
        found = await cases.cases_in_triage(transaction, limit=4)
    assert [case.code for case in found] == ["urgent", "emergency", "old", "new"]


async def test_those_that_teach_most_come_first_until_somebody_has_waited_too_long(
    database: Database,
) -> None:
    reporter = await add_reporter(database)
    waiting = {"status": "triage", "unit_code": None}
    await add(
        database,
        a_case(reporter, code="easy", received_at=NOON + HOUR, teaching=0.2, **waiting),
        a_case(reporter, code="hard", received_at=NOON + 2 * HOUR, teaching=0.9, **waiting),
        a_case(reporter, code="waited", teaching=0.1, **waiting),
        a_case(reporter, code="waited longer", received_at=NOON - HOUR, teaching=0.0, **waiting),
        a_case(reporter, code="urgent", received_at=NOON + 3 * HOUR, urgent=True, **waiting),
    )
    async with database.read() as transaction:
        found = await cases.cases_in_triage(transaction, waiting_since=NOON, limit=9)
    assert [case.code for case in found] == ["urgent", "waited longer", "waited", "hard", "easy"]


async def due_codes(database: Database, hours: float) -> list[str]:
    now = NOON + hours * HOUR
    async with database.begin() as transaction:
        found = await reminders.due_cases(transaction, now=now, limit=500, urgent_only=False)
        for case in found:
            reminders.note_told(transaction, case, now=now)
    return [case.code for case in found]


async def test_each_milestone_is_reminded_of_once(database: Database) -> None:
    await add(database, a_case(await add_reporter(database), code="A"))
    hours = [3, 4, 5, 16, 17, 23, 24, 25, 100]
    assert [hour for hour in hours if await due_codes(database, hour)] == [4, 16, 24]


async def test_milestones_missed_together_make_one_reminder(database: Database) -> None:
    await add(database, a_case(await add_reporter(database), code="A"))
    assert await due_codes(database, 30) == ["A"]
    assert await due_codes(database, 31) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "waiting_for_citizen", "paused_at": NOON},
        {"status": "answered"},
        {"status": "closed"},
        {"status": "triage", "accept_due_at": None, "warn_at": None, "due_at": None},
    ],
)
async def test_nobody_is_reminded_of_what_they_do_not_owe(
    database: Database, changes: dict[str, Any]
) -> None:
    case = a_case(await add_reporter(database))
    await add(database, case)
    await save(database, case, **changes)
    assert await due_codes(database, 1_000) == []


async def test_a_case_that_goes_on_is_reminded_of_again(database: Database) -> None:
    case = a_case(await add_reporter(database), code="A", accepted_at=NOON)
    await add(database, case)
    assert await due_codes(database, 30) == ["A"]
    case.reminded_at = NOON + 30 * HOUR
    await save(database, case, warn_at=NOON + 40 * HOUR, due_at=NOON + 48 * HOUR)
    assert [hour for hour in (39, 40, 41, 48, 49) if await due_codes(database, hour)] == [40, 48]


async def test_two_clocks_take_different_cases(postgresql: Database) -> None:
    reporter = await add_reporter(postgresql)
    await add(postgresql, *(a_case(reporter) for _ in range(10)))
    async with postgresql.begin() as one, postgresql.begin() as other:
        first = await reminders.due_cases(one, now=NOON + DAY, limit=6, urgent_only=False)
        second = await reminders.due_cases(other, now=NOON + DAY, limit=10, urgent_only=False)
    assert len({case.id for case in [*first, *second]}) == 10


async def test_silence_closes_only_what_was_answered_long_ago(database: Database) -> None:
    reporter = await add_reporter(database)
    await add(
        database,
        a_case(reporter, code="long ago", status="answered", answered_at=NOON - 2 * DAY),
        a_case(reporter, code="longer ago", status="answered", answered_at=NOON - 3 * DAY),
        a_case(reporter, code="lately", status="answered", answered_at=NOON),
        a_case(reporter, code="closed", status="closed", answered_at=NOON - 9 * DAY),
    )
    async with database.begin() as transaction:
        found = await cases.cases_to_close(transaction, answered_before=NOON - DAY, limit=10)
    assert [case.code for case in found] == ["longer ago", "long ago"]


async def test_photos_stay_in_the_order_in_which_they_came(database: Database) -> None:
    case = a_case(await add_reporter(database))
    await add(database, case)
    async with database.begin() as transaction:
        for key in ("z.jpg", "a.jpg", "z.jpg", "proof.jpg"):
            about = {"media_key": key, "mime": "image/jpeg", "size": 9, "width": 4, "height": 3}
            cases.add_photo(transaction, **about, at=NOON)
            purpose = "answer" if key == "proof.jpg" else "report"
            cases.attach_photo(transaction, case.id, key, purpose, NOON)
        assert await cases.photos_of(transaction, case.id, "report") == ["z.jpg", "a.jpg"]
        assert await cases.photos_of(transaction, case.id, "answer") == ["proof.jpg"]
