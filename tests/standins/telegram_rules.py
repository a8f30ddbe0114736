"""What the Bot API accepts, method by method, and how it refuses the rest.

Stricter than the vendor in one point: an unknown method or field is refused, never ignored.
Source: https://core.telegram.org/bots/api; the descriptions of errors are the vendor's where it has one.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

TEXT_UNITS = 4096
CAPTION_UNITS = 1024
CALLBACK_BYTES = 64
PHOTO_BYTES = 10 * 1024 * 1024
DOCUMENT_BYTES = 50 * 1024 * 1024
DOWNLOAD_BYTES = 20 * 1024 * 1024
UPDATE_KINDS = frozenset(
    {
        "message",
        "edited_message",
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
        "callback_query",
        "shipping_query",
        "pre_checkout_query",
        "purchased_paid_media",
        "poll",
        "poll_answer",
        "my_chat_member",
        "chat_member",
        "chat_join_request",
        "chat_boost",
        "removed_chat_boost",
    }
)
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
_IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"BM", b"GIF8")


class Refused(Exception):
    """An answer with `ok: false`."""

    def __init__(self, status: int, description: str, parameters: Mapping[str, int] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = dict(parameters or {})

    def body(self) -> dict[str, Any]:
        """Return the answer as the vendor writes it."""
        answer = {"ok": False, "error_code": self.status, "description": self.description}
        return {**answer, "parameters": self.parameters} if self.parameters else answer


def bad_request(description: str) -> Refused:
    """Return a refusal of the request as it is."""
    return Refused(400, f"Bad Request: {description}")


def _integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise bad_request(f"field {name!r} must be an integer")
    return int(value)


def _boolean(name: str, value: Any) -> bool:
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    raise bad_request(f"field {name!r} must be a boolean")


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise bad_request(f"field {name!r} must be a string")
    return value


def _structure(name: str, value: Any) -> Any:
    """Read an object or a list, which forms carry as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise bad_request(f"can't parse {name}: can't parse JSON object") from None


Reader = Callable[[str, Any], Any]
_SENDING: dict[str, Reader] = {
    "chat_id": _integer,
    "message_thread_id": _integer,
    "disable_notification": _boolean,
    "protect_content": _boolean,
    "reply_parameters": _structure,
}
METHODS: dict[str, dict[str, Reader]] = {
    "getMe": {},
    "getUpdates": {
        "offset": _integer,
        "limit": _integer,
        "timeout": _integer,
        "allowed_updates": _structure,
    },
    "setWebhook": {
        "url": _string,
        "max_connections": _integer,
        "allowed_updates": _structure,
        "drop_pending_updates": _boolean,
        "secret_token": _string,
    },
    "deleteWebhook": {"drop_pending_updates": _boolean},
    "getWebhookInfo": {},
    "setMyCommands": {"commands": _structure, "scope": _structure, "language_code": _string},
    "sendMessage": {
        **_SENDING,
        "text": _string,
        "reply_markup": _structure,
        "link_preview_options": _structure,
    },
    "sendPhoto": {**_SENDING, "photo": _string, "caption": _string, "reply_markup": _structure},
    "sendMediaGroup": {**_SENDING, "media": _structure},
    "editMessageReplyMarkup": {"chat_id": _integer, "message_id": _integer, "reply_markup": _structure},
    "answerCallbackQuery": {
        "callback_query_id": _string,
        "text": _string,
        "show_alert": _boolean,
        "cache_time": _integer,
    },
    "getFile": {"file_id": _string},
    "sendDocument": {**_SENDING, "document": _string, "caption": _string, "reply_markup": _structure},
    "sendVoice": {
        **_SENDING,
        "voice": _string,
        "caption": _string,
        "duration": _integer,
        "reply_markup": _structure,
    },
    "getChat": {"chat_id": _integer},
    "getChatMember": {"chat_id": _integer, "user_id": _integer},
    "createChatInviteLink": {
        "chat_id": _integer,
        "name": _string,
        "expire_date": _integer,
        "member_limit": _integer,
        "creates_join_request": _boolean,
    },
    "revokeChatInviteLink": {"chat_id": _integer, "invite_link": _string},
    "approveChatJoinRequest": {"chat_id": _integer, "user_id": _integer},
    "declineChatJoinRequest": {"chat_id": _integer, "user_id": _integer},
    "banChatMember": {
        "chat_id": _integer,
        "user_id": _integer,
        "until_date": _integer,
        "revoke_messages": _boolean,
    },
    "unbanChatMember": {"chat_id": _integer, "user_id": _integer, "only_if_banned": _boolean},
    "createForumTopic": {
        "chat_id": _integer,
        "name": _string,
        "icon_color": _integer,
        "icon_custom_emoji_id": _string,
    },
    "closeForumTopic": {"chat_id": _integer, "message_thread_id": _integer},
}
_REQUIRED = {
    "setWebhook": ("url",),
    "setMyCommands": ("commands",),
    "sendMessage": ("chat_id", "text"),
    "sendPhoto": ("chat_id",),
    "sendMediaGroup": ("chat_id", "media"),
    "editMessageReplyMarkup": ("chat_id", "message_id"),
    "answerCallbackQuery": ("callback_query_id",),
    "getFile": ("file_id",),
    "sendDocument": ("chat_id",),
    "sendVoice": ("chat_id",),
    "getChat": ("chat_id",),
    "getChatMember": ("chat_id", "user_id"),
    "createChatInviteLink": ("chat_id",),
    "revokeChatInviteLink": ("chat_id", "invite_link"),
    "approveChatJoinRequest": ("chat_id", "user_id"),
    "declineChatJoinRequest": ("chat_id", "user_id"),
    "banChatMember": ("chat_id", "user_id"),
    "unbanChatMember": ("chat_id", "user_id"),
    "createForumTopic": ("chat_id", "name"),
    "closeForumTopic": ("chat_id", "message_thread_id"),
}
_NAMES = {name.lower(): name for name in METHODS}
_EMPTY = {
    "chat_id": "chat_id is empty",
    "text": "message text is empty",
    "message_id": "message identifier is not specified",
}


def method_named(name: str) -> str:
    """Return a method's name in the usual case; raises Refused (404) for an unknown one."""
    try:
        return _NAMES[name.lower()]
    except KeyError:
        raise Refused(404, "Not Found") from None


def read_fields(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a call with their proper types; raises Refused."""
    readers = METHODS[method]
    if unknown := sorted(given.keys() - readers.keys()):
        raise bad_request(f"{method} has no field {', '.join(unknown)}")
    fields = {name: readers[name](name, value) for name, value in given.items()}
    for name in _REQUIRED.get(method, ()):
        if fields.get(name) in (None, ""):
            raise bad_request(_EMPTY.get(name, f"field {name!r} is required"))
    return fields


def check_text(text: str) -> str:
    """Return a message's text as it is shown."""
    shown = text.strip()
    if not shown:
        raise bad_request("message text is empty")
    if _units(shown) > TEXT_UNITS:
        raise bad_request("message is too long")
    return shown


def check_caption(caption: str) -> str:
    """Return a photo's caption as it is shown."""
    shown = caption.strip()
    if _units(shown) > CAPTION_UNITS:
        raise bad_request("message caption is too long")
    return shown


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def check_picture(content: bytes) -> bytes:
    """Return an uploaded photo."""
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > PHOTO_BYTES:
        raise bad_request("file is too big")
    if not content.startswith(_IMAGE_STARTS):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return content


def check_document(content: bytes) -> bytes:
    """Return an uploaded document."""
    if not content:
        raise bad_request("file must be non-empty")
    if len(content) > DOCUMENT_BYTES:
        raise bad_request("file is too big")
    return content


def check_voice(content: bytes) -> bytes:
    """Return an uploaded recording: OGG, MP3 or M4A."""
    if not (content.startswith((b"OggS", b"ID3", b"\xff")) or content[4:8] == b"ftyp"):
        raise bad_request("VOICE_FILE_INVALID")
    return check_document(content)


def check_markup(markup: Any, *, private: bool) -> dict[str, Any]:
    """Return a reply markup if it is one of the four kinds, with sound buttons."""
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        _only(markup, "inline_keyboard")
        for button in _buttons(markup["inline_keyboard"]):
            _check_inline_button(button)
    elif "keyboard" in markup:
        _only(
            markup,
            "keyboard is_persistent resize_keyboard one_time_keyboard input_field_placeholder selective",
        )
        for button in _buttons(markup["keyboard"]):
            _check_keyboard_button(button, private=private)
    elif "remove_keyboard" in markup:
        _only(markup, "remove_keyboard selective")
    elif "force_reply" in markup:
        _only(markup, "force_reply input_field_placeholder selective")
    else:
        raise bad_request("unknown reply markup")
    return markup


def _only(given: Mapping[str, Any], allowed: str) -> None:
    if unknown := sorted(given.keys() - set(allowed.split())):
        raise bad_request(f"no field {', '.join(unknown)} here")


def _buttons(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise bad_request("field 'keyboard' must be an Array of Arrays")
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100:
        raise bad_request("reply markup is too long")
    for button in buttons:
        if not isinstance(button, dict) or not str(button.get("text", "")).strip():
            raise bad_request("can't parse keyboard button: Field 'text' is empty")
    return buttons


def _check_inline_button(button: Mapping[str, Any]) -> None:
    _only(button, "text callback_data url")
    if len(button) != 2:
        raise bad_request("text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= CALLBACK_BYTES:
        raise bad_request("BUTTON_DATA_INVALID")
    if "url" in button and not re.match(r"(https?|tg)://[^\s/]+", str(button["url"])):
        raise bad_request(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _check_keyboard_button(button: Mapping[str, Any], *, private: bool) -> None:
    _only(button, "text request_location request_contact")
    if button.get("request_location") and not private:
        raise bad_request("location can be requested in private chats only")
    if button.get("request_contact") and not private:
        raise bad_request("phone number can be requested in private chats only")


def check_reply(parameters: Any) -> tuple[int, bool]:
    """Return which message is answered, and whether its absence matters not."""
    if not isinstance(parameters, dict):
        raise bad_request("object expected as reply parameters")
    _only(parameters, "message_id chat_id allow_sending_without_reply quote")
    identity = _integer("message_id", parameters.get("message_id"))
    return identity, bool(parameters.get("allow_sending_without_reply"))


def check_album(media: Any) -> list[dict[str, Any]]:
    """Return the photos of an album."""
    if not isinstance(media, list) or not 2 <= len(media) <= 10:
        raise bad_request("an album must have 2 to 10 items")
    for item in media:
        if not isinstance(item, dict):
            raise bad_request("can't parse media: expected an object")
        _only(item, "type media caption")
        if item.get("type") != "photo" or not isinstance(item.get("media"), str):
            raise bad_request("can't parse InputMedia")
    return media


def check_webhook(fields: Mapping[str, Any]) -> None:
    """Check where updates are to be posted; plain HTTP is taken for this machine only."""
    url = fields["url"]
    if not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", url):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[\w-]{0,256}", fields.get("secret_token", ""), re.ASCII):
        raise bad_request("secret token contains unallowed characters")
    if not 1 <= fields.get("max_connections", 40) <= 100:
        raise bad_request("max_connections must be 1-100")


def check_kinds(kinds: Any) -> frozenset[str]:
    """Return the kinds of update that are asked for; an empty list means the usual ones."""
    if not isinstance(kinds, list) or not UPDATE_KINDS.issuperset(kinds):
        raise bad_request("can't parse allowed_updates")
    return frozenset(kinds) or UPDATE_KINDS - NOT_BY_DEFAULT


def check_commands(commands: Any) -> None:
    """Check a menu of commands."""
    if not isinstance(commands, list) or len(commands) > 100:
        raise bad_request("can't parse commands")
    for command in commands:
        _only(command, "command description")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command"))):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
