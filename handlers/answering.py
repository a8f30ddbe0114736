"""Answers to citizens and questions for them: written in several messages, sent with one tap."""

from handlers import cards, case_at_hand, offers, progress, texts, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from handlers.writing import Writing
from routing.workflow import Action
from storage import cases
from storage.cases import Case

ANSWER, ASK = f"{writing.PREFIX}answer", f"{writing.PREFIX}ask"


# ── answering ────────────────────────────────────────────────────────────────────────────────────


async def answer(turn: Turn, argument: str) -> None:
    """Ask for the answer; it goes out only at the tap of a button."""
    found = await case_at_hand.ready_for(turn, argument, Action.ANSWER)
    if found is None:
        return
    case, _ = found
    if writing.begin(turn, ANSWER, case.code) is None:
        return
    turn.say(
        texts.write_answer(code=case.code, needs_proof=_needs_proof(turn, case)),
        buttons=[[writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def take_reply(turn: Turn, argument: str) -> None:
    """A reply to a case's card is an answer on its way: `argument` is the code. It still asks for a tap."""
    found = await case_at_hand.ready_for(turn, argument, Action.ANSWER)
    written = writing.begin(turn, ANSWER, found[0].code) if found else None
    if written is not None:
        await _collect_answer(turn, written)


async def write_answer(turn: Turn, argument: str) -> None:
    """Take in one more message of an answer."""
    written = writing.writing_in(turn, ANSWER)
    if written is None:
        turn.say(texts.draft_gone())
    elif not await writing.is_about_another(turn, written) and await case_at_hand.ready_for(
        turn, written.code, Action.ANSWER
    ):
        await _collect_answer(turn, written)


async def _collect_answer(turn: Turn, written: Writing) -> None:
    if not writing.add(turn, written):
        return
    if not written.text:
        turn.say(
            texts.answer_needs_words(code=written.code, photos=len(written.photos)),
            buttons=[[writing.drop_button(written.code)]],
        )
        return
    case = await cases.get_case(turn.transaction, written.code)
    turn.say(
        texts.answer_draft(
            code=written.code,
            text=written.text,
            photos=len(written.photos),
            needs_proof=case is not None and _needs_proof(turn, case),
        ),
        buttons=[
            [Button(label=texts.label_send_answer(), data=f"sendanswer:{written.code}")],
            [writing.drop_button(written.code)],
        ],
    )


async def send_answer(turn: Turn, argument: str) -> None:
    """Send the answer that was written: the citizen gets it with its pictures and may judge it."""
    found = await case_at_hand.ready_for(turn, argument, Action.ANSWER)
    if found is None:
        return
    case, post = found
    written = writing.writing_in(turn, ANSWER, case.code)
    if written is None or not written.text:
        turn.say(texts.draft_gone(), buttons=case_at_hand.buttons(turn, case), case_id=case.id)
        return
    writing.finish(turn, case.code)
    data = {"text": written.text, "photos": written.photos}
    await case_at_hand.move(turn, case, Action.ANSWER, post, data)
    cases.attach_photos(turn.transaction, case.id, written.photos, "answer", turn.now)
    on_time = case.answer_due_at is None or turn.now <= case.answer_due_at
    turn.say(texts.answer_sent(code=case.code, on_time=on_time))
    await _bring_answer(turn, case, written)


async def _bring_answer(turn: Turn, case: Case, written: Writing) -> None:
    unit, photos = cards.unit_name(turn.city, case.unit_code), len(written.photos)
    news = texts.case_answered(code=case.code, unit=unit, answer=written.text, photos=photos)
    masked = cards.for_others(written.text)
    await progress.tell_reporter(
        turn.transaction,
        case,
        news,
        now=turn.now,
        photos=written.photos,
        buttons=offers.rating(case.code),
        joined_text=texts.case_answered(code=case.code, unit=unit, answer=masked, photos=photos),
    )


def _needs_proof(turn: Turn, case: Case) -> bool:
    domain = turn.city.domains.get(case.domain)
    return domain is not None and domain.needs_proof


# ── asking the citizen ───────────────────────────────────────────────────────────────────────────


async def ask(turn: Turn, argument: str) -> None:
    """Ask what the citizen should be asked."""
    found = await case_at_hand.ready_for(turn, argument, Action.ASK_CITIZEN)
    if found is None:
        return
    case, _ = found
    if writing.begin(turn, ASK, case.code) is None:
        return
    turn.say(
        texts.write_question(code=case.code), buttons=[[writing.drop_button(case.code)]], case_id=case.id
    )


async def write_question(turn: Turn, argument: str) -> None:
    """Take in one more message of a question."""
    written = writing.writing_in(turn, ASK)
    if written is None:
        turn.say(texts.draft_gone())
        return
    if await writing.is_about_another(turn, written) or not await case_at_hand.ready_for(
        turn, written.code, Action.ASK_CITIZEN
    ):
        return
    if not writing.add(turn, written):
        return
    if not written.text:
        turn.say(texts.words_please(), buttons=[[writing.drop_button(written.code)]])
        return
    turn.say(
        texts.question_draft(code=written.code, text=written.text),
        buttons=[
            [Button(label=texts.label_send_question(), data=f"sendquestion:{written.code}")],
            [writing.drop_button(written.code)],
        ],
    )


async def send_question(turn: Turn, argument: str) -> None:
    """Send the question; the clock stands still until the citizen replies."""
    found = await case_at_hand.ready_for(turn, argument, Action.ASK_CITIZEN)
    if found is None:
        return
    case, post = found
    written = writing.writing_in(turn, ASK, case.code)
    if written is None or not written.text:
        turn.say(texts.draft_gone(), buttons=case_at_hand.buttons(turn, case), case_id=case.id)
        return
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.ASK_CITIZEN, post, {"question": written.text})
    turn.say(texts.question_sent(code=case.code), buttons=case_at_hand.buttons(turn, case), case_id=case.id)
    unit = cards.unit_name(turn.city, case.unit_code)
    await progress.tell_reporter(
        turn.transaction,
        case,
        texts.question_from_unit(code=case.code, unit=unit, question=written.text),
        now=turn.now,
        photos=written.photos,
        buttons=offers.reply(case.code),
        joined_text="",
    )
    others = texts.joined_question(code=case.code, unit=unit)
    await progress.tell_joined(turn.transaction, case, others, now=turn.now, buttons=offers.add(case.code))


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {
    "answer": answer,
    "sendanswer": send_answer,
    "ask": ask,
    "sendquestion": send_question,
}
STEPS: dict[str, Handler] = {ANSWER: write_answer, ASK: write_question}
