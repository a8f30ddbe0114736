"""The watchdog: asks every channel now and then how it is, and tells operators what they must look at."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

import structlog

from handlers import notices, texts
from handlers.channel import Ailment, ChannelError, Watched
from routing import deadline
from storage import messages
from storage.database import Database

EVERY_SECONDS = 60.0
PATIENCE_SECONDS = 45.0
"""How long a channel may take to say how it is."""
SLOW = frozenset({"token_old", "asset_ends", "plan_used_up", "privacy_mode"})
"""What is told once a day while it lasts, not once an hour: nothing is lost meanwhile."""
log = structlog.get_logger()

Found = dict[tuple[str, str], Ailment]
"""Ailments by the channel's name and what they are."""


class Watching:
    """Looks after channels until it is closed. Several processes may: each thing is told once."""

    def __init__(
        self,
        database: Database,
        *,
        watched: Mapping[str, Sequence[Watched]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        told: Callable[[], None] = lambda: None,
        every_seconds: float = EVERY_SECONDS,
        patience_seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Take what is asked, by the channel's name; `told` is called when a message waits to be sent."""
        self._database = database
        self._watched = watched
        self._now = now
        self._told = told
        self._every_seconds = every_seconds
        self._patience_seconds = patience_seconds
        self._found: Found = {}
        self._task: asyncio.Task[None] | None = None

    @property
    def count(self) -> int:
        """How many ailments there were at the last look."""
        return len(self._found)

    @property
    def found(self) -> tuple[tuple[str, str], ...]:
        """The channels' names and what was wrong with them at the last look."""
        return tuple(self._found)

    def start(self) -> None:
        """Look now, and again every minute."""
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        """Stop looking."""
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def look(self) -> None:
        """Ask every channel once; log what is new, tell what is there, log what is over."""
        asked = [self._ask(name, each) for name, several in self._watched.items() for each in several]
        found: Found = {}
        for part in await asyncio.gather(*asked):
            found.update(part)
        before, self._found = self._found, found
        for (channel, what), ailment in found.items():
            if (channel, what) not in before:
                log.error(
                    "Something is wrong with a channel.",
                    action="channel_ailing",
                    channel=channel,
                    what=what,
                    detail=ailment.detail,
                )
        for channel, what in before.keys() - found.keys():
            log.info(
                "It is over with what was wrong.", action="channel_recovered", channel=channel, what=what
            )
        if found:
            await self._tell(found)

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception as error:
                log.error("The channels could not be looked after.", action="watch_failed", exc_info=error)
            await asyncio.sleep(self._every_seconds)

    async def _ask(self, channel: str, watched: Watched) -> Found:
        """Return what a channel says; where it does not answer, what it said before."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                ailments = await watched.ailments()
        except (ChannelError, TimeoutError) as error:
            log.warning(
                "A channel does not say how it is.", action="watch_silent", channel=channel, error=error
            )
        except Exception as error:
            log.error("A channel cannot be watched.", action="watch_failed", channel=channel, exc_info=error)
        else:
            return {(channel, ailment.what): ailment for ailment in ailments}
        return {key: ailment for key, ailment in self._found.items() if key[0] == channel}

    async def _tell(self, found: Found) -> None:
        """Tell operators, each thing once an hour or once a day, at night in the morning."""
        now = self._now()
        heard_at = deadline.after_quiet_hours(now)
        async with self._database.begin() as transaction:
            for (channel, what), ailment in found.items():
                time = f"{heard_at:%Y-%m-%d}" if what in SLOW else f"{heard_at:%Y-%m-%dT%H}"
                await notices.tell_operators(
                    transaction,
                    texts.channel_ailing(channel=channel, ailment=what, detail=ailment.detail),
                    now=now,
                    dedupe_key=f"ailment:{channel}:{what}:{time}",
                    not_before=heard_at if heard_at > now else None,
                )
            await transaction.flush()
            await messages.announce(transaction, "outbox")
        self._told()
