"""`python -m benchmarks.charts`: how long pictures take, and what acknowledgements notice of the drawing.

The program receives webhooks at a steady pace, it and its drawing process on one core, the load on the other.
Stretches without and with drawing alternate in one run; the figure is the median of the ratios of their 99th
percentiles. The pace is well below the limit: at the limit any work at all would show.
"""

import argparse
import asyncio
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.chart_samples import invented, samples
from benchmarks.load import complaint, connect, update
from benchmarks.machine import found_city, free_port, on_core
from bot.drawing.draughtsman import Draughtsman
from handlers import charts

CHATS = 8
PER_SECOND = 400
"""What a city's storm brings; a tenth of what one core can receive."""


def thirty() -> charts.Spec:
    """Return the picture that the limits speak of: 30 units."""
    return charts.bars_by_unit("Ba mươi đơn vị", invented(30), subtitle="Tuần này", limit=30)


async def timed(draughtsman: Draughtsman, spec: Mapping[str, Any]) -> float:
    """Return how long one picture takes (milliseconds)."""
    start = time.perf_counter()
    await draughtsman.draw(spec)
    return (time.perf_counter() - start) * 1000


async def cold_and_warm(rounds: int) -> dict[str, float]:
    """Return what the first and any later picture of 30 units take, and the process's memory."""
    cold, warm, computing = [], [], []
    for _ in range(rounds):
        draughtsman = Draughtsman()
        cold.append(await timed(draughtsman, thirty()))
        before = _computed(draughtsman.pid)
        warm += [await timed(draughtsman, thirty()) for _ in range(5)]
        computing.append((_computed(draughtsman.pid) - before) / 5)
        resident = _resident(draughtsman.pid)
        await draughtsman.close()
    each = Draughtsman()
    by_kind = {}
    for name, spec in samples().items():
        await each.draw(spec)
        by_kind[f"{name}_ms"] = statistics.median([await timed(each, spec) for _ in range(5)])
    await each.close()
    return {
        "cold_ms": statistics.median(cold),
        "warm_ms": statistics.median(warm),
        "warm_p99_ms": sorted(warm)[int(len(warm) * 0.99)],
        "warm_computing_ms": statistics.median(computing),
        "megabytes": resident,
        **by_kind,
    }


def _computed(pid: int | None) -> float:
    """Return how long a process has had a core (milliseconds): what a busy machine does not lengthen."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def _resident(pid: int | None) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return 0.0


async def receive(url: str, seconds: float, ids: "itertools.count[int]") -> list[float]:
    """Post updates at the pace; return how long after its time each was acknowledged (milliseconds)."""
    posters = [await connect(url) for _ in range(CHATS)]
    begun, times = time.perf_counter(), list[float]()

    async def post_from(first: int) -> None:
        for turn in itertools.count():
            due = begun + (turn * CHATS + first) / PER_SECOND
            if due > begun + seconds:
                return
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            number = next(ids)
            start = time.perf_counter()
            await posters[first].post(update(number, number % 5000 + 1, complaint(number)))
            times.append((time.perf_counter() - start) * 1000)

    await asyncio.gather(*(post_from(first) for first in range(CHATS)))
    for poster in posters:
        poster.transport.close()
    return times


async def serve(port: int, database: str, media: str) -> None:
    """Run the program's receiving part, and draw between the lines "draw" and "rest" on standard input."""
    from bot.app import App
    from bot.settings import load_settings

    settings, _ = load_settings(
        {
            "LANGNGHE_DATABASE_URL": database,
            "LANGNGHE_PORT": str(port),
            "LANGNGHE_MEDIA_DIR": media,
            "LANGNGHE_TELEGRAM_TOKEN": "1:" + "x" * 35,
            "LANGNGHE_TELEGRAM_SECRET": "secret",
            "LANGNGHE_TELEGRAM_MODE": "webhook",
            "LANGNGHE_PUBLIC_URL": "https://bench.example",
            "LANGNGHE_TELEGRAM_API_URL": "http://127.0.0.1:9",
        }
    )
    app = App(settings, parts=("web",))
    await app.start()
    draughtsman, drawing = Draughtsman(), asyncio.Event()
    task = asyncio.create_task(_keep_drawing(draughtsman, drawing))
    await draughtsman.draw(thirty())
    print("ready", flush=True)
    while line := (await asyncio.to_thread(sys.stdin.readline)).strip():
        (drawing.set if line == "draw" else drawing.clear)()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await draughtsman.close()
    await app.stop()


async def _keep_drawing(draughtsman: Draughtsman, wanted: asyncio.Event) -> None:
    """Draw one picture after the other while it is wanted."""
    while True:
        await wanted.wait()
        await draughtsman.draw(thirty())


async def acknowledgements(pairs: int, seconds: float) -> dict[str, float]:
    """Return the 99th percentiles of acknowledgements while idle and while drawing, and their ratio."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/bench.db"
        await found_city(url)
        port = free_port()
        words = [sys.executable, "-m", "benchmarks.charts", "--serve", str(port), url, f"{folder}/media"]
        process = await asyncio.create_subprocess_exec(
            *on_core(0),
            *words,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        await process.stdout.readline()
        if hasattr(os, "sched_setaffinity") and (os.cpu_count() or 1) > 1:
            os.sched_setaffinity(0, {1})
        ids = itertools.count(int(time.time() * 1000) % 10**9 * 1000)
        found: dict[str, list[float]] = {"rest": [], "draw": []}
        await receive(f"http://127.0.0.1:{port}/telegram", 1.0, ids)
        for pair in range(pairs):
            for what in ("rest", "draw") if pair % 2 == 0 else ("draw", "rest"):
                process.stdin.write(f"{what}\n".encode())
                await process.stdin.drain()
                times = sorted(await receive(f"http://127.0.0.1:{port}/telegram", seconds, ids))
                found[what].append(times[int(len(times) * 0.99)])
        process.stdin.close()
        await process.wait()
    return {
        "idle_p99_ms": statistics.median(found["rest"]),
        "drawing_p99_ms": statistics.median(found["draw"]),
        "ratio": statistics.median(b / a for a, b in zip(found["rest"], found["draw"], strict=True)),
    }


def main() -> None:
    """Measure, and print one JSON line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.charts")
    parser.add_argument("--pairs", type=int, default=30)
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--serve", nargs=3, metavar=("PORT", "DATABASE", "MEDIA"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        import uvloop

        port, database, media = arguments.serve
        uvloop.run(serve(int(port), database, media))
        return
    pictures = asyncio.run(cold_and_warm(5))
    waiting = asyncio.run(acknowledgements(arguments.pairs, arguments.seconds))
    print(json.dumps({name: round(value, 2) for name, value in {**pictures, **waiting}.items()}))


if __name__ == "__main__":
    main()
