"""What stands in a group: cases of its scope, masked; never what only few may know."""

import pytest

from storage import groups
from storage.tables import case as case_table
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
    reports,
)

RUBBISH = (
    "Tôi là Nguyễn Văn Bình, số 0912345678, nhà tôi ở số 7 ngõ 12. Rác chất đống trước ngõ 12 "
    "Vũ Tông Phan, phường Khương Đình cả tuần nay"
)
PRIVATE = ("Nguyễn Văn Bình", "0912345678", "số 7 ngõ 12")
ELSEWHERE = "Rác chất đống ở phường Cầu Giấy cả tuần nay"


async def group_of(city: CityHarness, names: str, *, channel: str = "other") -> tuple[Somebody, Somebody]:
    """Make a group; return its leader alone and inside."""
    leader = await official_on(city, CITY, "leader", channel)
    await leader.writes(f"/lapnhom {names}")
    await leader.presses("Lập nhóm")
    if channel == "other":
        return leader, await links_group(city, leader)
    return leader, city.somebody_in_group((await only_group(city)).chat, leader)


@pytest.mark.plain
async def test_a_code_shows_the_case_without_anybody_in_it(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    _, inside = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    await inside.writes(f"Hồ sơ {case.code.lower()} đến đâu rồi?")
    inside.sees(case.code, "Phường Khương Đình", "Rác", "•••", "[Xem trong tin nhắn riêng]")
    inside.does_not_see(*PRIVATE, "An")


@pytest.mark.plain
async def test_a_code_out_of_scope_and_one_that_is_none_get_the_same_answer(city: CityHarness) -> None:
    far = await reports(city, ELSEWHERE)
    near = await reports(city, RUBBISH, name="ba")
    conduct = await reports(city, "Cán bộ hạch dịch ở phường Khương Đình", name="ca")
    _, inside = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    answers = set()
    for code in (far.code, conduct.code, "HN-2222-2222", "HN-7F3K-9Q2M"):
        await inside.writes(code)
        answers.add(inside.last.text)
    assert len(answers) == 1
    chair = await official_on(city, OTHER, "chair", "other")
    other_unit = city.somebody_in_group("-100", chair)
    await other_unit.writes(near.code)  # in the group's scope, but not in this chair's own
    other_unit.sees("không có hồ sơ nào mang mã đó")


@pytest.mark.plain
async def test_whoever_opens_a_case_from_a_group_sees_it_alone_as_far_as_they_may(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    leader, inside = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    other = await official_on(city, OTHER, "chair", "other")
    await inside.writes(case.code)
    leader.reads()
    await inside.presses("Xem trong tin nhắn riêng")
    leader.sees("Rác chất đống")
    leader.does_not_see("Nguyễn Văn Bình")
    before = len(inside.screen)
    stranger = city.somebody_in_group("-100", "nguoi la", channel="other")
    await stranger.replays(f"gopen:{case.code}")
    stranger.sees("xin nhắn riêng cho tôi")
    await city.somebody_in_group("-100", other).replays(f"gopen:{case.code}")
    assert "không có hồ sơ nào" in inside.screen[-1].text
    assert len(inside.screen) == before + 2
    other.sees_nothing()


@pytest.mark.plain
async def test_a_leader_puts_a_case_into_a_fitting_group_and_into_no_other(city: CityHarness) -> None:
    near, far = await reports(city, RUBBISH), await reports(city, ELSEWHERE, name="ba")
    leader, _ = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    await leader.writes(f"/tim {near.code}")
    await leader.presses("Đưa vào nhóm")
    leader.sees("Đã đưa hồ sơ")
    assert near.code in chat_shows(city, "other", "-100")
    await leader.writes(f"/tim {far.code}")
    leader.does_not_see("Đưa vào nhóm")
    await leader.replays(f"gput:{far.code}")
    leader.sees("chưa có nhóm nào phù hợp")
    assert far.code not in chat_shows(city, "other", "-100")
    for fragment in PRIVATE:
        assert fragment not in chat_shows(city, "other", "-100")


@pytest.mark.plain
async def test_only_whoever_is_in_a_group_puts_cases_into_it(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    chair = await official_on(city, WARD, "chair", city.channel.name)
    group = await only_group(city)
    for data in (f"gput:{case.code}", f"gput:{case.code}:{group.id}"):
        await chair.replays(data)
        chair.sees("chưa có nhóm nào phù hợp")
    officer = await city.official(OTHER, "officer")
    await officer.replays(f"gput:{case.code}:{group.id}")
    assert case.code not in chat_shows(city, "other", "-100")


@pytest.mark.plain
async def test_a_forum_has_a_topic_for_each_case_until_it_is_over(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    leader, _ = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    channel = city.channels["other"]
    await leader.writes(f"/tim {case.code}")
    await leader.presses("Đưa vào nhóm")
    (opened,) = channel.done("open_topic")
    assert opened.title.startswith(case.code)
    card = channel.shown["-100"][-1]
    assert card.message.topic.isdecimal()
    group = await only_group(city)
    async with city.database.read() as transaction:
        key = await groups.key_of_topic(transaction, group.id, card.message.topic)
    assert key == f"case:{case.code}"
    await leader.presses("Đưa vào nhóm")
    assert len(channel.done("open_topic")) == 1
    await city.ticks()
    assert channel.done("close_topic") == []
    await answered(city, case.code)
    await city.citizen("an").presses("5 ★")
    await city.ticks()
    assert [act.topic for act in channel.done("close_topic")] == [card.message.topic]
    await city.ticks()
    assert len(channel.done("close_topic")) == 1


async def answered(city: CityHarness, code: str) -> None:
    """Let the ward answer a case."""
    officer = await city.official(WARD, "officer")
    await officer.replays(f"answer:{code}")
    await officer.writes("Đã dọn sạch, ông Trần Văn Cường xác nhận.", photos=1)
    await officer.presses("Gửi câu trả lời")


@pytest.mark.plain
async def test_a_case_has_a_group_of_its_own_that_hears_how_it_ends(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    other = await reports(city, "Rác ở phường Khương Đình", name="ba")
    chair = await official_on(city, WARD, "chair", "other")
    leader, inside = await group_of(city, case.code)
    group = await only_group(city)
    assert (group.purpose, group.units, group.case_id) == ("case", (WARD,), case.id)
    inside.sees(f"lập riêng cho hồ sơ {case.code}", "«Tôi là •••")
    inside.does_not_see(*PRIVATE)
    chair.sees("mời anh/chị vào nhóm")
    await inside.writes(other.code)
    inside.sees("không có hồ sơ nào")
    inside.reads()
    await city.passes(minutes=1)
    await answered(city, case.code)
    await city.passes(minutes=1)
    await city.ticks()
    inside.sees(case.code, "Đã dọn sạch, ông •••")
    inside.reads()
    await city.ticks()
    inside.sees_nothing()
    await leader.writes(f"/lapnhom {case.code}")
    leader.sees("đã có nhóm")


async def test_two_leaders_who_want_a_group_for_one_case_get_one(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    first, second = [await city.official(CITY, "leader", name=name) for name in ("Một", "Hai")]
    for leader in (first, second):
        await leader.writes(f"/lapnhom {case.code}")
    await first.presses("Lập nhóm")
    await second.presses("Lập nhóm")
    second.sees("đã có nhóm")
    assert [group.status for group in await every_group(city)] == [groups.ACTIVE, groups.CLOSED]


@pytest.mark.plain
async def test_a_link_that_nobody_used_does_not_keep_a_case_from_a_group(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    first, second = [
        await official_on(city, CITY, "leader", channel) for channel in ("other", city.channel.name)
    ]
    await first.writes(f"/lapnhom {case.code}")
    await first.presses("Lập nhóm")
    await second.writes(f"/lapnhom {case.code}")
    await second.presses("Lập nhóm")
    second.sees("đã có nhóm")
    await city.passes(hours=25)
    await second.writes(f"/lapnhom {case.code}")
    await second.presses("Lập nhóm")
    second.sees("đã sẵn sàng")


async def test_supporting_units_are_in_the_group_of_a_case(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    lead = await city.official(WARD, "chair")
    helper = await city.official("so-xay-dung", "chair")
    await lead.replays(f"support:{case.code}")
    await lead.writes("Sở Xây dựng")
    await lead.presses("Sở Xây dựng")
    await lead.writes("Cho xe đến chở")
    await lead.presses("Gửi")
    leader = await city.official(CITY, "leader")
    await leader.writes(f"/lapnhom {case.code}")
    leader.sees("Sở Xây dựng", "Phường Khương Đình")
    await leader.presses("Lập nhóm")
    helper.sees("được đưa vào nhóm")


async def test_the_group_of_a_case_follows_it_and_ends_after_it(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    lead, helper = await city.official(WARD, "chair"), await city.official("so-xay-dung", "chair")
    leader, inside = await group_of(city, case.code, channel=city.channel.name)
    await lead.replays(f"support:{case.code}")
    await lead.writes("Sở Xây dựng")
    await lead.presses("Sở Xây dựng")
    await lead.writes("Cho xe đến chở")
    await lead.presses("Gửi")
    await city.ticks()
    leader.sees("Phạm vi nay là: Phường Khương Đình, Sở Xây dựng")
    asked = city.channel.name != "zalo_oa"  # the account takes its followers in without asking them
    helper.sees("mời anh/chị vào nhóm" if asked else "được đưa vào nhóm")
    await lead.replays(f"answer:{case.code}")
    await lead.writes("Đã dọn sạch.", photos=1)
    await lead.presses("Gửi câu trả lời")
    await city.citizen("an").presses("5 ★")
    await city.passes(days=29)
    await city.ticks()
    assert (await only_group(city)).status == groups.ACTIVE
    leader.reads()
    await city.passes(days=2)
    await city.ticks()
    leader.sees("Đã thôi dùng nhóm")
    assert (await only_group(city)).status == groups.CLOSED
    await inside.writes(case.code)
    inside.sees_nothing()


async def test_what_only_few_may_know_gets_no_group(city: CityHarness) -> None:
    conduct = await reports(city, "Cán bộ hạch dịch ở phường Khương Đình")
    leader = await city.official(CITY, "leader")
    await leader.writes(f"/lapnhom {conduct.code}")
    leader.does_not_see("Lập nhóm]")
    await leader.writes("/lapnhom HN-2222-2222")
    leader.does_not_see("[Lập nhóm]")


@pytest.mark.plain
async def test_what_reads_as_a_denunciation_is_shown_nowhere_though_it_was_sent_as_feedback(
    city: CityHarness,
) -> None:
    citizen = city.citizen("an")
    await citizen.writes("Tôi tố cáo quán đổ rác ở phường Khương Đình")
    await citizen.presses("Đây chỉ là phản ánh thường")
    await citizen.presses("Đồng ý và gửi")
    case = await city.only_case()
    async with city.database.begin() as transaction:
        given = case_table.update().where(case_table.c.id == case.id).values(unit_code=WARD)
        await transaction.execute(given)
    leader, inside = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    await inside.writes(case.code)
    inside.sees("không có hồ sơ nào mang mã đó")
    await leader.writes(f"/lapnhom {case.code}")
    leader.does_not_see("[Lập nhóm]")


@pytest.mark.plain
async def test_buttons_of_private_chats_do_nothing_in_a_group(city: CityHarness) -> None:
    case = await reports(city, RUBBISH)
    _, inside = await group_of(city, "phường Khương Đình, phường Thanh Xuân")
    for data in (f"card:{case.code}", f"accept:{case.code}", f"gput:{case.code}", "gpick:all"):
        await inside.replays(data)
        inside.sees("nhắn riêng cho tôi")
