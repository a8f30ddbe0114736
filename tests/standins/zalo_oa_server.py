"""The servers of an Official Account: calls and tokens in, faults when told to."""

import asyncio
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from aiohttp import web

from tests.standins import zalo_oa_rules as rules
from tests.standins.zalo_oa_events import EventsServer
from tests.standins.zalo_oa_rules import Refused, Wrong, wrong

# ---- what can go wrong


class Fault(Exception):
    """Something that befalls a call; with `done` the vendor has done what was asked before."""

    def __init__(self, *, done: bool = False) -> None:
        super().__init__()
        self.done = done


class Hang(Fault):
    """The vendor takes the call and never answers."""


class Drop(Fault):
    """The vendor closes the connection without an answer."""


class Garbage(Fault):
    """Something between answers 200 with a page instead of JSON."""


class Status(Fault):
    """The vendor answers with an HTTP status of trouble."""

    def __init__(self, status: int = 500, *, done: bool = False) -> None:
        super().__init__(done=done)
        self.status = status


class Slow(Fault):
    """The vendor answers as it would, so many seconds later."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(kw_only=True, slots=True)
class _Plan:
    failure: Refused | Fault
    path: str
    chat: str
    times: int


# ---- what tests look at


class Pair(NamedTuple):
    """The tokens of one consent or renewal."""

    access: str
    refresh: str
    expires_in: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One call as it came: its path, what it held, and when (by the stand-in's clock)."""

    method: str
    path: str
    content: Mapping[str, Any]
    at: datetime


@dataclass(kw_only=True, slots=True)
class Files:
    """What a call holds besides its fields."""

    content: bytes
    name: str
    kind: str


class VendorServer(EventsServer):
    """Calls and tokens in, faults when told to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.calls: list[Call] = []
        self.refreshed = 0
        """How many times tokens were renewed."""
        self._plans: list[_Plan] = []
        self._codes: dict[str, tuple[str, str, datetime]] = {}
        self._access = ("", datetime.min.replace(tzinfo=UTC))
        self._refresh = ("", datetime.min.replace(tzinfo=UTC))
        self._old_access: set[str] = set()
        self._old_refresh: set[str] = set()
        self._minute = (0, 0)

    # ---- faults

    def fails(self, *, next: int | Refused | Fault, path: str = "", chat: str = "", times: int = 1) -> None:
        """Answer the next calls (whose path holds `path`, to this chat) with an error code or a fault."""
        failure = Refused(next) if isinstance(next, int) else next
        self._plans.append(_Plan(failure=failure, path=path, chat=chat, times=times))

    def drops(self, times: int = 1, *, path: str = "", done: bool = False) -> None:
        """Close the connection of the next calls."""
        self.fails(next=Drop(done=done), path=path, times=times)

    def hangs(self, times: int = 1, *, path: str = "", done: bool = False) -> None:
        """Never answer the next calls."""
        self.fails(next=Hang(done=done), path=path, times=times)

    def slow(self, seconds: float, times: int = 1, *, path: str = "") -> None:
        """Answer the next calls so many seconds later."""
        self.fails(next=Slow(seconds), path=path, times=times)

    def limits(self, times: int = 1, *, path: str = "") -> None:
        """Answer the next calls that there were too many this minute."""
        self.fails(next=-32, path=path, times=times)

    def _planned(self, path: str, chat: str) -> Refused | Fault | None:
        for plan in self._plans:
            if plan.times > 0 and plan.path in path and plan.chat in ("", chat):
                plan.times -= 1
                return plan.failure
        return None

    # ---- tokens

    def new_pair(self) -> Pair:
        """Return tokens as a consent gives them; the ones before are dead."""
        self._old_access.add(self._access[0])
        self._old_refresh.add(self._refresh[0])
        access, refresh = (f"{name}-{secrets.token_urlsafe(24)}" for name in ("access", "refresh"))
        self._access = (access, self.now + rules.ACCESS_LIFE)
        self._refresh = (refresh, self.now + rules.REFRESH_LIFE)
        return Pair(access, refresh, int(rules.ACCESS_LIFE.total_seconds()))

    def expires_tokens(self) -> None:
        """Let the access token die at once; it can be renewed."""
        self._access = (self._access[0], self.now - timedelta(seconds=1))

    def breaks_chain(self) -> None:
        """Let both tokens die: only a new consent helps."""
        self.expires_tokens()
        self._refresh = (self._refresh[0], self.now - timedelta(seconds=1))

    def consents(self, given: Mapping[str, str]) -> str:
        """Agree, as the account's administrator, on the page that was asked for; return where it leads."""
        asked = rules.fields("consent", dict(given), "app_id", "redirect_uri", "code_challenge", "state")
        if asked["app_id"] != self.app_id:
            raise wrong("app_id is of another app", -14001)
        if len(asked["code_challenge"]) != 43 or set("+/=") & set(asked["code_challenge"]):
            raise wrong("code_challenge must be the base64url of a SHA-256", -14002)
        code = secrets.token_urlsafe(24)
        self._codes[code] = (asked["code_challenge"], asked["redirect_uri"], self.now + rules.CODE_LIFE)
        redirect = asked["redirect_uri"]
        mark = "&" if "?" in redirect else "?"
        return f"{redirect}{mark}code={code}&oa_id={self.oa_id}&state={asked['state']}"

    async def _consent(self, request: web.Request) -> web.StreamResponse:
        try:
            return web.HTTPFound(self.consents(dict(request.query)))
        except Refused as refused:
            self._blame(request, refused)
            return web.json_response(refused.body())

    async def _token(self, request: web.Request) -> web.StreamResponse:
        return await self._settle(request, self._exchange)

    async def _exchange(self, request: web.Request) -> dict[str, Any]:
        if request.content_type != "application/x-www-form-urlencoded":
            raise wrong(f"a form is expected, not {request.content_type}", -14010)
        if request.headers.get("secret_key") != self.app_secret:
            raise wrong("secret_key is not the app's", -14004)
        form = {name: str(value) for name, value in (await request.post()).items()}
        self._keep(request, form)
        later = await self._strike(request.path, "")
        pair = self._by_refresh(form) if "refresh_token" in form else self._by_code(form)
        if later:
            raise later
        return {
            "access_token": pair.access,
            "refresh_token": pair.refresh,
            "expires_in": str(pair.expires_in),
        }

    def _by_refresh(self, form: Mapping[str, str]) -> Pair:
        given = rules.fields("form", dict(form), "refresh_token", "app_id", "grant_type")
        token = given["refresh_token"]
        if given["app_id"] != self.app_id or given["grant_type"] != "refresh_token":
            raise wrong("app_id or grant_type is wrong", -14001)
        if token in self._old_refresh:
            raise wrong("a refresh token was used twice", -14014)
        if token != self._refresh[0] or self._refresh[1] <= self.now:
            raise Refused(-14014, "Refresh token is invalid or expired")
        self.refreshed += 1
        return self.new_pair()

    def _by_code(self, form: Mapping[str, str]) -> Pair:
        given = rules.fields("form", dict(form), "code", "app_id", "grant_type", "code_verifier")
        if given["app_id"] != self.app_id or given["grant_type"] != "authorization_code":
            raise wrong("app_id or grant_type is wrong", -14001)
        challenge, _, until = self._codes.pop(given["code"], ("", "", self.now))
        if until <= self.now:
            raise Refused(-14006, "Authorization code is invalid or expired")
        if len(given["code_verifier"]) != 43 or rules.challenge(given["code_verifier"]) != challenge:
            raise wrong("code_verifier does not fit the challenge", -14007)
        return self.new_pair()

    def _check_token(self, request: web.Request) -> None:
        if "Authorization" in request.headers or "access_token" in request.query:
            raise wrong("the token belongs in the header access_token", -216)
        token = request.headers.get("access_token", "")
        if token in self._old_access and token:
            raise Refused(-216)
        if token != self._access[0] or not token:
            raise wrong("an access token that was never given", -216)
        if self._access[1] <= self.now:
            raise Refused(-220)
        given = request.headers.get("appsecret_proof", request.query.get("appsecret_proof", ""))
        if self.proof and given != rules.proof(self.app_secret, token):
            raise wrong("appsecret_proof is missing or wrong", -242)

    # ---- calls

    def routes(self) -> list[web.RouteDef]:
        """Return where it listens."""
        return [
            web.get("/v4/oa/permission", self._consent),
            web.post("/v4/oa/access_token", self._token),
            *super().routes(),
            web.route("*", "/{path:.*}", self._api),
        ]

    def calls_of(self, path: str) -> list[Mapping[str, Any]]:
        """Return what each call held whose path holds this."""
        return [call.content for call in self.calls if path in call.path]

    async def _api(self, request: web.Request) -> web.StreamResponse:
        answer = await self._settle(request, self._perform)
        answer.headers["X-RateLimit-Limit"] = str(self.per_minute)
        answer.headers["X-RateLimit-Remain"] = str(max(0, self.per_minute - self._minute[1]))
        return answer

    async def _perform(self, request: web.Request) -> dict[str, Any]:
        name = f"_{request.method}_{request.path.strip('/').replace('/', '_').replace('.', '_')}".lower()
        method = getattr(self, name, None)
        if method is None:
            raise wrong(f"there is no call {request.method} {request.path}", -201)
        self._count()
        self._check_token(request)
        content = await _read_content(request)
        self._keep(request, content)
        if self._latency:
            await asyncio.sleep(self._latency)
        later = await self._strike(request.path, _chat_of(content))
        try:
            data = await method(content)
        finally:
            async with self._news:
                self._news.notify_all()
        if later:
            raise later
        return {"data": data, "error": 0, "message": "Success"}

    def _keep(self, request: web.Request, content: Mapping[str, Any]) -> None:
        if self._remember:
            call = Call(method=request.method, path=request.path, content=content, at=self.now)
            self.calls.append(call)

    def _count(self) -> None:
        minute = int(self.now.timestamp() // 60)
        self._minute = (minute, self._minute[1] + 1 if self._minute[0] == minute else 1)
        if self._minute[1] > self.per_minute:
            raise Refused(-32)

    async def _strike(self, path: str, chat: str) -> Fault | None:
        """Let a planned fault befall the call; return one that comes after the call is done."""
        failure = self._planned(path, chat)
        if isinstance(failure, Fault) and failure.done:
            return failure
        if isinstance(failure, Slow):
            await asyncio.sleep(failure.seconds)
        elif failure is not None:
            raise failure
        return None

    async def _settle(self, request: web.Request, work: Callable[..., Any]) -> web.StreamResponse:
        try:
            return web.json_response(await work(request))
        except Refused as refused:
            self._blame(request, refused)
            return web.json_response(refused.body())
        except Status as status:
            return web.Response(status=status.status, text="<html>Bad Gateway</html>")
        except Garbage:
            return web.Response(text="<html>502</html>", content_type="text/html")
        except Drop:
            if request.transport is not None:
                request.transport.close()
            return web.Response()
        except Hang:
            await self._closing.wait()
            return web.Response(status=504)

    def _blame(self, request: web.Request, refused: Refused) -> None:
        if isinstance(refused, Wrong):
            self.violations.append(f"{request.method} {request.path}: {refused} ({refused.code})")


def _chat_of(content: Mapping[str, Any]) -> str:
    recipient = content.get("recipient")
    found = recipient if isinstance(recipient, dict) else content
    return str(found.get("user_id") or found.get("group_id") or "")


async def _read_content(request: web.Request) -> dict[str, Any]:
    """Return what a call holds, wherever it stands."""
    if request.method == "GET":
        query = {name: value for name, value in request.query.items() if name != "appsecret_proof"}
        if "data" in query:
            rules.fields("query", query, "data")
            return _object(query["data"])
        return query
    if request.content_type == "multipart/form-data":
        return await _read_file(request)
    if request.content_type != "application/json":
        raise wrong(f"JSON is expected, not {request.content_type}")
    return _object(await request.text())


def _object(text: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except ValueError:
        read = None
    if not isinstance(read, dict):
        raise wrong("a JSON object is expected")
    return read


async def _read_file(request: web.Request) -> dict[str, Any]:
    parts = await request.post()
    given = parts.get("file")
    if set(parts) != {"file"} or not isinstance(given, web.FileField):
        raise wrong("the only part must be a file called file")
    content = given.file.read()
    given.file.close()
    return {"file": Files(content=content, name=given.filename, kind=given.content_type)}
