"""Corrections: what people made of the machine's readings, kept as labelled examples to learn from."""

from datetime import datetime

from sqlalchemy import insert, select

from routing.lessons import Correction
from routing.personal_data import find_personal_data, mask
from storage.database import Transaction
from storage.identity import new_id
from storage.tables import correction

_INSERT = insert(correction)
_ALL = select(
    *(column for column in correction.c if column.name != "id"),
).order_by(correction.c.at, correction.c.id)


def add_correction(
    transaction: Transaction,
    *,
    case_id: int | None,
    text: str,
    field: str,
    was: str | None,
    now_value: str,
    actor_role: str,
    at: datetime,
    person_id: int | None = None,
    model_version: str | None = None,
) -> None:
    """Keep what a person corrected ("domain", "ward" or "kind"), for the machine to learn from.

    The text is kept without personal data: an example outlives the case that it is of.
    """
    row = {"id": new_id(), "case_id": case_id, "text": _masked(text), "field": field, "was": was}
    made = {"now": now_value, "actor_role": actor_role, "person_id": person_id, "at": at}
    transaction.write(_INSERT, {**row, **made, "model_version": model_version})


async def corrections(transaction: Transaction) -> list[Correction]:
    """Return every correction, oldest first, without personal data."""
    rows = await transaction.fetch(_ALL)
    return [Correction(**{**row, "text": _masked(row["text"])}) for row in rows]


def _masked(text: str) -> str:
    return mask(text, find_personal_data(text))
