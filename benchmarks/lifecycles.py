"""Whole lives of cases over the webhook (filed, accepted, answered, rated), in an empty city and a full one.

Sixteen citizens, each in another ward with a chair of its own, go through one case after the other. A life
is seven turns: complaint, "1", the chair's accept, answer, its words and their sending, and the rating. It
counts when the citizen was thanked for the rating.
"""

import argparse
import asyncio
import json
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web

from benchmarks import figures
from benchmarks.contests import OURS, Ground
from benchmarks.goals import Goal, Result, of_pairs
from benchmarks.load import COMPLAINTS, WARDS, Poster, Stand, complaint, connect, update
from benchmarks.machine import free_port, on_core, running, seat_chairs
from storage import migrating

CHAIRS = {ward: str(900_001 + number) for number, ward in enumerate(WARDS)}
ANSWER = "Sáng nay phường đã lập biên bản và yêu cầu quán giảm âm lượng, không mở loa sau 22 giờ."
NOISE = 1
"""Which complaint is told of: noise, whose answer needs no photo of the work done."""
_CODE = re.compile(r"Mã[^A-Z]*([A-Z]{2,3}-\w{4}-\w{4})")


class Screens(Stand):
    """A Bot API that keeps what each chat was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.shown: defaultdict[int, list[str]] = defaultdict(list)
        self.news: defaultdict[int, asyncio.Event] = defaultdict(asyncio.Event)

    async def answer(self, request: web.Request) -> web.Response:
        """Answer any method; keep what is sent."""
        if request.match_info["method"].lower() == "sendmessage":
            raw = await request.json() if request.content_type == "application/json" else await request.post()
            chat = int(str(raw["chat_id"]))
            self.shown[chat].append(str(raw["text"]))
            self.news[chat].set()
        return await super().answer(request)

    async def until(self, chat: int, holds: Callable[[str], object]) -> str:
        """Return the first message to a chat for which something holds; forget those before it."""
        async with asyncio.timeout(30):
            while True:
                while self.shown[chat]:
                    if holds(text := self.shown[chat].pop(0)):
                        return text
                self.news[chat].clear()
                await self.news[chat].wait()


def press(number: int, chat: int, data: str) -> bytes:
    """Return the webhook body of a pressed button."""
    user = {"id": chat, "is_bot": False, "first_name": "An"}
    message = {
        "message_id": 1,
        "date": int(time.time()),
        "chat": {"id": chat, "type": "private"},
        "text": "x",
    }
    query = {"id": str(number), "from": user, "message": message, "chat_instance": "1", "data": data}
    return json.dumps({"update_id": number, "callback_query": query}).encode()


class Life:
    """One citizen with the chair of their ward."""

    def __init__(self, stand: Screens, poster: Poster, place: int, ids: Any) -> None:
        self.stand, self.poster, self.place, self.ids = stand, poster, place, ids
        self.chair = int(CHAIRS[WARDS[place]])

    async def live(self, until: float) -> int:
        """Go through one case after the other until the time is up; return how many were rated."""
        lived = 0
        while time.perf_counter() < until:
            number = next(self.ids)
            turn = len(COMPLAINTS) * (lived % 180) + NOISE
            await self._case(10_000_000 + number, self.place + len(WARDS) * turn)
            lived += 1
        return lived

    async def _case(self, citizen: int, number: int) -> None:
        await self._writes(citizen, complaint(number))
        await self.stand.until(citizen, lambda text: True)
        await self._writes(citizen, "1")
        found = _CODE.search(await self.stand.until(citizen, _CODE.search))
        assert found is not None
        code = found[1]
        await self._presses(self.chair, f"accept:{code}")
        await self._presses(self.chair, f"answer:{code}")
        await self._writes(self.chair, ANSWER)
        await self._presses(self.chair, f"sendanswer:{code}")
        await self.stand.until(citizen, lambda text: ANSWER in text)
        await self._presses(citizen, f"own:{code}:rate:5")
        await self.stand.until(citizen, lambda text: "5 sao" in text)

    async def _writes(self, chat: int, text: str) -> None:
        await self.poster.post(update(next(self.ids), chat, text))

    async def _presses(self, chat: int, data: str) -> None:
        await self.poster.post(press(next(self.ids), chat, data))


async def load(url: str, api_port: int, seconds: float) -> float:
    """Return how many lives a second."""
    import itertools

    stand = Screens()
    runner = web.AppRunner(stand.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", api_port).start()
    ids = itertools.count(int(time.time() * 1000) % 10**9 * 1000)
    lives = [Life(stand, await connect(url), place, ids) for place in range(len(WARDS))]
    lived = 0.0
    for length in (2.0, seconds):  # the first round warms up
        begun = time.perf_counter()
        done = await asyncio.gather(*(life.live(begun + length) for life in lives))
        lived = sum(done) / (time.perf_counter() - begun)
    return lived


@cache
def _city(folder: Path, count: int) -> Path:
    """Return a folder with a city of so many cases, to be copied for each run."""
    city = folder / f"city-of-{count}"
    city.mkdir()
    url = f"sqlite:///{city}/bench.db"
    if count:
        asyncio.run(figures.load(url, count))
    else:
        asyncio.run(migrating.upgrade(url))
    asyncio.run(seat_chairs(url, channel="telegram", chairs=CHAIRS))
    return city


def measure(ground: Ground, count: int, seconds: float) -> float:
    """Return how many lives a second the whole program carries among so many cases."""
    port, api_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=ground.folder) as name:
        folder = Path(name)
        shutil.copytree(_city(ground.folder, count), folder / "city")
        command = [sys.executable, "-m", OURS, "--port", str(port), "--media", f"{folder}/media"]
        command += ["--api-url", f"http://127.0.0.1:{api_port}"]
        command += ["--database", f"sqlite:///{folder}/city/bench.db"]
        with running(command, folder / "log"):
            words = [sys.executable, "-m", "benchmarks.lifecycles", f"http://127.0.0.1:{port}/telegram"]
            done = subprocess.run(
                [*on_core(1), *words, str(api_port), str(seconds)],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"{done.stderr[-2000:]}\n{(folder / 'log').read_text()[-3000:]}")
    return float(done.stdout)


@cache
def both(ground: Ground, count: int, pairs: int, seconds: float) -> tuple[list[float], list[float]]:
    """Return the rates in a full and in an empty city, by pairs that alternate."""
    full: list[float] = []
    empty: list[float] = []
    for pair in range(pairs):
        for is_full in (True, False) if pair % 2 == 0 else (False, True):
            (full if is_full else empty).append(measure(ground, count if is_full else 0, seconds))
    return full, empty


def among_many(ground: Ground, given: argparse.Namespace) -> Result:
    """Compare a full city with an empty one."""
    full, empty = both(ground, given.cases, given.pairs, given.seconds)
    note = f"{statistics.median(full):.0f} against {statistics.median(empty):.0f} /s, {given.cases:,} cases"
    return of_pairs([many / none for many, none in zip(full, empty, strict=True)], note)


def a_second(ground: Ground, given: argparse.Namespace) -> Result:
    """Count lives a second in the full city."""
    full, _ = both(ground, given.cases, given.pairs, given.seconds)
    return of_pairs(full, f"{given.cases:,} cases")


FIGURES = (
    (Goal(name="case lifecycles among 1 M cases / in an empty city", aim=0.9), among_many),
    (Goal(name="case lifecycles a second among 1 M cases", aim=100, unit="/s"), a_second),
)


if __name__ == "__main__":
    import uvloop

    print(uvloop.run(load(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]))))
