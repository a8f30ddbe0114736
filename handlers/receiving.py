"""What channels tell of messages afterwards: that they arrived, that they were seen. No turn comes of it."""

from collections.abc import Sequence
from datetime import datetime

from handlers.channel import InboundMessage
from storage import receipts
from storage.database import Transaction
from storage.receipts import Receipt
from storage.traffic import Tally, local_day


def is_receipt(message: InboundMessage) -> bool:
    """Tell whether this is no word of anybody's, only news of messages that were sent."""
    return bool(message.received or message.seen)


async def note(
    transaction: Transaction, messages: Sequence[InboundMessage], now: datetime, tally: Tally
) -> set[tuple[str, str]]:
    """Note what arrived and what was seen; ids that nobody knows are left alone. Nobody has written.

    Return the chats whose receipts came before it was recorded what was sent: they are worth another look.
    """
    told = [
        Receipt(channel=message.address.channel, chat=message.address.chat, message_id=each, seen=seen)
        for message in messages
        for seen, ids in ((False, message.received), (True, message.seen))
        for each in ids
    ]
    new, unknown = await receipts.note_receipts(transaction, told, at=now)
    for channel, what in new:
        tally.add(channel, what, on=local_day(now))
    return await receipts.in_flight(transaction, [(each.channel, each.chat) for each in unknown], at=now)
