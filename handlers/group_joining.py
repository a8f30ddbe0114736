"""Who comes into a group and who goes: each by the invitation that is theirs alone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import timedelta

from handlers import cards, group_cards, group_members, group_telling, texts
from handlers.channel import GroupAct, OutboundMessage
from handlers.turn import Turn
from storage import groups
from storage.groups import INVITED, JOINED, LEAVING, LEFT, REMOVED, Group, Member
from storage.people import HeldPost

REFUSED_AFTER = timedelta(seconds=15)
"""On some channels the bot may write to whoever asks to come in only until that is decided."""


async def take_wish(turn: Turn, group: Group) -> None:
    """Let somebody in who belongs to the group and comes by no other's link; refuse anybody else kindly."""
    belong = await group_members.wanted(turn.transaction, turn.city, group, now=turn.now)
    if turn.message.others:
        await _take_other_wishes(turn, group, belong)
    owner = await groups.member_by_invite(turn.transaction, turn.message.invite)
    stranger = turn.person.id not in belong
    if stranger or (owner is not None and (owner.person_id, owner.group_id) != (turn.person.id, group.id)):
        await _refuse(turn, group, stranger=stranger)
        return
    known = await groups.get_member(turn.transaction, group.id, turn.person.id)
    post = belong[turn.person.id]
    member = Member(
        group_id=group.id,
        person_id=turn.person.id,
        user=turn.message.sender,
        unit_code=post.unit_code,
        role=post.role,
        state=INVITED,
        invite=known.invite if known else None,
    )
    groups.save_member(turn.transaction, member, now=turn.now)
    act = GroupAct(do="admit", member=turn.message.sender, note=str(turn.person.id))
    group_cards.post_act(turn.transaction, group, act, now=turn.now)


async def _take_other_wishes(turn: Turn, group: Group, belong: Mapping[int, HeldPost]) -> None:
    """Let in or refuse those who ask together with the sender."""
    known = await _people_of(turn, group, belong)
    for user in turn.message.others:
        person_id = known.get(user)
        do, note = ("admit", str(person_id)) if person_id else ("refuse", "")
        act = GroupAct(do=do, member=user, note=note)
        group_cards.post_act(turn.transaction, group, act, now=turn.now)


async def _refuse(turn: Turn, group: Group, *, stranger: bool) -> None:
    text = texts.group_not_for_you(title=group.title) if stranger else texts.group_link_of_another()
    address = (turn.chat.channel, turn.message.sender)
    group_telling.tell(turn.transaction, address, OutboundMessage(text=text), now=turn.now, at_once=True)
    act = GroupAct(do="refuse", member=turn.message.sender)
    group_cards.post_act(turn.transaction, group, act, now=turn.now, not_before=turn.now + REFUSED_AFTER)
    who = _name(turn)
    await group_telling.tell_leader(
        turn.transaction,
        group,
        texts.group_stranger_refused(title=group.title, who=who),
        now=turn.now,
        dedupe_key=f"group:{group.id}:refused:{turn.message.sender}",
    )


def _name(turn: Turn) -> str:
    """Return who somebody is: by their first post, or by name."""
    name = turn.person.name or turn.message.sender_name or texts.someone()
    for post in turn.person.posts[:1]:
        return texts.official_of(unit=cards.unit_name(turn.city, post.unit_code), name=name)
    return name


async def take_joined(turn: Turn, group: Group) -> None:
    """Note that somebody came in, others with them; of who does not belong there the leader hears, once."""
    belong = await group_members.wanted(turn.transaction, turn.city, group, now=turn.now)
    await _note_joined(turn, group, belong.get(turn.person.id), turn.message.sender, _name(turn))
    if turn.message.others:
        known = await _people_of(turn, group, belong)
        for user in turn.message.others:
            await _note_joined(turn, group, belong.get(known.get(user, 0)), user, texts.someone())


async def _people_of(turn: Turn, group: Group, people: Iterable[int]) -> dict[str, int]:
    """Return who of these people has which account in a group's channel."""
    accounts = await groups.accounts_in(turn.transaction, group.channel, people)
    return {account.user: person_id for person_id, account in accounts.items()}


async def _note_joined(turn: Turn, group: Group, post: HeldPost | None, user: str, name: str) -> None:
    if post is None:
        text = texts.group_stranger_inside(title=group.title, who=name)
        key = f"group:{group.id}:stranger:{user}"
        await group_telling.tell_leader(turn.transaction, group, text, now=turn.now, dedupe_key=key)
        return
    known = await groups.get_member(turn.transaction, group.id, post.person_id)
    member = Member(
        group_id=group.id,
        person_id=post.person_id,
        user=user,
        unit_code=post.unit_code,
        role=post.role,
        state=JOINED,
        invite=known.invite if known else None,
    )
    await group_members.mark_in(turn.transaction, group, [member], now=turn.now)


async def take_left(turn: Turn, group: Group) -> None:
    """Note that somebody went, others with them; the leader hears of those who belong to the group."""
    member = await groups.get_member(turn.transaction, group.id, turn.person.id)
    if member is not None:
        await _note_left(turn, group, member, _name(turn))
    if turn.message.others:
        for other in await groups.members_of(turn.transaction, [group.id]):
            if other.user in turn.message.others and other.person_id != turn.person.id:
                who = await group_members.name_of(turn.transaction, turn.city, other, now=turn.now)
                await _note_left(turn, group, other, who)


async def _note_left(turn: Turn, group: Group, member: Member, who: str) -> None:
    if member.state in (LEFT, REMOVED):
        return
    if member.state != JOINED:
        state = REMOVED if member.state in (LEAVING, groups.STAYS) else member.state
        groups.save_member(turn.transaction, replace(member, state=state), now=turn.now)
        return
    groups.save_member(turn.transaction, replace(member, state=LEFT), now=turn.now)
    if member.person_id == group.created_by:
        return
    text = texts.group_member_left(title=group.title, who=who)
    await group_telling.tell_leader(turn.transaction, group, text, now=turn.now)
