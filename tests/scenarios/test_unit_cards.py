"""A card offers what can be done now, what waits first, in at most five buttons; the rest behind one."""

from datetime import timedelta

from storage import people
from tests.city import CityHarness
from tests.scenarios.test_unit import WARD, again, report
from tests.scenarios.test_unit_approval import approving, propose

MOST = 5


async def test_a_case_whose_officer_left_can_be_taken_over(city: CityHarness) -> None:
    leaver = await city.official(WARD, "officer", name="Chuyên viên cũ")
    officer = await city.official(WARD, "officer", name="Chuyên viên mới")
    case = await report(city)
    await leaver.replays(f"accept:{case.code}")
    await leaver.writes("/chucvu")
    await leaver.presses("Thôi làm")
    await leaver.presses("Xác nhận")
    case = await again(city, case)
    assert (case.status, case.officer_id) == ("in_progress", None)
    await officer.writes(f"/viec {case.code}")
    officer.sees("[Nhận thay]")
    await officer.presses("Nhận thay")
    async with city.database.begin() as transaction:
        found = await people.officials_of(transaction, WARD, now=city.now)
    mine = next(each for each in found if each.name == "Chuyên viên mới")
    assert (await again(city, case)).officer_id == mine.person_id


async def test_more_time_is_not_offered_where_there_is_none(city: CityHarness) -> None:
    chief = await city.official("ha-noi", "chair")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"accept:{case.code}")
    await officer.replays(f"extendwhy:{case.code}:1:material")
    await chief.presses("Đồng ý")
    await officer.replays(f"progress:{case.code}")
    await officer.writes("Đang chờ xe ép rác")
    await officer.presses("Gửi tin tiến độ")
    await officer.replays(f"more:{case.code}")
    officer.does_not_see("[Xin gia hạn]")


async def test_a_card_with_a_decision_a_likely_duplicate_and_a_long_text_shows_five_buttons(
    city: CityHarness,
) -> None:
    await approving(city)
    await city.official("ha-noi", "chair")
    officer = await city.official(WARD, "officer")
    chair = await city.official(WARD, "chair")
    await report(city, "binh")
    long = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay. "
    case = await report(city, text=long + "Người dân đã nhắc nhiều lần. " * 60)
    await officer.replays(f"accept:{case.code}")
    await officer.replays(f"extendwhy:{case.code}:1:material")
    await propose(officer, case)
    for official in (officer, chair):
        await official.writes(f"/viec {case.code}")
        assert len(official.last.buttons) == MOST
        official.sees("[Xem đủ nội dung]", "[Việc khác…]")
    assert chair.last.labels[0] == "Xem bản chờ duyệt"
    await chair.presses("Việc khác…")
    chair.sees("[Gộp với", "[Giao người xử lý]", "[Xem bản chờ duyệt]")


async def test_who_decides_sees_both_answers_first(city: CityHarness) -> None:
    chief = await city.official("ha-noi", "chair")
    officer = await city.official(WARD, "officer")
    await report(city, "binh")
    case = await report(city)
    await officer.replays(f"accept:{case.code}")
    await officer.replays(f"extendwhy:{case.code}:1:material")
    await chief.writes(f"/viec {case.code}")
    assert chief.last.labels[:2] == ["Đồng ý", "Không đồng ý"]
    assert len(chief.last.buttons) <= MOST


async def test_a_reminder_is_put_off_for_thirty_days_at_most_also_by_a_typed_button(
    city: CityHarness,
) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city)
    await chair.replays(f"accept:{case.code}")
    for days, possible in ((40, False), (25, True)):
        stamp = int((city.now + timedelta(days=days)).timestamp()) // 60
        await chair.replays(f"snoozewhy:{case.code}:{stamp}:works")
        until = (await again(city, case)).snoozed_until
        assert (until is not None) == possible


async def test_today_is_no_day_to_put_a_reminder_off_to(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city)
    await chair.replays(f"snooze:{case.code}")
    await chair.writes(f"{city.now:%d/%m}")
    chair.sees("Tôi chưa hiểu", "30 ngày tới")
