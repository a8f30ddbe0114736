"""A person takes their consent back: `/xoadulieu`, or a wish that comes through the vendor."""

from datetime import datetime, timedelta

from handlers import oversight, texts
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.data_rights import clocks
from routing.workflow import OPEN_STATUSES
from storage import chats, erasing, erasures, holding

_KEEP = Button(label=texts.label_no_erase(), data="erase:keep")


async def note(turn: Turn) -> None:
    """Put the wish on the operators' list, once while it is open, and write to the person no more.

    What waits for them is dropped; the units that told them something see that it did not reach them.
    """
    chats.mark_unreachable(turn.transaction, turn.chat.channel, turn.chat.chat, at=turn.now)
    await _drop_what_waits(turn)
    if await erasures.is_open(turn.transaction, turn.person.id):
        return
    _store(turn, kind=erasures.WITHDRAW)
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


def _store(turn: Turn, *, kind: str) -> None:
    legal = clocks(turn.city.calendar, turn.now)
    erasures.add(
        turn.transaction,
        person_id=turn.person.id,
        channel=turn.chat.channel,
        at=turn.now,
        kind=kind,
        answer_due_at=legal.answer_due_at,
        due_at=legal.due_at,
        answered_at=turn.now,  # in the chat at once; whoever withdrew through the vendor wants no answer
    )


async def ask(turn: Turn, argument: str = "") -> None:
    """`/xoadulieu`: say what erasing does, and ask whether it is meant; or how the wish stands."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    waiting = await erasures.open_of(turn.transaction, turn.person.id)
    hours = await erasures.hours_to_take_back(turn.transaction)
    if waiting is not None:
        turn.say(texts.erase_waits(at=_when(waiting.asked_at, hours)), buttons=[[_KEEP]])
        return
    known = await erasing.known_of(turn.transaction, turn.person.id, now=turn.now)
    turn.say(
        texts.erase_confirm(
            cases=len(known.cases),
            waiting=sum(case.status in OPEN_STATUSES for case in known.cases),
            hours=hours,
            serves=known.serves,
        ),
        buttons=[
            [Button(label=texts.label_erase(), data="erase:yes")],
            [Button(label=texts.label_no_erase(), data="erase:no")],
        ],
    )


def _when(asked_at: datetime, hours: int) -> datetime:
    return asked_at + timedelta(hours=hours)


async def press(turn: Turn, argument: str) -> None:
    """Take in the wish, leave it, or take it back."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif argument in _VERBS:
        await _VERBS[argument](turn)
    else:
        turn.say(texts.stale_button())


async def _wish(turn: Turn) -> None:
    if await erasures.is_open(turn.transaction, turn.person.id):
        await ask(turn)
        return
    _store(turn, kind=erasures.ERASE)
    hours = await erasures.hours_to_take_back(turn.transaction)
    turn.say(texts.erase_accepted(at=_when(turn.now, hours)), buttons=[[_KEEP]])


async def _leave(turn: Turn) -> None:
    turn.say(texts.erase_not_asked())


async def _take_back(turn: Turn) -> None:
    waiting = await erasures.open_of(turn.transaction, turn.person.id)
    if waiting is None:
        turn.say(texts.erase_nothing_waits())
        return
    await erasures.finish(turn.transaction, waiting.id, at=turn.now, outcome=erasures.TAKEN_BACK)
    turn.say(texts.erase_taken_back())


_VERBS = {"yes": _wish, "no": _leave, "keep": _take_back}
COMMANDS: dict[str, Handler] = {"/xoadulieu": ask, "/rutdongy": ask}
BUTTONS: dict[str, Handler] = {"erase": press}
STEPS: dict[str, Handler] = {}
