"""A Bot API server: the real wire format over HTTP, strict, and what goes wrong on it when told to."""

import asyncio
import itertools
import json
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl

import aiohttp
from aiohttp import web

from tests.standins import telegram_rules as rules
from tests.standins.telegram_rules import Breach, Refused, bad_request

# ---- what can go wrong


class Hang(Exception):
    """The vendor takes the call and never answers."""


class Drop(Exception):
    """The vendor closes the connection without an answer."""


class Garbage(Exception):
    """Something between answers 200 with a page instead of JSON."""


Failure = Refused | Hang | Drop | Garbage


def too_many_requests(seconds: int) -> Refused:
    """Return the answer to a bot that writes too fast."""
    return Refused(429, f"Too Many Requests: retry after {seconds}", {"retry_after": seconds})


def blocked() -> Refused:
    """Return the answer when the person has blocked the bot."""
    return Refused(403, "Forbidden: bot was blocked by the user")


def moved(new_chat: int) -> Refused:
    """Return the answer for a group that became a supergroup."""
    return Refused(
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        {"migrate_to_chat_id": new_chat},
    )


def fault(status: int = 500) -> Refused:
    """Return the answer of a vendor in trouble."""
    return Refused(status, "Bad Gateway" if status == 502 else "Internal Server Error")


# ---- what tests look at


@dataclass(kw_only=True, slots=True)
class Shown:
    """A message from the bot as the person sees it now."""

    chat: int
    message_id: int
    text: str = ""
    photos: list[bytes] = field(default_factory=list)
    album: str = ""
    file: bytes = b""
    file_name: str = ""
    voice: bool = False
    topic: int | None = None
    reply_to: int | None = None
    markup: dict[str, Any] = field(default_factory=dict)
    previews: bool = False
    """Whether pages that the text names are previewed under it."""

    @property
    def buttons(self) -> list[tuple[str, str]]:
        """Label and data of each inline button."""
        rows = self.markup.get("inline_keyboard", [])
        found = [button for row in rows for button in row if "url" not in button]
        return [(button["text"], button.get("callback_data", "")) for button in found]

    @property
    def links(self) -> list[tuple[str, str]]:
        """Label and address of each button that opens a page."""
        rows = self.markup.get("inline_keyboard", [])
        return [(button["text"], button["url"]) for row in rows for button in row if "url" in button]

    @property
    def keyboard(self) -> list[dict[str, Any]]:
        """The buttons in place of the person's keyboard."""
        return [button for row in self.markup.get("keyboard", []) for button in row]


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call of a method, with its fields as they were understood."""

    method: str
    fields: dict[str, Any]
    at: float = field(default_factory=time.monotonic)


class Upload(bytes):
    """A file of a call; `name` is what the bot calls it."""

    name: str


@dataclass(kw_only=True, slots=True)
class _Plan:
    """An answer that waits for its call."""

    failure: Failure
    method: str | None
    chat: int | None
    times: int

    def fits(self, method: str, chat: int | None) -> bool:
        return self.times > 0 and self.method in (None, method) and self.chat in (None, chat)


# ---- the server


class BotApiServer:
    """The vendor's server: calls in, updates out."""

    def __init__(
        self,
        *,
        token: str = "42:stand-in",
        port: int = 0,
        strangers: bool = False,
        remember: bool = True,
        latency: float = 0.0,
        patience: float = 10.0,
    ) -> None:
        """`strangers`: the bot may write to chats that never wrote to it (for load generators that post
        updates themselves). `remember=False` keeps counts only. `latency`: seconds before each answer.
        `patience`: seconds for which a webhook that does not answer 2xx is tried again.
        """
        self.token = token
        self.calls: list[Call] = []
        self.counts: Counter[str] = Counter()
        self.webhook_statuses: list[int] = []
        """What the bot's webhook answered, in order; 0 for no answer."""
        self.violations: list[str] = []
        """Calls that no careful bot makes; leaving the context with any fails."""
        self.menus: dict[str, list[dict[str, str]]] = {}
        """The menus of commands by their scope: "default", "all_group_chats", "chat:1001"."""
        self.reads_all = False
        """Whether privacy mode is off, as BotFather is told."""
        self._port, self._strangers, self._remember = port, strangers, remember
        self._latency, self._patience = latency, patience
        self._bot: dict[str, Any] = {
            "id": int(token.split(":")[0]),
            "is_bot": True,
            "first_name": "Bot",
            "username": "thu_bot",
        }
        self._shown: dict[int, list[Shown]] = {}
        self._groups: dict[int, dict[str, Any]] = {}
        self._known: set[int] = set()
        self._message_ids: dict[int, set[int]] = {}
        self._blocked: set[int] = set()
        self._moved: dict[int, int] = {}
        self._plans: list[_Plan] = []
        self._files: dict[str, tuple[bytes, int]] = {}
        self._contents_lost = False
        self._queries: set[str] = set()
        self._pending: list[tuple[int, Any]] = []
        self._allowed = rules.UPDATE_KINDS - rules.NOT_BY_DEFAULT
        self._webhook: dict[str, Any] = {}
        self._webhook_fault: tuple[int, str] | None = None
        self._pollers = 0
        self._update_ids = itertools.count(700_000_001)
        self._ids = itertools.count(1)
        self._news = asyncio.Condition()
        self._closing = asyncio.Event()
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the bot calls (its `api_url`)."""
        return f"http://127.0.0.1:{self._port}"

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(self, *error: object) -> None:
        self._closing.set()
        async with self._news:
            self._news.notify_all()
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        await self._runner.cleanup()
        assert error[0] is not None or not self.violations, self.violations

    @property
    def commands(self) -> list[dict[str, str]]:
        """The menu of commands that everybody is shown who has no other."""
        return self.menus.get("default", [])

    def fail_next(
        self, failure: Failure, *, method: str | None = None, chat: int | None = None, times: int = 1
    ) -> None:
        """Answer the next fitting calls with a failure."""
        self._plans.append(_Plan(failure=failure, method=method, chat=chat, times=times))

    def pending(self) -> int:
        """Return how many updates have not been confirmed."""
        return len(self._pending)

    def lose_contents(self) -> None:
        """Forget the contents of all files, whose ids stay valid (a link that has expired)."""
        self._contents_lost = True

    # ---- HTTP

    def routes(self) -> list[web.RouteDef]:
        """Return where it listens."""
        return [
            web.route("*", "/bot{token}/{method}", self._answer),
            web.get("/file/bot{token}/{path:.+}", self._download),
            web.get("/stand-in/counts", self._tell_counts),
        ]

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            if request.match_info["token"] != self.token:
                raise Refused(401, "Unauthorized")
            method = rules.method_named(request.match_info["method"])
            given, files = await _read_call(request)
            result = await self._perform(method, given, files)
        except Refused as refused:
            if isinstance(refused, Breach):
                self.violations.append(f"{request.match_info['method']}: {refused.description}")
            return web.json_response(refused.body(), status=refused.status)
        except Garbage:
            return web.Response(text="<html>502</html>", content_type="text/html")
        except Drop:
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        except Hang:
            await self._closing.wait()
            return web.Response(status=504)
        return web.json_response({"ok": True, "result": result})

    async def _perform(self, method: str, given: Mapping[str, Any], files: Mapping[str, bytes]) -> Any:
        fields = rules.read_fields(method, given)
        self.counts[method] += 1
        if self._remember:
            self.calls.append(Call(method=method, fields=fields))
        if self._latency:
            await asyncio.sleep(self._latency)
        try:
            self._fail_as_planned(method, fields.get("chat_id"))
            return await getattr(self, f"_do_{method}")(fields, files)
        finally:
            async with self._news:
                self._news.notify_all()

    def _fail_as_planned(self, method: str, chat: int | None) -> None:
        for plan in self._plans:
            if plan.fits(method, chat):
                plan.times -= 1
                raise plan.failure

    async def _download(self, request: web.Request) -> web.Response:
        stored = self._files.get(request.match_info["path"].partition("/")[2])
        if request.match_info["token"] != self.token or stored is None or self._contents_lost:
            return web.json_response(Refused(404, "Not Found").body(), status=404)
        return web.Response(body=stored[0])

    async def _tell_counts(self, request: web.Request) -> web.Response:
        return web.json_response(self.counts)

    # ---- methods

    async def _do_getMe(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        return {**self._bot, "can_join_groups": True, "can_read_all_group_messages": self.reads_all}

    async def _do_setMyCommands(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        rules.check_commands(fields["commands"])
        self.menus[self._scope(fields)] = fields["commands"]
        return True

    async def _do_deleteMyCommands(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self.menus.pop(self._scope(fields), None)
        return True

    def _scope(self, fields: Mapping[str, Any]) -> str:
        scope = rules.check_scope(fields.get("scope"))
        if scope.startswith("chat"):
            self._check_chat(int(scope.partition(":")[2]))
        return scope

    async def _do_setWebhook(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        rules.check_webhook(fields)
        self._ask_for(fields)
        self._webhook = fields
        waiting, self._pending = self._pending, []
        for _, update in waiting:
            await self._push(update)
        return True

    async def _do_deleteWebhook(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        if fields.get("drop_pending_updates"):
            self._pending.clear()
        self._webhook = {}
        return True

    async def _do_getWebhookInfo(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        return {
            "url": self._webhook.get("url", ""),
            "has_custom_certificate": False,
            "pending_update_count": len(self._pending),
            "max_connections": self._webhook.get("max_connections", 40),
            "allowed_updates": sorted(self._allowed),
            **self._last_fault(),
        }

    def _last_fault(self) -> dict[str, Any]:
        if self._webhook_fault is None:
            return {}
        return {"last_error_date": self._webhook_fault[0], "last_error_message": self._webhook_fault[1]}

    def moves_webhook(self, url: str) -> None:
        """Let another program set the webhook elsewhere (empty: take it away)."""
        self._webhook = {**self._webhook, "url": url} if url else {}

    def holds_back(self, count: int) -> None:
        """Let so many updates wait that the webhook has not taken."""
        self._pending = [(next(self._update_ids), None) for _ in range(count)]

    async def _do_getUpdates(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        if self._webhook:
            why = "can't use getUpdates method while webhook is active"
            raise Refused(409, f"Conflict: {why}; use deleteWebhook to delete the webhook first")
        self._ask_for(fields)
        self._forget_before(fields.get("offset", 0))
        self._pollers += 1
        me = self._pollers
        async with self._news:
            self._news.notify_all()
            try:
                async with asyncio.timeout(fields.get("timeout", 0)):
                    await self._news.wait_for(lambda: self._pending or self._disturbed(me))
            except TimeoutError:
                pass
        if self._pollers != me:
            why = "terminated by other getUpdates request; make sure that only one bot instance is running"
            raise Refused(409, f"Conflict: {why}")
        return [update for _, update in self._pending[: fields.get("limit", 100)]]

    def _disturbed(self, poller: int) -> bool:
        return self._pollers != poller or self._closing.is_set()

    def _ask_for(self, fields: Mapping[str, Any]) -> None:
        if "allowed_updates" in fields:
            self._allowed = rules.check_kinds(fields["allowed_updates"])

    def _forget_before(self, offset: int) -> None:
        if offset < 0:
            self._pending = self._pending[offset:]
        elif offset:
            self._pending = [(known, update) for known, update in self._pending if known >= offset]

    async def _do_sendMessage(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self._check_chat(fields["chat_id"])
        text = rules.check_text(fields["text"])
        previews = rules.check_previews(fields.get("link_preview_options"))
        return self._show(fields, text=text, previews=previews)

    async def _do_sendPhoto(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self._check_chat(fields["chat_id"])
        caption = rules.check_caption(fields.get("caption", ""))
        picture = self._picture(fields.get("photo", "attach://photo"), files)
        return self._show(fields, text=caption, photos=[picture])

    async def _do_sendDocument(self, fields: dict[str, Any], files: Mapping[str, Upload]) -> Any:
        return self._show_file(fields, rules.check_document(self._upload(fields, files, "document")))

    async def _do_sendVoice(self, fields: dict[str, Any], files: Mapping[str, Upload]) -> Any:
        return self._show_file(fields, rules.check_voice(self._upload(fields, files, "voice")), voice=True)

    def _show_file(self, fields: Mapping[str, Any], content: Any, *, voice: bool = False) -> Any:
        self._check_chat(fields["chat_id"])
        caption = rules.check_caption(fields.get("caption", ""))
        return self._show(fields, text=caption, file=content, file_name=content.name, voice=voice)

    @staticmethod
    def _upload(fields: Mapping[str, Any], files: Mapping[str, Upload], part: str) -> Upload:
        content = files.get(fields.get(part, f"attach://{part}").removeprefix("attach://"))
        if content is None:
            raise bad_request(f"there is no {part} in the request")
        return content

    async def _do_sendMediaGroup(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self._check_chat(fields["chat_id"])
        items = rules.check_album(fields["media"])
        pictures = [self._picture(item["media"], files) for item in items]
        captions = [rules.check_caption(item.get("caption", "")) for item in items]
        album = str(13_000_000_000_000_000 + next(self._ids))
        return [
            self._show(fields, text=caption, photos=[picture], album=album)
            for caption, picture in zip(captions, pictures, strict=True)
        ]

    async def _do_editMessageReplyMarkup(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        chat = fields["chat_id"]
        self._check_chat(chat)
        markup = rules.check_markup(fields.get("reply_markup", {"inline_keyboard": []}), private=chat > 0)
        shown = self._find(chat, fields["message_id"])
        if shown is None:
            raise bad_request("message to edit not found")
        old = shown.markup.get("inline_keyboard", [])
        if old == markup.get("inline_keyboard", []):
            raise bad_request(
                "message is not modified: specified new message content and reply markup are exactly "
                "the same as a current content and reply markup of the message"
            )
        shown.markup = markup if markup["inline_keyboard"] else {}
        return self._as_message(shown)

    async def _do_answerCallbackQuery(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        if fields["callback_query_id"] not in self._queries and not self._strangers:
            raise bad_request("query is too old and response timeout expired or query ID is invalid")
        if len(fields.get("text", "")) > 200:
            raise bad_request("MESSAGE_TOO_LONG")
        self._queries.discard(fields["callback_query_id"])
        return True

    async def _do_getFile(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        identity = fields["file_id"]
        if identity not in self._files:
            raise bad_request("wrong file_id or the file is temporarily unavailable")
        size = self._files[identity][1]
        if size > rules.DOWNLOAD_BYTES:
            raise bad_request("file is too big")
        path = f"photos/{identity}"
        return {"file_id": identity, "file_unique_id": f"u{identity}", "file_size": size, "file_path": path}

    # ---- the parts of a message

    def _check_chat(self, chat: int) -> None:
        if chat in self._moved:
            raise moved(self._moved[chat])
        if chat in self._blocked:
            raise blocked()
        if chat not in self._known and not self._strangers:
            raise bad_request("chat not found")

    def _check_topic(self, chat: int, topic: int | None) -> int | None:
        if topic is not None:
            raise bad_request("message thread not found")
        return None

    def _hears(self, message: Mapping[str, Any]) -> bool:
        return True

    def _show(
        self, fields: Mapping[str, Any], *, text: str, photos: Sequence[bytes] = (), **more: Any
    ) -> dict[str, Any]:
        chat = fields["chat_id"]
        markup = fields.get("reply_markup")
        shown = Shown(
            chat=chat,
            message_id=next(self._ids),
            text=text,
            photos=list(photos),
            topic=self._check_topic(chat, fields.get("message_thread_id")),
            **more,
            reply_to=self._reply_to(chat, fields.get("reply_parameters")),
            markup=rules.check_markup(markup, private=chat > 0) if markup else {},
        )
        if self._remember:
            self._shown.setdefault(chat, []).append(shown)
        return self._as_message(shown)

    def _reply_to(self, chat: int, parameters: Any) -> int | None:
        if parameters is None:
            return None
        identity, may_be_absent = rules.check_reply(parameters)
        if identity in self._message_ids.get(chat, set()) or self._find(chat, identity):
            return identity
        if may_be_absent:
            return None
        raise bad_request("message to be replied not found")

    def _picture(self, named: str, files: Mapping[str, bytes]) -> bytes:
        if named.startswith("attach://"):
            content = files.get(named.removeprefix("attach://"))
            if content is None:
                raise bad_request("there is no photo in the request")
            return rules.check_picture(content)
        if named not in self._files:
            raise bad_request("wrong file identifier/HTTP URL specified")
        return self._files[named][0]

    def _find(self, chat: int, identity: int) -> Shown | None:
        return next((shown for shown in self._shown.get(chat, []) if shown.message_id == identity), None)

    def _as_message(self, shown: Shown) -> dict[str, Any]:
        message: dict[str, Any] = {
            "message_id": shown.message_id,
            "from": self._bot,
            "chat": self._chat(shown.chat),
            "date": int(time.time()),
        }
        if shown.photos:
            message["photo"] = self._photo_sizes(shown.photos[0])
        if shown.text:
            message["caption" if shown.photos or shown.file else "text"] = shown.text
        if shown.file:
            message |= self._file_part(shown)
        if shown.topic is not None:
            message |= {"message_thread_id": shown.topic, "is_topic_message": True}
        if shown.album:
            message["media_group_id"] = shown.album
        if "inline_keyboard" in shown.markup:
            message["reply_markup"] = shown.markup
        return message

    def _file_part(self, shown: Shown) -> dict[str, Any]:
        stored = self._store(shown.file, len(shown.file))
        if shown.voice:
            return {"voice": {**stored, "duration": 1, "mime_type": "audio/ogg"}}
        return {"document": {**stored, "file_name": shown.file_name}}

    def _message(self, chat: int, user: int | None) -> dict[str, Any]:
        """Begin a message from a person; the chat is known to the bot from now on."""
        assert chat > 0 or user is not None, "say which user writes in the group"
        self._known.add(chat)
        identity = next(self._ids)
        self._message_ids.setdefault(chat, set()).add(identity)
        person = self._person(user or chat)
        return {
            "message_id": identity,
            "from": person,
            "chat": self._chat(chat),
            "date": int(time.time()),
        }

    @staticmethod
    def _person(user: int) -> dict[str, Any]:
        return {"id": user, "is_bot": False, "first_name": f"Công dân {user}", "language_code": "vi"}

    def _chat(self, chat: int) -> dict[str, Any]:
        if chat > 0:
            return {"id": chat, "first_name": f"Công dân {chat}", "type": "private"}
        return self._groups.setdefault(chat, {"id": chat, "type": "supergroup", "title": "Tổ công tác"})

    def _original(self, chat: int, replied: Shown | int) -> dict[str, Any]:
        if isinstance(replied, Shown):
            return self._as_message(replied)
        return {"message_id": replied, "chat": self._chat(chat), "date": int(time.time())}

    def _photo_sizes(self, content: bytes) -> list[dict[str, Any]]:
        """Store a photo and describe it in two sizes, the smaller first."""
        sizes = []
        for width in (90, 1280):
            sizes.append({**self._store(content, len(content)), "width": width, "height": width * 3 // 4})
        return sizes

    def _store(self, content: bytes, size: int) -> dict[str, Any]:
        identity = f"AgACAgUAAxkBAAI{next(self._ids)}"
        self._files[identity] = (content, size)
        return {"file_id": identity, "file_unique_id": f"u{identity}", "file_size": size}

    # ---- updates

    async def deliver(self, kind: str, content: Any) -> None:
        """Give the bot an update of a kind, if it has asked for that kind."""
        if kind in self._allowed and (kind != "message" or self._hears(content)):
            identity = next(self._update_ids)
            await self.deliver_raw({"update_id": identity, kind: content}, identity=identity)

    async def deliver_raw(self, update: Any, *, identity: int | None = None) -> None:
        """Give the bot any JSON as an update; AssertionError if its webhook does not take it in time."""
        if self._webhook:
            await self._push(update)
            return
        async with self._news:
            self._pending.append((identity or next(self._update_ids), update))
            self._news.notify_all()

    async def _push(self, update: Any) -> None:
        """Post an update until it is taken, as the vendor does."""
        deadline = time.monotonic() + self._patience
        while not 200 <= await self._post(update) <= 299:
            assert time.monotonic() < deadline, f"the webhook answers {self.webhook_statuses[-1]}"
            await asyncio.sleep(0.1)

    async def _post(self, update: Any) -> int:
        assert self._client is not None
        secret = self._webhook.get("secret_token")
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret else {}
        status = 0
        try:
            async with self._client.post(self._webhook["url"], json=update, headers=headers) as answer:
                status = answer.status
        except aiohttp.ClientError:
            pass
        if not 200 <= status <= 299:
            why = f"Wrong response from the webhook: {status}" if status else "Connection refused"
            self._webhook_fault = (int(time.time()), why)
        self.webhook_statuses.append(status)
        return status


def words(text: str, *, caption: bool) -> dict[str, Any]:
    """Return the fields of a text; a command in front and names are marked as the vendor marks them."""
    marks = [_mark("mention", text, found) for found in re.finditer(r"(?<!\S)@\w+", text)]
    if command := re.match(r"/\w+(@\w+)?", text):
        marks.insert(0, _mark("bot_command", text, command))
    fields: dict[str, Any] = {"caption" if caption else "text": text}
    return {**fields, "caption_entities" if caption else "entities": marks} if marks else fields


def _mark(kind: str, text: str, found: re.Match[str]) -> dict[str, Any]:
    before, marked = (part.encode("utf-16-le") for part in (text[: found.start()], found[0]))
    return {"type": kind, "offset": len(before) // 2, "length": len(marked) // 2}


_BODIES = ("application/x-www-form-urlencoded", "application/json", "multipart/form-data")


async def _read_call(request: web.Request) -> tuple[dict[str, Any], dict[str, Upload]]:
    """Read the fields of a call, wherever they stand, and its files."""
    given: dict[str, Any] = dict(request.query)
    kind = request.content_type
    if request.can_read_body and kind not in _BODIES:
        raise Breach(f"nobody reads a body of type {kind}")
    if kind == "application/x-www-form-urlencoded":
        given.update(parse_qsl((await request.read()).decode(), keep_blank_values=True))
    elif kind == "application/json":
        given.update(await _read_json(request))
    elif kind == "multipart/form-data":
        return await _read_multipart(request, given)
    return given, {}


async def _read_json(request: web.Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise bad_request("can't parse request body: expected a JSON object")
    return body


async def _read_multipart(
    request: web.Request, given: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Upload]]:
    files = {}
    for name, value in (await request.post()).items():
        if isinstance(value, web.FileField):
            files[name] = Upload(value.file.read())
            files[name].name = value.filename
            value.file.close()
        else:
            given[name] = value
    return given, files
