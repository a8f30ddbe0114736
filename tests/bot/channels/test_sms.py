"""Short messages as a channel, against a gateway that speaks HTTP."""

import base64
import json
from collections.abc import AsyncIterator

import pytest

from bot.channels import sms
from bot.channels.sms import SmsChannel, short
from handlers.channel import (
    Address,
    Forbidden,
    Malformed,
    Misconfigured,
    OutboundMessage,
    RateLimited,
    Rejected,
    Unavailable,
)
from tests.standins.sms_gateway import SmsGateway

TO = Address("sms", "+84912345678")
MESSAGE = OutboundMessage(
    text="Yêu cầu giải trình HN-7F3K-9Q2M", links=(("Mở", "https://city.example.vn/c"),)
)


@pytest.fixture
async def gateway() -> AsyncIterator[SmsGateway]:
    async with SmsGateway(token="right") as gateway:
        yield gateway


@pytest.fixture
async def channel(gateway: SmsGateway) -> AsyncIterator[SmsChannel]:
    channel = SmsChannel(url=gateway.url, token="right", sender="HANOI", receipt_secret="s3cret")
    yield channel
    await channel.close()


async def test_a_message_is_posted_without_accents_and_gets_the_gateway_s_id(
    gateway: SmsGateway, channel: SmsChannel
) -> None:
    sent = await channel.send(TO, MESSAGE)
    (posted,) = gateway.posted
    assert posted["to"] == "+84912345678"
    assert posted["text"] == "Yeu cau giai trinh HN-7F3K-9Q2M https://city.example.vn/c"
    assert posted["from"] == "HANOI"
    assert len(posted["reference"]) == 32
    assert sent.message_id == "m1"


async def test_what_is_posted_is_the_operator_s_template(gateway: SmsGateway) -> None:
    template = '{"recipients": ["{to}"], "message": {"body": "{text}"}, "unicode": false, "brand": "{from}"}'
    channel = SmsChannel(url=gateway.url, token="right", sender='H"N', template=template)
    await channel.send(TO, OutboundMessage(text='Nói "xong" {to}'))
    await channel.close()
    assert gateway.posted == [
        {
            "recipients": ["+84912345678"],
            "message": {"body": 'Noi "xong" {to}'},
            "unicode": False,
            "brand": 'H"N',
        }
    ]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, Misconfigured),
        (404, Misconfigured),
        (400, Rejected),
        (422, Rejected),
        (500, Unavailable),
        (503, Unavailable),
        (408, Unavailable),
    ],
)
async def test_what_the_gateway_answers_decides(
    gateway: SmsGateway, channel: SmsChannel, status: int, error: type[Exception]
) -> None:
    gateway.answers = [(status, {})]
    with pytest.raises(error, match=str(status)):
        await channel.send(TO, MESSAGE)


async def test_a_gateway_that_asks_to_wait_is_waited_for(gateway: SmsGateway, channel: SmsChannel) -> None:
    gateway.answers = [(429, {"Retry-After": "7"})]
    with pytest.raises(RateLimited) as limited:
        await channel.send(TO, MESSAGE)
    assert limited.value.retry_after is not None
    assert limited.value.retry_after.total_seconds() == 7


async def test_a_gateway_that_hangs_or_is_away_is_tried_again(
    gateway: SmsGateway, channel: SmsChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sms, "SECONDS", 0.05)
    gateway.hangs = True
    with pytest.raises(Unavailable):
        await channel.send(TO, MESSAGE)
    away = SmsChannel(url="http://127.0.0.1:9/send")
    with pytest.raises(Unavailable):
        await away.send(TO, MESSAGE)
    await away.close()


@pytest.mark.parametrize("number", ["", "113", "abc", "+84 91 2345678", "+84912345678\n"])
async def test_a_number_that_is_none_is_never_posted(
    gateway: SmsGateway, channel: SmsChannel, number: str
) -> None:
    with pytest.raises(Rejected):
        await channel.send(Address("sms", number), MESSAGE)
    assert gateway.posted == []


def test_a_long_text_is_cut_and_its_link_stays_whole() -> None:
    cut = short(OutboundMessage(text="Đường hỏng… " * 100, links=(("Mở", "https://city.example.vn/c"),)))
    assert len(cut) <= 459
    assert cut.isascii()
    assert cut.endswith("... https://city.example.vn/c")
    assert short(OutboundMessage(text="«Rác»\nhạn 17:00 – 25/11 🔺")) == '"Rac" han 17:00 - 25/11 .'


# ── receipts ─────────────────────────────────────────────────────────────────────────────────────


def body(**fields: object) -> bytes:
    return json.dumps(fields).encode()


BEARER = {"Authorization": "Bearer s3cret"}


@pytest.mark.parametrize(("status", "arrived"), [("DELIVRD", True), ("delivered", True), ("UNDELIV", False)])
def test_a_receipt_says_whether_a_message_arrived(channel: SmsChannel, status: str, arrived: bool) -> None:
    receipt = channel.receipt(body(messageId="m1", status=status), BEARER)
    assert receipt is not None
    assert (receipt.message_id, receipt.arrived) == ("m1", arrived)


def test_a_message_on_its_way_has_no_receipt_yet(channel: SmsChannel) -> None:
    assert channel.receipt(body(id=17, state="accepted"), BEARER) is None


def test_the_secret_may_come_as_the_password_of_the_address(channel: SmsChannel) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(b"gateway:s3cret").decode()}
    assert channel.receipt(body(id="m1", status="delivered"), basic) is not None


@pytest.mark.parametrize(
    "headers",
    [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic !!!"}, {"Authorization": "Digest x"}],
)
def test_a_stranger_s_receipt_is_refused(channel: SmsChannel, headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden):
        channel.receipt(body(id="m1", status="delivered"), headers)


async def test_without_a_secret_every_receipt_is_refused(gateway: SmsGateway) -> None:
    channel = SmsChannel(url=gateway.url)
    with pytest.raises(Forbidden):
        channel.receipt(body(id="m1", status="delivered"), {"Authorization": "Bearer "})


@pytest.mark.parametrize(
    "garbage", [b"", b"[]", b'"x"', b"{", b'{"id": "m1"}', b'{"id": true, "status": "delivered"}']
)
def test_garbage_is_malformed(channel: SmsChannel, garbage: bytes) -> None:
    with pytest.raises(Malformed):
        channel.receipt(garbage, BEARER)
