"""What may happen to a case, and who may do it: one table of allowed moves.

A rule of procedure, not of rights over one case: whether this officer belongs to this case's unit is
asked elsewhere. Every move is written to the case's history by whoever carries it out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    TRIAGE = "triage"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING_FOR_CITIZEN = "waiting_for_citizen"
    ANSWERED = "answered"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"
    REOPENED = "reopened"


class Action(StrEnum):
    """What somebody does to a case. Some of it changes the status or the unit, the rest is only noted."""

    SEND_TO_TRIAGE = "send_to_triage"
    ASSIGN = "assign"
    ACCEPT = "accept"
    HAND_OVER = "hand_over"
    RETURN = "return"
    ASK_CITIZEN = "ask_citizen"
    CITIZEN_REPLIES = "citizen_replies"
    STOP_WAITING = "stop_waiting"
    ANSWER = "answer"
    WITHDRAW = "withdraw"
    CLOSE = "close"
    REOPEN = "reopen"
    REJECT = "reject"
    MERGE = "merge"
    UNMERGE = "unmerge"
    APPOINT = "appoint"
    TAKE_OVER = "take_over"
    REQUEST_EXTENSION = "request_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    PROPOSE_ANSWER = "propose_answer"
    SEND_BACK = "send_back"
    ASK_SUPPORT = "ask_support"
    SNOOZE = "snooze"
    REORGANISE = "reorganise"


class Role(StrEnum):
    """Who does it. An admin runs the program and has no part in a case."""

    CITIZEN = "citizen"
    OFFICER = "officer"
    CHAIR = "chair"
    LEADER = "leader"
    DISPATCHER = "dispatcher"
    ADMIN = "admin"
    SYSTEM = "system"


class WorkflowError(Exception):
    """A case cannot be moved."""


class NotAllowed(WorkflowError):
    """The table of allowed moves does not have this move, or not for this role."""

    def __init__(self, status: Status, action: Action, role: Role, *, allowed_roles: frozenset[Role]) -> None:
        self.status, self.action, self.role, self.allowed_roles = status, action, role, allowed_roles
        why = f"only for {', '.join(sorted(allowed_roles))}" if allowed_roles else "never from this status"
        super().__init__(f"{role} may not {action} a case that is {status}: {why}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """One allowed move: where it leads, and which roles may make it.

    back: where it leads when the case goes back to the unit that had handed it over.
    """

    status: Status
    roles: frozenset[Role]
    back: Status | None = None


_UNIT = (Role.OFFICER, Role.CHAIR)
_STEERING = (Role.DISPATCHER, Role.LEADER)
_WITH_UNIT = (Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING_FOR_CITIZEN, Status.REOPENED)
_NOT_BEGUN = (Status.RECEIVED, Status.TRIAGE)
_FINISHED = (Status.ANSWERED, Status.CLOSED, Status.REJECTED)

# From any of these statuses, this action leads there, for these roles.
_RULES: tuple[tuple[tuple[Status, ...], Action, Status, tuple[Role, ...]], ...] = (
    # A case that was refused before it had a unit has none when it is reopened.
    ((Status.RECEIVED, Status.REOPENED), Action.SEND_TO_TRIAGE, Status.TRIAGE, (Role.SYSTEM,)),
    (_NOT_BEGUN, Action.ASSIGN, Status.ASSIGNED, (Role.SYSTEM, *_STEERING)),
    ((Status.ASSIGNED, Status.REOPENED), Action.ACCEPT, Status.IN_PROGRESS, _UNIT),
    (_WITH_UNIT, Action.HAND_OVER, Status.ASSIGNED, (*_UNIT, *_STEERING)),
    (_WITH_UNIT, Action.RETURN, Status.TRIAGE, _UNIT),
    # Asking or answering straight from the card also accepts the case; nobody has to tap twice.
    (
        (Status.ASSIGNED, Status.IN_PROGRESS, Status.REOPENED),
        Action.ASK_CITIZEN,
        Status.WAITING_FOR_CITIZEN,
        _UNIT,
    ),
    ((Status.WAITING_FOR_CITIZEN,), Action.CITIZEN_REPLIES, Status.IN_PROGRESS, (Role.CITIZEN,)),
    ((Status.WAITING_FOR_CITIZEN,), Action.STOP_WAITING, Status.IN_PROGRESS, (Role.SYSTEM, *_UNIT)),
    (_WITH_UNIT, Action.ANSWER, Status.ANSWERED, _UNIT),
    (_WITH_UNIT, Action.PROPOSE_ANSWER, Status.IN_PROGRESS, (Role.OFFICER,)),
    ((Status.TRIAGE, Status.ASSIGNED), Action.WITHDRAW, Status.CLOSED, (Role.CITIZEN,)),
    ((Status.ANSWERED,), Action.CLOSE, Status.CLOSED, (Role.CITIZEN, Role.SYSTEM)),
    (_FINISHED, Action.REOPEN, Status.REOPENED, (Role.CITIZEN, Role.LEADER)),
    ((Status.TRIAGE,), Action.REJECT, Status.REJECTED, (Role.DISPATCHER,)),
    (_WITH_UNIT, Action.REJECT, Status.REJECTED, (Role.CHAIR, Role.DISPATCHER)),
    # Whoever reports what is known already may join it; later merging is for those who handle both.
    ((Status.RECEIVED,), Action.MERGE, Status.MERGED, (Role.CITIZEN,)),
    ((Status.TRIAGE, *_WITH_UNIT), Action.MERGE, Status.MERGED, (Role.DISPATCHER, Role.CHAIR)),
    # Back to where cases are sorted; the system then gives it to the unit that it had.
    (
        (Status.MERGED,),
        Action.UNMERGE,
        Status.TRIAGE,
        (Role.CITIZEN, Role.DISPATCHER, Role.CHAIR),
    ),
)

# These leave a case in its status. That the level above grants an extension, the reach of roles tells.
_STAYING: tuple[tuple[tuple[Status, ...], Action, tuple[Role, ...]], ...] = (
    (_WITH_UNIT, Action.APPOINT, (Role.CHAIR,)),
    ((Status.IN_PROGRESS, Status.WAITING_FOR_CITIZEN), Action.TAKE_OVER, _UNIT),
    (_WITH_UNIT, Action.REQUEST_EXTENSION, _UNIT),
    (_WITH_UNIT, Action.GRANT_EXTENSION, (Role.CHAIR, Role.LEADER)),
    (_WITH_UNIT, Action.REFUSE_EXTENSION, (Role.CHAIR, Role.LEADER)),
    (_WITH_UNIT, Action.SEND_BACK, (Role.CHAIR,)),
    (_WITH_UNIT, Action.ASK_SUPPORT, (*_UNIT, *_STEERING, Role.SYSTEM)),
    # Each puts off what they are reminded of themselves; nobody silences a chair from above.
    (_WITH_UNIT, Action.SNOOZE, (Role.CHAIR,)),
    ((Status.TRIAGE,), Action.SNOOZE, (Role.DISPATCHER,)),
    ((*_NOT_BEGUN, *_WITH_UNIT, *_FINISHED), Action.REORGANISE, (Role.SYSTEM,)),
)

MOVES: Mapping[tuple[Status, Action], Move] = MappingProxyType(
    {
        (status, action): Move(
            status=target,
            roles=frozenset(roles),
            back=Status.ASSIGNED if action == Action.RETURN else None,
        )
        for statuses, action, target, roles in _RULES
        for status in statuses
    }
    | {
        (status, action): Move(status=status, roles=frozenset(roles))
        for statuses, action, roles in _STAYING
        for status in statuses
    }
)
"""Every allowed move. What is not here is not allowed. `docs/workflow.md` shows it as a table."""

OPEN_STATUSES: frozenset[Status] = frozenset({*_NOT_BEGUN, *_WITH_UNIT})
"""Somebody still owes the citizen something."""

FINISHED_STATUSES: frozenset[Status] = frozenset(Status) - OPEN_STATUSES
"""The work is done, until somebody reopens it."""

_NO_MOVE = Move(status=Status.RECEIVED, roles=frozenset())


def move(status: Status | str, action: Action | str, role: Role | str, *, back: bool = False) -> Status:
    """Return the status after this move; `back`: to the unit that had handed the case over.

    Raises NotAllowed when the table does not have it for this role, ValueError for a word that is no
    status, action or role at all.
    """
    status, action, role = Status(status), Action(action), Role(role)
    found = MOVES.get((status, action), _NO_MOVE)
    if role not in found.roles:
        raise NotAllowed(status, action, role, allowed_roles=found.roles)
    return found.back if back and found.back is not None else found.status


def allowed_actions(status: Status | str, role: Role | str) -> tuple[Action, ...]:
    """Return what this role may do to a case in this status, in the order of Action."""
    status, role = Status(status), Role(role)
    return tuple(action for action in Action if role in MOVES.get((status, action), _NO_MOVE).roles)


def moves_as_markdown() -> str:
    """Return the table of allowed moves for the documentation."""
    lines = ["| from | action | to | who |", "| --- | --- | --- | --- |"]
    for (status, action), found in sorted(MOVES.items(), key=_reading_order):
        who = ", ".join(role for role in Role if role in found.roles)
        target = f"{found.status}, or {found.back}" if found.back else found.status
        lines.append(f"| {status} | {action} | {target} | {who} |")
    return "\n".join(lines) + "\n"


def _reading_order(item: tuple[tuple[Status, Action], Move]) -> tuple[int, int]:
    (status, action), _ = item
    return list(Status).index(status), list(Action).index(action)
