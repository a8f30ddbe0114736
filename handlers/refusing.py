"""Not handling a case: the unit's chair (or a dispatcher) says why, and what the citizen can do instead."""

from handlers import cards, case_at_hand, offers, progress, reopening, texts, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from handlers.writing import Writing
from routing.workflow import Action
from storage.cases import Case
from storage.people import Post

REFUSE = f"{writing.PREFIX}refuse"


async def refuse(turn: Turn, argument: str) -> None:
    """Ask why a case is not handled."""
    found = await case_at_hand.ready_for(turn, argument, Action.REJECT)
    if found is None or writing.begin(turn, REFUSE, found[0].code) is None:
        return
    await _ask_reason(turn, found[0], texts.why_refuse(code=found[0].code))


async def _ask_reason(turn: Turn, case: Case, text: str) -> None:
    rows = [
        [Button(label=label, data=f"rejectfor:{case.code}:{key}")]
        for key, (label, _, _) in texts.REFUSALS.items()
    ]
    turn.say(text, buttons=[*rows, [writing.drop_button(case.code)]], case_id=case.id)


async def choose(turn: Turn, argument: str) -> None:
    """Show what the citizen would read for a reason from the list: `CODE:reason`."""
    code, _, key = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.REJECT)
    if found is None:
        return
    if key not in texts.REFUSALS:
        turn.say(texts.stale_button())
        return
    written = writing.choose(turn, REFUSE, found[0].code, key)
    if written is not None:
        _show(turn, written)


async def add_words(turn: Turn, argument: str) -> None:
    """Take a sentence of the chair's own in; the reason from the list comes first."""
    written = writing.writing_in(turn, REFUSE)
    if written is None:
        turn.say(texts.draft_gone())
        return
    found = await case_at_hand.ready_for(turn, written.code, Action.REJECT)
    if found is None:
        return
    if not written.choice:
        await _ask_reason(turn, found[0], texts.choose_refusal_first(code=written.code))
    elif not turn.message.text.strip():
        turn.say(texts.words_please(), buttons=[[writing.drop_button(written.code)]])
    elif len(written.text) + len(turn.message.text) > writing.LONGEST_REASON:
        turn.say(texts.draft_too_long(limit=writing.LONGEST_REASON), buttons=_rows(written))
    elif writing.add(turn, written):
        _show(turn, written)


def _show(turn: Turn, written: Writing) -> None:
    turn.say(texts.refusal_draft(code=written.code, text=_words(written)), buttons=_rows(written))


def _rows(written: Writing) -> list[list[Button]]:
    data = f"rejectgo:{written.code}:{written.choice}"
    return [
        [Button(label=texts.label_send_refusal(), data=data)],
        [writing.drop_button(written.code)],
    ]


def _words(written: Writing) -> str:
    _, reason, _ = texts.REFUSALS[written.choice]
    return texts.refusal_words(reason=reason, more=" ".join(written.texts))


async def send(turn: Turn, argument: str) -> None:
    """Refuse the case with what was shown: `CODE:reason`."""
    code, _, key = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.REJECT)
    if found is None:
        return
    case, post = found
    written = writing.writing_in(turn, REFUSE, case.code)
    if written is None or written.choice != key or key not in texts.REFUSALS:
        turn.say(texts.draft_gone(), buttons=case_at_hand.card_button(case), case_id=case.id)
        return
    writing.finish(turn, case.code)
    await _reject(turn, case, post, written)


async def _reject(turn: Turn, case: Case, post: Post, written: Writing) -> None:
    officer, unit_code = case.officer_id, case.unit_code
    reason, key = _words(written), written.choice
    await case_at_hand.move(turn, case, Action.REJECT, post, {"reason": reason, "key": key})
    reopens = reopening.is_left(turn.city, case)
    turn.say(texts.refused(code=case.code, reopens=reopens), case_id=case.id)
    news = texts.case_refused(
        code=case.code,
        unit=cards.unit_name(turn.city, unit_code),
        reason=reason,
        instead=texts.REFUSALS[key][2],
        reopens=reopens,
    )
    await progress.tell_reporter(
        turn.transaction,
        case,
        news,
        now=turn.now,
        buttons=offers.unsolved(case.code) if reopens else (),
    )
    told = texts.refused_by_chair(code=case.code, name=turn.person.name)
    await case_at_hand.tell_officer(turn, case, officer, told, unit_code=unit_code)


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"reject": refuse, "rejectfor": choose, "rejectgo": send}
STEPS: dict[str, Handler] = {REFUSE: add_words}
