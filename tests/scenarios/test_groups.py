"""Leaders make groups with chairs; who is in them follows who holds which post."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.clock import Ticker
from handlers import group_cards, group_members
from handlers.channel import Acted, GroupRights, OutboundMessage, RecipientUnreachable, Rejected
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from storage import chats, conversations, groups, people
from storage.database import Transaction
from storage.groups import Group
from tests.city import CityHarness, Somebody
from tests.groups_city import (
    CITY,
    OTHER,
    WARD,
    chat_shows,
    every_group,
    links_group,
    official_on,
    only_group,
    states,
    token_of,
)

NAMES = "phường Khương Đình, phường Thanh Xuân"


async def linked(city: CityHarness) -> tuple[Somebody, Somebody, Somebody, Somebody]:
    """Make a group of two wards where only people can; return the leader alone and inside, and two chairs."""
    leader = await official_on(city, CITY, "leader", "other")
    first, second = [await official_on(city, unit, "chair", "other") for unit in (WARD, OTHER)]
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    return leader, await links_group(city, leader), first, second


def invitation_of(chair: Somebody) -> str:
    """Return the link that somebody was invited by last."""
    return [link for shown in chair.screen for link in shown.message.links][-1][1]


# ── making ───────────────────────────────────────────────────────────────────────────────────────


async def test_a_channel_that_can_makes_the_group_with_those_who_have_an_account(city: CityHarness) -> None:
    leader, chair = await city.official(CITY, "leader"), await city.official(WARD, "chair")
    elsewhere = await official_on(city, OTHER, "chair", "other")
    await leader.writes(f"/lapnhom {NAMES}")
    leader.sees("Sẽ có 2 người", "Phường Khương Đình", "Chưa có tài khoản: Phường Thanh Xuân", "[Lập nhóm]")
    assert city.channel.created == []
    await leader.presses("Lập nhóm")
    leader.sees("đã sẵn sàng", "Chưa có tài khoản: Phường Thanh Xuân")
    chair.sees("được đưa vào nhóm")
    elsewhere.sees_nothing()
    (wish,) = city.channel.created
    assert {member.chat for member in wish.members} == {leader.chat, chair.chat}
    group = await only_group(city)
    welcome = chat_shows(city, city.channel.name, group.chat)
    assert "Phạm vi: Phường Khương Đình, Phường Thanh Xuân" in welcome
    assert "khiếu nại, tố cáo" in welcome
    async with city.database.read() as transaction:
        (listed,) = await conversations.groups_of(
            transaction, channel=city.channel.name, user=chair.chat, now=city.now
        )
        assert (listed.chat, listed.title) == (group.chat, group.title)


async def test_two_taps_make_one_group(city: CityHarness) -> None:
    leader = await city.official(CITY, "leader")
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    await leader.presses("Lập nhóm")
    leader.sees("không còn dùng được")
    assert len(city.channel.created) == 1


async def test_nobody_makes_the_group_that_another_was_shown(city: CityHarness) -> None:
    leader, other = await city.official(CITY, "leader"), await city.official(WARD, "chair")
    await leader.writes(f"/lapnhom {NAMES}")
    data = next(button.data for button in leader.last.buttons if button.label == "Lập nhóm")
    await other.replays(data)
    await city.citizen("an").replays(data)
    assert city.channel.created == []


async def test_the_wards_of_a_city_are_too_many_for_one_group(city: CityHarness) -> None:
    leader = await city.official(CITY, "leader")
    await leader.writes("/lapnhom")
    await leader.presses("Tất cả chủ tịch")
    leader.sees("126 đơn vị là quá đông", "Cụm 1: Phường Ba Đình", "[Cụm 5 (26 đơn vị)]")
    await leader.presses("Cụm 1")
    leader.sees("cụm 1", "Chưa có tài khoản: Phường Ba Đình")


async def test_a_leader_types_a_cluster_and_hears_which_names_are_unknown(city: CityHarness) -> None:
    leader = await city.official(CITY, "leader")
    await leader.writes("/lapnhom")
    await leader.presses("Một cụm")
    await leader.writes("khuong dinh, Gotham")
    leader.sees("chưa tìm thấy đơn vị: Gotham", "Đã hiểu: Phường Khương Đình")
    await leader.writes("khuong dinh và thanh xuan")
    leader.sees("Phường Khương Đình, Phường Thanh Xuân", "[Lập nhóm]")
    await leader.presses("Thôi, không lập")
    leader.sees("Đã thôi")


async def test_one_unit_meets_the_one_above_it(city: CityHarness) -> None:
    leader, chair = await city.official(CITY, "leader"), await city.official(WARD, "chair")
    await leader.writes("/lapnhom")
    await leader.presses("Một đơn vị")
    await leader.writes("Khương Đình")
    await leader.presses("Lập nhóm")
    group = await only_group(city)
    assert (group.purpose, group.unit_code, group.units) == ("unit", CITY, (WARD,))
    chair.sees("được đưa vào nhóm")


async def test_departments_are_a_group_of_their_own(city: CityHarness) -> None:
    leader, director = await city.official(CITY, "leader"), await city.official("so-xay-dung", "chair")
    await leader.writes("/lapnhom")
    await leader.presses("Các sở, ngành")
    leader.sees("Sẽ có 2 người", "Sở Xây dựng", "Sở Y tế")
    leader.does_not_see("điều phối")
    await leader.presses("Lập nhóm")
    director.sees("được đưa vào nhóm")


async def test_only_who_leads_others_makes_groups(city: CityHarness) -> None:
    officer, an = await city.official(WARD, "officer"), city.citizen("an")
    for somebody in (officer, an):
        for data in ("gpick:all", "gcluster:1", f"gunit:{WARD}", "gmake:1", "gcheck:1"):
            await somebody.replays(data)
        await somebody.writes(f"/lapnhom {NAMES}")
        await somebody.writes("/nhom")
    assert await every_group(city) == []
    officer.sees("không thuộc vai trò")


async def test_a_leader_with_nothing_to_show_is_told_how_to_begin(city: CityHarness) -> None:
    leader = await city.official(CITY, "leader")
    await leader.writes("/nhom")
    leader.sees("chưa có nhóm nào", "/lapnhom")


# ── a person's link ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.plain
async def test_where_only_people_make_groups_the_leader_gets_a_link_that_works_once(
    city: CityHarness,
) -> None:
    leader, inside, first, second = await linked(city)
    group = await only_group(city)
    assert (group.chat, group.status, group.forum) == ("-100", groups.ACTIVE, True)
    inside.sees("Phạm vi: Phường Khương Đình, Phường Thanh Xuân")
    leader.sees("đã sẵn sàng", "Đã gửi lời mời riêng cho 2 người")
    first.sees("mời anh/chị vào nhóm")
    assert invitation_of(first) != invitation_of(second)
    again = city.somebody_in_group("-200", leader)
    await again.writes(f"/start {token_of(leader)}")
    again.sees("đã dùng hoặc đã quá 24 giờ")


@pytest.mark.plain
async def test_the_link_is_of_no_use_to_anybody_else_nor_after_a_day(city: CityHarness) -> None:
    leader = await official_on(city, CITY, "leader", "other")
    other = await official_on(city, CITY, "leader", city.channel.name)
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    leader.sees("chỉ anh/chị dùng được")
    stranger = city.somebody_in_group("-300", "ke la", channel="other")
    await stranger.writes(f"/start {token_of(leader)}")
    stranger.sees("dành cho người đã xin")
    elsewhere = city.somebody_in_group("-300", other)
    await elsewhere.writes(f"/start {token_of(leader)}")
    elsewhere.sees("dành cho người đã xin")
    await city.passes(hours=25)
    late = city.somebody_in_group("-100", leader)
    await late.writes(f"/start {token_of(leader)}")
    late.sees("quá 24 giờ")
    assert (await only_group(city)).status == groups.LINKED


@pytest.mark.plain
async def test_a_chat_is_one_group_at_most(city: CityHarness) -> None:
    leader, inside, *_ = await linked(city)
    await leader.writes("/lapnhom phường Khương Đình")
    await leader.presses("Lập nhóm")
    await inside.writes(f"/start {token_of(leader)}")
    inside.sees("đang dùng cho")


@pytest.mark.plain
async def test_what_the_bot_may_not_do_yet_is_said_with_the_way_to_give_it(city: CityHarness) -> None:
    city.channels["other"].outcomes["check"] = _rights("invite", "read")
    leader, inside, first, _ = await linked(city)
    leader.sees("đọc tin nhắn trong nhóm", "mời thành viên bằng liên kết", "Quản trị viên", "[Kiểm tra lại]")
    first.sees_nothing()
    assert "Phạm vi" not in chat_shows(city, "other", "-100")
    await inside.sends(rights=GroupRights(member=True, missing=("invite",)))
    leader.sees("mời thành viên bằng liên kết")
    city.channels["other"].outcomes.pop("check")
    await leader.presses("Kiểm tra lại")
    first.sees("mời anh/chị vào nhóm")
    assert "Phạm vi" in chat_shows(city, "other", "-100")


def _rights(*missing: str) -> Acted:
    return Acted(rights=GroupRights(member=True, missing=missing))


# ── coming in ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plain
async def test_an_invitation_lets_in_only_whom_it_is_for(city: CityHarness) -> None:
    leader, _, first, second = await linked(city)
    channel = city.channels["other"]
    for somebody in (first, second, leader):
        somebody.reads()
    stranger = city.citizen("an", channel="other")
    for who, link in ((stranger, invitation_of(first)), (second, invitation_of(first))):
        inside = city.somebody_in_group("-100", who)
        await inside.sends(wants_in=True, invite=link)
    assert channel.done("admit") == []
    stranger.sees("chỉ dành cho cán bộ được mời")
    second.sees("dành cho người khác", "nhắn riêng cho anh/chị")
    leader.sees("vừa xin vào nhóm", "Tôi đã từ chối")
    await city.passes(seconds=20)
    assert [act.member for act in channel.done("refuse")] == [stranger.chat, second.chat]
    leader.reads()
    await city.somebody_in_group("-100", stranger).sends(wants_in=True, invite=invitation_of(first))
    leader.sees_nothing()  # told once
    await city.somebody_in_group("-100", first).sends(wants_in=True, invite=invitation_of(first))
    assert [act.member for act in channel.done("admit")] == [first.chat]
    assert [act.link for act in channel.done("revoke")] == [invitation_of(first)]
    group = await only_group(city)
    assert await states(city, group) == {
        f"leader {CITY}": "joined",
        f"chair {WARD}": "joined",
        f"chair {OTHER}": "invited",
    }


@pytest.mark.plain
async def test_somebody_whom_the_bot_did_not_let_in_is_told_of_once(city: CityHarness) -> None:
    leader, *_ = await linked(city)
    leader.reads()
    stranger = city.somebody_in_group("-100", "nguoi la", channel="other")
    await stranger.sends(member_joined=True)
    leader.sees("Nguoi La đã vào nhóm", "không giữ chức vụ")
    leader.reads()
    await stranger.sends(member_joined=True)
    leader.sees_nothing()


@pytest.mark.plain
async def test_who_leaves_is_told_of_and_invited_again_on_demand(city: CityHarness) -> None:
    leader, _, first, _ = await linked(city)
    inside = city.somebody_in_group("-100", first)
    await inside.sends(member_joined=True)
    await inside.sends(member_left=True)
    leader.sees("đã rời nhóm")
    await city.ticks()
    assert (await states(city, await only_group(city)))[f"chair {WARD}"] == "left"
    await leader.writes("/nhom")
    leader.sees("1 người trong nhóm", "đã rời nhóm", "đã mời, chưa vào")
    first.reads()
    await leader.presses("Mời lại")
    leader.sees("lời mời mới")
    first.sees("mời anh/chị vào nhóm")


# ── who holds which post ─────────────────────────────────────────────────────────────────────────


async def end_posts(city: CityHarness, official: Somebody) -> None:
    """Take every post away from somebody."""
    async with city.database.begin() as transaction:
        key = (official.channel, official.chat)
        person = (await people.load_people(transaction, [key], now=city.now))[key]
        for post in person.posts:
            await people.end_post(transaction, post.id, at=city.now)


@pytest.mark.plain
async def test_a_new_chair_is_invited_and_the_former_one_taken_out(city: CityHarness) -> None:
    _, _, first, _ = await linked(city)
    channel = city.channels["other"]
    await city.somebody_in_group("-100", first).sends(member_joined=True)
    await end_posts(city, first)
    await city.passes(minutes=1)
    new = await city.official(WARD, "chair", name="chủ tịch mới", channel="other")
    await city.ticks()
    assert [act.member for act in channel.done("remove")] == [first.chat]
    new.sees("mời anh/chị vào nhóm")
    await city.ticks()
    assert len(channel.done("remove")) == 1
    assert len(channel.done("invite")) == 3


@pytest.mark.plain
async def test_a_former_chair_who_cannot_be_taken_out_is_told_of_once(city: CityHarness) -> None:
    leader, _, first, _ = await linked(city)
    city.channels["other"].outcomes["remove"] = Rejected("no right")
    await city.somebody_in_group("-100", first).sends(member_joined=True)
    leader.reads()
    await end_posts(city, first)
    await city.passes(minutes=1)
    await city.ticks()
    leader.sees("không còn giữ chức vụ", "Nhờ anh/chị")
    leader.reads()
    await city.ticks()
    leader.does_not_see("không còn giữ chức vụ")


@pytest.mark.plain
async def test_a_former_leader_with_another_post_elsewhere_leaves_the_group(city: CityHarness) -> None:
    leader, *_ = await linked(city)
    group = await only_group(city)
    await end_posts(city, leader)
    async with city.database.begin() as transaction:
        people.add_post(
            transaction, person_id=group.created_by, unit_code="phuong-ba-dinh", role="chair", now=city.now
        )
    await city.passes(minutes=1)
    await city.ticks()
    assert [act.member for act in city.channels["other"].done("remove")] == [leader.chat]
    assert (await states(city, group))[f"leader {CITY}"] == groups.REMOVED
    leader.reads()
    await leader.writes("/nhom")
    leader.does_not_see("Thôi dùng nhóm")


async def test_a_group_that_fails_holds_up_no_other(
    city: CityHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    leader = await city.official(CITY, "leader")
    chair = await city.official(WARD, "chair")
    for name in ("phường Thanh Xuân", "phường Ba Đình"):
        await leader.writes(f"/lapnhom phường Khương Đình, {name}")
        await leader.presses("Lập nhóm")
    broken, other = await every_group(city)
    bring_in_line = group_members.bring_in_line

    async def fails(transaction: Transaction, tree: City, group: Group, **more: Any) -> int:
        if group.id == broken.id:
            raise ValueError("a row that nobody thought of")
        return await bring_in_line(transaction, tree, group, **more)

    monkeypatch.setattr(group_members, "bring_in_line", fails)
    await end_posts(city, chair)
    await city.passes(minutes=1)
    with pytest.raises(ValueError, match="nobody thought of"):
        await Ticker(city.database).run("groups", city.now)
    await city.settles()
    assert (await states(city, other))[f"chair {WARD}"] == groups.REMOVED
    assert (await states(city, broken))[f"chair {WARD}"] == groups.JOINED


@pytest.mark.plain
async def test_an_invitation_is_taken_back_from_who_never_used_it(city: CityHarness) -> None:
    _, _, first, _ = await linked(city)
    link = invitation_of(first)
    await end_posts(city, first)
    await city.passes(minutes=1)
    await city.ticks()
    assert [act.link for act in city.channels["other"].done("revoke")] == [link]
    await city.somebody_in_group("-100", first).sends(wants_in=True, invite=link)
    assert city.channels["other"].done("admit") == []


@pytest.mark.plain
async def test_who_gets_an_account_later_is_invited_then(city: CityHarness) -> None:
    leader = await official_on(city, CITY, "leader", "other")
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    await links_group(city, leader)
    leader.sees("Chưa có tài khoản: Phường Khương Đình, Phường Thanh Xuân")
    chair = await official_on(city, WARD, "chair", "other")
    await city.ticks()
    chair.sees("mời anh/chị vào nhóm")


@pytest.mark.plain
async def test_a_deputy_belongs_to_the_group_too(city: CityHarness) -> None:
    leader, _, first, _ = await linked(city)
    async with city.database.begin() as transaction:
        key = ("other", first.chat)
        chair = (await people.load_people(transaction, [key], now=city.now))[key]
    deputy = city.citizen("pho", channel="other")
    await deputy.writes("/start")
    async with city.database.begin() as transaction:
        key = ("other", deputy.chat)
        person = (await people.load_people(transaction, [key], now=city.now))[key]
        people.add_post(
            transaction,
            person_id=person.id,
            unit_code=WARD,
            role="chair",
            now=city.now,
            ends_at=city.now + timedelta(days=7),
            deputy_for=chair.posts[0].id,
        )
    await city.ticks()
    deputy.sees("mời anh/chị vào nhóm")
    leader.reads()


@pytest.mark.plain
async def test_the_scope_follows_units_that_are_merged(city: CityHarness) -> None:
    leader, *_ = await linked(city)
    today = city.now.astimezone(LOCAL_TIME).date()
    ended = replace(city.city.units[WARD], valid_to=today + timedelta(days=1), successors=(OTHER,))
    await city.changes(units={**city.city.units, WARD: ended})
    await city.passes(days=1)
    leader.reads()
    await city.ticks()
    leader.sees("Phạm vi nay là: Phường Thanh Xuân")
    assert (await only_group(city)).units == (OTHER,)


# ── trouble ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.plain
async def test_rights_that_are_lost_are_told_once(city: CityHarness) -> None:
    leader, inside, *_ = await linked(city)
    leader.reads()
    less = GroupRights(member=True, missing=("invite",), forum=True)
    await inside.sends(rights=less)
    leader.sees("thiếu quyền", "mời thành viên bằng liên kết")
    leader.reads()
    await inside.sends(rights=less)
    leader.sees_nothing()
    await inside.sends(rights=GroupRights(member=True, forum=True))
    leader.sees("đã đủ quyền")


@pytest.mark.plain
async def test_a_removed_bot_is_told_of_and_comes_back_with_what_was_missed(city: CityHarness) -> None:
    leader, inside, *_ = await linked(city)
    leader.reads()
    await inside.sends(left=True, rights=GroupRights(member=False))
    leader.sees("không còn ở trong nhóm", "thêm tôi lại", "[Lập lại nhóm]")
    leader.reads()
    await inside.sends(left=True)
    leader.sees_nothing()
    assert (await only_group(city)).status == groups.LOST
    await _lets_the_group_hear(city, "Tin thứ nhất")
    await _lets_the_group_hear(city, "Tin thứ hai")
    leader.sees_nothing()
    city.channels["other"].failures.clear()
    await inside.sends(joined=True)
    leader.sees("đã trở lại nhóm", "2 tin đã lỡ")
    shown = [each.text for each in city.channels["other"].shown["-100"]]
    assert shown[-2:] == ["Tin thứ nhất", "Tin thứ hai"]
    assert (await only_group(city)).status == groups.ACTIVE


async def _lets_the_group_hear(city: CityHarness, text: str) -> None:
    city.channels["other"].failures["-100"] = RecipientUnreachable("kicked")
    async with city.database.begin() as transaction:
        group = await groups.group_of(transaction, "other", "-100")
        assert group is not None
        message = OutboundMessage(text=text)
        await group_cards.post_to_group(transaction, group, message, now=city.now)
    await city.settles()


@pytest.mark.plain
async def test_a_deleted_group_is_noticed_when_it_cannot_be_written_to_and_made_anew(
    city: CityHarness,
) -> None:
    leader, _, first, _ = await linked(city)
    leader.reads()
    await _lets_the_group_hear(city, "Tin")
    leader.sees("không còn ở trong nhóm", "nhóm đã bị xóa")
    first.reads()
    await leader.presses("Lập lại nhóm")
    leader.sees("chỉ anh/chị dùng được")
    await links_group(city, leader, "-500")
    group = await only_group(city)
    assert (group.chat, group.status) == ("-500", groups.ACTIVE)
    first.sees("mời anh/chị vào nhóm")


async def test_a_group_whose_making_was_never_told_can_be_made_anew(city: CityHarness) -> None:
    leader = await city.official(CITY, "leader")
    await leader.writes(f"/lapnhom {NAMES}")
    await leader.presses("Lập nhóm")
    group = await only_group(city)
    async with city.database.begin() as transaction:
        await groups.make_anew(transaction, group.id)
    await leader.writes("/nhom")
    await leader.presses("Lập lại nhóm")
    leader.sees("đã sẵn sàng")
    assert (await only_group(city)).status == groups.ACTIVE


async def test_a_chair_who_cannot_be_written_to_is_listed_as_missing(city: CityHarness) -> None:
    leader, chair = await city.official(CITY, "leader"), await city.official(WARD, "chair")
    async with city.database.begin() as transaction:
        chats.mark_unreachable(transaction, chair.channel, chair.chat, at=city.now)
    await leader.writes(f"/lapnhom {NAMES}")
    leader.sees("Chưa có tài khoản: Phường Khương Đình, Phường Thanh Xuân")


@pytest.mark.plain
async def test_a_group_that_moves_stays_bound(city: CityHarness) -> None:
    leader, inside, *_ = await linked(city)
    leader.reads()
    await inside.sends(moved_to="-1009")
    assert (await only_group(city)).chat == "-1009"
    leader.sees_nothing()
    later = city.somebody_in_group("-1009", leader, mentioned=True)
    await later.writes("@bot")
    later.sees("hỏi số liệu")


@pytest.mark.plain
async def test_a_group_that_is_given_up_is_an_ordinary_chat_again(city: CityHarness) -> None:
    leader, *_ = await linked(city)
    await leader.writes("/nhom")
    await leader.presses("Thôi dùng nhóm")
    await leader.presses("Đúng, thôi dùng")
    leader.sees("Đã thôi dùng nhóm")
    called = city.somebody_in_group("-100", leader, mentioned=True)
    await called.writes("@bot")
    called.sees("chưa được gắn")
    await leader.presses("Đúng, thôi dùng")
    leader.sees("không còn dùng được")


@pytest.mark.plain
async def test_an_outsider_in_a_group_gets_a_polite_word_only_when_calling(city: CityHarness) -> None:
    await linked(city)
    stranger = city.somebody_in_group("-100", "nguoi la", channel="other")
    await stranger.writes("tuần này phường nào trễ nhiều nhất?")
    stranger.sees_nothing()
    called = city.somebody_in_group("-100", "nguoi la", channel="other", mentioned=True)
    await called.writes("@bot tuần này phường nào trễ nhiều nhất?")
    called.sees("xin nhắn riêng cho tôi")


@pytest.mark.plain
async def test_the_leader_after_the_maker_hears_of_trouble(city: CityHarness) -> None:
    leader, inside, *_ = await linked(city)
    second = await city.official(CITY, "leader", name="lãnh đạo thứ hai")
    await end_posts(city, leader)
    await city.passes(minutes=1)
    await inside.sends(rights=GroupRights(member=True, missing=("invite",), forum=True))
    second.sees("thiếu quyền")
