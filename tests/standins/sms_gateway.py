"""A gateway for short messages: takes JSON over HTTP, answers with an id, tells later what became."""

import asyncio
import base64
from dataclasses import dataclass, field
from typing import Any, Self

import aiohttp
from aiohttp import web


@dataclass
class SmsGateway:
    """Keeps what was posted; `answers` holds what it says to the next calls instead of taking them."""

    token: str = ""
    posted: list[dict[str, Any]] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    hangs: bool = False
    url: str = ""

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_post("/send", self._send)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/send"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    async def _send(self, request: web.Request) -> web.Response:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return web.json_response({"error": "unauthorized"}, status=401)
        if self.answers:
            status, headers = self.answers.pop(0)
            return web.json_response({"error": "not now"}, status=status, headers=headers)
        self.posted.append(await request.json())
        return web.json_response({"data": {"message_id": f"m{len(self.posted)}"}, "status": "queued"})

    async def tells(self, url: str, message_id: str, status: str, *, secret: str) -> int:
        """Send a receipt, with the secret as the password of the address; return the answer."""
        body = {"message_id": message_id, "status": status}
        basic = base64.b64encode(f"gateway:{secret}".encode()).decode()
        async with (
            aiohttp.ClientSession() as session,
            session.post(url, json=body, headers={"Authorization": f"Basic {basic}"}) as answer,
        ):
            return answer.status
