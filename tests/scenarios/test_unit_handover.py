"""To a lower, higher or other unit: what is offered, the word to the receiver, and cases that go round."""

import pytest

from handlers import texts
from routing.organisation import build_city
from tests.city import CityHarness
from tests.scenarios.test_unit import RUBBISH, WARD, again, report

BUILDING = "so-xay-dung"


async def test_the_units_above_and_below_come_first(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    chief = await city.official("ha-noi", "chair")
    case = await report(city)
    await officer.presses("Chuyển đơn vị")
    assert officer.last.labels[:2] == [
        "⬇ Xuống: Công an phường Khương Đình",
        f"⬆ Lên cấp trên: {city.city.root.name}",
    ]
    await officer.presses("⬆ Lên cấp trên")
    officer.sees(f"Chuyển {case.code} cho {city.city.root.name}?", "Thời hạn giữ nguyên: 09:00 thứ Sáu 27/11")
    await officer.presses("Chuyển luôn")
    chief.sees(case.code, "Chuyển đến từ Phường Khương Đình", "[Nhận việc]")
    await chief.presses("Chuyển đơn vị")
    assert chief.last.labels[0] == "⬇ Xuống: Phường Khương Đình"


async def test_in_three_tiers_a_case_goes_up_to_its_district_and_down_to_its_ward(city: CityHarness) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    officer = await city.official("quan-thanh-xuan", "chair")
    case = await report(
        city, text="Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình, quận Thanh Xuân"
    )
    case = await again(city, case)
    unit = city.city.units[case.unit_code or ""]
    there = await city.official(unit.code, "officer")
    await there.writes(f"/viec {case.code}")
    await there.presses("Chuyển đơn vị")
    there.sees("[⬆ Lên cấp trên: Quận Thanh Xuân]")
    await there.presses("⬆ Lên cấp trên")
    await there.presses("Chuyển luôn")
    officer.sees(case.code, f"Chuyển đến từ {unit.name}")


async def test_a_word_may_go_with_it_and_the_receiver_reads_it(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    receiver = await city.official(BUILDING, "officer")
    case = await report(city)
    promised = case.due_at
    await city.passes(hours=1)
    an.reads()
    await officer.presses("Chuyển đơn vị")
    await officer.writes("so xay dung")
    await officer.presses("Sở Xây dựng")
    officer.sees("Nhắn một câu vì sao", "[Chuyển luôn]", "[Bỏ]")
    receiver.sees_nothing()
    await officer.writes("Đường này do Sở quản lý từ tháng 7")
    await officer.presses("Gửi lý do này")
    officer.sees("Đã chuyển", "Thời hạn giữ nguyên")
    receiver.sees("Chuyển đến từ Phường Khương Đình: «Đường này do Sở quản lý từ tháng 7»", RUBBISH)
    an.sees(f"{case.code} đã được chuyển đến Sở Xây dựng")
    an.does_not_see("do Sở quản lý")
    case = await again(city, case)
    assert (case.unit_code, case.due_at, case.status) == (BUILDING, promised, "assigned")
    await receiver.writes(f"/viec {case.code}")
    receiver.sees(
        "Phường Khương Đình chuyển đi lúc 10:00 thứ Hai 23/11: «Đường này do Sở quản lý từ tháng 7»"
    )
    event = (await city.events(case))[-1]
    assert (event.type, event.data["note"]) == ("handed_over", "Đường này do Sở quản lý từ tháng 7")


async def test_who_had_it_is_told_when_a_colleague_hands_it_on(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    chair = await city.official(WARD, "chair")
    await city.official(BUILDING, "officer")
    case = await report(city)
    await officer.presses("Nhận việc")
    officer.reads()
    await chair.replays(f"handnow:{case.code}:{BUILDING}")
    officer.sees(f"{case.code} đã được chuyển cho Sở Xây dựng")


@pytest.mark.parametrize("who", ["ha-noi chair", "bo-phan-dieu-phoi dispatcher"])
async def test_a_unit_hears_that_somebody_outside_it_gave_its_case_to_another(
    city: CityHarness, who: str
) -> None:
    officer, chair = await city.official(WARD, "officer"), await city.official(WARD, "chair")
    outside = await city.official(*who.split())
    case = await report(city)
    for official in (officer, chair):
        official.reads()
    await outside.replays(f"handnow:{case.code}:{BUILDING}")
    for official in (officer, chair):
        official.sees(f"{case.code} đã được chuyển cho Sở Xây dựng")


async def test_the_way_stands_on_the_card(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    receiver = await city.official(BUILDING, "officer")
    third = await city.official("phuong-thanh-xuan", "officer")
    case = await report(city)
    await officer.replays(f"handnow:{case.code}:{BUILDING}")
    receiver.sees("Đã qua: Phường Khương Đình")
    await receiver.replays(f"handnow:{case.code}:phuong-thanh-xuan")
    third.sees("Đã qua: Phường Khương Đình → Sở Xây dựng")
    await third.writes(f"/viec {case.code}")
    third.sees("Đã qua: Phường Khương Đình → Sở Xây dựng")


async def test_a_case_that_would_go_round_is_warned_about_and_offered_to_the_dispatchers(
    city: CityHarness,
) -> None:
    officer = await city.official(WARD, "officer")
    receiver = await city.official(BUILDING, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    promised = case.due_at
    await officer.presses("Chuyển đơn vị")
    await officer.replays(f"handto:{case.code}:{BUILDING}")
    officer.does_not_see("đi vòng")
    await officer.writes("Đường lớn của Sở")
    await officer.presses("Gửi lý do này")
    await receiver.replays(f"handto:{case.code}:{WARD}")
    receiver.sees("Phường Khương Đình đã từng chuyển việc này đi lúc 09:00", "Đường lớn của Sở", "đi vòng")
    receiver.sees("[Chuyển luôn]", "[Để điều phối chọn]", "[Bỏ]")
    await receiver.presses("Để điều phối chọn")
    receiver.sees("Đã trả", "bộ phận điều phối")
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees("Các đơn vị chuyển qua lại", "Phường Khương Đình → Sở Xây dựng")
    case = await again(city, case)
    assert (case.status, case.unit_code, case.due_at) == ("triage", None, promised)


async def test_who_is_sure_may_send_it_back_all_the_same(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    receiver = await city.official(BUILDING, "officer")
    case = await report(city)
    await officer.replays(f"handnow:{case.code}:{BUILDING}")
    await receiver.replays(f"handto:{case.code}:{WARD}")
    await receiver.presses("Chuyển luôn")
    officer.sees("Chuyển đến từ Sở Xây dựng", "Đã qua: Phường Khương Đình → Sở Xây dựng")
    assert (await again(city, case)).unit_code == WARD


async def test_dispatch_is_not_asked_where_nothing_goes_round(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"handask:{case.code}")
    officer.sees(texts.stale_button())
    assert (await again(city, case)).unit_code == WARD


@pytest.mark.parametrize("data", ["handto:{}:{}", "handnow:{}:{}"])
async def test_wrong_units_change_nothing(city: CityHarness, data: str) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    for unit, answer in (
        (WARD, "đang ở Phường Khương Đình rồi"),
        ("khong-co", "không chuyển cho đơn vị đó được"),
        ("", "không chuyển cho đơn vị đó được"),
        (f"{BUILDING}:x", "không chuyển cho đơn vị đó được"),
    ):
        await officer.replays(data.format(case.code, unit))
        officer.sees(answer)
    assert (await again(city, case)).unit_code == WARD


async def test_a_second_tap_finds_the_case_gone(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"handto:{case.code}:{BUILDING}")
    await officer.presses("Chuyển luôn")
    events = len(await city.events(case))
    await officer.replays(f"handnow:{case.code}:{BUILDING}")
    officer.sees("không còn ở đơn vị mình")
    assert len(await city.events(case)) == events


async def test_words_for_one_unit_never_go_to_another(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"handto:{case.code}:{BUILDING}")
    await officer.presses("Bỏ")
    await officer.replays(f"handto:{case.code}:phuong-thanh-xuan")
    await officer.writes("Ngõ này thuộc phường bạn")
    await officer.presses("Gửi lý do này")
    assert (await again(city, case)).unit_code == "phuong-thanh-xuan"
    await officer.writes("/viec")
    officer.sees("không còn việc nào")


async def test_a_picture_is_no_word(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"handto:{case.code}:{BUILDING}")
    await officer.sends(photos=1)
    officer.sees(texts.words_please())
    assert (await again(city, case)).unit_code == WARD


async def test_a_finished_case_is_not_handed_on(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.writes("Đã dọn xong lúc 10 giờ.", photos=1, reply_to=officer.last)
    await officer.presses("Gửi câu trả lời")
    for data in ("hand:{}", "handto:{}:so-xay-dung", "handnow:{}:so-xay-dung", "handask:{}"):
        await officer.replays(data.format(case.code))
        officer.sees("trả lời lúc")
    assert (await again(city, case)).unit_code == WARD
