"""What comes of what channels are asked to do with groups: told to `groups` once the delivery knows."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from handlers import group_assets, group_binding, group_members, group_telling, texts
from handlers.channel import (
    Acted,
    Address,
    CannotMakeGroup,
    ChannelError,
    GroupAct,
    GroupRights,
    NotSupported,
    OutboundMessage,
    RecipientUnreachable,
)
from routing.organisation import City
from storage import groups, units
from storage.database import Transaction
from storage.groups import Group, Member
from storage.messages import Notice


@dataclass(frozen=True, kw_only=True, slots=True)
class _Outcome:
    """An act on a group with what came of it."""

    transaction: Transaction
    city: City
    group: Group
    act: GroupAct
    asker: Address
    acted: Acted | None
    error: ChannelError | None
    now: datetime

    async def member(self) -> Member | None:
        """Return the member that the act was about."""
        if not self.act.note.isdecimal():
            return None
        return await groups.get_member(self.transaction, self.group.id, int(self.act.note))


async def done(
    transaction: Transaction, notice: Notice, acted: Acted | None, error: ChannelError | None, now: datetime
) -> None:
    """Note what came of an act: `acted`, or the error for which it will not be tried again."""
    act = OutboundMessage.from_dict(notice.message).act
    if act is None:
        return
    number, _, note = act.note.partition("|")
    group = await groups.get_group(transaction, int(number)) if number.isdecimal() else None
    city = await units.load_city(transaction, now=now)
    if group is None or city is None:
        return
    if isinstance(error, RecipientUnreachable) and notice.chat == group.chat:
        await group_binding.lost(transaction, group, now=now)
        await group_assets.take_lost(transaction, group, error, now=now)
    outcome = _Outcome(
        transaction=transaction,
        city=city,
        group=group,
        act=replace(act, note=note),
        asker=Address(notice.channel, notice.chat),
        acted=acted,
        error=error,
        now=now,
    )
    if handler := _HANDLERS.get(act.do):
        await handler(outcome)


async def not_reached(transaction: Transaction, notice: Notice, error: ChannelError, now: datetime) -> bool:
    """Note that an ordinary message could not be shown in a group; False when its chat is no group.

    RecipientUnreachable: the bot is out, the group is gone, or nothing may be written there.
    """
    group = await groups.group_of(transaction, notice.channel, notice.chat)
    if group is None:
        return False
    if isinstance(error, RecipientUnreachable):
        await group_binding.lost(transaction, group, now=now)
        await group_assets.take_lost(transaction, group, error, now=now)
    return True


async def _created(outcome: _Outcome) -> None:
    transaction, group, now = outcome.transaction, outcome.group, outcome.now
    if group.status != groups.ASKED:
        return
    if outcome.acted is not None and outcome.acted.value:
        await group_binding.created(transaction, outcome.city, group, outcome.acted.value, now)
        if made := await groups.get_group(transaction, group.id):
            group_assets.ask_about(transaction, made, now=now)
    elif isinstance(outcome.error, NotSupported):
        group_binding.give_link(transaction, group, asker=outcome.asker, now=now)
    else:
        groups.set_status(transaction, group.id, groups.CLOSED)
        _answer(outcome, OutboundMessage(text=_why_not_made(outcome)))


def _why_not_made(outcome: _Outcome) -> str:
    title, error = outcome.group.title, outcome.error
    match error.lacks if isinstance(error, CannotMakeGroup) else "":
        case "asset":
            return texts.group_needs_asset(title=title)
        case "admin":
            return texts.group_needs_admin(title=title)
        case "members":
            return texts.group_needs_members(title=title)
    return texts.group_not_made(title=title)


async def _linked(outcome: _Outcome) -> None:
    if outcome.acted is not None and outcome.acted.value:
        text = texts.group_link(title=outcome.group.title)
        message = OutboundMessage(
            text=text,
            links=((texts.label_group_link(), outcome.acted.value),),
            ask_group=texts.label_group_pick(),
            wish=group_binding.wish_for(outcome.group),
        )
        _answer(outcome, message)
        return
    groups.set_status(outcome.transaction, outcome.group.id, groups.CLOSED)
    supported = not isinstance(outcome.error, NotSupported)
    text = texts.group_not_made(title=outcome.group.title) if supported else texts.no_groups_here()
    _answer(outcome, OutboundMessage(text=text))


def _answer(outcome: _Outcome, message: OutboundMessage) -> None:
    asker = (outcome.asker.channel, outcome.asker.chat)
    group_telling.tell(outcome.transaction, asker, message, now=outcome.now, at_once=True)


async def _checked(outcome: _Outcome) -> None:
    rights = outcome.acted.rights if outcome.acted else None
    if isinstance(outcome.error, NotSupported):
        rights = GroupRights(member=True)  # where there are no rights, none is missing
    if rights is not None:
        await group_binding.take_rights(
            outcome.transaction, outcome.city, outcome.group, rights, now=outcome.now
        )


async def _invited(outcome: _Outcome) -> None:
    member = await outcome.member()
    if member is None or member.state != groups.INVITED:
        return
    transaction, group, now = outcome.transaction, outcome.group, outcome.now
    link = outcome.acted.value if outcome.acted else ""
    if outcome.acted is None and not isinstance(outcome.error, NotSupported):
        await _tell_once(outcome, texts.group_invitation_failed(title=group.title), f"invite:{now:%Y-%m-%d}")
        return
    if not link:  # the channel lets in whoever belongs to the group
        groups.save_member(transaction, replace(member, state=groups.JOINED), now=now)
        text = texts.group_joined(title=group.title)
        await group_telling.tell_person(transaction, group, member.person_id, text, now=now)
        return
    groups.save_member(transaction, replace(member, invite=link), now=now)
    links = ((texts.label_group_join(), link),)
    text = texts.group_invitation(title=group.title)
    await group_telling.tell_person(transaction, group, member.person_id, text, now=now, links=links)


async def _admitted(outcome: _Outcome) -> None:
    member = await outcome.member()
    if member is not None and outcome.error is None:
        await group_members.mark_in(outcome.transaction, outcome.group, [member], now=outcome.now)


async def _removed(outcome: _Outcome) -> None:
    member = await outcome.member()
    if member is None or member.state != groups.LEAVING:
        return
    state = groups.STAYS if outcome.error else groups.REMOVED
    groups.save_member(outcome.transaction, replace(member, state=state), now=outcome.now)
    if outcome.error:
        who = await group_members.name_of(outcome.transaction, outcome.city, member, now=outcome.now)
        text = texts.group_member_stays(title=outcome.group.title, who=who)
        await _tell_once(outcome, text, f"stays:{member.person_id}:{outcome.now:%Y-%m-%dT%H:%M}")


async def _topic_opened(outcome: _Outcome) -> None:
    topic = outcome.acted.value if outcome.acted else ""
    if topic:
        groups.topic_opened(outcome.transaction, outcome.group.id, outcome.act.note, topic)
    else:
        groups.drop_topic(outcome.transaction, outcome.group.id, outcome.act.note)


async def _listed(outcome: _Outcome) -> None:
    await group_assets.take_list(outcome.transaction, outcome.group, outcome.acted, outcome.now)


async def _counted(outcome: _Outcome) -> None:
    await group_assets.take_members(
        outcome.transaction, outcome.city, outcome.group, outcome.acted, outcome.now
    )


async def _tell_once(outcome: _Outcome, text: str, key: str) -> None:
    await group_telling.tell_leader(
        outcome.transaction,
        outcome.group,
        text,
        now=outcome.now,
        dedupe_key=f"group:{outcome.group.id}:{key}",
    )


_HANDLERS: Mapping[str, Callable[[_Outcome], Awaitable[None]]] = {
    "create": _created,
    "link": _linked,
    "check": _checked,
    "invite": _invited,
    "admit": _admitted,
    "remove": _removed,
    "open_topic": _topic_opened,
    "assets": _listed,
    "members": _counted,
}
