"""One person on several channels: a one-time code shows that two accounts are theirs.

The code is asked for in the account whose name and posts stay, and typed in the other. Whoever holds a post
asks for it there: a code that is typed gives nobody the rights of the one who types it.
"""

import re

from handlers import notices, texts, tries
from handlers.channel import Address, Button
from handlers.turn import Handler, Turn
from storage import consents, linking

CODE = re.compile(r"[0-9A-Za-z]{5}-[0-9A-Za-z]{5}")
"""What a code looks like when it is typed alone."""
TRIES_AN_HOUR = 5
_TRIES, _CONFIRMATIONS = "linking", "confirming"


async def link(turn: Turn, argument: str) -> None:
    """`/lienket`: give a code; `/lienket CODE`: ask whether this account is to be joined to the code's."""
    code = argument.strip()
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif not code:
        made = await linking.create_code(turn.transaction, person_id=turn.person.id, now=turn.now)
        turn.say(texts.link_code(code=made))
    elif turn.person.posts:
        turn.say(texts.link_from_post())
    elif not await tries.may_try(turn, _TRIES, TRIES_AN_HOUR):
        turn.say(texts.link_too_often())
    else:
        await _ask(turn, code)


async def _ask(turn: Turn, code: str) -> None:
    other = await linking.person_of_code(turn.transaction, code, now=turn.now)
    if other is None:
        await tries.note_wrong(turn)
        turn.say(texts.link_refused())
    elif other == turn.person.id:
        turn.say(texts.link_same_account())
    else:
        plain = "".join(filter(str.isalnum, code.upper()))
        turn.say(
            texts.link_confirm(),
            buttons=[
                [Button(label=texts.label_link(), data=f"link:{plain}")],
                [Button(label=texts.label_no_link(), data="linkno:")],
            ],
        )


async def confirm(turn: Turn, argument: str) -> None:
    """Join this account to that of the code, which must still hold."""
    if not await tries.may_try(turn, _CONFIRMATIONS, TRIES_AN_HOUR):
        turn.say(texts.link_too_often())
        return
    other = await linking.person_of_code(turn.transaction, argument, now=turn.now)
    if turn.chat.group or turn.person.posts or other in (None, turn.person.id):
        await tries.note_wrong(turn)
        turn.say(texts.link_refused())
        return
    assert other is not None
    if not await linking.join(turn.transaction, argument, old=turn.person.id, new=other, now=turn.now):
        turn.say(texts.link_refused())
        return
    consents.give(
        turn.transaction,
        person_id=other,
        what=consents.LINK,
        text=texts.link_confirm(),
        channel=turn.chat.channel,
        at=turn.now,
    )
    turn.chat.person_id = other
    turn.say(texts.linked())
    await _tell_the_others(turn, other)


async def _tell_the_others(turn: Turn, person_id: int) -> None:
    """Tell whoever asked for the code, in every other chat of theirs, that it was used."""
    for channel, chat in await linking.chats_of(turn.transaction, person_id):
        if (channel, chat) != (turn.chat.channel, turn.chat.chat):
            turn.tell(Address(channel, chat), notices.message_of(texts.linked_elsewhere()))


async def refuse(turn: Turn, argument: str) -> None:
    """Leave both accounts as they are."""
    turn.say(texts.not_linked())


COMMANDS: dict[str, Handler] = {"/lienket": link}
BUTTONS: dict[str, Handler] = {"link": confirm, "linkno": refuse}
STEPS: dict[str, Handler] = {}
