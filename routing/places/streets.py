"""The street that a text names: after "đường", "phố", "hẻm 12", "ngã tư", a house number, or as "QL 1A"."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from routing.places.mentions import MOST_SYLLABLES, Mention
from routing.places.street_names import known_streets, street_starts
from routing.places.words import Word, agreement, is_capitalised, word_list

_MOST_WORDS = 5
_NUMBERED = {
    "quoc": ("Quốc lộ", "lo"),
    "ql": ("Quốc lộ", ""),
    "tinh": ("Tỉnh lộ", "lo"),
    "tl": ("Tỉnh lộ", ""),
    "huong": ("Hương lộ", "lo"),
    "hl": ("Hương lộ", ""),
    "vanh": ("Vành đai", "dai"),
}
_SHOWN = {"duong": "đường", "dg": "đường", "d": "đường", "pho": "phố"}
_STREET_WORDS = {"duong": "đường", "pho": "phố", "dg": "đg"}
_ALLEYS = frozenset(("ngo", "ngach", "hem", "kiet"))
_NOT_PHO = frozenset(("thanh", "khu", "dan", "mon", "quan", "hang", "noi", "duong", "day"))
_JUNCTIONS = frozenset(("ba", "tu", "nam", "3", "4", "5"))
_NOT_A_HOUSE = word_list("not_a_house")
_HOUSE_CUES = frozenset(("so", "nha", "chi", "hem", "ngo", "ngach", "kiet", "can", "sn", "k", "h", "truoc"))
_SURNAMES = word_list("street_surnames")
# Words that no street's name holds: they end it when nothing is capitalised.
_STOP = word_list("no_street_name")
_NUMBER = re.compile(r"\d{1,4}(?:[.,/]\d{1,3}){0,3}(?:[a-zđ](?!\w))?", re.IGNORECASE)


class Street(NamedTuple):
    """A street's name, the word that is written before it, and the word of the text where it is found.

    Behind a house number or a junction that is where the number or the junction begins.
    """

    name: str
    word: str | None
    position: int


class StreetFinder:
    """Finds the street in one text; `units` are the words at which the mention of a unit begins."""

    def __init__(self, text: str, words: Sequence[Word], mentions: Sequence[Mention]) -> None:
        self.text = text
        self.words = words
        self.units = {mention.start for mention in mentions if mention.level != "bare"}
        self.capitalised = is_capitalised(words)

    def find(self) -> Street | None:
        """Return the first street, or None."""
        for position, word in enumerate(self.words):
            if numbered := self._numbered(position):
                return Street(numbered, None, position)
            if named := self._after_street_word(position):
                coded = named.startswith("Đường ")
                return Street(named, None if coded else _SHOWN[word.key], position)
            if cued := self._after_cue(position):
                return Street(cued, None, position)
        return None

    def _gap(self, position: int) -> str:
        return self.text[self.words[position - 1].end : self.words[position].start]

    def _numbered(self, position: int) -> str | None:
        full, second = _NUMBERED.get(self.words[position].key, ("", ""))
        after = position + (2 if second else 1)
        if not full or after >= len(self.words) or (second and self.words[position + 1].key != second):
            return None
        number = _NUMBER.match(self.text, self.words[after].start)
        return f"{full} {number.group()}" if number and self._gap(after) in ("", " ", ".") else None

    def _after_street_word(self, position: int) -> str | None:
        word, words = self.words[position], self.words
        proper = _STREET_WORDS.get(word.key) or ("đ" if word.lower == "đ" and not word.touching else None)
        after = position + 1
        if (
            proper is None
            or after >= len(words)
            or self._gap(after).strip(' .:"')
            or agreement(word.lower, proper) < 0
        ):
            return None
        if word.key == "pho" and position and words[position - 1].key in _NOT_PHO:
            return None
        if word.capital and self.capitalised and position and word.linked and word.lower != proper:
            return None  # The family name Dương
        return (
            self._code(after)
            or self._well_known(after)
            or self._capitals(after)
            or self._one_capital(after)
            or self._small_letters(after)
        )

    def _one_capital(self, position: int) -> str | None:
        """Return a name of one syllable between words in small letters: "đường Láng hỏng"."""
        word = self.words[position]
        alone = position + 1 >= len(self.words) or not self.words[position + 1].capital
        named = self.capitalised and word.capital and word.linked and len(word.key) > 2
        return self.text[word.start : word.end] if named and alone and position not in self.units else None

    def _after_cue(self, position: int) -> str | None:
        """Return a street after a junction or a house number."""
        word, words = self.words[position], self.words
        if word.key == "nga" and position + 2 < len(words) and words[position + 1].key in _JUNCTIONS:
            return self._well_known(position + 2) or self._crossing(position + 2)
        if word.key == "goc" and position + 1 < len(words):
            return self._well_known(position + 1)
        if not word.key.isdecimal() or (position and word.linked and words[position - 1].key in _NOT_A_HOUSE):
            return None
        after = position + 1
        while after < len(words) and after < position + 8 and self._house_part(after):
            after += 1
        if after >= len(words) or self._gap(after) not in (" ", ", ") or after in self.units:
            return None
        if words[after].key in _STREET_WORDS:
            return None
        number = self.text[word.start : words[after].start]
        cued = bool(set("/-") & set(number)) or (position > 0 and words[position - 1].key in _HOUSE_CUES)
        known = self._well_known(after)
        if known and not cued and not words[after].capital and len(known.split()) < 3:
            return None  # "2 thanh niên" is no house in the street Thanh Niên
        return known or (self._capitals(after) if cued else None)

    def _crossing(self, position: int) -> str | None:
        """Return the first street of "ngã tư A - B"; a name that stands alone is the junction's own."""
        name = self._capitals(position)
        end = self.words[position].start + len(name) if name else 0
        return name if name and self.text[end : end + 3].strip()[:1] in ("-", "–") else None

    def _house_part(self, position: int) -> bool:
        word = self.words[position]
        return self._gap(position) in ("", "/", "-", ".") and (word.key.isdecimal() or len(word.key) == 1)

    def _code(self, position: int) -> str | None:
        """Return "Đường số 18D", "Đường D2", "Đường 3/2" when the street has a code for a name."""
        words = self.words
        numbered = words[position].key == "so" and position + 1 < len(words) and words[position + 1].linked
        word = words[position + numbered]
        if word.key.isdecimal():
            number = _NUMBER.match(self.text, word.start)
            plain = number is not None and (numbered or "/" in number.group())
            return f"Đường {'số ' if numbered else ''}{number.group()}" if number and plain else None
        follower = words[position + 1] if position + 1 < len(words) else None
        if numbered or len(word.key) != 1 or not word.capital or not word.linked:
            return None
        if follower is not None and follower.touching and follower.key.isdecimal():
            return f"Đường {self.text[word.start : follower.end]}"
        alone = follower is None or not (follower.linked and follower.capital)
        return f"Đường {self.text[word.start : word.end]}" if alone else None

    def _well_known(self, position: int) -> str | None:
        """Return a street of the list that begins here, with its accents even if typed without."""
        found, end, key = None, position, ""
        streets, starts = known_streets(), street_starts()
        for stop in range(position, min(position + MOST_SYLLABLES, len(self.words))):
            if stop > position and not self._continues(stop):
                break
            key += self.words[stop].key
            if key not in starts and key not in streets:
                break
            name, syllables = streets.get(key, ("", ()))
            typed = [word.lower for word in self.words[position : stop + 1]]
            if name and (len(syllables) != len(typed) or all(map(_agrees, typed, syllables))):
                found, end = name, stop + 1
        return found + self._ordinal(end) if found else None

    def _continues(self, position: int) -> bool:
        return self.words[position].linked and not set(self._gap(position)) & set("-–")

    def _ordinal(self, end: int) -> str:
        """Return " 8" of "Sơn Thủy 8" when the number ends the address."""
        words = self.words
        if (
            end >= len(words)
            or not words[end].linked
            or not words[end].key.isdecimal()
            or len(words[end].key) > 2
        ):
            return ""
        last = end + 1 >= len(words) or end + 1 in self.units or not words[end + 1].linked
        return f" {words[end].key}" if last else ""

    def _capitals(self, position: int) -> str | None:
        """Return the run of capitalised words that begins here, two at least."""
        end = position
        while (
            self.capitalised
            and end < min(position + _MOST_WORDS, len(self.words))
            and self.words[end].capital
            and end not in self.units
            and (end == position or self._continues(end))
        ):
            end += 1
        if end - position < 2:
            return None
        return self.text[self.words[position].start : self.words[end - 1].end] + self._ordinal(end)

    def _small_letters(self, position: int) -> str | None:
        """Return a name without capitals: a person's in three words, or words that lead up to a ward's."""
        words = self.words
        person = words[position].lower in _SURNAMES
        end = position
        while (
            end < min(position + (3 if person else 4), len(words))
            and (end == position or self._continues(end))
            and end not in self.units
            and words[end].key.isalpha()
            and ((person and end == position) or words[end].key not in _STOP)
        ):
            end += 1
        enough = end - position == 3 if person else end in self.units and end - position > 1
        return self.text[words[position].start : words[end - 1].end] if enough else None


def _agrees(typed: str, name: str) -> bool:
    return agreement(typed, name) > 0


def find_street(text: str, words: Sequence[Word], mentions: Sequence[Mention]) -> Street | None:
    """Return the street that a text names; None when it names none."""
    return StreetFinder(text, words, mentions).find()
