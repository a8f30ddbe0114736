"""How fast one chat, one person or one address may send."""

import heapq
import time
from collections.abc import Callable

REMEMBERED = 10_000
"""How many keys are remembered at most; of more, those who wait longest are kept."""


class Pace:
    """A leaky bucket for each key: `burst` at once, then `burst` in every `seconds`.

    `clock` returns seconds; where it is set back, everybody begins anew.
    """

    def __init__(self, burst: int, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = burst
        self._gap = seconds / burst
        self._clock = clock
        self._empty_at: dict[str, float] = {}

    def wait(self, key: str) -> float:
        """Count one; return 0.0, or without counting it the seconds to wait first."""
        now = self._clock()
        empty_at = max(self._empty_at.get(key, now), now)
        if empty_at - now > self._gap * self._burst + 1.0:
            empty_at = now  # the clock was set back
        too_early = empty_at - now - self._gap * (self._burst - 1)
        if too_early > 1e-9:
            return too_early
        self._empty_at[key] = empty_at + self._gap
        if len(self._empty_at) > REMEMBERED:
            self._forget(now)
        return 0.0

    def _forget(self, now: float) -> None:
        """Make room for as many again, so that this is seldom done."""
        full = {name: at for name, at in self._empty_at.items() if at > now}
        if len(full) > REMEMBERED // 2:
            full = dict(heapq.nlargest(REMEMBERED // 2, full.items(), key=lambda kept: kept[1]))
        self._empty_at = full
