"""A unit at work: from the card of a new case to the answer, and all that may come between."""

from datetime import datetime, timedelta

import pytest

from handlers import texts
from handlers.channel import RecipientUnreachable
from routing.deadline import LOCAL_TIME
from storage import ledger
from storage.cases import Case
from tests.city import CityHarness

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH, photos: int = 0) -> Case:
    """Let somebody send a report."""
    citizen = city.citizen(name)
    await citizen.writes(text, photos=photos)
    await citizen.files()
    return (await city.cases())[-1]


async def again(city: CityHarness, case: Case) -> Case:
    """Return the case as it stands now."""
    return next(each for each in await city.cases() if each.id == case.id)


# ── becoming an official ─────────────────────────────────────────────────────────────────────────


async def test_an_invitation_turns_a_person_into_an_official(city: CityHarness) -> None:
    await report(city)
    binh = city.citizen("binh")
    await binh.writes(f"/start {await city.invitation(WARD, 'officer')}")
    binh.sees("chuyên viên – Phường Khương Đình", "1 việc chưa xong", "[Xem việc đang mở]")
    await binh.writes("/viec")
    binh.sees("1 việc đang mở")


async def test_a_code_that_cannot_be_used_is_answered_in_one_way(city: CityHarness) -> None:
    used = await city.invitation(WARD, "officer")
    await city.citizen("binh").writes(f"/start {used}")
    expired = await city.invitation(WARD, "officer")
    await city.passes(days=8)
    answers = set()
    for number, code in enumerate((used, expired, "AAAAA-BBBBB-CCCCC", "xin chào")):
        chi = city.citizen(f"chi {number}")
        await chi.writes(f"/start {code}")
        answers.add(chi.last.text)
        await chi.writes("/viec")
        chi.sees(texts.not_an_official(official=False))
    assert answers == {texts.invitation_refused()}


async def test_five_codes_an_hour_can_be_tried(city: CityHarness) -> None:
    chi = city.citizen("chi")
    for _ in range(5):
        await chi.writes("/start AAAAA-BBBBB-CCCCC")
        chi.sees(texts.invitation_refused())
    good = await city.invitation(WARD, "chair")
    await chi.writes(f"/start {good}")
    chi.sees(texts.invitation_too_often())
    await city.passes(minutes=61)
    await chi.writes(f"/start {good}")
    chi.sees("lãnh đạo – Phường Khương Đình")


async def test_a_code_shown_to_a_group_is_not_used_up(city: CityHarness) -> None:
    code = await city.invitation(WARD, "officer")
    await city.somebody_in_group("nhom", "binh").writes(f"/start {code}")
    binh = city.citizen("binh")
    await binh.writes(f"/start {code}")
    binh.sees("chuyên viên – Phường Khương Đình")


async def test_start_without_a_code_greets(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/start")
    an.sees("Chào anh/chị")


# ── the card ─────────────────────────────────────────────────────────────────────────────────────


async def test_a_new_case_reaches_everybody_at_the_unit_as_a_card(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    officer = await city.official(WARD, "officer")
    elsewhere = await city.official("phuong-thanh-xuan", "chair")
    case = await report(city, photos=2)
    for official in (chair, officer):
        official.sees(
            case.code,
            "Rác thải, vệ sinh môi trường",
            "Vũ Tông Phan, Phường Khương Đình",
            RUBBISH,
            "Nhận việc trước: 14:30 thứ Hai 23/11",
            "Trả lời trước: 09:00 thứ Sáu 27/11",
            f"Người gửi: {city.citizen('an').known_as or 'người dân (không rõ tên)'}",
            "[Nhận việc]",
            "[Trả lời người dân]",
            "[Hỏi người dân]",
            "[Việc khác…]",
        )
        assert len(official.photos) == 2
        assert len(official.last.buttons) == 5
        official.reads()
        await official.presses("Việc khác…")
        official.sees("[Chuyển đơn vị]", "[Trả lại]", "[Mời phối hợp]", "[Sai lĩnh vực]", "[Nhận việc]")
    elsewhere.sees_nothing()


async def test_an_anonymous_writer_stays_unknown_to_the_unit(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    minh = city.citizen("minh-rat-rieng")
    await minh.writes(RUBBISH)
    await minh.presses("Ẩn danh")
    await minh.presses("Đồng ý và gửi")
    case = await city.only_case()
    officer.sees("ẩn danh với đơn vị")
    await officer.presses("Nhận việc")
    await officer.writes(f"/viec {case.code}")
    assert not any("Minh" in str(shown) for shown in officer.screen)


async def test_an_anonymous_text_does_not_give_its_writer_away(city: CityHarness) -> None:
    officer, minh = await city.official(WARD, "officer"), city.citizen("minh")
    await minh.writes(f"Tôi tên là Trần Thị Minh, số 0912345678. {RUBBISH}, xe 29A-123.45 hay đổ")
    await minh.presses("Ẩn danh")
    await minh.presses("Đồng ý và gửi")
    case = await city.only_case()
    officer.sees("•••", "29A-123.45")
    await officer.presses("Hỏi người dân")
    await officer.writes("Xe gì ạ?")
    await officer.presses("Gửi câu hỏi")
    await minh.writes("Xe tải, gọi tôi số 0912345678")
    officer.sees("Xe tải")
    await officer.writes(f"/viec {case.code}")
    assert not any(word in str(shown) for shown in officer.screen for word in ("0912345678", "Thị Minh"))
    assert "0912345678" in case.text, "what was sent is kept as it was sent"


async def test_a_long_report_is_shown_in_full_on_request(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city, text=f"{RUBBISH}. " + "Mùi rất khó chịu. " * 120 + "Hết.")
    officer.sees("[Xem đủ nội dung]")
    officer.does_not_see("Hết.")
    await officer.presses("Xem đủ nội dung")
    officer.sees(case.code, "Hết.")


async def test_a_unit_without_anybody_is_brought_before_dispatchers_and_the_chair_above(
    city: CityHarness,
) -> None:
    above = await city.official("ha-noi", "chair")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    above.sees(case.code, "Phường Khương Đình", "chưa có ai nhận việc")
    dispatcher.sees(case.code, "chưa có ai nhận việc")
    await dispatcher.presses("Mở HN-")
    dispatcher.sees("[Chuyển đơn vị]")
    dispatcher.does_not_see("[Nhận việc]")


async def test_with_nobody_anywhere_the_administrators_hear_of_it(city: CityHarness) -> None:
    admin = await city.official("ha-noi", "admin")
    case = await report(city)
    admin.sees(case.code, "chưa có ai nhận việc")


async def test_at_night_only_those_who_are_awake_get_a_card(city: CityHarness) -> None:
    asleep = await city.official(WARD, "chair")
    awake = await city.official(WARD, "officer")
    await city.becomes(datetime(2026, 11, 23, 22, 30, tzinfo=LOCAL_TIME))
    await awake.writes("/viec")
    asleep.reads()
    case = await report(city)
    awake.sees(case.code)
    asleep.sees_nothing()
    await asleep.writes("/viec")
    asleep.sees("1 việc đang mở")
    await city.becomes(datetime(2026, 11, 24, 7, 0, tzinfo=LOCAL_TIME))
    asleep.sees("[Nhận việc]")


async def test_an_emergency_wakes_the_unit(city: CityHarness) -> None:
    asleep = await city.official(WARD, "chair")
    await city.becomes(datetime(2026, 11, 23, 23, 30, tzinfo=LOCAL_TIME))
    await report(city, text="Cháy đống rác nguy hiểm ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
    asleep.sees("KHẨN")


# ── accepting ────────────────────────────────────────────────────────────────────────────────────


async def test_accepting_starts_the_work_and_tells_the_citizen(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await city.passes(minutes=20)
    an = city.citizen("an")
    an.reads()
    await officer.presses("Nhận việc")
    officer.sees(f"Anh/chị đã nhận {case.code}", "trước 09:00 thứ Sáu 27/11", "[Trả lời người dân]")
    officer.does_not_see("[Nhận việc]")
    an.sees(case.code, "Phường Khương Đình đã nhận")
    case = await again(city, case)
    assert (case.status, case.accepted_at) == ("in_progress", city.now)
    assert (await city.events(case))[-1].type == "accepted"


async def test_the_second_to_accept_is_told_who_was_first(city: CityHarness) -> None:
    first = await city.official(WARD, "officer", name="Chuyên viên môi trường")
    second = await city.official(WARD, "chair")
    case = await report(city)
    await first.presses("Nhận việc")
    events = len(await city.events(case))
    await second.presses("Nhận việc")
    second.sees("Chuyên viên môi trường nhận lúc 09:00")
    await first.presses(f"accept:{case.code}")
    first.sees(texts.accepted_by_you(code=case.code))
    assert len(await city.events(case)) == events


async def test_two_taps_in_the_same_moment_make_one_acceptance(city: CityHarness) -> None:
    first = await city.official(WARD, "officer", name="Chuyên viên một")
    second = await city.official(WARD, "officer", name="Chuyên viên hai")
    case = await report(city)
    for official in (first, second):
        official.reads()
        await city.receive(official.channel, official.message(button=f"accept:{case.code}"))
    await city.settles()
    told = sorted("Anh/chị đã nhận" in official.last.text for official in (first, second))
    assert told == [False, True]
    assert [event.type for event in await city.events(case)].count("accepted") == 1


# ── answering ────────────────────────────────────────────────────────────────────────────────────


async def test_an_answer_of_several_messages_goes_out_at_one_tap(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    case = await report(city)
    await officer.presses("Trả lời người dân")
    officer.sees("đã làm gì, khi nào", "ảnh kết quả", "[Bỏ]")
    await officer.writes("Tổ vệ sinh đã dọn sạch lúc 10:00.")
    officer.sees("thiếu ảnh kết quả", "[Không có ảnh, nêu lý do]")
    an.reads()
    await officer.sends(text="Đã đặt thêm thùng rác.", photos=2)
    officer.sees("Tổ vệ sinh đã dọn sạch", "Đã đặt thêm thùng rác", "Kèm 2 ảnh")
    an.sees_nothing()
    await city.passes(hours=1)
    await officer.presses("Gửi câu trả lời")
    officer.sees(case.code, "đúng hạn")
    an.sees(
        case.code, "Tổ vệ sinh đã dọn sạch lúc 10:00.\nĐã đặt thêm thùng rác.", "5 ★", "[Chưa giải quyết]"
    )
    assert len(an.photos) == 2
    case = await again(city, case)
    assert (case.status, case.answered_at) == ("answered", city.now)
    assert case.accepted_at == city.now, "answering accepts as well"
    assert case.answer_due_at == case.due_at
    assert await city.photos(case, "answer") == an.photos


async def test_a_reply_to_the_card_is_an_answer_that_asks_for_one_tap(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    case = await report(city)
    an.reads()
    await officer.writes("Đã thu gom xong sáng nay.", photos=1, reply_to=officer.last)
    officer.sees("Đã thu gom xong sáng nay.", "[Gửi câu trả lời]")
    an.sees_nothing()
    await officer.presses("Gửi câu trả lời")
    an.sees("Đã thu gom xong sáng nay.")
    assert (await again(city, case)).status == "answered"


async def test_pictures_alone_are_no_answer(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    await officer.sends(photos=1, reply_to=officer.last.id)
    officer.sees("viết thêm một câu")
    officer.does_not_see("[Gửi câu trả lời]")
    await officer.writes("Đã dọn xong hết.")
    officer.sees("Kèm 1 ảnh", "[Gửi câu trả lời]")


async def test_a_dropped_answer_is_gone_and_the_case_as_before(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Trả lời người dân")
    await officer.writes("Chưa xem được")
    await officer.presses("Bỏ")
    officer.sees("không gửi đi đâu")
    await officer.replays(f"sendanswer:{case.code}")
    officer.sees(texts.draft_gone())
    assert (await again(city, case)).status == "assigned"


async def test_an_answer_cannot_be_sent_twice(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    case = await report(city)
    await officer.writes("Đã dọn xong.", photos=1, reply_to=officer.last)
    await officer.presses("Gửi câu trả lời")
    an.reads()
    await officer.replays(f"sendanswer:{case.code}")
    officer.sees("đã được", "trả lời lúc")
    an.sees_nothing()


async def test_a_colleague_who_answered_first_ends_what_is_being_written(city: CityHarness) -> None:
    slow = await city.official(WARD, "officer", name="Chuyên viên chậm")
    quick = await city.official(WARD, "officer", name="Chuyên viên nhanh")
    await report(city)
    await slow.presses("Trả lời người dân")
    await slow.writes("Đang kiểm tra")
    await quick.writes("Đã dọn xong.", photos=1, reply_to=quick.last)
    await quick.presses("Gửi câu trả lời")
    await slow.writes("và sẽ dọn")
    slow.sees("Chuyên viên nhanh trả lời lúc")
    await slow.writes("/viec")
    slow.sees("không còn việc nào")


async def test_what_is_written_for_one_case_never_ends_up_in_another(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    first = await report(city, "an")
    card_of_first = officer.last
    second = await report(city, "ba")
    await officer.replays(f"answer:{first.code}")
    await officer.writes("Trả lời cho việc thứ nhất", photos=1)
    await officer.replays(f"answer:{second.code}")
    officer.sees(f"đang viết dở cho {first.code}")
    await officer.writes("Trả lời cho việc thứ nhất, phần hai", reply_to=card_of_first)
    officer.sees("phần hai", "[Gửi câu trả lời]")
    await officer.presses("Gửi câu trả lời")
    assert (await again(city, first)).status == "answered"
    assert (await again(city, second)).status == "assigned"


async def test_a_stale_tap_on_another_case_does_not_lose_what_is_being_written(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    first, second = await report(city, "an"), await report(city, "ba")
    await officer.replays(f"answer:{first.code}")
    await officer.writes("Đã dọn xong việc thứ nhất", photos=1)
    await officer.replays(f"giveto:{second.code}:area")
    await officer.replays(f"drop:{second.code}")
    await officer.replays(f"sendanswer:{second.code}")
    await officer.replays(f"sendanswer:{first.code}")
    city.citizen("an").sees("Đã dọn xong việc thứ nhất")
    assert (await again(city, first)).status == "answered"


@pytest.mark.parametrize("what", ["sticker", "voice", "file", "large_photo"])
async def test_what_no_answer_can_hold_is_said_so(city: CityHarness, what: str) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    await officer.presses("Trả lời người dân")
    await officer.sends(unsupported=what)
    officer.sees("Ảnh này quá lớn" if what == "large_photo" else "chỉ nhận chữ và ảnh", "[Bỏ]")


async def test_an_answer_that_is_too_long_is_not_cut_in_silence(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await report(city)
    await officer.presses("Trả lời người dân")
    await officer.writes("dài " * 1500)
    officer.sees("quá 4000 chữ cái")
    officer.does_not_see("[Gửi câu trả lời]")


# ── asking the citizen ───────────────────────────────────────────────────────────────────────────


async def test_a_question_stops_the_clock_until_the_citizen_replies(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    case = await report(city)
    promised = case.due_at
    await officer.presses("Hỏi người dân")
    await officer.writes("Rác nằm trước số nhà bao nhiêu?")
    await officer.presses("Gửi câu hỏi")
    officer.sees("Thời hạn tạm dừng")
    an.sees(case.code, "Rác nằm trước số nhà bao nhiêu?", "[Trả lời]")
    assert (await again(city, case)).status == "waiting_for_citizen"

    await city.passes(hours=3, minutes=0)
    officer.reads()
    await an.presses("Trả lời")
    await an.writes("Trước số nhà 14.")
    officer.sees("Trước số nhà 14.", "Thời hạn tính tiếp")
    case = await again(city, case)
    assert case.status == "in_progress"
    # From 9:00 to 12:00 lie two and a half working hours.
    assert promised is not None
    assert case.due_at == promised + timedelta(hours=2, minutes=30)
    assert case.paused_at is None


async def test_the_unit_may_go_on_without_a_reply(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Hỏi người dân")
    await officer.writes("Ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await officer.presses("Làm tiếp, không chờ")
    officer.sees("tiếp tục xử lý")
    assert (await again(city, case)).status == "in_progress"


async def test_the_card_tells_what_was_asked_and_said(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    case = await report(city)
    await officer.presses("Hỏi người dân")
    await officer.writes("Ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await an.writes("Trước số 14.")
    await officer.writes(f"/viec {case.code}")
    officer.sees("Đơn vị hỏi", "Ở đâu ạ?", "Người dân nhắn", "Trước số 14.")


# ── handing over and giving back ─────────────────────────────────────────────────────────────────


async def test_handing_over_keeps_the_deadline_and_tells_everybody(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    receiver = await city.official("so-xay-dung", "officer")
    case = await report(city)
    promised = case.due_at
    await city.passes(hours=2)
    an.reads()
    await officer.presses("Chuyển đơn vị")
    officer.sees("gõ tên đơn vị", "[Bỏ]")
    await officer.writes("xay dung")
    officer.sees("[Sở Xây dựng]")
    await officer.presses("Sở Xây dựng")
    await officer.presses("Chuyển luôn")
    officer.sees("Đã chuyển", "Sở Xây dựng", "09:00 thứ Sáu 27/11")
    receiver.sees(case.code, "Chuyển đến từ Phường Khương Đình", "[Nhận việc]")
    an.sees(case.code, "Sở Xây dựng")
    case = await again(city, case)
    assert (case.unit_code, case.due_at, case.status) == ("so-xay-dung", promised, "assigned")
    await officer.presses("Nhận việc")
    officer.sees("không còn ở đơn vị mình: đang ở Sở Xây dựng")


async def test_a_unit_that_nobody_knows_is_asked_for_again(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Chuyển đơn vị")
    await officer.writes("xyz qwrt")
    officer.sees("Không có đơn vị nào tên")
    await officer.sends(photos=1)
    officer.sees(texts.words_please())
    for wrong in ("khong-co", WARD, "", "so-xay-dung:x"):
        await officer.replays(f"handto:{case.code}:{wrong}")
    assert (await again(city, case)).unit_code == WARD


async def test_giving_back_needs_a_reason_and_leads_to_the_dispatchers(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city)
    promised = case.due_at
    await officer.presses("Trả lại")
    officer.sees("Vì sao trả lại", "[Không thuộc địa bàn của đơn vị]")
    await officer.presses("Không thuộc địa bàn")
    officer.sees("Đã trả")
    an.sees(case.code, "thuộc đơn vị khác")
    dispatcher.sees("chờ điều phối")
    await dispatcher.presses("Xem việc chờ điều phối")
    dispatcher.sees("Không thuộc địa bàn của đơn vị", "Phường Khương Đình trả lại", "Đơn vị nào trả lời?")
    case = await again(city, case)
    assert (case.status, case.unit_code, case.returned_count) == ("triage", None, 1)
    assert case.due_at == promised, "the citizen's deadline goes on"


async def test_a_reason_may_be_typed(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Trả lại")
    await officer.writes("Tuyến đường này do công ty môi trường quản lý")
    await officer.presses("Gửi lý do này")
    assert (await again(city, case)).triage_reason == "Tuyến đường này do công ty môi trường quản lý"


# ── what one may not do ──────────────────────────────────────────────────────────────────────────

EVERY_BUTTON = (
    "accept:{}",
    "answer:{}",
    "sendanswer:{}",
    "ask:{}",
    "sendquestion:{}",
    "resume:{}",
    "hand:{}",
    "handto:{}:so-xay-dung",
    "handnow:{}:so-xay-dung",
    "handask:{}",
    "appoint:{}",
    "appointto:{}:1",
    "appointme:{}",
    "takeover:{}",
    "extend:{}",
    "extendfor:{}:2",
    "extendwhy:{}:2:material",
    "grant:{}:1",
    "nogrant:{}:1",
    "nograntto:{}:1:enough",
    "reject:{}",
    "rejectfor:{}:outside",
    "rejectgo:{}:outside",
    "giveback:{}",
    "giveto:{}:area",
    "card:{}",
    "fulltext:{}",
    "triage:{}",
    "fix:{}:u:so-xay-dung",
    "domains:{}",
    "units:{}",
    "refuse:{}",
    "refuseto:{}:outside",
)


@pytest.mark.parametrize("data", EVERY_BUTTON)
async def test_a_replayed_button_does_nothing_for_citizens_and_other_units(
    city: CityHarness, data: str
) -> None:
    await city.official(WARD, "officer")
    case = await report(city)
    before = await city.events(case)
    stranger = city.citizen("stranger")
    neighbour = await city.official("phuong-thanh-xuan", "chair")
    for somebody in (stranger, neighbour, city.citizen("an")):
        await somebody.replays(data.format(case.code))
        assert RUBBISH not in somebody.last.text
        theirs = somebody.last.text
        await somebody.replays(data.format("HN-2222-2222"))
        assert somebody.last.text == theirs, "a foreign code is answered like one that does not exist"
    assert await city.events(case) == before


async def test_the_chair_above_sees_a_case_and_may_move_it_but_not_answer_it(city: CityHarness) -> None:
    await city.official(WARD, "officer")
    above = await city.official("ha-noi", "chair")
    case = await report(city)
    await above.writes(f"/viec {case.code}")
    above.sees(RUBBISH, "[Chuyển đơn vị]")
    above.does_not_see("[Nhận việc]")
    await above.replays(f"accept:{case.code}")
    above.sees("chỉ xem được")
    assert (await again(city, case)).status == "assigned"


async def test_a_post_that_ended_opens_nothing_any_more(city: CityHarness) -> None:
    from sqlalchemy import select

    from storage import people
    from storage.tables import post

    officer = await city.official(WARD, "officer")
    case = await report(city)
    (held,) = await city.rows(select(post.c.id))
    async with city.database.begin() as transaction:
        await people.end_post(transaction, held["id"], at=city.now)
    await city.passes(minutes=1)
    await officer.presses("Nhận việc")
    officer.does_not_see(RUBBISH, "đã nhận")
    assert (await again(city, case)).status == "assigned"


async def test_commands_of_officials_say_nothing_in_a_group(city: CityHarness) -> None:
    await city.official(WARD, "chair", name="chair")
    case = await report(city)
    in_group = city.somebody_in_group("nhom", "chair")
    for words in ("/viec", f"/viec {case.code}", "/thongke", "/dieuphoi"):
        await in_group.writes(words)
        in_group.sees(texts.only_in_private())


# ── complaints about officials themselves ────────────────────────────────────────────────────────

RUDE = "Cán bộ thái độ hách dịch tại phường Khương Đình"


async def test_a_complaint_about_officials_never_reaches_their_own_unit(city: CityHarness) -> None:
    accused = await city.official(WARD, "chair")
    inspector = await city.official("thanh-tra-thanh-pho", "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city, text=RUDE)
    assert (case.domain, case.unit_code) == ("conduct", "thanh-tra-thanh-pho")
    inspector.sees(case.code, "[Nhận việc]")
    await inspector.presses("Chuyển đơn vị")
    inspector.does_not_see("Phường Khương Đình")
    await inspector.writes("Phường Khương Đình")
    inspector.sees("Không có đơn vị nào")
    for official in (inspector, dispatcher):
        await official.replays(f"handto:{case.code}:{WARD}")
        official.sees("không chuyển cho đơn vị đó được")
    await accused.writes(f"/viec {case.code}")
    accused.sees(texts.case_not_yours())
    assert not any(case.code in str(shown) or RUDE in str(shown) for shown in accused.screen[:-1])


async def test_a_complaint_about_officials_without_an_inspector_is_told_to_dispatchers_alone(
    city: CityHarness,
) -> None:
    above = await city.official("ha-noi", "chair")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    case = await report(city, text=RUDE)
    dispatcher.sees(case.code, "chưa có ai nhận việc")
    above.sees_nothing()


# ── the list ─────────────────────────────────────────────────────────────────────────────────────


async def test_the_list_shows_the_most_pressing_first_and_turns_pages(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    for number in range(6):
        await report(city, f"citizen {number}")
        await city.passes(minutes=10)
    urgent = await report(city, "late", text="Rác nguy hiểm ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await officer.writes("/viec")
    officer.sees("1–5 trong 7 việc", f"1. 🔴 {urgent.code}", "[Xem tiếp]")
    codes = [button.label for button in officer.last.buttons][:5]
    assert codes[0] == urgent.code
    assert codes[1:] == [case.code for case in (await city.cases())[:4]]
    await officer.presses("Xem tiếp")
    officer.sees("6–7 trong 7 việc", "[Trang trước]")
    await officer.presses(codes[1])
    officer.sees(codes[1], RUBBISH)
    for odd in ("work:", "work:-3", "work:99999", "work:x"):
        await officer.replays(odd)
        officer.sees("trong 7 việc")


async def test_a_wrong_code_in_the_list_is_said_so(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    await officer.writes("/viec HN-2222-2222")
    officer.sees(texts.case_not_yours())
    await officer.writes("/viec")
    officer.sees("không còn việc nào")


# ── people who cannot be reached ─────────────────────────────────────────────────────────────────


async def test_the_unit_hears_that_the_citizen_has_not_got_the_answer(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    city.channel.failures[city.citizen("an").chat] = RecipientUnreachable()
    await officer.writes("Đã dọn xong.", photos=1, reply_to=officer.last)
    await officer.presses("Gửi câu trả lời")
    officer.sees(case.code, "không nhắn được cho người gửi")
    assert (await city.events(case))[-1].type == "citizen_not_reached"


async def test_when_the_last_official_cannot_be_reached_those_above_are_told(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    city.channel.failures[officer.chat] = RecipientUnreachable()
    case = await report(city)
    dispatcher.sees(case.code, "chưa có ai nhận việc")


async def test_every_step_leaves_its_event_and_the_ledger_holds(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.presses("Nhận việc")
    await officer.presses("Hỏi người dân")
    await officer.writes("Ở đâu ạ?")
    await officer.presses("Gửi câu hỏi")
    await city.citizen("an").writes("Trước số 14.")
    await officer.replays(f"answer:{case.code}")
    await officer.writes("Đã dọn xong.", photos=1)
    await officer.presses("Gửi câu trả lời")
    await city.citizen("an").presses("5 ★")
    types = [event.type for event in await city.events(case)]
    assert types == [
        "received",
        "assigned",
        "accepted",
        "citizen_asked",
        "citizen_replied",
        "answered",
        "closed",
    ]
    assert await ledger.verify(city.database) is None
