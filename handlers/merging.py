"""Several reports of one incident: joined by their writers, merged and un-merged by officials.

A merged case keeps its own text, photos, consent and history; it points to its master, the case that is
handled. The older case is always the master and the earlier deadline holds, so that merging never makes
anybody's promise later. `docs/decisions/0007-merged-cases.md` says why.
"""

from collections.abc import Sequence
from datetime import datetime

from handlers import access, cards, changes, progress, texts
from handlers.channel import Button
from handlers.progress import SYSTEM, Actor
from handlers.turn import Turn
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City
from routing.similarity import COMPARED_KINDS
from routing.workflow import OPEN_STATUSES, Action, Status
from storage import cases, duplicates
from storage.cases import Case
from storage.database import Transaction


class CannotMerge(Exception):
    """Two cases cannot become one; the message is what a person is told."""


# ── joining ──────────────────────────────────────────────────────────────────────────────────────


async def open_master(transaction: Transaction, code: str) -> Case | None:
    """Return the open case of this code, or the one that it was merged into; locked. None when finished."""
    known = await cases.get_case(transaction, code)
    if known is None:
        return None
    case, master = await duplicates.lock_with_master(transaction, known)
    handled = master or case
    return handled if handled.status in OPEN_STATUSES else None


async def join(turn: Turn, case: Case, master: Case, *, photos: Sequence[str] = ()) -> None:
    """Store a new case as one of those that its master stands for; the unit hears of it once a day."""
    await progress.file(turn, case, photos=photos, into=master)
    await _count(turn.transaction, master, case, "joined", actor=progress.citizen(case), now=turn.now)
    if master.unit_code is not None:
        await _tell_unit(turn, master)


async def _count(
    transaction: Transaction, master: Case, case: Case, type: str, *, actor: Actor, now: datetime
) -> None:
    """Count the people of a master anew, write down who came or went, and save it."""
    master.people_count = await duplicates.count_people(transaction, master)
    data = {"case": case.code, "people": master.people_count}
    progress.record(transaction, master, type, actor=actor, now=now, data=data)
    cases.save_case(transaction, master)


async def _tell_unit(turn: Turn, master: Case) -> None:
    await progress.tell_unit(
        turn.transaction,
        turn.city,
        master,
        texts.joined_note(code=master.code, people=master.people_count),
        now=turn.now,
        buttons=people_buttons(master),
        dedupe_key=f"joined:{master.id}:{turn.now.astimezone(LOCAL_TIME):%Y-%m-%d}",
    )


def people_buttons(master: Case) -> list[list[Button]]:
    """Return the button that shows what those who joined have written."""
    label = texts.label_people(people=master.people_count)
    return [[Button(label=label, data=f"joined:{master.code}")]]


# ── merging ──────────────────────────────────────────────────────────────────────────────────────


def in_order(one: Case, other: Case) -> tuple[Case, Case]:
    """Return the case that is merged away and the one that stays: whatever was received first."""
    older = (one.received_at, one.id) < (other.received_at, other.id)
    return (other, one) if older else (one, other)


def check(city: City, case: Case, master: Case) -> None:
    """Raise CannotMerge, with the sentence that says why, where this case must stay one of its own."""
    if case.id == master.id:
        raise CannotMerge(texts.merge_itself())
    for each in (case, master):
        if each.status not in OPEN_STATUSES:
            raise CannotMerge(texts.merge_finished(code=each.code))
        if access.is_restricted(city, each) or each.kind not in COMPARED_KINDS:
            raise CannotMerge(texts.merge_restricted(code=each.code))
    if case.reopened_count:
        raise CannotMerge(texts.merge_answered_before(code=case.code))


async def lock_both(transaction: Transaction, one: Case, other: Case) -> tuple[Case, Case]:
    """Return two cases as they are now, kept from others with all that was merged into them.

    The two are locked first: nobody can join them any more when what was merged into them is read. Either
    may turn out to be merged itself by now.
    """
    locked = await duplicates.lock_in_order(transaction, {one.id, other.id})
    await duplicates.lock_merged(transaction, locked)
    return locked[one.id], locked[other.id]


async def merge(
    transaction: Transaction, city: City, case: Case, master: Case, *, actor: Actor, now: datetime
) -> list[Case]:
    """Merge a case with all its followers into its master; all locked, checked and in order.

    Returns the cases whose reporters have a new master. Raises NotAllowed when the table of moves says so.
    """
    moved = await duplicates.merged_into(transaction, [case.id])
    case.master_id, case.people_count = master.id, 1
    await progress.move(
        transaction, city, case, Action.MERGE, actor=actor, now=now, data={"master": master.code}
    )
    await _keep_promise(transaction, city, master, case, now=now)
    for each in moved:
        each.master_id = master.id
        data = {"from": each.status, "to": each.status, "master": master.code}
        progress.record(transaction, each, "merged", actor=actor, now=now, data=data)
        cases.save_case(transaction, each)
    await _count(transaction, master, case, "joined", actor=actor, now=now)
    return [case, *moved]


async def _keep_promise(
    transaction: Transaction, city: City, master: Case, case: Case, *, now: datetime
) -> None:
    """Let the earlier deadline and the greater haste hold for all; what was reminded of before is no more.

    A master that waits for its reporter goes on: otherwise the pause would also move the other's deadline,
    and nobody would be reminded of it.
    """
    if master.status == Status.WAITING_FOR_CITIZEN:
        data = {"merged": case.code}
        await progress.move(transaction, city, master, Action.STOP_WAITING, actor=SYSTEM, now=now, data=data)
    master.urgent = master.urgent or case.urgent
    if case.due_at is not None and (master.due_at is None or case.due_at < master.due_at):
        changes.hold_to(master, city, case.due_at)


# ── un-merging ───────────────────────────────────────────────────────────────────────────────────


async def unmerge(
    transaction: Transaction,
    city: City,
    case: Case,
    master: Case,
    *,
    actor: Actor,
    now: datetime,
    from_now: bool = False,
) -> None:
    """Make a merged case one of its own again: back to the unit that it had, or to the dispatchers.

    It is due as it was before, else as counted from its own receipt, or `from_now` where its own reporter
    had joined it to the master and changes their mind. Both are locked.
    """
    await _take_out(transaction, city, case, master, actor=actor, now=now, from_now=from_now)
    await _count(transaction, master, case, "left", actor=actor, now=now)


async def unmerge_all(
    transaction: Transaction, city: City, master: Case, *, actor: Actor, now: datetime
) -> None:
    """Make every case that was merged into this one a case of its own again, and tell everybody concerned.

    For a master that must stay among few people from now on; it is locked.
    """
    await duplicates.lock_merged(transaction, [master.id])
    followers = await duplicates.merged_into(transaction, [master.id])
    for case in followers:
        await _take_out(transaction, city, case, master, actor=actor, now=now)
    master.people_count = 1
    for case in followers:
        data = {"case": case.code, "people": 1}
        progress.record(transaction, master, "left", actor=actor, now=now, data=data)
    cases.save_case(transaction, master)
    for case in followers:
        await tell_unmerged(transaction, city, case, master, now=now, tell_master=False)


async def _take_out(
    transaction: Transaction,
    city: City,
    case: Case,
    master: Case,
    *,
    actor: Actor,
    now: datetime,
    from_now: bool = False,
) -> None:
    unit = _unit_of_its_own(city, case)
    reason = case.triage_reason or texts.unmerged_reason(master=master.code)
    case.master_id = None
    data = {"master": master.code, "reason": reason}
    if from_now and case.due_at is None:
        rule = city.deadline_rule(case.domain)
        promised = deadline.deadlines(city, rule, received_at=now, urgent=case.urgent)
        changes.hold_to(case, city, promised.due_at)
    await progress.move(transaction, city, case, Action.UNMERGE, actor=actor, now=now, data=data)
    if unit is not None:
        await progress.move(
            transaction,
            city,
            case,
            Action.ASSIGN,
            actor=SYSTEM,
            now=now,
            data={"unit": unit, "reason": "unmerged"},
        )


def _unit_of_its_own(city: City, case: Case) -> str | None:
    """Return the unit that a case had, else the one that the rules name, unless a person must look first."""
    if case.unit_code is not None and access.may_receive(city, case.unit_code, case):
        return case.unit_code
    if case.triage_reason is not None:
        return None
    found = progress.responsible(city, case).unit
    return found.code if found else None


async def tell_unmerged(
    transaction: Transaction, city: City, case: Case, master: Case, *, now: datetime, tell_master: bool = True
) -> None:
    """Tell both reporters, and show the case to those who must act on it now."""
    unit = cards.unit_name(city, case.unit_code)
    news = texts.unmerged_news(code=case.code, master=master.code, unit=unit, due_at=case.due_at)
    await progress.tell_reporter(transaction, case, news, now=now)
    if tell_master and master.reporter_id != case.reporter_id:
        left = texts.left_news(code=master.code, people=master.people_count)
        await progress.tell_reporter(transaction, master, left, now=now, joined_text="")
    await progress.announce(transaction, city, case, now=now, note=texts.unmerged_reason(master=master.code))
