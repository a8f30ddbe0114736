"""The city: its organisation document, settings, and the units mirrored into a table for joins."""

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from routing.deadline import LOCAL_TIME
from storage.database import Transaction
from storage.tables import setting
from storage.tables import unit as unit_table

if TYPE_CHECKING:
    from routing.organisation import City, Unit

_DOCUMENT, _VERSION = "organisation", "organisation_version"
_MIRRORED = (
    "name",
    "kind",
    "parent_code",
    "ward_code",
    "valid_from",
    "valid_to",
    "former_names",
    "successors",
)


def _upsert(table: Any, key: str, changes: Iterable[str]) -> dict[str, Insert]:
    found: dict[str, Insert] = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        insert = dialect.insert(table)
        found[name] = insert.on_conflict_do_update(
            index_elements=[key], set_={column: insert.excluded[column] for column in changes}
        )
    return found


_GET = select(setting.c.value).where(setting.c.name == bindparam("in_name"))
_SET = _upsert(setting, "name", ["value"])
_SAVE_UNIT = _upsert(unit_table, "code", _MIRRORED)
_VALID_UNITS = select(unit_table.c.code).where(
    or_(unit_table.c.valid_to.is_(None), unit_table.c.valid_to > bindparam("today"))
)
_END_UNIT = (
    update(unit_table).where(unit_table.c.code == bindparam("in_code")).values(valid_to=bindparam("day"))
)


async def save_city(transaction: Transaction, document: dict[str, Any], *, now: datetime) -> int:
    """Store the organisation document and mirror its units; return its new version.

    A unit that is no longer in the document stays, valid until today. Raises what
    `routing.organisation.from_document` raises for a document that does not hold.
    """
    city = _city_of(document)
    today = now.astimezone(LOCAL_TIME).date()
    rows = [_row(unit) for unit in sorted(city.units.values(), key=lambda unit: len(city.path(unit.code)))]
    for row in rows:
        transaction.write(_SAVE_UNIT[transaction.dialect], row)
    kept = {row["code"] for row in rows}
    for found in await transaction.fetch(_VALID_UNITS, {"today": today}):
        if found["code"] not in kept:
            transaction.write(_END_UNIT, {"in_code": found["code"], "day": today})
    version = await city_version(transaction) + 1
    await set_setting(transaction, _DOCUMENT, document)
    await set_setting(transaction, _VERSION, version)
    return version


def _row(unit: "Unit") -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": unit.name,
        "kind": unit.kind,
        "parent_code": unit.parent,
        "ward_code": unit.ward_code,
        "valid_from": unit.valid_from,
        "valid_to": unit.valid_to,
        "former_names": list(unit.former_names),
        "successors": list(unit.successors),
    }


async def city_version(transaction: Transaction) -> int:
    """Return how often the organisation document was saved; 0 when there is none."""
    return int(await get_setting(transaction, _VERSION) or 0)


async def note_change(transaction: Transaction) -> None:
    """Count a change beside the document, so that running programs load the city anew."""
    await set_setting(transaction, _VERSION, await city_version(transaction) + 1)


async def load_city(transaction: Transaction, *, now: datetime | None = None) -> "City | None":
    """Return the city as its organisation document describes it, on the local day of `now`."""
    document = await load_document(transaction)
    if document is None:
        return None
    city = _city_of(document)
    return city if now is None else city.at(now)


def _city_of(document: dict[str, Any]) -> "City":
    from routing.organisation import from_document  # 15 MB that a process without turns does not need

    return from_document(document)


async def load_document(transaction: Transaction) -> dict[str, Any] | None:
    """Return the organisation document as it was saved, with what a city does not need (reasons of days)."""
    document: dict[str, Any] | None = await get_setting(transaction, _DOCUMENT)
    return document


async def get_setting(transaction: Transaction, name: str) -> Any | None:
    """Return what is stored under a name."""
    row = await transaction.fetch_one(_GET, {"in_name": name})
    return row["value"] if row else None


async def set_setting(transaction: Transaction, name: str, value: Any) -> None:
    """Store a value (anything JSON can hold) under a name."""
    transaction.write(_SET[transaction.dialect], {"name": name, "value": value})
