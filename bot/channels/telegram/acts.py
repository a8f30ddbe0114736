"""What the bot does with a group: rights, invitations, members, topics.

Sources: https://core.telegram.org/bots/api#createchatinvitelink, #createforumtopic and their neighbours;
https://core.telegram.org/bots/features#deep-linking for the link that adds the bot to a group.
"""

import re
from typing import Any

from telegram.error import BadRequest

from bot.channels.telegram.faults import vendor_faults
from bot.channels.telegram.fields import Me
from bot.channels.telegram.membership import is_gone, rights_of
from bot.channels.telegram.parts import vendor_id
from bot.channels.telegram.request import ApiBot
from handlers.channel import Acted, GroupAct, NotSupported, Rejected

LINK_NAME_LIMIT = 32
TOPIC_NAME_LIMIT = 128
_RIGHTS = "manage_topics+invite_users+restrict_members+pin_messages"
_START = re.compile(r"[A-Za-z0-9_-]{1,64}")
_DONE_ALREADY = {
    "approveChatJoinRequest": ("user_already_participant",),
    "declineChatJoinRequest": ("user_already_participant", "hide_requester_missing"),
    "revokeChatInviteLink": ("invite_hash_expired", "invite_hash_invalid"),
    "banChatMember": ("user_not_participant", "participant_id_invalid", "user not found"),
    # A basic group keeps no list of who is banned: whoever was removed may be invited again.
    "unbanChatMember": ("method is available for supergroup", "user not found", "participant_id_invalid"),
    "closeForumTopic": ("topic_not_modified", "topic_id_invalid", "message thread not found"),
}
"""Refusals that mean there is nothing left to do, as when an act is done again after a crash."""
_NOT_THERE = ("user not found", "participant_id_invalid", "user_id_invalid", "user_not_mutual_contact")
"""Refusals that are about the person; the group itself is there."""


async def do_in_group(bot: ApiBot, chat: int, act: GroupAct, me: Me) -> Acted:
    """Do what is asked in a group. Raises NotSupported for what only people can do, and ChannelError."""
    match act.do:
        case "check":
            return await _check(bot, chat, me)
        case "invite":
            fields = {"name": act.title[:LINK_NAME_LIMIT], "creates_join_request": True}
            made = await _call(bot, "createChatInviteLink", chat_id=chat, **fields)
            return Acted(value=made["invite_link"])
        case "admit":
            await _admit(bot, chat, vendor_id(act.member))
        case "refuse":
            await _call(bot, "declineChatJoinRequest", chat_id=chat, user_id=vendor_id(act.member))
        case "revoke":
            await _call(bot, "revokeChatInviteLink", chat_id=chat, invite_link=act.link)
        case "remove":
            user = vendor_id(act.member)
            await _call(bot, "banChatMember", chat_id=chat, user_id=user)
            await _call(bot, "unbanChatMember", chat_id=chat, user_id=user, only_if_banned=True)
        case "open_topic":
            made = await _call(bot, "createForumTopic", chat_id=chat, name=act.title[:TOPIC_NAME_LIMIT])
            return Acted(value=str(made["message_thread_id"]))
        case "close_topic":
            await _call(bot, "closeForumTopic", chat_id=chat, message_thread_id=vendor_id(act.topic))
        case _:
            raise NotSupported(act.do)
    return Acted()


def link_into_a_group(me: Me, token: str) -> str:
    """Return the address by which a person makes or picks a group for the bot, with the rights it needs.

    Raises Rejected for a token that cannot stand there.
    """
    if not _START.fullmatch(token):
        raise Rejected(f"not a start parameter: {token!r}")
    return f"https://t.me/{me.username}?startgroup={token}&admin={_RIGHTS}"


async def _admit(bot: ApiBot, chat: int, user: int) -> None:
    """Let somebody in; raises Rejected where they do not ask (any more) and are not in, either."""
    try:
        await _call(bot, "approveChatJoinRequest", chat_id=chat, user_id=user)
    except Rejected as refusal:
        if "hide_requester_missing" not in str(refusal).lower():
            raise
        # Whoever was let in already, before a crash, asks no more.
        if is_gone(await _call(bot, "getChatMember", chat_id=chat, user_id=user)):
            raise


async def _check(bot: ApiBot, chat: int, me: Me) -> Acted:
    group = await _call(bot, "getChat", chat_id=chat)
    member = await _call(bot, "getChatMember", chat_id=chat, user_id=me.id)
    return Acted(rights=rights_of(member, group, me))


async def _call(bot: ApiBot, method: str, **fields: Any) -> Any:
    with vendor_faults():
        try:
            return await bot.call(method, **fields)
        except BadRequest as error:
            why = str(error).lower()
            if any(sign in why for sign in _DONE_ALREADY.get(method, ())):
                return None
            if any(sign in why for sign in _NOT_THERE):
                raise Rejected(str(error)) from error
            raise
