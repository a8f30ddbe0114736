"""A group on Telegram from the leader's wish to the day the bot is put out, as the vendor's rules are."""

from sqlalchemy import select

from storage import groups
from storage.groups import Group
from storage.tables import group_chat
from tests.telegram_city import Person, TelegramCity

GROUP = -1001234567890
RUBBISH = "Rác chất đống trước ngõ 12 Vũ Tông Phan, phường Khương Đình cả tuần nay, bốc mùi hôi thối"
NAMES = "phường Khương Đình, phường Thanh Xuân"


def link_in(person: Person) -> str:
    """Return the address behind the last button that opens a page."""
    return [address for shown in person.screen for _, address in shown.links][-1]


async def only_group(city: TelegramCity) -> Group:
    """Return the one group that was made."""
    await city.settles()
    async with city.app.database.read() as transaction:
        (row,) = await transaction.fetch(
            select(group_chat.c.id).where(group_chat.c.status != groups.PROPOSED)
        )
        found = await groups.get_group(transaction, row["id"])
        assert found is not None
        return found


async def test_a_group_from_the_first_wish_to_the_last_word(telegram_city: TelegramCity) -> None:
    city, vendor = telegram_city, telegram_city.telegram
    leader = await city.official("ha-noi", "leader")
    first = await city.official("phuong-khuong-dinh", "chair")
    second = await city.official("phuong-thanh-xuan", "chair")
    stranger = city.person()
    await stranger.writes(RUBBISH)
    await stranger.presses("Đồng ý và gửi")
    case = await city.only_case()

    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    await leader.sees("Ở kênh này chỉ người dùng lập được nhóm")
    await vendor.user_opens_link(link_in(leader), GROUP, user=leader.user, withheld=["invite"])
    await leader.sees("còn thiếu quyền", "mời thành viên bằng liên kết")
    inside = city.in_group(leader, GROUP)
    await vendor.user_gives_rights(GROUP, "invite", "remove", "topics", "pin", user=leader.user)
    await leader.sees("đã sẵn sàng", "lời mời riêng cho 2 người")
    await inside.sees("Phạm vi: Phường Khương Đình, Phường Thanh Xuân")

    # Only the one for whom an invitation is may use it.
    await first.sees("mời anh/chị vào nhóm")
    invitation = link_in(first)
    stranger.reads()
    await vendor.user_asks_in(invitation, user=stranger.user)
    await stranger.sees("chỉ dành cho cán bộ được mời")
    await leader.sees("vừa xin vào nhóm")
    await vendor.user_asks_in(invitation, user=first.user)
    await city.passes(seconds=20)
    await city.settles()
    assert vendor.members(GROUP) == {leader.user, first.user}

    # A code is answered in the group, in private it opens, and it gets a topic when it is put there.
    await inside.writes(f"Hồ sơ {case.code} đến đâu rồi?")
    await inside.sees(case.code, "Phường Khương Đình")
    await leader.writes(f"/tim {case.code}")
    await leader.presses("Đưa vào nhóm")
    await leader.sees("Đã đưa hồ sơ")
    await city.settles()
    ((_, topic),) = vendor.topics(GROUP).items()
    assert topic.name.startswith(case.code)

    # A chair whose post ends is put out, the next one invited.
    await first.writes("/chucvu")
    await first.presses("Thôi làm")
    await first.presses("Xác nhận")
    await city.settles()
    new = await city.official("phuong-khuong-dinh", "chair")
    await city.passes(seconds=5)
    await city.ticks("groups")
    await new.sees("mời anh/chị vào nhóm")
    await city.settles()
    assert vendor.members(GROUP) == {leader.user}

    # The bot is put out, and taken back.
    leader.reads()
    await vendor.user_removes_bot(GROUP, user=leader.user)
    await leader.sees("không còn ở trong nhóm", "Lập lại nhóm")
    assert (await only_group(city)).status == groups.LOST
    await vendor.user_adds_bot(
        GROUP, user=leader.user, forum=True, rights=["invite", "remove", "topics", "pin"]
    )
    await leader.sees("đã trở lại nhóm")
    assert (await only_group(city)).status == groups.ACTIVE
    second.reads()
    vendor.user_deletes_group(GROUP)
    await city.passes(minutes=2)
    leader.reads()
    await leader.writes(f"/tim {case.code}")
    await leader.presses("Đưa vào nhóm")
    await leader.sees("nhóm đã bị xóa")
