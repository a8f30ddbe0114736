"""Group chats of officials: what each is for, who belongs to it, and its topics."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, case, delete, false, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import Insert

from storage.database import Transaction, either_of, halves
from storage.identity import new_id
from storage.tables import account, chat, digest, directive, group_chat, group_member, group_topic, outbox
from storage.tables import case as case_table

PROPOSED, ASKED, LINKED, ACTIVE, LOST, CLOSED = "proposed", "asked", "linked", "active", "lost", "closed"
"""How a group stands: shown to whoever wants it, asked of the channel, waiting for a person to make it,
there, there no more, given up."""
WANTED, INVITED, JOINED, LEFT, REMOVED = "wanted", "invited", "joined", "left", "removed"
"""How a member stands: to be invited, invited, in the group, gone out of it, taken out of it."""
LEAVING, STAYS = "leaving", "stays"
"""To be taken out of the group; belongs to it no more and could not be taken out."""
TOKEN_VALID = timedelta(hours=24)
ChatKey = tuple[str, str]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A group chat. `chat` is empty until there is one.

    purpose: "chairs", "cluster", "unit" or "case". units: those that it is for, whose chairs belong to it;
    unit_code: the one above them, whose leaders or chairs do, too. missing: the rights that the bot lacks.
    bound_at: since when everything is there and members are invited; None before.
    """

    id: int
    channel: str
    chat: str
    title: str
    purpose: str
    unit_code: str
    units: tuple[str, ...]
    case_id: int | None
    status: str
    forum: bool
    missing: tuple[str, ...]
    created_by: int
    bound_at: datetime | None
    lost_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """Somebody who belongs to a group, or did; `user` is their id within its channel, empty for none."""

    group_id: int
    person_id: int
    user: str
    unit_code: str
    role: str
    state: str
    invite: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Account:
    """Where a person is known in one channel: their id, and the private chat in which they are reached."""

    user: str
    chat: str | None


_OPEN = (ACTIVE, LOST)
_COLUMNS = (
    group_chat.c.id,
    group_chat.c.channel,
    func.coalesce(group_chat.c.chat, "").label("chat"),
    group_chat.c.title,
    group_chat.c.purpose,
    group_chat.c.unit_code,
    group_chat.c.units,
    group_chat.c.case_id,
    group_chat.c.status,
    group_chat.c.forum,
    group_chat.c.missing,
    group_chat.c.created_by,
    group_chat.c.bound_at,
    group_chat.c.lost_at,
)
_IS_OPEN = group_chat.c.status.in_(_OPEN)
_IN_USE = group_chat.c.status.in_((ASKED, LINKED, *_OPEN))
_OF_CHAT = select(*_COLUMNS).where(
    group_chat.c.channel == bindparam("in_channel"), group_chat.c.chat == bindparam("in_chat"), _IS_OPEN
)
_BY_ID = select(*_COLUMNS).where(group_chat.c.id == bindparam("group_id"))
_BY_TOKEN = select(*_COLUMNS).where(
    group_chat.c.token_hash == bindparam("hash"),
    group_chat.c.token_until > bindparam("now"),
    group_chat.c.status == LINKED,
)
_WAITING = select(*_COLUMNS).where(
    group_chat.c.id == bindparam("group_id"),
    group_chat.c.token_until > bindparam("now"),
    group_chat.c.status == LINKED,
)
_ALL_OPEN = select(*_COLUMNS).where(_IS_OPEN).order_by(group_chat.c.id)
_OF_CASE = (
    select(*_COLUMNS)
    .where(group_chat.c.case_id == bindparam("in_case"), _IS_OPEN)
    .order_by(group_chat.c.id.desc())
)
_IN_USE_FOR_CASE = select(*_COLUMNS).where(group_chat.c.case_id == bindparam("in_case"), _IN_USE)
_CLOSE_UNUSED = (
    update(group_chat)
    .where(
        group_chat.c.case_id == bindparam("in_case"),
        or_(
            and_(group_chat.c.status == LINKED, group_chat.c.token_until <= bindparam("at")),
            and_(group_chat.c.status == ASKED, group_chat.c.created_at <= bindparam("before")),
        ),
    )
    .values(status=CLOSED, chat=None, token_hash=None)
)
_OF_PERSON = (
    select(*_COLUMNS)
    .join(group_member, group_member.c.group_id == group_chat.c.id)
    .where(group_member.c.person_id == bindparam("person_id"), group_member.c.state == JOINED, _IS_OPEN)
    .order_by(group_chat.c.id)
)
_CREATED_BY = (
    select(*_COLUMNS)
    .where(group_chat.c.created_by == bindparam("person_id"), _IN_USE)
    .order_by(group_chat.c.id)
)
_INSERT = insert(group_chat)
_ID: Any = bindparam("group_id")


def _change(**values: Any) -> Any:
    return update(group_chat).where(group_chat.c.id == _ID).values(**values)


_SET_STATUS = _change(status=bindparam("new_status"))
_SET_TOKEN = _change(
    status=LINKED, token_hash=bindparam("hash"), token_until=bindparam("until"), checked_at=bindparam("at")
)
_BIND = _change(
    status=ACTIVE,
    chat=bindparam("new_chat"),
    token_hash=None,
    token_until=None,
    forum=bindparam("new_forum"),
    lost_at=None,
    checked_at=bindparam("at"),
)
_READY = _change(bound_at=bindparam("at"))
_RIGHTS = _change(missing=bindparam("new_missing"), forum=bindparam("new_forum"))
_LOSE = _change(status=LOST, lost_at=bindparam("at"))
_REVIVE = _change(status=ACTIVE, lost_at=None)
_RETITLE = _change(title=bindparam("new_title"))
_RESCOPE = _change(unit_code=bindparam("new_unit"), units=bindparam("new_units"))
_UNBIND = _change(status=CLOSED, chat=None, token_hash=None)
_REASK = _change(status=ASKED, chat=None, bound_at=None, lost_at=None, missing=[])
_REINVITE = (
    update(group_member)
    .where(
        group_member.c.group_id == bindparam("in_group"),
        group_member.c.state.in_((INVITED, JOINED, LEFT)),
    )
    .values(state=WANTED, invite=None)
)
_MOVE = (
    update(group_chat)
    .where(group_chat.c.channel == bindparam("in_channel"), group_chat.c.chat == bindparam("old"))
    .values(chat=bindparam("new"))
)
_MOVE_DIRECTIVES = (
    update(directive)
    .where(
        directive.c.group_id.in_(
            select(group_chat.c.id).where(
                group_chat.c.channel == bindparam("in_channel"), group_chat.c.chat == bindparam("new")
            )
        ),
        directive.c.chat == bindparam("old"),
    )
    .values(chat=bindparam("new"))
)
_MOVE_DIGEST = (
    update(digest)
    .where(digest.c.channel == bindparam("in_channel"), digest.c.chat == bindparam("old"))
    .values(chat=bindparam("new"))
)
_FORGET_PROPOSED = delete(group_chat).where(
    group_chat.c.status == PROPOSED, group_chat.c.created_at < bindparam("before")
)


def _group(row: Any) -> Group:
    parts = {**row, "units": tuple(row["units"]), "missing": tuple(row["missing"])}
    return Group(**parts)


async def group_of(transaction: Transaction, channel: str, chat_id: str) -> Group | None:
    """Return the group that a chat is: one that is there, or was until it got lost."""
    row = await transaction.fetch_one(_OF_CHAT, {"in_channel": channel, "in_chat": chat_id})
    return _group(row) if row else None


async def get_group(transaction: Transaction, group_id: int) -> Group | None:
    """Return a group by its number, however it stands."""
    row = await transaction.fetch_one(_BY_ID, {"group_id": group_id})
    return _group(row) if row else None


async def group_by_token(transaction: Transaction, token: str, *, now: datetime) -> Group | None:
    """Return the group that waits to be bound by this word; None for a wrong, used or expired one."""
    row = await transaction.fetch_one(_BY_TOKEN, {"hash": _token_hash(token), "now": now})
    return _group(row) if row else None


async def group_waiting(transaction: Transaction, group_id: int, *, now: datetime) -> Group | None:
    """Return the group of this number if it still waits to be bound, as `group_by_token` does."""
    row = await transaction.fetch_one(_WAITING, {"group_id": group_id, "now": now})
    return _group(row) if row else None


async def open_groups(transaction: Transaction) -> list[Group]:
    """Return every group that is there or lost."""
    return [_group(row) for row in await transaction.fetch(_ALL_OPEN)]


async def groups_of_person(transaction: Transaction, person_id: int) -> list[Group]:
    """Return the groups that a person is in."""
    return [_group(row) for row in await transaction.fetch(_OF_PERSON, {"person_id": person_id})]


async def groups_made_by(transaction: Transaction, person_id: int) -> list[Group]:
    """Return the groups that a person had made and that are there, lost, or not there yet."""
    return [_group(row) for row in await transaction.fetch(_CREATED_BY, {"person_id": person_id})]


async def group_for_case(transaction: Transaction, case_id: int) -> Group | None:
    """Return the group that was made for one case, the latest of several."""
    row = await transaction.fetch_one(_OF_CASE, {"in_case": case_id})
    return _group(row) if row else None


async def group_in_use_for_case(transaction: Transaction, case_id: int, *, now: datetime) -> Group | None:
    """Return the group that a case has or is about to get; one that nobody made within a day is given up."""
    row = {"in_case": case_id, "at": now, "before": now - TOKEN_VALID}
    await transaction.execute(_CLOSE_UNUSED, row)
    found = await transaction.fetch_one(_IN_USE_FOR_CASE, {"in_case": case_id})
    return _group(found) if found else None


def propose_group(
    transaction: Transaction,
    *,
    channel: str,
    title: str,
    purpose: str,
    unit_code: str,
    units: Sequence[str],
    case_id: int | None,
    created_by: int,
    now: datetime,
) -> Group:
    """Store a group that somebody is shown before it is made."""
    row: dict[str, Any] = {
        "id": new_id(),
        "channel": channel,
        "title": title,
        "purpose": purpose,
        "unit_code": unit_code,
        "units": list(units),
        "case_id": case_id,
        "status": PROPOSED,
        "created_by": created_by,
        "created_at": now,
    }
    transaction.write(_INSERT, row)
    shown = {name: part for name, part in row.items() if name != "created_at"}
    return _group({**shown, "chat": "", "forum": False, "missing": (), "bound_at": None, "lost_at": None})


def set_status(transaction: Transaction, group_id: int, status: str) -> None:
    """Change how a group stands."""
    transaction.write(_SET_STATUS, {"group_id": group_id, "new_status": status})


def set_token(transaction: Transaction, group_id: int, token: str, *, now: datetime) -> None:
    """Let a group wait for a chat that is bound to it by this word, within a day; its hash alone is kept."""
    row = {"group_id": group_id, "hash": _token_hash(token), "until": now + TOKEN_VALID, "at": now}
    transaction.write(_SET_TOKEN, row)


async def bind(transaction: Transaction, group_id: int, chat_id: str, *, forum: bool, now: datetime) -> None:
    """Make a chat the group; the word by which it was bound is used up."""
    row = {"group_id": group_id, "new_chat": chat_id, "new_forum": forum, "at": now}
    await transaction.execute(_BIND, row)


def set_ready(transaction: Transaction, group_id: int, *, now: datetime) -> None:
    """Note that a group has all that it needs, and that its members are invited from now on."""
    transaction.write(_READY, {"group_id": group_id, "at": now})


def set_rights(transaction: Transaction, group_id: int, *, missing: Sequence[str], forum: bool) -> None:
    """Note what the bot may not do in a group, and whether it has topics."""
    row = {"group_id": group_id, "new_missing": list(missing), "new_forum": forum}
    transaction.write(_RIGHTS, row)


def set_lost(transaction: Transaction, group_id: int, *, now: datetime) -> None:
    """Note that a group can no longer be written to."""
    transaction.write(_LOSE, {"group_id": group_id, "at": now})


def set_found(transaction: Transaction, group_id: int) -> None:
    """Note that a lost group is there again."""
    transaction.write(_REVIVE, {"group_id": group_id})


def set_title(transaction: Transaction, group_id: int, title: str) -> None:
    """Note what a group is called now."""
    transaction.write(_RETITLE, {"group_id": group_id, "new_title": title})


def set_scope(transaction: Transaction, group_id: int, *, unit_code: str, units: Sequence[str]) -> None:
    """Change which units a group is for, because others took over from them."""
    row = {"group_id": group_id, "new_unit": unit_code, "new_units": list(units)}
    transaction.write(_RESCOPE, row)


def close_group(transaction: Transaction, group_id: int) -> None:
    """Give a group up: its chat is an ordinary one from now on and may be bound anew."""
    transaction.write(_UNBIND, {"group_id": group_id})


async def make_anew(transaction: Transaction, group_id: int) -> None:
    """Let a group that is gone be made once more, with the same scope; everybody is invited again."""
    await transaction.execute(_REASK, {"group_id": group_id})
    await transaction.execute(_REINVITE, {"in_group": group_id})


async def move_group(transaction: Transaction, *, channel: str, old: str, new: str) -> None:
    """Let a group follow its chat to a new id, with what was ordered and is told there."""
    row = {"in_channel": channel, "old": old, "new": new}
    taken = await transaction.fetch_one(_OF_CHAT, {"in_channel": channel, "in_chat": new})
    if taken is None and await transaction.execute(_MOVE, row):
        await transaction.execute(_MOVE_DIRECTIVES, row)
        await transaction.execute(_MOVE_DIGEST, row)


async def forget_proposed(transaction: Transaction, *, before: datetime) -> int:
    """Drop what was shown and never made."""
    return await transaction.execute(_FORGET_PROPOSED, {"before": before})


def _token_hash(token: str) -> str:
    return hashlib.sha256(f"group:{token.strip()}".encode()).hexdigest()


# ── members ──────────────────────────────────────────────────────────────────────────────────────

_MEMBER_COLUMNS = (
    group_member.c.group_id,
    group_member.c.person_id,
    group_member.c.user,
    group_member.c.unit_code,
    group_member.c.role,
    group_member.c.state,
    group_member.c.invite,
)
_MEMBERS = (
    select(*_MEMBER_COLUMNS)
    .where(group_member.c.group_id.in_(bindparam("groups", expanding=True)))
    .order_by(group_member.c.group_id, group_member.c.person_id)
)
_MEMBER = select(*_MEMBER_COLUMNS).where(
    group_member.c.group_id == bindparam("group_id"), group_member.c.person_id == bindparam("in_person")
)
_BY_INVITE = select(*_MEMBER_COLUMNS).where(group_member.c.invite == bindparam("link"))


def _upsert_member(dialect: Any) -> Insert:
    added = dialect.insert(group_member)
    kept = ("user", "unit_code", "role", "state", "invite", "changed_at")
    statement: Insert = added.on_conflict_do_update(
        index_elements=["group_id", "person_id"], set_={name: added.excluded[name] for name in kept}
    )
    return statement


_SAVE_MEMBER = {"sqlite": _upsert_member(sqlite), "postgresql": _upsert_member(postgresql)}


async def members_of(transaction: Transaction, group_ids: Iterable[int]) -> list[Member]:
    """Return everybody who belongs or belonged to these groups."""
    rows = await transaction.fetch(_MEMBERS, {"groups": sorted(set(group_ids))})
    return [Member(**row) for row in rows]


async def get_member(transaction: Transaction, group_id: int, person_id: int) -> Member | None:
    """Return how a person stands in a group."""
    row = await transaction.fetch_one(_MEMBER, {"group_id": group_id, "in_person": person_id})
    return Member(**row) if row else None


async def member_by_invite(transaction: Transaction, link: str) -> Member | None:
    """Return whom an invitation was made for."""
    row = await transaction.fetch_one(_BY_INVITE, {"link": link}) if link else None
    return Member(**row) if row else None


def save_member(transaction: Transaction, member: Member, *, now: datetime) -> None:
    """Store how a person stands in a group."""
    row = {name: getattr(member, name) for name in Member.__dataclass_fields__}
    transaction.write(_SAVE_MEMBER[transaction.dialect], {**row, "changed_at": now})


_ACCOUNTS = (
    select(account.c.person_id, account.c.user, chat.c.chat)
    .select_from(
        account.outerjoin(
            chat,
            and_(
                chat.c.person_id == account.c.person_id,
                chat.c.channel == account.c.channel,
                chat.c.group == false(),
                chat.c.moved_to.is_(None),
            ),
        )
    )
    .where(
        account.c.person_id.in_(bindparam("people", expanding=True)),
        account.c.channel == bindparam("in_channel"),
        chat.c.unreachable_at.is_(None),
    )
    # Of several accounts the one whose private chat has the same id; a chat does not say whose it is.
    .order_by(
        chat.c.last_inbound_at.nulls_first(),
        case((chat.c.chat == account.c.user, 1), else_=0),
        account.c.user,
        chat.c.chat,
    )
)


async def accounts_in(
    transaction: Transaction, channel: str, person_ids: Iterable[int]
) -> dict[int, Account]:
    """Return how people are known in one channel, by the account that they used last.

    Others are left out, and whoever cannot be reached in their chats there.
    """
    row = {"people": sorted(set(person_ids)), "in_channel": channel}
    found = await transaction.fetch(_ACCOUNTS, row)
    return {each["person_id"]: Account(user=each["user"], chat=each["chat"]) for each in found}


# ── topics ───────────────────────────────────────────────────────────────────────────────────────

_TOPICS = (
    select(group_chat.c.channel, group_chat.c.chat, group_topic.c.key, group_topic.c.topic)
    .join(group_chat, group_chat.c.id == group_topic.c.group_id)
    .where(
        either_of(group_chat.c.channel, group_chat.c.chat),
        group_topic.c.key.in_(bindparam("keys", expanding=True)),
        group_topic.c.topic.is_not(None),
    )
)
_TOPIC = select(group_topic.c.topic, group_topic.c.closed_at).where(
    group_topic.c.group_id == bindparam("group_id"), group_topic.c.key == bindparam("in_key")
)
_ADD_TOPIC = insert(group_topic)
_OF_KEY = (group_topic.c.group_id == bindparam("in_group"), group_topic.c.key == bindparam("in_key"))
_OPENED = update(group_topic).where(*_OF_KEY).values(topic=bindparam("new_topic"))
_TOPIC_CLOSED = update(group_topic).where(*_OF_KEY).values(closed_at=bindparam("at"))
_DROP_TOPIC = delete(group_topic).where(*_OF_KEY)
_KEY_OF_TOPIC = select(group_topic.c.key).where(
    group_topic.c.group_id == bindparam("group_id"), group_topic.c.topic == bindparam("in_topic")
)
_TOPICS_TO_CLOSE = (
    select(group_topic.c.group_id, group_topic.c.key, group_topic.c.topic)
    .join(case_table, group_topic.c.key == "case:" + case_table.c.code)
    .where(
        group_topic.c.closed_at.is_(None),
        group_topic.c.topic.is_not(None),
        case_table.c.status.in_(("closed", "rejected", "merged")),
    )
    .order_by(group_topic.c.group_id, group_topic.c.key)
    .limit(bindparam("limit"))
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    """A topic of a group: what it is for ("case:CODE", "unit:CODE"), and the channel's id of it."""

    group_id: int
    key: str
    topic: str


async def topics_of(
    transaction: Transaction, wanted: Sequence[tuple[str, str, str]]
) -> dict[tuple[str, str, str], str]:
    """Return the channel's id of each topic that is open: wanted are channel, chat and key."""
    if not wanted:
        return {}
    row = {**halves((channel, of) for channel, of, _ in wanted), "keys": sorted({key for *_, key in wanted})}
    found = await transaction.fetch(_TOPICS, row)
    known = {(each["channel"], each["chat"], each["key"]): each["topic"] for each in found}
    return {each: known[each] for each in wanted if each in known}


async def has_topic(transaction: Transaction, group_id: int, key: str) -> bool:
    """Tell whether a group has a topic for this, or is about to."""
    return await transaction.fetch_one(_TOPIC, {"group_id": group_id, "in_key": key}) is not None


async def key_of_topic(transaction: Transaction, group_id: int, topic: str) -> str:
    """Return what a topic is for; empty for one that the bot did not open."""
    row = await transaction.fetch_one(_KEY_OF_TOPIC, {"group_id": group_id, "in_topic": topic})
    return row["key"] if row else ""


def add_topic(transaction: Transaction, group_id: int, key: str, *, title: str, now: datetime) -> None:
    """Note that a topic is being opened."""
    transaction.write(_ADD_TOPIC, {"group_id": group_id, "key": key, "title": title, "opened_at": now})


def topic_opened(transaction: Transaction, group_id: int, key: str, topic: str) -> None:
    """Note the channel's id of a topic."""
    transaction.write(_OPENED, {"in_group": group_id, "in_key": key, "new_topic": topic})


def topic_closed(transaction: Transaction, group_id: int, key: str, *, now: datetime) -> None:
    """Note that a topic is closed."""
    transaction.write(_TOPIC_CLOSED, {"in_group": group_id, "in_key": key, "at": now})


def drop_topic(transaction: Transaction, group_id: int, key: str) -> None:
    """Forget a topic that could not be opened, so that it is tried again."""
    transaction.write(_DROP_TOPIC, {"in_group": group_id, "in_key": key})


async def topics_to_close(transaction: Transaction, *, limit: int = 100) -> list[Topic]:
    """Return open topics of cases that are over."""
    return [Topic(**row) for row in await transaction.fetch(_TOPICS_TO_CLOSE, {"limit": limit})]


# ── what clocks look for ─────────────────────────────────────────────────────────────────────────

_CASES_TO_TELL = (
    select(*_COLUMNS)
    .join(case_table, case_table.c.id == group_chat.c.case_id)
    .where(
        group_chat.c.status == ACTIVE,
        group_chat.c.bound_at.is_not(None),
        or_(
            case_table.c.answered_at > group_chat.c.checked_at,
            case_table.c.closed_at > group_chat.c.checked_at,
            case_table.c.reopened_at > group_chat.c.checked_at,
        ),
    )
    .order_by(group_chat.c.id)
    .limit(bindparam("limit"))
)
_CASES_OVER = (
    select(*_COLUMNS)
    .join(case_table, case_table.c.id == group_chat.c.case_id)
    .where(_IS_OPEN, case_table.c.closed_at < bindparam("before"))
    .order_by(group_chat.c.id)
    .limit(bindparam("limit"))
)
_TOLD = _change(checked_at=bindparam("at"))
_RESEND = (
    update(outbox)
    .where(
        outbox.c.channel == bindparam("in_channel"),
        outbox.c.chat == bindparam("in_chat"),
        outbox.c.failed_at >= bindparam("since"),
    )
    .values(failed_at=None, error=None, attempts=0, claimed_until=None, available_at=bindparam("at"))
)


async def groups_to_tell(transaction: Transaction, *, limit: int = 100) -> list[Group]:
    """Return the groups of single cases that were answered, closed or reopened since the group was told."""
    return [_group(row) for row in await transaction.fetch(_CASES_TO_TELL, {"limit": limit})]


async def groups_of_cases_over(
    transaction: Transaction, *, closed_before: datetime, limit: int = 100
) -> list[Group]:
    """Return the groups of single cases that have been closed since before then."""
    row = {"before": closed_before, "limit": limit}
    return [_group(found) for found in await transaction.fetch(_CASES_OVER, row)]


def group_told(transaction: Transaction, group_id: int, *, now: datetime) -> None:
    """Note that a group knows how its case stands."""
    transaction.write(_TOLD, {"group_id": group_id, "at": now})


async def resend(transaction: Transaction, group: Group, *, since: datetime, now: datetime) -> int:
    """Send what could not be sent to a group since then, in its old order; return how many that are."""
    row = {"in_channel": group.channel, "in_chat": group.chat, "since": since, "at": now}
    return await transaction.execute(_RESEND, row)
