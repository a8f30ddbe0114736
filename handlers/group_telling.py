"""Telling whoever is answerable for a group, and those who belong to it, in their private chats."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from handlers import group_scope, notices
from handlers.channel import OutboundMessage
from handlers.notices import Rows
from routing import deadline
from routing.organisation import City
from storage import chats, groups, messages, people, units
from storage.chats import ChatKey
from storage.database import Transaction
from storage.groups import Group


async def tell_leader(
    transaction: Transaction,
    group: Group,
    text: str,
    *,
    now: datetime,
    buttons: Rows = (),
    dedupe_key: str | None = None,
    at_once: bool = False,
) -> None:
    """Tell whoever had a group made; where they lead no more, the leaders and chairs of the unit above it.

    Not at night, unless it answers what somebody just did (`at_once`).
    """
    message = notices.message_of(text, buttons=buttons)
    city = await units.load_city(transaction, now=now)
    answerable = await answerable_for(transaction, city, group, now=now) if city else []
    addresses = await chats.addresses_of(transaction, answerable)
    for person_id, address in addresses.items():
        key = f"{dedupe_key}:{person_id}" if dedupe_key else None
        tell(transaction, address, message, now=now, dedupe_key=key, at_once=at_once)


async def answerable_for(transaction: Transaction, city: City, group: Group, *, now: datetime) -> list[int]:
    """Return who decides about a group: its maker while it is theirs, else who lead the unit above it."""
    held = await people.posts_of(transaction, group.created_by, now=now)
    if group_scope.answers_for(city, group, held):
        return [group.created_by]
    above = await people.held_posts(transaction, now=now, units=[group.unit_code])
    return sorted({post.person_id for post in above if post.role in group_scope.ROLES})


async def tell_person(
    transaction: Transaction,
    group: Group,
    person_id: int,
    text: str,
    *,
    now: datetime,
    links: Sequence[tuple[str, str]] = (),
    at_once: bool = False,
) -> None:
    """Tell somebody something of a group in the private chat that they have in the group's own channel."""
    known = (await groups.accounts_in(transaction, group.channel, [person_id])).get(person_id)
    if known is not None and known.chat is not None:
        message = replace(notices.message_of(text), links=tuple(links))
        tell(transaction, (group.channel, known.chat), message, now=now, at_once=at_once)


def tell(
    transaction: Transaction,
    address: ChatKey,
    message: OutboundMessage,
    *,
    now: datetime,
    dedupe_key: str | None = None,
    at_once: bool = False,
) -> None:
    """Send a message to a private chat; not at night, unless at once."""
    quiet = not at_once and deadline.in_quiet_hours(now)
    messages.post_notice(
        transaction,
        channel=address[0],
        chat=address[1],
        message=message.as_dict(),
        at=now,
        dedupe_key=dedupe_key,
        not_before=deadline.after_quiet_hours(now) if quiet else None,
        urgency=messages.ANSWER if at_once else messages.NEWS,
    )
