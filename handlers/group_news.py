"""What groups are told without anybody asking: what became of the case that they were made for."""

from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from handlers import cards, group_cards, group_members, group_scope, group_telling, texts
from handlers.channel import GroupAct, OutboundMessage
from routing import deadline
from routing.organisation import City
from routing.workflow import OPEN_STATUSES
from storage import cases, groups
from storage.cases import Case
from storage.database import Database, Transaction
from storage.faults import is_away
from storage.groups import Group, Topic

KEPT = timedelta(days=30)
"""So long a group stays after the case that it was made for is closed."""
log = structlog.get_logger()


class Piece(Protocol):
    """What is to be done for one group."""

    async def __call__(self, transaction: Transaction, city: City, *, now: datetime) -> int:
        """Do it; return how much that was."""
        ...


async def follow(transaction: Transaction, city: City, now: datetime) -> int:
    """Bring members in line with the org tree, tell groups of their cases, close topics that are over."""
    done = await group_members.forget_proposed(transaction, now)
    for piece in await _pieces(transaction, now):
        done += await piece(transaction, city, now=now)
    return done


async def follow_apart(database: Database, city: City, now: datetime) -> int:
    """Do the same for each group in a transaction of its own, so that one that fails holds up no other."""
    async with database.read() as transaction:
        pieces = await _pieces(transaction, now)
    return sum([await _done_apart(database, city, piece, now) for piece in pieces])


async def _done_apart(database: Database, city: City, piece: Piece, now: datetime) -> int:
    try:
        async with database.begin() as transaction:
            return await piece(transaction, city, now=now)
    except Exception as error:
        if is_away(error):
            raise
        name = getattr(getattr(piece, "func", piece), "__name__", "")
        log.error("A group could not be followed.", action="group_failed", piece=name, exc_info=error)
        return 0


async def _pieces(transaction: Transaction, now: datetime) -> list[Piece]:
    return [
        *(partial(group_members.follow, group=group) for group in await groups.open_groups(transaction)),
        *(partial(_tell, group=group) for group in await groups.groups_to_tell(transaction)),
        *(partial(_close_topic, topic=topic) for topic in await groups.topics_to_close(transaction)),
        *(
            partial(_end, group=group)
            for group in await groups.groups_of_cases_over(transaction, closed_before=now - KEPT)
        ),
    ]


async def _end(transaction: Transaction, city: City, *, group: Group, now: datetime) -> int:
    """Give up the group of a case that has been closed for long."""
    text = texts.group_ended(title=group.title)
    await group_telling.tell_leader(transaction, group, text, now=now)
    groups.close_group(transaction, group.id)
    return 1


async def _tell(transaction: Transaction, city: City, *, group: Group, now: datetime) -> int:
    groups.group_told(transaction, group.id, now=now)
    case = await cases.get_case_by_id(transaction, group.case_id) if group.case_id else None
    if case is not None and group_scope.shows(city, group, case):
        await _tell_case(transaction, city, group, case, now)
    return 1


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


async def _close_topic(transaction: Transaction, city: City, *, topic: Topic, now: datetime) -> int:
    group = await groups.get_group(transaction, topic.group_id)
    groups.topic_closed(transaction, topic.group_id, topic.key, now=now)
    if group is not None and group.chat:
        act = GroupAct(do="close_topic", topic=topic.topic, note=topic.key)
        group_cards.post_act(transaction, group, act, now=now)
    return 1
