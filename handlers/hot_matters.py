"""What lies behind figures: why a unit's figure changed, and which matters people report most right now."""

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import cards, charts, figures_told, texts
from handlers.figures_asked import Answered, Row, Scope, answer, counted_under
from handlers.figures_told import Told
from routing.deadline import LOCAL_TIME, midnight
from routing.organisation import City
from storage import figures_asked
from storage.database import Transaction
from storage.figures_asked import Behind

MOST_CAUSES = 3
MATTERS = 5
CASES = 3
_MORE_LOAD = 1.2
"""From how many times as many reports on the load is named as a cause."""
_SLOWER = 1.1
_OF_LATENESS = frozenset({"on_time_rate", "late", "late_with_extension", "median_hours", "satisfaction"})


async def why(transaction: Transaction, city: City, found: Answered, *, now: datetime) -> Told:
    """Tell what makes up the change of a unit's figure: domains, load, slowness, and what is overdue."""
    question = replace(found.question, about=None, compare="previous", group_by="domain", limit=None)
    scope = Scope(units=found.units)
    by_domain = await answer(transaction, city, replace(question, units=found.units), scope=scope, now=now)
    plain = replace(found, question=replace(found.question, group_by=None, about=None), rows=())
    today = now.astimezone(LOCAL_TIME).date()
    if by_domain.total.value is None or by_domain.total.previous is None:
        names = ", ".join(cards.unit_name(city, code) for code in found.units)
        return Told(text=texts.why_nothing_changed(name=names))
    if found.question.metric in _OF_LATENESS:
        causes = [*_domains(city, by_domain), *_circumstances(by_domain.total)]
    else:
        causes = _changes(city, by_domain)
    told = figures_told.told(city, plain, today=today)
    text = "\n".join([told.text, *([texts.why_heading(), *causes] if causes else [texts.why_no_cause()])])
    late = found.question.metric in _OF_LATENESS
    return Told(text=text, drawing=_late_by_domain(city, by_domain) if late else None)


def _changes(city: City, found: Answered) -> list[str]:
    """Name the domains whose figure changed most in the direction in which the whole changed."""
    total = found.total
    up = (total.value or 0) >= (total.previous or 0)
    rows = sorted(found.rows, key=lambda row: -_rise(row) if up else _rise(row))
    return [
        texts.why_change(
            name=cards.domain_name(city, row.key or ""),
            now=texts.figure_value(metric=found.question.metric, value=row.value),
            before=texts.figure_value(metric=found.question.metric, value=row.previous),
        )
        for row in rows[:MOST_CAUSES]
        if (_rise(row) > 0) == up and _rise(row)
    ]


def _domains(city: City, found: Answered) -> list[str]:
    """Name the domains in which more answers were late than before, the largest rise first."""
    worse = sorted(
        ((row.figures.late - row.before.late, row) for row in found.rows if row.before is not None),
        key=lambda pair: -pair[0],
    )
    return [
        texts.why_domain(
            name=cards.domain_name(city, row.key or ""),
            late=row.figures.late,
            late_before=row.before.late if row.before else 0,
        )
        for rise, row in worse[:MOST_CAUSES]
        if rise > 0
    ]


def _circumstances(total: Row) -> list[str]:
    now, before = total.figures, total.before
    told = [texts.why_open(overdue=now.overdue)] if now.overdue else []
    if before is None:
        return told
    if now.median_hours and before.median_hours and now.median_hours >= _SLOWER * before.median_hours:
        told.insert(0, texts.why_slower(hours=now.median_hours, hours_before=before.median_hours))
    if before.received and now.received >= _MORE_LOAD * before.received:
        told.insert(0, texts.why_load(received=now.received, received_before=before.received))
    return told


def _late_by_domain(city: City, found: Answered) -> dict[str, object] | None:
    rows = [(cards.domain_name(city, row.key or ""), float(row.figures.late)) for row in found.rows]
    rows = [row for row in rows if row[1]]
    if len(rows) < 2:
        return None
    title = texts.figure_heading(metric="late")
    return charts.ranking(title, rows, subtitle=figures_told.heading(city, found), tone="bad")


async def hot(
    transaction: Transaction,
    city: City,
    found: Answered,
    *,
    scope: Scope,
    hidden: Collection[str],
    now: datetime,
) -> Told:
    """Tell what is reported most, what of it rises, and the cases that most people reported.

    scope: whose cases may be named. hidden: domains of which nothing is told.
    """
    question = replace(
        found.question, metric="received", about=None, compare="previous", group_by="domain", limit=None
    )
    whole = Scope(units=found.units)
    rising = await answer(transaction, city, replace(question, units=found.units), scope=whole, now=now)
    rows = [row for row in rising.rows if row.value and row.key not in hidden][:MATTERS]
    if not rows:
        return Told(text=texts.hot_none())
    lines = [
        texts.hot_line(
            number=number,
            name=cards.domain_name(city, row.key or ""),
            received=int(row.value or 0),
            before=int(row.previous or 0),
        )
        for number, row in enumerate(rows, start=1)
    ]
    head = texts.hot_heading(period=figures_told.period_name(rising.period))
    most = await _most_reported(transaction, city, rising, scope=scope, hidden=hidden, now=now)
    picture = charts.ranking(
        head, [(cards.domain_name(city, row.key or ""), row.value) for row in rows], tone="neutral"
    )
    return Told(text="\n".join([head, *lines, *most]), drawing=picture if len(rows) > 1 else None)


def _rise(row: Row) -> float:
    return (row.value or 0) - (row.previous or 0)


async def _most_reported(
    transaction: Transaction,
    city: City,
    found: Answered,
    *,
    scope: Scope,
    hidden: Collection[str],
    now: datetime,
) -> list[str]:
    within = [code for code in found.units if scope.sees(city, code)]
    if not within:
        return []
    counted = counted_under(city, within)
    behind = Behind(
        metric="people",
        start=midnight(found.period.first),
        end=midnight(found.period.last + timedelta(days=1)),
        now=now,
        units=counted.units if counted else None,
        parts=counted.parts if counted else (),
        domains=found.question.domains,
        hidden=hidden,
    )
    cases = await figures_asked.cases_behind(transaction, behind, limit=CASES)
    shared = [case for case in cases if case.people_count > 1]
    lines = [
        texts.hot_case(
            code=case.code,
            people=case.people_count,
            domain=cards.domain_name(city, case.domain),
            place=texts.place_name(None, case.ward_name),
        )
        for case in shared
    ]
    return [texts.hot_cases(), *lines] if lines else []
