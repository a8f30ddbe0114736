"""How a group comes to be, and what becomes of it: bound to a chat, ready, lost, found again."""

from dataclasses import replace
from datetime import datetime, timedelta

from handlers import cards, group_cards, group_members, group_scope, group_telling, texts
from handlers.channel import Address, Button, GroupAct, GroupRights, OutboundMessage
from handlers.notices import Rows
from handlers.turn import Turn
from routing.organisation import City
from storage import cases, groups, messages, people
from storage.database import Transaction
from storage.groups import Group

NEEDED = ("read", "invite", "remove", "topics")
"""The rights without which a group cannot be kept; topics only where it has any."""
_WISHES = 2**31
"""As many numbers there are for wishes on a channel that counts with few bits."""
RESENT = timedelta(days=7)
"""What could not be sent to a lost group for longer than this is not sent any more."""


# ── making ───────────────────────────────────────────────────────────────────────────────────────


async def ask_for(
    transaction: Transaction, city: City, group: Group, *, asker: Address, now: datetime
) -> None:
    """Have the channel make a group; where it cannot, the asker gets a link to make one with."""
    belong = await group_members.wanted(transaction, city, group, now=now)
    accounts = await groups.accounts_in(transaction, group.channel, belong)
    members = tuple(Address(group.channel, account.chat) for account in accounts.values() if account.chat)
    groups.set_status(transaction, group.id, groups.ASKED)
    act = GroupAct(do="create", title=group.title, members=members)
    _post_to_asker(transaction, group, act, asker=asker, now=now)


def give_link(transaction: Transaction, group: Group, *, asker: Address, now: datetime) -> None:
    """Ask the channel for the link by which its leader makes or picks a chat for a group; it works once."""
    token = people.new_code().replace("-", "")
    groups.set_token(transaction, group.id, token, now=now)
    _post_to_asker(
        transaction, group, GroupAct(do="link", title=group.title, token=token), asker=asker, now=now
    )


def _post_to_asker(
    transaction: Transaction, group: Group, act: GroupAct, *, asker: Address, now: datetime
) -> None:
    where = replace(group, channel=asker.channel, chat=asker.chat)
    group_cards.post_act(transaction, where, act, now=now)


async def created(transaction: Transaction, city: City, group: Group, chat: str, now: datetime) -> None:
    """Take over a group that the channel made: everybody with an account is taken to be in it.

    They are told once that is known (`group_assets.take_members`).
    """
    await groups.bind(transaction, group.id, chat, forum=False, now=now)
    bound = await _again(transaction, group)
    await group_members.make_members(transaction, city, bound, joined=None, now=now)
    check(transaction, bound, now=now)


async def bind_here(turn: Turn, token: str) -> bool:
    """`/start TOKEN` in a group: bind it, if whoever says so is the one who asked; False for another word."""
    group = await groups.group_by_token(turn.transaction, token, now=turn.now)
    if group is None or not token:
        return False
    here = await groups.group_of(turn.transaction, turn.chat.channel, turn.chat.chat)
    if group.created_by != turn.person.id or group.channel != turn.chat.channel:
        turn.say(texts.group_link_not_yours())
    elif here is not None:
        turn.say(texts.group_bound_already(title=here.title))
    else:
        await _bind(turn, group, turn.chat.chat)
    return True


async def bind_picked(turn: Turn) -> None:
    """Bind the chat that somebody picked or made in their private chat, if they asked for a group there."""
    picked, channel = turn.message.picked, turn.chat.channel
    group = await _wished(turn)
    here = await groups.group_of(turn.transaction, channel, picked)
    if group is None or group.channel != channel:
        turn.say(texts.group_link_stale())
    elif here is not None:
        turn.say(texts.group_bound_already(title=here.title))
    else:
        await _bind(turn, group, picked)
        if title := turn.message.group_title[:200]:
            groups.set_title(turn.transaction, group.id, title)
        turn.say(texts.group_being_checked(title=title or group.title))


def wish_for(group: Group) -> int:
    """Return the number by which the answer of its leader to the wish for a chat is known again."""
    return group.id % _WISHES


async def _wished(turn: Turn) -> Group | None:
    """Return the group of the writer's own that a picked chat is for, if it still waits for one."""
    own = await groups.groups_made_by(turn.transaction, turn.person.id)
    meant = (group for group in own if wish_for(group) == turn.message.picked_for)
    found = [await groups.group_waiting(turn.transaction, group.id, now=turn.now) for group in meant]
    return next(filter(None, found), None)


async def _bind(turn: Turn, group: Group, chat: str) -> None:
    await groups.bind(turn.transaction, group.id, chat, forum=False, now=turn.now)
    bound = await _again(turn.transaction, group)
    known = {member.person_id for member in await groups.members_of(turn.transaction, [group.id])}
    if group.created_by not in known:
        await group_members.make_members(
            turn.transaction, turn.city, bound, joined={group.created_by}, now=turn.now
        )
    check(turn.transaction, bound, now=turn.now)


async def _again(transaction: Transaction, group: Group) -> Group:
    found = await groups.get_group(transaction, group.id)
    assert found is not None
    return found


def check(transaction: Transaction, group: Group, *, now: datetime) -> None:
    """Ask the channel how the bot stands in a group."""
    group_cards.post_act(transaction, group, GroupAct(do="check"), now=now)


# ── rights ───────────────────────────────────────────────────────────────────────────────────────


async def take_rights(
    transaction: Transaction, city: City, group: Group, rights: GroupRights, *, now: datetime
) -> None:
    """Note how the bot stands in a group: the leader hears what is missing, and of what is there again."""
    if not rights.member:
        await lost(transaction, group, now=now)
        return
    if group.status == groups.LOST:
        await found(transaction, group, now=now)
    missing = tuple(
        right for right in NEEDED if right in rights.missing and (right != "topics" or rights.forum)
    )
    if (missing, rights.forum) != (group.missing, group.forum):
        groups.set_rights(transaction, group.id, missing=missing, forum=rights.forum)
        await _tell_of_rights(transaction, group, missing, now)
    if missing or group.bound_at is not None:
        return
    await _ready(transaction, city, await _again(transaction, group), now)


async def _tell_of_rights(
    transaction: Transaction, group: Group, missing: tuple[str, ...], now: datetime
) -> None:
    """Tell the leader what is missing now, or that nothing is missing any more."""
    if missing == group.missing:
        return
    if missing:
        text = texts.group_rights_missing(
            title=group.title, rights=list(missing), ready=group.bound_at is not None
        )
    else:
        text = texts.group_rights_complete(title=group.title)
    await group_telling.tell_leader(
        transaction, group, text, now=now, buttons=check_button(group) if missing else (), at_once=True
    )


def check_button(group: Group) -> Rows:
    """Return the button that asks again how the bot stands."""
    return ((Button(label=texts.label_group_check(), data=f"gcheck:{group.id}"),),)


async def _ready(transaction: Transaction, city: City, group: Group, now: datetime) -> None:
    """Say in a group what it is for, and invite whoever belongs to it."""
    groups.set_ready(transaction, group.id, now=now)
    units = group_members.unit_names(city, group_scope.standing(city, group.units))
    case = await cases.get_case_by_id(transaction, group.case_id) if group.case_id else None
    above = cards.unit_name(city, group.unit_code)
    text = texts.group_bound(
        title=group.title,
        purpose=group.purpose,
        above=above,
        units=units,
        code=case.code if case else "",
    )
    await group_cards.post_to_group(transaction, group, OutboundMessage(text=text), now=now)
    if case is not None and group_scope.shows(city, group, case):
        card = group_cards.group_card(city, case, now=now)
        await group_cards.post_to_group(transaction, group, card, case=case, now=now)
    invited = await group_members.bring_in_line(transaction, city, group, now=now)
    there, absent = await group_members.without_account(transaction, city, group, now=now)
    text = texts.group_ready(title=group.title, invited=invited, members=len(there), absent=absent)
    await group_telling.tell_leader(transaction, group, text, now=now, at_once=True)


# ── lost and found ───────────────────────────────────────────────────────────────────────────────


async def lost(transaction: Transaction, group: Group, *, now: datetime) -> None:
    """Note that a group can no longer be written to, and tell its leader once how to get it back."""
    if group.status != groups.ACTIVE:
        return
    groups.set_lost(transaction, group.id, now=now)
    anew = Button(label=texts.label_group_anew(), data=f"ganew:{group.id}")
    end = Button(label=texts.label_group_end(), data=f"gend:{group.id}")
    text = texts.group_lost(title=group.title)
    await group_telling.tell_leader(transaction, group, text, now=now, buttons=((anew,), (end,)))


async def found(transaction: Transaction, group: Group, *, now: datetime) -> None:
    """The bot is back in a lost group: what could not be sent meanwhile is sent now."""
    groups.set_found(transaction, group.id)
    since = max(group.lost_at or now, now - RESENT)
    count = await groups.resend(transaction, group, since=since, now=now)
    text = texts.group_found(title=group.title, count=count)
    await group_telling.tell_leader(transaction, group, text, now=now, at_once=True)
    await messages.announce(transaction, "outbox")
