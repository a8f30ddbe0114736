"""Figures: each as it is defined, and the same by queries and by a recount of the events."""

from dataclasses import fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from routing.deadline import LOCAL_TIME, WorkingCalendar
from storage import cases, ledger
from storage.cases import Case
from storage.database import Database, Transaction
from storage.figures import DEFINITIONS, Figures, definitions_as_markdown, figures, recount
from tests.storage.samples import DAY, HOUR, NOON, SECOND, a_case, add_reporter

WEEK = {"start": NOON, "end": NOON + 7 * DAY}


async def tell(database: Database, *stored: Case, types: tuple[str, ...] = ("received",)) -> None:
    """Store cases with the events that lead to them."""
    async with database.begin() as transaction:
        for case in stored:
            cases.add_case(transaction, case)
            for type in types:
                happen(transaction, case, type, at=case.received_at)


def happen(transaction: Transaction, case: Case, type: str, *, at: datetime, by: str | None = None) -> None:
    ledger.append_event(
        transaction, case, type=type, actor_id=None, actor_role="system", unit_code=by, at=at, data={}
    )
    cases.save_case(transaction, case)


def counted(**numbers: Any) -> Figures:
    """Return figures of cases that one person each stands behind."""
    return Figures(**{"people": numbers.get("received", 0), **numbers})


async def both(database: Database, **asked: Any) -> dict[str | None, Figures]:
    """Return the figures, having made sure that the recount agrees."""
    async with database.read() as transaction:
        found = await figures(transaction, **{**WEEK, "now": NOON, **asked})
        assert await recount(transaction, **{**WEEK, "now": NOON, **asked}) == found
    return found


async def total(database: Database, **asked: Any) -> Figures:
    return (await both(database, **asked))[None]


async def test_without_cases_everything_is_nought(database: Database) -> None:
    assert await both(database) == {None: counted()}
    assert await both(database, group_by="unit") == {}


@pytest.mark.parametrize(
    ("answered", "first", "expected"),
    [
        (24 * HOUR, None, "on_time"),
        (24 * HOUR + SECOND, None, "late"),
        (16 * HOUR, 16 * HOUR, "on_time"),
        (16 * HOUR + SECOND, 16 * HOUR, "late_with_extension"),
        (24 * HOUR, 16 * HOUR, "late_with_extension"),
        (24 * HOUR + SECOND, 16 * HOUR, "late"),
    ],
)
@pytest.mark.parametrize("status", ["answered", "closed"])
async def test_an_answer_is_on_time_late_or_late_with_extension(
    database: Database, answered: timedelta, first: timedelta | None, expected: str, status: str
) -> None:
    """An extension that was granted and not needed leaves the answer on time."""
    case = a_case(await add_reporter(database), status=status, answered_at=NOON + answered)
    case.extended, case.extended_from = first is not None, None if first is None else NOON + first
    case.answer_due_at = NOON + 24 * HOUR
    await tell(database, case)
    assert await total(database) == counted(received=1, answered=1, **{expected: 1})


@pytest.mark.parametrize(
    ("hours", "status", "expected"),
    [
        (15.9, "assigned", "on_track"),
        (16, "in_progress", "at_risk"),
        (24, "assigned", "at_risk"),
        (24.1, "assigned", "overdue"),
        (24.1, "reopened", "overdue"),
    ],
)
async def test_an_open_case_is_on_track_at_risk_or_overdue_as_of_now(
    database: Database, hours: float, status: str, expected: str
) -> None:
    await tell(database, a_case(await add_reporter(database), status=status))
    found = await total(database, now=NOON + hours * HOUR)
    assert found == counted(received=1, **{expected: 1})
    assert found.open == 1


@pytest.mark.parametrize(
    ("asked_after", "expected"), [(15.9, "on_track"), (16, "at_risk"), (24, "at_risk"), (24.1, "overdue")]
)
async def test_a_case_whose_citizen_is_asked_stands_as_when_they_were_asked(
    database: Database, asked_after: float, expected: str
) -> None:
    """Asking the citizen stops the clock; it hides no lateness."""
    paused_at = NOON + asked_after * HOUR
    case = a_case(await add_reporter(database), status="waiting_for_citizen", paused_at=paused_at)
    await tell(database, case)
    assert await total(database, now=NOON + 99 * HOUR) == counted(received=1, **{expected: 1})
    assert await total(database, now=NOON) == counted(received=1, on_track=1)


async def test_events_that_do_not_keep_the_pause_tell_it_by_their_times(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As earlier versions of the program wrote them."""
    monkeypatch.setattr(ledger, "STATE_VERSION", 2)
    monkeypatch.setattr(ledger, "COUNTED_COLUMNS", ledger._COUNTED[2])
    case = a_case(await add_reporter(database))
    await tell(database, case)
    async with database.begin() as transaction:
        case.status, case.paused_at = "waiting_for_citizen", NOON + 3 * DAY
        happen(transaction, case, "citizen_asked", at=NOON + 3 * DAY)
    assert await total(database, now=NOON + 5 * DAY) == counted(received=1, overdue=1)


async def test_a_case_in_triage_counts_for_the_city_without_a_unit(database: Database) -> None:
    no_dates = {"due_at": None, "warn_at": None, "accept_due_at": None}
    await tell(database, a_case(await add_reporter(database), status="triage", unit_code=None, **no_dates))
    assert await both(database, group_by="unit") == {None: counted(received=1, on_track=1)}
    assert await total(database, unit_codes=["ha-noi"]) == counted()


@pytest.mark.parametrize("kind", ["grievance", "denunciation", "abuse"])
async def test_what_is_no_feedback_never_counts(database: Database, kind: str) -> None:
    await tell(database, a_case(await add_reporter(database), kind=kind))
    assert await total(database) == counted()


async def test_a_period_holds_its_start_and_not_its_end(database: Database) -> None:
    reporter = await add_reporter(database)
    done = {"status": "closed", "answer_due_at": NOON + 99 * DAY}
    for moment in (NOON - SECOND, NOON, NOON + 7 * DAY - SECOND, NOON + 7 * DAY):
        await tell(database, a_case(reporter, received_at=moment, answered_at=moment, **done))
    assert await total(database) == counted(received=2, answered=2, on_time=2)


async def test_open_cases_count_whenever_they_were_received(database: Database) -> None:
    await tell(database, a_case(await add_reporter(database), received_at=NOON - 90 * DAY))
    assert await total(database) == counted(on_track=1)


async def test_figures_are_split_by_unit_and_by_domain(database: Database) -> None:
    reporter = await add_reporter(database)
    await tell(database, a_case(reporter), a_case(reporter, domain="noise"))
    await tell(database, a_case(reporter, unit_code="phuong-cau-giay"))
    one, two = counted(received=1, on_track=1), counted(received=2, on_track=2)
    by_unit = await both(database, group_by="unit")
    assert by_unit == {"phuong-khuong-dinh": two, "phuong-cau-giay": one}
    assert await both(database, group_by="domain") == {"waste": two, "noise": one}
    asked = {"unit_codes": {"phuong-khuong-dinh"}, "domain": "waste"}
    assert await both(database, group_by="unit", **asked) == {"phuong-khuong-dinh": one}
    assert await total(database, unit_codes=[]) == counted()


async def test_a_reopened_case_is_received_once_and_answered_by_its_last_answer(database: Database) -> None:
    case = a_case(await add_reporter(database), status="answered")
    case.answered_at, case.answer_due_at = NOON + HOUR, NOON + DAY
    await tell(database, case)
    async with database.begin() as transaction:
        case.status, case.reopened_count = "reopened", 1
        case.answered_at = case.answer_due_at = None
        happen(transaction, case, "reopened", at=NOON + 2 * HOUR)
    assert await total(database) == counted(received=1, on_track=1, reopened=1)
    async with database.begin() as transaction:
        case.status, case.answered_at, case.answer_due_at = "answered", NOON + 3 * DAY, NOON + 2 * DAY
        happen(transaction, case, "closed", at=NOON + 3 * DAY)
    assert await total(database) == counted(received=1, answered=1, late=1, reopened=1)


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
        happen(transaction, case, "closed", at=NOON + 2 * DAY)
    assert await total(database) == counted(received=1, answered=1, late=1, reopened=1)


async def test_ratings_give_a_mean_and_a_share_of_those_who_are_content(database: Database) -> None:
    reporter = await add_reporter(database)
    done = {"status": "closed", "answered_at": NOON, "answer_due_at": NOON}
    await tell(database, *(a_case(reporter, rating=rating, **done) for rating in (5, 4, 3, 2, None)))
    found = await total(database)
    assert (found.rating_count, found.rating_sum, found.satisfied) == (4, 14, 2)
    assert (found.rating, found.satisfaction) == (3.5, 0.5)
    assert counted().rating is None
    assert counted().satisfaction is None


MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=LOCAL_TIME)


async def answered_after(database: Database, reporter: int, hours: float) -> None:
    """Let a case be received on Monday at 8 and be answered after so many working hours."""
    calendar = WorkingCalendar()
    at = calendar.add_working_hours(MONDAY, hours)
    case = a_case(reporter, received_at=MONDAY, status="received")
    async with database.begin() as transaction:
        happen(transaction, case, "received", at=MONDAY)
        case.status, case.answered_at, case.handled_hours = "answered", at, hours
        happen(transaction, case, "answered", at=at)
        cases.add_case(transaction, case)


@pytest.mark.parametrize(
    ("hours", "median", "p90"),
    [
        ([], None, None),
        ([6], 6, 6),
        ([2, 8], 5, 7.4),
        ([3, 1, 2], 2, 2.8),
        ([0.5, 1, 1.25, 7, 30.5], 1.5, 22),
        (list(range(1, 12)), 6, 10),
    ],
)
async def test_half_of_the_answers_took_at_most_the_median(
    database: Database, hours: list[float], median: float | None, p90: float | None
) -> None:
    reporter = await add_reporter(database)
    for each in hours:
        await answered_after(database, reporter, each)
    found = await total(database, start=MONDAY, end=MONDAY + 30 * DAY)
    assert (found.median_hours, found.p90_hours) == (median, p90)


async def test_percentiles_are_of_each_group_and_not_of_its_parts(database: Database) -> None:
    reporter = await add_reporter(database)
    for each in (1, 2, 30):
        await answered_after(database, reporter, each)
    asked = {"start": MONDAY, "end": MONDAY + 30 * DAY, "group_by": "unit"}
    moved = {"phuong-khuong-dinh": "phuong-cau-giay"}
    assert (await both(database, **asked))["phuong-khuong-dinh"].median_hours == 2
    assert (await both(database, **asked, moved=moved))["phuong-cau-giay"].median_hours == 2


async def test_cases_answered_before_hours_were_measured_have_none(database: Database) -> None:
    case = a_case(await add_reporter(database), status="answered", answered_at=NOON)
    await tell(database, case)
    assert (await total(database)).median_hours is None


async def test_cases_of_former_units_can_be_counted_under_their_successors(database: Database) -> None:
    reporter = await add_reporter(database)
    await tell(database, a_case(reporter, ward_code="1"), a_case(reporter, ward_code="2"), a_case(reporter))
    await tell(database, a_case(reporter, unit_code="phuong-cau-giay"), a_case(reporter, unit_code=None))
    one, two, three = (counted(received=count, on_track=count) for count in (1, 2, 3))
    moved = {"phuong-khuong-dinh/1": "phuong-cau-giay", "phuong-khuong-dinh/2": "ha-noi"}
    by_unit = {"phuong-khuong-dinh": one, "phuong-cau-giay": two, "ha-noi": one, None: one}
    assert await both(database, group_by="unit", moved=moved) == by_unit
    assert await total(database, moved=moved, unit_codes=["phuong-cau-giay"]) == two
    merged = {"phuong-khuong-dinh": "phuong-cau-giay"}
    assert await total(database, moved=merged, unit_codes=["phuong-khuong-dinh"]) == counted()
    asked = {"moved": merged | moved, "unit_codes": ["phuong-cau-giay"], "domain": "waste"}
    assert await total(database, **asked) == three


async def test_a_merged_case_does_not_count_beside_its_master(database: Database) -> None:
    reporter = await add_reporter(database)
    master, merged = a_case(reporter), a_case(reporter, status="merged", rating=1)
    merged.master_id = master.id
    await tell(database, master)
    await tell(database, merged, types=("received", "merged", "rated"))
    assert await total(database) == counted(received=1, on_track=1)


async def test_returned_and_rejected_cases_count_in_the_period_of_their_receipt(database: Database) -> None:
    reporter = await add_reporter(database)
    returned = a_case(reporter, status="triage", unit_code=None, returned_count=2)
    await tell(database, returned, types=("received", "returned", "returned"))
    await tell(database, a_case(reporter, status="rejected", answered_at=NOON, answer_due_at=NOON))
    assert await total(database) == counted(received=2, returned=1, rejected=1, on_track=1)
    after = {"start": NOON + SECOND, "end": NOON + DAY}
    assert await total(database, **after) == counted(on_track=1)


async def test_a_return_counts_for_the_unit_that_returned_and_not_for_who_has_the_case(
    database: Database,
) -> None:
    ward, other = "phuong-khuong-dinh", "phuong-cau-giay"
    case = a_case(await add_reporter(database), unit_code="ha-noi", ward_code="1", returned_count=3)
    async with database.begin() as transaction:
        cases.add_case(transaction, case)
        happen(transaction, case, "received", at=NOON)
        for unit in (ward, ward, other):
            happen(transaction, case, "returned", at=NOON + HOUR, by=unit)
    returned, has = counted(returned=1), counted(received=1, on_track=1)
    assert await both(database, group_by="unit") == {"ha-noi": has, ward: returned, other: returned}
    assert await total(database) == counted(received=1, on_track=1, returned=1)
    assert await total(database, unit_codes=[ward, other]) == returned
    assert await total(database, unit_codes=["ha-noi"]) == has
    assert await both(database, group_by="domain", unit_codes=[other]) == {"waste": returned}
    merged = {ward: other, f"{other}/1": "ha-noi"}
    assert await both(database, group_by="unit", moved=merged) == {
        "ha-noi": counted(received=1, on_track=1, returned=1),
        other: returned,
    }
    assert await total(database, moved={ward: other}, unit_codes=[other]) == returned


@pytest.mark.parametrize(("late_before", "refused_at"), [(False, NOON + DAY + SECOND), (True, NOON)])
async def test_refusing_what_is_late_already_stays_visible(
    database: Database, late_before: bool, refused_at: datetime
) -> None:
    case = a_case(await add_reporter(database), status="rejected", late_before=late_before)
    case.answered_at, case.answer_due_at = refused_at, NOON + DAY
    if late_before:
        case.status, case.answered_at, case.reopened_count = "answered", NOON + 2 * DAY, 1
        await tell(database, case)
        async with database.begin() as transaction:
            case.status, case.answered_at = "reopened", None
            happen(transaction, case, "reopened", at=NOON)
            case.status, case.answered_at = "rejected", refused_at
            happen(transaction, case, "rejected", at=NOON)
    else:
        await tell(database, case)
    found = await total(database)
    assert (found.rejected, found.rejected_late, found.late) == (1, 1, 0)


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
    "I": {"received_at": local(20, 9), "answered_at": local(25, 9), "answer_due_at": local(27, 17)},
    "C": {"received_at": local(20, 10), "answered_at": local(24, 17, 1), "answer_due_at": local(24, 17)},
    "D": {"received_at": local(24, 8), "warn_at": local(27, 9), "due_at": local(27, 17)},
    "E": {"received_at": local(24, 8), "warn_at": local(26, 9), "due_at": local(26, 17)},
    "J": {"received_at": local(23, 8), "warn_at": local(24, 9), "due_at": local(24, 17)},
    "F": {"received_at": local(1, 8, month=9), "due_at": local(5, 17, month=9)},
    "G": {"received_at": local(24, 8), "due_at": local(30, 17), "warn_at": local(30, 9)},
    "H": {"received_at": local(25, 8), "due_at": None, "warn_at": None},
    "K": {"received_at": local(24, 8), "answered_at": local(26, 17, 1), "answer_due_at": local(26, 17)},
}
STANDING: dict[str, dict[str, Any]] = {
    "A": {"status": "answered"},
    "B": {"status": "answered", "extended": True, "extended_from": local(25, 17)},
    "I": {"status": "answered", "extended": True, "extended_from": local(25, 17)},
    "C": {"status": "closed"},
    "D": {"status": "in_progress"},
    "E": {"status": "waiting_for_citizen", "paused_at": local(25, 10)},
    "J": {"status": "waiting_for_citizen", "paused_at": local(25, 10)},
    "F": {"status": "assigned"},
    "G": {"status": "reopened", "reopened_count": 1},
    "H": {"status": "rejected"},
    "K": {"status": "rejected"},
}


async def test_the_example_in_the_documentation_is_right(database: Database) -> None:
    reporter = await add_reporter(database)
    for code, times in EXAMPLE.items():
        types = ("received", "reopened") if code == "G" else ("received",)
        await tell(database, a_case(reporter, code=code, **times, **STANDING[code]), types=types)
    week = {"start": local(23, 0), "end": local(28, 0), "now": local(27, 12)}
    answered = {"answered": 4, "on_time": 2, "late": 1, "late_with_extension": 1}
    still_open = {"on_track": 2, "at_risk": 1, "overdue": 2}
    found = await total(database, **week)
    assert found == counted(received=8, reopened=1, rejected=2, rejected_late=1, **answered, **still_open)


def test_the_table_of_figures_in_the_documentation_is_the_one_in_the_code() -> None:
    document = Path(__file__).parents[2] / "docs" / "figures.md"
    assert definitions_as_markdown() in document.read_text(encoding="utf-8"), (
        "docs/figures.md is out of date: print storage.figures.definitions_as_markdown() into it"
    )
    named = {name for name in DEFINITIONS if isinstance(getattr(Figures, name, None), property)}
    assert {*DEFINITIONS, "rating_sum"} == {field.name for field in fields(Figures)} | named
