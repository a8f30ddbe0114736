"""Raw updates of the Bot Platform: which chat they belong to, and what a person did in them.

Source: https://docs.zaloplatforms.com/docs/BOT; what is read twice (wrapped and bare, `photo` and
`photo_url`, seconds and milliseconds) differs between the vendor's pages and what arrives.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from handlers.channel import Address, Empty, Envelope, File, InboundMessage, Malformed, Photo

CHANNEL = "zalo_bot"
GROUP_MARK = "g"
"""Stands before the id of a group, so that it is never taken for a person's."""
BURST_SECONDS = 30
"""Photos that one person sends within the same span are taken for an album: the vendor tells of none."""

_MILLISECONDS = 10_000_000_000
"""A time above this is in milliseconds: as seconds it would lie in the year 2286."""
_UNSUPPORTED = {"sticker": "sticker", "voice": "voice", "video": "video", "file": "file"}
_CALLED = re.compile(r"@[^/\n]{1,60}?\s+(/\w.*|\d{1,2})", re.DOTALL)
"""A command or a number after a name that is not known to be the bot's."""
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def read(body: bytes) -> dict[str, Any]:
    """Return an update without its wrapping; raises Malformed."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(update, dict):
        raise Malformed("not an update")
    inner = update.get("result")
    return inner if isinstance(inner, dict) else update


def envelope_of(update: Mapping[str, Any]) -> Envelope:
    """Say what an update is; one without an id is known by its content. Raises Empty."""
    if "message" not in update and "event_name" not in update:
        raise Empty
    message = _object(update.get("message"))
    chat = _object(message.get("chat"))
    name = _chat_id(chat) if _text(chat.get("id")) else ""
    return Envelope(
        external_id=_text(message.get("message_id")) or _digest(update),
        chat=name,
        album=_album(message) if update.get("event_name") == "message.image.received" else "",
    )


def _digest(update: Mapping[str, Any]) -> str:
    content = json.dumps(update, sort_keys=True).encode()
    return f"unnamed-{hashlib.sha256(content).hexdigest()[:32]}"


def _album(message: Mapping[str, Any]) -> str:
    """Return what photos of one person have in common that come in a burst."""
    sender = _text(_object(message.get("from")).get("id"))
    try:
        second = int(_time(message).timestamp())
    except (LookupError, TypeError, ValueError, OverflowError, OSError):
        return ""
    return f"{sender}:{second // BURST_SECONDS}"


def parse_update(body: bytes, names: Sequence[str] = ()) -> InboundMessage | None:
    """Read what a person did; None when the update holds nothing for the bot, which has these names.

    Raises ValueError for an update that is not as the vendor documents it.
    """
    update = read(body)
    try:
        return _parse(update, names)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError) as error:
        raise ValueError("the update is not as documented") from error


def _parse(update: Mapping[str, Any], names: Sequence[str]) -> InboundMessage | None:
    event = str(update.get("event_name", ""))
    if not event.startswith("message.") or update["message"]["from"].get("is_bot"):
        return None
    message = update["message"]
    group = message["chat"].get("chat_type") == "GROUP"
    content = _content(event.split(".")[1], message)
    if group:
        content["text"] = without_name(content.get("text", ""), names)
    return InboundMessage(
        address=Address(CHANNEL, _chat_id(message["chat"])),
        sender=_known(message["from"]["id"]),
        sender_name=_storable(message["from"].get("display_name")),
        sent_at=_time(message),
        message_id=_text(message.get("message_id")),
        reply_to=_text(_object(message.get("reply_to_message")).get("message_id")),
        group=group,
        mentioned=group,
        buttonless=group,
        **content,
    )


def _content(kind: str, message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was sent: a text, a photo with its caption, or the kind of what the bot cannot use."""
    text = _storable(message.get("text")) or _storable(message.get("caption"))
    if kind == "text":
        return {"text": text}
    if kind == "image":
        photos = _photos(message)
        return {"text": text, "photos": photos, "album": _album(message) if photos else ""}
    if kind == "link":
        words = dict.fromkeys(filter(None, (text, _storable(message.get("link") or message.get("url")))))
        return {"text": "\n".join(words)} if words else {"unsupported": "other"}
    unsupported = _UNSUPPORTED.get(kind, "other")
    address = _text(message.get("voice_url") or message.get("voice"))
    if kind == "voice" and address:
        return {"text": text, "unsupported": unsupported, "files": (File(kind="voice", reference=address),)}
    return {"text": text, "unsupported": unsupported}


def _photos(message: Mapping[str, Any]) -> tuple[Photo, ...]:
    """Return the photos; an image without an address raises ValueError, so that it is set aside and seen."""
    given = message.get("photo_url") or message.get("photo")
    addresses = given if isinstance(given, list) else [given]
    found = [address for address in addresses if isinstance(address, str) and address]
    if not found:
        raise ValueError("an image without an address")
    return tuple(Photo(reference=address) for address in found)


def without_name(text: str, names: Sequence[str]) -> str:
    """Return a text of a group without the name of the bot that it is for."""
    for name in names:
        text = re.sub(rf"@{re.escape(name)}(?!\w)", "", text, flags=re.IGNORECASE)
    text = text.strip()
    called = _CALLED.fullmatch(text)
    return called[1] if called else text


def _time(message: Mapping[str, Any]) -> datetime:
    stamp = float(message["date"])
    return datetime.fromtimestamp(stamp / 1000 if stamp > _MILLISECONDS else stamp, UTC)


def _chat_id(chat: Mapping[str, Any]) -> str:
    mark = GROUP_MARK if chat.get("chat_type") == "GROUP" else ""
    return mark + _known(chat["id"])


def _known(value: object) -> str:
    """Return an id as text; raises ValueError for what is none."""
    if not (found := _text(value)):
        raise ValueError("no id")
    return found


def _text(value: object) -> str:
    """Return an id or an address as text; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return _storable(str(value))


def _storable(value: object) -> str:
    return _UNSTORABLE.sub("", value) if isinstance(value, str) else ""


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
