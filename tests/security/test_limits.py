"""What one address may ask: a flood is slowed, a disaster is not, and nobody pretends to be another."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

import bot.limits as limits
from bot.limits import AddressLimits, close_oldest
from bot.session import COOKIE
from bot.settings import WrongSettings, load_settings
from handlers import pace
from handlers.pace import Pace
from tests.standins.echo_bot import EchoBot

TOKEN = "a-token-for-figures"


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def behind_proxy(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[EchoBot]:
    """The real web server behind a proxy on this machine, which it trusts."""
    made = AddressLimits(trusted_proxies=[ip_network("127.0.0.0/8")], metrics_token=TOKEN, clock=clock)
    monkeypatch.setattr("bot.server.AddressLimits", lambda: made)
    monkeypatch.setattr("bot.web_chat.Pace", partial(Pace, clock=clock))
    async with EchoBot(tmp_path) as running:
        yield running


@pytest.fixture
async def unconfigured(tmp_path: Path) -> AsyncIterator[EchoBot]:
    async with EchoBot(tmp_path) as running:
        yield running


async def asks(
    bot: EchoBot, address: str, path: str = "/chat/session", *, method: str = "POST", **headers: str
) -> tuple[int, Mapping[str, str], str]:
    sent = {"Origin": bot.url, **headers, **({"X-Forwarded-For": address} if address else {})}
    async with (
        aiohttp.ClientSession(bot.url) as http,
        http.request(method, path, headers=sent) as answer,
    ):
        return answer.status, answer.headers, await answer.text()


async def empty(bot: EchoBot, address: str, count: int, **options: Any) -> None:
    async with aiohttp.ClientSession(bot.url) as http:
        for _ in range(count):
            sent = {"Origin": bot.url, "X-Forwarded-For": address}
            async with http.post("/chat/session", headers=sent) as answer:
                assert answer.status == 200
                http.cookie_jar.clear()


async def test_one_address_is_slowed_and_told_when_to_come_back_and_others_are_not(
    behind_proxy: EchoBot, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = limits.REFUSED.labels("begin")
    before = refused._value.get()
    await empty(behind_proxy, "113.160.0.9", limits.BEGINNING[0])
    status, headers, body = await asks(behind_proxy, "113.160.0.9")
    assert (status, headers["Retry-After"]) == (429, "1")
    assert refused._value.get() == before + 1
    assert '"too_fast"' in body  # the page says it in a sentence, and tries again
    assert "Set-Cookie" not in headers
    status, headers, body = await asks(behind_proxy, "113.160.0.9", Accept="text/html")
    assert (status, headers["X-Content-Type-Options"]) == (429, "nosniff")
    assert "Có quá nhiều yêu cầu từ mạng của anh/chị" in body
    assert (await asks(behind_proxy, "113.160.0.10"))[0] == 200
    clock.now += 1.0
    assert (await asks(behind_proxy, "113.160.0.9"))[0] == 200


async def test_who_says_to_be_another_is_still_counted_as_who_they_are(behind_proxy: EchoBot) -> None:
    await empty(behind_proxy, "1.1.1.1, 113.160.0.9", limits.BEGINNING[0])
    assert (await asks(behind_proxy, "8.8.8.8, 113.160.0.9"))[0] == 429
    assert (await asks(behind_proxy, "113.160.0.9, 8.8.8.8"))[0] == 200
    assert (await asks(behind_proxy, "8.8.8.8, 113.160.0.9, 127.0.0.5"))[0] == 429


async def test_an_ipv6_customer_has_one_limit_for_all_their_addresses(behind_proxy: EchoBot) -> None:
    await empty(behind_proxy, "2001:ee0:4041:1::7", limits.BEGINNING[0])
    assert (await asks(behind_proxy, "2001:ee0:4041:1:ffff::1"))[0] == 429
    assert (await asks(behind_proxy, "2001:ee0:4041:2::7"))[0] == 200


@pytest.mark.parametrize("address", ["", "10.0.0.7", "not an address", "::1", "127.0.0.1"])
async def test_who_cannot_be_told_apart_is_not_limited(behind_proxy: EchoBot, address: str) -> None:
    """Better none than one limit for everybody behind a proxy that hides them."""
    found = [web_request_key(behind_proxy, address) for _ in range(3)]
    assert found == [""] * 3


def web_request_key(bot: EchoBot, address: str) -> str:
    from aiohttp.test_utils import make_mocked_request

    made = AddressLimits(trusted_proxies=[ip_network("127.0.0.0/8")])
    headers = {"X-Forwarded-For": address} if address else {}
    request = make_mocked_request("GET", "/chat", headers=headers).clone(remote="127.0.0.1")
    return made._key(request)


@pytest.mark.parametrize(
    ("remote", "key"),
    [
        ("113.160.0.9", "113.160.0.9"),
        ("::ffff:113.160.0.9", "113.160.0.9"),
        ("2001:ee0:4041:1::7", "2001:ee0:4041:1::/64"),
        ("100.64.3.2", "100.64.3.2"),
    ],
)
def test_without_a_trusted_proxy_the_connection_tells_who_asks(remote: str, key: str) -> None:
    from aiohttp.test_utils import make_mocked_request

    request = make_mocked_request("GET", "/chat", headers={"X-Forwarded-For": "8.8.8.8"})
    assert AddressLimits()._key(request.clone(remote=remote)) == key


def test_what_is_remembered_of_addresses_has_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "REMEMBERED", 100)
    now = 0.0
    paced = Pace(2, 60.0, clock=lambda: now)
    paced.wait("steady")
    paced.wait("steady")
    for number in range(1000):
        paced.wait(f"address {number}")
    assert len(paced._empty_at) <= 101
    assert paced.wait("steady") > 0, "whoever sends most is not forgotten"


def test_a_disaster_behind_one_address_passes() -> None:
    """Two hundred people of one operator's network report within a minute, three requests each."""
    clock = Clock()
    send = Pace(*limits.SENDING, clock=clock)
    begin = Pace(*limits.BEGINNING, clock=clock)
    for _ in range(200):
        clock.now += 60 / 200
        assert begin.wait("operator") == 0
        assert [send.wait("operator") for _ in range(3)] == [0.0] * 3


async def test_of_very_many_who_come_at_once_each_who_is_let_in_gets_the_whole_page(
    behind_proxy: EchoBot,
) -> None:
    village = "113.160.0.9"
    async with aiohttp.ClientSession(behind_proxy.url, headers={"X-Forwarded-For": village}) as http:
        while True:
            async with http.get("/chat") as page:
                if page.status != 200:
                    break
        assert page.status == 429
        for _ in range(10):
            async with http.get("/page/logo.svg") as part:
                assert part.status == 200


@pytest.mark.parametrize(
    ("path", "limit"), [("messages", "BODY_SECONDS"), ("photos?id=upload-1", "UPLOAD_SECONDS")]
)
async def test_what_the_page_sends_in_drops_is_not_waited_for(
    unconfigured: EchoBot, monkeypatch: pytest.MonkeyPatch, path: str, limit: str
) -> None:
    monkeypatch.setattr(f"bot.web_chat.{limit}", 0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(unconfigured.url.rpartition(":")[2]))
    writer.write(
        f"POST /chat/{path} HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nCookie: {COOKIE}={'t' * 43}\r\n"
        "Content-Type: multipart/form-data; boundary=abc\r\nContent-Length: 1000\r\n\r\n--a".encode()
    )
    async with asyncio.timeout(60):
        assert (await reader.readline()).startswith(b"HTTP/1.1 408")
    writer.close()
    await writer.wait_closed()


# what is for operators


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"X-Forwarded-For": "113.160.0.9"}, 404),
        ({"Forwarded": "for=113.160.0.9"}, 404),
        ({"X-Forwarded-For": "113.160.0.9", "Authorization": f"Bearer {TOKEN}"}, 200),
        ({"X-Forwarded-For": "113.160.0.9", "Authorization": "Bearer another"}, 404),
        ({"X-Forwarded-For": "113.160.0.9", "Authorization": "Bearer "}, 404),
        ({"X-Forwarded-For": "113.160.0.9", "Authorization": f"Basic {TOKEN}"}, 404),
        ({"X-Forwarded-For": "10.1.2.3"}, 200),
    ],
)
async def test_figures_for_operators_are_not_there_for_strangers(
    behind_proxy: EchoBot, headers: dict[str, str], status: int
) -> None:
    assert (await asks(behind_proxy, "", "/metrics", method="GET", **headers))[0] == status


async def test_a_proxy_that_nobody_named_opens_nothing(unconfigured: EchoBot) -> None:
    assert (await asks(unconfigured, "10.1.2.3", "/metrics", method="GET"))[0] == 404
    assert (await asks(unconfigured, "113.160.0.9", "/metrics", method="GET"))[0] == 404
    assert (await asks(unconfigured, "", "/metrics", method="GET", Authorization="Bearer "))[0] == 200


async def test_a_stranger_hears_that_it_lives_and_nothing_of_the_queues(behind_proxy: EchoBot) -> None:
    status, _, body = await asks(behind_proxy, "113.160.0.9", "/healthz", method="GET")
    assert (status, body) == (200, '{"status": "ok"}')
    _, _, told = await asks(behind_proxy, "", "/healthz", method="GET")
    assert "inbox_waiting" in told


# connections


async def served(handler: Any, **options: Any) -> tuple[web.AppRunner, int]:
    application = web.Application()
    application.router.add_post("/", handler)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1, **options)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


async def test_a_connection_that_never_finishes_its_headers_is_closed() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    runner, port = await served(answer, keepalive_timeout=0.05)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nX-Slow: ")
    try:
        async with asyncio.timeout(60):
            assert await reader.read() == b""
    finally:
        await closed([(reader, writer)], runner)


async def test_the_oldest_connections_go_when_there_are_too_many() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response()

    runner, port = await served(answer)
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
    try:
        async with asyncio.timeout(60):
            assert [await answered(*stream) for stream in opened] == [True] * 3
            close_oldest(runner, 2)
            assert await opened[0][0].read() == b""
            assert [await answered(*stream) for stream in opened[1:]] == [True] * 2
    finally:
        await closed(opened, runner)


async def answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
    writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")
    return (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")


async def closed(opened: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]], runner: Any) -> None:
    for _, writer in opened:
        writer.close()
        await writer.wait_closed()
    await runner.cleanup()


# settings


def test_wrong_proxies_and_short_tokens_are_refused() -> None:
    with pytest.raises(WrongSettings) as wrong:
        load_settings({"LANGNGHE_TRUSTED_PROXIES": "10.0.0.0/8, proxy", "LANGNGHE_METRICS_TOKEN": "short"})
    told = str(wrong.value)
    assert "LANGNGHE_TRUSTED_PROXIES: must be addresses or networks" in told
    assert "LANGNGHE_METRICS_TOKEN: must have at least 16" in told
    assert "short" not in told
