"""The built-in web chat as a channel: its update format, and the stream of news that an open page follows.

The server writes the updates (a browser chooses neither its chat nor its person), so reading them back needs
no proof. Messages count as delivered when they can be read: the outbox is the chat's history.
"""

import asyncio
import json
import re
import secrets
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
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
    GroupRights,
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
    create_group=True,
    files=True,
    write_first=True,
    edits=False,
    recordings=False,
)

GROUP = re.compile(r"g-[0-9a-f]{32}")
"""What the id of a group looks like; that of a private chat has no "g-" before it."""
_MENTION = re.compile(r"(?<!\w)@(bot|langnghe)\b", re.IGNORECASE)
_DONE_AT_ONCE = frozenset({"admit", "refuse", "revoke", "remove"})
"""Acts for which nothing is to be done: whoever the group's list of members names is in it."""
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
    name: str = ""
    """In a group, who wrote it."""
    post: str = ""
    """In a group, as what they wrote it."""

    @property
    def media_keys(self) -> set[str]:
        """The keys of the pictures and files that it shows."""
        said = self.message or self.inbound
        if said is None:
            return set()
        return {photo.media_key for photo in said.photos} | {file.media_key for file in said.files}

    def as_dict(self, viewer: str) -> dict[str, Any]:
        """Return what the page needs to show it to the person with the given id."""
        shown = {"kind": self.kind, "id": self.id, "at": self.at.isoformat()}
        if self.message:
            return shown | _shown_message(self.message)
        if self.inbound is None:
            return shown
        author = {"own": self.inbound.sender == viewer, "name": self.name, "post": self.post}
        return shown | author | _shown_inbound(self.inbound)


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
    member_joined: bool = False,
) -> bytes:
    """Return the raw update of one thing a person did in the page, as it is stored in the inbox.

    reply_to: the number of a message from the bot, or the id of another person's update.
    """
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
        "member_joined": member_joined or None,
    }
    present = {name: value for name, value in update.items() if value not in ("", [], None)}
    return json.dumps(present, ensure_ascii=False).encode()


class WebChannel:
    """The web chat. `history` reads a chat; `announce` wakes the pages that other processes serve.

    Groups are made at once. Who belongs to one is what the city's list of its members says, asked at every
    request, so there is nobody to let in or to put out. They have no topics: all stands in one stream.
    """

    name = "web"
    capabilities = CAPABILITIES

    def __init__(
        self,
        *,
        history: History,
        announce: Callable[[str], Awaitable[None]] | None = None,
        public_url: str = "",
    ) -> None:
        self._history = history
        self._announce = announce
        self._public_url = public_url.rstrip("/")
        self._followers: dict[str, set[asyncio.Event]] = {}
        self._listeners: dict[str, set[asyncio.Event]] = {}

    def envelope(self, body: bytes, headers: Mapping[str, str]) -> Envelope:
        """Say which chat an update belongs to; ids count within a person's chat: nobody uses up another's."""
        try:
            update = json.loads(body)
            chat = update["chat"]
            whose = f"{update['user'][:16]}:" if GROUP.fullmatch(chat) else ""
            return Envelope(external_id=f"{chat}:{whose}{update['id']}", chat=chat)
        except (ValueError, TypeError, KeyError) as error:
            raise Malformed(str(error)) from error

    def parse(self, body: bytes) -> InboundMessage | None:
        """Read an update that `write_update` wrote."""
        update = json.loads(body)
        latitude, longitude = update.get("latitude"), update.get("longitude")
        group = bool(GROUP.fullmatch(update["chat"]))
        return InboundMessage(
            address=Address(self.name, update["chat"]),
            sender=update["user"],
            sender_name=update.get("name", ""),
            sent_at=datetime.fromisoformat(update["sent_at"]),
            text=_without_name(update.get("text", "")) if group else update.get("text", ""),
            button=update.get("button", ""),
            button_message=update.get("button_message", ""),
            photos=tuple(Photo(media_key=key) for key in update.get("photos", ())),
            location=None if latitude is None else Location(latitude=latitude, longitude=longitude),
            reply_to=update.get("reply_to", ""),
            message_id=update["id"],
            unsupported=update.get("unsupported", ""),
            group=group,
            mentioned=group and _names_bot(update),
            member_joined=update.get("member_joined", False),
        )

    def as_written(self, body: bytes) -> InboundMessage | None:
        """Read an update as the others in a group are to see it: with the bot's name, where it was called."""
        message = self.parse(body)
        return replace(message, text=json.loads(body).get("text", "")) if message else None

    async def send(self, address: Address, message: OutboundMessage) -> Sent:
        """Wake the pages that show this chat; they read the message from the history."""
        if message.ask_contact:
            log.info("The web chat has no button for a phone number.", action="message_degraded")
        await self.announce(address.chat)
        return Sent()

    async def announce(self, chat: str) -> None:
        """Make everybody who shows this chat look for news, in this process and in the others."""
        self.wake(chat)
        if self._announce:
            await self._announce(chat)

    async def fetch(self, photo: Photo) -> bytes:
        """Raise NotSupported: photos are stored before a message names them."""
        raise NotSupported

    async def create_group(self, wish: CreateGroup) -> Address:
        """Return a new group that nobody can guess; its members are those whom the city lists."""
        return Address(self.name, f"g-{secrets.token_hex(16)}")

    async def act(self, address: Address, act: GroupAct) -> Acted:
        """Do something with a group; raises NotSupported for topics, and for a link to make a group with."""
        if act.do == "check":
            return Acted(rights=GroupRights(member=True))
        if act.do == "invite":
            return Acted(value=f"{self._public_url}/chat?group={address.chat}")
        if act.do not in _DONE_AT_ONCE:
            raise NotSupported(act.do)
        await self.announce(address.chat)  # an open page learns at once whether it may go on
        return Acted()

    async def fetch_file(self, file: File) -> bytes:
        """Refuse: there are no recordings here yet."""
        raise NotSupported("no files")

    def wake(self, chat: str) -> None:
        """Make everybody who follows this chat look for news; safe to call without any."""
        for news in (*self._followers.get(chat, ()), *self._listeners.get(chat, ())):
            news.set()

    def followers(self, chat: str) -> int:
        """Return how many pages show this chat through this process."""
        return len(self._followers.get(chat, ()))

    @property
    def open_pages(self) -> int:
        """How many pages follow a chat through this process."""
        return sum(map(len, self._followers.values()))

    def listen(self, chats: Iterable[str], news: asyncio.Event) -> None:
        """Have `news` set whenever something happens in one of these chats."""
        for chat in chats:
            self._listeners.setdefault(chat, set()).add(news)

    def unlisten(self, chats: Iterable[str], news: asyncio.Event) -> None:
        """Undo `listen`."""
        for chat in chats:
            _leave(self._listeners, chat, news)

    async def follow(
        self, chat: str, after: int, *, allowed: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncGenerator[list[Entry], None]:
        """Yield what the history holds after the given message, at once, then all news as it comes.

        The first batch may be empty; no entry comes twice. Close the iterator to stop. It ends as soon as
        `allowed`, asked before every reading, says no.
        """
        news = asyncio.Event()
        self._followers.setdefault(chat, set()).add(news)
        try:
            async with aclosing(self._read_on(chat, after, news, allowed or _always)) as batches:
                async for batch in batches:
                    yield batch
        finally:
            _leave(self._followers, chat, news)

    async def _read_on(
        self, chat: str, after: int, news: asyncio.Event, allowed: Callable[[], Awaitable[bool]]
    ) -> AsyncGenerator[list[Entry], None]:
        shown: dict[tuple[str, int], None] = {}
        recent: deque[int] = deque(maxlen=OVERLAP)
        first = True
        while True:
            news.clear()
            if not await allowed():
                return
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


async def _always() -> bool:
    return True


def _leave(where: dict[str, set[asyncio.Event]], chat: str, news: asyncio.Event) -> None:
    where[chat].discard(news)
    if not where[chat]:
        del where[chat]


def _without_name(text: str) -> str:
    """Return what is said in a group without the bot's own name, as no channel brings it."""
    return re.sub(r" *(?<!\w)@(bot|langnghe)\b *", " ", text, flags=re.IGNORECASE).strip()


def _names_bot(update: Mapping[str, Any]) -> bool:
    """Tell whether a message names the bot or answers it: only the bot's messages have plain numbers."""
    return bool(_MENTION.search(update.get("text", ""))) or update.get("reply_to", "").isdecimal()


def _shown_message(message: OutboundMessage) -> dict[str, Any]:
    return {
        "text": message.text,
        "buttons": [
            [{"label": button.label, "data": button.data} for button in row] for row in message.buttons
        ],
        "photos": [photo.media_key for photo in message.photos if photo.media_key],
        "files": [
            {"key": file.media_key, "kind": file.kind, "name": file.name, "size": file.size}
            for file in message.files
            if file.media_key
        ],
        "links": [{"label": label, "url": url} for label, url in message.links],
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
