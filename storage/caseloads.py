"""What one official has in hand at a unit, to be handed on when they leave."""

from sqlalchemy import bindparam, func, select

from routing.workflow import OPEN_STATUSES
from storage.cases import Case
from storage.database import Transaction
from storage.tables import case as case_table

_IN_HAND = (
    case_table.c.officer_id == bindparam("person_id"),
    case_table.c.unit_code == bindparam("in_unit"),
    case_table.c.status.in_(sorted(OPEN_STATUSES)),
)
_LIST = select(case_table).where(*_IN_HAND).order_by(case_table.c.id).with_for_update()
_COUNT = select(func.count().label("cases")).select_from(case_table).where(*_IN_HAND)


async def lock_cases_of_officer(transaction: Transaction, person_id: int, unit_code: str) -> list[Case]:
    """Return the open cases of a unit that an official has taken up, kept from other transactions."""
    rows = await transaction.fetch(_LIST, {"person_id": person_id, "in_unit": unit_code})
    return [Case(**row) for row in rows]


async def count_cases_of_officer(transaction: Transaction, person_id: int, unit_code: str) -> int:
    """Count the open cases of a unit that an official has taken up."""
    row = await transaction.fetch_one(_COUNT, {"person_id": person_id, "in_unit": unit_code})
    return int(row["cases"]) if row else 0
