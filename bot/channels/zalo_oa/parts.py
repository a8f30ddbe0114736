"""An outgoing message as the calls that show it: split, captioned, with buttons and a list of them to type.

Source: https://developers.zalo.me/docs/official-account/tin-nhan/tin-tu-van
"""

import logging
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bot.channels.splitting import split_text, storable, utf16_length
from bot.channels.zalo_oa.content import PRESS_MARK
from handlers.channel import Button, File, OutboundMessage, Photo, Rejected

TEXT_LIMIT = 2000
CAPTION_LIMIT = 2000
MOST_BUTTONS = 5
TITLE_LIMIT = 100
SUBTITLE_LIMIT = 500
BUTTON_DATA_LIMIT = 64
"""Bytes of ASCII."""
FILE_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "csv": "text/csv",
}
"""The files that the vendor takes, by their ending."""
NOT_SENT = "📎 ✕"
"""Stands before the name of a file that the vendor does not take."""
PHOTO_NOT_SENT = "🖼 ✕"

_BEGINS_WITH_NUMBER = re.compile(r"\d+(?!\w)")

logger = logging.getLogger(__name__)

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One call that shows something: a text with its buttons, a picture with its caption, a file, or the
    wish for somebody's phone and address."""

    text: str = ""
    photo: Photo | None = None
    file: File | None = None
    buttons: tuple[Json, ...] = ()
    quote: str = ""
    ask_contact: str = ""

    @property
    def main(self) -> bool:
        """Whether it holds words of the message itself."""
        return bool(self.text)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hints:
    """What people are told where the vendor's app does not show it: how to choose from a list that is not all
    buttons, and how to send a position. Nothing is said by empty ones."""

    choose: str = ""
    position: str = ""


NO_HINTS = Hints()


def compose(message: OutboundMessage, *, group: bool, cards: bool, hints: Hints = NO_HINTS) -> list[Part]:
    """Divide a message into parts, buttons on the last; raises Rejected when it cannot be shown.

    `cards`: whether a phone can be asked for (that needs a picture). In a group nobody is asked for a
    position or a phone, and there are no buttons: only the list that can be typed, and addresses as text.
    """
    files = [file for file in message.files if sendable(file)]
    buttons, links = _native(message, group=group)
    text = storable(_text(message, files, links, group=group, hints=hints))
    parts = list(_body(text, message.photos, files, buttons))
    if message.ask_contact:
        parts += _asking(message.ask_contact, possible=cards and not group)
    if not parts and not message.replace:
        raise Rejected("there is nothing to show")
    return _quoting(parts, message.reply_to)


def sendable(file: File) -> bool:
    """Tell whether the vendor takes such a file."""
    return ending_of(file) in FILE_TYPES


def ending_of(file: File) -> str:
    """Return the ending of a file's name, or of its key."""
    return (file.name or file.media_key).rpartition(".")[2].lower()


# ---- words


def _text(
    message: OutboundMessage,
    files: Sequence[File],
    links: Sequence[tuple[str, str]],
    *,
    group: bool,
    hints: Hints,
) -> str:
    left_out = [file for file in message.files if file not in files]
    if left_out:
        degraded("file", ", ".join(ending_of(file) for file in left_out))
    lines = [f"{NOT_SENT} {file.name or ending_of(file)}" for file in left_out]
    if message.ask_location and not group:
        lines += [message.ask_location, hints.position]
    lines += [f"{label}: {address}" for label, address in links]
    blocks = (message.text.strip(), _lines(lines), _list(message, group=group, hint=hints.choose))
    return "\n\n".join(block for block in blocks if block)


def _list(message: OutboundMessage, *, group: bool, hint: str) -> str:
    """Return the list of what can be typed, and how, where not everything can be pressed."""
    buttons = _all_buttons(message)
    all_pressed = not buttons or (not group and len(buttons) <= MOST_BUTTONS)
    return _lines(["" if all_pressed else hint, *numbered(buttons)])


def _lines(lines: Sequence[str]) -> str:
    return "\n".join(line for line in lines if line)


def numbered(buttons: Sequence[Button]) -> Iterator[str]:
    """Yield a line for each button, with the number that can be typed for it.

    Labels that begin with numbers of their own ("3 ngày", "5 ngày") stand as they are: there "5" means the
    label, not the place.
    """
    own = {place: _own_number(button) for place, button in enumerate(buttons, 1)}
    labelled = {place: number for place, number in own.items() if number}
    clash = len(labelled) > 1 and any(number != str(place) for place, number in labelled.items())
    for place, button in enumerate(buttons, 1):
        bare = clash or (len(labelled) > 1 and place in labelled)
        yield _title(button.label) if bare else f"{place}. {_title(button.label)}"


def _own_number(button: Button) -> str:
    found = _BEGINS_WITH_NUMBER.match(button.label)
    return found[0] if found else ""


def _all_buttons(message: OutboundMessage) -> list[Button]:
    return [button for row in message.buttons for button in row]


def _title(label: str) -> str:
    return " ".join(label.split())


def left_out(name: str) -> Part:
    """Return what stands in place of a file that cannot be sent."""
    return Part(text=storable(f"{NOT_SENT} {name}"))


# ---- what is pressed


def _native(message: OutboundMessage, *, group: bool) -> tuple[tuple[Json, ...], tuple[tuple[str, str], ...]]:
    """Return the vendor's buttons, and the links for which there is no room among them."""
    pressed = [_press(button) for button in _all_buttons(message)]
    if group:
        return (), message.links
    if len(pressed) + len(message.links) > MOST_BUTTONS:
        degraded("buttons", f"{len(pressed) + len(message.links)} of {MOST_BUTTONS}")
    room = max(0, MOST_BUTTONS - len(pressed))
    opened = [_open(label, address) for label, address in message.links[:room]]
    return (*pressed[:MOST_BUTTONS], *opened), message.links[room:]


def _press(button: Button) -> Json:
    if not (button.data.isascii() and 1 <= len(button.data) <= BUTTON_DATA_LIMIT):
        raise Rejected(f"button data must have 1 to {BUTTON_DATA_LIMIT} bytes of ASCII: {button.data!r}")
    return {**_titled(button.label), "type": "oa.query.hide", "payload": PRESS_MARK + button.data}


def without_buttons(part: Part) -> Part:
    """Return a part as words alone: its list stands there already, addresses are added as far as they fit."""
    opened = [button for button in part.buttons if button["type"] == "oa.open.url"]
    lines = "".join(f"\n{button['title']}: {button['payload']['url']}" for button in opened)
    room = TEXT_LIMIT - utf16_length(part.text)
    return Part(text=part.text + lines if utf16_length(lines) <= room else part.text)


def _open(label: str, address: str) -> Json:
    return {**_titled(label), "type": "oa.open.url", "payload": {"url": address}}


def _titled(label: str) -> Json:
    return {"title": storable(_title(label))[:TITLE_LIMIT]}


# ---- parts


def _body(
    text: str, photos: Sequence[Photo], files: Sequence[File], buttons: tuple[Json, ...]
) -> Iterator[Part]:
    captioned = bool(photos and text and not buttons and utf16_length(text) <= CAPTION_LIMIT)
    for number, photo in enumerate(photos):
        yield Part(photo=photo, text=text if captioned and number == 0 else "")
    for file in files:
        yield Part(file=file)
    pieces = [] if captioned else split_text(text, TEXT_LIMIT)
    if buttons and not pieces:
        raise Rejected("buttons need a text")
    for number, piece in enumerate(pieces, 1):
        yield Part(text=piece, buttons=buttons if number == len(pieces) else ())


def _asking(label: str, *, possible: bool) -> Iterator[Part]:
    if possible:
        yield Part(ask_contact=storable(label))
    else:
        degraded("ask_contact", "")


def _quoting(parts: list[Part], quoted: str) -> list[Part]:
    """Let the first part with a text quote a message; a file or a bare picture cannot."""
    place = next((number for number, part in enumerate(parts) if part.text), None)
    if quoted and place is not None:
        parts[place] = replace(parts[place], quote=quoted)
    return parts


def degraded(part: str, detail: object) -> None:
    """Log that a part of a message is shown another way or not at all."""
    logger.info(
        "A part of a message is shown another way: %s %s",
        part,
        detail,
        extra={"action": "message_degraded", "channel": "zalo_oa", "part": part},
    )


# ---- as the vendor writes it


def as_text_message(part: Part) -> Json:
    """Return the `message` of a part that is a text."""
    message: Json = {"text": part.text}
    if part.buttons:
        message["attachment"] = {"type": "template", "payload": {"buttons": list(part.buttons)}}
    return message


def as_picture(part: Part, attachment_id: str) -> Json:
    """Return the `message` of an uploaded picture with its caption."""
    element = {"media_type": "image", "attachment_id": attachment_id}
    payload = {"template_type": "media", "elements": [element]}
    caption = {"text": part.text} if part.text else {}
    return {**caption, "attachment": {"type": "template", "payload": payload}}


def as_file(token: str) -> Json:
    """Return the `message` of an uploaded file."""
    return {"attachment": {"type": "file", "payload": {"token": token}}}


def as_wish(label: str, picture: str) -> Json:
    """Return the `message` that asks for a phone and an address, on a card with a picture."""
    element = {"title": label[:TITLE_LIMIT], "subtitle": label[:SUBTITLE_LIMIT], "image_url": picture}
    payload = {"template_type": "request_user_info", "elements": [element]}
    return {"attachment": {"type": "template", "payload": payload}}
