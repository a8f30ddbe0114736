"""A Zalo Bot Platform server: the wire format over HTTP, strict, and what goes wrong on it when told to.

Errors come with HTTP 200 and `"ok": false`, as the vendor's do. Whatever the vendor would not take is
refused and noted in `violations`; leaving the context with any raises AssertionError.
"""

import asyncio
import itertools
import json
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Self

import aiohttp
from aiohttp import web

BOT_NAME = "Bot Phản Ánh"
TEXT_LIMIT = 2000
_METHODS: dict[str, tuple[set[str], set[str]]] = {
    "getMe": (set(), set()),
    "getUpdates": (set(), {"timeout"}),
    "setWebhook": ({"url", "secret_token"}, set()),
    "getWebhookInfo": (set(), set()),
    "deleteWebhook": (set(), set()),
    "sendMessage": ({"chat_id", "text"}, {"parse_mode", "text_styles", "reply_to_message_id"}),
    "sendPhoto": ({"chat_id", "photo"}, {"caption"}),
    "sendChatAction": ({"chat_id", "action"}, set()),
}
"""Fields that each method needs, and those that it may have besides. Names are case-sensitive."""
_CHOICE = re.compile(r"^(?:(\d{1,2})\.|•) (.+)$", re.MULTILINE)
_LINK = re.compile(r"^(.+): (https?://\S+)$", re.MULTILINE)


class Refused(Exception):
    """The vendor answers with an error."""

    def __init__(self, code: int, description: str) -> None:
        super().__init__(description)
        self.code = code
        self.description = description


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A message from the bot as the person sees it."""

    chat: str
    message_id: str
    text: str = ""
    photos: list[bytes] = field(default_factory=list)
    reply_to: str = ""

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be typed for each label of the list that ends the text: its number, or the label."""
        listed = self.text.rpartition("\n\n")[2]
        return [(number or label, label) for number, label in _CHOICE.findall(listed)]

    @property
    def links(self) -> list[tuple[str, str]]:
        """Label and address of each line that names a page."""
        return _LINK.findall(self.text)


Kind = Literal["refused", "drop", "hang", "garbage"]


@dataclass(kw_only=True, slots=True)
class _Plan:
    kind: Kind
    code: int = 0
    description: str = ""
    method: str | None
    chat: str | None
    times: int

    def fits(self, method: str, chat: str | None) -> bool:
        return self.times > 0 and self.method in (None, method) and self.chat in (None, chat)


class BotServer:
    """The vendor's server: calls in, updates out."""

    def __init__(self, *, token: str = "42:stand-in", port: int = 0, can_join_groups: bool = True) -> None:
        self.token = token
        self.webhook = ""
        """Where updates are posted; set by `setWebhook`, or by hand."""
        self.secret = ""
        self.wrapped = True
        """Whether updates come inside {"ok", "result"}."""
        self.photo_field: Literal["photo", "photo_url"] = "photo_url"
        self.seconds_in_dates = False
        """Whether times are told in seconds, else in milliseconds."""
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        self.latency = 0.0
        """Seconds before each answer."""
        self.people: int | None = None
        """How many people the plan allows; None for any number."""
        self.messages: int | None = None
        """How many messages are left in the plan; None for any number."""
        self.counts: Counter[str] = Counter()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.violations: list[str] = []
        self.webhook_statuses: list[int] = []
        """What the bot's webhook answered, in order; 0 for no answer. Nothing is sent twice."""
        self.groups: set[str] = set()
        self._can_join_groups = can_join_groups
        self._port = port
        self._known: set[str] = set()
        self._written_to: set[str] = set()
        self._gone: set[str] = set()
        self._shown: dict[str, list[Shown]] = {}
        self._files: dict[str, tuple[bytes, str]] = {}
        self._pending: list[dict[str, Any]] = []
        self._plans: list[_Plan] = []
        self._ids = itertools.count(0x2D758CB5E222)
        self._news = asyncio.Condition()
        self._closing = asyncio.Event()
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the bot calls (its `api_url`)."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.add_routes(self.routes())
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._closing.set()
        await self._tell()
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        await self._runner.cleanup()
        if kind is None and self.violations:
            raise AssertionError("what the vendor would not take:\n" + "\n".join(self.violations))

    # ---- what goes wrong

    def fails(
        self,
        code: int,
        description: str = "Bad Request",
        *,
        method: str | None = None,
        chat: str | None = None,
        times: int = 1,
    ) -> None:
        """Answer the next fitting calls with an error code, in HTTP 200."""
        self._plan("refused", method, chat, times, code=code, description=description)

    def drops(self, *, method: str | None = None, chat: str | None = None, times: int = 1) -> None:
        """Close the connection of the next fitting calls without an answer."""
        self._plan("drop", method, chat, times)

    def hangs(self, *, method: str | None = None, chat: str | None = None, times: int = 1) -> None:
        """Never answer the next fitting calls."""
        self._plan("hang", method, chat, times)

    def babbles(self, *, method: str | None = None, chat: str | None = None, times: int = 1) -> None:
        """Answer the next fitting calls with a page instead of JSON."""
        self._plan("garbage", method, chat, times)

    def user_goes(self, chat: str) -> None:
        """Let a chat be gone: nothing can be sent there any more. The vendor tells the bot nothing."""
        self._gone.add(chat)

    def _plan(self, kind: Kind, method: str | None, chat: str | None, times: int, **more: Any) -> None:
        self._plans.append(_Plan(kind=kind, method=method, chat=chat, times=times, **more))

    def pending(self) -> int:
        """Return how many updates no one has asked for yet."""
        return len(self._pending)

    # ---- updates

    def stores(self, content: bytes, ending: str = "jpg") -> str:
        """Keep a file of a person; return where the bot finds it."""
        name = f"{next(self._ids):x}.{ending}"
        self._files[name] = (content, {"jpg": "image/jpeg", "aac": "audio/aac"}[ending])
        return f"{self.url}/files/{name}"

    def forgets_files(self) -> None:
        """Let the addresses of all files lead nowhere."""
        self._files.clear()

    def _message(self, user: str, *, group: str = "", name: str = "") -> dict[str, Any]:
        self._known |= {user, group} - {""}
        if group:
            self.groups.add(group)
        stamp = self.now().timestamp()
        return {
            "from": {"id": user, "display_name": name or f"Người {user}", "is_bot": False},
            "chat": {"id": group or user, "chat_type": "GROUP" if group else "PRIVATE"},
            "message_id": f"{next(self._ids):x}",
            "date": int(stamp) if self.seconds_in_dates else int(stamp * 1000),
        }

    async def delivers(self, event: str, message: dict[str, Any]) -> None:
        """Hand an update to the webhook, or keep it until it is asked for; also one that came before."""
        update: dict[str, Any] = {"event_name": event, "message": message}
        body = {"ok": True, "result": update} if self.wrapped else update
        if self.webhook:
            await self._push(body)
        else:
            self._pending.append(update)
            await self._tell()

    async def _push(self, body: dict[str, Any]) -> None:
        assert self._client is not None
        headers = {"X-Bot-Api-Secret-Token": self.secret, "Content-Type": "application/json"}
        content = json.dumps(body, ensure_ascii=False).encode()
        try:
            async with self._client.post(self.webhook, data=content, headers=headers) as answer:
                self.webhook_statuses.append(answer.status)
        except aiohttp.ClientError:
            self.webhook_statuses.append(0)

    # ---- HTTP

    def routes(self) -> list[web.RouteDef]:
        """Return where it listens."""
        return [
            web.post("/bot{token}/{method}", self._answer),
            web.get("/files/{name}", self._download),
            web.get("/stand-in/counts", self._tell_counts),
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            result = await self._perform(request)
        except Refused as refused:
            return web.json_response(
                {"ok": False, "error_code": refused.code, "description": refused.description}
            )
        except _Stopped as stopped:
            return await self._stop(request, stopped.kind)
        return web.json_response({"ok": True, "result": result})

    async def _stop(self, request: web.Request, kind: Kind) -> web.StreamResponse:
        if kind == "hang":
            await self._closing.wait()
        elif kind == "garbage":
            return web.Response(text="<html>502</html>", content_type="text/html")
        elif request.transport is not None:
            request.transport.close()
        return web.Response(status=504)

    async def _perform(self, request: web.Request) -> Any:
        if request.match_info["token"] != self.token:
            raise Refused(401, "Unauthorized")
        method = request.match_info["method"]
        fields = await self._fields(request, method)
        self.counts[method] += 1
        self.calls.append((method, fields))
        await asyncio.sleep(self.latency)
        try:
            self._go_wrong(method, fields.get("chat_id"))
            return await getattr(self, f"_do_{method}")(fields, request)
        finally:
            await self._tell()

    async def _fields(self, request: web.Request, method: str) -> dict[str, Any]:
        if method not in _METHODS:
            raise self._violated(404, f"no method {method}")
        if request.content_type != "application/json":
            raise self._violated(400, f"{method}: content type {request.content_type}")
        fields = await request.json()
        needed, possible = _METHODS[method]
        if unknown := fields.keys() - needed - possible:
            raise self._violated(400, f"{method}: unknown fields {sorted(unknown)}")
        if missing := needed - fields.keys():
            raise self._violated(400, f"{method}: missing fields {sorted(missing)}")
        if wrong := [name for name, value in fields.items() if not isinstance(value, str)]:
            raise self._violated(400, f"{method}: {wrong} must be strings")
        assert isinstance(fields, dict)
        return fields

    def _violated(self, code: int, what: str) -> Refused:
        self.violations.append(what)
        return Refused(code, what)

    def _go_wrong(self, method: str, chat: str | None) -> None:
        for plan in self._plans:
            if plan.fits(method, chat):
                plan.times -= 1
                if plan.kind == "refused":
                    raise Refused(plan.code, plan.description)
                raise _Stopped(plan.kind)

    async def _download(self, request: web.Request) -> web.Response:
        stored = self._files.get(request.match_info["name"])
        if stored is None:
            return web.Response(status=404)
        return web.Response(body=stored[0], content_type=stored[1])

    async def _tell_counts(self, request: web.Request) -> web.Response:
        return web.json_response(self.counts)

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()

    # ---- methods

    async def _do_getMe(self, fields: dict[str, Any], request: web.Request) -> Any:
        return {
            "id": "1459232241454765289",
            "account_name": "bot.thu",
            "display_name": BOT_NAME,
            "account_type": "BASIC",
            "can_join_groups": self._can_join_groups,
        }

    async def _do_setWebhook(self, fields: dict[str, Any], request: web.Request) -> Any:
        address = fields["url"]
        if not address.startswith(("https://", "http://127.0.0.1:")):
            raise self._violated(400, f"setWebhook: not a public address: {address}")
        if not 8 <= len(fields["secret_token"]) <= 256:
            raise self._violated(400, "setWebhook: secret_token must have 8 to 256 characters")
        self.webhook, self.secret = address, fields["secret_token"]
        return {"url": address, "updated_at": self._stamp()}

    async def _do_getWebhookInfo(self, fields: dict[str, Any], request: web.Request) -> Any:
        return {"url": self.webhook, "updated_at": self._stamp()}

    async def _do_deleteWebhook(self, fields: dict[str, Any], request: web.Request) -> Any:
        self.webhook = self.secret = ""
        return {"url": "", "updated_at": self._stamp()}

    async def _do_getUpdates(self, fields: dict[str, Any], request: web.Request) -> Any:
        """Return one update, which is then forgotten: there is no offset and no confirmation."""
        if self.webhook:
            raise Refused(400, "a webhook is set; delete it before asking for updates")
        try:
            async with asyncio.timeout(float(fields.get("timeout", "30"))), self._news:
                await self._news.wait_for(lambda: bool(self._pending) or self._closing.is_set())
        except TimeoutError:
            pass
        if not self._pending or request.transport is None or request.transport.is_closing():
            raise Refused(408, "Request timeout")
        return self._pending.pop(0)

    async def _do_sendMessage(self, fields: dict[str, Any], request: web.Request) -> Any:
        return self._show(fields, self._text(fields["text"], least=1), [])

    async def _do_sendPhoto(self, fields: dict[str, Any], request: web.Request) -> Any:
        caption = self._text(fields.get("caption", ""), least=0)
        return self._show(fields, caption, [await self._picture(fields["photo"])])

    async def _do_sendChatAction(self, fields: dict[str, Any], request: web.Request) -> Any:
        self._check_chat(fields["chat_id"])
        return True

    def _text(self, text: str, *, least: int) -> str:
        if not least <= len(text) <= TEXT_LIMIT:
            raise self._violated(400, f"a text of {len(text)} characters")
        return text

    async def _picture(self, address: str) -> bytes:
        """Fetch a picture as the vendor does: from anywhere, without any right."""
        if not address.startswith(("https://", "http://127.0.0.1:")):
            raise self._violated(400, f"sendPhoto: not a public address: {address}")
        assert self._client is not None
        async with self._client.get(address) as answer:
            content = await answer.read()
            if answer.status != 200 or answer.content_type not in {"image/jpeg", "image/png"}:
                raise Refused(400, f"the photo cannot be fetched ({answer.status} {answer.content_type})")
        return content

    def _show(self, fields: dict[str, Any], text: str, photos: list[bytes]) -> Any:
        chat = fields["chat_id"]
        self._check_chat(chat)
        self._count(chat)
        shown = Shown(
            chat=chat,
            message_id=f"{next(self._ids):x}",
            text=text,
            photos=photos,
            reply_to=fields.get("reply_to_message_id", ""),
        )
        self._shown.setdefault(chat, []).append(shown)
        return {"message_id": shown.message_id, "date": self._stamp()}

    def _check_chat(self, chat: str) -> None:
        if chat not in self._known or chat in self._gone:
            raise Refused(404, "chat not found")

    def _count(self, chat: str) -> None:
        """Count a message against the plan; what is over it gets 429."""
        if self.messages is not None:
            if self.messages <= 0:
                raise Refused(429, "Quota exceeded")
            self.messages -= 1
        if self.people is not None and chat not in self._written_to | self.groups:
            if len(self._written_to) >= self.people:
                raise Refused(429, "Quota exceeded")
            self._written_to.add(chat)

    def _stamp(self) -> int:
        return int(self.now().timestamp() * 1000)


class _Stopped(Exception):
    def __init__(self, kind: Kind) -> None:
        super().__init__(kind)
        self.kind: Kind = kind
