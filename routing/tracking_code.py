"""Tracking codes such as HN-7F3K-9Q2M: not sequential, typed and read aloud without mistakes.

Seven random characters and one check character from 29 that are hard to confuse: no 0, O, 1, I or L, and
neither S nor Z, which a reader would take for 5 and 2 (and which are read as such). 29 is a prime number,
so the weighted sum finds every single wrong character and every swap of two. The prefix is summed too, so
a code with the wrong city's prefix is refused. 29 ** 7 is 17 thousand million codes for each prefix.
"""

import json
import unicodedata
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

ALPHABET = "23456789ABCDEFGHJKMNPQRTUVWXY"
_RANDOM_LENGTH = 7
_BODY_LENGTH = _RANDOM_LENGTH + 1
_LONGEST = 200
"""Characters of a text that may be a code, with all that is forgiven."""
_CONFUSABLE = str.maketrans("SZ", "52")
_DATA = Path(__file__).parent / "data" / "code_prefixes.json"


@cache
def _prefixes() -> Mapping[str, str]:
    found: dict[str, str] = json.loads(_DATA.read_text(encoding="utf-8"))
    return found


def code_prefix(province: str) -> str:
    """Return the letters before a province's codes, such as HN for "ha-noi". Raises KeyError for another."""
    return _prefixes()[province]


def new_code(prefix: str, random: Callable[[int], int]) -> str:
    """Return a new code, such as HN-7F3K-9Q2M.

    random returns a number from 0 to below its argument, such as `secrets.randbelow`; whoever stores the
    code makes sure that it is unique. Raises ValueError for a prefix of no province.
    """
    if prefix not in _prefixes().values():
        raise ValueError(f"no province has the prefix {prefix!r}")
    body = "".join(ALPHABET[random(len(ALPHABET))] for _ in range(_RANDOM_LENGTH))
    return _written(prefix, body + _check_character(prefix, body))


def parse_code(text: str) -> str | None:
    """Return the code that this text is, in its normal form, or None when it is not a code.

    Lower case, spaces, missing or other dashes, full-width letters, S for 5 and Z for 2 are forgiven.
    """
    if len(text) > _LONGEST:
        return None
    letters = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).upper()))
    prefix, body = letters[:-_BODY_LENGTH], letters[-_BODY_LENGTH:].translate(_CONFUSABLE)
    if prefix not in _prefixes().values() or not frozenset(body) <= frozenset(ALPHABET):
        return None
    if body[-1] != _check_character(prefix, body[:-1]):
        return None
    return _written(prefix, body)


def _written(prefix: str, body: str) -> str:
    return f"{prefix}-{body[:4]}-{body[4:]}"


def _check_character(prefix: str, body: str) -> str:
    # Weights run from the right, below 29 and all different, so no two places count the same.
    numbers = [*(ord(letter) - ord("A") for letter in prefix), *(ALPHABET.index(letter) for letter in body)]
    weighted = sum(weight * number for weight, number in enumerate(reversed(numbers), start=2))
    return ALPHABET[-weighted % len(ALPHABET)]
