"""What the Telegram adapter does with groups, over HTTP against a Bot API server."""

import json
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bot.channels.telegram import UNLIMITED, Limits, TelegramChannel
from bot.channels.telegram.pace import Limit
from handlers.channel import (
    Acted,
    Address,
    Button,
    ChannelError,
    File,
    GroupAct,
    GroupRights,
    InboundMessage,
    NotSupported,
    OutboundMessage,
    Photo,
    RateLimited,
    RecipientUnreachable,
    Rejected,
)
from tests.standins.telegram import SMALL_JPEG, Document, TelegramStandIn, moved

LEADER, CHAIR, STRANGER, GROUP = 1001, 1002, 1003, -1009001
ROOM = Address("telegram", str(GROUP))
ALL = ("invite", "remove", "topics", "pin")
RECORDING, PAPER = b"OggS recording", b"%PDF-1.7 paper"
SECRET = "a-Secret_1"


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn() as server:
        yield server


async def open_media(key: str) -> bytes:
    contents = {"voice.ogg": RECORDING, "paper.pdf": PAPER, "photo.jpg": SMALL_JPEG}
    return contents[key]


def adapter(telegram: TelegramStandIn, **settings: Any) -> TelegramChannel:
    usual = {
        "token": telegram.token,
        "secret": SECRET,
        "mode": "polling",
        "open_media": open_media,
        "api_url": telegram.url,
        "limits": UNLIMITED,
    }
    return TelegramChannel(**{**usual, **settings})


@pytest.fixture
async def channel(telegram: TelegramStandIn) -> AsyncIterator[TelegramChannel]:
    """The adapter; its bot is an administrator with all rights in a forum, and its updates wait there."""
    channel = adapter(telegram)
    telegram._allowed |= {"chat_member", "chat_join_request"}
    await telegram.user_adds_bot(GROUP, user=LEADER, forum=True, rights=ALL)
    yield channel
    await channel.close()


def heard(telegram: TelegramStandIn, channel: TelegramChannel) -> list[InboundMessage]:
    """Return what waits for the bot."""
    parsed = [channel.parse(json.dumps(update).encode()) for _, update in telegram._pending]
    return [message for message in parsed if message]


async def act(channel: TelegramChannel, do: str, **parts: Any) -> Acted:
    return await channel.act(ROOM, GroupAct(do=do, **parts))


# ── the bot's standing ───────────────────────────────────────────────────────────────────────────


async def test_a_link_lets_a_person_make_a_group_with_all_that_the_bot_needs(
    telegram: TelegramStandIn,
) -> None:
    channel = adapter(telegram)
    link = await channel.act(Address("telegram", str(LEADER)), GroupAct(do="link", token="nhom-17"))
    await telegram.user_opens_link(link.value, GROUP, user=LEADER, title="Cụm 3")
    joined, start = heard(telegram, channel)
    assert (joined.joined, joined.group_title, joined.sender) == (True, "Cụm 3", str(LEADER))
    assert joined.rights == GroupRights(member=True, forum=True)
    assert (start.text, start.mentioned, start.group) == ("/start nhom-17", True, True)
    assert await act(channel, "check") == Acted(rights=GroupRights(member=True, forum=True))
    await channel.close()


@pytest.mark.parametrize("token", ["", "có dấu", "a" * 65, "x&admin=promote_members"])
async def test_a_token_that_cannot_stand_in_a_link_is_refused(channel: TelegramChannel, token: str) -> None:
    with pytest.raises(Rejected):
        await act(channel, "link", token=token)


async def test_what_is_missing_is_said(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    await telegram.user_gives_rights(GROUP, "invite", "pin", user=LEADER)
    assert heard(telegram, channel)[-1].rights == GroupRights(
        member=True, missing=("remove", "topics"), forum=True
    )
    assert (await act(channel, "check")).rights == GroupRights(
        member=True, missing=("remove", "topics"), forum=True
    )
    await telegram.user_gives_rights(GROUP, user=LEADER)
    checked = (await act(channel, "check")).rights
    assert checked == GroupRights(member=True, missing=("read", *ALL), forum=True)


@pytest.mark.parametrize("do", ["check", "open_topic", "invite"])
async def test_a_group_without_the_bot_cannot_be_reached(
    telegram: TelegramStandIn, channel: TelegramChannel, do: str
) -> None:
    await telegram.user_removes_bot(GROUP, user=LEADER)
    left = heard(telegram, channel)[-1]
    assert (left.left, left.rights) == (True, GroupRights(member=False, forum=True))
    with pytest.raises(RecipientUnreachable):
        await act(channel, do, title="HN-1")


async def test_a_deleted_group_cannot_be_reached(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    telegram.user_deletes_group(GROUP)
    with pytest.raises(RecipientUnreachable):
        await act(channel, "check")
    with pytest.raises(RecipientUnreachable):
        await channel.send(ROOM, OutboundMessage(text="một"))


async def test_an_act_in_a_group_that_moved_says_where_it_is(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    telegram.fail_next(moved(-1002), method="createForumTopic")
    with pytest.raises(Rejected) as caught:
        await act(channel, "open_topic", title="HN-1")
    assert caught.value.moved_to == "-1002"


# ── members ──────────────────────────────────────────────────────────────────────────────────────


async def test_an_invitation_admits_only_whom_the_bot_lets_in(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    link = (await act(channel, "invite", title="Chủ tịch phường Khương Đình, Hà Nội")).value
    await telegram.user_asks_in(link, user=CHAIR)
    await telegram.user_asks_in(link, user=STRANGER)
    wishes = [message for message in heard(telegram, channel) if message.wants_in]
    assert [(wish.sender, wish.invite, str(wish.address)) for wish in wishes] == [
        (str(CHAIR), link, str(ROOM)),
        (str(STRANGER), link, str(ROOM)),
    ]
    await act(channel, "admit", member=str(CHAIR))
    await act(channel, "refuse", member=str(STRANGER))
    assert telegram.members(GROUP) == {LEADER, CHAIR}
    came = heard(telegram, channel)[-1]
    assert (came.member_joined, came.sender, came.invite) == (True, str(CHAIR), link)
    [made] = telegram.calls_of("createChatInviteLink")
    assert (len(made["name"]), made["creates_join_request"]) == (32, True)


async def test_an_invitation_can_be_taken_back(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    link = (await act(channel, "invite", title="x")).value
    await act(channel, "revoke", link=link)
    assert telegram.links(GROUP) == []
    await act(channel, "revoke", link="https://t.me/+unknown")  # it is of no use to anybody already


async def test_who_is_removed_may_be_invited_again(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    await telegram.user_joins(GROUP, user=CHAIR)
    await act(channel, "remove", member=str(CHAIR))
    assert telegram.members(GROUP) == {LEADER}
    assert telegram.room(GROUP).members[CHAIR] == "left"  # and not banned
    gone = heard(telegram, channel)[-1]
    assert (gone.member_left, gone.sender) == (True, str(CHAIR))


async def test_coming_and_going_is_heard(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    await telegram.user_joins(GROUP, user=CHAIR, by=LEADER)
    await telegram.user_leaves(GROUP, user=CHAIR)
    told = [(message.sender, message.member_joined) for message in heard(telegram, channel)[1:]]
    # Told twice: as a change of members, and as a message in the group.
    assert told == [(str(CHAIR), True), (str(CHAIR), True), (str(CHAIR), False), (str(CHAIR), False)]


@pytest.mark.parametrize(
    ("do", "parts"),
    [
        ("admit", {"member": str(LEADER)}),
        ("refuse", {"member": str(STRANGER)}),
        ("remove", {"member": str(STRANGER)}),
        ("revoke", {"link": "https://t.me/+0"}),
        ("close_topic", {"topic": "999"}),
    ],
)
async def test_what_is_done_already_may_be_asked_again(
    channel: TelegramChannel, do: str, parts: dict[str, str]
) -> None:
    assert await act(channel, do, **parts) == Acted()


async def test_nobody_counts_as_let_in_who_asks_no_more(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    link = (await act(channel, "invite", title="x")).value
    await telegram.user_asks_in(link, user=CHAIR)
    await act(channel, "refuse", member=str(CHAIR))
    with pytest.raises(Rejected):
        await act(channel, "admit", member=str(CHAIR))
    await telegram.user_joins(GROUP, user=CHAIR)
    assert await act(channel, "admit", member=str(CHAIR)) == Acted()


async def test_the_owner_is_not_removed_and_the_group_is_not_lost_for_it(channel: TelegramChannel) -> None:
    with pytest.raises(Rejected, match="owner"):
        await act(channel, "remove", member=str(LEADER))


@pytest.mark.parametrize(
    ("do", "parts"),
    [
        ("invite", {"title": "x"}),
        ("admit", {"member": str(CHAIR)}),
        ("remove", {"member": str(CHAIR)}),
        ("open_topic", {"title": "x"}),
    ],
)
async def test_what_the_bot_may_not_do_is_refused_at_once(
    telegram: TelegramStandIn, channel: TelegramChannel, do: str, parts: dict[str, str]
) -> None:
    await telegram.user_gives_rights(GROUP, "pin", user=LEADER)
    with pytest.raises(Rejected, match="Not enough rights") as caught:
        await act(channel, do, **parts)
    assert not caught.value.retryable


async def test_what_no_bot_can_do_is_not_supported(channel: TelegramChannel) -> None:
    with pytest.raises(NotSupported):
        await act(channel, "promote", member=str(CHAIR))


# ── topics ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_topic_is_opened_written_in_and_closed(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    topic = (await act(channel, "open_topic", title="HN-7F3K-9Q2M " + "rác " * 60)).value
    [opened] = telegram.topics(GROUP).values()
    assert len(opened.name) == 128
    message = OutboundMessage(text="Mới", topic=topic, buttons=((Button(label="Đã nhận", data="dseen:1"),),))
    sent = await channel.send(ROOM, message)
    [shown] = telegram.sent(GROUP)
    assert (shown.topic, str(shown.message_id)) == (int(topic), sent.message_id)
    await telegram.user_sends(GROUP, "đã rõ", user=CHAIR, reply_to=shown)
    await telegram.user_presses(shown, "Đã nhận", user=CHAIR)
    reply, press = heard(telegram, channel)[-2:]
    assert (reply.topic, reply.reply_to, reply.mentioned) == (topic, sent.message_id, True)
    assert (press.topic, press.button, press.sender) == (topic, "dseen:1", str(CHAIR))
    await act(channel, "close_topic", topic=topic)
    assert opened.closed
    assert await act(channel, "close_topic", topic=topic) == Acted()


async def test_what_was_for_a_deleted_topic_is_shown_to_everybody(
    telegram: TelegramStandIn, channel: TelegramChannel, caplog: pytest.LogCaptureFixture
) -> None:
    topic = (await act(channel, "open_topic", title="HN-1")).value
    telegram.user_deletes_topic(GROUP, int(topic))
    pictures = tuple(Photo(media_key="photo.jpg") for _ in range(2))
    with caplog.at_level(logging.WARNING):
        await channel.send(ROOM, OutboundMessage(text="Mới", photos=pictures, topic=topic))
    assert [(shown.text, shown.topic) for shown in telegram.sent(GROUP)] == [
        ("", None),
        ("", None),
        ("Mới", None),
    ]
    assert "a topic is gone" in caplog.text


async def test_a_group_without_topics_has_none_to_open(telegram: TelegramStandIn) -> None:
    channel = adapter(telegram)
    await telegram.user_adds_bot(GROUP, user=LEADER, rights=ALL)
    assert (await act(channel, "check")).rights == GroupRights(member=True)
    with pytest.raises(Rejected, match="not a forum"):
        await act(channel, "open_topic", title="HN-1")
    await channel.close()


async def test_opening_topics_counts_among_the_messages_of_a_group(telegram: TelegramStandIn) -> None:
    limits = Limits(private=None, group=Limit(count=2, seconds=60), overall=None)
    channel = adapter(telegram, limits=limits)
    await telegram.user_adds_bot(GROUP, user=LEADER, forum=True, rights=ALL)
    for number in range(2):
        await act(channel, "open_topic", title=f"HN-{number}")
    with pytest.raises(RateLimited):
        await act(channel, "open_topic", title="HN-3")
    await act(channel, "invite", title="x")
    await channel.close()


# ── what is shown ────────────────────────────────────────────────────────────────────────────────


async def test_links_are_buttons_that_open_pages(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    buttons = ((Button(label="Bỏ qua", data="x"),),)
    message = OutboundMessage(text="Vào nhóm", buttons=buttons, links=(("Mở", "https://t.me/+0"),))
    await channel.send(ROOM, message)
    [shown] = telegram.sent(GROUP)
    assert (shown.buttons, shown.links) == ([("Bỏ qua", "x")], [("Mở", "https://t.me/+0")])


async def test_a_workbook_carries_its_text_and_its_name(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    file = File(media_key="paper.pdf", name="Số liệu tuần 47.pdf")
    buttons = ((Button(label="Xem", data="x"),),)
    await channel.send(ROOM, OutboundMessage(text="Tuần 47", files=(file,), buttons=buttons))
    [shown] = telegram.sent(GROUP)
    assert (shown.file, shown.file_name, shown.text) == (PAPER, "Số liệu tuần 47.pdf", "Tuần 47")
    assert shown.buttons == [("Xem", "x")]


async def test_a_recording_stays_a_recording(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    topic = (await act(channel, "open_topic", title="HN-1")).value
    voice = File(kind="voice", media_key="voice.ogg")
    await channel.send(ROOM, OutboundMessage(text="Chỉ đạo", files=(voice,), topic=topic))
    [shown] = telegram.sent(GROUP)
    assert (shown.file, shown.voice, shown.text, shown.topic) == (RECORDING, True, "Chỉ đạo", int(topic))


async def test_photos_files_and_a_long_text_come_one_after_the_other(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    message = OutboundMessage(
        text="dài " * 400,
        photos=(Photo(media_key="photo.jpg"),),
        files=(File(kind="voice", media_key="voice.ogg"), File(media_key="paper.pdf")),
        buttons=((Button(label="Xem", data="x"),),),
    )
    sent = await channel.send(ROOM, message)
    photo, voice, paper, text = telegram.sent(GROUP)
    assert (len(photo.photos), voice.voice, paper.file_name) == (1, True, "paper.pdf")
    assert text.buttons == [("Xem", "x")]
    assert sent.message_id == str(text.message_id)
    assert len(sent.other_ids) == 3


async def test_a_file_that_is_gone_is_rejected(channel: TelegramChannel) -> None:
    with pytest.raises(Rejected):
        await channel.send(ROOM, OutboundMessage(text="x", files=(File(media_key="gone.pdf"),)))


async def test_a_file_that_came_in_is_fetched(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    await telegram.user_sends(GROUP, "báo cáo @thu_bot", user=CHAIR, document=Document(content=PAPER))
    await telegram.user_sends(GROUP, user=CHAIR, voice=RECORDING)
    paper, voice = heard(telegram, channel)[-2:]
    assert (paper.text, paper.mentioned, paper.files[0].name) == ("báo cáo", True, "don.pdf")
    assert await channel.fetch_file(paper.files[0]) == PAPER
    assert await channel.fetch_file(voice.files[0]) == RECORDING
    telegram.lose_contents()
    with pytest.raises(ChannelError):
        await channel.fetch_file(voice.files[0])


async def test_the_adapter_learns_its_name_and_is_not_taken_for_another_bot(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    await telegram.user_sends(GROUP, "nhờ @khac_bot xem", user=CHAIR)
    [told] = heard(telegram, channel)[-1:]
    assert told.mentioned  # it does not know yet that this is not its own name
    await channel.start()
    [told] = heard(telegram, channel)[-1:]
    assert (told.text, told.mentioned) == ("nhờ @khac_bot xem", False)


async def test_a_plain_member_hears_only_what_is_for_it(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    await telegram.user_gives_rights(GROUP, user=LEADER)
    for said in ("trưa nay ăn gì", "@thu_bot giúp", "/thongke"):
        await telegram.user_sends(GROUP, said, user=CHAIR)
    assert [message.text for message in heard(telegram, channel)[-2:]] == ["giúp", "/thongke"]
    assert "trưa nay ăn gì" not in {message.text for message in heard(telegram, channel)}
