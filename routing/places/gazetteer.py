"""The units of Viet Nam, loaded once from data/places.json, and the index of their names."""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from pathlib import Path
from sys import intern
from typing import Any, Literal, TypeVar

from routing.places.units import FormerWard, Province, Ward
from routing.places.words import split_forms, syllable_key
from routing.vietnamese import strip_accents

DATA_FILE = Path(__file__).resolve().parent.parent / "data" / "places.json"
SHARES_FILE = DATA_FILE.with_name("divided_wards.json")
_UNIT_WORD = re.compile(r"^(Phường|Xã|Thị trấn|Đặc khu|Thị xã|Thành phố|Quận|Huyện|Tỉnh)\s+")

Kind = Literal["present", "former", "alias"]


@dataclass(frozen=True, slots=True)
class Name:
    """A ward's name in the index: `index` is of today's ward (present) or of the former ward it led to."""

    kind: Kind
    word: str
    short: str
    syllables: tuple[str, ...]
    index: int


@dataclass(frozen=True, slots=True)
class District:
    """A former district: `rows` of the data's districts hold its wards, itself but for those gone earlier."""

    name: str
    word: str
    syllables: tuple[str, ...]
    province: int
    rows: frozenset[int]


@dataclass(frozen=True, slots=True)
class ProvinceName:
    """A name for a province, today's or former: in full, as it is shown, and today's province."""

    name: str
    word: str
    syllables: tuple[str, ...]
    province: int


Unit = TypeVar("Unit", bound=Name | District | ProvinceName)


class NameIndex(dict[str, tuple[Unit, ...]]):
    """Units by the key of their name; `starts` holds what keys begin with, so that a search ends early."""

    def __init__(self, pairs: Iterable[tuple[str, Unit]]) -> None:
        found: dict[str, list[Unit]] = {}
        starts: set[str] = set()
        for key, unit in pairs:
            found.setdefault(key, []).append(unit)
            starts.update(_beginnings(key, unit.syllables))
        super().__init__({key: tuple(units) for key, units in found.items()})
        self.starts = frozenset(starts)


def _beginnings(key: str, syllables: tuple[str, ...]) -> Iterator[str]:
    """Yield what is known of a key after each syllable; abbreviations may be broken anywhere."""
    yield from accumulate([_key_of_syllable(syllable) for syllable in syllables] or key)


@cache
def _key_of_syllable(syllable: str) -> str:
    return syllable_key(strip_accents(syllable))


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """All units and names; positions in these tuples are the indexes used everywhere in this package.

    `shares` holds, for a former ward that was divided, how much of it lies in each of its `successors`: an
    estimate (`shares.py`).
    """

    provinces: tuple[Province, ...]
    wards: tuple[Ward, ...]
    ward_province: tuple[int, ...]
    ward_districts: tuple[frozenset[int], ...]
    ward_points: tuple[tuple[float, float, float], ...]
    former: tuple[FormerWard, ...]
    former_district: tuple[int, ...]
    former_points: tuple[tuple[float, float] | None, ...]
    former_boxes: tuple[tuple[float, float, float, float] | None, ...]
    successors: tuple[tuple[int, ...], ...]
    shares: dict[int, tuple[float, ...]]
    names: NameIndex[Name]
    districts: NameIndex[District]
    district_initials: dict[str, tuple[District, ...]]
    province_names: NameIndex[ProvinceName]

    def today(self, name: Name) -> tuple[int, ...]:
        """Return the indexes of today's wards that a name leads to, the likeliest first."""
        if name.kind == "present":
            return (name.index,)
        wards, shares = self.successors[name.index], self.shares.get(name.index)
        if shares is None:
            return wards
        return tuple(ward for _, ward in sorted(zip(shares, wards, strict=True), key=lambda pair: -pair[0]))

    def greatest_share(self, name: Name) -> float:
        """Return how much of a former ward lies in the first of today's that it leads to; 0 if unknown."""
        if name.kind == "present" or len(self.successors[name.index]) == 1:
            return 1.0
        return max(self.shares.get(name.index, (0.0,)))

    def province_of(self, name: Name) -> int:
        """Return the index of today's province of a name."""
        return self.ward_province[self.today(name)[0]]

    def districts_of(self, name: Name) -> frozenset[int]:
        """Return the rows of the former districts that a name lies in."""
        if name.kind == "present":
            return self.ward_districts[name.index]
        return frozenset((self.former_district[name.index],))


def split_name(full: str) -> tuple[str, str]:
    """Return the word for the kind of unit and the short name: ("Phường", "Hòa Xuân")."""
    match = _UNIT_WORD.match(full)
    return (intern(match.group(1)), intern(full[match.end() :])) if match else ("", full)


def key_of(text: str) -> str:
    """Return the index key of a name: syllables without accents, joined."""
    return "".join(split_forms(text)[0])


@cache
def _spelled(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the index key of a name and its syllables."""
    keys, lowers, _, _ = split_forms(text)
    return "".join(keys), tuple(lowers)


def _ward_names(data: dict[str, Any]) -> list[tuple[str, Name]]:
    full: list[tuple[Kind, str, int]] = [
        ("present", row[1], index) for index, row in enumerate(data["wards"])
    ]
    full += [("former", row[0], index) for index, row in enumerate(data["former_wards"]) if row[0]]
    full += [("alias", name, index) for name, index in data["aliases"]]
    pairs = []
    for kind, name, index in full:
        word, short = split_name(name)
        key, syllables = _spelled(short)
        pairs.append((key, Name(kind, word, short, syllables, index)))
    return pairs


def _district_names(data: dict[str, Any]) -> list[tuple[str, District]]:
    home = [data["former_provinces"][row[1]][1] for row in data["districts"]]
    full = [(row[0], home[index], frozenset((index,))) for index, row in enumerate(data["districts"])]
    full += [(name, home[rows[0]], frozenset(rows)) for name, rows in data["old_districts"]]
    pairs = []
    for name, province, rows in full:
        word, short = split_name(name)
        key, syllables = _spelled(short)
        pairs.append((key, District(name, word, syllables, province, rows)))
    return pairs


def _province_names(data: dict[str, Any]) -> list[tuple[str, ProvinceName]]:
    pairs = []
    for index, (_, name, short, aliases) in enumerate(data["provinces"]):
        word = split_name(name)[0]
        key, syllables = _spelled(short)
        pairs.append((key, ProvinceName(name, word, syllables, index)))
        pairs += [(alias, ProvinceName(name, word, (), index)) for alias in aliases]
    for name, province in data["former_provinces"]:
        word, short = split_name(name)
        if short != data["provinces"][province][2]:
            key, syllables = _spelled(short)
            pairs.append((key, ProvinceName(name, word, syllables, province)))
    return pairs


def _by_initials(districts: Iterable[District]) -> dict[str, tuple[District, ...]]:
    """Return the districts by their initials, "bt", and by the first ones and the last syllable, "bthanh"."""
    found: dict[str, list[District]] = {}
    for district in districts:
        bare = [strip_accents(syllable) for syllable in district.syllables]
        if len(bare) > 1:
            letters = "".join(syllable[0] for syllable in bare)
            for key in (letters, letters[:-1] + bare[-1]):
                found.setdefault(key, []).append(district)
    return {key: tuple(units) for key, units in found.items()}


@cache
def gazetteer() -> Gazetteer:
    """Return the gazetteer, loaded at first use."""
    data = json.loads(DATA_FILE.read_text(encoding="utf-8"))
    provinces = tuple(Province(slug=row[0], name=row[1], short=row[2]) for row in data["provinces"])
    wards = tuple(Ward(code=row[0], name=row[1], province=provinces[row[2]].slug) for row in data["wards"])
    former_rows = data["former_wards"]
    districts = _district_names(data)
    districts_of_ward: list[set[int]] = [set() for _ in wards]
    for row in former_rows:
        for successor in row[2]:
            districts_of_ward[successor].add(row[1])
    found = Gazetteer(
        provinces=provinces,
        wards=wards,
        ward_province=tuple(row[2] for row in data["wards"]),
        ward_districts=tuple(frozenset(rows) for rows in districts_of_ward),
        ward_points=tuple((row[3], row[4], row[5]) for row in data["wards"]),
        former=tuple(
            FormerWard(name=row[0], district=data["districts"][row[1]][0], province=wards[row[2][0]].province)
            for row in former_rows
        ),
        former_district=tuple(row[1] for row in former_rows),
        former_points=tuple(tuple(row[3]) if row[3] else None for row in former_rows),
        former_boxes=tuple(tuple(row[4]) if row[4] else None for row in former_rows),
        successors=tuple(tuple(row[2]) for row in former_rows),
        shares={
            index: tuple(shares) for index, _, shares in json.loads(SHARES_FILE.read_text("utf-8"))["wards"]
        },
        names=NameIndex(_ward_names(data)),
        districts=NameIndex(districts),
        district_initials=_by_initials(unit for _, unit in districts),
        province_names=NameIndex(_province_names(data)),
    )
    _spelled.cache_clear()
    return found
