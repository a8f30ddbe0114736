"""The time by which commands work, in one place, so that a test sets it for all of them."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
