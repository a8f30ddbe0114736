"""`/viec` at a glance: what came, what is about to be late, and a button for each list."""

from datetime import datetime

import pytest

from handlers import texts
from routing.deadline import LOCAL_TIME
from tests.city import CityHarness
from tests.scenarios.test_unit import WARD, report

FRIDAY_MORNING = datetime(2026, 11, 27, 8, 0, tzinfo=LOCAL_TIME)


async def test_a_chair_sees_at_a_glance_how_the_unit_stands(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    overdue = await report(city, "an")
    await city.becomes(datetime(2026, 11, 23, 16, 0, tzinfo=LOCAL_TIME))
    soon = await report(city, "binh")
    await officer.presses(f"accept:{soon.code}")
    await city.becomes(datetime(2026, 11, 27, 10, 0, tzinfo=LOCAL_TIME))
    fresh = await report(city, "chi")
    await chair.writes("/viec")
    chair.sees(
        "Phường Khương Đình: 3 việc đang mở\n"
        "mới đến hôm nay 1 · chưa ai nhận 2 · 🔸 sắp đến hạn 1 · 🔺 quá hạn 1\n",
        "[🔺 Quá hạn: 1]",
        "[🔸 Sắp đến hạn: 1]",
        "[Chưa tiếp nhận: 2]",
    )
    chair.does_not_see("Của tôi", "Chờ duyệt", "Tất cả việc")
    for label, code in (("🔺 Quá hạn", overdue), ("🔸 Sắp đến hạn", soon)):
        await chair.presses(label)
        chair.sees("Phường Khương Đình: 1 việc", f"[{code.code}]", "[Tất cả việc đang mở]")
        assert [each for each in chair.last.labels if each.startswith("HN-")] == [code.code]
    await chair.presses("Chưa tiếp nhận")
    assert [each for each in chair.last.labels if each.startswith("HN-")] == [overdue.code, fresh.code]
    await chair.presses("Tất cả việc đang mở")
    chair.sees("3 việc đang mở")


async def test_a_chair_sees_who_does_what(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer", name="Chuyên viên môi trường")
    case = await report(city)
    await officer.presses(f"accept:{case.code}")
    await chair.writes("/viec")
    chair.sees("đang làm · hạn 09:00 thứ Sáu 27/11 · 👤 Chuyên viên môi trường")
    chair.sees("· ngõ 12 Vũ Tông Phan\n")
    await officer.writes("/viec")
    officer.does_not_see("👤")


async def test_an_officer_finds_what_is_in_their_own_hands(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer", name="Chuyên viên môi trường")
    mine, _ = await report(city, "an"), await report(city, "binh")
    await officer.presses(f"accept:{mine.code}")
    await officer.writes("/viec")
    officer.sees("[Của tôi: 1]", "[Chưa tiếp nhận: 1]")
    await officer.presses("Của tôi")
    officer.sees("Của tôi – Phường Khương Đình: 1 việc", f"[{mine.code}]")


async def test_a_long_list_has_pages_of_its_own(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    for number in range(7):
        await report(city, f"citizen {number}")
    await officer.presses(f"accept:{(await city.cases())[0].code}")
    await officer.writes("/viec")
    await officer.presses("Chưa tiếp nhận: 6")
    officer.sees("1–5 trong 6 việc", "[Xem tiếp]")
    await officer.presses("Xem tiếp")
    officer.sees("6–6 trong 6 việc", "[Trang trước]", "Chưa tiếp nhận")
    await officer.presses("Trang trước")
    officer.sees("1–5 trong 6 việc")


@pytest.mark.parametrize("data", ["work:overdue:0", "work:overdue:99", "work:mine:x"])
async def test_an_empty_list_says_so_and_leads_back(city: CityHarness, data: str) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    await officer.replays(data)
    officer.sees("không có việc nào", "[Tất cả việc đang mở]")


async def test_a_list_that_does_not_exist_is_the_whole(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    for odd in ("work:nonsense:0", "work:units:0", "work::", "work:0:0:0"):
        await officer.replays(odd)
        officer.sees("1 việc đang mở")


async def test_a_case_that_waits_for_the_citizen_is_judged_as_of_its_question(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    await officer.presses("Hỏi người dân")
    await officer.writes("Ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await city.becomes(datetime(2026, 11, 30, 9, 0, tzinfo=LOCAL_TIME))
    await officer.writes("/viec")
    officer.does_not_see("quá hạn", "Quá hạn")


@pytest.mark.parametrize("data", ["work:0", "work:decisions:0", "work:mine:0"])
async def test_the_lists_are_for_those_who_have_work(city: CityHarness, data: str) -> None:
    dispatcher, an = await city.official("bo-phan-dieu-phoi", "dispatcher"), city.citizen("an")
    await report(city)
    await dispatcher.replays(data)
    dispatcher.sees(texts.not_an_official(official=True))
    await an.replays(data)
    an.sees(texts.not_an_official(official=False))


async def test_a_leader_sees_what_waits_for_the_leaders_alone(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    case = await report(city)
    await leader.writes("/viec")
    leader.sees("Không có việc nào chờ anh/chị quyết định")
    leader.does_not_see(case.code)
