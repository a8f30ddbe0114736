"""`init`, `org` and `invite`: the city's units and the people in them."""

import argparse
import asyncio
import json
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands import changing, rules, workbook
from bot.commands.opening import Refused, city_of, nearest, opened
from bot.settings import without_password

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
    workbook.register(actions)
    rules.register(actions)
    changing.register(actions)

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
        raise Refused(str(error)) from error
    return asyncio.run(_init(arguments, city))


async def _init(arguments: argparse.Namespace, city: "City") -> int:
    from routing.organisation import to_document
    from storage import units

    async with opened(arguments.settings, create=True) as database, database.begin() as transaction:
        existing = await units.load_city(transaction)
        if existing is None:
            await units.save_city(transaction, to_document(city), now=moment.now())
    if existing is not None and (existing.province, existing.tiers) != (city.province, city.tiers):
        raise Refused(
            f"This database already holds {existing.name} ({existing.tiers} tiers); nothing was changed. "
            "Set LANGNGHE_DATABASE_URL to another database for another city."
        )
    shown, word = (existing, "is already there; nothing was changed") if existing else (city, "is ready")
    where = without_password(arguments.settings.database_url)
    print(f"{shown.name}, {shown.tiers} tiers, {len(shown.units)} units: {word}. ({where})")
    print("Next: python -m bot org check; python -m bot invite --unit CODE --role chair; python -m bot serve")
    return 0


def run_invite(arguments: argparse.Namespace) -> int:
    """Make an invitation and print its code, once."""
    return asyncio.run(_invite(arguments))


async def _invite(arguments: argparse.Namespace) -> int:
    from storage import people

    async with opened(arguments.settings) as database, database.begin() as transaction:
        city = await city_of(transaction)
        if arguments.unit not in city.units:
            raise Refused(f"--unit: no unit {arguments.unit!r}{nearest(arguments.unit, city.units)}")
        code = await people.create_invitation(
            transaction, unit_code=arguments.unit, role=arguments.role, now=moment.now()
        )
    unit = city.units[arguments.unit]
    if arguments.json:
        print(json.dumps({"code": code, "unit": unit.code, "role": arguments.role}))
    else:
        print(f"/start {code}")
        print(f"One time, within 7 days, in any channel: makes the sender {arguments.role} of {unit.name}.")
    return 0
