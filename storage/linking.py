"""One person behind several accounts: one-time codes that show it, and making two people one."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, delete, false, insert, select, update

from storage.database import Transaction
from storage.identity import below
from storage.people import ALPHABET, plain_code
from storage.tables import account, case, chat, consent, erasure, file, link_code, person, photo

VALID = timedelta(minutes=10)
LENGTH = 10

_INSERT = insert(link_code)
_FORGET = delete(link_code).where(link_code.c.person_id == bindparam("in_person"))
_FIND = (
    select(link_code.c.person_id)
    .where(
        link_code.c.code_hash == bindparam("hash"),
        link_code.c.used_at.is_(None),
        link_code.c.expires_at > bindparam("now"),
    )
    .with_for_update()
)
_USE = update(link_code).where(link_code.c.code_hash == bindparam("hash")).values(used_at=bindparam("at"))
_BOTH = (
    select(person.c.id, person.c.name, person.c.phone, person.c.merged_into)
    .where(person.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(person.c.id)
    .with_for_update()
)


def _moves(table: Any, column: Any) -> Any:
    return update(table).where(column == bindparam("old")).values({column.name: bindparam("new")})


_MOVES = (
    _moves(account, account.c.person_id),
    _moves(chat, chat.c.person_id),
    _moves(case, case.c.reporter_id),
    _moves(file, file.c.person_id),
    _moves(photo, photo.c.person_id),
    _moves(consent, consent.c.person_id),
    _moves(erasure, erasure.c.person_id),
)
_MERGED = (
    update(person)
    .where(person.c.id == bindparam("old"))
    .values(merged_into=bindparam("new"), phone=None, name="")
)
_FILL = (
    update(person)
    .where(person.c.id == bindparam("new"))
    .values(name=bindparam("new_name"), phone=bindparam("new_phone"))
)
_CHATS = (
    select(chat.c.channel, chat.c.chat)
    .where(
        chat.c.person_id == bindparam("in_person"),
        chat.c.group == false(),
        chat.c.unreachable_at.is_(None),
        chat.c.moved_to.is_(None),
    )
    .order_by(chat.c.channel, chat.c.chat)
)


async def create_code(
    transaction: Transaction, *, person_id: int, now: datetime, random: Callable[[int], int] = below
) -> str:
    """Return a new code such as 7F3KM-9Q2TX (50 random bits), the only one of this person that holds.

    Only its hash is stored.
    """
    letters = "".join(ALPHABET[random(len(ALPHABET))] for _ in range(LENGTH))
    await transaction.execute(_FORGET, {"in_person": person_id})
    row = {
        "code_hash": _hash(letters),
        "person_id": person_id,
        "created_at": now,
        "expires_at": now + VALID,
    }
    transaction.write(_INSERT, row)
    return f"{letters[:5]}-{letters[5:]}"


async def person_of_code(transaction: Transaction, code: str, *, now: datetime) -> int | None:
    """Return who asked for a code that still holds; None for any other."""
    row = await transaction.fetch_one(_FIND, {"hash": _hash(code), "now": now})
    return int(row["person_id"]) if row else None


async def join(transaction: Transaction, code: str, *, old: int, new: int, now: datetime) -> bool:
    """Make the person `old` the same as `new`, and use the code up; False when either is no more.

    Accounts, chats, cases and files become the other's; events keep naming whoever it was then.
    """
    known = {row["id"]: row for row in await transaction.fetch(_BOTH, {"ids": sorted({old, new})})}
    if len(known) != 2 or any(row["merged_into"] for row in known.values()):
        return False
    for move in _MOVES:
        transaction.write(move, {"old": old, "new": new})
    transaction.write(_MERGED, {"old": old, "new": new})
    transaction.write(
        _FILL,
        {
            "new": new,
            "new_name": known[new]["name"] or known[old]["name"],
            "new_phone": known[new]["phone"] or known[old]["phone"],
        },
    )
    transaction.write(_USE, {"hash": _hash(code), "at": now})
    transaction.write(_FORGET, {"in_person": old})
    return True


async def chats_of(transaction: Transaction, person_id: int) -> list[tuple[str, str]]:
    """Return channel and id of every private chat of somebody that can be written to."""
    rows = await transaction.fetch(_CHATS, {"in_person": person_id})
    return [(row["channel"], row["chat"]) for row in rows]


def _hash(code: str) -> str:
    return hashlib.sha256(f"link:{plain_code(code)}".encode()).hexdigest()
