"""Three groups, twelve chairs and two leaders, on two channels and a database that locks rows."""

from pathlib import Path

import pytest

from handlers.channel import GroupRights, RecipientUnreachable
from routing.organisation import build_city, to_document
from storage import conversations, groups, people, units
from storage.database import Database
from tests.city import MONDAY_MORNING, CityHarness, PlainUnderstanding, Somebody
from tests.groups_city import (
    CITY,
    WARD,
    chat_shows,
    every_group,
    links_group,
    official_on,
    reports,
)

TWELVE = (
    WARD,
    "phuong-thanh-xuan",
    "phuong-ba-dinh",
    "phuong-ngoc-ha",
    "phuong-giang-vo",
    "phuong-hoan-kiem",
    "phuong-cua-nam",
    "phuong-tay-ho",
    "phuong-bo-de",
    "phuong-viet-hung",
    "phuong-cau-giay",
    "phuong-nghia-do",
)
RUBBISH = "Tôi là Nguyễn Văn Bình, 0912345678. Rác chất đống ở ngõ 12 Vũ Tông Phan, phường Khương Đình"


@pytest.fixture
async def city(postgresql: Database, tmp_path: Path) -> CityHarness:
    """Hà Nội on PostgreSQL."""
    founded = build_city("Hà Nội")
    async with postgresql.begin() as transaction:
        await units.save_city(transaction, to_document(founded), now=MONDAY_MORNING)
    return CityHarness(
        database=postgresql,
        city=founded,
        understanding=PlainUnderstanding(),
        media_dir=tmp_path,
        now=MONDAY_MORNING,
    )


async def makes(leader: Somebody, city: CityHarness, what: str) -> None:
    """Let a leader have a group made."""
    names = ", ".join(city.city.units[code].name for code in what.split()) if " " in what else what
    await leader.writes(f"/lapnhom {names}")
    await leader.presses("Lập nhóm")


async def lets_in(city: CityHarness, chat: str, chair: Somebody) -> None:
    """Let somebody use the invitation that they were sent last."""
    link = [link for shown in chair.screen for link in shown.message.links][-1][1]
    inside = city.somebody_in_group(chat, chair)
    await inside.sends(wants_in=True, invite=link)
    await inside.sends(member_joined=True, invite=link)


async def joined(city: CityHarness, group: groups.Group) -> int:
    """Return how many are in a group."""
    async with city.database.read() as transaction:
        members = await groups.members_of(transaction, [group.id])
    return sum(member.state == groups.JOINED for member in members)


async def test_a_week_of_three_groups(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    first = await official_on(city, CITY, "leader", "other")
    second = await official_on(city, CITY, "leader", "web")
    chairs = [
        await official_on(city, code, "chair", "other" if number < 6 else "web")
        for number, code in enumerate(TWELVE)
    ]
    away, here = chairs[:6], chairs[6:]

    # A cluster where only people make groups, a cluster of the web chat, and a group for one case.
    await makes(first, city, " ".join(TWELVE[:6]))
    await links_group(city, first, "-100")
    for chair in away:
        await lets_in(city, "-100", chair)
    await makes(second, city, " ".join(TWELVE[6:]))
    await makes(first, city, case.code)
    await links_group(city, first, "-200")
    await lets_in(city, "-200", away[0])
    cluster, web, single = await every_group(city)
    assert [await joined(city, group) for group in (cluster, web, single)] == [7, 7, 2]

    # Each group sees what its scope has.
    for group, leader in ((cluster, first), (web, second)):
        await city.somebody_in_group(group.chat, leader).writes(case.code)
    assert "không có hồ sơ nào" in chat_shows(city, "web", web.chat)
    assert "Vũ Tông Phan" in chat_shows(city, "other", "-100")
    for chat in ("-100", "-200"):
        assert "Nguyễn Văn Bình" not in chat_shows(city, "other", chat)
        assert "0912345678" not in chat_shows(city, "other", chat)

    # A chair is replaced, on both channels.
    for channel, leaving in (("other", away[0]), ("web", here[0])):
        key = (channel, leaving.chat)
        async with city.database.begin() as transaction:
            person = (await people.load_people(transaction, [key], now=city.now))[key]
            await people.end_post(transaction, person.posts[0].id, at=city.now)
    await city.passes(minutes=2)
    new = await city.official(WARD, "chair", name="mới", channel="other")
    newer = await city.official(TWELVE[6], "chair", name="mới hơn", channel="web")
    await city.ticks()
    new.sees("mời anh/chị vào nhóm")
    newer.sees("mời anh/chị vào nhóm")
    assert [act.member for act in city.channels["other"].done("remove")] == [away[0].chat, away[0].chat]
    async with city.database.read() as transaction:
        listed = await conversations.groups_of(transaction, channel="web", user=here[0].chat, now=city.now)
        assert listed == []

    # Rights are lost, the group moves, the bot is thrown out and comes back.
    inside = city.somebody_in_group("-100", first)
    await inside.sends(rights=GroupRights(member=True, missing=("remove",), forum=True))
    first.sees("thiếu quyền")
    await inside.sends(moved_to="-1001")
    first.sees("đã đủ quyền")  # seen when it was looked at again
    city.channels["other"].failures["-1001"] = RecipientUnreachable("kicked")
    moved = city.somebody_in_group("-1001", first)
    await moved.writes(case.code)
    first.sees("không còn ở trong nhóm")
    city.channels["other"].failures.clear()
    await moved.sends(joined=True)
    first.sees("đã trở lại", "1 tin đã lỡ")
    assert case.code in city.channels["other"].shown["-1001"][-1].text

    # Asked twice at the same time, nothing is done twice.
    before = len(city.channels["other"].acts)
    await city.ticks()
    await city.ticks()
    assert len(city.channels["other"].acts) == before
