"""Who comes into a group and who goes, and what the bot may do there.

Sources: https://core.telegram.org/bots/api#chatmemberupdated, #chatjoinrequest, #chatmember
"""

from collections.abc import Mapping
from typing import Any

from bot.channels.telegram.fields import CHANNEL, Me, identity, is_group, name_of, storable, time_of
from handlers.channel import Address, GroupRights, InboundMessage

_GONE = frozenset({"left", "kicked"})
_NEEDED = {
    "invite": "can_invite_users",
    "remove": "can_restrict_members",
    "topics": "can_manage_topics",
    "pin": "can_pin_messages",
}
"""What the bot must be able to do, and the vendor's name for the right; topics only where there are any."""
_NOT_NEEDED = (
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_promote_members",
    "can_change_info",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
)
"""Rights that the vendor wants to be named, though the bot asks for none of them."""
ASKED_RIGHTS: Mapping[str, bool] = {
    **dict.fromkeys(_NOT_NEEDED, False),
    **dict.fromkeys(_NEEDED.values(), True),
}
"""What the bot asks for in a group, as the vendor's `ChatAdministratorRights`."""


def is_gone(member: Mapping[str, Any]) -> bool:
    """Tell whether a member is none any more."""
    return member["status"] in _GONE or member.get("is_member") is False


def rights_of(member: Mapping[str, Any], chat: Mapping[str, Any], me: Me) -> GroupRights:
    """Say how the bot stands in a group, given what the vendor tells of it there."""
    forum = bool(chat.get("is_forum"))
    if is_gone(member):
        return GroupRights(member=False, forum=forum)
    administrator = member["status"] == "administrator"
    missing = [] if administrator or me.reads_all else ["read"]
    for name, right in _NEEDED.items():
        if not (administrator and member.get(right)) and (forum or name != "topics"):
            missing.append(name)
    return GroupRights(member=True, missing=tuple(missing), forum=forum)


def own_membership(change: dict[str, Any], me: Me) -> InboundMessage | None:
    """Read that the bot was blocked, unblocked, added, removed, or may do more or less in a group."""
    chat, member = change["chat"], change["new_chat_member"]
    was_gone, gone = is_gone(change["old_chat_member"]), is_gone(member)
    changed = was_gone != gone
    if chat["type"] == "channel" or not (changed or (is_group(chat) and not gone)):
        return None
    rights = rights_of(member, chat, me) if is_group(chat) else None
    return _event(change, change["from"], left=changed and gone, joined=changed and not gone, rights=rights)


def others_membership(change: dict[str, Any]) -> InboundMessage | None:
    """Read that somebody came into a group or went, whoever brought that about; the sender is that person."""
    member = change["new_chat_member"]
    was_gone, gone = is_gone(change["old_chat_member"]), is_gone(member)
    if not is_group(change["chat"]) or was_gone == gone or member["user"].get("is_bot"):
        return None
    return _event(
        change,
        member["user"],
        member_joined=not gone,
        member_left=gone,
        invite=(change.get("invite_link") or {}).get("invite_link", ""),
    )


def join_request(request: dict[str, Any]) -> InboundMessage | None:
    """Read that somebody asks to be let in."""
    if not is_group(request["chat"]):
        return None
    link = (request.get("invite_link") or {}).get("invite_link", "")
    return _event(request, request["from"], wants_in=True, invite=link)


def _event(change: dict[str, Any], person: dict[str, Any], **what: Any) -> InboundMessage:
    chat = change["chat"]
    return InboundMessage(
        address=Address(CHANNEL, identity(chat["id"])),
        sender=identity(person["id"]),
        sender_name=name_of(person),
        sent_at=time_of(change["date"]),
        group=is_group(chat),
        group_title=storable(chat.get("title", "")),
        **what,
    )
