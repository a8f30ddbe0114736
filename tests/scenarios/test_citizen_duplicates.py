"""Several people report one incident: they are asked, join with codes of their own, and hear of each step."""

import pytest

from handlers.channel import RecipientUnreachable
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
ALIKE = "dau ngo 12 vu tong phan phuong khuong dinh rac chat dong hoi thoi qua"
UNIT = "phuong-khuong-dinh"


async def asked(city: CityHarness, name: str = "bình", text: str = ALIKE, **more: int) -> Somebody:
    """Let somebody report what is known already, up to the question."""
    somebody = city.citizen(name)
    await somebody.writes(text, **more)
    await somebody.presses("Đồng ý và gửi")
    return somebody


async def joined(
    city: CityHarness, name: str = "bình", text: str = ALIKE, **more: int
) -> tuple[Somebody, Case]:
    somebody = await asked(city, name, text, **more)
    await somebody.presses("Đúng, cùng vụ việc")
    return somebody, (await city.cases())[-1]


async def first_case(city: CityHarness) -> tuple[Somebody, Case]:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    return an, (await city.cases())[0]


async def answer(city: CityHarness, chair: Somebody, text: str = "Đã dọn sạch lúc 8 giờ") -> None:
    await chair.presses("Trả lời người dân")
    await chair.writes(text, photos=1)
    await chair.presses("Gửi câu trả lời")


async def test_whoever_reports_what_is_known_is_asked_and_joins(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await first_case(city)
    binh = await asked(city)
    binh.sees(
        f"Đã có phản ánh giống việc này: {first.code}",
        "Rác thải",
        "Vũ Tông Phan, Phường Khương Đình",
        "Gửi lúc: 09:00 thứ Hai 23/11",
        "Đơn vị: Phường Khương Đình",
        "trước 09:00 thứ Sáu 27/11",
        "Có phải cùng vụ việc",
        "[Đúng, cùng vụ việc]",
        "[Không, việc khác]",
        "[Quay lại]",
    )
    binh.does_not_see("An")
    assert len(await city.cases()) == 1
    chair.reads()
    await binh.presses("Đúng, cùng vụ việc")
    first, second = await city.cases()
    assert (second.status, second.master_id, second.text) == ("merged", first.id, ALIKE)
    assert (first.people_count, first.status) == (2, "assigned")
    assert second.consent_text
    binh.sees(second.code, first.code, "Phường Khương Đình", "trước 09:00 thứ Sáu 27/11", "2 người cùng báo")
    chair.sees(first.code, "2 người cùng báo")
    assert [event.type for event in await city.events(second)] == ["received", "merged"]
    last = (await city.events(first))[-1]
    assert (last.type, last.data["case"], last.data["people"]) == ("joined", second.code, 2)
    assert await ledger.verify(city.database) is None


async def test_another_matter_goes_its_own_way(city: CityHarness) -> None:
    await city.official(UNIT, "chair")
    await first_case(city)
    binh = await asked(city)
    await binh.presses("Không, việc khác")
    binh.sees("Đã gửi")
    assert [(case.status, case.master_id) for case in await city.cases()] == [("assigned", None)] * 2


async def test_going_back_shows_the_draft_and_nothing_is_sent(city: CityHarness) -> None:
    await first_case(city)
    binh = await asked(city)
    await binh.presses("Quay lại")
    binh.sees("[Đồng ý và gửi]")
    await binh.presses("Đồng ý và gửi")
    binh.sees("Có phải cùng vụ việc")
    await binh.presses("Đồng ý và gửi")
    binh.sees("Có phải cùng vụ việc")
    assert len(await city.cases()) == 1


async def test_joining_twice_and_stale_buttons_change_nothing(city: CityHarness) -> None:
    await first_case(city)
    binh, second = await joined(city)
    await binh.presses("Đúng, cùng vụ việc")
    binh.sees(f"{second.code}")
    await binh.presses("Không, việc khác")
    assert len(await city.cases()) == 2


async def test_a_case_that_was_finished_meanwhile_is_not_joined(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    await first_case(city)
    binh = await asked(city)
    await answer(city, chair)
    await binh.presses("Đúng, cùng vụ việc")
    binh.sees("vừa được khép lại", "Đã gửi")
    assert [case.status for case in await city.cases()] == ["answered", "assigned"]


async def test_whoever_joins_a_case_that_was_merged_meanwhile_joins_its_master(city: CityHarness) -> None:
    dispatcher = await city.official("ha-noi", "dispatcher")
    await first_case(city)
    other = city.citizen("chi")
    await other.writes("Rác chất đống đầy bao tải, đường Nguyễn Trãi, phường Khương Đình")
    await other.files()
    first, second = await city.cases()
    await city.passes(days=1)
    binh = await asked(city, text="Rác chất đống đầy bao tải trên đường Nguyễn Trãi phường Khương Đình")
    binh.sees(second.code)
    await dispatcher.writes(f"/gop {first.code} {second.code}")
    await dispatcher.presses("Gộp")
    await binh.presses("Đúng, cùng vụ việc")
    third = (await city.cases())[-1]
    assert (third.master_id, third.status) == (first.id, "merged")


async def test_everybody_hears_of_each_step_with_a_code_of_their_own(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    an, first = await first_case(city)
    binh, second = await joined(city)
    await chair.presses("Nhận việc")
    an.sees(first.code, "đang giải quyết")
    binh.sees(second.code, "đang giải quyết")
    binh.does_not_see(f"{first.code}: Phường")
    for each in (an, binh):
        each.reads()
    await chair.presses("Hỏi người dân")
    await chair.writes("Số nhà chị là bao nhiêu?")
    await chair.presses("Gửi câu hỏi")
    an.sees("Số nhà chị là bao nhiêu?", "[Trả lời]")
    binh.sees(second.code, "đang hỏi thêm người báo đầu tiên", "[Bổ sung]")
    binh.does_not_see("Số nhà chị")
    await an.presses("Trả lời")
    await an.writes("Số 15")
    for each in (an, binh):
        each.reads()
    await answer(city, chair, "Đã gặp chị Nguyễn Thị Lan và dọn sạch, có gì gọi 0912345678")
    an.sees(first.code, "Nguyễn Thị Lan", "[5 ★]")
    binh.sees(second.code, "dọn sạch", "[5 ★]", "[Chưa giải quyết]")
    binh.does_not_see("Nguyễn Thị Lan", "0912345678", first.code)
    assert (len(an.photos), len(binh.photos)) == (1, 1)


async def test_a_late_case_is_owned_up_to_with_everybody(city: CityHarness) -> None:
    await city.official(UNIT, "chair")
    an, first = await first_case(city)
    binh, second = await joined(city)
    an.reads()
    binh.reads()
    await city.passes(days=7)
    await city.ticks()
    an.sees(first.code, "quá hạn")
    binh.sees(second.code, "quá hạn")
    await city.ticks()
    assert len(binh.news) == 1


async def test_ratings_of_those_who_joined_are_kept_and_move_nothing(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    an, first = await first_case(city)
    binh, second = await joined(city)
    await answer(city, chair)
    await binh.presses("2 ★")
    binh.sees("chấm 2 sao", "[Chưa giải quyết]")
    await an.presses("5 ★")
    first, second = await city.cases()
    assert (first.status, first.rating, second.status, second.rating) == ("closed", 5, "merged", 2)
    await binh.presses("5 ★")
    binh.sees("đã đánh giá việc này rồi")
    assert await ledger.verify(city.database) is None


async def test_not_solved_from_one_who_joined_reopens_the_case_for_all(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    an, first = await first_case(city)
    binh, second = await joined(city)
    await answer(city, chair)
    await binh.presses("4 ★")
    for each in (an, chair):
        each.reads()
    await binh.presses("Chưa giải quyết")
    first, second = await city.cases()
    assert (first.status, first.reopened_count, second.status) == ("reopened", 1, "merged")
    binh.sees("đã được mở lại")
    an.sees(first.code, "mở lại")
    chair.sees(first.code)
    await city.passes(hours=1)
    await answer(city, chair, "Đã dọn lại")
    await binh.presses("5 ★")
    assert (await city.cases())[1].rating == 5
    assert await ledger.verify(city.database) is None


async def test_looking_up_ones_own_code_shows_how_the_common_case_stands(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    an, first = await first_case(city)
    binh, second = await joined(city)
    await chair.presses("Nhận việc")
    await binh.writes(f"/tracuu {second.code}")
    binh.sees(second.code, "Đang giải quyết", f"vụ việc {first.code}", "2 người cùng báo", "dau ngo 12")
    binh.does_not_see(RUBBISH, "An")
    await binh.writes(f"/tracuu {first.code}")
    binh.does_not_see("Đang giải quyết")
    await binh.writes("/cuatoi")
    binh.sees(second.code, "Đang giải quyết")
    await an.writes(f"/tracuu {first.code}")
    an.sees("2 người cùng báo")


async def test_what_one_who_joined_adds_reaches_the_unit(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await first_case(city)
    binh, second = await joined(city, photos=1)
    chair.reads()
    await binh.presses("Bổ sung")
    await binh.writes("Hôm nay có thêm hai bao nữa", photos=1)
    binh.sees(f"bổ sung vào {second.code}")
    chair.sees(first.code, "Hôm nay có thêm hai bao nữa")
    await chair.presses("Người cùng báo (2)")
    chair.sees(second.code, "dau ngo 12", "2 ảnh")
    chair.does_not_see("Bình")
    assert len(chair.photos) == 2


async def test_whoever_joined_by_mistake_takes_the_report_out_again(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await first_case(city)
    binh, second = await joined(city)
    chair.reads()
    await binh.writes(f"/tracuu {second.code}")
    await binh.presses("Không phải cùng vụ việc")
    binh.sees(second.code, "thành một việc riêng", "Phường Khương Đình", "trước 09:00 thứ Sáu 27/11")
    chair.sees(second.code, "[Nhận việc]")
    first, second = await city.cases()
    assert (second.status, second.master_id, first.people_count) == ("assigned", None, 1)
    await binh.presses("Không phải cùng vụ việc")
    binh.sees("không còn")
    assert await ledger.verify(city.database) is None


async def test_the_unit_hears_of_joining_at_most_once_a_day(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await first_case(city)
    chair.reads()
    for name in ("bình", "chi", "dũng"):
        await joined(city, name)
    told = [shown for shown in chair.news if "người cùng báo" in shown.text]
    assert len(told) == 1
    await chair.writes(f"/viec {first.code}")
    chair.sees("4 người cùng báo")
    await chair.writes("/viec")
    chair.sees("4 người cùng báo")
    await city.passes(days=1)
    await joined(city, "giang")
    chair.sees("5 người cùng báo")


async def test_one_person_who_writes_twice_counts_once(city: CityHarness) -> None:
    await first_case(city)
    an, second = await joined(city, "an")
    an.sees(second.code)
    assert (await city.cases())[0].people_count == 1


async def test_a_case_that_others_joined_cannot_be_withdrawn(city: CityHarness) -> None:
    an, first = await first_case(city)
    await joined(city)
    await an.writes(f"/tracuu {first.code}")
    await an.presses("Rút lại")
    an.sees("2 người cùng báo", "vẫn phải giải quyết")
    assert (await city.cases())[0].status == "assigned"


async def test_an_emergency_is_never_held_up_by_a_question(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    an = city.citizen("an")
    fire = "Cháy nhà ở ngõ 12 Vũ Tông Phan, phường Khương Đình, rác bắt lửa"
    await an.writes(fire)
    await an.presses("Đồng ý và gửi")
    first = await city.only_case()
    chair.reads()
    binh = city.citizen("bình")
    await binh.writes("Ngõ 12 Vũ Tông Phan phường Khương Đình đang cháy nhà, lửa từ đống rác")
    await binh.presses("Đồng ý và gửi")
    binh.sees("Đã gửi")
    chair.sees("KHẨN", f"Có thể trùng với {first.code}")
    assert len(await city.cases()) == 2


async def test_what_is_urgent_is_not_asked_to_join_what_is_not(city: CityHarness) -> None:
    await first_case(city)
    binh = await asked(city, text=f"{RUBBISH}, nguy hiểm lắm")
    binh.sees("Đã gửi")


async def test_complaints_about_officials_are_never_compared(city: CityHarness) -> None:
    text = "Cán bộ hách dịch ở trụ sở phường Khương Đình, phố Vũ Tông Phan"
    for name in ("an", "bình"):
        somebody = city.citizen(name)
        await somebody.writes(text)
        await somebody.presses("Đồng ý và gửi")
        somebody.sees("Đã gửi")


async def test_of_an_anonymous_report_no_words_are_shown(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.presses("Ẩn danh")
    await an.presses("Đồng ý và gửi")
    binh = await asked(city)
    binh.sees("Có phải cùng vụ việc")
    binh.does_not_see("Rác chất đống trước")


async def test_personal_data_of_the_other_report_is_masked(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Rác chất đống ngõ 12 Vũ Tông Phan phường Khương Đình, gọi tôi 0912345678")
    await an.presses("Đồng ý và gửi")
    binh = await asked(city)
    binh.sees("•••")
    binh.does_not_see("0912345678")


async def test_an_old_or_finished_case_is_not_offered(city: CityHarness) -> None:
    await first_case(city)
    await city.passes(days=31)
    binh = await asked(city)
    binh.sees("Đã gửi")


async def test_another_ward_is_another_incident(city: CityHarness) -> None:
    await first_case(city)
    binh = await asked(city, text="Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Thanh Xuân cả tuần nay")
    binh.sees("Đã gửi")


@pytest.mark.parametrize(
    "text", ["cháy nhà rồi cứu với, có người bên trong", "nguy hiểm lắm, trẻ con hay chơi ở đó"]
)
async def test_what_is_urgent_is_never_swallowed_by_what_was_asked_before(
    city: CityHarness, text: str
) -> None:
    chair, dispatcher = await city.official(UNIT, "chair"), await city.official("ha-noi", "dispatcher")
    await first_case(city)
    binh = await asked(city)
    same = next(button for button in binh.last.buttons if button.label == "Đúng, cùng vụ việc")
    await binh.writes(text)
    chair.reads()
    await binh.replays(same.data)
    if len(await city.cases()) == 1:  # the old button may also lead back to the draft
        await binh.presses("Đồng ý và gửi")
    first, second = await city.cases()
    assert (second.urgent, second.master_id) == (True, None)
    assert first.people_count == 1
    told = dispatcher if second.status == "triage" else chair
    told.sees("KHẨN", second.code)


async def test_what_was_read_as_a_denunciation_is_offered_to_nobody(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(f"Tôi tố cáo cán bộ phường nhận tiền. {RUBBISH}")
    await an.presses(an.last.labels[0])
    await an.presses("Đồng ý và gửi")
    assert [(case.kind, case.status) for case in await city.cases()] == [("feedback", "triage")]
    binh = await asked(city)
    binh.sees("Đã gửi")


async def test_what_was_read_as_a_denunciation_joins_nothing_before_a_dispatcher_has_read_it(
    city: CityHarness,
) -> None:
    await first_case(city)
    binh = city.citizen("bình")
    await binh.writes(f"Tôi tố cáo cán bộ phường nhận tiền. {RUBBISH}")
    await binh.presses(binh.last.labels[0])
    await binh.presses("Đồng ý và gửi")
    binh.sees("Đã gửi")
    assert [case.status for case in await city.cases()] == ["assigned", "triage"]


async def test_of_a_case_that_waits_for_a_dispatcher_no_words_are_shown(city: CityHarness) -> None:
    an = city.citizen("an")
    text = "Đống này nằm trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, chất đống"
    await an.writes(text)
    await an.presses("Đồng ý và gửi")
    binh = await asked(city, text=text)
    binh.sees("Có phải cùng vụ việc")
    binh.does_not_see("Đống này nằm")


async def test_the_reason_of_a_refusal_names_nobody_to_those_who_joined(city: CityHarness) -> None:
    dispatcher = await city.official("ha-noi", "dispatcher")
    an = city.citizen("an")
    text = "Đống này nằm trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, chất đống"
    await an.writes(text)
    await an.presses("Đồng ý và gửi")
    binh, second = await joined(city, text=text)
    await dispatcher.writes("/dieuphoi")
    await dispatcher.presses("Không xử lý")
    await dispatcher.writes("Chị Nguyễn Thị Lan, số 0912345678, đã dọn rồi")
    await dispatcher.presses("Gửi lý do này")
    an.sees("Nguyễn Thị Lan", "0912345678")
    binh.sees(second.code, "đã dọn rồi", "[Chưa giải quyết]")
    binh.does_not_see("Nguyễn Thị Lan", "0912345678")
    await binh.writes(f"/tracuu {second.code}")
    binh.does_not_see("Nguyễn Thị Lan", "0912345678")


async def test_after_the_answer_nobody_leaves_but_may_say_that_it_is_not_solved(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    await first_case(city)
    binh, second = await joined(city)
    await answer(city, chair)
    await city.passes(days=5)
    await binh.replays(f"own:{second.code}:leave")
    binh.sees("đã có trả lời", "[Chưa giải quyết]")
    assert (await city.cases())[1].status == "merged"
    await binh.presses("Chưa giải quyết")
    assert (await city.cases())[0].status == "reopened"


async def test_whoever_leaves_waits_from_then_on(city: CityHarness) -> None:
    await city.official(UNIT, "chair")
    await first_case(city)
    binh, second = await joined(city)
    await city.passes(days=10)
    await binh.replays(f"own:{second.code}:leave")
    second = (await city.cases())[1]
    assert (second.status, second.master_id) == ("assigned", None)
    assert second.due_at is not None
    assert second.due_at > city.now
    assert await ledger.verify(city.database) is None


async def test_what_was_added_later_stands_in_the_list_of_those_who_joined(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await first_case(city)
    for number in range(11):
        binh, _ = await joined(city, f"người {number}")
    await binh.presses("Bổ sung")
    await binh.writes("Thêm hai bao nữa, gọi anh Nguyễn Văn Hùng 0912345678")
    await chair.writes(f"/viec {first.code}")
    await chair.presses("Người cùng báo (12)")
    chair.sees("bổ sung 09:00", "Thêm hai bao nữa", "1 phản ánh nữa")
    chair.does_not_see("0912345678", "Nguyễn Văn Hùng")


async def test_an_edit_after_the_answer_offers_what_one_who_joined_can_do(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    await first_case(city)
    binh = city.citizen("bình")
    message = await binh.writes(ALIKE)
    await binh.presses("Đồng ý và gửi")
    await binh.presses("Đúng, cùng vụ việc")
    await answer(city, chair)
    await binh.edits(message, f"{ALIKE} lam")
    binh.sees("[Chưa giải quyết]")


async def test_the_unit_hears_that_one_who_joined_cannot_be_reached(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await first_case(city)
    binh, second = await joined(city)
    city.channel.failures[binh.chat] = RecipientUnreachable()
    await chair.presses("Nhận việc")
    await city.settles()
    chair.sees(f"{first.code}: không nhắn được cho một người cùng báo ({second.code}")


async def test_when_a_case_must_stay_among_few_those_who_joined_are_on_their_own_again(
    city: CityHarness,
) -> None:
    chair, dispatcher = await city.official(UNIT, "chair"), await city.official("ha-noi", "dispatcher")
    _, first = await first_case(city)
    people = [await joined(city, name) for name in ("bình", "chi")]
    await chair.presses("Trả lại")
    await chair.writes("Đây là việc của cán bộ")
    await chair.presses("Gửi lý do này")
    for somebody, _ in people:
        somebody.reads()
    await dispatcher.replays(f"fix:{first.code}:d:conduct")
    for somebody, case in people:
        somebody.sees(f"{case.code} đã được tách khỏi {first.code}", "Phường Khương Đình")
    first, *others = await city.cases()
    assert [(case.status, case.master_id, case.domain) for case in others] == [
        ("assigned", None, "waste")
    ] * 2
    assert (first.domain, first.people_count) == ("conduct", 1)
    assert await ledger.verify(city.database) is None


async def test_the_hint_of_an_emergency_tells_nothing_of_what_its_unit_may_not_see(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    dispatcher = await city.official("ha-noi", "dispatcher")
    an, fire = city.citizen("an"), f"Cháy nhà! {RUBBISH}"
    await an.writes(fire)
    await an.files()
    first = await city.only_case()
    await dispatcher.replays(f"hand:{first.code}")
    await dispatcher.replays(f"handnow:{first.code}:phuong-thanh-xuan")
    assert (await city.only_case()).unit_code == "phuong-thanh-xuan"
    binh = city.citizen("bình")
    await binh.writes(fire)
    chair.reads()
    await binh.presses("Đồng ý và gửi")
    chair.sees("KHẨN", "Nơi khác có thể cũng đã nhận")
    chair.does_not_see(first.code)
