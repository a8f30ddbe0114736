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
_RIGHTS_REQUIRED = frozenset(
    {
        "is_anonymous",
        "can_manage_chat",
        "can_delete_messages",
        "can_manage_video_chats",
        "can_restrict_members",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
    }
)
ADMINISTRATOR_RIGHTS = _RIGHTS_REQUIRED | {
    "can_post_messages",
    "can_edit_messages",
    "can_pin_messages",
    "can_manage_topics",
    "can_manage_direct_messages",
}
_SCOPES = frozenset(
    {
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
        "chat",
        "chat_administrators",
        "chat_member",
    }
)
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


class Breach(Refused):
    """A call that no careful bot makes: an unknown field, a wrong type, more than fits."""

    def __init__(self, description: str, status: int = 400) -> None:
        super().__init__(status, f"Bad Request: {description}" if status == 400 else description)


def bad_request(description: str) -> Refused:
    """Return a refusal of the request as it is."""
    return Refused(400, f"Bad Request: {description}")


def _integer(name: str, value: Any) -> int:
    if isinstance(value, bool) or not re.fullmatch(r"-?\d+", str(value)):
        raise Breach(f"field {name!r} must be an integer")
    return int(value)


def _boolean(name: str, value: Any) -> bool:
    if value in (True, "true", "True", "1"):
        return True
    if value in (False, "false", "False", "0"):
        return False
    raise Breach(f"field {name!r} must be a boolean")


def _string(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise Breach(f"field {name!r} must be a string")
    return value


def _structure(name: str, value: Any) -> Any:
    """Read an object or a list, which forms carry as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise Breach(f"can't parse {name}: can't parse JSON object") from None


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
    "deleteMyCommands": {"scope": _structure, "language_code": _string},
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
        raise Breach("Not Found", status=404) from None


def read_fields(method: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a call with their proper types; raises Refused."""
    readers = METHODS[method]
    if unknown := sorted(given.keys() - readers.keys()):
        raise Breach(f"{method} has no field {', '.join(unknown)}")
    fields = {name: readers[name](name, value) for name, value in given.items()}
    for name in _REQUIRED.get(method, ()):
        if fields.get(name) in (None, ""):
            raise Breach(_EMPTY.get(name, f"field {name!r} is required"))
    return fields


def check_text(text: str) -> str:
    """Return a message's text as it is shown."""
    shown = text.strip()
    if not shown:
        raise Breach("message text is empty")
    if _units(shown) > TEXT_UNITS:
        raise Breach("message is too long")
    return shown


def check_caption(caption: str) -> str:
    """Return a photo's caption as it is shown."""
    shown = caption.strip()
    if _units(shown) > CAPTION_UNITS:
        raise Breach("message caption is too long")
    return shown


def _units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def check_picture(content: bytes) -> bytes:
    """Return an uploaded photo."""
    if not content:
        raise Breach("file must be non-empty")
    if len(content) > PHOTO_BYTES:
        raise Breach("file is too big")
    if not content.startswith(_IMAGE_STARTS):
        raise bad_request("IMAGE_PROCESS_FAILED")
    return content


def check_document(content: bytes) -> bytes:
    """Return an uploaded document."""
    if not content:
        raise Breach("file must be non-empty")
    if len(content) > DOCUMENT_BYTES:
        raise Breach("file is too big")
    return content


def check_voice(content: bytes) -> bytes:
    """Return an uploaded recording: OGG, MP3 or M4A."""
    if not (content.startswith((b"OggS", b"ID3", b"\xff")) or content[4:8] == b"ftyp"):
        raise bad_request("VOICE_FILE_INVALID")
    return check_document(content)


def check_markup(markup: Any, *, private: bool) -> dict[str, Any]:
    """Return a reply markup if it is one of the four kinds, with sound buttons."""
    if not isinstance(markup, dict):
        raise Breach("object expected as reply markup")
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
        raise Breach("unknown reply markup")
    return markup


def _only(given: Mapping[str, Any], allowed: str) -> None:
    if unknown := sorted(given.keys() - set(allowed.split())):
        raise Breach(f"no field {', '.join(unknown)} here")


def _buttons(rows: Any) -> list[dict[str, Any]]:
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise Breach("field 'keyboard' must be an Array of Arrays")
    buttons = [button for row in rows for button in row]
    if len(buttons) > 100:
        raise Breach("reply markup is too long")
    for button in buttons:
        if not isinstance(button, dict) or not str(button.get("text", "")).strip():
            raise Breach("can't parse keyboard button: Field 'text' is empty")
    return buttons


def _check_inline_button(button: Mapping[str, Any]) -> None:
    _only(button, "text callback_data url")
    if len(button) != 2:
        raise Breach("text buttons are unallowed in the inline keyboard")
    if "callback_data" in button and not 1 <= len(str(button["callback_data"]).encode()) <= CALLBACK_BYTES:
        raise Breach("BUTTON_DATA_INVALID")
    if "url" in button and not re.match(r"(https?|tg)://[^\s/]+", str(button["url"])):
        raise Breach(f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL")


def _check_keyboard_button(button: Mapping[str, Any], *, private: bool) -> None:
    _only(button, "text request_location request_contact request_chat")
    if len(button) > 2:
        raise Breach("a keyboard button asks for one thing at most")
    if button.get("request_location") and not private:
        raise Breach("location can be requested in private chats only")
    if button.get("request_contact") and not private:
        raise Breach("phone number can be requested in private chats only")
    if "request_chat" in button:
        _check_chat_wanted(button["request_chat"], private=private)


def _check_chat_wanted(wanted: Any, *, private: bool) -> None:
    if not isinstance(wanted, dict):
        raise Breach("can't parse keyboard button: object expected as request_chat")
    if not private:
        raise Breach("chats can be requested in private chats only")
    _only(
        wanted,
        "request_id chat_is_channel chat_is_forum chat_has_username chat_is_created bot_is_member "
        "user_administrator_rights bot_administrator_rights request_title request_username request_photo",
    )
    number = _integer("request_id", wanted.get("request_id"))
    if not -(2**31) <= number < 2**31:
        raise Breach("request_id must be a 32-bit integer")
    if not isinstance(wanted.get("chat_is_channel"), bool):
        raise Breach("field 'chat_is_channel' must be a boolean")
    asked = {name: _rights(wanted[name]) for name in wanted if name.endswith("_administrator_rights")}
    if not asked.get("bot_administrator_rights", set()) <= asked.get("user_administrator_rights", set()):
        raise Breach("the bot's rights must be among those of the user")


def _rights(rights: Any) -> set[str]:
    """Return the rights of an administrator that are wished for; all that are required must be named."""
    if not isinstance(rights, dict):
        raise Breach("object expected as administrator rights")
    _only(rights, " ".join(ADMINISTRATOR_RIGHTS))
    if missing := sorted(_RIGHTS_REQUIRED - rights.keys()):
        raise Breach(f"administrator rights lack {', '.join(missing)}")
    return {name for name, wished in rights.items() if _boolean(name, wished)}


def check_reply(parameters: Any) -> tuple[int, bool]:
    """Return which message is answered, and whether its absence matters not."""
    if not isinstance(parameters, dict):
        raise Breach("object expected as reply parameters")
    _only(parameters, "message_id chat_id allow_sending_without_reply quote")
    identity = _integer("message_id", parameters.get("message_id"))
    return identity, bool(parameters.get("allow_sending_without_reply"))


def check_album(media: Any) -> list[dict[str, Any]]:
    """Return the photos of an album."""
    if not isinstance(media, list) or not 2 <= len(media) <= 10:
        raise Breach("an album must have 2 to 10 items")
    for item in media:
        if not isinstance(item, dict):
            raise Breach("can't parse media: expected an object")
        _only(item, "type media caption")
        if item.get("type") != "photo" or not isinstance(item.get("media"), str):
            raise Breach("can't parse InputMedia")
    return media


def check_webhook(fields: Mapping[str, Any]) -> None:
    """Check where updates are to be posted; plain HTTP is taken for this machine only."""
    url = fields["url"]
    if not re.match(r"https://|http://(127\.0\.0\.1|localhost)[:/]", url):
        raise Breach("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[\w-]{0,256}", fields.get("secret_token", ""), re.ASCII):
        raise Breach("secret token contains unallowed characters")
    if not 1 <= fields.get("max_connections", 40) <= 100:
        raise Breach("max_connections must be 1-100")


def check_kinds(kinds: Any) -> frozenset[str]:
    """Return the kinds of update that are asked for; an empty list means the usual ones."""
    if not isinstance(kinds, list) or not UPDATE_KINDS.issuperset(kinds):
        raise Breach("can't parse allowed_updates")
    return frozenset(kinds) or UPDATE_KINDS - NOT_BY_DEFAULT


def check_commands(commands: Any) -> None:
    """Check a menu of commands."""
    if not isinstance(commands, list) or len(commands) > 100:
        raise Breach("can't parse commands")
    for command in commands:
        _only(command, "command description")
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(command.get("command"))):
            raise Breach("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= 256:
            raise Breach("BOT_COMMAND_DESCRIPTION_INVALID")


def check_scope(scope: Any) -> str:
    """Return for whom a menu of commands is: "default", "all_group_chats" ... or "chat:ID"."""
    if scope is None:
        return "default"
    if not isinstance(scope, dict) or scope.get("type") not in _SCOPES:
        raise Breach("can't parse BotCommandScope")
    if not scope["type"].startswith("chat"):
        _only(scope, "type")
        return str(scope["type"])
    _only(scope, "type chat_id user_id")
    return f"{scope['type']}:{_integer('chat_id', scope.get('chat_id'))}"


def check_previews(options: Any) -> bool:
    """Return whether a text's links may show a preview."""
    if options is None:
        return True
    if not isinstance(options, dict):
        raise Breach("object expected as link preview options")
    _only(options, "is_disabled url prefer_small_media prefer_large_media show_above_text")
    return not _boolean("is_disabled", options.get("is_disabled", False))
