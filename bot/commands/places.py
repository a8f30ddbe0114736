"""`places import|show|clear`: the borders of the wards, so that a position tells its ward exactly."""

import argparse
import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.commands.opening import Refused, city_of, opened

if TYPE_CHECKING:
    from routing.organisation import City
    from routing.place import Ward
    from routing.places.borders import BorderFile


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the commands to the parser."""
    places = commands.add_parser("places", help="the borders of the city's wards")
    actions = places.add_subparsers(dest="action", required=True, metavar="ACTION")
    import_ = actions.add_parser("import", help="read them from a GeoJSON file: all of it, or nothing")
    import_.add_argument("file", type=Path)
    import_.set_defaults(run=run_import)
    show = actions.add_parser("show", help="how many wards have borders, and which have none")
    show.add_argument("--json", action="store_true")
    show.set_defaults(run=run_show)
    clear = actions.add_parser("clear", help="forget them: positions are estimated again")
    clear.set_defaults(run=run_clear)


def run_import(arguments: argparse.Namespace) -> int:
    """Adopt the borders of a file; every bad feature is named and nothing is changed when there is one."""
    file = arguments.file
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{file}: not JSON: {error}") from error
    return asyncio.run(_import(arguments, document))


async def _import(arguments: argparse.Namespace, document: Any) -> int:
    from storage import borders

    async with opened(arguments.settings) as database:
        async with database.read() as transaction:
            city = await city_of(transaction)
        # Before anything is written: a big file takes long to read, and other programs wait for the writer.
        found = _read(arguments.file, document, city)
        async with database.begin() as transaction:
            before = await borders.load_borders(transaction) or {}
            await borders.save_borders(transaction, found.as_dict())
    print(f"{len(found.polygons)} wards of {city.name} have their borders now. Running programs follow.")
    if found.elsewhere:
        print(f"{found.elsewhere} features are of other provinces and were left out.")
    if dropped := before.keys() - found.polygons.keys():
        replaced = len(before) - len(dropped)
        gone = f"{len(dropped)} dropped, for the file does not hold them"
        print(f"Of the {len(before)} borders before, {replaced} were replaced and {gone}.")
    _print_missing(_missing(city, found.polygons))
    return 0


def _read(file: Path, document: Any, city: "City") -> "BorderFile":
    """Return the borders in a document. Raises Refused with every bad feature."""
    from routing.place import BrokenBorders, read_border_file

    try:
        return read_border_file(document, province=city.province)
    except BrokenBorders as error:
        problems = [f"{file}: {problem}" for problem in error.problems]
        total = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; nothing was changed."
        raise Refused("\n".join([*problems, total])) from error


def run_show(arguments: argparse.Namespace) -> int:
    """Print how many wards have borders, and name those without."""
    return asyncio.run(_show(arguments))


async def _show(arguments: argparse.Namespace) -> int:
    from storage import borders

    async with opened(arguments.settings) as database, database.read() as transaction:
        city = await city_of(transaction)
        stored = await borders.load_borders(transaction) or {}
    missing = _missing(city, stored)
    if arguments.json:
        without = [{"code": ward.code, "name": ward.name} for ward in missing]
        print(json.dumps({"wards_with_borders": len(stored), "without": without}, ensure_ascii=False))
        return 0
    if not stored:
        print(f"No borders were imported: positions in {city.name} are estimated.")
        return 0
    print(f"{len(stored)} wards of {city.name} have their borders.")
    _print_missing(missing)
    return 0


def run_clear(arguments: argparse.Namespace) -> int:
    """Forget the borders."""
    asyncio.run(_clear(arguments))
    print("The borders are forgotten: positions are estimated. Running programs follow.")
    return 0


async def _clear(arguments: argparse.Namespace) -> None:
    from storage import borders

    async with opened(arguments.settings) as database, database.begin() as transaction:
        await city_of(transaction)
        await borders.clear_borders(transaction)


def _missing(city: "City", codes: Any) -> "list[Ward]":
    """Return the wards of the city that have no borders."""
    from routing.place import wards_of

    return [ward for ward in wards_of(city.province) if ward.code not in codes]


def _print_missing(wards: "list[Ward]") -> None:
    if not wards:
        print("Every ward of the city has its borders.")
        return
    print(f"{len(wards)} wards have none; positions there are estimated:")
    for ward in wards:
        print(f"  {ward.code} {ward.name}")
