"""From the mentions in a text to today's ward: districts and provinces as context, old names followed."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from itertools import zip_longest

from rapidfuzz import fuzz, process

from routing.places.addresses import find_address, find_landmark
from routing.places.context import Context, read_context
from routing.places.gazetteer import Gazetteer, Name, gazetteer
from routing.places.mentions import EVERYDAY, SURNAMES, Match, Mention, Scanner, match_names
from routing.places.provinces import find_province_index
from routing.places.street_names import known_streets
from routing.places.streets import find_street
from routing.places.units import FormerWard, PlaceReading
from routing.places.words import Word, split_words, word_list

MOST_CANDIDATES = 16
# A former ward that was divided is taken for the one of today's that holds so much of it.
_NEARLY_ALL = 0.9
# A message longer than this names its place near the beginning; reading on only costs time.
_MOST_WORDS = 800
_MOST_MENTIONS = 20
_FEW_SUCCESSORS = 6
_SPELLED_OUT = 0.99
_LEAST_SIMILARITY, _LEAST_SIMILARITY_OF_SMALL_LETTERS = 84.0, 93.0
_LEAST_SIMILARITY_IN_DISTRICT = 72.0
_LEAST_SIMILARITY_BEFORE_DISTRICT = 84.0
_SHORTEST_SLIP = 6
_NO_SLIP = 99.0
_WORDS_BETWEEN_OLD_AND_NEW = 7
_NEW_NOW = frozenset(("nay", "moi", "gio", "thanh", "nhap", "thuoc", "doi", "h"))
_NOW = frozenset(("nay", "gio", "h"))
# Between "nay" and the name that it tells of: "nay đã sáp nhập vào phường".
_LEADS_ON = _NEW_NOW | frozenset(
    ("la", "vao", "ve", "ten", "goi", "sap", "chuyen", "hop", "nhat", "duoc", "da", "dia", "ban")
)
_NEEDS_MORE = (["nay"], ["gio"], ["h"], ["moi"])
_LONG_AGO_ENDS = frozenset(("cu", "truoc", "trc", "day", "kia", "xua"))
_LONG_AGO = frozenset(("tu", "xua", "truoc", "trc"))
_OLD_BEFORE = frozenset(("cu", "truoc", "trc", "tuc", "goc", "xua", "von", "tu"))
_VERBS = word_list("verbs")
_NO_NAME = word_list("no_ward_name")
_FIRM_CUES = word_list("firm_cues")
_NO_NAME_SPELLED = word_list("no_ward_name_spelled", keys=False)
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
    similar_spelling, unknown_ward, now_and_before, perhaps_ward, district_named, province_named,
    province_given, other_province. With perhaps_ward the candidates only fit a street or a landmark.
    """
    places = gazetteer()
    words = split_words(text, _MOST_WORDS)
    home = find_province_index(province) if province else None
    scanner = Scanner(text, words, places, home)
    mentions = scanner.scan()
    context = read_context([m for m in mentions if m.paired or not m.weak], words, home)
    street = find_street(text, words, mentions)
    address = find_address(text, words, street.position if street else None)
    written = {
        "street": street.name if street else None,
        "street_word": street.word if street else None,
        "alley": address.alley,
        "house_number": address.house_number,
        "landmark": find_landmark(text, words, mentions),
    }
    reader = _Reader(scanner, mentions, context)
    readings = reader.readings(mentions)
    reading = reader.choose(readings) if readings else None
    around = _context_reasons(context)
    if reading is None:
        names = reader.offered(mentions)
        offered = dict.fromkeys(index for name in names for index in places.today(name))
        return PlaceReading(
            province=_province_name(context, places),
            ward_named=None,
            district=context.district(frozenset()),
            ward=None,
            candidates=tuple(places.wards[index] for index in offered or _successors(context, places)),
            former=_former(names, places),
            **written,
            span=None,
            reasons=("perhaps_ward", *around) if offered else around,
        )
    rows = frozenset(row for name in reading.names for row in places.districts_of(name))
    return PlaceReading(
        province=_province_name(context, places, reading.wards),
        ward_named=reading.name,
        district=context.district(rows),
        ward=places.wards[reading.wards[0]] if reading.sure else None,
        candidates=tuple(places.wards[index] for index in reading.wards[:MOST_CANDIDATES]),
        former=_former(reading.names, places),
        **written,
        span=(words[reading.mention.start].start, words[reading.mention.end - 1].end),
        reasons=reading.reasons + around + _elsewhere(reading, context, places),
    )


def _former(names: Sequence[Name], places: Gazetteer) -> tuple[FormerWard, ...]:
    return tuple(places.former[name.index] for name in names if name.kind != "present")


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

    def __init__(self, scanner: Scanner, mentions: Sequence[Mention], context: Context) -> None:
        self.scanner = scanner
        self.text = scanner.text
        self.words = scanner.words
        self.capitalised = scanner.capitalised
        self.starts = frozenset(mention.start for mention in mentions)
        self.context = context
        self.places = scanner.places
        self.rows = context.rows
        self.searches_left = 3

    def readings(self, mentions: Sequence[Mention]) -> list[Reading]:
        """Return what the mentions mean: those with the word for the kind of unit before bare ones."""
        written = self._written(mentions)
        if any(reading.wards for reading in written):
            return written + self._renamed(written, mentions)
        return self._bare(mentions) or self._slips() or written

    def _written(self, mentions: Sequence[Mention]) -> list[Reading]:
        """Return the readings of mentions with the word for the kind of unit."""
        wards = [mention for mention in mentions if mention.level == "ward"]
        found = [self._resolve(mention) for mention in wards[:_MOST_MENTIONS]]
        return [reading for reading in found if reading is not None]

    def _renamed(self, written: Sequence[Reading], mentions: Sequence[Mention]) -> list[Reading]:
        """Return the readings of bare names that tell what a ward is called now: "…, nay là Khương Đình"."""
        first = written[0].mention.end
        bare = [m for m in mentions if m.level == "bare" and m.wards and m.start >= first and self._is_now(m)]
        return [reading for mention in bare[:1] for reading in self._named(mention, least=0.5)]

    def _is_now(self, mention: Mention) -> bool:
        """Tell whether "nay là" or the like stands before a name."""
        before = [word.key for word in self.words[max(mention.start - 3, 0) : mention.start]]
        told = bool({"nay", "gio", "nhap"} & set(before)) or {"doi", "ten"} <= set(before)
        return told and before[-1:] in (["la"], ["thanh"], ["vao"], ["thuoc"])

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
        conflicting = best[-1] < 0 and self.scanner.accented
        if self._by_chance(names, mention, best[-1] > _SPELLED_OUT, conflicting):
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

    def _by_chance(
        self, names: Sequence[Name], mention: Mention, spelled_out: bool, conflicting: bool
    ) -> bool:
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
        if conflicting:
            return True
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
        return tuple(wards), len(wards) == 1 or agreed or self._nearly_all_in(wards[0], chosen)

    def _nearly_all_in(self, ward: int, names: Sequence[Name]) -> bool:
        """Tell whether nearly all of the former wards meant lies in one of today's."""
        return all(
            self.places.today(name)[0] == ward and self.places.greatest_share(name) >= _NEARLY_ALL
            for name in names
        )

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
        if not self.rows and any(
            word.lower in _NO_NAME_SPELLED for word in self.words[mention.name_start : mention.name_start + 2]
        ):
            return []
        scope = _names_within(self.rows, None if self.rows else home)
        best: list[Match[Name]] = []
        best_score, typed = _LEAST_SIMILARITY_IN_DISTRICT if self.rows else _LEAST_SIMILARITY, ""
        for end in range(mention.name_start, min(mention.name_start + 4, len(self.words))):
            if end > mention.name_start and not self.words[end].linked:
                break
            typed += self.words[end].key
            if len(typed) < 4:
                continue
            alone = end + 1 not in self.starts
            if not self.rows and alone and not self.words[mention.name_start].capital:
                best_score = max(best_score, _LEAST_SIMILARITY_OF_SMALL_LETTERS)
            for key, score, _ in process.extract(
                typed, scope.keys(), scorer=fuzz.ratio, score_cutoff=best_score
            ):
                if key == typed and self.scanner.accented and not self.words[mention.name_start].capital:
                    continue  # "xã đọc tin" is not Đốc Tín
                matches = [Match(name, end + 1, 0.3) for name in scope[key]]
                best = matches if score > best_score else best + matches
                best_score = max(best_score, score)
        return best

    def _unknown(self, mention: Mention) -> Reading | None:
        """Return a reading for a ward that no list holds, when it is written like a name."""
        start = end = mention.name_start
        while end < min(len(self.words), start + 4) and self.words[end].capital and self.words[end].linked:
            end += 1
        everyday = any(word.key in _NO_NAME for word in self.words[start:end])
        if end - start < 2 or not self.capitalised or everyday:
            return None
        mention.end = end
        name = f"{mention.word} {_titled(self.words[start:end])}"
        return Reading(mention, name, (), (), False, ("unknown_ward",))

    def _bare(self, mentions: Sequence[Mention]) -> list[Reading]:
        """Return wards named without the word for the kind, where the context leaves no doubt."""
        paired, found = [], []
        before: Mention | None = None
        for mention, following in zip_longest(mentions, mentions[1:]):
            before, preceding = mention, before
            if mention.level != "bare" or not mention.wards or mention.weak:
                continue
            if mention.paired:
                paired += self._named(mention, least=0.0)
            elif preceding and preceding.level == "district" and preceding.end == mention.start:
                found += self._named(mention, least=0.8)
            elif not mention.provinces and self._is_before(mention, following):
                found += self._named(mention, least=0.5)
            elif not mention.provinces and not mention.districts and self._cued(mention):
                found += self._named(mention, least=0.8)
        return paired or found or self._in_alleys(mentions)

    def _in_alleys(self, mentions: Sequence[Mention]) -> list[Reading]:
        """Return the wards of "ngõ 28 Xuân La": as good as named, but a street may be meant."""
        known = known_streets()
        alleys = [
            mention
            for mention in mentions
            if mention.level == "bare" and mention.lead == "alley" and self._key(mention) not in known
        ]
        found = [
            reading
            for mention in alleys
            if mention.wards and self._worth_offering(mention)
            for reading in self._named(mention, least=0.8)
        ]
        return [replace(reading, sure=False) for reading in found]

    def _is_before(self, mention: Mention, following: Mention | None) -> bool:
        """Tell whether a name stands right before a district or province."""
        if following is None or following.start != mention.end:
            return False
        return bool(following.districts or following.provinces)

    def _cued(self, mention: Mention) -> bool:
        """Tell whether the words before a bare name lead to a place: "ở", "khu", "KP 3", or brackets."""
        start, words = mention.start, self.words
        if words[start].lower in SURNAMES or self._key(mention) in EVERYDAY:
            return False
        if mention.lead == "quarter":
            return True
        if mention.lead == "cue" or self._is_now(mention):
            return not self._doubtful(mention) or words[start - 1].key in _FIRM_CUES
        if mention.end - start > 2 and self._key(mention) not in known_streets():
            return True
        return (start == 0 or not words[start].linked) and self._stands_alone(mention)

    def _doubtful(self, mention: Mention) -> bool:
        """Tell whether a name is two small words without accents, which may be anything: "van hoa"."""
        typed = self.words[mention.start : mention.end]
        plain = all(word.lower.isascii() and not word.capital for word in typed)
        return plain and len(typed) < 3

    def _stands_alone(self, mention: Mention) -> bool:
        """Tell whether a name is all that stands in brackets or between two full stops."""
        start, end = mention.start, mention.end
        before = self.text[self.words[start - 1].end : self.words[start].start] if start else "."
        after = self.text[self.words[end - 1].end :][:2] if end < len(self.words) else "."
        bracketed = "(" in before and after.startswith(")")
        sentence = before.strip()[-1:] in (".", "!", "?") and after.strip()[:1] in (".", "!", "?", "")
        return start > 0 and (bracketed or sentence)

    def _key(self, mention: Mention) -> str:
        return "".join(word.key for word in self.words[mention.start : mention.end])

    def _named(self, mention: Mention, least: float) -> list[Reading]:
        """Return the reading of a bare name that fits the context, none when it may mean too much."""
        ended = [match for match in mention.wards if match.end == mention.end]
        matches = [match for match in ended if mention.paired or self._fits(match.unit)]
        if not matches or min(match.quality for match in matches) < least:
            return []
        names = [match.unit for match in matches]
        if self.rows:
            names = [name for name in names if self.rows & self.places.districts_of(name)] or names
        names.sort(key=lambda name: (bool(self.rows) and name.kind == "present", _KINDS.index(name.kind)))
        wards, sure = self._today(names)
        if not sure and len(wards) > _FEW_SUCCESSORS:
            return []
        if self.context.home is None and len({self.places.province_of(name) for name in names}) > 1:
            return []
        reasons = ("bare_name", *_reasons(names, wards, self.places))
        return [Reading(mention, self._full_name(mention, names[0]), tuple(names), wards, sure, reasons)]

    def _fits(self, name: Name) -> bool:
        if self.rows:
            return bool(self.places.districts_of(name) & self.rows)
        return self.context.home in (None, self.places.province_of(name))

    def _slips(self) -> list[Reading]:
        """Return the reading of a mistyped name beside its district: "hưnng dũng, vinh"."""
        words, places, home = self.words, self.places, self.context.home
        for position in range(2, len(words)):
            two = words[position].key + (words[position + 1].key if position + 1 < len(words) else "")
            if two not in places.districts.starts or words[position].key.isdecimal():
                continue
            matches = match_names(words, position, places.districts, self.scanner.accented)
            rows = frozenset(
                row
                for match in matches
                if match.quality > 0 and match.end - position > 1 and home in (None, match.unit.province)
                for row in match.unit.rows
            )
            if rows and (found := self._slip_before(position, rows)):
                return [found]
        return []

    def _slip_before(self, position: int, rows: frozenset[int]) -> Reading | None:
        """Return the ward of a district whose name is a slip away from the words before the district's."""
        scope, key, best = _names_within(rows, None), "", (_LEAST_SIMILARITY_BEFORE_DISTRICT, 0, "")
        for start in range(position - 1, max(position - 5, -1), -1):
            key = self.words[start].key + key
            if len(key) >= _SHORTEST_SLIP and position - start > 1:
                known, score, _ = process.extractOne(key, scope.keys(), scorer=fuzz.ratio) or ("", 0.0, 0)
                if score > _NO_SLIP:
                    return None  # A street's or a landmark's name: it would have been found otherwise
                if score > best[0] and known[:1] == key[:1]:
                    best = (score, start, known)
            if not self.words[start].linked:
                break
        if not best[2] or self.scanner.lead(best[1]) in ("landmark", "house"):
            return None
        names = list(scope[best[2]])
        home = self.context.home
        names = [name for name in names if home in (None, self.places.province_of(name))]
        if not names:
            return None
        mention = Mention("bare", "", False, best[1], best[1], position)
        names.sort(key=lambda name: (name.kind == "present", _KINDS.index(name.kind)))
        wards, sure = self._today(names)
        reasons = ("bare_name", *_reasons(names, wards, self.places), "similar_spelling")
        return Reading(mention, f"{names[0].word} {names[0].short}", tuple(names), wards, sure, reasons)

    def offered(self, mentions: Sequence[Mention]) -> list[Name]:
        """Return the wards that share their name with a street or a landmark of the text, a few at most."""
        found: list[Name] = []
        for mention in mentions:
            if mention.level == "bare" and mention.wards and self._worth_offering(mention):
                found += [name for reading in self._named(mention, least=0.5) for name in reading.names]
        return list(dict.fromkeys(found))[:_FEW_SUCCESSORS]

    def _worth_offering(self, mention: Mention) -> bool:
        """Tell whether a name is a place's: neither a person's nor everyday words."""
        if mention.paired:
            return mention.weak
        first = self.words[mention.start]
        cued = mention.lead == "cue"
        leads = cued or mention.weak
        return leads and (cued or first.lower not in SURNAMES) and self._key(mention) not in EVERYDAY

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
        bracket = self._bracket(first.mention.end, other.mention.start) - first.mention.end
        first_is_old = _leads_to_now(between, bracket)
        if not first_is_old and after != "cu" and not _OLD_BEFORE & set(between):
            return None
        new, old = (other, first) if first_is_old else (first, other)
        common = tuple(index for index in new.wards if index in old.wards)
        if not common and not (first_is_old and new.wards):
            return None
        wards = common or new.wards
        reasons = (*new.reasons, "now_and_before")
        names = new.names + old.names if common else new.names
        return Reading(new.mention, new.name, names, wards, len(wards) == 1 or new.sure, reasons)

    def _bracket(self, start: int, end: int) -> int:
        """Return the last of some words that stands behind an opening bracket, or -1."""
        gaps = (at for at in range(end - 1, start - 1, -1) if at)
        return next(
            (at for at in gaps if "(" in self.text[self.words[at - 1].end : self.words[at].start]), -1
        )


def _leads_to_now(between: Sequence[str], bracket: int) -> bool:
    """Tell whether the words between two names make the second today's: "cũ, nay thuộc".

    They stand right before it, and "nay" alone only behind the first name or a bracket (open at word
    `bracket`): in "cả tuần nay, phường" it tells of a week.
    """
    if between[:1] == ["cu"]:
        return True
    tail = len(between)
    while tail and between[tail - 1] in _LEADS_ON:
        tail -= 1
    old = max((at for at, key in enumerate(between) if key in _LONG_AGO), default=-1)
    markers = _NOW if old >= 0 else _NEW_NOW
    new = max((at for at in range(tail, len(between)) if between[at] in markers), default=-1)
    last = len(between) - 1
    alone = new == last and between[-1:] in _NEEDS_MORE and new not in (0, bracket)
    return new > old and not (alone and between[last - 1] not in _LONG_AGO_ENDS)


def _titled(words: Sequence[Word]) -> str:
    return " ".join(
        word.lower.upper() if word.lower in ("ii", "iii") else word.lower[:1].upper() + word.lower[1:]
        for word in words
    )


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
