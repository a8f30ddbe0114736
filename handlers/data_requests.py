"""What becomes of requests about one's own data: carried out by the clock, and told of before it is late."""

from datetime import datetime, timedelta

from handlers import notices, texts
from handlers.turn import Handler, Turn
from routing import deadline
from routing.data_rights import working_days_left
from routing.organisation import City
from storage import erasing, erasures, scouring, sweeping
from storage.database import Transaction
from storage.erasing import Words
from storage.erasures import Request

WARNING_DAYS = {"answer": 1.0, "do": 3.0}
"""How many working days before a legal clock runs out administrators are warned."""


def words() -> Words:
    """Return what stands in place of what was erased."""
    return Words(case=texts.erased_case(), message=texts.erased_message(), mark=texts.erased_words())


async def carry_out(transaction: Transaction, city: City, now: datetime) -> int:
    """Do a part of the first request that nobody took back in time, and warn of clocks that run out.

    Returns how much was done; 0 when nothing is left. Whoever wrote just now is erased a little later.
    """
    await _warn(transaction, city, now)
    delay = timedelta(hours=await erasures.hours_to_take_back(transaction))
    for request in await erasures.due_to_erase(transaction, asked_before=now - delay):
        if done := await erase_step(transaction, request, now=now):
            return done
    return 0


async def erase_step(
    transaction: Transaction, request: Request, *, now: datetime, note: str | None = None
) -> int:
    """Do a part of an erasure; 0 while something that the person sent is still to be dealt with.

    The request is closed with the last part.
    """
    known = await erasing.known_of(transaction, request.person_id, now=now)
    if await sweeping.is_busy(transaction, known):
        return 0
    if not await sweeping.sweep(transaction, known, words=words()):
        return sweeping.ROWS
    known = await erasing.known_of(transaction, request.person_id, now=now, lock=True)
    if await sweeping.is_busy(transaction, known):
        return 0
    await erasing.erase_rows(transaction, known, words=words(), at=now)
    await sweeping.sweep_last(transaction, known, words=words())
    await erasures.finish(transaction, request.id, at=now, outcome=erasures.DONE, note=note)
    await scouring.ask(transaction)
    return 1


async def _warn(transaction: Transaction, city: City, now: datetime) -> None:
    for request in await erasures.open_requests(transaction):
        answered = request.answered_at is not None
        due_at = request.due_at if answered else request.answer_due_at
        if due_at is None:
            continue
        left = working_days_left(city.calendar, now, due_at)
        if left > WARNING_DAYS["do" if answered else "answer"]:
            continue
        over = left < 0
        await notices.tell_operators(
            transaction,
            texts.privacy_due(number=request.id, kind=request.kind, answered=answered, at=due_at, over=over),
            now=now,
            dedupe_key=f"privacy:{request.id}:{int(answered)}:{int(over)}",
            not_before=deadline.after_quiet_hours(now) if deadline.in_quiet_hours(now) else None,
        )


async def show(turn: Turn, argument: str = "") -> None:
    """`/yeucaudulieu`: list the open requests, for administrators."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif "admin" not in turn.person.roles:
        turn.say(texts.privacy_for_admins())
    else:
        lines = [
            texts.privacy_request_line(
                number=each.id,
                kind=each.kind,
                answered=each.answered_at is not None,
                due_at=each.due_at or each.asked_at,
            )
            for each in await erasures.open_requests(turn.transaction)
        ]
        turn.say(texts.privacy_requests(lines=lines) if lines else texts.no_privacy_requests())


COMMANDS: dict[str, Handler] = {"/yeucaudulieu": show}
BUTTONS: dict[str, Handler] = {}
STEPS: dict[str, Handler] = {}
