"""The one place where a case changes: columns that follow from each move, on both databases."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from handlers import progress, statistics
from handlers.progress import Actor
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, to_document
from routing.workflow import NotAllowed
from storage import cases, chats, ledger, people, units
from storage.cases import Case
from storage.chats import Chat
from storage.database import Database
from storage.identity import new_id

MONDAY = datetime(2026, 11, 23, 9, tzinfo=LOCAL_TIME)
WARD = "phuong-khuong-dinh"
OFFICER = Actor(person_id=None, role="officer", unit_code=WARD)
DISPATCHER = Actor(person_id=None, role="dispatcher", unit_code="ha-noi")


@pytest.fixture(scope="module")
def city() -> City:
    return build_city("Hà Nội")


@pytest.fixture
async def office(database: Database, city: City) -> Database:
    """A database with the city in it."""
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=MONDAY)
    return database


async def somebody(office: Database, name: str, *posts: tuple[str, str]) -> int:
    """Store a person with a chat and posts; return their number."""
    async with office.begin() as transaction:
        person = people.add_person(transaction, channel="web", user=name, name=name, now=MONDAY)
        chat = Chat(channel="web", chat=name, person_id=person.id)
        chats.save_chat(transaction, chat, now=MONDAY)
        for unit, role in posts:
            people.add_post(transaction, person_id=person.id, unit_code=unit, role=role, now=MONDAY)
        return person.id


async def filed(office: Database, city: City, **changes: Any) -> Case:
    """Store a case that its unit has."""
    reporter = await somebody(office, f"reporter {new_id()}")
    parts: dict[str, Any] = {
        "id": new_id(),
        "code": f"HN-{new_id()}"[:20],
        "kind": "feedback",
        "domain": "waste",
        "status": "received",
        "text": "Rác",
        "reporter_id": reporter,
        "channel": "web",
        "chat": "an",
        "consent_at": MONDAY,
        "consent_text": "",
        "received_at": MONDAY,
    }
    case = Case(**{**parts, **changes})
    async with office.begin() as transaction:
        cases.add_case(transaction, case)
        progress.record(transaction, case, "received", actor=progress.citizen(case), now=MONDAY)
        cases.save_case(transaction, case)
    await moved(office, city, case, "assign", actor=progress.SYSTEM, unit=WARD)
    return case


async def moved(
    office: Database, city: City, case: Case, action: str, *, actor: Actor, at: datetime = MONDAY, **data: Any
) -> None:
    async with office.begin() as transaction:
        await progress.move(transaction, city, case, action, actor=actor, now=at, data=data)


async def stored(office: Database, case: Case) -> Case:
    async with office.read() as transaction:
        found = await cases.get_case_by_id(transaction, case.id)
    assert found is not None
    return found


async def test_deadlines_are_fixed_with_the_unit_and_counted_from_receipt(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    found = await stored(office, case)
    assert found.accept_due_at == datetime(2026, 11, 23, 14, 30, tzinfo=LOCAL_TIME)
    assert found.due_at == datetime(2026, 11, 27, 9, tzinfo=LOCAL_TIME), "the 24th is a holiday"
    assert found.warn_at == datetime(2026, 11, 26, 9, tzinfo=LOCAL_TIME)


async def test_a_case_given_out_late_has_a_fresh_time_to_accept_but_not_to_answer(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    promised = case.due_at
    later = MONDAY + timedelta(days=2)
    await moved(office, city, case, "return", actor=OFFICER, at=later, reason="Sai lĩnh vực")
    assert (case.unit_code, case.accept_due_at, case.returned_count) == (None, None, 1)
    await moved(office, city, case, "assign", actor=DISPATCHER, at=later, unit="so-xay-dung")
    found = await stored(office, case)
    assert found.due_at == promised
    assert found.accept_due_at == later + timedelta(hours=5, minutes=30), "four working hours, noon between"


async def test_a_corrected_domain_shortens_a_deadline_and_never_lengthens_it(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    promised = case.due_at
    for domain, due in (("roads", promised), ("security", datetime(2026, 11, 26, 9, tzinfo=LOCAL_TIME))):
        async with office.begin() as transaction:
            await progress.correct_domain(transaction, city, case, domain, actor=DISPATCHER, now=MONDAY)
        found = await stored(office, case)
        assert (found.domain, found.due_at) == (domain, due)


async def test_a_corrected_domain_gives_a_reopened_case_no_deadline_in_the_past(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    later = MONDAY + timedelta(days=14)
    await moved(office, city, case, "answer", actor=OFFICER, text="Xong")
    await moved(office, city, case, "reopen", actor=progress.citizen(case), at=later)
    await moved(office, city, case, "return", actor=OFFICER, at=later, reason="Sai lĩnh vực")
    async with office.begin() as transaction:
        await progress.correct_domain(transaction, city, case, "security", actor=DISPATCHER, now=later)
    found = await stored(office, case)
    assert found.due_at == datetime(2026, 12, 9, 9, tzinfo=LOCAL_TIME)


async def test_a_corrected_domain_does_not_take_back_the_time_of_a_question(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    answered = MONDAY + timedelta(days=7)
    await moved(office, city, case, "ask_citizen", actor=OFFICER, question="Số nhà nào?")
    await moved(office, city, case, "citizen_replies", actor=progress.citizen(case), at=answered, text="12")
    await moved(office, city, case, "return", actor=OFFICER, at=answered, reason="Sai lĩnh vực")
    promised = case.due_at
    for domain, due in (("waste", promised), ("security", datetime(2026, 12, 2, 9, tzinfo=LOCAL_TIME))):
        async with office.begin() as transaction:
            await progress.correct_domain(transaction, city, case, domain, actor=DISPATCHER, now=answered)
        assert (await stored(office, case)).due_at == due


async def test_the_clock_stands_still_while_the_citizen_is_asked_whatever_ends_it(
    office: Database, city: City
) -> None:
    for action, data in (
        ("stop_waiting", {}),
        ("hand_over", {"unit": "so-xay-dung"}),
        ("answer", {"text": "Đã dọn."}),
        ("return", {"reason": "Sai"}),
    ):
        case = await filed(office, city)
        promised = case.due_at
        assert promised is not None
        await moved(office, city, case, "ask_citizen", actor=OFFICER, question="Ở đâu?")
        assert (await stored(office, case)).next_check_at is None
        await moved(office, city, case, action, actor=OFFICER, at=MONDAY + timedelta(hours=2), **data)
        found = await stored(office, case)
        assert (found.paused_at, found.due_at) == (None, promised + timedelta(hours=2)), action


async def test_a_question_after_the_deadline_moves_nothing(office: Database, city: City) -> None:
    case = await filed(office, city)
    promised = case.due_at
    late = MONDAY + timedelta(days=7)
    await moved(office, city, case, "ask_citizen", actor=OFFICER, at=late, question="Ở đâu?")
    await moved(office, city, case, "stop_waiting", actor=OFFICER, at=late + timedelta(days=1))
    assert case.due_at == promised


async def test_reopening_does_not_wash_off_that_an_answer_was_late(office: Database, city: City) -> None:
    case = await filed(office, city)
    late = MONDAY + timedelta(days=14)
    await moved(office, city, case, "answer", actor=OFFICER, at=late, text="Đã dọn.")
    assert case.is_late
    await moved(office, city, case, "reopen", actor=progress.citizen(case), at=late, rating=1)
    await moved(office, city, case, "answer", actor=OFFICER, at=late, text="Đã dọn lại.")
    found = await stored(office, case)
    assert (found.is_late, found.late_before) == (False, True)


async def test_a_reopened_case_has_a_time_of_its_own_and_its_past_in_the_ledger(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    await moved(office, city, case, "answer", actor=OFFICER, text="Đã dọn.")
    later = MONDAY + timedelta(days=7)
    citizen = progress.citizen(case)
    await moved(office, city, case, "reopen", actor=citizen, at=later, rating=1)
    found = await stored(office, case)
    assert (found.status, found.rating, found.answered_at, found.reopened_count) == ("reopened", 1, None, 1)
    assert found.due_at == datetime(2026, 12, 3, 9, tzinfo=LOCAL_TIME)
    await moved(office, city, case, "answer", actor=OFFICER, at=later, text="Đã dọn lại.")
    assert case.rating is None, "a new answer is judged anew"
    async with office.read() as transaction:
        events = await ledger.events_of(transaction, case.id)
    assert [event.type for event in events][2:] == ["answered", "reopened", "answered"]
    assert await ledger.verify(office) is None


async def test_what_the_table_of_moves_lacks_is_refused_and_changes_nothing(
    office: Database, city: City
) -> None:
    case = await filed(office, city)
    before = await stored(office, case)
    for action, actor in (("close", OFFICER), ("assign", DISPATCHER), ("accept", progress.citizen(case))):
        with pytest.raises(NotAllowed):
            await moved(office, city, case, action, actor=actor, unit=WARD)
        assert case.status == "assigned"
    assert await stored(office, case) == before


async def test_a_withdrawn_case_is_neither_on_time_nor_late(office: Database, city: City) -> None:
    case = await filed(office, city)
    await moved(office, city, case, "withdraw", actor=progress.citizen(case))
    async with office.read() as transaction:
        found = await statistics.collect(
            transaction, city, start=None, end=None, unit=None, domain=None, now=MONDAY
        )
    total = found["total"]
    assert (total["received"], total["answered"], total["on_time"], total["late"], total["open"]) == (
        1,
        0,
        0,
        0,
        0,
    )


async def test_in_three_tiers_a_district_adds_up_its_wards(sqlite: Database) -> None:
    city = build_city("Hà Nội", tiers=3)
    async with sqlite.begin() as transaction:
        await units.save_city(transaction, to_document(city), now=MONDAY)
    wards = [unit for unit in city.wards() if unit.parent == "quan-thanh-xuan"][:2]
    for ward in wards:
        case = await filed(sqlite, city)
        await moved(sqlite, city, case, "hand_over", actor=OFFICER, unit=ward.code)
    async with sqlite.read() as transaction:
        found = await statistics.collect(
            transaction, city, start=None, end=None, unit=None, domain=None, now=MONDAY
        )
    assert [(row["name"], row["received"]) for row in found["by_unit"]] == [("Quận Thanh Xuân", 2)]
