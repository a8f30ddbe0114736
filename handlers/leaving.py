"""Leaving a post: access ends in this very transaction, and the work goes on to somebody else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from handlers import access, cards, menus, notices, progress, telling, texts, writing
from handlers.channel import Button, OutboundMessage
from handlers.notices import Rows
from handlers.progress import SYSTEM, Actor
from routing import deadline
from routing.organisation import City
from storage import caseloads, cases, chats, messages, people
from storage.chats import Chat, ChatKey
from storage.database import Transaction
from storage.people import HeldPost, Official, Person

EVENT = "officer_left"
"""The event of a case whose officer left; data: "was", and "officer" with "name" where somebody follows."""
LAPSED = "lapsed"
_BATCH = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Left:
    """What leaving a post led to: the posts that ended with it, and how many cases were handed on."""

    posts: tuple[HeldPost, ...]
    cases: int


async def leave(
    transaction: Transaction,
    city: City,
    post: HeldPost,
    *,
    actor: Actor,
    now: datetime,
    successor: HeldPost | None = None,
    reason: str = "ended",
) -> Left:
    """End a post and those held in its place, and hand on what its holder had in hand there.

    Open cases go to the successor, else back to the unit's list; what the holder was writing about cases
    that they no longer see is dropped. Whoever must know is told: the holder, the successor or the unit's
    chairs, and dispatchers and those above where nobody is left. What the holder asked of citizens stays.
    Does nothing where somebody else has ended the post meanwhile.
    """
    # First the chats: a turn of the holder that runs now ends before, a later one finds the post gone.
    held_chats = await chats.lock_chats_of(transaction, post.person_id)
    if not await people.end_post(transaction, post.id, at=now, reason=reason):
        return Left(posts=(), cases=0)
    ended = [post]
    for deputy in await people.deputies_of(transaction, post.id, now=now):
        below = await leave(transaction, city, deputy, actor=actor, now=now, reason="deputy")
        ended += below.posts
    person = await people.get_person(transaction, post.person_id, now=now)
    count = 0
    if post.works and person is not None and post.unit_code not in access.units_for_work(person):
        count = await _hand_on(transaction, post, successor, actor=actor, now=now)
    if person is not None:
        await _drop_writing(transaction, city, person, held_chats, now)
        await _drop_reminders(transaction, city, person, held_chats)
        await _tell_holder(transaction, city, post, person, actor=actor, now=now)
    await _tell_unit(transaction, city, post, successor, count=count, now=now)
    return Left(posts=tuple(ended), cases=count)


async def _hand_on(
    transaction: Transaction, post: HeldPost, successor: HeldPost | None, *, actor: Actor, now: datetime
) -> int:
    in_hand = await caseloads.lock_cases_of_officer(transaction, post.person_id, post.unit_code)
    data: dict[str, object] = {"was": post.person_id, "post": post.id}
    if successor is not None:
        data |= {"officer": successor.person_id, "name": successor.name}
    for case in in_hand:
        case.officer_id = successor.person_id if successor else None
        progress.record(transaction, case, EVENT, actor=actor, now=now, data=data)
        cases.save_case(transaction, case)
    return len(in_hand)


async def _drop_writing(
    transaction: Transaction, city: City, person: Person, held_chats: list[Chat], now: datetime
) -> None:
    """Drop what is being written about a case that its writer no longer sees, and say so."""
    for chat in held_chats:
        code = (chat.draft.get("work") or {}).get("code", "") if chat.step.startswith(writing.PREFIX) else ""
        case = await cases.get_case(transaction, code) if code else None
        if case is None or access.post_for(person, city, "see", case) is not None:
            continue
        await chats.drop_draft(transaction, chat)
        text = texts.draft_dropped_on_leaving(code=code)
        tell(transaction, (chat.channel, chat.chat), text, now=now)


async def _drop_reminders(
    transaction: Transaction, city: City, person: Person, held_chats: list[Chat]
) -> None:
    """Drop what the chats were still to be reminded of, as far as the case is no longer seen there."""
    for chat in held_chats:
        for case in await caseloads.cases_to_remind_of(transaction, (chat.channel, chat.chat)):
            if access.post_for(person, city, "see", case) is None:
                caseloads.drop_reminders(transaction, (chat.channel, chat.chat), case.id)


# ── who is told ──────────────────────────────────────────────────────────────────────────────────


async def _tell_holder(
    transaction: Transaction, city: City, post: HeldPost, person: Person, *, actor: Actor, now: datetime
) -> None:
    """Tell somebody that their post has ended; `person` holds what is left to them."""
    if actor.person_id == post.person_id:
        return
    text = texts.your_post_ended(
        role=post.role, unit=cards.unit_name(city, post.unit_code), still=bool(person.posts), at=now
    )
    address = (await chats.addresses_of(transaction, [post.person_id])).get(post.person_id)
    if address is not None:
        tell(transaction, address, text, now=now, menu=menus.menu_of(person))


def tell(
    transaction: Transaction,
    address: ChatKey,
    text: str,
    *,
    now: datetime,
    menu: Sequence[tuple[str, str]] = (),
) -> None:
    """Tell somebody something, not at night; `menu` is what their chat offers from now on."""
    messages.post_notice(
        transaction,
        channel=address[0],
        chat=address[1],
        message=OutboundMessage(text=text, menu=tuple(menu)).as_dict(),
        at=now,
        not_before=_awake(now),
    )


async def _tell_unit(
    transaction: Transaction,
    city: City,
    post: HeldPost,
    successor: HeldPost | None,
    *,
    count: int,
    now: datetime,
) -> None:
    if not post.works:
        return
    unit = cards.unit_name(city, post.unit_code)
    there = await people.officials_of(transaction, post.unit_code, now=now)
    own = post.role == "chair" and post.deputy_for is None
    if own and there and not any(each.role == "chair" for each in there):
        told = await _those_above(transaction, city, post.unit_code, now)
        _post(transaction, told, texts.unit_left_leaderless(unit=unit), now)
    if not there:
        await tell_of_empty_unit(transaction, city, post.unit_code, now=now)
    elif successor is not None and count:
        told = [each for each in there if each.person_id == successor.person_id]
        text = texts.work_taken_over(name=post.name, unit=unit, cases=count)
        _post(transaction, told, text, now, buttons=_work_button())
    elif count:
        chairs = [each for each in there if each.role == "chair"]
        text = texts.work_given_back(name=post.name, unit=unit, cases=count)
        _post(transaction, chairs or there, text, now, buttons=_work_button())


async def tell_of_empty_unit(
    transaction: Transaction, city: City, unit_code: str, *, now: datetime, dedupe_key: str | None = None
) -> None:
    """Nobody is left who could receive: dispatchers, the chair above and the leaders hear of it."""
    waiting = await cases.count_open_cases_of_units(transaction, [unit_code])
    text = texts.unit_left_empty(unit=cards.unit_name(city, unit_code), cases=waiting)
    above = await _those_above(transaction, city, unit_code, now)
    told = [*await people.officials_by_role(transaction, "dispatcher", now=now), *above]
    _post(transaction, told, text, now, dedupe_key=dedupe_key)
    if not told:
        await notices.tell_operators(transaction, text, now=now, dedupe_key=dedupe_key)


async def _those_above(transaction: Transaction, city: City, unit_code: str, now: datetime) -> list[Official]:
    """Return the chairs of the nearest unit above that has one, else the leaders."""
    above = await telling.chairs_above(transaction, city, unit_code, now) if unit_code in city.units else []
    return above or await people.officials_by_role(transaction, "leader", now=now)


def _post(
    transaction: Transaction,
    told: list[Official],
    text: str,
    now: datetime,
    *,
    buttons: Rows = (),
    dedupe_key: str | None = None,
) -> None:
    message = notices.message_of(text, buttons=buttons)
    notices.post_to(transaction, told, message, now=now, not_before=_awake(now), dedupe_key=dedupe_key)


def _work_button() -> list[list[Button]]:
    return [[Button(label=texts.label_open_work(), data="work:0")]]


def _awake(now: datetime) -> datetime | None:
    return deadline.after_quiet_hours(now) if deadline.in_quiet_hours(now) else None


# ── posts whose time runs out ────────────────────────────────────────────────────────────────────


async def end_lapsed(transaction: Transaction, city: City, now: datetime) -> int:
    """Hand on the work of some posts whose time has run out; return how many, 0 when none is left.

    Access had ended at their very moment already: this only carries the work on, once.
    """
    found = await people.lapsed_posts(transaction, now=now, limit=_BATCH)
    for post in found:
        await leave(transaction, city, post, actor=SYSTEM, now=now, reason=LAPSED)
    return len(found)
