"""What a page must know to show a conversation of several people: who may, who writes, and since when."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, bindparam, or_, select

from storage import groups
from storage.database import Transaction
from storage.prepared import Row
from storage.tables import account, group_chat, group_member, inbox, outbox, person, post, unit

CAME_IN = "in-"
"""So begins the id of an update by which a member comes into a group: nothing that anybody said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Author:
    """Somebody who writes in a group, with the role and the unit's name of each post that they hold."""

    name: str
    posts: tuple[tuple[str, str], ...] = ()


_HELD = and_(
    post.c.person_id == person.c.id,
    post.c.starts_at <= bindparam("now"),
    or_(post.c.ends_at.is_(None), post.c.ends_at > bindparam("now")),
)
_AUTHORS = (
    select(account.c.user, person.c.name, post.c.role, unit.c.name.label("unit_name"))
    .select_from(
        account.join(person, account.c.person_id == person.c.id)
        .outerjoin(post, _HELD)
        .outerjoin(unit, unit.c.code == post.c.unit_code)
    )
    .where(
        account.c.channel == bindparam("in_channel"), account.c.user.in_(bindparam("users", expanding=True))
    )
    .order_by(post.c.id)
)
# Whoever held the post when they came in may have lost it since, before anybody took them out.
_HOLDS_POST = (
    select(post.c.id)
    .where(
        post.c.person_id == account.c.person_id,
        post.c.role.in_(("leader", "chair")),
        post.c.starts_at <= bindparam("now"),
        or_(post.c.ends_at.is_(None), post.c.ends_at > bindparam("now")),
    )
    .exists()
)
_IN_GROUPS = (
    select(group_chat.c.chat, group_chat.c.title, group_member.c.state)
    .select_from(account)
    .join(group_member, group_member.c.person_id == account.c.person_id)
    .join(
        group_chat,
        and_(group_chat.c.id == group_member.c.group_id, group_chat.c.channel == account.c.channel),
    )
    .where(
        account.c.channel == bindparam("in_channel"),
        account.c.user == bindparam("in_user"),
        group_member.c.state.in_((groups.WANTED, groups.INVITED, groups.JOINED)),
        group_chat.c.status == groups.ACTIVE,
        group_chat.c.chat.is_not(None),
        _HOLDS_POST,
    )
)
_GROUPS_OF = _IN_GROUPS.order_by(group_chat.c.id)
_IN_GROUP = _IN_GROUPS.where(group_chat.c.chat == bindparam("in_chat"))
_LAST_IN = (
    select(inbox.c.id)
    .where(
        inbox.c.channel == bindparam("in_channel"),
        inbox.c.chat == bindparam("in_chat"),
        inbox.c.external_id.not_like(f"%:{CAME_IN}%"),
    )
    .order_by(inbox.c.id.desc())
    .limit(1)
)
_LAST_OUT = (
    select(outbox.c.id)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.sent_at.is_not(None),
        outbox.c.message["act"].as_string().is_(None),
    )
    .order_by(outbox.c.sent_at.desc(), outbox.c.id.desc())
    .limit(1)
)


async def authors(
    transaction: Transaction, *, channel: str, users: Collection[str], now: datetime
) -> dict[str, Author]:
    """Return who is behind these accounts; an unknown one is left out."""
    if not users:
        return {}
    row = {"in_channel": channel, "users": sorted(users), "now": now}
    found: dict[str, Author] = {}
    for each in await transaction.fetch(_AUTHORS, row):
        known = found.get(each["user"], Author(name=each["name"]))
        held = ((each["role"], each["unit_name"]),) if each["role"] else ()
        found[each["user"]] = Author(name=known.name, posts=known.posts + held)
    return found


async def last_said(transaction: Transaction, *, channel: str, chat: str) -> tuple[int, int]:
    """Return the numbers of what was written last in a chat and of what was sent to it last, 0 for none."""
    row = {"in_channel": channel, "in_chat": chat}
    came = await transaction.fetch_one(_LAST_IN, row)
    sent = await transaction.fetch_one(_LAST_OUT, row)
    return (came["id"] if came else 0), (sent["id"] if sent else 0)


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenGroup:
    """A group that somebody may open; `joined` tells whether they ever did."""

    chat: str
    title: str
    joined: bool


async def groups_of(transaction: Transaction, *, channel: str, user: str, now: datetime) -> list[OpenGroup]:
    """Return the groups of a channel that somebody belongs to, whether they were there yet or not.

    Only of those who lead or chair anything now.
    """
    rows = await transaction.fetch(_GROUPS_OF, {"in_channel": channel, "in_user": user, "now": now})
    return [_open_group(row) for row in rows]


async def group_open_to(
    transaction: Transaction, *, channel: str, user: str, chat: str, now: datetime
) -> OpenGroup | None:
    """Return the group that a chat is if somebody belongs to it, else None."""
    row = {"in_channel": channel, "in_user": user, "in_chat": chat, "now": now}
    found = await transaction.fetch_one(_IN_GROUP, row)
    return _open_group(found) if found else None


def _open_group(row: Row) -> OpenGroup:
    return OpenGroup(chat=row["chat"], title=row["title"], joined=row["state"] == groups.JOINED)
