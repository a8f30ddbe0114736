"""`init`, `org export|import|check` and `invite`: the city's units and the people in them."""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.settings import sqlite_path, without_password

if TYPE_CHECKING:
    from routing.organisation import City

ROLES = ("chair", "officer", "leader", "dispatcher", "admin")


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    init = commands.add_parser("init", help="create the database and a province's units; safe to repeat")
    init.add_argument(
        "--province", required=True, help='for example "Hà Nội"; accents and case do not matter'
    )
    init.add_argument(
        "--tiers", type=int, choices=(2, 3), default=2, help="3: with districts, as before July 2025"
    )
    init.set_defaults(run=run_init)

    org = commands.add_parser("org", help="the org tree and responsibilities as a file")
    actions = org.add_subparsers(dest="action", required=True, metavar="ACTION")
    export = actions.add_parser("export", help="write them to a file (JSON)")
    export.add_argument("file", type=Path)
    export.set_defaults(run=run_export)
    import_ = actions.add_parser("import", help="read them from a file: all of it, or nothing")
    import_.add_argument("file", type=Path)
    import_.set_defaults(run=run_import)
    check = actions.add_parser("check", help="list every (domain, ward) that reaches nobody")
    check.add_argument("--json", action="store_true")
    check.set_defaults(run=run_check)

    invite = commands.add_parser("invite", help="make a one-time code for an official, valid 7 days")
    invite.add_argument("--unit", required=True, metavar="CODE", help="the unit's code, as in org export")
    invite.add_argument("--role", required=True, choices=ROLES)
    invite.add_argument("--json", action="store_true")
    invite.set_defaults(run=run_invite)


def run_init(arguments: argparse.Namespace) -> int:
    """Create the city unless it is there already."""
    from routing.organisation import UnknownProvince, build_city

    try:
        city = build_city(arguments.province, tiers=arguments.tiers)
    except UnknownProvince as error:
        return _fail(str(error))
    return asyncio.run(_init(arguments, city))


async def _init(arguments: argparse.Namespace, city: "City") -> int:
    from routing.organisation import to_document
    from storage import migrating, units
    from storage.database import Database

    url = arguments.settings.database_url
    if path := sqlite_path(url):
        path.parent.mkdir(parents=True, exist_ok=True)
    await migrating.upgrade(url)
    database = Database(url)
    try:
        async with database.begin() as transaction:
            existing = await units.load_city(transaction)
            if existing is None:
                await units.save_city(transaction, to_document(city), now=datetime.now(UTC))
    finally:
        await database.close()
    if existing is not None and (existing.province, existing.tiers) != (city.province, city.tiers):
        return _fail(
            f"This database already holds {existing.name} ({existing.tiers} tiers); nothing was changed. "
            "Set LANGNGHE_DATABASE_URL to another database for another city."
        )
    shown, word = (existing, "is already there; nothing was changed") if existing else (city, "is ready")
    print(f"{shown.name}, {shown.tiers} tiers, {len(shown.units)} units: {word}. ({without_password(url)})")
    print("Next: python -m bot org check; python -m bot invite --unit CODE --role chair; python -m bot serve")
    return 0


def run_export(arguments: argparse.Namespace) -> int:
    """Write the city's organisation as JSON."""
    city = asyncio.run(_load(arguments))
    if city is None:
        return _no_city()
    from routing.organisation import to_document

    text = json.dumps(to_document(city), ensure_ascii=False, indent=1)
    try:
        arguments.file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        return _fail(f"{arguments.file}: {error.strerror}")
    print(
        f"{len(city.units)} units and {len(city.responsibilities)} responsibilities are in {arguments.file}."
    )
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Adopt an organisation file; every problem is named and nothing is changed when there is one."""
    from routing.organisation import BrokenOrganisation, from_document

    try:
        document = json.loads(arguments.file.read_text(encoding="utf-8"))
        city = from_document(document)
    except OSError as error:
        return _fail(f"{arguments.file}: {error.strerror}")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        return _fail(f"{arguments.file}: not JSON: {error}")
    except BrokenOrganisation as error:
        for problem in error.problems:
            print(f"{arguments.file}: {problem}", file=sys.stderr)
        return _fail(f"{len(error.problems)} problems; nothing was changed.")
    return asyncio.run(_import(arguments, document, city))


async def _import(arguments: argparse.Namespace, document: dict[str, Any], city: "City") -> int:
    from storage import migrating, units
    from storage.database import Database

    await migrating.upgrade(arguments.settings.database_url)
    database = Database(arguments.settings.database_url)
    try:
        async with database.begin() as transaction:
            existing = await units.load_city(transaction)
            if existing is not None and existing.province != city.province:
                return _fail(f"The file is about {city.name}, the database about {existing.name}.")
            await units.save_city(transaction, document, now=datetime.now(UTC))
    finally:
        await database.close()
    before, after = set(existing.units) if existing else set(), set(city.units)
    print(
        f"{len(after)} units: {len(after - before)} new, {len(before - after)} gone. Running programs follow."
    )
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Print each way in which a case would reach nobody; status 1 when there is one."""
    from routing.responsibility import check

    city = asyncio.run(_load(arguments))
    if city is None:
        return _no_city()
    problems = check(city)
    if arguments.json:
        print(json.dumps([str(problem) for problem in problems], ensure_ascii=False))
    else:
        for problem in problems:
            print(problem)
        print(f"{len(problems)} problems." if problems else "Every domain reaches a unit in every ward.")
    return 1 if problems else 0


def run_invite(arguments: argparse.Namespace) -> int:
    """Make an invitation and print its code, once."""
    return asyncio.run(_invite(arguments))


async def _invite(arguments: argparse.Namespace) -> int:
    from storage import people
    from storage.database import Database

    database = Database(arguments.settings.database_url)
    try:
        city = await _load(arguments)
        if city is None:
            return _no_city()
        if arguments.unit not in city.units:
            import difflib

            near = ", ".join(difflib.get_close_matches(arguments.unit, city.units, n=3, cutoff=0.5))
            return _fail(f"--unit: no unit {arguments.unit!r}" + (f"; nearest: {near}" if near else ""))
        async with database.begin() as transaction:
            code = await people.create_invitation(
                transaction,
                unit_code=arguments.unit,
                role=arguments.role,
                now=datetime.now(UTC),
            )
    finally:
        await database.close()
    unit = city.units[arguments.unit]
    if arguments.json:
        print(json.dumps({"code": code, "unit": unit.code, "role": arguments.role}))
    else:
        print(f"/start {code}")
        print(f"One time, within 7 days, in any channel: makes the sender {arguments.role} of {unit.name}.")
    return 0


async def _load(arguments: argparse.Namespace) -> "City | None":
    from storage import migrating, units
    from storage.database import Database

    path = sqlite_path(arguments.settings.database_url)
    if path is not None and not path.exists():
        return None
    await migrating.upgrade(arguments.settings.database_url)
    database = Database(arguments.settings.database_url)
    try:
        async with database.read() as transaction:
            return await units.load_city(transaction)
    finally:
        await database.close()


def _no_city() -> int:
    return _fail('There is no city yet. Run: python -m bot init --province "Hà Nội"')


def _fail(line: str) -> int:
    print(line, file=sys.stderr)
    return 1
