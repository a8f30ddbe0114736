"""What officials do with the cases of their units: take up, answer, ask, hand over, give back, look."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from handlers import access, cards, offers, progress, texts, unit_search
from handlers.channel import Button, OutboundMessage
from handlers.progress import actor_of
from handlers.turn import Handler, Turn
from routing import deadline, workflow
from routing.organisation import Unit
from routing.tracking_code import parse_code
from routing.workflow import Action, Status
from storage import cases, ledger, messages, people
from storage.cases import Case
from storage.people import Post

PAGE = 5
LONGEST_ANSWER = 4000
LONGEST_REASON = 500
MOST_PHOTOS = 10


# ── finding the case ─────────────────────────────────────────────────────────────────────────────


async def case_for(turn: Turn, code: str, action: str) -> tuple[Case, Post] | None:
    """Return a case and the post by which the writer may do this to it; otherwise say why not.

    A wrong code, one that does not exist and one out of reach get the same answer.
    """
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    known = parse_code(code)
    case = await cases.get_case(turn.transaction, known, lock=True) if known else None
    if case is None or access.post_for(turn.person, turn.city, "see", case) is None:
        turn.say(texts.case_not_yours() if turn.person.posts else texts.no_such_case())
        return None
    post = access.post_for(turn.person, turn.city, action, case)
    if post is None:
        turn.say(texts.step_not_yours(code=case.code, unit=cards.unit_name(turn.city, case.unit_code)))
        return None
    return case, post


async def _ready_for(turn: Turn, code: str, action: Action) -> tuple[Case, Post] | None:
    """Return a case on which the writer may take this step now; otherwise say why not.

    What was being written about a case that can no longer be acted on is over with.
    """
    found = await case_for(turn, code, action)
    if found is not None and action in workflow.allowed_actions(found[0].status, found[1].role):
        return found
    if found is not None:
        await say_too_late(turn, found[0])
    if (turn.chat.draft.get("work") or {}).get("code") == parse_code(code):
        finish(turn)
    return None


async def say_too_late(turn: Turn, case: Case) -> None:
    """Tell somebody who comes second what has become of the case, and who did it."""
    officer = (
        await people.get_person(turn.transaction, case.officer_id, now=turn.now) if case.officer_id else None
    )
    name = officer.name if officer else ""
    if case.status == Status.IN_PROGRESS and case.accepted_at:
        if case.officer_id == turn.person.id:
            turn.say(texts.accepted_by_you(code=case.code), case_id=case.id)
        else:
            turn.say(texts.accepted_by(code=case.code, name=name, at=case.accepted_at), case_id=case.id)
    elif case.answered_at and case.status != Status.REJECTED:
        turn.say(texts.answered_by(code=case.code, name=name, at=case.answered_at))
    else:
        turn.say(texts.step_impossible(code=case.code, status=case.status))


# ── taking up ────────────────────────────────────────────────────────────────────────────────────


async def accept(turn: Turn, argument: str) -> None:
    """Take a case up: the unit has begun, and the citizen hears of it."""
    found = await _ready_for(turn, argument, Action.ACCEPT)
    if found is None:
        return
    case, post = found
    await _move(turn, case, Action.ACCEPT, post)
    turn.say(
        texts.accepted(code=case.code, due_at=case.due_at),
        buttons=_buttons(turn, case),
        case_id=case.id,
    )
    unit = cards.unit_name(turn.city, case.unit_code)
    news = texts.case_accepted(code=case.code, unit=unit, due_at=case.due_at)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)


async def stop_waiting(turn: Turn, argument: str) -> None:
    """Go on without the citizen's reply."""
    found = await _ready_for(turn, argument, Action.STOP_WAITING)
    if found is None:
        return
    case, post = found
    await _move(turn, case, Action.STOP_WAITING, post)
    turn.say(
        texts.waiting_ended(code=case.code, due_at=case.due_at),
        buttons=_buttons(turn, case),
        case_id=case.id,
    )


async def _move(
    turn: Turn, case: Case, action: Action, post: Post, data: dict[str, Any] | None = None
) -> None:
    await progress.move(
        turn.transaction,
        turn.city,
        case,
        action,
        actor=actor_of(turn.person.id, post),
        now=turn.now,
        data=data,
    )


# ── writing something over several messages ──────────────────────────────────────────────────────


@dataclass(slots=True, kw_only=True)
class Writing:
    """What an official is writing about one case, kept in the chat until it is sent or dropped."""

    code: str
    texts: list[str] = field(default_factory=list)
    photos: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Everything written, as one text."""
        return "\n".join(self.texts)


def _writing(turn: Turn, step: str, code: str = "") -> Writing | None:
    """Return what is being written in this step, about this case if one is named."""
    if turn.chat.step != step or "work" not in turn.chat.draft:
        return None
    writing = Writing(**turn.chat.draft["work"])
    return writing if code in ("", writing.code) else None


def begin(turn: Turn, step: str, code: str) -> Writing | None:
    """Let the next messages in this chat belong to a step on this case.

    What is being written for the same step goes on; for another one it must be sent or dropped first.
    """
    busy = _unsent(turn)
    if busy is not None and (turn.chat.step, busy.code) == (step, code):
        return busy
    if busy is not None:
        turn.say(texts.draft_busy(code=busy.code), buttons=[[drop_button(busy.code)]])
        return None
    writing = Writing(code=code)
    turn.chat.step = step
    _keep(turn, writing)
    return writing


def _unsent(turn: Turn) -> Writing | None:
    """Return what would be lost if another step began now."""
    if not turn.chat.step.startswith("work.") or "work" not in turn.chat.draft:
        return None
    writing = Writing(**turn.chat.draft["work"])
    return writing if writing.texts or writing.photos else None


def finish(turn: Turn) -> None:
    """Let the next messages in this chat stand for themselves again."""
    turn.chat.step, turn.chat.draft = "", {}


def _keep(turn: Turn, writing: Writing) -> None:
    turn.chat.draft = {"work": asdict(writing)}


def _add(turn: Turn, writing: Writing) -> bool:
    """Take a message in; say what is wrong with it, if anything, and return whether something came in."""
    message = turn.message
    text = message.text.strip()
    if message.unsupported or not (text or message.photos):
        turn.say(texts.cannot_use(), buttons=[[drop_button(writing.code)]])
        return False
    if len(writing.text) + len(text) > LONGEST_ANSWER:
        turn.say(texts.draft_too_long(limit=LONGEST_ANSWER), buttons=[[drop_button(writing.code)]])
        return False
    writing.texts += [text] if text else []
    keys = [photo.media_key for photo in message.photos if photo.media_key]
    if len(writing.photos) + len(keys) > MOST_PHOTOS:
        turn.say(texts.too_many_proofs(limit=MOST_PHOTOS))
    writing.photos = [*writing.photos, *keys][:MOST_PHOTOS]
    _keep(turn, writing)
    return True


def drop_button(code: str) -> Button:
    """Return the button that stops what is under way."""
    return Button(label=texts.label_drop(), data=f"drop:{code}")


async def drop(turn: Turn, argument: str) -> None:
    """Throw away what is being written, or stop choosing; the case stays as it is."""
    work = turn.chat.draft.get("work") or {}
    if not turn.chat.step or work.get("code") != argument:
        turn.say(texts.draft_gone())
        return
    finish(turn)
    turn.say(texts.draft_dropped(code=argument))


# ── answering ────────────────────────────────────────────────────────────────────────────────────

ANSWER, ASK, GIVE_BACK, HAND = "work.answer", "work.ask", "work.return", "work.hand"


async def answer(turn: Turn, argument: str) -> None:
    """Ask for the answer; it goes out only at the tap of a button."""
    found = await _ready_for(turn, argument, Action.ANSWER)
    if found is None:
        return
    case, _ = found
    if begin(turn, ANSWER, case.code) is None:
        return
    turn.say(
        texts.write_answer(code=case.code, needs_proof=_needs_proof(turn, case)),
        buttons=[[drop_button(case.code)]],
        case_id=case.id,
    )


async def take_reply(turn: Turn, argument: str) -> None:
    """A reply to a case's card is an answer on its way: `argument` is the code. It still asks for a tap."""
    found = await _ready_for(turn, argument, Action.ANSWER)
    writing = begin(turn, ANSWER, found[0].code) if found else None
    if writing is not None:
        await _collect_answer(turn, writing)


async def write_answer(turn: Turn, argument: str) -> None:
    """Take in one more message of an answer."""
    writing = _writing(turn, ANSWER)
    if writing is None:
        turn.say(texts.draft_gone())
    elif not await _is_about_another(turn, writing) and await _ready_for(turn, writing.code, Action.ANSWER):
        await _collect_answer(turn, writing)


async def _collect_answer(turn: Turn, writing: Writing) -> None:
    if not _add(turn, writing):
        return
    if not writing.text:
        turn.say(
            texts.answer_needs_words(code=writing.code, photos=len(writing.photos)),
            buttons=[[drop_button(writing.code)]],
        )
        return
    case = await cases.get_case(turn.transaction, writing.code)
    turn.say(
        texts.answer_draft(
            code=writing.code,
            text=writing.text,
            photos=len(writing.photos),
            needs_proof=case is not None and _needs_proof(turn, case),
        ),
        buttons=[
            [Button(label=texts.label_send_answer(), data=f"sendanswer:{writing.code}")],
            [drop_button(writing.code)],
        ],
    )


async def _is_about_another(turn: Turn, writing: Writing) -> bool:
    """Refuse a reply to another case's card while this one is being written: nothing gets mixed up."""
    if not turn.message.reply_to:
        return False
    other = await messages.case_of_message(
        turn.transaction,
        channel=turn.chat.channel,
        chat=turn.chat.chat,
        message_id=turn.message.reply_to,
    )
    case = await cases.get_case_by_id(turn.transaction, other) if other else None
    if case is None or case.code == writing.code:
        return False
    turn.say(texts.draft_busy(code=writing.code), buttons=[[drop_button(writing.code)]])
    return True


async def send_answer(turn: Turn, argument: str) -> None:
    """Send the answer that was written: the citizen gets it with its pictures and may judge it."""
    found = await _ready_for(turn, argument, Action.ANSWER)
    if found is None:
        return
    case, post = found
    writing = _writing(turn, ANSWER, case.code)
    if writing is None or not writing.text:
        turn.say(texts.draft_gone(), buttons=_buttons(turn, case), case_id=case.id)
        return
    finish(turn)
    data = {"text": writing.text, "photos": writing.photos}
    await _move(turn, case, Action.ANSWER, post, data)
    cases.attach_photos(turn.transaction, case.id, writing.photos, "answer", turn.now)
    on_time = case.answer_due_at is None or turn.now <= case.answer_due_at
    turn.say(texts.answer_sent(code=case.code, on_time=on_time))
    await _bring_answer(turn, case, writing)


async def _bring_answer(turn: Turn, case: Case, writing: Writing) -> None:
    news = texts.case_answered(
        code=case.code,
        unit=cards.unit_name(turn.city, case.unit_code),
        answer=writing.text,
        photos=len(writing.photos),
    )
    await progress.tell_reporter(
        turn.transaction,
        case,
        news,
        now=turn.now,
        photos=writing.photos,
        buttons=offers.rating(case.code),
    )


def _needs_proof(turn: Turn, case: Case) -> bool:
    domain = turn.city.domains.get(case.domain)
    return domain is not None and domain.needs_proof


# ── asking the citizen ───────────────────────────────────────────────────────────────────────────


async def ask(turn: Turn, argument: str) -> None:
    """Ask what the citizen should be asked."""
    found = await _ready_for(turn, argument, Action.ASK_CITIZEN)
    if found is None:
        return
    case, _ = found
    if begin(turn, ASK, case.code) is None:
        return
    turn.say(texts.write_question(code=case.code), buttons=[[drop_button(case.code)]], case_id=case.id)


async def write_question(turn: Turn, argument: str) -> None:
    """Take in one more message of a question."""
    writing = _writing(turn, ASK)
    if writing is None:
        turn.say(texts.draft_gone())
        return
    if await _is_about_another(turn, writing) or not await _ready_for(turn, writing.code, Action.ASK_CITIZEN):
        return
    if not _add(turn, writing):
        return
    if not writing.text:
        turn.say(texts.words_please(), buttons=[[drop_button(writing.code)]])
        return
    turn.say(
        texts.question_draft(code=writing.code, text=writing.text),
        buttons=[
            [Button(label=texts.label_send_question(), data=f"sendquestion:{writing.code}")],
            [drop_button(writing.code)],
        ],
    )


async def send_question(turn: Turn, argument: str) -> None:
    """Send the question; the clock stands still until the citizen replies."""
    found = await _ready_for(turn, argument, Action.ASK_CITIZEN)
    if found is None:
        return
    case, post = found
    writing = _writing(turn, ASK, case.code)
    if writing is None or not writing.text:
        turn.say(texts.draft_gone(), buttons=_buttons(turn, case), case_id=case.id)
        return
    finish(turn)
    await _move(turn, case, Action.ASK_CITIZEN, post, {"question": writing.text})
    turn.say(texts.question_sent(code=case.code), buttons=_buttons(turn, case), case_id=case.id)
    unit = cards.unit_name(turn.city, case.unit_code)
    await progress.tell_reporter(
        turn.transaction,
        case,
        texts.question_from_unit(code=case.code, unit=unit, question=writing.text),
        now=turn.now,
        photos=writing.photos,
        buttons=offers.reply(case.code),
    )


# ── handing over ─────────────────────────────────────────────────────────────────────────────────


async def hand_over(turn: Turn, argument: str) -> None:
    """Offer the units that a case may go to."""
    found = await _ready_for(turn, argument, Action.HAND_OVER)
    if found is None:
        return
    case, _ = found
    if begin(turn, HAND, case.code) is None:
        return
    turn.say(
        texts.choose_unit(code=case.code),
        buttons=unit_buttons(turn, case, unit_search.likely(turn.city, case, turn.now), "handto"),
    )


def unit_buttons(turn: Turn, case: Case, units: Sequence[Unit], action: str) -> list[list[Button]]:
    """Return one row for each unit, and a way out; a unit whose code is too long for a button has none."""
    buttons = [
        Button(label=unit_search.label(turn.city, unit), data=f"{action}:{case.code}:{unit.code}")
        for unit in units
    ]
    return [*([button] for button in buttons if cards.fits(button.data)), [drop_button(case.code)]]


async def find_unit(turn: Turn, argument: str) -> None:
    """Find the unit whose name was typed."""
    writing = _writing(turn, HAND)
    found = await _ready_for(turn, writing.code, Action.HAND_OVER) if writing else None
    if writing is None:
        turn.say(texts.draft_gone())
    if found is not None:
        await offer_named(turn, found[0], "handto")


async def offer_named(turn: Turn, case: Case, action: str) -> None:
    """Offer the units with a name like the one in this message."""
    query = turn.message.text.strip()
    if not query:
        turn.say(texts.words_please(), buttons=[[drop_button(case.code)]])
        return
    units = unit_search.by_name(turn.city, case, query, turn.now)
    if units:
        text = texts.choose_unit_again(code=case.code, query=query)
    else:
        text = texts.unit_not_found(query=query)
    turn.say(text, buttons=unit_buttons(turn, case, units, action))


async def hand_to(turn: Turn, argument: str) -> None:
    """Hand a case to the chosen unit; the deadline stays."""
    code, _, unit_code = argument.partition(":")
    found = await _ready_for(turn, code, Action.HAND_OVER)
    if found is None:
        return
    case, post = found
    was = cards.unit_name(turn.city, case.unit_code)
    if unit_code == case.unit_code:
        turn.say(texts.same_unit(code=case.code, unit=was))
        return
    if not access.may_receive(turn.city, unit_code, case):
        turn.say(texts.unit_not_possible(code=case.code))
        return
    finish(turn)
    await _move(turn, case, Action.HAND_OVER, post, {"was": case.unit_code, "unit": unit_code})
    unit = cards.unit_name(turn.city, unit_code)
    turn.say(texts.handed_over(code=case.code, unit=unit, due_at=case.due_at))
    news = texts.case_handed_over(code=case.code, unit=unit, due_at=case.due_at)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now, note=texts.came_from(unit=was))


# ── giving back ──────────────────────────────────────────────────────────────────────────────────


async def give_back(turn: Turn, argument: str) -> None:
    """Ask why a case is given back."""
    found = await _ready_for(turn, argument, Action.RETURN)
    if found is None:
        return
    case, _ = found
    if begin(turn, GIVE_BACK, case.code) is None:
        return
    reasons = [
        [Button(label=reason, data=f"giveto:{case.code}:{key}")]
        for key, reason in texts.RETURN_REASONS.items()
    ]
    turn.say(texts.choose_return_reason(code=case.code), buttons=[*reasons, [drop_button(case.code)]])


async def give_back_because(turn: Turn, argument: str) -> None:
    """Give a case back for a reason from the list."""
    code, _, key = argument.partition(":")
    if key not in texts.RETURN_REASONS:
        turn.say(texts.stale_button())
        return
    await _return(turn, code, texts.RETURN_REASONS[key])


async def write_reason(turn: Turn, argument: str) -> None:
    """Give a case back for the reason that was typed."""
    writing = _writing(turn, GIVE_BACK)
    reason = turn.message.text.strip()[:LONGEST_REASON]
    if writing is None:
        turn.say(texts.draft_gone())
    elif not reason:
        turn.say(texts.words_please(), buttons=[[drop_button(writing.code)]])
    else:
        await _return(turn, writing.code, reason)


async def _return(turn: Turn, code: str, reason: str) -> None:
    found = await _ready_for(turn, code, Action.RETURN)
    if found is None:
        return
    case, post = found
    unit = cards.unit_name(turn.city, case.unit_code)
    finish(turn)
    await _move(turn, case, Action.RETURN, post, {"reason": reason, "unit": case.unit_code})
    turn.say(texts.returned(code=case.code))
    news = texts.case_returned(code=case.code, unit=unit)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now)


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


async def work(turn: Turn, argument: str) -> None:
    """`/viec`: the open cases of the writer's units; `/viec CODE`: the card of one."""
    if argument.strip():
        await show_card(turn, argument)
    else:
        await show_page(turn, "0")


async def show_page(turn: Turn, argument: str) -> None:
    """List one page of the open cases, the most pressing first."""
    codes = access.units_for_work(turn.person)
    if turn.chat.group or not codes:
        turn.say(texts.only_in_private() if turn.chat.group else texts.not_an_official())
        return
    names = [cards.unit_name(turn.city, code) for code in codes]
    count = await cases.count_open_cases_of_units(turn.transaction, codes)
    first = _page_start(argument, count)
    page = await cases.open_cases_of_units(turn.transaction, codes, limit=PAGE, offset=first)
    if not page:
        turn.say(texts.no_work(units=names))
        return
    lines = [_line(turn, number, case) for number, case in enumerate(page, start=first + 1)]
    rows = [[Button(label=case.code, data=f"card:{case.code}")] for case in page]
    turn.say(
        texts.work_list(units=names, count=count, first=first + 1, lines=lines),
        buttons=[*rows, *_page_buttons(first, count)],
    )


def _page_start(argument: str, count: int) -> int:
    offset = int(argument) if argument.isascii() and argument.isdecimal() else 0
    return offset if offset < count else max(0, (count - 1) // PAGE * PAGE)


def _page_buttons(first: int, count: int) -> list[list[Button]]:
    row = []
    if first > 0:
        row.append(Button(label=texts.label_previous(), data=f"work:{max(0, first - PAGE)}"))
    if first + PAGE < count:
        row.append(Button(label=texts.label_more(), data=f"work:{first + PAGE}"))
    return [row] if row else []


def _line(turn: Turn, number: int, case: Case) -> str:
    return texts.work_line(
        number=number,
        code=case.code,
        domain=cards.domain_name(turn.city, case.domain),
        place=texts.place_name(street=case.street, ward=case.ward_name),
        status=case.status,
        due=texts.due_phrase(due_at=case.due_at, standing=standing_of(turn, case)),
        urgent=case.urgent,
    )


def standing_of(turn: Turn, case: Case) -> str:
    """Return how an open case stands now; on track while it has no deadline."""
    if case.due_at is None or case.warn_at is None:
        return deadline.Standing.ON_TRACK
    return deadline.standing(
        turn.now,
        status=case.status,
        due_at=case.due_at,
        warn_at=case.warn_at,
        paused_at=case.paused_at,
        answered_at=case.answered_at or turn.now,
    )


async def show_card(turn: Turn, argument: str) -> None:
    """Show the card of one case, with all that was said about it and what the reader may do."""
    found = await case_for(turn, argument, "see")
    if found is not None:
        card = await card_for(turn, found[0])
        turn.tell(turn.address, card, case_id=found[0].id)


async def card_for(turn: Turn, case: Case) -> OutboundMessage:
    """Return a case's card as the writer may see it, with the buttons that are theirs."""
    knows = access.post_for(turn.person, turn.city, "see_reporter", case) is not None
    person = await people.get_person(turn.transaction, case.reporter_id, now=turn.now) if knows else None
    return cards.card(
        turn.city,
        case,
        now=turn.now,
        photos=await cases.photos_of(turn.transaction, case.id, "report"),
        reporter=cards.reporter(person) if person else "",
        events=await ledger.events_of(turn.transaction, case.id),
        actions=_actions(turn, case),
    )


def _buttons(turn: Turn, case: Case) -> list[tuple[Button, ...]]:
    return cards.buttons(case, _actions(turn, case))


def _actions(turn: Turn, case: Case) -> frozenset[Action]:
    """Return what the writer may do to a case now."""
    return frozenset(
        action
        for action in Action
        if (post := access.post_for(turn.person, turn.city, action, case))
        and action in workflow.allowed_actions(case.status, post.role)
    )


async def show_text(turn: Turn, argument: str) -> None:
    """Show a long report in full."""
    found = await case_for(turn, argument, "see")
    if found is not None:
        turn.say(
            texts.whole_text(code=found[0].code, text=cards.shown(found[0], found[0].text)),
            case_id=found[0].id,
        )


COMMANDS: dict[str, Handler] = {"/viec": work}
BUTTONS: dict[str, Handler] = {
    "accept": accept,
    "answer": answer,
    "sendanswer": send_answer,
    "ask": ask,
    "sendquestion": send_question,
    "resume": stop_waiting,
    "hand": hand_over,
    "handto": hand_to,
    "giveback": give_back,
    "giveto": give_back_because,
    "drop": drop,
    "work": show_page,
    "card": show_card,
    "fulltext": show_text,
}
STEPS: dict[str, Handler] = {
    ANSWER: write_answer,
    ASK: write_question,
    HAND: find_unit,
    GIVE_BACK: write_reason,
}
