"""The one place where a case changes: the move, the columns that follow from it, and its event."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from handlers import texts
from handlers.telling import announce, nobody_there, tell_dispatchers, tell_joined, tell_reporter, tell_unit
from handlers.turn import Filed, Turn
from routing import deadline, responsibility, workflow
from routing.lessons import teaching_value
from routing.organisation import City, Unit
from routing.place import FormerWard
from routing.responsibility import Assignment
from routing.workflow import Action, Status
from storage import cases, corrections, ledger, people
from storage.cases import Case
from storage.database import Transaction

__all__ = [
    "EVENTS",
    "SYSTEM",
    "Actor",
    "actor_of",
    "announce",
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
    "tell_unit",
]


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
    Action.UNMERGE: "unmerged",
}
"""The type of the event that each action leaves in the history."""


def actor_of(person_id: int, post: people.Post) -> Actor:
    """Return an official as the actor that their post makes them."""
    return Actor(person_id=person_id, role=post.role, unit_code=post.unit_code)


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
        _send_on(turn, case)
        turn.filed.append(Filed(case=case, reporter=turn.person, photos=photos, note=note))
    else:
        case.master_id = into.id
        data = {"master": into.code}
        _apply(turn.transaction, turn.city, case, Action.MERGE, actor=reporter, now=turn.now, data=data)
    cases.add_case(turn.transaction, case)
    cases.attach_photos(turn.transaction, case.id, photos, "report", turn.now)


def _send_on(turn: Turn, case: Case) -> None:
    """Give a new case to the unit that is responsible, or to the dispatchers."""
    found = responsible(turn.city, case)
    if case.triage_reason is None and found.unit is not None:
        data = {"unit": found.unit.code, "reason": found.reason}
        _apply(turn.transaction, turn.city, case, Action.ASSIGN, actor=SYSTEM, now=turn.now, data=data)
    else:
        data = {"reason": case.triage_reason or found.reason}
        _apply(
            turn.transaction, turn.city, case, Action.SEND_TO_TRIAGE, actor=SYSTEM, now=turn.now, data=data
        )


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

    data, by action: assign and hand_over need "unit"; return, reject, unmerge and send_to_triage "reason";
    ask_citizen "question"; citizen_replies and answer "text"; close and reopen may hold "rating". All of it
    is kept. A case without a unit that is reopened goes to triage at once. Raises NotAllowed when the table
    of moves has no such move for this role.
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
    """Hold a case to its domain's hours where they end sooner, with its reopening and its pauses counted."""
    rule = city.deadline_rule(case.domain)
    due_at = deadline.deadlines(city, rule, received_at=case.received_at).due_at
    paused_at: datetime | None = None
    for event in events:
        if event.type == EVENTS[Action.REOPEN]:
            due_at = deadline.deadlines(city, rule, received_at=event.at).due_at
        elif event.data.get("to") == Status.WAITING_FOR_CITIZEN:
            paused_at = event.at
        elif paused_at is not None and event.data.get("from") == Status.WAITING_FOR_CITIZEN:
            due_at = deadline.pause_extended(city, due_at=due_at, paused_at=paused_at, resumed_at=event.at)
            paused_at = None
    if case.due_at is not None and due_at < case.due_at:
        case.due_at, case.warn_at = due_at, deadline.warning_before(city, rule, due_at=due_at)


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


def _unmerged(case: Case, step: _Step) -> None:
    """A case of its own again, which no unit has yet."""
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
    """The work begins again with a time of its own; an answer that was late stays so in the figures."""
    case.reopened_count += 1
    case.late_before = case.late_before or case.is_late
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
    Action.UNMERGE: _unmerged,
}
