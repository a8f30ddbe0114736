"""The Telegram channel, over the Bot API (https://core.telegram.org/bots/api)."""

from bot.channels.telegram.channel import TelegramChannel
from bot.channels.telegram.pace import UNLIMITED, Limits

__all__ = ["UNLIMITED", "Limits", "TelegramChannel"]
