"""The whole program as `serve` runs it, with people who use it on Telegram and a vendor who may fail.

    an = city.person()
    await an.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await an.sees("Rác thải", "Phường Khương Đình")
    await an.presses("Đồng ý và gửi")

Everything is real but the vendor's server (`tests/standins/telegram.py`): HTTP, the adapter, the reading of
texts, the database. It is a Monday morning; time goes on, and faster where a test says so.
"""

import asyncio
import itertools
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image
from sqlalchemy import select

from bot.app import PARTS, App
from bot.channels.telegram import UNLIMITED
from bot.settings import load_settings
from routing.understanding import Understanding
from storage import cases, ledger, people
from storage.cases import Case
from storage.tables import case as case_table
from tests.city import MONDAY_MORNING
from tests.standins.telegram import Shown, TelegramStandIn, jpeg

TOKEN = "42:stand-in-for-the-vendor"
SECRET = "a-secret-for-tests"
PATIENCE = 60.0
"""Seconds to wait for what must happen."""


class Vendor(TelegramStandIn):
    """The stand-in; it remembers each update, so that it can come twice."""

    def __init__(self, **options: Any) -> None:
        super().__init__(token=TOKEN, **options)
        self.updates: list[Any] = []

    async def deliver_raw(self, update: Any, *, identity: int | None = None) -> None:
        """Give the bot any JSON as an update."""
        self.updates.append(update)
        await super().deliver_raw(update, identity=identity)

    def moves_unannounced(self, old: int, new: int) -> None:
        """Turn a group into a supergroup whose first sign is a refused message."""
        self._moved[old] = new
        self._known.add(new)


async def until(reached: Callable[[], bool], complaint: Callable[[], str]) -> None:
    """Wait until something holds; AssertionError with the complaint when it takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < deadline, complaint()
        await asyncio.sleep(0.01)


def as_seen(shown: Shown) -> str:
    """Return a message as its reader sees it: text, pictures, files, [buttons], [links](…)."""
    pictures = [f"({len(shown.photos)} photo)"] if shown.photos else []
    labels = [f"[{label}]" for label, _ in shown.buttons]
    links = [f"[{label}]({address})" for label, address in shown.links]
    keys = [f"<{key['text']}>" for key in shown.keyboard]
    file = [f"(voice {len(shown.file)})" if shown.voice else f"({shown.file_name})"] if shown.file else []
    return "\n".join([shown.text, *pictures, *file, *labels, *links, *keys])


@dataclass(kw_only=True)
class Person:
    """Somebody in one chat. What arrived since their last deed is their news."""

    city: "TelegramCity"
    chat: int
    user: int
    seen: int = 0

    @property
    def screen(self) -> list[Shown]:
        """Everything ever shown in the chat."""
        return self.city.telegram.sent(self.chat)

    @property
    def news(self) -> list[Shown]:
        """What was shown since the last deed."""
        return self.screen[self.seen :]

    @property
    def photos(self) -> list[bytes]:
        """The pictures in the news."""
        return [photo for shown in self.news for photo in shown.photos]

    async def writes(self, text: str = "", **more: Any) -> dict[str, Any]:
        """Send a message (see `TelegramStandIn.user_sends`)."""
        sent: dict[str, Any] = await self._does(
            self.city.telegram.user_sends(self.chat, text, user=self.user, **more)
        )
        return sent

    async def edits(self, message: dict[str, Any], text: str) -> None:
        """Change the text of what was sent."""
        await self._does(self.city.telegram.user_edits(message, text))

    async def sends_album(self, photos: Sequence[bytes], caption: str = "") -> str:
        """Send several photos at once, and wait as long as others may follow; returns the album's id."""
        parts = await self._does(
            self.city.telegram.user_sends_album(self.chat, photos, caption, user=self.user)
        )
        await self.city.arrives()
        await self.city.passes(seconds=2)
        return str(parts[0]["media_group_id"])

    async def presses(self, label: str) -> Shown:
        """Press the latest button whose label begins so, waiting for it; returns the message it was under."""
        await until(lambda: self._button(label) is not None, lambda: f"no [{label}] in:\n{self._told()}")
        found = self._button(label)
        assert found is not None
        shown, data = found
        await self._does(self.city.telegram.user_presses(shown, data, user=self.user))
        return shown

    async def presses_twice(self, label: str) -> None:
        """Press a button again before anything has happened."""
        await until(lambda: self._button(label) is not None, lambda: f"no [{label}] in:\n{self._told()}")
        found = self._button(label)
        assert found is not None
        press = self.city.telegram.user_presses_stale
        taps = [press(*found, user=self.user) for _ in range(2)]
        await self._does(asyncio.gather(*taps))

    async def presses_stale(self, shown: Shown, data: str) -> None:
        """Press a button that the chat shows no more."""
        await self._does(self.city.telegram.user_presses_stale(shown, data, user=self.user))

    async def sees(self, *fragments: str) -> Shown:
        """Wait until the news hold every fragment; return the latest message that holds the first."""

        def told() -> str:
            return "\n---\n".join(map(as_seen, self.news))

        def complaint() -> str:
            missing = [fragment for fragment in fragments if fragment not in told()]
            return f"{self.chat} does not see {missing} in:\n{told()}"

        await until(lambda: all(fragment in told() for fragment in fragments), complaint)
        return next(shown for shown in reversed(self.news) if fragments[0] in as_seen(shown))

    async def link(self, label: str) -> str:
        """Wait for a button that opens a page and whose label begins so; return the latest one's address."""
        await until(lambda: bool(self._links(label)), lambda: f"no link [{label}] in:\n{self._told()}")
        return self._links(label)[-1]

    async def speaks(self, content: bytes, **more: Any) -> dict[str, Any]:
        """Send a recording."""
        return await self.writes(voice=content, **more)

    async def asks_in(self, link: str) -> None:
        """Use an invitation into a group."""
        await self._does(self.city.telegram.user_asks_in(link, user=self.user))

    async def sees_nothing(self) -> None:
        """Assert that nothing comes, once everything is settled."""
        await self.city.settles()
        assert not self.news, self._told()

    def reads(self) -> None:
        """Take note of everything shown so far."""
        self.seen = len(self.screen)

    def _links(self, label: str) -> list[str]:
        links = [link for shown in self.screen for link in shown.links]
        return [address for own, address in links if own.startswith(label)]

    def _button(self, label: str) -> tuple[Shown, str] | None:
        for shown in reversed(self.screen):
            for own, data in shown.buttons:
                if own.startswith(label):
                    return shown, data
        return None

    def _told(self) -> str:
        return "\n---\n".join(map(as_seen, self.screen)) or "(nothing)"

    async def _does(self, deed: Awaitable[Any]) -> Any:
        self.reads()
        return await deed


class TelegramCity:
    """The program, its vendor and its people."""

    def __init__(
        self, *, telegram: Vendor, database_url: str, folder: Path, mode: str, understanding: Understanding
    ) -> None:
        self.telegram = telegram
        self._understanding = understanding
        self._jumped = timedelta()
        self._started = time.monotonic()
        self._numbers = itertools.count(1001)
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.settings, _ = load_settings(
            {
                "LANGNGHE_DATABASE_URL": database_url,
                "LANGNGHE_PORT": str(port),
                "LANGNGHE_MEDIA_DIR": str(folder / "media"),
                "LANGNGHE_TELEGRAM_TOKEN": TOKEN,
                "LANGNGHE_TELEGRAM_SECRET": SECRET,
                "LANGNGHE_TELEGRAM_MODE": mode,
                "LANGNGHE_PUBLIC_URL": self.url,
                "LANGNGHE_TELEGRAM_API_URL": telegram.url,
            }
        )
        self.app: App
        self._running = False

    def now(self) -> datetime:
        """Return the city's time."""
        return MONDAY_MORNING + timedelta(seconds=time.monotonic() - self._started) + self._jumped

    async def starts(self, parts: Collection[str] = PARTS) -> None:
        """Start the program, or some of its parts."""
        self.app = self.another(parts)
        self._running = True
        await self.app.start()

    def another(self, parts: Collection[str]) -> App:
        """Return one more program on the same database, not started."""
        return App(
            self.settings,
            parts=parts,
            understanding=self._understanding,
            telegram_limits=UNLIMITED,
            now=self.now,
        )

    async def stops(self) -> None:
        """Stop the program as SIGTERM does."""
        if self._running:
            self._running = False
            await self.app.stop()

    async def passes(self, **duration: float) -> None:
        """Let time pass (as for timedelta): what became due then is taken up at once."""
        self._jumped += timedelta(**duration)
        assert self.app.worker is not None
        assert self.app.delivery is not None
        self.app.worker.wake()
        self.app.delivery.wake()

    async def ticks(self, job: str) -> None:
        """Let a job of the clock run once."""
        assert self.app._clock is not None
        await self.app._clock.tick(job)

    async def arrives(self) -> None:
        """Wait until what people did is in the program's hands."""
        await until(lambda: not self.telegram.pending(), lambda: "updates are not taken")

    async def settles(self) -> None:
        """Wait until everything that came is dealt with and everything that waits is sent."""
        deadline = time.monotonic() + PATIENCE
        while await self.busy():
            assert time.monotonic() < deadline, await self.app.health()
            await asyncio.sleep(0.01)

    async def busy(self) -> bool:
        """Tell whether anything is under way."""
        unconfirmed = self.telegram.pending()  # first, since what is confirmed next is in the inbox by then
        health = await self.app.health()
        return bool(unconfirmed or health["inbox_waiting"] or health["outbox_waiting"])

    def person(self) -> Person:
        """Return somebody new, in a private chat."""
        number = next(self._numbers)
        return Person(city=self, chat=number, user=number)

    def in_group(self, person: Person, group: int) -> Person:
        """Return the same person as a member of a group (which `vendor.user_adds_bot` and others change)."""
        seen = len(self.telegram.sent(group))
        return Person(city=self, chat=group, user=person.user, seen=seen)

    def topic(self, group: int, beginning: str) -> int:
        """Return the id of the topic of a group whose name begins so."""
        topics = self.telegram.topics(group).items()
        return next(number for number, topic in topics if topic.name.startswith(beginning))

    async def official(self, unit_code: str, role: str) -> Person:
        """Return somebody who has just come in by an invitation."""
        async with self.app.database.begin() as transaction:
            code = await people.create_invitation(transaction, unit_code=unit_code, role=role, now=self.now())
        official = self.person()
        await official.writes(f"/start {code}")
        await official.sees("Chào")
        return official

    async def cases(self) -> list[Case]:
        """Return every case, in order of receipt."""
        async with self.app.database.read() as transaction:
            rows = await transaction.fetch(select(case_table).order_by(case_table.c.id))
            return [Case(**row) for row in rows]

    async def only_case(self) -> Case:
        """Return the one case that there is, once everything is settled."""
        await self.settles()
        (case,) = await self.cases()
        return case

    async def photos(self, case: Case, purpose: str = "report") -> list[str]:
        """Return the media keys of a case's pictures."""
        async with self.app.database.read() as transaction:
            return await cases.photos_of(transaction, case.id, purpose)

    async def ledger_holds(self) -> bool:
        """Check the chain of events as `verify` does."""
        return await ledger.verify(self.app.database) is None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def size_of(photo: bytes) -> tuple[int, int]:
    """Return width and height of a picture."""
    return Image.open(BytesIO(photo)).size


def pictures(*widths: int) -> list[bytes]:
    """Return pictures that can be told apart by their widths."""
    return [jpeg(width, 60) for width in widths]


@asynccontextmanager
async def open_city(
    database_url: str, folder: Path, understanding: Understanding, *, mode: str, **vendor: Any
) -> AsyncIterator[TelegramCity]:
    """Start vendor and program; stop them in the end. `mode` is "webhook" or "polling"."""
    async with Vendor(**vendor) as telegram:
        city = TelegramCity(
            telegram=telegram,
            database_url=database_url,
            folder=folder,
            mode=mode,
            understanding=understanding,
        )
        await city.starts()
        try:
            yield city
        finally:
            await city.stops()
