"""Where a person is signed in, and signing an account out: from then on it is somebody else's, who is new."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, bindparam, false, or_, select, update

from storage import chats, holding, people
from storage.database import Transaction
from storage.tables import account, chat

KEPT = timedelta(days=400)
"""A browser that was silent for so long is signed out; its cookie lasts no longer either."""

_OWN_CHAT = and_(chat.c.channel == account.c.channel, chat.c.chat == account.c.user, chat.c.group == false())
_OF_PERSON = (
    select(account.c.channel, account.c.user, chat.c.last_inbound_at.label("last_at"))
    .select_from(account.outerjoin(chat, _OWN_CHAT))
    .where(account.c.person_id == bindparam("in_person"), account.c.ended_at.is_(None))
    .order_by(account.c.channel, account.c.user)
)
_ENDED = (
    select(account.c.user)
    .select_from(account.outerjoin(chat, _OWN_CHAT))
    .where(
        account.c.channel == bindparam("in_channel"),
        account.c.user == bindparam("in_user"),
        or_(account.c.ended_at.is_not(None), chat.c.last_inbound_at < bindparam("silent_since")),
    )
)
_GIVE_AWAY = (
    update(account)
    .where(account.c.channel == bindparam("in_channel"), account.c.user == bindparam("in_user"))
    .values(person_id=bindparam("new"), ended_at=bindparam("at"))
)
_WHOSE = select(account.c.person_id).where(
    account.c.channel == bindparam("in_channel"), account.c.user == bindparam("in_user")
)
_EMPTY_CHAT = (
    update(chat)
    .where(chat.c.channel == bindparam("in_channel"), chat.c.chat == bindparam("in_user"))
    .values(person_id=bindparam("new"), step="", draft={})
)


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedIn:
    """An account of a person. last_at: when they wrote there last, None where that is not known."""

    channel: str
    user: str
    last_at: datetime | None


async def accounts_of(transaction: Transaction, person_id: int) -> list[SignedIn]:
    """Return where a person is signed in."""
    rows = await transaction.fetch(_OF_PERSON, {"in_person": person_id})
    return [SignedIn(**row) for row in rows]


async def sign_out(transaction: Transaction, *, channel: str, user: str, now: datetime) -> int:
    """Give an account, with what its chat was in the middle of, to a person who is new; return who that is.

    What the person reported, their posts and their other accounts stay theirs; what waits to be sent to that
    chat goes to another one of theirs, or to nobody. A browser has to begin a
    session of its own; whoever writes on from a vendor's app is known as the new person.
    """
    await transaction.flush()
    new = people.add_nobody(transaction, now=now)
    await transaction.flush()
    row = {"in_channel": channel, "in_user": user, "new": new}
    before = await transaction.fetch_one(_WHOSE, row)
    await transaction.execute(_GIVE_AWAY, {**row, "at": now})
    await transaction.execute(_EMPTY_CHAT, row)
    places = await chats.addresses_of(transaction, [before["person_id"]]) if before else {}
    left = next(iter(places.values()), None)
    await holding.move_all(transaction, channel=channel, chat=user, to=left, at=now, why="signed out")
    return new


async def is_ended(transaction: Transaction, channel: str, user: str, *, now: datetime) -> bool:
    """Tell whether a browser's session is over: signed out, or silent for very long."""
    asked = {"in_channel": channel, "in_user": user, "silent_since": now - KEPT}
    return await transaction.fetch_one(_ENDED, asked) is not None
