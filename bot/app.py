"""The composition root: builds every part from the settings, starts them, and stops them in order."""

import asyncio
import fcntl
import gc
import os
import signal
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp import web

from bot.backfill import Gap, WithHistory, find_gap, recall_missed, with_history
from bot.building import build_channels
from bot.channels.web import GROUP, Entry, WebChannel
from bot.commands.opening import NO_CITY, Refused, database_of, prepare, unlock
from bot.connecting import Connections, Refusal, VendorChannel
from bot.drawing.draughtsman import Draughtsman
from bot.gauges import Gauges
from bot.health import Health
from bot.keyring import KeyWatch
from bot.limits import IDLE_SECONDS, AddressLimits, tend_connections
from bot.logs import masked
from bot.logs import set_up_logging as set_up_logging
from bot.metrics import Labelled, watch_loop
from bot.server import Demo, build_server
from bot.settings import Settings, read_networks, sqlite_path
from bot.watching import Watching
from bot.web_groups import CityGroups, name_and_post
from handlers import menus
from handlers.channel import Address, Envelope, OutboundMessage
from handlers.media import StoredPhoto, open_media
from handlers.receipt import Receiver
from storage import (
    cases,
    chats,
    conversations,
    data_keys,
    erasures,
    files,
    messages,
    models,
    people,
    retention,
    sessions,
    traffic,
    units,
)
from storage.conversations import Author
from storage.database import Database
from storage.wakeups import Wakeups

if TYPE_CHECKING:  # each is loaded with the part that needs it: a process of one part holds no more
    from bot.channels.sms import SmsChannel
    from bot.channels.telegram import Limits
    from bot.channels.zalo_oa.tokens import TokenKeeper
    from bot.clock import Clock
    from bot.model_in_use import ModelWatch
    from bot.receipts import Receipts
    from bot.workbook.letter import Letters
    from bot.zalo_consent import ZaloPages
    from handlers.delivery import Delivery
    from handlers.worker import TurnWorker
    from routing.understanding import Understanding

PARTS = ("web", "worker", "clock")
DRAIN_SECONDS = 30.0
"""How long what is under way may take at the end; what then is not done is done after the next start."""
log = structlog.get_logger()


class CannotStart(Exception):
    """The program cannot start; the message tells the operator what to do."""


class App:
    """The running program. `parts` are any of "web", "worker" and "clock".

    `start` raises CannotStart. `now` is the clock that all parts read.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        parts: Collection[str] = PARTS,
        demo: "Callable[[Database, Understanding], Awaitable[Demo]] | None" = None,
        understanding: "Understanding | None" = None,
        telegram_limits: "Limits | None" = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings = settings
        self._telegram_limits = telegram_limits
        self.database = database_of(settings)
        self.port = settings.port
        self._parts = frozenset(parts)
        self._health = Health(self.database, now=now)
        self._gauges = Gauges(
            self.database,
            settings=settings,
            health=self._health,
            watching=lambda: self._watching,
            sockets=lambda: self.web.open_pages if self._runner else 0,
            now=now,
        )
        self._lag: asyncio.Task[None] | None = None
        self._demo = demo
        self._understanding = understanding
        self._now = now
        self._lock: int | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._runner: web.AppRunner | None = None
        self._tending: asyncio.Task[None] | None = None
        self._connections = Connections(self._receive)
        self._vendors: list[VendorChannel] = []
        self._recalling: asyncio.Task[None] | None = None
        self._keepers: list[TokenKeeper] = []
        self._watching: Watching | None = None
        self._receiver: Receiver | None = None
        self._clock: Clock | None = None
        self._wakeups: Wakeups | None = None
        self._model: ModelWatch | None = None
        self._keys: KeyWatch | None = None
        self._draughtsman = Draughtsman()
        self._letters: Letters | None = None
        self.sms: SmsChannel | None = None
        self.delivery: Delivery | None = None
        self.worker: TurnWorker | None = None

    async def start(self) -> None:
        """Bring everything up; afterwards `port` is the one that answers."""
        try:
            await self._open()
            await self._start_parts()
            self._lag = asyncio.create_task(watch_loop())
            self._health.started = True
        except Refused as refused:
            raise CannotStart(str(refused)) from refused

    async def _open(self) -> None:
        self._lock = lock_sqlite(self.settings.database_url)
        await prepare(self.settings)
        self._keys = await unlock(self.settings, self.database)
        await self._keys.start()
        if self.database.keyring is None:
            log.warning("Contact data is not encrypted: see `keys rotate`.", action="contact_data_plain")
        try:
            self.settings.media_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise CannotStart(f"LANGNGHE_MEDIA_DIR: {error.filename}: {error.strerror}") from error

    async def _start_parts(self) -> None:
        if "worker" in self._parts and self._understanding is None:
            from bot.model_in_use import ModelWatch

            self._model = ModelWatch(self.database, take=self._take_model)
            await self._model.start()
        demo = await self._prepare_demo()
        async with self.database.begin() as transaction:
            if await units.city_version(transaction) == 0:
                raise CannotStart(NO_CITY)
            if self.database.sqlite:
                await messages.release_claims(transaction)
        self._build_channels()
        self._receiver = Receiver(self.database, stored=self._wake_worker, now=self._now)
        await self._start_worker()
        self._wakeups = Wakeups(self.settings.database_direct_url or self.settings.database_url, self._woken)
        await self._wakeups.start()
        if "web" in self._parts:
            await self._start_web(demo)
        if "clock" in self._parts:
            from bot.clock import CHECK_RULES, Clock

            await self._keep_privacy_settings()
            self._clock = Clock(
                self.database,
                ticked=self._wake_delivery,
                now=self._now,
                media_dir=self.settings.media_dir,
            )
            self._clock.start()
            await self._clock.tick(CHECK_RULES)
        if self._watching:
            self._watching.start()

    async def _keep_privacy_settings(self) -> None:
        async with self.database.begin() as transaction:
            await retention.keep_days(transaction, self.settings.retention)
            await erasures.keep_hours(transaction, self.settings.erase_after_hours)

    def _take_model(self, understanding: "Understanding") -> None:
        self._understanding = understanding
        if self.worker:
            self.worker.understanding = understanding
        if self._health.started:
            keep_loaded()

    async def _prepare_demo(self) -> Demo | None:
        if self._demo is None:
            return None
        assert self._understanding is not None
        from bot.demo import NotADemo

        try:
            return await self._demo(self.database, self._understanding)
        except NotADemo as error:
            raise CannotStart(f"LANGNGHE_DATABASE_URL: {error}") from error

    def _build_channels(self) -> None:
        self.web = WebChannel(
            history=self._history,
            announce=self._announce_chat,
            public_url=str(self.settings.public_url or ""),
        )
        built = build_channels(
            self.settings,
            web=self.web,
            simulated=self._demo is not None,
            database=self.database,
            open_media=self._open_media,
            now=self._now,
            telegram_limits=self._telegram_limits,
        )
        self.channels, self.sms, self._vendors = built.by_name, built.sms, built.vendors
        self._public_photos = built.public_photos
        self._keepers = built.keepers
        self._watching = Watching(
            self.database, watched=built.watched(), now=self._now, told=self._wake_delivery
        )

    async def _start_worker(self) -> None:
        if "worker" not in self._parts:
            return
        assert self._understanding is not None
        from handlers.delivery import Delivery
        from handlers.worker import TurnWorker

        self.delivery = Delivery(
            self.database,
            channels=self.channels,
            media_dir=self.settings.media_dir,
            draw=self._draughtsman.draw,
            export=self._export,
            budget=self.settings.monthly_budget,
            sms_price=self.settings.sms_price,
            link=str(self.settings.public_url or "").rstrip("/"),
            now=self._now,
        )
        async with self.database.begin() as transaction:
            await traffic.keep_budget(transaction, self.settings.monthly_budget)
        self.worker = TurnWorker(
            self.database,
            channels=self.channels,
            understanding=self._understanding,
            media_dir=self.settings.media_dir,
            committed=self.delivery.wake,
            now=self._now,
        )
        self._tasks = [asyncio.create_task(self.worker.run()), asyncio.create_task(self.delivery.run())]
        self._health.watch("worker", self.worker, self._tasks[0])
        self._health.watch("delivery", self.delivery, self._tasks[1])

    async def _export(self, spec: dict[str, Any]) -> tuple[Any, str]:
        """Make a document that a message carries; what writes them is loaded with the first one, aside."""
        if self._letters is None:
            self._letters = await asyncio.to_thread(self._load_letters)
        return await self._letters.make(spec)

    def _load_letters(self) -> "Letters":
        from bot.workbook.letter import Letters
        from bot.workbook.report import Reports

        reports = Reports(self.database, now=self._now)
        return Letters(self.database, others=reports.make, now=self._now)

    async def _start_web(self, demo: Demo | None) -> None:
        assert self._receiver is not None
        application = build_server(
            channels=self.channels,
            receive=self._receiver.receive,
            health=self.health,
            figures=self.metrics,
            web=self.web,
            media_dir=self.settings.media_dir,
            demo=demo,
            may_see=self._may_see,
            commands=self._commands,
            add_photo=self._add_photo,
            show_photos=self._show_photos,
            file_name=self._file_name,
            groups=CityGroups(self.database, now=self._now),
            receipts=self._receipts(),
            public_photos=self._public_photos,
            zalo=self._zalo_pages(),
            is_ended=self._is_ended,
            secret=self._secret,
            limits=AddressLimits(
                trusted_proxies=read_networks(self.settings.trusted_proxies),
                metrics_token=self.settings.metrics_token.get_secret_value(),
            ),
        )
        self._runner = web.AppRunner(application, access_log=None, keepalive_timeout=IDLE_SECONDS)
        await self._runner.setup()
        self._tending = asyncio.create_task(tend_connections(self._runner))
        gaps = await self._gaps()
        site = web.TCPSite(self._runner, self.settings.host, self.settings.port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            where = f"{self.settings.host}:{self.settings.port}"
            raise CannotStart(
                f"LANGNGHE_HOST, LANGNGHE_PORT: cannot listen on {where} ({error.strerror})"
            ) from error
        self.port = self._runner.addresses[0][1]
        for channel in self._vendors:
            await self._connect(channel)
        self._recalling = asyncio.create_task(self._recall(gaps))

    def _zalo_pages(self) -> "ZaloPages | None":
        if not self.settings.zalo_app_id:
            return None
        from bot.zalo_consent import pages_of

        return pages_of(self.settings, self.database, now=self._now)

    def _receipts(self) -> "Receipts | None":
        if self.sms is None:
            return None
        from bot.receipts import Receipts

        return Receipts(self.sms, self.database, now=self._now)

    async def _gaps(self) -> list[tuple[WithHistory, Gap]]:
        """Return since when nobody listened to a channel; to be asked before anything new comes in."""
        asked = with_history(self.channels)
        found = [(each, await find_gap(self.database, each.name, now=self._now())) for each in asked]
        return [(channel, gap) for channel, gap in found if gap]

    async def _recall(self, gaps: list[tuple[WithHistory, Gap]]) -> None:
        """Ask for what was missed while nobody listened; whatever fails, the program goes on without."""
        for channel, gap in gaps:
            try:
                await recall_missed(channel, gap, self._receive)
            except Exception as error:
                log.error("What was missed is not known.", action="backfill_failed", error=error)

    async def _connect(self, channel: VendorChannel) -> None:
        try:
            await self._connections.open(channel)
        except Refusal as refusal:
            name, why = f"LANGNGHE_{channel.name.upper()}", masked(str(refusal))  # it may quote our call
            if refusal.token:
                raise CannotStart(f"{name}_TOKEN: {channel.name} refuses it ({why})") from refusal
            raise CannotStart(f"{name}_MODE: {channel.name} refuses it ({why})") from refusal

    async def stop(self) -> None:
        """Take nothing new in, finish what is under way, then close."""
        self._health.stopping = True
        if self._lag:
            self._lag.cancel()
        await self._connections.close()
        if self._recalling:
            self._recalling.cancel()
            await asyncio.gather(self._recalling, return_exceptions=True)
        if self._watching:
            await self._watching.close()
        if self._clock:
            self._clock.close()
        if self._tending:
            self._tending.cancel()
        if self._runner:
            await self._runner.cleanup()
        if self._receiver:
            await self._receiver.close()
        if self.worker and self.delivery:
            for stop, task in zip((self.worker.stop, self.delivery.stop), self._tasks, strict=True):
                stop()
                await _finished(task)
        await self._draughtsman.close()
        if self._wakeups:
            await self._wakeups.close()
        if self._model:
            await self._model.close()
        if self._keys:
            await self._keys.close()
        for channel in self._vendors:
            await channel.close()
        for keeper in self._keepers:
            await keeper.close()
        if self.sms:
            await self.sms.close()
        await self.database.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def run(self, *, started: Callable[["App"], None]) -> None:
        """Start, say so, and work until SIGTERM or SIGINT; then drain and stop."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        stopping = asyncio.create_task(stop.wait())
        starting = asyncio.create_task(self.start())
        try:
            await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                started(self)
                await stopping
            log.info("Stopping: finishing what is under way.", action="stopping")
        finally:
            stopping.cancel()
            starting.cancel()
            await asyncio.gather(starting, stopping, return_exceptions=True)
            await self.stop()

    async def health(self) -> dict[str, Any]:
        """Return how the program and its queues stand; raises when the database does not answer."""
        return await self._health.look()

    async def metrics(self) -> dict[str, float | Labelled]:
        """Return what operators watch; raises when the database does not answer."""
        return await self._gauges.state()

    def _wake_worker(self) -> None:
        if self.worker:
            self.worker.wake()

    def _wake_delivery(self) -> None:
        if self.delivery:
            self.delivery.wake()

    def _woken(self, what: str) -> None:
        if what == "inbox":
            self._wake_worker()
        elif what == "outbox":
            self._wake_delivery()
        elif what == models.WAKEUP and self._model:
            self._model.wake()
        elif what == data_keys.WAKEUP and self._keys:
            self._keys.wake()
        elif what.startswith("chat:"):
            address = Address.parse(what.removeprefix("chat:"))
            self.web.wake(address.chat)

    async def _receive(self, channel: str, envelope: Envelope, body: bytes) -> None:
        assert self._receiver is not None
        await self._receiver.receive(channel, envelope, body)

    async def _announce_chat(self, chat: str) -> None:
        if not self.database.sqlite:
            async with self.database.begin() as transaction:
                await messages.announce(transaction, f"chat:web:{chat}")

    async def _history(self, chat: str, after: int) -> list[Entry]:
        async with self.database.read() as transaction:
            entries = await messages.chat_history(transaction, channel="web", chat=chat, after=after)
            shown = [entry for stored in entries if (entry := self._shown(stored))]
            if not GROUP.fullmatch(chat):
                return shown
            users = {entry.inbound.sender for entry in shown if entry.inbound}
            known = await conversations.authors(transaction, channel="web", users=users, now=self._now())
        return [_with_author(entry, known) for entry in shown]

    def _shown(self, stored: messages.Entry) -> Entry | None:
        """Return what a page shows of a line of a chat; None for what was done and not said."""
        message = OutboundMessage.from_dict(stored.message) if stored.message is not None else None
        inbound = self.web.as_written(stored.body) if stored.body is not None else None
        if inbound and inbound.member_joined:
            return None
        return Entry(kind=stored.kind, id=stored.id, at=stored.at, message=message, inbound=inbound)

    async def _open_media(self, media_key: str) -> bytes:
        return await asyncio.to_thread(open_media, media_key, self.settings.media_dir)

    async def _add_photo(self, photo: StoredPhoto) -> None:
        async with self.database.begin() as transaction:
            cases.add_photo(
                transaction,
                media_key=photo.media_key,
                mime=photo.mime,
                size=photo.size,
                width=photo.width,
                height=photo.height,
                at=self._now(),
            )

    def _secret(self) -> str:
        keyring = self.database.keyring
        return keyring.trace("uploads of pages") if keyring else ""

    async def _is_ended(self, chat: str) -> bool:
        async with self.database.read() as transaction:
            return await sessions.is_ended(transaction, "web", chat, now=self._now())

    async def _may_see(self, chat: str, media_key: str) -> bool:
        """Tell whether a chat shows a picture or file; that somebody wrote its key there proves nothing."""
        async with self.database.read() as transaction:
            if await messages.is_shown(transaction, channel="web", chat=chat, media_key=media_key):
                return True
            found = await messages.entries_with(transaction, channel="web", chat=chat, text=media_key)
        entries = [entry for stored in found if (entry := self._shown(stored))]
        return any(media_key in entry.media_keys for entry in entries)

    async def _show_photos(self, chat: str, media_keys: Sequence[str]) -> None:
        async with self.database.begin() as transaction:
            messages.show_media(transaction, channel="web", chat=chat, keys=media_keys)

    async def _file_name(self, media_key: str) -> str:
        async with self.database.read() as transaction:
            found = await files.get_file(transaction, media_key)
        return found.name if found else ""

    async def _commands(self, chat: str) -> list[tuple[str, str]]:
        async with self.database.read() as transaction:
            loaded = await chats.load_chats(transaction, [("web", chat)])
            person_id = loaded[("web", chat)].person_id
            person = await people.get_person(transaction, person_id, now=self._now()) if person_id else None
        return [(f"/{name}", description) for name, description in menus.menu_of(person)]


def _with_author(entry: Entry, known: Mapping[str, Author]) -> Entry:
    if entry.inbound is None:
        return entry
    name, post = name_and_post(known.get(entry.inbound.sender))
    return replace(entry, name=name, post=post)


def keep_loaded() -> None:
    """Leave out what is there of every later collection of what is over.

    A full one over a million places and words takes 60 ms and finds nothing.
    """
    gc.collect()
    gc.freeze()


async def _finished(task: asyncio.Task[None]) -> None:
    """Wait for a part to end, but not for ever: the database may be away."""
    _, late = await asyncio.wait({task}, timeout=DRAIN_SECONDS)
    if late:
        log.error(
            "Not everything could be finished; it is taken up again at the next start.", action="cut_short"
        )
        task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def lock_sqlite(database_url: str) -> int | None:
    """Hold the only writer's lock of a SQLite file; raises CannotStart when another program holds it."""
    path = sqlite_path(database_url)
    if path is None:
        return None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotStart(f"LANGNGHE_DATABASE_URL: {error.filename}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise CannotStart(
            f"LANGNGHE_DATABASE_URL: {path} is in use by another running program. "
            "SQLite serves one process; use PostgreSQL for several."
        ) from None
    return lock
