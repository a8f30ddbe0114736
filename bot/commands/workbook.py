"""`org export` and `org import`: the organisation as a file that an office can edit."""

import argparse
import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.commands.opening import Refused, load_city, opened

if TYPE_CHECKING:
    from routing.organisation import City


def register(actions: "argparse._SubParsersAction[Any]") -> None:
    """Add the actions to those of `org`."""
    export = actions.add_parser("export", help="write them to a file (JSON)")
    export.add_argument("file", type=Path)
    export.set_defaults(run=run_export)
    import_ = actions.add_parser("import", help="read them from a file: all of it, or nothing")
    import_.add_argument("file", type=Path)
    import_.set_defaults(run=run_import)


def run_export(arguments: argparse.Namespace) -> int:
    """Write the city's organisation as JSON."""
    from routing.organisation import to_document

    city = asyncio.run(load_city(arguments.settings))
    text = json.dumps(to_document(city), ensure_ascii=False, indent=1)
    try:
        arguments.file.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Refused(f"{arguments.file}: {error.strerror}") from error
    print(
        f"{len(city.units)} units and {len(city.responsibilities)} responsibilities are in {arguments.file}."
    )
    return 0


def run_import(arguments: argparse.Namespace) -> int:
    """Adopt an organisation file; every problem is named and nothing is changed when there is one."""
    from routing.organisation import BrokenOrganisation, from_document

    file = arguments.file
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
        city = from_document(document)
    except OSError as error:
        raise Refused(f"{file}: {error.strerror}") from error
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{file}: not JSON: {error}") from error
    except BrokenOrganisation as error:
        problems = [f"{file}: {problem}" for problem in error.problems]
        total = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}; nothing was changed."
        raise Refused("\n".join([*problems, total])) from error
    return asyncio.run(_import(arguments, document, city))


async def _import(arguments: argparse.Namespace, document: dict[str, Any], city: "City") -> int:
    from storage import units

    async with opened(arguments.settings, create=True) as database, database.begin() as transaction:
        existing = await units.load_city(transaction)
        if existing is not None and existing.province != city.province:
            raise Refused(f"The file is about {city.name}, the database about {existing.name}.")
        await units.save_city(transaction, document, now=datetime.now(UTC))
    before, after = set(existing.units) if existing else set(), set(city.units)
    print(
        f"{len(after)} units: {len(after - before)} new, {len(before - after)} gone. Running programs follow."
    )
    return 0
