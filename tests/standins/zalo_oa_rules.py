"""What the Official Account's Open API accepts, call by call, and how it refuses the rest.

Stricter than the vendor in one point: an unknown field or call is refused, never ignored. A refusal that a
correct program never gets is `Wrong`; one that can befall it (a dead token, a closed window) is `Refused`.
Source: https://developers.zalo.me/docs/official-account
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

TEXT_LIMIT = 2000
TITLE_LIMIT = 100
SUBTITLE_LIMIT = 500
PAYLOAD_LIMIT = 1000
SMS_LIMIT = 160
BUTTONS = 5
IMAGE_BYTES = 1024 * 1024
FILE_BYTES = 5 * 1024 * 1024
UPLOADS_A_MONTH = 5000
UPLOAD_LIFE = timedelta(days=7)
FREE_WINDOW = timedelta(hours=48)
REPLY_WINDOW = timedelta(days=7)
WELCOME_MESSAGES = 3
REPLIES_TO_A_MESSAGE = 8
ACCESS_LIFE = timedelta(hours=25)
REFRESH_LIFE = timedelta(days=90)
CODE_LIFE = timedelta(minutes=10)
_IMAGES = {b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}
_FILES = {"pdf": b"%PDF", "docx": b"PK", "doc": b"\xd0\xcf\x11\xe0", "csv": b""}
_PHONE = re.compile(r"84\d{8,10}")


class Refused(Exception):
    """An answer with an error, in HTTP 200 as the vendor does."""

    def __init__(self, code: int, message: str = "") -> None:
        super().__init__(message or MESSAGES.get(code, "Error"))
        self.code = code

    def body(self) -> dict[str, Any]:
        """Return the answer as the vendor writes it."""
        return {"error": self.code, "message": str(self)}


class Wrong(Refused):
    """A refusal of what a correct program never sends."""


MESSAGES = {
    -32: "Out of quota, too many requests per minute",
    -100: "Attachment has expired",
    -200: "Send message failed",
    -201: "Parameter is invalid",
    -210: "Message is over the maximum length",
    -211: "Out of quota",
    -213: "User has not followed the official account",
    -216: "Access token is invalid",
    -218: "Out of quota receive of user",
    -220: "Access token is expired or removed",
    -224: "Official account must upgrade its package to use this feature",
    -227: "User is banned or has been inactive for more than 45 days",
    -230: "User has not interacted with the official account in the past 7 days",
    -233: "Message type is not supported or conversation not found",
    -237: "Group chat is expired",
    -238: "Asset has been used",
    -240: "This API is no longer supported",
    -241: "Asset is not available",
    -242: "Appsecret proof is invalid",
    -244: "User has restricted this type of message from your official account",
    -321: "The wallet has run out of money",
    -403: "Official account is not the owner of this group",
}


def wrong(message: str, code: int = -201) -> Wrong:
    """Return a refusal of the request as it is."""
    return Wrong(code, message)


def fields(name: str, value: Any, *required: str, optional: Collection[str] = ()) -> dict[str, Any]:
    """Return an object that holds all of the required fields and none but the optional ones besides."""
    if not isinstance(value, dict):
        raise wrong(f"{name} must be an object")
    if unknown := sorted(value.keys() - set(required) - set(optional)):
        raise wrong(f"{name} has no field {', '.join(unknown)}")
    if missing := sorted(set(required) - value.keys()):
        raise wrong(f"{name} needs {', '.join(missing)}")
    return value


def string(name: str, value: Any, limit: int | None = None, *, code: int = -201) -> str:
    """Return a text of at least one letter and at most `limit` characters."""
    if not isinstance(value, str) or not value.strip():
        raise wrong(f"{name} must be a string that is not empty")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise wrong(f"{name} is no valid text") from None
    if limit is not None and len(value) > limit:
        raise wrong(f"{name} has {len(value)} characters, at most {limit} may be", code)
    return value


def address(name: str, value: Any) -> str:
    """Return the address of a page."""
    if not string(name, value).startswith(("https://", "http://")):
        raise wrong(f"{name} must be an address")
    return str(value)


# ---- messages


@dataclass(kw_only=True, slots=True)
class Message:
    """A message as it was understood."""

    text: str = ""
    buttons: list[tuple[str, str]] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    phones: list[tuple[str, str]] = field(default_factory=list)
    attachment: str = ""
    """The id of an uploaded picture."""
    picture: str = ""
    """The address of a picture."""
    file: str = ""
    """The token of an uploaded file."""
    sticker: str = ""
    quote: str = ""
    ask_contact: dict[str, str] = field(default_factory=dict)


def read_message(value: Any, *, group: bool = False) -> Message:
    """Read the `message` of a send; in a group there are no buttons and no wishes for a contact."""
    given = fields("message", value, optional=("text", "attachment", "quote_message_id"))
    read = Message()
    if "text" in given:
        read.text = string("message.text", given["text"], TEXT_LIMIT, code=-210)
    if "quote_message_id" in given:
        read.quote = string("message.quote_message_id", given["quote_message_id"])
        if not read.text:
            raise wrong("a quote needs a text")
    if "attachment" in given:
        _read_attachment(read, given["attachment"], group=group)
    elif not read.text:
        raise wrong("message is empty")
    return read


def _read_attachment(read: Message, value: Any, *, group: bool) -> None:
    given = fields("attachment", value, "type", "payload")
    if given["type"] == "file":
        if read.text:
            raise wrong("a file has no text")
        read.file = string("token", fields("payload", given["payload"], "token")["token"])
        return
    if given["type"] != "template":
        raise wrong(f"attachment.type {given['type']!r} is unknown", -233)
    kind = given["payload"].get("template_type") if isinstance(given["payload"], dict) else None
    if kind == "media":
        _read_media(read, given["payload"])
    elif kind == "request_user_info" and not group:
        _read_request(read, given["payload"])
    elif kind is None and not group:
        _read_buttons(read, given["payload"])
    else:
        raise wrong(f"template_type {kind!r} is not supported here", -233)


def _only_element(payload: Any) -> dict[str, Any]:
    elements = fields("payload", payload, "template_type", "elements")["elements"]
    if not isinstance(elements, list) or len(elements) != 1 or not isinstance(elements[0], dict):
        raise wrong("elements must be a list of one")
    return elements[0]


def _read_media(read: Message, payload: Any) -> None:
    optional = ("url", "attachment_id", "width", "height")
    element = fields("element", _only_element(payload), "media_type", optional=optional)
    if ("url" in element) == ("attachment_id" in element):
        raise wrong("a picture has either url or attachment_id")
    if element["media_type"] == "gif":
        fields("element", element, "width", "height", optional=("media_type", *optional))
    elif element["media_type"] == "sticker" and "attachment_id" in element:
        read.sticker = string("attachment_id", element["attachment_id"])
        return
    elif element["media_type"] != "image" or "width" in element or "height" in element:
        raise wrong("media_type must be image, or gif with width and height")
    if "url" in element:
        read.picture = address("url", element["url"])
    else:
        read.attachment = string("attachment_id", element["attachment_id"])


def _read_request(read: Message, payload: Any) -> None:
    element = fields("element", _only_element(payload), "title", "subtitle", "image_url")
    if read.text:
        raise wrong("a wish for information has no text of its own")
    read.ask_contact = {
        "title": string("title", element["title"], TITLE_LIMIT),
        "subtitle": string("subtitle", element["subtitle"], SUBTITLE_LIMIT),
        "image_url": address("image_url", element["image_url"]),
    }


def _read_buttons(read: Message, payload: Any) -> None:
    buttons = fields("payload", payload, "buttons")["buttons"]
    if not read.text:
        raise wrong("buttons need a text")
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= BUTTONS:
        raise wrong(f"there must be 1 to {BUTTONS} buttons")
    for button in buttons:
        _read_button(read, fields("button", button, "title", "type", "payload", optional=("image_icon",)))


def _read_button(read: Message, button: Mapping[str, Any]) -> None:
    title, payload = string("button.title", button["title"], TITLE_LIMIT), button["payload"]
    match button["type"]:
        case "oa.query.hide" | "oa.query.show":
            read.buttons.append((title, string("button.payload", payload, PAYLOAD_LIMIT)))
        case "oa.open.url":
            read.links.append((title, address("url", fields("button.payload", payload, "url")["url"])))
        case "oa.open.phone":
            read.phones.append((title, _phone(fields("button.payload", payload, "phone_code"))))
        case "oa.open.sms":
            message = fields("button.payload", payload, "content", "phone_code")
            string("content", message["content"], SMS_LIMIT)
            read.phones.append((title, _phone(message)))
        case other:
            raise wrong(f"button.type {other!r} is unknown")


def _phone(payload: Mapping[str, Any]) -> str:
    return phone("phone_code", payload["phone_code"])


def phone(name: str, value: Any) -> str:
    """Return a phone number with 84 in front."""
    if not _PHONE.fullmatch(string(name, value)):
        raise wrong(f"{name} must be a number that begins with 84")
    return str(value)


# ---- uploads


def check_image(content: bytes, *, name: str, kind: str) -> bytes:
    """Check a picture that is uploaded: JPEG or PNG, at most 1 MB, called what it is."""
    found = next((found for start, found in _IMAGES.items() if content.startswith(start)), None)
    if found is None:
        raise wrong("the picture is neither jpg nor png")
    if kind != {"jpg": "image/jpeg", "png": "image/png"}[found]:
        raise wrong(f"the picture is sent as {kind} and is {found}")
    if len(content) > IMAGE_BYTES:
        raise wrong(f"the picture has {len(content)} bytes, at most {IMAGE_BYTES} may be")
    if not name:
        raise wrong("the picture has no file name")
    return content


def check_gif(content: bytes, *, name: str, kind: str) -> bytes:
    """Check a moving picture that is uploaded."""
    if not content.startswith(b"GIF8") or kind != "image/gif" or len(content) > FILE_BYTES:
        raise wrong("not a gif of at most 5 MB")
    return content


def check_file(content: bytes, *, name: str, kind: str) -> bytes:
    """Check a file that is uploaded: PDF, DOC, DOCX or CSV, at most 5 MB."""
    ending = name.rpartition(".")[2].lower()
    if ending not in _FILES or not content.startswith(_FILES[ending]):
        raise wrong(f"{name!r} is not a PDF, DOC, DOCX or CSV")
    if not content or len(content) > FILE_BYTES:
        raise wrong(f"the file has {len(content)} bytes, at most {FILE_BYTES} may be")
    return content


# ---- proofs


def signature(app_id: str, body: bytes, timestamp: str, key: str) -> str:
    """Return what a webhook call is signed with."""
    return hashlib.sha256(app_id.encode() + body + timestamp.encode() + key.encode()).hexdigest()


def challenge(verifier: str) -> str:
    """Return what a consent is asked with, for what the code will be exchanged with (PKCE)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def proof(secret: str, token: str) -> str:
    """Return what proves that a call comes from the app itself."""
    return hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def identities(name: str, value: Any, limit: int = 99) -> Sequence[str]:
    """Return a list of ids."""
    if not isinstance(value, list) or not 1 <= len(value) <= limit:
        raise wrong(f"{name} must be a list of 1 to {limit}")
    return [string(name, each) for each in value]
