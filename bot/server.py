"""The web server: webhooks, health, figures for operators, and the web chat."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog
from aiohttp.typedefs import Handler
from aiohttp.web import Application, HTTPRequestTimeout, Request, Response, json_response
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.channels.web import WebChannel
from bot.limits import BODY_SECONDS, AddressLimits
from bot.public_photos import PublicPhotos
from bot.receipts import PATH as RECEIPTS
from bot.receipts import Receipts
from bot.seats import Demo, SamplePosition, Seat
from bot.web_chat import Receive, WebChat
from bot.web_groups import Groups
from bot.zalo_consent import ZaloPages
from handlers.channel import Channel, Empty, Forbidden, Malformed
from handlers.media import StoredPhoto

__all__ = ["Demo", "SamplePosition", "Seat", "build_server"]

BODY_LIMIT = 1024 * 1024
"""Bytes of a webhook call or a chat message."""
ACKNOWLEDGING = 200
"""Acknowledgements under way at most; more are left out, they only stop a spinner in the vendor's app."""

Health = Callable[[], Awaitable[Mapping[str, Any]]]
log = structlog.get_logger()


def build_server(
    *,
    channels: Mapping[str, Channel],
    receive: Receive,
    health: Health,
    metrics: Health | None = None,
    web: WebChannel | None,
    media_dir: Path,
    demo: Demo | None,
    may_see: Callable[[str, str], Awaitable[bool]],
    commands: Callable[[str], Awaitable[Sequence[tuple[str, str]]]],
    add_photo: Callable[[StoredPhoto], Awaitable[None]] | None = None,
    file_name: Callable[[str], Awaitable[str]] | None = None,
    groups: Groups | None = None,
    receipts: Receipts | None = None,
    public_photos: PublicPhotos | None = None,
    zalo: ZaloPages | None = None,
    limits: AddressLimits | None = None,
) -> Application:
    """Return the application that answers every HTTP request.

    A channel with a `webhook_path` is called there by its vendor.
    `receive(channel, envelope, body)` returns once a raw update is durable and raises when it cannot be.
    `health` raises when the database does not answer, as does `metrics`, which may tell more; it is as
    `health` where nothing else is given. For the web chat, `may_see(chat, media_key)` tells
    whether a chat holds a picture, `commands(chat)` what its person may type, and `add_photo` records a
    picture that was just stored. `may_see` and `file_name(media_key)`, what a kept file is called, hold for
    recordings and documents too. Without `groups` every chat is a private one. `receipts` notes
    what a gateway tells of short messages; `public_photos` serves vendors what they are to show,
    `zalo` the pages by which an Official Account lets the bot in. `limits`: how much one address may ask.
    """
    limits = limits or AddressLimits()
    application = Application(client_max_size=BODY_LIMIT)
    for channel in channels.values():
        if path := getattr(channel, "webhook_path", ""):
            application.router.add_post(path, Webhook(channel, receive).answer)
    if receipts is not None:
        application.router.add_post(RECEIPTS, receipts.answer)
    if public_photos is not None:
        application.add_routes(public_photos.routes())
    if zalo is not None:
        application.add_routes(limits.guarded(zalo.routes()))
    application.router.add_get("/healthz", limits.for_balancers(_health_page(health)))
    application.router.add_get("/metrics", limits.for_operators(_metrics_page(metrics or health)))
    if web is not None:
        chat = WebChat(
            channel=web,
            receive=receive,
            media_dir=media_dir,
            demo=demo,
            may_see=may_see,
            commands=commands,
            add_photo=add_photo,
            file_name=file_name,
            groups=groups,
        )
        application.add_routes(limits.guarded(chat.routes()))
        application.on_shutdown.append(lambda _: chat.close())
    return application


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
        try:
            await self._receive(self._channel.name, envelope, body)
        except Exception as error:
            log.error("An update was refused.", action="webhook_refused", error=error)
            return Response(status=503, headers={"Retry-After": "2"})
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
            return json_response({"status": "unavailable"}, status=503)
        return json_response({"status": "ok", **state})

    return answer


def _metrics_page(health: Health) -> Handler:
    async def answer(request: Request) -> Response:
        try:
            state: Mapping[str, Any] | None = await health()
        except Exception:
            state = None
        text = generate_latest(REGISTRY) + generate_latest(_gauges(state))
        return Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return answer


def _gauges(state: Mapping[str, Any] | None) -> CollectorRegistry:
    """Return the state of the queues as gauges; of a database that is away only that it is."""
    registry = CollectorRegistry()
    registry.register(_State({"healthy": float(state is not None), **(state or {})}))
    return registry


class _State(Collector):
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def collect(self) -> Iterator[Metric]:
        for name, value in self._values.items():
            if isinstance(value, int | float):
                yield GaugeMetricFamily(
                    f"langnghe_{name}", f"{name.replace('_', ' ').capitalize()}, now.", value=float(value)
                )
