"""What a message holds, as fields of the port's InboundMessage."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from bot.channels.zalo_oa.fields import as_text, first_text, part_of
from handlers.channel import Contact, File, Location, Photo

PRESS_MARK = "#"
"""Stands before a button's data, which comes back as if the person had typed it."""
LARGEST_PHOTO = 12 * 1024 * 1024
"""Bytes."""

_PRESS = re.compile(r"#([!-~]{1,64})")
_NUMBER = re.compile(r"#\s?(\d{1,2})", re.ASCII)
_PHONE = re.compile(r"\+?\d[\d .-]{7,16}")
_UNSUPPORTED = {
    "sticker": "sticker",
    "gif": "sticker",
    "audio": "voice",
    "voice": "voice",
    "video": "video",
    "file": "file",
    "image": "photo_lost",
    "photo": "photo_lost",
}
"""Kinds that the bot cannot use, or could not read, and their names in the port."""
_MIMES = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
}
_PICTURES = frozenset({"jpg", "jpeg", "png", "webp", "heic"})


def content_of(kind: str, message: Mapping[str, Any], oa_id: str) -> dict[str, Any]:
    """Return the fields that depend on what was sent; `kind` is the end of the event's name."""
    text = _without_mention(first_text(message, "text"), oa_id)
    found: dict[str, Any] = {}
    for attachment in _attachments(message):
        of = first_text(attachment, "type") or kind
        _add(found, _attached(of, part_of(attachment, "payload"), attachment, text))
    if kind == "text" and not found:
        return _pressed(text) or {"text": text}
    if not found and not (kind == "link" and text):
        found = {"unsupported": _UNSUPPORTED.get(kind, "other")}
    return {"text": text, **found}


def text_of(event: Mapping[str, Any]) -> str:
    """Return the text of an event's message."""
    return first_text(part_of(event, "message"), "text")


def mentions(message: Mapping[str, Any], oa_id: str) -> bool:
    """Tell whether a message in a group names the account."""
    return bool(oa_id) and f"[@{oa_id}]" in first_text(message, "text")


def _without_mention(text: str, oa_id: str) -> str:
    mention = f"[@{oa_id}]"
    return text.replace(mention, "").strip() if oa_id and mention in text else text


def _pressed(text: str) -> dict[str, Any]:
    """Read a pressed button; whoever types the same does the same. "#2" is a number of the list.

    One word may be a hashtag as well: it stays a text beside, for whoever finds that no button means it.
    """
    if numbered := _NUMBER.fullmatch(text.strip()):
        return {"text": numbered[1]}
    found = _PRESS.fullmatch(text.strip())
    if found is None:
        return {}
    return {"button": found[1], "text": "" if ":" in found[1] else text}


def _attachments(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = message.get("attachments", message.get("attachment"))
    listed = given if isinstance(given, list) else [given]
    return [each for each in listed if isinstance(each, dict)]


def _add(found: dict[str, Any], more: Mapping[str, Any]) -> None:
    """Add what another attachment holds: pictures and files one after another."""
    for name, value in more.items():
        found[name] = found[name] + value if isinstance(value, tuple) and name in found else value


def _attached(
    kind: str, payload: Mapping[str, Any], attachment: Mapping[str, Any], text: str
) -> dict[str, Any]:
    url = first_text(payload, "url", "href") or first_text(attachment, "url")
    if kind in {"image", "photo"}:
        return {"photos": (Photo(reference=url),)} if url else {"unsupported": "photo_lost"}
    if kind == "location":
        return _position(payload)
    if kind == "link":
        return _link(payload, url, text)
    if kind in {"audio", "voice"}:
        files = (File(kind="voice", reference=url, mime="audio/amr", size=_size(payload)),) if url else ()
        return {"files": files, "unsupported": "voice"}
    if kind == "file":
        return _file(payload, url)
    return {"unsupported": _UNSUPPORTED.get(kind, "other")}


def _position(payload: Mapping[str, Any]) -> dict[str, Any]:
    place = part_of(payload, "coordinates") or payload
    latitude = _number(place, "latitude", "lat")
    longitude = _number(place, "longitude", "long", "lng", "lon")
    if latitude is None or longitude is None or not (abs(latitude) <= 90 and abs(longitude) <= 180):
        return {"unsupported": "other"}
    return {"location": Location(latitude=latitude, longitude=longitude)}


def _number(content: Mapping[str, Any], *names: str) -> float | None:
    value = next((content[name] for name in names if content.get(name) is not None), None)
    try:
        number = float(value) if isinstance(value, str | int | float) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _link(payload: Mapping[str, Any], url: str, text: str) -> dict[str, Any]:
    """Read a link as text; one that stands for somebody's card as their number."""
    description = first_text(payload, "description")
    if phone := _phone_in(description):
        return {"contact": Contact(phone=phone)}
    lines = (text, description if description not in text else "", url if url not in text else "")
    return {"text": "\n".join(line for line in lines if line)}


def _phone_in(description: str) -> str:
    try:
        card = json.loads(description)
    except (ValueError, RecursionError):
        return ""
    phone = first_text(card, "phone") if isinstance(card, dict) else ""
    return phone if _PHONE.fullmatch(phone) else ""


def _file(payload: Mapping[str, Any], url: str) -> dict[str, Any]:
    name, size = first_text(payload, "name"), _size(payload)
    ending = (name.rpartition(".")[2] if "." in name else first_text(payload, "type")).lower()
    if not url:
        return {"unsupported": "file"}
    if ending in _PICTURES:
        if size is not None and size > LARGEST_PHOTO:
            return {"unsupported": "large_photo"}
        return {"photos": (Photo(reference=url, size=size),)}
    file = File(
        kind="voice" if _MIMES.get(ending, "").startswith("audio/") else "document",
        reference=url,
        name=name,
        mime=_MIMES.get(ending, "application/octet-stream"),
        size=size,
    )
    return {"files": (file,), "unsupported": "file"}


def _size(payload: Mapping[str, Any]) -> int | None:
    size = as_text(payload.get("size"))
    return int(size) if size.isascii() and size.isdigit() and len(size) < 16 else None
