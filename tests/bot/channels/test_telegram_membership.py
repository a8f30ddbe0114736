"""Every way in which somebody's standing in a group can change, and what the bot hears of it."""

import json
from itertools import product
from typing import Any

import pytest

from bot.channels.telegram.fields import Me
from bot.channels.telegram.updates import parse_update
from handlers.channel import InboundMessage

ME = Me(id=42, username="thu_bot")
GROUP = {"id": -1001, "type": "supergroup", "title": "Tổ công tác"}
PERSON = {"id": 1001, "is_bot": False, "first_name": "An"}
BOT = {"id": 42, "is_bot": True, "first_name": "Bot", "username": "thu_bot"}

STANDINGS: dict[str, dict[str, Any]] = {
    "creator": {"status": "creator", "is_anonymous": False},
    "administrator": {"status": "administrator", "can_be_edited": False, "can_invite_users": True},
    "member": {"status": "member"},
    "restricted": {"status": "restricted", "is_member": True, "can_send_messages": False},
    "restricted outside": {"status": "restricted", "is_member": False},
    "left": {"status": "left"},
    "kicked": {"status": "kicked", "until_date": 0},
}
OUTSIDE = {"restricted outside", "left", "kicked"}
CHANGES = list(product(STANDINGS, STANDINGS))


def change(kind: str, user: dict[str, Any], old: str, new: str) -> InboundMessage | None:
    about = {
        "chat": GROUP,
        "from": {"id": 7, "is_bot": False, "first_name": "Quản trị"},
        "date": 1_700_000_000,
        "old_chat_member": {"user": user, **STANDINGS[old]},
        "new_chat_member": {"user": user, **STANDINGS[new]},
    }
    return parse_update(json.dumps({"update_id": 1, kind: about}).encode(), ME)


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_who_comes_in_or_goes_is_told_and_nothing_else(old: str, new: str) -> None:
    told = change("chat_member", PERSON, old, new)
    if (old in OUTSIDE) == (new in OUTSIDE):
        assert told is None, "promoted, demoted, restricted, banned after leaving: still there, or still gone"
        return
    assert told is not None
    assert (told.member_joined, told.member_left) == (new not in OUTSIDE, new in OUTSIDE)
    assert (told.sender, told.group) == ("1001", True)


@pytest.mark.parametrize(("old", "new"), CHANGES)
def test_the_bot_learns_of_every_change_of_its_own(old: str, new: str) -> None:
    told = change("my_chat_member", BOT, old, new)
    if {old, new} <= OUTSIDE:
        assert told is None
        return
    assert told is not None
    assert told.rights is not None
    assert told.rights.member == (new not in OUTSIDE)
    assert (told.joined, told.left) == (
        old in OUTSIDE and new not in OUTSIDE,
        old not in OUTSIDE and new in OUTSIDE,
    )
    if told.rights.member:
        assert ("read" in told.rights.missing) == (new != "administrator")
