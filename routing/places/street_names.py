"""The well-known streets: names that many cities share, and those of the largest."""

from functools import cache
from itertools import accumulate

from routing.places.gazetteer import DATA_FILE, key_of
from routing.places.words import split_forms, syllable_key
from routing.vietnamese import normalise, strip_accents

NAMES_FILE = DATA_FILE.with_name("street_names.txt")
_ABBREVIATED = {
    "xvnt": "Xô Viết Nghệ Tĩnh",
    "cmt8": "Cách Mạng Tháng Tám",
    "cmt": "Cách Mạng Tháng Tám",
    "nkkn": "Nam Kỳ Khởi Nghĩa",
    "ntmk": "Nguyễn Thị Minh Khai",
    "dbp": "Điện Biên Phủ",
    "hvt": "Hoàng Văn Thụ",
    "lvs": "Lê Văn Sỹ",
    "vvk": "Võ Văn Kiệt",
}


@cache
def known_streets() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return the well-known street names by key: as they are shown, and their syllables."""
    lines = NAMES_FILE.read_text(encoding="utf-8").splitlines()
    known = {key_of(line): (line, tuple(split_forms(normalise(line))[1])) for line in lines}
    return known | {syllable_key(key): (name, ()) for key, name in _ABBREVIATED.items()}


@cache
def street_starts() -> frozenset[str]:
    """Return what the keys of well-known streets begin with, syllable by syllable."""
    starts: set[str] = set()
    for key, (_, syllables) in known_streets().items():
        parts = [syllable_key(strip_accents(syllable)) for syllable in syllables] or list(key)
        starts.update(accumulate(parts))
    return frozenset(starts)
