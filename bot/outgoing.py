"""Where the program may connect to over HTTP: the vendors that the settings name, and nobody else.

Addresses come in with what people send (a picture's, a file's), so each connection is checked when it is
made, redirects too: the name against one list, and what the name resolves to against private networks.
"""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import aiohttp
import structlog
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from bot.settings import Settings, domains_in

_URLS = (
    "telegram_api_url",
    "zalo_api_url",
    "zalo_oauth_url",
    "zalo_business_url",
    "zalo_bot_api_url",
    "sms_url",
)
"""The settings that name a server."""
CONNECTIONS = 100
log = structlog.get_logger()


class NotAllowed(aiohttp.InvalidURL):
    """The program does not connect to this address."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AllowList:
    """What may be connected to.

    own: hosts with their ports, as an operator set them; these may lie in the city's own network. vendors:
    domains of the vendors, with all below them, on the usual ports; these may not.
    """

    own: frozenset[tuple[str, int]]
    vendors: frozenset[str]

    def check(self, url: URL) -> None:
        """Raise NotAllowed for an address that is not on the list."""
        if (
            url.scheme not in ("http", "https")
            or not url.host
            or not (self._is_own(url) or self._is_vendor(url))
        ):
            refuse(url.host or "")

    def _is_own(self, url: URL) -> bool:
        return ((url.host or "").lower().rstrip("."), url.port) in self.own

    def _is_vendor(self, url: URL) -> bool:
        host = (url.host or "").lower().rstrip(".")
        return url.is_default_port() and any(
            host == domain or host.endswith(f".{domain}") for domain in self.vendors
        )

    def may_be_private(self, host: str, port: int) -> bool:
        """Tell whether a host may lie in a private network."""
        return (host.lower().rstrip("."), port) in self.own


def refuse(host: str) -> None:
    """Log and raise that a host is not connected to."""
    log.warning("The program does not connect there.", action="outgoing_refused", host=host[:100])
    raise NotAllowed(host)


def allow_list(settings: Settings) -> AllowList:
    """Return what the settings allow: their own servers, and the domains that vendors keep pictures at."""
    from bot.channels.zalo_bot.client import HOSTS as ZALO_BOT_HOSTS
    from bot.channels.zalo_oa.downloads import HOSTS as ZALO_HOSTS

    own, vendors = set(), {*ZALO_HOSTS, *ZALO_BOT_HOSTS, *domains_in(settings.zalo_media_hosts)}
    for name in _URLS:
        given = getattr(settings, name)
        if given is None:
            continue
        url = URL(str(given))
        if str(given) == str(Settings.model_fields[name].default):
            vendors.add(url.host or "")
        else:
            own.add(((url.host or "").lower(), url.port or 0))
    return AllowList(own=frozenset(own), vendors=frozenset(vendors))


class GuardedResolver(AbstractResolver):
    """Resolves names, but not to private addresses for hosts that are a vendor's."""

    def __init__(self, allowed: AllowList, resolver: AbstractResolver | None = None) -> None:
        self._allowed = allowed
        self._resolver = resolver or DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host; raises NotAllowed where one is not public and should be."""
        found = await self._resolver.resolve(host, port, family)
        if not self._allowed.may_be_private(host, port):
            for each in found:
                if not ip_address(each["host"].partition("%")[0]).is_global:
                    refuse(host)
        return found

    async def close(self) -> None:
        """Close the resolver behind it."""
        await self._resolver.close()


class GuardedConnector(aiohttp.TCPConnector):
    """Connections to what is allowed alone; asked anew at each redirect."""

    def __init__(
        self, allowed: AllowList, *, resolver: AbstractResolver | None = None, limit: int = CONNECTIONS
    ) -> None:
        super().__init__(limit=limit, resolver=GuardedResolver(allowed, resolver))
        self._allowed = allowed

    async def connect(self, req: Any, traces: Any, timeout: Any) -> Any:  # noqa: ASYNC109 - aiohttp's own
        """Check the address, then connect."""
        self._allowed.check(req.url)
        return await super().connect(req, traces, timeout)


def connector_for(settings: Settings) -> Callable[[], aiohttp.BaseConnector]:
    """Return what makes the connections of a session."""
    allowed = allow_list(settings)
    return lambda: GuardedConnector(allowed)
