"""Giving a case to somebody else: handing it to another unit, or back to the dispatchers with a reason."""

from collections.abc import Sequence

from handlers import access, cards, case_at_hand, progress, texts, unit_search, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.organisation import Unit
from routing.workflow import Action
from storage.cases import Case

HAND, GIVE_BACK = f"{writing.PREFIX}hand", f"{writing.PREFIX}return"


# ── to another unit ──────────────────────────────────────────────────────────────────────────────


async def hand_over(turn: Turn, argument: str) -> None:
    """Offer the units that a case may go to."""
    found = await case_at_hand.ready_for(turn, argument, Action.HAND_OVER)
    if found is None:
        return
    case, _ = found
    if writing.begin(turn, HAND, case.code) is None:
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
    return [*([button] for button in buttons if cards.fits(button.data)), [writing.drop_button(case.code)]]


async def find_unit(turn: Turn, argument: str) -> None:
    """Find the unit whose name was typed."""
    written = writing.writing_in(turn, HAND)
    found = await case_at_hand.ready_for(turn, written.code, Action.HAND_OVER) if written else None
    if written is None:
        turn.say(texts.draft_gone())
    if found is not None:
        await offer_named(turn, found[0], "handto")


async def offer_named(turn: Turn, case: Case, action: str) -> None:
    """Offer the units with a name like the one in this message."""
    query = turn.message.text.strip()
    if not query:
        turn.say(texts.words_please(), buttons=[[writing.drop_button(case.code)]])
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
    found = await case_at_hand.ready_for(turn, code, Action.HAND_OVER)
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
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.HAND_OVER, post, {"was": case.unit_code, "unit": unit_code})
    unit = cards.unit_name(turn.city, unit_code)
    turn.say(texts.handed_over(code=case.code, unit=unit, due_at=case.due_at))
    news = texts.case_handed_over(code=case.code, unit=unit, due_at=case.due_at)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now, note=texts.came_from(unit=was))


# ── back to the dispatchers ──────────────────────────────────────────────────────────────────────


async def give_back(turn: Turn, argument: str) -> None:
    """Ask why a case is given back."""
    found = await case_at_hand.ready_for(turn, argument, Action.RETURN)
    if found is None:
        return
    case, _ = found
    if writing.begin(turn, GIVE_BACK, case.code) is None:
        return
    reasons = [
        [Button(label=reason, data=f"giveto:{case.code}:{key}")]
        for key, reason in texts.RETURN_REASONS.items()
    ]
    turn.say(texts.choose_return_reason(code=case.code), buttons=[*reasons, [writing.drop_button(case.code)]])


async def give_back_because(turn: Turn, argument: str) -> None:
    """Give a case back for a reason from the list."""
    code, _, key = argument.partition(":")
    if key not in texts.RETURN_REASONS:
        turn.say(texts.stale_button())
        return
    await _return(turn, code, texts.RETURN_REASONS[key])


async def write_reason(turn: Turn, argument: str) -> None:
    """Give a case back for the reason that was typed."""
    written = writing.writing_in(turn, GIVE_BACK)
    reason = turn.message.text.strip()[: writing.LONGEST_REASON]
    if written is None:
        turn.say(texts.draft_gone())
    elif not reason:
        turn.say(texts.words_please(), buttons=[[writing.drop_button(written.code)]])
    else:
        await _return(turn, written.code, reason)


async def _return(turn: Turn, code: str, reason: str) -> None:
    found = await case_at_hand.ready_for(turn, code, Action.RETURN)
    if found is None:
        return
    case, post = found
    unit = cards.unit_name(turn.city, case.unit_code)
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, Action.RETURN, post, {"reason": reason, "unit": case.unit_code})
    turn.say(texts.returned(code=case.code))
    news = texts.case_returned(code=case.code, unit=unit)
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now)


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {
    "hand": hand_over,
    "handto": hand_to,
    "giveback": give_back,
    "giveto": give_back_because,
}
STEPS: dict[str, Handler] = {HAND: find_unit, GIVE_BACK: write_reason}
