"""Purging what was kept long enough: once a day, kind by kind, a few rows at a time."""

from datetime import datetime, timedelta
from typing import Any

from handlers import texts
from handlers.data_requests import words
from routing.organisation import City
from storage import erasing, retention, scouring
from storage.database import Transaction
from storage.erasing import Words
from storage.identity import new_id
from storage.retention import Batch
from storage.traffic import local_day
from storage.units import get_setting, set_setting

CASES = 50
"""Finished cases that one transaction takes apart."""
_PROGRESS = "retaining"


async def retain(transaction: Transaction, city: City, now: datetime) -> int:
    """Purge some more of what is too old; 0 when all was looked at on this local day."""
    progress = await _progress(transaction, now)
    if not progress["kinds"]:
        return 0
    kind = progress["kinds"][0]
    days = await retention.days_of(transaction, kind)
    done = await _purge(transaction, kind, days, progress["after"], now) if days else None
    if done is None or done.after is None:
        progress = {**progress, "kinds": progress["kinds"][1:], "after": []}
    else:
        progress = {**progress, "after": done.after}
    if done is not None and done.changed:
        await scouring.ask(transaction)
    await set_setting(transaction, _PROGRESS, progress)
    return 1


async def _progress(transaction: Transaction, now: datetime) -> dict[str, Any]:
    """Return what is left of today's round, and how far the first kind of it has come."""
    today = local_day(now).isoformat()
    kept: dict[str, Any] | None = await get_setting(transaction, _PROGRESS)
    if kept is not None and kept["day"] >= today:
        return kept
    return {"day": today, "kinds": list(retention.DEFAULT_DAYS), "after": []}


async def _purge(transaction: Transaction, kind: str, days: int, after: list[Any], now: datetime) -> Batch:
    before = now - timedelta(days=days)
    if kind in retention.PURGES:
        return await retention.PURGES[kind](transaction, before, after)
    others = {"closed": _close, "visitors": _forget_visitors}
    return await others[kind](transaction, before, after, now)


async def _close(transaction: Transaction, before: datetime, after: list[Any], now: datetime) -> Batch:
    """Take out of cases finished long ago what was written in them and who wrote it."""
    cases, last = await retention.finished_cases(transaction, before, after)
    kept = [case for case in cases if case.chat]
    if len(kept) > CASES:
        kept = kept[:CASES]
        last = [kept[-1].id]
    replaced = Words(case=texts.expired_case(), message=texts.erased_message(), mark=texts.erased_words())
    for case in kept:
        known = await erasing.known_of(transaction, case.reporter_id, now=now)
        retention.cut_loose(transaction, case, new_id(), at=now)
        await erasing.erase_case(
            transaction, case, known.traces, words=replaced, at=now, why="retention", nameless=True
        )
    return Batch(changed=len(kept), after=last)


async def _forget_visitors(
    transaction: Transaction, before: datetime, after: list[Any], now: datetime
) -> Batch:
    """Forget people who wrote once, never reported anything, and have not come back."""
    people, last = await retention.quiet_visitors(transaction, before, after)
    for person_id in people:
        known = await erasing.known_of(transaction, person_id, now=now, lock=True)
        await erasing.erase_rows(transaction, known, words=words(), at=now)
    return Batch(changed=len(people), after=last)
