"""Reading a city from a document, with every fault named by its row, for people who edit it by hand."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields
from datetime import date, time
from functools import partial
from typing import TypeVar

from routing.deadline import DeadlineRule, WorkingCalendar
from routing.domain import domains as read_domains
from routing.kind import KINDS
from routing.organisation.cells import Cells, Row
from routing.organisation.city import (
    HOURS,
    ROADS,
    UNIT_KINDS,
    City,
    Domain,
    Procedure,
    Responsibility,
    Unit,
    is_relative,
    slugify,
)
from routing.organisation.problem import Problem
from routing.organisation.writing import FORMAT

_USUAL_URGENT_HOURS = 4
MOST_LEVELS = 50
"""No tree of offices is deeper; what is has been made by mistake."""

Value = TypeVar("Value")


class BrokenOrganisation(Exception):
    """A document that does not describe a city; `problems` names every fault with its row.

    `faults` are the same as values, for a reader who sees the rows elsewhere.
    """

    def __init__(self, faults: Iterable[Problem]) -> None:
        self.faults = tuple(faults)
        self.problems = [str(fault) for fault in self.faults]
        super().__init__("\n".join(self.problems))


def from_document(document: object) -> City:
    """Return the city that a document describes.

    Raises BrokenOrganisation with every fault: "units row 12: parent 'x' does not exist". Rows count from 1.
    """
    if not isinstance(document, Mapping):
        whole = Problem(text="the document must be an object with units, domains and so on")
        raise BrokenOrganisation([whole])
    problems: list[Problem] = []
    head = Cells(table="document", row=document, problems=problems)
    province, name, tiers = head.text("province"), head.text("name"), head.choice("tiers", (2, 3))
    head.choice("format", (FORMAT,))
    units = _rows(document, "units", _read_unit, problems)
    domains = _rows(document, "domains", _read_domain, problems)
    rules = _rows(document, "responsibilities", _read_rule, problems)
    hours = _rows(document, "deadlines", _read_hours, problems)
    calendar = _read_calendar(document, problems)
    procedure = _read_procedure(document, problems)
    problems += _tree_problems(units, province)
    problems += _domain_problems(domains, hours)
    problems += _rule_problems(rules, units, domains)
    if problems or calendar is None:
        raise BrokenOrganisation(problems)
    return City(
        province=province,
        name=name,
        tiers=tiers,
        units={unit.code: unit for _, unit in units},
        responsibilities=tuple(sorted((rule for _, rule in rules), key=lambda rule: rule.position)),
        calendar=calendar,
        deadlines=dict(pair for _, pair in hours),
        domains={domain.id: domain for _, domain in domains},
        procedure=procedure,
    )


def read_calendar(row: Row) -> WorkingCalendar:
    """Return the calendar of a document. A day is an ISO date, or an object with a date and a reason.

    Raises ValueError, KeyError, TypeError or AttributeError when it is not one.
    """
    return WorkingCalendar(
        sessions=tuple(
            (time.fromisoformat(start), time.fromisoformat(end)) for start, end in row["sessions"]
        ),
        weekdays=frozenset(row["weekdays"]),
        holidays=_days(row.get("days_off", ())),
        make_up_days=_days(row.get("make_up_days", ())),
        national_holidays=row.get("national_holidays"),
    )


def _days(values: Iterable[str | Row]) -> frozenset[date]:
    return frozenset(
        date.fromisoformat(value if isinstance(value, str) else value["date"]) for value in values
    )


def _read_calendar(document: Row, problems: list[Problem]) -> WorkingCalendar | None:
    try:
        calendar = read_calendar(document["calendar"])
        calendar.is_working_day(date(2026, 1, 1))
    except KeyError as error:
        problems.append(Problem(table="calendar", text=f"{error.args[0]!r} is missing"))
    except (ValueError, TypeError, AttributeError, NotImplementedError) as error:
        problems.append(Problem(table="calendar", text=str(error)))
    else:
        return calendar
    return None


def _rows(
    document: Row, table: str, read: Callable[[Cells], Value | None], problems: list[Problem]
) -> list[tuple[int, Value]]:
    """Return each readable row with its number."""
    rows = document.get(table)
    if not isinstance(rows, list):
        problems.append(Problem(table=table, text="the list is missing"))
        return []
    found = []
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, Mapping):
            problems.append(Problem(table=table, row=number, text="is not an object"))
            continue
        cells = Cells(table=table, row_number=number, row=row, problems=problems)
        value = read(cells)
        cells.note_unknown_columns()
        if value is not None:
            found.append((number, value))
    return found


def _read_unit(cells: Cells) -> Unit:
    unit = Unit(
        code=cells.text("code"),
        name=cells.text("name"),
        kind=cells.choice("kind", UNIT_KINDS, usual=None),
        parent=cells.optional_text("parent"),
        ward_code=cells.optional_text("ward_code"),
        former_ward=cells.two_texts("former_ward"),
        valid_from=cells.day("valid_from"),
        valid_to=cells.day("valid_to"),
        former_names=cells.texts("former_names"),
        successors=cells.texts("successors"),
    )
    if unit.valid_from is not None and unit.valid_to is not None and unit.valid_to < unit.valid_from:
        cells.note(f"valid_to {unit.valid_to} is before valid_from {unit.valid_from}", "valid_to")
    if slugify(unit.code) != unit.code:
        cells.note(f"code {unit.code!r} may hold a-z, 0-9 and single hyphens only", "code")
    return unit


def _read_domain(cells: Cells) -> Domain:
    return Domain(
        id=cells.text("id"),
        name=cells.text("name"),
        needs_proof=cells.choice("needs_proof", (True, False), usual=False),
        needs_approval=cells.choice("needs_approval", (True, False), usual=False),
        restricted=cells.choice("restricted", (True, False), usual=False),
        parent=cells.optional_text("parent"),
        keywords=cells.texts("keywords"),
    )


def _read_rule(cells: Cells) -> Responsibility:
    return Responsibility(
        domain=cells.text("domain"),
        kind=cells.choice("kind", ("*", *KINDS), usual="*"),
        area=cells.text("area", usual="*"),
        road=cells.choice("road", ROADS, usual="*"),
        hours=cells.choice("hours", HOURS, usual="*"),
        unit=cells.text("unit"),
        supporting=cells.texts("supporting"),
        position=cells.whole_number("position"),
    )


def _read_hours(cells: Cells) -> tuple[str, DeadlineRule] | None:
    domain = cells.text("domain")
    try:
        return domain, DeadlineRule(
            accept_hours=cells.number("accept_hours"),
            answer_hours=cells.number("answer_hours"),
            warn_hours=cells.number("warn_hours"),
            escalate_hours=cells.two_numbers("escalate_hours"),
            urgent_accept_hours=cells.number("urgent_accept_hours", usual=_USUAL_URGENT_HOURS),
            legal_days=cells.optional_whole_number("legal_days"),
            legal_article=cells.optional_text("legal_article") or "",
        )
    except ValueError as error:
        cells.note(str(error))
        return None


def _read_procedure(document: Row, problems: list[Problem]) -> Procedure:
    """Return how the city proceeds; what the document does not say is as usual."""
    row = document.get("procedure") or {}
    if not isinstance(row, Mapping):
        problems.append(Problem(table="procedure", text="must be an object"))
        return Procedure()
    cells = Cells(table="procedure", row=row, problems=problems)
    told = {each.name: cells.optional_whole_number(each.name) for each in fields(Procedure)}
    cells.note_unknown_columns()
    try:
        return Procedure(**{name: value for name, value in told.items() if value is not None})
    except ValueError as error:
        cells.note(str(error))
        return Procedure()


def _tree_problems(units: list[tuple[int, Unit]], province: str) -> Iterator[Problem]:
    by_code = {unit.code: unit for _, unit in units}
    yield from _repeated("units", ((number, "code", unit.code) for number, unit in units))
    # A ward may have had another unit before, as long as that one has ended.
    lasting = [(number, unit) for number, unit in units if unit.valid_to is None]
    yield from _repeated("units", ((number, "ward_code", unit.ward_code) for number, unit in lasting))
    yield from _repeated("units", ((number, "former_ward", unit.former_ward) for number, unit in lasting))
    yield from _root_problems(units, province)
    circles = _circles(by_code)
    for number, unit in units:
        at = partial(Problem, table="units", row=number)
        if unit.parent is not None and unit.parent not in by_code:
            yield at(column="parent", text=f"parent {unit.parent!r} does not exist")
        elif unit.code in circles:
            yield at(column="parent", text=f"{unit.code!r} lies below itself")
        elif not circles and _is_too_deep(unit, by_code):
            yield at(column="parent", text=f"{unit.code!r} lies more than {MOST_LEVELS} levels deep")
        for successor in unit.successors:
            if successor not in by_code or successor == unit.code:
                yield at(column="successors", text=f"successor {successor!r} does not exist")


def _root_problems(units: list[tuple[int, Unit]], province: str) -> Iterator[Problem]:
    roots = [unit.code for _, unit in units if unit.parent is None]
    if len(roots) == 1 and province != roots[0] and any(unit.parent == roots[0] for _, unit in units):
        text = f"province {province!r} is not that of the units, which lie below {roots[0]!r}"
        yield Problem(table="document", column="province", text=text)
        return
    if province not in roots:
        text = f"exactly one unit has no parent, with the code {province!r}; here: {roots[:5]}"
        yield Problem(table="units", column="parent", text=text)
    for number, unit in units:
        if unit.parent is None and unit.code != province:
            text = f"parent is missing: only {province!r} has none"
            yield Problem(table="units", row=number, column="parent", text=text)


def _circles(by_code: Mapping[str, Unit]) -> set[str]:
    """Return the codes of all units that lie below themselves."""
    settled: set[str] = set()
    found: set[str] = set()
    for unit in by_code.values():
        passed: dict[str, int] = {}
        code: str | None = unit.code
        while code is not None and code in by_code and code not in settled and code not in passed:
            passed[code] = len(passed)
            code = by_code[code].parent
        if code is not None and code in passed:
            found |= {each for each, order in passed.items() if order >= passed[code]}
        settled.update(passed)
    return found


def _is_too_deep(unit: Unit, by_code: Mapping[str, Unit]) -> bool:
    above: Unit | None = unit
    for _ in range(MOST_LEVELS):
        above = None if above is None or above.parent is None else by_code.get(above.parent)
    return above is not None


def _known_domains(domains: list[tuple[int, Domain]]) -> set[str]:
    """Return what rules and hours may speak of: the city's domains, and those that it has parts of."""
    return {name for _, domain in domains for name in (domain.id, domain.parent) if name}


def _part_problems(domains: list[tuple[int, Domain]]) -> Iterator[Problem]:
    """Yield what is wrong with the parts of domains: they lie below what the machine reads."""
    shipped = {each.id: each for each in read_domains()}
    restricted = {each.id for each in shipped.values() if each.restricted}
    for number, domain in domains:
        at = partial(Problem, table="domains", row=number)
        if domain.parent is not None and domain.parent not in shipped:
            text = f"parent {domain.parent!r} is none of {', '.join(shipped)}"
            yield at(column="parent", text=text)
        elif domain.parent is not None and domain.id in shipped:
            text = f"{domain.id!r} is a domain of its own and can be no part of another"
            yield at(column="parent", text=text)
        elif domain.parent in restricted and not domain.restricted:
            text = f"{domain.id!r} must be restricted as {domain.parent!r} is"
            yield at(column="restricted", text=text)
        elif domain.parent is None and domain.keywords:
            yield at(column="keywords", text="keywords are for a part of a domain: name its parent")


def _domain_problems(
    domains: list[tuple[int, Domain]], hours: list[tuple[int, tuple[str, DeadlineRule]]]
) -> Iterator[Problem]:
    yield from _repeated("domains", ((number, "id", domain.id) for number, domain in domains))
    yield from _part_problems(domains)
    yield from _repeated("deadlines", ((number, "domain", domain) for number, (domain, _) in hours))
    # An empty cell has been noted already.
    known = _known_domains(domains) | {""}
    if "other" not in known:
        yield Problem(table="domains", column="id", text="there must be a domain 'other'")
    if "other" not in {domain for _, (domain, _) in hours}:
        text = "there must be hours for 'other', which a domain without any of its own has"
        yield Problem(table="deadlines", column="domain", text=text)
    for number, (domain, _) in hours:
        if domain not in known:
            text = f"unknown domain {domain!r}"
            yield Problem(table="deadlines", row=number, column="domain", text=text)


def _rule_problems(
    rules: list[tuple[int, Responsibility]], units: list[tuple[int, Unit]], domains: list[tuple[int, Domain]]
) -> Iterator[Problem]:
    codes = {unit.code for _, unit in units} | {""}
    ward_areas = {f"ward:{unit.ward_code}" for _, unit in units if unit.ward_code is not None}
    known = _known_domains(domains) | {"*", ""}
    yield from _repeated("responsibilities", ((number, "position", rule.position) for number, rule in rules))
    for number, rule in rules:
        at = partial(Problem, table="responsibilities", row=number)
        if rule.domain not in known:
            yield at(column="domain", text=f"unknown domain {rule.domain!r}")
        if rule.unit not in codes and not is_relative(rule.unit):
            yield at(column="unit", text=f"unit {rule.unit!r} does not exist")
        for code in rule.supporting:
            if code not in codes and not is_relative(code):
                yield at(column="supporting", text=f"supporting unit {code!r} does not exist")
        if rule.area != "*" and rule.area not in codes | ward_areas:
            yield at(column="area", text=f"area {rule.area!r} does not exist")


def _repeated(table: str, values: Iterable[tuple[int, str, object]]) -> Iterator[Problem]:
    """Name each row that repeats a value of an earlier one."""
    first: dict[object, int] = {}
    for number, column, value in values:
        if value not in (None, "") and first.setdefault(value, number) != number:
            text = f"{column} {value!r}"
            yield Problem(table=table, row=number, column=column, text=text, first=first[value])
