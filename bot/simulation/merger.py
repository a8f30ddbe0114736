"""Two wards of a simulated city that become one, with their police, as `org change` plans it."""

from datetime import date, datetime, time, timedelta
from random import Random
from typing import Any

from bot.simulation.complaints import WORDS
from bot.simulation.life import Life
from bot.simulation.town import Town
from routing.deadline import LOCAL_TIME
from routing.organisation import Unit, slugify
from routing.organisation.changing import reorganise
from storage import reorganising
from storage.database import Transaction

POLICE = "cong-an-"
"""How the code of a ward's police begins; the rest is the ward's own."""


async def plan_merger(life: Life, town: Town, random: Random) -> date | None:
    """Plan that two wards are merged on a day of the later half; None where there is no time or no two."""
    day = _day(life, random)
    pair = _pair(town, random)
    if day is None or pair is None:
        return None
    document = change_document(day, *pair)
    reorganise(life.city.on(day), document, day=day)  # names what does not fit before anything is planned

    async def plan(transaction: Transaction) -> None:
        reorganising.plan_change(transaction, document, on_day=day, now=life.now)

    await life.command(plan)
    midnight = datetime.combine(day, time(), tzinfo=LOCAL_TIME)
    life.plan(midnight + timedelta(hours=1), lambda: _join(town, document))
    return day


def _day(life: Life, random: Random) -> date | None:
    """Return a day on which some days have passed and some are left."""
    days = (life.end - life.start).days
    chosen = round(days * random.uniform(0.5, 0.85))
    return (life.start + timedelta(days=chosen)).astimezone(LOCAL_TIME).date() if 0 < chosen < days else None


def _pair(town: Town, random: Random) -> tuple[Unit, Unit] | None:
    """Return two wards that have people and a police of their own, of the same form of name."""
    wards = [
        unit
        for unit in town.city.wards()
        if unit.code in town.offices and POLICE + unit.code in town.offices and "phuong-" in unit.code
    ]
    first, second = random.sample(wards, 2) if len(wards) > 1 else (None, None)
    return (first, second) if first and second else None


def change_document(day: date, first: Unit, second: Unit) -> dict[str, Any]:
    """Return the change file that merges two wards, and their police below the new one."""
    name = WORDS["merged"]["ward"].format(first=first.name, second=second.name.partition(" ")[2])
    police = WORDS["merged"]["police"].format(ward=name[:1].lower() + name[1:])
    code = slugify(name)
    pair = [first.code, second.code]
    return {
        "on": day.isoformat(),
        "changes": [
            {"merge": pair, "into": {"code": code, "name": name}},
            {
                "merge": [POLICE + each for each in pair],
                "into": {"code": POLICE + code, "name": police, "parent": code},
            },
        ],
    }


def _join(town: Town, document: dict[str, Any]) -> None:
    """Let the people of merged units work as one office."""
    for change in document["changes"]:
        town.merge_offices(change["merge"], change["into"]["code"])
