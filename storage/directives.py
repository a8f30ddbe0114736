"""Directives: what leaders and chairs order of units, what became of each, and its photos and recordings."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    insert,
    literal_column,
    select,
    update,
)

from storage.database import Transaction
from storage.tables import case as case_table
from storage.tables import directive as table
from storage.tables import directive_event, directive_file, outbox

ASSIGN, REPORT, EXTEND, EXPLAIN = "assign", "report", "extend", "explain"
"""What is ordered: to settle a case, to report on it, more time for it, to explain."""
PROPOSED, GIVEN, SEEN, DONE, DROPPED = "proposed", "given", "seen", "done", "dropped"
"""Not confirmed yet; out; acknowledged; reported on; never given."""
ORDER, DRAFT, ANSWER = "order", "draft", "report"
"""What a kept file belongs to: the order, a report that is being written, a report that was sent."""


@dataclass(slots=True, kw_only=True)
class Directive:
    """One order; an attribute for each column of `directive`.

    While a report is being written, `report` and `done_by` hold it and its writer and `done_at` is None.
    """

    id: int
    kind: str
    status: str = PROPOSED
    case_id: int | None = None
    unit_code: str
    about: dict[str, Any] | None = None
    text: str
    due_at: datetime | None = None
    given_by: int
    given_role: str
    given_unit: str
    group_id: int | None = None
    channel: str
    chat: str
    topic: str = ""
    proposed_at: datetime
    given_at: datetime | None = None
    seen_at: datetime | None = None
    seen_by: int | None = None
    done_at: datetime | None = None
    done_by: int | None = None
    report: str | None = None
    next_check_at: datetime | None = None
    reminders: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectiveEvent:
    """One thing that became of a directive; `sequence` counts from 1 within it."""

    directive_id: int
    sequence: int
    type: str
    actor_id: int | None
    actor_role: str
    at: datetime
    data: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFile:
    """A photo, recording or document of a directive, by its media key."""

    media_key: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A directive as a list shows it, with the code of its case."""

    id: int
    kind: str
    status: str
    unit_code: str
    text: str
    due_at: datetime | None
    given_at: datetime | None
    case_id: int | None
    code: str | None

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether its time is over and nothing was reported."""
        return self.status in (GIVEN, SEEN) and self.due_at is not None and self.due_at < now


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many directives stand how; `overdue` are among the others."""

    given: int = 0
    seen: int = 0
    done: int = 0
    overdue: int = 0


_NAMES = tuple(field.name for field in fields(Directive))
_INSERT = insert(table)
_UPDATE = update(table).where(table.c.id == bindparam("row_id"))
_BY_ID = select(table).where(table.c.id == bindparam("row_id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_OF_CASE = select(table).where(table.c.case_id == bindparam("of_case")).order_by(table.c.id)
_DUE = (
    select(table)
    .where(table.c.next_check_at.is_not(None), table.c.next_check_at <= bindparam("now"))
    .order_by(table.c.next_check_at, table.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
_OPEN_AT = (
    select(table)
    .where(
        table.c.unit_code == bindparam("of_unit"),
        table.c.status.in_((GIVEN, SEEN)),
        table.c.id > bindparam("after"),
    )
    .order_by(table.c.id)
    .limit(bindparam("most"))
    .with_for_update()
)
_CHECK_LATER = (
    update(table).where(table.c.id == bindparam("row_id")).values(next_check_at=bindparam("check_at"))
)
_ADD_EVENT = insert(directive_event)
_LAST_EVENT = select(func.max(directive_event.c.sequence).label("sequence")).where(
    directive_event.c.directive_id == bindparam("row_id")
)
_EVENTS = (
    select(directive_event)
    .where(directive_event.c.directive_id == bindparam("row_id"))
    .order_by(directive_event.c.sequence)
)
_ADD_FILE = insert(directive_file)
_FILES = (
    select(directive_file.c.media_key, directive_file.c.kind)
    .where(
        directive_file.c.directive_id == bindparam("row_id"),
        directive_file.c.purpose == bindparam("for_purpose"),
    )
    .order_by(directive_file.c.added_at, directive_file.c.media_key)
)
_FILE_KEYS = select(directive_file.c.media_key).where(directive_file.c.directive_id == bindparam("row_id"))
_OF_DIRECTIVE = and_(
    directive_file.c.directive_id == bindparam("row_id"),
    directive_file.c.purpose == literal_column("'draft'"),
)
_DROP_DRAFTS = delete(directive_file).where(_OF_DIRECTIVE)
_SEND_DRAFTS = update(directive_file).where(_OF_DIRECTIVE).values(purpose=ANSWER)

_LISTED = select(
    table.c.id,
    table.c.kind,
    table.c.status,
    table.c.unit_code,
    table.c.text,
    table.c.due_at,
    table.c.given_at,
    table.c.case_id,
    case_table.c.code,
).select_from(table.outerjoin(case_table, case_table.c.id == table.c.case_id))
_OUT = table.c.status.in_((GIVEN, SEEN, DONE))
_OPEN = table.c.status.in_((GIVEN, SEEN))
_BY_PERSON = table.c.given_by == bindparam("person")
_OF_UNITS = table.c.unit_code.in_(bindparam("units", expanding=True))
_IS_OVERDUE = and_(_OPEN, table.c.due_at < bindparam("now"))
_WHICH: dict[str, ColumnElement[bool]] = {
    "": _OUT,
    "open": _OPEN,
    GIVEN: table.c.status == GIVEN,
    SEEN: table.c.status == SEEN,
    DONE: table.c.status == DONE,
    "overdue": _IS_OVERDUE,
}
"""Which directives a list can be narrowed to."""


def _list_of(whose: ColumnElement[bool], which: ColumnElement[bool]) -> Select[Any]:
    undone = case((_OPEN, 0), else_=1)
    return (
        _LISTED.where(whose, which)
        .order_by(undone, table.c.due_at.asc().nulls_last(), table.c.id.desc())
        .limit(bindparam("most"))
        .offset(bindparam("offset"))
    )


def _counts_of(whose: ColumnElement[bool]) -> Select[Any]:
    overdue = func.sum(case((_IS_OVERDUE, 1), else_=0)).label("overdue")
    return (
        select(table.c.status, func.count().label("directives"), overdue)
        .where(whose, _OUT)
        .group_by(table.c.status)
    )


_LISTS = {
    (whose, name): _list_of(condition, which)
    for whose, condition in (("given", _BY_PERSON), ("received", _OF_UNITS))
    for name, which in _WHICH.items()
}
_COUNTS = {"given": _counts_of(_BY_PERSON), "received": _counts_of(_OF_UNITS)}
_MESSAGE = (
    select(outbox.c.message)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.external_id == bindparam("message_id"),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)
_PART_OF_MESSAGE = (
    select(outbox.c.message)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.other_ids.like(bindparam("part"), escape="\\"),
    )
    .order_by(outbox.c.id.desc())
    .limit(1)
)


# ── one directive ────────────────────────────────────────────────────────────────────────────────


def add_directive(transaction: Transaction, directive: Directive) -> None:
    """Store a directive that somebody wrote."""
    transaction.write(_INSERT, {name: getattr(directive, name) for name in _NAMES})


def save_directive(transaction: Transaction, directive: Directive) -> None:
    """Store what became of a directive."""
    changed = {name: getattr(directive, name) for name in _NAMES if name != "id"}
    transaction.write(_UPDATE, {"row_id": directive.id, **changed})


async def get_directive(
    transaction: Transaction, directive_id: int, *, lock: bool = False
) -> Directive | None:
    """Return one directive, kept from others until the transaction ends if `lock`."""
    if not 0 < directive_id < 2**63:
        return None
    row = await transaction.fetch_one(_BY_ID_LOCKED if lock else _BY_ID, {"row_id": directive_id})
    return Directive(**row) if row else None


async def directives_of_case(transaction: Transaction, case_id: int) -> list[Directive]:
    """Return the directives on a case, in the order in which they were written; also those never given."""
    return [Directive(**row) for row in await transaction.fetch(_OF_CASE, {"of_case": case_id})]


async def due_directives(transaction: Transaction, *, now: datetime, limit: int) -> list[Directive]:
    """Return directives that somebody must be reminded of or that lapse; two clocks each get others."""
    return [Directive(**row) for row in await transaction.fetch(_DUE, {"now": now, "most": limit})]


def check_later(transaction: Transaction, directive_id: int, *, at: datetime) -> None:
    """Let the clock look at a directive again at this time."""
    transaction.write(_CHECK_LATER, {"row_id": directive_id, "check_at": at})


async def open_directives_at(
    transaction: Transaction, unit_code: str, *, after: int, limit: int
) -> list[Directive]:
    """Return the next directives by number that a unit has not reported on, kept from others."""
    row = {"of_unit": unit_code, "after": after, "most": limit}
    return [Directive(**found) for found in await transaction.fetch(_OPEN_AT, row)]


async def directive_of_message(
    transaction: Transaction, *, channel: str, chat: str, message_id: str, actions: Collection[str]
) -> int | None:
    """Return the directive that a message sent to this chat is about: the one that its buttons name.

    actions: the buttons whose data is an action and the number of a directive.
    """
    where = {"in_channel": channel, "in_chat": chat}
    row = await transaction.fetch_one(_MESSAGE, {**where, "message_id": message_id})
    if row is None:
        part = re.sub(r"([\\%_])", r"\\\1", message_id)
        row = await transaction.fetch_one(_PART_OF_MESSAGE, {**where, "part": f"% {part} %"})
    for button in (each for line in (row or {"message": {}})["message"].get("buttons", ()) for each in line):
        action, _, number = button["data"].partition(":")
        if action in actions and number.isascii() and number.isdecimal():
            return int(number)
    return None


async def text_of_message(transaction: Transaction, *, channel: str, chat: str, message_id: str) -> str:
    """Return the text of a message sent to this chat; empty for none."""
    where = {"in_channel": channel, "in_chat": chat, "message_id": message_id}
    row = await transaction.fetch_one(_MESSAGE, where)
    return str(row["message"].get("text", "")) if row else ""


# ── what became of it ────────────────────────────────────────────────────────────────────────────


async def append_event(
    transaction: Transaction,
    directive: Directive,
    *,
    type: str,
    actor_id: int | None,
    actor_role: str,
    at: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Write what became of a directive; whoever calls it holds the directive's lock."""
    last = await transaction.fetch_one(_LAST_EVENT, {"row_id": directive.id})
    row = {
        "directive_id": directive.id,
        "sequence": ((last and last["sequence"]) or 0) + 1,
        "type": type,
        "actor_id": actor_id,
        "actor_role": actor_role,
        "at": at,
        "data": dict(data or {}),
    }
    transaction.write(_ADD_EVENT, row)


async def events_of_directive(transaction: Transaction, directive_id: int) -> list[DirectiveEvent]:
    """Return what became of a directive, in order."""
    return [DirectiveEvent(**row) for row in await transaction.fetch(_EVENTS, {"row_id": directive_id})]


async def add_files(
    transaction: Transaction, directive_id: int, files: Sequence[KeptFile], *, purpose: str, at: datetime
) -> None:
    """Keep photos and recordings with a directive, each once."""
    known = {row["media_key"] for row in await transaction.fetch(_FILE_KEYS, {"row_id": directive_id})}
    for kept in {file.media_key: file for file in files if file.media_key not in known}.values():
        row = {
            "directive_id": directive_id,
            "media_key": kept.media_key,
            "purpose": purpose,
            "kind": kept.kind,
            "added_at": at,
        }
        transaction.write(_ADD_FILE, row)


async def files_of_directive(transaction: Transaction, directive_id: int, purpose: str) -> list[KeptFile]:
    """Return what was kept with an order or with the report on it."""
    row = {"row_id": directive_id, "for_purpose": purpose}
    return [KeptFile(**found) for found in await transaction.fetch(_FILES, row)]


def drop_draft_files(transaction: Transaction, directive_id: int) -> None:
    """Forget the files of a report that is written anew."""
    transaction.write(_DROP_DRAFTS, {"row_id": directive_id})


def send_draft_files(transaction: Transaction, directive_id: int) -> None:
    """Let the files of a report that was being written belong to it for good."""
    transaction.write(_SEND_DRAFTS, {"row_id": directive_id})


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


async def directives_given(
    transaction: Transaction, person_id: int, *, which: str = "", now: datetime, limit: int, offset: int = 0
) -> list[Listed]:
    """Return what a person has ordered, open ones first by when they are due.

    which: "" for all, "open", "given", "seen", "done" or "overdue".
    """
    row = {"person": person_id, "most": limit, "offset": offset, **_clock(which, now)}
    return [Listed(**found) for found in await transaction.fetch(_LISTS["given", which], row)]


async def directives_received(
    transaction: Transaction,
    unit_codes: Collection[str],
    *,
    which: str = "",
    now: datetime,
    limit: int,
    offset: int = 0,
) -> list[Listed]:
    """Return what was ordered of these units, as `directives_given` does."""
    row = {"units": sorted(unit_codes), "most": limit, "offset": offset, **_clock(which, now)}
    return [Listed(**found) for found in await transaction.fetch(_LISTS["received", which], row)]


def _clock(which: str, now: datetime) -> dict[str, datetime]:
    return {"now": now} if which == "overdue" else {}


async def count_given(transaction: Transaction, person_id: int, *, now: datetime) -> Counts:
    """Count what a person has ordered, by how it stands."""
    return _counts(await transaction.fetch(_COUNTS["given"], {"person": person_id, "now": now}))


async def count_received(transaction: Transaction, unit_codes: Collection[str], *, now: datetime) -> Counts:
    """Count what was ordered of these units, by how it stands."""
    return _counts(await transaction.fetch(_COUNTS["received"], {"units": sorted(unit_codes), "now": now}))


def _counts(rows: Sequence[Mapping[str, Any]]) -> Counts:
    standing = {row["status"]: int(row["directives"]) for row in rows}
    return Counts(**standing, overdue=sum(int(row["overdue"] or 0) for row in rows))
