"""The units and domains that a question names: full names, short ones, former ones, and with slips."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from rapidfuzz.distance import OSA

from routing.organisation import City, Domain, Unit
from routing.place import FormerWard, find_wards, former_wards_of
from routing.question_words import lexicon, plain

WHOLE = "*"
"""Stands for the city as a whole where one of its units could be named."""
_KIND_WORDS = ("dac khu", "thi tran", "thi xa", "thanh pho", "phuong", "quan", "huyen", "xa")
_WARD_WORDS = ("phuong", "xa", "thi tran", "dac khu")
_NO_UNIT_AFTER = frozenset(
    {
        *("duong", "pho", "ngo", "ngach", "hem", "truong", "cho", "cau", "ho", "chung cu", "khu", "ga"),
        *(
            "ben xe",
            "toa",
            "song",
            "cong vien",
            "benh vien",
            "chua",
            "den",
            "du an",
            "nga tu",
            "nga ba",
            "ham",
            "vien",
        ),
    }
)
_JOINS = ("va", "voi", "hay", "hoac", "cung", "den")
_LONGEST_NAME = 10
_LEAST_MENDED = 5
_LESS_SURE = 0.84


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """What a text names: the text with a mark for each mention, and the codes or ids of them in order.

    unsure: a name fits several units, or follows a word such as "phường" and fits none.
    """

    text: str
    found: tuple[tuple[str, ...], ...]
    unsure: bool = False


class UnitNames:
    """The names of a city's units as people type them, without accents."""

    def __init__(self, city: City, ordinary: frozenset[str] = frozenset()) -> None:
        """ordinary: words of questions, which are no slips of a name: "xã tồn đọng" is not "xã Sơn Đồng"."""
        self.units = city.units
        self._ordinary = ordinary
        self._province = city.province
        self._keys: dict[str, list[str]] = defaultdict(list)
        for unit in city.units.values():
            for name in (unit.name, *unit.former_names):
                for key in (*_forms(plain(name)), *_halves(name)):
                    if unit.code not in self._keys[key]:
                        self._keys[key].append(unit.code)
        self._add_short_names(city.units.values())
        self._add_whole(city)
        self._by_kind = _sorted_by_kind(self._keys)

    def _add_short_names(self, units: Iterable[Unit]) -> None:
        """Add initials and beginnings of departments' names that no other shares, and usual other names."""
        offices = {unit.code: plain(unit.name) for unit in units if unit.kind in ("department", "company")}
        short: dict[str, set[str]] = defaultdict(set)
        for code, name in offices.items():
            for key in _shortened(name):
                short[key].add(code)
        for key, codes in short.items():
            if len(codes) == 1 and key not in self._keys:
                self._keys[key] = list(codes)
        full = {plain(unit.name): unit.code for unit in units if unit.kind != "ward"}
        for alias, beginning in lexicon().units.items():
            meant = [code for name, code in full.items() if f"{name} ".startswith(f"{beginning} ")]
            if meant and alias not in self._keys:
                self._keys[alias] = meant[:1]

    def _add_whole(self, city: City) -> None:
        name = plain(city.root.name)
        short = plain(city.name)
        level = "thanh pho" if name.startswith("thanh pho") else "tinh"
        for key in (name, *(f"{word} {level}" for word in ("toan", "ca", "toan bo", "chung"))):
            self._keys[key] = [WHOLE]
        for key in (short, f"toan {short}", f"ca {short}"):
            self._keys.setdefault(key, [WHOLE])

    @property
    def keys(self) -> Iterable[str]:
        """All names."""
        return self._keys.keys()

    def mark(self, canonical: str, city: City) -> Named:
        """Return the text with "@u" for each unit named.

        A bare name that may be ordinary words as well counts only with its kind before it.
        """
        tokens, marked, found = canonical.split(), list[str](), list[tuple[str, ...]]()
        unsure, at, kind = False, 0, ""
        while at < len(tokens):
            joined = kind if _joins(marked) else ""
            mention = self._mention(tokens, at, joined, city)
            if mention is None:
                marked.append(tokens[at])
                at += 1
                continue
            unsure = unsure or mention.unsure
            kind = _kind_at(tokens, at) or joined
            found.append(mention.codes)
            marked.append("@u")
            at += mention.size
        return Named(text=" ".join(marked), found=tuple(found), unsure=unsure)

    def _mention(self, tokens: Sequence[str], at: int, joined: str, city: City) -> "_Mention | None":
        """Return the unit named at a place, narrowed by the district named after it."""
        size, codes = self._at(tokens, at, joined)
        word = _kind_at(tokens, at)
        if size == 0 and word:
            if former := self._former_at(tokens, at, word, city):
                return _Mention(size=former[0], codes=tuple(former[1]))
            size, codes = self._mended_at(tokens, at, word)
        if size == 0:
            return None
        if narrowed := self._within_next(tokens, at + size, codes, city):
            return _Mention(size=size + narrowed[0], codes=tuple(narrowed[1]))
        return _Mention(size=size, codes=tuple(codes), unsure=len(codes) > 1)

    def _at(self, tokens: Sequence[str], at: int, joined: str) -> tuple[int, list[str]]:
        """Return how many words at a place are a unit's name, and whose.

        joined: the kind of the unit that this one is joined to: "phường Bồ Đề và Long Biên" are two wards.
        """
        for size in range(min(_LONGEST_NAME, len(tokens) - at), 0, -1):
            words = tokens[at : at + size]
            if joined and not _kind_at(tokens, at) and (same := f"{joined} {' '.join(words)}") in self._keys:
                return size, self._keys[same]
            codes = self._keys.get(" ".join(words))
            if codes is None or _is_number(words):
                continue
            is_bare = not _kind_at(tokens, at) and self._is_place(codes[0])
            if is_bare and (
                _is_plain(words) or _follows_place(tokens, at) or self._is_of_next(tokens, at + size - 1)
            ):
                continue
            return size, self._preferred(codes)
        return 0, []

    def _is_of_next(self, tokens: Sequence[str], last: int) -> bool:
        """Tell whether a name ends in the kind of the unit named next: "dân phường Láng", not Đan Phượng."""
        if tokens[last] not in _KIND_WORDS:
            return False
        return tokens[last + 1 : last + 2] in (["nao"], ["minh"], ["ta"]) or self._at(tokens, last, "")[0] > 0

    def _is_place(self, code: str) -> bool:
        return code == WHOLE or self.units[code].kind in ("ward", "district", "city")

    def _preferred(self, codes: Sequence[str]) -> list[str]:
        """Return those of the same name that are meant without a kind: districts before wards."""
        if len(codes) < 2:
            return list(codes)
        for kind in ("district", "ward"):
            of_kind = [code for code in codes if code in self.units and self.units[code].kind == kind]
            if of_kind:
                return of_kind
        return list(codes)

    def _within_next(
        self, tokens: Sequence[str], at: int, codes: Sequence[str], city: City
    ) -> tuple[int, list[str]] | None:
        """Return those of several units of one name that lie in the district named next."""
        skipped = 1 if at < len(tokens) and tokens[at] in ("o", "cua", "thuoc", "tai") else 0
        start = at + skipped
        if not _kind_at(tokens, start) or _kind_at(tokens, start) in _WARD_WORDS:
            return None
        for size in range(min(_LONGEST_NAME, len(tokens) - start), 0, -1):
            for above in self._keys.get(" ".join(tokens[start : start + size]), ()):
                inside = [code for code in codes if above != WHOLE and city.is_within(code, above)]
                if len(inside) == 1:
                    return skipped + size, inside
        if former := self._former_at(tokens, start, _kind_at(tokens, start), city):
            inside = [code for code in codes if code in former[1]]
            return (skipped + former[0], inside) if len(inside) == 1 else None
        return None

    def _former_at(
        self, tokens: Sequence[str], at: int, word: str, city: City
    ) -> tuple[int, list[str]] | None:
        """Return the units that took over from a former ward or district that is named with its kind."""
        former = _former_names(self._province)
        start = at + len(word.split())
        for end in range(min(len(tokens), start + 5), start, -1):
            name = f"{word} {' '.join(tokens[start:end])}"
            if name in former:
                wards = _wards_today(self._province, name)
                codes = [unit.code for ward in wards if (unit := city.ward_unit(ward)) is not None]
                if codes:
                    return end - at, list(dict.fromkeys(codes))
        return None

    def _mended_at(self, tokens: Sequence[str], at: int, word: str) -> tuple[int, list[str]]:
        """Return the one unit of a kind whose name is a slip away from the words that follow."""
        start, best = at + len(word.split()), list[tuple[float, int, str]]()
        for size in (4, 3, 2, 1):
            typed = " ".join(tokens[start : start + size])
            is_short = len(typed) < _LEAST_MENDED or start + size > len(tokens)
            if is_short or self._ordinary.issuperset(tokens[start : start + size]):
                continue
            for name, key in self._by_kind.get(word, ()):
                score = OSA.normalized_similarity(typed, name, score_cutoff=_LESS_SURE)
                if score >= _LESS_SURE and abs(len(name) - len(typed)) <= 2:
                    best.append((score, size, key))
        best.sort(reverse=True)
        if not best or (len(best) > 1 and best[0][0] == best[1][0] and best[0][2] != best[1][2]):
            return 0, []
        _, size, key = best[0]
        return len(word.split()) + size, self._keys[key]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Mention:
    size: int
    codes: tuple[str, ...]
    unsure: bool = False


def _joins(marked: Sequence[str]) -> bool:
    return len(marked) >= 2 and marked[-2] == "@u" and marked[-1] in _JOINS


def _is_number(words: Sequence[str]) -> bool:
    return all(word.isdigit() for word in words)


def _is_plain(words: Sequence[str]) -> bool:
    return len(words) == 1 or " ".join(words) in _not_bare()


@cache
def _not_bare() -> frozenset[str]:
    """Return the names that are ordinary words as well: "cua nam" is a ward and "of the year"."""
    known = lexicon()
    phrases = (phrase for phrases in known.domains.values() for phrase in phrases)
    return frozenset((*known.ordinary, *phrases))


def _follows_place(tokens: Sequence[str], at: int) -> bool:
    before, two = tokens[at - 1] if at else "", " ".join(tokens[max(0, at - 2) : at])
    return before in _NO_UNIT_AFTER or two in _NO_UNIT_AFTER


def _kind_at(tokens: Sequence[str], at: int) -> str:
    rest = " ".join(tokens[at : at + 3]) + " "
    return next((word for word in _KIND_WORDS if rest.startswith(f"{word} ")), "")


def _forms(name: str) -> Iterator[str]:
    """Yield the ways to write a name: in full, without its kind, each half of a double one."""
    yield name
    kind = next((word for word in _KIND_WORDS if name.startswith(f"{word} ")), "")
    if kind:
        yield name.removeprefix(f"{kind} ")
    for word in _KIND_WORDS:
        if name.startswith(f"cong an {word} "):
            yield name.replace(f"{word} ", "", 1)
    if name.startswith(("cong an ", "thanh tra ")) and name.endswith("thanh pho"):
        yield name.replace("thanh pho", "tp")


def _halves(name: str) -> Iterator[str]:
    """Yield the halves of a double name, "Văn Miếu - Quốc Tử Giám", with and without the kind."""
    first, dash, second = name.partition(" - ")
    if dash:
        yield from _forms(plain(first))
        yield plain(second)


def _shortened(name: str) -> Iterator[str]:
    """Yield shorter ways to write a department's name: "so gddt", "so gd dt", "so giao duc"."""
    first, *rest = name.split()
    parts = [word for word in rest if word != "va"]
    halves = " ".join(rest).split(" va ")
    if len(parts) > 1:
        yield f"{first} {''.join(word[0] for word in parts)}"
    if len(halves) > 1:
        yield f"{first} {' '.join(''.join(word[0] for word in half.split()) for half in halves)}"
        yield f"{first} {' '.join(parts)}"
    for count in range(2, len(rest)):
        yield f"{first} {' '.join(rest[:count])}"


def _sorted_by_kind(keys: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
    by_kind: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for key in keys:
        for word in _KIND_WORDS:
            if key.startswith(f"{word} "):
                by_kind[word].append((key.removeprefix(f"{word} "), key))
    return by_kind


@lru_cache(maxsize=8)
def _former_names(province: str) -> dict[str, tuple[FormerWard, ...]]:
    """Return a province's former wards by their names and by those of their districts."""
    found: dict[str, list[FormerWard]] = defaultdict(list)
    for former in former_wards_of(province):
        found[plain(former.name)].append(former)
        found[plain(former.district)].append(former)
    return {name: tuple(wards) for name, wards in found.items()}


@lru_cache(maxsize=1024)
def _wards_today(province: str, name: str) -> tuple[str, ...]:
    """Return the official codes of today's wards that took over from a former ward or district."""
    codes: dict[str, None] = {}
    for former in _former_names(province).get(name, ()):
        today = find_wards(f"{former.name}, {former.district}", province=province)
        is_district = plain(former.district) == name
        codes |= dict.fromkeys(ward.code for ward in (today[:1] if is_district else today))
    return tuple(codes)


class DomainNames:
    """The names of a city's domains as people type them, and everyday words for what belongs to them."""

    def __init__(self, domains: Mapping[str, Domain]) -> None:
        self._keys: dict[str, tuple[str, ...]] = {}
        for shipped, phrases in lexicon().domains.items():
            parts = tuple(each.id for each in domains.values() if each.parent == shipped)
            ids = (shipped,) if shipped in domains else parts
            if ids or shipped == "none":
                self._keys |= dict.fromkeys(phrases, ids)
        for domain in domains.values():
            for phrase in (*_name_forms(domain.name), *map(plain, domain.keywords)):
                if domain.parent or phrase not in self._keys:
                    self._keys[phrase] = (domain.id,)
        self._longest = max((key.count(" ") + 1 for key in self._keys), default=0)

    @property
    def keys(self) -> Iterable[str]:
        """All words for domains."""
        return self._keys.keys()

    def mark(self, text: str) -> Named:
        """Return the text with "@d" for each domain named, the longest words for it first."""
        tokens, marked, found, at = text.split(), list[str](), list[tuple[str, ...]](), 0
        while at < len(tokens):
            size = next(
                (
                    size
                    for size in range(min(self._longest, len(tokens) - at), 0, -1)
                    if " ".join(tokens[at : at + size]) in self._keys
                ),
                0,
            )
            words = tokens[at : at + (size or 1)]
            if ids := self._keys.get(" ".join(words), ()):
                found.append(ids)
            marked += ["@d"] if ids else words
            at += len(words)
        return Named(text=" ".join(marked), found=tuple(found))


def _name_forms(name: str) -> Iterator[str]:
    yield plain(name)
    for part in re.split(r"[,;]", name):
        if " " in plain(part):
            yield plain(part)
