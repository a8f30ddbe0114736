"""Groups of the Official Account (GMF): one asset a group, members, admission, settings, and their events."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.standins import zalo_oa_rules as rules
from tests.standins.zalo_oa_messages import LOCAL_TIME, MessagesServer
from tests.standins.zalo_oa_rules import Refused, wrong

PRODUCTS = {"gmf10": 10, "gmf50": 50, "gmf100": 100, "gmf1000": 1000}
"""How many members a group of each product may have."""
QUOTAS = ("sub_quota", "purchase_quota", "reward_quota")
NAME_LIMIT = 30
_SETTINGS = ("lock_send_msg", "join_appr", "enable_msg_history", "enable_link_join")
_DETAILS = ("group_name", "group_avatar", "group_description")


@dataclass(kw_only=True, slots=True)
class Asset:
    """What one group is made of."""

    id: str
    product: str
    quota: str
    until: datetime
    renews: bool = False
    group: str = ""
    """The group that uses it."""


@dataclass(kw_only=True, slots=True)
class Room:
    """What the vendor keeps of a group."""

    id: str
    name: str
    asset: Asset
    link: str
    description: str = ""
    members: dict[str, str] = field(default_factory=dict)
    """Everybody in it: "member" or "admin"."""
    wishes: list[str] = field(default_factory=list)
    """Who asks to come in."""
    settings: dict[str, bool] = field(default_factory=lambda: dict.fromkeys(_SETTINGS, False))
    dissolved: bool = False


class GroupsServer(MessagesServer):
    """The vendor's servers with groups, and the people in them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.assets: dict[str, Asset] = {}
        self.groups: dict[str, Room] = {}
        self.admins: set[str] | None = None
        """Who administers the account: at least one of them is in each new group; None for anybody."""
        self.group_tier = True
        """Whether the account's package has groups at all."""

    def add_asset(
        self,
        product: str = "gmf50",
        *,
        quota: str = "sub_quota",
        lasts: timedelta = timedelta(days=30),
        renews: bool = False,
    ) -> str:
        """Buy what one group is made of; return its id."""
        assert product in PRODUCTS
        assert quota in QUOTAS
        identity = self.identity()
        self.assets[identity] = Asset(
            id=identity, product=product, quota=quota, until=self.now + lasts, renews=renews
        )
        return identity

    # ---- what people do

    async def member_joins(self, group: str, user: str) -> None:
        """Come into a group."""
        room = self._room_of(group)
        room.members[user] = "member"
        await self.deliver(self._change("user_join_group", room, user))

    async def member_leaves(self, group: str, user: str) -> None:
        """Go out of a group."""
        room = self._room_of(group)
        del room.members[user]
        await self.deliver(self._change("user_out_group", room, user))

    async def asks_in(self, group: str, user: str, *, name: str = "") -> None:
        """Use a group's link (or its id); come in, or ask to where that must be granted."""
        room = self._room_of(group)
        assert room.settings["enable_link_join"], "this group cannot be joined by its link"
        self.person(user).name = name or self.person(user).name
        if not room.settings["join_appr"]:
            await self.member_joins(room.id, user)
            return
        room.wishes.append(user)
        await self.deliver(self._change("user_request_join_group", room, user))

    async def member_dissolves(self, group: str, user: str) -> None:
        """Dissolve a group by hand, as one of the account's administrators."""
        room = self._room_of(group)
        self._dissolve(room)
        await self.deliver(self._change("delete_group", room, user))

    def members(self, group: str) -> set[str]:
        """Return who is in a group now."""
        return set(self._room_of(group).members)

    def _room_of(self, group: str) -> Room:
        named = group.removeprefix("g")
        return next(room for room in self.groups.values() if named == room.id or group == room.link)

    def _change(self, name: str, room: Room, *users: str) -> dict[str, Any]:
        members = [{"id": user} for user in users]
        return self.event(name, oa_id=self.oa_id, group_id=room.id, users=members)

    def _announce(self, name: str, room: Room, *users: str) -> None:
        self._later(self._change(name, room, *users), quietly=False)

    @staticmethod
    def _dissolve(room: Room) -> None:
        room.dissolved, room.asset.group = True, ""

    # ---- assets and groups

    async def _post_v3_0_oa_quota_group(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        given = rules.fields("body", content, "quota_owner", "product_type", "quota_type")
        if given["quota_owner"] != "OA" or given["product_type"] not in PRODUCTS:
            raise wrong("quota_owner must be OA, product_type a product of groups")
        if given["quota_type"] not in QUOTAS:
            raise wrong(f"quota_type must be one of {', '.join(QUOTAS)}")
        kind = (given["product_type"], given["quota_type"])
        return [
            self._describe_asset(asset)
            for asset in self.assets.values()
            if (asset.product, asset.quota) == kind
        ]

    @staticmethod
    def _describe_asset(asset: Asset) -> dict[str, Any]:
        used = {"used_id": asset.group} if asset.group else {}
        return {
            "asset_id": asset.id,
            "product_type": asset.product,
            "quota_type": asset.quota,
            "valid_through": asset.until.astimezone(LOCAL_TIME).strftime("%d/%m/%Y"),
            "auto_renew": asset.renews,
            "status": "used" if asset.group else "available",
            **used,
        }

    async def _post_v3_0_oa_group_creategroupwithoa(self, content: dict[str, Any]) -> dict[str, Any]:
        given = rules.fields(
            "body", content, "group_name", "asset_id", "member_user_ids", optional=("group_description",)
        )
        name = rules.string("group_name", given["group_name"], NAME_LIMIT)
        members = rules.identities("member_user_ids", given["member_user_ids"])
        if self.admins is not None and not self.admins & set(members):
            raise wrong("one of the members must administer the account")
        asset = self._free_asset(given["asset_id"])
        self._check_invited(members, {}, asset)
        identity = self.identity()
        room = Room(
            id=identity,
            name=name,
            asset=asset,
            link=f"https://zalo.me/g/{identity[-6:]}",
            description=given.get("group_description", ""),
            members=dict.fromkeys(members, "member"),
        )
        asset.group = identity
        self.groups[identity] = room
        self._announce("create_group", room, *members)
        return {"group_id": identity, "group_link": room.link, "name": name, "status": "enabled"}

    def _free_asset(self, identity: Any) -> Asset:
        if not self.group_tier:
            raise Refused(-224)
        asset = self.assets.get(rules.string("asset_id", identity))
        if asset is None or asset.until <= self.now:
            raise Refused(-241)
        if asset.group:
            raise Refused(-238)
        return asset

    def _check_invited(self, users: Sequence[str], there: Collection[str], asset: Asset) -> None:
        for user in users:
            person = self.people.get(user)
            if person is None:
                raise wrong(f"nobody has the user_id {user}")
            active = person.last_word and self.now - person.last_word <= rules.REPLY_WINDOW
            if not (person.follows or active):
                raise Refused(-213)
        if len({*there, *users}) > PRODUCTS[asset.product]:
            raise Refused(-211, "The group is full")

    async def _post_v3_0_oa_group_updateinfo(self, content: dict[str, Any]) -> dict[str, Any]:
        given = rules.fields("body", content, "group_id", optional=(*_DETAILS, *_SETTINGS))
        room = self._room(given)
        if len(given) == 1:
            raise wrong("there is nothing to change")
        for name in _SETTINGS:
            if name in given:
                room.settings[name] = _flag(name, given[name])
        if "group_name" in given:
            room.name = rules.string("group_name", given["group_name"], NAME_LIMIT)
        room.description = given.get("group_description", room.description)
        self._announce("update_group_info", room)
        return self._about(room)

    async def _post_v3_0_oa_group_updateasset(self, content: dict[str, Any]) -> dict[str, Any]:
        given = rules.fields("body", content, "group_id", "asset_id")
        room = self._room(given, expired=True)
        asset = self._free_asset(given["asset_id"])
        room.asset.group, asset.group = "", room.id
        room.asset = asset
        return self._about(room)

    async def _post_v3_0_oa_group_delete(self, content: dict[str, Any]) -> dict[str, Any]:
        room = self._room(rules.fields("body", content, "group_id"), expired=True)
        self._dissolve(room)
        self._announce("delete_group", room)
        return {"group_id": room.id}

    async def _get_v3_0_oa_group_getgroup(self, content: dict[str, Any]) -> dict[str, Any]:
        return self._about(self._room(rules.fields("query", content, "group_id"), expired=True))

    async def _get_v3_0_oa_group_getgroupsofoa(self, content: dict[str, Any]) -> dict[str, Any]:
        rules.fields("query", content, "offset", "count")
        there = [self._about(room)["group_info"] for room in self.groups.values() if not room.dissolved]
        return {"total": len(there), "groups": _page(there, content)}

    def _room(self, content: Mapping[str, Any], *, expired: bool = False) -> Room:
        room = self.groups.get(rules.string("group_id", content["group_id"]))
        if room is None or room.dissolved:
            raise Refused(-403)
        if not expired and not self._enabled(room):
            raise Refused(-237)
        return room

    def _enabled(self, room: Room) -> bool:
        return room.asset.renews or room.asset.until > self.now

    def _about(self, room: Room) -> dict[str, Any]:
        info = {
            "group_id": room.id,
            "name": room.name,
            "group_description": room.description,
            "group_link": room.link,
            "status": "enabled" if self._enabled(room) else "disabled",
            "total_member": len(room.members),
        }
        asset = self._describe_asset(room.asset)
        return {"group_info": info, "asset_info": asset, "group_setting": dict(room.settings)}

    # ---- members

    async def _post_v3_0_oa_group_invite(self, content: dict[str, Any]) -> dict[str, Any]:
        room, users = self._members_named(content)
        self._check_invited(users, room.members, room.asset)
        self._let_in(room, users)
        return {"group_id": room.id}

    async def _post_v3_0_oa_group_acceptpendinginvite(self, content: dict[str, Any]) -> dict[str, Any]:
        room, users = self._members_asking(content)
        self._announce("accept_request_join_group", room, *users)
        self._let_in(room, users)
        return {"group_id": room.id}

    async def _post_v3_0_oa_group_rejectpendinginvite(self, content: dict[str, Any]) -> dict[str, Any]:
        room, users = self._members_asking(content)
        self._announce("reject_request_join_group", room, *users)
        return {"group_id": room.id}

    async def _post_v3_0_oa_group_addadmins(self, content: dict[str, Any]) -> dict[str, Any]:
        return self._appoint(content, "admin", "add_group_admin")

    async def _post_v3_0_oa_group_removeadmins(self, content: dict[str, Any]) -> dict[str, Any]:
        return self._appoint(content, "member", "remove_group_admin")

    async def _post_v3_0_oa_group_removemembers(self, content: dict[str, Any]) -> dict[str, Any]:
        room, users = self._members_there(content)
        for user in users:
            del room.members[user]
        self._announce("user_out_group", room, *users)
        return {"group_id": room.id}

    async def _get_v3_0_oa_group_listmember(self, content: dict[str, Any]) -> dict[str, Any]:
        room = self._room(rules.fields("query", content, "group_id", "offset", "count"))
        return {"members": self._list(list(room.members), content), "total": len(room.members)}

    async def _get_v3_0_oa_group_listpendinginvite(self, content: dict[str, Any]) -> dict[str, Any]:
        room = self._room(rules.fields("query", content, "group_id", "offset", "count"))
        return {"members": self._list(room.wishes, content), "total": len(room.wishes)}

    def _list(self, users: Sequence[str], content: Mapping[str, Any]) -> list[dict[str, str]]:
        return _page([{"user_id": user, "name": self.person(user).name} for user in users], content)

    def _members_named(self, content: dict[str, Any]) -> tuple[Room, Sequence[str]]:
        given = rules.fields("body", content, "group_id", "member_user_ids")
        return self._room(given), rules.identities("member_user_ids", given["member_user_ids"])

    def _members_there(self, content: dict[str, Any]) -> tuple[Room, Sequence[str]]:
        room, users = self._members_named(content)
        if absent := set(users) - room.members.keys():
            raise Refused(-201, f"{', '.join(sorted(absent))} is not in the group")
        return room, users

    def _members_asking(self, content: dict[str, Any]) -> tuple[Room, Sequence[str]]:
        room, users = self._members_named(content)
        if absent := set(users) - set(room.wishes):
            raise Refused(-201, f"{', '.join(sorted(absent))} does not ask to come in")
        room.wishes = [user for user in room.wishes if user not in users]
        return room, users

    def _let_in(self, room: Room, users: Sequence[str]) -> None:
        new = [user for user in users if user not in room.members]
        room.members |= dict.fromkeys(new, "member")
        if new:
            self._announce("user_join_group", room, *new)

    def _appoint(self, content: dict[str, Any], status: str, event: str) -> dict[str, Any]:
        room, users = self._members_there(content)
        room.members |= dict.fromkeys(users, status)
        self._announce(event, room, *users)
        return {"group_id": room.id}

    # ---- messages

    async def _post_v3_0_oa_group_message(self, content: dict[str, Any]) -> dict[str, Any]:
        given = rules.fields("body", content, "recipient", "message")
        room = self._room(rules.fields("recipient", given["recipient"], "group_id"))
        message = rules.read_message(given["message"], group=True)
        self._check_quote(room.id, message)
        shown = self._show(room.id, message, price="free")
        return {"message_id": shown.id, "group_id": room.id}

    def _is_group(self, chat: str) -> bool:
        return chat in self.groups

    def _in_group(self, name: str, group: str, user: str, message: dict[str, Any]) -> dict[str, Any]:
        assert user in self._room_of(group).members, f"{user} is not in {group}"
        ends = {"sender": {"id": user}, "recipient": {"id": group}, "oa_id": self.oa_id}
        return self.event(name, **ends, message=message)

    async def _get_v3_0_oa_group_conversation(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        room = self._room(rules.fields("query", content, "group_id", "offset", "count"))
        return _page(self._talks[room.id][::-1], content)

    async def _get_v3_0_oa_group_listrecentchat(self, content: dict[str, Any]) -> list[dict[str, Any]]:
        rules.fields("query", content, "offset", "count")
        last = [self._talks[room.id][-1] for room in self.groups.values() if self._talks[room.id]]
        return _page(last, content)


def _flag(name: str, value: Any) -> bool:
    if value not in (True, False):
        raise wrong(f"{name} must be true or false")
    return bool(value)


def _page(items: Sequence[Any], content: Mapping[str, Any]) -> list[Any]:
    offset, count = (str(content[name]) for name in ("offset", "count"))
    if not (offset.isdigit() and count.isdigit() and 1 <= int(count) <= 50):
        raise wrong("offset must be 0 or more, count 1 to 50")
    return list(items[int(offset) : int(offset) + int(count)])
