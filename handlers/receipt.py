"""Receiving: raw updates become durable before anybody is told that they arrived."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from handlers.channel import Envelope
from storage import messages
from storage.database import Database
from storage.faults import is_away

ALBUM_PAUSE = timedelta(seconds=1.5)
"""How long the parts of an album may keep one another waiting."""

RECEIVED = Counter("langnghe_received", "Updates stored, by channel.", ["channel"])
BATCH = Histogram(
    "langnghe_receipt_batch",
    "How many updates shared one commit.",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256),
)
log = structlog.get_logger()

Waiting = tuple[dict[str, Any], "asyncio.Future[None]"]
"""A row, and who waits until it is stored."""


class Receiver:
    """Stores raw updates; all that arrive while one commit runs share the next (natural group commit)."""

    def __init__(
        self,
        database: Database,
        *,
        stored: Callable[[], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._stored = stored
        self._now = now
        self._waiting: list[Waiting] = []
        self._committing: asyncio.Task[None] | None = None

    async def receive(self, channel: str, envelope: Envelope, body: bytes) -> None:
        """Return once the update is durable; a repeated one is stored only once. Raises if it cannot be."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((self._row(channel, envelope, body), done))
        if self._committing is None:
            self._committing = asyncio.create_task(self._commit_waiting())
        await done

    async def close(self) -> None:
        """Return when everything that was handed in is durable or refused."""
        if self._committing:
            await self._committing

    def _row(self, channel: str, envelope: Envelope, body: bytes) -> dict[str, Any]:
        now = self._now()
        return {
            "channel": channel,
            "external_id": envelope.external_id[:128],
            "chat": envelope.chat[:128],
            "album": envelope.album[:128],
            "body": body,
            "received_at": now,
            "available_at": now + ALBUM_PAUSE if envelope.album else now,
        }

    async def _commit_waiting(self) -> None:
        try:
            while self._waiting:
                await self._commit([], gathers=True)
        finally:
            self._committing = None

    async def _commit(self, batch: list[Waiting], *, gathers: bool = False) -> bool:
        """Store all of a batch together; False when some or all of it could not be stored.

        With `gathers` what waits by then joins it as late as can be.
        """
        try:
            async with self._database.begin(first=True) as transaction:
                if gathers:
                    self._gather(batch)
                messages.store(transaction, (row for row, _ in batch))
                await messages.announce(transaction, "inbox")
        except Exception as error:
            if gathers and not batch:
                self._gather(batch)
            log.error("Updates could not be stored.", action="receive_failed", count=len(batch), error=error)
            await self._refuse_or_split(batch, error)
            return False
        self._stored()
        BATCH.observe(len(batch))
        for row, done in batch:
            RECEIVED.labels(row["channel"]).inc()
            if not done.done():
                done.set_result(None)
        return True

    def _gather(self, batch: list[Waiting]) -> None:
        batch += self._waiting
        self._waiting.clear()

    async def _refuse_or_split(self, batch: Sequence[Waiting], error: Exception) -> None:
        """Store the others apart from one that cannot be; refuse all at once when the database is away.

        What came later in a chat is refused with it: stored first, it would be answered first.
        """
        if len(batch) == 1 or is_away(error):
            for _, done in batch:
                _refuse(done, error)
            return
        held: set[tuple[str, str]] = set()
        for row, done in batch:
            chat = (row["channel"], row["chat"])
            if row["chat"] and chat in held:
                _refuse(done, error)
            elif not await self._commit([(row, done)]):
                held.add(chat)


def _refuse(done: "asyncio.Future[None]", error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
