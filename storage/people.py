"""People: their accounts, the posts that they hold, and the invitations that lead to posts."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, false, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from storage.database import Transaction, either_of, halves
from storage.identity import below, new_id
from storage.tables import account, chat, invitation, person, post

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""32 letters that are not mistaken for one another: neither I nor L nor O nor U."""
CODE_LENGTH = 15
_MISREAD = str.maketrans("ILO", "110")

INVITATION_VALID = timedelta(days=7)
AccountKey = tuple[str, str]
"""Channel and the person's id in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A role at a unit ("chair", "officer", "leader", "dispatcher" or "admin")."""

    id: int
    unit_code: str
    role: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Somebody who writes to the city, with the posts that they hold at the moment."""

    id: int
    name: str = ""
    phone: str | None = None
    posts: tuple[Post, ...] = ()

    @property
    def roles(self) -> frozenset[str]:
        """The roles that the person holds anywhere."""
        return frozenset(held.role for held in self.posts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Official:
    """Somebody with a role at a unit, and the chat where they can be reached."""

    person_id: int
    name: str
    role: str
    unit_code: str
    channel: str
    chat: str
    last_inbound_at: datetime
    """When they last wrote there."""


_HELD = and_(
    post.c.starts_at <= bindparam("now"), or_(post.c.ends_at.is_(None), post.c.ends_at > bindparam("now"))
)
_PERSON_COLUMNS = (
    person.c.id,
    person.c.name,
    person.c.phone,
    post.c.id.label("post_id"),
    post.c.unit_code,
    post.c.role,
)
_WITH_POSTS = person.outerjoin(post, and_(post.c.person_id == person.c.id, _HELD))
_LOAD = (
    select(account.c.channel, account.c.user, *_PERSON_COLUMNS)
    .select_from(account.join(_WITH_POSTS, account.c.person_id == person.c.id))
    .where(either_of(account.c.channel, account.c.user))
    .order_by(post.c.id)
)
_GET = (
    select(*_PERSON_COLUMNS)
    .select_from(_WITH_POSTS)
    .where(person.c.id == bindparam("person_id"))
    .order_by(post.c.id)
)
_INSERT_PERSON = insert(person)
_INSERT_ACCOUNT = insert(account)
_RENAME = update(person).where(person.c.id == bindparam("person_id")).values(name=bindparam("new_name"))
_SET_PHONE = update(person).where(person.c.id == bindparam("person_id")).values(phone=bindparam("new_phone"))


async def load_people(
    transaction: Transaction, accounts: Sequence[AccountKey], *, now: datetime
) -> dict[AccountKey, Person]:
    """Return the known people behind these accounts, with the posts that they hold now."""
    rows = await transaction.fetch(_LOAD, {**halves(accounts), "now": now})
    by_account: dict[AccountKey, list[RowMapping]] = {}
    for row in rows:
        by_account.setdefault((row["channel"], row["user"]), []).append(row)
    return {key: _person(found) for key, found in by_account.items()}


def add_person(transaction: Transaction, *, channel: str, user: str, name: str, now: datetime) -> Person:
    """Store somebody who writes for the first time."""
    added = Person(id=new_id(), name=name)
    transaction.write(_INSERT_PERSON, {"id": added.id, "name": name, "phone": None, "created_at": now})
    transaction.write(_INSERT_ACCOUNT, {"channel": channel, "user": user, "person_id": added.id})
    return added


async def get_person(transaction: Transaction, person_id: int, *, now: datetime) -> Person | None:
    """Return a person with the posts that they hold now."""
    rows = await transaction.fetch(_GET, {"person_id": person_id, "now": now})
    return _person(rows) if rows else None


def rename(transaction: Transaction, person_id: int, *, name: str) -> None:
    """Change what a person is called."""
    transaction.write(_RENAME, {"person_id": person_id, "new_name": name})


def set_phone(transaction: Transaction, person_id: int, *, phone: str | None) -> None:
    """Store or erase a person's telephone number."""
    transaction.write(_SET_PHONE, {"person_id": person_id, "new_phone": phone})


def _person(rows: Sequence[RowMapping]) -> Person:
    first = rows[0]
    posts = tuple(
        Post(id=row["post_id"], unit_code=row["unit_code"], role=row["role"])
        for row in rows
        if row["post_id"]
    )
    return Person(id=first["id"], name=first["name"], phone=first["phone"], posts=posts)


# A chair comes before an officer, so whoever is both is told once, as the chair.
_RANK = case((post.c.role == "chair", 0), else_=1)


def _officials(*conditions: Any) -> Select[Any]:
    return (
        select(
            post.c.person_id,
            person.c.name,
            post.c.role,
            post.c.unit_code,
            chat.c.channel,
            chat.c.chat,
            chat.c.last_inbound_at,
        )
        .join(person, person.c.id == post.c.person_id)
        .join(chat, chat.c.person_id == post.c.person_id)
        .where(
            _HELD,
            chat.c.group == false(),
            chat.c.unreachable_at.is_(None),
            chat.c.moved_to.is_(None),
            post.c.role.in_(bindparam("roles", expanding=True)),
            *conditions,
        )
        .order_by(_RANK, post.c.id, chat.c.last_inbound_at.desc(), chat.c.channel, chat.c.chat)
    )


_OFFICIALS_OF = _officials(post.c.unit_code.in_(bindparam("units", expanding=True)))
_OFFICIALS_BY_ROLE = _officials()


async def officials_of(
    transaction: Transaction,
    unit_code: str | Sequence[str],
    *,
    now: datetime,
    roles: Collection[str] = ("chair", "officer"),
) -> list[Official]:
    """Return who can be reached at a unit or at several, chairs first; each once for a unit."""
    units = [unit_code] if isinstance(unit_code, str) else list(unit_code)
    rows = await transaction.fetch(_OFFICIALS_OF, {"units": units, "roles": list(roles), "now": now})
    return _each_once(rows, lambda row: (row["unit_code"], row["person_id"]))


async def officials_by_role(transaction: Transaction, role: str, *, now: datetime) -> list[Official]:
    """Return everybody who holds a role anywhere and can be reached, each once."""
    rows = await transaction.fetch(_OFFICIALS_BY_ROLE, {"roles": [role], "now": now})
    return _each_once(rows, lambda row: row["person_id"])


def _each_once(rows: Iterable[RowMapping], key: Callable[[RowMapping], Any]) -> list[Official]:
    found: dict[Any, Official] = {}
    for row in rows:
        found.setdefault(key(row), Official(**row))
    return list(found.values())


_INSERT_POST = insert(post)
_INSERT_INVITATION = insert(invitation)
_GET_INVITATION = (
    select(invitation.c.unit_code, invitation.c.role, invitation.c.post_ends_at)
    .where(
        invitation.c.code_hash == bindparam("hash"),
        invitation.c.used_at.is_(None),
        invitation.c.expires_at > bindparam("now"),
    )
    .with_for_update()
)
_USE_INVITATION = (
    update(invitation)
    .where(invitation.c.code_hash == bindparam("hash"))
    .values(used_at=bindparam("at"), used_by=bindparam("person_id"))
)
_SAME_POST = select(post.c.id).where(
    post.c.person_id == bindparam("person_id"),
    post.c.unit_code == bindparam("unit"),
    post.c.role == bindparam("in_role"),
    _HELD,
)
_END_POST = update(post).where(post.c.id == bindparam("post_id")).values(ends_at=bindparam("at"))


async def create_invitation(
    transaction: Transaction,
    *,
    unit_code: str,
    role: str,
    now: datetime,
    valid: timedelta = INVITATION_VALID,
    name: str | None = None,
    post_ends_at: datetime | None = None,
    random: Callable[[int], int] = below,
) -> str:
    """Return a new one-time code such as 7F3KM-9Q2TX-40WBD (75 random bits).

    Only its hash is stored, so the code cannot be shown again. The rest is as for `add_invitation`.
    """
    code = new_code(random)
    add_invitation(
        transaction,
        code,
        unit_code=unit_code,
        role=role,
        now=now,
        valid=valid,
        name=name,
        post_ends_at=post_ends_at,
    )
    return code


def new_code(random: Callable[[int], int] = below) -> str:
    """Return a code that means nothing yet. `random` returns a number from 0 to below its argument."""
    letters = "".join(ALPHABET[random(len(ALPHABET))] for _ in range(CODE_LENGTH))
    return "-".join(letters[start : start + 5] for start in range(0, CODE_LENGTH, 5))


def add_invitation(
    transaction: Transaction,
    code: str,
    *,
    unit_code: str,
    role: str,
    now: datetime,
    valid: timedelta = INVITATION_VALID,
    name: str | None = None,
    post_ends_at: datetime | None = None,
) -> None:
    """Store the hash of a new code as an invitation.

    name: whom it is for. post_ends_at: until when the post will be held; the code is worth nothing later.
    """
    row = {
        "code_hash": _code_hash(code),
        "unit_code": unit_code,
        "role": role,
        "created_at": now,
        "expires_at": min(now + valid, post_ends_at or now + valid),
        "name": name,
        "post_ends_at": post_ends_at,
    }
    transaction.write(_INSERT_INVITATION, row)


async def redeem_invitation(
    transaction: Transaction, code: str, *, person_id: int, now: datetime
) -> Post | None:
    """Give the person the post that the code stands for and use the code up.

    Returns None for a wrong, used or expired code, without telling which. Lower case, spaces, dashes and
    letters commonly misread are forgiven. Somebody who holds the post already keeps it.
    """
    key = _code_hash(code)
    found = await transaction.fetch_one(_GET_INVITATION, {"hash": key, "now": now})
    if found is None:
        return None
    await transaction.execute(_USE_INVITATION, {"hash": key, "at": now, "person_id": person_id})
    row = {"person_id": person_id, "unit": found["unit_code"], "in_role": found["role"], "now": now}
    held = await transaction.fetch_one(_SAME_POST, row)
    unit_code, role, ends_at = found["unit_code"], found["role"], found["post_ends_at"]
    if held:
        return Post(id=held["id"], unit_code=unit_code, role=role)
    return add_post(
        transaction, person_id=person_id, unit_code=unit_code, role=role, now=now, ends_at=ends_at
    )


def add_post(
    transaction: Transaction,
    *,
    person_id: int,
    unit_code: str,
    role: str,
    now: datetime,
    ends_at: datetime | None = None,
) -> Post:
    """Give a person a role at a unit from now on, for good or until a moment."""
    added = Post(id=new_id(), unit_code=unit_code, role=role)
    row = {"id": added.id, "person_id": person_id, "unit_code": unit_code, "role": role}
    transaction.write(_INSERT_POST, {**row, "starts_at": now, "ends_at": ends_at})
    return added


async def end_post(transaction: Transaction, post_id: int, *, at: datetime) -> None:
    """Take a post away; what was done while it was held stays as it was."""
    await transaction.execute(_END_POST, {"post_id": post_id, "at": at})


def _code_hash(code: str) -> str:
    letters = "".join(filter(str.isalnum, code.upper())).translate(_MISREAD)
    return hashlib.sha256(f"invitation:{letters}".encode()).hexdigest()
