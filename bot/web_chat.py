"""The HTTP side of the web chat: pages, session, socket, messages, photos."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web

from bot import session
from bot.channels.web import WebChannel, write_update
from bot.pace import Pace
from bot.page_input import UPDATE_ID, Refused, checked_update, uploaded
from bot.seats import Demo, Seat
from bot.session import Visitor
from handlers.channel import Envelope
from handlers.media import (
    NotAPicture,
    StoredPhoto,
    TooLarge,
    UnknownPhoto,
    photo_mime,
    photo_path,
    store_photo,
)

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
_MEDIA_HEADERS = {
    "Cache-Control": "private, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Content-Disposition": "inline",
}

Receive = Callable[[str, Envelope, bytes], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


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
                "seat": seat.as_dict() if seat else None,
                "positions": [asdict(place) for place in self._demo.positions] if self._demo else [],
            }
        )
        session.keep_token(request, response, token)
        return response

    async def seats(self, request: web.Request) -> web.Response:
        """List the seats of the demo."""
        return web.json_response([seat.as_dict() for seat in self._seats.values()])

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
            update = checked_update(told, visitor)
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
        if not UPDATE_ID.fullmatch(update_id) or request.content_type != "multipart/form-data":
            raise Refused(400, "malformed")
        kept: list[str] = []
        refused = ""
        async for data in uploaded(request):
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
