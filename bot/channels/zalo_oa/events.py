"""Raw webhook events: which chat they belong to, and what a person did in them.

Fields are read with suspicion: their names differ between events and over time. Nothing a person sent is
dropped because a part of it cannot be read.
Source: https://developers.zalo.me/docs/official-account/webhook
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from bot.channels.zalo_oa.content import content_of, mentions, text_of
from bot.channels.zalo_oa.fields import CHANNEL, GROUP_MARK, first_text, ids_in, part_of, texts_in
from bot.channels.zalo_oa.signature import time_of
from handlers.channel import Address, Contact, Empty, Envelope, GroupRights, InboundMessage, Malformed

_SAID = "user_send_"
_SAID_IN_GROUP = "user_send_group_"
_ECHO = "oa_send_"
_ECHO_IN_GROUP = ("oa_send_group_", "oa_send_anonymous_")
_RECEIPTS = {"user_received_message": "received", "user_seen_message": "seen"}
_MEMBERS: dict[str, dict[str, Any]] = {
    "user_join_group": {"member_joined": True},
    "accept_request_join_group": {"member_joined": True},
    "user_out_group": {"member_left": True},
    "user_request_join_group": {"wants_in": True},
}
"""Events about members of a group, and what they mean."""
_GROUP: dict[str, dict[str, Any]] = {
    "create_group": {"rights": GroupRights(member=True)},
    "delete_group": {"left": True, "rights": GroupRights(member=False)},
}
_PERSONAL: dict[str, dict[str, Any]] = {
    "follow": {"joined": True},
    "unfollow": {"left": True},
    "user_withdraw": {"withdrawn": True},
}
_ALBUM_SECONDS = 60
"""Pictures of one person in the same minute are one album: the vendor sends each as an event of its own and
does not say which belong together."""
_ID_LIMIT = 128


def read(body: bytes) -> dict[str, Any]:
    """Return an event as a dictionary; raises Malformed."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(event, dict):
        raise Malformed("not an event")
    return event


def envelope_of(event: Mapping[str, Any], oa_id: str = "") -> Envelope:
    """Say what an event is, without its signature; raises Empty for an echo of the bot's own message.

    An event of no known kind belongs to no chat.
    """
    if _is_echo(event):
        raise Empty("an echo")
    chat = _chat(event, oa_id)[:_ID_LIMIT]
    return Envelope(external_id=_external_id(event), chat=chat, album=_album(event) if chat else "")


def parse_event(event: Mapping[str, Any], oa_id: str = "") -> InboundMessage | None:
    """Read an event; None when it holds nothing for the bot."""
    name, chat = first_text(event, "event_name"), _chat(event, oa_id)
    if not chat or _is_echo(event):
        return None
    found = _found(name, event, _oa_of(event, oa_id))
    if found is None:
        return None
    return InboundMessage(
        address=Address(CHANNEL, chat),
        sent_at=time_of(event.get("timestamp")),
        album=_album(event),
        **{"sender": _user(event, oa_id), "group": chat.startswith(GROUP_MARK), **found},
    )


def _found(name: str, event: Mapping[str, Any], oa_id: str) -> dict[str, Any] | None:
    """Return the fields of InboundMessage that depend on what happened."""
    if name in _RECEIPTS:
        ids = _message_ids(event)
        return {_RECEIPTS[name]: ids} if ids else None
    if name in _PERSONAL:
        return _PERSONAL[name]
    if name in _MEMBERS:
        return _members(event, _MEMBERS[name])
    if name in _GROUP:
        return {"sender": next(iter(ids_in(event.get("users"))), oa_id), **_GROUP[name]}
    if name == "user_submit_info":
        return _submitted(part_of(event, "info"))
    if name.startswith(_ECHO):
        # Only an administrator's id proves that a hand wrote it: the bot's own words must not silence it.
        written = {"by_staff": True, "text": text_of(event), "message_id": _message_id(event)}
        return written if _by_hand(event) else None
    return _said(name, event, oa_id) if name.startswith(_SAID) else None


def _said(name: str, event: Mapping[str, Any], oa_id: str) -> dict[str, Any]:
    in_group = name.startswith(_SAID_IN_GROUP)
    kind = name.removeprefix(_SAID_IN_GROUP if in_group else _SAID)
    message = part_of(event, "message")
    found = {
        **content_of(kind, message, oa_id),
        "message_id": _message_id(event),
        "reply_to": first_text(message, "quote_msg_id", "quote_message_id"),
    }
    return {**found, "mentioned": mentions(message, oa_id), "buttonless": True} if in_group else found


def _members(event: Mapping[str, Any], what: Mapping[str, Any]) -> dict[str, Any] | None:
    ids = ids_in(event.get("users"))
    return {**what, "sender": ids[0], "others": ids[1:]} if ids else None


def _submitted(info: Mapping[str, Any]) -> dict[str, Any]:
    """Read what a person gave in answer to a wish for their phone and address."""
    phone, address = first_text(info, "phone", "phone_number"), first_text(info, "full_address", "address")
    if phone:
        name = first_text(info, "name")
        return {"contact": Contact(phone=phone, name=name, own=True, address=address)}
    return {"text": address} if address else {"unsupported": "other"}


# ---- who and where


def _chat(event: Mapping[str, Any], oa_id: str) -> str:
    """Return the chat that an event happened in; empty when there is none or its kind is not known."""
    name = first_text(event, "event_name")
    if name in _MEMBERS or name in _GROUP:
        return _group(first_text(event, "group_id"))
    if name.startswith(_SAID_IN_GROUP):
        return _group(first_text(part_of(event, "recipient"), "id") or first_text(event, "group_id"))
    known = name in _RECEIPTS or name in _PERSONAL or name == "user_submit_info"
    return _user(event, oa_id) if known or name.startswith((_SAID, _ECHO)) else ""


def _group(group_id: str) -> str:
    return GROUP_MARK + group_id if group_id else ""


def _user(event: Mapping[str, Any], oa_id: str) -> str:
    """Return the person that an event is about."""
    name = first_text(event, "event_name")
    sender, recipient = (first_text(part_of(event, end), "id", "user_id") for end in ("sender", "recipient"))
    if name.startswith(_ECHO):
        return recipient
    if name in _RECEIPTS:
        # These are written the other way round: from the account. Should that change, its id tells.
        ends = [end for end in (recipient, sender) if end and end != _oa_of(event, oa_id)]
        return next(iter(ends), "")
    return sender or first_text(part_of(event, "follower"), "id") or first_text(event, "user_id")


def _oa_of(event: Mapping[str, Any], oa_id: str) -> str:
    return first_text(event, "oa_id") or oa_id


def _is_echo(event: Mapping[str, Any]) -> bool:
    """Tell whether an event repeats what the account wrote, other than by hand to one person."""
    name = first_text(event, "event_name")
    return name.startswith(_ECHO_IN_GROUP) or (
        name.startswith(_ECHO) and "sender" in event and "message" in event and not _by_hand(event)
    )


def _by_hand(event: Mapping[str, Any]) -> bool:
    return bool(first_text(part_of(event, "sender"), "admin_id"))


# ---- which


def _external_id(event: Mapping[str, Any]) -> str:
    """Return what is the same at a repeated delivery, and when the message is read from the history.

    A message's own id tells it from all others; its kind is left out, which the history spells otherwise.
    """
    name, message_id = first_text(event, "event_name"), _message_id(event)
    if message_id and name.startswith((_SAID, _ECHO)):
        name = _SAID.rstrip("_") if name.startswith(_SAID) else _ECHO.rstrip("_")
        identity = f"{name}:{message_id}"
        if len(identity) <= _ID_LIMIT:
            return identity
    whole = json.dumps(event, sort_keys=True).encode()
    return f"{name[:48]}:{sha256(whole).hexdigest()}"


def _message_id(event: Mapping[str, Any]) -> str:
    return first_text(part_of(event, "message"), "msg_id", "mid", "message_id")


def _message_ids(event: Mapping[str, Any]) -> tuple[str, ...]:
    several = texts_in(part_of(event, "message").get("msg_ids"))
    one = _message_id(event)
    return tuple(dict.fromkeys([*several, *([one] if one else [])]))


def _album(event: Mapping[str, Any]) -> str:
    """Return the key of the album that a picture may belong to; empty for anything else."""
    name = first_text(event, "event_name")
    if name not in {f"{_SAID}image", f"{_SAID_IN_GROUP}image"}:
        return ""
    minute = int(time_of(event.get("timestamp")).timestamp()) // _ALBUM_SECONDS
    return f"images:{first_text(part_of(event, 'sender'), 'id')[:64]}:{minute}"
