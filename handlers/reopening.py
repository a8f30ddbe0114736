"""Opening a case again: within some days of its answer, so many times, and the second time higher up."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from handlers import access, cards, progress, texts
from handlers.progress import Actor
from handlers.turn import Turn
from routing import workflow
from routing.organisation import City
from routing.workflow import Action, Role
from storage import ledger, people
from storage.cases import Case


def may_judge(city: City, case: Case, now: datetime) -> bool:
    """Tell whether a finished case may still be rated or reopened; the days count from its answer alone."""
    finished_at = case.answered_at or case.closed_at
    return finished_at is None or now <= finished_at + timedelta(days=city.procedure.close_after_days)


def is_left(city: City, case: Case) -> bool:
    """Tell whether a case was not yet reopened as often as it may be."""
    return case.reopened_count < city.procedure.reopenings


def may_reopen(city: City, case: Case, now: datetime) -> bool:
    """Tell whether its reporter may reopen a case now."""
    return (
        Action.REOPEN in workflow.allowed_actions(case.status, Role.CITIZEN)
        and is_left(city, case)
        and may_judge(city, case, now)
    )


def refusal(city: City, case: Case, now: datetime) -> str:
    """Say why a case cannot be reopened and what can be done in its place."""
    if Action.REOPEN not in workflow.allowed_actions(case.status, Role.CITIZEN):
        return texts.stale_button()
    if not may_judge(city, case, now):
        return texts.judged_too_late(code=case.code, days=city.procedure.close_after_days)
    return texts.reopened_often_enough(code=case.code, times=case.reopened_count)


async def reopen(turn: Turn, case: Case, *, actor: Actor, stars: int = 0, data: Mapping[str, Any]) -> None:
    """Reopen a case that may be reopened, and show it to whoever has it then.

    The first time that is its own unit; after that the nearest unit above that has somebody, else the
    dispatchers, and its own unit hears of it.
    """
    note = texts.reopened_note(stars=stars)
    if case.reopened_count:
        was = cards.unit_name(turn.city, case.unit_code)
        above = await _unit_above(turn, case)
        data = {**data, "unit": above, "reason": texts.reopened_again_reason(unit=was)}
        note = texts.reopened_again_note(unit=was, stars=stars)
        if case.unit_code:
            told = texts.taken_higher(code=case.code, unit=cards.unit_name(turn.city, above))
            await progress.tell_unit(turn.transaction, turn.city, case, told, now=turn.now)
    await progress.move(
        turn.transaction, turn.city, case, Action.REOPEN, actor=actor, now=turn.now, data=data
    )
    events = await ledger.events_of(turn.transaction, case.id)
    await progress.announce(turn.transaction, turn.city, case, now=turn.now, note=note, events=events)


async def _unit_above(turn: Turn, case: Case) -> str | None:
    """Return the nearest unit above that may have the case and has somebody to receive it."""
    path = turn.city.path(case.unit_code or "")[:-1]
    above = [unit.code for unit in reversed(path) if access.may_receive(turn.city, unit.code, case)]
    known = await people.officials_of(turn.transaction, above, now=turn.now) if above else []
    staffed = {official.unit_code for official in known}
    return next((code for code in above if code in staffed), None)
