"""A Bot API server for tests: the real wire format over HTTP, strict, with people who use the bot.

    async with TelegramStandIn() as telegram:
        channel = TelegramChannel(token=telegram.token, api_url=telegram.url, ...)
        await telegram.user_sends(1001, "Xin chào")
        [answer] = await telegram.until_sent(1001)
        await telegram.user_presses(answer, "Gửi")

By hand: `python -m tests.standins.telegram --port 8081`, then for example
`curl -d '{"chat": 1001, "text": "Xin chào"}' http://127.0.0.1:8081/stand-in/say` and
`curl http://127.0.0.1:8081/stand-in/sent/1001`; `photo` (base64) and `location` ([16.07, 108.22]) can be
told, too, and `curl -d '{"chat": 1001, "message_id": 2, "button": "Gửi"}' …/stand-in/press` presses a button.
"""

import argparse
import asyncio
import base64
import io
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from PIL import ExifTags, Image

from tests.standins.telegram_groups import GroupsServer
from tests.standins.telegram_server import (
    Call,
    Drop,
    Failure,
    Garbage,
    Hang,
    Shown,
    blocked,
    fault,
    moved,
    too_many_requests,
    words,
)

__all__ = [
    "SMALL_JPEG",
    "Call",
    "Document",
    "Drop",
    "Failure",
    "Garbage",
    "Hang",
    "Shown",
    "TelegramStandIn",
    "blocked",
    "fault",
    "jpeg",
    "moved",
    "too_many_requests",
]


def jpeg(width: int = 8, height: int = 6, *, taken_at: tuple[float, float] | None = None) -> bytes:
    """Return a grey picture; one whose file says where it was taken, if that is given in degrees."""
    content, exif = io.BytesIO(), Image.Exif()
    if taken_at is not None:
        position = exif.get_ifd(ExifTags.IFD.GPSInfo)
        for place, (degrees, sides) in enumerate(zip(taken_at, ("NS", "EW"), strict=True)):
            position[1 + 2 * place] = sides[degrees < 0]
            position[2 + 2 * place] = (
                abs(degrees) // 1,
                abs(degrees) % 1 * 60 // 1,
                abs(degrees) * 60 % 1 * 60,
            )
    Image.new("RGB", (width, height), "grey").save(content, "JPEG", exif=exif)
    return content.getvalue()


SMALL_JPEG = jpeg()


@dataclass(frozen=True, kw_only=True, slots=True)
class Document:
    """A file that a person sends; `size` may claim more bytes than there are."""

    content: bytes = b"%PDF-1.7"
    name: str = "don.pdf"
    kind: str = "application/pdf"
    size: int | None = None


class TelegramStandIn(GroupsServer):
    """The vendor's server and the people around the bot."""

    # ---- what people do

    async def user_sends(
        self,
        chat: int,
        text: str = "",
        *,
        user: int | None = None,
        photo: bytes | None = None,
        document: Document | None = None,
        voice: bytes | None = None,
        topic: int | None = None,
        location: tuple[float, float] | None = None,
        contact: str | None = None,
        contact_of: int | None = None,
        reply_to: Shown | int | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Send a message to the bot and return it; a negative chat is a group.

        `text` is the caption of a photo, document or recording. `topic` is that of a forum; a reply is in
        the topic of its original. `contact` is a phone number, one's own unless `contact_of` says whose.
        `more` adds fields as they are, for example {"sticker": {...}}.
        Returns when the bot's webhook has taken the update, or at once when the bot polls.
        """
        message = self._message(chat, user)
        if photo is not None:
            message["photo"] = self._photo_sizes(photo)
        if document is not None:
            message["document"] = self._document(document)
        if voice is not None:
            message["voice"] = {**self._store(voice, len(voice)), "duration": 7, "mime_type": "audio/ogg"}
        if location is not None:
            message["location"] = {"latitude": location[0], "longitude": location[1]}
        if contact is not None:
            owner = contact_of or message["from"]["id"]
            message["contact"] = {"phone_number": contact, "first_name": "Công dân", "user_id": owner}
        if reply_to is not None:
            message["reply_to_message"] = self._original(chat, reply_to)
            topic = topic or (reply_to.topic if isinstance(reply_to, Shown) else None)
        if topic is not None:
            message |= {"message_thread_id": topic, "is_topic_message": True}
        if text:
            enclosed = any(part is not None for part in (photo, document, voice))
            message.update(words(text, caption=enclosed))
        message.update(more or {})
        await self.deliver("message", message)
        return message

    async def user_sends_album(
        self, chat: int, photos: Sequence[bytes], caption: str = "", *, user: int | None = None
    ) -> list[dict[str, Any]]:
        """Send several photos as an album: an update each, the caption on the first."""
        album = str(13_000_000_000_000_000 + next(self._ids))
        parts = []
        for number, photo in enumerate(photos):
            text = caption if number == 0 else ""
            more = {"media_group_id": album}
            parts.append(await self.user_sends(chat, text, user=user, photo=photo, more=more))
        return parts

    async def user_shares_position(
        self, chat: int, location: tuple[float, float], *, seconds: int = 900, user: int | None = None
    ) -> dict[str, Any]:
        """Begin to share one's position as it changes."""
        place = {"latitude": location[0], "longitude": location[1], "live_period": seconds}
        return await self.user_sends(chat, user=user, more={"location": place})

    async def user_moves(self, message: Mapping[str, Any], location: tuple[float, float]) -> None:
        """Be elsewhere by now, while the position is shared."""
        place = {**message["location"], "latitude": location[0], "longitude": location[1], "heading": 90}
        await self._position_changes(message, place)

    async def user_stops_sharing(self, message: Mapping[str, Any]) -> None:
        """Share one's position no longer."""
        place = {name: message["location"][name] for name in ("latitude", "longitude")}
        await self._position_changes(message, place)

    async def _position_changes(self, message: Mapping[str, Any], place: Mapping[str, Any]) -> None:
        edited = {**message, "location": dict(place), "edit_date": int(time.time())}
        await self.deliver("edited_message", edited)

    async def user_edits(self, message: Mapping[str, Any], text: str) -> dict[str, Any]:
        """Change the text of a message that was sent."""
        edited = {**message, "text": text, "edit_date": int(time.time())}
        await self.deliver("edited_message", edited)
        return edited

    async def user_presses(self, shown: Shown, choice: str, *, user: int | None = None) -> None:
        """Press the inline button with this label or data; AssertionError when there is none."""
        data = [data for label, data in shown.buttons if choice in (label, data)]
        assert data, f"no button {choice!r} among {shown.buttons}"
        await self.user_presses_stale(shown, data[0], user=user)

    async def user_presses_stale(self, shown: Shown, data: str, *, user: int | None = None) -> None:
        """Press a button that may be gone by now (as from a screen that has not been refreshed)."""
        query = str(4_000_000_000_000_000 + next(self._ids))
        self._queries.add(query)
        message = self._as_message(shown)
        person = self._person(user or shown.chat)
        instance = str(-shown.chat)
        content = {"id": query, "from": person, "message": message, "chat_instance": instance, "data": data}
        await self.deliver("callback_query", content)

    async def user_presses_ancient(self, chat: int, message_id: int, data: str) -> None:
        """Press a button of a message so old that the vendor tells no more of it than its id; whoever
        answers the press is too late."""
        query = str(4_000_000_000_000_000 + next(self._ids))
        message = {"chat": self._chat(chat), "message_id": message_id, "date": 0}
        content = {"id": query, "from": self._person(chat), "message": message, "data": data}
        await self.deliver("callback_query", {**content, "chat_instance": str(-chat)})

    async def user_blocks(self, chat: int) -> None:
        """Block the bot: it is told so, and can write no more."""
        self._blocked.add(chat)
        await self._membership(chat, chat, "member", "kicked")

    async def user_unblocks(self, chat: int) -> None:
        """Let the bot write again."""
        self._blocked.discard(chat)
        await self._membership(chat, chat, "kicked", "member")

    async def group_moves(self, old: int, new: int, *, user: int) -> None:
        """Turn a basic group into a supergroup with a new id."""
        before = {**self._message(old, user), "migrate_to_chat_id": new}
        self._moved[old] = new
        await self.deliver("message", before)
        await self.deliver("message", {**self._message(new, user), "migrate_from_chat_id": old})

    # ---- what tests ask

    def sent(self, chat: int) -> list[Shown]:
        """Return what the bot has sent to a chat, oldest first, as it looks now."""
        return list(self._shown.get(chat, []))

    async def until_sent(
        self, chat: int, count: int = 1, *, containing: str = "", seconds: float = 10.0
    ) -> list[Shown]:
        """Wait until the bot has sent this many messages (that contain a text) to a chat; return them."""

        def found() -> list[Shown]:
            return [shown for shown in self.sent(chat) if containing in shown.text]

        if not await self._until(lambda: len(found()) >= count, seconds):
            texts = [shown.text for shown in self.sent(chat)]
            raise AssertionError(f"expected {count} with {containing!r} in {chat}, got {texts}")
        return found()

    async def until_called(self, method: str, times: int = 1, *, seconds: float = 10.0) -> None:
        """Wait until the bot has called a method this many times in all."""
        if not await self._until(lambda: self.counts[method] >= times, seconds):
            raise AssertionError(f"expected {times} calls of {method}, got {dict(self.counts)}")

    async def _until(self, reached: Callable[[], bool], seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(reached)
        except TimeoutError:
            return False
        return True

    def calls_of(self, method: str) -> list[dict[str, Any]]:
        """Return the fields of each call of a method."""
        return [call.fields for call in self.calls if call.method == method]

    def _document(self, document: Document) -> dict[str, Any]:
        size = len(document.content) if document.size is None else document.size
        stored = self._store(document.content, size)
        return {**stored, "file_name": document.name, "mime_type": document.kind}

    async def _membership(self, chat: int, user: int, old: str, new: str) -> None:
        self._known.add(chat)
        change = {
            "chat": self._chat(chat),
            "from": self._person(user),
            "date": int(time.time()),
            "old_chat_member": {"user": self._bot, "status": old},
            "new_chat_member": {"user": self._bot, "status": new},
        }
        await self.deliver("my_chat_member", change)

    # ---- by hand

    def routes(self) -> list[web.RouteDef]:
        """Let a person at a terminal play the people."""
        return [
            *super().routes(),
            web.post("/stand-in/say", self._say),
            web.post("/stand-in/press", self._press),
            web.get("/stand-in/sent/{chat}", self._tell_sent),
        ]

    async def _say(self, request: web.Request) -> web.Response:
        said = await request.json()
        place = said.get("location")
        await self.user_sends(
            said["chat"],
            said.get("text", ""),
            user=said.get("user"),
            photo=base64.b64decode(said["photo"]) if said.get("photo") else None,
            location=(place[0], place[1]) if place else None,
        )
        return web.json_response({"said": said.get("text", "")})

    async def _press(self, request: web.Request) -> web.Response:
        pressed = await request.json()
        shown = self._find(pressed["chat"], pressed["message_id"])
        if shown is None:
            raise web.HTTPNotFound
        await self.user_presses(shown, pressed["button"], user=pressed.get("user"))
        return web.json_response({"pressed": pressed["button"]})

    async def _tell_sent(self, request: web.Request) -> web.Response:
        shown = self.sent(int(request.match_info["chat"]))
        return web.json_response([self._as_message(message) for message in shown])


async def _run_by_hand(options: argparse.Namespace) -> None:
    standin = TelegramStandIn(
        token=options.token,
        port=options.port,
        strangers=True,
        remember=not options.forget,
        latency=options.latency,
    )
    async with standin as telegram:
        sys.stdout.write(f"export LANGNGHE_TELEGRAM_API_URL={telegram.url}\n")
        sys.stdout.write(f"export LANGNGHE_TELEGRAM_TOKEN={telegram.token}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A Bot API server that talks to nobody outside.")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--token", default="42:stand-in-for-the-vendor")
    parser.add_argument("--forget", action="store_true", help="keep counts only (for long loads)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    asyncio.run(_run_by_hand(parser.parse_args()))
