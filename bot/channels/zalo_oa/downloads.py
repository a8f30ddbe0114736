"""What people sent, fetched from the vendor's hosts alone and up to a size."""

import asyncio
import logging
from dataclasses import dataclass

import aiohttp
from yarl import URL

from handlers.channel import Rejected, Unavailable

HOSTS = (
    "zalo.me",
    "zaloapp.com",
    "zalo.cloud",
    "zadn.vn",
    "zdn.vn",
    "zmdcdn.me",
    "dlfl.vn",
    "dlfl.me",
    "dlmd.me",
    "zing.vn",
)
"""Domains that the vendor is known to serve pictures and files from."""
SIZE_LIMIT = 20 * 1024 * 1024
"""Bytes."""
SECONDS = 30.0
_REDIRECTS = 3
_CHUNK = 64 * 1024
_GONE = frozenset({403, 404, 410})

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Allowed:
    """Where may be fetched from: domains with all below them, and whole origins ("http://127.0.0.1:8090"),
    as that of a server that stands in for the vendor. An address anywhere else is not opened."""

    hosts: tuple[str, ...] = HOSTS
    origins: frozenset[str] = frozenset()

    def has(self, url: URL) -> bool:
        """Tell whether an address may be opened."""
        if url.scheme not in {"http", "https"} or not url.host or url.user is not None:
            return False
        if str(url.origin()) in self.origins:
            return True
        host = url.host.lower().rstrip(".")
        return url.is_default_port() and any(host == each or host.endswith(f".{each}") for each in self.hosts)


async def download(session: aiohttp.ClientSession, address: str, allowed: Allowed) -> bytes:
    """Return the bytes at an address; raises ChannelError. Each redirect is checked anew."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _follow(session, address, allowed)
    except aiohttp.InvalidURL:
        raise Rejected("not an address of the vendor's") from None
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise Unavailable(type(error).__name__) from error


async def _follow(session: aiohttp.ClientSession, address: str, allowed: Allowed) -> bytes:
    url = _checked(address, allowed)
    for _ in range(_REDIRECTS + 1):
        async with session.get(url, allow_redirects=False) as response:
            if response.status in {301, 302, 303, 307, 308}:
                url = _checked(response.headers.get("Location", ""), allowed, url)
                continue
            _check_status(response.status)
            return await _content(response)
    raise Rejected("redirected too often")


def _checked(address: str, allowed: Allowed, base: URL | None = None) -> URL:
    """Return an address that may be opened; raises Rejected for any other."""
    try:
        url = base.join(URL(address)) if base else URL(address)
        if allowed.has(url):
            return url
        host = url.host or ""
    except (ValueError, TypeError):
        host = ""
    logger.warning(
        "Something that a person sent is not fetched: %s is no known domain of the vendor's.",
        host or "its address",
        extra={"action": "media_host_refused", "channel": "zalo_oa"},
    )
    raise Rejected("not an address of the vendor's")


def _check_status(status: int) -> None:
    if status in _GONE:
        raise Rejected("it is no longer there")
    if status != 200:
        raise Unavailable(f"HTTP {status}")


async def _content(response: aiohttp.ClientResponse) -> bytes:
    content = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        content += chunk
        if len(content) > SIZE_LIMIT:
            raise Rejected(f"over {SIZE_LIMIT} bytes")
    return bytes(content)
