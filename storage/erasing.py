"""Erasing a person: whatever tells who they are goes, their cases stay without them.

`docs/decisions/0017-erasing.md` tells what goes, what stays, and how the ledger still holds.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, Select, bindparam, delete, exists, false, func, or_, select, update

from routing.traces import Scrubber, Traces
from storage import ledger, searching
from storage.cases import Case, save_case
from storage.chats import ChatKey
from storage.database import Transaction
from storage.doomed import doom
from storage.ledger import ERASED
from storage.tables import (
    account,
    case_photo,
    case_search,
    chat,
    consent,
    correction,
    digest,
    directive,
    directive_event,
    directive_file,
    event,
    file,
    group_chat,
    group_member,
    group_topic,
    link_code,
    part,
    person,
    photo,
    post,
    reminder,
    shown_media,
)
from storage.tables import case as case_table

PLACES = 3
"""Decimals of a position that stay: about a hundred metres."""
IN_CASE, WITH_CODE, ANYWHERE = 3, 3, 6
"""How many words in a row count as the person's own: in their case, beside its code, and elsewhere."""
_READING_KEPT = ("candidates", "model_version", "former", "kind", "part")
_OWN_WORDS = frozenset({"text", "words", "note", "question", "answer"})
"""Under these names an event of a citizen's keeps what they wrote."""
_FIXED = frozenset({"state", "photos", "from", "to", "unit", "officer", "master", "case"})
"""What an event keeps under these names names nobody."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What stands in place of what was erased: of a case's text, of a message about it, of a few words."""

    case: str
    message: str
    mark: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """What the city knows of somebody, as far as it leads to them.

    ids: the person's and those of whoever was found to be the same. office: they hold or held a post, so
    their name belongs to what they did in it. serves: they hold one now, so they must be reachable.
    """

    ids: tuple[int, ...]
    chats: frozenset[ChatKey]
    users: frozenset[str]
    cases: tuple[Case, ...]
    traces: Traces
    office: bool
    serves: bool

    @property
    def case_ids(self) -> frozenset[int]:
        """The ids of the cases that they reported."""
        return frozenset(case.id for case in self.cases)

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of these cases."""
        return tuple(case.code for case in self.cases)


_IDS: BindParameter[int] = bindparam("ids", expanding=True)
_PEOPLE = select(person.c.id, person.c.name, person.c.phone).where(
    or_(person.c.id.in_(_IDS), person.c.merged_into.in_(_IDS))
)
_ACCOUNTS = select(account.c.channel, account.c.user).where(account.c.person_id.in_(_IDS))
_CHATS = (
    select(chat.c.channel, chat.c.chat)
    .where(chat.c.person_id.in_(_IDS), chat.c.group == false())
    .order_by(chat.c.channel, chat.c.chat)
)
_CASES = select(case_table).where(case_table.c.reporter_id.in_(_IDS)).order_by(case_table.c.id)
_SAID = select(event.c.data).where(
    event.c.case_id.in_(bindparam("cases", expanding=True)), event.c.actor_role == "citizen"
)
_POSTS = select(post.c.starts_at, post.c.ends_at).where(post.c.person_id.in_(_IDS))


async def same_people(transaction: Transaction, person_id: int) -> list[Mapping[str, Any]]:
    """Return the rows of a person and of everybody who was found to be the same."""
    ids, rows = {person_id}, await transaction.fetch(_PEOPLE, {"ids": [person_id]})
    while new := {row["id"] for row in rows} - ids:
        ids |= new
        rows = await transaction.fetch(_PEOPLE, {"ids": sorted(ids)})
    return list(rows)


async def known_of(transaction: Transaction, person_id: int, *, now: datetime, lock: bool = False) -> Known:
    """Return what leads to a person; with `lock` no turn of theirs runs until the transaction ends."""
    people = await same_people(transaction, person_id)
    ids = {"ids": sorted(row["id"] for row in people)}
    chats = await transaction.fetch(_CHATS.with_for_update() if lock else _CHATS, ids)
    accounts = await transaction.fetch(_ACCOUNTS, ids)
    rows = await transaction.fetch(_CASES.with_for_update() if lock else _CASES, ids)
    cases = tuple(Case(**row) for row in rows)
    posts = await transaction.fetch(_POSTS, ids)
    said = await transaction.fetch(_SAID, {"cases": [case.id for case in cases]}) if cases else ()
    later = [str(row["data"][name]) for row in said for name in _OWN_WORDS if row["data"].get(name)]
    users = frozenset(row["user"] for row in accounts)
    where = frozenset((row["channel"], row["chat"]) for row in chats) | {
        (case.channel, case.chat) for case in cases if case.chat
    }
    return Known(
        ids=tuple(ids["ids"]),
        chats=where,
        users=users,
        cases=cases,
        traces=_traces(people, users | {name for _, name in where}, cases, later),
        office=bool(posts),
        serves=any(row["ends_at"] is None or row["ends_at"] > now for row in posts),
    )


def _traces(
    people: Iterable[Mapping[str, Any]], ids: Iterable[str], cases: Sequence[Case], later: Iterable[str]
) -> Traces:
    return Traces(
        names=tuple({row["name"] for row in people if row["name"]}),
        numbers=tuple({row["phone"] for row in people if row["phone"]}),
        ids=tuple(ids),
        texts=(*(case.text for case in cases), *later),
        places=tuple({place for case in cases for place in (case.street, case.ward_name) if place}),
    )


# ── a case ───────────────────────────────────────────────────────────────────────────────────────

_CHANGE_EVENT = (
    update(event)
    .where(event.c.case_id == bindparam("row_id"), event.c.sequence == bindparam("number"))
    .values(data=bindparam("left"), actor_id=bindparam("new_actor"))
)
_CHANGE_CASE = (
    update(case_table)
    .where(case_table.c.id == bindparam("row_id"))
    .values(text=bindparam("new_text"), words=None)
)
_FIND_BY = (
    update(case_search)
    .where(case_search.c.case_id == bindparam("row_id"))
    .values(words=bindparam("found_by"))
)
_FORGET_LESSONS = delete(correction).where(correction.c.case_id == bindparam("row_id"))
_REPORT_PHOTOS = select(case_photo.c.media_key).where(
    case_photo.c.case_id == bindparam("row_id"), case_photo.c.purpose == "report"
)
_TEXTS: tuple[tuple[Select[Any], Any], ...] = tuple(
    (
        select(
            *(column.label(f"key_{column.name}") for column in table.primary_key),
            *(table.c[n] for n in names),
        ).where(condition),
        update(table)
        .where(*(column == bindparam(f"key_{column.name}") for column in table.primary_key))
        .values({name: bindparam(f"new_{name}") for name in names}),
    )
    for table, names, condition in (
        (part, ("task", "answer"), part.c.case_id == bindparam("in_case")),
        (directive, ("text", "report", "about"), directive.c.case_id == bindparam("in_case")),
        (
            directive_event,
            ("data",),
            directive_event.c.directive_id.in_(
                select(directive.c.id).where(directive.c.case_id == bindparam("in_case"))
            ),
        ),
        (group_chat, ("title",), group_chat.c.case_id == bindparam("in_case")),
        (
            group_topic,
            ("title",),
            group_topic.c.group_id.in_(
                select(group_chat.c.id).where(group_chat.c.case_id == bindparam("in_case"))
            ),
        ),
    )
)
"""What others wrote of a case outside of its ledger: how it is read, and how it is written back."""


async def erase_case(
    transaction: Transaction,
    case: Case,
    traces: Traces,
    *,
    words: Words,
    at: datetime,
    why: str,
    nameless: bool = False,
) -> None:
    """Take out of a case whatever tells who reported it; it stays with its domain, place, times and figures.

    The ledger says so in an event of its own, with what is left of each event that held more. `case` is
    locked. why: "asked" or "retention". nameless: whoever reported it is still known, and is not to be found
    by its events either.
    """
    scrubber = Scrubber(traces, mark=words.mark, run=IN_CASE, strict=True)
    left = await _erase_events(transaction, case, scrubber, words, nameless=nameless)
    _anonymise(case, scrubber)
    data = {"why": why, "text_hash": ledger.text_hash(words.case), "events": left}
    ledger.append_event(
        transaction,
        case,
        type=ERASED,
        actor_id=None,
        actor_role="system",
        unit_code=case.unit_code,
        at=at,
        data=data,
    )
    case.text = words.case
    save_case(transaction, case)
    transaction.write(_CHANGE_CASE, {"row_id": case.id, "new_text": words.case})
    found_by = " ".join(
        word
        for known in (case.code, case.street, case.ward_name)
        if known
        for word in searching.bare_words(known)
    )
    transaction.write(_FIND_BY, {"row_id": case.id, "found_by": found_by})
    transaction.write(_FORGET_LESSONS, {"row_id": case.id})
    await _erase_words_of_others(transaction, case.id, scrubber)
    keys = [row["media_key"] for row in await transaction.fetch(_REPORT_PHOTOS, {"row_id": case.id})]
    await drop_photos(transaction, keys, at=at)


async def _erase_events(
    transaction: Transaction, case: Case, scrubber: Scrubber, words: Words, *, nameless: bool
) -> dict[str, str]:
    """Take the person out of the events of a case; return the hash of what is left of each that changed."""
    left = {}
    for known in await ledger.events_of(transaction, case.id):
        data = known.data if known.type == ERASED else _without(known, scrubber, words.mark)
        actor = None if nameless and known.actor_role == "citizen" else known.actor_id
        if (data, actor) != (known.data, known.actor_id):
            row = {"row_id": case.id, "number": known.sequence, "left": data, "new_actor": actor}
            transaction.write(_CHANGE_EVENT, row)
            fields = {name: getattr(known, name) for name in ledger.Event.__slots__}
            left[str(known.sequence)] = ledger.left_hash({**fields, "data": data, "actor_id": actor})
    return left


def _without(known: ledger.Event, scrubber: Scrubber, mark: str) -> dict[str, Any]:
    own = _OWN_WORDS if known.actor_role == "citizen" else frozenset()
    data = {
        name: value if name in _FIXED else mark if name in own and value else scrubber.scrub_all(value)
        for name, value in known.data.items()
    }
    data.pop("text_hash", None)  # of few words the hash gives them away
    return data


def _anonymise(case: Case, scrubber: Scrubber) -> None:
    case.chat = ""
    case.reading = {name: case.reading[name] for name in _READING_KEPT if name in case.reading}
    case.latitude = None if case.latitude is None else round(case.latitude, PLACES)
    case.longitude = None if case.longitude is None else round(case.longitude, PLACES)
    case.answer = case.answer and scrubber.scrub(case.answer)
    case.triage_reason = case.triage_reason and scrubber.scrub(case.triage_reason)
    case.proposed = scrubber.scrub_all(case.proposed)
    case.extension = scrubber.scrub_all(case.extension)


async def _erase_words_of_others(transaction: Transaction, case_id: int, scrubber: Scrubber) -> None:
    for query, change in _TEXTS:
        for row in await transaction.fetch(query, {"in_case": case_id}):
            keys = {name: value for name, value in row.items() if name.startswith("key_")}
            now = {f"new_{name}": scrubber.scrub_all(row[name]) for name in row.keys() - keys.keys()}
            if any(now[f"new_{name}"] != row[name] for name in row.keys() - keys.keys()):
                transaction.write(change, {**keys, **now})


# ── a person ─────────────────────────────────────────────────────────────────────────────────────

_FORGET_PERSON = (
    update(person)
    .where(person.c.id == bindparam("row_id"))
    .values(name=bindparam("new_name"), phone=None, erased_at=bindparam("at"))
)
_FORGET_NUMBER = update(person).where(person.c.id == bindparam("row_id")).values(phone=None)
_NEVER_MIND = (
    update(chat)
    .where(chat.c.channel == bindparam("in_channel"), chat.c.chat == bindparam("in_chat"))
    .values(step="", draft={})
)
_DELETE_ACCOUNTS = delete(account).where(account.c.person_id == bindparam("in_person"))
_DELETE_CHATS = delete(chat).where(chat.c.person_id == bindparam("in_person"), chat.c.group == false())
_LEAVE_GROUPS = update(chat).where(chat.c.person_id == bindparam("in_person")).values(person_id=None)
_DELETE_CODES = delete(link_code).where(link_code.c.person_id == bindparam("in_person"))
_DELETE_DIGESTS = delete(digest).where(digest.c.person_id == bindparam("in_person"))
_DELETE_REMINDERS = delete(reminder).where(
    reminder.c.channel == bindparam("in_channel"), reminder.c.chat == bindparam("in_chat")
)
_DELETE_SHOWN = delete(shown_media).where(
    shown_media.c.channel == bindparam("in_channel"), shown_media.c.chat == bindparam("in_chat")
)
_FORGET_MEMBER = (
    update(group_member)
    .where(group_member.c.person_id == bindparam("in_person"))
    .values(user="", invite=None)
)
_WITHDRAW_CONSENTS = (
    update(consent)
    .where(consent.c.person_id == bindparam("in_person"), consent.c.withdrawn_at.is_(None))
    .values(withdrawn_at=bindparam("at"))
)
_FILES = select(file.c.media_key).where(
    file.c.person_id.in_(_IDS), ~exists().where(directive_file.c.media_key == file.c.media_key)
)
_PHOTOS = select(photo.c.media_key).where(
    photo.c.person_id.in_(_IDS),
    ~exists().where(directive_file.c.media_key == photo.c.media_key),
    ~exists().where(case_photo.c.media_key == photo.c.media_key, case_photo.c.purpose != "report"),
)
_NOBODYS_FILES = update(file).where(file.c.person_id == bindparam("in_person")).values(person_id=None)
_NOBODYS_PHOTOS = update(photo).where(photo.c.person_id == bindparam("in_person")).values(person_id=None)
_DROP_CASE_PHOTO = delete(case_photo).where(case_photo.c.media_key == bindparam("key"))
_DROP_PHOTO = delete(photo).where(photo.c.media_key == bindparam("key"))
_DROP_FILE = delete(file).where(file.c.media_key == bindparam("key"))
_OFFICIALS_DRAFTS = (
    select(chat.c.channel, chat.c.chat, chat.c.draft)
    .distinct()
    .join(post, post.c.person_id == chat.c.person_id)
    .where(chat.c.step != "")
)
_PUT_DRAFT = (
    update(chat)
    .where(chat.c.channel == bindparam("in_channel"), chat.c.chat == bindparam("in_chat"))
    .values(draft=bindparam("new_draft"))
)


async def erase_rows(transaction: Transaction, known: Known, *, words: Words, at: datetime) -> None:
    """Erase all that is held about somebody outside of inbox and outbox (`storage.sweeping` does those).

    `known` was read with its locks in this transaction.
    """
    for case in known.cases:
        await erase_case(transaction, case, known.traces, words=words, at=at, why="asked")
    await _erase_from_drafts(transaction, known, words)
    keys = {"ids": list(known.ids)}
    await drop_photos(
        transaction, [row["media_key"] for row in await transaction.fetch(_PHOTOS, keys)], at=at
    )
    await drop_files(transaction, [row["media_key"] for row in await transaction.fetch(_FILES, keys)], at=at)
    for person_id in known.ids:
        transaction.write(_DELETE_CODES, {"in_person": person_id})
        transaction.write(_WITHDRAW_CONSENTS, {"in_person": person_id, "at": at})
    if known.serves:
        _keep_in_office(transaction, known)
    else:
        await _forget(transaction, known, at)


def _keep_in_office(transaction: Transaction, known: Known) -> None:
    """Leave somebody who holds a post their name, accounts and chats: these belong to the post."""
    for person_id in known.ids:
        transaction.write(_FORGET_NUMBER, {"row_id": person_id})
    for channel, name in sorted(known.chats):
        transaction.write(_NEVER_MIND, {"in_channel": channel, "in_chat": name})


async def _forget(transaction: Transaction, known: Known, at: datetime) -> None:
    names = {row["id"]: row["name"] for row in await same_people(transaction, known.ids[0])}
    for person_id in known.ids:
        kept = names.get(person_id, "") if known.office else ""
        transaction.write(_FORGET_PERSON, {"row_id": person_id, "new_name": kept, "at": at})
        for statement in (
            _DELETE_ACCOUNTS,
            _DELETE_CHATS,
            _LEAVE_GROUPS,
            _DELETE_DIGESTS,
            _FORGET_MEMBER,
            _NOBODYS_FILES,
            _NOBODYS_PHOTOS,
        ):
            transaction.write(statement, {"in_person": person_id})
    for channel, name in sorted(known.chats):
        transaction.write(_DELETE_REMINDERS, {"in_channel": channel, "in_chat": name})
        transaction.write(_DELETE_SHOWN, {"in_channel": channel, "in_chat": name})


async def _erase_from_drafts(transaction: Transaction, known: Known, words: Words) -> None:
    """Take the person out of what officials are writing about their cases."""
    scrubber = Scrubber(known.traces, mark=words.mark, run=WITH_CODE, strict=True)
    for row in await transaction.fetch(_OFFICIALS_DRAFTS) if known.cases else ():
        if (row["channel"], row["chat"]) in known.chats or not mentions(row["draft"], known.codes):
            continue
        draft = scrubber.scrub_all(row["draft"])
        if draft != row["draft"]:
            key = {"in_channel": row["channel"], "in_chat": row["chat"]}
            transaction.write(_PUT_DRAFT, {**key, "new_draft": draft})


def mentions(value: Any, codes: Collection[str]) -> bool:
    """Tell whether a JSON value speaks of one of these cases."""
    if isinstance(value, str):
        return any(code in value for code in codes)
    if isinstance(value, Mapping):
        return any(mentions(part, codes) for part in value.values())
    return isinstance(value, list | tuple) and any(mentions(part, codes) for part in value)


async def drop_photos(transaction: Transaction, keys: Sequence[str], *, at: datetime) -> None:
    """Forget pictures; their files go from the media folder afterwards."""
    for key in keys:
        transaction.write(_DROP_CASE_PHOTO, {"key": key})
    for key in keys:
        transaction.write(_DROP_PHOTO, {"key": key})
    doom(transaction, keys, at=at)
    await transaction.flush()


async def drop_files(transaction: Transaction, keys: Sequence[str], *, at: datetime) -> None:
    """Forget recordings and documents; they go from the media folder afterwards."""
    for key in keys:
        transaction.write(_DROP_FILE, {"key": key})
    doom(transaction, keys, at=at)
    await transaction.flush()


_NOW_NOBODYS = select(func.count().label("people")).select_from(person).where(person.c.erased_at.is_not(None))


async def count_erased(transaction: Transaction) -> int:
    """Count the people of whom nothing is known any more."""
    row = await transaction.fetch_one(_NOW_NOBODYS)
    return int(row["people"]) if row else 0
