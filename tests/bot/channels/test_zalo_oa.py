"""The Zalo adapter against a server that stands in for the vendor's, over HTTP."""

import io
import json
import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from PIL import Image
from yarl import URL

from bot.channels.zalo_oa import CAPABILITIES, Client, Hints, Template, ZaloOaChannel
from bot.channels.zalo_oa.client import Rate
from bot.channels.zalo_oa.downloads import Allowed
from bot.channels.zalo_oa.parts import compose, numbered
from bot.channels.zalo_oa.photos import LIMIT
from bot.channels.zalo_oa.template import as_phone
from handlers.channel import (
    Address,
    Button,
    ChannelError,
    File,
    InboundMessage,
    Misconfigured,
    OutboundMessage,
    OutsideReplyWindow,
    Photo,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)
from tests.standins.zalo_oa import SMALL_JPEG, Document, Status, ZaloOaStandIn

CITIZEN = "246845883529197922"
HOME = Address("zalo_oa", CITIZEN)
NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
SEND = ((Button(label="Gửi", data="draft:send"), Button(label="Hủy", data="draft:cancel")),)
TEMPLATE = Template(id="31337", fields={"ma": "code", "don_vi": "unit"}, price=120)


class Purse:
    """Hands out the tokens of the stand-in; each refused one is changed for another."""

    def __init__(self, zalo: ZaloOaStandIn) -> None:
        self.zalo = zalo
        self.token = zalo.new_pair().access
        self.refused: list[str] = []

    async def access(self) -> str:
        return self.token

    async def renewed(self, refused: str) -> str:
        self.refused.append(refused)
        self.token = self.zalo.new_pair().access
        return self.token


def big_picture() -> bytes:
    """Return a PNG of noise, far over 1 MB."""
    content = io.BytesIO()
    Image.frombytes("RGB", (1200, 900), os.urandom(1200 * 900 * 3)).save(content, "PNG")
    return content.getvalue()


MEDIA = {
    "small.jpg": SMALL_JPEG,
    "other.jpg": SMALL_JPEG,
    "big.png": big_picture(),
    "text.jpg": b"no picture at all, but long enough".ljust(2 * LIMIT),
    "letter.pdf": b"%PDF-1.7 letter",
    "book.pdf": b"%PDF-1.7".ljust(6 * 1024 * 1024),
    "table.xlsx": b"PK table",
}


async def open_media(key: str) -> bytes:
    return MEDIA[key]


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloOaStandIn]:
    """Begin with a person who wrote just now, at noon."""
    async with ZaloOaStandIn() as server:
        server.now = NOON
        await server.user_sends(CITIZEN, "xin chào")
        yield server


@asynccontextmanager
async def opened(zalo: ZaloOaStandIn, **settings: Any) -> AsyncIterator[ZaloOaChannel]:
    purse = settings.pop("tokens", None) or Purse(zalo)
    client = Client(
        tokens=purse,
        api_url=zalo.url,
        business_url=zalo.url,
        now=lambda: zalo.now,
        **settings.pop("client", {}),
    )
    usual = {
        "client": client,
        "app_id": zalo.app_id,
        "oa_secret_key": zalo.oa_secret_key,
        "open_media": open_media,
        "own_urls": (zalo.url,),
        "card_picture": "https://phananh.example.vn/page/card.png",
        "now": lambda: zalo.now,
    }
    channel = ZaloOaChannel(**{**usual, **settings})
    try:
        yield channel
    finally:
        await channel.close()


@pytest.fixture
async def channel(zalo: ZaloOaStandIn) -> AsyncIterator[ZaloOaChannel]:
    async with opened(zalo) as channel:
        yield channel


def said(text: str = "", **parts: Any) -> OutboundMessage:
    return OutboundMessage(text=text, **parts)


def received(channel: ZaloOaChannel, zalo: ZaloOaStandIn) -> InboundMessage:
    found = channel.parse(zalo.posted[-1].body)
    assert found is not None
    return found


# ---- words and buttons


async def test_buttons_are_shown_and_listed_and_a_press_comes_back(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    sent = await channel.send(HOME, said("Gửi phản ánh?", buttons=SEND))
    [shown] = zalo.sent(CITIZEN)
    assert shown.text == "Gửi phản ánh?\n\n1. Gửi\n2. Hủy"
    assert shown.buttons == [("Gửi", "#draft:send"), ("Hủy", "#draft:cancel")]
    assert (sent.message_id, sent.price, sent.cost) == (shown.id, "free", 0)

    await zalo.user_presses(shown, "Hủy")
    assert received(channel, zalo).button == "draft:cancel"


async def test_more_than_five_buttons_are_all_listed(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rows = tuple((Button(label=f"Đơn vị {name}", data=f"unit:{name}"),) for name in "abcdefg")
    await channel.send(HOME, said("Chọn", buttons=rows, links=(("Bản đồ", "https://city.vn/map"),)))
    [shown] = zalo.sent(CITIZEN)
    assert len(shown.buttons) == 5
    assert "7. Đơn vị g" in shown.text
    assert "Bản đồ: https://city.vn/map" in shown.text
    [line] = [record for record in caplog.records if getattr(record, "action", "") == "message_degraded"]
    assert (getattr(line, "channel", ""), getattr(line, "part", "")) == ("zalo_oa", "buttons")


async def test_who_cannot_press_every_choice_is_told_to_type_and_how_to_send_a_position(
    zalo: ZaloOaStandIn,
) -> None:
    hints = Hints(choose="Nhắn số ở đầu dòng", position="(dấu +)")
    rows = tuple((Button(label=f"Đơn vị {name}", data=f"unit:{name}"),) for name in "abcdef")
    async with opened(zalo, hints=hints) as channel:
        await channel.send(HOME, said("Chọn", buttons=rows))
        await channel.send(HOME, said("Gửi?", buttons=SEND))
        await channel.send(HOME, said("Ở đâu?", ask_location="Gửi vị trí"))
    many, few, place = (shown.text for shown in zalo.sent(CITIZEN))
    assert many.startswith("Chọn\n\nNhắn số ở đầu dòng\n1. Đơn vị a")
    assert few == "Gửi?\n\n1. Gửi\n2. Hủy"
    assert place == "Ở đâu?\n\nGửi vị trí\n(dấu +)"


async def test_in_a_group_only_what_holds_choices_says_how_to_choose() -> None:
    hints = Hints(choose="Nhắn số ở đầu dòng")
    [plain] = compose(said("Đã giao việc."), group=True, cards=True, hints=hints)
    [asked] = compose(said("Giao việc?", buttons=SEND), group=True, cards=True, hints=hints)
    assert plain.text == "Đã giao việc."
    assert asked.text == "Giao việc?\n\nNhắn số ở đầu dòng\n1. Gửi\n2. Hủy"


@pytest.mark.parametrize("code", [-201, -233])
async def test_where_buttons_are_refused_the_list_goes_out_alone(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel, code: int
) -> None:
    links = (("Bản đồ", "https://city.vn/map"),)
    zalo.fails(next=code)
    sent = await channel.send(HOME, said("Gửi phản ánh?", buttons=SEND, links=links))
    [shown] = zalo.sent(CITIZEN)
    assert shown.text == "Gửi phản ánh?\n\n1. Gửi\n2. Hủy\nBản đồ: https://city.vn/map"
    assert (shown.buttons, shown.links, sent.message_id) == ([], [], shown.id)


async def test_a_link_is_a_button_that_opens_it(zalo: ZaloOaStandIn, channel: ZaloOaChannel) -> None:
    await channel.send(HOME, said("Xem", links=(("Bản đồ", "https://city.vn/map"),)))
    assert zalo.sent(CITIZEN)[0].links == [("Bản đồ", "https://city.vn/map")]


async def test_a_long_text_is_cut_at_a_sentence_and_the_buttons_stand_under_its_end(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    sentence = "Đường ngập sâu, xe máy chết máy hàng loạt. "
    sent = await channel.send(HOME, said(sentence * 100, buttons=SEND))
    shown = zalo.sent(CITIZEN)
    assert len(shown) == 3
    assert all(each.text.endswith("loạt.") for each in shown[:-1])
    assert [bool(each.buttons) for each in shown] == [False, False, True]
    assert (sent.message_id, sent.other_ids) == (shown[-1].id, (shown[0].id, shown[1].id))


async def test_an_answer_quotes_and_goes_without_when_the_quoted_is_not_known(channel: ZaloOaChannel) -> None:
    async with ZaloOaStandIn() as zalo:
        zalo.now = NOON
        [posted] = await zalo.user_sends(CITIZEN, "Rác")
        async with opened(zalo) as other:
            asked = posted.event["message"]["msg_id"]
            await other.send(HOME, said("Đã nhận", reply_to=asked))
            zalo.fails(next=-201)
            await other.send(HOME, said("Đã xong", reply_to=asked))
        assert [(each.text, each.quote) for each in zalo.sent(CITIZEN)] == [
            ("Đã nhận", asked),
            ("Đã xong", ""),
        ]


async def test_a_wish_for_a_position_is_a_line_and_one_for_a_phone_a_card(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    sent = await channel.send(
        HOME, said("Ở đâu?", ask_location="📍 Gửi vị trí", ask_contact="📱 Số điện thoại")
    )
    question, card = zalo.sent(CITIZEN)
    assert question.text == "Ở đâu?\n\n📍 Gửi vị trí"
    assert card.ask_contact["title"] == "📱 Số điện thoại"
    assert (sent.message_id, sent.other_ids) == (question.id, (card.id,))

    await zalo.user_sends(CITIZEN, contact="84901234567", address="12 ngõ 5")
    contact = received(channel, zalo).contact
    assert contact is not None
    assert (contact.phone, contact.own, contact.address) == ("84901234567", True, "12 ngõ 5")


async def test_a_card_that_is_refused_or_has_no_picture_is_left_out(zalo: ZaloOaStandIn) -> None:
    wish = said("Số của anh/chị?", ask_contact="Gửi số")
    async with opened(zalo, card_picture="") as bare:
        await bare.send(HOME, wish)
    async with opened(zalo) as channel:
        real = channel._client.call

        async def picky(method: Any, path: str, **named: Any) -> Any:
            if "request_user_info" in str(named):
                raise Rejected("no such card")
            return await real(method, path, **named)

        channel._client.call = picky  # type: ignore[method-assign]
        sent = await channel.send(HOME, wish)
    shown = zalo.sent(CITIZEN)
    assert [(each.text, each.ask_contact) for each in shown] == [("Số của anh/chị?", {})] * 2
    assert sent.message_id == shown[1].id


async def test_spent_buttons_alone_need_nothing(zalo: ZaloOaStandIn, channel: ZaloOaChannel) -> None:
    assert (await channel.send(HOME, said(replace="m1"))).message_id == ""
    with pytest.raises(Rejected):
        await channel.send(HOME, said(""))
    assert zalo.sent(CITIZEN) == []


# ---- pictures and files


async def test_pictures_are_uploaded_one_a_message_the_first_with_the_words(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    photos = (Photo(media_key="small.jpg"), Photo(media_key="big.png"))
    sent = await channel.send(HOME, said("Đã dọn xong", photos=photos))
    first, second = zalo.sent(CITIZEN)
    assert (first.text, first.photos) == ("Đã dọn xong", [SMALL_JPEG])
    assert second.text == ""
    [shrunk] = second.photos
    assert len(shrunk) <= LIMIT
    assert Image.open(io.BytesIO(shrunk)).size == (1200, 900)
    assert (sent.message_id, sent.other_ids) == (first.id, (second.id,))


async def test_with_buttons_the_words_stand_under_the_pictures(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    await channel.send(HOME, said("Gửi?", photos=(Photo(media_key="small.jpg"),), buttons=SEND))
    picture, question = zalo.sent(CITIZEN)
    assert (bool(picture.photos), picture.text) == (True, "")
    assert question.buttons


async def test_what_is_no_picture_is_refused_for_good(channel: ZaloOaChannel) -> None:
    for key in ("text.jpg", "gone.jpg"):
        with pytest.raises(Rejected):
            await channel.send(HOME, said("Xem", photos=(Photo(media_key=key),)))


async def test_a_letter_is_sent_and_a_workbook_only_named(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    files = (
        File(media_key="letter.pdf", name="Công văn.pdf"),
        File(media_key="table.xlsx", name="Số liệu.xlsx"),
    )
    await channel.send(HOME, said("Gửi anh/chị", files=files))
    letter, words = zalo.sent(CITIZEN)
    assert (letter.file, letter.file_name) == (b"%PDF-1.7 letter", "Công văn.pdf")
    assert words.text == "Gửi anh/chị\n\n📎 ✕ Số liệu.xlsx"
    assert "xlsx" in caplog.text


async def test_a_file_over_the_limit_is_only_named(zalo: ZaloOaStandIn, channel: ZaloOaChannel) -> None:
    await channel.send(HOME, said("Gửi", files=(File(media_key="book.pdf", name="Sách.pdf"),)))
    assert [each.text for each in zalo.sent(CITIZEN)] == ["📎 ✕ Sách.pdf", "Gửi"]


async def test_words_go_out_when_no_more_may_be_uploaded(zalo: ZaloOaStandIn, channel: ZaloOaChannel) -> None:
    zalo.uploads_left = 0
    await channel.send(HOME, said("Đã dọn xong", photos=(Photo(media_key="small.jpg"),)))
    assert [each.text for each in zalo.sent(CITIZEN)] == ["Đã dọn xong"]


async def test_an_upload_that_has_expired_is_made_anew_at_the_next_try(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    message = said("Xem", photos=(Photo(media_key="small.jpg"),))
    zalo.fails(next=-100, path="message/cs")
    with pytest.raises(Unavailable):
        await channel.send(HOME, message)
    await channel.send(HOME, message)
    assert len(zalo.sent(CITIZEN)) == 1


async def test_a_repeated_send_goes_on_after_what_was_shown(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    message = said("Một. " * 700, photos=(Photo(media_key="small.jpg"),), reference="7")
    zalo.fails(next=-200, path="message/cs")
    with pytest.raises(Unavailable):
        await channel.send(HOME, message)
    assert zalo.sent(CITIZEN) == []
    await channel.send(HOME, message)
    assert len(zalo.sent(CITIZEN)) == 3

    again = said("Hai. " * 700, reference="8")
    zalo.now = NOON + timedelta(hours=50)
    await channel.send(HOME, again)
    assert [each.text[:3] for each in zalo.sent(CITIZEN)[3:]] == ["Hai", "Hai"]


async def test_the_parts_after_a_fault_are_sent_once_and_paid_for_together(zalo: ZaloOaStandIn) -> None:
    zalo.now = NOON + timedelta(hours=50)  # each part costs
    async with opened(zalo) as channel:
        message = said("Ba. " * 1100, reference="9")
        real = channel._client.call
        tries = 0

        async def flaky(*arguments: Any, **named: Any) -> Any:
            nonlocal tries
            tries += 1
            if tries == 2:
                raise Unavailable("gone")
            return await real(*arguments, **named)

        channel._client.call = flaky  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            await channel.send(HOME, message)
        sent = await channel.send(HOME, message)
    shown = zalo.sent(CITIZEN)
    assert len(shown) == 3
    assert sent.message_id == shown[-1].id
    assert (sent.price, sent.cost) == ("paid", 3 * CAPABILITIES.price)


# ---- what it costs, and when it cannot go


async def test_the_price_is_told_from_the_quota_in_the_answer(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    assert (await channel.send(HOME, said("Đang xử lý"))).price == "free"
    zalo.now = NOON + timedelta(hours=50)
    zalo.package = 1
    assert (await channel.send(HOME, said("Đang xử lý"))).price == "quota"
    charged = await channel.send(HOME, said("Đang xử lý"))
    assert (charged.price, charged.cost) == ("paid", 72)


async def test_after_a_week_the_window_is_closed(zalo: ZaloOaStandIn, channel: ZaloOaChannel) -> None:
    zalo.now = NOON + timedelta(days=8)
    with pytest.raises(OutsideReplyWindow):
        await channel.send(HOME, said("Đã xong"))


@pytest.mark.parametrize(
    ("code", "error", "retryable", "for_all"),
    [
        (-32, RateLimited, True, True),
        (-200, Unavailable, True, False),
        (-201, Rejected, False, False),
        (-211, OutsideReplyWindow, False, False),
        (-213, RecipientUnreachable, False, False),
        (-221, Misconfigured, True, True),
        (-224, Misconfigured, True, False),
        (-227, RecipientUnreachable, False, False),
        (-232, OutsideReplyWindow, False, False),
        (-321, OutsideReplyWindow, False, False),
        (-99999, Rejected, False, False),
    ],
)
async def test_errors_in_answers_of_200_are_told_apart(
    zalo: ZaloOaStandIn,
    channel: ZaloOaChannel,
    code: int,
    error: type[ChannelError],
    retryable: bool,
    for_all: bool,
) -> None:
    zalo.fails(next=code)
    with pytest.raises(error) as raised:
        await channel.send(HOME, said("Đã xong"))
    assert (raised.value.retryable, raised.value.for_all) == (retryable, for_all)
    assert zalo.sent(CITIZEN) == []


async def test_too_many_calls_wait_for_the_next_minute(zalo: ZaloOaStandIn, channel: ZaloOaChannel) -> None:
    zalo.now = NOON.replace(second=45)
    zalo.limits()
    with pytest.raises(RateLimited) as raised:
        await channel.send(HOME, said("Đã xong"))
    assert raised.value.retry_after == timedelta(seconds=15)


async def test_the_apps_own_count_is_kept_below_the_vendors(zalo: ZaloOaStandIn) -> None:
    zalo.per_minute = 2
    async with opened(zalo, client={"per_minute": 2}) as channel:
        for _ in range(2):
            await channel.send(HOME, said("Đã xong"))
        with pytest.raises(RateLimited) as raised:
            await channel.send(HOME, said("Đã xong"))
        assert raised.value.for_all
        zalo.now = NOON + timedelta(minutes=1)
        await channel.send(HOME, said("Đã xong"))
    assert len(zalo.calls_of("message/cs")) == 3


def test_the_count_frees_calls_one_after_another() -> None:
    rate = Rate(2)
    assert not rate.admit(NOON)
    assert not rate.admit(NOON + timedelta(seconds=20))
    assert rate.admit(NOON + timedelta(seconds=30)) == timedelta(seconds=30)
    assert not rate.admit(NOON + timedelta(seconds=60))
    assert rate.admit(NOON + timedelta(seconds=61)) == timedelta(seconds=19)


async def test_a_dead_token_is_renewed_and_the_message_sent_once(zalo: ZaloOaStandIn) -> None:
    purse = Purse(zalo)
    async with opened(zalo, tokens=purse) as channel:
        old = purse.token
        zalo.expires_tokens()
        await channel.send(HOME, said("Đã xong", photos=(Photo(media_key="small.jpg"),)))
        assert purse.refused == [old]
        assert len(zalo.sent(CITIZEN)) == 1

        zalo.fails(next=-216, times=2)
        with pytest.raises(Misconfigured) as raised:
            await channel.send(HOME, said("Đã xong"))
        assert raised.value.for_all


async def test_a_proof_of_the_apps_secret_goes_along_where_it_is_asked_for() -> None:
    async with ZaloOaStandIn(proof=True) as zalo:
        await zalo.user_sends(CITIZEN, "xin chào")
        async with opened(zalo, client={"proof_secret": zalo.app_secret}) as channel:
            await channel.send(HOME, said("Chào"))
        assert zalo.sent(CITIZEN)[0].text == "Chào"


async def test_dropped_and_garbled_answers_are_tried_again_later(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    zalo.drops()
    with pytest.raises(Unavailable):
        await channel.send(HOME, said("Đã xong"))
    await channel.send(HOME, said("Đã xong"))


async def test_an_answer_that_says_nothing_is_not_taken_for_a_message_sent() -> None:
    async def nothing(request: web.Request) -> web.Response:
        return web.json_response({"message": "service unavailable"})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", nothing)
    async with TestServer(app) as server, ZaloOaStandIn() as zalo:
        client = Client(tokens=Purse(zalo), api_url=str(server.make_url("")))
        with pytest.raises(Unavailable):
            await client.call("POST", "v3.0/oa/message/cs", json={})
        await client.close()


async def test_a_vendor_that_never_answers_is_given_up_in_time(zalo: ZaloOaStandIn) -> None:
    async with opened(zalo, client={"read_seconds": 0.05}) as channel:
        zalo.hangs()
        with pytest.raises(Unavailable):
            await channel.send(HOME, said("Đã xong"))


# ---- templates


async def test_after_the_window_the_approved_form_goes_with_its_price(zalo: ZaloOaStandIn) -> None:
    zalo.approve_template("31337", "ma", "don_vi")
    zalo.now = NOON + timedelta(days=30)
    async with opened(zalo, template=TEMPLATE) as channel:
        assert channel.capabilities.template_price == 120
        words = {"code": "HN-1", "unit": "", "status": "Đã xử lý"}
        sent = await channel.send(HOME, said("Đã xong", template=words, reference="12"))
    [shown] = zalo.sent(CITIZEN)
    assert (shown.template, shown.template_id) == ({"ma": "HN-1", "don_vi": "–"}, "31337")
    assert (sent.message_id, sent.price, sent.cost) == (shown.id, "template", 120)


@pytest.mark.parametrize(("hour", "wait"), [(15, 8), (22, 1)])  # 22:00 and 05:00 in Viet Nam
async def test_at_night_a_form_waits_for_the_morning_without_a_call(
    zalo: ZaloOaStandIn, hour: int, wait: int
) -> None:
    zalo.now = NOON.replace(hour=hour)
    async with opened(zalo, template=TEMPLATE) as channel:
        with pytest.raises(RateLimited) as raised:
            await channel.send(HOME, said("Đã xong", template={"code": "HN-1"}))
    assert raised.value.retry_after == timedelta(hours=wait)
    assert not raised.value.for_all
    assert zalo.calls_of("template") == []


@pytest.mark.parametrize(
    ("number", "written"),
    [("0901 234 567", "84901234567"), ("+84901234567", "84901234567"), ("12", ""), ("", "")],
)
def test_numbers_are_written_as_the_vendor_does(number: str, written: str) -> None:
    assert as_phone(number) == written


# ---- what people send


async def test_pictures_and_files_are_fetched_from_the_vendor_alone(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    await zalo.user_sends(CITIZEN, "Rác", photo=SMALL_JPEG)
    assert await channel.fetch(received(channel, zalo).photos[0]) == SMALL_JPEG
    await zalo.user_sends(CITIZEN, document=Document(content=b"%PDF-1.7 x"))
    assert await channel.fetch_file(received(channel, zalo).files[0]) == b"%PDF-1.7 x"

    zalo.lose_contents()
    with pytest.raises(Rejected):
        await channel.fetch_file(received(channel, zalo).files[0])
    for foreign in (
        "http://127.0.0.1:1/secret",
        "http://169.254.169.254/latest",
        "https://zdn.vn.evil.example/x.jpg",
        "https://user@zdn.vn/x.jpg",
        "https://zdn.vn:8443/x.jpg",
        "file:///etc/passwd",
        "",
    ):
        with pytest.raises(Rejected):
            await channel.fetch(Photo(reference=foreign))


def test_further_domains_may_be_named() -> None:
    allowed = Allowed(hosts=("zdn.vn", "new.example"))
    assert allowed.has(URL("https://f9.new.example/a.jpg"))
    assert not allowed.has(URL("https://renew.example/a.jpg"))


async def test_what_arrives_over_the_webhook_is_taken_as_the_vendor_signs_it(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    await channel.start()
    await zalo.user_sends(CITIZEN, "Rác ở ngõ 5")
    posted = zalo.posted[-1]
    headers = zalo._headers(posted.body, 0)
    assert channel.envelope(posted.body, headers).chat == CITIZEN
    assert received(channel, zalo).text == "Rác ở ngõ 5"


async def test_it_starts_without_tokens_but_not_without_the_vendor(zalo: ZaloOaStandIn) -> None:
    class Nothing:
        async def access(self) -> str:
            raise Misconfigured("no consent yet", for_all=True)

        async def renewed(self, refused: str) -> str:
            raise AssertionError

    async with opened(zalo, tokens=Nothing()) as channel:
        await channel.start()
    async with opened(zalo) as channel:
        zalo.fails(next=Status(502))
        with pytest.raises(Unavailable):
            await channel.start()


async def test_what_was_missed_is_found_in_the_history_with_the_same_identity(
    zalo: ZaloOaStandIn, channel: ZaloOaChannel
) -> None:
    zalo.now = NOON + timedelta(hours=1)
    for number in range(12):
        await zalo.user_sends(CITIZEN, f"Tin {number}")
        await channel.send(HOME, said(f"Trả lời {number}"))
    came = [posted.body for posted in zalo.posted if b"user_send_text" in posted.body]

    missed = await channel.missed([CITIZEN, "g1234"], NOON + timedelta(minutes=30))

    expected = [channel.parse(body) for body in came[1:]]  # without the greeting at noon
    found = [channel.parse(body) for _, body in missed]
    assert [(each.text, each.sent_at) for each in found if each] == [
        (each.text, each.sent_at) for each in expected if each
    ]
    webhooked = [channel.envelope(body, zalo._headers(body, 0)).external_id for body in came[1:]]
    assert [envelope.external_id for envelope, _ in missed] == webhooked
    assert {envelope.chat for envelope, _ in missed} == {CITIZEN}


async def test_the_history_spells_pictures_and_positions_its_own_way(zalo: ZaloOaStandIn) -> None:
    from bot.channels.zalo_oa.history import as_event

    async with opened(zalo) as channel:
        lines = (
            {"type": "photo", "url": "https://photo.zdn.vn/1.jpg", "message": "Rác"},
            {"type": "location", "location": '{"latitude": 21.0, "longitude": 105.8}'},
            {"type": "nosupport"},
        )
        photo, place, other = (
            channel.parse(json.dumps(as_event(CITIZEN, {"message_id": "m", "time": 1, **line})).encode())
            for line in lines
        )
    assert photo is not None
    assert (photo.photos[0].reference, photo.text) == ("https://photo.zdn.vn/1.jpg", "Rác")
    assert place is not None
    assert place.location is not None
    assert place.location.latitude == 21.0
    assert other is not None
    assert other.unsupported == "other"


@pytest.mark.parametrize(
    ("labels", "listed"),
    [
        (["Gửi", "Hủy"], ["1. Gửi", "2. Hủy"]),
        (["3 ngày", "Hủy"], ["1. 3 ngày", "2. Hủy"]),
        (["1 ngày", "2 ngày", "Hủy"], ["1 ngày", "2 ngày", "3. Hủy"]),
        (["1 ngày", "2 ngày", "5 ngày", "Hủy"], ["1 ngày", "2 ngày", "5 ngày", "Hủy"]),
    ],
)
def test_no_number_in_the_list_means_two_things(labels: list[str], listed: list[str]) -> None:
    assert list(numbered([Button(label=label, data="days:1") for label in labels])) == listed


async def test_a_group_gets_words_and_numbers_only(channel: ZaloOaChannel, zalo: ZaloOaStandIn) -> None:
    [part] = compose(
        said("Ai xử lý?", buttons=SEND, links=(("Bản đồ", "https://city.vn/map"),), ask_contact="Gửi số"),
        group=True,
        cards=True,
    )
    assert part.text == "Ai xử lý?\n\nBản đồ: https://city.vn/map\n\n1. Gửi\n2. Hủy"
    assert part.buttons == ()
