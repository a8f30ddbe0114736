"""What looking ahead is learnt from: read by index, kept once, and the same on both databases."""

import json
import re
from datetime import timedelta

from routing import foretelling
from routing.risk import Handling
from routing.workflow import Status
from storage import cases, ledger, looking_ahead
from storage.cases import Case
from storage.database import Database
from storage.people import add_person
from tests.storage.samples import DAY, HOUR, NOON, a_case, add_reporter

WARD, OTHER = "phuong-khuong-dinh", "phuong-cau-giay"
WEEK = 7 * DAY


async def add(database: Database, *added: Case) -> None:
    async with database.begin() as transaction:
        for case in added:
            cases.add_case(transaction, case)


# ── how cases are handled ────────────────────────────────────────────────────────────────────────


async def test_open_cases_are_those_that_a_unit_owes_an_answer(database: Database) -> None:
    reporter = await add_reporter(database)
    mine = a_case(reporter, assigned_at=NOON + HOUR, accepted_at=NOON + 2 * HOUR, paused_hours=1.5)
    await add(
        database,
        mine,
        a_case(reporter, unit_code=OTHER),
        a_case(reporter, status="answered", answered_at=NOON),
        a_case(reporter, kind="denunciation"),
        a_case(reporter, due_at=None),
        a_case(reporter, unit_code=None, status="triage"),
    )
    async with database.read() as transaction:
        assert len(await looking_ahead.open_cases(transaction, None)) == 2
        assert await looking_ahead.open_cases(transaction, []) == []
        found = await looking_ahead.open_cases(transaction, [WARD])
    assert [(each.id, each.code) for each in found] == [(mine.id, mine.code)]
    assert found[0].handling == Handling(
        unit=WARD,
        domain="waste",
        began_at=NOON,
        given_at=NOON + HOUR,
        due_at=NOON + 24 * HOUR,
        accepted_at=NOON + 2 * HOUR,
        paused_hours=1.5,
    )


async def test_thousands_of_open_cases_are_all_read(database: Database) -> None:
    reporter = await add_reporter(database)
    await add(database, *(a_case(reporter) for _ in range(1203)))
    async with database.read() as transaction:
        assert len({each.id for each in await looking_ahead.open_cases(transaction, None)}) == 1203


async def test_an_answer_is_held_to_the_deadline_that_held_then(database: Database) -> None:
    """A case that was reopened counts from then; the latest answers come first, up to a limit."""
    reporter = await add_reporter(database)
    answered = [
        a_case(
            reporter,
            status="closed",
            received_at=NOON - WEEK,
            reopened_at=NOON if number == 2 else None,
            assigned_at=NOON - WEEK,
            answered_at=NOON + number * HOUR,
            answer_due_at=NOON + 3 * HOUR,
        )
        for number in (1, 2, 3)
    ]
    still_open = a_case(reporter)
    await add(database, *answered, still_open, a_case(reporter, unit_code=OTHER))
    async with database.read() as transaction:
        found = await looking_ahead.handled(transaction, WARD, since=NOON + 2 * HOUR, limit=9)
        assert len(await looking_ahead.handled(transaction, WARD, since=NOON, limit=1)) == 2
    assert [each.ended_at for each in found] == [None, NOON + 3 * HOUR, NOON + 2 * HOUR]
    assert [each.began_at for each in found] == [NOON, NOON - WEEK, NOON]
    assert [each.given_at for each in found] == [NOON, NOON - WEEK, NOON]
    assert found[1].due_at == NOON + 3 * HOUR


async def test_each_active_unit_is_counted_once_a_week(database: Database) -> None:
    reporter = await add_reporter(database)
    await add(
        database,
        a_case(reporter),
        a_case(reporter, unit_code=OTHER, status="closed", answered_at=NOON),
        a_case(reporter, unit_code="ha-noi", status="closed", answered_at=NOON - 30 * DAY),
    )

    async def next_unit() -> str | None:
        async with database.begin() as transaction:
            return await looking_ahead.unit_to_count(transaction, since=NOON - WEEK, before=NOON)

    assert await next_unit() == OTHER, "the third has done nothing for long"
    for unit, at in ((OTHER, NOON), (WARD, NOON - HOUR)):
        async with database.begin() as transaction:
            looking_ahead.save_counts(transaction, unit, {"known": 3}, at=at)
    assert await next_unit() == WARD, "it was counted too long ago"
    async with database.begin() as transaction:
        looking_ahead.save_counts(transaction, WARD, {"known": 4}, at=NOON)
        kept = await looking_ahead.all_counts(transaction)
    assert await next_unit() is None
    assert {unit: json.loads(written) for unit, written in kept.items()} == {
        OTHER: {"known": 3},
        WARD: {"known": 4},
    }


# ── what is reported where ───────────────────────────────────────────────────────────────────────


async def test_a_days_count_is_of_people_and_can_be_made_again(database: Database) -> None:
    """Somebody who writes three times counts once; denunciations and what lies nowhere never do."""
    an = await add_reporter(database)
    async with database.begin() as transaction:
        ba = add_person(transaction, channel="web", user="ba", name="Bà", now=NOON).id
    first = a_case(an, ward_code="00001")
    await add(
        database,
        first,
        a_case(an, ward_code="00001"),
        a_case(ba, ward_code="00001"),
        a_case(ba, ward_code="00002", domain="noise"),
        a_case(ba, ward_code="00002", kind="denunciation"),
        a_case(ba, ward_code=None),
        a_case(ba, ward_code="00001", received_at=NOON + DAY),
    )
    day = NOON.date()

    async def counted() -> object:
        async with database.begin() as transaction:
            await looking_ahead.count_day(transaction, day, start=NOON - 5 * HOUR, end=NOON + 5 * HOUR)
        async with database.begin() as transaction:
            return {each: json.loads(n) for each, n in (await _days(transaction)).items()}

    assert await counted() == {day: {"00001": {"waste": 2}, "00002": {"noise": 1}}}
    first.domain = "noise"
    async with database.begin() as transaction:
        cases.save_case(transaction, first)
    assert await counted() == {day: {"00001": {"noise": 1, "waste": 2}, "00002": {"noise": 1}}}
    async with database.begin() as transaction:
        assert await looking_ahead.first_received(transaction) == NOON
        assert await looking_ahead.last_received(transaction) == NOON + DAY
        await looking_ahead.forget_days(transaction, day + timedelta(days=1))
        assert await _days(transaction) == {}


async def _days(transaction: looking_ahead.Transaction) -> dict[object, str]:
    return {**await looking_ahead.days_counted(transaction, NOON.date() - timedelta(days=9))}


# ── rises ────────────────────────────────────────────────────────────────────────────────────────


async def test_of_one_ward_and_domain_only_one_rise_lasts(database: Database) -> None:
    columns = {
        "unit_code": WARD,
        "domain": "waste",
        "first_day": NOON.date(),
        "last_day": NOON.date(),
        "people": 9,
        "expected": 0.5,
        "noticed_at": NOON,
    }
    async with database.begin() as transaction:
        rise_id = looking_ahead.add_rise(transaction, **columns)
    async with database.begin() as transaction:
        looking_ahead.add_rise(transaction, **columns)
        looking_ahead.note_lasting(transaction, rise_id, last_day=NOON.date() + DAY)
        [kept] = await looking_ahead.lasting_rises(transaction)
        assert (kept.id, kept.last_day, kept.people) == (rise_id, NOON.date() + DAY, 9)
        looking_ahead.note_over(transaction, rise_id, at=NOON + WEEK)
        assert await looking_ahead.lasting_rises(transaction) == []
    async with database.begin() as transaction:
        again = looking_ahead.add_rise(transaction, **columns)
        assert [each.id for each in await looking_ahead.lasting_rises(transaction)] == [again]
        over = await looking_ahead.get_rise(transaction, rise_id)
        assert over is not None
        assert over.ended_at == NOON + WEEK
        assert await looking_ahead.get_rise(transaction, 1) is None


async def test_a_rises_cases_are_of_its_place_and_time(database: Database) -> None:
    reporter = await add_reporter(database)
    mine = [a_case(reporter, ward_code="00001", received_at=NOON + each * HOUR) for each in range(3)]
    others = [
        a_case(reporter, ward_code="00002"),
        a_case(reporter, ward_code="00001", domain="noise"),
        a_case(reporter, ward_code="00001", kind="denunciation"),
        a_case(reporter, ward_code="00001", received_at=NOON + DAY),
    ]
    await add(database, *mine, *others)
    asked = {"domain": "waste", "start": NOON, "end": NOON + DAY}
    async with database.read() as transaction:
        found = await looking_ahead.cases_of_rise(transaction, wards=["00001"], limit=2, **asked)
        assert await looking_ahead.cases_of_rise(transaction, wards=[], limit=2, **asked) == []
    assert [each.id for each in found] == [mine[2].id, mine[1].id]


# ── looking back ─────────────────────────────────────────────────────────────────────────────────


async def test_the_ledger_tells_what_was_known_when(database: Database) -> None:
    reporter = await add_reporter(database)
    case = a_case(reporter)
    async with database.begin() as transaction:
        cases.add_case(transaction, case)
        for hours, type, status in ((0, "assigned", "assigned"), (3, "answered", "answered")):
            case.status = status
            if type == "answered":
                case.answered_at, case.answer_due_at = NOON + 3 * HOUR, case.due_at
            ledger.append_event(
                transaction,
                case,
                type=type,
                actor_id=None,
                actor_role="system",
                unit_code=None,
                at=NOON + hours * HOUR,
                data={},
            )
            cases.save_case(transaction, case)
        cases.add_case(transaction, a_case(reporter, received_at=NOON - DAY))
    async with database.read() as transaction:
        found = [each async for each in looking_ahead.histories(transaction, start=NOON)]
    [(received_at, steps)] = found
    assert received_at == NOON
    assert [(step.type, step.status, step.unit) for step in steps] == [
        ("assigned", Status.ASSIGNED, WARD),
        ("answered", Status.ANSWERED, WARD),
    ]
    assert steps[1].answer_due_at == NOON + 24 * HOUR
    [only] = foretelling.rounds(received_at, steps)
    assert only.missed(NOON + WEEK) is False


async def test_no_query_that_grows_scans_the_cases(sqlite: Database) -> None:
    """Each finds its rows by an index, however many cases there are."""
    reporter = await add_reporter(sqlite)
    await add(sqlite, *(a_case(reporter, ward_code="00001") for _ in range(50)))
    plans = {
        "open": looking_ahead._OPEN_OF_CITY,
        "of a unit": looking_ahead._ENDED,
        "to count": looking_ahead._TO_COUNT,
        "of a day": looking_ahead._OF_DAY,
        "of a rise": looking_ahead._CASES_OF,
        "first": looking_ahead._FIRST,
    }
    async with sqlite.read() as transaction:
        for name, statement in plans.items():
            compiled = statement.compile(transaction.connection.engine.sync_engine)
            words = re.sub(r"\(__\[POSTCOMPILE_\w+\]\)", "(0)", str(compiled)).replace("?", "0")
            plan = await transaction.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}")
            steps = [row[-1] for row in plan]
            scans = [step for step in steps if step.startswith("SCAN case") and "INDEX" not in step]
            assert not scans, f"{name}: {steps}"
