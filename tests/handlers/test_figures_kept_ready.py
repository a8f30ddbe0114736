"""Figures kept ready are those of a recount at every moment, whatever happens between two of them."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update

from handlers import changes, merging, progress
from handlers.changes import SYSTEM, Actor, Step
from handlers.merging import CannotMerge
from handlers.progress import EVENTS
from routing import trees
from routing.deadline import LOCAL_TIME, midnight
from routing.organisation import build_city, to_document
from routing.workflow import MOVES, OPEN_STATUSES, Action, Status
from storage import cases, folding, people, rollups, units
from storage.cases import Case
from storage.database import Database, Transaction
from storage.figures import Figures, Recount, figures
from storage.tables import case as case_table
from storage.tables import rollup, rollup_change, rollup_open
from tests.histories import DOMAINS, Stage, happen, receive

BEGIN = datetime(2026, 11, 2, tzinfo=LOCAL_TIME)
DAY = timedelta(days=1)
WARDS = ("phuong-khuong-dinh", "phuong-thanh-xuan", "phuong-cau-giay", "phuong-nghia-do")
UNITS = (*WARDS, "so-xay-dung", "ha-noi")


class Life:
    """A city in which one thing happens after the other, each in a transaction of its own."""

    def __init__(self, database: Database, stage: Stage, seed: int) -> None:
        self.database, self.stage, self.dice = database, stage, random.Random(seed)
        self.now = stage.begins_at
        self.codes: list[str] = []
        self.counting = Recount(stage.city.calendar)

    async def go_on(self) -> str:
        """Let something happen; return what."""
        self.now += timedelta(
            seconds=int(self.dice.expovariate(1 / 15_000)), microseconds=self.dice.randrange(10**6)
        )
        doing = {
            "receive": (self.receive, 6),
            "move": (self.move, 24),
            "merge": (self.merge, 3),
            "unmerge": (self.unmerge, 1),
            "reorganise": (self.reorganise, 1),
            "join": (self.join, 2),
            "fold": (self.fold, 4),
            "rebuild": (folding.rebuild, 0.3),
        }
        name = "receive"
        if len(self.codes) > 4:
            (name,) = self.dice.choices(list(doing), [weight for _, weight in doing.values()])
        async with self.database.begin() as transaction:
            await doing[name][0](transaction)  # type: ignore[operator]
        return name

    async def receive(self, transaction: Transaction) -> None:
        case = receive(transaction, self.stage, self.dice, len(self.codes), self.now)
        cases.add_case(transaction, case)
        self.codes.append(case.code)

    async def move(self, transaction: Transaction) -> None:
        case = await self.any_case(transaction)
        for _ in range(self.dice.randint(1, 3)):
            happen(transaction, self.stage, case, self.dice, self.now)
        cases.save_case(transaction, case)

    async def join(self, transaction: Transaction) -> None:
        case = await self.any_case(transaction)
        case.people_count = self.dice.randint(1, 9)
        progress.record(transaction, case, "joined", actor=SYSTEM, now=self.now)
        cases.save_case(transaction, case)

    async def merge(self, transaction: Transaction) -> None:
        one, other = await self.any_case(transaction), await self.any_case(transaction)
        case, master = (
            merging.in_order(*await merging.lock_both(transaction, one, other))
            if one.id != other.id
            else (one, one)
        )
        try:
            merging.check(self.stage.city, case, master)
        except CannotMerge:
            return
        allowed = MOVES.get((Status(case.status), Action.MERGE))
        if allowed is not None:
            by = Actor(person_id=None, role=sorted(allowed.roles)[0])
            await merging.merge(transaction, self.stage.city, case, master, actor=by, now=self.now)

    async def unmerge(self, transaction: Transaction) -> None:
        merged = [
            Case(**row)
            for row in await transaction.fetch(select(case_table).where(case_table.c.status == Status.MERGED))
            if row["master_id"] is not None
        ]
        if not merged:
            return
        case = self.dice.choice(merged)
        master = await cases.get_case_by_id(transaction, case.master_id or 0)
        assert master is not None
        by = Actor(person_id=None, role=sorted(MOVES[Status.MERGED, Action.UNMERGE].roles)[0])
        await merging.unmerge(transaction, self.stage.city, case, master, actor=by, now=self.now)

    async def reorganise(self, transaction: Transaction) -> None:
        """Give every open case of a unit to another."""
        was, unit = self.dice.sample(UNITS, 2)
        query = select(case_table).where(
            case_table.c.unit_code == was, case_table.c.status.in_(OPEN_STATUSES)
        )
        for row in await transaction.fetch(query):
            case, data = Case(**row), {"was": was, "unit": unit}
            changes.make(
                case, Action.REORGANISE, Step(city=self.stage.city, actor=SYSTEM, now=self.now, data=data)
            )
            progress.record(
                transaction, case, EVENTS[Action.REORGANISE], actor=SYSTEM, now=self.now, data=data
            )
            cases.save_case(transaction, case)

    async def fold(self, transaction: Transaction) -> None:
        await folding.fold(transaction, limit=self.dice.choice([1, 3, 50, None]))

    async def any_case(self, transaction: Transaction) -> Case:
        case = await cases.get_case(transaction, self.dice.choice(self.codes))
        assert case is not None
        return case

    async def check(self) -> None:
        """Ask two questions, of the figures and of the events."""
        async with self.database.read() as transaction:
            await self.counting.read(transaction)
            for asked in (self.question() for _ in range(2)):
                found = await figures(transaction, **asked)
                assert found == self.counting.figures(**asked), asked
            await self.check_course(transaction)

    async def check_course(self, transaction: Transaction) -> None:
        """Ask for a course of time; each step of it is a question of its own."""
        first = (BEGIN + self.dice.randrange(-5, 30) * DAY).date()
        asked: dict[str, Any] = {
            "first": first,
            "last": first + timedelta(days=self.dice.randrange(40)),
            "step": self.dice.choice(["day", "week", "month"]),
            "domains": self.dice.choice([None, DOMAINS[:2]]),
            **self.of_units(),
        }
        found = await rollups.series(transaction, **asked, now=self.now)
        day = asked.pop("first")
        for start, end in steps(day, asked.pop("last"), asked.pop("step")):
            told = self.counting.figures(
                start=midnight(start),
                end=midnight(end + DAY),
                now=self.now,
                domain=asked["domains"],
                unit_codes=asked["unit_codes"],
                moved=asked["moved"],
            )[None]
            shown = next(each for key, each in sorted(found.items(), reverse=True) if key <= start)
            assert shown == of_period(told), (start, end, asked)

    def question(self) -> dict[str, Any]:
        start = BEGIN + self.dice.randrange(-40, 40) * DAY
        end = start + self.dice.choice([0, 1, 3, 7, 30, 61, 800]) * DAY
        if self.dice.random() < 0.2:
            start, end = (
                start + timedelta(hours=9.5),
                end + timedelta(hours=self.dice.choice([1, 11]), microseconds=1),
            )
        return {
            "start": start,
            "end": end,
            "now": self.dice.choice(
                [self.now, self.now, self.now + 2 * DAY, self.now - DAY, self.now + timedelta(hours=1)]
            ),
            "domain": self.dice.choice([None, None, "noise", DOMAINS[:2]]),
            "group_by": self.dice.choice([None, "unit", "domain"]),
            **self.of_units(),
        }

    def of_units(self) -> dict[str, Any]:
        city = self.stage.city
        followed = trees.as_now(city)
        moved = self.dice.choice([None, followed, trees.counted_below(city, "ha-noi", followed)])
        divided = {
            "phuong-cau-giay/" + str(city.units[WARDS[3]].ward_code): WARDS[3],
            "so-xay-dung": WARDS[0],
        }
        chosen = self.dice.choice([None, [], list(self.dice.sample(UNITS, 2)), list(UNITS)])
        return {"unit_codes": chosen, "moved": self.dice.choice([moved, divided])}


def steps(first: date, last: date, step: str) -> Iterator[tuple[date, date]]:
    """Yield the first and last day of each step, worked out day by day."""
    begin, day = first, first
    while day <= last:
        after = day + DAY
        ends = {"day": True, "week": after.weekday() == 0, "month": after.day == 1}[step]
        if ends or day == last:
            yield begin, day
            begin = after
        day = after


def of_period(told: Figures) -> Figures:
    """Return figures without those that no course of time has."""
    names = {each: getattr(told, each) for each in told.__slots__}
    return Figures(**{**names, "on_track": 0, "at_risk": 0, "overdue": 0, "returned": 0})


async def a_life(database: Database, seed: int) -> Life:
    city = build_city("Hà Nội")
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=BEGIN)
        reporter = people.add_person(transaction, channel="web", user="an", name="", now=BEGIN).id
    places = [city.units[code].ward_code for code in WARDS]
    stage = Stage(city=city, reporter_id=reporter, units=UNITS, wards=[*places, None], begins_at=BEGIN)
    return Life(database, stage, seed)


@pytest.mark.parametrize("seed", range(2))
async def test_figures_are_those_of_a_recount_after_every_step(database: Database, seed: int) -> None:
    life = await a_life(database, seed)
    done = []
    for step in range(150):
        done.append(await life.go_on())
        await life.check()
        if step % 25 == 0:
            async with database.read() as transaction:
                assert await folding.differences(transaction) == [], done
    assert {*done} >= {"receive", "move", "merge", "reorganise", "join", "fold"}


async def test_what_is_added_is_what_counting_anew_gives(database: Database) -> None:
    life = await a_life(database, 11)
    for _ in range(150):
        await life.go_on()
    async with database.begin() as transaction:
        while await folding.fold(transaction):
            pass
        assert not await transaction.fetch(select(rollup_change.c.id))
        added = [await rows(transaction, table) for table in (rollup, rollup_open)]
        await folding.rebuild(transaction)
        assert added == [await rows(transaction, table) for table in (rollup, rollup_open)]


async def rows(transaction: Transaction, table: Any) -> set[tuple[Any, ...]]:
    """Return what is kept, without rows that have nothing."""
    found = [tuple(row.values()) for row in await transaction.fetch(select(table))]
    return {row for row in found if any(row[4:])}


async def test_a_figure_that_was_changed_by_hand_is_named(database: Database) -> None:
    life = await a_life(database, 5)
    for _ in range(40):
        await life.go_on()
    async with database.begin() as transaction:
        await folding.rebuild(transaction)
        await transaction.execute(
            update(rollup)
            .where(rollup.c.tier == "domain", rollup.c.domain == "noise", rollup.c.bucket == "m2026-11")
            .values(late=rollup.c.late + 1)
        )
        await transaction.execute(
            insert(rollup_open).values(
                tier="unit", bucket="d2026-11-30", unit_code="ha-noi", domain="*", overdue=1
            )
        )
    async with database.read() as transaction:
        found = await folding.differences(transaction)
    assert [str(each) for each in found] == [
        "rollup m2026-11: unit *, domain noise",
        "rollup_open d2026-11-30: unit ha-noi, domain *",
    ]


async def test_cases_that_are_changed_by_sql_alone_count_at_once(database: Database) -> None:
    """No code path can forget it: the database itself notes every change."""
    life = await a_life(database, 6)
    for _ in range(30):
        await life.go_on()
    async with database.begin() as transaction:
        await transaction.execute(
            update(case_table).values(unit_code=WARDS[1], domain="noise", kind="feedback")
        )
        await transaction.execute(text("DELETE FROM event"))
        some = life.codes[:3]
        await transaction.execute(update(case_table).values(master_id=None))
        await transaction.execute(delete(case_table).where(case_table.c.code.in_(some)))
        assert await folding.differences(transaction) == []
        asked = {"start": BEGIN - DAY, "end": BEGIN + 99 * DAY, "now": life.now}
        found = await figures(transaction, **asked, group_by="unit")  # type: ignore[arg-type]
    assert list(found) == [WARDS[1]]


async def test_two_clocks_add_each_change_once(postgresql: Database) -> None:
    life = await a_life(postgresql, 7)
    for _ in range(60):
        await life.go_on()
    async with postgresql.begin() as one, postgresql.begin() as other:
        assert await folding.fold(one, limit=20) == 20
        assert await folding.fold(other, limit=20) == 0
    async with postgresql.read() as transaction:
        assert await folding.differences(transaction) == []
    await life.check()


async def test_a_change_that_is_written_while_others_are_added_waits(postgresql: Database) -> None:
    life = await a_life(postgresql, 8)
    for _ in range(40):
        await life.go_on()
    async with postgresql.begin() as writing:
        await life.receive(writing)
        await writing.flush()
        async with postgresql.begin() as adding:
            while await folding.fold(adding):
                pass
    async with postgresql.read() as transaction:
        assert len(await transaction.fetch(select(rollup_change.c.id))) == 1
        assert await folding.differences(transaction) == []
    await life.check()
