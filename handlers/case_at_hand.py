"""The case that an official acts on: found by its code, allowed to them, and moved in their name."""

from typing import Any

from handlers import access, cards, notices, progress, telling, texts, way, writing
from handlers.channel import Button
from handlers.progress import actor_of
from handlers.turn import Turn
from routing import workflow
from routing.tracking_code import parse_code
from routing.workflow import Action, Status
from storage import cases, duplicates, ledger, people
from storage.cases import Case
from storage.people import Post


async def case_for(turn: Turn, code: str, action: str) -> tuple[Case, Post] | None:
    """Return a case and the post by which the writer may do this to it; otherwise say why not.

    A wrong code, one that does not exist and one out of reach get the same answer.
    """
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    known = parse_code(code)
    case = await cases.get_case(turn.transaction, known, lock=True) if known else None
    if case is None or access.post_for(turn.person, turn.city, "see", case) is None:
        await say_out_of_reach(turn, case)
        return None
    post = access.post_for(turn.person, turn.city, action, case)
    if post is None:
        turn.say(texts.step_not_yours(code=case.code, unit=cards.unit_name(turn.city, case.unit_code)))
        return None
    return case, post


def knows_reporter(turn: Turn, case: Case) -> bool:
    """Tell whether the writer may know who reported a case."""
    return access.post_for(turn.person, turn.city, "see_reporter", case) is not None


async def say_out_of_reach(turn: Turn, case: Case | None) -> None:
    """Tell somebody that they have no such case; of one that their unit once had, where it is now."""
    if case is not None and await _had_before(turn, case):
        unit = cards.unit_name(turn.city, case.unit_code)
        turn.say(texts.case_went_on(code=case.code, unit=unit, status=case.status))
    else:
        turn.say(texts.case_not_yours() if turn.person.posts else texts.no_such_case())


async def _had_before(turn: Turn, case: Case) -> bool:
    """Tell whether the case was with a unit at which the writer works, and is not kept among few people."""
    units = access.units_for_work(turn.person)
    if not units or access.is_restricted(turn.city, case):
        return False
    return not set(units).isdisjoint(way.units_passed(await ledger.events_of(turn.transaction, case.id)))


async def ready_for(turn: Turn, code: str, action: Action) -> tuple[Case, Post] | None:
    """Return a case on which the writer may take this step now; otherwise say why not.

    What was being written about a case that can no longer be acted on is over with.
    """
    found = await case_for(turn, code, action)
    if found is not None and action in workflow.allowed_actions(found[0].status, found[1].role):
        return found
    if found is not None:
        await say_too_late(turn, found[0])
    writing.finish(turn, parse_code(code) or "")
    return None


async def say_too_late(turn: Turn, case: Case) -> None:
    """Tell somebody who comes second what has become of the case, and who did it."""
    if case.status == Status.MERGED:
        await say_merged(turn, case)
        return
    officer = (
        await people.get_person(turn.transaction, case.officer_id, now=turn.now) if case.officer_id else None
    )
    name = officer.name if officer else ""
    if case.status == Status.IN_PROGRESS and case.accepted_at:
        if case.officer_id == turn.person.id:
            turn.say(texts.accepted_by_you(code=case.code), case_id=case.id)
        else:
            text = texts.accepted_by(code=case.code, name=name, at=case.accepted_at)
            turn.say(text, buttons=take_over_button(turn, case), case_id=case.id)
    elif case.answered_at and case.status != Status.REJECTED:
        name = await _name_of_sender(turn, case) or name
        turn.say(texts.answered_by(code=case.code, name=name, at=case.answered_at))
    else:
        turn.say(texts.step_impossible(code=case.code, status=case.status))


async def _name_of_sender(turn: Turn, case: Case) -> str:
    """Return who sent the answer, which may be a chair who approved what an officer wrote."""
    events = await ledger.events_of(turn.transaction, case.id)
    sender = next((event.actor_id for event in reversed(events) if event.type == "answered"), None)
    if sender == turn.person.id:
        return texts.yourself()
    person = await people.get_person(turn.transaction, sender, now=turn.now) if sender else None
    return person.name if person else ""


def take_over_button(turn: Turn, case: Case) -> list[list[Button]]:
    """Return the button to take a case over from the colleague who has it now, none for who may not."""
    if access.post_for(turn.person, turn.city, Action.TAKE_OVER, case) is None:
        return []
    data = f"takeover:{case.code}:{case.officer_id or ''}"
    return [[Button(label=texts.label_take_over(), data=data)]]


async def say_merged(turn: Turn, case: Case) -> None:
    """Tell somebody who acts on a merged case which one is handled in its place."""
    master = await duplicates.master_of(turn.transaction, case)
    if master is not None:
        text = texts.merged_already(code=case.code, master=master.code)
        turn.say(text, buttons=open_button(turn, master), case_id=case.id)


def open_button(turn: Turn, case: Case) -> list[list[Button]]:
    """Return the button that opens a case, none for who may not see it."""
    return card_button(case) if access.post_for(turn.person, turn.city, "see", case) else []


def card_button(case: Case) -> list[list[Button]]:
    """Return the button that opens a case."""
    return [[Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}")]]


async def move(
    turn: Turn, case: Case, action: Action, post: Post, data: dict[str, Any] | None = None
) -> None:
    """Carry out a move by the post that allows it."""
    await progress.move(
        turn.transaction,
        turn.city,
        case,
        action,
        actor=actor_of(turn.person.id, post),
        now=turn.now,
        data=data,
    )


async def note_for(turn: Turn, case: Case, *lines: str) -> str:
    """Return what a card says above a case: these lines, and which units it came through."""
    events = await ledger.events_of(turn.transaction, case.id)
    return "\n".join(line for line in (*lines, way.told(turn.city, case, events)) if line)


async def tell_officer(
    turn: Turn, case: Case, person_id: int | None, text: str, *, unit_code: str | None
) -> None:
    """Tell whoever had a case at this unit what became of it, unless the writer is the one."""
    if person_id in (None, turn.person.id) or unit_code is None:
        return
    there = await people.officials_of(turn.transaction, unit_code, now=turn.now)
    concerned = [official for official in there if official.person_id == person_id]
    message = notices.message_of(text)
    telling.post_when_awake(turn.transaction, concerned, message, case=case, now=turn.now)


async def tell_unit_before(turn: Turn, case: Case, unit_code: str | None, text: str) -> None:
    """Tell the unit that had a case until now that somebody outside it gave the case to another."""
    there = await people.officials_of(turn.transaction, unit_code or "", now=turn.now)
    others = [official for official in there if official.person_id != turn.person.id]
    message = notices.message_of(text)
    telling.post_when_awake(turn.transaction, others, message, case=case, now=turn.now)


def buttons(turn: Turn, case: Case) -> list[tuple[Button, ...]]:
    """Return a button for everything that the writer may do to a case now."""
    return cards.buttons(case, actions(turn, case))


def actions(turn: Turn, case: Case) -> frozenset[Action]:
    """Return what the writer may do to a case now."""
    allowed = frozenset(
        action
        for action in Action
        if (post := access.post_for(turn.person, turn.city, action, case))
        and action in workflow.allowed_actions(case.status, post.role)
    )
    return allowed - {Action.REQUEST_EXTENSION} if obstacle_to_extension(turn, case) else allowed


def obstacle_to_extension(turn: Turn, case: Case) -> str:
    """Say why no more time can be asked for now; empty where it can."""
    limit = turn.city.procedure.extensions
    if case.extension is not None:
        unit = cards.unit_name(turn.city, case.extension_unit)
        return texts.extension_waits(code=case.code, unit=unit)
    if case.paused_at is not None or case.due_at is None:
        return texts.extension_not_while_asking(code=case.code)
    if turn.now > case.due_at:
        return texts.extension_too_late(code=case.code, due_at=case.due_at)
    if case.extension_count >= limit:
        return texts.extension_used_up(code=case.code, limit=limit)
    return ""
