"""Where units can be reached outside of chat: addresses for mail and numbers for short messages."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select

from storage.database import Transaction
from storage.sealing import is_sealed, open_json, seal_json
from storage.tables import person
from storage.units import get_setting, set_setting

SETTING = "contacts"
"""The setting that holds them, sealed: {unit code: {"mail": [...], "phone": [...]}}."""
_PURPOSE = b"setting.contacts"


@dataclass(frozen=True, kw_only=True, slots=True)
class Contacts:
    """The addresses of one unit; empty where the city gave none."""

    mail: tuple[str, ...] = ()
    phone: tuple[str, ...] = ()


async def contacts_of(transaction: Transaction, unit_code: str) -> Contacts:
    """Return where a unit can be reached."""
    found = (await _known(transaction)).get(unit_code) or {}
    return Contacts(mail=tuple(found.get("mail", ())), phone=tuple(found.get("phone", ())))


async def all_of(transaction: Transaction) -> dict[str, Contacts]:
    """Return where every unit can be reached, by its code."""
    known = await _known(transaction)
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
    await set_setting(transaction, SETTING, seal_json(transaction.keyring, kept, _PURPOSE))
    return known


async def _known(transaction: Transaction) -> dict[str, Any]:
    stored = await get_setting(transaction, SETTING) or {}
    known: dict[str, Any] = open_json(transaction.keyring, stored, _PURPOSE)
    return {} if is_sealed(known) else known


async def store_again(transaction: Transaction) -> int:
    """Store the contacts with the key in use; return how much that was, 0 where it is so already."""
    stored, keyring = await get_setting(transaction, SETTING), transaction.keyring
    if not stored or keyring is None:
        return 0
    begins = f"s{keyring.active}:" if keyring.seals else ""
    if stored["sealed"].startswith(begins) if "sealed" in stored else not keyring.seals:
        return 0
    opened = open_json(keyring, stored, _PURPOSE)
    if is_sealed(opened):
        return 0
    await set_setting(transaction, SETTING, seal_json(keyring, opened, _PURPOSE))
    return 1


def person_reference(person_id: int) -> str:
    """Return the chat of short messages to a person's number, which is not told where it is not needed."""
    return f"person:{person_id}"


def unit_reference(unit_code: str, place: int) -> str:
    """Return the chat of short messages to a number of a unit's: the one at this place of its contacts."""
    return f"unit:{unit_code}:{place}"


def unit_of_reference(chat: str) -> str:
    """Return the code of the unit that a chat of short messages is of; empty for any other."""
    kind, _, rest = chat.partition(":")
    return rest.rpartition(":")[0] if kind == "unit" else ""


def is_reference(chat: str) -> bool:
    """Tell whether a chat of short messages stands for a number, and is none itself."""
    return chat.startswith(("person:", "unit:"))


_NUMBER_OF: Any = bindparam("person_id")
_SAME_PERSON = select(person.c.merged_into).where(person.c.id == _NUMBER_OF).scalar_subquery()
_PHONE_OF = select(person.c.phone).where(person.c.id == func.coalesce(_SAME_PERSON, _NUMBER_OF))


async def number_of(transaction: Transaction, chat: str) -> str | None:
    """Return the number that a chat of short messages stands for now; None where there is none any more."""
    kind, _, rest = chat.partition(":")
    if kind == "person" and rest.isdecimal():
        row = await transaction.fetch_one(_PHONE_OF, {"person_id": int(rest)})
        return read_phone(row["phone"] or "") if row else None
    if unit_code := unit_of_reference(chat):
        numbers, place = (await contacts_of(transaction, unit_code)).phone, int(rest.rpartition(":")[2])
        return numbers[place] if place < len(numbers) else None
    return chat


_SEPARATORS = re.compile(r"[\s.\-()]")
_PHONE = re.compile(r"(?:\+84|84|0)(\d{9,10})")


def read_phone(text: str) -> str | None:
    """Return a Vietnamese telephone number as gateways take it, "+84912345678"; None for anything else."""
    found = _PHONE.fullmatch(_SEPARATORS.sub("", text))
    return f"+84{found[1]}" if found else None
