"""What is late goes up the tree: officer, chair, the level above, the chairman; each level hears once."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from bot.clock import Ticker, tick_all
from handlers import progress, reminding, texts
from handlers.channel import RecipientUnreachable
from handlers.progress import Actor
from routing import deadline, escalation
from routing.deadline import LOCAL_TIME
from routing.organisation import build_city
from storage import cases, migrating, reminders
from storage import people as storage_people
from storage.cases import Case
from storage.database import Database
from storage.identity import new_id
from storage.reminders import DueCase
from storage.tables import case as case_table
from storage.tables import outbox, reminder
from tests.city import CityHarness, Shown, Somebody
from tests.machinery import found_city

WARD, DISTRICT = "phuong-khuong-dinh", "quan-thanh-xuan"
RUBBISH = "Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """Return a moment of 2026, in November unless another month is given."""
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL_TIME)


WARNED, DUE = local(26, 9, 1), local(27, 9, 1)
LEADER_AT, CHAIRMAN_AT = local(1, 9, 1, month=12), local(3, 9, 1, month=12)


@pytest.fixture
async def town(database: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on each kind of database."""
    return await found_city(database, tmp_path)


async def report(city: CityHarness, text: str = RUBBISH) -> Case:
    """Let somebody send a report."""
    an = city.citizen("an")
    await an.writes(text)
    await an.files()
    return (await city.cases())[-1]


async def moved(city: CityHarness, case: Case, action: str, role: str = "officer", **data: object) -> None:
    """Carry out one move."""
    actor = Actor(person_id=None, role=role, unit_code=WARD)
    async with city.database.begin() as transaction:
        found = await cases.get_case(transaction, case.code, lock=True)
        assert found is not None
        await progress.move(transaction, city.city, found, action, actor=actor, now=city.now, data=data)


async def told_at(city: CityHarness, moment: datetime, **people: Somebody) -> set[str]:
    """Let a moment come; return who of these people was told something, each at most once."""
    for somebody in people.values():
        somebody.reads()
    await city.becomes(moment.astimezone(LOCAL_TIME))
    await city.ticks()
    await city.ticks()
    told = {
        name: [each for each in somebody.news if not _is_digest(each)] for name, somebody in people.items()
    }
    assert all(len(news) <= 1 for news in told.values())
    return {name for name, news in told.items() if news}


def _is_digest(shown: Shown) -> bool:
    return shown.text.startswith("📋")


# ── up the tree ──────────────────────────────────────────────────────────────────────────────────


async def test_officer_then_chair_then_the_level_above_then_the_chairman(town: CityHarness) -> None:
    officer, chair = await town.official(WARD, "officer"), await town.official(WARD, "chair")
    leader, chairman = await town.official("ha-noi", "leader"), await town.official("ha-noi", "chair")
    people = {"officer": officer, "chair": chair, "leader": leader, "chairman": chairman}
    case = await report(town)
    await officer.replays(f"accept:{case.code}")
    assert await told_at(town, WARNED, **people) == {"officer"}
    assert await told_at(town, DUE, **people) == {"officer", "chair"}
    assert await told_at(town, LEADER_AT - timedelta(minutes=2), **people) == set()
    assert await told_at(town, LEADER_AT, **people) == {"leader"}
    leader.sees("QUÁ HẠN (1)", "Phường Khương Đình", case.code, f"[Mở {case.code}]")
    leader.does_not_see("[Nhắc sau]")
    assert (await town.only_case()).escalated == 2
    assert await told_at(town, CHAIRMAN_AT, **people) == {"chairman"}
    assert (await town.only_case()).escalated == 3
    assert await told_at(town, CHAIRMAN_AT + timedelta(days=10), **people) == set()


async def test_with_leaders_alone_they_hear_once(town: CityHarness) -> None:
    leader = await town.official("ha-noi", "leader")
    await town.official(WARD, "chair")
    case = await report(town)
    await moved(town, case, "accept")
    assert await told_at(town, LEADER_AT, leader=leader) == {"leader"}
    assert await told_at(town, CHAIRMAN_AT, leader=leader) == set()


async def test_in_three_tiers_the_districts_chair_stands_between(city: CityHarness) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    ward = next(unit for unit in city.city.wards() if unit.parent == DISTRICT)
    await city.official(ward.code, "chair")
    district = await city.official(DISTRICT, "chair")
    leader, chairman = await city.official("ha-noi", "leader"), await city.official("ha-noi", "chair")
    people = {"district": district, "leader": leader, "chairman": chairman}
    case = await report(city)
    await moved(city, case, "hand_over" if case.unit_code else "assign", "dispatcher", unit=ward.code)
    await moved(city, case, "accept")
    assert await told_at(city, LEADER_AT, **people) == {"district"}
    assert await told_at(city, CHAIRMAN_AT, **people) == {"leader", "chairman"}


async def test_a_case_that_nobody_accepts_goes_up_as_well(city: CityHarness) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    chairman = await city.official("ha-noi", "chair")
    people = {"chair": chair, "leader": leader, "chairman": chairman}
    await report(city, "Karaoke ồn ở phường Khương Đình")
    case = await city.only_case()
    assert case.accept_due_at == local(25, 9)
    assert await told_at(city, local(25, 9, 1), **people) == {"chair"}
    assert await told_at(city, local(30, 8, 59), **people) == set()
    assert await told_at(city, local(30, 9, 1), **people) == {"leader"}
    leader.sees("Chưa ai nhận (1)")
    assert await told_at(city, local(2, 9, 1, month=12), **people) == {"chair"}  # warned of the answer
    assert await told_at(city, local(3, 9, 1, month=12), **people) == {"chairman"}


async def test_once_accepted_it_goes_no_further(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await city.official(WARD, "chair")
    case = await report(city, "Karaoke ồn ở phường Khương Đình")
    await city.becomes(local(27, 9))
    await moved(city, case, "accept")
    assert await told_at(city, local(30, 9, 1), leader=leader) == set()


async def test_what_came_too_late_for_a_clock_that_stood_still_is_told_to_all_at_once(
    city: CityHarness,
) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    chairman = await city.official("ha-noi", "chair")
    people = {"chair": chair, "leader": leader, "chairman": chairman}
    await report(city)
    assert await told_at(city, local(15, 9, month=12), **people) == {"chair", "leader", "chairman"}
    assert await told_at(city, local(16, 9, month=12), **people) == set()


async def test_a_restricted_case_is_kept_from_the_chairs_above_but_not_from_leaders(
    city: CityHarness,
) -> None:
    case = await report(city, "Cán bộ hạch dịch ở phường Khương Đình")
    assert case.unit_code is not None or case.status == "triage"
    if case.unit_code is None:
        unit = next(rule.unit for rule in city.city.rules_for("conduct") if rule.domain == "conduct")
        await moved(city, case, "assign", "dispatcher", unit=unit)
    leader, chairman = await city.official("ha-noi", "leader"), await city.official("ha-noi", "chair")
    people = {"leader": leader, "chairman": chairman}
    assert await told_at(city, local(21, 9, month=12) + timedelta(days=30), **people) == {"leader"}


# ── a deadline that moves ────────────────────────────────────────────────────────────────────────


async def test_an_extension_moves_all_of_it_and_is_told_of_as_a_deadline_of_its_own(
    city: CityHarness,
) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    people = {"chair": chair, "leader": leader}
    case = await report(city)
    await moved(city, case, "accept")
    assert await told_at(city, DUE, **people) == {"chair"}
    await moved(city, case, "request_extension", hours=16, reason="Chờ xe", granter="ha-noi")
    await moved(city, case, "grant_extension", "leader", hours=16)
    held = await city.only_case()
    assert (held.due_at, held.leader_at) == (local(1, 9, month=12), local(3, 9, month=12))
    assert (held.extended_from, held.escalated) == (local(27, 9), 0)
    assert await told_at(city, local(1, 9, 1, month=12), **people) == {"chair"}
    assert await told_at(city, local(3, 9, 1, month=12), **people) == {"leader"}


async def test_a_deadline_that_becomes_shorter_is_told_of_though_the_longer_one_was_warned_of(
    city: CityHarness,
) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city, "Karaoke ồn ở phường Khương Đình")
    await moved(city, case, "accept")
    warned = (await city.only_case()).warn_at
    assert warned is not None
    assert await told_at(city, warned + timedelta(minutes=1), chair=chair) == {"chair"}
    await recast(city, case, "security")
    assert await told_at(city, city.now + timedelta(minutes=5), chair=chair) == {"chair"}
    chair.sees("QUÁ HẠN (1)")


async def test_a_reopened_case_begins_anew_from_below(city: CityHarness) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    case = await report(city)
    await told_at(city, LEADER_AT, chair=chair, leader=leader)
    await moved(city, case, "answer", text="Đã dọn.")
    await moved(city, case, "reopen", "citizen")
    await moved(city, case, "accept")
    held = await city.only_case()
    assert held.escalated == 0
    assert held.due_at is not None
    assert await told_at(city, held.due_at + timedelta(minutes=1), chair=chair, leader=leader) == {"chair"}


async def recast(city: CityHarness, case: Case, domain: str) -> None:
    """Correct the domain of a case."""
    async with city.database.begin() as transaction:
        found = await cases.get_case(transaction, case.code, lock=True)
        assert found is not None
        actor = Actor(person_id=None, role="dispatcher")
        await progress.correct_domain(transaction, city.city, found, domain, actor=actor, now=city.now)


async def test_a_deadline_that_becomes_shorter_is_not_told_again_to_who_knows_that_the_case_is_late(
    city: CityHarness,
) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    chairman = await city.official("ha-noi", "chair")
    people = {"chair": chair, "leader": leader, "chairman": chairman}
    case = await report(city, "Karaoke ồn ở phường Khương Đình")
    await moved(city, case, "accept")
    held = await city.only_case()
    assert held.due_at is not None
    assert held.leader_at is not None
    assert held.chairman_at is not None
    assert "chair" in await told_at(city, held.due_at + timedelta(minutes=1), **people)
    assert await told_at(city, held.leader_at + timedelta(minutes=1), **people) == {"leader"}
    await recast(city, case, "security")
    after = await city.only_case()
    assert after.chairman_at is not None
    assert after.chairman_at < city.now < held.chairman_at
    assert await told_at(city, city.now + timedelta(minutes=5), **people) == {"chairman"}
    assert await told_at(city, held.chairman_at + timedelta(days=5), **people) == set()


async def test_those_above_hear_sooner_that_nobody_accepts_when_a_recast_leaves_less_time(
    city: CityHarness,
) -> None:
    leader = await city.official("ha-noi", "leader")
    await city.official(WARD, "chair")
    case = await report(city, "Karaoke ồn ở phường Khương Đình")
    before = await city.only_case()
    await recast(city, case, "waste")
    after = await city.only_case()
    assert after.accept_due_at is not None
    assert before.accept_leader_at is not None
    assert before.accept_due_at is not None
    assert after.accept_due_at < before.accept_due_at
    rule = city.city.deadline_rule("waste")
    assert (after.accept_leader_at, after.accept_chairman_at) == deadline.escalations(
        city.city, rule, due_at=after.accept_due_at
    )
    assert after.accept_leader_at is not None
    assert after.accept_leader_at < before.accept_leader_at
    assert await told_at(city, after.accept_leader_at + timedelta(minutes=1), leader=leader) == {"leader"}


# ── a case that changes hands ────────────────────────────────────────────────────────────────────


async def test_a_late_case_that_is_handed_on_is_told_to_the_new_unit_and_to_nobody_twice(
    city: CityHarness,
) -> None:
    chair, other = await city.official(WARD, "chair"), await city.official("phuong-thanh-xuan", "chair")
    leader, chairman = await city.official("ha-noi", "leader"), await city.official("ha-noi", "chair")
    an = city.citizen("an")
    people = {"chair": chair, "other": other, "leader": leader, "chairman": chairman, "an": an}
    case = await report(city)
    await moved(city, case, "accept")
    assert await told_at(city, LEADER_AT, **people) == {"chair", "leader", "an"}
    await moved(city, case, "hand_over", "dispatcher", unit="phuong-thanh-xuan")
    assert await told_at(city, LEADER_AT + timedelta(minutes=5), **people) == {"other"}
    other.sees("QUÁ HẠN (1)", case.code)
    assert await told_at(city, CHAIRMAN_AT, **people) == {"other", "chairman"}
    other.sees("Chưa ai nhận")
    await moved(city, case, "hand_over", "dispatcher", unit=WARD)
    assert await told_at(city, CHAIRMAN_AT + timedelta(minutes=5), **people) == {"chair"}


async def test_in_three_tiers_the_level_above_the_new_unit_hears_and_the_chairman_once(
    city: CityHarness,
) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    first, second = {unit.parent: unit for unit in city.city.wards() if unit.parent != DISTRICT}, DISTRICT
    parent, ward = next(iter(first.items()))
    new_ward = next(unit for unit in city.city.wards() if unit.parent == second)
    assert parent is not None
    above, above_new = await city.official(parent, "chair"), await city.official(second, "chair")
    chairman, chair = await city.official("ha-noi", "chair"), await city.official(new_ward.code, "chair")
    people = {"above": above, "above_new": above_new, "chairman": chairman, "chair": chair}
    case = await report(city)
    await moved(city, case, "hand_over" if case.unit_code else "assign", "dispatcher", unit=ward.code)
    await moved(city, case, "accept")
    assert await told_at(city, CHAIRMAN_AT, **people) == {"above", "chairman"}
    await moved(city, case, "hand_over", "dispatcher", unit=new_ward.code)
    assert await told_at(city, CHAIRMAN_AT + timedelta(minutes=5), **people) == {"above_new", "chair"}
    assert (await city.only_case()).escalated == 3


async def test_a_case_that_waited_for_a_dispatcher_past_its_deadline_is_late_for_all_once_it_is_given(
    city: CityHarness,
) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    case = await report(city, "Có chuyện lạ ở phường Khương Đình")
    assert case.status == "triage"
    people = {"chair": chair, "leader": leader}
    assert await told_at(city, local(30, 9, month=12), **people) == {"leader"}
    await moved(city, case, "assign", "dispatcher", unit=WARD)
    assert await told_at(city, local(30, 9, 5, month=12), **people) == {"chair", "leader"}
    leader.sees("QUÁ HẠN (1)")


# ── what waits for a decision ────────────────────────────────────────────────────────────────────


async def test_an_extension_that_waits_is_brought_before_those_who_decide(city: CityHarness) -> None:
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    case = await report(city)
    await moved(city, case, "accept")
    await city.becomes(local(25, 8))
    await moved(city, case, "request_extension", hours=16, reason="Chờ xe", granter="ha-noi")
    assert await told_at(city, local(25, 13, 29), chair=chair, leader=leader) == set()
    assert await told_at(city, local(25, 13, 31), chair=chair, leader=leader) == {"leader"}
    leader.sees("Chờ anh/chị duyệt (1)", case.code)
    assert await told_at(city, local(25, 17), chair=chair, leader=leader) == set()


async def test_a_draft_that_waits_is_brought_before_the_chair(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    case = await report(city)
    await city.becomes(local(25, 8))
    await moved(city, case, "propose_answer", text="Đã dọn.")
    assert await told_at(city, local(25, 13, 31), chair=chair, officer=officer) == {"chair"}
    chair.sees("Chờ anh/chị duyệt (1)", case.code)


async def test_what_is_decided_is_not_brought_up(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    case = await report(city)
    await moved(city, case, "accept")
    await city.becomes(local(25, 8))
    await moved(city, case, "request_extension", hours=16, reason="Chờ xe", granter="ha-noi")
    await moved(city, case, "refuse_extension", "leader", reason="Việc đơn giản")
    assert await told_at(city, local(25, 14), leader=leader) == set()


async def restricted(city: CityHarness) -> Case:
    """Return a case about the conduct of officials, given to the unit that the rules name for these."""
    case = await report(city, "Cán bộ hạch dịch ở phường Khương Đình")
    if case.unit_code is None:
        unit = next(rule.unit for rule in city.city.rules_for("conduct") if rule.domain == "conduct")
        await moved(city, case, "assign", "dispatcher", unit=unit)
    return await city.only_case()


async def test_an_extension_of_a_restricted_case_is_recalled_to_leaders_and_never_to_the_roots_chair(
    city: CityHarness,
) -> None:
    leader, chairman = await city.official("ha-noi", "leader"), await city.official("ha-noi", "chair")
    case = await restricted(city)
    assert case.domain == "conduct"
    await moved(city, case, "accept")
    await city.becomes(local(25, 8))
    await moved(city, case, "request_extension", hours=16, reason="Cần xác minh", granter="ha-noi")
    assert await told_at(city, local(25, 13, 31), leader=leader, chairman=chairman) == {"leader"}
    leader.sees("Chờ anh/chị duyệt (1)", case.code)
    await chairman.writes("/viec")
    chairman.does_not_see(case.code, "Chờ duyệt")
    await chairman.replays("work:decisions:0")
    chairman.does_not_see(case.code)
    await leader.writes("/viec")
    leader.sees(case.code)


async def test_a_restricted_draft_waits_for_the_units_own_chair_and_each_new_one_without_any_is_an_alarm(
    city: CityHarness,
) -> None:
    admin, chairman = await city.official("ha-noi", "admin"), await city.official("ha-noi", "chair")
    case = await restricted(city)
    await city.becomes(local(25, 8))
    await moved(city, case, "propose_answer", text="Đã nhắc nhở.")
    assert await told_at(city, local(25, 13, 31), admin=admin, chairman=chairman) == {"admin"}
    admin.sees("không có ai để nhắc")
    await chairman.writes("/viec")
    chairman.does_not_see(case.code)
    own = await city.official(case.unit_code or "", "chair")
    await own.writes("/viec")
    own.sees("Chờ duyệt: 1")


async def test_a_draft_of_a_unit_without_a_chair_is_recalled_to_the_nearest_chair_above_and_listed_there(
    city: CityHarness,
) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    ward = next(unit for unit in city.city.wards() if unit.parent == DISTRICT)
    officer, district = await city.official(ward.code, "officer"), await city.official(DISTRICT, "chair")
    chairman = await city.official("ha-noi", "chair")
    people = {"officer": officer, "district": district, "chairman": chairman}
    case = await report(city)
    await moved(city, case, "hand_over" if case.unit_code else "assign", "dispatcher", unit=ward.code)
    await city.becomes(local(25, 8))
    await moved(city, case, "propose_answer", text="Đã dọn.")
    assert await told_at(city, local(25, 13, 31), **people) == {"district"}
    district.sees("Chờ anh/chị duyệt (1)", case.code)
    await district.writes("/viec")
    district.sees(case.code)
    await chairman.writes("/viec")
    chairman.does_not_see(case.code)
    await city.official(ward.code, "chair")
    await district.writes("/viec")
    district.does_not_see(case.code)


async def test_nobody_is_recalled_to_decide_what_they_asked_for_themselves(city: CityHarness) -> None:
    chairman, leader = await city.official("ha-noi", "chair"), await city.official("ha-noi", "leader")
    case = await report(city)
    await moved(city, case, "accept")
    await city.becomes(local(25, 8))
    async with city.database.begin() as transaction:
        (asking,) = await storage_people.officials_of(transaction, "ha-noi", now=city.now)
        found = await cases.get_case(transaction, case.code, lock=True)
        assert found is not None
        actor = Actor(person_id=asking.person_id, role="chair", unit_code=WARD)
        data = {"hours": 16, "reason": "Chờ xe", "granter": "ha-noi"}
        await progress.move(
            transaction, city.city, found, "request_extension", actor=actor, now=city.now, data=data
        )
    assert await told_at(city, local(25, 13, 31), leader=leader, chairman=chairman) == {"leader"}


# ── nobody there ─────────────────────────────────────────────────────────────────────────────────


async def test_a_level_without_anybody_is_an_alarm_once_and_does_not_count_as_told(
    city: CityHarness,
) -> None:
    chair, admin = await city.official(WARD, "chair"), await city.official("ha-noi", "admin")
    case = await report(city)
    await moved(city, case, "accept")
    people = {"chair": chair, "admin": admin}
    assert await told_at(city, DUE, **people) == {"chair"}
    assert await told_at(city, LEADER_AT, **people) == {"admin"}
    admin.sees("Có 1 phản ánh", "không có ai để nhắc")
    assert (await city.only_case()).escalated == 1
    assert await told_at(city, LEADER_AT + timedelta(hours=3), **people) == set()
    leader = await city.official("ha-noi", "leader")
    assert await told_at(city, CHAIRMAN_AT, leader=leader, **people) == {"leader"}
    assert (await city.only_case()).escalated == 3


async def test_when_the_only_official_of_a_unit_misses_their_reminders_those_above_hear_of_it_at_once(
    town: CityHarness,
) -> None:
    officer, leader = await town.official(WARD, "officer"), await town.official("ha-noi", "leader")
    dispatcher = await town.official("bo-phan-dieu-phoi", "dispatcher")
    await many_due(town, 2)
    await moved(town, (await town.cases())[0], "accept")
    town.channel.failures[officer.chat] = RecipientUnreachable("blocked")
    people = {"officer": officer, "leader": leader, "dispatcher": dispatcher}
    assert await told_at(town, DUE, **people) == {"leader", "dispatcher"}
    dispatcher.sees("Phường Khương Đình", "2")
    assert all(case.unreached_at is not None for case in await town.cases())
    assert await told_at(town, LEADER_AT, **people) == {"leader"}
    leader.sees("QUÁ HẠN (2)")


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_leader_sees_all_that_is_late_page_by_page_and_others_what_is_theirs(
    city: CityHarness,
) -> None:
    leader, chair = await city.official("ha-noi", "leader"), await city.official(WARD, "chair")
    other, an = await city.official("phuong-thanh-xuan", "chair"), city.citizen("an")
    await many_due(city, 12)
    await city.becomes(local(21, 9, month=12))
    await city.ticks()
    leader.sees("Nhắc việc: 12 việc", "và 2 việc nữa")
    await leader.presses("Xem tất cả (12)")
    leader.sees("Quá hạn: 1–5 trong 12 việc", "Phường Khương Đình", "[Xem tiếp]")
    await leader.presses("Xem tiếp")
    leader.sees("6–10 trong 12 việc", "6. ", "[Trang trước]")
    await chair.replays("late:0")
    chair.sees("trong 12 việc")
    await other.replays("late:0")
    other.sees("Không có việc nào quá hạn")
    await an.replays("late:0")
    an.sees("dành cho cán bộ")
    for data in ("late:", "late:x", "late:-5", "late:99999999999999999999"):
        await leader.replays(data)
        assert leader.news


# ── many cases, several clocks ───────────────────────────────────────────────────────────────────


async def many_due(city: CityHarness, count: int) -> None:
    """Store so many cases of the ward, all due on Friday."""
    first = await report(city)
    async with city.database.begin() as transaction:
        for number in range(count - 1):
            case = Case(
                id=new_id(),
                code=f"HN-{number:04}",
                kind="feedback",
                domain="waste",
                status="assigned",
                text="Rác",
                reporter_id=first.reporter_id,
                channel="web",
                chat="an",
                consent_at=city.now,
                consent_text="",
                received_at=city.now,
                unit_code=WARD,
                assigned_at=city.now,
                due_at=first.due_at,
                warn_at=first.warn_at,
                leader_at=first.leader_at,
                chairman_at=first.chairman_at,
            )
            cases.add_case(transaction, case)


async def test_more_cases_than_one_batch_are_one_message_for_each(town: CityHarness) -> None:
    chair, leader = await town.official(WARD, "chair"), await town.official("ha-noi", "leader")
    count = reminding.CASES * 2 + 50
    await many_due(town, count)
    town.now = LEADER_AT
    await tick_all(town.database, town.now)
    rows = [row for row in await town.rows(outbox.select()) if "Nhắc việc" in row["message"]["text"]]
    assert sorted(row["chat"] for row in rows) == sorted([chair.chat, leader.chat])
    assert all(f"Nhắc việc: {count} việc" in row["message"]["text"] for row in rows)
    assert await town.rows(reminder.select()) == []


async def test_clocks_that_tick_at_once_tell_each_chat_once(town: CityHarness) -> None:
    await town.official(WARD, "chair")
    await town.official("ha-noi", "leader")
    count = reminding.CASES * 2
    await many_due(town, count)
    town.now = LEADER_AT
    done = await asyncio.gather(*(Ticker(town.database).run("remind", town.now) for _ in range(3)))
    assert sum(done) > 0
    await Ticker(town.database).run("remind", town.now)
    rows = [row["message"]["text"] for row in await town.rows(outbox.select())]
    told = [text for text in rows if "Nhắc việc" in text]
    assert len(told) == 2
    assert all(f"{count} việc" in text for text in told)
    assert sum("đã quá hạn trả lời" in text for text in rows) == count


async def test_a_batch_of_many_costs_as_many_statements_as_a_batch_of_one(town: CityHarness) -> None:
    await town.official(WARD, "chair")
    counted = []
    for number, count in enumerate((1, 60)):
        await many_due(town, count)
        town.now = (await town.cases())[-1].due_at or town.now
        statements: list[str] = []

        def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
            statements.append(statement)  # noqa: B023

        event.listen(town.database._writer.sync_engine, "before_cursor_execute", note)
        async with town.database.begin() as transaction:
            assert await reminding.remind(transaction, town.city, town.now) >= count
        event.remove(town.database._writer.sync_engine, "before_cursor_execute", note)
        counted.append(len(statements))
        await town.becomes(local(30, 9) + timedelta(days=number))
    assert counted[0] == counted[1]


async def test_what_another_clock_notes_while_one_tells_is_told_later_and_not_lost(
    town: CityHarness,
) -> None:
    if town.database.sqlite:
        pytest.skip("SQLite has one writer at a time")
    chair = await town.official(WARD, "chair")
    case = await report(town)
    row = {"channel": "web", "chat": chair.chat, "case_id": case.id, "matter": "overdue", "role": "chair"}
    row |= {"urgent": False, "at": town.now, "created_at": town.now}
    async with town.database.begin() as transaction:
        reminders.keep_lines(transaction, [row])
    asked: dict[str, Any] = {"now": town.now, "urgent_only": False}
    async with town.database.begin() as telling:
        due = await reminders.take_chats(telling, limit=10, **asked)
        assert len(await reminders.take_lines(telling, due, most=10, **asked)) == 1
        async with town.database.begin() as noting:
            reminders.keep_lines(noting, [{**row, "matter": "soon"}])
    assert [each["matter"] for each in await town.rows(reminder.select())] == ["soon"]


async def test_lines_of_a_chat_of_the_same_number_in_another_channel_stay(town: CityHarness) -> None:
    case = await report(town)
    kept = [("web", "7"), ("telegram", "8"), ("web", "8"), ("telegram", "7")]
    row = {"case_id": case.id, "matter": "overdue", "role": "chair", "urgent": False, "at": town.now}
    async with town.database.begin() as transaction:
        rows = ({**row, "channel": name, "chat": chat, "created_at": town.now} for name, chat in kept)
        reminders.keep_lines(transaction, rows)
    async with town.database.begin() as transaction:
        lines = await reminders.take_lines(transaction, kept[:2], now=town.now, most=10, urgent_only=False)
    assert [(line.channel, line.chat) for line in lines] == [("telegram", "8"), ("web", "7")]
    left = {(each["channel"], each["chat"]) for each in await town.rows(reminder.select())}
    assert left == set(kept[2:])


# ── what cannot be told ──────────────────────────────────────────────────────────────────────────


async def test_a_case_that_cannot_be_noted_is_set_aside_for_a_day_and_holds_up_no_other(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    chair, admin = await town.official(WARD, "chair"), await town.official("ha-noi", "admin")
    await many_due(town, 3)
    first, poison, _ = await town.cases()
    await moved(town, first, "accept")
    noted = escalation.reached

    def broken(case: DueCase, now: datetime) -> list[escalation.Milestone]:
        if case.code == poison.code:
            raise ValueError("nobody thought of this")
        return noted(case, now)

    monkeypatch.setattr(escalation, "reached", broken)
    people = {"chair": chair, "admin": admin}
    assert await told_at(town, DUE, **people) == {"chair", "admin"}
    chair.sees("Nhắc việc: 2 việc")
    chair.does_not_see(poison.code)
    admin.sees("Lỗi khi nhắc hạn", poison.code)
    assert await told_at(town, DUE + timedelta(hours=2), **people) == set()
    monkeypatch.undo()
    assert await told_at(town, local(30, 9, 5), **people) == {"chair"}
    chair.sees(poison.code)


async def test_reminders_that_cannot_be_worded_are_dropped_for_that_chat_alone(
    town: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    chair, other = await town.official(WARD, "chair"), await town.official("phuong-thanh-xuan", "chair")
    admin = await town.official("ha-noi", "admin")
    first = await report(town)
    second = await report(town, "Rác chất đống ở phường Thanh Xuân")
    for case in (first, second):
        await moved(town, case, "accept")
    words = texts.reminder_line

    def broken(**parts: Any) -> str:
        if parts["code"] == first.code:
            raise ValueError("nobody thought of this")
        return words(**parts)

    monkeypatch.setattr(texts, "reminder_line", broken)
    people = {"chair": chair, "other": other, "admin": admin}
    assert await told_at(town, DUE, **people) == {"other", "admin"}
    other.sees(second.code)
    admin.sees("Lỗi khi gửi lời nhắc", first.code)
    assert await town.rows(reminder.select()) == []


async def test_what_was_open_before_levels_above_were_told_is_brought_before_them(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    city = await found_city(database, tmp_path)
    citizen = city.citizen("an")
    for text in ("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình", "Có việc này cần báo"):
        await citizen.writes(text)
        await citizen.files()
    late, waiting = await city.cases()
    assert late.due_at is not None
    city.now = late.due_at + timedelta(minutes=1)
    # As the former program left it: warning and deadline are told, nothing is to be looked at any more.
    told = case_table.update().values(reminded_at=city.now, next_check_at=None)
    async with database.begin() as transaction:
        await transaction.execute(told.where(case_table.c.id == late.id))
        await transaction.execute(
            case_table.update()
            .values(status="triage", unit_code=None, due_at=None, next_check_at=None)
            .where(case_table.c.id == waiting.id)
        )
    await database.close()
    await migrating.downgrade(database_url, "0005")
    await migrating.upgrade(database_url)
    leader, dispatcher = await city.official("ha-noi", "leader"), await city.official("ha-noi", "dispatcher")
    await city.ticks()
    late, waiting = await city.cases()
    assert late.leader_at is not None
    assert late.chairman_at is not None
    assert late.accept_leader_at is not None
    assert waiting.decide_due_at is not None
    dispatcher.sees(waiting.code)
    city.now = late.chairman_at + timedelta(minutes=1)
    await city.ticks()
    leader.sees(late.code, waiting.code)
    await database.close()
