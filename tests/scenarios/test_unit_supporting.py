"""Supporting units: asked, answering, declining, reminded; by a chair's choice or by the city's rules."""

from dataclasses import replace
from datetime import datetime

from routing.deadline import LOCAL_TIME
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD, BESIDE, CITY = "phuong-khuong-dinh", "phuong-thanh-xuan", "ha-noi"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def filed(city: CityHarness, an: Somebody) -> Case:
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    return await city.only_case()


async def asks(chair: Somebody, unit: str = "thanh xuân", task: str = "Cho mượn xe ép rác sáng mai") -> None:
    await chair.presses("Mời phối hợp")
    await chair.writes(unit)
    await chair.presses("Phường Thanh Xuân")
    await chair.writes(task)
    await chair.presses("Gửi lời mời")


async def test_a_unit_is_asked_and_its_part_comes_back(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "officer")
    case = await filed(city, an)
    an.reads()
    await asks(chair)
    chair.sees("Đã mời Phường Thanh Xuân phối hợp", case.code)
    beside.sees(
        "PHỐI HỢP – Phường Khương Đình chủ trì", "Cho mượn xe ép rác", "Vũ Tông Phan", "[Trả lời phần việc]"
    )
    chair.reads()
    await beside.presses("Trả lời phần việc")
    await beside.writes("Xe đã đến lúc 7 giờ", photos=1)
    await beside.presses("Gửi cho đơn vị chủ trì")
    beside.sees("Đã gửi phần việc")
    chair.sees(case.code, "Phường Thanh Xuân đã trả lời phần việc", "Xe đã đến lúc 7 giờ")
    assert len(chair.photos) == 1
    an.sees_nothing()
    after = await city.only_case()
    assert (after.unit_code, after.status) == (WARD, "assigned")
    told = [event.type for event in await city.events(after)]
    assert told == ["received", "assigned", "support_asked", "part_answered"]
    assert await ledger.verify(city.database) is None


async def test_the_unit_that_has_the_case_sees_the_part_in_its_card(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "chair")
    case = await filed(city, an)
    await asks(chair)
    await beside.presses("Trả lời phần việc")
    await beside.writes("Xe đã đến lúc 7 giờ")
    await beside.presses("Gửi cho đơn vị chủ trì")
    chair.reads()
    await chair.writes(f"/viec {case.code}")
    chair.sees("mời Phường Thanh Xuân phối hợp", "Phường Thanh Xuân phối hợp: «Xe đã đến lúc 7 giờ»")


async def test_a_reply_to_the_card_of_a_part_is_its_answer(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "officer")
    await filed(city, an)
    await asks(chair)
    await beside.writes("Xe đã đến lúc 7 giờ", reply_to=beside.last)
    beside.sees("[Gửi cho đơn vị chủ trì]")
    await beside.presses("Gửi cho đơn vị chủ trì")
    chair.sees("Xe đã đến lúc 7 giờ")


async def test_a_part_is_declined_with_a_reason(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "chair")
    await filed(city, an)
    await asks(chair)
    chair.reads()
    await beside.presses("Không thuộc đơn vị tôi")
    await beside.writes("Xe của thành phố quản lý")
    await beside.presses("Gửi lý do này")
    chair.sees("không nhận phần việc", "Xe của thành phố quản lý", "mời đơn vị khác")
    beside.reads()
    await beside.presses("Trả lời phần việc")
    beside.sees("không còn mở (đã từ chối)")


async def test_nobody_is_asked_twice_at_once_and_never_the_own_unit(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    await city.official(BESIDE, "chair")
    case = await filed(city, an)
    await asks(chair)
    chair.reads()
    await chair.replays(f"sup:{case.code}:{BESIDE}")
    chair.sees("đang có một phần việc chưa xong")
    chair.reads()
    await chair.replays(f"sup:{case.code}:{WARD}")
    chair.does_not_see("cần làm phần việc gì")


async def test_others_have_no_part_in_it(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "chair")
    stranger = await city.official("phuong-ha-dong", "chair")
    case = await filed(city, an)
    await stranger.replays(f"support:{case.code}")
    stranger.does_not_see("mời đơn vị nào phối hợp", "Vũ Tông Phan")
    await asks(chair)
    number = next(button.data for button in beside.last.buttons if button.data.startswith("partanswer:"))
    for somebody in (stranger, an):
        for data in (number, number.replace("partanswer", "part"), number.replace("partanswer", "sendpart")):
            somebody.reads()
            await somebody.replays(data)
            somebody.sees("Không thấy phần việc này")
    beside.reads()
    await beside.replays("partanswer:abc")
    beside.sees("Không thấy phần việc này")


async def test_the_list_of_parts_and_its_cards(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "officer")
    case = await filed(city, an)
    await beside.writes("/phoihop")
    beside.sees("không có phần việc phối hợp nào")
    await asks(chair)
    beside.reads()
    await beside.writes("/phoihop")
    beside.sees("Việc phối hợp đang mở: 1", case.code, "Cho mượn xe ép rác")
    beside.reads()
    await beside.presses(case.code)
    beside.sees("PHỐI HỢP", "[Trả lời phần việc]")
    beside.does_not_see("an ·", "Người gửi")


async def test_when_the_case_is_answered_the_part_is_over(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "officer")
    await filed(city, an)
    await asks(chair)
    await chair.presses("Trả lời người dân")
    await chair.writes("Tổ môi trường phường đã dọn sạch sáng nay", photos=1)
    await chair.presses("Gửi câu trả lời")
    beside.reads()
    await beside.presses("Trả lời phần việc")
    beside.sees("không còn mở", "vụ việc đã xong")


async def test_a_part_that_is_due_is_reminded_of_once_by_day(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "officer")
    case = await filed(city, an)
    await asks(chair)
    assert case.warn_at is not None
    beside.reads()
    await city.becomes(case.warn_at.astimezone(LOCAL_TIME).replace(hour=23))
    await city.ticks()
    beside.does_not_see("Đến hạn, đơn vị chủ trì đang chờ")
    await city.becomes(datetime(2026, 11, 30, 9, tzinfo=LOCAL_TIME))
    await city.ticks()
    beside.sees("Đến hạn, đơn vị chủ trì đang chờ", case.code)
    beside.reads()
    await city.passes(hours=2)
    await city.ticks()
    beside.does_not_see("Đến hạn, đơn vị chủ trì đang chờ")


async def test_the_citys_rules_name_supporting_units(city: CityHarness) -> None:
    rules = tuple(
        replace(rule, supporting=(BESIDE,)) if rule.domain == "waste" else rule
        for rule in city.city.responsibilities
    )
    await city.founds(replace(city.city, responsibilities=rules))
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "officer")
    case = await filed(city, an)
    chair.sees(case.code, "[Nhận việc]")
    beside.sees("PHỐI HỢP – Phường Khương Đình chủ trì", "theo phân công của thành phố")
    assert await ledger.verify(city.database) is None


async def test_they_are_named_too_when_a_dispatcher_gives_the_case_to_its_unit(city: CityHarness) -> None:
    rules = tuple(
        replace(rule, supporting=(BESIDE,)) if rule.domain == "public_order" else rule
        for rule in city.city.responsibilities
    )
    await city.founds(replace(city.city, responsibilities=rules))
    await city.official(WARD, "chair")
    an, beside = city.citizen("an"), await city.official(BESIDE, "officer")
    dispatcher = await city.official(CITY, "dispatcher")
    await an.writes("Có chuyện lạ ở phường Khương Đình")
    await an.files()
    beside.sees_nothing()
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Trật tự đô thị")
    assert (await city.only_case()).unit_code == WARD
    beside.sees("PHỐI HỢP – Phường Khương Đình chủ trì")
    assert await ledger.verify(city.database) is None


async def test_a_part_ends_where_the_case_is_kept_among_few(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    beside = await city.official(BESIDE, "chair")
    dispatcher = await city.official(CITY, "dispatcher")
    case = await filed(city, an)
    await asks(chair)
    number = next(button.data for button in beside.last.buttons if button.data.startswith("partanswer:"))
    await chair.presses("Trả lại")
    await chair.writes("Việc này liên quan đến cán bộ của phường")
    if any(button.label.startswith("Gửi lý do") for button in chair.last.buttons):
        await chair.presses("Gửi lý do")
    await dispatcher.replays(f"fix:{case.code}:d:conduct")
    assert (await city.only_case()).domain == "conduct"
    beside.reads()
    await beside.writes("/phoihop")
    beside.sees("không có phần việc phối hợp nào")
    for data in (number, number.replace("partanswer", "part")):
        beside.reads()
        await beside.replays(data)
        beside.sees("Không thấy phần việc này")


async def test_dispatchers_hear_where_a_supporting_unit_has_nobody(city: CityHarness) -> None:
    rules = tuple(
        replace(rule, supporting=(BESIDE,)) if rule.domain == "waste" else rule
        for rule in city.city.responsibilities
    )
    await city.founds(replace(city.city, responsibilities=rules))
    await city.official(WARD, "chair")
    dispatcher, an = await city.official(CITY, "dispatcher"), city.citizen("an")
    case = await filed(city, an)
    dispatcher.sees(case.code, "được mời phối hợp nhưng chưa có ai")
    dispatcher.reads()
    await city.becomes(datetime(2026, 11, 30, 9, tzinfo=LOCAL_TIME))
    await city.ticks()
    dispatcher.sees("chờ phần việc", case.code)
