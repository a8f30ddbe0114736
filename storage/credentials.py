"""Credentials: secrets that a vendor gives and renews, each renewed by one process at a time.

What stands in `secret` is encrypted before it comes here. Whoever renews takes the lease in one short
transaction, talks to the vendor with none open, and saves in another; `version` tells whether anybody else
changed the row meanwhile.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage.database import Transaction
from storage.tables import credential

LONGEST_ERROR = 500


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """One secret, encrypted, and how it stands.

    obtained_at: when the vendor gave it. lease_until: nobody but `lease_by` may renew it before.
    broken_at: since when the vendor takes it no more. error: why it could not be renewed last.
    """

    name: str
    secret: bytes = field(repr=False)
    version: int
    obtained_at: datetime
    expires_at: datetime | None
    lease_until: datetime | None
    lease_by: str | None
    broken_at: datetime | None
    error: str | None


_UNTROUBLED = {"lease_until": None, "lease_by": None, "broken_at": None, "error": None}
_NAMED = credential.c.name == bindparam("in_name")
_UNCHANGED = (_NAMED, credential.c.version == bindparam("in_version"))
_GET = select(*(credential.c[each.name] for each in fields(Credential))).where(_NAMED)
_LEASE = (
    update(credential)
    .where(
        *_UNCHANGED,
        or_(credential.c.lease_until.is_(None), credential.c.lease_until <= bindparam("now")),
    )
    .values(lease_until=bindparam("until"), lease_by=bindparam("holder"))
)
_SAVE = (
    update(credential)
    .where(*_UNCHANGED)
    .values(
        secret=bindparam("new_secret"),
        obtained_at=bindparam("obtained"),
        expires_at=bindparam("expires"),
        version=credential.c.version + 1,
        **_UNTROUBLED,
    )
)
_HELD = (*_UNCHANGED, credential.c.lease_by == bindparam("holder"))
_PUT_OFF = (
    update(credential)
    .where(*_HELD)
    .values(lease_until=bindparam("until"), lease_by=None, error=bindparam("why"))
)
_BREAK = _PUT_OFF.values(
    broken_at=func.coalesce(credential.c.broken_at, bindparam("at", type_=credential.c.broken_at.type))
)
_ALL = select(credential.c.name, credential.c.secret)
_REWRAP = (
    update(credential)
    .where(_NAMED, credential.c.secret == bindparam("was"))
    .values(secret=bindparam("new_secret"))
)
_TAKE = delete(credential).where(*_UNCHANGED)


def _put(dialect: Any) -> Insert:
    insert = dialect.insert(credential)
    changes = {name: insert.excluded[name] for name in ("secret", "obtained_at", "expires_at")}
    statement: Insert = insert.on_conflict_do_update(
        index_elements=["name"], set_={**changes, "version": credential.c.version + 1, **_UNTROUBLED}
    )
    return statement


_PUT = {"sqlite": _put(sqlite), "postgresql": _put(postgresql)}


async def get_credential(transaction: Transaction, name: str) -> Credential | None:
    """Return a credential as it stands; None where there is none."""
    row = await transaction.fetch_one(_GET, {"in_name": name})
    return Credential(**{**row, "secret": bytes(row["secret"])}) if row else None


async def put_credential(
    transaction: Transaction, name: str, *, secret: bytes, obtained_at: datetime, expires_at: datetime | None
) -> None:
    """Store a credential in place of whatever was there: its lease and its troubles are over."""
    row = {"name": name, "secret": secret, "obtained_at": obtained_at, "expires_at": expires_at}
    await transaction.execute(_PUT[transaction.dialect], row)


async def take_lease(
    transaction: Transaction, name: str, *, version: int, holder: str, now: datetime, until: datetime
) -> bool:
    """Take the right to renew until then; False when somebody has it, or the credential was changed."""
    row = {"in_name": name, "in_version": version, "holder": holder, "now": now, "until": until}
    return await transaction.execute(_LEASE, row) == 1


async def save_renewed(
    transaction: Transaction,
    name: str,
    *,
    version: int,
    secret: bytes,
    obtained_at: datetime,
    expires_at: datetime | None,
) -> bool:
    """Save what came of renewing this version; False, and nothing changes, when it was changed meanwhile."""
    row = {"in_name": name, "in_version": version}
    row |= {"new_secret": secret, "obtained": obtained_at, "expires": expires_at}
    return await transaction.execute(_SAVE, row) == 1


async def put_off(
    transaction: Transaction, name: str, *, version: int, holder: str, until: datetime, error: str
) -> bool:
    """Give the lease back because renewing failed; nobody tries again before `until`.

    False, and nothing changes, when somebody else renews by now or the credential was changed.
    """
    row = {"in_name": name, "in_version": version, "holder": holder, "until": until}
    return await transaction.execute(_PUT_OFF, {**row, "why": error[:LONGEST_ERROR]}) == 1


async def mark_broken(
    transaction: Transaction,
    name: str,
    *,
    version: int,
    holder: str,
    at: datetime,
    until: datetime,
    error: str,
) -> bool:
    """Give the lease back because the vendor refuses the credential; as `put_off` besides."""
    row = {"in_name": name, "in_version": version, "holder": holder, "at": at, "until": until}
    return await transaction.execute(_BREAK, {**row, "why": error[:LONGEST_ERROR]}) == 1


async def take_credential(transaction: Transaction, name: str, *, version: int) -> bool:
    """Remove a credential that is used once; False when somebody else took or changed it."""
    return await transaction.execute(_TAKE, {"in_name": name, "in_version": version}) == 1


async def all_secrets(transaction: Transaction) -> dict[str, bytes]:
    """Return every secret, encrypted, by its name."""
    return {row["name"]: row["secret"] for row in await transaction.fetch(_ALL)}


async def rewrap(transaction: Transaction, name: str, *, was: bytes, now_is: bytes) -> None:
    """Store the same secret encrypted with another key, unless it was changed meanwhile."""
    await transaction.execute(_REWRAP, {"in_name": name, "was": was, "new_secret": now_is})
