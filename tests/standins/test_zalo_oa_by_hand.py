"""The stand-in of an Official Account that an operator plays with for longer than one start of it."""

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer, unused_port

from bot.channels.zalo_oa import Client, ZaloOaChannel
from handlers.channel import Empty
from tests.standins.zalo_oa import ZaloOaStandIn

ROOT = Path(__file__).parents[2]


class Heard:
    """A webhook that checks events as the real one does and keeps their identities."""

    def __init__(self) -> None:
        vendor = ZaloOaStandIn()
        self.ids: list[str] = []
        self.channel = ZaloOaChannel(
            client=Client(tokens=None),  # type: ignore[arg-type]  # nothing is sent
            app_id=vendor.app_id,
            oa_secret_key=vendor.oa_secret_key,
            open_media=None,  # type: ignore[arg-type]
        )

    async def answer(self, request: web.Request) -> web.Response:
        with suppress(Empty):
            self.ids.append(self.channel.envelope(await request.read(), request.headers).external_id)
        return web.Response()


@pytest.fixture
async def heard() -> AsyncIterator[tuple[Heard, str]]:
    heard = Heard()
    app = web.Application()
    app.router.add_post("/zalo/oa", heard.answer)
    async with TestServer(app) as server:
        yield heard, str(server.make_url("/zalo/oa"))


@asynccontextmanager
async def played(webhook: str) -> AsyncIterator[str]:
    """Start it as an operator does; return its address."""
    port = unused_port()
    arguments = ("-m", "tests.standins.zalo_oa", "--port", str(port), "--webhook", webhook)
    process = await asyncio.create_subprocess_exec(
        sys.executable, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    while b"played at" not in await process.stdout.readline():
        assert process.returncode is None
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        process.send_signal(signal.SIGKILL)
        await process.communicate()


async def says(url: str, path: str, **content: Any) -> dict[str, Any]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/stand-in/{path}", data=json.dumps(content)) as answer,
    ):
        answered: dict[str, Any] = await answer.json()
        return answered


async def test_what_is_said_after_a_new_start_is_no_repetition_and_time_may_pass(
    heard: tuple[Heard, str],
) -> None:
    hook, webhook = heard
    async with played(webhook) as url:
        await says(url, "say", user="1001", text="Rác")
    async with played(webhook) as url:
        await says(url, "say", user="1001", text="Rác")
        await says(url, "do", do="pass", hours=60)
        assert (await says(url, "say", user="1001", text="Còn rác"))["webhook"] == [200]
    assert len(set(hook.ids)) == 3
