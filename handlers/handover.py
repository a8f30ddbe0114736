"""Giving a case to somebody else: handing it to another unit, or back with a reason.

A case that came by a hand-over goes back to the unit that it came from when it is returned for the first
time; every other return leads to the dispatchers, who read all reasons.
"""

from collections.abc import Sequence

from handlers import access, cards, case_at_hand, progress, texts, unit_search, way, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.organisation import Unit
from routing.workflow import Action
from storage import ledger
from storage.cases import Case
from storage.people import Post

HAND, NOTE, GIVE_BACK = (f"{writing.PREFIX}{step}" for step in ("hand", "handnote", "return"))
INVOLVED = "involved"
"""The reason that never leads back to a unit: the report is about its own officials."""
MOST_BELOW = 4
"""How many units directly below are offered at once; where there are more, the one of the place is."""


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
        buttons=[*_neighbour_buttons(turn, case), *unit_buttons(turn, case, _others(turn, case), "handto")],
        case_id=case.id,
    )


def _neighbours(turn: Turn, case: Case) -> tuple[Unit | None, list[Unit]]:
    """Return the unit directly above the one that has a case, and those directly below that may get it."""
    possible = unit_search.possible(turn.city, case, turn.now)
    present = turn.city.units.get(case.unit_code or "")
    above = possible.get(present.parent or "") if present else None
    below = [unit for unit in turn.city.children(present.code) if unit.code in possible] if present else []
    ward = turn.city.ward_unit(case.ward_code) if case.ward_code else None
    if len(below) > MOST_BELOW:
        below = [unit for unit in below if ward is not None and unit.code == ward.code]
    return above, below


def _neighbour_buttons(turn: Turn, case: Case) -> list[list[Button]]:
    above, below = _neighbours(turn, case)
    named = [(unit, texts.unit_below(unit=unit_search.label(turn.city, unit))) for unit in below]
    named += [(above, texts.unit_above(unit=unit_search.label(turn.city, above)))] if above else []
    buttons = [Button(label=label, data=f"handto:{case.code}:{unit.code}") for unit, label in named]
    return [[button] for button in buttons if cards.fits(button.data)]


def _others(turn: Turn, case: Case) -> list[Unit]:
    above, below = _neighbours(turn, case)
    likely = unit_search.likely(turn.city, case, turn.now)
    return [unit for unit in likely if unit not in (above, *below)]


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
    """Ask for a word to the chosen unit; warn where it gave this case away before: `CODE:unit`."""
    found = await _to_unit(turn, argument)
    if found is None:
        return
    case, _, unit_code = found
    if writing.begin(turn, NOTE, case.code, unit_code) is None:
        return
    left = way.left_before(await ledger.events_of(turn.transaction, case.id), unit_code)
    unit = cards.unit_name(turn.city, unit_code)
    before = texts.goes_round(unit=unit, at=left.at, reason=left.reason) if left else ""
    text = texts.confirm_hand_over(code=case.code, unit=unit, due_at=case.due_at, before=before)
    rows = [[Button(label=texts.label_hand_now(), data=f"handnow:{case.code}:{unit_code}")]]
    if left and access.post_for(turn.person, turn.city, Action.RETURN, case):
        rows.append([Button(label=texts.label_ask_dispatch(), data=f"handask:{case.code}")])
    rows = [row for row in rows if cards.fits(row[0].data)]
    turn.say(text, buttons=[*rows, [writing.drop_button(case.code)]], case_id=case.id)


async def _to_unit(turn: Turn, argument: str) -> tuple[Case, Post, str] | None:
    """Return a case, the post that may hand it over and the unit that it may go to; otherwise say why not."""
    code, _, unit_code = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.HAND_OVER)
    if found is None:
        return None
    case, post = found
    if unit_code == case.unit_code:
        turn.say(texts.same_unit(code=case.code, unit=cards.unit_name(turn.city, unit_code)))
    elif unit_code not in unit_search.possible(turn.city, case, turn.now):
        turn.say(texts.unit_not_possible(code=case.code))
    else:
        return case, post, unit_code
    return None


async def hand_now(turn: Turn, argument: str) -> None:
    """Hand a case over without a word: `CODE:unit`."""
    await _hand_over(turn, argument, "")


async def hand_with_note(turn: Turn, reason: str) -> None:
    """Hand a case over with the words that were typed."""
    written = writing.writing_in(turn, NOTE)
    if written is not None:
        await _hand_over(turn, f"{written.code}:{written.choice}", reason)


async def _hand_over(turn: Turn, argument: str, note: str) -> None:
    """Hand a case to another unit; the deadline stays."""
    found = await _to_unit(turn, argument)
    if found is None:
        return
    case, post, unit_code = found
    writing.finish(turn, case.code)
    await give_to(turn, case, post, unit_code, note=note)
    unit = cards.unit_name(turn.city, unit_code)
    turn.say(texts.handed_over(code=case.code, unit=unit, due_at=case.due_at))


async def give_to(turn: Turn, case: Case, post: Post, unit_code: str, *, note: str) -> None:
    """Bring a case to another unit and tell whoever is concerned; the deadline stays."""
    was, officer = case.unit_code, case.officer_id
    data = {"was": was, "unit": unit_code, **({"note": note} if note else {})}
    await case_at_hand.move(turn, case, Action.HAND_OVER, post, data)
    unit = cards.unit_name(turn.city, unit_code)
    news = texts.case_handed_over(code=case.code, unit=unit, due_at=case.due_at)
    await _tell_reporter(turn, case, news)
    came_from = texts.came_from_because(unit=cards.unit_name(turn.city, was), reason=note)
    await _announce(turn, case, came_from)
    told = texts.handed_away(code=case.code, unit=unit)
    if post.unit_code == was:
        await case_at_hand.tell_officer(turn, case, officer, told, unit_code=was)
    else:
        await case_at_hand.tell_unit_before(turn, case, was, told)


async def _tell_reporter(turn: Turn, case: Case, news: str) -> None:
    await progress.tell_reporter(turn.transaction, case, news, now=turn.now)


async def _announce(turn: Turn, case: Case, line: str) -> None:
    note = await case_at_hand.note_for(turn, case, line)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now, note=note)


# ── back ─────────────────────────────────────────────────────────────────────────────────────────


async def give_back(turn: Turn, argument: str) -> None:
    """Ask why a case is given back, and say where it goes."""
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
    back_to = cards.unit_name(turn.city, await _back_to(turn, case))
    turn.say(
        texts.why_return(code=case.code, back_to=back_to),
        buttons=[*reasons, [writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def _back_to(turn: Turn, case: Case) -> str | None:
    """Return the unit that a returned case goes back to, None for the dispatchers."""
    code = way.goes_back_to(await ledger.events_of(turn.transaction, case.id), case)
    return code if code in unit_search.possible(turn.city, case, turn.now) else None


async def give_back_because(turn: Turn, argument: str) -> None:
    """Give a case back for a reason from the list."""
    code, _, key = argument.partition(":")
    if key not in texts.RETURN_REASONS:
        turn.say(texts.stale_button())
        return
    await _return(turn, code, texts.RETURN_REASONS[key], to_dispatchers=key == INVOLVED)


async def give_back_for(turn: Turn, reason: str) -> None:
    """Give a case back for the reason that was typed."""
    await _return(turn, writing.code_at_work(turn), reason)


async def ask_dispatch(turn: Turn, argument: str) -> None:
    """Let the dispatchers choose where units hand a case to and fro."""
    found = await case_at_hand.ready_for(turn, argument, Action.RETURN)
    if found is None:
        return
    case, _ = found
    passed = way.units_passed(await ledger.events_of(turn.transaction, case.id))
    if len(passed) < 2:
        turn.say(texts.stale_button())
        return
    names = [cards.unit_name(turn.city, code) for code in passed]
    await _return(turn, case.code, texts.sent_round(units=names), to_dispatchers=True)


async def _return(turn: Turn, code: str, reason: str, *, to_dispatchers: bool = False) -> None:
    found = await case_at_hand.ready_for(turn, code, Action.RETURN)
    if found is None:
        return
    case, post = found
    was, officer = case.unit_code, case.officer_id
    back_to = None if to_dispatchers else await _back_to(turn, case)
    writing.finish(turn, case.code)
    data = {"reason": reason, **({"back_to": back_to} if back_to else {})}
    await case_at_hand.move(turn, case, Action.RETURN, post, data)
    unit = cards.unit_name(turn.city, was)
    if back_to:
        await _say_back_with(turn, case, unit, reason)
    else:
        turn.say(texts.returned(code=case.code))
        await _tell_reporter(turn, case, texts.case_returned(code=case.code, unit=unit))
        await progress.announce(turn.transaction, turn.city, case, now=turn.now)
    told = texts.returned(code=case.code)
    if back_to:
        told = texts.handed_away(code=case.code, unit=cards.unit_name(turn.city, back_to))
    await case_at_hand.tell_officer(turn, case, officer, told, unit_code=was)


async def _say_back_with(turn: Turn, case: Case, unit: str, reason: str) -> None:
    """Tell everybody that the unit from before has the case again."""
    back_to = cards.unit_name(turn.city, case.unit_code)
    turn.say(texts.returned_to(code=case.code, unit=back_to, due_at=case.due_at))
    news = texts.case_back_with(code=case.code, unit=back_to, due_at=case.due_at)
    await _tell_reporter(turn, case, news)
    await _announce(turn, case, texts.came_back(unit=unit, reason=reason))


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {
    "hand": hand_over,
    "handto": hand_to,
    "handnow": hand_now,
    "handask": ask_dispatch,
    "giveback": give_back,
    "giveto": give_back_because,
}
STEPS: dict[str, Handler] = {
    HAND: find_unit,
    NOTE: writing.take_reason,
    GIVE_BACK: writing.take_reason,
}
REASONS: dict[str, Handler] = {NOTE: hand_with_note, GIVE_BACK: give_back_for}
