"""Raw updates of the Zalo Bot Platform as messages, in every spelling that is seen."""

import json
import random
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.channels.zalo_bot.updates import envelope_of, parse_update, read, without_name
from handlers.channel import Empty, InboundMessage, Malformed

AT = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
NAME = "Bot Phản Ánh"


def update(kind: str, *, wrapped: bool = True, group: bool = False, **content: Any) -> bytes:
    """Return an update as the vendor sends it."""
    message = {
        "from": {"id": "6ede9afa66b88fe6d6a9", "display_name": "Một người", "is_bot": False},
        "chat": {
            "id": "9f01" if group else "6ede9afa66b88fe6d6a9",
            "chat_type": "GROUP" if group else "PRIVATE",
        },
        "message_id": "2d758cb5e222177a4e35",
        "date": int(AT.timestamp() * 1000),
        **content,
    }
    inner = {"event_name": f"message.{kind}.received", "message": message}
    return json.dumps({"ok": True, "result": inner} if wrapped else inner).encode()


def parsed(body: bytes) -> InboundMessage:
    message = parse_update(body, [NAME])
    assert message is not None
    return message


@pytest.mark.parametrize("wrapped", [True, False])
def test_a_text_is_read_with_and_without_its_wrapping(wrapped: bool) -> None:
    body = update("text", wrapped=wrapped, text="Xin chào")
    envelope = envelope_of(read(body))
    assert (envelope.external_id, envelope.chat) == ("2d758cb5e222177a4e35", "6ede9afa66b88fe6d6a9")
    message = parsed(body)
    assert (message.text, message.sender_name, message.sent_at) == ("Xin chào", "Một người", AT)
    assert not message.group


def test_times_come_in_milliseconds_or_seconds() -> None:
    assert parsed(update("text", text="a", date=int(AT.timestamp()))).sent_at == AT


@pytest.mark.parametrize("field", ["photo", "photo_url"])
def test_a_photo_is_read_in_both_spellings_with_its_caption(field: str) -> None:
    body = update("image", message_type="CHAT_PHOTO", caption="Rác", **{field: "https://f.zdn.vn/1.jpg"})
    message = parsed(body)
    assert [photo.reference for photo in message.photos] == ["https://f.zdn.vn/1.jpg"]
    assert message.text == "Rác"
    assert message.album == envelope_of(read(body)).album != ""


def test_photos_of_one_burst_belong_together_and_later_ones_do_not() -> None:
    def album(seconds: int) -> str:
        date = int(AT.timestamp()) + seconds
        return envelope_of(read(update("image", photo_url="https://f.zdn.vn/1.jpg", date=date))).album

    assert album(0) == album(4) != album(120)
    text = envelope_of(read(update("text", text="x")))
    assert text.album == ""


@pytest.mark.parametrize(
    ("kind", "content", "unsupported"),
    [
        ("sticker", {"sticker": "bfe4", "url": "https://x"}, "sticker"),
        ("voice", {"voice_url": "https://voice.zdn.vn/1.aac"}, "voice"),
        ("unsupported", {}, "other"),
        ("something_new", {}, "other"),
    ],
)
def test_what_the_bot_cannot_use_is_named(kind: str, content: dict[str, Any], unsupported: str) -> None:
    message = parsed(update(kind, **content))
    assert message.unsupported == unsupported
    assert [file.kind for file in message.files] == (["voice"] if kind == "voice" else [])


def test_a_link_is_a_text() -> None:
    assert parsed(update("link", text="Xem", link="https://a.vn")).text == "Xem\nhttps://a.vn"


def test_bots_and_unknown_events_hold_nothing_for_the_bot() -> None:
    assert parse_update(update("text", text="a", **{"from": {"id": "1", "is_bot": True}})) is None
    assert parse_update(b'{"event_name":"bot.changed","message":{}}') is None


@pytest.mark.parametrize("body", [b"{}", b'{"ok":true,"result":{}}'])
def test_the_vendor_s_test_call_is_nothing_to_keep(body: bytes) -> None:
    with pytest.raises(Empty):
        envelope_of(read(body))


@pytest.mark.parametrize("body", [b"", b"[]", b"nonsense", b"[" * 100_000])
def test_garbage_is_no_update(body: bytes) -> None:
    with pytest.raises(Malformed):
        read(body)


def test_an_update_without_an_id_is_known_by_its_content() -> None:
    strange = {"event_name": "message.text.received", "message": {"text": "x"}}
    assert envelope_of(strange) == envelope_of(dict(strange))
    assert envelope_of(strange).external_id != envelope_of({**strange, "event_name": "y"}).external_id


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("@Bot Phản Ánh rác ở ngõ 5", "rác ở ngõ 5"),
        ("rác ở ngõ 5 @bot phản ánh", "rác ở ngõ 5"),
        ("@Bot Phản Ánh", ""),
        ("@Bot Phản Ánhx 3", "3"),
        ("@Tên Khác /danhsach", "/danhsach"),
        ("@Tên Khác xem giúp", "@Tên Khác xem giúp"),
    ],
)
def test_the_bot_s_name_is_no_part_of_what_is_said_to_it(said: str, meant: str) -> None:
    assert without_name(said, [NAME]) == meant
    message = parsed(update("text", group=True, text=said))
    assert (message.address.chat, message.text, message.mentioned) == ("g9f01", meant, True)


def test_in_a_private_chat_names_are_left_alone() -> None:
    assert parsed(update("text", text="@Bot Phản Ánh 1")).text == "@Bot Phản Ánh 1"


def test_a_bent_update_is_read_or_set_aside_and_never_breaks_anything() -> None:
    chance = random.Random(7)
    samples = [
        update("text", text="Xin chào"),
        update("image", photo_url="https://f.zdn.vn/1.jpg"),
        update("voice", voice_url="https://voice.zdn.vn/1.aac", wrapped=False),
    ]
    for number in range(3000):
        body = json.dumps(bent(json.loads(samples[number % 3]), chance)).encode()
        try:
            envelope = envelope_of(read(body))
        except (Malformed, Empty):
            continue
        assert envelope.external_id
        try:
            message = parse_update(body, [NAME])
        except ValueError:
            continue
        if message is not None:
            assert message.address.chat == envelope.chat
            (message.text + message.sender_name).encode()


def bent(value: Any, chance: random.Random) -> Any:
    """Return JSON with something in it changed, taken away or put in its place."""
    odd = [None, 0, -1, 1e300, "", "\x00", "\ud800", [], {}, [1], {"id": 3}, True, "x" * 3000]
    if chance.random() < 0.06:
        return chance.choice(odd)
    if isinstance(value, Mapping):
        return {key: bent(part, chance) for key, part in value.items() if chance.random() > 0.04}
    return value
