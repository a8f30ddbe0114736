"""Rings of points as short strings: the steps between them in 1/100,000 of a degree, about a metre.

The encoding is the published "polyline" one: signed steps, five bits a character, from "?" upwards.
"""

from collections.abc import Iterator, Sequence

_SCALE = 100_000
_OFFSET, _CHUNK, _MORE = 63, 0x1F, 0x20


def encode_ring(ring: Sequence[tuple[float, float]]) -> str:
    """Return the points of a ring, (longitude, latitude) in degrees, as a string."""
    parts: list[str] = []
    before = (0, 0)
    for longitude, latitude in ring:
        here = (round(longitude * _SCALE), round(latitude * _SCALE))
        parts += [_encode(here[0] - before[0]), _encode(here[1] - before[1])]
        before = here
    return "".join(parts)


def _encode(step: int) -> str:
    left = ~(step << 1) if step < 0 else step << 1
    characters = ""
    while left >= _MORE:
        characters += chr((_MORE | (left & _CHUNK)) + _OFFSET)
        left >>= 5
    return characters + chr(left + _OFFSET)


def decode_ring(text: str) -> list[tuple[float, float]]:
    """Return the points that `encode_ring` wrote."""
    ring: list[tuple[float, float]] = []
    longitude = latitude = 0
    steps = _steps(text)
    for east, north in zip(steps, steps, strict=True):
        longitude, latitude = longitude + east, latitude + north
        ring.append((longitude / _SCALE, latitude / _SCALE))
    return ring


def _steps(text: str) -> Iterator[int]:
    value = shift = 0
    for character in text:
        bits = ord(character) - _OFFSET
        value |= (bits & _CHUNK) << shift
        shift += 5
        if bits < _MORE:
            yield ~(value >> 1) if value & 1 else value >> 1
            value = shift = 0
