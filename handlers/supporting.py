"""Supporting units: asked by the unit that has the case, each with a part of its own that it answers."""

from datetime import datetime

from handlers import (
    access,
    cards,
    case_at_hand,
    notices,
    part_cards,
    progress,
    texts,
    unit_search,
    viewing,
    writing,
)
from handlers.channel import Button
from handlers.progress import actor_of
from handlers.turn import Handler, Turn
from routing import deadline
from routing.organisation import City, Unit
from routing.workflow import Action
from storage import cases, parts, people
from storage.cases import Case
from storage.database import Transaction
from storage.parts import ListedPart, Part
from storage.people import Official, Post

UNIT, TASK = f"{writing.PREFIX}support", f"{writing.PREFIX}task"
ANSWER, DECLINE = f"{writing.PREFIX}part", f"{writing.PREFIX}decline"
PAGE = 5
BATCH = 200
LINES = 10


# ── asking ───────────────────────────────────────────────────────────────────────────────────────


async def ask(turn: Turn, argument: str) -> None:
    """Offer the units that may support a case: `CODE`."""
    found = await case_at_hand.ready_for(turn, argument, Action.ASK_SUPPORT)
    if found is None or writing.begin(turn, UNIT, found[0].code) is None:
        return
    case = found[0]
    _offer(
        turn,
        case,
        unit_search.likely(turn.city, case, turn.now),
        texts.choose_supporting_unit(code=case.code),
    )


def _offer(turn: Turn, case: Case, units: list[Unit], text: str) -> None:
    rows = [
        [Button(label=unit_search.label(turn.city, unit), data=f"sup:{case.code}:{unit.code}")]
        for unit in units
    ]
    fitting = [row for row in rows if cards.fits(row[0].data)]
    turn.say(text, buttons=[*fitting, [writing.drop_button(case.code)]], case_id=case.id)


async def find_unit(turn: Turn, argument: str) -> None:
    """Find the unit whose name was typed."""
    written = writing.writing_in(turn, UNIT)
    if written is None:
        turn.say(texts.draft_gone())
        return
    found = await case_at_hand.ready_for(turn, written.code, Action.ASK_SUPPORT)
    if found is None:
        return
    case, query = found[0], turn.message.text.strip()
    units = unit_search.by_name(turn.city, case, query, turn.now) if query else []
    if units:
        _offer(turn, case, units, texts.supporting_units_named(code=case.code, query=query))
    else:
        _offer(turn, case, [], texts.unit_not_found(query=query) if query else texts.words_please())


async def choose_unit(turn: Turn, argument: str) -> None:
    """Ask what the chosen unit should do: `CODE:unit`."""
    found = await _to_ask(turn, argument)
    if found is None:
        return
    case, _, unit_code = found
    if turn.chat.step == UNIT:
        writing.finish(turn, case.code)
    if writing.begin(turn, TASK, case.code, unit_code) is not None:
        unit = cards.unit_name(turn.city, unit_code)
        buttons = [[writing.drop_button(case.code)]]
        turn.say(texts.write_task(code=case.code, unit=unit), buttons=buttons, case_id=case.id)


async def _to_ask(turn: Turn, argument: str) -> tuple[Case, Post, str] | None:
    """Return a case, the post that may ask and the unit that can be asked; otherwise say why not."""
    code, _, unit_code = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.ASK_SUPPORT)
    if found is None:
        return None
    case, post = found
    known = await parts.parts_of(turn.transaction, case.id)
    if unit_code not in unit_search.possible(turn.city, case, turn.now):
        turn.say(texts.unit_not_possible(code=case.code))
    elif any(each.unit_code == unit_code and each.status == parts.OPEN for each in known):
        turn.say(texts.asked_already(code=case.code, unit=cards.unit_name(turn.city, unit_code)))
    else:
        return case, post, unit_code
    return None


async def write_task(turn: Turn, argument: str) -> None:
    """Take in what the supporting unit should do."""
    written = writing.writing_in(turn, TASK)
    if written is None:
        turn.say(texts.draft_gone())
        return
    found = await case_at_hand.ready_for(turn, written.code, Action.ASK_SUPPORT)
    if found is None or not writing.add(turn, written):
        return
    drop = [writing.drop_button(written.code)]
    if not written.text:
        turn.say(texts.words_please(), buttons=[drop])
        return
    text = texts.task_draft(
        code=written.code,
        unit=cards.unit_name(turn.city, written.choice),
        task=written.text,
        due_at=part_cards.due_at(found[0], turn.now),
    )
    send = Button(label=texts.label_send_support(), data=f"sendsupport:{written.code}")
    turn.say(text, buttons=[[send], drop], case_id=found[0].id)


async def send(turn: Turn, argument: str) -> None:
    """Ask the unit to support: it gets a card of its own; the case stays where it is."""
    written = writing.writing_in(turn, TASK)
    if written is None or not written.text or written.code != argument:
        turn.say(texts.draft_gone())
        return
    found = await _to_ask(turn, f"{written.code}:{written.choice}")
    if found is None:
        return
    case, post, unit_code = found
    writing.finish(turn, case.code)
    actor = actor_of(turn.person.id, post)
    part = progress.add_part(turn.transaction, case, unit_code, written.text, actor=actor, now=turn.now)
    data = {"unit": unit_code, "task": written.text, "part": part.id}
    await case_at_hand.move(turn, case, Action.ASK_SUPPORT, post, data)
    unit = cards.unit_name(turn.city, unit_code)
    turn.say(texts.support_asked(code=case.code, unit=unit, due_at=part.due_at), case_id=case.id)
    await progress.tell_supporting(turn.transaction, turn.city, case, [part], now=turn.now)


# ── contributing ─────────────────────────────────────────────────────────────────────────────────


async def list_parts(turn: Turn, argument: str = "") -> None:
    """`/phoihop`: what the writer's units were asked to contribute, by when it is due."""
    codes = access.units_for_work(turn.person)
    if turn.chat.group or not codes:
        official = bool(turn.person.posts)
        turn.say(texts.only_in_private() if turn.chat.group else texts.not_an_official(official=official))
        return
    count = await parts.count_open_parts_of_units(turn.transaction, codes)
    first = int(argument) if argument.isascii() and argument.isdecimal() and int(argument) < count else 0
    page = await parts.open_parts_of_units(turn.transaction, codes, limit=PAGE, offset=first)
    if not page:
        turn.say(texts.no_parts(units=[cards.unit_name(turn.city, code) for code in codes]))
        return
    rows = [[Button(label=each.code, data=f"part:{each.id}")] for each in page]
    if first + PAGE < count:
        rows.append([Button(label=texts.label_more(), data=f"parts:{first + PAGE}")])
    lines = [_line(turn.city, number, each) for number, each in enumerate(page, start=first + 1)]
    turn.say(texts.parts_list(count=count, lines=lines), buttons=rows)


def _line(city: City, number: int, part: ListedPart) -> str:
    return texts.part_line(
        number=number,
        code=part.code,
        domain=cards.domain_name(city, part.domain),
        place=texts.place_name(part.street, part.ward_name),
        task=part.task,
        due_at=part.due_at,
    )


async def show(turn: Turn, argument: str) -> None:
    """Show the card of one part: its number."""
    found = await _part_for(turn, argument)
    if found is None:
        return
    case, part, post = found
    await viewing.note(turn, case, post)
    photos = await cases.photos_of(turn.transaction, case.id, "report")
    turn.tell(
        turn.address,
        part_cards.part_card(turn.city, case, part, now=turn.now, photos=photos),
        case_id=case.id,
    )


async def _part_for(turn: Turn, number: str) -> tuple[Case, Part, Post] | None:
    """Return a part with its case and the writer's post at the unit that was asked; otherwise say so."""
    known = int(number) if number.isascii() and number.isdecimal() and len(number) < 20 else 0
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    part = await parts.get_part(turn.transaction, known) if known else None
    post = access.post_at(turn.person, part.unit_code) if part else None
    case = await cases.get_case_by_id(turn.transaction, part.case_id, lock=True) if part and post else None
    part = await parts.get_part(turn.transaction, known, lock=True) if case else None
    if case is None or part is None or post is None or not _may_see(turn.city, case, part):
        turn.say(texts.no_such_part())
        return None
    return case, part, post


def _may_see(city: City, case: Case, part: Part) -> bool:
    """Tell whether a supporting unit sees a case: one that is kept among few only as its rules say."""
    return not access.is_restricted(city, case) or access.may_receive(city, part.unit_code, case)


async def _open_part_for(turn: Turn, number: str) -> tuple[Case, Part, Post] | None:
    found = await _part_for(turn, number)
    if found is None or found[1].status == parts.OPEN:
        return found
    case, part, _ = found
    turn.say(texts.part_over(code=case.code, status=part.status))
    writing.finish(turn, case.code)
    return None


async def answer(turn: Turn, argument: str) -> None:
    """Ask for what the unit contributes: the part's number."""
    await _begin(turn, argument, ANSWER)


async def decline(turn: Turn, argument: str) -> None:
    """Ask why the unit cannot take the part: its number."""
    await _begin(turn, argument, DECLINE)


async def _begin(turn: Turn, argument: str, step: str) -> None:
    found = await _open_part_for(turn, argument)
    if found is None or writing.begin(turn, step, found[0].code, argument) is None:
        return
    code = found[0].code
    text = texts.write_part(code=code) if step == ANSWER else texts.ask_why_declined(code=code)
    turn.say(text, buttons=[[writing.drop_button(code)]], case_id=found[0].id)


async def take_reply(turn: Turn, case: Case) -> bool:
    """Take a reply to the card of a part as the beginning of its answer; False where none is open."""
    own = {post.unit_code for post in turn.person.posts}
    known = await parts.parts_of(turn.transaction, case.id)
    part = next((each for each in known if each.unit_code in own and each.status == parts.OPEN), None)
    if part is None or access.post_at(turn.person, part.unit_code) is None:
        return False
    if not _may_see(turn.city, case, part):
        return False
    if writing.begin(turn, ANSWER, case.code, str(part.id)) is not None:
        await write_answer(turn, "")
    return True


async def write_answer(turn: Turn, argument: str) -> None:
    """Take in one more message of what the unit contributes."""
    written = writing.writing_in(turn, ANSWER)
    if written is None:
        turn.say(texts.draft_gone())
        return
    if await _open_part_for(turn, written.choice) is None or not writing.add(turn, written):
        return
    drop = [writing.drop_button(written.code)]
    if not written.text:
        turn.say(texts.words_please(), buttons=[drop])
        return
    send = Button(label=texts.label_send_part(), data=f"sendpart:{written.choice}")
    text = texts.part_draft(code=written.code, text=written.text, photos=len(written.photos))
    turn.say(text, buttons=[[send], drop])


async def send_answer(turn: Turn, argument: str) -> None:
    """Bring the unit that has the case what this unit contributes: the part's number."""
    found = await _open_part_for(turn, argument)
    if found is None:
        return
    case, part, post = found
    written = writing.writing_in(turn, ANSWER, case.code)
    if written is None or not written.text or written.choice != argument:
        turn.say(texts.draft_gone(), buttons=part_cards.buttons(part))
        return
    writing.finish(turn, case.code)
    _settle(turn, case, part, post, parts.DONE, written.text, written.photos)
    cases.attach_photos(turn.transaction, case.id, written.photos, "part", turn.now)
    turn.say(texts.part_sent(code=case.code, lead=cards.unit_name(turn.city, case.unit_code)))
    unit, photos = cards.unit_name(turn.city, part.unit_code), len(written.photos)
    news = texts.part_news(code=case.code, unit=unit, text=written.text, photos=photos)
    await progress.tell_unit(
        turn.transaction,
        turn.city,
        case,
        news,
        now=turn.now,
        photos=written.photos,
        buttons=case_at_hand.card_button(case),
    )


async def decline_for(turn: Turn, reason: str) -> None:
    """Decline a part for the reason that was typed."""
    written = writing.writing_in(turn, DECLINE)
    found = await _open_part_for(turn, written.choice) if written else None
    if found is None:
        return
    case, part, post = found
    writing.finish(turn, case.code)
    _settle(turn, case, part, post, parts.DECLINED, reason, [])
    turn.say(texts.part_declined(code=case.code, lead=cards.unit_name(turn.city, case.unit_code)))
    unit = cards.unit_name(turn.city, part.unit_code)
    news = texts.part_declined_news(code=case.code, unit=unit, reason=reason)
    await progress.tell_unit(
        turn.transaction, turn.city, case, news, now=turn.now, buttons=case_at_hand.card_button(case)
    )


def _settle(
    turn: Turn, case: Case, part: Part, post: Post, status: str, text: str, photos: list[str]
) -> None:
    part.status, part.answer, part.answered_at, part.officer_id = status, text, turn.now, turn.person.id
    parts.save_part(turn.transaction, part)
    progress.record(
        turn.transaction,
        case,
        "part_answered" if status == parts.DONE else "part_declined",
        actor=actor_of(turn.person.id, post),
        now=turn.now,
        data={"part": part.id, "unit": part.unit_code, "text": text, "photos": photos},
        unit_code=part.unit_code,
    )
    cases.save_case(turn.transaction, case)


# ── reminding ────────────────────────────────────────────────────────────────────────────────────


async def remind(transaction: Transaction, city: City, now: datetime) -> int:
    """Remind units of parts that are due, once each and never at night or on a day off; return how many."""
    if not city.calendar.is_working_day(
        now.astimezone(deadline.LOCAL_TIME).date()
    ) or deadline.in_quiet_hours(now):
        return 0
    due = await parts.parts_due(transaction, now=now, limit=BATCH)
    if not due:
        return 0
    parts.mark_reminded(transaction, due, now)
    units = sorted({part.unit_code for part in due})
    concerned: dict[int, tuple[Official, list[ListedPart]]] = {}
    there = await people.officials_of(transaction, units, now=now)
    staffed = {official.unit_code for official in there}
    if staffed != set(units):
        there += await people.officials_by_role(transaction, "dispatcher", now=now)
    for official in there:
        dispatches = official.role == "dispatcher"
        own = [
            part
            for part in due
            if (part.unit_code not in staffed if dispatches else part.unit_code == official.unit_code)
        ]
        concerned.setdefault(official.person_id, (official, []))[1].extend(own)
    for official, own in concerned.values():
        _post_due(transaction, city, official, own, now)
    return len(due)


def _post_due(
    transaction: Transaction, city: City, official: Official, own: list[ListedPart], now: datetime
) -> None:
    listed = list({part.id: part for part in own}.values())
    lines = [_line(city, number, part) for number, part in enumerate(listed[:LINES], start=1)]
    text = texts.parts_due(lines=lines, more=max(0, len(listed) - LINES))
    rows = [[Button(label=part.code, data=f"part:{part.id}")] for part in listed[:LINES]]
    notices.post_to(transaction, [official], notices.message_of(text, buttons=rows), now=now)


COMMANDS: dict[str, Handler] = {"/phoihop": list_parts}
BUTTONS: dict[str, Handler] = {
    "support": ask,
    "sup": choose_unit,
    "sendsupport": send,
    "parts": list_parts,
    "part": show,
    "partanswer": answer,
    "partdecline": decline,
    "sendpart": send_answer,
}
STEPS: dict[str, Handler] = {
    UNIT: find_unit,
    TASK: write_task,
    ANSWER: write_answer,
    DECLINE: writing.take_reason,
}
REASONS: dict[str, Handler] = {DECLINE: decline_for}
