"""The Zalo Bot Platform as a channel (https://docs.zaloplatforms.com/docs/BOT)."""

from bot.channels.zalo_bot.channel import CAPABILITIES, Plan, Used, ZaloBotChannel

__all__ = ["CAPABILITIES", "Plan", "Used", "ZaloBotChannel"]
