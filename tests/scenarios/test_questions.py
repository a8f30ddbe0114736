"""Leaders and chairs ask for figures in plain words, and get a sentence, a table, a picture and the cases."""

from datetime import datetime

from routing.deadline import LOCAL_TIME
from storage.cases import Case
from tests.city import CityHarness, Somebody
from tests.groups_city import only_group

WARD, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan"
RUBBISH = "Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"
ELSEWHERE = "Rác chất đống ở phường Thanh Xuân"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=LOCAL_TIME)


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return (await city.cases())[-1]


async def answered(city: CityHarness, official: Somebody, case: Case) -> None:
    await official.replays(f"answer:{case.code}")
    await official.writes("Đã dọn xong.", photos=1)
    await official.presses("Gửi câu trả lời")


async def a_week(city: CityHarness) -> tuple[Case, Case, Case]:
    """One answered in time, one late, one overdue; returned in this order."""
    good, bad = await city.official(WARD, "officer"), await city.official(OTHER, "officer")
    first = await report(city, "an")
    await answered(city, good, first)
    late = await report(city, "ba", text=ELSEWHERE)
    overdue = await report(city, "ca", text=ELSEWHERE)
    await city.becomes(local(27, 10))
    await answered(city, bad, late)
    return first, late, overdue


async def test_who_is_latest_this_week(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await a_week(city)
    await leader.writes("tuần này phường nào trễ nhiều nhất?")
    leader.sees("Trả lời trễ hạn nhiều nhất: Phường Thanh Xuân (1)", "23/11 – 29/11/2026", "[Xem hồ sơ]")
    await leader.writes("cac phuong tuan nay theo ty le dung han tu thap den cao")
    leader.sees("Trả lời đúng hạn thấp nhất: Phường Thanh Xuân (0%)", "Phường Khương Đình: 100% của 1 vụ")


async def test_the_cases_behind_a_figure_open_with_a_tap(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    _, late, overdue = await a_week(city)
    await leader.writes("tuần này phường nào trễ nhiều nhất?")
    await leader.presses("Xem hồ sơ")
    leader.sees("Hồ sơ · Trả lời trễ hạn · Phường Thanh Xuân", f"1. {late.code}")
    leader.does_not_see(overdue.code)
    await leader.presses(late.code)
    leader.sees(late.code, "Đã trả lời")
    await leader.writes("bao nhiêu vụ đang quá hạn?")
    leader.sees("1 vụ quá hạn chưa trả lời.")
    await leader.presses("Xem hồ sơ")
    leader.sees(overdue.code)
    leader.does_not_see(late.code)


async def test_follow_up_questions_keep_what_was_asked(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await city.becomes(local(30, 10))
    await report(city, "ba")
    await report(city, "ca")
    await leader.writes("phường Khương Đình tuần này có bao nhiêu phản ánh")
    leader.sees("Phường Khương Đình · 30/11 – 6/12/2026", "2 phản ánh nhận được.")
    await leader.writes("so với tuần trước thì sao")
    leader.sees("Phường Khương Đình", "2 phản ánh nhận được.", "Kỳ trước (23/11)", "tăng 1 (100%)")
    await leader.writes("theo lĩnh vực")
    leader.sees("Rác thải")
    await city.passes(hours=2)
    await leader.writes("so với kỳ trước thì sao")
    leader.does_not_see("Phường Khương Đình · 30/11")


async def test_hurried_typing_is_understood(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await city.becomes(local(25, 10))
    await leader.writes("hom truoc nua")
    await leader.writes("ngay 23/11 co bao nhieu phan anh")
    leader.sees("ngày 23/11/2026", "1 phản ánh nhận được.")


async def test_a_chair_gets_the_citys_total_and_a_polite_no_for_another_unit(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await report(city)
    await report(city, "ba", text=ELSEWHERE)
    await chair.writes("tuần này có bao nhiêu phản ánh?")
    chair.sees("Phường Khương Đình", "1 phản ánh nhận được.")
    await chair.writes("phường Thanh Xuân tuần này có bao nhiêu phản ánh?")
    chair.sees("không thuộc phạm vi của anh/chị", "Thành phố Hà Nội", "2 phản ánh nhận được.")
    chair.does_not_see("[Xem hồ sơ]", "1 phản ánh")
    await chair.writes("tuần này phường nào trễ nhiều nhất?")
    chair.sees("không thuộc phạm vi của anh/chị", "Thành phố Hà Nội")
    chair.does_not_see("Phường Thanh Xuân")
    for data in ("behind:0:261123:261129:0:phuong-thanh-xuan:", "behind:0:261123:261129:0:ha-noi:"):
        await chair.replays(data)
        chair.sees("không thuộc phạm vi được xem")


async def test_buttons_that_nobody_was_shown_do_no_harm(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    for data in (
        "behind:",
        "behind:99:261123:261129:0:ha-noi:",
        "behind:0:269999:261129:0:ha-noi:",
        "behind:0:1",
    ):
        await leader.replays(data)
        leader.sees("không còn dùng được")
    citizen = city.citizen("an")
    for data in ("behind:0:261123:261129:0:ha-noi:", "hoi:hom qua co bao nhieu phan anh"):
        await citizen.replays(data)
        citizen.sees("dành cho lãnh đạo và cán bộ")


async def test_what_is_not_understood_is_answered_with_the_nearest_questions(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await leader.writes("/hoi")
    leader.sees("[Hôm qua có bao nhiêu phản ánh?]", "[Ý kiến nào đang nóng?]")
    await leader.presses("Bao nhiêu vụ sắp trễ hạn?")
    leader.sees("0 vụ sắp đến hạn.")
    await leader.writes("/hoi con meo mau den ngoi tren mai nha")
    leader.sees("Tôi chưa chắc đã hiểu")
    assert len(leader.last.buttons) == 3
    await leader.presses(leader.last.labels[0])
    leader.does_not_see("Tôi chưa chắc đã hiểu")


async def test_a_complaint_of_an_official_stays_a_complaint(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await chair.writes(RUBBISH)
    chair.does_not_see("Tôi chưa chắc đã hiểu", "phản ánh nhận được")
    citizen = city.citizen("an")
    await citizen.writes("tuần này phường nào trễ nhiều nhất?")
    citizen.does_not_see("Trả lời trễ hạn nhiều nhất")


async def test_why_a_unit_fell_and_what_is_hot(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    officer = await city.official(OTHER, "officer")
    await answered(city, officer, await report(city, "an", text=ELSEWHERE))
    await city.becomes(local(30, 9))
    late = await report(city, "ba", text=ELSEWHERE)
    await city.becomes(datetime(2026, 12, 4, 10, tzinfo=LOCAL_TIME))
    await answered(city, officer, late)
    await leader.writes("vì sao phường Thanh Xuân tuần này tụt?")
    leader.sees("0% trả lời đúng hạn (0/1 vụ)", "Kỳ trước", "giảm 100 điểm", "Rác thải", "1 vụ trả lời trễ")
    await leader.writes("ý kiến nào đang nóng?")
    leader.sees("Đang nóng", "Rác thải")


async def test_a_picture_goes_with_a_comparison(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await a_week(city)
    await leader.writes("so sánh tỷ lệ đúng hạn các phường tuần này")
    assert leader.last.message.photos
    assert city.drawn[-1]["title"] == "Trả lời đúng hạn thấp nhất: Phường Thanh Xuân (0%)"


async def test_nobody_is_named_where_nothing_is_wrong_and_all_are_who_stand_alike(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await leader.writes("tuần này phường nào trả lời trễ nhiều nhất?")
    leader.sees("0 vụ trả lời trễ hạn.")
    leader.does_not_see("nhiều nhất")
    await report(city, "ba", text=ELSEWHERE)
    await leader.writes("hôm nay phường nào nhận nhiều phản ánh nhất?")
    leader.sees("Phản ánh nhận được nhiều nhất:", "Phường Khương Đình", "Phường Thanh Xuân", "(1)")


async def test_a_chair_never_sees_other_wards_cases_through_the_citys_figures(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await report(city, "an", text=ELSEWHERE)
    for name in ("ba", "ca"):
        citizen = city.citizen(name)
        await citizen.writes(ELSEWHERE)
        await citizen.presses("Đồng ý và gửi")
    (case, *_) = await city.cases()
    for words in ("ý kiến nào đang nóng toàn thành phố?", "toàn thành phố hôm nay có bao nhiêu phản ánh"):
        await chair.writes(words)
        chair.sees("Thành phố Hà Nội")
        chair.does_not_see(case.code, "[Xem hồ sơ]", "[Xuất Excel]", "[Theo đơn vị]")


async def test_a_single_day_that_stands_out_is_named(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await city.becomes(local(25, 10))
    await leader.writes("tuần này ngày nào nhận nhiều phản ánh nhất?")
    leader.sees("nhiều nhất: 23/11 (1)")


async def test_how_many_were_open_then_is_not_made_up(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await leader.writes("diễn biến số vụ đang mở theo tuần")
    leader.does_not_see("Tuần 23/11: 0", "Tuần 16/11")
    await leader.writes("/hoi năm 2000 nhận bao nhiêu phản ánh, tăng hay giảm?")
    leader.does_not_see("hệ thống gặp lỗi")


async def test_a_group_of_wards_compares_these_and_hears_nothing_of_conduct(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    for code in (WARD, OTHER):
        await city.official(code, "chair")
    await report(city)
    await leader.writes("/lapnhom phường Khương Đình, phường Thanh Xuân")
    await leader.presses(leader.last.labels[0])
    group = city.somebody_in_group((await only_group(city)).chat, leader, mentioned=True)
    await group.writes("hôm nay phường nào nhận nhiều phản ánh nhất?")
    group.sees("Phản ánh nhận được nhiều nhất: Phường Khương Đình (1)")
    await group.writes("phản ánh về thái độ cán bộ hôm nay có bao nhiêu?")
    group.sees("Không tính phản ánh về thái độ cán bộ")
    group.does_not_see("1 phản ánh nhận được")
