"""What is no ordinary complaint: emergencies first, legal procedures explained, insults answered calmly."""

from handlers import texts
from tests.city import CityHarness


async def test_an_emergency_gets_the_numbers_at_once_and_is_filed_with_one_tap(city: CityHarness) -> None:
    dispatcher = await city.official("ha-noi", "dispatcher")
    an = city.citizen("an")
    await an.writes("Cháy nhà rồi, cứu với")
    first, second = an.news
    for number in ("112", "113", "114", "115"):
        assert number in first.text
    assert "[Đồng ý và gửi]" in str(second)
    an.sees("Khẩn: được xem trước")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.kind, case.urgent) == ("emergency", True)
    an.sees("Đã gửi khẩn", case.code)
    dispatcher.sees("KHẨN", case.code)


async def test_the_numbers_are_not_repeated_with_every_message(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Cháy nhà rồi, cứu với")
    await an.writes("ở số 5 Vũ Tông Phan, phường Khương Đình")
    an.does_not_see("114")
    an.sees("Phường Khương Đình", "Khẩn")


async def test_emergencies_wait_at_the_head_of_the_queue(city: CityHarness) -> None:
    dispatcher = await city.official("ha-noi", "dispatcher")
    an, binh = city.citizen("an"), city.citizen("binh")
    await an.writes("Chỗ này bẩn quá")
    await an.presses("Đồng ý và gửi")
    await city.passes(minutes=10)
    await binh.writes("Cháy nhà rồi, cứu với")
    await binh.presses("Đồng ý và gửi")
    urgent = (await city.cases())[-1]
    await dispatcher.writes("/dieuphoi")
    dispatcher.sees(urgent.code)


async def test_a_grievance_is_explained_and_not_filed(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Tôi khiếu nại quyết định thu hồi đất của phường Khương Đình")
    an.sees("Luật Khiếu nại 02/2011", "30 ngày", "45 ngày", "Ban Tiếp công dân", "chưa gửi đi đâu")
    an.sees("[Đây chỉ là phản ánh thường]")
    an.does_not_see("[Đồng ý và gửi]")
    assert await city.cases() == []


async def test_a_denunciation_is_protected_and_told_where_to_go(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    await an.writes("Tôi tố cáo cán bộ phường Khương Đình nhận tiền về rác")
    an.sees("Luật Tố cáo 25/2018", "giữ bí mật", "Thanh tra", "Không nộp cho người bị tố cáo", "30 ngày")
    chair.sees_nothing()
    assert await city.cases() == []


async def test_a_misread_grievance_goes_on_as_feedback(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Nếu không dọn rác ở phường Khương Đình tôi sẽ khiếu nại quyết định của phường")
    await an.presses("Đây chỉ là phản ánh thường")
    an.sees("Rác thải", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.kind, case.status) == ("feedback", "assigned")


async def test_what_reads_like_a_denunciation_is_seen_by_a_dispatcher_before_any_unit(
    city: CityHarness,
) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    await an.writes("Tôi tố cáo quán đổ rác ở phường Khương Đình")
    await an.presses("Đây chỉ là phản ánh thường")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.kind, case.status) == ("feedback", "triage")
    assert case.triage_reason == texts.doubt_kind(kind="denunciation")
    chair.sees_nothing()


async def test_the_explanation_cannot_be_skipped_by_an_old_button(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ở phường Khương Đình")
    await an.writes("Tôi tố cáo cán bộ phường nhận tiền")
    an.sees("Luật Tố cáo")
    await an.presses("Đồng ý và gửi")
    an.sees("không còn dùng được")
    assert await city.cases() == []


async def test_an_insult_gets_a_calm_answer_and_a_way_on(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Đồ ngu")
    an.sees("có thể đang bực", "[Tôi muốn gửi nội dung này]")
    assert await city.cases() == []
    await an.writes("Rác chất đống ở phường Khương Đình")
    await an.presses("Tôi muốn gửi nội dung này")
    an.sees("[Đồng ý và gửi]")


async def test_whoever_writes_again_without_the_insult_has_dropped_it(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Đồ ngu")
    await an.writes("Đèn đường ở ngõ 5 phường Khương Đình tắt ba hôm nay")
    an.sees("Chiếu sáng", "[Đồng ý và gửi]")
    an.does_not_see("ngu")


async def test_a_new_text_is_never_joined_with_the_insult_however_short(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Đồ ngu đồ ngu đồ ngu đồ ngu đồ ngu đồ ngu đồ ngu đồ ngu")
    await an.writes("Rác đầy phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == "Rác đầy phường Khương Đình"


async def test_an_insult_with_a_real_complaint_is_a_complaint(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Đồ ngu, rác chất đống cả tháng ở phường Khương Đình")
    an.sees("Rác thải", "[Đồng ý và gửi]")


async def test_an_emergency_is_heard_also_after_it_was_called_ordinary(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Tôi khiếu nại quyết định thu hồi đất của phường Khương Đình")
    await an.presses("Đây chỉ là phản ánh thường")
    await an.writes("cháy nhà rồi cứu với")
    an.sees("114", "Khẩn")


async def test_a_call_for_help_is_heard_among_other_messages(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ở ngõ 12 phường Khương Đình cả tuần nay chưa ai dọn, hôi thối lắm")
    an.does_not_see("114")
    await an.writes("nhà bên cạnh bốc cháy")
    an.sees("114", "Khẩn: được xem trước")


async def test_a_call_for_help_is_no_name_of_a_ward(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống cả tuần nay")
    an.sees("phường/xã nào?")
    await an.writes("em bị chồng đánh")
    an.sees("113", "[Đồng ý và gửi]")


async def test_a_greeting_is_answered_with_how_it_works(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Xin chào")
    an.sees("việc gì, ở đâu")
    an.does_not_see("[Đồng ý và gửi]")
    await an.writes("Rác chất đống ở phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == "Rác chất đống ở phường Khương Đình"


async def test_a_greeting_with_a_sure_matter_is_a_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Xin chào, rác đầy ngõ")
    an.sees("phường/xã nào?")


async def test_what_may_be_more_than_a_greeting_becomes_a_report_with_a_button(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Xin chào, chỗ này lạ quá")
    an.sees("việc gì, ở đâu", "[Đây là phản ánh]")
    await an.presses("Đây là phản ánh")
    an.sees("Tôi hiểu như sau", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.kind, case.text) == ("feedback", "Xin chào, chỗ này lạ quá")


async def test_whoever_repeats_what_was_taken_for_a_greeting_means_it(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Xin chào, chỗ này lạ quá")
    await an.writes("xin chào, chỗ này lạ quá")
    an.sees("[Đồng ý và gửi]")


async def test_a_greeting_is_no_part_of_what_comes_next(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Xin chào, chỗ này lạ quá")
    old = an.last.buttons[0].data
    await an.writes("Rác chất đống ở phường Khương Đình")
    await an.does(button=old)
    an.sees("không còn dùng được")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == "Rác chất đống ở phường Khương Đình"


async def test_a_question_goes_to_the_unit_as_a_question(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Cho hỏi hồ sơ khai sinh cần gì ạ")
    an.sees("Câu hỏi:", "Thủ tục hành chính")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.kind, case.domain) == ("question", "public_service")
    assert case.unit_code


async def test_a_suggestion_takes_the_same_way(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Đề xuất trồng thêm cây xanh ở phường Khương Đình")
    an.sees("Kiến nghị:", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).kind == "suggestion"


async def test_conduct_never_reaches_the_unit_complained_about(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    await an.writes("Cán bộ phường Khương Đình rất hách dịch")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert case.unit_code != "phuong-khuong-dinh"
    chair.sees_nothing()
