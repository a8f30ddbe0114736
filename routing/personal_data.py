"""Personal data in a message: what to mask wherever its text is shown to a group or to the public."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from routing.places.words import Word, split_words, syllable_key, word_list

MASK = "•••"


@dataclass(frozen=True, kw_only=True, slots=True)
class PersonalData:
    """Characters `start` to `end` of a text that tell who somebody is.

    `type` is one of email, identity_number, phone, bank_account, vehicle_plate, person_name.
    """

    type: str
    start: int
    end: int


_EMAIL = re.compile(
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9][A-Za-z0-9._%+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}"
    r"(?![A-Za-z0-9])"
)
_DIGITS = re.compile(r"(?<![\w/])(?:\(?\+ ?84\)?|\d)(?:[ .-]?\(?\d\)?){5,20}(?![\w/])")
_PLATE = re.compile(
    r"(?<![\w.,])\d{2}[ -]?[A-Za-z](?:[A-Za-z]|\d)?[ .-]{0,3}(?:\d{3}[. ]?\d{2}|\d{4})(?![\w]|[.,]\d)"
)
_MOBILE = re.compile(r"0[35789]\d{8}|01[2689]\d{8}|02\d{9}")
_BANK_CUES = tuple(map(syllable_key, ("stk", "tk", "taikhoan", "nganhang")))
_IDENTITY_CUES = ("cccd", "cmnd", "cmt", "cmtnd", "cancuoc", "chungminh", "dinhdanh")
_PLATE_CUES = ("bienso", "bks", "bsx", "xe", "oto", "kiemsoat")
_CUE_WORDS = 6
_FEWEST_BANK_DIGITS, _MOST_BANK_DIGITS = 6, 19

_PERSON_CUES = frozenset(("ong", "ba", "anh", "chi", "co", "chu", "bac", "thay", "em", "chau", "ten", "toi"))
_BETWEEN = frozenset(("ten", "la", "toi"))
_SURNAMES = word_list("surnames")
_MIDDLE = frozenset(("van", "thi"))
_THINGS_BEFORE = frozenset(
    ("duong", "pho", "cho", "cau", "truong", "den", "chua", "ngo", "hem", "phuong", "xa")
)
_MOST_NAME_WORDS = 5


def find_personal_data(text: str) -> tuple[PersonalData, ...]:
    """Return the personal data in a text, in order and without overlap; spans are in the text as given."""
    words = split_words(text)
    found: list[PersonalData] = []
    for candidate in (*_emails(text), *_plates(text, words), *_numbers(text, words), *_names(words)):
        if not any(candidate.start < other.end and other.start < candidate.end for other in found):
            found.append(candidate)
    return tuple(sorted(found, key=lambda item: item.start))


def mask(text: str, found: Iterable[PersonalData]) -> str:
    """Return the text with each piece of personal data replaced by the same three dots."""
    parts, position = [], 0
    for item in sorted(found, key=lambda item: item.start):
        parts += [text[position : item.start], MASK]
        position = item.end
    return "".join([*parts, text[position:]])


def _emails(text: str) -> Iterator[PersonalData]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield PersonalData(type="email", start=match.start(), end=match.end())


def _plates(text: str, words: Sequence[Word]) -> Iterator[PersonalData]:
    for match in _PLATE.finditer(text):
        written = match.group()
        spoken = written != written.upper() or " " in written.strip()
        if int(written[:2]) >= 11 and (not spoken or _cued(words, match.start(), _PLATE_CUES)):
            yield PersonalData(type="vehicle_plate", start=match.start(), end=match.end())


def _numbers(text: str, words: Sequence[Word]) -> Iterator[PersonalData]:
    for match in _DIGITS.finditer(text):
        kind = _number_type(match.group(), words, match.start())
        if kind:
            yield PersonalData(type=kind, start=match.start(), end=match.end())


def _number_type(written: str, words: Sequence[Word], start: int) -> str | None:
    digits = re.sub(r"\D", "", written)
    national = "0" + digits[2:].removeprefix("0") if digits.startswith("84") and len(digits) >= 11 else digits
    if _cued(words, start, _IDENTITY_CUES) and len(digits) in (9, 12):
        return "identity_number"
    if _cued(words, start, _BANK_CUES) and _FEWEST_BANK_DIGITS <= len(digits) <= _MOST_BANK_DIGITS:
        return "bank_account"
    if _MOBILE.fullmatch(national):
        return "phone"
    if len(digits) == 12 and digits[0] == "0" and 1 <= int(digits[:3]) <= 96:
        return "identity_number"
    return None


def _cued(words: Sequence[Word], start: int, cues: Sequence[str]) -> bool:
    """Tell whether one of the cues stands among the few words before a position."""
    after = bisect_right(words, start, key=lambda word: word.end)
    last = [word.key for word in words[max(0, after - _CUE_WORDS) : after]]
    pairs = {"".join(pair) for pair in pairwise(last)}
    return any(cue in last or cue in pairs for cue in cues)


def _names(words: Sequence[Word]) -> Iterator[PersonalData]:
    for position, word in enumerate(words):
        if word.key not in _PERSON_CUES or _named_thing(words, position):
            continue
        start = position + 1
        while start < len(words) and start < position + 3 and words[start].key in _BETWEEN:
            start += 1
        if word.key == "toi" and start == position + 1:
            continue
        end = _name_end(words, start)
        if end:
            yield PersonalData(type="person_name", start=words[start].start, end=words[end - 1].end)


def _named_thing(words: Sequence[Word], position: int) -> bool:
    """Tell whether "Bà Triệu" is a street's or a market's name rather than a person spoken of."""
    before = words[position - 1] if position else None
    return before is not None and words[position].linked and before.key in _THINGS_BEFORE


def _name_end(words: Sequence[Word], start: int) -> int | None:
    """Return the word after a full name, family name first, or None."""
    if start >= len(words) or words[start].key not in _SURNAMES:
        return None
    capital = words[start].capital
    end = start + 1
    while (
        end < min(len(words), start + _MOST_NAME_WORDS)
        and words[end].linked
        and words[end].capital == capital
    ):
        if not capital and end > start + 2:
            break
        end += 1
    if capital:
        return end if end - start >= 2 else None
    return end if end - start == 3 and words[start + 1].key in _MIDDLE else None
