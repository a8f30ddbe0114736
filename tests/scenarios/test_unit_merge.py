"""Dispatchers and chairs merge reports of one incident, and take them apart again; everybody is told."""

import pytest

from routing.deadline import escalations
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
ALIKE = "dau ngo 12 vu tong phan phuong khuong dinh rac chat dong hoi thoi qua"
OTHER = "Rác vứt bừa ở sân chơi tập thể, phường Khương Đình"
ELSEWHERE = "Rác đầy bãi đất trống, phường Thanh Xuân"
UNSURE = "Đống này nằm trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, chất đống"
UNIT = "phuong-khuong-dinh"


async def report(city: CityHarness, name: str, text: str = RUBBISH) -> tuple[Somebody, Case]:
    somebody = city.citizen(name)
    await somebody.writes(text)
    await somebody.files()
    return somebody, (await city.cases())[-1]


async def dispatcher_of(city: CityHarness) -> Somebody:
    return await city.official("ha-noi", "dispatcher")


async def merges(somebody: Somebody, one: Case, other: Case) -> None:
    """Type two codes, look at both texts, and merge."""
    await somebody.writes(f"/gop {one.code} {other.code}")
    await somebody.presses("Gộp")


async def now_of(city: CityHarness, case: Case) -> Case:
    return next(each for each in await city.cases() if each.id == case.id)


async def test_a_dispatcher_merges_two_cases_and_both_reporters_are_told(city: CityHarness) -> None:
    chair, dispatcher = await city.official(UNIT, "chair"), await dispatcher_of(city)
    an, first = await report(city, "an")
    await city.passes(hours=2)
    binh, second = await report(city, "bình", OTHER)
    an.reads()
    binh.reads()
    await merges(dispatcher, first, second)
    dispatcher.sees(f"Đã gộp {second.code} vào {first.code}", "2 người cùng báo", f"[Tách {second.code}]")
    binh.sees(second.code, first.code, "Phường Khương Đình", "[Không phải cùng vụ việc]")
    an.sees(first.code, "2 người cùng báo")
    first, second = await now_of(city, first), await now_of(city, second)
    assert (second.status, second.master_id, first.people_count) == ("merged", first.id, 2)
    await chair.writes("/viec")
    chair.sees("1 việc", first.code)
    chair.does_not_see(second.code)
    merged = (await city.events(second))[-1]
    assert (merged.type, merged.actor_role, merged.data["master"]) == ("merged", "dispatcher", first.code)
    assert await ledger.verify(city.database) is None


async def test_the_older_case_stays_however_the_codes_are_typed(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an")
    await city.passes(hours=2)
    _, second = await report(city, "bình", OTHER)
    await merges(dispatcher, second, first)
    assert (await now_of(city, second)).master_id == first.id


async def test_the_earlier_deadline_and_the_greater_haste_hold(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an", "Karaoke ồn cả đêm, phường Khương Đình")
    _, second = await report(city, "bình", f"{OTHER}, nguy hiểm cho trẻ em")
    assert first.due_at is not None
    assert second.due_at is not None
    assert second.due_at < first.due_at
    await merges(dispatcher, first, second)
    master = await now_of(city, first)
    assert (master.urgent, master.due_at) == (True, second.due_at)


async def test_unmerging_brings_the_case_back_to_its_unit_with_its_own_deadline(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    chair = await city.official("phuong-thanh-xuan", "chair")
    an, first = await report(city, "an")
    binh, second = await report(city, "bình", ELSEWHERE)
    await chair.presses("Nhận việc")
    await merges(dispatcher, first, second)
    await chair.writes("/viec")
    chair.sees("không còn việc nào")
    for each in (an, binh, chair):
        each.reads()
    await city.passes(days=1)
    await dispatcher.presses(f"Tách {second.code}")
    dispatcher.sees(f"Đã tách {second.code}", "Phường Thanh Xuân")
    binh.sees(second.code, "thành một việc riêng", "Phường Thanh Xuân")
    an.sees(first.code, "được tách ra")
    chair.sees(second.code, "[Nhận việc]")
    again = await now_of(city, second)
    assert (again.status, again.unit_code, again.master_id) == ("assigned", "phuong-thanh-xuan", None)
    assert again.due_at == second.due_at
    assert (await now_of(city, first)).people_count == 1
    assert [event.type for event in await city.events(again)][-3:] == ["merged", "unmerged", "assigned"]
    assert await ledger.verify(city.database) is None


async def test_a_case_can_be_taken_apart_after_its_master_was_answered(city: CityHarness) -> None:
    dispatcher, chair = await dispatcher_of(city), await city.official(UNIT, "chair")
    _, first = await report(city, "an")
    binh, second = await report(city, "bình", OTHER)
    await merges(dispatcher, first, second)
    await chair.writes(f"/viec {first.code}")
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn", photos=1)
    await chair.presses("Gửi câu trả lời")
    binh.sees(second.code, "Đã dọn")
    await dispatcher.writes(f"/tach {second.code}")
    dispatcher.sees(f"Đã tách {second.code}")
    assert ((await now_of(city, first)).status, (await now_of(city, second)).status) == (
        "answered",
        "assigned",
    )
    assert await ledger.verify(city.database) is None


async def test_what_waited_for_a_dispatcher_waits_again(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an")
    _, second = await report(city, "bình", "Có chuyện lạ ở phường Khương Đình")
    await merges(dispatcher, first, second)
    await dispatcher.writes(f"/tach {second.code}")
    again = await now_of(city, second)
    assert (again.status, again.unit_code, again.triage_reason) == ("triage", None, second.triage_reason)
    dispatcher.sees("hàng chờ điều phối")


async def test_merging_a_master_takes_those_who_joined_along(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an")
    _, second = await report(city, "bình", OTHER)
    chi, third = await report(city, "chi", ELSEWHERE)
    await merges(dispatcher, second, third)
    chi.reads()
    await merges(dispatcher, first, second)
    cases = [await now_of(city, case) for case in (first, second, third)]
    assert [case.master_id for case in cases] == [None, first.id, first.id]
    assert [case.people_count for case in cases] == [3, 1, 1]
    chi.sees(third.code, first.code)
    await dispatcher.writes(f"/tach {second.code}")
    assert (await now_of(city, first)).people_count == 2
    assert await ledger.verify(city.database) is None


async def test_merging_with_a_merged_case_means_its_master(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an")
    _, second = await report(city, "bình", OTHER)
    _, third = await report(city, "chi", ELSEWHERE)
    await merges(dispatcher, first, second)
    await merges(dispatcher, third, second)
    assert (await now_of(city, third)).master_id == first.id
    await dispatcher.writes(f"/gop {third.code} {second.code}")
    dispatcher.sees("là cùng một việc")


async def test_the_dispatcher_is_offered_the_likely_duplicate(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an", UNSURE)
    _, second = await report(city, "bình", UNSURE.replace("cả tuần", "ba hôm"))
    await dispatcher.writes(f"/dieuphoi {second.code}")
    dispatcher.sees(f"Có thể trùng với {first.code}", f"[Gộp với {first.code}]")
    await dispatcher.presses("Gộp với")
    dispatcher.sees(f"Đã gộp {second.code} vào {first.code}")
    await dispatcher.presses("Gộp với")
    dispatcher.sees("là cùng một việc")


async def test_a_chair_merges_two_cases_of_the_own_unit_and_no_others(city: CityHarness) -> None:
    chair = await city.official(UNIT, "chair")
    _, first = await report(city, "an")
    _, second = await report(city, "bình", ALIKE)
    _, elsewhere = await report(city, "chi", ELSEWHERE)
    await chair.writes(f"/viec {second.code}")
    chair.sees(f"Có thể trùng với {first.code}", "[Việc khác…]")
    await chair.presses("Việc khác…")
    chair.sees(f"[Gộp với {first.code}]")
    await chair.presses("Gộp với")
    chair.sees(f"Đã gộp {second.code} vào {first.code}")
    await chair.writes(f"/gop {first.code} {elsewhere.code}")
    chair.sees("không thấy việc này")
    await chair.writes(f"/tach {second.code}")
    chair.sees(f"Đã tách {second.code}")


async def test_officers_citizens_and_groups_do_not_merge(city: CityHarness) -> None:
    officer = await city.official(UNIT, "officer")
    an, first = await report(city, "an")
    _, second = await report(city, "bình", OTHER)
    await officer.writes(f"/gop {first.code} {second.code}")
    officer.sees("không thuộc vai trò")
    await an.writes(f"/gop {first.code} {second.code}")
    an.sees("dành cho cán bộ")
    await an.replays(f"merge:{first.code}:{second.code}")
    an.sees("dành cho cán bộ")
    await an.replays(f"unmerge:{second.code}")
    an.sees("dành cho cán bộ")
    assert all(case.master_id is None for case in await city.cases())


@pytest.mark.parametrize("written", ["/gop", "/tach", "/gop a b c"])
async def test_half_a_command_is_explained(city: CityHarness, written: str) -> None:
    dispatcher = await dispatcher_of(city)
    await dispatcher.writes(written)
    dispatcher.sees("ví dụ: ")


async def test_what_cannot_be_merged_is_refused_with_the_reason(city: CityHarness) -> None:
    dispatcher, chair = await dispatcher_of(city), await city.official(UNIT, "chair")
    an, first = await report(city, "an")
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn", photos=1)
    await chair.presses("Gửi câu trả lời")
    _, second = await report(city, "bình", OTHER)
    _, conduct = await report(city, "chi", "Cán bộ hách dịch ở phường Khương Đình")
    await dispatcher.writes(f"/gop {first.code} {second.code}")
    dispatcher.sees(f"{first.code} đã xong")
    await dispatcher.writes(f"/gop {second.code} {conduct.code}")
    dispatcher.sees(f"{conduct.code} là việc riêng")
    await dispatcher.writes(f"/gop {second.code} {second.code}")
    dispatcher.sees("là cùng một việc")
    await dispatcher.writes(f"/tach {second.code}")
    dispatcher.sees("không có gì để tách")
    await dispatcher.writes(f"/gop {second.code} HN-2222-2222")
    dispatcher.sees("không thấy việc này")
    await an.presses("Chưa giải quyết")
    _, older = await report(city, "dũng", "Rác bên hồ, phường Khương Đình")
    await merges(dispatcher, first, older)
    assert (await now_of(city, older)).master_id == first.id


async def test_a_case_that_was_answered_once_is_not_merged_away(city: CityHarness) -> None:
    dispatcher, chair = await dispatcher_of(city), await city.official(UNIT, "chair")
    _, first = await report(city, "an", ELSEWHERE)
    await city.passes(minutes=5)
    binh, second = await report(city, "bình", OTHER)
    await chair.presses("Trả lời người dân")
    await chair.writes("Đã dọn", photos=1)
    await chair.presses("Gửi câu trả lời")
    await binh.presses("Chưa giải quyết")
    await dispatcher.writes(f"/gop {first.code} {second.code}")
    dispatcher.sees(f"{second.code} đã được trả lời một lần")


async def test_merged_cases_are_not_counted_as_handled(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an")
    _, second = await report(city, "bình", OTHER)
    await merges(dispatcher, first, second)
    await dispatcher.writes("/thongke")
    dispatcher.sees("Nhận: 1", "Đang mở (đến lúc này): 1")


async def test_commands_stand_in_the_menus_of_those_who_may(city: CityHarness) -> None:
    dispatcher, officer = await dispatcher_of(city), await city.official(UNIT, "officer")
    await dispatcher.writes("/trogiup")
    dispatcher.sees("/gop", "/tach")
    await officer.writes("/trogiup")
    officer.does_not_see("/gop")


async def test_what_is_typed_is_shown_side_by_side_before_it_is_merged(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an", f"{RUBBISH}, gọi tôi 0912345678")
    _, second = await report(city, "bình", ALIKE)
    await dispatcher.writes(f"/gop {first.code} {second.code}")
    dispatcher.sees("Gộp hai việc này?", first.code, "Rác chất đống", second.code, "hoi thoi", "[Gộp]")
    dispatcher.does_not_see("0912345678")
    assert all(case.master_id is None for case in await city.cases())
    await dispatcher.writes(f"/gop {second.code}")
    dispatcher.sees("Gộp hai việc này?", first.code, second.code)
    await dispatcher.presses("Gộp")
    assert (await now_of(city, second)).master_id == first.id
    _, alone = await report(city, "chi", ELSEWHERE)
    await dispatcher.writes(f"/gop {alone.code}")
    dispatcher.sees(f"chưa thấy việc nào giống {alone.code}")


async def test_a_chair_gets_rid_of_no_deadline_by_merging_what_differs(city: CityHarness) -> None:
    chair = await city.official("so-xay-dung", "chair")
    _, lamp = await report(city, "an", "Đèn đường hỏng ở đường Giải Phóng, phường Bạch Mai")
    _, hole = await report(city, "bình", "Ổ gà to ở đường Nguyễn Trãi, phường Khương Đình")
    assert lamp.unit_code == hole.unit_code == "so-xay-dung"
    for written in (f"/gop {lamp.code} {hole.code}", f"/gop {hole.code} {lamp.code}"):
        await chair.writes(written)
        chair.sees("khác lĩnh vực hoặc không ở cùng một nơi")
    await chair.replays(f"merge:{lamp.code}:{hole.code}")
    chair.sees("chỉ cán bộ điều phối")
    assert all(case.master_id is None for case in await city.cases())
    await merges(await dispatcher_of(city), lamp, hole)
    assert (await now_of(city, hole)).master_id == lamp.id


async def test_a_master_that_waits_for_its_reporter_does_not_wash_off_a_deadline(city: CityHarness) -> None:
    chair, dispatcher = await city.official(UNIT, "chair"), await dispatcher_of(city)
    an, first = await report(city, "an")
    await city.passes(hours=3)
    _, second = await report(city, "bình", OTHER)
    await chair.writes(f"/viec {first.code}")
    await chair.presses("Hỏi người dân")
    await chair.writes("Số nhà bao nhiêu?")
    await chair.presses("Gửi câu hỏi")
    await city.passes(days=14)
    await city.ticks()
    await merges(dispatcher, first, second)
    merged = await now_of(city, first)
    assert (merged.status, merged.paused_at, merged.due_at) == ("in_progress", None, second.due_at)
    await city.ticks()
    an.sees(first.code, "quá hạn")
    await an.writes(f"/tracuu {first.code}")
    await an.presses("Bổ sung")
    await an.writes("Số 12")
    assert (await now_of(city, first)).due_at == second.due_at


async def test_an_earlier_deadline_is_reminded_of_although_the_later_one_was(city: CityHarness) -> None:
    chair, dispatcher = await city.official(UNIT, "chair"), await dispatcher_of(city)
    _, first = await report(city, "an", "Karaoke ồn cả đêm, phường Khương Đình")
    await city.passes(minutes=5)
    _, second = await report(city, "bình", OTHER)
    assert first.due_at is not None
    assert second.due_at is not None
    assert second.due_at < first.due_at
    await city.passes(days=9)
    await city.ticks()
    assert (await now_of(city, first)).reminded_at is not None
    await merges(dispatcher, first, second)
    merged = await now_of(city, first)
    assert (merged.reminded_at, merged.due_at) == (None, second.due_at)
    rule = city.city.deadline_rule(first.domain)
    moments = escalations(city.city, rule, due_at=second.due_at)
    assert (merged.leader_at, merged.chairman_at) == moments
    chair.reads()
    await city.ticks()
    chair.sees(first.code)


async def test_the_unit_that_loses_a_case_is_told_once(city: CityHarness) -> None:
    chair, dispatcher = await city.official("phuong-thanh-xuan", "chair"), await dispatcher_of(city)
    _, first = await report(city, "an")
    _, second = await report(city, "bình", ELSEWHERE)
    chair.reads()
    await merges(dispatcher, first, second)
    chair.sees(f"{second.code} đã được gộp vào {first.code}", "Phường Khương Đình giải quyết chung")
    assert len(chair.news) == 1
    chair.does_not_see(f"[Mở {first.code}]")
    await chair.presses("Nhận việc")
    chair.sees(f"{second.code} đã được gộp vào {first.code}")
    chair.does_not_see("hiện ")


async def test_the_unit_of_both_is_told_and_an_old_button_leads_to_the_case_that_stays(
    city: CityHarness,
) -> None:
    chair, dispatcher = await city.official(UNIT, "chair"), await dispatcher_of(city)
    _, first = await report(city, "an")
    _, second = await report(city, "bình", OTHER)
    chair.reads()
    await merges(dispatcher, first, second)
    chair.sees(f"{second.code} đã được gộp vào {first.code}")
    assert len(chair.news) == 1
    await chair.replays(f"accept:{second.code}")
    chair.sees(f"{second.code} đã được gộp vào {first.code}")
    await chair.presses(f"card:{first.code}")
    chair.sees(first.code, "[Nhận việc]")
    await dispatcher.replays(f"refuse:{second.code}")
    dispatcher.sees(f"{second.code} đã được gộp vào {first.code}")


async def test_what_a_dispatcher_finds_twice_is_merged_instead_of_refused(city: CityHarness) -> None:
    dispatcher = await dispatcher_of(city)
    _, first = await report(city, "an")
    _, alike = await report(city, "bình", UNSURE)
    binh, second = await report(city, "chi", "Có chuyện lạ ở phường Khương Đình")
    await dispatcher.writes(f"/dieuphoi {second.code}")
    await dispatcher.presses("Không xử lý")
    await dispatcher.presses("Trùng phản ánh khác")
    dispatcher.sees(f"{second.code} trùng với việc nào?")
    await dispatcher.writes("không nhớ")
    dispatcher.sees("trùng với việc nào?")
    await dispatcher.writes(first.code)
    dispatcher.sees("Gộp hai việc này?")
    binh.reads()
    await dispatcher.presses("Gộp")
    binh.sees(f"{second.code} cùng vụ việc với {first.code}", "[Không phải cùng vụ việc]")
    assert (await now_of(city, second)).status == "merged"
    await dispatcher.writes(f"/dieuphoi {alike.code}")
    await dispatcher.presses("Không xử lý")
    await dispatcher.presses("Trùng phản ánh khác")
    dispatcher.sees(f"{alike.code} trùng với việc nào?")
