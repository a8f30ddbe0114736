"""`/lapnhom`: group chats of leaders and chairs, bound to a scope, with the members that belong there."""

from handlers import texts
from handlers.turn import Handler, Turn


async def take_change(turn: Turn) -> bool:
    """Deal with what happened to a group or to somebody in it; False when the message is none of that."""
    if turn.message.joined:
        turn.say(texts.group_welcome(city=turn.city.name))
    return turn.message.joined


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
