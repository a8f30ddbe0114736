"""The figures that officials are judged by; `docs/figures.md` defines each with formula and example."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Literal

from sqlalchemy import bindparam, select

from routing.deadline import LOCAL_TIME, WorkingCalendar, midnight
from routing.workflow import OPEN_STATUSES, Status
from storage import rollups, scanning, units
from storage.counting import (
    ANSWERED_STATUSES,
    COUNTED_KINDS,
    SATISFIED_FROM,
    Figures,
    Tally,
    all_of,
    step_of,
)
from storage.database import Transaction
from storage.rollups import NO_UNIT, Kept, Moved
from storage.scanning import Scan
from storage.tables import event

__all__ = [
    "ANSWERED_STATUSES",
    "COUNTED_KINDS",
    "DEFINITIONS",
    "SATISFIED_FROM",
    "Figures",
    "GroupBy",
    "Moved",
    "Recount",
    "definitions_as_markdown",
    "figures",
    "recount",
]

GroupBy = Literal["unit", "domain"] | None
Key = str | None
_DAY = timedelta(days=1)

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
    "median_hours": (
        "the 50th percentile of `handled_hours` of those answered, each counted as the step that it lies in",
        "period",
    ),
    "p90_hours": ("the 90th percentile of the same", "period"),
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


# ── by what is kept ready ────────────────────────────────────────────────────────────────────────


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
    another unit: under their successors (`routing.trees.as_now`), or under the unit above them.
    `unit_codes` and the keys are units after that. domain: one or several. returns: whether `returned` is
    wanted, which no figures are kept of.
    """
    asked = _Asked(
        start=start,
        end=end,
        now=now,
        unit_codes=None if unit_codes is None else frozenset(unit_codes),
        domains=None if domain is None else all_of(domain),
        group_by=group_by,
        # In a total of everything it makes no difference.
        moved=moved if moved and (unit_codes is not None or group_by == "unit") else {},
    )
    found: dict[Key, Tally] = {} if group_by else {None: Tally()}
    for tallies in await _counted(transaction, asked, returns=returns):
        for key, tally in tallies.items():
            found[key] = found.get(key, Tally()).plus(tally)
    return {key: tally.figures() for key, tally in found.items() if tally or (key is None and not group_by)}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """A question: `figures` tells what each part means."""

    start: datetime
    end: datetime
    now: datetime
    unit_codes: frozenset[str] | None
    domains: frozenset[str] | None
    group_by: GroupBy
    moved: Moved

    def scan(self, start: datetime, end: datetime, has: Collection[str] | None) -> Scan:
        """Return the question to the cases themselves, of these units or of all."""
        if has is None and self.unit_codes is not None:
            has = rollups.having(self.unit_codes, self.moved)
        return Scan(
            start=start,
            end=end,
            now=self.now,
            group_by=self.group_by,
            has=has,
            counted_under=self.unit_codes,
            domains=self.domains,
            moved=self.moved,
        )

    def by_ward(self) -> frozenset[str]:
        """Return the units that nothing is kept of: their cases are told apart by ward."""
        units = rollups.told_by_ward(self.moved)
        return units if self.unit_codes is None else units & rollups.having(self.unit_codes, self.moved)

    def kept(self, first: date, last: date) -> Kept:
        """Return the question to the figures kept ready."""
        return Kept(
            first=first,
            last=last,
            buckets=rollups.buckets_of(first, last),
            group=self.group_by,
            units=None if self.unit_codes is None else rollups.counted_as_wholes(self.unit_codes, self.moved),
            domains=self.domains,
        )


async def _counted(transaction: Transaction, asked: _Asked, *, returns: bool) -> list[dict[Key, Tally]]:
    """Return what each source counts: what is kept of whole days, and the cases themselves for the rest."""
    first, last = _whole_days(asked.start, asked.end)
    by_ward = asked.by_ward()
    found = [_under(asked, await rollups.read_open(transaction, asked.kept(first, last), now=asked.now))]
    if first <= last:
        begin, finish = midnight(first), midnight(last + _DAY)
        found.append(_under(asked, await rollups.read_period(transaction, asked.kept(first, last))))
        if by_ward:
            found.append(await scanning.scan_period(transaction, asked.scan(begin, finish, by_ward)))
        parts = [(asked.start, begin), (finish, asked.end)]
    else:
        parts = [(asked.start, asked.end)]
    for start, end in parts:
        if start < end:
            found.append(await scanning.scan_period(transaction, asked.scan(start, end, None)))
    if by_ward:
        found.append(await scanning.scan_open(transaction, asked.scan(asked.start, asked.end, by_ward)))
    if returns:
        found.append(await scanning.scan_returns(transaction, asked.scan(asked.start, asked.end, None)))
    return found


def _whole_days(start: datetime, end: datetime) -> tuple[date, date]:
    """Return the first and the last local day that lie within a period as wholes; none if they cross."""
    begin, finish = start.astimezone(LOCAL_TIME), end.astimezone(LOCAL_TIME)
    first = begin.date() if begin.time() == time() else begin.date() + _DAY
    return first, finish.date() - _DAY


def _under(asked: _Asked, tallies: Mapping[str, Tally]) -> dict[Key, Tally]:
    """Return tallies of units as they have the cases under those that they are counted under."""
    if asked.group_by != "unit":
        return {key if asked.group_by else None: tally for key, tally in tallies.items()}
    by_ward, found = rollups.told_by_ward(asked.moved), dict[Key, Tally]()
    for unit, tally in tallies.items():
        if unit not in by_ward:
            key = None if unit == NO_UNIT else asked.moved.get(unit, unit)
            found[key] = found.get(key, Tally()).plus(tally)
    return found


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
        found: dict[Key, Tally] = {} if group_by else {None: Tally()}
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
                _add(found.setdefault(key, Tally()), counted, history.handled_hours)
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


def _add(tally: Tally, counted: Mapping[str, int], hours: float | None) -> None:
    tally.add(counted)
    if counted.get("answered") and hours is not None:
        tally.steps[step_of(hours)] += 1


def _counted_unit(unit: str | None, state: Mapping[str, Any], moved: Moved) -> str | None:
    if unit is None:
        return None
    return moved.get(f"{unit}/{state.get('ward_code')}", moved.get(unit, unit))


def _is_meant(state: Mapping[str, Any], domain: str | Collection[str] | None) -> bool:
    if state["kind"] not in COUNTED_KINDS or state["status"] == Status.MERGED:
        return False
    return domain is None or state["domain"] in all_of(domain)


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
