"""Counting and listing what lies before a unit, on both databases."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from storage import cases, worklists
from storage.cases import Case
from storage.database import Database
from storage.worklists import Counts, Deciding
from tests.storage.samples import DAY, HOUR, NOON, a_case, add_reporter

WARD, BESIDE, ROOT = "phuong-khuong-dinh", "phuong-cau-giay", "ha-noi"
NOW = NOON + 20 * HOUR
REQUEST: dict[str, Any] = {"hours": 8, "reason": "Chờ vật tư", "by": 1, "at": NOON.isoformat()}


async def filled(database: Database) -> dict[str, Case]:
    """Store a ward's cases, one of each sort, and return them by what they are."""
    reporter = await add_reporter(database)
    found = {
        "on track": a_case(reporter, warn_at=NOW + HOUR, due_at=NOW + 2 * HOUR, accepted_at=NOON),
        "at risk": a_case(reporter, warn_at=NOW, due_at=NOW, accepted_at=NOON, officer_id=reporter),
        "overdue": a_case(reporter, warn_at=NOON, due_at=NOW - HOUR, assigned_at=NOW - HOUR),
        "paused in time": a_case(
            reporter,
            status="waiting_for_citizen",
            warn_at=NOON,
            due_at=NOON + HOUR,
            paused_at=NOON - HOUR,
            accepted_at=NOON,
        ),
        "answered late": a_case(reporter, status="answered", due_at=NOON, officer_id=reporter),
        "to approve": a_case(
            reporter, due_at=NOW + DAY, warn_at=NOW + DAY, accepted_at=NOON, proposed={"text": "Đã dọn"}
        ),
        "elsewhere": a_case(
            reporter, unit_code=BESIDE, due_at=NOON, extension=REQUEST, extension_unit=ROOT, urgent=True
        ),
    }
    async with database.begin() as transaction:
        for case in found.values():
            cases.add_case(transaction, case)
    return found


async def test_each_list_is_counted(database: Database) -> None:
    found = await filled(database)
    reporter = found["on track"].reporter_id
    async with database.read() as transaction:
        counted = await worklists.count(
            transaction,
            [WARD],
            person_id=reporter,
            now=NOW,
            today_from=NOON,
            deciding=Deciding(granting=[WARD, ROOT], approving=[WARD]),
        )
        nobodys = await worklists.count(transaction, [], person_id=reporter, now=NOW, today_from=NOON)
    assert counted == Counts(open=5, today=1, overdue=1, at_risk=1, unaccepted=1, mine=1, decisions=2), (
        "a moment is still in time, a pause is judged as of its beginning, what is answered is not open"
    )
    assert nobodys == Counts()


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("overdue", ["overdue"]),
        ("at_risk", ["at risk"]),
        ("unaccepted", ["overdue"]),
        ("mine", ["at risk"]),
        ("decisions", ["elsewhere", "to approve"]),
    ],
)
async def test_each_list_holds_what_is_counted(database: Database, name: str, expected: list[str]) -> None:
    found = await filled(database)
    names = {case.id: name for name, case in found.items()}
    async with database.read() as transaction:
        page = await worklists.page(
            transaction,
            name,
            [WARD],
            person_id=found["on track"].reporter_id,
            now=NOW,
            deciding=Deciding(leading=[ROOT], approving=[WARD]),
            limit=5,
            offset=0,
        )
        beyond = await worklists.page(
            transaction,
            name,
            [WARD],
            person_id=1,
            now=NOW,
            deciding=Deciding(leading=[ROOT]),
            limit=5,
            offset=5,
        )
    assert [names[case.id] for case in page] == expected
    assert beyond == []


async def test_nobody_decides_for_units_of_others(database: Database) -> None:
    await filled(database)
    async with database.read() as transaction:
        counted = await worklists.count(
            transaction,
            [BESIDE],
            person_id=1,
            now=NOW,
            today_from=NOON,
            deciding=Deciding(granting=[BESIDE], approving=[BESIDE]),
        )
    assert counted.decisions == 0


async def test_what_is_restricted_waits_for_leaders_and_the_units_own_chair(database: Database) -> None:
    await filled(database)
    chairs = Deciding(granting=[ROOT], standing_in=[WARD], hidden=["waste"])
    decides = {
        "a leader": (Deciding(leading=[ROOT], hidden=["waste"]), 1),
        "the chair of the root": (chairs, 0),
        "the unit's chair": (Deciding(approving=[WARD], hidden=["waste"]), 1),
        "the chair of the root, were it open": (replace(chairs, hidden=[]), 2),
    }
    for who, (deciding, expected) in decides.items():
        async with database.read() as transaction:
            counted = await worklists.count(
                transaction, [], person_id=1, now=NOW, today_from=NOON, deciding=deciding
            )
        assert counted.decisions == expected, who


async def test_the_load_of_officers_counts_open_cases_only(database: Database) -> None:
    found = await filled(database)
    reporter = found["on track"].reporter_id
    async with database.read() as transaction:
        assert await worklists.open_cases_of_officers(transaction, [reporter, 5]) == {reporter: 1}
        assert await worklists.open_cases_of_officers(transaction, []) == {}


async def test_what_waits_for_a_decision_is_found_by_its_index(database: Database) -> None:
    await filled(database)
    async with database.read() as transaction:
        if transaction.dialect != "sqlite":
            pytest.skip("PostgreSQL reads so few rows as a whole")
        rows = await transaction.fetch(
            text(
                'EXPLAIN QUERY PLAN SELECT id FROM "case" '
                "WHERE extension_unit IS NOT NULL AND extension_unit IN ('ha-noi', 'x')"
            ),
            {},
        )
    assert "ix_case_extension_unit" in " ".join(str(row) for row in rows)
