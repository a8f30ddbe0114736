"""What goes wrong in a simulated year, drawn from a seed: crashes, repeated webhooks, channels that fail."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy.exc import OperationalError

from handlers.channel import Envelope, RateLimited, RecipientUnreachable, Unavailable
from storage.database import Database, Transaction

SENT_TWICE = 0.02
CRASHES = 0.003
CRASHES_MIDWAY = 0.002
STATEMENTS = 12
"""A transaction that fails midway does so before one of its first so many statements."""
LOCKS = 0.002
FULL_DISKS = 0.001
KILLS = 0.002
BROKEN_OFF = 0.003
JUMPS = 0.02
JUMP = timedelta(minutes=5)
OUTAGES = 0.01
OUTAGE = timedelta(hours=2)
BLOCKS = 0.0005
TWO_CLOCKS = 0.2


class Killed(BaseException):
    """The program was killed: nothing of what was under way was committed, and nobody handles this."""


class Crashed(Exception):
    """A transaction failed at its end."""


FAILED = (Crashed, OperationalError)
"""What a transaction fails with that nobody can be blamed for."""


class Faults:
    """Draws faults from a source of chance of its own, so that people do the same with and without them."""

    def __init__(self, seed: int) -> None:
        self._random = Random(f"faults {seed}")
        self._out_until: dict[str, datetime] = {}
        self._limited: set[str] = set()
        self.counts: dict[str, int] = {}
        self.killed_sends = 0
        """How many messages went out that the program, killed or not told, did not record as sent."""

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

    def channel_breaks_off(self, chat: str, now: datetime) -> None:
        """Raise an error now and then though the message has arrived: the answer is lost."""
        if self._happens(BROKEN_OFF, "answers of the channel lost"):
            self._out_until[chat] = now
            self.killed_sends += 1
            raise Unavailable("simulated")

    def clock_is_off(self) -> timedelta:
        """Return by how much the program's clock is wrong for a while; mostly not at all."""
        if self._happens(JUMPS, "clock jumps"):
            return JUMP * self._random.uniform(-1, 1)
        return timedelta()

    def troubles(self, chat: str, now: datetime) -> bool:
        """Tell whether messages to this chat may have been held up lately, also into the night."""
        out_until = self._out_until.get(chat)
        return out_until is not None and now - out_until < timedelta(hours=3)

    def two_clocks(self) -> bool:
        """Tell whether two clocks tick at once."""
        return self._happens(TWO_CLOCKS, "two clocks at once")

    def at_the_beginning(self) -> None:
        """Refuse a transaction: somebody else holds the database's lock, and goes on holding it."""
        if self._happens(LOCKS, "database locked"):
            raise OperationalError("BEGIN", None, sqlite3.OperationalError("database is locked"))

    def fails_after(self) -> int | None:
        """Return after how many statements a transaction fails, None for not at all."""
        if self._happens(CRASHES_MIDWAY, "transactions failed midway"):
            return self._random.randrange(STATEMENTS)
        return None

    def at_the_end(self) -> None:
        """Fail a transaction that is about to be committed, now and then."""
        if self._happens(CRASHES, "transactions failed"):
            raise Crashed("simulated")
        if self._happens(FULL_DISKS, "disk full"):
            raise OperationalError("COMMIT", None, sqlite3.OperationalError("database or disk is full"))
        task = asyncio.current_task()
        # Only what runs in the simulation's own task can be killed and started again.
        if task is not None and task.get_name() == MAIN and self._happens(KILLS, "program killed"):
            raise Killed


MAIN = "simulation"


class FragileDatabase(Database):
    """A real database whose transactions fail now and then: at their beginning, midway, or at their end."""

    faults: Faults | None = None

    @asynccontextmanager
    async def begin(self, *, first: bool = False, short: bool = False) -> AsyncIterator[Transaction]:
        """Open a transaction that may fail before anything, before a statement, or before it is committed."""
        if self.faults:
            self.faults.at_the_beginning()
        async with super().begin(first=first, short=short) as transaction:
            if self.faults and (left := self.faults.fails_after()) is not None:
                _fail_after(transaction, left)
            yield transaction
            await transaction.flush()
            if self.faults:
                self.faults.at_the_end()


def _fail_after(transaction: Transaction, statements: int) -> None:
    """Let a transaction fail when it has asked so many things and asks another."""
    fetch: Callable[..., Awaitable[Any]] = transaction.fetch
    left = statements

    async def failing(*arguments: Any) -> Any:
        nonlocal left
        if left == 0:
            raise Crashed("simulated")
        left -= 1
        return await fetch(*arguments)

    transaction.fetch = failing  # type: ignore[method-assign,assignment]
