"""Questions to citizens: the clock stands still until the reply."""

from handlers import cards, case_at_hand, composing, offers, progress, texts, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from handlers.writing import Writing
from routing.workflow import Action
from storage.cases import Case

ASK = f"{writing.PREFIX}ask"


async def ask(turn: Turn, argument: str) -> None:
    """Ask what the citizen should be asked."""
    begun = await composing.begin(turn, argument, ASK, Action.ASK_CITIZEN)
    if begun is not None:
        case, _, _ = begun
        text = texts.write_question(code=case.code)
        turn.say(text, buttons=[[writing.drop_button(case.code)]], case_id=case.id)


async def write_question(turn: Turn, argument: str) -> None:
    """Take in one more message of a question."""
    taken = await composing.take(turn, ASK, Action.ASK_CITIZEN)
    if taken is None:
        return
    _, _, written = taken
    drop = [writing.drop_button(written.code)]
    if not written.text:
        turn.say(texts.words_please(), buttons=[drop])
        return
    turn.say(
        texts.question_draft(code=written.code, text=written.text),
        buttons=[[Button(label=texts.label_send_question(), data=f"sendquestion:{written.code}")], drop],
    )


async def send_question(turn: Turn, argument: str) -> None:
    """Send the question; the clock stands still until the citizen replies."""
    found = await composing.ready(turn, argument, Action.ASK_CITIZEN, ASK)
    if found is None:
        return
    case, post, written = found
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.ASK_CITIZEN, post, {"question": written.text})
    turn.say(texts.question_sent(code=case.code), buttons=case_at_hand.buttons(turn, case), case_id=case.id)
    await _bring(turn, case, written)


async def _bring(turn: Turn, case: Case, written: Writing) -> None:
    """Ask the reporter; those who joined hear that they may help."""
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
BUTTONS: dict[str, Handler] = {"ask": ask, "sendquestion": send_question}
STEPS: dict[str, Handler] = {ASK: write_question}
