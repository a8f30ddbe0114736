"""Calls to the vendor's API: the token, the app's rate, time-outs, and errors as the port's."""

import asyncio
import hmac
import json as jsonlib
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, Literal

import aiohttp

from bot.channels.zalo_oa.faults import TOKEN_REFUSED, channel_error
from bot.channels.zalo_oa.tokens import Tokens
from handlers.channel import RateLimited, Unavailable

API_URL = "https://openapi.zalo.me"
BUSINESS_URL = "https://business.openapi.zalo.me"
PER_MINUTE = 4000
"""Calls that an app may make (https://developers.zalo.me/docs/official-account/bat-dau/gioi-han-api)."""
CONNECT_SECONDS = 5.0
READ_SECONDS = 12.0
UPLOAD_SECONDS = 18.0
"""Less than a send may take altogether, so that a fault is told as what it is."""
CONNECTIONS = 100

Base = Literal["api", "business"]
Answer = dict[str, Any]


class Client:
    """The vendor's API for one Official Account. Every method raises ChannelError."""

    def __init__(
        self,
        *,
        tokens: Tokens,
        api_url: str = API_URL,
        business_url: str = BUSINESS_URL,
        proof_secret: str = "",
        per_minute: int = PER_MINUTE,
        read_seconds: float = READ_SECONDS,
        connector: Callable[[], aiohttp.BaseConnector] | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the settings; nothing is sent yet.

        `proof_secret` is the app's secret where its console asks for `appsecret_proof`; `per_minute` is how
        many calls this process may make; `read_seconds` is how long an answer is waited for; `connector`
        makes the connections.
        """
        self._tokens = tokens
        self._bases: dict[Base, str] = {"api": api_url.rstrip("/"), "business": business_url.rstrip("/")}
        self._proof_secret = proof_secret.encode()
        self._rate = Rate(per_minute)
        self._seconds = read_seconds
        self._connector = connector or (lambda: aiohttp.TCPConnector(limit=CONNECTIONS))
        self._now = now
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self,
        method: Literal["GET", "POST"],
        path: str,
        *,
        json: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        base: Base = "api",
    ) -> Answer:
        """Call a path such as "v3.0/oa/message/cs" and return the whole answer, whose `error` is 0.

        A refused token is renewed and the call made once more.
        """
        body = jsonlib.dumps(json, ensure_ascii=False).encode() if json is not None else None
        headers = {"Content-Type": "application/json"} if json is not None else {}
        return await self._authorised(
            lambda token: self._exchange(
                method, self._url(base, path), token, data=body, params=query, headers=headers
            )
        )

    async def upload(self, path: str, content: bytes, *, name: str, mime: str) -> Answer:
        """Post a file as multipart field "file" and return the whole answer."""

        def again(token: str) -> Any:
            form = aiohttp.FormData(quote_fields=False)  # names as they are
            form.add_field("file", content, filename=name, content_type=mime)
            url = self._url("api", path)
            return self._exchange("POST", url, token, data=form, seconds=UPLOAD_SECONDS)

        return await self._authorised(again)

    @property
    def session(self) -> aiohttp.ClientSession:
        """The connections, opened at the first use."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=self._connector())
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _url(self, base: Base, path: str) -> str:
        return f"{self._bases[base]}/{path.lstrip('/')}"

    async def _authorised(self, exchange: Callable[[str], Any]) -> Answer:
        """Exchange with the token in use, and with a new one where that is refused; check the outcome."""
        token = await self._tokens.access()
        answer: Answer = await exchange(token)
        if _code(answer) in TOKEN_REFUSED:
            answer = await exchange(await self._tokens.renewed(token))
        if code := _code(answer):
            raise channel_error(code, str(answer.get("message", "")), self._now())
        return answer

    async def _exchange(
        self,
        method: str,
        url: str,
        token: str,
        *,
        headers: Mapping[str, str] | None = None,
        seconds: float | None = None,
        **request: Any,
    ) -> Answer:
        """Make one request and return the answer's JSON."""
        if wait := self._rate.admit(self._now()):
            raise RateLimited("the app's calls of this minute are used up", retry_after=wait, for_all=True)
        timeout = aiohttp.ClientTimeout(total=seconds or self._seconds, sock_connect=CONNECT_SECONDS)
        try:
            async with self.session.request(
                method,
                url,
                headers={**(headers or {}), **self._credentials(token)},
                timeout=timeout,
                allow_redirects=False,
                **request,
            ) as response:
                status, body = response.status, await response.read()
        except asyncio.TimeoutError as error:  # noqa: UP041 - aiohttp names it so; the same class since 3.11
            raise Unavailable("no answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(type(error).__name__) from error
        return _read(status, body, self._now())

    def _credentials(self, token: str) -> dict[str, str]:
        headers = {"access_token": token}
        if self._proof_secret:
            headers["appsecret_proof"] = hmac.new(self._proof_secret, token.encode(), sha256).hexdigest()
        return headers


class Rate:
    """Counts calls, and says how long to wait when a minute's are used up; never sleeps."""

    def __init__(self, per_minute: int) -> None:
        self._limit = per_minute
        self._made: deque[datetime] = deque()

    def admit(self, now: datetime) -> timedelta:
        """Count a call and return nothing to wait; or return how long until one is free."""
        minute_ago = now - timedelta(minutes=1)
        while self._made and self._made[0] <= minute_ago:
            self._made.popleft()
        if len(self._made) >= self._limit:
            return self._made[0] - minute_ago
        self._made.append(now)
        return timedelta()


def _read(status: int, body: bytes, now: datetime) -> Answer:
    """Read an answer; raises for one that is not the API's own, such as a proxy's page."""
    if status == 429:
        raise channel_error(-32, "too many requests", now)
    try:
        answer = jsonlib.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unavailable(f"HTTP {status}, not JSON") from error
    if not isinstance(answer, dict) or (status >= 400 and not _code(answer)):
        raise Unavailable(f"HTTP {status}")
    if "error" not in answer and "data" not in answer:
        raise Unavailable(f"HTTP {status}, neither a result nor an error")  # not taken for a message sent
    return answer


def _code(answer: Mapping[str, Any]) -> int:
    """Return an answer's error code, 0 for none; the vendor writes it as a number or as a text."""
    try:
        return int(answer.get("error", 0))
    except (TypeError, ValueError):
        raise Unavailable("the answer has an error that is no number") from None
