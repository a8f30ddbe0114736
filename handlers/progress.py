"""The one place where a case changes: the move, the columns that follow from it, and its event."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from handlers import changes, part_cards, texts
from handlers.changes import SYSTEM, Actor, Step
from handlers.telling import (
    announce,
    nobody_there,
    tell_dispatchers,
    tell_joined,
    tell_reporter,
    tell_supporting,
    tell_unit,
)
from handlers.turn import Filed, Turn
from routing import deadline, responsibility
from routing.lessons import teaching_value
from routing.organisation import City, Unit
from routing.place import FormerWard
from routing.responsibility import Assignment
from routing.workflow import FINISHED_STATUSES, Action, Status
from storage import cases, corrections, ledger, parts, people, searching
from storage.cases import Case
from storage.database import Transaction
from storage.identity import new_id
from storage.parts import Part

__all__ = [
    "EVENTS",
    "SYSTEM",
    "Actor",
    "actor_of",
    "add_part",
    "announce",
    "ask_supporting",
    "citizen",
    "correct_domain",
    "correct_ward",
    "file",
    "former_wards",
    "move",
    "nobody_there",
    "record",
    "responsible",
    "tell_dispatchers",
    "tell_joined",
    "tell_reporter",
    "tell_supporting",
    "tell_unit",
]


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
    Action.UNMERGE: "unmerged",
    Action.APPOINT: "appointed",
    Action.TAKE_OVER: "taken_over",
    Action.REQUEST_EXTENSION: "extension_requested",
    Action.GRANT_EXTENSION: "extended",
    Action.REFUSE_EXTENSION: "extension_refused",
    Action.PROPOSE_ANSWER: "answer_proposed",
    Action.SEND_BACK: "answer_sent_back",
    Action.ASK_SUPPORT: "support_asked",
    Action.SNOOZE: "snoozed",
    Action.REORGANISE: "reorganised",
}
"""The type of the event that each action leaves in the history."""


def actor_of(person_id: int, post: people.Post) -> Actor:
    """Return an official as the actor that their post makes them."""
    return Actor(person_id=person_id, role=post.role, unit_code=post.unit_code, deputy_for=post.deputy_for)


def citizen(case: Case) -> Actor:
    """Return whoever reported a case as an actor."""
    return Actor(person_id=case.reporter_id, role="citizen")


async def file(
    turn: Turn, case: Case, *, photos: Sequence[str] = (), into: Case | None = None, note: str = ""
) -> None:
    """Store a new case and send it to whoever is responsible, or to triage when it has a `triage_reason`.

    Afterwards `case` says which unit has it and by when. Those who must act are told, with the note, among
    the new cases of the other turns of the same transaction (`announce_filed`). A case that goes `into`
    another is merged at once, and nobody has to act on it alone.
    """
    case.status = Status.RECEIVED
    case.teaching = teaching_value([each["confidence"] for each in case.reading.get("candidates", ())])
    reporter = citizen(case)
    record(turn.transaction, case, "received", actor=reporter, now=turn.now, data=_received(case, photos))
    if into is None:
        found = _send_on(turn, case)
        asked = ask_supporting(turn.transaction, case, found, now=turn.now)
        turn.filed.append(Filed(case=case, reporter=turn.person, photos=photos, note=note, parts=asked))
    else:
        case.master_id = into.id
        data = {"master": into.code}
        _apply(turn.transaction, turn.city, case, Action.MERGE, actor=reporter, now=turn.now, data=data)
    cases.add_case(turn.transaction, case)
    searching.remember(turn.transaction, case, turn.person)
    cases.attach_photos(turn.transaction, case.id, photos, "report", turn.now)


def _send_on(turn: Turn, case: Case) -> Assignment:
    """Give a new case to the unit that is responsible, or to the dispatchers; return what the rules say."""
    found = responsible(turn.city, case)
    if case.triage_reason is None and found.unit is not None:
        data = {"unit": found.unit.code, "reason": found.reason, **_supporting(found)}
        _apply(turn.transaction, turn.city, case, Action.ASSIGN, actor=SYSTEM, now=turn.now, data=data)
    else:
        data = {"reason": case.triage_reason or found.reason}
        _apply(
            turn.transaction, turn.city, case, Action.SEND_TO_TRIAGE, actor=SYSTEM, now=turn.now, data=data
        )
    return found


def ask_supporting(
    transaction: Transaction,
    case: Case,
    found: Assignment,
    *,
    now: datetime,
    asked_before: Collection[str] = (),
) -> tuple[Part, ...]:
    """Give the units that the rules name as supporting a part each, where the case went so; not once more.

    Whoever calls it saves the case and tells those units (`tell_supporting`).
    """
    if found.unit is None or found.unit.code != case.unit_code:
        return ()
    asked = tuple(
        add_part(transaction, case, unit.code, texts.task_by_rule(), actor=SYSTEM, now=now)
        for unit in found.supporting
        if unit.code not in asked_before
    )
    for part in asked:
        data = {"unit": part.unit_code, "task": part.task, "part": part.id}
        record(transaction, case, EVENTS[Action.ASK_SUPPORT], actor=SYSTEM, now=now, data=data)
    return asked


def add_part(
    transaction: Transaction, case: Case, unit_code: str, task: str, *, actor: Actor, now: datetime
) -> Part:
    """Store what a supporting unit is to contribute, and by when."""
    part = Part(
        id=new_id(),
        case_id=case.id,
        unit_code=unit_code,
        task=task,
        asked_at=now,
        asked_by=actor.person_id,
        due_at=part_cards.due_at(case, now),
    )
    parts.add_part(transaction, part)
    return part


def _supporting(found: Assignment) -> dict[str, list[str]]:
    return {"supporting": [unit.code for unit in found.supporting]} if found.supporting else {}


def _received(case: Case, photos: Sequence[str]) -> dict[str, Any]:
    # The hash proves the text without keeping a citizen's words twice.
    return {
        "text_hash": ledger.text_hash(case.text),
        "photos": list(photos),
        "kind": case.kind,
        "domain": case.domain,
        "ward": case.ward_code,
        "urgent": case.urgent,
        "anonymous": case.anonymous,
    }


def responsible(city: City, case: Case) -> Assignment:
    """Return who must answer a case by the city's rules, from its domain, kind, place and time of receipt."""
    return responsibility.assign_case(
        city,
        domain=case.domain,
        kind=case.kind,
        ward_code=case.ward_code,
        former=former_wards(case),
        street=case.street,
        received_at=case.received_at,
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

    data, by action: assign and hand_over need "unit"; return, reject, unmerge, send_back and send_to_triage
    "reason", and return may hold "back_to", the unit that had handed the case over; ask_citizen "question";
    citizen_replies, answer and propose_answer "text", with "photos", "no_photo_reason" and "drafted_by", a
    person; close and reopen may hold "rating", reopen also "unit", where it goes then; appoint "officer";
    request_extension "hours", "reason" and "granter", the unit that decides; grant_extension "hours";
    ask_support "unit", "task" and "part"; snooze "until" and "reason"; reorganise "was", "unit" and where
    the officer stays behind "officer": None. All of it is kept. What is asked for or proposed lapses when
    the case is answered, finished or given away. A case without a unit that is reopened goes to triage at
    once. Raises NotAllowed when the table of moves has no such move for this role.
    """
    _apply(transaction, city, case, Action(action), actor=actor, now=now, data=data or {})
    if case.status == Status.REOPENED and case.unit_code is None:
        again = {"reason": (data or {}).get("reason") or texts.reopened_without_unit()}
        _apply(transaction, city, case, Action.SEND_TO_TRIAGE, actor=SYSTEM, now=now, data=again)
    if case.status in FINISHED_STATUSES:
        parts.drop_parts(transaction, case.id, now)
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
        data={**(data or {}), **({"deputy_for": actor.deputy_for} if actor.deputy_for else {})},
    )


async def correct_domain(
    transaction: Transaction, city: City, case: Case, domain: str, *, actor: Actor, now: datetime
) -> None:
    """Change a case's domain and keep that for the machine to learn from; saved.

    A deadline that was promised already may only become shorter. What supporting units were asked for ends
    where the case is kept among few people from now on.
    """
    was, case.domain = case.domain, domain
    if responsibility.is_restricted(city, domain) and not responsibility.is_restricted(city, was):
        parts.drop_parts(transaction, case.id, now)
    if case.due_at is not None:
        _shorten(city, case, await ledger.events_of(transaction, case.id), now)
    _corrected(transaction, case, "domain", was, domain, actor=actor, now=now)


def correct_ward(transaction: Transaction, case: Case, ward: Unit, *, actor: Actor, now: datetime) -> None:
    """Change a case's place to the ward of a unit and keep that for the machine to learn from; saved."""
    was = case.ward_code
    case.ward_code, case.ward_name = ward.ward_code, ward.name
    searching.remember_more(transaction, case.id, ward.name)
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
    corrections.add_correction(
        transaction,
        case_id=case.id,
        text=case.text,
        field=field,
        was=was,
        now_value=value,
        actor_role=actor.role,
        at=now,
        person_id=actor.person_id,
        model_version=case.reading.get("model_version"),
    )
    cases.save_case(transaction, case)


def _shorten(city: City, case: Case, events: Sequence[ledger.Event], now: datetime) -> None:
    """Hold a case to its domain's hours where they end sooner, as if they had held from its beginning."""
    rule = city.deadline_rule(case.domain)
    if case.accepted_at is None and case.accept_due_at is not None and case.assigned_at is not None:
        again = deadline.deadlines(city, rule, received_at=case.assigned_at, urgent=case.urgent)
        if again.accept_due_at < case.accept_due_at:
            changes.hold_to_accept(case, city, again.accept_due_at, now)
    due_at, first = _replayed(city, rule, case.received_at, events)
    if case.due_at is not None and due_at < case.due_at:
        if case.extended_from is not None and first is not None:
            case.extended_from = min(case.extended_from, first)
        changes.hold_to(case, city, due_at)


def _replayed(
    city: City, rule: deadline.DeadlineRule, received_at: datetime, events: Sequence[ledger.Event]
) -> tuple[datetime, datetime | None]:
    """Return the deadline after what happened so far, and the one before it was extended."""
    due_at, first = deadline.deadlines(city, rule, received_at=received_at).due_at, None
    paused_at: datetime | None = None
    for event in events:
        waited, waits = (event.data.get(name) == Status.WAITING_FOR_CITIZEN for name in ("from", "to"))
        if event.type == EVENTS[Action.REOPEN]:
            due_at, first = deadline.deadlines(city, rule, received_at=event.at).due_at, None
        elif waits and not waited:
            paused_at = event.at
        elif waited and not waits and paused_at is not None:
            pause = {"paused_at": paused_at, "resumed_at": event.at}
            due_at = deadline.pause_extended(city, due_at=due_at, **pause)
            first = first and deadline.pause_extended(city, due_at=first, **pause)
            paused_at = None
        elif event.type == EVENTS[Action.GRANT_EXTENSION]:
            first = first or due_at
            due_at = deadline.extended(city, due_at=due_at, hours=event.data["hours"])
    return due_at, first


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
    # Two machines' clocks may disagree, but no time of a case lies before its last event.
    now = max(now, case.head_at or now)
    was, unit_before = case.status, case.unit_code
    changes.make(case, action, Step(city=city, actor=actor, now=now, data=data))
    record(
        transaction,
        case,
        EVENTS[action],
        actor=actor,
        now=now,
        data={"from": was, "to": case.status, **data},
        unit_code=unit_before if action == Action.RETURN else case.unit_code or unit_before,
    )
