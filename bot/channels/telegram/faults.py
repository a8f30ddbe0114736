"""The vendor's errors as the port's."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    RetryAfter,
    TelegramError,
)

from handlers.channel import (
    ChannelError,
    Misconfigured,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)

_NOBODY_THERE = (
    "chat not found",
    "user not found",
    "peer_id_invalid",
    "chat_write_forbidden",
    "group chat was deactivated",
    "bot is not a member",
    "bot was kicked",
    "have no rights to send a message",
    "not enough rights to send",
)
"""Parts of "Bad Request" texts that mean the chat cannot be written to (the vendor has no codes for them)."""


_NO_TOPIC = ("message thread not found", "topic_deleted", "topic_closed", "topic_id_invalid")


@contextmanager
def vendor_faults() -> Iterator[None]:
    """Turn a TelegramError inside into the ChannelError that it means."""
    try:
        yield
    except TelegramError as error:
        raise channel_error(error) from error


def channel_error(error: TelegramError) -> ChannelError:
    """Say in the port's words what a vendor's error means."""
    match error:
        case RetryAfter():
            return RateLimited(str(error), retry_after=_duration(error.retry_after))
        case ChatMigrated():
            return Rejected("the group has moved", moved_to=str(error.new_chat_id))
        case Forbidden():
            return RecipientUnreachable(str(error))
        case InvalidToken() | Conflict():
            return Misconfigured(str(error))
        case BadRequest():
            return _refusal(str(error))
        case _ if "entity too large" in str(error).lower():
            return Rejected(str(error))
    return Unavailable(str(error))


def _refusal(text: str) -> ChannelError:
    lowered = text.lower()
    if any(sign in lowered for sign in _NOBODY_THERE):
        return RecipientUnreachable(text)
    return Rejected(text)


def _duration(wait: int | timedelta) -> timedelta:
    return wait if isinstance(wait, timedelta) else timedelta(seconds=wait)


def topic_is_gone(error: TelegramError) -> bool:
    """Tell whether a message was refused because its topic was deleted or closed to the bot."""
    return any(sign in str(error).lower() for sign in _NO_TOPIC)
