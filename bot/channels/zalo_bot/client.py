"""Calls to the Bot API and downloads of what people sent; the token, part of every URL, is never told."""

import asyncio
import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import aiohttp
from yarl import URL

from handlers.channel import (
    ChannelError,
    Misconfigured,
    RateLimited,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)

API_URL = "https://bot-api.zaloplatforms.com"
CONNECT_SECONDS = 5.0
READ_SECONDS = 12.0
"""With what connecting takes less than a send may take altogether."""
DOWNLOAD_SECONDS = 60.0
DOWNLOAD_LIMIT = 20 * 1024 * 1024
"""Bytes of a file that is taken from the vendor."""
HOSTS = ("zalo.me", "zaloapp.com", "zaloplatforms.com", "zapps.me", "zdn.vn", "zadn.vn")
"""Where the vendor keeps people's files: nothing is fetched from anywhere else."""
FIRST_PAUSE = timedelta(minutes=1)


class NoAnswerYet(Unavailable):
    """Nothing has happened while the vendor waited (error 408)."""


class Client:
    """The Bot API for one token. Every method raises ChannelError."""

    def __init__(
        self,
        *,
        token: str,
        api_url: str = API_URL,
        connector: Callable[[], aiohttp.BaseConnector] = aiohttp.TCPConnector,
    ) -> None:
        self._connector = connector
        self._base = f"{api_url.rstrip('/')}/bot{token}"
        self._own_host = URL(api_url).host or ""
        self._session: aiohttp.ClientSession | None = None

    async def call(
        self, method: str, fields: Mapping[str, str] | None = None, *, seconds: float = READ_SECONDS
    ) -> Any:
        """Call a method and return its result, waiting so long for it."""
        url = URL(f"{self._base}/{method}", encoded=True)
        status, body = await self._exchange("POST", url, seconds, json=dict(fields or {}))
        answer = _read(body)
        if answer is None:
            raise _error(status, f"HTTP {status}") if status in (401, 429) else Unavailable(f"HTTP {status}")
        if answer.get("ok") is not True:
            raise _error(_code(answer, status), str(answer.get("description", ""))[:200])
        return answer.get("result")

    async def download(self, address: str) -> bytes:
        """Fetch a file that somebody sent, from the vendor's own hosts only."""
        url = _address(address)
        if not self._is_vendor(url):
            raise Rejected("the file is not at the vendor's")
        status, body = await self._exchange("GET", url, DOWNLOAD_SECONDS)
        if status >= 500:
            raise Unavailable(f"HTTP {status}")
        if status != 200:
            raise Rejected(f"the file cannot be fetched (HTTP {status})")
        if len(body) > DOWNLOAD_LIMIT:
            raise Rejected("the file is over 20 MB")
        return body

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()

    def _is_vendor(self, url: URL) -> bool:
        host = url.host or ""
        known = any(host == name or host.endswith(f".{name}") for name in HOSTS)
        return url.scheme in ("http", "https") and (known or host == self._own_host)

    async def _exchange(self, method: str, url: URL, seconds: float, **request: Any) -> tuple[int, bytes]:
        """Make one request; a body is read to a little over the limit. No error tells the URL."""
        timeout = aiohttp.ClientTimeout(total=CONNECT_SECONDS + seconds, sock_connect=CONNECT_SECONDS)
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(connector=self._connector())
        try:
            async with self._session.request(
                method, url, timeout=timeout, allow_redirects=False, **request
            ) as response:
                return response.status, await _body(response)
        except asyncio.TimeoutError:  # noqa: UP041 - aiohttp names it so; the same class since 3.11
            raise Unavailable("no answer in time") from None
        except aiohttp.InvalidURL:
            raise Rejected("not an address of the vendor's") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unavailable(type(error).__name__) from None


async def _body(response: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size > DOWNLOAD_LIMIT:
            break
    return b"".join(parts)


def _address(text: str) -> URL:
    try:
        return URL(text)
    except ValueError:
        raise Rejected("not an address") from None


def _read(body: bytes) -> dict[str, Any] | None:
    """Read an answer's envelope; None for what is not the API's own, such as a proxy's page."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) and "ok" in answer else None


def _code(answer: Mapping[str, Any], status: int) -> int:
    try:
        return int(answer.get("error_code", status))
    except (TypeError, ValueError):
        return status


def _error(code: int, words: str) -> ChannelError:
    """Say in the port's words what an error code means (they come in HTTP 200 as well)."""
    told = f"{code} {words}".strip()
    match code:
        case 401:
            return Misconfigured(told, for_all=True)
        case 404:
            return RecipientUnreachable(told)
        case 408:
            return NoAnswerYet(told)
        case 429:
            return RateLimited(told, retry_after=FIRST_PAUSE, for_all=True)
        case 403 | 500 | 502 | 503 | 504:  # the vendor's page calls 403 a fault of its own
            return Unavailable(told)
    return Rejected(told)
