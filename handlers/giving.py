"""Orders in a person's own words: understood, shown, and given with one tap by whoever wrote them.

`docs/directives.md` tells the rules. What is proposed stands in a row that names its writer, never in the
chat: many people write in a group. When it is given everything is asked again.
"""

import re
from dataclasses import replace
from datetime import date, datetime, time, timedelta

from handlers import (
    access,
    cards,
    case_at_hand,
    directive_cards,
    extending,
    group_cards,
    group_scope,
    groups,
    handover,
    notices,
    progress,
    texts,
    triage,
)
from handlers.channel import Button, OutboundMessage
from handlers.directive_cards import PHOTO, about, note, number_in
from handlers.turn import Handler, Turn
from routing import deadline, workflow
from routing.instruction import SEVERAL_UNITS, UNKNOWN_UNIT, Instruction, read_instruction, reason_in
from routing.moments import UnclearMoment, end_of_work, read_moment, typed_and_plain, working_day_after
from routing.tracking_code import parse_code
from routing.unit_mentions import nearest_units
from routing.vietnamese import strip_accents
from routing.workflow import FINISHED_STATUSES, Action, Status
from storage import cases, contacts, directives, messages, people
from storage import groups as stored_groups
from storage.cases import Case
from storage.directives import Directive, KeptFile
from storage.groups import Group
from storage.identity import new_id
from storage.people import Post

VALID = timedelta(hours=24)
"""So long an order waits for its writer's tap."""
SAME_WITHIN = timedelta(minutes=10)
"""The same order confirmed again within so long is given once."""
LONGEST_ORDER = 1500
DIRECTORS = frozenset(access.REACHES["direct"])
_CODE = re.compile(r"(?<!\w)[A-Za-z]{2,3}[- ]?[0-9A-Za-z]{4}[- ]?[0-9A-Za-z]{4}(?!\w)")
_LATE = re.compile(r"\b(?:cham|tre|qua han)\b")
_BARE = {
    "phuong": "phường",
    "xa": "xã",
    "cong an": "công an",
    "so": "sở",
    "cong ty": "công ty",
    "quan": "quận",
    "huyen": "huyện",
}
_WRITTEN_DAY = re.compile(r"\d{4}-\d\d-\d\d|\d{8}", re.ASCII)


# ── understanding an order ───────────────────────────────────────────────────────────────────────


async def take(turn: Turn) -> bool:
    """Take an order in a person's own words; False when the message is none."""
    message = turn.message
    text = message.text.strip()
    if not (turn.person.roles & DIRECTORS) or not text or len(text) > LONGEST_ORDER or message.edited:
        return False
    group = await groups.group_here(turn)
    if turn.chat.group and (group is None or not groups.takes_part(turn.city, group, turn.person)):
        return False
    code = _code_in(text)
    order = read_instruction(text.replace(code, " ") if code else text, turn.city, now=turn.now)
    if order is None:
        return False
    case = await _case_meant(turn, group, code)
    if case is None:
        return await _without_case(turn, group, order, text)
    return await _about_case(turn, group, order, case, text)


def _code_in(text: str) -> str:
    """Return a tracking code as it stands in a text; empty for none."""
    return next((found[0] for found in _CODE.finditer(text) if parse_code(found[0])), "")


async def _case_meant(turn: Turn, group: Group | None, code: str) -> Case | None:
    """Return the case that an order names, replies to, or whose own group it stands in."""
    if code:
        return await cases.get_case(turn.transaction, parse_code(code) or "", lock=True)
    case_id: int | None = None
    if turn.message.reply_to:
        case_id = await messages.case_of_message(
            turn.transaction,
            channel=turn.chat.channel,
            chat=turn.chat.chat,
            message_id=turn.message.reply_to,
        )
    elif group is not None and turn.message.mentioned:
        case_id = group.case_id
    return await cases.get_case_by_id(turn.transaction, case_id, lock=True) if case_id else None


async def _without_case(turn: Turn, group: Group | None, order: Instruction, text: str) -> bool:
    """A unit may be asked to explain its work as such; for anything else a case must be named."""
    if order.kind == directives.EXPLAIN and order.unit_code and not order.doubt:
        due_at = order.due_at or _usual_due(turn)
        await propose_about_unit(turn, group, order.unit_code, {"text": text}, text, due_at, order)
        return True
    if order.unit_code and "leader" in turn.person.roles and order.kind in ("assign", "report"):
        turn.say(texts.directive_which_case())
        return True
    return False


async def _about_case(turn: Turn, group: Group | None, order: Instruction, case: Case, text: str) -> bool:
    if access.post_for(turn.person, turn.city, "see", case) is None:
        return False
    if group is not None and not groups.shows(turn.city, group, case):
        turn.say(texts.directive_not_here())
        return True
    unit_code = await _unit_of_report(turn, order, case) or _unit_meant(turn, order, case)
    if order.doubt and order.doubt != SEVERAL_UNITS:
        may = order.unit_code or "leader" in turn.person.roles
        if may or _directs(turn, case.unit_code, case, order.kind):
            turn.say(_doubt(turn, order), case_id=case.id)
            return True
        return False
    if unit_code is None and case.unit_code is not None:
        if not _directs(turn, case.unit_code, case, order.kind):
            return False
        turn.say(texts.directive_in_doubt(doubt="which_unit", words=_BARE[order.bare]), case_id=case.id)
        return True
    if unit_code is None:
        turn.say(texts.directive_in_doubt(doubt="no_unit", words=""), case_id=case.id)
        return True
    if not _directs(turn, unit_code, case, order.kind):
        if not (order.unit_code or order.units):  # a chair's words on their own unit's case are an answer
            return False
        unit = cards.unit_name(turn.city, unit_code)
        turn.say(texts.directive_not_allowed(unit=unit), case_id=case.id)
        return True
    directive = _proposed(turn, group, order.kind, case, unit_code, text)
    directive.due_at = _due(turn, order, case)
    obstacle = await _obstacle(turn, directive, case, group, several=bool(order.units))
    if obstacle:
        turn.say(obstacle, case_id=case.id)
        return True
    await _keep(turn, directive)
    if order.units:
        _ask_unit(turn, directive, order, case)
    else:
        await _echo(turn, directive, case)
    return True


def _directs(turn: Turn, unit_code: str | None, case: Case, kind: str) -> bool:
    action = "explain_to" if kind == directives.EXPLAIN else "direct"
    return unit_code is not None and (
        access.post_to_direct(turn.person, turn.city, unit_code, case, action=action) is not None
    )


def _doubt(turn: Turn, order: Instruction) -> str:
    near = nearest_units(order.doubtful, turn.city) if order.doubt == UNKNOWN_UNIT else []
    nearest = ", ".join(cards.unit_name(turn.city, code) for code in near)
    return texts.directive_in_doubt(doubt=order.doubt, words=order.doubtful, nearest=nearest)


async def _unit_of_report(turn: Turn, order: Instruction, case: Case) -> str | None:
    """Return the unit whose report is replied to, where the order names none."""
    if not turn.message.reply_to or order.unit_code or order.units or order.bare:
        return None
    shown = await directives.text_of_message(
        turn.transaction,
        channel=turn.chat.channel,
        chat=turn.chat.chat,
        message_id=turn.message.reply_to,
    )
    for each in reversed(await directives.directives_of_case(turn.transaction, case.id)):
        unit = cards.unit_name(turn.city, each.unit_code)
        if each.status == directives.DONE and each.report and shown.startswith(unit) and each.report in shown:
            return each.unit_code
    return None


def _unit_of_kind(turn: Turn, order: Instruction, case: Case) -> str | None:
    """Return the unit that a bare kind means: that of the case's ward, else the one that has the case."""
    ward = turn.city.ward_unit(case.ward_code) if case.ward_code else None
    holder = turn.city.units.get(case.unit_code or "")
    if holder is not None and strip_accents(holder.name).lower().startswith(order.bare):
        return holder.code
    if order.bare in ("phuong", "xa"):
        return ward.code if ward else case.unit_code
    if order.bare != "cong an" or ward is None:
        return None
    below = [unit for unit in turn.city.units.values() if unit.parent == ward.code]
    police = (unit for unit in below if strip_accents(unit.name).lower().startswith("cong an"))
    return next((unit.code for unit in police if turn.city.is_valid(unit.code)), None)


def _unit_meant(turn: Turn, order: Instruction, case: Case) -> str | None:
    if order.units:
        return order.units[0]
    if order.bare in _BARE and order.unit_code is None and order.kind != directives.EXTEND:
        return _unit_of_kind(turn, order, case)
    if order.of_place and case.ward_code and order.unit_code is None:
        ward = turn.city.ward_unit(case.ward_code)
        return ward.code if ward else case.unit_code
    return order.unit_code or case.unit_code


def _due(turn: Turn, order: Instruction, case: Case) -> datetime:
    """Return until when; where nothing is said the case's own deadline, or the next working day's end."""
    if order.more_hours is not None and case.due_at is not None:
        return turn.city.calendar.add_working_hours(case.due_at, order.more_hours)
    if order.due_at is not None:
        return order.due_at
    open_until = case.due_at if order.kind == directives.ASSIGN and case.paused_at is None else None
    return open_until if open_until and open_until > turn.now else _usual_due(turn)


def _usual_due(turn: Turn) -> datetime:
    calendar = turn.city.calendar
    return end_of_work(working_day_after(turn.now.astimezone(deadline.LOCAL_TIME).date(), calendar), calendar)


def _proposed(
    turn: Turn, group: Group | None, kind: str, case: Case | None, unit_code: str, text: str
) -> Directive:
    post = next(post for post in turn.person.posts if post.role in DIRECTORS)
    return Directive(
        id=new_id(),
        kind=kind,
        case_id=case.id if case else None,
        unit_code=unit_code,
        text=text,
        given_by=turn.person.id,
        given_role=post.role,
        given_unit=post.unit_code,
        group_id=group.id if group else None,
        channel=turn.chat.channel,
        chat=turn.chat.chat,
        topic=turn.message.topic,
        proposed_at=turn.now,
        next_check_at=turn.now + VALID,
    )


async def _keep(turn: Turn, directive: Directive) -> None:
    directives.add_directive(turn.transaction, directive)
    await directives.add_files(
        turn.transaction, directive.id, kept_files(turn), purpose=directives.ORDER, at=turn.now
    )
    await directives.append_event(
        turn.transaction,
        directive,
        type="proposed",
        actor_id=turn.person.id,
        actor_role=directive.given_role,
        at=turn.now,
    )


def kept_files(turn: Turn) -> list[KeptFile]:
    """Return the photos, recordings and documents of a message that were stored."""
    photos = [KeptFile(media_key=photo.media_key, kind=PHOTO) for photo in turn.message.photos]
    others = [KeptFile(media_key=file.media_key, kind=file.kind) for file in turn.message.files]
    return [kept for kept in (*photos, *others) if kept.media_key]


# ── what stands in its way ───────────────────────────────────────────────────────────────────────


async def _obstacle(
    turn: Turn, directive: Directive, case: Case | None, group: Group | None, *, several: bool = False
) -> str:
    """Say why an order cannot be given as it is; empty where it can."""
    city, unit_code = turn.city, directive.unit_code
    if group is not None and not groups.reaches(city, group, unit_code):
        return texts.directive_not_here()
    if not city.is_valid(unit_code):
        return texts.directive_in_doubt(doubt="unknown_unit", words=cards.unit_name(city, unit_code))
    if case is None or several:
        return ""
    if unit_code != case.unit_code and not access.may_receive(city, unit_code, case):
        return texts.directive_not_receiving(unit=cards.unit_name(city, unit_code), code=case.code)
    if unit_code != case.unit_code and directive.kind != directives.ASSIGN and _is_legal(case):
        return texts.directive_not_receiving(unit=cards.unit_name(city, unit_code), code=case.code)
    if directive.kind == directives.ASSIGN:
        return _obstacle_to_assigning(turn, directive, case)
    return _obstacle_to_extending(turn, directive, case) if directive.kind == directives.EXTEND else ""


def _is_legal(case: Case) -> bool:
    """Tell whether a case is a complaint or a denunciation, or reads as one though it was sent as feedback.

    Of such a one nobody hears but who has to settle it: another unit may be the one that is accused.
    """
    return bool({case.kind, case.reading.get("kind")} & group_scope.LEGAL_KINDS)


def _obstacle_to_assigning(turn: Turn, directive: Directive, case: Case) -> str:
    if case.status in FINISHED_STATUSES:
        return texts.directive_case_finished(code=case.code)
    if directive.unit_code == case.unit_code:
        return ""
    post = access.post_to_direct(turn.person, turn.city, directive.unit_code, case)
    if post is None or _move_to_unit(case) not in workflow.allowed_actions(case.status, post.role):
        return texts.step_impossible(code=case.code, status=case.status)
    return ""


def _move_to_unit(case: Case) -> Action:
    return Action.ASSIGN if case.status in (Status.TRIAGE, Status.RECEIVED) else Action.HAND_OVER


def _obstacle_to_extending(turn: Turn, directive: Directive, case: Case) -> str:
    post = access.post_for(turn.person, turn.city, Action.GRANT_EXTENSION, case)
    if post is None or directive.unit_code != case.unit_code:
        return texts.directive_not_allowed(unit=cards.unit_name(turn.city, directive.unit_code))
    if Action.GRANT_EXTENSION not in workflow.allowed_actions(case.status, post.role):
        return texts.directive_case_finished(code=case.code)
    if case.extension is not None and case.extension["by"] == turn.person.id:
        return texts.extension_not_yours(code=case.code)
    waiting = replace(case, extension=None, extension_unit=None)  # what was asked for is decided by this
    if obstacle := case_at_hand.obstacle_to_extension(turn, waiting):
        return obstacle
    if case.due_at is None or directive.due_at is None or _more_hours(turn, directive, case) <= 0:
        return texts.directive_extension_impossible(code=case.code, due_at=case.due_at)
    return ""


def _more_hours(turn: Turn, directive: Directive, case: Case) -> float:
    assert case.due_at is not None
    assert directive.due_at is not None
    return turn.city.calendar.working_hours_between(case.due_at, directive.due_at)


# ── showing it ───────────────────────────────────────────────────────────────────────────────────


def _ask_unit(turn: Turn, directive: Directive, order: Instruction, case: Case) -> None:
    rows = [
        [Button(label=cards.unit_name(turn.city, code), data=f"dto:{directive.id}:{code}")]
        for code in order.units
    ]
    drop = Button(label=texts.label_give_drop(), data=f"ddrop:{directive.id}")
    fitting = [row for row in rows if cards.fits(row[0].data)]
    turn.say(texts.which_unit_is_told(text=directive.text), buttons=[*fitting, [drop]], case_id=case.id)


async def _echo(turn: Turn, directive: Directive, case: Case | None) -> None:
    files = await directives.files_of_directive(turn.transaction, directive.id, directives.ORDER)
    photos, recordings = directive_cards.counted(files)
    moves = case is not None and directive.kind == directives.ASSIGN and case.unit_code != directive.unit_code
    said = _said_moment(turn, directive)
    local = directive.due_at.astimezone(deadline.LOCAL_TIME) if directive.due_at else None
    text = texts.directive_echo(
        kind=directive.kind,
        unit=cards.unit_name(turn.city, directive.unit_code),
        about=about(turn.city, directive, case),
        due_at=directive.due_at,
        day_off=local is not None and not turn.city.calendar.is_working_day(local.date()),
        unsaid=said is None,
        text=group_cards.masked(directive.text) if turn.chat.group else directive.text,
        photos=photos,
        recordings=recordings,
        moves_from=cards.unit_name(turn.city, case.unit_code) if moves and case and case.unit_code else "",
        was_due_at=_running_deadline(turn, directive, case),
        not_late=case is not None
        and directive.kind == directives.EXPLAIN
        and _is_in_time(turn, directive, case),
        now=turn.now,
    )
    extends = directive.kind == directives.EXTEND
    give = Button(label=texts.label_give(extends=extends), data=f"dgive:{directive.id}")
    rows = [[give], [Button(label=texts.label_give_drop(), data=f"ddrop:{directive.id}")]]
    if said is not None and said[1] is not None and not extends:
        earlier = texts.label_give_earlier(before=said[1])
        rows.insert(1, [Button(label=earlier, data=f"dearlier:{directive.id}")])
    turn.say(text, buttons=rows, case_id=directive.case_id, spends=True)


def _running_deadline(turn: Turn, directive: Directive, case: Case | None) -> datetime | None:
    """Return the deadline that an extension moves, or that an order may not outlast; None for none."""
    if case is None or case.due_at is None or directive.kind == directives.EXTEND:
        return case.due_at if case else None
    runs = case.status not in FINISHED_STATUSES and case.paused_at is None and case.due_at > turn.now
    return case.due_at if runs else None


def _is_in_time(turn: Turn, directive: Directive, case: Case) -> bool:
    """Tell whether an order asks why a case is late that is not."""
    if case.due_at is None or _LATE.search(typed_and_plain(directive.text)[1]) is None:
        return False
    return case.paused_at is not None or case.due_at >= (case.answered_at or turn.now)


def _said_moment(turn: Turn, directive: Directive) -> tuple[datetime, datetime | None] | None:
    """Return the deadline that an order's words name, with the other reading of "trước"; None for none.

    Times are worked out from when it was written, however long ago that is.
    """
    order = read_instruction(directive.text, turn.city, now=directive.proposed_at)
    if order is not None and order.due is not None:
        return order.due.at, order.due.before
    if order is not None and order.more_hours is not None:
        return directive.proposed_at, None
    try:
        found = read_moment(directive.text, now=directive.proposed_at, calendar=turn.city.calendar)
    except UnclearMoment:
        return None
    return (found.at, found.before) if found else None


# ── the tap ──────────────────────────────────────────────────────────────────────────────────────


async def _at_hand(turn: Turn, argument: str) -> tuple[Directive, Case | None] | None:
    """Return an order that waits for the tap of whoever presses, with its case; otherwise say why not."""
    number = number_in(argument)
    directive = await directives.get_directive(turn.transaction, number)
    if directive is None or not await _is_here(turn, directive):
        turn.say(texts.directive_gone())
        return None
    if directive.given_by != turn.person.id:
        turn.say(texts.directive_not_yours() if turn.chat.group else texts.directive_gone())
        return None
    case = None  # the case first, as everybody locks it
    if directive.case_id is not None:
        case = await cases.get_case_by_id(turn.transaction, directive.case_id, lock=True)
    directive = await directives.get_directive(turn.transaction, number, lock=True) or directive
    if directive.status != directives.PROPOSED:
        turn.say(texts.directive_settled(status=directive.status))
        return None
    over = directive.due_at is not None and directive.due_at <= turn.now
    if over or turn.now >= directive.proposed_at + VALID:
        await _settle(turn, directive, "lapsed")
        turn.say(texts.directive_lapsed(), spends=True)
        return None
    return directive, case


async def _is_here(turn: Turn, directive: Directive) -> bool:
    """Tell whether an order was written in this chat, which may have moved since."""
    if (turn.chat.channel, turn.chat.chat) == (directive.channel, directive.chat):
        return True
    group = await groups.group_here(turn)
    return group is not None and group.id == directive.group_id


async def _settle(turn: Turn, directive: Directive, type: str) -> None:
    directive.status, directive.next_check_at = directives.DROPPED, None
    await note(
        turn.transaction,
        directive,
        type,
        person_id=turn.person.id,
        role=directive.given_role,
        now=turn.now,
    )


async def drop(turn: Turn, argument: str) -> None:
    """Drop an order that was not given: its number."""
    found = await _at_hand(turn, argument)
    if found is not None:
        await _settle(turn, found[0], "dropped")
        turn.say(texts.directive_dropped(), spends=True)


async def choose_unit(turn: Turn, argument: str) -> None:
    """Say which of several units is meant: `number:unit`."""
    number, _, unit_code = argument.partition(":")
    found = await _at_hand(turn, number)
    if found is None:
        return
    directive, case = found
    order = read_instruction(_without_code(directive.text), turn.city, now=directive.proposed_at)
    if order is None or unit_code not in order.units:
        turn.say(texts.stale_button())
        return
    directive.unit_code = unit_code
    if await _still_allowed(turn, directive, case) is not None:
        directives.save_directive(turn.transaction, directive)
        await _echo(turn, directive, case)


def _without_code(text: str) -> str:
    code = _code_in(text)
    return text.replace(code, " ") if code else text


async def give_earlier(turn: Turn, argument: str) -> None:
    """Give an order by the reading of "trước" that does not count the day: its number."""
    found = await _at_hand(turn, argument)
    if found is None:
        return
    directive, case = found
    said = _said_moment(turn, directive)
    if said is None or said[1] is None or said[1] <= turn.now or directive.kind == directives.EXTEND:
        turn.say(texts.stale_button())
        return
    directive.due_at = said[1]
    await _give(turn, directive, case)


async def give(turn: Turn, argument: str) -> None:
    """Let an order count: its number."""
    found = await _at_hand(turn, argument)
    if found is not None:
        await _give(turn, *found)


async def _still_allowed(turn: Turn, directive: Directive, case: Case | None) -> Post | None:
    """Return the post by which an order may be given now; otherwise say why it may not be any more."""
    action = "explain_to" if directive.kind == directives.EXPLAIN else "direct"
    post = access.post_to_direct(turn.person, turn.city, directive.unit_code, case, action=action)
    if post is None or (directive.case_id is not None and case is None):
        turn.say(texts.directive_no_longer_allowed())
        return None
    group = await groups.group_here(turn)
    outside = group is not None and case is not None and not groups.shows(turn.city, group, case)
    obstacle = texts.directive_not_here() if outside else await _obstacle(turn, directive, case, group)
    if obstacle:
        turn.say(obstacle, case_id=directive.case_id)
        return None
    return post


async def _give(turn: Turn, directive: Directive, case: Case | None) -> None:
    post = await _still_allowed(turn, directive, case)
    if post is None:
        return
    if case is not None and (before := await _given_before(turn, directive, case)) is not None:
        await _settle(turn, directive, "dropped")
        unit = cards.unit_name(turn.city, directive.unit_code)
        turn.say(texts.directive_given_twice(unit=unit, at=before.given_at or turn.now), spends=True)
        return
    was_unit = case.unit_code if case else None
    directive.given_role, directive.given_unit = post.role, post.unit_code
    if case is not None and directive.kind == directives.EXTEND:
        await _extend(turn, directive, case)
    elif case is not None and directive.kind == directives.ASSIGN and directive.unit_code != case.unit_code:
        await _hand_over(turn, directive, case, post)
    _set_given(turn, directive)
    await note(
        turn.transaction,
        directive,
        "given",
        person_id=turn.person.id,
        role=post.role,
        now=turn.now,
        data={"unit": directive.unit_code, "was_unit": was_unit},
    )
    if case is not None:
        _record(turn, directive, case, post)
    await _tell(turn, directive, case)


async def _given_before(turn: Turn, directive: Directive, case: Case) -> Directive | None:
    """Return the same order if it was given a moment ago and waits for an answer; None for none."""
    others = await directives.directives_of_case(turn.transaction, case.id)
    return next((each for each in others if _is_same(turn, each, directive)), None)


def _is_same(turn: Turn, given: Directive, directive: Directive) -> bool:
    if given.id == directive.id or given.status not in (directives.GIVEN, directives.SEEN):
        return False
    if given.given_at is None or turn.now - given.given_at > SAME_WITHIN:
        return False
    if given.due_at and directive.due_at and abs(given.due_at - directive.due_at) > SAME_WITHIN:
        return False  # by the other reading of "trước": a correction
    return _what_it_is(given) == _what_it_is(directive)


def _what_it_is(directive: Directive) -> tuple[int, str, str, str]:
    words = " ".join(_without_code(directive.text).lower().split())
    return directive.given_by, directive.kind, directive.unit_code, words


def _set_given(turn: Turn, directive: Directive) -> None:
    directive.given_at = turn.now
    if directive.kind == directives.EXTEND:
        directive.status, directive.done_at = directives.DONE, turn.now
        directive.done_by, directive.next_check_at = turn.person.id, None
        return
    directive.status = directives.GIVEN
    directive.next_check_at = first_reminder(turn.city.calendar, turn.now, directive.due_at)


def first_reminder(
    calendar: deadline.WorkingCalendar, given_at: datetime, due_at: datetime | None
) -> datetime | None:
    """Return when a unit is reminded before a deadline: four working hours before, at least half-way."""
    if due_at is None:
        return None
    return max(calendar.subtract_working_hours(due_at, 4), given_at + (due_at - given_at) / 2)


def _record(turn: Turn, directive: Directive, case: Case, post: Post) -> None:
    explains = directive.kind == directives.EXPLAIN
    data = {
        "directive": str(directive.id),
        "kind": directive.kind,
        "unit": directive.unit_code,
        "text": directive.text,
        "due_at": directive.due_at.isoformat() if directive.due_at else None,
    }
    progress.record(
        turn.transaction,
        case,
        "explanation_asked" if explains else "directed",
        actor=progress.actor_of(turn.person.id, post),
        now=turn.now,
        data=data,
        unit_code=directive.unit_code,
    )
    cases.save_case(turn.transaction, case)


# ── what follows from it ─────────────────────────────────────────────────────────────────────────


async def _hand_over(turn: Turn, directive: Directive, case: Case, post: Post) -> None:
    """Bring a case to the unit that is to settle it; its deadline stays."""
    if _move_to_unit(case) == Action.ASSIGN:
        await triage.give_to(turn, case, post, directive.unit_code, reason=directive.text)
    else:
        await handover.give_to(turn, case, post, directive.unit_code, note=directive.text)


async def _extend(turn: Turn, directive: Directive, case: Case) -> None:
    post = access.post_for(turn.person, turn.city, Action.GRANT_EXTENSION, case)
    assert post is not None
    hours = _more_hours(turn, directive, case)
    reason = group_cards.masked(reason_in(_without_code(directive.text))) or texts.extension_by_leader()
    await extending.grant_hours(turn, case, post, hours=hours, reason=reason)
    directive.due_at = case.due_at


async def _tell(turn: Turn, directive: Directive, case: Case | None) -> None:
    """Bring an order to the unit, to the group that it concerns, and outside of chat; confirm it."""
    giver = directive_cards.giver_name(turn.city, directive, turn.person.name)
    unit = cards.unit_name(turn.city, directive.unit_code)
    there = await directive_cards.readers(turn.transaction, directive.unit_code, turn.now)
    told = [official for official in there if official.person_id != turn.person.id]
    outside = 0
    if directive.kind != directives.EXTEND:
        files = await directives.files_of_directive(turn.transaction, directive.id, directives.ORDER)
        private = directive_cards.card(turn.city, directive, case, giver=giver, files=files)
        directive_cards.send(turn.transaction, told, private, case=case, now=turn.now)
        outside = await _write_outside(turn, directive, case)
        if not there:
            await _nobody_there(turn, directive, case)
    turn.say(
        texts.directive_given(
            kind=directive.kind,
            unit=unit,
            about=about(turn.city, directive, case),
            due_at=directive.due_at,
            readers=len({official.person_id for official in told}),
            outside=outside,
            now=turn.now,
        ),
        case_id=directive.case_id,
        spends=True,
    )
    if directive.kind != directives.EXTEND:
        await _tell_group(turn, directive, case, giver)


async def _tell_group(turn: Turn, directive: Directive, case: Case | None, giver: str) -> None:
    """Show an order in the thread in which it was given, else in the case's own group."""
    files = await directives.files_of_directive(turn.transaction, directive.id, directives.ORDER)
    shown = directive_cards.card(turn.city, directive, case, giver=giver, files=files, group=True)
    if turn.chat.group:
        turn.tell(
            turn.address,
            replace(shown, topic=directive.topic or turn.message.topic),
            case_id=directive.case_id,
        )
        return
    group = await stored_groups.group_for_case(turn.transaction, case.id) if case else None
    if group is None or case is None or not groups.shows(turn.city, group, case):
        return
    if groups.reaches(turn.city, group, directive.unit_code):
        await group_cards.post_to_group(
            turn.transaction,
            group,
            shown,
            case=case,
            now=turn.now,
            not_before=directive_cards.unless_at_night(case, turn.now),
        )


async def _nobody_there(turn: Turn, directive: Directive, case: Case | None) -> None:
    unit = cards.unit_name(turn.city, directive.unit_code)
    text = texts.directive_nobody_there(unit=unit, about=about(turn.city, directive, case))
    dispatchers = await people.officials_by_role(turn.transaction, "dispatcher", now=turn.now)
    directive_cards.send(turn.transaction, dispatchers, notices.message_of(text), case=case, now=turn.now)


async def _write_outside(turn: Turn, directive: Directive, case: Case | None) -> int:
    """Write to a unit by mail and SMS, with nothing of what a citizen wrote; return to how many addresses."""
    known = await contacts.contacts_of(turn.transaction, directive.unit_code)
    kind, due_at = directive.kind, directive.due_at
    named, city = about(turn.city, directive, case), turn.city.name
    unit = cards.unit_name(turn.city, directive.unit_code)
    letter = OutboundMessage(
        subject=texts.directive_subject(kind=kind, about=named),
        text=texts.directive_letter(city=city, unit=unit, kind=kind, about=named, due_at=due_at),
    )
    short = OutboundMessage(
        text=texts.directive_short_message(city=city, kind=kind, about=named, due_at=due_at)
    )
    awake_at = directive_cards.unless_at_night(case, turn.now)
    numbers = [contacts.unit_reference(directive.unit_code, place) for place in range(len(known.phone))]
    for channel, addresses, message in (("mail", known.mail, letter), ("sms", numbers, short)):
        for address in addresses:
            messages.post_notice(
                turn.transaction,
                channel=channel,
                chat=address,
                message=message.as_dict(),
                at=turn.now,
                case_id=directive.case_id,
                not_before=awake_at if channel == "sms" else None,
                dedupe_key=f"directive:{directive.id}:{channel}:{address}"[:160],
            )
    return len(known.mail) + len(known.phone)


# ── a figure that is to be explained ─────────────────────────────────────────────────────────────


async def propose_about_unit(
    turn: Turn,
    group: Group | None,
    unit_code: str,
    figure: dict[str, str],
    text: str,
    due_at: datetime,
    order: Instruction | None = None,
) -> None:
    """Show a request to explain a unit's work, or a figure of it; otherwise say why it cannot be made."""
    if access.post_to_direct(turn.person, turn.city, unit_code, None, action="explain_to") is None:
        turn.say(texts.directive_not_allowed(unit=cards.unit_name(turn.city, unit_code)))
        return
    directive = _proposed(turn, group, directives.EXPLAIN, None, unit_code, text)
    directive.about, directive.due_at = {**figure, "unit": unit_code}, due_at
    if obstacle := await _obstacle(turn, directive, None, group):
        turn.say(obstacle)
        return
    await _keep(turn, directive)
    await _echo(turn, directive, None)


async def explain(turn: Turn, argument: str) -> None:
    """Ask for an explanation of the figure that is shown: `UNIT:METRIC:FROM:TO`, days as 20261123."""
    unit_code, metric, *days = (*argument.split(":"), "", "", "", "")[:4]
    first, last = map(_day, days)
    group = await groups.group_here(turn)
    known = unit_code in turn.city.units and metric in texts.FIGURE_NAMES
    if turn.chat.group and (group is None or not groups.takes_part(turn.city, group, turn.person)):
        turn.say(texts.directive_not_here())
    elif not known or first is None or last is None:
        turn.say(texts.stale_button())
    else:
        figure = {"metric": metric, "from": first.isoformat(), "to": last.isoformat(), "unit": unit_code}
        named = _named(turn, unit_code, metric, first, last)
        text = texts.explain_figure_order(about=named)
        await propose_about_unit(turn, group, unit_code, figure, text, _usual_due(turn))


def _day(written: str) -> date | None:
    """Return the day that a button names, as 20261123 or 2026-11-23; None for no such day."""
    try:
        return date.fromisoformat(written) if _WRITTEN_DAY.fullmatch(written) else None
    except ValueError:
        return None


def _named(turn: Turn, unit_code: str, metric: str, first: date, last: date) -> str:
    days = [datetime.combine(day, time()) for day in (first, last)]
    unit = cards.unit_name(turn.city, unit_code)
    return texts.figure_about(metric=metric, unit=unit, first=days[0], last=days[1])


BUTTONS: dict[str, Handler] = {
    "dgive": give,
    "dearlier": give_earlier,
    "ddrop": drop,
    "dto": choose_unit,
    "explain": explain,
}
