"""Two officials at once on PostgreSQL: two workers hold one case, and only one of them changes it."""

import asyncio
from pathlib import Path

import pytest

from handlers.worker import TurnWorker
from storage import ledger
from tests.city import CityHarness, PlainUnderstanding, Somebody
from tests.scenarios.test_unit import WARD, report
from tests.scenarios.test_unit_on_postgresql import city  # noqa: F401


async def at_once(hanoi: CityHarness, tmp_path: Path, *presses: tuple[Somebody, str]) -> None:
    """Let several people press at the same moment, each with a worker of their own."""
    for somebody, data in presses:
        somebody.reads()
        await hanoi.receive(somebody.channel, somebody.message(button=data))
    workers = [
        TurnWorker(
            hanoi.database,
            channels=hanoi.channels,
            understanding=PlainUnderstanding(),
            media_dir=tmp_path,
            committed=lambda: None,
            now=hanoi.clock,
        )
        for _ in presses
    ]
    await asyncio.gather(*(worker.drain() for worker in workers))
    await hanoi.settles()


def button(somebody: Somebody, label: str) -> str:
    """Return the data of the latest button with this label."""
    return next(
        each.data for shown in reversed(somebody.screen) for each in shown.buttons if each.label == label
    )


async def test_an_extension_is_decided_once(city: CityHarness, tmp_path: Path) -> None:  # noqa: F811
    chiefs = [await city.official("ha-noi", "chair", name=f"Lãnh đạo {number}") for number in (1, 2)]
    officer = await city.official(WARD, "officer")
    case = await report(city)
    await officer.replays(f"extendwhy:{case.code}:2:material")
    data = button(chiefs[0], "Đồng ý")
    await at_once(city, tmp_path, *((chief, data) for chief in chiefs))
    told = sorted("Đã đồng ý gia hạn" in str(chief.last) for chief in chiefs)
    assert told == [False, True]
    assert (await city.only_case()).extension_count == 1
    assert await ledger.verify(city.database) is None


async def test_an_answer_and_a_grant_meet(city: CityHarness, tmp_path: Path) -> None:  # noqa: F811
    chief = await city.official("ha-noi", "chair")
    officer, chair = await city.official(WARD, "officer"), await city.official(WARD, "chair")
    case = await report(city)
    await officer.replays(f"extendwhy:{case.code}:2:material")
    data = button(chief, "Đồng ý")
    await chair.replays(f"rejectfor:{case.code}:outside")
    await at_once(city, tmp_path, (chief, data), (chair, f"rejectgo:{case.code}:outside"))
    case = await city.only_case()
    assert (case.status, case.extension) == ("rejected", None)
    assert await ledger.verify(city.database) is None


@pytest.mark.parametrize("unit", ["so-xay-dung", "phuong-thanh-xuan"])
async def test_a_hand_over_and_a_return_meet(
    city: CityHarness,  # noqa: F811
    tmp_path: Path,
    unit: str,
) -> None:
    officer, chair = await city.official(WARD, "officer"), await city.official(WARD, "chair")
    case = await report(city)
    await at_once(
        city, tmp_path, (officer, f"handnow:{case.code}:{unit}"), (chair, f"giveto:{case.code}:area")
    )
    types = [event.type for event in await city.events(case)]
    assert (types.count("handed_over"), types.count("returned")) in {(1, 0), (0, 1)}
    assert await ledger.verify(city.database) is None


async def test_two_colleagues_take_over_at_once(city: CityHarness, tmp_path: Path) -> None:  # noqa: F811
    officer = await city.official(WARD, "officer", name="Chuyên viên đang làm")
    others = [await city.official(WARD, "officer", name=f"Chuyên viên {number}") for number in (1, 2)]
    case = await report(city)
    await officer.presses("Nhận việc")
    await others[0].presses("Nhận việc")
    data = button(others[0], "Nhận thay")
    await at_once(city, tmp_path, *((other, data) for other in others))
    assert [event.type for event in await city.events(case)].count("taken_over") == 1
    asked = [other for other in others if "Anh/chị nhận thay?" in str(other.last)]
    assert len(asked) == 1, "the second is asked again, for another has it now"
