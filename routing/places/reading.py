"""From the mentions in a text to today's ward: districts and provinces as context, old names followed."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import zip_longest

from rapidfuzz import fuzz, process

from routing.places.context import Context, read_context
from routing.places.gazetteer import Gazetteer, Name, gazetteer
from routing.places.mentions import Match, Mention, Scanner
from routing.places.provinces import find_province_index
from routing.places.streets import find_street
from routing.places.units import PlaceReading
from routing.places.words import Word, is_capitalised, split_words, word_list

MOST_CANDIDATES = 16
# A message longer than this names its place near the beginning; reading on only costs time.
_MOST_WORDS = 800
_MOST_MENTIONS = 20
_FEW_SUCCESSORS = 6
_SPELLED_OUT = 0.99
_LEAST_SIMILARITY, _LEAST_SIMILARITY_OF_SMALL_LETTERS = 84.0, 93.0
_LEAST_SIMILARITY_IN_DISTRICT = 72.0
_WORDS_BETWEEN_OLD_AND_NEW = 7
_NEW_NOW = frozenset(("nay", "moi", "gio", "thanh", "nhap", "thuoc", "doi"))
_OLD_BEFORE = frozenset(("cu", "truoc", "tuc", "goc", "xua", "von", "tu"))
_PLACE_CUES = frozenset(("o", "tai", "ban", "vuc", "thuoc"))
_VERBS = word_list("verbs")
_KINDS = ("present", "former", "alias")


@dataclass(frozen=True, slots=True)
class Reading:
    """One ward mention resolved: its name in full, what it may mean, and today's wards, best first."""

    mention: Mention
    name: str
    names: tuple[Name, ...]
    wards: tuple[int, ...]
    sure: bool
    reasons: tuple[str, ...]


def read_place(text: str, *, province: str | None) -> PlaceReading:
    """Return what a text says about the place; `province` is the slug of where the writer lives, if known.

    `reasons` are stable words: ward_today, former_name, older_name, divided_ward, several_wards, bare_name,
    similar_spelling, unknown_ward, now_and_before, district_named, province_named, province_given,
    other_province.
    """
    places = gazetteer()
    words = split_words(text, _MOST_WORDS)
    mentions = Scanner(text, words, places).scan()
    context = read_context(mentions, words, find_province_index(province) if province else None)
    street = find_street(text, words, mentions)
    reader = _Reader(words, mentions, context, places)
    readings = reader.written(mentions) or reader.bare(mentions)
    reading = reader.choose(readings) if readings else None
    around = _context_reasons(context)
    if reading is None:
        return PlaceReading(
            province=_province_name(context, places),
            ward_named=None,
            district=context.district(frozenset()),
            ward=None,
            candidates=tuple(places.wards[index] for index in _successors(context, places)),
            former=(),
            street=street,
            span=None,
            reasons=around,
        )
    rows = frozenset(row for name in reading.names for row in places.districts_of(name))
    return PlaceReading(
        province=_province_name(context, places, reading.wards),
        ward_named=reading.name,
        district=context.district(rows),
        ward=places.wards[reading.wards[0]] if reading.sure else None,
        candidates=tuple(places.wards[index] for index in reading.wards[:MOST_CANDIDATES]),
        former=tuple(places.former[name.index] for name in reading.names if name.kind != "present"),
        street=street,
        span=(words[reading.mention.start].start, words[reading.mention.end - 1].end),
        reasons=reading.reasons + around + _elsewhere(reading, context, places),
    )


def _province_name(context: Context, places: Gazetteer, wards: Sequence[int] = ()) -> str | None:
    """Return the province named, or the one given: also when the ward lies there and not in the one named."""
    here = places.ward_province[wards[0]] if wards else None
    if context.named and (here is None or here != context.given or here == context.named.province):
        return context.named.name
    return None if context.given is None else places.provinces[context.given].name


def _context_reasons(context: Context) -> tuple[str, ...]:
    reasons = ["district_named"] if context.districts else []
    if context.named:
        reasons.append("province_named")
    elif context.given is not None:
        reasons.append("province_given")
    return tuple(reasons)


def _elsewhere(reading: Reading, context: Context, places: Gazetteer) -> tuple[str, ...]:
    here = {places.ward_province[index] for index in reading.wards}
    known = {context.home, context.given} - {None}
    return ("other_province",) if here and known and not here & known else ()


def _successors(context: Context, places: Gazetteer) -> list[int]:
    """Return today's wards of the districts named when they are few enough to choose from."""
    rows = context.rows
    found = (
        [index for index, districts in enumerate(places.ward_districts) if districts & rows] if rows else []
    )
    return found if len(found) <= _FEW_SUCCESSORS else []


class _Reader:
    """Resolves the ward mentions of one text in its context."""

    def __init__(
        self, words: Sequence[Word], mentions: Sequence[Mention], context: Context, places: Gazetteer
    ) -> None:
        self.words = words
        self.capitalised = is_capitalised(words)
        self.starts = frozenset(mention.start for mention in mentions)
        self.context = context
        self.places = places
        self.rows = context.rows
        self.searches_left = 3

    def written(self, mentions: Sequence[Mention]) -> list[Reading]:
        """Return the readings of mentions with the word for the kind of unit."""
        wards = [mention for mention in mentions if mention.level == "ward"]
        found = [self._resolve(mention) for mention in wards[:_MOST_MENTIONS]]
        return [reading for reading in found if reading is not None]

    def _resolve(self, mention: Mention) -> Reading | None:
        matches, similar = mention.wards, False
        if mention.full and not any(self._plausible(match, mention) for match in matches):
            found = self._similar(mention)
            matches, similar = found or matches, bool(found)
        if not matches:
            return self._unknown(mention)
        ranked = [(self._rank(match, mention), match) for match in matches]
        best = max(rank for rank, _ in ranked)
        names = [match.unit for rank, match in ranked if rank == best]
        mention.end = next(match.end for rank, match in ranked if rank == best)
        if self._by_chance(names, mention, best[-1] > _SPELLED_OUT):
            return None
        names.sort(key=lambda name: (bool(self.rows) and name.kind == "present", _KINDS.index(name.kind)))
        names = self._told_old_or_new(names, mention)
        wards, sure = self._today(names)
        inside = any(self.rows & self.places.districts_of(name) for name in names)
        sure = sure and (inside or not (similar or self._goes_on(mention.end, mention)))
        if not self.rows and all(name.word != mention.word for name in names):
            wards, sure = self._with_namesakes(wards, matches, mention), False
        reasons = _reasons(names, wards, self.places) + (("similar_spelling",) if similar else ())
        return Reading(mention, self._full_name(mention, names[0]), tuple(names), wards, sure, reasons)

    def _plausible(self, match: Match[Name], mention: Mention) -> bool:
        """Tell whether a name agrees with its spelling, the district named, and where the capitals end."""
        inside = bool(self.rows & self.places.districts_of(match.unit))
        return match.quality > 0 and (inside if self.rows else not self._goes_on(match.end, mention))

    def _goes_on(self, end: int, mention: Mention) -> bool:
        """Tell whether a capitalised name goes on where a known one ends: "Thuận Hỏa" is not "Thuận"."""
        words = self.words
        if end >= len(words) or not words[mention.name_start].capital:
            return False
        return self.capitalised and words[end].capital and words[end].linked and end not in self.starts

    def _by_chance(self, names: Sequence[Name], mention: Mention, spelled_out: bool) -> bool:
        """Tell whether everyday words only look like a name: "xã cho xe", "xa 8 cây số", "phường vận động".

        Words in small letters need a district around them, or two syllables of a name: in the province, or
        with all their accents. One syllable needs both and the right word for the kind: "phường láng".
        """
        first = self.words[mention.name_start]
        if first.capital or any(self.rows & self.places.districts_of(name) for name in names):
            return False
        if first.key.isdecimal():
            return mention.word == "Xã"
        home = self.context.home
        elsewhere = home is not None and all(self.places.province_of(name) != home for name in names)
        verb = "".join(word.key for word in self.words[mention.name_start : mention.end]) in _VERBS
        doubtful = verb or not spelled_out or not any(name.word == mention.word for name in names)
        if len(names[0].syllables) == 1:
            return elsewhere or doubtful or not mention.full or first.lower.isascii()
        return elsewhere and self.context.named is None and doubtful

    def _rank(self, match: Match[Name], mention: Mention) -> tuple[float, ...]:
        """Return how well a name fits: context first, then spelling, length and kind of unit."""
        name = match.unit
        province = self.places.province_of(name)
        named = self.context.named
        return (
            bool(self.rows & self.places.districts_of(name)),
            named is not None and province == named.province,
            match.quality > 0,
            named is None and province == self.context.given,
            match.end,
            name.word == mention.word,
            round(match.quality, 2),
        )

    def _told_old_or_new(self, names: list[Name], mention: Mention) -> list[Name]:
        end = mention.end
        following = self.words[end].key if end < len(self.words) and self.words[end].linked else ""
        if following not in ("cu", "moi"):
            return names
        return [name for name in names if (name.kind == "present") == (following == "moi")] or names

    def _today(self, names: Sequence[Name]) -> tuple[tuple[int, ...], bool]:
        """Return today's wards for names of one rank, best first, and whether the first is certain enough."""
        former = [name for name in names if name.kind != "present"]
        chosen = former if self.rows and former else names
        wards = list(dict.fromkeys(index for name in chosen for index in self.places.today(name)))
        namesakes = [name.index for name in names if name.kind == "present" and name.index in wards]
        wards.sort(key=lambda index: index not in namesakes)
        agreed = len(namesakes) == 1 and all(wards[0] in self.places.today(name) for name in chosen)
        return tuple(wards), len(wards) == 1 or agreed

    def _with_namesakes(
        self, wards: tuple[int, ...], matches: Sequence[Match[Name]], mention: Mention
    ) -> tuple[int, ...]:
        """Return wards, and after them those elsewhere whose kind of unit is the one that is written."""
        same = [
            m.unit for m in matches if m.quality > 0 and m.end == mention.end and m.unit.word == mention.word
        ]
        return tuple(dict.fromkeys([*wards, *(index for name in same for index in self.places.today(name))]))

    def _full_name(self, mention: Mention, name: Name) -> str:
        """Return the name as the text means it; accents of names gone long ago are taken from the text."""
        short = name.short
        typed = self.words[mention.name_start : mention.end]
        if name.kind == "alias" and any(not word.lower.isascii() for word in typed):
            short = _titled(typed)
        return f"{mention.word or name.word} {short}"

    def _similar(self, mention: Mention) -> list[Match[Name]]:
        """Return names in the district or province in view a slip or two away from the typed one."""
        home = self.context.home
        if (not self.rows and home is None) or not self.searches_left:
            return []
        self.searches_left -= 1
        scope = _names_within(self.rows, None if self.rows else home)
        best: list[Match[Name]] = []
        best_score, typed = _LEAST_SIMILARITY_IN_DISTRICT if self.rows else _LEAST_SIMILARITY, ""
        for end in range(mention.name_start, min(mention.name_start + 4, len(self.words))):
            if end > mention.name_start and not self.words[end].linked:
                break
            typed += self.words[end].key
            if len(typed) < 4:
                continue
            if not self.rows and not self.words[mention.name_start].capital:
                best_score = max(best_score, _LEAST_SIMILARITY_OF_SMALL_LETTERS)
            for key, score, _ in process.extract(
                typed, scope.keys(), scorer=fuzz.ratio, score_cutoff=best_score
            ):
                matches = [Match(name, end + 1, 0.3) for name in scope[key]]
                best = matches if score > best_score else best + matches
                best_score = max(best_score, score)
        return best

    def _unknown(self, mention: Mention) -> Reading | None:
        """Return a reading for a ward that no list holds, when it is written like a name."""
        start = end = mention.name_start
        while end < min(len(self.words), start + 4) and self.words[end].capital and self.words[end].linked:
            end += 1
        if end - start < 2:
            return None
        mention.end = end
        name = f"{mention.word} {_titled(self.words[start:end])}"
        return Reading(mention, name, (), (), False, ("unknown_ward",))

    def bare(self, mentions: Sequence[Mention]) -> list[Reading]:
        """Return wards named without the word for the kind, where the context leaves no doubt."""
        found = []
        for mention, following in zip_longest(mentions, mentions[1:]):
            if mention.level != "bare" or not mention.wards or mention.provinces:
                continue
            followed = (
                following is not None
                and following.start == mention.end
                and bool(following.districts or following.provinces)
            )
            cued = mention.start > 0 and self.words[mention.start - 1].key in _PLACE_CUES
            if followed or (cued and self.words[mention.start].linked and not mention.districts):
                found += self._bare(mention, least=0.5 if followed else 0.8)
        return found

    def _bare(self, mention: Mention, least: float) -> list[Reading]:
        matches = [match for match in mention.wards if match.end == mention.end and self._fits(match.unit)]
        names = sorted((match.unit for match in matches), key=lambda name: _KINDS.index(name.kind))
        wards, sure = self._today(names) if names else ((), False)
        if not sure or min(match.quality for match in matches) < least:
            return []
        reasons = ("bare_name", *_reasons(names, wards, self.places))
        return [Reading(mention, self._full_name(mention, names[0]), tuple(names), wards, True, reasons)]

    def _fits(self, name: Name) -> bool:
        if self.rows:
            return bool(self.places.districts_of(name) & self.rows)
        return self.places.province_of(name) == self.context.home

    def choose(self, readings: Sequence[Reading]) -> Reading:
        """Return the reading to go by: the first known, joined with what it "is now" or "was before"."""
        known = [reading for reading in readings if reading.wards] or list(readings)
        first = known[0]
        for other in known[1:]:
            joined = self._join(first, other)
            if joined is not None:
                return joined
        return first

    def _join(self, first: Reading, other: Reading) -> Reading | None:
        """Return one reading for "phường A (nay là phường B)" or "phường B (trước đây là phường A)"."""
        between = [word.key for word in self.words[first.mention.end : other.mention.start]]
        if len(between) > _WORDS_BETWEEN_OLD_AND_NEW:
            return None
        after = self.words[other.mention.end].key if other.mention.end < len(self.words) else ""
        first_is_old = between[:1] == ["cu"] or (
            bool(_NEW_NOW & set(between)) and not {"tu", "xua", "truoc"} & set(between)
        )
        if not first_is_old and after != "cu" and not _OLD_BEFORE & set(between):
            return None
        new, old = (other, first) if first_is_old else (first, other)
        common = tuple(index for index in new.wards if index in old.wards)
        if not common:
            return None
        reasons = (*new.reasons, "now_and_before")
        return Reading(
            new.mention, new.name, new.names + old.names, common, len(common) == 1 or new.sure, reasons
        )


def _titled(words: Sequence[Word]) -> str:
    return " ".join(word.lower[:1].upper() + word.lower[1:] for word in words)


def _reasons(names: Sequence[Name], wards: Sequence[int], places: Gazetteer) -> tuple[str, ...]:
    first = {"present": "ward_today", "former": "former_name", "alias": "older_name"}[names[0].kind]
    if len(wards) < 2:
        return (first,)
    divided = any(len(places.today(name)) > 1 for name in names)
    return (first, "divided_ward" if divided else "several_wards")


@cache
def _names_by_area() -> tuple[dict[int, list[tuple[str, Name]]], dict[int, list[tuple[str, Name]]]]:
    """Return names with their keys by former district and by province, without the numbered ones."""
    places = gazetteer()
    by_district: dict[int, list[tuple[str, Name]]] = {}
    by_province: dict[int, list[tuple[str, Name]]] = {}
    for key, names in places.names.items():
        for name in () if key.isdecimal() else names:
            by_province.setdefault(places.province_of(name), []).append((key, name))
            for row in places.districts_of(name):
                by_district.setdefault(row, []).append((key, name))
    return by_district, by_province


@lru_cache(maxsize=64)
def _names_within(rows: frozenset[int], home: int | None) -> dict[str, tuple[Name, ...]]:
    """Return the names of some districts, or else of a province, by key."""
    by_district, by_province = _names_by_area()
    pairs = (
        by_province.get(home, [])
        if home is not None
        else [p for row in rows for p in by_district.get(row, [])]
    )
    found: dict[str, dict[Name, None]] = {}
    for key, name in pairs:
        found.setdefault(key, {})[name] = None
    return {key: tuple(names) for key, names in found.items()}
