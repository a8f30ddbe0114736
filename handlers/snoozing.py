"""Putting a reminder off, with a reason: the own unit is left alone until then, those above are not.

The deadline stays where it is. Each step stands in the data of a button, so a tap needs nothing but itself;
only a day or a reason that is typed is a step of the chat.
"""

import re
from datetime import UTC, datetime, time, timedelta

from handlers import case_at_hand, texts, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.deadline import LOCAL_TIME
from routing.when import read_coming_day
from routing.workflow import Action
from storage.cases import Case

DAY, REASON = f"{writing.PREFIX}snooze", f"{writing.PREFIX}snooze_reason"
HOURS = 4
MOST_DAYS = 30
"""So far ahead a reminder may be put off."""
_STAMP = re.compile(r"\d{1,9}")


async def choose(turn: Turn, argument: str) -> None:
    """Ask until when the reminder of a case is put off."""
    found = await case_at_hand.ready_for(turn, argument, Action.SNOOZE)
    if found is None or writing.begin(turn, DAY, found[0].code) is None:
        return
    case = found[0]
    choices = ((texts.label_snooze_hours(), in_hours(turn)), (texts.label_snooze_morning(), morning(turn)))
    rows = [[Button(label=label, data=f"until:{case.code}:{_stamp(until)}")] for label, until in choices]
    turn.say(
        texts.ask_snooze_until(code=case.code, due_at=case.due_at),
        buttons=[*rows, [writing.drop_button(case.code)]],
        case_id=case.id,
    )


def in_hours(turn: Turn) -> datetime:
    """Return the moment half a working day from now."""
    return turn.city.calendar.add_working_hours(turn.now, HOURS)


def morning(turn: Turn, day: datetime | None = None) -> datetime:
    """Return when work begins on the next working day after today, or from a given day on."""
    local = (day or turn.now + timedelta(days=1)).astimezone(LOCAL_TIME)
    return turn.city.calendar.next_working_moment(datetime.combine(local.date(), time(), LOCAL_TIME))


async def read_day(turn: Turn, argument: str) -> None:
    """Take the day that was typed."""
    written = writing.writing_in(turn, DAY)
    if written is None:
        turn.say(texts.draft_gone())
        return
    until = _day_typed(turn)
    if until is None:
        text = texts.snooze_day_not_understood(query=turn.message.text, days=MOST_DAYS)
        turn.say(text, buttons=[[writing.drop_button(written.code)]])
        return
    found = await case_at_hand.ready_for(turn, written.code, Action.SNOOZE)
    if found is not None:
        _ask_why(turn, found[0], until)


def _day_typed(turn: Turn) -> datetime | None:
    """Return when work begins on the day that was typed; None for one that cannot be chosen."""
    day = read_coming_day(turn.message.text, today=turn.now.astimezone(LOCAL_TIME).date())
    if day is None or day > (turn.now + timedelta(days=MOST_DAYS)).astimezone(LOCAL_TIME).date():
        return None
    until = morning(turn, datetime.combine(day, time(), LOCAL_TIME))
    return until if _is_possible(turn, until) else None


async def ask_why(turn: Turn, argument: str) -> None:
    """Ask for the reason once a time is chosen."""
    code, _, stamp = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.SNOOZE)
    if found is None:
        return
    until = _read_stamp(stamp)
    if until is None or not _is_possible(turn, until):
        turn.say(texts.stale_button())
    else:
        _ask_why(turn, found[0], until)


def _ask_why(turn: Turn, case: Case, until: datetime) -> None:
    if turn.chat.step == DAY:
        writing.finish(turn, case.code)
    if writing.begin(turn, REASON, case.code, _stamp(until)) is None:
        return
    rows = [
        [Button(label=reason, data=f"snoozewhy:{case.code}:{_stamp(until)}:{key}")]
        for key, reason in texts.SNOOZE_REASONS.items()
    ]
    turn.say(
        texts.ask_snooze_reason(code=case.code, until=until),
        buttons=[*rows, [writing.drop_button(case.code)]],
        case_id=case.id,
    )


async def snooze_because(turn: Turn, argument: str) -> None:
    """Put the reminder off for a reason from the list."""
    code, _, rest = argument.partition(":")
    stamp, _, key = rest.partition(":")
    until = _read_stamp(stamp)
    if until is None or key not in texts.SNOOZE_REASONS:
        turn.say(texts.stale_button())
        return
    await _snooze(turn, code, until, texts.SNOOZE_REASONS[key])


async def snooze_with(turn: Turn, reason: str) -> None:
    """Put the reminder off for the reason that was typed."""
    written = writing.writing_in(turn, REASON)
    until = _read_stamp(written.choice) if written else None
    if written is None or until is None:
        turn.say(texts.draft_gone())
    else:
        await _snooze(turn, written.code, until, reason)


async def _snooze(turn: Turn, code: str, until: datetime, reason: str) -> None:
    found = await case_at_hand.ready_for(turn, code, Action.SNOOZE)
    if found is None:
        return
    case, post = found
    writing.finish(turn, case.code)
    if not _is_possible(turn, until):
        turn.say(texts.stale_button())
        return
    await case_at_hand.move(turn, case, Action.SNOOZE, post, {"until": until.isoformat(), "reason": reason})
    turn.say(texts.snoozed(code=case.code, until=until, due_at=case.due_at), case_id=case.id)


def _is_possible(turn: Turn, until: datetime) -> bool:
    """Tell whether a moment lies within the days that may be chosen; days off move the last of them on."""
    return turn.now < until <= morning(turn, turn.now + timedelta(days=MOST_DAYS))


def _stamp(until: datetime) -> str:
    """Return a moment in whole minutes, as a button carries it; what lies within a minute is rounded up."""
    return str(-(-int(until.timestamp()) // 60))


def _read_stamp(stamp: str) -> datetime | None:
    return datetime.fromtimestamp(int(stamp) * 60, UTC) if _STAMP.fullmatch(stamp) else None


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"snooze": choose, "until": ask_why, "snoozewhy": snooze_because}
STEPS: dict[str, Handler] = {DAY: read_day, REASON: writing.take_reason}
REASONS: dict[str, Handler] = {REASON: snooze_with}
