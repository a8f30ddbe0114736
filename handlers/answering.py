"""Answers to citizens: written in several messages, held against what citizens miss, sent with one tap."""

from handlers import approving, case_at_hand, composing, filling, noting, texts, writing
from handlers.approving import Answer
from handlers.channel import Button
from handlers.turn import Handler, Turn
from handlers.writing import Writing
from routing.answers import Sense
from routing.workflow import Action
from storage import ledger, templates
from storage.cases import Case
from storage.people import Post
from storage.templates import Template

ANSWER, NO_PHOTO = f"{writing.PREFIX}answer", f"{writing.PREFIX}nophoto"
TEMPLATES_OFFERED = 3
MOST_TEMPLATES = 30
_STEPS = (ANSWER, NO_PHOTO)
_SENT_BACK, _ANSWERED = "answer_sent_back", "answered"

Rows = list[list[Button]]


# ── writing ──────────────────────────────────────────────────────────────────────────────────────


async def answer(turn: Turn, argument: str) -> None:
    """Ask for the answer; it goes out only at the tap of a button."""
    begun = await composing.begin(turn, argument, ANSWER, Action.ANSWER)
    if begun is not None:
        await _ask_or_show(turn, *begun)


async def _ask_or_show(turn: Turn, case: Case, post: Post, written: Writing) -> None:
    """Ask for the words; what was written already is shown."""
    if written.texts:
        await _show(turn, case, post, written)
        return
    turn.say(
        texts.write_answer(
            code=case.code,
            needs_proof=await approving.needs_proof(turn, case),
            approval=await approving.needs_approval(turn, case, post),
            waiting=case.proposed is not None,
        ),
        buttons=[*await _template_rows(turn, case), [writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def take_reply(turn: Turn, argument: str) -> None:
    """A reply to a case's card is an answer on its way: `argument` is the code. It still asks for a tap."""
    begun = await composing.begin(turn, argument, ANSWER, Action.ANSWER)
    if begun is None:
        return
    case, post, written = begun
    if writing.add(turn, written):
        await _show(turn, case, post, written)


async def write_answer(turn: Turn, argument: str) -> None:
    """Take in one more message of an answer; in a template it fills the first gap."""
    taken = await composing.take(turn, ANSWER, Action.ANSWER)
    if taken is None:
        return
    case, post, written = taken
    if turn.message.text.strip():
        _fill_gap(turn, written)
    await _show(turn, case, post, written)


def _fill_gap(turn: Turn, written: Writing) -> None:
    *before, typed = written.texts
    whole = "\n".join(before)
    if written.template and filling.GAP in whole:
        written.texts = [filling.completed(whole, typed)]
        writing.keep(turn, written)


async def rewrite(turn: Turn, argument: str) -> None:
    """Throw the words away and ask for them anew; pictures stay."""
    found = await composing.ready(turn, argument, Action.ANSWER, *_STEPS)
    if found is None:
        return
    case, _, written = found
    written.texts, written.template = [], 0
    _keep(turn, written)
    turn.say(
        texts.write_anew(code=case.code, photos=len(written.photos)),
        buttons=[*await _template_rows(turn, case), [writing.drop_button(case.code)]],
        case_id=case.id,
    )


def _keep(turn: Turn, written: Writing) -> None:
    turn.chat.step = ANSWER
    writing.keep(turn, written)


# ── what is still missing ────────────────────────────────────────────────────────────────────────


def _gap(written: Writing) -> str:
    return filling.gap_in(written.text) if written.template else ""


def fills_gap(turn: Turn) -> bool:
    """Tell whether the next message fills a gap, so that a number in it is no button's."""
    written = writing.writing_in(turn, ANSWER)
    return written is not None and bool(_gap(written))


async def _lacks_proof(turn: Turn, case: Case, written: Writing) -> bool:
    proven = written.photos or written.no_photo_reason
    return not proven and await approving.needs_proof(turn, case)


async def _show(turn: Turn, case: Case, post: Post, written: Writing) -> None:
    """Show what would be sent, what it lacks, and what can be done about that."""
    if not written.text:
        turn.say(
            texts.answer_needs_words(code=case.code, photos=len(written.photos)),
            buttons=[*await _template_rows(turn, case), [writing.drop_button(case.code)]],
        )
        return
    send = await _send_label(turn, case, post)
    lacks_proof = await _lacks_proof(turn, case, written)
    possible = not _gap(written) and not lacks_proof
    turn.say(
        texts.answer_draft(
            code=case.code,
            text=written.text,
            photos=len(written.photos),
            no_photo_reason=Answer.written(written).no_photo_reason,
            notes=_notes(case, written, lacks_proof=lacks_proof),
            button=send if possible else "",
        ),
        buttons=_draft_buttons(case, written, send if possible else ""),
    )


async def _send_label(turn: Turn, case: Case, post: Post) -> str:
    proposes = await approving.needs_approval(turn, case, post)
    return texts.label_propose() if proposes else texts.label_send_answer()


def _notes(case: Case, written: Writing, *, lacks_proof: bool) -> list[str]:
    """Return what the writer should know: a gap first, then the picture, then what is left unsaid."""
    if gap := _gap(written):
        return [texts.gap_left(gap=gap)]
    proof = [texts.proof_missing()] if lacks_proof else []
    sense, missing = approving.sense_of(case, written.text)
    if sense == Sense.PROMISE:
        return [*proof, texts.answer_promise()]
    if sense == Sense.VAGUE:
        return [*proof, texts.answer_vague()]
    return [*proof, texts.answer_lacks(missing=missing)] if missing else proof


def _draft_buttons(case: Case, written: Writing, send: str) -> Rows:
    """Return the buttons of a draft; `send` labels the one that sends it, empty while it cannot be sent."""
    code = case.code
    rows: Rows = []
    sense, _ = approving.sense_of(case, written.text)
    if sense != Sense.RESULT and not _gap(written):
        rows.append([Button(label=texts.label_as_progress(), data=f"asprogress:{code}")])
    if send:
        rows.append([Button(label=send, data=f"sendanswer:{code}")])
    elif not _gap(written):
        rows.append([Button(label=texts.label_no_photo(), data=f"nophoto:{code}")])
    rewrite = Button(label=texts.label_rewrite(), data=f"rewrite:{code}")
    return [*rows, [rewrite, writing.drop_button(code)]]


async def explain_no_photo(turn: Turn, argument: str) -> None:
    """Ask why there is no picture."""
    found = await composing.ready(turn, argument, Action.ANSWER, *_STEPS)
    if found is not None:
        turn.chat.step = NO_PHOTO
        text = texts.write_no_photo_reason(code=found[0].code)
        turn.say(text, buttons=[[writing.drop_button(found[0].code)]], case_id=found[0].id)


async def write_no_photo_reason(turn: Turn, argument: str) -> None:
    """Keep why there is no picture; one that comes instead belongs to the answer."""
    written = writing.writing_in(turn, NO_PHOTO)
    if written is None:
        turn.say(texts.draft_gone())
        return
    found = await case_at_hand.ready_for(turn, written.code, Action.ANSWER)
    if found is None:
        return
    before = list(written.texts)
    if not writing.add(turn, written):
        return
    if turn.message.text.strip() and not turn.message.photos:
        written.texts = before
        written.no_photo_reason = turn.message.text.strip()[: writing.LONGEST_REASON]
    _keep(turn, written)
    await _show(turn, *found, written)


# ── sending ──────────────────────────────────────────────────────────────────────────────────────


async def send_answer(turn: Turn, argument: str) -> None:
    """Send the answer that was written, or bring it before the chair where the city wants that."""
    found = await composing.ready(turn, argument, Action.ANSWER, *_STEPS)
    if found is None:
        return
    case, post, written = found
    if _gap(written) or await _lacks_proof(turn, case, written):
        await _show(turn, case, post, written)
        return
    if written.template:
        templates.count_use(turn.transaction, written.template)
    if await approving.needs_approval(turn, case, post):
        await approving.propose(turn, case, post, Answer.written(written))
    else:
        await _send(turn, case, post, written)


async def _send(turn: Turn, case: Case, post: Post, written: Writing) -> None:
    """Send it; whoever drafted what the chair changed, or what waits, hears of it."""
    proposal = approving.proposal_of(case)
    amended = proposal is not None and written.choice == str(proposal.number)
    besides = approving.provenance(proposal) if proposal and amended else {}
    on_time = await approving.deliver(turn, case, post, Answer.written(written), **besides)
    turn.say(texts.answer_sent(code=case.code, on_time=on_time))
    if proposal is not None and proposal.by != turn.person.id:
        await approving.tell_drafter_sent(turn, case, proposal, changed=True)


async def send_as_progress(turn: Turn, argument: str) -> None:
    """Send what was written as a note on progress: a promise is no result."""
    found = await composing.ready(turn, argument, Action.ANSWER, *_STEPS)
    if found is None:
        return
    case, post, written = found
    if _gap(written):
        await _show(turn, case, post, written)
    else:
        await noting.tell(turn, case, post, written)


# ── going on with a draft ────────────────────────────────────────────────────────────────────────


async def redraft(turn: Turn, argument: str) -> None:
    """Go on with the draft that the chair gave back last, if nothing was answered since."""
    begun = await composing.begin(turn, argument, ANSWER, Action.ANSWER)
    if begun is None:
        return
    case, post, written = begun
    events = await ledger.events_of(turn.transaction, case.id)
    last = next((event for event in reversed(events) if event.type in (_SENT_BACK, _ANSWERED)), None)
    if last is not None and last.type == _SENT_BACK and not written.texts:
        kept = last.data
        _take_up(turn, written, kept["text"], kept["photos"], kept.get("no_photo_reason", ""))
    await _ask_or_show(turn, case, post, written)


async def amend(turn: Turn, argument: str) -> None:
    """Let the chair change the draft that waits and send it: `CODE:number`."""
    found = await approving.waiting(turn, argument, Action.ANSWER)
    if found is None:
        return
    case, post, proposal = found
    if not await _is_chair(turn, case, post):
        return
    written = writing.begin(turn, ANSWER, case.code, str(proposal.number))
    if written is None:
        return
    if not written.texts:
        kept = proposal.answer
        _take_up(turn, written, kept.text, list(kept.photos), kept.no_photo_reason)
    await _show(turn, case, post, written)


async def _is_chair(turn: Turn, case: Case, post: Post) -> bool:
    """Tell whether the writer approves answers here; an officer who drafts hears what the button is."""
    if not await approving.needs_approval(turn, case, post):
        return True
    turn.say(texts.stale_button(), buttons=case_at_hand.card_button(case), case_id=case.id)
    return False


def _take_up(turn: Turn, written: Writing, text: str, photos: list[str], no_photo_reason: str) -> None:
    written.texts, written.photos = [text], [*photos, *written.photos][: writing.MOST_PHOTOS]
    written.no_photo_reason = no_photo_reason
    writing.keep(turn, written)


# ── templates ────────────────────────────────────────────────────────────────────────────────────


async def _fitting(turn: Turn, case: Case) -> list[Template]:
    """Return the templates of the unit and of those above it that fit the domain, most used first."""
    units = [unit.code for unit in turn.city.path(case.unit_code)] if case.unit_code else []
    domains = {case.domain, turn.city.shipped_domain(case.domain)}
    return await templates.fitting_templates(turn.transaction, units, sorted(domains))


async def _template_rows(turn: Turn, case: Case) -> Rows:
    fitting = await _fitting(turn, case)
    rows = _rows_of(case, fitting[:TEMPLATES_OFFERED])
    if len(fitting) > TEMPLATES_OFFERED:
        rows.append([Button(label=texts.label_more_templates(), data=f"templates:{case.code}")])
    return rows


def _rows_of(case: Case, fitting: list[Template]) -> Rows:
    return [
        [Button(label=texts.label_template(name=each.name), data=f"template:{case.code}:{each.id}")]
        for each in fitting
    ]


async def choose_template(turn: Turn, argument: str) -> None:
    """Offer every template that fits."""
    found = await case_at_hand.ready_for(turn, argument, Action.ANSWER)
    if found is None:
        return
    case, _ = found
    rows = _rows_of(case, (await _fitting(turn, case))[:MOST_TEMPLATES])
    text = texts.choose_template(code=case.code)
    turn.say(text, buttons=[*rows, [writing.drop_button(case.code)]], case_id=case.id)


async def use_template(turn: Turn, argument: str) -> None:
    """Put a template, filled in, into the draft: `CODE:number`. One that was put there before gives way."""
    code, _, number = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.ANSWER)
    if found is None:
        return
    case, post = found
    chosen = next((each for each in await _fitting(turn, case) if str(each.id) == number), None)
    if chosen is None:
        turn.say(texts.template_gone(), buttons=case_at_hand.card_button(case), case_id=case.id)
        return
    written = writing.begin(turn, ANSWER, case.code)
    if written is None:
        return
    text = filling.fill(chosen.text, filling.values_of(turn.city, case, turn.now))
    before = [] if written.template else written.texts
    if len("\n".join([*before, text])) > writing.LONGEST_TEXT:
        limit = texts.draft_too_long(limit=writing.LONGEST_TEXT)
        turn.say(limit, buttons=[[writing.drop_button(case.code)]])
        return
    written.texts, written.template = [*before, text], chosen.id
    _keep(turn, written)
    await _show(turn, case, post, written)


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {
    "answer": answer,
    "sendanswer": send_answer,
    "rewrite": rewrite,
    "nophoto": explain_no_photo,
    "asprogress": send_as_progress,
    "redraft": redraft,
    "amend": amend,
    "templates": choose_template,
    "template": use_template,
}
STEPS: dict[str, Handler] = {ANSWER: write_answer, NO_PHOTO: write_no_photo_reason}
