"""What people wrote while the bot could not hear them, from the account's history.

The history spells kinds and fields otherwise than the webhook does; each line is turned into an event that
the webhook could have brought. Source: https://developers.zalo.me/docs/official-account/tin-nhan/quan-ly-tin-nhan
"""

import json
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.events import envelope_of
from bot.channels.zalo_oa.fields import first_text, part_of
from bot.channels.zalo_oa.signature import time_of
from handlers.channel import Envelope

PATH = "v2.0/oa/conversation"
PAGE = 10
"""Lines that the vendor gives at once."""
MOST_PAGES = 20
_FROM_PERSON = "1"
_KINDS = {
    "photo": "image",
    "voice": "audio",
    "links": "link",
    "nosupport": "unknown",
    "gif": "gif",
}
"""Kinds as the history spells them, and as the webhook does."""


async def missed_by(client: Client, user: str, since: datetime) -> list[tuple[Envelope, bytes]]:
    """Return what one person sent since then, oldest first; raises ChannelError."""
    found = [event async for event in _events(client, user, since)]
    bodies = [(envelope_of(event), json.dumps(event, ensure_ascii=False).encode()) for event in found]
    return bodies[::-1]


async def _events(client: Client, user: str, since: datetime) -> AsyncIterator[dict[str, Any]]:
    """Yield a person's messages as events, newest first."""
    for page in range(MOST_PAGES):
        asked = json.dumps({"user_id": user, "offset": page * PAGE, "count": PAGE})
        answer = await client.call("GET", PATH, query={"data": asked})
        lines = _lines(answer.get("data"))
        for line in lines:
            if time_of(line.get("time")) < since:
                return
            if _is_from(user, line):
                yield as_event(user, line)
        if len(lines) < PAGE:
            return


def as_event(user: str, line: Mapping[str, Any]) -> dict[str, Any]:
    """Return a line of the history as the webhook would have brought it."""
    kind = first_text(line, "type") or "text"
    kind = _KINDS.get(kind.lower(), kind.lower())
    message: dict[str, Any] = {"msg_id": first_text(line, "message_id", "msg_id")}
    if text := first_text(line, "message", "text"):
        message["text"] = text
    if quoted := first_text(line, "quote_msg_id"):
        message["quote_msg_id"] = quoted
    if kind != "text":
        message["attachments"] = line.get("attachments") or [{"type": kind, "payload": _payload(line)}]
    return {
        "event_name": f"user_send_{kind}",
        "sender": {"id": user},
        "recipient": {"id": first_text(line, "to_id")},
        "message": message,
        "timestamp": first_text(line, "time"),
    }


def _payload(line: Mapping[str, Any]) -> dict[str, Any]:
    payload = dict(part_of(line, "payload"))
    for name in ("url", "thumb", "thumbnail", "description", "name", "size"):
        if value := first_text(line, name):
            payload.setdefault(name, value)
    if place := _position(line):
        payload["coordinates"] = place
    return payload


def _position(line: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return a position, which stands in an object or in a text with JSON."""
    place: Any = line.get("location") or line.get("coordinates")
    if isinstance(place, str):
        try:
            place = json.loads(place)
        except (ValueError, RecursionError):
            return None
    return place if isinstance(place, dict) else None


def _lines(data: Any) -> list[Mapping[str, Any]]:
    listed = data if isinstance(data, list) else []
    return [line for line in listed if isinstance(line, dict)]


def _is_from(user: str, line: Mapping[str, Any]) -> bool:
    sender = first_text(line, "from_id")
    return sender == user if sender else first_text(line, "src") == _FROM_PERSON
