"""A Telegram that fails as it is told to, and remembers what the program has acknowledged."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Any

import aiohttp
from aiohttp import web

from tests.standins.telegram import TelegramStandIn

TOKEN = "42:stand-in-for-the-vendor"
WEBHOOK_SECONDS = 20.0
"""How long the vendor waits for its webhook to answer, before it tries again."""

Trouble = Callable[["Vendor", web.Request], Awaitable[web.StreamResponse]]
"""What becomes of a call while the vendor is in trouble."""


class Vendor(TelegramStandIn):
    """The stand-in, with one trouble at a time; any of `targets` may be given an update."""

    def __init__(self, random: Random) -> None:
        super().__init__(token=TOKEN, patience=3600.0)
        self.trouble: Trouble | None = None
        self.targets: list[str] = []
        """Where webhooks are delivered; the one that the program asks for where this is empty."""
        self.disturbing = False
        """Whether updates are held up for different times and delivered again and again."""
        self.acknowledged: set[str] = set()
        self.repeated = 0
        """How many updates were delivered again after they had been acknowledged."""
        self._random = random
        self._again: set[asyncio.Task[None]] = set()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        if self.trouble is not None:
            return await self.trouble(self, request)
        return await super()._answer(request)

    async def perform(self, request: web.Request) -> web.StreamResponse:
        """Do what was asked, as when there is no trouble."""
        return await super()._answer(request)

    @property
    def chance(self) -> Random:
        """The source of chance for what goes wrong."""
        return self._random

    async def go_away(self) -> None:
        """Refuse every connection."""
        assert self._runner is not None
        for site in list(self._runner.sites):
            await site.stop()

    async def come_back(self) -> None:
        """Listen again, where it did before."""
        assert self._runner is not None
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()

    async def _post(self, update: Any) -> int:
        identity = str(update["update_id"])
        if self.disturbing:
            await asyncio.sleep(self._random.random() * 0.4)
        status = await self._post_once(update)
        if status == 200:
            self.acknowledged.add(identity)
            if self.disturbing and self._random.random() < 0.5:
                self._deliver_again(update)
        return status

    def _deliver_again(self, update: Any) -> None:
        async def again() -> None:
            await asyncio.sleep(self._random.random() * 1.5)
            if await self._post_once(update) == 200:
                self.repeated += 1

        task = asyncio.create_task(again())
        self._again.add(task)
        task.add_done_callback(self._again.discard)

    async def _post_once(self, update: Any) -> int:
        assert self._client is not None
        url = self._random.choice(self.targets) if self.targets else self._webhook["url"]
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._webhook["secret_token"]}
        timeout = aiohttp.ClientTimeout(total=WEBHOOK_SECONDS)
        try:
            async with self._client.post(url, json=update, headers=headers, timeout=timeout) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError):
            return 0

    async def __aexit__(self, *error: object) -> None:
        for task in self._again:
            task.cancel()
        await asyncio.gather(*self._again, return_exceptions=True)
        await super().__aexit__(*error)


# ---- kinds of trouble


async def drops(vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Close the connection without an answer."""
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def is_slow(vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Take seconds for what takes milliseconds."""
    await asyncio.sleep(1 + 4 * vendor.chance.random())
    return await vendor.perform(request)


async def asks_to_wait(vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Answer 429: too many requests, again in two seconds."""
    body = {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 2",
        "parameters": {"retry_after": 2},
    }
    return web.json_response(body, status=429)


async def fails(vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Answer 500, or 502 with a page."""
    if vendor.chance.random() < 0.5:
        return web.Response(status=502, text="<html>Bad Gateway</html>", content_type="text/html")
    body = {"ok": False, "error_code": 500, "description": "Internal Server Error"}
    return web.json_response(body, status=500)


async def talks_garbage(vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Answer 200 with something that is no answer; sometimes after it did what was asked."""
    if vendor.chance.random() < 0.3:
        await vendor.perform(request)
    text = vendor.chance.choice(
        ["<html>ok</html>", "", "{", "[]", '{"ok": true}', '"ok"', "null", "\x00\xff"]
    )
    return web.Response(text=text, content_type="application/json")


async def breaks_off(vendor: Vendor, request: web.Request) -> web.StreamResponse:
    """Send the first half of the answer and close the connection; what was asked is done."""
    whole = await vendor.perform(request)
    assert isinstance(whole, web.Response)
    assert isinstance(whole.body, bytes)
    half = web.StreamResponse(status=whole.status, headers={"Content-Type": "application/json"})
    half.content_length = len(whole.body)
    await half.prepare(request)
    await half.write(whole.body[: len(whole.body) // 2])
    assert request.transport is not None
    request.transport.close()
    return half
