"""`org export`, `org import` and `people import`: the organisation as a file that an office can edit."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import NO_CITY, NoCity, Refused, counted, opened

if TYPE_CHECKING:
    from bot.workbook.grid import Grid
    from bot.workbook.officials import Invitee, OfficialChange
    from routing.organisation import City, Difference
    from storage.database import Database
    from storage.roster import Holder

_SUFFIXES = (".xlsx", ".json")
_MOST_DAYS = 90


def register(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add the actions to those of `org`."""
    export = actions.add_parser("export", help="write them to a workbook (.xlsx) or as JSON (.json)")
    export.add_argument("file", type=Path)
    export.add_argument("--force", action="store_true", help="write over a file that is there already")
    export.set_defaults(run=run_export)
    import_ = actions.add_parser(
        "import", help="read them from such a file: shows what changes, then all of it or nothing"
    )
    import_.add_argument("file", type=Path)
    import_.add_argument("--yes", action="store_true", help="adopt without asking")
    import_.add_argument("--dry-run", action="store_true", help="only show what would change")
    import_.add_argument(
        "--force", action="store_true", help="also an older file, and where a unit goes that is still needed"
    )
    import_.add_argument(
        "--out", type=Path, metavar="FILE.xlsx", help="where to write invitations for new rows of Officials"
    )
    import_.set_defaults(run=run_import)


def register_people(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add `import` to the actions of `people`."""
    import_ = actions.add_parser("import", help="make one-time invitations for a list of officials")
    import_.add_argument("file", type=Path, help="the list, .xlsx or .csv: name, unit, role, phone, until")
    import_.add_argument(
        "--out", type=Path, required=True, metavar="FILE.xlsx", help="where to write the invitations"
    )
    import_.add_argument("--days", type=int, default=7, help="how long the codes are valid; 7 by default")
    import_.set_defaults(run=run_people_import)


# ── org export ───────────────────────────────────────────────────────────────────────────────────


def run_export(arguments: argparse.Namespace) -> int:
    """Write the city's organisation as a workbook or as JSON."""
    file: Path = arguments.file
    workbook = _is_workbook(file)
    if file.exists() and not arguments.force:
        raise Refused(f"{file}: is there already; name another file, or write over it with --force.")
    state = asyncio.run(_load(arguments))
    if state.city is None or state.document is None:
        raise NoCity(NO_CITY)
    document = {**_for_export(state.city, state.document), "version": state.version}
    try:
        if workbook:
            _write_workbook(file, document, state)
        else:
            text = json.dumps(document, ensure_ascii=False, indent=1)
            file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    units, rules = len(state.city.units), len(state.city.responsibilities)
    print(
        f"{counted(units, 'unit')} and {counted(rules, 'responsibility', 'responsibilities')} are in {file}."
    )
    if workbook and state.holders:
        print(f"It names {counted(len(state.holders), 'official')}: personal data, readable for you alone.")
    return 0


def _is_workbook(file: Path) -> bool:
    if file.suffix.lower() not in _SUFFIXES:
        raise Refused(f"{file}: the name must end in {' or '.join(_SUFFIXES)}")
    return file.suffix.lower() == ".xlsx"


def _for_export(city: "City", document: dict[str, Any]) -> dict[str, Any]:
    """Return the document in its usual form, with the reasons of days that only the saved one holds."""
    from routing.organisation import to_document

    usual = to_document(city)
    for days in ("days_off", "make_up_days"):
        reasons = _reasons(document, days)
        usual["calendar"][days] = [
            {"date": day, "reason": reasons[day]} if day in reasons else day
            for day in usual["calendar"][days]
        ]
    return usual


def _reasons(document: dict[str, Any] | None, days: str) -> dict[str, str]:
    listed = document["calendar"].get(days, ()) if document else ()
    return {day["date"]: day["reason"] for day in listed if isinstance(day, dict) and day.get("reason")}


def _write_workbook(file: Path, document: dict[str, Any], state: "_State") -> None:
    from bot.workbook.book import write_book
    from bot.workbook.officials import official_rows
    from bot.workbook.writing import CannotBeWritten

    assert state.city is not None
    try:
        write_book(file, document, official_rows(state.holders, state.city))
    except CannotBeWritten as error:
        raise Refused(f"{file}: {error}") from error


# ── org import ───────────────────────────────────────────────────────────────────────────────────


@dataclass(kw_only=True)
class _State:
    """What the database holds before an import."""

    now: datetime
    version: int
    document: dict[str, Any] | None
    city: "City | None"
    holders: "list[Holder]"


@dataclass(kw_only=True)
class _Plan:
    """What an import would do."""

    document: dict[str, Any]
    city: "City"
    differences: "list[Difference]"
    reasons_changed: bool
    officials: "list[OfficialChange]" = field(default_factory=list)
    newcomers: "list[Invitee]" = field(default_factory=list)
    left_alone: int = 0
    version: Any = None
    """The version of the organisation that the file was exported at, None where it does not say."""

    @property
    def nothing(self) -> bool:
        """Whether everything is as it was."""
        return not (self.differences or self.reasons_changed or self.officials or self.newcomers)


async def _load(arguments: argparse.Namespace) -> _State:
    """Return what the database holds. Raises NoCity where there is no database yet."""
    from storage import roster, units

    now = moment.now()
    async with opened(arguments.settings) as database, database.read() as transaction:
        return _State(
            now=now,
            version=await units.city_version(transaction),
            document=await units.load_document(transaction),
            city=await units.load_city(transaction),
            holders=await roster.holders(transaction, now=now),
        )


def _load_or_nothing(arguments: argparse.Namespace) -> _State:
    try:
        return asyncio.run(_load(arguments))
    except NoCity:
        return _State(now=moment.now(), version=0, document=None, city=None, holders=[])


def run_import(arguments: argparse.Namespace) -> int:
    """Show what a file would change and adopt it; every problem is named and nothing is done with one."""
    workbook = _is_workbook(arguments.file)
    state = _load_or_nothing(arguments)
    plan = _read_workbook(arguments, state) if workbook else _read_json(arguments.file, state)
    if state.city is not None and state.city.province != plan.city.province:
        raise Refused(f"The file is about {plan.city.name}, the database about {state.city.name}.")
    if not (arguments.force or plan.nothing):
        _refuse_older(arguments.file, plan, state)
    _show(plan, state)
    _warn(plan.city, state.now)
    if plan.nothing and state.city is not None:
        print("Nothing changes.")
        return 0
    asyncio.run(_refuse_holes(arguments, plan, state))
    if arguments.dry_run:
        print("Nothing was changed: --dry-run.")
        return 0
    if not arguments.yes and not _agreed():
        print("Nothing was changed.")
        return 0
    asyncio.run(_adopt(arguments, plan, state))
    return 0


def _refuse_older(file: Path, plan: _Plan, state: _State) -> None:
    """Refuse a file that was written before the last change: it would undo that."""
    exported = plan.version
    if state.city is None or not isinstance(exported, int) or exported >= state.version:
        return
    raise Refused(
        f"{file} was exported at version {exported}, the organisation is at version {state.version}: what "
        "was changed since (by org change or another import) would be undone. Export again and edit that; "
        "--force imports this one as it is. Nothing was changed."
    )


def _agreed() -> bool:
    """Ask on a terminal; elsewhere whoever runs the command has decided."""
    if not sys.stdin.isatty():
        return True
    try:
        return input("Adopt? [y/N] ").strip().casefold() in ("y", "yes")
    except EOFError:
        return False


def _read_json(file: Path, state: _State) -> _Plan:
    from routing.organisation import BrokenOrganisation, from_document

    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        city = from_document(document)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{file}: not JSON: {error}") from error
    except BrokenOrganisation as error:
        raise _refused([f"{file}: {problem}" for problem in error.problems]) from error
    return _plan(document, city, state)


def _read_workbook(arguments: argparse.Namespace, state: _State) -> _Plan:
    from bot.workbook.book import in_order, read_book
    from bot.workbook.grid import NoWorkbook
    from bot.workbook.officials import read_officials

    file: Path = arguments.file
    try:
        book = read_book(file)
    except NoWorkbook as error:
        raise Refused(f"{file}: {error}") from error
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    faults = list(book.faults)
    grid = book.officials
    before = len(grid.faults)
    # Where the units are broken, officials are looked at in those that there are.
    city = book.city or state.city
    changes, newcomers = read_officials(grid, state.holders, city, now=state.now) if city else ([], [])
    if newcomers and arguments.out is None:
        for number, _ in newcomers:
            grid.note(
                "post is empty: --out FILE.xlsx makes invitations for new people", row=number, column="post"
            )
    faults = in_order([*faults, *grid.faults[before:]])
    if faults or book.city is None:
        raise _refused([str(fault) for fault in faults])
    plan = _plan(book.document, book.city, state)
    plan.officials, plan.newcomers = changes, [invitee for _, invitee in newcomers]
    plan.left_alone = len(state.holders) - sum(1 for _, row in grid.rows if row.get("post"))
    return plan


def _refused(problems: Sequence[str]) -> Refused:
    return Refused("\n".join([*problems, f"{counted(len(problems), 'problem')}; nothing was changed."]))


def _plan(document: dict[str, Any], city: "City", state: _State) -> _Plan:
    from routing.organisation import differences

    changed = any(_reasons(document, days) != _reasons(state.document, days) for days in _DAYS)
    return _Plan(
        document={column: value for column, value in document.items() if column != "version"},
        city=city,
        differences=differences(state.city, city),
        reasons_changed=changed,
        version=document.get("version"),
    )


_DAYS = ("days_off", "make_up_days")


def _show(plan: _Plan, state: _State) -> None:
    if state.city is not None:
        for difference in plan.differences:
            print(difference)
    if plan.reasons_changed:
        print("~ calendar: the reasons of days")
    for change in plan.officials:
        print(change)
    for invitee in plan.newcomers:
        print(f"+ officials {invitee.role} of {invitee.unit.code}: an invitation for {invitee.name}")
    if plan.left_alone > 0:
        stay = (
            "post is not in the file and stays as it is.",
            "posts are not in the file and stay as they are.",
        )
        print(counted(plan.left_alone, *stay))
    before = set(state.city.units) if state.city else set()
    after = set(plan.city.units)
    print(f"{counted(len(after), 'unit')}: {len(after - before)} new, {len(before - after)} gone.")


async def _refuse_holes(arguments: argparse.Namespace, plan: _Plan, state: _State) -> None:
    """Refuse to take a unit away that still has cases or people, unless that is insisted on."""
    from storage import roster

    if state.city is None or arguments.force:
        return
    ending = {
        code
        for code, unit in state.city.units.items()
        if code not in plan.city.units
        or (unit.valid_to is None and plan.city.units[code].valid_to is not None)
    }
    if not ending:
        return
    async with opened(arguments.settings) as database, database.read() as transaction:
        needed = await roster.still_needed(transaction, ending, now=state.now)
    lines = [
        f"{code}: has {counted(cases, 'open case')} and {counted(posts, 'post')}"
        for code, (cases, posts) in needed.items()
    ]
    if lines:
        advice = (
            "A merger, split or end is carried out with `org change FILE`, which moves cases and people; "
        )
        raise Refused(
            "\n".join([*lines, f"{advice}--force leaves them where they are. Nothing was changed."])
        )


async def _adopt(arguments: argparse.Namespace, plan: _Plan, state: _State) -> None:
    from bot.workbook.invitations import hand_out

    async with opened(arguments.settings, create=True) as database:
        if plan.newcomers:
            with hand_out(arguments.out, plan.newcomers, now=state.now, days=7) as invitations:
                await _write(database, plan, state, invitations)
            made = counted(len(invitations), "invitation is", "invitations are")
            print(f"{made} in {arguments.out}, and nowhere else.")
        else:
            await _write(database, plan, state, ())
    print("Adopted. Running programs follow.")


async def _write(database: "Database", plan: _Plan, state: _State, invitations: Sequence[Any]) -> None:
    from bot.workbook.invitations import store
    from storage import people, roster, units

    async with database.begin() as transaction:
        if await units.city_version(transaction) != state.version:
            raise Refused("The organisation was changed meanwhile; nothing was changed here. Import again.")
        if plan.differences or plan.reasons_changed or state.city is None:
            await units.save_city(transaction, plan.document, now=state.now)
        for change in plan.officials:
            if change.name != change.holder.name:
                people.rename(transaction, change.holder.person_id, name=change.name)
            if change.ends:
                # What was done until now was done in the post: it ends now at the earliest.
                ends_at = None if change.ends_at is None else max(change.ends_at, state.now)
                roster.set_end(transaction, change.holder.post_id, ends_at=ends_at)
        if plan.officials:
            await units.note_change(transaction)
        store(transaction, invitations, now=state.now)


def _warn(city: "City", now: datetime) -> None:
    """Name what the rules would leave open today, and what looks like a mistake."""
    from routing.deadline import LOCAL_TIME
    from routing.organisation.oddities import oddities
    from routing.rule_check import check

    today = city.on(now.astimezone(LOCAL_TIME).date())
    for problem in (*check(today), *oddities(city)):
        print(f"warning: {problem}", file=sys.stderr)


# ── people import ────────────────────────────────────────────────────────────────────────────────


def run_people_import(arguments: argparse.Namespace) -> int:
    """Make an invitation for each person of a list; every bad cell is named and none is made with one."""
    if not 1 <= arguments.days <= _MOST_DAYS:
        raise Refused(f"--days: from 1 to {_MOST_DAYS}")
    state = asyncio.run(_load(arguments))
    if state.city is None:
        raise NoCity(NO_CITY)
    invitees = _read_list(arguments.file, state.city, state.now)
    asyncio.run(_invite_all(arguments, invitees, state.now))
    return 0


def _read_list(file: Path, city: "City", now: datetime) -> "list[Invitee]":
    from bot.workbook.grid import NoWorkbook
    from bot.workbook.invitations import read_list
    from bot.workbook.officials import read_invitees

    try:
        grid: Grid = read_list(file)
    except NoWorkbook as error:
        raise Refused(f"{file}: {error}") from error
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    invitees = [] if grid.broken else read_invitees(grid, city, now=now)
    if grid.faults:
        raise _refused([str(fault) for fault in sorted(set(grid.faults))])
    if not invitees:
        raise Refused(f"{file}: names nobody.")
    return invitees


async def _invite_all(arguments: argparse.Namespace, invitees: "Sequence[Invitee]", now: datetime) -> None:
    from bot.workbook.invitations import hand_out, store

    async with opened(arguments.settings) as database:
        with hand_out(arguments.out, invitees, now=now, days=arguments.days) as invitations:
            async with database.begin() as transaction:
                store(transaction, invitations, now=now)
    made = counted(len(invitations), "invitation is", "invitations are")
    print(f"{made} in {arguments.out}, and nowhere else: the database keeps hashes.")
    print(f"Each code works once, within {counted(arguments.days, 'day')}, as `/start CODE` in any channel.")
