"""The one place where a case changes: the move, the columns that follow from it, and its event."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from handlers import part_cards, texts
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
from routing import deadline, escalation, responsibility, workflow
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who changes a case: the person, the role they do it in, and the unit they do it for.

    deputy_for: the post in whose place they act, kept with each event.
    """

    person_id: int | None
    role: str
    unit_code: str | None = None
    deputy_for: int | None = None


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
    record(turn.transaction, case, "received", actor=reporter, now=turn.now, data=_received(case))
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


def _received(case: Case) -> dict[str, Any]:
    return {
        "kind": case.kind,
        "domain": case.domain,
        "ward": case.ward_code,
        "urgent": case.urgent,
        "anonymous": case.anonymous,
    }


def responsible(city: City, case: Case) -> Assignment:
    """Return who must answer a case by the city's rules, from its domain, kind, place and time of receipt."""
    return responsibility.assign(
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

    A deadline that was promised already may only become shorter.
    """
    was, case.domain = case.domain, domain
    if case.due_at is not None:
        _shorten(city, case, await ledger.events_of(transaction, case.id))
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


def _shorten(city: City, case: Case, events: Sequence[ledger.Event]) -> None:
    """Hold a case to its domain's hours where they end sooner, as if they had held from its beginning."""
    rule = city.deadline_rule(case.domain)
    if case.accepted_at is None and case.accept_due_at is not None and case.assigned_at is not None:
        again = deadline.deadlines(city, rule, received_at=case.assigned_at, urgent=case.urgent)
        case.accept_due_at = min(case.accept_due_at, again.accept_due_at)
    due_at, first = _replayed(city, rule, case.received_at, events)
    if case.due_at is not None and due_at < case.due_at:
        if case.extended_from is not None and first is not None:
            case.extended_from = min(case.extended_from, first)
        _hold_to(case, city, due_at)


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
    # Two machines' clocks may disagree, but no time of a case lies before its last event.
    now = max(now, case.head_at or now)
    was, unit_before = case.status, case.unit_code
    status = workflow.move(was, action, actor.role, back="back_to" in data)
    step = _Step(city=city, actor=actor, now=now, data=data)
    awaited = _awaited(case)
    if was == Status.WAITING_FOR_CITIZEN and status != was:
        _resume(case, step)
    case.status = status
    _CHANGES.get(action, _nothing)(case, step)
    _watch(case, step, awaited)
    record(
        transaction,
        case,
        EVENTS[action],
        actor=actor,
        now=now,
        data={"from": was, "to": case.status, **data},
        unit_code=unit_before if action == Action.RETURN else case.unit_code or unit_before,
    )


def _awaited(case: Case) -> tuple[Any, ...]:
    """Return what a case waits for besides its answer: to be taken up, to be sorted, to be decided on."""
    triage = case.triage_at if case.status == Status.TRIAGE else None
    return case.accept_due_at, triage, case.extension, case.proposed


def _watch(case: Case, step: _Step, before: tuple[Any, ...]) -> None:
    """Set when those who must decide are reminded, and when those above hear that nobody takes a case up."""
    now = _awaited(case)
    accept_due_at, triage, *asked = now
    if now[:2] != before[:2]:
        rule, calendar = step.city.deadline_rule(case.domain), step.city.calendar
        case.accept_leader_at = case.accept_chairman_at = None
        if triage is not None:
            hours = escalation.TRIAGE_LEADER_HOURS
            case.accept_leader_at = calendar.add_working_hours(step.now, hours)
        elif accept_due_at is not None:
            moments = deadline.escalations(calendar, rule, due_at=accept_due_at)
            case.accept_leader_at, case.accept_chairman_at = moments
    new = [thing for thing, known in zip(now[1:], before[1:], strict=True) if thing and thing != known]
    if new:
        case.decide_due_at = step.city.calendar.add_working_hours(step.now, escalation.DECIDE_HOURS)
    elif triage is None and not any(asked):
        case.decide_due_at = None


def _nothing(case: Case, step: _Step) -> None:
    """A move that changes the status alone."""


def _resume(case: Case, step: _Step) -> None:
    """Let the clock run again: the deadlines move by the working time of the pause."""
    if case.paused_at is not None and case.due_at is not None:
        pause = {"paused_at": case.paused_at, "resumed_at": step.now}
        if case.extended_from is not None:
            case.extended_from = deadline.pause_extended(step.city, due_at=case.extended_from, **pause)
        _move_to(case, step.city, deadline.pause_extended(step.city, due_at=case.due_at, **pause))
    if case.paused_at is not None:
        case.paused_hours += step.city.calendar.working_hours_between(case.paused_at, step.now)
    case.paused_at = None


def _hold_to(case: Case, city: City, due_at: datetime) -> None:
    """Set by when the answer is due, and when to warn before it and to tell those above after it.

    All of it is stored, so that a later change of the city's hours never reaches back.
    """
    _hold(case, deadline.held_to(city, city.deadline_rule(case.domain), due_at=due_at))


def _move_to(case: Case, city: City, due_at: datetime) -> None:
    """Move the deadline; the warning before it and those above after it keep their distance."""
    moments = (case.due_at, case.warn_at, case.leader_at, case.chairman_at)
    known = [at for at in moments if at is not None]
    if len(known) < len(moments):
        _hold_to(case, city, due_at)
        return
    names = ("due_at", "warn_at", "leader_at", "chairman_at")
    held = deadline.Held(**dict(zip(names, known, strict=True)))
    _hold(case, deadline.moved(city, held, due_at=due_at))


def _hold(case: Case, held: deadline.Held) -> None:
    if held.due_at != case.due_at:
        case.escalated = 0
    if case.due_at is not None and held.due_at < case.due_at:
        case.reminded_at = None  # nobody was told of a deadline that comes sooner than the one before
    case.due_at, case.warn_at = held.due_at, held.warn_at
    case.leader_at, case.chairman_at = held.leader_at, held.chairman_at


def _drop_pending(case: Case) -> None:
    """What was asked for or proposed lapses: an extension, an answer to be approved, a snooze."""
    case.extension = case.extension_unit = case.proposed = case.snoozed_until = None


def _without_unit(case: Case, step: _Step) -> None:
    _drop_pending(case)
    case.triage_reason, case.triage_at = step.data.get("reason"), step.now
    case.unit_code = case.officer_id = case.accepted_at = case.accept_due_at = case.unreached_at = None


def _triaged(case: Case, step: _Step) -> None:
    case.triage_reason, case.triage_at = step.data.get("reason"), step.now


def _given(case: Case, step: _Step) -> None:
    """The unit is fixed: the answer is due as counted from receipt, accepting as counted from now."""
    _give(case, step, step.data["unit"])
    rule = step.city.deadline_rule(case.domain)
    if case.due_at is None:
        whole = deadline.deadlines(step.city, rule, received_at=case.received_at, urgent=case.urgent)
        _hold_to(case, step.city, whole.due_at)


def _give(case: Case, step: _Step, unit_code: str) -> None:
    _drop_pending(case)
    case.unit_code, case.assigned_at = unit_code, step.now
    case.officer_id = case.accepted_at = case.triage_reason = case.triage_at = case.unreached_at = None
    rule = step.city.deadline_rule(case.domain)
    from_now = deadline.deadlines(step.city, rule, received_at=step.now, urgent=case.urgent)
    case.accept_due_at = from_now.accept_due_at


def _accepted(case: Case, step: _Step) -> None:
    """Somebody at the unit has taken the case up; asking and answering count as that too."""
    case.accepted_at = case.accepted_at or step.now
    case.unreached_at = None
    case.officer_id = step.actor.person_id if step.actor.role in ("officer", "chair") else case.officer_id


def _returned(case: Case, step: _Step) -> None:
    """The unit gives the case back; the clock that the citizen was told of goes on."""
    case.returned_count += 1
    if "back_to" in step.data:
        _give(case, step, step.data["back_to"])
    else:
        _without_unit(case, step)


def _asked(case: Case, step: _Step) -> None:
    _accepted(case, step)
    case.paused_at = step.now


def _answered(case: Case, step: _Step) -> None:
    by = step.data.get("drafted_by")
    _accepted(case, step)
    case.officer_id = by or case.officer_id
    _drop_pending(case)
    case.answer, case.answered_at, case.answer_due_at = step.data["text"], step.now, case.due_at
    worked = step.city.calendar.working_hours_between(case.reopened_at or case.received_at, step.now)
    case.handled_hours = round(max(worked - case.paused_hours, 0), 4)
    case.rating = None


def _rejected(case: Case, step: _Step) -> None:
    rule = step.city.deadline_rule(case.domain)
    promised = deadline.deadlines(step.city, rule, received_at=case.received_at, urgent=case.urgent)
    _drop_pending(case)
    case.answer, case.answered_at, case.triage_at = step.data["reason"], step.now, None
    case.answer_due_at = case.due_at or promised.due_at


def _closed(case: Case, step: _Step) -> None:
    _drop_pending(case)
    case.closed_at, case.triage_at = step.now, None
    case.rating = step.data.get("rating", case.rating)


def _merged(case: Case, step: _Step) -> None:
    _drop_pending(case)
    case.triage_at = None


def _reopened(case: Case, step: _Step) -> None:
    """The work begins again with a time of its own.

    An answer that was late, or in time only by an extension, stays so in the figures.
    """
    case.reopened_count += 1
    case.late_before = case.late_before or case.is_late
    if case.extended_from is None or case.answered_at is None or case.answered_at <= case.extended_from:
        case.extended, case.extended_from = False, None
    case.answered_at = case.answer_due_at = case.closed_at = case.accepted_at = case.handled_hours = None
    case.reopened_at, case.paused_hours = step.now, 0.0
    case.rating = step.data.get("rating")
    if step.data.get("unit", case.unit_code) != case.unit_code:
        case.unit_code, case.officer_id, case.assigned_at = step.data["unit"], None, step.now
    rule = step.city.deadline_rule(case.domain)
    again = deadline.deadlines(step.city, rule, received_at=step.now, urgent=case.urgent)
    case.accept_due_at = again.accept_due_at
    _hold_to(case, step.city, again.due_at)


def _appointed(case: Case, step: _Step) -> None:
    case.officer_id = step.data["officer"]


def _extension_requested(case: Case, step: _Step) -> None:
    case.extension = {
        "hours": step.data["hours"],
        "reason": step.data["reason"],
        "by": step.actor.person_id,
        "at": step.now.isoformat(),
    }
    case.extension_unit = step.data["granter"]


def _extended(case: Case, step: _Step) -> None:
    """The deadline moves; the one before stays known, for the figures tell the two apart."""
    assert case.due_at is not None
    case.extended, case.extended_from = True, case.extended_from or case.due_at
    case.extension_count += 1
    _move_to(case, step.city, deadline.extended(step.city, due_at=case.due_at, hours=step.data["hours"]))
    case.extension = case.extension_unit = None


def _extension_refused(case: Case, step: _Step) -> None:
    case.extension = case.extension_unit = None


def _proposed(case: Case, step: _Step) -> None:
    """What waits is known by its number, that of the event which proposes it."""
    _accepted(case, step)
    case.proposed = {
        "text": step.data["text"],
        "photos": list(step.data.get("photos", ())),
        "by": step.actor.person_id,
        "at": step.now.isoformat(),
        "number": case.event_count + 1,
        "no_photo_reason": step.data.get("no_photo_reason", ""),
    }


def _sent_back(case: Case, step: _Step) -> None:
    case.proposed = None


def _snoozed(case: Case, step: _Step) -> None:
    case.snoozed_until = datetime.fromisoformat(step.data["until"])


def _reorganised(case: Case, step: _Step) -> None:
    case.unit_code = step.data["unit"]
    case.officer_id = step.data.get("officer", case.officer_id)


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
    Action.MERGE: _merged,
    Action.UNMERGE: _without_unit,
    Action.APPOINT: _appointed,
    Action.TAKE_OVER: _accepted,
    Action.REQUEST_EXTENSION: _extension_requested,
    Action.GRANT_EXTENSION: _extended,
    Action.REFUSE_EXTENSION: _extension_refused,
    Action.PROPOSE_ANSWER: _proposed,
    Action.SEND_BACK: _sent_back,
    Action.SNOOZE: _snoozed,
    Action.REORGANISE: _reorganised,
}
