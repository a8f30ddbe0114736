"""Where units can be reached outside of chat: addresses for mail and numbers for short messages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from storage.database import Transaction
from storage.units import get_setting, set_setting

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


async def all_of(transaction: Transaction) -> dict[str, Contacts]:
    """Return where every unit can be reached, by its code."""
    known = await get_setting(transaction, SETTING) or {}
    return {
        code: Contacts(mail=tuple(each.get("mail", ())), phone=tuple(each.get("phone", ())))
        for code, each in known.items()
    }


async def set_contacts(transaction: Transaction, given: Mapping[str, Contacts]) -> dict[str, Contacts]:
    """Set the contacts of some units, those without any are taken away; return all."""
    known = {
        code: each for code, each in {**await all_of(transaction), **given}.items() if each != Contacts()
    }
    kept = {code: {"mail": list(each.mail), "phone": list(each.phone)} for code, each in known.items()}
    await set_setting(transaction, SETTING, kept)
    return known


_SEPARATORS = re.compile(r"[\s.\-()]")
_PHONE = re.compile(r"(?:\+84|84|0)(\d{9,10})")


def read_phone(text: str) -> str | None:
    """Return a Vietnamese telephone number as gateways take it, "+84912345678"; None for anything else."""
    found = _PHONE.fullmatch(_SEPARATORS.sub("", text))
    return f"+84{found[1]}" if found else None
