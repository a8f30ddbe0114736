"""Orders in a group: the same rights as alone, the same thread, one person's tap; two taps at one time."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import select, update

from routing.deadline import LOCAL_TIME
from storage import groups, ledger
from storage.cases import Case
from storage.identity import new_id
from storage.tables import case as case_table
from storage.tables import group_chat, person
from tests.city import CityHarness, Somebody
from tests.scenarios.test_directives import all_of, says, started, types
from tests.scenarios.test_unit import WARD, report
from tests.scenarios.test_unit_decisions_on_postgresql import at_once
from tests.scenarios.test_unit_on_postgresql import city as on_postgresql

__all__ = ["on_postgresql"]
CHAT = "-100"
_ANYBODY = select(person.c.id).limit(1)


async def group_of(city: CityHarness, leader: Somebody, chair: Somebody, **columns: object) -> None:
    """Store a group of the ward."""
    async with city.database.begin() as transaction:
        row = {
            "id": new_id(),
            "channel": city.channel.name,
            "chat": city.somebody_in_group(CHAT, leader).chat,
            "title": "Nhóm phường Khương Đình",
            "purpose": "unit",
            "unit_code": WARD,
            "units": [WARD],
            "status": groups.ACTIVE,
            "forum": False,
            "missing": [],
            "created_by": 0,
            "created_at": city.now,
            "bound_at": city.now,
            **columns,
        }
        people = await transaction.fetch(_ANYBODY)
        row["created_by"] = people[0]["id"]
        await transaction.execute(group_chat.insert(), row)


async def in_group(city: CityHarness) -> tuple[Somebody, Somebody, Somebody, Case]:
    """Return the leader and the chair in the group, the chair alone, and a case of the ward's."""
    leader, chair, case = await started(city)
    await group_of(city, leader, chair)
    inside = [city.somebody_in_group(CHAT, somebody) for somebody in (leader, chair)]
    return inside[0], inside[1], chair, case


async def test_an_order_is_shown_given_and_reported_on_in_the_thread(city: CityHarness) -> None:
    leader, chair, alone, case = await in_group(city)
    await leader.sends(text=f"{case.code} giao phường Khương Đình xử lý trước thứ Sáu", topic="7")
    leader.sees("Tôi hiểu: giao xử lý", "17:00 thứ Sáu 27/11")
    await chair.presses("Giao ngay")
    chair.sees("Chỉ người soạn")
    assert "directed" not in await types(city, case)
    await leader.presses("Giao ngay")
    leader.sees("CHỈ ĐẠO: Giao xử lý", "[Đã nhận việc]")
    assert leader.last.message.topic == "7"
    alone.sees("CHỈ ĐẠO")
    order = leader.last
    await leader.presses("Đã nhận việc")
    leader.sees("Chỉ người của Phường Khương Đình")
    await chair.presses("Đã nhận việc")
    chair.sees("Phường Khương Đình đã nhận việc")
    await chair.presses("Báo cáo")
    chair.sees("trả lời (reply) tin chỉ đạo")
    await chair.writes("Đã dọn xong sáng nay", photos=1, reply_to=order)
    await chair.presses("Gửi báo cáo")
    chair.sees("Phường Khương Đình (Chủ tịch phường Khương Đình) báo cáo", "Đã dọn xong sáng nay")
    assert (await types(city, case))[-3:] == ["directed", "directive_seen", "directive_reported"]
    assert await ledger.verify(city.database) is None


async def test_a_press_by_somebody_else_leaves_the_buttons(city: CityHarness) -> None:
    leader, chair, _, case = await in_group(city)
    await leader.sends(text=f"{case.code} giao phường Khương Đình xử lý trước thứ Sáu")
    asked = leader.last
    await chair.presses("Giao ngay")
    if city.wire and not city.wire.takes_buttons_away:
        city.wire.cannot("take spent buttons away")
    assert chair.last.message.replace == ""
    await leader.does(button=asked.buttons[0].data, button_message=asked.id)
    order = leader.last
    assert any(shown.message.replace == asked.id for shown in leader.screen)
    await leader.presses("Đã nhận việc")
    assert leader.last.message.replace == ""
    await chair.does(button=order.buttons[0].data, button_message=order.id)
    assert chair.last.message.replace == order.id


async def test_what_people_say_to_one_another_is_no_order(city: CityHarness) -> None:
    leader, chair, _, _ = await in_group(city)
    leader.mentioned = chair.mentioned = False
    for words in ("cảm ơn các đồng chí", "giao phường Khương Đình xử lý nhé", "anh em chú ý"):
        await chair.writes(words)
    await leader.writes("anh em chú ý giúp")
    assert await all_of(city) == []


async def test_a_chair_may_in_a_group_what_they_may_alone(city: CityHarness) -> None:
    _, chair, _, case = await in_group(city)
    await chair.writes(f"{case.code} giao Sở Xây dựng xử lý trước thứ Sáu")
    assert await all_of(city) == []
    chair.does_not_see("[Giao ngay]")


async def test_a_group_orders_nothing_outside_its_scope(city: CityHarness) -> None:
    leader, _, _, case = await in_group(city)
    await leader.writes(f"{case.code} giao phường Thanh Xuân xử lý trước thứ Sáu")
    leader.sees("không thuộc phạm vi của nhóm")
    elsewhere = await report(city, "binh", text="Rác đầy ở ngõ 5, phường Thanh Xuân")
    leader.reads()
    await leader.writes(f"{elsewhere.code} yêu cầu báo cáo trước thứ Sáu")
    leader.sees("không thuộc phạm vi của nhóm")
    assert await all_of(city) == []


async def test_nothing_of_a_restricted_case_stands_in_a_group(city: CityHarness) -> None:
    leader, _, _, _ = await in_group(city)
    text = "Cán bộ phường Khương Đình hạch dịch tại số 1 Vũ Tông Phan, phường Khương Đình"
    case = await report(city, "chi", text=text)
    await leader.writes(f"{case.code} yêu cầu báo cáo trước thứ Sáu")
    leader.sees("không thuộc phạm vi của nhóm")
    leader.does_not_see("hạch dịch")


async def test_what_stands_in_a_group_names_nobody(city: CityHarness) -> None:
    leader, _, _, _ = await in_group(city)
    case = await report(city, "dung", text="Ô gà ở ngõ 12 Vũ Tông Phan, phường Khương Đình, gọi 0912345678")
    await leader.writes(f"{case.code} giao phường Khương Đình xử lý trước thứ Sáu, gọi 0987654321")
    await leader.presses("Giao ngay")
    told = "\n".join(str(shown) for shown in leader.screen)
    assert "CHỈ ĐẠO" in told
    assert "0912345678" not in told
    assert "0987654321" not in told


async def test_an_order_given_alone_is_shown_in_the_cases_own_group(city: CityHarness) -> None:
    leader, chair, case = await started(city)
    await group_of(city, leader, chair, purpose="case", case_id=case.id)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.presses("Giao ngay")
    group = city.somebody_in_group(CHAT, leader)
    assert "CHỈ ĐẠO: Giao xử lý" in group.last.text
    assert group.last.labels[:2] == ["Đã nhận việc", "Báo cáo"]


async def test_what_is_done_elsewhere_wakes_no_group(city: CityHarness) -> None:
    inside, _, chair, case = await in_group(city)
    await inside.writes(f"{case.code} yêu cầu báo cáo trước thứ Sáu")
    await inside.presses("Giao ngay")
    await city.becomes(datetime(2026, 11, 23, 23, 30, tzinfo=LOCAL_TIME))
    await chair.presses("Báo cáo")
    await chair.writes("Đã dọn xong")
    inside.reads()
    await chair.presses("Gửi báo cáo")
    inside.sees_nothing()
    await city.becomes(datetime(2026, 11, 24, 7, 1, tzinfo=LOCAL_TIME))
    inside.sees("Đã dọn xong")


@pytest.mark.parametrize("urgent", [False, True])
async def test_an_order_given_alone_waits_for_the_morning_unless_it_is_urgent(
    city: CityHarness, urgent: bool
) -> None:
    leader, chair, case = await started(city)
    await group_of(city, leader, chair, purpose="case", case_id=case.id)
    async with city.database.begin() as transaction:
        await transaction.execute(update(case_table).values(urgent=urgent))
    await city.becomes(datetime(2026, 11, 23, 23, 30, tzinfo=LOCAL_TIME))
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    await leader.presses("Giao ngay")
    group = city.somebody_in_group(CHAT, leader)
    assert bool(group.screen) is urgent
    await city.becomes(datetime(2026, 11, 24, 7, 1, tzinfo=LOCAL_TIME))
    assert len(group.screen) == 1


async def test_in_the_group_itself_nothing_waits(city: CityHarness) -> None:
    leader, chair, _, case = await in_group(city)
    await city.becomes(datetime(2026, 11, 23, 23, 30, tzinfo=LOCAL_TIME))
    await leader.writes(f"{case.code} yêu cầu báo cáo trước thứ Sáu")
    await leader.presses("Giao ngay")
    leader.sees("CHỈ ĐẠO")
    await chair.writes("Đã dọn xong", reply_to=leader.last)
    await chair.presses("Gửi báo cáo")
    chair.sees("báo cáo", "Đã dọn xong")


# ── at one time, on PostgreSQL ───────────────────────────────────────────────────────────────────


async def test_a_double_tap_counts_once(on_postgresql: CityHarness, tmp_path: Path) -> None:
    city = on_postgresql
    leader, chair, case = await started(city)
    await says(leader, case, "giao phường Khương Đình xử lý trước thứ Sáu")
    (order,) = await all_of(city)
    await at_once(city, tmp_path, *([(leader, f"dgive:{order.id}")] * 2))
    assert (await types(city, case)).count("directed") == 1
    assert sum("CHỈ ĐẠO" in str(shown) for shown in chair.screen) == 1
    assert await ledger.verify(city.database) is None


async def test_two_leaders_give_one_case_to_two_units(on_postgresql: CityHarness, tmp_path: Path) -> None:
    city = on_postgresql
    first, _, case = await started(city)
    second = await city.official("ha-noi", "leader", name="Lãnh đạo thứ hai")
    await says(first, case, "giao Sở Xây dựng xử lý trước thứ Sáu")
    await says(second, case, "giao phường Thanh Xuân xử lý trước thứ Sáu")
    one, two = await all_of(city)
    await at_once(city, tmp_path, (first, f"dgive:{one.id}"), (second, f"dgive:{two.id}"))
    given = [order for order in await all_of(city) if order.status == "given"]
    assert (await types(city, case)).count("directed") == len(given) == 2
    assert (await types(city, case)).count("handed_over") == 2
    assert await ledger.verify(city.database) is None
