"""Whether and how a person can still be written to: reply windows, what it costs, what is done instead."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from handlers.channel import Channel
from storage.database import Transaction
from storage.messages import Notice


async def sendable(
    transaction: Transaction, channels: Mapping[str, Channel], claimed: Sequence[Notice], now: datetime
) -> list[Notice]:
    """Return those of the claimed notices that may go out as they are now."""
    return list(claimed)


async def too_late(
    transaction: Transaction, channels: Mapping[str, Channel], notice: Notice, now: datetime
) -> None:
    """Find another way for a notice that its channel takes no more, because the reply window has closed."""
