"""What a citizen does with the draft that is shown: send it, correct it, or throw it away."""

from collections.abc import Callable

from handlers import confirmation, duplicates, intake, offers, phone, progress, splitting, texts
from handlers.draft import STEP, Draft, take_up, unsent_draft
from handlers.turn import Handler, Turn
from routing import tracking_code
from storage import corrections
from storage.cases import Case
from storage.identity import below, new_id


async def press(turn: Turn, argument: str) -> None:
    """Carry out a button of a draft; one of another draft, or of none, changes nothing."""
    nonce, _, verb = argument.partition(":")
    if verb == intake.REPORT and await intake.take_greeting(turn, nonce):
        return
    name, value, share, stands = _question(verb)
    draft = unsent_draft(turn.chat.step, turn.chat.draft)
    if draft is None or draft.nonce != nonce or name not in _VERBS:
        _say_stale(turn, nonce)
    elif not stands(draft):
        turn.say(texts.content_changed())
        await confirmation.decide(turn, draft, begun=False)
    elif share:
        await _send_apart(turn, draft, share=share, told=value)
    else:
        await _VERBS[name](turn, draft, value)


def _question(verb: str) -> tuple[str, str, str, Callable[[Draft], bool]]:
    """Return what a button says: verb, value, the share it is about, and whether that still stands so."""
    name, _, value = verb.partition(":")
    if not confirmation.is_bound(verb):
        return name, value, "", lambda draft: True
    asked, _, token = verb.rpartition(":")
    name, _, value = asked.partition(":")
    share = token.partition("-")[0]

    def stands(draft: Draft) -> bool:
        about = splitting.asked_about(draft, share)
        return about is not None and confirmation.token(about, asked) == token

    return name, value, share, stands


def _say_stale(turn: Turn, nonce: str) -> None:
    sent = turn.chat.draft.get("sent", {})
    if nonce and sent.get("nonce") == nonce:
        turn.say(texts.already_sent(code=", ".join(sent.get("codes", [sent["code"]]))))
    else:
        turn.say(texts.stale_button())


async def _send(turn: Turn, draft: Draft, value: str) -> None:
    """File the draft as a case: consent is this very press, given to the notice that was shown.

    A report of what is known already is first asked about, unless its writer has said that it is not.
    """
    if not _is_ready(turn, draft):
        return
    if draft.shares:
        await _send_shares(turn, draft)
        return
    if value != duplicates.APART and await duplicates.asks(turn, draft):
        return
    case = _case_of(turn, draft)
    await progress.file(turn, case, photos=draft.photos, note=await duplicates.hint(turn, draft))
    _keep_sent(turn, draft, case)
    _say_filed(turn, draft, case)
    phone.offer(turn)


def _say_filed(turn: Turn, draft: Draft, case: Case) -> None:
    unit = turn.city.units[case.unit_code].name if case.unit_code else ""
    turn.say(
        texts.case_filed(
            code=case.code, unit=unit, due_at=case.due_at, urgent=case.urgent, photos=len(draft.photos)
        ),
        buttons=offers.add(case.code),
        case_id=case.id,
    )


async def _send_apart(turn: Turn, draft: Draft, *, share: str, told: str) -> None:
    """Go on sending the problems after what was said of the one that is known already."""
    if not _is_ready(turn, draft):
        return
    splitting.note_likeness(draft, share, told)
    await _send_shares(turn, draft)


async def _send_shares(turn: Turn, draft: Draft) -> None:
    """File each problem as a case of its own, all with this one press: an emergency before the others.

    Each that is known already is first asked about.
    """
    if splitting.ahead(draft):
        await _send_ahead(turn, draft)
        return
    for share in splitting.shares_of(draft):
        if splitting.likeness(share) is None and await duplicates.asks(turn, share):
            draft.at_hand = share.share
            confirmation.keep(turn, draft)
            return
    filed: list[tuple[Case, Case | None]] = []
    for number, share in enumerate(splitting.shares_of(draft), start=1):
        case = _case_of(turn, share)
        case.reading |= splitting.origin(draft, number)
        known = splitting.likeness(share) or duplicates.APART
        master = await _join_or_file(turn, share, case, known)
        _keep_corrections(turn, share, case)
        filed.append((case, master))
    splitting.say_filed(turn, draft, filed)


async def _send_ahead(turn: Turn, draft: Draft) -> None:
    """File the emergency alone and at once; the other problems are asked about afterwards."""
    filed: list[Case] = []
    for number, share in enumerate(splitting.shares_of(draft), start=1):
        if share.kind == "emergency":
            case = _case_of(turn, share)
            case.reading |= splitting.origin(draft, number)
            await progress.file(turn, case, photos=draft.photos, note=await duplicates.hint(turn, share))
            _keep_corrections(turn, share, case)
            filed.append(case)
            _say_filed(turn, share, case)
    await splitting.go_on_with_rest(turn, draft, filed)


async def _join_or_file(turn: Turn, draft: Draft, case: Case, known: str) -> Case | None:
    """File a case, or join the known one with this code; return the one that it joined."""
    joins = known != duplicates.APART
    master = await duplicates.join(turn, case, known, photos=draft.photos) if joins else None
    if master is None:
        await progress.file(turn, case, photos=draft.photos, note=await duplicates.hint(turn, draft))
    return master


async def _join(turn: Turn, draft: Draft, value: str) -> None:
    """File the draft as one of those who report a known incident; alone where that is finished by now."""
    if not _is_ready(turn, draft):
        return
    if draft.shares:
        await _send_shares(turn, draft)
        return
    case = _case_of(turn, draft)
    master = await duplicates.join(turn, case, value, photos=draft.photos)
    if master is None:
        turn.say(texts.gone_meanwhile())
        await _send(turn, draft, duplicates.APART)
        return
    _keep_sent(turn, draft, case)
    duplicates.say_joined(turn, case, master, photos=len(draft.photos))


def _is_ready(turn: Turn, draft: Draft) -> bool:
    """Tell whether a draft was shown with the notice that its writer consents to; otherwise say so."""
    ready = bool(draft.consent and draft.text) and draft.asking not in ("ordinary", "citizen")
    if draft.asking == splitting.ASKING:
        splitting.ask(turn, draft)
    elif not ready:
        turn.say(texts.stale_button())
    return ready and draft.asking != splitting.ASKING


def _keep_sent(turn: Turn, draft: Draft, case: Case) -> None:
    """Keep what the writer corrected, and in the chat what was sent."""
    _keep_corrections(turn, draft, case)
    turn.chat.step = ""
    turn.chat.draft = {"sent": {"nonce": draft.nonce, "code": case.code, "album": draft.album}}


def _case_of(turn: Turn, draft: Draft) -> Case:
    prefix = tracking_code.code_prefix(turn.city.province)
    return Case(
        id=new_id(),
        code=tracking_code.new_code(prefix, below),
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
            "chosen": dict(draft.fixed),
            "messages": [message_id for message_id, _ in draft.parts if message_id],
        },
        triage_reason=confirmation.doubt(draft, draft.assignment(turn.city, turn.now)),
        received_at=turn.now,
    )


def _keep_corrections(turn: Turn, draft: Draft, case: Case) -> None:
    for field, was, value in draft.corrections():
        corrections.add_correction(
            turn.transaction,
            case_id=case.id,
            text=case.text,
            field=field,
            was=was,
            now_value=value,
            actor_role="citizen",
            at=turn.now,
            person_id=turn.person.id,
            model_version=draft.reading.get("model_version"),
        )


async def _list_domains(turn: Turn, draft: Draft, value: str) -> None:
    with splitting.in_question(draft) as asked:
        first = list(asked.candidates)
    order = [*first, *(id for id in turn.city.domains if id not in first)]
    buttons = [confirmation.button(draft, turn.city.domains[id].name, f"domain:{id}") for id in order]
    turn.say(
        texts.choose_domain(),
        buttons=[*confirmation.pairs(buttons), [confirmation.button(draft, texts.label_back(), "look")]],
    )


async def _choose_domain(turn: Turn, draft: Draft, value: str) -> None:
    if value not in turn.city.domains:
        turn.say(texts.stale_button())
        return
    with splitting.in_question(draft) as asked:
        asked.choose_domain(value)
    confirmation.go_on(turn, draft)


async def _fix_place(turn: Turn, draft: Draft, value: str) -> None:
    draft.asking = "ward"
    confirmation.keep(turn, draft)
    with splitting.in_question(draft) as asked:
        wards = confirmation.place_buttons(asked)
    turn.say(
        texts.ask_place(candidates=bool(asked.wards)),
        buttons=[
            *wards,
            [confirmation.button(draft, texts.label_back(), "look")],
        ],
        ask_location=texts.label_send_position(),
    )


async def _choose_ward(turn: Turn, draft: Draft, value: str) -> None:
    with splitting.in_question(draft) as asked:
        chosen = asked.choose_ward(value, turn.city)
    if not chosen:
        turn.say(texts.stale_button())
        return
    await confirmation.decide(turn, draft, begun=False)


async def _no_ward(turn: Turn, draft: Draft, value: str) -> None:
    with splitting.in_question(draft) as asked:
        asked.ward_unknown = True
    confirmation.go_on(turn, draft)


async def _ask_photos(turn: Turn, draft: Draft, value: str) -> None:
    draft.asking = "photos"
    turn.chat.step, turn.chat.draft = STEP, draft.as_dict()
    turn.say(texts.send_photos(), buttons=[[confirmation.button(draft, texts.label_back(), "look")]])


async def _toggle_anonymous(turn: Turn, draft: Draft, value: str) -> None:
    draft.anonymous = not draft.anonymous
    confirmation.go_on(turn, draft)


async def _look(turn: Turn, draft: Draft, value: str) -> None:
    confirmation.go_on(turn, draft)


async def _ordinary(turn: Turn, draft: Draft, value: str) -> None:
    draft.kind = draft.fixed["kind"] = "feedback"
    draft.asking = ""
    confirmation.go_on(turn, draft)


async def _discard(turn: Turn, draft: Draft, value: str) -> None:
    turn.chat.step, turn.chat.draft = "", {}
    turn.say(texts.draft_discarded())


_VERBS = {
    **splitting.VERBS,
    "send": _send,
    "same": _join,
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
    draft = unsent_draft(had, turn.chat.draft) if had == STEP else None
    if draft is not None and draft.before and draft.asking == splitting.ASKING:
        await splitting.undo(turn, draft)
        return
    turn.chat.step, turn.chat.draft = take_up(turn.chat.draft) if had != STEP else ("", {})
    if had == STEP:
        turn.say(texts.draft_discarded())
    else:
        turn.say(texts.step_left() if had else texts.nothing_to_discard())


COMMANDS: dict[str, Handler] = {"/huy": cancel}
BUTTONS: dict[str, Handler] = {"draft": press}
STEPS: dict[str, Handler] = {}
