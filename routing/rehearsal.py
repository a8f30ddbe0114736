"""Trying other rules on past cases: what would go elsewhere, to nobody, or be due at another time."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from routing import deadline
from routing.organisation import City
from routing.place import FormerWard
from routing.responsibility import Assignment, assign, hours_of, road_of

EXAMPLES = 3
"""Codes of cases that are kept as examples of each change."""


@dataclass(frozen=True, kw_only=True, slots=True)
class PastCase:
    """A case as rules see it, and its words where they are needed; as in `storage.cases.Case`."""

    code: str
    kind: str
    domain: str
    ward_code: str | None
    street: str | None
    urgent: bool
    received_at: datetime
    text: str = ""
    former: tuple[FormerWard, ...] = ()


@dataclass(kw_only=True, slots=True)
class Change:
    """Cases that would be treated in another way: how many, in which domains, and the first few codes."""

    count: int = 0
    domains: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)

    def add(self, case: PastCase) -> None:
        """Count one more."""
        self.count += 1
        self.domains[case.domain] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(case.code)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, domains by how often."""
        return {"cases": self.count, "domains": dict(self.domains.most_common()), "examples": self.examples}


Route = tuple[str | None, str | None]
"""The codes of the unit that the present rules lead to and of the one that the others do; None for nobody."""
_Key = tuple[Any, ...]


class Rehearsal:
    """Replays past cases through the present city and another one, and counts what differs.

    What the rules say of a case is compared with what they would say, whoever has the case now. Rules see
    only domain, kind, place, road and hours: cases alike in these are decided once. Several of these may be
    tens of thousands.
    """

    def __init__(self, present: City, proposed: City) -> None:
        self._present, self._proposed = present, proposed
        self._known: dict[_Key, Assignment] = {}
        self._roads: dict[str | None, str | None] = {}
        self._same_calendar = present.calendar == proposed.calendar
        self._parts_differ = _parts(present) != _parts(proposed)
        self.cases = 0
        self.moved: dict[Route, Change] = {}
        self.nobody: dict[str, Change] = {}
        self.earlier, self.later = Change(), Change()

    @property
    def needs_text(self) -> bool:
        """Whether the words of cases decide: parts of domains are not told apart as they are now."""
        return self._parts_differ

    @property
    def needs_former(self) -> bool:
        """Whether former wards decide in one of the two."""
        return 3 in (self._present.tiers, self._proposed.tiers)

    def replay(self, cases: Iterable[PastCase]) -> None:
        """Count some more cases."""
        for case in cases:
            self.cases += 1
            domain = self._domain(case)
            present, proposed = self._present, self._proposed
            hours = hours_of(present, case.received_at)
            was = self._assigned(present, case, case.domain, hours)
            if not self._same_calendar:
                hours = hours_of(proposed, case.received_at)
            self._compare(case, was, self._assigned(proposed, case, domain, hours))
            self._compare_deadlines(case, domain)

    def _domain(self, case: PastCase) -> str:
        """Return what the other city would call the domain of a case."""
        if self._parts_differ:
            shipped = self._present.shipped_domain(case.domain)
            found = self._proposed.narrowed(shipped, case.text)
            if _part_names(self._present, shipped) == _part_names(self._proposed, shipped):
                found = case.domain  # perhaps chosen by a person
        else:
            found = case.domain
        return found if found in self._proposed.domains else "other"

    def _assigned(self, city: City, case: PastCase, domain: str, hours: str | None) -> Assignment:
        if case.street not in self._roads:
            self._roads[case.street] = road_of(case.street)
        road = self._roads[case.street]
        key = (city is self._present, domain, case.kind, case.ward_code, case.former, road, hours)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = assign(
                city,
                domain=domain,
                kind=case.kind,
                ward_code=case.ward_code,
                former=case.former,
                street=case.street,
                received_at=case.received_at,
            )
        return found

    def _compare(self, case: PastCase, was: Assignment, now: Assignment) -> None:
        route = was.unit.code if was.unit else None, now.unit.code if now.unit else None
        if route[0] != route[1]:
            self.moved.setdefault(route, Change()).add(case)
        if now.unit is None:
            self.nobody.setdefault(now.reason, Change()).add(case)

    def _compare_deadlines(self, case: PastCase, domain: str) -> None:
        was = self._present.deadline_rule(case.domain)
        now = self._proposed.deadline_rule(domain)
        if was == now and self._same_calendar:
            return
        due = [
            deadline.deadlines(city, rule, received_at=case.received_at, urgent=case.urgent).due_at
            for city, rule in ((self._present, was), (self._proposed, now))
        ]
        if due[0] != due[1]:
            (self.later if due[1] > due[0] else self.earlier).add(case)

    @property
    def elsewhere(self) -> int:
        """How many cases the other rules would lead to another unit, or to nobody."""
        return sum(change.count for change in self.moved.values())

    def as_dict(self) -> dict[str, Any]:
        """Return all counts for JSON, the most cases first."""
        return {
            "cases": self.cases,
            "elsewhere": self.elsewhere,
            "moved": [
                {"from": route[0], "to": route[1], **change.as_dict()}
                for route, change in sorted(self.moved.items(), key=lambda item: -item[1].count)
            ],
            "nobody": [
                {"reason": reason, **change.as_dict()}
                for reason, change in sorted(self.nobody.items(), key=lambda item: -item[1].count)
            ],
            "due_earlier": self.earlier.as_dict(),
            "due_later": self.later.as_dict(),
        }


def _parts(city: City) -> Mapping[str, tuple[str | None, tuple[str, ...]]]:
    return {id: (domain.parent, domain.keywords) for id, domain in city.domains.items()}


def _part_names(city: City, shipped: str) -> set[tuple[str, tuple[str, ...]]]:
    return {(id, domain.keywords) for id, domain in city.domains.items() if shipped in (id, domain.parent)}
