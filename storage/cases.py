"""Cases: what holds of each now, and their photos."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, literal, literal_column, or_, select, true, update
from sqlalchemy import case as either
from sqlalchemy.dialects import postgresql, sqlite

from routing import escalation, similarity
from routing.workflow import OPEN_STATUSES, Status
from storage.database import Transaction
from storage.identity import new_id
from storage.tables import case as case_table
from storage.tables import case_photo, photo


@dataclass(slots=True, kw_only=True)
class Case:
    """One case as it stands; an attribute for each column of `case`.

    Change it through the handlers, append the event that tells why, and save it. `event_count`,
    `head_hash` and `head_at` belong to the ledger; `next_check_at` is worked out when the case is saved,
    `words` and `cell`, by which duplicates are found, when it is stored first.
    """

    id: int
    code: str
    kind: str
    domain: str
    status: str
    urgent: bool = False
    text: str
    ward_code: str | None = None
    ward_name: str | None = None
    street: str | None = None
    latitude: float | None = None
    longitude: float | None = None
    unit_code: str | None = None
    officer_id: int | None = None
    reporter_id: int
    channel: str
    chat: str
    anonymous: bool = False
    consent_at: datetime
    consent_text: str
    reading: dict[str, Any] = field(default_factory=dict)
    triage_reason: str | None = None
    received_at: datetime
    assigned_at: datetime | None = None
    accept_due_at: datetime | None = None
    accepted_at: datetime | None = None
    due_at: datetime | None = None
    warn_at: datetime | None = None
    paused_at: datetime | None = None
    answered_at: datetime | None = None
    answer: str | None = None
    answer_due_at: datetime | None = None
    extended: bool = False
    extended_from: datetime | None = None
    extension: dict[str, Any] | None = None
    extension_unit: str | None = None
    extension_count: int = 0
    proposed: dict[str, Any] | None = None
    leader_at: datetime | None = None
    chairman_at: datetime | None = None
    escalated: int = 0
    snoozed_until: datetime | None = None
    triage_at: datetime | None = None
    decide_due_at: datetime | None = None
    accept_leader_at: datetime | None = None
    accept_chairman_at: datetime | None = None
    unreached_at: datetime | None = None
    reopened_at: datetime | None = None
    paused_hours: float = 0.0
    handled_hours: float | None = None
    closed_at: datetime | None = None
    rating: int | None = None
    returned_count: int = 0
    reopened_count: int = 0
    late_before: bool = False
    event_count: int = 0
    head_hash: str = ""
    head_at: datetime | None = None
    reminded_at: datetime | None = None
    next_check_at: datetime | None = None
    master_id: int | None = None
    people_count: int = 1
    words: str | None = None
    cell: int | None = None
    teaching: float = 0.0

    @property
    def is_late(self) -> bool:
        """Whether the answer that counts now was given past its deadline."""
        held_to, at = self.answer_due_at, self.answered_at
        return held_to is not None and at is not None and at > held_to


_NAMES = tuple(field.name for field in fields(Case))
_FIXED = frozenset({"id", "code", "text", "consent_at", "consent_text", "received_at", "words", "cell"})
_CHANGEABLE = tuple(name for name in _NAMES if name not in _FIXED)
_OPEN = sorted(OPEN_STATUSES)

_INSERT = insert(case_table)
_UPDATE = update(case_table).where(case_table.c.id == bindparam("row_id"))


def add_case(transaction: Transaction, case: Case) -> None:
    """Store a new case."""
    case.next_check_at = escalation.next_check(case)
    case.words = similarity.stored_words(case.text)
    case.cell = similarity.cell_of(case.latitude, case.longitude)
    transaction.write(_INSERT, {name: getattr(case, name) for name in _NAMES})


def save_case(transaction: Transaction, case: Case) -> None:
    """Store what changed of a case; its code, text, consent and time of receipt never do."""
    case.next_check_at = escalation.next_check(case)
    row = {name: getattr(case, name) for name in _CHANGEABLE}
    transaction.write(_UPDATE, {"row_id": case.id, **row})


_ALL = select(case_table)
_BY_CODE = _ALL.where(case_table.c.code == bindparam("in_code"))
_BY_ID = _ALL.where(case_table.c.id == bindparam("row_id"))
_BY_CODE_LOCKED, _BY_ID_LOCKED = _BY_CODE.with_for_update(), _BY_ID.with_for_update()


async def get_case(transaction: Transaction, code: str, *, lock: bool = False) -> Case | None:
    """Return the case with this tracking code (in its normal form), kept from others if `lock`."""
    row = await transaction.fetch_one(_BY_CODE_LOCKED if lock else _BY_CODE, {"in_code": code})
    return _from_row(row) if row else None


async def get_case_by_id(transaction: Transaction, case_id: int, *, lock: bool = False) -> Case | None:
    """Return the case with this number, kept from others until the transaction ends if `lock`."""
    row = await transaction.fetch_one(_BY_ID_LOCKED if lock else _BY_ID, {"row_id": case_id})
    return _from_row(row) if row else None


def _from_row(row: Mapping[str, Any]) -> Case:
    return Case(**row)


_OF_REPORTER = (
    _ALL.where(case_table.c.reporter_id == bindparam("person_id"))
    .order_by(case_table.c.received_at.desc(), case_table.c.id.desc())
    .limit(bindparam("limit"))
)
_OPEN_OF_UNITS = (
    case_table.c.unit_code.in_(bindparam("units", expanding=True)),
    case_table.c.status.in_(_OPEN),
)
_LIST_OPEN = (
    _ALL.where(*_OPEN_OF_UNITS)
    .order_by(case_table.c.urgent.desc(), case_table.c.due_at.asc().nulls_last(), case_table.c.id)
    .limit(bindparam("limit"))
    .offset(bindparam("offset"))
)
_COUNT_OPEN = select(func.count().label("cases")).select_from(case_table).where(*_OPEN_OF_UNITS)
_FAR_AHEAD = datetime(9999, 1, 1, tzinfo=UTC)
_PRESSING = or_(case_table.c.urgent == true(), case_table.c.kind == "emergency")
_WAITED = case_table.c.received_at <= bindparam("waiting_since")
_TRIAGE = (
    # The literal word lets the partial index serve a prepared statement too.
    _ALL.where(case_table.c.status == literal_column("'triage'"))
    .order_by(
        _PRESSING.desc(),
        _WAITED.desc(),
        either((or_(_PRESSING, _WAITED), literal(0.0)), else_=case_table.c.teaching).desc(),
        case_table.c.received_at,
        case_table.c.id,
    )
    .limit(bindparam("limit"))
)

_IN_TRIAGE = (
    select(case_table.c.id).where(case_table.c.status == literal_column("'triage'")).limit(bindparam("limit"))
)


def _taken(statement: Select[Any]) -> Select[Any]:
    """Let the clocks of several processes each take other cases."""
    return statement.limit(bindparam("limit")).with_for_update(skip_locked=True)


_WAITING = _taken(
    _ALL.where(
        case_table.c.status == Status.WAITING_FOR_CITIZEN, case_table.c.paused_at <= bindparam("before")
    ).order_by(case_table.c.paused_at, case_table.c.id)
)
_TO_CLOSE = _taken(
    # The literal word lets the partial index serve a prepared statement too.
    _ALL.where(
        case_table.c.status == literal_column("'answered'"), case_table.c.answered_at < bindparam("before")
    ).order_by(case_table.c.answered_at, case_table.c.id)
)


async def cases_of_reporter(transaction: Transaction, person_id: int, *, limit: int = 10) -> list[Case]:
    """Return what a person reported, latest first."""
    return await _list(transaction, _OF_REPORTER, person_id=person_id, limit=limit)


async def open_cases_of_units(
    transaction: Transaction, unit_codes: Collection[str], *, limit: int = 20, offset: int = 0
) -> list[Case]:
    """Return the units' open cases: urgent ones first, then by when they are due."""
    return await _list(transaction, _LIST_OPEN, units=list(unit_codes), limit=limit, offset=offset)


async def count_open_cases_of_units(transaction: Transaction, unit_codes: Collection[str]) -> int:
    """Count the units' open cases."""
    row = await transaction.fetch_one(_COUNT_OPEN, {"units": list(unit_codes)})
    return int(row["cases"]) if row else 0


async def cases_in_triage(
    transaction: Transaction, *, waiting_since: datetime | None = None, limit: int = 10
) -> list[Case]:
    """Return what waits for a dispatcher: emergencies and urgent cases first, the oldest of them first.

    Then whatever was received by `waiting_since`, the oldest first; then what teaches most. Without
    `waiting_since` all others come the oldest first.
    """
    return await _list(transaction, _TRIAGE, limit=limit, waiting_since=waiting_since or _FAR_AHEAD)


async def count_in_triage(transaction: Transaction, *, limit: int) -> int:
    """Count what waits for a dispatcher, no further than to a limit."""
    return len(await transaction.fetch(_IN_TRIAGE, {"limit": limit}))


async def cases_waiting(transaction: Transaction, *, asked_before: datetime, limit: int = 500) -> list[Case]:
    """Return cases whose citizen was asked so long ago and has not replied, the longest wait first."""
    return await _list(transaction, _WAITING, before=asked_before, limit=limit)


async def cases_to_close(
    transaction: Transaction, *, answered_before: datetime, limit: int = 500
) -> list[Case]:
    """Return answered cases that nobody has closed or reopened since."""
    return await _list(transaction, _TO_CLOSE, before=answered_before, limit=limit)


async def _list(transaction: Transaction, statement: Select[Any], **parameters: Any) -> list[Case]:
    return [_from_row(row) for row in await transaction.fetch(statement, parameters)]


_INSERT_PHOTO = {
    "sqlite": sqlite.insert(photo).on_conflict_do_nothing(index_elements=["media_key"]),
    "postgresql": postgresql.insert(photo).on_conflict_do_nothing(index_elements=["media_key"]),
}
_NOTE_SENDER = (
    update(photo)
    .where(photo.c.media_key == bindparam("key"), photo.c.person_id.is_(None))
    .values(person_id=bindparam("sender"))
)
_ATTACH = {
    "sqlite": sqlite.insert(case_photo).on_conflict_do_nothing(index_elements=["case_id", "media_key"]),
    "postgresql": postgresql.insert(case_photo).on_conflict_do_nothing(
        index_elements=["case_id", "media_key"]
    ),
}
_PHOTOS_OF = (
    select(case_photo.c.media_key)
    .where(case_photo.c.case_id == bindparam("row_id"), case_photo.c.purpose == bindparam("in_purpose"))
    .order_by(case_photo.c.number)
)


def add_photo(
    transaction: Transaction,
    *,
    media_key: str,
    mime: str,
    size: int,
    width: int | None,
    height: int | None,
    at: datetime,
) -> None:
    """Record a stored picture; one that is known already stays as it is."""
    row = {"media_key": media_key, "mime": mime, "size": size, "width": width, "height": height}
    transaction.write(_INSERT_PHOTO[transaction.dialect], {**row, "created_at": at})


def note_sender(transaction: Transaction, media_keys: Sequence[str], person_id: int) -> None:
    """Note who sent stored pictures, unless that is known."""
    for key in media_keys:
        transaction.write(_NOTE_SENDER, {"key": key, "sender": person_id})


def attach_photo(transaction: Transaction, case_id: int, media_key: str, purpose: str, at: datetime) -> None:
    """Put a recorded picture on a case, as part of the "report" or of the "answer"; once is enough."""
    row = {"case_id": case_id, "media_key": media_key, "purpose": purpose, "added_at": at}
    transaction.write(_ATTACH[transaction.dialect], {**row, "number": new_id()})


def attach_photos(
    transaction: Transaction, case_id: int, media_keys: Sequence[str], purpose: str, at: datetime
) -> None:
    """Put several recorded pictures on a case, a microsecond apart so that their order is kept."""
    for number, media_key in enumerate(media_keys):
        attach_photo(transaction, case_id, media_key, purpose, at + timedelta(microseconds=number))


async def photos_of(transaction: Transaction, case_id: int, purpose: str) -> list[str]:
    """Return the media keys of a case's pictures for one purpose, in the order in which they came."""
    rows = await transaction.fetch(_PHOTOS_OF, {"row_id": case_id, "in_purpose": purpose})
    return [row["media_key"] for row in rows]
