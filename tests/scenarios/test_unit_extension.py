"""More time for a case: asked for with a reason, decided by the level above, told to the citizen."""

from datetime import datetime, timedelta

import pytest

from handlers import texts
from routing.deadline import LOCAL_TIME
from routing.organisation import Procedure, build_city
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody
from tests.scenarios.test_unit import WARD, again, report

CHIEF = "Chủ tịch thành phố"
FRIDAY_9 = datetime(2026, 11, 27, 9, 0, tzinfo=LOCAL_TIME)
TUESDAY_9 = datetime(2026, 12, 1, 9, 0, tzinfo=LOCAL_TIME)


async def accepted(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """Return an officer who has a case, the chair above, and the case: due on Friday at 9."""
    chief = await city.official("ha-noi", "chair", name=CHIEF)
    officer = await city.official(WARD, "officer", name="Chuyên viên môi trường")
    case = await report(city)
    await officer.presses("Nhận việc")
    chief.reads()
    return officer, chief, case


async def asked(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """The same, with two more days asked for."""
    officer, chief, case = await accepted(city)
    await officer.presses("Xin gia hạn")
    await officer.presses("2 ngày")
    await officer.presses("Chờ vật tư")
    return officer, chief, await again(city, case)


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


async def test_the_choices_name_the_date_that_follows(city: CityHarness) -> None:
    officer, _, case = await accepted(city)
    await officer.presses("Xin gia hạn")
    officer.sees(
        "Hạn hiện nay: 09:00 thứ Sáu 27/11",
        "[1 ngày: đến 09:00 thứ Hai 30/11]",
        "[2 ngày: đến 09:00 thứ Ba 1/12]",
        "[5 ngày: đến 09:00 thứ Sáu 4/12]",
    )
    await officer.presses("2 ngày")
    officer.sees("đến 09:00 thứ Ba 1/12", "[Chờ vật tư, thiết bị]", "[Bỏ]")
    assert (await again(city, case)).extension is None


async def test_a_request_reaches_the_level_above_and_the_clock_runs_on(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    officer.sees(f"Đã gửi xin gia hạn {case.code} đến {city.city.root.name}", "vẫn tính")
    chief.sees(
        f"Xin gia hạn {case.code}",
        "Phường Khương Đình (Chuyên viên môi trường) xin thêm 2 ngày làm việc",
        "Lý do: Chờ vật tư, thiết bị",
        "Hạn hiện nay: 09:00 thứ Sáu 27/11",
        "Hạn mới nếu đồng ý: 09:00 thứ Ba 1/12",
        "[Đồng ý]",
        "[Không đồng ý]",
        f"[Mở {case.code}]",
    )
    assert (case.due_at, case.extension_unit) == (FRIDAY_9, "ha-noi")
    assert case.extension is not None
    assert (case.extension["hours"], case.extension["reason"]) == (16, "Chờ vật tư, thiết bị")


async def test_a_reason_may_be_typed(city: CityHarness) -> None:
    officer, chief, case = await accepted(city)
    await officer.presses("Xin gia hạn")
    await officer.presses("1 ngày")
    await officer.sends(photos=1)
    officer.sees(texts.words_please())
    await officer.writes("Xe ép rác đang sửa, thứ Hai mới xong")
    await officer.presses("Gửi lý do này")
    chief.sees("Lý do: Xe ép rác đang sửa, thứ Hai mới xong")
    assert (await again(city, case)).extension is not None


async def test_after_the_deadline_late_stays_late(city: CityHarness) -> None:
    officer, chief, case = await accepted(city)
    await city.becomes(FRIDAY_9 + timedelta(minutes=1))
    for data in ("extend:{}", "extendfor:{}:2", "extendwhy:{}:2:material"):
        await officer.replays(data.format(case.code))
        officer.sees(f"{case.code} đã quá hạn lúc 09:00 thứ Sáu 27/11", "không xin gia hạn được nữa")
    await officer.writes(f"/viec {case.code}")
    officer.does_not_see("[Xin gia hạn]")
    chief.does_not_see("Xin gia hạn")
    assert (await again(city, case)).extension is None


async def test_the_last_moment_is_in_time(city: CityHarness) -> None:
    officer, chief, case = await accepted(city)
    await city.becomes(FRIDAY_9)
    await officer.replays(f"extendwhy:{case.code}:1:weather")
    chief.sees("Xin gia hạn", "Thời tiết chưa cho phép")


async def test_one_request_at_a_time(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    chief.reads()
    await officer.replays(f"extendwhy:{case.code}:5:survey")
    officer.sees("đã có một yêu cầu gia hạn đang chờ")
    chief.sees_nothing()
    await officer.writes(f"/viec {case.code}")
    officer.sees("Chờ", "duyệt gia hạn thêm 2 ngày làm việc: Chờ vật tư")
    officer.does_not_see("[Xin gia hạn]")
    assert [event.type for event in await city.events(case)].count("extension_requested") == 1


async def test_once_is_the_rule_and_a_city_may_have_another(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    await chief.presses("Đồng ý")
    await officer.replays(f"extend:{case.code}")
    officer.sees("mỗi việc chỉ được gia hạn 1 lần")
    await city.changes(procedure=Procedure(extensions=2))
    await officer.replays(f"extendwhy:{case.code}:1:survey")
    chief.sees("Cần khảo sát", "Hạn hiện nay: 09:00 thứ Ba 1/12")


async def test_while_the_citizen_is_asked_there_is_nothing_to_extend(city: CityHarness) -> None:
    officer, _, case = await accepted(city)
    await officer.presses("Hỏi người dân")
    await officer.writes("Ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await officer.replays(f"extend:{case.code}")
    officer.sees("thời hạn tạm dừng")


async def test_without_anybody_above_nothing_is_sent(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"extendwhy:{case.code}:2:material")
    officer.sees("chưa có ai ở đây để duyệt")
    assert (await again(city, case)).extension is None


@pytest.mark.parametrize(
    "data", ["extendfor:{}:99", "extendfor:{}", "extendwhy:{}:2:x", "extendwhy:{}:x:material"]
)
async def test_odd_buttons_ask_for_nothing(city: CityHarness, data: str) -> None:
    officer, chief, case = await accepted(city)
    await officer.replays(data.format(case.code))
    officer.sees(texts.stale_button())
    chief.sees_nothing()
    assert (await again(city, case)).extension is None


async def test_the_level_above_cannot_ask_for_the_unit(city: CityHarness) -> None:
    _, chief, case = await accepted(city)
    await chief.replays(f"extend:{case.code}")
    chief.sees("chỉ xem được")


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────


async def test_granted_the_unit_and_the_citizen_hear_the_new_date(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    an = city.citizen("an")
    an.reads()
    officer.reads()
    await city.passes(hours=1)
    await chief.presses("Đồng ý")
    chief.sees(f"Đã đồng ý gia hạn {case.code} đến 09:00 thứ Ba 1/12")
    officer.sees("đồng ý gia hạn", "Hạn mới: 09:00 thứ Ba 1/12")
    an.sees("cần thêm thời gian", "trước 09:00 thứ Ba 1/12", "Lý do: Chờ vật tư, thiết bị")
    case = await again(city, case)
    assert (case.due_at, case.extended_from, case.extended) == (TUESDAY_9, FRIDAY_9, True)
    assert (case.extension, case.extension_unit, case.extension_count) == (None, None, 1)
    assert (await city.events(case))[-1].type == "extended"
    assert await ledger.verify(city.database) is None


async def test_refused_the_unit_reads_why_and_the_citizen_hears_nothing(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    an = city.citizen("an")
    an.reads()
    officer.reads()
    await chief.presses("Không đồng ý")
    chief.sees("Vì sao không đồng ý", "[Hạn hiện nay vẫn đủ]", "[Bỏ]")
    officer.sees_nothing()
    await chief.writes("Phường bên cho mượn xe được")
    await chief.presses("Gửi lý do này")
    chief.sees(f"không gia hạn {case.code}", "Hạn giữ nguyên: 09:00 thứ Sáu 27/11")
    officer.sees("không đồng ý gia hạn", "Phường bên cho mượn xe được", "09:00 thứ Sáu 27/11")
    an.sees_nothing()
    case = await again(city, case)
    assert (case.due_at, case.extension, case.extended) == (FRIDAY_9, None, False)
    await officer.replays(f"extendwhy:{case.code}:1:survey")
    chief.sees("Cần khảo sát")
    await chief.writes(f"/viec {case.code}")
    chief.sees("Không được gia hạn lúc 09:00 thứ Hai 23/11: Phường bên cho mượn xe được")


async def test_a_reason_from_the_list_refuses_too(city: CityHarness) -> None:
    officer, chief, _ = await asked(city)
    await chief.presses("Không đồng ý")
    await chief.presses("Việc gấp")
    officer.sees("không đồng ý gia hạn", "Việc gấp, cần làm ngay")


async def test_deciding_twice_changes_nothing(city: CityHarness) -> None:
    _, chief, case = await asked(city)
    other = await city.official("ha-noi", "leader", name="Phó chủ tịch thành phố")
    await chief.presses("Đồng ý")
    events, an = len(await city.events(case)), city.citizen("an")
    an.reads()
    for label in ("Đồng ý", "Không đồng ý"):
        await chief.presses(label)
        chief.sees(f"đã được {CHIEF} quyết định (đồng ý) lúc 09:00")
    stamp = chief.screen[0].buttons[0].data.rpartition(":")[2] if chief.screen[0].buttons else ""
    await other.replays(f"nograntto:{case.code}:{stamp}:enough")
    other.sees("quyết định (đồng ý)")
    an.sees_nothing()
    assert len(await city.events(case)) == events


async def test_two_who_decide_at_once_decide_once(city: CityHarness) -> None:
    chief = await city.official("ha-noi", "chair", name=CHIEF)
    second = await city.official("ha-noi", "chair", name="Phó chủ tịch thành phố")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"extendwhy:{case.code}:2:material")
    data = next(button.data for button in chief.last.buttons if button.label == "Đồng ý")
    for somebody in (chief, second):
        somebody.reads()
        await city.receive(somebody.channel, somebody.message(button=data))
    await city.settles()
    told = sorted("Đã đồng ý gia hạn" in str(somebody.last) for somebody in (chief, second))
    assert told == [False, True]
    case = await again(city, case)
    assert (case.due_at, case.extension_count) == (TUESDAY_9, 1)


async def test_the_button_of_an_old_request_does_not_grant_a_new_one(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    old = next(button.data for button in chief.last.buttons if button.label == "Đồng ý")
    await chief.presses("Không đồng ý")
    await chief.presses("Lý do chưa rõ")
    await city.passes(minutes=5)
    await officer.replays(f"extendwhy:{case.code}:5:file")
    await chief.replays(old)
    chief.sees("xin thêm 5 ngày làm việc", "[Đồng ý]")
    assert (await again(city, case)).due_at == FRIDAY_9
    await chief.presses("Đồng ý")
    assert (await again(city, case)).extension_count == 1


async def test_it_lapses_when_the_case_is_answered(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Tổ vệ sinh đã dọn xong lúc 10 giờ sáng nay.", photos=1)
    await officer.presses("Gửi câu trả lời")
    await chief.presses("Đồng ý")
    chief.sees("không còn chờ duyệt")
    case = await again(city, case)
    assert (case.extension, case.extension_unit, case.due_at) == (None, None, FRIDAY_9)


async def test_it_lapses_when_the_case_is_handed_over(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    await officer.replays(f"handnow:{case.code}:so-xay-dung")
    await chief.presses("Đồng ý")
    chief.sees("không còn chờ duyệt")
    assert (await again(city, case)).extension_count == 0


async def test_after_the_deadline_a_request_in_time_may_still_be_granted(city: CityHarness) -> None:
    _, chief, case = await asked(city)
    await city.becomes(FRIDAY_9 + timedelta(hours=1))
    await chief.presses("Đồng ý")
    chief.sees("Đã đồng ý gia hạn")
    assert (await again(city, case)).due_at == TUESDAY_9


async def test_time_that_has_passed_cannot_be_granted(city: CityHarness) -> None:
    _, chief, case = await asked(city)
    await city.becomes(TUESDAY_9 + timedelta(hours=1))
    await chief.presses("Đồng ý")
    chief.sees("cũng đã qua")
    assert (await again(city, case)).extension_count == 0


async def test_at_the_root_the_leaders_decide(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader", name="Lãnh đạo thành phố")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"extendwhy:{case.code}:2:material")
    leader.sees("Xin gia hạn", "[Đồng ý]")
    await leader.writes("/viec")
    leader.sees("⏳ Chờ duyệt", case.code, "xin thêm 2 ngày làm việc")
    await leader.presses(case.code)
    await leader.presses("Đồng ý")
    officer.sees("đồng ý gia hạn")


async def test_nobody_grants_their_own_request(city: CityHarness) -> None:
    _, chief, case = await accepted(city)
    both = await city.official(WARD, "chair", name="Chủ tịch phường kiêm nhiệm")
    async with city.database.begin() as transaction:
        from sqlalchemy import select

        from storage import people
        from storage.tables import chat

        (row,) = await city.rows(select(chat.c.person_id).where(chat.c.chat == both.chat))
        people.add_post(
            transaction, person_id=row["person_id"], unit_code="ha-noi", role="leader", now=city.now
        )
    await both.replays(f"extendwhy:{case.code}:2:material")
    data = next(button.data for button in chief.last.buttons if button.label == "Đồng ý")
    await both.replays(data)
    both.sees("do chính anh/chị gửi")
    assert (await again(city, case)).extension_count == 0


@pytest.mark.parametrize("role", ["officer", "chair", "dispatcher"])
async def test_who_is_not_above_decides_nothing(city: CityHarness, role: str) -> None:
    _, chief, case = await asked(city)
    data = next(button.data for button in chief.last.buttons if button.label == "Đồng ý")
    somebody = await city.official("bo-phan-dieu-phoi" if role == "dispatcher" else WARD, role, name="ai đó")
    for replayed in (data, data.replace("grant", "nogrant"), f"{data.replace('grant', 'nograntto')}:enough"):
        await somebody.replays(replayed)
        somebody.sees("chỉ xem được")
    assert (await again(city, case)).due_at == FRIDAY_9


async def test_at_night_the_level_above_sleeps(city: CityHarness) -> None:
    officer, chief, case = await accepted(city)
    await city.becomes(datetime(2026, 11, 23, 22, 30, tzinfo=LOCAL_TIME))
    await officer.replays(f"extendwhy:{case.code}:2:material")
    chief.sees_nothing()
    await city.becomes(datetime(2026, 11, 24, 7, 0, tzinfo=LOCAL_TIME))
    chief.sees("Xin gia hạn")


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_list_of_the_chair_above_shows_what_waits_for_a_decision(city: CityHarness) -> None:
    _, chief, case = await asked(city)
    await chief.writes("/viec")
    chief.sees("⏳ Chờ duyệt", case.code, "Phường Khương Đình xin thêm 2 ngày làm việc")
    await chief.presses(case.code)
    chief.sees("duyệt gia hạn thêm 2 ngày", "[Đồng ý]", "[Không đồng ý]")
    await chief.presses("Đồng ý")
    await chief.writes("/viec")
    chief.does_not_see("Chờ duyệt")
    await chief.replays("work:decisions:0")
    chief.sees("không có việc nào")


async def test_beside_the_units_own_work_it_is_a_list_of_its_own(city: CityHarness) -> None:
    officer, chief, case = await asked(city)
    other = await report(city, "binh")
    await officer.replays(f"handnow:{other.code}:ha-noi")
    await chief.writes("/viec")
    chief.sees("1 việc đang mở", "⏳ chờ anh/chị duyệt 1", "[⏳ Chờ duyệt: 1]")
    await chief.presses("⏳ Chờ duyệt")
    chief.sees(case.code, "[Tất cả việc đang mở]")


# ── who is the level above ───────────────────────────────────────────────────────────────────────


async def test_in_three_tiers_the_district_decides_and_the_city_is_not_bothered(city: CityHarness) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    case = await report(
        city, text="Rác chất đống ngõ 12 phố Vũ Tông Phan, phường Khương Đình, quận Thanh Xuân"
    )
    ward = case.unit_code or ""
    assert city.city.units[ward].parent == "quan-thanh-xuan"
    officer = await city.official(ward, "officer")
    chief = await city.official("ha-noi", "chair")
    district = await city.official("quan-thanh-xuan", "chair", name="Chủ tịch quận Thanh Xuân")
    neighbour = await city.official("quan-cau-giay", "chair")
    await officer.replays(f"extendwhy:{case.code}:1:material")
    officer.sees("đến Quận Thanh Xuân")
    chief.sees_nothing()
    data = next(button.data for button in district.last.buttons if button.label == "Đồng ý")
    await neighbour.replays(data)
    neighbour.sees(texts.case_not_yours())
    await district.presses("Đồng ý")
    district.sees("Đã đồng ý gia hạn")


async def test_what_few_may_know_is_decided_by_the_leaders(city: CityHarness) -> None:
    officer = await city.official("thanh-tra-thanh-pho", "officer")
    chief, leader = await city.official("ha-noi", "chair"), await city.official("ha-noi", "leader")
    case = await report(city, text="Cán bộ thái độ hách dịch tại phường Khương Đình")
    await officer.replays(f"extendwhy:{case.code}:2:file")
    chief.sees_nothing()
    leader.sees("Xin gia hạn", case.code)
    await leader.presses("Đồng ý")
    officer.sees("đồng ý gia hạn")
