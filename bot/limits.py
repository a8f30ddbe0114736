"""How much one address may ask of the web server, and who may look at what is there for operators.

Vendors call from few addresses and sign what they send: their webhooks are not limited here.
"""

import asyncio
import hmac
import json
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import Counter

from bot import session
from handlers import texts
from handlers.pace import Pace

Network = IPv4Network | IPv6Network
SENDING = (300, 30.0)
"""Of one address: so much may be sent at once, and then in each so many seconds.

Behind one address there may be a whole operator's telephones, so this is what two hundred people send who
report one disaster at the same time; what is over it waits in the page and goes out by itself."""
ASKING = (900, 30.0)
"""The same for pages, pictures and sockets."""
LOADING = (9000, 30.0)
"""The same for the parts of a page. Whoever was let in to the page gets them all: a page without one of its
scripts is none, and when very many come at once hardly one would ever be whole."""
BEGINNING = (300, 100.0)
"""The same for new sessions: each is another account, with tries of codes of its own."""
BODY_SECONDS = 30.0
"""How long a body may take to arrive."""
IDLE_SECONDS = 75.0
"""How long a connection may be open without a whole request; a vendor's proxy keeps its own for a minute."""
MOST_CONNECTIONS = 5000
"""Of so many connections on, the oldest are closed once what they ask for is answered."""
_FORWARDING = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
_IPV6_PREFIX = 64
"""What one customer is given at least; an address of its own for each request costs nothing there."""
log = structlog.get_logger()
REFUSED = Counter("langnghe_limited", "Requests refused because an address asks too fast.", ["kind"])


class AddressLimits:
    """Token buckets for each address, and the door to what strangers must not see.

    `trusted_proxies`: whose X-Forwarded-For is believed; no other's is. `metrics_token`: whoever has it may
    read `/metrics` from anywhere.
    """

    def __init__(
        self,
        *,
        trusted_proxies: Sequence[Network] = (),
        metrics_token: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trusted = tuple(trusted_proxies)
        self._token = metrics_token
        self._paces = {
            "send": Pace(*SENDING, clock=clock),
            "ask": Pace(*ASKING, clock=clock),
            "load": Pace(*LOADING, clock=clock),
            "begin": Pace(*BEGINNING, clock=clock),
        }
        self._warned = False

    def guarded(self, routes: Sequence[web.RouteDef]) -> list[web.RouteDef]:
        """Return the routes of pages with limits on them."""
        return [
            web.RouteDef(route.method, route.path, self._limited(_only_handler(route)), route.kwargs)
            for route in routes
        ]

    def _limited(self, handler: Handler) -> Handler:
        async def answer(request: web.Request) -> web.StreamResponse:
            if seconds := self.wait(request):
                REFUSED.labels(_kind(request)).inc()
                return too_many(request, seconds)
            return await handler(request)

        return answer

    def wait(self, request: web.Request) -> float:
        """Count a request; return 0.0, or without counting it the seconds to wait first."""
        key = self._key(request)
        return self._paces[_kind(request)].wait(key) if key else 0.0

    def _key(self, request: web.Request) -> str:
        """Return what is counted; empty for nobody in particular: this machine, and networks of our own."""
        address = self._address(request)
        if address is None or address.is_private:
            self._warn_of_proxy(request)
            return ""
        if isinstance(address, IPv6Address):
            return str(ip_network((address, _IPV6_PREFIX), strict=False))
        return str(address)

    def _address(self, request: web.Request) -> IPv4Address | IPv6Address | None:
        """Return who asks: the last of the chain who is no proxy of ours. None where that cannot be told."""
        address = _read(request.remote or "")
        if address is None or not self._trusts(address):
            return address
        for given in reversed(",".join(request.headers.getall("X-Forwarded-For", [])).split(",")):
            address = _read(given.strip())
            if address is None or not self._trusts(address):
                return address
        return address

    def _trusts(self, address: IPv4Address | IPv6Address) -> bool:
        return any(address in network for network in self._trusted)

    def _warn_of_proxy(self, request: web.Request) -> None:
        if self._warned or "X-Forwarded-For" not in request.headers:
            return
        self._warned = True
        log.warning(
            "A proxy stands before this program that LANGNGHE_TRUSTED_PROXIES does not name: "
            "no address is limited.",
            action="proxy_not_trusted",
        )

    def is_near(self, request: web.Request) -> bool:
        """Tell whether somebody asks from this machine or a network of our own, not through a proxy."""
        peer = _read(request.remote or "")
        if peer is None or not peer.is_private:
            return False
        forwarded = any(name in request.headers for name in _FORWARDING)
        if not forwarded:
            return True
        address = self._address(request) if self._trusts(peer) else None
        return address is not None and address.is_private

    def may_see_figures(self, request: web.Request) -> bool:
        """Tell whether somebody may read what operators watch."""
        kind, _, given = request.headers.get("Authorization", "").partition(" ")
        known = bool(self._token) and hmac.compare_digest(given.strip().encode(), self._token.encode())
        return self.is_near(request) or (kind.lower() == "bearer" and known)

    def for_operators(self, handler: Handler) -> Handler:
        """Hide a page from strangers."""

        async def answer(request: web.Request) -> web.StreamResponse:
            if not self.may_see_figures(request):
                raise web.HTTPNotFound
            return await handler(request)

        return answer

    def for_balancers(self, handler: Handler) -> Handler:
        """Tell strangers of a JSON page nothing but its status: how queues stand is not theirs to know."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = await handler(request)
            if self.may_see_figures(request) or not isinstance(response, web.Response):
                return response
            told = json.loads(response.text or "{}")
            return web.json_response({"status": told.get("status", "")}, status=response.status)

        return answer


def _kind(request: web.Request) -> str:
    if request.method != "POST":
        return "load" if request.path.startswith("/page/") else "ask"
    return "begin" if request.path == "/chat/session" and not session.known_token(request) else "send"


def _only_handler(route: web.RouteDef) -> Handler:
    handler = route.handler
    assert not isinstance(handler, type)  # none of our pages is a class
    return handler


@lru_cache(maxsize=4096)
def _read(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address as it is meant: without a port or a zone, and IPv4 inside IPv6 as IPv4."""
    bare = text.strip().removeprefix("[").partition("]")[0].partition("%")[0]
    if bare.count(":") == 1:  # IPv4 with a port, as some proxies write it
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return None
    inside = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return inside or found


async def tend_connections(
    runner: web.AppRunner, *, most: int = MOST_CONNECTIONS, every: float = 5.0
) -> None:
    """Keep the connections to a number, for as long as this runs: the oldest end after what they ask for."""
    while True:
        await asyncio.sleep(every)
        close_oldest(runner, most)


def close_oldest(runner: web.AppRunner, most: int) -> None:
    """Close what connections there are too many; one whose request is under way ends with its answer."""
    connections = runner.server.connections if runner.server else []
    for connection in connections[: max(0, len(connections) - most)]:
        if connection._current_request is None:
            connection.force_close()  # `close` leaves one that is idle open
        else:
            connection.close()


def too_many(request: web.Request, seconds: float) -> web.Response:
    """Ask to come back later: JSON for our scripts, a sentence for whoever opens a page."""
    after = max(1, round(seconds + 0.5))
    headers = {**session.SECURITY_HEADERS, "Retry-After": str(after), "Cache-Control": "no-store"}
    if "text/html" in request.headers.get("Accept", ""):
        return web.Response(text=texts.address_too_fast(seconds=after), status=429, headers=headers)
    body = {"error": "too_fast", "retry_after": after}
    return web.json_response(body, status=429, headers=headers)
