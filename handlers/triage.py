"""What dispatchers do: see what the machine was unsure of and settle each case with one tap."""

from collections.abc import Sequence

from handlers import (
    access,
    cards,
    case_at_hand,
    duplicates,
    merging,
    offers,
    places,
    progress,
    reopening,
    texts,
    unit_search,
    viewing,
    way,
    writing,
)
from handlers.channel import Button
from handlers.progress import actor_of
from handlers.turn import Handler, Turn
from routing.organisation import City, Unit
from routing.tracking_code import parse_code
from routing.workflow import Action, Status
from storage import cases, ledger, parts
from storage.cases import Case
from storage.people import Post

WARD, UNIT, REJECT, SAME = (f"{writing.PREFIX}{step}" for step in ("ward", "unit", "reject", "same"))
DUPLICATE = "duplicate"
"""The reason for which a case is merged, not refused."""
LOOKED_AT = 200
"""How many waiting cases are looked at to count them and to find the next."""
PATIENCE_HOURS = 2.0
"""Working hours after which a waiting case is not overtaken any more by one that teaches the machine more."""
MOST_DOMAINS = 3
_COLUMNS = 2


async def begin(turn: Turn, argument: str) -> None:
    """`/dieuphoi`: the first case that waits, or the one named."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif "dispatcher" not in turn.person.roles:
        turn.say(texts.not_an_official(official=bool(turn.person.posts)))
    elif argument.strip():
        await _show_named(turn, argument)
    else:
        await show_next(turn)


async def _show_named(turn: Turn, argument: str) -> None:
    """Show one case; the next one where somebody has settled it meanwhile."""
    code = parse_code(argument)
    case = await cases.get_case(turn.transaction, code) if code else None
    if case is None:
        turn.say(texts.case_not_yours())
    elif case.status == Status.TRIAGE:
        await show(turn, case)
    else:
        await _say_done_already(turn, case)
        await show_next(turn)


async def skip(turn: Turn, argument: str) -> None:
    """Leave a case for later and show the one after it."""
    if "dispatcher" in turn.person.roles and not turn.chat.group:
        await show_next(turn, after=parse_code(argument))
    else:
        turn.say(texts.not_an_official(official=bool(turn.person.posts)))


async def show_next(turn: Turn, *, after: str | None = None) -> None:
    """Show the next case that waits: the one behind `after`, else the first."""
    since = turn.city.calendar.subtract_working_hours(turn.now, PATIENCE_HOURS)
    waiting = await cases.cases_in_triage(turn.transaction, waiting_since=since, limit=LOOKED_AT)
    codes = [case.code for case in waiting]
    if not waiting:
        turn.say(texts.triage_empty())
        return
    place = codes.index(after) + 1 if after in codes else 0
    await show(turn, waiting[place % len(waiting)], count=len(waiting))


# ── one case ─────────────────────────────────────────────────────────────────────────────────────


async def show(turn: Turn, case: Case, *, count: int | None = None) -> None:
    """Show a case with the one question that is open and its likely answers."""
    if count is None:
        count = len(await cases.cases_in_triage(turn.transaction, limit=LOOKED_AT))
    await viewing.note_many(turn, [case.id])  # nobody changes it any more in this turn
    events = await ledger.events_of(turn.transaction, case.id)
    photos = await cases.photos_of(turn.transaction, case.id, "report")
    question, rows = _question(turn, case, [event.unit_code for event in events if event.type == "returned"])
    note, likely = await duplicates.offer(turn, case)
    note = "\n".join(line for line in (note, way.told(turn.city, case, events)) if line)
    text = texts.triage_card(
        count=count,
        why=_why(turn, case, events),
        card=cards.body(
            turn.city,
            case,
            now=turn.now,
            photos=photos,
            hides=access.is_restricted(turn.city, case),
            note=note,
            events=events,
        ),
        question=question,
    )
    turn.say(text, buttons=[*rows, *likely, *_other_ways(case)], photos=photos, case_id=case.id)


def _why(turn: Turn, case: Case, events: Sequence[ledger.Event]) -> str:
    """Say why a case waits; one that was returned more than once with all reasons."""
    if case.returned_count < 2:
        return case.triage_reason or ""
    lines = way.returns_told(turn.city, events)
    return texts.returned_often(count=case.returned_count, lines=lines)


def _question(turn: Turn, case: Case, gave_back: Sequence[str | None]) -> tuple[str, list[list[Button]]]:
    """Return what a dispatcher has to decide now, and buttons for the likely answers.

    The domain first; then the place, where only that is missing; then the unit. A case that a unit gave
    back needs another unit.
    """
    if case.returned_count:
        return _ask_unit(turn, case, back_to="", last=gave_back)
    if case.triage_reason == texts.doubt_domain():
        return texts.triage_ask_domain(), _domain_buttons(turn, case)
    found = progress.responsible(turn.city, case)
    if found.unit is None and found.needs_place:
        return _ask_ward(turn, case)
    if found.unit is None:
        return _ask_unit(turn, case, back_to="")
    return texts.triage_ask_domain(), _domain_buttons(turn, case)


def _domain_buttons(turn: Turn, case: Case) -> list[list[Button]]:
    read = [each["domain"] for each in case.reading.get("candidates", ())]
    likely = [domain for domain in dict.fromkeys([case.domain, *read]) if domain in turn.city.domains]
    return [[_domain_button(turn, case, domain)] for domain in likely[:MOST_DOMAINS]]


def _domain_button(turn: Turn, case: Case, domain: str) -> Button:
    return Button(label=cards.domain_name(turn.city, domain), data=f"fix:{case.code}:d:{domain}")


def _ask_ward(turn: Turn, case: Case) -> tuple[str, list[list[Button]]]:
    _listen(turn, WARD, case)
    return texts.triage_ask_ward(), _buttons(turn, case, "w", _wards_read(turn.city, case))


def _wards_read(city: City, case: Case) -> list[Unit]:
    """Return the units of the wards that the text may mean, best first."""
    read = case.reading.get("place", {}).get("candidates", ())
    found = [city.ward_unit(each["code"]) for each in read]
    if city.tiers == 3:
        found = [city.former_ward_unit(each.name, each.district) for each in progress.former_wards(case)]
    return [unit for unit in found if unit is not None]


def _buttons(turn: Turn, case: Case, what: str, units: Sequence[Unit]) -> list[list[Button]]:
    buttons = [
        Button(label=unit_search.label(turn.city, unit), data=f"fix:{case.code}:{what}:{unit.code}")
        for unit in units[: unit_search.MOST]
    ]
    return [[button] for button in buttons if cards.fits(button.data)]


def _ask_unit(
    turn: Turn, case: Case, *, back_to: str, last: Sequence[str | None] = ()
) -> tuple[str, list[list[Button]]]:
    """Ask for the unit; those in `last` gave the case back and are offered after the others."""
    _listen(turn, UNIT, case)
    units = sorted(unit_search.likely(turn.city, case, turn.now), key=lambda unit: unit.code in last)
    return texts.triage_ask_unit(back_to=back_to), _buttons(turn, case, "u", units)


def _other_ways(case: Case) -> list[list[Button]]:
    return [
        [
            Button(label=texts.label_other_domain(), data=f"domains:{case.code}"),
            Button(label=texts.label_other_unit(), data=f"units:{case.code}"),
        ],
        [
            Button(label=texts.label_reject(), data=f"refuse:{case.code}"),
            Button(label=texts.label_skip(), data=f"later:{case.code}"),
        ],
    ]


def _listen(turn: Turn, step: str, case: Case) -> None:
    """Let a typed name be the answer to the question that is asked."""
    writing.begin(turn, step, case.code)


# ── taps and typed names ─────────────────────────────────────────────────────────────────────────


async def _waiting_case(turn: Turn, code: str, action: Action) -> tuple[Case, Post] | None:
    """Return a case that still waits for a dispatcher; otherwise say why not."""
    found = await case_at_hand.case_for(turn, code, action)
    if found is None or found[0].status == Status.TRIAGE:
        return found
    await _say_done_already(turn, found[0])
    return None


async def _say_done_already(turn: Turn, case: Case) -> None:
    if case.status == Status.MERGED:
        await case_at_hand.say_merged(turn, case)
    else:
        turn.say(texts.triage_done_already(code=case.code))


async def all_domains(turn: Turn, argument: str) -> None:
    """Offer every domain."""
    found = await _waiting_case(turn, argument, Action.ASSIGN)
    if found is None:
        return
    buttons = [_domain_button(turn, found[0], domain) for domain in turn.city.domains]
    rows = [buttons[start : start + _COLUMNS] for start in range(0, len(buttons), _COLUMNS)]
    turn.say(texts.triage_all_domains(code=found[0].code), buttons=rows)


async def choose_unit(turn: Turn, argument: str) -> None:
    """Ask for the unit directly."""
    found = await _waiting_case(turn, argument, Action.ASSIGN)
    if found is not None:
        question, rows = _ask_unit(turn, found[0], back_to="")
        turn.say(question, buttons=rows, case_id=found[0].id)


async def fix(turn: Turn, argument: str) -> None:
    """Settle one open question with one tap: `CODE:d:domain`, `CODE:w:ward` or `CODE:u:unit`."""
    code, _, answer = argument.partition(":")
    what, _, value = answer.partition(":")
    found = await _waiting_case(turn, code, Action.ASSIGN)
    if found is None:
        return
    if what not in _FIXES or not await _FIXES[what](turn, found[0], found[1], value):
        turn.say(texts.stale_button())


async def _fix_domain(turn: Turn, case: Case, post: Post, domain: str) -> bool:
    if domain not in turn.city.domains:
        return False
    actor = actor_of(turn.person.id, post)
    await progress.correct_domain(turn.transaction, turn.city, case, domain, actor=actor, now=turn.now)
    if access.is_restricted(turn.city, case):
        await merging.unmerge_all(turn.transaction, turn.city, case, actor=actor, now=turn.now)
    await _settle(turn, case, post)
    return True


async def _fix_ward(turn: Turn, case: Case, post: Post, unit_code: str) -> bool:
    ward = turn.city.units.get(unit_code)
    if ward is None or ward.kind != "ward":
        return False
    actor = actor_of(turn.person.id, post)
    progress.correct_ward(turn.transaction, case, ward, actor=actor, now=turn.now)
    await _settle(turn, case, post)
    return True


async def _fix_unit(turn: Turn, case: Case, post: Post, unit_code: str) -> bool:
    if not access.may_receive(turn.city, unit_code, case):
        return False
    left = way.returned_by(await ledger.events_of(turn.transaction, case.id), unit_code)
    if left is None:
        return await _fix_unit_anyway(turn, case, post, unit_code)
    _warn(turn, case, turn.city.units[unit_code], left)
    return True


def _warn(turn: Turn, case: Case, unit: Unit, left: way.Leaving) -> None:
    """Tell that this unit gave the case back, and why, before it gets it again."""
    anyway = Button(label=texts.label_assign_anyway(), data=f"fix:{case.code}:a:{unit.code}")
    turn.say(
        texts.unit_gave_it_back(unit=unit.name, at=left.at, reason=left.reason),
        buttons=[[anyway] if cards.fits(anyway.data) else [], *_other_ways(case)],
        case_id=case.id,
    )


async def _fix_unit_anyway(turn: Turn, case: Case, post: Post, unit_code: str) -> bool:
    if not access.may_receive(turn.city, unit_code, case):
        return False
    await _assign(turn, case, post, turn.city.units[unit_code], reason="chosen by a dispatcher")
    return True


_FIXES = {"d": _fix_domain, "w": _fix_ward, "u": _fix_unit, "a": _fix_unit_anyway}


async def _settle(turn: Turn, case: Case, post: Post) -> None:
    """Send a corrected case to its unit at once, or ask the one thing that is still missing."""
    found = progress.responsible(turn.city, case)
    if found.unit is not None and not await _gave_it_back(turn, case, found.unit):
        await _assign(turn, case, post, found.unit, reason=found.reason)
        return
    if found.unit is None and found.needs_place:
        question, rows = _ask_ward(turn, case)
    else:
        question, rows = _ask_unit(turn, case, back_to=found.unit.name if found.unit else "")
    turn.say(question, buttons=[*rows, *_other_ways(case)], case_id=case.id)


async def _gave_it_back(turn: Turn, case: Case, unit: Unit) -> bool:
    """Tell whether this unit returned the case before: then a person should say where it goes."""
    if not case.returned_count:
        return False
    events = await ledger.events_of(turn.transaction, case.id)
    return any(event.type == "returned" and event.unit_code == unit.code for event in events)


async def _assign(turn: Turn, case: Case, post: Post, unit: Unit, *, reason: str) -> None:
    writing.finish(turn, case.code)
    await give_to(turn, case, post, unit.code, reason=reason)
    turn.say(texts.triage_done(code=case.code, unit=unit.name))
    await show_next(turn)


async def give_to(turn: Turn, case: Case, post: Post, unit_code: str, *, reason: str) -> None:
    """Give a case that no unit has to one, and tell whoever is concerned."""
    actor, data = actor_of(turn.person.id, post), {"unit": unit_code, "reason": reason}
    await progress.move(
        turn.transaction, turn.city, case, Action.ASSIGN, actor=actor, now=turn.now, data=data
    )
    await _ask_supporting(turn, case)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now)
    unit = cards.unit_name(turn.city, unit_code)
    news = texts.case_assigned(code=case.code, unit=unit, due_at=case.due_at)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)


async def _ask_supporting(turn: Turn, case: Case) -> None:
    """Ask the units that the city's rules name as supporting, where the case went to whom they name."""
    found = progress.responsible(turn.city, case)
    if not found.supporting:
        return
    before = {part.unit_code for part in await parts.parts_of(turn.transaction, case.id)}
    asked = progress.ask_supporting(turn.transaction, case, found, now=turn.now, asked_before=before)
    cases.save_case(turn.transaction, case)
    await progress.tell_supporting(turn.transaction, turn.city, case, asked, now=turn.now)


async def type_ward(turn: Turn, argument: str) -> None:
    """Find the ward whose name was typed."""
    found = await _typed_about(turn)
    if found is None:
        return
    case, post = found
    query = turn.message.text.strip()
    named = places.wards_named(turn.city, query) if query else ()
    wards = [turn.city.ward_unit(ward.code) or turn.city.units.get(ward.code) for ward in named]
    known = [ward for ward in wards if ward is not None]
    if len(known) == 1:
        await _fix_ward(turn, case, post, known[0].code)
    elif known:
        turn.say(texts.triage_ask_ward(), buttons=_buttons(turn, case, "w", known))
    else:
        turn.say(texts.ward_not_found(query=query), buttons=_other_ways(case))


async def type_unit(turn: Turn, argument: str) -> None:
    """Find the unit whose name was typed."""
    found = await _typed_about(turn)
    if found is None:
        return
    case, _ = found
    query = turn.message.text.strip()
    units = unit_search.by_name(turn.city, case, query, turn.now) if query else []
    text = texts.triage_ask_unit(back_to="") if units else texts.unit_not_found(query=query)
    turn.say(text, buttons=_buttons(turn, case, "u", units) if units else _other_ways(case))


async def _typed_about(turn: Turn, action: Action = Action.ASSIGN) -> tuple[Case, Post] | None:
    code = writing.code_at_work(turn)
    found = await _waiting_case(turn, code, action)
    if found is None:
        writing.finish(turn, code)
    return found


# ── not handling a case ──────────────────────────────────────────────────────────────────────────


async def refuse(turn: Turn, argument: str) -> None:
    """Ask why a case is not to be handled."""
    found = await _waiting_case(turn, argument, Action.REJECT)
    if found is None:
        return
    case, _ = found
    if writing.begin(turn, REJECT, case.code) is None:
        return
    rows = [
        [Button(label=texts.label_reject_reason(key=key), data=f"refuseto:{case.code}:{key}")]
        for key in texts.REJECT_REASONS
    ]
    turn.say(texts.choose_reject_reason(code=case.code), buttons=[*rows, [writing.drop_button(case.code)]])


async def refuse_because(turn: Turn, argument: str) -> None:
    """Refuse a case for a reason from the list; what is a duplicate is merged instead of refused."""
    code, _, key = argument.partition(":")
    if key not in texts.REJECT_REASONS:
        turn.say(texts.stale_button())
    elif key == DUPLICATE:
        await _ask_duplicate(turn, code)
    else:
        await _reject(turn, code, texts.REJECT_REASONS[key])


async def _ask_duplicate(turn: Turn, code: str) -> None:
    """Ask which case this one is the same as, and offer the likely one."""
    found = await _waiting_case(turn, code, Action.MERGE)
    if found is None:
        writing.finish(turn, parse_code(code) or "")
        return
    case, _ = found
    writing.finish(turn, case.code)
    _listen(turn, SAME, case)
    note, rows = await duplicates.offer(turn, case)
    question = texts.ask_duplicate(code=case.code)
    turn.say(
        f"{question}\n{note}" if note else question,
        buttons=[*rows, [writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def type_duplicate(turn: Turn, argument: str) -> None:
    """Show the case whose code was typed beside the one at hand, to merge them with one tap."""
    found = await _typed_about(turn, Action.MERGE)
    if found is None:
        return
    code = parse_code(turn.message.text)
    if code is None:
        turn.say(texts.ask_duplicate(code=found[0].code), buttons=[[writing.drop_button(found[0].code)]])
    else:
        await duplicates.compare(turn, found[0].code, code)


async def refuse_for(turn: Turn, reason: str) -> None:
    """Refuse a case for the reason that was typed."""
    await _reject(turn, writing.code_at_work(turn), reason)


async def _reject(turn: Turn, code: str, reason: str) -> None:
    found = await _waiting_case(turn, code, Action.REJECT)
    writing.finish(turn, parse_code(code) or "")
    if found is None:
        return
    case, post = found
    await progress.move(
        turn.transaction,
        turn.city,
        case,
        Action.REJECT,
        actor=actor_of(turn.person.id, post),
        now=turn.now,
        data={"reason": reason},
    )
    turn.say(texts.triage_rejected(code=case.code))
    reopens = reopening.is_left(turn.city, case)
    await progress.tell_reporter(
        turn.transaction,
        case,
        texts.case_rejected(code=case.code, unit="", reason=reason, reopens=reopens),
        now=turn.now,
        buttons=offers.unsolved(case.code) if reopens else (),
    )
    await show_next(turn)


COMMANDS: dict[str, Handler] = {"/dieuphoi": begin}
BUTTONS: dict[str, Handler] = {
    "triage": begin,
    "domains": all_domains,
    "units": choose_unit,
    "fix": fix,
    "refuse": refuse,
    "refuseto": refuse_because,
    "later": skip,
}
STEPS: dict[str, Handler] = {
    WARD: type_ward,
    UNIT: type_unit,
    REJECT: writing.take_reason,
    SAME: type_duplicate,
}
REASONS: dict[str, Handler] = {REJECT: refuse_for}
