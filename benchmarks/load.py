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
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from typing import cast
from urllib.parse import urlsplit

from aiohttp import web

COMPLAINTS = (
    "Trước ngõ {alley} đường Giải Phóng, {ward} có đống rác lớn ba hôm nay không ai dọn, "
    "mùi hôi bay khắp nơi, mong phường cho người xuống xử lý sớm.",
    "Quán karaoke ở ngõ {alley} đường Giải Phóng, {ward} mở loa quá to tới nửa đêm, "
    "cả xóm không ai ngủ được, mong phường nhắc nhở.",
    "Hàng quán ở đầu ngõ {alley} đường Giải Phóng, {ward} bày bàn ghế lấn hết vỉa hè, "
    "người đi bộ phải xuống lòng đường, mong phường dẹp.",
    "Nhà trong ngõ {alley} đường Giải Phóng, {ward} đang xây trái phép thêm một tầng, "
    "không có giấy phép xây dựng, mong phường kiểm tra.",
    "Xưởng cơ khí ở ngõ {alley} đường Giải Phóng, {ward} phun sơn cả ngày, "
    "bụi và khói độc bay vào nhà dân, mong phường kiểm tra.",
)
"""What people complain of; each is a matter for the ward itself."""
FIRST_ALLEY, ALLEYS = 100, 900
"""Everybody tells of an alley of their own, of three digits: a second report of one incident would be asked
about, and the conversation would be another one."""
SEND = "1"
FILED = "Mã"
"""What stands before the code in the answer to whoever has sent a complaint, and in no question."""
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


def complaint(number: int) -> str:
    """Return what the person of this number complains of: 14,400 different texts, all wards first."""
    turn, ward = divmod(number, len(WARDS))
    thing = COMPLAINTS[turn % len(COMPLAINTS)]
    return thing.format(ward=WARDS[ward], alley=FIRST_ALLEY + turn % ALLEYS)


def conversation(number: int) -> tuple[str, ...]:
    """Return the four messages of one citizen; each gets one answer."""
    return ("/start", complaint(number), SEND, "/cuatoi")


class Stand:
    """A Bot API that says yes, and tells who is waiting for a message that it has come."""

    def __init__(self) -> None:
        self.arrived: dict[int, asyncio.Event] = {}
        self.said: dict[int, str] = {}
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
        if method.lower() == "getwebhookinfo":
            return _ok({"url": "https://bench.example/telegram", "pending_update_count": 0})
        if method.lower() != "sendmessage":
            return _ok(True)
        raw = await request.json() if request.content_type == "application/json" else await request.post()
        chat = int(str(raw["chat_id"]))
        waiting = self.arrived.get(chat)
        if waiting is None or waiting.is_set():
            self.extra += 1
        else:
            self.said[chat] = str(raw["text"])
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


async def talk(
    stand: Stand, poster: Poster, ids: Iterator[int], people: Iterator[int], until: float
) -> list[float]:
    """Hold conversations in ever new chats until the time is up; return how long each turn took, seconds.

    Raises AssertionError with the answer when a complaint that was sent was not filed: then the bots would
    not have done the same.
    """
    turns = []
    while (start := time.perf_counter()) < until:
        turns += await converse(stand, poster, ids, next(people), start)
    return turns


async def converse(
    stand: Stand, poster: Poster, ids: Iterator[int], number: int, start: float
) -> list[float]:
    """Hold one conversation in a new chat; return how long each turn took, the first from `start` on."""
    turns, chat = [], 10_000_000 + next(ids)
    for text in conversation(number):
        arrived = stand.arrived[chat] = asyncio.Event()
        await poster.post(update(next(ids), chat, text))
        async with asyncio.timeout(30):
            await arrived.wait()
        turns.append(time.perf_counter() - start)
        assert text != SEND or FILED in stand.said[chat], stand.said[chat]
        start = time.perf_counter()
    del stand.arrived[chat], stand.said[chat]
    return turns


async def post(poster: Poster, ids: Iterator[int], until: float) -> list[float]:
    """Post updates of many chats until the time is up; return how long each took to be acknowledged."""
    times = []
    while (start := time.perf_counter()) < until:
        number = next(ids)
        await poster.post(update(number, number % 5000 + 1, complaint(number)))
        times.append(time.perf_counter() - start)
    return times


@dataclass(frozen=True, slots=True)
class Pace:
    """So many a second, for so long, at this address, over so many connections."""

    url: str
    a_second: float
    seconds: float
    connections: int = 64


async def on_time(work: Callable[[Poster, float], Awaitable[list[float]]], pace: Pace) -> list[float]:
    """Begin a piece of work at each of its times, whatever the earlier ones take; return all their times.

    Each gets a free connection and the moment when it was due, from which its first time counts.
    """
    free: asyncio.Queue[Poster] = asyncio.Queue()
    for _ in range(pace.connections):
        free.put_nowait(await connect(pace.url))
    begun, times, under_way = time.perf_counter(), list[float](), set[asyncio.Task[None]]()

    async def one(due: float) -> None:
        poster = await free.get()
        times.extend(await work(poster, due))
        free.put_nowait(poster)

    for number in range(int(pace.a_second * pace.seconds)):
        due = begun + number / pace.a_second
        if (early := due - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        task = asyncio.create_task(one(due))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
    await asyncio.gather(*under_way)
    return times


async def post_once(poster: Poster, due: float, number: int) -> list[float]:
    """Post a greeting or a complaint; return how long after its time it was acknowledged."""
    text = complaint(number) if number % 2 else "/start"
    await poster.post(update(number, number % 5000 + 1, text))
    return [time.perf_counter() - due]


async def paced(stand: Stand, arguments: argparse.Namespace, seconds: float) -> list[float]:
    """Return the times of acknowledgements, or of the turns of conversations, that begin at their times."""
    ids, people = _ids(), itertools.count()
    pace = Pace(arguments.url, arguments.a_second, seconds)
    if arguments.what == "acknowledgements":
        return await on_time(lambda poster, due: post_once(poster, due, next(ids)), pace)
    pace = replace(pace, a_second=pace.a_second / len(conversation(0)))
    return await on_time(lambda poster, due: converse(stand, poster, ids, next(people), due), pace)


def _ids() -> "itertools.count[int]":
    return itertools.count(int(time.time() * 1000) % 10**9 * 1000)


async def measure(arguments: argparse.Namespace) -> dict[str, float]:
    """Return how many a second were done, and their time at the median and 99th percentile, milliseconds."""
    stand = Stand()
    runner = web.AppRunner(stand.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", arguments.api_port).start()
    ids, people = _ids(), itertools.count()
    posters = [await connect(arguments.url) for _ in range(arguments.chats)]
    for seconds in (1.0, arguments.seconds):  # the first round warms up
        start = time.perf_counter()
        until = start + seconds
        if arguments.a_second:
            times = await paced(stand, arguments, seconds)
            spent = time.perf_counter() - start
            continue
        if arguments.what == "turns":
            work = [talk(stand, poster, ids, people, until) for poster in posters]
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
    parser.add_argument("--a-second", type=float, default=0, help="so many on time, not as many as can be")
    arguments = parser.parse_args()
    try:
        import uvloop

        result = uvloop.run(measure(arguments))
    except ImportError:
        result = asyncio.run(measure(arguments))
    print(json.dumps(result))


if __name__ == "__main__":
    main()
