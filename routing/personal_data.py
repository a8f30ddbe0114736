"""Personal data in a message: what to mask wherever its text is shown to a group or to the public."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from routing.person_names import Words, find_names
from routing.places.words import syllable_key
from routing.vietnamese import strip_accents

MASK = "•••"


_INTRODUCTION = re.compile(r"\b(?:ten|la|toi)[\s:]*$")
"""What stands before a name when somebody says their own."""


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
_NOT_DIGITS = re.compile(r"\D")
_MOBILE = re.compile(r"0[35789]\d{8}|01[2689]\d{8}|02\d{9}")
_BANK, _IDENTITY, _PLATE_CUE = "bank", "identity", "plate"
_CUES = {
    **dict.fromkeys(map(syllable_key, ("stk", "tk", "taikhoan", "nganhang")), _BANK),
    **dict.fromkeys(("cccd", "cmnd", "cmt", "cmtnd", "cancuoc", "chungminh", "dinhdanh"), _IDENTITY),
    **dict.fromkeys(("bienso", "bks", "bsx", "xe", "oto", "kiemsoat"), _PLATE_CUE),
}
"""Words, or two words in a row, that tell what a number or plate behind them is."""
_CUE_WORDS = 6
_FEWEST_BANK_DIGITS, _MOST_BANK_DIGITS = 6, 19
_CUE_STARTS = frozenset(cue[:2] for cue in _CUES)


def find_personal_data(text: str) -> tuple[PersonalData, ...]:
    """Return the personal data in a text, in order and without overlap; spans are in the text as given."""
    words = _Words(text)
    found: list[PersonalData] = []
    covered = bytearray(len(text))
    for candidate in (*_emails(text), *_plates(words), *_numbers(words), *_names(words)):
        if covered.find(1, candidate.start, candidate.end) < 0:
            covered[candidate.start : candidate.end] = b"\1" * (candidate.end - candidate.start)
            found.append(candidate)
    return tuple(sorted(found, key=lambda item: item.start))


def mask(text: str, found: Iterable[PersonalData]) -> str:
    """Return the text with each piece of personal data replaced by the same three dots."""
    return _replaced(text, found, MASK)


def hide_writer(text: str) -> str:
    """Return a text without what gives its writer away: their numbers, and the name that they say is theirs.

    What tells of others (a vehicle, a neighbour) is often what a report is about, and stays.
    """
    return mask(text, (item for item in find_personal_data(text) if _is_writers(text, item)))


def _is_writers(text: str, item: PersonalData) -> bool:
    if item.type == "person_name":
        return _INTRODUCTION.search(strip_accents(text[: item.start]).lower()) is not None
    return item.type != "vehicle_plate"


def without(text: str, found: Iterable[PersonalData]) -> str:
    """Return the text with a blank for each piece of personal data: who somebody is, is no matter."""
    return _replaced(text, found, " ")


def _replaced(text: str, found: Iterable[PersonalData], by: str) -> str:
    parts, position = [], 0
    for item in sorted(found, key=lambda item: item.start):
        parts += [text[position : item.start], by]
        position = item.end
    return "".join([*parts, text[position:]])


def _emails(text: str) -> Iterator[PersonalData]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield PersonalData(type="email", start=match.start(), end=match.end())


class _Words(Words):
    """The words of a text by key, and where they tell what a number behind them is."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._cues: dict[str, list[int]] = {_BANK: [], _IDENTITY: [], _PLATE_CUE: []}
        for at, key in enumerate(self.keys):
            if key[:2] not in _CUE_STARTS:
                continue
            if key in _CUES:
                self._cues[_CUES[key]].append(at)
            following = self.keys[at + 1] if at + 1 < len(self) else ""
            if following and key + following in _CUES:
                self._cues[_CUES[key + following]].append(at)

    def cued(self, start: int, kind: str) -> bool:
        """Tell whether a cue of this kind stands whole among the few words before a position."""
        after = bisect_right(self.ends, start)
        cues = self._cues[kind]
        first = bisect_left(cues, after - _CUE_WORDS)
        return first < len(cues) and cues[first] < after


def _plates(words: _Words) -> Iterator[PersonalData]:
    for match in _PLATE.finditer(words.text):
        written = match.group()
        spoken = written != written.upper() or " " in written.strip()
        if int(written[:2]) >= 11 and (not spoken or words.cued(match.start(), _PLATE_CUE)):
            yield PersonalData(type="vehicle_plate", start=match.start(), end=match.end())


def _numbers(words: _Words) -> Iterator[PersonalData]:
    for match in _DIGITS.finditer(words.text):
        kind = _number_type(match.group(), words, match.start())
        if kind:
            yield PersonalData(type=kind, start=match.start(), end=match.end())


def _number_type(written: str, words: _Words, start: int) -> str | None:
    digits = _NOT_DIGITS.sub("", written)
    national = "0" + digits[2:].removeprefix("0") if digits.startswith("84") and len(digits) >= 11 else digits
    if len(digits) in (9, 12) and words.cued(start, _IDENTITY):
        return "identity_number"
    if _FEWEST_BANK_DIGITS <= len(digits) <= _MOST_BANK_DIGITS and words.cued(start, _BANK):
        return "bank_account"
    if _MOBILE.fullmatch(national):
        return "phone"
    if len(digits) == 12 and digits[0] == "0" and 1 <= int(digits[:3]) <= 96:
        return "identity_number"
    return None


def _names(words: _Words) -> Iterator[PersonalData]:
    for start, end in find_names(words):
        yield PersonalData(type="person_name", start=words.starts[start], end=words.ends[end - 1])
