"""`python -m benchmarks.fuzz --inputs 1000000`: hostile input to every parser of bytes from outside.

A failure is any exception that the parser does not refuse with, or a reading that takes longer than the
parser may, in processor time and the best of three. The same seed gives the same inputs.
"""

import argparse
import gc
import logging
import sys
import time
import traceback
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from random import Random

from tqdm import tqdm

from benchmarks.messages import messages
from benchmarks.parsers import LIMIT_MS, PARSERS, Parser, understanding
from routing.understanding import Understanding

__all__ = ["check", "main", "messages", "try_parser"]

_BATCH = 250
_TRIES = 3
_SHOWN = 40


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """An input that was not read as it should be."""

    parser: str
    seed: int
    number: int
    fault: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """What became of some inputs of one parser."""

    parser: str
    inputs: int
    refused: int
    slowest_ms: float
    failures: tuple[Failure, ...]


def check(understanding: Understanding, text: str) -> str:
    """Return what is wrong with the reading of a text, empty for nothing, and never raise."""
    began = time.thread_time()
    try:
        reading = understanding.read(text, province="ha-noi")
        taken = 1000 * (time.thread_time() - began)
        spans = [(item.start, item.end) for item in reading.personal_data]
        spans += [(problem.start, problem.end) for problem in reading.problems]
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if reading.text != text or any(not 0 <= start < end <= len(text) for start, end in spans):
        return "a span outside the text"
    return f"{taken:.0f} ms for {len(text)} characters" if taken > LIMIT_MS else ""


def try_parser(parser: Parser, seed: int, inputs: int) -> Tried:
    """Feed a parser so many inputs drawn by a seed; never raise."""
    random = Random(f"{parser.name}:{seed}")
    failures: list[Failure] = []
    refused, slowest = 0, 0.0
    for number in range(inputs):
        given = parser.draw(random)
        is_refused, fault, taken = _once(parser, given)
        for _ in range(_TRIES - 1):
            if not fault and taken > parser.limit_ms:
                taken = min(taken, _once(parser, given)[2])
        if not fault and taken > parser.limit_ms:
            fault = f"{taken:.0f} ms for {_size(given)}"
        refused += is_refused
        slowest = max(slowest, taken)
        if fault:
            failures.append(Failure(parser=parser.name, seed=seed, number=number, fault=fault))
    return Tried(
        parser=parser.name, inputs=inputs, refused=refused, slowest_ms=slowest, failures=tuple(failures)
    )


def _once(parser: Parser, given: object) -> tuple[bool, str, float]:
    """Return whether an input was refused, what was wrong, and the milliseconds it took."""
    refused, fault = False, ""
    began = time.thread_time()
    try:
        parser.read(given)
    except parser.refusals:
        refused = True
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"{type(error).__name__}: {error} ({place.filename.rpartition('/')[2]}:{place.lineno})"[:300]
    return refused, fault, 1000 * (time.thread_time() - began)


def _size(given: object) -> str:
    return f"{len(given)} characters" if isinstance(given, str | bytes) else "a document"


@cache
def _warm() -> None:
    """Load what parsers share, so that nobody's first input pays for it; what they log is nobody's news."""
    logging.disable(logging.CRITICAL)
    for parser in PARSERS:
        _once(parser, parser.draw(Random(0)))
    understanding()
    # As in `serve`: a full collection over all that was loaded takes longer than a reading.
    gc.collect()
    gc.freeze()


def _batch(task: tuple[int, int, int]) -> Tried:
    number, seed, inputs = task
    _warm()
    return try_parser(PARSERS[number], seed, inputs)


def _tasks(wanted: list[int], inputs: int, seed: int) -> list[tuple[int, int, int]]:
    """Return batches of inputs for these parsers, by their weights, mixed."""
    whole = sum(PARSERS[number].weight for number in wanted)
    tasks: list[tuple[int, int, int]] = []
    for number in wanted:
        left = -(-inputs * PARSERS[number].weight // whole)
        for step in range(-(-left // _BATCH)):
            tasks.append((number, seed + step, min(_BATCH, left - step * _BATCH)))
    Random(seed).shuffle(tasks)
    return tasks


def main() -> int:
    """Run, print what became of each parser and every failure, and return 1 when there is one."""
    names = [parser.name for parser in PARSERS]
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--inputs", type=int, default=1_000_000)
    arguments.add_argument("--parser", choices=names, action="append", help="only this one; may be repeated")
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--processes", type=int, default=2)
    given = arguments.parse_args()
    wanted = [names.index(name) for name in given.parser or names]
    tasks = _tasks(wanted, given.inputs, given.seed)
    tried: list[Tried] = []
    with (
        ProcessPoolExecutor(given.processes) as pool,
        tqdm(total=sum(task[2] for task in tasks), unit=" inputs", file=sys.stderr) as bar,
    ):
        for found in pool.map(_batch, tasks):
            tried.append(found)
            bar.update(found.inputs)
    return _report(tried)


def _report(tried: list[Tried]) -> int:
    inputs, refused, failed = Counter[str](), Counter[str](), Counter[str]()
    slowest: dict[str, float] = {}
    for each in tried:
        inputs[each.parser] += each.inputs
        refused[each.parser] += each.refused
        failed[each.parser] += len(each.failures)
        slowest[each.parser] = max(slowest.get(each.parser, 0.0), each.slowest_ms)
    for name in inputs:
        told = f"{inputs[name]:>9,} inputs, {refused[name]:>9,} refused, {failed[name]:>6,} failures"
        print(f"{name:14} {told}, slowest {slowest[name]:.0f} ms")
    failures = [failure for each in tried for failure in each.failures]
    for failure in failures[:_SHOWN]:
        print(f"{failure.parser}, seed {failure.seed}, input {failure.number}: {failure.fault}")
    print(f"{sum(inputs.values()):,} inputs, {len(failures):,} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
