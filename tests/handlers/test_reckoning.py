"""`/viso` adds up: for any history of a case its steps end at the deadline that is stored."""

import asyncio
import random
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers import explaining, progress
from handlers.progress import Actor
from routing import reckoning
from routing.deadline import LOCAL_TIME
from routing.organisation import City, build_city, to_document
from routing.reckoning import Reckoning, Why
from routing.workflow import allowed_actions
from storage import cases, ledger, units
from storage.cases import Case
from storage.database import Database, Transaction
from storage.identity import new_id
from storage.people import add_person

MONDAY = datetime(2026, 11, 23, 9, tzinfo=LOCAL_TIME)
WARD = "phuong-khuong-dinh"
HANOI = build_city("Hà Nội")
LEGAL = replace(
    HANOI,
    deadlines={
        **HANOI.deadlines,
        "land": replace(HANOI.deadline_rule("land"), legal_days=30, legal_article="Điều 28 Luật Khiếu nại"),
    },
)
DATA: dict[str, dict[str, Any]] = {
    "ask_citizen": {"question": "Ở đâu?"},
    "citizen_replies": {"text": "Số 12"},
    "answer": {"text": "Đã dọn."},
    "request_extension": {"hours": 16, "reason": "Chờ xe", "granter": "ha-noi"},
    "return": {"reason": "Không thuộc địa bàn"},
    "hand_over": {"unit": "phuong-thanh-xuan"},
    "assign": {"unit": WARD},
    "snooze": {"until": MONDAY.isoformat(), "reason": "Chờ"},
}
ROLES = {
    "citizen_replies": "citizen",
    "reopen": "citizen",
    "stop_waiting": "system",
    "assign": "dispatcher",
    "snooze": "chair",
}
DOMAINS = ("waste", "security", "roads", "land", "noise")


async def filed(transaction: Transaction, domain: str) -> Case:
    """Store a case that the ward has."""
    person = add_person(transaction, channel="web", user=f"{new_id()}", name="", now=MONDAY)
    case = Case(
        id=new_id(),
        code=f"HN-{new_id()}"[:24],
        kind="feedback",
        domain=domain,
        status="received",
        text="Rác",
        reporter_id=person.id,
        channel="web",
        chat="an",
        consent_at=MONDAY,
        consent_text="",
        received_at=MONDAY,
    )
    progress.record(transaction, case, "received", actor=progress.SYSTEM, now=MONDAY)
    cases.add_case(transaction, case)
    await progress.move(
        transaction, LEGAL, case, "assign", actor=progress.SYSTEM, now=MONDAY, data={"unit": WARD}
    )
    return case


async def one_deed(
    transaction: Transaction, city: City, case: Case, dice: random.Random, now: datetime
) -> None:
    """Do something that may be done to a case now."""
    wishes = [*DATA, "stop_waiting", "reopen", "accept", "grant_extension", "correct"]
    wish = dice.choice(wishes)
    if wish == "correct":
        actor = Actor(person_id=None, role="dispatcher")
        await progress.correct_domain(transaction, city, case, dice.choice(DOMAINS), actor=actor, now=now)
        return
    role = "leader" if wish == "grant_extension" else ROLES.get(wish, "officer")
    if wish == "grant_extension" and case.extension is None:
        return
    if wish in allowed_actions(case.status, role):
        data = {"hours": 16} if wish == "grant_extension" else DATA.get(wish, {})
        actor = Actor(person_id=None, role=role, unit_code=WARD)
        await progress.move(transaction, city, case, wish, actor=actor, now=now, data=data)


def reckoned(city: City, case: Case, events: list[ledger.Event]) -> Reckoning | None:
    """Return how `/viso` adds the deadline up."""
    return reckoning.reckon(
        city.calendar, case.received_at, [explaining._state_told(event) for event in events]
    )


async def lived(url: str, seed: int, deeds: int) -> None:
    """Let a case live through so many deeds and add its deadline up after each."""
    dice, now = random.Random(seed), MONDAY
    database = Database(url)
    async with database.begin() as transaction:
        case = await filed(transaction, dice.choice(DOMAINS))
        for _ in range(deeds):
            now += timedelta(minutes=dice.randrange(1, 60 * 60))
            await one_deed(transaction, LEGAL, case, dice, now)
            events = await ledger.events_of(transaction, case.id)
            found = reckoned(LEGAL, case, events)
            assert found is not None
            assert found.due_at == case.due_at
            calendar = LEGAL.calendar
            assert found.hours == pytest.approx(calendar.working_hours_between(found.began_at, found.due_at))
            assert explaining._due(LEGAL, case, events, official=True)
            assert case.extended_from is None or case.extended_from <= found.due_at
    await database.close()


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10**9))
def test_the_steps_end_at_the_stored_deadline_for_any_history(history_url: str, seed: int) -> None:
    asyncio.run(lived(history_url, seed, deeds=12))


@pytest.fixture
def history_url(sqlite_url: str) -> str:
    """A database with the city in it."""

    async def found() -> None:
        database = Database(sqlite_url)
        async with database.begin() as transaction:
            await units.save_city(transaction, to_document(LEGAL), now=MONDAY)
        await database.close()

    asyncio.run(found())
    return sqlite_url


async def test_a_legal_period_is_told_with_its_article_and_each_step_in_words(sqlite: Database) -> None:
    async with sqlite.begin() as transaction:
        await units.save_city(transaction, to_document(LEGAL), now=MONDAY)
        case = await filed(transaction, "land")
        for days, action, role, data in (
            (1, "request_extension", "officer", DATA["request_extension"]),
            (2, "grant_extension", "leader", {"hours": 16}),
        ):
            await progress.move(
                transaction,
                LEGAL,
                case,
                action,
                actor=Actor(person_id=None, role=role, unit_code=WARD),
                now=MONDAY + timedelta(days=days),
                data=data,
            )
        now = MONDAY + timedelta(days=3)
        dispatcher = Actor(person_id=None, role="dispatcher")
        await progress.correct_domain(transaction, LEGAL, case, "security", actor=dispatcher, now=now)
        events = await ledger.events_of(transaction, case.id)
    told = explaining._due(LEGAL, case, events, official=True)
    for words in (
        "30 ngày theo lịch, theo Điều 28 Luật Khiếu nại",
        "16 giờ làm việc gia hạn, do Thành phố Hà Nội đồng ý",
        "vì lĩnh vực được sửa",
        "Tổng cộng: 32 giờ làm việc",
        "Nếu trễ: cấp trên được báo lúc",
    ):
        assert words in told
    assert "Nếu trễ" not in explaining._due(LEGAL, case, events, official=False)
    found = reckoned(LEGAL, case, events)
    assert found is not None
    assert [step.why for step in found.steps] == [Why.RECEIVED, Why.EXTENDED, Why.SHORTENED]


async def test_settings_that_changed_since_do_not_change_what_is_told(sqlite: Database) -> None:
    async with sqlite.begin() as transaction:
        await units.save_city(transaction, to_document(LEGAL), now=MONDAY)
        case = await filed(transaction, "waste")
        events = await ledger.events_of(transaction, case.id)
    rule = replace(HANOI.deadline_rule("waste"), answer_hours=100)
    changed = replace(HANOI, deadlines={**HANOI.deadlines, "waste": rule})
    assert "Tổng cộng: 24 giờ làm việc" in explaining._due(changed, case, events, official=True)
