"""Who gets the one writer of a SQLite file next: what must not wait goes first, and nobody waits for ever."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turnstile:
    """A lock with two lines, each in order: the first goes first, but never twice while the other waits.

    So whoever stands at the head of the first line waits for one holder of the other line at most, and the
    other line moves on however many join the first.
    """

    def __init__(self) -> None:
        self._held = False
        self._was_first = False
        """Whether whoever holds the lock, or held it last, came from the first line."""
        self._lines: dict[bool, deque[asyncio.Future[None]]] = {True: deque(), False: deque()}

    @property
    def first_waits(self) -> bool:
        """Whether anybody stands in the first line."""
        return any(not place.done() for place in self._lines[True])

    @asynccontextmanager
    async def pass_through(self, *, first: bool) -> AsyncIterator[None]:
        """Hold the lock as soon as it is one's turn; `first` joins the first line."""
        await self._acquire(first)
        try:
            yield
        finally:
            self._hand_over()

    async def _acquire(self, first: bool) -> None:
        if not self._held:
            self._held, self._was_first = True, first
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._lines[first].append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was handed over to somebody who leaves
                self._hand_over()
            raise

    def _hand_over(self) -> None:
        """Give the lock to whoever is next: while somebody waits, it is not free for those who come."""
        for first in (not self._was_first, self._was_first):
            line = self._lines[first]
            while line:
                place = line.popleft()
                if not place.done():
                    self._was_first = first
                    place.set_result(None)
                    return
        self._held = False
