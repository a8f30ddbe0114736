"""Groups on the Bot API server: who is in them, what the bot may do there, invitations and topics.

Descriptions of refusals are the vendor's. What a bot may not do, it is told so; what it may not see, it is
not told of: changes of members only as an administrator, wishes to come in only with the right to invite.
"""

import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standins.telegram_rules import Refused, bad_request
from tests.standins.telegram_server import BotApiServer, words

RIGHTS = {
    "invite": "can_invite_users",
    "remove": "can_restrict_members",
    "topics": "can_manage_topics",
    "pin": "can_pin_messages",
}
"""Rights of an administrator, as tests name them and as the vendor does."""
_OTHER_RIGHTS = (
    "can_be_edited",
    "can_manage_chat",
    "can_change_info",
    "can_delete_messages",
    "can_promote_members",
    "can_manage_video_chats",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "is_anonymous",
)


@dataclass(kw_only=True, slots=True)
class Topic:
    """A topic of a forum."""

    name: str
    closed: bool = False


@dataclass(kw_only=True, slots=True)
class Room:
    """What the vendor keeps of a group."""

    bot: dict[str, Any]
    """How the bot stands: its status and, as an administrator, its rights."""
    strict: bool = False
    """Whether the bot hears only what the vendor lets it hear; False for a group nobody took it into."""
    members: dict[int, str] = field(default_factory=dict)
    """The status of everybody who was ever there."""
    links: dict[str, dict[str, Any]] = field(default_factory=dict)
    wishes: dict[int, str] = field(default_factory=dict)
    """Who asks to come in, and by which link."""
    topics: dict[int, Topic] = field(default_factory=dict)
    deleted: bool = False
    heard_all: bool = False
    """Whether privacy mode was off when the bot came in; switched off later it changes nothing here."""

    def may(self, right: str) -> bool:
        """Tell whether the bot has a right."""
        return self.bot["status"] == "administrator" and bool(self.bot.get(RIGHTS[right]))


def as_administrator(rights: Collection[str]) -> dict[str, Any]:
    """Return how a bot with these rights stands."""
    given = {vendors: name in rights for name, vendors in RIGHTS.items()}
    return {"status": "administrator", **dict.fromkeys(_OTHER_RIGHTS, False), **given}


class GroupsServer(BotApiServer):
    """The vendor's server with groups, and the people who run them."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._rooms: dict[int, Room] = {}

    def room(self, group: int) -> Room:
        """Return what the vendor knows of a group."""
        return self._rooms.setdefault(group, Room(bot={"status": "member"}))

    def members(self, group: int) -> set[int]:
        """Return who is in a group now."""
        statuses = self.room(group).members.items()
        return {user for user, status in statuses if status not in ("left", "kicked")}

    def topics(self, group: int) -> dict[int, Topic]:
        """Return the topics of a group by their ids."""
        return dict(self.room(group).topics)

    def links(self, group: int) -> list[str]:
        """Return the invitations into a group that can be used."""
        return [link for link, about in self.room(group).links.items() if not about["is_revoked"]]

    # ---- what people do

    async def user_adds_bot(
        self,
        group: int,
        *,
        user: int,
        title: str = "Tổ công tác",
        forum: bool = False,
        rights: Collection[str] | None = None,
        start: str = "",
    ) -> None:
        """Take the bot into a group; with `rights` ("invite", "remove", ...) as an administrator."""
        chat = {"id": group, "type": "supergroup", "title": title}
        self._groups[group] = {**chat, "is_forum": True} if forum else chat
        room = self.room(group)
        room.strict, room.heard_all = True, self.reads_all
        room.members[user] = "creator"
        await self._bot_becomes(
            group, {"status": "member"} if rights is None else as_administrator(rights), user, was="left"
        )
        if start:
            said = words(f"/start@{self._bot['username']} {start}", caption=False)
            await self.deliver("message", {**self._message(group, user), **said})

    async def user_opens_link(
        self,
        address: str,
        group: int,
        *,
        user: int,
        title: str = "Tổ công tác",
        forum: bool = True,
        withheld: Collection[str] = (),
    ) -> None:
        """Follow a link that adds the bot to a group, giving all rights that it asks for but some."""
        parts = urlsplit(address)
        wishes = parse_qs(parts.query)
        assert (parts.netloc, parts.path) == ("t.me", f"/{self._bot['username']}"), address
        asked = set(wishes["admin"][0].replace(" ", "+").split("+"))
        vendors = {"invite_users": "invite", "restrict_members": "remove"}
        vendors |= {"manage_topics": "topics", "pin_messages": "pin"}
        assert asked <= vendors.keys(), asked
        rights = {vendors[each] for each in asked} - set(withheld)
        start = wishes["startgroup"][0]
        await self.user_adds_bot(group, user=user, title=title, forum=forum, rights=rights, start=start)

    async def user_picks_group(
        self,
        key: Mapping[str, Any],
        group: int,
        *,
        user: int,
        title: str = "Tổ công tác",
        forum: bool = True,
        withheld: Collection[str] = (),
    ) -> None:
        """Press a key that asks for a group, and pick one or make a new one: the bot is taken in."""
        wanted = key["request_chat"]
        vendors = {right: name for name, right in RIGHTS.items()}
        asked = {right for right, wished in wanted["bot_administrator_rights"].items() if wished}
        assert asked <= vendors.keys(), asked
        rights = {vendors[right] for right in asked} - set(withheld)
        if wanted.get("bot_is_member"):
            await self.user_adds_bot(group, user=user, title=title, forum=forum, rights=rights)
        shared: dict[str, Any] = {"request_id": int(wanted["request_id"]), "chat_id": group}
        if wanted.get("request_title"):
            shared["title"] = title
        await self.deliver("message", {**self._message(user, user), "chat_shared": shared})

    async def user_gives_rights(self, group: int, *rights: str, user: int) -> None:
        """Make the bot an administrator with these rights; with none it is a plain member again."""
        await self._bot_becomes(group, as_administrator(rights) if rights else {"status": "member"}, user)

    async def user_removes_bot(self, group: int, *, user: int) -> None:
        """Put the bot out of a group."""
        await self._bot_becomes(group, {"status": "kicked", "until_date": 0}, user)

    def user_deletes_group(self, group: int) -> None:
        """Delete a group; the bot finds out when it next does something there."""
        self.room(group).deleted = True

    def user_deletes_topic(self, group: int, topic: int) -> None:
        """Delete a topic with all that is in it; nobody is told."""
        del self.room(group).topics[topic]

    async def user_asks_in(self, link: str, *, user: int) -> None:
        """Use an invitation; where it must be admitted, the bot hears of the wish."""
        group = next(group for group, room in self._rooms.items() if link in room.links)
        room = self.room(group)
        assert not room.links[link]["is_revoked"], "this invitation has been revoked"
        if not room.links[link]["creates_join_request"]:
            await self.user_joins(group, user=user, link=link)
            return
        room.wishes[user] = link
        wish = {**self._happening(group, user), "user_chat_id": user, "invite_link": room.links[link]}
        if room.may("invite"):
            await self.deliver("chat_join_request", wish)

    async def user_joins(self, group: int, *, user: int, by: int | None = None, link: str = "") -> None:
        """Come into a group, added by somebody or by an open link."""
        await self._member_becomes(group, user, "member", by=by or user, link=link)
        service = {**self._message(group, by or user), "new_chat_members": [self._person(user)]}
        await self.deliver("message", service)

    async def user_leaves(self, group: int, *, user: int) -> None:
        """Go out of a group."""
        await self._member_becomes(group, user, "left", by=user)
        await self.deliver("message", {**self._message(group, user), "left_chat_member": self._person(user)})

    # ---- what the bot does

    async def _do_getChat(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self._check_chat(fields["chat_id"])
        return {**self._chat(fields["chat_id"]), "accent_color_id": 1, "max_reaction_count": 11}

    async def _do_getChatMember(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self._check_chat(fields["chat_id"])
        room, user = self.room(fields["chat_id"]), fields["user_id"]
        if user == self._bot["id"]:
            return {"user": self._bot, **room.bot}
        if user not in room.members:
            raise bad_request("PARTICIPANT_ID_INVALID")
        return {"user": self._person(user), "status": room.members[user]}

    async def _do_createChatInviteLink(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        room = self._room_for(fields, "invite", "not enough rights to manage chat invite link")
        if len(fields.get("name", "")) > 32:
            raise bad_request("invite link name must be at most 32 characters long")
        if fields.get("creates_join_request") and "member_limit" in fields:
            raise bad_request("member limit can't be specified for links requiring administrator approval")
        link = f"https://t.me/+{next(self._ids):016d}"
        about = {
            "invite_link": link,
            "creator": self._bot,
            "creates_join_request": bool(fields.get("creates_join_request")),
            "is_primary": False,
            "is_revoked": False,
            "name": fields.get("name", ""),
        }
        room.links[link] = about
        return about

    async def _do_revokeChatInviteLink(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        room = self._room_for(fields, "invite", "not enough rights to manage chat invite link")
        if fields["invite_link"] not in room.links:
            raise bad_request("INVITE_HASH_EXPIRED")
        about = room.links[fields["invite_link"]]
        about["is_revoked"] = True
        return about

    async def _do_approveChatJoinRequest(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        link = self._wish(fields)
        await self._member_becomes(
            fields["chat_id"], fields["user_id"], "member", by=self._bot["id"], link=link, via_request=True
        )
        return True

    async def _do_declineChatJoinRequest(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        self._wish(fields)
        return True

    def _wish(self, fields: Mapping[str, Any]) -> str:
        room = self._room_for(fields, "invite", "not enough rights to manage chat join requests")
        user = fields["user_id"]
        if user in self.members(fields["chat_id"]):
            raise bad_request("USER_ALREADY_PARTICIPANT")
        if user not in room.wishes:
            raise bad_request("HIDE_REQUESTER_MISSING")
        return room.wishes.pop(user)

    async def _do_banChatMember(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        room = self._room_for(fields, "remove", "not enough rights to restrict/unrestrict chat member")
        status = room.members.get(fields["user_id"])
        if status is None:
            raise bad_request("PARTICIPANT_ID_INVALID")
        if status == "creator":
            raise bad_request("can't remove chat owner")
        if status == "administrator":
            raise bad_request("user is an administrator of the chat")
        if status != "kicked":
            await self._member_becomes(fields["chat_id"], fields["user_id"], "kicked", by=self._bot["id"])
        return True

    async def _do_unbanChatMember(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        room = self._room_for(fields, "remove", "not enough rights to restrict/unrestrict chat member")
        status = room.members.get(fields["user_id"])
        if status == "kicked" or not fields.get("only_if_banned"):
            room.members[fields["user_id"]] = "left"
        return True

    async def _do_createForumTopic(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        room = self._room_in_topics(fields)
        if not 1 <= len(fields["name"]) <= 128:
            raise bad_request("topic name must be 1-128 characters long")
        topic = next(self._ids)
        room.topics[topic] = Topic(name=fields["name"])
        return {"message_thread_id": topic, "name": fields["name"], "icon_color": 7322096}

    async def _do_closeForumTopic(self, fields: dict[str, Any], files: Mapping[str, bytes]) -> Any:
        topic = self._room_in_topics(fields).topics.get(fields["message_thread_id"])
        if topic is None:
            raise bad_request("message thread not found")
        if topic.closed:
            raise bad_request("TOPIC_NOT_MODIFIED")
        topic.closed = True
        return True

    def _room_in_topics(self, fields: Mapping[str, Any]) -> Room:
        self._check_chat(fields["chat_id"])
        if not self._chat(fields["chat_id"]).get("is_forum"):
            raise bad_request("the chat is not a forum")
        return self._room_for(fields, "topics", "not enough rights to create a topic")

    def _room_for(self, fields: Mapping[str, Any], right: str, refusal: str) -> Room:
        self._check_chat(fields["chat_id"])
        room = self.room(fields["chat_id"])
        if not room.may(right):
            raise bad_request(refusal)
        return room

    # ---- what follows from it

    def _check_chat(self, chat: int) -> None:
        super()._check_chat(chat)
        room = self._rooms.get(chat)
        if room and room.deleted:
            raise Refused(403, "Forbidden: the group chat was deleted")
        if room and room.bot["status"] in ("left", "kicked"):
            raise Refused(403, "Forbidden: bot was kicked from the supergroup chat")

    def _check_topic(self, chat: int, topic: int | None) -> int | None:
        if topic is None:
            return None
        room = self.room(chat)
        if topic not in room.topics:
            raise bad_request("message thread not found")
        if room.topics[topic].closed and not room.may("topics"):
            raise bad_request("TOPIC_CLOSED")
        return topic

    def _hears(self, message: Mapping[str, Any]) -> bool:
        """Tell whether the bot is given a message of a group: an administrator is given all."""
        room = self._rooms.get(message["chat"]["id"])
        if room is None or not room.strict or room.bot["status"] == "administrator":
            return True
        if room.heard_all:
            return True
        if room.bot["status"] in ("left", "kicked"):
            return False
        text = message.get("text") or message.get("caption") or ""
        answered = message.get("reply_to_message", {}).get("from", {}).get("id") == self._bot["id"]
        return text.startswith("/") or f"@{self._bot['username']}" in text or answered

    async def _bot_becomes(
        self, group: int, standing: dict[str, Any], user: int, *, was: str | None = None
    ) -> None:
        self._known.add(group)
        room = self.room(group)
        before = {"status": was} if was else room.bot
        room.bot = standing
        change = self._happening(group, user)
        change |= {"old_chat_member": {"user": self._bot, **before}}
        change |= {"new_chat_member": {"user": self._bot, **standing}}
        await self.deliver("my_chat_member", change)

    async def _member_becomes(
        self, group: int, user: int, status: str, *, by: int, link: str = "", via_request: bool = False
    ) -> None:
        room = self.room(group)
        before, room.members[user] = room.members.get(user, "left"), status
        change = self._happening(group, by)
        ending = {"until_date": 0} if status == "kicked" else {}
        change |= {"old_chat_member": {"user": self._person(user), "status": before}}
        change |= {"new_chat_member": {"user": self._person(user), "status": status, **ending}}
        if link:
            change |= {"invite_link": room.links[link]}
        if via_request:
            change |= {"via_join_request": True}
        if room.bot["status"] == "administrator":
            await self.deliver("chat_member", change)

    def _happening(self, group: int, user: int) -> dict[str, Any]:
        person = self._bot if user == self._bot["id"] else self._person(user)
        return {"chat": self._chat(group), "from": person, "date": int(time.time())}
