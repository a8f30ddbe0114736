"""`python -m benchmarks`: every figure of speed, measured side by side in one run, and the report.

Prints a line for each; `--write` puts them into docs/performance.md, each beside what was measured before.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import contests, growing, lifecycles, meanwhile, report, scale, starting
from benchmarks.contests import Contest, Ground
from benchmarks.goals import Goal, Result
from tests.postgres import reachable_folder

Measure = Callable[[Ground, argparse.Namespace], Result]


def everything() -> dict[str, tuple[Goal, Measure]]:
    """Return each figure: what is aimed at, and how it is measured."""
    found: dict[str, tuple[Goal, Measure]] = {}
    for contest in contests.CONTESTS:
        found[contest.goal.name] = (contest.goal, _hold(contest))
    for module in (lifecycles, growing, scale, meanwhile, starting):
        found |= {goal.name: (goal, measure) for goal, measure in module.FIGURES}
    return found


def _hold(contest: Contest) -> Measure:
    return lambda ground, given: contests.run(contest, ground, given.pairs, given.seconds)


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="WORD", help="figures whose name holds it")
    parser.add_argument("--without", default=None, metavar="WORD", help="not those whose name holds it")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--cases", type=int, default=1_000_000, help="in the database for lifecycles")
    parser.add_argument(
        "--many-cases", type=int, default=10_000_000, help="in the database for leaders' figures"
    )
    parser.add_argument("--notices", type=int, default=20_000)
    parser.add_argument("--list", action="store_true", help="name the figures and measure nothing")
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    chosen = {
        name: figure
        for name, figure in everything().items()
        if given.only in name and (given.without is None or given.without not in name)
    }
    if given.list:
        print("\n".join(chosen))
        return
    with tempfile.TemporaryDirectory(prefix="langnghe-", dir=reachable_folder()) as folder:
        Path(folder).chmod(0o755)
        ground = Ground(Path(folder))
        try:
            for goal, measure in chosen.values():
                _measure(goal, measure, ground, given)
        finally:
            ground.close()


def _measure(goal: Goal, measure: Measure, ground: Ground, given: argparse.Namespace) -> None:
    load = os.getloadavg()[0]
    result = measure(ground, given)
    row = report.Row(
        name=goal.name, **asdict(result), at=datetime.now(UTC).date().isoformat(), load=round(load, 1)
    )
    if given.json:
        print(json.dumps(asdict(row), ensure_ascii=False), flush=True)
    else:
        print(report.line(goal, row), flush=True)
    if given.write:
        report.write(row, {name: figure[0] for name, figure in everything().items()})


if __name__ == "__main__":
    main()
