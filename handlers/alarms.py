"""Rules that lead nowhere: the administrators hear of them before a report does."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from handlers import cards, notices, texts
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from routing.rule_check import Fault, Problem
from routing.rule_check import check as check_rules_of
from storage import units
from storage.database import Transaction
from storage.standing import RULES_CHECKED

LINES = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Later:
    """The rest of a job that takes long to work something out, which no transaction is to wait for.

    find: called in a thread of its own. note: gets what that returned, in a transaction; returns how much
    was done.
    """

    find: Callable[[], Any]
    note: Callable[[Transaction, Any], Awaitable[int]]


async def check_rules(transaction: Transaction, city: City, now: datetime) -> int | Later:
    """Look at the rules once for each version of the city and each day; alarm the administrators.

    Whatever changed the city, an import or a unit that is over since today, is found by the next tick. Each
    administrator is told once of the same faults of the same version.
    """
    today = now.astimezone(LOCAL_TIME).date()
    state = {"version": await units.city_version(transaction), "day": today.isoformat()}
    known = await units.get_setting(transaction, RULES_CHECKED) or {}
    if {name: known.get(name) for name in state} == state:
        return 0
    return Later(
        find=partial(check_rules_of, city.on(today)),
        note=partial(_note, city=city, state=state, now=now),
    )


async def _note(
    transaction: Transaction, problems: Sequence[Problem], *, city: City, state: dict[str, Any], now: datetime
) -> int:
    broken = [problem for problem in problems if problem.leads_nowhere]
    await units.set_setting(transaction, RULES_CHECKED, {**state, "broken": len(broken)})
    if broken:
        key = f"rules:{state['version']}:{_digest(broken)}"
        await notices.tell_operators(
            transaction, _alarm(city, broken), now=now, dedupe_key=key, not_before=_awake(now)
        )
    return 0


def _digest(broken: Sequence[Problem]) -> str:
    return hashlib.sha256("\n".join(map(str, broken)).encode()).hexdigest()[:16]


def _alarm(city: City, broken: Sequence[Problem]) -> str:
    return texts.rules_lead_nowhere(
        count=len(broken), lines=[_line(city, problem) for problem in broken[:LINES]]
    )


def _line(city: City, problem: Problem) -> str:
    if problem.fault != Fault.HOLE:
        return texts.broken_rule(position=problem.position or 0, fault=problem.fault)
    return texts.hole_in_rules(
        domain=cards.domain_name(city, problem.domain or ""),
        wards=[cards.unit_name(city, code) for code in problem.wards],
        all=len(problem.wards) == len(city.wards()),
        position=problem.position,
    )


def _awake(now: datetime) -> datetime | None:
    return deadline.after_quiet_hours(now) if deadline.in_quiet_hours(now) else None
