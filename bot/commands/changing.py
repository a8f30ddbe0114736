"""`org change` and `org show`: mergers, splits, renamings and moves on a date, and the tree of any day."""

import argparse
import asyncio
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, city_of, counted, day_of, nearest, opened

if TYPE_CHECKING:
    from routing.organisation import City, Unit
    from routing.organisation.changing import Reorganised
    from storage.database import Database, Transaction
    from storage.reorganising import OrgChange


def register(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add the actions to those of `org`."""
    change = actions.add_parser("change", help="carry out mergers, splits, renamings and moves on a date")
    change.add_argument("file", type=Path, nargs="?", help="what changes and when, as JSON")
    change.add_argument("--dry-run", action="store_true", help="only show what would change")
    change.add_argument("--yes", action="store_true", help="do not ask")
    change.add_argument("--list", action="store_true", help="show what is planned and what was done")
    change.add_argument("--cancel", type=int, metavar="ID", help="drop a planned change")
    change.add_argument(
        "--due", action="store_true", help="carry out what is due now, as the clock does by itself"
    )
    change.add_argument("--json", action="store_true", help="with --list: as JSON")
    change.set_defaults(run=run_change)
    show = actions.add_parser("show", help="print the tree of units, of today or of another day")
    show.add_argument("--unit", metavar="CODE", help="only this unit and what lies below it")
    show.add_argument("--on", type=day_of, metavar="DATE", help="for example 2026-12-01")
    show.add_argument("--all", action="store_true", help="also the units that are over or still to come")
    show.set_defaults(run=run_show)


def run_change(arguments: argparse.Namespace) -> int:
    """Plan a change, or carry it out when it is for today."""
    chosen = [arguments.file is not None, arguments.list, arguments.cancel is not None, arguments.due]
    if sum(chosen) != 1:
        raise Refused("org change: give a FILE, or one of --list, --cancel ID and --due.")
    if arguments.list:
        return asyncio.run(_list(arguments))
    if arguments.cancel is not None:
        return asyncio.run(_cancel(arguments))
    if arguments.due:
        return asyncio.run(_due(arguments))
    return asyncio.run(_change(arguments, _read(arguments.file)))


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{file}: not JSON: {error}") from error


async def _change(arguments: argparse.Namespace, document: Any) -> int:
    from routing.deadline import LOCAL_TIME
    from routing.organisation.changing import BrokenChange, first_day
    from storage import reorganising

    now = moment.now()
    today = now.astimezone(LOCAL_TIME).date()
    async with opened(arguments.settings) as database:
        try:
            day = first_day(document, today=today)
            await _preview(database, document, day, today)
        except BrokenChange as broken:
            problems = [f"{arguments.file}: {problem}" for problem in broken.problems]
            raise Refused("\n".join([*problems, "Nothing was changed."])) from broken
        if arguments.dry_run:
            print("Nothing was changed (--dry-run).")
            return 0
        if not arguments.yes and not _agreed(day, today):
            print("Nothing was changed.")
            return 1
        async with database.begin() as transaction:
            planned = reorganising.plan_change(transaction, document, on_day=day, now=now)
        if day > today:
            print(f"Planned for {day} as {planned.id}; the running clock carries it out at midnight.")
            return 0
        return await _carry_out(database)


async def _preview(database: "Database", document: Any, day: date, today: date) -> None:
    """Print what a file changes, after what is planned up to its day; raises BrokenChange."""
    from handlers import reorganising as carrying_out
    from routing.organisation.changing import reorganise
    from storage import cases

    async with database.read() as transaction:
        city = await carrying_out.planned_city(transaction, await city_of(transaction), until=day)
        made = reorganise(city, document, day=day)
        print(f"On {day}{' (today)' if day == today else ''}:")
        for line in _told(city, made):
            print(f"  {line}")
        ends = [each.was for each in made.successions]
        count = await cases.count_open_cases_of_units(transaction, ends) if ends else 0
        told = counted(count, "open case is", "open cases are")
        print(f"  {told} with the units concerned today.")


def _told(city: "City", made: "Reorganised") -> Iterator[str]:
    created = set(made.created)
    for each in made.successions:
        word = "ends" if each.ends else "gives work to others"
        parts = ", ".join(
            f"{unit} ({'new: ' if unit in created else ''}{made.city.units[unit].name})"
            for unit in each.units
        )
        yield f"{each.was} ({made.city.units[each.was].name}) {word} → {parts}"
    for code, was in made.renamed:
        yield f"{code}: {was} → {made.city.units[code].name}"
    for code, parent in made.moved:
        yield f"{code}: below {made.city.units[code].parent} instead of {parent}"
    before = {rule.position: rule for rule in city.responsibilities}
    changed = sum(before.get(rule.position) != rule for rule in made.city.responsibilities)
    rules = len(made.city.responsibilities)
    yield f"{changed} of {counted(rules, 'rule')} {'changes' if changed == 1 else 'change'}"
    yield from (f"note: {note}" for note in made.notes)


def _agreed(day: date, today: date) -> bool:
    if not sys.stdin.isatty():
        raise Refused("Nothing was changed: repeat with --yes to adopt this, or with --dry-run to look only.")
    when = "now" if day == today else f"on {day}"
    return input(f"Carry this out {when}? [y/N] ").strip().lower() in ("y", "yes")


async def _due(arguments: argparse.Namespace) -> int:
    async with opened(arguments.settings) as database:
        return await _carry_out(database)


async def _carry_out(database: "Database") -> int:
    """Carry out what is due, batch by batch; what is interrupted here, the clock or `--due` continues."""
    from handlers import reorganising as carrying_out
    from routing.deadline import LOCAL_TIME
    from storage import messages, reorganising

    while True:
        now = moment.now()
        async with database.begin() as transaction:
            done = await carrying_out.carry_out(transaction, await city_of(transaction), now)
            await transaction.flush()
            await messages.announce(transaction, "outbox")
        if not done:
            break
    today = now.astimezone(LOCAL_TIME).date()
    async with database.read() as transaction:
        changes = await reorganising.all_changes(transaction)
    left = [each for each in changes if each.done_at is None and each.on_day <= today]
    for each in left:
        problems = (each.outcome or {}).get("problems", ["it waits for the one before it"])
        print("\n".join(f"{each.id}: {problem}" for problem in problems), file=sys.stderr)
    for each in changes[-1:] if not left else ():
        print(_summary(each))
    return 1 if left else 0


async def _list(arguments: argparse.Namespace) -> int:
    from storage import reorganising

    async with opened(arguments.settings) as database, database.read() as transaction:
        changes = await reorganising.all_changes(transaction)
    if arguments.json:
        print(json.dumps([_as_json(each) for each in changes], ensure_ascii=False))
        return 0
    for each in changes:
        print(_summary(each))
    print(
        f"{counted(len(changes), 'change')}."
        if changes
        else "No change of the tree is planned or was carried out."
    )
    return 0


def _state(change: "OrgChange") -> str:
    outcome = change.outcome or {}
    if change.done_at is not None:
        return "done"
    return "failed" if "problems" in outcome else "under way" if outcome else "planned"


def _as_json(change: "OrgChange") -> dict[str, Any]:
    outcome = {key: value for key, value in (change.outcome or {}).items() if key != "before"}
    return {
        "id": change.id,
        "on": change.on_day.isoformat(),
        "state": _state(change),
        "document": dict(change.document),
        "outcome": outcome,
    }


def _summary(change: "OrgChange") -> str:
    lines = [f"{change.id}  {change.on_day}  {_state(change)}"]
    lines += [f"    {json.dumps(each, ensure_ascii=False)}" for each in change.document.get("changes", ())]
    outcome: Mapping[str, Any] = change.outcome or {}
    lines += [f"    problem: {problem}" for problem in outcome.get("problems", ())]
    if "stage" in outcome:
        moved = sum(outcome["cases"].values())
        lines.append(
            f"    {counted(moved, 'open case')}, {counted(outcome['posts'], 'post')} and "
            f"{counted(outcome['parts'], 'part')} moved; {counted(outcome['told'], 'person', 'people')} told"
        )
        lines += [
            f"    {counted(count, 'case is', 'cases are')} at {unit} for want of a place"
            for unit, count in outcome["unsure"].items()
        ]
        lines += [f"    note: {note}" for note in outcome["notes"]]
    return "\n".join(lines)


async def _cancel(arguments: argparse.Namespace) -> int:
    from storage import reorganising

    async with opened(arguments.settings) as database, database.begin() as transaction:
        if not await reorganising.cancel_change(transaction, arguments.cancel):
            raise Refused(f"--cancel: no planned change {arguments.cancel}; see org change --list.")
    print(f"{arguments.cancel} is cancelled.")
    return 0


# ── org show ─────────────────────────────────────────────────────────────────────────────────────


def run_show(arguments: argparse.Namespace) -> int:
    """Print the tree of units."""
    return asyncio.run(_show(arguments))


async def _show(arguments: argparse.Namespace) -> int:
    from handlers import reorganising as carrying_out
    from routing.organisation import BrokenOrganisation
    from routing.organisation.changing import BrokenChange

    async with opened(arguments.settings) as database, database.read() as transaction:
        city = await city_of(transaction)
        if arguments.on is not None:
            try:
                city = await carrying_out.city_on(transaction, city, arguments.on)
            except BrokenChange as broken:
                raise Refused(f"A planned change cannot be carried out: {broken}") from broken
            except BrokenOrganisation as broken:
                raise Refused(
                    f"The tree of {arguments.on} cannot be put together any more: an import since then took "
                    f"units out of the file that it needs ({broken.problems[0]})."
                ) from broken
        top = arguments.unit or city.root.code
        if top not in city.units:
            begins = await _beginning(transaction, city, top)
            raise Refused(begins or f"--unit: no unit {top!r}{nearest(top, city.units)}")
    lines = list(tree_lines(city, top, everything=arguments.all))
    print("\n".join(lines))
    return 0


async def _beginning(transaction: "Transaction", city: "City", code: str) -> str | None:
    """Return when a unit begins that only a planned change knows; None for one that none knows."""
    from handlers import reorganising as carrying_out
    from routing.organisation.changing import BrokenChange
    from storage import reorganising

    for change in await reorganising.pending_changes(transaction):
        try:
            planned = await carrying_out.planned_city(transaction, city, until=change.on_day)
        except BrokenChange:
            return None
        if code in planned.units:
            begins = planned.units[code].valid_from or change.on_day
            return f"--unit: {code} begins on {begins}; to see it: --unit {code} --on {begins}"
    return None


def tree_lines(city: "City", top: str, *, everything: bool = False) -> Iterator[str]:
    """Yield a unit and what lies below it, a line each, with former names.

    everything: also those that are not there on the city's day, with the day and those who took over.
    """
    below: dict[str, list[Unit]] = {}
    for unit in city.units.values():
        if everything or any(map(city.is_valid, city.subtree(unit.code))):
            below.setdefault(unit.parent or "", []).append(unit)
    yield from _branch(city, below, city.units[top], depth=0)


def _branch(
    city: "City", below: "Mapping[str, Sequence[Unit]]", unit: "Unit", *, depth: int
) -> Iterator[str]:
    yield "  " * depth + _line(city, unit)
    for child in below.get(unit.code, ()):
        yield from _branch(city, below, child, depth=depth + 1)


def _line(city: "City", unit: "Unit") -> str:
    line = f"{unit.name} [{unit.code}]"
    if unit.former_names:
        line += f" (formerly {', '.join(unit.former_names)})"
    if city.is_valid(unit.code):
        return line + (f", until {unit.valid_to}" if unit.valid_to else "")
    if unit.valid_from is not None and city.day is not None and unit.valid_from > city.day:
        return f"{line}: from {unit.valid_from} on"
    heirs = ", ".join(unit.successors)
    return f"{line}: until {unit.valid_to}" + (f" → {heirs}" if heirs else "")
