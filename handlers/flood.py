"""Whoever writes very much waits behind everybody else; nothing is lost, and nobody else waits for it.

Counted by person, never by place or matter: a thousand people who report one flood are a thousand people.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from prometheus_client import Counter

from handlers import notices, receiving, texts
from handlers.channel import InboundMessage
from handlers.pace import Pace
from storage import messages
from storage.database import Transaction
from storage.messages import Update

AT_ONCE, SECONDS = 60, 60.0
"""So many messages of one person are handled as they come, then so many in each so many seconds: more than
anybody types, taps, or sends as single pictures."""

SLOWED = Counter("langnghe_slowed", "How often somebody who writes very fast was put off.", ["channel"])


class Flood:
    """What each person wrote lately, in the memory of this process. `now` is the city's clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._pace = Pace(AT_ONCE, SECONDS, clock=lambda: now().timestamp())

    def pause(self, message: InboundMessage) -> timedelta | None:
        """Count a message; None when it is handled now, or without counting it how long it has to wait.

        What is said in a group is not held up: one member would silence all.
        """
        if message.group or message.by_staff or receiving.is_receipt(message):
            return None
        wait = self._pace.wait(f"{message.address.channel}:{message.sender}")
        return timedelta(seconds=wait) if wait else None


def postpone(
    transaction: Transaction,
    updates: Sequence[Update],
    message: InboundMessage,
    *,
    now: datetime,
    pause: timedelta,
) -> None:
    """Put updates off, and tell their writer, once an hour, that nothing is lost."""
    SLOWED.labels(message.address.channel).inc()
    for update in updates:
        messages.postpone_update(transaction, update.id, until=now + pause)
    address = message.address
    chat = hashlib.sha256(f"{address.channel}:{address.chat}".encode()).hexdigest()[:32]
    messages.post_notice(
        transaction,
        channel=address.channel,
        chat=address.chat,
        message=notices.message_of(texts.slowed_down()).as_dict(),
        at=now,
        dedupe_key=f"slowed:{chat}:{now:%Y-%m-%dT%H}",
        urgency=messages.ANSWER,
    )
