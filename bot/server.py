"""The web server: webhooks, health, figures for operators, and the web chat."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog
from aiohttp.typedefs import Handler
from aiohttp.web import (
    Application,
    HTTPRequestTimeout,
    Request,
    Response,
    StreamResponse,
    json_response,
)
from prometheus_client import CONTENT_TYPE_LATEST, Histogram

from bot import metrics
from bot.channels.web import WebChannel
from bot.limits import BODY_SECONDS, AddressLimits
from bot.public_photos import PublicPhotos
from bot.seats import Demo, SamplePosition, Seat
from bot.session import SECURITY_HEADERS
from bot.web_chat import Receive, WebChat
from bot.web_groups import Groups
from handlers.channel import Channel, Empty, Forbidden, Malformed
from handlers.media import StoredPhoto

if TYPE_CHECKING:  # loaded with the channel that they belong to
    from bot.receipts import Receipts
    from bot.zalo_consent import ZaloPages

__all__ = ["Demo", "SamplePosition", "Seat", "build_server"]

BODY_LIMIT = 1024 * 1024
"""Bytes of a webhook call or a chat message."""
ACKNOWLEDGING = 200
"""Acknowledgements under way at most; more are left out, they only stop a spinner in the vendor's app."""

ACKNOWLEDGED = Histogram(
    "langnghe_acknowledgement_seconds",
    "From a webhook call that was read to its being durable, by channel.",
    ["channel"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
Health = Callable[[], Awaitable[Mapping[str, Any]]]
log = structlog.get_logger()


def build_server(
    *,
    channels: Mapping[str, Channel],
    receive: Receive,
    health: Health,
    figures: Health | None = None,
    web: WebChannel | None,
    media_dir: Path,
    demo: Demo | None,
    may_see: Callable[[str, str], Awaitable[bool]],
    commands: Callable[[str], Awaitable[Sequence[tuple[str, str]]]],
    add_photo: Callable[[StoredPhoto], Awaitable[None]] | None = None,
    show_photos: Callable[[str, Sequence[str]], Awaitable[None]] | None = None,
    file_name: Callable[[str], Awaitable[str]] | None = None,
    groups: Groups | None = None,
    receipts: "Receipts | None" = None,
    public_photos: PublicPhotos | None = None,
    zalo: "ZaloPages | None" = None,
    limits: AddressLimits | None = None,
    is_ended: Callable[[str], Awaitable[bool]] | None = None,
    secret: Callable[[], str] = str,
) -> Application:
    """Return the application that answers every HTTP request.

    A channel with a `webhook_path` is called there by its vendor.
    `receive(channel, envelope, body)` returns once a raw update is durable and raises when it cannot be.
    `health` raises when the database does not answer, as does `figures`, which may tell more; it is as
    `health` where nothing else is given. For the web chat, `may_see(chat, media_key)` tells
    whether a chat holds a picture, `commands(chat)` what its person may type, `add_photo` records a picture
    that was just stored, and `show_photos(chat, media_keys)` which ones a chat is about to show. `may_see`
    and `file_name(media_key)`, what a kept file is called, hold for
    recordings and documents too. Without `groups` every chat is a private one. `receipts` notes
    what a gateway tells of short messages; `public_photos` serves vendors what they are to show,
    `zalo` the pages by which an Official Account lets the bot in. `limits`: how much one address may ask.
    `is_ended(chat)` tells whether a browser was signed out; none is where it is not given. `secret` is the
    same in every process: with it uploads are marked as their sender's.
    """
    limits = limits or AddressLimits()
    application = Application(client_max_size=BODY_LIMIT)
    application.on_response_prepare.append(_secure)
    for channel in channels.values():
        if path := getattr(channel, "webhook_path", ""):
            application.router.add_post(path, Webhook(channel, receive).answer)
    if receipts is not None:
        application.router.add_post(receipts.path, receipts.answer)
    if public_photos is not None:
        application.add_routes(public_photos.routes())
    if zalo is not None:
        application.add_routes(limits.guarded(zalo.routes()))
    application.router.add_get("/healthz", limits.for_balancers(_health_page(health)))
    application.router.add_get("/healthz/alive", _alive)
    application.router.add_get("/metrics", limits.for_operators(_metrics_page(figures or health)))
    if web is not None:
        chat = WebChat(
            channel=web,
            receive=receive,
            media_dir=media_dir,
            demo=demo,
            may_see=may_see,
            commands=commands,
            add_photo=add_photo,
            show_photos=show_photos,
            file_name=file_name,
            groups=groups,
            is_ended=is_ended,
            secret=secret,
        )
        application.add_routes(limits.guarded(chat.routes()))
        application.on_shutdown.append(lambda _: chat.close())
    return application


async def _secure(request: Request, response: StreamResponse) -> None:
    """Put the security headers on refusals, also of what there is no page for; tell nobody our versions."""
    response.headers.popall("Server", None)
    if response.status >= 400:
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)


class Webhook:
    """One vendor's webhook.

    200 only once the update is durable, 401 for strangers, 400 for garbage, and 503 when it cannot be
    stored: then the vendor tries again.
    """

    def __init__(self, channel: Channel, receive: Receive) -> None:
        self._channel = channel
        self._receive = receive
        self._acknowledge: Callable[[bytes], Coroutine[Any, Any, None]] | None = getattr(
            channel, "acknowledge", None
        )
        self._acknowledging: set[asyncio.Task[None]] = set()
        self._took = ACKNOWLEDGED.labels(channel.name).observe

    async def answer(self, request: Request) -> Response:
        """Check, store, answer."""
        body = await request.read() if request.content.is_eof() else await _patiently(request)
        try:
            envelope = self._channel.envelope(body, request.headers)
        except Forbidden:
            return Response(status=401)
        except Malformed:
            return Response(status=400)
        except Empty:
            return Response()
        begun = time.perf_counter()
        try:
            await self._receive(self._channel.name, envelope, body)
        except Exception as error:
            log.error("An update was refused.", action="webhook_refused", error=error)
            return Response(status=503, headers={"Retry-After": "2"})
        self._took(time.perf_counter() - begun)
        if self._acknowledge and len(self._acknowledging) < ACKNOWLEDGING:
            task = asyncio.create_task(self._acknowledge(body))
            self._acknowledging.add(task)
            task.add_done_callback(self._acknowledged)
        return Response()

    def _acknowledged(self, task: asyncio.Task[None]) -> None:
        self._acknowledging.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log.info("An update was not acknowledged.", action="acknowledge_failed", error=error)


async def _patiently(request: Request) -> bytes:
    """Return a body that has not arrived yet; whoever sends it in drops is not waited for."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise HTTPRequestTimeout(headers={"Connection": "close"}) from None


def _health_page(health: Health) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            state = await health()
        except Exception as error:
            log.error("The database does not answer.", action="unhealthy", error=error)
            told = {"status": "unavailable", "alive": True, "ready": False, "why": ["database"]}
            return json_response(told, status=503)
        ready = bool(state.get("ready", True))
        told = {"status": "ok" if ready else "not ready", "alive": True, "ready": ready, **state}
        return json_response(told, status=200 if ready else 503)

    return answer


async def _alive(request: Request) -> Response:
    """Answer while the event loop turns, whatever else is wrong: restarting would mend none of it."""
    return json_response({"status": "ok", "alive": True})


def _metrics_page(state: Health) -> Handler:
    async def answer(request: Request) -> Response:
        return Response(body=await metrics.page(state), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer
