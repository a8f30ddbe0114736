"""A citizen's conversations: one message, one tap; asked only for what is missing; nothing lost."""

from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def test_one_message_and_one_tap(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    an.sees(
        "Rác thải, vệ sinh môi trường", "Vũ Tông Phan", "Phường Khương Đình", "Đơn vị trả lời", "Hạn trả lời"
    )
    an.sees("Bấm «Đồng ý và gửi» là anh/chị đồng ý", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    an.sees(case.code, city.city.units[case.unit_code or ""].name, "trước 09:00 thứ Sáu 27/11")
    assert (case.kind, case.domain, case.ward_name, case.status) == (
        "feedback",
        "waste",
        "Phường Khương Đình",
        "assigned",
    )
    assert case.text == RUBBISH
