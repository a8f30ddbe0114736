"""Reminders one by one after a batch failed: what cannot be told is set aside, and the rest goes on."""

from datetime import datetime, timedelta
from functools import partial

import structlog

from handlers import directive_reminders, notices, reminding, texts
from routing import deadline
from routing.organisation import City
from storage import directives, reminders
from storage.database import Database
from storage.faults import is_away

PAUSE = timedelta(days=1)
"""After so long a case that was set aside is tried again."""
log = structlog.get_logger()


async def remind_apart(database: Database, city: City, now: datetime) -> int:
    """Do what a batch would have done, each case and each chat in a transaction of its own.

    What fails is set aside: a case for a day, what a chat was to be told for good; operators hear of it.
    Returns how much was done, what was set aside included. Raises what a database raises that is away.
    """
    urgent_only = not deadline.is_time_to_remind(city, now)
    async with database.read() as transaction:
        due = await reminders.due_numbers(
            transaction, now=now, limit=reminding.CASES, urgent_only=urgent_only
        )
        chats = await reminders.chats_to_tell(
            transaction, now=now, limit=reminding.CHATS, urgent_only=urgent_only
        )
    for number in due:
        await _case_apart(database, city, number, now)
    if due:
        return len(due)
    for chat in chats:
        await _chat_apart(database, city, chat, now, urgent_only=urgent_only)
    return len(chats)


async def remind_directives_apart(database: Database, city: City, now: datetime) -> int:
    """Do what a batch of reminders of orders would have done, each order in a transaction of its own.

    One that fails is set aside for a day; operators hear of it. Returns how many were done, those included.
    Raises what a database raises that is away.
    """
    if deadline.in_quiet_hours(now):
        return 0
    async with database.begin() as transaction:
        due = await directives.due_directives(transaction, now=now, limit=directive_reminders.BATCH)
    for directive in due:
        await _directive_apart(database, city, directive.id, now)
    return len(due)


async def _directive_apart(database: Database, city: City, number: int, now: datetime) -> None:
    try:
        async with database.begin() as transaction:
            directive = await directives.get_directive(transaction, number, lock=True)
            if directive and directive.next_check_at and directive.next_check_at <= now:
                await directive_reminders.remind_of(transaction, city, directive, now)
    except Exception as error:
        if is_away(error):
            raise
        log.error(
            "An order was set aside by the clock.",
            action="reminder_set_aside",
            directive_id=number,
            exc_info=error,
        )
        async with database.begin() as transaction:
            directives.check_later(transaction, number, at=now + PAUSE)
            text = texts.directive_set_aside(number=number)
            key = f"directive-aside:{number}"
            await notices.tell_operators(transaction, text, now=now, dedupe_key=key)


async def _case_apart(database: Database, city: City, number: int, now: datetime) -> None:
    try:
        async with database.begin() as transaction:
            due = await reminders.due_case(transaction, number, now=now)
            await reminding.note(transaction, city, due, now)
    except Exception as error:
        if is_away(error):
            raise
        log.error(
            "A case was set aside by the clock.", action="reminder_set_aside", case_id=number, exc_info=error
        )
        async with database.begin() as transaction:
            code = await reminders.check_later(transaction, number, at=now + PAUSE)
            text = texts.reminder_set_aside(code=code)
            key = f"remind-aside:{number}"
            await notices.tell_operators(transaction, text, now=now, dedupe_key=key)


async def _chat_apart(
    database: Database, city: City, chat: tuple[str, str], now: datetime, *, urgent_only: bool
) -> None:
    take = partial(reminders.take_lines, chats=[chat], now=now, most=reminding.LINES, urgent_only=urgent_only)
    try:
        async with database.begin() as transaction:
            reminding.tell(transaction, city, await take(transaction), now)
    except Exception as error:
        if is_away(error):
            raise
        log.error(
            "Reminders of a chat were set aside.",
            action="reminder_set_aside",
            channel=chat[0],
            exc_info=error,
        )
        async with database.begin() as transaction:
            codes = [line.code for line in await take(transaction)]
            text = texts.reminders_set_aside(codes=codes)
            await notices.tell_operators(transaction, text, now=now)
