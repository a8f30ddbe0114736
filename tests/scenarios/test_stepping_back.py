"""Somebody of the city answers by hand in the vendor's console: the bot steps back, and comes again."""

from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def test_the_bot_is_silent_while_somebody_answers_by_hand(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("xin chào")
    await an.does(text="Chào bác, tôi xem giúp ngay.", by_staff=True)
    await an.writes(RUBBISH)
    an.sees_nothing()
    assert await city.cases() == []


async def test_when_they_fall_silent_the_person_learns_how_to_reach_the_bot(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("xin chào")
    await an.does(text="Chào bác.", by_staff=True)
    await city.passes(hours=1)
    await an.writes(RUBBISH)
    an.sees("Cán bộ đang trả lời trực tiếp")
    await an.presses("Gửi phản ánh mới")
    await an.writes(RUBBISH)
    an.sees("Rác thải")


async def test_buttons_and_commands_work_all_the_while(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes(RUBBISH)
    await an.does(text="Chào bác.", by_staff=True)
    await an.presses("Đồng ý và gửi")
    case = await city.only_case()
    await an.writes("/cuatoi")
    an.sees(case.code)


async def test_a_word_from_the_console_lets_the_bot_go_on(city: CityHarness) -> None:
    an = city.citizen("an")
    await an.writes("xin chào")
    await an.does(text="Chào bác.", by_staff=True)
    await an.does(text="/bot", by_staff=True)
    await an.writes(RUBBISH)
    an.sees("Rác thải")


async def test_a_withdrawal_reaches_the_operators_once_and_the_person_hears_no_more(
    city: CityHarness,
) -> None:
    admin = await city.official("ha-noi", "admin")
    an = city.citizen("an")
    await an.writes(RUBBISH)
    admin.reads()
    await an.does(withdrawn=True)
    admin.sees("rút đồng ý", "xóa dữ liệu cá nhân")
    await an.does(withdrawn=True)
    assert len(admin.news) == 1
    an.sees_nothing()
