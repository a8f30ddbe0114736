"""What must hold after every fault, counted in the database and at the vendor."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select

from routing.deadline import LOCAL_TIME
from storage import figures, seals, units
from storage.database import Transaction
from storage.tables import case, event, inbox, outbox
from tests.faults.load import Report
from tests.faults.vendor import Vendor

CHANNEL = "telegram"

_INBOX = select(inbox.c.external_id, inbox.c.failed_at, inbox.c.error).where(inbox.c.channel == CHANNEL)
_CASES = select(case.c.id, case.c.chat, case.c.code, case.c.text)
_EVENTS = select(event.c.case_id, event.c.type, func.count().label("times")).group_by(
    event.c.case_id, event.c.type
)
_OUTBOX = select(
    outbox.c.id,
    outbox.c.chat,
    outbox.c.sent_at,
    outbox.c.failed_at,
    outbox.c.error,
    outbox.c.external_id,
    outbox.c.other_ids,
)
_LAST_IN, _LAST_OUT = select(func.max(inbox.c.id).label("id")), select(func.max(outbox.c.id).label("id"))
_WAITS_IN = (
    select(inbox.c.id)
    .where(inbox.c.id <= bindparam("last"), inbox.c.finished_at.is_(None), inbox.c.failed_at.is_(None))
    .limit(1)
)
_WAITS_OUT = (
    select(outbox.c.id)
    .where(
        outbox.c.id <= bindparam("last"),
        outbox.c.sent_at.is_(None),
        outbox.c.failed_at.is_(None),
        outbox.c.held_at.is_(None),
        (outbox.c.available_at <= bindparam("now")) | outbox.c.error.is_not(None),
    )
    .limit(1)
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Backlog:
    """The last row of the inbox and of the outbox at some moment."""

    inbox: int
    outbox: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Count:
    """What was counted, and what does not hold."""

    acknowledged: int
    cases: int
    events: int
    sent: int
    repeated: int
    """How many messages people got more than once: delivery is at least once."""
    dead: tuple[str, ...]
    """Notices that were given up, each with its reason; they are listed for operators."""
    broken: tuple[str, ...]


async def backlog(transaction: Transaction) -> Backlog:
    """Return how far inbox and outbox go now."""
    rows = [await transaction.fetch_one(each) for each in (_LAST_IN, _LAST_OUT)]
    inbox_row, outbox_row = [int(row["id"] or 0) if row else 0 for row in rows]
    return Backlog(inbox=inbox_row, outbox=outbox_row)


async def is_worked_off(transaction: Transaction, until: Backlog, now: datetime) -> bool:
    """Tell whether all updates up to there are dealt with, and all notices that are due are out."""
    if await transaction.fetch(_WAITS_IN, {"last": until.inbox}):
        return False
    return not await transaction.fetch(_WAITS_OUT, {"last": until.outbox, "now": now})


async def count(
    transaction: Transaction,
    *,
    vendor: Vendor,
    acknowledged: frozenset[str],
    reports: Sequence[Report],
    since: datetime,
    now: datetime,
) -> Count:
    """Count everything; `acknowledged` and `reports` are as they were before the database was asked."""
    stored = await transaction.fetch(_INBOX)
    cases = await transaction.fetch(_CASES)
    events = await transaction.fetch(_EVENTS)
    notices = await transaction.fetch(_OUTBOX)
    recorded = {(row["chat"], each) for row in notices if row["sent_at"] for each in _ids(row)}
    shown = {(str(chat), str(each.message_id)) for chat, all_of in vendor._shown.items() for each in all_of}
    broken = [
        *_lost(acknowledged, stored),
        *_miscounted(reports, cases),
        *_undone(reports, cases, events),
        *_unsent(recorded, shown),
        *await _ledger(transaction),
        *await _figures(transaction, since, now),
    ]
    return Count(
        acknowledged=len(acknowledged),
        cases=len(cases),
        events=sum(row["times"] for row in events),
        sent=len(recorded),
        repeated=len(shown - recorded),
        dead=tuple(f"notice {row['id']}: {row['error']}" for row in notices if row["failed_at"]),
        broken=tuple(broken),
    )


def _ids(row: Any) -> list[str]:
    return [each for each in (row["external_id"], *(row["other_ids"] or "").split()) if each]


def _lost(acknowledged: frozenset[str], stored: Sequence[Any]) -> list[str]:
    lost = acknowledged - {row["external_id"] for row in stored}
    dead = [row for row in stored if row["failed_at"] is not None]
    return [
        *(f"update {each} was acknowledged and is lost" for each in sorted(lost)),
        *(f"{row['external_id']} was acknowledged and set aside: {row['error']}" for row in dead),
    ]


def _miscounted(reports: Sequence[Report], cases: Sequence[Any]) -> list[str]:
    by_chat = Counter(row["chat"] for row in cases)
    texts = {row["chat"]: row["text"] for row in cases}
    filed = [report for report in reports if report.confirmed]
    return [
        *(
            f"chat {each.chat} has filed a report that is no case"
            for each in filed
            if not by_chat[str(each.chat)]
        ),
        *(f"chat {chat} has {times} cases for one report" for chat, times in by_chat.items() if times > 1),
        *(
            f"chat {each.chat}: the text was changed"
            for each in filed
            if texts.get(str(each.chat)) != each.text
        ),
    ]


def _undone(reports: Sequence[Report], cases: Sequence[Any], events: Sequence[Any]) -> list[str]:
    """Return what was acknowledged to officials and citizens and did not happen, or happened twice."""
    ids = {row["chat"]: row["id"] for row in cases}
    times = {(row["case_id"], row["type"]): row["times"] for row in events}
    wanted = [
        (report, kind)
        for report in reports
        for kind, done in (
            ("accepted", report.accepted),
            ("answered", report.answered),
            ("closed", report.rated),
        )
        if done
    ]
    found = [(report, kind, times.get((ids.get(str(report.chat)), kind), 0)) for report, kind in wanted]
    return [
        f"{report.code} was {kind} once, and is {number} times"
        for report, kind, number in found
        if number != 1
    ]


def _unsent(recorded: set[tuple[str, str]], shown: set[tuple[str, str]]) -> list[str]:
    return [f"chat {chat}: message {each} is recorded and was never sent" for chat, each in recorded - shown]


async def _ledger(transaction: Transaction) -> list[str]:
    return [f"ledger: {fault}" for fault in (await seals.verify(transaction)).faults]


async def _figures(transaction: Transaction, since: datetime, now: datetime) -> list[str]:
    city = await units.load_city(transaction)
    assert city is not None
    recount = figures.Recount(city.calendar)
    await recount.read(transaction)
    start = since.astimezone(LOCAL_TIME).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(
        days=3
    )
    end = start + timedelta(days=9)
    counted = await figures.figures(transaction, start=start, end=end, now=now, group_by="unit")
    again = recount.figures(start=start, end=end, now=now, group_by="unit")
    different = [unit for unit in counted.keys() | again.keys() if counted.get(unit) != again.get(unit)]
    return [f"figures of {unit}: {counted.get(unit)} recounted {again.get(unit)}" for unit in different]
