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


async def test_what_a_unit_writes_when_it_gives_a_case_back_is_not_for_the_citizen(city: CityHarness) -> None:
    officer = await city.official(WARD, "officer")
    dispatcher = await city.official("bo-phan-dieu-phoi", "dispatcher")
    citizen, code = await filed(city)
    await officer.presses("Trả lại")
    await officer.writes("Người này hay kiện, phường không nhận")
    await officer.presses("Gửi lý do này")
    dispatcher.reads()

    await citizen.writes(f"/viso {code}")
    citizen.sees("đang chờ cán bộ điều phối")
    citizen.does_not_see("hay kiện")
    await dispatcher.writes(f"/viso {code}")
    dispatcher.sees("hay kiện")


async def test_whoever_joined_another_case_is_told_its_unit_and_deadline(city: CityHarness) -> None:
    await filed(city)
    neighbour = city.citizen("binh")
    await neighbour.writes(RUBBISH)
    await neighbour.presses("Đồng ý và gửi")
    await neighbour.presses("Đúng, cùng vụ việc")
    neighbour.reads()

    await neighbour.writes(f"/viso {(await city.cases())[-1].code}")

    neighbour.sees("đã gộp vào một vụ việc đã có", "Đơn vị trả lời: Phường Khương Đình", "Hạn trả lời")


async def test_what_the_writer_chose_is_told_as_their_choice(city: CityHarness) -> None:
    citizen = city.citizen("an")
    await citizen.writes(RUBBISH)
    await citizen.presses("Sửa lĩnh vực")
    await citizen.presses("Tiếng ồn")
    await citizen.presses("Đồng ý và gửi")
    citizen.reads()

    await citizen.writes(f"/viso {(await city.only_case()).code}")

    citizen.sees("Lĩnh vực: người gửi chọn Tiếng ồn")
