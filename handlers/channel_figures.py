"""`/thongke kenh`: what each channel took this month, what waits, what failed, and what it cost."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from handlers import texts
from handlers.turn import Turn
from routing.deadline import LOCAL_TIME
from routing.vietnamese import strip_accents
from storage import traffic
from storage.database import Transaction

READERS = frozenset({"admin", "leader", "dispatcher"})
WORD = "kenh"
_COUNTED = ("sent", "arrived", "seen")
_QUEUED = ("waiting", "held", "failed")
_COLUMNS = (*_COUNTED, *_QUEUED, "cost")


async def collect(transaction: Transaction, *, now: datetime, budget: int) -> dict[str, Any]:
    """Return this month's figures of every channel, as JSON-able data; money in đồng.

    "arrived" and "seen" are None where the channel tells nothing of the kind. "waiting" and "held" are as of
    now; "failed" of this month. "counted" says how the vendor counted what was sent.
    """
    first, last = traffic.month_of(traffic.local_day(now))
    found: dict[str, dict[str, Any]] = {}
    for each in await traffic.counts(transaction, first, last):
        channel = found.setdefault(each.channel, _nothing())
        channel["cost"] += each.cost
        if each.what in _COUNTED:
            channel[each.what] = each.count
        elif each.what not in ("held", "released"):
            channel["counted"][each.what] = {"count": each.count, "cost": each.cost}
    queues = await traffic.queues(transaction, _midnight(first), _midnight(last + timedelta(days=1)))
    for name, queue in queues.items():
        found.setdefault(name, _nothing()).update(queue)
    spent = sum(channel["cost"] for channel in found.values())
    return {
        "from": first.isoformat(),
        "to": last.isoformat(),
        "channels": dict(sorted(found.items())),
        "budget": budget,
        "spent": spent,
        "left": max(0, budget - spent),
    }


def _nothing() -> dict[str, Any]:
    counted = dict.fromkeys(_COUNTED) | dict.fromkeys(("sent", *_QUEUED, "cost"), 0)
    return {**counted, "counted": {}}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), LOCAL_TIME)


def as_table(found: Mapping[str, Any]) -> str:
    """Return the figures as a plain table for a terminal."""
    lines = [f"Messages by channel, {found['from']} to {found['to']}", ""]
    lines.append(f"{'':<12}" + "".join(name.rjust(10) for name in _COLUMNS))
    for channel, counts in found["channels"].items():
        cells = ("-" if counts[name] is None else str(counts[name]) for name in _COLUMNS)
        lines.append(f"{channel:<12}" + "".join(cell.rjust(10) for cell in cells))
    lines += ["", f"Budget {found['budget']} VND, spent {found['spent']}, left {found['left']}"]
    return "\n".join(lines)


def is_meant(argument: str) -> bool:
    """Tell whether the words behind `/thongke` ask for the channels."""
    return strip_accents(argument).lower().split()[:1] == [WORD]


async def show(turn: Turn, argument: str) -> None:
    """Show the figures to those whose they are; words that mean nothing are answered."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
    elif not READERS & turn.person.roles:
        turn.say(texts.channels_refused())
    elif len(argument.split()) > 1:
        turn.say(texts.channels_not_understood(query=argument.strip()))
    else:
        budget = await traffic.budget_of(turn.transaction)
        turn.say(_told(await collect(turn.transaction, now=turn.now, budget=budget)))


def _told(found: Mapping[str, Any]) -> str:
    first = date.fromisoformat(found["from"])
    lines = [
        texts.channel_line(
            channel=name, counts={each: counts[each] for each in (*_COUNTED, *_QUEUED)}, cost=counts["cost"]
        )
        for name, counts in found["channels"].items()
    ]
    return "\n".join(
        [
            texts.channels_title(month=first.month, year=first.year),
            *(lines or [texts.channels_without_traffic()]),
            texts.channels_budget(budget=found["budget"], spent=found["spent"]),
        ]
    )
