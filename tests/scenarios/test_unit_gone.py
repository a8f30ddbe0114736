"""An office takes a unit out of its organisation file: what the unit still had can be brought on its way."""

from dataclasses import replace

from routing.workflow import Status
from tests.city import CityHarness

WARD, OTHER = "phuong-khuong-dinh", "phuong-thanh-xuan"


async def case_of_a_unit_that_is_gone(city: CityHarness) -> str:
    """Let somebody report, then take the unit that got it out of the city; return the code."""
    an = city.citizen("an")
    await an.writes("Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình")
    await an.presses("Đồng ý và gửi")
    gone = city.city.subtree(WARD)
    kept = {code: unit for code, unit in city.city.units.items() if code not in gone}
    await city.founds(replace(city.city, units=kept))
    return (await city.only_case()).code


async def test_its_officials_can_open_and_hand_on_what_they_have(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    code = await case_of_a_unit_that_is_gone(city)
    await officer.writes("/viec")
    await officer.presses(code)
    await officer.presses("Chuyển đơn vị")
    await officer.writes("phường Thanh Xuân")
    await officer.presses("Phường Thanh Xuân")
    await officer.presses("Chuyển luôn")
    assert (await city.only_case()).unit_code == OTHER


async def test_without_officials_dispatchers_hear_of_it_and_hand_it_on(city: CityHarness) -> None:
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    code = await case_of_a_unit_that_is_gone(city)
    an = city.citizen("an")
    await an.replays(f"own:{code}:add")
    await an.writes("Vẫn còn đó")
    an.sees(code)
    await dispatcher.presses(f"Mở {code}")
    await dispatcher.presses("Chuyển đơn vị")
    await dispatcher.writes("phường Thanh Xuân")
    await dispatcher.presses("Phường Thanh Xuân")
    await dispatcher.presses("Chuyển luôn")
    case = await city.only_case()
    assert (case.unit_code, case.status) == (OTHER, Status.ASSIGNED)
