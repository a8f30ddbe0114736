"""Every button of a unit's steering, replayed on a case in every status: a sentence, never a fault."""

import pytest

from handlers import texts
from routing.workflow import FINISHED_STATUSES, Status
from storage import cases
from tests.city import CityHarness
from tests.scenarios.test_unit import WARD, report

BUTTONS = (
    "appoint:{}",
    "appointto:{}:1",
    "appointme:{}",
    "takeover:{}",
    "hand:{}",
    "handto:{}:so-xay-dung",
    "handask:{}",
    "giveback:{}",
    "extend:{}",
    "extendfor:{}:2",
    "grant:{}:1",
    "nogrant:{}:1",
    "nograntto:{}:1:enough",
    "reject:{}",
    "rejectfor:{}:outside",
    "rejectgo:{}:civil",
)


@pytest.mark.parametrize("status", sorted(Status))
async def test_no_button_meets_a_fault(city: CityHarness, status: Status) -> None:
    people = [
        await city.official(WARD, "officer"),
        await city.official(WARD, "chair"),
        await city.official("ha-noi", "chair"),
    ]
    case = await report(city)
    case.status = status
    case.answered_at = city.now if status in FINISHED_STATUSES else None
    case.unit_code = None if status in (Status.RECEIVED, Status.TRIAGE) else case.unit_code
    case.paused_at = city.now if status == Status.WAITING_FOR_CITIZEN else None
    case.master_id = case.id if status == Status.MERGED else None
    async with city.database.begin() as transaction:
        cases.save_case(transaction, case)
    for somebody in people:
        for data in BUTTONS:
            await somebody.replays(data.format(case.code))
            assert somebody.news, f"{data} is answered"
            somebody.does_not_see(texts.message_not_handled())
        await somebody.writes(f"/viec {case.code}")
        somebody.does_not_see(texts.message_not_handled())
    (now,) = await city.cases()
    taken = {Status.ASSIGNED: "in_progress", Status.REOPENED: "in_progress"}
    assert now.status == taken.get(status, status), "only taking it up changes anything"
