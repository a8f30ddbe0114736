"""What a citizen does about a report that was sent: look it up, add to it, reply, rate it, reopen it."""

from datetime import datetime, timedelta
from typing import Any

from handlers import access, cards, case_at_hand, offers, progress, reopening, texts
from handlers import duplicates as duplicates_of
from handlers.channel import Button
from handlers.draft import lay_aside, take_up
from handlers.turn import Handler, Turn
from routing import tracking_code, workflow
from routing.workflow import Action, Role, Status
from storage import cases, duplicates, ledger
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
        await case_at_hand.say_out_of_reach(turn, case)


async def _show_as_official(turn: Turn, case: Case) -> None:
    from handlers import casework  # it imports this module

    await casework.BUTTONS["card"](turn, case.code)


async def _show(turn: Turn, case: Case) -> None:
    """Show a case; one that was merged stands as its master stands, without anybody else's words."""
    handled = await duplicates.master_of(turn.transaction, case) or case
    answer = handled.answer or ""
    turn.say(
        texts.case_state(
            code=case.code,
            status=_status_shown(case, handled),
            text=case.text,
            domain=_domain_name(turn, handled),
            place=texts.place_name(case.street, case.ward_name),
            unit=_unit_name(turn, handled),
            received_at=case.received_at,
            due_at=handled.due_at if handled.status in workflow.OPEN_STATUSES else None,
            answer=answer if handled is case else cards.for_others(answer),
            joined=_joined(case, handled),
        ),
        buttons=_offers_for(turn, case) if handled is case else _offers_for_joined(turn, case, handled),
        photos=await cases.photos_of(turn.transaction, handled.id, "answer") if answer else (),
        case_id=case.id,
    )


def _status_shown(case: Case, handled: Case) -> str:
    """Return how a case stands; nobody who joined is asked what the unit asks the first reporter."""
    asked_another = handled is not case and handled.status == Status.WAITING_FOR_CITIZEN
    return Status.IN_PROGRESS if asked_another else handled.status


def _joined(case: Case, handled: Case) -> str:
    if handled is not case:
        return texts.joined_state(master=handled.code, people=handled.people_count)
    return texts.people_state(people=case.people_count) if case.people_count > 1 else ""


def _offers_for_joined(turn: Turn, case: Case, master: Case) -> offers.Rows:
    """Return what somebody who joined can do: as with a case of their own, and leave again."""
    if master.status not in workflow.OPEN_STATUSES:
        return _offers_for_finished(turn, case.code, master)
    return (*offers.add(case.code), *offers.leave(case.code))


def _offers_for(turn: Turn, case: Case) -> offers.Rows:
    if case.status not in workflow.OPEN_STATUSES:
        return _offers_for_finished(turn, case.code, case)
    if case.status == Status.WAITING_FOR_CITIZEN:
        return offers.reply(case.code)
    return offers.open_case(
        case.code, withdraw=Action.WITHDRAW in workflow.allowed_actions(case.status, Role.CITIZEN)
    )


def _offers_for_finished(turn: Turn, code: str, handled: Case) -> offers.Rows:
    """Return the judgements that are still possible."""
    reopens = reopening.may_reopen(turn.city, handled, turn.now)
    if handled.status == Status.ANSWERED and reopening.may_judge(turn.city, handled, turn.now):
        return offers.rating(code, reopens=reopens)
    return offers.unsolved(code) if reopens else ()


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
    masters = {case.id: await duplicates.master_of(turn.transaction, case) or case for case in own}
    lines = [
        texts.own_case_line(code=case.code, status=_status_shown(case, masters[case.id]), text=case.text)
        for case in own
    ]
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
    """Return the person's own case of this code, None for anybody else's; locked, with its master."""
    normal = tracking_code.parse_code(code)
    known = await cases.get_case(turn.transaction, normal) if normal else None
    if known is None or known.reporter_id != turn.person.id:
        return None
    case, _ = await duplicates.lock_with_master(turn.transaction, known)
    return case


async def _press_show(turn: Turn, case: Case, value: str) -> None:
    await _show(turn, case)


async def _rate(turn: Turn, case: Case, value: str) -> None:
    stars = int(value) if value.isdecimal() and int(value) in STARS else 0
    if stars and case.status == Status.MERGED:
        await _rate_joined(turn, case, stars)
    elif not stars or case.status not in (Status.ANSWERED, Status.CLOSED):
        turn.say(texts.stale_button())
    elif case.rating is not None:
        turn.say(texts.rated_already())
    elif not reopening.may_judge(turn.city, case, turn.now):
        turn.say(reopening.refusal(turn.city, case, turn.now))
    elif stars < GOOD and reopening.may_reopen(turn.city, case, turn.now):
        await _reopen(turn, case, stars=stars)
    else:
        await _keep_rating(turn, case, stars)


async def _keep_rating(turn: Turn, case: Case, stars: int) -> None:
    """Close the case with a rating; a low one too, where it was reopened as often as it may be."""
    if case.status == Status.ANSWERED:
        await _move(turn, case, Action.CLOSE, {"rating": stars})
    else:
        case.rating = stars
        _record(turn, case, "rated", {"rating": stars})
    _wait(turn, RATING, case, WORDS_FOR)
    if stars < GOOD:
        text = texts.rated_low_for_good(code=case.code, stars=stars, times=case.reopened_count)
    else:
        text = texts.rated(stars=stars)
    turn.say(text, case_id=case.id)


async def _rate_joined(turn: Turn, case: Case, stars: int) -> None:
    """Keep the rating of somebody who joined: it stays with their own case and moves nothing.

    Whoever says that it is not solved reopens the case for all; a low rating alone does not.
    """
    master = await duplicates.master_of(turn.transaction, case)
    if master is None or master.status not in (Status.ANSWERED, Status.CLOSED):
        turn.say(texts.stale_button())
    elif await _has_rated(turn, case, master):
        turn.say(texts.rated_already())
    else:
        case.rating = stars
        _record(turn, case, "rated", {"rating": stars})
        if stars < GOOD:
            turn.say(texts.joined_rated_low(stars=stars), buttons=offers.unsolved(case.code), case_id=case.id)
        else:
            turn.say(texts.rated(stars=stars), case_id=case.id)


async def _has_rated(turn: Turn, case: Case, master: Case) -> bool:
    """Tell whether somebody who joined has rated this answer; after a reopening they may rate the next."""
    if case.rating is None or master.answered_at is None:
        return case.rating is not None
    events = await ledger.events_of(turn.transaction, case.id)
    return any(event.type == "rated" and event.at >= master.answered_at for event in events)


async def _unsolved(turn: Turn, case: Case, value: str) -> None:
    if case.status == Status.MERGED:
        await _unsolved_joined(turn, case)
        return
    if not reopening.may_reopen(turn.city, case, turn.now):
        turn.say(reopening.refusal(turn.city, case, turn.now))
        return
    await _reopen(turn, case)


async def _unsolved_joined(turn: Turn, case: Case) -> None:
    """Reopen the case for everybody, as one who joined it asks for."""
    case, master = await duplicates.lock_with_master(turn.transaction, case)
    if master is None:
        turn.say(texts.stale_button())
        return
    if not reopening.may_reopen(turn.city, master, turn.now):
        turn.say(reopening.refusal(turn.city, master, turn.now).replace(master.code, case.code))
        return
    await reopening.reopen(turn, master, actor=progress.citizen(case), data={"case": case.code})
    unit = _unit_name(turn, master)
    news = texts.reopened_news(code=master.code, unit=unit)
    if master.reporter_id != case.reporter_id:
        await progress.tell_reporter(turn.transaction, master, news, now=turn.now, joined_text="")
    await progress.tell_joined(turn.transaction, master, news, now=turn.now, except_for=case.reporter_id)
    _wait(turn, ADDING, case, ADDING_FOR)
    turn.say(_reopened_text(turn, master, case.code), case_id=case.id)


async def _reopen(turn: Turn, case: Case, *, stars: int = 0) -> None:
    data = {"rating": stars} if stars else {}
    await reopening.reopen(turn, case, actor=progress.citizen(case), stars=stars, data=data)
    news = texts.reopened_news(code=case.code, unit=_unit_name(turn, case))
    await progress.tell_joined(turn.transaction, case, news, now=turn.now)
    _wait(turn, ADDING, case, ADDING_FOR)
    turn.say(_reopened_text(turn, case, case.code), case_id=case.id)


def _reopened_text(turn: Turn, handled: Case, code: str) -> str:
    said = texts.reopened_higher if handled.reopened_count > 1 else texts.reopened_ask
    return said(code=code, unit=_unit_name(turn, handled))


async def _ask_addition(turn: Turn, case: Case, value: str) -> None:
    handled = await duplicates.master_of(turn.transaction, case) or case
    if handled.status not in workflow.OPEN_STATUSES:
        rows = _offers_for(turn, case) if handled is case else _offers_for_joined(turn, case, handled)
        turn.say(texts.case_finished(code=case.code, reopens=bool(rows)), buttons=rows)
        return
    _wait(turn, ADDING, case, ADDING_FOR)
    asked = texts.ask_reply if case.status == Status.WAITING_FOR_CITIZEN else texts.ask_addition
    turn.say(asked(code=case.code), case_id=case.id)


async def _withdraw(turn: Turn, case: Case, value: str) -> None:
    if Action.WITHDRAW not in workflow.allowed_actions(case.status, Role.CITIZEN):
        turn.say(texts.stale_button())
        return
    if case.people_count > 1:
        turn.say(texts.others_joined(code=case.code, people=case.people_count), case_id=case.id)
        return
    unit = case.unit_code
    await _move(turn, case, Action.WITHDRAW, {})
    if unit is not None:
        await progress.tell_unit(
            turn.transaction, turn.city, case, texts.withdrawn_note(code=case.code), now=turn.now
        )
    turn.say(texts.withdrawn(code=case.code), case_id=case.id)


async def _leave(turn: Turn, case: Case, value: str) -> None:
    await duplicates_of.leave(turn, case)


_VERBS = {
    "leave": _leave,
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
        await _confirm_addition(turn, case)
        told = _added(turn, case)
    await _pass_on(turn, case, told)


async def _confirm_addition(turn: Turn, case: Case) -> None:
    handled = await duplicates.master_of(turn.transaction, case) or case
    if handled.status in workflow.OPEN_STATUSES:
        turn.say(texts.addition_kept(code=case.code), case_id=case.id)
    else:
        rows = _offers_for(turn, case) if handled is case else _offers_for_joined(turn, case, handled)
        turn.say(texts.finished_addition(code=case.code, reopens=bool(rows)), buttons=rows, case_id=case.id)


def _said(turn: Turn) -> dict[str, Any]:
    message = turn.message
    said: dict[str, Any] = {"text": message.text.strip()}
    if message.photos:
        said["photos"] = [photo.media_key for photo in message.photos]
    if message.location:
        said["position"] = [message.location.latitude, message.location.longitude]
    return said


async def _pass_on(turn: Turn, case: Case, text: str) -> None:
    """Show the unit what was added; without a unit it stands in the case for whoever opens it.

    What somebody adds who joined goes to the unit that handles the whole.
    """
    handled = await duplicates.master_of(turn.transaction, case) or case
    if handled.unit_code is None:
        return
    await progress.tell_unit(
        turn.transaction,
        turn.city,
        handled,
        text.replace(case.code, handled.code),
        now=turn.now,
        buttons=[[Button(label=texts.label_open_card(code=handled.code), data=f"card:{handled.code}")]],
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

    An open case gets it as an addition, and its own text stays as it was sent. Of a message that became
    several cases nobody knows which one the change is for, and not every unit may read all of it.
    """
    message = turn.message
    own = await cases.cases_of_reporter(turn.transaction, turn.person.id, limit=_RECENT)
    sent = [case for case in own if message.message_id in case.reading.get("messages", ())]
    if not sent:
        return False
    if len(sent) > 1:
        buttons = [[offers.show(case.code)] for case in sent]
        turn.say(texts.edit_of_several(codes=[case.code for case in sent]), buttons=buttons)
        return True
    case = sent[0]
    handled = await duplicates.master_of(turn.transaction, case) or case
    if handled.status in workflow.OPEN_STATUSES:
        _record(turn, case, "edited", _said(turn))
        await _pass_on(turn, case, _added(turn, case))
        turn.say(texts.edit_noted(code=case.code), case_id=case.id)
    else:
        rows = _offers_for(turn, case) if handled is case else _offers_for_joined(turn, case, handled)
        turn.say(texts.case_finished(code=case.code, reopens=bool(rows)), buttons=rows, case_id=case.id)
    return True


async def take_late_photos(turn: Turn) -> bool:
    """Put late pictures of an album onto the cases that its first part was sent with; False for others.

    They belong to what was answered already, so that only words with them are answered again; and they
    are no reply to what the unit has asked since.
    """
    message, sent = turn.message, turn.chat.draft.get("sent", {})
    if not (message.album and message.photos and message.album == sent.get("album")):
        return False
    found = [await own_case(turn, code) for code in sent.get("codes", [sent["code"]])]
    waiting = [case for case in found if case and case.status in (*workflow.OPEN_STATUSES, Status.MERGED)]
    for case in waiting:
        if message.text.strip() or message.unsupported:
            await take_reply(turn, case)
        else:
            await _join_album(turn, case)
    return bool(waiting)


async def _join_album(turn: Turn, case: Case) -> None:
    keys = [photo.media_key for photo in turn.message.photos]
    cases.attach_photos(turn.transaction, case.id, keys, "report", turn.now)
    _record(turn, case, "added", _said(turn))
    await _pass_on(turn, case, _added(turn, case))


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
