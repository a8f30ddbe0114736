"""Where the city wants it, the chair approves an officer's answer before the citizen reads anything."""

from dataclasses import replace

from handlers import texts
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"
RUDE = "Cán bộ thái độ hách dịch tại phường Khương Đình"
WHOLE = "Sáng nay tổ môi trường đã dọn sạch ngõ 12."
BETTER = "Sáng nay tổ môi trường đã dọn sạch ngõ 12 và đặt thêm hai thùng rác."


async def approving(city: CityHarness, *domains: str) -> None:
    """Let the city want answers of these domains approved."""
    wanted = domains or ("waste",)
    changed = {key: replace(each, needs_approval=key in wanted) for key, each in city.city.domains.items()}
    await city.changes(domains=changed)


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    citizen.reads()
    return (await city.cases())[-1]


async def again(city: CityHarness, case: Case) -> Case:
    return next(each for each in await city.cases() if each.id == case.id)


async def types(city: CityHarness, case: Case) -> list[str]:
    return [event.type for event in await city.events(case)]


async def propose(officer: Somebody, case: Case, text: str = WHOLE, *, photos: int = 1) -> None:
    await officer.replays(f"answer:{case.code}")
    await officer.writes(text, photos=photos)
    await officer.presses("Trình lãnh đạo duyệt")


async def at_work(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """Return an officer, the chair and a case of a domain whose answers are approved."""
    await approving(city)
    officer = await city.official(WARD, "officer", name="Chuyên viên môi trường")
    chair = await city.official(WARD, "chair", name="Chủ tịch phường")
    return officer, chair, await report(city)


async def test_the_chair_reads_the_draft_and_sends_it_with_one_tap(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    chair.reads()
    await officer.replays(f"answer:{case.code}")
    officer.sees("lãnh đạo duyệt xong thì người dân mới nhận được")
    await officer.writes(WHOLE, photos=1)
    officer.does_not_see("[Gửi câu trả lời]")
    await officer.presses("Trình lãnh đạo duyệt")
    officer.sees("Đã trình Chủ tịch phường", "Hạn trả lời vẫn là 09:00 thứ Sáu 27/11")
    chair.sees(case.code, "Chuyên viên môi trường", "trình duyệt", RUBBISH, WHOLE, "[Duyệt và gửi]")
    chair.sees("[Trả lại để sửa]", "[Tự sửa]")
    assert len(chair.photos) == 1
    city.citizen("an").sees_nothing()
    waiting = await again(city, case)
    assert (waiting.status, waiting.answered_at, waiting.due_at) == ("in_progress", None, case.due_at)

    await city.passes(hours=1)
    officer.reads()
    await chair.presses("Duyệt và gửi")
    chair.sees("Đã duyệt và gửi", "đúng hạn")
    officer.sees("Chủ tịch phường đã duyệt và gửi")
    city.citizen("an").sees(WHOLE, "5 ★")
    assert len(city.citizen("an").photos) == 1
    done = await again(city, case)
    assert (done.status, done.answered_at, done.proposed) == ("answered", city.now, None)
    assert done.officer_id == waiting.officer_id, "the officer did it, the chair let it go out"
    event = (await city.events(case))[-1]
    assert (event.type, event.actor_role, event.data["drafted_by"]) == ("answered", "chair", done.officer_id)
    assert event.actor_id != done.officer_id
    assert await ledger.verify(city.database) is None


async def test_a_draft_given_back_is_kept_for_editing(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    await chair.presses("Trả lại để sửa")
    chair.sees(texts.why_send_back(code=case.code))
    await chair.sends(photos=1)
    chair.sees(texts.words_please())
    officer.reads()
    await chair.writes("Nêu rõ số thùng rác đặt thêm")
    await chair.presses("Gửi lý do này")
    chair.sees(texts.sent_back(code=case.code))
    officer.sees("trả lại bản trả lời", "Nêu rõ số thùng rác đặt thêm", "[Sửa bản nháp]")
    assert (await again(city, case)).proposed is None
    await officer.presses("Sửa bản nháp")
    officer.sees(WHOLE, "Kèm 1 ảnh", "[Viết lại]")
    await officer.presses("Viết lại")
    await officer.writes(BETTER)
    await officer.presses("Trình lãnh đạo duyệt")
    chair.sees(BETTER)
    await chair.presses("Duyệt và gửi")
    city.citizen("an").sees(BETTER)
    city.citizen("an").does_not_see("Nêu rõ số thùng")
    assert (await types(city, case))[-4:] == [
        "answer_proposed",
        "answer_sent_back",
        "answer_proposed",
        "answered",
    ]


async def test_the_chair_may_change_the_draft_and_send_it(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    officer.reads()
    await chair.presses("Tự sửa")
    chair.sees(WHOLE, "Kèm 1 ảnh", "[Gửi câu trả lời]")
    await chair.writes("Phường đã đặt thêm hai thùng rác.")
    await chair.presses("Gửi câu trả lời")
    city.citizen("an").sees(WHOLE, "đặt thêm hai thùng rác")
    officer.sees("Chủ tịch phường đã sửa rồi gửi")
    assert (await city.events(case))[-1].data["drafted_by"] == (await again(city, case)).officer_id


async def test_the_chairs_own_answer_needs_nobody(city: CityHarness) -> None:
    _, chair, case = await at_work(city)
    await chair.replays(f"answer:{case.code}")
    await chair.writes(WHOLE, photos=1)
    await chair.presses("Gửi câu trả lời")
    city.citizen("an").sees(WHOLE)


async def test_other_domains_go_out_at_once(city: CityHarness) -> None:
    await approving(city, "noise")
    officer, case = await city.official(WARD, "officer"), await report(city)
    await officer.replays(f"answer:{case.code}")
    await officer.writes(WHOLE, photos=1)
    await officer.presses("Gửi câu trả lời")
    city.citizen("an").sees(WHOLE)


async def test_the_reason_for_no_picture_comes_before_the_chair(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Đã dọn sạch.")
    await officer.presses("Không có ảnh")
    await officer.writes("Máy ảnh hỏng")
    await officer.presses("Trình lãnh đạo duyệt")
    chair.sees("Không có ảnh, vì: Máy ảnh hỏng", "chưa nói rõ: làm khi nào, ai làm")
    await chair.presses("Duyệt và gửi")
    city.citizen("an").sees("Không có ảnh, vì: Máy ảnh hỏng")


# ── stale and doubled ────────────────────────────────────────────────────────────────────────────


async def test_approving_a_draft_that_was_replaced_shows_the_new_one(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    old = next(button.data for button in chair.last.buttons if button.data.startswith("approve:"))
    await officer.replays(f"answer:{case.code}")
    officer.sees("Một bản trước đang chờ duyệt")
    await officer.writes(BETTER, photos=1)
    await officer.presses("Trình lãnh đạo duyệt")
    for data in (old, old.replace("approve", "sendback"), old.replace("approve", "amend"), old + "x"):
        await chair.replays(data)
        chair.sees(texts.newer_draft(), BETTER, "[Duyệt và gửi]")
    city.citizen("an").sees_nothing()
    await chair.presses("Duyệt và gửi")
    city.citizen("an").sees(BETTER)


async def test_two_taps_send_one_answer(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    data = next(button.data for button in chair.last.buttons if button.data.startswith("approve:"))
    for _ in range(2):
        await city.receive(chair.channel, chair.message(button=data))
    await city.settles()
    assert (await types(city, case)).count("answered") == 1
    await chair.replays(data)
    chair.sees("trả lời lúc")


async def test_a_second_chair_comes_too_late_and_is_told_kindly(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    deputy = await city.official(WARD, "chair", name="Phó chủ tịch phường")
    await propose(officer, case)
    deputy.sees("[Duyệt và gửi]")
    await deputy.presses("Trả lại để sửa")
    await chair.presses("Duyệt và gửi")
    await deputy.writes("Viết ngắn lại")
    await deputy.presses("Gửi lý do này")
    deputy.sees("trả lời lúc")
    await deputy.presses("Duyệt và gửi")
    deputy.sees("trả lời lúc")
    assert (await types(city, case))[-1] == "answered"


async def test_a_draft_that_was_given_back_cannot_be_approved(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    data = next(button.data for button in chair.last.buttons if button.data.startswith("approve:"))
    await chair.presses("Trả lại để sửa")
    await chair.writes("Thiếu ảnh trước khi dọn")
    await chair.presses("Gửi lý do này")
    await chair.replays(data)
    chair.sees(texts.no_draft_waits(code=case.code))
    city.citizen("an").sees_nothing()


async def test_what_waits_is_over_when_the_case_goes_elsewhere(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    data = next(button.data for button in chair.last.buttons if button.data.startswith("approve:"))
    await officer.replays(f"giveto:{case.code}:area")
    await chair.replays(data)
    chair.sees("không còn ở đơn vị mình")
    assert (await again(city, case)).proposed is None
    city.citizen("an").does_not_see(WHOLE)


# ── who may not, and who does it in place of the chair ───────────────────────────────────────────


async def test_an_officer_cannot_approve_with_a_typed_button(city: CityHarness) -> None:
    officer, _, case = await at_work(city)
    colleague = await city.official(WARD, "officer", name="Chuyên viên khác")
    await propose(officer, case)
    number = (await again(city, case)).proposed["number"]  # type: ignore[index]
    for somebody in (officer, colleague):
        for data in ("approve", "sendback", "amend"):
            await somebody.replays(f"{data}:{case.code}:{number}")
    await officer.replays(f"showdraft:{case.code}")
    assert (await types(city, case))[-1] == "answer_proposed"
    city.citizen("an").sees_nothing()


async def test_without_a_chair_at_the_unit_the_level_above_approves(city: CityHarness) -> None:
    await approving(city)
    officer, above = await city.official(WARD, "officer"), await city.official("ha-noi", "chair")
    neighbour = await city.official("phuong-thanh-xuan", "chair")
    case = await report(city)
    above.reads()
    await propose(officer, case)
    above.sees(WHOLE, "[Duyệt và gửi]", "[Trả lại để sửa]")
    above.does_not_see("[Tự sửa]")
    neighbour.sees_nothing()
    number = (await again(city, case)).proposed["number"]  # type: ignore[index]
    await neighbour.replays(f"approve:{case.code}:{number}")
    neighbour.sees(texts.case_not_yours())
    await above.presses("Duyệt và gửi")
    city.citizen("an").sees(WHOLE)
    officer.sees("đã duyệt và gửi")


async def test_with_nobody_to_approve_the_officer_and_the_administrators_hear_of_it(
    city: CityHarness,
) -> None:
    await approving(city)
    officer, admin = await city.official(WARD, "officer"), await city.official("ha-noi", "admin")
    case = await report(city)
    await propose(officer, case)
    officer.sees("chưa có lãnh đạo nào")
    admin.sees(case.code, "chờ duyệt")
    chair = await city.official(WARD, "chair")
    await chair.writes(f"/viec {case.code}")
    chair.sees("chờ lãnh đạo duyệt", "[Xem bản chờ duyệt]")
    await chair.presses("Xem bản chờ duyệt")
    chair.sees(WHOLE, "[Duyệt và gửi]")
    await chair.presses("Duyệt và gửi")
    city.citizen("an").sees(WHOLE)


async def test_a_restricted_answer_is_never_shown_above(city: CityHarness) -> None:
    await approving(city, "conduct")
    inspector = await city.official("thanh-tra-thanh-pho", "officer")
    above = await city.official("ha-noi", "chair")
    case = await report(city, text=RUDE)
    await inspector.replays(f"answer:{case.code}")
    await inspector.writes("Thanh tra đã xác minh và nhắc nhở cán bộ ngày 24/11.")
    await inspector.presses("Trình lãnh đạo duyệt")
    inspector.sees("chưa có lãnh đạo nào")
    above.sees_nothing()


async def test_an_officer_who_left_is_not_told_and_the_unit_is(city: CityHarness) -> None:
    from sqlalchemy import select

    from storage import people
    from storage.tables import post

    officer, chair, case = await at_work(city)
    colleague = await city.official(WARD, "officer", name="Chuyên viên khác")
    await propose(officer, case)
    (held, *_) = await city.rows(select(post.c.id).order_by(post.c.id))
    async with city.database.begin() as transaction:
        await people.end_post(transaction, held["id"], at=city.now)
    await city.passes(minutes=1)
    officer.reads()
    await chair.presses("Trả lại để sửa")
    await chair.writes("Nêu rõ giờ")
    await chair.presses("Gửi lý do này")
    officer.sees_nothing()
    colleague.sees("Nêu rõ giờ", "[Sửa bản nháp]")
    await colleague.presses("Sửa bản nháp")
    colleague.sees(WHOLE, "Kèm 1 ảnh")
    assert (await again(city, case)).proposed is None


async def test_a_draft_given_back_before_the_answer_is_not_taken_up_after_a_reopening(
    city: CityHarness,
) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    await chair.presses("Trả lại để sửa")
    await chair.writes("Nêu rõ giờ")
    await chair.presses("Gửi lý do này")
    await propose(officer, case, BETTER)
    await chair.presses("Duyệt và gửi")
    await city.citizen("an").presses("Chưa giải quyết")
    await officer.replays(f"redraft:{case.code}")
    officer.sees("Anh/chị nhắn câu trả lời")
    officer.does_not_see(WHOLE)


async def test_a_cancelled_draft_is_gone_and_what_waits_stays(city: CityHarness) -> None:
    officer, chair, case = await at_work(city)
    await propose(officer, case)
    await officer.replays(f"answer:{case.code}")
    await officer.writes(BETTER, photos=1)
    await officer.writes("/huy")
    await officer.replays(f"sendanswer:{case.code}")
    officer.sees(texts.draft_gone())
    await chair.presses("Duyệt và gửi")
    city.citizen("an").sees(WHOLE)


# ── another domain does not lead around it ───────────────────────────────────────────────────────


async def taken_to_another_domain(city: CityHarness) -> tuple[Somebody, Somebody, Case]:
    """The same, once the officer has corrected the domain to one that wants neither approval nor proof."""
    officer, chair, case = await at_work(city)
    await officer.replays(f"recast:{case.code}:public_service")
    return officer, chair, await again(city, case)


async def test_an_officer_who_corrects_the_domain_still_needs_approval_and_a_picture(
    city: CityHarness,
) -> None:
    officer, chair, case = await taken_to_another_domain(city)
    assert case.domain == "public_service"
    await officer.replays(f"answer:{case.code}")
    await officer.writes(WHOLE)
    officer.sees("[Không có ảnh")
    officer.does_not_see("[Gửi câu trả lời]", "[Trình lãnh đạo duyệt]")
    await officer.replays(f"sendanswer:{case.code}")
    assert (await again(city, case)).proposed is None
    await officer.writes("và đặt thêm thùng", photos=1)
    await officer.presses("Trình lãnh đạo duyệt")
    city.citizen("an").sees_nothing()
    await chair.presses("Duyệt và gửi")
    assert (await again(city, case)).status == "answered"


async def test_nor_by_way_of_another_unit_that_gives_it_back(city: CityHarness) -> None:
    officer, _, case = await taken_to_another_domain(city)
    beside = await city.official("so-xay-dung", "officer")
    await officer.replays(f"handnow:{case.code}:so-xay-dung")
    await beside.replays(f"giveto:{case.code}:area")
    await officer.replays(f"answer:{case.code}")
    await officer.writes(WHOLE, photos=1)
    officer.sees("[Trình lãnh đạo duyệt]")


async def test_what_the_chair_says_of_the_domain_settles_it(city: CityHarness) -> None:
    officer, chair, case = await taken_to_another_domain(city)
    await chair.replays(f"recast:{case.code}:roads")
    await chair.replays(f"recast:{case.code}:public_service")
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Phường đã trả kết quả hồ sơ sáng nay.")
    officer.sees("[Gửi câu trả lời]")
