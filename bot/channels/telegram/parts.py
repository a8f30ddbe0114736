"""An outgoing message as the calls that show it: split, captioned, with its keyboards."""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.channels.splitting import split_text, storable, utf16_length
from bot.channels.telegram.fields import CHANNEL
from bot.channels.telegram.membership import ASKED_RIGHTS
from handlers.channel import Button, File, OutboundMessage, Photo, Rejected

TEXT_LIMIT = 4096
CAPTION_LIMIT = 1024
"""Both in UTF-16 units."""
ALBUM_LIMIT = 10
BUTTON_DATA_LIMIT = 64
"""Bytes of UTF-8."""

logger = logging.getLogger(__name__)

Markup = dict[str, Any]
"""Buttons as the vendor writes them; the library's objects for them cost as much as the rest of a send."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One call that shows something: a text, a photo or a file with its caption, or an album without one."""

    text: str = ""
    photos: tuple[Photo, ...] = ()
    file: File | None = None
    markup: Markup | None = None
    reply_to: int | None = None
    topic: int | None = None
    prompt: bool = False
    """Only carries a keyboard; the message itself is the part before."""

    @property
    def cost(self) -> int:
        """How many messages it counts for the vendor."""
        return max(1, len(self.photos))


def compose(message: OutboundMessage, *, private: bool) -> list[Part]:
    """Divide a message into parts, buttons on the last; raises Rejected when it cannot be shown.

    A position, a phone or a group can be asked for in a private chat only; elsewhere the wish is left out and
    logged. Inline buttons and such a keyboard do not fit one message: the keyboard follows in a second.
    """
    inline = _inline(message)
    keyboard = _keyboard(message, private=private)
    parts = _body(storable(message.text).strip(), message, inline or keyboard)
    if inline and keyboard:
        prompt = message.ask_location or message.ask_contact or message.ask_group
        parts.append(Part(text=prompt, markup=keyboard, prompt=True))
    if not parts and not message.replace:
        raise Rejected("there is nothing to show")
    if parts and message.reply_to:
        parts[0] = replace(parts[0], reply_to=vendor_id(message.reply_to))
    if message.topic:
        parts = [replace(part, topic=vendor_id(message.topic)) for part in parts]
    return parts


def vendor_id(text: str) -> int:
    """Read an id of a chat or a message; raises Rejected for what the vendor never gave."""
    try:
        return int(text)
    except ValueError:
        raise Rejected(f"not an id: {text!r}") from None


def _body(text: str, message: OutboundMessage, markup: Markup | None) -> list[Part]:
    photos, files = message.photos, message.files
    short = utf16_length(text) <= CAPTION_LIMIT
    if len(photos) == 1 and not files and short:
        return [Part(text=text, photos=photos, markup=markup)]
    enclosed = [*_albums(photos), *(Part(file=file) for file in files)]
    if len(files) == 1 and short:
        parts = [*enclosed[:-1], replace(enclosed[-1], text=text)]
    elif photos and markup and not (text or files):
        # An album carries no buttons, so its last photo stands alone under them.
        parts = [*_albums(photos[:-1]), Part(photos=photos[-1:])]
    else:
        parts = [*enclosed, *(Part(text=piece) for piece in split_text(text, TEXT_LIMIT))]
    if markup and not parts:
        raise Rejected("buttons need a text")
    if markup:
        parts[-1] = replace(parts[-1], markup=markup)
    return parts


def _albums(photos: Sequence[Photo]) -> Iterator[Part]:
    for start in range(0, len(photos), ALBUM_LIMIT):
        yield Part(photos=tuple(photos[start : start + ALBUM_LIMIT]))


def _inline(message: OutboundMessage) -> Markup | None:
    rows = [[_inline_button(button) for button in row] for row in message.buttons]
    rows += [[{"text": label, "url": address}] for label, address in message.links]
    return {"inline_keyboard": rows} if any(rows) else None


def _inline_button(button: Button) -> dict[str, str]:
    if not 1 <= len(button.data.encode()) <= BUTTON_DATA_LIMIT:
        raise Rejected(f"button data must have 1 to {BUTTON_DATA_LIMIT} bytes: {button.data!r}")
    return {"text": button.label, "callback_data": button.data}


def _keyboard(message: OutboundMessage, *, private: bool) -> Markup | None:
    rows: list[list[dict[str, Any]]] = []
    if message.ask_location:
        rows.append([{"text": message.ask_location, "request_location": True}])
    if message.ask_contact:
        rows.append([{"text": message.ask_contact, "request_contact": True}])
    if message.ask_group:
        rows.append([{"text": message.ask_group, "request_chat": _group_wanted(message.wish)}])
    if rows and not private:
        logger.info(
            "a group cannot be asked for a position or a phone",
            extra={"action": "message_degraded", "channel": CHANNEL, "part": "keyboard"},
        )
        return None
    return {"keyboard": rows, "one_time_keyboard": True, "resize_keyboard": True} if rows else None


def _group_wanted(wish: int) -> dict[str, Any]:
    """Return which groups a person may pick: those in which they can give the bot what it needs, or a new
    one. The vendor takes the bot in and gives it these rights
    (https://core.telegram.org/bots/api#keyboardbuttonrequestchat)."""
    rights = dict(ASKED_RIGHTS)
    return {
        "request_id": wish,
        "chat_is_channel": False,
        "user_administrator_rights": rights,
        "bot_administrator_rights": rights,
        "bot_is_member": True,
        "request_title": True,
    }
