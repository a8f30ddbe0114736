"""In a group the bot keeps to itself: personal things are for private chats."""

from tests.city import CityHarness

RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay"


async def test_ordinary_messages_in_a_group_are_left_alone(city: CityHarness) -> None:
    an = city.somebody_in_group("-100", "an", mentioned=False)
    await an.writes(RUBBISH)
    an.sees_nothing()
    await an.sends(photos=1)
    an.sees_nothing()
    assert await city.cases() == []


async def test_personal_commands_are_sent_to_the_private_chat(city: CityHarness) -> None:
    an = city.somebody_in_group("-100", "an")
    for command in ("/cuatoi", "/tracuu HN-7F3K-9Q2M", "/huy", "/trogiup"):
        await an.writes(command)
        an.sees("nhắn riêng cho tôi")


async def test_a_command_of_another_bot_is_left_alone(city: CityHarness) -> None:
    an = city.somebody_in_group("-100", "an", mentioned=False)
    await an.writes("/weather")
    an.sees_nothing()


async def test_the_bot_greets_a_group_that_it_joins(city: CityHarness) -> None:
    an = city.somebody_in_group("-100", "an")
    await an.sends(joined=True)
    an.sees("Chào mọi người", "nhắn riêng cho tôi")


async def test_a_group_that_moves_is_followed(city: CityHarness) -> None:
    an = city.somebody_in_group("-100", "an")
    await an.sends(joined=True)
    await an.sends(moved_to="-200")
    later = city.somebody_in_group("-100", "an")
    await later.writes("/cuatoi")
    assert "nhắn riêng" in city.channel.shown["-200"][-1].text


async def test_a_draft_of_the_private_chat_cannot_be_sent_from_a_group(city: CityHarness) -> None:
    private = city.citizen("an")
    await private.writes(RUBBISH)
    an = city.somebody_in_group("-100", "an")
    await an.replays(private.last.buttons[0].data)
    an.sees("nhắn riêng")
    assert await city.cases() == []
