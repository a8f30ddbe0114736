"""Rows that the tests of storage start from."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert

from storage.cases import Case
from storage.database import Database, Transaction
from storage.identity import new_id
from storage.people import add_person
from storage.tables import unit

NOON = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
UNITS = ("ha-noi", "phuong-khuong-dinh", "phuong-cau-giay")

_ADD_UNIT = insert(unit)


def add_units(transaction: Transaction) -> None:
    """Store three units, without the organisation document."""
    for code in UNITS:
        transaction.write(_ADD_UNIT, {"code": code, "name": code, "kind": "ward"})


async def add_reporter(database: Database) -> int:
    """Store the units and somebody who reports; return their number."""
    async with database.begin() as transaction:
        add_units(transaction)
        return add_person(transaction, channel="web", user="an", name="Một người dân", now=NOON).id


def a_case(reporter_id: int, **more: Any) -> Case:
    """Return a case that its unit has to answer within a day."""
    case_id = new_id()
    row = {
        "id": case_id,
        "code": f"HN-{case_id}",
        "kind": "feedback",
        "domain": "waste",
        "status": "assigned",
        "text": "Rác chưa được thu gom.",
        "unit_code": "phuong-khuong-dinh",
        "reporter_id": reporter_id,
        "channel": "web",
        "chat": "an",
        "consent_at": NOON,
        "consent_text": "Tôi đồng ý.",
        "received_at": NOON,
        "accept_due_at": NOON + 4 * HOUR,
        "warn_at": NOON + 16 * HOUR,
        "due_at": NOON + 24 * HOUR,
    }
    return Case(**{**row, **more})
