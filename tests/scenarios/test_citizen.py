"""A citizen's report, from the first message to the tracking code: one message, one tap."""

from sqlalchemy import select

from handlers import texts
from handlers.channel import Location
from routing.organisation import build_city
from storage.tables import chat, correction
from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
KHUONG_DINH = (20.991, 105.815)
BETWEEN_TWO = (20.9987, 105.8151)
HO_CHI_MINH_CITY = (10.776, 106.70)


async def test_one_message_and_one_tap(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    an.sees(
        "Rác thải, vệ sinh môi trường", "Vũ Tông Phan, Phường Khương Đình", "Đơn vị trả lời: Phường Khương"
    )
    an.sees("Hạn trả lời: trước 09:00 thứ Sáu 27/11")
    an.sees(
        "[Đồng ý và gửi]", "[Sửa lĩnh vực]", "[Sửa địa điểm]", "[Thêm ảnh]", "[Ẩn danh với đơn vị]", "[Huỷ]"
    )
    assert len(an.news) == 1
    assert await city.cases() == []

    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    an.sees(case.code, "Phường Khương Đình", "trước 09:00 thứ Sáu 27/11")
    assert (case.kind, case.domain, case.ward_name, case.street) == (
        "feedback",
        "waste",
        "Phường Khương Đình",
        "ngõ 12 Vũ Tông Phan",
    )
    assert (case.status, case.unit_code, case.text) == ("assigned", "phuong-khuong-dinh", RUBBISH)


async def test_consent_is_stored_as_it_was_shown_and_not_before_the_tap(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    shown = an.last.text
    await city.passes(minutes=4)
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert case.consent_text in shown
    assert "lưu và dùng nội dung" in case.consent_text
    assert case.consent_at == city.now


async def test_photos_and_position_come_along(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.does(
        text="Rác chất đống đầy ngõ",
        photos=an.pictures(2),
        location=Location(latitude=KHUONG_DINH[0], longitude=KHUONG_DINH[1]),
    )
    an.sees("Phường Khương Đình", "Ảnh: 2")
    await an.presses("Đồng ý và gửi")
    an.sees("kèm 2 ảnh")
    case = await city.only_case()
    assert len(await city.photos(case)) == 2
    assert (case.latitude, case.longitude) == KHUONG_DINH


async def test_a_missing_ward_is_all_that_is_asked_for(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    an.sees("Việc này ở phường/xã nào?", "[Tôi không rõ]")
    an.is_asked_for_a_position()
    an.does_not_see("Đồng ý và gửi")
    await an.sends(position=KHUONG_DINH)
    an.sees("Phường Khương Đình", "[Đồng ý và gửi]")


async def test_an_old_ward_that_was_split_is_a_choice_of_buttons(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ở phường Hạ Đình")
    an.sees("[Phường Khương Đình]", "[Phường Thanh Liệt]")
    await an.presses("Phường Thanh Liệt")
    an.sees("Nơi: Phường Thanh Liệt", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).unit_code == "phuong-thanh-liet"


async def test_a_typed_ward_name_is_found_without_accents(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.writes("khuong dinh")
    an.sees("Nơi: Phường Khương Đình", "[Đồng ý và gửi]")
    an.does_not_see("khuong dinh")


async def test_a_name_of_several_wards_offers_them(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.writes("Minh Khai")
    assert sum("Phường" in label or "Xã" in label for label in an.last.labels) == 6
    await an.presses("Phường Tây Tựu")
    an.sees("Nơi: Phường Tây Tựu", "[Đồng ý và gửi]")


async def test_a_name_of_no_ward_is_asked_for_again(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.writes("xyzabc")
    an.sees("chưa tìm thấy phường/xã «xyzabc»")
    an.is_asked_for_a_position()
    await an.writes("phường Khương Đình")
    an.sees("Nơi: Phường Khương Đình")


async def test_words_that_are_no_name_of_a_ward_are_part_of_the_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.writes("ngay cạnh cổng sau của trường tiểu học")
    an.sees("phường/xã nào?")
    await an.writes("khuong dinh")
    an.sees("cổng sau của trường tiểu học", "Phường Khương Đình", "[Đồng ý và gửi]")


async def test_a_position_near_a_border_becomes_two_or_three_buttons(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.sends(position=BETWEEN_TWO)
    an.sees("gần ranh giới", "[Phường Khương Đình]", "[Phường Thanh Xuân]")
    await an.presses("Phường Thanh Xuân")
    an.sees("Nơi: Phường Thanh Xuân")


async def test_a_position_outside_the_city_is_told_kindly_and_asked_again(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.sends(position=HO_CHI_MINH_CITY)
    an.sees("nằm ngoài Hà Nội")
    an.is_asked_for_a_position()
    await an.sends(position=KHUONG_DINH)
    an.sees("Rác chất đống", "Phường Khương Đình", "[Đồng ý và gửi]")


async def test_a_place_outside_the_city_in_the_text_is_named(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ở phường Hòa Xuân, Đà Nẵng")
    an.sees("«Phường Hòa Xuân» không thuộc Hà Nội")


async def test_whoever_does_not_know_the_ward_still_sends_with_one_more_tap(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    await an.presses("Tôi không rõ")
    an.sees("người điều phối sẽ chọn đơn vị", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    an.sees(case.code, "Người điều phối sẽ chọn")
    assert (case.status, case.triage_reason) == ("triage", texts.doubt_place())


async def test_no_ward_is_asked_for_where_the_unit_does_not_depend_on_it(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Mất điện từ sáng đến giờ")
    an.sees("Công ty Điện lực", "[Đồng ý và gửi]", "chưa rõ phường/xã")
    an.is_asked_for_a_position()


async def test_an_unsure_domain_offers_two_and_can_be_sent_as_it_is(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác và karaoke ở phường Khương Đình")
    an.sees("tôi chưa chắc", "[Rác thải, vệ sinh môi trường]", "[Tiếng ồn]", "người điều phối sẽ chọn")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.status, case.triage_reason) == ("triage", texts.doubt_domain())


async def test_one_tap_on_the_right_domain_makes_it_sure(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác và karaoke ở phường Khương Đình")
    await an.presses("Tiếng ồn")
    an.sees("Lĩnh vực: Tiếng ồn", "Đơn vị trả lời: Phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.domain, case.status) == ("noise", "assigned")
    (kept,) = await city.rows(select(correction))
    assert (kept["field"], kept["was"], kept["now"], kept["actor_role"]) == (
        "domain",
        "waste",
        "noise",
        "citizen",
    )
    assert kept["case_id"] == case.id


async def test_domain_and_place_are_corrected_and_the_corrections_kept(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Sửa lĩnh vực")
    an.sees("lĩnh vực nào", "[Tiếng ồn]", "[Khác]", "[Quay lại]")
    await an.presses("Tiếng ồn")
    await an.presses("Sửa địa điểm")
    await an.writes("Thanh Xuân")
    an.sees("Lĩnh vực: Tiếng ồn", "Phường Thanh Xuân")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.domain, case.unit_code) == ("noise", "phuong-thanh-xuan")
    kept = {(row["field"], row["was"], row["now"]) for row in await city.rows(select(correction))}
    assert kept == {("domain", "waste", "noise"), ("ward", "00364", "00367")}


async def test_going_back_changes_nothing(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Sửa lĩnh vực")
    await an.presses("Quay lại")
    an.sees("Lĩnh vực: Rác thải", "[Đồng ý và gửi]")


async def test_anonymous_changes_the_notice_and_the_case(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an nguyen")
    await an.writes(RUBBISH)
    await an.presses("Ẩn danh với đơn vị")
    an.sees("không thấy tên", "[Thôi ẩn danh]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert case.anonymous
    assert "không thấy tên" in case.consent_text
    chair.sees(case.code)
    chair.does_not_see("An Nguyen")


async def test_the_unit_gets_the_case_with_its_photos(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an nguyen")
    await an.writes(RUBBISH, photos=2)
    await an.presses("Đồng ý và gửi")
    chair.sees((await city.only_case()).code, "Rác chất đống", an.known_as)
    assert len(chair.photos) == 2


async def test_photos_keep_the_order_in_which_they_came(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH, photos=6)
    await an.sends(photos=3)
    drafted = (await city.rows(select(chat.c.draft)))[0]["draft"]["photos"]
    await an.presses("Đồng ý và gửi")
    assert await city.photos(await city.only_case()) == drafted
    assert len(drafted) == 9


async def test_cancel_sends_nothing(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Huỷ")
    an.sees("không gửi đi đâu cả")
    await an.presses("Đồng ý và gửi")
    an.sees("không còn dùng được")
    assert await city.cases() == []


async def test_the_cancel_command_does_the_same(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/huy")
    an.sees("Không có gì đang làm dở")
    await an.writes(RUBBISH)
    await an.writes("/huy")
    an.sees("không gửi đi đâu cả")


async def test_a_second_message_is_added_and_read_anew(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Chỗ này bẩn quá")
    an.sees("tôi chưa chắc")
    await an.writes("Rác chất đống ở phường Khương Đình")
    an.sees("Lĩnh vực: Rác thải", "Phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert case.text == "Chỗ này bẩn quá\n\nRác chất đống ở phường Khương Đình"
    assert case.reading["domain"] == "waste"


async def test_thanks_in_between_is_no_part_of_the_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes("ok cảm ơn nhé")
    an.sees("chưa được gửi", "[Xem lại]")
    await an.presses("Xem lại")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == RUBBISH


async def test_a_photo_first_waits_for_words(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.sends(photos=1)
    an.sees("đã nhận ảnh", "muốn phản ánh điều gì?")
    await an.writes(RUBBISH)
    an.sees("Ảnh: 1", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    assert len(await city.photos(await city.only_case())) == 1


async def test_a_position_first_waits_for_words(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.sends(position=KHUONG_DINH)
    an.sees("đã nhận vị trí", "muốn phản ánh điều gì?")
    await an.writes("Rác chất đống cả tuần nay")
    an.sees("Phường Khương Đình", "[Đồng ý và gửi]")


async def test_a_ward_in_the_text_wins_over_the_position(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.sends(position=(20.9995, 105.805))
    await an.writes(RUBBISH)
    an.sees("Phường Khương Đình")
    an.does_not_see("Phường Thanh Xuân")


async def test_an_album_is_one_report_with_one_answer(city: CityHarness) -> None:
    an = city.citizen("an")
    await city.album(an, photos=4, text=RUBBISH)
    assert len(an.news) == 1
    an.sees("Ảnh: 4")


async def test_a_burst_of_photos_gets_one_answer_and_all_are_kept(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Thêm ảnh")
    an.sees("gửi ảnh vào đây")
    await city.passes(seconds=30)
    await an.sends(photos=1)
    an.sees("Ảnh: 1")
    for _ in range(3):
        await city.passes(seconds=2)
        await an.sends(photos=1)
        an.sees_nothing()
    await an.presses("Đồng ý và gửi")
    an.sees("kèm 4 ảnh")
    assert len(await city.photos(await city.only_case())) == 4


async def test_late_photos_of_an_album_follow_the_report_that_was_sent(city: CityHarness) -> None:
    an = city.citizen("an")
    await city.album(an, photos=2, text=RUBBISH, album="a1")
    await an.presses("Đồng ý và gửi")
    an.reads()
    await city.album(an, photos=1, album="a1")
    case = await city.only_case()
    an.sees_nothing()
    assert len(await city.photos(case)) == 3


async def test_too_many_photos_are_told(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH, photos=21)
    an.sees("tối đa 20 ảnh", "Ảnh: 20")


async def test_the_same_button_twice_sends_once(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await an.presses("Đồng ý và gửi")
    an.sees("đã được gửi rồi", (await city.only_case()).code)


async def test_a_button_of_an_older_draft_does_nothing(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    old = an.last.buttons[0].data
    await an.presses("Huỷ")
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    await an.replays(old)
    an.sees("không còn dùng được")
    assert await city.cases() == []
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).domain == "noise"


async def test_a_draft_of_this_morning_is_not_continued_in_the_evening(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await city.passes(hours=9)
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    an.does_not_see("Rác chất đống")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == "Karaoke ồn ào ở phường Thanh Xuân"


async def test_typed_numbers_and_labels_press_the_buttons(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ở phường Hạ Đình")
    await an.writes("2")
    an.sees("Nơi: Phường Thanh Liệt")
    await an.writes("đồng ý và gửi")
    assert (await city.only_case()).unit_code == "phuong-thanh-liet"


async def test_an_edit_of_the_draft_is_read_anew(city: CityHarness) -> None:
    an = city.citizen("an")
    sent = await an.writes("Rác chất đống ở phường Thanh Xuân")
    await an.edits(sent, RUBBISH)
    an.sees("Phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == RUBBISH


async def test_an_edit_after_sending_is_added_and_the_original_kept(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    sent = await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    chair.reads()
    await an.edits(sent, RUBBISH + ", cạnh trường học")
    case = await city.only_case()
    an.sees(case.code, "giữ bản gốc")
    chair.sees("cạnh trường học")
    assert case.text == RUBBISH
    assert [event.type for event in await city.events(case)][-1] == "edited"


async def test_two_people_do_not_get_in_each_others_way(city: CityHarness) -> None:
    an, binh = city.citizen("an"), city.citizen("binh")
    await an.writes(RUBBISH)
    await binh.writes("Karaoke ồn ào ở phường Thanh Xuân")
    await binh.replays(an.last.buttons[0].data)
    binh.sees("không còn dùng được")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).domain == "waste"


async def test_an_official_is_asked_before_a_text_becomes_a_report(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    await chair.writes("Rác chất đống ở phường Thanh Xuân")
    chair.sees("với tư cách người dân?", "[Gửi như người dân]")
    chair.does_not_see("Đồng ý và gửi")
    await chair.presses("Gửi như người dân")
    chair.sees("Phường Thanh Xuân", "[Đồng ý và gửi]")
    await chair.presses("Đồng ý và gửi")
    assert (await city.only_case()).unit_code == "phuong-thanh-xuan"


async def test_a_city_of_three_tiers_asks_for_its_own_wards(city: CityHarness) -> None:
    await city.founds(build_city("Hà Nội", tiers=3))
    an = city.citizen("an")
    await an.writes("Rác chất đống ở phường Hạ Đình, quận Thanh Xuân")
    an.sees("Phường Hạ Đình", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert city.city.units[case.unit_code or ""].former_ward == ("Phường Hạ Đình", "Quận Thanh Xuân")


async def test_a_draft_is_sent_by_its_button_even_the_next_day(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await city.passes(hours=26)
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.text, case.received_at) == (RUBBISH, city.now)


async def test_adding_to_another_case_lays_the_draft_aside(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    await an.presses("Bổ sung")
    await an.writes("Mùi rất nặng")
    an.sees("bổ sung vào")
    await an.presses("Đồng ý và gửi")
    assert [case.text for case in await city.cases()] == [RUBBISH, "Karaoke ồn ào ở phường Thanh Xuân"]


async def test_a_draft_laid_aside_can_be_sent_at_once(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    await an.writes("Karaoke ồn ào ở phường Thanh Xuân")
    await an.presses("Bổ sung")
    await an.presses("Đồng ý và gửi")
    assert (await city.cases())[-1].domain == "noise"


async def test_a_greeting_edited_into_a_report_is_a_report(city: CityHarness) -> None:
    an = city.citizen("an")
    sent = await an.writes("Xin chào")
    await an.edits(sent, RUBBISH)
    an.sees("Rác thải", "[Đồng ý và gửi]")


async def test_signs_without_a_word_begin_no_report(city: CityHarness) -> None:
    an = city.citizen("an")
    for text in ("👍", "5", "..."):
        await an.writes(text)
        an.sees("việc gì, ở đâu")
        an.does_not_see("[Đồng ý và gửi]")
