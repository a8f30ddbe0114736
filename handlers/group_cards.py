"""Cases as a group of officials sees them, and messages to a group in their right topic."""

import unicodedata
from dataclasses import replace
from datetime import datetime

from handlers import cards, texts
from handlers.channel import Button, GroupAct, OutboundMessage
from routing.home_address import find_handles, find_home_addresses
from routing.organisation import City
from routing.personal_data import mask
from routing.workflow import OPEN_STATUSES
from storage import groups, messages
from storage.cases import Case
from storage.database import Transaction
from storage.groups import Group

LONGEST_TEXT = 700
LONGEST_TOPIC = 100
AMONG_MESSAGES = frozenset({"open_topic", "close_topic", "dissolve"})
"""Acts that keep their place among the messages to a group; for any other somebody waits."""


def group_card(city: City, case: Case, *, now: datetime) -> OutboundMessage:
    """Return a case as a group may see it: nobody named, no reporter, no photos, no exact position."""
    waiting = case.status in OPEN_STATUSES
    text = texts.group_card(
        code=case.code,
        kind=case.kind,
        status=case.status,
        urgent=case.urgent,
        domain=cards.domain_name(city, case.domain),
        unit=cards.unit_name(city, case.unit_code),
        place=texts.place_name(street=masked(case.street or "") or None, ward=case.ward_name),
        text=texts.excerpt(masked(case.text), LONGEST_TEXT),
        due_at=case.due_at if waiting else None,
        overdue=waiting and case.paused_at is None and case.due_at is not None and now > case.due_at,
        people=case.people_count,
        answer="" if waiting else texts.excerpt(masked(case.answer or ""), LONGEST_TEXT),
    )
    return OutboundMessage(text=text, buttons=((open_button(case),),))


def open_button(case: Case) -> Button:
    """Return the button in a group by which somebody gets the whole case in their private chat."""
    return Button(label=texts.label_open_privately(), data=f"gopen:{case.code}")


def masked(text: str) -> str:
    """Return words as a group may read them: without names, numbers, accounts and homes of people."""
    nameless = cards.for_others(unicodedata.normalize("NFC", text))
    homeless = mask(nameless, find_home_addresses(nameless))
    return mask(homeless, find_handles(homeless))


async def post_to_group(
    transaction: Transaction,
    group: Group,
    message: OutboundMessage,
    *,
    case: Case | None = None,
    unit_code: str = "",
    title: str = "",
    now: datetime,
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
) -> None:
    """Send a message to a group; about a case or a unit in a topic of its own, opened when first needed.

    title: what a new topic is called, by default the case's code. While a group is lost its messages are
    kept, and sent once the bot is back.
    """
    key = _topic_key(group, case, unit_code)
    if key:
        await _open_topic(transaction, group, key, title or key.partition(":")[2], now)
        message = replace(message, topic=key)
    _post(transaction, group, message, case=case, now=now, dedupe_key=dedupe_key, not_before=not_before)


def _topic_key(group: Group, case: Case | None, unit_code: str) -> str:
    if not group.forum:
        return ""
    if case is not None:
        return "" if group.purpose == "case" else f"case:{case.code}"
    return f"unit:{unit_code}" if unit_code else ""


async def _open_topic(transaction: Transaction, group: Group, key: str, title: str, now: datetime) -> None:
    if await groups.has_topic(transaction, group.id, key):
        return
    groups.add_topic(transaction, group.id, key, title=title[:LONGEST_TOPIC], now=now)
    post_act(transaction, group, GroupAct(do="open_topic", title=title[:LONGEST_TOPIC], note=key), now=now)


def post_act(
    transaction: Transaction,
    group: Group,
    act: GroupAct,
    *,
    now: datetime,
    not_before: datetime | None = None,
) -> None:
    """Ask the channel to do something with a group; what came of it, `group_acts` learns."""
    told = OutboundMessage(text="", act=replace(act, note=f"{group.id}|{act.note}"))
    urgency = messages.TO_MANY if act.do in AMONG_MESSAGES else messages.ANSWER
    _post(transaction, group, told, now=now, not_before=not_before, urgency=urgency)


def _post(
    transaction: Transaction,
    group: Group,
    message: OutboundMessage,
    *,
    case: Case | None = None,
    now: datetime,
    dedupe_key: str | None = None,
    not_before: datetime | None = None,
    urgency: int = messages.TO_MANY,
) -> None:
    messages.post_notice(
        transaction,
        channel=group.channel,
        chat=group.chat,
        message=message.as_dict(),
        at=now,
        case_id=case.id if case else None,
        not_before=not_before,
        dedupe_key=dedupe_key,
        urgency=urgency,
    )


def topic_title(city: City, case: Case) -> str:
    """Return what the topic of a case is called."""
    unit = cards.unit_name(city, case.unit_code)
    return texts.topic_title(code=case.code, domain=cards.domain_name(city, case.domain), unit=unit)
