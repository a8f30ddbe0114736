"""Groups of the account's (GMF)."""

from bot.channels.zalo_oa.client import Client
from handlers.channel import Acted, Address, CreateGroup, GroupAct, NotSupported


async def create_group(client: Client, wish: CreateGroup) -> Address:
    """Create a group; raises ChannelError."""
    raise NotSupported("groups are not set up")


async def act(client: Client, address: Address, act: GroupAct) -> Acted:
    """Do something with a group; raises ChannelError."""
    raise NotSupported("groups are not set up")
