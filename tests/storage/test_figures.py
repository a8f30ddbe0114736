"""Figures: each as defined, and equal to a recount of the events for any history of cases."""

import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from routing.deadline import LOCAL_TIME
from routing.workflow import OPEN_STATUSES
from storage import cases, ledger
from storage.cases import Case
from storage.database import Database, Transaction
from storage.figures import Figures, figures, recount
from storage.tables import case as case_table
from storage.tables import event
from tests.storage.samples import DAY, HOUR, NOON, SECOND, UNITS, a_case, add_reporter

WEEK = {"start": NOON, "end": NOON + 7 * DAY}


async def tell(database: Database, *stored: Case, types: tuple[str, ...] = ("received",)) -> None:
    """Store cases with the events that lead to them."""
    async with database.begin() as transaction:
        for case in stored:
            cases.add_case(transaction, case)
            for type in types:
                happen(transaction, case, type, at=case.received_at)


def happen(transaction: Transaction, case: Case, type: str, *, at: datetime) -> None:
    ledger.append_event(
        transaction, case, type=type, actor_id=None, actor_role="system", unit_code=None, at=at, data={}
    )
    cases.save_case(transaction, case)


async def both(database: Database, **asked: Any) -> dict[str | None, Figures]:
    """Return the figures, having made sure that the recount agrees."""
    async with database.read() as transaction:
        found = await figures(transaction, **{**WEEK, "now": NOON, **asked})
        assert await recount(transaction, **{**WEEK, "now": NOON, **asked}) == found
    return found


async def total(database: Database, **asked: Any) -> Figures:
    return (await both(database, **asked))[None]


async def test_without_cases_everything_is_nought(database: Database) -> None:
    assert await both(database) == {None: Figures()}
    assert await both(database, group_by="unit") == {}


@pytest.mark.parametrize(
    ("answered", "extended", "expected"),
    [
        (24 * HOUR, False, {"on_time": 1}),
        (24 * HOUR + SECOND, False, {"late": 1}),
        (24 * HOUR, True, {"late_with_extension": 1}),
        (24 * HOUR + SECOND, True, {"late": 1}),
    ],
)
@pytest.mark.parametrize("status", ["answered", "closed"])
async def test_an_answer_is_on_time_late_or_late_with_extension(
    database: Database, answered: timedelta, extended: bool, expected: dict[str, int], status: str
) -> None:
    case = a_case(await add_reporter(database), status=status, answered_at=NOON + answered, extended=extended)
    case.answer_due_at = NOON + 24 * HOUR
    await tell(database, case)
    assert await total(database) == Figures(received=1, answered=1, **expected)


@pytest.mark.parametrize(
    ("hours", "status", "expected"),
    [
        (15.9, "assigned", "on_track"),
        (16, "in_progress", "at_risk"),
        (24, "assigned", "at_risk"),
        (24.1, "assigned", "overdue"),
        (24.1, "reopened", "overdue"),
        (99, "waiting_for_citizen", "on_track"),
    ],
)
async def test_an_open_case_is_on_track_at_risk_or_overdue_as_of_now(
    database: Database, hours: float, status: str, expected: str
) -> None:
    await tell(database, a_case(await add_reporter(database), status=status))
    found = await total(database, now=NOON + hours * HOUR)
    assert found == Figures(received=1, **{expected: 1})
    assert found.open == 1


async def test_a_case_in_triage_counts_for_the_city_without_a_unit(database: Database) -> None:
    no_dates = {"due_at": None, "warn_at": None, "accept_due_at": None}
    await tell(database, a_case(await add_reporter(database), status="triage", unit_code=None, **no_dates))
    assert await both(database, group_by="unit") == {None: Figures(received=1, on_track=1)}
    assert await total(database, unit_codes=["ha-noi"]) == Figures()


@pytest.mark.parametrize("kind", ["grievance", "denunciation", "abuse"])
async def test_what_is_no_feedback_never_counts(database: Database, kind: str) -> None:
    await tell(database, a_case(await add_reporter(database), kind=kind))
    assert await total(database) == Figures()


async def test_a_period_holds_its_start_and_not_its_end(database: Database) -> None:
    reporter = await add_reporter(database)
    done = {"status": "closed", "answer_due_at": NOON + 99 * DAY}
    for moment in (NOON - SECOND, NOON, NOON + 7 * DAY - SECOND, NOON + 7 * DAY):
        await tell(database, a_case(reporter, received_at=moment, answered_at=moment, **done))
    assert await total(database) == Figures(received=2, answered=2, on_time=2)


async def test_open_cases_count_whenever_they_were_received(database: Database) -> None:
    await tell(database, a_case(await add_reporter(database), received_at=NOON - 90 * DAY))
    assert await total(database) == Figures(on_track=1)


async def test_figures_are_split_by_unit_and_by_domain(database: Database) -> None:
    reporter = await add_reporter(database)
    await tell(database, a_case(reporter), a_case(reporter, domain="noise"))
    await tell(database, a_case(reporter, unit_code="phuong-cau-giay"))
    one = Figures(received=1, on_track=1)
    by_unit = await both(database, group_by="unit")
    assert by_unit == {"phuong-khuong-dinh": one + one, "phuong-cau-giay": one}
    assert await both(database, group_by="domain") == {"waste": one + one, "noise": one}
    asked = {"unit_codes": {"phuong-khuong-dinh"}, "domain": "waste"}
    assert await both(database, group_by="unit", **asked) == {"phuong-khuong-dinh": one}
    assert await total(database, unit_codes=[]) == Figures()


async def test_a_reopened_case_is_received_once_and_answered_by_its_last_answer(database: Database) -> None:
    case = a_case(await add_reporter(database), status="answered")
    case.answered_at, case.answer_due_at = NOON + HOUR, NOON + DAY
    await tell(database, case)
    async with database.begin() as transaction:
        case.status, case.reopened_count = "reopened", 1
        case.answered_at = case.answer_due_at = None
        happen(transaction, case, "reopened", at=NOON + 2 * HOUR)
    assert await total(database) == Figures(received=1, on_track=1, reopened=1)
    async with database.begin() as transaction:
        case.status, case.answered_at, case.answer_due_at = "answered", NOON + 3 * DAY, NOON + 2 * DAY
        happen(transaction, case, "answered", at=NOON + 3 * DAY)
    assert await total(database) == Figures(received=1, answered=1, late=1, reopened=1)


async def test_a_late_answer_stays_late_after_reopening(database: Database) -> None:
    case = a_case(await add_reporter(database), status="answered")
    case.answered_at, case.answer_due_at = NOON + DAY, NOON + HOUR
    await tell(database, case)
    async with database.begin() as transaction:
        case.late_before, case.status, case.reopened_count = case.is_late, "reopened", 1
        case.answered_at = case.answer_due_at = None
        happen(transaction, case, "reopened", at=NOON + 2 * DAY)
    async with database.begin() as transaction:
        case.status, case.answered_at, case.answer_due_at = "answered", NOON + 2 * DAY, NOON + 4 * DAY
        happen(transaction, case, "answered", at=NOON + 2 * DAY)
    assert await total(database) == Figures(received=1, answered=1, late=1, reopened=1)


async def test_ratings_add_up(database: Database) -> None:
    reporter = await add_reporter(database)
    done = {"status": "closed", "answered_at": NOON, "answer_due_at": NOON}
    await tell(database, *(a_case(reporter, rating=rating, **done) for rating in (5, 2, None)))
    found = await total(database)
    assert (found.rating_count, found.rating_sum, found.rating) == (2, 7, 3.5)
    assert Figures().rating is None


async def test_a_merged_case_does_not_count_beside_its_master(database: Database) -> None:
    reporter = await add_reporter(database)
    master, merged = a_case(reporter), a_case(reporter, status="merged", rating=1)
    merged.master_id = master.id
    await tell(database, master)
    await tell(database, merged, types=("received", "merged", "rated"))
    assert await total(database) == Figures(received=1, on_track=1)


async def test_returned_and_rejected_cases_count_in_the_period_of_their_receipt(database: Database) -> None:
    reporter = await add_reporter(database)
    returned = a_case(reporter, status="triage", unit_code=None, returned_count=2)
    await tell(database, returned, types=("received", "returned", "returned"))
    await tell(database, a_case(reporter, status="rejected", answered_at=NOON, answer_due_at=NOON))
    assert await total(database) == Figures(received=2, returned=1, rejected=1, on_track=1)


MOVES = {
    "received": ["assigned", "sent_to_triage", "merged"],
    "triage": ["assigned", "rejected"],
    "assigned": ["accepted", "returned", "handed_over", "answered", "asked_citizen", "extended", "merged"],
    "in_progress": ["answered", "asked_citizen", "extended", "handed_over", "rejected", "returned"],
    "merged": ["unmerged", "rated"],
    "waiting_for_citizen": ["citizen_replied", "answered"],
    "answered": ["closed", "reopened", "rated"],
    "closed": ["reopened"],
    "rejected": ["reopened"],
    "reopened": ["accepted", "answered", "handed_over"],
}
STATUS_AFTER = {
    "sent_to_triage": "triage",
    "merged": "merged",
    "unmerged": "triage",
    "assigned": "assigned",
    "handed_over": "assigned",
    "accepted": "in_progress",
    "returned": "triage",
    "asked_citizen": "waiting_for_citizen",
    "citizen_replied": "in_progress",
    "answered": "answered",
    "closed": "closed",
    "rejected": "rejected",
    "reopened": "reopened",
}


def live(transaction: Transaction, reporter_id: int, dice: random.Random) -> Case:
    """Let one case have a random history, from its receipt on."""
    at = NOON + dice.randrange(-10 * 86_400, 10 * 86_400) * SECOND
    kinds = ["feedback", "suggestion", "question", "emergency", "grievance"]
    nothing = {"unit_code": None, "due_at": None, "warn_at": None, "accept_due_at": None}
    about = {"kind": dice.choice(kinds), "domain": dice.choice(["waste", "noise"])}
    case = a_case(reporter_id, status="received", received_at=at, **about, **nothing)
    cases.add_case(transaction, case)
    happen(transaction, case, "received", at=at)
    for _ in range(dice.randrange(12)):
        at += dice.randrange(1, 4 * 86_400) * SECOND
        type = dice.choice(MOVES[case.status])
        change(case, type, at, dice)
        happen(transaction, case, type, at=at)
    return case


def change(case: Case, type: str, at: datetime, dice: random.Random) -> None:
    case.status = STATUS_AFTER.get(type, case.status)
    if type in ("assigned", "handed_over", "reopened", "extended"):
        case.due_at = at + dice.randrange(1, 8 * 86_400) * SECOND
        case.warn_at = case.due_at - dice.randrange(86_400) * SECOND
        case.extended = case.extended or type == "extended"
    if type in ("assigned", "handed_over"):
        case.unit_code = dice.choice(UNITS)
    if type == "unmerged":
        case.unit_code = None
    if type == "returned":
        case.unit_code, case.returned_count = None, case.returned_count + 1
    if type in ("answered", "rejected"):
        case.answered_at, case.answer_due_at = at, case.due_at
    if type == "rated":
        case.rating = dice.randint(1, 5)
    if type == "reopened":
        case.reopened_count += 1
        case.late_before = case.late_before or case.is_late
        case.answered_at = case.answer_due_at = case.rating = None


async def live_all(database: Database, reporter_id: int, seed: int, count: int) -> list[Case]:
    dice = random.Random(seed)
    async with database.begin() as transaction:
        await transaction.execute(delete(event))
        await transaction.execute(delete(case_table))
        return [live(transaction, reporter_id, dice) for _ in range(count)]


ASKED: list[dict[str, Any]] = [
    {},
    {"group_by": "unit"},
    {"group_by": "domain"},
    {"group_by": "domain", "unit_codes": UNITS[:2]},
    {"group_by": "unit", "domain": "noise"},
]


async def check(database: Database, lived: list[Case], now: datetime) -> None:
    for asked in ASKED:
        await both(database, now=now, **asked)
    everything = await total(database, now=now)
    for group_by in ("unit", "domain"):
        parts = await both(database, now=now, group_by=group_by)
        assert sum(parts.values(), Figures()) == everything
    assert everything.answered == everything.on_time + everything.late + everything.late_with_extension
    assert everything.open == sum(case.status in OPEN_STATUSES for case in lived if case.kind != "grievance")
    assert await ledger.verify(database) is None


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32), hours=st.integers(-300, 1_000), count=st.integers(1, 60))
async def test_figures_equal_a_recount_of_any_history(
    sqlite: Database, seed: int, hours: int, count: int
) -> None:
    if not hasattr(sqlite, "reporter"):
        sqlite.reporter = await add_reporter(sqlite)  # type: ignore[attr-defined]
    lived = await live_all(sqlite, sqlite.reporter, seed, count)  # type: ignore[attr-defined]
    await check(sqlite, lived, NOON + hours * HOUR)


async def test_figures_equal_a_recount_on_both_databases(database: Database) -> None:
    lived = await live_all(database, await add_reporter(database), seed=7, count=400)
    for days in (-5, 0, 3, 30):
        await check(database, lived, NOON + days * DAY)


async def test_a_recount_notices_a_case_changed_behind_its_events(database: Database) -> None:
    case = a_case(await add_reporter(database), status="answered", answered_at=NOON + 2 * DAY)
    case.answer_due_at = NOON + DAY
    await tell(database, case)
    async with database.begin() as transaction:
        cases.save_case(transaction, replace(case, answered_at=NOON))
    async with database.read() as transaction:
        shown = await figures(transaction, **WEEK, now=NOON)
        told = await recount(transaction, **WEEK, now=NOON)
    assert (shown[None].on_time, told[None].late) == (1, 1)


def local(day: int, hour: int, minute: int = 0, *, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL_TIME)


EXAMPLE: dict[str, dict[str, Any]] = {
    "A": {"received_at": local(23, 8), "answered_at": local(25, 16, 59), "answer_due_at": local(25, 17)},
    "B": {"received_at": local(23, 9), "answered_at": local(26, 9), "answer_due_at": local(30, 17)},
    "C": {"received_at": local(20, 10), "answered_at": local(24, 17, 1), "answer_due_at": local(24, 17)},
    "D": {"received_at": local(24, 8), "warn_at": local(27, 9), "due_at": local(27, 17)},
    "E": {"received_at": local(24, 8), "warn_at": local(26, 9), "due_at": local(26, 17)},
    "F": {"received_at": local(1, 8, month=9), "due_at": local(5, 17, month=9)},
    "G": {"received_at": local(24, 8), "due_at": local(30, 17), "warn_at": local(30, 9)},
    "H": {"received_at": local(25, 8), "due_at": None, "warn_at": None},
}
STANDING: dict[str, dict[str, Any]] = {
    "A": {"status": "answered"},
    "B": {"status": "answered", "extended": True},
    "C": {"status": "closed"},
    "D": {"status": "in_progress"},
    "E": {"status": "waiting_for_citizen"},
    "F": {"status": "assigned"},
    "G": {"status": "reopened", "reopened_count": 1},
    "H": {"status": "rejected"},
}


async def test_the_example_in_the_documentation_is_right(database: Database) -> None:
    reporter = await add_reporter(database)
    for code, times in EXAMPLE.items():
        types = ("received", "reopened") if code == "G" else ("received",)
        await tell(database, a_case(reporter, code=code, **times, **STANDING[code]), types=types)
    week = {"start": local(23, 0), "end": local(28, 0), "now": local(27, 12)}
    answered = {"answered": 3, "on_time": 1, "late": 1, "late_with_extension": 1}
    still_open = {"on_track": 2, "at_risk": 1, "overdue": 1}
    found = await total(database, **week)
    assert found == Figures(received=6, reopened=1, rejected=1, **answered, **still_open)
