"""The Zalo Official Account channel, over its Open API v3 (https://developers.zalo.me/docs)."""

from bot.channels.zalo_oa.channel import CAPABILITIES, ZaloOaChannel
from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.parts import Hints
from bot.channels.zalo_oa.template import Template

__all__ = ["CAPABILITIES", "Client", "Hints", "Template", "ZaloOaChannel"]
