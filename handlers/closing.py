"""Waits that end by themselves: an answer that nobody objects to, a question that nobody replies to."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from handlers import cards, notices, offers, progress, texts
from handlers.channel import Button
from handlers.telling import joined_cases
from handlers.turn import Rows
from routing import deadline
from routing.organisation import City
from routing.workflow import Action
from storage import cases, chats, messages, people
from storage.cases import Case
from storage.database import Transaction
from storage.duplicates import Joined

BATCH = 25
"""Cases in one transaction; each leaves an event in the ledger, which costs more than a reminder."""


async def close_silent(transaction: Transaction, city: City, now: datetime) -> int:
    """Close a batch of answered cases that nobody objects to; return how many, 0 when none is left.

    The days are counted from the answer; nothing that is said or added later restarts them. Not at night.
    """
    if deadline.in_quiet_hours(now):
        return 0
    answered_before = now - timedelta(days=city.procedure.close_after_days)
    found = await cases.cases_to_close(transaction, answered_before=answered_before, limit=BATCH)
    for case in found:
        await progress.move(
            transaction, city, case, Action.CLOSE, actor=progress.SYSTEM, now=now, data={"silent": True}
        )
    for case, told in await _reporters(transaction, found):
        _tell(
            transaction,
            told,
            texts.case_closed(code=told[0].code),
            (),
            now=now,
            key=f"closed:{case.id}:{case.reopened_count}",
        )
    return len(found)


async def stop_waiting(transaction: Transaction, city: City, now: datetime) -> int:
    """Let the clock run again for a batch of cases whose citizen has not replied; return how many.

    Unit and citizen are told. Only on working days and not at night: no working time passes outside them.
    """
    if not deadline.is_time_to_remind(city, now):
        return 0
    days = city.procedure.reply_days
    asked_before = now - timedelta(days=days)
    found = await cases.cases_waiting(transaction, asked_before=asked_before, limit=BATCH)
    asked_at = {case.id: case.paused_at for case in found}
    for case in found:
        data = {"silent": True}
        await progress.move(
            transaction, city, case, Action.STOP_WAITING, actor=progress.SYSTEM, now=now, data=data
        )
    for case, told in await _reporters(transaction, found):
        if told[0] is not case:  # who joined the case was not asked
            continue
        unit = cards.unit_name(city, case.unit_code)
        text = texts.waiting_over_citizen(code=told[0].code, unit=unit, due_at=case.due_at)
        key = f"waiting-over:{case.id}:{asked_at[case.id]}"
        _tell(transaction, told, text, offers.add(told[0].code), now=now, key=key)
    await _tell_units(transaction, found, days, now)
    return len(found)


Told = tuple[Case | Joined, tuple[str, str]]
"""A case and the chat in which its reporter is told."""


async def _reporters(transaction: Transaction, found: Sequence[Case]) -> list[tuple[Case, Told]]:
    """Return whom to tell of each case: its reporter, and whoever joined it with a case of their own."""
    masters = {case.id: case for case in found}
    joined = await joined_cases(transaction, found)
    told: list[tuple[Case, Case | Joined]] = [(case, case) for case in found]
    told += [(masters[other.master_id], other) for other in joined]
    ids = [other.reporter_id for _, other in told]
    known = await chats.addresses_of(transaction, ids) if ids else {}
    return [
        (case, (other, known.get(other.reporter_id, (other.channel, other.chat)))) for case, other in told
    ]


def _tell(transaction: Transaction, told: Told, text: str, rows: Rows, *, now: datetime, key: str) -> None:
    case, (channel, chat) = told
    messages.post_notice(
        transaction,
        channel=channel,
        chat=chat,
        message=notices.message_of(text, buttons=rows).as_dict(),
        at=now,
        case_id=case.id,
        dedupe_key=f"{key}:{case.id}",
        urgency=messages.TO_MANY,
    )


async def _tell_units(transaction: Transaction, found: Sequence[Case], days: int, now: datetime) -> None:
    """Tell whoever handles each of these cases, else everybody at its unit."""
    codes = sorted({case.unit_code for case in found if case.unit_code})
    known = await people.officials_of(transaction, codes, now=now) if codes else []
    for case in found:
        there = [official for official in known if official.unit_code == case.unit_code]
        handling = [official for official in there if official.person_id == case.officer_id]
        text = texts.waiting_over_unit(code=case.code, days=days, due_at=case.due_at)
        rows = [[Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")]]
        message = notices.message_of(text, buttons=rows)
        notices.post_to(
            transaction, handling or there, message, now=now, case_id=case.id, urgency=messages.TO_MANY
        )
