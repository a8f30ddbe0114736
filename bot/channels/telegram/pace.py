"""How fast the vendor lets a bot write (https://core.telegram.org/bots/faq#broadcasting-to-users)."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

_CHATS_REMEMBERED = 10_000
_FLOODED_CHATS = 5
_FLOODED_SECONDS = 10.0
"""So many chats that must wait within so short a time mean that the bot as a whole is too fast: the vendor
names no limit when it refuses."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Limit:
    """At most `count` messages in any `seconds`."""

    count: int
    seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Limits:
    """The vendor's advice: a message a second in a private chat (bursts of 3 pass), 20 a minute in a
    group, 30 a second overall; None for no limit."""

    private: Limit | None = Limit(count=3, seconds=3)
    group: Limit | None = Limit(count=20, seconds=60)
    overall: Limit | None = Limit(count=30, seconds=1)


UNLIMITED = Limits(private=None, group=None, overall=None)
"""For a server of one's own that imitates the vendor, as in tests and benchmarks."""


class Pace:
    """Counts what was sent and says how long a chat must wait; never sleeps."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits = limits
        self._clock = clock
        self._overall: deque[float] = deque()
        self._chats: dict[int, deque[float]] = {}
        self._refusals: deque[tuple[float, int]] = deque()

    def admit(self, chat: int, count: int) -> float:
        """Count `count` messages to a chat and return 0, or return the seconds to wait for them.

        An album counts each of its photos. More at once than a limit allows passes when nothing else
        was sent in its time.
        """
        now = self._clock()
        limit = self._limits.private if chat > 0 else self._limits.group
        sent = self._sent_to(chat, now)
        wait = max(_wait(sent, limit, count, now), _wait(self._overall, self._limits.overall, count, now))
        if wait <= 0:
            self._note(sent, limit, count, now)
            self._note(self._overall, self._limits.overall, count, now)
        return wait

    def wait_of_all(self, count: int) -> float:
        """Return how long every chat must wait for `count` more messages of the bot."""
        return _wait(self._overall, self._limits.overall, count, self._clock())

    def refused(self, chat: int) -> bool:
        """Note that the vendor lets a chat wait; return whether it must be the bot as a whole."""
        now = self._clock()
        self._refusals.append((now, chat))
        while now - self._refusals[0][0] > _FLOODED_SECONDS:
            self._refusals.popleft()
        return len({each for _, each in self._refusals}) >= _FLOODED_CHATS

    def _sent_to(self, chat: int, now: float) -> deque[float]:
        if len(self._chats) > _CHATS_REMEMBERED:
            self._chats = {key: sent for key, sent in self._chats.items() if sent and now - sent[-1] < 60}
        return self._chats.setdefault(chat, deque())

    @staticmethod
    def _note(sent: deque[float], limit: Limit | None, count: int, now: float) -> None:
        if limit:
            sent.extend([now] * count)


def _wait(sent: deque[float], limit: Limit | None, count: int, now: float) -> float:
    """Seconds until `count` more fit into the limit."""
    if limit is None:
        return 0.0
    while sent and now - sent[0] >= limit.seconds:
        sent.popleft()
    surplus = min(len(sent), len(sent) + count - limit.count)
    return sent[surplus - 1] + limit.seconds - now if surplus > 0 else 0.0
