"""Not handling a case: the unit's chair says why, the citizen reads it and may have it looked at again."""

import pytest

from handlers import texts
from storage import ledger
from tests.city import CityHarness
from tests.scenarios.test_unit import WARD, again, report


async def test_a_chair_refuses_with_a_reason_and_the_citizen_reads_what_to_do(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    case = await report(city)
    an.reads()
    await chair.presses("Từ chối xử lý")
    chair.sees("Vì sao không xử lý", "[Tranh chấp giữa các bên]", "[Bỏ]", "/gop")
    await chair.presses("Tranh chấp giữa các bên")
    chair.sees(f"Người gửi {case.code} sẽ đọc", "tranh chấp giữa các bên", "[Gửi, không xử lý]")
    an.sees_nothing()
    await chair.presses("Gửi, không xử lý")
    chair.sees(f"{case.code}: không xử lý")
    an.sees("Phường Khương Đình không giải quyết được", "tranh chấp giữa các bên", "tổ hoà giải")
    an.sees("[Chưa giải quyết]")
    case = await again(city, case)
    assert (case.status, case.answered_at) == ("rejected", city.now)
    event = (await city.events(case))[-1]
    assert (event.type, event.data["key"]) == ("rejected", "civil")
    assert await ledger.verify(city.database) is None


async def test_a_sentence_of_ones_own_may_follow_the_reason(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    case = await report(city)
    await chair.presses("Từ chối xử lý")
    await chair.writes("Đất của hai gia đình")
    chair.sees("bấm một lý do trong danh sách trước", "[Không đủ thông tin]")
    await chair.presses("Tranh chấp giữa các bên")
    await chair.writes("Hai gia đình đã được mời hoà giải ngày 20/11.")
    chair.sees("toà án giải quyết. Hai gia đình đã được mời hoà giải ngày 20/11.", "[Gửi, không xử lý]")
    await chair.presses("Gửi, không xử lý")
    an.sees("Hai gia đình đã được mời hoà giải")
    assert (await again(city, case)).status == "rejected"


async def test_words_that_are_too_long_and_pictures_are_said_so(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await report(city)
    await chair.presses("Từ chối xử lý")
    await chair.presses("Không đủ thông tin")
    await chair.writes("dài " * 200)
    chair.sees("quá 500 chữ cái")
    await chair.sends(photos=1)
    chair.sees(texts.words_please())


async def test_the_citizen_may_have_it_looked_at_again(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    case = await report(city)
    await chair.replays(f"rejectfor:{case.code}:unclear")
    await chair.presses("Gửi, không xử lý")
    await an.presses("Chưa giải quyết")
    await an.writes("Ngõ 12, ngay cổng chợ, rác cao một mét")
    case = await again(city, case)
    assert (case.status, case.reopened_count) == ("reopened", 1)


async def test_officers_and_those_above_may_not_refuse(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    above = await city.official("ha-noi", "chair")
    case = await report(city)
    officer.does_not_see("[Từ chối xử lý]")
    for somebody in (officer, above):
        for data in ("reject:{}", "rejectfor:{}:outside", "rejectgo:{}:outside"):
            await somebody.replays(data.format(case.code))
            somebody.sees("chỉ xem được")
    assert (await again(city, case)).status == "assigned"


async def test_a_dispatcher_may_refuse_what_a_unit_has(city: CityHarness) -> None:
    await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    await dispatcher.replays(f"card:{case.code}")
    await dispatcher.presses("Từ chối xử lý")
    await dispatcher.presses("Không phải phản ánh")
    await dispatcher.presses("Gửi, không xử lý")
    assert (await again(city, case)).status == "rejected"


async def test_who_had_it_is_told(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair", name="Chủ tịch phường Khương Đình")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Nhận việc")
    await chair.replays(f"rejectfor:{case.code}:outside")
    officer.reads()
    await chair.presses("Gửi, không xử lý")
    officer.sees(f"{case.code}: Chủ tịch phường Khương Đình đã quyết định không xử lý")


@pytest.mark.parametrize("data", ["rejectgo:{}:outside", "rejectgo:{}:x", "rejectgo:{}"])
async def test_nothing_is_refused_that_was_not_shown(city: CityHarness, data: str) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    case = await report(city)
    an.reads()
    await chair.replays(data.format(case.code))
    chair.sees(texts.draft_gone())
    an.sees_nothing()
    assert (await again(city, case)).status == "assigned"


async def test_a_reason_that_is_not_in_the_list_is_none(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city)
    await chair.replays(f"rejectfor:{case.code}:duplicate")
    chair.sees(texts.stale_button())


async def test_a_second_tap_refuses_nothing_again(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    case = await report(city)
    await chair.replays(f"rejectfor:{case.code}:outside")
    await chair.presses("Gửi, không xử lý")
    an.reads()
    events = len(await city.events(case))
    await chair.presses("Gửi, không xử lý")
    chair.sees("không làm được nữa")
    an.sees_nothing()
    assert len(await city.events(case)) == events


async def test_another_reason_keeps_the_words_that_were_added(city: CityHarness) -> None:
    chair, an = await city.official(WARD, "chair"), city.citizen("an")
    await report(city)
    await chair.presses("Từ chối xử lý")
    await chair.presses("Tranh chấp giữa các bên")
    await chair.writes("Phường đã mời hai bên ngày 20/11.")
    await chair.presses("Không đủ thông tin")
    chair.sees("chưa đủ rõ", "Phường đã mời hai bên ngày 20/11.", "[Gửi, không xử lý]")
    chair.does_not_see("tranh chấp")
    await chair.presses("Gửi, không xử lý")
    an.sees("chưa đủ rõ", "Phường đã mời hai bên ngày 20/11.")
    an.does_not_see("tranh chấp")
