"""Who hears of a case, and when: its reporter, the unit that has it, the dispatchers, those above."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import access, cards, notices, part_cards, texts
from handlers.channel import Button, OutboundMessage
from handlers.notices import Rows
from handlers.turn import Filed
from routing import deadline, workflow
from routing.organisation import City
from routing.workflow import Role
from storage import cases, chats, duplicates, messages, people
from storage.cases import Case
from storage.database import Transaction
from storage.duplicates import Joined
from storage.ledger import Event
from storage.parts import Part
from storage.people import Official, Person

NIGHT_OWL = timedelta(hours=2)
"""Who wrote so recently is awake: a card reaches them even at night."""
TRIAGE_PAUSE_MINUTES = 30
"""Dispatchers hear at most once in so long that more cases wait."""


async def announce(
    transaction: Transaction,
    city: City,
    case: Case,
    *,
    now: datetime,
    note: str = "",
    reporter: Person | None = None,
    photos: Sequence[str] | None = None,
    officials: Sequence[Official] | None = None,
    events: Sequence[Event] = (),
) -> None:
    """Show a case to those who must act on it now: the unit's officials, or the dispatchers.

    `events` are what happened to it, where that shall stand on the card; `reporter` is whoever reported it,
    `photos` are its photos and `officials` those of its unit, where they are at hand already.
    """
    if case.unit_code is None:
        await tell_dispatchers(transaction, city, case, now=now)
        return
    if officials is None:
        officials = await people.officials_of(transaction, case.unit_code, now=now)
    if not officials:
        await nobody_there(transaction, city, case, now=now)
        return
    if photos is None:
        photos = await cases.photos_of(transaction, case.id, "report")
    shown = await _reporter_shown(transaction, city, case, reporter, now)
    for role in (Role.CHAIR, Role.OFFICER):
        actions = workflow.allowed_actions(case.status, role)
        message = cards.card(
            city,
            case,
            now=now,
            photos=photos,
            reporter=shown,
            note=note,
            actions=actions,
            events=events,
        )
        concerned = [official for official in officials if official.role == role]
        post_when_awake(transaction, concerned, message, case=case, now=now)


async def announce_filed(
    transaction: Transaction, city: City, filed: Sequence[Filed], *, now: datetime
) -> None:
    """Show the new cases of many turns to those who must act on them; one query finds all officials."""
    concerned = {new.case.unit_code for new in filed} | {
        part.unit_code for new in filed for part in new.parts
    }
    units = sorted(code for code in concerned if code)
    found: dict[str, list[Official]] = {unit: [] for unit in units}
    for official in await people.officials_of(transaction, units, now=now) if units else ():
        found[official.unit_code].append(official)
    for new in filed:
        await announce(
            transaction,
            city,
            new.case,
            now=now,
            note=new.note,
            reporter=new.reporter,
            photos=new.photos,
            officials=found.get(new.case.unit_code or "", ()),
        )
        for part in new.parts:
            await _show_part(transaction, city, new.case, part, found[part.unit_code], new.photos, now)


async def tell_supporting(
    transaction: Transaction, city: City, case: Case, asked: Sequence[Part], *, now: datetime
) -> None:
    """Show each supporting unit its part; dispatchers hear of one where nobody can be reached."""
    if not asked:
        return
    photos = await cases.photos_of(transaction, case.id, "report")
    known = await people.officials_of(transaction, [part.unit_code for part in asked], now=now)
    for part in asked:
        there = [official for official in known if official.unit_code == part.unit_code]
        await _show_part(transaction, city, case, part, there, photos, now)


async def _show_part(
    transaction: Transaction,
    city: City,
    case: Case,
    part: Part,
    there: Sequence[Official],
    photos: Sequence[str],
    now: datetime,
) -> None:
    """Show a part to those who are there; without anybody the dispatchers hear of it."""
    message = part_cards.part_card(city, case, part, now=now, photos=photos)
    if not there:
        there = await people.officials_by_role(transaction, "dispatcher", now=now)
        unit = cards.unit_name(city, part.unit_code)
        message = notices.message_of(texts.support_has_nobody(code=case.code, unit=unit))
    post_when_awake(transaction, there, message, case=case, now=now)


async def tell_reporter(
    transaction: Transaction,
    case: Case,
    text: str,
    *,
    now: datetime,
    buttons: Rows = (),
    photos: Sequence[str] = (),
    dedupe_key: str | None = None,
    joined_text: str | None = None,
) -> None:
    """Tell whoever reported a case, in the chat that they used last; where none is reachable, in the case's.

    Those whose cases were merged into it hear the same with codes of their own, or `joined_text` in its
    place; nothing where that is empty. Nobody is woken by it unless it is urgent. When the
    channel cannot reach somebody, the unit hears of it (`oversight.citizen_not_reached`).
    """
    message = notices.message_of(text, buttons=buttons, photos=photos)
    told: list[tuple[Case | Joined, OutboundMessage]] = [(case, message)]
    if joined_text != "":
        told += await _told_joined(transaction, case, replace(message, text=joined_text or text))
    await _tell_reporters(transaction, told, now=now, urgent=case.urgent, dedupe_key=dedupe_key)


async def tell_joined(
    transaction: Transaction,
    case: Case,
    text: str,
    *,
    now: datetime,
    buttons: Rows = (),
    except_for: int | None = None,
) -> None:
    """Tell everybody else whose case was merged into this one, each once and with the code of their own."""
    told = await _told_joined(transaction, case, notices.message_of(text, buttons=buttons))
    others = [(other, message) for other, message in told if other.reporter_id != except_for]
    await _tell_reporters(transaction, others, now=now, urgent=case.urgent)


async def _told_joined(
    transaction: Transaction, case: Case, message: OutboundMessage
) -> list[tuple[Joined, OutboundMessage]]:
    """Return the message for each other person; nobody is named to them, whatever it says."""
    joined = await joined_cases(transaction, [case])
    masked = replace(message, text=_masked(message.text, case.code)) if joined else message
    return [(other, _with_code_of(masked, case, other)) for other in joined]


def _masked(text: str, code: str) -> str:
    """Return words to one reporter as others may read them; a code that looks like a number plate stays."""
    return code.join(cards.for_others(part) for part in text.split(code))


async def joined_cases(transaction: Transaction, masters: Sequence[Case]) -> list[Joined]:
    """Return, for each other person, the first of their cases that was merged into each of these."""
    reporters = {case.id: case.reporter_id for case in masters if case.people_count > 1}
    first: dict[tuple[int, int], Joined] = {}
    for other in await duplicates.joined_to(transaction, list(reporters)):
        if other.reporter_id != reporters[other.master_id]:
            first.setdefault((other.master_id, other.reporter_id), other)
    return list(first.values())


def _with_code_of(message: OutboundMessage, case: Case, other: Joined) -> OutboundMessage:
    """Return a message about a case as one about another: in its words and behind its buttons."""
    rows = tuple(
        tuple(replace(button, data=button.data.replace(case.code, other.code)) for button in row)
        for row in message.buttons
    )
    return replace(message, text=message.text.replace(case.code, other.code), buttons=rows)


async def _tell_reporters(
    transaction: Transaction,
    told: Sequence[tuple[Case | Joined, OutboundMessage]],
    *,
    now: datetime,
    urgent: bool,
    dedupe_key: str | None = None,
) -> None:
    if not told:
        return
    known = await chats.reachable(transaction, [case.reporter_id for case, _ in told])
    places = {
        (case.channel, case.chat): case.reporter_id for case, _ in told if case.reporter_id not in known
    }
    lost = await chats.are_others(transaction, places)
    for case, message in told:
        chat = known.get(case.reporter_id)
        if chat is None and (not case.chat or (case.channel, case.chat) in lost):
            continue  # they had themselves erased, or have signed out
        messages.post_notice(
            transaction,
            channel=chat.channel if chat else case.channel,
            chat=chat.chat if chat else case.chat,
            message=message.as_dict(),
            at=now,
            case_id=case.id,
            not_before=when_awake(chat.last_inbound_at if chat else None, now, urgent=urgent),
            dedupe_key=f"{dedupe_key}:{case.id}" if dedupe_key else None,
        )


async def tell_unit(
    transaction: Transaction,
    city: City,
    case: Case,
    text: str,
    *,
    now: datetime,
    buttons: Rows = (),
    photos: Sequence[str] = (),
    roles: Sequence[str] = ("chair", "officer"),
    except_for: int | None = None,
    dedupe_key: str | None = None,
) -> None:
    """Tell the officials of the unit that has a case.

    At night only urgent news goes out at once, except to those who are at their phone anyway. Where nobody
    can be reached, dispatchers and the chair above are told instead.
    """
    if case.unit_code is None:
        await tell_dispatchers(transaction, city, case, now=now)
        return
    officials = await people.officials_of(transaction, case.unit_code, now=now, roles=roles)
    if not officials:
        await nobody_there(transaction, city, case, now=now)
        return
    others = [official for official in officials if official.person_id != except_for]
    message = notices.message_of(text, buttons=buttons, photos=photos)
    post_when_awake(transaction, others, message, case=case, now=now, dedupe_key=dedupe_key)


def post_when_awake(
    transaction: Transaction,
    officials: Sequence[Official],
    message: OutboundMessage,
    *,
    case: Case,
    now: datetime,
    dedupe_key: str | None = None,
) -> None:
    """Send a message about a case to these officials; at night only what is urgent, or to who is awake."""
    for official in officials:
        notices.post_to(
            transaction,
            [official],
            message,
            now=now,
            case_id=case.id,
            dedupe_key=dedupe_key,
            not_before=when_awake(official.last_inbound_at, now, urgent=case.urgent),
            urgency=messages.ANSWER if case.urgent else messages.NEWS,
        )


async def _reporter_shown(
    transaction: Transaction, city: City, case: Case, reporter: Person | None, now: datetime
) -> str:
    """Return the reporter's name and telephone for the unit; empty when they stay unknown to it."""
    if not access.names_reporter(city, case):
        return ""
    person = reporter or await people.get_person(transaction, case.reporter_id, now=now)
    return cards.reporter(person) if person else ""


def when_awake(last_inbound_at: datetime | None, now: datetime, *, urgent: bool) -> datetime | None:
    """Return until when a message waits: the morning, unless it is urgent or its reader is at the phone."""
    if urgent or not deadline.in_quiet_hours(now):
        return None
    if last_inbound_at is not None and now - last_inbound_at < NIGHT_OWL:
        return None
    return deadline.after_quiet_hours(now)


async def nobody_there(transaction: Transaction, city: City, case: Case, *, now: datetime) -> None:
    """A unit without anybody to receive: dispatchers and the nearest chair above hear of it, once a case.

    Since when nobody can be reached is stored with the case, until somebody of the unit takes it up.
    """
    assert case.unit_code is not None
    if case.unreached_at is None:
        case.unreached_at = now
        cases.save_case(transaction, case)
    unit = cards.unit_name(city, case.unit_code)
    text = texts.unit_has_nobody(code=case.code, unit=unit, urgent=case.urgent)
    buttons = [[Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")]]
    told = await people.officials_by_role(transaction, "dispatcher", now=now)
    if not access.is_restricted(city, case):
        told = [*told, *await chairs_above(transaction, city, case.unit_code, now)]
    key = f"nobody:{case.id}:{case.unit_code}"
    each_once = {official.person_id: official for official in told}.values()
    message = notices.message_of(text, buttons=buttons)
    post_when_awake(transaction, [*each_once], message, case=case, now=now, dedupe_key=key)
    if not told:
        alarm = texts.unit_without_anybody(code=case.code, unit=unit)
        await notices.tell_operators(transaction, alarm, now=now, dedupe_key=key)


async def chairs_above(transaction: Transaction, city: City, unit_code: str, now: datetime) -> list[Official]:
    """Return the chairs of the nearest unit above that has one who can be reached."""
    above = [unit.code for unit in city.path(unit_code)[:-1]]
    found = await people.officials_of(transaction, above, now=now, roles=("chair",)) if above else []
    nearest = max((above.index(official.unit_code) for official in found), default=None)
    return [official for official in found if nearest is not None and official.unit_code == above[nearest]]


async def tell_dispatchers(transaction: Transaction, city: City, case: Case, *, now: datetime) -> None:
    """Tell the dispatchers that something waits: emergencies one by one, the rest once in half an hour."""
    waiting = await cases.count_in_triage(transaction, limit=100)
    emergency = case.urgent or case.kind == "emergency"
    half_hour = f"{now:%Y-%m-%dT%H}:{now.minute // TRIAGE_PAUSE_MINUTES}"
    key = f"triage:{case.id}:{case.event_count}" if emergency or waiting <= 1 else f"triage:{half_hour}"
    text = texts.triage_waiting(count=waiting, code=case.code, emergency=emergency)
    message = notices.message_of(
        text, buttons=[[Button(label=texts.label_open_triage(), data=f"triage:{case.code}")]]
    )
    dispatchers = await people.officials_by_role(transaction, "dispatcher", now=now)
    for official in dispatchers:
        wakes = when_awake(official.last_inbound_at, now, urgent=emergency)
        notices.post_to(
            transaction,
            [official],
            message,
            now=now,
            case_id=case.id,
            dedupe_key=key,
            not_before=wakes,
            urgency=messages.ANSWER if emergency else messages.NEWS,
        )
    if not dispatchers:
        await notices.tell_operators(
            transaction, texts.no_dispatcher(code=case.code, count=waiting), now=now, dedupe_key=key
        )
