"""An official's daily work: the list of open cases, their cards, taking one up."""

from dataclasses import replace

from handlers import access, cards, case_at_hand, duplicates, progress, texts
from handlers.channel import Button, OutboundMessage
from handlers.turn import Handler, Turn
from routing import deadline
from routing.workflow import Action
from storage import cases, ledger, people
from storage.cases import Case

PAGE = 5
"""Cases on one page of the list."""


# ── taking up ────────────────────────────────────────────────────────────────────────────────────


async def accept(turn: Turn, argument: str) -> None:
    """Take a case up: the unit has begun, and the citizen hears of it."""
    found = await case_at_hand.ready_for(turn, argument, Action.ACCEPT)
    if found is None:
        return
    case, post = found
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
        await show_page(turn, "0")


async def show_page(turn: Turn, argument: str) -> None:
    """List one page of the open cases, the most pressing first."""
    codes = access.units_for_work(turn.person)
    if turn.chat.group or not codes:
        official = bool(turn.person.posts)
        turn.say(texts.only_in_private() if turn.chat.group else texts.not_an_official(official=official))
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
        people=case.people_count,
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
    found = await case_at_hand.case_for(turn, argument, "see")
    if found is not None:
        card = await card_for(turn, found[0])
        turn.tell(turn.address, card, case_id=found[0].id)


async def card_for(turn: Turn, case: Case) -> OutboundMessage:
    """Return a case's card as the writer may see it, with the buttons that are theirs."""
    knows = access.post_for(turn.person, turn.city, "see_reporter", case) is not None
    person = await people.get_person(turn.transaction, case.reporter_id, now=turn.now) if knows else None
    note, rows = await duplicates.offer(turn, case)
    card = cards.card(
        turn.city,
        case,
        now=turn.now,
        photos=await cases.photos_of(turn.transaction, case.id, "report"),
        reporter=cards.reporter(person) if person else "",
        note=note,
        events=await ledger.events_of(turn.transaction, case.id),
        actions=case_at_hand.actions(turn, case),
    )
    return replace(card, buttons=(*card.buttons, *(tuple(row) for row in rows)))


async def show_text(turn: Turn, argument: str) -> None:
    """Show a long report in full."""
    found = await case_at_hand.case_for(turn, argument, "see")
    if found is not None:
        turn.say(
            texts.whole_text(code=found[0].code, text=cards.shown(found[0], found[0].text)),
            case_id=found[0].id,
        )


COMMANDS: dict[str, Handler] = {"/viec": work}
BUTTONS: dict[str, Handler] = {
    "accept": accept,
    "resume": stop_waiting,
    "work": show_page,
    "card": show_card,
    "fulltext": show_text,
}
STEPS: dict[str, Handler] = {}
