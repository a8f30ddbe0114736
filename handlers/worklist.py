"""`/viec`: how a unit stands at a glance, and its open cases as a whole or one list of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, time

from handlers import access, cards, extending, texts
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing import deadline
from routing.deadline import LOCAL_TIME
from storage import cases, people, worklists
from storage.cases import Case
from storage.worklists import LISTS, Counts, Deciding

PAGE = 5
"""Cases on one page of a list."""
_COLUMNS = 2
_DECISIONS = "decisions"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Desk:
    """The units that somebody works for, and what waits for their decision."""

    units: tuple[str, ...]
    deciding: Deciding
    names: str


async def _desk_of(turn: Turn) -> _Desk | None:
    """Return what the writer's posts put before them, None for nothing."""
    units = access.units_for_work(turn.person)
    chaired = tuple(dict.fromkeys(post.unit_code for post in turn.person.posts if post.role == "chair"))
    leads = (turn.city.root.code,) if "leader" in turn.person.roles else ()
    if not units and not leads:
        return None
    deciding = Deciding(
        leading=leads,
        granting=chaired,
        approving=chaired,
        standing_in=await _without_chair(turn, chaired),
        hidden=[domain.id for domain in turn.city.domains.values() if domain.restricted],
    )
    names = ", ".join(cards.unit_name(turn.city, code) for code in units or leads)
    return _Desk(units=units, deciding=deciding, names=names)


async def _without_chair(turn: Turn, chaired: Collection[str]) -> set[str]:
    """Return the units below these with no chair of their own, nor one between, who can be reached."""
    below = {code for unit in chaired for code in turn.city.subtree(unit)} - set(chaired)
    if not below:
        return set()
    known = await people.officials_of(turn.transaction, sorted(below), now=turn.now, roles=("chair",))
    staffed = {official.unit_code for official in known}
    covered = {code for unit in staffed for code in turn.city.subtree(unit)}
    return below - covered


async def show_page(turn: Turn, argument: str) -> None:
    """Show how things stand and a page of open cases: `offset`, or `list:offset` for one of the lists."""
    desk = await _desk_of(turn)
    if turn.chat.group or desk is None:
        official = bool(turn.person.posts)
        turn.say(texts.only_in_private() if turn.chat.group else texts.not_an_official(official=official))
        return
    counts = await _count(turn, desk)
    name, _, offset = argument.rpartition(":")
    name = name if name in LISTS else _first_list(desk, counts)
    count = getattr(counts, name) if name else counts.open
    first = _page_start(offset, count)
    page = await _page(turn, desk, name, first)
    if page:
        officers = (
            await worklists.names_of_officers(turn.transaction, page) if desk.deciding.approving else {}
        )
        lines = [
            _line(turn, number, case, name, officers) for number, case in enumerate(page, start=first + 1)
        ]
        rows = [[Button(label=case.code, data=f"card:{case.code}")] for case in page]
        turn.say(
            texts.work_page(heading=_heading(desk, counts, name), count=count, first=first + 1, lines=lines),
            buttons=[*rows, *_page_buttons(name, first, count), *_list_buttons(desk, counts, name)],
        )
    else:
        _say_empty(turn, desk, counts, name)


def _first_list(desk: _Desk, counts: Counts) -> str:
    """Return what is shown at first: everything, for who has only decisions to make these."""
    nothing_open = counts.open == 0 and counts.decisions > 0
    return _DECISIONS if nothing_open or not desk.units else ""


async def _count(turn: Turn, desk: _Desk) -> Counts:
    midnight = datetime.combine(turn.now.astimezone(LOCAL_TIME).date(), time(), LOCAL_TIME)
    return await worklists.count(
        turn.transaction,
        desk.units,
        person_id=turn.person.id,
        now=turn.now,
        today_from=midnight,
        deciding=desk.deciding,
    )


async def _page(turn: Turn, desk: _Desk, name: str, first: int) -> list[Case]:
    if not name:
        return await cases.open_cases_of_units(turn.transaction, desk.units, limit=PAGE, offset=first)
    return await worklists.page(
        turn.transaction,
        name,
        desk.units,
        person_id=turn.person.id,
        now=turn.now,
        deciding=desk.deciding,
        limit=PAGE,
        offset=first,
    )


def _page_start(argument: str, count: int) -> int:
    offset = int(argument) if argument.isascii() and argument.isdecimal() and len(argument) < 10 else 0
    return offset if offset < count else max(0, (count - 1) // PAGE * PAGE)


def _heading(desk: _Desk, counts: Counts, name: str) -> str:
    if name:
        return texts.list_heading(name=name, units=desk.names, count=getattr(counts, name))
    return texts.work_summary(
        units=desk.names,
        count=counts.open,
        today=counts.today,
        unaccepted=counts.unaccepted,
        at_risk=counts.at_risk,
        overdue=counts.overdue,
        decisions=counts.decisions,
    )


def _say_empty(turn: Turn, desk: _Desk, counts: Counts, name: str) -> None:
    text = texts.list_empty(name=name, units=desk.names) if name else texts.no_work(units=[desk.names])
    if not desk.units:  # who only decides has no other list
        text = texts.no_decision_waits()
    turn.say(text, buttons=_list_buttons(desk, counts, name))


def _page_buttons(name: str, first: int, count: int) -> list[list[Button]]:
    prefix, row = f"work:{name}:" if name else "work:", []
    if first > 0:
        row.append(Button(label=texts.label_previous(), data=f"{prefix}{max(0, first - PAGE)}"))
    if first + PAGE < count:
        row.append(Button(label=texts.label_more(), data=f"{prefix}{first + PAGE}"))
    return [row] if row else []


def _list_buttons(desk: _Desk, counts: Counts, shown: str) -> list[list[Button]]:
    """Return a button for each list that is neither empty nor all there is."""
    counted = {name: getattr(counts, name) for name in LISTS}
    buttons = [
        Button(label=texts.label_list(name=name, count=count), data=f"work:{name}:0")
        for name, count in counted.items()
        if name != shown and count and (name == _DECISIONS or count < counts.open)
    ]
    if shown and counts.open:
        buttons.append(Button(label=texts.label_all_work(), data="work:0"))
    return [buttons[start : start + _COLUMNS] for start in range(0, len(buttons), _COLUMNS)]


def _line(turn: Turn, number: int, case: Case, name: str, officers: Mapping[int, str]) -> str:
    due = texts.due_phrase(due_at=case.due_at, standing=standing_of(turn, case))
    if officer := officers.get(case.officer_id or 0):
        due = texts.due_with(due=due, name=officer)
    asked = extending.decision(turn.city, case) if name == _DECISIONS else ""
    # A ward's own list does not name the ward on every line.
    own_ward = case.ward_name == cards.unit_name(turn.city, case.unit_code) and name != _DECISIONS
    return texts.work_line(
        number=number,
        code=case.code,
        domain=cards.domain_name(turn.city, case.domain),
        place=texts.place_name(street=case.street, ward="" if own_ward else case.ward_name),
        status=case.status,
        due=f"{due}\n   {asked}" if asked else due,
        urgent=case.urgent,
        people=case.people_count,
    )


def standing_of(turn: Turn, case: Case) -> str:
    """Return how an open case stands now; on track while it has no deadline."""
    if case.due_at is None or case.warn_at is None:
        return deadline.Standing.ON_TRACK
    return deadline.standing(
        turn.now,
        status=case.status,
        due_at=case.due_at,
        warn_at=case.warn_at,
        paused_at=case.paused_at,
        answered_at=case.answered_at or turn.now,
    )


COMMANDS: dict[str, Handler] = {}
BUTTONS: dict[str, Handler] = {"work": show_page}
STEPS: dict[str, Handler] = {}
