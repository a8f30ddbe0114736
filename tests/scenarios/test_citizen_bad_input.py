"""Whatever arrives gets a Vietnamese answer that helps, and nothing is lost."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from handlers.channel import Contact, Rejected, Unavailable
from storage.tables import chat, person
from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("sticker", "nhãn dán"),
        ("voice", "chưa nghe được tin thoại"),
        ("video", "chưa xem được video"),
        ("file", "chỉ nhận ảnh"),
        ("large_photo", "quá lớn"),
        ("other", "chưa đọc được loại tin này"),
    ],
)
async def test_what_cannot_be_read_is_answered_with_what_to_do(
    city: CityHarness, what: str, answer: str
) -> None:
    an = city.citizen("an")
    await an.sends(unsupported=what)
    an.sees(answer, "giúp tôi")


async def test_a_voice_message_in_between_does_not_lose_the_draft(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.sends(unsupported="voice")
    an.sees("tin thoại")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == RUBBISH


async def test_the_caption_of_a_video_is_taken_as_the_report(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.sends(unsupported="video", text=RUBBISH)
    an.sees("chưa xem được video", "Rác thải", "[Đồng ý và gửi]")


async def test_an_empty_message(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("   ")
    an.sees("chưa nhận được nội dung nào")


async def test_a_lost_photo_is_asked_for_again_and_the_text_kept(city: CityHarness) -> None:
    an = city.citizen("an")
    pictures = an.pictures(1)
    city.channel.pictures[pictures[0].reference] = Rejected()
    await an.does(text=RUBBISH, photos=pictures)
    an.sees("không tải được ảnh", "Rác thải", "[Đồng ý và gửi]")


async def test_a_photo_that_fails_at_first_is_fetched_again(city: CityHarness) -> None:
    an = city.citizen("an")
    pictures = an.pictures(1)
    city.channel.pictures[pictures[0].reference] = Unavailable()
    await an.does(text=RUBBISH, photos=pictures)
    an.sees_nothing()
    del city.channel.pictures[pictures[0].reference]
    await city.passes(seconds=5)
    an.sees("Ảnh: 1")


async def test_a_file_that_is_no_picture(city: CityHarness) -> None:
    an = city.citizen("an")
    pictures = an.pictures(1)
    city.channel.pictures[pictures[0].reference] = b"%PDF-1.7"
    await an.does(photos=pictures)
    an.sees("chỉ nhận ảnh")


async def test_six_thousand_characters_are_kept_whole(city: CityHarness) -> None:
    long = RUBBISH + ". " + "Mùi rất khó chịu, trẻ con không dám ra ngõ. " * 140
    an = city.citizen("an")
    await an.writes(long)
    assert len(an.last.text) < 1500
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == long.strip()


async def test_more_than_twenty_thousand_characters_are_refused_kindly(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes("rác " * 5001)
    an.sees("dài quá 20000")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == RUBBISH


async def test_an_unknown_command_names_the_nearest(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/tracu HN-7F3K-9Q2M")
    an.sees("/tracuu?", "/trogiup")
    await an.writes("/zzzzzzzz")
    an.sees("không có lệnh này", "/trogiup")


async def test_commands_with_accents_capitals_and_a_bots_name(city: CityHarness) -> None:
    an = city.citizen("an")
    for written in ("/trợgiúp", "/TROGIUP", "/trogiup@langnghe_bot"):
        await an.writes(written)
        an.sees("Cách dùng")


async def test_a_wrong_a_foreign_and_an_unknown_code_get_the_same_answer(city: CityHarness) -> None:
    an, binh = city.citizen("an"), city.citizen("binh")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    code = (await city.only_case()).code
    answers = set()
    for written in (f"/tracuu {code}", "/tracuu HN-2222-2222", "/tracuu blah", f"/tracuu {code[:-1]}"):
        await binh.writes(written)
        answers.add(binh.last.text)
    for data in (f"own:{code}:show", f"own:{code}:rate:5", f"own:{code}:withdraw", "own:HN-2222-2222:show"):
        await binh.replays(data)
        answers.add(binh.last.text)
    assert len(answers) == 1
    await an.writes("/tracuu")
    an.sees("gõ mã sau lệnh")


async def test_wrong_used_and_expired_invitations_get_the_same_answer(city: CityHarness) -> None:
    used = await city.invitation("phuong-khuong-dinh", "officer")
    expired = await city.invitation("phuong-khuong-dinh", "officer")
    await city.citizen("an").writes(f"/start {used}")
    city.citizen("an").does_not_see("không dùng được")
    binh = city.citizen("binh")
    await binh.writes(f"/start {used}")
    answers = {binh.last.text}
    await binh.writes("/start AAAAA-BBBBB-CCCCC")
    answers.add(binh.last.text)
    await city.passes(days=8)
    await binh.writes(f"/start {expired}")
    answers.add(binh.last.text)
    assert len(answers) == 1
    binh.sees("không dùng được")


async def test_an_invitation_may_be_pasted_without_its_command(city: CityHarness) -> None:
    code = await city.invitation("phuong-khuong-dinh", "officer")
    an, binh = city.citizen("an"), city.citizen("binh")
    await an.writes(f" {code.lower()} ")
    an.sees("chuyên viên", "Phường Khương Đình")
    await binh.writes(code)
    binh.sees("không dùng được")


async def test_an_invitation_typed_during_a_draft_leaves_the_draft(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes("/start AAAAA-BBBBB-CCCCC")
    await an.presses("Đồng ý và gửi")
    assert (await city.only_case()).text == RUBBISH


@pytest.mark.parametrize(
    "text",
    [
        "There is garbage on my street since last week, please help",
        "길에 쓰레기가 너무 많아요",
        "Улица завалена мусором",
    ],
)
async def test_another_language_is_answered_in_two_and_can_still_be_sent(
    city: CityHarness, text: str
) -> None:
    an = city.citizen("an")
    await an.writes(text)
    an.sees("I can only read Vietnamese", "113", "tiếng Việt", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    assert (case.text, case.status) == (text, "triage")


async def test_an_own_phone_number_is_kept_and_anothers_is_not(city: CityHarness) -> None:
    chair = await city.official("phuong-khuong-dinh", "chair")
    an = city.citizen("an")
    await an.sends(phone="0900000001")
    an.sees("có đồng ý")
    assert not await city.rows(select(person.c.id).where(person.c.phone.is_not(None)))
    await an.presses("Đồng ý lưu số này")
    an.sees("đã lưu số")
    await an.sends(contact=Contact(phone="0900000002", own=False))
    an.sees("không lưu số điện thoại của người khác")
    await an.writes(RUBBISH)
    await an.presses("Đồng ý và gửi")
    chair.sees("0900000001")
    chair.does_not_see("0900000002")


async def test_data_that_no_button_ever_had(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    nonce = an.last.buttons[0].data.split(":")[1]
    for data in (
        "",
        "nonsense",
        "draft:",
        "draft:0:send",
        f"draft:{nonce}:nonsense",
        f"draft:{nonce}:ward:99999",
        f"draft:{nonce}:domain:nonsense",
        "own:",
        "own:HN-7F3K-9Q2M:rate:9",
    ):
        if data:
            await an.replays(data)
            assert an.news
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    for value in ("0", "6", "-1", "x", ""):
        await an.replays(f"own:{case.code}:rate:{value}")
        an.sees("không còn dùng được")
    assert (await city.only_case()).status == case.status


async def test_a_text_that_breaks_the_reading_is_set_aside_and_the_chat_goes_on(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("Chào, tin này làm hỏng chương trình")
    for _ in range(4):
        await city.passes(minutes=1)
    an.sees("giữ lại")
    await an.writes(RUBBISH)
    an.sees("[Đồng ý và gửi]")


async def test_whoever_blocked_the_bot_and_comes_back_is_reached_again(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/start")
    an.sees("Chào anh/chị")
    await an.sends(left=True)
    an.sees_nothing()
    await city.passes(hours=timedelta(hours=1).total_seconds() / 3600)
    await an.sends(joined=True)
    an.sees("Chào anh/chị")


async def test_whoever_blocked_the_bot_is_gone_whatever_others_do_in_the_same_moment(
    city: CityHarness,
) -> None:
    an, ba = city.citizen("an"), city.citizen("ba")
    officer = await city.official("phuong-khuong-dinh", "officer")
    await an.writes("/start")
    await ba.writes("Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await ba.presses("Đồng ý và gửi")
    case = await city.only_case()
    await city.receive(an.channel, an.message(left=True))
    await city.receive(officer.channel, officer.message(button=f"accept:{case.code}"))
    await city.settles()
    gone = await city.rows(select(chat.c.chat).where(chat.c.unreachable_at.is_not(None)))
    assert [row["chat"] for row in gone] == [an.chat]


async def test_another_language_is_never_asked_about_wards_in_vietnamese(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("There is rac on my street since last week, please help")
    an.does_not_see("phường/xã nào")
    an.sees("[Đồng ý và gửi]")


async def test_a_hashtag_that_could_be_a_button_is_read_as_words(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("#racthai")
    an.does_not_see("Nút này")
    assert an.news
