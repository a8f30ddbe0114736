"""Groups of a Zalo Official Account: what they are made of, who comes in, and what the vendor refuses."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from bot.channels.zalo_oa import groups
from bot.channels.zalo_oa.client import Client
from handlers.channel import (
    Acted,
    Address,
    CannotMakeGroup,
    CreateGroup,
    GroupAct,
    NotSupported,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)
from tests.standins.zalo_oa import ZaloOaStandIn

NOON = datetime(2026, 3, 2, 5, tzinfo=UTC)
LEADER, CHAIR, AWAY = "101", "102", "103"


class Purse:
    """Hands out a good token."""

    def __init__(self, zalo: ZaloOaStandIn) -> None:
        self.zalo = zalo
        self.token = zalo.new_pair().access

    async def access(self) -> str:
        return self.token

    async def renewed(self, refused: str) -> str:
        self.token = self.zalo.new_pair().access
        return self.token


@pytest.fixture
async def zalo() -> AsyncIterator[ZaloOaStandIn]:
    async with ZaloOaStandIn(strangers=True) as zalo:
        zalo.clock = lambda: NOON
        for user in (LEADER, CHAIR):
            zalo.person(user).follows = True
        zalo.person(AWAY).follows = False
        zalo.admins = {LEADER, AWAY}
        yield zalo


@pytest.fixture
async def client(zalo: ZaloOaStandIn) -> AsyncIterator[Client]:
    client = Client(tokens=Purse(zalo), api_url=zalo.url, business_url=zalo.url)
    yield client
    await client.close()


def wish(*users: str, title: str = "Nhóm lãnh đạo phường Khương Đình và thành phố") -> CreateGroup:
    return CreateGroup(title=title, members=tuple(Address("zalo_oa", user) for user in users))


async def do(client: Client, group: Address, what: str, **fields: str) -> Acted:
    return await groups.act(client, group, GroupAct(do=what, **fields))


async def test_a_group_is_made_of_the_smallest_free_asset_and_admits_whoever_asks(
    zalo: ZaloOaStandIn, client: Client
) -> None:
    zalo.add_asset("gmf100")
    small = zalo.add_asset("gmf10", quota="purchase_quota")
    made = await groups.create_group(client, wish(LEADER, CHAIR, CHAIR))
    room = zalo.groups[made.chat.removeprefix("g")]
    assert room.asset.id == small
    assert zalo.members(made.chat) == {LEADER, CHAIR}
    assert len(room.name) <= 30
    assert room.settings["join_appr"]
    assert room.settings["enable_link_join"]
    listed = {asset.id: asset for asset in (await do(client, made, "assets")).assets}
    assert listed[small].chat == made.chat
    assert listed[small].kind == "gmf10"
    assert listed[small].valid_until == datetime(2026, 4, 1, 17, tzinfo=UTC)  # the end of that local day
    assert [asset.chat for asset in listed.values() if asset.id != small] == [""]


async def test_an_asset_that_has_ended_is_passed_over(zalo: ZaloOaStandIn, client: Client) -> None:
    zalo.add_asset("gmf10", lasts=timedelta(days=-1))
    good = zalo.add_asset("gmf50")
    made = await groups.create_group(client, wish(LEADER))
    assert zalo.groups[made.chat[1:]].asset.id == good


@pytest.mark.parametrize(
    ("assets", "members", "lacks"),
    [
        ([], (LEADER,), "asset"),
        (["gmf10"], (CHAIR,), "admin"),
        (["gmf10"], (), "members"),
        (["gmf10"], (AWAY,), "members"),
    ],
)
async def test_what_is_missing_for_a_group_is_said(
    zalo: ZaloOaStandIn, client: Client, assets: list[str], members: tuple[str, ...], lacks: str
) -> None:
    for asset in assets:
        zalo.add_asset(asset)
    with pytest.raises(CannotMakeGroup) as caught:
        await groups.create_group(client, wish(*members))
    assert caught.value.lacks == lacks
    assert not zalo.groups
    zalo.violations.clear()  # a wrong admin is refused as a wrong parameter


async def test_an_account_without_groups_says_so(zalo: ZaloOaStandIn, client: Client) -> None:
    zalo.add_asset("gmf10")
    zalo.group_tier = False
    with pytest.raises(NotSupported):
        await groups.create_group(client, wish(LEADER))


async def test_a_group_whose_answer_is_lost_is_not_made_twice(zalo: ZaloOaStandIn, client: Client) -> None:
    zalo.add_asset("gmf10")
    zalo.add_asset("gmf10")
    zalo.drops(path="creategroupwithoa", done=True)
    made = await groups.create_group(client, wish(LEADER))
    assert [f"g{identity}" for identity in zalo.groups] == [made.chat]
    zalo.drops(path="creategroupwithoa")
    with pytest.raises(Unavailable):
        await groups.create_group(client, wish(LEADER))


async def test_who_can_not_be_taken_in_is_left_out_and_gets_the_link(
    zalo: ZaloOaStandIn, client: Client
) -> None:
    zalo.add_asset("gmf10")
    group = await groups.create_group(client, wish(LEADER, AWAY))
    assert (await do(client, group, "members")).value.split() == [LEADER]
    zalo.groups[group.chat[1:]].settings["enable_link_join"] = False
    link = (await do(client, group, "invite", member=AWAY)).value
    assert (await do(client, group, "invite", member=CHAIR)).value == ""  # taken in at once
    await zalo.asks_in(link, AWAY)
    assert zalo.members(group.chat) == {LEADER, CHAIR}
    await do(client, group, "admit", member=AWAY)
    assert zalo.members(group.chat) == {LEADER, CHAIR, AWAY}


async def test_members_are_refused_removed_and_promoted(zalo: ZaloOaStandIn, client: Client) -> None:
    zalo.add_asset("gmf10")
    group = await groups.create_group(client, wish(LEADER, CHAIR))
    room = zalo.groups[group.chat[1:]]
    await zalo.asks_in(room.link, AWAY)
    await do(client, group, "refuse", member=AWAY)
    assert room.wishes == []
    await do(client, group, "promote", member=CHAIR)
    assert room.members[CHAIR] == "admin"
    await do(client, group, "remove", member=CHAIR)
    assert zalo.members(group.chat) == {LEADER}
    await do(client, group, "rename", title="Tên mới")
    assert room.name == "Tên mới"
    await do(client, group, "revoke", link=room.link)
    with pytest.raises(NotSupported):
        await do(client, group, "open_topic", title="x")
    await do(client, group, "dissolve")
    with pytest.raises(RecipientUnreachable):
        await do(client, group, "check")


async def test_doing_it_again_after_a_crash_changes_nothing(zalo: ZaloOaStandIn, client: Client) -> None:
    zalo.add_asset("gmf10")
    group = await groups.create_group(client, wish(LEADER, CHAIR))
    for _ in range(2):
        await do(client, group, "remove", member=CHAIR)
        await do(client, group, "refuse", member=AWAY)
    zalo.violations.clear()  # the second tries name somebody who is gone


async def test_a_group_whose_asset_has_ended_is_lost_until_it_is_renewed(
    zalo: ZaloOaStandIn, client: Client
) -> None:
    asset = zalo.add_asset("gmf10")
    group = await groups.create_group(client, wish(LEADER))
    zalo.clock = lambda: NOON + timedelta(days=31)
    rights = (await do(client, group, "check")).rights
    assert rights is not None
    assert not rights.member
    with pytest.raises(RecipientUnreachable):
        await do(client, group, "rename", title="x")
    zalo.assets[asset].until = zalo.now + timedelta(days=30)
    rights = (await do(client, group, "check")).rights
    assert rights is not None
    assert rights.member


async def test_a_full_group_refuses_and_does_not_wait_for_a_window(
    zalo: ZaloOaStandIn, client: Client
) -> None:
    zalo.add_asset("gmf10")
    group = await groups.create_group(client, wish(LEADER))
    for number in range(200, 209):
        zalo.person(str(number)).follows = True
        await do(client, group, "invite", member=str(number))
    with pytest.raises(Rejected):
        await do(client, group, "invite", member=CHAIR)


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("31/12/2026", datetime(2026, 12, 31, 17, tzinfo=UTC)),
        ("31/12/2026 23:59", datetime(2026, 12, 31, 17, tzinfo=UTC)),
        ("2026-12-31T10:00:00", datetime(2026, 12, 31, 3, tzinfo=UTC)),
        ("1798675200000", datetime(2026, 12, 31, tzinfo=UTC)),
        ("1798675200", datetime(2026, 12, 31, tzinfo=UTC)),
        ("31/31/2026", None),
        ("mãi mãi", None),
        ("", None),
    ],
)
def test_the_end_of_an_asset_is_read_in_every_form(given: str, meant: datetime | None) -> None:
    assert groups._end_of(given) == meant
