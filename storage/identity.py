"""Numbers for rows that are known before the database has seen them, and all else that is drawn by chance."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

_EPOCH_MILLISECONDS = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_RANDOM_BITS = 21


class Chance(Protocol):
    """Where the time in numbers and what nobody can guess come from."""

    def milliseconds(self) -> int:
        """Return the time, in milliseconds since 1970."""
        ...

    def below(self, limit: int) -> int:
        """Return a number from 0 to below the limit."""
        ...


class RealChance:
    """The machine's clock, and its source of secrets."""

    def milliseconds(self) -> int:
        """Return the time, in milliseconds since 1970."""
        return time.time_ns() // 1_000_000

    def below(self, limit: int) -> int:
        """Return a number from 0 to below the limit that nobody can guess."""
        return secrets.randbelow(limit)


class _Numbers:
    """Growing numbers from one source."""

    def __init__(self, chance: Chance) -> None:
        self.chance = chance
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        milliseconds = self.chance.milliseconds() - _EPOCH_MILLISECONDS
        # Half of the random range stays free to count in.
        fresh = milliseconds << _RANDOM_BITS | self.chance.below(1 << (_RANDOM_BITS - 1))
        with self._lock:
            self._last = max(self._last + 1, fresh)
            return self._last


_numbers = _Numbers(RealChance())


@contextmanager
def drawn_from(chance: Chance) -> Iterator[None]:
    """Draw everything from another source meanwhile: a simulation that can be repeated does, nobody else."""
    global _numbers
    before, _numbers = _numbers, _Numbers(chance)
    try:
        yield
    finally:
        _numbers = before


def new_id() -> int:
    """Return a positive 63-bit number: larger than every one before it in this process.

    42 bits of milliseconds since 2020 lead, so numbers of all processes sort by time; 21 bits begin at
    random in each millisecond and then count, so two processes hardly ever meet. The primary key finds
    out when they do.
    """
    return _numbers.next()


def first_id_at(at: datetime) -> int:
    """Return the smallest number that `new_id` may draw from a moment on."""
    return (int(at.timestamp() * 1000) - _EPOCH_MILLISECONDS) << _RANDOM_BITS


def below(limit: int) -> int:
    """Return a number from 0 to below the limit that nobody can guess."""
    return _numbers.chance.below(limit)


def new_token(octets: int) -> str:
    """Return so many random octets that nobody can guess, as hexadecimal digits."""
    return f"{_numbers.chance.below(1 << (8 * octets)):0{2 * octets}x}"
