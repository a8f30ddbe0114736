"""More time for a case: the unit asks with a reason, the level above decides, the citizen hears the new date.

While a request waits the clock runs; after the deadline nothing can be asked for, so that late stays late.
"""

from dataclasses import replace
from datetime import datetime

from handlers import access, cards, case_at_hand, notices, progress, telling, texts, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.organisation import City
from routing.workflow import Action
from storage import ledger, people
from storage.cases import Case
from storage.people import Official, Post

WHY, WHY_NOT = f"{writing.PREFIX}extend", f"{writing.PREFIX}noextend"
DAYS = (1, 2, 3, 5)
"""Working days that can be asked for."""
_DECISIONS = {
    progress.EVENTS[Action.GRANT_EXTENSION]: True,
    progress.EVENTS[Action.REFUSE_EXTENSION]: False,
}
"""The events that end a request, and whether it was granted."""

_REQUESTED = progress.EVENTS[Action.REQUEST_EXTENSION]

Rows = list[list[Button]]


# ── what a request is ────────────────────────────────────────────────────────────────────────────


def _new_due_at(city: City, case: Case, hours: float) -> datetime:
    assert case.due_at is not None
    return city.calendar.add_working_hours(case.due_at, hours)


def _amount(city: City, hours: float) -> str:
    days = hours / city.calendar.hours_of_day
    return texts.working_days(count=int(days)) if days.is_integer() else texts.working_hours(hours=hours)


def _stamp(case: Case) -> str:
    """Return what tells a request from an earlier one of the same case; empty for none."""
    return f"{datetime.fromisoformat(case.extension['at']).timestamp():.0f}" if case.extension else ""


def pending(city: City, case: Case) -> str:
    """Say which request waits and for whom; empty for none."""
    if case.extension is None:
        return ""
    return texts.extension_pending(
        count=_amount(city, case.extension["hours"]),
        reason=case.extension["reason"],
        unit=cards.unit_name(city, case.extension_unit),
    )


def decision(city: City, case: Case) -> str:
    """Say in a list what has to be decided about a case."""
    if case.extension is None:
        return texts.approval_line()
    unit = cards.unit_name(city, case.unit_code)
    return texts.decision_line(unit=unit, count=_amount(city, case.extension["hours"]))


# ── the unit asks ────────────────────────────────────────────────────────────────────────────────


async def _ready(turn: Turn, code: str) -> tuple[Case, Post] | None:
    """Return a case for which the writer may ask for more time now; otherwise say why not."""
    found = await case_at_hand.ready_for(turn, code, Action.REQUEST_EXTENSION)
    obstacle = case_at_hand.obstacle_to_extension(turn, found[0]) if found else ""
    if found is None or not obstacle:
        return found
    writing.finish(turn, found[0].code)
    turn.say(obstacle, case_id=found[0].id)
    return None


async def extend(turn: Turn, argument: str) -> None:
    """Ask how much more time is needed; each choice names the date that follows."""
    found = await _ready(turn, argument)
    if found is None:
        return
    case, _ = found
    rows = [
        [
            Button(
                label=texts.extension_choice(
                    count=days, due_at=_new_due_at(turn.city, case, days * turn.city.calendar.hours_of_day)
                ),
                data=f"extendfor:{case.code}:{days}",
            )
        ]
        for days in DAYS
    ]
    back = [Button(label=texts.label_back(), data=f"card:{case.code}")]
    text = texts.choose_extension(code=case.code, due_at=case.due_at)
    turn.say(text, buttons=[*rows, back], case_id=case.id)


async def extend_for(turn: Turn, argument: str) -> None:
    """Ask why so many days are needed: `CODE:days`."""
    code, _, days = argument.partition(":")
    found = await _ready(turn, code)
    if found is None:
        return
    case, _ = found
    if days not in map(str, DAYS):
        turn.say(texts.stale_button())
        return
    if writing.begin(turn, WHY, case.code, days) is None:
        return
    rows = [
        [Button(label=reason, data=f"extendwhy:{case.code}:{days}:{key}")]
        for key, reason in texts.EXTENSION_REASONS.items()
    ]
    due_at = _new_due_at(turn.city, case, int(days) * turn.city.calendar.hours_of_day)
    turn.say(
        texts.why_extension(code=case.code, count=int(days), due_at=due_at),
        buttons=[*rows, [writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def extend_because(turn: Turn, argument: str) -> None:
    """Ask for more time for a reason from the list: `CODE:days:reason`."""
    code, days, key = (*argument.split(":"), "", "")[:3]
    if days in map(str, DAYS) and key in texts.EXTENSION_REASONS:
        await _request(turn, code, int(days), texts.EXTENSION_REASONS[key])
    else:
        turn.say(texts.stale_button())


async def extend_with(turn: Turn, reason: str) -> None:
    """Ask for more time for the reason that was typed."""
    written = writing.writing_in(turn, WHY)
    if written is None or written.choice not in map(str, DAYS):
        turn.say(texts.draft_gone())
    else:
        await _request(turn, written.code, int(written.choice), reason)


async def _request(turn: Turn, code: str, days: int, reason: str) -> None:
    found = await _ready(turn, code)
    if found is None:
        return
    case, post = found
    writing.finish(turn, case.code)
    granters = await _granters(turn, case)
    if not granters:
        turn.say(texts.extension_nobody(code=case.code), case_id=case.id)
        return
    unit = granters[0].unit_code
    data = {"hours": days * turn.city.calendar.hours_of_day, "reason": reason, "granter": unit}
    await case_at_hand.move(turn, case, Action.REQUEST_EXTENSION, post, data)
    name = cards.unit_name(turn.city, unit)
    turn.say(texts.extension_asked(code=case.code, unit=name, due_at=case.due_at), case_id=case.id)
    message = notices.message_of(_request_text(turn.city, case, turn.person.name), buttons=_buttons(case))
    telling.post_when_awake(turn.transaction, granters, message, case=case, now=turn.now)


async def _granters(turn: Turn, case: Case) -> list[Official]:
    """Return who decides: the chairs of the nearest unit above that has one, at the root the leaders.

    Nobody decides what they ask for themselves.
    """
    assert case.unit_code is not None
    chairs: list[Official] = []
    if not access.is_restricted(turn.city, case):
        chairs = await telling.chairs_above(turn.transaction, turn.city, case.unit_code, turn.now)
    leaders = await people.officials_by_role(turn.transaction, "leader", now=turn.now)
    for concerned in (chairs, [replace(each, unit_code=turn.city.root.code) for each in leaders]):
        if others := [each for each in concerned if each.person_id != turn.person.id]:
            return others
    return []


def _request_text(city: City, case: Case, name: str) -> str:
    assert case.extension is not None
    hours = case.extension["hours"]
    return texts.extension_request(
        code=case.code,
        unit=cards.unit_name(city, case.unit_code),
        name=name,
        domain=cards.domain_name(city, case.domain),
        place=texts.place_name(street=case.street, ward=case.ward_name),
        text=cards.shown(case, case.text, hides=True),
        reason=case.extension["reason"],
        count=_amount(city, hours),
        due_at=case.due_at,
        new_due_at=_new_due_at(city, case, hours),
        urgent=case.urgent,
    )


def _buttons(case: Case) -> Rows:
    stamp = _stamp(case)
    return [
        [
            Button(label=texts.label_grant(), data=f"grant:{case.code}:{stamp}"),
            Button(label=texts.label_refuse_extension(), data=f"nogrant:{case.code}:{stamp}"),
        ],
        *case_at_hand.card_button(case),
    ]


def decision_buttons(turn: Turn, case: Case) -> Rows:
    """Return the buttons that decide a request, none for who may not or where none waits."""
    if case.extension is None or Action.GRANT_EXTENSION not in case_at_hand.actions(turn, case):
        return []
    return _buttons(case)[:1]


# ── the level above decides ──────────────────────────────────────────────────────────────────────


async def _waiting(turn: Turn, code: str, stamp: str, action: Action) -> tuple[Case, Post] | None:
    """Return a case whose request the writer may decide; otherwise say why not."""
    found = await case_at_hand.case_for(turn, code, action)
    if found is None:
        return None
    case, _ = found
    if case.extension is None:
        await _say_decided(turn, case)
    elif stamp != _stamp(case):
        text = _request_text(turn.city, case, await _name_of(turn, case.extension["by"]))
        turn.say(text, buttons=_buttons(case), case_id=case.id)
    elif case.extension["by"] == turn.person.id:
        turn.say(texts.extension_not_yours(code=case.code), case_id=case.id)
    else:
        return found
    writing.finish(turn, case.code)
    return None


async def _say_decided(turn: Turn, case: Case) -> None:
    """Tell who comes too late what became of the request."""
    events = await ledger.events_of(turn.transaction, case.id)
    last = next((event for event in reversed(events) if event.type in (*_DECISIONS, _REQUESTED)), None)
    if last is None or last.type == _REQUESTED:
        text = texts.extension_gone(code=case.code)
    else:
        name = await _name_of(turn, last.actor_id)
        granted = _DECISIONS[last.type]
        text = texts.extension_decided(code=case.code, name=name, at=last.at, granted=granted)
    turn.say(text, buttons=case_at_hand.card_button(case), case_id=case.id)


async def _name_of(turn: Turn, person_id: int | None) -> str:
    person = await people.get_person(turn.transaction, person_id, now=turn.now) if person_id else None
    return person.name if person else ""


async def grant(turn: Turn, argument: str) -> None:
    """Grant the time that was asked for: `CODE:request`. The unit and the citizen hear the new date."""
    code, _, stamp = argument.partition(":")
    found = await _waiting(turn, code, stamp, Action.GRANT_EXTENSION)
    if found is None:
        return
    case, post = found
    assert case.extension is not None
    assert case.due_at is not None
    hours, reason = case.extension["hours"], case.extension["reason"]
    due_at = _new_due_at(turn.city, case, hours)
    if due_at <= turn.now:
        turn.say(texts.extension_in_vain(code=case.code, due_at=due_at), buttons=_buttons(case))
        return
    await grant_hours(turn, case, post, hours=hours, reason=reason)
    turn.say(
        texts.extension_granted(code=case.code, due_at=case.due_at),
        buttons=case_at_hand.card_button(case),
        case_id=case.id,
    )


async def grant_hours(turn: Turn, case: Case, post: Post, *, hours: float, reason: str) -> None:
    """Move a case's deadline by so many working hours; the unit and the citizen hear the new date."""
    assert case.due_at is not None
    data = {"hours": hours, "reason": reason, "was": case.due_at.isoformat()}
    await case_at_hand.move(turn, case, Action.GRANT_EXTENSION, post, data)
    unit, due_at = cards.unit_name(turn.city, post.unit_code), case.due_at
    news = texts.extension_granted_to_unit(code=case.code, unit=unit, due_at=due_at, now=turn.now)
    await _tell_unit(turn, case, news)
    await _tell_reporter(turn, case, reason, due_at)


async def _tell_reporter(turn: Turn, case: Case, reason: str, due_at: datetime) -> None:
    unit = cards.unit_name(turn.city, case.unit_code)
    news = texts.extension_granted_to_reporter(
        code=case.code, unit=unit, reason=reason, due_at=due_at, now=turn.now
    )
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)


async def _tell_unit(turn: Turn, case: Case, text: str) -> None:
    await progress.tell_unit(
        turn.transaction, turn.city, case, text, now=turn.now, buttons=case_at_hand.card_button(case)
    )


async def refuse(turn: Turn, argument: str) -> None:
    """Ask why no more time is granted: `CODE:request`."""
    code, _, stamp = argument.partition(":")
    found = await _waiting(turn, code, stamp, Action.REFUSE_EXTENSION)
    if found is None or writing.begin(turn, WHY_NOT, found[0].code, stamp) is None:
        return
    case, _ = found
    rows = [
        [Button(label=reason, data=f"nograntto:{case.code}:{stamp}:{key}")]
        for key, reason in texts.EXTENSION_REFUSALS.items()
    ]
    turn.say(
        texts.why_not_extension(code=case.code),
        buttons=[*rows, [writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def refuse_because(turn: Turn, argument: str) -> None:
    """Grant no more time, for a reason from the list: `CODE:request:reason`."""
    code, stamp, key = (*argument.split(":"), "", "")[:3]
    if key in texts.EXTENSION_REFUSALS:
        await _refuse(turn, code, stamp, texts.EXTENSION_REFUSALS[key])
    else:
        turn.say(texts.stale_button())


async def refuse_with(turn: Turn, reason: str) -> None:
    """Grant no more time, for the reason that was typed."""
    written = writing.writing_in(turn, WHY_NOT)
    if written is not None:
        await _refuse(turn, written.code, written.choice, reason)


async def _refuse(turn: Turn, code: str, stamp: str, reason: str) -> None:
    found = await _waiting(turn, code, stamp, Action.REFUSE_EXTENSION)
    if found is None:
        return
    case, post = found
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.REFUSE_EXTENSION, post, {"reason": reason})
    turn.say(texts.extension_refused(code=case.code, due_at=case.due_at), case_id=case.id)
    unit = cards.unit_name(turn.city, post.unit_code)
    text = texts.extension_refused_to_unit(code=case.code, unit=unit, reason=reason, due_at=case.due_at)
    await _tell_unit(turn, case, text)


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {
    "extend": extend,
    "extendfor": extend_for,
    "extendwhy": extend_because,
    "grant": grant,
    "nogrant": refuse,
    "nograntto": refuse_because,
}
STEPS: dict[str, Handler] = {WHY: writing.take_reason, WHY_NOT: writing.take_reason}
REASONS: dict[str, Handler] = {WHY: extend_with, WHY_NOT: refuse_with}
