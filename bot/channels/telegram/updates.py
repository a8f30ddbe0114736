"""Raw Telegram updates: which chat they belong to, and what a person did in them.

Plain dictionary access: the library's `Update.de_json` takes several times as long.
Source: https://core.telegram.org/bots/api#update
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.channels.telegram.fields import CHANNEL, Me, identity, is_group, name_of, storable, time_of
from bot.channels.telegram.membership import join_request, others_membership, own_membership
from handlers.channel import Address, Contact, Envelope, File, InboundMessage, Location, Malformed, Photo

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
_FILES = {"voice": "voice", "audio": "voice", "document": "document"}
"""Kinds of content that can be kept as a file, and their names in the port."""
_PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp"})
UNKNOWN = Me()


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


def parse_update(body: bytes, me: Me = UNKNOWN) -> InboundMessage | None:
    """Read what a person did; None when the update holds nothing for the bot, who is `me`.

    Raises ValueError for an update that is not as the vendor documents it.
    """
    update = read(body)
    try:
        return _parse(update, me)
    except (LookupError, TypeError, AttributeError, ValueError, OverflowError, OSError) as error:
        raise ValueError(f"update {update['update_id']} is not as documented") from error


def _parse(update: dict[str, Any], me: Me) -> InboundMessage | None:
    if "message" in update:
        return _message(update["message"], me)
    if "callback_query" in update:
        return _button(update["callback_query"])
    if "edited_message" in update:
        return _message(update["edited_message"], me, edited=True)
    if "my_chat_member" in update:
        return own_membership(update["my_chat_member"], me)
    if "chat_member" in update:
        return others_membership(update["chat_member"])
    if "chat_join_request" in update:
        return join_request(update["chat_join_request"])
    if _KINDS_IGNORED.isdisjoint(update):
        raise LookupError("unknown kind")
    return None


def _message(message: dict[str, Any], me: Me, *, edited: bool = False) -> InboundMessage | None:
    chat = message["chat"]
    sender = message.get("from") or {}
    moved = "migrate_to_chat_id" in message
    unwanted = not sender or sender.get("is_bot") or message.get("is_automatic_forward")
    if chat["type"] == "channel" or (unwanted and not moved):
        return None
    in_group = is_group(chat)
    names = _names_in(message) if in_group else []
    if in_group and _is_for_another_bot(message, names, me):
        return None
    content = _content(message, sender, edited=edited)
    if content is None:
        return None
    if in_group:
        content = {**content, **_in_group(message, content, names, me)}
    return InboundMessage(
        address=Address(CHANNEL, identity(chat["id"])),
        sent_at=time_of(message.get("edit_date") or message["date"]),
        message_id=identity(message["message_id"]),
        reply_to=_reply_to(message),
        album="" if edited else message.get("media_group_id", ""),
        edited=edited,
        **{"sender": identity(sender["id"]) if sender else "", "sender_name": name_of(sender), **content},
    )


def _in_group(message: dict[str, Any], content: dict[str, Any], names: list[str], me: Me) -> dict[str, Any]:
    """Return the fields that only a message in a group has, and its text without the bot's own name."""
    called = [name for name in names if me.is_called(name.partition("@")[2])]
    text = content.get("text", "")
    for name in called:
        if name.startswith("@"):
            text = re.sub(f" *{re.escape(name)} *", " ", text).strip()
    return {
        "text": text,
        "mentioned": bool(called) or _answers(message, me) or _points_at(message, me),
        **_place_in_group(message),
    }


def _place_in_group(message: dict[str, Any]) -> dict[str, Any]:
    topic = message["message_thread_id"] if message.get("is_topic_message") else ""
    return {
        "group": True,
        "group_title": storable(message["chat"].get("title", "")),
        "topic": str(topic),
    }


def _names_in(message: dict[str, Any]) -> list[str]:
    """Return what the vendor marked as "@name" or as "/command@name"."""
    text = message.get("text") or message.get("caption") or ""
    units = text.encode("utf-16-le", "surrogatepass")
    marked = [
        units[2 * entity["offset"] : 2 * (entity["offset"] + entity["length"])].decode("utf-16-le", "replace")
        for entity in _entities(message)
        if entity["type"] in ("mention", "bot_command")
    ]
    return [name for name in marked if "@" in name]


def _entities(message: dict[str, Any]) -> list[dict[str, Any]]:
    return message.get("entities") or message.get("caption_entities") or []


def _is_for_another_bot(message: dict[str, Any], names: list[str], me: Me) -> bool:
    """Tell whether a message is a command with another bot's name behind it."""
    text = message.get("text") or ""
    command = next((name for name in names if name.startswith("/") and text.startswith(name)), "")
    return bool(me.username and command) and not me.is_called(command.partition("@")[2])


def _answers(message: dict[str, Any], me: Me) -> bool:
    """Tell whether a message replies to one of the bot's."""
    original = message.get("reply_to_message") or {}
    return "forum_topic_created" not in original and me.is_this(original.get("from") or {})


def _points_at(message: dict[str, Any], me: Me) -> bool:
    """Tell whether a message names the bot without a username."""
    return any(
        entity["type"] == "text_mention" and me.is_this(entity["user"]) for entity in _entities(message)
    )


def _content(message: dict[str, Any], sender: dict[str, Any], *, edited: bool) -> dict[str, Any] | None:
    """Return the fields of InboundMessage that depend on what was sent; None for nothing of use."""
    if "text" in message:
        return {"text": storable(message["text"])}
    if "photo" in message:
        return {"text": _caption(message), "photos": (_largest(message["photo"]),)}
    if "location" in message:
        # A live position is sent again and again as an edit; only its start is a message to the bot.
        return None if edited else _position(message)
    if "contact" in message:
        return {"contact": _contact(message["contact"], sender)}
    if "migrate_to_chat_id" in message:
        return {"moved_to": identity(message["migrate_to_chat_id"])}
    if "chat_shared" in message:
        return _picked(message["chat_shared"])
    if "new_chat_members" in message:
        return _newcomer(message["new_chat_members"])
    if "left_chat_member" in message:
        return _who(message["left_chat_member"], "member_left")
    return _other_content(message)


def _other_content(message: dict[str, Any]) -> dict[str, Any] | None:
    kind = next((kind for kind in _UNSUPPORTED if kind in message), "")
    if kind == "document" and _is_picture(message["document"]):
        return {"text": _caption(message), **_picture(message["document"])}
    if not kind and not _SERVICE.isdisjoint(message):
        return None
    return {
        "text": _caption(message),
        "unsupported": _UNSUPPORTED.get(kind, "other"),
        **_files(message, kind),
    }


def _files(message: dict[str, Any], kind: str) -> dict[str, Any]:
    if kind not in _FILES:
        return {}
    content = message[kind]
    file = File(
        kind=_FILES[kind],
        reference=content["file_id"],
        name=storable(content.get("file_name", "")),
        mime=content.get("mime_type", ""),
        size=content.get("file_size"),
    )
    return {"files": (file,)}


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
        "text": storable(", ".join(word for word in words if word)),
    }


def _contact(contact: dict[str, Any], sender: dict[str, Any]) -> Contact:
    own = contact.get("user_id") is not None and contact["user_id"] == sender["id"]
    return Contact(phone=contact["phone_number"], name=name_of(contact), own=own)


def _picked(chat: dict[str, Any]) -> dict[str, Any]:
    """Read which group the person picked or made for the bot."""
    return {
        "picked": identity(chat["chat_id"]),
        "picked_for": int(chat["request_id"]),
        "group_title": storable(chat.get("title", "")),
    }


def _newcomer(members: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Name the first person who was added; the bot's own arrival comes as `my_chat_member`."""
    found = (_who(member, "member_joined") for member in members)
    return next((person for person in found if person), None)


def _who(member: dict[str, Any], what: str) -> dict[str, Any] | None:
    if member.get("is_bot"):
        return None
    return {what: True, "sender": identity(member["id"]), "sender_name": name_of(member)}


def _button(query: dict[str, Any]) -> InboundMessage | None:
    """Read a pressed button. The vendor gives no time for it: `sent_at` is when the button was shown
    (1970 when the message is too old to be told)."""
    message = query.get("message")
    if message is None or query["from"].get("is_bot"):
        return None
    return InboundMessage(
        address=Address(CHANNEL, identity(message["chat"]["id"])),
        sender=identity(query["from"]["id"]),
        sender_name=name_of(query["from"]),
        sent_at=time_of(message.get("edit_date") or message["date"]),
        button=storable(query.get("data", "")),
        button_message=identity(message["message_id"]),
        **(_place_in_group(message) if is_group(message["chat"]) else {}),
    )


def _reply_to(message: dict[str, Any]) -> str:
    """Return the id of the message that this one answers; a topic's first message is no answer."""
    original = message.get("reply_to_message")
    if original is None or "forum_topic_created" in original:
        return ""
    return identity(original["message_id"])


def _caption(message: dict[str, Any]) -> str:
    return storable(message.get("caption", ""))
