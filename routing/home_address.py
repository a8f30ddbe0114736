"""Where somebody lives and their accounts elsewhere, masked for all but those who act."""

import re
from collections.abc import Iterable, Iterator

from routing.personal_data import PersonalData
from routing.vietnamese import strip_accents

_WORD = re.compile(r"[^\W\d_]+")
_ACCENTED = frozenset(
    _WORD.findall(
        "nhà riêng của tôi mình cháu chúng ông bà chị cô chú bác gia đình hiện đang ở sống cư trú ngụ thường "
        "tạm địa chỉ hộ tại là tên căn số phòng ngõ ngách hẻm kiệt tổ"
    )
)
"""The words of the patterns below as they are typed with accents."""
_HOUSE = r"\d{1,4}[a-z]?(?:[/-]\d{1,4}[a-z]?){0,3}"
_LANES = r"(?:,?\s+(?:ngo|ngach|hem|kiet|to)\s+\d{1,4}[a-z]?(?:/\d{1,4}){0,2}){0,3}"
_NUMBER = rf"(?:so(?:\s+nha)?\s*)?{_HOUSE}{_LANES}|(?:phong|can(?:\s+ho)?)\s+[a-z]?\d{{1,5}}[a-z]?"
_WHO = r"(?:toi|em|minh|chau|chung\s+toi|ong|ba|anh|chi|co|chu|bac|gia\s+dinh(?:\s+toi)?|•••)"
_LIVES = r"(?:o|song|sinh\s+song|cu\s+tru|cu\s+ngu|thuong\s+tru|tam\s+tru|tru)"
_NAMED = r"(?:\s+(?:ten(?:\s+la)?|la)(?:\s+[^\W\d_]+){1,4}?)?"
_CUE = re.compile(
    rf"(?<!\w)(?:nha\s+(?:rieng\s+)?(?:cua\s+)?{_WHO}(?:\s+•••)?"
    rf"|{_WHO}(?P<name>{_NAMED})(?:\s+•••)?,?\s+(?:hien\s+)?(?:dang\s+)?{_LIVES}"
    rf"|•••,?\s+nha(?=\s+so\s)|dia\s+chi(?:\s+nha)?(?:\s+(?:cua\s+)?{_WHO})?|ho\s+(?:ong|ba)(?:\s+•••)?"
    r"|thuong\s+tru|tam\s+tru|(?:sinh\s+song|cu\s+tru|cu\s+ngu)(?=\s+(?:o|tai|so)\s|\s*:))"
    rf"(?:\s+(?:o|tai|la))?(?:\s+(?:can\s+)?nha(?=\s+so\s))?\s*[:,]?\s*(?P<number>{_NUMBER})(?![\w/])"
)
_HOUSE_NUMBER = re.compile(rf"(?<!\w)(?P<number>so\s+nha\s*:?\s*{_HOUSE}{_LANES})(?![\w/])")
_HANDLE = re.compile(
    r"(?<![\w.@/])(?P<number>@[a-z][\w.]{2,31}"
    r"|(?:https?://)?(?:www\.|m\.)?(?:t\.me|telegram\.me|fb\.com|fb\.me|facebook\.com|m\.me|zalo\.me"
    r"|instagram\.com|tiktok\.com)/[^\s,;)]+)"
)


def find_home_addresses(text: str) -> Iterator[PersonalData]:
    """Find the house numbers that stand behind words such as "nhà tôi ở", "địa chỉ nhà" or "số nhà".

    Typed with accents or without. The streets stay: that is where the matter is. Names may be masked
    already.
    """
    yield from _found("home_address", (_CUE, _HOUSE_NUMBER), text)


def find_handles(text: str) -> Iterator[PersonalData]:
    """Find the names and pages by which somebody is known on other networks."""
    yield from _found("handle", (_HANDLE,), text)


def _found(type: str, patterns: Iterable[re.Pattern[str]], text: str) -> Iterator[PersonalData]:
    bare, end = _bare(text), 0
    matches = (match for pattern in patterns for match in pattern.finditer(bare))
    for match in sorted(matches, key=lambda match: match.start("number")):
        first, last = match.span("number")
        if first >= end and _is_meant(text, match):
            yield PersonalData(type=type, start=first, end=last)
            end = last


def _is_meant(text: str, match: re.Match[str]) -> bool:
    """Tell whether words that are typed with accents are those of the cue: "có ở 3 chỗ" is no "cô ở"."""
    name = match.span("name") if "name" in match.re.groupindex else (-1, -1)
    cue = text[match.start() : max(name[0], match.start())] + text[max(name[1], match.start()) : match.end()]
    return all(word.isascii() or word in _ACCENTED for word in _WORD.findall(cue.lower()))


def _bare(text: str) -> str:
    """Return a text in small letters without accents, letter by letter, so that spans are the same."""
    return "".join(_plain(letter) for letter in text)


def _plain(letter: str) -> str:
    if letter.isascii():
        return letter.lower()
    plain = strip_accents(letter).lower()
    return plain if len(plain) == 1 else letter
