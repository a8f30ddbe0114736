"""Ending sessions: `/dangxuat` in one place ends that place, or all others, where a telephone was lost."""

from handlers import menus, texts
from handlers.channel import Button
from handlers.turn import Handler, Turn
from storage import sessions
from storage.people import Person
from storage.sessions import SignedIn


async def offer(turn: Turn, argument: str) -> None:
    """`/dangxuat`: show where else this person is signed in, and ask what is to end."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    others = await _others(turn)
    rows = [[Button(label=texts.label_sign_out_here(), data="signout:here")]]
    if others:
        rows.append([Button(label=texts.label_sign_out_others(), data="signout:others")])
    rows.append([Button(label=texts.label_stay_signed_in(), data="signout:no")])
    lines = [texts.account_line(channel=each.channel, last_at=each.last_at) for each in others]
    turn.say(texts.sign_out_offer(others=lines, has_post=bool(turn.person.posts)), buttons=rows)


async def _others(turn: Turn) -> list[SignedIn]:
    here = (turn.chat.channel, turn.message.sender)
    accounts = await sessions.accounts_of(turn.transaction, turn.person.id)
    return [each for each in accounts if (each.channel, each.user) != here]


async def press(turn: Turn, argument: str) -> None:
    """End this session (`here`), all others (`others`), or none."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif argument == "here":
        await _end_here(turn)
    elif argument == "others":
        await _end_others(turn)
    else:
        turn.say(texts.still_signed_in())


async def _end_here(turn: Turn) -> None:
    user, channel = turn.message.sender, turn.chat.channel
    new = await sessions.sign_out(turn.transaction, channel=channel, user=user, now=turn.now)
    turn.chat.person_id, turn.chat.step, turn.chat.draft = new, "", {}
    turn.say(texts.signed_out_here(), menu=menus.menu_of(Person(id=new)))


async def _end_others(turn: Turn) -> None:
    others = await _others(turn)
    for each in others:
        await sessions.sign_out(turn.transaction, channel=each.channel, user=each.user, now=turn.now)
    turn.say(texts.signed_out_others(count=len(others)))


COMMANDS: dict[str, Handler] = {"/dangxuat": offer}
BUTTONS: dict[str, Handler] = {"signout": press}
STEPS: dict[str, Handler] = {}
