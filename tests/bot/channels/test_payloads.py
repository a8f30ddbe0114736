"""What arrives from vendors: recorded events are read as they should be, and spoilt ones do no harm.

`tests/payloads/zalo_oa` and `tests/payloads/zalo_bot` hold one file for each kind of event: the `event`, its
`envelope` ("Empty" where it is not kept), and what must be `read` of it (nothing, for null); only fields that
differ from their defaults, an id that ends in * stands for any, `true` for any album. What must be read of
`tests/payloads/telegram` stands in `test_telegram_updates.py`.
"""

import copy
import fnmatch
import json
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from bot.channels.telegram import TelegramChannel
from bot.channels.zalo_bot import ZaloBotChannel
from bot.channels.zalo_oa import ZaloOaChannel
from bot.channels.zalo_oa.client import Client
from bot.server import Webhook
from handlers.channel import Address, Channel, Empty, Envelope, Forbidden, InboundMessage, Malformed
from handlers.receipt import Receiver
from storage.database import Database
from storage.tables import inbox
from tests.standins import zalo_oa_rules

PAYLOADS = Path(__file__).parents[2] / "payloads"
SECRET = "a-Secret_1"
OA, APP, KEY = "388613280878808645", "360846524940903967", "oa-secret-key"
ID_LIMIT = 128
"""Characters of an id that the inbox keeps."""
SENT_AT = datetime(2024, 11, 21, 9, 30, tzinfo=UTC)


class NoTokens:
    """Tokens that nobody asks for: nothing is sent here."""

    async def access(self) -> str:
        raise AssertionError

    async def renewed(self, refused: str) -> str:
        raise AssertionError


async def no_media(key: str) -> bytes:
    raise AssertionError(key)


def build_zalo_oa() -> ZaloOaChannel:
    channel = ZaloOaChannel(
        client=Client(tokens=NoTokens()),
        app_id=APP,
        oa_secret_key=KEY,
        open_media=no_media,
        now=lambda: SENT_AT,
    )
    channel._oa_id = OA  # learned from the vendor when it starts
    return channel


def build_zalo_bot() -> ZaloBotChannel:
    channel = ZaloBotChannel(token="42:stand-in", secret=SECRET, mode="webhook")
    channel._names = ("Bot Lắng Nghe",)  # learned from the vendor when it starts
    return channel


def build_telegram() -> TelegramChannel:
    return TelegramChannel(token="42:stand-in", secret=SECRET, mode="webhook", open_media=no_media)


CHANNELS: dict[str, Channel] = {
    "telegram": build_telegram(),
    "zalo_oa": build_zalo_oa(),
    "zalo_bot": build_zalo_bot(),
}


def proof_of(channel: str, body: bytes) -> Mapping[str, str]:
    """Return the headers by which the vendor proves that a body is its own."""
    if channel == "telegram":
        return {"X-Telegram-Bot-Api-Secret-Token": SECRET}
    if channel == "zalo_bot":
        return {"X-Bot-Api-Secret-Token": SECRET}
    try:
        event = json.loads(body)
        moment = event.get("timestamp", "") if isinstance(event, dict) else ""
    except (ValueError, RecursionError):
        moment = ""
    stamp = moment if isinstance(moment, str) else str(moment)
    try:
        return {"X-ZEvent-Signature": f"mac={zalo_oa_rules.signature(APP, body, stamp, KEY)}"}
    except UnicodeEncodeError:
        return {}


def files() -> Iterator[tuple[str, str, Any]]:
    """Yield channel, name and content of every file."""
    for channel in CHANNELS:
        for path in sorted((PAYLOADS / channel).glob("*.json")):
            yield channel, path.stem, json.loads(path.read_text(encoding="utf-8"))


FILES = list(files())
DESCRIBED = [(channel, name, content) for channel, name, content in FILES if channel != "telegram"]
EVENTS = [(channel, content if channel == "telegram" else content["event"]) for channel, _, content in FILES]


def as_body(event: Any) -> bytes:
    return json.dumps(event, ensure_ascii=False).encode("utf-8", "surrogatepass")


# ---- as they should be


@pytest.mark.parametrize(
    ("channel", "content"),
    [pytest.param(channel, content, id=f"{channel}-{name}") for channel, name, content in DESCRIBED],
)
def test_every_kind_of_event_is_read_as_its_file_says(channel: str, content: Mapping[str, Any]) -> None:
    body = as_body(content["event"])
    try:
        found = told(CHANNELS[channel].envelope(body, proof_of(channel, body)))
    except Empty:
        found = "Empty"
    assert agrees(found, content["envelope"])
    assert agrees(told(CHANNELS[channel].parse(body)), content["read"])


def told(value: Any) -> Any:
    """Return a value object as JSON without what is as usual."""
    if isinstance(value, Address):
        return str(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [told(each) for each in value]
    if is_dataclass(value):
        parts = {field.name: getattr(value, field.name) for field in fields(value)}
        usual = {field.name: field.default for field in fields(value) if field.default is not MISSING}
        return {name: told(part) for name, part in parts.items() if name not in usual or part != usual[name]}
    return value


def agrees(found: Any, expected: Any) -> bool:
    """Compare, with "*" at the end of a text for anything and `true` for an album."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return found.keys() == expected.keys() and all(
            bool(found[name]) if name == "album" else agrees(found[name], part)
            for name, part in expected.items()
        )
    if isinstance(expected, str) and expected.endswith("*"):
        return fnmatch.fnmatchcase(str(found), expected)
    return bool(found == expected)


def test_every_kind_of_event_that_the_vendor_documents_has_a_file() -> None:
    kinds = "text image gif link audio video sticker location business_card file"
    group = "text image link audio video location business_card sticker gif file"
    names = {f"user_send_{kind}" for kind in kinds.split()}
    names |= {f"user_send_group_{kind}" for kind in group.split()}
    names |= {"follow", "unfollow", "user_submit_info", "user_seen_message", "user_received_message"}
    names |= {"user_reacted_message", "user_click_chatnow", "user_withdraw", "anonymous_send_text"}
    names |= {"oa_send_text", "oa_send_image", "oa_send_group_text", "add_user_to_tag"}
    names |= {"create_group", "delete_group", "update_group_info", "add_group_admin", "remove_group_admin"}
    names |= {"user_join_group", "user_out_group", "user_request_join_group"}
    names |= {"accept_request_join_group", "reject_request_join_group"}
    assert names <= {content["event"]["event_name"] for channel, _, content in FILES if channel == "zalo_oa"}
    received = {
        f"message.{kind}.received" for kind in ["text", "image", "sticker", "voice", "link", "unsupported"]
    }
    events = [content["event"] for channel, _, content in FILES if channel == "zalo_bot"]
    assert received <= {event.get("result", event)["event_name"] for event in events}


# ---- spoilt


ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1.5, 1e308, float("inf")),
    *("", " ", "\x00", "\ud83d", "a" * 5000, "9" * 5000),
    *([], {}, [[]], [None], {"id": {}}, {"text": []}, ["1", 2, None, {"a": 1}]),
)
NAMES = ("x", "", "text", "id", "type", "message", "\ud83d")
DEEP = 200


def places(value: Any, steps: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Yield the way to everything in a document but the document itself."""
    if isinstance(value, dict | list):
        for step in list(value) if isinstance(value, dict) else range(len(value)):
            yield (*steps, step)
            yield from places(value[step], (*steps, step))


def holder_of(document: Any, way: tuple[str | int, ...]) -> Any:
    """Return what directly holds the thing at the end of the way."""
    for step in way[:-1]:
        document = document[step]
    return document


@st.composite
def spoilt(draw: st.DrawFn, event: Any, spared: frozenset[tuple[str | int, ...]] = frozenset()) -> Any:
    """Draw an event with a few parts dropped, renamed, retyped or nested; not those that are `spared`."""
    event = copy.deepcopy(event)
    for _ in range(draw(st.integers(1, 3))):
        ways = [way for way in places(event) if not any(part[: len(way)] == way for part in spared)]
        if ways:
            _spoil(draw, event, draw(st.sampled_from(ways)))
    return event


def _spoil(draw: st.DrawFn, event: Any, way: tuple[str | int, ...]) -> None:
    holder, last = holder_of(event, way), way[-1]
    match draw(st.sampled_from(["drop", "rename", "retype", "nest", "deepen"])):
        case "drop":
            del holder[last]
        case "rename" if isinstance(holder, dict):
            holder.setdefault(draw(st.sampled_from(NAMES)), holder.pop(last))
        case "nest":
            holder[last] = draw(st.sampled_from([[holder[last]], {"id": holder[last]}]))
        case "deepen":
            for _ in range(DEEP):
                holder[last] = [holder[last]]
        case _:
            holder[last] = copy.deepcopy(draw(st.sampled_from(ODD)))


def check_whatever(channel: str, body: bytes) -> InboundMessage | None:
    """Let a channel read any body: it may refuse it as foreseen, and must treat it the same again."""
    adapter, headers = CHANNELS[channel], proof_of(channel, body)
    try:
        envelope = adapter.envelope(body, headers)
    except (Forbidden, Malformed, Empty):
        return None
    assert adapter.envelope(body, headers) == envelope
    check_envelope(envelope)
    try:
        message = adapter.parse(body)
    except (Malformed, ValueError):
        return None
    if message is not None:
        check_message(channel, message, envelope)
    return message


def check_envelope(envelope: Envelope) -> None:
    for text in (envelope.external_id, envelope.chat, envelope.album):
        assert isinstance(text, str)
        assert "\x00" not in text
        text.encode()
    assert envelope.external_id


def check_message(channel: str, message: InboundMessage, envelope: Envelope) -> None:
    """Check that what was read can be stored and is of the chat whose order it was put into."""
    assert message.address.channel == channel
    assert message.address.chat[:ID_LIMIT] == envelope.chat[:ID_LIMIT]
    for part in (message.text, message.sender, message.sender_name, message.button, message.message_id):
        assert isinstance(part, str)
        assert "\x00" not in part
        part.encode()
    assert message.sent_at.tzinfo is not None


@settings(max_examples=600, deadline=None)
@given(st.data())
def test_spoilt_events_are_refused_or_read_but_never_break_anything(data: st.DataObject) -> None:
    channel, event = data.draw(st.sampled_from(EVENTS))
    check_whatever(channel, as_body(data.draw(spoilt(event))))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(EVENTS), st.data())
def test_spoilt_bytes_are_refused_or_read_but_never_break_anything(
    event: tuple[str, Any], data: st.DataObject
) -> None:
    body = bytearray(as_body(event[1]))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        if data.draw(st.booleans()):
            body[at] = data.draw(st.integers(0, 255))
        else:
            del body[at : at + data.draw(st.integers(1, 50))]
        if not body:
            break
    check_whatever(event[0], bytes(body))


TWICE = b'"update_id":1,"event_name":null,"message":null,"sender":7,"result":[],"timestamp":{},"ok":'


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize(
    "change",
    [
        lambda body: b"[" * 100_000,
        lambda body: b'{"a":' * 100_000,
        lambda body: b'{"message":' + b"[" * 900 + b"]" * 900 + b"," + body[1:],
        lambda body: b"{" + TWICE + b"1e999," + body[1:],
        lambda body: b"{" + TWICE + b"9" * 5000 + b"," + body[1:],
        lambda body: body[:-1] + b"," + TWICE + b"NaN}",
        lambda body: body[:-1] + b',"timestamp":' + b"9" * 4000 + b"}",
        lambda body: b"\xff\xfe" + body,
        lambda body: b"\xef\xbb\xbf" + body,
        lambda body: body.decode().encode("utf-16"),
        lambda body: b"",
        lambda body: b"null",
        lambda body: b'"text"',
        lambda body: b"{}",
    ],
    ids=[
        "deep lists",
        "deep objects",
        "nested",
        "twice first",
        "a number of 5000 digits",
        "twice last",
        "a time of 4000 digits",
        "no UTF-8",
        "byte order mark",
        "UTF-16",
        "nothing",
        "null",
        "a text",
        "an empty object",
    ],
)
def test_bodies_of_no_form_are_refused_or_read_but_never_break_anything(channel: str, change: Any) -> None:
    for name, event in EVENTS:
        if name == channel:
            check_whatever(channel, change(as_body(event)))


# ---- a text that can be read is read

TEXTS: dict[str, tuple[str, frozenset[tuple[str | int, ...]]]] = {
    "telegram": (
        "text",
        frozenset(
            {("update_id",), ("message", "text"), ("message", "date"), ("message", "message_id")}
            | {("message", "from", name) for name in ("id", "is_bot", "first_name")}
            | {("message", "chat", name) for name in ("id", "type")}
        ),
    ),
    "zalo_oa": (
        "user_send_text",
        frozenset({("event_name",), ("sender", "id"), ("message", "text"), ("timestamp",)}),
    ),
    "zalo_bot": (
        "message_text_received",
        frozenset(
            {("result", "event_name"), ("result", "message", "text"), ("result", "message", "date")}
            | {("result", "message", "from", name) for name in ("id", "is_bot")}
            | {("result", "message", "chat", name) for name in ("id", "chat_type")}
        ),
    ),
}
"""For each channel a file with a text, and what of it must be whole for it to be known as somebody's."""


@pytest.mark.parametrize("channel", CHANNELS)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_readable_text_is_read_whatever_else_is_spoilt(channel: str, data: st.DataObject) -> None:
    file, needed = TEXTS[channel]
    event = next(
        content if channel == "telegram" else content["event"]
        for name, stem, content in FILES
        if (name, stem) == (channel, file)
    )
    text = holder_of(event, next(way for way in needed if way[-1] == "text"))["text"]
    message = check_whatever(channel, as_body(data.draw(spoilt(event, needed))))
    assert message is not None
    assert message.text == text


# ---- through the receiver


async def test_whatever_is_accepted_is_kept_once_and_every_text_reaches_a_turn(database: Database) -> None:
    """Post all files twice, whole and spoilt, to the real webhooks: each answer is one that vendors expect,
    and nothing that was answered 200 is missing."""
    receiver = Receiver(database, stored=lambda: None)
    app = Application()
    for adapter in CHANNELS.values():
        hook = Webhook(adapter, receiver.receive)
        hook._acknowledge = None  # nobody answers there
        app.router.add_post(f"/{adapter.name}", hook.answer)
    expected = set()
    async with TestClient(TestServer(app)) as client:
        for number, (channel, event) in enumerate([*EVENTS, *EVENTS]):
            body = as_body(event)
            for sent in (body, body[: -(number % 40) - 1]):
                proof = proof_of(channel, sent)
                async with client.post(f"/{channel}", data=sent, headers=proof) as answer:
                    assert answer.status in (200, 400, 401)
            try:
                envelope = CHANNELS[channel].envelope(body, proof_of(channel, body))
                expected.add((channel, envelope.external_id))
            except Empty:
                pass
    await receiver.close()
    async with database.read() as transaction:
        rows = await transaction.fetch(select(inbox.c.channel, inbox.c.external_id, inbox.c.body))
    assert sorted((row["channel"], row["external_id"]) for row in rows) == sorted(expected)
    for row in rows:
        CHANNELS[row["channel"]].parse(bytes(row["body"]))
