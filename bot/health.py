"""Whether the program is alive, and whether it is ready for work: two different questions.

Whoever restarts programs asks the first (`/healthz/alive`), whoever spreads work among them the second
(`/healthz`).
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from storage import messages, revision
from storage.database import Database

STUCK_SECONDS = 60.0
"""How long a part may go without coming round: it looks for work every second."""


class Part(Protocol):
    """What is known of a part that goes round and round, such as the worker."""

    moved_at: float
    """When it came round last, in seconds of a clock that is never set."""


class Health:
    """Looks at the program from within. `started` and `stopping` are set by whoever runs it."""

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], datetime],
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._now = now
        self._elapsed = elapsed
        self._parts: dict[str, tuple[Part, asyncio.Task[None]]] = {}
        self.started = False
        self.stopping = False

    def watch(self, name: str, part: Part, task: "asyncio.Task[None]") -> None:
        """Look after a part and the task in which it runs."""
        self._parts[name] = part, task

    async def look(self) -> dict[str, Any]:
        """Return how the program and its queues stand, "ready" or "why" not.

        Raises when the database does not answer: then it is alive, and not ready.
        """
        async with self._database.read() as transaction:
            step = await revision.recorded(transaction)
            state = await messages.queue_state(transaction, now=self._now())
        why = [*self._within(), *(["migrations"] if _is_behind(step) else [])]
        return {"alive": True, "ready": not why, **({"why": why} if why else {}), **self._told(state)}

    def _within(self) -> Sequence[str]:
        """Return what of the program itself keeps it from being ready."""
        if self.stopping:
            return ["stopping"]
        return [
            *([] if self.started else ["starting"]),
            *(name for name, (part, task) in self._parts.items() if self._is_stuck(part, task)),
        ]

    def _is_stuck(self, part: Part, task: "asyncio.Task[None]") -> bool:
        return task.done() or self._elapsed() - part.moved_at > STUCK_SECONDS

    def _told(self, state: messages.QueueState) -> Mapping[str, Any]:
        ages = {"inbox": state.inbox_oldest, "outbox": state.outbox_oldest}
        waited = {
            name: max(0.0, (self._now() - at).total_seconds()) if at else 0.0 for name, at in ages.items()
        }
        return {
            "inbox_waiting": state.inbox_waiting,
            "inbox_dead": state.inbox_dead,
            "outbox_waiting": state.outbox_waiting,
            "outbox_dead": state.outbox_dead,
            "inbox_oldest_seconds": waited["inbox"],
            "outbox_oldest_seconds": waited["outbox"],
            "oldest_seconds": max(waited.values()),
        }


def _is_behind(step: str | None) -> bool:
    """Tell whether tables are missing. What a newer program made of them is no reason to stop serving."""
    return step is None or (revision.is_known(step) and step != revision.newest())
