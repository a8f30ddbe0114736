"""Models that were trained here: each adopted version, which one is in use, and the way back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, insert, select, text, update

from storage.database import Transaction
from storage.identity import new_id
from storage.messages import announce
from storage.tables import model

WAKEUP = "model"
"""What other processes are woken with when another model is in use."""
LARGEST = 10_000_000
"""Bytes."""


class TooLarge(Exception):
    """The model has more bytes than are kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredModel:
    """An adopted model, in use while it has no `retired_at`.

    `previous_id` is the one that it replaced, None for the shipped one.
    """

    id: int
    version: str
    created_at: datetime
    adopted_at: datetime
    retired_at: datetime | None
    previous_id: int | None
    figures: dict[str, Any]
    note: str


_LIST = select(*(column for column in model.c if column.name != "bytes")).order_by(model.c.id.desc())
_IN_USE = _LIST.where(model.c.retired_at.is_(None))
_BY_ID = _LIST.where(model.c.id == bindparam("row_id"))
_BYTES = select(model.c.bytes).where(model.c.id == bindparam("row_id"))
_RETIRE = update(model).where(model.c.id == bindparam("row_id")).values(retired_at=bindparam("now"))
_RETURN = update(model).where(model.c.id == bindparam("row_id")).values(retired_at=None)
_INSERT = insert(model)
_LOCK = text("LOCK TABLE model IN SHARE ROW EXCLUSIVE MODE")


async def model_in_use(transaction: Transaction) -> StoredModel | None:
    """Return the model that reads now; None for the shipped one."""
    row = await transaction.fetch_one(_IN_USE)
    return StoredModel(**row) if row else None


async def model_bytes(transaction: Transaction, model_id: int) -> bytes:
    """Return an adopted model as it was saved."""
    row = await transaction.fetch_one(_BYTES, {"row_id": model_id})
    return bytes(row["bytes"]) if row else b""


async def list_models(transaction: Transaction) -> list[StoredModel]:
    """Return every model that was ever adopted, the latest first."""
    return [StoredModel(**row) for row in await transaction.fetch(_LIST)]


async def adopt(
    transaction: Transaction,
    version: str,
    content: bytes,
    *,
    instead_of: StoredModel | None,
    figures: Mapping[str, Any],
    note: str,
    now: datetime,
) -> bool:
    """Take a model into use in place of the one that it was compared with.

    False, and nothing is changed, when that one is not in use any more. Raises TooLarge above 10 MB.
    """
    if len(content) > LARGEST:
        raise TooLarge(f"{len(content):,} bytes")
    await _lock(transaction)
    current = await model_in_use(transaction)
    if (current and current.id) != (instead_of and instead_of.id):
        return False
    if current is not None:
        await transaction.execute(_RETIRE, {"row_id": current.id, "now": now})
    row = {"id": new_id(), "version": version, "created_at": now, "adopted_at": now, "bytes": content}
    row |= {"previous_id": current.id if current else None, "figures": dict(figures), "note": note}
    await transaction.execute(_INSERT, row)
    await announce(transaction, WAKEUP)
    return True


async def roll_back(
    transaction: Transaction, *, now: datetime
) -> tuple[StoredModel, StoredModel | None] | None:
    """Go back to the model before; return the one given up and the one in use now, None for the shipped one.

    None, and nothing is changed, when the shipped one is in use.
    """
    await _lock(transaction)
    current = await model_in_use(transaction)
    if current is None:
        return None
    before = await transaction.fetch_one(_BY_ID, {"row_id": current.previous_id})
    await transaction.execute(_RETIRE, {"row_id": current.id, "now": now})
    if before is not None:
        await transaction.execute(_RETURN, {"row_id": before["id"]})
    await announce(transaction, WAKEUP)
    return current, StoredModel(**before) if before else None


async def _lock(transaction: Transaction) -> None:
    """Let one change at a time decide which model is in use; SQLite has one writer anyway."""
    if transaction.dialect == "postgresql":
        await transaction.execute(_LOCK)
