"""How an answer about the figures is told: a sentence, a small table, and the picture that goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from handlers import cards, charts, texts
from handlers.figures_asked import BETTER_HIGH, NO_COUNTS, OF_NOW, Answered, Row
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from routing.when import Period

LINES = 10
"""Lines of a table; the picture shows more."""
_FEWEST_FOR_A_PICTURE = 2
_UNITS = {"on_time_rate": "%", "satisfaction": "%", "median_hours": "giờ"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What is shown: the words, and the picture as it is drawn later; None for none."""

    text: str
    drawing: dict[str, Any] | None = None


def told(city: City, found: Answered, *, today: date) -> Told:
    """Tell a figure, a comparison, or a course of time."""
    parts = [_refusal(city, found), heading(city, found), *_body(city, found, today)]
    return Told(text="\n".join(part for part in parts if part), drawing=_picture(city, found))


def heading(city: City, found: Answered) -> str:
    """Return whose figures these are, about what, and of which days."""
    return texts.figures_about(
        names=[cards.unit_name(city, code) for code in found.units],
        domains=[cards.domain_name(city, each) for each in found.question.domains],
        period="" if found.question.metric in OF_NOW else period_name(found.period),
    )


def period_name(period: Period) -> str:
    """Return a period as people read it."""
    return texts.period_name(first=_moment(period.first), last=_moment(period.last))


def row_name(city: City, found: Answered, row: Row) -> str:
    """Return what a line is about: a unit, a domain, or a time."""
    by = found.question.group_by
    if by in ("day", "week", "month"):
        day = date.fromisoformat(row.key or "")
        return {
            "day": lambda: texts.day_label(day=day),
            "week": lambda: texts.week_label(first=day),
            "month": lambda: texts.month_label(first=day),
        }[by]()
    if by == "domain":
        return cards.domain_name(city, row.key or "")
    return cards.unit_name(city, row.key)


def _refusal(city: City, found: Answered) -> str:
    if not found.refused:
        return ""
    names = [cards.unit_name(city, code) for code in found.refused if code != city.root.code]
    return texts.figures_refused_for(units=names)


def _body(city: City, found: Answered, today: date) -> list[str]:
    question, total = found.question, found.total
    lines = [texts.figure_sentence(metric=question.metric, value=total.value, of=total.of)]
    if _has_worst(found):
        lines = [_extreme(city, found)]
    elif found.rows and _in_time(found) and (top := _extreme_step(city, found)):
        lines.append(top)
    if found.previous and not found.rows:
        lines += _change(found, today)
    lines += _table(city, found)
    lines += _rest(found)
    if question.metric in OF_NOW and (question.period is not None or question.compare):
        lines.append(texts.figure_as_of_now())
    return [*lines, texts.figures_without_hidden()] if found.hidden else lines


def _in_time(found: Answered) -> bool:
    return found.question.group_by in ("day", "week", "month")


def _has_worst(found: Answered) -> bool:
    """Tell whether somebody stands out: nobody does where every count is nought."""
    if not found.rows or _in_time(found) or found.rows[0].value is None:
        return False
    counts = found.question.metric not in NO_COUNTS
    return not counts or any(row.value for row in found.rows)


def _extreme_step(city: City, found: Answered) -> str:
    """Say which day, week or month stands out, where that was asked; empty where it was not."""
    question = found.question
    counted = [row for row in found.rows if row.value is not None]
    if question.order is None or not counted:
        return ""
    best = (min if question.order == "asc" else max)(row.value or 0 for row in counted)
    return texts.figure_extreme(
        metric=question.metric,
        names=[row_name(city, found, row) for row in counted if row.value == best],
        value=best,
        highest=question.order == "desc",
    )


def _rest(found: Answered) -> list[str]:
    """Say how many cases of the total stand in no line of a full comparison of units."""
    question = found.question
    counts = question.metric not in NO_COUNTS
    if question.group_by != "unit" or question.limit is not None or not counts or not found.rows:
        return []
    rest = int((found.total.value or 0) - sum(row.value or 0 for row in found.rows))
    return [texts.figures_in_no_line(count=rest)] if rest > 0 else []


def _extreme(city: City, found: Answered) -> str:
    question, first = found.question, found.rows[0]
    ascending = question.order == "asc" or (question.order is None and question.metric in BETTER_HIGH)
    alike = [row for row in (*found.rows, *found.tied) if row.value == first.value]
    return texts.figure_extreme(
        metric=question.metric,
        names=[row_name(city, found, row) for row in alike],
        value=first.value,
        highest=not ascending,
    )


def _change(found: Answered, today: date) -> list[str]:
    assert found.previous is not None
    if found.question.metric in OF_NOW:
        return []
    said = texts.figure_change(
        metric=found.question.metric,
        value=found.total.value,
        previous=found.total.previous,
        first=found.previous.first,
        last=found.previous.last,
    )
    partly = found.period.first <= today < found.period.last
    return [said, texts.figure_until_today()] if partly else [said]


def _worth_a_line(found: Answered) -> list[Row]:
    """Return the lines that say something: of counts, most first, not those of nought."""
    counts = found.question.metric not in NO_COUNTS
    if _in_time(found) or not counts or found.question.order == "asc":
        return list(found.rows)
    return [row for row in found.rows if row.value or row.previous]


def _table(city: City, found: Answered) -> list[str]:
    if len(found.rows) < _FEWEST_FOR_A_PICTURE:
        return []
    rows = _worth_a_line(found)
    if len(rows) < _FEWEST_FOR_A_PICTURE:
        return []
    if _in_time(found):
        left = [texts.figures_earlier(count=len(rows) - LINES)] if len(rows) > LINES else []
        return left + [
            texts.figure_course_line(
                label=row_name(city, found, row), metric=found.question.metric, value=row.value
            )
            for row in rows[-LINES:]
        ]
    lines = [
        texts.figure_line(
            number=number,
            name=row_name(city, found, row),
            metric=found.question.metric,
            value=row.value,
            of=row.of,
            previous=row.previous,
            compared=found.previous is not None and found.question.metric not in OF_NOW,
        )
        for number, row in enumerate(rows[:LINES], start=1)
    ]
    return [*lines, texts.figures_rest_of(count=len(rows) - LINES)] if len(rows) > LINES else lines


# ── pictures ─────────────────────────────────────────────────────────────────────────────────────


def _picture(city: City, found: Answered) -> dict[str, Any] | None:
    rows = _worth_a_line(found)
    if len(rows) < _FEWEST_FOR_A_PICTURE:
        return None
    question = found.question
    title = _title(city, found)
    subtitle = heading(city, found)
    points = [(row_name(city, found, row), _shown(question.metric, row.value)) for row in rows]
    unit = _UNITS.get(question.metric, "")
    if question.group_by in ("day", "week", "month"):
        return charts.trend(title, points, unit=unit, subtitle=subtitle)
    if question.metric in ("late", "on_time_rate", "late_with_extension"):
        return _traffic_lights(city, found, title, subtitle)
    if question.metric in OF_NOW and question.level == "ward" and question.limit is None:
        on_map = {row.key: row.value for row in found.rows if row.key}
        if picture := charts.ward_map(title, on_map, city=city, subtitle=subtitle):
            return picture
    order = question.order or ("asc" if question.metric in BETTER_HIGH else "desc")
    average = _shown(question.metric, found.total.value) if unit else None
    return charts.ranking(
        title, points, unit=unit, order=order, subtitle=subtitle, average=average, tone=_tone(question.metric)
    )


def _title(city: City, found: Answered) -> str:
    """Return what a picture says: who stands at the end that was asked about, or what its course is of."""
    if not _has_worst(found):
        return texts.figure_heading(metric=found.question.metric)
    return _extreme(city, found).removesuffix(".")


def _traffic_lights(city: City, found: Answered, title: str, subtitle: str) -> dict[str, Any]:
    rows: Sequence[tuple[str, dict[str, int]]] = [
        (
            row_name(city, found, row),
            {
                "on_time": row.figures.on_time,
                "late_with_extension": row.figures.late_with_extension,
                "late": row.figures.late,
            },
        )
        for row in found.rows
    ]
    return charts.bars_by_unit(title, rows, subtitle=subtitle, in_order=True)


def _tone(metric: str) -> str:
    if metric in ("overdue", "at_risk", "reopened"):
        return "bad"
    return "good" if metric == "satisfaction" else "neutral"


def _shown(metric: str, value: float | None) -> float | None:
    return None if value is None else round(value * 100, 1) if _UNITS.get(metric) == "%" else value


def _moment(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_TIME)
