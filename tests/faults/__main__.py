"""The long form: `python -m tests.faults --kills 200 [--database postgresql] [--seed N] [--only FAULT]`.

A city under steady load, one fault after the other, everything counted after each; a table at the end. The
faults are drawn by the seed, which is printed: as far as real processes can be replayed, it replays them.
"""

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from random import Random, SystemRandom

from tqdm import tqdm

from storage import migrating
from tests.faults.faults import FAULTS, fitting
from tests.faults.harness import RECOVERS_WITHIN, Harness, Result
from tests.faults.servers import PostgresOwn

KILLS = {"killed": 1, "killed_while_starting": 2}
OTHERS_SHARE = 0.5
"""How often another fault strikes than a kill."""


def main(arguments: list[str]) -> int:
    """Run; 1 when anything did not hold."""
    options = _options(arguments)
    _say(f"seed {options.seed}; again: {_command(options)}")
    results = asyncio.run(_run(options))
    _say(_table(results, options))
    return 1 if any(_is_bad(result) for result in results) else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _options(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--kills", type=int, default=200, help="how often the program is killed, at least")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", choices=sorted(FAULTS), action="append", help="this fault alone")
    parser.add_argument("--times", type=int, default=None, help="so many faults, however many kills that is")
    parser.add_argument("--minutes", type=float, default=None, help="stop after so many minutes")
    parser.add_argument("--citizens", type=int, default=6, help="how many write at a time")
    parser.add_argument("--plain", action="store_true", help="read texts by a few words, to start sooner")
    options = parser.parse_args(arguments)
    options.seed = SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    return options


def _command(options: argparse.Namespace) -> str:
    only = "".join(f" --only {name}" for name in options.only or ())
    times = f" --times {options.times}" if options.times else f" --kills {options.kills}"
    plain = " --plain" if options.plain else ""
    return f"python -m tests.faults{times} --database {options.database} --seed {options.seed}{only}{plain}"


def _plan(options: argparse.Namespace) -> Iterator[str]:
    """Yield the names of faults, drawn by the seed: each once in every round, and kills between them."""
    random = Random(f"plan {options.seed}")
    names = options.only or fitting(options.database, own_server=True)
    while True:
        round_of = list(names)
        random.shuffle(round_of)
        for name in round_of:
            yield name
            while not options.only and random.random() > OTHERS_SHARE / 2:
                yield "killed"


@asynccontextmanager
async def _city(options: argparse.Namespace, folder: Path):  # type: ignore[no-untyped-def]
    server = PostgresOwn() if options.database == "postgresql" else None
    try:
        if server is not None:
            await server.create()
        url = server.url if server else f"sqlite:///{folder / 'city.db'}"
        if server is None:
            await migrating.upgrade(url)
        harness = Harness(
            database_url=url,
            folder=folder,
            seed=options.seed,
            plain=options.plain,
            citizens=options.citizens,
            server=server,
        )
        async with harness.running():
            yield harness
    finally:
        if server is not None:
            await server.remove()


async def _run(options: argparse.Namespace) -> list[Result]:
    results: list[Result] = []
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        async with _city(options, Path(folder)) as harness:
            total = options.times or options.kills
            with closing(tqdm(total=total, unit=" faults" if options.times else " kills")) as bar:
                for name in _plan(options):
                    bar.set_description(f"{name:<22}", refresh=True)
                    result = await _suffer(harness, name)
                    results.append(result)
                    if _is_bad(result):
                        _tell(bar, result, harness)
                    bar.update(1 if options.times else KILLS.get(name, 0))
                    late = options.minutes and time.monotonic() - began > 60 * options.minutes
                    if late or (len(results) if options.times else harness.kills) >= total:
                        break
            await _finish(harness, results)
    return results


async def _suffer(harness: Harness, name: str) -> Result:
    return await harness.suffer(name, FAULTS[name].strike)


async def _finish(harness: Harness, results: list[Result]) -> None:
    """Let everybody finish what they are at, stop the program, and count once more."""

    async def end(harness: Harness) -> None:
        await harness.load.stop()

    results.append(await harness.suffer("the end", end))
    status = await harness.program.stop()
    assert status == 0, f"the program stopped with status {status}"


def _is_bad(result: Result) -> bool:
    return bool(result.broken) or result.recovery > RECOVERS_WITHIN


def _tell(bar: tqdm, result: Result, harness: Harness) -> None:  # type: ignore[type-arg]
    bar.write(f"{result.fault}: recovered after {result.recovery:.1f} s")
    for line in result.broken[:20]:
        bar.write(f"   {line}")
    errors = [line for line in harness.program.log if '"level": "error"' in line]
    for line in errors[-5:]:
        bar.write(f"   log: {_short(line)}")


def _short(line: str) -> str:
    said = json.loads(line)
    return " ".join(
        f"{key}={str(value)[-200:]}" for key, value in said.items() if key not in {"timestamp", "level"}
    )


def _table(results: list[Result], options: argparse.Namespace) -> str:
    lines = [f"{'fault':<24}{'times':>6}{'recovery s: median':>20}{'most':>8}{'broken':>8}"]
    for name in dict.fromkeys(result.fault for result in results):
        of_name = [result for result in results if result.fault == name]
        times = [result.recovery for result in of_name]
        broken = sum(len(result.broken) for result in of_name)
        lines.append(
            f"{name:<24}{len(of_name):>6}{statistics.median(times):>20.1f}{max(times):>8.1f}{broken:>8}"
        )
    last = results[-1].count
    kills = sum(KILLS.get(result.fault, 0) for result in results)
    kills += sum(result.fault == "second_process" and options.database == "postgresql" for result in results)
    return "\n".join(
        [
            *lines,
            "",
            f"{options.database}, seed {options.seed}: {kills} kills, {last.acknowledged} updates "
            f"acknowledged, {last.cases} cases, {last.events} events, {last.sent} messages, "
            f"{last.repeated} of them shown again, {len(last.dead)} given up and listed.",
            *(f"   {each}" for each in last.dead[:10]),
            *([f"again: {_command(options)}"] if any(map(_is_bad, results)) else []),
        ]
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
