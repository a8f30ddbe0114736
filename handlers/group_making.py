"""`/lapnhom`: a leader or a chair says whom a group is for, sees who would be in it, and has it made."""

import re
from collections.abc import Sequence

from handlers import (
    access,
    cards,
    case_at_hand,
    draft,
    group_binding,
    group_members,
    group_scope,
    texts,
    unit_search,
    writing,
)
from handlers.channel import Button
from handlers.turn import Handler, Turn
from routing.organisation import City, Unit
from routing.responsibility import DISPATCH_UNIT
from routing.tracking_code import parse_code
from storage import cases, groups
from storage.cases import Case
from storage.groups import Group

LARGEST = 50
"""Units whose chairs can still talk with one another in one group."""
CLUSTER = 30
"""Units in a cluster at most."""
_UNITS, _UNIT, _CASE = "group:units", "group:unit", "group:case"
_PLACES = ("district", "ward")
_LIST = re.compile(r"[,;\n]+|\s+và\s+")
_LONGEST_TITLE = 100


# ── choosing ─────────────────────────────────────────────────────────────────────────────────────


async def begin(turn: Turn, argument: str) -> None:
    """`/lapnhom`: offer whom a group can be for; with a tracking code or names, show that group."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return
    top = access.unit_for_groups(turn.person, turn.city)
    if top is None:
        turn.say(texts.not_an_official(official=bool(turn.person.posts)))
    elif code := parse_code(argument):
        await _show_case(turn, top, code)
    elif argument.strip():
        await _show_named(turn, top, argument)
    else:
        _offer(turn, top)


def _offer(turn: Turn, top: str) -> None:
    below = len(places_below(turn.city, top))
    rows = []
    if below:
        rows.append([Button(label=texts.label_group_all(count=below), data="gpick:all")])
        rows.append([Button(label=texts.label_group_clusters(), data="gpick:clusters")])
    if departments := offices_below(turn.city, top):
        label = texts.label_group_departments(count=len(departments))
        rows.append([Button(label=label, data="gpick:departments")])
    rows.append([Button(label=texts.label_group_unit(), data="gpick:unit")])
    rows.append([Button(label=texts.label_group_case(), data="gpick:case")])
    turn.say(texts.group_for_whom(unit=cards.unit_name(turn.city, top)), buttons=rows)


def places_below(city: City, top: str) -> list[Unit]:
    """Return the wards or districts directly below a unit: neighbours together, by their codes."""
    found = [unit for unit in city.children(top) if unit.kind in _PLACES]
    return sorted(found, key=lambda unit: (unit.ward_code or "", unit.name))


def offices_below(city: City, top: str) -> list[Unit]:
    """Return the departments and the like directly below a unit."""
    return [unit for unit in city.children(top) if unit.kind not in _PLACES and unit.code != DISPATCH_UNIT]


def clusters(city: City, top: str) -> list[list[Unit]]:
    """Return the places below a unit in clusters of about the same size: a district with its wards where
    there are districts, else neighbouring wards."""
    below = places_below(city, top)
    if any(city.children(unit.code) for unit in below if unit.kind == "district"):
        return [[unit, *places_below(city, unit.code)] for unit in below]
    count = -(-len(below) // CLUSTER)
    return [below[len(below) * at // count : len(below) * (at + 1) // count] for at in range(count)]


async def pick(turn: Turn, argument: str) -> None:
    """Go on with what was chosen: `all`, `clusters`, `departments`, `unit` or `case`."""
    top = await _top(turn)
    if top is None:
        return
    match argument:
        case "all":
            await _pick_all(turn, top)
        case "clusters":
            _offer_clusters(turn, top)
        case "departments":
            units = [unit.code for unit in offices_below(turn.city, top)]
            title = texts.group_title_departments(unit=cards.unit_name(turn.city, top))
            await _propose(turn, "cluster", top, units, title)
        case "unit":
            _ask(turn, _UNIT, texts.group_which_unit())
        case "case":
            _ask(turn, _CASE, texts.group_which_case())
        case _:
            turn.say(texts.stale_button())


async def _top(turn: Turn) -> str | None:
    """Return the unit for whose units the writer may make groups; otherwise say that they may not."""
    if turn.chat.group:
        turn.say(texts.only_in_private())
        return None
    top = access.unit_for_groups(turn.person, turn.city)
    if top is None:
        turn.say(texts.not_an_official(official=bool(turn.person.posts)))
    return top


async def _pick_all(turn: Turn, top: str) -> None:
    units = places_below(turn.city, top) or offices_below(turn.city, top)
    if len(units) > LARGEST:
        _offer_clusters(turn, top, too_many=len(units))
        return
    title = texts.group_title_chairs(unit=cards.unit_name(turn.city, top))
    await _propose(turn, "chairs", top, [unit.code for unit in units], title)


def _offer_clusters(turn: Turn, top: str, *, too_many: int = 0) -> None:
    """Offer clusters, and let names of units be typed."""
    buttons, lines = [], []
    for number, units in enumerate(clusters(turn.city, top), start=1):
        label = units[0].name
        if not _is_district(units):
            label = texts.label_group_cluster(number=number, count=len(units))
            first, last = units[0].name, units[-1].name
            lines.append(texts.group_cluster_line(number=number, first=first, last=last))
        buttons.append(Button(label=label, data=f"gcluster:{number}"))
    rows = [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
    text = texts.group_which_cluster(too_many=too_many, largest=CLUSTER, lines=lines)
    _ask(turn, _UNITS, text, rows)


def _is_district(units: Sequence[Unit]) -> bool:
    """Tell whether a cluster is a district with its wards."""
    return units[0].kind == "district" and len(units) > 1


async def pick_cluster(turn: Turn, argument: str) -> None:
    """Show the group of one of the clusters that were offered."""
    top = await _top(turn)
    if top is None:
        return
    found = clusters(turn.city, top)
    if not argument.isdecimal() or not 1 <= int(argument) <= len(found):
        turn.say(texts.stale_button())
        return
    units = found[int(argument) - 1]
    title = units[0].name if _is_district(units) else texts.group_title_cluster(number=int(argument))
    await _propose(turn, "cluster", top, [unit.code for unit in units], title)


# ── naming ───────────────────────────────────────────────────────────────────────────────────────


def _ask(turn: Turn, step: str, text: str, rows: Sequence[Sequence[Button]] = ()) -> None:
    """Let the next message be what is asked for; an answer that is being written goes first."""
    if code := writing.code_at_work(turn):
        turn.say(texts.draft_busy(code=code), buttons=[[writing.drop_button(code)]])
        return
    if turn.chat.step not in STEPS:
        aside = draft.lay_aside(turn.chat.step, turn.chat.draft)
        turn.chat.draft = aside
    turn.chat.step = step
    turn.say(text, buttons=[*rows, [Button(label=texts.label_group_not(), data="gdrop")]])


def _stop_asking(turn: Turn) -> None:
    if turn.chat.step in STEPS:
        turn.chat.step, turn.chat.draft = draft.take_up(turn.chat.draft)


async def take_units(turn: Turn, argument: str) -> None:
    """Take the names of a cluster's units."""
    top = await _top(turn)
    if top is not None:
        await _show_named(turn, top, turn.message.text)


async def _show_named(turn: Turn, top: str, names: str) -> None:
    found, unknown = _find_units(turn.city, top, names)
    if unknown or not found:
        text = texts.group_units_unknown(names=unknown or [names], found=[unit.name for unit in found])
        _ask(turn, _UNITS, text)
    elif len(found) > CLUSTER:
        _ask(turn, _UNITS, texts.group_too_many(count=len(found), largest=CLUSTER))
    elif len(found) == 1:
        await _show_unit(turn, found[0])
    else:
        title = texts.group_title_named(names=[unit.name for unit in found])
        await _propose(turn, "cluster", top, [unit.code for unit in found], title)


def _find_units(city: City, top: str, names: str) -> tuple[list[Unit], list[str]]:
    """Return the units below `top` that are named, and the names that are none of theirs."""
    found: dict[str, Unit] = {}
    unknown: list[str] = []
    for name in filter(None, (part.strip(" .") for part in _LIST.split(names))):
        units = _named(city, top, name)
        if units:
            found[units[0].code] = units[0]
        else:
            unknown.append(name)
    return list(found.values()), unknown


def _named(city: City, top: str, name: str) -> list[Unit]:
    """Return the units below `top` with a name like this, best first; their offices only where none has."""
    below = [city.units[code] for code in city.subtree(top) if code != top and city.is_valid(code)]
    taken_over = unit_search.names_taken_over(city)
    chaired = [unit for unit in below if unit.kind != "office"]
    return unit_search.named(chaired, name, taken_over=taken_over) or unit_search.named(below, name)


async def take_unit(turn: Turn, argument: str) -> None:
    """Take the name of the one unit that a group is for, or offer those with a name like it."""
    top = await _top(turn)
    if top is None:
        return
    units = _named(turn.city, top, turn.message.text)
    if len(units) == 1:
        await _show_unit(turn, units[0])
        return
    buttons = [Button(label=unit_search.label(turn.city, unit), data=f"gunit:{unit.code}") for unit in units]
    rows = [[button] for button in buttons if cards.fits(button.data)]
    query = texts.excerpt(turn.message.text, 60)
    text = texts.group_choose_unit(query=query) if rows else texts.unit_not_found(query=query)
    _ask(turn, _UNIT, text, rows)


async def pick_unit(turn: Turn, argument: str) -> None:
    """Show the group of one unit and the one above it."""
    top = await _top(turn)
    if top is None:
        return
    if argument == top or not turn.city.is_within(argument, top) or not turn.city.is_valid(argument):
        turn.say(texts.stale_button())
    else:
        await _show_unit(turn, turn.city.units[argument])


async def _show_unit(turn: Turn, unit: Unit) -> None:
    above = unit.parent or turn.city.root.code
    title = texts.group_title_unit(unit=unit.name, above=cards.unit_name(turn.city, above))
    await _propose(turn, "unit", above, [unit.code], title)


async def take_case(turn: Turn, argument: str) -> None:
    """Take the code of the case that a group is for."""
    top = await _top(turn)
    if top is None:
        return
    if code := parse_code(turn.message.text):
        await _show_case(turn, top, code)
    else:
        _ask(turn, _CASE, texts.group_which_case())


async def pick_case(turn: Turn, argument: str) -> None:
    """Show the group of one case: `CODE`."""
    top = await _top(turn)
    if top is not None:
        await _show_case(turn, top, parse_code(argument) or "")


async def _show_case(turn: Turn, top: str, code: str) -> None:
    """Show the group of a case: the unit that has it, those that support it, and who is above them."""
    case = await cases.get_case(turn.transaction, code)
    if case is None or not access.may(turn.person, turn.city, "see", case):
        await case_at_hand.say_out_of_reach(turn, case)
    elif not group_scope.may_be_shown(turn.city, case) or case.unit_code is None:
        turn.say(texts.group_case_not_shown(code=case.code, waiting=case.unit_code is None))
    elif existing := await groups.group_for_case(turn.transaction, case.id):
        turn.say(texts.group_case_has_one(code=case.code, title=existing.title))
    else:
        present = await group_members.units_of_case(turn.transaction, case)
        units = group_scope.standing(turn.city, present)
        await _propose(turn, "case", top, units, texts.group_title_case(code=case.code), case=case)


# ── making ───────────────────────────────────────────────────────────────────────────────────────


async def _propose(
    turn: Turn, purpose: str, above: str, units: Sequence[str], title: str, *, case: Case | None = None
) -> None:
    """Show who would be in a group, and who has no account where it is to be made."""
    _stop_asking(turn)
    group = groups.propose_group(
        turn.transaction,
        channel=turn.chat.channel,
        title=title[:_LONGEST_TITLE],
        purpose=purpose,
        unit_code=above,
        units=units,
        case_id=case.id if case else None,
        created_by=turn.person.id,
        now=turn.now,
    )
    there, absent = await group_members.without_account(turn.transaction, turn.city, group, now=turn.now)
    text = texts.group_proposed(title=group.title, members=there, absent=absent)
    make = Button(label=texts.label_group_make(), data=f"gmake:{group.id}")
    turn.say(text, buttons=[[make], [Button(label=texts.label_group_not(), data=f"gdrop:{group.id}")]])


async def _own(turn: Turn, argument: str, *statuses: str) -> Group | None:
    """Return the writer's group of this number while it stands so; otherwise say that it is too late."""
    group = await groups.get_group(turn.transaction, int(argument)) if argument.isdecimal() else None
    top = access.unit_for_groups(turn.person, turn.city)
    own = group is not None and group.created_by == turn.person.id and group.status in statuses
    if turn.chat.group or group is None or not own or not turn.city.is_within(group.unit_code, top or ""):
        turn.say(texts.stale_button())
        return None
    return group


async def make(turn: Turn, argument: str) -> None:
    """Have the group made that was shown: one tap, once."""
    group = await _own(turn, argument, groups.PROPOSED)
    if group is None:
        return
    if obstacle := await _obstacle(turn, group):
        groups.set_status(turn.transaction, group.id, groups.CLOSED)
        turn.say(obstacle)
    else:
        turn.say(texts.group_being_made(title=group.title))
        await group_binding.ask_for(turn.transaction, turn.city, group, asker=turn.address, now=turn.now)


async def _obstacle(turn: Turn, group: Group) -> str:
    """Say why the group of a case is not to be made any more; the case is kept from others meanwhile."""
    if group.case_id is None:
        return ""
    case = await cases.get_case_by_id(turn.transaction, group.case_id, lock=True)
    if case is None or not group_scope.shows(turn.city, group, case):
        return texts.stale_button()
    existing = await groups.group_in_use_for_case(turn.transaction, case.id, now=turn.now)
    return texts.group_case_has_one(code=case.code, title=existing.title) if existing else ""


async def drop(turn: Turn, argument: str) -> None:
    """Make no group after all."""
    _stop_asking(turn)
    if argument.isdecimal():
        group = await _own(turn, argument, groups.PROPOSED)
        if group is None:
            return
        groups.set_status(turn.transaction, group.id, groups.CLOSED)
    turn.say(texts.group_dropped())


COMMANDS: dict[str, Handler] = {"/lapnhom": begin}
BUTTONS: dict[str, Handler] = {
    "gpick": pick,
    "gcluster": pick_cluster,
    "gunit": pick_unit,
    "gcase": pick_case,
    "gmake": make,
    "gdrop": drop,
}
STEPS: dict[str, Handler] = {_UNITS: take_units, _UNIT: take_unit, _CASE: take_case}
