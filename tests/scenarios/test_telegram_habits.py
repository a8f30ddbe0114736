"""What people do on Telegram and nowhere else, as they notice it: the program as it runs, over HTTP."""

import time

from tests.scenarios.test_groups_on_telegram import NAMES, only_group
from tests.standins.telegram import Document, jpeg
from tests.telegram_city import TelegramCity, pictures, size_of

WARD = "phuong-khuong-dinh"
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, hôi thối không chịu nổi"
RUBBISH_SOMEWHERE = "Rác chất đống trước ngõ nhà tôi cả tuần nay, hôi thối không chịu nổi"
KHUONG_DINH, HOAN_KIEM = (20.991, 105.815), (21.0287, 105.8521)
GROUP = -1001234567890


def photo_file(place: tuple[float, float] | None, width: int = 70) -> Document:
    """Return a photo sent as a file, which says where it was taken."""
    return Document(content=jpeg(width, 50, taken_at=place), name="rac.jpg", kind="image/jpeg")


# ── groups ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_leader_picks_the_group_on_a_key(telegram_city: TelegramCity) -> None:
    city, vendor = telegram_city, telegram_city.telegram
    leader, other = await city.official("ha-noi", "leader"), await city.official("ha-noi", "leader")
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    asking = await leader.sees("<Chọn nhóm của tôi>", "[Chọn hoặc tạo nhóm](https://t.me/")
    [key] = asking.keyboard or leader.news[-1].keyboard

    await vendor.user_picks_group(key, -100777, user=other.user)
    await other.sees("đã dùng hoặc đã quá 24 giờ")
    await vendor.user_picks_group(key, GROUP, user=leader.user, title="Rác Khương Đình", withheld=["remove"])
    await leader.sees("Đang kiểm tra nhóm «Rác Khương Đình»", "còn thiếu quyền", "xóa, cấm thành viên")
    await vendor.user_gives_rights(GROUP, "invite", "remove", "topics", "pin", user=leader.user)
    await leader.sees("đã sẵn sàng")
    group = await only_group(city)
    assert (group.chat, group.title, group.status) == (str(GROUP), "Rác Khương Đình", "active")

    leader.reads()
    await vendor.user_picks_group(key, -100888, user=leader.user)
    await leader.sees("đã dùng hoặc đã quá 24 giờ")


async def test_privacy_mode_is_noticed_and_explained_until_the_bot_may_read(
    telegram_city: TelegramCity,
) -> None:
    city, vendor = telegram_city, telegram_city.telegram
    leader = await city.official("ha-noi", "leader")
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    link = await leader.link("Chọn hoặc tạo nhóm")
    start = link.partition("startgroup=")[2].partition("&")[0]
    await vendor.user_adds_bot(GROUP, user=leader.user, start=start)
    await leader.sees("chế độ riêng tư của bot đang bật", "Đặt tôi làm quản trị viên", "thêm lại")

    leader.reads()
    vendor.reads_all = True  # switched off at BotFather, then taken out and in again
    await vendor.user_removes_bot(GROUP, user=leader.user)
    await vendor.user_adds_bot(GROUP, user=leader.user)
    await leader.sees("đã trở lại nhóm")
    await leader.presses("Kiểm tra lại")
    told = await leader.sees("còn thiếu quyền", "mời thành viên")
    assert "chế độ riêng tư" not in told.text


# ── where a picture was taken ────────────────────────────────────────────────────────────────────


async def test_a_photo_sent_as_a_file_tells_the_place_of_a_report_without_one(
    telegram_city: TelegramCity,
) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH_SOMEWHERE)
    await an.sees("Việc này ở phường/xã nào?")
    await an.writes(document=photo_file(KHUONG_DINH))
    await an.sees("Nơi: Phường Khương Đình", "Ảnh: 1", "theo nơi chụp ghi trong tệp ảnh", "[Sửa địa điểm]")
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    assert (case.unit_code, round(case.latitude or 0, 3), round(case.longitude or 0, 3)) == (
        WARD,
        *KHUONG_DINH,
    )


async def test_words_win_over_where_a_picture_was_taken(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH, document=photo_file(HOAN_KIEM))
    shown = await an.sees("Đơn vị trả lời: Phường Khương Đình", "Ảnh: 1")
    assert "nơi chụp" not in shown.text
    await an.presses("Đồng ý và gửi")
    assert (await telegram_city.only_case()).latitude is None


async def test_a_corrected_place_drops_that_of_the_picture(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    await an.writes(RUBBISH_SOMEWHERE, document=photo_file(KHUONG_DINH))
    await an.sees("Nơi: Phường Khương Đình", "nơi chụp")
    await an.presses("Sửa địa điểm")
    await an.writes("phường Thanh Xuân")
    shown = await an.sees("Nơi: Phường Thanh Xuân")
    assert "nơi chụp" not in shown.text
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    assert (case.unit_code, case.latitude) == ("phuong-thanh-xuan", None)


# ── albums ───────────────────────────────────────────────────────────────────────────────────────


async def test_parts_of_an_album_that_come_in_the_wrong_order_are_one_report_in_the_right_one(
    telegram_city: TelegramCity,
) -> None:
    an = telegram_city.person()
    vendor = telegram_city.telegram
    await an.writes("/start")
    await an.sees("Chào anh/chị")
    hook = vendor.deliver_raw
    kept: list[object] = []

    async def keep(update: object, *, identity: int | None = None) -> None:
        kept.append(update)

    vendor.deliver_raw = keep  # type: ignore[method-assign]
    await vendor.user_sends_album(an.chat, pictures(61, 62, 63), RUBBISH, user=an.user)
    vendor.deliver_raw = hook  # type: ignore[method-assign]
    an.reads()
    for update in (kept[2], kept[0], kept[1]):
        await hook(update)
    await telegram_city.arrives()
    await telegram_city.passes(seconds=2)
    await an.sees("Phường Khương Đình", "Ảnh: 3")
    await telegram_city.settles()
    assert len(an.news) == 1
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    assert len(await telegram_city.photos(case)) == 3


async def test_a_late_photo_is_no_reply_to_what_the_unit_asks_and_gets_no_second_answer(
    telegram_city: TelegramCity,
) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    album = await an.sends_album(pictures(61, 62), RUBBISH)
    await an.presses("Đồng ý và gửi")
    await chair.presses("Hỏi người dân")
    await chair.writes("Rác để trước số nhà nào ạ?")
    await chair.presses("Gửi câu hỏi")
    await an.sees("«Rác để trước số nhà nào ạ?»")
    an.reads()
    chair.reads()
    await an.writes(photo=jpeg(63, 60), more={"media_group_id": album})
    await telegram_city.arrives()
    await telegram_city.passes(seconds=2)
    await chair.sees("Kèm 1 ảnh")
    await an.sees_nothing()
    case = await telegram_city.only_case()
    assert (case.status, len(await telegram_city.photos(case))) == ("waiting_for_citizen", 3)
    assert [size_of(photo)[0] for photo in chair.photos] == [63]


# ── positions ────────────────────────────────────────────────────────────────────────────────────


async def test_a_live_position_is_answered_once_however_long_it_moves(telegram_city: TelegramCity) -> None:
    an, vendor = telegram_city.person(), telegram_city.telegram
    await an.writes(RUBBISH_SOMEWHERE)
    await an.sees("Việc này ở phường/xã nào?")
    await telegram_city.settles()
    an.reads()
    shared = await vendor.user_shares_position(an.chat, KHUONG_DINH)
    await an.sees("Nơi: Phường Khương Đình")
    for step in range(20):
        await vendor.user_moves(shared, (KHUONG_DINH[0] + step / 100, KHUONG_DINH[1]))
    await vendor.user_stops_sharing(shared)
    await telegram_city.settles()
    assert len(an.news) == 1
    await an.presses("Đồng ý và gửi")
    case = await telegram_city.only_case()
    assert (case.latitude, case.longitude) == KHUONG_DINH


async def test_a_venue_gives_the_place_with_its_name(telegram_city: TelegramCity) -> None:
    an = telegram_city.person()
    place = {"latitude": KHUONG_DINH[0], "longitude": KHUONG_DINH[1]}
    await an.writes(RUBBISH_SOMEWHERE)
    await an.sees("Việc này ở phường/xã nào?")
    venue = {"location": place, "title": "Chợ Khương Đình", "address": "Bùi Xương Trạch"}
    await an.writes(more={"location": place, "venue": venue})
    await an.sees("Phường Khương Đình", "[Đồng ý và gửi]")


# ── what else comes ──────────────────────────────────────────────────────────────────────────────


async def test_a_forwarded_message_is_a_report_and_channels_and_bots_are_not_heard(
    telegram_city: TelegramCity,
) -> None:
    an, vendor = telegram_city.person(), telegram_city.telegram
    origin = {"type": "hidden_user", "sender_user_name": "Hàng xóm", "date": int(time.time())}
    await an.writes(RUBBISH, more={"forward_origin": origin})
    await an.sees("Phường Khương Đình", "[Đồng ý và gửi]")

    an.reads()
    bot = {"id": 777, "is_bot": True, "first_name": "Bot khác"}
    chat = {"id": an.chat, "type": "private"}
    channel = {"id": -100999, "type": "channel", "title": "Tin phường"}
    common = {"date": int(time.time()), "text": RUBBISH}
    for number, update in enumerate(
        (
            {"message": {**common, "message_id": 1, "from": bot, "chat": chat}},
            {"channel_post": {**common, "message_id": 2, "chat": channel}},
            {"message": {**common, "message_id": 3, "sender_chat": channel, "chat": channel}},
        ),
        start=900_000_001,
    ):
        await vendor.deliver_raw({"update_id": number, **update}, identity=number)
    await an.sees_nothing()
    assert (await telegram_city.app.health())["inbox_dead"] == 0


async def test_a_button_of_a_message_too_old_to_be_told_is_answered_kindly(
    telegram_city: TelegramCity,
) -> None:
    an = telegram_city.person()
    await an.writes("/start")
    await an.sees("Chào anh/chị")
    an.reads()
    await telegram_city.telegram.user_presses_ancient(an.chat, 3, "draft:0:send")
    await an.sees("không còn dùng được")
    assert (await telegram_city.app.health())["outbox_dead"] == 0


async def test_signs_in_peoples_words_stay_as_they_were_typed(telegram_city: TelegramCity) -> None:
    chair, an = await telegram_city.official(WARD, "chair"), telegram_city.person()
    chair.reads()
    await an.writes(f"{RUBBISH} *rất* _hôi_ <b>quá</b> [xem](https://example.org) 😟")
    await an.sees("[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    card = await chair.sees("*rất* _hôi_ <b>quá</b>", "😟")
    assert not card.previews


async def test_a_link_with_an_invitation_makes_an_official_whose_menu_follows_the_post(
    telegram_city: TelegramCity,
) -> None:
    chair, vendor = await telegram_city.official(WARD, "chair"), telegram_city.telegram
    await telegram_city.settles()
    own = f"chat:{chair.chat}"
    assert {"viec", "chucvu", "cuatoi"} <= {each["command"] for each in vendor.menus[own]}
    assert {each["command"] for each in vendor.menus["all_group_chats"]} >= {"hoi", "bantin"}
    await chair.writes("/chucvu")
    await chair.presses("Thôi làm")
    await chair.presses("Xác nhận")
    await telegram_city.settles()
    assert own not in vendor.menus
    assert {each["command"] for each in vendor.commands} >= {"cuatoi", "tracuu", "trogiup", "huy"}


# ── the watchdog ─────────────────────────────────────────────────────────────────────────────────


async def test_an_operator_hears_of_a_webhook_that_points_elsewhere(telegram_city: TelegramCity) -> None:
    admin = await telegram_city.official("ha-noi", "admin")
    await telegram_city.settles()
    admin.reads()
    here = telegram_city.telegram._webhook["url"]
    telegram_city.telegram.moves_webhook("https://other.example/secret-path")
    watching = telegram_city.app._watching
    assert watching is not None
    await watching.look()
    telegram_city.telegram.moves_webhook(here)
    told = await admin.sees("Telegram: webhook của bot đang trỏ đến nơi khác", "other.example")
    assert "secret-path" not in told.text
