"""Workbooks of figures and cases: what each holds, as data that travels in the outbox until it is made.

`/xuat` makes one of what was asked last in the chat, or of this month; with a question behind it, of that.
The rows are read and written a few at a time, so that a workbook of any length takes little memory.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers import cards, figures_told, texts
from handlers.figures_asked import Answered, Row, Scope, answer, counted_under
from routing.deadline import LOCAL_TIME, midnight
from routing.organisation import City
from routing.question import Question
from routing.workflow import OPEN_STATUSES
from storage import figures, figures_asked
from storage.cases import Case
from storage.database import Transaction
from storage.figures_asked import Behind

MOST_CASES = 100_000
"""Cases in one workbook; more are left out, which it says."""
COLUMNS = (
    "received",
    "answered",
    "on_time",
    "late_with_extension",
    "late",
    "open",
    "at_risk",
    "overdue",
    "reopened",
    "satisfaction",
    "median_hours",
    "people",
)
"""The figures of each line, by their names in `storage/figures.py`."""
_ALL_OF = {"on_time_rate": "answered", "satisfaction": "answered"}
"""Of what a share is taken: a workbook holds all of these, not only what fell short."""
CASE_COLUMNS = (
    "code",
    "status",
    "kind",
    "domain",
    "unit",
    "ward",
    "street",
    "received_at",
    "due_at",
    "answered_at",
    "result",
    "handled_hours",
    "rating",
    "people_count",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """What a workbook holds: the answer to a question, and the cases behind it, for one reader.

    scope: the units that the reader may ask about. hidden: the domains whose cases they may not see.
    """

    question: Question
    scope: tuple[str, ...]
    hidden: tuple[str, ...]
    person_id: int
    at: datetime

    def as_dict(self) -> dict[str, Any]:
        """Return a JSON-able form for `OutboundMessage.export`."""
        return {
            "question": self.question.as_dict(),
            "scope": list(self.scope),
            "hidden": list(self.hidden),
            "person_id": self.person_id,
            "at": self.at.isoformat(),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Export":
        """Rebuild from `as_dict` or its JSON."""
        return cls(
            question=Question.from_dict(data["question"]),
            scope=tuple(data["scope"]),
            hidden=tuple(data["hidden"]),
            person_id=data["person_id"],
            at=datetime.fromisoformat(data["at"]),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Contents:
    """A workbook as it is written: its name, what it says above its tables, and the two tables' rows."""

    name: str
    heading: str
    figures: Sequence[Sequence[Any]]
    figure_headings: Sequence[str]
    case_headings: Sequence[str]


async def contents(transaction: Transaction, city: City, wanted: Export) -> tuple[Contents, Answered]:
    """Return everything but the cases."""
    scope = Scope(units=wanted.scope)
    found = await answer(transaction, city, wanted.question, scope=scope, now=wanted.at)
    lines: list[tuple[str, Row]] = [(figures_told.row_name(city, found, row), row) for row in found.rows] or [
        (", ".join(cards.unit_name(city, code) for code in found.units), found.total)
    ]
    if found.rows:
        lines.append((texts.export_total(), found.total))
    day = wanted.at.astimezone(LOCAL_TIME).date()
    made = Contents(
        name=f"lang-nghe-{day:%Y-%m-%d}.xlsx",
        heading=_heading(city, found),
        figure_headings=[texts.export_line_heading(), *(texts.export_figure(name=name) for name in COLUMNS)],
        figures=[[name, *_numbers(row)] for name, row in lines],
        case_headings=[texts.export_case(name=name) for name in CASE_COLUMNS],
    )
    return made, found


def _heading(city: City, found: Answered) -> str:
    at_most = texts.export_at_most(count=MOST_CASES) if found.total.of > MOST_CASES else ""
    return " · ".join(part for part in (figures_told.heading(city, found), at_most) if part)


def _numbers(row: Row) -> list[Any]:
    return [getattr(row.figures, name) for name in COLUMNS]


async def case_rows(
    transaction: Transaction, city: City, wanted: Export, found: Answered
) -> AsyncIterator[list[list[Any]]]:
    """Yield the rows of the cases behind an answer, some at a time; none where the answer was refused."""
    scope = Scope(units=wanted.scope)
    within = [code for code in _units_shown(found) if scope.sees(city, code)]
    if found.refused or not within:
        return
    counted = counted_under(city, within)
    behind = Behind(
        metric=_ALL_OF.get(found.question.metric, found.question.metric),
        start=midnight(found.period.first),
        end=midnight(found.period.last + timedelta(days=1)),
        now=wanted.at,
        units=counted.units if counted else None,
        parts=counted.parts if counted else (),
        domains=found.question.domains,
        hidden=wanted.hidden,
    )
    async for cases in figures_asked.stream_cases_behind(transaction, behind, most=MOST_CASES):
        yield [_case_row(city, case, wanted.at) for case in cases]


def _units_shown(found: Answered) -> list[str]:
    """Return the units whose cases belong to an answer: of a comparison, those compared."""
    compared = [row.key for row in found.rows if row.key] if found.question.group_by == "unit" else []
    return compared or list(found.units)


def _case_row(city: City, case: Case, now: datetime) -> list[Any]:
    return [
        case.code,
        texts.case_status(status=case.status),
        texts.kind_name(case.kind),
        cards.domain_name(city, case.domain),
        cards.unit_name(city, case.unit_code),
        case.ward_name,
        case.street,
        _local(case.received_at),
        _local(case.due_at or case.answer_due_at),
        _local(case.answered_at),
        texts.export_result(result=_result(case, now)),
        case.handled_hours,
        case.rating,
        case.people_count,
    ]


def _result(case: Case, now: datetime) -> str:
    """Return how a case stands against its deadline, as the figures count it; empty for neither."""
    if case.status in figures.ANSWERED_STATUSES and case.answered_at is not None:
        return _answered_how(case, case.answered_at)
    if case.status not in OPEN_STATUSES or case.due_at is None:
        return ""
    at = min(now, case.paused_at) if case.paused_at else now
    if case.due_at < at:
        return "overdue"
    return "at_risk" if case.warn_at and case.warn_at <= at else "on_track"


def _answered_how(case: Case, answered_at: datetime) -> str:
    if case.late_before or (case.answer_due_at is not None and answered_at > case.answer_due_at):
        return "late"
    extended = case.extended_from is not None and answered_at > case.extended_from
    return "late_with_extension" if extended else "on_time"


def _local(at: datetime | None) -> datetime | None:
    """Return a moment as workbooks hold it: the local time, without a zone."""
    return at.astimezone(LOCAL_TIME).replace(tzinfo=None, microsecond=0) if at else None
