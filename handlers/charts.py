"""Pictures of figures: what each shows, as data that travels in the outbox until it is drawn.

Every function returns a JSON-able specification for `OutboundMessage.drawing`. A picture says one thing: the
title is the sentence that it shows, as people would say it. Nothing is drawn here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from handlers import texts
from routing.organisation import City

ANSWERED = ("late", "late_with_extension", "on_time")
OPEN = ("overdue", "at_risk", "on_track")
OUTLOOK = ("likely_late", "uncertain", "likely_on_time", "unknown")
PARTS = (
    "overdue",
    "late",
    "late_with_extension",
    "at_risk",
    "on_track",
    "on_time",
    "likely_late",
    "uncertain",
    "likely_on_time",
    "unknown",
)
"""What a bar by unit may be made of, worst first; so they stand from left to right."""
ROWS = 20
"""How many rows a picture shows in a chat bubble; more can be asked for, up to MOST_ROWS."""
MOST_ROWS = 30
COLUMNS = 10
Spec = dict[str, Any]


def bars_by_unit(
    title: str,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    subtitle: str = "",
    note: str = "",
    parts: Sequence[str] = PARTS,
    in_order: bool = False,
    limit: int = ROWS,
    dark: bool = False,
) -> Spec:
    """Return traffic-light bars, one for each unit, worst first; the last row sums up those not shown.

    rows: names and counts by part, with any further keys ignored, so that rows of `statistics.collect` fit.
    parts: which of PARTS to show; those that no unit has are left out of the picture. Units without any of
    them are not shown. Worst is who has most of the worst part, then of the next: never a sum. in_order: the
    rows stand as they are to be shown, worst first by some other measure that the title names.
    """
    wanted = [part for part in PARTS if part in parts]
    counted = [(texts.chart_unit(name=name), [int(row.get(p) or 0) for p in wanted]) for name, row in rows]
    used = [any(numbers[index] for _, numbers in counted) for index in range(len(wanted))]
    kept = [
        (name, [number for number, shown in zip(numbers, used, strict=True) if shown])
        for name, numbers in counted
        if any(numbers)
    ]
    if not in_order:
        kept.sort(key=lambda row: ([-number for number in row[1]], row[0]))
    shown, rest = _cut(kept, limit)
    lines = [{"name": name, "numbers": numbers} for name, numbers in shown]
    if rest:
        sums = [sum(column) for column in zip(*(numbers for _, numbers in rest), strict=True)]
        lines.append({"name": texts.chart_rest(count=len(rest)), "numbers": sums, "rest": True})
    legend = [
        {"part": part, "label": texts.chart_part(part=part)}
        for part, shown_at_all in zip(wanted, used, strict=True)
        if shown_at_all
    ]
    return _spec("bars", title, subtitle, note, dark, rows=lines, parts=legend)


def ranking(
    title: str,
    rows: Sequence[tuple[str, float | None]],
    *,
    unit: str = "",
    order: str = "desc",
    subtitle: str = "",
    note: str = "",
    average: float | None = None,
    tone: str = "neutral",
    marked: Sequence[str] = (),
    limit: int = ROWS,
    dark: bool = False,
) -> Spec:
    """Return bars of one number for each unit, in an order; units without a number come last.

    unit: what stands behind each number: "%" (0 to 100), "giờ" or nothing. order: "desc" has the largest
    first, "asc" the smallest. average: the number of the whole, drawn as a line across. tone: "bad" where a
    long bar is bad, "good" where it is good, else "neutral". marked: names to point out.
    """
    known = [(name, float(number)) for name, number in rows if number is not None]
    known.sort(key=lambda row: row[1] if order == "asc" else -row[1])  # ties stay as they came
    unknown = sorted(name for name, number in rows if number is None)
    shown, rest = _cut([*known, *((name, None) for name in unknown)], limit)
    lines = [
        {"name": texts.chart_unit(name=name), "number": number, "marked": name in marked}
        for name, number in shown
    ]
    if rest:
        lines.append({"name": texts.chart_rest(count=len(rest)), "number": None, "rest": True})
    return _spec(
        "ranking",
        title,
        subtitle,
        note,
        dark,
        rows=lines,
        unit=unit,
        tone=tone,
        average=average,
        average_label=texts.chart_average(),
        missing=texts.chart_missing(),
    )


def trend(
    title: str,
    points: Sequence[tuple[str, float | None]],
    *,
    before: Sequence[tuple[str, float | None]] = (),
    unit: str = "",
    names: tuple[str, str] | None = None,
    subtitle: str = "",
    note: str = "",
    dark: bool = False,
) -> Spec:
    """Return a line over time, with the period before it as a second one to compare with.

    points: labels ("23/11", "T11") and numbers in order of time, None where there is no number. before: laid
    over the points from the first one on; its labels are not shown. names: what the two lines are called.
    """
    line = [{"label": label, "number": number} for label, number in points]
    earlier = [number for _, number in before][: max(len(points), 1)]
    lines = list(names or texts.chart_periods())
    return _spec("trend", title, subtitle, note, dark, points=line, before=earlier, names=lines, unit=unit)


def heat(
    title: str,
    units: Sequence[str],
    domains: Sequence[str],
    cells: Mapping[tuple[str, str], float | None],
    *,
    unit: str = "",
    subtitle: str = "",
    note: str = "",
    limit: int = ROWS,
    columns: int = COLUMNS,
    dark: bool = False,
) -> Spec:
    """Return a table of units by domains, darker where the number is larger; the worst row and column first.

    cells: numbers by (unit, domain) as they are named in `units` and `domains`; missing or None is empty.
    What has no number at all is left out.
    """
    rows = {name: sum(cells.get((name, domain)) or 0 for domain in domains) for name in units}
    by_domain = {domain: sum(cells.get((name, domain)) or 0 for name in units) for domain in domains}
    across = [domain for domain in _largest(by_domain)[:columns] if by_domain[domain]]
    down = [name for name in _largest(rows)[: min(limit, MOST_ROWS)] if rows[name]]
    return _spec(
        "heat",
        title,
        subtitle,
        note,
        dark,
        columns=[texts.chart_unit(name=domain) for domain in across],
        rows=[
            {"name": texts.chart_unit(name=name), "numbers": [cells.get((name, domain)) for domain in across]}
            for name in down
        ],
        unit=unit,
    )


def ward_map(
    title: str,
    values: Mapping[str, float | None],
    *,
    city: City,
    unit: str = "",
    subtitle: str = "",
    note: str = "",
    dark: bool = False,
) -> Spec | None:
    """Return a map of the wards, darker where the number is larger; None when the city has no borders.

    values: numbers by the units' codes; units that are no ward are not on the map, and wards without a number
    are grey.
    """
    if city.borders is None:
        return None
    outlines = city.borders.outlines
    numbers = {each.code: values.get(each.code) or 0 for each in city.wards()}
    wards = [
        {
            "name": texts.chart_unit(name=each.name),
            "number": values.get(each.code),
            "rings": outlines[each.ward_code or ""],
        }
        for each in sorted(city.wards(), key=lambda each: (-numbers[each.code], each.name))
        if each.ward_code in outlines
    ]
    return _spec("map", title, subtitle, note, dark, wards=wards, unit=unit, missing=texts.chart_missing())


def _spec(kind: str, title: str, subtitle: str, note: str, dark: bool, **rest: Any) -> Spec:
    return {
        "kind": kind,
        "title": title,
        "subtitle": subtitle,
        "note": note,
        "dark": dark,
        "nothing": texts.chart_nothing(),
        **rest,
    }


def _cut(rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the rows to show and the rest, which is never a single row: that one is shown."""
    limit = max(1, min(limit, MOST_ROWS))
    return (rows, ()) if len(rows) <= limit + 1 else (rows[:limit], rows[limit:])


def _largest(sums: Mapping[str, float]) -> list[str]:
    return sorted(sums, key=lambda name: (-sums[name], name))
