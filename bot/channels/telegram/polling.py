"""Long polling: each update handed over as its own raw JSON, the offset moved only afterwards."""

import asyncio
import hashlib
import json
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import urlencode

from telegram.error import Conflict

from bot.channels.telegram.faults import vendor_faults
from bot.channels.telegram.request import AiohttpRequest
from bot.channels.telegram.updates import ALLOWED_UPDATES, envelope_of
from handlers.channel import ChannelError, Envelope

Receive = Callable[[Envelope, bytes], Awaitable[None]]

logger = logging.getLogger(__name__)


class Polling:
    """Asks for updates and keeps the place (the vendor keeps what is not confirmed for 24 hours)."""

    def __init__(
        self,
        request: AiohttpRequest,
        url: str,
        *,
        wait_seconds: int,
        longest_pause: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`url` is that of the method getUpdates; an answer takes up to `wait_seconds`; `clock` counts
        seconds."""
        self.trouble = ""
        """Why the last try failed; empty once one succeeds."""
        self.disturbed = False
        """Whether it failed because another program asks for the same updates."""
        self._clock = clock
        self._answered_at: float | None = None
        self._request = request
        self._url = url
        self._wait_seconds = wait_seconds
        self._longest_pause = longest_pause
        self._offset = 0

    async def run(self, receive: Receive) -> None:
        """Hand over updates until cancelled; after a failure wait, longer each time, and ask again."""
        failures = 0
        self._answered_at = self._clock()
        while True:
            try:
                await self._step(receive)
                failures = 0
                self._note_success()
            except Exception as error:
                failures += 1
                self.trouble, self.disturbed = str(error), isinstance(error.__cause__, Conflict)
                pause = self._pause(error, failures)
                logger.warning(
                    "polling failed, next try in %.0f s: %s", pause, error, extra={"action": "poll_failed"}
                )
                await asyncio.sleep(pause)

    def silent_for(self) -> float:
        """Return for how many seconds nothing was answered and stored; 0 where nothing is polled."""
        return 0.0 if self._answered_at is None else self._clock() - self._answered_at

    def _note_success(self) -> None:
        self._answered_at = self._clock()
        self.trouble, self.disturbed = "", False

    def _pause(self, error: Exception, failures: int) -> float:
        if isinstance(error, ChannelError) and error.retry_after:
            return error.retry_after.total_seconds()
        return min(self._longest_pause, 0.5 * 2.0 ** min(failures, 10))

    async def _step(self, receive: Receive) -> None:
        updates = await self._next()
        # Begun in order, so that the receiver can keep the order and still store them together.
        outcomes = await asyncio.gather(
            *(receive(*_packed(update)) for update in updates), return_exceptions=True
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        before, self._offset = self._offset, _next_offset(self._offset, updates)
        if updates and self._offset == before:
            raise ValueError("only updates without ids, which cannot be confirmed")

    async def _next(self) -> Sequence[Any]:
        query = {
            "offset": self._offset,
            "timeout": self._wait_seconds,
            "allowed_updates": json.dumps(ALLOWED_UPDATES),
        }
        with vendor_faults():
            answer = await self._request.post(
                f"{self._url}?{urlencode(query)}", read_timeout=self._wait_seconds + 10
            )
        return answer if isinstance(answer, list) else []


def _packed(update: Any) -> tuple[Envelope, bytes]:
    """Give an update its envelope; one without an id is known by its content."""
    body = json.dumps(update).encode()
    if _has_id(update):
        return envelope_of(update), body
    logger.warning("an update without an id was received", extra={"action": "update_unreadable"})
    return Envelope(external_id=f"unreadable-{hashlib.sha256(body).hexdigest()[:32]}", chat=""), body


def _next_offset(offset: int, updates: Sequence[Any]) -> int:
    """Confirm everything received; ids count upwards, so an update without one is passed by one step."""
    known = [update["update_id"] for update in updates if _has_id(update)]
    if known:
        return int(max(known)) + 1
    return offset + 1 if updates and offset else offset


def _has_id(update: Any) -> bool:
    return isinstance(update, dict) and type(update.get("update_id")) is int
