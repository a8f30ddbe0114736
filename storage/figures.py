"""The figures that officials are judged by; `docs/figures.md` defines each with formula and example."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from functools import cache
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Float,
    FromClause,
    Integer,
    Select,
    and_,
    bindparam,
    cast,
    func,
    literal_column,
    null,
    or_,
    select,
    true,
)
from sqlalchemy import case as either
from sqlalchemy.dialects.postgresql import JSONB

from routing.deadline import WorkingCalendar
from routing.workflow import OPEN_STATUSES, Status
from storage import units
from storage.database import Transaction
from storage.tables import Json, case, event

COUNTED_KINDS = ("feedback", "suggestion", "question", "emergency")
"""Grievances and denunciations are legal procedures of their own and never count."""
ANSWERED_STATUSES = (Status.ANSWERED.value, Status.CLOSED.value)
SATISFIED_FROM = 4
"""The least rating, of 1 to 5, of somebody who is content."""

GroupBy = Literal["unit", "domain"] | None
Key = str | None
Moved = Mapping[str, str]
"""Under which unit a unit's cases are counted; a key is a unit's code, or "unit/ward" for one ward alone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """How one unit, one domain, or everything asked about stands; numbers of cases, and hours."""

    received: int = 0
    people: int = 0
    """How many people stand behind those received: cases merged into one count with it."""
    answered: int = 0
    on_time: int = 0
    late: int = 0
    late_with_extension: int = 0
    on_track: int = 0
    at_risk: int = 0
    overdue: int = 0
    reopened: int = 0
    returned: int = 0
    rejected: int = 0
    rejected_late: int = 0
    rating_count: int = 0
    rating_sum: int = 0
    """The sum of the ratings, each from 1 to 5."""
    satisfied: int = 0
    median_hours: float | None = None
    """Working hours from receipt to answer that half of the answers took at most; None without answers."""
    p90_hours: float | None = None
    """The same for nine in ten."""

    @property
    def open(self) -> int:
        """Cases on which somebody still owes something."""
        return self.on_track + self.at_risk + self.overdue

    @property
    def rating(self) -> float | None:
        """The mean of the ratings, None without any."""
        return self.rating_sum / self.rating_count if self.rating_count else None

    @property
    def satisfaction(self) -> float | None:
        """The share of ratings of 4 and 5 among all ratings, None without any."""
        return self.satisfied / self.rating_count if self.rating_count else None


_COUNTS = tuple(field.name for field in fields(Figures) if not field.name.endswith("_hours"))
_SHARES = {"median_hours": (5, 10), "p90_hours": (9, 10)}
"""Each percentile as a fraction, so that its place in the row is a matter of whole numbers."""
_DIGITS = 6
"""Of a percentile: less than those of hours would hide a difference, more would show the computer's."""

DEFINITIONS: Mapping[str, tuple[str, str]] = {
    "received": ("cases with `received_at` in the period", "period"),
    "people": (
        "the sum of `people_count` of those received: how many different people reported them, with those of "
        "the cases merged into them",
        "period",
    ),
    "reopened": ("of those received, cases reopened at least once until now", "period"),
    "returned": (
        "cases received in the period that were returned at least once until now; each counts for every unit "
        "that returned it (the unit of a `returned` event), whoever has it now, and once in a total",
        "period",
    ),
    "rejected": ("of those received, cases that are rejected now", "period"),
    "rejected_late": (
        "of those rejected, `answered_at` > `answer_due_at` (when it was refused, by when it was due), or an "
        "answer before a reopening was late (`late_before`)",
        "period",
    ),
    "answered": (
        "cases answered or closed now whose current answer lies in the period (`answered_at`)",
        "period",
    ),
    "on_time": (
        "of those answered, `answered_at` ≤ the first deadline (`extended_from` where an extension was "
        "granted, else `answer_due_at`), and no answer before a reopening was late",
        "period",
    ),
    "late_with_extension": (
        "of those answered, `extended_from` < `answered_at` ≤ `answer_due_at`, and no answer before a "
        "reopening was late",
        "period",
    ),
    "late": (
        "of those answered, `answered_at` > `answer_due_at`, or an answer before a reopening was late "
        "(`late_before`)",
        "period",
    ),
    "median_hours": ("the 50th percentile of `handled_hours` of those answered", "period"),
    "p90_hours": ("the 90th percentile of `handled_hours` of those answered", "period"),
    "rating_count": ("of those answered, cases that are rated", "period"),
    "rating": ("the sum of their ratings (1 to 5) / `rating_count`; none without ratings", "period"),
    "satisfied": ("of those answered, cases rated 4 or 5", "period"),
    "satisfaction": ("`satisfied` / `rating_count`; none without ratings", "period"),
    "overdue": (
        "open, `due_at` < now; while it waits for the citizen, `due_at` < `paused_at`, since when it waits",
        "now",
    ),
    "at_risk": (
        "open, not overdue, `warn_at` ≤ now; while it waits for the citizen, `warn_at` ≤ `paused_at`",
        "now",
    ),
    "on_track": ("every other open case, also one that has no deadline yet", "now"),
    "open": ("`on_track` + `at_risk` + `overdue`", "now"),
}
"""What each figure counts, and whether it speaks of a period or of now."""


def definitions_as_markdown() -> str:
    """Return the table of figures for the documentation."""
    lines = ["| figure | of | formula |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {of} | {formula} |" for name, (formula, of) in DEFINITIONS.items()]
    return "\n".join(lines) + "\n"


# ── by queries ───────────────────────────────────────────────────────────────────────────────────

_RECEIVED = and_(
    case.c.received_at >= bindparam("start"),
    case.c.received_at < bindparam("end"),
    # Its master is the case that is handled; nobody is measured by one incident twice.
    case.c.status != Status.MERGED,
)
_ANSWERED = and_(
    case.c.answered_at >= bindparam("start"),
    case.c.answered_at < bindparam("end"),
    case.c.status.in_(ANSWERED_STATUSES),
)
_OPEN = case.c.status.in_(sorted(OPEN_STATUSES))
_IN_TIME = and_(
    ~case.c.late_before, or_(case.c.answer_due_at.is_(None), case.c.answered_at <= case.c.answer_due_at)
)
_BY_EXTENSION = func.coalesce(case.c.answered_at > case.c.extended_from, False)
# A case that waits for its reporter stands as it stood when its clock was stopped.
_OVERDUE = and_(
    func.coalesce(case.c.due_at < bindparam("now"), False),
    func.coalesce(case.c.due_at < case.c.paused_at, case.c.paused_at.is_(None)),
)
_WARNED = and_(
    func.coalesce(case.c.warn_at <= bindparam("now"), False),
    func.coalesce(case.c.warn_at <= case.c.paused_at, case.c.paused_at.is_(None)),
)
_REJECTED = case.c.status == Status.REJECTED
# The literal number lets the partial index serve a prepared statement too.
_RETURNED = and_(_RECEIVED, case.c.returned_count > literal_column("0"), event.c.type == "returned")

# Three questions to the database, each answered from an index of its own.
_PARTS: tuple[tuple[ColumnElement[bool], Mapping[str, ColumnElement[bool]]], ...] = (
    (
        _RECEIVED,
        {
            "received": true(),
            "reopened": case.c.reopened_count > 0,
            "rejected": _REJECTED,
            "rejected_late": and_(_REJECTED, ~_IN_TIME),
        },
    ),
    (
        _ANSWERED,
        {
            "answered": true(),
            "on_time": and_(_IN_TIME, ~_BY_EXTENSION),
            "late_with_extension": and_(_IN_TIME, _BY_EXTENSION),
            "late": ~_IN_TIME,
            "rating_count": case.c.rating.is_not(None),
            "satisfied": case.c.rating >= SATISFIED_FROM,
        },
    ),
    (
        _OPEN,
        {
            "on_track": and_(~_OVERDUE, ~_WARNED),
            "at_risk": and_(~_OVERDUE, _WARNED),
            "overdue": _OVERDUE,
        },
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Form:
    """Which statements a question needs; the same form is built once."""

    dialect: str
    group_by: GroupBy
    of_units: bool
    of_domain: bool
    moved: bool
    returns: bool


@cache
def _statements(form: _Form) -> tuple[Select[Any], ...]:
    key, source, conditions = _asked(form, case, case.c.unit_code)
    return (
        *(
            _counting(form, key, counts, part).select_from(source).where(part, *conditions)
            for part, counts in _PARTS
        ),
        *([_returns(form)] if form.returns else []),
        *([] if form.dialect == "postgresql" else [_percentiles(key, source, conditions)]),
    )


def _asked(
    form: _Form, source: FromClause, has: ColumnElement[Any]
) -> tuple[ColumnElement[Any], FromClause, list[ColumnElement[bool]]]:
    """Return the key of the groups, what is read, and the conditions. has: the unit that is meant."""
    unit_code: ColumnElement[Any] = has
    if form.moved:
        source, unit_code = _units_moved(form.dialect, source, has)
    conditions: list[ColumnElement[bool]] = [case.c.kind.in_(COUNTED_KINDS)]
    if form.of_units:
        conditions.append(has.in_(bindparam("units", expanding=True)))
    if form.of_units and form.moved:
        conditions.append(unit_code.in_(bindparam("counted_under", expanding=True)))
    if form.of_domain:
        conditions.append(case.c.domain.in_(bindparam("domains", expanding=True)))
    key = {None: null(), "unit": unit_code, "domain": case.c.domain}[form.group_by]
    return key, source, conditions


def _returns(form: _Form) -> Select[Any]:
    """Count the cases that were returned under the units that returned them."""
    returns = case.join(event, event.c.case_id == case.c.id)
    key, source, conditions = _asked(form, returns, event.c.unit_code)
    counted = func.count(case.c.id.distinct()).label("returned")
    statement = select(key.label("key"), counted).select_from(source).where(_RETURNED, *conditions)
    return statement if form.group_by is None else statement.group_by(key)


def _counting(
    form: _Form, key: ColumnElement[Any], counts: Mapping[str, ColumnElement[bool]], part: ColumnElement[bool]
) -> Select[Any]:
    columns: list[ColumnElement[Any]] = [
        func.sum(cast(holds, Integer)).label(name) for name, holds in counts.items()
    ]
    if part is _RECEIVED:
        columns.append(func.sum(case.c.people_count).label("people"))
    if part is _ANSWERED:
        columns.append(func.sum(case.c.rating).label("rating_sum"))
        if form.dialect == "postgresql":
            columns += [
                func.percentile_cont(of / among).within_group(case.c.handled_hours.asc()).label(name)
                for name, (of, among) in _SHARES.items()
            ]
    statement = select(key.label("key"), *columns)
    return statement if form.group_by is None else statement.group_by(key)


def _percentiles(
    key: ColumnElement[Any], source: FromClause, conditions: Iterable[ColumnElement[bool]]
) -> Select[Any]:
    """Return the percentiles as PostgreSQL has them, in the words of a database that has none.

    Of n values in order, the one at (n - 1) * share, counted from nought, between two in proportion.
    """
    hours = case.c.handled_hours
    ranked = (
        select(
            key.label("key"),
            hours.label("hours"),
            func.row_number().over(partition_by=key, order_by=hours).label("place"),
            (func.count().over(partition_by=key) - 1).label("last"),
        )
        .select_from(source)
        .where(_ANSWERED, hours.is_not(None), *conditions)
        .subquery()
    )
    columns = []
    for name, (of, among) in _SHARES.items():
        below, rest = ranked.c.last * of // among, cast(ranked.c.last * of % among, Float) / among
        lower = func.max(either((ranked.c.place == below + 1, ranked.c.hours)))
        upper = func.coalesce(func.max(either((ranked.c.place == below + 2, ranked.c.hours))), lower)
        columns.append((lower + (upper - lower) * func.max(rest)).label(name))
    return select(ranked.c.key, *columns).group_by(ranked.c.key)


def _units_moved(
    dialect: str, source: FromClause, has: ColumnElement[Any]
) -> tuple[FromClause, ColumnElement[Any]]:
    """Return cases joined with the units that they are counted under, and the code of that unit."""
    given = bindparam("moved", type_=Json)
    each = func.jsonb_each_text(cast(given, JSONB)) if dialect == "postgresql" else func.json_each(given)
    rows = each.table_valued("key", "value")
    moved = select(rows.c.key, rows.c.value).cte("moved").prefix_with("MATERIALIZED")
    whole, ward = moved.alias("whole"), moved.alias("of_ward")
    source = source.outerjoin(whole, whole.c.key == has).outerjoin(
        ward, ward.c.key == has + "/" + case.c.ward_code
    )
    return source, func.coalesce(ward.c.value, whole.c.value, has)


async def figures(
    transaction: Transaction,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    unit_codes: Collection[str] | None = None,
    domain: str | Collection[str] | None = None,
    group_by: GroupBy = None,
    moved: Moved | None = None,
    returns: bool = True,
) -> dict[Key, Figures]:
    """Return the figures of a period, from start until just before end, for each unit or each domain.

    Without `group_by` there is one entry, under None. By unit, None stands for cases that no unit has.
    Open cases are counted as of now, whenever they were received. `unit_codes` are exactly the units
    meant; whoever asks for a subtree names all of it. `moved` says which units' cases are counted under
    another unit: under their successors (`routing.succession.as_now`), or under the unit above them.
    `unit_codes` and the keys are units after that. domain: one or several. returns: whether `returned` is
    wanted, which takes longer than all else.
    """
    row: dict[str, Any] = {"start": start, "end": end, "now": now}
    if moved:
        row["moved"] = dict(moved)
    if unit_codes is not None:
        row["units"] = sorted(_counted_under(unit_codes, moved or {}))
        if moved:
            row["counted_under"] = sorted(unit_codes)
    if domain is not None:
        row["domains"] = sorted(_all_of(domain))
    form = _Form(
        dialect=transaction.dialect,
        group_by=group_by,
        of_units=unit_codes is not None,
        of_domain=domain is not None,
        moved=bool(moved),
        returns=returns,
    )
    found: dict[Key, dict[str, Any]] = {} if group_by else {None: {}}
    for statement in _statements(form):
        for counted in await transaction.fetch(statement, row):
            found.setdefault(counted["key"], {}).update(counted)
    return {key: _made(counted) for key, counted in found.items()}


def _all_of(domain: str | Collection[str]) -> frozenset[str]:
    return frozenset([domain] if isinstance(domain, str) else domain)


def _counted_under(unit_codes: Collection[str], moved: Moved) -> set[str]:
    """Return the units whose cases may be counted under these, so that an index can find them."""
    wanted = set(unit_codes)
    return wanted | {key.partition("/")[0] for key, under in moved.items() if under in wanted}


def _made(counted: Mapping[str, Any]) -> Figures:
    numbers: dict[str, Any] = {name: int(counted.get(name) or 0) for name in _COUNTS}
    for name in _SHARES:
        value = counted.get(name)
        numbers[name] = None if value is None else round(value, _DIGITS)
    return Figures(**numbers)


# ── by a recount of the events ───────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _History:
    """What the events of one case say of it, one event after the other."""

    state: Mapping[str, Any]
    started_at: datetime
    """Since when its handling counts: receipt, or the last reopening."""
    sequence: int = 0
    reopened: int = 0
    returned_by: set[str | None] = field(default_factory=set)
    late_before: bool = False
    """Whether an answer before the last reopening was late."""
    paused_at: datetime | None = None
    paused_hours: float = 0.0
    handled_hours: float | None = None
    people: int = 1

    def at(self, name: str) -> datetime | None:
        """Return one of the times that the last event keeps."""
        written = self.state.get(name)
        return datetime.fromisoformat(written) if written else None

    def goes_on(self, row: Mapping[str, Any], calendar: WorkingCalendar) -> None:
        """Take in the next event."""
        state = row["data"]["state"]
        # Hours are measured since version 2 of what an event keeps.
        measured = state.get("version", 1) >= 2
        waited, waits = (_waits(each) for each in (self.state, state))
        if waits and not waited:
            self.paused_at = row["at"]
        elif waited and not waits and self.paused_at:
            pause = calendar.working_hours_between(self.paused_at, row["at"])
            self.paused_hours += pause if measured else 0
        if row["type"] == "reopened":
            self.late_before = self.is_late
            self.started_at, self.paused_hours, self.handled_hours = row["at"], 0.0, None
        elif row["type"] == "answered" and measured:
            worked = calendar.working_hours_between(self.started_at, row["at"])
            self.handled_hours = round(max(worked - self.paused_hours, 0), 4)
        self.reopened += row["type"] == "reopened"
        self.people = _people(row, self.people)
        if row["type"] == "returned":
            self.returned_by.add(row["unit_code"])
        self.state, self.sequence = state, row["sequence"]

    def judged_at(self, now: datetime) -> datetime:
        """Return as of when an open case is judged: since when its reporter is asked, or now."""
        # Since version 3 of what an event keeps it says so itself.
        told = self.state.get("version", 1) >= 3
        paused_at = self.at("paused_at") if told else self.paused_at if _waits(self.state) else None
        return min(now, paused_at) if paused_at else now

    @property
    def is_late(self) -> bool:
        """Whether its answer or refusal was late, or one before it."""
        answered_at, due_at = self.at("answered_at"), self.at("answer_due_at")
        return self.late_before or bool(answered_at and due_at and answered_at > due_at)


def _people(row: Mapping[str, Any], before: int) -> int:
    """Return how many people a case stands for after an event."""
    state, data = row["data"]["state"], row["data"]
    # Since version 4 of what an event keeps it says so itself.
    if "people_count" in state:
        return int(state["people_count"])
    return 1 if row["type"] == "merged" else int(data.get("people", before))


def _waits(state: Mapping[str, Any]) -> bool:
    return state.get("status") == Status.WAITING_FOR_CITIZEN


_EVENTS = (
    select(event.c.case_id, event.c.sequence, event.c.type, event.c.unit_code, event.c.at, event.c.data)
    .where(event.c.at >= bindparam("since"))
    .order_by(event.c.case_id, event.c.sequence)
)
_BEGINNING = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


class Recount:
    """Figures from the events alone. Read the events first; later only those that came since are read.

    Working hours are those of the calendar given: one that was changed for days that are over gives other
    hours than those that were measured then.
    """

    def __init__(self, calendar: WorkingCalendar) -> None:
        self._calendar = calendar
        self._histories: dict[int, _History] = {}
        self._read_until = _BEGINNING

    async def read(self, transaction: Transaction) -> None:
        """Take in what happened since the last time."""
        for row in await transaction.fetch(_EVENTS, {"since": self._read_until}):
            self._take(row["case_id"], row)

    def _take(self, case_id: int, row: Mapping[str, Any]) -> None:
        history = self._histories.get(case_id)
        if history is None:
            state = row["data"]["state"]
            received_at = datetime.fromisoformat(state["received_at"])
            history = self._histories[case_id] = _History(state={}, started_at=received_at)
        if row["sequence"] > history.sequence:
            history.goes_on(row, self._calendar)
            self._read_until = max(self._read_until, row["at"])

    def figures(
        self,
        *,
        start: datetime,
        end: datetime,
        now: datetime,
        unit_codes: Collection[str] | None = None,
        domain: str | Collection[str] | None = None,
        group_by: GroupBy = None,
        moved: Moved | None = None,
    ) -> dict[Key, Figures]:
        """Return what `figures` returns for the same question."""
        found: dict[Key, _Tally] = {} if group_by else {None: _Tally()}
        for history in self._histories.values():
            if not _is_meant(history.state, domain):
                continue
            received_at = history.at("received_at")
            returned = received_at is not None and start <= received_at < end
            counts: list[tuple[str | None, dict[str, int]]] = [
                (history.state.get("unit_code"), _count(history, start, end, now)),
                *((unit, {"returned": 1}) for unit in history.returned_by if returned),
            ]
            told: set[tuple[Key, str]] = set()
            for by, counted in counts:
                unit = _counted_unit(by, history.state, moved or {})
                key = {None: None, "unit": unit, "domain": history.state["domain"]}[group_by]
                # Several units below one may have returned it.
                again = "returned" in counted and (key, "returned") in told
                if again or not any(counted.values()) or not (unit_codes is None or unit in unit_codes):
                    continue
                told |= {(key, name) for name in counted}
                found.setdefault(key, _Tally()).add(counted, history.handled_hours)
        return {key: tally.figures() for key, tally in found.items()}


async def recount(
    transaction: Transaction,
    *,
    start: datetime,
    end: datetime,
    now: datetime,
    unit_codes: Collection[str] | None = None,
    domain: str | Collection[str] | None = None,
    group_by: GroupBy = None,
    moved: Moved | None = None,
    calendar: WorkingCalendar | None = None,
) -> dict[Key, Figures]:
    """Return the same as `figures`, slowly and from the events alone, to prove that both agree.

    calendar: by which hours are counted, the city's own by default.
    """
    if calendar is None:
        city = await units.load_city(transaction)
        calendar = WorkingCalendar() if city is None else city.calendar
    counting = Recount(calendar)
    await counting.read(transaction)
    return counting.figures(
        start=start,
        end=end,
        now=now,
        unit_codes=unit_codes,
        domain=domain,
        group_by=group_by,
        moved=moved,
    )


class _Tally:
    """Counts and hours of one group."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_COUNTS, 0)
        self.hours: list[float] = []

    def add(self, counted: Mapping[str, int], hours: float | None) -> None:
        for name, number in counted.items():
            self.counts[name] += number
        if counted.get("answered") and hours is not None:
            self.hours.append(hours)

    def figures(self) -> Figures:
        self.hours.sort()
        shares: dict[str, Any] = {name: _percentile(self.hours, *share) for name, share in _SHARES.items()}
        return Figures(**self.counts, **shares)


def _percentile(ordered: Sequence[float], of: int, among: int) -> float | None:
    if not ordered:
        return None
    place, rest = divmod((len(ordered) - 1) * of, among)
    lower, upper = ordered[place], ordered[min(place + 1, len(ordered) - 1)]
    return round(lower + (upper - lower) * rest / among, _DIGITS)


def _counted_unit(unit: str | None, state: Mapping[str, Any], moved: Moved) -> str | None:
    if unit is None:
        return None
    return moved.get(f"{unit}/{state.get('ward_code')}", moved.get(unit, unit))


def _is_meant(state: Mapping[str, Any], domain: str | Collection[str] | None) -> bool:
    if state["kind"] not in COUNTED_KINDS or state["status"] == Status.MERGED:
        return False
    return domain is None or state["domain"] in _all_of(domain)


def _count(history: _History, start: datetime, end: datetime, now: datetime) -> dict[str, int]:
    received_at, status = history.at("received_at"), history.state["status"]
    counted = _count_answer(history, start, end) if status in ANSWERED_STATUSES else {}
    if status in OPEN_STATUSES:
        counted[_standing(history, now)] = 1
    if received_at and start <= received_at < end:
        counted |= {
            "received": 1,
            "people": history.people,
            "reopened": int(history.reopened > 0),
            "rejected": int(status == Status.REJECTED),
            "rejected_late": int(status == Status.REJECTED and history.is_late),
        }
    return counted


def _count_answer(history: _History, start: datetime, end: datetime) -> dict[str, int]:
    answered_at, rating = history.at("answered_at"), history.state.get("rating")
    if answered_at is None or not start <= answered_at < end:
        return {}
    counted = {"answered": 1, _result(history, answered_at): 1}
    if rating is not None:
        counted |= {"rating_count": 1, "rating_sum": rating, "satisfied": int(rating >= SATISFIED_FROM)}
    return counted


def _result(history: _History, answered_at: datetime) -> str:
    first_due_at = history.at("extended_from")
    if history.is_late:
        return "late"
    return "late_with_extension" if first_due_at and answered_at > first_due_at else "on_time"


def _standing(history: _History, now: datetime) -> str:
    due_at, warn_at, at = history.at("due_at"), history.at("warn_at"), history.judged_at(now)
    if due_at and due_at < at:
        return "overdue"
    return "at_risk" if warn_at and warn_at <= at else "on_track"
