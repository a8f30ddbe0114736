"""One adapter per chat channel; each imports the port and nothing else of the program."""

from collections.abc import Callable
from typing import Any

from handlers.channel import Channel

FURTHER: tuple[Callable[[Any], Channel | None], ...] = ()
"""Builders of further channels: each takes the settings and returns its channel, or None where it is not set
up. See docs/channels.md, "Adding a fifth channel"."""
