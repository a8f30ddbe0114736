"""Where a text mentions units: after a word for the kind of unit ("phường", "Q.", "tx") or bare."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Literal, TypeVar

from routing.places.gazetteer import District, Gazetteer, Name, ProvinceName
from routing.places.words import Word, agreement, is_capitalised, word_list

Level = Literal["ward", "district", "province", "city", "bare"]
Unit = TypeVar("Unit", Name, District, ProvinceName)
MOST_SYLLABLES = 7
MOST_MENTIONS = 40


@dataclass(frozen=True, slots=True)
class Prefix:
    """A way to write the word for a kind of unit; one without `spelled` is an abbreviation."""

    level: Level
    word: str
    keys: tuple[str, ...]
    spelled: tuple[str, ...] = ()


_PREFIXES = (
    Prefix("ward", "Phường", ("phuong",), ("phường",)),
    *(Prefix("ward", "Phường", (key,)) for key in ("p", "f", "ph", "phg", "fuong", "fg", "phuog")),
    Prefix("ward", "Xã", ("xa",), ("xã",)),
    Prefix("ward", "Xã", ("x",)),
    Prefix("ward", "Thị trấn", ("thi", "tran"), ("thị", "trấn")),
    Prefix("ward", "Thị trấn", ("tt",)),
    Prefix("ward", "Đặc khu", ("dac", "khu"), ("đặc", "khu")),
    Prefix("district", "Quận", ("quan",), ("quận",)),
    Prefix("district", "Quận", ("q",)),
    Prefix("district", "Huyện", ("huyen",), ("huyện",)),
    Prefix("district", "Huyện", ("h",)),
    Prefix("district", "Thị xã", ("thi", "xa"), ("thị", "xã")),
    Prefix("district", "Thị xã", ("tx",)),
    Prefix("city", "Thành phố", ("thanh", "pho"), ("thành", "phố")),
    Prefix("city", "Thành phố", ("tp",)),
    Prefix("city", "Thành phố", ("t", "p")),
    Prefix("province", "Tỉnh", ("tinh",), ("tỉnh",)),
    Prefix("province", "Tỉnh", ("t",)),
)
_UNIT_PAIRS = frozenset(prefix.keys for prefix in _PREFIXES if len(prefix.keys) == 2)
_BY_FIRST: dict[str, list[Prefix]] = {}
for _prefix in sorted(_PREFIXES, key=lambda prefix: (-len(prefix.keys), not prefix.spelled)):
    _BY_FIRST.setdefault(_prefix.keys[0], []).append(_prefix)

# Words that with the prefix make another word: "địa phương", "hợp tác xã"; "phương tiện", "xã hội".
_BEFORE_PREFIX = {
    "phuong": frozenset(("doi", "song", "da", "don", "bon", "tha")),
    "xa": frozenset(("khong", "ko", "k", "kha", "rat", "qua", "cach", "lang", "bao")),
    "quan": frozenset(("co", "lien", "tham", "chu", "si", "tai", "hai", "khach", "chap", "tong")),
    "tinh": frozenset(("bi", "xac", "cam", "uoc", "may", "tam", "dac", "vo", "gioi", "an")),
}
_ALWAYS_BEFORE = {"xa": frozenset(("tac",)), "phuong": frozenset(("dia",)), "quan": frozenset(("khach",))}
_AFTER_PREFIX = {
    "phuong": frozenset(("tien", "an", "phap", "huong", "thuc", "cham", "dien", "ngon")),
    "xa": frozenset(
        ("hoi", "vien", "doan", "nha", "lo", "rac", "nuoc", "khoi", "thai", "lam", "qua", "xoi", "tac")
    ),
    "quan": frozenset(
        ("tam", "trong", "li", "sat", "he", "diem", "nhau", "an", "cafe", "doi", "chuc", "ao", "bia")
    ),
    "tinh": frozenset(
        ("trang", "hinh", "tien", "lo", "than", "cam", "mang", "tu", "nang", "chat", "den", "toan")
    ),
}
# After these a name is a street's, a school's, a person's, a hamlet's: no unit.
_NAMED_THINGS = word_list("named_things")
# Units whose names are everyday words: they need the word for the kind of unit.
_EVERYDAY = word_list("everyday_names")
_AFTER_FULL = re.compile(r"[ \t\u00a0]{0,3}:?[ \t\u00a0]{0,3}[\"“'’]?")
_AFTER_SHORT = re.compile(r"[ \t\u00a0]{0,3}[.:]?[ \t\u00a0]{0,3}")


@dataclass(frozen=True, slots=True)
class Match(Generic[Unit]):
    """A unit that words may name: `end` is the word after the name, `quality` 1 for the same spelling."""

    unit: Unit
    end: int
    quality: float


@dataclass(slots=True)
class Mention:
    """Words `start` to `end` that name a unit, and every unit they may mean.

    `full` when the word for the kind is written out, `initials` when a district is given by them ("q.bt").
    """

    level: Level
    word: str
    full: bool
    start: int
    name_start: int
    end: int
    initials: bool = False
    wards: list[Match[Name]] = field(default_factory=list)
    districts: list[Match[District]] = field(default_factory=list)
    provinces: list[Match[ProvinceName]] = field(default_factory=list)

    @property
    def longest(self) -> int:
        """Return the word after the longest name that agrees with what is typed."""
        ends = [match.end for match in self.wards]
        ends += [match.end for match in self.districts]
        ends += [match.end for match in self.provinces]
        return max(ends, default=self.end)


def match_names(
    words: Sequence[Word], start: int, index: Mapping[str, tuple[Unit, ...]], accented: bool = False
) -> list[Match[Unit]]:
    """Return the units whose name begins at a word, longest names first; `accented` tells of the text."""
    matches: list[Match[Unit]] = []
    key = ""
    for end in range(start, min(start + MOST_SYLLABLES, len(words))):
        word = words[end]
        if end > start and (not word.linked or _begins_unit_words(words, end)):
            break
        key += word.key
        if key.isdecimal() and end > start:
            break
        units = index.get(key, ())
        typed = tuple([word.lower for word in words[start : end + 1]]) if units else ()
        for unit in units:
            quality = _quality(typed, unit.syllables, accented)
            if quality is not None:
                matches.append(Match(unit, end + 1, quality))
    return matches[::-1]


def _begins_unit_words(words: Sequence[Word], position: int) -> bool:
    """Tell whether "thành phố", "thị xã" or "thị trấn" begins at a word."""
    following = words[position + 1].key if position + 1 < len(words) else ""
    return (words[position].key, following) in _UNIT_PAIRS


@lru_cache(maxsize=50_000)
def _quality(typed: tuple[str, ...], syllables: tuple[str, ...], accented: bool) -> float | None:
    """Return how well typed words agree with a name; None when they cannot mean it, below 0 for a slip."""
    if not syllables:
        return 0.9
    if len(syllables) != len(typed):
        return 0.5 if len(typed) == 1 else None
    if not accented and all(map(str.isascii, typed)):
        return 0.8
    parts = [agreement(word, name) for word, name in zip(typed, syllables, strict=True)]
    conflicts = sum(part < 0 for part in parts)
    if conflicts * 2 > len(parts) or (conflicts and len(parts) == 1):
        return None
    return sum(parts) / len(parts) if not conflicts else -conflicts / len(parts)


def unit_word(words: Sequence[Word]) -> tuple[str, int]:
    """Return the word for the kind of ward that a query begins with, in full, and where the name starts."""
    for prefix in _BY_FIRST.get(words[0].key, ()):
        after = len(prefix.keys)
        if (
            prefix.level == "ward"
            and after < len(words)
            and tuple(w.key for w in words[:after]) == prefix.keys
        ):
            return prefix.word, after
    return "", 0


class Scanner:
    """Finds the mentions of one text, left to right, each word looked at once."""

    def __init__(self, text: str, words: Sequence[Word], places: Gazetteer) -> None:
        self.text = text
        self.words = words
        self.places = places
        marked = sum(not word.lower.isascii() for word in words)
        self.accented = marked > 0.35 * len(words)
        self.capitalised = is_capitalised(words)
        self.named_until = 0

    def scan(self) -> list[Mention]:
        """Return the mentions in the order of the text."""
        mentions: list[Mention] = []
        position = 0
        while position < len(self.words) and len(mentions) < MOST_MENTIONS:
            follows = bool(mentions) and mentions[-1].end == position
            mention = self._prefixed(position) or self._bare(position, follows)
            if mention is None:
                position += 1
                continue
            mentions.append(mention)
            position = self.named_until = max(mention.end, position + 1)
        return mentions

    def _prefixed(self, position: int) -> Mention | None:
        for prefix in _BY_FIRST.get(self.words[position].key, ()):
            after = position + len(prefix.keys)
            if self._spelled(prefix, position, after) and (
                found := self._after_prefix(prefix, position, after)
            ):
                return found
        return None

    def _spelled(self, prefix: Prefix, position: int, after: int) -> bool:
        words = self.words
        if after >= len(words) or tuple(word.key for word in words[position:after]) != prefix.keys:
            return False
        gap = self.text[words[after - 1].end : words[after].start]
        if len(gap) > 8 or not (_AFTER_FULL if prefix.spelled else _AFTER_SHORT).fullmatch(gap):
            return False
        if not prefix.spelled:
            return not (words[position].touching and words[position].linked)
        if len(prefix.keys) == 1 and self._other_word(prefix.keys[0], position, after):
            return False
        return all(
            agreement(words[position + i].lower, proper) > 0 for i, proper in enumerate(prefix.spelled)
        )

    def _other_word(self, key: str, position: int, after: int) -> bool:
        """Tell whether the words around make another word: "địa phương", "hợp tác xã", "xã hội"."""
        words = self.words
        begins = position == self.named_until or not words[position].linked
        before = "" if begins else words[position - 1].key
        spelled_out = not words[position].lower.isascii() and words[position].lower != "phương"
        if before in _ALWAYS_BEFORE.get(key, ()) or (
            before in _BEFORE_PREFIX.get(key, ()) and not spelled_out
        ):
            return True
        if words[after].key not in _AFTER_PREFIX.get(key, ()) or words[after].capital:
            return False
        word = next(prefix.word for prefix in _BY_FIRST[key] if prefix.spelled)
        names: list[Match[Name]] = match_names(words, after, self.places.names, self.accented)
        districts: list[Match[District]] = match_names(words, after, self.places.districts, self.accented)
        long_names = [m for m in names if m.end - after > 1 and m.quality > 0 and m.unit.word == word]
        return not (long_names or any(m.end - after > 1 and m.unit.word == word for m in districts))

    def _after_prefix(self, prefix: Prefix, position: int, after: int) -> Mention | None:
        words, places = self.words, self.places
        mention = Mention(prefix.level, prefix.word, bool(prefix.spelled), position, after, after)
        if prefix.level == "ward":
            names = match_names(words, after, places.names, self.accented)
            proved = [match for match in names if self._proved(prefix, mention, match)]
            mention.wards = [match for match in proved if not self._cuts_province(match.end)] or proved
        if prefix.level in ("district", "city"):
            found = match_names(words, after, places.districts, self.accented)
            mention.districts = [m for m in found if self._proved(prefix, mention, m)]
            if not mention.districts and prefix.level == "district":
                mention.districts = self._by_initials(prefix, after)
                mention.initials = bool(mention.districts)
        if prefix.level in ("province", "city"):
            mention.provinces = [
                m for m in match_names(words, after, places.province_names, self.accented) if m.quality > 0
            ]
        mention.end = mention.longest
        if mention.wards or mention.districts or mention.provinces:
            return mention
        return (
            mention
            if prefix.level == "ward" and prefix.spelled and not words[after].key.isdecimal()
            else None
        )

    def _cuts_province(self, end: int) -> bool:
        """Tell whether a name would take the first word of a province: "Bình Hòa Tây|Ninh"."""
        if end >= len(self.words) or not self.words[end].linked:
            return False
        return self.words[end - 1].key + self.words[end].key in self.places.province_names

    def _proved(self, prefix: Prefix, mention: Mention, match: Match[Name] | Match[District]) -> bool:
        """Tell whether a name is more than chance after what may be another word ("xa", "p", "h")."""
        words = self.words
        first = words[mention.name_start]
        number = first.key.isdecimal()
        if prefix.level == "ward" and number and words[match.end - 1].end < len(self.text):
            follower = words[match.end] if match.end < len(words) else None
            if follower is not None and follower.touching and follower.key in ("m", "h", "k", "p"):
                return False
        if prefix.spelled:
            typed = words[mention.start].lower
            doubtful = typed in ("xa", "tinh", "quan") or typed == "phương"
            if doubtful and self.accented and not number:
                return match.unit.word == prefix.word and (first.capital or match.quality > 0.95)
            return typed != "quan" or first.capital or match.unit.word == prefix.word
        if number:
            gap = self.text[words[mention.start].end : first.start]
            certain = first.touching or "." in gap
            return (
                certain or prefix.word == "Quận" or (prefix.word == "Phường" and not self._minutes(mention))
            )
        if len("".join(prefix.keys)) == 1 and match.end - mention.name_start == 1:
            return first.capital and match.quality > 0
        sure = match.quality > 0.75 and match.end - mention.name_start > 1
        return match.quality > 0 and (first.capital or not self.capitalised or sure)

    def _by_initials(self, prefix: Prefix, after: int) -> list[Match[District]]:
        initials = self.words[after].lower
        found = self.places.district_initials.get(initials, ()) if initials.isascii() else ()
        return [Match(unit, after + 1, 0.5) for unit in found if unit.word == prefix.word]

    def _minutes(self, mention: Mention) -> bool:
        return mention.start > 0 and self.words[mention.start - 1].key.isdecimal()

    def _bare(self, position: int, follows: bool) -> Mention | None:
        words, places = self.words, self.places
        word = words[position]
        if word.key.isdecimal() or not (self._may_begin(position) or (follows and word.capital)):
            return None
        mention = Mention("bare", "", False, position, position, position)
        mention.provinces = [
            match
            for match in match_names(words, position, places.province_names, self.accented)
            if match.quality > 0 and (match.end - position > 1 or self._single(match, position))
        ]
        mention.districts = self._whole(
            match_names(words, position, places.districts, self.accented), position
        )
        mention.wards = self._whole(match_names(words, position, places.names, self.accented), position)
        mention.provinces = self._whole(mention.provinces, position, 1)
        if not (mention.wards or mention.districts or mention.provinces):
            return None
        mention.end = mention.longest
        return mention if follows or not self._names_a_thing(position) else None

    def _single(self, match: Match[ProvinceName], position: int) -> bool:
        if not match.unit.syllables:
            return self.words[position].key not in ("ct", "dn", "hp") or self.words[position].capital
        return self.words[position].lower == "huế" or (
            self.words[position].key == "hue" and (self.words[position].capital or not self.accented)
        )

    def _may_begin(self, position: int) -> bool:
        """Tell whether a name may begin here: among capitals, only where a run of them begins."""
        word = self.words[position]
        if not self.capitalised:
            return True
        inside = position > 0 and word.linked and self.words[position - 1].capital
        return word.capital and not (inside and not self._sentence_start(position - 1))

    def _sentence_start(self, position: int) -> bool:
        if position == 0:
            return True
        gap = self.text[self.words[position - 1].end : self.words[position].start]
        return any(mark in gap for mark in ".!?\n:-")

    def _whole(self, matches: list[Match[Unit]], position: int, least: int = 2) -> list[Match[Unit]]:
        return [
            m
            for m in matches
            if m.end - position >= least and m.quality > 0 and self._ends_whole(position, m.end)
        ]

    def _ends_whole(self, position: int, end: int) -> bool:
        words = self.words
        key = "".join(word.key for word in words[position:end])
        if key in _EVERYDAY and not (self.capitalised and words[position].capital):
            return False
        if not self.capitalised:
            return True
        if not all(word.capital for word in words[position:end]):
            return False
        return end >= len(words) or not words[end].linked or not words[end].capital or self._unit_begins(end)

    def _unit_begins(self, position: int) -> bool:
        return self.words[position].key in _BY_FIRST or any(
            match.quality > 0 and match.end - position > 1
            for match in match_names(self.words, position, self.places.province_names, self.accented)
        )

    def _names_a_thing(self, position: int) -> bool:
        """Tell whether the word before makes the name a street's, a school's or a person's."""
        if position == 0 or self.text[self.words[position - 1].end : self.words[position].start].strip():
            return False
        return self.words[position - 1].key in _NAMED_THINGS
