"""`/viso`: officials and the writer see why a case was read, given and dated as it was, and nobody else."""

from tests.city import CityHarness, Somebody

RUBBISH = "Rác chất đống ba ngày không ai gom ở phường Khương Đình"
UNSURE = "Có chuyện lạ ở phường Khương Đình"
WARD = "phuong-khuong-dinh"


async def filed(city: CityHarness, text: str = RUBBISH) -> tuple[Somebody, str]:
    """Return somebody who has sent a report, and its code."""
    citizen = city.citizen("an")
    await citizen.writes(text)
    await citizen.presses("Đồng ý và gửi")
    citizen.reads()
    return citizen, (await city.cases())[-1].code


async def test_the_officer_sees_domain_place_rule_and_the_deadline_added_up(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    _, code = await filed(city)
    officer.reads()

    await officer.writes(f"/viso {code}")

    officer.sees(
        f"Vì sao {code}",
        "mức chắc chắn về lĩnh vực: 90%",
        "Phường Khương Đình, theo quy tắc phân công số",
        "Tính từ lúc tiếp nhận",
        "24 giờ làm việc",
        "Từng ngày",
        "Tổng cộng: 24 giờ làm việc",
    )


async def test_the_writer_may_ask_too_and_strangers_may_not(city: CityHarness) -> None:
    citizen, code = await filed(city)
    stranger = city.citizen("binh")

    await citizen.writes(f"/viso {code}")
    citizen.sees("Tổng cộng: 24 giờ làm việc")
    await stranger.writes(f"/viso {code}")
    stranger.sees("không tìm thấy phản ánh nào")
    await citizen.writes("/viso")
    citizen.sees("/viso HN-")


async def test_what_a_dispatcher_corrected_is_told_with_what_it_was(city: CityHarness) -> None:
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    _, code = await filed(city, UNSURE)
    await dispatcher.writes(f"/viso {code}")
    dispatcher.sees("đang chờ cán bộ điều phối")
    await dispatcher.writes(f"/dieuphoi {code}")
    await dispatcher.presses("Trật tự đô thị")
    dispatcher.reads()

    await dispatcher.writes(f"/viso {code}")

    dispatcher.sees("Lĩnh vực: cán bộ sửa thành Trật tự đô thị (trước đó: Khác)", "theo quy tắc phân công số")


async def test_time_spent_waiting_for_the_citizen_is_added(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    citizen, code = await filed(city)
    await officer.presses("Hỏi người dân")
    await officer.writes("Rác ở số nhà bao nhiêu?")
    await officer.presses("Gửi câu hỏi")
    await city.passes(hours=2)
    await officer.writes(f"/viso {code}")
    officer.sees("Đồng hồ đang dừng")
    await citizen.writes("Trước số 12")
    officer.reads()

    await officer.writes(f"/viso {code}")

    officer.sees("tạm dừng để chờ người dân trả lời", "Tổng cộng: 26 giờ làm việc")
