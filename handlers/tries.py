"""How often somebody may try a code: in one chat, as one person, and in the whole city.

Counted in the database and not in the chat's draft, which is emptied by much that people do.
"""

import structlog

from handlers import notices, texts
from handlers.turn import Turn
from storage import attempts

WRONG_IN_CITY = 300
"""After so many wrong codes within an hour in all chats together, each person has one try an hour: whoever
has the right code needs no other."""
_WRONG, _CITY = "wrong", "city"
log = structlog.get_logger()


async def may_try(turn: Turn, what: str, most: int) -> bool:
    """Count a try under this name; only so many an hour are looked at, of a chat and of a person."""
    if await attempts.count(turn.transaction, _WRONG, _CITY, now=turn.now) >= WRONG_IN_CITY:
        most = 1
    whose = (f"chat:{turn.chat.channel}:{turn.chat.chat}", f"person:{turn.person.id}")
    counted = [await attempts.add(turn.transaction, what, each, now=turn.now) for each in whose]
    return max(counted) <= most


async def note_wrong(turn: Turn) -> None:
    """Count a code that was wrong, used or too old; operators hear when there are very many."""
    wrong = await attempts.add(turn.transaction, _WRONG, _CITY, now=turn.now)
    if wrong != WRONG_IN_CITY:
        return
    log.warning("Codes are being guessed.", action="codes_guessed", count=wrong)
    await notices.tell_operators(
        turn.transaction,
        texts.codes_are_guessed(count=wrong),
        now=turn.now,
        dedupe_key=f"codes-guessed:{turn.now:%Y-%m-%dT%H}",
    )
