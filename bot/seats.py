"""The demo's seats: whom a visitor may be, and where they may say to be."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """Somebody whom a visitor of the demo may be; `name` goes into URLs, `examples` into the message box."""

    name: str
    title: str
    hint: str = ""
    examples: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return what the pages show."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplePosition:
    """A position that a visitor of the demo may send without being there."""

    title: str
    latitude: float
    longitude: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """What the demo adds: seats to take, positions to send.

    `sit(chat, seat)` makes a chat that person's; it is called each time a page is opened.
    """

    seats: Sequence[Seat]
    sit: Callable[[str, str], Awaitable[None]]
    positions: Sequence[SamplePosition] = ()
