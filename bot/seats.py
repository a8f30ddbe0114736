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


HANOI_POSITIONS = (
    SamplePosition(title="Hồ Hoàn Kiếm", latitude=21.0287, longitude=105.8523),
    SamplePosition(title="Đường Khương Đình", latitude=20.9932, longitude=105.8131),
    SamplePosition(title="Hồ Tây, phía Quảng Bá", latitude=21.0690, longitude=105.8237),
    SamplePosition(title="Ngoài thành phố (biển Đà Nẵng)", latitude=16.0605, longitude=108.2470),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """What the demo adds: seats to take, positions to send.

    `sit(chat, seat)` makes a chat that person's; it is called each time a page is opened.
    """

    seats: Sequence[Seat]
    sit: Callable[[str, str], Awaitable[None]]
    positions: Sequence[SamplePosition] = HANOI_POSITIONS
