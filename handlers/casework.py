"""An official's daily work: the cards of cases, taking one up, going on without a reply."""

from handlers import (
    appointing,
    approving,
    cards,
    case_at_hand,
    duplicates,
    extending,
    group_putting,
    progress,
    texts,
    viewing,
    worklist,
)
from handlers.channel import Button, OutboundMessage
from handlers.turn import Handler, Turn
from routing.workflow import OPEN_STATUSES, Action
from storage import cases, ledger, people
from storage.cases import Case

# ── taking up ────────────────────────────────────────────────────────────────────────────────────


async def accept(turn: Turn, argument: str) -> None:
    """Take a case up: the unit has begun, and the citizen hears of it."""
    found = await case_at_hand.ready_for(turn, argument, Action.ACCEPT)
    if found is None:
        return
    case, post = found
    if case.officer_id not in (None, turn.person.id):
        await appointing.ask_take_over(turn, case)
        return
    await case_at_hand.move(turn, case, Action.ACCEPT, post)
    turn.say(
        texts.accepted(code=case.code, due_at=case.due_at),
        buttons=case_at_hand.buttons(turn, case),
        case_id=case.id,
    )
    unit = cards.unit_name(turn.city, case.unit_code)
    news = texts.case_accepted(code=case.code, unit=unit, due_at=case.due_at)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)


async def stop_waiting(turn: Turn, argument: str) -> None:
    """Go on without the citizen's reply."""
    found = await case_at_hand.ready_for(turn, argument, Action.STOP_WAITING)
    if found is None:
        return
    case, post = found
    await case_at_hand.move(turn, case, Action.STOP_WAITING, post)
    turn.say(
        texts.waiting_ended(code=case.code, due_at=case.due_at),
        buttons=case_at_hand.buttons(turn, case),
        case_id=case.id,
    )


# ── looking ──────────────────────────────────────────────────────────────────────────────────────


async def work(turn: Turn, argument: str) -> None:
    """`/viec`: the open cases of the writer's units; `/viec CODE`: the card of one."""
    if argument.strip():
        await show_card(turn, argument)
    else:
        await worklist.show_page(turn, "")


async def show_card(turn: Turn, argument: str) -> None:
    """Show the card of one case, with all that was said about it and what the reader may do."""
    found = await case_at_hand.case_for(turn, argument, "see")
    if found is not None:
        await viewing.note(turn, found[0])
        card = await card_for(turn, found[0])
        turn.tell(turn.address, card, case_id=found[0].id)


async def card_for(turn: Turn, case: Case) -> OutboundMessage:
    """Return a case's card as the writer may see it, with the buttons that are theirs."""
    knows = case_at_hand.knows_reporter(turn, case)
    person = await people.get_person(turn.transaction, case.reporter_id, now=turn.now) if knows else None
    note, likely = await duplicates.offer(turn, case)
    events = await ledger.events_of(turn.transaction, case.id)
    return cards.card(
        turn.city,
        case,
        now=turn.now,
        photos=await cases.photos_of(turn.transaction, case.id, "report"),
        reporter=cards.reporter(person) if person else "",
        hides=not knows,
        note=await case_at_hand.note_for(turn, case, note, await _standing_note(turn, case)),
        events=events,
        actions=case_at_hand.actions(turn, case),
        first=_waiting(turn, case),
        rest=[*likely, *await group_putting.put_buttons(turn, case)],
    )


def _waiting(turn: Turn, case: Case) -> list[list[Button]]:
    """Return the buttons for what waits for the reader: decisions, and a case that is somebody else's."""
    decisions = [*approving.decision_buttons(turn, case), *extending.decision_buttons(turn, case)]
    return [*decisions, *_take_over(turn, case)]


async def _standing_note(turn: Turn, case: Case) -> str:
    """Say who does a case, and which extension of it waits."""
    return "\n".join(
        line
        for line in (
            await _handled_by(turn, case),
            await approving.pending(turn, case),
            extending.pending(turn.city, case),
        )
        if line
    )


async def _handled_by(turn: Turn, case: Case) -> str:
    if case.officer_id is None or case.status not in OPEN_STATUSES:
        return ""
    if case.officer_id == turn.person.id:
        return texts.handled_by_you()
    officer = await people.get_person(turn.transaction, case.officer_id, now=turn.now)
    return texts.handled_by(name=officer.name if officer else "")


def _take_over(turn: Turn, case: Case) -> list[list[Button]]:
    """Return the button to take over what a colleague does, or who has left; the chair appoints instead."""
    actions = case_at_hand.actions(turn, case)
    if case.officer_id == turn.person.id or Action.TAKE_OVER not in actions or Action.APPOINT in actions:
        return []
    return case_at_hand.take_over_button(turn, case)


async def show_more(turn: Turn, argument: str) -> None:
    """Show everything that the writer may do to a case."""
    found = await case_at_hand.case_for(turn, argument, "see")
    if found is None:
        return
    case = found[0]
    _, likely = await duplicates.offer(turn, case)
    own = cards.all_buttons(case, case_at_hand.actions(turn, case))
    rows = [*_waiting(turn, case), *own, *likely]
    turn.say(texts.all_actions(code=case.code), buttons=rows, case_id=case.id)


async def show_text(turn: Turn, argument: str) -> None:
    """Show a long report in full."""
    found = await case_at_hand.case_for(turn, argument, "see")
    if found is not None:
        case = found[0]
        await viewing.note(turn, case)
        words = cards.shown(case, case.text, hides=not case_at_hand.knows_reporter(turn, case))
        turn.say(texts.whole_text(code=case.code, text=words), case_id=case.id)


COMMANDS: dict[str, Handler] = {"/viec": work}
BUTTONS: dict[str, Handler] = {
    "accept": accept,
    "resume": stop_waiting,
    "card": show_card,
    "more": show_more,
    "fulltext": show_text,
}
STEPS: dict[str, Handler] = {}
