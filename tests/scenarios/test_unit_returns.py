"""Giving back: first to the unit that had handed it over, else to the dispatchers, who read all reasons."""

import pytest

from handlers import texts
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody
from tests.scenarios.test_unit import WARD, again, report

BUILDING = "so-xay-dung"


async def handed_over(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """Return the officers of a ward and of the department that got the ward's case, and the case."""
    officer = await city.official(WARD, "officer")
    receiver = await city.official(BUILDING, "officer")
    case = await report(city)
    await city.passes(minutes=30)
    await officer.replays(f"handnow:{case.code}:{BUILDING}")
    return officer, receiver, case


async def test_the_first_return_goes_back_where_it_came_from(city: CityHarness) -> None:
    officer, receiver, case = await handed_over(city)
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    an, promised = city.citizen("an"), case.due_at
    an.reads()
    officer.reads()
    await receiver.presses("Trả lại")
    receiver.sees("Việc sẽ về lại Phường Khương Đình")
    await receiver.presses("Không thuộc địa bàn")
    receiver.sees("Đã trả", "về Phường Khương Đình", "Thời hạn giữ nguyên")
    officer.sees("Sở Xây dựng trả lại: Không thuộc địa bàn của đơn vị", "[Nhận việc]", "Đã qua")
    an.sees("Phường Khương Đình tiếp tục giải quyết", "09:00 thứ Sáu 27/11")
    dispatcher.sees_nothing()
    case = await again(city, case)
    assert (case.status, case.unit_code, case.returned_count) == ("assigned", WARD, 1)
    assert case.due_at == promised
    assert await ledger.verify(city.database) is None


async def test_the_second_return_brings_a_dispatcher_both_reasons(city: CityHarness) -> None:
    officer, receiver, case = await handed_over(city)
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    await receiver.presses("Trả lại")
    await receiver.writes("Ngõ dưới 5 mét là của phường")
    await receiver.presses("Gửi lý do này")
    await officer.presses("Trả lại")
    officer.sees("Bộ phận điều phối sẽ chọn đơn vị khác")
    await city.passes(minutes=30)
    await officer.writes("Phường không có xe ép rác")
    await officer.presses("Gửi lý do này")
    officer.sees("Đã trả", "bộ phận điều phối")
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees(
        "Đã bị trả lại 2 lần:",
        "• Sở Xây dựng, 09:30 thứ Hai 23/11: Ngõ dưới 5 mét là của phường",
        "• Phường Khương Đình, 10:00 thứ Hai 23/11: Phường không có xe ép rác",
        "Đơn vị nào trả lời?",
    )
    case = await again(city, case)
    assert (case.status, case.unit_code, case.returned_count) == ("triage", None, 2)


async def test_a_dispatcher_is_warned_before_it_goes_to_a_unit_that_returned_it(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    await officer.presses("Trả lại")
    await officer.presses("Không thuộc địa bàn")
    officer.reads()
    await dispatcher.replays(f"fix:{case.code}:u:{WARD}")
    dispatcher.sees("Phường Khương Đình đã trả lại việc này lúc 09:00", "Không thuộc địa bàn", "[Vẫn giao]")
    officer.sees_nothing()
    assert (await again(city, case)).status == "triage"
    await dispatcher.presses("Vẫn giao")
    dispatcher.sees(f"Đã giao {case.code}")
    assert (await again(city, case)).unit_code == WARD


async def test_another_unit_is_assigned_without_a_warning(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    await officer.presses("Trả lại")
    await officer.presses("Không thuộc địa bàn")
    await dispatcher.replays(f"fix:{case.code}:u:{BUILDING}")
    dispatcher.sees(f"Đã giao {case.code}")


async def test_without_a_hand_over_the_dispatchers_choose(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Trả lại")
    officer.sees("Bộ phận điều phối sẽ chọn đơn vị khác")
    await officer.presses("Sai lĩnh vực")
    assert (await again(city, case)).status == "triage"


async def test_what_is_about_a_units_own_people_never_goes_back_to_a_unit(city: CityHarness) -> None:
    officer, receiver, case = await handed_over(city)
    officer.reads()
    await receiver.presses("Trả lại")
    await receiver.presses("Phản ánh về chính cán bộ")
    officer.sees_nothing()
    assert (await again(city, case)).status == "triage"


async def test_who_had_it_is_told_when_a_colleague_gives_it_back(city: CityHarness) -> None:
    _, receiver, case = await handed_over(city)
    chair = await city.official(BUILDING, "chair")
    await receiver.presses("Nhận việc")
    receiver.reads()
    await chair.replays(f"giveto:{case.code}:area")
    receiver.sees(f"{case.code} đã được chuyển cho Phường Khương Đình")


async def test_a_case_that_waits_for_the_citizen_is_returned_with_its_clock_running(
    city: CityHarness,
) -> None:
    _, receiver, case = await handed_over(city)
    await receiver.presses("Hỏi người dân")
    await receiver.writes("Ở đâu ạ?")
    await receiver.presses("Gửi câu hỏi")
    await city.passes(hours=1)
    await receiver.replays(f"giveto:{case.code}:area")
    case = await again(city, case)
    assert (case.unit_code, case.paused_at) == (WARD, None)


@pytest.mark.parametrize("data", ["giveback:{}", "giveto:{}:area"])
async def test_who_has_no_right_gives_nothing_back(city: CityHarness, data: str) -> None:
    officer, _, case = await handed_over(city)
    above = await city.official("ha-noi", "chair")
    await officer.replays(data.format(case.code))
    officer.sees("không còn ở đơn vị mình")
    await above.replays(data.format(case.code))
    above.sees("chỉ xem được")
    assert (await again(city, case)).unit_code == BUILDING


async def test_a_second_tap_gives_nothing_back_again(city: CityHarness) -> None:
    _, receiver, case = await handed_over(city)
    await receiver.presses("Trả lại")
    await receiver.presses("Không thuộc địa bàn")
    events = len(await city.events(case))
    await receiver.replays(f"giveto:{case.code}:area")
    receiver.sees("không còn ở đơn vị mình")
    await receiver.replays(f"giveto:{case.code}:no-such-reason")
    receiver.sees(texts.stale_button())
    assert len(await city.events(case)) == events
