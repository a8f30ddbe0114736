"""A reason that is typed counts only at a tap, and what is meant for one case never reaches another."""

from collections.abc import Awaitable, Callable

import pytest

from handlers import texts
from storage.cases import Case
from tests.city import CityHarness, Somebody
from tests.scenarios.test_unit import WARD, again, report
from tests.scenarios.test_unit_approval import approving, propose

BUILDING = "so-xay-dung"
MEANT_FOR_ANOTHER = "Tổ môi trường đã dọn sạch lúc 10 giờ sáng nay"


# ── a message hours later ────────────────────────────────────────────────────────────────────────


async def asked_for_time(city: CityHarness, case: Case) -> Somebody:
    chief = await city.official("ha-noi", "chair")
    officer = await city.official(WARD, "officer")
    await officer.replays(f"accept:{case.code}")
    await officer.replays(f"extendwhy:{case.code}:2:material")
    await chief.presses("Không đồng ý")
    return chief


async def sent_back(city: CityHarness, case: Case) -> Somebody:
    await approving(city)
    officer = await city.official(WARD, "officer")
    chair = await city.official(WARD, "chair")
    await propose(officer, case)
    await chair.presses("Trả lại để sửa")
    return chair


async def given_back(city: CityHarness, case: Case) -> Somebody:
    officer = await city.official(WARD, "officer")
    await officer.replays(f"giveback:{case.code}")
    return officer


async def handed_over(city: CityHarness, case: Case) -> Somebody:
    officer = await city.official(WARD, "officer")
    await officer.replays(f"handto:{case.code}:{BUILDING}")
    return officer


async def more_time(city: CityHarness, case: Case) -> Somebody:
    await city.official("ha-noi", "chair")
    officer = await city.official(WARD, "officer")
    await officer.replays(f"accept:{case.code}")
    await officer.replays(f"extendfor:{case.code}:2")
    return officer


async def declined(city: CityHarness, case: Case) -> Somebody:
    officer = await city.official(WARD, "officer")
    beside = await city.official(BUILDING, "officer")
    await officer.replays(f"sup:{case.code}:{BUILDING}")
    await officer.writes("Cho mượn xe ép rác")
    await officer.presses("Gửi lời mời")
    await beside.presses("Không thuộc đơn vị")
    return beside


async def refused_in_triage(city: CityHarness, case: Case) -> Somebody:
    officer = await city.official(WARD, "officer")
    await officer.replays(f"giveto:{case.code}:area")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    await dispatcher.replays(f"refuse:{case.code}")
    return dispatcher


STEPS: list[Callable[[CityHarness, Case], Awaitable[Somebody]]] = [
    asked_for_time,
    sent_back,
    given_back,
    handed_over,
    more_time,
    declined,
    refused_in_triage,
]


@pytest.mark.parametrize("begin", STEPS, ids=lambda step: step.__name__)
async def test_a_message_hours_later_is_shown_and_does_nothing_by_itself(
    city: CityHarness, begin: Callable[[CityHarness, Case], Awaitable[Somebody]]
) -> None:
    case = await report(city)
    somebody = await begin(city, case)
    before = [event.type for event in await city.events(case)]
    await city.passes(hours=3)
    await somebody.writes(MEANT_FOR_ANOTHER)
    somebody.sees(case.code, f"«{MEANT_FOR_ANOTHER}»", "Chưa gửi", "[Gửi lý do này]", "[Bỏ]")
    assert [event.type for event in await city.events(case)] == before
    await somebody.presses("Bỏ")
    await somebody.replays(f"sendreason:{case.code}")
    somebody.sees(texts.draft_gone())
    assert [event.type for event in await city.events(case)] == before


@pytest.mark.parametrize("begin", STEPS, ids=lambda step: step.__name__)
async def test_one_tap_sends_all_that_was_written(
    city: CityHarness, begin: Callable[[CityHarness, Case], Awaitable[Somebody]]
) -> None:
    case = await report(city)
    somebody = await begin(city, case)
    await somebody.writes("Xe đang sửa,")
    await somebody.writes("thứ Hai mới xong")
    await somebody.presses("Gửi lý do này")
    said = str((await city.events(case))[-1].data)
    assert "Xe đang sửa,\\nthứ Hai mới xong" in said


async def test_more_than_a_reason_holds_is_said_and_pictures_are_no_reason(city: CityHarness) -> None:
    case = await report(city)
    officer = await given_back(city, case)
    await officer.sends(photos=1)
    officer.sees(texts.words_please(), "[Bỏ]")
    officer.does_not_see("[Gửi lý do này]")
    await officer.writes("dài " * 200)
    officer.sees("quá 500 chữ cái")
    assert (await again(city, case)).status == "assigned"


# ── a reply to another case ──────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("typed", [MEANT_FOR_ANOTHER, "1"])
async def test_a_reply_to_another_card_is_refused_while_a_case_is_given_back(
    city: CityHarness, typed: str
) -> None:
    chair = await city.official(WARD, "chair")
    second = await report(city, "binh", text="Rác đổ trộm ở ngõ 99 Khương Hạ, phường Khương Đình")
    card_of_second = chair.last
    first = await report(city)
    await chair.replays(f"giveback:{first.code}")
    await chair.writes(typed, reply_to=card_of_second)
    chair.sees(texts.draft_busy(code=first.code), "[Bỏ]")
    assert [(await again(city, case)).status for case in (first, second)] == ["assigned", "assigned"]
    await chair.presses("Bỏ")
    await chair.writes(MEANT_FOR_ANOTHER, photos=1, reply_to=card_of_second)
    chair.sees(second.code, MEANT_FOR_ANOTHER, "[Gửi câu trả lời]")


async def test_a_reply_to_a_case_never_names_a_template(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    case = await report(city)
    card = chair.last
    await chair.replays(f"tplnew:{WARD}")
    await chair.writes(MEANT_FOR_ANOTHER, reply_to=card)
    chair.sees(texts.step_busy())
    await chair.writes("/huy")
    await chair.writes(MEANT_FOR_ANOTHER, photos=1, reply_to=card)
    chair.sees(case.code, "[Gửi câu trả lời]")


async def test_a_report_of_ones_own_waits_while_a_case_is_written_about(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.writes("Đèn đường hỏng ở ngõ 99 Khương Hạ, phường Khương Đình")
    await officer.replays(f"giveback:{case.code}")
    await officer.writes("Không phải của phường")
    await officer.presses("Gửi lý do này")
    assert (await again(city, case)).status == "triage"
    await officer.presses("Gửi như người dân")
    await officer.files()
    assert len(await city.cases()) == 2
