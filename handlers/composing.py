"""Writing about a case over several messages: answers, questions and notes are begun and sent alike."""

from handlers import case_at_hand, texts, writing
from handlers.turn import Turn
from handlers.writing import Writing
from routing.workflow import Action
from storage.cases import Case
from storage.people import Post

Composed = tuple[Case, Post, Writing]
"""The case, the post by which the writer acts on it, and what they have written."""


async def begin(turn: Turn, code: str, step: str, action: Action) -> Composed | None:
    """Let the next messages belong to this step, if the writer may take it now; otherwise say why not."""
    found = await case_at_hand.ready_for(turn, code, action)
    written = writing.begin(turn, step, found[0].code) if found else None
    return (*found, written) if found and written else None


async def take(turn: Turn, step: str, action: Action) -> Composed | None:
    """Take in one more message; None when it was none, after saying why."""
    written = writing.writing_in(turn, step)
    if written is None:
        turn.say(texts.draft_gone())
        return None
    found = await case_at_hand.ready_for(turn, written.code, action)
    if found is None or not writing.add(turn, written):
        return None
    return (*found, written)


async def ready(turn: Turn, code: str, action: Action, *steps: str) -> Composed | None:
    """Return what was written in one of these steps, to be sent now; otherwise say why it cannot be."""
    found = await case_at_hand.ready_for(turn, code, action)
    if found is None:
        return None
    case, post = found
    drafts = (writing.writing_in(turn, step, case.code) for step in steps)
    written = next((draft for draft in drafts if draft is not None and draft.text), None)
    if written is None:
        turn.say(texts.draft_gone(), buttons=case_at_hand.buttons(turn, case), case_id=case.id)
        return None
    return case, post, written
