"""Starts the channels that have a vendor, goes on trying where one does not answer, polls, and closes."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

import structlog

from handlers.channel import ChannelError, Envelope, Misconfigured

RETRY_SECONDS = 15.0

Receive = Callable[[str, Envelope, bytes], Awaitable[None]]
"""Stores one update of the named channel; returns once it is durable."""
log = structlog.get_logger()


class VendorChannel(Protocol):
    """What a channel with a vendor offers beside the port."""

    name: str
    polls: bool
    """Whether updates are asked for; where not, a webhook brings them."""

    async def start(self) -> None:
        """Tell the vendor what it must know; safe to repeat. Raises ChannelError."""
        ...

    async def poll(self, receive: Callable[[Envelope, bytes], Awaitable[None]]) -> None:
        """Hand over updates until cancelled; used where it `polls`."""
        ...

    async def close(self) -> None:
        """Close the connections."""
        ...


class Refusal(Exception):
    """A vendor refuses the bot for good: `token` says whether it is its token, else the way it is used."""

    def __init__(self, channel: str, error: ChannelError) -> None:
        super().__init__(str(error))
        self.channel = channel
        self.token = isinstance(error, Misconfigured)


class Connections:
    """The running connections to vendors."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self, channel: VendorChannel) -> None:
        """Start now if the vendor answers, else go on trying: no other channel waits. Raises Refusal."""
        try:
            await channel.start()
        except ChannelError as error:
            if isinstance(error, Misconfigured) or not error.retryable:
                raise Refusal(channel.name, error) from error
            _unreachable(channel, error)
            self._tasks.append(asyncio.create_task(self._keep_starting(channel)))
            return
        if channel.polls:
            self._tasks.append(asyncio.create_task(self._poll(channel)))

    async def close(self) -> None:
        """Stop asking for updates; the channels themselves stay open, for what is still to be sent."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _keep_starting(self, channel: VendorChannel) -> None:
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            try:
                await channel.start()
            except ChannelError as error:
                _unreachable(channel, error)
            else:
                break
        if channel.polls:
            await self._poll(channel)

    async def _poll(self, channel: VendorChannel) -> None:
        async def receive(envelope: Envelope, body: bytes) -> None:
            await self._receive(channel.name, envelope, body)

        await channel.poll(receive)


def _unreachable(channel: VendorChannel, error: ChannelError) -> None:
    log.error(
        "A channel's vendor cannot be reached yet.",
        action="channel_unreachable",
        channel=channel.name,
        error=error,
    )
