"""The clock reminds a unit before a deadline and at it, never at night: gathered, once, put off at will."""

from datetime import datetime, timedelta

import pytest

from handlers import progress, texts
from handlers.progress import Actor
from routing.deadline import LOCAL_TIME
from routing.organisation import Procedure
from storage import cases
from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan"
DISPATCH = "bo-phan-dieu-phoi"
RUBBISH = "Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"
UNSURE = "Có chuyện lạ ở phường Khương Đình"


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    """Return a moment of 2026, in November unless another month is given."""
    return datetime(2026, month, day, hour, minute, tzinfo=LOCAL_TIME)


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    """Let somebody send a report."""
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    citizen.reads()
    return (await city.cases())[-1]


async def case_of(city: CityHarness, code: str) -> Case:
    """Return a case as it stands now."""
    return next(case for case in await city.cases() if case.code == code)


async def answer(city: CityHarness, case: Case) -> None:
    """Let the unit answer a case."""
    officer = Actor(person_id=None, role="officer", unit_code=WARD)
    async with city.database.begin() as transaction:
        found = await cases.get_case(transaction, case.code, lock=True)
        assert found is not None
        await progress.move(
            transaction, city.city, found, "answer", actor=officer, now=city.now, data={"text": "Đã dọn."}
        )


async def at(city: CityHarness, moment: datetime, *people: Somebody) -> None:
    """Let a moment come and the clock tick; what people were told before is read."""
    for somebody in people:
        somebody.reads()
    await city.becomes(moment)
    await city.ticks()


# ── before the deadline and at it ────────────────────────────────────────────────────────────────


async def test_whoever_took_it_up_is_warned_and_the_chair_hears_when_it_is_late(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    an = city.citizen("an")
    case = await report(city)
    await officer.presses("Nhận việc")

    await at(city, local(26, 8, 59), chair, officer, an)
    officer.sees_nothing()
    await at(city, local(26, 9, 1), chair, officer, an)
    officer.sees("Sắp đến hạn (1)", case.code, "hạn trả lời 09:00 thứ Sáu 27/11", f"[Mở {case.code}]")
    chair.sees_nothing()

    await at(city, local(27, 9, 1), chair, officer, an)
    await city.ticks()
    for official in (chair, officer):
        official.sees("QUÁ HẠN (1)", case.code)
        assert len(official.news) == 1
    an.sees(case.code, "đã quá hạn trả lời", "xin lỗi")
    assert len(an.news) == 1
    assert (await city.only_case()).escalated == 1

    await at(city, local(30, 9), chair, officer, an)
    officer.sees_nothing()
    an.sees_nothing()


async def test_a_case_that_nobody_accepts_is_brought_before_the_chair(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    case = await report(city)
    await at(city, local(23, 14, 29), chair, officer)
    chair.sees_nothing()
    await at(city, local(23, 14, 31), chair, officer)
    chair.sees("Chưa ai nhận (1)", case.code, "lẽ ra nhận trước 14:30 thứ Hai 23/11")
    officer.sees_nothing()


async def test_the_level_above_hears_of_the_deadline_itself(city: CityHarness) -> None:
    leader, case = await city.official("ha-noi", "leader"), await report(city)
    await at(city, local(25, 16), leader)
    leader.sees(case.code, "lẽ ra nhận trước 14:30 thứ Hai 23/11")


async def test_where_there_is_no_chair_the_officers_hear_that_nobody_accepts(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    await at(city, local(23, 14, 31), officer)
    officer.sees("Chưa ai nhận (1)")


async def test_of_a_late_case_that_nobody_accepted_only_the_gravest_is_said(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await report(city)
    await at(city, local(27, 10), chair)
    chair.sees("Nhắc việc: 1 việc", "QUÁ HẠN (1)")
    chair.does_not_see("Chưa ai nhận", "Sắp đến hạn")


async def test_what_was_answered_is_not_brought_up(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await answer(city, case)
    await at(city, local(30, 9), officer)
    officer.sees_nothing()


# ── never at night, nor on days off ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "moment",
    [local(27, 21), local(27, 23, 59), local(28, 3), local(28, 10), local(29, 10), local(30, 6, 59)],
    ids=["evening", "midnight", "night", "Saturday", "Sunday", "before seven"],
)
async def test_nobody_is_reminded_at_night_or_on_days_off(city: CityHarness, moment: datetime) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    await report(city)
    await at(city, moment, chair, an)
    chair.sees_nothing()
    an.sees_nothing()
    await at(city, local(30, 7))
    chair.sees("QUÁ HẠN (1)")
    an.sees("đã quá hạn")


async def test_at_tet_everything_waits_for_the_first_working_morning(city: CityHarness) -> None:
    await city.becomes(datetime(2026, 2, 12, 9, tzinfo=LOCAL_TIME))
    chair = await city.official(WARD, "chair")
    await report(city)
    for day in range(14, 23):
        await at(city, datetime(2026, 2, day, 10, tzinfo=LOCAL_TIME), *([chair] if day == 14 else []))
    chair.sees_nothing()
    await at(city, datetime(2026, 2, 23, 7, 1, tzinfo=LOCAL_TIME))
    assert len(chair.news) == 1


async def test_a_make_up_saturday_is_a_day_like_any_other(city: CityHarness) -> None:
    await city.becomes(datetime(2026, 1, 9, 15, tzinfo=LOCAL_TIME))
    chair = await city.official(WARD, "chair")
    await report(city)
    await at(city, datetime(2026, 1, 10, 9, 31, tzinfo=LOCAL_TIME), chair)
    chair.sees("Chưa ai nhận (1)")


async def test_what_is_urgent_waits_for_no_morning_but_the_citizen_sleeps(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    await report(city, text=f"{RUBBISH}, rất nguy hiểm")
    await report(city, "binh", text=f"{RUBBISH} nữa")
    assert (await city.cases())[0].urgent
    await at(city, local(28, 23), chair, an)
    chair.sees("🔴 KHẨN", "Nhắc việc: 1 việc")
    an.sees_nothing()
    await at(city, local(29, 7, 30), chair)
    chair.sees_nothing()
    an.sees("đã quá hạn")


# ── gathered ─────────────────────────────────────────────────────────────────────────────────────


async def test_many_reminders_are_one_message_that_names_ten_and_counts_the_rest(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    for number in range(13):
        await report(city, f"citizen {number}")
    await at(city, local(27, 10), chair)
    assert len(chair.news) == 1
    chair.sees("Nhắc việc: 13 việc", "QUÁ HẠN (13)", "10. ", "và 3 việc nữa", "[Xem tất cả (13)]")
    chair.does_not_see("11. ")
    await chair.presses("Xem tất cả")
    chair.sees("13 việc đang mở")


async def test_several_kinds_of_reminders_are_one_message_with_sections(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    late = await report(city, "an")
    await officer.replays(f"accept:{late.code}")
    await city.becomes(local(25, 8))
    soon = await report(city, "binh", text="Karaoke ồn ở phường Khương Đình")
    await at(city, local(27, 9, 30), chair)
    assert len(chair.news) == 1
    chair.sees("Nhắc việc: 2 việc", "QUÁ HẠN (1)", "Chưa ai nhận (1)", late.code, soon.code)
    assert chair.last.text.index("QUÁ HẠN") < chair.last.text.index("Chưa ai nhận")


async def test_a_chair_of_two_units_gets_one_message_for_both(city: CityHarness) -> None:
    from storage import people

    chair = await city.official(WARD, "chair")
    async with city.database.begin() as transaction:
        (held,) = await people.officials_of(transaction, WARD, now=city.now)
        people.add_post(transaction, person_id=held.person_id, unit_code=OTHER, role="chair", now=city.now)
    await report(city, "an")
    await report(city, "binh", text="Rác chất đống ở phường Thanh Xuân")
    await at(city, local(27, 10), chair)
    assert len(chair.news) == 1
    chair.sees("QUÁ HẠN (2)")


async def test_what_is_settled_before_the_message_is_written_is_left_out(city: CityHarness) -> None:
    from handlers import reminding

    chair = await city.official(WARD, "chair")
    case = await report(city)
    await city.becomes(local(27, 10))
    async with city.database.begin() as transaction:
        assert await reminding.remind(transaction, city.city, city.now) == 1
    await answer(city, case)
    chair.reads()
    await city.ticks()
    chair.sees_nothing()


# ── nobody there ─────────────────────────────────────────────────────────────────────────────────


async def test_reminders_of_a_unit_without_anybody_go_to_dispatchers(city: CityHarness) -> None:
    dispatcher = await city.official(DISPATCH, "dispatcher")
    case = await report(city)
    assert (await city.only_case()).unreached_at is not None
    await at(city, local(27, 10), dispatcher)
    dispatcher.sees("QUÁ HẠN (1)", case.code, "Phường Khương Đình")


async def test_a_unit_that_takes_the_case_up_is_no_longer_unreached(city: CityHarness) -> None:
    case = await report(city)
    officer = await city.official(WARD, "officer")
    await officer.replays(f"accept:{case.code}")
    assert (await city.only_case()).unreached_at is None


async def test_reminders_that_reach_nobody_are_an_alarm(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin")
    await report(city)
    await at(city, local(27, 10), admin)
    admin.sees("không có ai để nhắc")


# ── triage ───────────────────────────────────────────────────────────────────────────────────────


async def test_dispatchers_are_reminded_after_four_working_hours_and_leaders_after_eight(
    city: CityHarness,
) -> None:
    dispatcher, leader = await city.official(DISPATCH, "dispatcher"), await city.official("ha-noi", "leader")
    case = await report(city, text=UNSURE)
    await at(city, local(23, 14, 29), dispatcher, leader)
    dispatcher.sees_nothing()
    await at(city, local(23, 14, 31), dispatcher, leader)
    dispatcher.sees("Chờ điều phối (1)", case.code, "lẽ ra chọn đơn vị trước 14:30 thứ Hai 23/11")
    leader.sees_nothing()
    await at(city, local(25, 10, 31), dispatcher, leader)
    leader.sees("Chờ điều phối (1)", case.code)
    dispatcher.sees_nothing()
    await at(city, local(30, 10), dispatcher, leader)
    leader.does_not_see("Chờ điều phối")


async def test_a_case_that_comes_back_to_triage_waits_anew(city: CityHarness) -> None:
    dispatcher, officer = await city.official(DISPATCH, "dispatcher"), await city.official(WARD, "officer")
    case = await report(city)
    await city.becomes(local(25, 9))
    await officer.replays(f"giveback:{case.code}")
    await officer.presses("Không thuộc địa bàn của đơn vị")
    await at(city, local(25, 14, 29), dispatcher)
    dispatcher.sees_nothing()
    await at(city, local(25, 14, 31))
    dispatcher.sees("Chờ điều phối (1)", case.code)


# ── put off ──────────────────────────────────────────────────────────────────────────────────────


async def overdue(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """Return the chair and the officer of a unit, and a case of theirs that they hear is late."""
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"accept:{case.code}")
    await at(city, local(27, 9, 1), chair, officer)
    return chair, officer, case


async def test_a_chair_puts_a_reminder_off_with_a_reason_and_hears_of_it_then(city: CityHarness) -> None:
    chair, officer, case = await overdue(city)
    due_at = (await city.only_case()).due_at
    await chair.presses("Nhắc sau")
    chair.sees("Nhắc lại", "[4 giờ làm việc nữa]", "[Sáng ngày làm việc tới]", "Hạn trả lời vẫn là")
    await chair.presses("4 giờ làm việc nữa")
    chair.sees("Vì sao", "14:31 thứ Sáu 27/11")
    await chair.presses("Đang chờ đơn vị khác phối hợp")
    chair.sees("Sẽ nhắc lại", "14:31 thứ Sáu 27/11", "Hạn trả lời không đổi")
    assert (await city.only_case()).due_at == due_at
    await chair.writes(f"/viec {case.code}")
    chair.sees("Đã hẹn nhắc lại lúc 14:31 thứ Sáu 27/11 (Đang chờ đơn vị khác phối hợp)")
    await chair.writes(f"/viso {case.code}")
    chair.sees("nhắc lại", "14:31 thứ Sáu 27/11")

    await at(city, local(27, 14, 30), chair, officer)
    chair.sees_nothing()
    await at(city, local(27, 14, 32), chair, officer)
    chair.sees("QUÁ HẠN (1)", case.code)
    officer.sees("QUÁ HẠN (1)")
    await at(city, local(30, 9), chair, officer)
    chair.sees_nothing()


async def test_what_comes_while_it_is_put_off_is_said_at_its_end_but_the_citizen_hears_at_once(
    city: CityHarness,
) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    case = await report(city)
    await chair.replays(f"accept:{case.code}")
    await at(city, local(26, 9, 1), chair)
    chair.sees("Sắp đến hạn")
    await chair.presses("Nhắc sau")
    await chair.writes("thứ 2")
    chair.sees("07:30 thứ Hai 30/11")
    await chair.writes("Đã hẹn thợ đến sáng thứ Hai")
    await chair.presses("Gửi lý do này")
    await at(city, local(27, 9, 1), chair, an)
    chair.sees_nothing()
    an.sees(case.code, "đã quá hạn")
    await at(city, local(30, 7, 31), chair, an)
    chair.sees("QUÁ HẠN (1)")
    an.sees_nothing()
    (snoozed,) = [event for event in await city.events(case) if event.type == "snoozed"]
    assert snoozed.data["reason"] == "Đã hẹn thợ đến sáng thứ Hai"


async def test_putting_off_never_keeps_those_above_from_hearing(city: CityHarness) -> None:
    chair, _, case = await overdue(city)
    leader = await city.official("ha-noi", "leader")
    await chair.presses("Nhắc sau")
    await chair.writes("7/12")
    await chair.presses("Đang chờ vật tư, kinh phí")
    await at(city, local(1, 9, 1, month=12), chair, leader)
    leader.sees("QUÁ HẠN (1)", case.code, "Phường Khương Đình")
    chair.sees_nothing()


async def test_an_officer_may_not_put_a_reminder_off(city: CityHarness) -> None:
    _, officer, case = await overdue(city)
    officer.does_not_see("[Nhắc sau]")
    for data in (
        f"snooze:{case.code}",
        f"until:{case.code}:30000000",
        f"snoozewhy:{case.code}:30000000:works",
    ):
        await officer.replays(data)
        officer.sees(texts.step_not_yours(code=case.code, unit="Phường Khương Đình"))
    assert (await city.only_case()).snoozed_until is None


async def test_nobody_silences_a_chair_from_above_or_from_beside(city: CityHarness) -> None:
    chair, _, case = await overdue(city)
    leader = await city.official("ha-noi", "leader")
    dispatcher = await city.official(DISPATCH, "dispatcher")
    for somebody in (leader, dispatcher):
        await somebody.writes(f"/viec {case.code}")
        somebody.does_not_see("Nhắc sau")
        for data in (f"snooze:{case.code}", f"snoozewhy:{case.code}:30000000:works"):
            await somebody.replays(data)
            somebody.does_not_see("Sẽ nhắc lại", "Nhắc lại vào lúc nào")
    assert (await city.only_case()).snoozed_until is None
    await chair.replays(f"snooze:{case.code}")
    chair.sees("[4 giờ làm việc nữa]")


async def test_strangers_and_other_units_learn_nothing(city: CityHarness) -> None:
    _, _, case = await overdue(city)
    other, binh = await city.official(OTHER, "chair"), city.citizen("binh")
    await other.replays(f"snooze:{case.code}")
    other.sees(texts.case_not_yours())
    await binh.replays(f"snoozewhy:{case.code}:30000000:works")
    binh.sees(texts.no_such_case())
    assert (await city.only_case()).snoozed_until is None


@pytest.mark.parametrize(
    "typed", ["hôm qua", "31/2", "lúc nào rảnh", "25/12/2027", "1/1/9999"], ids=lambda typed: str(typed)
)
async def test_days_that_cannot_be_are_asked_for_again(city: CityHarness, typed: str) -> None:
    chair, _, _ = await overdue(city)
    await chair.presses("Nhắc sau")
    await chair.writes(typed)
    chair.sees("Tôi chưa hiểu", "trong 30 ngày tới")
    await chair.writes("thứ 5 tuần sau")
    chair.sees("07:30 thứ Năm 3/12")


async def test_made_up_moments_change_nothing(city: CityHarness) -> None:
    chair, _, case = await overdue(city)
    for stamp in ("0", "999999999", "x", "", "-5", "1e9"):
        await chair.replays(f"until:{case.code}:{stamp}")
        chair.sees(texts.stale_button())
        await chair.replays(f"snoozewhy:{case.code}:{stamp}:works")
        chair.sees(texts.stale_button())
    await chair.replays(f"snoozewhy:{case.code}:30000000:whatever")
    chair.sees(texts.stale_button())
    assert (await city.only_case()).snoozed_until is None


async def test_an_answered_case_cannot_be_put_off(city: CityHarness) -> None:
    chair, _, case = await overdue(city)
    await answer(city, case)
    await chair.replays(f"snooze:{case.code}")
    chair.sees(case.code)
    assert (await city.only_case()).snoozed_until is None


async def test_a_dispatcher_puts_off_what_waits_for_them(city: CityHarness) -> None:
    dispatcher, leader = await city.official(DISPATCH, "dispatcher"), await city.official("ha-noi", "leader")
    case = await report(city, text=UNSURE)
    await dispatcher.replays(f"snooze:{case.code}")
    await dispatcher.presses("Sáng ngày làm việc tới")
    await dispatcher.presses("Đang chờ đơn vị khác phối hợp")
    await at(city, local(23, 15), dispatcher, leader)
    dispatcher.sees_nothing()
    await at(city, local(25, 7, 31), dispatcher, leader)
    dispatcher.sees("Chờ điều phối (1)", case.code)
    await at(city, local(25, 11), dispatcher, leader)
    leader.sees("Chờ điều phối (1)")


# ── waiting for the citizen ──────────────────────────────────────────────────────────────────────


async def asked(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """Return an officer and a citizen whom they have asked something."""
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    case = await report(city)
    await officer.presses("Hỏi người dân")
    await officer.writes("Rác ở trước số nhà nào ạ?")
    await officer.presses("Gửi câu hỏi")
    for somebody in (officer, an):
        somebody.reads()
    return officer, an, case


async def test_while_the_citizen_is_asked_nothing_is_late(city: CityHarness) -> None:
    officer, _, _ = await asked(city)
    await at(city, local(27, 10))
    officer.sees_nothing()


async def test_after_five_days_without_a_reply_the_clock_runs_again_and_both_are_told(
    city: CityHarness,
) -> None:
    officer, an, case = await asked(city)
    was = (await city.only_case()).due_at
    assert was is not None
    await at(city, local(27, 8, 59))
    officer.sees_nothing()
    await at(city, local(28, 10))  # the five days end on a day off
    officer.sees_nothing()
    await at(city, local(30, 7, 0))
    await city.ticks()
    after = await city.only_case()
    assert (after.status, after.paused_at) == ("in_progress", None)
    assert after.due_at == city.city.calendar.add_working_hours(was, 30.5)
    officer.sees(case.code, "sau 5 ngày người dân chưa trả lời", "Hạn trả lời")
    an.sees(case.code, "chưa nhận được trả lời", "Phường Khương Đình")
    assert len(officer.news) == len(an.news) == 1


async def test_a_late_reply_is_still_passed_on(city: CityHarness) -> None:
    officer, an, case = await asked(city)
    await at(city, local(30, 9), officer, an)
    await an.presses("Bổ sung")
    await an.writes("Trước số 12 ạ")
    officer.sees(case.code, "Trước số 12 ạ")
    assert (await city.only_case()).status == "in_progress"


async def test_a_city_may_wait_longer_for_replies(city: CityHarness) -> None:
    officer, _, _ = await asked(city)
    await city.changes(procedure=Procedure(reply_days=10))
    await at(city, local(30, 9))
    officer.sees_nothing()
    assert (await city.only_case()).status == "waiting_for_citizen"


async def test_asking_when_it_is_late_already_does_not_keep_those_above_from_hearing(
    city: CityHarness,
) -> None:
    chair, officer, case = await overdue(city)
    leader = await city.official("ha-noi", "leader")
    await officer.replays(f"ask:{case.code}")
    await officer.writes("Rác ở trước số nhà nào ạ?")
    await officer.presses("Gửi câu hỏi")
    await at(city, local(1, 9, 1, month=12), chair, officer, leader)
    leader.sees("QUÁ HẠN (1)", case.code)


# ── silence ──────────────────────────────────────────────────────────────────────────────────────


async def test_silence_closes_an_answered_case_after_two_weeks_whatever_is_said_meanwhile(
    city: CityHarness,
) -> None:
    an = city.citizen("an")
    case = await report(city)
    await answer(city, case)
    await city.passes(days=10)
    await an.writes("Cảm ơn phường", reply_to=an.screen[-1])
    await city.passes(days=3, hours=23)
    await city.ticks()
    assert (await city.only_case()).status == "answered"
    an.reads()
    await city.passes(hours=2)
    await city.ticks()
    await city.ticks()
    closed = await city.only_case()
    assert (closed.status, closed.rating) == ("closed", None)
    an.sees(case.code, "khép lại", "một phản ánh mới")
    an.does_not_see("[Chưa giải quyết]")
    assert len(an.news) == 1


async def test_a_city_may_wait_longer_before_it_closes(city: CityHarness) -> None:
    case = await report(city)
    await answer(city, case)
    await city.changes(procedure=Procedure(close_after_days=30))
    await city.passes(days=29)
    await city.ticks()
    assert (await city.only_case()).status == "answered"
    await city.passes(days=2)
    await city.ticks()
    assert (await city.only_case()).status == "closed"


# ── settings that change ─────────────────────────────────────────────────────────────────────────


async def test_a_change_of_hours_and_calendar_never_reaches_back(city: CityHarness) -> None:
    from dataclasses import replace

    from routing.deadline import WorkingCalendar

    chair = await city.official(WARD, "chair")
    case = await report(city)
    before = (await case_of(city, case.code)).due_at
    shorter = replace(city.city.deadline_rule("waste"), accept_hours=1, answer_hours=3, warn_hours=1)
    calendar = WorkingCalendar(weekdays=frozenset({1, 2, 3, 4, 5, 6}))
    await city.changes(deadlines={**city.city.deadlines, "waste": shorter}, calendar=calendar)
    fresh = await report(city, "binh", text="Rác bỏ bừa ở phường Khương Đình")

    running = await case_of(city, case.code)
    moments = (running.due_at, running.warn_at, running.accept_due_at, running.leader_at, running.chairman_at)
    assert moments == (
        before,
        local(26, 9),
        local(23, 14, 30),
        local(1, 9, month=12),
        local(3, 9, month=12),
    )
    new = await case_of(city, fresh.code)
    assert new.due_at == local(23, 13, 30)
    assert (new.accept_due_at, new.warn_at) == (local(23, 10), local(23, 11))
    await at(city, local(23, 13, 31), chair)
    chair.sees("QUÁ HẠN (1)", fresh.code)
    chair.does_not_see(case.code)
    assert timedelta(0) < (before or local(1, 1)) - (new.due_at or local(1, 1))
