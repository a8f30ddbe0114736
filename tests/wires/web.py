"""The web chat as a wire: what the page asks of the server, and what the server tells it."""

import hashlib
import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any

import aiohttp

from bot import web_chat
from bot.channels.web import GROUP, TEXT_LIMIT
from bot.page_input import _BUTTON as BUTTON
from bot.page_input import PHOTOS_PER_MESSAGE
from bot.session import COOKIE, Visitor
from handlers.channel import Button, File, InboundMessage, OutboundMessage, Photo, Sent
from handlers.receipt import Receiver
from tests.wires.shown import Shown
from tests.wires.wire import Wire, own_port

UNHURRIED = 100_000
"""Messages and pictures a minute: the clock of these tests stands still."""


class WebWire(Wire):
    """The web chat over HTTP."""

    name = "web"
    tells_names = False

    async def _start_vendor(self) -> dict[str, str]:
        self._page = await self._exits.enter_async_context(aiohttp.ClientSession())
        self._base = f"http://127.0.0.1:{own_port()}/chat"
        self._tokens: dict[str, str] = {}
        self._viewers: dict[str, str] = {}
        """Who looks at a group's page, by group."""
        self._read: dict[str, int] = {}
        self._unread: dict[str, set[int]] = {}
        self._updates: dict[tuple[str, str], str] = {}
        return {}

    async def _serve(self, receiver: Receiver) -> None:
        pace = web_chat.MESSAGES_PER_MINUTE, web_chat.UPLOADS_PER_MINUTE
        web_chat.MESSAGES_PER_MINUTE = web_chat.UPLOADS_PER_MINUTE = UNHURRIED
        try:
            await super()._serve(receiver)
        finally:
            web_chat.MESSAGES_PER_MINUTE, web_chat.UPLOADS_PER_MINUTE = pace

    def _new_chat(self, name: str) -> str:
        token = urlsafe_b64encode(hashlib.sha256(name.encode()).digest()).decode().rstrip("=")
        chat = Visitor(token).chat
        self._tokens[chat] = token
        return chat

    def group_of(self, name: str) -> str:
        """Return the id of the group that a test calls so; nobody is in it unless the city says so."""
        return name if GROUP.fullmatch(name) else f"g-{hashlib.sha256(name.encode()).hexdigest()[:32]}"

    # ---- what people do

    async def brings(self, message: InboundMessage) -> timedelta:
        """Let somebody do in the page what the bot is to understand so."""
        self.able(message)
        self._unable(message)
        photos = await self._upload(message) if message.photos else []
        said = {
            "id": self._update_id(message),
            "text": self._text(message),
            "button": message.button,
            "button_message": message.button_message if message.button_message.isdecimal() else "",
            "reply_to": self._updates.get((message.address.chat, message.reply_to), message.reply_to),
            "photos": photos,
        }
        if message.location:
            said |= {"latitude": message.location.latitude, "longitude": message.location.longitude}
        if photos or not message.photos or message.text:
            await self._post(message, "messages", data=json.dumps(said))
        return timedelta()

    def _unable(self, message: InboundMessage) -> None:
        if message.contact:
            self.cannot("share a phone number by a button")
        if not BUTTON.fullmatch(message.button):
            self.cannot("send the data of a button that there cannot be")
        if message.left or message.joined:
            self.cannot("be left or come back to")
        if message.unsupported and not message.photos:
            self.cannot(f"send what the bot cannot use ({message.unsupported})")
        if len(message.text) > TEXT_LIMIT:
            self.cannot(f"take a text of more than {TEXT_LIMIT} characters")
        if message.album:
            self.cannot("bring an album in several parts")
        if len(message.photos) > PHOTOS_PER_MESSAGE:
            self.cannot(f"send more than {PHOTOS_PER_MESSAGE} pictures in one message")
        if message.rights or message.moved_to or message.wants_in or message.member_joined:
            self.cannot("tell of changes in a group: the city's list of members holds")

    @staticmethod
    def _text(message: InboundMessage) -> str:
        return f"@bot {message.text}" if message.mentioned and not message.reply_to else message.text

    def _update_id(self, message: InboundMessage) -> str:
        known = (message.address.chat, message.message_id)
        return self._updates.setdefault(known, f"update-{message.message_id}")

    def id_of(self, message: InboundMessage) -> str:
        """Return the channel's id of what somebody sent."""
        return self._updates[message.address.chat, message.message_id]

    async def _upload(self, message: InboundMessage) -> list[str]:
        form = aiohttp.FormData()
        for photo in message.photos:
            content = self._photos.content(photo.reference)
            form.add_field("photo", content, filename="a.jpg", content_type="image/jpeg")
        answer = await self._post(message, "photos", query={"id": f"upload-{message.message_id}"}, data=form)
        kept: list[str] = answer["photos"]
        return kept

    async def _post(
        self, message: InboundMessage, path: str, *, query: dict[str, str] | None = None, **content: Any
    ) -> Any:
        query = dict(query or {})
        if message.group:
            query["group"] = message.address.chat
            self._viewers[message.address.chat] = message.sender
        headers = self._headers(message.sender)
        async with self._page.post(
            f"{self._base}/{path}", params=query, headers=headers, **content
        ) as answer:
            told = await answer.json()
            if answer.status == 404 and told == {"error": "unknown_group"}:
                self.cannot("be written to in a group by who is not in it")
            assert answer.status == 200, f"{path}: {answer.status} {told}"
            return told

    def _headers(self, chat: str) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self._tokens[chat]}", "Sec-Fetch-Site": "same-origin"}

    # ---- what people see

    async def looks(self) -> None:
        """Let every page that something came for read on."""
        await super().looks()
        unread, self._unread = self._unread, {}
        for chat, expected in unread.items():
            viewer = self._viewers.get(chat, chat)
            if viewer in self._tokens:
                await self._read_on(chat, viewer, expected)
            else:  # a group that nobody has open: to open it would be a deed
                self._take_in(chat, [each.as_dict("") for each in await self.program._history(chat, 0)])

    async def _read_on(self, chat: str, viewer: str, expected: set[int]) -> None:
        query = {"after": str(self._read.get(chat, 0))}
        if viewer != chat:
            query["group"] = chat
        socket = await self._page.ws_connect(
            f"{self._base}/socket", params=query, headers=self._headers(viewer)
        )
        async with socket:
            told = await socket.receive_json()
            while "entries" not in told:
                told = await socket.receive_json()
        self._take_in(chat, told["entries"])
        unseen = expected - {int(shown.id) for shown in self.shown.get(chat, ())}
        assert not unseen, f"the page of {chat} does not show {unseen}"

    def _take_in(self, chat: str, entries: list[dict[str, Any]]) -> None:
        seen = {shown.id for shown in self.shown.get(chat, ())}
        for entry in entries:
            if entry["kind"] == "out" and str(entry["id"]) not in seen:
                self._keep(chat, _as_shown(entry))
                self._read[chat] = entry["id"]

    def _count(self, chat: str) -> int:
        return 0

    def _note(self, chat: str, message: OutboundMessage, sent: Sent, before: int) -> None:
        self._unread.setdefault(chat, set()).add(int(message.reference))


def _as_shown(entry: dict[str, Any]) -> Shown:
    message = OutboundMessage(
        text=entry["text"],
        buttons=tuple(tuple(Button(**button) for button in row) for row in entry["buttons"]),
        photos=tuple(Photo(media_key=key) for key in entry["photos"]),
        files=tuple(File(kind=file["kind"], name=file["name"]) for file in entry["files"]),
        links=tuple((link["label"], link["url"]) for link in entry["links"]),
        reply_to=entry["reply_to"],
        ask_location=entry["ask_location"],
        replace=entry["replace"],
    )
    return Shown(id=str(entry["id"]), message=message)
