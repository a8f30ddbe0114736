"""What groups are told without anybody asking: what became of the case that they were made for."""

from datetime import datetime, timedelta

from handlers import cards, group_cards, group_members, group_scope, group_telling, texts
from handlers.channel import GroupAct, OutboundMessage
from routing import deadline
from routing.organisation import City
from routing.workflow import OPEN_STATUSES
from storage import cases, groups
from storage.cases import Case
from storage.database import Transaction
from storage.groups import Group

KEPT = timedelta(days=30)
"""So long a group stays after the case that it was made for is closed."""


async def follow(transaction: Transaction, city: City, now: datetime) -> int:
    """Bring members in line with the org tree, tell groups of their cases, close topics that are over."""
    done = await group_members.follow(transaction, city, now)
    done += await _tell_cases(transaction, city, now) + await _close_topics(transaction, now)
    return done + await _end_groups(transaction, now)


async def _end_groups(transaction: Transaction, now: datetime) -> int:
    """Give up the groups of cases that have been closed for long."""
    found = await groups.groups_of_cases_over(transaction, closed_before=now - KEPT)
    for group in found:
        text = texts.group_ended(title=group.title)
        await group_telling.tell_leader(transaction, group, text, now=now)
        groups.close_group(transaction, group.id)
    return len(found)


async def _tell_cases(transaction: Transaction, city: City, now: datetime) -> int:
    found = await groups.groups_to_tell(transaction)
    for group in found:
        groups.group_told(transaction, group.id, now=now)
        case = await cases.get_case_by_id(transaction, group.case_id) if group.case_id else None
        if case is not None and group_scope.shows(city, group, case):
            await _tell_case(transaction, city, group, case, now)
    return len(found)


async def _tell_case(transaction: Transaction, city: City, group: Group, case: Case, now: datetime) -> None:
    """Say that a case was answered, reopened or closed; at night in the morning."""
    text = texts.group_case_news(
        code=case.code,
        status=case.status,
        unit=cards.unit_name(city, case.unit_code),
        answer="" if case.status in OPEN_STATUSES else group_cards.masked(case.answer or ""),
    )
    quiet = deadline.in_quiet_hours(now) and not case.urgent
    await group_cards.post_to_group(
        transaction,
        group,
        OutboundMessage(text=text, buttons=((group_cards.open_button(case),),)),
        case=case,
        now=now,
        not_before=deadline.after_quiet_hours(now) if quiet else None,
    )


async def _close_topics(transaction: Transaction, now: datetime) -> int:
    found = await groups.topics_to_close(transaction)
    for topic in found:
        group = await groups.get_group(transaction, topic.group_id)
        groups.topic_closed(transaction, topic.group_id, topic.key, now=now)
        if group is not None and group.chat:
            act = GroupAct(do="close_topic", topic=topic.topic, note=topic.key)
            group_cards.post_act(transaction, group, act, now=now)
    return len(found)
