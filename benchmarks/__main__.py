"""`python -m benchmarks`: every figure as a ratio, measured side by side in one run.

Pairs alternate (ours, theirs, theirs, ours, ...), each bot in a fresh process on a fresh database, with one
core to itself and the load on the other; the figure is the median of the pairs' ratios.
"""

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tqdm import tqdm

from benchmarks.load import WARDS
from bot.demo import seat_person
from routing.organisation import build_city, slugify, to_document
from storage import migrating, units
from storage.database import Database


@dataclass(frozen=True, kw_only=True, slots=True)
class Contest:
    """One comparison: what is measured, against whom, and the ratio that is aimed for."""

    name: str
    what: str
    rival: tuple[str, ...]
    aim: float
    read: bool = False


REFERENCE = ("benchmarks.reference",)
AIOGRAM = ("benchmarks.rival_aiogram",)
TELEGRAM = ("benchmarks.rival_telegram",)
CONTESTS = (
    Contest(name="acknowledged / bare aiohttp front", what="acknowledgements", rival=REFERENCE, aim=0.6),
    Contest(name="turns / durable reference", what="turns", rival=REFERENCE, aim=0.3),
    Contest(name="turns / aiogram in memory", what="turns", rival=AIOGRAM, aim=1.2),
    Contest(name="turns / python-telegram-bot", what="turns", rival=TELEGRAM, aim=1.8),
    Contest(name="turns with reading / aiogram", what="turns", rival=AIOGRAM, aim=1.2, read=True),
    Contest(
        name="turns with reading / python-telegram-bot", what="turns", rival=TELEGRAM, aim=1.8, read=True
    ),
)


async def found_city(url: str) -> None:
    """Make a city with a chair for each ward of the load, so that a case that is sent reaches somebody."""
    await migrating.upgrade(url)
    database, now = Database(url), datetime.now(UTC)
    async with database.begin() as transaction:
        await units.save_city(transaction, to_document(build_city("ha-noi")), now=now)
        for unit in map(slugify, WARDS):
            await seat_person(
                transaction, channel="web", chat=f"chair-{unit}", name="", post=(unit, "chair"), now=now
            )
    await database.close()


def free_port() -> int:
    """Return a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def on_core(core: int) -> list[str]:
    """Return the words that keep a command on one core, where the machine can."""
    enough = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "-c", str(core)] if enough else []


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[None]:
    """Keep a bot running on its core."""
    with log.open("wb") as output:
        process = subprocess.Popen([*on_core(0), *command], stdout=output, stderr=output)
        try:
            yield
            if process.poll() is not None:
                raise SystemExit(f"a bot stopped early: {command}\n{log.read_text()[-2000:]}")
        finally:
            process.kill()
            process.wait()


def measure(contest: Contest, ours: bool, template: Path, seconds: float) -> float:
    """Return one bot's rate: what is counted, a second."""
    port, api_port = free_port(), free_port()
    with tempfile.TemporaryDirectory() as folder:
        command = _command(contest, ours, template, Path(folder), port, api_port)
        with running(command, Path(folder, "log")):
            load = [sys.executable, "-m", "benchmarks.load", contest.what]
            load += ["--url", f"http://127.0.0.1:{port}/telegram", "--api-port", str(api_port)]
            done = subprocess.run(
                [*on_core(1), *load, "--seconds", str(seconds)], capture_output=True, text=True, check=False
            )
            if done.returncode:
                raise SystemExit(f"{done.stderr[-2000:]}\n{Path(folder, 'log').read_text()[-3000:]}")
    rate: float = json.loads(done.stdout)["per_second"]
    return rate


def _command(
    contest: Contest, ours: bool, template: Path, folder: Path, port: int, api_port: int
) -> list[str]:
    module = ("benchmarks.ours",) if ours else contest.rival
    words = [sys.executable, "-m", *module, "--port", str(port)]
    words += ["--api-url", f"http://127.0.0.1:{api_port}"]
    if ours:
        shutil.copytree(template, folder / "city")
        words += ["--database", f"sqlite:///{folder}/city/bench.db", "--media", f"{folder}/media"]
    elif contest.rival is REFERENCE:
        words += ["--database", f"{folder}/bench.db"]
    if contest.what == "acknowledgements":
        words.append("--receive-only")
    return [*words, "--read"] if contest.read else words


def run(contest: Contest, template: Path, pairs: int, seconds: float) -> dict[str, object]:
    """Return the median ratio of so many alternated pairs, and the medians it was made of."""
    rates: dict[bool, list[float]] = {True: [], False: []}
    with tqdm(total=pairs * 2, desc=contest.name, disable=not sys.stderr.isatty()) as bar:
        for pair in range(pairs):
            for ours in (True, False) if pair % 2 == 0 else (False, True):
                rates[ours].append(measure(contest, ours, template, seconds))
                bar.update()
    ratios = [our / their for our, their in zip(rates[True], rates[False], strict=True)]
    return {
        "name": contest.name,
        "ratio": statistics.median(ratios),
        "lowest": min(ratios),
        "highest": max(ratios),
        "ours_per_second": statistics.median(rates[True]),
        "theirs_per_second": statistics.median(rates[False]),
        "aim": contest.aim,
    }


def main() -> None:
    """Run all contests, or those whose name holds a word; print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("--only", default="", metavar="WORD")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(found_city(f"sqlite:///{folder}/bench.db"))
        results = [
            run(contest, Path(folder), arguments.pairs, arguments.seconds)
            for contest in CONTESTS
            if arguments.only in contest.name
        ]
    if arguments.json:
        print(json.dumps(results))
        return
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    print(f"{machine}, {arguments.pairs} pairs of {arguments.seconds:g} s")
    print(f"{'':44}{'ratio':>7}{'(low–high)':>16}{'ours/s':>9}{'theirs/s':>10}{'aim':>6}")
    for row in results:
        print(
            f"{row['name']:44}{row['ratio']:7.2f}{row['lowest']:9.2f}–{row['highest']:.2f}"
            f"{row['ours_per_second']:12.0f}{row['theirs_per_second']:10.0f}{row['aim']:6.1f}"
        )


if __name__ == "__main__":
    main()
