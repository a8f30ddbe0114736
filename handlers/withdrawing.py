"""A person asks, through the vendor, that what is held about them be erased."""

from handlers import oversight, texts
from handlers.turn import Turn
from storage import chats, erasures, holding


async def note(turn: Turn) -> None:
    """Put the wish on the operators' list, once while it is open, and write to the person no more.

    What waits for them is dropped; the units that told them something see that it did not reach them.
    """
    chats.mark_unreachable(turn.transaction, turn.chat.channel, turn.chat.chat, at=turn.now)
    await _drop_what_waits(turn)
    if await erasures.is_open(turn.transaction, turn.person.id):
        return
    erasures.add(turn.transaction, person_id=turn.person.id, channel=turn.chat.channel, at=turn.now)
    await oversight.tell_operators(
        turn.transaction,
        texts.erasure_asked(channel=turn.chat.channel, person_id=turn.person.id),
        now=turn.now,
        dedupe_key=f"erasure:{turn.person.id}:{turn.now:%Y-%m-%dT%H:%M}",
    )


async def _drop_what_waits(turn: Turn) -> None:
    channel, chat = turn.chat.channel, turn.chat.chat
    about = await holding.drop_all(
        turn.transaction, channel=channel, chat=chat, at=turn.now, why="its person withdrew"
    )
    for case_id in sorted(about):
        await oversight.citizen_not_reached(
            turn.transaction, case_id, channel=channel, chat=chat, now=turn.now
        )
