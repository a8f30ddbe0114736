"""Receiving: raw updates become durable before anybody is told that they arrived."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from prometheus_client import Counter

from handlers.channel import Envelope
from storage import messages
from storage.database import Database
from storage.faults import is_away

ALBUM_PAUSE = timedelta(seconds=1.5)
"""How long the parts of an album may keep one another waiting."""

RECEIVED = Counter("langnghe_received", "Updates stored, by channel.", ["channel"])
log = structlog.get_logger()


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
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
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
                batch, self._waiting = self._waiting, []
                await self._commit(batch)
        finally:
            self._committing = None

    async def _commit(self, batch: list[tuple[dict[str, Any], asyncio.Future[None]]]) -> bool:
        """Store all of a batch together; False when some or all of it could not be stored."""
        try:
            async with self._database.begin(first=True) as transaction:
                messages.store(transaction, (row for row, _ in batch))
                await messages.announce(transaction, "inbox")
        except Exception as error:
            log.error("Updates could not be stored.", action="receive_failed", count=len(batch), error=error)
            await self._refuse_or_split(batch, error)
            return False
        self._stored()
        for row, done in batch:
            RECEIVED.labels(row["channel"]).inc()
            if not done.done():
                done.set_result(None)
        return True

    async def _refuse_or_split(
        self, batch: list[tuple[dict[str, Any], asyncio.Future[None]]], error: Exception
    ) -> None:
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
