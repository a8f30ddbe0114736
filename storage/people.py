"""People: their accounts, the posts that they hold, and the invitations that lead to posts."""

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, case, false, insert, or_, select, update

from storage.database import Transaction, either_of, halves
from storage.identity import below, new_id
from storage.tables import account, chat, invitation, person, post

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""32 letters that are not mistaken for one another: neither I nor L nor O nor U."""
CODE_LENGTH = 15
_MISREAD = str.maketrans("ILO", "110")

INVITATION_VALID = timedelta(days=7)
WORKING_ROLES = frozenset({"chair", "officer"})
"""Who receives and handles the cases of a unit."""
AccountKey = tuple[str, str]
"""Channel and the person's id in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Post:
    """A role at a unit ("chair", "officer", "leader", "dispatcher" or "admin").

    It is held from `starts_at` on until just before `ends_at`, None for no end. deputy_for: the post that
    it is held in the place of.
    """

    id: int
    unit_code: str
    role: str
    ends_at: datetime | None = None
    deputy_for: int | None = None


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
class HeldPost:
    """A post with whoever holds it. reachable: the person has a chat in which the bot can write to them."""

    id: int
    person_id: int
    name: str
    unit_code: str
    role: str
    starts_at: datetime
    ends_at: datetime | None
    deputy_for: int | None
    reachable: bool

    @property
    def works(self) -> bool:
        """Whether cases are handled in it."""
        return self.role in WORKING_ROLES


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
    post.c.ends_at,
    post.c.deputy_for,
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
    by_account: dict[AccountKey, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_account.setdefault((row["channel"], row["user"]), []).append(row)
    return {key: _person(found) for key, found in by_account.items()}


def add_person(transaction: Transaction, *, channel: str, user: str, name: str, now: datetime) -> Person:
    """Store somebody who writes for the first time."""
    added = Person(id=new_id(), name=name)
    transaction.write(_INSERT_PERSON, {"id": added.id, "name": name, "phone": None, "created_at": now})
    transaction.write(_INSERT_ACCOUNT, {"channel": channel, "user": user, "person_id": added.id})
    return added


def add_nobody(transaction: Transaction, *, now: datetime) -> int:
    """Store somebody of whom nothing is known yet, not even an account; return their id."""
    added = new_id()
    transaction.write(_INSERT_PERSON, {"id": added, "name": "", "phone": None, "created_at": now})
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


def _person(rows: Sequence[Mapping[str, Any]]) -> Person:
    first = rows[0]
    posts = tuple(
        Post(
            id=row["post_id"],
            unit_code=row["unit_code"],
            role=row["role"],
            ends_at=row["ends_at"],
            deputy_for=row["deputy_for"],
        )
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


_UNITS_WITH_RECEIVERS = (
    select(post.c.unit_code)
    .distinct()
    .join(chat, chat.c.person_id == post.c.person_id)
    .where(
        _HELD,
        post.c.role.in_(sorted(WORKING_ROLES)),
        chat.c.group == false(),
        chat.c.unreachable_at.is_(None),
        chat.c.moved_to.is_(None),
    )
)
_OFFICIALS_OF = _officials(post.c.unit_code.in_(bindparam("units", expanding=True)))
_OFFICIALS_BY_ROLE = _officials()


async def units_with_receivers(transaction: Transaction, *, now: datetime) -> set[str]:
    """Return the units at which a chair or an officer can be reached now."""
    return {row["unit_code"] for row in await transaction.fetch(_UNITS_WITH_RECEIVERS, {"now": now})}


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


def _each_once(rows: Iterable[Mapping[str, Any]], key: Callable[[Mapping[str, Any]], Any]) -> list[Official]:
    found: dict[Any, Official] = {}
    for row in rows:
        found.setdefault(key(row), Official(**row))
    return list(found.values())


_INSERT_POST = insert(post)
_INSERT_INVITATION = insert(invitation)
_GET_INVITATION = (
    select(
        invitation.c.unit_code,
        invitation.c.role,
        invitation.c.name,
        invitation.c.post_ends_at,
        invitation.c.deputy_for,
    )
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
_SAME_POST = select(post.c.id, post.c.unit_code, post.c.role, post.c.ends_at, post.c.deputy_for).where(
    post.c.person_id == bindparam("person_id"),
    post.c.unit_code == bindparam("unit"),
    post.c.role == bindparam("in_role"),
    post.c.ends_at.is_(None),
    _HELD,
)
_END_POST = (
    update(post)
    .where(post.c.id == bindparam("post_id"), post.c.ended_reason.is_(None))
    .values(
        # A post whose time ran out before keeps its end.
        ends_at=case((post.c.ends_at <= bindparam("at"), post.c.ends_at), else_=bindparam("at")),
        ended_reason=bindparam("reason"),
    )
)


async def create_invitation(
    transaction: Transaction,
    *,
    unit_code: str,
    role: str,
    now: datetime,
    valid: timedelta = INVITATION_VALID,
    name: str | None = None,
    post_ends_at: datetime | None = None,
    deputy_for: int | None = None,
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
        deputy_for=deputy_for,
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
    deputy_for: int | None = None,
) -> None:
    """Store the hash of a new code as an invitation.

    name: whom it is for, and what they are called from then on. post_ends_at: until when the post will be
    held; the code is worth nothing later. deputy_for: the post in whose place it will be held.
    """
    row = {
        "code_hash": _code_hash(code),
        "unit_code": unit_code,
        "role": role,
        "created_at": now,
        "expires_at": min(now + valid, post_ends_at or now + valid),
        "name": name,
        "post_ends_at": post_ends_at,
        "deputy_for": deputy_for,
    }
    transaction.write(_INSERT_INVITATION, row)


async def redeem_invitation(
    transaction: Transaction, code: str, *, person_id: int, now: datetime
) -> Post | None:
    """Give the person the post that the code stands for and use the code up.

    Returns None for a wrong, used or expired code, without telling which; a deputy's has expired once nobody
    holds the post that it is for. Lower case, spaces, dashes and letters commonly misread are forgiven.
    Somebody who holds the post already keeps it.
    """
    key = _code_hash(code)
    found = await transaction.fetch_one(_GET_INVITATION, {"hash": key, "now": now})
    deputy_for = found["deputy_for"] if found else None
    if found is None or (deputy_for and await get_post(transaction, deputy_for, now=now) is None):
        return None
    await transaction.execute(_USE_INVITATION, {"hash": key, "at": now, "person_id": person_id})
    if found["name"]:
        rename(transaction, person_id, name=found["name"])
    row = {"person_id": person_id, "unit": found["unit_code"], "in_role": found["role"], "now": now}
    held = await transaction.fetch_one(_SAME_POST, row)
    if held:
        return Post(**held)
    return add_post(
        transaction,
        person_id=person_id,
        unit_code=found["unit_code"],
        role=found["role"],
        now=now,
        ends_at=found["post_ends_at"],
        deputy_for=deputy_for,
    )


def add_post(
    transaction: Transaction,
    *,
    person_id: int,
    unit_code: str,
    role: str,
    now: datetime,
    ends_at: datetime | None = None,
    deputy_for: int | None = None,
) -> Post:
    """Give a person a role at a unit from now on, until just before `ends_at` where that is given."""
    added = Post(id=new_id(), unit_code=unit_code, role=role, ends_at=ends_at, deputy_for=deputy_for)
    row = {"id": added.id, "person_id": person_id, "unit_code": unit_code, "role": role}
    transaction.write(_INSERT_POST, {**row, "starts_at": now, "ends_at": ends_at, "deputy_for": deputy_for})
    return added


async def end_post(transaction: Transaction, post_id: int, *, at: datetime, reason: str = "ended") -> bool:
    """Take a post away from this moment on; what was done while it was held stays as it was.

    Returns False where somebody else has ended it: what follows from that is theirs to do.
    """
    return await transaction.execute(_END_POST, {"post_id": post_id, "at": at, "reason": reason}) > 0


def _posts(*conditions: Any) -> Select[Any]:
    reachable = (
        select(chat.c.chat)
        .where(
            chat.c.person_id == post.c.person_id,
            chat.c.group == false(),
            chat.c.unreachable_at.is_(None),
            chat.c.moved_to.is_(None),
        )
        .exists()
    )
    return (
        select(
            post.c.id,
            post.c.person_id,
            person.c.name,
            post.c.unit_code,
            post.c.role,
            post.c.starts_at,
            post.c.ends_at,
            post.c.deputy_for,
            reachable.label("reachable"),
        )
        .join(person, person.c.id == post.c.person_id)
        .where(*conditions)
        .order_by(post.c.unit_code, _RANK, post.c.id)
    )


_POST = _posts(post.c.id == bindparam("post_id"), _HELD)
_HELD_POSTS = _posts(_HELD)
_POSTS_OF_UNITS = _posts(_HELD, post.c.unit_code.in_(bindparam("units", expanding=True)))
_POSTS_OF_PERSON = _posts(_HELD, post.c.person_id == bindparam("person_id"))
_DEPUTIES = _posts(_HELD, post.c.deputy_for == bindparam("post_id"))
_LAPSED = (
    _posts(post.c.ends_at.is_not(None), post.c.ended_reason.is_(None), post.c.ends_at <= bindparam("now"))
    .limit(bindparam("limit"))
    .with_for_update(of=post, skip_locked=True)
)
_FORMER_POST = (
    select(post.c.id)
    .where(post.c.person_id == bindparam("person_id"), post.c.ends_at <= bindparam("now"))
    .limit(1)
)


async def get_post(transaction: Transaction, post_id: int, *, now: datetime) -> HeldPost | None:
    """Return a post that somebody holds now."""
    row = await transaction.fetch_one(_POST, {"post_id": post_id, "now": now})
    return HeldPost(**row) if row else None


async def held_posts(
    transaction: Transaction, *, now: datetime, units: Collection[str] | None = None
) -> list[HeldPost]:
    """Return who holds which post now, everywhere or at some units, chairs first at each."""
    if units is None:
        rows = await transaction.fetch(_HELD_POSTS, {"now": now})
    else:
        rows = await transaction.fetch(_POSTS_OF_UNITS, {"now": now, "units": sorted(units)})
    return [HeldPost(**row) for row in rows]


async def posts_of(transaction: Transaction, person_id: int, *, now: datetime) -> list[HeldPost]:
    """Return the posts that a person holds now."""
    rows = await transaction.fetch(_POSTS_OF_PERSON, {"person_id": person_id, "now": now})
    return [HeldPost(**row) for row in rows]


async def deputies_of(transaction: Transaction, post_id: int, *, now: datetime) -> list[HeldPost]:
    """Return the posts that are held in the place of this one now."""
    rows = await transaction.fetch(_DEPUTIES, {"post_id": post_id, "now": now})
    return [HeldPost(**row) for row in rows]


async def lapsed_posts(transaction: Transaction, *, now: datetime, limit: int = 200) -> list[HeldPost]:
    """Return posts whose time has run out and that nobody has ended: their work is still to be handed on.

    They are kept from others; another clock takes others.
    """
    return [HeldPost(**row) for row in await transaction.fetch(_LAPSED, {"now": now, "limit": limit})]


async def has_left(transaction: Transaction, person_id: int, *, now: datetime) -> bool:
    """Tell whether a person held a post that is over."""
    return await transaction.fetch_one(_FORMER_POST, {"person_id": person_id, "now": now}) is not None


def _code_hash(code: str) -> str:
    return hashlib.sha256(f"invitation:{plain_code(code)}".encode()).hexdigest()


def plain_code(code: str) -> str:
    """Return the letters of a one-time code as they are meant: without spaces, and misread ones mended."""
    return "".join(filter(str.isalnum, code.upper())).translate(_MISREAD)
