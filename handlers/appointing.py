"""Who at the unit does it: the chair gives a case to an officer, a colleague takes one over knowingly."""

from collections.abc import Sequence

from handlers import cards, case_at_hand, progress, texts, unit_search, writing
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing import workflow
from routing.workflow import Action
from storage import people, worklists
from storage.cases import Case
from storage.people import Official, Post

APPOINT = f"{writing.PREFIX}appoint"
PAGE = 8
"""Officers on one page of buttons."""


# ── the chair gives it to somebody ───────────────────────────────────────────────────────────────


async def appoint(turn: Turn, argument: str) -> None:
    """Ask who at the unit shall do it: `CODE`, or `CODE:offset` for a later page."""
    code, _, offset = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.APPOINT)
    if found is None or writing.begin(turn, APPOINT, found[0].code) is None:
        return
    case, post = found
    officers = await _officers(turn, case)
    others = [each for each in officers if each.person_id not in (turn.person.id, case.officer_id)]
    first = int(offset) if offset.isascii() and offset.isdecimal() and int(offset) < len(others) else 0
    rows = await _buttons(turn, case, others[first : first + PAGE])
    rows += _page_buttons(case, first, len(others))
    if post.unit_code == case.unit_code and case.officer_id != turn.person.id:
        rows.append([Button(label=texts.label_myself(), data=f"appointme:{case.code}")])
    text = texts.choose_officer(code=case.code, name=_name_of(officers, case.officer_id))
    if not others:
        text = texts.no_officer(unit=cards.unit_name(turn.city, case.unit_code))
    turn.say(text, buttons=[*rows, [writing.drop_button(case.code)]], case_id=case.id)


async def _officers(turn: Turn, case: Case) -> list[Official]:
    """Return who can be given a case: whoever works at its unit and can be reached, officers first."""
    there = await people.officials_of(turn.transaction, case.unit_code or "", now=turn.now)
    return sorted(there, key=lambda each: each.role != "officer")


def _name_of(officers: Sequence[Official], person_id: int | None) -> str:
    return next((each.name for each in officers if each.person_id == person_id), "")


async def _buttons(turn: Turn, case: Case, officers: Sequence[Official]) -> list[list[Button]]:
    """Return a button for each officer that tells how many open cases they have."""
    ids = [each.person_id for each in officers]
    counts = await worklists.open_cases_of_officers(turn.transaction, ids)
    return [
        [
            Button(
                label=texts.officer_choice(name=each.name, count=counts.get(each.person_id, 0)),
                data=f"appointto:{case.code}:{each.person_id}",
            )
        ]
        for each in officers
    ]


def _page_buttons(case: Case, first: int, count: int) -> list[list[Button]]:
    row = []
    if first > 0:
        row.append(Button(label=texts.label_previous(), data=f"appoint:{case.code}:{max(0, first - PAGE)}"))
    if first + PAGE < count:
        row.append(Button(label=texts.label_more(), data=f"appoint:{case.code}:{first + PAGE}"))
    return [row] if row else []


async def find_officer(turn: Turn, argument: str) -> None:
    """Offer the officers with a name like the typed one."""
    written = writing.writing_in(turn, APPOINT)
    found = await case_at_hand.ready_for(turn, written.code, Action.APPOINT) if written else None
    if written is None:
        turn.say(texts.draft_gone())
    if found is None:
        return
    case, _ = found
    query = turn.message.text.strip()
    officers = {str(each.person_id): each for each in await _officers(turn, case)}
    ids = unit_search.alike({key: each.name for key, each in officers.items()}, query) if query else []
    if ids:
        text = texts.choose_officer_again(code=case.code, query=query)
    elif query:
        text = texts.officer_not_found(query=query, unit=cards.unit_name(turn.city, case.unit_code))
    else:
        text = texts.words_please()
    rows = await _buttons(turn, case, [officers[key] for key in ids])
    turn.say(text, buttons=[*rows, [writing.drop_button(case.code)]], case_id=case.id)


async def appoint_to(turn: Turn, argument: str) -> None:
    """Give a case to the chosen officer: `CODE:person`."""
    code, _, person_id = argument.partition(":")
    found = await case_at_hand.ready_for(turn, code, Action.APPOINT)
    if found is None:
        return
    case, post = found
    officers = await _officers(turn, case)
    chosen = next((each for each in officers if str(each.person_id) == person_id), None)
    if chosen is None:
        turn.say(texts.officer_gone(code=case.code), buttons=_appoint_button(case), case_id=case.id)
    elif chosen.person_id == case.officer_id:
        turn.say(texts.appointed_already(code=case.code, name=chosen.name))
    else:
        await _appoint(turn, case, post, chosen)


def _appoint_button(case: Case) -> list[list[Button]]:
    return [[Button(label=texts.label_appoint(), data=f"appoint:{case.code}")]]


async def _appoint(turn: Turn, case: Case, post: Post, chosen: Official) -> None:
    before = case.officer_id
    writing.finish(turn, case.code)
    data = {"officer": chosen.person_id, "name": chosen.name}
    await case_at_hand.move(turn, case, Action.APPOINT, post, data)
    turn.say(
        texts.appointed(code=case.code, name=chosen.name, due_at=case.due_at),
        buttons=case_at_hand.card_button(case),
        case_id=case.id,
    )
    note = await case_at_hand.note_for(turn, case, texts.given_to_you(name=turn.person.name))
    await progress.announce(turn.transaction, turn.city, case, now=turn.now, note=note, officials=[chosen])
    text = texts.not_yours_any_more(code=case.code, name=chosen.name)
    await case_at_hand.tell_officer(turn, case, before, text, unit_code=case.unit_code)


async def appoint_myself(turn: Turn, argument: str) -> None:
    """The chair does it: accepts it, or takes it over from whoever has it."""
    await take_over(turn, argument)


# ── a colleague takes it over ────────────────────────────────────────────────────────────────────


async def take_over(turn: Turn, argument: str) -> None:
    """Take up a case that a colleague has: `CODE`, or `CODE:person` as asked, void once another has it."""
    code, _, asked = argument.partition(":")
    found = await case_at_hand.case_for(turn, code, Action.TAKE_OVER)
    if found is None:
        return
    case, post = found
    allowed = workflow.allowed_actions(case.status, post.role)
    action = next((each for each in (Action.TAKE_OVER, Action.ACCEPT) if each in allowed), None)
    if action is None:
        await case_at_hand.say_too_late(turn, case)
    elif action == Action.TAKE_OVER and case.officer_id == turn.person.id:
        turn.say(texts.accepted_by_you(code=case.code), case_id=case.id)
    elif asked and asked != str(case.officer_id):
        await ask_take_over(turn, case)
    else:
        await _take_over(turn, case, post, action)


async def _take_over(turn: Turn, case: Case, post: Post, action: Action) -> None:
    before = case.officer_id
    writing.finish(turn, case.code)
    await case_at_hand.move(turn, case, action, post, {"was": before} if before else None)
    turn.say(
        texts.taken_over(code=case.code, due_at=case.due_at),
        buttons=case_at_hand.buttons(turn, case),
        case_id=case.id,
    )
    text = texts.not_yours_any_more(code=case.code, name=turn.person.name)
    await case_at_hand.tell_officer(turn, case, before, text, unit_code=case.unit_code)
    if action == Action.ACCEPT:
        unit = cards.unit_name(turn.city, case.unit_code)
        news = texts.case_accepted(code=case.code, unit=unit, due_at=case.due_at)
        await progress.tell_reporter(turn.transaction, case, news, now=turn.now)


async def ask_take_over(turn: Turn, case: Case) -> None:
    """Tell who has a case and ask whether the writer means to take it over."""
    officer = await people.get_person(turn.transaction, case.officer_id or 0, now=turn.now)
    turn.say(
        texts.ask_take_over(code=case.code, name=officer.name if officer else ""),
        buttons=[*case_at_hand.take_over_button(turn, case), *case_at_hand.card_button(case)],
        case_id=case.id,
    )


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {
    "appoint": appoint,
    "appointto": appoint_to,
    "appointme": appoint_myself,
    "takeover": take_over,
}
STEPS: dict[str, Handler] = {APPOINT: find_officer}
