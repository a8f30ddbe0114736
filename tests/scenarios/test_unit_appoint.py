"""Who at the unit does it: the chair gives a case to an officer, a colleague takes one over knowingly."""

import pytest

from handlers import texts
from storage import ledger
from tests.city import CityHarness, Somebody
from tests.scenarios.test_unit import RUBBISH, WARD, again, report

ROADS = "Chuyên viên giao thông"
GREEN = "Chuyên viên môi trường"


async def staff(city: CityHarness) -> tuple[Somebody, Somebody, Somebody]:
    """Return the chair and two officers of the ward."""
    chair = await city.official(WARD, "chair", name="Chủ tịch phường Khương Đình")
    return (
        chair,
        await city.official(WARD, "officer", name=GREEN),
        await city.official(WARD, "officer", name=ROADS),
    )


async def id_of(city: CityHarness, official: Somebody) -> int:
    """Return the number of somebody's person."""
    from sqlalchemy import select

    from storage.tables import chat

    (row,) = await city.rows(select(chat.c.person_id).where(chat.c.chat == official.chat))
    return int(row["person_id"])


# ── giving ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_chair_gives_a_case_to_the_officer_with_the_least_to_do(city: CityHarness) -> None:
    chair, green, roads = await staff(city)
    first = await report(city, "binh")
    await green.presses(f"accept:{first.code}")
    case = await report(city)
    for official in (chair, green, roads):
        official.reads()
    await chair.presses("Giao người xử lý")
    chair.sees(f"Giao {case.code} cho ai?", f"[{GREEN} (1)]", f"[{ROADS} (0)]", "[Tôi tự xử lý]", "[Bỏ]")
    await chair.presses(ROADS)
    chair.sees(f"Đã giao {case.code} cho {ROADS}", "Trả lời trước")
    roads.sees("Chủ tịch phường Khương Đình giao anh/chị xử lý", RUBBISH, "[Nhận việc]")
    green.sees_nothing()
    case = await again(city, case)
    assert (case.status, case.officer_id) == ("assigned", await id_of(city, roads))
    assert (await city.events(case))[-1].type == "appointed"
    await roads.presses("Nhận việc")
    roads.sees("Anh/chị đã nhận")
    assert (await again(city, case)).status == "in_progress"


async def test_only_chairs_are_offered_to_appoint(city: CityHarness) -> None:
    chair, green, _ = await staff(city)
    case = await report(city)
    chair.sees("[Giao người xử lý]")
    green.does_not_see("[Giao người xử lý]")
    await green.replays(f"appoint:{case.code}")
    green.sees("chỉ xem được")
    await green.replays(f"appointto:{case.code}:{await id_of(city, green)}")
    assert (await again(city, case)).officer_id is None


async def test_a_name_may_be_typed_and_a_long_list_has_pages(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    for number in range(10):
        await city.official(WARD, "officer", name=f"Chuyên viên số {number}")
    case = await report(city)
    await chair.presses("Giao người xử lý")
    assert sum("Chuyên viên số" in label for label in chair.last.labels) == 8
    await chair.presses("Xem tiếp")
    chair.sees("[Chuyên viên số 9 (0)]", "[Trang trước]")
    await chair.writes("chuyen vien so 3")
    chair.sees("[Chuyên viên số 3 (0)]", case.code)
    await chair.writes("ông nào đó khác")
    chair.sees("không có ai tên", "[Bỏ]")
    await chair.presses("Chuyên viên số 3")
    chair.sees("Đã giao")
    for odd in (f"appoint:{case.code}:99", f"appoint:{case.code}:-1", f"appoint:{case.code}:x"):
        await chair.replays(odd)
        chair.sees(f"{case.code} đang do Chuyên viên số 3 xử lý")


async def test_whoever_had_it_hears_that_a_colleague_does_it_now(city: CityHarness) -> None:
    chair, green, roads = await staff(city)
    case = await report(city)
    await green.presses("Nhận việc")
    await chair.replays(f"appoint:{case.code}")
    chair.sees(f"đang do {GREEN} xử lý. Giao lại cho ai?")
    chair.does_not_see(f"[{GREEN}")
    green.reads()
    await chair.presses(ROADS)
    green.sees(f"{case.code} nay do {ROADS} xử lý")
    roads.sees("giao anh/chị xử lý", "[Trả lời người dân]")
    assert (await again(city, case)).status == "in_progress"
    await chair.replays(f"appointto:{case.code}:{await id_of(city, roads)}")
    chair.sees(f"đang do {ROADS} xử lý rồi")


async def test_nobody_outside_the_unit_can_be_given_a_case(city: CityHarness) -> None:
    chair, green, _ = await staff(city)
    neighbour = await city.official("phuong-thanh-xuan", "officer")
    case = await report(city)
    for person in (await id_of(city, neighbour), await id_of(city, city.citizen("an")), 0, "x", ""):
        await chair.replays(f"appointto:{case.code}:{person}")
        chair.sees("không còn nhận việc ở đơn vị", "[Giao người xử lý]")
    await green.presses("Nhận việc")
    assert [event.type for event in await city.events(case)].count("appointed") == 0


async def test_the_chair_may_do_it_alone(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city)
    await chair.presses("Giao người xử lý")
    chair.sees("chưa có chuyên viên nào")
    await chair.presses("Tôi tự xử lý")
    chair.sees("Anh/chị đã nhận thay")
    city.citizen("an").sees("đã nhận và đang giải quyết")
    case = await again(city, case)
    assert (case.status, case.officer_id) == ("in_progress", await id_of(city, chair))


async def test_the_chair_above_may_appoint_but_not_take_it_up(city: CityHarness) -> None:
    _, green, _ = await staff(city)
    above = await city.official("ha-noi", "chair")
    case = await report(city)
    await above.writes(f"/viec {case.code}")
    await above.presses("Giao người xử lý")
    above.sees(GREEN)
    above.does_not_see("[Tôi tự xử lý]")
    await above.presses(GREEN)
    green.sees("giao anh/chị xử lý việc này")
    await above.replays(f"appointme:{case.code}")
    above.sees("chỉ xem được")


async def test_a_finished_case_is_given_to_nobody(city: CityHarness) -> None:
    chair, green, roads = await staff(city)
    case = await report(city)
    await green.writes("Đã dọn xong lúc 10 giờ.", photos=1, reply_to=green.last)
    await green.presses("Gửi câu trả lời")
    await chair.presses(f"appoint:{case.code}")
    chair.sees(f"{GREEN} trả lời lúc")
    await chair.replays(f"appointto:{case.code}:{await id_of(city, roads)}")
    chair.sees(f"{GREEN} trả lời lúc")


# ── taking over ──────────────────────────────────────────────────────────────────────────────────


async def test_a_colleague_takes_over_only_knowingly(city: CityHarness) -> None:
    _, green, roads = await staff(city)
    case = await report(city)
    await green.presses("Nhận việc")
    await roads.presses("Nhận việc")
    roads.sees(f"{GREEN} nhận lúc 09:00", "[Nhận thay]")
    assert (await again(city, case)).officer_id == await id_of(city, green)
    green.reads()
    await roads.presses("Nhận thay")
    roads.sees("Anh/chị đã nhận thay", "[Trả lời người dân]")
    green.sees(f"{case.code} nay do {ROADS} xử lý")
    assert (await again(city, case)).officer_id == await id_of(city, roads)
    assert (await city.events(case))[-1].type == "taken_over"
    await roads.presses("Nhận thay")
    roads.sees(texts.accepted_by_you(code=case.code))
    assert await ledger.verify(city.database) is None


async def test_what_was_given_to_a_colleague_is_asked_about_before_it_is_accepted(city: CityHarness) -> None:
    chair, green, _ = await staff(city)
    case = await report(city)
    await chair.presses("Giao người xử lý")
    await chair.presses(ROADS)
    await green.presses("Nhận việc")
    green.sees(f"{case.code} đang do {ROADS} xử lý. Anh/chị nhận thay?")
    assert (await again(city, case)).status == "assigned"
    await green.presses("Nhận thay")
    green.sees("Anh/chị đã nhận thay")
    case = await again(city, case)
    assert (case.status, case.officer_id) == ("in_progress", await id_of(city, green))


async def test_a_button_that_names_somebody_else_asks_again(city: CityHarness) -> None:
    chair, green, roads = await staff(city)
    case = await report(city)
    await green.presses("Nhận việc")
    await roads.presses("Nhận việc")
    await chair.replays(f"appointme:{case.code}")
    await roads.presses("Nhận thay")
    roads.sees("đang do Chủ tịch phường Khương Đình xử lý. Anh/chị nhận thay?")
    assert (await again(city, case)).officer_id == await id_of(city, chair)


async def test_the_card_tells_who_does_it(city: CityHarness) -> None:
    chair, green, roads = await staff(city)
    case = await report(city)
    await green.presses("Nhận việc")
    await roads.writes(f"/viec {case.code}")
    roads.sees(f"Người xử lý: {GREEN}", "[Nhận thay]")
    await green.writes(f"/viec {case.code}")
    green.sees("Người xử lý: anh/chị")
    green.does_not_see("[Nhận thay]")
    await chair.writes(f"/viec {case.code}")
    chair.sees(f"Người xử lý: {GREEN}", "[Giao người xử lý]")


@pytest.mark.parametrize("data", ["takeover:{}", "takeover:{}:x", "appointme:{}"])
async def test_who_belongs_elsewhere_takes_nothing_over(city: CityHarness, data: str) -> None:
    _, green, _ = await staff(city)
    neighbour = await city.official("phuong-thanh-xuan", "officer")
    case = await report(city)
    await green.presses("Nhận việc")
    await neighbour.replays(data.format(case.code))
    neighbour.sees(texts.case_not_yours())
    assert (await again(city, case)).officer_id == await id_of(city, green)
