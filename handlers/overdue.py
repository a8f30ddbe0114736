"""What is late within somebody's reach: the list behind a reminder that could not name everything."""

from handlers import access, cards, texts
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.escalation import Matter
from storage import reminders

PAGE = 5
_WHOLE_CITY = {"leader", "dispatcher"}


async def show_late(turn: Turn, argument: str) -> None:
    """List one page of the late cases that the writer may see, the longest overdue first."""
    units = _units(turn)
    if turn.chat.group or units == set():
        official = bool(turn.person.posts)
        turn.say(texts.only_in_private() if turn.chat.group else texts.not_an_official(official=official))
        return
    offset = int(argument) // PAGE * PAGE if argument.isascii() and argument.isdecimal() else 0
    hidden = [domain.id for domain in turn.city.domains.values() if domain.restricted]
    count, page = await reminders.late_cases(
        turn.transaction,
        now=turn.now,
        units=units,
        hidden=hidden,
        limit=PAGE,
        offset=min(offset, 1_000_000),
    )
    if not page:
        turn.say(texts.nothing_late())
        return
    lines = [_line(turn, number, case) for number, case in enumerate(page, start=offset + 1)]
    rows = [[Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")] for case in page]
    turn.say(
        texts.late_list(count=count, first=offset + 1, lines=lines),
        buttons=[*rows, *_page_buttons(offset, count)],
    )


def _units(turn: Turn) -> set[str] | None:
    """Return the codes of the units whose cases the writer may see; None for all of them."""
    if turn.person.roles & _WHOLE_CITY:
        return None
    below = (turn.city.subtree(code) for code in access.units_for_work(turn.person))
    return {code for codes in below for code in codes}


def _line(turn: Turn, number: int, case: reminders.LateCase) -> str:
    return texts.reminder_line(
        number=number,
        matter=Matter.OVERDUE,
        code=case.code,
        domain=cards.domain_name(turn.city, case.domain),
        place=texts.place_name(street=case.street, ward=None),
        unit=cards.unit_name(turn.city, case.unit_code),
        urgent=case.urgent,
        at=case.due_at,
        due_at=case.due_at,
    )


def _page_buttons(first: int, count: int) -> list[list[Button]]:
    row = []
    if first > 0:
        row.append(Button(label=texts.label_previous(), data=f"late:{max(0, first - PAGE)}"))
    if first + PAGE < count:
        row.append(Button(label=texts.label_more(), data=f"late:{first + PAGE}"))
    return [row] if row else []


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"late": show_late}
STEPS: dict[str, Handler] = {}
