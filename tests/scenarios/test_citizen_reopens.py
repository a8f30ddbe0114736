"""A citizen is not content: reopened at most twice, higher up the second time, within days of the answer."""

from dataclasses import replace
from datetime import timedelta

import pytest

from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
WARD, CITY = "phuong-khuong-dinh", "ha-noi"


async def answers(official: Somebody, words: str = "Đã dọn sạch lúc 8 giờ sáng nay") -> None:
    await official.presses("Trả lời người dân")
    await official.writes(words, photos=1)
    await official.presses("Gửi câu trả lời")


async def reopened_twice(city: CityHarness, an: Somebody, ward: Somebody) -> Case:
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    for judgement in ("1 ★", "Chưa giải quyết"):
        await answers(ward)
        await city.passes(hours=3)
        an.reads()
        ward.reads()
        await an.presses(judgement)
    return await city.only_case()


async def test_the_second_time_it_goes_to_the_level_above(city: CityHarness) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    above = await city.official(CITY, "chair")
    case = await reopened_twice(city, an, ward)
    assert (case.status, case.unit_code, case.reopened_count) == ("reopened", CITY, 2)
    an.sees("xin lỗi", "đã được chuyển lên cấp trên")
    ward.sees(case.code, "đã chuyển lên", "không phải làm gì thêm")
    above.sees(case.code, "Người dân mở lại lần nữa", "chưa giải quyết xong")
    ward.reads()
    await answers(above, "Thành phố đã đến kiểm tra sáng nay, tổ môi trường dọn xong")
    an.sees("Thành phố đã đến kiểm tra")
    assert await ledger.verify(city.database) is None


async def test_with_nobody_above_the_dispatchers_have_it(city: CityHarness) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    dispatcher = await city.official(CITY, "dispatcher")
    case = await reopened_twice(city, an, ward)
    assert (case.status, case.unit_code) == ("triage", None)
    assert "mở lại lần nữa" in (case.triage_reason or "")
    dispatcher.sees("chờ điều phối")
    ward.sees("đã chuyển lên bộ phận điều phối")


async def test_a_third_time_is_refused_and_the_rating_kept(city: CityHarness) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    above = await city.official(CITY, "chair")
    await reopened_twice(city, an, ward)
    await answers(above)
    an.reads()
    await an.presses("Chưa giải quyết")
    an.sees("đã được mở lại 2 lần", "phản ánh mới")
    await an.presses("1 ★")
    an.sees("đã ghi lại 1 sao", "phản ánh mới")
    case = await city.only_case()
    assert (case.status, case.rating, case.reopened_count) == ("closed", 1, 2)


async def test_the_city_sets_how_often(city: CityHarness) -> None:
    procedure = replace(city.city.procedure, reopenings=0)
    await city.founds(replace(city.city, procedure=procedure))
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await answers(ward)
    await an.presses("2 ★")
    an.sees("đã ghi lại 2 sao")
    assert (await city.only_case()).status == "closed"


@pytest.mark.parametrize("judgement", ["unsolved", "rate:2", "rate:5"])
async def test_the_days_count_from_the_answer_and_nothing_restarts_them(
    city: CityHarness, judgement: str
) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await answers(ward)
    code, answered_at = (await city.only_case()).code, city.now
    await city.passes(days=13)
    await an.writes(f"/tracuu {code}")
    an.sees("[Chưa giải quyết]", "[5 ★]")
    assert city.now < answered_at + timedelta(days=14)
    await city.passes(days=1, minutes=1)
    an.reads()
    await an.replays(f"own:{code}:{judgement}")
    an.sees("quá 14 ngày", "phản ánh mới")
    case = await city.only_case()
    assert (case.status, case.reopened_count, case.rating) == ("answered", 0, None)


async def test_a_case_that_stays_closed_offers_no_reopening(city: CityHarness) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await answers(ward)
    code = (await city.only_case()).code
    await city.passes(days=15)
    an.reads()
    await an.writes(f"/tracuu {code}")
    an.does_not_see("[Chưa giải quyết]", "[5 ★]")


async def test_where_no_reopening_is_left_none_is_offered_nor_promised(city: CityHarness) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    above = await city.official(CITY, "chair")
    await reopened_twice(city, an, ward)
    an.reads()
    await answers(above)
    an.sees("1 đến 5 sao", "một phản ánh mới")
    an.does_not_see("Chưa giải quyết")


@pytest.mark.parametrize("role", ["chair", "dispatcher"])
async def test_a_refusal_that_nobody_looks_at_again_promises_no_review(city: CityHarness, role: str) -> None:
    await city.changes(procedure=replace(city.city.procedure, reopenings=0))
    an = city.citizen("an")
    chair = await city.official(WARD, "chair")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    code = (await city.only_case()).code
    an.reads()
    if role == "chair":
        await chair.replays(f"rejectfor:{code}:civil")
        await chair.presses("Gửi, không xử lý")
        chair.does_not_see("yêu cầu xem lại")
    else:
        await chair.replays(f"giveto:{code}:involved")
        await dispatcher.replays(f"refuseto:{code}:unclear")
    assert (await city.only_case()).status == "rejected"
    an.sees("không giải quyết được", "một phản ánh mới")
    an.does_not_see("Chưa giải quyết", "xem lại")
