"""What officials stumbled over when they used the bot for the first time."""

import pytest

from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD = "phuong-khuong-dinh"
DISPATCH = "bo-phan-dieu-phoi"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    """Let somebody send a report."""
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    citizen.reads()
    return (await city.cases())[-1]


# ── what the rules leave to the dispatchers ──────────────────────────────────────────────────────


async def of_no_domain(city: CityHarness) -> Somebody:
    """Return somebody whose report belongs to no domain, as they say themselves."""
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Sửa lĩnh vực")
    await an.presses("Khác")
    return an


async def test_what_the_rules_leave_to_the_dispatchers_waits_for_one_of_them(city: CityHarness) -> None:
    dispatcher = await city.official(DISPATCH, "dispatcher")
    officer = await city.official(WARD, "officer")
    an = await of_no_domain(city)
    an.sees("người điều phối sẽ chọn đơn vị phù hợp")
    await an.presses("Đồng ý và gửi")

    case = await city.only_case()
    assert (case.status, case.unit_code, case.unreached_at) == ("triage", None, None)
    dispatcher.sees("Có 1 phản ánh chờ điều phối")
    dispatcher.does_not_see("chưa có ai")
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees(RUBBISH, "giao việc này cho cán bộ điều phối chọn đơn vị", "[Phường Khương Đình]")
    dispatcher.does_not_see("[Bộ phận điều phối phản ánh]")
    await dispatcher.presses("Phường Khương Đình")
    officer.sees(case.code, "[Nhận việc]")
    an.sees(case.code, "Phường Khương Đình")


async def test_a_dispatcher_who_finds_no_domain_is_asked_for_the_unit(city: CityHarness) -> None:
    dispatcher = await city.official(DISPATCH, "dispatcher")
    await report(city, text="Có chuyện lạ ở phường Khương Đình")
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Khác")
    dispatcher.sees("[Phường Khương Đình]")
    assert (await city.only_case()).status == "triage"


# ── typed numbers ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("typed", "days"), [("3", 3), ("3 ngày", 3), ("5", 5), ("5 Ngày", 5), ("1", 1), ("4", 0), ("9", 0)]
)
async def test_a_number_among_labels_that_begin_with_numbers_is_what_they_say(
    city: CityHarness, typed: str, days: int
) -> None:
    await city.official("ha-noi", "chair")
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Nhận việc")
    await officer.replays(f"extend:{case.code}")
    officer.sees("[3 ngày", "[5 ngày", "[Quay lại]")
    await officer.writes(typed)
    officer.sees(f"thêm {days} ngày làm việc" if days else "bấm một nút ở trên")


@pytest.mark.parametrize(
    "typed",
    ["1", "1.", "1)", "so 1", "Số 1", "chọn 1", "chon so mot", "một", "mot", "dong y va gui", "Đồng ý"],
)
async def test_elsewhere_a_number_is_a_place_in_the_list_however_it_is_typed(
    city: CityHarness, typed: str
) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes(typed)
    case = await city.only_case()
    assert (case.unit_code, case.text) == (WARD, RUBBISH)


async def test_a_number_with_nothing_to_choose_is_asked_about_and_begins_no_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("3")
    an.sees("Chào anh/chị")
    await an.writes("3")
    an.sees("chưa rõ số này")
    assert await city.cases() == []


@pytest.mark.parametrize("typed", ["số 12", "nam", "sau", "Sửa", "đồng ý nhưng sai tên đường"])
async def test_what_only_looks_like_a_choice_is_what_it_says(city: CityHarness, typed: str) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes(typed)
    an.sees("[Đồng ý và gửi]")
    assert await city.cases() == []


# ── words of an official that belong nowhere ─────────────────────────────────────────────────────


async def test_stray_words_become_no_report_until_that_is_tapped(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await officer.writes("Chiều nay rác ở tổ 5 phường Khương Đình đã dọn chưa anh em")
    officer.sees("với tư cách người dân")
    await officer.writes("Ảnh dọn rác tôi gửi sau nhé")
    officer.sees("với tư cách người dân")
    await officer.sends(position=(20.9927, 105.8120))
    officer.sees("với tư cách người dân")
    officer.does_not_see("[Đồng ý và gửi]")
    assert await city.cases() == []

    await officer.presses("Gửi như người dân")
    officer.sees("[Đồng ý và gửi]")
    await officer.writes("Rác ngay trước nhà văn hoá")
    officer.sees("[Đồng ý và gửi]", "nhà văn hoá")


# ── a deputy until a day ─────────────────────────────────────────────────────────────────────────


async def test_next_week_lasts_to_its_end_and_another_day_may_be_typed(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền")
    await chair.presses(officer.name)
    await chair.writes("tuần sau")
    chair.sees("đến hết 6/12/2026", "[Đồng ý ủy quyền]")  # Monday is the 23rd of November
    await chair.writes("à không, 4/12")
    chair.sees("đến hết 4/12/2026", "[Đồng ý ủy quyền]")
    officer.reads()
    await chair.presses("Đồng ý ủy quyền")
    officer.sees("4/12/2026")
    await chair.writes("Rác chất đống ở phường Khương Đình")
    chair.sees("với tư cách người dân")


async def test_no_deputy_after_all_leaves_the_question(city: CityHarness) -> None:
    chair, officer = await city.official(WARD, "chair"), await city.official(WARD, "officer")
    await chair.writes("/chucvu")
    await chair.presses("Ủy quyền")
    await chair.presses(officer.name)
    await chair.writes("hết tuần này")
    chair.sees("đến hết 29/11/2026")
    await chair.presses("Không, giữ nguyên")
    await chair.writes("Rác chất đống ở phường Khương Đình")
    chair.sees("với tư cách người dân")


# ── the domain of a template ─────────────────────────────────────────────────────────────────────


async def test_a_typed_domain_is_the_templates_domain(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes("/mau")
    await chair.presses("Thêm mẫu")
    await chair.writes("Đã dọn sạch")
    await chair.writes("chuyện trên trời")
    chair.sees("chưa rõ lĩnh vực «chuyện trên trời»", "[Rác thải, ")
    await chair.writes("rác")
    await chair.writes("Tổ vệ sinh đã thu gom xong.")
    chair.sees("Đã dọn sạch", "Rác thải", "[Đổi lĩnh vực]")
    await chair.presses("Đổi lĩnh vực")
    await chair.writes("tieng on")
    chair.sees("Đã dọn sạch", "Tiếng ồn")
    await chair.writes("/mau")
    chair.sees("Đã dọn sạch", "Tiếng ồn")


# ── a case that went on to others ────────────────────────────────────────────────────────────────


async def answers(official: Somebody) -> None:
    """Let somebody answer what they were shown last."""
    await official.presses("Trả lời người dân")
    await official.writes("Đã dọn sạch lúc 8 giờ sáng nay", photos=1)
    await official.presses("Gửi câu trả lời")


async def reopened_twice(city: CityHarness, ward: Somebody) -> Case:
    """Let a report be answered and reopened twice."""
    an = city.citizen("an")
    await report(city)
    for judgement in ("1 ★", "Chưa giải quyết"):
        await answers(ward)
        await city.passes(hours=3)
        await an.presses(judgement)
    an.reads()
    return await city.only_case()


async def test_why_names_every_unit_that_had_the_case_in_order(city: CityHarness) -> None:
    above, ward = await city.official("ha-noi", "chair"), await city.official(WARD, "chair")
    case = await reopened_twice(city, ward)
    above.reads()
    await above.writes(f"/viso {case.code}")
    told = above.last.text
    first, second = "Phường Khương Đình, theo quy tắc", "Thành phố Hà Nội, vì người dân mở lại lần nữa"
    assert -1 < told.find(first) < told.find(second), told
    await city.citizen("an").writes(f"/viso {case.code}")
    city.citizen("an").sees("sau khi Phường Khương Đình trả lời")


async def test_why_names_who_gave_the_case_back(city: CityHarness) -> None:
    dispatcher, ward = await city.official(DISPATCH, "dispatcher"), await city.official(WARD, "officer")
    case = await report(city)
    await ward.presses("Trả lại")
    await ward.presses("Không thuộc")
    await dispatcher.replays(f"fix:{case.code}:u:so-xay-dung")
    await dispatcher.writes(f"/viso {case.code}")
    told = dispatcher.last.text
    gave, got = "Bộ phận điều phối, do Phường Khương Đình trả lại", "Sở Xây dựng, do cán bộ điều phối chọn"
    assert -1 < told.find(gave) < told.find(got), told


@pytest.mark.parametrize("typed", ["/viec", "/tracuu", "/viso", "/tim"])
async def test_a_unit_that_had_a_case_hears_where_it_is(city: CityHarness, typed: str) -> None:
    await city.official("ha-noi", "chair")
    ward, other = await city.official(WARD, "chair"), await city.official("phuong-lang", "chair")
    case = await reopened_twice(city, ward)
    await ward.writes(f"{typed} {case.code}")
    ward.sees(f"{case.code} không còn ở đơn vị mình: đang ở Thành phố Hà Nội", "người dân mở lại")
    ward.does_not_see("Vũ Tông Phan", "An", "của anh/chị")
    await other.writes(f"{typed} {case.code}")
    other.sees("không thấy việc này")
    other.does_not_see(case.code, "của anh/chị")


async def test_the_card_of_a_reopened_case_tells_what_was_answered_and_rated(city: CityHarness) -> None:
    above, ward = await city.official("ha-noi", "chair"), await city.official(WARD, "chair")
    await reopened_twice(city, ward)
    above.sees("Người dân mở lại lần nữa", "Đã dọn sạch lúc 8 giờ sáng nay", "chấm 1 sao")
    ward.does_not_see("[Nhận việc]")


async def test_the_first_reopening_shows_the_unit_its_own_answer(city: CityHarness) -> None:
    ward, an = await city.official(WARD, "chair"), city.citizen("an")
    await report(city)
    await answers(ward)
    ward.reads()
    await an.presses("2 ★")
    ward.sees("Đã dọn sạch lúc 8 giờ sáng nay", "chấm 2 sao", "[Nhận việc]")


# ── a unit without a chair ───────────────────────────────────────────────────────────────────────


async def test_the_only_chair_is_warned_and_the_level_above_told(city: CityHarness) -> None:
    above, chair = await city.official("ha-noi", "chair"), await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    await chair.writes("/chucvu")
    await chair.presses("Thôi làm lãnh đạo")
    chair.sees("không còn lãnh đạo để duyệt", "ủy quyền")
    above.reads()
    officer.reads()
    await chair.presses("Xác nhận")
    above.sees("Phường Khương Đình không còn lãnh đạo")
    officer.sees_nothing()


async def test_with_another_chair_nobody_is_warned(city: CityHarness) -> None:
    above, chair = await city.official("ha-noi", "chair"), await city.official(WARD, "chair")
    await city.official(WARD, "officer")
    await city.official(WARD, "chair", name="đồng cấp")
    await chair.writes("/chucvu")
    await chair.presses("Thôi làm lãnh đạo")
    chair.does_not_see("không còn lãnh đạo")
    above.reads()
    await chair.presses("Xác nhận")
    above.sees_nothing()


# ── small words ──────────────────────────────────────────────────────────────────────────────────


async def test_who_comes_too_late_hears_who_sent_the_answer(city: CityHarness) -> None:
    officer, chair = await city.official(WARD, "officer"), await city.official(WARD, "chair")
    case = await report(city)
    await officer.presses("Nhận việc")
    await chair.replays(f"answer:{case.code}")
    await chair.writes("Đã dọn sạch lúc 8 giờ sáng nay", photos=1)
    await chair.presses("Gửi câu trả lời")
    await officer.replays(f"accept:{case.code}")
    officer.sees(f"đã được {chair.name} trả lời lúc")
    await chair.replays(f"accept:{case.code}")
    chair.sees("đã được anh/chị trả lời lúc")


async def test_only_commands_of_the_writers_own_are_suggested(city: CityHarness) -> None:
    dispatcher = await city.official(DISPATCH, "dispatcher")
    an = city.citizen("an")
    for somebody, typed, meant in (
        (dispatcher, "/abc", ""),
        (an, "/dieuphoj", ""),
        (an, "/cuatooi", "/cuatoi"),
    ):
        await somebody.writes(typed)
        somebody.sees("Tôi không có lệnh này", f"muốn gõ {meant}?" if meant else "Gõ /trogiup")
        somebody.does_not_see("/tach", "/dieuphoi")


async def test_a_leader_with_nothing_to_decide_is_not_sent_in_a_circle(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await leader.writes("/viec")
    leader.sees("Không có việc nào chờ anh/chị quyết định", "/thongke")
    leader.does_not_see("Gõ /viec")
