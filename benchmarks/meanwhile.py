"""How long citizens wait for their answers while the program has other work, against when it has none.

The whole program answers conversations that begin at a steady pace. Meanwhile thousands of notices are sent
at the vendor's limit, or one picture after the other is drawn, or models are trained, each as it happens in
the running program. Stretches with and without alternate, each in a fresh process.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from benchmarks.contests import OURS, Bot, Ground
from benchmarks.goals import Goal, Result, of_pairs
from benchmarks.machine import free_port, on_core, running

TURNS_A_SECOND = 60
ALLOWED_A_SECOND = 100
"""What the vendor takes: notices get what answers leave."""


def _measure(ground: Ground, work: str, seconds: float, notices: int) -> float:
    """Return the 99th percentile of answers, milliseconds."""
    port, api_port = free_port(), free_port()
    with tempfile.TemporaryDirectory(dir=ground.folder) as name:
        folder = Path(name)
        with ground.database(Bot(module=OURS), folder) as url:
            command = [sys.executable, "-m", OURS, "--port", str(port), "--media", f"{folder}/media"]
            command += ["--api-url", f"http://127.0.0.1:{api_port}", "--database", url]
            command += ["--at-most", str(ALLOWED_A_SECOND)]
            command += ["--meanwhile", work, "--notices", str(notices)] if work else []
            # Not on one core: what is drawn and trained has processes of its own, which may use both.
            with running(command, folder / "log", core=None):
                words = [sys.executable, "-m", "benchmarks.load", "turns", "--seconds", str(seconds)]
                words += ["--url", f"http://127.0.0.1:{port}/telegram", "--api-port", str(api_port)]
                words += ["--a-second", str(TURNS_A_SECOND)]
                done = subprocess.run([*on_core(1), *words], capture_output=True, text=True, check=False)
                if done.returncode:
                    raise SystemExit(f"{done.stderr[-2000:]}\n{(folder / 'log').read_text()[-3000:]}")
        shutil.rmtree(folder / "media", ignore_errors=True)
    return float(json.loads(done.stdout)["p99_ms"])


def _against_idle(work: str) -> Callable[[Ground, argparse.Namespace], Result]:
    def measure(ground: Ground, given: argparse.Namespace) -> Result:
        busy: list[float] = []
        idle: list[float] = []
        for pair in range(given.pairs):
            for is_busy in (True, False) if pair % 2 == 0 else (False, True):
                wanted = work if is_busy else ""
                (busy if is_busy else idle).append(_measure(ground, wanted, given.seconds, given.notices))
        ratios = [one / other for one, other in zip(busy, idle, strict=True)]
        middle = len(ratios) // 2
        return of_pairs(ratios, f"{sorted(busy)[middle]:.0f} against {sorted(idle)[middle]:.0f} ms")

    return measure


FIGURES = tuple(
    (Goal(name=f"p99 of answers while {what} / idle", aim=2, most=True), _against_idle(work))
    for work, what in (
        ("notices", "20,000 notices are sent"),
        ("charts", "charts are drawn"),
        ("training", "models are trained"),
    )
)
