"""What a city is: its tree of units, who answers for what, its calendar, hours and domains."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from routing.deadline import LOCAL_TIME, DeadlineRule, WorkingCalendar
from routing.places.borders import Borders
from routing.vietnamese import normalise, strip_accents, words

UNIT_KINDS = ("city", "district", "ward", "department", "company", "office")
ROADS = ("main", "alley", "*")
HOURS = ("working", "off", "*")


def slugify(name: str) -> str:
    """Return a name as a code: "Phường Khương Đình" is "phuong-khuong-dinh"."""
    return re.sub(r"[^a-z0-9]+", "-", strip_accents(name).lower()).strip("-")


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """A unit of the tree. The root is the city itself and has the province's slug as its code.

    ward_code: today's official commune code, for two tiers. former_ward: (name, district), for three tiers.
    valid_from: the first day on which the unit exists; valid_to: the day from which it no longer does; None
    for no limit. former_names: what it was called before. successors: the codes of the units that took over
    from it, in order of importance.
    """

    code: str
    name: str
    kind: str
    parent: str | None
    ward_code: str | None = None
    former_ward: tuple[str, str] | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    former_names: tuple[str, ...] = ()
    successors: tuple[str, ...] = ()

    def exists_on(self, day: date) -> bool:
        """Tell whether a day lies within the unit's time."""
        begun = self.valid_from is None or self.valid_from <= day
        return begun and (self.valid_to is None or day < self.valid_to)


@dataclass(frozen=True, kw_only=True, slots=True)
class Responsibility:
    """One rule: who answers for a domain. Rules are tried by position; the first that matches wins.

    domain: an id or "*". kind: a kind of case or "*". area: "*", a unit code (its subtree) or "ward:CODE".
    road: "main" for a named street, "alley", or "*" (also when the street is not known). hours: "working" or
    "off", by when the report came, or "*". unit: a unit code, in which "@ward" and "@district" stand for the
    code of the place's ward or district. supporting: units that contribute, written in the same way.
    """

    domain: str
    kind: str = "*"
    area: str = "*"
    road: str = "*"
    hours: str = "*"
    unit: str
    supporting: tuple[str, ...] = ()
    position: int


def is_relative(unit: str) -> bool:
    """Tell whether a rule's unit depends on the place."""
    return "@ward" in unit or "@district" in unit


@dataclass(frozen=True, kw_only=True, slots=True)
class Domain:
    """A domain as a city runs it.

    needs_proof: an answer must come with a photo of the work done. needs_approval: the unit's chair approves
    each answer before it is sent. restricted: never to the unit that is
    complained about, never public, never in a group. parent: the shipped domain that this one is part of;
    a report that is read as the parent belongs here when it holds one of the keywords. Without rules or
    hours of its own it has its parent's.
    """

    id: str
    name: str
    needs_proof: bool = False
    needs_approval: bool = False
    restricted: bool = False
    parent: str | None = None
    keywords: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Procedure:
    """How a city proceeds, in numbers that it may change.

    extensions: how many a case may be granted. reopenings: how often a citizen may reopen a case.
    close_after_days: days of silence after which an answered case is closed, and within which it may be
    judged. reply_days: days that a citizen has for a question before the clock runs again. Raises ValueError
    for a number below its least.
    """

    extensions: int = 1
    reopenings: int = 2
    close_after_days: int = 14
    reply_days: int = 5

    def __post_init__(self) -> None:
        for name, least in (("extensions", 0), ("reopenings", 0), ("close_after_days", 1), ("reply_days", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be {least} or more")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tree:
    """What is looked up often, worked out once."""

    root: str
    children: Mapping[str, tuple[str, ...]]
    subtrees: Mapping[str, frozenset[str]]
    wards: Mapping[str, str]
    former_wards: Mapping[tuple[str, str], str]
    rules: Mapping[str, tuple[Responsibility, ...]]


@dataclass(frozen=True, kw_only=True, slots=True)
class City:
    """A city, or a province: everything that decides who must answer and by when.

    Expects a sound tree (one root, no cycles), as `build_city` and `from_document` make it.
    """

    province: str
    name: str
    tiers: int
    units: Mapping[str, Unit]
    responsibilities: tuple[Responsibility, ...]
    calendar: WorkingCalendar
    deadlines: Mapping[str, DeadlineRule]
    domains: Mapping[str, Domain]
    procedure: Procedure = Procedure()
    borders: Borders | None = field(default=None, repr=False, compare=False)
    """The wards' borders where an operator imported them; they are no part of the document."""
    day: date | None = field(default=None, repr=False, compare=False)
    """The day on which the city is looked at; without one only units that others took over from are over."""
    _tree: _Tree = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(
            self, "_tree", _tree_of(self.units, self.responsibilities, self.domains, self.is_valid)
        )

    def on(self, day: date) -> "City":
        """Return the city as it is on a day: units outside their time are known by name and no more."""
        return self if day == self.day else replace(self, day=day)

    def at(self, now: datetime) -> "City":
        """Return the city as it is on the local day of a moment."""
        return self.on(now.astimezone(LOCAL_TIME).date())

    def is_valid(self, code: str) -> bool:
        """Tell whether a unit exists now: only such a one is given cases or offered."""
        unit = self.units.get(code)
        if unit is None or (self.day is None and unit.successors):
            return False
        return self.day is None or unit.exists_on(self.day)

    def heir(self, code: str, ward_code: str | None = None) -> str | None:
        """Return the unit that stands for one now: itself while it exists, else who took over from it.

        Where several did, the place of a case decides as far as the tree and the rules tell, else the first
        of them. None for a unit that is unknown, not yet there, or gone without anybody to take over.
        """
        passed: set[str] = set()
        while not self.is_valid(code):
            unit = self.units.get(code)
            if unit is None or code in passed or not unit.successors:
                return None
            passed.add(code)
            code = self._nearest(unit.successors, ward_code)
        return code

    def _nearest(self, successors: Sequence[str], ward_code: str | None) -> str:
        """Return the successor whose place a ward is, or whom a rule names for it, else the first."""
        if len(successors) == 1 or ward_code is None:
            return successors[0]
        own = (each for each in successors if each in self.units and self.units[each].ward_code == ward_code)
        ward = self._tree.wards.get(ward_code, "")
        above = (each for each in successors if self.is_within(ward, each))
        ruled = (
            rule.unit
            for rule in self.responsibilities
            if rule.unit in successors
            and (rule.area == f"ward:{ward_code}" or self.is_within(ward, rule.area))
        )
        return next(iter((*own, *above, *ruled, successors[0])))

    def with_predecessors(self, code: str) -> frozenset[str]:
        """Return the codes of a unit, of all below it, and of the former units whose work they took over."""
        below = self.subtree(code)
        gone = (unit.code for unit in self.units.values() if not self.is_valid(unit.code))
        return below | {each for each in gone if self.heir(each) in below}

    @property
    def root(self) -> Unit:
        """The city itself."""
        return self.units[self._tree.root]

    def children(self, code: str) -> tuple[Unit, ...]:
        """Return the units directly below one, in the order of the tree."""
        return tuple(self.units[child] for child in self._tree.children.get(code, ()))

    def subtree(self, code: str) -> frozenset[str]:
        """Return the codes of a unit and of all below it; nothing for an unknown code."""
        return self._tree.subtrees.get(code, frozenset())

    def is_within(self, code: str, ancestor: str) -> bool:
        """Tell whether a unit is another or lies below it."""
        return code in self.subtree(ancestor)

    def path(self, code: str) -> tuple[Unit, ...]:
        """Return the units from the root down to this one."""
        return tuple(reversed(list(_upwards(self.units, code))))

    def ward_unit(self, ward_code: str) -> Unit | None:
        """Return the unit of one of today's communes, by its official code; of a former one who took over."""
        return self._standing(self._tree.wards.get(ward_code), ward_code)

    def former_ward_unit(self, name: str, district: str) -> Unit | None:
        """Return the unit of a former commune, by its full name and its district's."""
        return self._standing(self._tree.former_wards.get(_former_key(name, district)))

    def district_unit(self, district: str) -> Unit | None:
        """Return the unit of a former district, by its full name."""
        unit = self.units.get(slugify(district))
        return self._standing(unit.code) if unit is not None and unit.kind == "district" else None

    def _standing(self, code: str | None, ward_code: str | None = None) -> Unit | None:
        heir = None if code is None else self.heir(code, ward_code)
        return None if heir is None else self.units[heir]

    def district_of(self, code: str) -> Unit | None:
        """Return the district that a unit lies in, if there is one."""
        return next((unit for unit in _upwards(self.units, code) if unit.kind == "district"), None)

    def wards(self) -> tuple[Unit, ...]:
        """Return the units of all communes, in the order of the tree."""
        return tuple(unit for unit in self.units.values() if unit.kind == "ward" and self.is_valid(unit.code))

    def rules_for(self, domain: str) -> tuple[Responsibility, ...]:
        """Return the rules that speak of a domain or of the one that it is part of, in order."""
        return self._tree.rules.get(domain, self._tree.rules["*"])

    def deadline_rule(self, domain: str) -> DeadlineRule:
        """Return the hours of a domain: its own, else its parent's, else those of `other`."""
        for each in (domain, self.shipped_domain(domain)):
            if each in self.deadlines:
                return self.deadlines[each]
        return self.deadlines["other"]

    def shipped_domain(self, domain: str) -> str:
        """Return what the machine calls a domain: the parent of a part, else the domain itself."""
        found = self.domains.get(domain)
        return found.parent if found is not None and found.parent else domain

    def narrowed(self, domain: str, text: str) -> str:
        """Return the city's own domain for a text that was read as a shipped one.

        Among the parts of the domain the one whose keywords the text holds most often; without any, the
        domain itself, or its first part where the city has replaced the domain by its parts.
        """
        parts = [each for each in self.domains.values() if each.parent == domain]
        if not parts:
            return domain
        bare = f" {bare_line(text)} "
        counted = [(sum(f" {bare_line(word)} " in bare for word in part.keywords), part.id) for part in parts]
        most = max(count for count, _ in counted)
        if most:
            return next(id for count, id in counted if count == most)
        return domain if domain in self.domains else parts[0].id


def bare_line(text: str) -> str:
    """Return the words of a text without accents, in lower case, one blank between them."""
    return strip_accents(" ".join(words(text)))


def _former_key(name: str, district: str) -> tuple[str, str]:
    return normalise(name).casefold(), normalise(district).casefold()


def _upwards(units: Mapping[str, Unit], code: str) -> Iterator[Unit]:
    unit = units.get(code)
    while unit is not None:
        yield unit
        unit = units.get(unit.parent) if unit.parent is not None else None


def _tree_of(
    units: Mapping[str, Unit],
    responsibilities: tuple[Responsibility, ...],
    domains: Mapping[str, Domain],
    is_valid: Callable[[str], bool],
) -> _Tree:
    children, subtrees = defaultdict[str, list[str]](list), defaultdict[str, set[str]](set)
    for unit in units.values():
        if unit.parent is not None and is_valid(unit.code):
            children[unit.parent].append(unit.code)
        for above in _upwards(units, unit.code):
            subtrees[above.code].add(unit.code)
    # Of two units for one place, the one that exists is found, then the one that goes on existing.
    by_end = sorted(units.values(), key=lambda unit: (is_valid(unit.code), unit.valid_to or date.max))
    ordered = sorted(responsibilities, key=lambda rule: rule.position)
    return _Tree(
        root=next(unit.code for unit in units.values() if unit.parent is None),
        children={code: tuple(below) for code, below in children.items()},
        subtrees={code: frozenset(below) for code, below in subtrees.items()},
        wards={unit.ward_code: unit.code for unit in by_end if unit.ward_code is not None},
        former_wards={
            _former_key(*unit.former_ward): unit.code for unit in by_end if unit.former_ward is not None
        },
        rules={domain: _rules_of(domain, domains, ordered) for domain in (*domains, "*")},
    )


def _rules_of(
    domain: str, domains: Mapping[str, Domain], ordered: Sequence[Responsibility]
) -> tuple[Responsibility, ...]:
    """Return the rules that speak of a domain; those of its parent where none speaks of the part."""
    parent = domains[domain].parent if domain in domains else None
    own = any(rule.domain == domain for rule in ordered)
    spoken_of = domain if own or parent is None else parent
    return tuple(rule for rule in ordered if rule.domain in ("*", spoken_of))
