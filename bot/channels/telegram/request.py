"""Bot API calls over one shared aiohttp session, in place of the library's slower HTTP client."""

import asyncio
import json
import logging
from datetime import timedelta
from typing import Any

import aiohttp
from telegram import Bot
from telegram.error import NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import BaseRequest, RequestData
from yarl import URL

CONNECT_SECONDS = 10.0
READ_SECONDS = 15.0
UPLOAD_SECONDS = 120.0

_dump_json = json.JSONEncoder(separators=(",", ":")).encode
# The library writes the token (part of every URL) and people's messages at DEBUG.
logging.getLogger("telegram.Bot").setLevel(logging.INFO)


class FloodControl(RetryAfter):
    """The vendor asks to wait; like its parent, without the warning about the type of `retry_after`."""

    def __init__(self, wait: timedelta) -> None:
        TelegramError.__init__(self, f"Flood control exceeded. Retry in {wait}")
        self._retry_after = wait

    @property
    def retry_after(self) -> timedelta:
        """How long to wait."""
        return self._retry_after


class ApiBot(Bot):
    """The library's Bot, and a call that leaves the answer as JSON."""

    async def call(self, method: str, **fields: Any) -> Any:
        """Call a method and return its raw result; building a `Message` of it costs three times the call.

        Raises TelegramError.
        """
        try:
            return await self._post(method, fields)
        except (KeyError, TypeError) as error:
            raise NetworkError("Invalid server response") from error


class AiohttpRequest(BaseRequest):
    """How the library reaches the vendor: pooled connections, time-outs and faults as its own errors."""

    def __init__(self, *, connections: int = 100) -> None:
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None
        self._urls: dict[str, URL] = {}

    @property
    def read_timeout(self) -> float | None:
        """Seconds to wait for an answer when a call names no other time."""
        return READ_SECONDS

    async def initialize(self) -> None:
        """Open the session; nothing happens when it is open."""
        if self._session is None or self._session.closed:
            connector = aiohttp.TCPConnector(limit=self._connections)
            self._session = aiohttp.ClientSession(connector=connector)

    async def shutdown(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        read_timeout: Any = BaseRequest.DEFAULT_NONE,
        write_timeout: Any = BaseRequest.DEFAULT_NONE,
        connect_timeout: Any = BaseRequest.DEFAULT_NONE,
        pool_timeout: Any = BaseRequest.DEFAULT_NONE,
    ) -> tuple[int, bytes]:
        """Exchange one request; messages of errors never hold the URL, which has the token in it."""
        await self.initialize()
        assert self._session is not None
        headers, body = _encode(request_data)
        timeout = _timeout(read_timeout, connect_timeout, upload=isinstance(body, aiohttp.FormData))
        try:
            async with self._session.request(
                method, self._url(url), data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                status, payload = response.status, await response.read()
        except asyncio.TimeoutError as error:  # noqa: UP041 - aiohttp names it so; the same class since 3.11
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from None
        if status == 429:
            raise FloodControl(_wait(payload))
        return status, payload

    def _url(self, url: str) -> URL:
        """Parse a URL once; those with a query or a file's name are not worth keeping."""
        known = self._urls.get(url)
        if known is None:
            known = URL(url, encoded=True)
            if "?" not in url and "/file/" not in url:
                self._urls[url] = known
        return known


def _encode(data: RequestData | None) -> tuple[dict[str, str], bytes | aiohttp.FormData | None]:
    if data is None:
        return {}, None
    if not data.contains_files:
        # Once, and not each part by itself and then all of them, as the library's `json_payload` does.
        return {"Content-Type": "application/json"}, _dump_json(data.parameters).encode()
    form = aiohttp.FormData(quote_fields=False, default_to_multipart=True)  # names as they are
    for name, value in data.json_parameters.items():
        form.add_field(name, value)
    for name, (filename, content, kind) in data.multipart_data.items():
        form.add_field(name, content, filename=filename, content_type=kind)
    return {}, form


def _timeout(read: Any, connect: Any, *, upload: bool) -> aiohttp.ClientTimeout:
    seconds = read if isinstance(read, int | float) else READ_SECONDS
    opening = connect if isinstance(connect, int | float) else CONNECT_SECONDS
    if upload:
        seconds = max(seconds, UPLOAD_SECONDS)
    return aiohttp.ClientTimeout(total=opening + seconds, sock_connect=opening)


def _wait(payload: bytes) -> timedelta:
    """Read `parameters.retry_after` (seconds) of a 429 answer; a second when it holds none."""
    try:
        return timedelta(seconds=max(1, json.loads(payload)["parameters"]["retry_after"]))
    except (ValueError, KeyError, TypeError):
        return timedelta(seconds=1)
