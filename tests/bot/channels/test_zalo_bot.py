"""The Zalo Bot channel against a stand-in for the vendor: sending, receiving, what goes wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import structlog

from bot.channels.zalo_bot import Plan, Used, ZaloBotChannel
from bot.channels.zalo_bot.parts import compose
from handlers.channel import (
    Address,
    Button,
    CreateGroup,
    Envelope,
    File,
    Forbidden,
    GroupAct,
    Misconfigured,
    NotSupported,
    OutboundMessage,
    Photo,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)
from tests.standins.telegram import SMALL_JPEG
from tests.standins.zalo_bot import ZaloBotStandIn

SECRET = "mot-bi-mat-du-dai"
ANN = Address("zalo_bot", "u1")


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloBotStandIn]:
    async with ZaloBotStandIn() as zalo:
        yield zalo


@asynccontextmanager
async def connected(zalo: ZaloBotStandIn, **more: Any) -> AsyncIterator[ZaloBotChannel]:
    settings: dict[str, Any] = {
        "token": zalo.token,
        "secret": SECRET,
        "mode": "polling",
        "api_url": zalo.url,
        "longest_pause": 0.01,
        **more,
    }
    channel = ZaloBotChannel(**settings)
    try:
        yield channel
    finally:
        await channel.close()


@pytest.fixture
async def channel(zalo: ZaloBotStandIn) -> AsyncIterator[ZaloBotChannel]:
    await zalo.user_sends("u1", "Xin chào")  # a bot may write to nobody first
    async with connected(zalo) as channel:
        await channel.start()
        yield channel


# ---- sending


async def test_a_text_is_shown_and_its_id_returned(zalo: ZaloBotStandIn, channel: ZaloBotChannel) -> None:
    sent = await channel.send(ANN, OutboundMessage(text="Đã nhận"))
    (shown,) = zalo.sent("u1")
    assert shown.text == "Đã nhận"
    assert sent.message_id == shown.message_id


def test_a_list_of_choices_says_how_to_choose() -> None:
    rows = ((Button(label="Gửi", data="send"),),)
    [asked] = compose(OutboundMessage(text="Gửi?", buttons=rows), lambda photo: "", choose="Nhắn số")
    [plain] = compose(OutboundMessage(text="Đã gửi."), lambda photo: "", choose="Nhắn số")
    assert (asked.text, plain.text) == ("Gửi?\n\nNhắn số\n1. Gửi", "Đã gửi.")


async def test_buttons_become_a_numbered_list_that_can_be_typed(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    rows = (
        (Button(label="Gửi", data="send:1"), Button(label="Sửa", data="edit:1")),
        (Button(label="Bỏ", data="x"),),
    )
    await channel.send(ANN, OutboundMessage(text="Gửi phản ánh này?", buttons=rows))
    (shown,) = zalo.sent("u1")
    assert shown.text == "Gửi phản ánh này?\n\n1. Gửi\n2. Sửa\n3. Bỏ"
    [typed] = await typed_for(zalo, channel, shown, "Bỏ")
    assert typed == "3"


async def typed_for(zalo: ZaloBotStandIn, channel: ZaloBotChannel, shown: Any, label: str) -> list[str]:
    await zalo.user_presses(shown, label)
    received = [channel.parse(body) for _, body in await polled(channel, 2)]
    return [message.text for message in received if message is not None][1:]


async def test_labels_with_numbers_of_their_own_get_no_second_number(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    labels = ("3 ngày", "5 ngày", "Thôi")
    rows = tuple((Button(label=label, data=f"d:{label[0]}"),) for label in labels)
    await channel.send(ANN, OutboundMessage(text="Thêm mấy ngày?", buttons=rows))
    (shown,) = zalo.sent("u1")
    assert shown.text == "Thêm mấy ngày?\n\n• 3 ngày\n• 5 ngày\n• Thôi"
    assert zalo.number_of(shown, "5 ngày") == "5 ngày"  # the label itself is typed


async def test_links_are_lines_and_what_cannot_be_asked_for_is_logged(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    message = OutboundMessage(
        text="Xem", links=(("Mở trang", "https://city.example.vn/c"),), ask_location="Gửi vị trí"
    )
    with structlog.testing.capture_logs() as logs:
        await channel.send(ANN, message)
    (shown,) = zalo.sent("u1")
    assert shown.links == [("Mở trang", "https://city.example.vn/c")]
    assert "vị trí" not in shown.text
    assert [(entry["action"], entry["part"]) for entry in logs if "part" in entry] == [
        ("message_degraded", "ask_location")
    ]


async def test_a_long_text_is_cut_at_sentences_and_the_list_stays_whole(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    text = " ".join(f"Câu thứ {number} của một bài dài." for number in range(150))
    rows = ((Button(label="Đồng ý", data="y"),), (Button(label="Không", data="n"),))
    sent = await channel.send(ANN, OutboundMessage(text=text, buttons=rows))
    shown = zalo.sent("u1")
    assert all(len(each.text) <= 2000 for each in shown)
    assert all(each.text.split("\n")[0].endswith(".") for each in shown)
    assert shown[-1].text.endswith("1. Đồng ý\n2. Không")
    assert " ".join(each.text.partition("\n")[0] for each in shown) == text
    assert (*sent.other_ids, sent.message_id) == tuple(each.message_id for each in shown)


async def test_photos_are_fetched_from_their_public_addresses(zalo: ZaloBotStandIn) -> None:
    await zalo.user_sends("u1", "Xin chào")
    published = {"a.jpg": zalo.stores(SMALL_JPEG), "b.jpg": zalo.stores(SMALL_JPEG)}
    async with connected(zalo, publish=lambda photo: published[photo.media_key]) as channel:
        await channel.send(ANN, OutboundMessage(text="Trước", photos=(Photo(media_key="a.jpg"),)))
        both = (Photo(media_key="a.jpg"), Photo(media_key="b.jpg"))
        await channel.send(ANN, OutboundMessage(text="Sau", photos=both))
    first, *others = zalo.sent("u1")
    assert (first.text, first.photos) == ("Trước", [SMALL_JPEG])
    assert [(each.text, len(each.photos)) for each in others] == [("", 1), ("", 1), ("Sau", 0)]


async def test_without_a_public_address_the_words_go_out_alone(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    with structlog.testing.capture_logs() as logs:
        await channel.send(ANN, OutboundMessage(text="Đã xong", photos=(Photo(media_key="a.jpg"),)))
    assert zalo.sent("u1")[0].text == "Đã xong"
    assert [entry["part"] for entry in logs if entry.get("action") == "message_degraded"] == ["photos"]
    with pytest.raises(Rejected):
        await channel.send(ANN, OutboundMessage(text="", photos=(Photo(media_key="a.jpg"),)))


async def test_a_retry_goes_on_after_the_parts_that_were_shown(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    text = "a" * 1500 + ". " + "b" * 1500
    message = OutboundMessage(text=text, reference="7")
    await fail_second(zalo, channel, message)
    await channel.send(ANN, message)
    assert [shown.text[0] for shown in zalo.sent("u1")] == ["a", "b"]


async def fail_second(zalo: ZaloBotStandIn, channel: ZaloBotChannel, message: OutboundMessage) -> None:
    """Let the first part through and nothing after it."""
    zalo.messages = 1
    with pytest.raises(RateLimited):
        await channel.send(ANN, message)
    zalo.messages = None


async def test_an_answer_to_a_message_names_it(zalo: ZaloBotStandIn, channel: ZaloBotChannel) -> None:
    await channel.send(ANN, OutboundMessage(text="Vâng", reply_to="2d75"))
    assert zalo.sent("u1")[0].reply_to == "2d75"


# ---- what goes wrong


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (400, Rejected),
        (401, Misconfigured),
        (403, Unavailable),
        (404, RecipientUnreachable),
        (429, RateLimited),
        (500, Unavailable),
    ],
)
async def test_error_codes_in_an_answer_of_200_mean_what_the_table_says(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel, code: int, error: type[Exception]
) -> None:
    zalo.fails(code, "Bad", method="sendMessage")
    with pytest.raises(error):
        await channel.send(ANN, OutboundMessage(text="x"))
    assert zalo.sent("u1") == []


async def test_a_wrong_token_holds_up_the_whole_channel_and_is_never_told(zalo: ZaloBotStandIn) -> None:
    async with connected(zalo, token="42:another") as channel:
        with pytest.raises(Misconfigured) as caught:
            await channel.start()
    assert caught.value.for_all
    assert "another" not in str(caught.value)


async def test_the_token_stands_in_no_error_when_nobody_answers(zalo: ZaloBotStandIn) -> None:
    async with connected(zalo, api_url="http://127.0.0.1:9") as channel:
        with pytest.raises(Unavailable) as caught:
            await channel.send(ANN, OutboundMessage(text="x"))
    assert "stand-in" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("fault", ["drops", "babbles"])
async def test_an_answer_that_is_none_may_come_later(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel, fault: str
) -> None:
    getattr(zalo, fault)(method="sendMessage")
    with pytest.raises(Unavailable):
        await channel.send(ANN, OutboundMessage(text="x"))


async def test_a_used_up_plan_pauses_everybody_longer_each_time_and_is_reported(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    zalo.messages = 0
    pauses = []
    for _ in range(9):
        with pytest.raises(RateLimited) as caught:
            await channel.send(ANN, OutboundMessage(text="x"))
        assert caught.value.for_all
        assert caught.value.retry_after is not None
        pauses.append(caught.value.retry_after.total_seconds())
    assert pauses[:3] == [60, 120, 240]
    assert pauses[-1] == 3600
    assert [ailment.what for ailment in await channel.ailments()] == ["plan_used_up"]
    zalo.messages = None
    await channel.send(ANN, OutboundMessage(text="x"))
    assert await channel.ailments() == []


async def test_operators_hear_before_the_plan_is_used_up(zalo: ZaloBotStandIn) -> None:
    async def used() -> Used:
        return Used(people=50, messages=2699, groups=3)

    async with connected(zalo, used=used, plan=Plan(groups=0)) as channel:
        assert [ailment.detail for ailment in await channel.ailments()] == ["50 of 50 people"]
    async with connected(zalo, used=used, plan=Plan(people=51, messages=2998)) as channel:
        details = [ailment.detail for ailment in await channel.ailments()]
    assert details == ["2,699 of 2,998 messages; 3 of 3 groups"]


# ---- receiving


async def polled(channel: ZaloBotChannel, count: int) -> list[tuple[Envelope, bytes]]:
    """Return what polling hands over, up to this many updates."""
    received: list[tuple[Envelope, bytes]] = []
    done = asyncio.Event()

    async def receive(envelope: Envelope, body: bytes) -> None:
        received.append((envelope, body))
        if len(received) == count:
            done.set()

    await _poll_until(channel, receive, done)
    return received


async def _poll_until(
    channel: ZaloBotChannel, receive: Callable[[Envelope, bytes], Awaitable[None]], done: asyncio.Event
) -> None:
    task = asyncio.create_task(channel.poll(receive))
    async with asyncio.timeout(10):
        await done.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_polling_stores_each_update_before_it_asks_for_another(zalo: ZaloBotStandIn) -> None:
    for text in ("một", "hai"):
        await zalo.user_sends("u1", text)
    stored: list[str] = []
    refusals = iter([True, True])
    done = asyncio.Event()

    async def receive(envelope: Envelope, body: bytes) -> None:
        assert zalo.counts["getUpdates"] == len(stored) + 1
        if next(refusals, False):
            raise OSError("the database is away")
        stored.append(json.loads(body)["message"]["text"])
        if len(stored) == 2:
            done.set()

    async with connected(zalo) as channel:
        await channel.start()
        await _poll_until(channel, receive, done)
    assert stored == ["một", "hai"]


async def test_polling_goes_on_after_silence_and_faults(zalo: ZaloBotStandIn) -> None:
    zalo.drops(method="getUpdates")
    zalo.fails(500, method="getUpdates")
    zalo.babbles(method="getUpdates")
    async with connected(zalo, poll_seconds=0) as channel:
        polling = asyncio.create_task(polled(channel, 1))
        await zalo.until_called("getUpdates", 5)  # the later ones: 408, nothing has happened
        await zalo.user_sends("u1", "Xin chào")
        [(envelope, _)] = await polling
    assert envelope.chat == "u1"


async def test_starting_to_poll_takes_the_webhook_away(zalo: ZaloBotStandIn) -> None:
    async with connected(zalo, mode="webhook", public_url="https://city.example.vn") as hooked:
        await hooked.start()
    assert zalo.webhook == "https://city.example.vn/zalo/bot"
    zalo.webhook = ""  # nobody is there
    async with connected(zalo) as channel:
        zalo.webhook = "https://city.example.vn/zalo/bot"
        await channel.start()
    assert zalo.webhook == ""


async def test_a_webhook_call_must_bring_the_secret(zalo: ZaloBotStandIn) -> None:
    body = b'{"event_name":"message.text.received","message":{"message_id":"1","chat":{"id":"u1"}}}'
    async with connected(zalo, mode="webhook", public_url="https://city.example.vn") as channel:
        assert channel.envelope(body, {"X-Bot-Api-Secret-Token": SECRET}).external_id == "1"
        for given in ({}, {"X-Bot-Api-Secret-Token": "khac"}, {"X-Bot-Api-Secret-Token": "kh\xe1c\udcff"}):
            with pytest.raises(Forbidden):
                channel.envelope(body, given)


@pytest.mark.parametrize("secret", ["", "1234567", "x" * 257])
def test_a_secret_of_the_wrong_length_is_refused_before_the_start(secret: str) -> None:
    with pytest.raises(ValueError, match="8 to 256"):
        ZaloBotChannel(token="42:a", secret=secret, mode="webhook")


async def test_photos_and_recordings_are_fetched_from_the_vendor_only(
    zalo: ZaloBotStandIn, channel: ZaloBotChannel
) -> None:
    address = zalo.stores(SMALL_JPEG)
    assert await channel.fetch(Photo(reference=address)) == SMALL_JPEG
    assert await channel.fetch_file(File(reference=address)) == SMALL_JPEG
    for elsewhere in (
        "http://localhost/x",
        "http://zalo.me.example.com/x",
        "file:///etc/passwd",
        "http://[",
        "",
    ):
        with pytest.raises(Rejected):
            await channel.fetch(Photo(reference=elsewhere))
    zalo.forgets_files()
    with pytest.raises(Rejected):
        await channel.fetch(Photo(reference=address))


# ---- groups


async def test_in_a_group_the_bot_is_called_by_its_name_which_is_no_part_of_the_text(
    zalo: ZaloBotStandIn,
) -> None:
    async with connected(zalo) as channel:
        await channel.start()
        await zalo.user_sends("u1", "không nói với bot", group="n1", mention=False)
        await zalo.user_sends("u1", "/danhsach", group="n1")
        [(envelope, body)] = await polled(channel, 1)
        message = channel.parse(body)
        assert message is not None
        assert envelope.chat == message.address.chat == "gn1"
        assert (message.group, message.mentioned, message.text) == (True, True, "/danhsach")
        await channel.send(message.address, OutboundMessage(text="Đây"))
    assert [shown.text for shown in zalo.sent("n1")] == ["Đây"]


async def test_nothing_can_be_done_with_a_group_but_to_be_in_it(channel: ZaloBotChannel) -> None:
    with pytest.raises(NotSupported):
        await channel.create_group(CreateGroup(title="Nhóm"))
    with pytest.raises(NotSupported):
        await channel.act(Address("zalo_bot", "gn1"), GroupAct(do="invite"))
    acted = await channel.act(Address("zalo_bot", "gn1"), GroupAct(do="check"))
    assert acted.rights is not None
    assert acted.rights.member


async def test_a_bot_that_may_not_be_in_groups_says_so() -> None:
    async with ZaloBotStandIn(can_join_groups=False) as zalo, connected(zalo) as channel:
        assert channel.capabilities.groups
        await channel.start()
        assert not channel.capabilities.groups
