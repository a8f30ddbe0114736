"""How the program and its drawing process talk: a length in four bytes, then so many bytes.

A request is a specification in JSON. An answer begins with one more byte that tells whether a PNG follows, or
the reason why there is none.
"""

from typing import BinaryIO

DRAWN, FAILED = b"\x01", b"\x00"
LENGTH = 4
MOST = 8 * 1024 * 1024
"""No specification and no picture is larger (bytes)."""


def frame(content: bytes) -> bytes:
    """Return bytes as one frame. Raises ValueError for too many."""
    if len(content) > MOST:
        raise ValueError(f"{len(content)} bytes are more than a picture needs")
    return len(content).to_bytes(LENGTH, "big") + content


def read_frame(source: BinaryIO) -> bytes | None:
    """Return the next frame's bytes; None at the end."""
    head = source.read(LENGTH)
    if len(head) < LENGTH:
        return None
    length = int.from_bytes(head, "big")
    content = source.read(length)
    return content if len(content) == length else None
