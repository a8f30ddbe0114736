"""A person asks, through the vendor, that what is held about them be erased."""

from handlers import oversight, texts
from handlers.turn import Turn
from storage import chats, erasures


async def note(turn: Turn) -> None:
    """Put the wish on the operators' list, once while it is open, and write to the person no more."""
    chats.mark_unreachable(turn.transaction, turn.chat.channel, turn.chat.chat, at=turn.now)
    if await erasures.is_open(turn.transaction, turn.person.id):
        return
    erasures.add(turn.transaction, person_id=turn.person.id, channel=turn.chat.channel, at=turn.now)
    await oversight.tell_operators(
        turn.transaction,
        texts.erasure_asked(channel=turn.chat.channel, person_id=turn.person.id),
        now=turn.now,
        dedupe_key=f"erasure:{turn.person.id}:{turn.now:%Y-%m-%dT%H:%M}",
    )
