"""What leaders and chairs order of units in ordinary words, what units report on it, and who has not yet.

`giving` understands an order and lets it count, `reporting` is the unit's part, `directive_reminders` the
clock's.
"""

from handlers import access, cards, directive_cards, giving, reporting, texts
from handlers.channel import Button, OutboundMessage
from handlers.directive_cards import about, giver_name, name_of, number_in
from handlers.turn import Handler, Turn
from routing.tracking_code import parse_code
from storage import cases, directives
from storage.cases import Case
from storage.directives import Counts, Directive, Listed

LINES = 10
"""How many orders a list shows at once."""
BUTTONS_IN_A_ROW = 5
_STANDINGS = ("", "given", "seen", "done", "overdue")


async def take(turn: Turn) -> bool:
    """Take an order, or a unit's word on one, in a person's own words; False when the message is neither."""
    if not turn.person.posts:
        return False
    if turn.message.reply_to:
        number = await directives.directive_of_message(
            turn.transaction,
            channel=turn.chat.channel,
            chat=turn.chat.chat,
            message_id=turn.message.reply_to,
            actions=(*reporting.ACTIONS, "dsend"),
        )
        if number is not None and await reporting.take_reply(turn, number):
            return True
    return await giving.take(turn)


# ── lists ────────────────────────────────────────────────────────────────────────────────────────


async def show(turn: Turn, argument: str) -> None:
    """List orders, those that are open first; with a number one of them, with a code those on a case."""
    code = parse_code(argument)
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif not turn.person.posts:
        turn.say(texts.not_an_official(official=False))
    elif code is not None:
        await _list_of_case(turn, code)
    elif argument.strip():
        await show_one(turn, argument.strip())
    else:
        await _list(turn, given=_gives(turn), which="", offset=0)


def _gives(turn: Turn) -> bool:
    """Tell whether a person is shown first what they ordered: leaders, and who answers for no unit."""
    return "leader" in turn.person.roles or not access.units_for_work(turn.person)


async def show_list(turn: Turn, argument: str) -> None:
    """List some of the orders: `given or received:which:offset`."""
    side, which, offset = (*argument.split(":"), "", "")[:3]
    if side not in ("given", "received") or which not in _STANDINGS or turn.chat.group:
        turn.say(texts.only_in_private() if turn.chat.group else texts.stale_button())
        return
    begin = int(offset) // LINES * LINES if offset.isascii() and offset.isdecimal() and len(offset) < 7 else 0
    await _list(turn, given=side == "given", which=which, offset=begin)


async def _list(turn: Turn, *, given: bool, which: str, offset: int) -> None:
    transaction, now = turn.transaction, turn.now
    units = _with_former(turn, access.units_for_work(turn.person))
    if given:
        counts = await directives.count_given(transaction, turn.person.id, now=now)
        listed = await directives.directives_given(
            transaction, turn.person.id, which=which, now=now, limit=LINES, offset=offset
        )
    else:
        counts = await directives.count_received(transaction, units, now=now)
        listed = await directives.directives_received(
            transaction, units, which=which, now=now, limit=LINES, offset=offset
        )
    heading = texts.directives_heading(
        given=given, open=counts.given, seen=counts.seen, done=counts.done, overdue=counts.overdue
    )
    lines = [_line(turn, number, each) for number, each in enumerate(listed, start=offset + 1)]
    text = "\n".join([heading, *lines]) if listed else texts.no_directives(given=given)
    side = "given" if given else "received"
    rows = _open_buttons(listed, offset) + _narrow_buttons(counts, side, which)
    rows += _page_buttons(counts, side, which, offset)
    if units and (turn.person.roles & giving.DIRECTORS):
        other = "received" if given else "given"
        rows.append([Button(label=texts.label_directives_side(given=not given), data=f"dlist:{other}::0")])
    turn.say(text, buttons=rows)


def _with_former(turn: Turn, units: tuple[str, ...]) -> tuple[str, ...]:
    """Return units with those whose work they took over: what was ordered of them is theirs to read."""
    city = turn.city
    gone = (code for code in city.units if not city.is_valid(code))
    return (*units, *(code for code in gone if city.heir(code) in units)) if units else ()


def _line(turn: Turn, number: int, listed: Listed) -> str:
    return texts.directive_line(
        number=number,
        kind=listed.kind,
        unit=cards.unit_name(turn.city, listed.unit_code),
        about=listed.code or texts.excerpt(listed.text, 60),
        status=listed.status,
        due_at=listed.due_at,
        overdue=listed.is_overdue(turn.now),
    )


def _open_buttons(listed: list[Listed], offset: int) -> list[list[Button]]:
    buttons = [
        Button(label=texts.label_directive_open(number=number), data=f"dshow:{each.id}")
        for number, each in enumerate(listed, start=offset + 1)
    ]
    return [buttons[start : start + BUTTONS_IN_A_ROW] for start in range(0, len(buttons), BUTTONS_IN_A_ROW)]


def _narrow_buttons(counts: Counts, side: str, which: str) -> list[list[Button]]:
    """Offer to see only some, where there are any and not all of them are so."""
    counted = {name: _count(counts, name) for name in _STANDINGS}
    buttons = [
        Button(label=texts.label_directive_list(which=name, count=count), data=f"dlist:{side}:{name}:0")
        for name, count in counted.items()
        if count and name != which and (which or count != counted[""])
    ]
    return [buttons[:3], buttons[3:]] if len(buttons) > 3 else [buttons] * bool(buttons)


def _count(counts: Counts, which: str) -> int:
    if which == "":
        return counts.given + counts.seen + counts.done
    return int(getattr(counts, which))


def _page_buttons(counts: Counts, side: str, which: str, offset: int) -> list[list[Button]]:
    row = []
    if offset:
        row.append(
            Button(label=texts.label_previous(), data=f"dlist:{side}:{which}:{max(0, offset - LINES)}")
        )
    if _count(counts, which) > offset + LINES:
        row.append(Button(label=texts.label_more(), data=f"dlist:{side}:{which}:{offset + LINES}"))
    return [row] if row else []


async def _list_of_case(turn: Turn, code: str) -> None:
    case = await cases.get_case(turn.transaction, code)
    if case is None or access.post_for(turn.person, turn.city, "see", case) is None:
        turn.say(texts.case_not_yours())
        return
    found = await directives.directives_of_case(turn.transaction, case.id)
    given = [each for each in found if each.given_at is not None][-LINES:]
    if not given:
        turn.say(texts.no_directives(given=_gives(turn)), case_id=case.id)
        return
    lines = [_line_of(turn, number, each, case) for number, each in enumerate(given, start=1)]
    buttons = [
        Button(label=texts.label_directive_open(number=number), data=f"dshow:{each.id}")
        for number, each in enumerate(given, start=1)
    ]
    rows = [buttons[start : start + BUTTONS_IN_A_ROW] for start in range(0, len(buttons), BUTTONS_IN_A_ROW)]
    turn.say("\n".join(lines), buttons=rows, case_id=case.id)


def _line_of(turn: Turn, number: int, directive: Directive, case: Case) -> str:
    return texts.directive_line(
        number=number,
        kind=directive.kind,
        unit=cards.unit_name(turn.city, directive.unit_code),
        about=case.code,
        status=directive.status,
        due_at=directive.due_at,
        overdue=_is_overdue(turn, directive),
    )


def _is_overdue(turn: Turn, directive: Directive) -> bool:
    waits = directive.status in (directives.GIVEN, directives.SEEN)
    return waits and directive.due_at is not None and directive.due_at < turn.now


# ── the record of one ────────────────────────────────────────────────────────────────────────────


async def show_one(turn: Turn, argument: str) -> None:
    """Show all that became of an order: its number."""
    directive = await directives.get_directive(turn.transaction, number_in(argument))
    if turn.chat.group or directive is None or not _may_read(turn, directive):
        turn.say(texts.only_in_private() if turn.chat.group else texts.directive_gone())
        return
    case = await cases.get_case_by_id(turn.transaction, directive.case_id) if directive.case_id else None
    events = await directives.events_of_directive(turn.transaction, directive.id)
    names = {
        person: await name_of(turn.transaction, person, turn.now)
        for person in {event.actor_id for event in events} | {directive.given_by}
    }
    lines = [
        texts.directive_history(type=event.type, at=event.at, name=names.get(event.actor_id, ""))
        for event in events
    ]
    text = texts.directive_record(
        kind=directive.kind,
        unit=cards.unit_name(turn.city, directive.unit_code),
        giver=giver_name(turn.city, directive, names[directive.given_by]),
        about=about(turn.city, directive, case),
        due_at=directive.due_at,
        status=directive.status,
        overdue=_is_overdue(turn, directive),
        text=directive.text,
        report=(directive.report or "") if directive.done_at else "",
        lines=lines,
    )
    await _show_record(turn, directive, case, text)


def _may_read(turn: Turn, directive: Directive) -> bool:
    """Tell whether a person may read an order: its giver and their office, its unit, and leaders."""
    if directive.given_by == turn.person.id:
        return True
    if directive.given_at is None:
        return False
    city = turn.city
    if access.post_at(turn.person, city.heir(directive.unit_code) or directive.unit_code) is not None:
        return True
    office = (directive.given_role, city.heir(directive.given_unit) or directive.given_unit)
    return any((post.role, post.unit_code) == office or post.role == "leader" for post in turn.person.posts)


async def _show_record(turn: Turn, directive: Directive, case: Case | None, text: str) -> None:
    files = [
        kept
        for purpose in (directives.ORDER, directives.ANSWER)
        for kept in await directives.files_of_directive(turn.transaction, directive.id, purpose)
    ]
    rows = []
    if directive.status in (directives.GIVEN, directives.SEEN) and access.post_at(
        turn.person, directive.unit_code
    ):
        rows.append(directive_cards.answer_buttons(directive))
    if case is not None and access.post_for(turn.person, turn.city, "see", case) is not None:
        rows.append([Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")])
    message = OutboundMessage(text=text, buttons=tuple(map(tuple, rows)), replace=turn.message.button_message)
    turn.tell(turn.address, directive_cards.with_files(message, files), case_id=directive.case_id)


COMMANDS: dict[str, Handler] = {"/chidao": show}
BUTTONS: dict[str, Handler] = {
    **giving.BUTTONS,
    **reporting.BUTTONS,
    "dlist": show_list,
    "dshow": show_one,
}
STEPS: dict[str, Handler] = reporting.STEPS
GROUP_BUTTONS = tuple({**giving.BUTTONS, **reporting.BUTTONS})
"""Each of them asks who presses it, so that a group can use them."""
