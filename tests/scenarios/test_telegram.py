"""Whole conversations over Telegram: the program as it runs, the vendor's wire format, the real reading."""

import asyncio
from itertools import repeat

from tests.standins.telegram import Document, fault, jpeg
from tests.telegram_city import Person, TelegramCity, pictures, size_of

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, hôi thối không chịu nổi"
RUBBISH_SOMEWHERE = "Rác chất đống trước ngõ nhà tôi cả tuần nay, hôi thối không chịu nổi"
KHUONG_DINH = (20.991, 105.815)
HO_CHI_MINH_CITY = (10.776, 106.70)


async def reported(city: TelegramCity, person: Person, text: str = RUBBISH) -> str:
    """Let somebody report the rubbish; returns the code."""
    await person.writes(text)
    await person.presses("Đồng ý và gửi")
    filed = await person.sees("Mã: ")
    return filed.text.partition("Mã: ")[2].split()[0]


# ── from one message to an answer and a figure ───────────────────────────────────────────────────


async def from_report_to_figures(city: TelegramCity) -> None:
    """Play a citizen, the chair of a ward and a leader of the city."""
    chair, leader = await city.official(WARD, "chair"), await city.official("ha-noi", "leader")
    an = city.person()

    await an.writes(RUBBISH, photo=jpeg(64, 48))
    await an.sees(
        "Rác thải, vệ sinh môi trường",
        "Vũ Tông Phan, Phường Khương Đình",
        "Đơn vị trả lời: Phường Khương Đình",
        "Hạn trả lời: trước 09:0",
        "Ảnh: 1",
        "[Sửa lĩnh vực]",
        "[Ẩn danh với đơn vị]",
    )
    assert await city.cases() == []
    chair.reads()
    confirmation = await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    await an.sees(case.code, "Phường Khương Đình", "kèm 1 ảnh")
    assert confirmation.buttons == [], "spent buttons are taken away"

    await chair.sees(case.code, RUBBISH, f"Công dân {an.chat}", "[Trả lời người dân]", "[Việc khác…]")
    assert [size_of(photo) for photo in chair.photos] == [(64, 48)]
    an.reads()
    card = await chair.presses("Nhận việc")
    await chair.sees(f"Anh/chị đã nhận {case.code}")
    await an.sees(case.code, "đã nhận và đang giải quyết")

    an.reads()
    await chair.writes("Tổ vệ sinh đã dọn sạch lúc 10:00.", photo=jpeg(80, 40), reply_to=card)
    await chair.sees("Tổ vệ sinh đã dọn sạch", "Kèm 1 ảnh")
    await an.sees_nothing()
    await chair.presses("Gửi câu trả lời")
    await chair.sees(case.code, "đúng hạn")
    await an.sees(case.code, "Tổ vệ sinh đã dọn sạch lúc 10:00.", "[5 ★]", "[Chưa giải quyết]")
    assert [size_of(photo) for photo in an.photos] == [(80, 40)]

    await an.presses("5 ★")
    await an.sees("chấm 5 sao")
    case = await city.only_case()
    assert (case.status, case.rating, case.answer) == ("closed", 5, "Tổ vệ sinh đã dọn sạch lúc 10:00.")

    await leader.writes("/thongke")
    await leader.sees("Thành phố Hà Nội", "Nhận: 1", "Đã trả lời: 1", "đúng hạn: 1", "trễ hạn: 0")
    await leader.presses("Theo đơn vị")
    await leader.sees("1. Phường Khương Đình (nhận 1)")
    await city.settles()
    assert await city.ledger_holds()
    health = await city.app.health()
    assert (health["inbox_dead"], health["outbox_dead"]) == (0, 0)


async def test_from_one_message_to_an_answer_and_a_figure(either_way: TelegramCity) -> None:
    await from_report_to_figures(either_way)


async def test_the_same_on_postgresql(on_postgresql: TelegramCity) -> None:
    await from_report_to_figures(on_postgresql)


async def test_the_same_where_one_program_receives_and_two_others_work(on_postgresql: TelegramCity) -> None:
    await on_postgresql.stops()
    await on_postgresql.starts(parts=("web",))
    workers = [on_postgresql.another(parts=("worker",)) for _ in range(2)]
    for worker in workers:
        await worker.start()
    try:
        await from_report_to_figures(on_postgresql)
    finally:
        for worker in workers:
            await worker.stop()


async def test_whoever_opens_the_chat_is_greeted_and_finds_the_commands(either_way: TelegramCity) -> None:
    an = either_way.person()
    await an.writes("/start")
    await an.sees("Chào anh/chị", "Hà Nội")
    assert {"cuatoi", "tracuu", "lienket", "dulieucuatoi", "xoadulieu", "trogiup", "huy"} == {
        command["command"] for command in either_way.telegram.commands
    }


# ── on the way to the answer ─────────────────────────────────────────────────────────────────────


async def test_the_unit_asks_and_the_citizen_simply_writes(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    code = await reported(telegram_city, an)
    an.reads()
    await chair.presses("Hỏi người dân")
    await chair.sees(code, "[Bỏ]")
    await chair.writes("Rác để trước số nhà nào ạ?")
    await chair.presses("Gửi câu hỏi")
    await an.sees(code, "«Rác để trước số nhà nào ạ?»")
    assert (await telegram_city.only_case()).paused_at is not None
    chair.reads()
    await an.writes("Trước số nhà 15", photo=jpeg(66, 60))
    await an.sees("đã chuyển câu trả lời", code)
    await chair.sees(code, "Trước số nhà 15")
    assert [size_of(photo)[0] for photo in chair.photos] == [66]
    assert (await telegram_city.only_case()).paused_at is None


async def test_not_solved_brings_the_case_back_to_the_unit(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    code = await reported(telegram_city, an)
    await chair.writes("Đã dọn.", photo=jpeg(80, 40), reply_to=await chair.sees(code, "[Nhận việc]"))
    await chair.presses("Gửi câu trả lời")
    await chair.sees("Đã gửi câu trả lời")
    chair.reads()
    await an.presses("Chưa giải quyết")
    await an.sees(code, "đã được mở lại")
    await chair.sees(code, "Người dân mở lại", "[Trả lời người dân]")
    await an.writes("Vẫn còn nguyên đống rác")
    await chair.sees("Vẫn còn nguyên đống rác")
    assert (await telegram_city.only_case()).reopened_count == 1
    assert await telegram_city.ledger_holds()


async def test_an_answer_with_three_photos_comes_whole_though_the_vendor_stumbles(
    telegram_city: TelegramCity,
) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    code = await reported(telegram_city, an)
    await chair.presses("Trả lời người dân")
    await chair.sends_album(pictures(71, 72, 73), "Tổ vệ sinh đã dọn sạch.")
    await chair.sees("Kèm 3 ảnh")
    an.reads()
    telegram_city.telegram.fail_next(fault(500), method="sendMessage", chat=an.chat)
    await chair.presses("Gửi câu trả lời")
    await telegram_city.telegram.until_called("sendMediaGroup")
    await telegram_city.passes(seconds=5)
    await an.sees(code, "Tổ vệ sinh đã dọn sạch.", "[5 ★]")
    await telegram_city.settles()
    assert [size_of(photo)[0] for photo in an.photos] == [71, 72, 73], "once each"


async def test_what_lacks_a_place_is_fixed_by_a_dispatcher(telegram_city: TelegramCity) -> None:
    dispatcher = await telegram_city.official("bo-phan-dieu-phoi", "dispatcher")
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    await an.writes(RUBBISH_SOMEWHERE)
    await an.presses("Tôi không rõ")
    await an.presses("Đồng ý và gửi")
    code = (await telegram_city.only_case()).code
    await an.sees(code, "Người điều phối sẽ chọn")
    await dispatcher.sees("Có 1 phản ánh chờ điều phối")
    chair.reads()
    await dispatcher.presses("Xem việc chờ điều phối")
    await dispatcher.sees(code, RUBBISH_SOMEWHERE)
    await dispatcher.writes("khương đình")
    await chair.sees(code, "[Nhận việc]")
    await an.sees(f"{code}: Phường Khương Đình sẽ trả lời")


async def test_an_anonymous_writer_stays_unknown_to_the_unit(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    await an.writes(RUBBISH)
    await an.presses("Ẩn danh")
    await an.sees("[Thôi ẩn danh]")
    await an.presses("Đồng ý và gửi")
    await chair.sees("ẩn danh với đơn vị")
    assert not any(f"Công dân {an.chat}" in shown.text for shown in chair.screen)


async def test_an_emergency_gets_the_numbers_at_once(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes("Cứu với, nhà đang cháy lớn ở phường Khương Đình, có người mắc kẹt bên trong!")
    await an.sees("114", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    assert (await telegram_city.only_case()).urgent


async def test_what_is_late_is_brought_up_and_stands_in_the_figures(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    leader = await telegram_city.official("ha-noi", "leader")
    code = await reported(telegram_city, an)
    await telegram_city.settles()
    chair.reads()
    an.reads()
    await telegram_city.passes(days=4, hours=1)
    await telegram_city.ticks("remind")
    await chair.sees(code, "[Mở HN-")
    await an.sees(code, "đã quá hạn trả lời")
    await leader.writes("/thongke")
    await leader.sees("Nhận: 1", "quá hạn: 1")
    await chair.presses("Mở HN-")
    await chair.sees(code, "[Trả lời người dân]")


async def test_a_reply_to_any_part_of_a_card_is_an_answer(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    await an.sends_album(pictures(61, 62), RUBBISH)
    await an.presses("Đồng ý và gửi")
    await chair.sees("[Nhận việc]")
    first, *_ = chair.news
    assert first.photos
    await chair.writes("Đã dọn sạch.", photo=jpeg(80, 40), reply_to=first)
    await chair.sees("Câu trả lời cho", "[Gửi câu trả lời]")


async def test_a_code_opens_a_case_for_its_owner_alone(telegram_city: TelegramCity) -> None:
    an, ba = telegram_city.person(), telegram_city.person()
    code = await reported(telegram_city, an)
    await an.writes(f"/tracuu {code}")
    await an.sees(code, "Phường Khương Đình")
    for typed in (code, "HN-2222-2222"):
        await ba.writes(f"/tracuu {typed}")
        await ba.sees("không tìm thấy phản ánh nào của anh/chị")


async def test_many_people_at_once_each_get_a_code_of_their_own(either_way: TelegramCity) -> None:
    citizens = [either_way.person() for _ in range(25)]
    texts = [RUBBISH.replace("ngõ 12", f"ngõ {12 + number}") for number in range(len(citizens))]
    codes = await asyncio.gather(*(map(reported, repeat(either_way), citizens, texts)))
    assert len(set(codes)) == len(citizens)
    await either_way.settles()
    for citizen, code in zip(citizens, codes, strict=True):
        assert [code in shown.text for shown in citizen.screen] == [False, True]
    assert {case.code for case in await either_way.cases()} == set(codes)


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────


async def test_an_album_is_one_report_and_its_late_photo_joins_the_case(either_way: TelegramCity) -> None:
    chair, an = await either_way.official(WARD, "chair"), either_way.person()
    album = await an.sends_album(pictures(61, 62, 63), RUBBISH)
    await an.sees("Phường Khương Đình", "Ảnh: 3")
    await either_way.settles()
    assert len(an.news) == 1

    chair.reads()
    await an.presses("Đồng ý và gửi")
    case = await either_way.only_case()
    await an.sees(case.code, "kèm 3 ảnh")
    await chair.sees(case.code, "[Nhận việc]")
    assert [size_of(photo)[0] for photo in chair.photos] == [61, 62, 63]

    chair.reads()
    await an.writes(photo=jpeg(64, 60), more={"media_group_id": album})
    await either_way.arrives()
    await either_way.passes(seconds=2)
    await chair.sees(case.code, "Kèm 1 ảnh")
    assert [size_of(photo)[0] for photo in chair.photos] == [64]
    assert len(await either_way.photos(await either_way.only_case())) == 4


async def test_a_late_photo_joins_the_draft_without_another_answer(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    album = await an.sends_album(pictures(61, 62), RUBBISH)
    await an.sees("Ảnh: 2")
    await an.writes(photo=jpeg(63, 60), more={"media_group_id": album})
    await telegram_city.passes(seconds=2)
    await an.sees_nothing()
    await an.presses("Đồng ý và gửi")
    await an.sees("kèm 3 ảnh")


async def test_a_picture_sent_as_a_file_is_a_photo(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    picture = Document(content=jpeg(70, 50), name="rac.jpg", kind="image/jpeg")
    await an.writes(RUBBISH, document=picture)
    await an.sees("Phường Khương Đình", "Ảnh: 1")


# ── the place ────────────────────────────────────────────────────────────────────────────────────


async def test_without_a_ward_the_phone_is_asked_for_its_position(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH_SOMEWHERE)
    await an.sees("Việc này ở phường/xã nào?", "[Tôi không rõ]", "<Gửi vị trí>")
    (key,) = [key for shown in an.news for key in shown.keyboard]
    assert key["request_location"] is True

    await an.writes(location=HO_CHI_MINH_CITY)
    await an.sees("nằm ngoài Hà Nội", "<Gửi vị trí>")
    await an.writes(location=KHUONG_DINH)
    await an.sees("Phường Khương Đình", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    assert (case.unit_code, case.latitude, case.longitude) == (WARD, *KHUONG_DINH)


async def test_an_address_in_answer_to_the_question_becomes_part_of_the_report(
    telegram_city: TelegramCity,
) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH_SOMEWHERE)
    await an.sees("Việc này ở phường/xã nào?")
    await an.writes("ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await an.sees("Nơi: ngõ 12 Vũ Tông Phan, Phường Khương Đình", "Đơn vị trả lời: Phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    assert (await telegram_city.only_case()).text.endswith("\nngõ 12 Vũ Tông Phan, phường Khương Đình")


async def test_a_ward_may_be_typed_instead_and_the_keyboard_goes_away(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH_SOMEWHERE)
    await an.sees("<Gửi vị trí>")
    await an.writes("khuong dinh")
    await an.sees("Nơi: Phường Khương Đình")
    await an.writes("/trogiup")
    assert (await an.sees("Cách dùng")).markup == {"remove_keyboard": True}
    await an.presses("Đồng ý và gửi")
    assert (await telegram_city.only_case()).unit_code == WARD


async def test_a_shared_phone_number_is_shown_to_the_unit(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    await an.writes(RUBBISH)
    await an.sees("[Đồng ý và gửi]")
    await an.writes(contact="0900000002", contact_of=chair.user)
    await an.sees("không lưu số điện thoại của người khác")
    await an.writes(contact="0900000001")
    await an.presses("Đồng ý lưu số này")
    await an.sees("đã lưu số")
    chair.reads()
    await an.presses("Đồng ý và gửi")
    await chair.sees("0900000001")


# ── second thoughts ──────────────────────────────────────────────────────────────────────────────


async def test_an_edited_message_is_read_anew(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    first = await an.writes("Rác chất đống cả tuần nay ở phường Thanh Xuân, hôi thối không chịu nổi")
    await an.sees("Đơn vị trả lời: Phường Thanh Xuân")
    await an.edits(first, RUBBISH)
    await an.sees("Đơn vị trả lời: Phường Khương Đình", "Vũ Tông Phan")
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    assert (case.text, case.unit_code) == (RUBBISH, WARD)

    chair.reads()
    await an.edits(first, f"{RUBBISH}. Nay có cả chuột.")
    await an.sees("Tôi giữ bản gốc", case.code)
    await chair.sees(case.code, "Nay có cả chuột.")
    assert (await telegram_city.only_case()).text == RUBBISH


async def test_two_messages_in_a_row_are_one_report_whichever_button_is_pressed(
    either_way: TelegramCity,
) -> None:
    an = either_way.person()
    await an.writes("Rác chất đống cả tuần nay, hôi thối không chịu nổi")
    await an.writes("ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await an.sees("Phường Khương Đình", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await either_way.only_case()
    assert "cả tuần nay" in case.text
    assert "ngõ 12 Vũ Tông Phan" in case.text


async def test_double_taps_count_once(either_way: TelegramCity) -> None:
    chair, an = await either_way.official(WARD, "chair"), either_way.person()
    chair.reads()
    await an.writes(RUBBISH)
    await an.presses_twice("Đồng ý và gửi")
    code = (await either_way.only_case()).code
    await an.sees(f"Mã: {code}", "đã được gửi rồi")
    await chair.writes("Đã dọn sạch.", photo=jpeg(80, 40), reply_to=await chair.sees(code))
    an.reads()
    await chair.presses_twice("Gửi câu trả lời")
    await either_way.settles()
    assert ["Đã dọn sạch." in shown.text for shown in an.news] == [True]
    await an.presses_twice("1 ★")
    await either_way.settles()
    assert (await either_way.only_case()).reopened_count == 1


async def test_a_button_pressed_twice_sends_once(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH)
    shown = await an.sees("[Đồng ý và gửi]")
    send = shown.buttons[0][1]
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    await an.presses_stale(shown, send)
    await an.sees("đã được gửi rồi", case.code)
    await an.presses_stale(shown, "draft:0:send")
    await an.sees("không còn dùng được")
    await telegram_city.only_case()
    await telegram_city.telegram.until_called("answerCallbackQuery", 3)


# ── people who go away ───────────────────────────────────────────────────────────────────────────


async def test_the_unit_hears_that_the_citizen_is_gone_who_finds_the_answer_later(
    telegram_city: TelegramCity,
) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    code = await reported(telegram_city, an)
    card = await chair.sees(code, "[Nhận việc]")
    await telegram_city.telegram.user_blocks(an.chat)
    await chair.writes("Đã dọn sạch.", photo=jpeg(80, 40), reply_to=card)
    await chair.presses("Gửi câu trả lời")
    await chair.sees(f"{code}: không nhắn được cho người gửi")
    assert not any("Đã dọn sạch." in shown.text for shown in an.screen)

    an.reads()
    await telegram_city.telegram.user_unblocks(an.chat)
    await an.sees("Chào anh/chị")
    await an.writes("/cuatoi")
    await an.presses(code)
    await an.sees("Đã dọn sạch.", "[5 ★]")
    await an.presses("4 ★")
    await an.sees("chấm 4 sao")
    assert await telegram_city.ledger_holds()


async def test_a_unit_whose_last_official_has_gone_is_brought_before_the_dispatcher(
    telegram_city: TelegramCity,
) -> None:
    dispatcher = await telegram_city.official("bo-phan-dieu-phoi", "dispatcher")
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    await telegram_city.telegram.user_blocks(chair.chat)
    dispatcher.reads()
    code = await reported(telegram_city, an)
    await dispatcher.sees(code, "Phường Khương Đình", "chưa có ai nhận việc")


# ── groups ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_group_is_greeted_and_followed_when_it_becomes_a_supergroup(
    telegram_city: TelegramCity,
) -> None:
    an = telegram_city.person()
    before, after = telegram_city.in_group(an, -5001), telegram_city.in_group(an, -1005001)
    await telegram_city.telegram.user_adds_bot(before.chat, user=an.user)
    await before.sees("Chào mọi người")
    await before.writes(RUBBISH)
    await before.sees_nothing()
    await before.writes("/cuatoi@thu_bot")
    await before.sees("nhắn riêng")

    await telegram_city.telegram.group_moves(before.chat, after.chat, user=an.user)
    await after.writes("/trogiup@thu_bot")
    await after.sees("nhắn riêng")
    assert (await telegram_city.app.health())["outbox_dead"] == 0


async def test_what_is_on_its_way_follows_a_group_that_moves_meanwhile(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    before, after = telegram_city.in_group(an, -5001), telegram_city.in_group(an, -1005001)
    await telegram_city.telegram.user_adds_bot(before.chat, user=an.user)
    await before.sees("Chào mọi người")
    telegram_city.telegram.moves_unannounced(before.chat, after.chat)
    await before.writes("/cuatoi")
    await after.sees("nhắn riêng")


# ── whatever else people send ────────────────────────────────────────────────────────────────────


async def test_what_cannot_be_read_is_answered_with_what_to_do(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    file = {"file_id": "x", "file_unique_id": "y"}
    for more, answer in (
        ({"sticker": {**file, "type": "regular", "width": 9, "height": 9}}, "nhãn dán"),
        ({"voice": {**file, "duration": 3}}, "chưa nghe được tin thoại"),
        ({"video": {**file, "width": 9, "height": 9, "duration": 3}}, "chưa xem được video"),
        ({"dice": {"emoji": "🎲", "value": 1}}, "chưa đọc được loại tin này"),
    ):
        await an.writes(more=more)
        await an.sees(answer, "giúp tôi")
    await an.writes(document=Document())
    await an.sees("chỉ nhận ảnh")
    await an.writes(document=Document(name="rac.jpg", kind="image/jpeg", size=21 * 1024 * 1024))
    await an.sees("quá lớn")
    await an.writes(document=Document(content=b"no picture", name="rac.jpg", kind="image/jpeg"))
    await an.sees("chỉ nhận ảnh")
    await an.writes("/tracu")
    await an.sees("/tracuu?", "/trogiup")
    await an.writes("/start AAAAA-BBBBB-CCCCC")
    await an.sees("không dùng được")
    await an.writes("There is garbage on my street since last week, please help")
    await an.sees("I can only read Vietnamese", "[Đồng ý và gửi]")
    assert (await telegram_city.app.health())["inbox_dead"] == 0


async def test_five_thousand_characters_are_kept_whole(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    long = f"{RUBBISH}. {'Mùi rất khó chịu, rác vẫn chất đống ở đầu ngõ. ' * 120}".strip()
    assert len(long) > 5000
    await an.writes(long)
    await an.sees("Phường Khương Đình", "[Đồng ý và gửi]")
    chair.reads()
    await an.presses("Đồng ý và gửi")
    assert (await telegram_city.only_case()).text == long
    await chair.presses("Xem đủ nội dung")
    await telegram_city.settles()
    shown = " ".join(each.text for each in chair.news)
    assert shown.count("Mùi rất khó chịu") == 120, "in as many messages as the vendor wants"


async def test_a_photo_that_is_gone_at_the_vendor_is_asked_for_again(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    telegram_city.telegram.lose_contents()
    await an.writes(RUBBISH, photo=jpeg())
    await an.sees("không tải được ảnh", "Rác thải", "[Đồng ý và gửi]")
