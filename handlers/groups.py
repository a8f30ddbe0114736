"""Group chats of leaders and chairs: what is theirs, and what happens to them and to whoever is in them."""

from handlers import texts
from handlers.group_scope import may_be_shown, reaches, shows, takes_part
from handlers.turn import Handler, Turn
from storage import groups
from storage.groups import Group

__all__ = ["group_here", "may_be_shown", "reaches", "shows", "take_change", "takes_part"]


async def group_here(turn: Turn) -> Group | None:
    """Return the group that this turn's chat is; None in any chat that is bound to nothing."""
    if not turn.chat.group:
        return None
    return await groups.group_of(turn.transaction, turn.chat.channel, turn.chat.chat)


async def take_change(turn: Turn) -> bool:
    """Deal with what happened to a group or to somebody in it; False when the message is none of that."""
    if turn.message.joined:
        turn.say(texts.group_welcome(city=turn.city.name))
    return turn.message.joined


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
