"""`/viso CODE`: why a case was read as it was, why this unit has it, and how its deadline adds up."""

from collections.abc import Sequence
from datetime import datetime

from handlers import access, cards, case_at_hand, progress, texts
from handlers.turn import Handler, Turn
from routing import reckoning, responsibility
from routing.organisation import City
from routing.reckoning import Reckoning, Step, Told, Why
from routing.tracking_code import parse_code
from routing.workflow import OPEN_STATUSES, Action, Status
from storage import cases, duplicates, ledger
from storage.cases import Case
from storage.ledger import Event

_GIVEN = (progress.EVENTS[Action.ASSIGN], progress.EVENTS[Action.HAND_OVER])


async def why(turn: Turn, argument: str) -> None:
    """Explain a case to whoever may see it; a wrong code and somebody else's get the same answer."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    if not argument.strip():
        turn.say(texts.ask_which_case_why())
        return
    code = parse_code(argument)
    case = await cases.get_case(turn.transaction, code) if code else None
    own = case is not None and case.reporter_id == turn.person.id
    official = case is not None and access.post_for(turn.person, turn.city, "see", case) is not None
    if case is None or not (own or official):
        await case_at_hand.say_out_of_reach(turn, case)
        return
    events = await ledger.events_of(turn.transaction, case.id)
    course = await _course(turn, case, events, official=official)
    parts = (_reading(case), _corrections(turn.city, case, events), *course)
    told = texts.explanation(code=case.code, parts=[part for part in parts if part])
    turn.say(told, case_id=case.id)


async def _course(turn: Turn, case: Case, events: Sequence[Event], *, official: bool) -> tuple[str, ...]:
    """Return why the unit has the case and by when; of a merged one, what holds of its master."""
    master = await duplicates.master_of(turn.transaction, case) if case.status == Status.MERGED else None
    if master is not None:
        seen = access.post_for(turn.person, turn.city, "see", master) is not None
        unit = cards.unit_name(turn.city, master.unit_code) if master.unit_code else ""
        return (texts.why_merged(unit=unit, due_at=master.due_at, code=master.code if seen else ""),)
    return _unit(turn.city, case, events, official=official), _due(turn.city, case, events, official=official)


def _reading(case: Case) -> str:
    read = case.reading
    return texts.why_read(
        reasons=read.get("reasons", ()),
        confidence=read.get("confidence"),
        version=read.get("model_version", ""),
    )


# ── what people corrected ────────────────────────────────────────────────────────────────────────


def _corrections(city: City, case: Case, events: Sequence[Event]) -> str:
    corrected = [event for event in events if event.type == "corrected"]
    lines = [*_chosen(city, case, corrected), *(line for event in corrected if (line := _told(city, event)))]
    return texts.why_corrected(lines=lines) if lines else ""


def _chosen(city: City, case: Case, corrected: Sequence[Event]) -> list[str]:
    """Return where the case began differently from the reading, and why."""
    first = {event.data["field"]: event.data["was"] for event in reversed(corrected)}
    chosen = case.reading.get("chosen", {})
    lines = []
    domain, ward = first.get("domain", case.domain), first.get("ward", case.ward_code)
    if "domain" in chosen:
        name = cards.domain_name(city, chosen["domain"])
        lines.append(texts.chosen_by_reporter(what=texts.label_of_domain(), now=name))
    elif domain != case.reading.get("domain") == city.shipped_domain(domain):
        lines.append(texts.part_of_domain(now=cards.domain_name(city, domain)))
    if "ward" in chosen:
        name = _ward_name(city, chosen["ward"])
        lines.append(texts.chosen_by_reporter(what=texts.label_of_place(), now=name))
    elif ward is not None and ward != case.reading.get("ward_code") and case.latitude is not None:
        lines.append(texts.placed_by_position(now=_ward_name(city, ward)))
    return lines


def _told(city: City, event: Event) -> str:
    was, now, field = event.data.get("was"), event.data["now"], event.data["field"]
    if field not in ("domain", "ward"):
        return ""
    name = cards.domain_name if field == "domain" else _ward_name
    return texts.corrected_by_official(
        what=texts.label_of_domain() if field == "domain" else texts.label_of_place(),
        was=name(city, was) if was else "",
        now=name(city, now),
        at=event.at,
    )


def _ward_name(city: City, code: str) -> str:
    unit = city.ward_unit(code) or city.units.get(code)
    return unit.name if unit else code


# ── why this unit ────────────────────────────────────────────────────────────────────────────────


def _unit(city: City, case: Case, events: Sequence[Event], *, official: bool) -> str:
    """Return how the case came to its unit; what officials write to one another is theirs alone."""
    lines = [_changed(city, *change) for change in _hands(events)]
    if case.unit_code is None and case.triage_reason:
        lines.append(texts.waits_for_dispatcher(reason=case.triage_reason if official else ""))
    return texts.why_unit(lines=lines) if lines else ""


def _hands(events: Sequence[Event]) -> list[tuple[Event, str | None, str | None]]:
    """Return each event that changed which unit has the case, with the unit before and the one after."""
    changes, before = [], None
    for event in events:
        after = event.data.get("state", {}).get("unit_code")  # nothing is kept of what is not there
        if event.type in _GIVEN or after != before:
            changes.append((event, event.data.get("was", before), after))
        before = after
    return changes


def _changed(city: City, event: Event, before: str | None, after: str | None) -> str:
    """Return in a line how one unit followed another; None stands for the dispatchers."""
    if event.type in _GIVEN:
        return _given(city, event, before)
    told = _TOLD_CHANGES.get(event.type, texts.unit_changed)
    return told(before=cards.unit_name(city, before), unit=cards.unit_name(city, after), at=event.at)


def _given(city: City, event: Event, before: str | None) -> str:
    unit = cards.unit_name(city, event.data["unit"])
    rule = responsibility.named_rule(event.data.get("reason", ""))
    if rule is not None:
        limits = limits_of(city, event.data["reason"])
        supporting = [cards.unit_name(city, code) for code in event.data.get("supporting", ())]
        return texts.unit_by_rule(
            unit=unit, position=rule.position, limits=limits, at=event.at, supporting=supporting
        )
    if event.actor_role == "dispatcher" or before is None:
        return texts.unit_by_person(unit=unit, reason=texts.by_dispatcher(), at=event.at)
    return texts.unit_by_person(
        unit=unit, reason=texts.by_unit(unit=cards.unit_name(city, before)), at=event.at
    )


def limits_of(city: City, reason: str) -> list[str]:
    """Return in words what the rule is limited to that an assignment's reason names."""
    rule = responsibility.named_rule(reason)
    return [_limit(city, key, value) for key, value in rule.limits.items()] if rule else []


def _limit(city: City, key: str, value: str) -> str:
    names = {"domain": cards.domain_name, "area": _area_name}
    name = names[key](city, value) if key in names else value
    return texts.limit_of_rule(key=key, value=texts.kind_name(value) if key == "kind" else name)


def _area_name(city: City, area: str) -> str:
    if area.startswith("ward:"):
        return _ward_name(city, area.removeprefix("ward:"))
    return cards.unit_name(city, area)


# ── why then ─────────────────────────────────────────────────────────────────────────────────────


def _due(city: City, case: Case, events: Sequence[Event], *, official: bool) -> str:
    """Add the deadline up step by step; how those above are told and what is put off is for officials."""
    reckoned = reckoning.reckon(city.calendar, case.received_at, [_state_told(event) for event in events])
    if reckoned is None:
        return ""
    lines = [_step_line(city, case, reckoned, step, events) for step in reckoned.steps]
    told = texts.why_due(
        due_at=reckoned.due_at,
        began_at=reckoned.began_at,
        reopened=reckoned.steps[0].why == Why.REOPENED,
        lines=lines,
        days=city.calendar.worked_days(reckoned.began_at, reckoned.due_at),
        total=reckoned.hours,
    )
    stands = [texts.clock_stands_still(since=case.paused_at)] if case.paused_at else []
    return "\n".join([told, *stands, *(_beyond(case, events) if official else ())])


def _state_told(event: Event) -> Told:
    due_at = event.data.get("state", {}).get("due_at")
    return Told(type=event.type, at=event.at, due_at=datetime.fromisoformat(due_at) if due_at else None)


def _step_line(city: City, case: Case, reckoned: Reckoning, step: Step, events: Sequence[Event]) -> str:
    if step.why in (Why.RECEIVED, Why.REOPENED):
        return _allowed_line(city, case, reckoned, step, events)
    if step.why == Why.PAUSED:
        return texts.paused_for(hours=step.hours)
    if step.why == Why.EXTENDED:
        asked = [event for event in events[: step.number] if event.type == "extension_requested"]
        data = asked[-1].data if asked else {}
        unit = cards.unit_name(city, data.get("granter"))
        return texts.extended_by(hours=step.hours, unit=unit, at=step.at)
    if step.hours < 0:
        return texts.shortened_by(hours=-step.hours, at=step.at)
    return texts.paused_for(hours=step.hours)


def _allowed_line(city: City, case: Case, reckoned: Reckoning, step: Step, events: Sequence[Event]) -> str:
    state = events[step.number].data.get("state", {})
    domain = state.get("domain", case.domain)
    name = cards.domain_name(city, domain)
    rule = city.deadline_rule(domain)
    legal = rule.legal_days and city.calendar.add_calendar_days(reckoned.began_at, rule.legal_days)
    if rule.legal_days and legal == step.due_at:
        return texts.allowed_by_law(days=rule.legal_days, article=rule.legal_article, domain=name)
    return texts.allowed_hours(hours=step.hours, domain=name)


def _beyond(case: Case, events: Sequence[Event]) -> list[str]:
    """Return when those above are told if it is late, and until when its own unit is left alone."""
    lines = []
    if case.status in OPEN_STATUSES and case.leader_at is not None and case.chairman_at is not None:
        lines.append(texts.told_above(leader_at=case.leader_at, chairman_at=case.chairman_at))
    if case.snoozed_until is not None:
        reasons = [event.data.get("reason", "") for event in events if event.type == "snoozed"]
        lines.append(texts.snoozed_note(until=case.snoozed_until, reason=reasons[-1] if reasons else ""))
    return lines


_TOLD_CHANGES = {
    progress.EVENTS[Action.RETURN]: texts.unit_after_return,
    progress.EVENTS[Action.REOPEN]: texts.unit_after_reopening,
    progress.EVENTS[Action.REORGANISE]: texts.unit_after_reorganisation,
}

COMMANDS: dict[str, Handler] = {"/viso": why}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
