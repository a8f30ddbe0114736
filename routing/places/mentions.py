"""Where a text mentions units: after a word for the kind of unit ("phường", "Q.", "tx") or bare."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Generic, Literal, NamedTuple, TypeVar

from routing.places.gazetteer import District, Gazetteer, Name, NameIndex, ProvinceName
from routing.places.street_names import known_streets
from routing.places.words import Word, agreement, is_capitalised, spellings, word_list

Level = Literal["ward", "district", "province", "city", "bare"]
Lead = Literal["", "cue", "landmark", "near", "house", "alley", "quarter"]
Unit = TypeVar("Unit", bound=Name | District | ProvinceName)
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
    Prefix("ward", "Phường", ("fuong",), ("fường",)),
    Prefix("ward", "Phường", ("phuogn",), ("phườgn",)),
    *(Prefix("ward", "Phường", (key,)) for key in ("p", "f", "ph", "phg", "fg", "phuog")),
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
_PAIR_STARTS = frozenset(first for first, _ in _UNIT_PAIRS)
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
# After these a name is a street's or a landmark's that often lies in the ward of the same name.
_LANDMARKS = spellings("landmarks")
# So do these, and with a district behind it the ward itself is meant: "sông Phú Diễn, Bắc Từ Liêm".
_NEAR = spellings("near")
# Typed without accents these may be another word: "cho" is chợ, chỗ and cho.
_DOUBTFUL = word_list("doubtful_landmarks")
# After these it is a place's: "ở", "khu", "cư dân".
_CUES = spellings("place_cues")
_ALLEYS = word_list("alleys")
_QUARTERS = word_list("quarters")
_WORDS_BEFORE: tuple[tuple[dict[str, list[str]], Lead], ...] = (
    (_LANDMARKS, "landmark"),
    (_NEAR, "near"),
    (_CUES, "cue"),
)
# "phường 2 lần" counts something; it is not the ward with that number.
_COUNTED = word_list("counted")
# Words that may stand before a name inside one run of capitals: "Khu Vĩnh Thanh Rạch Giá".
_LEADS = word_list("leads")
SURNAMES = word_list("street_surnames", keys=False)
# Typed without accents the others may be another word: "trinh" is Trịnh and trình.
FAMILY_NAMES = frozenset(name for name in SURNAMES if not name.isascii()) | {"nguyen", "tran", "pham"}
# Units whose names are everyday words: they need the word for the kind of unit.
EVERYDAY = word_list("everyday_names")
_AFTER_FULL = re.compile(r"[ \t\u00a0]{0,3}:?[ \t\u00a0]{0,3}[\"“'’]?")
_AFTER_SHORT = re.compile(r"[ \t\u00a0]{0,3}[.:]?[ \t\u00a0]{0,3}")


class Match(NamedTuple, Generic[Unit]):
    """A unit that words may name: `end` is the word after the name, `quality` 1 for the same spelling."""

    unit: Unit
    end: int
    quality: float


@dataclass(slots=True)
class Mention:
    """Words `start` to `end` that name a unit, and every unit they may mean.

    `full` when the word for the kind is written out, `initials` when a district is given by them ("q.bt").
    `paired` when a bare name and the district or province behind it prove each other; `lead` tells whether
    the words before make it the name of a street or landmark.
    """

    level: Level
    word: str
    full: bool
    start: int
    name_start: int
    end: int
    initials: bool = False
    paired: bool = False
    lead: Lead = ""
    wards: list[Match[Name]] = field(default_factory=list)
    districts: list[Match[District]] = field(default_factory=list)
    provinces: list[Match[ProvinceName]] = field(default_factory=list)

    @property
    def weak(self) -> bool:
        """Tell whether a bare name is a street's or landmark's: its ward is worth offering, not more."""
        if self.paired:
            return self.lead in ("landmark", "house")
        return self.lead in ("landmark", "house", "alley", "near")

    @property
    def longest(self) -> int:
        """Return the word after the longest name that agrees with what is typed."""
        ends = [match.end for match in self.wards]
        ends += [match.end for match in self.districts]
        ends += [match.end for match in self.provinces]
        return max(ends, default=self.end)


def _may_match(words: Sequence[Word], start: int, index: NameIndex[Unit]) -> bool:
    """Tell whether a name of one word, or two syllables of a name, begin at a word: mostly none do."""
    key = words[start].key
    return key in index or (start + 1 < len(words) and key + words[start + 1].key in index.starts)


def match_names(
    words: Sequence[Word], start: int, index: NameIndex[Unit], accented: bool = False
) -> list[Match[Unit]]:
    """Return the units whose name begins at a word, longest names first; `accented` tells of the text."""
    matches: list[Match[Unit]] = []
    if not _may_match(words, start, index):
        return matches
    key = ""
    for end in range(start, min(start + MOST_SYLLABLES, len(words))):
        word = words[end]
        if end > start and (not word.linked or (word.key in _PAIR_STARTS and _begins_unit_words(words, end))):
            break
        key += word.key
        if end > start and key.isdecimal():
            break
        units = index.get(key, ())
        if not units and key not in index.starts:
            break
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


def _is_number_part(word: Word) -> bool:
    return word.key.isdecimal() or (len(word.key) == 1 and word.touching)


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


class _Around(NamedTuple):
    """The districts and provinces that a word begins: behind the word for their kind, and bare."""

    written: list[Mention]
    districts: list[Match[District]]
    provinces: list[Match[ProvinceName]]


class Scanner:
    """Finds the mentions of one text, left to right, each word looked at once."""

    def __init__(self, text: str, words: Sequence[Word], places: Gazetteer, home: int | None = None) -> None:
        self.text = text
        self.words = words
        self.places = places
        self.home = home
        marked = sum(not word.lower.isascii() for word in words)
        self.accented = marked > 0.35 * len(words)
        self.capitalised = is_capitalised(words)
        self.named_until = 0
        self.names_found: tuple[int, list[Match[Name]]] = (-1, [])
        self.looked_at = -1
        self.around = _Around([], [], [])

    def scan(self) -> list[Mention]:
        """Return the mentions in the order of the text."""
        mentions: list[Mention] = []
        position = 0
        while position < len(self.words) and len(mentions) < MOST_MENTIONS:
            bare = self._may_begin_bare(position)
            found = self._prefixed(position) if self._may_begin_unit_word(position) else []
            if bare and (not found or self._begins_with_phuong(position, found)):
                found = self._pair(position) or found
            if bare and not found:
                follows = bool(mentions) and mentions[-1].end == position
                found = self._pair_inside(self._bare(position, follows))
            if not found:
                position += 1
                continue
            mentions += found
            position = self.named_until = max(found[-1].end, position + 1)
        return mentions

    def _may_begin_unit_word(self, position: int) -> bool:
        key = self.words[position].key
        return key in _BY_FIRST or key[:1] == "q"

    def _may_begin_bare(self, position: int) -> bool:
        """Tell whether a bare name may begin at a word: two syllables of one, or a province in one word."""
        places, key = self.places, self.words[position].key
        if key in places.province_names:
            return True
        two = key + self.words[position + 1].key if position + 1 < len(self.words) else ""
        return (
            two in places.names.starts
            or two in places.districts.starts
            or two in places.province_names.starts
        )

    def _prefixed(self, position: int) -> list[Mention]:
        for prefix in _BY_FIRST.get(self.words[position].key, ()):
            after = position + len(prefix.keys)
            if self._spelled(prefix, position, after) and (
                found := self._after_prefix(prefix, position, after)
            ):
                return [found]
        return self._glued(position)

    def _glued(self, position: int) -> list[Mention]:
        """Return the district of "qbt", a word of its initials behind a ward."""
        word = self.words[position]
        if position != self.named_until or position == 0 or not word.lower.startswith("q"):
            return []
        districts = [
            Match(unit, position + 1, 0.5)
            for unit in self.places.district_initials.get(word.lower[1:], ())
            if unit.word == "Quận"
        ]
        if not districts:
            return []
        end = position + 1
        return [
            Mention("district", "Quận", False, position, position, end, initials=True, districts=districts)
        ]

    def _pair(self, position: int) -> list[Mention]:
        """Return a bare name and the district or province behind it that holds a ward of this name."""
        if self.words[position].key.isdecimal() or not self._may_begin_pair(position):
            return []
        for match in self._names_at(position):
            after = match.end
            if match.quality <= 0 or after >= len(self.words) or after - position < 2:
                continue
            around = self._around(after)
            if not (around.written or around.districts or around.provinces):
                continue
            if not self._clear(match.unit, position):
                continue
            holder = self._holder(match.unit, position, after)
            if holder is None or self._ends_a_street(position, after):
                continue
            mention = Mention("bare", "", False, position, position, after, paired=True)
            mention.wards = [
                same
                for same in self._names_at(position)
                if same.end == after and same.quality > 0 and self._lies_in(same.unit, holder)
            ]
            mention.lead = self.lead(position)
            return [mention, holder]
        return []

    def _begins_with_phuong(self, position: int, found: list[Mention]) -> bool:
        """Tell whether "phường" may be the first syllable of a name: "Phương Liệt", "phuong liet"."""
        word = self.words[position]
        return word.lower == "phương" or (word.key == "phuong" and not found[0].wards)

    def _names_at(self, position: int) -> list[Match[Name]]:
        """Return the wards whose name begins at a word; asked for twice, found once."""
        if self.names_found[0] != position:
            found = match_names(self.words, position, self.places.names, self.accented)
            self.names_found = (position, found)
        return self.names_found[1]

    def _pair_inside(self, found: list[Mention]) -> list[Mention]:
        """Return the pair that begins inside a bare name, for which that name is chance, else the name."""
        for mention in found:
            for position in range(mention.start + 1, mention.end):
                if pair := self._pair(position):
                    return pair
        return found

    def _clear(self, name: Name, position: int) -> bool:
        """Tell whether a name is likely enough: elsewhere than at home only with capitals or accents."""
        at_home = self.home is None or self.places.province_of(name) == self.home
        return at_home or self.words[position].capital or self.accented

    def _may_begin_pair(self, position: int) -> bool:
        """Tell whether a name may begin here: among capitals only at their first or behind a leading word."""
        words = self.words
        if position and words[position].linked and words[position - 1].lower in FAMILY_NAMES:
            return False
        if not self.capitalised:
            return True
        if not words[position].capital:
            return False
        inside = position > 0 and words[position].linked and words[position - 1].capital
        return not inside or self._sentence_start(position - 1) or words[position - 1].key in _LEADS

    def _holder(self, name: Name, start: int, position: int) -> Mention | None:
        """Return the mention at a word of a district or province that a ward lies in."""
        words, places = self.words, self.places
        gap = self.text[words[position - 1].end : words[position].start]
        if len(gap) > 4 or gap.strip(" ,-–()/\u00a0"):
            return None
        everyday = "".join(word.key for word in words[start:position]) in EVERYDAY
        if everyday and not words[start].capital:
            return None
        around = self._around(position)
        for written in around.written:
            if self._lies_in(name, written):
                return written
        if not around.districts and not around.provinces:
            return None
        bare = Mention("bare", "", False, position, position, position, paired=True)
        least = 1 if words[position].capital or "," in gap else 2
        bare.districts = [
            match
            for match in around.districts
            if match.quality > 0
            and match.end - position >= least
            and match.unit.syllables[0].isalpha()
            and match.unit.rows & places.districts_of(name)
        ]
        if bare.districts:
            bare.end = bare.longest
            return bare
        bare.provinces = [
            match
            for match in around.provinces
            if match.quality > 0
            and (match.end - position > 1 or self._single(match, position))
            and match.unit.province == places.province_of(name)
        ]
        bare.end = bare.longest
        also_district = any(
            match.end == position and match.quality > 0 and match.unit.province == places.province_of(name)
            for match in match_names(words, start, places.districts, self.accented)
        )
        return bare if bare.provinces and not also_district else None

    def _around(self, position: int) -> _Around:
        """Return what may hold the ward whose name ends before a word; asked for many names, found once."""
        if self.looked_at != position:
            self.looked_at = position
            written = self._prefixed(position)
            self.around = _Around(
                [mention for mention in written if mention.level in ("district", "city", "province")],
                match_names(self.words, position, self.places.districts, self.accented),
                match_names(self.words, position, self.places.province_names, self.accented),
            )
        return self.around

    def _lies_in(self, name: Name, holder: Mention) -> bool:
        """Tell whether a ward lies in a district that a mention may mean, or in its province."""
        rows = self.places.districts_of(name)
        if any(match.quality > 0 and match.unit.rows & rows for match in holder.districts):
            return True
        province = self.places.province_of(name)
        return any(match.unit.province == province for match in holder.provinces)

    def _ends_a_street(self, start: int, end: int) -> bool:
        """Tell whether a longer well-known street ends with these words: "Nguyễn Thị Minh Khai"."""
        key = "".join(word.key for word in self.words[start:end])
        streets = known_streets()
        for before in range(start - 1, max(start - 4, -1), -1):
            if not self.words[before + 1].linked:
                return False
            key = self.words[before].key + key
            if key in streets:
                return True
        return False

    def lead(self, position: int) -> Lead:
        """Tell what the words before a name make of it."""
        words = self.words
        if position == 0 or not words[position].linked or position == self.named_until:
            return ""
        before = words[position - 1]
        if before.key.isdecimal() or (len(before.key) == 1 and before.touching):
            return self._number_lead(position - 1)
        found = [
            (max((agreement(before.lower, word) for word in words_of.get(before.key, ())), default=0.0), lead)
            for words_of, lead in _WORDS_BEFORE
        ]
        spelled, lead = max(found, key=lambda pair: pair[0])
        if spelled <= 0:
            return ""
        doubtful = lead == "landmark" and spelled < 1 and before.key in _DOUBTFUL
        return "near" if doubtful else lead

    def _number_lead(self, position: int) -> Lead:
        """Tell whether the number that ends at a word is a house's, an alley's or a quarter's."""
        words = self.words
        first = position
        while first > max(position - 6, 0) and words[first].linked and _is_number_part(words[first - 1]):
            first -= 1
        if first == 0 or not words[first].linked:
            return "house"
        key = words[first - 1].key
        return "alley" if key in _ALLEYS else "quarter" if key in _QUARTERS else "house"

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
        if prefix.level != "ward" and not self._names_more_than_wards(after):
            return None
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

    def _names_more_than_wards(self, position: int) -> bool:
        """Tell whether the name or the initials of a district or a province may begin at a word."""
        places = self.places
        return (
            _may_match(self.words, position, places.districts)
            or _may_match(self.words, position, places.province_names)
            or self.words[position].key in places.district_initials
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
            if follower is not None and not first.touching and self._counts(match.end):
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

    def _counts(self, position: int) -> bool:
        """Tell whether the number before a word counts it: "phường 2 lần", but not "phường 2 Vị Thanh"."""
        if not self.words[position].linked or self.words[position].key not in _COUNTED:
            return False
        districts = match_names(self.words, position, self.places.districts, self.accented)
        provinces = match_names(self.words, position, self.places.province_names, self.accented)
        ends = [match.end for match in districts if match.quality > 0]
        ends += [match.end for match in provinces if match.quality > 0]
        return max(ends, default=position) - position < 2

    def _by_initials(self, prefix: Prefix, after: int) -> list[Match[District]]:
        initials = self.words[after]
        accented = len(initials.key) < 4 and not initials.lower.isascii()
        found = () if accented else self.places.district_initials.get(initials.key, ())
        return [Match(unit, after + 1, 0.5) for unit in found if unit.word == prefix.word]

    def _minutes(self, mention: Mention) -> bool:
        return mention.start > 0 and self.words[mention.start - 1].key.isdecimal()

    def _bare(self, position: int, follows: bool) -> list[Mention]:
        words, places = self.words, self.places
        word = words[position]
        if word.key.isdecimal() or not (self._may_begin(position) or (follows and word.capital)):
            return []
        mention = Mention("bare", "", False, position, position, position)
        mention.provinces = [
            match
            for match in match_names(words, position, places.province_names, self.accented)
            if match.quality > 0 and (match.end - position > 1 or self._single(match, position))
        ]
        mention.districts = self._whole(
            match_names(words, position, places.districts, self.accented), position
        )
        mention.wards = self._whole(self._names_at(position), position)
        mention.provinces = self._whole(mention.provinces, position, 1)
        mention.wards = [match for match in mention.wards if not self._ends_in_unit_word(match.end)]
        if not (mention.wards or mention.districts or mention.provinces):
            return []
        mention.end = mention.longest
        mention.lead = self.lead(position)
        if follows or not self._names_a_thing(position):
            return [mention]
        if not mention.wards or mention.lead not in ("landmark", "near", "cue"):
            return []
        mention.districts, mention.provinces = [], []
        return [mention]

    def _ends_in_unit_word(self, end: int) -> bool:
        """Tell whether a name's last word belongs to the next name: "minh phuong thanh binh"."""
        words = self.words
        if words[end - 1].key not in ("phuong", "xa") or end >= len(words) or not words[end].linked:
            return False
        return any(written.wards for written in self._prefixed(end - 1))

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
        if key in EVERYDAY and not (self.capitalised and words[position].capital):
            return False
        if not self.capitalised:
            return True
        if not all(word.capital or word.key.isdecimal() for word in words[position:end]):
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
