"""What `understand` prints of a text: the reading, who would answer and by when, and why, in words."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from routing.organisation import City
    from routing.place import Ward
    from routing.responsibility import Assignment
    from routing.understanding import Reading, Understanding


class Desk:
    """Reads texts and says who would answer and by when, in the own city or the usual one of the place.

    own: the city that the program serves. It answers for itself alone: whoever writes to it from another
    province has no unit there.
    """

    def __init__(self, understanding: "Understanding", now: datetime, own: "City | None") -> None:
        self._understanding = understanding
        self._now = now
        self._own = own
        self._cities: dict[str, City] = {own.province: own} if own else {}

    def answer(self, text: str, home: str | None) -> dict[str, object]:
        """Return the contract's object for a text whose writer lives in a province; None for anywhere."""
        reading = self._understanding.read(text, province=home)
        unit, due_at, why = self._assignment(reading, home)
        printed = reading.as_dict() | {"reasons": [*reading.reasons, *why]}
        del printed["place"]
        return printed | {"unit": unit, "due_at": due_at}

    def _assignment(
        self, reading: "Reading", home: str | None
    ) -> tuple[dict[str, str] | None, str | None, list[str]]:
        """Return the unit, the deadline, and why these, in words."""
        from handlers import texts
        from routing.deadline import deadlines

        city = self._city_of(reading, home)
        if city is None:
            return None, None, [texts.no_unit_without_province()]
        domain = _domain_in(city, reading)
        rule = city.deadline_rule(domain)
        due_at = deadlines(city, rule, received_at=self._now, urgent=reading.urgent).due_at
        outside = _outside(city, reading) if city is self._own else None
        found = None if outside else _assigned(city, reading, domain, self._now)
        why = [
            *_city_domain(city, reading.domain, domain),
            _why_unit(city, found, outside),
            texts.due_would_be(
                due_at=due_at,
                received_at=self._now,
                allowed=rule.answer_hours,
                domain=_domain_name(city, domain),
            ),
        ]
        unit = found.unit if found else None
        return {"code": unit.code, "name": unit.name} if unit else None, due_at.isoformat(), why

    def _city_of(self, reading: "Reading", home: str | None) -> "City | None":
        """Return the city that a text is for: the own one for whoever lives there, else that of the place."""
        if self._own is not None and home == self._own.province:
            return self._own
        ward = reading.place.ward
        slug = ward.province if ward else home
        return self._city(slug) if slug else None

    def _city(self, slug: str) -> "City":
        from routing.organisation import build_city

        if slug not in self._cities:
            self._cities[slug] = build_city(slug)
        return self._cities[slug]


def _domain_in(city: "City", reading: "Reading") -> str:
    """Return the city's own domain of a text: a part of what was read; `other` for what it has not."""
    domain = city.narrowed(reading.domain, reading.text)
    return domain if domain in city.domains else "other"


def _outside(city: "City", reading: "Reading") -> "Ward | None":
    """Return a ward that the text may mean, if all of them lie outside the city."""
    wards = reading.place.candidates
    inside = any(ward.province == city.province for ward in wards)
    return wards[0] if wards and not inside else None


def _assigned(city: "City", reading: "Reading", domain: str, now: datetime) -> "Assignment":
    from routing.responsibility import assign

    ward = reading.place.ward
    return assign(
        city,
        domain=domain,
        kind=reading.kind,
        ward_code=ward.code if ward else None,
        former=reading.place.former,
        street=reading.place.address,
        received_at=now,
    )


def _city_domain(city: "City", read: str, domain: str) -> Iterator[str]:
    """Yield what the city calls the domain that was read, where that is its own affair."""
    from handlers import texts
    from routing.domain import domains

    name = _domain_name(city, domain)
    shipped = {each.id: each.name for each in domains()}[read]
    if domain != read:
        yield texts.part_of_domain(now=name)
    elif name != shipped:
        yield texts.named_by_city(was=shipped, now=name)


def _why_unit(city: "City", found: "Assignment | None", outside: "Ward | None") -> str:
    """Return why this unit would answer, or why none."""
    from handlers import explaining, texts

    if outside is not None:
        return texts.no_unit_elsewhere(place=f"{outside.name} ({_province_name(outside)})", city=city.name)
    if found is None or found.rule is None:
        return texts.no_unit_without_rule()
    position, limits = found.rule.position, explaining.limits_of(city, found.reason)
    if found.unit is not None:
        supporting = [unit.name for unit in found.supporting]
        return texts.unit_would_be(
            unit=found.unit.name, position=position, limits=limits, supporting=supporting
        )
    if found.needs_place:
        return texts.no_unit_without_place(position=position, limits=limits)
    return texts.no_unit_by_rule(position=position, limits=limits)


def _province_name(ward: "Ward") -> str:
    from routing.place import find_province

    found = find_province(ward.province)
    return found.short if found else ward.province


def _domain_name(city: "City", domain: str) -> str:
    from handlers import cards

    return cards.domain_name(city, domain)
