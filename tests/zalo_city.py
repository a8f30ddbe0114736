"""The whole program as `serve` runs it, with officials who use it on a Zalo Official Account.

Everything is real but the vendor (`tests/standins/zalo_oa.py`); program and vendor read the same clock, which
starts on a Monday morning.
"""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from bot.app import App
from bot.channels.zalo_oa.tokens import Pair
from bot.data_key import DataKey
from bot.settings import load_settings
from bot.vault import TokenVault
from routing.understanding import Understanding
from storage import groups, people
from storage.groups import Group
from storage.tables import group_chat
from tests.city import MONDAY_MORNING
from tests.standins.zalo_oa import Shown, ZaloOaStandIn
from tests.telegram_city import PATIENCE, free_port, until


@dataclass(kw_only=True)
class Official:
    """Somebody in their private chat with the account. What came since their last deed is their news."""

    city: "ZaloCity"
    user: str
    seen: int = 0

    @property
    def screen(self) -> list[Shown]:
        """Everything ever shown."""
        return self.city.zalo.sent(self.user)

    @property
    def news(self) -> str:
        """What was shown since the last deed."""
        return "\n---\n".join(shown.text for shown in self.screen[self.seen :])

    async def writes(self, text: str) -> None:
        """Send a text."""
        self.reads()
        await self.city.zalo.user_sends(self.user, text)

    async def presses(self, label: str) -> None:
        """Press the latest native button whose label begins so, waiting for it."""
        await until(lambda: bool(self._buttons(label)), lambda: f"no [{label}] in:\n{self.news}")
        shown, payload = self._buttons(label)[-1]
        self.reads()
        await self.city.zalo.user_presses(shown, payload)

    async def sees(self, *fragments: str) -> None:
        """Wait until the news hold every fragment."""

        def complaint() -> str:
            missing = [fragment for fragment in fragments if fragment not in self.news]
            return f"{self.user} does not see {missing} in:\n{self.news}"

        await until(lambda: all(fragment in self.news for fragment in fragments), complaint)

    def reads(self) -> None:
        """Take note of everything shown so far."""
        self.seen = len(self.screen)

    def link(self) -> str:
        """Return the address behind the last button that opens a page."""
        return [link for shown in self.screen for _, link in shown.links][-1]

    def _buttons(self, label: str) -> list[tuple[Shown, str]]:
        return [
            (shown, payload)
            for shown in self.screen
            for own, payload in shown.buttons
            if own.startswith(label)
        ]


@dataclass(kw_only=True)
class ZaloCity:
    """The program, its vendor and its officials."""

    zalo: ZaloOaStandIn
    app: App
    clock: Callable[[], datetime]
    jumped: list[timedelta]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(5001))

    async def passes(self, **duration: float) -> None:
        """Let time pass (as for timedelta), for the vendor too."""
        self.jumped.append(timedelta(**duration))
        assert self.app.worker is not None
        assert self.app.delivery is not None
        self.app.worker.wake()
        self.app.delivery.wake()
        await self.settles()

    async def ticks(self, job: str) -> None:
        """Let a job of the clock run once, and what it asks for be done."""
        assert self.app._clock is not None
        await self.app._clock.tick(job)
        await self.settles()

    async def settles(self) -> None:
        """Wait until everything that came is dealt with and everything that waits is sent."""
        deadline = time.monotonic() + PATIENCE
        quiet = 0
        while quiet < 5:
            health = await self.app.health()
            busy = health["inbox_waiting"] or health["outbox_waiting"] or self.zalo.pending()
            quiet = 0 if busy else quiet + 1
            assert time.monotonic() < deadline, health
            await asyncio.sleep(0.02)

    async def official(self, unit_code: str, role: str, *, follows: bool = True) -> Official:
        """Return somebody who has just come in by an invitation."""
        async with self.app.database.begin() as transaction:
            code = await people.create_invitation(
                transaction, unit_code=unit_code, role=role, now=self.clock()
            )
        official = Official(city=self, user=str(next(self.numbers)))
        self.zalo.person(official.user).follows = follows
        await official.writes(f"/start {code}")
        await official.sees("Chào")
        return official

    async def only_group(self) -> Group:
        """Return the one group that was made."""
        async with self.app.database.read() as transaction:
            (row,) = await transaction.fetch(
                select(group_chat.c.id).where(group_chat.c.status != groups.PROPOSED)
            )
            found = await groups.get_group(transaction, row["id"])
        assert found is not None
        return found


@asynccontextmanager
async def open_zalo_city(
    database_url: str, folder: Path, understanding: Understanding
) -> AsyncIterator[ZaloCity]:
    """Start vendor and program; stop them in the end."""
    jumped: list[timedelta] = []
    started = time.monotonic()

    def clock() -> datetime:
        return MONDAY_MORNING + timedelta(seconds=time.monotonic() - started) + sum(jumped, timedelta())

    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with ZaloOaStandIn(webhook=f"{url}/zalo/oa", clock=clock) as zalo:
        settings, _ = load_settings(
            {
                "LANGNGHE_DATABASE_URL": database_url,
                "LANGNGHE_PORT": str(port),
                "LANGNGHE_MEDIA_DIR": str(folder / "media"),
                "LANGNGHE_PUBLIC_URL": url,
                "LANGNGHE_ZALO_APP_ID": zalo.app_id,
                "LANGNGHE_ZALO_APP_SECRET": zalo.app_secret,
                "LANGNGHE_ZALO_OA_SECRET_KEY": zalo.oa_secret_key,
                "LANGNGHE_ZALO_API_URL": zalo.url,
                "LANGNGHE_ZALO_OAUTH_URL": zalo.url,
                "LANGNGHE_ZALO_BUSINESS_URL": zalo.url,
            }
        )
        app = App(settings, understanding=understanding, now=clock)
        given = zalo.new_pair()
        pair = Pair(access=given.access, refresh=given.refresh, obtained_at=clock().astimezone(UTC))
        await TokenVault(app.database, DataKey(settings)).put(pair)
        await app.start()
        try:
            yield ZaloCity(zalo=zalo, app=app, clock=clock, jumped=jumped)
        finally:
            await app.stop()
