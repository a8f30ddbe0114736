"""Group chats of leaders and chairs: what is theirs, and what happens to them and to whoever is in them."""

import re

from handlers import group_binding, group_joining, texts
from handlers.group_scope import may_be_shown, reaches, scope_of, shows, takes_part
from handlers.turn import Handler, Turn
from storage import chats, groups
from storage.groups import Group

__all__ = [
    "group_here",
    "may_be_shown",
    "moved",
    "reaches",
    "say_to_outsider",
    "scope_of",
    "shows",
    "take_change",
    "takes_part",
]

_START = re.compile(r"^/start(?:@\w+)?\s+(\S+)\s*$", re.IGNORECASE)


async def group_here(turn: Turn) -> Group | None:
    """Return the group that this turn's chat is; None in any chat that is bound to nothing."""
    if not turn.chat.group:
        return None
    return await groups.group_of(turn.transaction, turn.chat.channel, turn.chat.chat)


async def take_change(turn: Turn) -> bool:
    """Deal with what happened to a group or to somebody in it; False when the message is none of that."""
    message = turn.message
    if word := _START.match(message.text):
        await _bind(turn, word[1])
        return True
    group = await group_here(turn)
    if message.left or (message.rights is not None and not message.rights.member):
        await _gone(turn, group)
        return True
    if group is None:
        return _greet(turn)
    await _note_title(turn, group)
    if group.status == groups.LOST and message.rights is None:
        await group_binding.found(turn.transaction, group, now=turn.now)
        group_binding.check(turn.transaction, group, now=turn.now)
    if message.rights is not None:
        await group_binding.take_rights(turn.transaction, turn.city, group, message.rights, now=turn.now)
    elif message.wants_in:
        await group_joining.take_wish(turn, group)
    elif message.member_joined:
        await group_joining.take_joined(turn, group)
    elif message.member_left:
        await group_joining.take_left(turn, group)
    return _is_change(turn)


def _is_change(turn: Turn) -> bool:
    message = turn.message
    happened = message.joined or message.wants_in or message.member_joined or message.member_left
    return happened or message.rights is not None


def _greet(turn: Turn) -> bool:
    """Say in a group that is bound to nothing who the bot is; nobody can be let into it or put out of it."""
    if turn.message.joined:
        turn.say(texts.group_welcome(city=turn.city.name))
    return _is_change(turn)


async def _bind(turn: Turn, word: str) -> None:
    if await group_binding.bind_here(turn, word):
        return
    turn.say(texts.invitation_in_group() if "-" in word else texts.group_link_stale())


async def _gone(turn: Turn, group: Group | None) -> None:
    chats.mark_unreachable(turn.transaction, turn.chat.channel, turn.chat.chat, at=turn.now)
    if group is not None:
        await group_binding.lost(turn.transaction, group, now=turn.now)


async def _note_title(turn: Turn, group: Group) -> None:
    title = turn.message.group_title[:200]
    if title and title != group.title:
        groups.set_title(turn.transaction, group.id, title)


async def moved(turn: Turn) -> None:
    """See how the bot stands in a group that has just moved."""
    channel, new = turn.chat.channel, turn.message.moved_to
    group = await groups.group_of(turn.transaction, channel, new)
    if group is not None:
        group_binding.check(turn.transaction, group, now=turn.now)


async def say_to_outsider(turn: Turn, group: Group | None) -> None:
    """Answer somebody who calls the bot in a group that is none of theirs, or none of the city's."""
    turn.say(texts.group_unbound() if group is None else texts.group_outsider(title=group.title))


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
