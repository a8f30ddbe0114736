"""`python -m benchmarks.fuzz`: random and mutated messages through the whole reading, as many as asked for.

Each message is read in full; an exception, a span outside the text or a reading that takes more than 50 ms
of processor time is a failure. The same seed gives the same messages.
"""

import argparse
import gc
import sys
import time
import unicodedata
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from random import Random

from tqdm import tqdm

from routing.corpus import fill, sources
from routing.understanding import LONGEST_TEXT, Understanding

LIMIT_MS = 50.0
_BATCH = 500
_ODD = (
    "\u200b\u200d\u200e\u200f\u202e\u2066\u2069\ufeff\u00ad\u0000\u0007\u001b\u0301\u0323\u031b"
    "🙂👩‍👩‍👧🇻🇳١٢٣ａｂｃйαßﬁ中文ไทย\ud83d\n\t\r\u2028"
)
_HOOKS: tuple[str, ...] = (
    *("phường ", "quận 1 ", "đường ", "số 12/3 ", "ngõ 4 ", "stk ", "0912 345 678 ", "ông "),
    *("Nguyễn Văn A ", "a@b.vn ", "29A-123.45 ", "nay là ", "ngoài ra ", "1. ", "P.4 ", "..."),
    *("?!", "cháy ", "q.", "@", "/"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """A message that was not read as it should be."""

    seed: int
    fault: str


def messages(seed: int, count: int) -> Iterator[str]:
    """Yield messages, each of one of several sorts, up to 20,000 characters."""
    random = Random(seed)
    for _ in range(count):
        yield random.choice(_SORTS)(random)[:LONGEST_TEXT]


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


# ── sorts of messages ────────────────────────────────────────────────────────────────────────────


@cache
def _written() -> tuple[str, ...]:
    return tuple(source.text for family in ("domains", "kinds") for source in sources(family))


def _ordinary(random: Random) -> str:
    return fill(random.choice(_written()), random)


def _mutated(random: Random) -> str:
    letters = list(_ordinary(random))
    for _ in range(random.randrange(1, 12)):
        at = random.randrange(len(letters) + 1)
        change = random.randrange(4)
        if change == 0:
            letters[at:at] = random.choice((*_ODD, *_HOOKS))
        elif change == 1:
            del letters[at : at + random.randrange(1, 6)]
        elif change == 2:
            letters[at:at] = letters[at : at + 5] * random.randrange(1, 40)
        else:
            letters[at : at + 8] = random.sample(letters[at : at + 8], len(letters[at : at + 8]))
    text = "".join(letters)
    return unicodedata.normalize(random.choice(("NFC", "NFD", "NFKD")), text)


def _joined(random: Random) -> str:
    return random.choice(("\n", ". ", " ", ", ")).join(
        _ordinary(random) for _ in range(random.randrange(2, 60))
    )


def _repeated(random: Random) -> str:
    part = "".join(random.choice((*_HOOKS, *_ODD)) for _ in range(random.randrange(1, 4)))
    return part * random.randrange(1, 2 + LONGEST_TEXT // len(part) // random.choice((1, 10, 100)))


def _random(random: Random) -> str:
    top = random.choice((0x7F, 0x250, 0x1F00, 0x2FFFF))
    points = (random.randrange(1, top) for _ in range(int(10 ** random.uniform(0, 4.3))))
    return "".join(chr(point) for point in points)


def _soup(random: Random) -> str:
    return "".join(random.choice((*_HOOKS, *_ODD)) for _ in range(int(10 ** random.uniform(0, 3.3))))


_SORTS: tuple[Callable[[Random], str], ...] = (
    *(4 * (_ordinary,)),
    *(8 * (_mutated,)),
    _joined,
    _repeated,
    _random,
    _soup,
)


# ── the run ──────────────────────────────────────────────────────────────────────────────────────


@cache
def _understanding() -> Understanding:
    loaded = Understanding.load()
    # As in `serve`: a full collection over all that was loaded takes longer than a reading.
    gc.collect()
    gc.freeze()
    return loaded


def _batch(seed: int) -> list[Failure]:
    found = (check(_understanding(), text) for text in messages(seed, _BATCH))
    return [Failure(seed=seed, fault=fault) for fault in found if fault]


def main() -> int:
    """Run, print every failure, and return 1 when there is one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--processes", type=int, default=2)
    arguments = parser.parse_args()
    seeds = range(arguments.seed, arguments.seed + -(-arguments.count // _BATCH))
    failures: list[Failure] = []
    with ProcessPoolExecutor(arguments.processes) as pool:
        for found in tqdm(pool.map(_batch, seeds), total=len(seeds), unit=" batches", file=sys.stderr):
            failures += found
    for failure in failures:
        print(f"batch {failure.seed}: {failure.fault}")
    print(f"{len(seeds) * _BATCH} messages, {len(failures)} failures")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
