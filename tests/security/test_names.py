"""Who is told who reported a case: those who handle it, and nobody above, beside or in between."""

import pytest

from tests.city import CityHarness

WARD, INSPECTORS = "phuong-khuong-dinh", "thanh-tra-thanh-pho"
REPORT = "Tôi là Nguyễn Thị Lan, số 0912345678. Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình"
CONDUCT = (
    "Tôi là Nguyễn Thị Lan, số 0912345678. Cán bộ hách dịch ở phường Khương Đình, số 12 Vũ Tông Phan, "
    "bắt chờ cả buổi"
)


async def test_the_unit_that_handles_a_case_reads_who_wrote_it(city: CityHarness) -> None:
    chair = await city.official(WARD, "chair")
    an = city.citizen("lan anh")
    await an.writes(REPORT)
    await an.files()
    chair.sees("Lan Anh", "0912345678")


@pytest.mark.parametrize("role", ["leader", "dispatcher", "chair", "officer"])
async def test_those_above_and_those_who_steer_do_not(city: CityHarness, role: str) -> None:
    above = await city.official("ha-noi", role)
    an = city.citizen("lan anh")
    await an.writes(REPORT)
    await an.files()
    case = await city.only_case()
    await above.replays(f"card:{case.code}")
    above.sees("Rác chất đống", case.code)
    above.does_not_see("Lan", "0912345678")
    await above.writes("/tim rác chất đống")
    above.sees(case.code)
    above.does_not_see("Lan", "0912345678")


async def test_a_complaint_about_officials_names_its_writer_to_the_unit_entitled_alone(
    city: CityHarness,
) -> None:
    inspector = await city.official(INSPECTORS, "officer")
    leader = await city.official("ha-noi", "leader")
    an = city.citizen("lan anh")
    await an.writes(CONDUCT)
    await an.files()
    case = await city.only_case()
    assert case.unit_code == INSPECTORS
    inspector.sees("Lan Anh")
    await leader.replays(f"card:{case.code}")
    leader.sees("hách dịch")
    leader.does_not_see("Lan", "0912345678")


@pytest.mark.parametrize("role", ["leader", "dispatcher", "chair", "officer"])
async def test_names_and_numbers_cannot_be_guessed_by_searching(city: CityHarness, role: str) -> None:
    above, handling = await city.official("ha-noi", role), await city.official(WARD, "officer")
    an = city.citizen("lan anh")
    await an.writes(REPORT)
    await an.files()
    case = await city.only_case()
    for guess in ("0912345678", "lan anh", "Nguyễn Thị Lan", "rác 0912345678", "rác lan"):
        above.reads()
        await above.writes(f"/tim {guess}")
        above.does_not_see(case.code)
        handling.reads()
        await handling.writes(f"/tim {guess}")
        handling.sees(case.code)
    await above.writes("/tim rac vu tong ph")
    above.sees(case.code)
