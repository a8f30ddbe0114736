"""What comes of what channels are asked to do with groups: told to `groups` once the delivery knows."""

from datetime import datetime

from handlers.channel import Acted, ChannelError
from storage.database import Transaction
from storage.messages import Notice


async def done(
    transaction: Transaction, notice: Notice, acted: Acted | None, error: ChannelError | None, now: datetime
) -> None:
    """Note what came of an act: `acted`, or the error for which it will not be tried again."""


async def not_reached(transaction: Transaction, notice: Notice, error: ChannelError, now: datetime) -> bool:
    """Note that an ordinary message could not be shown in a group; False when its chat is no group.

    RecipientUnreachable: the bot is out, the group is gone, or nothing may be written there.
    """
    return False
