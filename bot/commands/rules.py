"""`org check` and `org try`: what is wrong with the rules, and what others would change."""

import argparse
import asyncio
import json
import sys
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, city_of, counted, opened

if TYPE_CHECKING:
    from routing.organisation import City
    from routing.rehearsal import Change, Rehearsal

_SHOWN = 10
"""Units named on one line, and routes in the table before the rest is only counted."""
_ROUTES = 40
_MOST_DAYS = 3660


def register(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add the actions to those of `org`."""
    check = actions.add_parser(
        "check", help="list every (domain, ward) that reaches nobody, idle rules and units without anybody"
    )
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)
    try_ = actions.add_parser("try", help="replay past cases through other rules; nothing is changed")
    try_.add_argument("file", type=Path, help="the rules to try, as for org import")
    try_.add_argument("--days", type=int, default=30, help="how many days of cases; 30 by default")
    try_.add_argument("--json", action="store_true")
    try_.set_defaults(run=run_try)


# ── org check ────────────────────────────────────────────────────────────────────────────────────


def run_check(arguments: argparse.Namespace) -> int:
    """Print what is wrong with the rules, and which units have nobody; status 1 for faults of rules."""
    return asyncio.run(_check(arguments))


async def _check(arguments: argparse.Namespace) -> int:
    from routing.rule_check import check_rules
    from storage import people

    now = moment.now()
    async with opened(arguments.settings) as database, database.read() as transaction:
        city = _today(await city_of(transaction), now)
        receiving = await people.units_with_receivers(transaction, now=now)
    checked = check_rules(city)
    problems = [str(problem) for problem in checked.problems]
    led_to = sorted(checked.led_to - receiving)
    # Before the first official there is nothing to say about units: every one is still to come.
    without = led_to if receiving else []
    if arguments.json:
        told = [f"{code} has nobody to receive, and rules lead there" for code in without]
        print(json.dumps([*problems, *told], ensure_ascii=False))
        return 1 if problems else 0
    for problem in problems:
        print(problem)
    print(
        f"{counted(len(problems), 'problem')}." if problems else "Every domain reaches a unit in every ward."
    )
    print(_receivers(city, without, receiving, led_to=len(checked.led_to)))
    return 1 if problems else 0


def _today(city: "City", now: datetime) -> "City":
    from routing.deadline import LOCAL_TIME

    return city.on(now.astimezone(LOCAL_TIME).date())


def _receivers(city: "City", without: list[str], receiving: set[str], *, led_to: int) -> str:
    """Return which units have no chair or officer who can be reached, those that rules lead to first."""
    if not receiving:
        return "Nobody receives anywhere yet: python -m bot invite --unit CODE --role chair"
    others = sum(1 for code in city.units if city.is_valid(code) and code not in {*receiving, *without})
    if not without:
        return f"Somebody can receive at each of the {led_to} units that rules lead to."
    names = ", ".join(without[:_SHOWN]) + (", …" if len(without) > _SHOWN else "")
    rest = f" {others} more, to which no rule leads, have nobody either." if others else ""
    return f"{len(without)} of the {led_to} units that rules lead to have nobody to receive: {names}.{rest}"


# ── org try ──────────────────────────────────────────────────────────────────────────────────────


def run_try(arguments: argparse.Namespace) -> int:
    """Print what the rules of a file would have done with the cases of the last days."""
    if not 1 <= arguments.days <= _MOST_DAYS:
        raise Refused(f"--days: from 1 to {_MOST_DAYS}")
    proposed = _read_city(arguments.file)
    rehearsal = asyncio.run(_rehearse(arguments, proposed))
    if arguments.json:
        print(json.dumps({"days": arguments.days, **rehearsal.as_dict()}, ensure_ascii=False))
    else:
        _show(rehearsal, arguments.days)
    return 0


def _read_city(file: Path) -> "City":
    """Return the city of a file. Raises Refused with every fault in it."""
    from routing.organisation import BrokenOrganisation, from_document

    try:
        if file.suffix.lower() == ".xlsx":
            return _read_workbook(file)
        return from_document(json.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{file}: not JSON: {error}") from error
    except BrokenOrganisation as error:
        raise Refused("\n".join(f"{file}: {problem}" for problem in error.problems)) from error


def _read_workbook(file: Path) -> "City":
    from bot.workbook.book import read_book
    from bot.workbook.grid import NoWorkbook

    try:
        book = read_book(file)
    except NoWorkbook as error:
        raise Refused(f"{file}: {error}") from error
    if book.city is None:
        raise Refused("\n".join(f"{file}: {fault}" for fault in book.faults))
    return book.city


async def _rehearse(arguments: argparse.Namespace, proposed: "City") -> "Rehearsal":
    from tqdm import tqdm

    from routing.rehearsal import Rehearsal
    from storage import replaying

    now = moment.now()
    since = now - timedelta(days=arguments.days)
    async with opened(arguments.settings) as database, database.read() as transaction:
        present = await city_of(transaction)
        if present.province != proposed.province:
            raise Refused(f"The file is about {proposed.name}, the database about {present.name}.")
        rehearsal = Rehearsal(_today(present, now), _today(proposed, now))
        total = await replaying.count_since(transaction, since)
        batches = replaying.cases_since(
            transaction, since, text=rehearsal.needs_text, former=rehearsal.needs_former
        )
        with tqdm(total=total, unit=" cases", file=sys.stderr, disable=not sys.stderr.isatty()) as bar:
            async for batch in batches:
                rehearsal.replay(batch)
                bar.update(len(batch))
    return rehearsal


def _show(rehearsal: "Rehearsal", days: int) -> None:
    span = "day" if days == 1 else f"{days} days"
    if not rehearsal.cases:
        print(f"There were no cases in the last {span}: the file's rules were tried on nothing.")
        return
    print(f"{counted(rehearsal.cases, 'case')} of the last {span}, tried on the file's rules:")
    if not rehearsal.elsewhere:
        print("All would go where the present rules lead.")
    else:
        print(f"{rehearsal.elsewhere} would go elsewhere:")
    moved = sorted(rehearsal.moved.items(), key=lambda item: -item[1].count)
    for (was, now), change in moved[:_ROUTES]:
        print(f"{change.count:>7}  {was or '(nobody)'} → {now or '(nobody)'}  {_told(change)}")
    if len(moved) > _ROUTES:
        left = sum(change.count for _, change in moved[_ROUTES:])
        print(f"{left:>7}  on {len(moved) - _ROUTES} more ways (all of them: --json)")
    for reason, change in sorted(rehearsal.nobody.items(), key=lambda item: -item[1].count):
        print(f"{change.count:>7}  would reach nobody: {reason}  {_told(change)}")
    for word, change in (("earlier", rehearsal.earlier), ("later", rehearsal.later)):
        if change.count:
            print(f"{change.count:>7}  would be due {word}  {_told(change)}")
    print("Nothing was changed. To adopt the file: python -m bot org import FILE")


def _told(change: "Change") -> str:
    """Return the domains of cases by how often, and the first codes; no word of any person."""
    most = change.domains.most_common(4)
    more = ", …" if len(change.domains) > len(most) else ""
    domains = ", ".join(f"{domain} {count}" for domain, count in most)
    return f"[{domains}{more}] e.g. {', '.join(change.examples)}"
