"""How fast one chat, or one address, may send (the bucket of `handlers.pace`)."""

from handlers.pace import Pace

__all__ = ["Pace"]
