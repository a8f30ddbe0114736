"""Figures by queries and by a recount of the events are the same, whatever happened to ten thousand cases."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from routing import trees
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, to_document
from routing.workflow import OPEN_STATUSES
from storage import ledger, people, seals, units
from storage.cases import Case
from storage.database import Database
from storage.figures import COUNTED_KINDS, Figures, Recount, figures
from storage.tables import event
from tests.histories import DOMAINS, Stage, live_all

BEGIN = datetime(2026, 11, 2, tzinfo=LOCAL_TIME)
DAY = timedelta(days=1)
WARDS = ("phuong-khuong-dinh", "phuong-thanh-xuan", "phuong-cau-giay", "phuong-nghia-do")
MERGED, DIVIDED = "phuong-khuong-dinh", "phuong-cau-giay"
UNITS = (*WARDS, "so-xay-dung", "ha-noi")


@pytest.fixture(scope="module")
def city() -> City:
    """Hà Nội after a ward was merged into another and one was divided."""
    before = build_city("Hà Nội")
    over = {
        MERGED: ("phuong-thanh-xuan",),
        DIVIDED: ("phuong-nghia-do", "phuong-yen-hoa"),
    }
    changed = {
        code: replace(before.units[code], valid_to=(BEGIN + 30 * DAY).date(), successors=successors)
        for code, successors in over.items()
    }
    return replace(before, units={**before.units, **changed})


async def lived(database: Database, city: City, count: int) -> list[Case]:
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=BEGIN)
        reporter = people.add_person(transaction, channel="web", user="an", name="", now=BEGIN).id
    places = [city.units[code].ward_code for code in WARDS]
    stage = Stage(city=city, reporter_id=reporter, units=UNITS, wards=[*places, None], begins_at=BEGIN)
    return await live_all(database, stage, seed=7, count=count)


def questions(city: City) -> list[dict[str, Any]]:
    """Every way of asking: periods, moments, units, domains, groups, both trees, and units by those above."""
    november = {"start": BEGIN, "end": BEGIN + 28 * DAY, "now": BEGIN + 28 * DAY}
    december = {"start": BEGIN + 28 * DAY, "end": BEGIN + 60 * DAY, "now": BEGIN + 60 * DAY}
    now_tree = trees.as_now(city)
    below = trees.counted_below(city, "ha-noi", now_tree)
    return [
        november,
        {**november, "group_by": "unit"},
        {**november, "group_by": "domain"},
        {**november, "group_by": "unit", "moved": now_tree},
        {**november, "group_by": "unit", "domain": "noise"},
        {**november, "now": BEGIN + 5 * DAY},
        december,
        {**december, "group_by": "unit", "moved": below},
        {**december, "group_by": "domain", "moved": now_tree, "unit_codes": ["phuong-thanh-xuan", DIVIDED]},
        {**december, "group_by": "unit", "unit_codes": [MERGED, "so-xay-dung"]},
        {**december, "unit_codes": []},
    ]


async def check(database: Database, city: City, stored: list[Case]) -> None:
    counting = Recount(city.calendar)
    async with database.read() as transaction:
        await counting.read(transaction)
        for asked in questions(city):
            assert await figures(transaction, **asked) == counting.figures(**asked), asked
        await check_sums(transaction, stored)


MANY = 5_000
"""From so many histories on, the rarest thing happens too."""


async def check_sums(transaction: Any, stored: list[Case]) -> None:
    ever = {"start": BEGIN - 99 * DAY, "end": BEGIN + 999 * DAY, "now": BEGIN + 50 * DAY}
    total = (await figures(transaction, **ever))[None]
    counted = [case for case in stored if case.kind in COUNTED_KINDS and case.status != "merged"]
    assert total.received == len(counted)
    assert total.open == sum(case.status in OPEN_STATUSES for case in counted)
    assert total.answered == total.on_time + total.late + total.late_with_extension
    assert total.rejected > total.rejected_late
    for number in (
        "on_time",
        "late",
        "late_with_extension",
        "reopened",
        "returned",
        "satisfied",
        *(("rejected_late",) if len(stored) > MANY else ()),
    ):
        assert getattr(total, number) > 0, f"the histories show no {number}"
    for group_by in ("unit", "domain"):
        parts = (await figures(transaction, **ever, group_by=group_by)).values()  # type: ignore[arg-type]
        assert all(isinstance(part, Figures) for part in parts)
        for name in ("received", "answered", "late", "overdue", "rejected_late", "rating_sum", "satisfied"):
            assert sum(getattr(part, name) for part in parts) == getattr(total, name)
        assert sum(part.returned for part in parts) >= total.returned
    assert {case.domain for case in counted} == set(DOMAINS)


async def test_figures_equal_a_recount_of_ten_thousand_histories(sqlite: Database, city: City) -> None:
    await check(sqlite, city, await lived(sqlite, city, 10_000))


async def test_figures_equal_a_recount_on_postgresql(postgresql: Database, city: City) -> None:
    await check(postgresql, city, await lived(postgresql, city, 1_000))


async def test_a_recount_goes_on_where_it_stopped(database: Database, city: City) -> None:
    await lived(database, city, 50)
    going_on, asked = Recount(city.calendar), questions(city)[1]
    async with database.read() as transaction:
        await going_on.read(transaction)
        before = going_on.figures(**asked)
        await going_on.read(transaction)
        assert going_on.figures(**asked) == before
        assert going_on.figures(**asked) == await figures(transaction, **asked)


async def test_random_histories_can_be_sealed_and_proved(database: Database, city: City) -> None:
    await lived(database, city, 100)
    async with database.begin() as transaction:
        sealed = await seals.seal_days(transaction, now=BEGIN + 90 * DAY)
        end = datetime.combine(sealed[-1].day + DAY, time(), LOCAL_TIME)
        later = await transaction.fetch(select(event.c.sequence).where(event.c.at >= end))
        assert later, "a day is over when something has happened since"
        assert sum(each.events for each in sealed) == await ledger.count_events(transaction) - len(later)
    async with database.read() as transaction:
        assert (await seals.verify(transaction)).holds
