"""Rotation: everything that is sealed with an old key, or plain, is sealed with the active one, row by row.

It goes on while the program runs, can be stopped at any moment and begun again, and destroys an old key only
after a walk through everything has found nothing that needs it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from weakref import WeakKeyDictionary

import structlog
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    type_coerce,
    update,
)

from routing.organisation import City
from storage import contacts, data_keys, messages, scouring, searching
from storage.data_keys import StoredKey
from storage.database import Transaction
from storage.sealing import INDEX_KEY, Keyring, is_sealed
from storage.tables import Json, case_search, inbox, outbox, person

ROWS = 500
"""Rows that are looked at in one transaction."""
SETTLED_AFTER = timedelta(seconds=30)
"""How long after a key has begun to seal nobody seals with the one before any more."""
KEPT_AFTER = timedelta(hours=1)
"""How long a key that nothing needs is kept, for a process that was asleep; then it is destroyed."""
_MEDIA_KEY = re.compile(r"\b[0-9a-f]{32}\.[a-z0-9]{3,4}\b")
log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Column:
    """A sealed column, and how its rows are told apart without opening them."""

    column: Any
    mark: Any
    """The beginning of what is stored, of sealed rows."""
    binary: bool = False

    def needs(self, active: int | None) -> ColumnElement[bool]:
        """Return the condition that a row is not as it should be."""
        if active is None:
            mark: Any = b"s" if self.binary else "s"
            return and_(self.column.is_not(None), func.substr(self.mark, 1, 1) == mark)
        text = f"s{active}:"
        wanted: Any = literal(text.encode(), LargeBinary) if self.binary else literal(text, Text)
        begins = func.substr(self.mark, 1, len(text))
        return and_(self.column.is_not(None), or_(self.mark.is_(None), begins != wanted))


_COLUMNS = (
    _Column(column=inbox.c.body, mark=type_coerce(inbox.c.body, LargeBinary), binary=True),
    _Column(column=outbox.c.message, mark=type_coerce(outbox.c.message, Json)["sealed"].as_string()),
    _Column(column=person.c.phone, mark=type_coerce(person.c.phone, Text)),
)
_LOOKED_THROUGH: tuple[Any, ...] = (*(each.column.table for each in _COLUMNS), case_search)
_FIRST_KEYS = 2
"""Up to this key words of cases may hold numbers from before there was any."""


@dataclass(kw_only=True, slots=True, eq=False)
class Walk:
    """How far a walk through everything has come."""

    table: int = 0
    after: int = -1
    changed: int = 0
    """Rows that were not as they should be."""
    stuck: int = 0
    """Rows that no key opens."""
    skipped: bool = False
    """Whether somebody else was at some of the rows."""
    clean: frozenset[int] = frozenset()
    """The keys that a whole walk has found nothing of, and that are only kept a while."""
    looked_at: Callable[[int], object] = lambda count: None
    """Told how many rows were looked at."""

    def begin_again(self) -> None:
        """Go back to the beginning."""
        self.table, self.after, self.changed, self.stuck, self.skipped = 0, -1, 0, 0, False


_walks: WeakKeyDictionary[Keyring, Walk] = WeakKeyDictionary()


async def count_rows(transaction: Transaction) -> int:
    """Count the rows that one walk looks at."""
    counts = [select(func.count().label("rows")).select_from(table) for table in _LOOKED_THROUGH]
    return sum([(await transaction.fetch(count))[0]["rows"] for count in counts])


async def tick(transaction: Transaction, city: City, now: datetime) -> int:
    """Do one batch of what a rotation has left to do, as the clock's job; return 0 when nothing is left."""
    keyring = transaction.keyring
    if keyring is None:
        return 0
    walk = _walks.setdefault(keyring, Walk())
    before = walk.clean
    going_on = await step(transaction, keyring, walk, now=now)
    if walk.clean != before:
        log.info("Nothing needs these keys any more.", action="keys_settled", keys=sorted(walk.clean))
    return int(going_on)


async def step(
    transaction: Transaction,
    keyring: Keyring,
    walk: Walk,
    *,
    now: datetime,
    settled_after: timedelta = SETTLED_AFTER,
    kept_after: timedelta = KEPT_AFTER,
) -> bool:
    """Do one batch; return whether to go on. Keys that nothing needs are retired and, later, destroyed.

    settled_after, kept_after: nothing where no other process runs.
    """
    keys = await data_keys.list_keys(transaction)
    due = _due(keys, keyring, walk, now, settled_after, kept_after)
    if not due:
        return False
    if await _batch(transaction, keyring, walk):
        return True
    changed, skipped, stuck = walk.changed, walk.skipped, walk.stuck
    walk.begin_again()
    if changed or skipped:
        return True
    if stuck:
        log.error("Rows that no key opens keep old keys alive.", action="keys_stuck", rows=stuck)
        return False
    return await _settle(transaction, walk, due, now, kept_after)


def _due(
    keys: list[StoredKey],
    keyring: Keyring,
    walk: Walk,
    now: datetime,
    settled_after: timedelta,
    kept_after: timedelta,
) -> list[StoredKey]:
    """Return the keys that are to be retired, or destroyed, once nothing needs them."""
    active = data_keys.active_key(keys, now)
    changed_at = [key.active_from if key.retired_at is None else key.retired_at for key in keys]
    if not keys or active != keyring.active or max(changed_at) + settled_after > now:
        return []  # somebody may not have heard of the last change yet, this process itself for one
    if active is None:
        if any(key.seals for key in keys):
            return []  # a clock that was set back: nothing may be opened because of that
        over = all(key.retired_at and key.retired_at + kept_after <= now for key in keys if key.id)
        return keys if over or walk.clean != {key.id for key in keys} else []
    old = [key for key in keys if key.id not in (INDEX_KEY, active)]
    return [
        key
        for key in old
        if (key.id < active if key.retired_at is None else key.retired_at + kept_after <= now)
    ]


async def _settle(
    transaction: Transaction, walk: Walk, due: list[StoredKey], now: datetime, kept_after: timedelta
) -> bool:
    walk.clean = frozenset(key.id for key in due)
    gone = [key for key in due if key.retired_at and key.retired_at + kept_after <= now]
    if due[0].id == INDEX_KEY and len(gone) == len(due) - 1:
        gone = due  # nothing is sealed any more
    for key in due:
        if key in gone:
            await data_keys.destroy(transaction, key.id)
        elif key.seals:
            await data_keys.retire(transaction, key.id, at=now)
    await scouring.ask(transaction)
    return not kept_after and len(gone) < len(due)


async def _batch(transaction: Transaction, keyring: Keyring, walk: Walk) -> bool:
    """Look at the next rows; return False at the end."""
    if walk.table == 0 and walk.after < 0:
        walk.changed += await contacts.store_again(transaction)
    while walk.table < len(_LOOKED_THROUGH):
        table = _LOOKED_THROUGH[walk.table]
        number = table.primary_key.columns[0]
        last = await transaction.fetch(_END[table.name], {"after": walk.after, "rows": ROWS})
        if not last or last[0]["last"] is None:
            walk.table, walk.after = walk.table + 1, -1
            continue
        span = {"after": walk.after, "last": last[0]["last"]}
        if table is case_search:
            await _trace_numbers(transaction, keyring, walk, span)
        else:
            await _store_again(transaction, keyring, walk, _COLUMNS[walk.table], number, span)
        walk.after = span["last"]
        walk.looked_at(last[0]["rows"])
        return True
    return False


def _end(table: Any) -> Select[Any]:
    """Return the query for the last of the next rows, and how many these are."""
    number = table.primary_key.columns[0]
    some = select(number.label("n")).where(number > bindparam("after")).order_by(number)
    found: Any = some.limit(bindparam("rows")).subquery()
    columns: Any = (func.max(found.c.n).label("last"), func.count().label("rows"))
    return select(*columns).select_from(found)


_END = {table.name: _end(table) for table in _LOOKED_THROUGH}


async def _store_again(
    transaction: Transaction,
    keyring: Keyring,
    walk: Walk,
    column: _Column,
    number: Any,
    span: dict[str, int],
) -> None:
    """Store what is not as it should be as it should; rows that somebody else is at come in the next walk."""
    needs = column.needs(keyring.active)
    table = number.table
    wanted = select(number.label("row_id"), column.column.label("content"), *_place(table)).where(
        number > span["after"], number <= span["last"], needs
    )
    rows = (await transaction.connection.execute(wanted.with_for_update(skip_locked=True))).mappings().all()
    statement = update(table).where(number == bindparam("row_id"))
    statement = statement.values({column.column: bindparam("content", type_=column.column.type)})
    good = [row for row in rows if not is_sealed(row["content"])]
    if good:
        values = [{"row_id": row["row_id"], "content": row["content"]} for row in good]
        await transaction.connection.execute(statement, values)
    for row in good:
        _show(transaction, row)
    walk.changed += len(good)
    walk.stuck += len(rows) - len(good)
    if transaction.dialect == "postgresql":
        walk.skipped |= await _count(transaction, number, span, needs) > len(rows) - len(good)


async def _count(transaction: Transaction, number: Any, span: dict[str, int], needs: Any) -> int:
    left = select(func.count()).where(number > span["after"], number <= span["last"], needs)
    return int((await transaction.connection.execute(left)).scalar_one())


def _place(table: Any) -> tuple[Any, ...]:
    return (table.c.channel, table.c.chat) if "chat" in table.c else ()


def _show(transaction: Transaction, row: Any) -> None:
    """Let a chat of the page go on showing what it shows: what is sealed cannot be searched any more."""
    if row.get("channel") not in messages.PAGES:
        return
    content = row["content"]
    text = content.decode("utf-8", "replace") if isinstance(content, bytes) else json.dumps(content)
    keys = set(_MEDIA_KEY.findall(text))
    messages.show_media(transaction, channel=row["channel"], chat=row["chat"], keys=keys)


_WORDS = select(case_search.c.case_id, case_search.c.words).where(
    case_search.c.case_id > bindparam("after"), case_search.c.case_id <= bindparam("last")
)
_SET_WORDS = (
    update(case_search).where(case_search.c.case_id == bindparam("row_id")).values(words=bindparam("traced"))
)


async def _trace_numbers(
    transaction: Transaction, keyring: Keyring, walk: Walk, span: dict[str, int]
) -> None:
    """Put traces in the place of numbers in the words that cases are found by."""
    if keyring.active is None or keyring.active > _FIRST_KEYS:
        return
    for row in await transaction.fetch(_WORDS, span):
        traced = searching.with_traces(row["words"], keyring)
        if traced != row["words"]:
            await transaction.execute(_SET_WORDS, {"row_id": row["case_id"], "traced": traced})
            walk.changed += 1
