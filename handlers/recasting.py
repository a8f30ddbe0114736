"""A unit says that the machine took its case for another domain: corrected with two taps, and learned."""

from handlers import cards, case_at_hand, progress, texts
from handlers.channel import Button
from handlers.progress import actor_of
from handlers.turn import Handler, Turn
from routing.workflow import Action
from storage.cases import Case

_COLUMNS = 2


async def ask(turn: Turn, argument: str) -> None:
    """Ask for the right domain, the likely ones first. Whoever may give a case back may say this."""
    found = await case_at_hand.ready_for(turn, argument, Action.RETURN)
    if found is None:
        return
    case, _ = found
    buttons = [
        Button(label=cards.domain_name(turn.city, domain), data=f"recast:{case.code}:{domain}")
        for domain in _domains(turn, case)
    ]
    possible = [button for button in buttons if cards.fits(button.data)]
    rows = [possible[start : start + _COLUMNS] for start in range(0, len(possible), _COLUMNS)]
    back = Button(label=texts.label_back(), data=f"card:{case.code}")
    name = cards.domain_name(turn.city, case.domain)
    turn.say(texts.choose_right_domain(code=case.code, domain=name), buttons=[*rows, [back]], case_id=case.id)


def _domains(turn: Turn, case: Case) -> list[str]:
    """Return the domains to choose from: not restricted ones, whose cases the unit could not keep."""
    read = [each["domain"] for each in case.reading.get("candidates", ())]
    known = [domain for domain in dict.fromkeys([*read, *turn.city.domains]) if domain in turn.city.domains]
    return [domain for domain in known if domain != case.domain and not turn.city.domains[domain].restricted]


async def recast(turn: Turn, argument: str) -> None:
    """Correct the domain: `CODE:domain`. The deadline may only become shorter."""
    code, _, domain = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.RETURN)
    if found is None:
        return
    case, post = found
    if domain not in _domains(turn, case):
        turn.say(texts.stale_button())
        return
    actor = actor_of(turn.person.id, post)
    await progress.correct_domain(turn.transaction, turn.city, case, domain, actor=actor, now=turn.now)
    _say_corrected(turn, case)


def _say_corrected(turn: Turn, case: Case) -> None:
    """Confirm, and offer to hand the case over where another unit answers for the new domain."""
    name = cards.domain_name(turn.city, case.domain)
    unit = progress.responsible(turn.city, case).unit
    if unit is None or unit.code == case.unit_code:
        text = texts.domain_corrected(code=case.code, domain=name, due_at=case.due_at)
        turn.say(text, buttons=case_at_hand.buttons(turn, case), case_id=case.id)
        return
    text = texts.domain_corrected_elsewhere(code=case.code, domain=name, unit=unit.name, due_at=case.due_at)
    hand = Button(label=texts.label_hand_to(unit=unit.name), data=f"handnow:{case.code}:{unit.code}")
    keep = Button(label=texts.label_keep_case(), data=f"card:{case.code}")
    rows = [[hand]] if cards.fits(hand.data) else []
    turn.say(text, buttons=[*rows, [keep]], case_id=case.id)


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"wrong": ask, "recast": recast}
STEPS: dict[str, Handler] = {}
