"""The built-in web chat as a channel: its update format, and the stream of news that an open page follows.

The server writes the updates (a browser chooses neither its chat nor its person), so reading them back needs
no proof. Messages count as delivered when they can be read: the outbox is the chat's history.
"""

import asyncio
import json
import re
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import structlog

from handlers.channel import (
    Acted,
    Address,
    Capabilities,
    CreateGroup,
    Envelope,
    File,
    GroupAct,
    InboundMessage,
    Location,
    Malformed,
    NotSupported,
    OutboundMessage,
    Photo,
    Sent,
)

TEXT_LIMIT = 20_000
OVERLAP = 20
"""How many earlier messages are read again with the news: one may become visible after a later one did."""
REMEMBERED = 1_000

CAPABILITIES = Capabilities(
    source="bot/page/chat.js",
    text_limit=TEXT_LIMIT,
    caption_limit=TEXT_LIMIT,
    location_request=True,
    write_first=True,
)

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One line of a chat's history. `id` counts within its kind; in order of time."""

    kind: Literal["in", "out"]
    id: int
    at: datetime
    message: OutboundMessage | None = None
    inbound: InboundMessage | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return what the page needs to show it."""
        shown = {"kind": self.kind, "id": self.id, "at": self.at.isoformat()}
        if self.message:
            return shown | _shown_message(self.message)
        return shown | (_shown_inbound(self.inbound) if self.inbound else {})


History = Callable[[str, int], Awaitable[Sequence[Entry]]]
"""Returns a chat's last entries in the order in which they are shown: all that came after the message to the
person with the given id, or everything for 0. A message counts from the moment it is claimed for delivery."""


def write_update(
    *,
    update_id: str,
    chat: str,
    user: str,
    sent_at: datetime,
    text: str = "",
    button: str = "",
    button_message: str = "",
    photos: Sequence[str] = (),
    location: Location | None = None,
    reply_to: str = "",
    unsupported: str = "",
) -> bytes:
    """Return the raw update of one thing a person did in the page, as it is stored in the inbox."""
    update = {
        "id": update_id,
        "chat": chat,
        "user": user,
        "sent_at": sent_at.isoformat(),
        "text": _UNSTORABLE.sub("�", text),
        "button": button,
        "button_message": button_message,
        "photos": list(photos),
        "latitude": location.latitude if location else None,
        "longitude": location.longitude if location else None,
        "reply_to": reply_to,
        "unsupported": unsupported,
    }
    present = {name: value for name, value in update.items() if value not in ("", [], None)}
    return json.dumps(present, ensure_ascii=False).encode()


class WebChannel:
    """The web chat. `history` reads a chat; `announce` wakes the pages that other processes serve."""

    name = "web"
    capabilities = CAPABILITIES

    def __init__(self, *, history: History, announce: Callable[[str], Awaitable[None]] | None = None) -> None:
        self._history = history
        self._announce = announce
        self._followers: dict[str, set[asyncio.Event]] = {}

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Say which chat an update belongs to; ids count within a chat, so nobody can use up another's."""
        try:
            update = json.loads(body)
            return Envelope(external_id=f"{update['chat']}:{update['id']}", chat=update["chat"])
        except (ValueError, TypeError, KeyError) as error:
            raise Malformed(str(error)) from error

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read an update that `write_update` wrote."""
        update = json.loads(body)
        latitude, longitude = update.get("latitude"), update.get("longitude")
        return InboundMessage(
            address=Address(self.name, update["chat"]),
            sender=update["user"],
            sender_name=update.get("name", ""),
            sent_at=datetime.fromisoformat(update["sent_at"]),
            text=update.get("text", ""),
            button=update.get("button", ""),
            button_message=update.get("button_message", ""),
            photos=tuple(Photo(media_key=key) for key in update.get("photos", ())),
            location=None if latitude is None else Location(latitude=latitude, longitude=longitude),
            reply_to=update.get("reply_to", ""),
            message_id=update["id"],
            unsupported=update.get("unsupported", ""),
        )

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Wake the pages that show this chat; they read the message from the history."""
        if message.ask_contact:
            log.info("The web chat has no button for a phone number.", action="message_degraded")
        self.wake(address.chat)
        if self._announce:
            await self._announce(address.chat)
        return Sent()

    async def fetch(self, photo: Photo) -> bytes:
        """Raise NotSupported: photos are stored before a message names them."""
        raise NotSupported

    async def create_group(self, wish: CreateGroup) -> Address:
        """Raise NotSupported: every chat is between one person and the bot."""
        raise NotSupported

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Refuse: nothing is done with groups here yet."""
        raise NotSupported(act.do)

    async def fetch_file(self, file: File) -> bytes:
        """Refuse: there are no recordings here yet."""
        raise NotSupported("no files")

    def wake(self, chat: str) -> None:
        """Make everybody who follows this chat look for news; safe to call without any."""
        for news in self._followers.get(chat, ()):
            news.set()

    def followers(self, chat: str) -> int:
        """Return how many pages show this chat through this process."""
        return len(self._followers.get(chat, ()))

    async def follow(self, chat: str, after: int) -> AsyncGenerator[list[Entry], None]:
        """Yield what the history holds after the given message, at once, then all news as it comes.

        The first batch may be empty; no entry comes twice. Close the iterator to stop.
        """
        news = asyncio.Event()
        self._followers.setdefault(chat, set()).add(news)
        try:
            async with aclosing(self._read_on(chat, after, news)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            self._leave(chat, news)

    def _leave(self, chat: str, news: asyncio.Event) -> None:
        self._followers[chat].discard(news)
        if not self._followers[chat]:
            del self._followers[chat]

    async def _read_on(self, chat: str, after: int, news: asyncio.Event) -> AsyncGenerator[list[Entry], None]:
        shown: dict[tuple[str, int], None] = {}
        recent: deque[int] = deque(maxlen=OVERLAP)
        first = True
        while True:
            news.clear()
            start = recent[0] if len(recent) == OVERLAP else after
            fresh = [
                entry for entry in await self._history(chat, start) if (entry.kind, entry.id) not in shown
            ]
            for entry in fresh:
                shown[entry.kind, entry.id] = None
                if entry.kind == "out":
                    recent.append(entry.id)
            while len(shown) > REMEMBERED:
                del shown[next(iter(shown))]
            if fresh or first:
                yield fresh
            first = False
            await news.wait()


def _shown_message(message: OutboundMessage) -> dict[str, Any]:
    return {
        "text": message.text,
        "buttons": [
            [{"label": button.label, "data": button.data} for button in row] for row in message.buttons
        ],
        "photos": [photo.media_key for photo in message.photos if photo.media_key],
        "reply_to": message.reply_to,
        "ask_location": message.ask_location,
        "replace": message.replace,
    }


def _shown_inbound(message: InboundMessage) -> dict[str, Any]:
    location = message.location
    return {
        "message_id": message.message_id,
        "text": message.text,
        "button": message.button,
        "button_message": message.button_message,
        "photos": [photo.media_key for photo in message.photos if photo.media_key],
        "location": [location.latitude, location.longitude] if location else None,
        "reply_to": message.reply_to,
        "unsupported": message.unsupported,
    }
