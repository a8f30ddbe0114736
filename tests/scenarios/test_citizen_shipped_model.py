"""The same conversation with the shipped model in place of the plain one: the parts fit together."""

from pathlib import Path

import pytest

from handlers.worker import TurnWorker
from routing.understanding import Understanding
from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, hôi thối không chịu nổi"


@pytest.fixture(scope="module")
def understanding() -> Understanding:
    return Understanding.load()


@pytest.fixture
async def real_city(city: CityHarness, understanding: Understanding, tmp_path: Path) -> CityHarness:
    city.worker = TurnWorker(
        city.database,
        channels=city.channels,
        understanding=understanding,
        media_dir=city.media_dir,
        committed=lambda: None,
        now=city.clock,
    )
    return city


@pytest.mark.parametrize(
    "text", [RUBBISH, "rac chat dong truoc ngo 12 vu tong phan phuong khuong dinh ca tuan nay hoi thoi"]
)
async def test_one_message_and_one_tap(real_city: CityHarness, text: str) -> None:
    an = real_city.citizen("an")
    await an.writes(text)
    an.sees("Rác thải, vệ sinh môi trường", "Phường Khương Đình", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    case = await real_city.only_case()
    assert (case.domain, case.unit_code, case.status) == ("waste", "phuong-khuong-dinh", "assigned")
    assert case.reading["model_version"]


async def test_a_greeting_an_emergency_and_a_question(real_city: CityHarness) -> None:
    an = real_city.citizen("an")
    await an.writes("Xin chào")
    an.sees("việc gì, ở đâu")
    await an.writes("Cứu với, nhà đang cháy lớn, có người mắc kẹt bên trong!")
    an.sees("114", "Khẩn", "[Đồng ý và gửi]")


async def test_english_is_an_emergency_only_when_it_names_a_danger(real_city: CityHarness) -> None:
    an, binh = real_city.citizen("an"), real_city.citizen("binh")
    await an.writes("There is a broken light near my house please help")
    an.sees("I can only read Vietnamese", "[Đồng ý và gửi]")
    an.does_not_see("Khẩn")
    await binh.writes("There is a fire in my house please help")
    binh.sees("XIN GỌI NGAY", "Khẩn", "[Đồng ý và gửi]")


async def test_two_problems_and_two_taps(real_city: CityHarness) -> None:
    an = real_city.citizen("an")
    await an.writes(
        "Kính gửi phường Khương Đình:\n1. Rác ở đầu ngõ 120 Vũ Tông Phan ba ngày chưa ai thu gom.\n"
        "2. Đèn đường trong ngõ tắt cả tháng, tối không thấy gì."
    )
    an.sees("nêu 2 việc", "(Rác thải, vệ sinh môi trường)", "(Chiếu sáng công cộng)")
    await an.presses("Gửi riêng")
    await an.presses("Đồng ý và gửi cả")
    first, second = await real_city.cases()
    assert (first.domain, first.ward_name) == ("waste", "Phường Khương Đình")
    assert (second.domain, second.ward_name) == ("lighting", "Phường Khương Đình")
    assert second.reading["reasons"]


async def test_a_second_message_about_something_else(real_city: CityHarness) -> None:
    an = real_city.citizen("an")
    await an.writes(RUBBISH)
    await an.writes("Mong phường cho người xuống dọn sớm giúp dân")
    an.does_not_see("việc khác")
    await an.writes("Nhà tôi ở phường Thanh Xuân mất nước ba ngày liền, không có nước nấu ăn")
    an.sees("việc khác", "[Việc mới]", "[Thêm vào phản ánh đang viết]")


@pytest.mark.parametrize("text", ["Mất điện rồi", "cống tắc", "ổ gà ở ngõ 5"])
async def test_few_words_of_a_sure_matter_are_no_small_talk(real_city: CityHarness, text: str) -> None:
    an = real_city.citizen("an")
    await an.writes(text)
    an.does_not_see("Chào anh/chị")
    an.sees("[Huỷ]")


async def test_thanks_are_answered_and_not_filed(real_city: CityHarness) -> None:
    an = real_city.citizen("an")
    await an.writes("Cảm ơn phường đã dọn rác rất nhanh")
    an.sees("Cảm ơn anh/chị", "[Đây là phản ánh]")
    an.does_not_see("[Đồng ý và gửi]")


async def test_a_complaint_with_swear_words_is_a_complaint(real_city: CityHarness) -> None:
    an = real_city.citizen("an")
    await an.writes("Mẹ chúng mày lũ ăn hại, cống tắc cả tháng ngập hết nhà ông rồi")
    an.sees("Thoát nước", "[Đồng ý và gửi]")
    binh = real_city.citizen("binh")
    await binh.writes("Nhận hút bể phốt thông tắc cống giá rẻ gọi 0912345678")
    binh.sees("[Tôi muốn gửi nội dung này]")


async def test_an_emergency_is_not_sent_to_those_who_clear_rubbish(real_city: CityHarness) -> None:
    an = real_city.citizen("an")
    await an.writes("Cháy to ở ngõ 5 phường Khương Đình có người kẹt! Ngoài ra rác đầy ngõ")
    an.sees("114", "Khẩn", "[Đồng ý và gửi]")
    await an.presses("Đồng ý và gửi")
    fire = await real_city.only_case()
    assert (fire.kind, fire.urgent, fire.domain == "waste") == ("emergency", True, False)
    an.sees("Rác thải", "[Đồng ý và gửi]")
