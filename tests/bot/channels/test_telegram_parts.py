"""How a message is divided into the calls that show it."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.channels.splitting import split_text, utf16_length
from bot.channels.telegram.parts import compose
from handlers.channel import Button, OutboundMessage, Photo, Rejected

SEND = ((Button(label="Gửi", data="draft:send"),),)


def photos(count: int) -> tuple[Photo, ...]:
    return tuple(Photo(media_key=str(number)) for number in range(count))


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(2, 40))
def test_pieces_fit_and_no_letter_is_lost(text: str, limit: int) -> None:
    pieces = split_text(text, limit)
    assert all(0 < utf16_length(piece) <= limit for piece in pieces)
    assert "".join("".join(pieces).split()) == "".join(text.split())


def test_an_emoji_at_the_limit_is_not_cut_in_half() -> None:
    pieces = split_text("a" * 4095 + "😟" * 3, 4096)
    assert pieces == ["a" * 4095, "😟😟😟"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("Đoạn đầu của thư.\n\nĐoạn hai rất dài", "Đoạn đầu của thư."),
        ("Dòng đầu của thư\nDòng hai rất dài", "Dòng đầu của thư"),
        ("Câu đầu ở đây. Câu hai dài", "Câu đầu ở đây."),
        ("nhiều chữ không dấu chấm", "nhiều chữ không dấu"),
        ("mộtchữdàikhôngcókhoảngtrống", "mộtchữdàikhôngcókhoả"),
    ],
)
def test_a_text_is_cut_where_it_hurts_least(text: str, first: str) -> None:
    assert split_text(text, 20)[0] == first


def test_buttons_stand_under_the_last_piece_and_the_reply_over_the_first() -> None:
    parts = compose(OutboundMessage(text="chữ " * 1500, buttons=SEND, reply_to="9"), private=True)
    assert [bool(part.markup) for part in parts] == [False, True]
    assert [part.reply_to for part in parts] == [9, None]


def test_one_photo_carries_a_short_text_as_its_caption() -> None:
    [part] = compose(OutboundMessage(text="Đã sửa", photos=photos(1), buttons=SEND), private=True)
    assert (part.text, len(part.photos), bool(part.markup)) == ("Đã sửa", 1, True)


def test_a_text_too_long_for_a_caption_follows_the_photo() -> None:
    photo, text = compose(OutboundMessage(text="😟" * 513, photos=photos(1), buttons=SEND), private=True)
    assert (photo.text, photo.markup, text.photos) == ("", None, ())
    assert text.markup


def test_many_photos_come_in_albums_of_ten_before_the_text() -> None:
    parts = compose(OutboundMessage(text="Đã sửa", photos=photos(23), buttons=SEND), private=True)
    assert [len(part.photos) for part in parts] == [10, 10, 3, 0]
    assert sum(part.cost for part in parts) == 24
    assert [bool(part.markup) for part in parts] == [False, False, False, True]


def test_buttons_without_text_stand_under_the_last_photo() -> None:
    parts = compose(OutboundMessage(text="", photos=photos(3), buttons=SEND), private=True)
    assert [(len(part.photos), bool(part.markup)) for part in parts] == [(2, False), (1, True)]


def test_a_position_is_asked_for_under_the_text() -> None:
    [part] = compose(OutboundMessage(text="Ở đâu?", ask_location="Gửi vị trí"), private=True)
    assert part.markup
    assert part.markup == {
        "keyboard": [[{"text": "Gửi vị trí", "request_location": True}]],
        "one_time_keyboard": True,
        "resize_keyboard": True,
    }


def test_inline_buttons_and_a_position_button_take_two_messages() -> None:
    text, prompt = compose(
        OutboundMessage(text="Ở đâu?", buttons=SEND, ask_location="Gửi vị trí", ask_contact="Gửi số"),
        private=True,
    )
    assert (text.text, prompt.text, prompt.prompt) == ("Ở đâu?", "Gửi vị trí", True)
    assert prompt.markup
    assert [len(row) for row in prompt.markup["keyboard"]] == [1, 1]


def test_a_group_is_not_asked_for_a_position_and_the_log_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    [part] = compose(OutboundMessage(text="Ở đâu?", ask_location="Gửi vị trí"), private=False)
    assert part.markup is None
    assert "cannot be asked for a position" in caplog.text


@pytest.mark.parametrize(
    "message",
    [
        OutboundMessage(text="  \n"),
        OutboundMessage(text="", buttons=SEND),
        OutboundMessage(text="x", buttons=((Button(label="A", data=""),),)),
        OutboundMessage(text="x", buttons=((Button(label="A", data="a" * 65),),)),
        OutboundMessage(text="x", buttons=((Button(label="A", data="ộ" * 22),),)),
        OutboundMessage(text="x", reply_to="chín"),
    ],
)
def test_what_cannot_be_shown_is_rejected_before_any_call(message: OutboundMessage) -> None:
    with pytest.raises(Rejected):
        compose(message, private=True)


def test_half_a_surrogate_pair_does_not_stop_a_message() -> None:
    [part] = compose(OutboundMessage(text="hỏng \ud83d rồi"), private=True)
    assert part.text.encode()


def test_a_group_is_asked_for_with_the_rights_that_the_bot_needs() -> None:
    link = (("Chọn hoặc tạo nhóm", "https://t.me/thu_bot?startgroup=x"),)
    message = OutboundMessage(text="Chọn nhóm", links=link, ask_group="Nhóm của tôi", wish=7)
    text, prompt = compose(message, private=True)
    assert (text.text, prompt.text, prompt.prompt) == ("Chọn nhóm", "Nhóm của tôi", True)
    assert prompt.markup
    [[key]] = prompt.markup["keyboard"]
    wanted = key["request_chat"]
    assert (wanted["request_id"], wanted["chat_is_channel"], wanted["bot_is_member"]) == (7, False, True)
    assert {right for right, wished in wanted["bot_administrator_rights"].items() if wished} == {
        "can_invite_users",
        "can_restrict_members",
        "can_manage_topics",
        "can_pin_messages",
    }
