"""A citizen's report: one message, one tap.

A draft is kept in the chat. Every message amends it, and the answer shows what was understood with one
button that consents and sends; only what is missing is asked for.
"""

import secrets
from datetime import datetime, timedelta

from handlers import followup, offers, places, progress, texts
from handlers.channel import Button, InboundMessage
from handlers.draft import MOST_PHOTOS, NO_FEEDBACK, STEP, Draft, draft_of, take_up, unsent_draft
from handlers.turn import Handler, Turn
from routing import deadline, tracking_code
from routing.language import is_courtesy, is_foreign
from routing.responsibility import Assignment
from routing.understanding import LONGEST_TEXT
from storage import cases, people
from storage.cases import Case
from storage.chats import Chat
from storage.identity import new_id

BURST = timedelta(seconds=10)
"""Pictures that come so soon after one another are one deed: they join without another answer."""
LONGEST_WARD_NAME = 60
TWO_DOMAINS = 2


async def welcome(turn: Turn, argument: str = "") -> None:
    """Greet somebody who opens the chat."""
    turn.say(texts.welcome(city=turn.city.name))


async def receive(turn: Turn, argument: str = "") -> None:
    """Take in a plain message: begin a draft or amend the one that is open."""
    message = turn.message
    draft = draft_of(turn.chat.step, turn.chat.draft, turn.now)
    if message.contact is not None:
        _keep_contact(turn)
    elif await _is_edit_of_a_case(turn, draft):
        return
    elif not (message.text.strip() or message.photos or message.location):
        _say_unusable(turn)
    elif draft is not None and draft.asking == "ward" and _is_ward_name(turn, draft):
        _take_ward_name(turn, draft)
    else:
        await _amend(turn, draft or Draft.begun(turn.now))


async def _is_edit_of_a_case(turn: Turn, draft: Draft | None) -> bool:
    """Take an edit of what was sent already; any other edit is a message like every other."""
    message = turn.message
    if not message.edited or (draft is not None and draft.holds(message.message_id)):
        return False
    return await followup.take_edit(turn)


def text_to_read(chat: Chat, message: InboundMessage, now: datetime) -> str:
    """Return the text that must be understood for a message: the open draft's, with this one in it."""
    draft = draft_of(chat.step, chat.draft, now)
    if draft is None:
        return message.text
    draft.write(message.message_id, message.text.strip(), edited=message.edited)
    return draft.text


def _keep_contact(turn: Turn) -> None:
    contact = turn.message.contact
    if contact is None or not contact.own:
        turn.say(texts.contact_not_own())
        return
    people.set_phone(turn.transaction, turn.person.id, phone=contact.phone[:32])
    turn.say(texts.contact_kept())


def _say_unusable(turn: Turn) -> None:
    what = turn.message.unsupported
    turn.say(texts.unsupported(what=what) if what else texts.nothing_received())


async def _amend(turn: Turn, draft: Draft) -> None:
    message = turn.message
    earlier = draft.text
    if message.unsupported:
        _say_unusable(turn)
    if message.text.strip():
        draft.write(message.message_id, message.text.strip(), edited=message.edited)
        if draft.full:
            turn.say(texts.too_long(limit=LONGEST_TEXT))
            return
        if _is_small_talk(turn, draft, earlier):
            _answer_small_talk(turn, draft, earlier)
            return
        if turn.reading is not None:
            draft.understand(turn.reading, turn.city)
    joins = _joins_silently(turn, draft)
    _take_photos(turn, draft)
    _keep(turn, draft)
    if message.location is not None and not _take_position(turn, draft):
        return
    if not joins:
        await _decide(turn, draft, begun=not earlier)


def _is_small_talk(turn: Turn, draft: Draft, earlier: str) -> bool:
    if earlier:
        return is_courtesy(turn.message.text)
    if not any(map(str.isalpha, draft.text)):
        return True
    return turn.reading is not None and turn.reading.kind == "smalltalk" and not is_foreign(draft.text)


def _answer_small_talk(turn: Turn, draft: Draft, earlier: str) -> None:
    """A greeting begins no draft and is no part of one."""
    draft.parts = [part for part in draft.parts if part[0] != turn.message.message_id]
    if earlier:
        _keep(turn, draft)
        turn.say(texts.still_waiting(), buttons=_closing_buttons(draft))
    elif draft.photos or turn.message.photos:
        _take_photos(turn, draft)
        _ask_text(turn, draft)
    else:
        turn.say(texts.greeting())


def _joins_silently(turn: Turn, draft: Draft) -> bool:
    """Tell whether these pictures belong to a burst that was answered already."""
    message = turn.message
    alone = bool(message.photos) and not (message.text.strip() or message.location or message.unsupported)
    soon = turn.now - datetime.fromisoformat(draft.changed_at) <= BURST
    same_album = bool(message.album) and message.album == draft.album
    return alone and bool(draft.photos) and (soon or same_album)


def _take_photos(turn: Turn, draft: Draft) -> None:
    if len(draft.photos) + len(turn.message.photos) > MOST_PHOTOS:
        turn.say(texts.too_many_photos(limit=MOST_PHOTOS))
    draft.add_photos([photo.media_key for photo in turn.message.photos])
    draft.album = turn.message.album or draft.album


def _take_position(turn: Turn, draft: Draft) -> bool:
    """Take a position in; False when it leads to a question of its own."""
    location = turn.message.location
    assert location is not None
    wards = places.wards_around(turn.city, location)
    if not wards:
        draft.asking = "ward"
        _keep(turn, draft)
        turn.say(
            texts.position_outside(city=turn.city.name),
            buttons=_place_buttons(draft),
            ask_location=texts.label_send_position(),
        )
        return False
    draft.latitude, draft.longitude = location.latitude, location.longitude
    asked_for = draft.asking == "ward"
    if draft.ward_name is not None and not draft.located and not asked_for:
        return True
    if len(wards) == 1 and draft.choose_ward(wards[0].code, turn.city, located=not asked_for):
        draft.asking = ""
        return True
    draft.offer_wards(wards)
    draft.asking = "ward" if draft.text else "text"
    _keep(turn, draft)
    if draft.text:
        turn.say(texts.which_place(), buttons=_place_buttons(draft))
    return not draft.text


def _is_ward_name(turn: Turn, draft: Draft) -> bool:
    message = turn.message
    short = 0 < len(message.text.strip()) <= LONGEST_WARD_NAME and "\n" not in message.text
    return short and not message.photos and not message.location and not message.edited


def _take_ward_name(turn: Turn, draft: Draft) -> None:
    query = turn.message.text.strip()
    found = places.wards_named(turn.city, query)
    if len(found) == 1 and draft.choose_ward(found[0].code, turn.city):
        draft.asking = ""
        _show(turn, draft)
        return
    draft.offer_wards(found)
    _keep(turn, draft)
    turn.say(
        texts.ask_place(candidates=True) if found else texts.place_not_found(query=query),
        buttons=_place_buttons(draft),
        ask_location=texts.label_send_position(),
    )


async def _decide(turn: Turn, draft: Draft, *, begun: bool) -> None:
    """Answer with what comes next: an explanation, a question, or what was understood."""
    if not draft.text:
        _ask_text(turn, draft)
        return
    if draft.kind == "emergency" and draft.first("emergency"):
        turn.say(texts.emergency_numbers())
    if begun and turn.person.posts and draft.kind != "emergency":
        draft.asking = "citizen"
        _keep(turn, draft)
        turn.say(texts.as_citizen(), buttons=_yes_or_no(draft, texts.label_as_citizen(), "citizen"))
        return
    _go_on(turn, draft)


def _go_on(turn: Turn, draft: Draft) -> None:
    if draft.kind in NO_FEEDBACK and "kind" not in draft.fixed:
        _explain(turn, draft)
    elif _lacks_place(turn, draft):
        _ask_place(turn, draft)
    else:
        _show(turn, draft)


def _lacks_place(turn: Turn, draft: Draft) -> bool:
    """Tell whether the ward is worth a question: never in an emergency, nor when a person must read first."""
    if draft.ward_name or draft.ward_unknown or draft.foreign or draft.kind == "emergency":
        return False
    return bool(draft.elsewhere) or draft.assignment(turn.city).needs_place


def _ask_text(turn: Turn, draft: Draft) -> None:
    draft.asking = "text"
    _keep(turn, draft)
    turn.say(texts.what_to_report(photos=len(draft.photos), position=draft.latitude is not None))


def _explain(turn: Turn, draft: Draft) -> None:
    draft.asking = "ordinary"
    _keep(turn, draft)
    told = {
        "grievance": lambda: texts.grievance(city=turn.city.name),
        "denunciation": lambda: texts.denunciation(city=turn.city.name),
        "abuse": texts.calm,
    }
    label = texts.label_send_anyway() if draft.kind == "abuse" else texts.label_ordinary()
    turn.say(told[draft.kind](), buttons=_yes_or_no(draft, label, "ordinary"))


def _ask_place(turn: Turn, draft: Draft) -> None:
    draft.asking = "ward"
    _keep(turn, draft)
    if draft.elsewhere:
        asked = texts.place_elsewhere(place=draft.elsewhere, city=turn.city.name)
    else:
        asked = texts.ask_place(candidates=bool(draft.wards))
    turn.say(asked, buttons=_place_buttons(draft), ask_location=texts.label_send_position())


def _show(turn: Turn, draft: Draft) -> None:
    """Show what was understood, with the one button that consents and sends."""
    if draft.foreign and draft.first("foreign"):
        turn.say(texts.foreign_language())
    found = draft.assignment(turn.city)
    unit = None if draft.unsure or _doubt(draft, found) else found.unit
    draft.asking = ""
    draft.consent = texts.consent(city=turn.city.name, anonymous=draft.anonymous)
    _keep(turn, draft)
    turn.say(
        texts.understood(
            text=draft.text,
            kind=draft.kind,
            domain=turn.city.domains[draft.domain].name,
            place=texts.place_name(draft.street, draft.ward_name, draft.ward_as_written),
            unit=unit.name if unit else "",
            due_at=_due_at(turn, draft) if unit else None,
            photos=len(draft.photos),
            unsure=draft.unsure,
            urgent=draft.urgent,
            consent=draft.consent,
        ),
        buttons=_draft_buttons(turn, draft),
        ask_location="" if draft.ward_name else texts.label_send_position(),
    )


def _due_at(turn: Turn, draft: Draft) -> datetime:
    rule = turn.city.deadline_rule(draft.domain)
    return deadline.deadlines(turn.city, rule, received_at=turn.now, urgent=draft.urgent).due_at


def _doubt(draft: Draft, found: Assignment) -> str | None:
    """Return why a dispatcher must look at the draft first, or None."""
    if draft.foreign:
        return texts.doubt_language()
    read_as = draft.reading.get("kind")
    if "kind" in draft.fixed and read_as in ("denunciation", "abuse"):
        return texts.doubt_kind(kind=read_as)
    if draft.unsure:
        return texts.doubt_domain()
    if found.unit is None:
        return texts.doubt_place() if found.needs_place else texts.doubt_unit()
    return None


def _keep(turn: Turn, draft: Draft) -> None:
    draft.changed_at = turn.now.isoformat()
    turn.chat.step, turn.chat.draft = STEP, draft.as_dict()


# ── buttons ──────────────────────────────────────────────────────────────────────────────────────


def _button(draft: Draft, label: str, verb: str) -> Button:
    return Button(label=label, data=f"draft:{draft.nonce}:{verb}")


def _draft_buttons(turn: Turn, draft: Draft) -> list[list[Button]]:
    hide = texts.label_named() if draft.anonymous else texts.label_anonymous()
    rows = [[_button(draft, texts.label_send(), "send")]]
    if draft.unsure and not draft.foreign:
        rows.append(
            [
                _button(draft, turn.city.domains[domain].name, f"domain:{domain}")
                for domain in draft.candidates[:TWO_DOMAINS]
            ]
        )
    if draft.ward_name is None:
        rows += _pairs(_ward_buttons(draft))
    rows += [
        [
            _button(draft, texts.label_fix_domain(), "domains"),
            _button(draft, texts.label_fix_place(), "place"),
        ],
        [_button(draft, texts.label_add_photos(), "photos"), _button(draft, hide, "anonymous")],
        [_button(draft, texts.label_discard(), "discard")],
    ]
    return [row for row in rows if row]


def _closing_buttons(draft: Draft) -> list[list[Button]]:
    return [
        [_button(draft, texts.label_look(), "look")],
        [_button(draft, texts.label_discard(), "discard")],
    ]


def _place_buttons(draft: Draft) -> list[list[Button]]:
    return [
        *_pairs(_ward_buttons(draft)),
        [
            _button(draft, texts.label_place_unknown(), "nowhere"),
            _button(draft, texts.label_discard(), "discard"),
        ],
    ]


def _ward_buttons(draft: Draft) -> list[Button]:
    return [_button(draft, name, f"ward:{code}") for code, name in draft.wards]


def _pairs(buttons: list[Button]) -> list[list[Button]]:
    return [buttons[start : start + 2] for start in range(0, len(buttons), 2)]


def _yes_or_no(draft: Draft, label: str, verb: str) -> list[list[Button]]:
    return [[_button(draft, label, verb)], [_button(draft, texts.label_discard(), "discard")]]


# ── what a pressed button does ───────────────────────────────────────────────────────────────────


async def press(turn: Turn, argument: str) -> None:
    """Carry out a button of a draft; one of another draft, or of none, changes nothing."""
    nonce, _, verb = argument.partition(":")
    verb, _, value = verb.partition(":")
    draft = unsent_draft(turn.chat.step, turn.chat.draft)
    if draft is None or draft.nonce != nonce or verb not in _VERBS:
        _say_stale(turn, nonce)
        return
    await _VERBS[verb](turn, draft, value)


def _say_stale(turn: Turn, nonce: str) -> None:
    sent = turn.chat.draft.get("sent", {})
    if nonce and sent.get("nonce") == nonce:
        turn.say(texts.already_sent(code=sent["code"]))
    else:
        turn.say(texts.stale_button())


async def _send(turn: Turn, draft: Draft, value: str) -> None:
    """File the draft as a case: consent is this very press, given to the notice that was shown."""
    if not draft.consent or not draft.text or draft.asking in ("ordinary", "citizen"):
        turn.say(texts.stale_button())
        return
    case = _case_of(turn, draft)
    cases.attach_photos(turn.transaction, case.id, draft.photos, "report", turn.now)
    await progress.file(turn, case)
    _keep_corrections(turn, draft, case)
    turn.chat.step = ""
    turn.chat.draft = {"sent": {"nonce": draft.nonce, "code": case.code, "album": draft.album}}
    unit = turn.city.units[case.unit_code].name if case.unit_code else ""
    turn.say(
        texts.case_filed(
            code=case.code, unit=unit, due_at=case.due_at, urgent=case.urgent, photos=len(draft.photos)
        ),
        buttons=offers.add(case.code),
        case_id=case.id,
    )


def _case_of(turn: Turn, draft: Draft) -> Case:
    prefix = tracking_code.code_prefix(turn.city.province)
    return Case(
        id=new_id(),
        code=tracking_code.new_code(prefix, secrets.randbelow),
        kind=draft.kind,
        domain=draft.domain,
        status="received",
        urgent=draft.urgent,
        text=draft.text,
        ward_code=draft.ward_code,
        ward_name=draft.ward_name,
        street=draft.street,
        latitude=draft.latitude,
        longitude=draft.longitude,
        reporter_id=turn.person.id,
        channel=turn.chat.channel,
        chat=turn.chat.chat,
        anonymous=draft.anonymous,
        consent_at=turn.now,
        consent_text=draft.consent,
        reading={
            **draft.reading,
            "former": draft.former,
            "messages": [message_id for message_id, _ in draft.parts if message_id],
        },
        triage_reason=_doubt(draft, draft.assignment(turn.city)),
        received_at=turn.now,
    )


def _keep_corrections(turn: Turn, draft: Draft, case: Case) -> None:
    for field, was, value in draft.corrections():
        cases.add_correction(
            turn.transaction,
            case_id=case.id,
            text=case.text,
            field=field,
            was=was,
            now_value=value,
            actor_role="citizen",
            at=turn.now,
        )


async def _list_domains(turn: Turn, draft: Draft, value: str) -> None:
    order = [*draft.candidates, *(id for id in turn.city.domains if id not in draft.candidates)]
    buttons = [_button(draft, turn.city.domains[id].name, f"domain:{id}") for id in order]
    turn.say(texts.choose_domain(), buttons=[*_pairs(buttons), [_button(draft, texts.label_back(), "look")]])


async def _choose_domain(turn: Turn, draft: Draft, value: str) -> None:
    if value not in turn.city.domains:
        turn.say(texts.stale_button())
        return
    draft.choose_domain(value)
    _go_on(turn, draft)


async def _fix_place(turn: Turn, draft: Draft, value: str) -> None:
    draft.asking = "ward"
    _keep(turn, draft)
    turn.say(
        texts.ask_place(candidates=bool(draft.wards)),
        buttons=[*_place_buttons(draft), [_button(draft, texts.label_back(), "look")]],
        ask_location=texts.label_send_position(),
    )


async def _choose_ward(turn: Turn, draft: Draft, value: str) -> None:
    if not draft.choose_ward(value, turn.city):
        turn.say(texts.stale_button())
        return
    await _decide(turn, draft, begun=False)


async def _no_ward(turn: Turn, draft: Draft, value: str) -> None:
    draft.ward_unknown = True
    _show(turn, draft)


async def _ask_photos(turn: Turn, draft: Draft, value: str) -> None:
    draft.asking = "photos"
    turn.chat.step, turn.chat.draft = STEP, draft.as_dict()
    turn.say(texts.send_photos(), buttons=[[_button(draft, texts.label_back(), "look")]])


async def _toggle_anonymous(turn: Turn, draft: Draft, value: str) -> None:
    draft.anonymous = not draft.anonymous
    _show(turn, draft)


async def _look(turn: Turn, draft: Draft, value: str) -> None:
    _go_on(turn, draft)


async def _ordinary(turn: Turn, draft: Draft, value: str) -> None:
    draft.kind = draft.fixed["kind"] = "feedback"
    _go_on(turn, draft)


async def _discard(turn: Turn, draft: Draft, value: str) -> None:
    turn.chat.step, turn.chat.draft = "", {}
    turn.say(texts.draft_discarded())


_VERBS = {
    "send": _send,
    "domains": _list_domains,
    "domain": _choose_domain,
    "place": _fix_place,
    "ward": _choose_ward,
    "nowhere": _no_ward,
    "photos": _ask_photos,
    "anonymous": _toggle_anonymous,
    "look": _look,
    "ordinary": _ordinary,
    "citizen": _look,
    "discard": _discard,
}


async def cancel(turn: Turn, argument: str = "") -> None:
    """Throw away the draft, or leave whatever step the chat is in."""
    had = turn.chat.step
    turn.chat.step, turn.chat.draft = take_up(turn.chat.draft) if had != STEP else ("", {})
    if had == STEP:
        turn.say(texts.draft_discarded())
    else:
        turn.say(texts.step_left() if had else texts.nothing_to_discard())


COMMANDS: dict[str, Handler] = {"/huy": cancel}
BUTTONS: dict[str, Handler] = {"draft": press}
STEPS: dict[str, Handler] = {STEP: receive}
