from pathlib import Path

import pytest

from routing.workflow import (
    FINISHED_STATUSES,
    MOVES,
    OPEN_STATUSES,
    Action,
    NotAllowed,
    Role,
    Status,
    allowed_actions,
    move,
    moves_as_markdown,
)

DOCUMENT = Path(__file__).parents[2] / "docs" / "workflow.md"


def walk(*steps: tuple[str, str]) -> Status:
    status = Status.RECEIVED
    for action, role in steps:
        status = move(status, action, role)
    return status


def test_a_case_from_the_first_message_to_the_end() -> None:
    assert (
        walk(
            ("assign", "system"),
            ("accept", "officer"),
            ("ask_citizen", "officer"),
            ("citizen_replies", "citizen"),
            ("answer", "chair"),
            ("close", "citizen"),
        )
        == Status.CLOSED
    )


def test_what_the_machine_is_unsure_of_goes_through_a_dispatcher() -> None:
    assert walk(("send_to_triage", "system"), ("assign", "dispatcher")) == Status.ASSIGNED


def test_a_returned_case_is_back_with_the_dispatcher() -> None:
    assert walk(("assign", "system"), ("return", "officer")) == Status.TRIAGE


def test_not_solved_starts_the_work_again() -> None:
    assert walk(
        ("assign", "system"), ("answer", "officer"), ("reopen", "citizen"), ("accept", "officer")
    ) == (Status.IN_PROGRESS)


@pytest.mark.parametrize(
    ("status", "action", "role"),
    [
        ("closed", "answer", "officer"),
        ("answered", "accept", "officer"),
        ("assigned", "answer", "citizen"),
        ("assigned", "reject", "officer"),
        ("answered", "reopen", "officer"),
        ("answered", "close", "officer"),
        ("triage", "assign", "officer"),
        ("merged", "reopen", "citizen"),
    ],
)
def test_what_is_refused(status: str, action: str, role: str) -> None:
    with pytest.raises(NotAllowed, match=action):
        move(status, action, role)


def test_a_refusal_says_whether_somebody_else_could() -> None:
    with pytest.raises(NotAllowed, match="only for chair, dispatcher") as refusal:
        move(Status.ASSIGNED, Action.REJECT, Role.OFFICER)
    assert refusal.value.allowed_roles == {Role.CHAIR, Role.DISPATCHER}
    with pytest.raises(NotAllowed, match="never from this status"):
        move(Status.MERGED, Action.ANSWER, Role.CHAIR)


def test_an_unknown_word_is_an_error_of_its_own() -> None:
    with pytest.raises(ValueError, match="dance"):
        move("received", "dance", "officer")


def test_an_admin_has_no_part_in_a_case() -> None:
    assert not any(allowed_actions(status, Role.ADMIN) for status in Status)


def test_every_allowed_action_can_be_made_and_no_other() -> None:
    for status in Status:
        for role in Role:
            for action in Action:
                if action in allowed_actions(status, role):
                    assert move(status, action, role) in Status
                else:
                    with pytest.raises(NotAllowed):
                        move(status, action, role)


def test_open_and_finished_share_nothing_and_leave_nothing_out() -> None:
    assert set(Status) == OPEN_STATUSES | FINISHED_STATUSES
    assert not OPEN_STATUSES & FINISHED_STATUSES


def test_every_status_can_be_reached_and_every_open_case_can_be_finished() -> None:
    assert Status.RECEIVED in OPEN_STATUSES
    assert reachable_from(Status.RECEIVED) | {Status.RECEIVED} == set(Status)
    for status in OPEN_STATUSES:
        assert Status.ANSWERED in reachable_from(status)


def reachable_from(start: Status) -> set[Status]:
    found: set[Status] = set()
    waiting = [start]
    while waiting:
        here = waiting.pop()
        after = {found_move.status for (status, _), found_move in MOVES.items() if status == here} - found
        found |= after
        waiting.extend(after)
    return found


def test_the_documentation_shows_exactly_this_table() -> None:
    assert moves_as_markdown() in DOCUMENT.read_text(encoding="utf-8"), (
        "docs/workflow.md is out of date: print routing.workflow.moves_as_markdown() into it"
    )
