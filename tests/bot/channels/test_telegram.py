"""The Telegram adapter against a Bot API server over HTTP."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web

from bot.channels.telegram import UNLIMITED, Limits, TelegramChannel
from handlers.channel import (
    Address,
    Button,
    ChannelError,
    CreateGroup,
    Envelope,
    Forbidden,
    InboundMessage,
    Malformed,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    Photo,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)
from tests.standins import telegram as standin
from tests.standins.telegram import SMALL_JPEG, Document, TelegramStandIn
from tests.standins.telegram_rules import Refused, bad_request

CITIZEN, GROUP = 1001, -1009001
HOME, ROOM = Address("telegram", str(CITIZEN)), Address("telegram", str(GROUP))
SECRET = "a-Secret_1"
SEND = ((Button(label="Gửi", data="draft:send"), Button(label="Hủy", data="draft:cancel")),)


@pytest.fixture
async def telegram() -> AsyncIterator[TelegramStandIn]:
    async with TelegramStandIn() as server:
        yield server


async def open_media(key: str) -> bytes:
    if key == "gone":
        raise FileNotFoundError(key)
    return SMALL_JPEG


def adapter(telegram: TelegramStandIn, **settings: Any) -> TelegramChannel:
    usual = {
        "token": telegram.token,
        "secret": SECRET,
        "mode": "polling",
        "open_media": open_media,
        "api_url": telegram.url,
        "limits": UNLIMITED,
        "poll_seconds": 5,
        "longest_pause": 0.05,
    }
    return TelegramChannel(**{**usual, **settings})


@pytest.fixture
async def channel(telegram: TelegramStandIn) -> AsyncIterator[TelegramChannel]:
    channel = adapter(telegram)
    await telegram.user_sends(CITIZEN, "/start")
    yield channel
    await channel.close()


class Inbox:
    """Takes what polling hands over."""

    def __init__(self, channel: TelegramChannel) -> None:
        self.channel = channel
        self.stored: list[tuple[Envelope, bytes]] = []
        self.failures = 0
        self.news = asyncio.Event()

    async def receive(self, envelope: Envelope, body: bytes) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("the disk is full")
        self.stored.append((envelope, body))
        self.news.set()

    async def until(self, count: int) -> list[tuple[Envelope, bytes]]:
        async with asyncio.timeout(10):
            while len(self.stored) < count:
                self.news.clear()
                await self.news.wait()
        return self.stored

    async def until_text(self, text: str) -> None:
        count = 1
        while not any(text in str(json.loads(body)) for _, body in await self.until(count)):
            count = len(self.stored) + 1

    async def messages(self, count: int) -> list[InboundMessage]:
        parsed = [self.channel.parse(body) for _, body in await self.until(count)]
        return [message for message in parsed if message]


@asynccontextmanager
async def polling(channel: TelegramChannel) -> AsyncIterator[Inbox]:
    inbox = Inbox(channel)
    task = asyncio.create_task(channel.poll(inbox.receive))
    try:
        yield inbox
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


# ---- start


async def test_start_for_polling_takes_the_webhook_away_and_sets_the_commands(
    telegram: TelegramStandIn,
) -> None:
    channel = adapter(telegram, commands=[("start", "Bắt đầu"), ("tracuu", "Tra cứu")])
    await channel.start()
    await channel.close()
    assert telegram.calls_of("deleteWebhook") == [{}]
    assert [command["command"] for command in telegram.commands] == ["start", "tracuu"]


async def test_start_for_a_webhook_names_every_kind_of_update_and_keeps_what_waits(
    telegram: TelegramStandIn,
) -> None:
    channel = adapter(telegram, mode="webhook", public_url="https://langnghe.example/")
    await channel.start()
    await channel.close()
    [call] = telegram.calls_of("setWebhook")
    assert call == {
        "url": "https://langnghe.example/telegram",
        "secret_token": SECRET,
        "max_connections": 100,
        "allowed_updates": [
            "message",
            "edited_message",
            "callback_query",
            "my_chat_member",
            "chat_member",
            "chat_join_request",
        ],
    }


async def test_what_was_written_while_the_bot_was_away_arrives(telegram: TelegramStandIn) -> None:
    await telegram.user_sends(CITIZEN, "có ai không")
    channel = adapter(telegram)
    await channel.start()
    async with polling(channel) as inbox:
        assert [message.text for message in await inbox.messages(1)] == ["có ai không"]
    await channel.close()


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"token": "43:other"}, Misconfigured),
        ({"token": "42:stand-in", "api_url": "http://127.0.0.1:1"}, Unavailable),
    ],
)
async def test_a_start_that_fails_says_why(
    telegram: TelegramStandIn, settings: dict[str, Any], error: type[ChannelError]
) -> None:
    channel = adapter(telegram, **settings)
    with pytest.raises(error):
        await channel.start()
    await channel.close()


@pytest.mark.parametrize(
    "settings",
    [
        {"token": ""},
        {"token": "no-colon"},
        {"token": "42:with space"},
        {"mode": "webhook", "secret": ""},
        {"mode": "webhook", "secret": "mật"},
        {"mode": "webhook", "secret": "a" * 257},
    ],
)
async def test_impossible_settings_are_refused_without_showing_them(
    telegram: TelegramStandIn, settings: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="Telegram") as caught:
        adapter(telegram, **settings)
    assert not settings.get("token") or settings["token"] not in str(caught.value)


# ---- webhook calls


UPDATE = b'{"update_id": 7, "message": {"message_id": 1, "chat": {"id": 1001, "type": "private"}}}'


def test_a_webhook_call_with_the_secret_gets_an_envelope(channel: TelegramChannel) -> None:
    envelope = channel.envelope(UPDATE, {"X-Telegram-Bot-Api-Secret-Token": SECRET})
    assert envelope == Envelope(external_id="7", chat="1001")


@pytest.mark.parametrize("given", [None, "", "a-Secret_", "a-Secret_1 ", "mật khẩu", "\udcff"])
def test_a_webhook_call_without_the_secret_is_forbidden(channel: TelegramChannel, given: str | None) -> None:
    headers = {} if given is None else {"X-Telegram-Bot-Api-Secret-Token": given}
    with pytest.raises(Forbidden):
        channel.envelope(UPDATE, headers)


@pytest.mark.parametrize("headers", [{}, {"X-Telegram-Bot-Api-Secret-Token": ""}])
async def test_without_a_secret_every_webhook_call_is_forbidden(
    telegram: TelegramStandIn, headers: dict[str, str]
) -> None:
    with pytest.raises(Forbidden):
        adapter(telegram, secret="").envelope(UPDATE, headers)


def test_a_webhook_call_that_is_no_update_is_malformed(channel: TelegramChannel) -> None:
    with pytest.raises(Malformed):
        channel.envelope(b"<xml/>", {"X-Telegram-Bot-Api-Secret-Token": SECRET})


async def test_the_vendors_webhook_call_is_understood(telegram: TelegramStandIn) -> None:
    taken: list[Envelope] = []

    async def take(request: web.Request) -> web.Response:
        taken.append(called.envelope(await request.read(), request.headers))
        return web.Response()

    async with listening(take) as url:
        called = adapter(telegram, mode="webhook", public_url=url)
        await called.start()
        await telegram.user_sends(CITIZEN, "xin chào")
        await called.close()
    assert [envelope.chat for envelope in taken] == [str(CITIZEN)]


@asynccontextmanager
async def listening(take: Callable[[web.Request], Awaitable[web.Response]]) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_post("/telegram", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


# ---- polling


async def test_polling_hands_over_every_update_in_order_as_its_own_json(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    for number in range(150):
        await telegram.user_sends(CITIZEN, f"tin {number}")
    async with polling(channel) as inbox:
        stored = await inbox.until(151)
        await telegram.user_sends(CITIZEN, "tin mới")
        stored = await inbox.until(152)
    assert [json.loads(body)["message"]["text"] for _, body in stored[1:151]] == [
        f"tin {number}" for number in range(150)
    ]
    assert len({envelope.external_id for envelope, _ in stored}) == 152


async def test_an_update_that_was_not_stored_comes_again(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    async with polling(channel) as inbox:
        await inbox.until(1)
        inbox.failures = 2
        await telegram.user_sends(CITIZEN, "đừng mất nhé")
        [_, message] = await inbox.messages(2)
    assert message.text == "đừng mất nhé"


async def test_an_unreadable_update_is_stored_and_the_next_ones_follow(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    async with polling(channel) as inbox:
        await inbox.until(1)
        await telegram.deliver_raw(["không ai đọc được"])
        await inbox.until(2)
        await telegram.deliver_raw({"update_id": "chín"})
        await telegram.user_sends(CITIZEN, "vẫn chạy")
        stored = await inbox.until(4)
    envelopes = {envelope.external_id: (envelope.chat, body) for envelope, body in stored}
    unreadable = {name: found for name, found in envelopes.items() if name.startswith("unreadable-")}
    assert sorted(json.loads(body) == ["không ai đọc được"] for _, body in unreadable.values()) == [
        False,
        True,
    ]
    assert all(chat == "" for chat, _ in unreadable.values())
    assert json.loads(stored[-1][1])["message"]["text"] == "vẫn chạy"


async def test_an_unreadable_update_is_confirmed_like_any_other(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    async with polling(channel) as inbox:
        await inbox.until(1)
        await telegram.deliver_raw(["không ai đọc được"])
        await inbox.until(2)
        await telegram.until_called("getUpdates", telegram.counts["getUpdates"] + 1)
    assert telegram.pending() == 0


async def test_an_unreadable_update_that_cannot_be_confirmed_is_asked_for_in_pauses() -> None:
    async with TelegramStandIn() as telegram:
        channel = adapter(telegram)
        await telegram.deliver_raw(["không ai đọc được"])
        async with polling(channel) as inbox:
            await inbox.until(1)
            await asyncio.sleep(0.3)
            await telegram.user_sends(CITIZEN, "vẫn chạy")
            await inbox.until_text("vẫn chạy")
        await channel.close()
    assert telegram.counts["getUpdates"] < 20


@pytest.mark.parametrize(
    "failure",
    [standin.fault(500), standin.fault(502), standin.Garbage(), standin.Drop(), standin.too_many_requests(1)],
)
async def test_polling_survives_a_vendor_in_trouble(
    telegram: TelegramStandIn, channel: TelegramChannel, failure: standin.Failure
) -> None:
    telegram.fail_next(failure, method="getUpdates", times=2)
    async with polling(channel) as inbox:
        assert len(await inbox.until(1)) == 1


async def test_polling_gives_way_to_a_webhook_and_takes_up_again(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    conflict = Refused(409, "Conflict: can't use getUpdates method while webhook is active")
    telegram.fail_next(conflict, method="getUpdates", times=3)
    async with polling(channel) as inbox:
        assert len(await inbox.until(1)) == 1


async def test_a_pressed_button_is_acknowledged_while_polling(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    await channel.send(HOME, OutboundMessage(text="Gửi chứ?", buttons=SEND))
    async with polling(channel) as inbox:
        await telegram.user_presses(telegram.sent(CITIZEN)[0], "Gửi")
        [_, press] = await inbox.messages(2)
        await telegram.until_called("answerCallbackQuery")
    assert press.button == "draft:send"
    assert press.button_message == str(telegram.sent(CITIZEN)[0].message_id)


@pytest.mark.parametrize(
    "body",
    [
        UPDATE,
        b'{"update_id": 7, "callback_query": {"id": "1"}}',
        b'{"update_id": 7, "callback_query": 3}',
        b'"callback_query"',
    ],
)
async def test_acknowledging_never_fails(channel: TelegramChannel, body: bytes) -> None:
    await channel.acknowledge(body)


# ---- sending


async def test_a_text_with_buttons_is_shown_as_it_is(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    sent = await channel.send(HOME, OutboundMessage(text="<b>Gửi</b> _chứ_? 😟", buttons=SEND))
    [shown] = telegram.sent(CITIZEN)
    assert sent.message_id == str(shown.message_id)
    assert shown.text == "<b>Gửi</b> _chứ_? 😟"
    assert shown.buttons == [("Gửi", "draft:send"), ("Hủy", "draft:cancel")]


async def test_a_long_text_arrives_whole(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    text = "Câu này dài vừa phải 😟. " * 400
    await channel.send(HOME, OutboundMessage(text=text, buttons=SEND))
    shown = telegram.sent(CITIZEN)
    assert " ".join(piece.text for piece in shown) == text.strip()
    assert [bool(piece.buttons) for piece in shown] == [False, False, True]


async def test_one_photo_has_text_and_buttons_of_its_own(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    photo = Photo(media_key="a")
    await channel.send(HOME, OutboundMessage(text="Đã sửa", photos=(photo,), buttons=SEND))
    [shown] = telegram.sent(CITIZEN)
    assert (shown.text, shown.photos, len(shown.buttons)) == ("Đã sửa", [SMALL_JPEG], 2)


async def test_many_photos_come_as_albums_and_the_message_id_is_that_of_the_text(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    photos = tuple(Photo(media_key=str(number)) for number in range(12))
    sent = await channel.send(HOME, OutboundMessage(text="Đã sửa", photos=photos, buttons=SEND))
    shown = telegram.sent(CITIZEN)
    albums = [message.album for message in shown if message.photos]
    assert [albums.count(album) for album in dict.fromkeys(albums)] == [10, 2]
    assert sent.message_id == str(shown[-1].message_id)
    assert shown[-1].buttons


async def test_a_photo_is_passed_on_by_the_vendors_own_reference(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    message = await telegram.user_sends(CITIZEN, photo=SMALL_JPEG)
    reference = message["photo"][-1]["file_id"]
    await channel.send(HOME, OutboundMessage(text="", photos=(Photo(reference=reference),)))
    assert telegram.sent(CITIZEN)[0].photos == [SMALL_JPEG]


async def test_a_photo_that_is_gone_is_rejected(channel: TelegramChannel) -> None:
    with pytest.raises(Rejected, match="cannot be read"):
        await channel.send(HOME, OutboundMessage(text="x", photos=(Photo(media_key="gone"),)))


async def test_a_position_is_asked_for_and_the_keyboard_goes_with_the_next_message(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    message = OutboundMessage(text="Ở đâu?", buttons=SEND, ask_location="Gửi vị trí")
    sent = await channel.send(HOME, message)
    await channel.send(HOME, OutboundMessage(text="Cảm ơn"))
    await channel.send(HOME, OutboundMessage(text="Xong"))
    question, prompt, thanks, done = telegram.sent(CITIZEN)
    assert sent.message_id == str(question.message_id)
    assert prompt.keyboard == [{"text": "Gửi vị trí", "request_location": True}]
    assert thanks.markup == {"remove_keyboard": True}
    assert done.markup == {}


async def test_spent_buttons_are_taken_away(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    card = await channel.send(HOME, OutboundMessage(text="Gửi chứ?", buttons=SEND))
    await channel.send(HOME, OutboundMessage(text="Đã gửi", replace=card.message_id))
    assert [shown.buttons for shown in telegram.sent(CITIZEN)] == [[], []]


async def test_buttons_that_are_gone_already_do_not_matter(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    card = await channel.send(HOME, OutboundMessage(text="Gửi chứ?", buttons=SEND))
    for replaced in (card.message_id, card.message_id, "999999"):
        await channel.send(HOME, OutboundMessage(text="", replace=replaced))
    telegram.fail_next(standin.fault(), method="editMessageReplyMarkup")
    sent = await channel.send(HOME, OutboundMessage(text="Đã gửi", replace=card.message_id))
    assert sent.message_id == str(telegram.sent(CITIZEN)[-1].message_id)


async def test_an_answer_hangs_under_the_question_even_when_that_was_deleted(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    question = await telegram.user_sends(CITIZEN, "bao giờ xong?")
    await channel.send(HOME, OutboundMessage(text="Thứ sáu", reply_to=str(question["message_id"])))
    await channel.send(HOME, OutboundMessage(text="Thứ bảy", reply_to="999999"))
    assert [shown.reply_to for shown in telegram.sent(CITIZEN)] == [question["message_id"], None]


@pytest.mark.parametrize(
    ("failure", "error", "retryable"),
    [
        (standin.too_many_requests(7), RateLimited, True),
        (standin.blocked(), RecipientUnreachable, False),
        (Refused(403, "Forbidden: bot was kicked from the supergroup chat"), RecipientUnreachable, False),
        (Refused(403, "Forbidden: user is deactivated"), RecipientUnreachable, False),
        (bad_request("chat not found"), RecipientUnreachable, False),
        (bad_request("PEER_ID_INVALID"), RecipientUnreachable, False),
        (bad_request("not enough rights to send text messages to the chat"), RecipientUnreachable, False),
        (bad_request("message is too long"), Rejected, False),
        (standin.moved(-1007), Rejected, False),
        (Refused(401, "Unauthorized"), Misconfigured, True),
        (Refused(413, "Request Entity Too Large"), Rejected, False),
        (standin.fault(500), Unavailable, True),
        (standin.fault(502), Unavailable, True),
        (standin.Garbage(), Unavailable, True),
        (standin.Drop(), Unavailable, True),
    ],
)
async def test_what_the_vendor_refuses_is_said_in_the_ports_words(
    telegram: TelegramStandIn,
    channel: TelegramChannel,
    failure: standin.Failure,
    error: type[ChannelError],
    retryable: bool,
) -> None:
    telegram.fail_next(failure, method="sendMessage")
    with pytest.raises(error) as caught:
        await channel.send(HOME, OutboundMessage(text="xin chào"))
    assert type(caught.value) is error
    assert caught.value.retryable is retryable


async def test_a_flooded_vendor_says_how_long_to_wait(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    telegram.fail_next(standin.too_many_requests(7), chat=CITIZEN)
    with pytest.raises(RateLimited) as caught:
        await channel.send(HOME, OutboundMessage(text="xin chào"))
    assert caught.value.retry_after == timedelta(seconds=7)


async def test_a_vendor_that_never_answers_is_unavailable(
    telegram: TelegramStandIn, channel: TelegramChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.channels.telegram.request.READ_SECONDS", 0.1)
    monkeypatch.setattr("bot.channels.telegram.request.CONNECT_SECONDS", 0.1)
    telegram.fail_next(standin.Hang(), method="sendMessage")
    with pytest.raises(Unavailable):
        await channel.send(HOME, OutboundMessage(text="xin chào"))


async def test_a_group_that_became_a_supergroup_is_named_in_the_error(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    await telegram.user_adds_bot(GROUP, user=CITIZEN)
    await telegram.group_moves(GROUP, -1009002, user=CITIZEN)
    with pytest.raises(Rejected) as caught:
        await channel.send(ROOM, OutboundMessage(text="Báo cáo"))
    moved = Address("telegram", caught.value.moved_to)
    await channel.send(moved, OutboundMessage(text="Báo cáo"))
    assert [shown.text for shown in telegram.sent(-1009002)] == ["Báo cáo"]


async def test_a_person_who_blocked_the_bot_cannot_be_reached_until_they_unblock_it(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    await telegram.user_blocks(CITIZEN)
    with pytest.raises(RecipientUnreachable):
        await channel.send(HOME, OutboundMessage(text="xin chào"))
    await telegram.user_unblocks(CITIZEN)
    await channel.send(HOME, OutboundMessage(text="xin chào"))
    async with polling(channel) as inbox:
        _, blocked, unblocked = await inbox.messages(3)
    assert (blocked.left, unblocked.joined) == (True, True)


@pytest.mark.parametrize("failure", [standin.too_many_requests(1), standin.fault(), standin.Drop()])
async def test_a_message_that_failed_half_way_goes_on_where_it_stopped(
    telegram: TelegramStandIn, channel: TelegramChannel, failure: standin.Failure
) -> None:
    photos = tuple(Photo(media_key=str(number)) for number in range(3))
    message = OutboundMessage(text="Đã sửa", photos=photos)
    telegram.fail_next(failure, method="sendMessage", times=2)
    for _ in range(2):
        with pytest.raises(ChannelError):
            await channel.send(HOME, message)
    sent = await channel.send(HOME, message)
    assert [len(shown.photos) for shown in telegram.sent(CITIZEN)] == [1, 1, 1, 0]
    assert sent.message_id == str(telegram.sent(CITIZEN)[-1].message_id)
    await channel.send(HOME, message)
    assert len(telegram.sent(CITIZEN)) == 8


async def test_a_message_that_was_given_up_half_way_goes_on_where_it_stopped(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    message = OutboundMessage(text="Đã sửa", photos=(Photo(media_key="1"), Photo(media_key="2")))
    telegram.fail_next(standin.Hang(), method="sendMessage")
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await channel.send(HOME, message)
    await channel.send(HOME, message)
    assert [len(shown.photos) for shown in telegram.sent(CITIZEN)] == [1, 1, 0]


async def test_only_the_chat_that_is_written_to_too_fast_waits(telegram: TelegramStandIn) -> None:
    channel = adapter(telegram, limits=Limits(), clock=lambda: 1000.0)
    for chat in (CITIZEN, CITIZEN + 1):
        await telegram.user_sends(chat, "/start")
    for number in range(3):
        await channel.send(HOME, OutboundMessage(text=str(number)))
    with pytest.raises(RateLimited) as caught:
        await channel.send(HOME, OutboundMessage(text="3"))
    assert caught.value.retry_after == timedelta(seconds=3)
    await channel.send(Address("telegram", str(CITIZEN + 1)), OutboundMessage(text="xin chào"))
    await channel.close()
    assert [len(telegram.sent(chat)) for chat in (CITIZEN, CITIZEN + 1)] == [3, 1]


async def test_a_chat_that_is_no_number_is_rejected(channel: TelegramChannel) -> None:
    with pytest.raises(Rejected):
        await channel.send(Address("telegram", "@ai_do"), OutboundMessage(text="xin chào"))


async def test_a_group_cannot_be_created(channel: TelegramChannel) -> None:
    with pytest.raises(NotSupported):
        await channel.create_group(CreateGroup(title="Tổ công tác"))


# ---- photos that people send


async def photo_of(telegram: TelegramStandIn, channel: TelegramChannel, **sent: Any) -> Photo:
    message = await telegram.user_sends(CITIZEN, **sent)
    parsed = channel.parse(json.dumps({"update_id": 1, "message": message}).encode())
    assert parsed is not None
    return parsed.photos[0]


async def test_a_photo_is_downloaded(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    assert await channel.fetch(await photo_of(telegram, channel, photo=SMALL_JPEG)) == SMALL_JPEG


async def test_a_picture_sent_as_a_file_is_downloaded(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    document = Document(content=SMALL_JPEG, name="a.jpg", kind="image/jpeg")
    assert await channel.fetch(await photo_of(telegram, channel, document=document)) == SMALL_JPEG


async def test_a_file_over_the_vendors_limit_is_rejected(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    large = Document(content=SMALL_JPEG, name="a.jpg", kind="image/jpeg", size=21 * 1024 * 1024)
    message = await telegram.user_sends(CITIZEN, document=large)
    with pytest.raises(Rejected, match="too big"):
        await channel.fetch(Photo(reference=message["document"]["file_id"]))


async def test_a_file_that_is_gone_is_rejected(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    with pytest.raises(Rejected):
        await channel.fetch(Photo(reference="không có"))
    photo = await photo_of(telegram, channel, photo=SMALL_JPEG)
    telegram.lose_contents()
    with pytest.raises(Rejected, match="no longer"):
        await channel.fetch(photo)


async def test_a_download_from_a_vendor_in_trouble_can_be_tried_again(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    photo = await photo_of(telegram, channel, photo=SMALL_JPEG)
    telegram.fail_next(standin.fault(), method="getFile")
    with pytest.raises(Unavailable):
        await channel.fetch(photo)


# ---- secrets


async def test_the_token_is_in_no_log_and_no_error(
    telegram: TelegramStandIn, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    said = []
    for settings in ({}, {"token": "43:wrong-secret"}, {"api_url": "http://127.0.0.1:1"}):
        channel = adapter(telegram, **settings)
        for action in (
            channel.start,
            lambda channel=channel: channel.send(HOME, OutboundMessage(text="mẫu đơn")),
            lambda channel=channel: channel.fetch(Photo(reference="x")),
        ):
            try:
                await action()
            except ChannelError as error:
                said.append(
                    f"{error!r} {error} {error.__cause__!r} {error.__cause__ and error.__cause__.__cause__!r}"
                )
        async with polling(channel):
            await asyncio.sleep(0.05)
        await channel.close()
    written = caplog.text + "".join(said)
    assert said
    assert "stand-in" not in written
    assert "wrong-secret" not in written
    assert "mẫu đơn" not in written


# ---- limits, menus, previews


async def test_a_flood_in_many_chats_holds_up_the_whole_bot_and_in_one_only_that(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    held = []
    for chat in range(2001, 2007):
        await telegram.user_sends(chat, "/start")
        telegram.fail_next(standin.too_many_requests(7), method="sendMessage", chat=chat)
        with pytest.raises(RateLimited) as caught:
            await channel.send(Address("telegram", str(chat)), OutboundMessage(text="x"))
        assert caught.value.retry_after == timedelta(seconds=7)
        held.append(caught.value.for_all)
    assert held == [False, False, False, False, True, True]


async def test_the_bots_own_limit_holds_up_all_and_that_of_a_chat_only_that_chat(
    telegram: TelegramStandIn,
) -> None:
    channel = adapter(telegram, limits=Limits(), clock=lambda: 1000.0)
    assert channel.capabilities.messages_per_minute == 1800
    held = {}
    for chat in range(2001, 2031):
        await telegram.user_sends(chat, "/start")
        with suppress(RateLimited):
            await channel.send(Address("telegram", str(chat)), OutboundMessage(text="x"))
        if chat == 2001:
            for _ in range(2):
                await channel.send(Address("telegram", "2001"), OutboundMessage(text="x"))
            with pytest.raises(RateLimited) as caught:
                await channel.send(Address("telegram", "2001"), OutboundMessage(text="x"))
            held["chat"] = caught.value.for_all
    with pytest.raises(RateLimited) as caught:
        await channel.send(Address("telegram", "2030"), OutboundMessage(text="x"))
    held["bot"] = caught.value.for_all
    assert held == {"chat": False, "bot": True}
    await channel.close()


async def test_a_chat_is_offered_a_menu_of_its_own_and_the_usual_one_again(
    telegram: TelegramStandIn,
) -> None:
    usual = (("cuatoi", "Phản ánh của tôi"), ("huy", "Bỏ"))
    channel = adapter(telegram, commands=usual, group_commands=(("hoi", "Hỏi số liệu"),))
    await channel.start()
    await telegram.user_sends(CITIZEN, "/start")
    own = (("viec", "Việc của đơn vị"), *usual)
    for _ in range(2):
        await channel.send(HOME, OutboundMessage(text="Chào anh/chị", menu=own))
    assert {scope: [each["command"] for each in menu] for scope, menu in telegram.menus.items()} == {
        "default": ["cuatoi", "huy"],
        "all_group_chats": ["hoi"],
        f"chat:{CITIZEN}": ["viec", "cuatoi", "huy"],
    }
    await channel.send(HOME, OutboundMessage(text="Anh/chị đã thôi chức vụ", menu=usual))
    assert f"chat:{CITIZEN}" not in telegram.menus
    await channel.close()


async def test_a_menu_that_cannot_be_changed_keeps_no_message_back(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    for failure in (standin.fault(500), bad_request("chat not found"), standin.too_many_requests(9)):
        telegram.fail_next(failure, method="setMyCommands")
        assert (await channel.send(HOME, OutboundMessage(text="x", menu=(("viec", "Việc"),)))).message_id
    assert len(telegram.sent(CITIZEN)) == 3


async def test_texts_stay_plain_and_show_no_page(telegram: TelegramStandIn, channel: TelegramChannel) -> None:
    text = "*Tổ* _dân phố_ <số 5> `x` https://example.org/tin [a](http://b.example)"
    await channel.send(HOME, OutboundMessage(text=text))
    [shown] = telegram.sent(CITIZEN)
    assert (shown.text, shown.previews) == (text, False)


async def test_buttons_that_are_gone_already_keep_no_message_back(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    sent = await channel.send(HOME, OutboundMessage(text="Gửi chứ?", buttons=SEND))
    for text in ("Đã gửi", "Đã gửi rồi"):
        await channel.send(HOME, OutboundMessage(text=text, replace=sent.message_id))
    await channel.send(HOME, OutboundMessage(text="Hết", replace="999999"))
    assert [shown.buttons for shown in telegram.sent(CITIZEN)] == [[]] * 4


async def test_a_press_that_is_answered_too_late_is_a_press_all_the_same(
    telegram: TelegramStandIn, channel: TelegramChannel
) -> None:
    async with polling(channel) as inbox:
        await inbox.until(1)
        await telegram.user_presses_ancient(CITIZEN, 3, "draft:send")
        [_, press] = await inbox.messages(2)
        await telegram.until_called("answerCallbackQuery")
    assert (press.button, press.button_message, press.address) == ("draft:send", "3", HOME)
