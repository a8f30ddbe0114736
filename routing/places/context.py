"""What a text says around a ward's name: the province, and the districts that were until 30 June 2025."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from routing.places.gazetteer import District, ProvinceName
from routing.places.mentions import Match, Mention
from routing.places.words import Word

# "ở Huế", "tại HN", "thuộc Đà Nẵng", "UBND Huế", "gửi Hà Nội".
_LEADS_TO_PROVINCE = frozenset(("o", "tai", "thuoc", "gui", "ubnd", "khu", "tren", "phan", "ngoai", "trong"))
_AT = frozenset(("o", "tai", "thuoc", "ben"))


@dataclass(frozen=True, slots=True)
class Context:
    """Where to look: the province named, the one given, and each district mention with what it may mean."""

    named: ProvinceName | None
    given: int | None
    districts: tuple[tuple[District, ...], ...]

    @property
    def home(self) -> int | None:
        """Return the index of the province named or, failing that, given."""
        return self.named.province if self.named else self.given

    @property
    def rows(self) -> frozenset[int]:
        """Return the rows of all districts named."""
        return frozenset(row for options in self.districts for option in options for row in option.rows)

    def district(self, rows: frozenset[int]) -> str | None:
        """Return the district to show: the one that holds these rows, else the first that is certain."""
        options = [option for options in self.districts for option in options]
        fitting = [option for option in options if option.rows & rows]
        certain = [options[0] for options in self.districts if len({option.name for option in options}) == 1]
        return next((option.name for option in (*fitting, *certain)), None)


def read_context(mentions: Sequence[Mention], words: Sequence[Word], given: int | None) -> Context:
    """Return the province and the districts that the mentions of a text name."""
    named = _named_province(mentions, words, given)
    home = named.province if named else given
    written = [_options(mention, home) for mention in mentions if _certain(mention)]
    found = [options for options in written if options]
    if not found:
        bare = [mention for mention in mentions if mention.level == "bare" and not mention.provinces]
        joined = _joined(mentions)
        meant = [_options(m, home) for m in bare if _means_a_place(m, words, joined)]
        found = [options for options in meant if options][:1]
    return Context(named, given, tuple(found))


def _certain(mention: Mention) -> bool:
    return mention.level in ("district", "city") or (mention.paired and bool(mention.districts))


def _joined(mentions: Sequence[Mention]) -> frozenset[int]:
    """Return the first words of mentions that follow or lead to another without a word between."""
    pairs = [(one.start, other.start) for one, other in pairwise(mentions) if one.end == other.start]
    return frozenset(start for pair in pairs for start in pair)


def _means_a_place(mention: Mention, words: Sequence[Word], joined: frozenset[int]) -> bool:
    """Tell whether a bare name is one: capital, beside another place, first of all, or after "ở"."""
    start = mention.start
    return words[start].capital or start == 0 or start in joined or words[start - 1].key in _AT


def _named_province(
    mentions: Sequence[Mention], words: Sequence[Word], given: int | None
) -> ProvinceName | None:
    """Return the province that a text names: written out before bare, later before earlier."""
    proved = [mentions[0]] if mentions and _evident(mentions[0], None, words, given) else []
    proved += [mention for before, mention in pairwise(mentions) if _evident(mention, before, words, given)]
    for mention in sorted(proved, key=lambda mention: (mention.level != "bare", mention.start), reverse=True):
        same = [match for match in mention.provinces if match.unit.word == mention.word]
        if mention.level == "city" and not same and mention.districts:
            continue
        unit = max(same or mention.provinces, key=lambda match: (match.end, match.quality)).unit
        as_written = mention.level == "province" and not same and unit.syllables
        return replace(unit, name=unit.name.replace(unit.word, mention.word, 1)) if as_written else unit
    return None


def _evident(mention: Mention, before: Mention | None, words: Sequence[Word], given: int | None) -> bool:
    """Tell whether a bare name means the province: "ở Huế", "quận 5, HCM", but not "bún bò Huế"."""
    if not mention.provinces or mention.level != "bare":
        return bool(mention.provinces)
    if mention.start == 0 or not words[mention.start].linked:
        return True
    follows = before is not None and before.end == mention.start
    single = mention.end - mention.start == 1 and bool(words[mention.start].key == "hue")
    return follows or words[mention.start - 1].key in _LEADS_TO_PROVINCE or (given is None and not single)


def _options(mention: Mention, home: int | None) -> tuple[District, ...]:
    """Return what a district's name may mean: several where initials or missing accents leave it open."""
    if mention.level == "city" and any(match.unit.word == "Thành phố" for match in mention.provinces):
        return ()
    if mention.paired:
        return tuple(match.unit for match in mention.districts if match.end == mention.end)
    matches = [match for match in mention.districts if match.quality > 0] or mention.districts
    inside = [match for match in matches if match.unit.province == home]
    if not matches or (mention.level == "bare" and not inside and (home is not None or len(matches) > 1)):
        return ()
    if mention.initials:
        return tuple(match.unit for match in inside)
    best = max(_district_rank(match, mention) for match in inside or matches)
    return tuple(match.unit for match in inside or matches if _district_rank(match, mention) == best)


def _district_rank(match: Match[District], mention: Mention) -> tuple[float, ...]:
    return (match.end, match.unit.word == mention.word, match.quality)
