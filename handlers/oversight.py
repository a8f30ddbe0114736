"""What the delivery sets in motion: telling who must know that somebody cannot be reached."""

from datetime import datetime

from handlers import cards, leaving, progress, texts
from handlers.notices import tell_operators
from routing import deadline
from routing.organisation import City
from routing.workflow import OPEN_STATUSES
from storage import cases, chats, contacts, duplicates, people, reminders, units
from storage.cases import Case
from storage.database import Transaction

__all__ = ["citizen_not_reached", "citizen_reached", "official_not_reached", "tell_operators"]


async def citizen_not_reached(
    transaction: Transaction, case_id: int, *, channel: str, chat: str, now: datetime, way: str = ""
) -> None:
    """Deal with a message about a case that could not be delivered.

    way: "held", "template" or "sms" where it waits for its reader and what was done besides; empty where
    nothing reaches them.

    When it was for the reporter, the unit hears of it, once a day; of somebody who joined, the unit that
    handles the whole. When it was for an official and nobody
    else at the unit can be reached, those above are told.
    """
    known = await chats.load_chats(transaction, [(channel, chat)])
    case = await cases.get_case_by_id(transaction, case_id, lock=True)
    city = await units.load_city(transaction, now=now)
    if case is None or city is None:
        return
    if known[channel, chat].person_id == case.reporter_id or (channel, chat) == (case.channel, case.chat):
        progress.record(
            transaction,
            case,
            "citizen_not_reached",
            actor=progress.SYSTEM,
            now=now,
            data={"channel": channel, **({"way": way} if way else {})},
        )
        cases.save_case(transaction, case)
        await _tell_not_reached(transaction, city, case, now, way)
    elif case.status in OPEN_STATUSES and not await _anybody_there(transaction, case, now):
        await progress.nobody_there(transaction, city, case, now=now)


async def citizen_reached(
    transaction: Transaction, case_id: int, *, channel: str, chat: str, now: datetime
) -> None:
    """Take note that the reporter got what was held for them, and tell the unit."""
    known = await chats.load_chats(transaction, [(channel, chat)])
    case = await cases.get_case_by_id(transaction, case_id, lock=True)
    city = await units.load_city(transaction, now=now)
    if case is None or city is None:
        return
    if known[channel, chat].person_id != case.reporter_id and (channel, chat) != (case.channel, case.chat):
        return
    progress.record(
        transaction, case, "citizen_reached", actor=progress.SYSTEM, now=now, data={"channel": channel}
    )
    cases.save_case(transaction, case)
    handled = await duplicates.master_of(transaction, case) or case
    if handled.unit_code is not None:
        key = f"reached:{case.id}:{now:%Y-%m-%d}"
        text = texts.reporter_reached(code=case.code)
        await progress.tell_unit(transaction, city, handled, text, now=now, dedupe_key=key)


async def official_not_reached(transaction: Transaction, *, channel: str, chat: str, now: datetime) -> None:
    """Deal with a message of no single case that nobody got: reminders of several, for an official.

    Where nobody else at a unit of theirs can be reached, dispatchers and those above are told, once a day,
    and the unit's open cases are marked; later reminders go past the unit by themselves.
    """
    person_id = (await chats.load_chats(transaction, [(channel, chat)]))[channel, chat].person_id
    city = await units.load_city(transaction, now=now)
    if person_id is None or city is None:
        return
    for post in await people.posts_of(transaction, person_id, now=now):
        if post.works and not await people.officials_of(transaction, post.unit_code, now=now):
            await reminders.note_unreached(transaction, post.unit_code, now=now)
            key = f"empty:{post.unit_code}:{now:%Y-%m-%d}"
            await leaving.tell_of_empty_unit(transaction, city, post.unit_code, now=now, dedupe_key=key)


async def address_not_reached(transaction: Transaction, *, channel: str, address: str, now: datetime) -> None:
    """Tell the operators, once a day, that a mail address or a number takes nothing, and whose it is."""
    city = await units.load_city(transaction, now=now)
    known = await contacts.all_of(transaction)
    whose = contacts.unit_of_reference(address) if channel == "sms" else ""
    whose = whose or next((code for code, each in known.items() if address in (*each.mail, *each.phone)), "")
    unit = cards.unit_name(city, whose) if city and whose else ""
    shown = (channel == "sms" and await contacts.number_of(transaction, address)) or address
    await tell_operators(
        transaction,
        texts.address_unreachable(channel=channel, address=shown, unit=unit),
        now=now,
        dedupe_key=f"address:{channel}:{address[:80]}:{now:%Y-%m-%d}",
        not_before=deadline.after_quiet_hours(now) if deadline.in_quiet_hours(now) else None,
    )


async def _tell_not_reached(
    transaction: Transaction, city: City, case: Case, now: datetime, way: str
) -> None:
    handled = await duplicates.master_of(transaction, case) or case
    if handled.unit_code is None:
        return
    text = texts.reporter_unreachable(code=case.code)
    if way:
        text = texts.reporter_waits(code=case.code, way=way)
    elif handled is not case:
        text = texts.joined_unreachable(code=case.code, master=handled.code)
    key = f"not-reached:{case.id}:{now:%Y-%m-%d}"
    await progress.tell_unit(transaction, city, handled, text, now=now, dedupe_key=key)


async def _anybody_there(transaction: Transaction, case: Case, now: datetime) -> bool:
    """Tell whether somebody can still be reached; a case without a unit is the dispatchers' and has one."""
    if case.unit_code is None:
        return True
    return bool(await people.officials_of(transaction, case.unit_code, now=now))
