"""What a citizen does about a report that was sent: look it up, add to it, reply, rate it, reopen it."""

from datetime import datetime, timedelta
from typing import Any

from handlers import access, cards, offers, progress, texts
from handlers.channel import Button
from handlers.draft import lay_aside, take_up
from handlers.turn import Handler, Turn
from routing import tracking_code, workflow
from routing.workflow import Action, Role, Status
from storage import cases
from storage.cases import Case

ADDING, RATING = "addition", "rating_words"
ADDING_FOR = timedelta(hours=1)
WORDS_FOR = timedelta(minutes=15)
"""How long the next message counts as words to a rating; later it is a report of its own."""
GOOD = 3
"""From so many stars on a rating closes the case; fewer reopen it."""
STARS = range(1, 6)
_RECENT = 5


# ── looking up ───────────────────────────────────────────────────────────────────────────────────


async def track(turn: Turn, argument: str) -> None:
    """Show the case of a tracking code; a wrong code and somebody else's get the same answer."""
    if not argument.strip():
        turn.say(texts.ask_for_code())
        return
    code = tracking_code.parse_code(argument)
    case = await cases.get_case(turn.transaction, code) if code else None
    if case is not None and case.reporter_id == turn.person.id:
        await _show(turn, case)
    elif case is not None and access.may(turn.person, turn.city, "see", case):
        await _show_as_official(turn, case)
    else:
        turn.say(texts.no_such_case())


async def _show_as_official(turn: Turn, case: Case) -> None:
    from handlers import casework  # it imports this module

    await casework.BUTTONS["card"](turn, case.code)


async def _show(turn: Turn, case: Case) -> None:
    answered = bool(case.answer)
    turn.say(
        texts.case_state(
            code=case.code,
            status=case.status,
            text=case.text,
            domain=_domain_name(turn, case),
            place=texts.place_name(case.street, case.ward_name),
            unit=_unit_name(turn, case),
            received_at=case.received_at,
            due_at=case.due_at if case.status in workflow.OPEN_STATUSES else None,
            answer=case.answer or "",
        ),
        buttons=_offers_for(case),
        photos=await cases.photos_of(turn.transaction, case.id, "answer") if answered else (),
        case_id=case.id,
    )


def _offers_for(case: Case) -> offers.Rows:
    if case.status == Status.ANSWERED:
        return offers.rating(case.code)
    if Action.REOPEN in workflow.allowed_actions(case.status, Role.CITIZEN):
        return offers.unsolved(case.code)
    if case.status == Status.WAITING_FOR_CITIZEN:
        return offers.reply(case.code)
    if case.status not in workflow.OPEN_STATUSES:
        return ()
    return offers.open_case(
        case.code, withdraw=Action.WITHDRAW in workflow.allowed_actions(case.status, Role.CITIZEN)
    )


def _unit_name(turn: Turn, case: Case) -> str:
    unit = turn.city.units.get(case.unit_code or "")
    return unit.name if unit else ""


def _domain_name(turn: Turn, case: Case) -> str:
    domain = turn.city.domains.get(case.domain)
    return domain.name if domain else case.domain


async def list_own(turn: Turn, argument: str = "") -> None:
    """List what the person reported, latest first."""
    own = await cases.cases_of_reporter(turn.transaction, turn.person.id)
    if not own:
        turn.say(texts.no_cases())
        return
    lines = [texts.own_case_line(code=case.code, status=case.status, text=case.text) for case in own]
    buttons = [offers.show(case.code) for case in own]
    turn.say(
        texts.own_cases(lines=lines),
        buttons=[buttons[start : start + 2] for start in range(0, len(buttons), 2)],
    )


# ── buttons ──────────────────────────────────────────────────────────────────────────────────────


async def press(turn: Turn, argument: str) -> None:
    """Carry out a button about one of the person's own cases."""
    code, _, verb = argument.partition(":")
    verb, _, value = verb.partition(":")
    case = await own_case(turn, code)
    if case is None:
        turn.say(texts.no_such_case())
    elif verb not in _VERBS:
        turn.say(texts.stale_button())
    else:
        await _VERBS[verb](turn, case, value)


async def own_case(turn: Turn, code: str) -> Case | None:
    """Return the person's own case of this code, locked; None for anybody else's."""
    normal = tracking_code.parse_code(code)
    case = await cases.get_case(turn.transaction, normal, lock=True) if normal else None
    return case if case is not None and case.reporter_id == turn.person.id else None


async def _press_show(turn: Turn, case: Case, value: str) -> None:
    await _show(turn, case)


async def _rate(turn: Turn, case: Case, value: str) -> None:
    stars = int(value) if value.isdecimal() and int(value) in STARS else 0
    if not stars or case.status not in (Status.ANSWERED, Status.CLOSED):
        turn.say(texts.stale_button())
    elif case.rating is not None:
        turn.say(texts.rated_already())
    elif stars < GOOD:
        await _reopen(turn, case, {"rating": stars})
    else:
        await _thank(turn, case, stars)


async def _thank(turn: Turn, case: Case, stars: int) -> None:
    if case.status == Status.ANSWERED:
        await _move(turn, case, Action.CLOSE, {"rating": stars})
    else:
        case.rating = stars
        _record(turn, case, "rated", {"rating": stars})
    _wait(turn, RATING, case, WORDS_FOR)
    turn.say(texts.rated(stars=stars), case_id=case.id)


async def _unsolved(turn: Turn, case: Case, value: str) -> None:
    if Action.REOPEN not in workflow.allowed_actions(case.status, Role.CITIZEN):
        turn.say(texts.stale_button())
        return
    await _reopen(turn, case, {})


async def _reopen(turn: Turn, case: Case, data: dict[str, Any]) -> None:
    await _move(turn, case, Action.REOPEN, data)
    await progress.announce(
        turn.transaction, turn.city, case, now=turn.now, note=texts.reopened_note(stars=data.get("rating", 0))
    )
    _wait(turn, ADDING, case, ADDING_FOR)
    turn.say(texts.reopened_ask(code=case.code, unit=_unit_name(turn, case)), case_id=case.id)


async def _ask_addition(turn: Turn, case: Case, value: str) -> None:
    if case.status not in workflow.OPEN_STATUSES:
        turn.say(texts.case_finished(code=case.code), buttons=_offers_for(case))
        return
    _wait(turn, ADDING, case, ADDING_FOR)
    asked = texts.ask_reply if case.status == Status.WAITING_FOR_CITIZEN else texts.ask_addition
    turn.say(asked(code=case.code), case_id=case.id)


async def _withdraw(turn: Turn, case: Case, value: str) -> None:
    if Action.WITHDRAW not in workflow.allowed_actions(case.status, Role.CITIZEN):
        turn.say(texts.stale_button())
        return
    unit = case.unit_code
    await _move(turn, case, Action.WITHDRAW, {})
    if unit is not None:
        await progress.tell_unit(
            turn.transaction, turn.city, case, texts.withdrawn_note(code=case.code), now=turn.now
        )
    turn.say(texts.withdrawn(code=case.code), case_id=case.id)


_VERBS = {
    "show": _press_show,
    "rate": _rate,
    "unsolved": _unsolved,
    "add": _ask_addition,
    "withdraw": _withdraw,
}


# ── messages that belong to a case ───────────────────────────────────────────────────────────────


async def take_reply(turn: Turn, case: Case) -> None:
    """Take in what the reporter says to a case: a reply to the unit's question, or an addition.

    What comes to a finished case is kept too, and the way to reopen it is shown.
    """
    message = turn.message
    if not (message.text.strip() or message.photos or message.location):
        turn.say(
            texts.unsupported(what=message.unsupported) if message.unsupported else texts.nothing_received()
        )
        return
    keys = [photo.media_key for photo in message.photos]
    cases.attach_photos(turn.transaction, case.id, keys, "report", turn.now)
    text, photos = message.text.strip(), len(message.photos)
    if case.status == Status.WAITING_FOR_CITIZEN:
        await _move(turn, case, Action.CITIZEN_REPLIES, _said(turn))
        turn.say(texts.reply_kept(code=case.code), case_id=case.id)
        words = cards.shown(case, text)
        told = texts.citizen_replied(code=case.code, text=words, photos=photos, due_at=case.due_at)
    else:
        _record(turn, case, "added", _said(turn))
        _confirm_addition(turn, case)
        told = _added(turn, case)
    await _pass_on(turn, case, told)


def _confirm_addition(turn: Turn, case: Case) -> None:
    if case.status in workflow.OPEN_STATUSES:
        turn.say(texts.addition_kept(code=case.code), case_id=case.id)
    else:
        turn.say(texts.finished_addition(code=case.code), buttons=_offers_for(case), case_id=case.id)


def _said(turn: Turn) -> dict[str, Any]:
    message = turn.message
    said: dict[str, Any] = {"text": message.text.strip()}
    if message.photos:
        said["photos"] = [photo.media_key for photo in message.photos]
    if message.location:
        said["position"] = [message.location.latitude, message.location.longitude]
    return said


async def _pass_on(turn: Turn, case: Case, text: str) -> None:
    """Show the unit what was added; without a unit it stands in the case for whoever opens it."""
    if case.unit_code is None:
        return
    await progress.tell_unit(
        turn.transaction,
        turn.city,
        case,
        text,
        now=turn.now,
        buttons=[[Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")]],
        photos=[photo.media_key for photo in turn.message.photos],
    )


def _added(turn: Turn, case: Case) -> str:
    return texts.citizen_added(
        code=case.code,
        text=cards.shown(case, turn.message.text.strip()),
        photos=len(turn.message.photos),
    )


async def take_addition(turn: Turn, argument: str = "") -> None:
    """Take the message that was asked for after "add" or "not solved"."""
    case = await _waiting_case(turn)
    if case is None:
        await _as_new_report(turn)
        return
    await take_reply(turn, case)
    if turn.message.text.strip() or turn.message.photos or turn.message.location:
        turn.chat.step, turn.chat.draft = take_up(turn.chat.draft)


async def take_words(turn: Turn, argument: str = "") -> None:
    """Take the words after a rating, when they come soon; otherwise the message is a report of its own."""
    case = await _waiting_case(turn)
    message = turn.message
    if case is None or not message.text.strip() or message.photos or message.location or message.edited:
        await _as_new_report(turn)
        return
    turn.chat.step, turn.chat.draft = take_up(turn.chat.draft)
    _record(turn, case, "rating_words", {"text": message.text.strip()})
    await _pass_on(turn, case, _added(turn, case))
    turn.say(texts.words_kept(), case_id=case.id)


async def take_edit(turn: Turn) -> bool:
    """Take an edit of a message that was sent with a case; False when it belongs to none.

    An open case gets it as an addition, and its own text stays as it was sent.
    """
    message = turn.message
    own = await cases.cases_of_reporter(turn.transaction, turn.person.id, limit=_RECENT)
    case = next((case for case in own if message.message_id in case.reading.get("messages", ())), None)
    if case is None:
        return False
    if case.status in workflow.OPEN_STATUSES:
        _record(turn, case, "edited", _said(turn))
        await _pass_on(turn, case, _added(turn, case))
        turn.say(texts.edit_noted(code=case.code), case_id=case.id)
    else:
        turn.say(texts.case_finished(code=case.code), buttons=_offers_for(case), case_id=case.id)
    return True


async def take_late_photos(turn: Turn) -> bool:
    """Put late pictures of an album onto the case that its first part was sent with; False for others."""
    message, sent = turn.message, turn.chat.draft.get("sent", {})
    if not (message.album and message.photos and message.album == sent.get("album")):
        return False
    case = await own_case(turn, sent["code"])
    if case is None or case.status not in workflow.OPEN_STATUSES:
        return False
    await take_reply(turn, case)
    return True


async def _waiting_case(turn: Turn) -> Case | None:
    until = turn.chat.draft.get("until")
    if not until or turn.now > datetime.fromisoformat(until):
        return None
    return await own_case(turn, str(turn.chat.draft.get("code", "")))


async def _as_new_report(turn: Turn) -> None:
    from handlers import intake  # it imports this module

    turn.chat.step, turn.chat.draft = take_up(turn.chat.draft)
    await intake.receive(turn)


def _wait(turn: Turn, step: str, case: Case, duration: timedelta) -> None:
    aside = lay_aside(turn.chat.step, turn.chat.draft)
    turn.chat.step = step
    turn.chat.draft = {"code": case.code, "until": (turn.now + duration).isoformat(), **aside}


async def _move(turn: Turn, case: Case, action: Action, data: dict[str, Any]) -> None:
    await progress.move(
        turn.transaction,
        turn.city,
        case,
        action,
        actor=progress.citizen(case),
        now=turn.now,
        data=data,
    )


def _record(turn: Turn, case: Case, type: str, data: dict[str, Any]) -> None:
    progress.record(turn.transaction, case, type, actor=progress.citizen(case), now=turn.now, data=data)
    cases.save_case(turn.transaction, case)


COMMANDS: dict[str, Handler] = {"/tracuu": track, "/cuatoi": list_own}
BUTTONS: dict[str, Handler] = {"own": press}
STEPS: dict[str, Handler] = {ADDING: take_addition, RATING: take_words}
