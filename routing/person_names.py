"""Names of private persons in a text: after a form of address or a label, in lists, and as a signature."""

from collections.abc import Iterator

from routing.places.gazetteer import gazetteer
from routing.places.street_names import known_streets
from routing.places.words import agreement, are_linked, spellings, split_forms, word_list

_TITLES = spellings("person_titles")
_SURNAMES = spellings("surnames_spelled")
_GIVEN = spellings("given_names")
_PLACES = spellings("things_with_names")
_AT = spellings("before_streets")
_NO_NAME = spellings("no_given_names")
_MIDDLE = {"van": ["văn"], "thi": ["thị"]}
# Typed without accents the other words may be another: "cho" is chợ and cho. Then masking is the safer way.
_PLAIN_PLACES = frozenset(
    (
        "duong",
        "pho",
        "dg",
        "ngach",
        "hem",
        "kiet",
        "phuong",
        "quan",
        "huyen",
        "thpt",
        "thcs",
        "truong",
        "vien",
    )
)
# Everyday words that only look like a form of address and a name.
_EVERYDAY = frozenset(("anhhung", "anhhao", "anhtai", "anhdung", "anhminh"))
# Most names are also words ("sáng", "tính", "bảo"): in small letters only these are taken for one alone.
_GIVEN_ALONE = word_list("given_names_alone", keys=False)
# Without accents and capitals other family names may be another word: "tổng năm lần".
_PLAIN_SURNAMES = frozenset(
    ("nguyen", "tran", "pham", "huynh", "hoang", "phan", "dang", "bui", "le", "vo", "vu", "do", "ngo", "ho")
)
_AND = frozenset(("va", "voi", "cung"))
# Words, or two in a row, behind which a full name is a person's; behind those of `_CALLS` a given name too.
_LABELS = word_list("person_labels")
_CALLS = frozenset(("ten", "tenla", "kiten", "vochong", "bacsi", "cogiao", "thaygiao", "nguoigui"))
_SINGLE = frozenset((*_TITLES, *_MIDDLE, "ten", "ho", "gap", "toi"))
_PAIRS = (_LABELS | _CALLS) - _SINGLE
_SECOND = frozenset(pair[at:] for pair in _PAIRS for at in range(1, len(pair) - 1))
_PERSONS_BEFORE_CALLED = frozenset(
    ("chu", "toi", "minh", "em", "con", "nguoi", "ho", "ki", "anh", "chi", "ong")
)
_THINGS_BEFORE_CALLED = frozenset(
    ("quan", "ti", "an", "hang", "duong", "pho", "cho", "shop", "phe", "truong", "san", "mang", "doi", "dat")
)
_BETWEEN = {"ten": ["tên"], "la": ["là"], "toi": ["tôi"], "ong": ["ông"], "ba": ["bà"], "anh": ["anh"]}
_BETWEEN |= {"chi": ["chị"], "cua": ["của"], "don": ["đơn"], "so": ["sỹ", "sĩ"]}
_GIVEN_BEHIND = frozenset(("ten", "ong", "ba", "anh", "chi"))
# Names in which a form of address is a part: "Bà Triệu", "Ông Ích Khiêm".
_PUBLIC = word_list("public_names")
# "Anh Công an", "Bà Phó Chủ tịch": an office, no name.
_OFFICES = word_list("offices")
_ENDS_NAMES = frozenset(("phường", "quận", "đường", "huyện", "tổ", "số", "ở", "phố"))
_MOST_WORDS = 5
_LABEL_GAP = frozenset(" :,.-–\n\t\r")
_SIGNATURE_WORDS = 8
_ENDS = (".", "!", "?", "\n")


class Words:
    """The words of a text: keys without accents, forms in small letters, and where each begins and ends."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.keys, self.lowers, self.starts, self.ends = split_forms(text)

    def __len__(self) -> int:
        return len(self.keys)

    def linked(self, at: int) -> bool:
        """Tell whether nothing but a blank or a hyphen parts a word from the one before."""
        if not 0 < at < len(self.keys):
            return False
        start = self.starts[at]
        if start - self.ends[at - 1] == 1 and self.text[start - 1] == " ":
            return True
        return are_linked(self.text, self.ends[at - 1], start)

    def capital(self, at: int) -> bool:
        """Tell whether a word begins with a capital letter."""
        return self.text[self.starts[at]].isupper()

    def gap(self, at: int) -> str:
        """Return what stands between a word and the one before, its first few characters."""
        if not 0 < at < len(self.keys):
            return "\n"
        return self.text[self.ends[at - 1] : min(self.starts[at], self.ends[at - 1] + 8)]


def find_names(words: Words) -> Iterator[tuple[int, int]]:
    """Yield the first word of each name and the one behind it; spans may overlap."""
    yield from _Names(words).find()


class _Names:
    """Looks for names in one text, each word a bounded number of times."""

    def __init__(self, words: Words) -> None:
        self.words = words
        sample = range(min(len(words), 400))
        self.accented = sum(not words.lowers[at].isascii() for at in sample) > 0.2 * len(sample)
        capitals = sum(words.capital(at) for at in sample)
        self.until = 0  # words before it are read
        self.capitals_tell = 0 < capitals <= 0.7 * len(sample)

    def find(self) -> Iterator[tuple[int, int]]:
        """Yield names behind titles and labels with those listed there, full names, and the signature."""
        for at, (key, before) in enumerate(zip(self.words.keys, ["", *self.words.keys], strict=False)):
            if at < self.until:
                continue
            if key in _SINGLE:
                yield from self._at(at, key)
            if key in _SECOND and (pair := before + key) in _PAIRS:
                yield from self._listed(self._after_label(at, pair in _CALLS))
        yield from self._signature()

    def _at(self, at: int, key: str) -> Iterator[tuple[int, int]]:
        if key in _TITLES and self._is(at, _TITLES):
            yield from self._listed(self._after_title(at))
        elif key in _MIDDLE:
            yield from self._listed(self._full_name_around(at))
        elif key == "ten":
            yield from self._listed(self._after_label(at, self._calls_a_person(at)))
        elif key in _LABELS or (key == "toi" and "," in self.words.gap(at + 1)):
            yield from self._listed(self._after_label(at, given=False))

    def _is(self, at: int, spelled: dict[str, list[str]]) -> bool:
        """Tell whether a word is one of a list: by its accents where the text is typed with them."""
        wanted = spelled.get(self.words.keys[at])
        if wanted is None:
            return False
        typed = self.words.lowers[at]
        if typed in wanted:
            return True
        if typed.isascii():
            return not self.accented
        return any(agreement(typed, word) > 0 for word in wanted)

    def _is_thing(self, at: int) -> bool:
        """Tell whether a word stands before the name of a street, a market, a school."""
        key, typed = self.words.keys[at], self.words.lowers[at]
        if self.accented or not typed.isascii():
            return typed in _PLACES.get(key, ())
        return key in _PLAIN_PLACES

    def _after_title(self, at: int) -> tuple[int, int] | None:
        words = self.words
        start = at + 1
        if not words.linked(start) or not self._may_follow(start) or self._part_of_a_name(at):
            return None
        if words.lowers[at] == "cu" or (words.keys[at] == "cu" and not self.accented):
            return None  # "chung cu"
        if words.keys[at] + words.keys[start] in _PUBLIC and words.capital(start):
            return None
        while start < min(len(words) - 1, at + 4) and self._is(start, _BETWEEN) and words.linked(start + 1):
            start += 1
        self.until = start
        return self._name(start, given=True)

    def _may_follow(self, at: int) -> bool:
        """Tell whether a word may be a name or lead up to one: most that follow "em" and "tôi" are not."""
        key = self.words.keys[at]
        return self.words.capital(at) or key in _SURNAMES or key in _GIVEN or key in _BETWEEN

    def _part_of_a_name(self, at: int) -> bool:
        """Tell whether "Bà" is a part of a street's or a market's name: "chợ Bà Chiểu", "45 Bà Hạt"."""
        words = self.words
        if not words.linked(at):
            return False
        if self._is_thing(at - 1):
            return True
        if not words.capital(at):
            return False
        opens = at == 1 or not words.linked(at - 1)
        inside = words.capital(at - 1) and not opens and not self._is(at - 1, _TITLES)
        return words.keys[at - 1].isdecimal() or (self.capitals_tell and inside)

    def _after_label(self, at: int, given: bool) -> tuple[int, int] | None:
        words = self.words
        start = at + 1
        while start < min(len(words), at + 4) and self._is(start, _BETWEEN):
            given = given or words.keys[start] in _GIVEN_BEHIND
            start += 1
        self.until = start
        if start >= len(words) or not set(words.gap(start)) <= _LABEL_GAP:
            return None
        if self._part_of_a_name(start) or self._is_thing(start):
            return None
        return self._name(start, given=given and words.linked(start))

    def _calls_a_person(self, at: int) -> bool:
        """Tell whether "tên" tells a person's name: "chủ quán tên Hạnh", not "quán tên Gió"."""
        before = self.words.keys[max(at - 3, 0) : at]
        if set(before) & _PERSONS_BEFORE_CALLED:
            return True
        return not before or not set(before) & _THINGS_BEFORE_CALLED

    def _name(self, start: int, given: bool) -> tuple[int, int] | None:
        """Return the name that begins at a word: a full one, or a given name where one may stand."""
        words = self.words
        if start >= len(words) or words.keys[start].isdecimal():
            return None
        if not words.capital(start):
            return self._small_letters(start, given)
        if words.keys[start] + (words.keys[start + 1] if start + 1 < len(words) else "") in _OFFICES:
            return None
        end = self._capitals_end(start)
        full = end - start >= 2 and self._is(start, _SURNAMES)
        if not full and (not given or not self._may_be_given(start, end)):
            return None
        return start, end

    def _capitals_end(self, start: int) -> int:
        """Return the word behind a run of words that begin with capitals."""
        words, end = self.words, start + 1
        while (
            end < min(len(words), start + _MOST_WORDS)
            and words.linked(end)
            and words.capital(end)
            and words.lowers[end] not in _ENDS_NAMES
        ):
            end += 1
        return end

    def _may_be_given(self, start: int, end: int) -> bool:
        words = self.words
        written = words.text[words.starts[start] : words.ends[start]]
        if self.capitals_tell and len(written) > 1 and written.isupper():
            return False  # "anh CSGT"
        key = "".join(words.keys[start:end])
        if (not self.accented and key in known_streets()) or (end - start > 2 and key in gazetteer().names):
            return False
        return end - start > 1 or words.lowers[start] not in _NO_NAME.get(words.keys[start], ())

    def _small_letters(self, start: int, given: bool) -> tuple[int, int] | None:
        """Return a name in small letters: "trần thị lan", behind a title also "trần minh tuấn" and "hạnh"."""
        words = self.words
        end = start + 1
        plain = words.lowers[start].isascii()
        if self._is(start, _SURNAMES) and (not plain or words.keys[start] in _PLAIN_SURNAMES):
            middle = words.linked(end) and self._is(end, _MIDDLE)
            end += middle and words.linked(end + 1)
            least = end
            while end < min(len(words), start + _MOST_WORDS) and words.linked(end) and self._is(end, _GIVEN):
                end += 1
            if middle and least > start + 1:
                return start, max(end, min(least + 1, len(words)))
            return (start, end) if given and end - start >= 3 else None
        if not (given and self.accented and words.lowers[start] in _GIVEN_ALONE):
            return None
        return None if words.keys[start - 1] + words.keys[start] in _EVERYDAY else (start, end)

    def _full_name_around(self, at: int) -> tuple[int, int] | None:
        """Return the name in which "Văn" or "Thị" stands, where neither a street nor a place is meant."""
        words = self.words
        start, after = at - 1, at + 1
        if not (words.linked(at) and words.linked(after) and self._is(at, _MIDDLE)):
            return None
        if not (words.capital(start) and words.capital(after) and self._is(start, _SURNAMES)):
            return None
        end = self._capitals_end(start)
        return None if self._is_place(start, end) else (start, end)

    def _is_place(self, start: int, end: int) -> bool:
        """Tell whether a full name is a street's, a school's or a ward's rather than a person's."""
        words = self.words
        key = "".join(words.keys[start:end])
        if key in known_streets() or (start and words.gap(start).strip() in ("-", "–", "/")):
            return True
        if not words.linked(start):
            return False
        before = start - 1
        inside = words.capital(before) and not (before == 0 or not words.linked(before))
        house = words.keys[before].isdecimal() or (before and words.keys[before - 1].isdecimal())
        return bool(inside or house or self._is_thing(before) or self._is(before, _AT))

    def _listed(self, found: tuple[int, int] | None) -> Iterator[tuple[int, int]]:
        """Yield a name and the full names that follow it: "ông …, … và …"."""
        while found:
            yield found
            self.until = found[1]
            found = self._next_listed(found[1])

    def _next_listed(self, end: int) -> tuple[int, int] | None:
        words = self.words
        start = end + (end < len(words) and words.keys[end] in _AND)
        if start >= len(words) or (start == end and words.gap(start).strip() not in (",", ";", "&")):
            return None
        if not words.capital(start) or not self._is(start, _SURNAMES):
            return None
        after = self._capitals_end(start)
        return (start, after) if after - start >= 3 and not self._is_place(start, after) else None

    def _signature(self) -> Iterator[tuple[int, int]]:
        """Yield the full name that opens the last sentence, where that is little more than the name."""
        words = self.words
        last = max(len(words) - _SIGNATURE_WORDS, 1)
        starts = [at for at in range(last, len(words)) if any(mark in words.gap(at) for mark in _ENDS)]
        if not starts or not words.capital(starts[-1]) or not self._is(starts[-1], _SURNAMES):
            return
        start = starts[-1]
        end = self._capitals_end(start)
        alone = end == len(words) or not words.linked(end)
        least = 2 if words.keys[start] in _PLAIN_SURNAMES else 3
        if alone and end - start >= least and "".join(words.keys[start:end]) not in known_streets():
            yield start, end
