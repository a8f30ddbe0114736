"""How soon `serve` answers on a city that exists, and what memory it holds, with the model and without."""

import argparse
import statistics
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

from benchmarks.contests import OURS, Bot, Ground
from benchmarks.goals import Goal, Result
from benchmarks.machine import free_port, resident_megabytes, running

PATIENCE_SECONDS = 60


def _start(ground: Ground, parts: str) -> tuple[float, float]:
    """Return the seconds until `/healthz` says yes, and the megabytes held a second later."""
    port = free_port()
    with tempfile.TemporaryDirectory(dir=ground.folder) as name:
        folder = Path(name)
        with ground.database(Bot(module=OURS), folder) as url:
            settings = {
                "LANGNGHE_DATABASE_URL": url,
                "LANGNGHE_PORT": str(port),
                "LANGNGHE_MEDIA_DIR": f"{folder}/media",
            }
            begun = time.perf_counter()
            command = [sys.executable, "-m", "bot", "serve", "--parts", parts]
            with running(command, folder / "log", environment=settings) as process:
                _wait(f"http://127.0.0.1:{port}/healthz")
                took = time.perf_counter() - begun
                time.sleep(1)
                return took, resident_megabytes(process.pid)


def _wait(url: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.02)
    raise SystemExit(f"nothing answers at {url}")


def _of(values: list[float]) -> Result:
    return Result(value=statistics.median(values), lowest=min(values), highest=max(values))


def seconds_to_start(ground: Ground, given: argparse.Namespace) -> Result:
    """Measure starts of all parts."""
    return _of([_start(ground, "web,worker,clock")[0] for _ in range(given.pairs)])


def megabytes_without_model(ground: Ground, given: argparse.Namespace) -> Result:
    """Measure the part that receives."""
    return _of([_start(ground, "web")[1] for _ in range(given.pairs)])


def megabytes_with_model(ground: Ground, given: argparse.Namespace) -> Result:
    """Measure all parts in one process."""
    return _of([_start(ground, "web,worker,clock")[1] for _ in range(given.pairs)])


FIGURES = (
    (Goal(name="start of `serve`", aim=3, most=True, unit="s"), seconds_to_start),
    (
        Goal(name="memory of one process without the model", aim=90, most=True, unit="MB"),
        megabytes_without_model,
    ),
    (Goal(name="memory of one process with the model", aim=200, most=True, unit="MB"), megabytes_with_model),
)
