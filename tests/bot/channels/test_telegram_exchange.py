"""Requests over kept connections: answers in every form that HTTP allows, and servers that fail half-way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from bot.channels.telegram.exchange import LONGEST, Answer, Exchange, ExchangeFailed, NoAnswer


class Server:
    """Answers with the bytes that it is told, and counts who connects."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self.answers, self.closes = list(answers), closes
        self.connected, self.requests = 0, list[bytes]()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connected += 1
        try:
            while self.answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                for part in self.answers.pop(0).split(b"|"):
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.01)
                if self.closes:
                    break
        except asyncio.IncompleteReadError:
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asked(server: Server, *, connections: int = 4) -> AsyncIterator[tuple[Exchange, URL]]:
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    exchange = Exchange(connections=connections)
    port = listening.sockets[0].getsockname()[1]
    yield exchange, URL(f"http://127.0.0.1:{port}/bot1:x/sendMessage", encoded=True)
    exchange.close()
    listening.close()
    await listening.wait_closed()


FIVE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"
WHOLE: dict[str, bytes] = {
    "at once": FIVE + b"hello",
    "in pieces": b"HTTP/1.1 2|00 OK\r\nContent-|Length: 5\r\n\r\nhe|llo",
    "chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n|3\r\nllo\r\n0\r\n\r\n",
    "after a promise": b"HTTP/1.1 102 Processing\r\n\r\n|" + FIVE + b"hello",
}


@pytest.mark.parametrize("form", WHOLE)
async def test_an_answer_is_read_whole_and_its_connection_used_again(form: str) -> None:
    server = Server(WHOLE[form], WHOLE[form])
    async with asked(server) as (exchange, url):
        for _ in range(2):
            assert await exchange.post(url, b"{}", seconds=5) == (200, b"hello")
    assert server.connected == 1
    head = server.requests[0]
    assert head.startswith(b"POST /bot1:x/sendMessage HTTP/1.1\r\nHost: 127.0.0.1:")
    assert head.endswith(b"Content-Length: 2\r\n\r\n{}")


async def test_an_answer_may_end_with_its_connection_and_the_next_takes_another() -> None:
    until_the_end = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel|lo"
    server = Server(until_the_end, until_the_end, closes=True)
    async with asked(server) as (exchange, url):
        for _ in range(2):
            assert await exchange.post(url, b"{}", seconds=5) == (200, b"hello")
    assert server.connected == 2


async def test_a_connection_that_was_closed_while_it_rested_is_not_used() -> None:
    server = Server(FIVE + b"hello", FIVE + b"hello", closes=True)
    async with asked(server) as (exchange, url):
        for _ in range(2):
            assert await exchange.post(url, b"{}", seconds=5) == (200, b"hello")
            await asyncio.sleep(0.05)
    assert server.connected == 2


@pytest.mark.parametrize(
    "answer",
    [b"", FIVE + b"hel", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"\x00\xff\r\n\r\n"],
)
async def test_what_is_no_answer_is_a_fault_and_is_not_sent_again(answer: bytes) -> None:
    server = Server(answer, closes=True)
    async with asked(server) as (exchange, url):
        with pytest.raises(ExchangeFailed):
            await exchange.post(url, b"{}", seconds=5)
    assert len(server.requests) == 1


async def test_a_server_that_says_nothing_is_waited_for_so_long_and_no_longer() -> None:
    server = Server(b"HTTP/1.1 |", FIVE + b"hello")
    async with asked(server) as (exchange, url):
        with pytest.raises(TimeoutError):
            await exchange.post(url, b"{}", seconds=0.1)
        server.answers = [FIVE + b"hello"]
        assert await exchange.post(url, b"{}", seconds=5) == (200, b"hello")
    assert server.connected == 2, "a late answer would be taken for the next one's"


async def test_many_at_once_share_the_connections_there_may_be() -> None:
    server = Server(*[FIVE + b"hello"] * 20)
    async with asked(server, connections=3) as (exchange, url):
        answers = await asyncio.gather(*(exchange.post(url, b"{}", seconds=5) for _ in range(20)))
    assert answers == [(200, b"hello")] * 20
    assert server.connected == 3


async def test_a_real_server_reads_the_body_as_it_was() -> None:
    said: list[object] = []

    async def answer(request: web.Request) -> web.Response:
        said.append(await request.json())
        return web.json_response({"ok": True}, status=403)

    application = web.Application()
    application.router.add_post("/bot1:x/sendMessage", answer)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    exchange = Exchange(connections=1)
    url = URL(f"http://127.0.0.1:{runner.addresses[0][1]}/bot1:x/sendMessage", encoded=True)
    assert await exchange.post(url, '{"text":"Đã nhận"}'.encode(), seconds=5) == (403, b'{"ok": true}')
    assert said == [{"text": "Đã nhận"}]
    exchange.close()
    await runner.cleanup()


@given(st.binary(max_size=200), st.sampled_from([b"", FIVE, FIVE[:-2], WHOLE["chunked"][:60]]))
def test_whatever_comes_is_an_answer_or_none(data: bytes, start: bytes) -> None:
    answer = Answer()
    with suppress(NoAnswer):
        answer.feed(start)
        answer.feed(data)
        answer.end()


def test_an_answer_without_an_end_is_given_up() -> None:
    answer = Answer()
    with pytest.raises(NoAnswer):
        answer.feed(b"x" * (LONGEST + 1))
