"""`python -m benchmarks.acknowledging`: how soon webhooks are answered while many arrive and turns run.

So many events a second come on time, whatever the answers take, from a process of its own (on a core of its
own where there are two), and each counts from when it was due. The whole program answers them, does their
turns and sends the answers to a stand-in of the Bot API; beside it a bare aiohttp that reads and forgets
them, under the same load. The figure is their ratio at the 99th percentile.
"""

import argparse
import asyncio
import itertools
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import uvloop
from aiohttp import web

from benchmarks.load import Pace, Stand, on_time, post_once
from benchmarks.machine import found_city, free_port, on_core, running

CONNECTIONS = 32


async def post_on_time(url: str, a_second: int, seconds: float, ids: "itertools.count[int]") -> list[float]:
    """Post events at their times over free connections; return how long after it each was answered."""
    pace = Pace(url, a_second, seconds, connections=CONNECTIONS)
    return await on_time(lambda poster, due: post_once(poster, due, next(ids)), pace)


async def load(arguments: argparse.Namespace) -> dict[str, float]:
    """Return the median and the 99th percentile, milliseconds, and how many answers were sent meanwhile."""
    stand = Stand()
    runner = web.AppRunner(stand.application(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", arguments.api_port).start()
    ids = itertools.count(int(time.time() * 1000) % 10**9 * 1000)
    await post_on_time(arguments.url, arguments.a_second, arguments.warm, ids)  # warms up
    before, begun = stand.extra, time.perf_counter()
    times = sorted(await post_on_time(arguments.url, arguments.a_second, arguments.seconds, ids))
    return {
        "p50_ms": statistics.median(times) * 1000,
        "p99_ms": times[int(len(times) * 0.99)] * 1000,
        "answers_a_second": (stand.extra - before) / (time.perf_counter() - begun),
    }


async def bare(port: int) -> None:
    """Serve webhooks that are read and forgotten, until killed."""

    async def answer(request: web.Request) -> web.Response:
        await request.read()
        return web.Response()

    application = web.Application()
    application.router.add_post("/telegram", answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


def measure(arguments: argparse.Namespace, template: Path | None) -> dict[str, float]:
    """Return what the load found: of the whole program in a copy of this city, or of the bare server."""
    port, api_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "benchmarks.acknowledging", "--bare", str(port)]
        if template:
            shutil.copytree(template, Path(folder, "city"))
            command = [sys.executable, "-m", "benchmarks.ours", "--port", str(port)]
            command += ["--api-url", f"http://127.0.0.1:{api_port}", "--media", f"{folder}/media"]
            command += ["--database", f"sqlite:///{folder}/city/bench.db"]
        with running(command, Path(folder, "log")):
            words = ["--load", f"http://127.0.0.1:{port}/telegram", "--api-port", str(api_port)]
            words += ["--a-second", str(arguments.a_second), "--seconds", str(arguments.seconds)]
            words += ["--warm", str(arguments.warm)]
            done = subprocess.run(
                [*on_core(1), sys.executable, "-m", "benchmarks.acknowledging", *words],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise SystemExit(f"{done.stderr[-2000:]}\n{Path(folder, 'log').read_text()[-3000:]}")
    found: dict[str, float] = json.loads(done.stdout)
    return found


def compare(arguments: argparse.Namespace) -> None:
    """Measure both in turn and print the ratio of their 99th percentiles."""
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(found_city(f"sqlite:///{folder}/bench.db"))
        for _ in range(arguments.pairs):
            theirs, ours = measure(arguments, None), measure(arguments, Path(folder))
            print(
                f"{arguments.a_second} events a second: answered in {ours['p50_ms']:.1f} ms, p99"
                f" {ours['p99_ms']:.1f} ms, with {ours['answers_a_second']:.0f} answers sent a second;"
                f" bare aiohttp {theirs['p50_ms']:.1f} and {theirs['p99_ms']:.1f} ms;"
                f" p99 ratio {ours['p99_ms'] / theirs['p99_ms']:.1f}"
            )


def main() -> None:
    """Compare, or be one of the processes that are compared."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.acknowledging")
    parser.add_argument("--a-second", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--warm", type=float, default=2)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--bare", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--load", dest="url", help=argparse.SUPPRESS)
    parser.add_argument("--api-port", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.bare:
        uvloop.run(bare(arguments.bare))
    elif arguments.url:
        print(json.dumps(uvloop.run(load(arguments))))
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
