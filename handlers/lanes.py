"""How much each channel may be given to send just now: its rate, its room, and when it has to rest."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from handlers.channel import Channel, ChannelError, RateLimited, Unavailable
from storage.messages import ANSWER, TO_MANY

IN_FLIGHT = 64
"""Chats of one channel that are sent to at the same time."""
FIRST_REST = timedelta(seconds=2)
LONGEST_REST = timedelta(minutes=5)
LONGEST_ABSENCE = timedelta(seconds=15)
"""The longest rest of a channel that is away: so soon it is noticed that it is back."""
MANY_FAILURES = 3
"""So many messages in a row that could not be sent, to more than one chat, show that a channel is away."""
LOWEST_SHARE = 1 / 16
RECOVERY_SECONDS = 600.0
"""How long a rate that was halved takes to come back from nothing to all of it."""

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """What may be claimed: so many notices of a channel (None: of any), up to an urgency."""

    channel: str | None
    limit: int
    most: int = TO_MANY


class Lane:
    """One channel's room: how many are under way, and a bucket that fills at the vendor's rate.

    A part of any room is kept for answers. In no minute more goes out than `a_minute`: the bucket's depth
    (half a second's worth) is taken off what flows into it. News leaves the bucket in gulps of half its
    depth, so that one claim takes many.
    """

    def __init__(self, a_minute: int | None, elapsed: Callable[[], float] = time.monotonic) -> None:
        """elapsed: seconds of a clock that is never set."""
        self._elapsed = elapsed
        self._depth = max(1, (a_minute or 0) // 120)
        self._rate = max(1, a_minute - self._depth) / 60 if a_minute else None
        self._tokens, self._filled_at = float(self._depth), elapsed()
        self._share = 1.0
        """What part of the rate is this process's, as far as the vendor's refusals show."""
        self._sending = 0
        self._refusals = 0
        self._failed: list[str] = []
        """The chats to which sending has failed since it last succeeded to any."""
        self.rests_until: datetime | None = None
        self._began_to_rest: datetime | None = None

    def claim(self, channel: str, now: datetime) -> Claim:
        """Return what may be claimed of the channel; nothing while it rests, one while it is tried again."""
        if self._began_to_rest and now < self._began_to_rest:  # the clock was set back meanwhile
            self.rests_until = self._began_to_rest = None
        if self.rests_until and now < self.rests_until:
            return Claim(channel=channel, limit=0)
        if self._is_suspect(now):
            return Claim(channel=channel, limit=max(0, 1 - self._sending))
        room, tokens = IN_FLIGHT - self._sending, self._filled()
        kept = self._depth // 4
        news = min(room - IN_FLIGHT // 4, int(tokens) - kept if tokens >= self._gulp else 0)
        if news > 0:
            return Claim(channel=channel, limit=news)
        return Claim(channel=channel, limit=max(0, min(room, int(tokens))), most=ANSWER)

    def is_open(self, claim: Claim, now: datetime) -> bool:
        """Tell whether the channel may be claimed from along with all the others."""
        return claim.limit > 0 and claim.most == TO_MANY and not self._is_suspect(now)

    def take(self) -> None:
        """Count one that is being sent."""
        self._sending += 1
        self._filled()
        self._tokens -= 1

    def settle(self, parts: int, error: ChannelError | None, now: datetime, *, chat: str = "") -> None:
        """Count what became of one: how many further parts it had, or why it failed.

        A channel that nobody can be reached by any more is away for all: no message is to blame for that.
        """
        self._sending -= 1
        self._tokens -= parts
        if error is None:
            self._refusals, self._failed = 0, []
        elif isinstance(error, Unavailable):
            self._failed = [*self._failed[-MANY_FAILURES:], chat]
            error.for_all = error.for_all or (
                len(self._failed) >= MANY_FAILURES and len(set(self._failed)) > 1
            )
        if error is not None and error.for_all:
            self._rest(error, now)

    def dry_seconds(self, now: datetime) -> float | None:
        """Return how long the bucket needs until news can go out again; None where it is full enough."""
        if self._rate is None or (self.rests_until and now < self.rests_until):
            return None
        missing = self._gulp - self._filled()
        return missing / (self._rate * self._share) if missing > 0 else None

    @property
    def _gulp(self) -> float:
        """How full the bucket must be for news: what is kept for answers, and a gulp."""
        return max(1, self._depth // 4 + self._depth // 2)

    def _is_suspect(self, now: datetime) -> bool:
        """Tell whether the channel refused the bot when it was asked last, not so long ago."""
        return bool(self._refusals and self.rests_until and now < self.rests_until + LONGEST_REST)

    def _filled(self) -> float:
        """Let flow into the bucket what is due; return how much it holds."""
        now = self._elapsed()
        passed, self._filled_at = now - self._filled_at, now
        if self._rate is None:
            return float(IN_FLIGHT)
        self._tokens = min(self._depth, self._tokens + passed * self._rate * self._share)
        self._share = min(1.0, self._share + passed / RECOVERY_SECONDS)
        return self._tokens

    def _rest(self, error: ChannelError, now: datetime) -> None:
        if not (self.rests_until and now < self.rests_until):  # many that were under way fail together
            self._refusals += 1
            if isinstance(error, RateLimited):
                self._filled()
                self._share = max(LOWEST_SHARE, self._share / 2)
        longest = LONGEST_ABSENCE if isinstance(error, Unavailable) else LONGEST_REST
        pause = error.retry_after or min(FIRST_REST * 2 ** min(self._refusals - 1, 10), longest)
        self._began_to_rest = now
        self.rests_until = max(self.rests_until or now, now + pause)


class Lanes:
    """The lanes of all channels: what may be claimed now, so that none waits for another."""

    def __init__(
        self, channels: Mapping[str, Channel], elapsed: Callable[[], float] = time.monotonic
    ) -> None:
        self._channels, self._elapsed = channels, elapsed
        self._lanes: dict[str, Lane] = {}
        self._absent: dict[str, datetime] = {}
        """Until when channels rest that are not set up here."""

    def claims(self, now: datetime) -> list[Claim]:
        """Return what may be claimed: one claim for all channels when none is held up, else one for each."""
        claims = {name: self._lane(name).claim(name, now) for name in self._channels}
        self._absent = {name: until for name, until in self._absent.items() if now < until}
        if not self._absent and all(self._lane(name).is_open(each, now) for name, each in claims.items()):
            return [Claim(channel=None, limit=min((each.limit for each in claims.values()), default=1))]
        return [claim for claim in claims.values() if claim.limit > 0]

    def has_room(self, claim: Claim, now: datetime) -> bool:
        """Tell whether as much again could be claimed at once."""
        if claim.channel is None:
            return True
        again = self._lane(claim.channel).claim(claim.channel, now)
        return again.limit > 0 and again.most >= claim.most

    def take(self, channel: str) -> None:
        """Count a message that is being sent."""
        if channel in self._channels:
            self._lane(channel).take()

    def settle(
        self, channel: str, parts: int, error: ChannelError | None, now: datetime, *, chat: str = ""
    ) -> None:
        """Count what became of it: how many further parts it had, or why it failed (maybe for all)."""
        if channel not in self._channels:
            self._absent[channel] = now + (error.retry_after if error and error.retry_after else FIRST_REST)
            return
        self._lane(channel).settle(parts, error, now, chat=chat)
        if error is not None and error.for_all:
            until = self._lane(channel).rests_until
            log.warning("A channel rests.", action="channel_rests", channel=channel, until=str(until))

    def rests_until(self, channel: str) -> datetime | None:
        """Return until when a channel is given nothing."""
        return self._lane(channel).rests_until if channel in self._channels else self._absent.get(channel)

    def dry_seconds(self, now: datetime) -> float | None:
        """Return how long until news may go out again in a channel whose rate is used up; None if in all."""
        return min(self.dry(now).values(), default=None)

    def dry(self, now: datetime) -> dict[str, float]:
        """Return the channels whose rate is used up, and for how many seconds."""
        waits = {name: self._lane(name).dry_seconds(now) for name in self._channels}
        return {name: wait for name, wait in waits.items() if wait is not None}

    def _lane(self, name: str) -> Lane:
        channel = self._channels[name]
        known = self._lanes.get(name)
        if known is None:
            known = self._lanes[name] = Lane(channel.capabilities.messages_per_minute, self._elapsed)
        return known
