"""Reminders: which cases have come to a milestone, and what each chat is still to be told of them."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Delete,
    FromClause,
    Select,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    select,
    true,
    update,
)
from sqlalchemy import case as either

from routing import escalation
from routing.workflow import OPEN_STATUSES
from storage.database import Transaction, either_of, halves
from storage.tables import case as case_table
from storage.tables import reminder


@dataclass(slots=True, kw_only=True)
class DueCase:
    """What the clock needs to know of a case; the rest of its row stays where it is."""

    id: int
    code: str
    domain: str
    status: str
    urgent: bool
    unit_code: str | None
    assigned_at: datetime | None
    officer_id: int | None
    reporter_id: int
    channel: str
    chat: str
    people_count: int
    reopened_count: int
    extension: dict[str, Any] | None
    extension_unit: str | None
    proposed: dict[str, Any] | None
    accept_due_at: datetime | None
    accept_leader_at: datetime | None
    accept_chairman_at: datetime | None
    accepted_at: datetime | None
    due_at: datetime | None
    warn_at: datetime | None
    leader_at: datetime | None
    chairman_at: datetime | None
    triage_at: datetime | None
    decide_due_at: datetime | None
    paused_at: datetime | None
    snoozed_until: datetime | None
    reminded_at: datetime | None
    escalated: int


_COLUMNS = [case_table.c[field.name] for field in fields(DueCase)]
_DUE = (
    select(*_COLUMNS)
    .where(case_table.c.next_check_at <= bindparam("now"))
    .order_by(case_table.c.next_check_at, case_table.c.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
# The plain word lets the partial index serve a prepared statement too.
_PRESSING: ColumnElement[bool] = literal_column(f'"{case_table.name}".urgent')
_DUE_AT_NIGHT = _DUE.where(_PRESSING)
_DUE_ONE = (
    select(*_COLUMNS)
    .where(case_table.c.id == bindparam("row_id"), case_table.c.next_check_at <= bindparam("now"))
    .with_for_update(skip_locked=True)
)
_NUMBERS = (
    select(case_table.c.id)
    .where(case_table.c.next_check_at <= bindparam("now"))
    .order_by(case_table.c.next_check_at, case_table.c.id)
    .limit(bindparam("limit"))
)
_NUMBERS_AT_NIGHT = _NUMBERS.where(_PRESSING)
_CHECK_LATER = (
    update(case_table)
    .where(case_table.c.id == bindparam("row_id"))
    .values(next_check_at=bindparam("next_at"))
)
_CODE = select(case_table.c.code).where(case_table.c.id == bindparam("row_id"))
_IS_DUE = select(case_table.c.id).where(case_table.c.next_check_at <= bindparam("now")).limit(1)
_IS_DUE_AT_NIGHT = _IS_DUE.where(_PRESSING)
_NOTE = (
    update(case_table)
    .where(case_table.c.id == bindparam("row_id"))
    .values(
        leader_at=bindparam("leader"),
        chairman_at=bindparam("chairman"),
        accept_leader_at=bindparam("accept_leader"),
        accept_chairman_at=bindparam("accept_chairman"),
        decide_due_at=bindparam("decide"),
        reminded_at=bindparam("reminded"),
        escalated=bindparam("levels"),
        next_check_at=bindparam("next_at"),
    )
)


async def due_cases(
    transaction: Transaction, *, now: datetime, limit: int, urgent_only: bool
) -> list[DueCase]:
    """Take cases with a milestone that has passed and that nobody was told of; other clocks take others."""
    statement = _DUE_AT_NIGHT if urgent_only else _DUE
    return [DueCase(**row) for row in await transaction.fetch(statement, {"now": now, "limit": limit})]


async def due_case(transaction: Transaction, number: int, *, now: datetime) -> list[DueCase]:
    """Take one such case; none where another clock has done it meanwhile."""
    return [DueCase(**row) for row in await transaction.fetch(_DUE_ONE, {"now": now, "row_id": number})]


async def due_numbers(transaction: Transaction, *, now: datetime, limit: int, urgent_only: bool) -> list[int]:
    """Return the numbers of such cases, taking none."""
    statement = _NUMBERS_AT_NIGHT if urgent_only else _NUMBERS
    return [row["id"] for row in await transaction.fetch(statement, {"now": now, "limit": limit})]


async def check_later(transaction: Transaction, number: int, *, at: datetime) -> str:
    """Let a case come back to the clock at a later time, with nothing told; return its code."""
    await transaction.execute(_CHECK_LATER, {"row_id": number, "next_at": at})
    row = await transaction.fetch_one(_CODE, {"row_id": number})
    return row["code"] if row else ""


async def is_any_due(transaction: Transaction, *, now: datetime, urgent_only: bool) -> bool:
    """Tell whether such a case is left, or in the hands of another clock."""
    found = await transaction.fetch_one(_IS_DUE_AT_NIGHT if urgent_only else _IS_DUE, {"now": now})
    return found is not None


def note_told(transaction: Transaction, case: DueCase, *, now: datetime) -> None:
    """Store that all milestones until now were told; the case comes back at its next one."""
    case.reminded_at = now
    row = {
        "row_id": case.id,
        "leader": case.leader_at,
        "chairman": case.chairman_at,
        "accept_leader": case.accept_leader_at,
        "accept_chairman": case.accept_chairman_at,
        "decide": case.decide_due_at,
        "reminded": now,
        "levels": case.escalated,
        "next_at": escalation.next_check(case),
    }
    transaction.write(_NOTE, row)


_UNREACHED = (
    update(case_table)
    .where(
        case_table.c.unit_code == bindparam("unit"),
        case_table.c.status.in_(sorted(OPEN_STATUSES)),
        case_table.c.unreached_at.is_(None),
    )
    .values(unreached_at=bindparam("at"))
)


async def note_unreached(transaction: Transaction, unit_code: str, *, now: datetime) -> None:
    """Store that nobody can be reached from now on about the open cases of a unit."""
    await transaction.execute(_UNREACHED, {"unit": unit_code, "at": now})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One case to remind a chat of, as it stands now, and how much there is beside it.

    of_matter and of_chat count the cases of the same matter and of the whole chat; above and sorting how many
    of the chat's are none of its reader's own, and how many wait in triage.
    """

    channel: str
    chat: str
    matter: str
    role: str
    at: datetime
    case_id: int
    code: str
    domain: str
    urgent: bool
    unit_code: str | None
    street: str | None
    ward_name: str | None
    due_at: datetime | None
    accept_due_at: datetime | None
    of_matter: int
    of_chat: int
    above: int
    sorting: int


_KEEP = insert(reminder)
_UNTIL_NOW = reminder.c.created_at <= bindparam("now")
_FIRST = select(reminder.c.id).where(_UNTIL_NOW).order_by(reminder.c.id).limit(1).with_for_update()
_FIRST_CHATS = (
    select(reminder.c.channel, reminder.c.chat)
    .where(_UNTIL_NOW)
    .group_by(reminder.c.channel, reminder.c.chat)
    .order_by(reminder.c.channel, reminder.c.chat)
    .limit(bindparam("limit"))
)
_ARE_URGENT = reminder.c.urgent == true()
_FIRST_AT_NIGHT, _FIRST_CHATS_AT_NIGHT = _FIRST.where(_ARE_URGENT), _FIRST_CHATS.where(_ARE_URGENT)
# The pairs themselves beside `either_of`, which other chats meet too: their lines stay.
_OF_CHATS = (
    _UNTIL_NOW,
    either_of(reminder.c.channel, reminder.c.chat),
    (reminder.c.channel + " " + reminder.c.chat).in_(bindparam("pairs", expanding=True)),
)
_DONE = delete(reminder).where(*_OF_CHATS)
_DONE_AT_NIGHT = _DONE.where(_ARE_URGENT)


def _lines(kept: FromClause) -> Select[Any]:
    """Return the query for the first cases of some chats: each case once, as what is gravest about it."""
    rank = either(
        {matter: place for place, matter in enumerate(escalation.GRAVEST_FIRST)}, value=kept.c.matter
    )
    every = (
        select(
            *(kept.c[name] for name in ("channel", "chat", "matter", "role", "at", "case_id")),
            *(
                case_table.c[name]
                for name in ("code", "domain", "urgent", "unit_code", "street", "ward_name")
            ),
            case_table.c.due_at,
            case_table.c.accept_due_at,
            rank.label("rank"),
            func.row_number()
            .over(
                partition_by=(kept.c.channel, kept.c.chat, kept.c.case_id),
                order_by=(rank, kept.c.at, kept.c.id),
            )
            .label("of_case"),
        )
        .select_from(kept.join(case_table, case_table.c.id == kept.c.case_id))
        .where(case_table.c.status.in_(sorted(OPEN_STATUSES)))
        .subquery()
    )
    of_chat = (every.c.channel, every.c.chat)
    counted = (
        select(
            every,
            func.row_number()
            .over(
                partition_by=of_chat,
                order_by=(every.c.rank, every.c.urgent.desc(), every.c.at, every.c.case_id),
            )
            .label("place"),
            func.count().over(partition_by=(*of_chat, every.c.matter)).label("of_matter"),
            func.count().over(partition_by=of_chat).label("of_chat"),
            _counted(every.c.role == "above", of_chat).label("above"),
            _counted(every.c.matter == escalation.Matter.TRIAGE, of_chat).label("sorting"),
        )
        .where(every.c.of_case == 1)
        .subquery()
    )
    return (
        select(*(counted.c[field.name] for field in fields(Line)))
        .where(counted.c.place <= bindparam("most"))
        .order_by(counted.c.channel, counted.c.chat, counted.c.place)
    )


def _counted(condition: ColumnElement[bool], of_chat: tuple[Any, ...]) -> Any:
    return func.sum(either((condition, 1), else_=0)).over(partition_by=of_chat)


def _taking(done: Delete, kept: Select[Any]) -> dict[str, Select[Any]]:
    """Return, for each database, the query for what is told.

    PostgreSQL takes it away in the same statement: what another clock adds meanwhile is neither told nor
    taken. SQLite has one writer at a time.
    """
    return {
        "postgresql": _lines(done.returning(*reminder.c).cte("taken")),
        "sqlite": _lines(kept.subquery()),
    }


_KEPT = select(reminder).where(*_OF_CHATS)
_LINES, _LINES_AT_NIGHT = _taking(_DONE, _KEPT), _taking(_DONE_AT_NIGHT, _KEPT.where(_ARE_URGENT))


def keep_lines(transaction: Transaction, rows: Iterable[dict[str, Any]]) -> None:
    """Keep what chats are to be reminded of: channel, chat, case_id, matter, role, urgent, at, created_at."""
    for row in rows:
        transaction.write(_KEEP, row)


async def take_chats(
    transaction: Transaction, *, now: datetime, limit: int, urgent_only: bool
) -> list[tuple[str, str]]:
    """Take chats that are to be reminded of something; none while another clock does this work.

    A second clock waits for the first one's transaction, and then finds that row gone.
    """
    first = _FIRST_AT_NIGHT if urgent_only else _FIRST
    if await transaction.fetch_one(first, {"now": now}) is None:
        return []
    return await chats_to_tell(transaction, now=now, limit=limit, urgent_only=urgent_only)


async def chats_to_tell(
    transaction: Transaction, *, now: datetime, limit: int, urgent_only: bool
) -> list[tuple[str, str]]:
    """Return chats that are to be reminded of something."""
    heads = _FIRST_CHATS_AT_NIGHT if urgent_only else _FIRST_CHATS
    rows = await transaction.fetch(heads, {"now": now, "limit": limit})
    return [(row["channel"], row["chat"]) for row in rows]


async def take_lines(
    transaction: Transaction,
    chats: Sequence[tuple[str, str]],
    *,
    now: datetime,
    most: int,
    urgent_only: bool,
) -> list[Line]:
    """Return the gravest cases of each chat, at most so many, and take away all that was kept for them.

    What is no longer open is left out.
    """
    lines, done = (_LINES_AT_NIGHT, _DONE_AT_NIGHT) if urgent_only else (_LINES, _DONE)
    told = {"now": now, "pairs": [f"{channel} {chat}" for channel, chat in chats], **halves(chats)}
    rows = await transaction.fetch(lines[transaction.dialect], {**told, "most": most})
    if transaction.dialect == "sqlite":
        await transaction.execute(done, told)
    return [Line(**row) for row in rows]


_LATE = (
    case_table.c.status.in_(sorted(OPEN_STATUSES)),
    case_table.c.due_at < bindparam("now"),
    case_table.c.paused_at.is_(None),
)
_WITHIN = (
    case_table.c.unit_code.in_(bindparam("units", expanding=True)),
    case_table.c.domain.not_in(bindparam("hidden", expanding=True)),
)
_LATE_COLUMNS = [
    case_table.c[name]
    for name in ("id", "code", "domain", "urgent", "unit_code", "street", "ward_name", "due_at")
]
_LIST_LATE = (
    select(*_LATE_COLUMNS)
    .where(*_LATE)
    .order_by(case_table.c.due_at, case_table.c.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNT_LATE = select(func.count().label("cases")).select_from(case_table).where(*_LATE)
_LIST_LATE_WITHIN, _COUNT_LATE_WITHIN = _LIST_LATE.where(*_WITHIN), _COUNT_LATE.where(*_WITHIN)


@dataclass(frozen=True, slots=True, kw_only=True)
class LateCase:
    """An open case past its deadline, as a list shows it."""

    id: int
    code: str
    domain: str
    urgent: bool
    unit_code: str | None
    street: str | None
    ward_name: str | None
    due_at: datetime


async def late_cases(
    transaction: Transaction,
    *,
    now: datetime,
    units: Collection[str] | None,
    hidden: Collection[str],
    limit: int,
    offset: int,
) -> tuple[int, list[LateCase]]:
    """Count what is late and return one page of it, the longest overdue first.

    units: only of these, without the hidden domains; None for the whole city.
    """
    within = {} if units is None else {"units": sorted(units), "hidden": sorted(hidden)}
    counted = _COUNT_LATE if units is None else _COUNT_LATE_WITHIN
    listed = _LIST_LATE if units is None else _LIST_LATE_WITHIN
    row = await transaction.fetch_one(counted, {"now": now, **within})
    rows = await transaction.fetch(listed, {"now": now, "limit": limit, "offset": offset, **within})
    return int(row["cases"]) if row else 0, [LateCase(**each) for each in rows]
