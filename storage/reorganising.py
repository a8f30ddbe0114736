"""Changes of the tree as they are planned and carried out, and what moves with a unit's work."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import BindParameter, Select, and_, bindparam, delete, insert, or_, select, union, update
from sqlalchemy import case as either

from routing.workflow import OPEN_STATUSES
from storage.cases import Case
from storage.database import Transaction
from storage.identity import new_id
from storage.people import HeldPost
from storage.tables import case as case_table
from storage.tables import directive, invitation, org_change, part, person, post, template

REASON = "reorganised"
"""Why a post has ended whose unit did."""


@dataclass(frozen=True, kw_only=True, slots=True)
class OrgChange:
    """A change file: the day it is for, when it was stored and done, and how far it has come."""

    id: int
    on_day: date
    document: Mapping[str, Any]
    created_at: datetime
    done_at: datetime | None = None
    outcome: dict[str, Any] | None = None


_INSERT = insert(org_change)
_IN_ORDER = (org_change.c.on_day, org_change.c.created_at, org_change.c.id)
_ALL = select(org_change).order_by(*_IN_ORDER)
_PENDING = _ALL.where(org_change.c.done_at.is_(None))
_DUE = _PENDING.where(org_change.c.on_day <= bindparam("today")).limit(1).with_for_update()
_SAVE = (
    update(org_change)
    .where(org_change.c.id == bindparam("row_id"))
    .values(outcome=bindparam("new_outcome"), done_at=bindparam("at"))
)
_GET = _PENDING.where(org_change.c.id == bindparam("row_id")).with_for_update()
_CANCEL = delete(org_change).where(org_change.c.id == bindparam("row_id"))


def plan_change(
    transaction: Transaction, document: Mapping[str, Any], *, on_day: date, now: datetime
) -> OrgChange:
    """Store a change file that is carried out on a day."""
    planned = OrgChange(id=new_id(), on_day=on_day, document=document, created_at=now)
    row = {"id": planned.id, "on_day": on_day, "document": dict(document), "created_at": now}
    transaction.write(_INSERT, row)
    return planned


async def all_changes(transaction: Transaction) -> list[OrgChange]:
    """Return every change, by its day."""
    return [OrgChange(**row) for row in await transaction.fetch(_ALL)]


async def pending_changes(transaction: Transaction) -> list[OrgChange]:
    """Return the changes that are not done, by their day."""
    return [OrgChange(**row) for row in await transaction.fetch(_PENDING)]


async def due_change(transaction: Transaction, *, today: date) -> OrgChange | None:
    """Return the first change that is due and not done, kept from others until the transaction ends."""
    row = await transaction.fetch_one(_DUE, {"today": today})
    return OrgChange(**row) if row else None


def save_progress(
    transaction: Transaction,
    change: OrgChange,
    outcome: Mapping[str, Any],
    *,
    done_at: datetime | None = None,
) -> None:
    """Store how far a change has come, and when it was done."""
    transaction.write(_SAVE, {"row_id": change.id, "new_outcome": dict(outcome), "at": done_at})


async def cancel_change(transaction: Transaction, change_id: int) -> bool:
    """Drop a change that has not begun; tell whether there was one."""
    row = await transaction.fetch_one(_GET, {"row_id": change_id})
    if row is None or "stage" in (row["outcome"] or {}):
        return False
    return await transaction.execute(_CANCEL, {"row_id": change_id}) > 0


# ── people ───────────────────────────────────────────────────────────────────────────────────────

_STILL = or_(post.c.ends_at.is_(None), post.c.ends_at > bindparam("now"))
_POSTS = (
    select(
        post.c.id,
        post.c.person_id,
        person.c.name,
        post.c.unit_code,
        post.c.role,
        post.c.starts_at,
        post.c.ends_at,
        post.c.deputy_for,
    )
    .join(person, person.c.id == post.c.person_id)
    .where(post.c.unit_code.in_(bindparam("units", expanding=True)), _STILL)
    # Whoever is deputised for comes before the deputy.
    .order_by(either((post.c.deputy_for.is_(None), 0), else_=1), post.c.id)
)
_END_POST = (
    update(post).where(post.c.id == bindparam("post_id")).values(ends_at=bindparam("at"), ended_reason=REASON)
)
_ADD_POST = insert(post)
_MOVE_DEPUTIES = (
    update(post).where(post.c.deputy_for == bindparam("was"), _STILL).values(deputy_for=bindparam("new_post"))
)
_MOVE_INVITED_DEPUTIES = (
    update(invitation)
    .where(invitation.c.deputy_for == bindparam("was"), invitation.c.used_at.is_(None))
    .values(deputy_for=bindparam("new_post"))
)
_MOVE_INVITATIONS = (
    update(invitation)
    .where(invitation.c.unit_code == bindparam("was"), invitation.c.used_at.is_(None))
    .values(unit_code=bindparam("unit"))
)


async def posts_at(transaction: Transaction, units: Collection[str], *, now: datetime) -> list[HeldPost]:
    """Return the posts at units that are held or will be; those that others deputise for come first."""
    rows = await transaction.fetch(_POSTS, {"units": sorted(units), "now": now})
    return [HeldPost(**row, reachable=True) for row in rows]


def add_post(
    transaction: Transaction, held: HeldPost, *, unit_code: str, deputy_for: int | None, now: datetime
) -> HeldPost:
    """Give whoever holds a post the same one at another unit, for as long."""
    starts_at = max(now, held.starts_at)
    added = replace(held, id=new_id(), unit_code=unit_code, starts_at=starts_at, deputy_for=deputy_for)
    row = {name: getattr(added, name) for name in ("id", "person_id", "unit_code", "role", "starts_at")}
    transaction.write(_ADD_POST, {**row, "ends_at": added.ends_at, "deputy_for": added.deputy_for})
    return added


def end_post(transaction: Transaction, held: HeldPost, *, at: datetime) -> None:
    """End a post whose unit is over; one that had not begun was never held."""
    transaction.write(_END_POST, {"post_id": held.id, "at": at})


async def follow_post(transaction: Transaction, was: int, new_post: int, *, now: datetime) -> None:
    """Let those who are held or invited in the place of one post be so in the place of another."""
    await transaction.execute(_MOVE_DEPUTIES, {"was": was, "new_post": new_post, "now": now})
    await transaction.execute(_MOVE_INVITED_DEPUTIES, {"was": was, "new_post": new_post})


async def move_invitations(transaction: Transaction, was: str, unit: str) -> None:
    """Let unused invitations to a unit lead to another."""
    await transaction.execute(_MOVE_INVITATIONS, {"was": was, "unit": unit})


# ── answers written beforehand ───────────────────────────────────────────────────────────────────

_TEMPLATES = select(template).where(template.c.unit_code == bindparam("unit")).order_by(template.c.id)
_MOVE_TEMPLATE = (
    update(template)
    .where(template.c.id == bindparam("row_id"))
    .values(unit_code=bindparam("unit"), name=bindparam("new_name"))
)
_NAME_LENGTH = 80


async def move_templates(transaction: Transaction, was: str, unit: str) -> None:
    """Hand a unit's templates to another; a name that is taken there gets a number."""
    own = await transaction.fetch(_TEMPLATES, {"unit": was})
    taken = {row["name"] for row in await transaction.fetch(_TEMPLATES, {"unit": unit})} if own else set()
    for row in own:
        name = _free_name(row["name"], taken)
        taken.add(name)
        transaction.write(_MOVE_TEMPLATE, {"row_id": row["id"], "unit": unit, "new_name": name})


def _free_name(name: str, taken: Collection[str]) -> str:
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name[: _NAME_LENGTH - 6]} ({number})"
    return free


# ── cases ────────────────────────────────────────────────────────────────────────────────────────

_OPEN = sorted(OPEN_STATUSES)


def _taken(*conditions: Any) -> Select[Any]:
    return (
        select(case_table)
        .where(*conditions, case_table.c.id > bindparam("after"))
        .order_by(case_table.c.id)
        .limit(bindparam("limit"))
        .with_for_update()
    )


_CASES = _taken(case_table.c.unit_code == bindparam("unit"), case_table.c.status.in_(_OPEN))
_DECIDED_BY = _taken(case_table.c.extension_unit == bindparam("unit"), case_table.c.status.in_(_OPEN))
_TO_DECIDE = _taken(case_table.c.extension_unit.is_not(None), case_table.c.status.in_(_OPEN))
_PARTS = (
    select(
        part.c.id,
        part.c.officer_id,
        case_table.c.ward_code,
        case_table.c.street,
        case_table.c.unit_code.label("lead"),
    )
    .join(case_table, case_table.c.id == part.c.case_id)
    .where(
        and_(part.c.unit_code == bindparam("unit"), part.c.status == "open"), part.c.id > bindparam("after")
    )
    .order_by(part.c.id)
    .limit(bindparam("limit"))
)
_DROP_PART = (
    update(part).where(part.c.id == bindparam("row_id")).values(status="dropped", answered_at=bindparam("at"))
)
_MOVE_PART = (
    update(part)
    .where(part.c.id == bindparam("row_id"))
    .values(unit_code=bindparam("unit"), officer_id=bindparam("officer"))
)


async def open_cases_at(transaction: Transaction, unit: str, *, after: int, limit: int) -> list[Case]:
    """Return the next open cases of a unit by number, kept from others."""
    return _cases(await transaction.fetch(_CASES, {"unit": unit, "after": after, "limit": limit}))


async def cases_to_decide(transaction: Transaction, *, after: int, limit: int) -> list[Case]:
    """Return the next open cases whose extension somebody has to decide, kept from others."""
    return _cases(await transaction.fetch(_TO_DECIDE, {"after": after, "limit": limit}))


async def cases_decided_by(transaction: Transaction, unit: str, *, limit: int) -> list[Case]:
    """Return open cases whose extension a unit has to decide, kept from others."""
    return _cases(await transaction.fetch(_DECIDED_BY, {"unit": unit, "after": -1, "limit": limit}))


def _cases(rows: Sequence[Mapping[str, Any]]) -> list[Case]:
    return [Case(**row) for row in rows]


async def open_parts_at(
    transaction: Transaction, unit: str, *, after: int, limit: int
) -> Sequence[Mapping[str, Any]]:
    """Return a unit's next open parts: id, officer_id, and of their cases ward_code, street, lead unit."""
    return await transaction.fetch(_PARTS, {"unit": unit, "after": after, "limit": limit})


def drop_part(transaction: Transaction, part_id: int, *, at: datetime) -> None:
    """End a part that a unit would contribute to a case of its own."""
    transaction.write(_DROP_PART, {"row_id": part_id, "at": at})


def move_part(transaction: Transaction, part_id: int, *, unit: str, officer_id: int | None) -> None:
    """Let another unit contribute a part."""
    transaction.write(_MOVE_PART, {"row_id": part_id, "unit": unit, "officer": officer_id})


# ── what is left ─────────────────────────────────────────────────────────────────────────────────

_OVER: BindParameter[list[str]] = bindparam("over", expanding=True)
_WITH_WORK = union(
    select(case_table.c.unit_code).where(case_table.c.unit_code.in_(_OVER), case_table.c.status.in_(_OPEN)),
    select(case_table.c.extension_unit).where(
        case_table.c.extension_unit.in_(_OVER), case_table.c.status.in_(_OPEN)
    ),
    select(part.c.unit_code).where(part.c.unit_code.in_(_OVER), part.c.status == "open"),
    select(post.c.unit_code).where(post.c.unit_code.in_(_OVER), _STILL),
    select(directive.c.unit_code).where(
        directive.c.unit_code.in_(_OVER), directive.c.status.in_(("given", "seen"))
    ),
)


async def units_with_work(transaction: Transaction, over: Collection[str], *, now: datetime) -> list[str]:
    """Return those of some units that have open cases, parts, posts, orders or extensions to decide."""
    rows = await transaction.fetch(_WITH_WORK, {"over": sorted(over), "now": now})
    return sorted(row["unit_code"] for row in rows)
