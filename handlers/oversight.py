"""What the clock and the delivery set in motion: reminders, closing, and telling who must know."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from handlers import cards, notices, offers, progress, texts
from handlers.channel import Button
from handlers.notices import tell_operators
from handlers.telling import joined_cases
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from routing.workflow import OPEN_STATUSES, Action
from storage import cases, chats, duplicates, messages, people, units
from storage.cases import Case
from storage.database import Transaction
from storage.duplicates import Joined
from storage.people import Official

__all__ = ["citizen_not_reached", "close_silent", "remind", "tell_operators", "watch_triage"]

BATCH = 500
SILENCE = timedelta(days=14)
"""An answered case that nobody says anything about is closed after so long."""
TRIAGE_HOURS = 4
"""Working hours that a case may wait for a dispatcher before they are reminded."""
LINES = 10


# ── reminders ────────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, kw_only=True, slots=True)
class Reminder:
    """One thing to remember about a case: "accept", "warn" or "due", and the moment it was due at."""

    case: Case
    which: str
    at: datetime

    @property
    def key(self) -> str:
        """What makes it one and the same reminder, so that it is given only once."""
        return f"{self.case.id}:{self.which}:{self.at.isoformat()}"


async def remind(transaction: Transaction, city: City, now: datetime) -> int:
    """Remind of what is about to be late and what is late; return how many cases that were.

    Never at night. Everything for one person is gathered into one message. Which milestones were reminded
    of is stored with the case in the same transaction, so two clocks never remind twice.
    """
    if deadline.in_quiet_hours(now):
        return 0
    reminders: list[Reminder] = []
    while found := await cases.cases_to_remind(transaction, now=now, limit=BATCH):
        reminders += [reminder for case in found if (reminder := _reminder(case, now))]
        for case in found:
            case.reminded_at = now
            cases.save_case(transaction, case)
    await _tell_officials(transaction, city, reminders, now)
    await _tell_reporters(transaction, city, reminders, now)
    return len(reminders)


def _reminder(case: Case, now: datetime) -> Reminder | None:
    """Return the gravest milestone that has passed and that nobody was reminded of."""
    milestones = (
        ("due", case.due_at),
        ("accept", None if case.accepted_at else case.accept_due_at),
        ("warn", case.warn_at),
    )
    for which, at in milestones:
        if at is not None and at <= now and (case.reminded_at is None or at > case.reminded_at):
            return Reminder(case=case, which=which, at=case.due_at or at if which == "warn" else at)
    return None


async def _tell_officials(
    transaction: Transaction, city: City, reminders: Sequence[Reminder], now: datetime
) -> None:
    codes = sorted({each.case.unit_code for each in reminders if each.case.unit_code})
    known = await people.officials_of(transaction, codes, now=now) if codes else []
    dispatchers = await people.officials_by_role(transaction, "dispatcher", now=now) if reminders else []
    at_unit: dict[str, list[Official]] = defaultdict(list)
    for official in known:
        at_unit[official.unit_code].append(official)
    lists: dict[int, tuple[Official, list[Reminder]]] = {}
    missed = []
    for reminder in reminders:
        concerned = _concerned(reminder, at_unit[reminder.case.unit_code or ""]) or dispatchers
        missed += [] if concerned else [reminder]
        for official in concerned:
            lists.setdefault(official.person_id, (official, []))[1].append(reminder)
    for official, own in lists.values():
        _post_list(transaction, city, official, own, now)
    if missed:
        text = texts.reminders_without_anybody(count=len(missed))
        await tell_operators(transaction, text, now=now, dedupe_key=f"remind-nobody:{_digest(missed)}")


def _concerned(reminder: Reminder, officials: Sequence[Official]) -> list[Official]:
    """Return who must hear: whoever took the case up, else everybody there; chairs too once it is late."""
    case = reminder.case
    handling = [official for official in officials if official.person_id == case.officer_id]
    if not handling:
        return list(officials)
    chairs = [official for official in officials if official.role == "chair"]
    return [*handling, *chairs] if reminder.which == "due" else handling


def _post_list(
    transaction: Transaction, city: City, official: Official, reminders: Iterable[Reminder], now: datetime
) -> None:
    ordered = sorted({each.key: each for each in reminders}.values(), key=lambda each: each.at)
    lines = [
        texts.reminder_line(
            which=each.which,
            code=each.case.code,
            domain=cards.domain_name(city, each.case.domain),
            unit=cards.unit_name(city, each.case.unit_code),
            at=each.at,
        )
        for each in ordered[:LINES]
    ]
    rows = [
        [Button(label=texts.label_open_card(code=each.case.code), data=f"card:{each.case.code}")]
        for each in ordered[:LINES]
    ]
    notices.post_to(
        transaction,
        [official],
        notices.message_of(texts.reminder(lines=lines, left_out=max(0, len(ordered) - LINES)), buttons=rows),
        now=now,
        case_id=ordered[0].case.id if len(ordered) == 1 else None,
        dedupe_key=f"remind:{_digest(ordered)}",
    )


def _digest(reminders: Iterable[Reminder]) -> str:
    return hashlib.sha256("|".join(sorted(each.key for each in reminders)).encode()).hexdigest()[:40]


async def _tell_reporters(
    transaction: Transaction, city: City, reminders: Sequence[Reminder], now: datetime
) -> None:
    """Own up to each citizen whose case has just become late, once."""
    masters = {each.case.id: each.case for each in reminders if each.which == "due"}
    late: list[Case | Joined] = [*masters.values(), *await joined_cases(transaction, list(masters.values()))]
    known = await chats.addresses_of(transaction, [case.reporter_id for case in late]) if late else {}
    for case in late:
        channel, chat = known.get(case.reporter_id, (case.channel, case.chat))
        handled = masters[case.master_id or case.id]
        unit = cards.unit_name(city, handled.unit_code) or texts.no_unit_yet()
        messages.post_notice(
            transaction,
            channel=channel,
            chat=chat,
            message=notices.message_of(texts.case_overdue(code=case.code, unit=unit)).as_dict(),
            at=now,
            case_id=case.id,
            dedupe_key=f"late:{case.id}:{handled.reopened_count}",
        )


async def watch_triage(transaction: Transaction, city: City, now: datetime) -> int:
    """Remind dispatchers, at most twice a day, of cases that wait too long; return how many those are."""
    if deadline.in_quiet_hours(now):
        return 0
    waiting = await cases.cases_in_triage(transaction, limit=BATCH)
    late = [case for case in waiting if _waits_too_long(city, case, now)]
    if not late:
        return 0
    text = texts.triage_late(count=len(late), hours=TRIAGE_HOURS)
    local = now.astimezone(LOCAL_TIME)
    key = f"triage-late:{local:%Y-%m-%d}:{'am' if local.hour < 12 else 'pm'}"
    dispatchers = await people.officials_by_role(transaction, "dispatcher", now=now)
    buttons = [[Button(label=texts.label_open_triage(), data="triage:")]]
    notices.post_to(
        transaction, dispatchers, notices.message_of(text, buttons=buttons), now=now, dedupe_key=key
    )
    if not dispatchers:
        alarm = texts.no_dispatcher(code=late[0].code, count=len(late))
        await tell_operators(transaction, alarm, now=now, dedupe_key=key)
    return len(late)


def _waits_too_long(city: City, case: Case, now: datetime) -> bool:
    since = case.head_at or case.received_at if case.returned_count else case.received_at
    return city.calendar.working_hours_between(since, now) > TRIAGE_HOURS


# ── closing ──────────────────────────────────────────────────────────────────────────────────────


async def close_silent(transaction: Transaction, city: City, now: datetime) -> int:
    """Close answered cases that nobody has said anything about for 14 days; return how many."""
    if deadline.in_quiet_hours(now):
        return 0
    closed = 0
    while found := await cases.cases_to_close(transaction, answered_before=now - SILENCE, limit=BATCH):
        for case in found:
            await progress.move(
                transaction, city, case, Action.CLOSE, actor=progress.SYSTEM, now=now, data={"silent": True}
            )
            await progress.tell_reporter(
                transaction,
                case,
                texts.case_closed(code=case.code),
                now=now,
                buttons=offers.unsolved(case.code),
                dedupe_key=f"closed:{case.id}:{case.reopened_count}",
            )
        closed += len(found)
    return closed


# ── people who cannot be reached ─────────────────────────────────────────────────────────────────


async def citizen_not_reached(
    transaction: Transaction, case_id: int, *, channel: str, chat: str, now: datetime
) -> None:
    """Deal with a message about a case that could not be delivered.

    When it was for the reporter, the unit hears of it, once a day; of somebody who joined, the unit that
    handles the whole. When it was for an official and nobody
    else at the unit can be reached, those above are told.
    """
    known = await chats.load_chats(transaction, [(channel, chat)])
    case = await cases.get_case_by_id(transaction, case_id, lock=True)
    city = await units.load_city(transaction)
    if case is None or city is None:
        return
    if known[channel, chat].person_id == case.reporter_id or (channel, chat) == (case.channel, case.chat):
        progress.record(
            transaction,
            case,
            "citizen_not_reached",
            actor=progress.SYSTEM,
            now=now,
            data={"channel": channel},
        )
        cases.save_case(transaction, case)
        await _tell_not_reached(transaction, city, case, now)
    elif case.status in OPEN_STATUSES and not await _anybody_there(transaction, case, now):
        await progress.nobody_there(transaction, city, case, now=now)


async def _tell_not_reached(transaction: Transaction, city: City, case: Case, now: datetime) -> None:
    handled = await duplicates.master_of(transaction, case) or case
    if handled.unit_code is None:
        return
    text = texts.reporter_unreachable(code=case.code)
    if handled is not case:
        text = texts.joined_unreachable(code=case.code, master=handled.code)
    key = f"not-reached:{case.id}:{now:%Y-%m-%d}"
    await progress.tell_unit(transaction, city, handled, text, now=now, dedupe_key=key)


async def _anybody_there(transaction: Transaction, case: Case, now: datetime) -> bool:
    """Tell whether somebody can still be reached; a case without a unit is the dispatchers' and has one."""
    if case.unit_code is None:
        return True
    return bool(await people.officials_of(transaction, case.unit_code, now=now))
