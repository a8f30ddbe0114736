"""What goes wrong in a simulated year, drawn from a seed: crashes, repeated webhooks, channels that fail."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random

from handlers.channel import Envelope, RateLimited, RecipientUnreachable, Unavailable
from storage.database import Database, Transaction

SENT_TWICE = 0.02
CRASHES = 0.003
KILLS = 0.002
OUTAGES = 0.01
OUTAGE = timedelta(hours=2)
BLOCKS = 0.0005
TWO_CLOCKS = 0.2


class Killed(BaseException):
    """The program was killed: nothing of what was under way was committed, and nobody handles this."""


class Crashed(Exception):
    """A transaction failed at its end."""


class Faults:
    """Draws faults from a source of chance of its own, so that people do the same with and without them."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"faults {seed}")
        self._out_until: dict[str, datetime] = {}
        self._limited: set[str] = set()
        self.counts: dict[str, int] = {}
        self.killed_sends = 0
        """How often the program was killed after messages had gone out that it had not recorded."""

    def _happens(self, share: float, name: str) -> bool:
        if self._random.random() >= share:
            return False
        self.counts[name] = self.counts.get(name, 0) + 1
        return True

    def disturb(self, said: Sequence[tuple[Envelope, bytes]]) -> list[tuple[Envelope, bytes]]:
        """Return what was said as a vendor may bring it: some twice, chats in another order."""
        twice = [each for update in said for each in (update, update) if each is not None]
        kept = [
            update
            for number, update in enumerate(twice)
            if number % 2 == 0 or self._happens(SENT_TWICE, "webhooks sent twice")
        ]
        if len(kept) > 1 and self._happens(0.2, "webhooks out of order"):
            # A stable order within each chat: what one person does is never turned round.
            order = {chat: self._random.random() for chat in dict.fromkeys(each.chat for each, _ in kept)}
            kept.sort(key=lambda update: order[update[0].chat])
        return kept

    def channel_fails(self, chat: str, now: datetime) -> None:
        """Raise the channel's error where sending to this chat fails now."""
        if now < self._out_until.get(chat, now):
            raise Unavailable("simulated")
        if chat in self._limited:
            self._limited.discard(chat)
            return
        if self._happens(OUTAGES, "channel away"):
            self._out_until[chat] = now + OUTAGE * self._random.random()
            raise Unavailable("simulated")
        if self._happens(OUTAGES, "rate limited"):
            self._limited.add(chat)
            self._out_until[chat] = now
            raise RateLimited("simulated", retry_after=timedelta(minutes=10))
        if self._happens(BLOCKS, "blocked by the recipient"):
            raise RecipientUnreachable("simulated")

    def troubles(self, chat: str, now: datetime) -> bool:
        """Tell whether messages to this chat may have been held up lately, also into the night."""
        out_until = self._out_until.get(chat)
        return out_until is not None and now - out_until < timedelta(hours=3)

    def two_clocks(self) -> bool:
        """Tell whether two clocks tick at once."""
        return self._happens(TWO_CLOCKS, "two clocks at once")

    def at_the_end(self) -> None:
        """Fail a transaction that is about to be committed, now and then."""
        if self._happens(CRASHES, "transactions failed"):
            raise Crashed("simulated")
        task = asyncio.current_task()
        # Only what runs in the simulation's own task can be killed and started again.
        if task is not None and task.get_name() == MAIN and self._happens(KILLS, "program killed"):
            raise Killed


MAIN = "simulation"


class FragileDatabase(Database):
    """A real database whose transactions fail now and then at their end."""

    faults: Faults | None = None

    @asynccontextmanager
    async def begin(self, *, first: bool = False, short: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction that may fail just before it is committed."""
        async with super().begin(first=first, short=short) as transaction:
            yield transaction
            await transaction.flush()
            if self.faults:
                self.faults.at_the_end()
