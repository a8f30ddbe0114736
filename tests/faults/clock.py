"""A clock that is set from outside the process that reads it: seconds ahead of the real one, in a file."""

import mmap
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

_SECONDS = struct.Struct("d")


class SetClock:
    """The time of the machine and what the file says; every process that opened it sees a change at once."""

    def __init__(self, path: Path) -> None:
        """Open the file; it is made, with no difference, where there is none."""
        if not path.exists():
            path.write_bytes(_SECONDS.pack(0.0))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _SECONDS.size)

    @property
    def ahead(self) -> timedelta:
        """How far it is ahead of the machine's clock."""
        return timedelta(seconds=_SECONDS.unpack_from(self._memory)[0])

    def now(self) -> datetime:
        """Return the time it shows."""
        return datetime.now(UTC) + self.ahead

    def jump(self, by: timedelta) -> None:
        """Set it forward, or back."""
        _SECONDS.pack_into(self._memory, 0, (self.ahead + by).total_seconds())
