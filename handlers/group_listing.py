"""`/nhom`: a leader's groups, who is not in them yet, and what can be done when one is in trouble."""

from dataclasses import replace
from itertools import groupby

from handlers import access, group_binding, group_members, group_telling, texts
from handlers.channel import Button
from handlers.turn import Handler, Turn
from storage import groups
from storage.groups import Group, Member

_OUTSIDE = (groups.WANTED, groups.INVITED, groups.LEFT)


async def show(turn: Turn, argument: str) -> None:
    """List the groups that the writer decides about, each with how it stands."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    found = await _groups_of(turn)
    if not found:
        can = access.unit_for_groups(turn.person, turn.city) is not None
        turn.say(texts.no_groups_yet() if can else texts.not_an_official(official=bool(turn.person.posts)))
        return
    members = await groups.members_of(turn.transaction, [group.id for group in found])
    by_group = {key: list(those) for key, those in groupby(members, lambda member: member.group_id)}
    for group in found:
        await _show(turn, group, by_group.get(group.id, []))


async def _groups_of(turn: Turn) -> list[Group]:
    made = await groups.groups_made_by(turn.transaction, turn.person.id)
    inside = await groups.groups_of_person(turn.transaction, turn.person.id)
    known = {group.id: group for group in (*made, *inside)}
    return [group for group in known.values() if await _leads(turn, group)]


async def _leads(turn: Turn, group: Group) -> bool:
    """Tell whether the writer decides about a group."""
    if access.unit_for_groups(turn.person, turn.city) is None:
        return False
    return turn.person.id in await group_telling.answerable_for(
        turn.transaction, turn.city, group, now=turn.now
    )


async def _show(turn: Turn, group: Group, members: list[Member]) -> None:
    outside = [member for member in members if member.state in _OUTSIDE]
    names = [
        texts.group_outside(
            who=await group_members.name_of(turn.transaction, turn.city, member, now=turn.now),
            state=member.state,
        )
        for member in outside
    ]
    text = texts.group_state(
        title=group.title,
        status=group.status,
        joined=sum(member.state == groups.JOINED for member in members),
        outside=names,
        rights=list(group.missing),
    )
    turn.say(text, buttons=_buttons(group, invites=bool(outside)))


def _buttons(group: Group, *, invites: bool) -> list[list[Button]]:
    rows = []
    if group.status == groups.ACTIVE and invites and group.bound_at is not None:
        rows.append([Button(label=texts.label_group_again(), data=f"gagain:{group.id}")])
    if group.status == groups.ACTIVE:
        rows.append([Button(label=texts.label_group_check(), data=f"gcheck:{group.id}")])
    else:
        rows.append([Button(label=texts.label_group_anew(), data=f"ganew:{group.id}")])
    return [*rows, [Button(label=texts.label_group_end(), data=f"gend:{group.id}")]]


async def _led(turn: Turn, argument: str, *statuses: str) -> Group | None:
    """Return the group of this number if the writer decides about it and it stands so; else say so."""
    group = await groups.get_group(turn.transaction, int(argument)) if argument.isdecimal() else None
    if turn.chat.group or group is None or group.status not in statuses or not await _leads(turn, group):
        turn.say(texts.stale_button())
        return None
    return group


async def check(turn: Turn, argument: str) -> None:
    """See again how the bot stands in a group."""
    group = await _led(turn, argument, groups.ACTIVE, groups.LOST)
    if group is not None:
        # What was missing is told again where it is missing still.
        groups.set_rights(turn.transaction, group.id, missing=(), forum=group.forum)
        group_binding.check(turn.transaction, group, now=turn.now)
        turn.say(texts.group_being_checked(title=group.title))


async def invite_again(turn: Turn, argument: str) -> None:
    """Send everybody who is not in a group a new invitation."""
    group = await _led(turn, argument, groups.ACTIVE)
    if group is None:
        return
    for member in await groups.members_of(turn.transaction, [group.id]):
        if member.state in _OUTSIDE:
            again = replace(member, state=groups.WANTED, invite=None)
            groups.save_member(turn.transaction, again, now=turn.now)
    count = await group_members.bring_in_line(turn.transaction, turn.city, group, now=turn.now)
    turn.say(texts.group_invited_again(title=group.title, count=count))


async def make_anew(turn: Turn, argument: str) -> None:
    """Have a group made once more that is gone, whose link is not used, or that never came to be."""
    group = await _led(turn, argument, groups.LOST, groups.LINKED, groups.ASKED)
    if group is None:
        return
    await groups.make_anew(turn.transaction, group.id)
    turn.say(texts.group_being_made(title=group.title))
    await group_binding.ask_for(turn.transaction, turn.city, group, asker=turn.address, now=turn.now)


async def ask_end(turn: Turn, argument: str) -> None:
    """Ask whether a group is really to be given up."""
    group = await _led(turn, argument, groups.ACTIVE, groups.LOST, groups.LINKED, groups.ASKED)
    if group is not None:
        yes = Button(label=texts.label_group_end_yes(), data=f"gendyes:{group.id}")
        turn.say(texts.group_end_sure(title=group.title), buttons=[[yes]])


async def end(turn: Turn, argument: str) -> None:
    """Give a group up: the bot says and does nothing more in it."""
    group = await _led(turn, argument, groups.ACTIVE, groups.LOST, groups.LINKED, groups.ASKED)
    if group is not None:
        groups.close_group(turn.transaction, group.id)
        turn.say(texts.group_ended(title=group.title))


COMMANDS: dict[str, Handler] = {"/nhom": show}
BUTTONS: dict[str, Handler] = {
    "gcheck": check,
    "gagain": invite_again,
    "ganew": make_anew,
    "gend": ask_end,
    "gendyes": end,
}
STEPS: dict[str, Handler] = {}
