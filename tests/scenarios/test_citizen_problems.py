"""Several problems in one message, or in one draft: offered as separate reports, sent with one tap."""

import pytest
from sqlalchemy import select

from handlers import texts
from storage.tables import chat, correction
from tests.city import CityHarness, Somebody

TWO = (
    "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay.\n"
    "Ngoài ra quán karaoke số 9 phường Thanh Xuân mở loa đến nửa đêm"
)
THREE = (
    "1. Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay\n"
    "2. Quán karaoke số 9 phường Thanh Xuân mở loa đến nửa đêm\n"
    "3. Ổ gà to trước cổng trường ở đường Nguyễn Trãi, phường Khương Đình"
)
WITHOUT_WARDS = "1. Rác chất đống đầu ngõ cả tuần nay.\n2. Quán karaoke cạnh chợ mở loa đến nửa đêm"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"
KARAOKE = "Quán karaoke số 9 mở loa hát đến nửa đêm không ai ngủ được"
KHUONG_DINH = (20.9892, 105.8160)


async def test_two_problems_become_two_cases_with_two_taps(city: CityHarness) -> None:
    waste = await city.official("phuong-khuong-dinh", "chair")
    noise = await city.official("phuong-thanh-xuan", "chair")
    an = city.citizen("an")
    await an.writes(TWO, photos=2)
    an.sees("nêu 2 việc", "1. Rác chất đống", "(Rác thải, vệ sinh môi trường)", "(Tiếng ồn)")
    an.sees("[Gửi riêng 2 việc]", "[Gửi chung một phản ánh]", "[Huỷ]")
    an.does_not_see("[Đồng ý và gửi]")
    await an.presses("Gửi riêng")
    assert len(an.news) == 1
    an.sees("Phường Khương Đình", "Phường Thanh Xuân", "Ảnh: 2", "cả 2 việc", "[Đồng ý và gửi cả 2 việc]")
    await an.presses("Đồng ý và gửi cả 2 việc")
    first, second = await city.cases()
    an.sees("Đã gửi 2 việc", first.code, second.code)
    assert (first.domain, first.unit_code, first.status) == ("waste", "phuong-khuong-dinh", "assigned")
    assert (second.domain, second.unit_code) == ("noise", "phuong-thanh-xuan")
    assert first.text == "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay."
    assert second.text == "Ngoài ra quán karaoke số 9 phường Thanh Xuân mở loa đến nửa đêm"
    assert [len(await city.photos(case)) for case in (first, second)] == [2, 2]
    assert "2 việc này" in first.consent_text
    waste.sees(first.code, "Rác chất đống", "Việc 1 trong 2 việc")
    waste.does_not_see("karaoke", second.code)
    noise.sees(second.code, "karaoke", "Việc 2 trong 2 việc")


async def test_the_whole_message_is_kept_with_each_case(city: CityHarness) -> None:
    an = city.citizen("an")
    sent = await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả 2 việc")
    for number, case in enumerate(await city.cases(), start=1):
        assert case.reading["whole_text"] == TWO
        assert case.reading["part"] == [number, 2]
        assert case.reading["messages"] == [city.id_of(sent)]
        assert case.reading["domain"] == case.domain
    first, second = await city.cases()
    assert first.reading["split_from"] == second.reading["split_from"]


async def test_whoever_wants_one_report_sends_one(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi chung")
    an.sees("Tôi hiểu như sau", "[Đồng ý và gửi]", "[Gửi riêng 2 việc]")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == TWO


async def test_one_can_change_ones_mind_both_ways(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi chung")
    await an.presses("Gửi riêng")
    an.sees("Tôi hiểu là 2 việc")
    await an.presses("Gửi chung")
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    assert len(await city.cases()) == 2


async def test_pressing_twice_sends_once_and_tells_both_codes(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    await an.presses("Đồng ý và gửi cả")
    first, second = await city.cases()
    an.sees("đã được gửi rồi", first.code, second.code)


async def test_nothing_is_sent_before_the_question_is_answered(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes(KARAOKE)
    await an.presses("Đồng ý và gửi")
    an.sees("việc khác", "[Việc mới]")
    assert await city.cases() == []


async def test_a_missing_ward_is_asked_for_once_for_all_that_lack_it(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(WITHOUT_WARDS)
    await an.presses("Gửi riêng")
    an.sees("1. ", "Rác chất đống", "2. ", "karaoke", "phường/xã nào?", "[Tôi không rõ]")
    an.is_asked_for_a_position()
    await an.writes("khuong dinh")
    an.sees("Tôi hiểu là 2 việc", "Phường Khương Đình")
    await an.presses("Đồng ý và gửi cả")
    assert [case.unit_code for case in await city.cases()] == ["phuong-khuong-dinh"] * 2


async def test_a_position_answers_for_all_that_lack_a_ward(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(WITHOUT_WARDS)
    await an.presses("Gửi riêng")
    await an.sends(position=KHUONG_DINH)
    an.sees("Tôi hiểu là 2 việc", "Phường Khương Đình")
    await an.presses("Đồng ý và gửi cả")
    assert {(case.unit_code, case.latitude) for case in await city.cases()} == {
        ("phuong-khuong-dinh", KHUONG_DINH[0])
    }


async def test_whoever_does_not_know_the_ward_sends_all_the_same(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(WITHOUT_WARDS)
    await an.presses("Gửi riêng")
    await an.presses("Tôi không rõ")
    await an.presses("Đồng ý và gửi cả")
    assert {case.triage_reason for case in await city.cases()} == {texts.doubt_place()}


async def test_a_ward_that_only_one_problem_leaves_open_is_asked_for_that_one(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(
        "1. Rác chất đống trước chợ phường Khương Đình không ai dọn.\n"
        "2. Quán karaoke ở phường Hạ Đình mở loa đến nửa đêm"
    )
    await an.presses("Gửi riêng")
    an.sees("2. ", "karaoke", "phường/xã nào?", "[Phường Thanh Liệt]")
    an.does_not_see("Rác chất đống")
    await an.presses("Phường Thanh Liệt")
    await an.presses("Đồng ý và gửi cả")
    assert [case.unit_code for case in await city.cases()] == ["phuong-khuong-dinh", "phuong-thanh-liet"]


async def test_one_problem_is_corrected_and_the_other_stays(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Sửa việc 2")
    an.sees("karaoke", "[Sửa lĩnh vực]", "[Sửa địa điểm]", "[Bỏ việc này]", "[Quay lại]")
    await an.presses("Sửa lĩnh vực")
    await an.presses("Trật tự đô thị")
    an.sees("Tôi hiểu là 2 việc")
    await an.presses("Sửa việc 2")
    await an.presses("Sửa địa điểm")
    await an.writes("phường Khương Đình")
    await an.presses("Đồng ý và gửi cả")
    first, second = await city.cases()
    assert (first.domain, first.unit_code) == ("waste", "phuong-khuong-dinh")
    assert (second.domain, second.ward_code) == ("public_order", first.ward_code)
    kept = {
        (row["case_id"], row["field"], row["was"], row["now"]) for row in await city.rows(select(correction))
    }
    assert (second.id, "domain", "noise", "public_order") in kept
    assert first.id not in {row[0] for row in kept}


async def test_going_back_from_a_correction_changes_nothing(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Sửa việc 1")
    await an.presses("Quay lại")
    await an.presses("Đồng ý và gửi cả")
    assert [case.domain for case in await city.cases()] == ["waste", "noise"]


async def test_a_problem_that_is_left_out_is_sent_nowhere(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Sửa việc 2")
    await an.presses("Bỏ việc này")
    an.sees("Tôi hiểu như sau", "[Đồng ý và gửi]")
    an.does_not_see("karaoke")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert case.domain == "waste"
    assert "karaoke" not in str(case.reading)


async def test_anonymous_holds_for_all(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Ẩn danh")
    an.sees("không thấy tên", "[Thôi ẩn danh]", "[Đồng ý và gửi cả 2 việc]")
    await an.presses("Đồng ý và gửi cả")
    assert all(case.anonymous and "không thấy tên" in case.consent_text for case in await city.cases())


async def test_photos_that_come_later_go_with_all(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Thêm ảnh")
    await an.sends(photos=2)
    an.sees("Ảnh: 2", "[Đồng ý và gửi cả 2 việc]")
    await an.presses("Đồng ý và gửi cả")
    assert [len(await city.photos(case)) for case in await city.cases()] == [2, 2]


async def test_words_that_come_later_belong_to_the_problem_they_follow(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.writes("Mong phường xử lý sớm")
    an.sees("Tôi hiểu là 2 việc")
    await an.presses("Đồng ý và gửi cả")
    assert (await city.cases())[1].text.endswith("đến nửa đêm\n\nMong phường xử lý sớm")


async def test_an_edit_is_cut_anew(city: CityHarness) -> None:
    an = city.citizen("an")
    sent = await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.edits(sent, RUBBISH)
    an.sees("Tôi hiểu như sau", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == RUBBISH


async def test_a_discarded_message_leaves_no_button_that_works(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Huỷ")
    an.sees("không gửi đi đâu cả")
    for label in ("Gửi riêng", "Gửi chung", "Sửa việc 1", "Đồng ý và gửi cả"):
        await an.presses(label)
        an.sees("không còn dùng được")
    assert await city.cases() == []


async def test_a_double_tap_leaves_only_one_problem_out(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(THREE)
    await an.presses("Gửi riêng")
    await an.presses("Sửa việc 1")
    drop = next(button.data for button in an.last.buttons if ":drop:" in button.data)
    await an.does(button=drop)
    await an.does(button=drop)
    an.sees("không còn dùng được")
    await an.presses("Đồng ý và gửi cả 2 việc")
    assert [case.domain for case in await city.cases()] == ["noise", "roads"]


async def test_what_was_left_out_does_not_come_back_with_more_words_or_an_edit(city: CityHarness) -> None:
    an = city.citizen("an")
    sent = await an.writes(THREE)
    await an.presses("Gửi riêng")
    await an.presses("Sửa việc 2")
    await an.presses("Bỏ việc này")
    await an.writes("Mong phường xử lý sớm")
    an.sees("Tôi hiểu là 2 việc")
    an.does_not_see("karaoke")
    await an.edits(sent, THREE + " lắm")
    an.sees("Tôi hiểu là 2 việc")
    an.does_not_see("karaoke")
    await an.presses("Đồng ý và gửi cả 2 việc")
    assert [case.domain for case in await city.cases()] == ["waste", "roads"]
    assert all("karaoke" not in str(case.reading) for case in await city.cases())


async def test_of_two_the_one_left_out_does_not_come_back_with_an_edit(city: CityHarness) -> None:
    an = city.citizen("an")
    sent = await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Sửa việc 2")
    await an.presses("Bỏ việc này")
    await an.edits(sent, "Trời ơi! " + TWO)
    an.does_not_see("karaoke", "nêu 2 việc")
    await an.presses("Đồng ý và gửi")
    assert "karaoke" not in (await city.only_case()).text


@pytest.mark.parametrize("verb", ["matter:7", "matter:", "drop:x", "drop:9"])
async def test_a_button_of_no_problem_changes_nothing(city: CityHarness, verb: str) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    nonce = an.last.buttons[0].data.split(":")[1]
    await an.replays(f"draft:{nonce}:{verb}")
    an.sees("không còn dùng được")
    await an.presses("Đồng ý và gửi cả")
    assert len(await city.cases()) == 2


async def test_what_is_shown_survives_as_json_in_the_chat(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    (kept,) = await city.rows(select(chat.c.draft))
    assert [share["draft"]["domain"] for share in kept["draft"]["shares"]] == ["waste", "noise"]


async def test_a_part_outside_the_city_is_named_and_can_be_left_out(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(
        "1. Rác chất đống trước chợ phường Khương Đình không ai dọn.\n"
        "2. Quán karaoke ở phường Hòa Xuân, Đà Nẵng mở loa đến nửa đêm"
    )
    await an.presses("Gửi riêng")
    an.sees("2. ", "karaoke", "«Phường Hòa Xuân» không thuộc Hà Nội")
    await an.presses("Tôi không rõ")
    await an.presses("Sửa việc 2")
    await an.presses("Bỏ việc này")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).domain == "waste"


async def test_an_official_is_asked_first_whether_it_is_a_report_of_their_own(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    await chair.writes(TWO)
    chair.sees("với tư cách người dân?")
    await chair.presses("Gửi như người dân")
    chair.sees("[Gửi riêng 2 việc]")


FIRE_AND_KARAOKE = (
    "Ổ gà sụt xuống, cháy nhà rồi, cứu với, phường Khương Đình. Ngoài ra quán karaoke mở loa đến nửa đêm"
)


async def test_an_emergency_among_problems_goes_ahead_with_one_tap(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(FIRE_AND_KARAOKE)
    assert "114" in an.news[0].text
    an.sees("gửi đi trước", "Khẩn", "[Đồng ý và gửi]")
    an.does_not_see("nêu 2 việc", "karaoke")
    await an.presses("Đồng ý và gửi")
    fire = await city.only_case()
    assert (fire.kind, fire.urgent, fire.domain) == ("emergency", True, "roads")
    assert "karaoke" not in fire.text
    an.sees(fire.code, "phần còn lại", "karaoke", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    noise = (await city.cases())[1]
    assert (noise.kind, noise.urgent, noise.domain) == ("feedback", False, "noise")
    assert "cháy" not in noise.text


async def test_a_second_tap_on_the_emergency_does_not_send_the_rest_unseen(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(FIRE_AND_KARAOKE)
    send = an.last.buttons[0].data
    await an.does(button=send)
    await an.does(button=send)
    fire = await city.only_case()
    an.sees("đã được gửi rồi", fire.code)


async def test_no_question_about_the_rest_holds_an_emergency_up(city: CityHarness) -> None:
    binh, an = city.citizen("binh"), city.citizen("an")
    await binh.writes(RUBBISH)
    await binh.presses("Đồng ý và gửi")
    await an.writes(f"1. {RUBBISH}\n2. Ổ gà sụt, cháy nhà rồi, cứu với\n3. Quán karaoke mở loa đến nửa đêm")
    await an.presses("Đồng ý và gửi")
    assert (await city.cases())[-1].kind == "emergency"
    await an.presses("Đồng ý và gửi cả 2 việc")
    an.sees("cùng vụ việc")
    await an.presses("Không, việc khác")
    assert [case.domain for case in await city.cases()] == ["waste", "roads", "waste", "noise"]


async def test_a_missing_ward_of_the_rest_is_asked_for_after_the_emergency(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(
        "Ổ gà sụt xuống, cháy nhà rồi, cứu với. Ngoài ra quán karaoke mở loa đến nửa đêm không ngủ được"
    )
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).kind == "emergency"
    an.sees("phường/xã nào?")
    await an.writes("khương đình")
    await an.presses("Đồng ý và gửi")
    assert (await city.cases())[1].unit_code == "phuong-khuong-dinh"


async def test_an_emergency_and_the_rest_can_be_one_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(FIRE_AND_KARAOKE)
    await an.presses("Gửi chung")
    an.sees("karaoke", "Khẩn")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == FIRE_AND_KARAOKE


async def test_a_denunciation_among_problems_is_explained_not_split(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(
        "1. Rác chất đống ở phường Khương Đình.\n2. Tôi tố cáo quán karaoke ở phường Thanh Xuân nhận tiền"
    )
    an.sees("Luật Tố cáo")
    an.does_not_see("Gửi riêng")
    assert await city.cases() == []


async def test_a_complaint_about_the_ward_is_not_read_by_the_ward(city: CityHarness) -> None:
    ward = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    await an.writes(
        "Rác chất đống ở phường Khương Đình. Ngoài ra cán bộ một cửa của phường rất hách dịch với dân"
    )
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    first, second = await city.cases()
    assert second.unit_code != first.unit_code == "phuong-khuong-dinh"
    ward.sees("Rác chất đống")
    ward.does_not_see("hách dịch", second.code)


async def test_late_photos_of_an_album_follow_all_cases(city: CityHarness) -> None:
    an = city.citizen("an")
    await city.album(an, photos=2, text=TWO, album="a1")
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    await city.album(an, photos=1, album="a1")
    assert [len(await city.photos(case)) for case in await city.cases()] == [3, 3]


async def test_an_edit_after_sending_asks_which_case_it_is_for(city: CityHarness) -> None:
    ward = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    sent = await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    ward.reads()
    await an.edits(sent, TWO + ", cạnh trường học")
    an.sees("giữ nguyên bản gốc", *(f"[{case.code}]" for case in await city.cases()))
    ward.sees_nothing()


async def test_a_problem_that_is_known_already_is_asked_about_and_the_other_filed(city: CityHarness) -> None:
    binh, an = city.citizen("binh"), city.citizen("an")
    await binh.writes(RUBBISH)
    await binh.presses("Đồng ý và gửi")
    known = await city.only_case()
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    an.sees(known.code, "[Đúng, cùng vụ việc]", "[Không, việc khác]")
    assert len(await city.cases()) == 1
    await an.presses("Đúng, cùng vụ việc")
    waste, noise = (await city.cases())[1:]
    an.sees("Đã gửi 2 việc", waste.code, f"gộp vào vụ việc {known.code}", noise.code)
    assert (waste.status, waste.master_id, noise.status) == ("merged", known.id, "assigned")


async def test_a_problem_like_a_known_one_can_be_another(city: CityHarness) -> None:
    binh, an = city.citizen("binh"), city.citizen("an")
    await binh.writes(RUBBISH)
    await binh.presses("Đồng ý và gửi")
    await an.writes(TWO)
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    await an.presses("Không, việc khác")
    assert [case.status for case in (await city.cases())[1:]] == ["assigned", "assigned"]


async def test_each_problem_that_is_known_is_asked_about_and_a_double_tap_answers_once(
    city: CityHarness,
) -> None:
    binh, an = city.citizen("binh"), city.citizen("an")
    for text in (RUBBISH, THREE.rsplit("3. ", 1)[1]):
        await binh.writes(text)
        await binh.files()
    rubbish, pothole = await city.cases()
    await an.writes(THREE)
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    an.sees(rubbish.code, "[Đúng, cùng vụ việc]")
    same = an.last.buttons[0].data
    await an.does(button=same)
    an.sees(pothole.code, "[Đúng, cùng vụ việc]")
    await an.does(button=same)
    an.sees(pothole.code, "[Đúng, cùng vụ việc]")
    assert len(await city.cases()) == 2
    await an.presses("Không, việc khác")
    assert [case.master_id for case in (await city.cases())[2:]] == [rubbish.id, None, None]


# ── a question is about the words it was asked of ────────────────────────────────────────────────


async def known_and_asked(city: CityHarness) -> Somebody:
    binh, an = city.citizen("binh"), city.citizen("an")
    await binh.writes(RUBBISH)
    await binh.presses("Đồng ý và gửi")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    an.sees("[Đúng, cùng vụ việc]")
    return an


@pytest.mark.parametrize("label", ["Đúng, cùng vụ việc", "Không, việc khác"])
async def test_an_answer_holds_only_for_what_was_asked(city: CityHarness, label: str) -> None:
    an = await known_and_asked(city)
    await an.writes("cháy nhà rồi cứu với, có người bên trong")
    an.sees("114")
    await an.presses(label)
    an.sees("Nội dung đã thay đổi", "Khẩn", "[Đồng ý và gửi]")
    assert len(await city.cases()) == 1
    await an.presses("Đồng ý và gửi")
    emergency = (await city.cases())[1]
    assert (emergency.kind, emergency.status == "merged") == ("emergency", False)


async def test_a_picture_another_place_and_an_edit_end_a_question(city: CityHarness) -> None:
    an = await known_and_asked(city)
    await city.passes(minutes=1)
    await an.sends(photos=1)
    await an.presses("Đúng, cùng vụ việc")
    an.sees("Nội dung đã thay đổi")
    await an.presses("Đồng ý và gửi")
    await an.presses("Sửa lĩnh vực")
    await an.presses("Tiếng ồn")
    await an.presses("Đúng, cùng vụ việc")
    an.sees("Nội dung đã thay đổi")
    assert len(await city.cases()) == 1


async def test_an_old_way_of_sending_is_not_taken_for_new_words(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(TWO)
    await an.writes("Đèn đường ở ngõ 5 phường Khương Đình tắt ba hôm nay")
    await an.presses("Gửi riêng 2 việc")
    an.sees("Nội dung đã thay đổi", "nêu 3 việc")
    assert await city.cases() == []


# ── a second matter while a report waits to be sent ──────────────────────────────────────────────


async def test_another_matter_is_no_part_of_the_report_that_waits(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    an.sees("[Đồng ý và gửi]")
    await city.passes(minutes=20)
    await an.writes("Quán karaoke ở phường Thanh Xuân mở loa đến nửa đêm")
    an.sees("một việc khác", "chưa gửi", "1. Rác", "2. Quán karaoke")
    an.sees("[Việc mới]", "[Thêm vào phản ánh đang viết]")
    await an.presses("Việc mới")
    await an.presses("Đồng ý và gửi cả 2 việc")
    first, second = await city.cases()
    assert (first.text, first.domain) == (RUBBISH, "waste")
    assert (second.domain, second.unit_code) == ("noise", "phuong-thanh-xuan")
    assert first.reading["messages"] != second.reading["messages"]


async def test_the_same_matter_is_added_and_asked_about_only_once(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes(KARAOKE)
    await an.presses("Thêm vào")
    an.sees("Tôi hiểu như sau", "Rác chất đống")
    await an.writes("Tuần nào cũng vậy")
    an.does_not_see("việc khác")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == f"{RUBBISH}\n\n{KARAOKE}\n\nTuần nào cũng vậy"


async def test_the_same_trouble_in_another_ward_is_another_matter(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes("Rác cũng chất đống trước chợ phường Thanh Xuân")
    an.sees("[Việc mới]")
    await an.presses("Việc mới")
    await an.presses("Đồng ý và gửi cả")
    assert [case.unit_code for case in await city.cases()] == ["phuong-khuong-dinh", "phuong-thanh-xuan"]


async def test_more_about_the_same_matter_is_simply_added(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    for text in ("Rác bốc mùi cả ngày lẫn đêm không chịu được", "Ba ngày rồi chưa ai đến", "Mong dọn sớm ạ"):
        await an.writes(text)
        an.sees("[Đồng ý và gửi]")
        an.does_not_see("việc khác")
    await an.presses("Đồng ý và gửi")
    await city.only_case()


@pytest.mark.parametrize("cancel", ["Huỷ", "/huy"])
async def test_cancelling_the_question_takes_back_only_the_last_message(
    city: CityHarness, cancel: str
) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Sửa lĩnh vực")
    await an.presses("Trật tự đô thị")
    await an.writes(KARAOKE)
    an.sees("[Việc mới]", "[Huỷ]")
    if cancel == "Huỷ":
        await an.presses(cancel)
    else:
        await an.writes(cancel)
    an.sees("bỏ tin vừa rồi", "Rác chất đống", "Trật tự đô thị", "[Đồng ý và gửi]")
    an.does_not_see("karaoke")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.text, case.domain) == (RUBBISH, "public_order")


async def test_a_third_matter_is_asked_about_again(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes(KARAOKE)
    await an.presses("Thêm vào")
    await an.writes("Đèn đường ở ngõ 5 phường Khương Đình tắt ba hôm nay")
    an.sees("nêu 3 việc", "[Gửi riêng 3 việc]")
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả 3 việc")
    assert [case.domain for case in await city.cases()] == ["waste", "noise", "lighting"]


async def test_a_burst_of_messages_is_never_lost(city: CityHarness) -> None:
    an = city.citizen("an")
    for text in (RUBBISH, KARAOKE, "Đèn đường ở ngõ 5 phường Khương Đình tắt ba hôm nay"):
        await city.receive(an.channel, an.message(text=text))
    await city.settles()
    an.sees("[Gửi riêng 3 việc]")


async def test_lines_are_shown_as_sentences(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ở phường Khương Đình")
    await an.writes("À, ở ngõ 5")
    an.sees("phường Khương Đình. À, ở ngõ 5")


async def test_what_is_no_matter_of_law_is_sent_without_it(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(
        "Tôi tố cáo cán bộ hách dịch nhận tiền. Ngoài ra đèn đường ở ngõ 5 phường Khương Đình tắt ba hôm nay"
    )
    an.sees("Luật Tố cáo", "[Chỉ gửi việc còn lại]")
    await an.presses("Chỉ gửi việc còn lại")
    an.sees("Chiếu sáng", "[Đồng ý và gửi]")
    an.does_not_see("nhận tiền")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.kind, case.domain, case.unit_code is None) == ("feedback", "lighting", False)
    assert "nhận tiền" not in case.text + str(case.reading)


# ── what was explained once ──────────────────────────────────────────────────────────────────────


async def test_a_legal_matter_is_explained_once_and_then_briefly(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Tôi khiếu nại quyết định thu hồi đất của phường Khương Đình")
    an.sees("Luật Khiếu nại")
    await an.writes("Quyết định số 12 ký hôm thứ hai")
    an.does_not_see("Luật Khiếu nại")
    an.sees("vẫn giống khiếu nại", "chưa gửi đi đâu", "[Đây chỉ là phản ánh thường]", "[Huỷ]")
    await an.presses("Đây chỉ là phản ánh thường")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text.endswith("ký hôm thứ hai")
