"""After a report is sent: news, the unit's question, the answer, the rating, and what is not solved."""

from routing.deadline import in_quiet_hours
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
UNIT = "phuong-khuong-dinh"


async def filed(city: CityHarness, an: Somebody, text: str = RUBBISH) -> Case:
    await an.writes(text)
    await an.presses("Đồng ý và gửi")
    return (await city.cases())[-1]


async def answered(city: CityHarness, an: Somebody, chair: Somebody) -> Case:
    case = await filed(city, an)
    await chair.presses("Nhận việc")
    an.reads()
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn sạch lúc 8 giờ sáng nay", photos=1)
    await chair.presses("Gửi câu trả lời")
    return case


async def test_the_whole_way_from_report_to_rating(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    an.reads()
    await chair.presses("Nhận việc")
    an.sees(case.code, "đã nhận và đang giải quyết", "09:00 thứ Sáu 27/11")
    an.reads()
    await city.passes(hours=2)
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn sạch lúc 8 giờ sáng nay", photos=1)
    await chair.presses("Gửi câu trả lời")
    an.sees(case.code, "Đã dọn sạch lúc 8 giờ", "[1 ★]", "[5 ★]", "[Chưa giải quyết]")
    assert len(an.photos) == 1
    await an.presses("5 ★")
    an.sees("Cảm ơn anh/chị đã chấm 5 sao")
    case = await city.only_case()
    assert (case.status, case.rating) == ("closed", 5)
    assert [event.type for event in await city.events(case)] == [
        "received",
        "assigned",
        "accepted",
        "answered",
        "closed",
    ]
    assert await ledger.verify(city.database) is None


async def test_words_after_the_rating_reach_the_unit_and_are_no_new_report(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    await an.presses("4 ★")
    chair.reads()
    await an.writes("Các anh chị công nhân rất nhiệt tình")
    an.sees("đã chuyển lời")
    chair.sees("rất nhiệt tình")
    case = await city.only_case()
    assert (await city.events(case))[-1].data["text"] == "Các anh chị công nhân rất nhiệt tình"


async def test_a_message_long_after_the_rating_is_a_report_of_its_own(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    await an.presses("5 ★")
    await city.passes(hours=5)
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    an.sees("Tiếng ồn", "[Đồng ý và gửi]")


async def test_a_report_with_a_photo_right_after_the_rating_is_a_report(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    await an.presses("5 ★")
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân", photos=1)
    an.sees("Tiếng ồn", "Ảnh: 1", "[Đồng ý và gửi]")


async def test_two_stars_open_the_case_again(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    chair.reads()
    await an.presses("2 ★")
    an.sees("xin lỗi", "đã được mở lại", "Còn điều gì chưa được")
    case = await city.only_case()
    assert (case.status, case.reopened_count) == ("reopened", 1)
    assert (await city.events(case))[-1].data["rating"] == 2
    chair.sees(case.code, "chấm 2 sao")
    chair.reads()
    await an.writes("Hôm nay rác lại đầy", photos=1)
    an.sees(f"bổ sung vào {case.code}")
    chair.sees("Hôm nay rác lại đầy")
    assert len(chair.photos) == 1
    assert len(await city.cases()) == 1


async def test_not_solved_opens_the_case_again_with_a_new_deadline(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await answered(city, an, chair)
    await city.passes(days=2)
    await an.presses("Chưa giải quyết")
    again = await city.only_case()
    assert (again.status, again.answered_at) == ("reopened", None)
    assert case.due_at is not None
    assert again.due_at is not None
    assert again.due_at > case.due_at


async def test_rating_twice_and_stale_stars_change_nothing(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    await an.presses("5 ★")
    before = await city.only_case()
    await an.presses("1 ★")
    an.sees("đã đánh giá việc này rồi")
    after = await city.only_case()
    assert (after.rating, after.status, after.event_count) == (5, "closed", before.event_count)


async def test_not_solved_pressed_twice_reopens_once(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    await an.presses("Chưa giải quyết")
    await an.presses("Chưa giải quyết")
    an.sees("không còn dùng được")
    assert (await city.only_case()).reopened_count == 1


async def test_stars_before_the_answer_change_nothing(city: CityHarness) -> None:
    an = city.citizen("an")
    case = await filed(city, an)
    await an.replays(f"own:{case.code}:rate:5")
    an.sees("không còn dùng được")
    assert (await city.only_case()).rating is None


async def test_the_units_question_is_answered_by_simply_writing(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    an.reads()
    await chair.presses("Hỏi người dân")
    await chair.writes("Rác để trước số nhà nào ạ?")
    await chair.presses("Gửi câu hỏi")
    an.sees(case.code, "Rác để trước số nhà nào", "[Trả lời]")
    chair.reads()
    await an.writes("Trước số nhà 15")
    an.sees("đã chuyển câu trả lời")
    chair.sees("Trước số nhà 15")
    case = await city.only_case()
    assert (case.status, case.paused_at) == ("in_progress", None)
    assert len(await city.cases()) == 1


async def test_the_question_is_answered_by_its_button_and_a_photo(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    await chair.presses("Hỏi người dân")
    await chair.writes("Cho xin ảnh ạ")
    await chair.presses("Gửi câu hỏi")
    await an.presses("Trả lời")
    an.sees("nhắn câu trả lời")
    await an.sends(photos=1)
    an.sees("đã chuyển câu trả lời")
    assert (await city.only_case()).status == "in_progress"
    assert len(await city.photos(case)) == 1


async def test_a_reply_to_an_older_message_finds_its_case(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    first = await filed(city, an)
    confirmation = next(shown for shown in reversed(an.screen) if first.code in shown.text)
    await filed(city, an, "Karaoke ồn ào ở phường Thanh Xuân")
    chair.reads()
    await an.writes("Rác để trước số nhà 15", reply_to=confirmation)
    an.sees(f"bổ sung vào {first.code}")
    chair.sees(first.code, "số nhà 15")


async def test_a_reply_reaches_its_case_even_while_another_report_is_a_draft(city: CityHarness) -> None:
    an = city.citizen("an")
    first = await filed(city, an)
    confirmation = next(shown for shown in reversed(an.screen) if first.code in shown.text)
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    await an.writes("Rác để trước số nhà 15", reply_to=confirmation)
    an.sees(f"bổ sung vào {first.code}")
    await an.presses("Đồng ý và gửi")
    assert [case.text for case in await city.cases()] == [RUBBISH, "Karaoke ồn ào ở phường Thanh Xuân"]


async def test_words_to_a_finished_case_are_kept_and_the_way_back_is_shown(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await answered(city, an, chair)
    answer = an.last
    await an.presses("5 ★")
    await city.passes(days=1)
    chair.reads()
    await an.writes("Hôm nay lại có rác", reply_to=answer)
    an.sees("đã chuyển lời", "[Chưa giải quyết]")
    chair.sees("Hôm nay lại có rác")


async def test_something_is_added_by_the_button(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    chair.reads()
    await an.presses("Bổ sung")
    an.sees("muốn bổ sung gì")
    await an.sends(unsupported="voice")
    an.sees("tin thoại")
    await an.writes("Mùi rất nặng")
    an.sees(f"bổ sung vào {case.code}")
    chair.sees("Mùi rất nặng")


async def test_adding_is_left_with_the_cancel_command(city: CityHarness) -> None:
    an = city.citizen("an")
    await filed(city, an)
    await an.presses("Bổ sung")
    await an.writes("/huy")
    an.sees("đã dừng lại")
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    an.sees("Tiếng ồn", "[Đồng ý và gửi]")


async def test_an_addition_is_not_asked_for_for_ever(city: CityHarness) -> None:
    an = city.citizen("an")
    await filed(city, an)
    await an.presses("Bổ sung")
    await city.passes(hours=3)
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    an.sees("Tiếng ồn", "[Đồng ý và gửi]")


async def test_tracking_by_command_by_code_and_by_button(city: CityHarness) -> None:
    an = city.citizen("an")
    case = await filed(city, an)
    for written in (f"/tracuu {case.code}", case.code.lower(), case.code.replace("-", " ")):
        await an.writes(written)
        an.sees(case.code, "Đã chuyển đơn vị", "Rác chất đống", "Phường Khương Đình", "27/11")
    await an.writes("/cuatoi")
    an.sees(f"{case.code} – Đã chuyển đơn vị", f"[{case.code}]")
    await an.presses(case.code)
    an.sees("Hạn trả lời", "[Bổ sung]", "[Rút lại]")


async def test_no_reports_yet(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/cuatoi")
    an.sees("chưa gửi phản ánh nào")


async def test_own_reports_are_listed_latest_first(city: CityHarness) -> None:
    an = city.citizen("an")
    for number in range(3):
        await filed(city, an, f"{RUBBISH} lần {number}")
        await city.passes(minutes=1)
    await an.writes("/cuatoi")
    codes = [case.code for case in await city.cases()]
    shown = an.last.labels
    assert shown == codes[::-1]


async def test_the_answer_is_shown_again_when_asked_for(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await answered(city, an, chair)
    await an.writes(f"/tracuu {case.code}")
    an.sees("Đã trả lời", "Đã dọn sạch", "[5 ★]", "[Chưa giải quyết]")
    assert len(an.photos) == 1


async def test_an_official_tracks_a_case_of_the_unit_and_gets_its_card(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    await chair.writes(f"/tracuu {case.code}")
    chair.sees(case.code, "[Nhận việc]")
    stranger = await city.official("phuong-thanh-xuan", "chair")
    await stranger.writes(f"/tracuu {case.code}")
    stranger.sees("không thấy việc này")


async def test_a_report_is_taken_back_before_anybody_has_begun(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    chair.reads()
    await an.writes(f"/tracuu {case.code}")
    await an.presses("Rút lại")
    an.sees("Đã rút lại", case.code)
    chair.sees(case.code, "rút lại")
    assert (await city.only_case()).status == "closed"
    await an.presses("Rút lại")
    an.sees("không còn dùng được")


async def test_a_report_under_way_is_not_taken_back(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    await chair.presses("Nhận việc")
    await an.replays(f"own:{case.code}:withdraw")
    an.sees("không còn dùng được")
    assert (await city.only_case()).status == "in_progress"


async def test_the_unit_is_not_woken_at_night(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await city.passes(hours=14)
    assert in_quiet_hours(city.now)
    await filed(city, an)
    an.sees("Mã:")
    chair.sees_nothing()
    await city.passes(hours=9)
    chair.sees("Rác chất đống")


async def test_news_follow_the_person_to_the_channel_used_last(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    an.reads()
    await chair.presses("Nhận việc")
    an.sees(case.code)


async def test_everything_that_happened_stands_in_the_ledger(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await answered(city, an, chair)
    await an.presses("1 ★")
    await an.writes("Vẫn còn rác")
    types = [event.type for event in await city.events(case)]
    assert types == ["received", "assigned", "accepted", "answered", "reopened", "added"]
    assert await ledger.verify(city.database) is None


async def test_help_shows_each_what_they_can_do(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/trogiup")
    an.sees("/cuatoi", "/tracuu", "/huy", "114")
    an.does_not_see("/viec", "/dieuphoi", "/thongke")
    chair = await city.official(UNIT, "chair")
    await chair.writes("/trogiup")
    chair.sees("/viec", "/thongke", "/cuatoi")
    chair.does_not_see("/dieuphoi")
    dispatcher = await city.official("ha-noi", "dispatcher")
    await dispatcher.writes("/trogiup")
    dispatcher.sees("/dieuphoi")
    admin = await city.official("ha-noi", "admin")
    await admin.writes("/trogiup")
    admin.sees("/cuatoi", "/chucvu")
    admin.does_not_see("/viec", "/dieuphoi", "/thongke")


async def test_a_question_that_comes_during_another_draft_is_answered_first(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await filed(city, an)
    await chair.presses("Hỏi người dân")
    await chair.writes("Rác để trước số nhà nào ạ?")
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    await chair.presses("Gửi câu hỏi")
    await an.writes("Trước số nhà 15")
    an.sees("đã chuyển câu trả lời", case.code)
    await an.presses("Đồng ý và gửi")
    assert [found.text for found in await city.cases()] == [RUBBISH, "Karaoke ồn ào ở phường Thanh Xuân"]


async def test_a_code_typed_right_after_a_rating_is_looked_up(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    case = await answered(city, an, chair)
    await an.presses("5 ★")
    await an.writes(case.code)
    an.sees("Đã xong", "Đã dọn sạch")


async def test_news_of_a_case_wakes_nobody(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await filed(city, an)
    await city.passes(hours=14)
    assert in_quiet_hours(city.now)
    an.reads()
    await chair.presses("Nhận việc")
    an.sees_nothing()
    await city.passes(hours=8.1)
    an.sees("đã nhận và đang giải quyết")


async def test_who_is_awake_hears_at_once_even_at_night(city: CityHarness) -> None:
    chair, an = await city.official(UNIT, "chair"), city.citizen("an")
    await city.passes(hours=13)
    case = await filed(city, an)
    assert in_quiet_hours(city.now)
    an.reads()
    await chair.replays(f"accept:{case.code}")
    an.sees("đã nhận và đang giải quyết")
