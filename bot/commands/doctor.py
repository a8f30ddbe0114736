"""`doctor`: looks at everything that can be wrong, and says what to do about it."""

import argparse
import asyncio
import json
from typing import TYPE_CHECKING, Any

from bot import moment
from bot.commands.opening import Refused, counted

if TYPE_CHECKING:
    from bot.doctor.rounds import Found
    from bot.settings import Settings
    from storage.database import Database


def register(commands: "argparse._SubParsersAction[Any]") -> None:
    """Add the command to the parser."""
    doctor = commands.add_parser(
        "doctor", help="look at everything that can be wrong; status 1 if something is"
    )
    doctor.add_argument("--json", action="store_true", help="a JSON list instead of lines")
    doctor.set_defaults(run=run_doctor)


def run_doctor(arguments: argparse.Namespace) -> int:
    """Print how everything stands."""
    found = asyncio.run(_go_round(arguments.settings))
    print(
        json.dumps([_as_row(each) for each in found], ensure_ascii=False) if arguments.json else _told(found)
    )
    return 1 if any(each.is_wrong for each in found) else 0


async def _go_round(settings: "Settings") -> "list[Found]":
    from bot.commands.opening import NoCity, existing
    from bot.doctor.finding import Place, wrong
    from bot.doctor.rounds import Found, go_round

    now = moment.now()
    try:
        async with existing(settings) as database:
            place = Place(settings=settings, now=now, database=database)
            return await go_round(place, has_tables=await _has_tables(database))
    except Refused as refused:
        finding = (
            wrong(
                "there is no database yet",
                'python -m bot init --province "Hà Nội", or set LANGNGHE_DATABASE_URL to where it is',
            )
            if isinstance(refused, NoCity)
            else wrong(str(refused), "see that it runs and that LANGNGHE_DATABASE_URL names it")
        )
        away = Found(name="database", finding=finding)
        others = await go_round(Place(settings=settings, now=now), has_tables=False)
        return [away, *(each for each in others if each.name != "database")]


async def _has_tables(database: "Database") -> bool:
    from sqlalchemy.exc import DatabaseError

    from storage import revision
    from storage.faults import is_away

    try:
        async with database.read() as transaction:
            return await revision.current(transaction) == revision.newest()
    except DatabaseError as error:
        if is_away(error):
            raise
        return False  # it is damaged, as the look at it will tell


def _as_row(each: "Found") -> dict[str, str]:
    return {
        "look": each.name,
        "level": each.finding.level,
        "told": each.finding.told,
        "todo": each.finding.todo,
    }


def _told(found: "list[Found]") -> str:
    lines = []
    for each in found:
        lines.append(f"{each.finding.level:<8}{each.name:<14}{each.finding.told}")
        if each.finding.todo:
            lines.append(f"{'':<22}→ {each.finding.todo}")
    wrong = sum(1 for each in found if each.finding.level == "wrong")
    look = sum(1 for each in found if each.finding.level == "look")
    total = f"{counted(wrong, 'thing')} wrong, {look} to look at." if wrong or look else "All is well."
    return "\n".join([*lines, total])
