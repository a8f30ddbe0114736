"""The one place where a case changes: the move, its columns, the event, and who hears of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers import access, cards, notices, texts
from handlers.channel import Address, Button, OutboundMessage
from handlers.notices import Rows
from handlers.turn import Turn
from routing import deadline, responsibility, workflow
from routing.organisation import City, Unit
from routing.place import FormerWard
from routing.responsibility import Assignment
from routing.workflow import Action, Status
from storage import cases, chats, ledger, messages, people
from storage.cases import Case
from storage.database import Transaction
from storage.people import Official, Person

NIGHT_OWL = timedelta(hours=2)
"""Who wrote so recently is awake: a card reaches them even at night."""
TRIAGE_PAUSE_MINUTES = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who changes a case: the person, the role they do it in, and the unit they do it for."""

    person_id: int | None
    role: str
    unit_code: str | None = None


SYSTEM = Actor(person_id=None, role="system")

EVENTS: Mapping[Action, str] = {
    Action.SEND_TO_TRIAGE: "sent_to_triage",
    Action.ASSIGN: "assigned",
    Action.ACCEPT: "accepted",
    Action.HAND_OVER: "handed_over",
    Action.RETURN: "returned",
    Action.ASK_CITIZEN: "citizen_asked",
    Action.CITIZEN_REPLIES: "citizen_replied",
    Action.STOP_WAITING: "waiting_stopped",
    Action.ANSWER: "answered",
    Action.WITHDRAW: "withdrawn",
    Action.CLOSE: "closed",
    Action.REOPEN: "reopened",
    Action.REJECT: "rejected",
    Action.MERGE: "merged",
}
"""The type of the event that each action leaves in the history."""


def actor_of(person_id: int, post: people.Post) -> Actor:
    """Return an official as the actor that their post makes them."""
    return Actor(person_id=person_id, role=post.role, unit_code=post.unit_code)


def citizen(case: Case) -> Actor:
    """Return whoever reported a case as an actor."""
    return Actor(person_id=case.reporter_id, role="citizen")


async def file(turn: Turn, case: Case) -> None:
    """Store a new case, send it to whoever is responsible or to triage, and tell those who must act.

    Afterwards `case` says which unit has it and by when. A case with a `triage_reason` goes to triage.
    """
    case.status = Status.RECEIVED
    reporter = citizen(case)
    record(turn.transaction, case, "received", actor=reporter, now=turn.now, data=_received(case))
    found = responsible(turn.city, case)
    if case.triage_reason is None and found.unit is not None:
        data = {"unit": found.unit.code, "reason": found.reason}
        _apply(turn.transaction, turn.city, case, Action.ASSIGN, actor=SYSTEM, now=turn.now, data=data)
    else:
        data = {"reason": case.triage_reason or found.reason}
        _apply(
            turn.transaction, turn.city, case, Action.SEND_TO_TRIAGE, actor=SYSTEM, now=turn.now, data=data
        )
    cases.add_case(turn.transaction, case)
    await announce(turn.transaction, turn.city, case, now=turn.now, reporter=turn.person)


def _received(case: Case) -> dict[str, Any]:
    return {
        "kind": case.kind,
        "domain": case.domain,
        "ward": case.ward_code,
        "urgent": case.urgent,
        "anonymous": case.anonymous,
    }


def responsible(city: City, case: Case) -> Assignment:
    """Return who must answer a case by the city's rules, from its domain, kind and place."""
    return responsibility.assign(
        city,
        domain=case.domain,
        kind=case.kind,
        ward_code=case.ward_code,
        former=former_wards(case),
        street=case.street,
    )


def former_wards(case: Case) -> tuple[FormerWard, ...]:
    """Return the former wards that the report means, kept with its reading for cities of three tiers."""
    read = case.reading.get("place", {}).get("former", ())
    return tuple(FormerWard(**each) for each in case.reading.get("former", read))


async def move(
    transaction: Transaction,
    city: City,
    case: Case,
    action: Action | str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Carry out one move: the status, the columns that follow from it, the event; saved.

    data, by action: assign and hand_over need "unit"; return, reject and send_to_triage "reason"; ask_citizen
    "question"; citizen_replies and answer "text"; close and reopen may hold "rating". All of it is kept.
    A case without a unit that is reopened goes to triage at once. Raises NotAllowed when the table of moves
    has no such move for this role.
    """
    _apply(transaction, city, case, Action(action), actor=actor, now=now, data=data or {})
    if case.status == Status.REOPENED and case.unit_code is None:
        again = {"reason": texts.reopened_without_unit()}
        _apply(transaction, city, case, Action.SEND_TO_TRIAGE, actor=SYSTEM, now=now, data=again)
    cases.save_case(transaction, case)


def record(
    transaction: Transaction,
    case: Case,
    type: str,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any] | None = None,
    unit_code: str | None = None,
) -> None:
    """Append an event to a case's history; whoever calls it saves the case afterwards."""
    ledger.append_event(
        transaction,
        case,
        type=type,
        actor_id=actor.person_id,
        actor_role=actor.role,
        unit_code=unit_code or case.unit_code or actor.unit_code,
        at=now,
        data=data or {},
    )


def correct_domain(
    transaction: Transaction, city: City, case: Case, domain: str, *, actor: Actor, now: datetime
) -> None:
    """Change a case's domain and keep that for the machine to learn from; saved.

    A deadline that was promised already may only become shorter.
    """
    was, case.domain = case.domain, domain
    _shorten(city, case)
    _corrected(transaction, case, "domain", was, domain, actor=actor, now=now)


def correct_ward(transaction: Transaction, case: Case, ward: Unit, *, actor: Actor, now: datetime) -> None:
    """Change a case's place to the ward of a unit and keep that for the machine to learn from; saved."""
    was = case.ward_code
    case.ward_code, case.ward_name = ward.ward_code, ward.name
    former: list[dict[str, str]] = []
    if ward.former_ward is not None:
        name, district = ward.former_ward
        former = [asdict(FormerWard(name=name, district=district, province=""))]
    case.reading = {**case.reading, "former": former}
    _corrected(transaction, case, "ward", was, ward.ward_code or ward.code, actor=actor, now=now)


def _corrected(
    transaction: Transaction,
    case: Case,
    field: str,
    was: str | None,
    value: str,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    data = {"field": field, "was": was, "now": value}
    record(transaction, case, "corrected", actor=actor, now=now, data=data)
    cases.add_correction(
        transaction,
        case_id=case.id,
        text=case.text,
        field=field,
        was=was,
        now_value=value,
        actor_role=actor.role,
        at=now,
    )
    cases.save_case(transaction, case)


def _shorten(city: City, case: Case) -> None:
    rule = city.deadline_rule(case.domain)
    usual = deadline.deadlines(city, rule, received_at=case.received_at, urgent=case.urgent)
    if case.due_at is not None and usual.due_at < case.due_at:
        case.due_at, case.warn_at = usual.due_at, usual.warn_at


@dataclass(frozen=True, kw_only=True, slots=True)
class _Step:
    """What a move's columns are worked out from."""

    city: City
    actor: Actor
    now: datetime
    data: Mapping[str, Any]


def _apply(
    transaction: Transaction,
    city: City,
    case: Case,
    action: Action,
    *,
    actor: Actor,
    now: datetime,
    data: Mapping[str, Any],
) -> None:
    was, unit_before = case.status, case.unit_code
    status = workflow.move(was, action, actor.role)
    step = _Step(city=city, actor=actor, now=now, data=data)
    if was == Status.WAITING_FOR_CITIZEN:
        _resume(case, step)
    case.status = status
    _CHANGES.get(action, _nothing)(case, step)
    record(
        transaction,
        case,
        EVENTS[action],
        actor=actor,
        now=now,
        data={"from": was, "to": case.status, **data},
        unit_code=case.unit_code or unit_before,
    )


def _nothing(case: Case, step: _Step) -> None:
    """A move that changes the status alone."""


def _resume(case: Case, step: _Step) -> None:
    """Let the clock run again: the deadline moves by the working time of the pause."""
    if case.paused_at is not None and case.due_at is not None:
        rule = step.city.deadline_rule(case.domain)
        case.due_at = deadline.pause_extended(
            step.city, due_at=case.due_at, paused_at=case.paused_at, resumed_at=step.now
        )
        case.warn_at = deadline.warning_before(step.city, rule, due_at=case.due_at)
    case.paused_at = None


def _triaged(case: Case, step: _Step) -> None:
    case.triage_reason = step.data.get("reason")


def _given(case: Case, step: _Step) -> None:
    """The unit is fixed: the answer is due as counted from receipt, accepting as counted from now."""
    case.unit_code = step.data["unit"]
    case.officer_id = case.accepted_at = case.triage_reason = None
    case.assigned_at = step.now
    rule = step.city.deadline_rule(case.domain)
    whole = deadline.deadlines(step.city, rule, received_at=case.received_at, urgent=case.urgent)
    from_now = deadline.deadlines(step.city, rule, received_at=step.now, urgent=case.urgent)
    case.accept_due_at = from_now.accept_due_at
    if case.due_at is None:
        case.due_at, case.warn_at = whole.due_at, whole.warn_at


def _accepted(case: Case, step: _Step) -> None:
    """Somebody at the unit has taken the case up; asking and answering count as that too."""
    case.accepted_at = case.accepted_at or step.now
    case.officer_id = step.actor.person_id if step.actor.role in ("officer", "chair") else case.officer_id


def _returned(case: Case, step: _Step) -> None:
    """The unit gives the case back; the clock that the citizen was told of goes on."""
    case.returned_count += 1
    case.triage_reason = step.data["reason"]
    case.unit_code = case.officer_id = case.accepted_at = case.accept_due_at = None


def _asked(case: Case, step: _Step) -> None:
    _accepted(case, step)
    case.paused_at = step.now


def _answered(case: Case, step: _Step) -> None:
    _accepted(case, step)
    case.answer, case.answered_at, case.answer_due_at = step.data["text"], step.now, case.due_at
    case.rating = None


def _rejected(case: Case, step: _Step) -> None:
    rule = step.city.deadline_rule(case.domain)
    promised = deadline.deadlines(step.city, rule, received_at=case.received_at, urgent=case.urgent)
    case.answer, case.answered_at = step.data["reason"], step.now
    case.answer_due_at = case.due_at or promised.due_at


def _closed(case: Case, step: _Step) -> None:
    case.closed_at = step.now
    case.rating = step.data.get("rating", case.rating)


def _reopened(case: Case, step: _Step) -> None:
    """The work begins again with a time of its own; how the first answer stood remains in the history."""
    case.reopened_count += 1
    case.answered_at = case.answer_due_at = case.closed_at = case.accepted_at = None
    case.rating = step.data.get("rating")
    rule = step.city.deadline_rule(case.domain)
    again = deadline.deadlines(step.city, rule, received_at=step.now, urgent=case.urgent)
    case.accept_due_at, case.due_at, case.warn_at = again.accept_due_at, again.due_at, again.warn_at


_CHANGES: Mapping[Action, Callable[[Case, _Step], None]] = {
    Action.SEND_TO_TRIAGE: _triaged,
    Action.ASSIGN: _given,
    Action.HAND_OVER: _given,
    Action.ACCEPT: _accepted,
    Action.RETURN: _returned,
    Action.ASK_CITIZEN: _asked,
    Action.ANSWER: _answered,
    Action.REJECT: _rejected,
    Action.CLOSE: _closed,
    Action.WITHDRAW: _closed,
    Action.REOPEN: _reopened,
}


async def announce(
    transaction: Transaction,
    city: City,
    case: Case,
    *,
    now: datetime,
    note: str = "",
    reporter: Person | None = None,
) -> None:
    """Show a case to those who must act on it now: the unit's officials, or the dispatchers.

    `reporter` is whoever reported it, where that person is at hand already.
    """
    if case.unit_code is None:
        await tell_dispatchers(transaction, city, case, now=now)
        return
    officials = await people.officials_of(transaction, case.unit_code, now=now)
    if not officials:
        await nobody_there(transaction, city, case, now=now)
        return
    message = cards.card(
        city,
        case,
        now=now,
        photos=await cases.photos_of(transaction, case.id, "report"),
        reporter=await _reporter_shown(transaction, case, reporter, now),
        note=note,
    )
    _post_when_awake(transaction, officials, message, case=case, now=now)


async def tell_reporter(
    transaction: Transaction,
    case: Case,
    text: str,
    *,
    now: datetime,
    buttons: Rows = (),
    photos: Sequence[str] = (),
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
) -> None:
    """Tell whoever reported a case, in the chat that they used last; where none is reachable, in the case's.

    When the channel cannot reach them, the unit hears of it (`oversight.citizen_not_reached`).
    """
    known = await chats.addresses_of(transaction, [case.reporter_id])
    address = Address(*known.get(case.reporter_id, (case.channel, case.chat)))
    messages.post_notice(
        transaction,
        channel=address.channel,
        chat=address.chat,
        message=notices.message_of(text, buttons=buttons, photos=photos).as_dict(),
        at=now,
        case_id=case.id,
        not_before=not_before,
        dedupe_key=dedupe_key,
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
    _post_when_awake(transaction, others, message, case=case, now=now, dedupe_key=dedupe_key)


def _post_when_awake(
    transaction: Transaction,
    officials: Sequence[Official],
    message: OutboundMessage,
    *,
    case: Case,
    now: datetime,
    dedupe_key: str | None = None,
) -> None:
    for official in officials:
        notices.post_to(
            transaction,
            [official],
            message,
            now=now,
            case_id=case.id,
            dedupe_key=dedupe_key,
            not_before=_when_awake(official, now, urgent=case.urgent),
        )


async def _reporter_shown(
    transaction: Transaction, case: Case, reporter: Person | None, now: datetime
) -> str:
    """Return the reporter's name and telephone for the unit; empty when they stay unknown to it."""
    if case.anonymous:
        return ""
    person = reporter or await people.get_person(transaction, case.reporter_id, now=now)
    return cards.reporter(person) if person else ""


def _when_awake(official: Official, now: datetime, *, urgent: bool) -> datetime | None:
    if urgent or not deadline.in_quiet_hours(now) or now - official.last_inbound_at < NIGHT_OWL:
        return None
    return deadline.after_quiet_hours(now)


async def nobody_there(transaction: Transaction, city: City, case: Case, *, now: datetime) -> None:
    """A unit without anybody to receive: dispatchers and the nearest chair above hear of it, once a case."""
    assert case.unit_code is not None
    unit = city.units[case.unit_code]
    text = texts.unit_has_nobody(code=case.code, unit=unit.name, urgent=case.urgent)
    buttons = [[Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")]]
    told = await people.officials_by_role(transaction, "dispatcher", now=now)
    if not access.is_restricted(city, case):
        told = [*told, *await _chairs_above(transaction, city, unit.code, now)]
    key = f"nobody:{case.id}:{unit.code}"
    notices.post_to(
        transaction,
        told,
        notices.message_of(text, buttons=buttons),
        now=now,
        case_id=case.id,
        dedupe_key=key,
    )
    if not told:
        alarm = texts.unit_without_anybody(code=case.code, unit=unit.name)
        await notices.tell_operators(transaction, alarm, now=now, dedupe_key=key)


async def _chairs_above(
    transaction: Transaction, city: City, unit_code: str, now: datetime
) -> list[Official]:
    """Return the chairs of the nearest unit above that has one who can be reached."""
    above = [unit.code for unit in city.path(unit_code)[:-1]]
    found = await people.officials_of(transaction, above, now=now, roles=("chair",)) if above else []
    nearest = max((above.index(official.unit_code) for official in found), default=None)
    return [official for official in found if nearest is not None and official.unit_code == above[nearest]]


async def tell_dispatchers(transaction: Transaction, city: City, case: Case, *, now: datetime) -> None:
    """Tell the dispatchers that something waits: emergencies one by one, the rest once in half an hour."""
    waiting = len(await cases.cases_in_triage(transaction, limit=100))
    emergency = case.urgent or case.kind == "emergency"
    half_hour = f"{now:%Y-%m-%dT%H}:{now.minute // TRIAGE_PAUSE_MINUTES}"
    key = f"triage:{case.id}:{case.event_count}" if emergency or waiting <= 1 else f"triage:{half_hour}"
    text = texts.triage_waiting(count=waiting, code=case.code, emergency=emergency)
    message = notices.message_of(
        text, buttons=[[Button(label=texts.label_open_triage(), data=f"triage:{case.code}")]]
    )
    dispatchers = await people.officials_by_role(transaction, "dispatcher", now=now)
    for official in dispatchers:
        wakes = _when_awake(official, now, urgent=emergency)
        notices.post_to(
            transaction, [official], message, now=now, case_id=case.id, dedupe_key=key, not_before=wakes
        )
    if not dispatchers:
        await notices.tell_operators(
            transaction, texts.no_dispatcher(code=case.code, count=waiting), now=now, dedupe_key=key
        )
