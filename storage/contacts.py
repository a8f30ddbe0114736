"""Where units can be reached outside of chat: addresses for mail and numbers for short messages."""

from dataclasses import dataclass

from storage.database import Transaction
from storage.units import get_setting

SETTING = "contacts"
"""The setting that holds them: {unit code: {"mail": [...], "phone": [...]}}."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Contacts:
    """The addresses of one unit; empty where the city gave none."""

    mail: tuple[str, ...] = ()
    phone: tuple[str, ...] = ()


async def contacts_of(transaction: Transaction, unit_code: str) -> Contacts:
    """Return where a unit can be reached."""
    known = await get_setting(transaction, SETTING) or {}
    found = known.get(unit_code) or {}
    return Contacts(mail=tuple(found.get("mail", ())), phone=tuple(found.get("phone", ())))
