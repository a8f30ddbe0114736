"""How long each kind of data is kept, and purging what is older: a few rows at a time, along an index.

What is unfinished, unsent, held for somebody or set aside and not looked at is never purged.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, bindparam, delete, false, func, literal_column, or_, select, update

from routing.workflow import FINISHED_STATUSES, OPEN_STATUSES
from storage import erasing, traffic
from storage.cases import Case
from storage.database import Transaction
from storage.holding import DROPPED
from storage.identity import first_id_at
from storage.tables import case as case_table
from storage.tables import (
    case_photo,
    chat,
    directive_file,
    file,
    inbox,
    invitation,
    link_code,
    outbox,
    person,
    photo,
    post,
)
from storage.tables import traffic as traffic_table
from storage.units import get_setting, set_setting

DEFAULT_DAYS: Mapping[str, int] = {
    "inbox": 90,
    "outbox": 90,
    "drafts": 30,
    "codes": 30,
    "pictures": 14,
    "recordings": 180,
    "exports": 30,
    "positions": 365,
    "closed": 1825,
    "visitors": 365,
    "traffic": 1100,
}
"""Each kind and how many days it is kept; 0 is for ever. `docs/privacy.md` tells what each is."""
KEYS_DAYS = 730
"""How long an emptied message still tells that it was sent once."""
ROWS = 500
"""Rows that one transaction looks at."""
_SETTING = "retention"


async def keep_days(transaction: Transaction, given: Mapping[str, int]) -> None:
    """Store how long the operator wants which kinds kept; others have their default."""
    if await get_setting(transaction, _SETTING) != dict(given):
        await set_setting(transaction, _SETTING, dict(given))


async def all_days(transaction: Transaction) -> dict[str, int]:
    """Return how many days each kind is kept; 0 is for ever."""
    given = await get_setting(transaction, _SETTING) or {}
    return {kind: int(given.get(kind, usual)) for kind, usual in DEFAULT_DAYS.items()}


async def days_of(transaction: Transaction, kind: str) -> int:
    """Return how many days a kind is kept; 0 is for ever. Raises KeyError for no such kind."""
    return (await all_days(transaction))[kind]


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What one transaction did: how many rows it changed, and after which the next goes on; None: no more."""

    changed: int
    after: list[Any] | None


# ── messages ─────────────────────────────────────────────────────────────────────────────────────

_OLD_INBOX = (
    select(inbox.c.id, inbox.c.received_at.label("at"), inbox.c.finished_at)
    .where(inbox.c.id > bindparam("after"))
    .order_by(inbox.c.id)
    .limit(bindparam("limit"))
)
_OLD_OUTBOX = (
    select(
        outbox.c.id,
        outbox.c.created_at.label("at"),
        outbox.c.sent_at,
        outbox.c.failed_at,
        outbox.c.price,
        outbox.c.dedupe_key,
        outbox.c.chat,
    )
    .where(outbox.c.id > bindparam("after"))
    .order_by(outbox.c.id)
    .limit(bindparam("limit"))
)
_DELETE_INBOX = delete(inbox).where(inbox.c.id == bindparam("row_id"))
_DELETE_OUTBOX = delete(outbox).where(outbox.c.id == bindparam("row_id"))
_EMPTY_OUTBOX = (
    update(outbox)
    .where(outbox.c.id == bindparam("row_id"))
    .values(message=bindparam("nothing"), chat="", case_id=None, external_id=None, other_ids=None, error=None)
)


async def purge_inbox(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Delete updates that came before then and were dealt with."""
    rows = await transaction.fetch(_OLD_INBOX, {"after": after[0] if after else 0, "limit": ROWS})
    old = [row for row in rows if row["at"] < before]
    done = [row["id"] for row in old if row["finished_at"] is not None]
    for row_id in done:
        transaction.write(_DELETE_INBOX, {"row_id": row_id})
    return Batch(changed=len(done), after=[old[-1]["id"]] if len(old) == ROWS else None)


async def purge_outbox(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Delete messages of before then that were sent or that nobody needed.

    Of those that may be sent only once an empty row stays, for two years, to tell that they were.
    """
    rows = await transaction.fetch(_OLD_OUTBOX, {"after": after[0] if after else 0, "limit": ROWS})
    old = [row for row in rows if row["at"] < before]
    keys_end = before - timedelta(days=KEYS_DAYS)
    done = [row for row in old if row["sent_at"] or (row["failed_at"] and row["price"] == DROPPED)]
    changed = 0
    for row in done:
        if row["dedupe_key"] is None or row["at"] < keys_end:
            transaction.write(_DELETE_OUTBOX, {"row_id": row["id"]})
        elif row["chat"]:
            transaction.write(_EMPTY_OUTBOX, {"row_id": row["id"], "nothing": {"text": ""}})
        else:
            continue
        changed += 1
    return Batch(changed=changed, after=[old[-1]["id"]] if len(old) == ROWS else None)


# ── chats and codes ──────────────────────────────────────────────────────────────────────────────

_FURTHER = or_(
    chat.c.channel > bindparam("in_channel"),
    and_(chat.c.channel == bindparam("in_channel"), chat.c.chat > bindparam("in_chat")),
)
_CHATS = (
    select(chat.c.channel, chat.c.chat, chat.c.step, chat.c.last_inbound_at)
    .where(_FURTHER)
    .order_by(chat.c.channel, chat.c.chat)
    .limit(bindparam("limit"))
)
_NO_DRAFT = (
    update(chat)
    .where(
        chat.c.channel == bindparam("in_channel"),
        chat.c.chat == bindparam("in_chat"),
        chat.c.last_inbound_at < bindparam("before"),
    )
    .values(step="", draft={})
)
_OLD_CODES = (
    delete(link_code).where(link_code.c.expires_at < bindparam("before")),
    delete(invitation).where(invitation.c.expires_at < bindparam("before")),
)
_DELETE_TRAFFIC = delete(traffic_table).where(traffic_table.c.day < bindparam("first_day"))


async def purge_drafts(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Forget what was begun in chats where nobody has written since then."""
    channel, name = after or ("", "")
    rows = await transaction.fetch(_CHATS, {"in_channel": channel, "in_chat": name, "limit": ROWS})
    old = [row for row in rows if row["step"] and row["last_inbound_at"] < before]
    for row in old:
        key = {"in_channel": row["channel"], "in_chat": row["chat"]}
        transaction.write(_NO_DRAFT, {**key, "before": before})
    last = [rows[-1]["channel"], rows[-1]["chat"]] if len(rows) == ROWS else None
    return Batch(changed=len(old), after=last)


async def purge_codes(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Delete one-time codes that ended before then."""
    changed = sum([await transaction.execute(statement, {"before": before}) for statement in _OLD_CODES])
    return Batch(changed=changed, after=None)


async def purge_traffic(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Delete counts of days before then."""
    day = traffic.local_day(before)
    return Batch(changed=await transaction.execute(_DELETE_TRAFFIC, {"first_day": day}), after=None)


# ── pictures and files ───────────────────────────────────────────────────────────────────────────


def _by_age(table: Any, *columns: Any) -> Select[Any]:
    return (
        select(table.c.media_key, table.c.created_at, *columns)
        .where(
            table.c.created_at >= bindparam("since"),
            table.c.created_at < bindparam("before"),
            or_(table.c.created_at > bindparam("since"), table.c.media_key > bindparam("last_key")),
        )
        .order_by(table.c.created_at, table.c.media_key)
        .limit(bindparam("limit"))
    )


def _used(table: Any) -> tuple[Any, ...]:
    """Return columns that tell whether a case or a directive shows a picture or a file."""
    return tuple(
        select(literal_column("1")).where(other.c.media_key == table.c.media_key).exists().label(name)
        for other, name in ((case_photo, "on_case"), (directive_file, "on_directive"))
    )


_OLD_PHOTOS = _by_age(photo, *_used(photo))
_OLD_FILES = _by_age(file, file.c.kind, *_used(file))
_PROPOSED = select(case_table.c.proposed).where(
    case_table.c.status.in_(sorted(OPEN_STATUSES)), case_table.c.proposed.is_not(None)
)
_EPOCH = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def purge_pictures(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Drop pictures of before then that no case, order or proposed answer shows."""
    rows, last = await _aged(transaction, _OLD_PHOTOS, before, after)
    proposed = [str(row["proposed"]) for row in await transaction.fetch(_PROPOSED)] if rows else []
    loose = [
        row["media_key"]
        for row in rows
        if not (row["on_case"] or row["on_directive"] or any(row["media_key"] in each for each in proposed))
    ]
    await erasing.drop_photos(transaction, loose, at=before)
    return Batch(changed=len(loose), after=last)


async def _purge_files(
    transaction: Transaction, kinds: tuple[str, ...], before: datetime, after: list[Any]
) -> Batch:
    rows, last = await _aged(transaction, _OLD_FILES, before, after)
    loose = [row["media_key"] for row in rows if row["kind"] in kinds and not row["on_directive"]]
    await erasing.drop_files(transaction, loose, at=before)
    return Batch(changed=len(loose), after=last)


async def purge_recordings(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Drop recordings and documents of before then that no order shows."""
    return await _purge_files(transaction, ("voice", "document"), before, after)


async def purge_exports(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Drop files that the program made before then."""
    return await _purge_files(transaction, ("export",), before, after)


async def _aged(
    transaction: Transaction, query: Select[Any], before: datetime, after: list[Any]
) -> tuple[list[Mapping[str, Any]], list[Any] | None]:
    since, key = (datetime.fromisoformat(after[0]), after[1]) if after else (_EPOCH, "")
    parameters = {"since": since, "last_key": key, "before": before, "limit": ROWS}
    rows = list(await transaction.fetch(query, parameters))
    full = len(rows) == ROWS
    return rows, [rows[-1]["created_at"].isoformat(), rows[-1]["media_key"]] if full else None


# ── cases and people ─────────────────────────────────────────────────────────────────────────────

_OLD_CASES = (
    select(case_table)
    .where(case_table.c.id > bindparam("after"), case_table.c.id < bindparam("until"))
    .order_by(case_table.c.id)
    .limit(bindparam("limit"))
    .with_for_update()
)
_ROUND = (
    update(case_table)
    .where(case_table.c.id == bindparam("row_id"))
    .values(latitude=bindparam("north"), longitude=bindparam("east"))
)
_NOBODY = person.insert()
_MERGED_OPEN = select(case_table.c.id).where(
    case_table.c.id.in_(bindparam("ids", expanding=True)), case_table.c.status.in_(sorted(OPEN_STATUSES))
)


async def finished_cases(
    transaction: Transaction, before: datetime, after: list[Any]
) -> tuple[list[Case], list[Any] | None]:
    """Return some cases that were finished before then, locked, and after which to go on."""
    parameters = {"after": after[0] if after else 0, "until": first_id_at(before), "limit": ROWS}
    rows = await transaction.fetch(_OLD_CASES, parameters)
    masters = [row["master_id"] for row in rows if row["master_id"]]
    busy = (
        {row["id"] for row in await transaction.fetch(_MERGED_OPEN, {"ids": masters})} if masters else set()
    )
    found = [
        case
        for case in (Case(**row) for row in rows)
        if case.status in FINISHED_STATUSES
        and (case.head_at or before) < before
        and case.master_id not in busy
    ]
    return found, [rows[-1]["id"]] if len(rows) == ROWS else None


async def purge_positions(transaction: Transaction, before: datetime, after: list[Any]) -> Batch:
    """Round the positions of cases finished before then to about a hundred metres."""
    cases, last = await finished_cases(transaction, before, after)
    changed = 0
    for case in cases:
        if case.latitude is None or case.longitude is None:
            continue
        north, east = (round(each, erasing.PLACES) for each in (case.latitude, case.longitude))
        if (north, east) != (case.latitude, case.longitude):
            transaction.write(_ROUND, {"row_id": case.id, "north": north, "east": east})
            changed += 1
    return Batch(changed=changed, after=last)


_QUIET = (
    select(chat.c.channel, chat.c.chat, chat.c.person_id, chat.c.last_inbound_at, chat.c.group)
    .where(_FURTHER)
    .order_by(chat.c.channel, chat.c.chat)
    .limit(bindparam("limit"))
)
_BOUND = select(func.count().label("ties")).select_from(
    select(literal_column("1"))
    .where(
        or_(
            case_table.c.reporter_id == bindparam("in_person"),
            case_table.c.officer_id == bindparam("in_person"),
        )
    )
    .union_all(
        select(literal_column("1")).where(post.c.person_id == bindparam("in_person")),
        select(literal_column("1")).where(
            chat.c.person_id == bindparam("in_person"),
            chat.c.group == false(),
            chat.c.last_inbound_at >= bindparam("before"),
        ),
    )
    .subquery()
)


async def quiet_visitors(
    transaction: Transaction, before: datetime, after: list[Any]
) -> tuple[list[int], list[Any] | None]:
    """Return some people who never reported anything, hold no post and have not written since then."""
    channel, name = after or ("", "")
    rows = await transaction.fetch(_QUIET, {"in_channel": channel, "in_chat": name, "limit": ROWS})
    found = []
    for person_id in dict.fromkeys(
        row["person_id"] for row in rows if row["person_id"] and row["last_inbound_at"] < before
    ):
        ties = await transaction.fetch_one(_BOUND, {"in_person": person_id, "before": before})
        if ties is not None and not ties["ties"]:
            found.append(person_id)
    return found, [rows[-1]["channel"], rows[-1]["chat"]] if len(rows) == ROWS else None


def cut_loose(transaction: Transaction, case: Case, nobody: int, *, at: datetime) -> None:
    """Let a case's reporter be nobody: a person of this id, of whom nothing was ever known."""
    transaction.write(_NOBODY, {"id": nobody, "name": "", "phone": None, "created_at": at, "erased_at": at})
    case.reporter_id = nobody


Purge = Callable[[Transaction, datetime, list[Any]], Awaitable[Batch]]
PURGES: Mapping[str, Purge] = {
    "inbox": purge_inbox,
    "outbox": purge_outbox,
    "drafts": purge_drafts,
    "codes": purge_codes,
    "pictures": purge_pictures,
    "recordings": purge_recordings,
    "exports": purge_exports,
    "positions": purge_positions,
    "traffic": purge_traffic,
}
"""How what is too old is purged; of the other kinds, people and cases, `handlers.retaining` takes care."""
