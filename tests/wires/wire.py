"""A channel as it is in use: the real adapter, the real web server, and the vendor's stand-in, over HTTP.

A wire stands where a test's channel stands. What a person does (told as the message that the bot is to
understand) is done as the vendor's app does it; what they see is what that app shows. Failures that a test
plans become faults of the stand-in. What the channel has nothing of skips the test and says so.
"""

import itertools
import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

import pytest

from bot.app import App
from bot.channels.telegram import UNLIMITED
from bot.settings import load_settings
from handlers.channel import (
    Acted,
    Address,
    Capabilities,
    ChannelError,
    CreateGroup,
    Envelope,
    File,
    GroupAct,
    InboundMessage,
    NotSupported,
    OutboundMessage,
    Photo,
    Sent,
)
from handlers.receipt import ALBUM_PAUSE, Receiver
from storage.database import Database
from tests.wires.shown import UNABLE, Shown

GATHERING = ALBUM_PAUSE + timedelta(seconds=0.5)
"""How long after its last part an album is taken as whole."""


@cache
def own_port() -> int:
    """Return a port that only this process listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Plans(dict[str, Any]):
    """What a test plans to go wrong; what the vendor cannot be made to do skips the test."""

    def __init__(self, wire: "Wire", what: str, possible: tuple[type[ChannelError], ...]) -> None:
        super().__init__()
        self._wire, self._what, self._possible = wire, what, possible

    def __setitem__(self, key: str, planned: Any) -> None:
        if not isinstance(planned, (bytes, *self._possible)):
            self._wire.cannot(f"{self._what} ({type(planned).__name__})")
        super().__setitem__(key, planned)


@dataclass(kw_only=True, slots=True)
class Planned:
    """What a test plans to come of fetching what people send."""

    found: dict[str, bytes | ChannelError]
    usual: bytes

    def content(self, reference: str) -> bytes:
        """Return what a person sends."""
        planned = self.found.get(reference)
        return planned if isinstance(planned, bytes) else self.usual

    def failure(self, reference: str) -> ChannelError | None:
        """Return what goes wrong with it now."""
        planned = self.found.get(reference)
        return planned if isinstance(planned, ChannelError) else None


class Wire(ABC):
    """One channel over HTTP. To the worker and the delivery it is the channel itself."""

    name: str
    tells_names = True
    """Whether the channel tells the bot what people are called."""
    takes_buttons_away = True
    """Whether spent buttons go from the screen."""
    refusals: tuple[type[ChannelError], ...] = ()
    """How the vendor can be made to refuse a message."""
    losses: tuple[type[ChannelError], ...] = ()
    """How the vendor can be made not to hand over what somebody sent."""

    def __init__(self, picture: Callable[[], bytes]) -> None:
        self.shown: dict[str, list[Shown]] = {}
        self.acts: list[tuple[Address, GroupAct]] = []
        """What the adapter was asked to do with groups, in order."""
        self.created: list[CreateGroup] = []
        self.failures: dict[str, Any] = Plans(self, "refuse a message", self.refusals)
        self.pictures: dict[str, Any] = Plans(self, "lose a picture", self.losses)
        self.recordings: dict[str, Any] = Plans(self, "lose a file", self.losses)
        self.outcomes: dict[str, Any] = Plans(self, "be told what comes of an act", ())
        self.fetched: list[str] = []
        """References (the test's) of the photos and files that were asked for."""
        self.adapter: Any = None
        self._wanted = ""
        self._photos = Planned(found=self.pictures, usual=picture())
        self._files = Planned(found=self.recordings, usual=b"OggS recording")
        self._references: dict[str, str] = {}
        """The test's reference of each file, by the vendor's."""
        self._chats: dict[str, str] = {}
        self._numbers = itertools.count(1001)
        self._exits = AsyncExitStack()

    # ---- running

    async def opens(
        self, *, database: Database, receiver: Receiver, media_dir: Path, clock: Callable[[], datetime]
    ) -> None:
        """Start the vendor and the program's web server."""
        self._clock = clock
        self._media_dir = media_dir
        port = own_port()
        environment = {
            "LANGNGHE_DATABASE_URL": f"sqlite:///{database.url.database}",
            "LANGNGHE_PORT": str(port),
            "LANGNGHE_MEDIA_DIR": str(media_dir),
            "LANGNGHE_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        settings, _ = load_settings(environment | await self._start_vendor())
        self.program = App(settings, parts=("web",), telegram_limits=UNLIMITED, now=clock)
        self.program.database = database
        await self._serve(receiver)
        self.adapter = self.program.channels[self.name]

    async def _serve(self, receiver: Receiver) -> None:
        self.program._build_channels()
        self._prepare()
        self.program._receiver = receiver
        await self.program._start_web(None)

    def _prepare(self) -> None:
        """Give the adapter what an operator gives it by hand."""
        return

    async def closes(self) -> None:
        """Stop the program's web server and the vendor."""
        if self.adapter is not None:
            await self.program.stop()
        await self._exits.aclose()

    @abstractmethod
    async def _start_vendor(self) -> dict[str, str]:
        """Start the stand-in; return the settings by which the program finds it."""

    # ---- people

    def chat_of(self, name: str) -> str:
        """Return the id of somebody's private chat; the same one for the same name."""
        if name not in self._chats:
            self._chats[name] = self._new_chat(name)
        return self._chats[name]

    @abstractmethod
    def _new_chat(self, name: str) -> str: ...

    def group_of(self, name: str) -> str:
        """Return the id of the group that a test calls so."""
        return name

    async def has_written(self, chat: str) -> None:
        """Take note that somebody has written to the bot before the test begins."""
        return

    @abstractmethod
    async def brings(self, message: InboundMessage) -> timedelta:
        """Let somebody do in their app what the bot is to understand so.

        Returns how long the program waits for more of it, as for the parts of an album.
        """

    @abstractmethod
    def id_of(self, message: InboundMessage) -> str:
        """Return the channel's id of what somebody sent."""

    async def looks(self) -> None:
        """Let people look at what has come; skip a test where the bot was asked for what cannot be."""
        if self._wanted:
            self.cannot(self._wanted)

    def cannot(self, what: str) -> NoReturn:
        """Skip the test: people or the bot cannot do this here."""
        pytest.skip(f"{self.name} {UNABLE} {what}")

    def able(self, message: InboundMessage) -> None:
        """Skip the test where the channel's declaration says that it has nothing of the kind."""
        can = self.capabilities
        if message.by_staff or message.withdrawn:
            self.cannot("tell what is done in the vendor's console or withdrawn there")
        if (message.received or message.seen) and not can.receipts:
            self.cannot("tell what has arrived or was seen")
        if message.edited and not can.edits:
            self.cannot("tell what was changed in a message")
        if message.location and not can.locations:
            self.cannot("bring a position")
        if message.files and not can.recordings:
            self.cannot("bring recordings and documents")
        if message.group and not can.groups:
            self.cannot("be in groups")
        if message.topic and not can.topics:
            self.cannot("have topics in groups")

    # ---- the channel

    @property
    def capabilities(self) -> Capabilities:
        """What the adapter declares."""
        declared: Capabilities = self.adapter.capabilities
        return declared

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Refuse: updates come over HTTP alone."""
        raise NotImplementedError

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read a stored update."""
        parsed: InboundMessage | None = self.adapter.parse(body)
        return parsed

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Send a message, and note what the person is shown of it."""
        if failure := self.failures.get(address.chat):
            self._refuse(address.chat, failure)
        before = self._count(address.chat)
        sent: Sent = await self.adapter.send(address, message)
        self._note(address.chat, message, sent, before)
        return sent

    @abstractmethod
    def _count(self, chat: str) -> int:
        """Return how much the vendor has shown in a chat so far."""

    @abstractmethod
    def _note(self, chat: str, message: OutboundMessage, sent: Sent, before: int) -> None:
        """Keep in `shown` what the vendor has shown since then, parts of one message as one."""

    def _keep(self, chat: str, shown: Shown) -> None:
        self.shown.setdefault(chat, []).append(shown)

    def _refuse(self, chat: str, failure: ChannelError) -> None:
        """Let the vendor refuse the next message to a chat, as one of `refusals`."""
        raise NotImplementedError

    async def fetch(self, photo: Photo) -> bytes:
        """Fetch what a person sent, unless the test plans that the vendor fails."""
        self._before_fetching(photo.reference, self._photos)
        content: bytes = await self.adapter.fetch(photo)
        return content

    async def fetch_file(self, file: File) -> bytes:
        """Fetch what a person sent, unless the test plans that the vendor fails."""
        self._before_fetching(file.reference, self._files)
        content: bytes = await self.adapter.fetch_file(file)
        return content

    def _before_fetching(self, given: str, planned: Planned) -> None:
        reference = self._references.get(given, given)
        self.fetched.append(reference)
        if failure := planned.failure(reference):
            self._lose(given, failure)

    def _lose(self, reference: str, failure: ChannelError) -> None:
        """Let the vendor fail to hand over a file next, as one of `losses`."""
        raise NotImplementedError

    async def create_group(self, wish: CreateGroup) -> Address:
        """Create a group."""
        try:
            made: Address = await self.adapter.create_group(wish)
        except NotSupported:
            self._wanted = "make a group itself"
            raise
        self.created.append(wish)
        return made

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Do something with a group, unless the test plans that the vendor refuses."""
        if failure := self.failures.get(address.chat):
            self._refuse(address.chat, failure)
        acted: Acted = await self.adapter.act(address, act)
        self.acts.append((address, act))
        return acted

    def done(self, do: str) -> list[GroupAct]:
        """Return the acts of one sort that were asked for."""
        return [act for _, act in self.acts if act.do == do]

    # ---- what is shown

    def _pictures(self, message: OutboundMessage, contents: list[bytes]) -> tuple[Photo, ...]:
        """Return the pictures of a message as far as they were shown."""
        return message.photos[: len(contents)]
