"""Where the adapter gets its access token from, and who renews it: one process at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from bot.channels.zalo_oa.oauth import Granted, Refused
from handlers.channel import Ailment, ChannelError, Misconfigured, Unavailable

IN_GOOD_TIME = timedelta(hours=2)
"""With no more left the token is renewed."""
REFRESH_LIFE = timedelta(days=90)
"""How long the vendor takes a refresh token: three months."""
OLD = timedelta(days=60)
ALARMING = timedelta(hours=1)
"""With no more left it is an ailment that renewing fails."""
LEASE = timedelta(minutes=2)
"""How long whoever renews keeps others from it: much more than the vendor is given to answer, so that clocks
may differ by a minute."""
PAUSE = timedelta(minutes=1)
"""Between tries while the token is good."""
SHORT_PAUSE = timedelta(seconds=5)
"""Between tries while there is no good one."""
BROKEN_PAUSE = timedelta(hours=1)
"""Between tries with a refresh token that was refused: what the vendor's errors mean is not documented."""
PATIENCE_SECONDS = 5.0
"""How long a send waits for a new token while the old one is good."""
WAIT_SECONDS = 10.0
"""How long it waits where there is no other."""
LOOK_SECONDS = 0.2
SAVE_PAUSES = (0.1, 0.5, 2.0, 5.0, 10.0, 20.0)
"""Seconds between tries to save a new pair while the database is away."""
OFTEN = 20
OFTEN_WITHIN = timedelta(minutes=10)
"""So many renewals in so short a time help nothing: the vendor refuses what it has just given."""

logger = logging.getLogger(__name__)


class Tokens(Protocol):
    """The access token of the Official Account, renewed in good time by one process at a time."""

    async def access(self) -> str:
        """Return a token that should be good; raises Misconfigured (`for_all`) when there is none."""
        ...

    async def renewed(self, refused: str) -> str:
        """Return another token than the one that the vendor just refused.

        Raises Misconfigured (`for_all`) when only a new consent helps, Unavailable when another try may.
        """
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """An access token and the refresh token that renews it, once.

    expires_at: when the access token dies; None where nobody knows. oa_id: the account that consented, where
    that is known.
    """

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    obtained_at: datetime
    expires_at: datetime | None = None
    oa_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """The pair as it is stored. `version` counts every change; until `leased_until` nobody else may renew."""

    pair: Pair
    version: int
    leased_until: datetime | None = None
    broken_at: datetime | None = None
    error: str = ""


class Vault(Protocol):
    """Where the pair is stored, for all processes. Every method raises Unavailable or Misconfigured."""

    async def read(self) -> Kept | None:
        """Return what is stored; None where no account has consented yet."""
        ...

    async def lease(self, version: int, *, now: datetime, until: datetime) -> bool:
        """Take the right to renew this version; False when somebody has it, or it is no more what is kept."""
        ...

    async def save(self, version: int, pair: Pair) -> bool:
        """Save what came of renewing this version, durably; False when it is no more what is kept."""
        ...

    async def put_off(self, version: int, *, until: datetime, error: str) -> None:
        """Give the lease back: renewing failed, and is not tried again before `until`."""
        ...

    async def mark_broken(self, version: int, *, at: datetime, until: datetime, error: str) -> None:
        """Give the lease back: the vendor refuses the refresh token."""
        ...


class Refreshing(Protocol):
    """Who turns a refresh token into a new pair."""

    async def refresh(self, refresh_token: str) -> Granted:
        """Return a new pair; raises Refused or Unavailable."""
        ...


class TokenKeeper:
    """The tokens of one Official Account, stored in a vault that several processes share.

    However many sends need a new token at once, one process renews it, once, and saves the new pair before
    anybody uses it. While the vendor cannot be reached the old token serves as long as it is good.
    """

    def __init__(
        self,
        *,
        vault: Vault,
        oauth: Refreshing,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._vault = vault
        self._oauth = oauth
        self._now = now
        self._kept: Kept | None = None
        self._refused = ""
        self._following: asyncio.Task[None] | None = None
        self._unsaved: tuple[int, Pair] | None = None
        self._renewals: deque[datetime] = deque()

    async def access(self) -> str:
        """Return a token that should be good, renewed where it is time.

        Raises Misconfigured (`for_all`) when only a consent helps, Unavailable (`for_all`) when another try
        may.
        """
        if self._kept is None or (self._due(self._kept) and not self._rests(self._kept)):
            await self._follow()
        if self._kept is None:
            raise Misconfigured("no Official Account has consented yet: zalo consent", for_all=True)
        if not self._good(self._kept):
            raise self._trouble(self._kept)
        return self._kept.pair.access

    async def renewed(self, refused: str) -> str:
        """Return another token than the one that the vendor just refused; raises as `access`."""
        if self._kept is None or self._kept.pair.access == refused:
            self._refused = refused
        return await self.access()

    async def ailments(self) -> Sequence[Ailment]:
        """Renew the token where it is time; return what an operator must look at. Raises Unavailable."""
        with suppress(ChannelError):
            await self.access()
        try:
            kept = await self._vault.read()
        except Misconfigured as error:
            return [Ailment(what="token_unreadable", detail=str(error))]
        return self._ailments_of(kept)

    async def close(self) -> None:
        """Return when a renewal that is under way is saved."""
        if self._following:
            await asyncio.wait({self._following})

    def _ailments_of(self, kept: Kept | None) -> list[Ailment]:
        if kept is None:
            return [Ailment(what="token_missing")]
        if kept.broken_at:
            return [Ailment(what="token_broken", detail=f"{kept.broken_at:%Y-%m-%d %H:%M} UTC: {kept.error}")]
        now, expires = self._now(), kept.pair.expires_at
        if kept.error and (not self._good(kept) or (expires and expires - now <= ALARMING)):
            return [Ailment(what="token_not_renewed", detail=kept.error)]
        if now - kept.pair.obtained_at > OLD:
            return [Ailment(what="token_old", detail=f"{kept.pair.obtained_at + REFRESH_LIFE:%Y-%m-%d}")]
        return []

    def _good(self, kept: Kept) -> bool:
        """Tell whether the access token may still be used."""
        expires = kept.pair.expires_at
        return kept.pair.access != self._refused and (expires is None or self._now() < expires)

    def _due(self, kept: Kept) -> bool:
        """Tell whether the pair is to be renewed; one of an unknown age is."""
        expires = kept.pair.expires_at
        return (
            not self._good(kept)
            or kept.broken_at is not None
            or expires is None
            or expires - self._now() <= IN_GOOD_TIME
        )

    def _rests(self, kept: Kept) -> bool:
        """Tell whether the old token serves for now, because somebody renews or has just tried."""
        return self._good(kept) and self._leased(kept)

    def _leased(self, kept: Kept) -> bool:
        return kept.leased_until is not None and self._now() < kept.leased_until

    def _trouble(self, kept: Kept) -> ChannelError:
        if kept.broken_at:
            return Misconfigured(f"the refresh token was refused: {kept.error}", for_all=True)
        why = kept.error or "somebody renews it"
        return Unavailable(f"no good access token: {why}", retry_after=SHORT_PAUSE, for_all=True)

    async def _follow(self) -> None:
        """Bring `_kept` up to date, renewed where that is due. All who wait share one attempt.

        It is a task of its own: a send that is given up must not take a new pair with it.
        """
        good = self._kept is not None and self._good(self._kept)
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._bring_up_to_date())
            self._following.add_done_callback(_look_at)
        done, _ = await asyncio.wait({self._following}, timeout=PATIENCE_SECONDS if good else WAIT_SECONDS)
        if done and not good:
            self._following.result()

    async def _bring_up_to_date(self) -> None:
        if self._unsaved:
            await self._save(*self._unsaved)
        loop = asyncio.get_running_loop()
        deadline = loop.time() + WAIT_SECONDS
        while True:
            kept = self._kept = await self._vault.read()
            if kept is None or not self._due(kept):
                return
            if not self._leased(kept) and await self._lease(kept):
                await self._renew(kept)
                self._kept = await self._vault.read()
                return
            if self._good(kept) or kept.broken_at or loop.time() > deadline:
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def _lease(self, kept: Kept) -> bool:
        now = self._now()
        return await self._vault.lease(kept.version, now=now, until=now + LEASE)

    async def _renew(self, kept: Kept) -> None:
        asked_at = self._now()
        try:
            self._count_renewal(asked_at)
            granted = await self._oauth.refresh(kept.pair.refresh)
        except Refused as error:
            logger.error("the refresh token was refused: %s", error, extra={"action": "token_broken"})
            await self._vault.mark_broken(
                kept.version, at=asked_at, until=asked_at + BROKEN_PAUSE, error=str(error)
            )
        except ChannelError as error:
            logger.warning("the token could not be renewed: %s", error, extra={"action": "token_not_renewed"})
            pause = error.retry_after or (PAUSE if self._good(kept) else SHORT_PAUSE)
            await self._vault.put_off(kept.version, until=self._now() + pause, error=str(error))
        else:
            pair = Pair(
                access=granted.access,
                refresh=granted.refresh,
                obtained_at=asked_at,
                expires_at=asked_at + granted.expires_in,
                oa_id=kept.pair.oa_id,
            )
            await self._save(kept.version, pair)

    def _count_renewal(self, now: datetime) -> None:
        while self._renewals and self._renewals[0] <= now - OFTEN_WITHIN:
            self._renewals.popleft()
        if len(self._renewals) >= OFTEN:
            raise Unavailable("the vendor refuses tokens that it has just given", retry_after=PAUSE)
        self._renewals.append(now)

    async def _save(self, version: int, pair: Pair) -> None:
        """Save a new pair, whatever it takes: there is no other. Raises Unavailable while it cannot be."""
        self._unsaved = (version, pair)
        for pause in SAVE_PAUSES:
            try:
                await self._save_once(version, pair)
            except Unavailable as error:
                logger.error("a new token is not saved yet: %s", error, extra={"action": "token_unsaved"})
                await asyncio.sleep(pause)
            else:
                return
        await self._save_once(version, pair)

    async def _save_once(self, version: int, pair: Pair) -> None:
        saved = await self._vault.save(version, pair)
        self._unsaved = None
        if saved:
            logger.info("the token was renewed, until %s", pair.expires_at, extra={"action": "token_renewed"})
        else:
            logger.warning(
                "another pair was stored meanwhile, which counts", extra={"action": "token_replaced"}
            )


def _look_at(task: asyncio.Task[None]) -> None:
    """Take note of a failure that nobody waited for."""
    if not task.cancelled() and (error := task.exception()):
        level = logging.WARNING if isinstance(error, ChannelError) else logging.ERROR
        logger.log(level, "the token could not be looked after: %r", error, extra={"action": "token_failed"})
