"""What units do with an order: acknowledge it, and report with words, photos and recordings.

A report that is being written stands in the directive's own row with its writer, in a group as in a private
chat; one tap of the same person sends it.
"""

import re

from handlers import access, cards, directive_cards, group_cards, groups, notices, progress, texts, writing
from handlers.channel import Address, Button, OutboundMessage
from handlers.directive_cards import about, note, number_in
from handlers.giving import kept_files
from handlers.turn import Handler, Turn
from routing.vietnamese import strip_accents
from storage import cases, directives, messages, people
from storage import groups as stored_groups
from storage.cases import Case
from storage.directives import Directive
from storage.groups import Group
from storage.people import Post

STEP = f"{writing.PREFIX}dreport"
LONGEST_REPORT = 4000
MOST_FILES = 10
ACTIONS = ("dseen", "dreport")
"""The buttons by which a message tells which directive it is about."""
_RECEIVED = re.compile(
    r"(?:da|vang|u|ok|oke|ro|roi|em|anh|chi|nhan|tiep thu|phuong|so|don vi|xin|se|lam|ngay|thuc hien"
    r"|trien khai|a|nhan viec|chi dao|lenh|cam on|ban|minh|toi|va|\W)+"
)
"""Words that say no more than that an order was read."""
LONGEST_WORD = 60


async def _for_unit(turn: Turn, argument: str) -> tuple[Directive, Case | None, Post] | None:
    """Return an order to the unit of whoever presses, with its case; otherwise say why not."""
    number = number_in(argument)
    directive = await directives.get_directive(turn.transaction, number)
    if directive is None or directive.status in (directives.PROPOSED, directives.DROPPED):
        turn.say(texts.directive_gone())
        return None
    post = access.post_at(turn.person, directive.unit_code)
    if post is None:
        seen = turn.chat.group or _is_concerned(turn, directive)
        unit = cards.unit_name(turn.city, directive.unit_code)
        turn.say(texts.directive_to_unit_only(unit=unit) if seen else texts.directive_gone())
        return None
    group = await groups.group_here(turn)
    if turn.chat.group and (group is None or not groups.reaches(turn.city, group, directive.unit_code)):
        turn.say(texts.directive_not_here())
        return None
    case = None
    if directive.case_id is not None:
        case = await cases.get_case_by_id(turn.transaction, directive.case_id, lock=True)
    return await directives.get_directive(turn.transaction, number, lock=True) or directive, case, post


def _is_concerned(turn: Turn, directive: Directive) -> bool:
    return directive.given_by == turn.person.id


# ── acknowledging ────────────────────────────────────────────────────────────────────────────────


async def see(turn: Turn, argument: str) -> None:
    """Acknowledge an order: its number."""
    found = await _for_unit(turn, argument)
    if found is None:
        return
    directive, case, post = found
    if directive.status == directives.DONE:
        await _say_reported(turn, directive)
    elif directive.status == directives.SEEN and directive.seen_at:
        name = await directive_cards.name_of(turn.transaction, directive.seen_by, turn.now)
        text = texts.directive_seen_already(name=name, at=directive.seen_at)
        turn.say(text, buttons=directive_cards.report_button(directive), case_id=directive.case_id)
    else:
        await _mark_seen(turn, directive, case, post)
        unit = cards.unit_name(turn.city, directive.unit_code)
        text = texts.directive_is_seen(unit=unit, due_at=directive.due_at)
        buttons = directive_cards.report_button(directive)
        turn.say(text, buttons=buttons, case_id=directive.case_id, spends=True)


async def _mark_seen(turn: Turn, directive: Directive, case: Case | None, post: Post) -> None:
    directive.status, directive.seen_at, directive.seen_by = directives.SEEN, turn.now, turn.person.id
    await _note(turn, directive, case, post, "seen", "directive_seen", {})


async def _note(
    turn: Turn,
    directive: Directive,
    case: Case | None,
    post: Post,
    type: str,
    event: str,
    data: dict[str, object],
) -> None:
    await note(
        turn.transaction,
        directive,
        type,
        person_id=turn.person.id,
        role=post.role,
        now=turn.now,
        data=data,
    )
    if case is None:
        return
    progress.record(
        turn.transaction,
        case,
        event,
        actor=progress.actor_of(turn.person.id, post),
        now=turn.now,
        data={"directive": str(directive.id), **data},
        unit_code=directive.unit_code,
    )
    cases.save_case(turn.transaction, case)


# ── writing a report ─────────────────────────────────────────────────────────────────────────────


async def begin(turn: Turn, argument: str) -> None:
    """Ask for a report; in a group it is a reply to the order."""
    found = await _for_unit(turn, argument)
    if found is None:
        return
    directive, case, _ = found
    if directive.status == directives.DONE:
        await _say_reported(turn, directive)
    elif _is_of_colleague(turn, directive):
        await _say_of_colleague(turn, directive, case)
    else:
        _ask(turn, directive, case)


def _ask(turn: Turn, directive: Directive, case: Case | None) -> None:
    if turn.chat.group:
        turn.say(texts.reply_with_directive_report(), case_id=directive.case_id)
        return
    key = _key(directive, case)
    if writing.begin(turn, STEP, key, str(directive.id)) is None:
        return
    text = texts.write_directive_report(
        unit=cards.unit_name(turn.city, directive.unit_code),
        about=about(turn.city, directive, case),
        due_at=directive.due_at,
    )
    turn.say(text, buttons=[[writing.drop_button(key)]], case_id=directive.case_id)


def _is_of_colleague(turn: Turn, directive: Directive) -> bool:
    """Tell whether somebody else is writing the report on an order."""
    return directive.done_by not in (None, turn.person.id)


async def _say_of_colleague(turn: Turn, directive: Directive, case: Case | None) -> None:
    name = await directive_cards.name_of(turn.transaction, directive.done_by, turn.now)
    text = texts.directive_report_of_colleague(name=name, about=about(turn.city, directive, case))
    take = Button(label=texts.label_directive_take(), data=f"dtake:{directive.id}")
    turn.say(text, buttons=[[take]], case_id=directive.case_id)


async def take_over(turn: Turn, argument: str) -> None:
    """Begin a report anew in the place of a colleague, who hears of it; what they wrote stays on record."""
    found = await _for_unit(turn, argument)
    if found is None:
        return
    directive, case, post = found
    if directive.status == directives.DONE:
        await _say_reported(turn, directive)
        return
    if _is_of_colleague(turn, directive):
        await _drop_for(turn, directive, case, post)
    _ask(turn, directive, case)


async def _drop_for(turn: Turn, directive: Directive, case: Case | None, post: Post) -> None:
    was, text = directive.done_by, directive.report or ""
    files = await directives.files_of_directive(turn.transaction, directive.id, directives.DRAFT)
    directives.drop_draft_files(turn.transaction, directive.id)
    directive.report = directive.done_by = None
    data: dict[str, object] = {"was": str(was), "text": text, "files": [kept.media_key for kept in files]}
    await note(
        turn.transaction,
        directive,
        "rewritten",
        person_id=turn.person.id,
        role=post.role,
        now=turn.now,
        data=data,
    )
    there = await people.officials_of(
        turn.transaction, directive.unit_code, now=turn.now, roles=("chair", "officer")
    )
    told = texts.directive_report_taken(name=turn.person.name, about=about(turn.city, directive, case))
    writers = [official for official in there if official.person_id == was]
    directive_cards.send(turn.transaction, writers, notices.message_of(told), case=case, now=turn.now)


def _key(directive: Directive, case: Case | None) -> str:
    """Return by what name a chat knows which report is being written in it."""
    return case.code if case else f"CD{directive.id}"


async def _say_reported(turn: Turn, directive: Directive) -> None:
    name = await directive_cards.name_of(turn.transaction, directive.done_by, turn.now)
    at = directive.done_at or turn.now
    turn.say(texts.directive_reported_already(name=name, at=at), case_id=directive.case_id)


async def write(turn: Turn, argument: str) -> None:
    """Take in one more message of a report in a private chat."""
    written = writing.writing_in(turn, STEP)
    if written is None:
        turn.say(texts.draft_gone())
        return
    found = await _for_unit(turn, written.choice)
    if found is None:
        writing.finish(turn, written.code)
        return
    await _add(turn, *found)


async def take_reply(turn: Turn, number: int) -> bool:
    """Take a reply to an order by somebody of the unit as the beginning of a report; False from others."""
    directive = await directives.get_directive(turn.transaction, number)
    if directive is None or access.post_at(turn.person, directive.unit_code) is None:
        return False
    message = turn.message
    plain = strip_accents(message.text).lower().strip()
    content = kept_files(turn) or message.unsupported
    if not content and len(plain) <= LONGEST_WORD and _RECEIVED.fullmatch(plain):
        await see(turn, str(number))
        return True
    found = await _for_unit(turn, str(number))
    if found is not None:
        await _add(turn, *found)
    return True


async def _add(turn: Turn, directive: Directive, case: Case | None, post: Post) -> None:
    """Add a message to the report that its writer is at, and show it."""
    if directive.status == directives.DONE:
        writing.finish(turn, _key(directive, case))
        await _say_reported(turn, directive)
        return
    if _is_of_colleague(turn, directive):
        await _say_of_colleague(turn, directive, case)
        return
    if turn.message.edited and directive.done_by is not None:
        turn.say(texts.directive_report_edited(), buttons=_send_rows(directive), case_id=directive.case_id)
        return
    text, files = turn.message.text.strip(), kept_files(turn)
    if not text and not files:
        lost = turn.message.unsupported
        turn.say(texts.directive_report_lost(what=lost) if lost else texts.directive_report_empty())
        return
    if directive.status == directives.GIVEN:  # whoever reports has read it
        await _mark_seen(turn, directive, case, post)
    directive.done_by = turn.person.id
    joined = "\n".join(part for part in (directive.report or "", text) if part)
    if len(joined) > LONGEST_REPORT:
        turn.say(texts.draft_too_long(limit=LONGEST_REPORT), buttons=_send_rows(directive))
        return
    directive.report = joined
    known = await directives.files_of_directive(turn.transaction, directive.id, directives.DRAFT)
    room = max(0, MOST_FILES - len(known))
    await directives.add_files(
        turn.transaction, directive.id, files[:room], purpose=directives.DRAFT, at=turn.now
    )
    directives.save_directive(turn.transaction, directive)
    await _show_draft(turn, directive, case)


async def _show_draft(turn: Turn, directive: Directive, case: Case | None) -> None:
    files = await directives.files_of_directive(turn.transaction, directive.id, directives.DRAFT)
    photos, recordings = directive_cards.counted(files)
    text = texts.directive_report_draft(
        about=about(turn.city, directive, case),
        text=directive.report or "",
        photos=photos,
        recordings=recordings,
    )
    turn.say(text, buttons=_send_rows(directive), case_id=directive.case_id)


def _send_rows(directive: Directive) -> list[list[Button]]:
    send = Button(label=texts.label_directive_send(), data=f"dsend:{directive.id}")
    again = Button(label=texts.label_directive_again(), data=f"dagain:{directive.id}")
    return [[send], [again]]


async def begin_again(turn: Turn, argument: str) -> None:
    """Throw away what was written of a report."""
    found = await _for_unit(turn, argument)
    if found is None:
        return
    directive, _, _ = found
    if directive.status == directives.DONE:
        await _say_reported(turn, directive)
    elif directive.done_by != turn.person.id:
        turn.say(texts.stale_button())
    else:
        directives.drop_draft_files(turn.transaction, directive.id)
        directive.report = directive.done_by = None
        directives.save_directive(turn.transaction, directive)
        turn.say(
            texts.reply_with_directive_report() if turn.chat.group else texts.directive_report_empty(),
            case_id=directive.case_id,
            spends=True,
        )


# ── sending it ───────────────────────────────────────────────────────────────────────────────────


async def send(turn: Turn, argument: str) -> None:
    """Send a report to whoever gave the order: its number."""
    found = await _for_unit(turn, argument)
    if found is None:
        return
    directive, case, post = found
    if directive.status == directives.DONE:
        await _say_reported(turn, directive)
        return
    files = await directives.files_of_directive(turn.transaction, directive.id, directives.DRAFT)
    if directive.done_by != turn.person.id or not (directive.report or files):
        turn.say(texts.stale_button())
        return
    writing.finish(turn, _key(directive, case))
    directive.status, directive.done_at, directive.next_check_at = directives.DONE, turn.now, None
    directives.send_draft_files(turn.transaction, directive.id)
    explains = directive.kind == directives.EXPLAIN
    data: dict[str, object] = {
        "text": directive.report or "",
        "files": [kept.media_key for kept in files],
        "unit": directive.unit_code,
    }
    event = "explained" if explains else "directive_reported"
    await _note(turn, directive, case, post, "reported", event, data)
    await _bring(turn, directive, case)


async def _bring(turn: Turn, directive: Directive, case: Case | None) -> None:
    """Show a report to whoever gave the order, and in the thread in which it was given."""
    files = await directives.files_of_directive(turn.transaction, directive.id, directives.ANSWER)
    told = await directive_cards.givers(turn.transaction, turn.city, directive, turn.now)
    name = await directive_cards.name_of(turn.transaction, directive.given_by, turn.now)
    news = directive_cards.with_files(
        OutboundMessage(text=_news(turn, directive, case, turn.person.name), buttons=_open(case)), files
    )
    directive_cards.send(turn.transaction, told, news, case=case, now=turn.now)
    turn.say(
        texts.directive_report_sent(giver=directive_cards.giver_name(turn.city, directive, name)),
        case_id=directive.case_id,
        spends=True,
    )
    await _tell_thread(turn, directive, case, news)


def _open(case: Case | None) -> tuple[tuple[Button, ...], ...]:
    if case is None:
        return ()
    return ((Button(label=texts.label_open_card(code=case.code), data=f"card:{case.code}"),),)


def _news(turn: Turn, directive: Directive, case: Case | None, name: str) -> str:
    return texts.directive_report_news(
        kind=directive.kind,
        unit=cards.unit_name(turn.city, directive.unit_code),
        name=name,
        about=about(turn.city, directive, case),
        text=directive.report or "",
        late=directive.due_at is not None and turn.now > directive.due_at,
        order=directive.text,
    )


async def _tell_thread(turn: Turn, directive: Directive, case: Case | None, news: OutboundMessage) -> None:
    """Show a report in the group in which its order was given, as far as the group may see it."""
    group = await _group_of(turn, directive)
    if group is None or (case is not None and not groups.shows(turn.city, group, case)):
        return
    if not groups.reaches(turn.city, group, directive.unit_code):
        return
    shown = OutboundMessage(
        text=group_cards.masked(news.text),
        photos=news.photos,
        files=news.files,
        buttons=((group_cards.open_button(case),),) if case else (),
        topic=directive.topic,
    )
    there = Address(group.channel, group.chat)
    waits = None if there == turn.address else directive_cards.unless_at_night(case, turn.now)
    urgency = messages.ANSWER if there == turn.address else messages.TO_MANY
    turn.tell(there, shown, case_id=directive.case_id, not_before=waits, urgency=urgency)


async def _group_of(turn: Turn, directive: Directive) -> Group | None:
    """Return the group in which an order was given, wherever its chat is by now."""
    if directive.group_id is None:
        return None
    group = await stored_groups.get_group(turn.transaction, directive.group_id)
    return group if group is not None and group.chat and group.status == stored_groups.ACTIVE else None


BUTTONS: dict[str, Handler] = {
    "dseen": see,
    "dreport": begin,
    "dsend": send,
    "dagain": begin_again,
    "dtake": take_over,
}
STEPS: dict[str, Handler] = {STEP: write}
