"""What groups are made of, where a channel sells that: asked daily, and told of before a group is lost."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from handlers import group_binding, group_cards, group_members, group_telling, notices, texts
from handlers.channel import Acted, ChannelError, GroupAct, OutboundMessage, RecipientUnreachable
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from storage import group_assets, groups, messages
from storage.database import Transaction
from storage.group_assets import Asset
from storage.groups import JOINED, WANTED, Group

ASKED_EVERY = timedelta(hours=20)
"""Less than a day, so that the question does not wander through the hours."""
WARNED_BEFORE = (1, 7, 30)
"""Days before the end of an asset that does not renew itself, nearest first."""
DISSOLVED_AFTER = timedelta(days=45)
"""How long after its asset has ended a group is dissolved for good (the vendor's rule)."""
WARNED_BEFORE_DISSOLVED = (1, 7)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """What is to be told of an asset: how many days are left until it ends or, once over, is dissolved."""

    over: bool
    days: int
    at: datetime


async def watch(transaction: Transaction, city: City, now: datetime) -> int:
    """Ask each channel daily what its groups are made of, and warn of what ends; one call does it all."""
    waiting = await group_assets.channels_to_ask(transaction, before=now - ASKED_EVERY)
    for channel, chat in waiting:
        group = await groups.group_of(transaction, channel, chat)
        if group is not None:
            ask(transaction, group, now=now)
    for asset, group_id in await group_assets.in_use(transaction):
        warning = warning_for(asset, now)
        group = await groups.get_group(transaction, group_id)
        if warning is not None and group is not None:
            await _warn(transaction, group, asset, warning, now=now)
    await messages.announce(transaction, "outbox")
    return 0


def ask(transaction: Transaction, group: Group, *, now: datetime) -> None:
    """Ask a group's channel for everything that its groups are made of; once an hour at most."""
    act = GroupAct(do="assets", note=f"{group.id}|")
    messages.post_notice(
        transaction,
        channel=group.channel,
        chat=group.chat,
        message=OutboundMessage(text="", act=act).as_dict(),
        at=now,
        dedupe_key=f"assets:{group.channel}:{now:%Y-%m-%dT%H}",
    )


def ask_about(transaction: Transaction, group: Group, *, now: datetime) -> None:
    """Ask who is in a group that the channel made, and what it is made of."""
    group_cards.post_act(transaction, group, GroupAct(do="members"), now=now)
    ask(transaction, group, now=now)


def warning_for(asset: Asset, now: datetime) -> Due | None:
    """Return what is to be told of an asset now; None where nothing is near, or it renews itself."""
    if asset.valid_until is None or asset.renews:
        return None
    gone_at = asset.valid_until + DISSOLVED_AFTER
    over = now >= asset.valid_until
    end, steps = (gone_at, WARNED_BEFORE_DISSOLVED) if over else (asset.valid_until, WARNED_BEFORE)
    left = end - now
    if left < timedelta():
        return None
    near = next((days for days in steps if left <= timedelta(days=days)), DISSOLVED_AFTER.days if over else 0)
    return Due(over=over, days=near, at=end) if near else None


async def _warn(transaction: Transaction, group: Group, asset: Asset, warning: Due, *, now: datetime) -> None:
    text = (
        texts.group_asset_over(title=group.title, day=_day(warning.at))
        if warning.over
        else texts.group_asset_ends(title=group.title, day=_day(warning.at))
    )
    key = f"asset:{group.id}:{warning.at:%Y-%m-%d}:{warning.over:d}:{warning.days}"
    await group_telling.tell_leader(transaction, group, text, now=now, dedupe_key=key)
    operators = texts.group_asset_to_renew(
        title=group.title, asset=asset.asset, kind=asset.kind, day=_day(warning.at), over=warning.over
    )
    await _tell_operators(transaction, operators, key, now)


def _day(at: datetime) -> datetime:
    """Return a moment of the last day before a time."""
    return (at - timedelta(microseconds=1)).astimezone(LOCAL_TIME)


async def _tell_operators(transaction: Transaction, text: str, key: str, now: datetime) -> None:
    quiet = deadline.in_quiet_hours(now)
    await notices.tell_operators(
        transaction,
        text,
        now=now,
        dedupe_key=key,
        not_before=deadline.after_quiet_hours(now) if quiet else None,
    )


async def take_lost(transaction: Transaction, group: Group, error: ChannelError, *, now: datetime) -> None:
    """Tell operators of a group that cannot be written to, where what it is made of may be why."""
    if not isinstance(error, RecipientUnreachable):
        return
    asset = await group_assets.of_chat(transaction, group.channel, group.chat)
    if asset is None:
        return
    text = texts.group_asset_lost(title=group.title, asset=asset.asset, kind=asset.kind)
    await _tell_operators(transaction, text, f"asset-lost:{group.id}:{now:%Y-%m-%d}", now)


async def take_list(transaction: Transaction, group: Group, acted: Acted | None, now: datetime) -> None:
    """Keep what a channel lists; look again at lost groups whose asset is good again."""
    if acted is None:
        return
    found = [
        Asset(
            channel=group.channel,
            asset=asset.id,
            kind=asset.kind,
            valid_until=asset.valid_until,
            renews=asset.renews,
            chat=asset.chat,
            listed_at=now,
        )
        for asset in acted.assets
    ]
    await group_assets.keep(transaction, group.channel, found)
    good = {asset.chat for asset in found if asset.renews or (asset.valid_until and asset.valid_until > now)}
    for each in await groups.open_groups(transaction):
        if each.channel == group.channel and each.status == groups.LOST and each.chat in good:
            group_binding.check(transaction, each, now=now)


async def take_members(
    transaction: Transaction, city: City, group: Group, acted: Acted | None, now: datetime
) -> None:
    """Tell those who are in a new group, and invite those who are not: some could not be taken in at first.

    Where the channel does not say who is in it (`acted` is None), everybody is.
    """
    if group.status != groups.ACTIVE:
        return
    inside = acted.value.split() if acted else None
    members = [
        member
        for member in await groups.members_of(transaction, [group.id])
        if member.state == JOINED and member.person_id != group.created_by
    ]
    absent = [member for member in members if inside and member.user not in inside]
    for member in members:
        if member in absent:
            groups.save_member(transaction, replace(member, state=WANTED), now=now)
        else:
            text = texts.group_joined(title=group.title)
            await group_telling.tell_person(transaction, group, member.person_id, text, now=now)
    if absent:
        await group_members.bring_in_line(transaction, city, group, now=now)
