"""What a change file makes of a city: mergers, splits, renamings and moves, and who takes over from whom.

A change file says on which day what changes:

    {"on": "2026-12-01", "changes": [
        {"merge": ["phuong-a", "phuong-b"], "into": {"code": "phuong-c", "name": "Phường C"}},
        {"split": "quan-d", "into": [{"code": "quan-e", "name": "Quận E", "areas": ["phuong-f"]},
                                     {"code": "quan-d", "areas": ["phuong-g"]}]},
        {"rename": "phuong-h", "name": "Phường Hồ"},
        {"move": "phuong-h", "parent": "quan-e"},
        {"end": "tram-i", "successor": "phuong-h"}]}

The changes are made in order, each on the tree that the one before has left. A unit that ends stays in the
document, with the day from which it is over and its successors: cases that it answered remain its own.
"""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from routing.organisation.cells import Cells, Row
from routing.organisation.city import UNIT_KINDS, City, Unit, slugify
from routing.organisation.problem import Problem
from routing.organisation.reading import BrokenOrganisation, from_document
from routing.organisation.rewriting import rewrite_rules
from routing.organisation.succession import Share, Succession
from routing.organisation.writing import to_document
from routing.responsibility import Place, Situation, decide

__all__ = [
    "BrokenChange",
    "Reorganised",
    "Share",
    "Succession",
    "first_day",
    "reorganise",
    "rows_before",
    "with_rows",
]


class BrokenChange(Exception):
    """A change file that cannot be carried out; `problems` names every fault with its place."""

    def __init__(self, problems: Iterable[Problem | str]) -> None:
        self.problems = [str(problem) for problem in problems]
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, kw_only=True, slots=True)
class Reorganised:
    """What a change file makes of a city.

    renamed: (unit, its name before). moved: (unit, its parent before), also those that follow a unit which
    ends. notes: what the office should look at, one sentence each.
    """

    city: City
    successions: tuple[Succession, ...]
    created: tuple[str, ...]
    renamed: tuple[tuple[str, str], ...]
    moved: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]


@dataclass(kw_only=True, slots=True)
class _Draft:
    """The tree while the changes of a file are made on it."""

    city: City
    day: date
    units: dict[str, Unit]
    problems: list[Problem] = field(default_factory=list)
    successions: list[Succession] = field(default_factory=list)
    created: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    moved: list[tuple[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def lasts(self, code: str) -> bool:
        """Tell whether a unit exists and goes on after the day."""
        unit = self.units.get(code)
        return unit is not None and (unit.valid_to is None or unit.valid_to > self.day)

    def below(self, code: str) -> list[Unit]:
        """Return the units directly below one that go on."""
        return [unit for unit in self.units.values() if unit.parent == code and self.lasts(unit.code)]

    def above(self, code: str | None) -> Iterator[str]:
        """Yield a unit's code and those of all above it."""
        passed: set[str] = set()
        while code is not None and code in self.units and code not in passed:
            passed.add(code)
            yield code
            code = self.units[code].parent

    def add(self, unit: Unit, *, behind: str) -> None:
        """Put a new unit into the tree's order behind another."""
        rows = list(self.units.items())
        place = list(self.units).index(behind) + 1
        self.units = dict([*rows[:place], (unit.code, unit), *rows[place:]])
        self.created.append(unit.code)

    def bring(self, unit: Unit, parent: str) -> None:
        """Put a unit below another parent."""
        if unit.parent not in (None, parent):
            self.units[unit.code] = replace(unit, parent=parent)
            self.moved.append((unit.code, unit.parent or ""))

    def end(self, unit: Unit, successors: Sequence[str]) -> None:
        """Let a unit be over from the day on."""
        self.units[unit.code] = replace(self.units[unit.code], valid_to=self.day, successors=(*successors,))


def first_day(document: object, *, today: date) -> date:
    """Return the day on which a change file is to be carried out; raises BrokenChange for a past one."""
    problems: list[Problem] = []
    on = Cells(table="document", row=document if isinstance(document, Mapping) else {}, problems=problems)
    day = on.day("on")
    if day is None and not problems:
        on.note('on is missing: the day of the change, for example "2026-12-01"')
    elif day is not None and day < today:
        on.note(f"on: {day} is past, and nothing is edited backwards; today is {today}")
    if problems or day is None:
        raise BrokenChange(problems)
    return day


def reorganise(city: City, document: object, *, day: date) -> Reorganised:
    """Return what a change file makes of a city when it is carried out on a day.

    Raises BrokenChange with every fault: "changes row 2: split: unit 'x' does not exist".
    """
    draft = _Draft(city=city, day=day, units=dict(city.units))
    for number, row in enumerate(_rows(document, draft.problems), start=1):
        if isinstance(row, Mapping):
            _step(draft, Cells(table="changes", row_number=number, row=row, problems=draft.problems))
        else:
            draft.problems.append(Problem(table="changes", row=number, text="is not an object"))
    if draft.problems:
        raise BrokenChange(draft.problems)
    return _finished(draft)


def _rows(document: object, problems: list[Problem]) -> list[Any]:
    if not isinstance(document, Mapping):
        problems.append(Problem(text='the file must be an object with "on" and "changes"'))
        return []
    for column in document.keys() - {"on", "changes", "format", "note"}:
        problems.append(Problem(table="document", text=f"unknown column {column!r}"))
    rows = document.get("changes")
    if isinstance(rows, list) and rows:
        return rows
    problems.append(Problem(table="changes", text="the list is missing or empty"))
    return []


def _step(draft: _Draft, cells: Cells) -> None:
    named = [word for word in _STEPS if word in cells.row]
    if len(named) != 1:
        cells.note(f"must name exactly one of {', '.join(_STEPS)}; here: {', '.join(named) or 'none'}")
        return
    known = len(draft.problems)
    carry_out = _STEPS[named[0]](draft, cells)
    cells.note_unknown_columns()
    if len(draft.problems) == known and carry_out is not None:
        carry_out()


_Deed = Callable[[], None] | None
"""What a row does to the draft once it is known to have no fault."""


# ── the words of a change file ───────────────────────────────────────────────────────────────────


def _merge(draft: _Draft, cells: Cells) -> _Deed:
    units = [_lasting(draft, cells, "merge", code) for code in cells.texts("merge")]
    old = [unit for unit in units if unit is not None]
    if not cells.row.get("merge"):
        cells.note("merge: must list the units that are merged")
    if len({unit.code for unit in old}) != len(old):
        cells.note("merge: names a unit twice")
    if not old or len(old) != len(units):
        _into(cells)
        return None
    target = _target(draft, cells, _into(cells), like=old[0], ends=[unit.code for unit in old])
    old = [unit for unit in old if target is not None and unit.code != target.code]
    if target is not None and not old:
        cells.note("merge: nothing is merged into the unit but itself")
    return None if target is None else lambda: _unite(draft, old, target)


def _into(cells: Cells) -> Any:
    cells.seen.add("into")
    return cells.row.get("into")


def _end(draft: _Draft, cells: Cells) -> _Deed:
    unit = _lasting(draft, cells, "end", cells.text("end"))
    successor = _lasting(draft, cells, "successor", cells.text("successor"))
    if unit is None or successor is None:
        return None
    if successor.code == unit.code:
        cells.note("successor: is the unit that ends", "successor")
    _note_if_below(draft, cells, successor, [unit.code])
    return lambda: _unite(draft, [unit], successor)


def _unite(draft: _Draft, old: Sequence[Unit], target: Unit) -> None:
    """Let one unit take over from others: their cases, their people, and the units below them."""
    if target.code not in draft.units:
        for unit in old:
            target = _in_place_of(unit, target)
        draft.add(target, behind=old[0].code)
    for unit in old:
        draft.end(unit, (target.code,))
        for child in draft.below(unit.code):
            draft.bring(child, target.code)
        share = Share(unit=target.code)
        draft.successions.append(Succession(was=unit.code, shares=(share,), people=(target.code,)))


def _in_place_of(unit: Unit, new: Unit) -> Unit:
    """Return a new unit with the ward of one of its kind that it follows, unless it has its own."""
    if unit.kind != new.kind:
        return new
    ward, former = new.ward_code or unit.ward_code, new.former_ward or unit.former_ward
    return replace(new, ward_code=ward, former_ward=former)


def _split(draft: _Draft, cells: Cells) -> _Deed:
    unit = _lasting(draft, cells, "split", cells.text("split"))
    rows = _into(cells)
    if not isinstance(rows, list) or len(rows) < 2 or not all(isinstance(row, Mapping) for row in rows):
        cells.note("into: must list two units or more, each an object")
        return None
    if unit is None:
        return None
    ends = () if any(_names(unit, row) for row in rows) else (unit.code,)
    parts = [_part(draft, cells, unit, number, row, ends) for number, row in enumerate(rows, start=1)]
    found = [part for part in parts if part is not None]
    if len(found) < len(parts):
        return None
    _note_split(draft, cells, unit, found)
    return lambda: _divide(draft, unit, found)


_PART_COLUMNS = ("wards", "areas", "streets")


def _names(unit: Unit, row: Row) -> bool:
    """Tell whether a part of a split is the unit itself, which then goes on."""
    return {column: value for column, value in row.items() if column not in _PART_COLUMNS} == {
        "code": unit.code
    }


def _part(
    draft: _Draft, cells: Cells, unit: Unit, number: int, row: Row, ends: Sequence[str]
) -> tuple[Unit, Share] | None:
    part = Cells(table=_place(cells, number), row=row, problems=draft.problems)
    wards, areas, streets = (part.texts(column) for column in _PART_COLUMNS)
    bare = {column: value for column, value in row.items() if column not in _PART_COLUMNS}
    stays = _names(unit, row)
    target = unit if stays else _target(draft, cells, bare, like=unit, ends=ends, number=number)
    if target is None:
        return None
    own = (target.ward_code,) if target.ward_code and not stays else ()
    wards = tuple(dict.fromkeys((*own, *wards)))
    return target, Share(unit=target.code, wards=wards, areas=areas, streets=streets)


def _place(cells: Cells, number: int | None) -> str:
    return f"{cells.table} row {cells.row_number}, into" + ("" if number is None else f" {number}")


def _note_split(draft: _Draft, cells: Cells, unit: Unit, parts: Sequence[tuple[Unit, Share]]) -> None:
    """Note what would be in two parts, or in none."""
    codes = [target.code for target, _ in parts]
    if len(set(codes)) < len(codes):
        cells.note("into: names a unit twice", "into")
    for column in _PART_COLUMNS:
        named = [each for _, share in parts for each in getattr(share, column)]
        for each in sorted({each for each in named if named.count(each) > 1}):
            cells.note(f"into: {column}: {each!r} is in two of the units", "into")
    placed = {area for _, share in parts for area in share.areas}
    known = {each.ward_code for each in (*draft.units.values(), *(target for target, _ in parts))}
    for ward in sorted({ward for _, share in parts for ward in share.wards} - known):
        cells.note(f"into: wards: no unit has the official ward code {ward!r}", "into")
    stays = unit.code in codes
    for area in sorted(placed):
        if area not in draft.units or not draft.lasts(area):
            cells.note(f"into: areas: unit {area!r} does not exist{_nearest(area, draft.units)}", "into")
        elif unit.code not in draft.above(draft.units[area].parent):
            cells.note(f"into: areas: {area!r} does not lie below {unit.code!r}", "into")
    for target, share in parts:
        for area in set(share.areas) & set(draft.above(target.parent)) | {target.code} & set(share.areas):
            cells.note(f"into: areas: {area!r} is {target.code!r} or lies above it", "into")
    for child in draft.below(unit.code):
        if not stays and child.code not in placed | set(codes):
            cells.note(f"into: nobody has the unit {child.code!r} below it: name it in areas", "into")
    if not stays and unit.ward_code and unit.kind == "ward":
        for number, (target, _) in enumerate(parts, start=1):
            if number > 1 and target.kind == "ward" and target.ward_code is None:
                cells.note(f"into {number}: ward_code is missing: the ward's official code", "into")


def _divide(draft: _Draft, unit: Unit, parts: Sequence[tuple[Unit, Share]]) -> None:
    """Let several units take over from one; what a part is given below goes with it."""
    stays = any(target.code == unit.code for target, _ in parts)
    new = [target for target, _ in parts if target.code not in draft.units]
    for number, target in enumerate(new):
        # The ward stays known; whoever comes first in the file has it unless the file says otherwise.
        first = not stays and target is parts[0][0]
        draft.add(_in_place_of(unit, target) if first else target, behind=([unit, *new][number]).code)
    for _, share in parts:
        _give_areas(draft, unit, share)
    codes = [share.unit for _, share in parts]
    if not stays:
        draft.end(unit, codes)
    people = tuple(target.code for target in new) or (() if stays else (codes[0],))
    shares = tuple(share for _, share in parts)
    draft.successions.append(Succession(was=unit.code, shares=shares, ends=not stays, people=people))


def _give_areas(draft: _Draft, split: Unit, share: Share) -> None:
    """Put the units of a share below the one that gets it; what lies below another of them goes with that."""
    for area in share.areas:
        above = list(draft.above(draft.units[area].parent))
        between = above[: above.index(share.unit)] if share.unit in above else above
        kept = share.unit in above and split.code not in between
        if not kept and not set(share.areas) & set(above):
            draft.bring(draft.units[area], share.unit)


def _rename(draft: _Draft, cells: Cells) -> _Deed:
    unit, name = _lasting(draft, cells, "rename", cells.text("rename")), cells.text("name")
    if unit is None or not name:
        return None
    if name == unit.name:
        cells.note(f"name: {name!r} is the name that it has", "name")
    former = tuple(each for each in dict.fromkeys((*unit.former_names, unit.name)) if each != name)

    def rename() -> None:
        draft.units[unit.code] = replace(draft.units[unit.code], name=name, former_names=former)
        draft.renamed.append((unit.code, unit.name))

    return rename


def _move(draft: _Draft, cells: Cells) -> _Deed:
    unit = _lasting(draft, cells, "move", cells.text("move"))
    parent = _lasting(draft, cells, "parent", cells.text("parent"))
    if unit is None or parent is None:
        return None
    if unit.parent is None:
        cells.note("move: the city itself cannot be moved", "move")
    elif unit.code in draft.above(parent.code):
        cells.note(f"parent: {parent.code!r} is the unit itself or lies below it", "parent")
    elif unit.parent == parent.code:
        cells.note(f"parent: {unit.code!r} lies below {parent.code!r} already", "parent")
    return lambda: draft.bring(draft.units[unit.code], parent.code)


_STEPS: Mapping[str, Callable[[_Draft, Cells], _Deed]] = {
    "merge": _merge,
    "split": _split,
    "rename": _rename,
    "move": _move,
    "end": _end,
}


# ── units that a row names or describes ──────────────────────────────────────────────────────────


def _lasting(draft: _Draft, cells: Cells, column: str, code: str) -> Unit | None:
    """Return a unit that exists and goes on; a fault for any other."""
    if not code:
        return None
    unit = draft.units.get(code)
    if unit is None:
        cells.note(f"{column}: unit {code!r} does not exist{_nearest(code, draft.units)}", column)
    elif not draft.lasts(code):
        cells.note(f"{column}: unit {code!r} no longer exists from {unit.valid_to} on", column)
    elif unit.valid_from is not None and unit.valid_from > draft.day:
        cells.note(f"{column}: unit {code!r} exists from {unit.valid_from} only", column)
    elif unit.parent is None and column in ("merge", "split", "end"):
        cells.note(f"{column}: {code!r} is the city itself", column)
    else:
        return unit
    return None


def _nearest(code: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(code, list(known), n=3, cutoff=0.6)
    return f"; nearest: {', '.join(near)}" if near else ""


def _target(
    draft: _Draft, cells: Cells, value: Any, *, like: Unit, ends: Sequence[str], number: int | None = None
) -> Unit | None:
    """Return the unit that takes over: a code, or an object with a code alone, names one that exists."""
    if isinstance(value, Mapping) and value.keys() == {"code"}:
        value = value["code"]
    if isinstance(value, str):
        unit = _lasting(draft, cells, "into", value)
        if unit is not None:
            _note_if_below(draft, cells, unit, [code for code in ends if code != unit.code])
        return unit
    if isinstance(value, Mapping):
        row = Cells(table=_place(cells, number), row=value, problems=draft.problems)
        return _new_unit(draft, row, like=like, ends=ends)
    cells.note("into: must be a unit's code, or an object with code and name of a new one", "into")
    return None


def _note_if_below(draft: _Draft, cells: Cells, unit: Unit, ends: Sequence[str]) -> None:
    for code in ends:
        if code in draft.above(unit.parent):
            cells.note(f"{unit.code!r} lies below {code!r}, which ends: move it elsewhere first")


def _new_unit(draft: _Draft, cells: Cells, *, like: Unit, ends: Sequence[str]) -> Unit | None:
    """Return a unit as a row describes it; what the row leaves open is as with the one that it follows."""
    known = len(draft.problems)
    unit = Unit(
        code=cells.text("code"),
        name=cells.text("name"),
        kind=cells.choice("kind", UNIT_KINDS, usual=like.kind),
        parent=cells.optional_text("parent") or _parent_beside(draft, like, ends),
        ward_code=cells.optional_text("ward_code"),
        former_ward=cells.two_texts("former_ward"),
        former_names=cells.texts("former_names"),
        valid_from=draft.day,
    )
    cells.note_unknown_columns()
    if unit.code in draft.units:
        cells.note(f"code: {unit.code!r} is taken; to take over, name it by its code alone", "code")
    elif slugify(unit.code) != unit.code:
        cells.note(f"code {unit.code!r} may hold a-z, 0-9 and single hyphens only", "code")
    if unit.parent is None or _lasting(draft, cells, "parent", unit.parent) is None:
        return None
    for code in ends:
        if code in draft.above(unit.parent):
            cells.note(f"parent: {unit.parent!r} is, or lies below, {code!r}, which ends", "parent")
    return unit if len(draft.problems) == known else None


def _parent_beside(draft: _Draft, like: Unit, ends: Sequence[str]) -> str | None:
    """Return the nearest unit above that neither ends nor lies below one that does."""
    beside = (code for code in draft.above(like.parent) if not set(draft.above(code)) & set(ends))
    return next(beside, None)


# ── the city afterwards ──────────────────────────────────────────────────────────────────────────


def _finished(draft: _Draft) -> Reorganised:
    rules, notes = rewrite_rules(draft.city, draft.units, draft.successions)
    after = replace(draft.city, units=draft.units, responsibilities=rules, day=None)
    problems: list[Problem | str] = []
    try:
        from_document(to_document(after))
    except BrokenOrganisation as error:
        problems += [f"after the change: {problem}" for problem in error.problems]
    if not problems:
        problems += _new_holes(draft.city.on(draft.day), after.on(draft.day))
    if problems:
        raise BrokenChange(problems)
    return Reorganised(
        city=after,
        successions=tuple(draft.successions),
        created=tuple(draft.created),
        renamed=tuple(draft.renamed),
        moved=tuple(draft.moved),
        notes=(*draft.notes, *notes, *_left_behind(draft, after)),
    )


def _left_behind(draft: _Draft, after: City) -> Iterator[str]:
    """Yield a note for each unit that a rule binds to a ward by its code, and that outlasts its ward."""
    for each in draft.successions:
        bound = [code for code in _bound_to(after, each.was) if draft.lasts(code)] if each.ends else []
        if bound and len(each.shares) == 1:
            heirs = ", ".join(_bound_to(after, each.shares[0].unit))
            yield f"{', '.join(bound)} stays without its ward {each.was}: merge it into {heirs} as well"


def _bound_to(city: City, ward: str) -> list[str]:
    """Return the codes that rules such as "cong-an-@ward" make of a ward's, where they are not its own."""
    made = (rule.unit.replace("@ward", ward) for rule in city.responsibilities if "@ward" in rule.unit)
    return [code for code in dict.fromkeys(made) if code != ward and "@" not in code]


def _new_holes(before: City, after: City) -> list[str]:
    """Return for each domain the wards of the new tree that would reach nobody and did before."""

    def reached(city: City, ward: Unit, domain: str) -> str:
        place = Place(ward=ward, district=city.district_of(ward.code))
        found = decide(city, domain=domain, place=place, situation=Situation(kind="feedback"))
        return "" if found.unit is not None else found.reason

    problems: dict[tuple[str, str], list[str]] = {}
    lost: dict[str, set[str]] = {}
    heirs = {ward.code: after.heir(ward.code, ward.ward_code) for ward in before.wards()}
    for ward in after.wards():
        # A new ward had whatever those had from whom it took over.
        others = [before.units[code] for code, heir in heirs.items() if heir == ward.code]
        for domain in after.domains:
            why = reached(after, ward, domain)
            if why and any(not reached(before, other, domain) for other in others):
                problems.setdefault((domain, why), []).append(ward.code)
                missing = {code for code in _bound_to(after, ward.code) if code not in after.units}
                bound = {code for other in others for code in _bound_to(before, other.code)}
                if missing:
                    lost[ward.code] = {code for code in bound if after.is_valid(code)}
    return [
        f"after the change: {domain} reaches nobody in {', '.join(wards)}: {why}"
        for (domain, why), wards in problems.items()
    ] + [
        f"{ward}: merge {', '.join(sorted(left))} into {', '.join(_bound_to(after, ward))} as well"
        for ward, left in lost.items()
        if left
    ]


def rows_before(before: City, after: City) -> dict[str, dict[str, Any] | None]:
    """Return the rows of all units that a change touches as they were; None for a new one."""
    was = {row["code"]: row for row in to_document(before)["units"]}
    now = {row["code"]: row for row in to_document(after)["units"]}
    return {code: was.get(code) for code in now if was.get(code) != now[code]}


def with_rows(city: City, rows: Mapping[str, Mapping[str, Any] | None]) -> City:
    """Return a city in which these units are as the rows say; those without a row are not there at all."""
    document = to_document(city)
    kept = [rows.get(row["code"], row) for row in document["units"]]
    # Only the tree is of interest: rules may name units that were not there.
    return from_document(
        {**document, "units": [row for row in kept if row is not None], "responsibilities": []}
    )
