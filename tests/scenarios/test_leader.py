"""Leaders and chairs ask for figures, of what they may see and in the words that they use."""

from dataclasses import replace
from datetime import datetime

import pytest

from handlers import statistics, texts
from routing.deadline import LOCAL_TIME
from routing.organisation import to_document
from storage import seals, units
from storage.cases import Case
from tests.city import CityHarness, Somebody

WARD, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan"
RUBBISH = "Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"


def local(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026."""
    return datetime(2026, 11, day, hour, minute, tzinfo=LOCAL_TIME)


async def report(city: CityHarness, name: str = "an", *, text: str = RUBBISH) -> Case:
    """Let somebody send a report."""
    citizen = city.citizen(name)
    await citizen.writes(text)
    await citizen.files()
    return (await city.cases())[-1]


async def answered(city: CityHarness, official: Somebody, case: Case) -> None:
    """Let an official answer a case."""
    await official.replays(f"answer:{case.code}")
    await official.writes("Đã dọn xong.", photos=1)
    await official.presses("Gửi câu trả lời")


# ── figures ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_leader_sees_the_whole_city_and_who_is_worst(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    good, bad = await city.official(WARD, "officer"), await city.official(OTHER, "officer")
    await answered(city, good, await report(city, "an"))
    late = await report(city, "ba", text="Rác chất đống ở phường Thanh Xuân")
    await report(city, "ca", text="Rác chất đống ở phường Thanh Xuân")
    await city.becomes(local(27, 10))
    await answered(city, bad, late)
    await leader.writes("/thongke")
    leader.sees(
        "Thành phố Hà Nội · 23/11 – 29/11/2026",
        "Nhận: 3",
        "Đã trả lời: 2",
        "đúng hạn: 1",
        "trễ hạn: 1",
        "gia hạn: 0",
        "Đang mở (đến lúc này): 1",
        "còn trong hạn: 0",
        "quá hạn: 1",
        "[Theo đơn vị]",
    )
    await leader.presses("Theo đơn vị")
    leader.sees(
        "1. Phường Thanh Xuân (nhận 2)\n   🔺 quá hạn 1 · 🔸 sắp đến hạn 0 · còn hạn 0\n",
        "trả lời: đúng hạn 0 · trễ 1 · trễ có gia hạn 0",
        "2. Phường Khương Đình",
    )
    await leader.presses("Theo lĩnh vực")
    leader.sees("1. Rác thải, vệ sinh môi trường (nhận 3)\n", "đúng hạn 1 · trễ 1 · trễ có gia hạn 0")


async def test_a_chair_sees_the_own_unit_and_a_polite_no_for_another(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    await report(city, "an")
    await report(city, "ba", text="Rác chất đống ở phường Thanh Xuân")
    await chair.writes("/thongke tuần")
    chair.sees("Phường Khương Đình", "Nhận: 1")
    await chair.writes("/thongke tuần phường Thanh Xuân")
    chair.sees("không thuộc phạm vi của anh/chị", "Nhận: 1")
    await chair.replays("figures:20261123:20261129:u:ha-noi")
    chair.sees("không thuộc phạm vi của anh/chị")
    chair.does_not_see("1. Phường Thanh Xuân", "2. ")


async def test_periods_units_and_domains_may_be_named(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    for words, seen in (
        ("hôm nay", "ngày 23/11/2026"),
        ("tháng", "1/11 – 30/11/2026"),
        ("1/11-15/11", "1/11 – 15/11/2026"),
        ("tháng trước", "Nhận: 0"),
        ("hôm nay phuong khuong dinh", "Phường Khương Đình · ngày 23/11/2026"),
        ("tuần này rác", "Rác thải, vệ sinh môi trường"),
        ("đơn vị", "1. Phường Khương Đình"),
        ("theo lĩnh vực tháng này", "1. Rác thải"),
    ):
        await leader.writes(f"/thongke {words}")
        leader.sees(seen)
    for words in ("31/2", "xyzqw vwx", "15/11/2026-1/11/2026"):
        await leader.writes(f"/thongke {words}")
        leader.sees("Tôi chưa hiểu", "[Tuần này]")


async def test_a_domain_stays_asked_for_when_grouped_and_in_another_period(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await report(city)
    await leader.writes("/thongke tháng này rác")
    for label in ("Theo đơn vị", "Theo lĩnh vực", "Tổng chung", "Tuần này"):
        await leader.presses(label)
        leader.sees("Thành phố Hà Nội · Rác thải, vệ sinh môi trường")


async def test_ten_units_are_shown_and_the_rest_is_added_up(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    for number, ward in enumerate(city.city.wards()[:12]):
        await report(city, f"c{number}", text=f"Rác chất đống ở {ward.name}")
    await leader.writes("/thongke đơn vị")
    leader.sees("10. ", "Còn lại 2 dòng, khá hơn: nhận 2 · quá hạn 0 · trả lời trễ 0")
    leader.does_not_see("11. ")


async def test_leaders_see_the_seal_of_the_ledger_and_chairs_do_not(city: CityHarness) -> None:
    leader, chair = await city.official("ha-noi", "leader"), await city.official(WARD, "chair")
    await report(city)
    await city.becomes(local(24, 10))
    await report(city, "ba")
    async with city.database.begin() as transaction:
        (sealed,) = await seals.seal_days(transaction, now=city.now)
    await leader.writes("/thongke")
    leader.sees(f"Dấu niêm phong nhật ký đến hết 23/11/2026: {sealed.shown}")
    await chair.writes("/thongke")
    chair.does_not_see("niêm phong")


async def test_a_former_units_work_can_be_seen_then_and_now(city: CityHarness) -> None:
    leader = await city.official("ha-noi", "leader")
    await answered(city, await city.official(WARD, "officer"), await report(city))
    before = city.city.units[WARD]
    over = replace(before, valid_to=local(24, 0).date(), successors=(OTHER,))
    changed = replace(city.city, units={**city.city.units, WARD: over})
    async with city.database.begin() as transaction:
        await units.save_city(transaction, to_document(changed), now=city.now)
    await city.becomes(local(25, 10))
    await leader.writes("/thongke theo đơn vị")
    leader.sees("1. Phường Khương Đình (trước đây) (nhận 1)")
    await leader.presses("Theo đơn vị hiện nay")
    leader.sees("1. Phường Thanh Xuân (nhận 1)", "được tính cho đơn vị kế thừa")
    await leader.presses("Theo đơn vị lúc đó")
    leader.sees("Phường Khương Đình (trước đây)")


async def test_citizens_are_told_kindly_that_figures_are_not_for_them(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("/thongke")
    an.sees(texts.figures_refused())
    await an.replays("figures:20261123:20261129:t:ha-noi")
    an.sees(texts.figures_refused())


@pytest.mark.parametrize(
    "data",
    [
        "figures:",
        "figures:x",
        "figures:20261123:20261199:t:ha-noi",
        "figures:20261129:20261123:t:ha-noi",
        "figures:00010101:20261123:t:ha-noi",
        "figures:20261123:99991231:t:ha-noi",
    ],
)
async def test_made_up_buttons_for_figures_are_stale(city: CityHarness, data: str) -> None:
    leader = await city.official("ha-noi", "leader")
    await leader.replays(data)
    leader.sees(texts.stale_button())


async def test_chat_and_command_line_tell_the_same(city: CityHarness) -> None:
    await answered(city, await city.official(WARD, "officer"), await report(city))
    await report(city, "ba", text="Có chuyện lạ ở phường Khương Đình")
    async with city.database.read() as transaction:
        found = await statistics.collect(
            transaction, city.city, start=None, end=None, unit=None, domain=None, now=city.now
        )
    assert (found["from"], found["to"]) == ("2026-10-25", "2026-11-23")
    assert {
        name: found["total"][name] for name in ("received", "answered", "on_time", "open", "on_track")
    } == {
        "received": 2,
        "answered": 1,
        "on_time": 1,
        "open": 1,
        "on_track": 1,
    }
    assert {row["name"] for row in found["by_unit"]} == {"Phường Khương Đình", "Chờ điều phối"}
    table = statistics.as_table(found)
    assert "Phường Khương Đình" in table
    assert "late_with_extension" in table
