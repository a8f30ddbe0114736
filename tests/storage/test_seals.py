"""Seals: whatever is done to a ledger that was sealed is found and named, on both databases."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from storage import cases, ledger, seals
from storage.cases import Case
from storage.database import Database
from storage.ledger import Broken, event_hash
from storage.seals import Seal, Verified
from storage.tables import case as case_table
from storage.tables import event, seal
from tests.storage.samples import DAY, HOUR, NOON, SECOND, a_case, add_reporter

MONDAY = date(2026, 11, 23)
TUESDAY, WEDNESDAY = MONDAY + DAY, MONDAY + 2 * DAY
STORY = (
    ("received", NOON),
    ("assigned", NOON + HOUR),
    ("accepted", NOON + DAY),
    ("answered", NOON + 2 * DAY),
    ("closed", NOON + 3 * DAY),
)


async def sealed_week(database: Database) -> list[Case]:
    """Three cases that were received, accepted and answered on three days; all of it sealed but the end."""
    reporter = await add_reporter(database)
    stored = [a_case(reporter) for _ in range(3)]
    async with database.begin() as transaction:
        for case in stored:
            for type, at in STORY:
                happens(transaction, case, type, at)
            cases.add_case(transaction, case)
        for days in (1, 2, 3):
            await seals.seal_days(transaction, now=NOON + days * DAY)
    return stored


def happens(transaction: Any, case: Case, type: str, at: datetime) -> None:
    ledger.append_event(
        transaction, case, type=type, actor_id=None, actor_role="officer", unit_code=None, at=at, data={}
    )


async def verified(database: Database, **asked: Any) -> Verified:
    async with database.read() as transaction:
        return await seals.verify(transaction, **asked)


async def faults(database: Database, **asked: Any) -> list[Broken]:
    return list((await verified(database, **asked)).faults)


async def the_seal(database: Database, day: date) -> Seal:
    async with database.read() as transaction:
        found = await seals.of_day(transaction, day)
    assert found is not None
    return found


# ── sealing ──────────────────────────────────────────────────────────────────────────────────────


async def test_each_day_is_sealed_an_hour_after_midnight_and_once(database: Database) -> None:
    case = a_case(await add_reporter(database))
    midnight = NOON + 12 * HOUR
    async with database.begin() as transaction:
        assert await seals.seal_days(transaction, now=NOON) == []
        cases.add_case(transaction, case)
        happens(transaction, case, "received", NOON)
        happens(transaction, case, "assigned", midnight + SECOND)
        happens(transaction, case, "accepted", midnight + 2 * DAY)
        happens(transaction, case, "answered", midnight + 3 * DAY)
        cases.save_case(transaction, case)
        assert await seals.seal_days(transaction, now=midnight + HOUR - SECOND) == []
        first = await seals.seal_days(transaction, now=midnight + HOUR)
        assert [each.day for each in first] == [MONDAY]
        assert await seals.seal_days(transaction, now=midnight + 2 * HOUR) == []
        after = await seals.seal_days(transaction, now=midnight + 4 * DAY, limit=2)
        assert await seals.latest(transaction) == after[-1]
    assert [(each.day, each.events, each.cases) for each in (*first, *after)] == [
        (MONDAY, 1, 1),
        (TUESDAY, 1, 1),
        (WEDNESDAY, 0, 0),
    ]
    assert first[0].previous_root == ""
    assert after[0].previous_root == first[0].root


async def test_a_sealed_ledger_holds_and_shows_its_root(database: Database) -> None:
    await sealed_week(database)
    found = await verified(database)
    assert found.holds
    assert found.events == 15
    assert found.latest is not None
    assert found.latest.day == WEDNESDAY
    assert found.sealed_late == ()
    assert found.latest.shown.replace(" ", "") == found.latest.root[:16]
    monday = await the_seal(database, MONDAY)
    assert (monday.events, monday.cases) == (6, 3)
    assert (await verified(database, day=MONDAY)).holds
    assert (await verified(database, day=MONDAY)).events == 6


async def test_the_same_events_have_the_same_root_on_both_databases(
    sqlite: Database, postgresql: Database
) -> None:
    """What is hashed is written down, so another program may compute it again."""
    roots = []
    for database in (sqlite, postgresql):
        case = replace(a_case(await add_reporter(database)), id=1, code="HN-7F3K-9Q2M", reporter_id=1)
        async with database.begin() as transaction:
            case.reporter_id = (await reporters(transaction))[0]
            happens(transaction, case, "received", NOON)
            happens(transaction, case, "assigned", NOON + DAY)
            cases.add_case(transaction, case)
            roots += [each.root for each in await seals.seal_days(transaction, now=NOON + DAY)]
    assert roots[0] == roots[1]


async def lives(database: Database, *moments: datetime) -> None:
    """Let something happen to one case at these moments."""
    case = a_case(await add_reporter(database), received_at=moments[0])
    async with database.begin() as transaction:
        for at in moments:
            happens(transaction, case, "received", at)
        cases.add_case(transaction, case)


async def sealed_until(database: Database, now: datetime) -> date | None:
    async with database.begin() as transaction:
        await seals.seal_days(transaction, now=now)
        last = await seals.latest(transaction)
    return last.day if last else None


async def test_a_clock_that_runs_ahead_seals_no_day_that_is_not_over(database: Database) -> None:
    """Otherwise every event of the next year would be refused."""
    await lives(database, NOON, NOON + DAY)
    assert await sealed_until(database, NOON + 400 * DAY) == MONDAY
    reporter = await reporter_of(database)
    await filed(database, reporter, NOON + 400 * DAY)
    await filed(database, reporter, NOON + 400 * DAY + HOUR)
    assert await sealed_until(database, NOON + 400 * DAY + 2 * HOUR) == MONDAY
    await filed(database, reporter, NOON + DAY + HOUR)
    await filed(database, reporter, NOON + 2 * DAY)
    assert await sealed_until(database, NOON + 2 * DAY + HOUR) == TUESDAY
    assert (await verified(database)).holds


async def test_a_quiet_time_is_sealed_when_life_goes_on(database: Database) -> None:
    await lives(database, NOON)
    with capture_logs() as logged:
        assert await sealed_until(database, NOON + 20 * DAY) is None
    assert logged == []
    reporter = await reporter_of(database)
    await filed(database, reporter, NOON + 20 * DAY)
    with capture_logs() as logged:
        assert await sealed_until(database, NOON + 20 * DAY) is None
    assert [each["action"] for each in logged] == ["seal_waits"]
    assert (await verified(database)).holds, "it is not time yet"
    await filed(database, reporter, NOON + 22 * DAY)
    assert await sealed_until(database, NOON + 22 * DAY) == MONDAY + 21 * DAY
    found = await verified(database)
    assert found.holds
    assert found.sealed_late == ()


async def test_where_seldom_anything_happens_days_are_sealed_all_the_same(database: Database) -> None:
    await lives(database, NOON, NOON + 7 * DAY, NOON + 14 * DAY, NOON + 80 * DAY)
    assert await sealed_until(database, NOON + 80 * DAY) == MONDAY + 6 * DAY
    await filed(database, await reporter_of(database), NOON + 85 * DAY)
    assert await sealed_until(database, NOON + 85 * DAY) == MONDAY + 79 * DAY


async def test_of_several_clocks_that_of_the_database_decides(sqlite: Database, postgresql: Database) -> None:
    real = datetime.now(UTC)
    with capture_logs() as logged:
        async with postgresql.read() as transaction:
            assert await seals.agreed_now(transaction, real - DAY) == real - DAY
            assert await seals.agreed_now(transaction, real + 2 * HOUR) < real + HOUR
    assert [each["action"] for each in logged] == ["clock_ahead"]
    async with sqlite.read() as transaction:
        assert await seals.agreed_now(transaction, real + 2 * HOUR) == real + 2 * HOUR


async def test_seals_that_are_made_long_after_they_could_be_are_told(database: Database) -> None:
    """A clock seals again what somebody took away and wrote anew; the seals fit, but they come late."""
    await sealed_week(database)
    await lives_on(database, NOON + 4 * DAY)
    await tamper(database, delete(seal).where(seal.c.day >= TUESDAY))
    assert await sealed_until(database, NOON + 5 * DAY) == MONDAY + 3 * DAY
    found = await verified(database)
    assert found.holds
    assert [each.day for each in found.sealed_late] == [TUESDAY, WEDNESDAY]
    assert [each.day for each in (await verified(database, day=WEDNESDAY)).sealed_late] == [WEDNESDAY]
    assert (await verified(database, day=MONDAY)).sealed_late == ()


async def lives_on(database: Database, at: datetime) -> None:
    await filed(database, await reporter_of(database), at)


async def reporter_of(database: Database) -> int:
    async with database.read() as transaction:
        return (await reporters(transaction))[0]


async def test_the_day_is_refused_whatever_the_writers_own_path_is(postgresql: Database) -> None:
    case = (await sealed_week(postgresql))[0]
    for statement in ("CREATE TEMP TABLE seal (day date)", "SET search_path = pg_catalog"):
        with pytest.raises(DBAPIError, match="the day of this event is sealed"):
            await write_after(postgresql, statement, case)


async def write_after(postgresql: Database, statement: str, case: Case) -> None:
    late = text(
        "INSERT INTO public.event (case_id, sequence, type, actor_role, at, data, previous_hash, hash) "
        "VALUES (:id, 99, 'x', 'x', :at, '{}', '', '')"
    )
    async with postgresql.begin() as transaction:
        await transaction.connection.execute(text(statement))
        await transaction.connection.execute(late, {"id": case.id, "at": NOON})


async def reporters(transaction: Any) -> list[int]:
    return [row["id"] for row in await transaction.fetch(text("SELECT id FROM person"))]


async def test_no_event_gets_into_a_day_that_is_sealed(database: Database) -> None:
    case = (await sealed_week(database))[0]
    with pytest.raises(DBAPIError, match="the day of this event is sealed"):
        await filed(database, case.reporter_id, NOON + 2 * DAY)
    assert (await verified(database)).events == 15
    await filed(database, case.reporter_id, NOON + 3 * DAY)
    assert (await verified(database)).holds


async def filed(database: Database, reporter: int, at: datetime) -> Case:
    case = a_case(reporter, received_at=at)
    async with database.begin() as transaction:
        happens(transaction, case, "received", at)
        cases.add_case(transaction, case)
    return case


# ── tampering by somebody who knows how chains are made ──────────────────────────────────────────


async def tamper(database: Database, *statements: Any) -> None:
    """Change a database as its owner can, who also takes away what stands in the way."""
    away = "DROP TRIGGER IF EXISTS event_after_seal" + ("" if database.sqlite else " ON event")
    async with database.begin() as transaction:
        for statement in (text(away), *statements):
            await transaction.execute(statement)


Rows = list[dict[str, Any]]


async def rewrite(database: Database, case: Case, change: Callable[[Rows], Rows]) -> None:
    """Change the events of a case, then compute its whole chain and its record anew."""
    async with database.read() as transaction:
        mine = select(event).where(event.c.case_id == case.id).order_by(event.c.sequence)
        rows = change([dict(row) for row in await transaction.fetch(mine)])
    head = ""
    for number, row in enumerate(rows, start=1):
        fields = {name: row[name] for name in row if name not in ("previous_hash", "hash")}
        fields["sequence"] = number
        row |= {"sequence": number, "previous_hash": head, "hash": event_hash(head, fields)}
        head = row["hash"]
    record = {"head_hash": head, "event_count": len(rows), "head_at": rows[-1]["at"]}
    await tamper(
        database,
        delete(event).where(event.c.case_id == case.id),
        *(insert(event).values(row) for row in rows),
        update(case_table).where(case_table.c.id == case.id).values(record),
    )
    assert await ledger.verify(database) is None, "the chain alone shows nothing"


def changed(rows: Rows) -> Rows:
    rows[2]["actor_role"] = "chair"
    return rows


def without_the_third(rows: Rows) -> Rows:
    return rows[:2] + rows[3:]


def with_one_more(rows: Rows) -> Rows:
    return [*rows[:3], {**rows[2], "type": "reminded"}, *rows[3:]]


def answered_a_day_sooner(rows: Rows) -> Rows:
    rows[3]["at"] -= DAY
    return rows


def moved_within_the_day(rows: Rows) -> Rows:
    rows[3]["at"] -= HOUR
    return rows


REWRITTEN: list[tuple[Callable[[Rows], Rows], int, str, date]] = [
    (changed, 3, "changed since", TUESDAY),
    (without_the_third, 3, "removed since", TUESDAY),
    (with_one_more, 4, "added since", TUESDAY),
    (answered_a_day_sooner, 4, "moved", WEDNESDAY),
    (moved_within_the_day, 4, "changed since", WEDNESDAY),
]


@pytest.mark.parametrize(
    ("change", "sequence", "fault", "day"), REWRITTEN, ids=[each[0].__name__ for each in REWRITTEN]
)
async def test_a_chain_that_was_written_anew_is_betrayed_by_the_day(
    database: Database, change: Callable[[Rows], Rows], sequence: int, fault: str, day: date
) -> None:
    case = (await sealed_week(database))[1]
    await rewrite(database, case, change)
    assert await faults(database) == [
        Broken(case_id=case.id, code=case.code, sequence=sequence, fault=fault, day=day)
    ]


async def test_one_day_can_be_checked_alone(database: Database) -> None:
    case = (await sealed_week(database))[1]
    await rewrite(database, case, changed)
    assert await faults(database, day=MONDAY) == []
    found = await faults(database, day=TUESDAY)
    assert found == [Broken(case_id=case.id, code=case.code, sequence=3, fault="changed since", day=TUESDAY)]
    assert str(TUESDAY) in str(found[0])
    assert f"event 3 of case {case.code}" in str(found[0])


async def remove_whole(database: Database, case: Case) -> None:
    await tamper(
        database,
        delete(event).where(event.c.case_id == case.id),
        delete(case_table).where(case_table.c.id == case.id),
    )


async def test_a_case_that_was_removed_with_all_its_events_is_named(database: Database) -> None:
    case = (await sealed_week(database))[1]
    await remove_whole(database, case)
    assert await ledger.verify(database) is None
    found = await faults(database)
    assert [(each.code, each.sequence, each.fault) for each in found] == [(case.code, 1, "removed since")]


async def test_a_case_that_was_slipped_into_a_sealed_day_is_named(database: Database) -> None:
    case = (await sealed_week(database))[0]
    await tamper(database)
    more = await filed(database, case.reporter_id, NOON)
    assert await faults(database) == [
        Broken(case_id=more.id, code=more.code, sequence=1, fault="added since", day=MONDAY)
    ]


async def test_a_code_that_was_changed_is_found(database: Database) -> None:
    case = (await sealed_week(database))[0]
    await tamper(database, update(case_table).where(case_table.c.id == case.id).values(code="HN-0000-0000"))
    assert {"HN-0000-0000", case.code} == {each.code for each in await faults(database)}


async def test_a_simple_change_is_named_by_its_chain(database: Database) -> None:
    case = (await sealed_week(database))[2]
    second = (event.c.case_id == case.id) & (event.c.sequence == 2)
    await tamper(database, update(event).where(second).values(type="returned"))
    assert await faults(database) == [
        Broken(case_id=case.id, code=case.code, sequence=2, fault="changed", day=MONDAY)
    ]


# ── tampering with the seals ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "change",
    [
        {"root": "0" * 64},
        {"previous_root": "0" * 64},
        {"events": 7},
        {"cases": 2},
        {"entries": ""},
        {"sealed_at": NOON},
    ],
    ids=lambda change: next(iter(change)),
)
async def test_a_seal_that_was_changed_is_found(database: Database, change: dict[str, Any]) -> None:
    await sealed_week(database)
    await tamper(database, update(seal).where(seal.c.day == TUESDAY).values(change))
    found = await faults(database)
    assert {each.day for each in found} == {TUESDAY}
    assert not (await verified(database, day=TUESDAY)).holds
    if "entries" not in change:
        assert [each.fault for each in found] == ["seal changed"]
        assert str(found[0]).startswith(f"the seal ({TUESDAY})")


@pytest.mark.parametrize("days", [[MONDAY], [TUESDAY], [WEDNESDAY], [MONDAY + n * DAY for n in range(3)]])
async def test_a_seal_that_was_removed_is_found(database: Database, days: list[date]) -> None:
    """The last ones too: whoever writes events after them had the time to seal them."""
    case = (await sealed_week(database))[0]
    async with database.begin() as transaction:
        happens(transaction, case, "reopened", NOON + 4 * DAY)
        happens(transaction, case, "answered", NOON + 5 * DAY)
        cases.save_case(transaction, case)
    await tamper(database, delete(seal).where(seal.c.day.in_(days)))
    found = await faults(database)
    assert [(each.fault, each.day) for each in found][: len(days)] == [("seal removed", day) for day in days]


async def test_a_day_that_had_the_time_to_be_sealed_is_missing(database: Database) -> None:
    await lives(database, NOON, NOON + DAY)
    assert await missing(database) is None
    await lives_on(database, NOON + 2 * DAY + HOUR)
    assert await missing(database) == Broken(
        case_id=0, code="", sequence=None, fault="seal removed", day=MONDAY
    )
    assert await sealed_until(database, NOON + 2 * DAY + HOUR) == TUESDAY
    assert await missing(database) is None


async def missing(database: Database) -> Broken | None:
    async with database.read() as transaction:
        return await seals.missing(transaction)


async def reseal(database: Database) -> None:
    """Take every seal away and seal all again, as if nothing had been."""
    await tamper(database, delete(seal))
    async with database.begin() as transaction:
        await seals.seal_days(transaction, now=NOON + 3 * DAY)


REWRITING: list[Callable[[Database, Case], Awaitable[None]]] = [
    lambda database, case: rewrite(database, case, answered_a_day_sooner),
    remove_whole,
]


@pytest.mark.parametrize("rewriting", REWRITING, ids=["moved", "removed"])
async def test_a_database_that_was_rewritten_as_a_whole_is_found_by_a_root_noted_elsewhere(
    database: Database, rewriting: Callable[[Database, Case], Awaitable[None]]
) -> None:
    case = (await sealed_week(database))[1]
    noted = {day: (await the_seal(database, day)).shown for day in (MONDAY, WEDNESDAY)}
    latest = (await verified(database)).latest
    assert latest is not None
    assert (await verified(database, root=latest.root.upper())).holds
    assert (await verified(database, root=noted[WEDNESDAY], day=WEDNESDAY)).holds
    await rewriting(database, case)
    await reseal(database)
    assert (await verified(database)).holds, "by itself the database shows nothing any more"
    found = await faults(database, root=noted[WEDNESDAY], day=WEDNESDAY)
    assert [(each.fault, each.day) for each in found] == [("other root", WEDNESDAY)]
    assert not (await verified(database, root=latest.root)).holds
    assert [each.fault for each in await faults(database, root=latest.root, day=date(2020, 1, 1))] == [
        "seal removed"
    ]


@pytest.mark.parametrize("root", ["", "1234", "x" * 16, "0" * 65])
async def test_what_is_no_root_is_refused(sqlite: Database, root: str) -> None:
    with pytest.raises(ValueError, match="16 to 64"):
        await verified(sqlite, root=root)


async def test_an_empty_ledger_holds(database: Database) -> None:
    assert await verified(database) == Verified(events=0, faults=(), latest=None)
    assert (await verified(database, day=MONDAY)).holds
