"""What people agreed to, word for word as it was shown; of a report it stands in its case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BindParameter, bindparam, insert, select, update

from storage.database import Transaction
from storage.tables import consent

PHONE, LINK = "phone", "link"

_INSERT = insert(consent)
_WITHDRAW = (
    update(consent)
    .where(
        consent.c.person_id == bindparam("in_person"),
        consent.c.what == bindparam("in_what"),
        consent.c.withdrawn_at.is_(None),
    )
    .values(withdrawn_at=bindparam("at"))
)
_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_OF = (
    select(consent.c.what, consent.c.text, consent.c.channel, consent.c.given_at, consent.c.withdrawn_at)
    .where(consent.c.person_id.in_(_IDS))
    .order_by(consent.c.id)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """One consent. what: "phone" or "link"; text: the sentence exactly as it was shown."""

    what: str
    text: str
    channel: str
    given_at: datetime
    withdrawn_at: datetime | None


def give(
    transaction: Transaction, *, person_id: int, what: str, text: str, channel: str, at: datetime
) -> None:
    """Write down what somebody has just agreed to, by a deed of theirs and never by silence."""
    row = {"person_id": person_id, "what": what, "text": text, "channel": channel, "given_at": at}
    transaction.write(_INSERT, row)


def withdraw(transaction: Transaction, *, person_id: int, what: str, at: datetime) -> None:
    """Write down that somebody took it back."""
    transaction.write(_WITHDRAW, {"in_person": person_id, "in_what": what, "at": at})


async def consents_of(transaction: Transaction, person_ids: Sequence[int]) -> list[Consent]:
    """Return what people agreed to, in order of time."""
    return [Consent(**row) for row in await transaction.fetch(_OF, {"ids": list(person_ids)})]
