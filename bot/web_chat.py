"""The HTTP side of the web chat: pages, session, socket, messages, photos."""

import asyncio
import json
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from aiohttp import BodyPartReader, web
from aiohttp.http_exceptions import HttpProcessingError

from bot import session
from bot.channels.web import TEXT_LIMIT, WebChannel, write_update
from bot.pace import Pace
from bot.session import Visitor
from handlers.channel import Envelope, Location
from handlers.media import (
    SIZE_LIMIT,
    NotAPicture,
    StoredPhoto,
    TooLarge,
    UnknownPhoto,
    photo_mime,
    photo_path,
    store_photo,
)

PHOTOS_PER_MESSAGE = 10
MESSAGES_PER_MINUTE = 30
UPLOADS_PER_MINUTE = 20
SOCKETS_PER_CHAT = 12
BEAT_SECONDS = 25.0
"""How often a silent socket says that it is alive."""

_PAGE_FOLDER = Path(__file__).parent / "page"
_PAGE_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
_UPDATE_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
_MESSAGE_ID = re.compile(r"\d{0,20}")
_BUTTON = re.compile(r"[\x21-\x7e]{0,64}")
_MEDIA_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
}

Receive = Callable[[str, Envelope, bytes], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class Seat:
    """Somebody whom a visitor of the demo may be; `name` goes into URLs, `examples` into the message box."""

    name: str
    title: str
    hint: str = ""
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplePosition:
    """A position that a visitor of the demo may send without being there."""

    title: str
    latitude: float
    longitude: float


HANOI_POSITIONS = (
    SamplePosition(title="Hồ Hoàn Kiếm", latitude=21.0287, longitude=105.8523),
    SamplePosition(title="Đường Khương Đình", latitude=20.9932, longitude=105.8131),
    SamplePosition(title="Hồ Tây, phía Quảng Bá", latitude=21.0690, longitude=105.8237),
    SamplePosition(title="Ngoài thành phố (biển Đà Nẵng)", latitude=16.0605, longitude=108.2470),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Demo:
    """What the demo adds: seats to take, positions to send. `sit(chat, seat)` makes a chat that person's;
    it is called each time a page is opened."""

    seats: Sequence[Seat]
    sit: Callable[[str, str], Awaitable[None]]
    positions: Sequence[SamplePosition] = field(default=HANOI_POSITIONS)


class Refused(Exception):
    """The page asked for what it may not have; answered with the status and the code."""

    def __init__(self, status: int, code: str, *, retry_after: float = 0.0) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.retry_after = math.ceil(retry_after)

    def response(self) -> web.Response:
        """Return the answer: JSON, and Retry-After where waiting helps."""
        body: dict[str, Any] = {"error": self.code}
        if not self.retry_after:
            return web.json_response(body, status=self.status)
        body["retry_after"] = self.retry_after
        return web.json_response(body, status=self.status, headers={"Retry-After": str(self.retry_after)})


class WebChat:
    """Everything the pages ask for. Chat and person come from the session, never from the request."""

    def __init__(
        self,
        *,
        channel: WebChannel,
        receive: Receive,
        media_dir: Path,
        demo: Demo | None,
        may_see: Callable[[str, str], Awaitable[bool]],
        commands: Callable[[str], Awaitable[Sequence[tuple[str, str]]]],
        add_photo: Callable[[StoredPhoto], Awaitable[None]] | None,
    ) -> None:
        self._channel = channel
        self._receive = receive
        self._media_dir = media_dir
        self._demo = demo
        self._seats = {seat.name: seat for seat in demo.seats} if demo else {}
        self._may_see = may_see
        self._commands = commands
        self._add_photo = add_photo
        self._sockets: set[web.WebSocketResponse] = set()
        self._messages_pace = Pace(MESSAGES_PER_MINUTE, 60.0)
        self._uploads_pace = Pace(UPLOADS_PER_MINUTE, 60.0)
        self._decoding = asyncio.Semaphore(2)

    def routes(self) -> list[web.RouteDef]:
        """Return the routes of the pages and of what they call."""
        page = _page_files()
        front = self._file(page["demo.html"]) if self._demo else _to_chat
        routes: list[tuple[str, str, Handler]] = [
            ("GET", "/", front),
            ("GET", "/chat", self._file(page["chat.html"])),
            ("POST", "/chat/session", self.open_session),
            ("GET", "/chat/socket", self.socket),
            ("POST", "/chat/messages", self.message),
            ("POST", "/chat/photos", self.photos),
            ("GET", "/chat/commands", self.command_list),
            ("GET", "/media/{key}", self.media),
        ]
        routes += [("GET", f"/page/{name}", self._file(found)) for name, found in page.items()]
        if self._demo:
            routes.append(("GET", "/demo/seats", self.seats))
        return [web.RouteDef(method, path, _guarded(handler), {}) for method, path, handler in routes]

    async def close(self) -> None:
        """Tell every open page to come back later."""
        await asyncio.gather(*(socket.close(code=1012, message=b"restart") for socket in list(self._sockets)))

    async def open_session(self, request: web.Request) -> web.Response:
        """Give the browser a token unless it has one, and say what the page has to know."""
        _from_own_page(request)
        seat = self._seat(request)
        token = session.known_token(request) or session.new_token()
        if self._demo and seat:
            await self._demo.sit(Visitor(token, seat.name).chat, seat.name)
        response = web.json_response(
            {
                "demo": self._demo is not None,
                "seat": _seat_as_dict(seat) if seat else None,
                "positions": [
                    {"title": place.title, "latitude": place.latitude, "longitude": place.longitude}
                    for place in (self._demo.positions if self._demo else ())
                ],
            }
        )
        session.keep_token(request, response, token)
        return response

    async def seats(self, request: web.Request) -> web.Response:
        """List the seats of the demo."""
        return web.json_response([_seat_as_dict(seat) for seat in self._seats.values()])

    async def command_list(self, request: web.Request) -> web.Response:
        """List the commands that the person in this chat may use."""
        return web.json_response(list(await self._commands(self._visitor(request).chat)))

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Send the history after the page's last message, then news as it comes."""
        _from_own_page(request)
        chat = self._visitor(request).chat
        after = request.query.get("after", "0")
        if not after.isascii() or not after.isdigit() or len(after) > 18:
            raise Refused(400, "malformed")
        if self._channel.followers(chat) >= SOCKETS_PER_CHAT:
            raise Refused(429, "too_many_pages", retry_after=30)
        socket = web.WebSocketResponse(heartbeat=BEAT_SECONDS, max_msg_size=1024)
        if not socket.can_prepare(request).ok:
            raise Refused(426, "no_websocket")
        await socket.prepare(request)
        await self._serve_socket(socket, chat, int(after))
        return socket

    async def _serve_socket(self, socket: web.WebSocketResponse, chat: str, after: int) -> None:
        self._sockets.add(socket)
        pushing = [
            asyncio.create_task(self._push(socket, chat, after)),
            asyncio.create_task(_beat(socket)),
        ]
        try:
            async for _ in socket:  # the page says nothing; this ends when it is gone
                pass
        finally:
            self._sockets.discard(socket)
            for task in pushing:
                task.cancel()
            await asyncio.gather(*pushing, return_exceptions=True)

    async def _push(self, socket: web.WebSocketResponse, chat: str, after: int) -> None:
        try:
            async with aclosing(self._channel.follow(chat, after)) as batches:
                async for batch in batches:
                    await socket.send_json({"entries": [entry.as_dict() for entry in batch]})
        except ConnectionError:
            return
        except Exception as error:
            log.error("A chat's history could not be read.", action="history_failed", error=repr(error))
            await socket.close(code=1013, message=b"try again")

    async def message(self, request: web.Request) -> web.Response:
        """Store one message; the same id again changes nothing."""
        visitor = self._sender(request, self._messages_pace)
        try:
            told = json.loads(await request.read())
            update = _checked_update(told, visitor)
        except (ValueError, TypeError, RecursionError) as error:
            raise Refused(400, "malformed") from error
        await self._store(visitor, update)
        return web.json_response({"stored": True})

    async def photos(self, request: web.Request) -> web.Response:
        """Store uploaded photos; return their marked keys for the message that will name them.

        What cannot be kept is reported to the bot, which answers in the chat.
        """
        visitor = self._sender(request, self._uploads_pace)
        update_id = request.query.get("id", "")
        if not _UPDATE_ID.fullmatch(update_id) or request.content_type != "multipart/form-data":
            raise Refused(400, "malformed")
        kept: list[str] = []
        refused = ""
        async for data in _uploaded(request):
            try:
                kept.append(visitor.mark(await self._keep_photo(data)))
            except TooLarge:
                refused = "large_photo"
            except NotAPicture:
                refused = refused or "file"
        if refused:
            await self._store(visitor, {"update_id": f"{update_id}-x"[-64:], "unsupported": refused})
        return web.json_response({"photos": kept, "refused": refused})

    async def _keep_photo(self, data: bytes) -> str:
        try:
            async with self._decoding:
                photo = await asyncio.to_thread(store_photo, data, self._media_dir)
            if self._add_photo:
                await self._add_photo(photo)
        except (TooLarge, NotAPicture):
            raise
        except Exception as error:
            log.error("A photo could not be stored.", action="photo_failed", error=repr(error))
            raise Refused(503, "unavailable", retry_after=2) from error
        return photo.media_key

    async def media(self, request: web.Request) -> web.StreamResponse:
        """Return a picture to a chat that holds it; to any other it does not exist."""
        visitor, key = self._visitor(request), request.match_info["key"]
        try:
            path, mime = photo_path(key, self._media_dir), photo_mime(key)
        except UnknownPhoto as error:
            raise Refused(404, "unknown") from error
        if not await self._may_see(visitor.chat, key):
            raise Refused(404, "unknown")
        return web.FileResponse(path, headers={**_MEDIA_HEADERS, "Content-Type": mime})

    def _sender(self, request: web.Request, pace: Pace) -> Visitor:
        _from_own_page(request)
        visitor = self._visitor(request)
        if seconds := pace.wait(visitor.chat):
            raise Refused(429, "too_fast", retry_after=seconds)
        return visitor

    async def _store(self, visitor: Visitor, update: Mapping[str, Any]) -> None:
        body = write_update(chat=visitor.chat, user=visitor.chat, sent_at=datetime.now(UTC), **update)
        try:
            await self._receive(self._channel.name, self._channel.envelope(body, {}), body)
        except Exception as error:
            raise Refused(503, "unavailable", retry_after=2) from error
        self._channel.wake(visitor.chat)

    def _visitor(self, request: web.Request) -> Visitor:
        token = session.known_token(request)
        if token is None:
            raise Refused(401, "no_session")
        seat = self._seat(request)
        return Visitor(token, seat.name if seat else "")

    def _seat(self, request: web.Request) -> Seat | None:
        name = request.query.get("seat", "")
        if name and name not in self._seats:
            raise Refused(404, "unknown_seat")
        return self._seats.get(name)

    def _file(self, found: "PageFile") -> Handler:
        async def serve(request: web.Request) -> web.Response:
            headers = {"ETag": found.etag, "Cache-Control": "no-cache"}
            if request.headers.get("If-None-Match") == found.etag:
                return web.Response(status=304, headers=headers)
            return web.Response(body=found.body, content_type=found.mime, charset="utf-8", headers=headers)

        return serve


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file of the pages, ready to serve."""

    body: bytes
    mime: str
    etag: str


def _page_files() -> dict[str, PageFile]:
    return {
        path.name: PageFile(
            body=(body := path.read_bytes()),
            mime=_PAGE_TYPES[path.suffix],
            etag=f'"{sha256(body).hexdigest()[:32]}"',
        )
        for path in sorted(_PAGE_FOLDER.iterdir())
        if path.suffix in _PAGE_TYPES
    }


def _guarded(handler: Handler) -> Handler:
    """Turn refusals into answers and put the security headers on all of them."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            response = await handler(request)
        except Refused as refusal:
            response = refusal.response()
        except web.HTTPRequestEntityTooLarge:
            response = Refused(413, "too_large").response()
        except (web.HTTPException, ConnectionError):
            raise
        except Exception as error:
            log.error("A page's request failed.", action="page_failed", path=request.path, error=repr(error))
            response = Refused(503, "unavailable", retry_after=2).response()
        if not response.prepared:
            for name, value in session.SECURITY_HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


def _from_own_page(request: web.Request) -> None:
    if not session.from_own_page(request):
        raise Refused(403, "foreign_page")


async def _to_chat(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/chat"})


async def _beat(socket: web.WebSocketResponse) -> None:
    while True:
        await asyncio.sleep(BEAT_SECONDS)
        await socket.send_json({})


def _seat_as_dict(seat: Seat) -> dict[str, Any]:
    return {
        "name": seat.name,
        "title": seat.title,
        "hint": seat.hint,
        "examples": list(seat.examples),
    }


def _checked_update(told: Any, visitor: Visitor) -> dict[str, Any]:
    """Return the parts of `write_update` from what a browser sent; raises ValueError, TypeError, Refused."""
    if not isinstance(told, dict):
        raise TypeError("not an object")
    text = _string(told, "text", None)
    if len(text) > TEXT_LIMIT:
        raise Refused(413, "too_long")
    return {
        "update_id": _string(told, "id", _UPDATE_ID),
        "text": text,
        "button": _string(told, "button", _BUTTON),
        "button_message": _string(told, "button_message", _MESSAGE_ID),
        "reply_to": _string(told, "reply_to", _MESSAGE_ID),
        "photos": _own_photos(told.get("photos") or [], visitor),
        "location": _location(told),
    }


def _string(told: Mapping[str, Any], name: str, form: re.Pattern[str] | None) -> str:
    value = told.get(name, "")
    if not isinstance(value, str):
        raise TypeError(name)
    if form and not form.fullmatch(value):
        raise ValueError(name)
    return value


def _own_photos(marked: Any, visitor: Visitor) -> list[str]:
    if not isinstance(marked, list) or len(marked) > PHOTOS_PER_MESSAGE:
        raise ValueError("photos")
    keys = [visitor.unmark(photo) for photo in marked if isinstance(photo, str)]
    own = [key for key in keys if key]
    if len(own) != len(marked):
        raise ValueError("photos")
    return own


def _location(told: Mapping[str, Any]) -> Location | None:
    latitude, longitude = told.get("latitude"), told.get("longitude")
    if latitude is None and longitude is None:
        return None
    if not isinstance(latitude, int | float) or not isinstance(longitude, int | float):
        raise TypeError("position")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise ValueError("position")
    return Location(latitude=float(latitude), longitude=float(longitude))


async def _uploaded(request: web.Request) -> AsyncIterator[bytes]:
    """Yield the uploaded files one by one; one over the limit comes cut off just above it, to be refused."""
    count = 0
    try:
        reader = await request.multipart()
        while (part := await reader.next()) is not None:
            count += 1
            if not isinstance(part, BodyPartReader) or count > PHOTOS_PER_MESSAGE:
                raise Refused(413, "too_many")
            yield await _read_part(part)
    except (HttpProcessingError, ValueError, AssertionError, RuntimeError) as error:
        raise Refused(400, "malformed") from error


async def _read_part(part: BodyPartReader) -> bytes:
    data = bytearray()
    total = 0
    while chunk := await part.read_chunk(65536):
        total += len(chunk)
        if total > 4 * SIZE_LIMIT:
            raise Refused(413, "too_large")
        data += chunk[: SIZE_LIMIT + 1 - len(data)]
    return bytes(data)
