"""Answer templates: what chairs wrote beforehand for their unit, by domain."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update

from storage.database import Transaction
from storage.identity import new_id
from storage.tables import template as template_table

EVERY_DOMAIN = "*"


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """An answer written beforehand; `domain` is "*" where it fits every one, `used` how often it was sent."""

    id: int
    unit_code: str
    domain: str
    name: str
    text: str
    used: int
    created_by: int | None
    created_at: datetime
    changed_at: datetime


_INSERT = insert(template_table)
_BY_ID: Any = bindparam("row_id")
_UPDATE = (
    update(template_table)
    .where(template_table.c.id == _BY_ID)
    .values(
        name=bindparam("new_name"),
        domain=bindparam("new_domain"),
        text=bindparam("new_text"),
        changed_at=bindparam("at"),
    )
)
_USED = update(template_table).where(template_table.c.id == _BY_ID).values(used=template_table.c.used + 1)
_DELETE = delete(template_table).where(template_table.c.id == _BY_ID)
_GET = select(template_table).where(template_table.c.id == _BY_ID)
_OF_UNITS = (
    select(template_table)
    .where(template_table.c.unit_code.in_(bindparam("units", expanding=True)))
    .order_by(template_table.c.name, template_table.c.id)
)
_FITTING = (
    select(template_table)
    .where(
        template_table.c.unit_code.in_(bindparam("units", expanding=True)),
        template_table.c.domain.in_(bindparam("domains", expanding=True)),
    )
    .order_by(template_table.c.used.desc(), template_table.c.name, template_table.c.id)
)
_COUNT = (
    select(func.count().label("templates"))
    .select_from(template_table)
    .where(template_table.c.unit_code == bindparam("unit"))
)
_NAMED = select(template_table.c.id).where(
    template_table.c.unit_code == bindparam("unit"), template_table.c.name == bindparam("in_name")
)


def add_template(
    transaction: Transaction,
    *,
    unit_code: str,
    domain: str,
    name: str,
    text: str,
    created_by: int,
    now: datetime,
) -> Template:
    """Store a template of a unit; its name must be free there (`name_taken`)."""
    row: dict[str, Any] = {
        "id": new_id(),
        "unit_code": unit_code,
        "domain": domain,
        "name": name,
        "text": text,
        "used": 0,
        "created_by": created_by,
        "created_at": now,
        "changed_at": now,
    }
    transaction.write(_INSERT, row)
    return Template(**row)


def change_template(
    transaction: Transaction, template_id: int, *, name: str, domain: str, text: str, now: datetime
) -> None:
    """Change what a template is called, says, and is for."""
    new = {"new_name": name, "new_domain": domain, "new_text": text}
    transaction.write(_UPDATE, {"row_id": template_id, **new, "at": now})


def count_use(transaction: Transaction, template_id: int) -> None:
    """Note that an answer which began as this template was sent."""
    transaction.write(_USED, {"row_id": template_id})


def delete_template(transaction: Transaction, template_id: int) -> None:
    """Forget a template; answers that were written with it stay."""
    transaction.write(_DELETE, {"row_id": template_id})


async def get_template(transaction: Transaction, template_id: int) -> Template | None:
    """Return a template by its number."""
    row = await transaction.fetch_one(_GET, {"row_id": template_id})
    return Template(**row) if row else None


async def templates_of(transaction: Transaction, unit_codes: Sequence[str]) -> list[Template]:
    """Return the templates of these units by name."""
    rows = await transaction.fetch(_OF_UNITS, {"units": list(unit_codes)})
    return [Template(**row) for row in rows]


async def fitting_templates(
    transaction: Transaction, unit_codes: Sequence[str], domains: Sequence[str]
) -> list[Template]:
    """Return the templates of these units for any of these domains or for every one, most used first."""
    wanted = {"units": list(unit_codes), "domains": [*domains, EVERY_DOMAIN]}
    return [Template(**row) for row in await transaction.fetch(_FITTING, wanted)]


async def count_templates(transaction: Transaction, unit_code: str) -> int:
    """Count the templates of a unit."""
    row = await transaction.fetch_one(_COUNT, {"unit": unit_code})
    return int(row["templates"]) if row else 0


async def name_taken(transaction: Transaction, unit_code: str, name: str, *, by_another: int = 0) -> bool:
    """Tell whether a unit has a template of this name already, other than the one with that number."""
    rows = await transaction.fetch(_NAMED, {"unit": unit_code, "in_name": name})
    return any(row["id"] != by_another for row in rows)
