"""A group on Zalo (GMF) from a leader's wish to the day its asset ends, as the vendor's rules are."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from routing.understanding import Understanding
from storage import group_assets, groups
from tests.zalo_city import Official, ZaloCity, open_zalo_city

NAMES = "phường Khương Đình, phường Thanh Xuân"


@pytest.fixture
async def zalo_city(
    city_url: str, tmp_path: Path, real_understanding: Understanding
) -> AsyncIterator[ZaloCity]:
    """The program on SQLite, with an Official Account."""
    async with open_zalo_city(city_url, tmp_path, real_understanding) as running:
        yield running


async def asks_for_group(leader: Official, names: str = NAMES) -> None:
    await leader.writes(f"/lapnhom {names}")
    await leader.sees("Sẽ có")
    await leader.presses("Lập nhóm")


async def test_a_group_is_made_at_once_and_who_could_not_be_taken_in_comes_by_the_link(
    zalo_city: ZaloCity,
) -> None:
    city, zalo = zalo_city, zalo_city.zalo
    leader = await city.official("ha-noi", "leader")
    first = await city.official("phuong-khuong-dinh", "chair")
    away = await city.official("phuong-thanh-xuan", "chair", follows=False)
    await city.passes(days=8)  # the one who does not follow the account was last active too long ago
    zalo.add_asset("gmf10")
    zalo.admins = {leader.user}

    await asks_for_group(leader)
    await leader.sees("đã sẵn sàng")
    await city.settles()
    group = await city.only_group()
    assert group.status == groups.ACTIVE
    assert group.chat.startswith("g")
    assert zalo.members(group.chat) == {leader.user, first.user}
    assert any("Phạm vi" in shown.text for shown in zalo.sent(group.chat))

    # The link waits for whoever may not be written to; then it lets in the right one and nobody else.
    await away.writes("Chào")
    await away.sees("mời anh/chị vào nhóm")
    stranger = Official(city=city, user="9009")
    await stranger.writes("Xin chào")
    await zalo.asks_in(away.link(), stranger.user)
    await stranger.sees("chỉ dành cho cán bộ được mời")
    await zalo.asks_in(away.link(), away.user)
    await city.passes(seconds=30)
    assert zalo.members(group.chat) == {leader.user, first.user, away.user}
    assert zalo.groups[group.chat[1:]].wishes == []

    # Several may go in one event.
    async with city.app.database.read() as transaction:
        inside = [member.state for member in await groups.members_of(transaction, [group.id])]
    assert inside == [groups.JOINED] * 3
    room = zalo.groups[group.chat[1:]]
    for gone in (first, away):
        del room.members[gone.user]
    leader.reads()
    await zalo.deliver(zalo._change("user_out_group", room, first.user, away.user))
    await leader.sees("Khương Đình", "Thanh Xuân")


async def test_what_is_missing_for_a_group_is_told_to_the_leader(zalo_city: ZaloCity) -> None:
    city, zalo = zalo_city, zalo_city.zalo
    leader = await city.official("ha-noi", "leader")
    await city.official("phuong-khuong-dinh", "chair")
    await city.official("phuong-thanh-xuan", "chair")
    await asks_for_group(leader)
    await leader.sees("không còn gói nhóm trống")
    zalo.add_asset("gmf10")
    zalo.admins = set()
    await asks_for_group(leader)
    await leader.sees("ít nhất một quản trị viên của tài khoản OA")
    zalo.violations.clear()  # the vendor calls that a wrong parameter
    zalo.admins, zalo.group_tier = None, False
    await asks_for_group(leader)
    await leader.sees("không lập được nhóm")


async def test_leader_and_operators_hear_before_an_asset_ends_and_when_the_group_is_lost(
    zalo_city: ZaloCity,
) -> None:
    city, zalo = zalo_city, zalo_city.zalo
    admin = await city.official("ha-noi", "admin")
    leader = await city.official("ha-noi", "leader")
    await city.official("phuong-khuong-dinh", "chair")
    await city.official("phuong-thanh-xuan", "chair")
    asset = zalo.add_asset("gmf10", lasts=timedelta(days=40))
    await asks_for_group(leader)
    await leader.sees("đã sẵn sàng")
    await city.settles()
    group = await city.only_group()
    async with city.app.database.read() as transaction:
        ((known, number),) = await group_assets.in_use(transaction)
    assert (known.asset, known.chat, number) == (asset, group.chat, group.id)

    await city.ticks("group_assets")
    assert "Gói nhóm" not in leader.news
    told = [(12, "hết hạn vào cuối ngày"), (23, "hết hạn vào cuối ngày"), (5, "hết hạn vào cuối ngày")]
    for days, words in told:
        await speaks_up(city, leader, admin, days)
        await city.ticks("group_assets")
        await city.ticks("group_assets")  # once each
        await leader.sees(words)
        await admin.sees(asset, "tự gia hạn")
        assert leader.news.count("Gói nhóm") == 1

    await speaks_up(city, leader, admin, 2)
    await city.ticks("group_assets")
    await leader.sees("đã hết hạn nên nhóm đang tạm dừng")
    await admin.sees("giải tán")

    # Renewed: the vendor's list says so, and the group is looked at again.
    zalo.assets[asset].until = zalo.now + timedelta(days=60)
    await speaks_up(city, leader, admin, 1)
    await city.ticks("group_assets")
    await city.ticks("group_assets")
    assert "Gói nhóm" not in leader.news
    assert (await city.only_group()).status == groups.ACTIVE

    # Dissolved by hand: lost, and the leader can have it made anew.
    await zalo.member_dissolves(group.chat, leader.user)
    await leader.sees("không còn ở trong nhóm")
    assert (await city.only_group()).status == groups.LOST


async def test_a_group_that_refuses_messages_is_lost_and_operators_hear_of_its_asset(
    zalo_city: ZaloCity,
) -> None:
    city, zalo = zalo_city, zalo_city.zalo
    admin = await city.official("ha-noi", "admin")
    leader = await city.official("ha-noi", "leader")
    await city.official("phuong-khuong-dinh", "chair")
    await city.official("phuong-thanh-xuan", "chair")
    asset = zalo.add_asset("gmf10", lasts=timedelta(days=3))
    await asks_for_group(leader)
    await leader.sees("đã sẵn sàng")
    await city.settles()
    group = await city.only_group()
    await speaks_up(city, leader, admin, 5)
    await leader.writes("/nhom")
    await leader.presses("Kiểm tra")
    await leader.sees("không còn ở trong nhóm")
    assert (await city.only_group()).status == groups.LOST

    zalo.assets[asset].until = zalo.now + timedelta(days=30)
    await city.passes(days=1)
    await city.ticks("group_assets")
    assert (await city.only_group()).status == groups.ACTIVE
    assert group.chat


async def speaks_up(city: ZaloCity, leader: Official, admin: Official, days: int) -> None:
    """Let days pass, with a word of both on the last, so that they can be written to."""
    await city.passes(days=days)
    for official in (leader, admin):
        await official.writes("/menu")
    await city.settles()
    leader.reads()
    admin.reads()
