"""What follows from a move: the columns of a case. Nothing is stored and nobody is told here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from routing import deadline, escalation, workflow
from routing.organisation import City
from routing.workflow import Action, Status
from storage.cases import Case


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """What a move's columns are worked out from."""

    city: City
    actor: Actor
    now: datetime
    data: Mapping[str, Any]


def make(case: Case, action: Action, step: Step) -> None:
    """Change a case as a move says: its status, and every column that follows.

    Raises NotAllowed when the table of moves has no such move for the actor's role.
    """
    was = case.status
    status = workflow.move(was, action, step.actor.role, back="back_to" in step.data)
    awaited = _awaited(case)
    if was == Status.WAITING_FOR_CITIZEN and status != was:
        _resume(case, step)
    case.status = status
    _CHANGES.get(action, _nothing)(case, step)
    _watch(case, step, awaited)


def _awaited(case: Case) -> tuple[Any, ...]:
    """Return what a case waits for besides its answer: to be taken up, to be sorted, to be decided on."""
    triage = case.triage_at if case.status == Status.TRIAGE else None
    return case.accept_due_at, triage, case.extension, case.proposed


def _watch(case: Case, step: Step, before: tuple[Any, ...]) -> None:
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


def _nothing(case: Case, step: Step) -> None:
    """A move that changes the status alone."""


def _resume(case: Case, step: Step) -> None:
    """Let the clock run again: the deadlines move by the working time of the pause."""
    if case.paused_at is not None and case.due_at is not None:
        pause = {"paused_at": case.paused_at, "resumed_at": step.now}
        if case.extended_from is not None:
            case.extended_from = deadline.pause_extended(step.city, due_at=case.extended_from, **pause)
        _move_to(case, step.city, deadline.pause_extended(step.city, due_at=case.due_at, **pause))
    if case.paused_at is not None:
        case.paused_hours += step.city.calendar.working_hours_between(case.paused_at, step.now)
    case.paused_at = None


def hold_to(case: Case, city: City, due_at: datetime) -> None:
    """Set by when the answer is due, and when to warn before it and to tell those above after it.

    All of it is stored, so that a later change of the city's hours never reaches back.
    """
    _hold(case, deadline.held_to(city, city.deadline_rule(case.domain), due_at=due_at))


def _move_to(case: Case, city: City, due_at: datetime) -> None:
    """Move the deadline; the warning before it and those above after it keep their distance."""
    moments = (case.due_at, case.warn_at, case.leader_at, case.chairman_at)
    known = [at for at in moments if at is not None]
    if len(known) < len(moments):
        hold_to(case, city, due_at)
        return
    names = ("due_at", "warn_at", "leader_at", "chairman_at")
    held = deadline.Held(**dict(zip(names, known, strict=True)))
    _hold(case, deadline.moved(city, held, due_at=due_at))


def _hold(case: Case, held: deadline.Held) -> None:
    was = case.due_at
    case.due_at, case.warn_at = held.due_at, held.warn_at
    case.leader_at, case.chairman_at = held.leader_at, held.chairman_at
    if was is None:
        case.escalated, case.reminded_at = 0, None
    elif held.due_at > was:
        case.escalated = 0
    elif held.due_at < was and case.reminded_at is not None:
        _tell_only_who_does_not_know(case, case.reminded_at)


def _tell_only_who_does_not_know(case: Case, until: datetime) -> None:
    """Let a deadline that came sooner be told to the levels that know of no lateness yet, and to no other."""
    for name in ("accept_leader_at", "accept_chairman_at", "decide_due_at", "snoozed_until"):
        at = getattr(case, name)
        setattr(case, name, None if at is not None and at <= until else at)
    last_told = (None, case.due_at, case.leader_at, until)[case.escalated]
    case.reminded_at = last_told and min(until, last_told)


def hold_to_accept(case: Case, city: City, accept_due_at: datetime, now: datetime) -> None:
    """Set by when a case has to be taken up; those above who were not told yet hear as much sooner."""
    case.accept_due_at = accept_due_at
    moments = deadline.escalations(city, city.deadline_rule(case.domain), due_at=accept_due_at)
    for name, at in zip(("accept_leader_at", "accept_chairman_at"), moments, strict=True):
        was = getattr(case, name)
        if was is not None and (case.reminded_at is None or was > case.reminded_at):
            setattr(case, name, max(at, now))


def _drop_pending(case: Case) -> None:
    """What was asked for or proposed lapses: an extension, an answer to be approved, a snooze."""
    case.extension = case.extension_unit = case.proposed = case.snoozed_until = None


def _without_unit(case: Case, step: Step) -> None:
    _drop_pending(case)
    case.triage_reason, case.triage_at = step.data.get("reason"), step.now
    case.unit_code = case.officer_id = case.accepted_at = case.accept_due_at = case.unreached_at = None


def _triaged(case: Case, step: Step) -> None:
    case.triage_reason, case.triage_at = step.data.get("reason"), step.now


def _given(case: Case, step: Step) -> None:
    """The unit is fixed: the answer is due as counted from receipt, accepting as counted from now."""
    _give(case, step, step.data["unit"])
    rule = step.city.deadline_rule(case.domain)
    if case.due_at is None:
        whole = deadline.deadlines(step.city, rule, received_at=case.received_at, urgent=case.urgent)
        hold_to(case, step.city, whole.due_at)


def _give(case: Case, step: Step, unit_code: str) -> None:
    _drop_pending(case)
    was, case.unit_code = case.unit_code, _standing(case, step, unit_code)
    case.assigned_at = step.now
    if _comes_under_others(case, step.city, was):
        case.leader_at = step.now + escalation.A_MOMENT
    case.officer_id = case.accepted_at = case.triage_reason = case.triage_at = case.unreached_at = None
    rule = step.city.deadline_rule(case.domain)
    from_now = deadline.deadlines(step.city, rule, received_at=step.now, urgent=case.urgent)
    case.accept_due_at = from_now.accept_due_at


def _comes_under_others(case: Case, city: City, was: str | None) -> bool:
    """Tell whether a case whose lateness was told above its unit has others above it now who do not know."""
    told_at = case.reminded_at
    if told_at is None or case.leader_at is None or case.leader_at > told_at or case.unit_code is None:
        return False
    domain = city.domains.get(case.domain)
    if domain is not None and domain.restricted:  # the leaders heard, wherever it was
        return False
    before, above = (
        city.path(code)[1:-1] if code and code in city.units else () for code in (was, case.unit_code)
    )
    leaders_know = case.chairman_at is not None and case.chairman_at <= told_at
    return before != above and bool(above or not leaders_know)


def _standing(case: Case, step: Step, unit_code: str | None) -> str | None:
    """Return a unit, or who took over from it where it is over."""
    return unit_code and (step.city.heir(unit_code, case.ward_code) or unit_code)


def _accepted(case: Case, step: Step) -> None:
    """Somebody at the unit has taken the case up; asking and answering count as that too."""
    case.accepted_at = case.accepted_at or step.now
    case.unreached_at = None
    case.officer_id = step.actor.person_id if step.actor.role in ("officer", "chair") else case.officer_id


def _returned(case: Case, step: Step) -> None:
    """The unit gives the case back; the clock that the citizen was told of goes on."""
    case.returned_count += 1
    if "back_to" in step.data:
        _give(case, step, step.data["back_to"])
    else:
        _without_unit(case, step)


def _asked(case: Case, step: Step) -> None:
    _accepted(case, step)
    case.paused_at = step.now


def _answered(case: Case, step: Step) -> None:
    by = step.data.get("drafted_by")
    _accepted(case, step)
    case.officer_id = by or case.officer_id
    _drop_pending(case)
    case.answer, case.answered_at, case.answer_due_at = step.data["text"], step.now, case.due_at
    worked = step.city.calendar.working_hours_between(case.reopened_at or case.received_at, step.now)
    case.handled_hours = round(max(worked - case.paused_hours, 0), 4)
    case.rating = None


def _rejected(case: Case, step: Step) -> None:
    rule = step.city.deadline_rule(case.domain)
    promised = deadline.deadlines(step.city, rule, received_at=case.received_at, urgent=case.urgent)
    _drop_pending(case)
    case.answer, case.answered_at, case.triage_at = step.data["reason"], step.now, None
    case.answer_due_at = case.due_at or promised.due_at


def _closed(case: Case, step: Step) -> None:
    _drop_pending(case)
    case.closed_at, case.triage_at = step.now, None
    case.rating = step.data.get("rating", case.rating)


def _merged(case: Case, step: Step) -> None:
    _drop_pending(case)
    case.triage_at = None


def _reopened(case: Case, step: Step) -> None:
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
    unit = _standing(case, step, step.data.get("unit", case.unit_code))
    if unit != case.unit_code:
        case.unit_code, case.officer_id, case.assigned_at = unit, None, step.now
    rule = step.city.deadline_rule(case.domain)
    again = deadline.deadlines(step.city, rule, received_at=step.now, urgent=case.urgent)
    case.accept_due_at, case.due_at = again.accept_due_at, None
    hold_to(case, step.city, again.due_at)


def _appointed(case: Case, step: Step) -> None:
    case.officer_id = step.data["officer"]


def _extension_requested(case: Case, step: Step) -> None:
    case.extension = {
        "hours": step.data["hours"],
        "reason": step.data["reason"],
        "by": step.actor.person_id,
        "at": step.now.isoformat(),
    }
    case.extension_unit = step.data["granter"]


def _extended(case: Case, step: Step) -> None:
    """The deadline moves; the one before stays known, for the figures tell the two apart."""
    assert case.due_at is not None
    case.extended, case.extended_from = True, case.extended_from or case.due_at
    case.extension_count += 1
    _move_to(case, step.city, deadline.extended(step.city, due_at=case.due_at, hours=step.data["hours"]))
    case.extension = case.extension_unit = None


def _extension_refused(case: Case, step: Step) -> None:
    case.extension = case.extension_unit = None


def _proposed(case: Case, step: Step) -> None:
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


def _sent_back(case: Case, step: Step) -> None:
    case.proposed = None


def _snoozed(case: Case, step: Step) -> None:
    case.snoozed_until = datetime.fromisoformat(step.data["until"])


def _reorganised(case: Case, step: Step) -> None:
    case.unit_code = step.data["unit"]
    case.officer_id = step.data.get("officer", case.officer_id)


_CHANGES: Mapping[Action, Callable[[Case, Step], None]] = {
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
