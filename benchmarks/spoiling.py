"""Spoilt input: recorded bytes and documents changed at random, and what never was any, by a seed."""

import copy
import json
from collections.abc import Sequence
from random import Random
from typing import Any

from bot.server import BODY_LIMIT

ODD: tuple[Any, ...] = (
    *(None, True, 0, -1, 10**30, 1.5, 1e308, float("inf"), float("nan")),
    *(
        "",
        " ",
        "\x00",
        "\ud83d",
        "a" * 5000,
        "9" * 5000,
        "../../etc/passwd",
        "<script>",
        "' OR 1=1 --",
        "%s%n",
    ),
    *([], {}, [[]], [None], {"id": {}}, {"text": []}, ["1", 2, None, {"a": 1}]),
)
"""What a field may hold in place of what belongs there."""
_DEEP = 200
_TOKENS = (
    b"{",
    b"}",
    b"[",
    b"]",
    b'"',
    b":",
    b",",
    b"\\u0000",
    b"\\ud83d",
    b"1e999",
    b"-0",
    b"\xff",
    b"\x00",
    b"NaN",
)
Way = tuple[str | int, ...]


def spoilt_document(random: Random, document: Any) -> Any:
    """Return a copy with a few parts dropped, renamed, retyped, doubled or nested."""
    changed = copy.deepcopy(document)
    for _ in range(random.randrange(1, 5)):
        if ways := list(_ways(changed)):
            _spoil(random, changed, random.choice(ways))
    return changed


def as_body(document: Any) -> bytes:
    """Return a document as JSON, however odd it is."""
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "surrogatepass")


def spoilt_bytes(random: Random, body: bytes, *, most: int = 8) -> bytes:
    """Return bytes with some of them changed, cut out, doubled or cut off."""
    changed = bytearray(body)
    for _ in range(random.randrange(1, most)):
        at = random.randrange(len(changed) + 1)
        match random.randrange(6):
            case 0:
                changed[at : at + 1] = random.randbytes(1)
            case 1:
                del changed[at : at + random.randrange(1, 60)]
            case 2:
                changed[at:at] = random.choice(_TOKENS) * random.choice((1, 1, 2, 300))
            case 3:
                changed[at:at] = changed[at : at + 200] * random.randrange(1, 20)
            case 4:
                changed[at : at + 4] = random.choice(
                    (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\x7f\xff\xff\xff")
                )
            case _:
                if random.random() < 0.2:
                    del changed[at:]
    return bytes(changed)


def any_body(random: Random, samples: Sequence[Any]) -> bytes:
    """Return the body of a call: a recorded one changed as a document or as bytes, or nothing of the kind.

    None is longer than the server reads.
    """
    sort = random.randrange(10)
    if sort < 6:
        body = as_body(spoilt_document(random, random.choice(samples)))
    elif sort < 9:
        body = spoilt_bytes(random, as_body(random.choice(samples)))
    else:
        body = random.choice((_noise, _brackets, _tokens))(random)
    return body[:BODY_LIMIT]


def _noise(random: Random) -> bytes:
    return random.randbytes(int(10 ** random.uniform(0, 4)))


def _brackets(random: Random) -> bytes:
    return random.choice((b"[", b'{"a":', b'[{"message":')) * random.choice((10, 900, 100_000))


def _tokens(random: Random) -> bytes:
    return b"".join(random.choice(_TOKENS) for _ in range(random.randrange(400)))


def _ways(value: Any, steps: Way = ()) -> list[Way]:
    """Return the way to everything in a document but the document itself."""
    if not isinstance(value, dict | list):
        return []
    found: list[Way] = []
    for step in list(value) if isinstance(value, dict) else range(len(value)):
        found += [(*steps, step), *_ways(value[step], (*steps, step))]
        if len(found) > 2000:
            break
    return found


def _spoil(random: Random, document: Any, way: Way) -> None:
    holder, last = document, way[-1]
    for step in way[:-1]:
        holder = holder[step]
    match random.randrange(7):
        case 0:
            del holder[last]
        case 1 if isinstance(holder, dict):
            holder[random.choice(("x", "", "text", "id", "type", "message", "\ud83d"))] = holder.pop(last)
        case 2:
            holder[last] = random.choice(([holder[last]], {"id": holder[last]}))
        case 3 if max(map(len, _ways(document))) < _DEEP:  # twice as deep could not be copied any more
            for _ in range(_DEEP):
                holder[last] = [holder[last]]
        case 4 if isinstance(holder[last], str):
            holder[last] = holder[last] * random.choice((2, 100)) + random.choice(
                ("\x00", "\ud83d", "🙂", "\u202e")
            )
        case 5 if isinstance(holder, list):
            holder.extend(copy.deepcopy(holder[:20]))
        case _:
            holder[last] = copy.deepcopy(random.choice(ODD))
