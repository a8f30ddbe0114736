"""`contacts`: the mail addresses and telephone numbers at which units are told of directives."""

import argparse
import asyncio
import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.commands.opening import Refused, city_of, nearest, opened

if TYPE_CHECKING:
    from routing.organisation import City
    from storage.contacts import Contacts

_COLUMNS = ("unit", "mail", "phone")


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    contacts = commands.add_parser("contacts", help="where units are told of directives by mail and SMS")
    contacts.add_argument(
        "--unit", metavar="CODE", help="set this unit's; without --mail and --phone: remove"
    )
    contacts.add_argument("--mail", action="append", default=[], metavar="ADDRESS", help="may be repeated")
    contacts.add_argument("--phone", action="append", default=[], metavar="NUMBER", help="may be repeated")
    contacts.add_argument(
        "--file", type=Path, metavar="CSV", help="set many: columns unit, mail, phone; several with spaces"
    )
    contacts.add_argument("--json", action="store_true", help="print as JSON")
    contacts.set_defaults(run=run_contacts)


def run_contacts(arguments: argparse.Namespace) -> int:
    """Set contacts where any are given, then print all."""
    if (arguments.mail or arguments.phone) and not arguments.unit:
        raise Refused("--mail and --phone need --unit CODE")
    return asyncio.run(_contacts(arguments))


async def _contacts(arguments: argparse.Namespace) -> int:
    from storage import contacts

    async with opened(arguments.settings) as database, database.begin() as transaction:
        city = await city_of(transaction)
        given = _given(arguments, city)
        known = (
            await contacts.set_contacts(transaction, given) if given else await contacts.all_of(transaction)
        )
    if arguments.json:
        shown = {code: {"mail": each.mail, "phone": each.phone} for code, each in known.items()}
        print(json.dumps(shown, ensure_ascii=False, indent=2))
    else:
        print(
            "\n".join(_line(city, code, each) for code, each in sorted(known.items())) or "No contacts yet."
        )
    return 0


def _given(arguments: argparse.Namespace, city: "City") -> "dict[str, Contacts]":
    if arguments.file and arguments.unit:
        raise Refused("either --file or --unit, not both")
    if arguments.unit:
        return _checked([(0, arguments.unit, arguments.mail, arguments.phone)], city)
    if not arguments.file:
        return {}
    try:
        with arguments.file.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{arguments.file}: {error}") from error
    if not rows or set(_COLUMNS) - set(rows[0]):
        raise Refused(f"{arguments.file}: the first line names the columns {', '.join(_COLUMNS)}")
    read = [
        (number, (row["unit"] or "").strip(), (row["mail"] or "").split(), (row["phone"] or "").split())
        for number, row in enumerate(rows, start=2)
    ]
    return _checked(read, city, arguments.file)


def _checked(
    rows: list[tuple[int, str, list[str], list[str]]], city: "City", file: Path | None = None
) -> "dict[str, Contacts]":
    """Return the contacts by unit; raises Refused with a line for everything that is wrong."""
    from bot.settings import is_mail_address
    from storage.contacts import Contacts, read_phone

    found, problems = {}, []
    for number, unit, mails, phones in rows:
        where = f"{file}: row {number}: " if file else ""
        if unit not in city.units:
            problems.append(f"{where}there is no unit {unit!r}{nearest(unit, city.units)}")
        problems += [f"{where}not a mail address: {each!r}" for each in mails if not is_mail_address(each)]
        numbers = [read_phone(each) for each in phones]
        problems += [
            f"{where}not a telephone number: {each!r}"
            for each, read in zip(phones, numbers, strict=True)
            if read is None
        ]
        found[unit] = Contacts(mail=tuple(mails), phone=tuple(each for each in numbers if each))
    if problems:
        raise Refused("\n".join(problems))
    return found


def _line(city: "City", code: str, contacts: "Contacts") -> str:
    name = city.units[code].name if code in city.units else "(no longer a unit)"
    return f"{code} ({name}): " + ", ".join([*contacts.mail, *contacts.phone])
