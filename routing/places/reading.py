"""From the mentions in a text to today's ward: districts and provinces as context, old names followed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from rapidfuzz import fuzz, process

from routing.places.gazetteer import District, Gazetteer, Name, gazetteer
from routing.places.mentions import Match, Mention, Scanner
from routing.places.search import find_province_index
from routing.places.streets import find_street
from routing.places.units import PlaceReading
from routing.places.words import Word, split_words

MOST_CANDIDATES = 8
_FEW_SUCCESSORS = 6
_NEW_NOW = frozenset(("nay", "moi", "gio", "thanh", "nhap"))
_OLD_BEFORE = frozenset(("cu", "truoc", "tuc", "goc"))
_PLACE_CUES = frozenset(("o", "tai", "ban", "vuc", "thuoc"))


@dataclass(frozen=True, slots=True)
class Context:
    """What the text and the writer's home say about where to look."""

    named: int | None
    given: int | None
    rows: frozenset[int]


@dataclass(frozen=True, slots=True)
class Reading:
    """One ward mention resolved: its best names, and today's wards, best first."""

    mention: Mention
    name: str
    names: tuple[Name, ...]
    wards: tuple[int, ...]
    sure: bool


def read_place(text: str, *, province: str | None) -> PlaceReading:
    """Return what a text says about the place; `province` is the slug of where the writer lives, if known."""
    places = gazetteer()
    words = split_words(text)
    mentions = Scanner(text, words, places).scan()
    given = find_province_index(province) if province else None
    named, province_name = _named_province(mentions, words)
    districts = _districts(mentions, named, given, places)
    rows = frozenset(row for _, district in districts for row in district.rows)
    context = Context(named, given, rows)
    readings = [
        reading
        for mention in mentions
        if mention.level == "ward"
        if (reading := _resolve(mention, words, context, places))
    ]
    if not readings:
        readings = _bare_wards(mentions, words, context, places)
    if province_name is None and given is not None:
        province_name = places.provinces[given].name
    district_name = districts[0][1].name if districts else None
    reasons: list[str] = []
    street = find_street(text, words, mentions)
    if not readings:
        candidates = _successors(rows, places)
        return PlaceReading(
            province=province_name,
            ward_named=None,
            district=district_name,
            ward=None,
            candidates=tuple(places.wards[index] for index in candidates),
            former=(),
            street=street,
            span=None,
            reasons=tuple(reasons),
        )
    reading = _choose(readings, words, places)
    span = (words[reading.mention.start].start, words[reading.mention.end - 1].end)
    return PlaceReading(
        province=province_name,
        ward_named=reading.name,
        district=district_name,
        ward=places.wards[reading.wards[0]] if reading.sure else None,
        candidates=tuple(places.wards[index] for index in reading.wards[:MOST_CANDIDATES]),
        former=tuple(places.former[name.index] for name in reading.names if name.kind != "present"),
        street=street,
        span=span,
        reasons=tuple(reasons),
    )


def _named_province(mentions: Sequence[Mention], words: Sequence[Word]) -> tuple[int | None, str | None]:
    """Return the province that the text names, the last written out first, and its full name."""
    found = [mention for mention in mentions if mention.provinces]
    found.sort(key=lambda mention: (mention.level != "bare", mention.start), reverse=True)
    for mention in found:
        same = [match for match in mention.provinces if match.unit.word == mention.word]
        best = max(same or mention.provinces, key=lambda match: (match.end, match.quality))
        if mention.level == "city" and not same and mention.districts:
            continue
        return best.unit.province, best.unit.name
    return None, None


def _districts(
    mentions: Sequence[Mention], named: int | None, given: int | None, places: Gazetteer
) -> list[tuple[Mention, District]]:
    """Return the former districts that the text names, written out first, each with its mention."""
    found = []
    for mention in mentions:
        matches = [match for match in mention.districts if match.quality > 0] or mention.districts
        if not matches or (mention.level == "city" and mention.provinces and not _only_district(mention)):
            continue
        if mention.level == "bare" and mention.provinces:
            continue
        best = _best_district(mention, matches, named, given)
        if best is not None:
            found.append((mention, best))
    found.sort(key=lambda pair: pair[0].level == "bare")
    explicit = [pair for pair in found if pair[0].level != "bare"]
    return explicit or found[:1]


def _only_district(mention: Mention) -> bool:
    return not any(match.unit.word == "Thành phố" for match in mention.provinces)


def _best_district(
    mention: Mention, matches: Sequence[Match[District]], named: int | None, given: int | None
) -> District | None:
    wanted = named if named is not None else given
    inside = [match for match in matches if match.unit.province == wanted]
    if mention.level == "bare" and not inside and (wanted is not None or len(matches) > 1):
        return None
    pool = inside or list(matches)
    return max(
        pool,
        key=lambda match: (match.end, match.unit.word == mention.word, match.quality, len(match.unit.rows)),
    ).unit


def _resolve(mention: Mention, words: Sequence[Word], context: Context, places: Gazetteer) -> Reading | None:
    matches = mention.wards
    if not any(match.quality > 0 for match in matches):
        matches = _similar(mention, words, context, places) or matches
    if not matches:
        return _unknown(mention, words)
    ranked = [(_rank(match, mention, context, places), match) for match in matches]
    best = max(rank for rank, _ in ranked)
    names = [match.unit for rank, match in ranked if rank == best]
    mention.end = next(match.end for rank, match in ranked if rank == best)
    kept = _told_old_or_new(names, mention, words)
    wards, sure = _today(kept, context, places)
    return Reading(mention, _full_name(mention, kept[0], words), tuple(kept), wards, sure)


def _rank(match: Match[Name], mention: Mention, context: Context, places: Gazetteer) -> tuple[float, ...]:
    name = match.unit
    province = places.province_of(name)
    return (
        bool(context.rows & places.districts_of(name)),
        province == context.named,
        match.quality > 0,
        context.named is None and province == context.given,
        match.end,
        name.word == mention.word,
        round(match.quality, 2),
    )


def _told_old_or_new(names: list[Name], mention: Mention, words: Sequence[Word]) -> list[Name]:
    names.sort(key=lambda name: ("present", "former", "alias").index(name.kind))
    following = words[mention.end].key if mention.end < len(words) and words[mention.end].linked else ""
    if following == "cu":
        return [name for name in names if name.kind != "present"] or names
    if following == "moi":
        return [name for name in names if name.kind == "present"] or names
    return names


def _today(names: Sequence[Name], context: Context, places: Gazetteer) -> tuple[tuple[int, ...], bool]:
    """Return today's wards for names of one rank, best first, and whether the first is certain enough."""
    former = [name for name in names if name.kind != "present"]
    chosen = former if context.rows and former else names
    wards = list(dict.fromkeys(index for name in chosen for index in places.today(name)))
    namesakes = [name.index for name in names if name.kind == "present" and name.index in wards]
    wards.sort(key=lambda index: index not in namesakes)
    return tuple(wards), len(wards) == 1 or (
        len(namesakes) == 1 and all(wards[0] in places.today(name) for name in chosen)
    )


def _full_name(mention: Mention, name: Name, words: Sequence[Word]) -> str:
    short = name.short
    typed = words[mention.name_start : mention.end]
    if name.kind == "alias" and any(not word.lower.isascii() for word in typed):
        short = " ".join(word.lower.title() for word in typed)
    return f"{mention.word or name.word} {short}"


def _similar(
    mention: Mention, words: Sequence[Word], context: Context, places: Gazetteer
) -> list[Match[Name]]:
    """Return names in the district or province in view that differ from the typed one by a slip or two."""
    wanted = context.named if context.named is not None else context.given
    if not context.rows and wanted is None:
        return []
    scope = _scope(context, wanted, places)
    best: list[Match[Name]] = []
    best_score = 84.0
    typed = ""
    for end in range(mention.name_start, min(mention.name_start + 4, len(words))):
        if end > mention.name_start and not words[end].linked:
            break
        typed += words[end].key
        if len(typed) < 5:
            continue
        for key, score, _ in process.extract(
            typed, scope, scorer=fuzz.ratio, score_cutoff=best_score, limit=3
        ):
            fitting = [Match(name, end + 1, 0.3) for name in scope_names(key, context, wanted, places)]
            best = fitting if score > best_score else best + fitting
            best_score = max(best_score, score)
    return best


def _scope(context: Context, wanted: int | None, places: Gazetteer) -> list[str]:
    return [key for key in places.names if not key.isdecimal() and scope_names(key, context, wanted, places)]


def scope_names(key: str, context: Context, wanted: int | None, places: Gazetteer) -> list[Name]:
    """Return the names of a key that lie in the districts named, or else in the province."""
    return [
        name
        for name in places.names[key]
        if (places.districts_of(name) & context.rows if context.rows else places.province_of(name) == wanted)
    ]


def _unknown(mention: Mention, words: Sequence[Word]) -> Reading | None:
    """Return a reading for a ward that no list holds, when it is written like a name."""
    end = mention.name_start
    while end < min(len(words), mention.name_start + 4) and words[end].capital:
        if end > mention.name_start and not words[end].linked:
            break
        end += 1
    if end - mention.name_start < 2 or not words[mention.name_start].linked:
        return None
    mention.end = end
    short = " ".join(word.lower.title() for word in words[mention.name_start : end])
    return Reading(mention, f"{mention.word} {short}", (), (), False)


def _bare_wards(
    mentions: Sequence[Mention], words: Sequence[Word], context: Context, places: Gazetteer
) -> list[Reading]:
    """Return wards named without the word for the kind, where the context leaves no doubt."""
    found = []
    for mention, following in zip_longest(mentions, mentions[1:]):
        if mention.level != "bare" or not mention.wards or mention.provinces:
            continue
        inside = [
            match
            for match in mention.wards
            if match.end == mention.end and _fits(match.unit, context, places)
        ]
        if not inside or (mention.districts and not _followed(mention, following, words)):
            continue
        if not (_followed(mention, following, words) or _after_cue(mention, words)):
            continue
        wards = tuple(dict.fromkeys(index for match in inside for index in places.today(match.unit)))
        if len(wards) == 1 and (
            _followed(mention, following, words) or min(m.quality for m in inside) >= 0.8
        ):
            names = tuple(match.unit for match in inside)
            found.append(Reading(mention, _full_name(mention, names[0], words), names, wards, True))
    return found


def _fits(name: Name, context: Context, places: Gazetteer) -> bool:
    if context.rows:
        return bool(places.districts_of(name) & context.rows)
    return places.province_of(name) == (context.named if context.named is not None else context.given)


def _followed(mention: Mention, following: Mention | None, words: Sequence[Word]) -> bool:
    """Tell whether a district or province comes right after a name."""
    if following is None or not (following.districts or following.provinces):
        return False
    return following.start == mention.end


def _after_cue(mention: Mention, words: Sequence[Word]) -> bool:
    return mention.start > 0 and words[mention.start - 1].key in _PLACE_CUES and words[mention.start].linked


def _choose(readings: Sequence[Reading], words: Sequence[Word], places: Gazetteer) -> Reading:
    """Return the reading to go by: the first known, joined with what it "is now" or "was before"."""
    known = [reading for reading in readings if reading.wards] or list(readings)
    first = known[0]
    for other in known[1:]:
        between = words[first.mention.end : other.mention.start]
        if len(between) > 6 or other.wards == first.wards:
            continue
        cues = {word.key for word in between}
        new, old = (
            (other, first) if cues & _NEW_NOW else (first, other) if cues & _OLD_BEFORE else (None, None)
        )
        if new is None or old is None:
            continue
        common = tuple(index for index in old.wards if index in new.wards)
        wards = common or new.wards
        return Reading(first.mention, first.name, first.names, wards, len(wards) == 1 or new.sure)
    return first


def _successors(rows: Iterable[int], places: Gazetteer) -> list[int]:
    """Return today's wards of the districts named when they are few enough to choose from."""
    wanted = frozenset(rows)
    if not wanted:
        return []
    found = [index for index, districts in enumerate(places.ward_districts) if districts & wanted]
    return found if len(found) <= _FEW_SUCCESSORS else []
