"""Cases in groups: put there by a leader, shown to whoever names their code, opened in private."""

import re

from handlers import access, case_at_hand, group_cards, group_scope, texts
from handlers.channel import Address, Button
from handlers.turn import Handler, Turn
from routing.tracking_code import parse_code
from storage import cases, chats, groups
from storage.cases import Case
from storage.groups import Group

_CODE = re.compile(r"(?<![\w-])[A-Za-z]{2,4}-[0-9A-Za-z]{4}-[0-9A-Za-z]{4}(?![\w-])")


async def fitting(turn: Turn, case: Case) -> list[Group]:
    """Return the groups into which the writer may put a case: those they are in that may see it."""
    if not turn.person.roles & {"leader", "chair"} or not group_scope.may_be_shown(turn.city, case):
        return []
    found = await groups.groups_of_person(turn.transaction, turn.person.id)
    return [
        group
        for group in found
        if group.status == groups.ACTIVE
        and group.bound_at is not None
        and group_scope.shows(turn.city, group, case)
    ]


async def put_buttons(turn: Turn, case: Case) -> list[list[Button]]:
    """Return the button that puts a case into a group; none without a fitting one."""
    if turn.chat.group or not await fitting(turn, case):
        return []
    return [[Button(label=texts.label_group_put(), data=f"gput:{case.code}")]]


async def put(turn: Turn, argument: str) -> None:
    """Put a case into a group, which is asked for where several fit: `CODE` or `CODE:group`."""
    code, _, number = argument.partition(":")
    found = await case_at_hand.case_for(turn, code, "see")
    if found is None:
        return
    case = found[0]
    possible = await fitting(turn, case)
    chosen = [group for group in possible if not number or str(group.id) == number]
    if not chosen:
        turn.say(texts.group_none_fits(code=case.code))
    elif len(chosen) > 1:
        rows = [[Button(label=group.title, data=f"gput:{case.code}:{group.id}")] for group in chosen]
        turn.say(texts.group_put_where(code=case.code), buttons=rows)
    else:
        await _put(turn, case, chosen[0])


async def _put(turn: Turn, case: Case, group: Group) -> None:
    card = group_cards.group_card(turn.city, case, now=turn.now)
    await group_cards.post_to_group(
        turn.transaction,
        group,
        card,
        case=case,
        title=group_cards.topic_title(turn.city, case),
        now=turn.now,
        dedupe_key=f"put:{group.id}:{case.id}:{turn.now:%Y-%m-%dT%H:%M}",  # a double tap is one
    )
    turn.say(texts.group_put_done(code=case.code, title=group.title), case_id=case.id)


async def take_code(turn: Turn, group: Group) -> bool:
    """Show the case whose code somebody names in a group, if they and the group may see it.

    Any other code gets the same answer, whether there is such a case or not. False without a code.
    """
    written = _CODE.search(turn.message.text)
    code = parse_code(written.group() if written else turn.message.text)
    if written is None and code is None:
        return False
    case = await cases.get_case(turn.transaction, code) if code else None
    if case is None or not _may_see(turn, group, case):
        turn.say(texts.group_no_such_case())
        return True
    card = group_cards.group_card(turn.city, case, now=turn.now)
    turn.say(card.text, buttons=card.buttons, case_id=case.id)
    return True


def _may_see(turn: Turn, group: Group, case: Case) -> bool:
    seen = access.post_for(turn.person, turn.city, "see", case) is not None
    return seen and group_scope.shows(turn.city, group, case)


async def open_privately(turn: Turn, argument: str) -> None:
    """Send whoever pressed this in a group the whole card, in their private chat."""
    from handlers import casework  # it imports this module

    code = parse_code(argument)
    case = await cases.get_case(turn.transaction, code) if code else None
    if case is None or access.post_for(turn.person, turn.city, "see", case) is None:
        turn.say(texts.group_no_such_case())
        return
    known = (await groups.accounts_in(turn.transaction, turn.chat.channel, [turn.person.id])).get(
        turn.person.id
    )
    address = (turn.chat.channel, known.chat) if known and known.chat else None
    address = address or (await chats.addresses_of(turn.transaction, [turn.person.id])).get(turn.person.id)
    if address is None:
        turn.say(texts.group_write_me_first())
        return
    card = await casework.card_for(turn, case)
    turn.tell(Address(*address), card, case_id=case.id)


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"gput": put, "gopen": open_privately}
STEPS: dict[str, Handler] = {}
GROUP_BUTTONS = ("gopen",)
