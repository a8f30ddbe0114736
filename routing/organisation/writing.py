"""Writing a city down as a document: plain values, for JSON and for the database."""

from dataclasses import fields
from typing import Any

from routing.deadline import DeadlineRule, WorkingCalendar
from routing.organisation.city import City, Domain, Procedure, Responsibility, Unit

FORMAT = 1


def to_document(city: City) -> dict[str, Any]:
    """Return a city as plain values for JSON. What has its usual value is left out of the rows."""
    return {
        "format": FORMAT,
        "province": city.province,
        "name": city.name,
        "tiers": city.tiers,
        "units": [_unit_row(unit) for unit in city.units.values()],
        "domains": [_domain_row(domain) for domain in city.domains.values()],
        "responsibilities": [_rule_row(rule) for rule in sorted(city.responsibilities, key=_position)],
        "calendar": _calendar_row(city.calendar),
        "deadlines": [_deadline_row(domain, rule) for domain, rule in city.deadlines.items()],
        "procedure": _procedure_row(city.procedure),
    }


def _position(rule: Responsibility) -> int:
    return rule.position


def _without(row: dict[str, Any], usual: object) -> dict[str, Any]:
    return {key: value for key, value in row.items() if value is not usual and value != usual}


def _unit_row(unit: Unit) -> dict[str, Any]:
    row = {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "parent": unit.parent,
        "ward_code": unit.ward_code,
        "former_ward": None if unit.former_ward is None else list(unit.former_ward),
        "valid_from": None if unit.valid_from is None else unit.valid_from.isoformat(),
        "valid_to": None if unit.valid_to is None else unit.valid_to.isoformat(),
        "former_names": list(unit.former_names) or None,
        "successors": list(unit.successors) or None,
    }
    return _without(row, None)


def _rule_row(rule: Responsibility) -> dict[str, Any]:
    scope = {"kind": rule.kind, "area": rule.area, "road": rule.road, "hours": rule.hours}
    return {
        "position": rule.position,
        "domain": rule.domain,
        **_without(scope, "*"),
        "unit": rule.unit,
        **({"supporting": list(rule.supporting)} if rule.supporting else {}),
    }


def _calendar_row(calendar: WorkingCalendar) -> dict[str, Any]:
    return {
        "sessions": [[f"{start:%H:%M}", f"{end:%H:%M}"] for start, end in calendar.sessions],
        "weekdays": sorted(calendar.weekdays),
        "national_holidays": calendar.national_holidays,
        "days_off": [day.isoformat() for day in sorted(calendar.holidays)],
        "make_up_days": [day.isoformat() for day in sorted(calendar.make_up_days)],
    }


def _domain_row(domain: Domain) -> dict[str, Any]:
    part = {"parent": domain.parent, "keywords": list(domain.keywords)} if domain.parent else {}
    flags = _without(
        {
            "needs_proof": domain.needs_proof,
            "needs_approval": domain.needs_approval,
            "restricted": domain.restricted,
        },
        False,
    )
    return {"id": domain.id, "name": domain.name, **flags, **part}


def _procedure_row(procedure: Procedure) -> dict[str, Any]:
    return {each.name: getattr(procedure, each.name) for each in fields(procedure)}


def _deadline_row(domain: str, rule: DeadlineRule) -> dict[str, Any]:
    legal = {"legal_days": rule.legal_days, "legal_article": rule.legal_article} if rule.legal_days else {}
    return {
        "domain": domain,
        "accept_hours": rule.accept_hours,
        "answer_hours": rule.answer_hours,
        "warn_hours": rule.warn_hours,
        "escalate_hours": list(rule.escalate_hours),
        "urgent_accept_hours": rule.urgent_accept_hours,
        **legal,
    }
