"""Dispatchers settle with one tap what the machine was unsure of."""

from datetime import datetime

from sqlalchemy import select

from handlers import texts
from routing.deadline import LOCAL_TIME
from routing.organisation import build_city
from storage.cases import Case
from storage.tables import correction
from tests.city import CityHarness, Somebody

UNSURE = "Có chuyện lạ ở phường Khương Đình"
NOWHERE = "Rác chất đống cả tuần nay"
WARD = "phuong-khuong-dinh"


async def dispatcher_of(city: CityHarness, name: str = "") -> Somebody:
    """Return a dispatcher."""
    return await city.official("bo-phan-dieu-phoi", "dispatcher", name=name)


async def report(city: CityHarness, name: str = "an", *, text: str = UNSURE) -> Case:
    """Let somebody send a report; without a ward they do not know it."""
    citizen = city.citizen(name)
    await citizen.writes(text)
    if "Tôi không rõ" in citizen.last.labels:
        await citizen.presses("Tôi không rõ")
    await citizen.files()
    return (await city.cases())[-1]


async def corrections(city: CityHarness) -> list[tuple[str, str | None, str, str]]:
    """Return what people corrected: field, what it was, what it is, who did."""
    rows = await city.rows(select(correction).order_by(correction.c.id))
    return [(row["field"], row["was"], row["now"], row["actor_role"]) for row in rows]


async def test_one_tap_on_the_domain_sends_the_case_to_its_unit(city: CityHarness) -> None:
    dispatcher, officer, an = (
        await dispatcher_of(city),
        await city.official(WARD, "officer"),
        city.citizen("an"),
    )
    case = await report(city)
    assert (case.status, case.unit_code) == ("triage", None)
    officer.sees_nothing()
    dispatcher.sees("Có 1 phản ánh chờ điều phối")
    an.reads()
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees(
        "Chờ điều phối: 1",
        UNSURE,
        "thuộc lĩnh vực nào?",
        "[Khác]",
        "[Trật tự đô thị]",
        "[Lĩnh vực khác]",
        "[Chọn đơn vị]",
        "[Không xử lý]",
    )
    await dispatcher.presses("Trật tự đô thị")
    dispatcher.sees(f"Đã giao {case.code} cho Phường Khương Đình", "Không còn phản ánh nào")
    officer.sees(case.code, "Trật tự đô thị", "[Nhận việc]")
    an.sees(case.code, "Phường Khương Đình", "Hạn trả lời")
    case = await city.only_case()
    assert (case.status, case.unit_code, case.domain) == ("assigned", WARD, "public_order")
    assert await corrections(city) == [("domain", "other", "public_order", "dispatcher")]
    assert [event.type for event in await city.events(case)] == [
        "received",
        "sent_to_triage",
        "corrected",
        "assigned",
    ]


async def test_the_dispatcher_does_not_see_who_wrote(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    await report(city, "nguyen-thi-la")
    await dispatcher.writes("/dieuphoi")
    dispatcher.does_not_see("Nguyen")


async def test_a_missing_ward_is_asked_for_and_may_be_typed(city: CityHarness) -> None:
    dispatcher, officer = await dispatcher_of(city), await city.official(WARD, "officer")
    case = await report(city, text=NOWHERE)
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees("phường/xã nào?")
    await dispatcher.writes("khương đình")
    dispatcher.sees(f"Đã giao {case.code} cho Phường Khương Đình")
    officer.sees(case.code)
    assert await corrections(city) == [("ward", None, (await city.only_case()).ward_code, "dispatcher")]


async def test_a_typed_ward_that_nobody_knows_is_asked_for_again(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    await report(city, text=NOWHERE)
    await dispatcher.writes("/dieuphoi")
    await dispatcher.writes("xyzqw")
    dispatcher.sees("Không có phường/xã nào")
    assert (await city.only_case()).status == "triage"


async def test_after_the_domain_only_what_is_still_missing_is_asked(city: CityHarness) -> None:
    dispatcher, officer = await dispatcher_of(city), await city.official(WARD, "officer")
    case = await report(city, text="Có chuyện lạ")
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Lĩnh vực khác")
    dispatcher.sees("[Tiếng ồn]", "[Rác thải, vệ sinh môi trường]")
    await dispatcher.presses("Rác thải")
    dispatcher.sees("phường/xã nào?")
    await dispatcher.writes("Khương Đình")
    officer.sees(case.code, "Rác thải")


async def test_a_unit_may_be_chosen_by_its_name(city: CityHarness) -> None:
    dispatcher, officer = await dispatcher_of(city), await city.official("so-xay-dung", "officer")
    case = await report(city)
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Chọn đơn vị")
    dispatcher.sees("[Phường Khương Đình]")
    await dispatcher.writes("xay dung")
    await dispatcher.presses("Sở Xây dựng")
    officer.sees(case.code)


async def test_the_next_case_follows_and_one_may_be_left_for_later(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    first, second = await report(city, "an"), await report(city, "ba")
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees(first.code, "Chờ điều phối: 2")
    await dispatcher.presses("Để sau")
    dispatcher.sees(second.code)
    await dispatcher.presses("Trật tự đô thị")
    dispatcher.sees(f"Đã giao {second.code}", first.code, "Chờ điều phối: 1")


async def test_an_urgent_case_stands_at_the_head(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    await report(city, "an")
    urgent = await report(city, "ba", text="Nguy hiểm quá ở phường Khương Đình")
    dispatcher.sees("KHẨN", urgent.code)
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees(urgent.code)


async def test_two_dispatchers_settle_a_case_only_once(city: CityHarness) -> None:
    first, second = await dispatcher_of(city, "Điều phối một"), await dispatcher_of(city, "Điều phối hai")
    case = await report(city)
    for dispatcher in (first, second):
        await dispatcher.writes("/dieuphoi")
    await first.presses("Trật tự đô thị")
    await second.presses("Khác")
    second.sees("đã được điều phối rồi")
    assert (await city.only_case()).domain == "public_order"
    assert [event.type for event in await city.events(case)].count("assigned") == 1


async def test_a_case_that_came_back_is_not_sent_to_the_same_unit_unasked(city: CityHarness) -> None:
    dispatcher, officer = await dispatcher_of(city), await city.official(WARD, "officer")
    case = await report(city, text="Rác ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await officer.presses("Trả lại")
    await officer.presses("Sai lĩnh vực")
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees("Sai lĩnh vực", "Đơn vị nào trả lời?")
    offered = [button.label for button in dispatcher.screen[-1].buttons]
    assert offered.index("Phường Khương Đình") > offered.index("Sở Xây dựng")
    await dispatcher.presses("Lĩnh vực khác")
    await dispatcher.presses("Trật tự đô thị")
    dispatcher.sees("Phường Khương Đình đã trả lại việc này", "Đơn vị nào trả lời?")
    await dispatcher.writes("Sở Xây dựng")
    await dispatcher.presses("Sở Xây dựng")
    case = await city.only_case()
    assert (case.unit_code, case.returned_count) == ("so-xay-dung", 1)


async def test_refusing_a_case_gives_the_citizen_the_reason_and_a_way_back(city: CityHarness) -> None:
    dispatcher, an = await dispatcher_of(city), city.citizen("an")
    case = await report(city)
    an.reads()
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Không xử lý")
    dispatcher.sees("Người gửi sẽ đọc lý do này", "[Trùng phản ánh khác]", "[Bỏ]")
    await dispatcher.presses("Không đủ thông tin")
    an.sees(case.code, "chưa đủ rõ", "[Chưa giải quyết]")
    assert (await city.only_case()).status == "rejected"

    dispatcher.reads()
    await an.presses("Chưa giải quyết")
    assert (await city.only_case()).status == "triage", (
        "a case without a unit is not lost when it is reopened"
    )
    dispatcher.sees("chờ điều phối")


async def test_a_reason_may_be_typed_and_refusing_may_be_given_up(city: CityHarness) -> None:
    dispatcher, an = await dispatcher_of(city), city.citizen("an")
    await report(city)
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Không xử lý")
    await dispatcher.presses("Bỏ")
    assert (await city.only_case()).status == "triage"
    await dispatcher.presses("Không xử lý")
    await dispatcher.writes("Việc này xảy ra ở tỉnh khác.")
    await dispatcher.presses("Gửi lý do này")
    an.sees("Việc này xảy ra ở tỉnh khác.")


async def test_a_complaint_about_officials_is_only_offered_to_those_who_may_have_it(
    city: CityHarness,
) -> None:
    dispatcher, accused = await dispatcher_of(city), await city.official(WARD, "chair")
    case = await report(city, text="Cán bộ hách dịch về hồ sơ ở phường Khương Đình")
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Thái độ, hành vi cán bộ")
    case = await city.only_case()
    assert case.unit_code == "thanh-tra-thanh-pho"
    accused.sees_nothing()


async def test_many_waiting_cases_make_one_message_in_half_an_hour(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    for number in range(6):
        await report(city, f"citizen {number}")
    told = len(dispatcher.screen)
    assert told == 2, "one for the first, one for all others of the half hour"
    await city.passes(minutes=31)
    await report(city, "another")
    assert len(dispatcher.screen) == told + 1


async def test_what_waits_too_long_is_remembered_by_day_only(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    await report(city)
    await city.passes(hours=3)
    await city.ticks()
    dispatcher.reads()
    await city.passes(hours=3)
    await city.ticks()
    await city.ticks()
    dispatcher.sees("Nhắc việc", "Chờ điều phối (1)", "lẽ ra chọn đơn vị trước 14:30")
    assert len(dispatcher.news) == 1
    dispatcher.reads()
    await city.becomes(datetime(2026, 11, 23, 22, 0, tzinfo=LOCAL_TIME))
    await city.ticks()
    dispatcher.sees_nothing()


async def test_without_dispatchers_the_administrators_are_told(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin")
    case = await report(city)
    admin.sees(case.code, "chưa có cán bộ điều phối nào")


async def test_only_dispatchers_may_look(city: CityHarness) -> None:
    case = await report(city)
    for somebody in (
        city.citizen("an"),
        await city.official(WARD, "chair"),
        await city.official("ha-noi", "leader"),
    ):
        for deed in ("/dieuphoi", f"/dieuphoi {case.code}"):
            await somebody.writes(deed)
            somebody.sees(texts.not_an_official(official=somebody is not city.citizen("an")))


async def test_stale_and_made_up_taps_change_nothing(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    case = await report(city)
    before = await city.events(case)
    for data in ("d:nothing", "w:so-xay-dung", "w:nothing", "u:nothing", "x:1", "", "d:", "u"):
        await dispatcher.replays(f"fix:{case.code}:{data}")
        dispatcher.sees(texts.stale_button())
    await dispatcher.replays(f"refuseto:{case.code}:nothing")
    dispatcher.sees(texts.stale_button())
    assert await city.events(case) == before


async def test_in_three_tiers_a_former_ward_settles_the_place(city: CityHarness) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    dispatcher = await dispatcher_of(city)
    unit = "phuong-khuong-dinh"
    officer = await city.official(unit, "officer")
    case = await report(city, text=NOWHERE)
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees("phường/xã nào?")
    await dispatcher.writes("Khương Đình")
    dispatcher.sees(f"Đã giao {case.code} cho Phường Khương Đình")
    officer.sees(case.code)
