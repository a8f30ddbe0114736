"""Raw Telegram updates: which chat they belong to, and what a person did in them.

Plain dictionary access: the library's `Update.de_json` takes several times as long.
Source: https://core.telegram.org/bots/api#update
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from handlers.channel import Address, Contact, Envelope, InboundMessage, Location, Malformed, Photo

CHANNEL = "telegram"
ALLOWED_UPDATES = (
    "message",
    "edited_message",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "chat_join_request",
)
"""The kinds that the bot asks for; some are off unless they are named."""

LARGEST_PHOTO = 10 * 1024 * 1024
"""Bytes; the vendor itself takes no larger photo (a document may be larger)."""

_KINDS_IN_A_CHAT = ("message", "edited_message", "my_chat_member", "chat_member", "chat_join_request")
_KINDS_IGNORED = frozenset(
    {
        "channel_post",
        "edited_channel_post",
        "business_connection",
        "business_message",
        "edited_business_message",
        "deleted_business_messages",
        "message_reaction",
        "message_reaction_count",
        "inline_query",
        "chosen_inline_result",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
    }
)
_UNSUPPORTED = {
    "sticker": "sticker",
    "voice": "voice",
    "audio": "voice",
    "video": "video",
    "video_note": "video",
    "animation": "video",
    "document": "file",
    "poll": "other",
    "dice": "other",
    "game": "other",
    "story": "other",
    "paid_media": "other",
    "checklist": "other",
    "invoice": "other",
    "giveaway": "other",
}
"""Kinds of content that the bot cannot use, and their names in the port. An animation comes with a
`document` of its own, so it stands before it."""

_SERVICE = frozenset(
    {
        "migrate_from_chat_id",
        "left_chat_member",
        "new_chat_title",
        "new_chat_photo",
        "delete_chat_photo",
        "group_chat_created",
        "supergroup_chat_created",
        "channel_chat_created",
        "message_auto_delete_timer_changed",
        "pinned_message",
        "successful_payment",
        "refunded_payment",
        "users_shared",
        "chat_shared",
        "gift",
        "unique_gift",
        "connected_website",
        "write_access_allowed",
        "proximity_alert_triggered",
        "boost_added",
        "chat_background_set",
        "checklist_tasks_done",
        "checklist_tasks_added",
        "direct_message_price_changed",
        "forum_topic_created",
        "forum_topic_edited",
        "forum_topic_closed",
        "forum_topic_reopened",
        "general_forum_topic_hidden",
        "general_forum_topic_unhidden",
        "giveaway_created",
        "giveaway_winners",
        "giveaway_completed",
        "paid_message_price_changed",
        "video_chat_scheduled",
        "video_chat_started",
        "video_chat_ended",
        "video_chat_participants_invited",
        "web_app_data",
    }
)
_GONE = frozenset({"left", "kicked"})
_PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
_COMMAND_TO_A_BOT = re.compile(r"^(/\w+)@\w+", re.ASCII)


def read(body: bytes) -> dict[str, Any]:
    """Return an update as a dictionary with an integer `update_id`; raises Malformed."""
    try:
        update = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(update, dict) or type(update.get("update_id")) is not int:
        raise Malformed("not an update")
    return update


def envelope_of(update: Mapping[str, Any]) -> Envelope:
    """Say what an update is; its chat is empty when it names none in a known place."""
    place = _place(update)
    chat = _object(place.get("chat")).get("id")
    album = place.get("media_group_id") if "message" in update else None
    return Envelope(
        external_id=str(update["update_id"]),
        chat=str(chat) if type(chat) is int else "",
        album=album if isinstance(album, str) else "",
    )


def _place(update: Mapping[str, Any]) -> dict[str, Any]:
    for kind in _KINDS_IN_A_CHAT:
        if kind in update:
            return _object(update[kind])
    return _object(_object(update.get("callback_query")).get("message"))


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def parse_update(body: bytes) -> InboundMessage | None:
    """Read what a person did; None when the update holds nothing for the bot.

    Raises ValueError for an update that is not as the vendor documents it.
    """
    update = read(body)
    try:
        return _parse(update)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError) as error:
        raise ValueError(f"update {update['update_id']} is not as documented") from error


def _parse(update: dict[str, Any]) -> InboundMessage | None:
    if "message" in update:
        return _message(update["message"])
    if "callback_query" in update:
        return _button(update["callback_query"])
    if "edited_message" in update:
        return _message(update["edited_message"], edited=True)
    if "my_chat_member" in update:
        return _membership(update["my_chat_member"])
    if _KINDS_IGNORED.isdisjoint(update):
        raise LookupError("unknown kind")
    return None


def _message(message: dict[str, Any], *, edited: bool = False) -> InboundMessage | None:
    chat = message["chat"]
    sender = message.get("from") or {}
    moved = "migrate_to_chat_id" in message
    unwanted = not sender or sender.get("is_bot") or message.get("is_automatic_forward")
    if chat["type"] == "channel" or (unwanted and not moved):
        return None
    content = _content(message, sender, edited=edited)
    if content is None:
        return None
    return InboundMessage(
        address=Address(CHANNEL, str(chat["id"])),
        sent_at=_time(message.get("edit_date") or message["date"]),
        message_id=str(message["message_id"]),
        reply_to=_reply_to(message),
        album="" if edited else message.get("media_group_id", ""),
        edited=edited,
        group=_is_group(chat),
        **{"sender": str(sender.get("id", "")), "sender_name": _name(sender), **content},
    )


def _content(message: dict[str, Any], sender: dict[str, Any], *, edited: bool) -> dict[str, Any] | None:
    """Return the fields of InboundMessage that depend on what was sent; None for nothing of use."""
    if "text" in message:
        return {"text": _text(message["text"])}
    if "photo" in message:
        return {"text": _caption(message), "photos": (_largest(message["photo"]),)}
    if "location" in message:
        # A live position is sent again and again as an edit; only its start is a message to the bot.
        return None if edited else _position(message)
    if "contact" in message:
        return {"contact": _contact(message["contact"], sender)}
    if "migrate_to_chat_id" in message:
        return {"moved_to": str(message["migrate_to_chat_id"])}
    if "new_chat_members" in message:
        return _newcomer(message["new_chat_members"])
    return _other_content(message)


def _other_content(message: dict[str, Any]) -> dict[str, Any] | None:
    kind = next((kind for kind in _UNSUPPORTED if kind in message), "")
    if kind == "document" and _is_picture(message["document"]):
        return {"text": _caption(message), **_picture(message["document"])}
    if not kind and not _SERVICE.isdisjoint(message):
        return None
    return {"text": _caption(message), "unsupported": _UNSUPPORTED.get(kind, "other")}


def _largest(sizes: list[dict[str, Any]]) -> Photo:
    largest = max(sizes, key=lambda size: size.get("width", 0) * size.get("height", 0))
    return Photo(reference=largest["file_id"], size=largest.get("file_size"))


def _is_picture(document: dict[str, Any]) -> bool:
    return document.get("mime_type", "").lower() in _PICTURE_TYPES


def _picture(document: dict[str, Any]) -> dict[str, Any]:
    size = document.get("file_size")
    if size is not None and size > LARGEST_PHOTO:
        return {"unsupported": "large_photo"}
    return {"photos": (Photo(reference=document["file_id"], size=size),)}


def _position(message: dict[str, Any]) -> dict[str, Any]:
    place = message["location"]
    venue = message.get("venue") or {}
    words = (venue.get("title", ""), venue.get("address", ""))
    return {
        "location": Location(latitude=float(place["latitude"]), longitude=float(place["longitude"])),
        "text": _text(", ".join(word for word in words if word)),
    }


def _contact(contact: dict[str, Any], sender: dict[str, Any]) -> Contact:
    own = contact.get("user_id") is not None and contact["user_id"] == sender["id"]
    return Contact(phone=contact["phone_number"], name=_name(contact), own=own)


def _newcomer(members: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Name the first person who was added; the bot's own arrival comes as `my_chat_member`."""
    for member in members:
        if not member.get("is_bot"):
            return {"joined": True, "sender": str(member["id"]), "sender_name": _name(member)}
    return None


def _button(query: dict[str, Any]) -> InboundMessage | None:
    """Read a pressed button. The vendor gives no time for it: `sent_at` is when the button was shown
    (1970 when the message is too old to be told)."""
    message = query.get("message")
    if message is None or query["from"].get("is_bot"):
        return None
    return InboundMessage(
        address=Address(CHANNEL, str(message["chat"]["id"])),
        sender=str(query["from"]["id"]),
        sender_name=_name(query["from"]),
        sent_at=_time(message.get("edit_date") or message["date"]),
        button=query.get("data", ""),
        button_message=str(message["message_id"]),
        group=_is_group(message["chat"]),
    )


def _membership(change: dict[str, Any]) -> InboundMessage | None:
    """Read that the bot was blocked, removed, unblocked or added."""
    chat = change["chat"]
    was_gone, is_gone = _is_gone(change["old_chat_member"]), _is_gone(change["new_chat_member"])
    if chat["type"] == "channel" or was_gone == is_gone:
        return None
    return InboundMessage(
        address=Address(CHANNEL, str(chat["id"])),
        sender=str(change["from"]["id"]),
        sender_name=_name(change["from"]),
        sent_at=_time(change["date"]),
        group=_is_group(chat),
        left=is_gone,
        joined=not is_gone,
    )


def _is_gone(member: dict[str, Any]) -> bool:
    return member["status"] in _GONE or member.get("is_member") is False


def _is_group(chat: dict[str, Any]) -> bool:
    return chat["type"] in {"group", "supergroup"}


def _reply_to(message: dict[str, Any]) -> str:
    """Return the id of the message that this one answers; a topic's first message is no answer."""
    original = message.get("reply_to_message")
    if original is None or "forum_topic_created" in original:
        return ""
    return str(original["message_id"])


def _caption(message: dict[str, Any]) -> str:
    return _text(message.get("caption", ""))


def _name(person: dict[str, Any]) -> str:
    return _text(f"{person.get('first_name', '')} {person.get('last_name', '')}".strip())


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _text(text: str) -> str:
    """Drop a bot's name behind a command, and what no database can store (NUL, half a surrogate pair)."""
    if text.startswith("/"):
        text = _COMMAND_TO_A_BOT.sub(r"\1", text)
    if text.isascii() and "\0" not in text:
        return text
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").replace("\0", "")
