"""How the servers of an Official Account listen, tell the time, and post signed events to a webhook."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import aiohttp
from aiohttp import web

from tests.standins import zalo_oa_rules as rules


@dataclass(kw_only=True, slots=True)
class Posted:
    """One event that was given to the bot's webhook, and what it answered each time; 0 for no answer."""

    event: dict[str, Any]
    body: bytes
    statuses: list[int] = field(default_factory=list)
    echo: bool = False
    """Whether it only tells the bot of what the bot did."""

    @property
    def taken(self) -> bool:
        """Whether the webhook has taken it."""
        return 200 in self.statuses


class EventsServer:
    """What listens, tells the time and posts events to the bot's webhook."""

    def __init__(
        self,
        *,
        port: int = 0,
        webhook: str = "",
        app_id: str = "4318657068771012646",
        app_secret: str = "app-secret-of-the-stand-in",
        oa_secret_key: str = "oa-secret-key-of-the-stand-in",
        oa_id: str = "2491302944280861639",
        clock: Callable[[], datetime] | None = None,
        per_minute: int = 4000,
        retry_delays: Sequence[float] = (0.1, 0.2, 0.4, 0.8, 1.6),
        patience: float = 2.0,
        echoes: bool = True,
        latency: float = 0.0,
        proof: bool = False,
        strangers: bool = False,
        remember: bool = True,
        first_id: int = 1,
    ) -> None:
        """`webhook`: where events are posted; it may be assigned later. `clock` tells the time of windows
        and tokens. `retry_delays`: seconds before each repeated post of an event that was not answered 200
        within `patience` seconds (the vendor: 30 s to 1 h). `echoes`: whether the bot is told of its own
        messages. `latency`: seconds before each answer. `proof`: whether calls must prove that they are the
        app's. `strangers`: the bot may write to people who never wrote to it (for load generators).
        `remember=False` keeps counts only. `first_id`: where messages are counted from; a program that knows
        a stand-in before this one takes ids that it has seen for repeated events.
        """
        self.app_id, self.app_secret, self.oa_secret_key, self.oa_id = (
            app_id,
            app_secret,
            oa_secret_key,
            oa_id,
        )
        self.webhook, self.clock = webhook, clock or (lambda: datetime.now(UTC))
        self.per_minute, self.retry_delays, self.patience = per_minute, retry_delays, patience
        self.echoes, self.proof = echoes, proof
        self.stamps = lambda: self.now
        """What events say of their time."""
        self.violations: list[str] = []
        """What a correct program never does; leaving the context with any is an AssertionError."""
        self.posted: list[Posted] = []
        self.disabled = False
        """Whether the vendor gave up the webhook, after an event that was not taken at any try."""
        self._port, self._latency = port, latency
        self._strangers, self._remember = strangers, remember
        self._twice = 0
        self._held: list[Posted] | None = None
        self._ids = itertools.count(first_id)
        self._background: set[asyncio.Task[None]] = set()
        self._news = asyncio.Condition()
        self._closing = asyncio.Event()
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None

    @property
    def url(self) -> str:
        """Where the bot calls: the API, the consent pages and the templates alike."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def now(self) -> datetime:
        """The time by its clock; assigning stops the clock there."""
        return self.clock()

    @now.setter
    def now(self, moment: datetime) -> None:
        self.clock = lambda: moment

    def passes(self, time: timedelta) -> None:
        """Move a stopped clock on."""
        self.now = self.now + time

    async def __aenter__(self) -> Self:
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        self._port = self._runner.addresses[0][1]
        self._client = aiohttp.ClientSession()
        return self

    async def __aexit__(self, kind: object, error: object, trace: object) -> None:
        self._closing.set()
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        assert self._client is not None
        assert self._runner is not None
        await self._client.close()
        await self._runner.cleanup()
        if error is None and self.violations:
            raise AssertionError("\n".join(self.violations))

    def identity(self) -> str:
        """Return an id such as the vendor's, beyond what a floating number can hold."""
        return str(7_000_000_000_000_000_000 + next(self._ids))

    def routes(self) -> list[web.RouteDef]:
        """Return where it listens."""
        return []

    # ---- events

    def event(self, name: str, **content: Any) -> dict[str, Any]:
        """Return an event of this name, as the vendor writes it."""
        return {
            "app_id": self.app_id,
            "event_name": name,
            **content,
            "timestamp": str(int(self.stamps().timestamp() * 1000)),
        }

    async def deliver(self, event: Mapping[str, Any], *, quietly: bool = False) -> Posted:
        """Post an event until it is taken, as the vendor does; `quietly`: once, and nobody minds."""
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        posted = Posted(event=dict(event), body=body, echo=quietly)
        if self._remember:
            self.posted.append(posted)
        if self._held is not None:
            self._held.append(posted)
        elif self.webhook and not self.disabled:
            await self._push(posted, () if quietly else self.retry_delays)
            if self._twice and not quietly:
                self._twice -= 1
                await self.deliver_again(posted)
            if not (posted.taken or quietly):
                self.disabled = True
                self.violations.append(f"{event.get('event_name')} was not taken: {posted.statuses}")
        return posted

    async def deliver_again(self, posted: Posted | None = None) -> int:
        """Post an event once more, by default the last; return what the webhook answered."""
        last = posted or self.posted[-1]
        last.statuses.append(await self._post(last, len(last.statuses)))
        return last.statuses[-1]

    async def deliver_raw(self, body: bytes, headers: Mapping[str, str] | None = None) -> int:
        """Post any bytes; signed as a genuine event would be unless `headers` are given."""
        assert self._client is not None
        signed = self._headers(body, 0) if headers is None else headers
        async with self._client.post(self.webhook, data=body, headers=dict(signed)) as answer:
            return answer.status

    async def probe(self) -> int:
        """Check the webhook as the console does: an unsigned `{}`."""
        return await self.deliver_raw(b"{}", {"Content-Type": "application/json"})

    def duplicates(self, events: int = 1) -> None:
        """Post each of the next events twice."""
        self._twice += events

    @asynccontextmanager
    async def out_of_order(self) -> AsyncIterator[None]:
        """Post what happens inside only at the end, the last first."""
        held: list[Posted] = []
        self._held = held
        try:
            yield
        finally:
            self._held = None
        for posted in reversed(held):
            await self._push(posted, self.retry_delays)

    def pending(self) -> int:
        """Return how many events were not taken by the webhook."""
        return sum(not (posted.taken or posted.echo) for posted in self.posted)

    async def _push(self, posted: Posted, delays: Sequence[float]) -> None:
        for delay in (0.0, *delays):
            await asyncio.sleep(delay)
            posted.statuses.append(await self._post(posted, len(posted.statuses)))
            if posted.taken:
                return

    async def _post(self, posted: Posted, retry: int) -> int:
        assert self._client is not None
        limit = aiohttp.ClientTimeout(total=self.patience)
        headers = self._headers(posted.body, retry)
        try:
            async with self._client.post(
                self.webhook, data=posted.body, headers=headers, timeout=limit
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    def _headers(self, body: bytes, retry: int) -> dict[str, str]:
        try:
            timestamp = str(json.loads(body).get("timestamp", ""))
        except (ValueError, AttributeError):
            timestamp = ""
        mac = rules.signature(self.app_id, body, timestamp, self.oa_secret_key)
        headers = {"Content-Type": "application/json", "X-ZEvent-Signature": f"mac={mac}"}
        return {**headers, "num_retry": str(retry)} if retry else headers

    def _echo(self, event: Mapping[str, Any]) -> None:
        """Tell the bot of what it did itself, where that is asked for."""
        if self.echoes:
            self._later(event, quietly=True)

    def _later(self, event: Mapping[str, Any], *, quietly: bool) -> None:
        """Post an event once the call that it follows from is answered."""
        if self.webhook and not self.disabled:
            task = asyncio.create_task(self._tell(event, quietly))
            self._background.add(task)
            task.add_done_callback(self._background.discard)

    async def _tell(self, event: Mapping[str, Any], quietly: bool) -> None:
        await self.deliver(event, quietly=quietly)
