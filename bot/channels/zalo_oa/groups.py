"""Groups of the Official Account (GMF): made of paid assets, one for each, and kept by acts.

Source: https://developers.zalo.me/docs/official-account/nhom-chat-gmf
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import structlog

from bot.channels.zalo_oa.client import Client
from bot.channels.zalo_oa.fields import CHANNEL, GROUP_MARK, first_text, ids_in, part_of
from handlers.channel import (
    Acted,
    Address,
    CannotMakeGroup,
    ChannelError,
    CreateGroup,
    GroupAct,
    GroupAsset,
    GroupRights,
    Misconfigured,
    NotSupported,
    OutsideReplyWindow,
    RecipientUnreachable,
    Rejected,
    Unavailable,
)

SIZES = {"gmf10": 10, "gmf50": 50, "gmf100": 100}
"""How many members a group of each product may have."""
QUOTAS = ("sub_quota", "purchase_quota", "reward_quota")
NAME_LIMIT = 30
PAGE = 50
_PATH = "v3.0/oa/group"
_PERSON = (-213, -218, -227, -244)
"""Codes that are about a person who cannot be taken in: the group itself is there."""
_TAKEN = (-238, -241)
"""Codes for an asset that another group uses by now, or that is no longer there."""
_NOT_THERE = -201
_LOCAL = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\D.*)?")

log = structlog.get_logger()


async def create_group(client: Client, wish: CreateGroup) -> Address:
    """Make a group of the smallest free asset that holds its members, joined by link only with approval.

    At least one of them must administer the account. Whoever may not be taken in yet (neither a follower
    nor active within 7 days) is left out and can be invited. Raises CannotMakeGroup with what is missing,
    NotSupported where the account has no groups, and ChannelError.
    """
    users = list(dict.fromkeys(member.chat for member in wish.members))
    if not users:
        raise CannotMakeGroup("nobody can be a member", lacks="members")
    try:
        made = await _make_of_an_asset(client, wish.title[:NAME_LIMIT].strip(), users)
    except Misconfigured as error:
        raise _without_groups(error) from error
    await _open_door(client, made)
    return Address(CHANNEL, GROUP_MARK + made)


async def _make_of_an_asset(client: Client, title: str, users: Sequence[str]) -> str:
    holding = [asset for asset in await _assets(client) if not asset.chat and len(users) <= SIZES[asset.kind]]
    for asset in sorted(holding, key=lambda asset: (SIZES[asset.kind], not asset.renews, asset.id)):
        try:
            return await _make(client, title, asset, users)
        except Rejected as error:
            if _code(error) not in _TAKEN:
                raise _refused(error) from error
        except (RecipientUnreachable, OutsideReplyWindow) as error:
            followers = [user for user in users if await _follows(client, user)]
            if not followers or len(followers) == len(users):
                raise CannotMakeGroup(str(error), lacks="members") from error
            return await _make_for_some(client, title, asset, followers)
    raise CannotMakeGroup(f"no free asset holds {len(users)} members", lacks="asset")


async def _make_for_some(client: Client, title: str, asset: GroupAsset, users: Sequence[str]) -> str:
    try:
        return await _make(client, title, asset, users)
    except Rejected as error:
        raise _refused(error) from error
    except (RecipientUnreachable, OutsideReplyWindow) as error:
        raise CannotMakeGroup(str(error), lacks="members") from error


def _refused(error: Rejected) -> ChannelError:
    """Say what a refusal most likely means: a wrong parameter is that no member administers the account."""
    return CannotMakeGroup(str(error), lacks="admin") if _code(error) == _NOT_THERE else error


async def _make(client: Client, title: str, asset: GroupAsset, users: Sequence[str]) -> str:
    """Make a group; where the answer is lost, the asset tells whether it was made."""
    wish = {"group_name": title, "asset_id": asset.id, "member_user_ids": list(users)}
    try:
        answer = await _post(client, "creategroupwithoa", wish)
    except Unavailable:
        known = next((each for each in await _assets(client) if each.id == asset.id), asset)
        if known.chat:
            return known.chat.removeprefix(GROUP_MARK)
        raise
    return first_text(part_of(answer, "data"), "group_id")


async def _follows(client: Client, user: str) -> bool:
    try:
        answer = await client.call("GET", "v3.0/oa/user/detail", query={"data": f'{{"user_id":"{user}"}}'})
    except (Rejected, RecipientUnreachable, OutsideReplyWindow):
        return False
    return part_of(answer, "data").get("user_is_follower") is True


async def _open_door(client: Client, group: str) -> None:
    """Let people ask to come in by the group's link; a failure is made good when the link is needed."""
    try:
        await _post(client, "updateinfo", {"group_id": group, "join_appr": True, "enable_link_join": True})
    except ChannelError as error:
        log.warning(
            "A group cannot be joined by its link yet.",
            action="group_door_closed",
            channel=CHANNEL,
            error=error,
        )


async def act(client: Client, address: Address, act: GroupAct) -> Acted:
    """Do what is asked in a group; raises ChannelError, NotSupported for what the vendor has nothing of."""
    try:
        return await _act(client, address.chat.removeprefix(GROUP_MARK), act)
    except Misconfigured as error:
        raise _without_groups(error) from error
    except OutsideReplyWindow as error:  # of a message it means to wait; here something is full or used up
        raise Rejected(str(error)) from error
    except RecipientUnreachable as error:
        if _code(error) in _PERSON:
            raise Rejected(str(error)) from error
        raise


async def _act(client: Client, group: str, act: GroupAct) -> Acted:
    match act.do:
        case "check":
            return await _check(client, group)
        case "members":
            return Acted(value=" ".join(await _members(client, group)))
        case "assets":
            return Acted(assets=tuple(await _assets(client)))
        case "invite":
            return await _invite(client, group, act.member)
        case "admit":
            await _about(client, "acceptpendinginvite", group, act.member)
        case "refuse":
            await _unless_gone(client, "rejectpendinginvite", group, act.member)
        case "remove":
            await _unless_gone(client, "removemembers", group, act.member)
        case "promote":
            await _about(client, "addadmins", group, act.member)
        case "rename":
            name = act.title[:NAME_LIMIT].strip()
            await _post(client, "updateinfo", {"group_id": group, "group_name": name})
        case "dissolve":
            await _post(client, "delete", {"group_id": group})
        case "revoke":
            pass  # everybody has the same link, and who comes by it must be let in
        case _:
            raise NotSupported(f"nothing of the kind: {act.do}")
    return Acted()


async def _check(client: Client, group: str) -> Acted:
    answer = await client.call("GET", f"{_PATH}/getgroup", query={"group_id": group})
    info = part_of(part_of(answer, "data"), "group_info")
    return Acted(rights=GroupRights(member=first_text(info, "status") != "disabled"))


async def _invite(client: Client, group: str, user: str) -> Acted:
    """Take somebody in at once; whoever may not be taken in gets the group's link, and asks by it."""
    try:
        await _about(client, "invite", group, user)
    except (Rejected, RecipientUnreachable, OutsideReplyWindow) as error:
        if _code(error) not in (*_PERSON, _NOT_THERE):
            raise
    else:
        return Acted()
    answer = await client.call("GET", f"{_PATH}/getgroup", query={"group_id": group})
    data = part_of(answer, "data")
    setting = part_of(data, "group_setting")
    if not (setting.get("enable_link_join") and setting.get("join_appr")):
        await _open_door(client, group)
    link = first_text(part_of(data, "group_info"), "group_link")
    if not link:
        raise Rejected("the group has no link")
    return Acted(value=link)


async def _members(client: Client, group: str) -> list[str]:
    """Return the ids of everybody in a group."""
    found: dict[str, None] = {}
    for offset in range(0, 1000, PAGE):
        query = {"group_id": group, "offset": str(offset), "count": str(PAGE)}
        answer = await client.call("GET", f"{_PATH}/listmember", query=query)
        page = ids_in(part_of(answer, "data").get("members"))
        found.update(dict.fromkeys(page))
        if len(page) < PAGE:
            break
    return list(found)


async def _about(client: Client, path: str, group: str, user: str) -> None:
    await _post(client, path, {"group_id": group, "member_user_ids": [user]})


async def _unless_gone(client: Client, path: str, group: str, user: str) -> None:
    """Do something about somebody; that they are not there any more means that it is done."""
    try:
        await _about(client, path, group, user)
    except Rejected as error:
        if _code(error) != _NOT_THERE:
            raise


async def _post(client: Client, path: str, content: Mapping[str, Any]) -> Mapping[str, Any]:
    return await client.call("POST", f"{_PATH}/{path}", json=content)


# ---- assets


async def _assets(client: Client) -> list[GroupAsset]:
    """Return everything that groups are made of."""
    found: dict[str, GroupAsset] = {}
    for product in SIZES:
        for quota in QUOTAS:
            wish = {"quota_owner": "OA", "product_type": product, "quota_type": quota}
            answer = await client.call("POST", "v3.0/oa/quota/group", json=wish)
            for each in _list(answer.get("data")):
                if asset := _asset(each, product):
                    found[asset.id] = asset
    return list(found.values())


def _list(data: Any) -> list[Mapping[str, Any]]:
    return [each for each in data if isinstance(each, dict)] if isinstance(data, list) else []


def _asset(given: Mapping[str, Any], product: str) -> GroupAsset | None:
    """Read one asset; one that is used names its group, or is at least no longer free."""
    identity = first_text(given, "asset_id")
    used = first_text(given, "used_id")
    free = first_text(given, "status") == "available" and not used
    if not identity:
        return None
    return GroupAsset(
        id=identity,
        kind=product,
        valid_until=_end_of(first_text(given, "valid_through")),
        renews=given.get("auto_renew") in (True, 1, "1", "true"),
        chat="" if free else GROUP_MARK + used,
    )


def _end_of(given: str) -> datetime | None:
    """Read when an asset ends: a local day ("31/12/2026"), its end, or a time; None for what is neither."""
    if found := _DAY.fullmatch(given):
        day, month, year = map(int, found.groups())
        try:
            return datetime(year, month, day, tzinfo=_LOCAL).astimezone(UTC) + timedelta(days=1)
        except ValueError:
            return None
    try:
        if given.isdecimal():
            stamp = int(given)
            return datetime.fromtimestamp(stamp / 1000 if stamp > 10**11 else stamp, UTC)
        time = datetime.fromisoformat(given)
    except (ValueError, OverflowError, OSError):
        return None
    return (time if time.tzinfo else time.replace(tzinfo=_LOCAL)).astimezone(UTC)


# ---- errors


def _code(error: ChannelError) -> int:
    """Return the vendor's code, with which each of its errors begins; 0 for none."""
    word = str(error).partition(" ")[0]
    return int(word) if re.fullmatch(r"-?\d{1,6}", word) else 0


def _without_groups(error: Misconfigured) -> ChannelError:
    """Say that an account has no groups where its tier or a permission is why; else keep the error."""
    return error if error.for_all else NotSupported(str(error))
