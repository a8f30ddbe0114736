"""Messages as people write them, mutated ones, and what is none at all, by a seed."""

import unicodedata
from collections.abc import Callable, Iterator
from functools import cache
from random import Random

from routing.corpus import fill, sources
from routing.understanding import LONGEST_TEXT

_ODD = (
    "\u200b\u200d\u200e\u200f\u202e\u2066\u2069\ufeff\u00ad\u0000\u0007\u001b\u0301\u0323\u031b"
    "🙂👩‍👩‍👧🇻🇳١٢٣ａｂｃйαßﬁ中文ไทย\ud83d\n\t\r\u2028"
)
_HOOKS: tuple[str, ...] = (
    *("phường ", "quận 1 ", "đường ", "số 12/3 ", "ngõ 4 ", "stk ", "0912 345 678 ", "ông "),
    *("Nguyễn Văn A ", "a@b.vn ", "29A-123.45 ", "nay là ", "ngoài ra ", "1. ", "P.4 ", "..."),
    *("?!", "cháy ", "q.", "@", "/"),
)


def messages(seed: int, count: int) -> Iterator[str]:
    """Yield messages, each of one of several sorts."""
    random = Random(seed)
    for _ in range(count):
        yield any_text(random)


def any_text(random: Random) -> str:
    """Return a message of one of several sorts."""
    return random.choice(_SORTS)(random)[:LONGEST_TEXT]


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
