"""What is different between two states of an organisation, line by line, for whoever has to agree."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from routing.organisation.city import City

TABLES = ("city", "units", "responsibilities", "calendar", "domains", "deadlines", "procedure")


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One line: sign "+" for what is new, "-" for what is gone, "~" for what is changed."""

    table: str
    sign: str
    key: str
    text: str

    def __str__(self) -> str:
        return f"{self.sign} {self.table} {self.key}: {self.text}"


def differences(before: City | None, after: City) -> list[Difference]:
    """Return what the new state adds, takes away and changes; everything is new without a state before."""
    found = []
    if before is not None and before.name != after.name:
        found.append(Difference(table="city", sign="~", key="name", text=_changed(before.name, after.name)))
    if before is not None and before.tiers != after.tiers:
        found.append(
            Difference(table="city", sign="~", key="tiers", text=_changed(before.tiers, after.tiers))
        )
    for table, was, now in _tables(before, after):
        found += _compare(table, was, now)
    return found


def _tables(before: City | None, after: City) -> Iterator[tuple[str, Mapping[Any, Any], Mapping[Any, Any]]]:
    old, new = _by_key(before) if before else {}, _by_key(after)
    for table in TABLES[1:]:
        yield table, old.get(table, {}), new[table]


def _by_key(city: City) -> dict[str, Mapping[Any, Any]]:
    return {
        "units": {code: _values(unit) for code, unit in city.units.items()},
        "responsibilities": {rule.position: _values(rule) for rule in city.responsibilities},
        "calendar": _calendar(city),
        "domains": {id: _values(domain) for id, domain in city.domains.items()},
        "deadlines": {domain: _values(rule) for domain, rule in city.deadlines.items()},
        "procedure": {name: {"value": value} for name, value in _values(city.procedure).items()},
    }


def _values(item: Any) -> dict[str, Any]:
    return {each.name: getattr(item, each.name) for each in fields(item) if each.compare}


def _calendar(city: City) -> dict[str, dict[str, Any]]:
    calendar = city.calendar
    sessions = ", ".join(f"{start:%H:%M}-{end:%H:%M}" for start, end in calendar.sessions)
    return {
        "sessions": {"value": sessions},
        "weekdays": {"value": ", ".join(map(str, sorted(calendar.weekdays)))},
        "national_holidays": {"value": calendar.national_holidays},
        **{f"day off {day}": {} for day in sorted(calendar.holidays)},
        **{f"make-up day {day}": {} for day in sorted(calendar.make_up_days)},
    }


def _compare(
    table: str, before: Mapping[Any, Mapping[str, Any]], after: Mapping[Any, Mapping[str, Any]]
) -> Iterator[Difference]:
    for key, row in before.items():
        if key not in after:
            yield Difference(table=table, sign="-", key=str(key), text=_told(row))
    for key, row in after.items():
        if key not in before:
            yield Difference(table=table, sign="+", key=str(key), text=_told(row))
        elif row != before[key]:
            changes = (
                f"{name} {_changed(before[key][name], value)}"
                for name, value in row.items()
                if value != before[key][name]
            )
            yield Difference(table=table, sign="~", key=str(key), text=", ".join(changes))


def _told(row: Mapping[str, Any]) -> str:
    """Return what a row says, without what is as usual."""
    told = (
        f"{name} {_shown(value)}" for name, value in row.items() if value not in (None, "*", False, (), "")
    )
    return ", ".join(told) or "as it stands"


def _changed(before: object, after: object) -> str:
    return f"{_shown(before)} -> {_shown(after)}"


def _shown(value: object) -> str:
    if value in (None, "", ()):
        return "(none)"
    if isinstance(value, tuple):
        return "; ".join(map(str, value))
    return str(value)
