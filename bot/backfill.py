"""After an outage: asks channels that keep a history for what people sent while nobody listened."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from handlers.channel import Channel, ChannelError, Envelope
from storage.database import Database
from storage.recent_chats import recent_chats

QUIET = timedelta(minutes=1)
"""When something came in so recently, nothing was missed."""
OVERLAP = timedelta(minutes=10)
"""So much before the last update is asked for again: updates come out of order, and are stored once."""
REACH = timedelta(days=7)
MOST_PEOPLE = 500
_FAILURES = 3
"""After so many people whose history cannot be had in a row it is given up."""

Receive = Callable[[str, Envelope, bytes], Awaitable[None]]
log = structlog.get_logger()


class WithHistory(Protocol):
    """A channel that can be asked for what was missed."""

    name: str

    async def missed(self, users: Sequence[str], since: datetime) -> Sequence[tuple[Envelope, bytes]]:
        """Return what these people sent since then."""
        ...


def with_history(channels: Mapping[str, Channel]) -> list[WithHistory]:
    """Return the channels that can be asked."""
    return [
        channel  # type: ignore[misc]  # what the capability promises
        for channel in channels.values()
        if channel.capabilities.history
    ]


async def recall_missed(database: Database, channel: WithHistory, receive: Receive, *, now: datetime) -> int:
    """Ask for what was missed before the program started; return how many messages were handed over.

    Those are asked about who wrote in the last week, newest first, since the newest of all updates. What
    had arrived is stored only once. Whatever fails is logged: the program goes on without.
    """
    async with database.read() as transaction:
        recent = await recent_chats(transaction, channel.name, since=now - REACH, limit=MOST_PEOPLE)
    if not recent or now - recent[0].last_at < QUIET:
        return 0
    people = [each.chat for each in recent]
    handed = await _recall(channel, people, recent[0].last_at - OVERLAP, receive)
    log.info(
        "Asked for what was missed.",
        action="backfilled",
        channel=channel.name,
        people=len(people),
        messages=handed,
        since=str(recent[0].last_at),
    )
    return handed


async def _recall(channel: WithHistory, people: Sequence[str], since: datetime, receive: Receive) -> int:
    handed = failed = 0
    for person in people:
        try:
            found = await channel.missed([person], since)
        except ChannelError as error:
            failed += 1
            log.warning("A history could not be read.", action="backfill_failed", error=str(error))
            if error.for_all or failed >= _FAILURES:
                break
            await _pause(error)
            continue
        failed = 0
        for envelope, body in found:
            await receive(channel.name, envelope, body)
        handed += len(found)
    return handed


async def _pause(error: ChannelError) -> None:
    await asyncio.sleep((error.retry_after or timedelta(seconds=1)).total_seconds())
