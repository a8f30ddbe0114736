"""The load: many chats talking to one bot over its webhook, and the Bot API that the bot answers to.

Runs in a process of its own, so that the bot under test has its core to itself. Prints one JSON line.
"""

import argparse
import asyncio
import itertools
import json
import re
import statistics
import time
from collections.abc import Iterator
from typing import cast
from urllib.parse import urlsplit

from aiohttp import web

COMPLAINT = (
    "Trước cổng nhà số 12 đường Giải Phóng, {ward} có đống rác lớn ba hôm nay không ai dọn, "
    "mùi hôi bay khắp ngõ, mong phường cho người xuống xử lý sớm."
)
CONVERSATION = ("/start", COMPLAINT, "1", "/cuatoi")
"""Four messages of one citizen; each gets one answer."""
WARDS = (
    "phường Khương Đình",
    "phường Thanh Xuân",
    "phường Hoàn Kiếm",
    "phường Ba Đình",
    "phường Cầu Giấy",
    "phường Hà Đông",
    "phường Bồ Đề",
    "phường Long Biên",
    "phường Đống Đa",
    "phường Tây Hồ",
    "phường Hoàng Mai",
    "phường Nghĩa Đô",
    "phường Láng",
    "phường Kim Liên",
    "phường Từ Liêm",
    "phường Tương Mai",
)
"""Where people complain; each ward has somebody who is told."""


def said(text: str, chat: int) -> str:
    """Return what the person in this chat writes."""
    return text.format(ward=WARDS[chat % len(WARDS)])


class Stand:
    """A Bot API that says yes, and tells who is waiting for a message that it has come."""

    def __init__(self) -> None:
        self.arrived: dict[int, asyncio.Event] = {}
        self.extra = 0
        self.ids = itertools.count(1)

    def application(self) -> web.Application:
        """Return the server."""
        application = web.Application()
        application.router.add_route("*", "/{token}/{method}", self.answer)
        return application

    async def answer(self, request: web.Request) -> web.Response:
        """Answer any method; a sendMessage wakes its chat."""
        method = request.match_info["method"]
        if method.lower() == "getme":
            return _ok({"id": 1, "is_bot": True, "first_name": "bot", "username": "bot"})
        if method.lower() != "sendmessage":
            return _ok(True)
        raw = await request.json() if request.content_type == "application/json" else await request.post()
        chat = int(str(raw["chat_id"]))
        waiting = self.arrived.get(chat)
        if waiting is None or waiting.is_set():
            self.extra += 1
        else:
            waiting.set()
        sent = {"message_id": next(self.ids), "date": 1, "chat": {"id": chat, "type": "private"}, "text": "x"}
        return _ok(sent)


def _ok(result: object) -> web.Response:
    return web.json_response({"ok": True, "result": result})


def update(number: int, chat: int, text: str) -> bytes:
    """Return one webhook body, as Telegram sends it."""
    user = {"id": chat, "is_bot": False, "first_name": "An", "language_code": "vi"}
    message = {
        "message_id": number,
        "from": user,
        "chat": {"id": chat, "first_name": "An", "type": "private"},
        "date": int(time.time()),
        "text": text,
    }
    if text.startswith("/"):
        message["entities"] = [{"type": "bot_command", "offset": 0, "length": len(text)}]
    return json.dumps({"update_id": number, "message": message}).encode()


class Poster(asyncio.Protocol):
    """One kept-open connection that posts webhook bodies: no client library, so that the bot is the limit."""

    def __init__(self, host: str) -> None:
        self.head = (
            f"POST /telegram HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            "X-Telegram-Bot-Api-Secret-Token: secret\r\nContent-Length: "
        ).encode()
        self.received = b""
        self.answered: asyncio.Future[None]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the connection."""
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """Finish the request when its whole answer is there."""
        self.received += data
        head, end, body = self.received.partition(b"\r\n\r\n")
        length = int((re.findall(rb"(?i)content-length: (\d+)", head) or [b"0"])[0])
        if end and len(body) >= length:
            self.received = b""
            assert head.startswith(b"HTTP/1.1 200"), head
            self.answered.set_result(None)

    async def post(self, body: bytes) -> None:
        """Send one update and wait until it is acknowledged."""
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(self.head + str(len(body)).encode() + b"\r\n\r\n" + body)
        await self.answered


async def connect(url: str) -> Poster:
    """Open a connection, waiting for the bot to come up."""
    parts = urlsplit(url)
    for _ in range(300):
        try:
            return (
                await asyncio.get_running_loop().create_connection(
                    lambda: Poster(parts.netloc), parts.hostname, parts.port
                )
            )[1]
        except OSError:
            await asyncio.sleep(0.1)
    raise SystemExit(f"nothing answers at {url}")


async def talk(stand: Stand, poster: Poster, ids: Iterator[int], until: float) -> list[float]:
    """Hold conversations in ever new chats until the time is up; return how long each turn took, seconds."""
    turns = []
    while time.perf_counter() < until:
        chat = 10_000_000 + next(ids)
        for text in CONVERSATION:
            arrived = stand.arrived[chat] = asyncio.Event()
            start = time.perf_counter()
            await poster.post(update(next(ids), chat, said(text, chat)))
            async with asyncio.timeout(30):
                await arrived.wait()
            turns.append(time.perf_counter() - start)
        del stand.arrived[chat]
    return turns


async def post(poster: Poster, ids: Iterator[int], until: float) -> list[float]:
    """Post updates of many chats until the time is up; return how long each took to be acknowledged."""
    times = []
    while (start := time.perf_counter()) < until:
        number = next(ids)
        await poster.post(update(number, number % 5000 + 1, said(COMPLAINT, number)))
        times.append(time.perf_counter() - start)
    return times


async def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Return how many a second were done, and their time at the median and 99th percentile, milliseconds."""
    stand = Stand()
    runner = web.AppRunner(stand.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", arguments.api_port).start()
    ids = itertools.count(int(time.time() * 1000) % 10**9 * 1000)
    posters = [await connect(arguments.url) for _ in range(arguments.chats)]
    for seconds in (1.0, arguments.seconds):  # the first round warms up
        start = time.perf_counter()
        until = start + seconds
        if arguments.what == "turns":
            work = [talk(stand, poster, ids, until) for poster in posters]
        else:
            work = [post(poster, ids, until) for poster in posters]
        times = [each for every in await asyncio.gather(*work) for each in every]
        spent = time.perf_counter() - start
    return {
        "per_second": len(times) / spent,
        "unexpected_answers": stand.extra,
        "p50_ms": statistics.median(times) * 1000,
        "p99_ms": sorted(times)[int(len(times) * 0.99)] * 1000,
    }


def main() -> None:
    """Measure one bot that is running already."""
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("turns", "acknowledgements"))
    parser.add_argument("--url", required=True)
    parser.add_argument("--api-port", type=int, default=0)
    parser.add_argument("--chats", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=5)
    arguments = parser.parse_args()
    try:
        import uvloop

        result = uvloop.run(measure(arguments))
    except ImportError:
        result = asyncio.run(measure(arguments))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
