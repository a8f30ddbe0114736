"""The wards' borders that an operator imported: one row of `setting`, in a compact form."""

from typing import Any

from sqlalchemy import bindparam, delete

from storage.database import Transaction
from storage.tables import setting
from storage.units import get_setting, note_change, set_setting

_BORDERS = "ward_borders"
_DELETE = delete(setting).where(setting.c.name == bindparam("in_name"))


async def load_borders(transaction: Transaction) -> dict[str, Any] | None:
    """Return the stored borders by ward code; None when none were imported."""
    stored: dict[str, Any] | None = await get_setting(transaction, _BORDERS)
    return stored


async def save_borders(transaction: Transaction, borders: dict[str, Any]) -> None:
    """Store borders in place of those before; running programs follow."""
    await set_setting(transaction, _BORDERS, borders)
    await note_change(transaction)


async def clear_borders(transaction: Transaction) -> None:
    """Forget the borders; running programs follow."""
    transaction.write(_DELETE, {"in_name": _BORDERS})
    await note_change(transaction)
