"""Wake-ups between processes: what `messages.announce` says, PostgreSQL passes on."""

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from storage import connections
from storage.database import driver_arguments, is_sqlite

CHANNEL = "langnghe"
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 5.0
"""Seconds between two tries to connect again; doubled after each."""
log = structlog.get_logger()


class Wakeups:
    """Calls `heard` with "inbox", "outbox", "model" or "chat:CHANNEL:CHAT" when another process announces it.

    Nothing on SQLite, where there is one process. A lost connection is made again; since announcements
    may have been missed meanwhile, "inbox" and "outbox" are then called once each.
    """

    def __init__(self, url: str, heard: Callable[[str], None]) -> None:
        self._url = url
        self._heard = heard
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen; returns at once, also when the database is away."""
        if not is_sqlite(self._url):
            self._task = asyncio.create_task(self._listen(), name="wakeups")

    async def close(self) -> None:
        """Stop listening."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def _listen(self) -> None:
        import asyncpg

        pause = FIRST_PAUSE
        while True:
            try:
                await self._listen_once()
                pause = FIRST_PAUSE
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("The wake-up connection failed.", action="wakeups_failed", error=error)
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    async def _listen_once(self) -> None:
        """Listen until the connection is lost."""
        lost = asyncio.Event()
        connection = await connections.listen(driver_arguments(self._url))
        try:
            connection.add_termination_listener(lambda _: lost.set())
            await connection.add_listener(CHANNEL, self._pass_on)
            for box in ("inbox", "outbox"):
                self._heard(box)
            await lost.wait()
            log.warning("The wake-up connection was lost.", action="wakeups_lost")
        finally:
            connection.terminate()

    def _pass_on(self, _connection: Any, _process: int, _channel: str, payload: object) -> None:
        try:
            self._heard(str(payload))
        except Exception as error:
            log.error("A wake-up could not be passed on.", action="wakeup_failed", error=error)
