"""The program connects to the vendors of its settings and to nobody else, whatever people send it."""

import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from structlog.testing import capture_logs
from yarl import URL

from bot.channels.zalo_oa.downloads import Allowed, download
from bot.outgoing import GuardedConnector, NotAllowed, allow_list
from bot.settings import Settings, load_settings
from handlers.channel import Rejected


def settings(**given: str) -> Settings:
    return load_settings({f"LANGNGHE_{name.upper()}": value for name, value in given.items()})[0]


class Names(AbstractResolver):
    """Names that resolve to what a test says."""

    def __init__(self, **known: str) -> None:
        self.known = {name.replace("_", "."): address for name, address in known.items()}

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[Any]:
        address = self.known[host]
        return [{"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self) -> None:
        pass


class Inside:
    """A server in the city's own network that nobody outside may reach."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.port = 0

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(request.path)
        if request.path == "/on":
            return web.Response(status=302, headers={"Location": "http://169.254.169.254/latest/meta-data"})
        return web.Response(body=b"inside")


@pytest.fixture
async def inside() -> AsyncIterator[Inside]:
    server = Inside()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.port = runner.addresses[0][1]
    yield server
    await runner.cleanup()


def session(names: Names | None = None, **given: str) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=GuardedConnector(allow_list(settings(**given)), resolver=names))


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:{port}/photo.jpg",
        "http://localhost:{port}/photo.jpg",
        "http://[::1]:{port}/photo.jpg",
        "http://2130706433:{port}/photo.jpg",
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.5/",
        "http://photo.zdn.vn:{port}/photo.jpg",
        "http://photo.zdn.vn.attacker.example/photo.jpg",
        "http://zdn.vn@127.0.0.1:{port}/photo.jpg",
        "https://attacker.example/photo.jpg",
    ],
)
async def test_an_address_of_anybody_else_is_not_connected_to(address: str, inside: Inside) -> None:
    names = Names(photo_zdn_vn="127.0.0.1", localhost="127.0.0.1")
    with capture_logs() as logged:
        async with session(names) as client:
            with pytest.raises(aiohttp.InvalidURL):
                await client.get(address.format(port=inside.port))
    assert inside.asked == []
    assert [line["action"] for line in logged] == ["outgoing_refused"]


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "192.168.1.1", "100.64.0.1", "::1"]
)
async def test_a_vendors_name_that_leads_inside_is_not_followed(address: str) -> None:
    with capture_logs() as logged:
        async with session(Names(photo_zdn_vn=address, api_telegram_org=address)) as client:
            for url in ("https://photo.zdn.vn/a.jpg", "https://api.telegram.org/bot1:x/getMe"):
                with pytest.raises(NotAllowed):
                    await client.get(url)
    assert [line["host"] for line in logged] == ["photo.zdn.vn", "api.telegram.org"]


async def test_a_redirect_is_asked_about_anew(inside: Inside) -> None:
    own = f"http://127.0.0.1:{inside.port}"
    async with session(zalo_api_url=own) as client:
        answer = await client.get(f"{own}/there")
        assert await answer.read() == b"inside"
        with pytest.raises(NotAllowed):
            await client.get(f"{own}/on")
    assert inside.asked == ["/there", "/on"]


async def test_a_picture_that_leads_inside_is_given_up_and_not_tried_again(inside: Inside) -> None:
    # As its adapter does it: the name is a vendor's, so that only where it leads to gives it away.
    with capture_logs():
        async with session(Names(photo_zdn_vn="127.0.0.1")) as client:
            with pytest.raises(Rejected) as refused:
                await download(client, "https://photo.zdn.vn/a.jpg", Allowed())
    assert not refused.value.retryable
    assert inside.asked == []


def test_a_server_of_the_citys_own_may_stand_in_its_own_network_on_its_own_port() -> None:
    allowed = allow_list(settings(sms_url="http://sms.city.internal:8090/send"))
    allowed.check(URL("http://sms.city.internal:8090/send"))
    assert allowed.may_be_private("sms.city.internal", 8090)
    with pytest.raises(NotAllowed):
        allowed.check(URL("http://sms.city.internal/admin"))
    assert not allowed.may_be_private("api.telegram.org", 443)
