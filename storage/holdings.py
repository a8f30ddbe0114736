"""Everything that is held about one person, read for that person."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, false, select

from storage import consents, erasing, erasures
from storage.cases import Case
from storage.chats import ChatKey
from storage.consents import Consent
from storage.database import Transaction
from storage.erasures import Request
from storage.tables import account, case_photo, chat, event, file, inbox, outbox, person, photo, post
from storage.tables import case as case_table

MESSAGES = 1000
"""How many of the latest messages of each chat are told, either way."""
VIEWED = "viewed"
"""The type of the event by which the ledger tells who opened a case."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """One message, as text."""

    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """Somebody opened a case: when, in which role, of which unit."""

    at: datetime
    role: str
    unit_code: str | None
    code: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What a person wrote about a case after they had sent it."""

    code: str
    at: datetime
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Holdings:
    """All of it. posts, chats, accounts and files are rows of these tables."""

    name: str
    phone: str
    since: datetime
    accounts: Sequence[Mapping[str, Any]]
    chats: Sequence[Mapping[str, Any]]
    consents: Sequence[Consent]
    cases: Sequence[Case]
    added: Sequence[Added]
    pictures: Sequence[Mapping[str, Any]]
    files: Sequence[Mapping[str, Any]]
    posts: Sequence[Mapping[str, Any]]
    said: Sequence[Said]
    told: Sequence[Said]
    requests: Sequence[Request]
    views: Sequence[View]


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_PERSON = select(person.c.name, person.c.phone, person.c.created_at).where(person.c.id == bindparam("row_id"))
_ACCOUNTS = (
    select(account.c.channel, account.c.user)
    .where(account.c.person_id.in_(_IDS))
    .order_by(account.c.channel, account.c.user)
)
_CHATS = (
    select(chat.c.channel, chat.c.chat, chat.c.last_inbound_at, chat.c.step, chat.c.draft)
    .where(chat.c.person_id.in_(_IDS), chat.c.group == false())
    .order_by(chat.c.channel, chat.c.chat)
)
_PICTURES = (
    select(photo.c.media_key, photo.c.created_at)
    .where(
        photo.c.person_id.in_(_IDS)
        | photo.c.media_key.in_(
            select(case_photo.c.media_key)
            .join(case_table, case_table.c.id == case_photo.c.case_id)
            .where(case_table.c.reporter_id.in_(_IDS), case_photo.c.purpose == "report")
        )
    )
    .order_by(photo.c.created_at, photo.c.media_key)
)
_FILES = (
    select(file.c.media_key, file.c.name, file.c.created_at)
    .where(file.c.person_id.in_(_IDS))
    .order_by(file.c.created_at, file.c.media_key)
)
_POSTS = (
    select(post.c.unit_code, post.c.role, post.c.starts_at, post.c.ends_at)
    .where(post.c.person_id.in_(_IDS))
    .order_by(post.c.starts_at)
)
_SAID = (
    select(inbox.c.id, inbox.c.received_at.label("at"), inbox.c.body)
    .where(inbox.c.channel == bindparam("in_channel"), inbox.c.chat == bindparam("in_chat"))
    .order_by(inbox.c.id.desc())
    .limit(bindparam("limit"))
)
_TOLD = (
    select(outbox.c.id, outbox.c.created_at.label("at"), outbox.c.message)
    .where(outbox.c.channel == bindparam("in_channel"), outbox.c.chat == bindparam("in_chat"))
    .order_by(outbox.c.id.desc())
    .limit(bindparam("limit"))
)
_EVENTS = (
    select(event.c.case_id, event.c.type, event.c.actor_role, event.c.unit_code, event.c.at, event.c.data)
    .where(event.c.case_id.in_(bindparam("cases", expanding=True)))
    .order_by(event.c.at, event.c.case_id, event.c.sequence)
)
_WORDS = ("text", "caption")


async def held_about(transaction: Transaction, person_id: int, *, now: datetime) -> Holdings | None:
    """Return everything that is held about a person and whoever was found to be the same; None for nobody."""
    row = await transaction.fetch_one(_PERSON, {"row_id": person_id})
    if row is None:
        return None
    known = await erasing.known_of(transaction, person_id, now=now)
    ids = {"ids": list(known.ids)}
    codes = {case.id: case.code for case in known.cases}
    events = await transaction.fetch(_EVENTS, {"cases": list(codes)}) if codes else ()
    chats = await transaction.fetch(_CHATS, ids)
    said, told = await _messages(transaction, [(each["channel"], each["chat"]) for each in chats])
    return Holdings(
        name=row["name"],
        phone=row["phone"] or "",
        since=row["created_at"],
        accounts=await transaction.fetch(_ACCOUNTS, ids),
        chats=chats,
        consents=await consents.consents_of(transaction, known.ids),
        cases=known.cases,
        added=[each for found in events for each in _added(found, codes)],
        pictures=await transaction.fetch(_PICTURES, ids),
        files=await transaction.fetch(_FILES, ids),
        posts=await transaction.fetch(_POSTS, ids),
        said=said,
        told=told,
        requests=await erasures.of_people(transaction, list(known.ids)),
        views=[_view(found, codes) for found in events if found["type"] == VIEWED],
    )


def _added(found: Mapping[str, Any], codes: Mapping[int, str]) -> Iterator[Added]:
    if found["actor_role"] == "citizen" and found["type"] != "received":
        for name in ("text", "words", "note"):
            if text := found["data"].get(name):
                yield Added(code=codes[found["case_id"]], at=found["at"], text=str(text))


def _view(found: Mapping[str, Any], codes: Mapping[int, str]) -> View:
    return View(
        at=found["at"], role=found["actor_role"], unit_code=found["unit_code"], code=codes[found["case_id"]]
    )


async def _messages(transaction: Transaction, chats: Sequence[ChatKey]) -> tuple[list[Said], list[Said]]:
    said: list[Said] = []
    told: list[Said] = []
    for channel, name in chats:
        where = {"in_channel": channel, "in_chat": name, "limit": MESSAGES}
        said += [
            Said(at=row["at"], text=_words_in(bytes(row["body"])))
            for row in await transaction.fetch(_SAID, where)
        ]
        told += [
            Said(at=row["at"], text=str(row["message"].get("text", "")))
            for row in await transaction.fetch(_TOLD, where)
        ]
    return sorted(said, key=lambda each: each.at), sorted(told, key=lambda each: each.at)


def _words_in(body: bytes) -> str:
    """Return what somebody typed from an update, in whichever form its vendor sends it."""
    try:
        return " ".join(dict.fromkeys(_typed(json.loads(body))))
    except ValueError:
        return ""


def _typed(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, part in value.items():
            if name in _WORDS and isinstance(part, str) and part.strip():
                yield part.strip()
            else:
                yield from _typed(part)
    elif isinstance(value, list):
        for part in value:
            yield from _typed(part)
