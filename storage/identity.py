"""Numbers for rows that are known before the database has seen them."""

import secrets
import threading
import time

_EPOCH_MILLISECONDS = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_RANDOM_BITS = 21

_lock = threading.Lock()
_last = 0


def new_id() -> int:
    """Return a positive 63-bit number: larger than every one before it in this process.

    42 bits of milliseconds since 2020 lead, so numbers of all processes sort by time; 21 bits begin at
    random in each millisecond and then count, so two processes hardly ever meet. The primary key finds
    out when they do.
    """
    global _last
    milliseconds = time.time_ns() // 1_000_000 - _EPOCH_MILLISECONDS
    # Half of the random range stays free to count in.
    fresh = milliseconds << _RANDOM_BITS | secrets.randbits(_RANDOM_BITS - 1)
    with _lock:
        _last = max(_last + 1, fresh)
        return _last
