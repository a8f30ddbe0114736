"""Figures of a period that is over: districts keep what their wards did before the wards came to others."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from handlers import reorganising as carrying_out
from handlers import statistics
from routing.deadline import LOCAL_TIME
from routing.organisation import City, Unit, build_city, to_document
from storage import cases, people, reorganising, units
from storage.database import Database
from storage.ledger import append_event
from tests.storage.samples import a_case

MONDAY = datetime(2026, 11, 23, 10, tzinfo=LOCAL_TIME)
DAY = timedelta(days=1)
WARD, STAYS, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan", "phuong-cau-giay"
ONE, TWO, BOTH = "quan-mot", "quan-hai", "quan-moi"


@pytest.fixture
async def city(database: Database) -> City:
    """Two wards below one district, one below another; each ward has a case of Monday."""
    plain = build_city("Hà Nội")
    districts = {code: Unit(code=code, name=code, kind="district", parent="ha-noi") for code in (ONE, TWO)}
    below = {WARD: ONE, STAYS: ONE, OTHER: TWO}
    wards = {code: replace(plain.units[code], parent=parent) for code, parent in below.items()}
    made = replace(plain, units={**plain.units, **districts, **wards})
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(made), now=MONDAY)
        reporter = people.add_person(transaction, channel="web", user="an", name="", now=MONDAY).id
        for unit in below:
            case = a_case(reporter, unit_code=unit, received_at=MONDAY)
            who: dict[str, Any] = {"actor_id": None, "actor_role": "system", "unit_code": unit}
            append_event(transaction, case, type="received", at=MONDAY, data={}, **who)
            cases.add_case(transaction, case)
    return made


async def change(database: Database, *changes: dict[str, Any]) -> None:
    """Carry out a change on Tuesday."""
    day, now = (MONDAY + DAY).date(), MONDAY + DAY
    async with database.begin() as transaction:
        document = {"on": day.isoformat(), "changes": list(changes)}
        reorganising.plan_change(transaction, document, on_day=day, now=now)
    left = 1
    while left:
        async with database.begin() as transaction:
            today = await units.load_city(transaction, now=now)
            assert today is not None
            left = await carrying_out.carry_out(transaction, today, now)


async def received(
    database: Database, end: date, *, unit: str = "ha-noi", tree: Any = "then"
) -> dict[str, int]:
    """Return how many cases each unit below one received, asked on Wednesday."""
    now = MONDAY + 2 * DAY
    async with database.read() as transaction:
        today = await units.load_city(transaction, now=now)
        assert today is not None
        found = await statistics.collect(
            transaction, today, start=MONDAY.date(), end=end, unit=unit, domain=None, now=now, tree=tree
        )
    assert found["total"]["received"] == sum(row["received"] for row in found["by_unit"])
    return {row["code"]: row["received"] for row in found["by_unit"] if row["received"]}


async def test_a_moved_ward_leaves_what_it_did_with_the_district_that_it_was_in(
    database: Database, city: City
) -> None:
    monday, tuesday = MONDAY.date(), (MONDAY + DAY).date()
    assert await received(database, monday) == {ONE: 2, TWO: 1}
    await change(database, {"move": WARD, "parent": TWO})
    assert await received(database, monday) == {ONE: 2, TWO: 1}
    assert await received(database, monday, unit=ONE) == {WARD: 1, STAYS: 1}
    assert await received(database, monday, tree="now") == {ONE: 1, TWO: 2}
    assert await received(database, monday, unit=ONE, tree="now") == {STAYS: 1}
    assert await received(database, tuesday) == {ONE: 1, TWO: 2}, "the tree is that of the period's end"


async def test_merged_districts_keep_the_history_of_their_wards(database: Database, city: City) -> None:
    monday = MONDAY.date()
    await change(database, {"merge": [ONE, TWO], "into": {"code": BOTH, "name": "Quận Mới"}})
    assert await received(database, monday) == {ONE: 2, TWO: 1}
    assert await received(database, monday, unit=TWO) == {OTHER: 1}
    assert await received(database, monday, tree="now") == {BOTH: 3}
    assert await received(database, monday, unit=BOTH, tree="now") == {WARD: 1, STAYS: 1, OTHER: 1}
