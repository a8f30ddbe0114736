"""Whether a webhook call comes from the vendor, and recently.

Source: https://developers.zalo.me/docs/official-account/webhook/tong-quan
"""

import hmac
import logging
import re
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from handlers.channel import Forbidden

HEADER = "X-ZEvent-Signature"
OLDEST = timedelta(hours=3)
"""The vendor tries again for 1 hour and 51 minutes, with the same body and time."""
NEWEST = timedelta(minutes=5)
"""How far the vendor's clock may be ahead."""
_MAC = re.compile(r"\s*(?:mac\s*=\s*)?([0-9a-f]{64})\s*", re.ASCII | re.IGNORECASE)
_SECONDS_UNTIL = 100_000_000_000
"""What is less than this counts seconds, not milliseconds (it would be in March 1973)."""

logger = logging.getLogger(__name__)


def check(body: bytes, timestamp: Any, given: str, *, app_id: str, key: str, now: datetime) -> None:
    """Raise Forbidden unless the header's value signs these very bytes and the time is near."""
    found = _MAC.fullmatch(given)
    stamp = timestamp if isinstance(timestamp, str) else str(timestamp)
    if not key or not hmac.compare_digest(found[1].lower() if found else "", sign(body, stamp, app_id, key)):
        raise Forbidden("wrong signature")
    at = time_of(timestamp)
    if not now - OLDEST <= at <= now + NEWEST:
        logger.warning(
            "A webhook call is signed right, but its time is off: %s.", at, extra={"action": "webhook_stale"}
        )
        raise Forbidden("too old, or from the future")


def sign(body: bytes, timestamp: str, app_id: str, key: str) -> str:
    """Return the signature: a plain SHA-256, no HMAC, over the bytes as they came."""
    parts = (app_id.encode(), body, timestamp.encode("utf-8", "surrogatepass"), key.encode())
    return sha256(b"".join(parts)).hexdigest()


def time_of(timestamp: Any) -> datetime:
    """Read the vendor's time: milliseconds since 1970, as a text or a number; 1970 for anything else."""
    try:
        count = int(timestamp)
        return datetime.fromtimestamp(count if count < _SECONDS_UNTIL else count / 1000, UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(0, UTC)
