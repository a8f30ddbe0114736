"""Random histories of cases: any moves in any order that the table allows, made as the program makes them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from handlers import changes, progress
from handlers.changes import Actor, Step
from handlers.progress import EVENTS
from routing.organisation import City
from routing.workflow import MOVES, Action, Role, Status
from storage import cases
from storage.cases import Case
from storage.database import Database, Transaction
from storage.identity import new_id

KINDS = ("feedback", "feedback", "feedback", "suggestion", "question", "emergency", "grievance")
DOMAINS = ("waste", "noise", "roads", "construction")
RARE = frozenset({Action.MERGE, Action.WITHDRAW, Action.REJECT, Action.RETURN, Action.REORGANISE})
"""Moves that end most histories soon, or that are seldom made."""
CASES_AT_ONCE = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Stage:
    """Where histories take place: who has cases, where they lie, and from when on they may begin."""

    city: City
    reporter_id: int
    units: Sequence[str]
    wards: Sequence[str | None]
    begins_at: datetime
    days: int = 40


async def live_all(database: Database, stage: Stage, *, seed: int, count: int, first: int = 0) -> list[Case]:
    """Store so many cases with all their events; the same seed gives the same histories.

    first: the number in the first case's code.
    """
    dice = random.Random(seed)
    lived: list[Case] = []
    for start in range(0, count, CASES_AT_ONCE):
        async with database.begin() as transaction:
            for number in range(start, min(start + CASES_AT_ONCE, count)):
                lived.append(_live(transaction, stage, dice, first + number))
    return lived


def _live(transaction: Transaction, stage: Stage, dice: random.Random, number: int) -> Case:
    at = stage.begins_at + timedelta(seconds=dice.randrange(stage.days * 86_400))
    case = receive(transaction, stage, dice, number, at)
    for _ in range(dice.randrange(14)):
        at += timedelta(seconds=int(dice.expovariate(1 / 60_000)), microseconds=dice.randrange(1_000_000))
        happen(transaction, stage, case, dice, at)
    cases.add_case(transaction, case)
    return case


def receive(transaction: Transaction, stage: Stage, dice: random.Random, number: int, at: datetime) -> Case:
    """Return a case received just now, with its first event; the case is not stored."""
    case = Case(
        id=new_id(),
        code=f"HN-{number:08}",
        kind=dice.choice(KINDS),
        domain=dice.choice(DOMAINS),
        status=Status.RECEIVED,
        text="Rác",
        ward_code=dice.choice(stage.wards),
        urgent=dice.random() < 0.1,
        reporter_id=stage.reporter_id,
        channel="web",
        chat="an",
        consent_at=at,
        consent_text="",
        received_at=at,
    )
    progress.record(transaction, case, "received", actor=progress.citizen(case), now=at)
    return case


def happen(transaction: Transaction, stage: Stage, case: Case, dice: random.Random, at: datetime) -> None:
    """Let one thing happen that may happen to a case now, and write it down; the case is not saved."""
    if dice.random() < 0.1:
        _happens_besides(transaction, case, dice, at)
        return
    allowed = [action for status, action in MOVES if status == case.status]
    action = dice.choice([each for each in allowed if each not in RARE or dice.random() < 0.3] or allowed)
    role = dice.choice(sorted(MOVES[Status(case.status), action].roles))
    actor = Actor(person_id=stage.reporter_id if role in (Role.OFFICER, Role.CHAIR) else None, role=role)
    data = _data(stage, case, action, dice, at)
    was, unit_before = case.status, case.unit_code
    changes.make(case, action, Step(city=stage.city, actor=actor, now=at, data=data))
    told = {"from": was, "to": case.status, **data}
    by = unit_before if action == Action.RETURN else None
    progress.record(transaction, case, EVENTS[action], actor=actor, now=at, data=told, unit_code=by)


def _happens_besides(transaction: Transaction, case: Case, dice: random.Random, at: datetime) -> None:
    """What is no move, and yet an event: words, a correction, a rating after the case was closed."""
    type = dice.choice(["added", "corrected", "rated"])
    if type == "corrected":
        case.domain = dice.choice(DOMAINS)
    elif type == "rated" and case.status in (Status.ANSWERED, Status.CLOSED, Status.MERGED):
        case.rating = dice.randint(1, 5)
    progress.record(transaction, case, type, actor=progress.citizen(case), now=at)


def _data(stage: Stage, case: Case, action: Action, dice: random.Random, at: datetime) -> dict[str, Any]:
    unit = dice.choice(stage.units)
    rating = dice.choice([{}, {"rating": dice.randint(1, 5)}])
    hours = dice.choice([4, 8, 16, 40])
    known: dict[Action, dict[str, Any]] = {
        Action.ASSIGN: {"unit": unit},
        Action.HAND_OVER: {"unit": unit},
        Action.RETURN: dice.choice([{}, {"back_to": unit}]),
        Action.REOPEN: rating | dice.choice([{}, {"unit": unit}]),
        Action.CLOSE: rating,
        Action.APPOINT: {"officer": stage.reporter_id},
        Action.TAKE_OVER: {"officer": stage.reporter_id},
        Action.REQUEST_EXTENSION: {"hours": hours, "granter": unit},
        Action.GRANT_EXTENSION: {"hours": hours},
        Action.ASK_SUPPORT: {"unit": unit, "task": "", "part": 1},
        Action.SNOOZE: {"until": (at + timedelta(days=1)).isoformat()},
        Action.REORGANISE: {"was": case.unit_code, "unit": unit},
    }
    return {"text": "Đã xử lý", "reason": "Lý do", "question": "Ở đâu?", **known.get(action, {})}
