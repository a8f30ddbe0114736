"""Which units a sentence names: by name, former name or short form ("P. Khương Đình"), with slips."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache

from rapidfuzz import fuzz, process

from routing.moments import typed_and_plain
from routing.organisation import City, Unit
from routing.place import find_wards, former_wards_of
from routing.vietnamese import strip_accents

CLOSE_ENOUGH = 86
"""How like a name must be, of 100, that was typed with a slip."""
MOST_SLIPS = 6
"""So many places of one text are compared with every name; a name with a slip behind them is unknown."""
_MOST_CITIES = 4
"""Of so many cities, or days of one, the names are kept at hand."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Mention:
    """One place in a text (its NFC form) that names a unit.

    units: the codes that it may mean, several where a name is shared; none where a kind of unit stands there
    with a name that is none ("phường Abc"). bare: a kind alone, such as "phường" or "sở".
    """

    start: int
    end: int
    units: tuple[str, ...] = ()
    kind: str = ""
    bare: bool = False


_SHORT = {
    "p": ("phuong",),
    "ph": ("phuong",),
    "f": ("phuong",),
    "x": ("xa",),
    "ca": ("cong", "an"),
    "cty": ("cong", "ty"),
    "tp": ("thanh", "pho"),
    "tt": ("trung", "tam"),
    "pvhcc": ("phuc", "vu", "hanh", "chinh", "cong"),
}
"""Short forms and what they stand for."""
KINDS = ("phuong", "xa", "so", "cong an", "cong ty", "quan", "huyen")
"""With these words begins what may be a unit's name."""
_ACCENTED = {"phuong": "phường", "xa": "xã", "so": "sở", "quan": "quận", "huyen": "huyện", "cong": "công"}
_WORD = re.compile(r"\w+")
_POLICE = re.compile(r"[. ]*(?:p\b|phuong|xa|tp|thanh pho)")
_AFTER_A_KIND = frozenset(
    (
        "xu", "giai", "kiem", "xac", "khac", "bao", "khan", "truoc", "trong", "den", "phoi", "chu", "tiep",
        "nhanh", "ngay", "lam", "thuc", "to", "va", "som", "vao", "ra", "cu", "tra", "hoan", "phai", "can",
        "don", "nay", "do", "cho", "theo", "co", "de", "la", "duoc", "dang", "da", "se", "khong", "chua",
        "cua", "nghiem", "gap", "so", "tai", "thu", "sua", "gia", "vi", "ve", "minh", "em", "ban", "ta",
        "nao", "lien", "cung", "the", "thi", "nhe", "a", "chiu", "giam", "quan", "them", "bi", "phan",
        "giao", "tu", "hop", "cap", "neu", "gui", "het", "xong", "thong", "thay", "cham",
    )
)  # fmt: skip
"""With these words a sentence goes on behind "phường", so no name follows."""
_TOPICS_OF_OLD = (("giao", "thong"), ("tai", "nguyen"), ("thong", "tin", "va"), ("thong", "tin", "truyen"))
"""What some departments were about that are no more, of words with which a sentence may go on."""
_MINISTRIES = (
    ("cong", "an"), ("cong", "thuong"), ("xay", "dung"), ("y", "te"), ("noi", "vu"), ("tai", "chinh"),
    ("giao", "duc"), ("tu", "phap"), ("khoa", "hoc"), ("nong", "nghiep"), ("quoc", "phong"),
)  # fmt: skip
_SIDES = frozenset(("bac", "nam", "dong", "tay", "trung", "thuong", "ha"))
"""With these words many names go on: "phường Thanh Xuân Nam" is not "phường Thanh Xuân"."""
_NO_DISTRICT_BEFORE = frozenset(("co", "lien", "chu", "bao", "khach", "tham", "hai", "truc"))
_NO_DISTRICT_BEHIND = frozenset(("ly", "li", "tam", "sat", "trong", "he", "diem", "chuc"))
"""Around these words "quan" is none: "cơ quan", "liên quan", "quan tâm"."""
_TODAY = {
    "giao thong": "so-xay-dung",
    "quy hoach": "so-xay-dung",
    "tai nguyen": "so-nong-nghiep-va-moi-truong",
    "ke hoach": "so-tai-chinh",
    "lao dong": "so-noi-vu",
    "thong tin": "so-khoa-hoc-va-cong-nghe",
}
"""Which department has what one of another name had until 2025."""
_MOST_NEAREST = 6


@dataclass(frozen=True, slots=True)
class _Word:
    plain: str
    start: int
    end: int


def find_units(text: str, city: City) -> list[Mention]:
    """Return the units that a text names, in order, the longest name at each place.

    A ward's name without its kind counts where it is written as a name ("Khương Đình") or all in small
    letters without accents; whoever asks judges by what stands before it.
    """
    typed, plain = typed_and_plain(text)
    words = list(_words(plain))
    names = _names(city)
    found: list[Mention] = []
    place = slips = 0
    while place < len(words):
        mention, used = _known(words, place, names, typed, city) or (None, 1)
        if mention is None and _is_kind(typed, words[place]):
            mention, used = _near(words, place, names if slips < MOST_SLIPS else _NO_NAMES) or (None, 1)
            slips += mention is not None and not mention.bare and not mention.kind.startswith("bo")
        if mention is not None:
            found.append(mention)
        place += used
    return found


def nearest_units(words: str, city: City) -> list[str]:
    """Return the codes of the units nearest to words that name none; of a former district its wards."""
    _, plain = typed_and_plain(words)
    said = " ".join(plain.split())
    former = [unit.code for code in _wards_today(city.province, said) if (unit := city.ward_unit(code))]
    if former:
        return list(dict.fromkeys(former))[:_MOST_NEAREST]
    for topic, code in _TODAY.items():
        if f"so {topic}" in said and city.is_valid(code):
            return [code]
    known = {unit.code: strip_accents(unit.name).lower() for unit in city.units.values()}
    standing = {code: name for code, name in known.items() if city.is_valid(code) and code != city.root.code}
    if said.startswith("bo "):  # a ministry: what the city itself has for the same
        own = (
            code
            for code, name in standing.items()
            if city.units[code].parent == city.root.code and said.removeprefix("bo ") in name
        )
        return list(own)[:1]
    best = process.extractOne(said, standing, scorer=fuzz.token_set_ratio, score_cutoff=60)
    return [best[2]] if best else []


@lru_cache(maxsize=8)
def _former_places(province: str) -> Mapping[str, tuple[str, ...]]:
    """Return a province's former wards and districts by name, each as "ward, district"."""
    found: dict[str, list[str]] = defaultdict(list)
    for former in former_wards_of(province):
        for name in (former.name, former.district):
            found[strip_accents(name).lower()].append(f"{former.name}, {former.district}")
    return {name: tuple(places) for name, places in found.items()}


@lru_cache(maxsize=1024)
def _wards_today(province: str, name: str) -> tuple[str, ...]:
    """Return the official codes of the wards that a former ward, or district, is now."""
    codes: dict[str, None] = {}
    for place in _former_places(province).get(name, ()):
        today = find_wards(place, province=province)
        whole = strip_accents(place).lower().startswith(f"{name},")
        codes |= dict.fromkeys(ward.code for ward in (today if whole else today[:1]))
    return tuple(codes)


def _words(plain: str) -> Iterator[_Word]:
    for found in _WORD.finditer(plain):
        parts = _SHORT.get(found[0], (found[0],))
        if found[0] == "ca" and not _POLICE.match(plain, found.end()):
            parts = ("ca",)
        for part in parts:
            yield _Word(part, found.start(), found.end())


@dataclass(frozen=True, slots=True)
class _Names:
    """Every form of every name with the units that it means.

    longest: of how many words is the longest name that begins with a word. of_kind: of each kind its names.
    """

    units: Mapping[tuple[str, ...], tuple[str, ...]]
    longest: Mapping[str, int]
    of_kind: Mapping[str, Mapping[str, tuple[str, ...]]]


_NO_NAMES = _Names({}, {}, {})
_kept: dict[tuple[int, date | None], tuple[Mapping[str, Unit], _Names]] = {}
"""The names of the latest cities, each with its units, so that no other object takes their number."""


def _names(city: City) -> _Names:
    """Return the names of a city's units, worked out once for each day of its tree."""
    key = id(city.units), city.day
    if key not in _kept:
        for oldest in list(_kept)[: 1 - _MOST_CITIES]:
            _kept.pop(oldest, None)
        _kept[key] = city.units, _collected(city)
    return _kept[key][1]


def _collected(city: City) -> _Names:
    found: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for unit in city.units.values():
        standing = _standing(city, unit)
        for name in (unit.name, *unit.former_names):
            for form in _forms_of(name):
                found[form] += standing
    names = {form: tuple(dict.fromkeys(codes)) for form, codes in found.items() if form and codes}
    of_kind: dict[str, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for form, codes in names.items():
        of_kind[_kind_of(form)][" ".join(form)] = codes
    longest: dict[str, int] = {}
    for form in names:
        longest[form[0]] = max(len(form), longest.get(form[0], 0))
    return _Names(names, longest, of_kind)


def _standing(city: City, unit: Unit) -> list[str]:
    if unit.code == city.root.code:
        return []
    if city.is_valid(unit.code):
        return [unit.code]
    heirs = (city.heir(code) for code in unit.successors)
    return [code for code in dict.fromkeys(heirs) if code is not None]


def _forms_of(name: str) -> Iterator[tuple[str, ...]]:
    """Yield a name as people write it: whole, without its kind, its kind with initials."""
    whole = tuple(_WORD.findall(strip_accents(name).lower()))
    yield whole
    kind = _kind_of(whole)
    rest = whole[len(kind.split()) :] if kind else ()
    if kind in ("phuong", "xa", "cong ty") and rest:
        yield rest
    if kind == "so" and rest:
        initials = "".join(word[0] for word in rest if word != "va")
        yield ("so", initials)
        yield (f"s{initials}",)
        yield tuple(word for word in whole if word != "va")


def _kind_of(words: Sequence[str]) -> str:
    joined = " ".join(words)
    return next((kind for kind in KINDS if f"{joined} ".startswith(f"{kind} ")), "")


def _exact(words: Sequence[_Word], place: int, names: _Names, typed: str) -> tuple[Mention, int] | None:
    """Return the mention that begins at a word without a slip, and how many words it takes."""
    longest = names.longest.get(words[place].plain, 0)
    for count in range(min(longest, len(words) - place), 0, -1):
        part = words[place : place + count]
        units = names.units.get(tuple(word.plain for word in part))
        if units is None:
            continue
        kind = _kind_of([word.plain for word in part])
        span = typed[part[0].start : part[-1].end]
        if (kind and _is_kind(typed, part[0])) or (count == 1 and part[0].plain.startswith("s")):
            return Mention(start=part[0].start, end=part[-1].end, units=units, kind=kind), count
        if not kind and _looks_like_a_name(span, count):
            return Mention(start=part[0].start, end=part[-1].end, units=units), count
    return None


def _known(
    words: Sequence[_Word], place: int, names: _Names, typed: str, city: City
) -> tuple[Mention, int] | None:
    """Return the mention of a unit, a former ward or a ministry that begins at a word, without a slip."""
    exact = _exact(words, place, names, typed)
    former = _former(words, place, typed, city)
    if former is not None and (exact is None or former[1] > exact[1]):
        return former
    if exact is None:
        return _ministry(words, place, typed)
    mention, used = exact
    behind = words[place + used] if place + used < len(words) else None
    if behind is None or behind.plain not in _SIDES or not mention.kind:
        return exact
    after = [word.plain for word in words[place + used + 1 : place + used + 2]]
    as_name = typed[behind.start].isupper() or (
        typed[mention.start : mention.end].islower() and _goes_on(after)
    )
    if typed[mention.end : behind.start] == " " and as_name:
        return replace(mention, end=behind.end, units=()), used + 1
    return exact


def _former(words: Sequence[_Word], place: int, typed: str, city: City) -> tuple[Mention, int] | None:
    kind = words[place].plain
    if kind not in ("phuong", "xa") or not _is_kind(typed, words[place]):
        return None
    for count in range(min(5, len(words) - place), 1, -1):
        part = words[place : place + count]
        today = _wards_today(city.province, " ".join(word.plain for word in part))
        units = dict.fromkeys(unit.code for code in today if (unit := city.ward_unit(code)))
        if units:
            return Mention(start=part[0].start, end=part[-1].end, units=tuple(units), kind=kind), count
    return None


def _ministry(words: Sequence[_Word], place: int, typed: str) -> tuple[Mention, int] | None:
    part = words[place : place + 3]
    if part[0].plain != "bo" or tuple(word.plain for word in part[1:]) not in _MINISTRIES:
        return None
    if typed[part[0].start : part[0].end].lower() not in ("bộ", "bo"):
        return None
    return Mention(start=part[0].start, end=part[-1].end, kind="bo"), 3


def _is_kind(typed: str, word: _Word) -> bool:
    """Tell whether a word that is a kind of unit without accents is one as it was typed: "số" is not "sở"."""
    written = typed[word.start : word.end].lower()
    accented = _ACCENTED.get(word.plain)
    if accented is None or written == accented:
        return True
    return written in _SHORT or (written == word.plain and (len(written) > 2 or typed.isascii()))


def _looks_like_a_name(span: str, count: int) -> bool:
    """Tell whether words without a kind are written as a name: capitals, or hurried without any accents."""
    if all(word[:1].isupper() for word in span.split()):
        return True
    return count > 1 and span.isascii() and span.islower()


def _near(words: Sequence[_Word], place: int, names: _Names) -> tuple[Mention, int] | None:
    """Return a mention of a kind of unit with a name that has a slip, with one that is none, or without."""
    rest = [word.plain for word in words[place : place + 8]]
    kind = _kind_of(rest)
    if not kind:
        return None
    if kind == "quan" and (
        (place and words[place - 1].plain in _NO_DISTRICT_BEFORE)
        or (rest[1:] and rest[1] in _NO_DISTRICT_BEHIND)
    ):
        return None
    size = len(kind.split())
    if kind == "cong an" and rest[2:3] in (["phuong"], ["xa"]) and _goes_on(rest[3:]):
        return Mention(start=words[place].start, end=words[place + 2].end, kind=kind, bare=True), 3
    behind = rest[size:]
    start, end = words[place].start, words[place + size - 1].end
    alone = _goes_on(behind) and not (kind == "so" and _is_of_old(behind))
    if alone and words[place].end - start == 1:  # "p" or "x"
        return None
    if alone:
        return Mention(start=start, end=end, kind=kind, bare=True), size
    of_kind = names.of_kind.get(kind, {})
    tries = [" ".join(rest[: size + count]) for count in range(1, min(5, len(behind)) + 1)]
    scored = [(_closest(each, of_kind), each) for each in tries]
    best = max(((found[1], found[0], each) for found, each in scored if found), default=None)
    if best is None:
        first = 2 if kind == "so" and _is_of_old(behind) else 1
        used = size + first + sum(1 for _ in _until_the_sentence_goes_on(behind[first:]))
        return Mention(start=start, end=words[place + used - 1].end, kind=kind), used
    used = len(best[2].split())
    units = of_kind[best[1]]
    return Mention(start=start, end=words[place + used - 1].end, units=units, kind=kind), used


def _goes_on(behind: Sequence[str]) -> bool:
    """Tell whether no name follows."""
    return not behind or behind[0] in _AFTER_A_KIND or not behind[0].isalpha()


def _is_of_old(behind: Sequence[str]) -> bool:
    return any(tuple(behind[: len(topic)]) == topic for topic in _TOPICS_OF_OLD)


def _closest(typed: str, names: Mapping[str, tuple[str, ...]]) -> tuple[str, float, int] | None:
    return process.extractOne(typed, names.keys(), scorer=fuzz.ratio, score_cutoff=CLOSE_ENOUGH)


def _until_the_sentence_goes_on(words: Sequence[str]) -> Iterator[str]:
    for word in words[:2]:
        if word in _AFTER_A_KIND or not word.isalpha():
            return
        yield word
