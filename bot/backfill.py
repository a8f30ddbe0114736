"""After an outage: asks channels that keep a history for what people sent while nobody listened."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """When nobody listened to a channel: since its last update, and who is asked about, newest first."""

    people: tuple[str, ...]
    since: datetime


async def find_gap(database: Database, channel: str, *, now: datetime) -> Gap | None:
    """Return what may have been missed; None where something came in just now, or nothing ever did.

    To be asked before anybody listens: the first update that arrives afterwards hides the gap. Those are
    asked about who wrote in the last week, since the newest of all updates.
    """
    async with database.read() as transaction:
        recent = await recent_chats(transaction, channel, since=now - REACH, limit=MOST_PEOPLE)
    if not recent or now - recent[0].last_at < QUIET:
        return None
    return Gap(people=tuple(each.chat for each in recent), since=recent[0].last_at)


async def recall_missed(channel: WithHistory, gap: Gap, receive: Receive) -> int:
    """Ask for what was missed; return how many messages were handed over.

    What had arrived is stored only once. Whatever fails is logged: the program goes on without.
    """
    handed = await _recall(channel, gap.people, gap.since - OVERLAP, receive)
    log.info(
        "Asked for what was missed.",
        action="backfilled",
        channel=channel.name,
        people=len(gap.people),
        messages=handed,
        since=str(gap.since),
    )
    return handed


async def _recall(channel: WithHistory, people: Sequence[str], since: datetime, receive: Receive) -> int:
    handed = failed = 0
    for person in people:
        try:
            found = await channel.missed([person], since)
        except ChannelError as error:
            failed += 1
            log.warning("A history could not be read.", action="backfill_failed", error=error)
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
