"""Reminders: before a deadline, at it, then up the tree; each level once, gathered into one message a chat.

Each call does one batch in its own transaction. First every case that has come to a milestone is noted with
whom to tell (`reminder`); when none is left, each chat gets one message of all that was noted for it. What
is noted and what was told is stored in the same transaction, so two clocks never tell twice.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby

from handlers import cards, escalating, notices, texts
from handlers.channel import Button
from handlers.escalating import ABOVE
from handlers.turn import Rows
from routing import deadline, escalation
from routing.escalation import GRAVEST_FIRST, Matter
from routing.organisation import City
from storage import chats, duplicates, messages, reminders
from storage.database import Transaction
from storage.duplicates import Joined
from storage.people import Official
from storage.reminders import DueCase, Line

CASES, CHATS = 100, 50
"""How many cases are noted, and how many chats are told, in one transaction."""
LINES = 10
"""How many cases one message names; the rest is counted."""


async def remind(transaction: Transaction, city: City, now: datetime) -> int:
    """Do one batch of reminders; return how much that was, 0 when nothing is left.

    At night and on days off only urgent cases are looked at; the others wait for the next working morning.
    """
    urgent_only = not deadline.is_time_to_remind(city, now)
    due = await reminders.due_cases(transaction, now=now, limit=CASES, urgent_only=urgent_only)
    noted = await note(transaction, city, due, now)
    if noted or await reminders.is_any_due(transaction, now=now, urgent_only=urgent_only):
        return noted
    return await _tell(transaction, city, now, urgent_only=urgent_only)


# ── what is to be told, and to whom ──────────────────────────────────────────────────────────────


async def note(transaction: Transaction, city: City, due: Sequence[DueCase], now: datetime) -> int:
    """Note whom to tell of these cases, own up to their reporters, and return how many they are."""
    if not due:
        return 0
    staff = await escalating.staff_for(transaction, city, due, now=now)
    missed = [case for case in due if not _note_case(transaction, city, staff, case, now)]
    await _tell_reporters(
        transaction, city, [case for case in due if escalation.has_become_late(case, now)], now
    )
    for case in due:
        reminders.note_told(transaction, case, now=now)
    if missed:
        text = texts.reminders_without_anybody(count=len(missed))
        key = f"remind-nobody:{now:%Y-%m-%dT%H}"
        await notices.tell_operators(transaction, text, now=now, dedupe_key=key)
    return len(due)


def _note_case(
    transaction: Transaction, city: City, staff: escalating.Staff, case: DueCase, now: datetime
) -> bool:
    """Note whom to tell what of a case; return False when somebody should hear and nobody can."""
    _complete(city, case)
    told: dict[tuple[str, str], tuple[Matter, Official, str, datetime]] = {}
    lost = False
    for milestone in escalation.reached(case, now):
        readers = escalating.concerned(city, staff, case, milestone)
        unheard = escalating.nobody_hears(city, staff, case, milestone, readers)
        lost |= unheard
        for official, role in readers:
            known = told.get((official.channel, official.chat))
            if known is None or _rank(milestone.matter) < _rank(known[0]):
                told[official.channel, official.chat] = (milestone.matter, official, role, milestone.at)
        if milestone.matter == Matter.OVERDUE and not unheard:
            case.escalated = max(case.escalated, milestone.level)
    reminders.keep_lines(
        transaction,
        (
            {
                "channel": channel,
                "chat": chat,
                "case_id": case.id,
                "matter": matter,
                "role": role,
                "urgent": case.urgent,
                "at": at,
                "created_at": now,
            }
            for (channel, chat), (matter, _, role, at) in told.items()
        ),
    )
    return not lost


def _rank(matter: str) -> int:
    return GRAVEST_FIRST.index(Matter(matter))


def _complete(city: City, case: DueCase) -> None:
    """Work out whom to tell when of what was set before those moments were stored with it."""
    if case.due_at is not None and case.leader_at is None:
        rule = city.deadline_rule(case.domain)
        moments = deadline.escalations(city, rule, due_at=case.due_at)
        case.leader_at, case.chairman_at = (_untold(case, at) for at in moments)
        if case.accept_due_at is not None and case.accepted_at is None:
            moments = deadline.escalations(city, rule, due_at=case.accept_due_at)
            case.accept_leader_at, case.accept_chairman_at = (_untold(case, at) for at in moments)
    if case.triage_at is not None and case.decide_due_at is case.accept_leader_at is None:
        after = partial(city.calendar.add_working_hours, case.triage_at)
        case.decide_due_at = _untold(case, after(escalation.DECIDE_HOURS))
        case.accept_leader_at = _untold(case, after(escalation.TRIAGE_LEADER_HOURS))


def _untold(case: DueCase, at: datetime) -> datetime:
    """Return a moment that nobody was told of yet, not before what they were told of last."""
    return at if case.reminded_at is None else max(at, case.reminded_at + timedelta(microseconds=1))


async def _tell_reporters(
    transaction: Transaction, city: City, late: Sequence[DueCase], now: datetime
) -> None:
    """Own up to each citizen whose case has just become late, once; to those who joined it as well."""
    masters = {case.id: case for case in late}
    told: list[DueCase | Joined] = [*late, *await _joined(transaction, late)]
    known = await chats.addresses_of(transaction, [case.reporter_id for case in told]) if told else {}
    places = {(case.channel, case.chat): case.reporter_id for case in told if case.reporter_id not in known}
    lost = await chats.are_others(transaction, places)
    for case in told:
        channel, chat = known.get(case.reporter_id, (case.channel, case.chat))
        if not chat or (channel, chat) in lost:
            continue  # they had themselves erased, or have signed out
        handled = masters[case.master_id if isinstance(case, Joined) else case.id]
        unit = cards.unit_name(city, handled.unit_code) or texts.no_unit_yet()
        messages.post_notice(
            transaction,
            channel=channel,
            chat=chat,
            message=notices.message_of(texts.case_overdue(code=case.code, unit=unit)).as_dict(),
            at=now,
            case_id=case.id,
            not_before=deadline.after_quiet_hours(now),
            dedupe_key=f"late:{case.id}:{handled.reopened_count}",
            urgency=messages.TO_MANY,
        )


async def _joined(transaction: Transaction, late: Sequence[DueCase]) -> list[Joined]:
    """Return, for each other person, the first of their cases that was merged into each of these."""
    reporters = {case.id: case.reporter_id for case in late if case.people_count > 1}
    first: dict[tuple[int, int], Joined] = {}
    for other in await duplicates.joined_to(transaction, list(reporters)) if reporters else ():
        if other.reporter_id != reporters[other.master_id]:
            first.setdefault((other.master_id, other.reporter_id), other)
    return list(first.values())


# ── one message for each chat ────────────────────────────────────────────────────────────────────


async def _tell(transaction: Transaction, city: City, now: datetime, *, urgent_only: bool) -> int:
    chats_due = await reminders.take_chats(transaction, now=now, limit=CHATS, urgent_only=urgent_only)
    lines = (
        await reminders.take_lines(transaction, chats_due, now=now, most=LINES, urgent_only=urgent_only)
        if chats_due
        else []
    )
    tell(transaction, city, lines, now, urgency=messages.NEWS if urgent_only else messages.TO_MANY)
    return len(chats_due)


def tell(
    transaction: Transaction,
    city: City,
    lines: Sequence[Line],
    now: datetime,
    *,
    urgency: int = messages.TO_MANY,
) -> None:
    """Send each chat one message of what was taken for it."""
    for (channel, chat), found in groupby(lines, key=lambda line: (line.channel, line.chat)):
        own = list(found)
        messages.post_notice(
            transaction,
            channel=channel,
            chat=chat,
            message=notices.message_of(_words(city, own), buttons=_buttons(own)).as_dict(),
            at=now,
            case_id=own[0].case_id if len(own) == 1 else None,
            urgency=urgency,
        )


def _words(city: City, lines: Sequence[Line]) -> str:
    numbered = [(line, _line(city, number, line)) for number, line in enumerate(lines, start=1)]
    sections = [
        texts.reminder_section(
            matter=matter, count=group[0][0].of_matter, lines=[words for _, words in group]
        )
        for matter, found in groupby(numbered, key=lambda pair: pair[0].matter)
        if (group := list(found))
    ]
    count = lines[0].of_chat
    return texts.reminders(count=count, sections=sections, left_out=count - len(lines))


def _line(city: City, number: int, line: Line) -> str:
    unit = cards.unit_name(city, line.unit_code) if line.role in (ABOVE, "dispatcher") else ""
    return texts.reminder_line(
        number=number,
        matter=line.matter,
        code=line.code,
        domain=cards.domain_name(city, line.domain),
        place=texts.place_name(street=line.street, ward=None if unit else line.ward_name),
        unit=unit,
        urgent=line.urgent,
        at=_moment_of(line),
        due_at=line.due_at,
    )


def _moment_of(line: Line) -> datetime:
    """Return the moment that a line tells: the deadline that it is about, whoever is told of it and when."""
    meant = {Matter.SOON: line.due_at, Matter.UNACCEPTED: line.accept_due_at}
    return meant.get(Matter(line.matter)) or line.at


def _buttons(lines: Sequence[Line]) -> Rows:
    """Return a button for each case, two in a row, and one for all where not all are named."""
    first, count = lines[0], lines[0].of_chat
    shown = [Button(label=texts.label_open_card(code=line.code), data=f"card:{line.code}") for line in lines]
    rows = [shown[start : start + 2] for start in range(0, len(shown), 2)]
    if count == 1 and first.role == "chair" and first.matter != Matter.DECIDE:
        rows[0].append(Button(label=texts.label_snooze(), data=f"snooze:{first.code}"))
    if count > len(lines):
        rows.append([Button(label=texts.label_see_all(count=count), data=_list_of(first))])
    return rows


def _list_of(line: Line) -> str:
    """Return the list that holds all of a chat's: what is late below, what waits in triage, the own work."""
    if line.sorting == line.of_chat and not line.above:
        return "triage:"
    return "late:0" if line.above or line.role == "dispatcher" else "work:0"
