"""Carrying out a change of the tree: first the units, then people, cases, parts and orders, then the news.

Each batch is one transaction and leaves with the change how far it has come, so that whoever goes on after
an interruption, or at the same time, does nothing twice.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from handlers import access, cards, directive_cards, notices, progress, telling, texts
from handlers.channel import Button
from handlers.notices import tell_operators
from routing import deadline
from routing.deadline import LOCAL_TIME
from routing.organisation import City, to_document
from routing.organisation.changing import BrokenChange, reorganise, rows_before, with_rows
from routing.organisation.succession import Share, Succession
from routing.workflow import Action
from storage import cases, directives, people, reorganising, units
from storage.cases import Case
from storage.database import Transaction
from storage.directives import Directive
from storage.people import HeldPost, Official
from storage.reorganising import OrgChange

BATCH = 500
ROLES = ("chair", "officer", "leader", "dispatcher", "admin")
_STAGES = ("people", "cases", "decisions", "parts", "directives", "news")
_SUMMARY_LINES = 10

Outcome = dict[str, Any]


async def carry_out(transaction: Transaction, city: City, now: datetime) -> int:
    """Do the next batch of the first change that is due; return 0 when nothing is left to do.

    Raises nothing for a change that can no longer be carried out: administrators are told, and it is tried
    again when the organisation has been changed.
    """
    today = now.astimezone(LOCAL_TIME).date()
    change = await reorganising.due_change(transaction, today=today)
    if change is None:
        return 0
    if change.outcome is None or "problems" in change.outcome:
        return await _begin(transaction, change, today, now)
    step = _Step(transaction=transaction, city=city, change=change, outcome=change.outcome, now=now)
    await _WORK[step.outcome["stage"]](step)
    done = step.outcome["stage"] == "done"
    reorganising.save_progress(transaction, change, step.outcome, done_at=now if done else None)
    return 1


async def _begin(transaction: Transaction, change: OrgChange, today: date, now: datetime) -> int:
    """Change the tree and the rules; from now on running programs know the new units."""
    version = await units.city_version(transaction)
    document = await units.load_document(transaction)
    city = await units.load_city(transaction)
    if document is None or city is None or (change.outcome or {}).get("version") == version:
        return 0
    try:
        made = reorganise(city, change.document, day=today)
    except BrokenChange as broken:
        failed = {"problems": broken.problems, "version": version}
        reorganising.save_progress(transaction, change, failed)
        text = texts.reorganise_failed(day=change.on_day, problems=broken.problems[:_SUMMARY_LINES])
        await tell_operators(transaction, text, now=now, dedupe_key=f"reorganise:{change.id}:{version}")
        return 0
    after = to_document(made.city)
    changed = {column: after[column] for column in ("units", "responsibilities")}
    await units.save_city(transaction, {**document, **changed}, now=now)
    outcome: Outcome = {
        **_at_the_start(made.successions),
        "day": today.isoformat(),
        "created": list(made.created),
        "renamed": [list(each) for each in made.renamed],
        "moved": [list(each) for each in made.moved],
        "notes": list(made.notes),
        "before": rows_before(city, made.city),
        "told": 0,
    }
    reorganising.save_progress(transaction, change, outcome)
    return 1


def _at_the_start(successions: Iterable[Succession]) -> Outcome:
    """Return how far successions have come of which nothing was carried out yet."""
    rows = [each.as_row() for each in successions]
    counts: Outcome = {"posts": 0, "cases": {}, "unsure": {}, "parts": 0, "directives": 0}
    return {"stage": _STAGES[0], "number": 0, "after": 0, "successions": rows, **counts}


@dataclass(kw_only=True, slots=True)
class _Step:
    """One batch of a change that has begun; `outcome` is how far it has come.

    change: None for the work of a unit that is over by no change that is known.
    """

    transaction: Transaction
    city: City
    change: OrgChange | None
    outcome: Outcome
    now: datetime

    @property
    def succession(self) -> Succession | None:
        """The succession that is being carried out, None when the stage has been through all of them."""
        rows, number = self.outcome["successions"], self.outcome["number"]
        return Succession.from_row(rows[number]) if number < len(rows) else None

    def next_succession(self) -> None:
        """Go on with the next succession."""
        self.outcome["number"], self.outcome["after"] = self.outcome["number"] + 1, 0

    def next_stage(self) -> None:
        """Go on with the next kind of work."""
        stage = _STAGES.index(self.outcome["stage"]) + 1
        self.outcome["stage"] = _STAGES[stage] if stage < len(_STAGES) else "done"
        self.outcome["number"], self.outcome["after"] = 0, 0

    def come_to(self, ids: list[int]) -> None:
        """Note the last row of a batch; a batch that is not full was the last one."""
        if len(ids) < BATCH:
            self.next_succession()
        else:
            self.outcome["after"] = ids[-1]

    def heir(self, succession: Succession, ward_code: str | None, street: str | None) -> tuple[str, bool]:
        """Return who gets work at a place, and whether the place tells."""
        unit, sure = succession.unit_for(self.city, ward_code=ward_code, street=street)
        return self.city.heir(unit, ward_code) or unit, sure

    async def staff(self, succession: Succession) -> set[tuple[str, int]]:
        """Return (unit, person) for everybody with a post at one of the successors."""
        codes = {self.city.heir(unit) or unit for unit in succession.units}
        held = await reorganising.posts_at(self.transaction, codes, now=self.now)
        return {(each.unit_code, each.person_id) for each in held}


# ── people ───────────────────────────────────────────────────────────────────────────────────────


async def _move_people(step: _Step) -> None:
    succession = step.succession
    if succession is None:
        step.next_stage()
        return
    if succession.people:
        moved = await _move_posts(step, succession)
        if succession.ends:
            for was, new in moved.items():
                await reorganising.follow_post(step.transaction, was, new, now=step.now)
            await reorganising.move_invitations(step.transaction, succession.was, succession.people[0])
            await reorganising.move_templates(step.transaction, succession.was, succession.people[0])
    step.next_succession()


async def _move_posts(step: _Step, succession: Succession) -> dict[int, int]:
    """Let everybody at a unit hold their posts at its successors; return the new post for each former one."""
    at_successors = await reorganising.posts_at(step.transaction, succession.people, now=step.now)
    known: dict[tuple[str, int, str], list[HeldPost]] = defaultdict(list)
    for held in at_successors:
        known[held.unit_code, held.person_id, held.role].append(held)
    moved: dict[int, int] = {}
    for held in await reorganising.posts_at(step.transaction, [succession.was], now=step.now):
        if succession.ends:
            reorganising.end_post(step.transaction, held, at=step.now)
        for unit in succession.people:
            same = known[unit, held.person_id, held.role]
            new = next((each for each in same if _stands_for(each, held, step.now)), None)
            if new is None:
                new = _added(step, held, unit, moved)
                same.append(new)
            moved.setdefault(held.id, new.id)
    step.outcome["posts"] += len(moved)
    return moved


def _stands_for(known: HeldPost, held: HeldPost, now: datetime) -> bool:
    """Tell whether the post somebody has at a successor is no less than their former one, nor shorter."""
    begun = known.starts_at <= max(now, held.starts_at)
    lasting = known.ends_at is None or (held.ends_at is not None and known.ends_at >= held.ends_at)
    return known.deputy_for is None and begun and lasting


def _added(step: _Step, held: HeldPost, unit: str, moved: Mapping[int, int]) -> HeldPost:
    return reorganising.add_post(
        step.transaction,
        held,
        unit_code=unit,
        deputy_for=moved.get(held.deputy_for or 0, held.deputy_for),
        now=step.now,
    )


# ── cases and parts ──────────────────────────────────────────────────────────────────────────────


async def _move_cases(step: _Step) -> None:
    succession = step.succession
    if succession is None:
        step.next_stage()
        return
    found = await reorganising.open_cases_at(
        step.transaction, succession.was, after=step.outcome["after"], limit=BATCH
    )
    staff = await step.staff(succession) if found else set()
    for case in found:
        await _move_case(step, succession, case, staff)
    step.come_to([case.id for case in found])


async def _move_case(step: _Step, succession: Succession, case: Case, staff: set[tuple[str, int]]) -> None:
    """Give one case to its unit's successor: the deadlines stay, and the officer who came along."""
    unit, sure = step.heir(succession, case.ward_code, case.street)
    if unit == case.unit_code:
        return
    data: dict[str, Any] = {"was": case.unit_code, "unit": unit}
    if step.change is not None:
        data["change"] = str(step.change.id)
    if not sure:
        data["unsure"] = True
        _count(step.outcome["unsure"], unit)
    if case.officer_id is not None and (unit, case.officer_id) not in staff:
        data["officer"] = None
    await _keep_decider(step, case, unit)
    case.unreached_at = None
    _count(step.outcome["cases"], f"{succession.was}>{unit}")
    await progress.move(
        step.transaction,
        step.city,
        case,
        Action.REORGANISE,
        actor=progress.SYSTEM,
        now=step.now,
        data=data,
    )


def _count(counts: dict[str, int], key: str) -> None:
    counts[key] = counts.get(key, 0) + 1


async def _keep_decider(step: _Step, case: Case, unit: str | None) -> None:
    """Let an extension that is asked for be decided above the unit that the case is at.

    Where that is somebody else than before, they are reminded as soon as people are.
    """
    if case.extension_unit is None or unit is None:
        return
    was, city = case.extension_unit, step.city
    decider = city.heir(was) or was
    if decider not in {each.code for each in city.path(unit)[:-1]}:
        decider = await _nearest_chair(step, case, unit)
    if decider != was:
        case.extension_unit, case.decide_due_at = decider, step.now


async def _nearest_chair(step: _Step, case: Case, unit: str) -> str:
    """Return the nearest unit above with a chair who has not asked for it; the root's leaders come last."""
    asked_by = (case.extension or {}).get("by")
    chairs: list[Official] = []
    if not access.is_restricted(step.city, case):
        chairs = await telling.chairs_above(step.transaction, step.city, unit, step.now)
    others = [chair for chair in chairs if chair.person_id != asked_by]
    return others[0].unit_code if others else step.city.root.code


async def _move_decisions(step: _Step) -> None:
    """Go through the extensions that are asked for: who decided them may be over, or above no longer."""
    found = await reorganising.cases_to_decide(step.transaction, after=step.outcome["after"], limit=BATCH)
    for case in found:
        was = case.extension_unit
        await _keep_decider(step, case, case.unit_code)
        if case.extension_unit != was:
            cases.save_case(step.transaction, case)
    if len(found) < BATCH:
        step.next_stage()
    else:
        step.outcome["after"] = found[-1].id


async def _move_parts(step: _Step) -> None:
    succession = step.succession
    if succession is None:
        step.next_stage()
        return
    found = await reorganising.open_parts_at(
        step.transaction, succession.was, after=step.outcome["after"], limit=BATCH
    )
    staff = await step.staff(succession) if found else set()
    for row in found:
        unit, _ = step.heir(succession, row["ward_code"], row["street"])
        officer = row["officer_id"] if (unit, row["officer_id"]) in staff else None
        if unit == row["lead"]:
            reorganising.drop_part(step.transaction, row["id"], at=step.now)
        elif unit != succession.was:
            reorganising.move_part(step.transaction, row["id"], unit=unit, officer_id=officer)
            step.outcome["parts"] += 1
    step.come_to([row["id"] for row in found])


# ── orders ───────────────────────────────────────────────────────────────────────────────────────


async def _move_directives(step: _Step) -> None:
    """Let the orders that a unit has not reported on go on with its successors, deadlines and all."""
    succession = step.succession
    if succession is None:
        step.next_stage()
        return
    found = await directives.open_directives_at(
        step.transaction, succession.was, after=step.outcome["after"], limit=BATCH
    )
    for directive in found:
        await _move_directive(step, succession, directive)
    step.come_to([directive.id for directive in found])


async def _move_directive(step: _Step, succession: Succession, directive: Directive) -> None:
    case = await cases.get_case_by_id(step.transaction, directive.case_id) if directive.case_id else None
    if case is None and not succession.ends:
        return
    ward, street = (case.ward_code, case.street) if case else (None, None)
    unit, _ = step.heir(succession, ward, street)
    if unit == directive.unit_code:
        return
    data: dict[str, object] = {"was": directive.unit_code, "unit": unit}
    directive.unit_code = unit
    await directive_cards.note(
        step.transaction,
        directive,
        "reorganised",
        person_id=None,
        role="system",
        now=step.now,
        data=data,
    )
    step.outcome["directives"] = step.outcome.get("directives", 0) + 1


# ── what comes later ─────────────────────────────────────────────────────────────────────────────


async def sweep(transaction: Transaction, city: City, now: datetime) -> int:
    """Hand on what a unit that is over still has or has got again; return how much, 0 when nothing is left.

    Whoever was at work when a change was carried out may have given something to a unit that was no longer
    looked at; so may an import that ends a unit and names its successors.
    """
    over = [code for code in city.units if not city.is_valid(code) and city.heir(code)]
    left = await reorganising.units_with_work(transaction, over, now=now) if over else []
    if not left or await _is_under_way(transaction, now):
        return 0
    changes = await reorganising.all_changes(transaction)
    for code in left:
        if handed_on := await _hand_on(transaction, city, code, changes, now):
            return handed_on
    return 0


async def _is_under_way(transaction: Transaction, now: datetime) -> bool:
    change = await reorganising.due_change(transaction, today=now.astimezone(LOCAL_TIME).date())
    return change is not None and "stage" in (change.outcome or {})


async def _hand_on(
    transaction: Transaction, city: City, code: str, changes: Iterable[OrgChange], now: datetime
) -> int:
    """Hand on one batch of what a unit has that is over; return how much that was."""
    change, succession = _ended_by(city, code, changes)
    step = _Step(
        transaction=transaction, city=city, change=change, outcome=_at_the_start([succession]), now=now
    )
    moved = 0
    for work in (_move_people, _move_cases, _move_parts, _move_directives):
        step.outcome["number"] = step.outcome["after"] = 0
        await work(step)
    for case in await reorganising.cases_decided_by(transaction, code, limit=BATCH):
        await _keep_decider(step, case, case.unit_code)
        if case.extension_unit != code:
            cases.save_case(transaction, case)
            moved += 1
    counts = step.outcome
    return moved + int(
        counts["posts"] + sum(counts["cases"].values()) + counts["parts"] + counts["directives"]
    )


def _ended_by(city: City, code: str, changes: Iterable[OrgChange]) -> tuple[OrgChange | None, Succession]:
    """Return by which change a unit is over, and who takes over from it."""
    for change in changes:
        for row in (change.outcome or {}).get("successions", ()):
            if row["was"] == code and row["ends"]:
                return change, Succession.from_row(row)
    heir = city.heir(code) or code
    return None, Succession(was=code, shares=(Share(unit=heir),), people=(heir,))


# ── the news ─────────────────────────────────────────────────────────────────────────────────────


async def _tell(step: _Step) -> None:
    """Tell everybody at a unit concerned, in one message each; at last dispatchers and administrators."""
    lines = news(step.city, step.outcome)
    concerned = await people.officials_of(step.transaction, sorted(lines), now=step.now, roles=ROLES)
    by_person: dict[int, list[Official]] = defaultdict(list)
    for official in concerned:
        by_person[official.person_id].append(official)
    waiting = sorted(person for person in by_person if person > step.outcome["after"])
    for person in waiting[:BATCH]:
        own = [line for official in by_person[person] for line in lines[official.unit_code]]
        button = [[Button(label=texts.label_open_work(), data="work:0")]]
        message = notices.message_of(texts.reorganised(lines=list(dict.fromkeys(own))), buttons=button)
        _post(step, by_person[person][:1], message)
    step.outcome["told"] += len(waiting[:BATCH])
    if len(waiting) > BATCH:
        step.outcome["after"] = waiting[BATCH - 1]
        return
    await _tell_steering(step, list(dict.fromkeys(line for each in lines.values() for line in each)))
    step.next_stage()


async def _tell_steering(step: _Step, lines: list[str]) -> None:
    text = texts.reorganised_summary(lines=lines[:_SUMMARY_LINES], more=max(0, len(lines) - _SUMMARY_LINES))
    for role in ("dispatcher", "admin"):
        # The key is the same as for those at the units: nobody is told twice.
        told = await people.officials_by_role(step.transaction, role, now=step.now)
        _post(step, told, notices.message_of(text))


def _post(step: _Step, officials: list[Official], message: Any) -> None:
    notices.post_to(
        step.transaction,
        officials,
        message,
        now=step.now,
        not_before=deadline.after_quiet_hours(step.now) if deadline.in_quiet_hours(step.now) else None,
        dedupe_key=f"reorganised:{step.change.id if step.change else 0}",
    )


def news(city: City, outcome: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return what a change means for each unit that it concerns, as sentences."""
    told: dict[str, list[str]] = defaultdict(list)
    for code, line in _sentences(city, outcome):
        told[city.heir(code) or code].append(line)
    return {code: list(dict.fromkeys(lines)) for code, lines in told.items()}


def _sentences(city: City, outcome: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    day = date.fromisoformat(outcome["day"])
    successions = [Succession.from_row(row) for row in outcome["successions"]]
    yield from _mergers(city, successions, outcome["cases"], day)
    for each in successions:
        if len(each.units) > 1:
            yield from _parts_of(city, each, outcome["cases"], day)
    for code, was in outcome["renamed"]:
        yield code, texts.reorganised_renamed(day=day, was=was, unit=_name(city, code))
    created = set(outcome["created"])
    for code, _ in outcome["moved"]:
        parent = city.units[code].parent or ""
        if code not in created:
            yield code, texts.reorganised_moved(day=day, unit=_name(city, code), parent=_name(city, parent))
    for code, count in outcome["unsure"].items():
        yield code, texts.reorganised_unsure(unit=_name(city, code), cases=count)


def _name(city: City, code: str) -> str:
    return cards.unit_name(city, code)


def _mergers(
    city: City, successions: list[Succession], moved: Mapping[str, int], day: date
) -> Iterator[tuple[str, str]]:
    merged: dict[str, list[str]] = defaultdict(list)
    for each in successions:
        if len(each.units) == 1:
            merged[each.units[0]].append(each.was)
    for unit, was in merged.items():
        count = sum(number for key, number in moved.items() if key.partition(">")[0] in was)
        names = [_name(city, code) for code in was]
        yield unit, texts.reorganised_merged(day=day, names=names, unit=_name(city, unit), cases=count)


def _parts_of(
    city: City, split: Succession, moved: Mapping[str, int], day: date
) -> Iterator[tuple[str, str]]:
    names = [_name(city, code) for code in split.units]
    for unit in split.units:
        told: dict[str, Any] = {"day": day, "name": _name(city, split.was), "unit": _name(city, unit)}
        count = moved.get(f"{split.was}>{unit}", 0)
        if split.ends:
            yield unit, texts.reorganised_split(**told, names=names, cases=count)
        elif unit != split.was:
            line = texts.reorganised_part(**told, cases=count)
            yield from ((unit, line), (split.was, line))


_WORK: Mapping[str, Callable[[_Step], Awaitable[None]]] = {
    "people": _move_people,
    "cases": _move_cases,
    "decisions": _move_decisions,
    "parts": _move_parts,
    "directives": _move_directives,
    "news": _tell,
}


# ── the tree of another day ──────────────────────────────────────────────────────────────────────


async def city_on(transaction: Transaction, city: City, day: date) -> City:
    """Return the tree as it was on a day past, or will be on one to come by what is planned.

    Of a day past only the units are as they were, without the rules. Raises BrokenChange where a planned
    change cannot be carried out any more.
    """
    changes = await reorganising.all_changes(transaction)
    for change in reversed(changes):
        begun = (change.outcome or {}).get("day")
        if begun is not None and date.fromisoformat(begun) > day:
            city = with_rows(city, (change.outcome or {})["before"])
    return await planned_city(transaction, city, until=day)


async def planned_city(transaction: Transaction, city: City, *, until: date) -> City:
    """Return the city after the changes that are planned up to a day, on that day."""
    for change in await reorganising.pending_changes(transaction):
        if change.on_day <= until and "stage" not in (change.outcome or {}):
            city = reorganise(city, change.document, day=change.on_day).city
    return city.on(until)
