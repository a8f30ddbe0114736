"""The HTTP side of the web chat: pages, session, socket, messages, photos."""

import asyncio
import json
import re
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

import structlog
from aiohttp import web

from bot import session
from bot.channels.web import GROUP, WebChannel, write_update
from bot.limits import BODY_SECONDS
from bot.page_input import UPDATE_ID, Refused, checked_update, uploaded
from bot.seats import Demo, Seat
from bot.session import Visitor
from bot.web_groups import Groups, ListedGroup
from handlers.channel import Envelope
from handlers.media import (
    NotAPicture,
    StoredPhoto,
    TooLarge,
    UnknownFile,
    UnknownPhoto,
    file_mime,
    file_path,
    keep_photo,
    photo_mime,
    photo_path,
)
from handlers.pace import Pace
from routing.vietnamese import strip_accents
from storage.conversations import CAME_IN

MESSAGES_PER_MINUTE = 30
UPLOADS_PER_MINUTE = 20
UPLOAD_SECONDS = 600.0
"""How long photos may take to arrive, over the slowest telephone."""
SOCKETS_PER_VISITOR = 12
BEAT_SECONDS = 25.0
"""How often a silent socket says that it is alive, and how often the list of groups is read anew."""
NOT_A_MEMBER = 4403
"""With this code a socket is closed whose visitor may not be in the group (any more)."""
SIGNED_OUT = 4401
"""With this code a socket is closed whose session is over; the page begins anew."""

_PAGE_FOLDER = Path(__file__).parent / "page"
_PAGE_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}
_MEDIA_HEADERS = {"Content-Security-Policy": "default-src 'none'; sandbox", "Vary": "Cookie"}
_KEPT_FOR_EVER = "private, max-age=31536000, immutable"

Receive = Callable[[str, Envelope, bytes], Awaitable[None]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Talk:
    """What a visitor has open: their own conversation with the bot, or a group that they are a member of."""

    visitor: Visitor
    group: str = ""

    @property
    def chat(self) -> str:
        """The id of its chat."""
        return self.group or self.visitor.chat


class WebChat:
    """Everything the pages ask for.

    Chat and person come from the session, never from the request; a request may name a group, and is told
    that there is none unless the person is a member at that moment. Without `groups` there are none.
    """

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
        show_photos: Callable[[str, Sequence[str]], Awaitable[None]] | None,
        file_name: Callable[[str], Awaitable[str]] | None,
        groups: Groups | None,
        is_ended: Callable[[str], Awaitable[bool]] | None = None,
        secret: Callable[[], str] = str,
    ) -> None:
        self._channel = channel
        self._secret = secret
        self._is_ended = is_ended
        self._receive = receive
        self._media_dir = media_dir
        self._demo = demo
        self._seats = {seat.name: seat for seat in demo.seats} if demo else {}
        self._may_see = may_see
        self._commands = commands
        self._add_photo = add_photo
        self._show_photos = show_photos
        self._file_name = file_name
        self._groups = groups
        self._sockets: set[web.WebSocketResponse] = set()
        self._open: Counter[str] = Counter()
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
            ("GET", "/chat/groups", self.group_list),
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
        token = session.known_token(request)
        if token is None or await self._has_ended(Visitor(token, seat.name if seat else "")):
            token = session.new_token()
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
        """List the commands that the person in this chat may use; in a group only those that concern it."""
        talk = await self._talk(request)
        listed = await self._commands(talk.visitor.chat)
        if talk.group and self._groups:
            listed = [command for command in listed if command[0] in self._groups.commands]
        return web.json_response(list(listed))

    async def group_list(self, request: web.Request) -> web.Response:
        """List the groups of the person in this chat, whichever group the page was opened for."""
        visitor = await self._present(request)
        return web.json_response(_shown_groups(await self._listed(visitor)))

    async def _listed(self, visitor: Visitor) -> Sequence[ListedGroup]:
        return await self._groups.listed(visitor.chat) if self._groups else ()

    async def socket(self, request: web.Request) -> web.StreamResponse:
        """Send the history after the page's last message, then news as it comes, and the person's groups."""
        _from_own_page(request)
        talk = await self._talk(request)
        after = request.query.get("after", "0")
        if not after.isascii() or not after.isdigit() or len(after) > 18:
            raise Refused(400, "malformed")
        if self._open[talk.visitor.chat] >= SOCKETS_PER_VISITOR:
            raise Refused(429, "too_many_pages", retry_after=30)
        socket = web.WebSocketResponse(heartbeat=BEAT_SECONDS, max_msg_size=1024)
        if not socket.can_prepare(request).ok:
            raise Refused(426, "no_websocket")
        await socket.prepare(request)
        await self._serve_socket(socket, talk, int(after))
        return socket

    async def _serve_socket(self, socket: web.WebSocketResponse, talk: Talk, after: int) -> None:
        self._sockets.add(socket)
        self._open[talk.visitor.chat] += 1
        pushing = [
            asyncio.create_task(self._push(socket, talk, after)),
            asyncio.create_task(self._push_groups(socket, talk.visitor)),
            asyncio.create_task(self._beat(socket, talk.visitor)),
        ]
        try:
            async for _ in socket:  # the page says nothing; this ends when it is gone
                pass
        finally:
            self._sockets.discard(socket)
            self._open -= Counter({talk.visitor.chat: 1})
            for task in pushing:
                task.cancel()
            await asyncio.gather(*pushing, return_exceptions=True)

    async def _push(self, socket: web.WebSocketResponse, talk: Talk, after: int) -> None:
        async def allowed() -> bool:
            if await self._has_ended(talk.visitor):
                return False
            return not talk.group or await self._admits(talk.visitor, talk.group)

        try:
            await self._come_in(talk)
            async with aclosing(self._channel.follow(talk.chat, after, allowed=allowed)) as batches:
                async for batch in batches:
                    shown = [entry.as_dict(talk.visitor.chat) for entry in batch]
                    await socket.send_json({"entries": shown})
            await self._turn_out(socket, talk.visitor)
        except ConnectionError:
            return
        except Exception as error:
            log.error("A chat's history could not be read.", action="history_failed", error=error)
            await socket.close(code=1013, message=b"try again")

    async def _turn_out(self, socket: web.WebSocketResponse, visitor: Visitor) -> None:
        if await self._has_ended(visitor):
            await socket.close(code=SIGNED_OUT, message=b"signed out")
        else:
            await socket.close(code=NOT_A_MEMBER, message=b"not a member")

    async def _beat(self, socket: web.WebSocketResponse, visitor: Visitor) -> None:
        """Say now and then that the socket is alive, and end it with its session."""
        while not await self._has_ended(visitor):
            await asyncio.sleep(BEAT_SECONDS)
            await socket.send_json({})
        await self._turn_out(socket, visitor)

    async def _come_in(self, talk: Talk) -> None:
        """Note that a member has opened a group for the first time."""
        if talk.group and self._groups and await self._groups.comes_in(talk.visitor.chat, talk.group):
            await self._store(talk, {"update_id": f"{CAME_IN}{secrets.token_hex(8)}", "member_joined": True})

    async def _push_groups(self, socket: web.WebSocketResponse, visitor: Visitor) -> None:
        """Send the list of the person's groups, and again whenever it is another."""
        news = asyncio.Event()
        heard: set[str] = set()
        sent: list[ListedGroup] = []
        try:
            while self._groups:
                news.clear()
                listed = list(await self._listed(visitor))
                chats = {visitor.chat, *(group.chat for group in listed if group.chat)}
                self._channel.unlisten(heard - chats, news)
                self._channel.listen(chats - heard, news)
                heard = chats
                if listed != sent:
                    await socket.send_json({"groups": _shown_groups(listed)})
                    sent = listed
                await _news_or_beat(news)
        except ConnectionError:
            return
        except Exception as error:
            log.error("The list of groups could not be read.", action="groups_failed", error=error)
            await socket.close(code=1013, message=b"try again")
        finally:
            self._channel.unlisten(heard, news)

    async def message(self, request: web.Request) -> web.Response:
        """Store one message; the same id again changes nothing."""
        talk = await self._sender(request, self._messages_pace)
        async with _within(BODY_SECONDS):
            body = await request.read()
        try:
            told = json.loads(body)
            update = checked_update(told, talk.visitor, secret=self._secret())
        except (ValueError, TypeError, RecursionError) as error:
            raise Refused(400, "malformed") from error
        await self._store(talk, update)
        return web.json_response({"stored": True})

    async def photos(self, request: web.Request) -> web.Response:
        """Store uploaded photos; return their marked keys for the message that will name them.

        What cannot be kept is reported to the bot, which answers in the chat; in a group the page says it.
        """
        talk = await self._sender(request, self._uploads_pace)
        update_id = request.query.get("id", "")
        if not UPDATE_ID.fullmatch(update_id) or request.content_type != "multipart/form-data":
            raise Refused(400, "malformed")
        kept: list[str] = []
        refused = ""
        async with _within(UPLOAD_SECONDS):
            async for data in uploaded(request):
                try:
                    kept.append(talk.visitor.mark(await self._keep_photo(data), secret=self._secret()))
                except TooLarge:
                    refused = "large_photo"
                except NotAPicture:
                    refused = refused or "file"
        if refused and not talk.group:
            await self._store(talk, {"update_id": f"{update_id}-x"[-64:], "unsupported": refused})
        return web.json_response({"photos": kept, "refused": refused})

    async def _keep_photo(self, data: bytes) -> str:
        try:
            async with self._decoding:
                photo = await keep_photo(data, self._media_dir)
            if self._add_photo:
                await self._add_photo(photo)
        except (TooLarge, NotAPicture):
            raise
        except Exception as error:
            log.error("A photo could not be stored.", action="photo_failed", error=error)
            raise Refused(503, "unavailable", retry_after=2) from error
        return photo.media_key

    async def media(self, request: web.Request) -> web.StreamResponse:
        """Return a picture or file to whoever was sent it, or to a group's member; to others it is not there.

        A browser may keep what its own chat showed. What a group showed it must ask for each time, so that it
        is gone with the membership. Nothing in between may keep either.
        """
        talk, key = await self._talk(request), request.match_info["key"]
        path, mime = self._kept(key)
        if not await self._may_see(talk.chat, key):
            raise Refused(404, "unknown")
        headers = {
            **_MEDIA_HEADERS,
            "Content-Type": mime,
            "Content-Disposition": await self._disposition(key, mime),
            "Cache-Control": "private, no-cache" if talk.group else _KEPT_FOR_EVER,
        }
        return web.FileResponse(path, headers=headers)

    def _kept(self, key: str) -> tuple[Path, str]:
        try:
            return photo_path(key, self._media_dir), photo_mime(key)
        except UnknownPhoto:
            pass
        try:
            return file_path(key, self._media_dir), file_mime(key)
        except UnknownFile as error:
            raise Refused(404, "unknown") from error

    async def _disposition(self, key: str, mime: str) -> str:
        """Let pictures be shown, which are ours, and anything else be saved under its name or played."""
        if mime.startswith("image/"):
            return "inline"
        name = (await self._file_name(key) if self._file_name else "") or key
        plain = re.sub(r"[^A-Za-z0-9._ -]", "_", strip_accents(name))
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"

    async def _sender(self, request: web.Request, pace: Pace) -> Talk:
        _from_own_page(request)
        talk = await self._talk(request)
        if seconds := pace.wait(talk.visitor.chat):
            raise Refused(429, "too_fast", retry_after=seconds)
        return talk

    async def _store(self, talk: Talk, update: Mapping[str, Any]) -> None:
        user = talk.visitor.chat
        body = write_update(chat=talk.chat, user=user, sent_at=datetime.now(UTC), **update)
        try:
            if self._show_photos and (photos := update.get("photos")):
                await self._show_photos(talk.chat, photos)
            await self._receive(self._channel.name, self._channel.envelope(body, {}), body)
        except Exception as error:
            raise Refused(503, "unavailable", retry_after=2) from error
        if talk.group:
            await self._channel.announce(talk.group)  # others look on, perhaps through another process
        else:
            self._channel.wake(talk.chat)

    async def _talk(self, request: web.Request) -> Talk:
        visitor, group = await self._present(request), request.query.get("group", "")
        if group and not await self._admits(visitor, group):
            raise Refused(404, "unknown_group")
        return Talk(visitor, group)

    async def _present(self, request: web.Request) -> Visitor:
        visitor = self._visitor(request)
        if await self._has_ended(visitor):
            raise Refused(401, "no_session")
        return visitor

    async def _has_ended(self, visitor: Visitor) -> bool:
        return self._is_ended is not None and await self._is_ended(visitor.chat)

    async def _admits(self, visitor: Visitor, group: str) -> bool:
        if self._groups is None or not GROUP.fullmatch(group):
            return False
        return await self._groups.admits(visitor.chat, group)

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
            log.error("A page's request failed.", action="page_failed", path=request.path, error=error)
            response = Refused(503, "unavailable", retry_after=2).response()
        if not response.prepared:
            for name, value in session.SECURITY_HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return answer


@asynccontextmanager
async def _within(seconds: float) -> AsyncIterator[None]:
    """Refuse what somebody sends in drops; the page sends it again later."""
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError:
        raise Refused(408, "too_slow", retry_after=1) from None


def _from_own_page(request: web.Request) -> None:
    if not session.from_own_page(request):
        raise Refused(403, "foreign_page")


def _shown_groups(listed: Sequence[ListedGroup]) -> list[dict[str, Any]]:
    return [group.as_dict() for group in listed]


async def _news_or_beat(news: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(BEAT_SECONDS):
            await news.wait()
    except TimeoutError:
        pass


async def _to_chat(request: web.Request) -> web.Response:
    return web.Response(status=302, headers={"Location": "/chat"})
