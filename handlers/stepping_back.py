"""Somebody of the city answers a person by hand: the bot steps back in that chat until told otherwise."""

from datetime import timedelta

from handlers import texts
from handlers.channel import Button
from handlers.turn import Handler, Turn
from storage import chats

GO_ON = "/bot"
"""What either of them types so that the bot goes on."""
TALKING = timedelta(minutes=30)
"""So long after the last word written by hand the bot keeps silent; then it tells who answers."""


async def note_staff(turn: Turn) -> None:
    """Take note of what was written by hand: step back, or go on where that was the word for it."""
    over = turn.message.text.strip().casefold() == GO_ON
    chats.note_staff(turn.transaction, turn.chat, since=None if over else turn.now, now=turn.now)


async def keeps_silent(turn: Turn) -> bool:
    """Leave a message to whoever answers by hand; when they have been quiet, say how to reach the bot."""
    since = turn.chat.staff_since
    if since is None:
        return False
    if turn.now - since > TALKING:
        turn.say(texts.staff_answers(), buttons=[[Button(label=texts.label_go_on(), data="goon:")]])
    return True


async def go_on(turn: Turn, argument: str) -> None:
    """`/bot`: let the bot answer in this chat again."""
    if turn.chat.staff_since is not None:
        chats.note_staff(turn.transaction, turn.chat, since=None, now=turn.now)
    turn.say(texts.bot_goes_on())


COMMANDS: dict[str, Handler] = {GO_ON: go_on}
BUTTONS: dict[str, Handler] = {"goon": go_on}
STEPS: dict[str, Handler] = {}
