"""The clock's part in orders: before the deadline and after it the unit hears, then whoever gave it.

Each of them hears once. Nobody is woken: what comes due at night waits for the morning.
"""

from datetime import datetime

from handlers import cards, directive_cards, notices, texts
from handlers.channel import Button
from handlers.directive_cards import about, note
from routing import deadline
from routing.organisation import City
from routing.workflow import FINISHED_STATUSES, Status
from storage import cases, directives
from storage.cases import Case
from storage.database import Transaction
from storage.directives import Directive

BATCH = 50
BEFORE, AFTER, GIVER = range(3)
"""Which reminder comes next, as `directive.reminders` counts them."""
PATIENCE_HOURS = 2.0
"""Working hours after the deadline until whoever gave the order hears."""


async def remind(transaction: Transaction, city: City, now: datetime) -> int:
    """Do one batch: remind of orders that are due, let lapse what nobody confirmed; return how many."""
    if deadline.in_quiet_hours(now):
        return 0
    due = await directives.due_directives(transaction, now=now, limit=BATCH)
    for directive in due:
        await remind_of(transaction, city, directive, now)
    return len(due)


async def remind_of(transaction: Transaction, city: City, directive: Directive, now: datetime) -> None:
    """Do what has come due for one order."""
    case = await cases.get_case_by_id(transaction, directive.case_id) if directive.case_id else None
    if directive.status == directives.PROPOSED:
        directive.status, directive.next_check_at = directives.DROPPED, None
        await _note(transaction, directive, "lapsed", now)
    elif directive.status not in (directives.GIVEN, directives.SEEN) or directive.due_at is None:
        directive.next_check_at = None
        directives.save_directive(transaction, directive)
    elif directive.kind == directives.ASSIGN and case is not None and case.status in FINISHED_STATUSES:
        await _answered(transaction, directive, case, now)
    else:
        await _tell(transaction, city, directive, case, now)


async def _answered(transaction: Transaction, directive: Directive, case: Case, now: datetime) -> None:
    """An order to settle a case is carried out once the citizen has the answer."""
    directive.status, directive.next_check_at = directives.DONE, None
    directive.done_at = case.answered_at or now
    if case.status in (Status.ANSWERED, Status.CLOSED) and case.answer:
        directive.report = case.answer
    await _note(transaction, directive, "answered", now)


async def _note(transaction: Transaction, directive: Directive, type: str, now: datetime) -> None:
    await note(transaction, directive, type, person_id=None, role="system", now=now)


async def _tell(
    transaction: Transaction, city: City, directive: Directive, case: Case | None, now: datetime
) -> None:
    """Send the reminder whose time has come; one whose time has passed meanwhile is left out."""
    assert directive.due_at is not None
    stage = max(directive.reminders, AFTER if now >= directive.due_at else BEFORE)
    directive.reminders = stage + 1
    if stage == BEFORE:
        directive.next_check_at = directive.due_at
    elif stage == AFTER:
        directive.next_check_at = city.calendar.add_working_hours(now, PATIENCE_HOURS)
    else:
        directive.next_check_at = None
    if stage == GIVER:
        await _tell_giver(transaction, city, directive, case, now)
    else:
        await _tell_unit(transaction, city, directive, case, now, over=stage == AFTER)
    types = {BEFORE: "reminded_before", AFTER: "reminded_after", GIVER: "told_giver"}
    await _note(transaction, directive, types[min(stage, GIVER)], now)


async def _tell_unit(
    transaction: Transaction,
    city: City,
    directive: Directive,
    case: Case | None,
    now: datetime,
    *,
    over: bool,
) -> None:
    assert directive.due_at is not None
    text = texts.directive_reminder(
        kind=directive.kind,
        unit=cards.unit_name(city, directive.unit_code),
        about=about(city, directive, case),
        due_at=directive.due_at,
        over=over,
    )
    message = notices.message_of(text, buttons=[directive_cards.answer_buttons(directive)])
    there = await directive_cards.readers(transaction, directive.unit_code, now)
    key = f"directive:{directive.id}:{'after' if over else 'before'}"
    directive_cards.send(transaction, there, message, case=case, now=now, dedupe_key=key)


async def _tell_giver(
    transaction: Transaction, city: City, directive: Directive, case: Case | None, now: datetime
) -> None:
    assert directive.due_at is not None
    text = texts.directive_overdue(
        kind=directive.kind,
        unit=cards.unit_name(city, directive.unit_code),
        about=about(city, directive, case),
        due_at=directive.due_at,
        seen=directive.status == directives.SEEN,
    )
    shown = Button(label=texts.label_directive_open(number=1), data=f"dshow:{directive.id}")
    told = await directive_cards.givers(transaction, city, directive, now)
    directive_cards.send(
        transaction,
        told,
        notices.message_of(text, buttons=[[shown]]),
        case=case,
        now=now,
        dedupe_key=f"directive:{directive.id}:giver",
    )
