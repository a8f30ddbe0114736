"""Parts: what supporting units contribute to a case, each asked for, due and answered on its own."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, insert, literal_column, select, update

from storage.database import Transaction
from storage.tables import case as case_table
from storage.tables import part as part_table

OPEN, DONE, DECLINED, DROPPED = "open", "done", "declined", "dropped"
"""Still to do; done; not this unit's; no longer needed because the case is finished."""


@dataclass(slots=True, kw_only=True)
class Part:
    """One unit's part in a case of another; an attribute for each column of `part`."""

    id: int
    case_id: int
    unit_code: str
    task: str
    status: str = OPEN
    asked_at: datetime
    asked_by: int | None = None
    due_at: datetime | None = None
    officer_id: int | None = None
    answered_at: datetime | None = None
    answer: str | None = None
    reminded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedPart:
    """A part as a list shows it, with what its case is about."""

    id: int
    unit_code: str
    task: str
    due_at: datetime | None
    case_id: int
    code: str
    domain: str
    street: str | None
    ward_name: str | None


_NAMES = tuple(field.name for field in fields(Part))
_INSERT = insert(part_table)
_UPDATE = update(part_table).where(part_table.c.id == bindparam("row_id"))
_DROP = (
    update(part_table)
    .where(part_table.c.case_id == bindparam("of_case"), part_table.c.status == OPEN)
    .values(status=DROPPED, answered_at=bindparam("at"))
)
_BY_ID = select(part_table).where(part_table.c.id == bindparam("row_id"))
_BY_ID_LOCKED = _BY_ID.with_for_update()
_OF_CASE = select(part_table).where(part_table.c.case_id == bindparam("of_case")).order_by(part_table.c.id)
# The literal words let the indexes serve prepared statements too.
_IS_OPEN = part_table.c.status == literal_column("'open'")
_LISTED = select(
    part_table.c.id,
    part_table.c.unit_code,
    part_table.c.task,
    part_table.c.due_at,
    part_table.c.case_id,
    case_table.c.code,
    case_table.c.domain,
    case_table.c.street,
    case_table.c.ward_name,
).join(case_table, case_table.c.id == part_table.c.case_id)
_OF_UNITS = part_table.c.unit_code.in_(bindparam("units", expanding=True))
_OPEN_OF_UNITS = (
    _LISTED.where(_OF_UNITS, _IS_OPEN)
    .order_by(part_table.c.due_at.asc().nulls_last(), part_table.c.id)
    .limit(bindparam("most"))
    .offset(bindparam("offset"))
)
_COUNT = select(func.count().label("parts")).select_from(part_table).where(_OF_UNITS, _IS_OPEN)
_DUE = (
    _LISTED.where(_IS_OPEN, part_table.c.due_at <= bindparam("now"), part_table.c.reminded_at.is_(None))
    .order_by(part_table.c.due_at, part_table.c.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True, of=part_table)
)
_REMINDED = (
    update(part_table).where(part_table.c.id == bindparam("row_id")).values(reminded_at=bindparam("at"))
)


def add_part(transaction: Transaction, part: Part) -> None:
    """Store a part that was asked for."""
    transaction.write(_INSERT, {name: getattr(part, name) for name in _NAMES})


def save_part(transaction: Transaction, part: Part) -> None:
    """Store what became of a part."""
    changed = {name: getattr(part, name) for name in _NAMES if name not in ("id", "case_id")}
    transaction.write(_UPDATE, {"row_id": part.id, **changed})


def drop_parts(transaction: Transaction, case_id: int, at: datetime) -> None:
    """End what is still open of a case that is finished."""
    transaction.write(_DROP, {"of_case": case_id, "at": at})


async def get_part(transaction: Transaction, part_id: int, *, lock: bool = False) -> Part | None:
    """Return one part, kept from others until the transaction ends if `lock`."""
    row = await transaction.fetch_one(_BY_ID_LOCKED if lock else _BY_ID, {"row_id": part_id})
    return Part(**row) if row else None


async def parts_of(transaction: Transaction, case_id: int) -> list[Part]:
    """Return the parts of a case in the order in which they were asked for."""
    return [Part(**row) for row in await transaction.fetch(_OF_CASE, {"of_case": case_id})]


async def open_parts_of_units(
    transaction: Transaction, unit_codes: Collection[str], *, limit: int, offset: int = 0
) -> list[ListedPart]:
    """Return what is still to do for these units, by when it is due."""
    parameters = {"units": sorted(unit_codes), "most": limit, "offset": offset}
    return await _listed(transaction, _OPEN_OF_UNITS, parameters)


async def count_open_parts_of_units(transaction: Transaction, unit_codes: Collection[str]) -> int:
    """Count what is still to do for these units."""
    row = await transaction.fetch_one(_COUNT, {"units": sorted(unit_codes)})
    return int(row["parts"]) if row else 0


async def parts_due(transaction: Transaction, *, now: datetime, limit: int) -> list[ListedPart]:
    """Return open parts that are due and that nobody was reminded of; two clocks each get others."""
    return await _listed(transaction, _DUE, {"now": now, "most": limit})


def mark_reminded(transaction: Transaction, parts: Sequence[ListedPart], at: datetime) -> None:
    """Note that these were reminded of."""
    for each in parts:
        transaction.write(_REMINDED, {"row_id": each.id, "at": at})


async def _listed(
    transaction: Transaction, statement: Select[Any], parameters: dict[str, Any]
) -> list[ListedPart]:
    return [ListedPart(**row) for row in await transaction.fetch(statement, parameters)]
