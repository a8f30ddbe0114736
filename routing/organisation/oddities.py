"""What a city's document may say and hardly means: worth a look, and no reason to refuse it."""

from collections.abc import Iterator
from dataclasses import replace

from routing.deadline import WorkingCalendar
from routing.organisation.city import City


def oddities(city: City) -> Iterator[str]:
    """Yield what looks like a mistake: units of one name, and days whose entry changes nothing."""
    yield from _shared_names(city)
    yield from _idle_days(city.calendar)


def _shared_names(city: City) -> Iterator[str]:
    first: dict[tuple[str | None, str], str] = {}
    for unit in city.units.values():
        if unit.valid_to is None:
            other = first.setdefault((unit.parent, unit.name.casefold()), unit.code)
            if other != unit.code:
                yield f"{unit.code} and {other} have one name, {unit.name}, below {unit.parent}"


def _idle_days(calendar: WorkingCalendar) -> Iterator[str]:
    usual = replace(calendar, holidays=frozenset(), make_up_days=frozenset())
    for day in sorted(calendar.holidays):
        if not usual.is_working_day(day):
            yield f"day off {day}: nobody works on that day anyway"
    with_days_off = replace(calendar, make_up_days=frozenset())
    for day in sorted(calendar.make_up_days):
        if with_days_off.is_working_day(day):
            yield f"make-up day {day}: is a working day anyway"
