"""Who belongs to a group: its units' chairs and those above them, as the org tree says at the moment."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from handlers import cards, group_cards, group_scope, group_telling, texts
from handlers.channel import GroupAct
from routing.organisation import City
from storage import cases, groups, parts, people
from storage.cases import Case
from storage.database import Transaction
from storage.groups import INVITED, JOINED, LEAVING, LEFT, REMOVED, STAYS, WANTED, Account, Group, Member
from storage.people import HeldPost

PROPOSAL_KEPT = timedelta(days=1)
LONGEST_LINK_NAME = 32


async def wanted(transaction: Transaction, city: City, group: Group, *, now: datetime) -> dict[int, HeldPost]:
    """Return who belongs to a group now, each with the post for which: chairs, deputies too, and leaders.

    Whoever had it made belongs to it as long as they lead, or chair a unit in it or above it.
    """
    units = {*group_scope.standing(city, group.units), *group_scope.standing(city, [group.unit_code])}
    held = await people.held_posts(transaction, now=now, units=units)
    own = await people.posts_of(transaction, group.created_by, now=now)
    held += [post for post in own if group_scope.counts(city, group, post)]
    found: dict[int, HeldPost] = {}
    for post in held:
        if post.role in group_scope.ROLES:
            found.setdefault(post.person_id, post)
    return found


async def forget_proposed(transaction: Transaction, now: datetime) -> int:
    """Drop the groups that were shown and never made; return how many."""
    return await groups.forget_proposed(transaction, before=now - PROPOSAL_KEPT)


async def follow(transaction: Transaction, city: City, *, group: Group, now: datetime) -> int:
    """Bring a group in line with the org tree; return how much there was to do."""
    done = await _rescope(transaction, city, group, now)
    if group.status == groups.ACTIVE and group.bound_at is not None:
        done += await bring_in_line(transaction, city, group, now=now)
    return done


async def _rescope(transaction: Transaction, city: City, group: Group, now: datetime) -> int:
    """Let the units that took over stand in the place of those that are gone, or have the case no more."""
    case = await cases.get_case_by_id(transaction, group.case_id) if group.case_id else None
    present = await units_of_case(transaction, case) if case is not None else group.units
    units = group_scope.standing(city, present) or group.units
    above = (*group_scope.standing(city, [group.unit_code]), group.unit_code)[0]
    if (units, above) == (group.units, group.unit_code):
        return 0
    groups.set_scope(transaction, group.id, unit_code=above, units=units)
    text = texts.group_scope_changed(title=group.title, units=unit_names(city, units))
    await group_telling.tell_leader(transaction, group, text, now=now)
    return 1


async def units_of_case(transaction: Transaction, case: Case) -> tuple[str, ...]:
    """Return the unit that has a case and those that support it."""
    supporting = [part.unit_code for part in await parts.parts_of(transaction, case.id)]
    return tuple(dict.fromkeys(code for code in (case.unit_code, *supporting) if code))


async def bring_in_line(
    transaction: Transaction, city: City, group: Group, *, now: datetime, at_once: bool = False
) -> int:
    """Invite who belongs to a group and take out who does not; return to how many something was done."""
    belong = await wanted(transaction, city, group, now=now)
    members = {member.person_id: member for member in await groups.members_of(transaction, [group.id])}
    accounts = await groups.accounts_in(transaction, group.channel, belong)
    done = 0
    for person_id, post in belong.items():
        account, member = accounts.get(person_id), members.get(person_id)
        done += _take_in(transaction, group, post, account, member, now=now)
    for person_id, member in members.items():
        if person_id not in belong:
            done += take_out(transaction, group, member, now=now)
    return done


def _take_in(
    transaction: Transaction,
    group: Group,
    post: HeldPost,
    account: Account | None,
    member: Member | None,
    *,
    now: datetime,
) -> int:
    """Invite somebody who belongs to a group, where that is to be done; return 1 then."""
    known = member or _new_member(group, post, account)
    present = replace(
        known, unit_code=post.unit_code, role=post.role, user=account.user if account else known.user
    )
    if present.state in (STAYS, LEAVING):
        present = replace(present, state=JOINED)
    elif present.state == REMOVED:
        present = replace(present, state=WANTED, invite=None)
    if present.state == WANTED and account is not None:
        present = replace(present, state=INVITED)
        _ask_invitation(transaction, group, present, post.name, now)
    if present == member:
        return 0
    groups.save_member(transaction, present, now=now)
    return 1


def _new_member(group: Group, post: HeldPost, account: Account | None) -> Member:
    return Member(
        group_id=group.id,
        person_id=post.person_id,
        user=account.user if account else "",
        unit_code=post.unit_code,
        role=post.role,
        state=WANTED,
        invite=None,
    )


def _ask_invitation(transaction: Transaction, group: Group, member: Member, name: str, now: datetime) -> None:
    act = GroupAct(
        do="invite", title=name[:LONGEST_LINK_NAME], member=member.user, note=str(member.person_id)
    )
    group_cards.post_act(transaction, group, act, now=now)


def take_out(transaction: Transaction, group: Group, member: Member, *, now: datetime) -> int:
    """Take somebody out who no longer belongs to a group; return whether there was anything to do."""
    if member.state in (LEAVING, REMOVED, STAYS, LEFT):
        return 0
    note = str(member.person_id)
    if member.invite:
        group_cards.post_act(
            transaction, group, GroupAct(do="revoke", link=member.invite, note=note), now=now
        )
    if member.state == JOINED:
        act = GroupAct(do="remove", member=member.user, note=note)
        group_cards.post_act(transaction, group, act, now=now)
    state = LEAVING if member.state == JOINED else REMOVED
    groups.save_member(transaction, replace(member, state=state, invite=None), now=now)
    return 1


async def mark_in(
    transaction: Transaction, group: Group, members: Iterable[Member], *, now: datetime
) -> None:
    """Note that somebody came in; the link that was theirs is taken back, so that nobody tries it."""
    for member in members:
        if member.invite:
            act = GroupAct(do="revoke", link=member.invite, note=str(member.person_id))
            group_cards.post_act(transaction, group, act, now=now)
        groups.save_member(transaction, replace(member, state=JOINED, invite=None), now=now)


async def make_members(
    transaction: Transaction,
    city: City,
    group: Group,
    *,
    joined: Collection[int] | None,
    now: datetime,
) -> list[Member]:
    """Store who belongs to a new group; those in `joined` are in it, with None all who have an account."""
    belong = await wanted(transaction, city, group, now=now)
    accounts = await groups.accounts_in(transaction, group.channel, belong)
    members = []
    for person_id, post in belong.items():
        member = _new_member(group, post, accounts.get(person_id))
        if person_id in accounts if joined is None else person_id in joined:
            member = replace(member, state=JOINED)
        groups.save_member(transaction, member, now=now)
        members.append(member)
    return members


async def without_account(
    transaction: Transaction, city: City, group: Group, *, now: datetime
) -> tuple[list[str], list[str]]:
    """Return who would be in a group, and which units have nobody with an account on its channel."""
    belong = await wanted(transaction, city, group, now=now)
    accounts = await groups.accounts_in(transaction, group.channel, belong)
    there = [post for person_id, post in belong.items() if person_id in accounts]
    reached = {post.unit_code for post in there}
    missing = [code for code in group_scope.standing(city, group.units) if code not in reached]
    absent = {post.unit_code for person_id, post in belong.items() if person_id not in accounts}
    missing += sorted(absent - {*missing, *group.units})
    return [who(city, post.unit_code, post.name) for post in there], unit_names(city, missing)


def who(city: City, unit_code: str, name: str) -> str:
    """Return somebody by unit and name, each once."""
    unit = cards.unit_name(city, unit_code)
    return unit if not name or unit in name else texts.official_of(unit=unit, name=name)


def unit_names(city: City, codes: Sequence[str]) -> list[str]:
    """Return what units are called."""
    return [cards.unit_name(city, code) for code in codes]


async def name_of(transaction: Transaction, city: City, member: Member, *, now: datetime) -> str:
    """Return who a member is: by unit and name."""
    person = await people.get_person(transaction, member.person_id, now=now)
    return who(city, member.unit_code, person.name if person else "")
