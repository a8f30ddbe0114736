"""Notes on progress: the citizen hears how far the work is, and the case stays open for its answer."""

from handlers import cards, case_at_hand, composing, progress, texts, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from handlers.writing import Writing
from routing import workflow
from routing.workflow import Action
from storage import cases
from storage.cases import Case
from storage.people import Post

PROGRESS = f"{writing.PREFIX}progress"
TOLD = "progress_told"
"""The type of the event that a note leaves in the history."""


async def note(turn: Turn, argument: str) -> None:
    """Ask what to tell the citizen while the work goes on."""
    begun = await composing.begin(turn, argument, PROGRESS, Action.ANSWER)
    if begun is not None:
        case, _, _ = begun
        text = texts.write_progress(code=case.code)
        turn.say(text, buttons=[[writing.drop_button(case.code)]], case_id=case.id)


async def write_note(turn: Turn, argument: str) -> None:
    """Take in one more message of a note."""
    taken = await composing.take(turn, PROGRESS, Action.ANSWER)
    if taken is None:
        return
    _, _, written = taken
    drop = [writing.drop_button(written.code)]
    if not written.text:
        turn.say(texts.words_please(), buttons=[drop])
        return
    turn.say(
        texts.progress_draft(code=written.code, text=written.text, photos=len(written.photos)),
        buttons=[[Button(label=texts.label_send_progress(), data=f"sendprogress:{written.code}")], drop],
    )


async def send_note(turn: Turn, argument: str) -> None:
    """Send the note that was written."""
    found = await composing.ready(turn, argument, Action.ANSWER, PROGRESS)
    if found is not None:
        await tell(turn, *found)


async def tell(turn: Turn, case: Case, post: Post, written: Writing) -> None:
    """Tell the citizen how far the work is; a case that nobody had taken up is accepted by that."""
    writing.finish(turn, case.code)
    if case.officer_id is None and Action.ACCEPT in workflow.allowed_actions(case.status, post.role):
        await case_at_hand.move(turn, case, Action.ACCEPT, post)
    actor = progress.actor_of(turn.person.id, post)
    data = {"text": written.text, "photos": written.photos}
    progress.record(turn.transaction, case, TOLD, actor=actor, now=turn.now, data=data)
    cases.save_case(turn.transaction, case)
    cases.attach_photos(turn.transaction, case.id, written.photos, "progress", turn.now)
    turn.say(
        texts.progress_sent(code=case.code, due_at=case.due_at),
        buttons=case_at_hand.buttons(turn, case),
        case_id=case.id,
    )
    await _bring(turn, case, written)


async def _bring(turn: Turn, case: Case, written: Writing) -> None:
    unit = cards.unit_name(turn.city, case.unit_code)
    news = texts.progress_news(code=case.code, unit=unit, text=written.text, photos=len(written.photos))
    await progress.tell_reporter(
        turn.transaction,
        case,
        news,
        now=turn.now,
        photos=written.photos,
    )


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"progress": note, "sendprogress": send_note}
STEPS: dict[str, Handler] = {PROGRESS: write_note}
