"""The vendor's error codes as the port's errors.

The codes stand in the answer's `error`; the answer itself is HTTP 200 for them.
Source: https://developers.zalo.me/docs/official-account/phu-luc/ma-loi
"""

from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from handlers.channel import (
    ChannelError,
    Misconfigured,
    OutsideReplyWindow,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)

TOKEN_REFUSED = frozenset({-216, -220, -124})
"""The access token is wrong, or another one has taken its place; -124 is what templates say for it."""
NIGHT_STARTS, NIGHT_ENDS = 22, 6
"""Local hours between which the vendor takes no templates."""

_LOCAL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
_CROWDED = timedelta(hours=1)
"""How long to leave somebody alone who has received all that they may receive for now."""
_Make = Callable[[str, datetime], ChannelError]


def channel_error(code: int, said: str, now: datetime) -> ChannelError:
    """Say in the port's words what a code means; one that nobody knows refuses this message alone."""
    words = f"{code} {said}".strip()
    return _MEANINGS.get(code, _rejected)(words, now)


def until_next_minute(now: datetime) -> timedelta:
    """How long to wait until the vendor counts anew."""
    return timedelta(seconds=60 - now.second - now.microsecond / 1_000_000)


def is_night(now: datetime) -> bool:
    """Tell whether the vendor takes no templates at this time."""
    hour = now.astimezone(_LOCAL).hour
    return hour >= NIGHT_STARTS or hour < NIGHT_ENDS


def until_morning(now: datetime) -> timedelta:
    """How long to wait until templates are taken again."""
    local = now.astimezone(_LOCAL)
    morning = local.replace(hour=NIGHT_ENDS, minute=0, second=0, microsecond=0)
    return (morning if morning > local else morning + timedelta(days=1)) - local


def _rejected(words: str, now: datetime) -> ChannelError:
    return Rejected(words)


def _unavailable(words: str, now: datetime) -> ChannelError:
    return Unavailable(words)


def _unreachable(words: str, now: datetime) -> ChannelError:
    return RecipientUnreachable(words)


def _too_late(words: str, now: datetime) -> ChannelError:
    return OutsideReplyWindow(words)


def _dead(words: str, now: datetime) -> ChannelError:
    return Misconfigured(words, for_all=True)


def _not_allowed(words: str, now: datetime) -> ChannelError:
    return Misconfigured(words)


def _too_fast(words: str, now: datetime) -> ChannelError:
    return RateLimited(words, retry_after=until_next_minute(now), for_all=True)


def _crowded(words: str, now: datetime) -> ChannelError:
    return RateLimited(words, retry_after=_CROWDED)


def _asleep(words: str, now: datetime) -> ChannelError:
    return RateLimited(words, retry_after=until_morning(now))


_MEANINGS: dict[int, _Make] = {
    -32: _too_fast,
    -100: _unavailable,  # an upload that has expired: the next try uploads again
    -118: _unreachable,  # no Zalo behind the number
    -124: _dead,
    -131: _not_allowed,  # the template is not approved
    -133: _asleep,
    -139: _unreachable,  # wants no such messages
    -200: _unavailable,
    -201: _rejected,
    -204: _dead,  # the account is gone
    -205: _dead,
    -209: _dead,  # the app is not active
    -210: _rejected,  # too long
    -211: _too_late,  # the quota is used up: it waits, as when the window has closed
    -212: _not_allowed,  # this part of the API, which may be that of groups alone
    -213: _unreachable,
    -216: _dead,
    -218: _crowded,
    -219: _dead,
    -220: _dead,
    -221: _dead,  # the account is not verified
    -223: _not_allowed,
    -224: _not_allowed,
    -227: _unreachable,
    -230: _too_late,
    -231: _too_late,
    -232: _too_late,
    -233: _rejected,
    -234: _asleep,
    -235: _rejected,
    -237: _unreachable,  # the group's asset has expired
    -238: _rejected,
    -240: _rejected,
    -241: _rejected,
    -242: _dead,  # the proof of the app's secret
    -244: _unreachable,
    -248: _rejected,
    -320: _too_late,  # no wallet, or nothing in it: only what is free goes out
    -321: _too_late,
    -403: _unreachable,  # another account's group
}
